/* clang-format off */
#include "tests/support/unit_test.h"
#include "tests/unit/migrations/project_folder.h"
/* clang-format on */
#include "base/text.h"
#include "planner/rehearsal/rehearsal_subject.h"

static const char *const files[] = {
    "1.0.0/0001_one.up.sql",   "1.0.0/0001_one.down.sql", "1.0.0/0002_two.up.sql",
    "1.0.0/0002_two.down.sql", "1.1.0/0003_three.up.sql",
};

/* The subject of a project with these files; both to be released. */
static RehearsalSubject read_subject(const ProjectFolder *folder, Project *project,
                                     const RehearsalSettings *settings)
{
    RehearsalSubject subject = {0};
    Error err = {0};
    assert_true(project_read(folder->path, project, &err));
    rehearsal_add_pending(project);
    assert_true(rehearsal_subject_read(project, settings, (int64_t)project->versions.count - 1,
                                       &subject, &err));
    return subject;
}

typedef struct Keys {
    char migrations[3][REHEARSAL_KEY];
    char versions[2][REHEARSAL_KEY];
    char run[REHEARSAL_KEY];
} Keys;

static const RehearsalSettings plain = {.scope = "", .rows = 50};

static Keys keys_of(const ProjectFolder *folder, const RehearsalSettings *settings)
{
    CLEANUP(project_done) Project project = {0};
    CLEANUP(rehearsal_subject_done)
    RehearsalSubject subject = read_subject(folder, &project, settings);
    Keys keys = {0};
    assert_int_equal(subject.migrations.count, 3);
    for (size_t i = 0; i < 3; i++)
        memcpy(keys.migrations[i], subject.migrations.items[i].key, REHEARSAL_KEY);
    for (size_t i = 0; i < 2; i++)
        memcpy(keys.versions[i], subject.versions.items[i].key, REHEARSAL_KEY);
    memcpy(keys.run, subject.run, REHEARSAL_KEY);
    return keys;
}

/* From which migration on the keys differ; 3 where none does. */
static size_t first_change(const Keys *a, const Keys *b)
{
    size_t first = 0;
    while (first < 3 && strcmp(a->migrations[first], b->migrations[first]) == 0)
        first++;
    for (size_t i = first; i < 3; i++)
        assert_string_not_equal(a->migrations[i], b->migrations[i]);
    return first;
}

static void an_edit_makes_what_follows_new(void **state UNUSED)
{
    static const struct {
        const char *file;
        const char *text;
        size_t first;
    } edits[] = {
        {"1.0.0/0001_one.up.sql", "SELECT 2;\n", 0},
        {"1.0.0/0002_two.down.sql", "SELECT 2;\n", 1},
        {"1.0.0/0002_two.down.sql", "-- sealift: no-transaction\nSELECT 1;\n", 1},
        {"1.1.0/0003_three.verify.sql", "SELECT 1;\n", 2},
        {"1.1.0/0003_three.precheck.sql", "SELECT 1;\n", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
        Keys before = keys_of(&folder, &plain);
        CLEANUP(memory_freep) char *path = file_path("migrations", edits[i].file);
        folder_write(&folder, path, edits[i].text);
        Keys after = keys_of(&folder, &plain);
        assert_int_equal(first_change(&before, &after), edits[i].first);
        assert_string_not_equal(before.run, after.run);
        assert_int_equal(strcmp(before.versions[0], after.versions[0]) == 0, edits[i].first == 2);
    }
}

static void another_value_to_rehearse_an_up_with_makes_it_new(void **state UNUSED)
{
    static const char *const values[] = {
        "[value app]\nsite = true\nrehearse = one\n", "[value app]\nsite = true\nrehearse = two\n",
        "[value app]\nsite = true\nrehearse = two\ntype = identifier\nas = literal\n"};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    Keys keys[ARRAY_LEN(values)];
    folder_write(&folder, "migrations/1.0.0/0002_two.up.sql", "SELECT :app;\n");
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CLEANUP(memory_freep) char *config = memory_format("%s%s", FOLDER_CONFIG, values[i]);
        folder_write(&folder, "sealift.conf", config);
        keys[i] = keys_of(&folder, &plain);
    }
    assert_int_equal(first_change(&keys[0], &keys[1]), 1);
    assert_int_equal(first_change(&keys[1], &keys[2]), 1);
}

static void comments_in_a_down_change_nothing(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    Keys before = keys_of(&folder, &plain);
    folder_write(
        &folder, "migrations/1.0.0/0001_one.down.sql",
        "-- sealift: ack rollback-lossy as the customer wants it\n\n/* so */ SELECT 1 ;\n");
    Keys after = keys_of(&folder, &plain);
    assert_int_equal(first_change(&before, &after), 3);
    assert_string_equal(before.run, after.run);
}

static void settings_make_everything_new(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    const RehearsalSettings more = {.scope = "", .rows = 51}, scoped = {.scope = "app", .rows = 50};
    Keys before = keys_of(&folder, &plain), rows = keys_of(&folder, &more);
    Keys scope = keys_of(&folder, &scoped);
    assert_int_equal(first_change(&before, &rows), 0);
    assert_int_equal(first_change(&before, &scope), 0);
}

static void seeds_belong_to_what_they_follow(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    CLEANUP(memory_freep) char *seeds = file_path(folder.path, "seeds");
    const RehearsalSettings seeded = {.scope = "", .rows = 50, .seeds = seeds};
    Keys before = keys_of(&folder, &plain);
    folder_write(&folder, "seeds/0002_two.sql", "SELECT 1;\n");
    Keys of_migration = keys_of(&folder, &seeded);
    assert_int_equal(first_change(&before, &of_migration), 1);
    folder_remove(&folder, "seeds/0002_two.sql");
    folder_write(&folder, "seeds/1.0.0.sql", "SELECT 1;\n");
    Keys of_version = keys_of(&folder, &seeded);
    assert_int_equal(first_change(&before, &of_version), 2);
    assert_string_not_equal(before.versions[0], of_version.versions[0]);
}

static void a_seed_of_nothing_is_an_error(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    CLEANUP(memory_freep) char *seeds = file_path(folder.path, "seeds");
    const RehearsalSettings seeded = {.scope = "", .rows = 50, .seeds = seeds};
    CLEANUP(project_done) Project project = {0};
    RehearsalSubject subject = {0};
    Error err = {0};
    folder_write(&folder, "seeds/0002_tow.sql", "SELECT 1;\n");
    assert_true(project_read(folder.path, &project, &err));
    assert_false(rehearsal_subject_read(&project, &seeded, 1, &subject, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "0002_tow.sql"));
    error_done(&err);
}

static void what_is_pending_becomes_a_version_and_keeps_its_keys(void **state UNUSED)
{
    static const char *const flat[] = {"0001_one.up.sql", "0002_two.up.sql"};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", flat, ARRAY_LEN(flat));
    CLEANUP(project_done) Project project = {0};
    CLEANUP(rehearsal_subject_done)
    RehearsalSubject subject = read_subject(&folder, &project, &plain);
    assert_int_equal(subject.versions.count, 1);
    assert_string_equal(subject.versions.items[0].name, "pending");
    assert_int_equal(subject.versions.items[0].migration_count, 2);
    /* released under another name it is the same */
    CLEANUP(rehearsal_subject_done) RehearsalSubject released = {0};
    Error err = {0};
    free(project.versions.items[0].name);
    project.versions.items[0].name = memory_string("1.0.0");
    assert_true(rehearsal_subject_read(&project, &plain, 0, &released, &err));
    assert_string_equal(released.run, subject.run);
    assert_string_equal(released.versions.items[0].key, subject.versions.items[0].key);
}

static void a_version_called_pending_is_another(void **state UNUSED)
{
    static const char *const flat[] = {"0001_one.up.sql"};
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", flat, ARRAY_LEN(flat));
    CLEANUP(project_done) Project project = {0};
    Error err = {0};
    assert_true(project_read(folder.path, &project, &err));
    *array_add(&project.versions) = (ProjectVersion){.name = memory_string("pending")};
    rehearsal_add_pending(&project);
    assert_int_equal(project.versions.count, 2);
    assert_string_equal(project.versions.items[1].name, "pending-2");
    rehearsal_add_pending(&project); /* nothing is pending any more */
    assert_int_equal(project.versions.count, 2);
}

static void takes_acknowledgements_from_the_down(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    folder_write(&folder, "migrations/1.0.0/0001_one.down.sql",
                 "-- sealift: ack rollback-lossy as the customer wants it\nSELECT 1;\n");
    CLEANUP(project_done) Project project = {0};
    CLEANUP(rehearsal_subject_done)
    RehearsalSubject subject = read_subject(&folder, &project, &plain);
    const SubjectMigration *migration = rehearsal_subject_migration(&subject, "0001_one");
    assert_int_equal(migration->acks.count, 1);
    assert_string_equal(migration->acks.items[0].reason, "as the customer wants it");
    assert_null(rehearsal_subject_migration(&subject, "0009_nine"));
    assert_string_equal(rehearsal_subject_key(&subject, false, "0001_one"), migration->key);
    assert_null(rehearsal_subject_key(&subject, true, "0001_one"));
}

static void names_a_script_that_cannot_be_read(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    folder_write(&folder, "migrations/1.0.0/0002_two.down.sql", "SELECT 'open;\n");
    CLEANUP(project_done) Project project = {0};
    RehearsalSubject subject = {0};
    Error err = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_false(rehearsal_subject_read(&project, &plain, 1, &subject, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "0002_two.down.sql"));
    error_done(&err);
}

static void settings_come_from_options_then_the_project(void **state UNUSED)
{
    CLEANUP(folder_done) ProjectFolder folder = folder_new("sealift", files, ARRAY_LEN(files));
    folder_write(&folder, "sealift.conf",
                 FOLDER_CONFIG
                 "[rehearsal]\nseeds = seeds\nrows = 7\n[fingerprint]\nscope = b, a\n");
    CLEANUP(project_done) Project project = {0};
    CLEANUP(memory_freep) char *seeds = NULL;
    RehearsalSettings settings;
    Error err = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_true(rehearsal_settings(&project, NULL, -1, &settings, &seeds, &err));
    assert_int_equal(settings.rows, 7);
    assert_string_equal(settings.scope, "a,b");
    assert_true(text_has_suffix(settings.seeds, "/seeds"));
    free(TAKE_PTR(seeds));
    assert_true(rehearsal_settings(&project, "elsewhere", 0, &settings, &seeds, &err));
    assert_int_equal(settings.rows, 0);
    assert_string_equal(settings.seeds, "elsewhere");
    free(TAKE_PTR(seeds));
    assert_false(rehearsal_settings(&project, NULL, 10001, &settings, &seeds, &err));
    assert_int_equal(err.class, ERROR_USAGE);
    error_done(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_makes_what_follows_new),
        cmocka_unit_test(another_value_to_rehearse_an_up_with_makes_it_new),
        cmocka_unit_test(comments_in_a_down_change_nothing),
        cmocka_unit_test(settings_make_everything_new),
        cmocka_unit_test(seeds_belong_to_what_they_follow),
        cmocka_unit_test(a_seed_of_nothing_is_an_error),
        cmocka_unit_test(what_is_pending_becomes_a_version_and_keeps_its_keys),
        cmocka_unit_test(a_version_called_pending_is_another),
        cmocka_unit_test(takes_acknowledgements_from_the_down),
        cmocka_unit_test(names_a_script_that_cannot_be_read),
        cmocka_unit_test(settings_come_from_options_then_the_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
