/* Roles and settings that the bundle says it needs, and what its versions ask of people. */
#include "applier/preflight/preflight_checks.h"
#include "applier/server/pg_query.h"
#include "applier/sql/preflight_queries.h"

static bool look_for_role(Preflight *preflight, const ManifestRequirement *needed, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_required_role, PG_VALUES(pg_text(needed->name)),
                  PG_ONE_ROW, &row, err))
        return false;
    if (pg_result_bool(row, 0, 0))
        return true;
    findings_add(preflight->findings, LEVEL_BLOCKS, needed->name,
                 "the bundle needs this role, which is not there");
    findings_advise(preflight->findings,
                    "a role with CREATEROLE makes it, with the rights that the product's "
                    "documentation names");
    findings_sql(preflight->findings, "CREATE ROLE %s;", pg_result_text(row, 0, 1));
    return true;
}

/* 'value' as a literal. */
static char *literal(const char *value)
{
    Text text = {0};
    text_add_char(&text, '\'');
    for (const char *at = value; *at; at++) {
        if (*at == '\'')
            text_add_char(&text, '\'');
        text_add_char(&text, *at);
    }
    text_add_char(&text, '\'');
    return text_take(&text);
}

static bool look_at_setting(Preflight *preflight, const ManifestRequirement *needed, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(preflight->session, SQL_preflight_required_setting,
                  PG_VALUES(pg_text(needed->name)), PG_ONE_ROW, &row, err))
        return false;
    const char *value = pg_result_text(row, 0, 0);
    if (strcmp(value, needed->value) == 0)
        return true;
    bool restart = pg_result_bool(row, 0, 1);
    CLEANUP(memory_freep) char *wanted = literal(needed->value);
    findings_add(preflight->findings, LEVEL_BLOCKS, needed->name,
                 "this setting is '%s', the bundle needs '%s'", value, needed->value);
    findings_advise(preflight->findings, restart ? "a superuser sets it; it holds after a restart"
                                                 : "a superuser sets it, for the server or for the "
                                                   "role that runs the bundle");
    findings_sql(preflight->findings, "ALTER SYSTEM SET %s = %s;", needed->name, wanted);
    if (!restart)
        findings_sql(preflight->findings, "SELECT pg_reload_conf();");
    return true;
}

bool preflight_check_requirements(Preflight *preflight, Error *err)
{
    array_each (const ManifestRequirement, needed, &preflight->manifest->requirements) {
        if (strcmp(needed->kind, "role") == 0 && !look_for_role(preflight, needed, err))
            return false;
        if (strcmp(needed->kind, "setting") == 0 && !look_at_setting(preflight, needed, err))
            return false;
    }
    return true;
}

/* A change that something outside must follow is said where the run is prepared. */
bool preflight_check_notes(Preflight *preflight, Error *err UNUSED)
{
    const Manifest *manifest = preflight->manifest;
    const ManifestVersion *versions = manifest->versions.items;
    array_each (const ManifestNote, note, &manifest->notes) {
        bool comes = false;
        array_each (const RunTask, task, &preflight->report->plan.tasks)
            comes |= task->version == &versions[note->version] && !task->only_gate;
        if (!comes || !note->breaking)
            continue;
        findings_add(preflight->findings, LEVEL_INFORMS, versions[note->version].name,
                     "breaking change: %s", note->title);
        CLEANUP(memory_freep) char *action = memory_string(note->action);
        for (char *at = action; *at; at++)
            if (*at == '\n')
                *at = ' ';
        findings_advise(preflight->findings, "%s", action);
    }
    return true;
}
