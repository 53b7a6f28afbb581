#include "planner/planner_commands.h"

#include "base/attributes.h"

const Command *const planner_commands[] = {
    NULL,
};
const size_t planner_command_count = ARRAY_LEN(planner_commands) - 1;
