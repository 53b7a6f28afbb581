/* The checks of a preflight, which preflight.c has in a table, and what they look at. Each asks in
 * single statements, so that no snapshot is held for long, and adds findings. */
#ifndef SEALIFT_APPLIER_PREFLIGHT_CHECKS_H
#define SEALIFT_APPLIER_PREFLIGHT_CHECKS_H

#include "applier/preflight/preflight.h"
#include "applier/runs/touched_objects.h"

typedef struct Preflight {
    PgSession *session;
    const PreflightOptions *options;
    const Manifest *manifest;
    History history;
    PreflightReport *report;
    Findings *findings; /* the report's */
    TouchedObjects touched;
    FingerprintNames names; /* in the schema, of the ledger's parameters */
    RunParameters parameters;
    ProofResult schema; /* the look at the schema, where there was one … */
    int64_t look_ms;    /* … and what it took */
    char *role;         /* owned: current_user, quoted as SQL takes it */
    char *database;     /* owned: likewise */
} Preflight;

/* Returning false only where the preflight cannot go on, or for a permission that was denied, which
 * becomes a finding. */
typedef bool PreflightCheck(Preflight *preflight, Error *err);

/* Names of the relations that the run locks in a way that keeps somebody off, or works on, as a
 * literal of text[]. */
void preflight_relation_names(const Preflight *preflight, Text *literal);

/* How grave it is that so many bytes are free (-1: nobody can say) where files of `wanted` bytes
 * will be written, and as much log; `at_most` of these may be less. */
FindingLevel preflight_space_level(int64_t room, int64_t wanted, int64_t at_most);

/* For how many standbys a COMMIT waits, by synchronous_standby_names: "ANY 2 (a, b, c)", "FIRST 2
 * (…)", "2 (…)", or a list, of which the first counts. 0: for none. */
int64_t preflight_synchronous_count(const char *names);

/* preflight_fit.c: how bundle and database fit */
PreflightCheck preflight_check_fit;
PreflightCheck preflight_check_drift;
PreflightCheck preflight_check_parameters;
PreflightCheck preflight_check_gates;
PreflightCheck preflight_check_atomic;
/* preflight_server.c: the server and its settings */
PreflightCheck preflight_check_server;
PreflightCheck preflight_check_pooler;
PreflightCheck preflight_check_encoding;
PreflightCheck preflight_check_locks;
PreflightCheck preflight_check_collation;
PreflightCheck preflight_check_event_triggers;
/* preflight_rights.c: what the role may do */
PreflightCheck preflight_check_role;
PreflightCheck preflight_check_create;
PreflightCheck preflight_check_ownership;
PreflightCheck preflight_check_extensions;
/* preflight_requirements.c: roles and settings that the bundle needs */
PreflightCheck preflight_check_requirements;
PreflightCheck preflight_check_notes;
/* preflight_activity.c: who is in the way now */
PreflightCheck preflight_check_prepared;
PreflightCheck preflight_check_sessions;
PreflightCheck preflight_check_indexes;
/* preflight_replication.c: who follows */
PreflightCheck preflight_check_slots;
PreflightCheck preflight_check_standbys;
PreflightCheck preflight_check_publications;
PreflightCheck preflight_check_subscriptions;
PreflightCheck preflight_check_archiver;
/* preflight_space.c: room and time */
PreflightCheck preflight_check_space;
PreflightCheck preflight_check_time;

#endif
