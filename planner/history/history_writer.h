/* What a migration tool notes in its own table: one writer for each tool, behind history.h. A
 * writer says, as SQL, how the tool makes its table and what it writes when a migration was applied
 * or taken back; it reads the project's files and nothing else. To add a tool: a file
 * history_TOOL.c, a row in history.c, and its table in migrations/foreign_history.c. */
#ifndef SEALIFT_PLANNER_HISTORY_WRITER_H
#define SEALIFT_PLANNER_HISTORY_WRITER_H

#include "base/text.h"
#include "migrations/foreign_history.h"

typedef ARRAY_OF(char *) HistoryStatements; /* each owned, without a semicolon */

void history_statements_done(HistoryStatements *statements);

typedef struct HistoryJob {
    const Project *project;
    const HistoryPlace *place;
    char *name;  /* owned: the table as SQL writes it; of a tool that keeps a schema, the schema */
    void *state; /* the writer's own, between open and close */
} HistoryJob;

/* `migration` is its index in the project. All but `layout` and `create` and the two verbs may be
 * NULL. Errors: ERROR_IO, ERROR_INPUT for what the tool itself could not read. */
typedef struct HistoryWriter {
    Layout layout;
    bool one_row; /* the table knows the last migration only */
    bool (*open)(HistoryJob *job, Error *err);
    void (*close)(HistoryJob *job);
    /* Refuse a released version of this name whose rows would change later. */
    bool (*check_version)(const HistoryJob *job, const char *version, Error *err);
    /* Make the table where it is not there, with what the tool puts in at once. */
    bool (*create)(const HistoryJob *job, HistoryStatements *statements, Error *err);
    /* Note that it was applied; where it is noted already, nothing. */
    bool (*applied)(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err);
    bool (*reverted)(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err);
} HistoryWriter;

extern const HistoryWriter history_golang_migrate, history_diesel, history_dbmate, history_goose,
    history_node_pg, history_sqlx, history_prisma, history_flyway, history_sqitch, history_graphile,
    history_liquibase;

/* --- what writers share ---------------------------------------------------------------------- */

const ProjectMigration *history_migration(const HistoryJob *job, size_t migration);

/* Add a statement; text_take's the text. */
void history_add(HistoryStatements *statements, Text *statement);
void history_addf(HistoryStatements *statements, const char *format, ...) PRINTF_LIKE(2, 3);

/* A literal that means the same whatever standard_conforming_strings says; NULL: the word NULL. The
 * caller frees. */
char *history_literal(const char *text);

/* A name as SQL writes it, always in double quotes. The caller frees. */
char *history_identifier(const char *name);

/* The digits at the beginning, without leading zeros. The caller frees. */
char *history_number(const char *text);

/* The up script's file as it stands, with no byte changed. The caller frees *ret_bytes. */
bool history_read_up(const HistoryJob *job, size_t migration, char **ret_bytes, size_t *ret_size,
                     Error *err) MUST_CHECK;

/* How long the transaction has run, as a number of the `unit`, which 1 second has. */
#define HISTORY_TIME_SINCE(unit)                                                                   \
    "(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.now()) * " unit ")"

#endif
