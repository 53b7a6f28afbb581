#include "applier/server/pg_session.h"

#include "applier/server/pg_connect.h"
#include "applier/server/pg_query.h"
#include "applier/server/pooler_check.h"
#include "applier/server/server_words.h"
#include "applier/sql/session_queries.h"
#include "base/array.h"
#include "base/interrupt.h"
#include "base/memory.h"

/* Pinned for every server that we support; the deviations query covers what only some know.
 * lc_messages is not here: only a superuser may set it, and we read SQLSTATEs, not words. */
static const struct {
    const char *name;
    const char *value;
} pinned[] = {
    {"TimeZone", "UTC"},
    {"DateStyle", "ISO, MDY"},
    {"IntervalStyle", "postgres"},
    {"bytea_output", "hex"},
    {"xmloption", "content"},
    {"standard_conforming_strings", "on"},
    {"lc_monetary", "C"},
    {"lc_numeric", "C"},
    {"lc_time", "C"},
    {"client_min_messages", "warning"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_deferrable", "off"},
    {"row_security", "on"},
    {"check_function_bodies", "on"},
    {"default_tablespace", ""},
    {"default_table_access_method", "heap"},
    {"idle_in_transaction_session_timeout", "0"},
};

typedef struct Setting {
    char *name;
    char *value;
} Setting;

typedef ARRAY_OF(Setting) SettingArray;

static void settings_done(SettingArray *settings)
{
    array_each (Setting, setting, settings) {
        free(setting->name);
        free(setting->value);
    }
    array_free(settings);
}

static void setting_add(SettingArray *settings, const char *name, const char *value)
{
    *array_add(settings) = (Setting){memory_string(name), memory_string(value)};
}

static const char *scripts_path_of(const PgSessionOptions *options)
{
    return options->scripts_path ? options->scripts_path : "public";
}

static void settings_wanted(const PgSessionOptions *options, SettingArray *settings)
{
    for (size_t i = 0; i < ARRAY_LEN(pinned); i++)
        setting_add(settings, pinned[i].name, pinned[i].value);
    setting_add(settings, "search_path", scripts_path_of(options));
    setting_add(settings, "default_transaction_read_only",
                options->purpose == PG_SESSION_READS ? "on" : "off");
    CLEANUP(memory_freep) char *lock = memory_format("%lld", (long long)options->lock_timeout_ms);
    setting_add(settings, "lock_timeout", lock);
    CLEANUP(memory_freep)
    char *statement = memory_format("%lld", (long long)options->statement_timeout_ms);
    setting_add(settings, "statement_timeout", statement);
}

void pg_session_add_option(Text *options, const char *name, const char *value)
{
    text_addf(options, " -c %s=", name);
    for (; *value; value++) {
        if (*value == ' ' || *value == '\\')
            text_add_char(options, '\\');
        text_add_char(options, *value);
    }
}

bool pg_session_connect_beside(const PgSession *session, PGconn **ret_connection, Error *err)
{
    return pg_connect_beside(session->connection, /* signals= */ 1, ret_connection, err);
}

/* --- the session ----------------------------------------------------------------------------- */

static void on_notice(void *argument, const PGresult *result)
{
    PgSession *session = argument;
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    session->notice_count++;
    snprintf(session->notice_code, sizeof(session->notice_code), "%.5s", code ? code : "");
    if (session->words != WORDS_WHOLE)
        return;
    ServerError notice = server_words_fields(result);
    CLEANUP(text_done) Text words = {0};
    server_words_add(&notice, /* statement= */ NULL, WORDS_WHOLE, &words);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    fprintf(stderr, "%s: %s\n", severity ? severity : "NOTICE", text_string(&words));
}

static void facts_done(PgFacts *facts)
{
    free(facts->version_text);
    free(facts->database);
    free(facts->database_oid);
    free(facts->system_identifier);
    free(facts->session_user);
    free(facts->current_user);
    free(facts->encoding);
    free(facts->synchronous_commit);
    *facts = (PgFacts){0};
}

/* A line each: name, space, wanted value. */
static void add_deviations(const char *lines, SettingArray *deviations)
{
    for (const char *at = lines; *at;) {
        size_t name = strcspn(at, " "), whole = strcspn(at, "\n");
        *array_add(deviations) =
            (Setting){memory_string_n(at, name), memory_string_n(at + name + 1, whole - name - 1)};
        at += whole + (at[whole] == '\n');
    }
}

/* In the same turn our search_path is pinned, unless another process than the one that we logged in
 * to answers: what a pooler shares is not touched before it is known how. */
static bool read_facts(PgSession *session, SettingArray *deviations, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    int64_t login_pid = PQbackendPID(session->connection);
    if (!pg_query_qualified(session, SQL_session_facts,
                            PG_VALUES(pg_int(login_pid), pg_text(PG_SESSION_PATH)), PG_ONE_ROW,
                            &row, err))
        return error_wrap(err, "asking the server about itself");
    session->facts = (PgFacts){
        .version = (int)pg_result_int(row, 0, 0),
        .version_text = memory_string(pg_result_text(row, 0, 1)),
        .database = memory_string(pg_result_text(row, 0, 2)),
        .database_oid = memory_string(pg_result_text(row, 0, 3)),
        .system_identifier = memory_string(pg_result_text(row, 0, 4)),
        .session_user = memory_string(pg_result_text(row, 0, 5)),
        .current_user = memory_string(pg_result_text(row, 0, 6)),
        .encoding = memory_string(pg_result_text(row, 0, 7)),
        .synchronous_commit = memory_string(pg_result_text(row, 0, 8)),
        .superuser = pg_result_bool(row, 0, 9),
        .in_recovery = pg_result_bool(row, 0, 10),
        .locks_available = pg_result_int(row, 0, 11),
        .backend_pid = pg_result_int(row, 0, 12),
    };
    add_deviations(pg_result_text(row, 0, 13), deviations);
    session->path_is_ours = session->facts.backend_pid == login_pid;
    return true;
}

/* Add `set_config(…)` to the statement that is run after each RESET ALL. It names everything. */
static void add_pin(PgSession *session, const char *name, const char *value)
{
    char *literal = PQescapeLiteral(session->connection, value, strlen(value));
    char *whole = memory_format("%s%s pg_catalog.set_config('%s', %s, false)",
                                session->pin_sql ? session->pin_sql : "",
                                session->pin_sql ? "," : "SELECT", name, literal);
    PQfreemem(literal);
    free(session->pin_sql);
    session->pin_sql = whole;
}

bool pg_session_pin_again(PgSession *session, Error *err)
{
    if (!pg_query_qualified(session, session->pin_sql, PG_NO_VALUES, PG_ONE_ROW,
                            /* ret_result= */ NULL, err))
        return error_wrap(err, "pinning the session's settings");
    session->path_is_ours = true;
    return true;
}

void pg_session_note_scripts_path(PgSession *session, const char *scripts_path)
{
    free(session->scripts_path);
    session->scripts_path = memory_string(scripts_path);
}

/* Connected, facts read. What the server has that deviates goes to `deviations`. */
static bool open_with(const PgSessionOptions *wanted, const char *conninfo,
                      const SettingArray *settings, SettingArray *deviations,
                      PgSession **ret_session, Error *err)
{
    CLEANUP(text_done) Text options = {0};
    if (!pg_connect_user_options(conninfo, &options, err))
        return false;
    array_each (Setting, setting, settings)
        pg_session_add_option(&options, setting->name, setting->value);
    CLEANUP(pg_session_closep) PgSession *session = memory_new(PgSession);
    session->words = wanted->words;
    pg_session_note_scripts_path(session, scripts_path_of(wanted));
    PgStartup startup = {.conninfo = conninfo,
                         .application =
                             wanted->application ? wanted->application : PG_SESSION_APPLICATION,
                         .options = text_string(&options),
                         .reads = wanted->purpose == PG_SESSION_READS};
    bool refused = !pg_connect(&startup, &session->connection, err);
    if (refused) {
        /* 08P01: a pooler that refuses the `options` parameter */
        if (strcmp(err->code, "08P01") != 0)
            return false;
        error_done(err);
        startup.options = NULL;
        if (!pg_connect(&startup, &session->connection, err))
            return false;
    }
    session->cancel = PQgetCancel(session->connection);
    add_pin(session, "search_path", PG_SESSION_PATH);
    PQsetNoticeReceiver(session->connection, on_notice, session);
    if (!read_facts(session, deviations, err) || !pooler_check(session, &session->pooler, err))
        return false;
    if (refused && session->pooler == PG_DIRECT)
        session->pooler = PG_SESSION_POOL; /* one that passes on the server's process id */
    *ret_session = TAKE_PTR(session);
    return true;
}

/* What a pooler did with our startup packet nobody knows: refused its options, or ignored them. A
 * shared session is never touched: its settings would be the next client's. */
static bool pin_through_pool(PgSession *session, const SettingArray *settings,
                             const SettingArray *deviations, Error *err)
{
    if (session->pooler == PG_TRANSACTION_POOL)
        return pooler_refuse(session, err);
    array_each (Setting, setting, settings)
        if (strcmp(setting->name, "search_path") != 0)
            add_pin(session, setting->name, setting->value);
    array_each (Setting, setting, deviations)
        add_pin(session, setting->name, setting->value);
    return pg_session_pin_again(session, err);
}

static const char *conninfo_of(const PgSessionOptions *options)
{
    const char *conninfo = options->conninfo ? options->conninfo : getenv("DATABASE_URL");
    return conninfo && *conninfo ? conninfo : NULL;
}

bool pg_session_open(const PgSessionOptions *options, PgSession **ret_session, Error *err)
{
    const char *conninfo = conninfo_of(options);
    CLEANUP(settings_done) SettingArray settings = {0};
    CLEANUP(settings_done) SettingArray deviations = {0};
    settings_wanted(options, &settings);
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (!open_with(options, conninfo, &settings, &deviations, &session, err))
        return false;
    if (session->pooler != PG_DIRECT) {
        if (!pin_through_pool(session, &settings, &deviations, err))
            return false;
    } else if (deviations.count) {
        CLEANUP(settings_done) SettingArray none = {0};
        array_each (Setting, setting, &deviations)
            setting_add(&settings, setting->name, setting->value);
        pg_session_close(TAKE_PTR(session));
        if (!open_with(options, conninfo, &settings, &none, &session, err))
            return false;
    }
    *ret_session = TAKE_PTR(session);
    return true;
}

bool pg_session_look_for_pooler(const PgSessionOptions *options, PgPooler *ret_pooler, Error *err)
{
    CLEANUP(settings_done) SettingArray none = {0};
    CLEANUP(settings_done) SettingArray deviations = {0};
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (!open_with(options, conninfo_of(options), &none, &deviations, &session, err))
        return false;
    *ret_pooler = session->pooler;
    return true;
}

void pg_session_close(PgSession *session)
{
    if (!session)
        return;
    if (session->cancel) {
        interrupt_on_second(/* action= */ NULL, /* argument= */ NULL);
        PQfreeCancel(session->cancel);
    }
    PQfinish(session->connection);
    facts_done(&session->facts);
    free(session->pin_sql);
    free(session->scripts_path);
    free(session);
}

int64_t pg_session_major(const PgSession *session)
{
    return session->facts.version / 10000;
}

char *pg_session_describe(const PgSession *session)
{
    return pg_connection_describe(session->connection);
}

bool pg_session_is_lost(const PgSession *session)
{
    return PQstatus(session->connection) != CONNECTION_OK;
}

bool pg_session_lost_error(const PgSession *session, const char *doing, Error *err)
{
    CLEANUP(memory_freep) char *where = pg_session_describe(session);
    error_set(err, ERROR_CONNECTION, "the connection to %s was lost while %s", where, doing);
    return error_hint(err, "'applier status' shows where the database stands");
}

void pg_session_cancel(PgSession *session)
{
    char words[64];
    if (session->cancel)
        (void)PQcancel(session->cancel, words, sizeof(words));
}

bool pg_session_open_beside(const PgSession *session, PgSession **ret_beside, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *beside = memory_new(PgSession);
    if (!pg_connect_beside(session->connection, /* signals= */ 2, &beside->connection, err))
        return false;
    PQsetNoticeReceiver(beside->connection, on_notice, beside);
    *ret_beside = TAKE_PTR(beside);
    return true;
}

/* Runs in a signal handler: PQcancel is made for that. */
static void cancel_running(void *argument)
{
    char words[64];
    (void)PQcancel(argument, words, sizeof(words));
}

void pg_session_cancel_on_interrupt(PgSession *session)
{
    interrupt_on_second(cancel_running, session->cancel);
}
