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
    bool step_done;
    bool step_not_done;
} ResumeOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(ResumeOptions),
    STEPS_OPTION_ROWS(ResumeOptions),
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
        return error_hint(err, "name it: applier resume BUNDLE");
    }
    if (!site_bundle_open(path, bundle, err))
        return false;
    const Digest *found = &bundle_reader_proof(bundle->reader)->head_digest;
    if (!plan->has_head || digest_equal(found, &plan->head_digest))
        return true;
    char want[DIGEST_HEX_SIZE], have[DIGEST_HEX_SIZE];
    return error_set(err, ERROR_TARGET,
                     "'%s' is another bundle (HEAD %.16s…) than that of the run to go on with "
                     "(%.16s…)",
                     path, digest_hex(found, have), digest_hex(&plan->head_digest, want));
}

/* A run of phase before is to end inside its version, and says so where it began. */
static RunPhase phase_of(const ResumePlan *plan, const History *history, const Manifest *manifest)
{
    size_t version = manifest_find_version(manifest, plan->to_version);
    if (version == SIZE_MAX)
        return RUN_ALL_PHASES;
    const ManifestVersion *to = &manifest->versions.items[version];
    int64_t end = to->position + (int64_t)to->migration_count + apply_plan_shift(history, manifest);
    bool inside = plan->to_position < end;
    return inside ? RUN_PHASE_BEFORE : RUN_ALL_PHASES;
}

static bool go_on_up(CommandContext *context, const ResumePlan *plan, const History *history,
                     Error *err)
{
    const ResumeOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    ApplyInput input;
    BackupRequest backup;
    RunWatch watch;
    if (!run_options_accepts(&given->run, &accepts, err) ||
        !open_run_bundle(context, plan, &bundle, err) ||
        !backup_options_make(&given->run.backup, &bundle.config, context->program, &backup, err) ||
        !site_memory_check(&bundle, history, err) || !site_bundle_input(&bundle, &input, err))
        return false;
    RunOptions run = run_options_make(&given->run, &bundle.config, &watch, context->program);
    run.schema.accepts = &accepts;
    run.backup = &backup;
    run.action = ACTION_RESUME;
    run.phase = phase_of(plan, history, input.manifest);
    run.settle = settle_choice(given);
    bool good = parameter_requests_check(&run.parameters, &input.manifest, 1, err) &&
                run_watch_events(&watch, given->run.events, err) &&
                apply_command_run(context, &bundle, &input, &run, plan->to_version, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

static bool go_on_down(CommandContext *context, const ResumePlan *plan, Error *err)
{
    const ResumeOptions *given = context->options;
    const RollbackRequest request = {.run = &given->run,
                                     .target = {.to_version = plan->to_version,
                                                .has_position = true,
                                                .position = plan->to_position},
                                     .action = ACTION_RESUME,
                                     .settle = settle_choice(given)};
    return rollback_command_run(context, &request, err);
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
        render_nothing(context, &history);
        return true;
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
                "[--accept-extra IDENTITY=REASON]… [--strict]",
    .summary = "settle what a crashed or failed run left open, and go on with it",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(ResumeOptions),
    .defaults = defaults,
    .most_arguments = 1,
    .run = run,
};
