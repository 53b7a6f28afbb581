#include "applier/runs/rollback_plan.h"

#include <inttypes.h>

#include "base/memory.h"

void rollback_list_done(RollbackList *list)
{
    array_free(&list->items);
    *list = (RollbackList){0};
}

/* Where a rollback ends: `keep` migrations and `keep_versions` versions stay. */
typedef struct Line {
    size_t keep;
    size_t keep_versions;
} Line;

static size_t versions_through(const History *history, size_t keep)
{
    size_t count = 0;
    array_each (AppliedVersion, version, &history->versions) {
        if (version->position <= (int64_t)keep)
            count++;
    }
    return count;
}

/* Where the database stood as a run began. False where that is not below where it stands now: what
 * the run brought is taken back already. */
static bool line_of_start(const History *history, const PastEvent *begin, Line *ret_line)
{
    Line line = {.keep = (size_t)begin->from_position};
    if (strcmp(begin->from_version, "-") != 0) {
        line.keep_versions = history->versions.count;
        while (line.keep_versions && strcmp(history->versions.items[line.keep_versions - 1].name,
                                            begin->from_version) != 0)
            line.keep_versions--;
        if (!line.keep_versions)
            return false;
    }
    *ret_line = line;
    return (int64_t)line.keep < history_depth(history) ||
           line.keep_versions < history->versions.count;
}

/* Whether `open`, which has no end on record, had done its work as `begin` came behind it. */
static bool had_arrived(const PastEvent *open, const PastEvent *begin)
{
    return open->to_position == begin->from_position &&
           strcmp(open->to_version, begin->from_version) == 0;
}

/* A rollback that was killed when only its end was not on record, and is asked for again. */
static bool is_done_already(const History *history)
{
    const PastEvent *open = history_open_run(history);
    CLEANUP(memory_freep) char *unrest = history_unrest(history);
    return open && !past_event_applies(open) && !unrest && open->to_position == history->position &&
           strcmp(open->to_version, history_version_name(history)) == 0;
}

static bool stands_as_adopted(const History *history)
{
    return history->was_adopted && !history->migrations.count && history->versions.count == 1;
}

static bool below_adopted(const History *history, Error *err)
{
    const char *name = history->versions.count ? history->versions.items[0].name : "-";
    error_set(err, ERROR_TARGET,
              "there is no way back below version %s: the database was adopted at it, and Sealift "
              "has brought nothing of it",
              name);
    return error_hint(err, "restore a backup to go further back");
}

/* The start of the last apply that is still in force. One that did not reach its end and those that
 * went on with it are one: what an operator calls the last application is what they brought
 * together. */
static bool line_of_last_run(const History *history, Line *ret_line, Error *err)
{
    const PastEvent *first = NULL; /* of the chain that goes on */
    const PastEvent *open = NULL;  /* the last apply without an end */
    bool found = false;
    Line line;
    *ret_line = (Line){(size_t)history_depth(history), history->versions.count};
    if (is_done_already(history))
        return true;
    array_each (PastEvent, event, &history->events) {
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_END)) == 0)
            open = NULL;
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_BEGIN)) != 0)
            continue;
        bool applies = past_event_applies(event);
        if (applies && (!open || had_arrived(open, event)))
            first = event;
        open = applies ? event : NULL;
        if (applies && line_of_start(history, first, &line)) {
            *ret_line = line;
            found = true;
        }
    }
    if (found || (!history->migrations.count && !history->versions.count))
        return true;
    if (stands_as_adopted(history))
        return below_adopted(history, err);
    error_set(err, ERROR_TARGET, "the ledger does not say where the last run began");
    return error_hint(err, "say how far back: --to VERSION or --steps N");
}

static bool line_of_version(const History *history, const char *name, Line *ret_line, Error *err)
{
    if (strcmp(name, "-") == 0 && history->was_adopted)
        return below_adopted(history, err);
    if (strcmp(name, "-") == 0) {
        *ret_line = (Line){0, 0};
        return true;
    }
    for (size_t i = history->versions.count; i > 0; i--) {
        const AppliedVersion *version = &history->versions.items[i - 1];
        if (strcmp(version->name, name) != 0)
            continue;
        *ret_line = (Line){(size_t)version->position, i};
        return true;
    }
    CLEANUP(text_done) Text names = {0};
    array_each (AppliedVersion, version, &history->versions)
        text_addf(&names, "%s%s", names.length ? ", " : "", version->name);
    if (!history->versions.count && !history->migrations.count)
        return error_set(err, ERROR_TARGET,
                         "the database does not hold version '%s': nothing is applied", name);
    error_set(err, ERROR_TARGET, "the database does not hold version '%s': it is at %s", name,
              history_version_name(history));
    if (history->was_adopted)
        return error_hint(err, "it can go back to: %s; below the first it was adopted",
                          text_string(&names));
    return error_hint(err, "it can go back to: %s%s- (nothing)", text_string(&names),
                      names.length ? ", " : "");
}

static bool find_line(const History *history, const RollbackTarget *target, Line *ret_line,
                      Error *err)
{
    if (target->to_version) {
        if (!line_of_version(history, target->to_version, ret_line, err))
            return false;
        if (target->has_position && target->position > (int64_t)ret_line->keep)
            ret_line->keep = (size_t)target->position;
        return true;
    }
    if (target->steps == 0)
        return line_of_last_run(history, ret_line, err);
    int64_t count = (int64_t)history->migrations.count;
    if (target->steps > count && history->was_adopted)
        return below_adopted(history, err);
    if (target->steps > count)
        return error_set(err, ERROR_TARGET,
                         "%" PRId64 " steps back cannot be: %" PRId64 " migrations are applied",
                         target->steps, count);
    size_t keep = (size_t)(history_depth(history) - target->steps);
    *ret_line = (Line){keep, versions_through(history, keep)};
    return true;
}

bool rollback_list_make(const History *history, const RollbackTarget *target,
                        RollbackList *ret_list, Error *err)
{
    if (history->diverged)
        return error_set(err, ERROR_TARGET, "%s", history->diverged);
    if (history_unsettled(history)) {
        CLEANUP(memory_freep) char *unrest = history_unrest(history);
        error_set(err, ERROR_TARGET, "%s", unrest);
        return error_hint(err, "'applier resume' settles it");
    }
    Line line = {0};
    if (!find_line(history, target, &line, err))
        return false;
    RollbackList list = {.from_version = history_version_name(history),
                         .to_position = (int64_t)line.keep};
    for (int64_t i = history_depth(history); i > (int64_t)line.keep; i--)
        *array_add(&list.items) =
            (RollbackItem){.migration = history_migration(history, i - 1), .position = i - 1};
    /* what the migrations above have not taken with them */
    size_t left = versions_through(history, line.keep);
    for (size_t i = left; i > line.keep_versions; i--)
        *array_add(&list.items) =
            (RollbackItem){.version = &history->versions.items[i - 1],
                           .below = i > 1 ? &history->versions.items[i - 2] : NULL,
                           .position = (int64_t)line.keep};
    size_t stays = left < line.keep_versions ? left : line.keep_versions;
    list.to_version = stays ? history->versions.items[stays - 1].name : "-";
    list.inside_count =
        list.to_position - (stays ? history->versions.items[stays - 1].position : 0);
    const AppliedMigration *last = history_migration(history, list.to_position - 1);
    if (list.inside_count > 0 && last)
        list.inside = last->version;
    *ret_list = list;
    return true;
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void explain(Text *missing, const ManifestMigration *migration)
{
    if (migration->verdict == VERDICT_IRREVERSIBLE)
        text_addf(missing, "%s'%s' is irreversible%s%s", missing->length ? "; " : "",
                  migration->identity, migration->irreversible_reason ? ": " : "",
                  migration->irreversible_reason ? migration->irreversible_reason : "");
    else
        text_addf(missing, "%s'%s' has no down script", missing->length ? "; " : "",
                  migration->identity);
}

static const ManifestVersion *version_named(const Manifest *manifest, const char *name)
{
    array_each (ManifestVersion, version, &manifest->versions) {
        if (strcmp(version->name, name) == 0)
            return version;
    }
    /* one that only took another's place here */
    bool start = manifest->start.name && strcmp(manifest->start.name, name) == 0;
    return start ? &manifest->start : NULL;
}

/* Whether the version below is the one that this one took the place of, with the same schema. */
static bool is_in_place(const RollbackItem *item, const Manifest *manifest,
                        const ManifestVersion *version)
{
    size_t number =
        version == &manifest->start ? 0 : (size_t)(version - manifest->versions.items) + 1;
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        if (superseded->version == number && superseded->same_schema && item->below &&
            digest_equal(&superseded->tree_digest, &item->below->tree_digest))
            return true;
    return false;
}

static bool not_stored(const char *what, const char *name, Error *err)
{
    return error_set(err, ERROR_TARGET,
                     "the bundle that the ledger keeps for %s '%s' does not hold it", what, name);
}

static bool add_migration(const RollbackItem *item, const Manifest *manifest, RunTask task,
                          RunTaskArray *tasks, Text *missing, Error *err)
{
    const AppliedMigration *applied = item->migration;
    const ManifestMigration *migration = manifest_find(manifest, applied->identity);
    if (!migration || !digest_equal(&migration->up_digest, &applied->up_digest))
        return not_stored("migration", applied->identity, err);
    if (!migration->scripts[SCRIPT_DOWN].present || migration->verdict == VERDICT_IRREVERSIBLE) {
        explain(missing, migration);
        return true;
    }
    task.migration = migration;
    task.version = &manifest->versions.items[migration->version];
    task.partly = applied->state != APPLIED_WHOLLY;
    if (applied->state == APPLIED_DOWN_PARTLY) {
        task.first_group = (size_t)applied->groups_done;
        task.batch = applied->batch;
    }
    task.position = item->position + (task.partly ? 0 : 1);
    *array_add(tasks) = task;
    return true;
}

static bool add_item(const RollbackItem *item, RollbackSource source, void *context,
                     RunTaskArray *tasks, Text *missing, Error *err)
{
    RunTask task = {.direction = DIRECTION_DOWN, .position = item->position};
    task.head_digest = item->migration ? item->migration->head_digest : item->version->head_digest;
    if (!source(context, &task.head_digest, &task.manifest, &task.objects, err))
        return false;
    if (item->migration)
        return add_migration(item, task.manifest, task, tasks, missing, err);
    task.version = version_named(task.manifest, item->version->name);
    if (!task.version)
        return not_stored("version", item->version->name, err);
    task.in_place = is_in_place(item, task.manifest, task.version);
    *array_add(tasks) = task;
    return true;
}

bool rollback_plan_tasks(const RollbackList *list, RollbackSource source, void *context,
                         RunTaskArray *ret_tasks, Error *err)
{
    RunTaskArray tasks = {0};
    CLEANUP(text_done) Text missing = {0};
    array_each (RollbackItem, item, &list->items) {
        if (!add_item(item, source, context, &tasks, &missing, err)) {
            array_free(&tasks);
            return false;
        }
    }
    if (missing.length) {
        array_free(&tasks);
        error_set(err, ERROR_TARGET, "there is no way back: %s", text_string(&missing));
        return error_hint(err, "nothing was done; go back less far (--steps, --to), or restore a "
                               "backup");
    }
    *ret_tasks = tasks;
    return true;
}

/* --- what was rehearsed ---------------------------------------------------------------------- */

void ways_back_done(WayBackArray *ways)
{
    array_each (WayBack, way, ways) {
        free(way->version);
        free(way->identity);
        free(way->detail);
        array_each (LostObject, lost, &way->lost)
            free(lost->identity);
        array_free(&way->lost);
    }
    array_free(ways);
}

/* Of two rehearsals the one on this server major, else the one whose verdict stands. */
static const ManifestRehearsal *rehearsal_of(const RunTask *task, int64_t server_major)
{
    const Manifest *manifest = task->manifest;
    size_t index = (size_t)(task->migration - manifest->migrations.items);
    const ManifestRehearsal *found = NULL;
    array_each (const ManifestRehearsal, rehearsal, &manifest->rehearsals) {
        if (rehearsal->of_version || rehearsal->index != index)
            continue;
        if (rehearsal->server_major == server_major)
            return rehearsal;
        if (!found || rehearsal->verdict > found->verdict)
            found = rehearsal;
    }
    return found;
}

/* What is known of a way back comes from its rehearsal. */
static size_t unknown_of(const RunTask *task, Verdict verdict)
{
    const ManifestScript *script = run_task_script(task);
    size_t count = 0;
    if (!script || verdict_is_rehearsed(verdict))
        return 0;
    array_each (const ManifestStep, step, &script->steps)
        count += step->destructive;
    return count;
}

void rollback_plan_ways(const RunTaskArray *tasks, int64_t server_major, WayBackArray *ret_ways)
{
    *ret_ways = (WayBackArray){0};
    array_each (const RunTask, task, tasks) {
        const ManifestRehearsal *rehearsal =
            task->migration ? rehearsal_of(task, server_major) : NULL;
        Verdict verdict = rehearsal         ? rehearsal->verdict
                          : task->migration ? task->migration->verdict
                                            : VERDICT_EXACT;
        *array_add(ret_ways) = (WayBack){
            .version = memory_string(task->version->name),
            .identity = task->migration ? memory_string(task->migration->identity) : NULL,
            .verdict = verdict,
            .unknown = unknown_of(task, verdict),
            .detail = memory_string(rehearsal ? rehearsal->detail : ""),
        };
    }
}

bool rollback_plan_check_ways(const WayBackArray *ways, Error *err)
{
    CLEANUP(text_done) Text failing = {0};
    array_each (const WayBack, way, ways)
        if (way->verdict == VERDICT_FAILS)
            text_addf(&failing, "%s'%s' (%s)%s%s", failing.length ? "; " : "", way->identity,
                      way->version, *way->detail ? ": " : "", way->detail);
    if (!failing.length)
        return true;
    error_set(err, ERROR_TARGET, "taking this back failed when it was rehearsed: %s",
              text_string(&failing));
    return error_hint(err, "nothing was done; go back less far (--steps, --to), or restore a "
                           "backup");
}
