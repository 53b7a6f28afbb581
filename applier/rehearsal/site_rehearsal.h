/* A rehearsal at the site: the bundle that will be applied, by the code that will apply it, on a
 * copy of the real database or in a transaction that is rolled back; measured at real size, and the
 * way back likewise (decision record 0021). What runs on a copy is apply_run and rollback_run.
 *
 * Neither receipt nor state file is written; a copy's ledger is marked, so that nothing but another
 * rehearsal ever runs there. */
#ifndef SEALIFT_APPLIER_SITE_REHEARSAL_H
#define SEALIFT_APPLIER_SITE_REHEARSAL_H

#include "applier/rehearsal/site_clone.h"
#include "applier/rehearsal/site_measure.h"
#include "applier/runs/rollback_run.h"
#include "base/text.h"

typedef enum {
    SITE_METHOD_TEMPLATE,    /* a copy on the same server, made and dropped by us */
    SITE_METHOD_RESTORED,    /* a copy that the operator has restored somewhere */
    SITE_METHOD_ROLLED_BACK, /* the real database, in one transaction that is rolled back */
} SiteMethod;

const char *site_method_name(SiteMethod method); /* "template", "restored", "rolled-back" */

/* A version that the run came to. */
typedef struct SiteVersion {
    char *name;        /* owned */
    SchemaState state; /* compared with the proven one before its COMMIT */
    char *arrival;     /* owned: which proven schema it is; "" where none */
} SiteVersion;

/* A table whose number of rows is not what it was. */
typedef struct SiteRows {
    char *table;  /* owned */
    char *column; /* owned: that went; NULL: rows came or went */
    int64_t before;
    int64_t after;
} SiteRows;

/* What became of the way back. */
typedef struct SiteWayBack {
    bool tried;
    char *why_not;            /* owned: where it was not, or could not begin; or NULL */
    bool done;                /* it went through, and was compared: */
    Verdict verdict;          /* exact: the schema came back, and where they … */
    bool counted;             /* … were counted, the numbers of rows */
    ARRAY_OF(char *) differs; /* owned: objects that came back otherwise */
    ARRAY_OF(SiteRows) rows;
    RollbackReport run;
} SiteWayBack;

/* Release by site_rehearsal_done. Texts owned. */
typedef struct SiteRehearsal {
    SiteMethod method;
    char *database;      /* the real one, named without secrets; NULL where none was given */
    char *copy;          /* where the steps ran; of a rehearsal rolled back NULL */
    char *copy_name;     /* the copy's name on the server; or NULL */
    bool kept;           /* it was not dropped */
    char *database_uuid; /* of the ledger; NULL where there was none */
    char *server_version;
    char *from;
    char *to;
    int64_t tasks;      /* migrations (and versions without) to be done; 0: nothing to do */
    int64_t unverified; /* verify scripts that a rehearsal rolled back cannot run */
    int64_t copy_bytes; /* of a template copy … */
    int64_t copy_free;  /* what the server's disk has free; -1 where that cannot be known */
    int64_t copy_ms;    /* what making it took */
    bool up_passed;
    ApplyReport apply; /* of the up; rolled back: run, schema and duration_ms only */
    ARRAY_OF(SiteVersion) versions;
    SiteWayBack back;
    SiteMeasure *measure; /* the steps of both directions */
    int64_t ended_us;     /* rolled back: when its locks were let go; else 0 */
    Text warnings;        /* a line each */
} SiteRehearsal;

void site_rehearsal_done(SiteRehearsal *rehearsal); /* accepts a zeroed one */

typedef struct SiteRehearsalOptions {
    SiteMethod method;
    RunOptions run;         /* its conninfo is that of the real database */
    bool source_given;      /* somebody said which one that is */
    const char *clone;      /* conninfo of a restored copy */
    bool clone_unchecked;   /* … which is one by the operator's word alone */
    const char *to_version; /* NULL: the bundle's last */
    bool keep;              /* a template copy */
    bool without_rollback;
    bool allow_blocking;
    StoredTrust trust; /* for what the way back reads from the ledger */
    RollbackNeeds needs;
    /* Called once it is known what will be done, before anything is: false stops, with the error
     * that it set. NULL: go on. */
    bool (*confirm)(void *context, const SiteRehearsal *rehearsal, Error *err);
    /* A line for people while it goes on; NULL: nobody. */
    void (*say)(void *context, const char *line);
    void *context;
} SiteRehearsalOptions;

/* Do it. *rehearsal (zeroed by the caller) is filled as far as it came, also on failure. Nothing to
 * do is success. ERROR_STEP: a step failed, a schema is not the proven one, or the way back does
 * not lead back, on the copy or in the transaction: of the real database nothing has changed.
 * ERROR_TARGET and the other classes for what was refused before; ERROR_CONNECTION;
 * ERROR_INTERRUPTED. */
bool site_rehearsal_run(const SiteRehearsalOptions *options, const ApplyInput *input,
                        SiteRehearsal *rehearsal, Error *err) MUST_CHECK;

/* For site_*.c: the method rolled-back; and what the plan says, into *rehearsal. */
bool site_rolled_back_run(const SiteRehearsalOptions *options, const ApplyInput *input,
                          SiteRehearsal *rehearsal, Error *err) MUST_CHECK;
void site_rehearsal_note_plan(const ApplyPlan *plan, const History *history,
                              const Manifest *manifest, SiteRehearsal *rehearsal);
void site_rehearsal_add_version(SiteRehearsal *rehearsal, const char *name, SchemaState state,
                                const char *arrival);
bool site_rehearsal_confirm(const SiteRehearsalOptions *options, const SiteRehearsal *rehearsal,
                            Error *err) MUST_CHECK;

#endif
