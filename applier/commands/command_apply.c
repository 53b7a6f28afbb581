/* applier apply: prove a bundle, show what it would do, do it. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/apply_command.h"
#include "applier/commands/apply_route.h"
#include "applier/commands/confirm.h"
#include "applier/commands/note_render.h"
#include "applier/commands/parameter_render.h"
#include "applier/commands/run_options.h"
#include "applier/commands/run_render.h"
#include "applier/runs/run_session.h"
#include "applier/runs/site_memory.h"
#include "base/interrupt.h"
#include "base/memory.h"

typedef struct ApplyOptions {
    RunCommandOptions run;
    const char *to;
    const char *atomic;
    const char *phase;
    bool yes;
} ApplyOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(ApplyOptions),
    STEPS_OPTION_ROWS(ApplyOptions),
    OPTION_STRING_ROW(
        "to", ApplyOptions, to, "VERSION",
        "stop at this version (default: the last of the bundle, or the newest at hand)"),
    OPTION_CHOICE_ROW("atomic", ApplyOptions, atomic, "migration|version|run",
                      "how much one transaction holds (default: migration)"),
    OPTION_CHOICE_ROW("phase", ApplyOptions, phase, "before|after",
                      "only what the old application tolerates, without completing the version; or "
                      "the rest, once that is done (default: all)"),
    OPTION_FLAG_ROW("yes", ApplyOptions, yes, "do not ask"),
};

static void defaults(void *given)
{
    ApplyOptions *apply = given;
    run_options_defaults(&apply->run);
    apply->atomic = "migration";
}

/* What holds, where there is nothing to do. Texts owned. */
typedef struct Standing {
    bool nothing_to_do;
    char *version;
    char *halt; /* why no further, or NULL */
} Standing;

static void standing_done(Standing *standing)
{
    free(standing->version);
    free(standing->halt);
}

static void render_nothing(const CommandContext *context, const SiteBundle *bundle,
                           const RunOptions *run, const Standing *standing, const char *why)
{
    if (!context->json) {
        text_addf(context->out, "nothing to do: %s\n", why);
        return;
    }
    static const RunReport no_run = {.settled = true};
    static const SettleReport no_settling;
    const EnvelopeProof *proof = bundle_reader_proof(bundle->reader);
    const RunOutcome outcome = {.from = standing->version,
                                .to = standing->version,
                                .version = standing->version,
                                .result = "nothing to do",
                                .run = &no_run,
                                .settled = &no_settling,
                                .warnings = text_string(&run_watch_of(&run->listener)->warnings)};
    char head[DIGEST_HEX_SIZE];
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", proof->head.product);
    json_string(&json, "head_digest", digest_hex(&proof->head_digest, head));
    json_string(&json, "halt", standing->halt);
    run_render_json(&outcome, &json);
    json_close(&json);
    json_end(&json);
}

/* What cannot be taken back is said before it is done. */
static const char *way_back_words(const ManifestMigration *migration)
{
    if (!migration)
        return " (no migrations)";
    return migration->verdict == VERDICT_IRREVERSIBLE ? ": irreversible"
           : migration->verdict == VERDICT_NONE       ? ": no way back"
                                                      : "";
}

/* The list that the operator says yes to. */
static void print_tasks(const ApplyPlan *plan, const Manifest *manifest,
                        const RunParameters *parameters)
{
    CLEANUP(text_done) Text values = {0};
    fprintf(stderr, "%" PRId64 " to apply, up to version %s:\n", run_tasks_count(&plan->tasks),
            manifest->versions.items[plan->target].name);
    if (plan->stands_for)
        fprintf(stderr, "  (the database is at %s, which %s supersedes: its schema is compared)\n",
                plan->stands_for, plan->tasks.items[0].version->name);
    array_each (const RunTask, task, &plan->tasks) {
        if (task->only_gate) {
            fprintf(stderr, "  %s gate: what %s asks must hold\n", task->version->name,
                    task->migration->scripts[SCRIPT_PRECHECK].source);
            continue;
        }
        fprintf(stderr, "  %s%s%s%s\n", task->version->name, task->migration ? " " : "",
                task->migration ? task->migration->identity : "", way_back_words(task->migration));
    }
    note_render_text(plan, manifest, &values);
    parameter_render_text(parameters, &values);
    fputs(text_string(&values), stderr);
    if (plan->halt)
        fprintf(stderr, "  and no further: %s\n", plan->halt);
}

/* What is to be done is known only once the step that a killed run left open is settled: the run
 * itself does that first, under the lock, and then plans again. */
static bool settles_first(const History *history, const ApplyPlan *plan)
{
    return plan->relation == RELATION_UNREST && history_unsettled(history) && !history->diverged;
}

/* Look, show, ask. */
static bool look_and_ask(const CommandContext *context, const RunOptions *run,
                         const SiteBundle *bundle, const ApplyInput *input, Standing *standing,
                         Error *err)
{
    const ApplyOptions *given = context->options;
    CLEANUP(history_done) History history = {0};
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    if (!apply_run_plan(run, input, given->to, &history, &plan, /* ret_forecast= */ NULL, err) ||
        !run_session_refuse_copy(&history, err) || !run_session_refuse_moved(&history, run, err))
        return false;
    bool settle = settles_first(&history, &plan);
    apply_command_compare(context, bundle, &history, run);
    CLEANUP(run_parameters_done) RunParameters parameters = {0};
    if ((!settle && !apply_plan_check(&plan, err)) || !site_memory_check(bundle, &history, err))
        return false;
    run_parameters_find(&run->parameters, input->manifest, &history, RUN_BEGINS_ANEW, &plan.tasks,
                        &parameters);
    if (!settle && !run_parameters_check(&parameters, &history, input->manifest, err))
        return false;
    /* a run that was killed behind its last step gets its end, which asks nobody */
    standing->nothing_to_do = plan.relation == RELATION_CURRENT && !history_open_run(&history);
    standing->version = memory_string(history_version_name(&history));
    standing->halt = memory_string(plan.halt);
    if (plan.relation == RELATION_CURRENT)
        return true;
    if (settle)
        fprintf(stderr, "%s: that is settled first\n", plan.words);
    else if (!given->yes)
        print_tasks(&plan, input->manifest, &parameters);
    return confirm(given->yes ? CONFIRM_YES : CONFIRM_ASK, "Apply?", err);
}

static bool run_apply(CommandContext *context, SiteBundle *bundle, const RunOptions *run,
                      Error *err)
{
    const ApplyOptions *given = context->options;
    const EnvelopeProof *proof = bundle_reader_proof(bundle->reader);
    CLEANUP(standing_done) Standing standing = {0};
    bool done = false;
    if (!given->to && !apply_run_is_done(run, &proof->head, &proof->head_digest, &done, err))
        return false;
    if (done) {
        standing.version = memory_string(proof->head.covers_to);
        render_nothing(context, bundle, run, &standing,
                       "this bundle is applied; the schema itself was not looked at");
        return true;
    }
    ApplyInput input;
    if (!site_bundle_input(bundle, &input, err) ||
        !parameter_requests_check(&run->parameters, &input.manifest, 1, err) ||
        !look_and_ask(context, run, bundle, &input, &standing, err))
        return false;
    if (!standing.nothing_to_do)
        return apply_command_run(context, bundle, &input, run, given->to, err);
    CLEANUP(memory_freep)
    char *why = run->phase == RUN_PHASE_BEFORE
                    ? memory_string("no migration of phase before is next")
                    : memory_format("the database is at version %s%s%s", standing.version,
                                    standing.halt ? "; " : "", standing.halt ? standing.halt : "");
    render_nothing(context, bundle, run, &standing, why);
    return true;
}

/* Of several bundles, or a folder of them, the route decides which are used, and in which order. */
static bool run_route(CommandContext *context, Error *err)
{
    const ApplyOptions *given = context->options;
    const ApplyRouteRequest request = {.run = &given->run,
                                       .to = given->to,
                                       .atomic = atomic_mode_parse(given->atomic),
                                       .yes = given->yes};
    return apply_route(context, &request, err);
}

static bool run(CommandContext *context, Error *err)
{
    const ApplyOptions *given = context->options;
    if (route_is_named(&context->arguments)) {
        if (given->phase)
            return error_set(err, ERROR_USAGE,
                             "--phase is of one bundle; several, or a folder, are run as a route");
        return run_route(context, err);
    }
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    BackupRequest backup;
    RunWatch watch;
    if (!run_options_accepts(&given->run, &accepts, err) ||
        !site_bundle_open(context->arguments.items[0], &bundle, err) ||
        !backup_options_make(&given->run.backup, &bundle.config, context->program, &backup, err))
        return false;
    interrupt_install();
    RunOptions run = run_options_make(&given->run, &bundle.config, &watch, context->program);
    run.schema.accepts = &accepts;
    run.backup = &backup;
    run.atomic = atomic_mode_parse(given->atomic);
    if (given->phase)
        run.phase = strcmp(given->phase, "before") == 0 ? RUN_PHASE_BEFORE : RUN_PHASE_AFTER;
    bool good =
        run_watch_events(&watch, given->run.events, err) && run_apply(context, &bundle, &run, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

const Command command_apply = {
    .name = "apply",
    .synopsis =
        "{BUNDLE… | DIR} [--db CONNINFO] [--to VERSION] [--atomic migration|version|run] "
        "[--phase before|after] [--set NAME=VALUE]… [--accept-extra IDENTITY=REASON]… [--strict] [--yes]",
    .summary = "apply a bundle, or the shortest route through several, to a database",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ApplyOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = -1,
    .run = run,
};
