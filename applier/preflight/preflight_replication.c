#include <inttypes.h>
#include <limits.h>
#include <strings.h>

#include "applier/preflight/preflight_checks.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"
#include "base/quantity.h"

#define LAG_NOTICED_BYTES ((int64_t)64 << 20)
#define LAG_NOTICED_S     60
#define BLANKS            " \t\r\n\f\v"

bool preflight_check_slots(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    Findings *findings = preflight->findings;
    if (!pg_query(preflight->session, SQL_preflight_slots, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        CLEANUP(text_done) Text kept = {0};
        const char *name = pg_result_text(rows, i, 0), *state = pg_result_text(rows, i, 3);
        quantity_bytes(pg_result_int(rows, i, 4), &kept);
        if (strcmp(state, "lost") == 0) {
            findings_add(findings, LEVEL_WARNS, name,
                         "this replication slot is lost: whoever used it must begin anew");
        } else if (!pg_result_bool(rows, i, 2)) {
            findings_add(findings, LEVEL_WARNS, name,
                         "nobody reads from this %s replication slot: the server keeps %s of log "
                         "for it, and all that the run writes",
                         pg_result_text(rows, i, 1), text_string(&kept));
        } else {
            continue;
        }
        findings_advise(findings, "bring its reader back, or drop it where there is none any more");
        findings_sql(findings, "SELECT pg_drop_replication_slot(%s);", name);
    }
    return true;
}

/* --- standbys -------------------------------------------------------------------------------- */

static void add_lag(Preflight *preflight, const PGresult *rows, int i)
{
    CLEANUP(text_done) Text behind = {0};
    int64_t bytes = pg_result_int(rows, i, 1), seconds = pg_result_int(rows, i, 2);
    if (bytes < LAG_NOTICED_BYTES && seconds < LAG_NOTICED_S)
        return;
    quantity_bytes(bytes, &behind);
    text_add(&behind, ", ");
    quantity_duration(seconds * 1000, &behind);
    findings_add(preflight->findings, LEVEL_WARNS, pg_result_text(rows, i, 0),
                 "this standby is %s behind: the run's rewrites and index builds come on top",
                 text_string(&behind));
    findings_advise(preflight->findings, "let it catch up first");
}

int64_t preflight_synchronous_count(const char *names)
{
    uint64_t count = 0;
    const char *at = names + strspn(names, BLANKS);
    if (strncasecmp(at, "any", 3) == 0 && strchr(BLANKS, at[3]))
        at += 3;
    else if (strncasecmp(at, "first", 5) == 0 && strchr(BLANKS, at[5]))
        at += 5;
    at += strspn(at, BLANKS);
    if (!*at)
        return 0;
    size_t digits = strspn(at, "0123456789");
    const char *list = at + digits + strspn(at + digits, BLANKS);
    return *list == '(' && text_parse_uint(at, digits, INT_MAX, &count) ? (int64_t)count : 1;
}

/* -1: the role does not see which they are. */
static int64_t count_synchronous(const PGresult *standbys)
{
    int64_t count = 0;
    for (int i = 0; i < PQntuples(standbys); i++) {
        const char *state = pg_result_text(standbys, i, 3);
        if (!*state)
            return -1;
        count += strcmp(state, "sync") == 0 || strcmp(state, "quorum") == 0;
    }
    return count;
}

/* The last COMMIT of a run is made as the site's setting says. */
static bool nobody_waits(const char *synchronous_commit)
{
    return strcmp(synchronous_commit, "local") == 0 || strcmp(synchronous_commit, "off") == 0;
}

/* A standby that commits wait for, and that is not there, would make that COMMIT hang. */
static bool check_synchronous(Preflight *preflight, const PGresult *standbys, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_synchronous, PG_NO_VALUES, PG_ONE_ROW, &row,
                  err))
        return false;
    const char *names = pg_result_text(row, 0, 0);
    int64_t wanted = preflight_synchronous_count(names), there = count_synchronous(standbys);
    if (there < 0 || there >= wanted || nobody_waits(pg_result_text(row, 0, 1)))
        return true;
    findings_add(preflight->findings, LEVEL_BLOCKS, NULL,
                 "commits wait for %" PRId64 " synchronous standby%s (synchronous_standby_names is "
                 "'%s'), and %" PRId64 " %s connected: the end of the run would hang",
                 wanted, text_plural(wanted), names, there, there == 1 ? "is" : "are");
    findings_advise(preflight->findings,
                    "bring the standby back, or take it out of the setting and reload");
    findings_sql(preflight->findings, "ALTER SYSTEM SET synchronous_standby_names = '';");
    findings_sql(preflight->findings, "SELECT pg_reload_conf();");
    return true;
}

bool preflight_check_standbys(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (preflight->session->facts.in_recovery)
        return true;
    if (!pg_query(preflight->session, SQL_preflight_standbys, PG_NO_VALUES, PG_ROWS, &rows, err))
        return false;
    for (int i = 0; i < PQntuples(rows); i++)
        add_lag(preflight, rows, i);
    return check_synchronous(preflight, rows, err);
}

/* --- logical replication, archive ------------------------------------------------------------ */

static void add_publications(Preflight *preflight, const PGresult *rows)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        findings_add(preflight->findings, LEVEL_WARNS, pg_result_text(rows, i, 0),
                     "this publication has %s, which the run touches: subscribers do not get "
                     "changes of the schema",
                     pg_result_text(rows, i, 1));
        findings_advise(preflight->findings, "upgrade the subscribers' tables first where columns "
                                             "are added, last where they are dropped");
    }
}

static void add_subscriptions(Preflight *preflight, const PGresult *rows)
{
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *name = pg_result_text(rows, i, 0);
        findings_add(preflight->findings, LEVEL_WARNS, name,
                     "this subscription writes to %s, which the run touches: it stops where a "
                     "column that it gets is gone",
                     pg_result_text(rows, i, 1));
        findings_advise(preflight->findings, "disable it for the window, and enable it afterwards");
        findings_sql(preflight->findings, "ALTER SUBSCRIPTION %s DISABLE;", name);
    }
}

bool preflight_check_publications(Preflight *preflight, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    preflight_relation_names(preflight, &names);
    if (!pg_query(preflight->session, SQL_preflight_publications,
                  PG_VALUES(pg_text(text_string(&names))), PG_ROWS, &rows, err))
        return false;
    add_publications(preflight, rows);
    return true;
}

bool preflight_check_subscriptions(Preflight *preflight, Error *err)
{
    CLEANUP(text_done) Text names = {0};
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    preflight_relation_names(preflight, &names);
    if (!pg_query(preflight->session, SQL_preflight_subscriptions,
                  PG_VALUES(pg_text(text_string(&names))), PG_ROWS, &rows, err))
        return false;
    add_subscriptions(preflight, rows);
    return true;
}

bool preflight_check_archiver(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_archiver, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return false;
    if (strcmp(pg_result_text(row, 0, 0), "off") == 0 || !pg_result_bool(row, 0, 1))
        return true;
    findings_add(preflight->findings, LEVEL_WARNS, NULL,
                 "the log is not archived any more (last failure at %s): it piles up, and a "
                 "restore to a time within the run is not possible",
                 pg_result_text(row, 0, 2));
    findings_advise(preflight->findings, "the server's own log says why archive_command fails");
    return true;
}
