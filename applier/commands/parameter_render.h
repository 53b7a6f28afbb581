/* The values of a run's parameters, as people and programs are shown them. */
#ifndef SEALIFT_APPLIER_PARAMETER_RENDER_H
#define SEALIFT_APPLIER_PARAMETER_RENDER_H

#include "applier/runs/run_parameters.h"
#include "base/json_writer.h"

/* "parameters:" and a line for each that is needed; nothing where none is. */
void parameter_render_text(const RunParameters *parameters, Text *out);

/* A member `parameters`, an array. */
void parameter_render_json(const RunParameters *parameters, JsonWriter *json);

/* A line for each that the ledger has of the run of this event. */
void past_parameter_render_text(const History *history, int64_t event_number, Text *out);

/* All that the ledger has: a member `parameters`. */
void past_parameter_render_json(const History *history, JsonWriter *json);

#endif
