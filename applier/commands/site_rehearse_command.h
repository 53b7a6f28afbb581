/* applier rehearse at a site: rehearse, keep what was measured, report. */
#ifndef SEALIFT_APPLIER_SITE_REHEARSE_COMMAND_H
#define SEALIFT_APPLIER_SITE_REHEARSE_COMMAND_H

#include "applier/commands/run_options.h"
#include "base/command_table.h"

typedef struct SiteRehearseOptions {
    const RunCommandOptions *run;
    const char *method; /* as site_method_name */
    const char *clone;
    bool clone_unchecked;
    const char *to;
    bool keep;
    bool without_rollback;
    bool allow_blocking;
    bool yes;
} SiteRehearseOptions;

/* Fills context->out, also where the rehearsal fails. Errors are site_rehearsal_run's and those of
 * opening the bundle. */
bool site_rehearse_command_run(CommandContext *context, const SiteRehearseOptions *given,
                               Error *err) MUST_CHECK;

#endif
