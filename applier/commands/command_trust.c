/* applier trust: say whom this site trusts, for the first time; show whom it trusts. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/site/trust_store.h"
#include "base/json_writer.h"
#include "base/memory.h"

#define RECORD0_WARNING                                                                            \
    "until a bundle brings a keyring, a stolen release key is a stolen root: whoever has "         \
    "it can also name the keys that come after it"

typedef struct InitOptions {
    StringArray key;
    int64_t threshold;
    const char *product;
} InitOptions;

static const Option init_options[] = {
    OPTION_LIST_ROW("key", InitOptions, key, "FILE.pub", "public keys of the vendor"),
    OPTION_NUMBER_ROW("threshold", InitOptions, threshold, "N",
                      "how many of them must sign a bundle (wanted with several keys)"),
    OPTION_STRING_ROW("product", InitOptions, product, "UUID",
                      "trust them for this product only (default: for any)"),
};

static void render_key_json(JsonWriter *json, const KeyringKey *key, bool is_release)
{
    char id[SIGNATURE_KEY_ID_HEX], text[SIGNATURE_PUBLIC_KEY_TEXT];
    public_key_format(&key->public_key, text);
    json_object(json, /* name= */ NULL);
    json_string(json, "name", key->name);
    json_string(json, "key_id", signature_key_id_hex(key->public_key.id, id));
    json_string(json, "public_key", text);
    if (is_release) {
        json_string(json, "status", key_status_name(key->status));
        json_int(json, "first_sequence", key->first_sequence);
        if (key->last_sequence == KEYRING_OPEN_END)
            json_null(json, "last_sequence");
        else
            json_int(json, "last_sequence", key->last_sequence);
    }
    json_close(json);
}

static void render_keyring_json(JsonWriter *json, const char *folder, const Keyring *keyring)
{
    char fingerprint[KEYRING_FINGERPRINT_TEXT];
    bool any = strcmp(folder, TRUST_ANY) == 0;
    json_object(json, /* name= */ NULL);
    json_string(json, "product_uuid", any ? NULL : folder);
    json_int(json, "version", keyring->version);
    json_int(json, "epoch", keyring->epoch);
    json_string(json, "created", keyring->created);
    json_string(json, "fingerprint", keyring_fingerprint_text(keyring, fingerprint));
    json_int(json, "root_threshold", keyring->root_threshold);
    json_int(json, "release_threshold", keyring->release_threshold);
    json_array(json, "roots");
    for (size_t i = 0; i < keyring->root_count; i++)
        render_key_json(json, &keyring->roots[i], /* is_release= */ false);
    json_close(json);
    json_array(json, "releases");
    for (size_t i = 0; i < keyring->release_count; i++)
        render_key_json(json, &keyring->releases[i], /* is_release= */ true);
    json_close(json);
    if (keyring->version == 0)
        json_string(json, "warning", RECORD0_WARNING);
    json_close(json);
}

static void render_release(const KeyringKey *key, Text *out)
{
    char id[SIGNATURE_KEY_ID_HEX];
    text_addf(out, "    %s  %s", signature_key_id_hex(key->public_key.id, id), key->name);
    if (key->status != KEY_ACTIVE)
        text_addf(out, "  %s", key_status_name(key->status));
    if (key->last_sequence != KEYRING_OPEN_END)
        text_addf(out, "  sequences %" PRId64 " to %" PRId64, key->first_sequence,
                  key->last_sequence);
    else if (key->first_sequence > 0)
        text_addf(out, "  sequences from %" PRId64, key->first_sequence);
    text_add_char(out, '\n');
}

static void render_keyring(const char *folder, const Keyring *keyring, Text *out)
{
    char fingerprint[KEYRING_FINGERPRINT_TEXT], id[SIGNATURE_KEY_ID_HEX];
    if (strcmp(folder, TRUST_ANY) == 0)
        text_add(out, "trusted for any product that has no keyring of its own:\n");
    else
        text_addf(out, "trusted for product %s:\n", folder);
    text_addf(out, "  keyring version %" PRId64 ", epoch %" PRId64 ", of %s\n", keyring->version,
              keyring->epoch, keyring->created);
    text_addf(out, "  fingerprint: %s\n", keyring_fingerprint_text(keyring, fingerprint));
    text_addf(out, "  release keys (%" PRId64 " must sign a bundle):\n",
              keyring->release_threshold);
    for (size_t i = 0; i < keyring->release_count; i++)
        render_release(&keyring->releases[i], out);
    text_addf(out, "  root keys (%" PRId64 " must sign a keyring):\n", keyring->root_threshold);
    for (size_t i = 0; i < keyring->root_count; i++)
        text_addf(out, "    %s  %s\n", signature_key_id_hex(keyring->roots[i].public_key.id, id),
                  keyring->roots[i].name);
    if (keyring->version == 0)
        text_add(out, "  note: " RECORD0_WARNING "\n");
}

/* --- trust init ------------------------------------------------------------------------------- */

static bool check_init(const InitOptions *given, Error *err)
{
    if (given->key.count == 0)
        return error_set(err, ERROR_USAGE, "'trust init' wants --key FILE.pub");
    if (given->key.count > KEYRING_ROOTS_MAX)
        return error_set(err, ERROR_USAGE, "%zu keys; at most %d are allowed", given->key.count,
                         KEYRING_ROOTS_MAX);
    if (given->key.count > 1 && given->threshold < 0)
        return error_set(err, ERROR_USAGE,
                         "with several keys, '--threshold N' says how many must sign");
    if (given->threshold == 0 || given->threshold > (int64_t)given->key.count)
        return error_set(err, ERROR_USAGE, "'--threshold' is %" PRId64 ", with %zu key%s",
                         given->threshold, given->key.count, given->key.count == 1 ? "" : "s");
    if (given->product && !uuid_is_valid(given->product))
        return error_set(err, ERROR_USAGE, "'--product' takes a UUID in lower case, not '%s'",
                         given->product);
    return true;
}

static bool build_record0(const InitOptions *given, Keyring *ret_keyring, Error *err)
{
    PublicKey keys[KEYRING_ROOTS_MAX];
    KeyringKey read[KEYRING_ROOTS_MAX];
    const char *names[KEYRING_ROOTS_MAX];
    char created[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < given->key.count; i++) {
        if (!keyring_key_read(given->key.items[i], &read[i], err))
            return false;
        keys[i] = read[i].public_key;
        names[i] = read[i].name;
    }
    clock_format(clock_now(), created);
    return keyring_record0(keys, names, given->key.count,
                           given->threshold < 0 ? 1 : given->threshold,
                           given->product ? given->product : "-", created, ret_keyring, err);
}

static bool run_init(CommandContext *context, Error *err)
{
    const InitOptions *given = context->options;
    CLEANUP(site_config_done) SiteConfig config = {0};
    Keyring keyring;
    if (!check_init(given, err) || !site_config_read(&config, err) ||
        !build_record0(given, &keyring, err) || !trust_store_create(&config, &keyring, err))
        return false;
    const char *folder = given->product ? given->product : TRUST_ANY;
    if (!context->json) {
        render_keyring(folder, &keyring, context->out);
        text_add(context->out, "compare the key ids with what the vendor says by another way\n");
        return true;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    render_keyring_json(&json, folder, &keyring);
    json_end(&json);
    return true;
}

static void init_defaults(void *options)
{
    ((InitOptions *)options)->threshold = -1; /* not given */
}

/* --- trust show ------------------------------------------------------------------------------- */

static bool run_show(CommandContext *context, Error *err)
{
    CLEANUP(site_config_done) SiteConfig config = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    if (!site_config_read(&config, err) || !trust_store_load(&config, &store, err))
        return false;
    if (!context->json) {
        for (size_t i = 0; i < store.count; i++)
            render_keyring(store.folders[i], &store.keyrings[i], context->out);
        return true;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_array(&json, "keyrings");
    for (size_t i = 0; i < store.count; i++)
        render_keyring_json(&json, store.folders[i], &store.keyrings[i]);
    json_close(&json);
    json_close(&json);
    json_end(&json);
    return true;
}

const Command command_trust_init = {
    .name = "trust init",
    .synopsis = "--key FILE.pub… [--threshold N] [--product UUID]",
    .summary = "say for the first time whose bundles this site takes",
    .options = init_options,
    .option_count = ARRAY_LEN(init_options),
    .options_size = sizeof(InitOptions),
    .defaults = init_defaults,
    .run = run_init,
};

const Command command_trust_show = {
    .name = "trust show",
    .synopsis = "",
    .summary = "show whose bundles this site takes",
    .run = run_show,
};
