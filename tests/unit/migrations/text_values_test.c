#include "base/text.h"
#include "migrations/script.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

#define VALUE(name_, text_, form_)                                                                 \
    {                                                                                              \
        .name = (char[]){name_}, .value = (char[]){text_}, .form = (form_)                         \
    }
#define PARAMETER(name_, form_)                                                                    \
    {                                                                                              \
        .name = (char[]){name_}, .site = true, .form = (form_)                                     \
    }

typedef struct Case {
    Script script;
    Text shipped;
    Error error;
} Case;

static void case_done(Case *test)
{
    script_done(&test->script);
    text_done(&test->shipped);
    error_done(&test->error);
}

static bool add_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

static bool case_read(Case *test, ScriptSyntax syntax, const char *sql)
{
    ProjectValue items[] = {
        VALUE("colour", "blue", VALUE_FORM_RAW),    VALUE("a.b-c", "dotted", VALUE_FORM_RAW),
        VALUE("empty", "", VALUE_FORM_RAW),         VALUE("quote", "it's", VALUE_FORM_LITERAL),
        VALUE("NAME", "x", VALUE_FORM_IDENTIFIER),  PARAMETER("tenant", VALUE_FORM_LITERAL),
        PARAMETER("SCHEMA", VALUE_FORM_IDENTIFIER), PARAMETER("workers", VALUE_FORM_RAW),
        VALUE("case", "low", VALUE_FORM_RAW),       VALUE("CASE", "high", VALUE_FORM_RAW),
    };
    ProjectValueArray values = {items, ARRAY_LEN(items), ARRAY_LEN(items)};
    ProjectFolder folder = {"/tmp/sealift-text-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    folder_write(&folder, "V1__s.sql", sql);
    CLEANUP(memory_freep) char *path = file_path(folder.path, "V1__s.sql");
    ScriptRange range = {.first = 1, .substitutes = true};
    ScriptRangeArray ranges = {&range, 1, 1};
    const ScriptFile file = {
        .path = path,
        .name = "m/V1__s.sql",
        .ranges = &ranges,
        .settings = {.syntax = syntax, .values = &values, .root = folder.path},
    };
    const ScriptSink sink = {.sql = add_sql, .context = &test->shipped};
    bool good = script_read(&file, &sink, &test->script, &test->error);
    folder_done(&folder);
    return good;
}

static void replaces_text_as_the_tool_does(void **state UNUSED)
{
    static const struct {
        ScriptSyntax syntax;
        const char *sql, *shipped;
    } cases[] = {
        {SCRIPT_SYNTAX_FLYWAY, "select '${colour}', ${colour}${colour} -- ${colour}\n;",
         "select 'blue', blueblue -- blue\n;"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${a.b-c}', ${quote}, ${NAME}, $1, $$x$$, '$', '${empty}';",
         "select 'dotted', 'it''s', \"x\", $1, $$x$$, '$', '';"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${COLOUR}${Colour}', ${name}, '${case}', '${CASE}';",
         "select 'blueblue', \"x\", 'low', 'high';"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${flyway:filename}' from :colour",
         "select 'V1__s.sql' from :colour"},
        {SCRIPT_SYNTAX_GRAPHILE, "select ':NAME', :NAME, :NAMES, :colour, a::NAME, :name, :NAME2;",
         "select '\"x\"', \"x\", :NAMES, :colour, a:\"x\", :name, :NAME2;"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "select '{{ .colour }}', {{.NAME}}, '{1,{2}}', '{';",
         "select 'blue', \"x\", '{1,{2}}', '{';"},
        {SCRIPT_SYNTAX_GO_TEMPLATE,
         "select {{ index .Options \"NAME\" }}.a, '{{index  .Options  \"colour\"}}';",
         "select \"x\".a, 'blue';"},
        {SCRIPT_SYNTAX_GOOSE, "select '$colour', '${colour}', '${none:-d}', '${none-e}';",
         "select 'blue', 'blue', 'd', 'e';"},
        {SCRIPT_SYNTAX_GOOSE, "select '${empty:-d}', '${empty-d}', '${colour?no}', '${colour:-d}';",
         "select 'd', '', 'blue', 'blue';"},
        {SCRIPT_SYNTAX_GOOSE,
         "select '${none:-a${colour}b}', '${colour:-${none}}', '${x:-$colour}';",
         "select 'ablueb', 'blue', 'blue';"},
        {SCRIPT_SYNTAX_GOOSE,
         "select '$$', '\\$x', '\\\\', '$(a)', 'a\\b';\n-- $none ${none}\n"
         "-- +goose ENVSUB OFF\nselect '$none';\n-- +goose ENVSUB ON\n"
         "select '$colour';",
         "select '$', '$x', '\\\\', '$(a)', 'a\\b';\n-- $none ${none}\n"
         "-- +goose ENVSUB OFF\nselect '$none';\n-- +goose ENVSUB ON\nselect 'blue';"},
        {SCRIPT_SYNTAX_NONE, "select '${colour}', '{{ .colour }}', '$colour';",
         "select '${colour}', '{{ .colour }}', '$colour';"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = {0};
        if (!case_read(&test, cases[i].syntax, cases[i].sql))
            fail_msg("%s: %s", cases[i].sql, test.error.message);
        assert_string_equal(text_string(&test.shipped), cases[i].shipped);
        assert_int_equal(test.script.composed, cases[i].syntax != SCRIPT_SYNTAX_NONE);
    }
}

static void keeps_lines_and_offsets(void **state UNUSED)
{
    CLEANUP(case_done) Case test = {0};
    assert_true(case_read(&test, SCRIPT_SYNTAX_FLYWAY, "select ${colour};\r\n\nselect 2;"));
    const ScriptStatement *second = &test.script.statements.items[1];
    assert_int_equal(second->line, 3);
    assert_memory_equal(text_string(&test.shipped) + second->offset, "select 2", 8);
    assert_string_equal(test.script.values.items[0], "colour");
}

/* A site parameter becomes psql's reference, and stands by itself. */
static void writes_site_parameters_as_psql_does(void **state UNUSED)
{
    static const struct {
        ScriptSyntax syntax;
        const char *sql;
    } cases[] = {
        {SCRIPT_SYNTAX_FLYWAY, "select ${tenant}, ${SCHEMA}, 1+${workers}, :colour;"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "select {{.tenant}}, {{.SCHEMA}}, 1+{{.workers}}, :colour;"},
        {SCRIPT_SYNTAX_GOOSE, "select $tenant, ${SCHEMA}, 1+${workers}, :colour;"},
    };
    static const char shipped[] = "select :'tenant', :\"SCHEMA\", 1+:workers, :colour;";
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = {0};
        if (!case_read(&test, cases[i].syntax, cases[i].sql))
            fail_msg("%s", test.error.message);
        assert_string_equal(text_string(&test.shipped), shipped);
        assert_int_equal(test.script.references.count, 3);
        assert_int_equal(test.script.statements.items[0].reference_count, 3);
        const ScriptReference *references = test.script.references.items;
        assert_int_equal(references[0].offset, 7);
        assert_int_equal(references[0].length, strlen(":'tenant'"));
        assert_int_equal(references[0].value, 5);
        assert_int_equal(references[1].form, VALUE_FORM_IDENTIFIER);
        assert_memory_equal(shipped + references[2].offset, ":workers", 8);
    }
}

static void refuses_by_name_and_line(void **state UNUSED)
{
    static const struct {
        ScriptSyntax syntax;
        const char *sql, *says;
    } refused[] = {
        {SCRIPT_SYNTAX_FLYWAY, "\nselect '${none}';", ":2: '${none}' refers to no value"},
        {SCRIPT_SYNTAX_FLYWAY, "-- ${none}\n", ":1: '${none}' refers to no value"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${Case}'", ":1: '${Case}' refers to no value"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ .Colour }}", ":1: '{{ .Colour }}' refers to no value"},
        {SCRIPT_SYNTAX_FLYWAY, "select ${no\n}", ":1: '${no' is not closed on its line"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${flyway:timestamp}'",
         ":1: '${flyway:timestamp}' is filled in by flyway"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${flyway:user}'", ":1: '${flyway:user}' is filled in"},
        {SCRIPT_SYNTAX_FLYWAY, "select '${tenant}'; select ${tenant};",
         ":1: the site parameter 'tenant' stands in a string"},
        {SCRIPT_SYNTAX_FLYWAY, "select 1; -- ${tenant}\n",
         ":1: the site parameter 'tenant' stands"},
        {SCRIPT_SYNTAX_FLYWAY, "select $$\n${tenant}$$;", ":2: the site parameter 'tenant' stands"},
        {SCRIPT_SYNTAX_FLYWAY, "select 1\nlimit ${workers}00;",
         ":2: the site parameter 'workers' stands in a string, a quoted name, a comment or a word"},
        {SCRIPT_SYNTAX_GOOSE, "select ${workers}00;", ":1: the site parameter 'workers' stands in"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "select {{ .workers }}_a;",
         ":1: the site parameter 'workers' stands in"},
        {SCRIPT_SYNTAX_FLYWAY, "select :colour${workers};",
         ":1: the site parameter 'workers' stands in"},
        {SCRIPT_SYNTAX_GRAPHILE, "select ':DATABASE_NAME'", ":1: ':DATABASE_NAME' refers to no"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "\nselect {{ .None }}", ":2: '{{ .None }}' refers to no value"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ if .colour }}x{{ end }}",
         ":1: '{{ if .colour }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ .colour | q }}", ":1: '{{ .colour | q }}' is more than"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ . }}", ":1: '{{ . }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Options \"None\" }}",
         ":1: '{{ index .Options \"None\" }}' refers to no value"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Options \"colour }}",
         ":1: '{{ index .Options \"colour }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Options \"colour\" | q }}",
         ":1: '{{ index .Options \"colour\" | q }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Options colour }}",
         ":1: '{{ index .Options colour }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Option \"colour\" }}",
         ":1: '{{ index .Option \"colour\" }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index.Options \"colour\" }}",
         ":1: '{{ index.Options \"colour\" }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index .Options }}",
         ":1: '{{ index .Options }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ index }}", ":1: '{{ index }}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{", ":1: '{{' is not closed"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{}}", ":1: '{{}}' is more than a field"},
        {SCRIPT_SYNTAX_GO_TEMPLATE, "{{ .colour", ":1: '{{ .colour' is not closed"},
        {SCRIPT_SYNTAX_GOOSE, "select '$none'", ":1: '$none' refers to no value"},
        {SCRIPT_SYNTAX_GOOSE, "select '${none}'", ":1: '${none' refers to no value"},
        {SCRIPT_SYNTAX_GOOSE, "select '${none?say}'", ":1: '${none' refers to no value"},
        {SCRIPT_SYNTAX_GOOSE, "select '${colour:1:2}'", ":1: '${colour:1:2}'' is more than"},
        {SCRIPT_SYNTAX_GOOSE, "select '${1}'", ":1: '${1}'' is more than a name"},
        {SCRIPT_SYNTAX_GOOSE, "select '${none:-x", ":1: '${none:-x' is not closed"},
        {SCRIPT_SYNTAX_GOOSE, "select $1", ":1: '$1' is no variable"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        CLEANUP(case_done) Case test = {0};
        if (case_read(&test, refused[i].syntax, refused[i].sql))
            fail_msg("taken: %s", refused[i].sql);
        assert_int_equal(test.error.class, ERROR_INPUT);
        if (!text_has_prefix(test.error.message, "m/V1__s.sql") ||
            !text_has_prefix(test.error.message + strlen("m/V1__s.sql"), refused[i].says))
            fail_msg("'%s' does not say '%s'", test.error.message, refused[i].says);
    }
}

static void finds_references_across_pieces(void **state UNUSED)
{
    for (size_t pad = 65536 - 12; pad < 65536 + 2; pad++) {
        CLEANUP(case_done) Case test = {0};
        CLEANUP(text_done) Text sql = {0};
        text_add(&sql, "--");
        while (sql.length < pad - 8)
            text_add_char(&sql, '-');
        text_add(&sql, "\nselect ${colour};");
        assert_true(case_read(&test, SCRIPT_SYNTAX_FLYWAY, text_string(&sql)));
        assert_true(text_has_suffix(text_string(&test.shipped), "select blue;"));
    }
}

static void refuses_a_line_without_end(void **state UNUSED)
{
    CLEANUP(case_done) Case test = {0};
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "--");
    for (size_t i = 0; i < (16u << 20) / 64; i++)
        text_add(&sql, "----------------------------------------------------------------");
    assert_false(case_read(&test, SCRIPT_SYNTAX_FLYWAY, text_string(&sql)));
    assert_non_null(strstr(test.error.message, ":1: a line of more than 16777216 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_text_as_the_tool_does),
        cmocka_unit_test(keeps_lines_and_offsets),
        cmocka_unit_test(writes_site_parameters_as_psql_does),
        cmocka_unit_test(refuses_by_name_and_line),
        cmocka_unit_test(finds_references_across_pieces),
        cmocka_unit_test(refuses_a_line_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
