#include "applier/commands/adopt_copy_command.h"

#include "applier/commands/confirm.h"
#include "applier/runs/adopt_copy.h"
#include "base/interrupt.h"
#include "base/json_writer.h"
#include "base/memory.h"

static bool ask(void *given, const History *history, Error *err)
{
    const bool *yes = given;
    if (*yes)
        return true;
    CLEANUP(memory_freep) char *words = history_moved_words(history);
    fprintf(stderr,
            "%s\nit gets a database UUID of its own in the place of %s; what was applied stays on "
            "record\n",
            words, history->identity.database_uuid);
    return confirm(CONFIRM_ASK, "Is this a copy that goes its own way?", err);
}

static void render_json(const AdoptCopyReport *report, const Error *failure, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", *report->product ? report->product : NULL);
    json_string(&json, "database", report->redacted);
    json_string(&json, "result", report->recorded ? "copy" : "failed");
    json_string(&json, "version",
                report->version && strcmp(report->version, "-") != 0 ? report->version : NULL);
    json_string(&json, "database_uuid_before", *report->before ? report->before : NULL);
    json_string(&json, "database_uuid", report->recorded ? report->database_uuid : NULL);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const AdoptCopyReport *report, Text *out)
{
    if (report->recorded)
        text_addf(out,
                  "adopted %s as a copy of database %s\n  from now on it is database %s; 'applier "
                  "status' says where it stands\n",
                  report->redacted, report->before, report->database_uuid);
}

bool adopt_copy_command_run(CommandContext *context, const RunCommandOptions *given, bool yes,
                            Error *err)
{
    CLEANUP(site_config_done) SiteConfig config = {0};
    CLEANUP(adopt_copy_report_done) AdoptCopyReport report = {0};
    RunWatch watch;
    if (!site_config_read(&config, err))
        return false;
    interrupt_install();
    AdoptCopyOptions options = {.run = run_options_make(given, &config, &watch, context->program),
                                .confirm = ask,
                                .confirm_context = &yes};
    options.run.action = ACTION_ADOPT;
    bool good = adopt_copy_run(&options, &report, err);
    if (context->json)
        render_json(&report, good ? NULL : err, context->out);
    else
        render_text(&report, context->out);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}
