/* What a database holds before the product's first migration, because somebody else makes it: the
 * vendor's scripts that make it in each database of a rehearsal. */
#ifndef SEALIFT_APPLIER_REHEARSAL_SETUP_H
#define SEALIFT_APPLIER_REHEARSAL_SETUP_H

#include "applier/rehearsal/rehearsal_script.h"
#include "base/array.h"

typedef struct RehearsalSetup {
    ARRAY_OF(RehearsalScript) scripts;
} RehearsalSetup;

void rehearsal_setup_done(RehearsalSetup *setup); /* accepts a zeroed one */

/* Read the .sql files of `folder` (NULL: none), in byte order of their names. ERROR_INPUT naming
 * what else stands there. */
bool rehearsal_setup_read(const char *folder, RehearsalSetup *ret_setup, Error *err) MUST_CHECK;

/* In a database that is new. Errors as of rehearsal_script_run. */
bool rehearsal_setup_run(const RehearsalSetup *setup, PgSession *session, Error *err) MUST_CHECK;

#endif
