/* applier rehearse: at a site (--method) on a copy of the real database; at the vendor (--out),
 * where planner calls it, up, down and up again on a scratch cluster, with what was seen as JSON
 * documents, one a line. */
#include "applier/applier_commands.h"
#include "applier/commands/site_rehearse_command.h"
#include "applier/rehearsal/rehearsal_run.h"
#include "applier/runs/site_bundle.h"
#include "base/command_table.h"
#include "base/interrupt.h"

#define NO_ROWS (-1) /* --rows was not given */

typedef struct RehearseOptions {
    RunCommandOptions run;
    /* at a site */
    const char *method;
    const char *clone;
    bool clone_unchecked;
    const char *to;
    bool keep;
    bool no_rollback;
    bool allow_blocking;
    bool yes;
    /* on a scratch cluster */
    const char *out;
    const char *setup;
    const char *seeds;
    const char *cycles;
    int64_t rows;
} RehearseOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(RehearseOptions),
    OPTION_CHOICE_ROW("method", RehearseOptions, method, "template|restored|rolled-back",
                      "at a site: on a copy that is made on the same server and dropped again, on "
                      "a copy that you have restored, or in a transaction on the real database"),
    OPTION_STRING_ROW("clone", RehearseOptions, clone, "CONNINFO",
                      "the restored copy (--method restored); it is marked as one for good"),
    OPTION_FLAG_ROW("clone-unchecked", RehearseOptions, clone_unchecked,
                    "without --db: it is a copy by your word alone (--method restored)"),
    OPTION_STRING_ROW("to", RehearseOptions, to, "VERSION",
                      "at a site: stop at this version (default: the bundle's last)"),
    OPTION_FLAG_ROW("keep", RehearseOptions, keep, "do not drop the copy (--method template)"),
    OPTION_FLAG_ROW("no-rollback", RehearseOptions, no_rollback, "do not rehearse the way back"),
    OPTION_FLAG_ROW("allow-blocking", RehearseOptions, allow_blocking,
                    "also where others are connected, who may wait for its locks (--method "
                    "rolled-back)"),
    OPTION_FLAG_ROW("yes", RehearseOptions, yes, "do not ask"),
    OPTION_STRING_ROW("out", RehearseOptions, out, "FOLDER",
                      "at the vendor: --db is a scratch cluster, as superuser, and the "
                      "fingerprints go to this folder"),
    OPTION_STRING_ROW("setup", RehearseOptions, setup, "FOLDER",
                      "with --out, scripts that make what is there before the first migration"),
    OPTION_STRING_ROW("seeds", RehearseOptions, seeds, "FOLDER",
                      "with --out, seed scripts: <identity>.sql, <version>.sql"),
    OPTION_STRING_ROW("cycles", RehearseOptions, cycles, "FILE",
                      "with --out, the migrations to take back and forth, one a line (default: "
                      "all)"),
    OPTION_NUMBER_ROW("rows", RehearseOptions, rows, "N",
                      "with --out, generated rows for each empty table (default 50; 0: none)"),
};

static void defaults(void *given)
{
    RehearseOptions *rehearse = given;
    run_options_defaults(&rehearse->run);
    rehearse->rows = NO_ROWS;
}

/* --- at a site ------------------------------------------------------------------------------- */

static bool is_method(const RehearseOptions *given, const char *method)
{
    return strcmp(given->method, method) == 0;
}

static bool check_site_options(const RehearseOptions *given, Error *err)
{
    if (given->setup || given->seeds || given->cycles || given->rows != NO_ROWS)
        return error_set(err, ERROR_USAGE,
                         "--setup, --seeds, --cycles and --rows are for a scratch cluster (--out)");
    if (is_method(given, "restored") != (given->clone != NULL))
        return error_set(err, ERROR_USAGE,
                         "--clone CONNINFO goes with --method restored, and with no other");
    if (given->clone_unchecked && !given->clone)
        return error_set(err, ERROR_USAGE, "--clone-unchecked is for --method restored");
    if (given->keep && !is_method(given, "template"))
        return error_set(err, ERROR_USAGE, "--keep is for --method template");
    if (given->allow_blocking && !is_method(given, "rolled-back"))
        return error_set(err, ERROR_USAGE, "--allow-blocking is for --method rolled-back");
    return true;
}

static bool rehearse_at_site(CommandContext *context, const RehearseOptions *given, Error *err)
{
    const SiteRehearseOptions site = {.run = &given->run,
                                      .method = given->method,
                                      .clone = given->clone,
                                      .clone_unchecked = given->clone_unchecked,
                                      .to = given->to,
                                      .keep = given->keep,
                                      .without_rollback = given->no_rollback,
                                      .allow_blocking = given->allow_blocking,
                                      .yes = given->yes};
    return check_site_options(given, err) && site_rehearse_command_run(context, &site, err);
}

/* --- on a scratch cluster -------------------------------------------------------------------- */

static bool print_line(void *context UNUSED, const char *line, Error *err)
{
    if (fputs(line, stdout) == EOF || fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "cannot write the report: %m");
    return true;
}

/* What else every run of a site takes, and a scratch cluster does not. */
static bool has_run_options(const RunCommandOptions *given)
{
    RunCommandOptions plain = {0};
    run_options_defaults(&plain);
    return given->strict || given->accept_extra.count || given->set.count ||
           given->target.show_sql || given->lock_wait != plain.lock_wait ||
           given->lock_timeout != plain.lock_timeout;
}

static bool check_scratch_options(const RehearseOptions *given, Error *err)
{
    if (given->clone || given->clone_unchecked || given->to || given->keep || given->no_rollback ||
        given->allow_blocking || given->yes)
        return error_set(err, ERROR_USAGE,
                         "--clone, --clone-unchecked, --to, --keep, --no-rollback, "
                         "--allow-blocking and --yes are for a site (--method)");
    if (has_run_options(&given->run))
        return error_set(err, ERROR_USAGE,
                         "with --out, --db is all that is said of the server: what else a run "
                         "takes is for a site (--method)");
    if (given->rows > REHEARSAL_ROWS_MAX)
        return error_set(err, ERROR_USAGE, "--rows is at most %d", REHEARSAL_ROWS_MAX);
    return true;
}

/* The report is a stream of lines: its end is one as well, also where it fails. */
static bool rehearse(const RehearseOptions *given, const ApplyInput *input, Error *err)
{
    const RehearsalReport report = {.line = print_line, .folder = given->out};
    const RehearsalOptions wanted = {.conninfo = given->run.target.db,
                                     .setup = given->setup,
                                     .seeds = given->seeds,
                                     .cycles = given->cycles,
                                     .rows = given->rows == NO_ROWS ? REHEARSAL_ROWS_DEFAULT
                                                                    : given->rows};
    return rehearsal_run(&wanted, input, &report, err);
}

static void error_line(const Error *err, Text *out)
{
    JsonWriter json;
    json_begin_line(&json, out);
    json_object(&json, /* name= */ NULL);
    command_error_json(err, &json);
    json_close(&json);
    json_end(&json);
}

static bool rehearse_on_scratch(CommandContext *context, const RehearseOptions *given, Error *err)
{
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    ApplyInput input;
    bool good = check_scratch_options(given, err) &&
                site_bundle_open(context->arguments.items[0], &bundle, err) &&
                site_bundle_input(&bundle, &input, err) && rehearse(given, &input, err);
    if (!good && context->json)
        error_line(err, context->out);
    return good;
}

static bool run(CommandContext *context, Error *err)
{
    const RehearseOptions *given = context->options;
    interrupt_install();
    if (given->out && !given->method)
        return rehearse_on_scratch(context, given, err);
    if (given->method && !given->out)
        return rehearse_at_site(context, given, err);
    error_set(err, ERROR_USAGE, "'rehearse' wants --method (at a site) or --out (at the vendor)");
    return error_hint(err, "--method template copies the database on its own server; 'applier "
                           "rehearse --help' has the others");
}

const Command command_rehearse = {
    .name = "rehearse",
    .synopsis =
        "BUNDLE --method template|restored|rolled-back [--db CONNINFO] [--clone CONNINFO] [--clone-unchecked] "
        "[--to VERSION] [--keep] [--no-rollback] [--allow-blocking] [--set NAME=VALUE]… [--yes] | BUNDLE --out "
        "FOLDER [--db CONNINFO] [--setup FOLDER] [--seeds FOLDER] [--cycles FILE] [--rows N]",
    .summary = "rehearse a bundle on a copy of the site's database, or on a scratch cluster",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RehearseOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
