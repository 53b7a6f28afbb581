#include "planner/planner_commands.h"

#include "base/attributes.h"

extern const Command command_init;
extern const Command command_new;
extern const Command command_explain;
extern const Command command_import;
extern const Command command_pack;
extern const Command command_rehearse;
extern const Command command_release;
extern const Command command_status;
extern const Command command_verify_project;
extern const Command command_keys_new;
extern const Command command_keys_show;
extern const Command command_keys_keyring;
extern const Command command_sign;
extern const Command command_inspect;
extern const Command command_route;
extern const Command command_lint;
extern const Command command_suggest_down;

const Command *const planner_commands[] = {
    &command_init,           &command_import,   &command_new,
    &command_status,         &command_explain,  &command_release,
    &command_verify_project, &command_lint,     &command_suggest_down,
    &command_rehearse,       &command_keys_new, &command_keys_show,
    &command_keys_keyring,   &command_pack,     &command_sign,
    &command_inspect,        &command_route,
};
const size_t planner_command_count = ARRAY_LEN(planner_commands);
