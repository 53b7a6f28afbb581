/* The site's program: dispatch, exit status, nothing else. */
#include "applier/applier_commands.h"
#include "applier/commands/target_options.h"
#include "base/command_table.h"
#include "base/version.h"

int main(int argc, char **argv)
{
    const Program program = {
        .name = "applier",
        .version = SEALIFT_VERSION,
        .summary = "verify, apply, prove and roll back schema upgrades carried in a bundle",
        .commands = applier_commands,
        .command_count = applier_command_count,
        .failed = target_failed,
    };
    return command_table_main(&program, argc, argv);
}
