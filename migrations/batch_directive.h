/* The directive `-- sealift: batch key=COLUMN [size=ROWS] [table=NAME] [pause=TIME]`: how a
 * statement goes through a table. Its words stand in any order; a name is written as in SQL, folded
 * to small letters unless it is quoted. */
#ifndef SEALIFT_MIGRATIONS_BATCH_DIRECTIVE_H
#define SEALIFT_MIGRATIONS_BATCH_DIRECTIVE_H

#include "migrations/script.h"

/* What stands behind the directive's name, in `line`. *ret_batch must be zeroed, or the directive
 * is given twice. ERROR_INPUT for words that are unknown, missing, twice, or out of range. */
bool batch_directive_read(const char *words, int64_t line, ScriptBatch *ret_batch,
                          Error *err) MUST_CHECK;

void batch_directive_done(ScriptBatch *batch); /* accepts a zeroed one */

#endif
