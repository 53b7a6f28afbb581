/* The options of every command that changes a database, and how a run is watched on stderr. */
#ifndef SEALIFT_APPLIER_RUN_OPTIONS_H
#define SEALIFT_APPLIER_RUN_OPTIONS_H

#include "applier/commands/backup_options.h"
#include "applier/commands/run_watch.h"
#include "applier/commands/target_options.h"
#include "applier/runs/apply_run.h"
#include "applier/site/site_config.h"

#define RUN_AS_THE_SITE_SAYS (-1)

typedef struct RunCommandOptions {
    TargetOptions target;
    int64_t lock_wait;    /* seconds */
    int64_t lock_timeout; /* milliseconds */
    int64_t attempts;     /* of a group */
    int64_t heartbeat;    /* seconds */
    const char *events;   /* file, or NULL */
    const char *max_lag;  /* or NULL */
    bool cancel_blockers;
    bool ignore_conflicts;
    bool same_site;
    int64_t reconnect;  /* seconds; RUN_AS_THE_SITE_SAYS where not given */
    int64_t step_limit; /* seconds; likewise */
    StringArray accept_extra;
    bool strict;
    StringArray set;
    BackupWords backup;
} RunCommandOptions;

#define PARAMETER_OPTION_ROW(type, field)                                                          \
    OPTION_REPEATED_ROW("set", type, field, "NAME=VALUE",                                          \
                        "the value of a parameter that the bundle leaves to the site (default: "   \
                        "[parameters] in applier.conf, then what the last run had)")

/* Rows for an options struct `type` that has a member `RunCommandOptions run`. */
#define RUN_OPTION_ROWS(type)                                                                      \
    OPTION_STRING_ROW("db", type, run.target.db, "CONNINFO",                                       \
                      "the database: a URI or keywords (default: DATABASE_URL, then PG*)"),        \
        OPTION_FLAG_ROW("show-sql", type, run.target.show_sql,                                     \
                        "show the server's words in full; they may hold data"),                    \
        OPTION_NUMBER_ROW("lock-wait", type, run.lock_wait, "SECONDS",                             \
                          "how long to wait for another applier (default 60)"),                    \
        OPTION_NUMBER_ROW("lock-timeout", type, run.lock_timeout, "MS",                            \
                          "how long a statement may wait for a table's lock, before its group is " \
                          "rolled back and run again (default 5000; 0: for ever)"),                \
        OPTION_REPEATED_ROW("accept-extra", type, run.accept_extra, "IDENTITY=REASON",             \
                            "accept an object of the site's own beside the proven schema, named "  \
                            "as drift prints it (KIND:IDENTITY where that is not clear)"),         \
        PARAMETER_OPTION_ROW(type, run.set),                                                       \
        OPTION_FLAG_ROW("strict", type, run.strict,                                                \
                        "refuse also where owners, rights, comments or settings differ, and on a " \
                        "server major that the bundle was not rehearsed on")

/* And those of the commands that run steps. */
#define STEPS_OPTION_ROWS(type)                                                                    \
    BACKUP_OPTION_ROWS(type, run.backup),                                                          \
        OPTION_NUMBER_ROW("attempts", type, run.attempts, "N",                                     \
                          "how often a group is tried that a lock timeout, a deadlock or a "       \
                          "serialization failure rolled back (default 10)"),                       \
        OPTION_FLAG_ROW("cancel-blockers", type, run.cancel_blockers,                              \
                        "cancel what holds our steps up and is our own login role's (a session "   \
                        "idle in a transaction is ended) or autovacuum; nobody else's"),           \
        OPTION_FLAG_ROW("ignore-conflicts", type, run.ignore_conflicts,                            \
                        "begin although a dump or a prepared transaction holds what is needed"),   \
        OPTION_FLAG_ROW("same-site", type, run.same_site,                                          \
                        "a database that was restored, moved or upgraded with its server is this " \
                        "site's from now on"),                                                     \
        OPTION_STRING_ROW("max-lag", type, run.max_lag, "BYTES|TIME",                              \
                          "stand still between groups while a standby is further behind: 64MB, "   \
                          "30s; 0: no limit (default: the site's max-lag, else none)"),            \
        OPTION_NUMBER_ROW("heartbeat", type, run.heartbeat, "SECONDS",                             \
                          "between two lines without a terminal (default 10; 0: only where "       \
                          "something changes)"),                                                   \
        OPTION_STRING_ROW("events", type, run.events, "FILE",                                      \
                          "append what happens as JSON lines; /dev/stderr works"),                 \
        OPTION_NUMBER_ROW("reconnect", type, run.reconnect, "SECONDS",                             \
                          "how long to try to come back after the connection was lost "            \
                          "(default: reconnect in applier.conf, else 300; 0: not at all)"),        \
        OPTION_NUMBER_ROW("step-limit", type, run.step_limit, "SECONDS",                           \
                          "how long a step outside transactions may take, a concurrent index "     \
                          "build for one, before it is cancelled and cleared away (default: "      \
                          "step-limit in applier.conf, else 0: for ever)")

/* The defaults of the numbers. */
void run_options_defaults(RunCommandOptions *options);

/* What apply_run and rollback_run take, watched by `watch`, which must outlive the run and is
 * released by run_watch_done. */
RunOptions run_options_make(const RunCommandOptions *given, const SiteConfig *site, RunWatch *watch,
                            const char *program);

/* The words of --accept-extra. The caller releases them. ERROR_USAGE. */
bool accept_words_parse(const StringArray *words, AcceptRequestArray *ret_accepts,
                        Error *err) MUST_CHECK;

/* What --accept-extra said; for run.schema. The caller releases it. ERROR_USAGE, also for numbers
 * that cannot be. */
bool run_options_accepts(const RunCommandOptions *given, AcceptRequestArray *ret_accepts,
                         Error *err) MUST_CHECK;

#endif
