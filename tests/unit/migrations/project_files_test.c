#include "tests/support/unit_test.h"

#include "base/text.h"
#include "migrations/project_files.h"
#include "tests/unit/migrations/project_folder.h"

static const ProjectFile *find(const ProjectFileArray *files, const char *path)
{
    array_each (const ProjectFile, file, files)
        if (strcmp(file->path, path) == 0)
            return file;
    fail_msg("'%s' is not listed", path);
    return NULL;
}

static void every_file_has_its_fate(void **state UNUSED)
{
    static const char *const names[] = {"1_a.up.sql",      "1_a.down.sql", "2_code.go",
                                        "stray.sql",       "notes.md",     "data/x.csv",
                                        "9_alone.down.sql"};
    static const struct {
        const char *path;
        ProjectFileFate fate;
        const char *reason;
    } expected[] = {
        {"migrations/1_a.up.sql", PROJECT_FILE_READ, NULL},
        {"migrations/1_a.down.sql", PROJECT_FILE_READ, NULL},
        {"migrations/2_code.go", PROJECT_FILE_REFUSED, "programming language"},
        {"migrations/stray.sql", PROJECT_FILE_IGNORED, "is not read"},
        {"migrations/9_alone.down.sql", PROJECT_FILE_IGNORED, "no up script with its number"},
        {"migrations/notes.md", PROJECT_FILE_IGNORED, "no script"},
        {"migrations/data/x.csv", PROJECT_FILE_IGNORED, "no script"},
        {"migrations/.gitkeep", PROJECT_FILE_IGNORED, "hidden"},
    };
    ProjectFolder folder = folder_new("golang-migrate", names, ARRAY_LEN(names));
    CLEANUP(project_done) Project project = {0};
    CLEANUP(project_files_done) ProjectFileArray files = {0};
    CLEANUP(error_done) Error err = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_true(project_files_list(&project, &files, &err));
    assert_int_equal(files.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const ProjectFile *file = find(&files, expected[i].path);
        assert_string_equal(project_file_fate_name(file->fate),
                            project_file_fate_name(expected[i].fate));
        if (expected[i].reason ? !strstr(file->reason, expected[i].reason) : !!file->reason)
            fail_msg("'%s': '%s'", file->path, file->reason);
    }
    assert_int_equal(project_files_count(&files, PROJECT_FILE_READ), 2);
    assert_int_equal(project_files_count(&files, PROJECT_FILE_IGNORED), 5);
    assert_int_equal(project_files_count(&files, PROJECT_FILE_REFUSED), 1);
    folder_done(&folder);
}

static void settings_of_scripts_are_read(void **state UNUSED)
{
    static const struct {
        const char *layout, *script, *settings, *bytes;
    } cases[] = {
        {"diesel", "20240101_a/up.sql", "migrations/20240101_a/metadata.toml",
         "run_in_transaction = false\n"},
        {"flyway", "V1__a.sql", "migrations/V1__a.sql.conf", "executeInTransaction=false\n"},
        {"flyway", "V1__a.sql", "migrations/flyway.conf", "flyway.schemas=more\n"},
        {"flyway", "V1__a.sql", "migrations/flyway.toml", "[flyway]\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProjectFolder folder = folder_new(cases[i].layout, &cases[i].script, 1);
        folder_write(&folder, cases[i].settings, cases[i].bytes);
        CLEANUP(project_done) Project project = {0};
        CLEANUP(project_files_done) ProjectFileArray files = {0};
        CLEANUP(error_done) Error err = {0};
        assert_true(project_survey(folder.path, &project, &err));
        assert_true(project_files_list(&project, &files, &err));
        assert_int_equal(project_files_count(&files, PROJECT_FILE_READ), 2);
        folder_done(&folder);
    }
}

/* sqitch's folder may be that of the whole project: what stands beside its own is counted too. */
static void a_project_around_the_migrations_is_summed_up(void **state UNUSED)
{
    static const struct {
        const char *path;
        ProjectFileFate fate;
        size_t count;
        const char *reason;
    } expected[] = {
        {".git/", PROJECT_FILE_IGNORED, 2, "hidden"},
        {".gitignore", PROJECT_FILE_IGNORED, 1, "hidden"},
        {"README.md", PROJECT_FILE_IGNORED, 1, "sqitch.conf says that its files are elsewhere"},
        {"db/deploy/a.sql", PROJECT_FILE_READ, 1, NULL},
        {"db/deploy/late.sql", PROJECT_FILE_IGNORED, 1, "no change of the plan has it; what a"},
        {"db/deploy/notes.md", PROJECT_FILE_IGNORED, 1, "no script"},
        {"db/sqitch.plan", PROJECT_FILE_READ, 1, NULL},
        {"sqitch.conf", PROJECT_FILE_READ, 1, NULL},
        {"src/", PROJECT_FILE_IGNORED, 2, "elsewhere"},
    };
    ProjectFolder folder = folder_new("sqitch\nfolder = .", NULL, 0);
    folder_write(&folder, "sqitch.conf", "[core]\n\tengine = pg\n\ttop_dir = db\n");
    folder_write(&folder, "db/sqitch.plan",
                 "%project=x\n\na 2024-01-01T00:00:00Z Ann <a@example.com>\n");
    folder_write(&folder, "db/deploy/a.sql", "SELECT 1;\n");
    folder_write(&folder, "db/deploy/late.sql", "SELECT 2;\n");
    folder_write(&folder, "db/deploy/notes.md", "");
    static const char *const others[] = {".git/HEAD",   ".git/objects/1",      ".gitignore",
                                         "README.md",   "src/main.c",          "src/x/y.c",
                                         "sealift.sum", ".sealift/catalog.db", "notes/1.0.0.md"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        folder_write(&folder, others[i], "");
    folder_remove(&folder, "migrations/.gitkeep");
    CLEANUP(project_done) Project project = {0};
    CLEANUP(project_files_done) ProjectFileArray files = {0};
    CLEANUP(error_done) Error err = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_true(project_files_list(&project, &files, &err));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const ProjectFile *file = find(&files, expected[i].path);
        assert_int_equal(file->fate, expected[i].fate);
        assert_int_equal(file->count, expected[i].count);
        if (expected[i].reason ? !strstr(file->reason, expected[i].reason) : !!file->reason)
            fail_msg("'%s': '%s'", file->path, file->reason);
    }
    assert_int_equal(files.count, 9);
    assert_int_equal(project_files_count(&files, PROJECT_FILE_READ), 3);
    assert_int_equal(project_files_count(&files, PROJECT_FILE_IGNORED), 8);
    folder_done(&folder);
}

/* A migration folder read by itself, without a project: its files have no folder before them. */
static void files_of_a_folder_alone_have_their_reasons(void **state UNUSED)
{
    static const struct {
        const char *layout;
        const char *read;
        const char *file;
        const char *reason;
    } cases[] = {
        {"diesel", "1_a/up.sql", "stray.sql", "'stray.sql' is not read: a migration is a folder"},
        {"graphile-migrate", "", "fixtures/x.sql", "a fixture: "},
        {"graphile-migrate", "", "current/1.sql", "no statement waits in it"},
        {"graphile-migrate", "", "current.sql", "no statement waits in it"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const names[] = {cases[i].file, cases[i].read};
        ProjectFolder folder =
            folder_new(cases[i].layout, names, *cases[i].read ? ARRAY_LEN(names) : 1);
        CLEANUP(memory_freep) char *alone = file_path(folder.path, "migrations");
        CLEANUP(memory_freep) char *path = file_path("migrations", cases[i].file);
        CLEANUP(project_done) Project project = {0};
        CLEANUP(project_files_done) ProjectFileArray files = {0};
        CLEANUP(error_done) Error err = {0};
        if (text_has_prefix(cases[i].file, "current"))
            folder_write(&folder, path, "-- nothing yet\n");
        assert_true(project_survey_folder(alone, cases[i].layout, &project, &err));
        assert_true(project_files_list(&project, &files, &err));
        const ProjectFile *file = find(&files, cases[i].file);
        assert_int_equal(file->fate, PROJECT_FILE_IGNORED);
        if (!text_has_prefix(file->reason, cases[i].reason))
            fail_msg("'%s': '%s'", file->path, file->reason);
        folder_done(&folder);
    }
}

static void a_folder_that_goes_away_is_an_error(void **state UNUSED)
{
    ProjectFolder folder = folder_new("sealift", NULL, 0);
    CLEANUP(project_done) Project project = {0};
    ProjectFileArray files = {0};
    CLEANUP(error_done) Error err = {0};
    assert_true(project_survey(folder.path, &project, &err));
    folder_done(&folder);
    assert_false(project_files_list(&project, &files, &err));
    assert_int_equal(err.class, ERROR_IO);
    assert_null(files.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_its_fate),
        cmocka_unit_test(settings_of_scripts_are_read),
        cmocka_unit_test(a_project_around_the_migrations_is_summed_up),
        cmocka_unit_test(files_of_a_folder_alone_have_their_reasons),
        cmocka_unit_test(a_folder_that_goes_away_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
