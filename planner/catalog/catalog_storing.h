/* A rehearsal being stored. For catalog_store.c and catalog_earlier.c only. */
#ifndef SEALIFT_PLANNER_CATALOG_STORING_H
#define SEALIFT_PLANNER_CATALOG_STORING_H

#include "planner/catalog/catalog_db.h"

/* Borrowed. */
typedef struct Storing {
    Catalog *catalog;
    const CatalogStore *store;
    Rehearsal *rehearsal;
} Storing;

/* The text of a fingerprint as applier wrote it, checked against its name: what pack signs comes
 * from here. The caller frees. ERROR_INTERNAL, ERROR_IO. */
bool catalog_read_new_text(const Storing *storing, const char *name, char **ret_bytes,
                           size_t *ret_size, Error *err) MUST_CHECK;

/* Where a version came out otherwise than an earlier rehearsal of the same text on the same server,
 * the first such version is noted as nondeterministic; what follows it follows from it. */
bool catalog_compare_with_earlier(const Storing *storing, Error *err) MUST_CHECK;

#endif
