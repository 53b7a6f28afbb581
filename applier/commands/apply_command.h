/* The run of a bundle as apply and resume do it: run, remember, report. */
#ifndef SEALIFT_APPLIER_APPLY_COMMAND_H
#define SEALIFT_APPLIER_APPLY_COMMAND_H

#include "applier/ledger/history.h"
#include "applier/runs/site_bundle.h"
#include "base/command_table.h"

/* What the site remembers against what the ledger says, before a run: warnings go to stderr, and
 * into the JSON document of the run, which is watched by the listener of `run`. */
void apply_command_compare(const CommandContext *context, const SiteBundle *bundle,
                           const History *history, const RunOptions *run);

/* `run` is run_options_make's. One run, noted in the site's state file; its document goes into
 * `json`, or, where that is NULL, its words into context->out. Errors are apply_run's. */
bool apply_command_leg(const CommandContext *context, const SiteBundle *bundle,
                       const ApplyInput *input, const RunOptions *run, const char *to_version,
                       JsonWriter *json, Error *err) MUST_CHECK;

/* Run, note it in the site's state file, and fill context->out, also where the run fails and
 * --json was given. Errors are apply_run's. */
bool apply_command_run(CommandContext *context, const SiteBundle *bundle, const ApplyInput *input,
                       const RunOptions *run, const char *to_version, Error *err) MUST_CHECK;

#endif
