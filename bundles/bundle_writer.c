#include "bundles/bundle_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "bundles/bundle_readme.h"
#include "bundles/content_writer.h"
#include "bundles/manifest_check.h"
#include "bundles/manifest_store.h"
#include "bundles/object_spool.h"

/* An object that was ended: where its stored bytes wait. */
typedef struct SpooledObject {
    char *path; /* owned */
    int64_t begin;
    int64_t size;
} SpooledObject;

struct BundleWriter {
    FileDraft draft;
    ObjectSpool spool;
    ARRAY_OF(SpooledObject) objects; /* sorted by path once sealed */
    char *manifest_path;             /* owned; of a temporary file; NULL before it is made */
    int manifest_fd;
    size_t slots; /* filled so far */
};

struct BundleObject {
    BundleWriter *writer;
    ObjectIntake intake;
};

bool bundle_writer_new(const char *path, BundleWriter **ret_writer, Error *err)
{
    CLEANUP(bundle_writer_freep) BundleWriter *writer = memory_new(BundleWriter);
    *writer = (BundleWriter){.draft = {.fd = -1}, .spool = {.fd = -1}, .manifest_fd = -1};
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    if (!file_draft_open(path, 0644, &writer->draft, err) ||
        !object_spool_init(folder, &writer->spool, err))
        return false;
    *ret_writer = TAKE_PTR(writer);
    return true;
}

static void remove_manifest(BundleWriter *writer)
{
    file_closep(&writer->manifest_fd);
    if (writer->manifest_path)
        unlink(writer->manifest_path);
    free(TAKE_PTR(writer->manifest_path));
}

void bundle_writer_free(BundleWriter *writer)
{
    if (!writer)
        return;
    remove_manifest(writer);
    array_each (SpooledObject, object, &writer->objects)
        free(object->path);
    array_free(&writer->objects);
    object_spool_done(&writer->spool);
    file_draft_done(&writer->draft);
    free(writer);
}

bool bundle_writer_object_begin(BundleWriter *writer, BundleObject **ret_object, Error *err UNUSED)
{
    BundleObject *object = memory_new(BundleObject);
    object->writer = writer;
    object_intake_init(&writer->spool, &object->intake);
    *ret_object = object;
    return true;
}

bool bundle_writer_object_add(BundleObject *object, const void *bytes, size_t size, Error *err)
{
    return object_intake_add(&object->intake, bytes, size, err);
}

void bundle_writer_object_abandon(BundleObject *object)
{
    if (!object)
        return;
    object_intake_done(&object->intake);
    free(object);
}
DEFINE_CLEANUP(BundleObject, bundle_writer_object_abandon)

bool bundle_writer_object_end(BundleObject *object, const char *path, ManifestObject *ret_object,
                              Error *err)
{
    CLEANUP(bundle_writer_object_abandonp) BundleObject *ended = object;
    BundleWriter *writer = ended->writer;
    ManifestObject kept;
    int64_t begin;
    if (!object_spool_keep(&writer->spool, &ended->intake, &kept, &begin, err))
        return error_wrap(err, "'%s'", path);
    kept.path = memory_format("%s%s", path, kept.compressed ? ".zst" : "");
    if (strlen(kept.path) > OBJECT_PATH_MAX) {
        error_set(err, ERROR_INPUT, "the path '%s' has more than %d bytes", kept.path,
                  OBJECT_PATH_MAX);
        free(kept.path);
        free(kept.chunks);
        return false;
    }
    *array_add(&writer->objects) =
        (SpooledObject){.path = memory_string(kept.path), .begin = begin, .size = kept.stored_size};
    *ret_object = kept;
    return true;
}

static bool add_readme(BundleWriter *writer, Manifest *manifest, Error *err)
{
    BundleObject *readme;
    ManifestObject object;
    if (!bundle_writer_object_begin(writer, &readme, err))
        return false;
    if (!bundle_writer_object_add(readme, bundle_readme, strlen(bundle_readme), err)) {
        bundle_writer_object_abandon(readme);
        return false;
    }
    if (!bundle_writer_object_end(readme, BUNDLE_README_PATH, &object, err))
        return false;
    *array_add(&manifest->objects) = object;
    return true;
}

/* An object with the index it had before sorting. */
typedef struct NumberedObject {
    ManifestObject object;
    size_t index;
} NumberedObject;

static int compare_numbered(const void *a, const void *b)
{
    return strcmp(((const NumberedObject *)a)->object.path,
                  ((const NumberedObject *)b)->object.path);
}

static int compare_spooled(const void *a, const void *b)
{
    return strcmp(((const SpooledObject *)a)->path, ((const SpooledObject *)b)->path);
}

static void renumber(int64_t *index, const int64_t *new_index)
{
    if (*index >= 0)
        *index = new_index[*index];
}

static void renumber_migration(ManifestMigration *migration, const int64_t *new_index)
{
    for (size_t i = 0; i < migration->data_object_count; i++)
        renumber(&migration->data_objects[i], new_index);
    for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++) {
        renumber(&migration->scripts[kind].object, new_index);
        array_each (ManifestStep, step, &migration->scripts[kind].steps)
            renumber(&step->data_object, new_index);
    }
}

/* Path order, with every reference following. */
static void sort_objects(Manifest *manifest)
{
    size_t count = manifest->objects.count;
    CLEANUP(memory_freep) NumberedObject *numbered = memory_zeroed(count, sizeof(*numbered));
    CLEANUP(memory_freep) int64_t *new_index = memory_zeroed(count, sizeof(*new_index));
    for (size_t i = 0; i < count; i++)
        numbered[i] = (NumberedObject){.object = manifest->objects.items[i], .index = i};
    qsort(numbered, count, sizeof(*numbered), compare_numbered);
    for (size_t i = 0; i < count; i++) {
        manifest->objects.items[i] = numbered[i].object;
        new_index[numbered[i].index] = (int64_t)i;
    }
    array_each (ManifestMigration, migration, &manifest->migrations)
        renumber_migration(migration, new_index);
    array_each (ManifestFingerprint, proven, &manifest->fingerprints)
        renumber(&proven->object, new_index);
}

/* A version's verdict follows from others; nobody else has to work it out. */
static void set_version_verdicts(Manifest *manifest)
{
    CLEANUP(memory_freep) Verdict *verdicts = manifest_version_verdicts(manifest);
    for (size_t i = 0; i < manifest->versions.count; i++)
        manifest->versions.items[i].verdict = verdicts[i];
}

/* The manifest's objects are those that were spooled, one for one. */
static bool match_objects(BundleWriter *writer, const Manifest *manifest, Error *err)
{
    if (writer->objects.count != manifest->objects.count)
        return error_set(err, ERROR_INTERNAL, "%zu objects were written, the manifest lists %zu",
                         writer->objects.count, manifest->objects.count);
    qsort(writer->objects.items, writer->objects.count, sizeof(*writer->objects.items),
          compare_spooled);
    for (size_t i = 0; i < writer->objects.count; i++)
        if (strcmp(writer->objects.items[i].path, manifest->objects.items[i].path) != 0)
            return error_set(err, ERROR_INTERNAL, "object '%s' was written but is not listed",
                             writer->objects.items[i].path);
    return true;
}

/* Where OBJECTS ends. */
static int64_t set_offsets(Manifest *manifest)
{
    int64_t next = 0;
    array_each (ManifestObject, object, &manifest->objects) {
        object->offset = next + TAR_BLOCK_SIZE;
        next = manifest_object_end(object);
    }
    return next;
}

static bool open_manifest(BundleWriter *writer, const Manifest *manifest, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(writer->draft.path);
    writer->manifest_path =
        memory_format("%s/.%s.manifest.XXXXXX", folder, file_base_name(writer->draft.path));
    writer->manifest_fd = mkostemp(writer->manifest_path, O_CLOEXEC);
    if (writer->manifest_fd < 0) {
        error_set(err, ERROR_IO, "cannot create a temporary file in '%s': %m", folder);
        free(TAKE_PTR(writer->manifest_path));
        return false;
    }
    file_closep(&writer->manifest_fd);
    if (!manifest_write(manifest, writer->manifest_path, err))
        return false;
    writer->manifest_fd = open(writer->manifest_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (writer->manifest_fd < 0)
        return error_set(err, ERROR_IO, "cannot open '%s': %m", writer->manifest_path);
    return true;
}

/* Read back what was written, as a site will. */
static bool check_manifest(const void *bytes, size_t size, const Head *head, Error *err)
{
    CLEANUP(manifest_done) Manifest manifest = {0};
    if (!manifest_read(bytes, size, head, &manifest, err))
        return error_wrap(err, "a site would refuse this bundle");
    return true;
}

static bool write_manifest(BundleWriter *writer, const Manifest *manifest, int64_t objects_size,
                           Head *head, Error *err)
{
    if (!open_manifest(writer, manifest, err))
        return false;
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(writer->manifest_path, (size_t)MANIFEST_SIZE_MAX, &bytes, &size, err))
        return false;
    head->manifest_size = (int64_t)size;
    head->manifest_digest = digest_of(bytes, size);
    head->content_size = TAR_BLOCK_SIZE + head->manifest_size + objects_size + BUNDLE_END_SIZE;
    return check_manifest(bytes, size, head, err);
}

static bool write_content(BundleWriter *writer, Head *head, Error *err)
{
    CLEANUP(content_writer_freep) ContentWriter *content = NULL;
    if (!content_writer_new(writer->draft.fd, writer->draft.path, BUNDLE_CONTENT_OFFSET, &content,
                            err) ||
        !content_writer_add(content, "manifest.db", head->manifest_size, writer->manifest_fd, 0,
                            err))
        return false;
    array_each (const SpooledObject, object, &writer->objects)
        if (!content_writer_add(content, object->path, object->size, writer->spool.fd,
                                object->begin, err))
            return false;
    int64_t size;
    if (!content_writer_finish(content, &size, &head->content_digest, err))
        return false;
    if (size != head->content_size)
        return error_set(err, ERROR_INTERNAL, "libarchive wrote %lld bytes, not %lld",
                         (long long)size, (long long)head->content_size);
    return true;
}

static void fill_head(const Manifest *manifest, Head *head)
{
    ManifestCounts counts = manifest_counts(manifest);
    head->migrations = counts.migrations;
    head->statements = counts.statements;
    head->irreversible = counts.irreversible;
    head->unproven = counts.unproven;
    head->manifest_schema = MANIFEST_SCHEMA_NUMBER;
}

bool bundle_writer_seal(BundleWriter *writer, Manifest *manifest, const void *keyring_records,
                        size_t keyring_size, Head *head, uint8_t ret_head[static BUNDLE_HEAD_SIZE],
                        Error *err)
{
    if (!add_readme(writer, manifest, err))
        return false;
    sort_objects(manifest);
    set_version_verdicts(manifest);
    if (!match_objects(writer, manifest, err))
        return false;
    int64_t objects_size = set_offsets(manifest);

    CLEANUP(memory_freep) Envelope *envelope = memory_new(Envelope);
    static const uint8_t no_head[BUNDLE_HEAD_SIZE];
    envelope_compose(envelope, keyring_records, keyring_size, no_head);
    head->keyring_digest = envelope_keyring_digest(envelope);
    fill_head(manifest, head);
    manifest->head = *head;
    if (!write_manifest(writer, manifest, objects_size, head, err) ||
        !write_content(writer, head, err))
        return false;
    remove_manifest(writer);
    manifest->head = *head;

    uint8_t head_bytes[BUNDLE_HEAD_SIZE];
    if (!head_format(head, head_bytes, err))
        return false;
    envelope_compose(envelope, keyring_records, keyring_size, head_bytes);
    if (!file_write_at(writer->draft.fd, writer->draft.path, 0, envelope->bytes,
                       sizeof(envelope->bytes), err))
        return false;
    memcpy(ret_head, head_bytes, sizeof(head_bytes));
    return true;
}

bool bundle_writer_add_slot(BundleWriter *writer, const Signature *signature, Error *err)
{
    if (writer->slots == BUNDLE_SLOT_COUNT)
        return error_set(err, ERROR_INPUT, "all %d places for signatures are taken",
                         BUNDLE_SLOT_COUNT);
    CLEANUP(text_done) Text text = {0};
    signature_format(signature, &text);
    if (text.length > BUNDLE_SLOT_SIZE)
        return error_set(err, ERROR_INPUT, "a signature has %zu bytes, more than %d", text.length,
                         BUNDLE_SLOT_SIZE);
    while (text.length < BUNDLE_SLOT_SIZE)
        text_add_char(&text, '\n');
    int64_t offset = BUNDLE_SIGNATURES_OFFSET + (int64_t)writer->slots * BUNDLE_SLOT_SIZE;
    if (!file_write_at(writer->draft.fd, writer->draft.path, offset, text.bytes, text.length, err))
        return false;
    writer->slots++;
    return true;
}

bool bundle_writer_commit(BundleWriter *writer, Error *err)
{
    return file_draft_commit(&writer->draft, err);
}
