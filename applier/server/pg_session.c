#include "applier/server/pg_session.h"

#include <errno.h>
#include <poll.h>

#include "applier/server/pg_hosts.h"
#include "applier/server/pg_query.h"
#include "applier/server/pooler_check.h"
#include "applier/server/server_words.h"
#include "applier/sql/session_queries.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define CONNECT_TIMEOUT_MS 15000 /* per host, where the user gives no connect_timeout */

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

static void settings_wanted(const PgSessionOptions *options, SettingArray *settings)
{
    for (size_t i = 0; i < ARRAY_LEN(pinned); i++)
        setting_add(settings, pinned[i].name, pinned[i].value);
    setting_add(settings, "search_path", options->search_path ? options->search_path : "public");
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

/* --- connecting ------------------------------------------------------------------------------ */

static bool is_connection_string(const char *text)
{
    return strchr(text, '=') || text_has_prefix(text, "postgres://") ||
           text_has_prefix(text, "postgresql://");
}

/* What the user gave as `options`, which ours are appended to. */
static bool user_options(const char *conninfo, Text *options, Error *err)
{
    const char *environment = getenv("PGOPTIONS");
    if (conninfo && is_connection_string(conninfo)) {
        char *words = NULL;
        PQconninfoOption *parsed = PQconninfoParse(conninfo, &words);
        if (!parsed) {
            /* libpq's words may repeat a part of the string, a password included */
            PQfreemem(words);
            error_set(err, ERROR_USAGE, "the connection string cannot be read");
            return error_hint(err, "give --db a URI (postgresql://user@host:5432/database) or "
                                   "keywords (host=… dbname=… user=…); see libpq's documentation");
        }
        for (const PQconninfoOption *option = parsed; option->keyword; option++)
            if (strcmp(option->keyword, "options") == 0 && option->val)
                text_add(options, option->val);
        PQconninfoFree(parsed);
    }
    if (options->length == 0 && environment)
        text_add(options, environment);
    return true;
}

/* libpq leaves connect_timeout to those who poll by themselves. One span per host. */
static int64_t connect_deadline(const PGconn *connection)
{
    int64_t span = CONNECT_TIMEOUT_MS, hosts = 1;
    PQconninfoOption *all = PQconninfo((PGconn *)(uintptr_t)connection);
    for (const PQconninfoOption *option = all; option && option->keyword; option++) {
        uint64_t seconds;
        if (!option->val)
            continue;
        if (strcmp(option->keyword, "connect_timeout") == 0 &&
            text_parse_uint(option->val, strlen(option->val), 86400, &seconds))
            span = seconds ? (int64_t)seconds * 1000 : INT64_C(86400000);
        if (strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "hostaddr") == 0)
            for (const char *at = option->val; (at = strchr(at, ',')); at++)
                hosts++;
    }
    PQconninfoFree(all);
    return clock_monotonic_ms() + span * hosts;
}

typedef enum { CONNECT_GOOD, CONNECT_FAILED, CONNECT_TIMED_OUT, CONNECT_INTERRUPTED } Connected;

/* `signals` of them end it. */
static Connected connect_poll(PGconn *connection, int signals)
{
    int64_t deadline = connect_deadline(connection);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED)
            return CONNECT_FAILED;
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0)
            return CONNECT_TIMED_OUT;
        if (interrupt_count() >= signals)
            return CONNECT_INTERRUPTED;
        struct pollfd wait = {.fd = PQsocket(connection),
                              .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&wait, 1, left < 1000 ? (int)left : 1000) <= 0)
            continue;
        status = PQconnectPoll(connection);
    }
    return CONNECT_GOOD;
}

/* "FATAL:  28P01" is the last line of a refusal, since the verbosity asks for SQLSTATEs only: so
 * the class does not hang on the server's language. False where no server spoke. */
static bool refusal_code(const PGconn *connection, char ret_code[static 6])
{
    const char *words = PQerrorMessage(connection);
    size_t length = strlen(words);
    while (length && (words[length - 1] == '\n' || words[length - 1] == ' '))
        length--;
    if (length < 6 || words[length - 6] != ' ')
        return false;
    for (size_t i = length - 5; i < length; i++)
        if (!(words[i] >= '0' && words[i] <= '9') && !(words[i] >= 'A' && words[i] <= 'Z'))
            return false;
    snprintf(ret_code, 6, "%.5s", words + length - 5);
    return true;
}

static char *describe(const PGconn *connection)
{
    const char *host = PQhost(connection), *port = PQport(connection);
    const char *database = PQdb(connection), *user = PQuser(connection);
    return memory_format("database '%s' on %s:%s as '%s'", database ? database : "",
                         host && *host ? host : "local socket", port ? port : "", user ? user : "");
}

static const struct {
    const char *code;
    const char *words;
    const char *hint;
} refusals[] = {
    {"28P01", "the server refused the password",
     "give the right one by PGPASSWORD, a passfile (~/.pgpass) or the connection string"},
    {"28000", "the server refused this login",
     "check user and host against the server's pg_hba.conf, and that the role may log in"},
    {"3D000", "there is no such database", "check the database's name in --db, or create it"},
    {"42501", "the login lacks a right that connecting needs",
     "GRANT CONNECT ON DATABASE to this role"},
    {"53300", "the server has no free connection", "try again, or raise max_connections"},
    {"57P03", "the server is starting up, shutting down or recovering", "try again in a while"},
};

static bool connect_error(const PGconn *connection, Connected how, Error *err)
{
    CLEANUP(memory_freep) char *where = describe(connection);
    char code[6] = "";
    if (how == CONNECT_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while connecting to %s", where);
    if (how == CONNECT_TIMED_OUT) {
        error_set(err, ERROR_CONNECTION, "cannot connect to %s: no answer in time", where);
        return error_hint(err, "check host, port and firewall; connect_timeout changes the wait");
    }
    if (!refusal_code(connection, code)) {
        CLEANUP(memory_freep)
        char *words = text_printable(PQerrorMessage(connection),
                                     strcspn(PQerrorMessage(connection), "\n"), 300);
        error_set(err, ERROR_CONNECTION, "cannot connect to %s: %s", where, words);
        return error_hint(err, PQconnectionNeedsPassword(connection)
                                   ? "a password is needed: PGPASSWORD, a passfile (~/.pgpass) or "
                                     "the connection string"
                                   : "check that the server runs and that host and port are right");
    }
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (strcmp(code, refusals[i].code) != 0)
            continue;
        error_set(err, ERROR_CONNECTION, "cannot connect to %s: %s (%s)", where, refusals[i].words,
                  code);
        snprintf(err->code, sizeof(err->code), "%s", code);
        return error_hint(err, "%s", refusals[i].hint);
    }
    error_set(err, ERROR_CONNECTION, "cannot connect to %s: %s %s", where, code,
              server_words_condition(code));
    snprintf(err->code, sizeof(err->code), "%s", code);
    return error_hint(err, "the server's log has the whole message");
}

/* What goes into the startup packet, beside the host. */
typedef struct Startup {
    const char *conninfo;
    const char *application;
    const char *options; /* NULL: none, for a pooler that refuses them */
    bool reads;          /* its transactions are READ ONLY by default */
} Startup;

/* What a host must be where a session that only reads asks for one that takes writes: to libpq our
 * own default_transaction_read_only would look like a standby's. Else NULL: as the user said. */
static const char *session_attrs(const Startup *startup, const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "target_session_attrs") == 0)
            return startup->reads && option->val && strcmp(option->val, "read-write") == 0
                       ? "primary"
                       : NULL;
    return NULL;
}

/* Begin to connect: to `host`, or where it is NULL to whatever the user's string says. */
static PGconn *start(const Startup *startup, const PgHost *host, const char *attrs)
{
    /* Before dbname: what a user's connection string may replace. Behind it: what it may not. */
    const char *const keywords[] = {"keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "tcp_user_timeout",
                                    "dbname",
                                    "client_encoding",
                                    "application_name",
                                    "options",
                                    "target_session_attrs",
                                    host ? "host" : NULL,
                                    "hostaddr",
                                    "port",
                                    NULL};
    const char *const values[] = {"30",
                                  "10",
                                  "3",
                                  "60000",
                                  startup->conninfo,
                                  "UTF8",
                                  startup->application,
                                  startup->options ? startup->options : "",
                                  attrs ? attrs : "",
                                  host ? host->host : NULL,
                                  host ? host->hostaddr : NULL,
                                  host ? host->port : NULL,
                                  NULL};
    return PQconnectStartParams(keywords, values, /* expand_dbname= */ 1);
}

/* Takes `connection`, which was started. */
static bool finish(PGconn *connection, PGconn **ret_connection, Error *err)
{
    if (!connection)
        return error_set(err, ERROR_INTERNAL, "libpq is out of memory");
    PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
    Connected how =
        PQstatus(connection) == CONNECTION_BAD ? CONNECT_FAILED : connect_poll(connection, 1);
    if (how != CONNECT_GOOD) {
        connect_error(connection, how, err);
        PQfinish(connection);
        return false;
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    *ret_connection = connection;
    return true;
}

/* Whether the next host is to be tried, as libpq would: not where this one has spoken, unless it
 * said that it cannot take anybody now. */
static bool is_for_next_host(const Error *failure)
{
    return failure->class == ERROR_CONNECTION &&
           (!*failure->code || strcmp(failure->code, "57P03") == 0 ||
            strcmp(failure->code, "53300") == 0);
}

static bool connect_in_turn(const Startup *startup, const PgHostArray *hosts, const char *attrs,
                            PGconn **ret_connection, Error *err)
{
    CLEANUP(text_done) Text others = {0};
    for (size_t i = 0; i < hosts->count; i++) {
        error_done(err);
        if (finish(start(startup, &hosts->items[i], attrs), ret_connection, err))
            return true;
        if (!is_for_next_host(err))
            return false;
        if (i + 1 < hosts->count)
            text_addf(&others, "%s%s", i ? "; " : "", err->message);
    }
    return error_detail(err, "%s", text_string(&others));
}

static bool connect_once(const Startup *startup, PGconn **ret_connection, Error *err)
{
    PGconn *connection = start(startup, /* host= */ NULL, /* attrs= */ NULL);
    PQconninfoOption *all = PQconninfo(connection);
    const char *attrs = session_attrs(startup, all);
    PgHostArray hosts = {0};
    if (all)
        pg_hosts_of(all, &hosts);
    PQconninfoFree(all);
    if (!hosts.count && !attrs)
        return finish(connection, ret_connection, err);
    PQfinish(connection);
    if (!hosts.count)
        return finish(start(startup, /* host= */ NULL, attrs), ret_connection, err);
    bool good = connect_in_turn(startup, &hosts, attrs, ret_connection, err);
    pg_hosts_done(&hosts);
    return good;
}

/* What says where a session goes: of several hosts only the one that answered. */
static bool says_where(const char *keyword)
{
    static const char *const words[] = {"host", "hostaddr", "port", "options",
                                        "target_session_attrs"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(keyword, words[i]) == 0)
            return true;
    return false;
}

#define PARAMETERS_MAX 64 /* more than libpq has */

/* Begin to connect to the server that `session` is on, as the same role. */
static PGconn *start_beside(const PgSession *session)
{
    const PGconn *there = session->connection;
    const char *hostaddr = PQhostaddr(there);
    const char *keywords[PARAMETERS_MAX + 1] = {"host", "port"};
    const char *values[PARAMETERS_MAX + 1] = {PQhost(there), PQport(there)};
    size_t count = 2;
    PQconninfoOption *all = PQconninfo((PGconn *)(uintptr_t)there);
    for (const PQconninfoOption *option = all; option && option->keyword; option++) {
        if (!option->val || says_where(option->keyword) || count == PARAMETERS_MAX - 1)
            continue;
        keywords[count] = option->keyword;
        values[count++] = option->val;
    }
    if (hostaddr && *hostaddr && *PQhost(there) != '/') {
        keywords[count] = "hostaddr";
        values[count++] = hostaddr;
    }
    PGconn *connection = PQconnectStartParams(keywords, values, /* expand_dbname= */ 0);
    PQconninfoFree(all);
    return connection;
}

bool pg_session_connect_beside(const PgSession *session, PGconn **ret_connection, Error *err)
{
    return finish(start_beside(session), ret_connection, err);
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

static bool read_facts(PgSession *session, SettingArray *deviations, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_session_facts, PG_NO_VALUES, PG_ONE_ROW, &row, err))
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
    return true;
}

/* Add `set_config(…)` to the statement that is run after each RESET ALL. */
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

bool pg_session_pin(PgSession *session, const char *name, const char *value, Error *err)
{
    add_pin(session, name, value);
    return pg_query(session, session->pin_sql, PG_NO_VALUES, PG_ONE_ROW, /* ret_result= */ NULL,
                    err) ||
           error_wrap(err, "pinning the session's settings");
}

/* Connected, facts read. What the server has that deviates goes to `deviations`. */
static bool open_with(const PgSessionOptions *wanted, const char *conninfo,
                      const SettingArray *settings, SettingArray *deviations,
                      PgSession **ret_session, Error *err)
{
    CLEANUP(text_done) Text options = {0};
    if (!user_options(conninfo, &options, err))
        return false;
    array_each (Setting, setting, settings)
        pg_session_add_option(&options, setting->name, setting->value);
    CLEANUP(pg_session_closep) PgSession *session = memory_new(PgSession);
    session->words = wanted->words;
    Startup startup = {.conninfo = conninfo,
                       .application =
                           wanted->application ? wanted->application : PG_SESSION_APPLICATION,
                       .options = text_string(&options),
                       .reads = wanted->purpose == PG_SESSION_READS};
    bool refused = !connect_once(&startup, &session->connection, err);
    if (refused) {
        /* 08P01: a pooler that refuses the `options` parameter */
        if (strcmp(err->code, "08P01") != 0)
            return false;
        error_done(err);
        startup.options = NULL;
        if (!connect_once(&startup, &session->connection, err))
            return false;
    }
    session->cancel = PQgetCancel(session->connection);
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
        add_pin(session, setting->name, setting->value);
    array_each (Setting, setting, deviations)
        add_pin(session, setting->name, setting->value);
    return pg_query(session, session->pin_sql, PG_NO_VALUES, PG_ONE_ROW, /* ret_result= */ NULL,
                    err) ||
           error_wrap(err, "pinning the session's settings");
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
    free(session);
}

int64_t pg_session_major(const PgSession *session)
{
    return session->facts.version / 10000;
}

char *pg_session_describe(const PgSession *session)
{
    return describe(session->connection);
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
    beside->connection = start_beside(session);
    if (!beside->connection)
        return error_set(err, ERROR_INTERNAL, "libpq is out of memory");
    PQsetErrorVerbosity(beside->connection, PQERRORS_SQLSTATE);
    Connected how = PQstatus(beside->connection) == CONNECTION_BAD
                        ? CONNECT_FAILED
                        : connect_poll(beside->connection, 2);
    if (how != CONNECT_GOOD)
        return connect_error(beside->connection, how, err);
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
