/* What rehearsals showed, for people and as JSON. */
#ifndef SEALIFT_PLANNER_REHEARSAL_RENDER_H
#define SEALIFT_PLANNER_REHEARSAL_RENDER_H

#include "base/json_writer.h"
#include "planner/rehearsal/rehearsal_gate.h"

/* A declared major that was not rehearsed, and why. */
typedef struct RehearsalMissing {
    int64_t major;
    const char *why; /* borrowed: "no server is installed" */
} RehearsalMissing;

typedef ARRAY_OF(RehearsalMissing) RehearsalMissingArray;

typedef struct RehearsalView {
    const char *product;
    const RehearsalSubject *subject;
    const RehearsalArray *rehearsals;
    const RehearsalMissingArray *missing;
    const FindingArray *findings;
} RehearsalView;

void rehearsal_render_text(const RehearsalView *view, Text *out);

/* Members of the object that is open. */
void rehearsal_render_json(const RehearsalView *view, JsonWriter *json);

/* "exact 12, lossy 1": how many migrations have which worst verdict, the better first. */
void rehearsal_render_counts(const RehearsalView *view, Text *out);

#endif
