#include "base/sqlite_db.h"
#include "bundles/manifest_rehearsal.h"
#include "bundles/sql/manifest_queries.h"

/* A root in hex for each class, while a row is bound. */
typedef struct RootsHex {
    char classes[FINGERPRINT_CLASS_COUNT][DIGEST_HEX_SIZE];
} RootsHex;

static Bind bind_root(const char *name, const FingerprintRoots *roots, FingerprintClass class,
                      RootsHex *hex)
{
    return BIND_TEXT(name, digest_hex(&roots->classes[class], hex->classes[class]));
}

static bool write_scope(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_scope, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (char *const, name, &manifest->scope)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal), BIND_TEXT(":name", *name)), err))
            return false;
    return true;
}

static bool write_tolerated(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_tolerated, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestTolerated, tolerated, &manifest->tolerated)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_TEXT(":kind", tolerated->kind),
                                 BIND_TEXT(":identity", tolerated->identity)),
                           err))
            return false;
    return true;
}

static bool write_fingerprints(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_fingerprint, &insert, err))
        return false;
    RootsHex hex;
    int64_t ordinal = 0;
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints) {
        const FingerprintRoots *roots = &proven->roots;
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_INT(":version", proven->version),
                                 BIND_TEXT(":arrival", arrival_name(proven->arrival)),
                                 BIND_INT(":server_major", proven->server_major),
                                 bind_root(":core_blake2b", roots, FINGERPRINT_CORE, &hex),
                                 bind_root(":deparse_blake2b", roots, FINGERPRINT_DEPARSE, &hex),
                                 bind_root(":env_blake2b", roots, FINGERPRINT_ENV, &hex),
                                 BIND_INT(":object", proven->object + 1)),
                           err))
            return false;
    }
    return true;
}

static bool write_earlier(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_earlier, &insert, err))
        return false;
    RootsHex hex;
    char tree[DIGEST_HEX_SIZE];
    int64_t ordinal = 0;
    array_each (const ManifestEarlier, earlier, &manifest->earlier) {
        const FingerprintRoots *roots = &earlier->roots;
        if (!sqlite_db_run(
                insert,
                BINDS(BIND_INT(":ordinal", ++ordinal), BIND_TEXT(":name", earlier->name),
                      BIND_TEXT(":tree_blake2b", digest_hex(&earlier->tree_digest, tree)),
                      BIND_INT(":migrations", earlier->migrations),
                      BIND_INT(":server_major", earlier->server_major),
                      bind_root(":core_blake2b", roots, FINGERPRINT_CORE, &hex),
                      bind_root(":deparse_blake2b", roots, FINGERPRINT_DEPARSE, &hex),
                      bind_root(":env_blake2b", roots, FINGERPRINT_ENV, &hex)),
                err))
            return false;
    }
    return true;
}

/* The index as a number from 1 where `is` holds, else null. */
static Bind bind_index(const char *name, bool is, size_t index)
{
    return is ? BIND_INT(name, index + 1) : BIND_TEXT(name, NULL);
}

static bool write_rehearsals(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_rehearsal, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 bind_index(":migration", !rehearsal->of_version, rehearsal->index),
                                 bind_index(":version", rehearsal->of_version, rehearsal->index),
                                 BIND_INT(":server_major", rehearsal->server_major),
                                 BIND_TEXT(":way_back", verdict_name(rehearsal->verdict)),
                                 BIND_TEXT(":detail", rehearsal->detail)),
                           err))
            return false;
    return true;
}

static bool write_measured(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_measured, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestMeasured, measured, &manifest->measured)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_INT(":migration", measured->migration + 1),
                                 BIND_TEXT(":script", script_kind_name(measured->script)),
                                 BIND_INT(":step", measured->step + 1),
                                 BIND_INT(":server_major", measured->server_major),
                                 BIND_TEXT(":relation", measured->relation),
                                 BIND_TEXT(":lock", measured->lock),
                                 BIND_INT(":rewritten", measured->rewritten),
                                 BIND_INT(":scanned", measured->scanned)),
                           err))
            return false;
    return true;
}

static bool write_brought(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_brought, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestBrought, brought, &manifest->brought)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_INT(":migration", brought->migration + 1),
                                 BIND_TEXT(":kind", manifest_brought_name(brought)),
                                 BIND_TEXT(":identity", brought->identity)),
                           err))
            return false;
    return true;
}

static bool write_atomic(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_atomic, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestAtomic, atomic, &manifest->atomic)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":ordinal", ++ordinal),
                                 BIND_TEXT(":mode", manifest_atomic_name(atomic)),
                                 BIND_INT(":server_major", atomic->server_major)),
                           err))
            return false;
    return true;
}

bool manifest_rehearsal_write(sqlite3 *db, const Manifest *manifest, Error *err)
{
    return write_scope(db, manifest, err) && write_tolerated(db, manifest, err) &&
           write_fingerprints(db, manifest, err) && write_earlier(db, manifest, err) &&
           write_rehearsals(db, manifest, err) && write_measured(db, manifest, err) &&
           write_brought(db, manifest, err) && write_atomic(db, manifest, err);
}
