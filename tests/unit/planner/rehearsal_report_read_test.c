#include "base/text.h"
#include "planner/rehearsal/rehearsal_report_read.h"
#include "tests/support/unit_test.h"

#define HEX16  "0123456789abcdef"
#define HEX128 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define FILE1  "0123456789abcdef0123456789abcdef.txt"
#define BEGIN                                                                                      \
    "{\"type\":\"begin\",\"report\":1,\"applier\":\"0.1.0\",\"server_major\":15,"                  \
    "\"server_version\":\"15.18\",\"head_digest\":\"" HEX128 "\",\"from\":\"-\","                  \
    "\"to\":\"1.0.0\",\"migrations\":2,\"cycles\":1}\n"
#define END "{\"type\":\"end\",\"passed\":true}\n"
#define ROOTS                                                                                      \
    "\"core\":\"" HEX128 "\",\"deparse\":\"" HEX128 "\",\"env\":\"" HEX128 "\",\"file\":\"" FILE1  \
    "\""

/* Read a report in pieces of `step` bytes. */
static bool read_report(const char *report, size_t step, Rehearsal *rehearsal, Error *err)
{
    CLEANUP(report_reader_freep) ReportReader *reader = NULL;
    size_t length = strlen(report);
    assert_true(report_reader_new(rehearsal, &reader, err));
    for (size_t at = 0; at < length; at += step)
        if (!report_reader_add(reader, report + at, length - at < step ? length - at : step, err))
            return false;
    return report_reader_end(reader, err);
}

/* As recorded from a run, each type of line once. */
static const char recorded[] = BEGIN
    "{\"type\":\"progress\",\"pass\":\"cycle\",\"done\":1,\"total\":2,\"what\":\"0001_one\"}\n"
    "{\"type\":\"scope\",\"schemas\":[\"app\",\"public\"]}\n"
    "{\"type\":\"fingerprint\",\"version\":\"1.0.0\",\"position\":2,\"arrival\":\"chain\"," ROOTS
    "}\n"
    "{\"type\":\"measured\",\"identity\":\"0001_one\",\"version\":\"1.0.0\",\"script\":\"down\","
    "\"statement\":2,\"line\":3,\"duration_us\":120,\"wal_bytes\":8192,\"relations\":["
    "{\"relation\":\"public.t\",\"lock\":\"AccessExclusiveLock\",\"rewritten\":true,"
    "\"scanned\":false,\"rows_read\":-50}],\"invalid_indexes\":[\"public.t_x\"],"
    "\"declared\":true}\n"
    "{\"type\":\"migration\",\"identity\":\"0001_one\",\"version\":\"1.0.0\","
    "\"verdict\":\"column-order\",\"detail\":\"columns of public.t\",\"script\":\"down\","
    "\"sqlstate\":\"42P01\",\"statement\":1,\"line\":4,\"source\":\"a.down.sql\",\"differs\":["
    "{\"change\":\"changed\",\"class\":\"core\",\"kind\":\"column order\","
    "\"identity\":\"public.t\"}],\"lost\":[{\"table\":\"public.t\",\"column\":null,"
    "\"rows_before\":50,\"rows_after\":0},{\"table\":\"public.t\",\"column\":\"b\","
    "\"rows_before\":50,\"rows_after\":50}],\"before\":\"" FILE1 "\",\"after\":\"\"}\n"
    "{\"type\":\"version\",\"version\":\"1.0.0\",\"verdict\":\"exact\",\"detail\":\"\"}\n"
    "{\"type\":\"rows\",\"identity\":\"0001_one\",\"detail\":\"23502\",\"sqlstate\":\"23502\","
    "\"line\":9}\n"
    "{\"type\":\"atomic\",\"mode\":\"run\",\"passed\":false,\"detail\":\"why\"}\n"
    "{\"type\":\"nondeterministic\",\"version\":\"1.0.0\",\"identity\":\"0001_one\",\"objects\":["
    "{\"kind\":\"table\",\"identity\":\"public.t_1\"},{\"kind\":\"table\","
    "\"identity\":\"public.t_2\"}]}\n"
    "{\"type\":\"failure\",\"identity\":\"0002_two\",\"version\":\"1.0.0\",\"script\":\"up\","
    "\"statement\":2,\"line\":7,\"source\":\"b.up.sql\",\"sqlstate\":\"55P04\","
    "\"words\":\"unsafe \\u00fc\",\"proposal\":\"no-transaction\"}\n"
    "{\"type\":\"end\",\"passed\":false}\n";

static void check_recorded(const Rehearsal *rehearsal)
{
    assert_int_equal(rehearsal->major, 15);
    assert_string_equal(rehearsal->server_version, "15.18");
    assert_int_equal(rehearsal->cycles, 1);
    assert_true(rehearsal->ended);
    assert_false(rehearsal->passed);
    assert_string_equal(rehearsal->progress.pass, "cycle");
    assert_int_equal(rehearsal->progress.total, 2);
    assert_int_equal(rehearsal->scope.count, 2);
    assert_string_equal(rehearsal->scope.items[1], "public");
    assert_int_equal(rehearsal->rows.items[0].line, 9);
    assert_true(rehearsal->atomic.items[0].whole_run);
    assert_false(rehearsal->atomic.items[0].passed);
    assert_int_equal(rehearsal->unsteady.count, 2);
    assert_string_equal(rehearsal->unsteady.items[1].object, "public.t_2");
    assert_string_equal(rehearsal->failures.items[0].words, "unsafe ü");
    assert_string_equal(rehearsal->failures.items[0].proposal, "no-transaction");
}

static void check_details(const Rehearsal *rehearsal)
{
    const RehearsalMeasured *measured = &rehearsal->measured.items[0];
    assert_int_equal(measured->script, SCRIPT_DOWN);
    assert_int_equal(measured->wal_bytes, 8192);
    assert_true(measured->declared);
    assert_string_equal(measured->relations.items[0].lock, "AccessExclusiveLock");
    assert_true(measured->relations.items[0].rewritten);
    assert_int_equal(measured->relations.items[0].rows_read, 0); /* a difference below 0 */
    assert_string_equal(measured->invalid_indexes.items[0], "public.t_x");
    const RehearsalVerdict *verdict = rehearsal_verdict(rehearsal, false, "0001_one");
    assert_int_equal(verdict->verdict, VERDICT_COLUMN_ORDER);
    assert_string_equal(verdict->sqlstate, "42P01");
    assert_string_equal(verdict->differences.items[0].kind, "column order");
    assert_null(verdict->losses.items[0].column);
    assert_string_equal(verdict->losses.items[1].column, "b");
    assert_string_equal(verdict->before, FILE1);
    assert_string_equal(verdict->after, "");
    assert_int_equal(rehearsal_verdict(rehearsal, true, "1.0.0")->verdict, VERDICT_EXACT);
    assert_null(rehearsal_verdict(rehearsal, true, "0001_one"));
    assert_string_equal(rehearsal_fingerprint(rehearsal, "1.0.0", REHEARSED_CHAIN)->file, FILE1);
    assert_null(rehearsal_fingerprint(rehearsal, "1.0.0", REHEARSED_UP));
}

static void reads_every_type_of_line(void **state UNUSED)
{
    static const size_t steps[] = {1, 7, sizeof(recorded)};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        CLEANUP(rehearsal_done) Rehearsal rehearsal = {0};
        Error err = {0};
        assert_true(read_report(recorded, steps[i], &rehearsal, &err));
        check_recorded(&rehearsal);
        check_details(&rehearsal);
    }
}

static void a_migration_without_named_objects_is_one_record(void **state UNUSED)
{
    CLEANUP(rehearsal_done) Rehearsal rehearsal = {0};
    Error err = {0};
    assert_true(read_report(BEGIN "{\"type\":\"nondeterministic\",\"version\":\"1.0.0\","
                                  "\"identity\":\"0001_one\",\"objects\":[]}\n" END,
                            4096, &rehearsal, &err));
    assert_int_equal(rehearsal.unsteady.count, 1);
    assert_string_equal(rehearsal.unsteady.items[0].identity, "0001_one");
    assert_string_equal(rehearsal.unsteady.items[0].object, "");
}

#define VERDICT(rest)                                                                              \
    BEGIN "{\"type\":\"migration\",\"identity\":\"0001_one\",\"verdict\":\"exact\"" rest "}\n" END
#define MEASURED(rest)                                                                             \
    BEGIN "{\"type\":\"measured\",\"identity\":\"0001_one\",\"script\":\"up\"" rest "}\n" END

static void refuses_what_is_not_as_agreed(void **state UNUSED)
{
    static const struct {
        const char *what;
        const char *report;
        const char *says;
    } bad[] = {
        {"nothing", "", "ends at line 0"},
        {"no end", BEGIN, "ends at line 1"},
        {"a cut line", BEGIN "{\"type\":\"end\",\"passed\":true}", "ends at line 1"},
        {"no JSON", BEGIN "applier: hello\n", "line 2 of applier's report: no JSON object"},
        {"an array", "[1]\n", "no JSON object"},
        {"no type", BEGIN "{\"x\":1}\n" END, "'type'"},
        {"an unknown type", BEGIN "{\"type\":\"other\"}\n" END, "an unknown word in 'type'"},
        {"no begin", END, "out of order: 'end'"},
        {"two begins", BEGIN BEGIN END, "out of order: 'begin'"},
        {"lines behind the end", BEGIN END END, "out of order: 'end'"},
        {"a number as text", VERDICT(",\"line\":\"7\""), "no number in 'line'"},
        {"a negative number", VERDICT(",\"line\":-1"), "no number in 'line'"},
        {"a number too large", VERDICT(",\"line\":9007199254740993"), "no number in 'line'"},
        {"a fraction", VERDICT(",\"line\":1.5"), "no number in 'line'"},
        {"text as a number", VERDICT(",\"detail\":7"), "no text in 'detail'"},
        {"a long SQLSTATE", VERDICT(",\"sqlstate\":\"42P011\""), "no SQLSTATE in 'sqlstate'"},
        {"a path as file", VERDICT(",\"before\":\"../../etc/passwd\""), "no file's name"},
        {"no array", VERDICT(",\"differs\":{}"), "no array in 'differs'"},
        {"texts for objects", VERDICT(",\"lost\":[\"t\"]"), "another element in 'lost'"},
        {"objects for texts", MEASURED(",\"statement\":1,\"invalid_indexes\":[{}]"),
         "another element in 'invalid_indexes'"},
        {"a relation without name", MEASURED(",\"statement\":1,\"relations\":[{}]"),
         "no text in 'relation'"},
        {"no flag", MEASURED(",\"statement\":1,\"declared\":1"), "neither true nor false"},
        {"statement 0", MEASURED(",\"statement\":0"), "no number in 'statement'"},
        {"an unknown verdict",
         BEGIN "{\"type\":\"migration\",\"identity\":\"a\",\"verdict\":\"fine\"}\n" END,
         "an unknown word in 'verdict'"},
        {"no identity", BEGIN "{\"type\":\"migration\",\"verdict\":\"exact\"}\n" END,
         "no text in 'identity'"},
        {"an unknown arrival",
         BEGIN "{\"type\":\"fingerprint\",\"version\":\"-\",\"arrival\":\"late\"," ROOTS "}\n" END,
         "an unknown word in 'arrival'"},
        {"no digest",
         BEGIN "{\"type\":\"fingerprint\",\"version\":\"-\",\"arrival\":\"up\",\"core\":\"ab\"}\n",
         "no digest in 'core'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(rehearsal_done) Rehearsal rehearsal = {0};
        CLEANUP(error_done) Error err = {0};
        if (read_report(bad[i].report, 4096, &rehearsal, &err))
            fail_msg("%s was taken", bad[i].what);
        if (err.class != ERROR_INTERNAL || !strstr(err.message, bad[i].says))
            fail_msg("%s: %d '%s'", bad[i].what, err.class, err.message);
    }
}

static void another_number_of_report_is_another_applier(void **state UNUSED)
{
    CLEANUP(rehearsal_done) Rehearsal rehearsal = {0};
    CLEANUP(error_done) Error err = {0};
    assert_false(read_report("{\"type\":\"begin\",\"report\":2}\n", 4096, &rehearsal, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.hint, "--applier"));
}

static void the_worse_verdict_counts(void **state UNUSED)
{
    assert_int_equal(rehearsal_worse(VERDICT_EXACT, VERDICT_LOSSY), VERDICT_LOSSY);
    assert_int_equal(rehearsal_worse(VERDICT_FAILS, VERDICT_DIFFERS), VERDICT_FAILS);
    assert_int_equal(rehearsal_worse(VERDICT_FAILS, VERDICT_UNPROVEN), VERDICT_UNPROVEN);
    assert_int_equal(rehearsal_worse(VERDICT_EXACT, VERDICT_IRREVERSIBLE), VERDICT_IRREVERSIBLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type_of_line),
        cmocka_unit_test(a_migration_without_named_objects_is_one_record),
        cmocka_unit_test(refuses_what_is_not_as_agreed),
        cmocka_unit_test(another_number_of_report_is_another_applier),
        cmocka_unit_test(the_worse_verdict_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
