/* applier resume: settle what a run left open, and go on where it stopped. */
#include "applier/applier_commands.h"
#include "applier/commands/apply_command.h"
#include "applier/commands/rollback_command.h"
#include "applier/runs/resume_plan.h"
#include "applier/runs/site_memory.h"
#include "base/file.h"
#include "base/interrupt.h"

typedef struct ResumeOptions {
    RunCommandOptions run;
    StringArray accept_data_loss;
    bool step_done;
    bool step_not_done;
} ResumeOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(ResumeOptions),
    STEPS_OPTION_ROWS(ResumeOptions),
    OPTION_REPEATED_ROW("accept-data-loss", ResumeOptions, accept_data_loss, "IDENTITY",
                        "of a rollback: take this migration back although data is lost by it"),
    OPTION_FLAG_ROW("step-done", ResumeOptions, step_done,
                    "the unsettled step was done: you have looked"),
    OPTION_FLAG_ROW("step-not-done", ResumeOptions, step_not_done,
                    "the unsettled step was not done: run it again"),
};

static void defaults(void *given)
{
    ResumeOptions *resume = given;
    run_options_defaults(&resume->run);
}

static SettleChoice settle_choice(const ResumeOptions *given)
{
    if (given->step_done)
        return SETTLE_AS_DONE;
    return given->step_not_done ? SETTLE_AS_NOT_DONE : SETTLE_BY_LOOKING;
}

static bool read_plan(const ResumeOptions *given, ResumePlan *ret_plan, History *ret_history,
                      Error *err)
{
    if (!target_read_history(&given->run.target, ret_history, err))
        return false;
    if (ret_history->diverged) {
        error_set(err, ERROR_TARGET, "the ledger cannot be believed: %s", ret_history->diverged);
        return error_hint(err, "'applier history' shows its rows");
    }
    resume_plan_make(ret_history, ret_plan);
    return true;
}

/* The bundle that the open run came from: named on the command line, else where that run found it.
 */
static bool open_run_bundle(const CommandContext *context, const ResumePlan *plan,
                            SiteBundle *bundle, Error *err)
{
    const char *path = context->arguments.count ? context->arguments.items[0] : plan->bundle_path;
    if (!*path || (!context->arguments.count && !file_exists(path))) {
        error_set(err, ERROR_TARGET, "the bundle of the run to go on with is not at '%s' any more",
                  path);
        return error_hint(err, "name it: 'applier resume BUNDLE'");
    }
    if (!site_bundle_open(path, bundle, err))
        return false;
    const Digest *found = &bundle_reader_proof(bundle->reader)->head_digest;
    if (!plan->has_head || digest_equal(found, &plan->head_digest))
        return true;
    char want[DIGEST_HEX_SIZE], have[DIGEST_HEX_SIZE];
    error_set(err, ERROR_TARGET,
              "'%s' is another bundle (HEAD %.16s…) than that of the run to go on with "
              "(%.16s…)",
              path, digest_hex(found, have), digest_hex(&plan->head_digest, want));
    return error_hint(err, "that one was at '%s'; name it where it is now: 'applier resume BUNDLE'",
                      plan->bundle_path);
}

/* A run of phase before says so where it began. Those of earlier builds do not: they are known
 * where they are to end inside their version. */
static RunPhase phase_of(const ResumePlan *plan, const History *history, const Manifest *manifest)
{
    size_t version = manifest_find_version(manifest, plan->to_version);
    if (plan->before_only)
        return RUN_PHASE_BEFORE;
    if (version == SIZE_MAX)
        return RUN_ALL_PHASES;
    const ManifestVersion *to = &manifest->versions.items[version];
    int64_t end = to->position + (int64_t)to->migration_count + apply_plan_shift(history, manifest);
    bool inside = plan->to_position < end;
    return inside ? RUN_PHASE_BEFORE : RUN_ALL_PHASES;
}

static bool run_up(CommandContext *context, const ResumePlan *plan, const History *history,
                   SiteBundle *bundle, RunOptions *run, Error *err)
{
    ApplyInput input;
    apply_command_compare(context, bundle, history, run);
    if (!site_memory_check(bundle, history, err) || !site_bundle_input(bundle, &input, err) ||
        !parameter_requests_check(&run->parameters, &input.manifest, 1, err))
        return false;
    run->phase = phase_of(plan, history, input.manifest);
    return apply_command_run(context, bundle, &input, run, plan->to_version, err);
}

static bool go_on_up(CommandContext *context, const ResumePlan *plan, const History *history,
                     Error *err)
{
    const ResumeOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    BackupRequest backup;
    RunWatch watch;
    if (given->accept_data_loss.count)
        return error_set(err, ERROR_USAGE,
                         "--accept-data-loss is of a rollback; what goes on here is an apply");
    if (!run_options_accepts(&given->run, &accepts, err) ||
        !open_run_bundle(context, plan, &bundle, err) ||
        !backup_options_make(&given->run.backup, &bundle.config, context->program, &backup, err))
        return false;
    RunOptions run = run_options_make(&given->run, &bundle.config, &watch, context->program);
    run.schema.accepts = &accepts;
    run.backup = &backup;
    run.action = ACTION_RESUME;
    run.settle = settle_choice(given);
    bool good = run_watch_events(&watch, given->run.events, err) &&
                run_up(context, plan, history, &bundle, &run, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

static bool go_on_down(CommandContext *context, const ResumePlan *plan, Error *err)
{
    const ResumeOptions *given = context->options;
    const NameArray losses = {.items = given->accept_data_loss.items,
                              .count = given->accept_data_loss.count};
    const RollbackRequest request = {.run = &given->run,
                                     .target = {.to_version = plan->to_version,
                                                .has_position = true,
                                                .position = plan->to_position},
                                     .accept_losses = &losses,
                                     .action = ACTION_RESUME,
                                     .settle = settle_choice(given)};
    if (context->arguments.count)
        return error_set(err, ERROR_USAGE,
                         "'%s': what goes on here is a rollback, which takes no bundle: its "
                         "scripts come from the database",
                         context->arguments.items[0]);
    return rollback_command_run(context, &request, err);
}

/* --- nothing to do --------------------------------------------------------------------------- */

/* What was said is looked at all the same: a word that means nothing here is no word to pass over.
 */
static bool check_idle_options(const ResumeOptions *given, Error *err)
{
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    CLEANUP(site_config_done) SiteConfig site = {0};
    BackupRequest backup;
    if (!run_options_accepts(&given->run, &accepts, err) || !site_config_read(&site, err) ||
        !backup_request_make(&given->run.backup, &site, &backup, err))
        return false;
    if (given->step_done || given->step_not_done)
        return error_set(err, ERROR_USAGE, "%s: there is no unsettled step to say that of",
                         given->step_done ? "--step-done" : "--step-not-done");
    if (given->run.set.count)
        return error_set(err, ERROR_USAGE, "--set: no run is open that could take a value");
    if (given->accept_data_loss.count)
        return error_set(err, ERROR_USAGE,
                         "--accept-data-loss '%s': no rollback is open that could lose anything",
                         given->accept_data_loss.items[0]);
    return true;
}

static void render_nothing(const CommandContext *context, const History *history)
{
    const char *version = history_version_name(history);
    if (!context->json && !history->managed) {
        text_add(context->out, "nothing to resume: Sealift has done nothing to this database\n");
        return;
    }
    if (!context->json) {
        text_addf(context->out, "nothing to resume: the database is at rest %s %s\n",
                  history_is_at_version(history) ? "at version" : "inside the version behind",
                  strcmp(version, "-") == 0 ? "(nothing)" : version);
        return;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "result", "nothing to do");
    json_string(&json, "version", version);
    json_close(&json);
    json_end(&json);
}

static bool end_at_rest(const CommandContext *context, const History *history, Error *err)
{
    const ResumeOptions *given = context->options;
    const RunWatchOptions watched = {.program = context->program};
    RunWatch watch;
    if (!check_idle_options(given, err))
        return false;
    run_watch_init(&watch, &watched);
    bool good = run_watch_events(&watch, given->run.events, err);
    if (good)
        render_nothing(context, history);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

static bool run(CommandContext *context, Error *err)
{
    const ResumeOptions *given = context->options;
    CLEANUP(resume_plan_done) ResumePlan plan = {0};
    CLEANUP(history_done) History history = {0};
    if (given->step_done && given->step_not_done)
        return error_set(err, ERROR_USAGE, "--step-done and --step-not-done exclude each other");
    interrupt_install();
    if (!read_plan(given, &plan, &history, err))
        return false;
    switch (plan.kind) {
    case RESUME_NOTHING:
        return end_at_rest(context, &history, err);
    case RESUME_APPLY:
        return go_on_up(context, &plan, &history, err);
    case RESUME_ROLLBACK:
        return go_on_down(context, &plan, err);
    }
    return error_set(err, ERROR_INTERNAL, "a plan to resume of an unknown kind");
}

const Command command_resume = {
    .name = "resume",
    .synopsis = "[BUNDLE] [--db CONNINFO] [--step-done|--step-not-done] "
                "[--set NAME=VALUE]… [--accept-data-loss=IDENTITY]… "
                "[--accept-extra IDENTITY=REASON]… [--strict]",
    .summary = "settle what a crashed or failed run left open, and go on with it",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ResumeOptions),
    .defaults = defaults,
    .most_arguments = 1,
    .run = run,
};
