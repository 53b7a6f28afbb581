#include "applier/preflight/preflight_checks.h"

#include "applier/runs/measured_locks.h"
#include "applier/runs/run_session.h"
#include "applier/server/pg_array.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

/* The checks, in the order in which they are done and shown. */
static const struct {
    const char *id;
    const char *what; /* that cannot be looked at, where a permission is missing */
    bool needs_tasks; /* nothing to look at where there is nothing to apply */
    PreflightCheck *check;
} checks[] = {
    {"fit", "how bundle and database fit", false, preflight_check_fit},
    {"drift", "the schema", false, preflight_check_drift},
    {"parameter", "the parameters", true, preflight_check_parameters},
    {"gate", "gates", true, preflight_check_gates},
    {"server", "the server", false, preflight_check_server},
    {"pooler", "the pooler", false, preflight_check_pooler},
    {"encoding", "the encoding", false, preflight_check_encoding},
    {"role", "the role", false, preflight_check_role},
    {"create", "the right to make objects", true, preflight_check_create},
    {"ownership", "owners", true, preflight_check_ownership},
    {"extension", "extensions", false, preflight_check_extensions},
    {"requirement", "what the bundle requires", false, preflight_check_requirements},
    {"note", "notes", true, preflight_check_notes},
    {"atomic", "--atomic", true, preflight_check_atomic},
    {"locks", "the lock table", true, preflight_check_locks},
    {"index", "indexes", true, preflight_check_indexes},
    {"collation", "collations", true, preflight_check_collation},
    {"prepared", "prepared transactions", true, preflight_check_prepared},
    {"session", "sessions", true, preflight_check_sessions},
    {"slot", "replication slots", true, preflight_check_slots},
    {"standby", "standbys", false, preflight_check_standbys},
    {"publication", "publications", true, preflight_check_publications},
    {"subscription", "subscriptions", true, preflight_check_subscriptions},
    {"archiver", "the archiver", true, preflight_check_archiver},
    {"event-trigger", "event triggers", true, preflight_check_event_triggers},
    {"space", "disks", true, preflight_check_space},
    {"time", "the time", true, preflight_check_time},
};

void preflight_report_done(PreflightReport *report)
{
    findings_done(&report->findings);
    run_estimate_done(&report->estimate);
    apply_plan_done(&report->plan);
    free(report->database);
    free(report->from);
    free(report->to);
    *report = (PreflightReport){0};
}

static void preflight_done(Preflight *preflight)
{
    touched_objects_done(&preflight->touched);
    proof_result_done(&preflight->schema);
    fingerprint_names_done(&preflight->names);
    run_parameters_done(&preflight->parameters);
    history_done(&preflight->history);
    free(preflight->role);
    free(preflight->database);
    pg_session_close(preflight->session);
}

void preflight_relation_names(const Preflight *preflight, Text *literal)
{
    ARRAY_OF(const char *) names = {0};
    array_each (const CostRelation, relation, &preflight->report->estimate.steps.relations)
        if (relation->live && (relation->blocks > BLOCKS_NOTHING || relation->work != WORK_NONE))
            *array_add(&names) = relation->live->name;
    pg_array_text(names.items, names.count, literal);
    array_free(&names);
}

/* --- looking --------------------------------------------------------------------------------- */

static bool read_names(Preflight *preflight, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_names, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking who we are");
    preflight->role = memory_string(pg_result_text(row, 0, 0));
    preflight->database = memory_string(pg_result_text(row, 0, 1));
    return true;
}

static bool make_plan(Preflight *preflight, Error *err)
{
    const PreflightOptions *options = preflight->options;
    const ApplyInput *input = options->input;
    PreflightReport *report = preflight->report;
    if (!run_session_history(preflight->session, PG_SESSION_READS, options->run,
                             &preflight->history, err))
        return false;
    apply_plan_make(&preflight->history, input->manifest, &input->head_digest, options->to_version,
                    &report->plan);
    report->plan.server_major = pg_session_major(preflight->session);
    report->database = pg_session_describe(preflight->session);
    report->from = memory_string(history_version_name(&preflight->history));
    report->to = memory_string(report->plan.relation == RELATION_NO_VERSION
                                   ? options->to_version
                                   : input->manifest->versions.items[report->plan.target].name);
    if (report->plan.relation != RELATION_FITS)
        array_free(&report->plan.tasks);
    array_each (RunTask, task, &report->plan.tasks)
        task->objects = &input->objects;
    run_parameters_find(&options->run->parameters, input->manifest, &preflight->history,
                        RUN_BEGINS_ANEW, &report->plan.tasks, &preflight->parameters);
    run_parameters_names(&preflight->history, &preflight->parameters, &preflight->names);
    report->migrations = (size_t)run_tasks_count(&report->plan.tasks);
    return touched_objects_read(&report->plan.tasks, &input->objects, report->plan.server_major,
                                &preflight->touched, err);
}

/* What one may not see is a finding as well. */
static bool run_check(Preflight *preflight, size_t index, Error *err)
{
    Findings *findings = preflight->findings;
    findings->check = checks[index].id;
    if ((checks[index].needs_tasks && !preflight->report->migrations) ||
        checks[index].check(preflight, err))
        return true;
    bool locked = strcmp(err->code, "55P03") == 0;
    if (!locked && strcmp(err->code, "42501") != 0)
        return error_wrap(err, "looking at %s", checks[index].what);
    error_done(err);
    if (locked) {
        findings_add(findings, LEVEL_WARNS, NULL,
                     "%s could not be looked at: another session holds a lock", checks[index].what);
        findings_advise(findings, "run the preflight again once it is gone");
        return true;
    }
    findings_add(findings, LEVEL_INFORMS, NULL, "role %s may not look at %s: not checked",
                 preflight->role, checks[index].what);
    findings_advise(findings, "run the preflight once more as a role that may");
    return true;
}

static bool estimate(Preflight *preflight, Error *err)
{
    PreflightReport *report = preflight->report;
    int64_t most = preflight->options->run->schema.look_under_lock_ms;
    const LookCosts looks = {preflight->look_ms, most > 0 && preflight->look_ms <= most};
    const MeasuredPlace place = {.config = preflight->options->config,
                                 .history = &preflight->history,
                                 .head_digest = &preflight->options->input->head_digest};
    if (!report->migrations || report->estimated)
        return true;
    report->estimated = true;
    return run_estimate_make(preflight->session, &report->plan, preflight->options->run->atomic,
                             &looks, &place, &report->estimate, err);
}

static bool look(Preflight *preflight, Error *err)
{
    if (!run_session_open_reader(preflight->options->run, &preflight->session, err) ||
        !read_names(preflight, err) || !make_plan(preflight, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        /* behind the look at the schema, whose time counts */
        if ((checks[i].needs_tasks && !estimate(preflight, err)) || !run_check(preflight, i, err))
            return false;
    }
    return true;
}

bool preflight_run(const PreflightOptions *options, PreflightReport *ret_report, Error *err)
{
    CLEANUP(preflight_report_done) PreflightReport report = {0};
    Preflight preflight = {.options = options,
                           .manifest = options->input->manifest,
                           .history.unsettled = -1,
                           .report = &report,
                           .findings = &report.findings};
    bool good = look(&preflight, err);
    preflight_done(&preflight);
    if (!good)
        return false;
    *ret_report = report;
    report = (PreflightReport){0};
    return true;
}
