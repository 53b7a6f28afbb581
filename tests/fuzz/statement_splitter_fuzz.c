/* libFuzzer target for the splitter. The first two bytes of the input say how its rest is cut into
 * pieces. Checked: any cutting reports the same; what is reported lies in the text, in order; SQL
 * pieces, backslash commands and COPY data with its terminators make up the text.
 *
 *     make fuzz && build/fuzz/fuzz/statement_splitter_fuzz -max_len=4096 tests/vectors */
#include "base/memory.h"
#include "base/text.h"
#include "migrations/statement_splitter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct Run {
    const char *text;
    int64_t size;
    int64_t at;   /* nothing before this may be reported again */
    int64_t told; /* bytes of the text accounted for by SQL, commands and data */
    bool data_open;
    Text record; /* what was reported, without where pieces were cut */
} Run;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_range(Run *run, int64_t offset, int64_t length)
{
    check(offset >= run->at && length >= 0 && offset + length <= run->size);
    run->at = offset + length;
}

static bool on_statement(void *context, const SplitStatement *statement, Error *err UNUSED)
{
    Run *run = context;
    check_range(run, statement->offset, statement->length);
    check(statement->length > 0 && statement->end_offset >= run->at);
    check(statement->word_count > 0 && statement->word_count <= SPLITTER_WORDS_MAX);
    check(!statement->words_cut || statement->word_count == SPLITTER_WORDS_MAX);
    text_addf(&run->record, "s%lld+%lld:%lld/%d;%u,%zu\n", (long long)statement->offset,
              (long long)statement->length, (long long)statement->line, (int)statement->copy,
              statement->seen, statement->word_count);
    for (size_t i = 0; i < statement->word_count; i++)
        text_addf(&run->record, "%d%s ", (int)statement->words[i].kind, statement->words[i].text);
    return true;
}

static bool on_backslash(void *context, const char *text, size_t length, int64_t offset,
                         int64_t line, bool in_statement, Error *err UNUSED)
{
    Run *run = context;
    check(offset == run->told && memcmp(text, run->text + offset, length) == 0);
    run->told += (int64_t)length;
    if (!in_statement)
        check_range(run, offset, (int64_t)length);
    text_addf(&run->record, "b%lld+%zu:%lld/%d\n", (long long)offset, length, (long long)line,
              in_statement);
    return true;
}

static bool on_comment(void *context, const char *text, size_t length, int64_t line,
                       Error *err UNUSED)
{
    Run *run = context;
    check(length >= 2 && length <= SPLITTER_LINE_SIZE_MAX && memcmp(text, "--", 2) == 0);
    text_addf(&run->record, "c%zu:%lld\n", length, (long long)line);
    return true;
}

static bool on_sql(void *context, const void *bytes, size_t size, int64_t offset, Error *err UNUSED)
{
    Run *run = context;
    check(offset == run->told && size && memcmp(bytes, run->text + offset, size) == 0);
    run->told += (int64_t)size;
    return true;
}

static bool on_copy_data(void *context, const void *bytes, size_t size, int64_t offset,
                         Error *err UNUSED)
{
    Run *run = context;
    check(offset >= run->told && offset + (int64_t)size <= run->size);
    check(size == 0 || memcmp(bytes, run->text + offset, size) == 0);
    check(offset - run->told == 0 || (size == 0 && run->text[run->told] == '\\'));
    run->told = offset + (int64_t)size;
    if (!run->data_open)
        text_addf(&run->record, "d%lld", (long long)offset);
    run->data_open = size > 0;
    if (size == 0)
        text_addf(&run->record, "-%lld\n", (long long)offset);
    return true;
}

static char *run_cut(const char *text, size_t size, size_t first, size_t piece)
{
    Run run = {.text = text, .size = (int64_t)size};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = on_statement,
                                                 .backslash = on_backslash,
                                                 .comment = on_comment,
                                                 .sql = on_sql,
                                                 .copy_data = on_copy_data,
                                                 .context = &run});
    bool good = true;
    size_t next = first;
    for (size_t at = 0; good && at < size; at += next, next = piece) {
        if (next > size - at)
            next = size - at;
        good = statement_splitter_feed(splitter, text + at, next, &error);
    }
    good = good && statement_splitter_end(splitter, &error);
    check(!good || run.told == run.size);
    if (!good)
        text_addf(&run.record, "!%s", error.message);
    return text_take(&run.record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const char *text = (const char *)bytes + 2;
    size -= 2;
    CLEANUP(memory_freep) char *whole = run_cut(text, size, SIZE_MAX, SIZE_MAX);
    CLEANUP(memory_freep)
    char *cut = run_cut(text, size, (size_t)bytes[0] + 1, (size_t)bytes[1] + 1);
    CLEANUP(memory_freep) char *bytewise = run_cut(text, size, 1, 1);
    check(strcmp(whole, cut) == 0 && strcmp(whole, bytewise) == 0);
    return 0;
}
