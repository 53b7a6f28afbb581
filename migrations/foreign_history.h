/* The history that a layout's own migration tool keeps in the database: in which table, and which
 * versions of the project keep it. A release writes the decision into sealift.sum, as a mark
 * "TOOL:SCHEMA.TABLE" (sqitch keeps a whole schema: "sqitch:SCHEMA"; liquibase's rows depend on two
 * settings more: "liquibase:SCHEMA.TABLE:VERSION:FOLDER"), so that what was released stays what it
 * was when sealift.conf changes (docs/foreign-history.md). */
#ifndef SEALIFT_MIGRATIONS_FOREIGN_HISTORY_H
#define SEALIFT_MIGRATIONS_FOREIGN_HISTORY_H

#include "migrations/project.h"

/* Where it is kept; names as the catalog has them. */
typedef struct HistoryPlace {
    Layout layout;      /* whose tool it is */
    char *schema;       /* owned */
    char *table;        /* owned; NULL: the tool keeps the whole schema */
    const char *beside; /* borrowed: another table of the tool's in that schema, or NULL */
    char *version; /* owned: whose rows they are, where the tool's versions write others; or NULL */
    char *folder;  /* owned: as what the tool knows the migration folder, where it notes that; or
                      NULL */
} HistoryPlace;

void history_place_done(HistoryPlace *place);

/* Whether the text is a mark, of a layout with such a tool. */
bool history_mark_parse(const char *mark, HistoryPlace *ret_place) MUST_CHECK;

/* Whether `text` can be [foreign-history] table: NAME or SCHEMA.NAME. */
bool history_table_is_valid(const char *text);

/* Fill in project->history and that of each version. ERROR_CONFIG: the layout has no such tool; a
 * version was released with another one's history; SQL that replaces a program would be noted. */
bool foreign_history_resolve(Project *project, Error *err) MUST_CHECK;

#endif
