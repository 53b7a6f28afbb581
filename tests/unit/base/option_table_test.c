#include "base/option_table.h"
#include "tests/support/unit_test.h"

typedef struct Sample {
    bool yes;
    const char *out;
    StringArray key;
    StringArray root;
    int64_t threshold;
    const char *atomic;
    const char *explain;
} Sample;

static const Option table[] = {
    OPTION_FLAG_ROW("yes", Sample, yes, "do not ask"),
    OPTION_STRING_ROW("out", Sample, out, "FILE", "where it goes"),
    OPTION_REPEATED_ROW("key", Sample, key, "FILE", "a key"),
    OPTION_LIST_ROW("root", Sample, root, "FILE…", "root keys"),
    OPTION_NUMBER_ROW("threshold", Sample, threshold, "N", "how many"),
    OPTION_CHOICE_ROW("atomic", Sample, atomic, "migration|version|run", "how much at once"),
    OPTION_BARE_ROW("explain", Sample, explain, "[RULE]", "one, or all"),
};

static bool parse(Sample *sample, StringArray *positional, Error *err, const char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    return option_table_parse(table, ARRAY_LEN(table), count, words, sample, positional, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void fills_every_kind(void **state UNUSED)
{
    Sample sample = {.threshold = 7};
    StringArray positional = {0};
    Error err = {0};
    assert_true(parse(&sample, &positional, &err,
                      WORDS("B", "--yes", "--out=f", "--key", "k1", "C", "--key", "k2", "--root",
                            "r1", "r2", "--atomic", "run", "--threshold", "2", "--", "--x")));
    assert_true(sample.yes);
    assert_string_equal(sample.out, "f");
    assert_int_equal(sample.key.count, 2);
    assert_int_equal(sample.root.count, 2);
    assert_string_equal(sample.root.items[1], "r2");
    assert_string_equal(sample.atomic, "run");
    assert_int_equal(sample.threshold, 2);
    assert_int_equal(positional.count, 3);
    assert_string_equal(positional.items[1], "C");
    assert_string_equal(positional.items[2], "--x");
    array_free(&positional);
    option_table_done(table, ARRAY_LEN(table), &sample);
    assert_null(sample.key.items);
}

static void takes_a_bare_option_with_and_without_its_value(void **state UNUSED)
{
    static const struct {
        const char *words[3];
        const char *value;
    } given[] = {
        {{"--explain"}, ""},       {{"--explain", "--yes"}, ""},
        {{"--explain", "a"}, "a"}, {{"--explain=b"}, "b"},
        {{"--yes"}, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        Sample sample = {0};
        StringArray positional = {0};
        CLEANUP(error_done) Error err = {0};
        assert_true(parse(&sample, &positional, &err, given[i].words));
        assert_int_equal(positional.count, 0);
        if (given[i].value)
            assert_string_equal(sample.explain, given[i].value);
        else
            assert_null(sample.explain);
    }
}

static void refuses_what_is_not_in_the_table(void **state UNUSED)
{
    static const struct {
        const char *words[4];
        const char *says;
        const char *hint;
    } bad[] = {
        {{"--yess"}, "there is no option '--yess'", "did you mean '--yes'?"},
        {{"--thresh", "2"}, "there is no option '--thresh'", NULL}, /* no abbreviations */
        {{"-y"}, "there is no option '-y'", NULL},
        {{"--yes", "--yes"}, "'--yes' is given twice", NULL},
        {{"--yes=1"}, "'--yes' takes no value", NULL},
        {{"--out"}, "'--out' takes a value (FILE)", NULL},
        {{"--out", "--yes"}, "'--out' takes a value (FILE)", NULL},
        {{"--threshold", "two"}, "'--threshold' takes a number, not 'two'", NULL},
        {{"--atomic", "runs"}, "takes one of migration|version|run, not 'runs'", NULL},
        {{"--atomic", "migration|version"}, "takes one of", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Sample sample = {0};
        StringArray positional = {0};
        Error err = {0};
        assert_false(parse(&sample, &positional, &err, bad[i].words));
        assert_int_equal(err.class, ERROR_USAGE);
        assert_non_null(strstr(err.message, bad[i].says));
        if (bad[i].hint)
            assert_string_equal(err.hint, bad[i].hint);
        error_done(&err);
        array_free(&positional);
        option_table_done(table, ARRAY_LEN(table), &sample);
    }
}

static void help_comes_from_the_table(void **state UNUSED)
{
    CLEANUP(text_done) Text text = {0};
    option_table_help(table, 2, &text);
    assert_string_equal(text.bytes, "  --yes       do not ask\n"
                                    "  --out FILE  where it goes\n");
}

/* A long list of choices stands out of the column, instead of pushing all others to the right. */
static void a_wide_option_leaves_the_others_in_place(void **state UNUSED)
{
    static const Option wide[] = {
        {.name = "yes", .help = "do not ask"},
        {.name = "layout",
         .value = "one|two|three|four|five|six|seven|eight|nine|ten",
         .help = "of what"},
        {.name = "out", .value = "FILE", .help = "where it goes"},
    };
    CLEANUP(text_done) Text text = {0};
    option_table_help(wide, ARRAY_LEN(wide), &text);
    assert_string_equal(text.bytes,
                        "  --yes       do not ask\n"
                        "  --layout one|two|three|four|five|six|seven|eight|nine|ten  of what\n"
                        "  --out FILE  where it goes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_bare_option_with_and_without_its_value),
        cmocka_unit_test(fills_every_kind),
        cmocka_unit_test(refuses_what_is_not_in_the_table),
        cmocka_unit_test(help_comes_from_the_table),
        cmocka_unit_test(a_wide_option_leaves_the_others_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
