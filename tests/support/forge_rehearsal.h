/* What a rehearsal would have shown of the forge's sample of two versions, on PostgreSQL 15 and 16:
 * something of every table and verdict that a manifest can have. */
#ifndef SEALIFT_TESTS_SUPPORT_FORGE_REHEARSAL_H
#define SEALIFT_TESTS_SUPPORT_FORGE_REHEARSAL_H

#include "bundles/bundle_writer.h"

/* Rows of `manifest` and objects of `writer`; aborts on whatever fails. */
void forge_add_rehearsal(BundleWriter *writer, Manifest *manifest);

/* A text of the last version's fingerprint on 15: an index that became longer than a chunk of an
 * object, so that the object is stored compressed. */
#define FORGE_LONG_DEFINITION 1200000

#endif
