#include "applier/commands/status_report.h"

#include <inttypes.h>

#include "applier/runs/apply_plan.h"

const char *status_state_name(StatusState state)
{
    switch (state) {
    case STATUS_UNMANAGED:
        return "unmanaged";
    case STATUS_CURRENT:
        return "current";
    case STATUS_BEHIND:
        return "behind";
    case STATUS_AHEAD:
        return "ahead";
    case STATUS_DIVERGED:
        return "diverged";
    case STATUS_FAILED:
        return "failed";
    case STATUS_RUNNING:
        return "running";
    }
    return "failed";
}

void status_report_done(StatusReport *report)
{
    array_free(&report->pending);
    free(report->why);
    *report = (StatusReport){0};
}

void status_report_at_work(StatusReport *report)
{
    report->next = NULL;
    if (report->state != STATUS_FAILED)
        return;
    report->state = STATUS_RUNNING;
    free(report->why);
    report->why = NULL;
}

/* The end of a version, not somewhere inside one. */
static bool stands_on_a_version(const History *history)
{
    const AppliedVersion *version = history_version(history);
    return history->position == (version ? version->position : 0);
}

/* The last run ended as it should; a rollback by steps may well end inside a version. */
static bool last_run_ended(const History *history)
{
    const PastEvent *last = history_last_event(history);
    return !last || strcmp(last->phase, "end") == 0;
}

/* A rollback that has taken something back and not yet all that it was to, even where it stopped at
 * the end of a version. */
static bool is_halfway_back(const History *history)
{
    const PastEvent *open = history_open_run(history);
    return open && !past_event_applies(open) && history->position < open->from_position &&
           history->position > open->to_position;
}

/* An upgrade that failed or was killed where a version ends, or behind its last step: it says which
 * bundle it was of, so that nothing has to be named. */
static bool is_to_go_on(const History *history)
{
    const PastEvent *open = history_open_run(history);
    return open && past_event_applies(open) && history->position >= open->from_position;
}

static bool tree_is(const Digest *tree, const char *hex)
{
    char text[DIGEST_HEX_SIZE];
    return strcmp(digest_hex(tree, text), hex) == 0;
}

bool status_bundle_fits(const History *history, const Manifest *manifest)
{
    const AppliedVersion *current = history_version(history);
    if (!current)
        return strcmp(manifest->head.tree_from, "-") == 0;
    if (tree_is(&current->tree_digest, manifest->head.tree_from))
        return true;
    array_each (const ManifestSuperseded, superseded, &manifest->superseded)
        if (superseded->same_schema &&
            digest_equal(&superseded->tree_digest, &current->tree_digest))
            return true;
    array_each (const ManifestVersion, version, &manifest->versions)
        if (digest_equal(&version->tree_digest, &current->tree_digest))
            return true;
    return false;
}

/* Also one that lies below an adoption, of which the ledger has no trees: what was adopted is later
 * on the product's line. */
static bool bundle_is_passed(const History *history, const Manifest *manifest)
{
    array_each (const AppliedVersion, version, &history->versions)
        if (tree_is(&version->tree_digest, manifest->head.tree_to))
            return true;
    const ManifestVersionArray *versions = &manifest->versions;
    const ManifestVersion *last = versions->count ? &versions->items[versions->count - 1] : NULL;
    return history->was_adopted && last &&
           last->position + (int64_t)last->migration_count < history->adopted;
}

/* Migrations of the bundle behind the ones that are applied. */
static void add_pending(const History *history, const Manifest *manifest, StatusReport *report)
{
    int64_t shift = apply_plan_shift(history, manifest);
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        int64_t position =
            manifest->versions.items[migration->version].position + migration->ordinal - 1 + shift;
        if (position >= history->position)
            *array_add(&report->pending) = migration;
    }
}

/* A version without migrations is pending, too, though it lists none. */
static void compare(const History *history, const Manifest *manifest, StatusBundle which,
                    StatusReport *report)
{
    const AppliedVersion *current = history_version(history);
    if (current && tree_is(&current->tree_digest, manifest->head.tree_to) &&
        stands_on_a_version(history)) {
        report->state = STATUS_CURRENT;
        return;
    }
    if (bundle_is_passed(history, manifest)) {
        report->state = which == STATUS_BUNDLE_GIVEN ? STATUS_AHEAD : STATUS_CURRENT;
        if (report->state == STATUS_AHEAD)
            report->why = memory_format("the database is beyond %s, where the bundle ends: there "
                                        "is nothing to apply",
                                        manifest->head.covers_to);
        return;
    }
    add_pending(history, manifest, report);
    if (status_bundle_fits(history, manifest)) {
        report->state = STATUS_BEHIND;
        report->next = STATUS_NEXT_APPLY;
        return;
    }
    bool gap = manifest->versions.count && manifest->versions.items[0].position > history->position;
    report->state = gap ? STATUS_BEHIND : STATUS_DIVERGED;
    report->next = gap                            ? "applier apply DIR"
                   : which == STATUS_BUNDLE_GIVEN ? "applier status"
                                                  : "applier history";
    const char *from = manifest->head.covers_from;
    if (gap && strcmp(report->version, "-") == 0)
        report->why = memory_format("the bundle starts at version %s and nothing is applied here: "
                                    "bundles are missing",
                                    from);
    else
        report->why = memory_format(
            gap ? "the bundle starts at version %s and the database is at %s: bundles are missing"
                : "the bundle starts at version %s, which is not on the line of this database's %s",
            from, report->version);
}

/* At this position of the database, which need not be the product's. */
static const ManifestMigration *migration_at(const History *history, const Manifest *manifest,
                                             int64_t position)
{
    position -= apply_plan_shift(history, manifest);
    array_each (const ManifestMigration, migration, &manifest->migrations)
        if (manifest->versions.items[migration->version].position + migration->ordinal - 1 ==
            position)
            return migration;
    return NULL;
}

static bool is_before(const History *history, const Manifest *manifest, int64_t position)
{
    const ManifestMigration *migration = migration_at(history, manifest, position);
    return migration && migration->phase == PHASE_BEFORE;
}

/* `apply --phase before` ended: what it brought of the version is there, and no more. */
static bool before_is_done(const History *history, const Manifest *manifest)
{
    const AppliedVersion *version = history_version(history);
    const PastEvent *last_event = history_last_event(history);
    int64_t position = version ? version->position : 0;
    if (!manifest || history->position <= position || !last_run_ended(history) || !last_event ||
        !past_event_applies(last_event))
        return false;
    for (; position < history->position; position++)
        if (!is_before(history, manifest, position))
            return false;
    const ManifestMigration *last = migration_at(history, manifest, position - 1);
    const ManifestMigration *next = migration_at(history, manifest, position);
    return !next || next->version != last->version || next->phase != PHASE_BEFORE;
}

static void say_before_is_done(const History *history, const Manifest *manifest,
                               StatusReport *report)
{
    const ManifestMigration *last = migration_at(history, manifest, history->position - 1);
    free(report->why);
    report->before_is_done = true;
    report->why = memory_format("phase before of version %s is done: the application may be "
                                "upgraded, then the rest is applied",
                                manifest->versions.items[last->version].name);
    report->next = "applier apply BUNDLE";
}

void status_report_make(const History *history, const Manifest *manifest, StatusBundle which,
                        StatusReport *ret_report)
{
    *ret_report = (StatusReport){.state = STATUS_CURRENT, .version = history_version_name(history)};
    if (!history->managed) {
        ret_report->state = STATUS_UNMANAGED;
        ret_report->next = STATUS_NEXT_APPLY;
        if (manifest)
            add_pending(history, manifest, ret_report);
        return;
    }
    if (history->diverged) {
        ret_report->state = STATUS_DIVERGED;
        ret_report->next = "applier history";
        ret_report->why = memory_string(history->diverged);
        return;
    }
    if (manifest)
        compare(history, manifest, which, ret_report);
    else if (!history->bundles.count && !history->journal.count && !history->position) {
        /* killed between the ledger's making and the first bundle */
        ret_report->state = STATUS_BEHIND;
        ret_report->why = memory_string("the ledger is there, and nothing was applied yet");
        ret_report->next = STATUS_NEXT_APPLY;
    }
    CLEANUP(memory_freep) char *unrest = history_unrest(history);
    const PastArrival *found = history_arrival(history);
    if (!unrest && found && !*found->arrival) {
        ret_report->state = STATUS_FAILED;
        ret_report->next = "applier drift";
        free(ret_report->why);
        ret_report->why = memory_format("version %s came out with another schema than was proven "
                                        "at build time",
                                        found->version);
        return;
    }
    if (!unrest && history_end_unconfirmed(history)) {
        ret_report->state = STATUS_FAILED;
        ret_report->next = "applier resume";
        free(ret_report->why);
        ret_report->why =
            memory_string("the last run is committed here, and no synchronous standby "
                          "has confirmed it");
        return;
    }
    bool back = is_halfway_back(history);
    if (!unrest && !back && (stands_on_a_version(history) || last_run_ended(history))) {
        if (before_is_done(history, manifest))
            say_before_is_done(history, manifest, ret_report);
        else if (which == STATUS_BUNDLE_KNOWN && ret_report->state != STATUS_DIVERGED &&
                 is_to_go_on(history))
            ret_report->next = "applier resume";
        return;
    }
    ret_report->state = STATUS_FAILED;
    ret_report->next = "applier resume";
    free(ret_report->why);
    ret_report->why =
        unrest ? TAKE_PTR(unrest)
               : memory_format("%s stopped behind migration '%s'", back ? "a rollback" : "a run",
                               history_top(history) ? history_top(history)->identity : "-");
}
