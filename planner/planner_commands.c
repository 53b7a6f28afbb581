#include "planner/planner_commands.h"

#include "base/attributes.h"

extern const Command command_init;
extern const Command command_new;
extern const Command command_release;
extern const Command command_status;
extern const Command command_verify_project;

const Command *const planner_commands[] = {
    &command_init, &command_new, &command_status, &command_release, &command_verify_project,
};
const size_t planner_command_count = ARRAY_LEN(planner_commands);
