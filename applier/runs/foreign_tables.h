/* The tables of other migration tools in a database without ledger: what they say was applied. Only
 * reads, by single statements, also on a standby. */
#ifndef SEALIFT_APPLIER_FOREIGN_TABLES_H
#define SEALIFT_APPLIER_FOREIGN_TABLES_H

#include "applier/runs/foreign_match.h"
#include "applier/server/pg_session.h"
#include "base/json_writer.h"

typedef struct ForeignTable {
    const char *tool; /* "dbmate" */
    char *name;       /* owned: as SQL writes it */
    char *unread;     /* owned: why it was not read, and what to do; NULL: it was */
    int64_t count;    /* migrations that it notes; 1 where it knows the last only */
    bool last_only;
    char *last;         /* owned: the last of them, as the tool calls it; NULL: none */
    bool broken;        /* the tool says that the last one failed */
    ForeignPlace place; /* of the manifest that it was compared with */
} ForeignTable;

typedef ARRAY_OF(ForeignTable) ForeignTableArray;

void foreign_tables_done(ForeignTableArray *tables);

/* Read those that are there and compare them with `manifest` (NULL: with none; borrowed from then
 * on). Errors: pg_query's, but for a table that cannot be read. */
bool foreign_tables_read(PgSession *session, const Manifest *manifest,
                         ForeignTableArray *ret_tables, Error *err) MUST_CHECK;

/* The version that the tables agree on; NULL where they say none, or several. */
const char *foreign_tables_version(const ForeignTableArray *tables);

/* "dbmate's public.schema_migrations: 14 migrations, the last 20240102; that is version 1.4" */
void foreign_table_text(const ForeignTable *table, bool compared, Text *out);

/* Member "foreign_history" of the object that is open. */
void foreign_tables_json(const ForeignTableArray *tables, JsonWriter *json);

#endif
