/* What a rollback would take back, for people and programs: the list that is asked about, and the
 * plan with statements and locks. */
#ifndef SEALIFT_APPLIER_ROLLBACK_RENDER_H
#define SEALIFT_APPLIER_ROLLBACK_RENDER_H

#include "applier/commands/statement_text.h"
#include "applier/runs/rollback_run.h"
#include "base/json_writer.h"

/* "exact", "lossy", "not rehearsed": exact is only what a rehearsal showed to be. */
const char *rollback_render_verdict(const WayBack *way);

/* "1.0.0", or "(nothing)" for "-". */
const char *rollback_render_version(const char *version);

/* The list: a line each, what is lost by it, versions that are not proven this way, and the backup
 * that is there instead where something is lost. */
void rollback_render_list(const RollbackView *view, Text *out);

/* Members of one way back in the object that is open. */
void rollback_render_way_json(const WayBack *way, JsonWriter *json);

/* The list, and the statements of each with the locks that the rehearsal saw. Errors: those of
 * reading the stored scripts. */
bool rollback_render_plan(const RollbackView *view, StatementForm form, Text *out,
                          Error *err) MUST_CHECK;
bool rollback_render_plan_json(const RollbackView *view, StatementForm form, Text *out,
                               Error *err) MUST_CHECK;

#endif
