#include "tests/support/unit_test.h"

#include "applier/server/server_words.h"
#include "base/attributes.h"

static const struct {
    const char *sqlstate;
    const char *primary;
    const char *statement;
    const char *constraint;
    const char *source;
    const char *says;
} cases[] = {
    {"42P01", "relation \"orders\" does not exist", "ALTER TABLE orders ADD c int", NULL, "f",
     "42P01 undefined_table: relation \"orders\" does not exist"},
    /* an identifier that the statement does not name may come from data (EXECUTE) */
    {"42P01", "relation \"hunter2\" does not exist", "SELECT f()", NULL, "f",
     "42P01 undefined_table: relation \"…\" does not exist"},
    /* in the statement, but as a literal */
    {"42P01", "relation \"hunter2\" does not exist", "SELECT f('hunter2')", NULL, "f",
     "42P01 undefined_table: relation \"…\" does not exist"},
    {"42601", "syntax error at or near \"'secret'\"", "SELECT x 'secret'", NULL, "f",
     "42601 syntax_error: syntax error at or near \"…\""},
    {"42601", "syntax error at or near \"FORM\"", "select * FORM t", NULL, "f",
     "42601 syntax_error: syntax error at or near \"FORM\""},
    {"23505", "duplicate key value violates unique constraint \"t_pkey\"", "INSERT INTO t SELECT 1",
     "t_pkey", "f",
     "23505 unique_violation: duplicate key value violates unique constraint \"t_pkey\""},
    /* part of a word is not the word */
    {"42P01", "relation \"rder\" does not exist", "SELECT * FROM orders", NULL, "f",
     "42P01 undefined_table: relation \"…\" does not exist"},
    {"22P02", "invalid input syntax for type integer: \"4111\"", "SELECT 1", NULL, "f",
     "22P02 data exception"},
    {"P0001", "customer 4711 owes money", "SELECT 1", NULL, "exec_stmt_raise",
     "P0001 raise_exception"},
    /* RAISE … USING ERRCODE */
    {"23514", "customer 4711 owes money", "SELECT 1", NULL, "exec_stmt_raise",
     "23514 check_violation"},
    {"ZZ123", "made up", "SELECT 1", NULL, "f", "ZZ123"},
    {"42704", "Typ »geheim« existiert nicht", "SELECT 1", NULL, "f",
     "42704 undefined_object: Typ »geheim« existiert nicht"},
    {"42704", "le type « secret » n'existe pas", "SELECT 1", NULL, "f",
     "42704 undefined_object: le type «…» n'existe pas"},
};

static void shows_identifiers_and_hides_data(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ServerError error = {.sqlstate = cases[i].sqlstate,
                             .primary = cases[i].primary,
                             .source_function = cases[i].source,
                             .identifiers = {NULL, NULL, NULL, NULL, cases[i].constraint}};
        CLEANUP(text_done) Text text = {0};
        server_words_add(&error, cases[i].statement, WORDS_REDACTED, &text);
        assert_string_equal(text_string(&text), cases[i].says);
    }
}

static void shows_all_when_asked(void **state UNUSED)
{
    ServerError error = {.sqlstate = "22P02",
                         .primary = "invalid input: \"4111\"",
                         .detail = "row 7",
                         .hint = "mend it",
                         .source_function = "f"};
    CLEANUP(text_done) Text text = {0};
    server_words_add(&error, NULL, WORDS_WHOLE, &text);
    assert_string_equal(text_string(&text),
                        "22P02 data exception: invalid input: \"4111\" (detail: row 7) "
                        "(server's hint: mend it)");
}

static void survives_an_error_without_fields(void **state UNUSED)
{
    ServerError error = {0};
    CLEANUP(text_done) Text text = {0};
    server_words_add(&error, NULL, WORDS_REDACTED, &text);
    assert_string_equal(text_string(&text), "an error without SQLSTATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_identifiers_and_hides_data),
        cmocka_unit_test(shows_all_when_asked),
        cmocka_unit_test(survives_an_error_without_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
