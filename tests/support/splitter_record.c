#include "tests/support/splitter_record.h"

#include "base/memory.h"

typedef struct Record {
    const char *text;
    Text lines;
    Text data;
} Record;

static void add_lines(Text *to, const char *mark, const char *next_mark, const char *bytes,
                      size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = newline ? newline : end;
        text_add(to, mark);
        text_add_n(to, bytes, (size_t)(stop - bytes));
        text_add_char(to, '\n');
        mark = next_mark;
        bytes = stop + 1;
    }
}

static bool on_statement(void *context, const SplitStatement *statement, Error *err UNUSED)
{
    Record *record = context;
    add_lines(&record->lines, "=> ", ".. ", record->text + statement->offset,
              (size_t)statement->length);
    return true;
}

static bool on_backslash(void *context, const char *text, size_t length, int64_t offset UNUSED,
                         int64_t line UNUSED, bool in_statement UNUSED, Error *err UNUSED)
{
    Record *record = context;
    add_lines(&record->lines, "=\\ ", "", text, length);
    return true;
}

static bool on_copy_data(void *context, const void *bytes, size_t size, int64_t offset UNUSED,
                         Error *err UNUSED)
{
    Record *record = context;
    if (size) {
        text_add_n(&record->data, bytes, size);
        return true;
    }
    add_lines(&record->lines, "=: ", "=: ", text_string(&record->data), record->data.length);
    text_add(&record->lines, "=;\n");
    text_clear(&record->data);
    return true;
}

char *splitter_record(const char *text, size_t size, size_t piece)
{
    Record record = {.text = text};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = on_statement,
                                                 .backslash = on_backslash,
                                                 .copy_data = on_copy_data,
                                                 .context = &record});
    bool good = true;
    for (size_t at = 0; good && at < size; at += piece)
        good = statement_splitter_feed(splitter, text + at, size - at < piece ? size - at : piece,
                                       &error);
    if (!good || !statement_splitter_end(splitter, &error))
        text_addf(&record.lines, "=! %s\n", error.message + strlen("line "));
    text_done(&record.data);
    return text_take(&record.lines);
}
