/* sealift.bundles: the text file that assigns sequence numbers, one line per bundle, append-only,
 * so that two build machines conflict in git on the last line.
 *
 *     sealift-bundles 1
 *     bundle SEQUENCE CHANNEL FROM TO TREE-TO CREATED HEAD-DIGEST
 */
#ifndef SEALIFT_PLANNER_BUNDLES_FILE_H
#define SEALIFT_PLANNER_BUNDLES_FILE_H

#include "base/array.h"
#include "bundles/head.h"

#define BUNDLES_FILE_NAME "sealift.bundles"

typedef struct BundleLine {
    int64_t sequence;
    char channel[BUNDLE_NAME_MAX + 1];
    char from[BUNDLE_VERSION_MAX + 1]; /* or "-" */
    char to[BUNDLE_VERSION_MAX + 1];
    char tree_to[DIGEST_HEX_SIZE];
    char created[CLOCK_TEXT_SIZE];
    char head_digest[DIGEST_HEX_SIZE];
} BundleLine;

typedef ARRAY_OF(BundleLine) BundleLineArray;

/* A file that is not there is an empty one. ERROR_INPUT "sealift.bundles:line: …". The caller frees
 * with array_free. */
bool bundles_file_read(const char *path, BundleLineArray *ret_lines, Error *err) MUST_CHECK;

/* Add a line at the end, atomically. */
bool bundles_file_append(const char *path, const BundleLine *line, Error *err) MUST_CHECK;

/* The line that built this before (same channel, from, to, tree), the newest where several did; or
 * NULL. */
const BundleLine *bundles_file_find(const BundleLineArray *lines, const BundleLine *like);

#endif
