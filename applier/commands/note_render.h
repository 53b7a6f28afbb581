/* What should be read before a run: the notes of the versions that it comes to. */
#ifndef SEALIFT_APPLIER_NOTE_RENDER_H
#define SEALIFT_APPLIER_NOTE_RENDER_H

#include "applier/runs/apply_plan.h"
#include "base/json_writer.h"

/* Version by version; nothing where there is none. */
void note_render_text(const ApplyPlan *plan, const Manifest *manifest, Text *out);

/* A member `notes`, an array. */
void note_render_json(const ApplyPlan *plan, const Manifest *manifest, JsonWriter *json);

#endif
