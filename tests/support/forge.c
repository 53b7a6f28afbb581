#include "tests/support/forge.h"

#include <ftw.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sqlite_db.h"
#include "bundles/bundle_writer.h"
#include "bundles/tar_header.h"
#include "tests/support/forge_rehearsal.h"
#include "tests/support/test_envelope.h"

#define FORGE_COMMENT "sealift/1 release product=harbour sequence=7"

static void must(bool good, const Error *err)
{
    if (good)
        return;
    error_print(stderr, "forge", err);
    abort();
}

Keyring forge_site_keyring(void)
{
    return test_record0("\1", 1);
}

static void add_records(const Keyring *site, Text *records)
{
    Keyring one = test_successor(site, "\1", "\2\3");
    one.release_threshold = 2;
    test_add_record(&one, "\1", records);
}

/* A sample being built. */
typedef struct Sample {
    BundleWriter *writer;
    Manifest manifest;
    int64_t data_count; /* of the migration */
    size_t large;       /* bytes that data files are filled up with */
    Error err;
} Sample;

static int64_t add_object(Sample *sample, const char *path, const void *bytes, size_t size)
{
    BundleObject *object = NULL;
    must(bundle_writer_object_begin(sample->writer, &object, &sample->err), &sample->err);
    must(bundle_writer_object_add(object, bytes, size, &sample->err), &sample->err);
    ManifestObject kept;
    must(bundle_writer_object_end(object, path, &kept, &sample->err), &sample->err);
    *array_add(&sample->manifest.objects) = kept;
    return (int64_t)sample->manifest.objects.count - 1;
}

/* The first data file is lines of digits (which compress to more than a chunk), later ones noise.
 */
static int64_t add_data(Sample *sample, const ManifestMigration *migration)
{
    CLEANUP(text_done) Text data = {0};
    text_add(&data, "1\tbollard\n2\tquay\n");
    int64_t number = ++sample->data_count;
    uint64_t state = 7;
    while (data.length < sample->large) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if (number == 1)
            text_addf(&data, "%llu\n", (unsigned long long)(state >> 20));
        else
            text_add_n(&data, (const char *)&state + 2, 6);
    }
    CLEANUP(memory_freep) char *path = manifest_data_path(migration, number);
    return add_object(sample, path, data.bytes, data.length);
}

/* One statement is one line that ends in ";". A statement that begins with COPY reads data, one
 * with CONCURRENTLY in it runs outside transactions. */
static void add_step(Sample *sample, const ManifestMigration *migration, ManifestScript *script,
                     const char *text, const char *line, size_t length)
{
    bool outside = memmem(line, length, "CONCURRENTLY", 12) != NULL;
    bool copy = strncmp(line, "COPY", 4) == 0;
    ManifestGroup *last =
        script->groups.count ? &script->groups.items[script->groups.count - 1] : NULL;
    if (outside || !last || last->kind == GROUP_AUTOCOMMIT) {
        size_t first = script->steps.count;
        last = array_add(&script->groups);
        *last = (ManifestGroup){.kind = outside ? GROUP_AUTOCOMMIT : GROUP_TRANSACTION,
                                .first_step = first};
    }
    last->step_count++;
    int64_t number = (int64_t)script->steps.count + 1;
    ManifestStep *step = array_add(&script->steps);
    *step = (ManifestStep){.kind = copy ? STEP_COPY : STEP_SQL,
                           .statements = 1,
                           .line = number,
                           .offset = line - text,
                           .length = (int64_t)length,
                           .data_object = copy ? add_data(sample, migration) : -1,
                           .lock_estimate = 2};
    if (outside)
        step->probe = (Probe){.kind = PROBE_INDEX_PRESENT,
                              .object = memory_string("berth_name_idx"),
                              .table = memory_string("berth")};
}

static void add_script(Sample *sample, ManifestMigration *migration, ScriptKind kind,
                       const char *text)
{
    ManifestScript *script = &migration->scripts[kind];
    script->object = -1;
    if (!text)
        return;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        add_step(sample, migration, script, text, line, strcspn(line, "\n") - 1);
    CLEANUP(memory_freep) char *path = manifest_script_path(migration, kind);
    script->present = true;
    script->object = add_object(sample, path, text, strlen(text));
    script->source = memory_format("db/%s.%s.sql", migration->identity, script_kind_name(kind));
}

typedef struct SampleMigration {
    size_t version;
    int64_t ordinal;
    const char *identity;
    const char *slug;
    const char *scripts[SCRIPT_KIND_COUNT];
    const char *irreversible;
} SampleMigration;

static const SampleMigration minimal_migrations[] = {
    {0, 1, "0001-a", "a", {"SELECT 1;\n", NULL, NULL, NULL}, NULL},
};

static const SampleMigration full_migrations[] = {
    {0,
     1,
     "0001-berths",
     "berths",
     {"CREATE TABLE berth (id int PRIMARY KEY, name text);\n"
      "COPY berth FROM STDIN;\n"
      "CREATE INDEX CONCURRENTLY berth_name_idx ON berth (name);\n"
      "COPY berth FROM STDIN;\n",
      "DROP TABLE berth;\n", "SELECT 1 FROM berth;\n", NULL},
     NULL},
    {0,
     2,
     "0002-Étapes",
     "tapes",
     {"ALTER TABLE berth ADD COLUMN length_m int;\n", NULL, NULL, "SELECT 1;\n"},
     "the length cannot be known again"},
    {1,
     1,
     "0003-harbour masters",
     "harbour-masters",
     {"CREATE TABLE master (id int);\nINSERT INTO master VALUES (1);\n", "DROP TABLE master;\n",
      NULL, NULL},
     NULL},
};

static void summarise(ManifestMigration *migration)
{
    array_each (const ManifestStep, step, &migration->scripts[SCRIPT_UP].steps) {
        migration->lock_estimate += step->lock_estimate;
        migration->data_object_count += step->kind == STEP_COPY;
    }
    migration->data_objects =
        memory_zeroed(migration->data_object_count + 1, sizeof(*migration->data_objects));
    size_t count = 0;
    array_each (const ManifestStep, step, &migration->scripts[SCRIPT_UP].steps)
        if (step->kind == STEP_COPY)
            migration->data_objects[count++] = step->data_object;
}

static void add_migration(Sample *sample, const SampleMigration *source)
{
    ManifestMigration *migration = array_add(&sample->manifest.migrations);
    bool has_down = source->scripts[SCRIPT_DOWN] != NULL;
    *migration = (ManifestMigration){
        .identity = memory_string(source->identity),
        .slug = memory_string(source->slug),
        .version = source->version,
        .ordinal = source->ordinal,
        .verdict = has_down               ? VERDICT_UNPROVEN
                   : source->irreversible ? VERDICT_IRREVERSIBLE
                                          : VERDICT_NONE,
        .irreversible_reason = memory_string(source->irreversible),
        .lock_timeout_ms = -1,
        .statement_timeout_ms = source->irreversible ? 60000 : -1,
    };
    sample->data_count = 0;
    for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++)
        add_script(sample, migration, kind, source->scripts[kind]);
    if (migration->scripts[SCRIPT_VERIFY].present)
        migration->scripts[SCRIPT_VERIFY].in_transaction = true;
    summarise(migration);
}

static void add_version(Sample *sample, const char *name, const SampleMigration *migrations,
                        size_t count)
{
    size_t index = sample->manifest.versions.count;
    int64_t before = (int64_t)sample->manifest.migrations.count;
    *array_add(&sample->manifest.versions) = (ManifestVersion){
        .name = memory_string(name),
        .position = 4 + before,
        .stop = index == 0,
        .released = memory_string("2024-05-06T07:08:09Z"),
        .first_migration = (size_t)before,
        .migration_count = count,
    };
    for (size_t i = 0; i < count; i++)
        add_migration(sample, &migrations[i]);
}

static void set_trees(Manifest *manifest, char tree[static DIGEST_HEX_SIZE])
{
    array_each (ManifestMigration, migration, &manifest->migrations) {
        CLEANUP(text_done) Text line = {0};
        manifest_migration_tree_line(manifest, migration, &line);
        migration->up_digest = digest_of(line.bytes, line.length);
    }
    for (size_t i = 0; i < manifest->versions.count; i++) {
        ManifestVersion *version = &manifest->versions.items[i];
        version->tree_digest = manifest_version_tree(manifest, i, tree);
        digest_hex(&version->tree_digest, tree);
    }
}

static ManifestReference reference(size_t step, const char *text, const char *place,
                                   size_t parameter, ParameterQuoting quoting)
{
    return (ManifestReference){.step = step,
                               .offset = strstr(text, place) - text,
                               .length = (int64_t)strlen(place),
                               .parameter = parameter,
                               .quoting = quoting};
}

/* What the last migration takes from the site: a table's name, twice, and a number. */
static void add_parameters(Manifest *manifest)
{
    ManifestScript *scripts = manifest->migrations.items[2].scripts;
    *array_add(&manifest->parameters) =
        (ManifestParameter){.name = memory_string("first_master"),
                            .type = PARAMETER_INTEGER,
                            .default_value = memory_string("1"),
                            .rehearsed_value = memory_string("1"),
                            .pattern = memory_string("[0-9]{1,4}"),
                            .description = memory_string("number of the first harbour master")};
    *array_add(&manifest->parameters) =
        (ManifestParameter){.name = memory_string("master_table"),
                            .type = PARAMETER_IDENTIFIER,
                            .rehearsed_value = memory_string("master"),
                            .description = memory_string("")};
    const char *insert = "INSERT INTO master VALUES (1)";
    *array_add(&scripts[SCRIPT_UP].references) =
        reference(1, insert, "master", 1, QUOTING_IDENTIFIER);
    *array_add(&scripts[SCRIPT_UP].references) = reference(1, insert, "1", 0, QUOTING_RAW);
    *array_add(&scripts[SCRIPT_DOWN].references) =
        reference(0, "DROP TABLE master", "master", 1, QUOTING_IDENTIFIER);
}

static void fill_sample(Sample *sample, ForgeSample kind, Head *head)
{
    char tree[DIGEST_HEX_SIZE];
    memcpy(tree, head->tree_from, sizeof(tree));
    sample->large = kind == FORGE_LARGE ? (size_t)3 << 20 : 0;
    sample->manifest.search_path = memory_string("public");
    if (kind == FORGE_MINIMAL) {
        add_version(sample, "1.1.0", minimal_migrations, 1);
    } else {
        add_version(sample, "1.1.0", full_migrations, 2);
        add_version(sample, "1.2.0", full_migrations + 2, 1);
        *array_add(&sample->manifest.requirements) =
            (ManifestRequirement){.kind = memory_string("extension"),
                                  .name = memory_string("citext"),
                                  .value = memory_string("1.6")};
        add_parameters(&sample->manifest);
    }
    set_trees(&sample->manifest, tree);
    memcpy(sample->manifest.head.tree_from, head->tree_from, sizeof(head->tree_from));
    if (kind == FORGE_REHEARSED)
        forge_add_rehearsal(sample->writer, &sample->manifest);
    snprintf(head->covers_to, sizeof(head->covers_to), "%s",
             kind == FORGE_MINIMAL ? "1.1.0" : "1.2.0");
    memcpy(head->tree_to, tree, sizeof(tree));
    head_bundle_id(head->product_uuid, head->sequence, head->tree_to, head->bundle_id);
}

void forge_write_sample(ForgeSample kind, const char *path)
{
    Sample sample = {0};
    Head head = test_head();
    head.keyring_version = 1;
    Keyring site = forge_site_keyring();
    CLEANUP(text_done) Text records = {0};
    add_records(&site, &records);
    must(bundle_writer_new(path, &sample.writer, &sample.err), &sample.err);
    fill_sample(&sample, kind, &head);
    uint8_t head_bytes[BUNDLE_HEAD_SIZE];
    must(bundle_writer_seal(sample.writer, &sample.manifest, records.bytes, records.length, &head,
                            head_bytes, &sample.err),
         &sample.err);
    for (uint8_t number = 2; number <= 3; number++) {
        TestSigner signer = test_signer(number);
        Signature signature =
            test_signer_sign(&signer, head_bytes, BUNDLE_HEAD_SIZE, FORGE_COMMENT);
        must(bundle_writer_add_slot(sample.writer, &signature, &sample.err), &sample.err);
    }
    must(bundle_writer_commit(sample.writer, &sample.err), &sample.err);
    bundle_writer_free(sample.writer);
    manifest_done(&sample.manifest);
}

static Text read_text(const char *path)
{
    Error err = {0};
    char *bytes;
    size_t size;
    must(file_read_all(path, (size_t)1 << 30, &bytes, &size, &err), &err);
    return (Text){.bytes = bytes, .length = size, .capacity = size + 1};
}

void forge_init(Forge *ret_forge, ForgeSample sample)
{
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "sample.bundle");
    forge_write_sample(sample, path);
    CLEANUP(text_done) Text bundle = read_text(path);
    forge_remove_folder(folder);

    *ret_forge = (Forge){.site = forge_site_keyring(), .signers = "\2\3"};
    add_records(&ret_forge->site, &ret_forge->keyring);
    Error err = {0};
    must(head_parse((const uint8_t *)bundle.bytes + BUNDLE_HEAD_OFFSET, &ret_forge->head, &err),
         &err);
    size_t manifest_size = (size_t)ret_forge->head.manifest_size;
    text_add_n(&ret_forge->manifest, bundle.bytes + BUNDLE_MANIFEST_OFFSET, manifest_size);
    size_t objects = BUNDLE_MANIFEST_OFFSET + manifest_size;
    text_add_n(&ret_forge->objects, bundle.bytes + objects, bundle.length - objects);
}

static void add_text(Text *text, const Text *source)
{
    if (source->length)
        text_add_n(text, source->bytes, source->length);
}

void forge_copy(const Forge *forge, Forge *ret_copy)
{
    *ret_copy = (Forge){.site = forge->site, .head = forge->head, .signers = forge->signers};
    add_text(&ret_copy->keyring, &forge->keyring);
    add_text(&ret_copy->manifest, &forge->manifest);
    add_text(&ret_copy->objects, &forge->objects);
    add_text(&ret_copy->extra, &forge->extra);
}

void forge_done(Forge *forge)
{
    text_done(&forge->keyring);
    text_done(&forge->manifest);
    text_done(&forge->objects);
    text_done(&forge->extra);
}

Text forge_seal(Forge *forge)
{
    Text content = {0};
    uint8_t header[TAR_BLOCK_SIZE];
    if (!tar_header_make("manifest.db", (int64_t)forge->manifest.length, header))
        abort();
    if (forge->extra.length)
        text_add_n(&content, forge->extra.bytes, forge->extra.length);
    else
        text_add_n(&content, header, sizeof(header));
    text_add_n(&content, forge->manifest.bytes, forge->manifest.length);
    while (content.length % TAR_BLOCK_SIZE)
        text_add_char(&content, '\0');
    text_add_n(&content, forge->objects.bytes, forge->objects.length);
    forge->head.manifest_size = (int64_t)forge->manifest.length;
    forge->head.manifest_digest = digest_of(forge->manifest.bytes, forge->manifest.length);
    forge->head.content_size = (int64_t)content.length;
    forge->head.content_digest = digest_of(content.bytes, content.length);

    CLEANUP(memory_freep) Envelope *envelope = memory_new(Envelope);
    test_envelope(&forge->head, &forge->keyring, 1, envelope);
    for (const char *signer = forge->signers; *signer; signer++)
        test_envelope_sign(envelope, (uint8_t)*signer, FORGE_COMMENT);
    Text bundle = {0};
    text_add_n(&bundle, envelope->bytes, sizeof(envelope->bytes));
    text_add_n(&bundle, content.bytes, content.length);
    text_done(&content);
    return bundle;
}

static void finish_manifest(sqlite3 *db, const char *tidy_path)
{
    Error err = {0};
    CLEANUP(memory_freep) char *vacuum = memory_format("VACUUM INTO '%s'", tidy_path);
    must(sqlite_db_script(db, vacuum, &err), &err);
}

void forge_manifest_sql(Forge *forge, const char *sql, ForgeFinish finish)
{
    Error err = {0};
    char *folder = forge_folder();
    CLEANUP(memory_freep) char *path = file_path(folder, "manifest.db");
    CLEANUP(memory_freep) char *tidy_path = file_path(folder, "tidy.db");
    must(file_write_atomic(path, 0600, forge->manifest.bytes, forge->manifest.length, &err), &err);
    sqlite3 *db = NULL;
    must(sqlite_db_open(path, &db, &err), &err);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    must(sqlite_db_script(db, "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON",
                          &err),
         &err);
    must(sqlite_db_script(db, sql, &err), &err);
    if (finish == FORGE_TIDY)
        finish_manifest(db, tidy_path);
    sqlite_db_close(db);
    text_done(&forge->manifest);
    forge->manifest = read_text(finish == FORGE_TIDY ? tidy_path : path);
    memset(forge->manifest.bytes + 96, 0, 4); /* the library's version */
    forge_remove_folder(folder);
}

int forge_memory(const Text *bytes)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    Error err = {0};
    must(fd >= 0 && file_write_at(fd, "memory", 0, bytes->bytes, bytes->length, &err), &err);
    return fd;
}

char *forge_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *folder = memory_format("%s/sealift-forge.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        abort();
    return folder;
}

static int remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED,
                      struct FTW *place UNUSED)
{
    return remove(path);
}

void forge_remove_folder(char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}
