/* How a bundle fits a database, while a plan is made; for apply_plan.c and its rooms. A check that
 * finds something against it says so in the plan (relation, words, hint) and is true. */
#ifndef SEALIFT_APPLIER_APPLY_FIT_H
#define SEALIFT_APPLIER_APPLY_FIT_H

#include "applier/runs/apply_plan.h"

/* What the checks look at. */
typedef struct ApplyFit {
    const History *history;
    const Manifest *manifest;
    const Digest *head_digest;
    const char *to_version;
    int64_t base;    /* migrations of the product before the bundle's first */
    int64_t count;   /* migrations in the database */
    size_t first;    /* the bundle's versions before it are below what the database began with */
    size_t stand;    /* where it stands: index into versions plus 1; 0: the bundle's start */
    int64_t shift;   /* of positions here against the product's */
    int64_t vouched; /* migrations that a tree digest speaks for, though others stand there */
    ApplyPlan *plan;
} ApplyFit;

/* -- apply_fit.c -- */

void apply_fit_refuse(ApplyFit *fit, ApplyRelation relation, const char *format, ...)
    PRINTF_LIKE(3, 4);
void apply_fit_hint(ApplyFit *fit, const char *format, ...) PRINTF_LIKE(2, 3);

/* The version in the database with that tree, or NULL. */
const AppliedVersion *apply_fit_version_with_tree(const History *history, const Digest *tree);

/* All checks. */
bool apply_fit_refuses(ApplyFit *fit);

/* -- apply_anchor.c -- */

/* The product's migrations through the version of that index plus 1. */
int64_t apply_anchor_position(const Manifest *manifest, size_t stand);

/* Migrations in this database where it is at that version. */
int64_t apply_anchor_end(const ApplyFit *fit, const ManifestVersion *version);

/* The name of the version of that index plus 1; 0: of where the bundle starts. */
const char *apply_anchor_name(const Manifest *manifest, size_t stand);

/* The version that the bundle starts from must stand in the database. Says where it stands. */
bool apply_anchor_is_missing(ApplyFit *fit);

/* -- apply_reach.c -- */

/* No single run goes as far as the target: a nearer one, or refused where it was asked for. */
bool apply_reach_halts(ApplyFit *fit);

#endif
