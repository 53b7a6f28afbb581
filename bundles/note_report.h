/* The notes of a version, as people and programs are shown them. */
#ifndef SEALIFT_BUNDLES_NOTE_REPORT_H
#define SEALIFT_BUNDLES_NOTE_REPORT_H

#include "base/json_writer.h"
#include "bundles/manifest.h"

/* A paragraph for each note of this version (an index), every line behind `indent`. */
void note_report_text(const Manifest *manifest, size_t version, const char *indent, Text *out);

/* An object for each, into the array that is open. */
void note_report_json(const Manifest *manifest, size_t version, JsonWriter *json);

#endif
