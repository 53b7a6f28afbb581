/* Which database a command works on: the options that all of them share. */
#ifndef SEALIFT_APPLIER_TARGET_OPTIONS_H
#define SEALIFT_APPLIER_TARGET_OPTIONS_H

#include "applier/ledger/history.h"
#include "applier/server/pg_session.h"
#include "base/command_table.h"
#include "base/option_table.h"

typedef struct TargetOptions {
    const char *db;
    bool show_sql;
} TargetOptions;

/* Rows for an options struct `type` that has a member `TargetOptions target`. */
#define TARGET_OPTION_ROWS(type)                                                                   \
    OPTION_STRING_ROW("db", type, target.db, "CONNINFO",                                           \
                      "the database: a URI or keywords (default: DATABASE_URL, then PG*)"),        \
        OPTION_FLAG_ROW("show-sql", type, target.show_sql,                                         \
                        "show the server's words in full; they may hold data")

/* A command for the operator to paste, with the --db that this one was given, without passwords; by
 * DATABASE_URL and PG* it goes to the same database anyhow. The caller frees. */
char *target_command(const TargetOptions *options, const char *command);

/* Of a Program: the same for each command of ours that the hint quotes ('applier resume' …). */
void target_failed(const Command *command, const void *options, Error *err);

/* A session for reading: its transactions are READ ONLY. Errors are pg_session_open's. */
bool target_open_reading(const TargetOptions *options, PgSession **ret_session,
                         Error *err) MUST_CHECK;

/* The same, and the history of its ledger, for a command that will go on to write: ERROR_TRUST
 * where the ledger's owner is none that this site trusts. */
bool target_read_history(const TargetOptions *options, History *ret_history, Error *err) MUST_CHECK;

#endif
