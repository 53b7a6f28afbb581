#include "applier/steps/settle.h"

#include <inttypes.h>

#include "applier/steps/probe.h"
#include "applier/steps/scripts_path.h"
#include "applier/steps/step_alone.h"
#include "base/interrupt.h"

/* The task and the part that wrote the open row, made again from the manifest. */
static bool task_of_row(const History *history, const JournalRow *row, const Manifest *manifest,
                        RunTask *ret_task, RunPart *ret_part, Error *err)
{
    const ManifestMigration *migration = manifest_find(manifest, row->identity);
    RunTask task = {.manifest = manifest,
                    .head_digest = row->head_digest,
                    .migration = migration,
                    .direction = row->direction,
                    .position = history->position};
    const ManifestScript *script = migration ? run_task_script(&task) : NULL;
    if (!script || !digest_equal(&migration->up_digest, &row->up_digest) || row->group < 1 ||
        (row->first_step > 0 && row->group > (int64_t)script->groups.count))
        return error_set(err, ERROR_TARGET,
                         "the bundle does not hold the open step of migration '%s'", row->identity);
    const AppliedMigration *top = history_top(history);
    task.version = &manifest->versions.items[migration->version];
    task.partly = row->direction == DIRECTION_DOWN && top && top->state != APPLIED_WHOLLY;
    *ret_task = task;
    *ret_part =
        (RunPart){.group = row->first_step > 0 ? (size_t)row->group - 1 : PART_WITHOUT_STATEMENTS,
                  /* that its version is complete with it the plan behind sees */
                  .completes = row->group == row->group_count};
    return true;
}

static bool undecided(const JournalRow *row, const RunTask *task, Error *err)
{
    const ManifestScript *script = run_task_script(task);
    /* by its group: a bundle packed by another planner may count other steps before it */
    const ManifestGroup *group = row->first_step > 0 ? &script->groups.items[row->group - 1] : NULL;
    int64_t line = group ? script->steps.items[group->first_step].line : 0;
    error_set(err, ERROR_UNSETTLED,
              "migration '%s' (%s), statements %" PRId64 " to %" PRId64 " of its %s script (%s, "
              "line %" PRId64 "): %s",
              row->identity, row->version, row->first_step, row->last_step,
              direction_name(row->direction), script->source ? script->source : "", line,
              row->kind == JOURNAL_BROKEN
                  ? "the script ended our transaction by itself: a part of it is committed"
                  : "the run ended inside, and the catalog cannot tell whether it was done");
    return error_hint(err, "look at the database; then say 'applier resume --step-done' (all of it "
                           "is done) or '--step-not-done' (nothing of it is: it is run again)");
}

/* A detaching is finalized here, after which it is done. */
static bool clean_and_look(PgSession *session, const JournalRow *row, const Probe *probe,
                           int64_t limit_ms, ProbeLook *ret_now, Error *err)
{
    if (!probe_clean(session, probe, probe_look_of_name(row->result), row->words, limit_ms, err)) {
        if (pg_session_is_lost(session))
            return false;
        err->class = interrupt_count() > 0 ? ERROR_INTERRUPTED : ERROR_UNSETTLED;
        return error_hint(err, "'applier resume' tries it again");
    }
    return probe_look(session, probe, ret_now, /* names= */ NULL, err);
}

/* Decide by the catalog, and remove what is ours. Names are found as the script would find them. */
static bool look(PgSession *session, const JournalRow *row, const RunTask *task, int64_t limit_ms,
                 ProbeVerdict *ret_verdict, Error *err)
{
    const ManifestScript *script = run_task_script(task);
    const ManifestGroup *group = row->first_step > 0 ? &script->groups.items[row->group - 1] : NULL;
    *ret_verdict = VERDICT_UNDECIDED;
    if (row->kind == JOURNAL_BROKEN || !group || group->kind != GROUP_AUTOCOMMIT)
        return true;
    const Probe *probe = &script->steps.items[group->first_step].probe;
    ProbeLook before = probe_look_of_name(row->result), now = LOOK_UNKNOWN;
    CLEANUP(error_done) Error ending = {0};
    if (!scripts_path_begin(session, task->manifest->search_path, err))
        return false;
    bool good = clean_and_look(session, row, probe, limit_ms, &now, err);
    if (!pg_session_is_lost(session) && !pg_session_pin_again(session, good ? err : &ending))
        return false;
    *ret_verdict = probe_decide(probe->kind, before, now);
    return good;
}

bool settle_open_step(PgSession *session, const History *history, const Manifest *manifest,
                      SettleChoice choice, int64_t limit_ms, SettleReport *ret_report, Error *err)
{
    const JournalRow *row = history_unsettled(history);
    *ret_report = (SettleReport){0};
    if (!row)
        return choice == SETTLE_BY_LOOKING ||
               error_set(err, ERROR_USAGE, "there is no unsettled step to say that of");
    RunTask task;
    RunPart part;
    ProbeVerdict verdict = choice == SETTLE_AS_DONE ? VERDICT_IS_DONE : VERDICT_NOT_DONE;
    if (!task_of_row(history, row, manifest, &task, &part, err) ||
        (choice == SETTLE_BY_LOOKING && !look(session, row, &task, limit_ms, &verdict, err)))
        return false;
    if (verdict == VERDICT_UNDECIDED)
        return undecided(row, &task, err);
    bool done = verdict == VERDICT_IS_DONE;
    const char *result = !done                                        ? JOURNAL_NOT_DONE
                         : part.completes && run_task_verifies(&task) ? JOURNAL_UNVERIFIED
                                                                      : JOURNAL_DONE;
    RunTaskArray tasks = {.items = &task, .count = 1};
    StepQueue queue = {.session = session, .tasks = &tasks, .chain = history->chain};
    if (!step_alone_record(&queue, &part, JOURNAL_SETTLED, result,
                           choice == SETTLE_BY_LOOKING ? "by looking" : "by the operator",
                           row->attempt, RECORD_DURABLE, err))
        return error_wrap(err, "settling a step");
    *ret_report =
        (SettleReport){.happened = true, .done = done, .by_operator = choice != SETTLE_BY_LOOKING};
    return true;
}
