#include "applier/commands/rollback_command.h"

#include <inttypes.h>

#include "applier/commands/rollback_render.h"
#include "applier/commands/run_render.h"
#include "applier/runs/site_memory.h"

static RunOutcome outcome_of(const RunOptions *run, const RollbackReport *report,
                             const RunSeen *seen, const char *warnings, bool good)
{
    return (RunOutcome){.from = report->from_version,
                        .to = report->to_version,
                        .version = report->version,
                        .result = !good           ? "failed"
                                  : report->tasks ? "rolled back"
                                                  : "nothing to do",
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

static void render_json(const char *product, const RollbackReport *report,
                        const RunOutcome *outcome, const Error *failure, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", product);
    json_string(&json, "database", report->redacted);
    json_string(&json, "inside", report->inside);
    json_string(&json, "proven_by", report->tasks ? stored_proof_name(report->proven) : NULL);
    json_array(&json, "ways_back");
    array_each (const WayBack, way, &report->ways) {
        json_object(&json, /* name= */ NULL);
        rollback_render_way_json(way, &json);
        json_close(&json);
    }
    json_close(&json);
    run_render_json(outcome, &json);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
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

/* Where it ended: at a version, or inside the one behind it. */
static void end_text(const RollbackReport *report, Text *out)
{
    text_add(out, rollback_render_version(report->to_version));
    if (report->inside)
        text_addf(out, " and %" PRId64 " migration%s of %s", report->inside_count,
                  text_plural(report->inside_count), report->inside);
}

static void render_text(const RollbackReport *report, const RunSeen *seen, Text *out)
{
    if (!report->tasks) {
        text_addf(out, "nothing to take back: %s is at version ", report->redacted);
        end_text(report, out);
        text_add_char(out, '\n');
        return;
    }
    text_addf(out, "took back %" PRId64 " migration%s, %s -> ", report->tasks,
              text_plural(report->tasks), rollback_render_version(report->from_version));
    end_text(report, out);
    text_addf(out, ", on %s\n", report->redacted);
    text_addf(
        out, "  %" PRId64 " group%s, %" PRId64 " ms; the end of the run is on disk at the server\n",
        report->run.groups_committed, text_plural(report->run.groups_committed),
        report->duration_ms);
    run_render_reconnects(report->reconnects, out);
    run_render_seen(seen, &report->run, out);
    run_render_schema(&report->schema, out);
    backup_render_text(&report->backup, out);
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

/* One command under way. */
typedef struct RollbackCommand {
    CommandContext *context;
    const RollbackRequest *request;
    History history; /* before */
    SiteProof proof;
    AcceptRequestArray accepts;
    BackupRequest backup;
    RunWatch watch;
    RollbackOptions options;
    Text warnings;
} RollbackCommand;

static void command_done(RollbackCommand *command)
{
    accept_requests_done(&command->accepts);
    site_proof_done(&command->proof);
    history_done(&command->history);
    text_done(&command->warnings);
}

static bool prepare(RollbackCommand *command, Error *err)
{
    const RollbackRequest *request = command->request;
    const char *program = command->context->program;
    SiteProof *proof = &command->proof;
    if (!run_options_accepts(request->run, &command->accepts, err) ||
        !read_ledger(&request->run->target, &command->history, err) ||
        !site_proof_load(&command->history.identity, proof, &command->warnings, err) ||
        !backup_options_make(&request->run->backup, &proof->config, program, &command->backup, err))
        return false;
    site_memory_compare(&proof->config, &command->history, &command->warnings);
    command->options = (RollbackOptions){
        .run = run_options_make(request->run, &proof->config, &command->watch, program),
        .target = request->target,
        .trust = proof->stored,
        .needs = proof->config.rollback_needs,
        .accept_losses = request->accept_losses,
        .accept_unproven = request->accept_unproven,
        .show = request->show,
        .ask = request->ask,
        .show_context = request->show_context};
    command->options.run.schema.accepts = &command->accepts;
    command->options.run.backup = &command->backup;
    command->options.run.action = request->action;
    command->options.run.settle = request->settle;
    return true;
}

static bool run_and_report(RollbackCommand *command, Error *err)
{
    CLEANUP(rollback_report_done) RollbackReport report = {0};
    CommandContext *context = command->context;
    RunWatch *watch = &command->watch;
    Text *warnings = &command->warnings;
    bool good = rollback_run(&command->options, &report, err);
    text_add(warnings, context->json ? text_string(&watch->warnings) : "");
    text_add(warnings, report.warnings ? report.warnings : "");
    if (good && report.tasks)
        site_memory_note_journal(&command->proof.config, &command->history.identity, &report.chain,
                                 warnings);
    const RunOutcome outcome =
        outcome_of(&command->options.run, &report, &watch->seen, text_string(warnings), good);
    run_watch_end(watch, &outcome, good ? NULL : err);
    if (!context->json) {
        run_render_warnings(context->program, text_string(warnings));
        run_render_notices(context->program, &report.run);
        if (good)
            render_text(&report, &watch->seen, context->out);
    } else {
        render_json(command->history.identity.product, &report, &outcome, good ? NULL : err,
                    context->out);
    }
    return good;
}

bool rollback_command_run(CommandContext *context, const RollbackRequest *request, Error *err)
{
    CLEANUP(command_done)
    RollbackCommand command = {.context = context, .request = request, .history.unsettled = -1};
    if (!prepare(&command, err))
        return false;
    bool good = run_watch_events(&command.watch, request->run->events, err) &&
                run_and_report(&command, err);
    run_watch_done(&command.watch, good ? NULL : err);
    return good;
}

bool rollback_command_plan(CommandContext *context, const RollbackRequest *request, Error *err)
{
    CLEANUP(rollback_report_done) RollbackReport report = {0};
    CLEANUP(command_done)
    RollbackCommand command = {.context = context, .request = request, .history.unsettled = -1};
    if (!prepare(&command, err))
        return false;
    bool good = rollback_run_plan(&command.options, &report, err);
    text_add(&command.warnings, report.warnings ? report.warnings : "");
    run_render_warnings(context->program, text_string(&command.warnings));
    run_watch_done(&command.watch, good ? NULL : err);
    return good;
}
