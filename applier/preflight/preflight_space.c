#include <sys/statvfs.h>

#include "applier/preflight/cost_words.h"
#include "applier/preflight/preflight_checks.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"
#include "base/memory.h"
#include "base/quantity.h"

/* Over a socket of this very host the server's folders are ours to look at; over the network they
 * are not, and no function of the server says how full its disks are. */
static bool is_local(const PgSession *session)
{
    const char *host = PQhost(session->connection);
    return host && *host == '/';
}

static int64_t free_bytes(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize : -1;
}

static const char *folder_of(const PGresult *folders, const char *tablespace)
{
    for (int i = 0; i < PQntuples(folders); i++)
        if (strcmp(pg_result_text(folders, i, 0), tablespace) == 0)
            return pg_result_text(folders, i, 1);
    return NULL;
}

FindingLevel preflight_space_level(int64_t room, int64_t wanted, int64_t at_most)
{
    if (room < 0 || room / 2 >= wanted)
        return LEVEL_INFORMS;
    return room < wanted - at_most ? LEVEL_BLOCKS : LEVEL_WARNS;
}

static void add_room(Preflight *preflight, const CostSpace *space, int64_t room)
{
    CLEANUP(text_done) Text wants = {0};
    CLEANUP(text_done) Text has = {0};
    quantity_bytes(space->bytes, &wants);
    if (room < 0) {
        findings_add(preflight->findings, LEVEL_INFORMS, space->tablespace,
                     "the run writes up to %s of new files in this tablespace, and as much log; "
                     "how much is free cannot be seen from here",
                     text_string(&wants));
        findings_advise(preflight->findings, "look at the server's disks: df -h");
        return;
    }
    quantity_bytes(room, &has);
    FindingLevel level = preflight_space_level(room, space->bytes, space->at_most_bytes);
    findings_add(preflight->findings, level, space->tablespace,
                 "the run writes up to %s of new files in this tablespace, and as much log; %s "
                 "are free there",
                 text_string(&wants), text_string(&has));
    if (level != LEVEL_INFORMS)
        findings_advise(preflight->findings, "make room first");
}

bool preflight_check_space(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *folders = NULL;
    CLEANUP(error_done) Error denied = {0};
    CostSpaces spaces = {0};
    bool good = true;
    cost_spaces(&preflight->report->estimate, &spaces);
    /* where the server's folder is only some may ask */
    if (spaces.count && is_local(preflight->session) &&
        !pg_query(preflight->session, SQL_preflight_folders, PG_NO_VALUES, PG_ROWS, &folders,
                  &denied) &&
        strcmp(denied.code, "42501") != 0)
        good = error_move(err, &denied);
    array_each (const CostSpace, space, &spaces) {
        const char *folder = folders ? folder_of(folders, space->tablespace) : NULL;
        if (good && space->bytes >= COST_NOTICED_BYTES)
            add_room(preflight, space, folder ? free_bytes(folder) : -1);
    }
    array_free(&spaces);
    return good;
}

bool preflight_check_time(Preflight *preflight, Error *err UNUSED)
{
    const RunEstimate *estimate = &preflight->report->estimate;
    CLEANUP(text_done) Text time = {0};
    CLEANUP(text_done) Text window = {0};
    cost_words_time(estimate, preflight->options->now, &time);
    cost_words_window(estimate, &window);
    findings_add(preflight->findings, LEVEL_INFORMS, NULL, "the run takes %s", text_string(&time));
    findings_advise(preflight->findings, "window: %s; 'applier plan BUNDLE' has it by statement",
                    text_string(&window));
    if (estimate->warnings.length)
        findings_add(preflight->findings, LEVEL_INFORMS, NULL, "%.*s",
                     (int)estimate->warnings.length - 1, text_string(&estimate->warnings));
    return true;
}
