#include "planner/packing/keyring_record.h"

#include <inttypes.h>

#include "base/memory.h"
#include "planner/packing/signing_key.h"

bool keyring_record_keys(const char *role, const StringArray *paths, size_t most, KeyringKey *keys,
                         size_t *ret_count, Error *err)
{
    if (paths->count == 0)
        return error_set(err, ERROR_USAGE, "'keys keyring' wants --%s FILE.pub", role);
    if (paths->count > most)
        return error_set(err, ERROR_USAGE, "%zu %s keys; at most %zu are allowed", paths->count,
                         role, most);
    size_t count = 0;
    array_each (const char *const, path, paths)
        if (!keyring_key_read(*path, &keys[count++], err))
            return false;
    *ret_count = count;
    return true;
}

static bool is_root(const Keyring *keyring, const PublicKey *key)
{
    for (size_t i = 0; i < keyring->root_count; i++)
        if (public_key_equal(&keyring->roots[i].public_key, key))
            return true;
    return false;
}

static bool check_signer_is_new(const KeyringSigner *signers, size_t count, const PublicKey *key,
                                const char *path, Error *err)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(signers[i].public_key.id, key->id, SIGNATURE_KEY_ID_SIZE) == 0)
            return error_set(err, ERROR_USAGE, "the key in '%s' is given twice", path);
    return true;
}

bool keyring_record_sign(Keyring *keyring, const StringArray *sign, Text *text,
                         KeyringSigner ret_signers[static KEYRING_SIGNATURES_MAX], Error *err)
{
    if (sign->count == 0 || sign->count > KEYRING_SIGNATURES_MAX)
        return error_set(err, ERROR_USAGE, "a keyring is signed by 1 to %d keys, not %zu",
                         KEYRING_SIGNATURES_MAX, sign->count);
    size_t start = text->length, count = 0;
    int64_t roots = 0;
    if (!keyring_format(keyring, sign->count, text, err))
        return false;
    size_t signed_size = text->length - start;
    CLEANUP(memory_freep)
    char *comment = signature_keyring_comment(keyring->product_uuid, keyring->version);
    array_each (const char *const, path, sign) {
        CLEANUP(signing_key_freep) SigningKey *key = NULL;
        if (!signing_key_open(*path, &key, err))
            return false;
        const PublicKey *public_key = signing_key_public(key);
        if (!check_signer_is_new(ret_signers, count, public_key, *path, err))
            return false;
        Signature signature;
        signing_key_sign(key, text->bytes + start, signed_size, comment, &signature);
        signature_format(&signature, text);
        ret_signers[count] = (KeyringSigner){*public_key, is_root(keyring, public_key)};
        roots += ret_signers[count++].is_root;
    }
    if (roots < keyring->root_threshold)
        return error_set(err, ERROR_TRUST,
                         "signed by %" PRId64 " of its own root keys, %" PRId64 " are wanted",
                         roots, keyring->root_threshold);
    return true;
}
