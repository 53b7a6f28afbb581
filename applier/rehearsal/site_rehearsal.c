#include "applier/rehearsal/site_rehearsal.h"

#include "applier/rehearsal/rehearsal_tolerated.h"
#include "applier/rehearsal/site_outside.h"
#include "applier/rehearsal/site_restored.h"
#include "applier/rehearsal/site_way_back.h"
#include "applier/runs/run_session.h"
#include "applier/server/pg_query.h"
#include "base/clock.h"
#include "base/interrupt.h"

const char *site_method_name(SiteMethod method)
{
    static const char *const names[] = {"template", "restored", "rolled-back"};
    return names[method];
}

static void way_back_done(SiteWayBack *back)
{
    free(back->why_not);
    array_each (char *, line, &back->differs)
        free(*line);
    array_free(&back->differs);
    array_each (SiteRows, rows, &back->rows) {
        free(rows->table);
        free(rows->column);
    }
    array_free(&back->rows);
    rollback_report_done(&back->run);
}

void site_rehearsal_done(SiteRehearsal *rehearsal)
{
    free(rehearsal->database);
    free(rehearsal->copy);
    free(rehearsal->copy_name);
    free(rehearsal->database_uuid);
    free(rehearsal->server_version);
    free(rehearsal->from);
    free(rehearsal->to);
    array_each (SiteVersion, version, &rehearsal->versions) {
        free(version->name);
        free(version->arrival);
    }
    array_free(&rehearsal->versions);
    apply_report_done(&rehearsal->apply);
    way_back_done(&rehearsal->back);
    site_measure_free(rehearsal->measure);
    text_done(&rehearsal->warnings);
    *rehearsal = (SiteRehearsal){0};
}

void site_rehearsal_add_version(SiteRehearsal *rehearsal, const char *name, SchemaState state,
                                const char *arrival)
{
    *array_add(&rehearsal->versions) = (SiteVersion){
        .name = memory_string(name), .state = state, .arrival = memory_string(arrival)};
}

bool site_rehearsal_confirm(const SiteRehearsalOptions *options, const SiteRehearsal *rehearsal,
                            Error *err)
{
    return !options->confirm || options->confirm(options->context, rehearsal, err);
}

void site_rehearsal_note_plan(const ApplyPlan *plan, const History *history,
                              const Manifest *manifest, SiteRehearsal *rehearsal)
{
    rehearsal->tasks = run_tasks_count(&plan->tasks);
    rehearsal->from = memory_string(history_version_name(history));
    rehearsal->to = memory_string(manifest->versions.items[plan->target].name);
    if (history->managed)
        rehearsal->database_uuid = memory_string(history->identity.database_uuid);
}

#define LOOKING "counting rows and reading the schema"

/* --- one under way --------------------------------------------------------------------------- */

/* A rehearsal on a copy. */
typedef struct Copy {
    const SiteRehearsalOptions *options;
    const ApplyInput *input;
    SiteRehearsal *rehearsal;
    RunOptions run;    /* on the copy */
    PgSession *reader; /* owned: on the copy */
    History before;    /* of the real database, or of the copy as it came */
    ApplyPlan plan;
    Fingerprint schema; /* of the copy, before */
    RowHashes rows;     /* numbers of rows, before */
    bool counted;       /* … are known */
} Copy;

static void copy_done(Copy *copy)
{
    pg_session_close(copy->reader);
    history_done(&copy->before);
    apply_plan_done(&copy->plan);
    fingerprint_done(&copy->schema);
    row_hashes_done(&copy->rows);
}

static void PRINTF_LIKE(2, 3) say(const Copy *copy, const char *format, ...)
{
    va_list arguments;
    if (!copy->options->say)
        return;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *line = memory_vformat(format, arguments);
    va_end(arguments);
    copy->options->say(copy->options->context, line);
}

/* What a killed run left open the copy's own run settles first, as the real one would. */
static bool make_plan(Copy *copy, const char *conninfo, Error *err)
{
    RunOptions looking = copy->options->run;
    looking.conninfo = conninfo;
    if (!apply_run_plan(&looking, copy->input, copy->options->to_version, &copy->before,
                        &copy->plan, /* ret_forecast= */ NULL, err))
        return false;
    bool settles = copy->plan.relation == RELATION_UNREST && history_unsettled(&copy->before) &&
                   !copy->before.diverged;
    array_each (RunTask, task, &copy->plan.tasks)
        task->objects = &copy->input->objects;
    site_rehearsal_note_plan(&copy->plan, &copy->before, copy->input->manifest, copy->rehearsal);
    if (settles)
        return true;
    CLEANUP(run_parameters_done) RunParameters parameters = {0};
    run_parameters_find(&copy->options->run.parameters, copy->input->manifest, &copy->before,
                        RUN_BEGINS_ANEW, &copy->plan.tasks, &parameters);
    bool good = apply_plan_check(&copy->plan, err) &&
                run_parameters_check(&parameters, &copy->before, copy->input->manifest, err);
    /* the copy's own run puts them together again */
    array_each (RunTask, task, &copy->plan.tasks)
        task->values = NULL;
    return good;
}

static bool nothing_to_do(const Copy *copy)
{
    return copy->plan.relation == RELATION_CURRENT;
}

/* --- the copy's ledger ----------------------------------------------------------------------- */

static bool mark_in_transaction(Copy *copy, PgSession *session, Error *err)
{
    const Head *head = copy->input->head;
    LedgerPresence presence = LEDGER_ABSENT;
    return pg_script(session, "BEGIN", err) && ledger_look(session, &presence, err) &&
           (presence == LEDGER_PRESENT ||
            ledger_make(session, head->product, head->product_uuid, err)) &&
           ledger_mark_rehearsal(session, err) && pg_script(session, "COMMIT", err);
}

/* Before the first step: whatever happens, the copy cannot be taken for the real one. */
static bool mark(Copy *copy, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    CLEANUP(history_done) History history = {.unsettled = -1};
    if (!run_session_open(&copy->run, /* scripts_path= */ NULL, &session, err) ||
        !run_session_history(session, PG_SESSION_WRITES, &copy->run, &history, err))
        return false;
    copy->rehearsal->copy = pg_session_describe(session);
    free(copy->rehearsal->server_version);
    copy->rehearsal->server_version = memory_string(session->facts.version_text);
    return mark_in_transaction(copy, session, err) ||
           error_wrap(err, "marking the copy as one to rehearse on");
}

/* --- before and after ------------------------------------------------------------------------ */

/* A table that the role may not read is not counted, and then none is. */
static bool count_rows(Copy *copy, RowHashes *ret_rows, bool *ret_counted, Error *err)
{
    if (rehearsal_hash_read(copy->reader, ROW_COUNTS, ret_rows, err)) {
        rehearsal_drop_tolerated_tables(copy->input->manifest, ret_rows);
        *ret_counted = true;
        return true;
    }
    if (strcmp(err->code, "42501") != 0)
        return false;
    text_addf(&copy->rehearsal->warnings, "rows were not counted: %s\n", err->message);
    error_done(err);
    *ret_counted = false;
    return true;
}

static bool look_before(Copy *copy, Error *err)
{
    say(copy, LOOKING);
    if (!run_session_open_reader(&copy->run, &copy->reader, err))
        return false;
    site_clone_interruptible(copy->reader);
    return (site_way_back_read(copy->reader, copy->input->manifest, &copy->schema, err) &&
            count_rows(copy, &copy->rows, &copy->counted, err) &&
            site_measure_begin(copy->rehearsal->measure, copy->reader,
                               copy->counted ? &copy->rows : NULL, err)) ||
           site_clone_interrupted(LOOKING, err);
}

/* --- up -------------------------------------------------------------------------------------- */

static const PastArrival *new_arrival(const History *before, const History *now, const char *name)
{
    for (size_t i = now->arrivals.count; i > before->arrivals.count; i--)
        if (strcmp(now->arrivals.items[i - 1].version, name) == 0)
            return &now->arrivals.items[i - 1];
    return NULL;
}

static bool holds(const History *history, const char *name)
{
    array_each (const AppliedVersion, version, &history->versions) {
        if (strcmp(version->name, name) == 0)
            return true;
    }
    return false;
}

static void note_version(Copy *copy, const History *now, const char *name)
{
    const PastArrival *arrival = new_arrival(&copy->before, now, name);
    const SchemaReport *schema = &copy->rehearsal->apply.schema;
    bool other =
        schema->version && schema->state == SCHEMA_DIFFERS && strcmp(schema->version, name) == 0;
    if (arrival && !other)
        site_rehearsal_add_version(copy->rehearsal, name,
                                   arrival->proven     ? SCHEMA_PROVEN
                                   : *arrival->arrival ? SCHEMA_PARTLY
                                                       : SCHEMA_DIFFERS,
                                   arrival->arrival);
    else if (other || holds(now, name))
        site_rehearsal_add_version(copy->rehearsal, name, other ? SCHEMA_DIFFERS : SCHEMA_UNPROVEN,
                                   "");
}

/* What the copy's ledger says of each version that the run came to. */
static void note_versions(Copy *copy)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(history_done) History now = {.unsettled = -1};
    const ManifestVersion *last = NULL;
    if (!copy->reader || pg_session_is_lost(copy->reader) ||
        !history_read(copy->reader, &now, &ignored))
        return;
    array_each (const RunTask, task, &copy->plan.tasks) {
        if (task->version != last)
            note_version(copy, &now, task->version->name);
        last = task->version;
    }
}

/* What a site would be told to do next is of no use on a copy. */
static bool failed(const Copy *copy, const RunReport *run, const SchemaReport *schema,
                   const char *doing, Error *err)
{
    bool step = run->failure.happened || schema->state == SCHEMA_DIFFERS;
    const char *database = copy->rehearsal->database;
    if (err->class == ERROR_UNSETTLED)
        err->class = step ? ERROR_STEP : ERROR_CONNECTION;
    error_wrap(err, "%s", doing);
    if (err->class == ERROR_STEP || err->class == ERROR_CONNECTION ||
        err->class == ERROR_INTERRUPTED)
        error_hint(err, "this was the copy: %s is untouched",
                   database ? database : "the real database");
    return false;
}

static bool go_up(Copy *copy, Error *err)
{
    SiteRehearsal *rehearsal = copy->rehearsal;
    say(copy, "up: %s -> %s", strcmp(rehearsal->from, "-") ? rehearsal->from : "(nothing)",
        rehearsal->to);
    bool good =
        apply_run(&copy->run, copy->input, copy->options->to_version, &rehearsal->apply, err);
    note_versions(copy);
    if (rehearsal->apply.warnings)
        text_add(&rehearsal->warnings, rehearsal->apply.warnings);
    rehearsal->up_passed = good;
    return good || failed(copy, &rehearsal->apply.run, &rehearsal->apply.schema, "up", err);
}

/* --- and back -------------------------------------------------------------------------------- */

static bool look_after(Copy *copy, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint schema = {0};
    CLEANUP(row_hashes_done) RowHashes rows = {0};
    bool counted = false;
    CLEANUP(memory_freep) char *unrest = history_unrest(&copy->before);
    if (unrest) {
        copy->rehearsal->back.why_not =
            memory_string("it was not compared: the database stood inside a migration before");
        return true;
    }
    say(copy, LOOKING);
    if (!site_way_back_read(copy->reader, copy->input->manifest, &schema, err) ||
        (copy->counted && !count_rows(copy, &rows, &counted, err)))
        return site_clone_interrupted(LOOKING, err);
    SiteWayBack *back = &copy->rehearsal->back;
    site_way_back_judge(&copy->schema, &schema, counted ? &copy->rows : NULL,
                        counted ? &rows : NULL, back);
    return site_way_back_check(back, back->run.schema.state, err);
}

/* What has no way back is known, and no failure of the rehearsal. */
static bool could_not_begin(SiteWayBack *back, Error *err)
{
    if (err->class != ERROR_TARGET || back->run.run.groups_committed ||
        back->run.run.failure.happened)
        return false;
    back->tried = false;
    back->why_not = memory_string(err->message);
    error_done(err);
    return true;
}

static bool go_back(Copy *copy, Error *err)
{
    SiteWayBack *back = &copy->rehearsal->back;
    RollbackOptions options = {.run = copy->run,
                               .target = {.to_version = copy->rehearsal->from,
                                          .has_position = true,
                                          .position = copy->before.position},
                               .trust = copy->options->trust,
                               .needs = copy->options->needs};
    options.run.action = ACTION_ROLLBACK;
    say(copy, "back: %s -> %s", copy->rehearsal->to,
        strcmp(copy->rehearsal->from, "-") ? copy->rehearsal->from : "(nothing)");
    if (!site_measure_begin(copy->rehearsal->measure, copy->reader,
                            copy->counted ? &copy->rows : NULL, err))
        return false;
    back->tried = true;
    bool good = rollback_run(&options, &back->run, err);
    if (back->run.warnings)
        text_add(&copy->rehearsal->warnings, back->run.warnings);
    if (!good)
        return could_not_begin(back, err) ||
               failed(copy, &back->run.run, &back->run.schema, "the way back", err);
    return look_after(copy, err);
}

/* --- on a copy ------------------------------------------------------------------------------- */

static bool run_on(Copy *copy, const char *conninfo, Error *err)
{
    copy->run = copy->options->run;
    copy->run.conninfo = conninfo;
    copy->run.rehearsal = true;
    copy->run.reconnect_ms = 0; /* what comes back is measured from its middle on */
    /* the server's standbys, and who else is on the copy, are not the real database's */
    copy->run.max_lag = (LagLimit){0};
    copy->run.conflicts = CONFLICTS_IGNORED;
    copy->rehearsal->measure = site_measure_new(SITE_MEASURE_GROUPS);
    const RunObserver observer = site_measure_observer(copy->rehearsal->measure);
    copy->run.measure = &observer;
    if (interrupt_count() > 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted before the first step");
    bool good = mark(copy, err) && look_before(copy, err) && go_up(copy, err) &&
                (copy->options->without_rollback || go_back(copy, err));
    copy->run.measure = NULL;
    pg_session_close(TAKE_PTR(copy->reader));
    return good;
}

/* Made, run on, and dropped, however the run ended. */
static bool run_on_template(Copy *copy, SiteClone *clone, Error *err)
{
    SiteRehearsal *rehearsal = copy->rehearsal;
    say(copy, "copying the database; nobody can connect to it meanwhile");
    int64_t begun = clock_monotonic_ms();
    if (!site_clone_make(clone, &rehearsal->warnings, err))
        return false;
    rehearsal->copy_ms = clock_monotonic_ms() - begun;
    bool good = run_on(copy, clone->conninfo, err);
    site_clone_look_outside(clone, &rehearsal->warnings);
    if (copy->options->keep)
        site_clone_keep(clone, &rehearsal->warnings);
    else
        site_clone_drop(clone, &rehearsal->warnings);
    rehearsal->kept = clone->made;
    return good;
}

static bool run_template(Copy *copy, Error *err)
{
    SiteRehearsal *rehearsal = copy->rehearsal;
    SiteClone clone = {0};
    if (!make_plan(copy, copy->options->run.conninfo, err))
        return false;
    if (nothing_to_do(copy))
        return true;
    if (!site_outside_check(&copy->plan.tasks, err) ||
        !site_clone_look(copy->options->run.conninfo, copy->options->run.words, &clone, err))
        return false;
    rehearsal->database = pg_session_describe(clone.admin);
    rehearsal->copy_name = memory_string(clone.name);
    rehearsal->copy_bytes = clone.size_bytes;
    rehearsal->copy_free = clone.free_bytes;
    /* whoever may not run there need not wait for the copy */
    bool good =
        ledger_check_owner(clone.admin, PG_SESSION_WRITES, copy->options->run.ledger_owner, err) &&
        site_rehearsal_confirm(copy->options, rehearsal, err) && run_on_template(copy, &clone, err);
    site_clone_close(&clone);
    return good;
}

/* --- on a restored copy ---------------------------------------------------------------------- */

static bool run_restored(Copy *copy, Error *err)
{
    if (!site_restored_check(copy->options, copy->rehearsal, err) ||
        !make_plan(copy, copy->options->clone, err))
        return false;
    copy->rehearsal->kept = true;
    return nothing_to_do(copy) || (site_rehearsal_confirm(copy->options, copy->rehearsal, err) &&
                                   run_on(copy, copy->options->clone, err));
}

bool site_rehearsal_run(const SiteRehearsalOptions *options, const ApplyInput *input,
                        SiteRehearsal *rehearsal, Error *err)
{
    CLEANUP(copy_done)
    Copy copy = {
        .options = options, .input = input, .rehearsal = rehearsal, .before.unsettled = -1};
    rehearsal->method = options->method;
    switch (options->method) {
    case SITE_METHOD_TEMPLATE:
        return run_template(&copy, err);
    case SITE_METHOD_RESTORED:
        return run_restored(&copy, err);
    case SITE_METHOD_ROLLED_BACK:
        return site_rolled_back_run(options, input, rehearsal, err);
    }
    return false;
}
