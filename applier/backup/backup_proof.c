#include "applier/backup/backup_proof.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "applier/server/pg_query.h"
#include "applier/sql/backup_queries.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define PIECE           (1 << 20)
#define CLOCKS_DIFFER_S 300 /* a file server's clock may go that far before ours */

char *backup_span_text(int64_t seconds)
{
    if (seconds < 120)
        return memory_format("%" PRId64 " s", seconds);
    if (seconds < 2 * 3600)
        return memory_format("%" PRId64 " min", seconds / 60);
    if (seconds < 2 * 86400)
        return memory_format("%" PRId64 " h", seconds / 3600);
    return memory_format("%" PRId64 " days", seconds / 86400);
}

bool backup_file_digest(const char *path, int64_t *ret_size, Digest *ret_digest, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *piece = memory_zeroed(1, PIECE);
    int64_t size = 0;
    size_t got = 0;
    DigestStream stream;
    if (!file_open_regular(path, &fd, &size, err))
        return false;
    digest_begin(&stream);
    size = 0;
    do {
        if (interrupt_count() > 0)
            return error_set(err, ERROR_INTERRUPTED, "interrupted while reading '%s'", path);
        if (!file_read_some(fd, path, piece, PIECE, &got, err))
            return false;
        digest_update(&stream, piece, got);
        size += (int64_t)got;
    } while (got);
    *ret_size = size;
    *ret_digest = digest_end(&stream);
    return true;
}

/* --- a file ---------------------------------------------------------------------------------- */

static bool not_good(const char *path, const char *why, Error *err)
{
    return error_set(err, ERROR_TARGET, "'%s' proves no backup: %s", path, why);
}

static bool check_age(const BackupRequest *request, int64_t made_at, Error *err)
{
    int64_t age = clock_now() - made_at;
    if (age < -CLOCKS_DIFFER_S)
        return not_good(request->what, "it was changed in the future: check the clocks", err);
    if (age <= request->within_s)
        return true;
    CLEANUP(memory_freep) char *old = backup_span_text(age);
    CLEANUP(memory_freep) char *most = backup_span_text(request->within_s);
    CLEANUP(memory_freep)
    char *why = memory_format("it is %s old, at most %s may it be", old, most);
    not_good(request->what, why, err);
    return error_hint(err, "make a new one, or say how old it may be: --backup-within 1d");
}

bool backup_proof_file(const BackupRequest *request, BackupRecord *record, Error *err)
{
    struct stat status;
    if (stat(request->what, &status) != 0) {
        CLEANUP(memory_freep) char *why = memory_format("%m");
        not_good(request->what, why, err);
        return error_hint(err, "what is no file is said by text:WORDS");
    }
    if (!S_ISREG(status.st_mode)) {
        not_good(request->what, "it is no regular file", err);
        return error_hint(err, "of a folder name the file that its backup writes last, such as "
                               "toc.dat or backup_manifest");
    }
    if (status.st_size == 0)
        return not_good(request->what, "it is empty", err);
    record->made_at = status.st_mtime;
    if (!check_age(request, status.st_mtime, err))
        return false;
    if (!backup_file_digest(request->what, &record->size, &record->digest, err)) {
        err->class = err->class == ERROR_INTERRUPTED ? err->class : ERROR_TARGET;
        return error_wrap(err, "the backup");
    }
    record->has_digest = true;
    char *path = realpath(request->what, NULL);
    if (path) { /* as it is found later, from any folder */
        free(record->what);
        record->what = path;
    }
    return true;
}

/* --- a position ------------------------------------------------------------------------------ */

/* What a look at the server says of a position. */
typedef struct Position {
    int64_t behind;            /* bytes behind the server's own */
    int64_t behind_checkpoint; /* bytes before the last checkpoint's beginning; negative: after */
    int64_t checkpoint_age_s;
} Position;

static bool judge_age(const BackupRequest *request, const Position *position, Text *warnings,
                      Error *err)
{
    CLEANUP(memory_freep) char *most = backup_span_text(request->within_s);
    CLEANUP(memory_freep) char *age = backup_span_text(position->checkpoint_age_s);
    bool after = position->behind_checkpoint <= 0;
    bool recent = position->checkpoint_age_s <= request->within_s;
    if (after && recent)
        return true;
    if (!after && !recent) {
        error_set(err, ERROR_TARGET,
                  "position %s is too old: the server's last checkpoint began behind it, %s ago, "
                  "and at most %s may it be",
                  request->what, age, most);
        return error_hint(err, "make a new backup, or say how old it may be: --backup-within 1d");
    }
    text_addf(warnings,
              "how old position %s is cannot be told: a position has no time, and the last "
              "checkpoint, %s ago, began %s it\n",
              request->what, age, after ? "before" : "behind");
    return true;
}

bool backup_proof_position(const BackupRequest *request, PgSession *session, BackupRecord *record,
                           Text *warnings, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_backup_position, PG_VALUES(pg_text(request->what)), PG_ONE_ROW, &row,
                  err))
        return error_wrap(err, "comparing position %s with the server's", request->what);
    const Position position = {pg_result_int(row, 0, 0), pg_result_int(row, 0, 1),
                               pg_result_int(row, 0, 2)};
    if (position.behind < 0) {
        error_set(err, ERROR_TARGET, "position %s lies ahead of this server, which is at %s",
                  request->what, pg_result_text(row, 0, 3));
        return error_hint(err, "it is another server's, or of another timeline");
    }
    record->words = memory_format("%" PRId64 " bytes of log behind the server's position %s",
                                  position.behind, pg_result_text(row, 0, 3));
    return judge_age(request, &position, warnings, err);
}
