#include "tests/support/unit_test.h"

#include "applier/site/measured_store.h"
#include "tests/support/test_site.h"

#define DATABASE_UUID "7f2b8c1e-0000-4000-8000-00000000000d"

static TestSite site;
static SiteConfig config;
static Digest head;

static int make_site(void **state UNUSED)
{
    Error err = {0};
    site = test_site();
    head = digest_of("head", 4);
    return site_config_read(&config, &err) ? 0 : -1;
}

static int drop_site(void **state UNUSED)
{
    site_config_done(&config);
    test_site_done(&site);
    return 0;
}

static void add_step(MeasuredRehearsal *rehearsal, const char *identity, ScriptKind script,
                     int64_t statement)
{
    *array_add(&rehearsal->steps) = (MeasuredStep){.identity = memory_string(identity),
                                                   .script = script,
                                                   .statement = statement,
                                                   .duration_us = 1000 * statement};
}

static MeasuredRehearsal sample(void)
{
    MeasuredRehearsal rehearsal = {.at = "2024-05-06T07:08:09Z",
                                   .method = memory_string("template"),
                                   .server_version = memory_string("15.4 (Debian)")};
    add_step(&rehearsal, "0001_one", SCRIPT_UP, 1);
    *array_add(&rehearsal.steps.items[0].relations) =
        (MeasuredStepRelation){.relation = memory_string("public.\"Od\\d\""),
                               .bytes = 8192,
                               .rows = 7,
                               .lock = memory_string("AccessExclusiveLock"),
                               .rewritten = true};
    *array_add(&rehearsal.steps.items[0].relations) = (MeasuredStepRelation){
        .relation = memory_string("public.u"), .lock = memory_string(""), .scanned = true};
    add_step(&rehearsal, "0001_one", SCRIPT_UP, 2);
    add_step(&rehearsal, "0001_one", SCRIPT_DOWN, 1);
    return rehearsal;
}

static void write_text(const char *text)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *path = measured_store_path(&config, DATABASE_UUID, &head);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    assert_true(file_make_folders(folder, 0700, &err));
    assert_true(file_write_atomic(path, 0600, text, strlen(text), &err));
}

static void reads_back_what_it_writes(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text warnings = {0};
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal wrote = sample(), again = {0};
    assert_true(measured_store_write(&config, DATABASE_UUID, &head, &wrote, &err));
    assert_true(measured_store_read(&config, DATABASE_UUID, &head, &again, &warnings));
    assert_int_equal(warnings.length, 0);
    assert_string_equal(again.at, wrote.at);
    assert_string_equal(again.method, "template");
    assert_string_equal(again.server_version, "15.4 (Debian)");
    assert_int_equal(again.steps.count, 3);
    const MeasuredStep *first = measured_step_find(&again, "0001_one", SCRIPT_UP, 1);
    assert_non_null(first);
    assert_int_equal(first->relations.count, 2);
    assert_string_equal(first->relations.items[0].relation, "public.\"Od\\d\"");
    assert_int_equal(first->relations.items[0].bytes, 8192);
    assert_int_equal(first->relations.items[0].rows, 7);
    assert_string_equal(first->relations.items[0].lock, "AccessExclusiveLock");
    assert_true(first->relations.items[0].rewritten);
    assert_false(first->relations.items[0].scanned);
    assert_true(first->relations.items[1].scanned);
    assert_int_equal(measured_step_find(&again, "0001_one", SCRIPT_UP, 2)->duration_us, 2000);
    assert_int_equal(measured_step_find(&again, "0001_one", SCRIPT_DOWN, 1)->duration_us, 1000);
    assert_null(measured_step_find(&again, "0001_one", SCRIPT_DOWN, 2));
    assert_null(measured_step_find(&again, "0002_two", SCRIPT_UP, 1));
}

static void each_database_and_bundle_has_its_own(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text warnings = {0};
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal wrote = sample(), again = {0};
    Digest other = digest_of("other", 5);
    CLEANUP(memory_freep) char *path = measured_store_path(&config, NULL, &head);
    assert_true(text_has_suffix(path, ".json") && strstr(path, "/rehearsals/unmanaged-"));
    assert_true(measured_store_write(&config, /* database_uuid= */ NULL, &head, &wrote, &err));
    assert_false(
        measured_store_read(&config, /* database_uuid= */ NULL, &other, &again, &warnings));
    assert_int_equal(warnings.length, 0);
    assert_true(measured_store_read(&config, /* database_uuid= */ NULL, &head, &again, &warnings));
}

#define GOOD_HEAD                                                                                  \
    "{\"rehearsal\":1,\"at\":\"2024-05-06T07:08:09Z\",\"method\":\"template\","                    \
    "\"server_version\":\"15\",\"steps\":"
#define GOOD_STEP "\"identity\":\"a\",\"script\":\"up\",\"statement\":1,\"duration_us\":5"

static const struct {
    const char *text;
    const char *says;
} damages[] = {
    {"", "it is no rehearsal"},
    {"{\"rehearsal\":1", "it is no rehearsal"},
    {"[1]", "it is no rehearsal"},
    {"{\"rehearsal\":2}", "it is no rehearsal"},
    {"{\"rehearsal\":1}", "time, method"},
    {"\xff", "it is no text"},
    {GOOD_HEAD "{}}", "time, method"},
    {"{\"rehearsal\":1,\"at\":\"today\",\"method\":\"x\",\"server_version\":\"1\",\"steps\":[]}",
     "time, method"},
    {GOOD_HEAD "[5]}", "a step lacks"},
    {GOOD_HEAD "[\"x\"]}", "SQLite"},
    {GOOD_HEAD "[{\"identity\":\"a\",\"script\":\"sideways\",\"statement\":1,\"duration_us\":5}]}",
     "a step lacks"},
    {GOOD_HEAD "[{\"identity\":\"a\",\"script\":\"up\",\"statement\":-1,\"duration_us\":5}]}",
     "a step lacks"},
    {GOOD_HEAD "[{" GOOD_STEP ",\"relations\":[{}]}]}", "a relation lacks"},
    {GOOD_HEAD "[{" GOOD_STEP ",\"relations\":[{\"relation\":\"r\",\"bytes\":1,\"rows\":\"many\","
               "\"lock\":\"\",\"rewritten\":true,\"scanned\":true}]}]}",
     "a relation lacks"},
    {GOOD_HEAD "[{" GOOD_STEP ",\"relations\":[{\"relation\":\"r\",\"bytes\":1,\"rows\":1,"
               "\"lock\":\"\",\"rewritten\":2,\"scanned\":true}]}]}",
     "a relation lacks"},
};

static void names_a_damaged_file_and_passes_it_over(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        CLEANUP(text_done) Text warnings = {0};
        MeasuredRehearsal read = {.at = "untouched"};
        CLEANUP(memory_freep) char *path = measured_store_path(&config, DATABASE_UUID, &head);
        write_text(damages[i].text);
        assert_false(measured_store_read(&config, DATABASE_UUID, &head, &read, &warnings));
        if (!strstr(text_string(&warnings), damages[i].says) ||
            !strstr(text_string(&warnings), path))
            fail_msg("%zu: %s", i, text_string(&warnings));
        assert_string_equal(read.at, "untouched");
    }
}

static void says_where_it_cannot_write(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal wrote = sample();
    CLEANUP(memory_freep) char *path = file_path(site.root, "state");
    assert_true(file_write_atomic(path, 0600, "x", 1, &err)); /* a file where the folder goes */
    assert_false(measured_store_write(&config, DATABASE_UUID, &head, &wrote, &err));
    assert_int_equal(err.class, ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_back_what_it_writes, make_site, drop_site),
        cmocka_unit_test_setup_teardown(each_database_and_bundle_has_its_own, make_site, drop_site),
        cmocka_unit_test_setup_teardown(names_a_damaged_file_and_passes_it_over, make_site,
                                        drop_site),
        cmocka_unit_test_setup_teardown(says_where_it_cannot_write, make_site, drop_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
