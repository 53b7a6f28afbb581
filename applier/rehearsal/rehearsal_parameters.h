/* What a rehearsal runs with in the place of values that only a site knows: those that the bundle
 * names, and others, by which it is seen whether a value shapes the schema. A role that an
 * identifier may mean must be there before the first step, as a site's DBA has made it; a role that
 * the scripts make themselves is left to them. */
#ifndef SEALIFT_APPLIER_REHEARSAL_PARAMETERS_H
#define SEALIFT_APPLIER_REHEARSAL_PARAMETERS_H

#include "applier/runs/apply_run.h"

typedef struct RehearsalParameters {
    size_t count;
    const char **values;    /* owned array: what the bundle names */
    char **others;          /* owned, texts too: another value of each; NULL where none was found */
    bool *made;             /* owned: a script makes the role of this name */
    FingerprintNames names; /* of both, as parameters */
} RehearsalParameters;

void rehearsal_parameters_done(RehearsalParameters *parameters); /* accepts a zeroed one */

/* Errors are those of reading the bundle's objects. */
bool rehearsal_parameters_make(const ApplyInput *input, RehearsalParameters *ret_parameters,
                               Error *err) MUST_CHECK;

/* Make the roles that `values` may mean and that are not there. */
bool rehearsal_parameters_make_roles(PgSession *admin, const Manifest *manifest,
                                     const RehearsalParameters *parameters,
                                     const char *const *values, Error *err) MUST_CHECK;

#endif
