/* planner sign: add signatures to a bundle in place, or sign HEAD alone on another machine.
 *
 * A bundle is told from a HEAD by its fixed headers and by size. What HEAD says is always printed:
 * who signs sees what he signs. A slot is written last, as one 512-byte block, so that whatever
 * happens before leaves the bundle as it was. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "bundles/envelope.h"
#include "planner/packing/signing_key.h"
#include "planner/planner_commands.h"

typedef struct SignOptions {
    const char *key;
    const char *out;
    StringArray add;
} SignOptions;

static const Option options[] = {
    OPTION_STRING_ROW("key", SignOptions, key, "FILE", "secret key to sign with"),
    OPTION_STRING_ROW("out", SignOptions, out, "SLOT",
                      "where the signature over HEAD goes (only for HEAD)"),
    OPTION_LIST_ROW("add", SignOptions, add, "SLOT",
                    "signatures made elsewhere, by 'planner sign HEAD' or minisign"),
};

/* What is signed, and what came of it. */
typedef struct Signing {
    const char *path;
    bool is_bundle;
    int fd;             /* of the bundle, locked; -1 for a HEAD */
    Envelope *envelope; /* owned; of the bundle */
    uint8_t head_bytes[BUNDLE_HEAD_SIZE];
    Head head;
    Digest head_digest;
    Keyring keyring; /* the newest record the bundle carries */
    bool has_keyring;
    Signature slots[BUNDLE_SLOT_COUNT];
    size_t slot_count; /* those that were there come first */
    size_t old_count;
} Signing;

static void signing_done(Signing *signing)
{
    file_closep(&signing->fd);
    free(signing->envelope);
}

/* The newest record in the bundle's own keyring area. The vendor's eyes: whether a site accepts
 * the record is the site's question; here it tells which keys would be known there. */
static bool read_own_keyring(Signing *signing, Error *err)
{
    const uint8_t *area = signing->envelope->bytes + BUNDLE_KEYRING_OFFSET;
    size_t offset = 0;
    for (bool more = true; more;) {
        KeyringFrame frame;
        if (!keyring_area_next(area, &offset, &frame, &more, err))
            return false;
        if (!more)
            break;
        if (!keyring_parse(frame.bytes, frame.signed_size, &signing->keyring, err))
            return false;
        signing->has_keyring = true;
    }
    return true;
}

static bool read_bundle(Signing *signing, Error *err)
{
    signing->envelope = memory_new(Envelope);
    if (!file_read_at(signing->fd, signing->path, 0, signing->envelope->bytes, BUNDLE_ENVELOPE_SIZE,
                      err))
        return false;
    if (!envelope_has_headers(signing->envelope))
        return error_set(err, ERROR_INPUT, "neither a bundle nor the HEAD of one");
    EnvelopeProof *proof = memory_new(EnvelopeProof);
    bool good = envelope_read_without_trust(signing->envelope, proof, err) &&
                envelope_signatures(signing->envelope, signing->slots, &signing->slot_count, err);
    free(proof);
    signing->old_count = signing->slot_count;
    memcpy(signing->head_bytes, envelope_head(signing->envelope), BUNDLE_HEAD_SIZE);
    return good && read_own_keyring(signing, err);
}

/* Two writers would take the same slot: one waits for nothing and says so. */
static bool open_for_writing(Signing *signing, Error *err)
{
    file_closep(&signing->fd);
    signing->fd = open(signing->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (signing->fd < 0)
        return error_set(err, ERROR_IO, "cannot open '%s' for writing: %m", signing->path);
    if (flock(signing->fd, LOCK_EX | LOCK_NB) != 0)
        return error_set(err, ERROR_LOCKED, "someone else is signing '%s'", signing->path);
    return true;
}

static bool read_what_is_signed(const char *path, Signing *signing, Error *err)
{
    int64_t size;
    signing->path = path;
    if (!file_open_regular(path, &signing->fd, &size, err))
        return false;
    signing->is_bundle = size > BUNDLE_ENVELOPE_SIZE;
    if (!signing->is_bundle && size != BUNDLE_HEAD_SIZE)
        return error_set(err, ERROR_INPUT,
                         "'%s' is neither a bundle nor the HEAD of one (%d bytes)", path,
                         BUNDLE_HEAD_SIZE);
    bool good = signing->is_bundle ? open_for_writing(signing, err) && read_bundle(signing, err)
                                   : file_read_at(signing->fd, path, 0, signing->head_bytes,
                                                  BUNDLE_HEAD_SIZE, err);
    if (!good || !head_parse(signing->head_bytes, &signing->head, err))
        return error_wrap(err, "'%s'", path);
    signing->head_digest = digest_of(signing->head_bytes, BUNDLE_HEAD_SIZE);
    return true;
}

/* A key that the bundle's keyring would not count makes a bundle that every site refuses. */
static bool check_known(const Signing *signing, const uint8_t *id, Error *err)
{
    const char *why;
    char hex[SIGNATURE_KEY_ID_HEX];
    if (!signing->has_keyring ||
        keyring_release_key(&signing->keyring, id, signing->head.sequence, KEYRING_FOR_APPLY, &why))
        return true;
    if (keyring_find_release(&signing->keyring, id))
        return error_set(err, ERROR_TRUST, "key %s, %s", signature_key_id_hex(id, hex), why);
    return error_set(err, ERROR_TRUST, "key %s is no release key of the bundle's keyring",
                     signature_key_id_hex(id, hex));
}

/* Take a signature in: distinct, known, room for it. */
static bool add_slot(Signing *signing, const Signature *signature, Error *err)
{
    char id[SIGNATURE_KEY_ID_HEX];
    for (size_t i = 0; i < signing->slot_count; i++)
        if (memcmp(signing->slots[i].key_id, signature->key_id, SIGNATURE_KEY_ID_SIZE) == 0)
            return error_set(err, ERROR_INPUT, "key %s has signed already (slot %zu)",
                             signature_key_id_hex(signature->key_id, id), i + 1);
    if (signing->slot_count == BUNDLE_SLOT_COUNT)
        return error_set(err, ERROR_INPUT, "all %d slots are full", BUNDLE_SLOT_COUNT);
    if (!check_known(signing, signature->key_id, err))
        return false;
    signing->slots[signing->slot_count++] = *signature;
    return true;
}

/* A signature made elsewhere: four lines, over this HEAD, for this release. */
static bool add_file(Signing *signing, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(memory_freep)
    char *comment = signature_release_comment(signing->head.product, signing->head.sequence);
    size_t size, length;
    Signature signature;
    if (!file_read_all(path, SIGNATURE_TEXT_MAX, &bytes, &size, err))
        return false;
    if (!signature_parse((const uint8_t *)bytes, size, &signature, &length, err))
        return error_hint(err, "minisign -S -H -m HEAD -t '%s'", comment);
    if (strspn(bytes + length, "\n") != size - length)
        return error_set(err, ERROR_TRUST, "something stands behind the signature");
    if (!signature_check_comment(&signature, comment, err))
        return error_hint(err, "minisign -S -H -m HEAD -t '%s'", comment);
    const KeyringKey *key =
        signing->has_keyring ? keyring_find_release(&signing->keyring, signature.key_id) : NULL;
    if (key && !signature_verify(&signature, &key->public_key, signing->head_bytes,
                                 BUNDLE_HEAD_SIZE, comment, err))
        return false;
    return add_slot(signing, &signature, err);
}

static bool sign_with_key(Signing *signing, const char *path, Error *err)
{
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    if (!signing_key_open(path, &key, err))
        return false;
    CLEANUP(memory_freep)
    char *comment = signature_release_comment(signing->head.product, signing->head.sequence);
    Signature signature;
    signing_key_sign(key, signing->head_bytes, BUNDLE_HEAD_SIZE, comment, &signature);
    return add_slot(signing, &signature, err);
}

static bool write_slots(Signing *signing, Error *err)
{
    for (size_t i = signing->old_count; i < signing->slot_count; i++) {
        envelope_put_slot(signing->envelope, i, &signing->slots[i]);
        int64_t offset = BUNDLE_SIGNATURES_OFFSET + (int64_t)i * BUNDLE_SLOT_SIZE;
        if (!file_write_at(signing->fd, signing->path, offset, signing->envelope->bytes + offset,
                           BUNDLE_SLOT_SIZE, err))
            return false;
    }
    if (fsync(signing->fd) != 0)
        return error_set(err, ERROR_IO, "cannot write '%s' to disk: %m", signing->path);
    return true;
}

static bool write_signature_file(const Signing *signing, const char *out, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    signature_format(&signing->slots[0], &text);
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    return file_draft_open(out, 0644, &draft, err) &&
           file_write(draft.fd, out, text.bytes, text.length, err) &&
           file_draft_commit_new(&draft, err);
}

static bool check_options(const SignOptions *given, Error *err)
{
    if (!given->key && !given->add.count) {
        error_set(err, ERROR_USAGE, "'sign' wants --key FILE or --add SLOT");
        return error_hint(err, "'planner keys new FILE' makes a key");
    }
    if (given->key && given->add.count)
        return error_set(err, ERROR_USAGE, "--key and --add exclude each other");
    return true;
}

/* Options that only fit a bundle or only fit a HEAD. */
static bool check_fits(const SignOptions *given, const Signing *signing, Error *err)
{
    if (signing->is_bundle && given->out)
        return error_set(err, ERROR_USAGE, "'%s' is a bundle and is signed in place, without --out",
                         signing->path);
    if (!signing->is_bundle && given->add.count)
        return error_set(err, ERROR_USAGE, "'%s' is a HEAD: signatures are added to the bundle",
                         signing->path);
    if (!signing->is_bundle && !given->out)
        return error_set(err, ERROR_USAGE, "'%s' is a HEAD: its signature wants --out SLOT",
                         signing->path);
    return true;
}

static void render_json(const Signing *signing, const SignOptions *given, Text *out)
{
    const Head *head = &signing->head;
    char digest[DIGEST_HEX_SIZE], id[SIGNATURE_KEY_ID_HEX];
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, signing->is_bundle ? "bundle" : "head", signing->path);
    json_string(&json, "product", head->product);
    json_string(&json, "product_uuid", head->product_uuid);
    json_int(&json, "sequence", head->sequence);
    json_string(&json, "from", strcmp(head->covers_from, "-") == 0 ? NULL : head->covers_from);
    json_string(&json, "to", head->covers_to);
    json_string(&json, "sites", head->sites);
    json_string(&json, "environment", head->environment);
    json_string(&json, "channel", head->channel);
    json_string(&json, "head_digest", digest_hex(&signing->head_digest, digest));
    if (given->out)
        json_string(&json, "signature_file", given->out);
    json_array(&json, "signers");
    for (size_t i = 0; i < signing->slot_count; i++) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "key_id", signature_key_id_hex(signing->slots[i].key_id, id));
        json_bool(&json, "new", i >= signing->old_count);
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static void render(const Signing *signing, const SignOptions *given, Text *out)
{
    const Head *head = &signing->head;
    char digest[DIGEST_HEX_SIZE], id[SIGNATURE_KEY_ID_HEX];
    bool from_nothing = strcmp(head->covers_from, "-") == 0;
    text_addf(out, "product:      %s (%s)\n", head->product, head->product_uuid);
    text_addf(out, "sequence:     %" PRId64 "\n", head->sequence);
    text_addf(out, "versions:     %s to %s\n", from_nothing ? "from nothing" : head->covers_from,
              head->covers_to);
    text_addf(out, "migrations:   %" PRId64 ", %" PRId64 " irreversible, %" PRId64 " unproven\n",
              head->migrations, head->irreversible, head->unproven);
    text_addf(out, "for:          sites %s, environment %s, channel %s\n", head->sites,
              head->environment, head->channel);
    text_addf(out, "HEAD digest:  %s\n", digest_hex(&signing->head_digest, digest));
    for (size_t i = signing->old_count; i < signing->slot_count; i++) {
        text_addf(out, "signed by:    %s", signature_key_id_hex(signing->slots[i].key_id, id));
        if (signing->is_bundle)
            text_addf(out, " (slot %zu)\n", i + 1);
        else
            text_addf(out, " (%s)\n", given->out);
    }
}

static bool add_signatures(const SignOptions *given, Signing *signing, Error *err)
{
    if (given->key)
        return sign_with_key(signing, given->key, err);
    array_each (const char *const, path, &given->add)
        if (!add_file(signing, *path, err))
            return error_wrap(err, "'%s'", *path);
    return true;
}

static bool run(CommandContext *context, Error *err)
{
    const SignOptions *given = context->options;
    CLEANUP(signing_done) Signing signing = {.fd = -1};
    if (!check_options(given, err) ||
        !read_what_is_signed(context->arguments.items[0], &signing, err) ||
        !check_fits(given, &signing, err) || !add_signatures(given, &signing, err))
        return false;
    bool written = signing.is_bundle ? write_slots(&signing, err)
                                     : write_signature_file(&signing, given->out, err);
    if (!written)
        return false;
    if (context->json)
        render_json(&signing, given, context->out);
    else
        render(&signing, given, context->out);
    return true;
}

const Command command_sign = {
    .name = "sign",
    .synopsis = "BUNDLE --key FILE | HEAD --key FILE --out SLOT | BUNDLE --add SLOT…",
    .summary = "add signatures to a bundle, or sign its HEAD on another machine",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(SignOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
