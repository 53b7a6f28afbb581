#include "base/text.h"
#include "migrations/script.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

/* A project with two fixed values, a few of other forms, and site parameters. */
#define VALUE(name_, text_, form_)                                                                 \
    {                                                                                              \
        .name = (char[]){name_}, .value = (char[]){text_}, .form = (form_)                         \
    }
#define PARAMETER(name_, type_, form_)                                                             \
    {                                                                                              \
        .name = (char[]){name_}, .site = true, .type = (type_), .form = (form_)                    \
    }

typedef struct Case {
    ProjectFolder folder;
    Script script;
    Text shipped;
    Error error;
} Case;

static bool add_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

static bool case_read(Case *test, const char *sql)
{
    ProjectValue items[] = {
        VALUE("colour", "blue", VALUE_FORM_RAW),
        VALUE("quote", "it's", VALUE_FORM_LITERAL),
        VALUE("schema", "My \"app\"", VALUE_FORM_IDENTIFIER),
        VALUE("slash", "a\\b", VALUE_FORM_RAW),
        VALUE("yes", "true", VALUE_FORM_RAW),
        VALUE("two", "select 1; select 2", VALUE_FORM_RAW),
        VALUE("nested", "f(:'colour')", VALUE_FORM_RAW),
        VALUE("self", "a :self b", VALUE_FORM_RAW),
        VALUE("open", "'x", VALUE_FORM_RAW),
        VALUE("dashes", "a -- b", VALUE_FORM_RAW),
        VALUE("command", "1; \\echo x", VALUE_FORM_RAW),
        VALUE("copy", "copy t from stdin; ", VALUE_FORM_RAW),
        VALUE("last", "x:colour", VALUE_FORM_RAW),
        VALUE("DBNAME", "shop", VALUE_FORM_RAW),
        PARAMETER("tenant", VALUE_TYPE_TEXT, VALUE_FORM_LITERAL),
        PARAMETER("workers", VALUE_TYPE_INTEGER, VALUE_FORM_RAW),
    };
    ProjectValueArray values = {items, ARRAY_LEN(items), ARRAY_LEN(items)};
    CLEANUP(memory_freep) char *path = file_path(test->folder.path, "migrations/v1/s.sql");
    folder_write(&test->folder, "migrations/v1/s.sql", sql);
    const ScriptFile file = {
        .path = path,
        .name = "migrations/v1/s.sql",
        .settings = {SCRIPT_SYNTAX_PSQL, &values, test->folder.path, "migrations"},
    };
    const ScriptSink sink = {.sql = add_sql, .context = &test->shipped};
    return script_read(&file, &sink, &test->script, &test->error);
}

static Case case_new(void)
{
    Case test = {.folder = {"/tmp/sealift-psql-XXXXXX"}};
    assert_non_null(mkdtemp(test.folder.path));
    folder_write(&test.folder, "lib/common.sql", "select 'common'");
    folder_write(&test.folder, "lib/twice.sql",
                 "\\ir common.sql\n\\i lib/common.sql\nselect :'x';");
    folder_write(&test.folder, "lib/loop.sql", "\\ir loop.sql\n");
    folder_write(&test.folder, "lib/bad.sql", "select 1;\nselect :nobody;\n");
    folder_write(&test.folder, "lib/open.sql", "\\if true\nselect 1;\n");
    folder_write(&test.folder, "lib/data.sql", "copy t from stdin;\n1\n\\.\nselect 2;\n");
    folder_write(&test.folder, "migrations/only.sql", "select 'only';\n");
    folder_write(&test.folder, "migrations/v1/near.sql", "select 'near';\n");
    CLEANUP(memory_freep) char *link = file_path(test.folder.path, "lib/link.sql");
    CLEANUP(memory_freep) char *folder = file_path(test.folder.path, "linked");
    assert_int_equal(symlink("common.sql", link), 0);
    assert_int_equal(symlink("lib", folder), 0);
    return test;
}

static void case_done(Case *test)
{
    folder_done(&test->folder);
    script_done(&test->script);
    text_done(&test->shipped);
    error_done(&test->error);
}

/* "statement|statement", as they stand in the shipped text. */
static char *statements_of(const Case *test)
{
    Text text = {0};
    array_each (const ScriptStatement, statement, &test->script.statements)
        text_addf(&text, "%s%.*s", text.length ? "|" : "", (int)statement->length,
                  text_string(&test->shipped) + statement->offset);
    return text_take(&text);
}

static void puts_values_where_psql_does(void **state UNUSED)
{
    static const struct {
        const char *sql, *statements;
    } cases[] = {
        {"select :colour, :'colour', :\"colour\";", "select blue, 'blue', \"blue\""},
        {"select :quote, :'quote';", "select 'it''s', 'it''s'"},
        {"create schema :schema;", "create schema \"My \"\"app\"\"\""},
        {"select :'slash', :slash;", NULL},
        {"select :'slash';", "select  E'a\\\\b'"},
        {"select ':colour', $$:colour$$, \":colour\" -- :colour\n /* :colour */;",
         "select ':colour', $$:colour$$, \":colour\""},
        {"select a::colour, b:=:colour, c[1:2], c[1:n], c[:colour:2];",
         "select a::colour, b:=blue, c[1:2], c[1:n], c[blue:2]"},
        {"select json_object('a':colour, 'b':n);", "select json_object('a'blue, 'b':n)"},
        {"select :{?colour}, :{?nobody};", "select TRUE, FALSE"},
        {"select :{x}, :'a b', :'', : x;", "select :{x}, :'a b', :'', : x"},
        {":two; :two", "select 1|select 2|select 1|select 2"},
        {"select :nested;", "select f('blue')"},
        {"select :last", "select xblue"},
        {"select :colour", "select blue"},
        {"select :'colour'", "select 'blue'"},
        {"\\set x 'it''s' \" a\" :colour :'colour' 'tab\\t\\x41\\101' :nobody\nselect :'x';",
         "select 'it''s\" a\"blue''blue''tab\tAA:nobody'"},
        {"\\set x\nselect :'x';", "select ''"},
        {"\\set x 1 \\set y 2 \\\\\nselect :x, :y;", "select 1, 2"},
        {"\\set colour red\nselect :colour;", "select red"},
        {"\\set\n\\set ON_ERROR_STOP on\n\\set QUIET 1\nselect 1;", "select 1"},
        {"\\set x 'a\\nb'\nselect :x, 1;\nselect 2;", "select a\nb, 1|select 2"},
        {"\\set x 1\n\\unset x\nselect :{?x};", "select FALSE"},
        {"\\echo `date` hi\nselect 1;", NULL},
        {"\\echo :colour it''s\n\\timing\n\\pset format csv\n\\dt x.*\nselect 1;", "select 1"},
        {"\\set ON_ERROR_STOP\n\\set AUTOCOMMIT\n\\set ON_ERROR_ROLLBACK interactive\nselect 1;",
         "select 1"},
        {"\\d\n\\d+ x\n\\dtS+\n\\dtv x\n\\dRp+\n\\dconfig\n\\sf+ f\n\\list+\n\\html\n\\dDS \"X y\"\nselect 1;",
         "select 1"},
        {"\\encoding UTF8\n\\c\n\\connect -\n\\c :DBNAME - \nselect 1;", "select 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = case_new();
        bool good = case_read(&test, cases[i].sql);
        if (!good && cases[i].statements)
            fail_msg("%s: %s", cases[i].sql, test.error.message);
        if (!cases[i].statements) {
            assert_false(good);
            continue;
        }
        CLEANUP(memory_freep) char *got = statements_of(&test);
        assert_string_equal(got, cases[i].statements);
    }
}

static void takes_the_branch_that_is_true(void **state UNUSED)
{
    static const struct {
        const char *sql, *statements;
    } cases[] = {
        {"\\if :yes\nselect 1;\n\\else\nselect 2;\n\\endif\nselect 3;", "select 1|select 3"},
        {"\\if off\nselect 1;\n\\elif on\nselect 2;\n\\elif true\nselect 3;\n\\else\nselect 4;\n"
         "\\endif",
         "select 2"},
        {"\\if 0\nselect :nobody; \\gexec\n\\! rm `x`\n\\set a `b`\n\\i nowhere\n\\else\nselect 2;\n"
         "\\endif",
         "select 2"},
        {"\\if false\n\\if true\nselect 1;\n\\else\nselect 2;\n\\endif\n\\else\nselect 3;\n\\endif",
         "select 3"},
        {"\\if :{?colour}\nselect 1;\n\\endif\n\\if :{?nobody}\nselect 2;\n\\endif", "select 1"},
        {"\\if f\n-- sealift: no-such-directive\nselect ';'';';\n\\endif\nselect 1;", "select 1"},
        {"\\if true\nselect 1;\n\\elif nonsense\nselect 2;\n\\endif", "select 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = case_new();
        if (!case_read(&test, cases[i].sql))
            fail_msg("%s: %s", cases[i].sql, test.error.message);
        CLEANUP(memory_freep) char *got = statements_of(&test);
        assert_string_equal(got, cases[i].statements);
        assert_true(test.script.composed);
    }
}

static void reads_included_files_in_their_place(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "\\set x 7\nselect 0;\n\\i lib/twice.sql\n\\i only.sql\n"
                                 "\\ir near.sql\n\\include lib/../lib/./data.sql;\nselect 9;"));
    CLEANUP(memory_freep) char *got = statements_of(&test);
    assert_string_equal(got, "select 0|select 'common'|select 'common'|select '7'|select 'only'|"
                             "select 'near'|copy t from stdin|select 2|select 9");
    static const struct {
        int64_t line, script_line;
        const char *place;
    } places[] = {{2, 2, "migrations/v1/s.sql:2"}, {1, 3, "lib/common.sql:1"},
                  {1, 3, "lib/common.sql:1"},      {3, 3, "lib/twice.sql:3"},
                  {1, 4, "migrations/only.sql:1"}, {1, 5, "migrations/v1/near.sql:1"},
                  {1, 6, "lib/data.sql:1"},        {4, 6, "lib/data.sql:4"},
                  {7, 7, "migrations/v1/s.sql:7"}};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const ScriptStatement *statement = &test.script.statements.items[i];
        CLEANUP(memory_freep) char *place = script_statement_place(&test.script, statement);
        assert_string_equal(place, places[i].place);
        assert_int_equal(statement->line, places[i].line);
        assert_int_equal(statement->script_line, places[i].script_line);
    }
    assert_int_equal(test.script.sources.count, 7);
    assert_int_equal(test.script.data_count, 1);
}

static void notes_what_it_depends_on_and_what_it_leaves_out(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "\\set quote 'x'\n\\echo hi\nselect :colour, :'quote';\n\\x\n"));
    assert_int_equal(test.script.values.count, 1);
    assert_string_equal(test.script.values.items[0], "colour");
    assert_int_equal(test.script.notes.count, 2);
    assert_string_equal(test.script.notes.items[0].command, "\\echo");
    assert_int_equal(test.script.notes.items[1].line, 4);
}

static void keeps_references_to_site_parameters(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "select :colour;\nselect :tenant, :'tenant', :\"tenant\";\n"
                                 "select :workers + :'workers';\n\\set x 'g(:tenant)'\nselect :x"));
    CLEANUP(memory_freep) char *got = statements_of(&test);
    assert_string_equal(got, "select blue|select :tenant, :'tenant', :\"tenant\"|"
                             "select :workers + :'workers'|select g(:tenant)");
    static const struct {
        const char *text;
        size_t value;
        ValueForm form;
    } expected[] = {
        {":tenant", 14, VALUE_FORM_LITERAL},        {":'tenant'", 14, VALUE_FORM_LITERAL},
        {":\"tenant\"", 14, VALUE_FORM_IDENTIFIER}, {":workers", 15, VALUE_FORM_RAW},
        {":'workers'", 15, VALUE_FORM_LITERAL},     {":tenant", 14, VALUE_FORM_LITERAL}};
    assert_int_equal(test.script.references.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const ScriptReference *reference = &test.script.references.items[i];
        assert_int_equal(reference->length, strlen(expected[i].text));
        assert_memory_equal(text_string(&test.shipped) + reference->offset, expected[i].text,
                            strlen(expected[i].text));
        assert_int_equal(reference->value, expected[i].value);
        assert_int_equal(reference->form, expected[i].form);
    }
    static const size_t first[] = {0, 0, 3, 5}, counts[] = {0, 3, 2, 1};
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        assert_int_equal(test.script.statements.items[i].first_reference, first[i]);
        assert_int_equal(test.script.statements.items[i].reference_count, counts[i]);
    }
}

#define HERE "migrations/v1/s.sql"

static void refuses_by_name_and_line(void **state UNUSED)
{
    static const struct {
        const char *sql, *says;
    } refused[] = {
        {"select 1;\nselect :nobody;", HERE ":2: ':nobody' refers to no value"},
        {"select 1;\n\nselect :'nobody';", HERE ":3: ':nobody' refers to no value"},
        {"select :SERVER_VERSION_NUM;", HERE ":1: ':SERVER_VERSION_NUM' refers to no value"},
        {"select :self;", HERE ":1: values that refer to each other without end"},
        {"select :open, 'x';", HERE ":1: a value that opens a quote or a comment"},
        {"select :dashes;", HERE ":1: a value that opens a quote or a comment"},
        {"select :command;", HERE ":1: a value that holds a command of psql"},
        {":copy\n1\n\\.\n", HERE ":1: a value that holds COPY"},
        {"\\set x `date`\n", HERE ":1: backticks, in which psql runs a program"},
        {"\\set x 'a\n", HERE ":1: an open quote in a command of psql"},
        {"\\set x \"a\n", HERE ":1: an open quote in a command of psql"},
        {"\\set x 'a\\0'\n", HERE ":1: a NUL byte"},
        {"\\set a-b 1\n", HERE ":1: 'a-b' is no name of a variable"},
        {"\\unset a-b\n", HERE ":1: 'a-b' is no name of a variable"},
        {"\\set x :tenant\n", HERE ":1: the site parameter 'tenant' is not known"},
        {"\\if :'tenant'\n", HERE ":1: the site parameter 'tenant' is not known"},
        {"\\set ON_ERROR_STOP off\n", HERE ":1: \\set ON_ERROR_STOP 'off' changes how psql runs"},
        {"\\unset ON_ERROR_STOP\n", HERE ":1: \\unset ON_ERROR_STOP changes how psql runs"},
        {"\\set SINGLELINE\n", HERE ":1: \\set SINGLELINE '' changes how psql runs"},
        {"\\set ON_ERROR_ROLLBACK\n", HERE ":1: \\set ON_ERROR_ROLLBACK '' changes how"},
        {"\\set ON_ERROR_STOP interactive\n", HERE ":1: \\set ON_ERROR_STOP 'interactive'"},
        {"\\set AUTOCOMMIT off\n", HERE ":1: \\set AUTOCOMMIT 'off' changes"},
        {"\\set ON_ERROR_ROLLBACK on\n", HERE ":1: \\set ON_ERROR_ROLLBACK 'on' changes"},
        {"\\set x 1 \\\\ select 1;\n", HERE ":1: SQL behind a command of psql"},
        {"\\set x 1 \\gexec\n", HERE ":1: \\gexec is a command of psql"},
        {"select 1 \\gset\n", HERE ":1: \\gset is a command of psql"},
        {"select 1\n\\set x 1\n;", HERE ":2: \\set in the middle of a statement"},
        {"select 1\n\\if true\n;", HERE ":2: \\if in the middle of a statement"},
        {"select 1\n\\dt\n;", HERE ":2: \\dt in the middle of a statement"},
        {"\\drop x\n", HERE ":1: \\drop is a command of psql"},
        {"\\q\n", HERE ":1: \\q is a command of psql"},
        {"\\if maybe\n\\endif\n", HERE ":1: 'maybe' behind \\if is no boolean"},
        {"\\if :nobody\n\\endif\n", HERE ":1: ':nobody' behind \\if is no boolean"},
        {"\\if false\n\\elif 2\n\\endif\n", HERE ":2: '2' behind \\elif is no boolean"},
        {"\\if true\nselect 1;\n", HERE ":1: an \\if that begins here is never closed"},
        {"\\endif\n", HERE ":1: \\endif without an \\if"},
        {"\\if true\n\\else\n\\else\n\\endif\n", HERE ":3: \\else behind the \\else of line 2"},
        {"\\if 0\ncopy t from stdin;\n\\endif\n", HERE ":2: COPY … FROM STDIN in a branch"},
        {"\\i lib/bad.sql\n", HERE ":1: lib/bad.sql:2: ':nobody' refers to no value"},
        {"\\i lib/open.sql\n", HERE ":1: lib/open.sql:1: an \\if that begins here"},
        {"\\i lib/loop.sql\n", HERE ":1: lib/loop.sql:1: 'lib/loop.sql' includes itself"},
        {"\\i ../x.sql\n", HERE ":1: '../x.sql' is no file inside the project"},
        {"\\ir ../../../x.sql\n", HERE ":1: '../../../x.sql' is no file inside the project"},
        {"\\i /etc/passwd\n", HERE ":1: '/etc/passwd' is no file inside the project"},
        {"\\i ~/x.sql\n", HERE ":1: '~/x.sql' is no file inside the project"},
        {"\\i lib/link.sql\n", HERE ":1: 'lib/link.sql' is a symbolic link"},
        {"\\i linked/common.sql\n", HERE ":1: 'linked/common.sql' is a symbolic link"},
        {"\\i nowhere.sql\n", HERE ":1: there is no file 'nowhere.sql'"},
        {"\\i lib\n", HERE ":1: 'lib' is not a regular file"},
        {"\\i\n", HERE ":1: \\i names no file"},
        {"\\i a b\n", HERE ":1: \\i names no file, or more than one"},
        {"\\c other\n", HERE ":1: \\c to 'other', which may be another database"},
        {"\\c - postgres\n", HERE ":1: \\c to 'postgres', which may be another database"},
        {"\\encoding latin1\n", HERE ":1: \\encoding 'latin1': scripts are read as UTF-8"},
        {"\\o out\n", HERE ":1: \\o is a command of psql"},
        {"\\! ls\n", HERE ":1: \\! is a command of psql"},
        {"\\lo_import x\n", HERE ":1: \\lo_import is a command of psql"},
        {"select 1 \\g | cat\n", HERE ":1: \\g is a command of psql"},
        {"select 1 \\bind 1 \\g\n", HERE ":1: \\bind is a command of psql"},
        {"select 1 \\parse x\n", HERE ":1: \\parse is a command of psql"},
        {"select 1 \\crosstabview\n", HERE ":1: \\crosstabview is a command of psql"},
        {"select 1 \\watch\n", HERE ":1: \\watch is a command of psql"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        CLEANUP(case_done) Case test = case_new();
        if (case_read(&test, refused[i].sql))
            fail_msg("taken: %s", refused[i].sql);
        assert_int_equal(test.error.class, ERROR_INPUT);
        if (strncmp(test.error.message, refused[i].says, strlen(refused[i].says)) != 0)
            fail_msg("'%s' does not begin with '%s'", test.error.message, refused[i].says);
    }
}

static void refuses_includes_without_end(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    for (int i = 0; i < 20; i++) {
        CLEANUP(memory_freep) char *name = memory_format("lib/n%d.sql", i);
        CLEANUP(memory_freep) char *text = memory_format("\\ir n%d.sql\n", i + 1);
        folder_write(&test.folder, name, text);
    }
    assert_false(case_read(&test, "\\i lib/n0.sql\n"));
    assert_non_null(strstr(test.error.message, "files include each other more than 16 deep"));
}

static void refuses_more_includes_than_anybody_has(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    CLEANUP(text_done) Text sql = {0};
    for (int i = 0; i <= 1000; i++)
        text_add(&sql, "\\i only.sql\n");
    assert_false(case_read(&test, text_string(&sql)));
    assert_non_null(strstr(test.error.message, ":1001: more than 1000 files are included"));
}

/* A reference cut anywhere by the pieces that a file is read in. */
static void finds_references_across_pieces(void **state UNUSED)
{
    for (size_t pad = 65536 - 24; pad < 65536 + 4; pad++) {
        CLEANUP(case_done) Case test = case_new();
        CLEANUP(text_done) Text sql = {0};
        text_add(&sql, "--");
        while (sql.length < pad - 8)
            text_add_char(&sql, '-');
        text_add(&sql, "\nselect :'colour', :colour, :'a b';");
        assert_true(case_read(&test, text_string(&sql)));
        CLEANUP(memory_freep) char *got = statements_of(&test);
        assert_string_equal(got, "select 'blue', blue, :'a b'");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_values_where_psql_does),
        cmocka_unit_test(takes_the_branch_that_is_true),
        cmocka_unit_test(reads_included_files_in_their_place),
        cmocka_unit_test(notes_what_it_depends_on_and_what_it_leaves_out),
        cmocka_unit_test(keeps_references_to_site_parameters),
        cmocka_unit_test(refuses_by_name_and_line),
        cmocka_unit_test(refuses_includes_without_end),
        cmocka_unit_test(refuses_more_includes_than_anybody_has),
        cmocka_unit_test(finds_references_across_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
