#include "applier/commands/statement_text.h"

#include "base/memory.h"
#include "base/text.h"
#include "bundles/parameter_value.h"

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

bool statement_text_read(ObjectStream *stream, const ManifestScript *script, size_t index,
                         const char *const *values, StatementForm form, char **ret_text, Error *err)
{
    const ManifestStep *step = &script->steps.items[index];
    size_t count = 0;
    (void)parameter_references(script, index, &count);
    bool all = form == STATEMENT_WHOLE || count;
    size_t length = (size_t)(all || step->length < SHOWN_MOST ? step->length : SHOWN_MOST);
    CLEANUP(memory_freep) char *text = memory_zeroed(1, length + 1);
    CLEANUP(text_done) Text sent = {0};
    if (!object_stream_read_range(stream, step->offset, text, length, err) ||
        (count && !parameter_substitute(script, index, text, length, values, PARAMETER_ALL_PLACES,
                                        &sent, err)))
        return false;
    if (count) {
        free(text);
        length = sent.length;
        text = text_take(&sent);
    }
    if (form == STATEMENT_WHOLE) {
        *ret_text = TAKE_PTR(text);
        return true;
    }
    bool cut = step->length > SHOWN_MOST || length > SHOWN_MOST;
    if (length > SHOWN_MOST)
        text[SHOWN_MOST] = '\0';
    *ret_text = in_line(text, cut);
    return true;
}
