#include "planner/packing/project_digests.h"

#include "bundles/manifest.h"
#include "migrations/script.h"
#include "planner/packing/plan_parameters.h"

/* Digests of an up script as it is read: of its shipped text and of each piece of COPY data. */
typedef struct Digesting {
    DigestStream sql;
    DigestStream data;
    ARRAY_OF(Digest) data_digests;
} Digesting;

static bool take_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    digest_update(&((Digesting *)context)->sql, bytes, size);
    return true;
}

static bool take_data_begin(void *context, Error *err UNUSED)
{
    digest_begin(&((Digesting *)context)->data);
    return true;
}

static bool take_data(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    digest_update(&((Digesting *)context)->data, bytes, size);
    return true;
}

static bool take_data_end(void *context, Error *err UNUSED)
{
    Digesting *digesting = context;
    *array_add(&digesting->data_digests) = digest_end(&digesting->data);
    return true;
}

static void reference_lines(const Project *project, const Script *script, Text *lines)
{
    array_each (const ScriptReference, reference, &script->references) {
        const ProjectValue *value = &project->config.values.items[reference->value];
        manifest_reference_line(reference->offset, value->name, plan_parameter_type(value->type),
                                plan_parameter_quoting(reference->form), lines);
    }
}

bool project_tree_line(const Project *project, const ProjectMigration *migration, Text *lines,
                       Error *err)
{
    CLEANUP(script_done) Script script = {0};
    Digesting digesting = {0};
    const ScriptSink sink = {.sql = take_sql,
                             .data_begin = take_data_begin,
                             .data = take_data,
                             .data_end = take_data_end,
                             .forgets_statements = true,
                             .context = &digesting};
    digest_begin(&digesting.sql);
    bool good = project_script_read(project, migration, PROJECT_UP, &sink, &script, err);
    if (good) {
        Digest up = digest_end(&digesting.sql);
        CLEANUP(text_done) Text references = {0};
        reference_lines(project, &script, &references);
        /* BEGIN and COMMIT alone are lifted, and leave nothing */
        if (!script.ships)
            up = digest_of("", 0);
        manifest_tree_line(migration->identity,
                           migration->no_transaction[PROJECT_UP] || script.directives.no_transaction
                               ? TRANSACTION_MODE_NONE
                               : TRANSACTION_MODE_GROUP,
                           &up, digesting.data_digests.items, digesting.data_digests.count,
                           text_string(&references), lines);
    }
    array_free(&digesting.data_digests);
    return good;
}

bool project_version_tree(const Project *project, const ProjectVersion *version,
                          const char *previous_hex, Digest *ret_tree, Error *err)
{
    CLEANUP(text_done) Text lines = {0};
    for (size_t i = 0; i < version->migration_count; i++)
        if (!project_tree_line(project, &project->migrations.items[version->first_migration + i],
                               &lines, err))
            return false;
    *ret_tree = manifest_tree_digest(previous_hex, version->name, text_string(&lines));
    return true;
}

bool project_digest(const Project *project, const ProjectMigration *migration, Digest *ret_digest,
                    Error *err)
{
    CLEANUP(text_done) Text line = {0};
    if (!project_tree_line(project, migration, &line, err))
        return false;
    *ret_digest = digest_of(line.bytes, line.length);
    return true;
}

bool project_is_edited(const Project *project, const ProjectMigration *migration, bool *ret_edited,
                       Error *err)
{
    Digest digest;
    if (!project_digest(project, migration, &digest, err))
        return false;
    *ret_edited = !digest_equal(&digest, &migration->sum_digest);
    return true;
}

/* What else the script's text comes from: it may be that which was changed. */
static char *other_origins(const Project *project, const ProjectMigration *migration)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(error_done) Error ignored = {0};
    static const ScriptSink nowhere = {.forgets_statements = true};
    Text text = {0};
    if (!project_script_read(project, migration, PROJECT_UP, &nowhere, &script, &ignored))
        return NULL;
    array_each (char *, value, &script.values)
        text_addf(&text, "%sthe value '%s'", text.length ? ", " : "", *value);
    for (size_t i = 1; i < script.sources.count; i++)
        text_addf(&text, "%sthe file '%s'", text.length ? ", " : "", script.sources.items[i]);
    return text.length ? text_take(&text) : NULL;
}

bool project_report_edited(const Project *project, const ProjectMigration *migration, Error *err)
{
    CLEANUP(memory_freep) char *origins = other_origins(project, migration);
    error_set(err, ERROR_INPUT, "the released migration '%s' (version %s) was edited: '%s'%s%s",
              migration->identity, project->versions.items[migration->version].name,
              migration->scripts[PROJECT_UP], origins ? ", or what it takes: " : "",
              origins ? origins : "");
    return error_hint(err, "sites have run it as it was released: put it back and write a new "
                           "migration instead");
}

bool project_check_released(const Project *project, Error *err)
{
    array_each (const ProjectMigration, migration, &project->migrations) {
        bool edited = false;
        if (!migration->released)
            continue;
        if (!project_is_edited(project, migration, &edited, err))
            return error_wrap(err, "checking the released migration '%s'", migration->identity);
        if (edited)
            return project_report_edited(project, migration, err);
    }
    return true;
}
