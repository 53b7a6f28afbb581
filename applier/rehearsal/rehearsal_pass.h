/* The passes of a rehearsal, and what they share. For rehearsal_*.c only. */
#ifndef SEALIFT_APPLIER_REHEARSAL_PASS_H
#define SEALIFT_APPLIER_REHEARSAL_PASS_H

#include "applier/rehearsal/rehearsal_run.h"
#include "applier/rehearsal/rehearsal_stage.h"
#include "applier/schema/fingerprint_read.h"

typedef struct Rehearsal {
    const RehearsalOptions *options;
    const ApplyInput *input;
    const Manifest *manifest;
    const RehearsalReport *report;
    RehearsalCluster cluster;
    RehearsalSetup setup;
    RehearsalSeeds seeds;
    RehearsalParameters parameters;
    bool *cycles;          /* owned: per migration, whether its cycle is wanted */
    Fingerprint *versions; /* owned: by the upgrade; [0] before the first, [i + 1] of version i */
    size_t migrations;     /* whose up runs: those behind one that fails do not count */
    size_t version_count;  /* that are complete with them */
    bool passed;
    bool nondeterministic; /* a version's schema was another the second time */
} Rehearsal;

/* A database of the rehearsal, not made yet. */
RehearsalStage rehearsal_stage_for(Rehearsal *rehearsal, const RehearsalSeeds *seeds);

/* The name of what versions[slot] is of: "-" for slot 0. */
const char *rehearsal_version_name(const Rehearsal *rehearsal, size_t slot);

/* Report a fingerprint with definitions as the schema of versions[slot]'s version. */
bool rehearsal_note_fingerprint(Rehearsal *rehearsal, size_t slot, const char *arrival,
                                const Fingerprint *fingerprint, Error *err) MUST_CHECK;

/* The fingerprint of what the manifest's scope has (without one: of everything that is not the
 * server's or ours), inside the session's transaction; and as the stage's database stands, with
 * nothing open. */
bool rehearsal_fingerprint(PgSession *session, const Rehearsal *rehearsal, FingerprintDetail detail,
                           Fingerprint *ret_fingerprint, Error *err) MUST_CHECK;
bool rehearsal_stage_fingerprint(RehearsalStage *stage, FingerprintDetail detail,
                                 Fingerprint *ret_fingerprint, Error *err) MUST_CHECK;

/* Every version up without rows, then all of it back. Fills versions, migrations, version_count. */
bool rehearsal_pass_upgrade(Rehearsal *rehearsal, Error *err) MUST_CHECK;

/* Each migration that is wanted up, down, and up again, measured, with rows. */
bool rehearsal_pass_cycles(Rehearsal *rehearsal, Error *err) MUST_CHECK;

/* Each version likewise, unmeasured. */
bool rehearsal_pass_versions(Rehearsal *rehearsal, Error *err) MUST_CHECK;

/* Whether a version's schema is the first pass's. */
bool rehearsal_is_same(const Rehearsal *rehearsal, size_t version, const Fingerprint *taken);

/* It is another: look for the migration that makes it so and report it, once. Wants the cluster
 * for itself: no stage may be open. */
bool rehearsal_note_other(Rehearsal *rehearsal, size_t version, const Fingerprint *taken,
                          Error *err) MUST_CHECK;

/* The upgrade once more for each parameter, with another value of it: where structure or texts of a
 * version come out otherwise, a site with a value of its own could not be proven, and it is
 * reported as nondeterministic, by an object of kind "parameter". A value with which the upgrade
 * does not run says nothing. */
bool rehearsal_pass_values(Rehearsal *rehearsal, Error *err) MUST_CHECK;

/* A transaction per version, then one for all. */
bool rehearsal_pass_atomic(Rehearsal *rehearsal, Error *err) MUST_CHECK;

#endif
