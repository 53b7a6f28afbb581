/* applier plan: the exact statements and transaction groups of an apply, what they lock and how
 * long they will take here; changes nothing. */
#include "applier/applier_commands.h"
#include "applier/commands/backup_options.h"
#include "applier/commands/plan_render.h"
#include "applier/commands/plan_route.h"
#include "applier/commands/run_options.h"
#include "applier/commands/run_render.h"
#include "applier/runs/run_session.h"
#include "applier/runs/site_memory.h"
#include "base/clock.h"
#include "base/memory.h"

typedef struct PlanOptions {
    TargetOptions target;
    const char *to;
    const char *atomic;
    bool sql;
    bool all;
    StringArray set;
} PlanOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(PlanOptions),
    OPTION_STRING_ROW(
        "to", PlanOptions, to, "VERSION",
        "stop at this version (default: the last of the bundle, or the newest at hand)"),
    OPTION_CHOICE_ROW("atomic", PlanOptions, atomic, "migration|version|run",
                      "how much one transaction holds (default: migration)"),
    PARAMETER_OPTION_ROW(PlanOptions, set),
    OPTION_FLAG_ROW("sql", PlanOptions, sql, "print each statement whole"),
    OPTION_FLAG_ROW("all", PlanOptions, all,
                    "show each migration, however many there are (default: up to 12; of more a "
                    "line for each version)"),
};

static void defaults(void *given)
{
    PlanOptions *plan = given;
    plan->atomic = "migration";
}

/* What was looked at. */
typedef struct Planning {
    bool of_route; /* the first run of one */
    SiteBundle bundle;
    ApplyInput input;
    PgSession *session; /* owned */
    History history;
    ApplyPlan plan;
    SchemaForecast forecast;
    RunEstimate estimate;
    char *database; /* owned */
    char *backup;   /* owned: what the gate will want */
} Planning;

static void planning_done(Planning *planning)
{
    run_estimate_done(&planning->estimate);
    schema_forecast_done(&planning->forecast);
    apply_plan_done(&planning->plan);
    history_done(&planning->history);
    pg_session_close(planning->session);
    site_bundle_done(&planning->bundle);
    free(planning->database);
    free(planning->backup);
}

/* A look that takes longer than the site allows under locks waits for COMMIT. */
static bool looks_under_locks(const Planning *planning)
{
    int64_t most = planning->bundle.config.look_under_lock_ms;
    if (most < 0)
        most = SCHEMA_LOOK_UNDER_LOCK_MS;
    return most > 0 && planning->forecast.look_ms <= most;
}

static bool look(const PlanOptions *given, const char *path, const char *to, Planning *planning,
                 Error *err)
{
    AtomicMode mode = atomic_mode_parse(given->atomic);
    RunOptions run = run_options_default();
    static const BackupWords no_words;
    BackupRequest backup;
    if (!site_bundle_open(path, &planning->bundle, err) ||
        !site_bundle_input(&planning->bundle, &planning->input, err) ||
        !backup_request_make(&no_words, &planning->bundle.config, &backup, err))
        return false;
    planning->backup = backup_gate_forecast(&backup);
    run.conninfo = given->target.db;
    run.parameters =
        (ParameterRequests){.set = &given->set, .site = &planning->bundle.config.parameters};
    run.words = given->target.show_sql ? WORDS_WHOLE : WORDS_REDACTED;
    run.ledger_owner = planning->bundle.config.ledger_owner;
    /* those of a route were checked as such: --set may name what a later run takes */
    if ((!planning->of_route &&
         !parameter_requests_check(&run.parameters, &planning->input.manifest, 1, err)) ||
        !run_session_open_reader(&run, &planning->session, err) ||
        !apply_run_plan_on(planning->session, &run, &planning->input, to, &planning->history,
                           &planning->plan, &planning->forecast, err) ||
        !apply_plan_check(&planning->plan, err) ||
        !site_memory_check(&planning->bundle, &planning->history, err) ||
        !apply_plan_check_mode(planning->input.manifest, mode, planning->plan.target,
                               planning->plan.server_major, err) ||
        !run_units_check_atomic(&planning->plan.tasks, mode, err))
        return false;
    planning->database = pg_session_describe(planning->session);
    const LookCosts looks = {planning->forecast.look_ms, looks_under_locks(planning)};
    const MeasuredPlace place = {.config = &planning->bundle.config,
                                 .history = &planning->history,
                                 .head_digest = &planning->input.head_digest};
    return run_estimate_make(planning->session, &planning->plan, mode, &looks, &place,
                             &planning->estimate, err);
}

static bool run(CommandContext *context, Error *err)
{
    const PlanOptions *given = context->options;
    CLEANUP(planning_done) Planning planning = {.history.unsettled = -1};
    CLEANUP(text_done) Text shown = {0};
    CLEANUP(plan_route_done) PlanRoute route = {0};
    if (!plan_route_find(context, &given->target, given->to, &given->set, &route, err))
        return false;
    if (route.done)
        return true;
    planning.of_route = route.first != NULL;
    if (!look(given, route.first ? route.first : context->arguments.items[0],
              route.first ? route.to : given->to, &planning, err))
        return false;
    run_render_warnings(context->program, text_string(&planning.estimate.warnings));
    const PlanView view = {.input = &planning.input,
                           .plan = &planning.plan,
                           .history = &planning.history,
                           .forecast = &planning.forecast,
                           .estimate = &planning.estimate,
                           .route = route.first ? &route : NULL,
                           .backup = planning.backup,
                           .database = planning.database,
                           .looks_under_locks = looks_under_locks(&planning),
                           .whole = given->sql,
                           .all = given->all,
                           .now = clock_now()};
    if (context->json ? !plan_render_json(&view, &shown, err)
                      : !plan_render_text(&view, &shown, err))
        return false;
    text_add_n(context->out, shown.bytes ? shown.bytes : "", shown.length);
    return true;
}

const Command command_plan = {
    .name = "plan",
    .synopsis =
        "{BUNDLE… | DIR} [--db CONNINFO] [--to VERSION] [--atomic migration|version|run] [--sql] "
        "[--all]",
    .summary = "show the statements, locks and time that apply would need; change nothing",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(PlanOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = -1,
    .run = run,
};
