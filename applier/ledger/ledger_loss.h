/* What the ledger keeps of data that a rollback was allowed to lose: by which migration's name,
 * what it was, and who said so. */
#ifndef SEALIFT_APPLIER_LEDGER_LOSS_H
#define SEALIFT_APPLIER_LEDGER_LOSS_H

#include "applier/server/pg_session.h"
#include "base/array.h"
#include "base/clock.h"

/* Texts owned. */
typedef struct PastLoss {
    int64_t event_number; /* that began the rollback */
    char *identity;
    char *words; /* what was counted then */
    char at[CLOCK_TEXT_SIZE];
    char *session_user;
    char *operating_system_user;
} PastLoss;

typedef ARRAY_OF(PastLoss) PastLossArray;

void past_losses_done(PastLossArray *losses);

/* One that is to be recorded; texts borrowed, or the caller's. */
typedef struct AcceptedLoss {
    const char *identity;
    char *words;
} AcceptedLoss;

typedef ARRAY_OF(AcceptedLoss) AcceptedLossArray;

/* Record them, in one statement, as of the run whose event was recorded last; none is no
 * statement. For use inside a transaction or alone. */
bool ledger_add_losses(PgSession *session, const AcceptedLossArray *losses, Error *err) MUST_CHECK;

/* All of them, oldest first; the array is empty before. */
bool ledger_read_losses(PgSession *session, PastLossArray *losses, Error *err) MUST_CHECK;

#endif
