#include "base/text.h"
#include "migrations/script_directives.h"
#include "planner/rehearsal/rehearsal_gate.h"
#include "tests/support/unit_test.h"

/* Versions 1.0.0 (0001, 0002) and 1.1.0 (0003), rehearsed on 15 and 18 without fault. */
typedef struct Case {
    RehearsalSubject subject;
    RehearsalArray rehearsals;
    FindingArray findings;
} Case;

static char identities[3][8] = {"0001", "0002", "0003"};

static void add_verdict(Rehearsal *rehearsal, bool of_version, const char *name)
{
    *array_add(&rehearsal->verdicts) = (RehearsalVerdict){.of_version = of_version,
                                                          .name = memory_string(name),
                                                          .verdict = VERDICT_EXACT,
                                                          .detail = memory_string("")};
}

static void add_rehearsal(Case *given, int64_t major)
{
    static const char *const versions[] = {"1.0.0", "1.1.0"};
    Rehearsal *rehearsal = array_add(&given->rehearsals);
    rehearsal->major = major;
    rehearsal->ended = true;
    for (size_t i = 0; i < 3; i++)
        add_verdict(rehearsal, false, identities[i]);
    for (size_t i = 0; i < 2; i++) {
        add_verdict(rehearsal, true, versions[i]);
        *array_add(&rehearsal->fingerprints) =
            (RehearsalFingerprint){.version = memory_string(versions[i]), .arrival = REHEARSED_UP};
    }
}

static int make_case(void **state)
{
    Case *given = memory_new(Case);
    for (size_t i = 0; i < 3; i++)
        array_add(&given->subject.migrations)->identity = identities[i];
    *array_add(&given->subject.versions) =
        (SubjectVersion){.name = "1.0.0", .first_migration = 0, .migration_count = 2};
    *array_add(&given->subject.versions) =
        (SubjectVersion){.name = "1.1.0", .first_migration = 2, .migration_count = 1};
    add_rehearsal(given, 15);
    add_rehearsal(given, 18);
    *state = given;
    return 0;
}

static int remove_case(void **state)
{
    Case *given = *state;
    rehearsal_subject_done(&given->subject);
    rehearsals_done(&given->rehearsals);
    findings_done(&given->findings);
    free(given);
    return 0;
}

static void set_verdict(Case *given, size_t rehearsal, bool of_version, const char *name,
                        Verdict verdict, const char *detail)
{
    array_each (RehearsalVerdict, at, &given->rehearsals.items[rehearsal].verdicts)
        if (at->of_version == of_version && strcmp(at->name, name) == 0) {
            at->verdict = verdict;
            free(at->detail);
            at->detail = memory_string(detail);
        }
}

static void acknowledge(Case *given, size_t migration, const char *rule)
{
    *array_add(&given->subject.migrations.items[migration].acks) =
        (ScriptAck){memory_string(rule), memory_string("it is meant"), 1};
}

/* What the gate says, as lines, for the versions from `first` on. */
static char *say(Case *given, size_t first)
{
    const RehearsalGate gate = {&given->subject, first, &given->rehearsals};
    Text text = {0};
    findings_done(&given->findings);
    given->findings = (FindingArray){0};
    rehearsal_gate_check(&gate, &given->findings);
    array_each (const Finding, finding, &given->findings)
        text_addf(&text, "%s: %s [%s]\n", finding->severity == FINDING_ERROR ? "error" : "warning",
                  finding->message, finding->hint ? finding->hint : "");
    return text_take(&text);
}

static void expect(Case *given, size_t first, size_t errors, const char *says)
{
    CLEANUP(memory_freep) char *said = say(given, first);
    if (findings_error_count(&given->findings) != errors || !strstr(said, says))
        fail_msg("%zu errors wanted, '%s' in:\n%s", errors, says, said);
    if (!*says && *said)
        fail_msg("nothing wanted, but:\n%s", said);
}

static void what_came_back_may_ship(void **state)
{
    expect(*state, 0, 0, "");
}

static void the_worst_major_counts(void **state)
{
    Case *given = *state;
    int64_t major = 0;
    const RehearsalGate gate = {&given->subject, 0, &given->rehearsals};
    set_verdict(given, 0, false, "0003", VERDICT_LOSSY, "a");
    set_verdict(given, 1, false, "0003", VERDICT_DIFFERS, "index i: extra");
    set_verdict(given, 1, true, "1.1.0", VERDICT_DIFFERS, "index i: extra");
    assert_int_equal(rehearsal_worst(&gate, false, "0003", &major), VERDICT_DIFFERS);
    assert_int_equal(major, 18);
    expect(given, 0, 1,
           "what '0003' (1.1.0) does is not undone: its way back is 'differs' on PostgreSQL 18: "
           "index i: extra [correct its down script, or say there that it is meant: -- sealift: "
           "ack rollback-differs REASON]");
}

static void an_acknowledgement_names_the_verdict(void **state)
{
    static const struct {
        Verdict verdict;
        const char *rule;
    } rules[] = {
        {VERDICT_COLUMN_ORDER, "rollback-column-order"},
        {VERDICT_LOSSY, "rollback-lossy"},
        {VERDICT_DIFFERS, "rollback-differs"},
        {VERDICT_FAILS, "rollback-fails"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        Case *given = *state;
        set_verdict(given, 0, false, "0003", rules[i].verdict, "");
        set_verdict(given, 0, true, "1.1.0", rules[i].verdict, "");
        expect(given, 0, 1, rules[i].rule);
        acknowledge(given, 2, rules[i].rule);
        expect(given, 0, 0, "");
        set_verdict(given, 0, false, "0003", VERDICT_EXACT, "");
        set_verdict(given, 0, true, "1.1.0", VERDICT_EXACT, "");
        expect(given, 0, 0, "acknowledges");
        remove_case(state);
        make_case(state);
    }
}

static void another_acknowledgement_does_not_do(void **state)
{
    Case *given = *state;
    set_verdict(given, 0, false, "0003", VERDICT_FAILS, "");
    set_verdict(given, 0, true, "1.1.0", VERDICT_FAILS, "");
    acknowledge(given, 2, "rollback-lossy");
    expect(given, 0, 1, "warning: '0003' acknowledges rollback-lossy, but its way back is 'fails'");
}

static void a_version_that_goes_back_whole_excuses_single_steps(void **state)
{
    Case *given = *state;
    set_verdict(given, 0, false, "0001", VERDICT_DIFFERS, "table t: missing");
    expect(given, 0, 0,
           "warning: the way back of '0001' alone is 'differs' (PostgreSQL 15), of the whole "
           "version 1.0.0 'exact': table t: missing");
}

static void a_version_worse_than_its_steps_is_named(void **state)
{
    Case *given = *state;
    set_verdict(given, 0, true, "1.0.0", VERDICT_LOSSY, "rows of t");
    expect(given, 0, 1,
           "error: what version 1.0.0 does is not undone: its way back is 'lossy' on PostgreSQL "
           "15: rows of t");
    acknowledge(given, 1, "rollback-lossy");
    CLEANUP(memory_freep) char *said = say(given, 0);
    assert_int_equal(findings_error_count(&given->findings), 0);
}

static void declared_and_missing_ways_back_are_not_refused(void **state)
{
    Case *given = *state;
    for (size_t i = 0; i < 2; i++) {
        set_verdict(given, i, false, "0003", VERDICT_IRREVERSIBLE, "");
        set_verdict(given, i, true, "1.1.0", VERDICT_IRREVERSIBLE, "");
        set_verdict(given, i, false, "0002", VERDICT_NONE, "");
        set_verdict(given, i, true, "1.0.0", VERDICT_NONE, "");
    }
    expect(given, 0, 0, "");
}

static void versions_before_the_bundle_are_not_judged(void **state)
{
    Case *given = *state;
    set_verdict(given, 0, false, "0001", VERDICT_FAILS, "");
    set_verdict(given, 0, true, "1.0.0", VERDICT_FAILS, "");
    expect(given, 1, 0, "");
    expect(given, 0, 1, "'0001'");
}

static void what_was_not_rehearsed_is_named(void **state)
{
    Case *given = *state;
    rehearsals_done(&given->rehearsals);
    expect(given, 0, 1,
           "3 of 3 migrations have not been rehearsed as they are: '0001', '0002', "
           "'0003' ['planner rehearse --to 1.1.0'");
}

static void a_major_that_lacks_something_does_not_count(void **state)
{
    Case *given = *state;
    Rehearsal *lacking = &given->rehearsals.items[1];
    set_verdict(given, 1, false, "0001", VERDICT_FAILS, "");
    set_verdict(given, 1, true, "1.0.0", VERDICT_FAILS, "");
    expect(given, 0, 1, "'0001'");
    free(lacking->fingerprints.items[--lacking->fingerprints.count].version);
    assert_false(rehearsal_is_complete(&given->subject, lacking));
    expect(given, 0, 0, "");
    /* and where that is all there is, it is not rehearsed */
    Rehearsal other = given->rehearsals.items[0];
    rehearsal_done(&other);
    given->rehearsals.items[0] = *lacking;
    given->rehearsals.count = 1;
    expect(given, 0, 1, "no rehearsal ended with version 1.1.0 as it is");
}

static void a_run_to_a_later_version_does_not_count(void **state)
{
    Case *given = *state;
    given->rehearsals.items[0].ended = given->rehearsals.items[1].ended = false;
    expect(given, 0, 1,
           "no rehearsal ended with version 1.1.0 as it is, so that nobody knows what "
           "taking all of it back leaves ['planner rehearse --to 1.1.0'");
}

static void a_failing_up_is_named_with_its_line_and_a_way_out(void **state)
{
    Case *given = *state;
    *array_add(&given->rehearsals.items[0].failures) =
        (RehearsalFailure){.identity = memory_string("0002"),
                           .version = memory_string("1.0.0"),
                           .script = memory_string("up"),
                           .statement = 1,
                           .line = 7,
                           .source = memory_string("two.up.sql"),
                           .sqlstate = "55P04",
                           .words = memory_string("unsafe use"),
                           .proposal = memory_string("no-transaction")};
    expect(given, 0, 1,
           "error: '0002' does not run on PostgreSQL 15: two.up.sql:7: 55P04 unsafe "
           "use [put '-- sealift: no-transaction' at its top]");
}

static void another_schema_each_time_is_named_with_the_object(void **state)
{
    Case *given = *state;
    for (int i = 0; i < 7; i++)
        *array_add(&given->rehearsals.items[0].unsteady) =
            (RehearsalUnsteady){memory_string("1.1.0"), memory_string("0003"),
                                memory_string("table"), memory_format("public.t_%d", i)};
    expect(given, 0, 1,
           "migration '0003' leaves another schema each time on PostgreSQL 15: table "
           "public.t_0, table public.t_1, table public.t_2, table public.t_3, table "
           "public.t_4 and 2 more");
    *array_add(&given->rehearsals.items[1].unsteady) = (RehearsalUnsteady){
        memory_string("1.0.0"), memory_string(""), memory_string(""), memory_string("")};
    expect(given, 0, 2, "version '1.0.0' leaves another schema each time on PostgreSQL 18 [");
    expect(given, 1, 1, "'0003'");
}

static void an_up_that_stops_at_rows_is_a_warning(void **state)
{
    Case *given = *state;
    *array_add(&given->rehearsals.items[0].rows) =
        (RehearsalRows){memory_string("0003"), memory_string("23502 in line 4"), "23502", 4};
    expect(given, 0, 0,
           "warning: '0003' stops where tables have rows, on PostgreSQL 15: 23502 in "
           "line 4");
}

static void an_unproven_way_back_is_refused(void **state)
{
    Case *given = *state;
    set_verdict(given, 0, false, "0003", VERDICT_UNPROVEN, "");
    expect(given, 0, 1, "the way back of '0003' (1.1.0) was not rehearsed");
}

static void the_first_error_counts_the_rest(void **state)
{
    Case *given = *state;
    Error err = {0};
    set_verdict(given, 0, false, "0001", VERDICT_FAILS, "");
    set_verdict(given, 0, false, "0003", VERDICT_FAILS, "");
    set_verdict(given, 0, true, "1.0.0", VERDICT_FAILS, "");
    set_verdict(given, 0, true, "1.1.0", VERDICT_FAILS, "");
    CLEANUP(memory_freep) char *said = say(given, 0);
    assert_false(rehearsal_gate_result(&given->findings, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "'0001'"));
    assert_string_equal(err.detail, "and 1 more, which stand above");
    error_done(&err);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_case, remove_case)
    const struct CMUnitTest tests[] = {
        CASE(what_came_back_may_ship),
        CASE(the_worst_major_counts),
        CASE(an_acknowledgement_names_the_verdict),
        CASE(another_acknowledgement_does_not_do),
        CASE(a_version_that_goes_back_whole_excuses_single_steps),
        CASE(a_version_worse_than_its_steps_is_named),
        CASE(declared_and_missing_ways_back_are_not_refused),
        CASE(versions_before_the_bundle_are_not_judged),
        CASE(what_was_not_rehearsed_is_named),
        CASE(a_major_that_lacks_something_does_not_count),
        CASE(a_run_to_a_later_version_does_not_count),
        CASE(a_failing_up_is_named_with_its_line_and_a_way_out),
        CASE(another_schema_each_time_is_named_with_the_object),
        CASE(an_up_that_stops_at_rows_is_a_warning),
        CASE(an_unproven_way_back_is_refused),
        CASE(the_first_error_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
