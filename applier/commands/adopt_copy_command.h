/* applier adopt --as-copy: a copy of a managed database gets an identity of its own. */
#ifndef SEALIFT_APPLIER_ADOPT_COPY_COMMAND_H
#define SEALIFT_APPLIER_ADOPT_COPY_COMMAND_H

#include "applier/commands/run_options.h"
#include "base/command_table.h"

/* Ask (unless `yes`), do it and print what became of it. Errors: adopt_copy_run's, and those of the
 * site's configuration. */
bool adopt_copy_command_run(CommandContext *context, const RunCommandOptions *given, bool yes,
                            Error *err) MUST_CHECK;

#endif
