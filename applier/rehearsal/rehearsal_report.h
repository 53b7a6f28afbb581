/* The rehearsal's report: JSON documents, one a line, as docs/json.md has them. Fingerprints go
 * into files of a folder, each content once. */
#ifndef SEALIFT_APPLIER_REHEARSAL_REPORT_H
#define SEALIFT_APPLIER_REHEARSAL_REPORT_H

#include "applier/rehearsal/measure_snapshot.h"
#include "applier/rehearsal/rehearsal_verdict.h"
#include "bundles/fingerprint.h"

#define REHEARSAL_REPORT_FORMAT 1
#define REHEARSAL_FILE_SIZE     40 /* 32 hex digits, ".txt", NUL */

typedef struct RehearsalReport {
    /* Takes a line with its line feed. */
    bool (*line)(void *context, const char *line, Error *err);
    void *context;
    const char *folder; /* existing */
} RehearsalReport;

/* Write the fingerprint's text into the folder where it is not there yet. Its rows have
 * definitions. */
bool rehearsal_report_file(const RehearsalReport *report, const Fingerprint *fingerprint,
                           char ret_file[static REHEARSAL_FILE_SIZE], Error *err) MUST_CHECK;

typedef struct ReportBegin {
    int64_t server_major;
    const char *server_version;
    const Digest *head_digest;
    const char *to;
    size_t migrations;
    size_t cycles;
} ReportBegin;

bool rehearsal_report_begin(const RehearsalReport *report, const ReportBegin *begin,
                            Error *err) MUST_CHECK;

bool rehearsal_report_progress(const RehearsalReport *report, const char *pass, size_t done,
                               size_t total, const char *what, Error *err) MUST_CHECK;

/* `schemas` sorted. */
bool rehearsal_report_scope(const RehearsalReport *report, char *const *schemas, size_t count,
                            Error *err) MUST_CHECK;

/* `arrival`: "up", "down", "again", "chain". */
bool rehearsal_report_fingerprint(const RehearsalReport *report, const char *version,
                                  int64_t position, const char *arrival,
                                  const FingerprintRoots *roots, const char *file,
                                  Error *err) MUST_CHECK;

bool rehearsal_report_measured(const RehearsalReport *report, const ManifestMigration *migration,
                               const char *version, const Measurement *measurement,
                               Error *err) MUST_CHECK;

/* A verdict; `migration` NULL: of the version. `before`, `after`: files or NULL. */
bool rehearsal_report_verdict(const RehearsalReport *report, const ManifestMigration *migration,
                              const char *version, const RehearsalVerdict *verdict,
                              const char *before, const char *after, Error *err) MUST_CHECK;

/* The up fails only where tables hold generated rows. */
bool rehearsal_report_rows(const RehearsalReport *report, const StepFailure *failure,
                           Error *err) MUST_CHECK;

bool rehearsal_report_atomic(const RehearsalReport *report, AtomicMode mode, bool passed,
                             const char *detail, Error *err) MUST_CHECK;

/* `identity` NULL where no migration can be blamed. */
bool rehearsal_report_nondeterministic(const RehearsalReport *report, const char *version,
                                       const char *identity, const FingerprintChangeArray *changes,
                                       Error *err) MUST_CHECK;

/* `proposal` NULL: none. */
bool rehearsal_report_failure(const RehearsalReport *report, const StepFailure *failure,
                              const char *proposal, Error *err) MUST_CHECK;

bool rehearsal_report_end(const RehearsalReport *report, bool passed, Error *err) MUST_CHECK;

#endif
