/* What rehearsals at this site have measured, kept for `plan`: a file for each database and bundle,
 * `<state>/rehearsals/<database UUID, or unmanaged>-<first 32 digits of HEAD's digest>.json`:
 *
 *     {"rehearsal": 1, "at": UTC, "method": "template", "server_version": "15.4", "steps": [
 *       {"identity": …, "script": "up", "statement": 1, "duration_us": …, "relations": [
 *         {"relation": "public.t", "bytes": …, "rows": …, "lock": "AccessExclusiveLock",
 *          "rewritten": false, "scanned": true}]}]}
 *
 * Hints, no truths: nobody signs them, and nothing is refused by what they say. So a file that
 * cannot be read never stops a run: it is named in a warning and passed over. */
#ifndef SEALIFT_APPLIER_MEASURED_STORE_H
#define SEALIFT_APPLIER_MEASURED_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "applier/site/site_config.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "bundles/manifest.h"

#define MEASURED_STORE_SIZE_MAX ((size_t)64 << 20)

typedef struct MeasuredStepRelation {
    char *relation; /* owned: "public.orders" */
    int64_t bytes;  /* pg_total_relation_size before the step: of a partitioned table all of them */
    int64_t rows;   /* before the step */
    char *lock;     /* owned: "AccessExclusiveLock"; "" for none */
    bool rewritten;
    bool scanned; /* all its rows were read */
} MeasuredStepRelation;

typedef ARRAY_OF(MeasuredStepRelation) MeasuredStepRelationArray;

typedef struct MeasuredStep {
    char *identity; /* owned: the migration's */
    ScriptKind script;
    int64_t statement; /* from 1 in its script */
    int64_t duration_us;
    MeasuredStepRelationArray relations;
} MeasuredStep;

typedef ARRAY_OF(MeasuredStep) MeasuredStepArray;

/* What a rehearsal at this site measured; borrowed. Zeroed: nothing. */
typedef struct SiteMeasurements {
    const MeasuredStep *steps;
    size_t count;
    int64_t at; /* seconds since 1970 */
} SiteMeasurements;

typedef struct MeasuredRehearsal {
    char at[CLOCK_TEXT_SIZE]; /* when it was done; "" where there is none */
    char *method;             /* owned: "template", "restored", "rolled-back" */
    char *server_version;     /* owned: "15.4" */
    MeasuredStepArray steps;  /* in the order in which they ran */
} MeasuredRehearsal;

void measured_rehearsal_done(MeasuredRehearsal *rehearsal); /* accepts a zeroed one */

/* Where that of a database (its ledger's UUID; NULL: it has no ledger yet) and a bundle is kept.
 * The caller frees. */
char *measured_store_path(const SiteConfig *config, const char *database_uuid,
                          const Digest *head_digest);

/* Keep it, whole or not at all, instead of the one before. ERROR_IO. */
bool measured_store_write(const SiteConfig *config, const char *database_uuid,
                          const Digest *head_digest, const MeasuredRehearsal *rehearsal,
                          Error *err) MUST_CHECK;

/* The last one. False where there is none, or none that can be read: of that `warnings` gets a
 * line. *ret_rehearsal is the caller's, by measured_rehearsal_done. */
bool measured_store_read(const SiteConfig *config, const char *database_uuid,
                         const Digest *head_digest, MeasuredRehearsal *ret_rehearsal,
                         Text *warnings) MUST_CHECK;

/* The step of that migration, script and statement; NULL where it was not measured. */
const MeasuredStep *measured_step_find(const MeasuredRehearsal *rehearsal, const char *identity,
                                       ScriptKind script, int64_t statement);

#endif
