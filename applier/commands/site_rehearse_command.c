#include "applier/commands/site_rehearse_command.h"

#include <inttypes.h>

#include "applier/commands/confirm.h"
#include "applier/commands/run_render.h"
#include "applier/commands/site_rehearsal_render.h"
#include "applier/runs/site_bundle.h"
#include "base/clock.h"
#include "base/interrupt.h"

/* What the callbacks are told about. */
typedef struct Asked {
    const char *program;
    bool yes;
    const SiteRehearseOptions *given;
} Asked;

static void say(void *context, const char *line)
{
    const Asked *asked = context;
    fprintf(stderr, "%s: %s\n", asked->program, line);
}

static void explain_copy(const SiteRehearsal *rehearsal)
{
    CLEANUP(memory_freep) char *size = render_bytes(rehearsal->copy_bytes);
    CLEANUP(memory_freep) char *room = render_bytes(rehearsal->copy_free);
    fprintf(stderr, "%s is copied on its own server, as '%s'; meanwhile nobody can connect to it\n",
            rehearsal->database, rehearsal->copy_name);
    fprintf(stderr, "the copy takes %s; free there: %s\n", size,
            rehearsal->copy_free >= 0 ? room : "not to be seen from here");
}

static bool confirm_rehearsal(void *context, const SiteRehearsal *rehearsal, Error *err)
{
    const Asked *asked = context;
    bool returns = !asked->given->without_rollback && !rehearsal->back.why_not;
    const char *how = "";
    switch (rehearsal->method) {
    case SITE_METHOD_TEMPLATE:
        explain_copy(rehearsal);
        break;
    case SITE_METHOD_RESTORED:
        fprintf(stderr, "'%s' is marked as a copy to rehearse on, for good\n",
                rehearsal->copy_name);
        break;
    case SITE_METHOD_ROLLED_BACK:
        how = ", in one transaction on the real database that is rolled back; its locks are held "
              "until then, and sequences move on";
        break;
    }
    fprintf(stderr, "%" PRId64 " to rehearse, %s -> %s%s%s\n", rehearsal->tasks,
            strcmp(rehearsal->from, "-") ? rehearsal->from : "(nothing)", rehearsal->to,
            returns ? ", and back again" : "", how);
    return confirm(asked->yes ? CONFIRM_YES : CONFIRM_ASK, "Rehearse?", err);
}

/* --- what is kept ---------------------------------------------------------------------------- */

static void add_measured(const SiteStep *step, MeasuredStepArray *steps)
{
    MeasuredStep *added = array_add(steps);
    *added = (MeasuredStep){.identity = memory_string(step->identity),
                            .script = step->script,
                            .statement = step->statement,
                            .duration_us = step->duration_us};
    array_each (const MeasuredStepRelation, relation, &step->relations) {
        MeasuredStepRelation *copy = array_add(&added->relations);
        *copy = *relation;
        copy->relation = memory_string(relation->relation);
        copy->lock = memory_string(relation->lock);
    }
}

/* What an earlier rehearsal has measured and this one has not: another direction, further versions.
 */
static void add_earlier(const SiteBundle *bundle, const ApplyInput *input, SiteRehearsal *rehearsal,
                        MeasuredRehearsal *measured)
{
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal earlier = {0};
    if (!measured_store_read(&bundle->config, rehearsal->database_uuid, &input->head_digest,
                             &earlier, &rehearsal->warnings))
        return;
    array_each (MeasuredStep, step, &earlier.steps) {
        if (measured_step_find(measured, step->identity, step->script, step->statement))
            continue;
        *array_add(&measured->steps) = *step;
        *step = (MeasuredStep){0};
    }
}

/* Of an up that went through. The caller frees the path; NULL where nothing is kept. */
static char *keep_measured(const SiteBundle *bundle, const ApplyInput *input,
                           SiteRehearsal *rehearsal)
{
    CLEANUP(measured_rehearsal_done) MeasuredRehearsal measured = {0};
    CLEANUP(error_done) Error err = {0};
    if (!rehearsal->up_passed || !rehearsal->measure)
        return NULL;
    clock_format(clock_now(), measured.at);
    measured.method = memory_string(site_method_name(rehearsal->method));
    measured.server_version = memory_string(rehearsal->server_version);
    array_each (const SiteStep, step, site_measure_steps(rehearsal->measure))
        add_measured(step, &measured.steps);
    add_earlier(bundle, input, rehearsal, &measured);
    if (measured_store_write(&bundle->config, rehearsal->database_uuid, &input->head_digest,
                             &measured, &err))
        return measured_store_path(&bundle->config, rehearsal->database_uuid, &input->head_digest);
    text_addf(&rehearsal->warnings, "what was measured could not be kept for 'applier plan': %s\n",
              err.message);
    return NULL;
}

/* --- the command ----------------------------------------------------------------------------- */

static SiteMethod method_of(const char *name)
{
    return strcmp(name, "template") == 0   ? SITE_METHOD_TEMPLATE
           : strcmp(name, "restored") == 0 ? SITE_METHOD_RESTORED
                                           : SITE_METHOD_ROLLED_BACK;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

/* By whatever names a database: a host alone does not. */
static bool source_is_given(const SiteRehearseOptions *given)
{
    return given->run->target.db || is_set("DATABASE_URL") || is_set("PGDATABASE") ||
           is_set("PGSERVICE");
}

static bool check_clone_options(const SiteRehearseOptions *given, Error *err)
{
    return !given->clone_unchecked || !source_is_given(given) ||
           error_set(err, ERROR_USAGE,
                     "--clone-unchecked is for where nothing names the real database: --db, "
                     "DATABASE_URL, PGDATABASE or PGSERVICE does");
}

static bool rehearse(CommandContext *context, const SiteRehearsalOptions *options,
                     const SiteBundle *bundle, const ApplyInput *input, Error *err)
{
    CLEANUP(site_rehearsal_done) SiteRehearsal rehearsal = {0};
    bool good = site_rehearsal_run(options, input, &rehearsal, err);
    CLEANUP(memory_freep) char *path = keep_measured(bundle, input, &rehearsal);
    const SiteRehearsalShown shown = {.rehearsal = &rehearsal,
                                      .input = input,
                                      .measured_file = path,
                                      .failure = good ? NULL : err};
    if (context->json) {
        site_rehearsal_render_json(&shown, context->out);
        return good;
    }
    run_render_warnings(context->program, text_string(&rehearsal.warnings));
    run_render_notices(context->program, &rehearsal.apply.run);
    site_rehearsal_render_text(&shown, context->out);
    return good;
}

bool site_rehearse_command_run(CommandContext *context, const SiteRehearseOptions *given,
                               Error *err)
{
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(accept_requests_done) AcceptRequestArray accepts = {0};
    Asked asked = {.program = context->program, .yes = given->yes, .given = given};
    ApplyInput input;
    RunWatch watch;
    if (!check_clone_options(given, err) || !run_options_accepts(given->run, &accepts, err) ||
        !site_bundle_open(context->arguments.items[0], &bundle, err) ||
        !site_bundle_input(&bundle, &input, err))
        return false;
    SiteRehearsalOptions options = {
        .method = method_of(given->method),
        .run = run_options_make(given->run, &bundle.config, &watch, context->program),
        .source_given = source_is_given(given),
        .clone_unchecked = given->clone_unchecked,
        .clone = given->clone,
        .to_version = given->to,
        .keep = given->keep,
        .without_rollback = given->without_rollback,
        .allow_blocking = given->allow_blocking,
        .trust = {.keyrings = bundle.trust.keyrings, .keyring_count = bundle.trust.count},
        .needs = bundle.config.rollback_needs,
        .confirm = confirm_rehearsal,
        .say = say,
        .context = &asked};
    options.run.schema.accepts = &accepts;
    options.run.same_site = true; /* whatever it runs on, nothing of it stays there */
    bool good = parameter_requests_check(&options.run.parameters, &input.manifest, 1, err) &&
                rehearse(context, &options, &bundle, &input, err);
    run_watch_done(&watch, good ? NULL : err);
    return good;
}
