#include "applier/applier_commands.h"

#include "base/attributes.h"

const Command *const applier_commands[] = {
    NULL,
};
const size_t applier_command_count = ARRAY_LEN(applier_commands) - 1;
