#include <fcntl.h>

#include "base/text.h"
#include "migrations/script_directives.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

/* What the sink got: the shipped text, and each data file behind a mark. */
typedef struct Shipped {
    Text sql;
    Text data;
    int64_t data_size;
} Shipped;

static bool on_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(&((Shipped *)context)->sql, bytes, size);
    return true;
}

static bool on_data_begin(void *context, Error *err UNUSED)
{
    text_add(&((Shipped *)context)->data, "[");
    return true;
}

static bool on_data(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    Shipped *shipped = context;
    shipped->data_size += (int64_t)size;
    if (shipped->data_size < 4096)
        text_add_n(&shipped->data, bytes, size);
    return true;
}

static bool on_data_end(void *context, Error *err UNUSED)
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

static Case case_new(void)
{
    Case test = {.folder = {"/tmp/sealift-script-XXXXXX"}};
    assert_non_null(mkdtemp(test.folder.path));
    return test;
}

static void case_done(Case *test)
{
    folder_done(&test->folder);
    script_done(&test->script);
    text_done(&test->shipped.sql);
    text_done(&test->shipped.data);
    error_done(&test->error);
}

static bool case_read_file(Case *test)
{
    ScriptSink sink = {on_sql, on_data_begin, on_data, on_data_end, &test->shipped, false};
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    return script_read(&(ScriptFile){.path = path, .name = "v1/s.sql"}, &sink, &test->script,
                       &test->error);
}

static bool case_read_bytes(Case *test, const char *bytes, size_t size)
{
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    assert_true(file_write_atomic(path, 0644, bytes, size, &test->error));
    return case_read_file(test);
}

static bool case_read(Case *test, const char *sql)
{
    return case_read_bytes(test, sql, strlen(sql));
}

/* The statement's text within what was shipped. */
static char *statement_text(const Case *test, size_t i)
{
    assert_true(i < test->script.statements.count);
    const ScriptStatement *statement = &test->script.statements.items[i];
    assert_true(statement->offset + statement->length <= (int64_t)test->shipped.sql.length);
    return memory_string_n(test->shipped.sql.bytes + statement->offset, (size_t)statement->length);
}

static void assert_statement(const Case *test, size_t i, int64_t line, int64_t data,
                             const char *text)
{
    CLEANUP(memory_freep) char *got = statement_text(test, i);
    assert_string_equal(got, text);
    assert_int_equal(test->script.statements.items[i].line, line);
    assert_int_equal(test->script.statements.items[i].data, data);
}

/* Reading `sql` fails with these words and, where given, this hint. */
static void assert_refused(const char *sql, const char *words, const char *hint)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "data.csv", "1\n");
    assert_false(case_read(&test, sql));
    assert_string_equal(test.error.message, words);
    if (hint)
        assert_string_equal(test.error.hint, hint);
    assert_null(test.script.statements.items);
}

static void ships_the_text_as_it_is(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    static const char sql[] = "-- head\nselect 1;\n\n  select 'ß'; -- tail\n";
    assert_true(case_read(&test, sql));
    assert_string_equal(text_string(&test.shipped.sql), sql);
    assert_int_equal(test.script.shipped_size, strlen(sql));
    assert_int_equal(test.script.statements.count, 2);
    assert_statement(&test, 0, 2, -1, "select 1");
    assert_statement(&test, 1, 4, -1, "select 'ß'");
    assert_int_equal(test.script.data_count, 0);
}

static void reads_without_a_sink(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "copy t from stdin;\n1\n\\.\nselect 1;\n");
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_true(
        script_read(&(ScriptFile){.path = path, .name = "s.sql"}, NULL, &test.script, &test.error));
    assert_int_equal(test.script.statements.count, 2);
}

static void an_empty_script_has_no_statements(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, ""));
    assert_int_equal(test.script.statements.count, 0);
    assert_int_equal(test.script.shipped_size, 0);
    assert_int_equal(test.script.directives.lock_timeout_ms, -1);
}

static void makes_the_text_canonical(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test,
                          "\xef\xbb\xbfselect 1;\r\nselect '\r\r\n';\r\nselect '\xef\xbb\xbf'"
                          " \r;\r"));
    assert_string_equal(text_string(&test.shipped.sql),
                        "select 1;\nselect '\r\n';\nselect '\xef\xbb\xbf' \r;\r");
    assert_statement(&test, 1, 2, -1, "select '\r\n'");
    assert_int_equal(test.script.statements.items[2].line, 4);
}

/* A CR that ends one piece read and an LF that begins the next are still one line end. */
static void a_line_end_may_be_cut_by_the_reading(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "select '");
    while (sql.length < 65535)
        text_add_char(&sql, 'x');
    text_add(&sql, "\r\n\r';\r\n");
    assert_true(case_read_bytes(&test, sql.bytes, sql.length));
    assert_int_equal(test.script.shipped_size, sql.length - 2);
    assert_null(strstr(text_string(&test.shipped.sql), "\r\n"));
}

static void carves_copy_data_out(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "create table t (a int, b text);\r\n"
                                 "COPY t (a, b) FROM stdin;\r\n"
                                 "1\tone; two\r\n"
                                 "\\N\t'\r\n"
                                 "\\.\r\n"
                                 "\r\n"
                                 "copy u from stdin;\r\n"
                                 "\\.\r\n"
                                 "select 2;\r\n"));
    assert_string_equal(text_string(&test.shipped.sql), "create table t (a int, b text);\n"
                                                        "COPY t (a, b) FROM stdin;\n"
                                                        "\n"
                                                        "copy u from stdin;\n"
                                                        "select 2;\n");
    assert_string_equal(text_string(&test.shipped.data), "[1\tone; two\n\\N\t'\n][]");
    assert_int_equal(test.script.data_count, 2);
    assert_statement(&test, 1, 2, 0, "COPY t (a, b) FROM stdin");
    assert_statement(&test, 2, 7, 1, "copy u from stdin");
    assert_statement(&test, 3, 9, -1, "select 2");
    assert_true(test.script.statements.items[1].kind.copy_from_stdin);
}

static void turns_client_copies_into_copies_of_the_file(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "data.csv", "1,\xff\r\n\\.\n");
    folder_write(&test.folder, "sub/it's", "x");
    assert_true(case_read(&test, "select 1;\n"
                                 "\\copy shop.\"T from\" (a, b) from 'data.csv' with (format csv, "
                                 "encoding 'latin1') ; \n"
                                 "\\copy  t FROM 'sub/it''s'\n"
                                 "\\copy t from data.csv csv header\n"
                                 "select 2;\n"));
    assert_string_equal(
        text_string(&test.shipped.sql),
        "select 1;\n"
        "COPY shop.\"T from\" (a, b) FROM STDIN with (format csv, encoding 'latin1');\n"
        "COPY t FROM STDIN;\n"
        "COPY t FROM STDIN csv header;\n"
        "select 2;\n");
    assert_string_equal(text_string(&test.shipped.data), "[1,\xff\r\n\\.\n][x][1,\xff\r\n\\.\n]");
    assert_statement(&test, 1, 2, 0,
                     "COPY shop.\"T from\" (a, b) FROM STDIN with (format csv, encoding 'latin1')");
    assert_statement(&test, 2, 3, 1, "COPY t FROM STDIN");
    assert_statement(&test, 3, 4, 2, "COPY t FROM STDIN csv header");
    assert_statement(&test, 4, 5, -1, "select 2");
}

static void drops_the_guards_that_pg_dump_writes(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "\\restrict abc\n\nselect 1;\n\\unrestrict abc\nselect 2"));
    assert_string_equal(text_string(&test.shipped.sql), "\n\nselect 1;\n\nselect 2");
    assert_statement(&test, 0, 3, -1, "select 1");
    assert_statement(&test, 1, 5, -1, "select 2");
}

static void streams_data_of_any_size(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "copy t from stdin;\n");
    size_t head = sql.length;
    for (int i = 0; i < 20000; i++)
        text_addf(&sql, "%d\t\\N\n", i);
    size_t data = sql.length - head;
    text_add(&sql, "\\.\nselect 1");
    folder_write(&test.folder, "s.sql", text_string(&sql));
    assert_true(case_read_file(&test));
    assert_int_equal(test.shipped.data_size, data);
    assert_statement(&test, 1, 20003, -1, "select 1");
}

static void refuses_other_commands_of_psql_and_says_what_to_do(void **state UNUSED)
{
    static const struct {
        const char *sql, *words, *hint;
    } refused[] = {
        {"select 1;\n\\i other.sql\n", "v1/s.sql:2: \\i is a command of psql, not SQL",
         "put the SQL of that file here, or make it a migration"},
        {"\\set x `date`\n", "v1/s.sql:1: \\set is a command of psql, not SQL",
         "variables of psql are not known here: write their values"},
        {"\n\nselect 1 \\gexec\n", "v1/s.sql:3: \\gexec is a command of psql, not SQL",
         "end the statement with a semicolon"},
        {"\\!rm\n", "v1/s.sql:1: \\! is a command of psql, not SQL",
         "a migration starts no programs"},
        {"\\if true\n", "v1/s.sql:1: \\if is a command of psql, not SQL",
         "a migration has one way through: leave conditions to SQL (DO)"},
        {"\\connect other\n", "v1/s.sql:1: \\connect is a command of psql, not SQL",
         "a migration runs in one database, as one role: leave it out"},
        {"\\echo hi\n", "v1/s.sql:1: \\echo is a command of psql, not SQL",
         "it concerns only psql's terminal: leave it out"},
        {"\\dt\n", "v1/s.sql:1: \\dt is a command of psql, not SQL",
         "leave it out, or say it in SQL"},
        {"\\\n", "v1/s.sql:1: \\ is a command of psql, not SQL", NULL},
        {"select 1\\; select 2;\n", "v1/s.sql:1: \\; is a command of psql, not SQL",
         "end the statement with a plain semicolon: each runs as a message of its own"},
        {"select 1;\n\\.\n", "v1/s.sql:2: \\. is a command of psql, not SQL",
         "it ends the data of COPY … FROM STDIN, and there is none before it"},
        {"select 1\n\\restrict a\n;", "v1/s.sql:2: a command of psql in the middle of a statement",
         "end the statement before it with a semicolon"},
        {"select 1\n\\copy t from 'data.csv'\n;",
         "v1/s.sql:2: a command of psql in the middle of a statement", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, refused[i].hint);
}

static void refuses_client_copies_that_bring_no_file(void **state UNUSED)
{
    static const struct {
        const char *sql, *words;
    } refused[] = {
        {"\\copy t to 'x'", "v1/s.sql:1: \\copy to … writes a file"},
        {"\\copy (select 1) to 'x'", "v1/s.sql:1: \\copy to … writes a file"},
        {"\\copy t from stdin", "v1/s.sql:1: \\copy from stdin is not read"},
        {"\\copy t from pstdin", "v1/s.sql:1: \\copy from stdin is not read"},
        {"\\copy t from program 'cat x'", "v1/s.sql:1: \\copy would start a program"},
        {"\\copy t from", "v1/s.sql:1: \\copy names no file"},
        {"\\copy t from 'x", "v1/s.sql:1: \\copy has an open quote"},
        {"\\copy \"t from 'data.csv'", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy from 'data.csv'", "v1/s.sql:1: \\copy cannot be understood"},
        {"\\copy t from 'data.csv' csv; drop table t",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy t from 'data.csv' -- note", "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy t from 'data.csv' with (format csv",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
        {"\\copy (select 1) from 'data.csv' 'x",
         "v1/s.sql:1: \\copy holds more or less than one copy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, NULL);
}

static void refuses_data_files_that_are_not_beside_the_script(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "real/data", "1\n");
    CLEANUP(memory_freep) char *link = file_path(test.folder.path, "link");
    CLEANUP(memory_freep) char *folder = file_path(test.folder.path, "folder");
    assert_int_equal(symlink("real/data", link), 0);
    assert_int_equal(symlink("real", folder), 0);
    static const struct {
        const char *sql, *words;
        ErrorClass class;
    } refused[] = {
        {"\\copy t from '../x'", "v1/s.sql:1: '../x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from 'real/../x'", "v1/s.sql:1: 'real/../x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from '/etc/passwd'",
         "v1/s.sql:1: '/etc/passwd' may lead out of the script's folder", ERROR_INPUT},
        {"\\copy t from './x'", "v1/s.sql:1: './x' may lead out of the script's folder",
         ERROR_INPUT},
        {"\\copy t from ''", "v1/s.sql:1: '' may lead out of the script's folder", ERROR_INPUT},
        {"\\copy t from 'link'", "v1/s.sql:1: 'link' is a symbolic link or no folder", ERROR_INPUT},
        {"\\copy t from 'folder/data'", "v1/s.sql:1: 'folder' is a symbolic link or no folder",
         ERROR_INPUT},
        {"\\copy t from 'real'", "v1/s.sql:1: data file 'real' is not a regular file", ERROR_INPUT},
        {"\\copy t from 'gone'",
         "v1/s.sql:1: cannot open data file 'gone': No such file or directory", ERROR_IO},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_false(case_read(&test, refused[i].sql));
        assert_string_equal(test.error.message, refused[i].words);
        assert_int_equal(test.error.class, refused[i].class);
        error_done(&test.error);
    }
}

static void reads_directives(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- A comment.\n"
                                 "-- sealift: no-transaction\n"
                                 "--sealift: idempotent  \r\n"
                                 "/* another */\n"
                                 "--   sealift:  lock-timeout 5s\n"
                                 "-- sealift: statement-timeout 2min\n"
                                 "-- sealift: irreversible drops\ta column\n"
                                 "-- sealift: phase after\n"
                                 "-- sealift: verify in-transaction\n"
                                 "-- sealift is a product\n"
                                 "select 1; -- it's\n"));
    const ScriptDirectives *directives = &test.script.directives;
    assert_true(directives->no_transaction);
    assert_true(directives->idempotent);
    assert_true(directives->verify_in_transaction);
    assert_int_equal(directives->lock_timeout_ms, 5000);
    assert_int_equal(directives->statement_timeout_ms, 120000);
    assert_string_equal(directives->irreversible, "drops\ta column");
    assert_string_equal(directives->phase, "after");
}

static void reads_acknowledgements_in_order_with_line_and_reason(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- sealift: ack drop-column  the copy is two versions old\n"
                                 "-- a comment\n"
                                 "-- sealift: ack\trollback-lossy\tgoes with it\n"
                                 "drop table t;\n"));
    const ScriptAckArray *acks = &test.script.directives.acks;
    assert_int_equal(acks->count, 2);
    assert_string_equal(acks->items[0].rule, "drop-column");
    assert_string_equal(acks->items[0].reason, "the copy is two versions old");
    assert_int_equal(acks->items[0].line, 1);
    assert_string_equal(acks->items[1].rule, "rollback-lossy");
    assert_string_equal(acks->items[1].reason, "goes with it");
    assert_int_equal(acks->items[1].line, 3);
    const ScriptDirectives *directives = &test.script.directives;
    assert_ptr_equal(script_directives_ack(directives, "rollback-lossy"), &acks->items[1]);
    assert_null(script_directives_ack(directives, "drop"));
}

static void refuses_acknowledgements_without_rule_or_reason(void **state UNUSED)
{
    static const char hint[] = "write it as: -- sealift: ack RULE why this is meant";
    assert_refused("-- sealift: ack\n", "v1/s.sql:1: directive 'ack' names no rule: ''", hint);
    assert_refused("\n-- sealift: ack Drop! it\n",
                   "v1/s.sql:2: directive 'ack' names no rule: 'Drop!'", hint);
    assert_refused("-- sealift: ack drop-column\n",
                   "v1/s.sql:1: directive 'ack drop-column' needs a reason", hint);
    assert_refused("-- sealift: ack truncate a\n-- sealift: ack truncate b\n",
                   "v1/s.sql:2: directive 'ack truncate' is given twice", NULL);
}

static void reads_batches(void **state UNUSED)
{
    static const struct {
        const char *words;
        int64_t size;
        int64_t pause_ms;
        const char *key, *table, *schema;
    } cases[] = {
        {"key=id", 10000, 0, "id", "-", "-"},
        {"size=5  pause=2s\ttable=Public.Ships key=ID", 5, 2000, "id", "ships", "public"},
        {"table=\"My \"\"S\".\"T. t\" key=\"Id 1\" pause=0", 10000, 0, "Id 1", "T. t", "My \"S"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = case_new();
        char sql[120];
        (void)snprintf(sql, sizeof sql, "-- .\n-- sealift: batch %s\n", cases[i].words);
        assert_true(case_read(&test, sql));
        const ScriptBatch *batch = &test.script.directives.batch;
        assert_int_equal(batch->size, cases[i].size);
        assert_int_equal(batch->pause_ms, cases[i].pause_ms);
        assert_int_equal(batch->line, 2);
        assert_string_equal(batch->key, cases[i].key);
        assert_string_equal(batch->table ? batch->table : "-", cases[i].table);
        assert_string_equal(batch->table_schema ? batch->table_schema : "-", cases[i].schema);
    }
}

static void refuses_batches_that_say_too_little_or_too_much(void **state UNUSED)
{
    static const char hint[] = "write it as: -- sealift: batch key=COLUMN size=ROWS table=NAME "
                               "pause=TIME; all but key may be left out";
    static const struct {
        const char *words;
        const char *says;
    } bad[] = {
        {"", "it names no key: ''"},
        {"size=5", "it names no key: 'size=5'"},
        {"key=", "the key is no name of a column: ''"},
        {"key=a.b", "the key is no name of a column: 'a.b'"},
        {"key=\"a", "the key is no name of a column: '\"a'"},
        {"key=\"a\"\"", "the key is no name of a column: '\"a\"\"'"},
        {"key=a key=b", "the key is given twice: 'b'"},
        {"key=a table=s.", "the table is no name of one: 's.'"},
        {"key=a table=d.s.t", "the table is no name of one: 'd.s.t'"},
        {"key=a table=s table=t", "the table is given twice: 't'"},
        {"key=a size=0", "the size is no number of rows from 1 to 10000000: '0'"},
        {"key=a size=10000001", "the size is no number of rows from 1 to 10000000: '10000001'"},
        {"key=a size=5 size=6", "the size is given twice: '6'"},
        {"key=a pause=5", "the pause is no time (100ms, 2s): '5'"},
        {"key=a pause=1s pause=2s", "the pause is given twice: '2s'"},
        {"key=a colour=red", "unknown word: 'colour=red'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char sql[120], words[160];
        (void)snprintf(sql, sizeof sql, "-- sealift: batch %s\n", bad[i].words);
        (void)snprintf(words, sizeof words, "v1/s.sql:1: directive 'batch': %s", bad[i].says);
        assert_refused(sql, words, hint);
    }
    assert_refused("-- sealift: batch key=a\n-- sealift: batch key=b\n",
                   "v1/s.sql:2: directive 'batch' is given twice", NULL);
    assert_refused("-- sealift: gate 5\n", "v1/s.sql:1: directive 'gate' takes no value", NULL);
}

static void reads_times(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(
        case_read(&test, "-- sealift: lock-timeout 0\n-- sealift: statement-timeout 200ms"));
    assert_int_equal(test.script.directives.lock_timeout_ms, 0);
    assert_int_equal(test.script.directives.statement_timeout_ms, 200);
    static const char *const bad[] = {"",  "5",   "5 s", "-1s",         "1.5s",
                                      "s", "05s", "5h",  "2147483648s", "99999999999999999999ms"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char sql[80], words[120];
        (void)snprintf(sql, sizeof sql, "-- sealift: lock-timeout %s\n", bad[i]);
        (void)snprintf(words, sizeof words,
                       "v1/s.sql:1: directive 'lock-timeout': '%s' is not a time", bad[i]);
        assert_refused(sql, words, "write a number with ms, s or min, or 0 for no limit");
    }
}

static void refuses_directives_it_cannot_follow(void **state UNUSED)
{
    static const struct {
        const char *sql, *words;
    } refused[] = {
        {"-- sealift: no-transactions\n", "v1/s.sql:1: unknown directive 'no-transactions'"},
        {"-- sealift:\n", "v1/s.sql:1: unknown directive ''"},
        {"\n-- sealift: verify\n", "v1/s.sql:2: unknown directive 'verify'"},
        {"-- sealift: irreversible\n", "v1/s.sql:1: directive 'irreversible' needs a reason"},
        {"-- sealift: idempotent yes\n", "v1/s.sql:1: directive 'idempotent' takes no value"},
        {"-- sealift: phase during\n",
         "v1/s.sql:1: directive 'phase' is before or after, not 'during'"},
        {"-- sealift: phase after\n-- sealift: phase after\n",
         "v1/s.sql:2: directive 'phase' is given twice"},
        {"-- sealift: lock-timeout 0\n-- sealift: lock-timeout 1s\n",
         "v1/s.sql:2: directive 'lock-timeout' is given twice"},
        {"-- sealift: irreversible a\n-- sealift: irreversible b\n",
         "v1/s.sql:2: directive 'irreversible' is given twice"},
        {"-- sealift: no-transaction\n-- sealift: no-transaction\n",
         "v1/s.sql:2: directive 'no-transaction' is given twice"},
        {"select 1;\n-- sealift: no-transaction\n",
         "v1/s.sql:2: a directive must stand before the first statement"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, NULL);
}

static void refuses_what_the_splitter_refuses_with_file_and_line(void **state UNUSED)
{
    assert_refused("select 1;\nselect 'open",
                   "v1/s.sql:2: a string that begins here is never closed", NULL);
    assert_refused("\n\xc3(", "v1/s.sql:2: not valid UTF-8", NULL);
    CLEANUP(case_done) Case test = case_new();
    assert_false(case_read_bytes(&test, "select\n\0", 8));
    assert_string_equal(test.error.message, "v1/s.sql:2: a NUL byte");
    assert_int_equal(test.error.class, ERROR_INPUT);
}

/* A statement of `size` bytes: a string between its quotes. */
static bool read_statement_of(Case *test, int64_t size)
{
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, (size_t)size);
    memset(bytes, 'x', (size_t)size);
    bytes[0] = bytes[size - 1] = '\'';
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "s.sql");
    CLEANUP(file_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(file_write(fd, path, bytes, (size_t)size, &test->error));
    return script_read(&(ScriptFile){.path = path, .name = "s.sql"}, NULL, &test->script,
                       &test->error);
}

static void refuses_a_statement_too_long_for_one_message(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_false(read_statement_of(&test, SCRIPT_STATEMENT_SIZE_MAX + 1));
    assert_string_equal(test.error.message, "s.sql:1: a statement of 268435457 bytes");
}

static void refuses_a_script_that_is_not_a_file(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_false(case_read_file(&test));
    assert_int_equal(test.error.class, ERROR_IO);
    error_done(&test.error);
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_int_equal(mkdir(path, 0755), 0);
    assert_false(case_read_file(&test));
    assert_int_equal(test.error.class, ERROR_INPUT);
}

static bool refuse_bytes(void *context UNUSED, const void *bytes UNUSED, size_t size UNUSED,
                         Error *err)
{
    return error_set(err, ERROR_IO, "disk full");
}

static void passes_on_what_the_sink_refuses(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "copy t from stdin;\n1\n");
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    const ScriptSink sinks[] = {{.sql = refuse_bytes}, {.data = refuse_bytes}};
    for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
        assert_false(script_read(&(ScriptFile){.path = path, .name = "s.sql"}, &sinks[i],
                                 &test.script, &test.error));
        assert_string_equal(test.error.message, "disk full");
        error_done(&test.error);
    }
}

static void sums_statements_up_without_their_data(void **state UNUSED)
{
    static const struct {
        const char *sql, *summary;
    } sums[] = {
        {"select 1", "select …"},
        {"CREATE INDEX CONCURRENTLY \"My Index\" ON shop . orders (a)",
         "create index concurrently My Index on shop.orders …"},
        {"commit", "commit"},
        {"insert into t values ('secret')", "insert into t values …"},
        {"'x'", "…"},
        {"alter table aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa drop column b",
         "alter table aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa …"},
        {"set \"a\x1b[31m\" to b", "set a\\x1b[31m to b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        CLEANUP(case_done) Case test = case_new();
        assert_true(case_read(&test, sums[i].sql));
        assert_string_equal(test.script.statements.items[0].summary, sums[i].summary);
    }
}

/* --- ranges ---------------------------------------------------------------------------------- */

/* Read these ranges of `sql`; "text@line|text@line" of the statements. The caller frees. */
static char *read_ranges(const char *sql, const ScriptRange *items, size_t count)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", sql);
    ScriptRangeArray ranges = {0};
    for (size_t i = 0; i < count; i++)
        *array_add(&ranges) = items[i];
    ScriptSink sink = {on_sql, on_data_begin, on_data, on_data_end, &test.shipped, false};
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    if (!script_read(&(ScriptFile){.path = path, .name = "s.sql", .ranges = &ranges}, &sink,
                     &test.script, &test.error))
        fail_msg("%s", test.error.message);
    Text out = {0};
    array_each (const ScriptStatement, statement, &test.script.statements)
        text_addf(&out, "%s%.*s@%lld", out.length ? "|" : "", (int)statement->length,
                  text_string(&test.shipped.sql) + statement->offset, (long long)statement->line);
    text_add(&out, text_string(&test.shipped.data));
    array_free(&ranges);
    return text_take(&out);
}

static void reads_only_the_lines_of_its_ranges(void **state UNUSED)
{
    static const struct {
        const char *sql;
        ScriptRange ranges[2];
        size_t count;
        const char *expected;
    } cases[] = {
        {"a;\nb;\nc;\n", {{2, 2, false}}, 1, "b@2"},
        {"a;\nb;\nc;\n", {{2, 0, false}}, 1, "b@2|c@3"},
        {"a;\nb;\nc;\n", {{1, 1, false}, {3, 0, false}}, 2, "a@1|c@3"},
        {"a;\nb;\nc;\n", {{3, 0, false}, {1, 1, false}}, 2, "c@3|a@1"},
        {"\xef\xbb\xbf"
         "a;\r\nb\r\n;c;\r\n",
         {{1, 2, false}},
         1,
         "a@1|b@2"},
        /* a statement ends where its range does */
        {"a\nb\n", {{1, 1, false}, {2, 2, false}}, 2, "a@1|b@2"},
        {"a\nb", {{9, 0, false}}, 1, ""},
        {"copy t from stdin;\n1\n\\.\na;\ncopy u from stdin;\n2\n\\.\n",
         {{1, 3, false}, {5, 7, false}},
         2,
         "copy t from stdin@1|copy u from stdin@5[1\n][2\n]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep)
        char *found = read_ranges(cases[i].sql, cases[i].ranges, cases[i].count);
        assert_string_equal(found, cases[i].expected);
    }
}

/* A range that begins and ends anywhere in the pieces that a file is read in. */
static void ranges_do_not_hang_on_the_pieces(void **state UNUSED)
{
    for (size_t before = 65530; before < 65540; before++) {
        Text sql = {0};
        while (sql.length < before)
            text_add_char(&sql, 'x');
        text_add(&sql, "\r\nselect 1;\r\nselect 2;\r\nselect 3;\r\n");
        CLEANUP(memory_freep)
        char *found = read_ranges(text_string(&sql), &(ScriptRange){2, 3, false}, 1);
        assert_string_equal(found, "select 1@2|select 2@3");
        text_done(&sql);
    }
}

static void names_lines_of_the_file_in_refusals(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    folder_write(&test.folder, "s.sql", "a;\nb;\nselect 'x\n");
    ScriptRangeArray ranges = {0};
    *array_add(&ranges) = (ScriptRange){3, 0, false};
    CLEANUP(memory_freep) char *path = file_path(test.folder.path, "s.sql");
    assert_false(script_read(&(ScriptFile){.path = path, .name = "s.sql", .ranges = &ranges}, NULL,
                             &test.script, &test.error));
    assert_non_null(strstr(test.error.message, "s.sql:3: "));
    array_free(&ranges);
}

static void blanks_what_is_outside(void **state UNUSED)
{
    char text[] = "ab;\ncd;\nef;";
    ScriptRange items[] = {{2, 2, false}};
    ScriptRangeArray ranges = {.items = items, .count = 1};
    script_ranges_blank(&ranges, text, strlen(text));
    assert_string_equal(text, "   \ncd;\n   ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ships_the_text_as_it_is),
        cmocka_unit_test(reads_without_a_sink),
        cmocka_unit_test(an_empty_script_has_no_statements),
        cmocka_unit_test(makes_the_text_canonical),
        cmocka_unit_test(a_line_end_may_be_cut_by_the_reading),
        cmocka_unit_test(carves_copy_data_out),
        cmocka_unit_test(turns_client_copies_into_copies_of_the_file),
        cmocka_unit_test(drops_the_guards_that_pg_dump_writes),
        cmocka_unit_test(streams_data_of_any_size),
        cmocka_unit_test(refuses_other_commands_of_psql_and_says_what_to_do),
        cmocka_unit_test(refuses_client_copies_that_bring_no_file),
        cmocka_unit_test(refuses_data_files_that_are_not_beside_the_script),
        cmocka_unit_test(reads_directives),
        cmocka_unit_test(reads_acknowledgements_in_order_with_line_and_reason),
        cmocka_unit_test(refuses_acknowledgements_without_rule_or_reason),
        cmocka_unit_test(reads_batches),
        cmocka_unit_test(refuses_batches_that_say_too_little_or_too_much),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_directives_it_cannot_follow),
        cmocka_unit_test(refuses_what_the_splitter_refuses_with_file_and_line),
        cmocka_unit_test(refuses_a_statement_too_long_for_one_message),
        cmocka_unit_test(refuses_a_script_that_is_not_a_file),
        cmocka_unit_test(passes_on_what_the_sink_refuses),
        cmocka_unit_test(sums_statements_up_without_their_data),
        cmocka_unit_test(reads_only_the_lines_of_its_ranges),
        cmocka_unit_test(ranges_do_not_hang_on_the_pieces),
        cmocka_unit_test(names_lines_of_the_file_in_refusals),
        cmocka_unit_test(blanks_what_is_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
