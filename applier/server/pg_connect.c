#include "applier/server/pg_connect.h"

#include <poll.h>

#include "applier/server/pg_conninfo.h"
#include "applier/server/pg_hosts.h"
#include "applier/server/server_words.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define CONNECT_TIMEOUT_MS 15000 /* per host, where the user gives no connect_timeout */

/* What the user gave as `options`, which ours are appended to. */
bool pg_connect_user_options(const char *conninfo, Text *options, Error *err)
{
    const char *environment = getenv("PGOPTIONS");
    if (conninfo && !pg_conninfo_check(conninfo, err))
        return false;
    if (conninfo && pg_conninfo_is_string(conninfo)) {
        PQconninfoOption *parsed = PQconninfoParse(conninfo, /* errmsg= */ NULL);
        for (const PQconninfoOption *option = parsed; option && option->keyword; option++)
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

char *pg_connection_describe(const PGconn *connection)
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

/* A setting that can keep a server that runs from being the right one, as the user gave it. */
static bool is_set(const PQconninfoOption *all, const char *keyword, const char *const *harmless)
{
    for (const PQconninfoOption *option = all; option && option->keyword; option++) {
        if (strcmp(option->keyword, keyword) != 0)
            continue;
        for (; option->val && *harmless; harmless++)
            if (strcmp(option->val, *harmless) == 0)
                return false;
        return option->val && *option->val;
    }
    return false;
}

/* No server has said why. */
static void unanswered_error(const PGconn *connection, const char *where, Error *err)
{
    static const char *const lax[] = {"disable", "allow", "prefer", NULL};
    static const char *const any[] = {"any", "prefer-standby", NULL};
    const char *said = PQerrorMessage(connection);
    CLEANUP(memory_freep) char *words = text_printable(said, strcspn(said, "\n"), 300);
    if (!PQuser(connection) || !*PQuser(connection)) {
        /* not even what was to be connected to is known */
        error_set(err, ERROR_CONNECTION, "cannot connect: %s", words);
        error_hint(err,
                   "check --db, the PG variables, and the service file (~/.pg_service.conf, or "
                   "PGSERVICEFILE)");
        return;
    }
    error_set(err, ERROR_CONNECTION, "cannot connect to %s: %s", where, words);
    if (PQconnectionNeedsPassword(connection)) {
        error_hint(err,
                   "a password is needed: PGPASSWORD, a passfile (~/.pgpass) or the connection "
                   "string");
        return;
    }
    PQconninfoOption *all = PQconninfo((PGconn *)(uintptr_t)connection);
    error_hint(err, "check that the server runs and that host and port are right%s%s",
               is_set(all, "sslmode", lax) ? "; and whether it offers what sslmode asks for" : "",
               is_set(all, "target_session_attrs", any)
                   ? "; and whether one of the hosts is what target_session_attrs asks for"
                   : "");
    PQconninfoFree(all);
}

static bool connect_error(const PGconn *connection, Connected how, Error *err)
{
    CLEANUP(memory_freep) char *where = pg_connection_describe(connection);
    char code[6] = "";
    if (how == CONNECT_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while connecting to %s", where);
    if (how == CONNECT_TIMED_OUT) {
        error_set(err, ERROR_CONNECTION, "cannot connect to %s: no answer in time", where);
        return error_hint(err, "check host, port and firewall; connect_timeout changes the wait");
    }
    if (!refusal_code(connection, code)) {
        unanswered_error(connection, where, err);
        return false;
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

/* What a host must be where a session that only reads asks for one that takes writes: to libpq our
 * own default_transaction_read_only would look like a standby's. Else NULL: as the user said. */
static const char *session_attrs(const PgStartup *startup, const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "target_session_attrs") == 0)
            return startup->reads && option->val && strcmp(option->val, "read-write") == 0
                       ? "primary"
                       : NULL;
    return NULL;
}

/* Begin to connect: to `host`, or where it is NULL to whatever the user's string says. */
static PGconn *start(const PgStartup *startup, const PgHost *host, const char *attrs)
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

/* Takes `connection`, which was started; so many `signals` end it. */
static bool finish(PGconn *connection, int signals, PGconn **ret_connection, Error *err)
{
    if (!connection)
        return error_set(err, ERROR_INTERNAL, "libpq is out of memory");
    PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
    Connected how =
        PQstatus(connection) == CONNECTION_BAD ? CONNECT_FAILED : connect_poll(connection, signals);
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

static bool connect_in_turn(const PgStartup *startup, const PgHostArray *hosts, const char *attrs,
                            PGconn **ret_connection, Error *err)
{
    CLEANUP(text_done) Text others = {0};
    for (size_t i = 0; i < hosts->count; i++) {
        error_done(err);
        if (finish(start(startup, &hosts->items[i], attrs), /* signals= */ 1, ret_connection, err))
            return true;
        if (!is_for_next_host(err))
            return false;
        if (i + 1 < hosts->count)
            text_addf(&others, "%s%s", i ? "; " : "", err->message);
    }
    return error_detail(err, "%s", text_string(&others));
}

bool pg_connect(const PgStartup *startup, PGconn **ret_connection, Error *err)
{
    PGconn *connection = start(startup, /* host= */ NULL, /* attrs= */ NULL);
    PQconninfoOption *all = PQconninfo(connection);
    const char *attrs = session_attrs(startup, all);
    PgHostArray hosts = {0};
    if (all)
        pg_hosts_of(all, &hosts);
    PQconninfoFree(all);
    if (!hosts.count && !attrs)
        return finish(connection, /* signals= */ 1, ret_connection, err);
    PQfinish(connection);
    if (!hosts.count)
        return finish(start(startup, /* host= */ NULL, attrs), /* signals= */ 1, ret_connection,
                      err);
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

static PGconn *start_beside(const PGconn *there)
{
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

bool pg_connect_beside(const PGconn *there, int signals, PGconn **ret_connection, Error *err)
{
    return finish(start_beside(there), signals, ret_connection, err);
}
