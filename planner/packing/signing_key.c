#include "planner/packing/signing_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/core.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"

#define COMMENT_PREFIX     "untrusted comment: "
#define SECRET_COMMENT     COMMENT_PREFIX "minisign secret key\n"
#define SECRET_TEXT        212 /* base64 characters of SecretBlob */
#define SECRET_FILE_MAX    2048
#define GLOBAL_MESSAGE_MAX (64 + SIGNATURE_COMMENT_MAX)

/* minisign's secret key file, decoded: bytes only, so that it has no padding. */
typedef struct SecretBlob {
    uint8_t algorithm[2];          /* "Ed" */
    uint8_t kdf[2];                /* zero: not encrypted; "Sc": scrypt */
    uint8_t checksum_algorithm[2]; /* "B2" */
    uint8_t kdf_salt[32];
    uint8_t kdf_opslimit[8];
    uint8_t kdf_memlimit[8];
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* seed and public key */
    uint8_t checksum[32];                       /* zero where not encrypted */
} SecretBlob;

_Static_assert(sizeof(SecretBlob) == 158, "minisign's secret key is 158 bytes");

/* All that is secret while a file is read or written; in locked memory as a whole. */
typedef struct SecretFile {
    SecretBlob blob;
    char text[SECRET_FILE_MAX + 1];
    size_t size;
} SecretFile;

struct SigningKey {
    PublicKey public_key;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

/* Locked, guarded, zeroed on release. Where the limit on locked memory is too low sodium_malloc
 * still gives guarded memory that is zeroed; without any, nothing goes on. */
static void *secret_memory(size_t size)
{
    void *memory = sodium_init() < 0 ? NULL : sodium_malloc(size);
    if (!memory) {
        fputs("out of memory for a secret key\n", stderr);
        exit(ERROR_INTERNAL);
    }
    sodium_memzero(memory, size);
    return memory;
}

static void secret_file_freep(SecretFile **file)
{
    sodium_free(*file);
}

void signing_key_free(SigningKey *key)
{
    sodium_free(key);
}

const PublicKey *signing_key_public(const SigningKey *key)
{
    return &key->public_key;
}

/* Exclusive: an existing file, a link included, is never written to. */
static bool write_new_file(const char *path, mode_t mode, const void *bytes, size_t size,
                           Error *err)
{
    CLEANUP(file_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return error_set(err, ERROR_CONFIG, "'%s' is already there", path);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot create '%s': %m", path);
    bool good =
        fchmod(fd, mode) == 0 || error_set(err, ERROR_IO, "cannot set the mode of '%s': %m", path);
    good = good && file_write(fd, path, bytes, size, err) &&
           (fsync(fd) == 0 || error_set(err, ERROR_IO, "cannot write '%s' to disk: %m", path));
    if (!good)
        unlink(path); /* half a key is worse than none; the error says what happened */
    return good;
}

static bool write_public_file(const char *path, const PublicKey *key, Error *err)
{
    char text[SIGNATURE_PUBLIC_KEY_TEXT], id[SIGNATURE_KEY_ID_HEX];
    public_key_format(key, text);
    CLEANUP(memory_freep)
    char *lines = memory_format(COMMENT_PREFIX "minisign public key %s\n%s\n",
                                signature_key_id_hex(key->id, id), text);
    return write_new_file(path, 0644, lines, strlen(lines), err);
}

static bool write_secret_file(const char *path, const SecretBlob *blob, Error *err)
{
    CLEANUP(secret_file_freep) SecretFile *file = secret_memory(sizeof(*file));
    size_t comment = strlen(SECRET_COMMENT);
    memcpy(file->text, SECRET_COMMENT, comment);
    sodium_bin2base64(file->text + comment, sizeof(file->text) - comment, (const uint8_t *)blob,
                      sizeof(*blob), sodium_base64_VARIANT_ORIGINAL);
    file->size = comment + SECRET_TEXT;
    file->text[file->size++] = '\n';
    return write_new_file(path, 0600, file->text, file->size, err);
}

bool signing_key_create(const char *path, PublicKey *ret_public, Error *err)
{
    CLEANUP(secret_file_freep) SecretFile *file = secret_memory(sizeof(*file));
    CLEANUP(memory_freep) char *public_path = memory_format("%s.pub", path);
    for (const char *const *taken = (const char *const[]){public_path, path, NULL}; *taken;
         taken++) {
        if (!file_exists(*taken))
            continue;
        error_set(err, ERROR_CONFIG, "'%s' is already there", *taken);
        return error_hint(err, "a key is never overwritten: give another name, or move it away");
    }
    PublicKey key;
    crypto_sign_keypair(key.key, file->blob.secret);
    randombytes_buf(key.id, sizeof(key.id));
    memcpy(file->blob.algorithm, "Ed", 2);
    memcpy(file->blob.checksum_algorithm, "B2", 2);
    memcpy(file->blob.id, key.id, sizeof(key.id));
    if (!write_secret_file(path, &file->blob, err))
        return false;
    if (!write_public_file(public_path, &key, err)) {
        unlink(path);
        return false;
    }
    *ret_public = key;
    return true;
}

/* Only its owner may read it, and that is whoever runs this. */
static bool check_owner_and_mode(int fd, const char *path, Error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", path);
    if (status.st_mode & 077) {
        error_set(err, ERROR_CONFIG, "the secret key '%s' is readable by others (mode %04o)", path,
                  (unsigned)status.st_mode & 07777);
        return error_hint(err, "if nobody has read it: chmod 600 '%s'; else make a new key", path);
    }
    if (status.st_uid != geteuid())
        return error_set(err, ERROR_CONFIG, "the secret key '%s' belongs to another user (uid %lu)",
                         path, (unsigned long)status.st_uid);
    return true;
}

static bool read_secret_file(const char *path, SecretFile *file, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    int64_t size;
    if (!file_open_regular(path, &fd, &size, err)) {
        if (err->class == ERROR_INPUT)
            err->class = ERROR_CONFIG; /* not a regular file */
        return false;
    }
    if (!check_owner_and_mode(fd, path, err))
        return false;
    if (size > SECRET_FILE_MAX)
        return error_set(err, ERROR_INPUT, "'%s' is no minisign secret key", path);
    file->size = (size_t)size;
    return file_read_at(fd, path, 0, file->text, file->size, err);
}

/* The second line's base64 into file->blob. */
static bool decode_secret_file(const char *path, SecretFile *file, Error *err)
{
    const char *line = memchr(file->text, '\n', file->size);
    size_t decoded = 0;
    const char *end = NULL;
    bool good = line && text_has_prefix(file->text, COMMENT_PREFIX);
    if (good) {
        line++;
        size_t length = file->size - (size_t)(line - file->text);
        if (length && line[length - 1] == '\n')
            length--;
        good = length == SECRET_TEXT &&
               sodium_base642bin((uint8_t *)&file->blob, sizeof(file->blob), line, length,
                                 /* ignore= */ NULL, &decoded, &end,
                                 sodium_base64_VARIANT_ORIGINAL) == 0 &&
               decoded == sizeof(file->blob);
    }
    if (!good || memcmp(file->blob.algorithm, "Ed", 2) != 0 ||
        memcmp(file->blob.checksum_algorithm, "B2", 2) != 0)
        return error_set(err, ERROR_INPUT, "'%s' is no minisign secret key", path);
    return true;
}

/* minisign writes no checksum where nothing is encrypted (some write the right one). The secret's
 * second half is the public key, which the first half must give. */
static bool check_secret(const char *path, const SecretBlob *blob, SigningKey *key, Error *err)
{
    crypto_generichash_blake2b_state state;
    uint8_t checksum[sizeof(blob->checksum)];
    crypto_generichash_blake2b_init(&state, /* key= */ NULL, 0, sizeof(checksum));
    crypto_generichash_blake2b_update(&state, blob->algorithm, sizeof(blob->algorithm));
    crypto_generichash_blake2b_update(&state, blob->id, sizeof(blob->id));
    crypto_generichash_blake2b_update(&state, blob->secret, sizeof(blob->secret));
    crypto_generichash_blake2b_final(&state, checksum, sizeof(checksum));
    bool good = sodium_is_zero(blob->checksum, sizeof(blob->checksum)) ||
                sodium_memcmp(checksum, blob->checksum, sizeof(checksum)) == 0;
    crypto_sign_seed_keypair(key->public_key.key, key->secret, blob->secret);
    memcpy(key->public_key.id, blob->id, sizeof(blob->id));
    if (!good || sodium_memcmp(key->secret, blob->secret, sizeof(blob->secret)) != 0)
        return error_set(err, ERROR_INPUT, "the secret key '%s' is damaged", path);
    return true;
}

bool signing_key_open(const char *path, SigningKey **ret_key, Error *err)
{
    CLEANUP(secret_file_freep) SecretFile *file = secret_memory(sizeof(*file));
    if (!read_secret_file(path, file, err) || !decode_secret_file(path, file, err))
        return false;
    if (!sodium_is_zero(file->blob.kdf, sizeof(file->blob.kdf))) {
        error_set(err, ERROR_CONFIG, "the secret key '%s' is encrypted", path);
        return error_hint(err, "sign HEAD with minisign and add its signature ('planner sign "
                               "BUNDLE --add SLOT'), or use a key made with 'planner keys new'");
    }
    CLEANUP(signing_key_freep) SigningKey *key = secret_memory(sizeof(*key));
    if (!check_secret(path, &file->blob, key, err))
        return false;
    *ret_key = TAKE_PTR(key);
    return true;
}

void signing_key_sign(const SigningKey *key, const void *message, size_t size, const char *comment,
                      Signature *ret_signature)
{
    Signature signature = {0};
    Digest digest = digest_of(message, size);
    memcpy(signature.key_id, key->public_key.id, SIGNATURE_KEY_ID_SIZE);
    crypto_sign_detached(signature.signature, NULL, digest.bytes, DIGEST_SIZE, key->secret);
    size_t length = strnlen(comment, SIGNATURE_COMMENT_MAX);
    memcpy(signature.trusted_comment, comment, length);
    uint8_t signed_again[GLOBAL_MESSAGE_MAX];
    memcpy(signed_again, signature.signature, sizeof(signature.signature));
    memcpy(signed_again + sizeof(signature.signature), comment, length);
    crypto_sign_detached(signature.global_signature, NULL, signed_again,
                         sizeof(signature.signature) + length, key->secret);
    *ret_signature = signature;
}
