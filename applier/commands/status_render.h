/* What `applier status` has read, and how it is shown. */
#ifndef SEALIFT_APPLIER_STATUS_RENDER_H
#define SEALIFT_APPLIER_STATUS_RENDER_H

#include "applier/commands/status_report.h"
#include "applier/ledger/past_runs.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/runs/bundle_route.h"
#include "applier/runs/foreign_tables.h"
#include "applier/runs/site_bundle.h"
#include "applier/server/pg_lock.h"

/* A migration that is not applied; borrowed from a manifest or the shelf. */
typedef struct Pending {
    const char *version;
    const char *identity;
} Pending;

/* What was read, and what it was compared with. */
typedef struct Status {
    History history;
    SiteBundle bundle;        /* where one was named */
    StoredBundle *stored;     /* else the newest that the ledger keeps */
    const Manifest *manifest; /* of either; NULL: none */
    const char *path;         /* borrowed: what was named; NULL: nothing */
    BundleShelf shelf;        /* where a folder was named … */
    BundleRoute route;        /* … and where it leads to */
    ARRAY_OF(Pending) pending;
    bool holds_relations;      /* an unmanaged database is not empty */
    ForeignTableArray foreign; /* … and what other tools say of it */
    char *next;                /* owned: the command to run next, or NULL */
    StatusReport report;
    bool running; /* another applier is at work */
    PgLockHolder holder;
    Text doing;        /* … and what its session does */
    PastRunArray runs; /* borrow from the history */
    char *replayed_to; /* owned: a standby's position in the log; NULL: no standby */
    char *replayed_at; /* owned: of the last commit that it replayed, or "" */
} Status;

/* One JSON document (docs/json.md); lines for people. */
void status_render_json(const Status *status, Text *out);
void status_render_text(const Status *status, Text *out);

#endif
