#include "applier/runs/gates.h"

#include "applier/steps/step_runner.h"

const char *gate_state_name(GateState state)
{
    static const char *const names[] = {"holds", "fails", "later"};
    return names[state];
}

void gate_results_done(GateResultArray *results)
{
    array_each (GateResult, result, results)
        free(result->words);
    array_free(results);
}

/* By the door that every statement of a migration goes through: a run of this one gate. */
static bool ask(PgSession *session, const RunTask *gate, GateResult *result, Error *err)
{
    RunTask task = *gate;
    RunTaskArray tasks = {.items = &task, .count = 1};
    CLEANUP(run_units_done) RunUnits units = {0};
    CLEANUP(run_report_done) RunReport report = {0};
    const StepRunnerOptions options = {.attempts = 1};
    JournalChain unused;
    journal_chain_begin(&unused);
    run_units_build(&tasks, ATOMIC_MIGRATION, &units);
    bool holds = step_runner_run(session, &tasks, &units, &options, &unused, &report, err);
    if (!holds && (!report.failure.happened || err->class != ERROR_TARGET))
        return error_wrap(err, "asking the gate of migration '%s'", gate->migration->identity);
    if (!holds)
        error_done(err);
    result->state = holds ? GATE_HOLDS : GATE_FAILS;
    result->words = memory_string(holds ? "" : report.failure.words);
    return true;
}

bool gates_look(PgSession *session, const ApplyPlan *plan, GateResultArray *ret_results, Error *err)
{
    GateResultArray results = {0};
    array_each (const RunTask, task, &plan->tasks) {
        if (!task->only_gate)
            continue;
        GateResult *result = array_add(&results);
        *result = (GateResult){.task = task, .state = GATE_LATER};
        bool next = task->version == plan->tasks.items[0].version;
        if (next && !ask(session, task, result, err)) {
            gate_results_done(&results);
            return false;
        }
        if (!next)
            result->words = memory_string("");
    }
    *ret_results = results;
    return true;
}
