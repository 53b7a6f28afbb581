/* Whose search_path holds on a session that runs scripts (decision 27).
 *
 * Ours (PG_SESSION_PATH), but from a migration's first statement to the reset behind its last:
 * there it is the script's, the manifest's to begin with and what the script makes of it. A
 * statement of ours in between either names all that it uses (pg_query_qualified), or stands
 * between pause and resume. Errors are those of pg_query; the session is in no pipeline. */
#ifndef SEALIFT_APPLIER_SCRIPTS_PATH_H
#define SEALIFT_APPLIER_SCRIPTS_PATH_H

#include "applier/server/pg_session.h"

/* The scripts' path, until pg_session_pin_again. */
bool scripts_path_begin(PgSession *session, const char *path, Error *err) MUST_CHECK;

/* Inside a transaction only until it ends: what a script has SET for the session stays set. */
typedef enum { PATH_OF_SESSION, PATH_OF_TRANSACTION } PathReach;

/* Ours for a while, and what was put aside again. */
bool scripts_path_pause(PgSession *session, PathReach reach, Error *err) MUST_CHECK;
bool scripts_path_resume(PgSession *session, PathReach reach, Error *err) MUST_CHECK;

#endif
