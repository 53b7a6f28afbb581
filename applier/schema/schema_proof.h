/* Which schemas are proven for a version, and whether a live one is among them. Pure but for the
 * reading of rows from a bundle's objects, which happens only where roots differ.
 *
 * A version has a set of proven fingerprints, one for each way that a rehearsal came to it
 * (ENGINE.md 16). On a server major that was rehearsed core and deparse must match, and env is
 * looked at; on another one only core can be compared, with the nearest major, and no more is said
 * of the rest. What the site has accepted, and what the manifest tolerates, is taken out before. */
#ifndef SEALIFT_APPLIER_SCHEMA_PROOF_H
#define SEALIFT_APPLIER_SCHEMA_PROOF_H

#include "applier/schema/accepted_extra.h"
#include "bundles/fingerprint.h"
#include "bundles/manifest.h"
#include "bundles/object_stream.h"

/* A bundle: from a file, or as the ledger keeps it. Borrowed. */
typedef struct ProofSource {
    const Manifest *manifest;
    const ObjectSource *objects;
} ProofSource;

typedef ARRAY_OF(ProofSource) ProofSourceArray;

/* Add it, once. A bundle that was packed unproven is no source and is left out. */
void proof_sources_add(ProofSourceArray *sources, const Manifest *manifest,
                       const ObjectSource *objects);

/* The place of a version among ManifestFingerprint.version by its tree digest in hex, "-" for
 * before the first; SIZE_MAX where the bundle does not hold it. */
size_t proof_version_index(const Manifest *manifest, const char *tree);

typedef struct ProofEntry {
    ProofSource source;
    const ManifestFingerprint *fingerprint;
} ProofEntry;

/* What is proven for one version. */
typedef struct ProofSet {
    const Manifest *scope; /* whose scope and tolerated globs hold; NULL: nothing is proven */
    ARRAY_OF(ProofEntry) entries;
    int64_t server_major; /* that the entries were rehearsed on */
    bool same_major;      /* … and it is the server's */
} ProofSet;

void proof_set_done(ProofSet *set);

/* Those of `server_major`, else of the nearest (of two, the higher). Sources of another scope than
 * the first that has any are left out. */
void proof_set_choose(const ProofSourceArray *sources, const char *tree, int64_t server_major,
                      ProofSet *ret_set);

typedef enum {
    SCHEMA_UNPROVEN, /* there is nothing to compare with */
    SCHEMA_PROVEN,   /* equal in all that must match */
    SCHEMA_PARTLY,   /* equal in core; the server's major was not rehearsed */
    SCHEMA_DIFFERS,
} SchemaState;

const char *schema_state_name(SchemaState state);

typedef struct ProofResult {
    SchemaState state;
    const ProofEntry *entry; /* of the set: the one it equals, or the nearest; NULL if unproven */
    FingerprintRoots roots;  /* of what was compared */
    FingerprintChangeArray changes; /* against that entry, in order: core, deparse, env */
    size_t differences;             /* of them, those that must match */
    size_t env_differences;         /* … and those that are warned of; 0 on another major */
    Fingerprint compared;           /* owned; what `changes` and roots are of */
    Fingerprint expected;           /* owned; rows of `entry` where they were needed */
    Fingerprint accepted;           /* owned; taken out as accepted by the site … */
    Fingerprint tolerated;          /* … and as tolerated by the vendor */
} ProofResult;

void proof_result_done(ProofResult *result);

#define PROOF_NO_ARRIVAL (-1)

/* Compare what was taken from a live schema (sorted; empty afterwards) with the set. Where several
 * entries are equal, or equally near, the one of `arrival` (or PROOF_NO_ARRIVAL) is taken, then
 * one whose env is equal too. Errors: those of object_stream and fingerprint_parse. */
bool proof_compare(const ProofSet *set, Fingerprint *taken, const AcceptedExtraArray *accepted,
                   int arrival, ProofResult *ret_result, Error *err) MUST_CHECK;

/* Whether one of the manifest's globs covers the row. */
bool proof_is_tolerated(const Manifest *manifest, const FingerprintRow *row);

/* The rows of an entry. */
bool proof_entry_read(const ProofEntry *entry, Fingerprint *ret_fingerprint, Error *err) MUST_CHECK;

/* "column public.t.c: changed; …" up to `most` of the changes of these classes, and how many more.
 */
typedef enum { CHANGES_THAT_COUNT, CHANGES_OF_ENV } ChangesWanted;
void proof_changes_text(const ProofResult *result, ChangesWanted wanted, size_t most, Text *text);

#endif
