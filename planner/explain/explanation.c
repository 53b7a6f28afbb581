#include "planner/explain/explanation.h"

#include <inttypes.h>

#include "base/option_table.h"
#include "planner/packing/project_check.h"
#include "planner/packing/project_digests.h"
#include "planner/packing/script_plan.h"

void explanation_done(Explanation *explanation)
{
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
        script_done(&explanation->scripts[i].script);
    findings_done(&explanation->findings);
    manifest_done(&explanation->holder);
    *explanation = (Explanation){0};
}

/* --- which migration is meant ---------------------------------------------------------------- */

/* Whether one of its scripts is that file. */
static bool has_script(const Project *project, const ProjectMigration *migration, const char *name)
{
    CLEANUP(memory_freep) char *given = realpath(name, NULL);
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++) {
        if (!migration->scripts[i])
            continue;
        CLEANUP(memory_freep)
        char *path = project_script_path(project, migration, (ProjectScript)i);
        CLEANUP(memory_freep) char *absolute = realpath(path, NULL);
        if (strcmp(migration->scripts[i], name) == 0 ||
            (given && absolute && strcmp(given, absolute) == 0))
            return true;
    }
    return false;
}

static bool not_found(const Project *project, const char *name, Error *err)
{
    CLEANUP(memory_freep)
    const char **identities = memory_zeroed(project->migrations.count + 1, sizeof(*identities));
    for (size_t i = 0; i < project->migrations.count; i++)
        identities[i] = project->migrations.items[i].identity;
    const char *nearest = option_nearest(name, identities, project->migrations.count);
    error_set(err, ERROR_USAGE, "no migration is called '%s', and it is no script of one", name);
    if (nearest)
        return error_hint(err, "did you mean '%s'? 'planner status' lists them", nearest);
    return error_hint(err, "'planner status' lists them");
}

bool explanation_find(const Project *project, const char *name, const ProjectMigration **ret_found,
                      Error *err)
{
    const ProjectMigration *begins = NULL;
    size_t count = 0;
    array_each (const ProjectMigration, migration, &project->migrations) {
        if (strcmp(migration->identity, name) == 0 || has_script(project, migration, name)) {
            *ret_found = migration;
            return true;
        }
        if (text_has_prefix(migration->identity, name)) {
            begins = begins ? begins : migration;
            count++;
        }
    }
    if (count > 1) {
        error_set(err, ERROR_USAGE, "'%s' begins the names of %zu migrations", name, count);
        return error_hint(err, "the first is '%s'; 'planner status' lists them", begins->identity);
    }
    if (!count)
        return not_found(project, name, err);
    *ret_found = begins;
    return true;
}

/* --- reading it ------------------------------------------------------------------------------ */

static void explain_script(Explanation *explanation, ProjectScript which)
{
    const ProjectMigration *migration = explanation->migration;
    ScriptExplanation *into = &explanation->scripts[which];
    CLEANUP(error_done) Error failure = {0};
    const ScriptSink sink = {.joins_lines = !migration->no_transaction[which]};
    into->present = migration->scripts[which] != NULL;
    if (!into->present)
        return;
    into->read =
        project_script_read(explanation->project, migration, which, &sink, &into->script, &failure);
    if (!into->read)
        return; /* project_check_migration says it */
    into->no_transaction =
        migration->no_transaction[which] || into->script.directives.no_transaction;
    const ScriptPlanOptions options = {
        .name = migration->scripts[which],
        .kind = (ScriptKind)which,
        .mode = into->no_transaction ? TRANSACTION_MODE_NONE : TRANSACTION_MODE_GROUP,
        .values = &explanation->project->config.values,
    };
    ManifestScript *plan = &explanation->holder.migrations.items[0].scripts[which];
    into->planned = script_plan(&into->script, &options, plan, &failure);
    into->plan = plan;
}

/* Whether what is explained is what sites have run. A script that cannot be read is a finding
 * already. */
static void check_edited(Explanation *explanation)
{
    CLEANUP(error_done) Error said = {0};
    if (!explanation->migration->released ||
        !project_is_edited(explanation->project, explanation->migration, &explanation->edited,
                           &said) ||
        !explanation->edited)
        return;
    project_report_edited(explanation->project, explanation->migration, &said);
    finding_add(&explanation->findings, FINDING_ERROR, said.hint, "%s", said.message);
}

void explanation_make(const Project *project, const ProjectMigration *migration,
                      Explanation *ret_explanation)
{
    Explanation *explanation = ret_explanation;
    *explanation = (Explanation){.project = project, .migration = migration};
    *array_add(&explanation->holder.migrations) = (ManifestMigration){0};
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
        explain_script(explanation, (ProjectScript)which);
    project_check_migration(project, migration, &explanation->findings);
    check_edited(explanation);
}

/* --- what is worth knowing of a statement ---------------------------------------------------- */

void explanation_notes_done(ExplanationNotes *notes)
{
    array_each (char *, words, notes)
        free(*words);
    array_free(notes);
}

static void note(ExplanationNotes *notes, const char *words)
{
    *array_add(notes) = memory_string(words);
}

static void note_probe(const Probe *probe, ExplanationNotes *notes)
{
    static const char *const words[] = {
        [PROBE_NONE] = "after a crash an operator must say whether it was done",
        [PROBE_REPEAT] = "after a crash it is run again",
        [PROBE_INDEX_PRESENT] =
            "after a crash the index is looked at: valid, half built, or absent",
        [PROBE_INDEX_ABSENT] = "after a crash the index is looked for",
        [PROBE_REINDEX] = "after a crash what is left of it is dropped, and it is run again",
        [PROBE_DETACH] = "after a crash it is finalized",
        [PROBE_DATABASE_PRESENT] = "after a crash the database is looked for",
        [PROBE_DATABASE_ABSENT] = "after a crash the database is looked for",
        [PROBE_TABLESPACE_PRESENT] = "after a crash the tablespace is looked for",
        [PROBE_TABLESPACE_ABSENT] = "after a crash the tablespace is looked for",
        [PROBE_SUBSCRIPTION_PRESENT] = "after a crash the subscription is looked for",
        [PROBE_SUBSCRIPTION_ABSENT] = "after a crash the subscription is looked for",
    };
    note(notes, words[probe->kind]);
}

static void note_parameters(const Explanation *explanation, const Script *script,
                            const ScriptStatement *statement, ExplanationNotes *notes)
{
    const ProjectValue *values = explanation->project->config.values.items;
    for (size_t i = 0; i < statement->reference_count; i++) {
        const ScriptReference *reference =
            &script->references.items[statement->first_reference + i];
        *array_add(notes) =
            memory_format("takes the site parameter '%s' as %s", values[reference->value].name,
                          value_form_name(reference->form));
    }
}

void explanation_notes(const Explanation *explanation, const Script *script,
                       const ScriptStatement *statement, const ManifestStep *step,
                       ExplanationNotes *ret_notes)
{
    const StatementKind *kind = &statement->kind;
    if (statement->source) {
        CLEANUP(memory_freep) char *place = script_statement_place(script, statement);
        *array_add(ret_notes) = memory_format("from the included file %s", place);
    }
    note_parameters(explanation, script, statement, ret_notes);
    if (kind->control != TRANSACTION_CONTROL_NONE)
        note(ret_notes, kind->control == TRANSACTION_CONTROL_OTHER
                            ? "controls transactions"
                            : "lifted: the applier opens and ends the transaction");
    if (statement->pinned)
        note(ret_notes, "left out: the applier sets it itself, where the server knows it");
    if (step && step->kind == STEP_BATCH)
        note(ret_notes, "run for one range of keys after the other");
    if (step && step->kind == STEP_ASSERTION)
        note(ret_notes, "where it answers with one boolean, that must be true");
    if (kind->copy_from_stdin)
        *array_add(ret_notes) = memory_format("its rows are data file %" PRId64, statement->data);
    if (kind->not_in_transaction) {
        note(ret_notes, "cannot run in a transaction");
        if (step)
            note_probe(&step->probe, ret_notes);
    }
    if (kind->destructive)
        note(ret_notes, "loses data");
    if (kind->session_state && !statement->pinned)
        note(ret_notes, "holds to the end of the migration, then the session is reset");
    if (kind->outside_effects)
        note(ret_notes, "reaches outside the database: recorded before and after");
    if (kind->adds_enum_value)
        note(ret_notes, "the new value is of no use in its own transaction");
}
