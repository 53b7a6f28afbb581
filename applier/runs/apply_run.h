/* A whole apply: connect, lock, ledger, settle, plan, compare the schema, store the bundle, run
 * (with a look at the schema of each version before its COMMIT), durable end. */
#ifndef SEALIFT_APPLIER_APPLY_RUN_H
#define SEALIFT_APPLIER_APPLY_RUN_H

#include "applier/backup/backup_gate.h"
#include "applier/runs/apply_plan.h"
#include "applier/runs/gates.h"
#include "applier/runs/link_news.h"
#include "applier/runs/run_conflicts.h"
#include "applier/runs/schema_check.h"
#include "applier/server/pg_lock.h"
#include "applier/steps/settle.h"
#include "applier/steps/step_runner.h"
#include "bundles/envelope.h"

/* A run has an id, the same over all its connections: its sessions carry it in application_name
 * ("sealift 3f2a91c06be5d874"), its events in the ledger. */
#define RUN_ID_SIZE              17 /* 16 hex digits and the NUL */
#define RUN_RECONNECT_DEFAULT_MS INT64_C(300000)

/* What every run of steps takes; zero is a sensible default where nothing is said. */
typedef struct RunOptions {
    const char *conninfo;         /* as PgSessionOptions */
    int64_t lock_wait_ms;         /* for the lock; 0: try once */
    char run_id[RUN_ID_SIZE];     /* "": none, the session is called plain "sealift" */
    int64_t reconnect_ms;         /* patience after a lost connection; 0: none (run_link.h) */
    int64_t lock_timeout_ms;      /* in transaction groups; 0: none */
    int64_t statement_timeout_ms; /* 0: none */
    AtomicMode atomic;
    int attempts; /* 0: RETRY_ATTEMPTS_DEFAULT */
    WordsPolicy words;
    bool refuse_superuser;    /* site policy `superuser = refuse` */
    const char *ledger_owner; /* site's ledger-owner, or NULL */
    RunPhase phase;           /* of an apply */
    /* StepRunnerOptions.may_go_on, and its context; NULL: --max-lag decides */
    bool (*may_go_on)(void *context, PgSession *session, Error *err);
    void *may_go_on_context;
    LedgerAction action; /* ACTION_RESUME where `resume` does it; else the run's own */
    SettleChoice settle;
    SchemaPolicy schema;
    ParameterRequests parameters;
    bool same_site;             /* a database that moved is the site's from now on */
    bool rehearsal;             /* on a copy that is marked so: else such a one is refused */
    const RunObserver *measure; /* its step_begins and step_ends look at each statement; or NULL */
    ConflictPolicy conflicts;
    LagLimit max_lag;
    const BackupRequest *backup; /* or NULL: nobody asks for one */
    int64_t step_limit_ms;       /* for a step outside transactions; 0: none */
    void (*link_news)(void *context, const LinkNews *news); /* or NULL; with listener.context */
    PgLockWaiting lock_waiting; /* or NULL; called with listener.context */
    RunListener listener;
} RunOptions;

/* RunOptions with the documented defaults (lock wait 60 s, lock timeout 5 s, patience 300 s) and a
 * fresh run id. */
RunOptions run_options_default(void);

/* The bundle, proven; all borrowed. */
typedef struct ApplyInput {
    const Envelope *envelope;
    const Head *head;
    Digest head_digest;
    const Manifest *manifest;
    const void *manifest_bytes;
    size_t manifest_size;
    ObjectSource objects;
    const char *verification; /* "signed by 2 of 2: …", for the ledger */
    const char *path;         /* where the bundle was found (absolute), for resume */
} ApplyInput;

typedef struct ApplyReport {
    ApplyRelation relation;
    char *from_version; /* owned; "-" for none */
    char *to_version;   /* owned: the target */
    char *version;      /* owned: what holds when the run ends, also after a failure; or NULL */
    char *halt; /* owned: why a run without a target of its own ends before the last; or NULL */
    bool before_only; /* it ran as RUN_PHASE_BEFORE: its target is not reached, as was asked for */
    int64_t tasks;    /* migrations (and versions without) that were to be done */
    SettleReport settled;
    RunReport run;
    SchemaReport schema; /* the last look at the schema */
    BackupRecord backup; /* what stands behind the run, where the gate was asked */
    char *warnings;      /* owned: one line each, or "" */
    int64_t reconnects;  /* how often the connection was lost and came back */
    char *redacted;      /* owned: how the target is named: "database 'd' on h:5432 as 'u'" */
    int64_t duration_ms;
    LedgerIdentity identity; /* whose database it is, and where its journal ends: */
    JournalChain chain;      /* for the site's state file; set where the run succeeded */
    bool recorded;           /* its end, or that of a run killed before it, is on record */
} ApplyReport;

void apply_report_done(ApplyReport *report);

/* Whether the database has this bundle done already (ENGINE.md 20): one short session, which reads
 * nothing but the ledger. *ret_done false also where there is no ledger. */
bool apply_run_is_done(const RunOptions *options, const Head *head, const Digest *head_digest,
                       bool *ret_done, Error *err) MUST_CHECK;

/* What a look at schema and gates says before anything begins, and what one at the schema costs
 * here. */
typedef struct SchemaForecast {
    RunParameters
        parameters;        /* of the plan, whose tasks have their values; released as the gates */
    SchemaState state;     /* SCHEMA_UNPROVEN: the bundle knows nothing of the version that holds */
    bool inside_version;   /* nothing is proven of where the database stands: SCHEMA_UNPROVEN */
    size_t differences;    /* that must match and do not: apply would not begin */
    int64_t look_ms;       /* wall time; 0 where nobody looked */
    GateResultArray gates; /* of the plan, whose tasks it borrows; gate_results_done */
} SchemaForecast;

void schema_forecast_done(SchemaForecast *forecast);

/* Read-only: the ledger's history and how the bundle fits. The plan borrows from the manifest.
 * `ret_forecast` (zeroed; may be NULL: nobody looks then, and the tasks have no values) is to be
 * released by the caller, before the plan. ERROR_TARGET where a parameter's value is missing. */
bool apply_run_plan(const RunOptions *options, const ApplyInput *input, const char *to_version,
                    History *ret_history, ApplyPlan *ret_plan, SchemaForecast *ret_forecast,
                    Error *err) MUST_CHECK;

/* The same over a session that is open. */
bool apply_run_plan_on(PgSession *session, const RunOptions *options, const ApplyInput *input,
                       const char *to_version, History *ret_history, ApplyPlan *ret_plan,
                       SchemaForecast *ret_forecast, Error *err) MUST_CHECK;

/* Do it. *report (zeroed by the caller) is filled as far as the run came, also on failure. Nothing
 * to do is success. Errors: those of session, lock, ledger, plan (apply_plan_check), settle, and
 * step_runner_run. */
bool apply_run(const RunOptions *options, const ApplyInput *input, const char *to_version,
               ApplyReport *report, Error *err) MUST_CHECK;

#endif
