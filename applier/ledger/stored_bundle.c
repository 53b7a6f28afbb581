#include "applier/ledger/stored_bundle.h"

#include <inttypes.h>

#include "applier/ledger/ledger.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "base/memory.h"
#include "bundles/manifest_store.h"

#define STORED_CHUNK (INT64_C(1) << 20)

typedef struct StoredPiece {
    char *path; /* owned */
    int64_t chunk;
    char *bytes; /* owned */
    size_t size;
} StoredPiece;

/* Keeps the small objects around the one last asked for, so that a rollback of a thousand
 * migrations does not take a turn for each. */
typedef struct StoredReader {
    PgSession *session;
    Digest head_digest;
    ARRAY_OF(StoredPiece) pieces;
} StoredReader;

const char *stored_proof_name(StoredProof proof)
{
    static const char *const names[] = {"signature", "state", "unverified"};
    return names[proof];
}

/* --- objects --------------------------------------------------------------------------------- */

static void forget_pieces(StoredReader *reader)
{
    array_each (StoredPiece, piece, &reader->pieces) {
        free(piece->path);
        free(piece->bytes);
    }
    array_free(&reader->pieces);
}

static const StoredPiece *find_piece(const StoredReader *reader, const char *path, int64_t chunk)
{
    array_each (StoredPiece, piece, &reader->pieces) {
        if (piece->chunk == chunk && strcmp(piece->path, path) == 0)
            return piece;
    }
    return NULL;
}

static void keep(StoredReader *reader, const char *path, int64_t chunk, const PGresult *rows,
                 int row, int column)
{
    size_t size = (size_t)PQgetlength(rows, row, column);
    *array_add(&reader->pieces) = (StoredPiece){
        .path = memory_string(path),
        .chunk = chunk,
        .bytes = size ? memory_copy(PQgetvalue(rows, row, column), size) : memory_string(""),
        .size = size};
}

static bool fetch(StoredReader *reader, const char *path, int64_t chunk, Error *err)
{
    forget_pieces(reader);
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (chunk == 0) {
        if (!pg_query_binary(reader->session, SQL_ledger_read_objects_before,
                             PG_VALUES(pg_digest(&reader->head_digest), pg_text(path)), PG_ROWS,
                             &rows, err))
            return false;
        for (int i = 0; i < PQntuples(rows); i++)
            keep(reader, pg_result_text(rows, i, 0), 0, rows, i, 1);
        if (find_piece(reader, path, 0))
            return true;
        pg_result_free(TAKE_PTR(rows));
    }
    if (!pg_query_binary(reader->session, SQL_ledger_read_object_chunk,
                         PG_VALUES(pg_digest(&reader->head_digest), pg_text(path), pg_int(chunk)),
                         PG_ROWS, &rows, err))
        return false;
    if (PQntuples(rows) == 1)
        keep(reader, path, chunk, rows, 0, 0);
    return true;
}

static bool get_piece(StoredReader *reader, const char *path, int64_t chunk,
                      const StoredPiece **ret_piece, Error *err)
{
    *ret_piece = find_piece(reader, path, chunk);
    if (*ret_piece)
        return true;
    if (!fetch(reader, path, chunk, err))
        return error_wrap(err, "reading '%s' from the ledger", path);
    *ret_piece = find_piece(reader, path, chunk);
    return *ret_piece ||
           error_set(err, ERROR_TRUST, "the ledger is damaged: it lacks part %" PRId64 " of '%s'",
                     chunk, path);
}

static bool read_object(void *context, const ManifestObject *object, int64_t offset, void *bytes,
                        size_t size, Error *err)
{
    char *into = bytes;
    while (size > 0) {
        const StoredPiece *piece;
        if (!get_piece(context, object->path, offset / STORED_CHUNK, &piece, err))
            return false;
        size_t within = (size_t)(offset % STORED_CHUNK);
        if (within >= piece->size)
            return error_set(err, ERROR_TRUST, "the ledger is damaged: '%s' is cut short",
                             object->path);
        size_t part = piece->size - within < size ? piece->size - within : size;
        memcpy(into, piece->bytes + within, part);
        into += part;
        offset += (int64_t)part;
        size -= part;
    }
    return true;
}

/* --- envelope and manifest ------------------------------------------------------------------- */

static bool read_envelope(PgSession *session, StoredBundle *bundle, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query_binary(session, SQL_ledger_read_envelope,
                         PG_VALUES(pg_digest(&bundle->head_digest)), PG_ROWS, &rows, err))
        return false;
    if (PQntuples(rows) != 1)
        return error_set(err, ERROR_TARGET, "the ledger does not hold the bundle that is needed");
    if (PQgetlength(rows, 0, 0) != BUNDLE_ENVELOPE_SIZE)
        return error_set(err, ERROR_TRUST, "the ledger is damaged: an envelope of %d bytes",
                         PQgetlength(rows, 0, 0));
    memcpy(bundle->envelope.bytes, PQgetvalue(rows, 0, 0), BUNDLE_ENVELOPE_SIZE);
    return true;
}

static bool state_knows(const StoredTrust *trust, const Digest *head_digest)
{
    for (size_t i = 0; trust && i < trust->known_head_count; i++)
        if (digest_equal(&trust->known_heads[i], head_digest))
            return true;
    return false;
}

static bool prove_envelope(StoredBundle *bundle, const StoredTrust *trust, Error *err)
{
    for (size_t i = 0; trust && i < trust->keyring_count; i++) {
        error_done(err);
        if (envelope_prove(&bundle->envelope, &trust->keyrings[i], KEYRING_FOR_ROLLBACK,
                           &bundle->proof, err)) {
            bundle->proven = PROVEN_BY_SIGNATURE;
            return true;
        }
    }
    Digest digest = digest_of(bundle->envelope.bytes + BUNDLE_HEAD_OFFSET, BUNDLE_HEAD_SIZE);
    bool known = state_knows(trust, &digest);
    /* a keyring that refuses the signatures is not the same as no keyring */
    if (err->message && !known)
        return error_wrap(err, "the bundle that the ledger keeps");
    error_done(err);
    bundle->proven = known ? PROVEN_BY_STATE : PROVEN_BY_NOTHING;
    return envelope_read_without_trust(&bundle->envelope, &bundle->proof, err) ||
           error_wrap(err, "the bundle that the ledger keeps");
}

static bool read_manifest(StoredBundle *bundle, Error *err)
{
    const Head *head = &bundle->proof.head;
    const ManifestObject as_object = {.path = (char *)(uintptr_t)LEDGER_MANIFEST_PATH};
    size_t size = (size_t)head->manifest_size;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(size + 1, 1);
    if (!read_object(bundle->reader, &as_object, 0, bytes, size, err))
        return false;
    Digest digest = digest_of(bytes, size);
    if (!digest_equal(&digest, &head->manifest_digest))
        return error_set(err, ERROR_TRUST,
                         "the ledger is damaged: its manifest is not the one that HEAD names");
    return manifest_read(bytes, size, head, &bundle->manifest, err);
}

bool stored_bundle_load(PgSession *session, const Digest *head_digest, const StoredTrust *trust,
                        StoredBundle **ret_bundle, Error *err)
{
    CLEANUP(stored_bundle_freep) StoredBundle *bundle = memory_new(StoredBundle);
    bundle->head_digest = *head_digest;
    bundle->reader = memory_new(StoredReader);
    *bundle->reader = (StoredReader){.session = session, .head_digest = *head_digest};
    bundle->objects = (ObjectSource){.read = read_object, .context = bundle->reader};
    if (!read_envelope(session, bundle, err) || !prove_envelope(bundle, trust, err))
        return false;
    if (!digest_equal(&bundle->proof.head_digest, head_digest))
        return error_set(err, ERROR_TRUST,
                         "the ledger is damaged: a bundle is filed under another's digest");
    if (!read_manifest(bundle, err))
        return error_wrap(err, "the manifest that the ledger keeps");
    *ret_bundle = TAKE_PTR(bundle);
    return true;
}

void stored_bundle_free(StoredBundle *bundle)
{
    if (!bundle)
        return;
    forget_pieces(bundle->reader);
    free(bundle->reader);
    manifest_done(&bundle->manifest);
    free(bundle);
}

/* --- several --------------------------------------------------------------------------------- */

void stored_bundles_done(StoredBundles *bundles)
{
    for (size_t i = 0; i < bundles->loaded.count; i++)
        stored_bundle_free(bundles->loaded.items[i]);
    array_free(&bundles->loaded);
}

bool stored_bundles_get(StoredBundles *bundles, const Digest *head_digest,
                        const StoredBundle **ret_bundle, Error *err)
{
    for (size_t i = 0; i < bundles->loaded.count; i++) {
        if (digest_equal(&bundles->loaded.items[i]->head_digest, head_digest)) {
            *ret_bundle = bundles->loaded.items[i];
            return true;
        }
    }
    StoredBundle *bundle = NULL;
    if (!stored_bundle_load(bundles->session, head_digest, bundles->trust, &bundle, err))
        return false;
    *array_add(&bundles->loaded) = bundle;
    *ret_bundle = bundle;
    return true;
}
