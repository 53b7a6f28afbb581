/* applier drift: a live schema against what was proven of the version it claims; reads only. */
#include <inttypes.h>

#include "applier/applier_commands.h"
#include "applier/commands/proof_render.h"
#include "applier/commands/run_render.h"
#include "applier/commands/target_options.h"
#include "applier/ledger/stored_proofs.h"
#include "applier/runs/schema_check.h"
#include "applier/runs/site_bundle.h"
#include "base/memory.h"

typedef struct DriftOptions {
    TargetOptions target;
    bool strict;
} DriftOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(DriftOptions),
    OPTION_FLAG_ROW("strict", DriftOptions, strict,
                    "count owners, rights, comments and settings too, and refuse on a server major "
                    "that was not rehearsed"),
};

/* What was looked at, and what came of it. */
typedef struct Drift {
    const DriftOptions *given;
    PgSession *session; /* owned */
    History history;
    SiteBundle bundle;    /* where one was named */
    ObjectSource objects; /* … its objects */
    StoredBundles stored; /* else what the ledger keeps */
    ProofSourceArray sources;
    ProofSet set;
    FingerprintNames names;
    ProofResult result;
    char *described; /* owned */
} Drift;

static void drift_done(Drift *drift)
{
    free(drift->described);
    proof_result_done(&drift->result);
    proof_set_done(&drift->set);
    fingerprint_names_done(&drift->names);
    array_free(&drift->sources);
    stored_bundles_done(&drift->stored);
    site_bundle_done(&drift->bundle);
    history_done(&drift->history);
    pg_session_close(drift->session);
}

/* Only at the end of a version is anything proven. */
static bool check_rest(const Drift *drift, Error *err)
{
    const History *history = &drift->history;
    CLEANUP(memory_freep) char *unrest = history_unrest(history);
    if (!history->managed) {
        error_set(err, ERROR_TARGET, "the database is unmanaged: it claims no version");
        return error_hint(err, "'applier adopt BUNDLE' finds out which version it is at");
    }
    if (history->diverged)
        return error_set(err, ERROR_TARGET, "the ledger cannot be believed: %s", history->diverged);
    if (history_is_at_version(history))
        return true;
    if (unrest)
        error_set(err, ERROR_TARGET, "%s", unrest);
    else
        error_set(err, ERROR_TARGET,
                  "the database stands inside a version, behind %s: nothing is proven of that",
                  history_version_name(history));
    if (unrest || history_open_run(history))
        return error_hint(err, "'applier resume' goes on to the end of a version");
    return error_hint(err,
                      "'applier apply BUNDLE' goes on to the end of the next version, "
                      "'applier rollback --to %s' back to this one",
                      history_version_name(history));
}

static bool load_given(Drift *drift, const char *path, Error *err)
{
    char tree[DIGEST_HEX_SIZE];
    const Manifest *manifest = NULL;
    if (!site_bundle_open(path, &drift->bundle, err) ||
        !bundle_reader_manifest(drift->bundle.reader, &manifest, err))
        return false;
    if (strcmp(manifest->head.product_uuid, drift->history.identity.product_uuid) != 0)
        return error_set(err, ERROR_TRUST, "the bundle is of product %s, the database holds %s",
                         manifest->head.product, drift->history.identity.product);
    if (proof_version_index(manifest, schema_tree(&drift->history, tree)) == SIZE_MAX) {
        error_set(err, ERROR_TARGET, "'%s' does not hold version %s, at which the database is",
                  path, history_version_name(&drift->history));
        return error_hint(err, "leave the bundle out: the ledger keeps the one that was applied");
    }
    drift->objects = bundle_reader_objects(drift->bundle.reader);
    proof_sources_add(&drift->sources, manifest, &drift->objects);
    return true;
}

static bool choose(Drift *drift, Error *err)
{
    char tree[DIGEST_HEX_SIZE];
    int64_t major = pg_session_major(drift->session);
    const char *version = history_version_name(&drift->history);
    proof_set_choose(&drift->sources, schema_tree(&drift->history, tree), major, &drift->set);
    if (!drift->set.scope) {
        error_set(err, ERROR_TARGET, "there is no proven schema of version %s to compare with",
                  strcmp(version, "-") == 0 ? "(nothing)" : version);
        return error_hint(err, "its bundle was packed unproven; a bundle that was rehearsed and "
                               "holds this version can be named: applier drift BUNDLE");
    }
    if (!drift->given->strict || drift->set.same_major)
        return true;
    error_set(err, ERROR_TARGET,
              "version %s was not rehearsed on PostgreSQL %" PRId64 ", only on %" PRId64, version,
              major, drift->set.server_major);
    return error_hint(err, "without --strict what all versions print alike is compared");
}

static int recorded_arrival(const Drift *drift)
{
    const PastArrival *arrival = history_arrival(&drift->history);
    return arrival ? word_table_find(&arrival_words, arrival->arrival) : PROOF_NO_ARRIVAL;
}

static bool look(const CommandContext *context, Drift *drift, Error *err)
{
    const char *path = context->arguments.count ? context->arguments.items[0] : NULL;
    if (!target_open_reading(&drift->given->target, &drift->session, err) ||
        !history_read(drift->session, &drift->history, err) || !check_rest(drift, err))
        return false;
    drift->described = pg_session_describe(drift->session);
    drift->stored.session = drift->session;
    run_parameters_names(&drift->history, /* parameters= */ NULL, &drift->names);
    return (path ? load_given(drift, path, err)
                 : stored_proofs_add(&drift->stored, &drift->history, &drift->sources, err)) &&
           choose(drift, err) &&
           schema_look(drift->session, &drift->set, &drift->history.accepted, &drift->names,
                       recorded_arrival(drift), FINGERPRINT_DEFINITIONS, &drift->result, err);
}

static void render_json(const Drift *drift, const Error *failure, Text *out)
{
    const ProofResult *result = &drift->result;
    const PastArrival *recorded = history_arrival(&drift->history);
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", drift->history.identity.product);
    json_string(&json, "database", drift->described);
    json_string(&json, "version", history_version_name(&drift->history));
    json_string(&json, "schema", schema_state_name(result->state));
    json_string(&json, "schema_arrival", arrival_name(result->entry->fingerprint->arrival));
    json_string(&json, "recorded_arrival",
                recorded && *recorded->arrival ? recorded->arrival : NULL);
    json_int(&json, "server_major", pg_session_major(drift->session));
    json_int(&json, "compared_major", drift->set.server_major);
    json_int(&json, "differing", (int64_t)result->differences);
    json_int(&json, "env_differences", (int64_t)result->env_differences);
    proof_render_json(result, &drift->history.accepted, &json);
    if (failure->message)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

static void render_head(const Drift *drift, Text *out)
{
    const char *version = history_version_name(&drift->history);
    text_addf(out, "%s is at version %s, proven on PostgreSQL %" PRId64 "\n", drift->described,
              strcmp(version, "-") == 0 ? "(nothing)" : version, drift->set.server_major);
    if (!drift->set.same_major)
        text_addf(out, "this is PostgreSQL %" PRId64 ": not compared are " PROOF_NOT_COMPARED "\n",
                  pg_session_major(drift->session));
}

static void render_text(const Drift *drift, Text *out)
{
    const ProofResult *result = &drift->result;
    render_head(drift, out);
    bool whole = drift->set.same_major && !(drift->given->strict && result->env_differences);
    if (!result->differences)
        text_addf(out, "the schema%s is the one proven at build time%s\n",
                  whole ? "" : "'s structure",
                  run_render_arrival(arrival_name(result->entry->fingerprint->arrival)));
    else
        text_addf(out, "\n%zu difference%s (-: as proven, +: as it is)\n\n", result->differences,
                  text_plural((int64_t)result->differences));
    proof_render_changes(result, CHANGES_THAT_COUNT, out);
    if (result->env_differences)
        text_addf(out, "\nin owners, rights, comments and settings: %zu difference%s%s\n\n",
                  result->env_differences, text_plural((int64_t)result->env_differences),
                  drift->given->strict ? "" : ", which do not stop a run");
    proof_render_changes(result, CHANGES_OF_ENV, out);
    if (result->accepted.rows.count || result->tolerated.rows.count)
        text_add(out, "\nnot counted\n\n");
    proof_render_taken_out(result, &drift->history.accepted, out);
}

static bool judge(const Drift *drift, Error *err)
{
    const char *version = history_version_name(&drift->history);
    size_t env = drift->given->strict ? drift->result.env_differences : 0;
    size_t count = drift->result.differences + env;
    if (!count)
        return true;
    if (count == env) {
        error_set(err, ERROR_TARGET,
                  "owners, rights, comments or settings are not those proven for version %s: %zu "
                  "difference%s",
                  version, env, text_plural((int64_t)env));
        return error_hint(err, "put them back as they were; without --strict they do not count");
    }
    error_set(err, ERROR_TARGET,
              "the schema is not the one proven for version %s: %zu difference%s", version, count,
              text_plural((int64_t)count));
    return error_hint(err, "put it back as it was; what is merely extra can be accepted when the "
                           "next bundle is applied: --accept-extra IDENTITY=REASON");
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(drift_done) Drift drift = {.given = context->options, .history.unsettled = -1};
    if (!look(context, &drift, err))
        return false;
    bool good = judge(&drift, err);
    if (context->json)
        render_json(&drift, err, context->out);
    else
        render_text(&drift, context->out);
    return good;
}

const Command command_drift = {
    .name = "drift",
    .synopsis = "[BUNDLE] [--db CONNINFO] [--strict]",
    .summary = "compare a database's schema with the one proven for its version, object by object",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(DriftOptions),
    .most_arguments = 1,
    .run = run,
};
