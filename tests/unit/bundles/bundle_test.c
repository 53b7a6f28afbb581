#include "tests/support/unit_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "bundles/bundle_reader.h"
#include "bundles/bundle_unpack.h"
#include "bundles/bundle_writer.h"
#include "bundles/fingerprint_writer.h"
#include "bundles/manifest_store.h"
#include "tests/support/forge.h"
#include "tests/support/test_head.h"

static void expect_good(bool good, const Error *err)
{
    if (!good)
        fail_msg("%d %s (%s)", err->class, err->message, err->detail ? err->detail : "");
}

static BundleReader *open_bundle(const Text *bytes)
{
    CLEANUP(error_done) Error err = {0};
    Keyring site = forge_site_keyring();
    BundleReader *reader = NULL;
    expect_good(bundle_reader_open_fd(forge_memory(bytes), "bundle", &site, &reader, &err), &err);
    return reader;
}

static void verifies_what_it_wrote(void **state UNUSED)
{
    for (ForgeSample sample = FORGE_MINIMAL; sample < FORGE_SAMPLE_COUNT; sample++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(forge_done) Forge forge;
        forge_init(&forge, sample);
        CLEANUP(text_done) Text bytes = forge_seal(&forge);
        CLEANUP(bundle_reader_freep) BundleReader *reader = open_bundle(&bytes);
        expect_good(bundle_reader_verify(reader, &err), &err);
        assert_int_equal(bundle_reader_proof(reader)->signer_count, 2);
        assert_int_equal(bundle_reader_size(reader), bytes.length);
    }
}

static char *read_object(BundleReader *reader, int64_t index, size_t *ret_size)
{
    CLEANUP(error_done) Error err = {0};
    const Manifest *manifest;
    expect_good(bundle_reader_manifest(reader, &manifest, &err), &err);
    const ManifestObject *object = &manifest->objects.items[index];
    ObjectSource source = bundle_reader_objects(reader);
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    expect_good(object_stream_open(&source, object, &stream, &err), &err);
    char *bytes = memory_zeroed(1, (size_t)object->plain_size + 1);
    expect_good(object_stream_read_range(stream, 0, bytes, (size_t)object->plain_size, &err), &err);
    expect_good(object_stream_finish(stream, &err), &err);
    *ret_size = (size_t)object->plain_size;
    return bytes;
}

static void reads_back_what_was_written(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_LARGE);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = open_bundle(&bytes);
    const Manifest *manifest;
    expect_good(bundle_reader_manifest(reader, &manifest, &err), &err);

    assert_int_equal(manifest->versions.count, 2);
    assert_string_equal(manifest->versions.items[1].name, "1.2.0");
    assert_true(manifest->versions.items[0].stop);
    assert_int_equal(manifest->versions.items[1].position, 6);
    assert_string_equal(manifest->search_path, "public");
    assert_string_equal(manifest->requirements.items[0].name, "citext");
    assert_int_equal(manifest->migrations.count, 3);
    const ManifestMigration *etapes = manifest_find(manifest, "0002-Étapes");
    assert_non_null(etapes);
    assert_int_equal(etapes->verdict, VERDICT_IRREVERSIBLE);
    assert_int_equal(etapes->statement_timeout_ms, 60000);
    assert_int_equal(etapes->lock_timeout_ms, -1);
    assert_null(manifest_find(manifest, "0002"));

    const ManifestMigration *berths = &manifest->migrations.items[0];
    const ManifestScript *up = &berths->scripts[SCRIPT_UP];
    assert_int_equal(up->steps.count, 4);
    assert_int_equal(up->groups.count, 3);
    assert_int_equal(up->groups.items[1].kind, GROUP_AUTOCOMMIT);
    assert_int_equal(up->groups.items[1].first_step, 2);
    assert_int_equal(up->steps.items[2].probe.kind, PROBE_INDEX_PRESENT);
    assert_string_equal(up->steps.items[2].probe.table, "berth");
    assert_null(up->steps.items[2].probe.table_schema);
    assert_true(berths->scripts[SCRIPT_VERIFY].in_transaction);
    assert_false(berths->scripts[SCRIPT_PRECHECK].present);
    assert_int_equal(berths->data_object_count, 2);

    size_t size;
    CLEANUP(memory_freep) char *script = read_object(reader, up->object, &size);
    const ManifestStep *third = &up->steps.items[2];
    assert_memory_equal(script + third->offset, "CREATE INDEX CONCURRENTLY", 25);
    CLEANUP(memory_freep) char *digits = read_object(reader, berths->data_objects[0], &size);
    assert_true(size >= (size_t)3 << 20);
    assert_memory_equal(digits, "1\tbollard\n", 10);
    assert_true(manifest->objects.items[berths->data_objects[0]].compressed);
    assert_true(manifest->objects.items[berths->data_objects[0]].chunk_count > 1);
    assert_false(manifest->objects.items[berths->data_objects[1]].compressed);
    assert_int_equal(manifest->objects.items[berths->data_objects[1]].chunk_count, 4);
    CLEANUP(memory_freep) char *noise = read_object(reader, berths->data_objects[1], &size);
    assert_memory_equal(noise, "1\tbollard\n", 10);
}

static void expect_rehearsed_migrations(const Manifest *manifest)
{
    static const Verdict verdicts[] = {VERDICT_LOSSY, VERDICT_IRREVERSIBLE, VERDICT_COLUMN_ORDER};
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        assert_true(manifest->migrations.items[i].rehearsed);
        assert_int_equal(manifest->migrations.items[i].verdict, verdicts[i]);
    }
    assert_string_equal(manifest->migrations.items[0].acknowledged,
                        "berths are counted again anyway");
    assert_null(manifest->migrations.items[1].acknowledged);
    assert_int_equal(manifest->versions.items[0].verdict, VERDICT_IRREVERSIBLE);
    assert_int_equal(manifest->versions.items[1].verdict, VERDICT_COLUMN_ORDER);
    assert_int_equal(manifest->head.unproven, 0);
}

static void expect_rehearsal_rows(const Manifest *manifest)
{
    assert_int_equal(manifest->rehearsals.count, 6);
    const ManifestRehearsal *first = &manifest->rehearsals.items[0];
    const ManifestRehearsal *last = &manifest->rehearsals.items[5];
    assert_false(first->of_version);
    assert_int_equal(first->verdict, VERDICT_LOSSY);
    assert_string_equal(first->detail, "rows of public.berth");
    assert_true(last->of_version);
    assert_int_equal(last->index, 1);
    assert_int_equal(last->server_major, 16);

    assert_int_equal(manifest->measured.count, 4);
    const ManifestMeasured *index = &manifest->measured.items[1];
    assert_int_equal(index->step, 2);
    assert_int_equal(index->script, SCRIPT_UP);
    assert_string_equal(index->relation, "public.berth");
    assert_string_equal(index->lock, "ShareUpdateExclusiveLock");
    assert_true(index->scanned && !index->rewritten);
    assert_true(manifest->measured.items[3].rewritten);
    assert_string_equal(manifest->measured.items[3].lock, "");

    assert_int_equal(manifest->brought.count, 2);
    assert_string_equal(manifest_brought_name(&manifest->brought.items[1]), "column");
    assert_string_equal(manifest->brought.items[1].identity, "public.quay.depth");
    assert_int_equal(manifest->atomic.count, 3);
    assert_string_equal(manifest_atomic_name(&manifest->atomic.items[0]), "version");
    assert_string_equal(manifest_atomic_name(&manifest->atomic.items[2]), "run");
    assert_int_equal(manifest->atomic.items[2].server_major, 16);
}

static void expect_schemas(const Manifest *manifest)
{
    assert_int_equal(manifest->scope.count, 2);
    assert_string_equal(manifest->scope.items[0], "harbour");
    assert_int_equal(manifest->tolerated.count, 2);
    assert_string_equal(manifest->tolerated.items[0].kind, "*");
    assert_string_equal(manifest->tolerated.items[0].identity, "public.site_*");
    assert_int_equal(manifest->earlier.count, 4);
    assert_string_equal(manifest->earlier.items[0].name, "0.8.0");
    assert_int_equal(manifest->earlier.items[0].server_major, 9);
    assert_int_equal(manifest->earlier.items[3].migrations, 4);

    assert_int_equal(manifest->fingerprints.count, 10);
    const ManifestFingerprint *up = manifest_fingerprint(manifest, 1, ARRIVAL_UP, 15);
    const ManifestFingerprint *down = manifest_fingerprint(manifest, 1, ARRIVAL_DOWN, 16);
    const ManifestFingerprint *again = manifest_fingerprint(manifest, 2, ARRIVAL_AGAIN, 15);
    assert_string_equal(manifest->objects.items[up->object].path,
                        "versions/0001/fingerprint-01.txt");
    assert_string_equal(manifest->objects.items[down->object].path,
                        "versions/0001/fingerprint-02.txt");
    assert_string_equal(manifest->objects.items[again->object].path,
                        "versions/0002/fingerprint-01.txt.zst");
    assert_false(fingerprint_roots_equal(&up->roots, &down->roots));
    assert_null(manifest_fingerprint(manifest, 2, ARRIVAL_DOWN, 15));
}

static void reads_back_what_a_rehearsal_showed(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = open_bundle(&bytes);
    const Manifest *manifest;
    expect_good(bundle_reader_manifest(reader, &manifest, &err), &err);
    expect_rehearsed_migrations(manifest);
    expect_rehearsal_rows(manifest);
    expect_schemas(manifest);
}

static void unpacks_a_fingerprint_for_reading(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_REHEARSED);
    CLEANUP(text_done) Text bytes = forge_seal(&forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = open_bundle(&bytes);
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "versions/0002/fingerprint-01.txt");
    CLEANUP(memory_freep) char *text = NULL;
    CLEANUP(fingerprint_done) Fingerprint fingerprint = {0};
    int64_t files;
    size_t size;
    expect_good(bundle_unpack(reader, folder, &files, &err), &err);
    expect_good(file_read_all(path, (size_t)FINGERPRINT_SIZE_MAX, &text, &size, &err), &err);
    expect_good(fingerprint_parse(text, size, &fingerprint, &err), &err);
    assert_int_equal(fingerprint.rows.count, 6);
    forge_remove_folder(folder);
}

static Text written_in(const char *timezone)
{
    setenv("TZ", timezone, 1);
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "some.bundle");
    forge_write_sample(FORGE_LARGE, path);
    CLEANUP(error_done) Error err = {0};
    Text text = {0};
    expect_good(file_read_all(path, (size_t)1 << 30, &text.bytes, &text.length, &err), &err);
    text.capacity = text.length + 1;
    FileEntryArray entries;
    expect_good(file_list(folder, &entries, &err), &err);
    assert_int_equal(entries.count, 1); /* nothing temporary stays */
    file_entries_free(&entries);
    forge_remove_folder(folder);
    unsetenv("TZ");
    return text;
}

static void writes_the_same_bytes_each_time(void **state UNUSED)
{
    CLEANUP(text_done) Text first = written_in("Asia/Kathmandu");
    CLEANUP(text_done) Text second = written_in("America/Los_Angeles");
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.bytes, second.bytes, first.length);
}

static void leaves_nothing_behind_when_abandoned(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    BundleObject *object = NULL;
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    expect_good(bundle_writer_object_begin(writer, &object, &err), &err);
    expect_good(bundle_writer_object_add(object, "x", 1, &err), &err);
    bundle_writer_object_abandon(object);
    bundle_writer_free(writer);
    FileEntryArray entries;
    expect_good(file_list(folder, &entries, &err), &err);
    assert_int_equal(entries.count, 0);
    file_entries_free(&entries);
    forge_remove_folder(folder);
}

static void refuses_a_path_that_tar_cannot_say(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    BundleObject *object = NULL;
    ManifestObject kept = {.plain_size = 77};
    char name[OBJECT_PATH_MAX + 2];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    expect_good(bundle_writer_object_begin(writer, &object, &err), &err);
    assert_false(bundle_writer_object_end(object, name, &kept, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "has more than 100 bytes"));
    assert_int_equal(kept.plain_size, 77);
    bundle_writer_free(writer);
    forge_remove_folder(folder);
}

/* A caller's mistake, before anything is written. */
static void takes_fingerprints_in_their_order_only(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    static const FingerprintPlace good[] = {
        {0, ARRIVAL_UP, 16}, {1, ARRIVAL_UP, 15}, {1, ARRIVAL_UP, 16}, {1, ARRIVAL_DOWN, 15}};
    static const FingerprintPlace bad[] = {
        {1, ARRIVAL_DOWN, 15}, {1, ARRIVAL_DOWN, 14}, {1, ARRIVAL_UP, 17}, {0, ARRIVAL_AGAIN, 18}};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        expect_good(fingerprint_writer_add(writer, &manifest, good[i], &(Fingerprint){0}, &err),
                    &err);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(fingerprint_writer_add(writer, &manifest, bad[i], &(Fingerprint){0}, &err));
        assert_int_equal(err.class, ERROR_INTERNAL);
    }
    assert_int_equal(manifest.fingerprints.count, ARRAY_LEN(good));
    assert_int_equal(manifest.objects.count, 2); /* one for each version */
    assert_string_equal(manifest.objects.items[1].path, "versions/0001/fingerprint-01.txt");
    bundle_writer_free(writer);
    forge_remove_folder(folder);
}

/* Of so many bytes of definition: short ones are written when the object ends, long ones before. */
static void expect_unwritten(size_t definition)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(fingerprint_done) Fingerprint rows = {0};
    CLEANUP(memory_freep) char *text = memory_format("%0*d", (int)definition, 0);
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    expect_good(fingerprint_add(&rows, "core", "table", "a", NULL, text, &err), &err);
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    struct rlimit before, none;
    getrlimit(RLIMIT_FSIZE, &before);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    bool good = fingerprint_writer_add(writer, &manifest, (FingerprintPlace){0, ARRIVAL_UP, 15},
                                       &rows, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(good);
    assert_int_equal(err.class, ERROR_IO);
    assert_int_equal(manifest.objects.count + manifest.fingerprints.count, 0);
    bundle_writer_free(writer);
    forge_remove_folder(folder);
}

static void says_where_a_fingerprint_does_not_fit_on_the_disk(void **state UNUSED)
{
    expect_unwritten(10);
    expect_unwritten((size_t)8 << 20);
}

static void refuses_a_manifest_without_its_objects(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    BundleObject *object = NULL;
    ManifestObject kept;
    Manifest manifest = {0};
    Head head = {.sequence = 1};
    uint8_t bytes[BUNDLE_HEAD_SIZE];
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    expect_good(bundle_writer_object_begin(writer, &object, &err), &err);
    expect_good(bundle_writer_object_end(object, "x", &kept, &err), &err);
    free(kept.path);
    assert_false(bundle_writer_seal(writer, &manifest, NULL, 0, &head, bytes, &err));
    assert_int_equal(err.class, ERROR_INTERNAL);
    assert_non_null(strstr(err.message, "2 objects were written, the manifest lists 1"));
    manifest_done(&manifest);
    bundle_writer_free(writer);
    forge_remove_folder(folder);
}

static void takes_fifteen_signatures(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "never.bundle");
    BundleWriter *writer = NULL;
    const Signature signature = {.trusted_comment = "any"};
    expect_good(bundle_writer_new(path, &writer, &err), &err);
    for (int i = 0; i < BUNDLE_SLOT_COUNT; i++)
        expect_good(bundle_writer_add_slot(writer, &signature, &err), &err);
    assert_false(bundle_writer_add_slot(writer, &signature, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    bundle_writer_free(writer);
    forge_remove_folder(folder);
}

static void refuses_a_manifest_of_more_than_16_mib(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "manifest.db");
    CLEANUP(manifest_done) Manifest manifest = {.search_path = memory_string("public")};
    for (size_t i = 0; i < (size_t)MANIFEST_SIZE_MAX / 200; i++)
        *array_add(&manifest.requirements) =
            (ManifestRequirement){.kind = memory_string("extension"),
                                  .name = memory_format("%0200zu", i),
                                  .value = memory_string("")};
    assert_false(manifest_write(&manifest, path, &err));
    forge_remove_folder(folder);
    assert_int_equal(err.class, ERROR_INPUT);
    assert_non_null(strstr(err.message, "the manifest would have "));
    assert_non_null(strstr(err.hint, "fewer versions into one bundle"));
}

/* The bundle of `forge` at a site with these keyrings. */
static void expect_refused_by(Forge *forge, const Keyring *keyrings, size_t count, ErrorClass class,
                              const char *says, const char *detail)
{
    CLEANUP(error_done) Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "some.bundle");
    CLEANUP(text_done) Text bytes = forge_seal(forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    expect_good(file_write_atomic(path, 0600, bytes.bytes, bytes.length, &err), &err);
    assert_false(bundle_reader_open_any(path, keyrings, count, &reader, NULL, &err));
    forge_remove_folder(folder);
    assert_null(reader);
    if (err.class != class || !strstr(err.message, says) ||
        (err.detail != NULL) != (detail != NULL) || (detail && !strstr(err.detail, detail)))
        fail_msg("%d %s (%s)", err.class, err.message, err.detail ? err.detail : "");
}

static void says_what_each_keyring_has_against_it(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_MINIMAL);
    Keyring sites[] = {forge_site_keyring(), forge_site_keyring()};
    snprintf(sites[0].product_uuid, sizeof(sites[0].product_uuid), "%s", TEST_OTHER_UUID);
    memset(sites[1].roots[0].public_key.id, 7, SIGNATURE_KEY_ID_SIZE);
    expect_refused_by(&forge, sites, 2, ERROR_TRUST, "has 0 of 1 signatures that version 0 wants",
                      "the keyring for product " TEST_OTHER_UUID
                      " says: keyring: version 1 is for product " TEST_PRODUCT_UUID);
    expect_refused_by(&forge, sites + 1, 1, ERROR_TRUST, "has 0 of 1 signatures", NULL);
    expect_refused_by(&forge, sites, 0, ERROR_CONFIG, "this site trusts no key yet", NULL);
}

/* Another keyring, which does not know the signers, has no say in it. */
static void says_that_it_is_too_new_whatever_other_keyrings_say(void **state UNUSED)
{
    CLEANUP(forge_done) Forge forge;
    forge_init(&forge, FORGE_MINIMAL);
    Keyring sites[] = {forge_site_keyring(), forge_site_keyring()};
    memset(sites[1].roots[0].public_key.id, 7, SIGNATURE_KEY_ID_SIZE);
    snprintf(forge.head.min_applier, sizeof(forge.head.min_applier), "99.0.0");
    expect_refused_by(&forge, sites, 2, ERROR_TARGET, "99.0.0", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_it_wrote),
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(reads_back_what_a_rehearsal_showed),
        cmocka_unit_test(unpacks_a_fingerprint_for_reading),
        cmocka_unit_test(writes_the_same_bytes_each_time),
        cmocka_unit_test(leaves_nothing_behind_when_abandoned),
        cmocka_unit_test(refuses_a_path_that_tar_cannot_say),
        cmocka_unit_test(takes_fingerprints_in_their_order_only),
        cmocka_unit_test(says_where_a_fingerprint_does_not_fit_on_the_disk),
        cmocka_unit_test(refuses_a_manifest_without_its_objects),
        cmocka_unit_test(takes_fifteen_signatures),
        cmocka_unit_test(refuses_a_manifest_of_more_than_16_mib),
        cmocka_unit_test(says_what_each_keyring_has_against_it),
        cmocka_unit_test(says_that_it_is_too_new_whatever_other_keyrings_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
