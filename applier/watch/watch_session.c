#include "applier/watch/watch_session.h"

#include <poll.h>

#include "applier/server/pg_query.h"
#include "applier/server/server_words.h"
#include "applier/sql/session_queries.h"
#include "applier/sql/watch_queries.h"
#include "applier/watch/watch_rows.h"
#include "base/clock.h"
#include "base/memory.h"

#define STATEMENT_TIMEOUT "2000"
#define LOCK_TIMEOUT      "500"

typedef enum {
    WATCH_CLOSED,
    WATCH_CONNECTING,
    WATCH_IDLE,
    WATCH_PINS,
    WATCH_ASKS_BACKEND,
    WATCH_ASKS_PROGRESS,
    WATCH_ASKS_BLOCKERS,
    WATCH_CANCELS,
    WATCH_BROKEN,
} WatchState;

struct WatchSession {
    WatchOptions options;
    WatchState state;
    PGconn *connection;               /* owned; NULL while closed */
    PostgresPollingStatusType wanted; /* while connecting */
    int pid;                          /* of the backend that is looked at */
    bool pooled;                      /* a pooler may have passed over our options */
    int64_t state_since_ms;
    int64_t ticked_ms;
    int64_t asked_ms; /* the last round of questions began */
    WatchFacts facts; /* the last whole round's */
    WatchFacts next;  /* the round under way */
    WatchCancelledArray cancelled;
    char *trouble; /* owned */
};

WatchSession *watch_session_new(const WatchOptions *options)
{
    WatchSession *watch = memory_new(WatchSession);
    watch->options = *options;
    if (watch->options.every_ms <= 0)
        watch->options.every_ms = WATCH_ASK_EVERY_MS;
    return watch;
}

void watch_session_free(WatchSession *watch)
{
    if (!watch)
        return;
    PQfinish(watch->connection);
    watch_facts_done(&watch->facts);
    watch_facts_done(&watch->next);
    array_free(&watch->cancelled);
    free(watch->trouble);
    free(watch);
}

const WatchFacts *watch_session_facts(const WatchSession *watch)
{
    return &watch->facts;
}

WatchCancelledArray watch_session_take_cancelled(WatchSession *watch)
{
    WatchCancelledArray taken = watch->cancelled;
    watch->cancelled = (WatchCancelledArray){0};
    return taken;
}

const char *watch_session_trouble(const WatchSession *watch)
{
    return watch->trouble;
}

static void enter(WatchSession *watch, WatchState state)
{
    watch->state = state;
    watch->state_since_ms = clock_monotonic_ms();
}

static void give_up(WatchSession *watch, const char *why)
{
    PQfinish(watch->connection);
    watch->connection = NULL;
    free(watch->trouble);
    watch->trouble = memory_string(why);
    watch_facts_done(&watch->facts);
    enter(watch, WATCH_BROKEN);
}

/* --- connecting ------------------------------------------------------------------------------ */

/* As the run itself is connected, to the very server: by its address, so that no name is looked up,
 * which would wait. */
static bool is_ours_to_say(const char *keyword)
{
    static const char *const ours[] = {"host",    "hostaddr",         "port",
                                       "options", "application_name", "target_session_attrs"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (strcmp(ours[i], keyword) == 0)
            return true;
    return false;
}

typedef struct Parameters {
    ARRAY_OF(const char *) keywords, values;
} Parameters;

static void parameter_add(Parameters *parameters, const char *keyword, const char *value)
{
    if (!value || !*value)
        return;
    *array_add(&parameters->keywords) = keyword;
    *array_add(&parameters->values) = value;
}

static void add_options(const PQconninfoOption *all, Text *options)
{
    for (const PQconninfoOption *option = all; option && option->keyword; option++)
        if (strcmp(option->keyword, "options") == 0 && option->val)
            text_add(options, option->val);
    pg_session_add_option(options, "statement_timeout", STATEMENT_TIMEOUT);
    pg_session_add_option(options, "lock_timeout", LOCK_TIMEOUT);
    pg_session_add_option(options, "default_transaction_read_only", "on");
    pg_session_add_option(options, "search_path", PG_SESSION_PATH);
}

static void on_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static void begin_connecting(WatchSession *watch, const PgSession *run)
{
    PGconn *other = run->connection;
    PQconninfoOption *all = PQconninfo(other);
    CLEANUP(text_done) Text options = {0};
    Parameters parameters = {0};
    add_options(all, &options);
    for (const PQconninfoOption *option = all; option && option->keyword; option++)
        if (!is_ours_to_say(option->keyword))
            parameter_add(&parameters, option->keyword, option->val);
    parameter_add(&parameters, "host", PQhost(other));
    parameter_add(&parameters, "hostaddr", PQhostaddr(other));
    parameter_add(&parameters, "port", PQport(other));
    parameter_add(&parameters, "options", text_string(&options));
    parameter_add(&parameters, "application_name", WATCH_APPLICATION);
    *array_add(&parameters.keywords) = NULL;
    *array_add(&parameters.values) = NULL;
    watch->connection =
        PQconnectStartParams(parameters.keywords.items, parameters.values.items, /* expand= */ 0);
    array_free(&parameters.keywords);
    array_free(&parameters.values);
    PQconninfoFree(all);
    PQsetErrorVerbosity(watch->connection, PQERRORS_SQLSTATE);
    PQsetNoticeReceiver(watch->connection, on_notice, /* context= */ NULL);
    watch->wanted = PGRES_POLLING_WRITING;
    watch->pooled = run->pooler != PG_DIRECT;
    enter(watch, WATCH_CONNECTING);
    if (PQstatus(watch->connection) == CONNECTION_BAD)
        give_up(watch, "a second connection is refused");
}

/* Whether the socket is ready within `ms`. */
static bool socket_ready(const WatchSession *watch, short events, int64_t ms)
{
    struct pollfd wait = {.fd = PQsocket(watch->connection), .events = events};
    return wait.fd >= 0 && poll(&wait, 1, ms < 0 ? 0 : (int)ms) > 0;
}

static void ask(WatchSession *watch, WatchState state)
{
    static const char *const all_progress =
        SQL_watch_progress "UNION ALL\n" SQL_watch_progress_copy;
    bool counts_copy = PQserverVersion(watch->connection) >= 140000;
    const char *sql = state == WATCH_PINS            ? SQL_path_set
                      : state == WATCH_ASKS_BACKEND  ? SQL_watch_backend
                      : state == WATCH_ASKS_BLOCKERS ? SQL_watch_blockers
                      : state == WATCH_CANCELS       ? SQL_watch_cancel
                      : counts_copy                  ? all_progress
                                                     : SQL_watch_progress;
    const PgValue values[] = {state == WATCH_PINS ? pg_text(PG_SESSION_PATH) : pg_int(watch->pid),
                              pg_bool(watch->options.with_statements)};
    int count = state == WATCH_ASKS_BLOCKERS ? 2 : 1;
    PgParameters parameters;
    pg_parameters_fill(values, (size_t)count, &parameters);
    if (PQsendQueryParams(watch->connection, sql, count, /* types= */ NULL, parameters.values,
                          parameters.lengths, parameters.formats, /* resultFormat= */ 0) &&
        PQflush(watch->connection) >= 0)
        enter(watch, state);
    else
        give_up(watch, "the second connection is lost");
}

/* false: nothing more can be done now. */
static bool go_on_connecting(WatchSession *watch, int64_t left_ms)
{
    short events = watch->wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!socket_ready(watch, events, left_ms))
        return false;
    watch->wanted = PQconnectPoll(watch->connection);
    if (watch->wanted == PGRES_POLLING_FAILED)
        give_up(watch, "a second connection is refused");
    else if (watch->wanted == PGRES_POLLING_OK && PQsetnonblocking(watch->connection, 1) != 0)
        give_up(watch, "the second connection is lost");
    else if (watch->wanted == PGRES_POLLING_OK && watch->pooled)
        ask(watch, WATCH_PINS);
    else if (watch->wanted == PGRES_POLLING_OK)
        enter(watch, WATCH_IDLE);
    return watch->state != WATCH_BROKEN;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void take_cancelled(WatchSession *watch, const PGresult *rows)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        WatchCancelled *cancelled = array_add(&watch->cancelled);
        cancelled->pid = pg_result_int(rows, i, 0);
        watch_copy_name(cancelled->user, sizeof(cancelled->user), pg_result_text(rows, i, 1));
        watch_copy_name(cancelled->application, sizeof(cancelled->application),
                        pg_result_text(rows, i, 2));
        watch_copy_name(cancelled->type, sizeof(cancelled->type), pg_result_text(rows, i, 3));
        cancelled->ended = pg_result_bool(rows, i, 4);
        cancelled->told = pg_result_bool(rows, i, 5);
    }
}

static void take(WatchSession *watch, const PGresult *rows)
{
    switch (watch->state) {
    case WATCH_ASKS_BACKEND:
        watch_rows_backend(&watch->next, rows);
        break;
    case WATCH_ASKS_PROGRESS:
        watch_rows_progress(&watch->next.progress, rows);
        break;
    case WATCH_ASKS_BLOCKERS:
        watch_rows_blockers(&watch->next, rows);
        break;
    case WATCH_CANCELS:
        take_cancelled(watch, rows);
        break;
    case WATCH_CLOSED:
    case WATCH_CONNECTING:
    case WATCH_PINS:
    case WATCH_IDLE:
    case WATCH_BROKEN:
        break;
    }
}

/* The next question of the round; WATCH_IDLE where there is none. */
static WatchState question_behind(const WatchSession *watch)
{
    switch (watch->state) {
    case WATCH_ASKS_BACKEND:
        return WATCH_ASKS_PROGRESS;
    case WATCH_ASKS_PROGRESS:
        return watch_facts_lock(&watch->next) ? WATCH_ASKS_BLOCKERS : WATCH_IDLE;
    case WATCH_ASKS_BLOCKERS:
        return watch->options.cancels && watch->next.blockers.count ? WATCH_CANCELS : WATCH_IDLE;
    case WATCH_CANCELS:
    case WATCH_CLOSED:
    case WATCH_CONNECTING:
    case WATCH_PINS:
    case WATCH_IDLE:
    case WATCH_BROKEN:
        break;
    }
    return WATCH_IDLE;
}

/* The whole answer to a question, taken without waiting beyond `left_ms`. *ret_round: all that
 * is to be seen has been. false: it has not come yet. */
static bool take_answer(WatchSession *watch, int64_t left_ms, bool *ret_round)
{
    if (PQflush(watch->connection) < 0) {
        give_up(watch, "the second connection is lost");
        return false;
    }
    if (PQisBusy(watch->connection) && !socket_ready(watch, POLLIN, left_ms))
        return false;
    if (!PQconsumeInput(watch->connection)) {
        give_up(watch, "the second connection is lost");
        return false;
    }
    while (!PQisBusy(watch->connection)) {
        CLEANUP(pg_result_freep) PGresult *result = PQgetResult(watch->connection);
        if (!result) {
            WatchState behind = question_behind(watch);
            /* what was seen is told before anybody is cancelled for it */
            *ret_round = watch->state != WATCH_CANCELS && watch->state != WATCH_PINS &&
                         (behind == WATCH_IDLE || behind == WATCH_CANCELS);
            if (behind == WATCH_IDLE)
                enter(watch, WATCH_IDLE);
            else
                ask(watch, behind);
            return watch->state != WATCH_BROKEN;
        }
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            take(watch, result);
            continue;
        }
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        CLEANUP(memory_freep)
        char *why = memory_format("its question failed (%s %s)", code ? code : "no answer",
                                  server_words_condition(code ? code : ""));
        give_up(watch, why);
        return false;
    }
    return false;
}

static void end_round(WatchSession *watch)
{
    watch_facts_done(&watch->facts);
    watch->next.asked_ms = watch->asked_ms;
    watch->facts = watch->next;
    watch->next = (WatchFacts){0};
}

static void begin_round(WatchSession *watch)
{
    watch_facts_done(&watch->next);
    watch->asked_ms = clock_monotonic_ms();
    ask(watch, WATCH_ASKS_BACKEND);
}

/* --- driven ---------------------------------------------------------------------------------- */

/* Another backend: the run has connected anew. */
static void look_at(WatchSession *watch, const PgSession *run)
{
    int pid = PQbackendPID(run->connection);
    if (pid == watch->pid)
        return;
    watch->pid = pid;
    watch_facts_done(&watch->facts);
    if (watch->state == WATCH_CLOSED)
        return;
    PQfinish(watch->connection);
    watch->connection = NULL;
    enter(watch, WATCH_CLOSED);
}

/* The run did not wait for a while, and nobody drove us: what was asked may have come, but a server
 * does not wait long for one who connects. */
static void note_pause(WatchSession *watch, int64_t now)
{
    if (watch->ticked_ms && now - watch->ticked_ms > WATCH_GIVE_UP_MS / 2) {
        watch->state_since_ms = now;
        if (watch->state == WATCH_CONNECTING) {
            PQfinish(watch->connection);
            watch->connection = NULL;
            enter(watch, WATCH_CLOSED);
        }
    }
    watch->ticked_ms = now;
}

/* Nothing has come: until when that is borne. */
static void check_patience(WatchSession *watch)
{
    if (clock_monotonic_ms() - watch->state_since_ms <= WATCH_GIVE_UP_MS)
        return;
    if (watch->state == WATCH_CONNECTING)
        give_up(watch, "a second connection is not answered");
    else if (watch->state != WATCH_BROKEN)
        give_up(watch, "its question is not answered");
}

void watch_session_settle(WatchSession *watch)
{
    int64_t until = clock_monotonic_ms() + WATCH_GIVE_UP_MS;
    while (watch->state == WATCH_CANCELS) {
        int64_t left = until - clock_monotonic_ms();
        bool round = false;
        if (left <= 0)
            give_up(watch, "its question is not answered");
        else
            (void)take_answer(watch, left, &round);
    }
}

bool watch_session_tick(WatchSession *watch, const PgSession *run)
{
    int64_t begun = clock_monotonic_ms(), until = begun + WATCH_PATIENCE_MS;
    bool news = false;
    look_at(watch, run);
    note_pause(watch, begun);
    if (watch->state == WATCH_CLOSED)
        begin_connecting(watch, run);
    while (watch->state != WATCH_BROKEN) {
        int64_t now = clock_monotonic_ms(), left = until - now;
        bool round = false, moved = true;
        if (watch->state == WATCH_CONNECTING)
            moved = go_on_connecting(watch, left);
        else if (watch->state != WATCH_IDLE)
            moved = take_answer(watch, left, &round);
        else if (news || (watch->asked_ms && now - watch->asked_ms < watch->options.every_ms))
            break;
        else
            begin_round(watch);
        if (!moved) {
            check_patience(watch);
            break;
        }
        if (round)
            end_round(watch);
        news = news || round;
    }
    return news;
}
