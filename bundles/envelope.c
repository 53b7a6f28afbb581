#include "bundles/envelope.h"

#include <inttypes.h>

#include "base/memory.h"
#include "bundles/tar_header.h"

/* The fixed entries: where the header stands, and the name and size it says. */
static const struct {
    size_t offset;
    const char *name;
    int64_t size;
} fixed_entries[] = {
    {BUNDLE_SIGNATURES_HEADER_OFFSET, "SIGNATURES", BUNDLE_SLOT_COUNT *BUNDLE_SLOT_SIZE},
    {BUNDLE_KEYRING_HEADER_OFFSET, "KEYRING", BUNDLE_KEYRING_SIZE},
    {BUNDLE_HEAD_HEADER_OFFSET, "HEAD", BUNDLE_HEAD_SIZE},
};

static void fixed_header(size_t i, uint8_t ret_header[static TAR_BLOCK_SIZE])
{
    if (!tar_header_make(fixed_entries[i].name, fixed_entries[i].size, ret_header))
        abort(); /* the table above fits ustar */
}

bool envelope_has_headers(const Envelope *envelope)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed_entries); i++) {
        uint8_t header[TAR_BLOCK_SIZE];
        fixed_header(i, header);
        if (memcmp(envelope->bytes + fixed_entries[i].offset, header, TAR_BLOCK_SIZE) != 0)
            return false;
    }
    return true;
}

static bool check_headers(const Envelope *envelope, Error *err)
{
    if (envelope_has_headers(envelope))
        return true;
    return error_set(err, ERROR_INPUT, "this is not a bundle: its fixed headers are not there");
}

const uint8_t *envelope_head(const Envelope *envelope)
{
    return envelope->bytes + BUNDLE_HEAD_OFFSET;
}

static const uint8_t *keyring_area(const Envelope *envelope)
{
    return envelope->bytes + BUNDLE_KEYRING_OFFSET;
}

static const uint8_t *slot_bytes(const Envelope *envelope, size_t slot)
{
    return envelope->bytes + BUNDLE_SIGNATURES_OFFSET + slot * BUNDLE_SLOT_SIZE;
}

static bool all_line_feeds(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != '\n')
            return false;
    return true;
}

size_t envelope_filled_slots(const Envelope *envelope)
{
    size_t count = 0;
    while (count < BUNDLE_SLOT_COUNT && slot_bytes(envelope, count)[0] != '\n')
        count++;
    return count;
}

Digest envelope_keyring_digest(const Envelope *envelope)
{
    return digest_of(keyring_area(envelope), BUNDLE_KEYRING_SIZE);
}

void envelope_put_slot(Envelope *envelope, size_t slot, const Signature *signature)
{
    CLEANUP(text_done) Text text = {0};
    signature_format(signature, &text);
    uint8_t *bytes = envelope->bytes + BUNDLE_SIGNATURES_OFFSET + slot * BUNDLE_SLOT_SIZE;
    memset(bytes, '\n', BUNDLE_SLOT_SIZE);
    memcpy(bytes, text.bytes, text.length < BUNDLE_SLOT_SIZE ? text.length : BUNDLE_SLOT_SIZE);
}

void envelope_compose(Envelope *ret_envelope, const void *keyring_records, size_t keyring_size,
                      const uint8_t head[static BUNDLE_HEAD_SIZE])
{
    memset(ret_envelope->bytes, '\n', sizeof(ret_envelope->bytes));
    for (size_t i = 0; i < ARRAY_LEN(fixed_entries); i++)
        fixed_header(i, ret_envelope->bytes + fixed_entries[i].offset);
    if (keyring_size > BUNDLE_KEYRING_SIZE)
        keyring_size = BUNDLE_KEYRING_SIZE;
    if (keyring_size)
        memcpy(ret_envelope->bytes + BUNDLE_KEYRING_OFFSET, keyring_records, keyring_size);
    memcpy(ret_envelope->bytes + BUNDLE_HEAD_OFFSET, head, BUNDLE_HEAD_SIZE);
}

static bool frame_slot(const Envelope *envelope, size_t slot, Signature *signature, Error *err)
{
    const uint8_t *bytes = slot_bytes(envelope, slot);
    size_t length;
    if (!signature_parse(bytes, BUNDLE_SLOT_SIZE, signature, &length, err))
        return error_wrap(err, "slot %zu", slot + 1);
    if (!all_line_feeds(bytes + length, BUNDLE_SLOT_SIZE - length))
        return error_set(err, ERROR_TRUST, "slot %zu: something stands behind the signature",
                         slot + 1);
    return true;
}

bool envelope_signatures(const Envelope *envelope,
                         Signature ret_signatures[static BUNDLE_SLOT_COUNT], size_t *ret_count,
                         Error *err)
{
    size_t count = envelope_filled_slots(envelope);
    for (size_t slot = count; slot < BUNDLE_SLOT_COUNT; slot++)
        if (!all_line_feeds(slot_bytes(envelope, slot), BUNDLE_SLOT_SIZE))
            return error_set(err, ERROR_TRUST, "slot %zu is not empty, though slot %zu is",
                             slot + 1, count + 1);
    for (size_t slot = 0; slot < count; slot++) {
        if (!frame_slot(envelope, slot, &ret_signatures[slot], err))
            return false;
        for (size_t i = 0; i < slot; i++)
            if (memcmp(ret_signatures[i].key_id, ret_signatures[slot].key_id,
                       SIGNATURE_KEY_ID_SIZE) == 0) {
                char id[SIGNATURE_KEY_ID_HEX];
                return error_set(err, ERROR_TRUST, "slots %zu and %zu are of the same key, %s",
                                 i + 1, slot + 1,
                                 signature_key_id_hex(ret_signatures[i].key_id, id));
            }
    }
    *ret_count = count;
    return true;
}

/* Who signed, proven as far as bytes can be before HEAD is read: every slot by a key that is known
 * and not revoked, for a release. Which of them count is known once HEAD's sequence is. */
static bool verify_slot(const Envelope *envelope, size_t slot, const Signature *signature,
                        const Keyring *keyring, KeyringKey *ret_signer, Error *err)
{
    char id[SIGNATURE_KEY_ID_HEX];
    signature_key_id_hex(signature->key_id, id);
    const KeyringKey *key = keyring_find_release(keyring, signature->key_id);
    if (!key)
        return error_set(err, ERROR_TRUST,
                         "slot %zu: signed by key %s, which this site does not "
                         "know",
                         slot + 1, id);
    if (key->status == KEY_REVOKED)
        return error_set(err, ERROR_TRUST, "slot %zu: signed by key %s (%s), which is revoked",
                         slot + 1, id, key->name);
    if (!signature_verify_comment_unchecked(signature, &key->public_key, envelope_head(envelope),
                                            BUNDLE_HEAD_SIZE, err))
        return error_wrap(err, "slot %zu", slot + 1);
    if (!text_has_prefix(signature->trusted_comment, SIGNATURE_RELEASE_DOMAIN))
        return error_set(err, ERROR_TRUST,
                         "slot %zu: key %s signed for '%s', not for a release "
                         "('" SIGNATURE_RELEASE_DOMAIN "…')",
                         slot + 1, id, signature->trusted_comment);
    *ret_signer = *key;
    return true;
}

static bool below_threshold(size_t counted, const Keyring *keyring, Error *err)
{
    return error_set(err, ERROR_TRUST, "%zu of %" PRId64 " signatures that the keyring wants",
                     counted, keyring->release_threshold);
}

static bool verify_slots(const Envelope *envelope, const Signature *signatures, size_t count,
                         const Keyring *keyring, EnvelopeProof *proof, Error *err)
{
    if (count == 0)
        return error_set(err, ERROR_TRUST, "no signature: the bundle is not signed");
    for (size_t slot = 0; slot < count; slot++)
        if (!verify_slot(envelope, slot, &signatures[slot], keyring, &proof->signers[slot], err))
            return false;
    proof->signer_count = count;
    return (int64_t)count >= keyring->release_threshold || below_threshold(count, keyring, err);
}

/* Each comment says this HEAD's product and sequence. */
static bool check_comments(const Signature *signatures, size_t count, const Head *head, Error *err)
{
    CLEANUP(memory_freep) char *comment = signature_release_comment(head->product, head->sequence);
    for (size_t slot = 0; slot < count; slot++)
        if (!signature_check_comment(&signatures[slot], comment, err))
            return error_wrap(err, "slot %zu", slot + 1);
    return true;
}

/* The threshold again, by those whose range holds the sequence. */
static bool check_ranges(const EnvelopeProof *proof, KeyringPurpose purpose, Error *err)
{
    size_t counted = 0;
    char id[SIGNATURE_KEY_ID_HEX] = "";
    const char *why_not = NULL;
    for (size_t i = 0; i < proof->signer_count; i++) {
        const uint8_t *key_id = proof->signers[i].public_key.id;
        const char *why;
        if (keyring_release_key(&proof->keyring, key_id, proof->head.sequence, purpose, &why)) {
            counted++;
        } else {
            why_not = why;
            signature_key_id_hex(key_id, id);
        }
    }
    if ((int64_t)counted >= proof->keyring.release_threshold)
        return true;
    below_threshold(counted, &proof->keyring, err);
    return error_wrap(err, "sequence %" PRId64 " is signed by key %s, %s", proof->head.sequence, id,
                      why_not);
}

/* The area is the one HEAD was signed over, and ends in the version HEAD names. */
static bool check_area(const Envelope *envelope, const Head *head, Error *err)
{
    Digest area = envelope_keyring_digest(envelope);
    if (!digest_equal(&area, &head->keyring_digest))
        return error_set(err, ERROR_TRUST, "the keyring area is not the one that HEAD names");
    KeyringFrame frame;
    size_t offset = 0;
    int64_t last = 0;
    for (bool more = true; more;) {
        if (!keyring_area_next(keyring_area(envelope), &offset, &frame, &more, err))
            return false;
        if (more)
            last = frame.claimed_version;
    }
    if (last != head->keyring_version)
        return error_set(err, ERROR_TRUST,
                         "HEAD names keyring version %" PRId64 ", the bundle carries %" PRId64,
                         head->keyring_version, last);
    return true;
}

static bool check_keyring(const EnvelopeProof *proof, KeyringPurpose purpose, Error *err)
{
    const Head *head = &proof->head;
    const Keyring *keyring = &proof->keyring;
    if (strcmp(keyring->product_uuid, "-") != 0 &&
        strcmp(keyring->product_uuid, head->product_uuid) != 0)
        return error_set(err, ERROR_TRUST,
                         "the bundle is of product '%s' (%s), the keyring is for product %s",
                         head->product, head->product_uuid, keyring->product_uuid);
    if (head->keyring_version > keyring->version)
        return error_set(err, ERROR_TRUST,
                         "the bundle's keyring version is %" PRId64
                         ", this site reaches no further than %" PRId64,
                         head->keyring_version, keyring->version);
    if (purpose == KEYRING_FOR_APPLY && head->epoch != keyring->epoch)
        return error_set(err, ERROR_TRUST,
                         "the bundle is of epoch %" PRId64
                         ", the keyring in force (version %" PRId64 ") is of epoch %" PRId64,
                         head->epoch, keyring->version, keyring->epoch);
    return true;
}

bool envelope_prove(const Envelope *envelope, const Keyring *known, KeyringPurpose purpose,
                    EnvelopeProof *ret_proof, Error *err)
{
    Signature signatures[BUNDLE_SLOT_COUNT];
    size_t count;
    EnvelopeProof proof = {0};
    if (!check_headers(envelope, err) ||
        !keyring_walk(known, keyring_area(envelope), &proof.keyring, NULL, err) ||
        !envelope_signatures(envelope, signatures, &count, err) ||
        !verify_slots(envelope, signatures, count, &proof.keyring, &proof, err))
        return false;
    proof.keyring_is_newer = proof.keyring.version > known->version;
    proof.head_digest = digest_of(envelope_head(envelope), BUNDLE_HEAD_SIZE);
    if (!head_parse(envelope_head(envelope), &proof.head, err) ||
        !check_comments(signatures, count, &proof.head, err) ||
        !check_ranges(&proof, purpose, err) || !check_area(envelope, &proof.head, err) ||
        !check_keyring(&proof, purpose, err))
        return false;
    *ret_proof = proof;
    return true;
}

bool envelope_read_without_trust(const Envelope *envelope, EnvelopeProof *ret_proof, Error *err)
{
    Signature signatures[BUNDLE_SLOT_COUNT];
    EnvelopeProof proof = {0};
    if (!check_headers(envelope, err) ||
        !envelope_signatures(envelope, signatures, &proof.signer_count, err))
        return false;
    proof.head_digest = digest_of(envelope_head(envelope), BUNDLE_HEAD_SIZE);
    if (!head_parse(envelope_head(envelope), &proof.head, err) ||
        !check_comments(signatures, proof.signer_count, &proof.head, err) ||
        !check_area(envelope, &proof.head, err))
        return false;
    for (size_t i = 0; i < proof.signer_count; i++)
        memcpy(proof.signers[i].public_key.id, signatures[i].key_id, SIGNATURE_KEY_ID_SIZE);
    *ret_proof = proof;
    return true;
}
