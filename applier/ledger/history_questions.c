/* What a history says of the database, once it is folded. */
#include <inttypes.h>

#include "applier/ledger/history.h"
#include "base/memory.h"

/* What is behind the number of groups: "", or the batches of the next one. The caller frees. */
static char *batch_words(const AppliedMigration *migration)
{
    const BatchProgress *batch = &migration->batch;
    return batch->batches ? memory_format(" and %" PRId64 " batch%s of the next, %" PRId64 " row%s",
                                          batch->batches, batch->batches == 1 ? "" : "es",
                                          batch->rows, batch->rows == 1 ? "" : "s")
                          : memory_string("");
}

const JournalRow *history_unsettled(const History *history)
{
    return history->unsettled < 0 || !history->journal.count
               ? NULL
               : &history->journal.items[history->unsettled];
}

const AppliedMigration *history_top(const History *history)
{
    const AppliedMigrationArray *stack = &history->migrations;
    return stack->count ? &stack->items[stack->count - 1] : NULL;
}

const AppliedVersion *history_version(const History *history)
{
    const AppliedVersionArray *versions = &history->versions;
    return versions->count ? &versions->items[versions->count - 1] : NULL;
}

const char *history_version_name(const History *history)
{
    const AppliedVersion *version = history_version(history);
    return version ? version->name : "-";
}

const char *history_inside(const History *history, int64_t *ret_count)
{
    const AppliedVersion *version = history_version(history);
    const AppliedMigration *last = history_migration(history, history->position - 1);
    *ret_count = history->position - (version ? version->position : 0);
    return *ret_count > 0 && last ? last->version : NULL;
}

const KnownBundle *history_bundle(const History *history, const Digest *head_digest)
{
    array_each (KnownBundle, bundle, &history->bundles) {
        if (digest_equal(&bundle->head_digest, head_digest))
            return bundle;
    }
    return NULL;
}

static bool is_of_phase(const PastEvent *event, LedgerPhase phase)
{
    return strcmp(event->phase, ledger_phase_name(phase)) == 0;
}

/* The number of events up to and with the last begin or end, or 0. */
static size_t through_last_bound(const History *history)
{
    size_t count = history->events.count;
    while (count && !is_of_phase(&history->events.items[count - 1], PHASE_OF_BEGIN) &&
           !is_of_phase(&history->events.items[count - 1], PHASE_OF_END))
        count--;
    return count;
}

bool history_end_unconfirmed(const History *history)
{
    const PastEvent *events = history->events.items;
    size_t count = through_last_bound(history);
    return count && count < history->events.count &&
           is_of_phase(&events[count - 1], PHASE_OF_END) &&
           is_of_phase(&events[count], PHASE_OF_FAILURE);
}

const PastEvent *history_open_run(const History *history)
{
    size_t count = through_last_bound(history);
    bool unconfirmed = history_end_unconfirmed(history);
    for (; count > 0; count--) {
        const PastEvent *event = &history->events.items[count - 1];
        if (is_of_phase(event, PHASE_OF_BEGIN))
            return event;
        if (!unconfirmed)
            return NULL;
    }
    return NULL;
}

const PastEvent *history_last_event(const History *history)
{
    for (size_t count = history->events.count; count > 0; count--) {
        const PastEvent *event = &history->events.items[count - 1];
        if (strcmp(event->action, ledger_action_name(ACTION_ADOPT)) != 0 ||
            !is_of_phase(event, PHASE_OF_RETURN))
            return event;
    }
    return NULL;
}

/* The caller frees. */
static char *place_words(const LedgerPlace *place)
{
    return memory_format("database %s%s%s(OID %s) of server %s", *place->database ? "'" : "",
                         place->database, *place->database ? "' " : "", place->database_oid,
                         place->system_identifier);
}

char *history_moved_words(const History *history)
{
    CLEANUP(memory_freep) char *before = place_words(&history->identity.last_used);
    CLEANUP(memory_freep) char *here = place_words(&history->here);
    return memory_format("the ledger was last used in %s, this is %s", before, here);
}

int64_t history_depth(const History *history)
{
    return history->adopted + (int64_t)history->migrations.count;
}

const AppliedMigration *history_migration(const History *history, int64_t index)
{
    return index < history->adopted || index >= history_depth(history)
               ? NULL
               : &history->migrations.items[index - history->adopted];
}

const PastArrival *history_arrival(const History *history)
{
    const PastArrivalArray *arrivals = &history->arrivals;
    const PastArrival *last = arrivals->count ? &arrivals->items[arrivals->count - 1] : NULL;
    return last && last->journal_number >= history->last_change &&
                   strcmp(last->version, history_version_name(history)) == 0
               ? last
               : NULL;
}

bool history_is_at_version(const History *history)
{
    const AppliedVersion *version = history_version(history);
    return !history->diverged && !history_unsettled(history) &&
           history->position == (version ? version->position : 0) &&
           history_depth(history) == history->position;
}

/* A resumed run says `resume`; its direction is told by the bundle's path, which only an apply has.
 */
bool past_event_applies(const PastEvent *event)
{
    return strcmp(event->action, ledger_action_name(ACTION_APPLY)) == 0 ||
           (strcmp(event->action, ledger_action_name(ACTION_RESUME)) == 0 && *event->bundle_path);
}

char *history_unrest(const History *history)
{
    const JournalRow *unsettled = history_unsettled(history);
    if (unsettled)
        return memory_format("step %" PRId64 " of the %s script of migration '%s' (%s) is "
                             "unsettled: it was begun outside a transaction and nobody saw it end",
                             unsettled->first_step, direction_name(unsettled->direction),
                             unsettled->identity, unsettled->version);
    const AppliedMigration *migration = history_top(history);
    CLEANUP(memory_freep) char *batches = migration ? batch_words(migration) : NULL;
    if (migration && migration->state == APPLIED_UP_PARTLY)
        return memory_format("migration '%s' (%s) is applied in part: %" PRId64 " of %" PRId64
                             " groups%s",
                             migration->identity, migration->version, migration->groups_done,
                             migration->group_count, batches);
    if (migration && migration->state == APPLIED_DOWN_PARTLY)
        return memory_format("migration '%s' (%s) is taken back in part: %" PRId64 " of %" PRId64
                             " groups of its down script%s",
                             migration->identity, migration->version, migration->groups_done,
                             migration->group_count, batches);
    array_each (AppliedMigration, each, &history->migrations) {
        if (each->unverified)
            return memory_format("migration '%s' (%s) is applied, but its verify script %s",
                                 each->identity, each->version,
                                 each->verify_failed ? "failed" : "has not run");
    }
    return NULL;
}
