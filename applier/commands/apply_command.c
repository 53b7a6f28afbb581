#include "applier/commands/apply_command.h"

#include <inttypes.h>

#include "applier/commands/run_render.h"
#include "applier/runs/site_memory.h"

static const char *result_of(const ApplyReport *report, bool good)
{
    if (!good)
        return "failed";
    return report->relation == RELATION_CURRENT ? "nothing to do" : "applied";
}

static void render_json(const ApplyInput *input, const RunOptions *run, const ApplyReport *report,
                        const char *warnings, const Error *failure, Text *out)
{
    const RunOutcome outcome = {.from = report->from_version,
                                .to = report->to_version,
                                .version = report->version,
                                .result = result_of(report, !failure),
                                .run_id = run->run_id,
                                .reconnects = report->reconnects,
                                .migrations = report->tasks,
                                .run = &report->run,
                                .settled = &report->settled,
                                .schema = &report->schema,
                                .warnings = warnings,
                                .duration_ms = report->duration_ms};
    char head[DIGEST_HEX_SIZE];
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", input->head->product);
    json_string(&json, "head_digest", digest_hex(&input->head_digest, head));
    json_string(&json, "database", report->redacted);
    run_render_json(&outcome, &json);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const ApplyInput *input, const ApplyReport *report, Text *out)
{
    if (report->relation == RELATION_CURRENT && !report->tasks) {
        text_addf(out, "nothing to do: %s is at version %s%s\n", report->redacted,
                  report->to_version,
                  report->recorded ? "; the end of the run that brought it is on record now" : "");
        return;
    }
    if (report->settled.happened)
        text_addf(out, "settled what the last run left open: it was %s\n",
                  report->settled.done ? "done" : "not done, and was run again");
    text_addf(out, "applied %s %s -> %s to %s\n", input->head->product,
              strcmp(report->from_version, "-") == 0 ? "(nothing)" : report->from_version,
              report->to_version, report->redacted);
    const RunReport *run = &report->run;
    text_addf(out, "  %" PRId64 " migration%s in %" PRId64 " group%s, %" PRId64 " ms",
              report->tasks, text_plural(report->tasks), run->groups_committed,
              text_plural(run->groups_committed), report->duration_ms);
    if (run->retries)
        text_addf(out, ", %" PRId64 " group%s run again", run->retries, text_plural(run->retries));
    text_add_char(out, '\n');
    run_render_reconnects(report->reconnects, out);
    run_render_schema(&report->schema, out);
    text_add(out, "  the end of the run is on disk at the server\n");
}

bool apply_command_run(CommandContext *context, const SiteBundle *bundle, const ApplyInput *input,
                       const RunOptions *run, const char *to_version, Error *err)
{
    CLEANUP(apply_report_done) ApplyReport report = {0};
    CLEANUP(text_done) Text warnings = {0};
    bool good = apply_run(run, input, to_version, &report, err);
    text_add(&warnings, report.warnings ? report.warnings : "");
    if (good && report.recorded)
        site_memory_note(bundle, &report.identity, &report.chain, &warnings);
    if (!context->json) {
        run_render_warnings(context->program, text_string(&warnings));
        run_render_notices(context->program, &report.run);
        if (good)
            render_text(input, &report, context->out);
    } else {
        render_json(input, run, &report, text_string(&warnings), good ? NULL : err, context->out);
    }
    return good;
}
