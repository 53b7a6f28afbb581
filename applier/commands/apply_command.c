#include "applier/commands/apply_command.h"

#include <inttypes.h>

#include "applier/commands/backup_options.h"
#include "applier/commands/run_watch.h"
#include "applier/commands/target_options.h"
#include "applier/runs/site_memory.h"
#include "base/memory.h"

static const char *result_of(const ApplyReport *report, bool good)
{
    if (!good)
        return "failed";
    if (report->relation == RELATION_CURRENT)
        return "nothing to do";
    return report->before_only ? "phase before applied" : "applied";
}

static RunOutcome outcome_of(const RunOptions *run, const ApplyReport *report, const RunSeen *seen,
                             const char *warnings, bool good)
{
    return (RunOutcome){.from = report->from_version,
                        .to = report->to_version,
                        .version = report->version,
                        .result = result_of(report, good),
                        .run_id = run->run_id,
                        .reconnects = report->reconnects,
                        .migrations = report->tasks,
                        .run = &report->run,
                        .settled = &report->settled,
                        .schema = &report->schema,
                        .backup = &report->backup,
                        .warnings = warnings,
                        .duration_ms = report->duration_ms,
                        .seen = seen};
}

static void render_json(const ApplyInput *input, const ApplyReport *report,
                        const RunOutcome *outcome, const Error *failure, JsonWriter *json)
{
    char head[DIGEST_HEX_SIZE];
    json_object(json, /* name= */ NULL);
    json_string(json, "product", input->head->product);
    json_string(json, "head_digest", digest_hex(&input->head_digest, head));
    json_string(json, "database", report->redacted);
    json_string(json, "halt", report->halt);
    run_render_json(outcome, json);
    if (failure)
        command_error_json(failure, json);
    json_close(json);
}

/* What ends a version whose phase before is done. */
static void render_rest(const ApplyInput *input, const ApplyReport *report, const RunOptions *run,
                        Text *out)
{
    const TargetOptions target = {.db = run->conninfo};
    CLEANUP(memory_freep) char *path = text_shell_word(input->path);
    CLEANUP(memory_freep) char *command = memory_format("applier apply %s", path);
    CLEANUP(memory_freep) char *whole = target_command(&target, command);
    text_addf(out,
              "  version %s is begun and not complete: the application may now be upgraded, "
              "then: %s\n",
              report->to_version, whole);
}

static void render_text(const ApplyInput *input, const ApplyReport *report,
                        const RunOptions *options, const RunSeen *seen, Text *out)
{
    if (report->relation == RELATION_CURRENT && report->before_only) {
        text_add(out, "nothing to do: no migration of phase before is next\n");
        return;
    }
    if (report->relation == RELATION_CURRENT && !report->tasks) {
        text_addf(out, "nothing to do: %s is at version %s%s\n", report->redacted,
                  report->to_version,
                  report->recorded ? "; the end of the run that brought it is on record now" : "");
        return;
    }
    if (report->settled.happened)
        text_addf(out, "settled what the last run left open: it was %s\n",
                  report->settled.done ? "done" : "not done, and was run again");
    text_addf(out, "applied %s%s %s -> %s to %s\n", report->before_only ? "phase before of " : "",
              input->head->product,
              strcmp(report->from_version, "-") == 0 ? "(nothing)" : report->from_version,
              report->to_version, report->redacted);
    const RunReport *run = &report->run;
    text_addf(out, "  %" PRId64 " migration%s in %" PRId64 " group%s, %" PRId64 " ms",
              report->tasks, text_plural(report->tasks), run->groups_committed,
              text_plural(run->groups_committed), report->duration_ms);
    if (run->batches)
        text_addf(out, ", %" PRId64 " batch%s of %" PRId64 " row%s", run->batches,
                  run->batches == 1 ? "" : "es", run->batch_rows, text_plural(run->batch_rows));
    if (run->retries)
        text_addf(out, ", %" PRId64 " group%s run again", run->retries, text_plural(run->retries));
    text_add_char(out, '\n');
    run_render_reconnects(report->reconnects, out);
    run_render_seen(seen, run, out);
    if (!report->before_only)
        run_render_schema(&report->schema, out);
    backup_render_text(&report->backup, out);
    text_add(out, "  the end of the run is on disk at the server\n");
    if (report->halt)
        text_addf(out, "  not all of the bundle: %s\n", report->halt);
    if (report->before_only)
        render_rest(input, report, options, out);
}

void apply_command_compare(const CommandContext *context, const SiteBundle *bundle,
                           const History *history, const RunOptions *run)
{
    CLEANUP(text_done) Text warnings = {0};
    site_memory_compare(&bundle->config, history, &warnings);
    run_render_warnings(context->program, text_string(&warnings));
    text_add(&run_watch_of(&run->listener)->warnings, text_string(&warnings));
}

bool apply_command_leg(const CommandContext *context, const SiteBundle *bundle,
                       const ApplyInput *input, const RunOptions *run, const char *to_version,
                       JsonWriter *json, Error *err)
{
    CLEANUP(apply_report_done) ApplyReport report = {0};
    CLEANUP(text_done) Text warnings = {0};
    RunWatch *watch = run_watch_of(&run->listener);
    bool good = apply_run(run, input, to_version, &report, err);
    text_add(&warnings, context->json ? text_string(&watch->warnings) : "");
    text_add(&warnings, report.warnings ? report.warnings : "");
    if (good && report.recorded)
        site_memory_note(bundle, &report.identity, &report.chain, &warnings);
    const RunOutcome outcome = outcome_of(run, &report, &watch->seen, text_string(&warnings), good);
    run_watch_end(watch, &outcome, good ? NULL : err);
    if (json) {
        render_json(input, &report, &outcome, good ? NULL : err, json);
        return good;
    }
    run_render_warnings(context->program, text_string(&warnings));
    run_render_notices(context->program, &report.run);
    if (good)
        render_text(input, &report, run, &watch->seen, context->out);
    return good;
}

bool apply_command_run(CommandContext *context, const SiteBundle *bundle, const ApplyInput *input,
                       const RunOptions *run, const char *to_version, Error *err)
{
    if (!context->json)
        return apply_command_leg(context, bundle, input, run, to_version, /* json= */ NULL, err);
    JsonWriter json;
    json_begin(&json, context->out);
    bool good = apply_command_leg(context, bundle, input, run, to_version, &json, err);
    json_end(&json);
    return good;
}
