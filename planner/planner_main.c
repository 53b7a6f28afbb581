/* The vendor's program: dispatch, exit status, nothing else. */
#include "base/command_table.h"
#include "base/version.h"
#include "planner/planner_commands.h"

int main(int argc, char **argv)
{
    const Program program = {
        .name = "planner",
        .version = SEALIFT_VERSION,
        .summary = "package PostgreSQL schema upgrades for sites without a network",
        .commands = planner_commands,
        .command_count = planner_command_count,
    };
    return command_table_main(&program, argc, argv);
}
