#include "applier/applier_commands.h"

#include "base/attributes.h"

extern const Command command_history;

const Command *const applier_commands[] = {
    &command_history,
};
const size_t applier_command_count = ARRAY_LEN(applier_commands);
