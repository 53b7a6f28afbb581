/* applier rollback: take back what was applied, from what the database itself keeps. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/confirm.h"
#include "applier/commands/rollback_command.h"
#include "applier/commands/rollback_render.h"
#include "base/interrupt.h"

#define NO_STEPS (-1) /* --steps was not given; as a number it is at least 1 */

typedef struct RollbackCommandOptions {
    RunCommandOptions run;
    const char *to;
    int64_t steps;
    StringArray accept_data_loss;
    bool accept_unproven;
    bool plan;
    bool sql;
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
    OPTION_REPEATED_ROW("accept-data-loss", RollbackCommandOptions, accept_data_loss, "IDENTITY",
                        "take this migration back although data is lost by it"),
    OPTION_FLAG_ROW(
        "accept-unproven", RollbackCommandOptions, accept_unproven,
        "go through versions whose schema nobody has proven when come to this way, and by downs "
        "that were not rehearsed and drop or delete"),
    OPTION_FLAG_ROW("plan", RollbackCommandOptions, plan,
                    "show what would be taken back, what is lost, statements and locks; change "
                    "nothing"),
    OPTION_FLAG_ROW("sql", RollbackCommandOptions, sql, "with --plan: print each statement whole"),
    OPTION_FLAG_ROW("yes", RollbackCommandOptions, yes, "do not ask"),
};

static void defaults(void *given)
{
    RollbackCommandOptions *rollback = given;
    run_options_defaults(&rollback->run);
    rollback->steps = NO_STEPS;
}

/* The list goes to stderr, before what stands against it is said, and before the question. */
static bool show_list(void *given UNUSED, const RollbackView *view, Error *err UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    if (!view->tasks->count)
        return true;
    rollback_render_list(view, &text);
    fputs(text_string(&text), stderr);
    return true;
}

static bool ask(void *given, const RollbackView *view UNUSED, Error *err)
{
    const CommandContext *context = given;
    const RollbackCommandOptions *rollback = context->options;
    return confirm(rollback->yes ? CONFIRM_YES : CONFIRM_ASK, "Take them back?", err);
}

static bool show_plan(void *given, const RollbackView *view, Error *err)
{
    CommandContext *context = given;
    const RollbackCommandOptions *rollback = context->options;
    StatementForm form = rollback->sql ? STATEMENT_WHOLE : STATEMENT_IN_LINE;
    CLEANUP(text_done) Text shown = {0};
    if (context->json ? !rollback_render_plan_json(view, form, &shown, err)
                      : !rollback_render_plan(view, form, &shown, err))
        return false;
    text_add(context->out, text_string(&shown));
    return true;
}

/* --plan asks nobody, runs nothing and needs no backup. */
static bool check_plan_options(const RollbackCommandOptions *given, Error *err)
{
    const BackupWords *backup = &given->run.backup;
    const struct {
        const char *name;
        bool given;
    } idle[] = {{"yes", given->yes},
                {"events", given->run.events != NULL},
                {"backup", backup->backup != NULL},
                {"backup-command", backup->command != NULL},
                {"backup-proof", backup->proof != NULL},
                {"backup-within", backup->within != NULL},
                {"no-backup", backup->no_backup != NULL}};
    for (size_t i = 0; given->plan && i < ARRAY_LEN(idle); i++)
        if (idle[i].given)
            return error_set(err, ERROR_USAGE, "--plan changes nothing: --%s does not go with it",
                             idle[i].name);
    return true;
}

static bool run(CommandContext *context, Error *err)
{
    RollbackCommandOptions *given = context->options;
    bool stepwise = given->steps != NO_STEPS;
    if (given->to && stepwise)
        return error_set(err, ERROR_USAGE, "--to and --steps exclude each other");
    if (given->steps == 0)
        return error_set(err, ERROR_USAGE, "--steps takes 1 or more, not 0");
    if (given->sql && !given->plan)
        return error_set(err, ERROR_USAGE, "--sql goes with --plan only");
    if (!check_plan_options(given, err))
        return false;
    interrupt_install();
    const NameArray losses = {.items = given->accept_data_loss.items,
                              .count = given->accept_data_loss.count};
    const RollbackRequest request = {
        .run = &given->run,
        .target = {.to_version = given->to, .steps = stepwise ? given->steps : 0},
        .accept_losses = &losses,
        .accept_unproven = given->accept_unproven,
        .show = given->plan  ? show_plan
                : given->yes ? NULL
                             : show_list,
        .ask = ask,
        .show_context = context,
        .action = ACTION_ROLLBACK};
    return given->plan ? rollback_command_plan(context, &request, err)
                       : rollback_command_run(context, &request, err);
}

const Command command_rollback = {
    .name = "rollback",
    .synopsis = "[--db CONNINFO] [--to VERSION|--steps N] [--plan [--sql]] "
                "[--accept-data-loss=IDENTITY]… [--accept-unproven] "
                "[--set NAME=VALUE]… [--accept-extra IDENTITY=REASON]… [--strict] [--yes]",
    .summary = "take back the last application, or back to a version, or the last N migrations",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RollbackCommandOptions),
    .defaults = defaults,
    .run = run,
};
