/* The directives of a migration of Atlas: comments `-- atlas:WORD …`. Which of them count depends
 * on where they stand: in the first line, or among the comments at the top that an empty line ends.
 * One that Atlas would not see is refused, since who wrote it meant it. */
#ifndef SEALIFT_MIGRATIONS_ATLAS_FILE_H
#define SEALIFT_MIGRATIONS_ATLAS_FILE_H

#include "base/digest.h"
#include "migrations/layout.h"

typedef struct AtlasFile {
    bool sum_ignored;    /* -- atlas:sum ignore */
    bool no_transaction; /* -- atlas:txmode none */
    bool checkpoint;     /* -- atlas:checkpoint */
} AtlasFile;

/* Read the file at `path`, `name` in the project, and let `sum` take it in: its name without
 * folder, and its bytes unless it says otherwise. Where a delimiter of its own stands alone in
 * lines, or is of line ends, `ranges` become the texts between these. What is refused becomes a
 * finding. ERROR_IO. */
bool atlas_file_read(const char *path, const char *name, Sha256Stream *sum,
                     ScriptRangeArray *ranges, FindingArray *findings, AtlasFile *ret_file,
                     Error *err) MUST_CHECK;

#endif
