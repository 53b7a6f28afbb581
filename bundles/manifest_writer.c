#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sqlite_db.h"
#include "bundles/manifest_meta.h"
#include "bundles/manifest_note.h"
#include "bundles/manifest_parameter.h"
#include "bundles/manifest_rehearsal.h"
#include "bundles/manifest_store.h"
#include "bundles/sql/manifest_queries.h"
#include "bundles/sql/manifest_schema.h"

/* The order in which rows of one migration go in: that of their key, the script's name. */
static const ScriptKind scripts_by_name[] = {SCRIPT_DOWN, SCRIPT_PRECHECK, SCRIPT_UP,
                                             SCRIPT_VERIFY};

/* A null where the value is negative, which the structs use for "none". */
static Bind bind_unless_negative(const char *name, int64_t value)
{
    return value < 0 ? BIND_TEXT(name, NULL) : BIND_INT(name, value);
}

static Bind bind_digest(const char *name, const Digest *digest, char hex[static DIGEST_HEX_SIZE])
{
    return BIND_TEXT(name, digest_hex(digest, hex));
}

static bool write_meta(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_meta, &insert, err))
        return false;
    CLEANUP(text_done) Text value = {0};
    for (size_t row = 0; row < manifest_meta_count(); row++) {
        text_clear(&value);
        manifest_meta_value(manifest, row, &value);
        if (!sqlite_db_run(insert,
                           BINDS(BIND_TEXT(":key", manifest_meta_key(row)),
                                 BIND_TEXT(":value", text_string(&value))),
                           err))
            return false;
    }
    return true;
}

static bool write_versions(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_version, &insert, err))
        return false;
    char hex[DIGEST_HEX_SIZE];
    int64_t number = 0;
    array_each (const ManifestVersion, version, &manifest->versions)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":version", ++number), BIND_TEXT(":name", version->name),
                                 BIND_INT(":preceding_migrations", version->position),
                                 BIND_INT(":required_stop", version->stop),
                                 BIND_TEXT(":min_compatible", version->min_compatible),
                                 BIND_TEXT(":released", version->released),
                                 bind_digest(":tree_blake2b", &version->tree_digest, hex),
                                 BIND_INT(":migrations", version->migration_count),
                                 BIND_TEXT(":way_back", verdict_name(version->verdict))),
                           err))
            return false;
    return true;
}

static bool write_superseded(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_superseded, &insert, err))
        return false;
    char hex[DIGEST_HEX_SIZE];
    int64_t ordinal = 0;
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_INT(":version", superseded->version),
                                 BIND_TEXT(":name", superseded->name),
                                 bind_digest(":tree_blake2b", &superseded->tree_digest, hex),
                                 BIND_INT(":same_schema", superseded->same_schema)),
                           err))
            return false;
    return true;
}

static bool write_objects(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_object, &insert, err))
        return false;
    char stored_hex[DIGEST_HEX_SIZE], plain_hex[DIGEST_HEX_SIZE];
    int64_t number = 0;
    array_each (const ManifestObject, object, &manifest->objects)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":object", ++number), BIND_TEXT(":path", object->path),
                                 BIND_INT(":offset", object->offset),
                                 BIND_INT(":stored_size", object->stored_size),
                                 BIND_INT(":plain_size", object->plain_size),
                                 BIND_TEXT(":compression", object->compressed ? "zstd" : "none"),
                                 bind_digest(":stored_blake2b", &object->stored_digest, stored_hex),
                                 bind_digest(":plain_blake2b", &object->plain_digest, plain_hex)),
                           err))
            return false;
    return true;
}

static bool write_chunks(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_chunk, &insert, err))
        return false;
    char hex[DIGEST_HEX_SIZE];
    int64_t number = 0;
    array_each (const ManifestObject, object, &manifest->objects) {
        number++;
        for (size_t i = 0; i < object->chunk_count; i++)
            if (!sqlite_db_run(insert,
                               BINDS(BIND_INT(":object", number), BIND_INT(":chunk", i + 1),
                                     bind_digest(":blake2b", &object->chunks[i], hex)),
                               err))
                return false;
    }
    return true;
}

static bool write_migrations(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_migration, &insert, err))
        return false;
    char hex[DIGEST_HEX_SIZE], authored[DIGEST_HEX_SIZE];
    int64_t number = 0;
    array_each (const ManifestMigration, migration, &manifest->migrations)
        if (!sqlite_db_run(
                insert,
                BINDS(
                    BIND_INT(":migration", ++number), BIND_INT(":version", migration->version + 1),
                    BIND_INT(":ordinal", migration->ordinal),
                    BIND_TEXT(":identity", migration->identity),
                    BIND_TEXT(":slug", migration->slug),
                    BIND_TEXT(":transaction_mode", transaction_mode_name(migration->mode)),
                    BIND_TEXT(":phase", phase_name(migration->phase)),
                    BIND_TEXT(":way_back", verdict_name(migration->verdict)),
                    BIND_INT(":rehearsed", migration->rehearsed),
                    BIND_TEXT(":irreversible_reason", migration->irreversible_reason),
                    BIND_TEXT(":acknowledged", migration->acknowledged),
                    BIND_TEXT(":atomic_blocker", migration->atomic_blocker),
                    BIND_INT(":lock_estimate", migration->lock_estimate),
                    bind_unless_negative(":lock_timeout_ms", migration->lock_timeout_ms),
                    bind_unless_negative(":statement_timeout_ms", migration->statement_timeout_ms),
                    bind_digest(":up_blake2b", &migration->up_digest, hex),
                    migration->up_extended
                        ? bind_digest(":authored_blake2b", &migration->authored_digest, authored)
                        : BIND_TEXT(":authored_blake2b", NULL)),
                err))
            return false;
    return true;
}

static bool write_migration_data(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_migration_data, &insert, err))
        return false;
    int64_t number = 0;
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        number++;
        for (size_t i = 0; i < migration->data_object_count; i++)
            if (!sqlite_db_run(insert,
                               BINDS(BIND_INT(":migration", number), BIND_INT(":ordinal", i + 1),
                                     BIND_INT(":object", migration->data_objects[i] + 1)),
                               err))
                return false;
    }
    return true;
}

/* Rows of one script; the statement is prepared for all of them. */
typedef bool ScriptRows(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                        const ManifestScript *script, Error *err);

static bool write_script(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                         const ManifestScript *script, Error *err)
{
    return sqlite_db_run(
        insert,
        BINDS(BIND_INT(":migration", migration), BIND_TEXT(":script", script_kind_name(kind)),
              BIND_INT(":object", script->object + 1), BIND_TEXT(":source", script->source),
              BIND_INT(":in_transaction", script->in_transaction), BIND_INT(":gate", script->gate)),
        err);
}

static bool write_batch(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                        const ManifestScript *script, Error *err)
{
    const ManifestBatch *batch = &script->batch;
    return !batch->table ||
           sqlite_db_run(insert,
                         BINDS(BIND_INT(":migration", migration),
                               BIND_TEXT(":script", script_kind_name(kind)),
                               BIND_TEXT(":table_schema", batch->table_schema),
                               BIND_TEXT(":table_name", batch->table),
                               BIND_TEXT(":key_column", batch->key), BIND_INT(":size", batch->size),
                               BIND_INT(":pause_ms", batch->pause_ms)),
                         err);
}

static bool write_groups(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                         const ManifestScript *script, Error *err)
{
    int64_t ordinal = 0;
    array_each (const ManifestGroup, group, &script->groups)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":migration", migration),
                                 BIND_TEXT(":script", script_kind_name(kind)),
                                 BIND_INT(":ordinal", ++ordinal),
                                 BIND_TEXT(":kind", group_kind_name(group->kind)),
                                 BIND_TEXT(":isolation", isolation_name(group->isolation)),
                                 BIND_INT(":read_only", group->read_only),
                                 BIND_INT(":deferrable_mode", group->deferrable),
                                 BIND_INT(":steps", group->step_count)),
                           err))
            return false;
    return true;
}

static bool write_steps(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                        const ManifestScript *script, Error *err)
{
    int64_t ordinal = 0;
    array_each (const ManifestStep, step, &script->steps)
        if (!sqlite_db_run(
                insert,
                BINDS(BIND_INT(":migration", migration),
                      BIND_TEXT(":script", script_kind_name(kind)), BIND_INT(":ordinal", ++ordinal),
                      BIND_TEXT(":kind", step_kind_name(step->kind)),
                      BIND_INT(":statements", step->statements), BIND_INT(":line", step->line),
                      BIND_INT(":offset", step->offset), BIND_INT(":length", step->length),
                      bind_unless_negative(":data_object",
                                           step->data_object < 0 ? -1 : step->data_object + 1),
                      BIND_INT(":session_state", step->session_state),
                      BIND_INT(":destructive", step->destructive),
                      BIND_INT(":outside_effects", step->outside_effects),
                      BIND_INT(":lock_estimate", step->lock_estimate),
                      BIND_TEXT(":probe", probe_kind_name(step->probe.kind)),
                      BIND_TEXT(":probe_object", step->probe.object),
                      BIND_TEXT(":probe_object_schema", step->probe.object_schema),
                      BIND_TEXT(":probe_table", step->probe.table),
                      BIND_TEXT(":probe_table_schema", step->probe.table_schema)),
                err))
            return false;
    return true;
}

static bool write_script_rows(sqlite3 *db, const Manifest *manifest, const char *sql,
                              ScriptRows *rows, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, sql, &insert, err))
        return false;
    int64_t number = 0;
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        number++;
        for (size_t i = 0; i < ARRAY_LEN(scripts_by_name); i++) {
            const ManifestScript *script = &migration->scripts[scripts_by_name[i]];
            if (script->present && !rows(insert, number, scripts_by_name[i], script, err))
                return error_wrap(err, "migration '%s'", migration->identity);
        }
    }
    return true;
}

static bool write_requirements(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_requirement, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestRequirement, requirement, &manifest->requirements)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_TEXT(":kind", requirement->kind),
                                 BIND_TEXT(":name", requirement->name),
                                 BIND_TEXT(":value", requirement->value)),
                           err))
            return false;
    return true;
}

static bool write_rows(sqlite3 *db, const Manifest *manifest, Error *err)
{
    return write_meta(db, manifest, err) && write_versions(db, manifest, err) &&
           write_superseded(db, manifest, err) && write_objects(db, manifest, err) &&
           write_chunks(db, manifest, err) && write_migrations(db, manifest, err) &&
           write_migration_data(db, manifest, err) &&
           write_script_rows(db, manifest, SQL_manifest_insert_script, write_script, err) &&
           write_script_rows(db, manifest, SQL_manifest_insert_batch, write_batch, err) &&
           write_script_rows(db, manifest, SQL_manifest_insert_group, write_groups, err) &&
           write_script_rows(db, manifest, SQL_manifest_insert_step, write_steps, err) &&
           manifest_note_write(db, manifest, err) && write_requirements(db, manifest, err) &&
           manifest_parameter_write(db, manifest, err) &&
           manifest_rehearsal_write(db, manifest, err);
}

/* VACUUM INTO is what makes the bytes a function of the content: pages in key order, nothing
 * deleted left behind, fresh counters (an in-place VACUUM keeps them). */
static bool vacuum_into(sqlite3 *db, const char *path, Error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return error_set(err, ERROR_IO, "cannot replace '%s': %m", path);
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *vacuum = NULL;
    return sqlite_db_prepare(db, "VACUUM INTO :path", &vacuum, err) &&
           sqlite_db_run(vacuum, BINDS(BIND_TEXT(":path", path)), err);
}

/* The library's version stands in bytes 96 to 99 of the file; it would make two machines' bundles
 * differ for no reason. */
static bool clear_library_version(const char *path, Error *err)
{
    static const uint8_t zeros[4];
    CLEANUP(file_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot open '%s': %m", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", path);
    if (status.st_size > MANIFEST_SIZE_MAX) {
        error_set(err, ERROR_INPUT, "the manifest would have %lld bytes, more than %lld",
                  (long long)status.st_size, (long long)MANIFEST_SIZE_MAX);
        return error_hint(err, "put fewer versions into one bundle, or fewer migrations into one "
                               "version");
    }
    return file_write_at(fd, path, 96, zeros, sizeof(zeros), err);
}

bool manifest_write(const Manifest *manifest, const char *path, Error *err)
{
    CLEANUP(sqlite_db_closep) sqlite3 *db = NULL;
    CLEANUP(memory_freep)
    char *identify = memory_format("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                   MANIFEST_APPLICATION_ID, MANIFEST_SCHEMA_NUMBER);
    return sqlite_db_open(":memory:", &db, err) &&
           sqlite_db_script(db,
                            "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8';"
                            "PRAGMA auto_vacuum = 0; PRAGMA synchronous = OFF",
                            err) &&
           sqlite_db_script(db, identify, err) && sqlite_db_script(db, SQL_manifest_schema, err) &&
           sqlite_db_script(db, "BEGIN", err) && write_rows(db, manifest, err) &&
           sqlite_db_script(db, "COMMIT", err) && vacuum_into(db, path, err) &&
           clear_library_version(path, err);
}
