#include "bundles/signature.h"

#include <inttypes.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_sign.h>
#include <sodium/utils.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"

#define UNTRUSTED_COMMENT "untrusted comment: signature from minisign secret key\n"
#define TRUSTED_PREFIX    "trusted comment: "
#define COMMENT_PREFIX    "untrusted comment: "

#define SIGNATURE_SIZE        64
#define SIGNATURE_BLOB_SIZE   (2 + SIGNATURE_KEY_ID_SIZE + SIGNATURE_SIZE) /* 74 */
#define SIGNATURE_BLOB_TEXT   100
#define GLOBAL_SIGNATURE_TEXT 88
#define PUBLIC_KEY_BLOB_SIZE  (2 + SIGNATURE_KEY_ID_SIZE + SIGNATURE_PUBLIC_KEY_SIZE) /* 42 */
#define PUBLIC_KEY_FILE_MAX   1024
#define SECRET_KEY_TEXT       212 /* of 158 bytes: minisign's secret key */

/* base64 of exactly `size` bytes in exactly `length` characters: padded, no spaces, no bits left
 * over. What was decoded must give the same text again: libsodium 1.0.18 takes some bytes above
 * 0x7f for a character of the alphabet (0xd0 for '/'). */
static bool decode(const uint8_t *text, size_t length, uint8_t *bytes, size_t size)
{
    size_t decoded;
    const char *end;
    if (sodium_base642bin(bytes, size, (const char *)text, length, /* ignore= */ NULL, &decoded,
                          &end, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    char again[SIGNATURE_TEXT_MAX];
    if (decoded != size || end != (const char *)text + length || length >= sizeof(again))
        return false;
    sodium_bin2base64(again, sizeof(again), bytes, size, sodium_base64_VARIANT_ORIGINAL);
    return memcmp(again, text, length) == 0;
}

/* The next line: *ret_line borrowed, without its LF. False where there is no LF. */
static bool next_line(const uint8_t **at, const uint8_t *end, const uint8_t **ret_line,
                      size_t *ret_length)
{
    const uint8_t *newline =
        *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : /* nothing left */ NULL;
    if (!newline)
        return false;
    *ret_line = *at;
    *ret_length = (size_t)(newline - *at);
    *at = newline + 1;
    return true;
}

static bool parse_blob(const uint8_t *line, size_t length, Signature *signature, Error *err)
{
    uint8_t blob[SIGNATURE_BLOB_SIZE];
    if (length != SIGNATURE_BLOB_TEXT || !decode(line, length, blob, sizeof(blob)))
        return error_set(err, ERROR_TRUST, "the signature is not %d characters of base64",
                         SIGNATURE_BLOB_TEXT);
    if (memcmp(blob, "Ed", 2) == 0) {
        error_set(err, ERROR_TRUST, "the signature is of minisign's legacy kind (Ed)");
        return error_hint(err, "sign with 'minisign -S -H' or 'planner sign'");
    }
    if (memcmp(blob, "ED", 2) != 0)
        return error_set(err, ERROR_TRUST, "the signature's algorithm is not ED");
    memcpy(signature->key_id, blob + 2, SIGNATURE_KEY_ID_SIZE);
    memcpy(signature->signature, blob + 2 + SIGNATURE_KEY_ID_SIZE, SIGNATURE_SIZE);
    return true;
}

static bool parse_trusted_comment(const uint8_t *line, size_t length, Signature *signature,
                                  Error *err)
{
    size_t prefix = strlen(TRUSTED_PREFIX);
    if (length < prefix || memcmp(line, TRUSTED_PREFIX, prefix) != 0)
        return error_set(err, ERROR_TRUST, "the signature's third line is no trusted comment");
    size_t comment_length = length - prefix;
    if (comment_length == 0 || comment_length > SIGNATURE_COMMENT_MAX)
        return error_set(err, ERROR_TRUST, "the trusted comment is not of 1 to %d bytes",
                         SIGNATURE_COMMENT_MAX);
    for (size_t i = prefix; i < length; i++)
        if (line[i] < 0x20 || line[i] > 0x7e)
            return error_set(err, ERROR_TRUST, "the trusted comment holds byte 0x%02x", line[i]);
    memcpy(signature->trusted_comment, line + prefix, comment_length);
    signature->trusted_comment[comment_length] = '\0';
    return true;
}

bool signature_parse(const uint8_t *bytes, size_t size, Signature *ret_signature,
                     size_t *ret_length, Error *err)
{
    const uint8_t *at = bytes,
                  *end = bytes + (size < SIGNATURE_TEXT_MAX ? size : SIGNATURE_TEXT_MAX);
    const uint8_t *line;
    size_t length;
    Signature signature = {0};
    size_t untrusted = strlen(UNTRUSTED_COMMENT);
    if ((size_t)(end - at) < untrusted || memcmp(at, UNTRUSTED_COMMENT, untrusted) != 0)
        return error_set(err, ERROR_TRUST, "the signature's first line is not '%.*s'",
                         (int)untrusted - 1, UNTRUSTED_COMMENT);
    at += untrusted;
    if (!next_line(&at, end, &line, &length))
        return error_set(err, ERROR_TRUST, "the signature is cut short");
    if (!parse_blob(line, length, &signature, err))
        return false;
    if (!next_line(&at, end, &line, &length))
        return error_set(err, ERROR_TRUST, "the signature is cut short");
    if (!parse_trusted_comment(line, length, &signature, err))
        return false;
    if (!next_line(&at, end, &line, &length))
        return error_set(err, ERROR_TRUST, "the signature is cut short");
    if (length != GLOBAL_SIGNATURE_TEXT ||
        !decode(line, length, signature.global_signature, SIGNATURE_SIZE))
        return error_set(err, ERROR_TRUST,
                         "the signature over the trusted comment is not %d characters of base64",
                         GLOBAL_SIGNATURE_TEXT);
    *ret_signature = signature;
    *ret_length = (size_t)(at - bytes);
    return true;
}

void signature_format(const Signature *signature, Text *text)
{
    uint8_t blob[SIGNATURE_BLOB_SIZE] = "ED";
    memcpy(blob + 2, signature->key_id, SIGNATURE_KEY_ID_SIZE);
    memcpy(blob + 2 + SIGNATURE_KEY_ID_SIZE, signature->signature, SIGNATURE_SIZE);
    char base64[SIGNATURE_BLOB_TEXT + 1], global[GLOBAL_SIGNATURE_TEXT + 1];
    sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(global, sizeof(global), signature->global_signature, SIGNATURE_SIZE,
                      sodium_base64_VARIANT_ORIGINAL);
    text_addf(text, "%s%s\n%s%s\n%s\n", UNTRUSTED_COMMENT, base64, TRUSTED_PREFIX,
              signature->trusted_comment, global);
}

bool signature_verify_comment_unchecked(const Signature *signature, const PublicKey *key,
                                        const void *message, size_t size, Error *err)
{
    char id[SIGNATURE_KEY_ID_HEX];
    signature_key_id_hex(signature->key_id, id);
    if (memcmp(signature->key_id, key->id, SIGNATURE_KEY_ID_SIZE) != 0)
        return error_set(err, ERROR_TRUST, "the signature is of another key, %s", id);
    Digest digest = digest_of(message, size);
    /* libsodium refuses S >= L, and R or a key of small order */
    if (crypto_sign_verify_detached(signature->signature, digest.bytes, DIGEST_SIZE, key->key) != 0)
        return error_set(err, ERROR_TRUST, "the signature of key %s does not hold", id);
    uint8_t signed_again[SIGNATURE_SIZE + SIGNATURE_COMMENT_MAX];
    size_t length = strlen(signature->trusted_comment);
    memcpy(signed_again, signature->signature, SIGNATURE_SIZE);
    memcpy(signed_again + SIGNATURE_SIZE, signature->trusted_comment, length);
    if (crypto_sign_verify_detached(signature->global_signature, signed_again,
                                    SIGNATURE_SIZE + length, key->key) != 0)
        return error_set(err, ERROR_TRUST,
                         "the signature of key %s over its trusted comment does not hold", id);
    return true;
}

bool signature_check_comment(const Signature *signature, const char *expected, Error *err)
{
    if (strcmp(signature->trusted_comment, expected) == 0)
        return true;
    char id[SIGNATURE_KEY_ID_HEX];
    return error_set(err, ERROR_TRUST, "key %s signed for '%s', not for '%s'",
                     signature_key_id_hex(signature->key_id, id), signature->trusted_comment,
                     expected);
}

bool signature_verify(const Signature *signature, const PublicKey *key, const void *message,
                      size_t size, const char *expected_comment, Error *err)
{
    return signature_verify_comment_unchecked(signature, key, message, size, err) &&
           signature_check_comment(signature, expected_comment, err);
}

char *signature_release_comment(const char *product, int64_t sequence)
{
    return memory_format(SIGNATURE_RELEASE_DOMAIN "product=%s sequence=%" PRId64, product,
                         sequence);
}

char *signature_keyring_comment(const char *product_uuid, int64_t version)
{
    return memory_format("sealift/1 keyring product-uuid=%s version=%" PRId64, product_uuid,
                         version);
}

const char *signature_key_id_hex(const uint8_t id[static SIGNATURE_KEY_ID_SIZE],
                                 char ret_hex[static SIGNATURE_KEY_ID_HEX])
{
    /* minisign keeps the id as a little-endian number and prints the number */
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < SIGNATURE_KEY_ID_SIZE; i++) {
        uint8_t byte = id[SIGNATURE_KEY_ID_SIZE - 1 - i];
        ret_hex[2 * i] = digits[byte >> 4];
        ret_hex[2 * i + 1] = digits[byte & 15];
    }
    ret_hex[SIGNATURE_KEY_ID_HEX - 1] = '\0';
    return ret_hex;
}

void public_key_format(const PublicKey *key, char ret_text[static SIGNATURE_PUBLIC_KEY_TEXT])
{
    uint8_t blob[PUBLIC_KEY_BLOB_SIZE] = "Ed"; /* minisign's mark of a key; `ED` marks signatures */
    memcpy(blob + 2, key->id, SIGNATURE_KEY_ID_SIZE);
    memcpy(blob + 2 + SIGNATURE_KEY_ID_SIZE, key->key, SIGNATURE_PUBLIC_KEY_SIZE);
    sodium_bin2base64(ret_text, SIGNATURE_PUBLIC_KEY_TEXT, blob, sizeof(blob),
                      sodium_base64_VARIANT_ORIGINAL);
}

bool public_key_parse(const char *text, size_t length, PublicKey *ret_key, Error *err)
{
    uint8_t blob[PUBLIC_KEY_BLOB_SIZE];
    if (length != SIGNATURE_PUBLIC_KEY_TEXT - 1 ||
        !decode((const uint8_t *)text, length, blob, sizeof(blob)) || memcmp(blob, "Ed", 2) != 0)
        return error_set(err, ERROR_INPUT, "a minisign public key is %d characters of base64",
                         SIGNATURE_PUBLIC_KEY_TEXT - 1);
    PublicKey key;
    memcpy(key.id, blob + 2, SIGNATURE_KEY_ID_SIZE);
    memcpy(key.key, blob + 2 + SIGNATURE_KEY_ID_SIZE, SIGNATURE_PUBLIC_KEY_SIZE);
    /* a weak key verifies signatures that nobody made */
    if (!crypto_core_ed25519_is_valid_point(key.key))
        return error_set(err, ERROR_INPUT,
                         "the public key is weak: zero, of small order, or no "
                         "point of the curve");
    *ret_key = key;
    return true;
}

bool public_key_equal(const PublicKey *a, const PublicKey *b)
{
    return memcmp(a->id, b->id, sizeof(a->id)) == 0 && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

bool public_key_read(const char *path, PublicKey *ret_key, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(path, PUBLIC_KEY_FILE_MAX, &bytes, &size, err))
        return false;
    const char *newline = memchr(bytes, '\n', size);
    if (!newline || !text_has_prefix(bytes, COMMENT_PREFIX))
        return error_set(err, ERROR_INPUT,
                         "'%s' is no minisign public key: two lines, the first "
                         "an untrusted comment",
                         path);
    const char *key = newline + 1;
    size_t length = size - (size_t)(key - bytes);
    if (length && key[length - 1] == '\n')
        length--;
    if (length == SECRET_KEY_TEXT) {
        error_set(err, ERROR_INPUT, "'%s' is a secret key, which nobody but its owner may see",
                  path);
        return error_hint(err, "name its public key: '%s.pub'", path);
    }
    if (!public_key_parse(key, length, ret_key, err))
        return error_wrap(err, "'%s'", path);
    return true;
}
