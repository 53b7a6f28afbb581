/* atlas.sum: a hash over all lines, then one line for each file, whose hash goes on from that of
 * the file before it. Read and compared with what the folder's files come to. */
#ifndef SEALIFT_MIGRATIONS_ATLAS_SUM_H
#define SEALIFT_MIGRATIONS_ATLAS_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "migrations/finding.h"

#define ATLAS_SUM_NAME "atlas.sum"

typedef struct AtlasSumLine {
    char *name; /* owned: a file's, without folder */
    char *hash; /* owned: base64 */
    int64_t line;
} AtlasSumLine;

typedef struct AtlasSum {
    char *total; /* owned: what the first line says; NULL where the sum is computed */
    ARRAY_OF(AtlasSumLine) lines;
} AtlasSum;

void atlas_sum_done(AtlasSum *sum);

/* Read the file at `path`, called `name` in messages. ERROR_IO; ERROR_INPUT "name:line: …". */
bool atlas_sum_read(const char *path, const char *name, AtlasSum *ret_sum, Error *err) MUST_CHECK;

/* Add a file whose bytes `stream` has taken in. */
void atlas_sum_add(AtlasSum *sum, const char *file, const Sha256Stream *stream);

/* What differs between `written`, the file called `name`, and `computed`, the files of `folder` in
 * their order: an error for each file that was added, removed, moved or edited. Behind the first of
 * these no hash tells whether a file was edited too. */
void atlas_sum_compare(const AtlasSum *written, const AtlasSum *computed, const char *name,
                       const char *folder, FindingArray *findings);

#endif
