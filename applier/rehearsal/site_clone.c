#include "applier/rehearsal/site_clone.h"

#include <inttypes.h>
#include <sys/statvfs.h>

#include "applier/rehearsal/rehearsal_cluster.h"
#include "applier/server/pg_query.h"
#include "applier/server/retry_policy.h"
#include "applier/sql/clone_queries.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/uuid.h"

#define NAME_BEGINS   "sealift_rehearsal_"
#define OTHERS_LOOKS  20 /* sessions of our own that have just ended are gone soon */
#define OTHERS_MS     100
#define SAME_LOCK_KEY INT64_C(0x5345414C53414D45) /* "SEALSAME" */

void site_names_done(SiteNameArray *names)
{
    array_each (char *, name, names)
        free(*name);
    array_free(names);
}

void site_clone_close(SiteClone *clone)
{
    pg_session_close(clone->admin);
    free(clone->name);
    free(clone->conninfo);
    free(clone->owner);
    site_names_done(&clone->leftover);
    site_names_done(&clone->cluster);
    *clone = (SiteClone){0};
}

static bool open_admin(const SiteClone *clone, PgSession **ret_session, Error *err)
{
    const PgSessionOptions options = {.conninfo = clone->source_conninfo,
                                      .purpose = PG_SESSION_WRITES,
                                      .lock_timeout_ms = PG_SESSION_LOCK_TIMEOUT_MS,
                                      .words = clone->words};
    return pg_session_open(&options, ret_session, err);
}

static char *quoted(PgSession *session, const char *name)
{
    char *escaped = PQescapeIdentifier(session->connection, name, strlen(name));
    char *copy = memory_string(escaped);
    PQfreemem(escaped);
    return copy;
}

static bool read_names(PgSession *session, const char *sql, const PgValue *values, size_t count,
                       SiteNameArray *names, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, sql, values, count, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        *array_add(names) = memory_string(pg_result_text(rows, i, 0));
    return true;
}

/* --- looking --------------------------------------------------------------------------------- */

bool site_clone_others(PgSession *session, char **ret_others, Error *err)
{
    CLEANUP(text_done) Text others = {0};
    for (int look = 1; look <= OTHERS_LOOKS; look++) {
        CLEANUP(pg_result_freep) PGresult *rows = NULL;
        if (!pg_query(session, SQL_clone_others, PG_NO_VALUES, PG_ROWS, &rows, err))
            return error_wrap(err, "looking who else is on the database");
        text_clear(&others);
        for (int i = 0; i < PQntuples(rows); i++) {
            CLEANUP(memory_freep)
            char *line =
                text_printable(pg_result_text(rows, i, 0), strlen(pg_result_text(rows, i, 0)), 300);
            text_addf(&others, "%s%s", i ? "\n" : "", line);
        }
        if (!others.length || interrupt_count() > 0)
            break;
        retry_policy_sleep(OTHERS_MS);
    }
    *ret_others = text_take(&others);
    return true;
}

/* The server says where its data is to those who may know, and only here it can be looked at. */
static int64_t free_bytes(const PgSession *session, const char *folder)
{
    struct statvfs facts;
    const char *host = PQhost(session->connection);
    if (!*folder || !host || *host != '/' || statvfs(folder, &facts) != 0)
        return -1;
    return (int64_t)facts.f_bavail * (int64_t)facts.f_frsize;
}

static bool may_not(const PgSession *session, const char *what, const char *hint, Error *err)
{
    error_set(err, ERROR_TARGET, "role '%s' may not copy database '%s': %s",
              session->facts.current_user, session->facts.database, what);
    return error_hint(err, "%s, or rehearse on a restored dump (--method restored)", hint);
}

static bool check_source(SiteClone *clone, const PGresult *row, Error *err)
{
    const PgSession *admin = clone->admin;
    if (admin->facts.in_recovery)
        return error_set(err, ERROR_TARGET,
                         "the server is a standby: no database can be made there");
    if (!pg_result_bool(row, 0, 4))
        return may_not(admin, "it has not the right CREATEDB", "ALTER ROLE … CREATEDB", err);
    if (!pg_result_bool(row, 0, 5))
        return may_not(admin, "it does not own it", "connect as its owner", err);
    if (clone->free_bytes >= 0 && clone->free_bytes < clone->size_bytes) {
        error_set(err, ERROR_TARGET,
                  "the copy takes %" PRId64 " bytes, the server's disk has %" PRId64 " free",
                  clone->size_bytes, clone->free_bytes);
        return error_hint(err, "make room, or rehearse on another server (--method restored)");
    }
    return true;
}

static bool check_alone(PgSession *session, Error *err)
{
    CLEANUP(memory_freep) char *others = NULL;
    if (!site_clone_others(session, &others, err))
        return false;
    if (!*others)
        return true;
    error_set(err, ERROR_TARGET, "database '%s' cannot be copied while somebody else is on it",
              session->facts.database);
    error_detail(err, "%s", others);
    return error_hint(err, "stop the application (and its pooler) for the copy, or rehearse on a "
                           "restored dump (--method restored)");
}

static bool name_copy(SiteClone *clone, const char *oid, Error *err)
{
    char uuid[UUID_TEXT_SIZE];
    const char *conninfo = clone->source_conninfo ? clone->source_conninfo : getenv("DATABASE_URL");
    uuid_make(uuid);
    clone->name = memory_format(NAME_BEGINS "%s_%.8s", oid, uuid);
    return rehearsal_cluster_conninfo(conninfo, clone->name, &clone->conninfo, err);
}

static bool look(SiteClone *clone, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!open_admin(clone, &clone->admin, err) ||
        !pg_query(clone->admin, SQL_clone_source, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    CLEANUP(memory_freep)
    char *begins = memory_format(NAME_BEGINS "%s_", pg_result_text(row, 0, 1));
    clone->owner = memory_string(pg_result_text(row, 0, 2));
    clone->size_bytes = pg_result_int(row, 0, 3);
    clone->free_bytes = free_bytes(clone->admin, pg_result_text(row, 0, 6));
    return name_copy(clone, pg_result_text(row, 0, 1), err) && check_source(clone, row, err) &&
           check_alone(clone->admin, err) &&
           read_names(clone->admin, SQL_clone_leftovers, PG_VALUES(pg_text(begins)),
                      &clone->leftover, err) &&
           read_names(clone->admin, SQL_clone_cluster_objects, PG_NO_VALUES, &clone->cluster, err);
}

bool site_clone_look(const char *conninfo, WordsPolicy words, SiteClone *ret_clone, Error *err)
{
    SiteClone clone = {.source_conninfo = conninfo, .words = words};
    if (!look(&clone, err)) {
        site_clone_close(&clone);
        return false;
    }
    *ret_clone = clone;
    return true;
}

/* --- making ---------------------------------------------------------------------------------- */

/* A copy takes as long as the database is large: the first signal ends it. */
static void cancel_where_interrupted(void *context, int64_t waited_ms UNUSED)
{
    char words[64];
    if (interrupt_count() > 0)
        (void)PQcancel(context, words, sizeof(words));
}

void site_clone_interruptible(PgSession *session)
{
    session->waiting = cancel_where_interrupted;
    session->waiting_context = session->cancel;
}

bool site_clone_interrupted(const char *doing, Error *err)
{
    if (interrupt_count() > 0 && strcmp(err->code, "57014") == 0)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while %s", doing);
    return error_wrap(err, "%s", doing);
}

static bool drop_database(PgSession *session, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *identifier = quoted(session, name);
    CLEANUP(memory_freep)
    char *sql = memory_format("DROP DATABASE IF EXISTS %s WITH (FORCE)", identifier);
    return pg_script(session, sql, err);
}

static void drop_leftovers(SiteClone *clone, Text *warnings)
{
    array_each (char *, name, &clone->leftover) {
        CLEANUP(error_done) Error err = {0};
        if (drop_database(clone->admin, *name, &err))
            text_addf(warnings, "dropped '%s', which a rehearsal that was killed had left\n",
                      *name);
        else
            text_addf(
                warnings,
                "'%s', which a rehearsal that was killed has left, could not be dropped: %s\n",
                *name, err.message);
    }
}

static bool comment_on(SiteClone *clone, const char *what, Error *err)
{
    char now[CLOCK_TEXT_SIZE];
    clock_format(clock_now(), now);
    CLEANUP(memory_freep) char *name = quoted(clone->admin, clone->name);
    CLEANUP(memory_freep)
    char *words = memory_format("Sealift: a copy of '%s' to rehearse on, %s %s",
                                clone->admin->facts.database, now, what);
    char *literal = PQescapeLiteral(clone->admin->connection, words, strlen(words));
    CLEANUP(memory_freep) char *sql = memory_format("COMMENT ON DATABASE %s IS %s", name, literal);
    PQfreemem(literal);
    return pg_script(clone->admin, sql, err);
}

static void copy_particulars(SiteClone *clone, Text *warnings)
{
    CLEANUP(site_names_done) SiteNameArray statements = {0};
    CLEANUP(error_done) Error err = {0};
    size_t refused = 0;
    bool good = read_names(clone->admin, SQL_clone_particulars, PG_VALUES(pg_text(clone->name)),
                           &statements, &err);
    array_each (char *, statement, &statements) {
        error_done(&err);
        refused += !pg_script(clone->admin, *statement, &err);
    }
    if (!good || refused)
        text_addf(warnings,
                  "%zu of the database's settings and rights could not be given to the copy: %s\n",
                  refused, err.message ? err.message : "the role may not");
}

static bool create(SiteClone *clone, Error *err)
{
    PgSession *admin = clone->admin;
    CLEANUP(memory_freep) char *name = quoted(admin, clone->name);
    CLEANUP(memory_freep) char *source = quoted(admin, admin->facts.database);
    CLEANUP(memory_freep) char *owner = quoted(admin, clone->owner);
    /* files are copied as they are; without the clause 15 and later write all of it to the WAL */
    CLEANUP(memory_freep)
    char *sql = memory_format("CREATE DATABASE %s TEMPLATE %s OWNER %s%s", name, source, owner,
                              pg_session_major(admin) >= 15 ? " STRATEGY file_copy" : "");
    site_clone_interruptible(admin);
    bool good = pg_script(admin, sql, err);
    admin->waiting = NULL;
    return good;
}

static bool not_made(SiteClone *clone, Error *err)
{
    CLEANUP(memory_freep)
    char *doing = memory_format("copying database '%s'", clone->admin->facts.database);
    site_clone_interrupted(doing, err);
    /* somebody else is on it, or changes it just now */
    if (strcmp(err->code, "55006") == 0 || strcmp(err->code, "55P03") == 0) {
        err->class = ERROR_TARGET;
        return error_hint(err, "somebody has come to it in the meantime: try again when it is "
                               "at rest");
    }
    return false;
}

bool site_clone_make(SiteClone *clone, Text *warnings, Error *err)
{
    drop_leftovers(clone, warnings);
    if (!create(clone, err))
        return not_made(clone, err);
    clone->made = true;
    if (!comment_on(clone, "(dropped by the next rehearsal)", err)) {
        site_clone_drop(clone, warnings);
        return false;
    }
    copy_particulars(clone, warnings);
    return true;
}

/* --- afterwards ------------------------------------------------------------------------------ */

void site_clone_drop(SiteClone *clone, Text *warnings)
{
    CLEANUP(error_done) Error err = {0};
    if (!clone->made)
        return;
    if (clone->admin && pg_session_is_lost(clone->admin)) {
        pg_session_close(clone->admin);
        clone->admin = NULL;
    }
    bool good = (clone->admin || open_admin(clone, &clone->admin, &err)) &&
                drop_database(clone->admin, clone->name, &err);
    if (!good)
        text_addf(warnings,
                  "the copy '%s' could not be dropped (%s): the next rehearsal on this database "
                  "drops it, or: DROP DATABASE \"%s\"\n",
                  clone->name, err.message, clone->name);
    clone->made = !good;
}

void site_clone_keep(SiteClone *clone, Text *warnings)
{
    CLEANUP(error_done) Error err = {0};
    if (clone->made && !comment_on(clone, "(kept)", &err))
        text_addf(warnings,
                  "the copy '%s' is kept, but could not be marked so (%s): the next rehearsal on "
                  "this database drops it\n",
                  clone->name, err.message);
}

static bool has_name(const SiteNameArray *names, const char *wanted)
{
    array_each (char *, name, names) {
        if (strcmp(*name, wanted) == 0)
            return true;
    }
    return false;
}

void site_clone_look_outside(SiteClone *clone, Text *warnings)
{
    CLEANUP(site_names_done) SiteNameArray now = {0};
    CLEANUP(error_done) Error err = {0};
    if (!clone->made || pg_session_is_lost(clone->admin) ||
        !read_names(clone->admin, SQL_clone_cluster_objects, PG_NO_VALUES, &now, &err))
        return;
    array_each (char *, name, &now) {
        if (!has_name(&clone->cluster, *name))
            text_addf(warnings,
                      "%s has come to the server during the rehearsal: if a step made it, it "
                      "belongs to the whole server and stays\n",
                      *name);
    }
    array_each (char *, name, &clone->cluster) {
        if (!has_name(&now, *name))
            text_addf(warnings,
                      "%s has gone from the server during the rehearsal: if a step dropped it, it "
                      "is gone for the real database too\n",
                      *name);
    }
}

bool site_clone_is_same(PgSession *source, PgSession *copy, bool *ret_same, Error *err)
{
    char sql[96];
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_advisory_lock_shared(%" PRId64 ")",
             SAME_LOCK_KEY);
    if (!pg_script(source, sql, err) ||
        !pg_query(copy, SQL_clone_sees_lock, PG_VALUES(pg_int(SAME_LOCK_KEY)), PG_ONE_ROW, &row,
                  err))
        return error_wrap(err, "comparing the copy with the source");
    *ret_same = pg_result_bool(row, 0, 0);
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_advisory_unlock_shared(%" PRId64 ")",
             SAME_LOCK_KEY);
    return pg_script(source, sql, err) || error_wrap(err, "comparing the copy with the source");
}
