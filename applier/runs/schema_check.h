/* The look at a schema around and inside a run (ENGINE.md 15 to 17): before the first step, in the
 * transaction that comes to a version, and behind the last step where nobody has looked. What was
 * found is recorded in the ledger, in that same transaction. */
#ifndef SEALIFT_APPLIER_SCHEMA_CHECK_H
#define SEALIFT_APPLIER_SCHEMA_CHECK_H

#include "applier/ledger/history.h"
#include "applier/runs/run_parameters.h"
#include "applier/schema/fingerprint_read.h"
#include "applier/schema/schema_proof.h"
#include "applier/steps/run_observer.h"

/* Take the schema's fingerprint in the set's scope and compare. Outside a run too; the set must
 * have entries. Errors: those of fingerprint_read and proof_compare. */
bool schema_look(PgSession *session, const ProofSet *set, const AcceptedExtraArray *accepted,
                 const FingerprintNames *names, int arrival, FingerprintDetail detail,
                 ProofResult *ret_result, Error *err) MUST_CHECK;

/* What an operator said of the schema. */
typedef struct SchemaPolicy {
    bool strict;                       /* env counts, and an unrehearsed server major is refused */
    const AcceptRequestArray *accepts; /* or NULL */
    /* A look that takes longer than this is not taken inside a transaction, where its time would be
     * lock time, but behind its COMMIT. */
    int64_t look_under_lock_ms;
} SchemaPolicy;

#define SCHEMA_LOOK_UNDER_LOCK_MS 2000 /* the default */

/* An object that differs; texts owned. */
typedef struct SchemaDifference {
    const char *change;
    const char *class;
    char *kind;
    char *identity;
} SchemaDifference;

/* The last look, for people and programs; texts owned. */
typedef struct SchemaReport {
    SchemaState state;
    char *version;          /* that was expected; NULL while nobody looked */
    char *arrival;          /* which proven schema it is; NULL where none */
    int64_t server_major;   /* of this server */
    int64_t compared_major; /* that the proven one was rehearsed on; 0: none */
    size_t env_differences;
    size_t accepted_rows;  /* of the fingerprint, left out because the site accepts them */
    size_t tolerated_rows; /* … and because the vendor tolerates them */
    ARRAY_OF(SchemaDifference) differences; /* where it differs */
} SchemaReport;

void schema_report_done(SchemaReport *report);

typedef struct SchemaCheck {
    const SchemaPolicy *policy;
    ProofSourceArray sources;
    AcceptedExtraArray accepted; /* what the ledger has, then what this run adds: */
    FingerprintNames names;      /* what the ledger's parameters are called here, and this run's */
    size_t recorded;             /* so many of them are in the ledger for good */
    SchemaReport report;
    Text *warnings;                  /* borrowed; a line each */
    char last_tree[DIGEST_HEX_SIZE]; /* of the version that was last found as it must be */
    bool warned_of_major;
    int64_t look_ms; /* what the last look took */
    bool postponed;  /* until behind COMMIT: the look would be lock time for too long */
    bool warned_of_time;
    bool asked;       /* what the operator accepts was looked for */
    bool has_pending; /* an arrival that is not on record yet: seen in a READ ONLY transaction, or
                       * before a run that goes on with one that was killed */
    PastArrival pending;
    /* Versions (names, borrowed) whose schema may come out otherwise: the operator has accepted
     * that nobody has proven it. A difference is recorded and warned of. */
    const char *const *let_through;
    size_t let_through_count;
} SchemaCheck;

/* Copies what the ledger has accepted, and the names that values of `parameters` are (of this run;
 * NULL: of the ledger only). `policy` and `warnings` outlive the check. */
void schema_check_begin(SchemaCheck *check, const SchemaPolicy *policy, const History *history,
                        const RunParameters *parameters, Text *warnings);
void schema_check_done(SchemaCheck *check);

/* Before a version is taken for another: a database at `superseded`, which `version` of this bundle
 * (one that it has proven) supersedes, must have that one's schema. Errors as of
 * schema_check_before.
 */
bool schema_check_in_place(SchemaCheck *check, PgSession *session, const char *superseded,
                           const ManifestVersion *version, Error *err) MUST_CHECK;

/* Before the first step, where the database stands at a version. Nothing proven for it: true, and
 * the report says so. ERROR_TARGET for drift (with up to ten objects), for an extra that cannot be
 * accepted, and under strict for env and an unrehearsed major. */
bool schema_check_before(SchemaCheck *check, PgSession *session, const History *history,
                         Error *err) MUST_CHECK;

/* The steps begin: record in the ledger what this run accepts, and the schema seen before it where
 * the run that it goes on with was killed before it could. What was seen before holds no more. */
bool schema_check_run_begins(SchemaCheck *check, PgSession *session, Error *err) MUST_CHECK;

/* RunObserver.arrives and arrived with a SchemaCheck as context. ERROR_TARGET where the schema is
 * not proven for the version, after a second look; under strict for an unrehearsed major. Behind
 * COMMIT nothing is undone. Of a run that began inside a version the first look that finds a
 * difference takes out what the operator accepts; ERROR_TARGET where that cannot be. */
bool schema_check_arrived(void *context, PgSession *session, const RunArrival *arrival,
                          Error *err) MUST_CHECK;
bool schema_check_arrives(void *context, PgSession *session, const RunArrival *arrival,
                          Error *err) MUST_CHECK;

/* Before the end of a run that came to the version of this tree digest (hex, "-"): look where
 * nobody has. ERROR_UNSETTLED where it differs. */
bool schema_check_end(SchemaCheck *check, PgSession *session, const char *tree, const char *version,
                      Error *err) MUST_CHECK;

/* The tree digest in hex of the version that holds, or "-". */
const char *schema_tree(const History *history, char buffer[static DIGEST_HEX_SIZE]);

#endif
