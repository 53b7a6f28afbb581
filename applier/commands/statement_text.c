#include "applier/commands/statement_text.h"

#include <inttypes.h>

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

/* The first of many stands for them. */
static char *shown(const ManifestStep *step, char *text, size_t length)
{
    char *newline = step->kind == STEP_LINES ? memchr(text, '\n', length) : NULL;
    bool cut = !newline && (step->length > SHOWN_MOST || length > SHOWN_MOST);
    if (newline)
        *(newline > text && newline[-1] == ';' ? newline - 1 : newline) = '\0';
    else if (length > SHOWN_MOST)
        text[SHOWN_MOST] = '\0';
    char *line = in_line(text, cut);
    if (step->kind != STEP_LINES)
        return line;
    char *all = memory_format("%s  and %" PRId64 " more statement%s, a line each", line,
                              step->statements - 1, text_plural(step->statements - 1));
    free(line);
    return all;
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
    *ret_text = shown(step, text, length);
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
