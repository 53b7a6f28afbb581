/* A script as text, read, and what was shipped of it. Include behind cmocka's headers. */
#ifndef SEALIFT_TESTS_SCRIPT_CASES_H
#define SEALIFT_TESTS_SCRIPT_CASES_H

#include "base/text.h"
#include "migrations/script.h"
#include "tests/unit/migrations/project_folder.h"

/* What the sink got: the shipped text, and each data file behind a mark. */
typedef struct Shipped {
    Text sql;
    Text data;
    int64_t data_size;
} Shipped;

static UNUSED bool on_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(&((Shipped *)context)->sql, bytes, size);
    return true;
}

static UNUSED bool on_data_begin(void *context, Error *err UNUSED)
{
    text_add(&((Shipped *)context)->data, "[");
    return true;
}

static UNUSED bool on_data(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    Shipped *shipped = context;
    shipped->data_size += (int64_t)size;
    if (shipped->data_size < 4096)
        text_add_n(&shipped->data, bytes, size);
    return true;
}

static UNUSED bool on_data_end(void *context, Error *err UNUSED)
{
    text_add(&((Shipped *)context)->data, "]");
    return true;
}

typedef struct Case {
    ProjectFolder folder;
    Script script;
    Shipped shipped;
    Error error;
} Case;

static UNUSED Case case_new(void)
{
    Case test = {.folder = {"/tmp/sealift-script-XXXXXX"}};
    assert_non_null(mkdtemp(test.folder.path));
    return test;
}

static UNUSED void case_done(Case *test)
{
    folder_done(&test->folder);
    script_done(&test->script);
    text_done(&test->shipped.sql);
    text_done(&test->shipped.data);
    error_done(&test->error);
}

static UNUSED bool case_read_file(Case *test)
{
    ScriptSink sink = {.sql = on_sql,
                       .data_begin = on_data_begin,
                       .data = on_data,
                       .data_end = on_data_end,
                       .context = &test->shipped};
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    return script_read(&(ScriptFile){.path = path, .name = "v1/s.sql"}, &sink, &test->script,
                       &test->error);
}

static UNUSED bool case_read_bytes(Case *test, const char *bytes, size_t size)
{
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    assert_true(file_write_atomic(path, 0644, bytes, size, &test->error));
    return case_read_file(test);
}

static UNUSED bool case_read(Case *test, const char *sql)
{
    return case_read_bytes(test, sql, strlen(sql));
}

/* The statement's text within what was shipped. */
static UNUSED char *statement_text(const Case *test, size_t i)
{
    assert_true(i < test->script.statements.count);
    const ScriptStatement *statement = &test->script.statements.items[i];
    assert_true(statement->offset + statement->length <= (int64_t)test->shipped.sql.length);
    return memory_string_n(test->shipped.sql.bytes + statement->offset, (size_t)statement->length);
}

static UNUSED void assert_statement(const Case *test, size_t i, int64_t line, int64_t data,
                                    const char *text)
{
    CLEANUP(memory_freep) char *got = statement_text(test, i);
    assert_string_equal(got, text);
    assert_int_equal(test->script.statements.items[i].line, line);
    assert_int_equal(test->script.statements.items[i].data, data);
}

/* Reading `sql` fails with these words and, where given, this hint. */
static UNUSED void assert_refused(const char *sql, const char *words, const char *hint)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "data.csv", "1\n");
    assert_false(case_read(&test, sql));
    assert_string_equal(test.error.message, words);
    if (hint)
        assert_string_equal(test.error.hint, hint);
    assert_null(test.script.statements.items);
}

#endif
