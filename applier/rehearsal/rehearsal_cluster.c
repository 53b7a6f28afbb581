#include "applier/rehearsal/rehearsal_cluster.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/scratch_queries.h"
#include "base/memory.h"

/* Held while locks are watched. */
#define WATCH_KEY   INT64_C(0x5345414C57415443) /* "SEALWATC"; the next one: watching has begun */
#define WATCH_LOOKS 200

/* --- connecting ------------------------------------------------------------------------------ */

static void add_keyword(Text *text, const char *keyword, const char *value)
{
    text_addf(text, "%s%s='", text->length ? " " : "", keyword);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            text_add_char(text, '\\');
        text_add_char(text, *value);
    }
    text_add_char(text, '\'');
}

static bool is_database_name(const char *conninfo)
{
    return !strchr(conninfo, '=') && !text_has_prefix(conninfo, "postgres://") &&
           !text_has_prefix(conninfo, "postgresql://");
}

bool rehearsal_cluster_conninfo(const char *conninfo, const char *database, char **ret_conninfo,
                                Error *err)
{
    CLEANUP(text_done) Text text = {0};
    add_keyword(&text, "dbname", database);
    if (conninfo && !is_database_name(conninfo)) {
        PQconninfoOption *parsed = PQconninfoParse(conninfo, /* errmsg= */ NULL);
        if (!parsed)
            return error_set(err, ERROR_USAGE, "the connection string cannot be read");
        for (const PQconninfoOption *option = parsed; option->keyword; option++)
            if (option->val && strcmp(option->keyword, "dbname") != 0)
                add_keyword(&text, option->keyword, option->val);
        PQconninfoFree(parsed);
    }
    *ret_conninfo = text_take(&text);
    return true;
}

static void drop_notice(void *argument UNUSED, const PGresult *result UNUSED)
{
}

static bool open_session(const char *conninfo, const char *scripts_path, PgSession **ret_session,
                         Error *err)
{
    const PgSessionOptions options = {.conninfo = conninfo,
                                      .scripts_path = scripts_path,
                                      .purpose = PG_SESSION_WRITES,
                                      .lock_timeout_ms = PG_SESSION_LOCK_TIMEOUT_MS,
                                      .words = WORDS_WHOLE};
    if (!pg_session_open(&options, ret_session, err))
        return false;
    PQsetNoticeReceiver((*ret_session)->connection, drop_notice, /* arg= */ NULL);
    return true;
}

bool rehearsal_cluster_connect(const RehearsalCluster *cluster, const char *database,
                               const char *scripts_path, PgSession **ret_session, Error *err)
{
    CLEANUP(memory_freep) char *conninfo = NULL;
    return rehearsal_cluster_conninfo(cluster->conninfo, database, &conninfo, err) &&
           open_session(conninfo, scripts_path, ret_session, err);
}

static bool check_scratch(PgSession *session, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_scratch_look, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    if (strcmp(pg_result_text(row, 0, 0), REHEARSAL_CLUSTER_NAME) != 0) {
        CLEANUP(memory_freep) char *where = pg_session_describe(session);
        error_set(err, ERROR_TARGET, "%s is no scratch cluster: its cluster_name is '%s', not '%s'",
                  where, pg_result_text(row, 0, 0), REHEARSAL_CLUSTER_NAME);
        return error_hint(err,
                          "with --out a rehearsal drops databases and roles: 'planner rehearse' "
                          "makes a cluster for it; at a site say --method instead");
    }
    if (!pg_result_bool(row, 0, 1))
        return error_set(err, ERROR_TARGET, "role '%s' is no superuser, which a rehearsal needs",
                         session->facts.session_user);
    return true;
}

static bool list_objects(PgSession *session, ClusterObjectArray *objects, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_scratch_objects, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        *array_add(objects) = (ClusterObject){.kind = memory_string(pg_result_text(rows, i, 0)),
                                              .name = memory_string(pg_result_text(rows, i, 1))};
    return true;
}

static void objects_done(ClusterObjectArray *objects)
{
    array_each (ClusterObject, object, objects) {
        free(object->kind);
        free(object->name);
    }
    array_free(objects);
}

bool rehearsal_cluster_open(const char *conninfo, RehearsalCluster *ret_cluster, Error *err)
{
    RehearsalCluster cluster = {.conninfo =
                                    memory_string(conninfo ? conninfo : getenv("DATABASE_URL"))};
    bool good = open_session(cluster.conninfo, /* scripts_path= */ NULL, &cluster.admin, err) &&
                check_scratch(cluster.admin, err) &&
                list_objects(cluster.admin, &cluster.kept, err);
    if (!good) {
        rehearsal_cluster_close(&cluster);
        return false;
    }
    *ret_cluster = cluster;
    return true;
}

void rehearsal_cluster_close(RehearsalCluster *cluster)
{
    pg_session_close(cluster->second);
    pg_session_close(cluster->admin);
    objects_done(&cluster->kept);
    free(cluster->conninfo);
    *cluster = (RehearsalCluster){0};
}

/* --- resetting ------------------------------------------------------------------------------- */

static bool was_there(const RehearsalCluster *cluster, const ClusterObject *object)
{
    /* what an earlier rehearsal that was killed has left is nobody's */
    if (strcmp(object->name, REHEARSAL_DATABASE) == 0 || strcmp(object->name, REHEARSAL_CLEAN) == 0)
        return false;
    array_each (ClusterObject, kept, &cluster->kept) {
        if (strcmp(kept->kind, object->kind) == 0 && strcmp(kept->name, object->name) == 0)
            return true;
    }
    return false;
}

/* `format` has one %s for the quoted name. */
static bool run_named(PgSession *session, const char *before, const char *name, const char *after,
                      Error *err)
{
    char *quoted = PQescapeIdentifier(session->connection, name, strlen(name));
    CLEANUP(memory_freep) char *sql = memory_format("%s %s%s", before, quoted, after);
    PQfreemem(quoted);
    return pg_script(session, sql, err);
}

static bool drop_object(PgSession *session, const ClusterObject *object, Error *err)
{
    if (strcmp(object->kind, "database") == 0)
        return run_named(session, "ALTER DATABASE", object->name, " IS_TEMPLATE false", err) &&
               run_named(session, "DROP DATABASE", object->name, " WITH (FORCE)", err);
    if (strcmp(object->kind, "tablespace") == 0)
        return run_named(session, "DROP TABLESPACE", object->name, "", err);
    return run_named(session, "DROP OWNED BY", object->name, "", err) &&
           run_named(session, "DROP ROLE", object->name, "", err);
}

static bool drop_subscriptions(RehearsalCluster *cluster, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(cluster->admin, SQL_scratch_subscribed, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        CLEANUP(pg_session_closep) PgSession *session = NULL;
        if (!rehearsal_cluster_connect(cluster, pg_result_text(rows, i, 0),
                                       /* scripts_path= */ NULL, &session, err) ||
            !pg_script(session, SQL_scratch_drop_subscriptions, err))
            return false;
    }
    return pg_query(cluster->admin, SQL_scratch_drop_slots, PG_NO_VALUES, PG_ROWS,
                    /* ret_result= */ NULL, err);
}

static bool reset_settings(RehearsalCluster *cluster, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_script(cluster->admin, "ALTER SYSTEM RESET ALL", err) ||
        !pg_script(cluster->admin, "SELECT pg_catalog.pg_reload_conf()", err) ||
        !pg_query(cluster->admin, SQL_scratch_altered_roles, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        if (!run_named(cluster->admin, "ALTER ROLE", pg_result_text(rows, i, 0), " RESET ALL", err))
            return false;
    return pg_script(cluster->admin, "ALTER ROLE ALL RESET ALL", err);
}

bool rehearsal_cluster_reset(RehearsalCluster *cluster, Error *err)
{
    /* databases hold objects of roles and tablespaces: the order of the kinds is that of dropping
     */
    static const char *const kinds[] = {"database", "tablespace", "role"};
    CLEANUP(objects_done) ClusterObjectArray now = {0};
    bool good = drop_subscriptions(cluster, err) && list_objects(cluster->admin, &now, err);
    for (size_t kind = 0; good && kind < ARRAY_LEN(kinds); kind++)
        array_each (ClusterObject, object, &now)
            good = good && (strcmp(object->kind, kinds[kind]) != 0 || was_there(cluster, object) ||
                            drop_object(cluster->admin, object, err));
    return (good && reset_settings(cluster, err)) ||
           error_wrap(err, "putting the scratch cluster back");
}

bool rehearsal_cluster_create(RehearsalCluster *cluster, const char *database, const char *from,
                              Error *err)
{
    CLEANUP(memory_freep)
    char *drop = memory_format("DROP DATABASE IF EXISTS %s WITH (FORCE)", database);
    CLEANUP(memory_freep)
    char *create =
        memory_format("CREATE DATABASE %s TEMPLATE %s", database, from ? from : "template0");
    return (pg_script(cluster->admin, drop, err) && pg_script(cluster->admin, create, err)) ||
           error_wrap(err, "making the rehearsal's database");
}

bool rehearsal_cluster_is_plain(RehearsalCluster *cluster, bool *ret_plain, Error *err)
{
    CLEANUP(objects_done) ClusterObjectArray now = {0};
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!list_objects(cluster->admin, &now, err) ||
        !pg_query(cluster->admin, SQL_scratch_is_plain,
                  PG_VALUES(pg_text(REHEARSAL_DATABASE), pg_text(REHEARSAL_CLEAN)), PG_ONE_ROW,
                  &row, err))
        return false;
    bool plain = pg_result_bool(row, 0, 0);
    array_each (ClusterObject, object, &now) {
        bool ours = strcmp(object->name, REHEARSAL_DATABASE) == 0 ||
                    strcmp(object->name, REHEARSAL_CLEAN) == 0;
        plain = plain && (ours || was_there(cluster, object));
    }
    *ret_plain = plain && now.count >= cluster->kept.count;
    return true;
}

/* --- watching locks -------------------------------------------------------------------------- */

/* It begins when its server process gets its turn: a statement that takes a millisecond would be
 * over by then. */
static bool wait_for_watch(RehearsalCluster *cluster, Error *err)
{
    for (int i = 0; i < WATCH_LOOKS; i++) {
        CLEANUP(pg_result_freep) PGresult *row = NULL;
        if (!pg_query(cluster->admin, SQL_scratch_sampling, PG_VALUES(pg_int(WATCH_KEY + 1)),
                      PG_ONE_ROW, &row, err))
            return false;
        if (pg_result_bool(row, 0, 0))
            return true;
        retry_policy_sleep(1);
    }
    return true; /* without samples, then */
}

/* The server does the watching, in a DO that runs until we let go of an advisory lock: no thread
 * and no process of ours (decision record 0012). */
bool rehearsal_cluster_watch(RehearsalCluster *cluster, int pid, Error *err)
{
    char sql[160];
    if (!cluster->second &&
        !open_session(cluster->conninfo, /* scripts_path= */ NULL, &cluster->second, err))
        return false;
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_advisory_lock(%" PRId64 ")", WATCH_KEY);
    if (!pg_script(cluster->admin, sql, err))
        return false;
    snprintf(sql, sizeof(sql),
             "SET sealift.sampled = ''; SET sealift.sampled_pid = %d; SET sealift.sampled_until = "
             "'%" PRId64 "'",
             pid, WATCH_KEY);
    if (!pg_script(cluster->second, sql, err))
        return false;
    if (!PQsendQuery(cluster->second->connection, SQL_scratch_sample))
        return pg_session_lost_error(cluster->second, "watching locks", err);
    return wait_for_watch(cluster, err);
}

bool rehearsal_cluster_watched(RehearsalCluster *cluster, char **ret_seen, Error *err)
{
    if (!cluster->second || PQtransactionStatus(cluster->second->connection) != PQTRANS_ACTIVE) {
        *ret_seen = memory_string("");
        return true;
    }
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_script(cluster->admin, "SELECT pg_catalog.pg_advisory_unlock_all()", err))
        return false;
    for (PGresult *result; (result = PQgetResult(cluster->second->connection));)
        PQclear(result);
    if (!pg_query(cluster->second, "SELECT pg_catalog.current_setting('sealift.sampled')",
                  PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "watching locks");
    *ret_seen = memory_string(pg_result_text(row, 0, 0));
    return true;
}
