#include "planner/rehearsal/rehearsal_gate.h"

#include <inttypes.h>

#include "base/text.h"
#include "migrations/script_directives.h"

#define DETAIL_SHOWN 160 /* bytes of a reason inside a sentence; the report has all of it */
#define NAMED_MAX    5   /* objects or migrations named in one message */

bool rehearsal_is_complete(const RehearsalSubject *subject, const Rehearsal *rehearsal)
{
    if (!rehearsal->ended || rehearsal->failures.count)
        return false;
    array_each (const SubjectMigration, migration, &subject->migrations)
        if (!rehearsal_verdict(rehearsal, /* of_version= */ false, migration->identity))
            return false;
    array_each (const SubjectVersion, version, &subject->versions)
        if (!rehearsal_verdict(rehearsal, /* of_version= */ true, version->name) ||
            !rehearsal_fingerprint(rehearsal, version->name, REHEARSED_UP))
            return false;
    return true;
}

Verdict rehearsal_worst(const RehearsalGate *gate, bool of_version, const char *name,
                        int64_t *ret_major)
{
    bool any = false;
    Verdict worst = VERDICT_UNPROVEN;
    array_each (const Rehearsal, rehearsal, gate->rehearsals) {
        if (!rehearsal_is_complete(gate->subject, rehearsal))
            continue;
        Verdict verdict = rehearsal_verdict(rehearsal, of_version, name)->verdict;
        if (any && rehearsal_worse(worst, verdict) == worst)
            continue;
        worst = verdict;
        any = true;
        if (ret_major)
            *ret_major = rehearsal->major;
    }
    return worst;
}

bool rehearsal_needs_ack(Verdict verdict)
{
    return verdict_is_rehearsed(verdict) && verdict != VERDICT_EXACT;
}

const ScriptAck *rehearsal_ack(const SubjectMigration *migration, Verdict verdict)
{
    char rule[64];
    const ScriptDirectives directives = {.acks = migration->acks};
    snprintf(rule, sizeof(rule), "rollback-%s", verdict_name(verdict));
    return script_directives_ack(&directives, rule);
}

static const Rehearsal *of_major(const RehearsalGate *gate, int64_t major)
{
    array_each (const Rehearsal, rehearsal, gate->rehearsals)
        if (rehearsal->major == major)
            return rehearsal;
    return NULL;
}

/* ": detail" of what was said there, as far as a sentence can hold it, or nothing; the caller
 * frees. */
static char *detail_of(const RehearsalGate *gate, bool of_version, const char *name, int64_t major)
{
    const RehearsalVerdict *verdict = rehearsal_verdict(of_major(gate, major), of_version, name);
    CLEANUP(memory_freep)
    char *line = text_printable(verdict->detail, strlen(verdict->detail), DETAIL_SHOWN);
    return *line ? memory_format(": %s", line) : memory_string("");
}

/* Whether the migration, or with none the version, lies in what is asked about. */
static bool is_asked(const RehearsalGate *gate, const char *identity, const char *version)
{
    for (size_t v = gate->first_version; v < gate->subject->versions.count; v++) {
        const SubjectVersion *at = &gate->subject->versions.items[v];
        if (!*identity && strcmp(at->name, version) == 0)
            return true;
        for (size_t m = 0; m < at->migration_count; m++)
            if (strcmp(gate->subject->migrations.items[at->first_migration + m].identity,
                       identity) == 0)
                return true;
    }
    return false;
}

/* --- the way up --------------------------------------------------------------------------------
 */

static void check_failures(const Rehearsal *rehearsal, FindingArray *findings)
{
    array_each (const RehearsalFailure, failure, &rehearsal->failures) {
        CLEANUP(memory_freep)
        char *hint = failure->proposal
                         ? memory_format("put '-- sealift: %s' at its top", failure->proposal)
                         : memory_string("correct it: nothing behind it was rehearsed");
        /* the server's words begin with it already */
        bool coded = text_has_prefix(failure->words, failure->sqlstate);
        finding_add(findings, FINDING_ERROR, hint,
                    "'%s' does not run on PostgreSQL %" PRId64 ": %s:%" PRId64 ": %s%s%s",
                    failure->identity, rehearsal->major, failure->source, failure->line,
                    coded ? "" : failure->sqlstate, coded ? "" : " ", failure->words);
    }
}

static bool same_place(const RehearsalUnsteady *a, const RehearsalUnsteady *b)
{
    return strcmp(a->identity, b->identity) == 0 && strcmp(a->version, b->version) == 0;
}

/* One finding for each migration, with its first objects. */
static void check_unsteady(const RehearsalGate *gate, const Rehearsal *rehearsal,
                           FindingArray *findings)
{
    const RehearsalUnsteady *all = rehearsal->unsteady.items;
    size_t count = rehearsal->unsteady.count;
    for (size_t i = 0, next; i < count; i = next) {
        CLEANUP(text_done) Text objects = {0};
        for (next = i; next < count && same_place(&all[i], &all[next]); next++)
            if (next - i < NAMED_MAX && *all[next].object)
                text_addf(&objects, "%s%s %s", next > i ? ", " : ": ", all[next].kind,
                          all[next].object);
        if (next - i > NAMED_MAX)
            text_addf(&objects, " and %zu more", next - i - NAMED_MAX);
        if (!is_asked(gate, all[i].identity, all[i].version))
            continue;
        if (strcmp(all[i].kind, "parameter") == 0) {
            finding_add(findings, FINDING_ERROR,
                        "a site with a value of its own could not be proven: leave the value to "
                        "rows, or to names of roles and tablespaces, or fix it in sealift.conf",
                        "version '%s' gets another schema on PostgreSQL %" PRId64
                        " where a site parameter has another value%s",
                        all[i].version, rehearsal->major, text_string(&objects));
            continue;
        }
        finding_add(findings, FINDING_ERROR,
                    "no site could be compared with it: take out what depends on the time, on "
                    "chance or on rows, or name such objects in [fingerprint] tolerate",
                    "%s '%s' leaves another schema each time on PostgreSQL %" PRId64 "%s",
                    *all[i].identity ? "migration" : "version",
                    *all[i].identity ? all[i].identity : all[i].version, rehearsal->major,
                    text_string(&objects));
    }
}

static void check_rows(const RehearsalGate *gate, const Rehearsal *rehearsal,
                       FindingArray *findings)
{
    array_each (const RehearsalRows, rows, &rehearsal->rows)
        if (is_asked(gate, rows->identity, ""))
            finding_add(findings, FINDING_WARNING,
                        "sites have rows: write it so that it holds for them, or give the rows "
                        "that the product has as a seed",
                        "'%s' stops where tables have rows, on PostgreSQL %" PRId64 ": %s",
                        rows->identity, rehearsal->major, rows->detail);
}

/* --- the way back ------------------------------------------------------------------------------
 */

static void check_stale_acks(const SubjectMigration *migration, Verdict worst,
                             FindingArray *findings)
{
    array_each (const ScriptAck, ack, &migration->acks)
        if (text_has_prefix(ack->rule, "rollback-") && ack != rehearsal_ack(migration, worst))
            finding_add(findings, FINDING_WARNING, "take the acknowledgement out",
                        "'%s' acknowledges %s, but its way back is '%s'", migration->identity,
                        ack->rule, verdict_name(worst));
}

/* Adds what is to say of one migration; returns its worst verdict. */
static Verdict check_migration(const RehearsalGate *gate, const SubjectVersion *version,
                               const SubjectMigration *migration, Verdict of_version,
                               FindingArray *findings)
{
    int64_t major = 0;
    Verdict worst = rehearsal_worst(gate, /* of_version= */ false, migration->identity, &major);
    check_stale_acks(migration, worst, findings);
    if (worst == VERDICT_UNPROVEN)
        finding_add(findings, FINDING_ERROR, "'planner rehearse --fresh' tries again",
                    "the way back of '%s' (%s) was not rehearsed", migration->identity,
                    version->name);
    if (!rehearsal_needs_ack(worst) || rehearsal_ack(migration, worst))
        return worst;
    CLEANUP(memory_freep)
    char *detail = detail_of(gate, /* of_version= */ false, migration->identity, major);
    if (of_version == VERDICT_EXACT) {
        finding_add(findings, FINDING_WARNING,
                    "a rollback by single migrations would not restore it",
                    "the way back of '%s' alone is '%s' (PostgreSQL %" PRId64
                    "), of the whole version %s 'exact'%s",
                    migration->identity, verdict_name(worst), major, version->name, detail);
        return worst;
    }
    CLEANUP(memory_freep)
    char *hint = memory_format("correct its down script, or say there that it is meant: "
                               "-- sealift: ack rollback-%s REASON",
                               verdict_name(worst));
    finding_add(findings, FINDING_ERROR, hint,
                "what '%s' (%s) does is not undone: its way back is '%s' on PostgreSQL %" PRId64
                "%s",
                migration->identity, version->name, verdict_name(worst), major, detail);
    return worst;
}

/* Whether single steps say, acknowledged or as errors, what the version's verdict says: one of them
 * is as bad, or acknowledges just that. */
static bool is_explained(const RehearsalGate *gate, const SubjectVersion *version, Verdict verdict,
                         Verdict worst_step)
{
    for (size_t m = 0; m < version->migration_count; m++)
        if (rehearsal_ack(&gate->subject->migrations.items[version->first_migration + m], verdict))
            return true;
    return rehearsal_worse(worst_step, verdict) == worst_step;
}

static void check_version(const RehearsalGate *gate, const SubjectVersion *version,
                          FindingArray *findings)
{
    int64_t major = 0;
    Verdict verdict = rehearsal_worst(gate, /* of_version= */ true, version->name, &major);
    Verdict worst_step = VERDICT_EXACT;
    for (size_t m = 0; m < version->migration_count; m++)
        worst_step = rehearsal_worse(
            worst_step,
            check_migration(gate, version,
                            &gate->subject->migrations.items[version->first_migration + m], verdict,
                            findings));
    if (!rehearsal_needs_ack(verdict) || is_explained(gate, version, verdict, worst_step))
        return;
    CLEANUP(memory_freep)
    char *detail = detail_of(gate, /* of_version= */ true, version->name, major);
    CLEANUP(memory_freep)
    char *hint = memory_format("correct the down scripts, or say in one of them that it is meant: "
                               "-- sealift: ack rollback-%s REASON",
                               verdict_name(verdict));
    finding_add(findings, FINDING_ERROR, hint,
                "what version %s does is not undone: its way back is '%s' on PostgreSQL %" PRId64
                "%s",
                version->name, verdict_name(verdict), major, detail);
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* The migrations that no rehearsal has in a run that counts, by name. */
static void report_missing(const RehearsalGate *gate, FindingArray *findings)
{
    const RehearsalSubject *subject = gate->subject;
    CLEANUP(text_done) Text names = {0};
    size_t missing = 0;
    array_each (const SubjectMigration, migration, &subject->migrations) {
        bool seen = false;
        array_each (const Rehearsal, rehearsal, gate->rehearsals)
            seen |=
                rehearsal_verdict(rehearsal, /* of_version= */ false, migration->identity) != NULL;
        if (!seen && missing++ < NAMED_MAX)
            text_addf(&names, "%s'%s'", names.length ? ", " : "", migration->identity);
    }
    if (missing > NAMED_MAX)
        text_addf(&names, " and %zu more", missing - NAMED_MAX);
    const char *last = subject->versions.items[subject->versions.count - 1].name;
    CLEANUP(memory_freep)
    char *hint = memory_format("'planner rehearse --to %s' runs them on a scratch server", last);
    if (missing)
        finding_add(findings, FINDING_ERROR, hint,
                    "%zu of %zu migrations have not been rehearsed as they are: %s", missing,
                    subject->migrations.count, text_string(&names));
    else
        finding_add(findings, FINDING_ERROR, hint,
                    "no rehearsal ended with version %s as it is, so that nobody knows what taking "
                    "all of it back leaves",
                    last);
}

void rehearsal_gate_check(const RehearsalGate *gate, FindingArray *findings)
{
    bool complete = false, failed = false;
    array_each (const Rehearsal, rehearsal, gate->rehearsals) {
        complete |= rehearsal_is_complete(gate->subject, rehearsal);
        failed |= rehearsal->failures.count > 0;
        check_failures(rehearsal, findings);
        check_unsteady(gate, rehearsal, findings);
        check_rows(gate, rehearsal, findings);
    }
    if (!complete && !failed)
        report_missing(gate, findings);
    for (size_t v = gate->first_version; complete && v < gate->subject->versions.count; v++)
        check_version(gate, &gate->subject->versions.items[v], findings);
}

bool rehearsal_gate_result(const FindingArray *findings, Error *err)
{
    return findings_check(findings, /* project= */ NULL, err);
}
