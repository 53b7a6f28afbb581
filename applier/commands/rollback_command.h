/* A rollback as rollback and resume do it: run, remember, report. */
#ifndef SEALIFT_APPLIER_ROLLBACK_COMMAND_H
#define SEALIFT_APPLIER_ROLLBACK_COMMAND_H

#include "applier/commands/run_options.h"
#include "applier/runs/rollback_run.h"
#include "base/command_table.h"

typedef struct RollbackRequest {
    const RunCommandOptions *run;
    RollbackTarget target;
    LedgerAction action;
    SettleChoice settle;
    const NameArray *accept_losses; /* or NULL */
    bool accept_unproven;
    RollbackShow show; /* as RollbackOptions */
    RollbackShow ask;
    void *show_context;
} RollbackRequest;

/* Fills context->out, also where the run fails and --json was given. Errors are rollback_run's. */
bool rollback_command_run(CommandContext *context, const RollbackRequest *request,
                          Error *err) MUST_CHECK;

/* What it would do, read only; request->show sees it. Errors are rollback_run_plan's. */
bool rollback_command_plan(CommandContext *context, const RollbackRequest *request,
                           Error *err) MUST_CHECK;

#endif
