/* cmocka needs these first, in this order */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bundles/manifest.h"

static void digests_a_tree_as_documented(void **state UNUSED)
{
    Digest up = digest_of("create table t ()", 17), data = digest_of("1\n", 2);
    char up_hex[DIGEST_HEX_SIZE], data_hex[DIGEST_HEX_SIZE], none_hex[DIGEST_HEX_SIZE];
    Digest none = digest_of("", 0);
    digest_hex(&up, up_hex);
    digest_hex(&data, data_hex);
    digest_hex(&none, none_hex);

    CLEANUP(text_done) Text lines = {0};
    manifest_tree_line("0001-start", TRANSACTION_MODE_GROUP, &up, &data, 1, "", &lines);
    manifest_tree_line("0002-void", TRANSACTION_MODE_NONE, NULL, NULL, 0, "", &lines);
    CLEANUP(memory_freep)
    char *expected = memory_format("0001-start\ttransaction\t%s\t%s\n0002-void\tnone\t%s\n", up_hex,
                                   data_hex, none_hex);
    assert_string_equal(text_string(&lines), expected);

    CLEANUP(memory_freep)
    char *whole = memory_format("sealift-tree 1\n-\n1.0\n%s", expected);
    Digest by_hand = digest_of(whole, strlen(whole));
    Digest tree = manifest_tree_digest("-", "1.0", expected);
    assert_true(digest_equal(&by_hand, &tree));
}

/* What is sent is not in the script's bytes alone. */
static void digests_references_as_documented(void **state UNUSED)
{
    Digest up = digest_of("", 0);
    char up_hex[DIGEST_HEX_SIZE], lines_hex[DIGEST_HEX_SIZE];
    CLEANUP(text_done) Text lines = {0};
    manifest_reference_line(7, "app", PARAMETER_IDENTIFIER, QUOTING_LITERAL, &lines);
    manifest_reference_line(20, "most", PARAMETER_INTEGER, QUOTING_RAW, &lines);
    assert_string_equal(text_string(&lines),
                        "7\tapp\tidentifier\tliteral\n20\tmost\tinteger\traw\n");
    Digest of_lines = digest_of(lines.bytes, lines.length);
    CLEANUP(text_done) Text line = {0};
    manifest_tree_line("a", TRANSACTION_MODE_GROUP, &up, NULL, 0, text_string(&lines), &line);
    CLEANUP(memory_freep)
    char *expected = memory_format("a\ttransaction\t%s\tparameters\t%s\n", digest_hex(&up, up_hex),
                                   digest_hex(&of_lines, lines_hex));
    assert_string_equal(text_string(&line), expected);
}

static void words_lead_back_to_values(void **state UNUSED)
{
    static const struct {
        const WordTable *table;
        int count;
    } tables[] = {
        {&transaction_mode_words, TRANSACTION_MODE_NONE + 1},
        {&script_kind_words, SCRIPT_KIND_COUNT},
        {&verdict_words, VERDICT_FAILS + 1},
        {&phase_words, PHASE_AFTER + 1},
        {&group_kind_words, GROUP_BATCH + 1},
        {&isolation_words, ISOLATION_SERIALIZABLE + 1},
        {&step_kind_words, STEP_LINES + 1},
        {&probe_kind_words, PROBE_SUBSCRIPTION_ABSENT + 1},
        {&arrival_words, ARRIVAL_CHAIN + 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        assert_int_equal(tables[i].table->count, tables[i].count);
        for (int value = 0; value < tables[i].count; value++)
            assert_int_equal(word_table_find(tables[i].table, tables[i].table->words[value]),
                             value);
        assert_int_equal(word_table_find(tables[i].table, "Up"), -1);
    }
}

static void numbers_statements_over_steps(void **state UNUSED)
{
    ManifestStep steps[] = {{.statements = 1}, {.statements = 40}, {.statements = 1}};
    const ManifestScript script = {.steps = {steps, 3, 3}};
    const ManifestScript none = {0};
    assert_int_equal(manifest_statement_number(&script, 0), 1);
    assert_int_equal(manifest_statement_number(&script, 1), 2);
    assert_int_equal(manifest_statement_number(&script, 2), 42);
    assert_int_equal(manifest_script_statements(&script), 42);
    assert_int_equal(manifest_script_statements(&none), 0);
}

static void knows_which_verdicts_a_rehearsal_gives(void **state UNUSED)
{
    static const Verdict rehearsed[] = {VERDICT_EXACT, VERDICT_COLUMN_ORDER, VERDICT_LOSSY,
                                        VERDICT_DIFFERS, VERDICT_FAILS};
    for (size_t i = 0; i < ARRAY_LEN(rehearsed); i++)
        assert_true(verdict_is_rehearsed(rehearsed[i]));
    assert_false(verdict_is_rehearsed(VERDICT_UNPROVEN));
    assert_false(verdict_is_rehearsed(VERDICT_NONE));
    assert_false(verdict_is_rehearsed(VERDICT_IRREVERSIBLE));
    assert_string_equal(verdict_name(VERDICT_COLUMN_ORDER), "column-order");
}

static void finds_the_schema_of_a_version_by_arrival_and_major(void **state UNUSED)
{
    CLEANUP(manifest_done) Manifest manifest = {0};
    *array_add(&manifest.fingerprints) = (ManifestFingerprint){0, ARRIVAL_UP, 15, .object = 1};
    *array_add(&manifest.fingerprints) = (ManifestFingerprint){1, ARRIVAL_UP, 15, .object = 2};
    *array_add(&manifest.fingerprints) = (ManifestFingerprint){1, ARRIVAL_AGAIN, 15, .object = 3};
    *array_add(&manifest.fingerprints) = (ManifestFingerprint){1, ARRIVAL_AGAIN, 16, .object = 4};
    assert_int_equal(manifest_fingerprint(&manifest, 1, ARRIVAL_AGAIN, 16)->object, 4);
    assert_int_equal(manifest_fingerprint(&manifest, 0, ARRIVAL_UP, 15)->object, 1);
    assert_null(manifest_fingerprint(&manifest, 1, ARRIVAL_UP, 16));
    assert_null(manifest_fingerprint(&manifest, 2, ARRIVAL_UP, 15));
    assert_null(manifest_fingerprint(&manifest, 0, ARRIVAL_DOWN, 15));
    CLEANUP(memory_freep) char *path = manifest_fingerprint_path(12, 3);
    assert_string_equal(path, "versions/0012/fingerprint-03.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_a_tree_as_documented),
        cmocka_unit_test(digests_references_as_documented),
        cmocka_unit_test(words_lead_back_to_values),
        cmocka_unit_test(numbers_statements_over_steps),
        cmocka_unit_test(knows_which_verdicts_a_rehearsal_gives),
        cmocka_unit_test(finds_the_schema_of_a_version_by_arrival_and_major),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
