/* The planner's catalog, .sealift/catalog.db: what rehearsals showed, kept by content, so that only
 * what changed is rehearsed again, and pack can fill the manifest. It may be deleted at any time;
 * one of another number, or that cannot be read, is made anew. */
#ifndef SEALIFT_PLANNER_CATALOG_H
#define SEALIFT_PLANNER_CATALOG_H

#include "planner/rehearsal/rehearsal.h"
#include "planner/rehearsal/rehearsal_subject.h"

typedef struct Catalog Catalog;

/* Open it for the project in folder `root`, made where it is missing. *ret_lost (may be NULL): one
 * was there and could not be used. ERROR_IO. */
bool catalog_open(const char *root, Catalog **ret_catalog, bool *ret_lost, Error *err) MUST_CHECK;
void catalog_free(Catalog *catalog);
DEFINE_CLEANUP(Catalog, catalog_free)

typedef struct CatalogStore {
    const RehearsalSubject *subject;
    const char *server_version; /* with the packager's words: another one is rehearsed anew */
    const char *texts;          /* folder of the fingerprints' texts */
    const bool *cycled;         /* per migration of the subject: it went through its cycle */
} CatalogStore;

/* Keep a complete report in place of what was known under its keys; all of it or nothing. Where a
 * version's schema is not what an earlier rehearsal of the same on the same server came to, the
 * migration is added to rehearsal->unsteady, and passed becomes false. ERROR_INTERNAL where the
 * report names what the subject does not have, or a text is not what the report says; ERROR_IO. */
bool catalog_store(Catalog *catalog, const CatalogStore *store, Rehearsal *rehearsal,
                   Error *err) MUST_CHECK;

/* What is known of the subject on a major: verdicts, fingerprints, measures and findings of every
 * migration and version that was rehearsed; `ended` where the whole run was. With `server_version`
 * only what that very server showed. The caller releases with rehearsal_done. */
bool catalog_load(Catalog *catalog, const RehearsalSubject *subject, int64_t major,
                  const char *server_version, Rehearsal *ret_rehearsal, Error *err) MUST_CHECK;

/* What is kept of what the project has no more: another branch's, an edit's that may be undone. */
typedef struct CatalogLimits {
    int64_t seconds; /* since the project had it */
    int64_t bytes;   /* where the catalog holds more, nothing of it is */
} CatalogLimits;

extern const CatalogLimits catalog_limits; /* 30 days, 256 MB */

/* Forget what has not been in any of the `subjects` for longer than the limits say at `now`
 * (seconds since 1970), and give the file's room back where much of it is free. ERROR_IO. */
bool catalog_prune(Catalog *catalog, const RehearsalSubject *const *subjects, size_t count,
                   int64_t now, const CatalogLimits *limits, Error *err) MUST_CHECK;

/* The majors that anything was rehearsed on, in order. The caller frees *ret_majors. */
bool catalog_majors(Catalog *catalog, int64_t **ret_majors, size_t *ret_count,
                    Error *err) MUST_CHECK;

/* The text of a fingerprint by its name. ERROR_INTERNAL where it is not there. */
bool catalog_text(Catalog *catalog, const char *name, Text *text, Error *err) MUST_CHECK;

#endif
