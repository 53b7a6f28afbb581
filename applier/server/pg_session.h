/* One connection to the target, with every setting that matters pinned.
 *
 * Settings go into the startup packet, behind the user's own `options`: there RESET ALL returns to
 * them and they beat ALTER ROLE … SET. What only some servers know is looked at after connecting,
 * and where a site's value differs the session is opened once more with it pinned. Words name host,
 * port, database and user, never the connection string, and never a password.
 *
 * The search_path is pinned apart (decision 27): what the startup packet has is the scripts', for
 * that is what a script's own RESET must come back to; what holds is ours, PG_SESSION_PATH, from
 * the first answer on, and the scripts' only while their statements run (steps/scripts_path.h). */
#ifndef SEALIFT_APPLIER_PG_SESSION_H
#define SEALIFT_APPLIER_PG_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define PG_SESSION_APPLICATION     "sealift"
#define PG_SESSION_LOCK_TIMEOUT_MS 5000 /* default in transaction groups */

/* What statements of ours run with: names mean the server's own functions, operators and types,
 * whatever somebody has put into other schemas. */
#define PG_SESSION_PATH "pg_catalog, pg_temp"

typedef enum { PG_SESSION_WRITES, PG_SESSION_READS } PgSessionPurpose;

/* What stands between us and the server (pooler_check.h). */
typedef enum { PG_DIRECT, PG_SESSION_POOL, PG_TRANSACTION_POOL } PgPooler;

/* How much of the server's words may be shown (ENGINE.md 23). */
typedef enum { WORDS_REDACTED, WORDS_WHOLE } WordsPolicy;

/* 63 bytes are what a server keeps of an application's name. */
#define PG_APPLICATION_SIZE 64

typedef struct PgSessionOptions {
    const char *conninfo;         /* --db; NULL: DATABASE_URL, then PG* */
    const char *scripts_path;     /* their search_path, as a SET list; NULL: public */
    PgSessionPurpose purpose;     /* PG_SESSION_READS: transactions are READ ONLY by default */
    int64_t lock_timeout_ms;      /* 0: none */
    int64_t statement_timeout_ms; /* 0: none */
    WordsPolicy words;
    const char *application; /* application_name; NULL: PG_SESSION_APPLICATION */
} PgSessionOptions;

/* What the server says about itself and us; texts owned by the session. */
typedef struct PgFacts {
    int version; /* 150004 */
    char *version_text;
    char *database;
    char *database_oid;
    char *system_identifier;
    char *session_user;
    char *current_user;
    char *encoding;
    char *synchronous_commit; /* the site's own value */
    bool superuser;           /* the login role is one */
    bool in_recovery;
    int64_t
        locks_available; /* half of the lock table (ENGINE.md 14), what is held not subtracted */
    int64_t backend_pid; /* the process that serves us, as it says itself */
} PgFacts;

typedef struct PgSession {
    PGconn *connection; /* owned */
    PGcancel *cancel;   /* owned */
    PgFacts facts;
    PgPooler pooler; /* never PG_TRANSACTION_POOL once it is open */
    WordsPolicy words;
    char *pin_sql;      /* owned; run after each RESET ALL: what the startup packet could not pin */
    char *scripts_path; /* owned; what the ledger says of the session's scripts */
    bool path_is_ours;  /* PG_SESSION_PATH holds: pg_query may be used */
    int64_t notice_count; /* warnings of the server since the session began … */
    char notice_code[6];  /* … and the SQLSTATE of the last */
    bool closed_by_us;    /* the server did what no plan announces: not to be gone on with */
    /* Told at each tick while we wait for the server (pg_wait.h); NULL: nobody. It must not use
     * this session. `waited_ms` is how long this one wait has lasted. */
    void (*waiting)(void *context, int64_t waited_ms);
    void *waiting_context;
    int64_t told_ms; /* when that was last; pg_wait's own */
} PgSession;

/* ERROR_CONNECTION where there is no server, the login is refused or the database is not there;
 * ERROR_USAGE for a connection string that cannot be read; ERROR_TARGET where a pooler shares the
 * server's sessions between its clients; ERROR_INTERRUPTED. */
bool pg_session_open(const PgSessionOptions *options, PgSession **ret_session,
                     Error *err) MUST_CHECK;
void pg_session_close(PgSession *session);
DEFINE_CLEANUP(PgSession, pg_session_close)

/* What a session with these options would go through, for who wants to say it: where
 * pg_session_open refuses, this is PG_TRANSACTION_POOL. Errors as there, but for that. */
bool pg_session_look_for_pooler(const PgSessionOptions *options, PgPooler *ret_pooler,
                                Error *err) MUST_CHECK;

/* One more connection to where `session` went, with no settings pinned; the caller closes it with
 * PQfinish. Errors as pg_session_open. */
bool pg_session_connect_beside(const PgSession *session, PGconn **ret_connection,
                               Error *err) MUST_CHECK;

/* The server's major version: 15. */
int64_t pg_session_major(const PgSession *session);

/* "database 'd' on h:5432 as u", for messages. The caller frees. */
char *pg_session_describe(const PgSession *session);

/* Behind RESET ALL: what the startup packet could not pin, and our search_path. Errors as pg_query
 * (pg_query.h). */
bool pg_session_pin_again(PgSession *session, Error *err) MUST_CHECK;

/* The scripts that this session runs are found to have this search_path. */
void pg_session_note_scripts_path(PgSession *session, const char *scripts_path);

/* The connection is gone. */
bool pg_session_is_lost(const PgSession *session);

/* ERROR_CONNECTION "the connection … was lost while DOING". Returns false. */
bool pg_session_lost_error(const PgSession *session, const char *doing, Error *err);

/* Ask the server to cancel what this session runs; whether it did, the statement's answer says. */
void pg_session_cancel(PgSession *session);

/* A second session with the same server as the same role, for a word on the side: nothing is pinned
 * (so pg_query refuses it, and pg_query_qualified does not) and no facts are read. Not stopped by
 * the first signal, which is what it may be for. */
bool pg_session_open_beside(const PgSession *session, PgSession **ret_beside,
                            Error *err) MUST_CHECK;

/* From now on the second SIGINT cancels this session's running statement; until it is closed. */
void pg_session_cancel_on_interrupt(PgSession *session);

/* Append the settings to a startup packet's options: ` -c name=value`, spaces and backslashes
 * escaped. */
void pg_session_add_option(Text *options, const char *name, const char *value);

#endif
