#include "applier/rehearsal/rehearsal_verdict.h"

#include <inttypes.h>

/* So many objects or tables are named in the line for people; all stand in the lists. */
#define NAMED_MOST 3

#define KIND_COLUMN_ORDER "column order"

void rehearsal_verdict_done(RehearsalVerdict *verdict)
{
    free(verdict->detail);
    array_free(&verdict->differs);
    array_free(&verdict->lost);
    *verdict = (RehearsalVerdict){0};
}

bool rehearsal_verdict_is_clean(const RehearsalVerdict *verdict)
{
    return verdict->verdict == VERDICT_EXACT || verdict->verdict == VERDICT_IRREVERSIBLE ||
           verdict->verdict == VERDICT_NONE;
}

/* --- words ----------------------------------------------------------------------------------- */

static void add_count(size_t number, size_t count, Text *text)
{
    if (count > NAMED_MOST && number == NAMED_MOST)
        text_addf(text, " and %zu more", count - NAMED_MOST);
}

static void add_changes(const FingerprintChangeArray *changes, Text *text)
{
    for (size_t i = 0; i < changes->count && i < NAMED_MOST; i++) {
        text_add(text, i ? ", " : "");
        fingerprint_change_text(&changes->items[i], text);
    }
    add_count(NAMED_MOST, changes->count, text);
}

static void add_loss(const RowLoss *loss, Text *text)
{
    if (loss->column)
        text_addf(text, "%s.%s has other values", loss->table, loss->column);
    else if (loss->rows_before > loss->rows_after)
        text_addf(text, "%s has lost %" PRId64 " of %" PRId64 " rows", loss->table,
                  loss->rows_before - loss->rows_after, loss->rows_before);
    else if (loss->rows_before < loss->rows_after)
        text_addf(text, "%s has %" PRId64 " row%s more", loss->table,
                  loss->rows_after - loss->rows_before,
                  text_plural(loss->rows_after - loss->rows_before));
    else
        text_addf(text, "%s has other rows", loss->table);
}

static void add_losses(const RowLossArray *losses, Text *text)
{
    for (size_t i = 0; i < losses->count && i < NAMED_MOST; i++) {
        text_add(text, i ? ", " : "");
        add_loss(&losses->items[i], text);
    }
    add_count(NAMED_MOST, losses->count, text);
}

static void add_failure(const StepFailure *failure, Text *text)
{
    text_addf(text, "%s:%" PRId64 ": %s", failure->source, failure->line, failure->words);
}

/* --- the verdict ----------------------------------------------------------------------------- */

static bool only_column_order(const FingerprintChangeArray *changes)
{
    array_each (FingerprintChange, change, changes) {
        if (strcmp(fingerprint_change_row(change)->kind, KIND_COLUMN_ORDER) != 0)
            return false;
    }
    return true;
}

static void failed(const StepFailure *failure, const char *script, RehearsalVerdict *verdict,
                   Text *detail)
{
    verdict->verdict = VERDICT_FAILS;
    verdict->failure = failure;
    verdict->script = script;
    if (strcmp(script, "up") == 0)
        text_add(detail, "the up after the down fails: ");
    add_failure(failure, detail);
}

/* After the down: *verdict is exact, of the column order, or differs. */
static void judge_schema(const RehearsalCycle *cycle, RehearsalVerdict *verdict, Text *detail)
{
    FingerprintChangeArray again = {0};
    fingerprint_compare(cycle->before, cycle->back, &verdict->differs);
    if (cycle->again)
        fingerprint_compare(cycle->after, cycle->again, &again);
    bool other_again = !only_column_order(&again);
    if (!only_column_order(&verdict->differs)) {
        verdict->verdict = VERDICT_DIFFERS;
        verdict->script = "down";
        add_changes(&verdict->differs, detail);
    } else if (other_again) {
        array_free(&verdict->differs);
        verdict->differs = again;
        again = (FingerprintChangeArray){0};
        verdict->verdict = VERDICT_DIFFERS;
        verdict->script = "up";
        text_add(detail, "after down and up again: ");
        add_changes(&verdict->differs, detail);
    } else if (verdict->differs.count || again.count) {
        verdict->verdict = VERDICT_COLUMN_ORDER;
        verdict->script = verdict->differs.count ? "down" : "up";
        if (!verdict->differs.count) {
            verdict->differs = again;
            again = (FingerprintChangeArray){0};
        }
        text_add(detail, "columns come back in another order: ");
        for (size_t i = 0; i < verdict->differs.count && i < NAMED_MOST; i++)
            text_addf(detail, "%s%s", i ? ", " : "",
                      fingerprint_change_row(&verdict->differs.items[i])->identity);
        add_count(NAMED_MOST, verdict->differs.count, detail);
    }
    array_free(&again);
}

/* Rows that are not what they were. Where the schema differs, tables may have gone with it: they
 * are listed, and the verdict stays. */
static void judge_rows(const RehearsalCycle *cycle, RehearsalVerdict *verdict, Text *detail)
{
    rehearsal_hash_compare(cycle->rows_before, cycle->rows_back, &verdict->lost);
    if (!verdict->lost.count)
        return;
    text_add(detail, detail->length ? "; " : "");
    add_losses(&verdict->lost, detail);
    if (verdict->verdict == VERDICT_EXACT || verdict->verdict == VERDICT_COLUMN_ORDER) {
        verdict->verdict = VERDICT_LOSSY;
        verdict->script = "down";
    }
}

void rehearsal_verdict_make(const RehearsalCycle *cycle, RehearsalVerdict *ret_verdict)
{
    RehearsalVerdict verdict = {.verdict = VERDICT_EXACT, .script = ""};
    CLEANUP(text_done) Text detail = {0};
    if (cycle->down_failure) {
        failed(cycle->down_failure, "down", &verdict, &detail);
    } else {
        judge_schema(cycle, &verdict, &detail);
        judge_rows(cycle, &verdict, &detail);
        if (cycle->up_failure) {
            /* what the down left is why: the lists stay, the line begins anew */
            CLEANUP(text_done) Text words = {0};
            failed(cycle->up_failure, "up", &verdict, &words);
            if (detail.length)
                text_addf(&words, " (after the down: %s)", text_string(&detail));
            text_clear(&detail);
            text_add(&detail, text_string(&words));
        }
    }
    verdict.detail = text_take(&detail);
    *ret_verdict = verdict;
}

/* --- no way back ----------------------------------------------------------------------------- */

bool rehearsal_verdict_without(const ManifestMigration *migration, RehearsalVerdict *ret_verdict)
{
    if (migration->verdict == VERDICT_IRREVERSIBLE)
        *ret_verdict = (RehearsalVerdict){
            .verdict = VERDICT_IRREVERSIBLE,
            .script = "",
            .detail = memory_string(migration->irreversible_reason ? migration->irreversible_reason
                                                                   : "declared irreversible")};
    else if (!migration->scripts[SCRIPT_DOWN].present)
        *ret_verdict = (RehearsalVerdict){.verdict = VERDICT_NONE,
                                          .script = "",
                                          .detail = memory_string("it has no down script")};
    else
        return false;
    return true;
}

bool rehearsal_verdict_without_version(const Manifest *manifest, const ManifestVersion *version,
                                       RehearsalVerdict *ret_verdict)
{
    bool found = false;
    for (size_t i = 0; i < version->migration_count; i++) {
        const ManifestMigration *migration =
            &manifest->migrations.items[version->first_migration + i];
        RehearsalVerdict one = {0};
        if (!rehearsal_verdict_without(migration, &one))
            continue;
        /* what its author declared counts for more than what is not there */
        if (!found ||
            (one.verdict == VERDICT_IRREVERSIBLE && ret_verdict->verdict == VERDICT_NONE)) {
            if (found)
                rehearsal_verdict_done(ret_verdict);
            *ret_verdict = one;
            ret_verdict->detail =
                memory_format("migration '%s': %s", migration->identity, one.detail);
            free(one.detail);
        } else {
            rehearsal_verdict_done(&one);
        }
        found = true;
    }
    return found;
}
