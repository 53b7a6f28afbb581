/* A bundle shown to people and to programs: what HEAD says, who signed, versions, migrations,
 * groups, steps, and the SQL itself. The same for vendor and site. */
#ifndef SEALIFT_BUNDLES_BUNDLE_REPORT_H
#define SEALIFT_BUNDLES_BUNDLE_REPORT_H

#include "base/json_writer.h"
#include "bundles/bundle_reader.h"

typedef enum { REPORT_SUMMARY, REPORT_WITH_SQL } ReportDepth;

/* Reads the manifest, and with SQL every script. */
bool bundle_report_text(BundleReader *reader, ReportDepth depth, Text *out, Error *err) MUST_CHECK;

/* The same as one JSON document; "signatures_checked" says whether a keyring proved the signers. */
bool bundle_report_json(BundleReader *reader, ReportDepth depth, Text *out, Error *err) MUST_CHECK;

/* HEAD's members into the object that is open, for reports that have no use for the manifest. */
void bundle_report_head_json(const BundleReader *reader, JsonWriter *json);

#endif
