/* Which version of a product a database is at, by its schema alone. Pure but for the reading of
 * proven rows from the bundle.
 *
 * Compared is every version that the bundle holds, by every way that a rehearsal came to it, and
 * every earlier one of which it holds the roots. */
#ifndef SEALIFT_APPLIER_ADOPT_MATCH_H
#define SEALIFT_APPLIER_ADOPT_MATCH_H

#include "applier/schema/schema_proof.h"

/* A version whose proven schema the database has; texts borrowed from the manifest. */
typedef struct AdoptMatch {
    const char *version; /* "-": the database is empty */
    Digest tree_digest;
    int64_t position;  /* migrations of the product up to it */
    SchemaState state; /* SCHEMA_PROVEN, or SCHEMA_PARTLY on an unrehearsed server major */
    Arrival arrival;   /* ARRIVAL_UP for an earlier version */
    int64_t compared_major;
    bool env_differs; /* owners, rights, comments or settings; false on an unrehearsed major */
    FingerprintRoots roots;
} AdoptMatch;

typedef ARRAY_OF(AdoptMatch) AdoptMatchArray;

/* The version that lacks least, where none matches. */
typedef struct AdoptNearest {
    const char *version; /* borrowed; NULL: there is none */
    ProofSet set;
    ProofResult result;
} AdoptNearest;

void adopt_nearest_done(AdoptNearest *nearest);

/* Compare. `matches` is empty before; *ret_nearest is filled where it stays so, without definitions
 * where `taken` has none. Errors: those of proof_compare. */
bool adopt_match(const ProofSource *bundle, const Fingerprint *taken,
                 const AcceptedExtraArray *accepted, int64_t server_major, AdoptMatchArray *matches,
                 AdoptNearest *ret_nearest, Error *err) MUST_CHECK;

/* The one match, or the one that is named `version` (NULL: none is named). ERROR_TARGET where there
 * are several and none is named, where the named one is not among them, and for an empty database.
 */
bool adopt_choose(const AdoptMatchArray *matches, const char *version, const AdoptMatch **ret_match,
                  Error *err) MUST_CHECK;

#endif
