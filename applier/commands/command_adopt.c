/* applier adopt: find which version an unmanaged database is at, and write its ledger; or let a
 * copy of a managed one go its own way. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/adopt_copy_command.h"
#include "applier/commands/confirm.h"
#include "applier/commands/proof_render.h"
#include "applier/commands/run_options.h"
#include "applier/commands/run_render.h"
#include "applier/runs/adopt_run.h"
#include "applier/runs/site_memory.h"
#include "base/interrupt.h"

typedef struct AdoptCommandOptions {
    RunCommandOptions run;
    const char *version;
    bool as_copy;
    bool yes;
} AdoptCommandOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(AdoptCommandOptions),
    OPTION_STRING_ROW("version", AdoptCommandOptions, version, "VERSION",
                      "which one it is, where several have the same schema"),
    OPTION_FLAG_ROW("as-copy", AdoptCommandOptions, as_copy,
                    "this is a copy of a database that Sealift manages, which goes its own way: it "
                    "gets a database UUID of its own, and nothing else changes (takes no BUNDLE)"),
    OPTION_FLAG_ROW("yes", AdoptCommandOptions, yes, "do not ask"),
};

static void defaults(void *given)
{
    AdoptCommandOptions *adopt = given;
    run_options_defaults(&adopt->run);
}

static bool ask(void *given, const AdoptMatch *match, Error *err)
{
    const AdoptCommandOptions *adopt = given;
    if (adopt->yes)
        return true;
    fprintf(stderr,
            "the schema is that of version %s, after %" PRId64 " migration%s; there will be no way "
            "back below it\n",
            match->version, match->position, text_plural(match->position));
    return confirm(CONFIRM_ASK, "Adopt the database at this version?", err);
}

static void render_json(const ApplyInput *input, const AdoptReport *report, const char *warnings,
                        const Error *failure, Text *out)
{
    const AdoptNearest *nearest = &report->nearest;
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", input->head->product);
    json_string(&json, "database", report->redacted);
    json_string(&json, "result", report->recorded ? "adopted" : "failed");
    json_string(&json, "version", report->found ? report->match.version : NULL);
    json_string(&json, "schema",
                schema_state_name(report->found      ? report->match.state
                                  : nearest->version ? SCHEMA_DIFFERS
                                                     : SCHEMA_UNPROVEN));
    json_int(&json, "server_major", report->server_major);
    if (report->found) {
        json_int(&json, "position", report->match.position);
        json_string(&json, "schema_arrival", arrival_name(report->match.arrival));
        json_int(&json, "compared_major", report->match.compared_major);
    }
    if (!report->found && nearest->version) {
        json_string(&json, "nearest", nearest->version);
        json_int(&json, "compared_major", nearest->set.server_major);
        proof_render_json(&nearest->result, &report->accepted, &json);
    }
    foreign_tables_json(&report->foreign, &json);
    if (report->recorded)
        json_string(&json, "database_uuid", report->identity.database_uuid);
    run_render_warnings_json(warnings, &json);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const ApplyInput *input, const AdoptReport *report, Text *out)
{
    const AdoptNearest *nearest = &report->nearest;
    if (report->recorded) {
        text_addf(out,
                  "adopted %s as %s %s\n  its schema is the one proven at build time on PostgreSQL "
                  "%" PRId64 "%s\n  what is applied from now on can be taken back, down to this "
                  "version\n",
                  report->redacted, input->head->product, report->match.version,
                  report->match.compared_major,
                  report->match.state == SCHEMA_PROVEN ? "" : ", as far as structure goes");
        array_each (const ForeignTable, table, &report->foreign) {
            text_add(out, "  ");
            foreign_table_text(table, /* compared= */ true, out);
            text_add_char(out, '\n');
        }
        return;
    }
    if (report->found || !nearest->version)
        return;
    text_addf(out, "nearest is version %s (-: as proven, +: as it is)\n\n",
              strcmp(nearest->version, "-") == 0 ? "(nothing)" : nearest->version);
    proof_render_changes(&nearest->result, CHANGES_THAT_COUNT, out);
}

static bool adopt(CommandContext *context, SiteBundle *bundle, AdoptOptions *adoption, Error *err)
{
    ApplyInput input;
    CLEANUP(adopt_report_done) AdoptReport report = {0};
    CLEANUP(text_done) Text warnings = {0};
    if (!site_bundle_input(bundle, &input, err) ||
        !parameter_requests_check(&adoption->run.parameters, &input.manifest, 1, err))
        return false;
    bool good = adopt_run(adoption, &input, &report, err);
    text_add(&warnings, report.warnings ? report.warnings : "");
    if (report.recorded)
        site_memory_note_adoption(bundle, &report.identity, &report.chain, &warnings);
    run_render_warnings(context->program, text_string(&warnings));
    if (context->json)
        render_json(&input, &report, text_string(&warnings), good ? NULL : err, context->out);
    else
        render_text(&input, &report, context->out);
    return good;
}

static bool run_as_copy(CommandContext *context, Error *err)
{
    const AdoptCommandOptions *given = context->options;
    if (context->arguments.count || given->version || given->run.strict ||
        given->run.accept_extra.count || given->run.set.count)
        return error_set(err, ERROR_USAGE,
                         "--as-copy takes neither a bundle nor what is said of one: the ledger "
                         "stays as it is");
    return adopt_copy_command_run(context, &given->run, given->yes, err);
}

static bool run(CommandContext *context, Error *err)
{
    AdoptCommandOptions *given = context->options;
    if (given->as_copy)
        return run_as_copy(context, err);
    if (!context->arguments.count) {
        error_set(err, ERROR_USAGE, "'adopt' wants a bundle, or --as-copy");
        return error_hint(err, "'applier adopt --help' shows both forms");
    }
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    RunWatch watch;
    if (!run_options_accepts(&given->run, &accepts, err) ||
        !site_bundle_open(context->arguments.items[0], &bundle, err))
        return false;
    interrupt_install();
    AdoptOptions adoption = {
        .run = run_options_make(&given->run, &bundle.config, &watch, context->program),
        .version = given->version,
        .confirm = ask,
        .confirm_context = given};
    adoption.run.action = ACTION_ADOPT;
    adoption.run.schema.accepts = &accepts;
    bool good = adopt(context, &bundle, &adoption, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}

const Command command_adopt = {
    .name = "adopt",
    .synopsis =
        "BUNDLE [--db CONNINFO] [--version VERSION] [--set NAME=VALUE]… [--accept-extra IDENTITY=REASON]… "
        "[--strict] [--yes] | --as-copy [--db CONNINFO] [--yes]",
    .summary = "take over a database that came to its version without Sealift, by its schema",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(AdoptCommandOptions),
    .defaults = defaults,
    .most_arguments = 1,
    .run = run,
};
