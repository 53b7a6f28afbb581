#include "applier/runs/schema_check.h"

#include <inttypes.h>

#include "applier/runs/schema_words.h"
#include "applier/server/retry_policy.h"
#include "base/clock.h"
#include "base/memory.h"

#define SECOND_LOOK_MS 200 /* before a mismatch counts */

bool schema_look(PgSession *session, const ProofSet *set, const AcceptedExtraArray *accepted,
                 const FingerprintNames *names, int arrival, FingerprintDetail detail,
                 ProofResult *ret_result, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint taken = {0};
    CLEANUP(memory_freep) char *owner = NULL;
    if (!ledger_owner(session, &owner, err))
        return false;
    const FingerprintScope scope = {.schemas = (const char *const *)set->scope->scope.items,
                                    .schema_count = set->scope->scope.count,
                                    .owner = owner,
                                    .names = names};
    return fingerprint_read(session, &scope, detail, &taken, err) &&
           proof_compare(set, &taken, accepted, arrival, ret_result, err);
}

const char *schema_tree(const History *history, char buffer[static DIGEST_HEX_SIZE])
{
    const AppliedVersion *version = history_version(history);
    return version ? digest_hex(&version->tree_digest, buffer) : "-";
}

/* --- the check ------------------------------------------------------------------------------- */

static void forget_differences(SchemaReport *report)
{
    array_each (SchemaDifference, difference, &report->differences) {
        free(difference->kind);
        free(difference->identity);
    }
    array_free(&report->differences);
}

void schema_report_done(SchemaReport *report)
{
    forget_differences(report);
    free(report->version);
    free(report->arrival);
    *report = (SchemaReport){0};
}

void schema_check_begin(SchemaCheck *check, const SchemaPolicy *policy, const History *history,
                        const RunParameters *parameters, Text *warnings)
{
    *check = (SchemaCheck){.policy = policy, .warnings = warnings};
    run_parameters_names(history, parameters, &check->names);
    array_each (const AcceptedExtra, extra, &history->accepted) {
        AcceptedExtra *copy = array_add(&check->accepted);
        *copy = *extra;
        copy->kind = memory_string(extra->kind);
        copy->identity = memory_string(extra->identity);
        copy->reason = memory_string(extra->reason);
        copy->came_with = memory_string(extra->came_with);
    }
    check->recorded = check->accepted.count;
}

void schema_check_done(SchemaCheck *check)
{
    array_free(&check->sources);
    accepted_extras_done(&check->accepted);
    fingerprint_names_done(&check->names);
    schema_report_done(&check->report);
    free(check->pending.version);
    free(check->pending.arrival);
    *check = (SchemaCheck){0};
}

/* What the ledger does not have yet of what is accepted. */
static bool write_accepted(const SchemaCheck *check, PgSession *session, Error *err)
{
    size_t fresh = check->accepted.count - check->recorded;
    const AcceptedExtraArray rows = {
        .items = fresh ? check->accepted.items + check->recorded : NULL, .count = fresh};
    return ledger_add_accepted(session, &rows, err);
}

bool schema_check_run_begins(SchemaCheck *check, PgSession *session, Error *err)
{
    if (!write_accepted(check, session, err) ||
        (check->has_pending && !ledger_add_arrival(session, &check->pending, err)))
        return false;
    check->has_pending = false;
    check->recorded = check->accepted.count;
    schema_report_done(&check->report);
    check->last_tree[0] = '\0';
    return true;
}

/* --- a look ---------------------------------------------------------------------------------- */

static void note(SchemaCheck *check, const PgSession *session, const SchemaPlace *place,
                 const ProofSet *set, const ProofResult *result)
{
    SchemaReport *report = &check->report;
    bool equal = result->state == SCHEMA_PROVEN || result->state == SCHEMA_PARTLY;
    schema_report_done(report);
    *report = (SchemaReport){
        .state = result->state,
        .version = memory_string(place->version),
        .arrival = equal ? memory_string(arrival_name(result->entry->fingerprint->arrival)) : NULL,
        .server_major = pg_session_major(session),
        .compared_major = set->server_major,
        .env_differences = result->env_differences,
        .accepted_rows = result->accepted.rows.count,
        .tolerated_rows = result->tolerated.rows.count,
    };
    array_each (const FingerprintChange, change, &result->changes) {
        const FingerprintRow *row = fingerprint_change_row(change);
        *array_add(&report->differences) =
            (SchemaDifference){.change = fingerprint_change_name(change->kind),
                               .class = fingerprint_class_name(row->class),
                               .kind = memory_string(row->kind),
                               .identity = memory_string(row->identity)};
    }
    if (equal)
        snprintf(check->last_tree, sizeof(check->last_tree), "%s", place->tree);
}

static bool look(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                 const ProofSet *set, int arrival, FingerprintDetail detail,
                 ProofResult *ret_result, Error *err)
{
    int64_t begun = clock_monotonic_ms();
    if (!schema_look(session, set, &check->accepted, &check->names, arrival, detail, ret_result,
                     err))
        return false;
    check->look_ms = clock_monotonic_ms() - begun;
    note(check, session, place, set, ret_result);
    return true;
}

/* Somebody may just be at work on the database: a difference is looked at once more before it
 * counts. */
static bool look_twice(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                       const ProofSet *set, ProofResult *ret_result, Error *err)
{
    CLEANUP(proof_result_done) ProofResult first = {0};
    if (!look(check, session, place, set, PROOF_NO_ARRIVAL, FINGERPRINT_HASHES, &first, err))
        return false;
    if (first.state != SCHEMA_DIFFERS) {
        *ret_result = first;
        first = (ProofResult){0};
        return true;
    }
    retry_policy_sleep(SECOND_LOOK_MS);
    return look(check, session, place, set, PROOF_NO_ARRIVAL, FINGERPRINT_HASHES, ret_result, err);
}

static void warn_of_major(SchemaCheck *check, const PgSession *session, const ProofSet *set)
{
    if (set->same_major || check->warned_of_major)
        return;
    check->warned_of_major = true;
    schema_words_add_major(session, set, check->warnings);
}

/* --- what goes into the ledger -------------------------------------------------------------- */

static PastArrival arrival_of(const SchemaReport *report, const ProofResult *result)
{
    return (PastArrival){.version = report->version,
                         .arrival = report->arrival ? report->arrival : (char *)(uintptr_t) "",
                         .server_major = report->server_major,
                         .compared_major = report->compared_major,
                         .roots = result->roots,
                         .proven = report->state == SCHEMA_PROVEN};
}

static bool record(SchemaCheck *check, PgSession *session, const ProofResult *result, bool later,
                   Error *err)
{
    const PastArrival found = arrival_of(&check->report, result);
    if (!later)
        return write_accepted(check, session, err) && ledger_add_arrival(session, &found, err);
    free(check->pending.version);
    free(check->pending.arrival);
    check->pending = found;
    check->pending.version = memory_string(found.version);
    check->pending.arrival = memory_string(found.arrival);
    check->has_pending = true;
    return true;
}

/* --- before ---------------------------------------------------------------------------------- */

static bool has_requests(const SchemaCheck *check)
{
    return check->policy->accepts && check->policy->accepts->count;
}

/* What the operator accepts is found among the differences, and taken out in a second look. */
static bool accept(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                   const ProofSet *set, int arrival, Error *err)
{
    CLEANUP(proof_result_done) ProofResult result = {0};
    check->asked = true;
    return look(check, session, place, set, arrival, FINGERPRINT_DEFINITIONS, &result, err) &&
           accepted_extras_add(&result.changes, check->policy->accepts, &check->accepted,
                               &check->accepted, err);
}

/* The arrival that the ledger says holds. */
static int recorded_arrival(const History *history)
{
    const PastArrival *arrival = history_arrival(history);
    return arrival ? word_table_find(&arrival_words, arrival->arrival) : PROOF_NO_ARRIVAL;
}

/* A run that came to the version that holds was killed between a step outside transactions and the
 * look behind it: the next look counts. */
static bool owes_arrival(const History *history)
{
    const PastEvent *open = history_open_run(history);
    return open && open->from_position != history->position && !history_arrival(history);
}

/* `history` NULL: of another place than where the ledger stands. */
static bool compare_before(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                           const ProofSet *set, const History *history, Error *err)
{
    CLEANUP(proof_result_done) ProofResult result = {0};
    int arrival = history ? recorded_arrival(history) : PROOF_NO_ARRIVAL;
    if (has_requests(check) && !check->asked && !accept(check, session, place, set, arrival, err))
        return false;
    if (!look(check, session, place, set, arrival, FINGERPRINT_HASHES, &result, err))
        return false;
    if (result.state == SCHEMA_DIFFERS)
        return schema_words_drifted(place, &result, err);
    if (check->policy->strict && result.env_differences)
        return schema_words_env_differs(place, &result, err);
    warn_of_major(check, session, set);
    schema_words_add_env(place, &result, check->warnings);
    return !history || !owes_arrival(history) ||
           record(check, session, &result, /* later= */ true, err);
}

bool schema_check_before(SchemaCheck *check, PgSession *session, const History *history, Error *err)
{
    char buffer[DIGEST_HEX_SIZE];
    const SchemaPlace place = {schema_tree(history, buffer), history_version_name(history)};
    CLEANUP(proof_set_done) ProofSet set = {0};
    proof_set_choose(&check->sources, place.tree, pg_session_major(session), &set);
    if (!set.scope && has_requests(check)) {
        error_set(err, ERROR_TARGET,
                  "nothing is proven of the schema of version %s: there is "
                  "nothing that an object could be extra to",
                  place.version);
        return error_hint(err, "leave --accept-extra out");
    }
    if (!set.scope)
        return true;
    if (check->policy->strict && !set.same_major)
        return schema_words_not_rehearsed(session, &set, err);
    return compare_before(check, session, &place, &set, history, err);
}

bool schema_check_in_place(SchemaCheck *check, PgSession *session, const char *superseded,
                           const ManifestVersion *version, Error *err)
{
    char buffer[DIGEST_HEX_SIZE];
    const SchemaPlace place = {digest_hex(&version->tree_digest, buffer), version->name};
    CLEANUP(proof_set_done) ProofSet set = {0};
    proof_set_choose(&check->sources, place.tree, pg_session_major(session), &set);
    if (compare_before(check, session, &place, &set, /* history= */ NULL, err))
        return true;
    return error_wrap(err, "version %s of this database cannot be taken for %s", superseded,
                      version->name);
}

/* --- inside and behind ----------------------------------------------------------------------- */

/* The version that an arrival comes to. */
static void place_of(const RunTask *task, char buffer[static DIGEST_HEX_SIZE],
                     SchemaPlace *ret_place)
{
    const Manifest *manifest = task->manifest;
    size_t index = (size_t)(task->version - manifest->versions.items);
    if (task->direction == DIRECTION_UP || task->in_place)
        *ret_place =
            (SchemaPlace){digest_hex(&task->version->tree_digest, buffer), task->version->name};
    else if (index == 0)
        *ret_place = (SchemaPlace){manifest->head.tree_from, manifest->head.covers_from};
    else
        *ret_place = (SchemaPlace){digest_hex(&task->version[-1].tree_digest, buffer),
                                   task->version[-1].name};
}

/* Where nobody looked before the run, because it began inside a version, what the operator accepts
 * is found here. */
static bool look_and_accept(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                            const ProofSet *set, ProofResult *ret_result, Error *err)
{
    CLEANUP(proof_result_done) ProofResult first = {0};
    if (!look_twice(check, session, place, set, &first, err))
        return false;
    if (first.state == SCHEMA_DIFFERS && has_requests(check) && !check->asked)
        return accept(check, session, place, set, PROOF_NO_ARRIVAL, err) &&
               look(check, session, place, set, PROOF_NO_ARRIVAL, FINGERPRINT_HASHES, ret_result,
                    err);
    *ret_result = first;
    first = (ProofResult){0};
    return true;
}

/* A READ ONLY group takes no row: it is written behind its COMMIT. */
static bool is_read_only(const RunArrival *arrival)
{
    const ManifestScript *script = run_task_script(arrival->task);
    return arrival->in_transaction && script && script->groups.count &&
           script->groups.items[script->groups.count - 1].read_only;
}

static bool is_let_through(const SchemaCheck *check, const SchemaPlace *place)
{
    for (size_t i = 0; i < check->let_through_count; i++)
        if (strcmp(check->let_through[i], place->version) == 0)
            return true;
    return false;
}

static void warn_of_let_through(SchemaCheck *check, const SchemaPlace *place,
                                const ProofResult *result)
{
    schema_words_add_let_through(place, result, check->warnings);
    snprintf(check->last_tree, sizeof(check->last_tree), "%s", place->tree);
}

/* Inside a transaction the look is lock time (ENGINE.md 15). */
static bool postpone(SchemaCheck *check)
{
    int64_t most = check->policy->look_under_lock_ms;
    if (most > 0 && check->look_ms <= most)
        return false;
    if (!check->warned_of_time)
        text_addf(check->warnings,
                  "a look at the schema takes %" PRId64 " ms here: versions are compared behind "
                  "their COMMIT, so that no lock is held meanwhile\n",
                  check->look_ms);
    check->warned_of_time = true;
    schema_report_done(&check->report);
    return true;
}

/* What is accepted is on record with the COMMIT, or now; a transaction that is tried again has
 * written nothing. */
static bool record_pending(SchemaCheck *check, PgSession *session, Error *err)
{
    if (check->has_pending && (!write_accepted(check, session, err) ||
                               !ledger_add_arrival(session, &check->pending, err)))
        return false;
    check->has_pending = false;
    check->recorded = check->accepted.count;
    return true;
}

bool schema_check_arrived(void *context, PgSession *session, const RunArrival *arrival, Error *err)
{
    SchemaCheck *check = context;
    bool postponed = check->postponed;
    check->postponed = false;
    return postponed ? schema_check_arrives(check, session, arrival, err)
                     : record_pending(check, session, err);
}

bool schema_check_arrives(void *context, PgSession *session, const RunArrival *arrival, Error *err)
{
    SchemaCheck *check = context;
    char buffer[DIGEST_HEX_SIZE];
    SchemaPlace place;
    CLEANUP(proof_set_done) ProofSet set = {0};
    CLEANUP(proof_result_done) ProofResult result = {0};
    place_of(arrival->task, buffer, &place);
    proof_set_choose(&check->sources, place.tree, pg_session_major(session), &set);
    if (!set.scope) {
        schema_report_done(&check->report);
        return true;
    }
    if (check->policy->strict && !set.same_major)
        return schema_words_not_rehearsed(session, &set, err);
    check->postponed = arrival->in_transaction && postpone(check);
    if (check->postponed)
        return true;
    if (!look_and_accept(check, session, &place, &set, &result, err))
        return false;
    bool differs_as_accepted = result.state == SCHEMA_DIFFERS && is_let_through(check, &place);
    if (differs_as_accepted)
        warn_of_let_through(check, &place, &result);
    bool good = result.state != SCHEMA_DIFFERS || differs_as_accepted;
    /* what a step outside transactions left stays, and status must be able to say so */
    if ((good || !arrival->in_transaction) &&
        !record(check, session, &result, is_read_only(arrival), err))
        return false;
    if (!good)
        return schema_words_came_out_otherwise(&place, &result, arrival->in_transaction, err);
    warn_of_major(check, session, &set);
    schema_words_add_env(&place, &result, check->warnings);
    return true;
}

static bool look_at_end(SchemaCheck *check, PgSession *session, const SchemaPlace *place,
                        const ProofSet *set, Error *err)
{
    CLEANUP(proof_result_done) ProofResult result = {0};
    if (!look_and_accept(check, session, place, set, &result, err)) {
        err->class = err->class == ERROR_TARGET ? ERROR_UNSETTLED : err->class;
        return false;
    }
    if (!record(check, session, &result, /* later= */ false, err))
        return false;
    if (result.state == SCHEMA_DIFFERS && is_let_through(check, place)) {
        warn_of_let_through(check, place, &result);
        return true;
    }
    if (result.state != SCHEMA_DIFFERS) {
        schema_words_add_env(place, &result, check->warnings);
        return true;
    }
    schema_words_came_out_otherwise(place, &result, /* undone= */ false, err);
    err->class = ERROR_UNSETTLED;
    return false;
}

bool schema_check_end(SchemaCheck *check, PgSession *session, const char *tree, const char *version,
                      Error *err)
{
    const SchemaPlace place = {tree, version};
    CLEANUP(proof_set_done) ProofSet set = {0};
    proof_set_choose(&check->sources, tree, pg_session_major(session), &set);
    return !set.scope || strcmp(check->last_tree, tree) == 0 ||
           look_at_end(check, session, &place, &set, err);
}
