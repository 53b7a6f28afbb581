#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_tree.h"
#include "planner/catalog/catalog.h"
#include "tests/support/unit_test.h"

#define SERVER "15.18 (Debian)"

/* A folder for the catalog and for texts, and a subject of two versions with three migrations. */
typedef struct Place {
    char root[64];
    char *texts;
    RehearsalSubject subject;
    Catalog *catalog;
    bool cycled[3];
} Place;

static char identities[3][8] = {"0001", "0002", "0003"};

static void set_key(char *key, char letter)
{
    memset(key, letter, REHEARSAL_KEY - 1);
    key[REHEARSAL_KEY - 1] = '\0';
}

static int make_place(void **state)
{
    Place *place = memory_new(Place);
    Error err = {0};
    memcpy(place->root, "/tmp/sealift-catalog-test.XXXXXX", 33);
    assert_non_null(mkdtemp(place->root));
    place->texts = file_path(place->root, "texts");
    assert_true(file_make_folders(place->texts, 0700, &err));
    set_key(place->subject.start, '0');
    set_key(place->subject.run, 'f');
    for (size_t i = 0; i < 3; i++) {
        SubjectMigration *migration = array_add(&place->subject.migrations);
        migration->identity = identities[i];
        set_key(migration->key, (char)('1' + i));
        place->cycled[i] = true;
    }
    for (size_t i = 0; i < 2; i++) {
        SubjectVersion *version = array_add(&place->subject.versions);
        *version = (SubjectVersion){.name = i ? "1.1.0" : "1.0.0",
                                    .first_migration = i ? 2 : 0,
                                    .migration_count = i ? 1 : 2};
        set_key(version->key, (char)('a' + i));
    }
    assert_true(catalog_open(place->root, &place->catalog, NULL, &err));
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    Place *place = *state;
    Error err = {0};
    catalog_free(place->catalog);
    rehearsal_subject_done(&place->subject);
    assert_true(file_tree_remove(place->root, &err));
    free(place->texts);
    free(place);
    return 0;
}

static void open_again(Place *place, bool *ret_lost)
{
    Error err = {0};
    catalog_free(TAKE_PTR(place->catalog));
    assert_true(catalog_open(place->root, &place->catalog, ret_lost, &err));
}

/* A schema of one table, as text in the folder; fills roots and name. */
static void write_schema(const Place *place, const char *table, FingerprintRoots *ret_roots,
                         char *ret_file)
{
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    CLEANUP(text_done) Text text = {0};
    Error err = {0};
    assert_true(fingerprint_add(&fingerprint, "core", "table", table, NULL, "heap", &err));
    assert_true(fingerprint_sort(&fingerprint, &err));
    fingerprint_roots(&fingerprint, ret_roots);
    fingerprint_format(&fingerprint, &text);
    rehearsal_file_name(text_string(&text), text.length, ret_file);
    CLEANUP(memory_freep) char *path = file_path(place->texts, ret_file);
    assert_true(file_write_atomic(path, 0600, text_string(&text), text.length, &err));
}

static void add_schema(const Place *place, Rehearsal *rehearsal, const char *version,
                       RehearsalArrival arrival, const char *table)
{
    RehearsalFingerprint *fingerprint = array_add(&rehearsal->fingerprints);
    fingerprint->version = memory_string(version);
    fingerprint->arrival = arrival;
    write_schema(place, table, &fingerprint->roots, fingerprint->file);
}

static RehearsalVerdict *add_verdict(Rehearsal *rehearsal, bool of_version, const char *name,
                                     Verdict verdict)
{
    RehearsalVerdict *added = array_add(&rehearsal->verdicts);
    *added = (RehearsalVerdict){.of_version = of_version,
                                .name = memory_string(name),
                                .verdict = verdict,
                                .detail = memory_string("detail"),
                                .script = memory_string("down"),
                                .source = memory_string("a.down.sql"),
                                .line = 3};
    return added;
}

/* A whole report: the table of 1.1.0 can be chosen, and which schema migration 0003 leaves. */
static Rehearsal make_report(const Place *place, const char *last_table)
{
    Rehearsal rehearsal = {.major = 15, .begun = true, .ended = true, .passed = true};
    FingerprintRoots roots;
    rehearsal.applier = memory_string("0.1.0");
    rehearsal.server_version = memory_string("15.18");
    memcpy(rehearsal.rehearsed_at, "2026-11-26T12:00:00Z", CLOCK_TEXT_SIZE);
    *array_add(&rehearsal.scope) = memory_string("public");
    for (size_t i = 0; i < 3; i++)
        add_verdict(&rehearsal, false, identities[i], VERDICT_EXACT);
    write_schema(place, last_table, &roots, rehearsal.verdicts.items[2].after);
    add_verdict(&rehearsal, true, "1.0.0", VERDICT_EXACT);
    add_verdict(&rehearsal, true, "1.1.0", VERDICT_EXACT);
    add_schema(place, &rehearsal, "-", REHEARSED_UP, "nothing");
    add_schema(place, &rehearsal, "-", REHEARSED_DOWN, "back");
    add_schema(place, &rehearsal, "1.0.0", REHEARSED_UP, "one");
    add_schema(place, &rehearsal, "1.0.0", REHEARSED_DOWN, "one_back");
    add_schema(place, &rehearsal, "1.0.0", REHEARSED_CHAIN, "one_chain");
    add_schema(place, &rehearsal, "1.1.0", REHEARSED_UP, last_table);
    return rehearsal;
}

static bool store(const Place *place, Rehearsal *rehearsal, Error *err)
{
    const CatalogStore what = {&place->subject, SERVER, place->texts, place->cycled};
    return catalog_store(place->catalog, &what, rehearsal, err);
}

static Rehearsal load(const Place *place, const char *server)
{
    Rehearsal rehearsal = {0};
    Error err = {0};
    assert_true(catalog_load(place->catalog, &place->subject, 15, server, &rehearsal, &err));
    return rehearsal;
}

static void keeps_a_whole_report(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    Error err = {0};
    RehearsalVerdict *verdict = &report.verdicts.items[1];
    verdict->verdict = VERDICT_LOSSY;
    memcpy(verdict->sqlstate, "42P01", 6);
    *array_add(&verdict->differences) = (RehearsalDifference){
        memory_string("extra"), memory_string("core"), memory_string("index"), memory_string("i")};
    *array_add(&verdict->losses) = (RehearsalLoss){memory_string("t"), NULL, 50, 0};
    *array_add(&verdict->losses) = (RehearsalLoss){memory_string("t"), memory_string("b"), 50, 50};
    RehearsalMeasured *measured = array_add(&report.measured);
    *measured = (RehearsalMeasured){.identity = memory_string("0002"),
                                    .script = SCRIPT_DOWN,
                                    .statement = 1,
                                    .line = 4,
                                    .duration_us = 5,
                                    .wal_bytes = 6,
                                    .declared = true};
    *array_add(&measured->relations) =
        (RehearsalRelation){memory_string("public.t"), memory_string("ShareLock"), false, true, 50};
    *array_add(&measured->invalid_indexes) = memory_string("public.t_x");
    *array_add(&report.rows) =
        (RehearsalRows){memory_string("0003"), memory_string("nulls"), "23502", 7};
    *array_add(&report.atomic) = (RehearsalAtomic){true, false, memory_string("why")};
    *array_add(&report.unsteady) = (RehearsalUnsteady){
        memory_string("1.1.0"), memory_string(""), memory_string("table"), memory_string("t_1")};
    *array_add(&report.failures) = (RehearsalFailure){.identity = memory_string("0003"),
                                                      .version = memory_string("1.1.0"),
                                                      .script = memory_string("up"),
                                                      .statement = 2,
                                                      .line = 8,
                                                      .source = memory_string("c.up.sql"),
                                                      .sqlstate = "55P04",
                                                      .words = memory_string("words"),
                                                      .proposal = memory_string("no-transaction")};
    assert_true(store(place, &report, &err));

    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_true(known.ended);
    assert_string_equal(known.server_version, SERVER);
    assert_string_equal(known.rehearsed_at, "2026-11-26T12:00:00Z");
    assert_string_equal(known.scope.items[0], "public");
    const RehearsalVerdict *found = rehearsal_verdict(&known, false, "0002");
    assert_int_equal(found->verdict, VERDICT_LOSSY);
    assert_string_equal(found->sqlstate, "42P01");
    assert_string_equal(found->differences.items[0].identity, "i");
    assert_null(found->losses.items[0].column);
    assert_string_equal(found->losses.items[1].column, "b");
    assert_int_equal(known.measured.count, 1);
    assert_int_equal(known.measured.items[0].script, SCRIPT_DOWN);
    assert_int_equal(known.measured.items[0].wal_bytes, 6);
    assert_string_equal(known.measured.items[0].relations.items[0].lock, "ShareLock");
    assert_string_equal(known.measured.items[0].invalid_indexes.items[0], "public.t_x");
    assert_string_equal(known.rows.items[0].sqlstate, "23502");
    assert_true(known.atomic.items[0].whole_run);
    assert_string_equal(known.unsteady.items[0].object, "t_1");
    assert_string_equal(known.failures.items[0].proposal, "no-transaction");
    for (size_t i = 0; i < report.fingerprints.count; i++) {
        const RehearsalFingerprint *was = &report.fingerprints.items[i];
        const RehearsalFingerprint *is = rehearsal_fingerprint(&known, was->version, was->arrival);
        assert_non_null(is);
        assert_true(fingerprint_roots_equal(&was->roots, &is->roots));
        CLEANUP(text_done) Text text = {0};
        assert_true(catalog_text(place->catalog, is->file, &text, &err));
        assert_true(text_has_prefix(text_string(&text), "sealift-fingerprint 1\n"));
    }
    assert_int_equal(known.fingerprints.count, report.fingerprints.count);
}

static void another_server_of_the_major_knows_nothing(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    Error err = {0};
    assert_true(store(place, &report, &err));
    CLEANUP(rehearsal_done) Rehearsal other = load(place, "15.19");
    assert_false(other.ended);
    assert_int_equal(other.verdicts.count, 0);
    CLEANUP(rehearsal_done) Rehearsal any = load(place, NULL);
    assert_true(any.ended);
    assert_int_equal(any.verdicts.count, 5);
    int64_t *majors = NULL;
    size_t count = 0;
    assert_true(catalog_majors(place->catalog, &majors, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(majors[0], 15);
    free(majors);
}

static void what_was_not_cycled_keeps_its_results(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal first = make_report(place, "two");
    CLEANUP(rehearsal_done) Rehearsal second = make_report(place, "two");
    Error err = {0};
    first.verdicts.items[0].verdict = VERDICT_LOSSY;
    assert_true(store(place, &first, &err));
    place->cycled[0] = false;
    second.verdicts.items[1].verdict = VERDICT_DIFFERS;
    assert_true(store(place, &second, &err));
    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_int_equal(rehearsal_verdict(&known, false, "0001")->verdict, VERDICT_LOSSY);
    assert_int_equal(rehearsal_verdict(&known, false, "0002")->verdict, VERDICT_DIFFERS);
}

static void an_edit_makes_only_what_follows_unknown(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    Error err = {0};
    assert_true(store(place, &report, &err));
    set_key(place->subject.migrations.items[2].key, '9');
    set_key(place->subject.versions.items[1].key, '8');
    set_key(place->subject.run, '7');
    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_false(known.ended);
    assert_non_null(rehearsal_verdict(&known, false, "0002"));
    assert_null(rehearsal_verdict(&known, false, "0003"));
    assert_non_null(rehearsal_fingerprint(&known, "1.0.0", REHEARSED_UP));
    assert_null(rehearsal_fingerprint(&known, "1.0.0", REHEARSED_DOWN));
    assert_null(rehearsal_fingerprint(&known, "1.1.0", REHEARSED_UP));
}

static void another_schema_than_last_time_is_reported(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal first = make_report(place, "two_1000");
    CLEANUP(rehearsal_done) Rehearsal second = make_report(place, "two_1001");
    Error err = {0};
    assert_true(store(place, &first, &err));
    assert_int_equal(first.unsteady.count, 0);
    assert_true(store(place, &second, &err));
    assert_int_equal(second.unsteady.count, 2);
    assert_string_equal(second.unsteady.items[0].identity, "0003");
    assert_string_equal(second.unsteady.items[0].object, "two_1000");
    assert_string_equal(second.unsteady.items[1].object, "two_1001");
    assert_false(second.passed);
    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_int_equal(known.unsteady.count, 2);
    /* the same a third time: it may have been another machine */
    CLEANUP(rehearsal_done) Rehearsal third = make_report(place, "two_1001");
    assert_true(store(place, &third, &err));
    assert_int_equal(third.unsteady.count, 0);
}

static void a_report_that_does_not_fit_is_not_kept(void **state)
{
    Place *place = *state;
    static const char *const says[] = {
        "0009",        "cannot be", "cannot be", "not those of", "does not hold what its name says",
        "No such file"};
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
        CLEANUP(error_done) Error err = {0};
        char *file = report.fingerprints.items[2].file;
        CLEANUP(memory_freep) char *path = file_path(place->texts, file);
        switch (i) {
        case 0:
            add_verdict(&report, false, "0009", VERDICT_EXACT);
            break;
        case 1:
            add_schema(place, &report, "2.0.0", REHEARSED_UP, "x");
            break;
        case 2: /* nothing lies behind the last version */
            add_schema(place, &report, "1.1.0", REHEARSED_DOWN, "x");
            break;
        case 3:
            report.fingerprints.items[2].roots.classes[FINGERPRINT_CORE].bytes[0] ^= 1;
            break;
        case 4:
            assert_true(file_write_atomic(path, 0600, "x", 1, &err));
            break;
        default:
            assert_int_equal(unlink(path), 0);
        }
        assert_false(store(place, &report, &err));
        if (!strstr(err.message, says[i]))
            fail_msg("%zu: '%s'", i, err.message);
        CLEANUP(rehearsal_done) Rehearsal known = load(place, NULL);
        assert_false(known.ended);
        assert_int_equal(known.verdicts.count, 0);
    }
}

static void what_was_kept_is_there_when_it_is_opened_again(void **state)
{
    Place *place = *state;
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    Error err = {0};
    bool lost = true;
    assert_true(store(place, &report, &err));
    open_again(place, &lost);
    assert_false(lost);
    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_true(known.ended);
}

static void one_that_cannot_be_used_is_made_anew(void **state)
{
    Place *place = *state;
    CLEANUP(memory_freep) char *path = file_path(place->root, ".sealift/catalog.db");
    Error err = {0};
    bool lost = false;
    assert_true(file_write_atomic(path, 0644, "not a database, but long enough", 31, &err));
    open_again(place, &lost);
    assert_true(lost);
    CLEANUP(rehearsal_done) Rehearsal known = load(place, SERVER);
    assert_false(known.ended);
    open_again(place, &lost);
    assert_false(lost);
    /* an empty file is a database of number 0 */
    assert_true(file_write_atomic(path, 0644, "", 0, &err));
    open_again(place, &lost);
    assert_true(lost);
}

static void a_catalog_with_a_bad_page_is_made_anew(void **state)
{
    Place *place = *state;
    CLEANUP(memory_freep) char *path = file_path(place->root, ".sealift/catalog.db");
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    Error err = {0};
    bool lost = false;
    assert_true(store(place, &report, &err));
    assert_true(file_read_all(path, 1 << 24, &bytes, &size, &err));
    memset(bytes + 4096, 0xee, size - 4096); /* all but the first page */
    assert_true(file_write_atomic(path, 0644, bytes, size, &err));
    open_again(place, &lost);
    assert_true(lost);
}

static void a_place_that_cannot_be_written_is_an_error(void **state UNUSED)
{
    Catalog *catalog = NULL;
    Error err = {0};
    assert_false(catalog_open("/proc", &catalog, NULL, &err));
    assert_int_equal(err.class, ERROR_IO);
    assert_null(catalog);
    error_done(&err);
}

/* --- pruning -------------------------------------------------------------------------------- */

#define DAY INT64_C(86400)

static void set_keys(RehearsalSubject *subject, char first)
{
    set_key(subject->run, first);
    array_each (SubjectMigration, migration, &subject->migrations)
        set_key(migration->key, ++first);
    array_each (SubjectVersion, version, &subject->versions) {
        set_key(version->key, ++first);
        set_key(version->run, ++first);
    }
}

static void prune(Place *place, int64_t now, const CatalogLimits *limits)
{
    Error err = {0};
    const RehearsalSubject *const subjects[] = {&place->subject};
    assert_true(catalog_prune(place->catalog, subjects, 1, now, limits, &err));
}

/* What the catalog has under the keys that begin with this letter: verdicts and texts. */
static size_t known(Place *place, char first)
{
    set_keys(&place->subject, first);
    CLEANUP(rehearsal_done) Rehearsal found = load(place, SERVER);
    return found.verdicts.count;
}

static void keep_sample(Place *place, char first, const char *table)
{
    Error err = {0};
    set_keys(&place->subject, first);
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, table);
    assert_true(store(place, &report, &err));
}

static bool has_text(Place *place, const char *table)
{
    CLEANUP(text_done) Text text = {0};
    CLEANUP(error_done) Error err = {0};
    FingerprintRoots roots;
    char file[REHEARSAL_FILE];
    write_schema(place, table, &roots, file);
    return catalog_text(place->catalog, file, &text, &err);
}

/* An edit makes other keys; for thirty days the old ones may be asked for again. */
static void what_the_project_has_no_more_goes_after_a_while(void **state)
{
    Place *place = *state;
    keep_sample(place, 'A', "before_edit");
    prune(place, 100 * DAY, &catalog_limits);
    keep_sample(place, 'Q', "after_edit");
    prune(place, 129 * DAY, &catalog_limits);
    assert_int_equal(known(place, 'A'), 5);
    /* the project had it again on that day */
    prune(place, 140 * DAY, &catalog_limits);
    set_keys(&place->subject, 'Q');
    prune(place, 169 * DAY, &catalog_limits);
    assert_int_equal(known(place, 'A'), 5);
    assert_true(has_text(place, "before_edit"));
    set_keys(&place->subject, 'Q');
    prune(place, 171 * DAY, &catalog_limits);
    assert_int_equal(known(place, 'A'), 0);
    assert_false(has_text(place, "before_edit"));
    /* what it has stays, however old */
    assert_int_equal(known(place, 'Q'), 5);
    assert_true(has_text(place, "after_edit"));
    prune(place, 1000 * DAY, &catalog_limits);
    assert_int_equal(known(place, 'Q'), 5);
}

static void nothing_of_it_stays_in_a_catalog_that_is_too_large(void **state)
{
    Place *place = *state;
    const CatalogLimits small = {.seconds = 30 * DAY, .bytes = 1};
    keep_sample(place, 'A', "before_edit");
    prune(place, 100 * DAY, &catalog_limits);
    keep_sample(place, 'Q', "after_edit");
    prune(place, 100 * DAY, &small);
    assert_int_equal(known(place, 'A'), 0);
    assert_int_equal(known(place, 'Q'), 5);
    assert_true(has_text(place, "one"));
}

static void the_room_is_given_back(void **state)
{
    Place *place = *state;
    CLEANUP(memory_freep) char *path = memory_format("%s/.sealift/catalog.db", place->root);
    CLEANUP(rehearsal_done) Rehearsal report = make_report(place, "two");
    char *detail = memory_zeroed((4 << 20) + 1, 1);
    struct stat before, after;
    Error err = {0};
    memset(detail, 'x', 4 << 20);
    free(report.verdicts.items[0].detail);
    report.verdicts.items[0].detail = detail;
    set_keys(&place->subject, 'A');
    assert_true(store(place, &report, &err));
    prune(place, 100 * DAY, &catalog_limits);
    assert_int_equal(stat(path, &before), 0);
    set_keys(&place->subject, 'Q');
    prune(place, 200 * DAY, &catalog_limits);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_size > (4 << 20));
    assert_true(after.st_size < before.st_size / 4);
    /* it is whole, and goes on */
    bool lost = true;
    open_again(place, &lost);
    assert_false(lost);
    keep_sample(place, 'Q', "two");
}

static void a_missing_text_is_said(void **state)
{
    Place *place = *state;
    CLEANUP(text_done) Text text = {0};
    Error err = {0};
    assert_false(catalog_text(place->catalog, "nothing", &text, &err));
    assert_non_null(strstr(err.hint, "may be deleted"));
    error_done(&err);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        PLACED(keeps_a_whole_report),
        PLACED(another_server_of_the_major_knows_nothing),
        PLACED(what_was_not_cycled_keeps_its_results),
        PLACED(an_edit_makes_only_what_follows_unknown),
        PLACED(another_schema_than_last_time_is_reported),
        PLACED(a_report_that_does_not_fit_is_not_kept),
        PLACED(what_was_kept_is_there_when_it_is_opened_again),
        PLACED(one_that_cannot_be_used_is_made_anew),
        PLACED(a_catalog_with_a_bad_page_is_made_anew),
        cmocka_unit_test(a_place_that_cannot_be_written_is_an_error),
        PLACED(what_the_project_has_no_more_goes_after_a_while),
        PLACED(nothing_of_it_stays_in_a_catalog_that_is_too_large),
        PLACED(the_room_is_given_back),
        PLACED(a_missing_text_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
