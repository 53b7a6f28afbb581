#include "planner/planner_commands.h"

#include "base/attributes.h"

extern const Command command_init;
extern const Command command_new;

const Command *const planner_commands[] = {
    &command_init,
    &command_new,
};
const size_t planner_command_count = ARRAY_LEN(planner_commands);
