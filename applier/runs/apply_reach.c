#include "applier/runs/apply_fit.h"

#include "base/memory.h"

/* The start of what is under way: of the last run without an end, and of those that it went on
 * with. NULL: nothing is, or it has arrived. */
static const PastEvent *run_under_way(const History *history)
{
    const PastEvent *first = NULL;
    array_each (const PastEvent, event, &history->events) {
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_END)) == 0)
            first = NULL;
        if (strcmp(event->phase, ledger_phase_name(PHASE_OF_BEGIN)) != 0)
            continue;
        if (!past_event_applies(event))
            first = NULL;
        else if (!first)
            first = event;
    }
    bool arrived = first && first->to_position == history->position &&
                   strcmp(first->to_version, history_version_name(history)) == 0;
    return arrived ? NULL : first;
}

static bool begins_with_nothing(const History *history)
{
    const PastEvent *begun = run_under_way(history);
    if (begun)
        return strcmp(begun->from_version, "-") == 0;
    return !history->versions.count && history_depth(history) == 0;
}

/* The farthest version that one run may come to from where the database stands, as an index plus 1,
 * and what stands in the way of the next. */
static size_t farthest(const ApplyFit *fit, char **ret_why)
{
    const ManifestVersionArray *versions = &fit->manifest->versions;
    *ret_why = NULL;
    if (begins_with_nothing(fit->history))
        return versions->count;
    for (size_t i = fit->stand; i < versions->count; i++) {
        const ManifestVersion *version = &versions->items[i];
        if (manifest_least_start(fit->manifest, i) > fit->stand) {
            *ret_why = memory_format("a run that comes to %s must begin at %s or later",
                                     version->name, version->min_compatible);
            return i;
        }
        if (version->stop && i + 1 < versions->count) {
            *ret_why = memory_format("version %s is a required stop: that version of the product "
                                     "has to do its part before anything later is applied",
                                     version->name);
            return i + 1;
        }
    }
    return versions->count;
}

bool apply_reach_halts(ApplyFit *fit)
{
    CLEANUP(memory_freep) char *why = NULL;
    size_t most = farthest(fit, &why);
    if (fit->plan->target + 1 <= most || fit->plan->target + 1 <= fit->stand)
        return false;
    const char *last = apply_anchor_name(fit->manifest, most);
    if (!fit->to_version) {
        fit->plan->target = most - 1;
        fit->plan->halt = TAKE_PTR(why);
        return false;
    }
    apply_fit_refuse(fit, RELATION_STOP, "no run may go from %s to %s: %s",
                     apply_anchor_name(fit->manifest, fit->stand), fit->to_version, why);
    apply_fit_hint(fit, "apply with --to %s first", last);
    return true;
}
