#include "planner/downs/suggest_down.h"

#include "planner/schema/sql_names.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

/* What a rehearsal has seen: rows of kind, schema.name, sub. */
typedef struct Seen {
    BeforeKind kind;
    const char *object, *sub;
    const char *definition; /* NULL: it was not there */
} Seen;

typedef struct Rehearsed {
    const Seen *seen;
    size_t count;
} Rehearsed;

static bool find_before(void *context, const BeforeQuestion *question, BeforeAnswer *ret_answer,
                        char **ret_definition, Error *err)
{
    const Rehearsed *rehearsed = context;
    CLEANUP(memory_freep)
    char *object = memory_format("%s.%s", question->schema, question->name);
    assert_string_equal(question->migration, "0001_change");
    for (size_t i = 0; i < rehearsed->count; i++) {
        const Seen *seen = &rehearsed->seen[i];
        if (seen->kind != question->kind || strcmp(seen->object, object) != 0 ||
            strcmp(seen->sub, question->sub) != 0)
            continue;
        *ret_answer = seen->definition ? BEFORE_KNOWN : BEFORE_ABSENT;
        if (seen->definition)
            *ret_definition = memory_string(seen->definition);
        return true;
    }
    if (strcmp(question->name, "unreadable") == 0)
        return error_set(err, ERROR_IO, "the catalog cannot be read");
    return true;
}

static const Seen seen[] = {
    {BEFORE_VIEW, "public.v", "", "CREATE OR REPLACE VIEW public.v AS SELECT 0"},
    {BEFORE_VIEW, "public.fresh", "", NULL},
    {BEFORE_FUNCTION, "public.f", "integer, text", "CREATE OR REPLACE FUNCTION public.f …"},
    {BEFORE_FUNCTION, "public.g", "", NULL},
    {BEFORE_INDEX, "shop.i", "", "CREATE INDEX i ON shop.t USING btree (a)"},
    {BEFORE_CONSTRAINT, "public.t", "c", "CHECK ((a > 0)) NOT VALID"},
    {BEFORE_TRIGGER, "public.t", "g", "CREATE TRIGGER g …"},
    {BEFORE_TRIGGER, "shop.t", "g", "CREATE TRIGGER g ON shop.t …"},
    {BEFORE_TRIGGER_STATE, "public.t", "g", "ENABLE ALWAYS"},
    {BEFORE_DEFAULT, "public.t", "a", "'x'::text"},
    {BEFORE_DEFAULT, "public.t", "b", ""},
    {BEFORE_NOT_NULL, "public.t", "a", "t"},
    {BEFORE_NOT_NULL, "public.t", "b", "f"},
    {BEFORE_STATISTICS, "public.t", "a", "-1"},
    {BEFORE_STORAGE, "public.t", "a", "EXTENDED"},
    {BEFORE_OPTIONS, "public.t", "", "fillfactor=90"},
    {BEFORE_ROW_SECURITY, "public.t", "", "DISABLE NO FORCE"},
    {BEFORE_OWNER, "public.t", "", "Old One"},
    {BEFORE_ACL, "public.t", "", "{owner=arwdDxt/owner,clerk=r/owner}"},
    {BEFORE_COMMENT, "public.t", "", ""},
    {BEFORE_COMMENT, "public.t", "a", "it's a"},
};

static char *draft_of(const char *sql, const BeforeState *before)
{
    static const char *const files[] = {"1.0.0/0001_change.up.sql"};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, 1);
    CLEANUP(project_done) Project project = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(down_draft_done) DownDraft draft = {0};
    Text steps = {0};
    folder_write(&folder, "migrations/1.0.0/0001_change.up.sql", sql);
    if (!project_read(folder.path, &project, &error) ||
        !suggest_down(&project, 0, before, &sql_parser_limits, &draft, &error)) {
        text_addf(&steps, "error: %s", error.message);
        return text_take(&steps);
    }
    for (size_t i = draft.steps.count; i-- > 0;) {
        const DownStep *step = &draft.steps.items[i];
        text_addf(&steps, "%s%s%s", steps.length ? "\n" : "",
                  step->outcome == DOWN_DERIVED   ? ""
                  : step->outcome == DOWN_NOTHING ? "nothing: "
                                                  : "refused: ",
                  step->outcome == DOWN_DERIVED ? step->sql : step->reason);
        if (step->guard)
            text_addf(&steps, " unless (%s)", step->guard);
    }
    return text_take(&steps);
}

static void refuses_what_names_a_site_parameter(void **state UNUSED)
{
    static const char *const files[] = {"1.0.0/0001_change.up.sql"};
    Rehearsed rehearsed = {seen, ARRAY_LEN(seen)};
    const BeforeState before = {.find = find_before, .context = &rehearsed};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, 1);
    CLEANUP(project_done) Project project = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(down_draft_done) DownDraft draft = {0};
    folder_write(&folder, "sealift.conf",
                 FOLDER_CONFIG "[value app_role]\nsite = true\ntype = identifier\nrehearse = a\n");
    folder_write(&folder, "migrations/1.0.0/0001_change.up.sql",
                 "GRANT SELECT ON t TO :\"app_role\";\nGRANT SELECT ON t TO reader;\n");
    assert_true(project_read(folder.path, &project, &error));
    assert_true(suggest_down(&project, 0, &before, &sql_parser_limits, &draft, &error));
    const DownStep *steps = draft.steps.items;
    assert_int_equal(draft.steps.count, 2);
    assert_int_equal(steps[0].outcome, DOWN_REFUSED);
    assert_null(steps[0].sql);
    assert_non_null(strstr(steps[0].reason, "the site parameter 'app_role'"));
    assert_string_equal(steps[0].statement, "GRANT SELECT ON t TO :\"app_role\"");
    assert_string_equal(steps[1].sql, "REVOKE SELECT ON t FROM reader;");
}

typedef struct Case {
    const char *sql, *down;
} Case;

static void check(const Case *cases, size_t count, const BeforeState *before)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(memory_freep) char *got = draft_of(cases[i].sql, before);
        if (strcmp(got, cases[i].down) != 0)
            fail_msg("%s\n--- expected\n%s\n--- got\n%s", cases[i].sql, cases[i].down, got);
    }
}

static void derives_from_the_text(void **state UNUSED)
{
    static const Case cases[] = {
        {"CREATE TABLE s.t (a int);", "DROP TABLE s.t; unless (SELECT FROM s.t)"},
        {"CREATE TABLE t AS SELECT 1;", "DROP TABLE t; unless (SELECT FROM t)"},
        {"CREATE TEMP TABLE t (a int);", "nothing: a temporary table goes with the session"},
        {"CREATE MATERIALIZED VIEW m AS SELECT 1;", "DROP MATERIALIZED VIEW m;"},
        {"CREATE FOREIGN TABLE f (a int) SERVER x;", "DROP FOREIGN TABLE f;"},
        {"CREATE SEQUENCE s;", "DROP SEQUENCE s;"},
        {"CREATE TYPE e AS ENUM ('a');", "DROP TYPE e;"},
        {"CREATE TYPE s.c AS (a int);", "DROP TYPE s.c;"},
        {"CREATE TYPE r AS RANGE (subtype = int4);", "DROP TYPE r;"},
        {"CREATE DOMAIN d AS int;", "DROP DOMAIN d;"},
        {"CREATE STATISTICS x ON a, b FROM t;", "DROP STATISTICS x;"},
        {"CREATE VIEW v AS SELECT 1;", "DROP VIEW v;"},
        {"CREATE SCHEMA \"My\";", "DROP SCHEMA \"My\";"},
        {"CREATE FUNCTION s.f(a int, OUT b int, VARIADIC c text[]) LANGUAGE sql AS '';",
         "DROP FUNCTION s.f(integer, text[]);"},
        {"CREATE PROCEDURE p() LANGUAGE sql AS '';", "DROP PROCEDURE p();"},
        {"CREATE INDEX i ON s.t (a);", "DROP INDEX s.i;"},
        {"CREATE INDEX CONCURRENTLY i ON t (a);", "DROP INDEX CONCURRENTLY i;"},
        {"CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();", "DROP TRIGGER g ON t;"},
        {"CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING;", "DROP RULE r ON t;"},
        {"CREATE POLICY p ON s.t;", "DROP POLICY p ON s.t;"},
        {"ALTER TABLE t ADD a int, ADD b text NOT NULL DEFAULT 'x' CHECK (b > 'a');",
         "ALTER TABLE t DROP COLUMN b; unless (SELECT FROM t WHERE b IS DISTINCT FROM ('x'))\n"
         "ALTER TABLE t DROP COLUMN a; unless (SELECT FROM t WHERE a IS NOT NULL)"},
        {"ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2) STORED;",
         "ALTER TABLE t DROP COLUMN b;"},
        {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n"
         "ALTER TABLE t VALIDATE CONSTRAINT c;",
         "nothing: it goes with the constraint, which this migration added\n"
         "ALTER TABLE t DROP CONSTRAINT c;"},
        {"CREATE UNIQUE INDEX i ON t (a);\nALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;",
         "ALTER TABLE t DROP CONSTRAINT k;\nnothing: it goes with the constraint k"},
        {"ALTER TABLE s.t RENAME TO u;", "ALTER TABLE s.u RENAME TO t;"},
        {"ALTER TABLE t RENAME a TO b;", "ALTER TABLE t RENAME COLUMN b TO a;"},
        {"ALTER TABLE t RENAME CONSTRAINT a TO b;", "ALTER TABLE t RENAME CONSTRAINT b TO a;"},
        {"ALTER VIEW v RENAME TO w;", "ALTER VIEW w RENAME TO v;"},
        {"ALTER INDEX s.i RENAME TO j;", "ALTER INDEX s.j RENAME TO i;"},
        {"ALTER SEQUENCE a RENAME TO b;", "ALTER SEQUENCE b RENAME TO a;"},
        {"ALTER SCHEMA a RENAME TO b;", "ALTER SCHEMA b RENAME TO a;"},
        {"ALTER TYPE s.a RENAME TO b;", "ALTER TYPE s.b RENAME TO a;"},
        {"ALTER TYPE a RENAME ATTRIBUTE b TO c;", "ALTER TYPE a RENAME ATTRIBUTE c TO b;"},
        {"ALTER TRIGGER a ON t RENAME TO b;", "ALTER TRIGGER b ON t RENAME TO a;"},
        {"ALTER POLICY a ON t RENAME TO b;", "ALTER POLICY b ON t RENAME TO a;"},
        {"ALTER TYPE e RENAME VALUE 'a' TO 'it''s';", "ALTER TYPE e RENAME VALUE 'it''s' TO 'a';"},
        {"ALTER TABLE t SET SCHEMA s;", "ALTER TABLE s.t SET SCHEMA public;"},
        {"SET LOCAL lock_timeout = '1s';", "nothing: it leaves the schema as it is"},
        {"SELECT 1;", "nothing: it only reads"},
        {"BEGIN;\nCREATE VIEW v AS SELECT 1;\nCOMMIT;", "DROP VIEW v;"},
    };
    check(cases, ARRAY_LEN(cases), NULL);
}

static void what_is_done_to_new_objects_goes_with_them(void **state UNUSED)
{
    static const Case cases[] = {
        {"CREATE TABLE t (a int);\nALTER TABLE t ADD UNIQUE (a);\nCREATE INDEX ON t (a);\n"
         "INSERT INTO t VALUES (1);\nCOPY t FROM STDIN;\n1\n\\.\nCOMMENT ON COLUMN t.a IS 'x';\n"
         "GRANT SELECT ON t TO clerk;",
         "nothing: it goes with t, which this migration made\n"
         "nothing: it goes with t, which this migration made\n"
         "nothing: it goes with t, which this migration made\n"
         "nothing: it goes with t, which this migration made\n"
         "nothing: it goes with t, which this migration made\n"
         "nothing: it goes with t, which this migration made\n"
         "DROP TABLE t; unless (SELECT FROM t)"},
        {"CREATE TABLE t (a int);\n\\copy t from 'x.csv'\n",
         "nothing: it goes with t, which this migration made\n"
         "DROP TABLE t; unless (SELECT FROM t)"},
        {"CREATE TABLE t (a int);\nALTER TABLE t RENAME TO u;\nUPDATE u SET a = 1;",
         "nothing: it goes with u, which this migration made\n"
         "ALTER TABLE u RENAME TO t;\nDROP TABLE t; unless (SELECT FROM t)"},
        {"CREATE TYPE e AS ENUM ('a');\nALTER TYPE e ADD VALUE 'b';",
         "nothing: it goes with the type, which this migration made\nDROP TYPE e;"},
        {"CREATE SCHEMA s;\nCREATE OR REPLACE VIEW s.v AS SELECT 1;",
         "DROP VIEW s.v;\nDROP SCHEMA s;"},
    };
    check(cases, ARRAY_LEN(cases), NULL);
}

static void restores_what_a_rehearsal_has_seen(void **state UNUSED)
{
    static const Case cases[] = {
        {"CREATE OR REPLACE VIEW v AS SELECT 1;", "CREATE OR REPLACE VIEW public.v AS SELECT 0"},
        {"CREATE OR REPLACE VIEW fresh AS SELECT 1;", "DROP VIEW fresh;"},
        {"CREATE OR REPLACE FUNCTION f(int, b text) RETURNS int LANGUAGE sql AS 'select 1';",
         "CREATE OR REPLACE FUNCTION public.f …;"},
        {"CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql AS 'select 1';",
         "DROP FUNCTION g();"},
        {"DROP INDEX shop.i;", "CREATE INDEX i ON shop.t USING btree (a);"},
        {"DROP VIEW v;", "CREATE OR REPLACE VIEW public.v AS SELECT 0;"},
        {"DROP FUNCTION f(int, text);", "CREATE OR REPLACE FUNCTION public.f …;"},
        {"DROP TRIGGER g ON t;", "CREATE TRIGGER g …;"},
        {"DROP TRIGGER g ON shop.t;", "CREATE TRIGGER g ON shop.t …;"},
        {"CREATE OR REPLACE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();",
         "DROP TRIGGER g ON t;\nCREATE TRIGGER g …;"},
        {"ALTER TABLE t DROP CONSTRAINT c;",
         "ALTER TABLE t ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID;"},
        {"ALTER TABLE t VALIDATE CONSTRAINT c;",
         "ALTER TABLE t DROP CONSTRAINT c;\n"
         "ALTER TABLE t ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID;"},
        {"ALTER TABLE t ALTER a SET DEFAULT 'y';",
         "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x'::text;"},
        {"ALTER TABLE t ALTER b SET DEFAULT 1;", "ALTER TABLE t ALTER COLUMN b DROP DEFAULT;"},
        {"ALTER TABLE t ALTER a DROP NOT NULL;", "ALTER TABLE t ALTER COLUMN a SET NOT NULL;"},
        {"ALTER TABLE t ALTER b SET NOT NULL;", "ALTER TABLE t ALTER COLUMN b DROP NOT NULL;"},
        {"ALTER TABLE t ALTER a SET NOT NULL;", "nothing: the column was so before"},
        {"ALTER TABLE t ALTER a SET STATISTICS 500;",
         "ALTER TABLE t ALTER COLUMN a SET STATISTICS -1;"},
        {"ALTER TABLE t ALTER a SET STORAGE external;",
         "ALTER TABLE t ALTER COLUMN a SET STORAGE EXTENDED;"},
        {"ALTER TABLE t SET (fillfactor = 70);",
         "ALTER TABLE t RESET (fillfactor);\nALTER TABLE t SET (fillfactor=90);"},
        {"ALTER TABLE t ENABLE ROW LEVEL SECURITY;", "ALTER TABLE t DISABLE ROW LEVEL SECURITY;"},
        {"ALTER TABLE t FORCE ROW LEVEL SECURITY;", "ALTER TABLE t NO FORCE ROW LEVEL SECURITY;"},
        {"ALTER TABLE t DISABLE TRIGGER g;", "ALTER TABLE t ENABLE ALWAYS TRIGGER g;"},
        {"ALTER TABLE t OWNER TO clerk;", "ALTER TABLE t OWNER TO \"Old One\";"},
        {"COMMENT ON TABLE t IS 'new';", "COMMENT ON TABLE t IS NULL;"},
        {"COMMENT ON COLUMN t.a IS 'new';", "COMMENT ON COLUMN t.a IS 'it''s a';"},
        {"GRANT SELECT, INSERT ON t TO reader, PUBLIC;",
         "REVOKE SELECT, INSERT ON t FROM reader, PUBLIC;"},
        {"GRANT INSERT ON t TO clerk;", "refused: 'clerk' had privileges on it before"},
    };
    Rehearsed rehearsed = {seen, ARRAY_LEN(seen)};
    check(cases, ARRAY_LEN(cases), &(const BeforeState){find_before, &rehearsed});
}

#define UNSEEN(what)                                                                               \
    "refused: what the " what " was before is not in the text, and no rehearsal has seen it"

static void refuses_by_name_and_reason_what_nobody_has_seen(void **state UNUSED)
{
    static const Case cases[] = {
        {"CREATE OR REPLACE VIEW w AS SELECT 1;", UNSEEN("view")},
        {"CREATE OR REPLACE FUNCTION h() RETURNS int LANGUAGE sql AS '';", UNSEEN("function")},
        {"DROP INDEX i;", UNSEEN("index")},
        {"DROP VIEW w;", UNSEEN("view")},
        {"DROP MATERIALIZED VIEW w;", UNSEEN("materialized view")},
        {"DROP RULE r ON t;", UNSEEN("rule")},
        {"DROP INDEX fresh;", UNSEEN("index")},
        {"DROP VIEW fresh;", "refused: the view was not there in the rehearsal"},
        {"ALTER TABLE t DROP CONSTRAINT x;", UNSEEN("constraint")},
        {"ALTER TABLE t ALTER x SET DEFAULT 1;", UNSEEN("default")},
        {"ALTER TABLE t ALTER x DROP NOT NULL;", UNSEEN("NOT NULL")},
        {"ALTER TABLE x SET (fillfactor = 70);", UNSEEN("storage parameters")},
        {"COMMENT ON TABLE x IS 'new';", UNSEEN("comment")},
        {"GRANT SELECT ON x TO clerk;", UNSEEN("privileges")},
        {"DROP VIEW unreadable;", "error: the catalog cannot be read"},
    };
    Rehearsed rehearsed = {seen, ARRAY_LEN(seen)};
    check(cases, ARRAY_LEN(cases), &(const BeforeState){find_before, &rehearsed});
    check(cases, 7, NULL);
}

static void refuses_what_cannot_be_taken_back(void **state UNUSED)
{
    static const char maybe_made[] = "refused: IF NOT EXISTS does not say whether it made anything";
    static const char maybe_there[] = "refused: IF EXISTS does not say whether there was anything";
    static const char more[] = "refused: CASCADE does not say what else it drops";
    static const char insert[] =
        "refused: which rows came is not in the text: write the DELETE yourself";
    const Case cases[] = {
        {"CREATE TABLE IF NOT EXISTS t (a int);", maybe_made},
        {"CREATE SEQUENCE IF NOT EXISTS s;", maybe_made},
        {"CREATE SCHEMA IF NOT EXISTS s;", maybe_made},
        {"CREATE INDEX IF NOT EXISTS i ON t (a);", maybe_made},
        {"ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;", maybe_made},
        {"DROP VIEW IF EXISTS v;", maybe_there},
        {"ALTER TABLE IF EXISTS t ADD a int;", maybe_there},
        {"ALTER TABLE t DROP CONSTRAINT IF EXISTS c;", maybe_there},
        {"ALTER TABLE IF EXISTS t RENAME TO u;", maybe_there},
        {"DROP VIEW v CASCADE;", more},
        {"ALTER TABLE t DROP CONSTRAINT c CASCADE;", more},
        {"CREATE INDEX ON t (a);", "refused: the index has no name, and the server makes one"},
        {"ALTER TABLE t ADD CHECK (a > 0);",
         "refused: the constraint has no name, and the server makes one"},
        {"ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i;",
         "refused: dropping the constraint would drop the index i, which was there before"},
        {"CREATE SCHEMA s CREATE TABLE t (a int);",
         "refused: it makes more than a schema of a given name"},
        {"CREATE PROCEDURE p(OUT a int) LANGUAGE sql AS '';",
         "refused: how a procedure with OUT arguments is named differs by version"},
        {"ALTER TABLE t ALTER a TYPE bigint;", "refused: the way back may fail or cut values: only "
                                               "its author knows whether it may"},
        {"ALTER TABLE t DROP COLUMN a;",
         "refused: its values are gone: irreversible, or drop it a version later"},
        {"ALTER TABLE t DISABLE TRIGGER ALL;", "refused: it is not one trigger by name"},
        {"ALTER TABLE t CLUSTER ON i;",
         "refused: commands of this kind (ClusterOn) are not derived"},
        {"ALTER INDEX i SET (fillfactor = 70);", "refused: only ALTER TABLE of tables is derived"},
        {"DROP TABLE t;", "refused: its rows are gone: irreversible, or rename it and drop it a "
                          "version later"},
        {"DROP SCHEMA s;", "refused: its rows are gone: irreversible, or rename it and drop it a "
                           "version later"},
        {"DROP EXTENSION x;", "refused: what an extension made cannot be brought back from here"},
        {"DROP TYPE t;", "refused: no definition of it is kept"},
        {"TRUNCATE t;", "refused: the rows are gone: irreversible"},
        {"DELETE FROM t;", "refused: the rows are gone: irreversible, or keep them in a table"},
        {"UPDATE t SET a = 1;",
         "refused: the values before are gone: irreversible, or keep them in a column"},
        {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE;",
         "refused: the values before are gone: irreversible"},
        {"INSERT INTO t VALUES (1);", insert},
        {"\\copy t from 'x.csv'\n", insert},
        {"ALTER TYPE e ADD VALUE 'b';",
         "refused: a value of an enum cannot be taken out: irreversible"},
        {"DO $$ BEGIN END $$;", "refused: what a block or a procedure does is not in the text"},
        {"CALL p();", "refused: what a block or a procedure does is not in the text"},
        {"SELECT setval('s', 1);", "refused: what a function does is not in the text"},
        {"CREATE EXTENSION citext;",
         "refused: what an extension's script makes is not in the text"},
        {"SELEC 1;", "refused: the grammar does not know the statement"},
        {"ALTER FUNCTION f() RENAME TO g;", "refused: renaming this kind of object is not derived"},
        {"ALTER FUNCTION f() SET SCHEMA s;", "refused: moving this kind of object is not derived"},
        {"COMMENT ON SCHEMA s IS 'x';",
         "refused: comments are derived for relations and columns alone"},
        {"REVOKE SELECT ON t FROM clerk;", "refused: only GRANT of one relation is derived"},
        {"GRANT SELECT ON t, u TO clerk;", "refused: only GRANT of one relation is derived"},
        {"CREATE ROLE r;", "refused: statements of this kind are not derived"},
        {"SELECT '", "error: migrations/1.0.0/0001_change.up.sql:1: a string that begins here is "
                     "never closed"},
    };
    check(cases, ARRAY_LEN(cases), NULL);
}

static void the_draft_says_what_is_lost_and_that_nothing_is_proven(void **state UNUSED)
{
    CLEANUP(down_draft_done) DownDraft draft = {.no_transaction = true};
    CLEANUP(text_done) Text text = {0};
    DownStep *first = array_add(&draft.steps);
    first->outcome = DOWN_REFUSED;
    first->line = 1;
    first->statement = memory_string("DROP TABLE a");
    first->reason = memory_string("its rows are gone");
    DownStep *second = array_add(&draft.steps);
    second->line = 4;
    second->statement = memory_string("CREATE TABLE t (");
    second->sql = memory_string("DROP TABLE t;");
    second->loses = memory_string("all rows of t");
    second->guard = memory_string("SELECT FROM t");
    down_draft_text(&draft, "0007_x", &text);
    assert_string_equal(
        text_string(&text),
        "-- sealift: no-transaction\n"
        "-- A draft that 'planner suggest-down' derived from the up script of 0007_x.\n"
        "-- Nothing is proven: read it, complete it, and rehearse it before it is "
        "released.\n"
        "-- Not derived: 1 statement, marked below.\n"
        "\n"
        "-- up, line 4: CREATE TABLE t (\n"
        "-- loses: all rows of t\n"
        "-- to refuse then, take the dashes away:\n"
        "-- DO $guard$ BEGIN\n"
        "--     IF EXISTS (SELECT FROM t) THEN\n"
        "--         RAISE EXCEPTION 'this rollback would lose data';\n"
        "--     END IF;\n"
        "-- END $guard$;\n"
        "DROP TABLE t;\n"
        "\n"
        "-- up, line 1: DROP TABLE a\n"
        "-- not derived: its rows are gone\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_from_the_text),
        cmocka_unit_test(what_is_done_to_new_objects_goes_with_them),
        cmocka_unit_test(restores_what_a_rehearsal_has_seen),
        cmocka_unit_test(refuses_by_name_and_reason_what_nobody_has_seen),
        cmocka_unit_test(refuses_what_cannot_be_taken_back),
        cmocka_unit_test(refuses_what_names_a_site_parameter),
        cmocka_unit_test(the_draft_says_what_is_lost_and_that_nothing_is_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
