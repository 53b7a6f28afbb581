#include "applier/runs/target_check.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"
#include "applier/sql/session_queries.h"
#include "base/memory.h"

/* Below this nobody needs to ask the server: the smallest lock table has room for more. */
#define LOCKS_ALWAYS_FREE 512

bool target_check_writable(const PgSession *session, Error *err)
{
    if (!session->facts.in_recovery)
        return true;
    error_set(err, ERROR_TARGET, "the server is a standby: it only takes what its primary does");
    return error_hint(err, "connect to the primary (target_session_attrs=read-write finds it)");
}

void target_check_pooler(const PgSession *session, Text *warnings)
{
    if (session->pooler != PG_DIRECT)
        text_add(warnings,
                 "the connection goes through a session pool, where cancelling and options "
                 "of the startup are unreliable; the server's own address is safer\n");
}

bool target_check_locks(PgSession *session, int64_t estimate, AtomicMode mode, Error *err)
{
    if (estimate <= LOCKS_ALWAYS_FREE)
        return true;
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_locks_held, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "counting the locks in use");
    int64_t room = session->facts.locks_available - pg_result_int(row, 0, 0);
    if (estimate <= room)
        return true;
    error_set(err, ERROR_TARGET,
              "one transaction would lock about %" PRId64 " relations, the server has room for "
              "%" PRId64,
              estimate, room);
    return error_hint(err, "raise max_locks_per_transaction (needs a restart)%s",
                      mode == ATOMIC_MIGRATION ? "" : ", or run with --atomic migration");
}

static bool check_version(const PgSession *session, const Head *head, Text *warnings, Error *err)
{
    int64_t major = session->facts.version / 10000;
    if (major < head->server_min)
        return error_set(err, ERROR_TARGET,
                         "the server is PostgreSQL %s, the bundle needs %" PRId64 " or later",
                         session->facts.version_text, head->server_min);
    if (major > head->server_max)
        text_addf(warnings,
                  "the server is PostgreSQL %s, the bundle was made for %" PRId64 " to %" PRId64
                  "\n",
                  session->facts.version_text, head->server_min, head->server_max);
    return true;
}

static bool check_extension(PgSession *session, const ManifestRequirement *requirement, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_extension_available,
                  PG_VALUES(pg_text(requirement->name), pg_text(requirement->value)), PG_ONE_ROW,
                  &row, err))
        return error_wrap(err, "looking for extension '%s'", requirement->name);
    if (pg_result_bool(row, 0, 0))
        return true;
    bool any = !*requirement->value;
    error_set(err, ERROR_TARGET, "the server does not have extension '%s'%s%s", requirement->name,
              any ? "" : " in version ", any ? "" : requirement->value);
    return error_hint(err,
                      "install its package on the server; then 'CREATE EXTENSION' can find it");
}

static bool check_role(PgSession *session, const ManifestRequirement *requirement, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_preflight_required_role, PG_VALUES(pg_text(requirement->name)),
                  PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking for role '%s'", requirement->name);
    if (pg_result_bool(row, 0, 0))
        return true;
    error_set(err, ERROR_TARGET, "the bundle needs role '%s', which is not there",
              requirement->name);
    return error_hint(err, "'applier preflight BUNDLE' has the SQL for whoever may make it");
}

static bool check_setting(PgSession *session, const ManifestRequirement *requirement, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_preflight_required_setting, PG_VALUES(pg_text(requirement->name)),
                  PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking at setting '%s'", requirement->name);
    const char *value = pg_result_text(row, 0, 0);
    if (strcmp(value, requirement->value) == 0)
        return true;
    error_set(err, ERROR_TARGET, "setting %s is '%s', the bundle needs '%s'", requirement->name,
              value, requirement->value);
    return error_hint(err, "'applier preflight BUNDLE' has the SQL for whoever may change it");
}

bool target_check(PgSession *session, const Manifest *manifest, Text *warnings, Error *err)
{
    if (!target_check_writable(session, err) ||
        !check_version(session, &manifest->head, warnings, err))
        return false;
    target_check_pooler(session, warnings);
    if (session->facts.superuser)
        text_addf(warnings,
                  "role '%s' is a superuser: the steps may do anything to this server; a role that "
                  "owns the schema is enough\n",
                  session->facts.session_user);
    array_each (ManifestRequirement, requirement, &manifest->requirements) {
        if (strcmp(requirement->kind, "extension") == 0 &&
            !check_extension(session, requirement, err))
            return false;
        if (strcmp(requirement->kind, "role") == 0 && !check_role(session, requirement, err))
            return false;
        if (strcmp(requirement->kind, "setting") == 0 && !check_setting(session, requirement, err))
            return false;
        if (strcmp(requirement->kind, "encoding") == 0 &&
            strcasecmp(requirement->name, session->facts.encoding) != 0)
            return error_set(err, ERROR_TARGET,
                             "the database's encoding is %s, the bundle needs %s",
                             session->facts.encoding, requirement->name);
    }
    return true;
}
