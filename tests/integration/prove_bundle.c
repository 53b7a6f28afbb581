/* Makes a bundle that looks rehearsed out of one that was packed unproven, for tests of the site:
 * what a rehearsal would have found is given in a file. The result is unsigned; `planner sign`
 * signs it.
 *
 *     prove_bundle IN OUT FACTS
 *
 * FACTS, fields separated by TAB, fingerprints in order of version, arrival, major:
 *
 *     scope        SCHEMA
 *     tolerated    KIND GLOB
 *     fingerprint  VERSION-INDEX ARRIVAL MAJOR FILE    (0: what the bundle starts from)
 *     earlier      VERSION TREE-DIGEST MIGRATIONS MAJOR FILE
 *     verdict      IDENTITY MAJOR VERDICT DETAIL
 *     atomic       version|run MAJOR
 *     measured     IDENTITY up|down STATEMENT MAJOR RELATION LOCK   (in the manifest's order)
 *     brought      IDENTITY table|column OBJECT       (in the manifest's order)
 *
 * FILE is what `applier fingerprint --definitions` prints, from the line `sealift-fingerprint 1`.
 */
#include "base/file.h"
#include "base/memory.h"
#include "bundles/bundle_reader.h"
#include "bundles/fingerprint_writer.h"
#include "bundles/manifest_store.h"

#define FIELDS_MOST 7

typedef struct Proving {
    BundleReader *reader;
    BundleWriter *writer;
    Manifest manifest;
    Error err;
} Proving;

static void must(bool good, const Error *err)
{
    if (good)
        return;
    error_print(stderr, "prove_bundle", err);
    exit(err->class ? (int)err->class : 1);
}

static void usage(const char *line)
{
    fprintf(stderr, "prove_bundle: cannot read: %s\n", line);
    exit(ERROR_USAGE);
}

/* --- the bundle as it is --------------------------------------------------------------------- */

static void open_bundle(Proving *proving, const char *path)
{
    const Manifest *ignored;
    size_t size;
    must(bundle_reader_open(path, /* known= */ NULL, &proving->reader, &proving->err) &&
             bundle_reader_manifest(proving->reader, &ignored, &proving->err),
         &proving->err);
    const void *bytes = bundle_reader_manifest_bytes(proving->reader, &size);
    must(manifest_read(bytes, size, &bundle_reader_proof(proving->reader)->head, &proving->manifest,
                       &proving->err),
         &proving->err);
}

static void copy_object(Proving *proving, ManifestObject *object)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    ObjectSource source = bundle_reader_objects(proving->reader);
    BundleObject *into = NULL;
    ManifestObject kept;
    char bytes[65536];
    size_t size = 0;
    must(object_stream_open(&source, object, &stream, &proving->err) &&
             bundle_writer_object_begin(proving->writer, &into, &proving->err),
         &proving->err);
    do {
        must(object_stream_read(stream, bytes, sizeof(bytes), &size, &proving->err) &&
                 bundle_writer_object_add(into, bytes, size, &proving->err),
             &proving->err);
    } while (size);
    size_t length = strlen(object->path) - (text_has_suffix(object->path, ".zst") ? 4 : 0);
    CLEANUP(memory_freep) char *path = memory_string_n(object->path, length);
    must(bundle_writer_object_end(into, path, &kept, &proving->err), &proving->err);
    object_stream_free(TAKE_PTR(stream)); /* it reads `object` */
    free(object->path);
    free(object->chunks);
    *object = kept;
}

/* The first object is README, which sealing adds anew: every index is one less. */
static void copy_objects(Proving *proving)
{
    Manifest *manifest = &proving->manifest;
    free(manifest->objects.items[0].path);
    free(manifest->objects.items[0].chunks);
    manifest->objects.count--;
    memmove(manifest->objects.items, manifest->objects.items + 1,
            manifest->objects.count * sizeof(*manifest->objects.items));
    array_each (ManifestObject, object, &manifest->objects)
        copy_object(proving, object);
    array_each (ManifestMigration, migration, &manifest->migrations) {
        for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++) {
            ManifestScript *script = &migration->scripts[kind];
            script->object -= script->present;
            array_each (ManifestStep, step, &script->steps)
                step->data_object -= step->data_object >= 0;
        }
        for (size_t i = 0; i < migration->data_object_count; i++)
            migration->data_objects[i]--;
        migration->rehearsed = true;
    }
}

/* --- what was found -------------------------------------------------------------------------- */

static int64_t number(const char *text)
{
    uint64_t value = 0;
    if (!text_parse_uint(text, strlen(text), INT64_MAX, &value))
        usage(text);
    return (int64_t)value;
}

static int word(const WordTable *table, const char *text)
{
    int value = word_table_find(table, text);
    if (value < 0)
        usage(text);
    return value;
}

static void read_rows(Proving *proving, const char *path, Fingerprint *ret_rows)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    must(file_read_all(path, (size_t)1 << 30, &bytes, &size, &proving->err) &&
             fingerprint_parse(bytes, size, ret_rows, &proving->err),
         &proving->err);
}

static void add_fingerprint(Proving *proving, char **fields)
{
    CLEANUP(fingerprint_done) Fingerprint rows = {0};
    FingerprintPlace place = {(size_t)number(fields[1]), (Arrival)word(&arrival_words, fields[2]),
                              number(fields[3])};
    read_rows(proving, fields[4], &rows);
    must(fingerprint_writer_add(proving->writer, &proving->manifest, place, &rows, &proving->err),
         &proving->err);
}

static void add_earlier(Proving *proving, char **fields)
{
    CLEANUP(fingerprint_done) Fingerprint rows = {0};
    ManifestEarlier *earlier = array_add(&proving->manifest.earlier);
    *earlier = (ManifestEarlier){.name = memory_string(fields[1]),
                                 .migrations = number(fields[3]),
                                 .server_major = number(fields[4])};
    if (!digest_parse_hex(fields[2], strlen(fields[2]), &earlier->tree_digest))
        usage(fields[2]);
    read_rows(proving, fields[5], &rows);
    fingerprint_roots(&rows, &earlier->roots);
}

static void add_verdict(Proving *proving, char **fields)
{
    Manifest *manifest = &proving->manifest;
    const ManifestMigration *migration = manifest_find(manifest, fields[1]);
    if (!migration)
        usage(fields[1]);
    *array_add(&manifest->rehearsals) =
        (ManifestRehearsal){.index = (size_t)(migration - manifest->migrations.items),
                            .server_major = number(fields[2]),
                            .verdict = (Verdict)word(&verdict_words, fields[3]),
                            .detail = memory_string(fields[4])};
}

static void add_measured(Proving *proving, char **fields)
{
    Manifest *manifest = &proving->manifest;
    const ManifestMigration *migration = manifest_find(manifest, fields[1]);
    if (!migration)
        usage(fields[1]);
    *array_add(&manifest->measured) =
        (ManifestMeasured){.migration = (size_t)(migration - manifest->migrations.items),
                           .script = strcmp(fields[2], "up") == 0 ? SCRIPT_UP : SCRIPT_DOWN,
                           .step = (size_t)number(fields[3]) - 1,
                           .server_major = number(fields[4]),
                           .relation = memory_string(fields[5]),
                           .lock = memory_string(fields[6])};
}

static void add_brought(Proving *proving, char **fields)
{
    Manifest *manifest = &proving->manifest;
    const ManifestMigration *migration = manifest_find(manifest, fields[1]);
    if (!migration)
        usage(fields[1]);
    *array_add(&manifest->brought) =
        (ManifestBrought){.migration = (size_t)(migration - manifest->migrations.items),
                          .is_column = word(&brought_words, fields[2]) == 1,
                          .identity = memory_string(fields[3])};
}

static void add_fact(Proving *proving, char **fields)
{
    Manifest *manifest = &proving->manifest;
    if (strcmp(fields[0], "scope") == 0)
        *array_add(&manifest->scope) = memory_string(fields[1]);
    else if (strcmp(fields[0], "tolerated") == 0)
        *array_add(&manifest->tolerated) =
            (ManifestTolerated){memory_string(fields[1]), memory_string(fields[2])};
    else if (strcmp(fields[0], "fingerprint") == 0)
        add_fingerprint(proving, fields);
    else if (strcmp(fields[0], "earlier") == 0)
        add_earlier(proving, fields);
    else if (strcmp(fields[0], "verdict") == 0)
        add_verdict(proving, fields);
    else if (strcmp(fields[0], "measured") == 0)
        add_measured(proving, fields);
    else if (strcmp(fields[0], "brought") == 0)
        add_brought(proving, fields);
    else if (strcmp(fields[0], "atomic") == 0)
        *array_add(&manifest->atomic) = (ManifestAtomic){.whole_run = strcmp(fields[1], "run") == 0,
                                                         .server_major = number(fields[2])};
    else
        usage(fields[0]);
}

static void add_facts(Proving *proving, const char *path)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    must(file_read_all(path, (size_t)1 << 20, &bytes, &size, &proving->err), &proving->err);
    char *rest = bytes;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        static char none[] = "";
        char *fields[FIELDS_MOST] = {none, none, none, none, none, none, none};
        for (size_t i = 0; line && i < FIELDS_MOST; i++)
            fields[i] = strsep(&line, "\t");
        add_fact(proving, fields);
    }
    CLEANUP(memory_freep) Verdict *verdicts = manifest_migration_verdicts(&proving->manifest);
    for (size_t i = 0; i < proving->manifest.migrations.count; i++)
        proving->manifest.migrations.items[i].verdict = verdicts[i];
}

int main(int argc, char **argv)
{
    Proving proving = {0};
    uint8_t head_bytes[BUNDLE_HEAD_SIZE];
    if (argc != 4)
        usage("prove_bundle IN OUT FACTS");
    open_bundle(&proving, argv[1]);
    Head head = bundle_reader_proof(proving.reader)->head;
    must(bundle_writer_new(argv[2], &proving.writer, &proving.err), &proving.err);
    copy_objects(&proving);
    add_facts(&proving, argv[3]);
    must(bundle_writer_seal(proving.writer, &proving.manifest, /* keyring_records= */ "", 0, &head,
                            head_bytes, &proving.err) &&
             bundle_writer_commit(proving.writer, &proving.err),
         &proving.err);
    bundle_writer_free(proving.writer);
    bundle_reader_free(proving.reader);
    manifest_done(&proving.manifest);
    return 0;
}
