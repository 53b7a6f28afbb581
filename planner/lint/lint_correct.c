#include "planner/lint/lint_correct.h"

void lint_finding_done(LintFinding *finding)
{
    free(finding->identity);
    free(finding->file);
    free(finding->source);
    free(finding->message);
    free(finding->safe);
    free(finding->reason);
    free(finding->index_schema);
    free(finding->index_table);
    free(finding->index_constraint);
}

/* Locks that keep at least writers out. */
static bool is_strong(const char *mode)
{
    static const char *const modes[] = {"AccessExclusiveLock", "ExclusiveLock",
                                        "ShareRowExclusiveLock", "ShareLock"};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (strcmp(mode, modes[i]) == 0)
            return true;
    return false;
}

static const char *strong_lock_on(const LintMeasurement *measurement, const char *relation)
{
    array_each (const LintMeasuredLock, lock, &measurement->locks)
        if (strcmp(lock->relation, relation) == 0 && is_strong(lock->mode))
            return lock->mode;
    return NULL;
}

/* What this migration makes itself is nobody's yet. `name` is schema.name. */
static bool is_new(const LintVisit *visit, const char *name)
{
    const char *dot = strchr(name, '.');
    CLEANUP(memory_freep) char *schema = memory_string_n(name, dot ? (size_t)(dot - name) : 0);
    const ModelTable *table = model_table(visit->model, schema, dot ? dot + 1 : name);
    return table && lint_is_new(visit, &table->made);
}

static bool refuted(const LintFinding *finding, const LintMeasurement *measurement)
{
    switch (finding->rule->about) {
    case LINT_ABOUT_REWRITE:
        return measurement->rewrites_known && !measurement->rewritten.count;
    case LINT_ABOUT_SCAN:
        return measurement->scans_known && !measurement->scanned.count;
    case LINT_ABOUT_UNSEEN:
        return measurement->rewrites_known && measurement->scans_known && measurement->locks_known;
    case LINT_ABOUT_TEXT:
        return false;
    }
    return false;
}

static bool has_finding(const LintReport *report, size_t first, LintAbout about)
{
    for (size_t i = first; i < report->findings.count; i++)
        if (report->findings.items[i].rule->about == about)
            return true;
    return false;
}

/* A finding that the measurement confirms is as severe as its rule. */
static void confirm(LintReport *report, size_t first, LintAbout about)
{
    for (size_t i = first; i < report->findings.count; i++) {
        LintFinding *finding = &report->findings.items[i];
        if (finding->rule->about == about)
            finding->severity = finding->rule->severity;
    }
}

static void add_rewrites(LintVisit *visit, size_t first, const LintMeasurement *measurement)
{
    bool foreseen = has_finding(visit->report, first, LINT_ABOUT_REWRITE);
    visit->rule = lint_rule("measured-rewrite");
    array_each (char *, name, &measurement->rewritten) {
        if (is_new(visit, *name))
            continue;
        confirm(visit->report, first, LINT_ABOUT_REWRITE);
        if (!foreseen)
            lint_find(visit, 0, NULL, "the rehearsal saw %s written anew here", *name);
    }
}

static void add_scans(LintVisit *visit, size_t first, const LintMeasurement *measurement)
{
    bool foreseen = visit->report->findings.count > first;
    visit->rule = lint_rule("measured-scan");
    array_each (char *, name, &measurement->scanned) {
        const char *mode = strong_lock_on(measurement, *name);
        if (!mode || is_new(visit, *name))
            continue;
        confirm(visit->report, first, LINT_ABOUT_SCAN);
        if (!foreseen)
            lint_find(visit, 0, NULL, "the rehearsal saw all of %s read under %s here", *name,
                      mode);
    }
}

void lint_correct(LintVisit *visit, size_t first, const LintMeasurement *measurement)
{
    LintFindingArray *findings = &visit->report->findings;
    size_t kept = first;
    for (size_t i = first; i < findings->count; i++) {
        if (refuted(&findings->items[i], measurement))
            lint_finding_done(&findings->items[i]);
        else
            findings->items[kept++] = findings->items[i];
    }
    findings->count = kept;
    if (measurement->rewrites_known)
        add_rewrites(visit, first, measurement);
    if (measurement->scans_known && measurement->locks_known)
        add_scans(visit, first, measurement);
}
