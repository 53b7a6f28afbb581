/* The planner's commands: each command_NAME.c defines its row, with its options beside it. */
#ifndef SEALIFT_PLANNER_PLANNER_COMMANDS_H
#define SEALIFT_PLANNER_PLANNER_COMMANDS_H

#include "base/command_table.h"

/* In the order of the help text. */
extern const Command *const planner_commands[];
extern const size_t planner_command_count;

#endif
