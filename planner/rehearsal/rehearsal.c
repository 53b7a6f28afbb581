#include "planner/rehearsal/rehearsal.h"

const char *const rehearsal_arrival_names[REHEARSAL_ARRIVAL_COUNT] = {"up", "down", "again",
                                                                      "chain"};

static void measured_done(RehearsalMeasured *measured)
{
    free(measured->identity);
    array_each (RehearsalRelation, relation, &measured->relations) {
        free(relation->relation);
        free(relation->lock);
    }
    array_free(&measured->relations);
    array_each (char *, index, &measured->invalid_indexes)
        free(*index);
    array_free(&measured->invalid_indexes);
}

static void verdict_done(RehearsalVerdict *verdict)
{
    free(verdict->name);
    free(verdict->detail);
    free(verdict->script);
    free(verdict->source);
    array_each (RehearsalDifference, difference, &verdict->differences) {
        free(difference->change);
        free(difference->class);
        free(difference->kind);
        free(difference->identity);
    }
    array_free(&verdict->differences);
    array_each (RehearsalLoss, loss, &verdict->losses) {
        free(loss->table);
        free(loss->column);
    }
    array_free(&verdict->losses);
}

static void failure_done(RehearsalFailure *failure)
{
    free(failure->identity);
    free(failure->version);
    free(failure->script);
    free(failure->source);
    free(failure->words);
    free(failure->proposal);
}

static void unsteady_done(RehearsalUnsteady *unsteady)
{
    free(unsteady->version);
    free(unsteady->identity);
    free(unsteady->kind);
    free(unsteady->object);
}

static void findings_free(Rehearsal *rehearsal)
{
    array_each (RehearsalRows, rows, &rehearsal->rows) {
        free(rows->identity);
        free(rows->detail);
    }
    array_free(&rehearsal->rows);
    array_each (RehearsalAtomic, atomic, &rehearsal->atomic)
        free(atomic->detail);
    array_free(&rehearsal->atomic);
    array_each (RehearsalUnsteady, unsteady, &rehearsal->unsteady)
        unsteady_done(unsteady);
    array_free(&rehearsal->unsteady);
    array_each (RehearsalFailure, failure, &rehearsal->failures)
        failure_done(failure);
    array_free(&rehearsal->failures);
}

void rehearsal_done(Rehearsal *rehearsal)
{
    free(rehearsal->server_version);
    free(rehearsal->applier);
    free(rehearsal->head_digest);
    free(rehearsal->progress.pass);
    free(rehearsal->progress.what);
    array_each (char *, schema, &rehearsal->scope)
        free(*schema);
    array_free(&rehearsal->scope);
    array_each (RehearsalFingerprint, fingerprint, &rehearsal->fingerprints)
        free(fingerprint->version);
    array_free(&rehearsal->fingerprints);
    array_each (RehearsalMeasured, measured, &rehearsal->measured)
        measured_done(measured);
    array_free(&rehearsal->measured);
    array_each (RehearsalVerdict, verdict, &rehearsal->verdicts)
        verdict_done(verdict);
    array_free(&rehearsal->verdicts);
    findings_free(rehearsal);
    *rehearsal = (Rehearsal){0};
}

void rehearsals_done(RehearsalArray *rehearsals)
{
    array_each (Rehearsal, rehearsal, rehearsals)
        rehearsal_done(rehearsal);
    array_free(rehearsals);
}

const RehearsalVerdict *rehearsal_verdict(const Rehearsal *rehearsal, bool of_version,
                                          const char *name)
{
    array_each (const RehearsalVerdict, verdict, &rehearsal->verdicts)
        if (verdict->of_version == of_version && strcmp(verdict->name, name) == 0)
            return verdict;
    return NULL;
}

const RehearsalFingerprint *rehearsal_fingerprint(const Rehearsal *rehearsal, const char *version,
                                                  RehearsalArrival arrival)
{
    array_each (const RehearsalFingerprint, fingerprint, &rehearsal->fingerprints)
        if (fingerprint->arrival == arrival && strcmp(fingerprint->version, version) == 0)
            return fingerprint;
    return NULL;
}

/* How bad a verdict is. What is declared, or plainly not there, is no surprise and ranks before
 * what a rehearsal found wrong. */
static int badness(Verdict verdict)
{
    switch (verdict) {
    case VERDICT_EXACT:
        return 0;
    case VERDICT_IRREVERSIBLE:
        return 1;
    case VERDICT_NONE:
        return 2;
    case VERDICT_COLUMN_ORDER:
        return 3;
    case VERDICT_LOSSY:
        return 4;
    case VERDICT_DIFFERS:
        return 5;
    case VERDICT_FAILS:
        return 6;
    case VERDICT_UNPROVEN:
        return 7;
    }
    return 7;
}

Verdict rehearsal_worse(Verdict a, Verdict b)
{
    return badness(b) > badness(a) ? b : a;
}

bool rehearsal_file_is_valid(const char *name)
{
    return strspn(name, "0123456789abcdef") == 32 && strcmp(name + 32, ".txt") == 0;
}

void rehearsal_file_name(const void *bytes, size_t size, char ret_name[static REHEARSAL_FILE])
{
    char hex[DIGEST_HEX_SIZE];
    Digest digest = digest_of(bytes, size);
    digest_hex(&digest, hex);
    snprintf(ret_name, REHEARSAL_FILE, "%.32s.txt", hex);
}
