/* Reads tests/vectors/splitter.test; its head says how it is written. */
#ifndef SEALIFT_TESTS_SPLITTER_VECTORS_H
#define SEALIFT_TESTS_SPLITTER_VECTORS_H

#include "base/array.h"
#include "base/text.h"

#define SPLITTER_VECTORS_PATH "tests/vectors/splitter.test"

typedef struct SplitterVector {
    int line;      /* of its name in the file */
    char *name;    /* owned: the behaviour */
    Text sql;      /* what is split */
    Text expected; /* as splitter_record writes it */
} SplitterVector;

typedef ARRAY_OF(SplitterVector) SplitterVectorArray;

/* Ends the process where the file cannot be read. */
SplitterVectorArray splitter_vectors_read(const char *path);
void splitter_vectors_free(SplitterVectorArray *vectors);

#endif
