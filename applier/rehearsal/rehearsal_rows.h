/* Generated rows, so that what a migration does to rows shows: each empty table gets a few, which
 * honour types, keys and checks as far as can be told from the catalog and from the server's
 * refusals. A table whose rows cannot be guessed stays empty; that is no error. */
#ifndef SEALIFT_APPLIER_REHEARSAL_ROWS_H
#define SEALIFT_APPLIER_REHEARSAL_ROWS_H

#include "applier/server/pg_session.h"
#include "bundles/manifest.h"

typedef struct RehearsalRows RehearsalRows;

/* `count` rows for each table; 0: none. What the manifest (borrowed) tolerates gets none. */
RehearsalRows *rehearsal_rows_new(int64_t count, const Manifest *manifest);
void rehearsal_rows_free(RehearsalRows *rows);
DEFINE_CLEANUP(RehearsalRows, rehearsal_rows_free)

typedef enum {
    ROWS_OF_TABLES,      /* fill the empty tables that were not there at the last call … */
    ROWS_AND_OF_COLUMNS, /* … and the columns that tables filled before have got since */
} RowsWanted;

/* Columns are for where a version begins: until then nobody has written into them, and a migration
 * that fills them finds them as it would at a site. Errors: pg_query's, for statements that must
 * not fail. */
bool rehearsal_rows_fill(RehearsalRows *rows, PgSession *session, RowsWanted wanted,
                         Error *err) MUST_CHECK;

/* How many tables hold generated rows, and how many could not be given any. */
int64_t rehearsal_rows_filled(const RehearsalRows *rows);
int64_t rehearsal_rows_given_up(const RehearsalRows *rows);

/* Another database, or one that was emptied: begin anew. */
void rehearsal_rows_forget(RehearsalRows *rows);

#endif
