#include "tests/support/unit_test.h"

#include "tests/unit/applier/proven_manifest.h"

static Fingerprint expected, actual;
static FingerprintChangeArray changes;
static AcceptedExtraArray accepted;
static AcceptRequestArray requests;
static Error error;

static int end(void **state UNUSED)
{
    array_free(&changes);
    fingerprint_done(&expected);
    fingerprint_done(&actual);
    accepted_extras_done(&accepted);
    accept_requests_done(&requests);
    error_done(&error);
    return 0;
}

/* What is there beside one proven table, and what the operator says of it. */
static void given(const char *extra, const char *word)
{
    static const char table[] = "core|column|public.t.a|integer\ncore|table|public.t|\n";
    CLEANUP(memory_freep) char *all = memory_format("%s%s", table, extra);
    array_free(&changes);
    fingerprint_done(&expected);
    fingerprint_done(&actual);
    expected = proven_rows(table);
    actual = proven_rows(all);
    fingerprint_compare(&expected, &actual, &changes);
    accept_requests_done(&requests);
    AcceptRequest request;
    assert_true(accept_request_parse(word, &request, &error));
    *array_add(&requests) = request;
}

static bool add(void)
{
    error_done(&error);
    return accepted_extras_add(&changes, &requests, &accepted, &accepted, &error);
}

/* "index public.t.x; …" of what is accepted. */
static void expect(const char *words)
{
    CLEANUP(text_done) Text text = {0};
    array_each (const AcceptedExtra, extra, &accepted)
        text_addf(&text, "%s%s %s", text.length ? "; " : "", extra->kind, extra->identity);
    assert_string_equal(text_string(&text), words);
}

static void reads_kind_identity_and_reason(void **state UNUSED)
{
    static const struct {
        const char *word;
        const char *kind;
        const char *identity;
        const char *reason;
    } rows[] = {
        {"public.t.x=slow", NULL, "public.t.x", "slow"},
        {"index:public.t.x=a = b", "index", "public.t.x", "a = b"},
        {"public.t.x=see http://x", NULL, "public.t.x", "see http://x"},
        {"index:public.\"o:d=d\".x=r", "index", "public.\"o:d=d\".x", "r"},
        {"acl:table public.t=shared", "acl", "table public.t", "shared"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AcceptRequest request;
        assert_true(accept_request_parse(rows[i].word, &request, &error));
        if (rows[i].kind)
            assert_string_equal(request.kind, rows[i].kind);
        else
            assert_null(request.kind);
        assert_string_equal(request.identity, rows[i].identity);
        assert_string_equal(request.reason, rows[i].reason);
        AcceptRequestArray one = {0};
        *array_add(&one) = request;
        accept_requests_done(&one);
    }
}

static void refuses_words_without_identity_or_reason(void **state UNUSED)
{
    static const char *const words[] = {"",
                                        "public.t",
                                        "public.t=",
                                        "=reason",
                                        "index:=reason",
                                        ":public.t=reason",
                                        "\"public.t=reason"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AcceptRequest request;
        assert_false(accept_request_parse(words[i], &request, &error));
        assert_int_equal(error.class, ERROR_USAGE);
    }
}

static void knows_what_an_aspect_is_about(void **state UNUSED)
{
    static const struct {
        const char *kind;
        const char *identity;
        const char *object;
    } rows[] = {
        {"owner", "table public.t", "public.t"},
        {"owner", "foreign table public.t", "public.t"},
        {"comment", "column public.\"a b\".c", "public.\"a b\".c"},
        {"owner", "function public.f(integer, text)", "public.f(integer, text)"},
        {"comment", "schema app", "app"},
        {"security label", "provider table public.t", "public.t"},
        {"column", "public.\"a b\".c", "public.\"a b\".c"},
        {"cast", "integer as text", "integer as text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const FingerprintRow row = {.kind = (char *)(uintptr_t)rows[i].kind,
                                    .identity = (char *)(uintptr_t)rows[i].identity};
        assert_string_equal(fingerprint_row_object(&row), rows[i].object);
    }
}

static void accepts_an_index_with_its_aspects_and_nothing_else(void **state UNUSED)
{
    given("core|index|public.t.x|using btree (a)\nenv|comment|index public.t.x|for the DBA\n"
          "core|index|public.t.xy|using btree (a)\nenv|comment|index public.t.xy|another\n",
          "public.t.x=slow list");
    assert_true(add());
    expect("index public.t.x; comment index public.t.x");
    assert_string_equal(accepted.items[0].reason, "slow list");
    assert_string_equal(accepted.items[0].came_with, "");
    assert_string_equal(accepted.items[1].came_with, "index public.t.x");
    /* saying it again adds nothing */
    assert_true(add());
    assert_int_equal(accepted.count, 2);
}

static void accepts_a_table_with_all_that_belongs_to_it(void **state UNUSED)
{
    given("core|table|public.d|\ncore|column|public.d.id|integer not null\n"
          "core|column order|public.d|id\ncore|constraint|public.d.d_pkey|PRIMARY KEY (id)\n"
          "core|index|public.d.d_pkey|unique using btree (id)\n"
          "core|trigger|public.d.audit|CREATE TRIGGER …\n"
          "core|sequence|public.d_id_seq|as integer owned by public.d.id\n"
          "env|owner|table public.d|dba\nenv|owner|sequence public.d_id_seq|dba\n"
          "core|sequence|public.other|as integer owned by public.dd.id\n"
          "core|table|public.dd|\nenv|owner|table public.dd|dba\n",
          "public.d=reports");
    assert_true(add());
    expect("table public.d; column public.d.id; column order public.d; constraint public.d.d_pkey; "
           "index public.d.d_pkey; sequence public.d_id_seq; owner sequence public.d_id_seq; "
           "trigger public.d.audit; owner table public.d");
}

static void accepts_what_has_come_to_an_accepted_table(void **state UNUSED)
{
    *array_add(&accepted) = (AcceptedExtra){.kind = memory_string("table"),
                                            .identity = memory_string("public.d"),
                                            .reason = memory_string("reports"),
                                            .came_with = memory_string("")};
    given("core|column|public.d.late|integer\n", "public.d=reports");
    assert_true(add());
    expect("table public.d; column public.d.late");
    assert_string_equal(accepted.items[1].came_with, "table public.d");
}

static void accepts_a_view_with_its_text(void **state UNUSED)
{
    given("core|view|public.w|\ncore|column|public.w.a|integer\n"
          "deparse|view text|public.w|SELECT 1\n",
          "view:public.w=reports");
    assert_true(add());
    expect("view public.w; column public.w.a; view text public.w");
}

static void accepts_any_row_of_env(void **state UNUSED)
{
    given("env|acl|table public.t|dba=SELECT\n", "acl:table public.t=audit");
    assert_true(add());
    expect("acl table public.t");
}

static void refuses_what_can_change_a_migration(void **state UNUSED)
{
    static const struct {
        const char *extra;
        const char *word;
        const char *why;
    } rows[] = {
        {"core|index|public.t.x|unique using btree (a)\n", "public.t.x=r", "unique index"},
        {"core|index|public.t.x|CREATE UNIQUE INDEX x ON …\n", "public.t.x=r", "unique index"},
        {"core|table|public.c|inherits (public.t)\n", "public.c=r", "child of another table"},
        {"core|table|public.c|partition of public.t FOR …\n", "public.c=r", "child of another"},
        {"core|trigger|public.t.x|CREATE TRIGGER\n", "public.t.x=r", "cannot change what a"},
        {"core|column|public.t.b|integer\n", "public.t.b=r", "cannot change what a"},
        {"core|function|public.f(integer)|…\n", "public.f(integer)=r", "cannot change what a"},
        {"core|policy|public.t.p|…\n", "public.t.p=r", "cannot change what a"},
        {"core|constraint|public.t.k|CHECK (a > 0)\n", "public.t.k=r", "cannot change what a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        given(rows[i].extra, rows[i].word);
        assert_false(add());
        assert_int_equal(error.class, ERROR_TARGET);
        assert_non_null(strstr(error.message, rows[i].why));
        assert_int_equal(accepted.count, 0);
    }
}

static void refuses_what_is_not_extra(void **state UNUSED)
{
    given("", "public.t.x=r");
    assert_false(add());
    assert_int_equal(error.class, ERROR_TARGET);
    assert_string_equal(error.message, "nothing extra has the name 'public.t.x'");
    given("core|index|public.t.x|using btree (a)\n", "view:public.t.x=r");
    assert_false(add());
    assert_string_equal(error.message, "nothing extra has the name 'view:public.t.x'");
}

static void asks_which_of_two_is_meant(void **state UNUSED)
{
    given("core|statistics|public.s|a, b\ncore|view|public.s|\n", "public.s=r");
    assert_false(add());
    assert_string_equal(error.message,
                        "both a statistics and a view are extra under the name 'public.s'");
    given("core|statistics|public.s|a, b\ncore|view|public.s|\n", "view:public.s=r");
    assert_true(add());
    expect("view public.s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_kind_identity_and_reason, end),
        cmocka_unit_test_teardown(refuses_words_without_identity_or_reason, end),
        cmocka_unit_test_teardown(knows_what_an_aspect_is_about, end),
        cmocka_unit_test_teardown(accepts_an_index_with_its_aspects_and_nothing_else, end),
        cmocka_unit_test_teardown(accepts_a_table_with_all_that_belongs_to_it, end),
        cmocka_unit_test_teardown(accepts_what_has_come_to_an_accepted_table, end),
        cmocka_unit_test_teardown(accepts_a_view_with_its_text, end),
        cmocka_unit_test_teardown(accepts_any_row_of_env, end),
        cmocka_unit_test_teardown(refuses_what_can_change_a_migration, end),
        cmocka_unit_test_teardown(refuses_what_is_not_extra, end),
        cmocka_unit_test_teardown(asks_which_of_two_is_meant, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
