/* applier apply: prove a bundle, show what it would do, do it. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/apply_command.h"
#include "applier/commands/confirm.h"
#include "applier/commands/run_options.h"
#include "applier/commands/run_render.h"
#include "applier/runs/site_memory.h"
#include "base/interrupt.h"

typedef struct ApplyOptions {
    RunCommandOptions run;
    const char *to;
    const char *atomic;
    bool yes;
} ApplyOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(ApplyOptions),
    STEPS_OPTION_ROWS(ApplyOptions),
    OPTION_STRING_ROW("to", ApplyOptions, to, "VERSION",
                      "stop at this version (default: the bundle's last)"),
    OPTION_CHOICE_ROW("atomic", ApplyOptions, atomic, "migration|version|run",
                      "how much one transaction holds (default: migration)"),
    OPTION_FLAG_ROW("yes", ApplyOptions, yes, "do not ask"),
};

static void defaults(void *given)
{
    ApplyOptions *apply = given;
    run_options_defaults(&apply->run);
    apply->atomic = "migration";
}

static void render_nothing(const CommandContext *context, const Head *head, const char *why)
{
    if (!context->json) {
        text_addf(context->out, "nothing to do: %s\n", why);
        return;
    }
    static const RunReport no_run = {.settled = true};
    static const SettleReport no_settling;
    const RunOutcome outcome = {.from = head->covers_to,
                                .to = head->covers_to,
                                .version = head->covers_to,
                                .result = "nothing to do",
                                .run = &no_run,
                                .settled = &no_settling};
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", head->product);
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
static void print_tasks(const ApplyPlan *plan, const Manifest *manifest)
{
    fprintf(stderr, "%zu to apply, up to version %s:\n", plan->tasks.count,
            manifest->versions.items[plan->target].name);
    array_each (const RunTask, task, &plan->tasks)
        fprintf(stderr, "  %s%s%s%s\n", task->version->name, task->migration ? " " : "",
                task->migration ? task->migration->identity : "", way_back_words(task->migration));
}

/* What is to be done is known only once the step that a killed run left open is settled: the run
 * itself does that first, under the lock, and then plans again. */
static bool settles_first(const History *history, const ApplyPlan *plan)
{
    return plan->relation == RELATION_UNREST && history_unsettled(history) && !history->diverged;
}

/* Look, show, ask. *ret_nothing: the database is there already. */
static bool look_and_ask(const CommandContext *context, const RunOptions *run,
                         const SiteBundle *bundle, const ApplyInput *input, bool *ret_nothing,
                         Error *err)
{
    const ApplyOptions *given = context->options;
    CLEANUP(text_done) Text warnings = {0};
    CLEANUP(history_done) History history = {0};
    CLEANUP(apply_plan_done) ApplyPlan plan = {0};
    if (!apply_run_plan(run, input, given->to, &history, &plan, /* ret_forecast= */ NULL, err))
        return false;
    bool settle = settles_first(&history, &plan);
    site_memory_compare(&bundle->config, &history, &warnings);
    run_render_warnings(context->program, text_string(&warnings));
    if ((!settle && !apply_plan_check(&plan, err)) || !site_memory_check(bundle, &history, err))
        return false;
    /* a run that was killed behind its last step gets its end, which asks nobody */
    *ret_nothing = plan.relation == RELATION_CURRENT && !history_open_run(&history);
    if (plan.relation == RELATION_CURRENT)
        return true;
    if (settle)
        fprintf(stderr, "%s: that is settled first\n", plan.words);
    else if (!given->yes)
        print_tasks(&plan, input->manifest);
    return confirm(given->yes ? CONFIRM_YES : CONFIRM_ASK, "Apply?", err);
}

static bool run_apply(CommandContext *context, SiteBundle *bundle, const RunOptions *run,
                      Error *err)
{
    const ApplyOptions *given = context->options;
    const Head *head = &bundle_reader_proof(bundle->reader)->head;
    bool nothing = false;
    if (!given->to &&
        !apply_run_is_done(run, head, &bundle_reader_proof(bundle->reader)->head_digest, &nothing,
                           err))
        return false;
    if (nothing) {
        render_nothing(context, head,
                       "this bundle is applied; the schema itself was not looked at");
        return true;
    }
    ApplyInput input;
    if (!site_bundle_input(bundle, &input, err) ||
        !look_and_ask(context, run, bundle, &input, &nothing, err))
        return false;
    if (nothing) {
        render_nothing(context, head, "the database is at that version");
        return true;
    }
    return apply_command_run(context, bundle, &input, run, given->to, err);
}

static bool run(CommandContext *context, Error *err)
{
    const ApplyOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    RunWatch watch;
    if (!run_options_accepts(&given->run, &accepts, err) ||
        !site_bundle_open(context->arguments.items[0], &bundle, err))
        return false;
    interrupt_install();
    RunOptions run = run_options_make(&given->run, &bundle.config, &watch, context->program);
    run.schema.accepts = &accepts;
    run.atomic = strcmp(given->atomic, "run") == 0       ? ATOMIC_RUN
                 : strcmp(given->atomic, "version") == 0 ? ATOMIC_VERSION
                                                         : ATOMIC_MIGRATION;
    bool good = run_apply(context, &bundle, &run, err);
    run_watch_done(&watch);
    return good;
}

const Command command_apply = {
    .name = "apply",
    .synopsis = "BUNDLE [--db CONNINFO] [--to VERSION] [--atomic migration|version|run] "
                "[--accept-extra IDENTITY=REASON]… [--strict] [--yes]",
    .summary = "apply a bundle to a database",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ApplyOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
