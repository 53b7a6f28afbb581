/* Keyring records: which keys sign keyrings (root) and which sign bundles (release).
 *
 * Record 0 is local to a site (`trust init`), unsigned, epoch 0. Record N+1 is accepted when it is
 * signed by the root thresholds of both N and N+1. The bytes are text; the grammar is in
 * docs/bundle-format.md. A record's fields are read only after the previous record's keys verified
 * its bytes: keyring_frame finds where a record ends without believing anything in it. */
#ifndef SEALIFT_BUNDLES_KEYRING_H
#define SEALIFT_BUNDLES_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "bundles/bundle_format.h"
#include "bundles/signature.h"

#define KEYRING_ROOTS_MAX      15
#define KEYRING_RELEASES_MAX   31
#define KEYRING_SIGNATURES_MAX 15
#define KEYRING_NAME_MAX       63
#define KEYRING_RECORD_MAX     16384     /* bytes of a record, signatures included */
#define KEYRING_FINGERPRINT    32        /* bytes: BLAKE2b-256 of the signed bytes */
#define KEYRING_OPEN_END       INT64_MAX /* last-seq `-` */

typedef enum { KEY_ACTIVE, KEY_RETIRED, KEY_REVOKED } KeyStatus;

typedef struct KeyringKey {
    PublicKey public_key;
    char name[KEYRING_NAME_MAX + 1]; /* [A-Za-z0-9._@+-], what people call the key */
    /* release keys only */
    int64_t first_sequence;
    int64_t last_sequence; /* or KEYRING_OPEN_END */
    KeyStatus status;
} KeyringKey;

/* Plain value: copy it freely. */
typedef struct Keyring {
    int64_t version;
    int64_t epoch;
    char product_uuid[UUID_TEXT_SIZE]; /* "-", in a record 0 only: any product */
    char created[CLOCK_TEXT_SIZE];
    bool has_previous;
    Digest previous; /* of the previous record's signed bytes */
    int64_t root_threshold;
    int64_t release_threshold;
    KeyringKey roots[KEYRING_ROOTS_MAX]; /* sorted by key id */
    size_t root_count;
    KeyringKey releases[KEYRING_RELEASES_MAX]; /* sorted by key id */
    size_t release_count;
    Digest digest;                            /* of its signed bytes; set by parse and format */
    uint8_t fingerprint[KEYRING_FINGERPRINT]; /* as digest, shorter: what people compare */
} Keyring;

#define KEYRING_FINGERPRINT_TEXT 80 /* 16 groups of four hex digits, spaces, NUL */

/* "0f3a 91c2 …": returns ret_text. */
const char *keyring_fingerprint_text(const Keyring *keyring,
                                     char ret_text[static KEYRING_FINGERPRINT_TEXT]);

/* `[A-Za-z0-9._@+-]{1,63}` */
bool keyring_key_name_is_valid(const char *name);

const char *key_status_name(KeyStatus status);

/* The key in FILE.pub, active, open-ended, named after the file: its last component without
 * `.pub`. ERROR_INPUT where that cannot be a name or the file is no public key, ERROR_IO. */
bool keyring_key_read(const char *path, KeyringKey *ret_key, Error *err) MUST_CHECK;

/* Append the signed bytes of a record (through the `end: n` line) and set keyring->digest. Sorts
 * the keys. ERROR_INPUT where a value breaks the grammar (no key, threshold above the number of
 * keys, two ids for one key …). `signature_count` is the n of the end line. */
bool keyring_format(Keyring *keyring, size_t signature_count, Text *text, Error *err) MUST_CHECK;

/* Parse signed bytes whose authenticity the caller has established. ERROR_INPUT. */
bool keyring_parse(const uint8_t *bytes, size_t size, Keyring *ret_keyring, Error *err) MUST_CHECK;

/* A record as framed: bounds of its signed bytes and of its signatures. */
typedef struct KeyringFrame {
    const uint8_t *bytes; /* borrowed */
    /* What the record says of itself, unproven: decides only whether it is looked at at all. A lie
     * leads to a record that is passed over or refused, never to one that is believed. */
    int64_t claimed_version;
    size_t signed_size;
    Signature signatures[KEYRING_SIGNATURES_MAX];
    size_t signature_count;
    size_t size; /* signed bytes and signatures */
} KeyringFrame;

/* Frame the record at the start of `bytes`; believes nothing but the shape. ERROR_TRUST. */
bool keyring_frame(const uint8_t *bytes, size_t size, KeyringFrame *ret_frame,
                   Error *err) MUST_CHECK;

/* Accept the framed record as the successor of `current`: signed by current's root threshold, then
 * parsed, then signed by its own; version + 1, previous, epoch and product fit. A signature by a
 * key that neither knows counts for nothing: it may be that of another site's record 0.
 * ERROR_TRUST. */
bool keyring_accept(const Keyring *current, const KeyringFrame *frame, Keyring *ret_next,
                    Error *err) MUST_CHECK;

/* The next record of a keyring area at *offset, which moves past it; *ret_more is false at the end,
 * where the padding must be all '\n'. Frames only. ERROR_TRUST. */
bool keyring_area_next(const uint8_t area[static BUNDLE_KEYRING_SIZE], size_t *offset,
                       KeyringFrame *ret_frame, bool *ret_more, Error *err) MUST_CHECK;

/* Walk the records of a bundle's keyring area from `known` (what the site has) to the newest that
 * can be reached; *ret_newest is `known` itself where the area holds none that is newer. Records up
 * to known's version are passed over, but one of the very version must be `known` itself; every
 * newer one must be accepted, without a gap. *ret_last_record (may be NULL) is set to the bytes of
 * the newest record in the area that was accepted, for storing, or {NULL}. ERROR_TRUST. */
bool keyring_walk(const Keyring *known, const uint8_t area[static BUNDLE_KEYRING_SIZE],
                  Keyring *ret_newest, KeyringFrame *ret_last_record, Error *err) MUST_CHECK;

/* How far a check of release signatures goes. */
typedef enum {
    KEYRING_FOR_APPLY,    /* ranges and revocation count */
    KEYRING_FOR_ROLLBACK, /* ranges and retirement do not count, revocation does */
} KeyringPurpose;

/* The release key with this id, whatever its range and status, or NULL. */
const KeyringKey *keyring_find_release(const Keyring *keyring,
                                       const uint8_t id[static SIGNATURE_KEY_ID_SIZE]);

/* The release key with this id that may sign `sequence`, or NULL with *why set to words. */
const KeyringKey *keyring_release_key(const Keyring *keyring,
                                      const uint8_t id[static SIGNATURE_KEY_ID_SIZE],
                                      int64_t sequence, KeyringPurpose purpose, const char **why);

/* A record 0 from public keys: both roles, epoch 0; product_uuid "-" for any product. The same keys
 * and `created` give the same record. ERROR_INPUT. */
bool keyring_record0(const PublicKey *keys, const char *const *names, size_t count,
                     int64_t threshold, const char *product_uuid, const char *created,
                     Keyring *ret_keyring, Error *err) MUST_CHECK;

#endif
