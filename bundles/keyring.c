/* Keyring records as values and text: format, parse, ask. Which record may follow which is
 * keyring_chain.c's. */
#include "bundles/keyring.h"

#include <inttypes.h>
#include <sodium/crypto_generichash_blake2b.h>

#include "base/file.h"
#include "base/memory.h"

#define FORMAT_NUMBER 1

static const struct {
    KeyStatus status;
    const char *name;
} status_names[] = {
    {KEY_ACTIVE, "active"},
    {KEY_RETIRED, "retired"},
    {KEY_REVOKED, "revoked"},
};

const char *key_status_name(KeyStatus status)
{
    for (size_t i = 0; i < ARRAY_LEN(status_names); i++)
        if (status_names[i].status == status)
            return status_names[i].name;
    return "unknown";
}

static bool parse_status(const char *name, KeyStatus *ret_status)
{
    for (size_t i = 0; i < ARRAY_LEN(status_names); i++)
        if (strcmp(status_names[i].name, name) == 0) {
            *ret_status = status_names[i].status;
            return true;
        }
    return false;
}

bool keyring_key_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= KEYRING_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-") ==
               length;
}

bool keyring_key_read(const char *path, KeyringKey *ret_key, Error *err)
{
    KeyringKey key = {.last_sequence = KEYRING_OPEN_END};
    if (!public_key_read(path, &key.public_key, err))
        return false;
    const char *base = file_base_name(path);
    size_t length = strlen(base) - (text_has_suffix(base, ".pub") ? strlen(".pub") : 0);
    CLEANUP(memory_freep) char *name = memory_string_n(base, length);
    if (!keyring_key_name_is_valid(name)) {
        error_set(err, ERROR_INPUT, "'%s' cannot be the name of a key", name);
        return error_hint(err,
                          "a key is named after its file: letters, digits and . _ @ + -, at "
                          "most %d",
                          KEYRING_NAME_MAX);
    }
    memcpy(key.name, name, length + 1);
    *ret_key = key;
    return true;
}

const char *keyring_fingerprint_text(const Keyring *keyring,
                                     char ret_text[static KEYRING_FINGERPRINT_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *at = ret_text;
    for (size_t i = 0; i < KEYRING_FINGERPRINT; i++) {
        if (i && i % 2 == 0)
            *at++ = ' ';
        *at++ = digits[keyring->fingerprint[i] >> 4];
        *at++ = digits[keyring->fingerprint[i] & 15];
    }
    *at = '\0';
    return ret_text;
}

static void set_digests(Keyring *keyring, const void *bytes, size_t size)
{
    keyring->digest = digest_of(bytes, size);
    crypto_generichash_blake2b(keyring->fingerprint, KEYRING_FINGERPRINT, bytes, size,
                               /* key= */ NULL, 0);
}

/* Keys of one role: sorted by id, ids and keys distinct, names valid. */
static bool check_keys(const KeyringKey *keys, size_t count, const char *role, Error *err)
{
    char id[SIGNATURE_KEY_ID_HEX];
    for (size_t i = 0; i < count; i++) {
        const KeyringKey *key = &keys[i];
        signature_key_id_hex(key->public_key.id, id);
        if (!keyring_key_name_is_valid(key->name))
            return error_set(err, ERROR_INPUT,
                             "keyring: the name of %s key %s is not of %d "
                             "letters, digits, '.', '_', '@', '+' or '-'",
                             role, id, KEYRING_NAME_MAX);
        if (key->first_sequence < 0 || key->last_sequence < key->first_sequence)
            return error_set(err, ERROR_INPUT, "keyring: the range of %s key %s is empty", role,
                             id);
        int order =
            i ? memcmp(keys[i - 1].public_key.id, key->public_key.id, SIGNATURE_KEY_ID_SIZE) : -1;
        if (order == 0)
            return error_set(err, ERROR_INPUT, "keyring: two %s keys have the id %s", role, id);
        if (order > 0)
            return error_set(err, ERROR_INPUT, "keyring: %s keys are not sorted by id", role);
        for (size_t j = 0; j < i; j++)
            if (memcmp(keys[j].public_key.key, key->public_key.key, SIGNATURE_PUBLIC_KEY_SIZE) == 0)
                return error_set(err, ERROR_INPUT, "keyring: %s key %s stands there under two ids",
                                 role, id);
    }
    return true;
}

/* A key in both roles is the same key under the same id. */
static bool check_roles_agree(const Keyring *keyring, Error *err)
{
    for (size_t i = 0; i < keyring->root_count; i++)
        for (size_t j = 0; j < keyring->release_count; j++) {
            const PublicKey *root = &keyring->roots[i].public_key;
            const PublicKey *release = &keyring->releases[j].public_key;
            bool same_id = memcmp(root->id, release->id, SIGNATURE_KEY_ID_SIZE) == 0;
            bool same_key = memcmp(root->key, release->key, SIGNATURE_PUBLIC_KEY_SIZE) == 0;
            if (same_id != same_key)
                return error_set(err, ERROR_INPUT,
                                 "keyring: a root and a release key share only id or only key");
        }
    return true;
}

static bool check_threshold(int64_t threshold, size_t count, const char *role, Error *err)
{
    if (threshold < 1 || threshold > (int64_t)count)
        return error_set(err, ERROR_INPUT,
                         "keyring: the %s threshold is %" PRId64 ", with %zu %s key%s", role,
                         threshold, count, role, count == 1 ? "" : "s");
    return true;
}

/* What must hold of any record, whether it comes from text or goes there. */
static bool check_keyring(const Keyring *keyring, Error *err)
{
    int64_t seconds;
    if (keyring->version < 0 || keyring->version > BUNDLE_NUMBER_MAX || keyring->epoch < 0 ||
        keyring->epoch > BUNDLE_NUMBER_MAX)
        return error_set(err, ERROR_INPUT, "keyring: version or epoch is out of range");
    bool any_product = strcmp(keyring->product_uuid, "-") == 0;
    if (any_product ? keyring->version != 0 : !uuid_is_valid(keyring->product_uuid))
        return error_set(err, ERROR_INPUT, "keyring: '%s' is not the UUID of a product",
                         keyring->product_uuid);
    if (!clock_parse(keyring->created, &seconds))
        return error_set(err, ERROR_INPUT, "keyring: '%s' is not a time", keyring->created);
    /* record 1 follows a record 0 that is local to each site, so it can name none */
    if (keyring->has_previous != (keyring->version > 1))
        return error_set(err, ERROR_INPUT,
                         "keyring: records from version 2 on, and only those, "
                         "name the record before them");
    if (keyring->root_count == 0 || keyring->root_count > KEYRING_ROOTS_MAX)
        return error_set(err, ERROR_INPUT, "keyring: %zu root keys; 1 to %d are allowed",
                         keyring->root_count, KEYRING_ROOTS_MAX);
    if (keyring->release_count == 0 || keyring->release_count > KEYRING_RELEASES_MAX)
        return error_set(err, ERROR_INPUT, "keyring: %zu release keys; 1 to %d are allowed",
                         keyring->release_count, KEYRING_RELEASES_MAX);
    return check_keys(keyring->roots, keyring->root_count, "root", err) &&
           check_keys(keyring->releases, keyring->release_count, "release", err) &&
           check_roles_agree(keyring, err) &&
           check_threshold(keyring->root_threshold, keyring->root_count, "root", err) &&
           check_threshold(keyring->release_threshold, keyring->release_count, "release", err);
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(((const KeyringKey *)a)->public_key.id, ((const KeyringKey *)b)->public_key.id,
                  SIGNATURE_KEY_ID_SIZE);
}

static void write_keys(const Keyring *keyring, Text *text)
{
    char key[SIGNATURE_PUBLIC_KEY_TEXT];
    for (size_t i = 0; i < keyring->root_count; i++) {
        public_key_format(&keyring->roots[i].public_key, key);
        text_addf(text, "root: %s %s\n", key, keyring->roots[i].name);
    }
    for (size_t i = 0; i < keyring->release_count; i++) {
        const KeyringKey *release = &keyring->releases[i];
        public_key_format(&release->public_key, key);
        text_addf(text, "release: %s %" PRId64 " ", key, release->first_sequence);
        if (release->last_sequence == KEYRING_OPEN_END)
            text_add(text, "-");
        else
            text_addf(text, "%" PRId64, release->last_sequence);
        text_addf(text, " %s %s\n", key_status_name(release->status), release->name);
    }
}

bool keyring_format(Keyring *keyring, size_t signature_count, Text *text, Error *err)
{
    qsort(keyring->roots, keyring->root_count, sizeof(KeyringKey), compare_keys);
    qsort(keyring->releases, keyring->release_count, sizeof(KeyringKey), compare_keys);
    if (!check_keyring(keyring, err))
        return false;
    if (signature_count > KEYRING_SIGNATURES_MAX)
        return error_set(err, ERROR_INPUT, "keyring: %zu signatures; at most %d are allowed",
                         signature_count, KEYRING_SIGNATURES_MAX);
    char previous[DIGEST_HEX_SIZE];
    size_t start = text->length;
    text_addf(text, "sealift-keyring %d\nversion: %" PRId64 "\nepoch: %" PRId64 "\n", FORMAT_NUMBER,
              keyring->version, keyring->epoch);
    text_addf(text, "product-uuid: %s\ncreated: %s\nprevious: %s\n", keyring->product_uuid,
              keyring->created,
              keyring->has_previous ? digest_hex(&keyring->previous, previous) : "-");
    text_addf(text, "root-threshold: %" PRId64 "\nrelease-threshold: %" PRId64 "\n",
              keyring->root_threshold, keyring->release_threshold);
    write_keys(keyring, text);
    text_addf(text, "end: %zu\n", signature_count);
    set_digests(keyring, text->bytes + start, text->length - start);
    return true;
}

/* The record's text while it is parsed: `at` is the next line, NUL-terminated at the end. */
typedef struct KeyringText {
    char *at;
    Error *err;
} KeyringText;

/* The value of the next line, whose key must be `key`; NULL with the error set otherwise. */
static char *take_value(KeyringText *text, const char *key)
{
    char *line = text->at, *newline = strchr(line, '\n');
    size_t length = strlen(key);
    if (!newline || strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) {
        error_set(text->err, ERROR_INPUT, "keyring: '%s:' is expected where '%.*s' stands", key,
                  (int)strcspn(line, "\n"), line);
        return NULL;
    }
    *newline = '\0';
    text->at = newline + 1;
    return line + length + 2;
}

static bool take_number(KeyringText *text, const char *key, int64_t *ret_number)
{
    const char *value = take_value(text, key);
    uint64_t number;
    if (!value)
        return false;
    if (!text_parse_uint(value, strlen(value), BUNDLE_NUMBER_MAX, &number))
        return error_set(text->err, ERROR_INPUT, "keyring: '%s' cannot be its %s", value, key);
    *ret_number = (int64_t)number;
    return true;
}

static bool take_text(KeyringText *text, const char *key, char *field, size_t size)
{
    const char *value = take_value(text, key);
    if (!value)
        return false;
    if (strlen(value) >= size)
        return error_set(text->err, ERROR_INPUT, "keyring: '%.80s' cannot be its %s", value, key);
    memcpy(field, value, strlen(value) + 1);
    return true;
}

static bool take_previous(KeyringText *text, Keyring *keyring)
{
    const char *value = take_value(text, "previous");
    if (!value)
        return false;
    keyring->has_previous = strcmp(value, "-") != 0;
    if (keyring->has_previous && !digest_parse_hex(value, strlen(value), &keyring->previous))
        return error_set(text->err, ERROR_INPUT, "keyring: '%.140s' cannot be its previous", value);
    return true;
}

/* Cut the next word off *rest at a single space; NULL where there is none. */
static char *take_word(char **rest)
{
    char *word = *rest;
    if (!word)
        return NULL;
    *rest = strchr(word, ' ');
    if (*rest)
        *(*rest)++ = '\0';
    return word;
}

static bool parse_sequence(const char *word, int64_t *ret_sequence)
{
    uint64_t number;
    if (!word || !text_parse_uint(word, strlen(word), BUNDLE_NUMBER_MAX, &number))
        return false;
    *ret_sequence = (int64_t)number;
    return true;
}

/* Range and status of a release key. */
static bool parse_release_words(char **rest, KeyringKey *key)
{
    if (!parse_sequence(take_word(rest), &key->first_sequence))
        return false;
    const char *last = take_word(rest);
    if (last && strcmp(last, "-") == 0)
        key->last_sequence = KEYRING_OPEN_END;
    else if (!parse_sequence(last, &key->last_sequence))
        return false;
    const char *status = take_word(rest);
    return status && parse_status(status, &key->status);
}

/* One `root:` or `release:` line. */
static bool take_key(KeyringText *text, const char *role, bool is_release, KeyringKey *key)
{
    char *rest = take_value(text, role);
    if (!rest)
        return false;
    const char *public_key = take_word(&rest);
    if (!public_key_parse(public_key, strlen(public_key), &key->public_key, text->err))
        return error_wrap(text->err, "keyring: a %s line", role);
    key->last_sequence = KEYRING_OPEN_END;
    bool good = !is_release || parse_release_words(&rest, key);
    if (!good || !rest || strlen(rest) > KEYRING_NAME_MAX) {
        char id[SIGNATURE_KEY_ID_HEX];
        return error_set(text->err, ERROR_INPUT, "keyring: the line of %s key %s is malformed",
                         role, signature_key_id_hex(key->public_key.id, id));
    }
    memcpy(key->name, rest, strlen(rest) + 1);
    return true;
}

static bool take_keys(KeyringText *text, const char *role, bool is_release, KeyringKey *keys,
                      size_t most, size_t *ret_count)
{
    size_t count = 0;
    while (text_has_prefix(text->at, role)) {
        if (count == most)
            return error_set(text->err, ERROR_INPUT, "keyring: more than %zu %s keys", most, role);
        if (!take_key(text, role, is_release, &keys[count]))
            return false;
        count++;
    }
    *ret_count = count;
    return true;
}

static bool parse_lines(KeyringText *text, Keyring *keyring)
{
    int64_t signature_count;
    if (!take_number(text, "version", &keyring->version) ||
        !take_number(text, "epoch", &keyring->epoch) ||
        !take_text(text, "product-uuid", keyring->product_uuid, sizeof(keyring->product_uuid)) ||
        !take_text(text, "created", keyring->created, sizeof(keyring->created)) ||
        !take_previous(text, keyring) ||
        !take_number(text, "root-threshold", &keyring->root_threshold) ||
        !take_number(text, "release-threshold", &keyring->release_threshold) ||
        !take_keys(text, "root", false, keyring->roots, KEYRING_ROOTS_MAX, &keyring->root_count) ||
        !take_keys(text, "release", true, keyring->releases, KEYRING_RELEASES_MAX,
                   &keyring->release_count) ||
        !take_number(text, "end", &signature_count))
        return false;
    if (signature_count > KEYRING_SIGNATURES_MAX)
        return error_set(text->err, ERROR_INPUT, "keyring: more than %d signatures",
                         KEYRING_SIGNATURES_MAX);
    if (*text->at)
        return error_set(text->err, ERROR_INPUT, "keyring: text after the end line");
    return true;
}

bool keyring_parse(const uint8_t *bytes, size_t size, Keyring *ret_keyring, Error *err)
{
    static const char first_line[] = "sealift-keyring 1\n";
    if (size > KEYRING_RECORD_MAX)
        return error_set(err, ERROR_INPUT, "keyring: over %d bytes", KEYRING_RECORD_MAX);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != '\n' && (bytes[i] < 0x20 || bytes[i] > 0x7e))
            return error_set(err, ERROR_INPUT, "keyring: byte 0x%02x at %zu", bytes[i], i);
    CLEANUP(memory_freep) char *copy = memory_string_n((const char *)bytes, size);
    if (!text_has_prefix(copy, first_line))
        return error_set(err, ERROR_INPUT, "keyring: does not begin with '%.*s'",
                         (int)strlen(first_line) - 1, first_line);
    KeyringText text = {.at = copy + strlen(first_line), .err = err};
    Keyring keyring = {0};
    if (!parse_lines(&text, &keyring) || !check_keyring(&keyring, err))
        return false;
    set_digests(&keyring, bytes, size);
    *ret_keyring = keyring;
    return true;
}

const KeyringKey *keyring_find_release(const Keyring *keyring,
                                       const uint8_t id[static SIGNATURE_KEY_ID_SIZE])
{
    for (size_t i = 0; i < keyring->release_count; i++)
        if (memcmp(keyring->releases[i].public_key.id, id, SIGNATURE_KEY_ID_SIZE) == 0)
            return &keyring->releases[i];
    return NULL;
}

const KeyringKey *keyring_release_key(const Keyring *keyring,
                                      const uint8_t id[static SIGNATURE_KEY_ID_SIZE],
                                      int64_t sequence, KeyringPurpose purpose, const char **why)
{
    const KeyringKey *key = keyring_find_release(keyring, id);
    *why = NULL;
    if (!key)
        *why = "which this site does not know";
    else if (key->status == KEY_REVOKED)
        *why = "which is revoked";
    else if (purpose == KEYRING_FOR_APPLY &&
             (sequence < key->first_sequence || sequence > key->last_sequence))
        *why = "whose range does not hold the bundle's sequence";
    return *why ? NULL : key;
}

bool keyring_record0(const PublicKey *keys, const char *const *names, size_t count,
                     int64_t threshold, const char *product_uuid, const char *created,
                     Keyring *ret_keyring, Error *err)
{
    if (count == 0 || count > KEYRING_ROOTS_MAX)
        return error_set(err, ERROR_INPUT, "%zu keys; 1 to %d are allowed", count,
                         KEYRING_ROOTS_MAX);
    if (strcmp(product_uuid, "-") != 0 && !uuid_is_valid(product_uuid))
        return error_set(err, ERROR_INPUT, "'%s' is not the UUID of a product", product_uuid);
    Keyring keyring = {.root_threshold = threshold, .release_threshold = threshold};
    snprintf(keyring.product_uuid, sizeof(keyring.product_uuid), "%s", product_uuid);
    snprintf(keyring.created, sizeof(keyring.created), "%s", created);
    for (size_t i = 0; i < count; i++) {
        KeyringKey *key = &keyring.roots[i];
        if (!keyring_key_name_is_valid(names[i]))
            return error_set(err, ERROR_INPUT, "'%s' cannot be the name of a key", names[i]);
        key->public_key = keys[i];
        key->last_sequence = KEYRING_OPEN_END;
        memcpy(key->name, names[i], strlen(names[i]) + 1);
        keyring.releases[i] = *key;
    }
    keyring.root_count = keyring.release_count = count;
    CLEANUP(text_done) Text text = {0};
    if (!keyring_format(&keyring, /* signature_count= */ 0, &text, err))
        return false;
    *ret_keyring = keyring;
    return true;
}
