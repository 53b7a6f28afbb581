/* The ledger folded into memory: which migrations are applied, in which order they came, where a
 * run stopped, and whether the journal can be believed. Reading never writes, works on a standby,
 * and needs USAGE and SELECT only. */
#ifndef SEALIFT_APPLIER_HISTORY_H
#define SEALIFT_APPLIER_HISTORY_H

#include "applier/ledger/journal.h"
#include "applier/ledger/ledger.h"
#include "applier/ledger/ledger_backup.h"
#include "applier/ledger/ledger_loss.h"
#include "applier/ledger/ledger_parameter.h"
#include "applier/ledger/ledger_proof.h"
#include "applier/server/pg_session.h"

typedef enum {
    APPLIED_WHOLLY,
    APPLIED_UP_PARTLY,   /* `groups_done` of its up script's groups are committed */
    APPLIED_DOWN_PARTLY, /* `groups_done` of its down script's groups are committed */
} AppliedState;

/* A migration on the stack; texts owned. */
typedef struct AppliedMigration {
    char *identity;
    char *version;
    Digest head_digest; /* of the bundle that brought it */
    Digest up_digest;
    AppliedState state;
    int64_t groups_done; /* of the direction that `state` names */
    int64_t group_count;
    BatchProgress batch; /* of the group behind those; its cursor is owned */
    bool unverified;     /* its verify script has not passed (yet) */
    bool verify_failed;  /* … and has failed */
    int64_t duration_ms;
    char applied_at[CLOCK_TEXT_SIZE]; /* of its last group up */
    int64_t journal_number;           /* of its last row */
} AppliedMigration;

/* A version that is completely applied; texts owned. */
typedef struct AppliedVersion {
    char *name;
    int64_t position; /* migrations through its end */
    Digest tree_digest;
    Digest head_digest;
    char applied_at[CLOCK_TEXT_SIZE];
    int64_t journal_number;
} AppliedVersion;

/* A bundle that the ledger keeps; texts owned. */
typedef struct KnownBundle {
    Digest head_digest;
    int64_t sequence;
    int64_t epoch;
    char *channel;
    char *covers_from;
    char *covers_to;
    char *tree_from;
    char *tree_to;
    char *verification;
    char stored_at[CLOCK_TEXT_SIZE];
} KnownBundle;

/* An event; texts owned. */
typedef struct PastEvent {
    int64_t number;
    char *action;
    char *phase;
    bool has_head;
    Digest head_digest;
    char *from_version;
    char *to_version;
    int64_t from_position; /* migrations wholly applied where the run began */
    int64_t to_position;   /* … and at its target */
    char at[CLOCK_TEXT_SIZE];
    int64_t at_ms; /* the same in milliseconds since 1970 */
    char *session_user;
    char *current_user;
    char *client_host;
    char *operating_system_user;
    char *applier;
    char *server_version;
    char *run_id;      /* "" where none */
    char *bundle_path; /* "" where none */
    char *sqlstate;
    char *words;
    bool superuser;
    char *settings;  /* JSON, or "" */
    char *run_phase; /* "before": an apply of that phase alone; "": of all, or not on record */
} PastEvent;

typedef ARRAY_OF(AppliedMigration) AppliedMigrationArray;
typedef ARRAY_OF(AppliedVersion) AppliedVersionArray;
typedef ARRAY_OF(KnownBundle) KnownBundleArray;
typedef ARRAY_OF(PastEvent) PastEventArray;

typedef struct History {
    bool managed; /* there is a ledger; all else is empty where not */
    LedgerIdentity identity;
    LedgerPlace here; /* where it was read */
    bool moved;       /* … which is not where it was last used */
    JournalRowArray journal;
    AppliedMigrationArray migrations; /* the stack, oldest first */
    AppliedVersionArray versions;     /* those that hold now, oldest first */
    AppliedVersionArray completed; /* rows of table version, before folding: all that ever were */
    KnownBundleArray bundles;
    PastEventArray events;
    PastArrivalArray arrivals;
    AcceptedExtraArray accepted;
    PastBackupArray backups;
    PastLossArray losses;
    PastParameterArray parameters;
    JournalChain chain;
    int64_t adopted;     /* migrations that were there when the database was adopted: the stack is
                          * those above; 0 where all came through us */
    bool was_adopted;    /* versions.items[0] is the one that was found then */
    int64_t last_change; /* number of the last row that changed what is applied; 0: none */
    int64_t position;    /* migrations wholly applied, the adopted ones included */
    int64_t unsettled;   /* index in journal of an intent or broken group without answer; -1 */
    char *diverged;      /* owned: why the journal cannot be believed, or NULL */
} History;

void history_done(History *history); /* accepts a zeroed one */

/* Read everything in one READ ONLY transaction. A recovery conflict on a standby is tried again. A
 * journal that does not chain is no error here: history->diverged says so. */
bool history_read(PgSession *session, History *ret_history, Error *err) MUST_CHECK;

/* Fold the rows of `journal` and `completed` that history already holds into the rest, anew (pure).
 * Sets `diverged` at the first row that does not fit, and stops there. */
void history_fold(History *history);

/* The row that wants settling, or NULL. */
const JournalRow *history_unsettled(const History *history);

/* The top of the stack, the current version, the bundle with this digest, the last event that began
 * a run and has neither end nor refusal behind it; or NULL. */
const AppliedMigration *history_top(const History *history);
const AppliedVersion *history_version(const History *history);
const KnownBundle *history_bundle(const History *history, const Digest *head_digest);
const PastEvent *history_open_run(const History *history);

/* The last run has its end on record, and no synchronous standby confirmed it: it is open, too. */
bool history_end_unconfirmed(const History *history);

/* The last event, or NULL; that the database became one of its own (adopt --as-copy) is none: what
 * was under way in it is so in the copy as well. */
const PastEvent *history_last_event(const History *history);

/* What moved means, in words, where it has: "the ledger was last used in database …, this is …".
 * The caller frees. */
char *history_moved_words(const History *history);

/* Migrations on the stack and below it: one more than `position` while one is there in part. */
int64_t history_depth(const History *history);

/* The migration that is the product's `index`-th (from 0), or NULL where it is not there or was
 * there when the database was adopted. */
const AppliedMigration *history_migration(const History *history, int64_t index);

/* What was found of the schema as the database came to where it stands now, or NULL where nobody
 * looked, or steps were run since. */
const PastArrival *history_arrival(const History *history);

/* Exactly at the end of a version (or before the first), with nothing open. */
bool history_is_at_version(const History *history);

/* Whether the run that an event is of applies (else it takes back). */
bool past_event_applies(const PastEvent *event);

/* The version that the database stands inside of: some of its migrations are applied, not all; NULL
 * where it stands at one. *ret_count is how many of them. */
const char *history_inside(const History *history, int64_t *ret_count);

/* The name of the current version, or "-". */
const char *history_version_name(const History *history);

/* Why the database is not at rest, in words (a migration applied in part, an unsettled step, a
 * failed verify script), or NULL where it is. The caller frees. */
char *history_unrest(const History *history);

#endif
