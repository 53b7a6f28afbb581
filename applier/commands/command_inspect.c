/* applier inspect: what is inside a bundle that this site trusts. */
#include "applier/applier_commands.h"
#include "applier/runs/site_bundle.h"
#include "bundles/bundle_report.h"

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
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(text_done) Text shown = {0};
    if (!site_bundle_open(context->arguments.items[0], &bundle, err))
        return false;
    if (context->json ? !bundle_report_json(bundle.reader, depth, &shown, err)
                      : !bundle_report_text(bundle.reader, depth, &shown, err))
        return false;
    text_add_n(context->out, shown.bytes, shown.length);
    return true;
}

const Command command_inspect = {
    .name = "inspect",
    .synopsis = "BUNDLE [--sql]",
    .summary = "show what is inside a bundle",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(InspectOptions),
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
