#include "migrations/script_directives.h"

#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/script_cases.h"

static void reads_directives(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- A comment.\n"
                                 "-- sealift: no-transaction\n"
                                 "--sealift: idempotent  \r\n"
                                 "/* another */\n"
                                 "--   sealift:  lock-timeout 5s\n"
                                 "-- sealift: statement-timeout 2min\n"
                                 "-- sealift: irreversible drops\ta column\n"
                                 "-- sealift: nothing-to-undo  it only analyzes\n"
                                 "-- sealift: phase after\n"
                                 "-- sealift: verify in-transaction\n"
                                 "-- sealift is a product\n"
                                 "select 1; -- it's\n"));
    const ScriptDirectives *directives = &test.script.directives;
    assert_true(directives->no_transaction);
    assert_true(directives->idempotent);
    assert_true(directives->verify_in_transaction);
    assert_int_equal(directives->lock_timeout_ms, 5000);
    assert_int_equal(directives->statement_timeout_ms, 120000);
    assert_string_equal(directives->irreversible, "drops\ta column");
    assert_string_equal(directives->nothing_to_undo, "it only analyzes");
    assert_string_equal(directives->phase, "after");
}

static void reads_acknowledgements_in_order_with_line_and_reason(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- sealift: ack drop-column  the copy is two versions old\n"
                                 "-- a comment\n"
                                 "-- sealift: ack\trollback-lossy\tgoes with it\n"
                                 "drop table t;\n"));
    const ScriptAckArray *acks = &test.script.directives.acks;
    assert_int_equal(acks->count, 2);
    assert_string_equal(acks->items[0].rule, "drop-column");
    assert_string_equal(acks->items[0].reason, "the copy is two versions old");
    assert_int_equal(acks->items[0].line, 1);
    assert_string_equal(acks->items[1].rule, "rollback-lossy");
    assert_string_equal(acks->items[1].reason, "goes with it");
    assert_int_equal(acks->items[1].line, 3);
    const ScriptDirectives *directives = &test.script.directives;
    assert_ptr_equal(script_directives_ack(directives, "rollback-lossy"), &acks->items[1]);
    assert_null(script_directives_ack(directives, "drop"));
}

static void refuses_acknowledgements_without_rule_or_reason(void **state UNUSED)
{
    static const char hint[] = "write it as: -- sealift: ack RULE why this is meant";
    assert_refused("-- sealift: ack\n", "v1/s.sql:1: directive 'ack' names no rule: ''", hint);
    assert_refused("\n-- sealift: ack Drop! it\n",
                   "v1/s.sql:2: directive 'ack' names no rule: 'Drop!'", hint);
    assert_refused("-- sealift: ack drop-column\n",
                   "v1/s.sql:1: directive 'ack drop-column' needs a reason", hint);
    assert_refused("-- sealift: ack truncate a\n-- sealift: ack truncate b\n",
                   "v1/s.sql:2: directive 'ack truncate' is given twice", NULL);
}

static void refuses_what_is_almost_a_directive(void **state UNUSED)
{
    static const char hint[] = "write it as '-- sealift: …', or let the comment begin otherwise";
    static const char *const almost[] = {"Sealift: idempotent", "sealift : idempotent",
                                         "SEALIFT lock-timeout 5s", "sealift gate"};
    for (size_t i = 0; i < ARRAY_LEN(almost); i++) {
        char sql[80], says[80];
        (void)snprintf(sql, sizeof sql, "-- %s \nselect 1;", almost[i]);
        (void)snprintf(says, sizeof says, "v1/s.sql:1: '-- %s' is almost a directive", almost[i]);
        assert_refused(sql, says, hint);
    }
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test,
                          "-- sealift gate keepers\n-- sealift requires a down\n--sealifts: x\n"
                          "-- our sealift: x\nselect 1;"));
}

static void reads_batches(void **state UNUSED)
{
    static const struct {
        const char *words;
        int64_t size;
        int64_t pause_ms;
        const char *key, *table, *schema;
    } cases[] = {
        {"key=id", 10000, 0, "id", "-", "-"},
        {"size=5  pause=2s\ttable=Public.Ships key=ID", 5, 2000, "id", "ships", "public"},
        {"table=\"My \"\"S\".\"T. t\" key=\"Id 1\" pause=0", 10000, 0, "Id 1", "T. t", "My \"S"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(case_done) Case test = case_new();
        char sql[120];
        (void)snprintf(sql, sizeof sql, "-- .\n-- sealift: batch %s\n", cases[i].words);
        assert_true(case_read(&test, sql));
        const ScriptBatch *batch = &test.script.directives.batch;
        assert_int_equal(batch->size, cases[i].size);
        assert_int_equal(batch->pause_ms, cases[i].pause_ms);
        assert_int_equal(batch->line, 2);
        assert_string_equal(batch->key, cases[i].key);
        assert_string_equal(batch->table ? batch->table : "-", cases[i].table);
        assert_string_equal(batch->table_schema ? batch->table_schema : "-", cases[i].schema);
    }
}

static void refuses_batches_that_say_too_little_or_too_much(void **state UNUSED)
{
    static const char hint[] = "write it as: -- sealift: batch key=COLUMN size=ROWS table=NAME "
                               "pause=TIME; all but key may be left out";
    static const struct {
        const char *words;
        const char *says;
    } bad[] = {
        {"", "it names no key: ''"},
        {"size=5", "it names no key: 'size=5'"},
        {"key=", "the key is no name of a column: ''"},
        {"key=a.b", "the key is no name of a column: 'a.b'"},
        {"key=\"a", "the key is no name of a column: '\"a'"},
        {"key=\"a\"\"", "the key is no name of a column: '\"a\"\"'"},
        {"key=a key=b", "the key is given twice: 'b'"},
        {"key=a table=s.", "the table is no name of one: 's.'"},
        {"key=a table=d.s.t", "the table is no name of one: 'd.s.t'"},
        {"key=a table=s table=t", "the table is given twice: 't'"},
        {"key=a size=0", "the size is no number of rows from 1 to 10000000: '0'"},
        {"key=a size=10000001", "the size is no number of rows from 1 to 10000000: '10000001'"},
        {"key=a size=5 size=6", "the size is given twice: '6'"},
        {"key=a pause=5", "the pause is no time (100ms, 2s): '5'"},
        {"key=a pause=1s pause=2s", "the pause is given twice: '2s'"},
        {"key=a colour=red", "unknown word: 'colour=red'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char sql[120], words[160];
        (void)snprintf(sql, sizeof sql, "-- sealift: batch %s\n", bad[i].words);
        (void)snprintf(words, sizeof words, "v1/s.sql:1: directive 'batch': %s", bad[i].says);
        assert_refused(sql, words, hint);
    }
    assert_refused("-- sealift: batch key=a\n-- sealift: batch key=b\n",
                   "v1/s.sql:2: directive 'batch' is given twice", NULL);
    assert_refused("-- sealift: gate 5\n", "v1/s.sql:1: directive 'gate' takes no value", NULL);
}

static void reads_times(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(
        case_read(&test, "-- sealift: lock-timeout 0\n-- sealift: statement-timeout 200ms"));
    assert_int_equal(test.script.directives.lock_timeout_ms, 0);
    assert_int_equal(test.script.directives.statement_timeout_ms, 200);
    static const char *const bad[] = {"",  "5",   "5 s", "-1s",         "1.5s",
                                      "s", "05s", "5h",  "2147483648s", "99999999999999999999ms"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char sql[80], words[120];
        (void)snprintf(sql, sizeof sql, "-- sealift: lock-timeout %s\n", bad[i]);
        (void)snprintf(words, sizeof words,
                       "v1/s.sql:1: directive 'lock-timeout': '%s' is not a time", bad[i]);
        assert_refused(sql, words, "write a number with ms, s or min, or 0 for no limit");
    }
}

static void refuses_directives_it_cannot_follow(void **state UNUSED)
{
    static const struct {
        const char *sql, *words;
    } refused[] = {
        {"-- sealift: no-transactions\n", "v1/s.sql:1: unknown directive 'no-transactions'"},
        {"-- sealift:\n", "v1/s.sql:1: unknown directive ''"},
        {"\n-- sealift: verify\n", "v1/s.sql:2: unknown directive 'verify'"},
        {"-- sealift: irreversible\n", "v1/s.sql:1: directive 'irreversible' needs a reason"},
        {"-- sealift: idempotent yes\n", "v1/s.sql:1: directive 'idempotent' takes no value"},
        {"-- sealift: phase during\n",
         "v1/s.sql:1: directive 'phase' is before or after, not 'during'"},
        {"-- sealift: phase after\n-- sealift: phase after\n",
         "v1/s.sql:2: directive 'phase' is given twice"},
        {"-- sealift: lock-timeout 0\n-- sealift: lock-timeout 1s\n",
         "v1/s.sql:2: directive 'lock-timeout' is given twice"},
        {"-- sealift: nothing-to-undo\n", "v1/s.sql:1: directive 'nothing-to-undo' needs a reason"},
        {"-- sealift: nothing-to-undo a\n-- sealift: nothing-to-undo b\n",
         "v1/s.sql:2: directive 'nothing-to-undo' is given twice"},
        {"-- sealift: irreversible a\n-- sealift: irreversible b\n",
         "v1/s.sql:2: directive 'irreversible' is given twice"},
        {"-- sealift: no-transaction\n-- sealift: no-transaction\n",
         "v1/s.sql:2: directive 'no-transaction' is given twice"},
        {"select 1;\n-- sealift: no-transaction\n",
         "v1/s.sql:2: a directive must stand before the first statement"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_refused(refused[i].sql, refused[i].words, NULL);
}

static void reads_what_is_required_and_depended_on(void **state UNUSED)
{
    CLEANUP(case_done) Case test = case_new();
    assert_true(case_read(&test, "-- sealift: requires extension pg_trgm\n"
                                 "-- sealift: requires extension postgis >=3.1\n"
                                 "-- sealift: requires server 15\n"
                                 "-- sealift: requires role port office\n"
                                 "-- sealift: requires setting wal_level = logical\n"
                                 "-- sealift: depends 0001_a\n"
                                 "-- sealift: depends 0002_b\n"
                                 "SELECT 1;"));
    static const struct {
        RequireKind kind;
        const char *name, *value;
    } wanted[] = {
        {REQUIRE_EXTENSION, "pg_trgm", ""},
        {REQUIRE_EXTENSION, "postgis", "3.1"},
        {REQUIRE_SERVER, "15", ""},
        {REQUIRE_ROLE, "port office", ""},
        {REQUIRE_SETTING, "wal_level", "logical"},
    };
    const ScriptDirectives *directives = &test.script.directives;
    assert_int_equal(directives->requires.count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_int_equal(directives->requires.items[i].kind, wanted[i].kind);
        assert_string_equal(directives->requires.items[i].name, wanted[i].name);
        assert_string_equal(directives->requires.items[i].value, wanted[i].value);
    }
    assert_int_equal(directives->depends.count, 2);
    assert_string_equal(directives->depends.items[1].identity, "0002_b");
    assert_int_equal(directives->depends.items[1].line, 7);
}

static void refuses_requirements_that_say_too_little(void **state UNUSED)
{
    static const char hint[] =
        "write it as: -- sealift: requires extension NAME [>=VERSION], server "
        "MAJOR, role NAME, or setting NAME=VALUE";
    static const char *const bad[] = {"",           "extension",  "extension a b", "server",
                                      "server old", "server 0",   "server 100",    "role",
                                      "setting x",  "setting x=", "setting a b=c", "tablespace x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(memory_freep)
        char *sql = memory_format("-- sealift: requires %s\nSELECT 1;", bad[i]);
        CLEANUP(memory_freep)
        char *words = memory_format(
            "v1/s.sql:1: directive 'requires %s' does not say what is required", bad[i]);
        assert_refused(sql, words, hint);
    }
    assert_refused("-- sealift: requires role a\n-- sealift: requires role a\n",
                   "v1/s.sql:2: directive 'requires role a' is given twice", NULL);
    assert_refused("-- sealift: depends\n", "v1/s.sql:1: directive 'depends' names no migration",
                   NULL);
    assert_refused("-- sealift: depends a\n-- sealift: depends a\n",
                   "v1/s.sql:2: directive 'depends a' is given twice", NULL);
    assert_refused("-- sealift: lock-timout 5s\n", "v1/s.sql:1: unknown directive 'lock-timout 5s'",
                   "did you mean 'lock-timeout'? docs/directives.md has all");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_directives),
        cmocka_unit_test(reads_acknowledgements_in_order_with_line_and_reason),
        cmocka_unit_test(refuses_acknowledgements_without_rule_or_reason),
        cmocka_unit_test(refuses_what_is_almost_a_directive),
        cmocka_unit_test(reads_batches),
        cmocka_unit_test(refuses_batches_that_say_too_little_or_too_much),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_directives_it_cannot_follow),
        cmocka_unit_test(reads_what_is_required_and_depended_on),
        cmocka_unit_test(refuses_requirements_that_say_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
