/* What the ledger keeps of the schema itself: which proven fingerprint each version was found to
 * have as the database came to it, and what the site has accepted beside it. */
#ifndef SEALIFT_APPLIER_LEDGER_PROOF_H
#define SEALIFT_APPLIER_LEDGER_PROOF_H

#include "applier/schema/accepted_extra.h"
#include "applier/server/pg_session.h"
#include "base/clock.h"

/* The database came to a version, and its schema was looked at. */
typedef struct PastArrival {
    int64_t journal_number; /* the journal's last row then; set where it was read */
    char *version;          /* "-" for none; owned where it was read, else borrowed, as all texts */
    char *arrival;          /* which of the proven set is equal: "up", …; "" where none is */
    int64_t server_major;
    int64_t compared_major; /* that the proven one was rehearsed on; 0: none */
    FingerprintRoots roots; /* without what is accepted or tolerated */
    bool proven;            /* equal in all that must match, on the same major */
    char at[CLOCK_TEXT_SIZE];
} PastArrival;

typedef ARRAY_OF(PastArrival) PastArrivalArray;

void past_arrivals_done(PastArrivalArray *arrivals);

/* For use inside a transaction or alone. */
bool ledger_add_arrival(PgSession *session, const PastArrival *arrival, Error *err) MUST_CHECK;
bool ledger_add_accepted(PgSession *session, const AcceptedExtraArray *accepted,
                         Error *err) MUST_CHECK;

/* All of them, oldest first; the arrays are empty before. ERROR_TARGET for a damaged row. */
bool ledger_read_arrivals(PgSession *session, PastArrivalArray *arrivals, Error *err) MUST_CHECK;
bool ledger_read_accepted(PgSession *session, AcceptedExtraArray *accepted, Error *err) MUST_CHECK;

/* The role that owns the ledger, and so what steps make: who is written as <owner>. NULL where
 * there is no ledger. The caller frees. Needs no rights on it. */
bool ledger_owner(PgSession *session, char **ret_owner, Error *err) MUST_CHECK;

#endif
