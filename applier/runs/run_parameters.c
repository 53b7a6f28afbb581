#include "applier/runs/run_parameters.h"

#include "base/memory.h"
#include "bundles/parameter_value.h"

/* --- what is said ---------------------------------------------------------------------------- */

/* Whether `word` is NAME=…; then *ret_value is what stands behind. */
static bool says(const char *word, const char *name, const char **ret_value)
{
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0 || word[length] != '=')
        return false;
    *ret_value = word + length + 1;
    return true;
}

/* The value that --set has for this name, or NULL. */
static const char *set_value(const ParameterRequests *requests, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; requests->set && i < requests->set->count; i++)
        if (says(requests->set->items[i], name, &value))
            return value;
    return NULL;
}

static const char *site_value(const ParameterRequests *requests, const Manifest *manifest,
                              const char *name)
{
    return requests->site ? site_parameters_find(requests->site, manifest->head.product, name)
                          : NULL;
}

static bool check_word(const StringArray *set, size_t index, const Manifest *const *manifests,
                       size_t count, Error *err)
{
    const char *word = set->items[index], *ignored;
    size_t length = strcspn(word, "=");
    CLEANUP(memory_freep) char *name = memory_format("%.*s", (int)length, word);
    if (!word[length])
        return error_set(err, ERROR_USAGE, "--set takes NAME=VALUE, not '%s'", word);
    for (size_t i = 0; i < index; i++)
        if (says(set->items[i], name, &ignored))
            return error_set(err, ERROR_USAGE, "--set gives '%s' twice", name);
    for (size_t i = 0; i < count; i++)
        if (manifest_find_parameter(manifests[i], name) != SIZE_MAX)
            return true;
    error_set(err, ERROR_USAGE, "--set names '%s', which is no parameter of %s", name,
              count == 1 ? "the bundle" : "these bundles");
    return error_hint(err, "'applier inspect BUNDLE' lists its parameters");
}

/* Values have their types and patterns from the bundle. */
static bool check_values(const ParameterRequests *requests, const Manifest *manifest, Error *err)
{
    array_each (const ManifestParameter, parameter, &manifest->parameters) {
        const char *set = set_value(requests, parameter->name);
        const char *site = site_value(requests, manifest, parameter->name);
        const char *trouble = set ? parameter_value_trouble(parameter, set) : NULL;
        bool in_file = !set && site && (trouble = parameter_value_trouble(parameter, site));
        if (!trouble)
            continue;
        if (in_file)
            error_set(err, ERROR_CONFIG, "applier.conf: the value of the parameter '%s' %s",
                      parameter->name, trouble);
        else
            error_set(err, ERROR_USAGE, "--set: the value of the parameter '%s' %s",
                      parameter->name, trouble);
        if (parameter->pattern)
            return error_hint(err, "it is of type %s and matches %s%s%s",
                              parameter_type_name(parameter->type), parameter->pattern,
                              *parameter->description ? ": " : "", parameter->description);
        return error_hint(err, "it is of type %s%s%s", parameter_type_name(parameter->type),
                          *parameter->description ? ": " : "", parameter->description);
    }
    return true;
}

bool parameter_requests_check(const ParameterRequests *requests, const Manifest *const *manifests,
                              size_t count, Error *err)
{
    for (size_t i = 0; requests->set && i < requests->set->count; i++)
        if (!check_word(requests->set, i, manifests, count, err))
            return false;
    for (size_t i = 0; i < count; i++)
        if (!check_values(requests, manifests[i], err))
            return false;
    return true;
}

/* --- the values of a run --------------------------------------------------------------------- */

static void run_parameters_init(const Manifest *manifest, RunParameters *ret_parameters)
{
    *ret_parameters = (RunParameters){0};
    array_each (const ManifestParameter, parameter, &manifest->parameters)
        *array_add(&ret_parameters->items) = (RunParameter){.parameter = parameter};
}

void run_parameters_done(RunParameters *parameters)
{
    array_each (RunParameter, item, &parameters->items) {
        free(item->value);
        free(item->before);
    }
    array_free(&parameters->items);
    free(parameters->values);
    *parameters = (RunParameters){0};
}

static void give(RunParameter *item, const char *value, ValueSource source)
{
    if (item->value || !value)
        return;
    item->value = memory_string(value);
    item->source = source;
}

static void seal(RunParameters *parameters)
{
    parameters->values = memory_zeroed(parameters->items.count + 1, sizeof(*parameters->values));
    for (size_t i = 0; i < parameters->items.count; i++)
        parameters->values[i] = parameters->items.items[i].value;
}

/* Also what the way back and the checks of a migration take: it must be there when they run. */
static void need(const ManifestMigration *migration, RunParameters *parameters)
{
    for (int kind = 0; migration && kind < SCRIPT_KIND_COUNT; kind++)
        array_each (const ManifestReference, reference, &migration->scripts[kind].references)
            parameters->items.items[reference->parameter].needed = true;
}

/* A value that the command line of the run said that is gone on with. */
static const char *said_before(const History *history, const PastParameter *last)
{
    const PastEvent *open = history_open_run(history);
    return open && last && last->event_number == open->number && last->source == VALUE_FROM_COMMAND
               ? last->value
               : NULL;
}

void run_parameters_find(const ParameterRequests *requests, const Manifest *manifest,
                         const History *history, RunParametersFor purpose, RunTaskArray *tasks,
                         RunParameters *ret_parameters)
{
    run_parameters_init(manifest, ret_parameters);
    if (tasks)
        array_each (const RunTask, task, tasks)
            need(task->migration, ret_parameters);
    array_each (RunParameter, item, &ret_parameters->items) {
        const char *name = item->parameter->name;
        const PastParameter *last = past_parameter(&history->parameters, name, INT64_MAX);
        item->needed |= !tasks;
        give(item, set_value(requests, name), VALUE_FROM_COMMAND);
        if (purpose == RUN_RESUMES)
            give(item, said_before(history, last), VALUE_FROM_COMMAND);
        give(item, site_value(requests, manifest, name), VALUE_FROM_SITE);
        give(item, last ? last->value : NULL, VALUE_FROM_LEDGER);
        give(item, item->parameter->default_value, VALUE_FROM_DEFAULT);
        if (last && strcmp(last->value, item->value) != 0)
            item->before = memory_string(last->value);
    }
    seal(ret_parameters);
    if (!tasks)
        return;
    array_each (RunTask, task, tasks)
        task->values = ret_parameters->values;
}

/* "app_role (identifier): the role that the application logs in as" */
static void add_missing(const ManifestParameter *parameter, Text *text)
{
    text_addf(text, "%s%s (%s)%s%s", text->length ? "; " : "", parameter->name,
              parameter_type_name(parameter->type), *parameter->description ? ": " : "",
              parameter->description);
}

static bool all_are_there(const RunParameters *parameters, Error *err)
{
    CLEANUP(text_done) Text missing = {0};
    array_each (const RunParameter, item, &parameters->items)
        if (item->needed && !item->value)
            add_missing(item->parameter, &missing);
    if (!missing.length)
        return true;
    error_set(err, ERROR_TARGET, "values are missing that only this site knows: %s",
              text_string(&missing));
    return error_hint(err, "give each with --set NAME=VALUE, or as NAME = VALUE in [parameters] of "
                           "applier.conf");
}

/* What the command line and the file say was looked at before; a default is the bundle's own. */
static bool all_fit(const RunParameters *parameters, Error *err)
{
    array_each (const RunParameter, item, &parameters->items) {
        const char *trouble =
            item->value ? parameter_value_trouble(item->parameter, item->value) : NULL;
        if (!item->needed || !trouble)
            continue;
        error_set(err, ERROR_TARGET,
                  "the value that the ledger has for the parameter '%s' %s, as this bundle asks",
                  item->parameter->name, trouble);
        return error_hint(err, "give another with --set %s=VALUE", item->parameter->name);
    }
    return true;
}

static bool takes(const ManifestMigration *migration, size_t parameter)
{
    for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)
        array_each (const ManifestReference, reference, &migration->scripts[kind].references)
            if (reference->parameter == parameter)
                return true;
    return false;
}

static bool is_begun(const AppliedMigration *applied)
{
    return applied->state != APPLIED_WHOLLY &&
           (applied->groups_done > 0 || applied->batch.batches > 0);
}

/* Half of a migration with one value and half with another is nothing that anybody rehearsed. */
static bool none_changes_within(const RunParameters *parameters, const History *history,
                                const Manifest *manifest, Error *err)
{
    array_each (const AppliedMigration, applied, &history->migrations) {
        const ManifestMigration *migration = manifest_find(manifest, applied->identity);
        for (size_t i = 0; migration && is_begun(applied) && i < parameters->items.count; i++) {
            const RunParameter *item = &parameters->items.items[i];
            const PastParameter *with = past_parameter(&history->parameters, item->parameter->name,
                                                       applied->journal_number);
            if (!with || !item->value || !takes(migration, i) ||
                strcmp(with->value, item->value) == 0)
                continue;
            error_set(err, ERROR_TARGET,
                      "migration '%s' is applied in part with another value of the parameter '%s'",
                      applied->identity, item->parameter->name);
            return error_hint(err,
                              "go on with the value that it began with ('applier history' shows "
                              "it), or take it back first: 'applier rollback'");
        }
    }
    return true;
}

bool run_parameters_check(const RunParameters *parameters, const History *history,
                          const Manifest *manifest, Error *err)
{
    return all_are_there(parameters, err) && all_fit(parameters, err) &&
           none_changes_within(parameters, history, manifest, err);
}

void run_parameters_warn(const RunParameters *parameters, Text *warnings)
{
    array_each (const RunParameter, item, &parameters->items)
        if (item->needed && item->before)
            text_addf(warnings,
                      "the parameter '%s' has another value in this run than in the last one: "
                      "'applier plan' and 'applier history' show both\n",
                      item->parameter->name);
}

bool run_parameters_record(PgSession *session, const RunParameters *parameters, Error *err)
{
    array_each (const RunParameter, item, &parameters->items)
        if (item->needed && item->value &&
            !ledger_add_parameter(session, item->parameter->name,
                                  parameter_type_name(item->parameter->type), item->value,
                                  item->source, err))
            return false;
    return true;
}

/* --- of a rollback --------------------------------------------------------------------------- */

void rollback_parameters_done(RollbackParameters *parameters)
{
    array_each (RunParameters, set, &parameters->sets)
        run_parameters_done(set);
    array_free(&parameters->sets);
    run_parameters_done(&parameters->said);
}

/* The last row of the journal that applied it. */
static int64_t applied_by(const History *history, const char *identity)
{
    for (size_t i = history->journal.count; i-- > 0;) {
        const JournalRow *row = &history->journal.items[i];
        if (row->direction == DIRECTION_UP && strcmp(row->identity, identity) == 0)
            return row->number;
    }
    return INT64_MAX;
}

/* What the run said that this one goes on with; a rollback records nothing else. */
static const char *said_by_open(const History *history, const char *name)
{
    const PastEvent *open = history_open_run(history);
    const PastParameter *last = past_parameter(&history->parameters, name, INT64_MAX);
    return open && !past_event_applies(open) && last && last->event_number == open->number
               ? last->value
               : NULL;
}

/* As none_changes_within, of the way back: what its first groups were sent with holds for the rest.
 */
static bool goes_on_with(const RunTask *task, const RunParameter *item, const char *begun_with,
                         Error *err)
{
    bool begun = task->first_group > 0 || task->batch.batches > 0;
    if (!begun || !item->needed || !begun_with || strcmp(begun_with, item->value) == 0)
        return true;
    error_set(err, ERROR_TARGET,
              "migration '%s' is taken back in part with another value of the parameter '%s'",
              task->migration->identity, item->parameter->name);
    return error_hint(err,
                      "go on with the value that it began with: 'applier resume' without --set "
                      "%s=… takes it",
                      item->parameter->name);
}

static bool make_set(const ParameterRequests *requests, const History *history, const RunTask *task,
                     RunParameters *ret_set, Error *err)
{
    const ManifestMigration *migration = task->migration;
    run_parameters_init(task->manifest, ret_set);
    for (int kind = 0; migration && kind < SCRIPT_KIND_COUNT; kind++)
        array_each (const ManifestReference, reference, &migration->scripts[kind].references)
            ret_set->items.items[reference->parameter].needed |=
                kind == SCRIPT_DOWN || kind == SCRIPT_PRECHECK;
    int64_t row = migration ? applied_by(history, migration->identity) : INT64_MAX;
    array_each (RunParameter, item, &ret_set->items) {
        const char *name = item->parameter->name;
        const PastParameter *with = past_parameter(&history->parameters, name, row);
        const char *said = said_by_open(history, name);
        give(item, set_value(requests, name), VALUE_FROM_COMMAND);
        give(item, said, VALUE_FROM_COMMAND);
        give(item, with ? with->value : NULL, VALUE_FROM_LEDGER);
        give(item, site_value(requests, task->manifest, name), VALUE_FROM_SITE);
        give(item, item->parameter->default_value, VALUE_FROM_DEFAULT);
        if (!goes_on_with(task, item, said ? said : with ? with->value : NULL, err))
            return false;
    }
    seal(ret_set);
    return all_are_there(ret_set, err) && all_fit(ret_set, err);
}

/* Each name once, of those that somebody said for this rollback. */
static void note_said(const RunParameters *set, RunParameters *said)
{
    array_each (const RunParameter, item, &set->items) {
        bool known = !item->needed || item->source != VALUE_FROM_COMMAND;
        array_each (const RunParameter, other, &said->items)
            known |= strcmp(other->parameter->name, item->parameter->name) == 0;
        if (known)
            continue;
        RunParameter *added = array_add(&said->items);
        *added = *item;
        added->value = memory_string(item->value);
        added->before = NULL;
    }
}

static bool check_requests(const ParameterRequests *requests, const RunTaskArray *tasks, Error *err)
{
    ARRAY_OF(const Manifest *) manifests = {0};
    array_each (const RunTask, task, tasks)
        if (!manifests.count || manifests.items[manifests.count - 1] != task->manifest)
            *array_add(&manifests) = task->manifest;
    /* of the site's file nothing is taken where the ledger has a value */
    const ParameterRequests set = {.set = requests->set};
    bool good =
        !manifests.count || parameter_requests_check(&set, manifests.items, manifests.count, err);
    array_free(&manifests);
    return good;
}

bool rollback_parameters_make(const ParameterRequests *requests, const History *history,
                              RunTaskArray *tasks, RollbackParameters *ret_parameters, Error *err)
{
    CLEANUP(rollback_parameters_done) RollbackParameters made = {0};
    if (!check_requests(requests, tasks, err))
        return false;
    array_each (RunTask, task, tasks) {
        RunParameters *set = array_add(&made.sets);
        if (!make_set(requests, history, task, set, err))
            return false;
        note_said(set, &made.said);
        task->values = set->values;
    }
    *ret_parameters = made;
    made = (RollbackParameters){0};
    return true;
}

/* --- names in fingerprints ------------------------------------------------------------------- */

const char **rehearsed_values(const Manifest *manifest)
{
    const char **values = memory_zeroed(manifest->parameters.count + 1, sizeof(*values));
    for (size_t i = 0; i < manifest->parameters.count; i++)
        values[i] = manifest->parameters.items[i].rehearsed_value;
    return values;
}

void rehearsed_names(const Manifest *manifest, FingerprintNames *ret_names)
{
    *ret_names = (FingerprintNames){0};
    array_each (const ManifestParameter, parameter, &manifest->parameters)
        if (parameter->type == PARAMETER_IDENTIFIER)
            fingerprint_names_add(ret_names, parameter->rehearsed_value, parameter->name);
}

void run_parameters_names(const History *history, const RunParameters *parameters,
                          FingerprintNames *ret_names)
{
    *ret_names = (FingerprintNames){0};
    for (size_t i = 0; parameters && i < parameters->items.count; i++) {
        const RunParameter *item = &parameters->items.items[i];
        if (item->needed && item->value && item->parameter->type == PARAMETER_IDENTIFIER)
            fingerprint_names_add(ret_names, item->value, item->parameter->name);
    }
    for (size_t i = history->parameters.count; i-- > 0;) {
        const PastParameter *past = &history->parameters.items[i];
        if (strcmp(past->type, parameter_type_name(PARAMETER_IDENTIFIER)) == 0)
            fingerprint_names_add(ret_names, past->value, past->name);
    }
}
