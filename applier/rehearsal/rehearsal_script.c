#include "applier/rehearsal/rehearsal_script.h"

#include <inttypes.h>

#include "applier/server/pg_query.h"
#include "applier/steps/scripts_path.h"
#include "applier/steps/step_queue.h"
#include "base/file.h"
#include "base/memory.h"

void rehearsal_script_done(RehearsalScript *script)
{
    free(script->path);
    free(script->sql);
    *script = (RehearsalScript){0};
}

bool rehearsal_script_read(const char *kind, const char *path, RehearsalScript *ret_script,
                           Error *err)
{
    CLEANUP(memory_freep) char *sql = NULL;
    size_t size = 0;
    if (!file_read_all(path, REHEARSAL_SCRIPT_SIZE_MAX, &sql, &size, err))
        return error_wrap(err, "reading a %s", kind);
    if (strlen(sql) != size)
        return error_set(err, ERROR_INPUT, "%s '%s' holds a NUL byte", kind, path);
    *ret_script =
        (RehearsalScript){.kind = kind, .path = memory_string(path), .sql = TAKE_PTR(sql)};
    return true;
}

/* The line of a place that the server counts in characters, from 1. */
static int64_t line_at(const char *sql, int64_t position)
{
    int64_t line = 1, character = 1;
    for (const char *at = sql; *at && character < position; at++) {
        line += *at == '\n';
        character += (at[1] & 0xC0) != 0x80; /* the next byte begins a character (UTF-8) */
    }
    return line;
}

static bool failed(const RehearsalScript *script, int64_t position, Error *err)
{
    if (err->class != ERROR_CONNECTION && err->class != ERROR_INTERRUPTED)
        err->class = ERROR_INPUT;
    if (position > 0)
        return error_wrap(err, "%s '%s', line %" PRId64, script->kind, script->path,
                          line_at(script->sql, position));
    return error_wrap(err, "%s '%s'", script->kind, script->path);
}

bool rehearsal_script_run(const RehearsalScript *script, PgSession *session, Error *err)
{
    int64_t position = 0;
    if (!scripts_path_begin(session, session->scripts_path, err))
        return false;
    if (!pg_script_at(session, script->sql, &position, err))
        return failed(script, position, err);
    if (PQtransactionStatus(session->connection) != PQTRANS_IDLE)
        return error_set(err, ERROR_INPUT, "%s '%s' leaves a transaction open", script->kind,
                         script->path);
    for (size_t i = 0; i < step_queue_reset_count; i++)
        if (!pg_script(session, step_queue_resets[i], err))
            return false;
    return pg_session_pin_again(session, err);
}
