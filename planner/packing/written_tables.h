/* The tables whose rows the statements of a script change, each once. */
#ifndef SEALIFT_PLANNER_WRITTEN_TABLES_H
#define SEALIFT_PLANNER_WRITTEN_TABLES_H

#include "base/array.h"
#include "migrations/statement_kind.h"

/* Sorted by schema and name as they are written: `public.item` and `item` are two. */
typedef ARRAY_OF(StatementName) WrittenTables;

/* Whether the name is new; it is in the set afterwards. */
bool written_tables_add(WrittenTables *tables, const StatementName *name);

void written_tables_done(WrittenTables *tables);

#endif
