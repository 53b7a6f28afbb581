/* The envelope: the first 76 KiB of a bundle, fixed layout, proven before anything in it is read as
 * a value. Pure functions over a buffer: the same code proves a file, the copy stored in a ledger,
 * and what a fuzzer makes up. */
#ifndef SEALIFT_BUNDLES_ENVELOPE_H
#define SEALIFT_BUNDLES_ENVELOPE_H

#include "bundles/bundle_format.h"
#include "bundles/head.h"
#include "bundles/keyring.h"

typedef struct Envelope {
    uint8_t bytes[BUNDLE_ENVELOPE_SIZE];
} Envelope;

/* What has been shown about an envelope, and by whom. */
typedef struct EnvelopeProof {
    Head head;
    Digest head_digest;    /* the bundle's identity */
    Keyring keyring;       /* the newest reached from the site's; what the slots were checked by */
    bool keyring_is_newer; /* than the one the site has */
    /* One per filled slot, in slot order. A known key whose range does not hold this sequence is
     * among them, though it does not count for the threshold. */
    KeyringKey signers[BUNDLE_SLOT_COUNT];
    size_t signer_count;
} EnvelopeProof;

/* The whole chain: constant headers, keyring area framed and walked from `known`, every filled slot
 * verified by a key of the newest keyring, threshold met, and only then HEAD parsed; then HEAD
 * against the keyring: comments and ranges of the signatures, version, digest of the area, epoch,
 * product. The newest keyring reached is the one in force, also for a HEAD that was made under an
 * older one. KEYRING_FOR_ROLLBACK asks neither for ranges nor for the epoch: what a database's own
 * history holds may always be taken back.
 *
 * Order of errors: ERROR_INPUT where the constant headers are not ours (not a bundle), ERROR_TRUST
 * for keyring and signatures, ERROR_TARGET for a format above ours, ERROR_INPUT for HEAD's grammar.
 */
bool envelope_prove(const Envelope *envelope, const Keyring *known, KeyringPurpose purpose,
                    EnvelopeProof *ret_proof, Error *err) MUST_CHECK;

/* For the vendor, who looks at what he is about to sign, and for an envelope that only a digest in
 * the state file or the database vouches for: everything but the signatures' keys. Slots are framed
 * (signers then hold ids without keys); the keyring area is framed only. */
bool envelope_read_without_trust(const Envelope *envelope, EnvelopeProof *ret_proof,
                                 Error *err) MUST_CHECK;

/* Compose: constant headers, empty slots, the keyring's records (NULL: none), HEAD. */
void envelope_compose(Envelope *ret_envelope, const void *keyring_records, size_t keyring_size,
                      const uint8_t head[static BUNDLE_HEAD_SIZE]);

/* The slot's four lines, padded; `slot` is below BUNDLE_SLOT_COUNT. */
void envelope_put_slot(Envelope *envelope, size_t slot, const Signature *signature);

/* Every filled slot in slot order, framed, with distinct key ids; nothing is verified. Garbage, a
 * filled slot behind an empty one, padding that is not '\n': ERROR_TRUST. */
bool envelope_signatures(const Envelope *envelope,
                         Signature ret_signatures[static BUNDLE_SLOT_COUNT], size_t *ret_count,
                         Error *err) MUST_CHECK;

/* Whether the three constant headers stand where they must. */
bool envelope_has_headers(const Envelope *envelope);

/* The 3,584 bytes of HEAD. */
const uint8_t *envelope_head(const Envelope *envelope);

/* The first empty slot (0 to 15; 15: full). Filled slots are contiguous. */
size_t envelope_filled_slots(const Envelope *envelope);

/* BLAKE2b-512 of the keyring area. */
Digest envelope_keyring_digest(const Envelope *envelope);

#endif
