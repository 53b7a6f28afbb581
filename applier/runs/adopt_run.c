#include "applier/runs/adopt_run.h"

#include <inttypes.h>

#include "applier/runs/run_session.h"
#include "applier/runs/target_check.h"
#include "applier/server/pg_query.h"
#include "applier/sql/ledger_queries.h"
#include "applier/steps/step_queue.h"
#include "base/memory.h"

void adopt_report_done(AdoptReport *report)
{
    adopt_nearest_done(&report->nearest);
    accepted_extras_done(&report->accepted);
    foreign_tables_done(&report->foreign);
    free(report->redacted);
    free(report->warnings);
    *report = (AdoptReport){0};
}

/* One adoption under way. */
typedef struct Adoption {
    const AdoptOptions *options;
    const ApplyInput *input;
    AdoptReport *report;
    PgSession *session;
    AdoptMatchArray matches;
    Text warnings;
    RunParameters parameters;
    FingerprintNames names;
} Adoption;

static bool refuse_managed(Adoption *adoption, Error *err)
{
    LedgerPresence presence = LEDGER_ABSENT;
    if (!ledger_look(adoption->session, &presence, err))
        return false;
    if (presence == LEDGER_ABSENT)
        return true;
    error_set(err, ERROR_TARGET, "there is a ledger already: Sealift manages this database");
    return error_hint(err, "'applier status' says at which version it is");
}

/* --- looking --------------------------------------------------------------------------------- */

/* As the ledger's owner will be: the role that connects. */
static bool take(Adoption *adoption, FingerprintDetail detail, Fingerprint *ret_taken, Error *err)
{
    const Manifest *manifest = adoption->input->manifest;
    const FingerprintScope scope = {.schemas = (const char *const *)manifest->scope.items,
                                    .schema_count = manifest->scope.count,
                                    .names = &adoption->names};
    return fingerprint_read(adoption->session, &scope, detail, ret_taken, err);
}

static bool match(Adoption *adoption, const Fingerprint *taken, Error *err)
{
    const ProofSource bundle = {adoption->input->manifest, &adoption->input->objects};
    AdoptReport *report = adoption->report;
    adopt_nearest_done(&report->nearest);
    adoption->matches.count = 0;
    return adopt_match(&bundle, taken, &report->accepted, report->server_major, &adoption->matches,
                       &report->nearest, err);
}

static bool no_match(const Adoption *adoption, Error *err)
{
    const AdoptNearest *nearest = &adoption->report->nearest;
    error_set(err, ERROR_TARGET,
              "the schema is that of no version the bundle knows; nearest is %s, with %zu "
              "difference%s",
              strcmp(nearest->version, "-") == 0 ? "an empty one" : nearest->version,
              nearest->result.differences, text_plural((int64_t)nearest->result.differences));
    return error_hint(err, "nothing was written; mend what differs, or bring the bundle that holds "
                           "this version; what is merely extra can be accepted: --accept-extra "
                           "IDENTITY=REASON");
}

static bool holds_version(const Manifest *manifest, const char *name)
{
    bool held = strcmp(manifest->head.covers_from, name) == 0 ||
                manifest_find_version(manifest, name) != SIZE_MAX;
    array_each (const ManifestEarlier, earlier, &manifest->earlier)
        held |= strcmp(earlier->name, name) == 0;
    return held;
}

static bool check_version(const Adoption *adoption, Error *err)
{
    const char *name = adoption->options->version;
    const Manifest *manifest = adoption->input->manifest;
    if (!name || holds_version(manifest, name))
        return true;
    error_set(err, ERROR_USAGE, "the bundle knows no version '%s'", name);
    return error_hint(err, "it goes from %s to %s; 'applier inspect' shows which versions it knows",
                      strcmp(manifest->head.covers_from, "-") == 0 ? "nothing"
                                                                   : manifest->head.covers_from,
                      manifest->head.covers_to);
}

/* What would not be recorded is no word to take. */
static bool nothing_to_accept(const AcceptRequestArray *accepts, const AdoptMatch *match,
                              Error *err)
{
    error_set(err, ERROR_TARGET,
              "--accept-extra '%s': there is nothing to accept, the schema is that of version %s "
              "as it is",
              accepts->items[0].identity, match->version);
    return error_hint(err, "nothing was written; leave --accept-extra out");
}

/* Of several versions with this schema, the one that a tool's table names, where it is one of them.
 */
static const char *version_to_try(const Adoption *adoption)
{
    const char *named = foreign_tables_version(&adoption->report->foreign);
    if (adoption->options->version || adoption->matches.count < 2 || !named)
        return adoption->options->version;
    array_each (const AdoptMatch, match, &adoption->matches)
        if (strcmp(match->version, named) == 0)
            return named;
    return NULL;
}

/* Where a table says something else than the schema, the schema holds, and the table is named. */
static void compare_with_tables(Adoption *adoption)
{
    const AdoptReport *report = adoption->report;
    array_each (const ForeignTable, table, &report->foreign) {
        if (report->found && !table->place.inside && table->place.version &&
            strcmp(table->place.version, report->match.version) == 0)
            continue;
        foreign_table_text(table, /* compared= */ true, &adoption->warnings);
        if (report->found && !table->unread)
            text_addf(&adoption->warnings, "; the schema is that of version %s, which decides",
                      report->match.version);
        text_add_char(&adoption->warnings, '\n');
    }
}

static bool find(Adoption *adoption, const Fingerprint *taken, Error *err)
{
    const AcceptRequestArray *accepts = adoption->options->run.schema.accepts;
    AdoptReport *report = adoption->report;
    const AdoptMatch *found = NULL;
    if (!check_version(adoption, err) || !match(adoption, taken, err))
        return false;
    bool accept = accepts && accepts->count, equal = adoption->matches.count > 0;
    if (!equal && accept &&
        (!accepted_extras_add(&report->nearest.result.changes, accepts, &report->accepted,
                              &report->accepted, err) ||
         !match(adoption, taken, err)))
        return false;
    if (!adoption->matches.count)
        return no_match(adoption, err);
    if (!adopt_choose(&adoption->matches, version_to_try(adoption), &found, err))
        return false;
    if (equal && accept)
        return nothing_to_accept(accepts, found, err);
    report->match = *found;
    report->found = true;
    return true;
}

static bool refuse_strictly(const Adoption *adoption, Error *err)
{
    const AdoptMatch *match = &adoption->report->match;
    if (match->env_differs)
        error_set(err, ERROR_TARGET,
                  "the structure is that of version %s, but owners, rights, comments or settings "
                  "are not",
                  match->version);
    else
        error_set(err, ERROR_TARGET,
                  "version %s was not rehearsed on PostgreSQL %" PRId64 ", only on %" PRId64,
                  match->version, adoption->report->server_major, match->compared_major);
    return error_hint(err, "without --strict its structure alone decides");
}

/* What is equal only in part is said, or refused. */
static bool check_rest(Adoption *adoption, Error *err)
{
    const AdoptMatch *match = &adoption->report->match;
    if (match->state == SCHEMA_PROVEN && !match->env_differs)
        return true;
    if (adoption->options->run.schema.strict)
        return refuse_strictly(adoption, err);
    if (match->env_differs)
        text_addf(&adoption->warnings,
                  "owners, rights, comments or settings are not those proven for version %s: "
                  "'applier drift' shows them\n",
                  match->version);
    else
        text_addf(&adoption->warnings,
                  "the bundle was not rehearsed on PostgreSQL %" PRId64 ": only structure is "
                  "compared, with what %" PRId64 " gave\n",
                  adoption->report->server_major, match->compared_major);
    return true;
}

static bool look(Adoption *adoption, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint taken = {0};
    if (!adoption->input->manifest->fingerprints.count) {
        error_set(err, ERROR_TARGET,
                  "the bundle was packed unproven: it holds no schema to "
                  "compare with");
        return error_hint(err, "ask the vendor for one that was rehearsed");
    }
    if (!foreign_tables_read(adoption->session, adoption->input->manifest,
                             &adoption->report->foreign, err) ||
        !take(adoption, FINGERPRINT_DEFINITIONS, &taken, err))
        return false;
    bool found = find(adoption, &taken, err);
    compare_with_tables(adoption);
    return found && check_rest(adoption, err);
}

/* --- writing --------------------------------------------------------------------------------- */

/* The answer to a question may have taken a while. */
static bool look_again(Adoption *adoption, Error *err)
{
    const AdoptMatch *match_before = &adoption->report->match;
    CLEANUP(fingerprint_done) Fingerprint taken = {0};
    const ProofSource bundle = {adoption->input->manifest, &adoption->input->objects};
    AdoptMatchArray matches = {0};
    CLEANUP(adopt_nearest_done) AdoptNearest nearest = {0};
    bool same = false;
    if (!take(adoption, FINGERPRINT_HASHES, &taken, err) ||
        !adopt_match(&bundle, &taken, &adoption->report->accepted, adoption->report->server_major,
                     &matches, &nearest, err)) {
        array_free(&matches);
        return false;
    }
    array_each (const AdoptMatch, match, &matches)
        same |= digest_equal(&match->tree_digest, &match_before->tree_digest);
    array_free(&matches);
    return same || error_set(err, ERROR_TARGET, "the schema was changed in the meantime");
}

static bool add_journal(Adoption *adoption, Error *err)
{
    const AdoptMatch *match = &adoption->report->match;
    PgSession *session = adoption->session;
    const StepQueue queue = {.session = session};
    PgValue values[JOURNAL_VALUES];
    JournalRow row = {
        .kind = JOURNAL_ADOPTED,
        .direction = DIRECTION_UP,
        .head_digest = adoption->input->head_digest,
        .version = (char *)(uintptr_t)match->version,
        .identity = (char *)(uintptr_t) "",
        .group = 1,
        .group_count = 1,
        .complete = true,
        .position_after = match->position,
        .up_digest = match->tree_digest,
        .attempt = 1,
        .result = (char *)(uintptr_t) "",
        .words = (char *)(uintptr_t) "",
    };
    journal_chain_begin(&adoption->report->chain);
    journal_chain_append(&adoption->report->chain, &row);
    step_queue_row_values(&queue, &row, values);
    return pg_query(session, "SELECT pg_catalog.set_config('sealift.group', $1, true)",
                    PG_VALUES(pg_int(row.number)), PG_ONE_ROW, /* ret_result= */ NULL, err) &&
           pg_query(session, SQL_ledger_insert_journal, values, JOURNAL_VALUES, PG_COMMAND,
                    /* ret_result= */ NULL, err) &&
           pg_query(session, SQL_ledger_insert_version,
                    PG_VALUES(pg_int(row.number), pg_int(match->position), pg_text(match->version),
                              pg_digest(&match->tree_digest),
                              pg_digest(&adoption->input->head_digest)),
                    PG_COMMAND, /* ret_result= */ NULL, err);
}

static bool add_proof(Adoption *adoption, Error *err)
{
    const AdoptMatch *match = &adoption->report->match;
    const PastArrival arrival = {.version = (char *)(uintptr_t)match->version,
                                 .arrival = (char *)(uintptr_t)arrival_name(match->arrival),
                                 .server_major = adoption->report->server_major,
                                 .compared_major = match->compared_major,
                                 .roots = match->roots,
                                 .proven = match->state == SCHEMA_PROVEN};
    return ledger_add_arrival(adoption->session, &arrival, err) &&
           ledger_add_accepted(adoption->session, &adoption->report->accepted, err);
}

static bool add_event(Adoption *adoption, Error *err)
{
    const AdoptMatch *match = &adoption->report->match;
    const LedgerEvent event = {.action = ACTION_ADOPT,
                               .phase = PHASE_OF_END,
                               .head_digest = &adoption->input->head_digest,
                               .from_version = "-",
                               .to_version = match->version,
                               .to_position = match->position,
                               .run_id = adoption->options->run.run_id,
                               .bundle_path = adoption->input->path,
                               .sqlstate = "",
                               .words = ""};
    return ledger_add_event(adoption->session, &event, err);
}

/* All of it or nothing, on disk once it answers. */
static bool write_ledger(Adoption *adoption, Error *err)
{
    const Head *head = adoption->input->head;
    PgSession *session = adoption->session;
    if (ledger_begin_durable(session, err) && look_again(adoption, err) &&
        ledger_make(session, head->product, head->product_uuid, err) &&
        run_session_store_bundle(adoption->session, adoption->input, err) &&
        add_journal(adoption, err) && add_proof(adoption, err) && add_event(adoption, err) &&
        run_parameters_record(session, &adoption->parameters, err) &&
        pg_script(session, "COMMIT", err)) {
        adoption->report->recorded = true;
        return ledger_read_identity(session, &adoption->report->identity, err);
    }
    CLEANUP(error_done) Error ignored = {0};
    if (!pg_session_is_lost(session))
        (void)!pg_script(session, "ROLLBACK", &ignored);
    return false;
}

/* What the site calls the roles of its parameters is seen in the schema, and is on record for the
 * bundles that follow. A value that nobody says is asked for by the run that takes it. */
static void find_parameters(Adoption *adoption)
{
    static const History nothing = {.unsettled = -1};
    run_parameters_find(&adoption->options->run.parameters, adoption->input->manifest, &nothing,
                        RUN_BEGINS_ANEW, /* tasks= */ NULL, &adoption->parameters);
    run_parameters_names(&nothing, &adoption->parameters, &adoption->names);
}

static bool run(Adoption *adoption, Error *err)
{
    const AdoptOptions *options = adoption->options;
    const Manifest *manifest = adoption->input->manifest;
    if (!run_session_open(&options->run, manifest->search_path, &adoption->session, err))
        return false;
    adoption->report->redacted = pg_session_describe(adoption->session);
    adoption->report->server_major = pg_session_major(adoption->session);
    if (!refuse_managed(adoption, err) ||
        !target_check(adoption->session, manifest, &adoption->warnings, err) ||
        !look(adoption, err))
        return false;
    if (options->confirm &&
        !options->confirm(options->confirm_context, &adoption->report->match, err))
        return false;
    return write_ledger(adoption, err);
}

bool adopt_run(const AdoptOptions *options, const ApplyInput *input, AdoptReport *report,
               Error *err)
{
    Adoption adoption = {.options = options, .input = input, .report = report};
    find_parameters(&adoption);
    bool good = run(&adoption, err);
    report->warnings = text_take(&adoption.warnings);
    array_free(&adoption.matches);
    fingerprint_names_done(&adoption.names);
    run_parameters_done(&adoption.parameters);
    pg_session_close(adoption.session);
    return good;
}
