/* What the catalog says about a step outside transactions, before it, after it, and after a run
 * that nobody saw end (ENGINE.md 12, 13). Only an index that was absent before our own attempt is
 * ever dropped. */
#ifndef SEALIFT_APPLIER_PROBE_H
#define SEALIFT_APPLIER_PROBE_H

#include "applier/server/pg_session.h"
#include "base/text.h"
#include "bundles/manifest.h"

typedef enum {
    LOOK_UNKNOWN, /* there is nothing to look at */
    LOOK_ABSENT,
    LOOK_PRESENT,
    LOOK_INVALID, /* an index that was not finished */
    LOOK_PENDING, /* a partition whose detaching was not finished */
} ProbeLook;

/* As the INTENT's result has it: "unknown", "absent" … */
const char *probe_look_name(ProbeLook look);
/* LOOK_UNKNOWN for a name that is none of them. */
ProbeLook probe_look_of_name(const char *name);

/* `names` (may be NULL) gets the qualified names of what was found, one per line; for a partition
 * its parent, then itself. */
bool probe_look(PgSession *session, const Probe *probe, ProbeLook *ret_look, Text *names,
                Error *err) MUST_CHECK;

typedef enum { VERDICT_IS_DONE, VERDICT_NOT_DONE, VERDICT_UNDECIDED } ProbeVerdict;

/* Whether the step was done, from the looks before it and now (pure). What was already so before is
 * not done by us: the step is run again and the server answers. */
ProbeVerdict probe_decide(ProbeKind kind, ProbeLook before, ProbeLook now);

/* Remove what an attempt left: our invalid index, the _ccnew/_ccold that are not in
 * `names_before`, a detaching to finalize. Runs outside transactions. It waits for everybody at
 * work on the table: each statement for `limit_ms` at most (0: without end), then it fails by
 * 57014. */
bool probe_clean(PgSession *session, const Probe *probe, ProbeLook before, const char *names_before,
                 int64_t limit_ms, Error *err) MUST_CHECK;

/* Whether the step's waits block nobody, so that timeouts would only leave rubbish. */
bool probe_waits_freely(ProbeKind kind);

#endif
