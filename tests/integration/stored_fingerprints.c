/* Stores the forge's rehearsed bundle in the ledger of an empty database, and reads from there the
 * rows of each schema that it proves, as a rollback and a look for drift do without the bundle.
 *
 *     stored_fingerprints store BUNDLE · read
 *
 * `store` makes the bundle at that path. The target comes from PG* or DATABASE_URL. */
#include <inttypes.h>

#include "applier/ledger/ledger.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/server/pg_lock.h"
#include "applier/server/pg_query.h"
#include "bundles/bundle_reader.h"
#include "bundles/fingerprint_object.h"
#include "tests/support/forge.h"

static bool store(PgSession *session, const char *path, Error *err)
{
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    const Manifest *manifest;
    forge_write_sample(FORGE_REHEARSED, path);
    if (!bundle_reader_open(path, /* known= */ NULL, &reader, err) ||
        !bundle_reader_manifest(reader, &manifest, err))
        return false;
    const EnvelopeProof *proof = bundle_reader_proof(reader);
    ObjectSource objects = bundle_reader_objects(reader);
    LedgerBundle bundle = {.envelope = bundle_reader_envelope(reader),
                           .head = &proof->head,
                           .head_digest = proof->head_digest,
                           .manifest = manifest,
                           .objects = &objects,
                           .verification = "test"};
    bundle.manifest_bytes = bundle_reader_manifest_bytes(reader, &bundle.manifest_size);
    return pg_lock_take(session, 0, /* waiting= */ NULL, /* context= */ NULL, err) &&
           ledger_install(session, proof->head.product, proof->head.product_uuid, err) &&
           pg_script(session, "BEGIN", err) && ledger_store_bundle(session, &bundle, err) &&
           pg_script(session, "COMMIT", err);
}

/* The only bundle's. */
static bool find_head(PgSession *session, Digest *ret_digest, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query_binary(session, "SELECT head_digest FROM sealift.bundle", PG_NO_VALUES,
                         PG_ONE_ROW, &row, err))
        return false;
    memcpy(ret_digest->bytes, PQgetvalue(row, 0, 0), DIGEST_SIZE);
    return true;
}

static bool read_all(PgSession *session, Error *err)
{
    Keyring site = forge_site_keyring();
    const StoredTrust trust = {.keyrings = &site, .keyring_count = 1};
    CLEANUP(stored_bundle_freep) StoredBundle *bundle = NULL;
    Digest digest;
    if (!find_head(session, &digest, err) ||
        !stored_bundle_load(session, &digest, &trust, &bundle, err))
        return false;
    printf("proven by %s\n", stored_proof_name(bundle->proven));
    array_each (const ManifestFingerprint, proven, &bundle->manifest.fingerprints) {
        CLEANUP(fingerprint_done) Fingerprint rows = {0};
        if (!fingerprint_object_read(&bundle->objects, &bundle->manifest, proven, &rows, err))
            return false;
        printf("version %zu by %s on %" PRId64 ": %zu rows\n", proven->version,
               arrival_name(proven->arrival), proven->server_major, rows.rows.count);
    }
    return true;
}

int main(int argc, char **argv)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    const PgSessionOptions options = {0};
    bool storing = argc == 3 && strcmp(argv[1], "store") == 0;
    if (!storing && argc != 2)
        return ERROR_USAGE;
    bool good = pg_session_open(&options, &session, &error) &&
                (storing ? store(session, argv[2], &error) : read_all(session, &error));
    if (!good)
        error_print(stderr, "stored_fingerprints", &error);
    return good ? 0 : (int)error.class;
}
