#include "applier/ledger/history.h"

#include <inttypes.h>

#include "base/memory.h"

static void applied_migration_done(AppliedMigration *migration)
{
    free(migration->identity);
    free(migration->version);
    free(migration->batch.cursor);
    *migration = (AppliedMigration){0};
}

static void applied_versions_done(AppliedVersionArray *versions)
{
    array_each (AppliedVersion, version, versions)
        free(version->name);
    array_free(versions);
}

static void known_bundle_done(KnownBundle *bundle)
{
    free(bundle->channel);
    free(bundle->covers_from);
    free(bundle->covers_to);
    free(bundle->tree_from);
    free(bundle->tree_to);
    free(bundle->verification);
}

static void past_event_done(PastEvent *event)
{
    char *const texts[] = {event->action,       event->phase,
                           event->from_version, event->to_version,
                           event->session_user, event->current_user,
                           event->client_host,  event->operating_system_user,
                           event->applier,      event->server_version,
                           event->bundle_path,  event->sqlstate,
                           event->words,        event->settings,
                           event->run_id,       event->run_phase};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
}

void history_done(History *history)
{
    array_each (JournalRow, row, &history->journal)
        journal_row_done(row);
    array_free(&history->journal);
    array_each (AppliedMigration, migration, &history->migrations)
        applied_migration_done(migration);
    array_free(&history->migrations);
    applied_versions_done(&history->versions);
    applied_versions_done(&history->completed);
    array_each (KnownBundle, bundle, &history->bundles)
        known_bundle_done(bundle);
    array_free(&history->bundles);
    array_each (PastEvent, event, &history->events)
        past_event_done(event);
    array_free(&history->events);
    past_arrivals_done(&history->arrivals);
    past_backups_done(&history->backups);
    past_losses_done(&history->losses);
    past_parameters_done(&history->parameters);
    accepted_extras_done(&history->accepted);
    free(history->diverged);
    *history = (History){.unsettled = -1};
}

/* --- folding --------------------------------------------------------------------------------- */

static AppliedMigration *top(History *history)
{
    AppliedMigrationArray *stack = &history->migrations;
    return stack->count ? &stack->items[stack->count - 1] : NULL;
}

static bool is_top(const AppliedMigration *migration, const JournalRow *row)
{
    return migration && strcmp(migration->identity, row->identity) == 0 &&
           digest_equal(&migration->up_digest, &row->up_digest);
}

static void pop_versions_above(History *history, int64_t position)
{
    AppliedVersionArray *versions = &history->versions;
    while (versions->count && versions->items[versions->count - 1].position > position)
        free(versions->items[--versions->count].name);
}

static void forget_batch(AppliedMigration *migration)
{
    free(migration->batch.cursor);
    migration->batch = (BatchProgress){0};
}

/* A migration of whose first group, which runs in batches, a part is there. */
static bool is_in_batches(const AppliedMigration *migration)
{
    return migration && migration->state == APPLIED_UP_PARTLY && migration->groups_done == 0 &&
           migration->batch.batches > 0;
}

/* Something of a group up is there: of a new migration, or of the one on top. */
static const char *begin_up(History *history, const JournalRow *row)
{
    AppliedMigration *migration = top(history);
    if (row->group == 1 && !is_in_batches(migration)) {
        if (migration && migration->state != APPLIED_WHOLLY)
            return "begins a migration while another is applied in part";
        migration = array_add(&history->migrations);
        migration->identity = memory_string(row->identity);
        migration->version = memory_string(row->version);
        migration->up_digest = row->up_digest;
        migration->state = APPLIED_UP_PARTLY;
    }
    if (!is_top(migration, row) || migration->state != APPLIED_UP_PARTLY ||
        migration->groups_done != row->group - 1)
        return "is a group out of order";
    migration->head_digest = row->head_digest;
    migration->group_count = row->group_count;
    migration->duration_ms += row->duration_ms;
    migration->journal_number = row->number;
    memcpy(migration->applied_at, row->at, sizeof(row->at));
    return NULL;
}

static const char *group_up(History *history, const JournalRow *row)
{
    const char *trouble = begin_up(history, row);
    AppliedMigration *migration = top(history);
    if (trouble)
        return trouble;
    migration->groups_done = row->group;
    forget_batch(migration);
    if (row->complete) {
        migration->state = APPLIED_WHOLLY;
        migration->unverified = strcmp(row->result, JOURNAL_UNVERIFIED) == 0;
        history->position++;
    }
    return NULL;
}

/* Something of a group down is there. A migration that is applied in part can be taken back as
 * well: its down script then begins at its first group. */
static const char *begin_down(History *history, const JournalRow *row)
{
    AppliedMigration *migration = top(history);
    if (!is_top(migration, row))
        return "takes back a migration that is not the last one";
    if (row->group == 1 && migration->state != APPLIED_DOWN_PARTLY) {
        if (migration->state == APPLIED_WHOLLY)
            history->position--;
        migration->state = APPLIED_DOWN_PARTLY;
        migration->groups_done = 0;
        forget_batch(migration);
        migration->unverified = migration->verify_failed = false;
        pop_versions_above(history, history->position);
    }
    if (migration->state != APPLIED_DOWN_PARTLY || migration->groups_done != row->group - 1)
        return "is a group out of order";
    migration->group_count = row->group_count;
    migration->journal_number = row->number;
    return NULL;
}

static const char *group_down(History *history, const JournalRow *row)
{
    const char *trouble = begin_down(history, row);
    AppliedMigration *migration = top(history);
    if (trouble)
        return trouble;
    migration->groups_done = row->group;
    forget_batch(migration);
    if (row->complete) {
        applied_migration_done(migration);
        history->migrations.count--;
    }
    return NULL;
}

static const char *group_committed(History *history, const JournalRow *row)
{
    return row->direction == DIRECTION_UP ? group_up(history, row) : group_down(history, row);
}

/* A range of a batch is there; its group is not done. */
static const char *batch_committed(History *history, const JournalRow *row)
{
    const char *trouble =
        row->direction == DIRECTION_UP ? begin_up(history, row) : begin_down(history, row);
    uint64_t rows = 0;
    if (trouble)
        return trouble;
    if (row->complete || !text_parse_uint(row->result, strlen(row->result), INT64_MAX, &rows))
        return "is no range of a batch";
    BatchProgress *batch = &top(history)->batch;
    batch->batches++;
    batch->rows += (int64_t)rows;
    free(batch->cursor);
    batch->cursor = memory_string(row->words);
    return NULL;
}

/* Rows after which an earlier INTENT has its answer. */
static const char *answer(History *history, const JournalRow *row, bool same)
{
    if (!same)
        return "answers an intent that is not there";
    history->unsettled = -1;
    return strcmp(row->result, JOURNAL_DONE) == 0 || strcmp(row->result, JOURNAL_UNVERIFIED) == 0
               ? group_committed(history, row)
               : NULL;
}

static const char *verified(History *history, const JournalRow *row)
{
    for (size_t i = history->migrations.count; i > 0; i--) {
        AppliedMigration *migration = &history->migrations.items[i - 1];
        if (!is_top(migration, row))
            continue;
        bool passed = strcmp(row->result, JOURNAL_PASSED) == 0;
        migration->unverified = !passed;
        migration->verify_failed = !passed;
        return NULL;
    }
    return "verifies a migration that is not applied";
}

static const char *version_marker(History *history, const JournalRow *row)
{
    if (row->direction == DIRECTION_UP)
        return NULL; /* its row in table version says the rest */
    AppliedVersionArray *versions = &history->versions;
    if (versions->count <= history->was_adopted ||
        strcmp(versions->items[versions->count - 1].name, row->version) != 0)
        return "takes back a version that is not the last one";
    free(versions->items[--versions->count].name);
    return NULL;
}

static const char *adopted(History *history, const JournalRow *row)
{
    if (row->number != 1)
        return "adopts a database that holds something already";
    history->was_adopted = true;
    history->adopted = history->position = row->position_after;
    return NULL;
}

static const char *fold_row(History *history, const JournalRow *row, size_t index)
{
    bool answers = row->kind == JOURNAL_OUTCOME || row->kind == JOURNAL_SETTLED;
    const JournalRow *asked = history_unsettled(history);
    bool same = asked && asked->group == row->group && asked->direction == row->direction &&
                strcmp(asked->identity, row->identity) == 0;
    /* A group with effects outside the database has an intent before it, which its row answers. */
    if (asked && !answers &&
        !(same && asked->kind == JOURNAL_INTENT &&
          (row->kind == JOURNAL_GROUP || row->kind == JOURNAL_BROKEN)))
        return "follows an intent without an answer";
    switch (row->kind) {
    case JOURNAL_GROUP:
        history->unsettled = -1;
        return group_committed(history, row);
    case JOURNAL_BATCH:
        return batch_committed(history, row);
    case JOURNAL_INTENT:
    case JOURNAL_BROKEN:
        history->unsettled = (int64_t)index;
        return NULL;
    case JOURNAL_OUTCOME:
    case JOURNAL_SETTLED:
        return answer(history, row, same);
    case JOURNAL_VERIFIED:
        return verified(history, row);
    case JOURNAL_VERSION:
        return version_marker(history, row);
    case JOURNAL_ADOPTED:
        return adopted(history, row);
    }
    return "is of an unknown kind";
}

static void fold_versions_of(History *history, const JournalRow *row, size_t *next)
{
    for (; *next < history->completed.count; ++*next) {
        const AppliedVersion *version = &history->completed.items[*next];
        if (version->journal_number > row->number)
            return;
        AppliedVersion *added = array_add(&history->versions);
        *added = *version;
        added->name = memory_string(version->name);
    }
}

static void forget(History *history)
{
    array_each (AppliedMigration, migration, &history->migrations)
        applied_migration_done(migration);
    array_free(&history->migrations);
    applied_versions_done(&history->versions);
    free(history->diverged);
    history->diverged = NULL;
    history->position = history->adopted = history->last_change = 0;
    history->was_adopted = false;
}

/* Rows of runs that did something; an outcome may say that nothing was done. */
static bool changes_something(const JournalRow *row)
{
    bool answer = row->kind == JOURNAL_OUTCOME || row->kind == JOURNAL_SETTLED;
    bool nothing =
        strcmp(row->result, JOURNAL_FAILED) == 0 || strcmp(row->result, JOURNAL_NOT_DONE) == 0;
    return row->kind != JOURNAL_VERIFIED && row->kind != JOURNAL_INTENT && !(answer && nothing);
}

void history_fold(History *history)
{
    size_t next_version = 0;
    CLEANUP(error_done) Error error = {0};
    forget(history);
    journal_chain_begin(&history->chain);
    history->unsettled = -1;
    for (size_t i = 0; i < history->journal.count; i++) {
        const JournalRow *row = &history->journal.items[i];
        if (!journal_chain_check(&history->chain, row, &error)) {
            history->diverged = memory_string(error.message);
            return;
        }
        const char *trouble = fold_row(history, row, i);
        bool counts = row->kind == JOURNAL_GROUP || row->kind == JOURNAL_BATCH ||
                      row->kind == JOURNAL_OUTCOME || row->kind == JOURNAL_SETTLED ||
                      row->kind == JOURNAL_VERSION;
        if (changes_something(row))
            history->last_change = row->number;
        if (!trouble && counts && row->position_after != history->position)
            trouble = "does not fit the number of applied migrations";
        if (trouble) {
            history->diverged = memory_format("the ledger's journal is damaged: row %" PRId64 " %s",
                                              row->number, trouble);
            return;
        }
        fold_versions_of(history, row, &next_version);
    }
}
