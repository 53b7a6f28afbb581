#include "applier/ledger/ledger.h"

#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "applier/sql/ledger_schema.h"
#include "base/memory.h"
#include "base/version.h"

#define STORED_CHUNK (1 << 20)

/* --- presence, ownership, identity ----------------------------------------------------------- */

bool ledger_look(PgSession *session, LedgerPresence *ret_presence, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_ledger_presence, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking for the ledger");
    bool exists = pg_result_bool(row, 0, 0);
    if (exists && (!pg_result_bool(row, 0, 1) || !pg_result_bool(row, 0, 2))) {
        const char *user = session->facts.current_user ? session->facts.current_user : "this role";
        error_set(err, ERROR_TARGET, "role '%s' may not read the ledger (schema sealift)", user);
        return error_hint(err,
                          "as its owner run: GRANT USAGE ON SCHEMA sealift TO \"%s\"; "
                          "GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO \"%s\"",
                          user, user);
    }
    *ret_presence = exists ? LEDGER_PRESENT : LEDGER_ABSENT;
    return true;
}

bool ledger_check_owner(PgSession *session, PgSessionPurpose purpose, const char *other_owner,
                        Error *err)
{
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_ledger_strangers,
                  PG_VALUES(pg_text(other_owner), pg_bool(purpose == PG_SESSION_READS)), PG_ROWS,
                  &rows, err))
        return error_wrap(err, "checking whose the ledger is");
    if (PQntuples(rows) == 0)
        return true;
    error_set(err, ERROR_TRUST, "the ledger is not trusted: %s", pg_result_text(rows, 0, 0));
    return error_hint(err, "only the role that applies may own and write it: REVOKE what was "
                           "granted, connect as its owner, or name the owner as ledger-owner in "
                           "the configuration");
}

bool ledger_make(PgSession *session, const char *product, const char *product_uuid, Error *err)
{
    char database_uuid[UUID_TEXT_SIZE];
    uuid_make(database_uuid);
    const PgFacts *facts = &session->facts;
    if (pg_script(session, SQL_ledger_schema, err) &&
        pg_query(session, SQL_ledger_insert_identity,
                 PG_VALUES(pg_int(LEDGER_FORMAT), pg_text(product), pg_text(product_uuid),
                           pg_text(database_uuid), pg_text(facts->system_identifier),
                           pg_text(facts->database_oid)),
                 PG_COMMAND, /* ret_result= */ NULL, err))
        return true;
    error_wrap(err, "creating the ledger (schema sealift)");
    if (strcmp(err->code, "42501") == 0)
        return error_hint(err,
                          "the role that applies needs: GRANT CREATE ON DATABASE \"%s\" TO "
                          "\"%s\"",
                          facts->database, facts->current_user);
    return false;
}

bool ledger_install(PgSession *session, const char *product, const char *product_uuid, Error *err)
{
    if (ledger_begin_local(session, err) && ledger_make(session, product, product_uuid, err) &&
        pg_script(session, "COMMIT", err))
        return true;
    Error ignored = {0};
    if (!pg_script(session, "ROLLBACK", &ignored))
        error_done(&ignored);
    return false;
}

static LedgerPlace place_of(const char *system_identifier, const char *database_oid,
                            const char *database)
{
    LedgerPlace place = {0};
    snprintf(place.system_identifier, sizeof(place.system_identifier), "%s", system_identifier);
    snprintf(place.database_oid, sizeof(place.database_oid), "%s", database_oid);
    snprintf(place.database, sizeof(place.database), "%s", database);
    return place;
}

LedgerPlace ledger_place_of(const PgFacts *facts)
{
    return place_of(facts->system_identifier, facts->database_oid, facts->database);
}

bool ledger_place_is(const LedgerPlace *place, const LedgerPlace *other)
{
    return strcmp(place->system_identifier, other->system_identifier) == 0 &&
           strcmp(place->database_oid, other->database_oid) == 0;
}

bool ledger_read_identity(PgSession *session, LedgerIdentity *ret_identity, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_ledger_identity, PG_NO_VALUES, PG_ROWS, &row, err))
        return error_wrap(err, "reading the ledger");
    if (PQntuples(row) != 1)
        return error_set(err, ERROR_TARGET, "the ledger is damaged: its identity is missing");
    LedgerIdentity identity = {.format = pg_result_int(row, 0, 0)};
    if (identity.format != LEDGER_FORMAT) {
        error_set(err, ERROR_TARGET,
                  "the ledger has format %" PRId64 ", this applier knows format %d",
                  identity.format, LEDGER_FORMAT);
        return error_hint(err, "another version of the applier wrote it: use that one");
    }
    snprintf(identity.product, sizeof(identity.product), "%s", pg_result_text(row, 0, 1));
    snprintf(identity.product_uuid, UUID_TEXT_SIZE, "%s", pg_result_text(row, 0, 2));
    snprintf(identity.database_uuid, UUID_TEXT_SIZE, "%s", pg_result_text(row, 0, 3));
    identity.last_used =
        place_of(pg_result_text(row, 0, 4), pg_result_text(row, 0, 5), pg_result_text(row, 0, 7));
    snprintf(identity.rehearsal_since, sizeof(identity.rehearsal_since), "%s",
             pg_result_text(row, 0, 6));
    *ret_identity = identity;
    return true;
}

bool ledger_mark_rehearsal(PgSession *session, Error *err)
{
    return pg_query(session, SQL_ledger_mark_rehearsal, PG_NO_VALUES, PG_COMMAND,
                    /* ret_result= */ NULL, err) ||
           error_wrap(err, "marking the copy as one to rehearse on");
}

bool ledger_become_copy(PgSession *session, const char *database_uuid, Error *err)
{
    const PgFacts *facts = &session->facts;
    return pg_query(session, SQL_ledger_become_copy,
                    PG_VALUES(pg_text(database_uuid), pg_text(facts->system_identifier),
                              pg_text(facts->database_oid)),
                    PG_COMMAND, /* ret_result= */ NULL, err) ||
           error_wrap(err, "making the ledger that of a copy");
}

/* --- events ---------------------------------------------------------------------------------- */

const char *ledger_action_name(LedgerAction action)
{
    static const char *const names[] = {"apply", "rollback", "resume", "adopt"};
    return names[action];
}

const char *ledger_phase_name(LedgerPhase phase)
{
    static const char *const names[] = {"begin", "end", "failure", "refused", "return"};
    return names[phase];
}

char *ledger_operating_system_user(void)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found)
        return memory_string(found->pw_name);
    return memory_format("uid %u", (unsigned)getuid());
}

bool ledger_add_event(PgSession *session, const LedgerEvent *event, Error *err)
{
    char host[256] = "";
    (void)gethostname(host, sizeof(host) - 1);
    CLEANUP(memory_freep) char *user = ledger_operating_system_user();
    const PgFacts *facts = &session->facts;
    if (!pg_query(session, SQL_ledger_insert_event,
                  PG_VALUES(pg_text(ledger_action_name(event->action)),
                            pg_text(ledger_phase_name(event->phase)), pg_digest(event->head_digest),
                            pg_text(event->from_version), pg_text(event->to_version), pg_text(host),
                            pg_text(user), pg_text(SEALIFT_VERSION), pg_text(facts->version_text),
                            pg_text(facts->system_identifier), pg_text(facts->database_oid),
                            pg_bool(facts->superuser), pg_text(event->bundle_path),
                            pg_text(event->sqlstate), pg_text(event->words),
                            pg_int(event->from_position), pg_int(event->to_position),
                            pg_text(event->run_id ? event->run_id : ""), pg_text(event->run_phase),
                            pg_text(session->scripts_path)),
                  PG_COMMAND, /* ret_result= */ NULL, err))
        return error_wrap(err, "recording in the ledger that the %s reached its %s",
                          ledger_action_name(event->action), ledger_phase_name(event->phase));
    return true;
}

bool ledger_begin_durable(PgSession *session, Error *err)
{
    bool site_is_off = strcmp(session->facts.synchronous_commit, "off") == 0;
    return pg_script(session, "BEGIN", err) &&
           (!site_is_off || pg_script(session, "SET LOCAL synchronous_commit = local", err));
}

bool ledger_begin_local(PgSession *session, Error *err)
{
    bool site_is_off = strcmp(session->facts.synchronous_commit, "off") == 0;
    return pg_script(session, site_is_off ? "BEGIN" : "BEGIN; SET LOCAL synchronous_commit = local",
                     err);
}

bool ledger_commit_durable(PgSession *session, Error *err)
{
    int64_t notices = session->notice_count;
    if (!pg_script(session, "COMMIT", err))
        return false;
    /* The only warnings a COMMIT of ours can bring: the wait for a synchronous standby was ended
     * from outside (01000, or 57P01 where the server goes down). */
    if (session->notice_count == notices)
        return true;
    error_set(err, ERROR_UNSETTLED,
              "it is committed here and not confirmed by the standby: the wait for the synchronous "
              "standby was ended before it answered (%s)",
              session->notice_code);
    snprintf(err->code, sizeof(err->code), "%s", session->notice_code);
    return error_hint(err, "'applier resume' waits for it again");
}

bool ledger_add_durable_event(PgSession *session, const LedgerEvent *event, Error *err)
{
    return ledger_begin_durable(session, err) && ledger_add_event(session, event, err) &&
           ledger_commit_durable(session, err);
}

/* --- bundles --------------------------------------------------------------------------------- */

/* A row of the COPY that is under way. */
static bool add_chunk(PgSession *session, const Digest *head, const char *path, int64_t chunk,
                      const void *bytes, size_t size, Error *err)
{
    return pg_copy_row(
        session,
        PG_VALUES(pg_digest(head), pg_text(path), pg_int4((int32_t)chunk), pg_bytes(bytes, size)),
        err);
}

static bool store_manifest(PgSession *session, const LedgerBundle *bundle, Error *err)
{
    const char *bytes = bundle->manifest_bytes;
    for (size_t at = 0; at < bundle->manifest_size; at += STORED_CHUNK) {
        size_t left = bundle->manifest_size - at;
        if (!add_chunk(session, &bundle->head_digest, LEDGER_MANIFEST_PATH, at / STORED_CHUNK,
                       bytes + at, left < STORED_CHUNK ? left : STORED_CHUNK, err))
            return false;
    }
    return true;
}

static bool store_object(PgSession *session, const LedgerBundle *bundle,
                         const ManifestObject *object, char *buffer, Error *err)
{
    int64_t at = 0;
    do {
        int64_t left = object->stored_size - at;
        size_t size = (size_t)(left < STORED_CHUNK ? left : STORED_CHUNK);
        if (!bundle->objects->read(bundle->objects->context, object, at, buffer, size, err) ||
            !add_chunk(session, &bundle->head_digest, object->path, at / STORED_CHUNK, buffer, size,
                       err))
            return false;
        at += (int64_t)size;
    } while (at < object->stored_size);
    return true;
}

/* Marks the objects that the way back, verify or precheck scripts need, and the rows of
 * fingerprints: a rollback and a look for drift compare with them when no bundle is at hand. */
static void mark_needed(const Manifest *manifest, bool *needed)
{
    array_each (ManifestMigration, migration, &manifest->migrations) {
        for (int kind = SCRIPT_DOWN; kind < SCRIPT_KIND_COUNT; kind++) {
            const ManifestScript *script = &migration->scripts[kind];
            if (!script->present)
                continue;
            needed[script->object] = true;
            array_each (ManifestStep, step, &script->steps) {
                if (step->data_object >= 0)
                    needed[step->data_object] = true;
            }
        }
    }
    array_each (const ManifestFingerprint, proven, &manifest->fingerprints)
        needed[proven->object] = true;
}

static bool store_objects(PgSession *session, const LedgerBundle *bundle, Error *err)
{
    size_t count = bundle->manifest->objects.count;
    CLEANUP(memory_freep) bool *needed = memory_zeroed(count + 1, sizeof(*needed));
    CLEANUP(memory_freep) char *buffer = memory_zeroed(STORED_CHUNK, 1);
    mark_needed(bundle->manifest, needed);
    for (size_t i = 0; i < count; i++) {
        const ManifestObject *object = &bundle->manifest->objects.items[i];
        if (needed[i] && !store_object(session, bundle, object, buffer, err))
            return error_wrap(err, "storing '%s' in the ledger", object->path);
    }
    return true;
}

/* Manifest and objects in one COPY: a turn for each would cost more than the migrations. */
static bool store_bytes(PgSession *session, const LedgerBundle *bundle, Error *err)
{
    if (!pg_copy_begin(session, SQL_ledger_copy_objects, err))
        return false;
    if (store_manifest(session, bundle, err) && store_objects(session, bundle, err))
        return pg_copy_end(session, SQL_ledger_copy_objects, err);
    pg_copy_abandon(session);
    return false;
}

bool ledger_store_bundle(PgSession *session, const LedgerBundle *bundle, Error *err)
{
    const Head *head = bundle->head;
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_ledger_has_bundle, PG_VALUES(pg_digest(&bundle->head_digest)),
                  PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking for the bundle in the ledger");
    if (pg_result_bool(row, 0, 0))
        return true;
    if (!pg_query(session, SQL_ledger_insert_bundle,
                  PG_VALUES(pg_digest(&bundle->head_digest), pg_int(head->sequence),
                            pg_int(head->epoch), pg_text(head->channel), pg_text(head->covers_from),
                            pg_text(head->covers_to), pg_text(head->tree_from),
                            pg_text(head->tree_to),
                            pg_bytes(bundle->envelope->bytes, BUNDLE_ENVELOPE_SIZE),
                            pg_text(bundle->verification)),
                  PG_COMMAND, /* ret_result= */ NULL, err) ||
        !store_bytes(session, bundle, err))
        return error_wrap(err, "storing the bundle in the ledger");
    return true;
}

bool ledger_is_done(PgSession *session, const Digest *head_digest, const char *tree_to,
                    bool *ret_done, Error *err)
{
    LedgerPresence presence = LEDGER_ABSENT;
    if (!ledger_look(session, &presence, err))
        return false;
    if (presence == LEDGER_ABSENT) {
        *ret_done = false;
        return true;
    }
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_ledger_is_done, PG_VALUES(pg_text(tree_to), pg_digest(head_digest)),
                  PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking the ledger for the bundle");
    *ret_done = pg_result_bool(row, 0, 0);
    return true;
}
