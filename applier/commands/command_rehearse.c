/* applier rehearse: run a bundle up, down and up again on a scratch cluster, and report what was
 * seen, as JSON documents, one a line. */
#include "applier/applier_commands.h"
#include "applier/rehearsal/rehearsal_run.h"
#include "applier/runs/site_bundle.h"
#include "base/command_table.h"
#include "base/interrupt.h"

typedef struct RehearseOptions {
    const char *db;
    const char *out;
    const char *seeds;
    const char *cycles;
    int64_t rows;
} RehearseOptions;

static const Option options[] = {
    OPTION_STRING_ROW("db", RehearseOptions, db, "CONNINFO",
                      "the scratch cluster, as superuser (default: DATABASE_URL, then PG*)"),
    OPTION_STRING_ROW("out", RehearseOptions, out, "FOLDER", "where the fingerprints go"),
    OPTION_STRING_ROW("seeds", RehearseOptions, seeds, "FOLDER",
                      "seed scripts: <identity>.sql, <version>.sql"),
    OPTION_STRING_ROW("cycles", RehearseOptions, cycles, "FILE",
                      "the migrations to take back and forth, one a line (default: all)"),
    OPTION_NUMBER_ROW("rows", RehearseOptions, rows, "N",
                      "generated rows for each empty table (default 50; 0: none)"),
};

static void defaults(void *given)
{
    RehearseOptions *rehearse = given;
    rehearse->rows = REHEARSAL_ROWS_DEFAULT;
}

static bool print_line(void *context UNUSED, const char *line, Error *err)
{
    if (fputs(line, stdout) == EOF || fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "cannot write the report: %m");
    return true;
}

static bool check_options(const RehearseOptions *given, Error *err)
{
    if (!given->out)
        return error_set(err, ERROR_USAGE, "'rehearse' wants --out FOLDER");
    if (given->rows > REHEARSAL_ROWS_MAX)
        return error_set(err, ERROR_USAGE, "--rows is at most %d", REHEARSAL_ROWS_MAX);
    return true;
}

/* The report is a stream of lines: its end is one as well, also where it fails. */
static bool rehearse(const RehearseOptions *given, const ApplyInput *input, Error *err)
{
    const RehearsalReport report = {.line = print_line, .folder = given->out};
    const RehearsalOptions wanted = {
        .conninfo = given->db, .seeds = given->seeds, .cycles = given->cycles, .rows = given->rows};
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

static bool run(CommandContext *context, Error *err)
{
    const RehearseOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    ApplyInput input;
    interrupt_install();
    bool good = check_options(given, err) &&
                site_bundle_open(context->arguments.items[0], &bundle, err) &&
                site_bundle_input(&bundle, &input, err) && rehearse(given, &input, err);
    if (!good && context->json)
        error_line(err, context->out);
    return good;
}

const Command command_rehearse = {
    .name = "rehearse",
    .synopsis = "BUNDLE --out FOLDER [--db CONNINFO] [--seeds FOLDER] [--cycles FILE] [--rows N]",
    .summary = "run a bundle up, down and up again on a scratch cluster; report what was seen",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RehearseOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
