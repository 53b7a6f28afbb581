#include "applier/preflight/cost_words.h"

#include <inttypes.h>

#include "base/quantity.h"

void cost_words_size(const LiveRelation *relation, Text *text)
{
    quantity_bytes(relation->bytes, text);
    if (relation->rows < 0) {
        text_add(text, ", rows not counted yet");
        return;
    }
    text_add(text, ", ");
    quantity_count(relation->rows, text);
    text_addf(text, " row%s", text_plural(relation->rows));
}

void cost_words_exposure(const Exposure *exposure, Text *text)
{
    int64_t writes = exposure->unwritable_ms - exposure->unreadable_ms;
    bool reads_noticed = exposure->unreadable_ms >= COST_NOTICED_MS;
    if (reads_noticed) {
        text_add(text, "no reads or writes for ");
        quantity_duration(exposure->unreadable_ms, text);
    }
    if (writes >= COST_NOTICED_MS) {
        text_add(text, reads_noticed ? ", no writes for " : "no writes for ");
        quantity_duration(writes, text);
        text_add(text, reads_noticed ? " more" : "");
    }
}

static void add_basis(const RunEstimate *estimate, int64_t now, Text *text)
{
    const RunCosts *costs = &estimate->costs;
    size_t count = estimate->steps.steps.count;
    if (costs->unknown) {
        text_addf(text, ", but the bundle was never rehearsed: nothing is known of its statements");
        return;
    }
    if (costs->measured) {
        int64_t days = (now - estimate->site.at) / 86400;
        text_addf(text, ", %zu of %zu statements as measured on a clone", costs->measured, count);
        if (days >= 2)
            text_addf(text, " %" PRId64 " days ago", days);
    }
    if (costs->measured < count)
        text_addf(text, "%s live sizes at default rates",
                  costs->measured ? ", the others from" : ", from");
}

void cost_words_time(const RunEstimate *estimate, int64_t now, Text *text)
{
    const RunCosts *costs = &estimate->costs;
    text_add(text, "about ");
    quantity_duration(costs->total_ms, text);
    add_basis(estimate, now, text);
    if (estimate->steps.rehearsed_major &&
        estimate->steps.rehearsed_major != estimate->steps.server_major)
        text_addf(text,
                  "; locks as rehearsed on PostgreSQL %" PRId64
                  ", the nearest to this server's %" PRId64,
                  estimate->steps.rehearsed_major, estimate->steps.server_major);
    if (costs->checks_measured)
        text_addf(text, "; %zu verify or precheck script%s in it, as measured on a clone",
                  costs->checks_measured, text_plural((int64_t)costs->checks_measured));
    if (costs->checks)
        text_addf(text, "; %zu verify or precheck script%s come%s on top", costs->checks,
                  text_plural((int64_t)costs->checks), costs->checks == 1 ? "s" : "");
    if (estimate->live.by_catalog)
        text_add(text, "; a lock was in the way, sizes are those of the last ANALYZE");
}

static int64_t unreadable_ms(const Exposure *exposure)
{
    return exposure->window_unreadable_ms;
}

static int64_t unwritable_ms(const Exposure *exposure)
{
    return exposure->window_unwritable_ms;
}

/* Within the window; NULL where nobody notices. */
static const Exposure *kept_longest(const RunCosts *costs, int64_t (*kept_ms)(const Exposure *))
{
    const Exposure *longest = NULL;
    array_each (const Exposure, exposure, &costs->exposures)
        if (!longest || kept_ms(exposure) > kept_ms(longest))
            longest = exposure;
    return longest && kept_ms(longest) >= COST_NOTICED_MS ? longest : NULL;
}

void cost_words_window(const RunEstimate *estimate, Text *text)
{
    const RunCosts *costs = &estimate->costs;
    if (!costs->window_ms) {
        text_add(text, "none is needed");
        return;
    }
    text_add(text, "ask for ");
    quantity_duration(costs->window_ms, text);
    const Exposure *unread = kept_longest(costs, unreadable_ms);
    const Exposure *unwritten = kept_longest(costs, unwritable_ms);
    if (unread) {
        text_addf(text, "; %s cannot be read for ", unread->name);
        quantity_duration(unread->window_unreadable_ms, text);
        text_add(text, " of it");
    }
    if (unwritten && (!unread || unwritten->window_unwritable_ms > unread->window_unreadable_ms)) {
        text_addf(text, "%s %s cannot be written for ", unread ? "," : ";", unwritten->name);
        quantity_duration(unwritten->window_unwritable_ms, text);
        text_add(text, unread ? "" : " of it");
    }
}

/* --- space ----------------------------------------------------------------------------------- */

/* A statement's new files lie where the largest of what it works on does. */
static const char *tablespace_of(const LiveRelations *live, const StepCosts *steps,
                                 const StepCost *step)
{
    const LiveRelation *largest = NULL;
    for (size_t i = 0; i < step->relation_count; i++) {
        const CostRelation *relation = &steps->relations.items[step->first_relation + i];
        if (relation->work != WORK_NONE && (!largest || relation->live->bytes > largest->bytes))
            largest = relation->live;
    }
    if (largest)
        return largest->tablespace;
    /* what is loaded goes into a table that is not there yet */
    return live->tablespace ? live->tablespace : "";
}

static CostSpace *space_of(CostSpaces *spaces, const char *tablespace)
{
    array_each (CostSpace, space, spaces)
        if (strcmp(space->tablespace, tablespace) == 0)
            return space;
    CostSpace *space = array_add(spaces);
    *space = (CostSpace){.tablespace = tablespace};
    return space;
}

void cost_spaces(const RunEstimate *estimate, CostSpaces *ret_spaces)
{
    *ret_spaces = (CostSpaces){0};
    array_each (const StepCost, step, &estimate->steps.steps) {
        if (!step->new_bytes)
            continue;
        CostSpace *space =
            space_of(ret_spaces, tablespace_of(&estimate->live, &estimate->steps, step));
        space->bytes += step->new_bytes;
        space->at_most_bytes += step->at_most ? step->new_bytes : 0;
    }
}

void cost_words_space(const RunEstimate *estimate, Text *text)
{
    CostSpaces spaces;
    const char *between = "";
    cost_spaces(estimate, &spaces);
    array_each (const CostSpace, space, &spaces) {
        if (space->bytes < COST_NOTICED_BYTES)
            continue;
        text_add(text, between);
        quantity_bytes(space->bytes, text);
        text_addf(text, " in tablespace %s", space->tablespace);
        between = ", ";
    }
    array_free(&spaces);
}
