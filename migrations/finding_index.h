/* Which finding is about a file: a folder for several databases has thousands of both, so that
 * looking through all findings for each file takes seconds. */
#ifndef SEALIFT_MIGRATIONS_FINDING_INDEX_H
#define SEALIFT_MIGRATIONS_FINDING_INDEX_H

#include "migrations/finding.h"

typedef struct FindingMention {
    const char *name; /* in the finding's message */
    size_t length;
    size_t finding; /* its place among the findings */
} FindingMention;

typedef struct FindingIndex {
    const FindingArray *findings; /* borrowed; must stay as they are */
    ARRAY_OF(FindingMention) mentions;
} FindingIndex;

void finding_index_init(FindingIndex *index, const FindingArray *findings);
void finding_index_done(FindingIndex *index);

/* The finding that names this file, 'PATH' anywhere in the message or "PATH:" at its beginning: the
 * worst, of these the first. NULL where none does. */
const Finding *finding_index_about(const FindingIndex *index, const char *path);

#endif
