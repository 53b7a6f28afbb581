#include "applier/runs/run_session.h"

#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/server/server_words.h"
#include "applier/watch/lock_holder.h"
#include "base/memory.h"
#include "base/uuid.h"

/* Of the first and the last eight digits: those that a UUID leaves to chance. */
static void make_run_id(char ret_id[static RUN_ID_SIZE])
{
    char uuid[UUID_TEXT_SIZE];
    uuid_make(uuid);
    snprintf(ret_id, RUN_ID_SIZE, "%.8s%.8s", uuid, uuid + UUID_TEXT_SIZE - 9);
}

RunOptions run_options_default(void)
{
    RunOptions options = {.lock_wait_ms = PG_LOCK_WAIT_DEFAULT_MS,
                          .reconnect_ms = RUN_RECONNECT_DEFAULT_MS,
                          .lock_timeout_ms = PG_SESSION_LOCK_TIMEOUT_MS,
                          .schema.look_under_lock_ms = SCHEMA_LOOK_UNDER_LOCK_MS};
    make_run_id(options.run_id);
    return options;
}

void run_session_name(const RunOptions *options, char ret_name[static PG_APPLICATION_SIZE])
{
    snprintf(ret_name, PG_APPLICATION_SIZE, "%s%s%s", PG_SESSION_APPLICATION,
             *options->run_id ? " " : "", options->run_id);
}

bool run_session_connect(const RunOptions *options, const char *scripts_path,
                         PgSession **ret_session, Error *err)
{
    char name[PG_APPLICATION_SIZE];
    run_session_name(options, name);
    const PgSessionOptions wanted = {.conninfo = options->conninfo,
                                     .scripts_path = scripts_path,
                                     .purpose = PG_SESSION_WRITES,
                                     .lock_timeout_ms = options->lock_timeout_ms,
                                     .statement_timeout_ms = options->statement_timeout_ms,
                                     .words = options->words,
                                     .application = name};
    return pg_session_open(&wanted, ret_session, err);
}

bool run_session_check(const PgSession *session, const RunOptions *options, Error *err)
{
    if (!target_check_writable(session, err))
        return false;
    if (options->refuse_superuser && session->facts.superuser) {
        error_set(err, ERROR_TARGET, "role '%s' is a superuser, which this site's policy refuses",
                  session->facts.session_user);
        return error_hint(err, "connect as the role that owns the schema");
    }
    return true;
}

bool run_session_open(const RunOptions *options, const char *scripts_path, PgSession **ret_session,
                      Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    if (!run_session_connect(options, scripts_path, &session, err) ||
        !run_session_check(session, options, err))
        return false;
    /* from here on a second signal cancels whatever this session runs */
    pg_session_cancel_on_interrupt(session);
    if (!pg_lock_take(session, options->lock_wait_ms, options->lock_waiting,
                      options->listener.context, err))
        return lock_holder_explain(session, err);
    *ret_session = TAKE_PTR(session);
    return true;
}

static void on_tick(void *context, int64_t waited_ms)
{
    const RunTicks *ticks = context;
    ticks->listener->busy(ticks->listener->context, ticks->session, waited_ms);
}

void run_session_watch(PgSession *session, const RunListener *listener, RunTicks *ticks)
{
    *ticks = (RunTicks){.listener = listener, .session = session};
    if (!listener->busy)
        return;
    session->waiting = on_tick;
    session->waiting_context = ticks;
}

bool run_session_open_reader(const RunOptions *options, PgSession **ret_session, Error *err)
{
    char name[PG_APPLICATION_SIZE];
    run_session_name(options, name);
    const PgSessionOptions wanted = {.conninfo = options->conninfo,
                                     .purpose = PG_SESSION_READS,
                                     .lock_timeout_ms = options->lock_timeout_ms,
                                     .words = options->words,
                                     .application = name};
    return pg_session_open(&wanted, ret_session, err);
}

bool run_session_history(PgSession *session, PgSessionPurpose purpose, const RunOptions *options,
                         History *ret_history, Error *err)
{
    /* the owner first: it is asked of the catalog, which also one without rights may read */
    CLEANUP(history_done) History history = {.unsettled = -1};
    if (!ledger_check_owner(session, purpose, options->ledger_owner, err) ||
        !history_read(session, &history, err) ||
        (purpose == PG_SESSION_WRITES && !options->rehearsal &&
         (!run_session_refuse_copy(&history, err) ||
          !run_session_refuse_moved(&history, options, err))))
        return false;
    *ret_history = history;
    history = (History){.unsettled = -1};
    return true;
}

bool run_session_refuse_copy(const History *history, Error *err)
{
    if (!history->managed || !*history->identity.rehearsal_since)
        return true;
    error_set(err, ERROR_TARGET,
              "this database is a copy that was made to rehearse on (since %s): nothing else is "
              "run here",
              history->identity.rehearsal_since);
    return error_hint(err, "check --db: is it the database that was meant? a copy is used again by "
                           "'applier rehearse', and dropped when it is no longer needed");
}

bool run_session_refuse_moved(const History *history, const RunOptions *options, Error *err)
{
    if (!history->moved || options->same_site)
        return true;
    CLEANUP(memory_freep) char *words = history_moved_words(history);
    error_set(err, ERROR_TARGET,
              "%s: it is a restored backup, an upgraded or moved server (pg_upgrade makes a new "
              "one), or a copy; nothing was done",
              words);
    return error_hint(err, "if it is this site's database from now on, say so once: the same "
                           "command with --same-site; if it is a copy that goes its own way: "
                           "'applier adopt --as-copy'");
}

RunObserver run_session_observer(const RunOptions *options, SchemaCheck *check)
{
    RunObserver observer = {.context = check};
    if (check->sources.count) {
        observer.arrives = schema_check_arrives;
        observer.arrived = schema_check_arrived;
    }
    if (options->measure) {
        observer.step_begins = options->measure->step_begins;
        observer.step_ends = options->measure->step_ends;
        observer.step_context = options->measure->context;
    }
    return observer;
}

bool run_session_store_bundle(PgSession *session, const ApplyInput *input, Error *err)
{
    const LedgerBundle bundle = {.envelope = input->envelope,
                                 .head = input->head,
                                 .head_digest = input->head_digest,
                                 .manifest_bytes = input->manifest_bytes,
                                 .manifest_size = input->manifest_size,
                                 .manifest = input->manifest,
                                 .objects = &input->objects,
                                 .verification = input->verification};
    return ledger_store_bundle(session, &bundle, err);
}

static void on_end_tick(void *context, int64_t waited_ms)
{
    const RunTicks *ticks = context;
    const RunListener *listener = ticks->listener;
    if (listener->busy)
        listener->busy(listener->context, ticks->session, waited_ms);
    if (listener->end_waits)
        listener->end_waits(listener->context, waited_ms);
}

bool run_session_end(PgSession *session, const RunOptions *options, const LedgerEvent *end,
                     Error *err)
{
    RunTicks ticks = {.listener = &options->listener, .session = session};
    void (*before)(void *context, int64_t waited_ms) = session->waiting;
    void *before_context = session->waiting_context;
    session->waiting = on_end_tick;
    session->waiting_context = &ticks;
    bool good = ledger_add_durable_event(session, end, err);
    session->waiting = before;
    session->waiting_context = before_context;
    if (good)
        return true;
    /* steps are committed; only the end of the run is not on record */
    if (err->class == ERROR_CONNECTION)
        err->class = ERROR_UNSETTLED;
    if (err->class == ERROR_UNSETTLED && !pg_session_is_lost(session)) {
        LedgerEvent unconfirmed = *end;
        unconfirmed.phase = PHASE_OF_FAILURE;
        return run_session_failed(session, unconfirmed, /* step= */ NULL, err);
    }
    return false;
}

bool run_session_failed(PgSession *session, LedgerEvent event, const StepFailure *step, Error *err)
{
    LedgerPresence presence = LEDGER_ABSENT;
    CLEANUP(error_done) Error ignored = {0};
    if (pg_session_is_lost(session) || !ledger_look(session, &presence, &ignored) ||
        presence == LEDGER_ABSENT)
        return false;
    event.sqlstate = err->code;
    event.words = err->message;
    if (step && step->happened)
        event.words = step->kept;
    else if (session->words == WORDS_WHOLE && *err->code)
        event.words = server_words_condition(err->code);
    (void)!(ledger_begin_local(session, &ignored) && ledger_add_event(session, &event, &ignored) &&
            pg_script(session, "COMMIT", &ignored));
    return false;
}
