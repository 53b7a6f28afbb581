/* Fingerprints as values: rows, roots, text, differences. */
#include "bundles/bundle_format.h"
#include "bundles/fingerprint.h"
#include "tests/support/unit_test.h"

#define TITLE "sealift-fingerprint 1\n"

static void expect_good(bool good, const Error *err)
{
    if (!good)
        fail_msg("%s", err->message);
}

typedef struct Row {
    const char *class, *kind, *identity, *definition;
} Row;

static const Row harbour[] = {
    {"core", "column", "public.berth.id", "integer not null"},
    {"core", "column order", "public.berth", "id, name"},
    {"core", "table", "public.berth", "persistent"},
    {"core", "table", "public.berths", ""},
    {"deparse", "view", "public.free", "SELECT\tname\nFROM berth -- \\ \r"},
    {"env", "comment", "public.\"a\tb\"", "x"},
};

static void add(Fingerprint *fingerprint, const Row *row, const char *hash)
{
    CLEANUP(error_done) Error err = {0};
    expect_good(fingerprint_add(fingerprint, row->class, row->kind, row->identity, hash,
                                row->definition, &err),
                &err);
}

/* The rows of `harbour`, last first, sorted. */
static Fingerprint sample(void)
{
    CLEANUP(error_done) Error err = {0};
    Fingerprint fingerprint = {0};
    for (size_t i = ARRAY_LEN(harbour); i-- > 0;)
        add(&fingerprint, &harbour[i], /* hash= */ NULL);
    expect_good(fingerprint_sort(&fingerprint, &err), &err);
    return fingerprint;
}

static void sorts_by_class_kind_and_identity(void **state UNUSED)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = sample();
    assert_int_equal(fingerprint.rows.count, ARRAY_LEN(harbour));
    for (size_t i = 0; i < ARRAY_LEN(harbour); i++) {
        const FingerprintRow *row = &fingerprint.rows.items[i];
        assert_string_equal(fingerprint_class_name(row->class), harbour[i].class);
        assert_string_equal(row->kind, harbour[i].kind);
        assert_string_equal(row->identity, harbour[i].identity);
        assert_string_equal(row->definition, harbour[i].definition);
    }
    /* printf 'integer not null' | sha256sum */
    assert_string_equal(fingerprint.rows.items[0].hash,
                        "aa97aea3761297c85be5327c3e17a16c76759df84af1a4804ec5cd03882fc4c2");
}

static void takes_a_hash_without_its_definition(void **state UNUSED)
{
    static const char hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    add(&fingerprint, &(Row){"core", "table", "a", NULL}, hash);
    add(&fingerprint, &(Row){"core", "table", "b", ""}, hash); /* that of no bytes */
    assert_null(fingerprint.rows.items[0].definition);
    assert_string_equal(fingerprint.rows.items[0].hash, hash);
    assert_string_equal(fingerprint.rows.items[1].hash, hash);
}

static void refuses_rows_that_are_none(void **state UNUSED)
{
    static const char hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    CLEANUP(memory_freep) char *long_kind = memory_format("%0*d", FINGERPRINT_KIND_MAX + 1, 0);
    CLEANUP(memory_freep)
    char *long_identity = memory_format("%0*d", FINGERPRINT_IDENTITY_MAX + 1, 0);
    CLEANUP(memory_freep)
    char *long_definition = memory_format("%0*d", (int)FINGERPRINT_DEFINITION_MAX + 1, 0);
    CLEANUP(memory_freep) char *long_hash = memory_format("%s0", hash);
    const struct {
        Row row;
        const char *hash;
        const char *says;
    } cases[] = {
        {{"cor", "table", "a", "x"}, NULL, "'cor' is no class"},
        {{"core", "", "a", "x"}, NULL, "a kind of 0 bytes, not 1 to 63"},
        {{"core", long_kind, "a", "x"}, NULL, "a kind of 64 bytes, not 1 to 63"},
        {{"core", "table", long_identity, "x"}, NULL, "has more than 65536 bytes"},
        {{"core", "table", "a", long_definition}, NULL, "has more than 16777216 bytes"},
        {{"core", "table", "a", NULL}, NULL, "has neither hash nor definition"},
        {{"core", "table", "a", NULL}, "E3b0", "is none of 64 lower-case hex digits"},
        {{"core", "table", "a", NULL}, long_hash, "is none of 64 lower-case hex digits"},
        {{"core", "table", "a", "x"}, hash, "is not that of its definition"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
        CLEANUP(error_done) Error err = {0};
        const Row *row = &cases[i].row;
        assert_false(fingerprint_add(&fingerprint, row->class, row->kind, row->identity,
                                     cases[i].hash, row->definition, &err));
        assert_int_equal(err.class, ERROR_INPUT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' is expected: %s", cases[i].says, err.message);
        assert_int_equal(fingerprint.rows.count, 0);
    }
}

static void refuses_two_rows_of_one_name(void **state UNUSED)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    CLEANUP(error_done) Error err = {0};
    add(&fingerprint, &(Row){"core", "table", "a", "x"}, NULL);
    add(&fingerprint, &(Row){"env", "table", "a", "x"}, NULL);
    expect_good(fingerprint_sort(&fingerprint, &err), &err);
    add(&fingerprint, &(Row){"core", "table", "a", "y"}, NULL);
    assert_false(fingerprint_sort(&fingerprint, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_string_equal(err.message, "fingerprint: two rows for table a");
}

/* The text of the rows of one class, as the header defines it, hashed in one piece. */
static Digest root_by_hand(const char *class)
{
    CLEANUP(text_done) Text lines = {0};
    for (size_t i = 0; i < ARRAY_LEN(harbour); i++) {
        char hash[DIGEST_SHA256_HEX_SIZE];
        const char *identity =
            strcmp(harbour[i].class, "env") == 0 ? "public.\"a\\tb\"" : harbour[i].identity;
        digest_sha256_hex(harbour[i].definition, strlen(harbour[i].definition), hash);
        if (strcmp(harbour[i].class, class) == 0)
            text_addf(&lines, "%s\t%s\t%s\n", harbour[i].kind, identity, hash);
    }
    return digest_of(lines.bytes, lines.length);
}

static void roots_are_as_documented(void **state UNUSED)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = sample();
    FingerprintRoots roots, of_none;
    fingerprint_roots(&fingerprint, &roots);
    for (FingerprintClass class = 0; class < FINGERPRINT_CLASS_COUNT; class ++) {
        Digest expected = root_by_hand(fingerprint_class_name(class));
        assert_true(digest_equal(&roots.classes[class], &expected));
    }
    Digest nothing = digest_of("", 0);
    fingerprint_roots(&(Fingerprint){0}, &of_none);
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        assert_true(digest_equal(&of_none.classes[class], &nothing));
}

static void roots_are_equal_class_by_class(void **state UNUSED)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = sample();
    FingerprintRoots roots, other;
    fingerprint_roots(&fingerprint, &roots);
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++) {
        other = roots;
        assert_true(fingerprint_roots_equal(&roots, &other));
        other.classes[class].bytes[63] ^= 1;
        assert_false(fingerprint_roots_equal(&roots, &other));
    }
}

static void writes_and_reads_the_text_of_a_bundle(void **state UNUSED)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = sample(), read = {0};
    CLEANUP(text_done) Text text = {0};
    CLEANUP(error_done) Error err = {0};
    fingerprint_format(&fingerprint, &text);
    assert_string_equal(text_string(&text),
                        TITLE "core\tcolumn\tpublic.berth.id\tinteger not null\n"
                              "core\tcolumn order\tpublic.berth\tid, name\n"
                              "core\ttable\tpublic.berth\tpersistent\n"
                              "core\ttable\tpublic.berths\t\n"
                              "deparse\tview\tpublic.free\tSELECT\\tname\\nFROM berth -- \\\\ \\r\n"
                              "env\tcomment\tpublic.\"a\\tb\"\tx\n");
    expect_good(fingerprint_parse(text.bytes, text.length, &read, &err), &err);
    FingerprintRoots first, second;
    fingerprint_roots(&fingerprint, &first);
    fingerprint_roots(&read, &second);
    assert_true(fingerprint_roots_equal(&first, &second));
    assert_string_equal(read.rows.items[4].definition, harbour[4].definition);

    CLEANUP(fingerprint_done) Fingerprint empty = {0};
    expect_good(fingerprint_parse(TITLE, strlen(TITLE), &empty, &err), &err);
    assert_int_equal(empty.rows.count, 0);
}

typedef struct BadText {
    const char *bytes;
    size_t size;
    const char *says;
} BadText;
#define BAD(text, says)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, says                                                               \
    }

static void refuses_text_that_is_not_ours(void **state UNUSED)
{
    static const BadText cases[] = {
        BAD("", "does not begin with"),
        BAD("sealift-fingerprint 1", "does not begin with"),
        BAD("sealift-fingerprint 2\n", "does not begin with 'sealift-fingerprint 1'"),
        BAD(TITLE "core\ttable\ta\tx", "line 2: does not end in a line feed"),
        BAD(TITLE "\n", "line 2: has not four columns"),
        BAD(TITLE "core\ttable\ta\n", "line 2: has not four columns"),
        BAD(TITLE "core\ttable\ta\tx\ty\n", "line 2: has not four columns"),
        BAD(TITLE "Core\ttable\ta\tx\n", "line 2: begins with no class"),
        BAD(TITLE "cor\ttable\ta\tx\n", "line 2: begins with no class"),
        BAD(TITLE "core\t\ta\tx\n", "line 2: names no kind"),
        BAD(TITLE "core\ttable\ta\tx\r\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\tx\0\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\tx\\q\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\tx\\\0\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\tx\\\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\\\tx\n", "line 2: has a byte or an escape that is none"),
        BAD(TITLE "core\ttable\ta\tx\ncore\ttable\ta\tx\n", "line 3: does not come after the one"),
        BAD(TITLE "core\ttable\tb\tx\ncore\ttable\ta\tx\n", "line 3: does not come after the one"),
        BAD(TITLE "env\ttable\ta\tx\ncore\ttable\tb\tx\n", "line 3: does not come after the one"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(error_done) Error err = {0};
        Fingerprint read = {0};
        if (fingerprint_parse(cases[i].bytes, cases[i].size, &read, &err))
            fail_msg("accepted: %s", cases[i].bytes);
        assert_int_equal(err.class, ERROR_INPUT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("'%s' is expected: %s", cases[i].says, err.message);
        assert_int_equal(read.rows.count, 0);
    }
}

static void refuse_line(const char *line, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *text = memory_format("%s%s\n", TITLE, line);
    Fingerprint read = {0};
    assert_false(fingerprint_parse(text, strlen(text), &read, &err));
    if (!strstr(err.message, says))
        fail_msg("'%s' is expected: %s", says, err.message);
}

static void refuses_text_beyond_the_limits(void **state UNUSED)
{
    CLEANUP(memory_freep)
    char *kind = memory_format("core\t%0*d\ta\tx", FINGERPRINT_KIND_MAX + 1, 0);
    CLEANUP(memory_freep)
    char *identity = memory_format("core\tk\t%0*d\tx", FINGERPRINT_IDENTITY_MAX + 1, 0);
    CLEANUP(memory_freep)
    char *definition = memory_format("core\tk\ta\t%0*d", (int)FINGERPRINT_DEFINITION_MAX + 1, 0);
    refuse_line(kind, "line 2: is longer than any may be");
    refuse_line(identity, "line 2: is longer than any may be");
    refuse_line(definition, "line 2: is longer than any may be");

    CLEANUP(error_done) Error err = {0};
    Fingerprint read = {0};
    assert_false(fingerprint_parse(TITLE, (size_t)FINGERPRINT_SIZE_MAX + 1, &read, &err));
    assert_string_equal(err.message, "fingerprint: 134217729 bytes, more than 134217728");

    CLEANUP(text_done) Text rows = {0};
    text_add(&rows, TITLE);
    for (int i = 0; i <= FINGERPRINT_ROWS_MAX; i++)
        text_addf(&rows, "core\tk\t%08d\t\n", i);
    assert_false(fingerprint_parse(rows.bytes, rows.length, &read, &err));
    assert_string_equal(err.message, "fingerprint: line 1000002: is one row too many");
}

static void refuses_a_row_too_many(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    for (int i = 0; i < FINGERPRINT_ROWS_MAX; i++)
        add(&fingerprint, &(Row){"core", "k", "a", ""}, NULL);
    assert_false(fingerprint_add(&fingerprint, "core", "k", "a", NULL, "", &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_string_equal(err.message, "fingerprint: more than 1000000 rows");
}

static void names_what_differs_in_order(void **state UNUSED)
{
    static const Row left[] = {{"core", "column", "a.b", "int"},
                               {"core", "table", "a", "x"},
                               {"core", "table", "z", "x"},
                               {"env", "owner", "a", "me"}};
    static const Row right[] = {{"core", "column", "a.b", "bigint"},
                                {"core", "table", "a", "x"},
                                {"core", "table", "b\033", "x"},
                                {"core", "trigger", "a", "x"}};
    static const char *const says[] = {"column a.b: changed", "table b\\x1b: extra",
                                       "table z: missing", "trigger a: extra", "owner a: missing"};
    CLEANUP(fingerprint_done) Fingerprint expected = {0}, actual = {0};
    for (size_t i = 0; i < ARRAY_LEN(left); i++) {
        add(&expected, &left[i], NULL);
        add(&actual, &right[i], NULL);
    }
    FingerprintChangeArray changes = {0};
    fingerprint_compare(&expected, &actual, &changes);
    assert_int_equal(changes.count, ARRAY_LEN(says));
    for (size_t i = 0; i < changes.count; i++) {
        CLEANUP(text_done) Text text = {0};
        fingerprint_change_text(&changes.items[i], &text);
        assert_string_equal(text_string(&text), says[i]);
        assert_true((changes.items[i].expected != NULL) == (changes.items[i].kind != CHANGE_EXTRA));
        assert_true((changes.items[i].actual != NULL) == (changes.items[i].kind != CHANGE_MISSING));
    }
    array_free(&changes);
    fingerprint_compare(&expected, &expected, &changes);
    assert_int_equal(changes.count, 0);
    fingerprint_compare(&expected, &(Fingerprint){0}, &changes);
    assert_int_equal(changes.count, ARRAY_LEN(left));
    array_free(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_by_class_kind_and_identity),
        cmocka_unit_test(takes_a_hash_without_its_definition),
        cmocka_unit_test(refuses_rows_that_are_none),
        cmocka_unit_test(refuses_two_rows_of_one_name),
        cmocka_unit_test(roots_are_as_documented),
        cmocka_unit_test(roots_are_equal_class_by_class),
        cmocka_unit_test(writes_and_reads_the_text_of_a_bundle),
        cmocka_unit_test(refuses_text_that_is_not_ours),
        cmocka_unit_test(refuses_text_beyond_the_limits),
        cmocka_unit_test(refuses_a_row_too_many),
        cmocka_unit_test(names_what_differs_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
