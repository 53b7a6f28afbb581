/* The vendor's bundles as chains of versions, for routes (bundles/route.h): those that
 * sealift.bundles lists, or files. Keys are names of versions, which are unique in a project. */
#ifndef SEALIFT_PLANNER_BUNDLE_CHAINS_H
#define SEALIFT_PLANNER_BUNDLE_CHAINS_H

#include "bundles/route.h"
#include "migrations/project.h"
#include "planner/packing/bundles_file.h"

typedef struct ChainSource {
    char *path; /* owned; NULL: a line of sealift.bundles */
    int64_t sequence;
    char channel[BUNDLE_NAME_MAX + 1];
    char head_digest[DIGEST_HEX_SIZE];
} ChainSource;

typedef struct BundleChains {
    RouteBundleArray chains;
    ARRAY_OF(ChainSource) sources; /* one for each chain */
    ARRAY_OF(char *) texts;        /* owned; what the chains borrow */
} BundleChains;

void bundle_chains_done(BundleChains *chains);

/* A chain for the line: the releases that lead from its first version to its last, also where they
 * are superseded today. ERROR_INPUT where sealift.sum does not know them so. */
bool bundle_chains_add_line(const Project *project, const BundleLine *line, BundleChains *chains,
                            Error *err) MUST_CHECK;

/* A chain for a file, read without trust: the vendor's own eyes. ERROR_TRUST where it is another
 * product's; bundle_reader's errors. */
bool bundle_chains_add_file(const Project *project, const char *path, BundleChains *chains,
                            Error *err) MUST_CHECK;

#endif
