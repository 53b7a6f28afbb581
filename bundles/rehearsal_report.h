/* What a rehearsal showed of a bundle, for bundle_report: lines for people, members of JSON. */
#ifndef SEALIFT_BUNDLES_REHEARSAL_REPORT_H
#define SEALIFT_BUNDLES_REHEARSAL_REPORT_H

#include "base/json_writer.h"
#include "bundles/manifest.h"

/* Lines on the bundle as a whole: on which servers, which schemas, what is tolerated, atomic modes,
 * earlier versions; or one line that says that nothing was rehearsed. */
void rehearsal_report_bundle(const Manifest *manifest, Text *out);

/* Lines on a version: its way back, the servers that its schema is proven on, and what each server
 * showed of the way back. */
void rehearsal_report_version(const Manifest *manifest, size_t index, Text *out);

/* "way back: lossy" with the author's reasons, no line end; and the lines of what each server
 * showed.
 */
void rehearsal_report_migration(const Manifest *manifest, size_t index, Text *out);
void rehearsal_report_results(const Manifest *manifest, size_t index, Text *out);

/* The same as members of the object that is open. */
void rehearsal_report_bundle_json(const Manifest *manifest, JsonWriter *json);
void rehearsal_report_version_json(const Manifest *manifest, size_t index, JsonWriter *json);
void rehearsal_report_migration_json(const Manifest *manifest, size_t index, JsonWriter *json);

#endif
