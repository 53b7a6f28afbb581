#include "applier/applier_commands.h"

#include "base/attributes.h"

extern const Command command_history;
extern const Command command_inspect;
extern const Command command_unpack;
extern const Command command_verify;
extern const Command command_trust_init;
extern const Command command_trust_show;
extern const Command command_adopt;
extern const Command command_apply;
extern const Command command_drift;
extern const Command command_fingerprint;
extern const Command command_plan;
extern const Command command_preflight;
extern const Command command_rehearse;
extern const Command command_resume;
extern const Command command_rollback;
extern const Command command_status;

const Command *const applier_commands[] = {
    &command_trust_init, &command_trust_show, &command_verify,      &command_inspect,
    &command_unpack,     &command_preflight,  &command_plan,        &command_apply,
    &command_status,     &command_history,    &command_resume,      &command_rollback,
    &command_drift,      &command_adopt,      &command_fingerprint, &command_rehearse,
};
const size_t applier_command_count = ARRAY_LEN(applier_commands);
