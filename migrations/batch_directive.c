#include "migrations/batch_directive.h"

#include "base/text.h"
#include "migrations/script_directives.h"

void batch_directive_done(ScriptBatch *batch)
{
    free(batch->key);
    free(batch->table);
    free(batch->table_schema);
    *batch = (ScriptBatch){0};
}

static bool refuse(const char *what, const char *word, Error *err)
{
    error_set(err, ERROR_INPUT, "directive 'batch': %s: '%s'", what, word);
    return error_hint(err, "write it as: -- sealift: batch key=COLUMN size=ROWS table=NAME "
                           "pause=TIME; all but key may be left out");
}

static bool read_quoted(const char **at, Text *name)
{
    const char *from = *at + 1;
    for (; *from && (*from != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        text_add_char(name, *from);
    }
    bool closed = *from == '"';
    *at = from + closed;
    return closed;
}

static void read_plain(const char **at, Text *name)
{
    for (; **at && !strchr(" \t.\"", **at); (*at)++)
        text_add_char(name, **at >= 'A' && **at <= 'Z' ? (char)(**at - 'A' + 'a') : **at);
}

/* One name, quoted or not, at *at, which moves behind it; NULL where there is none. The caller
 * frees. */
static char *read_name(const char **at)
{
    CLEANUP(text_done) Text name = {0};
    bool good = true;
    if (**at == '"')
        good = read_quoted(at, &name);
    else
        read_plain(at, &name);
    return good && name.length ? text_take(&name) : NULL;
}

static bool at_end(const char *at)
{
    return strchr(" \t", *at) != NULL; /* the NUL, too */
}

static bool set_key(const char **at, ScriptBatch *batch, Error *err)
{
    const char *word = *at;
    if (batch->key)
        return refuse("the key is given twice", word, err);
    batch->key = read_name(at);
    return (batch->key && at_end(*at)) || refuse("the key is no name of a column", word, err);
}

static bool set_table(const char **at, ScriptBatch *batch, Error *err)
{
    const char *word = *at;
    if (batch->table)
        return refuse("the table is given twice", word, err);
    batch->table = read_name(at);
    if (batch->table && **at == '.') {
        (*at)++;
        batch->table_schema = TAKE_PTR(batch->table);
        batch->table = read_name(at);
    }
    return (batch->table && at_end(*at)) || refuse("the table is no name of one", word, err);
}

static bool set_size(const char **at, ScriptBatch *batch, Error *err)
{
    uint64_t size = 0;
    const char *word = *at;
    size_t length = strcspn(word, " \t");
    *at += length;
    if (batch->size)
        return refuse("the size is given twice", word, err);
    if (!text_parse_uint(word, length, SCRIPT_BATCH_SIZE_MAX, &size) || !size)
        return refuse("the size is no number of rows from 1 to 10000000", word, err);
    batch->size = (int64_t)size;
    return true;
}

static bool set_pause(const char **at, ScriptBatch *batch, Error *err)
{
    const char *word = *at;
    size_t length = strcspn(word, " \t");
    CLEANUP(memory_freep) char *time = memory_string_n(word, length);
    *at += length;
    if (batch->pause_ms >= 0)
        return refuse("the pause is given twice", word, err);
    return script_directives_time(time, &batch->pause_ms) ||
           refuse("the pause is no time (100ms, 2s)", word, err);
}

static bool read_words(const char *words, ScriptBatch *batch, Error *err)
{
    static const struct {
        const char *name;
        bool (*set)(const char **at, ScriptBatch *batch, Error *err);
    } known[] = {
        {"key=", set_key}, {"size=", set_size}, {"table=", set_table}, {"pause=", set_pause}};
    for (const char *at = words + strspn(words, " \t"); *at; at += strspn(at, " \t")) {
        size_t i = 0;
        while (i < ARRAY_LEN(known) && !text_has_prefix(at, known[i].name))
            i++;
        if (i == ARRAY_LEN(known))
            return refuse("unknown word", at, err);
        at += strlen(known[i].name);
        if (!known[i].set(&at, batch, err))
            return false;
    }
    return batch->key || refuse("it names no key", words, err);
}

bool batch_directive_read(const char *words, int64_t line, ScriptBatch *ret_batch, Error *err)
{
    CLEANUP(batch_directive_done) ScriptBatch batch = {.pause_ms = -1, .line = line};
    if (ret_batch->size)
        return error_set(err, ERROR_INPUT, "directive 'batch' is given twice");
    if (!read_words(words, &batch, err))
        return false;
    batch.size = batch.size ? batch.size : SCRIPT_BATCH_SIZE_DEFAULT;
    batch.pause_ms = batch.pause_ms < 0 ? 0 : batch.pause_ms;
    *ret_batch = batch;
    batch = (ScriptBatch){0};
    return true;
}
