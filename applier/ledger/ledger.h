/* The ledger in the target's schema `sealift`: installing it, checking whose it is, writing events
 * and bundles. Journal rows are written by step_runner, in the transactions of their steps; what is
 * in the ledger is read by history (state) and stored_bundle (what rollback needs). */
#ifndef SEALIFT_APPLIER_LEDGER_H
#define SEALIFT_APPLIER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "applier/server/pg_session.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/uuid.h"
#include "bundles/envelope.h"
#include "bundles/manifest.h"
#include "bundles/object_stream.h"

#define LEDGER_FORMAT 4

typedef enum { LEDGER_ABSENT, LEDGER_PRESENT } LedgerPresence;

/* Whether there is a ledger. Writes nothing. ERROR_TARGET with the GRANT to run, where there is one
 * that we may not read. */
bool ledger_look(PgSession *session, LedgerPresence *ret_presence, Error *err) MUST_CHECK;

/* Refuse (ERROR_TRUST) a ledger that is owned by, or may be written by, any role but ours, a
 * superuser, or `other_owner` (the site's ledger-owner; NULL: none). A session that only reads may
 * be any role: it trusts the schema's owner as well. Where there is no ledger, all is well. */
bool ledger_check_owner(PgSession *session, PgSessionPurpose purpose, const char *other_owner,
                        Error *err) MUST_CHECK;

/* Which database of which server: what a restored, moved or copied one has anew. */
typedef struct LedgerPlace {
    char system_identifier[32];
    char database_oid[16];
    char database[256]; /* its name, for messages; "" where that is not on record */
} LedgerPlace;

/* Where the session is. */
LedgerPlace ledger_place_of(const PgFacts *facts);

/* The name says nothing: a database may be renamed. */
bool ledger_place_is(const LedgerPlace *place, const LedgerPlace *other);

typedef struct LedgerIdentity {
    int64_t format;
    char product[BUNDLE_NAME_MAX + 1];
    char product_uuid[UUID_TEXT_SIZE];
    char database_uuid[UUID_TEXT_SIZE];
    LedgerPlace last_used;
    char rehearsal_since[CLOCK_TEXT_SIZE]; /* the copy that a rehearsal runs on; "" for any other */
} LedgerIdentity;

/* Make schema and tables, with a new database UUID, in one transaction. The lock must be held.
 * ERROR_TARGET where the role may not create a schema. */
bool ledger_install(PgSession *session, const char *product, const char *product_uuid,
                    Error *err) MUST_CHECK;

/* The same inside the caller's transaction. */
bool ledger_make(PgSession *session, const char *product, const char *product_uuid,
                 Error *err) MUST_CHECK;

/* Mark the ledger as that of a copy to rehearse on, for good. Inside the caller's transaction or
 * alone. */
bool ledger_mark_rehearsal(PgSession *session, Error *err) MUST_CHECK;

/* Make it the ledger of a database of its own, with this UUID, where the session is. Inside the
 * caller's transaction. */
bool ledger_become_copy(PgSession *session, const char *database_uuid, Error *err) MUST_CHECK;

/* ERROR_TARGET for another ledger format than ours. */
bool ledger_read_identity(PgSession *session, LedgerIdentity *ret_identity, Error *err) MUST_CHECK;

typedef enum { ACTION_APPLY, ACTION_ROLLBACK, ACTION_RESUME, ACTION_ADOPT } LedgerAction;
typedef enum {
    PHASE_OF_BEGIN,
    PHASE_OF_END,
    PHASE_OF_FAILURE, /* behind an end: it is committed here and no standby confirmed it */
    PHASE_OF_REFUSAL,
    PHASE_OF_RETURN, /* the run that has begun goes on over a new connection; of an adoption: the
                      * database goes on as a copy */
} LedgerPhase;

const char *ledger_action_name(LedgerAction action);
const char *ledger_phase_name(LedgerPhase phase);

/* LedgerEvent.run_phase of a run that ends before the application is upgraded. */
#define RUN_OF_BEFORE "before"

typedef struct LedgerEvent {
    LedgerAction action;
    LedgerPhase phase;
    const Digest *head_digest; /* NULL: none */
    const char *from_version;  /* "-" for none */
    const char *to_version;
    int64_t from_position;   /* migrations wholly applied where the run began */
    int64_t to_position;     /* migrations wholly applied once the run has reached its target */
    const char *run_id;      /* of the run, or NULL */
    const char *bundle_path; /* where an apply found its bundle, or NULL */
    const char *run_phase;   /* "before": an apply of that phase alone; or NULL */
    const char *sqlstate;    /* of a failure, or "" */
    const char *words;       /* of a failure, redacted; or "" */
} LedgerEvent;

/* The account that runs the applier, as the ledger names it. The caller frees. */
char *ledger_operating_system_user(void);

/* Insert the event; who, from where and with which settings is filled in here. For use inside a
 * transaction or alone. */
bool ledger_add_event(PgSession *session, const LedgerEvent *event, Error *err) MUST_CHECK;

/* The end of a run: a transaction of its own under the site's own synchronous_commit, at least
 * `local`, so that everything before it is on disk once this returns (ENGINE.md 10).
 * ERROR_UNSETTLED where the server says that the wait for a standby was cancelled. */
bool ledger_add_durable_event(PgSession *session, const LedgerEvent *event, Error *err) MUST_CHECK;

/* BEGIN a transaction whose COMMIT is durable in that sense, or one whose COMMIT waits for this
 * server's disk at most, and for no standby: the events before the end. */
bool ledger_begin_durable(PgSession *session, Error *err) MUST_CHECK;
bool ledger_begin_local(PgSession *session, Error *err) MUST_CHECK;

/* COMMIT a durable transaction. ERROR_UNSETTLED where it is committed here and the wait for a
 * synchronous standby was ended from outside. */
bool ledger_commit_durable(PgSession *session, Error *err) MUST_CHECK;

/* A bundle as the ledger keeps it. */
typedef struct LedgerBundle {
    const Envelope *envelope;
    const Head *head;
    Digest head_digest;
    const void *manifest_bytes;
    size_t manifest_size;
    const Manifest *manifest;
    const ObjectSource *objects;
    const char *verification; /* how it was proven: "2 of 2 signatures, keyring 3" */
} LedgerBundle;

/* Store envelope, manifest, every object that a down, verify or precheck step needs, and the rows
 * of fingerprints, as stored bytes in rows of at most 1 MiB. Does nothing where the ledger has this
 * bundle. The caller holds the transaction open. */
bool ledger_store_bundle(PgSession *session, const LedgerBundle *bundle, Error *err) MUST_CHECK;

/* The path under which the manifest is stored. */
#define LEDGER_MANIFEST_PATH "manifest.db"

/* Whether this bundle is completely applied and not rolled back (ENGINE.md 20): one query, which
 * reads neither journal nor manifest. false where there is no ledger. ERROR_TARGET as ledger_look.
 */
bool ledger_is_done(PgSession *session, const Digest *head_digest, const char *tree_to,
                    bool *ret_done, Error *err) MUST_CHECK;

#endif
