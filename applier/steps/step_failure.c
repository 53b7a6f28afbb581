#include "applier/steps/step_failure.h"

#include <inttypes.h>

#include "applier/server/server_words.h"
#include "base/interrupt.h"
#include "base/memory.h"

void step_failure_done(StepFailure *failure)
{
    free(failure->identity);
    free(failure->version);
    free(failure->source);
    free(failure->words);
    free(failure->kept);
    *failure = (StepFailure){0};
}

bool run_report_stays(const RunReport *report)
{
    return report->groups_committed > 0 || report->batches > 0 || !report->settled;
}

const char *step_failure_code(const StepPipeline *pipeline)
{
    const PGresult *result = NULL;
    (void)step_pipeline_failure(pipeline, &result);
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return code ? code : "";
}

static const RunTask *task_of(const FailedRun *run, size_t part)
{
    return &run->queue->tasks->items[run->queue->units->parts.items[part].task];
}

/* --- words ----------------------------------------------------------------------------------- */

/* What a violated guard of the ledger's row means. */
static const char *guard_words(const PGresult *result)
{
    static const struct {
        const char *constraint;
        const char *words;
    } guards[] = {
        {"journal_in_our_transaction", "the script ended our transaction by itself, reset all "
                                       "settings or changed client_encoding"},
        {"journal_under_our_lock", "the lock was released by the script and taken by someone else"},
        {"journal_as_planned_role", "the script left the session under another role"},
        {"journal_pkey", "somebody else has written to the ledger at the same time"},
    };
    const char *constraint = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;
    for (size_t i = 0; constraint && i < ARRAY_LEN(guards); i++)
        if (strcmp(constraint, guards[i].constraint) == 0)
            return guards[i].words;
    return NULL;
}

/* Who was in the way; whatever their words are, these are names only. */
static void add_blockers(const FailedRun *run, Text *words)
{
    const RunListener *listener = &run->options->listener;
    CLEANUP(text_done) Text blocked = {0};
    if (listener->blocked && strcmp(step_failure_code(run->queue->pipeline), "55P03") == 0)
        listener->blocked(listener->context, &blocked);
    if (blocked.length)
        text_addf(words, "; %s", text_string(&blocked));
}

static bool statement_shown(const FailedRun *run, const PipelineEntry *entry, const RunTask *task,
                            char **ret_sql, Error *err)
{
    const ManifestStep *step = &task->migration->scripts[entry->script].steps.items[entry->step];
    return step->kind == STEP_LINES ? step_queue_line(run->queue, task, entry->script, entry->step,
                                                      entry->row, ret_sql, err)
                                    : step_queue_statement_shown(run->queue, task, entry->script,
                                                                 entry->step, ret_sql, err);
}

static void failure_words(const FailedRun *run, const PipelineEntry *entry, const RunTask *task,
                          WordsPolicy policy, Text *words)
{
    const PGresult *result = NULL;
    (void)step_pipeline_failure(run->queue->pipeline, &result);
    const char *guard = entry->kind == ENTRY_LEDGER ? guard_words(result) : NULL;
    if (run->ended_by_script) {
        text_add(words, "the script ended our transaction by itself");
    } else if (guard) {
        text_add(words, guard);
    } else if (!result && run->queue->trouble) {
        text_add(words, run->queue->trouble);
    } else if (!result) {
        text_add(words, entry->kind == ENTRY_COMMIT
                            ? "the server rolled back instead of committing"
                            : "the index is INVALID: it is what an earlier attempt left, and the "
                              "statement passed over it; drop it first");
    } else if (run->over_limit && strcmp(step_failure_code(run->queue->pipeline), "57014") == 0) {
        text_addf(words,
                  "it took longer than its limit of %" PRId64
                  " s (--step-limit, or step-limit in applier.conf) and was cancelled",
                  run->options->step_limit_ms / 1000);
    } else {
        ServerError error = server_words_fields(result);
        CLEANUP(memory_freep) char *sql = NULL;
        CLEANUP(error_done) Error ignored = {0};
        if (entry->kind == ENTRY_STEP)
            (void)!statement_shown(run, entry, task, &sql, &ignored);
        server_words_add(&error, sql, policy, words);
        add_blockers(run, words);
    }
}

/* Which step it was, and what was said of it. */
static char *failure_sentence(const StepFailure *failure, const PipelineEntry *entry,
                              const char *words)
{
    if (entry->kind == ENTRY_STEP)
        return memory_format("migration '%s' (%s), statement %" PRId64 " of its %s script (%s, "
                             "line %" PRId64 "): %s",
                             failure->identity, failure->version, failure->statement,
                             failure->script, failure->source, failure->line, words);
    return memory_format("migration '%s' (%s), %s of its %s script: %s", failure->identity,
                         failure->version, entry->kind == ENTRY_COMMIT ? "COMMIT" : "the end",
                         failure->script, words);
}

void step_failure_note(const FailedRun *run, const PipelineEntry *entry)
{
    const RunUnit *unit = &run->queue->units->units.items[entry->unit];
    bool step = entry->kind == ENTRY_STEP;
    size_t part = step || entry->kind == ENTRY_LEDGER ? entry->part : unit->first_part;
    const RunTask *task = task_of(run, part);
    ScriptKind kind = step ? entry->script : step_queue_script_of(unit, task);
    const ManifestScript *script = task->migration ? &task->migration->scripts[kind] : NULL;
    CLEANUP(text_done) Text words = {0}, redacted = {0};
    failure_words(run, entry, task, run->queue->session->words, &words);
    failure_words(run, entry, task, WORDS_REDACTED, &redacted);
    StepFailure *failure = &run->report->failure;
    *failure = (StepFailure){
        .happened = true,
        .identity = memory_string(task->migration ? task->migration->identity : ""),
        .version = memory_string(task->version->name),
        .script = script_kind_name(kind),
        .statement = step ? manifest_statement_number(script, entry->step) + entry->row : 0,
        .line = step ? script->steps.items[entry->step].line + entry->row : 0,
        .source = memory_string(script && script->source ? script->source : ""),
        .words = text_take(&words),
    };
    failure->kept = failure_sentence(failure, entry, text_string(&redacted));
    snprintf(failure->sqlstate, sizeof(failure->sqlstate), "%.5s",
             step_failure_code(run->queue->pipeline));
}

/* Whether a later look at the catalog tells what became of a step that is unsettled. */
static bool can_be_looked_up(const FailedRun *run, const PipelineEntry *entry)
{
    const RunUnit *unit = &run->queue->units->units.items[entry->unit];
    if (unit->kind != UNIT_AUTOCOMMIT || entry->kind != ENTRY_STEP)
        return false;
    const ManifestScript *script = run_task_script(task_of(run, entry->part));
    return script->steps.items[entry->step].probe.kind != PROBE_NONE;
}

static bool is_gate(const FailedRun *run, const PipelineEntry *entry)
{
    const RunUnit *unit = &run->queue->units->units.items[entry->unit];
    return entry->kind == ENTRY_STEP ? task_of(run, entry->part)->only_gate
                                     : unit->kind == UNIT_GATE;
}

/* What the server has against a step: it is mended, or waited for, before anything is tried again.
 */
static bool cause_hint(const RunReport *report, const StepFailure *failure, Error *err)
{
    bool locked = strcmp(failure->sqlstate, "55P03") == 0;
    bool batches = report->batches && !report->groups_committed;
    int64_t count = batches ? report->batches : report->groups_committed;
    const char *first = locked ? "let what holds the lock end, or have it ended" : "mend the cause";
    if (!run_report_stays(report))
        return error_hint(err, "nothing of this run stays; %s, and run it again%s", first,
                          locked ? " (--lock-timeout and --attempts wait longer, --cancel-blockers "
                                   "ends what is of the own role)"
                                 : "");
    return error_hint(err,
                      "%" PRId64
                      " %s committed before: %s, then 'applier resume' goes on behind, or "
                      "'applier rollback' takes back",
                      count,
                      batches      ? count == 1 ? "batch was" : "batches were"
                      : count == 1 ? "group was"
                                   : "groups were",
                      first);
}

bool step_failure_error(const FailedRun *run, const PipelineEntry *entry, Error *err)
{
    const StepFailure *failure = &run->report->failure;
    bool kept = run_report_stays(run->report);
    bool gate = is_gate(run, entry);
    bool cancelled = interrupt_count() > 0 && strcmp(failure->sqlstate, "57014") == 0;
    ErrorClass class = cancelled ? ERROR_INTERRUPTED
                       : kept    ? ERROR_UNSETTLED
                       : gate    ? ERROR_TARGET
                                 : ERROR_STEP;
    CLEANUP(memory_freep)
    char *sentence = failure_sentence(failure, entry, failure->words);
    error_set(err, class, "%s%s", gate ? "the gate does not hold: " : "", sentence);
    snprintf(err->code, sizeof(err->code), "%s", failure->sqlstate);
    /* the same advice whether or not something was committed before: the cause is the server's */
    if (run->report->settled && strcmp(failure->sqlstate, "53100") == 0)
        return error_hint(err, "free space on the server's disk, or in the tablespace that the "
                               "statement writes to; then 'applier resume' goes on");
    if (!run->report->settled && can_be_looked_up(run, entry))
        return error_hint(err, "the step is begun and not ended: 'applier resume' looks what "
                               "became of it, and goes on");
    if (!run->report->settled)
        return error_hint(err,
                          "whether the step was done nobody can tell from here: look, then say "
                          "'applier resume --step-done' or '--step-not-done'");
    if (gate)
        return error_hint(err,
                          "nothing of version %s was begun%s; make true what the gate asks, then "
                          "give the same command again",
                          failure->version, kept ? ", the versions before it stay" : "");
    return cause_hint(run->report, failure, err);
}
