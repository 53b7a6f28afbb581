#include "applier/ledger/stored_proofs.h"
#include "applier/preflight/preflight_checks.h"
#include "applier/runs/gates.h"
#include "applier/runs/schema_words.h"
#include "base/clock.h"

#define NAMED_MOST 10 /* objects in a finding */

static void add_moved(Preflight *preflight)
{
    const History *history = &preflight->history;
    if (!history->moved)
        return;
    CLEANUP(memory_freep) char *words = history_moved_words(history);
    findings_add(preflight->findings, LEVEL_BLOCKS, NULL, "%s", words);
    findings_advise(preflight->findings,
                    "if it is this site's database from now on, 'applier apply' takes --same-site, "
                    "once; a copy that goes its own way wants 'applier adopt --as-copy' before");
}

bool preflight_check_fit(Preflight *preflight, Error *err UNUSED)
{
    const ApplyPlan *plan = &preflight->report->plan;
    Findings *findings = preflight->findings;
    add_moved(preflight);
    if (plan->relation == RELATION_FITS)
        return true;
    if (plan->relation == RELATION_CURRENT) {
        findings_add(findings, LEVEL_INFORMS, NULL,
                     "the database is at version %s already: there is nothing to apply",
                     preflight->report->to);
        return true;
    }
    findings_add(findings, LEVEL_BLOCKS, NULL, "%s", plan->words);
    if (plan->hint)
        findings_advise(findings, "%s", plan->hint);
    return true;
}

bool preflight_check_atomic(Preflight *preflight, Error *err UNUSED)
{
    AtomicMode mode = preflight->options->run->atomic;
    const ApplyPlan *plan = &preflight->report->plan;
    CLEANUP(error_done) Error refusal = {0};
    if (apply_plan_check_mode(preflight->manifest, mode, plan->target, plan->server_major,
                              &refusal) &&
        run_units_check_atomic(&plan->tasks, mode, &refusal))
        return true;
    findings_add(preflight->findings, LEVEL_BLOCKS, NULL, "%s", refusal.message);
    if (refusal.hint)
        findings_advise(preflight->findings, "%s", refusal.hint);
    return true;
}

/* --- the schema ------------------------------------------------------------------------------ */

static void add_differences(Preflight *preflight)
{
    const ProofResult *result = &preflight->schema;
    Findings *findings = preflight->findings;
    CLEANUP(text_done) Text objects = {0};
    const char *version = preflight->report->from;
    proof_changes_text(result, CHANGES_THAT_COUNT, NAMED_MOST, &objects);
    if (strcmp(version, "-") == 0) {
        CLEANUP(text_done) Text sentence = {0};
        const char *hint;
        schema_words_beginning(result, &sentence, &hint);
        findings_add(findings, LEVEL_BLOCKS, NULL, "%s: %s", text_string(&sentence),
                     text_string(&objects));
        findings_advise(findings, "%s", hint);
        return;
    }
    findings_add(findings, LEVEL_BLOCKS, NULL,
                 "the schema is not the one proven for version %s: %zu object%s differ%s: %s",
                 version, result->differences, text_plural((int64_t)result->differences),
                 result->differences == 1 ? "s" : "", text_string(&objects));
    findings_advise(findings, "'applier drift' shows each with its definitions; what is merely "
                              "extra can be accepted: --accept-extra IDENTITY=REASON");
}

static void add_env(Preflight *preflight)
{
    CLEANUP(text_done) Text objects = {0};
    const ProofResult *result = &preflight->schema;
    bool begun = strcmp(preflight->report->from, "-") != 0;
    if (!result->env_differences)
        return;
    proof_changes_text(result, CHANGES_OF_ENV, NAMED_MOST, &objects);
    findings_add(preflight->findings, LEVEL_WARNS, NULL,
                 "%zu difference%s in owners, rights, comments or settings %s%s: %s",
                 result->env_differences, text_plural((int64_t)result->env_differences),
                 begun ? "at version " : "before the first version",
                 begun ? preflight->report->from : "", text_string(&objects));
    findings_advise(preflight->findings, "apply only warns of them; with --strict it refuses");
}

static void add_unproven(Preflight *preflight, const char *why)
{
    findings_add(preflight->findings, LEVEL_INFORMS, NULL,
                 "nothing is proven of the schema as it is now (%s): it is not compared", why);
}

static bool look(Preflight *preflight, const ProofSet *set, Error *err)
{
    int64_t begun = clock_monotonic_ms();
    proof_result_done(&preflight->schema);
    preflight->schema = (ProofResult){0};
    if (!schema_look(preflight->session, set, &preflight->history.accepted, &preflight->names,
                     PROOF_NO_ARRIVAL, FINGERPRINT_DEFINITIONS, &preflight->schema, err))
        return false;
    preflight->look_ms = clock_monotonic_ms() - begun;
    return true;
}

/* What the operator will accept is taken out in a second look, as apply does it; what cannot be is
 * what apply would refuse. */
static bool accept(Preflight *preflight, const ProofSet *set, Error *err)
{
    const AcceptRequestArray *requests = preflight->options->run->schema.accepts;
    AcceptedExtraArray *accepted = &preflight->history.accepted;
    CLEANUP(error_done) Error refusal = {0};
    if (!requests || !requests->count)
        return true;
    if (accepted_extras_add(&preflight->schema.changes, requests, accepted, accepted, &refusal))
        return look(preflight, set, err);
    findings_add(preflight->findings, LEVEL_BLOCKS, NULL, "%s", refusal.message);
    findings_advise(preflight->findings, "%s",
                    refusal.hint ? refusal.hint : "leave --accept-extra out, or name another");
    return true;
}

static bool compare(Preflight *preflight, const ProofSet *set, Error *err)
{
    const AcceptRequestArray *requests = preflight->options->run->schema.accepts;
    if (!set->scope && requests && requests->count) {
        findings_add(preflight->findings, LEVEL_BLOCKS, NULL,
                     "nothing is proven of the schema of version %s: there is nothing that an "
                     "object could be extra to",
                     preflight->report->from);
        findings_advise(preflight->findings, "leave --accept-extra out");
        return true;
    }
    if (!set->scope) {
        add_unproven(preflight, "no rehearsed bundle knows this version");
        return true;
    }
    if (!look(preflight, set, err) || !accept(preflight, set, err))
        return false;
    if (preflight->schema.state == SCHEMA_DIFFERS)
        add_differences(preflight);
    else
        add_env(preflight);
    return true;
}

/* As apply will compare: with what the bundle proves, and what the ledger keeps. */
bool preflight_check_drift(Preflight *preflight, Error *err)
{
    const ApplyInput *input = preflight->options->input;
    const History *history = &preflight->history;
    CLEANUP(stored_bundles_done) StoredBundles stored = {.session = preflight->session};
    CLEANUP(proof_set_done) ProofSet set = {0};
    ProofSourceArray sources = {0};
    char tree[DIGEST_HEX_SIZE];
    if (history->diverged || preflight->report->plan.relation == RELATION_WRONG_PRODUCT)
        return true; /* said already */
    if (!history_is_at_version(history)) {
        add_unproven(preflight, "the database stands inside a version");
        return true;
    }
    proof_sources_add(&sources, input->manifest, &input->objects);
    bool good = stored_proofs_add(&stored, history, &sources, err);
    if (good) {
        proof_set_choose(&sources, schema_tree(history, tree), pg_session_major(preflight->session),
                         &set);
        good = compare(preflight, &set, err);
    }
    array_free(&sources);
    return good;
}

/* --- parameters ------------------------------------------------------------------------------ */

bool preflight_check_parameters(Preflight *preflight, Error *err UNUSED)
{
    const RunParameters *parameters = &preflight->parameters;
    Findings *findings = preflight->findings;
    CLEANUP(error_done) Error refusal = {0};
    if (!run_parameters_check(parameters, &preflight->history, preflight->manifest, &refusal)) {
        findings_add(findings, LEVEL_BLOCKS, NULL, "%s", refusal.message);
        if (refusal.hint)
            findings_advise(findings, "%s", refusal.hint);
    }
    array_each (const RunParameter, item, &parameters->items) {
        if (!item->needed || !item->value)
            continue;
        if (item->before)
            findings_add(findings, LEVEL_WARNS, item->parameter->name,
                         "the value is '%s' (%s); the last run had '%s'", item->value,
                         value_source_words(item->source), item->before);
        else
            findings_add(findings, LEVEL_INFORMS, item->parameter->name, "the value is '%s' (%s)",
                         item->value, value_source_words(item->source));
    }
    return true;
}

/* --- gates ----------------------------------------------------------------------------------- */

static void add_gate(Findings *findings, const GateResult *gate)
{
    const char *source = gate->task->migration->scripts[SCRIPT_PRECHECK].source;
    const char *version = gate->task->version->name;
    if (gate->state == GATE_FAILS) {
        findings_add(findings, LEVEL_BLOCKS, source, "the gate of %s keeps it from beginning: %s",
                     version, gate->words);
        findings_advise(findings,
                        "nothing of version %s is begun before it holds; what it asks is "
                        "in its script: 'applier unpack BUNDLE' writes it out",
                        version);
    } else if (gate->state == GATE_LATER) {
        findings_add(findings, LEVEL_INFORMS, source,
                     "the gate of %s is asked before that version begins", version);
    }
}

/* Those of the next version; what comes before the others may change their answer. */
bool preflight_check_gates(Preflight *preflight, Error *err)
{
    GateResultArray results = {0};
    CLEANUP(error_done) Error refusal = {0};
    /* a gate may take what is missing, which the check before has said */
    if (!run_parameters_check(&preflight->parameters, &preflight->history, preflight->manifest,
                              &refusal))
        return true;
    if (!gates_look(preflight->session, &preflight->report->plan, &results, err))
        return false;
    array_each (const GateResult, gate, &results)
        add_gate(preflight->findings, gate);
    gate_results_done(&results);
    return true;
}
