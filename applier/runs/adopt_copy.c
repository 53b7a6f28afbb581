#include "applier/runs/adopt_copy.h"

#include "applier/runs/run_session.h"
#include "applier/server/pg_query.h"
#include "base/memory.h"

void adopt_copy_report_done(AdoptCopyReport *report)
{
    free(report->redacted);
    free(report->version);
    *report = (AdoptCopyReport){0};
}

static bool check(const History *history, Error *err)
{
    if (!history->managed) {
        error_set(err, ERROR_TARGET,
                  "there is no ledger here: it is no copy of a database that "
                  "Sealift manages");
        return error_hint(err, "'applier adopt BUNDLE' finds out which version it is at");
    }
    if (history->moved)
        return true;
    error_set(err, ERROR_TARGET,
              "this is no copy: its ledger was last used in this very database (OID %s of server "
              "%s)",
              history->here.database_oid, history->here.system_identifier);
    return error_hint(err, "nothing was written; check --db: is it the database that was meant?");
}

/* Who was at work in the original is so in the copy: the event neither begins nor ends a run. */
static bool add_event(PgSession *session, const AdoptCopyOptions *options, const History *history,
                      const AdoptCopyReport *report, Error *err)
{
    CLEANUP(memory_freep)
    char *words = memory_format("a copy of database %s, from now on %s", report->before,
                                report->database_uuid);
    const LedgerEvent event = {.action = ACTION_ADOPT,
                               .phase = PHASE_OF_RETURN,
                               .from_version = report->version,
                               .to_version = report->version,
                               .from_position = history->position,
                               .to_position = history->position,
                               .run_id = options->run.run_id,
                               .sqlstate = "",
                               .words = words};
    return ledger_add_event(session, &event, err);
}

static bool write_identity(PgSession *session, const AdoptCopyOptions *options,
                           const History *history, AdoptCopyReport *report, Error *err)
{
    uuid_make(report->database_uuid);
    if (ledger_begin_durable(session, err) &&
        ledger_become_copy(session, report->database_uuid, err) &&
        add_event(session, options, history, report, err) && ledger_commit_durable(session, err)) {
        report->recorded = true;
        return true;
    }
    if (err->class == ERROR_UNSETTLED) /* committed, and no run that could be resumed */
        return error_hint(err, "the copy has its new UUID here: 'applier status' shows it");
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(session))
        (void)!pg_script(session, "ROLLBACK", &ignored);
    return false;
}

bool adopt_copy_run(const AdoptCopyOptions *options, AdoptCopyReport *report, Error *err)
{
    CLEANUP(pg_session_closep) PgSession *session = NULL;
    CLEANUP(history_done) History history = {.unsettled = -1};
    RunOptions run = options->run;
    run.same_site = true; /* that it moved is what this is about */
    if (!run_session_open(&run, /* scripts_path= */ NULL, &session, err))
        return false;
    report->redacted = pg_session_describe(session);
    if (!run_session_history(session, PG_SESSION_WRITES, &run, &history, err) ||
        !check(&history, err))
        return false;
    snprintf(report->product, sizeof(report->product), "%s", history.identity.product);
    snprintf(report->before, sizeof(report->before), "%s", history.identity.database_uuid);
    report->version = memory_string(history_version_name(&history));
    return (!options->confirm || options->confirm(options->confirm_context, &history, err)) &&
           write_identity(session, options, &history, report, err);
}
