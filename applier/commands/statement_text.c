#include "applier/commands/statement_text.h"

#include <inttypes.h>

#include "base/memory.h"

#define SHOWN_MOST 96 /* bytes of a statement shown in one line */

/* White space of any length is one blank; a character that was cut goes. */
static char *in_line(const char *text, bool cut)
{
    CLEANUP(text_done) Text line = {0};
    for (const char *at = text; *at; at++) {
        bool blank = strchr(" \t\n\r", *at) != NULL;
        if (!blank)
            text_add_char(&line, *at);
        else if (line.length && line.bytes[line.length - 1] != ' ')
            text_add_char(&line, ' ');
    }
    while (line.length && !text_is_utf8(line.bytes, line.length))
        line.bytes[--line.length] = '\0';
    if (cut)
        text_add(&line, "…");
    return text_printable(text_string(&line), line.length, SIZE_MAX);
}

bool statement_text_read(ObjectStream *stream, const ManifestStep *step, StatementForm form,
                         char **ret_text, Error *err)
{
    int64_t most = form == STATEMENT_WHOLE ? STATEMENT_SIZE_MAX : SHOWN_MOST;
    size_t length = (size_t)(step->length < most ? step->length : most);
    CLEANUP(memory_freep) char *text = memory_zeroed(1, length + 1);
    if (!object_stream_read_range(stream, step->offset, text, length, err))
        return false;
    *ret_text = form == STATEMENT_WHOLE ? TAKE_PTR(text) : in_line(text, step->length > most);
    return true;
}

void group_text(const ManifestScript *script, size_t group, bool done, int64_t batches_done,
                Text *out)
{
    GroupKind kind = script->groups.items[group].kind;
    if (kind == GROUP_BATCH) {
        text_addf(out,
                  "    in batches of %" PRId64 " rows by %s.%s, each a transaction, with pauses of "
                  "%" PRId64 " ms",
                  script->batch.size, script->batch.table, script->batch.key,
                  script->batch.pause_ms);
        if (done)
            text_add(out, ": done already\n");
        else
            text_addf(out, "; %" PRId64 " done already\n", batches_done);
        return;
    }
    text_addf(out, "    group %zu of %zu, %s%s\n", group + 1, script->groups.count,
              kind == GROUP_AUTOCOMMIT ? "outside transactions" : "one transaction",
              done ? ": done already" : "");
}
