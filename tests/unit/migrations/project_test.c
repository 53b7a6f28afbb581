#include "tests/support/unit_test.h"

#include "base/text.h"
#include "migrations/project.h"
#include "tests/unit/migrations/project_folder.h"

#define FILES(...)                                                                                 \
    ((const char *const[]){__VA_ARGS__}), ARRAY_LEN(((const char *const[]){__VA_ARGS__}))
#define HEX64      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX        HEX64 HEX64
#define SUM        "sealift-sum 1\nrelease 1.0.0 2026-11-23T04:00:00Z\n"
#define LINE(name) "migration 1.0.0 " HEX " " name "\n"

/* "identity identity …" in order, "!" behind released ones. The caller frees. */
static char *order_of(const Project *project)
{
    Text text = {0};
    for (size_t i = 0; i < project->migrations.count; i++)
        text_addf(&text, "%s%s%s", i ? " " : "", project->migrations.items[i].identity,
                  project->migrations.items[i].released ? "!" : "");
    return text_take(&text);
}

/* The project must read, with this layout and order. */
static void expect_order(ProjectFolder *folder, Layout layout, bool flat, const char *order)
{
    Error err = {0};
    Project project = {0};
    if (!project_read(folder->path, &project, &err))
        fail_msg("%s", err.message);
    char *found = order_of(&project);
    assert_string_equal(found, order);
    assert_int_equal(project.layout, layout);
    assert_int_equal(project.flat, flat);
    free(found);
    project_done(&project);
    folder_done(folder);
}

/* The project must be refused as malformed, in these words. */
static void expect_refusal(ProjectFolder *folder, const char *says)
{
    Error err = {0};
    Project project = {0};
    assert_false(project_read(folder->path, &project, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    if (!strstr(err.message, says))
        fail_msg("'%s' does not say '%s'", err.message, says);
    assert_null(project.root);
    error_done(&err);
    folder_done(folder);
}

/* It must read, with a warning in these words. */
static void expect_warning(ProjectFolder *folder, const char *says)
{
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder->path, &project, &err));
    bool said = false;
    array_each (Finding, finding, &project.findings)
        said = said || strstr(finding->message, says);
    if (!said)
        fail_msg("no warning says '%s'", says);
    project_done(&project);
    folder_done(folder);
}

static void reads_version_folders_in_version_order(void **state UNUSED)
{
    ProjectFolder folder = folder_new(
        "auto", FILES("1.10/0004_d.up.sql", "1.9/0003_c.up.sql", "1.9/0002_b.up.sql",
                      "1.9/0002_b.down.sql", "1.9/ports.csv", "1.9/README.md", "docs/notes.md"));
    expect_order(&folder, LAYOUT_SEALIFT, /* flat= */ false, "0002_b 0003_c 0004_d");
}

static void reads_a_flat_folder(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("auto", FILES("0002_b.up.sql", "0001_a.up.sql", "0001_a.down.sql",
                                 "0001_a.verify.sql", "0001_a.precheck.sql", "README"));
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    const ProjectMigration *first = &project.migrations.items[0];
    assert_string_equal(first->identity, "0001_a");
    assert_string_equal(first->title, "a");
    assert_string_equal(first->scripts[PROJECT_UP], "migrations/0001_a.up.sql");
    assert_string_equal(first->scripts[PROJECT_DOWN], "migrations/0001_a.down.sql");
    assert_string_equal(first->scripts[PROJECT_VERIFY], "migrations/0001_a.verify.sql");
    assert_string_equal(first->scripts[PROJECT_PRECHECK], "migrations/0001_a.precheck.sql");
    assert_int_equal(first->version, -1);
    assert_null(project.migrations.items[1].scripts[PROJECT_DOWN]);
    char *path = project_script_path(&project, first, PROJECT_UP);
    assert_true(file_exists(path));
    free(path);
    assert_int_equal(project.findings.count, 0);
    project_done(&project);
    expect_order(&folder, LAYOUT_SEALIFT, /* flat= */ true, "0001_a 0002_b");
}

static void takes_a_begun_version_for_one(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("auto", FILES("1.0/0001_a.up.sql", "1.1/.gitkeep", "docs/notes.md"));
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_int_equal(project.versions.count, 2);
    assert_string_equal(project.versions.items[1].name, "1.1");
    assert_int_equal(project.versions.items[1].migration_count, 0);
    project_done(&project);
    folder_done(&folder);
}

static void refuses_what_does_not_fit_our_layout(void **state UNUSED)
{
    static const struct {
        const char *files[3];
        const char *says;
    } bad[] = {
        {{"0001_a.up.sql", "0001_b.up.sql"},
         "the number 1 stands twice: 'migrations/0001_a.up.sql' and 'migrations/0001_b.up.sql'"},
        {{"1.0/0001_a.up.sql", "1.0/0001_b.down.sql"}, "the number 1 stands twice"},
        {{"0001_a.up.sql", "0002_b.down.sql"},
         "'migrations/0002_b.down.sql' has no '0002_b.up.sql'"},
        {{"0001_a.up.sql", "schema.sql"}, "'migrations/schema.sql' looks like a script"},
        {{"0001_a.up.sql", "0002-b.up.sql"}, "'migrations/0002-b.up.sql' looks like a script"},
        {{"0001_a.up.sql", "0002_b.UP.SQL"}, "'migrations/0002_b.UP.SQL' looks like a script"},
        {{"0001_a.up.sql", "002_b.up.sql"}, "'migrations/002_b.up.sql' looks like a script"},
        {{"0001_a.up.sql", "0002_.up.sql"}, "'migrations/0002_.up.sql' looks like a script"},
        {{"0001_a.up.sql", "0002_b.py"}, "'migrations/0002_b.py' is a migration written in"},
        {{"0001_a.up.sql", "0002_b\n.up.sql"}, "holds a control character"},
        {{"0001_a.up.sql", "caf\xe9.csv"}, "'migrations/caf\\xe9.csv' is not UTF-8"},
        {{"1.0/0001_a.up.sql", "0002_b.up.sql"}, "stands beside version folders ('1.0')"},
        {{"1.0/0001_a.up.sql", "_x/0002_b.up.sql"}, "does not have the name of a version"},
        {{"1.0/0001_a.up.sql", "1.1/0001_a.up.sql"}, "two migrations are called '0001_a'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ProjectFolder folder = folder_new("sealift", bad[i].files, bad[i].files[2] ? 3 : 2);
        expect_refusal(&folder, bad[i].says);
    }
}

static void refuses_links(void **state UNUSED)
{
    ProjectFolder folder = folder_new("auto", FILES("0001_a.up.sql"));
    char *link = file_path(folder.path, "migrations/0002_b.up.sql");
    assert_int_equal(symlink("0001_a.up.sql", link), 0);
    free(link);
    expect_refusal(&folder, "'migrations/0002_b.up.sql' is a symbolic link");
}

static void refuses_what_is_no_file(void **state UNUSED)
{
    ProjectFolder folder = folder_new("auto", FILES("0001_a.up.sql"));
    char *fifo = file_path(folder.path, "migrations/0002_b.up.sql");
    assert_int_equal(mkfifo(fifo, 0644), 0);
    free(fifo);
    expect_refusal(&folder, "'migrations/0002_b.up.sql' is neither a file nor a folder");
}

static void pairs_golang_migrate_by_number(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("auto", FILES("9_add_x.up.sql", "9_drop_x.down.sql", "10_y.up.sql",
                                 "1000_z.up.sql", "1000_z.verify.sql", "embed.go", "README.md"));
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_string_equal(project.migrations.items[0].scripts[PROJECT_DOWN],
                        "migrations/9_drop_x.down.sql");
    assert_string_equal(project.migrations.items[2].scripts[PROJECT_VERIFY],
                        "migrations/1000_z.verify.sql");
    project_done(&project);
    expect_order(&folder, LAYOUT_GOLANG_MIGRATE, /* flat= */ true, "9_add_x 10_y 1000_z");
}

static void detects_golang_migrate(void **state UNUSED)
{
    ProjectFolder six = folder_new("auto", FILES("000001_a.up.sql", "000001_a.down.sql"));
    expect_order(&six, LAYOUT_GOLANG_MIGRATE, /* flat= */ true, "000001_a");
    ProjectFolder titles = folder_new("auto", FILES("0001_add.up.sql", "0001_drop.down.sql"));
    expect_order(&titles, LAYOUT_GOLANG_MIGRATE, /* flat= */ true, "0001_add");
    ProjectFolder named = folder_new("golang-migrate", FILES("0001_a.up.sql", "0001_a.down.sql"));
    expect_order(&named, LAYOUT_GOLANG_MIGRATE, /* flat= */ true, "0001_a");
}

static void refuses_what_golang_migrate_would_trip_over(void **state UNUSED)
{
    static const struct {
        const char *files[2];
        const char *says;
    } bad[] = {
        {{"1_a.up.sql", "01_b.up.sql"},
         "the version of 'migrations/1_a.up.sql' stands twice: 'migrations/01_b.up.sql'"},
        {{"1_a.down.sql", "1_b.down.sql"}, "stands twice"},
        {{"1_a.up.sql", "2_b.go"}, "'migrations/2_b.go' is a migration written in"},
        {{"1_a.up.sql", "2_b.up.json"}, "golang-migrate would run 'migrations/2_b.up.json'"},
        {{"1_a.up.sql", "1_a.up.sql.bak"}, "golang-migrate would run"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ProjectFolder folder = folder_new("golang-migrate", bad[i].files, 2);
        expect_refusal(&folder, bad[i].says);
    }
}

/* A library's own template comments: in a string they would reach the server. */
static void refuses_templates_under_golang_migrates_names(void **state UNUSED)
{
    ProjectFolder up = folder_new("golang-migrate", FILES("1_a.up.sql", "2_b.up.sql"));
    folder_write(&up, "migrations/2_b.up.sql",
                 "/* TEMPLATES: none */\nSELECT to_regclass('//* TEMPLATE: schema */ships');\n");
    expect_refusal(&up, "migrations/2_b.up.sql:2: a template ('/* TEMPLATE: ')");
    ProjectFolder down = folder_new("golang-migrate", FILES("1_a.up.sql", "1_a.down.sql"));
    folder_write(&down, "migrations/1_a.down.sql", "DROP TABLE /* TEMPLATE: schema */ships;\n");
    expect_refusal(&down, "migrations/1_a.down.sql:1: a template");
    ProjectFolder none = folder_new("golang-migrate", FILES("1_a.up.sql"));
    folder_write(&none, "migrations/1_a.up.sql", "/* TEMPLATES: none */ SELECT 1; /* TEMPLATE");
    expect_order(&none, LAYOUT_GOLANG_MIGRATE, /* flat= */ true, "1_a");
}

static void warns_of_strays(void **state UNUSED)
{
    ProjectFolder down = folder_new("golang-migrate", FILES("1_a.up.sql", "2_b.down.sql"));
    expect_warning(&down, "'migrations/2_b.down.sql' is not read: there is no up script");
    ProjectFolder schema = folder_new("golang-migrate", FILES("1_a.up.sql", "schema.sql"));
    expect_warning(&schema, "'migrations/schema.sql' is not read");
    ProjectFolder nested = folder_new("golang-migrate", FILES("1_a.up.sql", "rollback/1.sql"));
    expect_warning(&nested, "the folder 'migrations/rollback' holds SQL");
    ProjectFolder inner = folder_new("sealift", FILES("1.0/0001_a.up.sql", "1.0/old/x.sql"));
    expect_warning(&inner, "the folder 'migrations/1.0/old' holds SQL");
    ProjectFolder diesel = folder_new("diesel", FILES("1_a/up.sql", "1_a/extra.sql"));
    expect_warning(&diesel, "'migrations/1_a/extra.sql' is not read");
    ProjectFolder loose = folder_new("diesel", FILES("1_a/up.sql", "schema.sql"));
    expect_warning(&loose, "'migrations/schema.sql' is not read");
}

static void orders_diesel_by_version_without_dashes(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("auto", FILES("2017-09-23-182408_x/up.sql", "20170922000000_y/up.sql",
                                 "00000000000000_diesel_initial_setup/up.sql",
                                 "00000000000000_diesel_initial_setup/down.sql", "docs/README.md"));
    folder_write(&folder, "migrations/20170922000000_y/metadata.toml",
                 "# diesel\nrun_in_transaction = false # an index\n");
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_true(project.migrations.items[1].no_transaction[PROJECT_UP]);
    assert_false(project.migrations.items[2].no_transaction[PROJECT_UP]);
    assert_string_equal(project.migrations.items[2].title, "x");
    project_done(&project);
    expect_order(&folder, LAYOUT_DIESEL, /* flat= */ true,
                 "00000000000000_diesel_initial_setup 20170922000000_y 2017-09-23-182408_x");
}

static void refuses_what_diesel_would_trip_over(void **state UNUSED)
{
    ProjectFolder missing = folder_new("auto", FILES("1_a/up.sql", "2_b/down.sql"));
    expect_refusal(&missing, "'migrations/2_b/up.sql' is missing");
    ProjectFolder empty = folder_new("auto", FILES("1_a/up.sql", "2_b/metadata.toml"));
    folder_write(&empty, "migrations/2_b/metadata.toml", "");
    expect_refusal(&empty, "'migrations/2_b/up.sql' is missing");
    ProjectFolder twice = folder_new("auto", FILES("20-17_a/up.sql", "2017_b/up.sql"));
    expect_refusal(&twice, "the version 2017 stands twice: 'migrations/20");
    ProjectFolder unnamed = folder_new("auto", FILES("_a/up.sql"));
    expect_refusal(&unnamed, "'migrations/_a' has no version in its name");
    ProjectFolder toml = folder_new("auto", FILES("1_a/up.sql"));
    folder_write(&toml, "migrations/1_a/metadata.toml", "run_in_transaction = maybe\n");
    expect_refusal(&toml, "migrations/1_a/metadata.toml:1: run_in_transaction is true or false");
    ProjectFolder latin = folder_new("auto", FILES("1_a/up.sql"));
    folder_write(&latin, "migrations/1_a/metadata.toml", "# caf\xe9\n");
    expect_refusal(&latin, "'migrations/1_a/metadata.toml' is not UTF-8 text");
}

static void warns_of_metadata_it_does_not_read(void **state UNUSED)
{
    ProjectFolder key = folder_new("auto", FILES("1_a/up.sql"));
    folder_write(&key, "migrations/1_a/metadata.toml", "owner = \"db\"\n");
    expect_warning(&key, "migrations/1_a/metadata.toml:1: 'owner' is not read");
    ProjectFolder section = folder_new("auto", FILES("1_a/up.sql"));
    folder_write(&section, "migrations/1_a/metadata.toml", "\n[table]\n");
    expect_warning(&section, "migrations/1_a/metadata.toml:2: '[table]' is not read");
}

static void puts_released_ones_first(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("auto", FILES("0001_a.up.sql", "0002_b.up.sql", "0003_c.up.sql"));
    folder_write(&folder, "sealift.sum", SUM LINE("0001_a") LINE("0002_b"));
    Error err = {0};
    Project project = {0};
    assert_true(project_read(folder.path, &project, &err));
    assert_int_equal(project.versions.count, 1);
    assert_true(project.versions.items[0].released);
    assert_int_equal(project.versions.items[0].migration_count, 2);
    assert_int_equal(project.migrations.items[1].version, 0);
    assert_int_equal(project.migrations.items[2].version, -1);
    project_done(&project);
    expect_order(&folder, LAYOUT_SEALIFT, /* flat= */ true, "0001_a! 0002_b! 0003_c");
}

static void names_what_broke_the_released_part(void **state UNUSED)
{
    static const struct {
        const char *files[4];
        const char *sum;
        const char *says;
    } bad[] = {
        {{"0001_a.up.sql", "0003_c.up.sql"},
         SUM LINE("0001_a") LINE("0002_b"),
         "the released migration '0002_b' (version 1.0.0) was removed"},
        {{"0001_a.up.sql", "0002_bee.up.sql"},
         SUM LINE("0001_a") LINE("0002_b"),
         "the released migration '0002_b' (version 1.0.0) was renamed to '0002_bee'"},
        {{"0001_a.up.sql", "0007_b.up.sql"},
         SUM LINE("0001_a") LINE("0002_b"),
         "'0002_b' (version 1.0.0) was renamed to '0007_b'"},
        {{"0001_a.up.sql", "0002_b.up.sql"},
         SUM LINE("0002_b") LINE("0001_a"),
         "the released migrations '0002_b' and '0001_a' were reordered"},
        {{"0001_a.up.sql", "0002_b.up.sql", "0003_c.up.sql"},
         SUM LINE("0001_a") LINE("0003_c"),
         "the migration '0002_b' was inserted before the released migration '0003_c'"},
        {{"1.0.0/0001_a.up.sql", "1.0.0/0002_b.up.sql"},
         SUM LINE("0001_a"),
         "the migration '0002_b' was inserted into the released version '1.0.0'"},
        {{"1.0.0/0001_a.up.sql", "0.9/0000_z.up.sql"},
         SUM LINE("0001_a"),
         "the migration '0000_z' was inserted before the released version '1.0.0'"},
        {{"1.0.0/0001_a.up.sql", "0.9/.gitkeep"},
         SUM LINE("0001_a"),
         "the version folder '0.9' sorts before the released version '1.0.0'"},
        {{"1.0.0/0001_a.up.sql", "1.1/0002_b.up.sql"},
         SUM LINE("0001_a") LINE("0002_b"),
         "'0002_b' was moved: it belongs to version 1.0.0 and stands in the folder of 1.1"},
        {{"1.0.0/0001_a.up.sql", "1.0.0/0002_b.up.sql"},
         SUM LINE("0002_b") LINE("0001_a"),
         "'0002_b' and '0001_a' were reordered"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        size_t count = 0;
        while (count < 4 && bad[i].files[count])
            count++;
        ProjectFolder folder = folder_new("sealift", bad[i].files, count);
        folder_write(&folder, "sealift.sum", bad[i].sum);
        expect_refusal(&folder, bad[i].says);
    }
}

static void surveys_all_that_is_wrong(void **state UNUSED)
{
    ProjectFolder folder =
        folder_new("sealift", FILES("0001_a.up.sql", "0001_b.up.sql", "x.sql", "0002_c.down.sql"));
    Error err = {0};
    Project project = {0};
    assert_true(project_survey(folder.path, &project, &err));
    assert_int_equal(findings_error_count(&project.findings), 3);
    assert_int_equal(project.migrations.count, 1);
    project_done(&project);
    assert_false(project_read(folder.path, &project, &err));
    CLEANUP(memory_freep)
    char *detail =
        memory_format("and 2 more; 'planner verify-project --project %s' lists them", folder.path);
    assert_string_equal(err.detail, detail);
    error_done(&err);
    folder_done(&folder);
}

static void checks_every_value_of_the_configuration(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"[product]\nname = shop\n", "[product] uuid is missing"},
        {"[product]\nuuid = 0b2f1d52-7f4c-4f3f-9d0a-0a3c0f0c8e11\n", "[product] name is missing"},
        {"[product]\nname = Shop\n", "[product] name is 'Shop'"},
        {"[product]\nname = shop\nuuid = 1\n", "[product] uuid is '1'"},
        {FOLDER_CONFIG "[migrations]\nlayout = rails\n", "[migrations] layout is 'rails'"},
        {FOLDER_CONFIG "[migrations]\nfolder = ../x\n", "[migrations] folder is '../x'"},
        {FOLDER_CONFIG "[migrations]\nfolder = a/..\n", "[migrations] folder is 'a/..'"},
        {FOLDER_CONFIG "[migrations]\nfolder = /x\n", "[migrations] folder is '/x'"},
        {FOLDER_CONFIG "[migrations]\nfolder = none\n", "cannot look into the migration folder"},
        {FOLDER_CONFIG "[migrations]\nfolder = sealift.conf\n", "is not a folder"},
        {FOLDER_CONFIG "[database]\nsearch-path =\n", "[database] search-path is ''"},
        {FOLDER_CONFIG "[database]\nserver-min = 9\n", "[database] server-min is '9'"},
        {FOLDER_CONFIG "[database]\nserver-max = 15.2\n", "[database] server-max is '15.2'"},
        {FOLDER_CONFIG "[database]\nserver-min = 17\nserver-max = 16\n", "is above server-max 16"},
        {FOLDER_CONFIG "[database]\nextensions = a b\n", "[database] extensions is 'a b'"},
        {FOLDER_CONFIG "[database]\nextensions = a>=\n", "[database] extensions is 'a>='"},
        {FOLDER_CONFIG "[database]\nextensions = a,\n", "[database] extensions is 'a,'"},
        {FOLDER_CONFIG "[bundle]\nchannel = -\n", "[bundle] channel is '-'"},
        {FOLDER_CONFIG "[bundle]\nsites = a,,b\n", "[bundle] sites is 'a,,b'"},
        {FOLDER_CONFIG "[bundle]\nenvironment = Prod\n", "[bundle] environment is 'Prod'"},
        {FOLDER_CONFIG "[bundle]\nkeyring =\n", "[bundle] keyring is ''"},
        {FOLDER_CONFIG "[bundle]\nnext-expected = soon\n", "[bundle] next-expected is 'soon'"},
        {FOLDER_CONFIG "[rehearsal]\nrows = many\n", "[rehearsal] rows is 'many'"},
        {FOLDER_CONFIG "[rehearsal]\nrows = 10001\n", "[rehearsal] rows is '10001'"},
        {FOLDER_CONFIG "[fingerprint]\nscope = a,,b\n", "[fingerprint] scope is 'a,,b'"},
        {FOLDER_CONFIG "[fingerprint]\ntolerate = table\n",
         "[fingerprint] tolerate is 'table': expected KIND:PATTERN"},
        {FOLDER_CONFIG "[fingerprint]\ntolerate = :x\n", "[fingerprint] tolerate is ':x'"},
        {FOLDER_CONFIG "[fingerprint]\ntolerate = table:\n", "[fingerprint] tolerate is 'table:'"},
        {FOLDER_CONFIG "[bundle]\ncolour = red\n",
         "there is no key 'colour' in a section [bundle]"},
    };
    ProjectFolder folder = folder_new("auto", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Error err = {0};
        Project project = {0};
        folder_write(&folder, "sealift.conf", bad[i].text);
        assert_false(project_read(folder.path, &project, &err));
        assert_int_equal(err.class, ERROR_CONFIG);
        if (!strstr(err.message, bad[i].says))
            fail_msg("'%s' does not say '%s'", err.message, bad[i].says);
        error_done(&err);
    }
    folder_done(&folder);
}

static void fills_defaults_and_sorts_sites(void **state UNUSED)
{
    ProjectFolder folder = folder_new("auto", NULL, 0);
    folder_write(&folder, "sealift.conf",
                 FOLDER_CONFIG "[bundle]\nsites = rotterdam, antwerp,rotterdam\n"
                               "[database]\nextensions = pg_trgm, postgis>=3.1\n"
                               "[fingerprint]\nscope = public, app ,public\n"
                               "tolerate = table:b.*, *:a.*\n");
    Error err = {0};
    ProjectConfig config = {0};
    assert_true(project_config_read(folder.path, &config, &err));
    assert_string_equal(config.sites, "antwerp,rotterdam");
    assert_string_equal(config.extensions, "pg_trgm, postgis>=3.1");
    assert_string_equal(config.scope, "app,public");
    assert_string_equal(config.tolerate, "*:a.*,table:b.*");
    assert_string_equal(config.rehearsal_rows, "50");
    assert_string_equal(config.seeds, "");
    assert_string_equal(config.folder, "migrations");
    assert_string_equal(config.channel, "main");
    assert_string_equal(config.server_min, "13");
    project_config_done(&config);
    folder_done(&folder);
}

static void wants_a_project(void **state UNUSED)
{
    ProjectFolder folder = folder_new("auto", NULL, 0);
    folder_remove(&folder, "sealift.conf");
    Error err = {0};
    Project project = {0};
    assert_false(project_read(folder.path, &project, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "there is no project here"));
    error_done(&err);
    folder_done(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_folders_in_version_order),
        cmocka_unit_test(reads_a_flat_folder),
        cmocka_unit_test(takes_a_begun_version_for_one),
        cmocka_unit_test(refuses_what_does_not_fit_our_layout),
        cmocka_unit_test(refuses_links),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(pairs_golang_migrate_by_number),
        cmocka_unit_test(detects_golang_migrate),
        cmocka_unit_test(refuses_what_golang_migrate_would_trip_over),
        cmocka_unit_test(refuses_templates_under_golang_migrates_names),
        cmocka_unit_test(warns_of_strays),
        cmocka_unit_test(orders_diesel_by_version_without_dashes),
        cmocka_unit_test(refuses_what_diesel_would_trip_over),
        cmocka_unit_test(warns_of_metadata_it_does_not_read),
        cmocka_unit_test(puts_released_ones_first),
        cmocka_unit_test(names_what_broke_the_released_part),
        cmocka_unit_test(surveys_all_that_is_wrong),
        cmocka_unit_test(checks_every_value_of_the_configuration),
        cmocka_unit_test(fills_defaults_and_sorts_sites),
        cmocka_unit_test(wants_a_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
