/* What is rehearsed, and under which keys the catalog keeps what came of it.
 *
 * Keys are digests of content: a migration's covers all that its rehearsal depends on, which is
 * itself and everything before it (scripts, setup, seeds, settings, this program's version). So an
 * edit makes that migration and all later ones new, and nothing else. Comments in downs, verifies
 * and prechecks do not count: to acknowledge a verdict is no reason to rehearse again. What ran
 * before it was released is the same when it is. */
#ifndef SEALIFT_PLANNER_REHEARSAL_SUBJECT_H
#define SEALIFT_PLANNER_REHEARSAL_SUBJECT_H

#include "migrations/project.h"
#include "migrations/script.h"
#include "planner/rehearsal/setup_scripts.h"

#define REHEARSAL_CATALOG_NUMBER 2
#define REHEARSAL_KEY            65        /* 64 hex digits and NUL */
#define REHEARSAL_PENDING        "pending" /* the version of migrations that are in none */

typedef struct SubjectMigration {
    const char *identity; /* borrowed from the project */
    char key[REHEARSAL_KEY];
    ScriptAckArray acks; /* owned: what the down script acknowledges */
} SubjectMigration;

typedef struct SubjectVersion {
    const char *name;        /* borrowed */
    char key[REHEARSAL_KEY]; /* of what becomes of the whole version */
    char run[REHEARSAL_KEY]; /* of a run from the start to it */
    size_t first_migration;
    size_t migration_count;
} SubjectVersion;

typedef struct RehearsalSubject {
    char start[REHEARSAL_KEY]; /* of the state before the first version */
    char run[REHEARSAL_KEY];   /* of a run from the start to the last version */
    SetupScriptArray setup;    /* owned */
    ARRAY_OF(SubjectMigration) migrations;
    ARRAY_OF(SubjectVersion) versions;
} RehearsalSubject;

/* What besides the migrations decides what comes out. */
typedef struct RehearsalSettings {
    const char *scope; /* [fingerprint] scope */
    const char *seeds; /* folder of seed scripts, or NULL */
    int64_t rows;
} RehearsalSettings;

/* Settings of a project: its sealift.conf, where the options do not say otherwise (seeds NULL, rows
 * negative). The seeds' folder is seen from the project; the caller frees *ret_seeds. ERROR_CONFIG.
 */
bool rehearsal_settings(const Project *project, const char *seeds, int64_t rows,
                        RehearsalSettings *ret_settings, char **ret_seeds, Error *err) MUST_CHECK;

/* Make a version of the migrations that are in none yet (flat layouts), at the end. */
void rehearsal_add_pending(Project *project);

/* Read all scripts of the versions up to `last` (an index). The project must outlive the subject.
 * ERROR_INPUT for a script that cannot be read, or a seed that belongs to nothing in the project.
 */
bool rehearsal_subject_read(const Project *project, const RehearsalSettings *settings, int64_t last,
                            RehearsalSubject *ret_subject, Error *err) MUST_CHECK;
void rehearsal_subject_done(RehearsalSubject *subject);

/* The key that a migration or version has, or NULL. */
const char *rehearsal_subject_key(const RehearsalSubject *subject, bool of_version,
                                  const char *name);

const SubjectMigration *rehearsal_subject_migration(const RehearsalSubject *subject,
                                                    const char *identity);

#endif
