#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "planner/packing/script_plan.h"
#include "tests/support/unit_test.h"

/* Steps in groups as one line: "T(1,2) A(3)": transaction of the statements at lines 1 and 2, then
 * line 3 outside a transaction. */
static char *groups_as_text(const ManifestScript *script)
{
    Text text = {0};
    array_each (const ManifestGroup, group, &script->groups) {
        text_addf(&text, "%s%c(", text.length ? " " : "",
                  group->kind == GROUP_AUTOCOMMIT ? 'A' : 'T');
        for (size_t i = 0; i < group->step_count; i++)
            text_addf(&text, "%s%" PRId64, i ? "," : "",
                      script->steps.items[group->first_step + i].line);
        text_add_char(&text, ')');
    }
    return text_take(&text);
}

static void script_with(const char *sql, const ProjectValueArray *values, Script *script)
{
    char path[] = "/tmp/script-plan-test.XXXXXX";
    int fd = mkstemp(path);
    Error err = {0};
    const ScriptSink no_sink = {.joins_lines = true};
    assert_true(fd >= 0 && file_write(fd, path, sql, strlen(sql), &err));
    close(fd);
    const ScriptFile file = {
        .path = path,
        .name = "x.sql",
        .settings = {.syntax = values ? SCRIPT_SYNTAX_PSQL : SCRIPT_SYNTAX_NONE, .values = values}};
    bool good = script_read(&file, &no_sink, script, &err);
    unlink(path);
    if (!good)
        fail_msg("%s", err.message);
}

static void script_of(const char *sql, Script *script)
{
    script_with(sql, /* values= */ NULL, script);
}

static void planned_done(ManifestScript *planned)
{
    array_each (ManifestStep, step, &planned->steps) {
        free(step->probe.object);
        free(step->probe.object_schema);
        free(step->probe.table);
        free(step->probe.table_schema);
    }
    array_free(&planned->steps);
    array_free(&planned->groups);
    array_free(&planned->references);
    free(planned->batch.table);
    free(planned->batch.table_schema);
    free(planned->batch.key);
}

#define BATCH "-- sealift: batch key=id\n"
#define ENDS  "SELECT true;\n"

#define CIC "CREATE INDEX CONCURRENTLY i ON t (a);\n"

static void groups_statements(void **state UNUSED)
{
    static const struct {
        const char *sql;
        TransactionMode mode;
        ScriptKind kind;
        const char *groups;
    } cases[] = {
        {"SELECT 1;\nSELECT 2;\n", TRANSACTION_MODE_GROUP, SCRIPT_UP, "T(1,2)"},
        {"-- nothing\n", TRANSACTION_MODE_GROUP, SCRIPT_UP, ""},
        {"SELECT 1;\n" CIC "SELECT 3;\nSELECT 4;\n", TRANSACTION_MODE_GROUP, SCRIPT_UP,
         "T(1) A(2) T(3,4)"},
        {"SELECT 1;\nSELECT 2;\n" CIC, TRANSACTION_MODE_NONE, SCRIPT_UP, "T(1) T(2) A(3)"},
        {"BEGIN;\nSELECT 2;\nSELECT 3;\nCOMMIT;\n", TRANSACTION_MODE_GROUP, SCRIPT_UP, "T(2,3)"},
        {"BEGIN;\nSELECT 2;\nEND;\nSTART TRANSACTION;\nSELECT 5;\nCOMMIT;\n",
         TRANSACTION_MODE_GROUP, SCRIPT_UP, "T(2) T(5)"},
        {"SET x.y = 1;\nBEGIN;\nSELECT 3;\nCOMMIT;\n" CIC, TRANSACTION_MODE_GROUP, SCRIPT_UP,
         "T(1) T(3) A(5)"},
        {"BEGIN;\nSELECT 2;\nCOMMIT;\nSELECT 4;\n", TRANSACTION_MODE_NONE, SCRIPT_UP, "T(2) T(4)"},
        {"BEGIN;\nSELECT 2;\nROLLBACK;\n", TRANSACTION_MODE_GROUP, SCRIPT_VERIFY, "T(2)"},
        {"BEGIN;\nCOMMIT;\n", TRANSACTION_MODE_GROUP, SCRIPT_UP, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of(cases[i].sql, &script);
        const ScriptPlanOptions options = {"x.sql", cases[i].kind, cases[i].mode, NULL};
        if (!script_plan(&script, &options, &planned, &err))
            fail_msg("case %zu: %s", i, err.message);
        CLEANUP(memory_freep) char *groups = groups_as_text(&planned);
        assert_string_equal(groups, cases[i].groups);
        assert_int_equal(planned.present, *cases[i].groups != '\0');
    }
}

static void carries_the_modes_of_begin(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    Error err = {0};
    script_of("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE; SELECT 1; COMMIT;",
              &script);
    const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    assert_int_equal(planned.groups.items[0].isolation, ISOLATION_SERIALIZABLE);
    assert_true(planned.groups.items[0].read_only);
    assert_true(planned.groups.items[0].deferrable);
}

static void a_former_text_keeps_what_it_says_as_an_up(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    CLEANUP(error_done) Error err = {0};
    script_of("-- sealift: lock-timeout 1s\n-- sealift: phase after\nSELECT 1;", &script);
    ScriptPlanOptions options = {"sealift.frozen/1.0.0/a.sql", SCRIPT_DOWN, TRANSACTION_MODE_GROUP,
                                 NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    options.kind = SCRIPT_VERIFY;
    assert_false(script_plan(&script, &options, &planned, &err));
}

static void takes_set_transaction_for_modes_of_its_begin(void **state UNUSED)
{
    static const char *const scripts[] = {
        "BEGIN READ WRITE;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;",
        "SET LOCAL TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;",
        "SET a.b = 1;\nBEGIN;\nSET TRANSACTION READ ONLY;\nSET TRANSACTION ISOLATION LEVEL "
        "SERIALIZABLE;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;",
    };
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of(scripts[i], &script);
        const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
        if (!script_plan(&script, &options, &planned, &err))
            fail_msg("%s: %s", scripts[i], err.message);
        const ManifestGroup *group = &planned.groups.items[i == 2];
        assert_int_equal(planned.groups.count, i == 2 ? 3 : 1);
        assert_int_equal(group->step_count, 1);
        assert_int_equal(group->isolation, ISOLATION_SERIALIZABLE);
        assert_int_equal(group->read_only, i == 2);
        if (i == 2) /* they are that transaction's only */
            assert_int_equal(planned.groups.items[2].isolation, ISOLATION_DEFAULT);
    }
}

static void writes_the_probe_with_the_step(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    Error err = {0};
    script_of("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON ONLY s.T USING btree (a);",
              &script);
    const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    const Probe *probe = &planned.steps.items[0].probe;
    assert_int_equal(probe->kind, PROBE_INDEX_PRESENT);
    assert_string_equal(probe->object, "I x");
    assert_string_equal(probe->table, "t");
    assert_string_equal(probe->table_schema, "s");
}

static void refuses_what_the_applier_cannot_own(void **state UNUSED)
{
    static const struct {
        const char *sql;
        ScriptKind kind;
        const char *says;
    } cases[] = {
        {"SELECT 1;\nSET ROLE x;", SCRIPT_UP, "x.sql:2: 'set role x' changes the role"},
        {"DISCARD ALL;", SCRIPT_UP, "would break the applier's session"},
        {"RESET ALL;", SCRIPT_UP, "x.sql:1: 'reset all' would break the applier's session"},
        {"SET NAMES 'latin1';", SCRIPT_UP, "'set names …' sets another client_encoding than UTF8"},
        {"SET default_transaction_read_only = on;", SCRIPT_UP, "forbids writing to the applier"},
        {"BEGIN;\nSELECT 1;\nSET TRANSACTION READ ONLY;\nCOMMIT;", SCRIPT_UP,
         "x.sql:3: 'set transaction read only' is not the first statement of a transaction"},
        {"BEGIN;\nSELECT 1;\nCOMMIT;\nSET TRANSACTION READ ONLY;", SCRIPT_UP,
         "x.sql:4: 'set transaction read only' is not the first statement of a transaction"},
        {"SET transaction_isolation = 'serializable';", SCRIPT_UP, "controls transactions"},
        {"COPY t TO STDOUT;", SCRIPT_UP, "copies to a client"},
        {"COPY t FROM '/etc/passwd';", SCRIPT_UP, "file or program of the server"},
        {"COPY t FROM PROGRAM 'id';", SCRIPT_UP, "file or program of the server"},
        {"BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;", SCRIPT_UP, "x.sql:4: 'select …' stands outside"},
        {"SELECT 1;\nCOMMIT;", SCRIPT_UP, "x.sql:2: 'commit' ends a transaction"},
        {"BEGIN;\nSELECT 1;", SCRIPT_UP, "x.sql:1: 'begin' begins a transaction"},
        {"BEGIN;\nBEGIN;", SCRIPT_UP, "x.sql:2: 'begin' stands inside another"},
        {"BEGIN;\nROLLBACK;", SCRIPT_UP, "x.sql:2: 'rollback' would undo"},
        {"BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;", SCRIPT_UP, "x.sql:3: "},
        {"BEGIN;\nPREPARE TRANSACTION 'x';", SCRIPT_UP, "controls transactions"},
        {"BEGIN;\n" CIC "COMMIT;", SCRIPT_UP, "x.sql:2: "},
        {"CREATE INDEX CONCURRENTLY ON t (a);", SCRIPT_UP, "nobody could tell whether it ran"},
        {CIC, SCRIPT_VERIFY, "cannot run in the read-only transaction"},
        {"COPY t FROM STDIN;\n1\n\\.\n", SCRIPT_PRECHECK, "loads data in a script that only reads"},
        {"-- sealift: gate\nSELECT true;", SCRIPT_VERIFY, "a gate is a precheck script"},
        {"-- sealift: no-transaction\nSELECT true;", SCRIPT_VERIFY,
         "x.sql: 'no-transaction' belongs into the up or the down script"},
        {"-- sealift: idempotent\nSELECT true;", SCRIPT_PRECHECK,
         "'idempotent' belongs into the up"},
        {"-- sealift: lock-timeout 0\nSELECT 1;", SCRIPT_DOWN,
         "x.sql: 'lock-timeout' belongs into the up script, and holds for the others"},
        {"-- sealift: statement-timeout 1s\nSELECT 1;", SCRIPT_VERIFY,
         "'statement-timeout' belongs"},
        {"-- sealift: phase after\nSELECT 1;", SCRIPT_DOWN, "'phase' belongs into the up script"},
        {"-- sealift: irreversible so\nSELECT 1;", SCRIPT_DOWN,
         "'irreversible' belongs into the up"},
        {"-- sealift: nothing-to-undo so\nSELECT 1;", SCRIPT_PRECHECK,
         "'nothing-to-undo' belongs into the up script, or into the down that it speaks of"},
        {"-- sealift: verify in-transaction\nSELECT 1;", SCRIPT_UP,
         "'verify in-transaction' belongs into the verify script"},
        {BATCH ENDS ENDS, SCRIPT_PRECHECK, "x.sql:1: a batch stands in a script that only reads"},
        {BATCH ENDS, SCRIPT_UP, "x.sql:1: a batch is not alone in its script"},
        {BATCH "UPDATE t SET a = 1 WHERE id BETWEEN $1 AND $2;\n" ENDS ENDS, SCRIPT_DOWN,
         "x.sql:1: a batch is not alone in its script"},
        {BATCH "UPDATE t SET a = 1;\n" ENDS, SCRIPT_UP, "x.sql:2: 'update t set a …' must use $1"},
        {BATCH "UPDATE t SET a = $3 WHERE id BETWEEN $1 AND $2;\n" ENDS, SCRIPT_UP, "must use $1"},
        {BATCH "UPDATE t SET a = '$2' WHERE id > $1;\n" ENDS, SCRIPT_UP, "must use $1"},
        {BATCH "CALL f($1, $2);\n" ENDS, SCRIPT_UP, "is nothing that runs in batches"},
        {BATCH "COPY t FROM STDIN;\n1\n\\.\n" ENDS, SCRIPT_UP, "is nothing that runs in batches"},
        {BATCH "COMMIT;\n" ENDS, SCRIPT_UP, "cannot run in a batch's own transactions"},
        {BATCH "VACUUM t;\n" ENDS, SCRIPT_UP, "cannot run in a batch's own transactions"},
        {BATCH "WITH k AS (SELECT $1, $2) INSERT INTO u TABLE k;\n" ENDS, SCRIPT_UP,
         "x.sql:1: a batch does not say which table's keys"},
        {BATCH "DELETE FROM t WHERE id >= $1 AND id <= $2;\nDROP TABLE t;", SCRIPT_UP,
         "x.sql:3: 'drop table t' is no assertion that ends a batch"},
        {BATCH "DELETE FROM t WHERE id >= $1 AND id <= $2;\nSELECT $1;", SCRIPT_UP,
         "is no assertion that ends a batch"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        CLEANUP(error_done) Error err = {0};
        script_of(cases[i].sql, &script);
        const ScriptPlanOptions options = {"x.sql", cases[i].kind, TRANSACTION_MODE_GROUP, NULL};
        if (script_plan(&script, &options, &planned, &err))
            fail_msg("case %zu was accepted: %s", i, cases[i].sql);
        assert_int_equal(err.class, ERROR_INPUT);
        if (!strstr(err.message, cases[i].says))
            fail_msg("case %zu says: %s", i, err.message);
    }
}

static void plans_a_batch_with_the_table_it_changes(void **state UNUSED)
{
    static const struct {
        const char *sql, *schema, *table, *key;
    } cases[] = {
        {BATCH "UPDATE ONLY s.\"T\" x SET a = 1 WHERE id BETWEEN $1 AND $2;\n" ENDS, "s", "T",
         "id"},
        {BATCH "DELETE FROM t WHERE id BETWEEN $1 AND $2;\nTABLE done", "-", "t", "id"},
        {"-- sealift: batch key=k table=u\n"
         "INSERT INTO t SELECT * FROM u WHERE k BETWEEN $1 AND $2;\n" ENDS,
         "-", "u", "k"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of(cases[i].sql, &script);
        const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
        if (!script_plan(&script, &options, &planned, &err))
            fail_msg("case %zu: %s", i, err.message);
        const ManifestBatch *batch = &planned.batch;
        assert_string_equal(batch->table_schema ? batch->table_schema : "-", cases[i].schema);
        assert_string_equal(batch->table, cases[i].table);
        assert_string_equal(batch->key, cases[i].key);
        assert_int_equal(batch->size, SCRIPT_BATCH_SIZE_DEFAULT);
        assert_int_equal(planned.groups.count, 1);
        assert_int_equal(planned.groups.items[0].kind, GROUP_BATCH);
        assert_int_equal(planned.steps.items[0].kind, STEP_BATCH);
        assert_int_equal(planned.steps.items[1].kind, STEP_ASSERTION);
        assert_true(planned.present);
    }
}

static void marks_what_answers_in_scripts_that_check(void **state UNUSED)
{
    static const struct {
        ScriptKind kind;
        StepKind steps[3];
    } cases[] = {{SCRIPT_PRECHECK, {STEP_ASSERTION, STEP_SQL, STEP_ASSERTION}},
                 {SCRIPT_VERIFY, {STEP_ASSERTION, STEP_SQL, STEP_ASSERTION}},
                 {SCRIPT_UP, {STEP_SQL, STEP_SQL, STEP_SQL}}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of("SELECT true;\nDO 'begin end';\nWITH a AS (SELECT 1) TABLE a;\n", &script);
        const ScriptPlanOptions options = {"x.sql", cases[i].kind, TRANSACTION_MODE_GROUP, NULL};
        assert_true(script_plan(&script, &options, &planned, &err));
        for (size_t step = 0; step < 3; step++)
            assert_int_equal(planned.steps.items[step].kind, cases[i].steps[step]);
        assert_false(planned.gate);
    }
}

static void lines_are_one_step(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    Error err = {0};
    script_of("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n"
              "INSERT INTO t VALUES (3);\nINSERT INTO u VALUES (1);\n",
              &script);
    const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    CLEANUP(memory_freep) char *groups = groups_as_text(&planned);
    assert_string_equal(groups, "T(1,2,5)");
    const ManifestStep *steps = planned.steps.items;
    assert_int_equal(steps[0].kind, STEP_SQL);
    assert_int_equal(steps[0].statements, 1);
    assert_int_equal(steps[1].kind, STEP_LINES);
    assert_int_equal(steps[1].statements, 3);
    assert_int_equal(steps[1].offset, 24);
    assert_int_equal(steps[1].length, 3 * 26 - 2);
    /* they lock the same relations */
    assert_int_equal(steps[1].lock_estimate, 3);
    assert_int_equal(steps[2].kind, STEP_SQL);
    assert_int_equal(steps[2].line, 5);
}

static void a_table_that_is_written_again_is_locked_once(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    Error err = {0};
    script_of(
        "INSERT INTO t\nVALUES (1);\nINSERT INTO s.t\nVALUES (1);\n"
        "INSERT INTO \"t\"\nVALUES (2);\nUPDATE ONLY t SET a = 1 WHERE b;\n"
        "DELETE FROM s.t WHERE b;\nMERGE INTO a USING t ON a.a = t.a WHEN MATCHED THEN DELETE;\n"
        "SELECT 1;\nSELECT 1;\n",
        &script);
    const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    static const int64_t expected[] = {3, 3, 0, 0, 0, 3, 3, 3};
    assert_int_equal(planned.steps.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_int_equal(planned.steps.items[i].lock_estimate, expected[i]);
}

static void idempotent_steps_need_no_probe(void **state UNUSED)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    Error err = {0};
    script_of("-- sealift: idempotent\nCREATE INDEX CONCURRENTLY ON t (a);", &script);
    const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, TRANSACTION_MODE_GROUP, NULL};
    assert_true(script_plan(&script, &options, &planned, &err));
    assert_int_equal(planned.steps.items[0].probe.kind, PROBE_REPEAT);
}

static void names_what_keeps_it_out_of_a_larger_transaction(void **state UNUSED)
{
    static const struct {
        const char *sql;
        TransactionMode mode;
        const char *says; /* NULL: nothing */
    } cases[] = {
        {"SELECT 1;", TRANSACTION_MODE_GROUP, NULL},
        {"SELECT 1;\n" CIC, TRANSACTION_MODE_GROUP, "line 2 cannot run in a transaction"},
        {"SELECT 1;", TRANSACTION_MODE_NONE, "no-transaction"},
        {"BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 1; COMMIT;", TRANSACTION_MODE_GROUP, "line 2"},
        {"ALTER TYPE mood ADD VALUE 'blue';", TRANSACTION_MODE_GROUP, "adds an enum value"},
        {BATCH "DELETE FROM t WHERE id BETWEEN $1 AND $2;\n" ENDS, TRANSACTION_MODE_GROUP,
         "runs in batches"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of(cases[i].sql, &script);
        const ScriptPlanOptions options = {"x.sql", SCRIPT_UP, cases[i].mode, NULL};
        assert_true(script_plan(&script, &options, &planned, &err));
        CLEANUP(memory_freep)
        char *blocker = script_plan_atomic_blocker(&script, &planned, cases[i].mode);
        if (!cases[i].says)
            assert_null(blocker);
        else
            assert_non_null(strstr(blocker, cases[i].says));
    }
}

/* Places count from the statement's first byte; a parameter is the index of the project's value. */
static void notes_where_steps_take_parameters(void **state UNUSED)
{
    static char role[] = "role", tenant[] = "tenant";
    ProjectValue values[] = {
        {.name = role, .site = true, .type = VALUE_TYPE_IDENTIFIER, .form = VALUE_FORM_IDENTIFIER},
        {.name = tenant, .site = true, .form = VALUE_FORM_LITERAL}};
    const ProjectValueArray all = {.items = values, .count = 2};
    CLEANUP(script_done) Script script = {0};
    CLEANUP(planned_done) ManifestScript planned = {0};
    CLEANUP(error_done) Error err = {0};
    script_with("SELECT 1;\n-- x\nSELECT :tenant AS :\"role\";\nGRANT a TO :role;\n", &all,
                &script);
    const ScriptPlanOptions options = {.name = "x.sql", .kind = SCRIPT_UP, .values = &all};
    assert_true(script_plan(&script, &options, &planned, &err));
    static const ManifestReference expected[] = {
        {.step = 1, .offset = 7, .length = 7, .parameter = 1, .quoting = QUOTING_LITERAL},
        {.step = 1, .offset = 18, .length = 7, .parameter = 0, .quoting = QUOTING_IDENTIFIER},
        {.step = 2, .offset = 11, .length = 5, .parameter = 0, .quoting = QUOTING_IDENTIFIER}};
    assert_int_equal(planned.references.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(planned.references.items[i].step, expected[i].step);
        assert_int_equal(planned.references.items[i].offset, expected[i].offset);
        assert_int_equal(planned.references.items[i].length, expected[i].length);
        assert_int_equal(planned.references.items[i].parameter, expected[i].parameter);
        assert_int_equal(planned.references.items[i].quoting, expected[i].quoting);
    }
}

static bool append(Script *script, const ScriptPlanOptions *options, const char *added,
                   ManifestScript *planned, Error *err)
{
    const ScriptSink no_sink = {0};
    size_t first = script->statements.count;
    int64_t line = first ? script->statements.items[first - 1].line : 1;
    return script_append(script, added, line, &no_sink, err) &&
           script_plan_append(script, first, options, planned, err);
}

static void adds_statements_to_the_last_group_that_takes_them(void **state UNUSED)
{
    static const struct {
        const char *sql;
        TransactionMode mode;
        const char *groups;
    } cases[] = {
        {"SELECT 1;\nSELECT 2", TRANSACTION_MODE_GROUP, "T(1,2,2,2)"},
        {"BEGIN;\nSELECT 1;\nCOMMIT;", TRANSACTION_MODE_GROUP, "T(2,3,3)"},
        {"BEGIN READ ONLY;\nSELECT 1;\nCOMMIT;", TRANSACTION_MODE_GROUP, "T(2) T(3,3)"},
        {"SELECT 1;\n" CIC, TRANSACTION_MODE_GROUP, "T(1) A(2) T(2,2)"},
        {"SELECT 1;", TRANSACTION_MODE_NONE, "T(1) T(1,1)"},
        {BATCH "DELETE FROM t WHERE id BETWEEN $1 AND $2;\n" ENDS, TRANSACTION_MODE_GROUP,
         "T(2,3) T(3,3)"},
        {"-- nothing", TRANSACTION_MODE_GROUP, "T(1,1)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        Error err = {0};
        script_of(cases[i].sql, &script);
        int64_t shipped = script.shipped_size;
        const ScriptPlanOptions options = {
            .name = "x.sql", .kind = SCRIPT_UP, .mode = cases[i].mode};
        assert_true(script_plan(&script, &options, &planned, &err));
        if (!append(&script, &options, "\n-- why\nINSERT INTO h VALUES (1);\nSELECT 3;\n", &planned,
                    &err))
            fail_msg("%s", err.message);
        CLEANUP(memory_freep) char *groups = groups_as_text(&planned);
        assert_string_equal(groups, cases[i].groups);
        assert_true(planned.present);
        const ManifestStep *last = &planned.steps.items[planned.steps.count - 1];
        assert_int_equal(last->offset, shipped + 34);
        assert_int_equal(last->length, 8);
        assert_int_equal(script.shipped_size, shipped + 44);
    }
}

static void adds_nothing_that_controls_transactions_or_has_no_end(void **state UNUSED)
{
    static const char *const bad[] = {"COMMIT;", CIC, "SELECT 1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(planned_done) ManifestScript planned = {0};
        CLEANUP(error_done) Error err = {0};
        script_of("SELECT 1;", &script);
        const ScriptPlanOptions options = {.name = "x.sql", .kind = SCRIPT_UP};
        assert_true(script_plan(&script, &options, &planned, &err));
        assert_false(append(&script, &options, bad[i], &planned, &err));
        assert_int_equal(err.class, ERROR_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_statements),
        cmocka_unit_test(carries_the_modes_of_begin),
        cmocka_unit_test(a_former_text_keeps_what_it_says_as_an_up),
        cmocka_unit_test(takes_set_transaction_for_modes_of_its_begin),
        cmocka_unit_test(writes_the_probe_with_the_step),
        cmocka_unit_test(refuses_what_the_applier_cannot_own),
        cmocka_unit_test(plans_a_batch_with_the_table_it_changes),
        cmocka_unit_test(marks_what_answers_in_scripts_that_check),
        cmocka_unit_test(lines_are_one_step),
        cmocka_unit_test(a_table_that_is_written_again_is_locked_once),
        cmocka_unit_test(idempotent_steps_need_no_probe),
        cmocka_unit_test(names_what_keeps_it_out_of_a_larger_transaction),
        cmocka_unit_test(notes_where_steps_take_parameters),
        cmocka_unit_test(adds_statements_to_the_last_group_that_takes_them),
        cmocka_unit_test(adds_nothing_that_controls_transactions_or_has_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
