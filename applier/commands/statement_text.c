#include "applier/commands/statement_text.h"

#include "base/memory.h"
#include "base/text.h"

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
