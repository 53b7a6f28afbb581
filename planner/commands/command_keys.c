/* planner keys: make a key pair, show a public key, build a product's keyring. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "migrations/project.h"
#include "planner/packing/keyring_record.h"
#include "planner/packing/signing_key.h"
#include "planner/planner_commands.h"

/* --- keys new, keys show ---------------------------------------------------------------------- */

static void render_public_key(const PublicKey *key, const char *secret_file,
                              const char *public_file, const CommandContext *context)
{
    char id[SIGNATURE_KEY_ID_HEX], text[SIGNATURE_PUBLIC_KEY_TEXT];
    signature_key_id_hex(key->id, id);
    public_key_format(key, text);
    if (context->json) {
        JsonWriter json;
        json_begin(&json, context->out);
        json_object(&json, /* name= */ NULL);
        if (secret_file)
            json_string(&json, "secret_key_file", secret_file);
        json_string(&json, "public_key_file", public_file);
        json_string(&json, "key_id", id);
        json_string(&json, "public_key", text);
        json_close(&json);
        json_end(&json);
        return;
    }
    if (secret_file)
        text_addf(context->out, "secret key:  %s (keep it: whoever has it signs for you)\n",
                  secret_file);
    text_addf(context->out, "public key:  %s\nkey id:      %s\nkey:         %s\n", public_file, id,
              text);
}

static bool run_new(CommandContext *context, Error *err)
{
    const char *path = context->arguments.items[0];
    PublicKey key;
    if (!signing_key_create(path, &key, err))
        return false;
    CLEANUP(memory_freep) char *public_path = memory_format("%s.pub", path);
    render_public_key(&key, path, public_path, context);
    return true;
}

static bool run_show(CommandContext *context, Error *err)
{
    const char *path = context->arguments.items[0];
    PublicKey key;
    if (!public_key_read(path, &key, err))
        return false;
    render_public_key(&key, /* secret_file= */ NULL, path, context);
    return true;
}

/* --- keys keyring ----------------------------------------------------------------------------- */

typedef struct KeyringOptions {
    StringArray root;
    StringArray release;
    StringArray sign;
    int64_t root_threshold;
    int64_t release_threshold;
    const char *out;
    const char *product;
    const char *project;
} KeyringOptions;

static const Option keyring_options[] = {
    OPTION_LIST_ROW("root", KeyringOptions, root, "FILE.pub", "keys that may sign keyrings"),
    OPTION_NUMBER_ROW("root-threshold", KeyringOptions, root_threshold, "N",
                      "how many of them must sign a keyring"),
    OPTION_LIST_ROW("release", KeyringOptions, release, "FILE.pub", "keys that may sign bundles"),
    OPTION_NUMBER_ROW("release-threshold", KeyringOptions, release_threshold, "N",
                      "how many of them must sign a bundle"),
    OPTION_LIST_ROW("sign", KeyringOptions, sign, "FILE",
                    "secret keys to sign with: the keys that sites trust now (their trust init) "
                    "and root keys of this record"),
    OPTION_STRING_ROW("out", KeyringOptions, out, "FILE", "the keyring file to write"),
    OPTION_STRING_ROW("product", KeyringOptions, product, "UUID", "the product it is for"),
    OPTION_STRING_ROW("project", KeyringOptions, project, "DIR",
                      "take the product from this project (default: .)"),
};

static bool check_keyring_options(const KeyringOptions *given, Error *err)
{
    if (!given->out)
        return error_set(err, ERROR_USAGE, "'keys keyring' wants --out FILE");
    if (given->product && given->project)
        return error_set(err, ERROR_USAGE, "--product and --project exclude each other");
    if (!given->root_threshold || !given->release_threshold)
        return error_set(
            err, ERROR_USAGE,
            "'keys keyring' wants --root-threshold N and --release-threshold N, from 1");
    return true;
}

/* The product's UUID, from the command line or the project. */
static bool find_product(const KeyringOptions *given, Keyring *keyring, Error *err)
{
    if (given->product) {
        if (!uuid_is_valid(given->product))
            return error_set(err, ERROR_USAGE, "'--product' takes a UUID in lower case, not '%s'",
                             given->product);
        memcpy(keyring->product_uuid, given->product, UUID_TEXT_SIZE);
        return true;
    }
    ProjectConfig config = {0};
    if (!project_config_read(given->project ? given->project : ".", &config, err)) {
        if (!given->project)
            return error_hint(err, "name the product: --product UUID, or --project DIR");
        return false;
    }
    snprintf(keyring->product_uuid, sizeof(keyring->product_uuid), "%s", config.product_uuid);
    project_config_done(&config);
    return true;
}

/* Record 1: it follows each site's own record 0, so it names no previous. */
static bool build_record(const KeyringOptions *given, Keyring *keyring, Error *err)
{
    int64_t created;
    *keyring = (Keyring){.version = 1,
                         .root_threshold = given->root_threshold,
                         .release_threshold = given->release_threshold};
    if (!clock_source_date_epoch(clock_now(), &created, err))
        return false;
    clock_format(created, keyring->created);
    return find_product(given, keyring, err) &&
           keyring_record_keys("root", &given->root, KEYRING_ROOTS_MAX, keyring->roots,
                               &keyring->root_count, err) &&
           keyring_record_keys("release", &given->release, KEYRING_RELEASES_MAX, keyring->releases,
                               &keyring->release_count, err);
}

static bool write_record(const char *path, const Text *text, Error *err)
{
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    return file_draft_open(path, 0644, &draft, err) &&
           file_write(draft.fd, path, text->bytes, text->length, err) &&
           file_draft_commit_new(&draft, err);
}

static void render_keys_json(JsonWriter *json, const char *role, const KeyringKey *keys,
                             size_t count)
{
    char id[SIGNATURE_KEY_ID_HEX];
    json_array(json, role);
    for (size_t i = 0; i < count; i++) {
        json_object(json, /* name= */ NULL);
        json_string(json, "name", keys[i].name);
        json_string(json, "key_id", signature_key_id_hex(keys[i].public_key.id, id));
        json_close(json);
    }
    json_close(json);
}

static void render_record_json(const char *path, const Keyring *keyring,
                               const KeyringSigner *signers, size_t signer_count, Text *out)
{
    char fingerprint[KEYRING_FINGERPRINT_TEXT], id[SIGNATURE_KEY_ID_HEX];
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "file", path);
    json_int(&json, "version", keyring->version);
    json_int(&json, "epoch", keyring->epoch);
    json_string(&json, "product_uuid", keyring->product_uuid);
    json_string(&json, "fingerprint", keyring_fingerprint_text(keyring, fingerprint));
    json_int(&json, "root_threshold", keyring->root_threshold);
    json_int(&json, "release_threshold", keyring->release_threshold);
    render_keys_json(&json, "roots", keyring->roots, keyring->root_count);
    render_keys_json(&json, "releases", keyring->releases, keyring->release_count);
    json_array(&json, "signers");
    for (size_t i = 0; i < signer_count; i++) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "key_id", signature_key_id_hex(signers[i].public_key.id, id));
        json_bool(&json, "root", signers[i].is_root);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static void render_record(const char *path, const Keyring *keyring, const KeyringSigner *signers,
                          size_t signer_count, Text *out)
{
    char fingerprint[KEYRING_FINGERPRINT_TEXT], id[SIGNATURE_KEY_ID_HEX];
    text_addf(out, "%s: keyring version %" PRId64 " of product %s\n", path, keyring->version,
              keyring->product_uuid);
    text_addf(out, "fingerprint: %s\n", keyring_fingerprint_text(keyring, fingerprint));
    text_addf(out, "root keys (%" PRId64 " sign a keyring):\n", keyring->root_threshold);
    for (size_t i = 0; i < keyring->root_count; i++)
        text_addf(out, "  %s  %s\n", signature_key_id_hex(keyring->roots[i].public_key.id, id),
                  keyring->roots[i].name);
    text_addf(out, "release keys (%" PRId64 " sign a bundle):\n", keyring->release_threshold);
    for (size_t i = 0; i < keyring->release_count; i++)
        text_addf(out, "  %s  %s\n", signature_key_id_hex(keyring->releases[i].public_key.id, id),
                  keyring->releases[i].name);
    text_add(out, "signed by:\n");
    for (size_t i = 0; i < signer_count; i++)
        text_addf(out, "  %s  %s\n", signature_key_id_hex(signers[i].public_key.id, id),
                  signers[i].is_root ? "root" : "for sites that trust this key now");
}

static bool run_keyring(CommandContext *context, Error *err)
{
    const KeyringOptions *given = context->options;
    Keyring keyring;
    KeyringSigner signers[KEYRING_SIGNATURES_MAX];
    CLEANUP(text_done) Text record = {0};
    if (!check_keyring_options(given, err) || !build_record(given, &keyring, err) ||
        !keyring_record_sign(&keyring, &given->sign, &record, signers, err) ||
        !write_record(given->out, &record, err))
        return false;
    if (context->json)
        render_record_json(given->out, &keyring, signers, given->sign.count, context->out);
    else
        render_record(given->out, &keyring, signers, given->sign.count, context->out);
    return true;
}

const Command command_keys_new = {
    .name = "keys new",
    .synopsis = "FILE",
    .summary = "make a key pair: the secret in FILE, the public key in FILE.pub",
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_new,
};

const Command command_keys_show = {
    .name = "keys show",
    .synopsis = "FILE.pub",
    .summary = "print a public key and its id",
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

const Command command_keys_keyring = {
    .name = "keys keyring",
    .synopsis = "--root FILE.pub… --root-threshold N --release FILE.pub… --release-threshold N "
                "--sign FILE… --out FILE [--product UUID | --project DIR]",
    .summary = "build and sign the keyring that bundles carry to sites",
    .options = keyring_options,
    .option_count = ARRAY_LEN(keyring_options),
    .options_size = sizeof(KeyringOptions),
    .run = run_keyring,
};
