/* planner inspect: what is inside a bundle, for the vendor's own eyes: nothing is trusted. */
#include "bundles/bundle_report.h"
#include "planner/planner_commands.h"

typedef struct InspectOptions {
    bool sql;
} InspectOptions;

static const Option options[] = {
    OPTION_FLAG_ROW("sql", InspectOptions, sql, "print every script"),
};

static bool run(CommandContext *context, Error *err)
{
    const InspectOptions *given = context->options;
    ReportDepth depth = given->sql ? REPORT_WITH_SQL : REPORT_SUMMARY;
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    CLEANUP(text_done) Text shown = {0};
    if (!bundle_reader_open(context->arguments.items[0], /* known= */ NULL, &reader, err) ||
        !bundle_reader_verify(reader, err))
        return false;
    if (context->json ? !bundle_report_json(reader, depth, &shown, err)
                      : !bundle_report_text(reader, depth, &shown, err))
        return false;
    text_add_n(context->out, shown.bytes, shown.length);
    if (!context->json)
        text_add(context->out, "\nsignatures were not checked: 'applier verify' does, at a site\n");
    return true;
}

const Command command_inspect = {
    .name = "inspect",
    .synopsis = "BUNDLE [--sql]",
    .summary = "show what is inside a bundle, without checking who signed it",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(InspectOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
