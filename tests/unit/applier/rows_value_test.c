#include "tests/support/unit_test.h"

#include "applier/rehearsal/rows_pattern.h"
#include "applier/rehearsal/rows_value.h"

static ValueType type_of(const char *name, char category)
{
    return (ValueType){
        .name = name, .written = name, .kind = 'b', .category = category, .modifier = -1};
}

static void expect(const ValueType *type, int variant, const char *check, const char *sql)
{
    CLEANUP(text_done) Text got = {0};
    assert_int_equal(rows_value(type, variant, check, /* later= */ 0, &got), sql != NULL);
    assert_string_equal(text_string(&got), sql ? sql : "");
}

static void values_follow_the_type(void **state UNUSED)
{
    ValueType type = type_of("int4", 'N');
    expect(&type, 0, NULL, "(g.i::int4)::int4");
    type = type_of("text", 'S');
    expect(&type, 0, NULL, "('r' || g.i)::text");
    type.modifier = 4 + 2;
    type.written = "varchar(2)";
    expect(&type, 0, NULL, "(right(lpad(g.i::text, 2, '0'), 2))::varchar(2)");
    type = type_of("numeric", 'N');
    type.modifier = 4 + (5 << 16) + 2;
    type.written = "numeric(5,2)";
    expect(&type, 0, NULL, "((g.i % 1000)::numeric)::numeric(5,2)");
    type.modifier = 4 + (2 << 16) + 2;
    expect(&type, 0, NULL, "((g.i % 100) / 100.0)::numeric(5,2)");
    type.modifier = -1;
    expect(&type, 0, NULL, "(g.i::numeric)::numeric(5,2)");
    type = type_of("bit", 'V');
    type.modifier = 3;
    expect(&type, 0, NULL, "(g.i::bit(3))::bit");
    type = type_of("something", 'U');
    expect(&type, 0, NULL, NULL);
}

static void arrays_enums_composites_and_ranges(void **state UNUSED)
{
    ValueType type = type_of("int4", 'N');
    type.is_array = true;
    type.written = "integer[]";
    expect(&type, 0, NULL, "(ARRAY[g.i::int4])::integer[]");
    type.kind = 'e';
    expect(&type, 0, NULL, "('{}')::integer[]");
    expect(&type, 2, "CHECK (a = '{1}')", NULL);
    type = type_of("mood", 'E');
    type.kind = 'e';
    expect(&type, 0, NULL,
           "(enum_range(NULL::mood))[1 + ((g.i - 1) % array_length(enum_range(NULL::mood), "
           "1))::int]");
    type.kind = 'c';
    type.attributes = 3;
    expect(&type, 0, NULL, "('(' || repeat(',', 2) || ')')::mood");
    type.kind = 'r';
    expect(&type, 0, NULL, "('empty')::mood");
    type.kind = 'm';
    expect(&type, 0, NULL, "('{}')::mood");
}

static void constraints_lend_their_literals(void **state UNUSED)
{
    ValueType text = type_of("text", 'S'), number = type_of("int4", 'N');
    const char *list = "CHECK ((kind = ANY (ARRAY['it''s'::text, 'b'::text])))";
    expect(&text, 1, list, NULL);
    expect(&text, 2, list, "((ARRAY['it''s', 'b']::text[])[1 + ((g.i - 1) % 2)::int])::text");
    expect(&text, 3, list, "('it''s')::text");
    const char *between = "CHECK (((col2 >= 10) AND (col2 <= '20'::smallint)))";
    expect(&number, 4, between, "(10 + (g.i - 1) % 11)::int4");
    expect(&number, 5, between, "(20 + g.i)::int4");
    expect(&number, 6, between, "(10 - g.i)::int4");
    expect(&text, 4, "CHECK ((length(code) = 4))", "right(lpad(g.i::text, 4, '0'), 4)");
    expect(&text, 5, "CHECK ((length(code) > 4))", "repeat('r', 5)");
    expect(&text, 6, "CHECK ((mail ~~ '%@%'::text))", "'r' || g.i || '@example.org'");
    expect(&text, 6, "CHECK ((code = upper(code)))", "lpad(g.i::text, 3, '0')");
    expect(&number, 4, "CHECK (f(x))", NULL);
    expect(&number, 2, NULL, NULL);
    expect(&number, VALUE_VARIANTS, between, NULL);
}

static void a_pattern_is_taken_from_its_check(void **state UNUSED)
{
    ValueType text = type_of("text", 'S');
    expect(&text, 1, "CHECK ((code ~ '^x$'::text))", "'x'");
    expect(&text, 1, "CHECK ((code ~ E'^\\\\d$'::text))",
           "substr('0123456789', 1 + ((g.i / 1) % 10)::int, 1)");
}

static void later_rows(void **state UNUSED)
{
    CLEANUP(text_done) Text got = {0};
    ValueType type = type_of("int8", 'N');
    assert_true(rows_value(&type, 0, NULL, /* later= */ 1, &got));
    assert_string_equal(text_string(&got), "((g.i + 1))::int8");
}

static void patterns(void **state UNUSED)
{
    static const struct {
        const char *pattern;
        const char *sql; /* NULL: not understood */
    } cases[] = {
        {"^ab$", "'a' || 'b'"},
        {"[AB]{2}", "substr('AB', 1 + ((g.i / 1) % 2)::int, 1) || substr('AB', 1 + ((g.i / 2) % "
                    "2)::int, 1)"},
        {"^(x)(?:y)\\.'$", "'x' || 'y' || '.' || ''''"},
        {"a?b", "'b'"},
        {"a{2,}", "'a' || 'a' || 'a'"},
        {"a{1,2}", "'a' || 'a'"},
        {"a+", "'a' || 'a' || 'a'"},
        {"[^b-z1-9]", "substr('a0', 1 + ((g.i / 1) % 2)::int, 1)"},
        {"[[:digit:]]", "substr('0123456789', 1 + ((g.i / 1) % 10)::int, 1)"},
        {"[]-]", "substr(']-', 1 + ((g.i / 1) % 2)::int, 1)"},
        {"[\\.x]", "substr('.x', 1 + ((g.i / 1) % 2)::int, 1)"},
        {"a|b", NULL},
        {"(ab)+", NULL},
        {"\\1", NULL},
        {"\\", NULL},
        {"[ab", NULL},
        {"[[:nothing:]]", NULL},
        {"a{2", NULL},
        {"a{99}", NULL},
        {"a{3,2}", NULL},
        {"*", NULL},
        {"^$", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text got = {0};
        assert_int_equal(rows_pattern(cases[i].pattern, &got), cases[i].sql != NULL);
        assert_string_equal(text_string(&got), cases[i].sql ? cases[i].sql : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_follow_the_type),
        cmocka_unit_test(arrays_enums_composites_and_ranges),
        cmocka_unit_test(constraints_lend_their_literals),
        cmocka_unit_test(a_pattern_is_taken_from_its_check),
        cmocka_unit_test(later_rows),
        cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
