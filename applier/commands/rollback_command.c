#include "applier/commands/rollback_command.h"

#include <inttypes.h>

#include "applier/commands/run_render.h"
#include "applier/runs/site_memory.h"

static void render_json(const RollbackReport *report, const RunOptions *run, const char *warnings,
                        const Error *failure, Text *out)
{
    const RunOutcome outcome = {.from = report->from_version,
                                .to = report->to_version,
                                .version = report->version,
                                .result = failure         ? "failed"
                                          : report->tasks ? "rolled back"
                                                          : "nothing to do",
                                .run_id = run->run_id,
                                .reconnects = report->reconnects,
                                .migrations = report->tasks,
                                .run = &report->run,
                                .settled = &report->settled,
                                .schema = &report->schema,
                                .warnings = warnings,
                                .duration_ms = report->duration_ms};
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "database", report->redacted);
    json_string(&json, "proven_by", report->tasks ? stored_proof_name(report->proven) : NULL);
    json_array(&json, "ways_back");
    array_each (const WayBack, way, &report->ways) {
        json_object(&json, /* name= */ NULL);
        json_string(&json, "version", way->version);
        json_string(&json, "identity", way->identity);
        json_string(&json, "way_back", way->identity ? verdict_name(way->verdict) : NULL);
        json_string(&json, "detail", *way->detail ? way->detail : NULL);
        json_close(&json);
    }
    json_close(&json);
    run_render_json(&outcome, &json);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

static const char *version_words(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

static const char *proof_words(StoredProof proof)
{
    switch (proof) {
    case PROVEN_BY_SIGNATURE:
        return "proven by the vendor's signatures";
    case PROVEN_BY_STATE:
        return "proven by the digests in this site's state file";
    case PROVEN_BY_NOTHING:
        return "on its word alone";
    }
    return "";
}

static void render_text(const RollbackReport *report, Text *out)
{
    if (!report->tasks) {
        text_addf(out, "nothing to take back: %s is at version %s\n", report->redacted,
                  version_words(report->to_version));
        return;
    }
    text_addf(out, "took back %" PRId64 " migration%s, %s -> %s, on %s\n", report->tasks,
              text_plural(report->tasks), version_words(report->from_version),
              version_words(report->to_version), report->redacted);
    text_addf(
        out, "  %" PRId64 " group%s, %" PRId64 " ms; the end of the run is on disk at the server\n",
        report->run.groups_committed, text_plural(report->run.groups_committed),
        report->duration_ms);
    run_render_reconnects(report->reconnects, out);
    run_render_schema(&report->schema, out);
    text_addf(out, "  the scripts came from the database itself, %s\n",
              proof_words(report->proven));
}

/* What the ledger says, before anything is changed: whose state file is it? */
static bool read_ledger(const TargetOptions *target, History *ret_history, Error *err)
{
    if (!target_read_history(target, ret_history, err) || ret_history->managed)
        return ret_history->managed;
    error_set(err, ERROR_TARGET, "there is no ledger: Sealift has applied nothing here");
    return error_hint(err, "'applier status' says where the database stands");
}

bool rollback_command_run(CommandContext *context, const RollbackRequest *request, Error *err)
{
    CLEANUP(rollback_report_done) RollbackReport report = {0};
    CLEANUP(site_proof_done) SiteProof proof = {0};
    CLEANUP(text_done) Text warnings = {0};
    CLEANUP(history_done) History history = {.unsettled = -1};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    if (!run_options_accepts(request->run, &accepts, err) ||
        !read_ledger(&request->run->target, &history, err) ||
        !site_proof_load(&history.identity, &proof, &warnings, err))
        return false;
    site_memory_compare(&proof.config, &history, &warnings);
    RunWatch watch;
    RollbackOptions options = {
        .run = run_options_make(request->run, &proof.config, &watch, context->program),
        .target = request->target,
        .trust = proof.stored,
        .needs = proof.config.rollback_needs,
        .confirm = request->confirm,
        .confirm_context = request->confirm_context};
    options.run.schema.accepts = &accepts;
    options.run.action = request->action;
    options.run.settle = request->settle;
    bool good = rollback_run(&options, &report, err);
    run_watch_done(&watch);
    text_add(&warnings, report.warnings ? report.warnings : "");
    if (good && report.tasks)
        site_memory_note_journal(&proof.config, &history.identity, &report.chain, &warnings);
    if (!context->json) {
        run_render_warnings(context->program, text_string(&warnings));
        run_render_notices(context->program, &report.run);
        if (good)
            render_text(&report, context->out);
    } else {
        render_json(&report, &options.run, text_string(&warnings), good ? NULL : err, context->out);
    }
    return good;
}
