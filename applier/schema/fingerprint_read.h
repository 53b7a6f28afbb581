/* Takes the fingerprint of a live schema (bundles/fingerprint.h says what one is), from any server
 * that we support, a standby included, as any role that may connect. Changes nothing. */
#ifndef SEALIFT_APPLIER_FINGERPRINT_READ_H
#define SEALIFT_APPLIER_FINGERPRINT_READ_H

#include "applier/server/pg_session.h"
#include "base/array.h"
#include "bundles/fingerprint.h"

/* A site's name for what the vendor could not name: a role or a tablespace that is called so is
 * written as <parameter>, here as in the rehearsal. Texts owned. */
typedef struct FingerprintName {
    char *value;
    char *parameter;
} FingerprintName;

typedef ARRAY_OF(FingerprintName) FingerprintNames;

void fingerprint_names_done(FingerprintNames *names);

/* Add it, unless the value has a parameter already. */
void fingerprint_names_add(FingerprintNames *names, const char *value, const char *parameter);

/* Of what; all borrowed. */
typedef struct FingerprintScope {
    const char *const *schemas; /* NULL: all but the system's and ours */
    size_t schema_count;
    const char *owner;             /* the role that is written as <owner>; NULL: current_user */
    const FingerprintNames *names; /* NULL: none; the owner goes before them */
    bool prepared;                 /* the session was given to fingerprint_prepare */
} FingerprintScope;

typedef enum { FINGERPRINT_HASHES, FINGERPRINT_DEFINITIONS } FingerprintDetail;

/* Let the server plan the query once, for a session that will take many; planning is most of a
 * small schema's time. No transaction may be open. Errors: pg_query's. */
bool fingerprint_prepare(PgSession *session, Error *err) MUST_CHECK;

/* Take it, sorted. In an open transaction it sees what is not committed and works under a savepoint
 * that is rolled back: the settings it pins are gone afterwards. Else it works in a READ ONLY
 * transaction of its own. A lock that is not had in time (views lock what they read) and a recovery
 * conflict on a standby are tried again. Errors: pg_query's; ERROR_TARGET where the lock is not had
 * at all, and where the schema holds what no fingerprint can (a definition beyond the limits in
 * bundle_format.h). */
bool fingerprint_read(PgSession *session, const FingerprintScope *scope, FingerprintDetail detail,
                      Fingerprint *ret_fingerprint, Error *err) MUST_CHECK;

#endif
