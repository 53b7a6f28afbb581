/* The values of a run's parameters: who said which, whether all are there, and what the ledger
 * keeps of them. The command line goes before the site's file, that before what the ledger has from
 * an earlier run, that before the bundle's default; a `resume` keeps what the command line of the
 * run said that it goes on with. A rollback takes for each migration what this was applied with.
 *
 * Values are data: they are shown where a plan is, and stand in no error. */
#ifndef SEALIFT_APPLIER_RUN_PARAMETERS_H
#define SEALIFT_APPLIER_RUN_PARAMETERS_H

#include "applier/ledger/history.h"
#include "applier/schema/fingerprint_read.h"
#include "applier/site/site_parameters.h"
#include "applier/steps/run_units.h"
#include "base/option_table.h"

/* What is said outside of bundle and ledger; all borrowed, each may be NULL. */
typedef struct ParameterRequests {
    const StringArray *set;         /* words of --set: NAME=VALUE */
    const SiteParameterArray *site; /* of applier.conf */
} ParameterRequests;

/* Whether what is said can be for one of these bundles at all. ERROR_USAGE for a word of --set that
 * is no NAME=VALUE, a name given twice or that no bundle knows, and a value that its type or
 * pattern does not allow; ERROR_CONFIG for such a value in the site's file. */
bool parameter_requests_check(const ParameterRequests *requests, const Manifest *const *manifests,
                              size_t count, Error *err) MUST_CHECK;

typedef struct RunParameter {
    const ManifestParameter *parameter; /* borrowed */
    bool needed;                        /* a script of the run's migrations takes it */
    char *value;                        /* owned; NULL: nobody has said it */
    ValueSource source;                 /* … who has */
    char *before;                       /* owned: another one that the last run had, or NULL */
} RunParameter;

/* Indexed as the manifest's parameters. */
typedef struct RunParameters {
    ARRAY_OF(RunParameter) items;
    const char **values; /* owned array of the items' values: what RunTask.values takes */
} RunParameters;

void run_parameters_done(RunParameters *parameters); /* accepts a zeroed one */

typedef enum { RUN_BEGINS_ANEW, RUN_RESUMES } RunParametersFor;

/* Put together what is said for the up of `tasks`, whose manifest all have, and give it to them;
 * NULL: of no run, so that all of the manifest's are needed.
 * Nothing is refused here: run_parameters_check does that. Borrows from the manifest. */
void run_parameters_find(const ParameterRequests *requests, const Manifest *manifest,
                         const History *history, RunParametersFor purpose, RunTaskArray *tasks,
                         RunParameters *ret_parameters);

/* ERROR_TARGET where a needed value is missing (all are named), where the ledger's does not fit any
 * more, and where it is another than the one with which a migration is applied in part. */
bool run_parameters_check(const RunParameters *parameters, const History *history,
                          const Manifest *manifest, Error *err) MUST_CHECK;

/* A line for each needed value that is another than the last run's. */
void run_parameters_warn(const RunParameters *parameters, Text *warnings);

/* Record the needed values, behind the begin event. Inside the caller's transaction. */
bool run_parameters_record(PgSession *session, const RunParameters *parameters,
                           Error *err) MUST_CHECK;

/* Of a rollback: a set for each task that takes values, and what --set said instead. */
typedef struct RollbackParameters {
    ARRAY_OF(RunParameters) sets; /* one for each task; empty where it takes none */
    RunParameters said;           /* by --set, of this run or the one that it goes on with */
} RollbackParameters;

void rollback_parameters_done(RollbackParameters *parameters);

/* Put it together and give it to the tasks. ERROR_USAGE as parameter_requests_check, over all
 * manifests of the tasks; ERROR_TARGET where a value is missing, does not fit, or is another than
 * the one with which the first groups of a migration were taken back. */
bool rollback_parameters_make(const ParameterRequests *requests, const History *history,
                              RunTaskArray *tasks, RollbackParameters *ret_parameters,
                              Error *err) MUST_CHECK;

/* What the rehearsal ran with, as RunTask.values takes it; the caller frees the array, whose texts
 * are the manifest's. */
const char **rehearsed_values(const Manifest *manifest);

/* The names of roles and tablespaces that identifiers of this site are, from the ledger and (where
 * not NULL) from a run that has not recorded its own yet. */
void run_parameters_names(const History *history, const RunParameters *parameters,
                          FingerprintNames *ret_names);

/* Those of the rehearsal. */
void rehearsed_names(const Manifest *manifest, FingerprintNames *ret_names);

#endif
