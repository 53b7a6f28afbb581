/* The applier's commands: each command_NAME.c defines its row, with its options beside it. */
#ifndef SEALIFT_APPLIER_APPLIER_COMMANDS_H
#define SEALIFT_APPLIER_APPLIER_COMMANDS_H

#include "base/command_table.h"

/* In the order of the help text. */
extern const Command *const applier_commands[];
extern const size_t applier_command_count;

#endif
