#include "tests/support/unit_test.h"

#include "base/text.h"
#include "planner/catalog/catalog_answers.h"
#include "tests/unit/migrations/project_folder.h"

/* A project of two migrations, and a catalog in which 15 and 16 have rehearsed them. */
typedef struct Place {
    ProjectFolder folder;
    CatalogAnswers answers;
} Place;

static const char *const files[] = {"1.0.0/0001_one.up.sql"};

static const struct {
    const char *class, *kind, *identity, *definition;
} rows[] = {
    {"core", "column", "public.t.a", "integer not null default 7"},
    {"core", "column", "public.t.b", "text"},
    {"core", "column", "public.t.c", "integer generated always as (a + 1) stored"},
    {"core", "constraint", "public.t.t_check", "CHECK ((a > 0))"},
    {"core", "constraint", "public.t.t_old", "CHECK ((a > 1)) inherited"},
    {"core", "function", "public.f(integer, text)",
     "CREATE OR REPLACE FUNCTION public.f(x integer, y text)\n AS $$ $$\n"},
    {"core", "table", "public.\"T x\"", ""},
    {"core", "table", "public.t", ""},
    {"core", "trigger", "public.t.t_off", "CREATE TRIGGER t_off … disabled"},
    {"core", "trigger", "public.t.t_on", "CREATE TRIGGER t_on …"},
    {"core", "view", "public.v", ""},
    {"core", "view", "public.w", "with {security_barrier=true}"},
    {"deparse", "view text", "public.v", " SELECT a\n   FROM public.t;"},
    {"deparse", "view text", "public.w", " SELECT 1;"},
    {"env", "comment", "column public.t.a", "how many"},
    {"env", "comment", "table public.t", "the table"},
};

/* The schema before migration 0002, as text; returns its name. */
static void write_schema(const char *texts, char *ret_file)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    CLEANUP(text_done) Text text = {0};
    Error err = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(fingerprint_add(&fingerprint, rows[i].class, rows[i].kind, rows[i].identity,
                                    NULL, rows[i].definition, &err));
    assert_true(fingerprint_sort(&fingerprint, &err));
    fingerprint_format(&fingerprint, &text);
    rehearsal_file_name(text_string(&text), text.length, ret_file);
    CLEANUP(memory_freep) char *path = file_path(texts, ret_file);
    assert_true(file_make_folders(texts, 0700, &err));
    assert_true(file_write_atomic(path, 0600, text_string(&text), text.length, &err));
}

static RehearsalMeasured *add_measured(Rehearsal *rehearsal, int64_t statement, int64_t line,
                                       bool declared)
{
    RehearsalMeasured *measured = array_add(&rehearsal->measured);
    *measured = (RehearsalMeasured){.identity = memory_string("0002_two"),
                                    .script = SCRIPT_UP,
                                    .statement = statement,
                                    .line = line,
                                    .declared = declared};
    return measured;
}

static void touch(RehearsalMeasured *measured, const char *relation, const char *lock,
                  bool rewritten, bool scanned)
{
    *array_add(&measured->relations) =
        (RehearsalRelation){memory_string(relation), memory_string(lock), rewritten, scanned, 0};
}

static Rehearsal make_report(const char *texts)
{
    Rehearsal rehearsal = {.major = 15, .begun = true, .ended = true, .passed = true};
    RehearsalVerdict *verdict = array_add(&rehearsal.verdicts);
    rehearsal.applier = memory_string("0.1.0");
    *verdict = (RehearsalVerdict){.name = memory_string("0002_two"),
                                  .verdict = VERDICT_EXACT,
                                  .detail = memory_string(""),
                                  .script = memory_string(""),
                                  .source = memory_string("")};
    write_schema(texts, verdict->before);
    RehearsalMeasured *first = add_measured(&rehearsal, 1, 1, false);
    touch(first, "public.t", "AccessExclusiveLock", true, true);
    touch(first, "public.new", "AccessExclusiveLock", true, true);
    touch(first, "public.v", "AccessShareLock", true, false);
    touch(add_measured(&rehearsal, 2, 3, true), "public.t", "ShareLock", false, false);
    touch(add_measured(&rehearsal, 3, 5, false), "public.\"T x\"", "ShareLock", true, false);
    add_measured(&rehearsal, 4, 7, false);
    touch(add_measured(&rehearsal, 5, 7, false), "public.t", "RowExclusiveLock", false, false);
    return rehearsal;
}

static void store(const char *root)
{
    CLEANUP(project_done) Project project = {0};
    CLEANUP(rehearsal_subject_done) RehearsalSubject subject = {0};
    CLEANUP(catalog_freep) Catalog *catalog = NULL;
    CLEANUP(memory_freep) char *texts = file_path(root, "texts");
    CLEANUP(rehearsal_done) Rehearsal report = make_report(texts);
    const RehearsalSettings settings = {.scope = "", .rows = 50};
    const bool cycled[] = {true, true};
    Error err = {0};
    assert_true(project_read(root, &project, &err));
    assert_true(rehearsal_subject_read(&project, &settings, 0, &subject, &err));
    assert_true(catalog_open(root, &catalog, NULL, &err));
    const CatalogStore what = {&subject, "15.1", texts, cycled};
    assert_true(catalog_store(catalog, &what, &report, &err));
}

static int make_place(void **state)
{
    Place *place = memory_new(Place);
    Error err = {0};
    place->folder = folder_new("sealift", files, ARRAY_LEN(files));
    folder_write(&place->folder, "migrations/1.0.0/0002_two.up.sql", "SELECT 1;\nSELECT 2;\n");
    store(place->folder.path);
    assert_true(catalog_answers_open(place->folder.path, &place->answers, &err));
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    Place *place = *state;
    catalog_answers_done(&place->answers);
    folder_done(&place->folder);
    free(place);
    return 0;
}

static LintMeasurement measure(Place *place, int64_t line, int64_t ordinal)
{
    const LintMeasured measured = catalog_answers_measured(&place->answers);
    const LintMeasuredPlace where = {
        .identity = "0002_two", .script = "up", .line = line, .ordinal = ordinal};
    LintMeasurement measurement = {0};
    Error err = {0};
    assert_true(measured.find(measured.context, &where, &measurement, &err));
    return measurement;
}

static void says_what_was_measured_of_relations_that_were_there(void **state)
{
    CLEANUP(lint_measurement_done) LintMeasurement found = measure(*state, 1, 0);
    assert_true(found.rewrites_known && found.scans_known && found.locks_known);
    assert_int_equal(found.rewritten.count, 1); /* not the new one, and no view has storage */
    assert_string_equal(found.rewritten.items[0], "public.t");
    assert_int_equal(found.scanned.count, 1);
    assert_int_equal(found.locks.count, 2);
    assert_string_equal(found.locks.items[0].mode, "AccessExclusiveLock");
}

static void declared_locks_are_not_measured_ones(void **state)
{
    CLEANUP(lint_measurement_done) LintMeasurement found = measure(*state, 3, 1);
    assert_true(found.rewrites_known);
    assert_false(found.locks_known);
    assert_false(found.scans_known); /* no scan seen: the table may have been empty */
    assert_int_equal(found.locks.count, 0);
}

static void a_name_that_could_be_meant_otherwise_says_nothing(void **state)
{
    CLEANUP(lint_measurement_done) LintMeasurement found = measure(*state, 5, 2);
    assert_false(found.rewrites_known);
}

static void of_several_in_a_line_the_number_decides(void **state)
{
    CLEANUP(lint_measurement_done) LintMeasurement fourth = measure(*state, 7, 3);
    CLEANUP(lint_measurement_done) LintMeasurement fifth = measure(*state, 7, 4);
    CLEANUP(lint_measurement_done) LintMeasurement shifted = measure(*state, 7, 6);
    assert_true(fourth.rewrites_known);
    assert_int_equal(fourth.locks.count, 0);
    assert_int_equal(fifth.locks.count, 1);
    assert_false(shifted.rewrites_known);
}

static void an_edited_migration_was_not_measured(void **state)
{
    Place *place = *state;
    Error err = {0};
    folder_write(&place->folder, "migrations/1.0.0/0002_two.up.sql", "SELECT 3;\n");
    catalog_answers_done(&place->answers);
    assert_true(catalog_answers_open(place->folder.path, &place->answers, &err));
    CLEANUP(lint_measurement_done) LintMeasurement found = measure(place, 1, 0);
    assert_false(found.rewrites_known);
}

static void without_catalog_or_readable_scripts_nothing_is_known(void **state)
{
    Place *place = *state;
    Error err = {0};
    catalog_answers_done(&place->answers);
    folder_write(&place->folder, "migrations/1.0.0/0001_one.up.sql", "SELECT 'open\n");
    assert_true(catalog_answers_open(place->folder.path, &place->answers, &err));
    CLEANUP(lint_measurement_done) LintMeasurement unreadable = measure(place, 1, 0);
    assert_false(unreadable.rewrites_known);
    catalog_answers_done(&place->answers);
    folder_remove(&place->folder, ".sealift/catalog.db");
    assert_true(catalog_answers_open(place->folder.path, &place->answers, &err));
    CLEANUP(memory_freep) char *path = file_path(place->folder.path, ".sealift/catalog.db");
    assert_false(file_exists(path)); /* nothing is made for asking */
}

static void says_what_was_before(void **state)
{
    static const struct {
        BeforeKind kind;
        const char *name, *sub;
        BeforeAnswer answer;
        const char *definition;
    } questions[] = {
        {BEFORE_DEFAULT, "t", "a", BEFORE_KNOWN, "7"},
        {BEFORE_DEFAULT, "t", "b", BEFORE_KNOWN, ""},
        {BEFORE_DEFAULT, "t", "c", BEFORE_UNKNOWN, NULL},
        {BEFORE_DEFAULT, "t", "z", BEFORE_ABSENT, NULL},
        {BEFORE_NOT_NULL, "t", "a", BEFORE_KNOWN, "t"},
        {BEFORE_NOT_NULL, "t", "b", BEFORE_KNOWN, "f"},
        {BEFORE_CONSTRAINT, "t", "t_check", BEFORE_KNOWN, "CHECK ((a > 0))"},
        {BEFORE_CONSTRAINT, "t", "t_old", BEFORE_UNKNOWN, NULL},
        {BEFORE_CONSTRAINT, "t", "other", BEFORE_ABSENT, NULL},
        {BEFORE_FUNCTION, "f", "integer, text", BEFORE_KNOWN,
         "CREATE OR REPLACE FUNCTION public.f(x integer, y text)\n AS $$ $$"},
        {BEFORE_FUNCTION, "f", "int4, text", BEFORE_UNKNOWN, NULL},
        {BEFORE_TRIGGER, "t", "t_on", BEFORE_KNOWN, "CREATE TRIGGER t_on …"},
        {BEFORE_TRIGGER, "t", "t_off", BEFORE_UNKNOWN, NULL},
        {BEFORE_VIEW, "v", "", BEFORE_KNOWN,
         "CREATE OR REPLACE VIEW public.v AS\n SELECT a\n   FROM public.t"},
        {BEFORE_VIEW, "w", "", BEFORE_UNKNOWN, NULL},
        {BEFORE_VIEW, "x", "", BEFORE_ABSENT, NULL},
        {BEFORE_COMMENT, "t", "", BEFORE_KNOWN, "the table"},
        {BEFORE_COMMENT, "t", "a", BEFORE_KNOWN, "how many"},
        {BEFORE_COMMENT, "t", "b", BEFORE_KNOWN, ""},
        {BEFORE_COMMENT, "T x", "", BEFORE_KNOWN, ""},
        {BEFORE_COMMENT, "x", "", BEFORE_ABSENT, NULL},
        {BEFORE_OWNER, "t", "", BEFORE_UNKNOWN, NULL},
    };
    Place *place = *state;
    const BeforeState before = catalog_answers_before(&place->answers);
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        const BeforeQuestion question = {"0002_two", questions[i].kind, "public", questions[i].name,
                                         questions[i].sub};
        CLEANUP(memory_freep) char *definition = NULL;
        BeforeAnswer answer = BEFORE_UNKNOWN;
        Error err = {0};
        assert_true(before.find(before.context, &question, &answer, &definition, &err));
        if (answer != questions[i].answer)
            fail_msg("question %zu: answer %d", i, answer);
        if (questions[i].definition)
            assert_string_equal(definition, questions[i].definition);
        else
            assert_null(definition);
    }
    /* of another migration nothing was kept */
    const BeforeQuestion other = {"0001_one", BEFORE_VIEW, "public", "v", ""};
    BeforeAnswer answer = BEFORE_KNOWN;
    char *definition = NULL;
    Error err = {0};
    assert_true(before.find(before.context, &other, &answer, &definition, &err));
    assert_int_equal(answer, BEFORE_UNKNOWN);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        PLACED(says_what_was_measured_of_relations_that_were_there),
        PLACED(declared_locks_are_not_measured_ones),
        PLACED(a_name_that_could_be_meant_otherwise_says_nothing),
        PLACED(of_several_in_a_line_the_number_decides),
        PLACED(an_edited_migration_was_not_measured),
        PLACED(without_catalog_or_readable_scripts_nothing_is_known),
        PLACED(says_what_was_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
