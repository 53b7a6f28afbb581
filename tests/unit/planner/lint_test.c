#include "planner/lint/lint.h"

#include "base/text.h"
#include "migrations/statement_splitter.h"
#include "planner/lint/lint_rules.h"
#include "tests/support/unit_test.h"
/* behind cmocka's headers */
#include "tests/unit/migrations/project_folder.h"

#define VECTORS_PATH "tests/vectors/lint.test"

/* A group of the file: rules that it is about, SQL of a migration, what is found in it. */
typedef struct Vector {
    int line;
    char *title; /* owned: "rule, rule: words" or "not rule, rule: words" */
    Text config, sql, expected;
} Vector;

typedef ARRAY_OF(Vector) VectorArray;

typedef struct Vectors {
    Text base; /* the migration of the version before */
    VectorArray groups;
} Vectors;

static Vectors read_vectors(void)
{
    Vectors vectors = {0};
    FILE *file = fopen(VECTORS_PATH, "re");
    CLEANUP(memory_freep) char *line = NULL;
    size_t size = 0;
    int number = 0;
    if (!file)
        fail_msg("cannot open %s (run from the top of the tree)", VECTORS_PATH);
    while (getline(&line, &size, file) > 0) {
        number++;
        size_t count = vectors.groups.count;
        Vector *vector = count ? &vectors.groups.items[count - 1] : NULL;
        if (line[0] == '#')
            continue;
        if (text_has_prefix(line, "%% ")) {
            vector = array_add(&vectors.groups);
            vector->line = number;
            vector->title = memory_string_n(line + 3, strcspn(line + 3, "\n"));
        } else if (!vector) {
            text_add(&vectors.base, line);
        } else if (text_has_prefix(line, "!! ")) {
            text_add(&vector->config, line + 3);
        } else if (text_has_prefix(line, "=> ")) {
            text_add(&vector->expected, line + 3);
        } else if (!vector->expected.length || line[0] != '\n') {
            text_add(&vector->sql, line);
        }
    }
    (void)fclose(file);
    return vectors;
}

static void vectors_done(Vectors *vectors)
{
    text_done(&vectors->base);
    array_each (Vector, vector, &vectors->groups) {
        free(vector->title);
        text_done(&vector->config);
        text_done(&vector->sql);
        text_done(&vector->expected);
    }
    array_free(&vectors->groups);
}

/* -- a project around some SQL -- */

typedef struct Linted {
    ProjectFolder folder;
    Project project;
    LintReport report;
} Linted;

static void linted_done(Linted *linted)
{
    lint_report_done(&linted->report);
    project_done(&linted->project);
    folder_done(&linted->folder);
}

/* There are hundreds of these: without waiting for the disk. */
static void write_quickly(const ProjectFolder *folder, const char *name, const char *bytes)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(memory_freep) char *path = file_path(folder->path, name);
    CLEANUP(memory_freep) char *parent = file_folder_of(path);
    assert_true(file_make_folders(parent, 0755, &error));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
    assert_int_equal(fclose(file), 0);
}

/* The project has `base` as version 1.0.0 and `sql` as 1.1.0, which is looked at. */
static Linted lint_with(const char *base, const char *sql, const char *config,
                        const LintMeasured *measured)
{
    static const bool selected[] = {false, true};
    Linted linted = {.folder = {"/tmp/sealift-lint-XXXXXX"}};
    assert_non_null(mkdtemp(linted.folder.path));
    CLEANUP(error_done) Error error = {0};
    CLEANUP(memory_freep)
    char *text =
        memory_format(FOLDER_CONFIG "[migrations]\nlayout = sealift\n[database]\n%s", config);
    write_quickly(&linted.folder, "sealift.conf", text);
    write_quickly(&linted.folder, "migrations/1.0.0/0001_base.up.sql", base);
    write_quickly(&linted.folder, "migrations/1.1.0/0002_change.up.sql", sql);
    const LintOptions options = {
        .selected = selected, .measured = measured, .limits = &sql_parser_limits};
    if (!project_read(linted.folder.path, &linted.project, &error) ||
        !lint_run(&linted.project, &options, &linted.report, &error))
        fail_msg("%s", error.message);
    return linted;
}

/* "rule severity line:column", a line each. */
static char *findings_of(const LintReport *report)
{
    Text text = {0};
    array_each (const LintFinding, finding, &report->findings)
        text_addf(&text, "%s %s %lld:%lld%s\n", finding->rule->id,
                  lint_severity_name(finding->severity), (long long)finding->line,
                  (long long)finding->column, finding->reason ? " acknowledged" : "");
    return text_take(&text);
}

static void finds_what_the_vectors_say(void **state UNUSED)
{
    Vectors vectors = read_vectors();
    int failed = 0;
    array_each (Vector, vector, &vectors.groups) {
        CLEANUP(linted_done)
        Linted linted = lint_with(text_string(&vectors.base), text_string(&vector->sql),
                                  text_string(&vector->config), NULL);
        CLEANUP(memory_freep) char *got = findings_of(&linted.report);
        if (strcmp(got, text_string(&vector->expected)) == 0)
            continue;
        failed++;
        print_error("%s:%d: %s\n--- expected\n%s--- got\n%s\n", VECTORS_PATH, vector->line,
                    vector->title, text_string(&vector->expected), got);
    }
    vectors_done(&vectors);
    assert_int_equal(failed, 0);
}

/* Whether the title names the rule, as one that is found or as one that is not. */
static bool is_about(const Vector *vector, const char *rule, bool found)
{
    const char *at = vector->title;
    bool clean = text_has_prefix(at, "not ");
    at += clean ? 4 : 0;
    if (clean == found)
        return false;
    for (size_t length; *at && *at != ':'; at += length + strspn(at + length, ", ")) {
        length = strcspn(at, ",:");
        if (strlen(rule) == length && strncmp(at, rule, length) == 0)
            return true;
    }
    return false;
}

static bool expects(const Vector *vector, const char *rule)
{
    CLEANUP(memory_freep) char *line = memory_format("%s ", rule);
    const char *found = vector->expected.bytes ? strstr(vector->expected.bytes, line) : NULL;
    return found && (found == vector->expected.bytes || found[-1] == '\n');
}

static void every_rule_has_a_script_that_breaks_it_and_one_that_does_not(void **state UNUSED)
{
    Vectors vectors = read_vectors();
    int failed = 0;
    for (size_t i = 0; i < lint_rule_count; i++) {
        const char *rule = lint_rules[i].id;
        bool broken = false, clean = false;
        if (text_has_prefix(rule, "measured-") || strcmp(rule, "phase-before-late") == 0)
            continue; /* below */
        array_each (const Vector, vector, &vectors.groups) {
            broken = broken || (is_about(vector, rule, true) && expects(vector, rule));
            clean = clean || (is_about(vector, rule, false) && !expects(vector, rule));
        }
        if (broken && clean)
            continue;
        failed++;
        print_error("%s: %s\n", rule, broken ? "no clean script" : "no script that breaks it");
    }
    vectors_done(&vectors);
    assert_int_equal(failed, 0);
}

/* In one version, in order of number; "0002_b phase-before-late" for each finding. */
static void assert_phases(const char *const phases[4], const char *expected)
{
    static const bool selected[] = {true, true, true, true};
    ProjectFolder folder = {"/tmp/sealift-lint-XXXXXX"};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(text_done) Text got = {0};
    Project project = {0};
    LintReport report = {0};
    assert_non_null(mkdtemp(folder.path));
    write_quickly(&folder, "sealift.conf", FOLDER_CONFIG "[migrations]\nlayout = sealift\n");
    for (int i = 0; i < 4; i++) {
        char name[80], sql[80];
        (void)snprintf(name, sizeof name, "migrations/1.%d.0/000%d_m.up.sql", i / 3, i + 1);
        (void)snprintf(sql, sizeof sql, "%s%s\nSELECT 1;\n", *phases[i] ? "-- sealift: phase " : "",
                       phases[i]);
        write_quickly(&folder, name, sql);
    }
    const LintOptions options = {.selected = selected, .limits = &sql_parser_limits};
    if (!project_read(folder.path, &project, &error) ||
        !lint_run(&project, &options, &report, &error))
        fail_msg("%s", error.message);
    array_each (const LintFinding, finding, &report.findings)
        if (strcmp(finding->rule->id, "phase-before-late") == 0)
            text_addf(&got, "%s:%s;", finding->identity, finding->message);
    assert_string_equal(text_string(&got), expected);
    lint_report_done(&report);
    project_done(&project);
    folder_done(&folder);
}

static void a_phase_before_that_comes_too_late_is_a_finding(void **state UNUSED)
{
    const char *const good[] = {"before", "before", "", "before"};
    assert_phases(good, "");
    const char *const late[] = {"before", "after", "before", ""};
    assert_phases(late, "0003_m:it is of phase before, and stands behind '0002_m', "
                        "which is not: 'applier apply --phase before' will not reach it;");
}

static void the_table_has_all_rows_and_no_id_twice(void **state UNUSED)
{
    bool seen[LINT_ROW_COUNT + 1] = {false};
    for (size_t i = 0; i < lint_rule_count; i++) {
        const LintRule *rule = &lint_rules[i];
        assert_true(rule->row >= 0 && rule->row <= LINT_ROW_COUNT);
        seen[rule->row] = true;
        assert_ptr_equal(lint_rule(rule->id), rule);
        assert_true(*rule->why && *rule->effect && *rule->safe && *rule->versions);
    }
    for (int row = 0; row <= LINT_ROW_COUNT; row++)
        if (!seen[row])
            fail_msg("no rule for row %d", row);
    assert_null(lint_rule("nothing"));
    assert_string_equal(lint_rule_nearest("drop-colum"), "drop-column");
    assert_string_equal(lint_rule_nearest("rollback-loss"), "rollback-lossy");
    assert_null(lint_rule_nearest("xxxxxxxxxxxxxxxxxxxxxxxx"));
}

/* -- what each finding says -- */

#define BASE                                                                                       \
    "CREATE TABLE orders (id bigint PRIMARY KEY, state text, qty integer);\n"                      \
    "CREATE TABLE customers (id bigint PRIMARY KEY);\n"

static void assert_safe(const char *sql, const char *rule, const char *expected)
{
    CLEANUP(linted_done) Linted linted = lint_with(BASE, sql, "", NULL);
    array_each (const LintFinding, finding, &linted.report.findings)
        if (strcmp(finding->rule->id, rule) == 0) {
            assert_string_equal(finding->safe, expected);
            return;
        }
    fail_msg("%s is not found in: %s", rule, sql);
}

static void writes_the_safe_way_for_the_very_statement(void **state UNUSED)
{
    assert_safe("CREATE UNIQUE INDEX \"By State\" ON orders (state) WHERE qty > 0;",
                "index-nonconcurrent",
                "CREATE UNIQUE INDEX CONCURRENTLY \"By State\" ON orders (state) WHERE qty > 0;");
    assert_safe(
        "ALTER TABLE orders ADD CONSTRAINT qty_some CHECK (qty > 0 AND state IN ('a', 'b'));",
        "add-check-valid",
        "ALTER TABLE orders ADD CONSTRAINT qty_some CHECK (qty > 0 AND state IN ('a', 'b')) "
        "NOT VALID;\n"
        "-- in a transaction of its own: a migration or a script of its own\n"
        "ALTER TABLE orders VALIDATE CONSTRAINT qty_some;");
    assert_safe("ALTER TABLE orders ADD CONSTRAINT check_check CHECK (qty > 0);", "add-check-valid",
                "ALTER TABLE orders ADD CONSTRAINT check_check CHECK (qty > 0) NOT VALID;\n"
                "-- in a transaction of its own: a migration or a script of its own\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT check_check;");
    assert_safe("ALTER TABLE orders ADD size int CONSTRAINT check_size CHECK (size > 0) NOT NULL "
                "DEFAULT 1;",
                "add-col-inline-check",
                "ALTER TABLE orders ADD COLUMN size integer DEFAULT 1;\n"
                "ALTER TABLE orders ADD CONSTRAINT check_size CHECK (size > 0) NOT VALID;\n"
                "-- in a transaction of its own\n"
                "ALTER TABLE orders VALIDATE CONSTRAINT check_size;");
    assert_safe("ALTER TABLE ONLY public.orders ALTER qty SET NOT NULL;", "set-not-null",
                "ALTER TABLE public.orders ADD CONSTRAINT qty_not_null CHECK (qty IS NOT NULL) NOT "
                "VALID;\n"
                "-- in a transaction of its own\n"
                "ALTER TABLE public.orders VALIDATE CONSTRAINT qty_not_null;\n"
                "-- which the server then believes\n"
                "ALTER TABLE public.orders ALTER COLUMN qty SET NOT NULL;\n"
                "ALTER TABLE public.orders DROP CONSTRAINT qty_not_null;");
    assert_safe("ALTER TABLE orders ADD token uuid DEFAULT gen_random_uuid();",
                "add-col-volatile-default",
                "ALTER TABLE orders ADD COLUMN token uuid;\n"
                "ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();\n"
                "-- then in batches, each in a transaction of its own\n"
                "UPDATE orders SET token = DEFAULT WHERE ctid = ANY (ARRAY(\n"
                "    SELECT ctid FROM orders WHERE token IS NULL LIMIT 10000));");
    assert_safe("ALTER TABLE orders ADD who bigint CONSTRAINT who_key UNIQUE;", "add-col-unique",
                "ALTER TABLE orders ADD COLUMN who bigint;\n"
                "CREATE UNIQUE INDEX CONCURRENTLY who_key ON orders (who);\n"
                "ALTER TABLE orders ADD CONSTRAINT who_key UNIQUE USING INDEX who_key;");
    assert_safe(
        "ALTER TABLE orders ADD who bigint REFERENCES customers (id) ON DELETE SET NULL NOT NULL;",
        "add-col-inline-fk",
        "ALTER TABLE orders ADD COLUMN who bigint;\n"
        "ALTER TABLE orders ADD CONSTRAINT orders_who_fkey FOREIGN KEY (who) REFERENCES "
        "customers (id) ON DELETE SET NULL NOT VALID;\n"
        "-- in a transaction of its own\n"
        "ALTER TABLE orders VALIDATE CONSTRAINT orders_who_fkey;");
    assert_safe("UPDATE orders SET qty = qty + 1, state = 'x' RETURNING id;", "update-no-where",
                "-- in batches, each in a transaction of its own\n"
                "UPDATE orders SET qty = qty + 1, state = 'x' \nWHERE ctid = ANY (ARRAY(\n"
                "    SELECT ctid FROM orders WHERE … LIMIT 10000)); -- … : not done yet");
    assert_safe(
        "ALTER TABLE orders ALTER qty TYPE bigint USING qty * 2;", "alter-type-rewrite",
        "ALTER TABLE orders ADD COLUMN qty_new bigint;\n"
        "-- a trigger BEFORE INSERT OR UPDATE sets it; then in batches\n"
        "UPDATE orders SET qty_new = qty * 2 WHERE ctid = ANY (ARRAY(\n"
        "    SELECT ctid FROM orders WHERE qty_new IS DISTINCT FROM qty * 2 LIMIT 10000));\n"
        "-- when no application version in use reads the old one\n"
        "ALTER TABLE orders DROP COLUMN qty;\n"
        "ALTER TABLE orders RENAME COLUMN qty_new TO qty;");
}

/* The statements of a safe way, each parsed. */
typedef struct Parsing {
    SqlParser *parser;
    const char *safe;
    int count, failed;
} Parsing;

static bool parse_safe(void *context, const SplitStatement *split, Error *err)
{
    Parsing *parsing = context;
    CLEANUP(sql_parse_done) SqlParse parse = {0};
    if (!sql_parser_parse(parsing->parser, parsing->safe + split->offset, (size_t)split->length,
                          &parse, err))
        return false;
    parsing->count++;
    if (parse.outcome == SQL_PARSE_TREE)
        return true;
    parsing->failed++;
    print_error("%s\n%s\n", parse.message, parsing->safe);
    return true;
}

/* Rules whose safe way is a column or a name, not a statement. */
static bool is_fragment(const LintRule *rule)
{
    return text_has_prefix(rule->id, "type-") || strcmp(rule->id, "unqualified-name") == 0 ||
           strcmp(rule->id, "identifier-too-long") == 0;
}

static void parse_safe_ways(const LintReport *report, Parsing *parsing)
{
    array_each (const LintFinding, finding, &report->findings) {
        CLEANUP(error_done) Error error = {0};
        if (!finding->safe || strstr(finding->safe, "…") || is_fragment(finding->rule) ||
            strstr(finding->safe, "\n\\copy"))
            continue;
        parsing->safe = finding->safe;
        CLEANUP(statement_splitter_freep)
        StatementSplitter *splitter =
            statement_splitter_new(&(SplitterEvents){.statement = parse_safe, .context = parsing});
        if (!statement_splitter_feed(splitter, finding->safe, strlen(finding->safe), &error) ||
            !statement_splitter_end(splitter, &error))
            fail_msg("%s: %s", error.message, finding->safe);
    }
}

static void the_safe_ways_are_sql(void **state UNUSED)
{
    Vectors vectors = read_vectors();
    Parsing parsing = {.parser = sql_parser_new(&sql_parser_limits)};
    array_each (Vector, vector, &vectors.groups) {
        CLEANUP(linted_done)
        Linted linted = lint_with(text_string(&vectors.base), text_string(&vector->sql),
                                  text_string(&vector->config), NULL);
        parse_safe_ways(&linted.report, &parsing);
    }
    sql_parser_free(parsing.parser);
    vectors_done(&vectors);
    assert_int_equal(parsing.failed, 0);
    assert_true(parsing.count > 100);
}

/* -- what was measured -- */

typedef struct Fake {
    LintMeasurement answer; /* for the statement at `ordinal`; nothing is known of others */
    int64_t ordinal;
    int asked;
    bool fails;
} Fake;

static char *copy(const char *name)
{
    return memory_string(name);
}

static bool fake_find(void *context, const LintMeasuredPlace *place,
                      LintMeasurement *ret_measurement, Error *err)
{
    Fake *fake = context;
    fake->asked++;
    assert_string_equal(place->identity, "0002_change");
    assert_string_equal(place->script, "up");
    if (fake->fails)
        return error_set(err, ERROR_IO, "the catalog cannot be read");
    if (place->ordinal != fake->ordinal)
        return true;
    assert_true(place->line == place->ordinal + 1);
    assert_true(place->sql_size > 0 && place->sql[place->sql_size - 1] != ';');
    ret_measurement->rewrites_known = fake->answer.rewrites_known;
    ret_measurement->scans_known = fake->answer.scans_known;
    ret_measurement->locks_known = fake->answer.locks_known;
    array_each (char *, name, &fake->answer.rewritten)
        *array_add(&ret_measurement->rewritten) = copy(*name);
    array_each (char *, name, &fake->answer.scanned)
        *array_add(&ret_measurement->scanned) = copy(*name);
    array_each (LintMeasuredLock, lock, &fake->answer.locks)
        *array_add(&ret_measurement->locks) =
            (LintMeasuredLock){copy(lock->relation), copy(lock->mode)};
    return true;
}

static void fake_done(Fake *fake)
{
    lint_measurement_done(&fake->answer);
}

static void assert_measured(const char *sql, Fake *fake, const char *expected)
{
    const LintMeasured measured = {fake_find, fake};
    CLEANUP(linted_done) Linted linted = lint_with(BASE, sql, "", &measured);
    CLEANUP(memory_freep) char *got = findings_of(&linted.report);
    assert_string_equal(got, expected);
    assert_int_equal(fake->asked, linted.report.statement_count);
}

static void a_measured_absence_silences(void **state UNUSED)
{
    CLEANUP(fake_done) Fake none = {.ordinal = 0, .answer = {.rewrites_known = true}};
    assert_measured("ALTER TABLE orders ALTER qty TYPE bigint;", &none, "");
    CLEANUP(fake_done) Fake unknown = {.ordinal = 1, .answer = {.rewrites_known = true}};
    assert_measured("ALTER TABLE orders ALTER qty TYPE bigint;", &unknown,
                    "alter-type-rewrite error 1:26\n");
    CLEANUP(fake_done) Fake unread = {.ordinal = 0, .answer = {.scans_known = true}};
    assert_measured("ALTER TABLE orders ALTER qty SET NOT NULL;", &unread, "");
    CLEANUP(fake_done) Fake empty = {.ordinal = 0, .answer = {.rewrites_known = true}};
    assert_measured("ALTER TABLE orders ALTER qty SET NOT NULL;", &empty,
                    "set-not-null warning 1:30\n");
}

static void a_measured_rewrite_is_a_finding_where_no_rule_saw_one(void **state UNUSED)
{
    CLEANUP(fake_done) Fake fake = {.ordinal = 1, .answer = {.rewrites_known = true}};
    *array_add(&fake.answer.rewritten) = copy("public.orders");
    assert_measured("SELECT 1;\nSELECT 2;", &fake, "measured-rewrite error 2:1\n");
}

static void a_measured_rewrite_confirms_what_was_only_likely(void **state UNUSED)
{
    CLEANUP(fake_done) Fake fake = {.ordinal = 0, .answer = {.rewrites_known = true}};
    *array_add(&fake.answer.rewritten) = copy("public.elsewhere");
    assert_measured("ALTER TABLE elsewhere ADD a int DEFAULT our_own();", &fake,
                    "add-col-volatile-default error 1:33\n");
}

static void a_measured_rewrite_of_a_new_table_is_nothing(void **state UNUSED)
{
    CLEANUP(fake_done) Fake fake = {.ordinal = 1, .answer = {.rewrites_known = true}};
    *array_add(&fake.answer.rewritten) = copy("public.fresh");
    assert_measured("CREATE TABLE fresh (a int);\nALTER TABLE fresh ALTER a TYPE bigint;", &fake,
                    "");
}

static void a_measured_scan_counts_only_under_a_strong_lock(void **state UNUSED)
{
    CLEANUP(fake_done)
    Fake fake = {.ordinal = 0, .answer = {.scans_known = true, .locks_known = true}};
    *array_add(&fake.answer.scanned) = copy("public.orders");
    *array_add(&fake.answer.locks) =
        (LintMeasuredLock){copy("public.orders"), copy("AccessShareLock")};
    assert_measured("SELECT count(*) FROM orders;", &fake, "");
    *array_add(&fake.answer.locks) =
        (LintMeasuredLock){copy("public.orders"), copy("ShareRowExclusiveLock")};
    fake.asked = 0;
    assert_measured("SELECT count(*) FROM orders;", &fake, "measured-scan warning 1:1\n");
}

static void a_measurement_sees_what_no_rule_could(void **state UNUSED)
{
    static const char sql[] = "DO $$ BEGIN EXECUTE 'x'; ALTER TABLE orders ADD a int; END $$;";
    CLEANUP(fake_done)
    Fake seen = {.ordinal = 0,
                 .answer = {.scans_known = true, .locks_known = true, .rewrites_known = true}};
    assert_measured(sql, &seen, "");
    CLEANUP(fake_done)
    Fake partly = {.ordinal = 0, .answer = {.locks_known = true, .rewrites_known = true}};
    assert_measured(sql, &partly, "do-ddl note 1:1\ndynamic-sql note 1:1\n");
    seen.asked = 0;
    *array_add(&seen.answer.rewritten) = copy("public.orders");
    assert_measured("ALTER TABLE orders FROBNICATE;", &seen, "measured-rewrite error 1:1\n");
}

static void ends_where_the_measurements_cannot_be_read(void **state UNUSED)
{
    static const bool selected[] = {true};
    Fake fake = {.fails = true};
    const LintMeasured measured = {fake_find, &fake};
    static const char *const files[] = {"1.0.0/0002_change.up.sql"};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, 1);
    CLEANUP(project_done) Project project = {0};
    CLEANUP(error_done) Error error = {0};
    LintReport report = {0};
    const LintOptions options = {
        .selected = selected, .measured = &measured, .limits = &sql_parser_limits};
    assert_true(project_read(folder.path, &project, &error));
    assert_false(lint_run(&project, &options, &report, &error));
    assert_int_equal(error.class, ERROR_IO);
    assert_string_equal(error.message, "the catalog cannot be read");
    assert_int_equal(report.findings.count, 0);
}

/* -- one statement is never the end -- */

static void goes_on_behind_a_statement_that_crashes_the_parser(void **state UNUSED)
{
    CLEANUP(text_done) Text sql = {0};
    text_add(&sql, "SELECT 1");
    for (int i = 0; i < 60000; i++)
        text_add(&sql, "+1");
    text_add(&sql, ";\nDROP TABLE orders;\nSELECT '");
    for (size_t i = 0; i < sql_parser_limits.statement_size_max; i++)
        text_add_char(&sql, 'x');
    text_add(&sql, "';\nSELEC 1;\nDROP TABLE customers;\n");
    CLEANUP(linted_done) Linted linted = lint_with(BASE, text_string(&sql), "", NULL);
    CLEANUP(memory_freep) char *got = findings_of(&linted.report);
    assert_string_equal(got, "unparsed warning 1:1\ndrop-table error 2:1\nunparsed warning 3:1\n"
                             "unparsed warning 4:1\ndrop-table error 5:1\n");
    assert_int_equal(linted.report.statement_count, 5);
    assert_int_equal(linted.report.migration_count, 1);
}

static void says_what_it_cannot_read_of_a_script(void **state UNUSED)
{
    static const char *const files[] = {"1.0.0/0001_gone.up.sql"};
    static const bool selected[] = {true};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, 1);
    CLEANUP(project_done) Project project = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(lint_report_done) LintReport report = {0};
    const LintOptions options = {.selected = selected, .limits = &sql_parser_limits};
    assert_true(project_read(folder.path, &project, &error));
    folder_remove(&folder, "migrations/1.0.0/0001_gone.up.sql");
    assert_true(lint_run(&project, &options, &report, &error));
    CLEANUP(memory_freep) char *got = findings_of(&report);
    assert_string_equal(got, "malformed-script error 1:1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_the_vectors_say),
        cmocka_unit_test(every_rule_has_a_script_that_breaks_it_and_one_that_does_not),
        cmocka_unit_test(a_phase_before_that_comes_too_late_is_a_finding),
        cmocka_unit_test(the_table_has_all_rows_and_no_id_twice),
        cmocka_unit_test(writes_the_safe_way_for_the_very_statement),
        cmocka_unit_test(the_safe_ways_are_sql),
        cmocka_unit_test(a_measured_absence_silences),
        cmocka_unit_test(a_measured_rewrite_is_a_finding_where_no_rule_saw_one),
        cmocka_unit_test(a_measured_rewrite_confirms_what_was_only_likely),
        cmocka_unit_test(a_measured_rewrite_of_a_new_table_is_nothing),
        cmocka_unit_test(a_measured_scan_counts_only_under_a_strong_lock),
        cmocka_unit_test(a_measurement_sees_what_no_rule_could),
        cmocka_unit_test(ends_where_the_measurements_cannot_be_read),
        cmocka_unit_test(goes_on_behind_a_statement_that_crashes_the_parser),
        cmocka_unit_test(says_what_it_cannot_read_of_a_script),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
