/* What a way back has left, compared with what was there before the upgrade; of whatever method. */
#ifndef SEALIFT_APPLIER_SITE_WAY_BACK_H
#define SEALIFT_APPLIER_SITE_WAY_BACK_H

#include "applier/rehearsal/rehearsal_hash.h"
#include "applier/rehearsal/site_rehearsal.h"

/* The schema as it is compared: in the manifest's scope, what the vendor tolerates left out. Inside
 * a transaction it sees what is not committed. Errors: fingerprint_read's. */
bool site_way_back_read(PgSession *session, const Manifest *manifest, Fingerprint *ret_schema,
                        Error *err) MUST_CHECK;

/* The verdict and what it stands on, into *back, which is done with it. `rows_before` and
 * `rows_after` are NULL where nobody has counted. Pure. */
void site_way_back_judge(const Fingerprint *before, const Fingerprint *after,
                         const RowHashes *rows_before, const RowHashes *rows_after,
                         SiteWayBack *back);

/* ERROR_STEP where it does not lead back. `compared` says what a look at the proven schemas found:
 * one of those is good, also where it is not what was there before. Pure. */
bool site_way_back_check(const SiteWayBack *back, SchemaState compared, Error *err) MUST_CHECK;

#endif
