/* applier rollback: take back what was applied, from what the database itself keeps. */
#include "applier/applier_commands.h"
#include "applier/commands/confirm.h"
#include "applier/commands/rollback_command.h"
#include "base/interrupt.h"

#define NO_STEPS (-1) /* --steps was not given; as a number it is at least 1 */

typedef struct RollbackCommandOptions {
    RunCommandOptions run;
    const char *to;
    int64_t steps;
    bool yes;
} RollbackCommandOptions;

static const Option options[] = {
    RUN_OPTION_ROWS(RollbackCommandOptions),
    STEPS_OPTION_ROWS(RollbackCommandOptions),
    OPTION_STRING_ROW("to", RollbackCommandOptions, to, "VERSION",
                      "back to this version; - for before everything (default: to where the last "
                      "application began)"),
    OPTION_NUMBER_ROW("steps", RollbackCommandOptions, steps, "N",
                      "take back the last N migrations"),
    OPTION_FLAG_ROW("yes", RollbackCommandOptions, yes, "do not ask"),
};

static void defaults(void *given)
{
    RollbackCommandOptions *rollback = given;
    run_options_defaults(&rollback->run);
    rollback->steps = NO_STEPS;
}

/* Exact is only what a rehearsal showed to be. */
static const char *way_words(const WayBack *way)
{
    switch (way->verdict) {
    case VERDICT_EXACT:
        return "exact";
    case VERDICT_COLUMN_ORDER:
        return "all but the order of columns comes back";
    case VERDICT_LOSSY:
        return "lossy";
    case VERDICT_DIFFERS:
        return "the schema comes back otherwise";
    case VERDICT_FAILS:
        return "fails";
    case VERDICT_UNPROVEN:
    case VERDICT_NONE:
    case VERDICT_IRREVERSIBLE:
        break;
    }
    return "not rehearsed";
}

static bool ask(void *given, const RollbackList *list, const WayBackArray *ways, Error *err)
{
    const RollbackCommandOptions *rollback = given;
    if (!list->items.count || rollback->yes)
        return true;
    fprintf(stderr, "%zu to take back, from version %s to %s:\n", list->items.count,
            list->from_version, list->to_version);
    array_each (const WayBack, way, ways)
        fprintf(stderr, "  %s %s: %s%s%s\n", way->version,
                way->identity ? way->identity : "(no migrations)", way_words(way),
                *way->detail ? ": " : "", way->detail);
    return confirm(CONFIRM_ASK, "Take them back?", err);
}

static bool run(CommandContext *context, Error *err)
{
    RollbackCommandOptions *given = context->options;
    bool stepwise = given->steps != NO_STEPS;
    if (given->to && stepwise)
        return error_set(err, ERROR_USAGE, "--to and --steps exclude each other");
    if (given->steps == 0)
        return error_set(err, ERROR_USAGE, "--steps takes 1 or more, not 0");
    interrupt_install();
    RollbackRequest request = {
        .run = &given->run,
        .target = {.to_version = given->to, .steps = stepwise ? given->steps : 0},
        .confirm = ask,
        .confirm_context = given,
        .action = ACTION_ROLLBACK};
    return rollback_command_run(context, &request, err);
}

const Command command_rollback = {
    .name = "rollback",
    .synopsis = "[--db CONNINFO] [--to VERSION|--steps N] "
                "[--accept-extra IDENTITY=REASON]… [--strict] [--yes]",
    .summary = "take back the last application, or back to a version, or the last N migrations",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RollbackCommandOptions),
    .defaults = defaults,
    .run = run,
};
