#include "applier/steps/scripts_path.h"

#include "applier/server/pg_query.h"
#include "applier/sql/session_queries.h"

bool scripts_path_begin(PgSession *session, const char *path, Error *err)
{
    session->path_is_ours = false;
    return pg_query_qualified(session, SQL_path_set, PG_VALUES(pg_text(path)), PG_ONE_ROW,
                              /* ret_result= */ NULL, err) ||
           error_wrap(err, "setting the search_path of scripts");
}

bool scripts_path_pause(PgSession *session, PathReach reach, Error *err)
{
    if (!pg_query_qualified(
            session, SQL_path_pause,
            PG_VALUES(pg_text(PG_SESSION_PATH), pg_bool(reach == PATH_OF_TRANSACTION)), PG_ONE_ROW,
            /* ret_result= */ NULL, err))
        return error_wrap(err, "setting the search_path");
    session->path_is_ours = true;
    return true;
}

bool scripts_path_resume(PgSession *session, PathReach reach, Error *err)
{
    session->path_is_ours = false;
    return pg_query_qualified(session, SQL_path_resume,
                              PG_VALUES(pg_bool(reach == PATH_OF_TRANSACTION)), PG_ONE_ROW,
                              /* ret_result= */ NULL, err) ||
           error_wrap(err, "setting the search_path of scripts");
}
