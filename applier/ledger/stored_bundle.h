/* A bundle as the ledger keeps it: envelope, manifest, and the objects of down, verify and precheck
 * scripts and of fingerprints. All of it is proven again before it is believed: HEAD by the site's
 * keyring or by a digest that the site's state file knows, the manifest by HEAD, objects by the
 * manifest. */
#ifndef SEALIFT_APPLIER_STORED_BUNDLE_H
#define SEALIFT_APPLIER_STORED_BUNDLE_H

#include "applier/server/pg_session.h"
#include "bundles/envelope.h"
#include "bundles/manifest.h"
#include "bundles/object_stream.h"

/* What the site can prove HEADs with; all borrowed. */
typedef struct StoredTrust {
    const Keyring *keyrings;
    size_t keyring_count;
    const Digest *known_heads; /* from the state file */
    size_t known_head_count;
} StoredTrust;

typedef enum {
    PROVEN_BY_SIGNATURE,
    PROVEN_BY_STATE,
    PROVEN_BY_NOTHING, /* on the database's word alone: a warning, and recorded */
} StoredProof;

const char *stored_proof_name(StoredProof proof);

typedef struct StoredBundle {
    Digest head_digest;
    Envelope envelope;
    EnvelopeProof proof;
    StoredProof proven;
    Manifest manifest;
    ObjectSource objects;        /* reads through `session`, which must not be in pipeline mode */
    struct StoredReader *reader; /* owned; the objects' context */
} StoredBundle;

/* Load it. `session` is used for reading only, and while the bundle's objects are read; it must not
 * be the one that runs the steps. ERROR_TARGET where the ledger does not have it; ERROR_TRUST where
 * a digest does not fit, or a keyring is given and every one of them refuses the signatures and the
 * state file does not know the HEAD. */
bool stored_bundle_load(PgSession *session, const Digest *head_digest, const StoredTrust *trust,
                        StoredBundle **ret_bundle, Error *err) MUST_CHECK;

void stored_bundle_free(StoredBundle *bundle);
DEFINE_CLEANUP(StoredBundle, stored_bundle_free)

/* Several of them, each loaded once. */
typedef struct StoredBundles {
    PgSession *session;
    const StoredTrust *trust;
    ARRAY_OF(StoredBundle *) loaded;
} StoredBundles;

void stored_bundles_done(StoredBundles *bundles);

bool stored_bundles_get(StoredBundles *bundles, const Digest *head_digest,
                        const StoredBundle **ret_bundle, Error *err) MUST_CHECK;

#endif
