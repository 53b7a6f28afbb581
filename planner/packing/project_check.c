#include "planner/packing/project_check.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "planner/packing/script_plan.h"

/* Files of one reason not to be read that are named one by one; a folder for several databases has
 * thousands. */
#define ALIKE_SHOWN 3

/* What was seen of one migration, script by script. */
typedef struct Seen {
    bool has_statements[PROJECT_SCRIPT_COUNT];
    bool irreversible, nothing_to_undo; /* so declared */
    bool no_transaction;
    size_t up_groups;
} Seen;

/* What a script says must stand before it, or be there, and the project says otherwise. */
static void check_demands(const Project *project, const ProjectMigration *migration,
                          ProjectScript which, const Script *script, FindingArray *findings)
{
    uint64_t least = strtoull(project->config.server_min, NULL, 10);
    array_each (const ScriptDepend, depend, &script->directives.depends) {
        bool before = false;
        for (const ProjectMigration *at = project->migrations.items; at < migration; at++)
            before |= strcmp(at->identity, depend->identity) == 0;
        if (!before)
            finding_add(findings, FINDING_ERROR, "'planner status' shows the order",
                        "%s:%" PRId64 ": it depends on '%s', which does not stand before it",
                        migration->scripts[which], depend->line, depend->identity);
    }
    array_each (const ScriptRequire, require, &script->directives.requires)
        if (require->kind == REQUIRE_SERVER && strtoull(require->name, NULL, 10) > least)
            finding_add(findings, FINDING_ERROR,
                        "raise server-min there: a bundle would be taken where it cannot run",
                        "%s: it requires PostgreSQL %s, and sealift.conf says server-min = %s",
                        migration->scripts[which], require->name, project->config.server_min);
}

static void check_script(const Project *project, const ProjectMigration *migration,
                         ProjectScript which, Seen *seen, FindingArray *findings)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(error_done) Error failure = {0};
    const ScriptSink sink = {.joins_lines = !migration->no_transaction[which]};
    const char *name = migration->scripts[which];
    if (!project_script_read(project, migration, which, &sink, &script, &failure)) {
        finding_add_error(findings, &failure);
        return;
    }
    if (which == PROJECT_UP && migration->repeat && script.sources.count > 1)
        finding_add(findings, FINDING_ERROR,
                    "let the text stand in it: a released text is kept without other files, and a "
                    "change of theirs would be none of it",
                    "'%s' is a repeatable script and includes '%s'", name, script.sources.items[1]);
    if (which == PROJECT_UP && migration->repeat && script.file_count)
        finding_add(findings, FINDING_ERROR,
                    "let the data stand in it, behind COPY … FROM STDIN: a released text is kept "
                    "without other files",
                    "'%s' is a repeatable script and copies from a file", name);
    check_demands(project, migration, which, &script, findings);
    bool no_transaction = migration->no_transaction[which] || script.directives.no_transaction;
    if (which == PROJECT_UP) {
        seen->no_transaction = no_transaction;
        seen->irreversible = script.directives.irreversible != NULL;
    }
    seen->nothing_to_undo |= script.directives.nothing_to_undo != NULL;
    const ScriptPlanOptions options = {
        .name = name,
        .kind = (ScriptKind)which,
        .mode = no_transaction ? TRANSACTION_MODE_NONE : TRANSACTION_MODE_GROUP,
        .values = &project->config.values,
    };
    CLEANUP(manifest_done) Manifest holder = {0};
    ManifestMigration *planned = array_add(&holder.migrations);
    if (!script_plan(&script, &options, &planned->scripts[which], &failure)) {
        finding_add_error(findings, &failure);
        return;
    }
    seen->has_statements[which] = planned->scripts[which].present;
    if (which == PROJECT_UP)
        seen->up_groups = planned->scripts[which].groups.count;
}

static void add_way_back(const char *up, const char *down, const Seen *seen, FindingArray *findings)
{
    bool has_down = seen->has_statements[PROJECT_DOWN];
    if (seen->irreversible && seen->nothing_to_undo)
        finding_add(findings, FINDING_ERROR, "take out one of the directives",
                    "'%s' is declared irreversible, and to have nothing to undo", up);
    else if (has_down && (seen->irreversible || seen->nothing_to_undo))
        finding_add(findings, FINDING_ERROR, "take out the directive or the down script",
                    "'%s' is declared %s, yet has a down script: '%s'", up,
                    seen->irreversible ? "irreversible" : "to have nothing to undo", down);
    else if (!has_down && !seen->irreversible && !seen->nothing_to_undo)
        finding_add(findings, FINDING_WARNING,
                    down ? "where there is nothing to undo, say '-- sealift: nothing-to-undo "
                           "REASON' in it, which a rehearsal proves; where nothing can be undone, "
                           "'-- sealift: irreversible REASON' in the up"
                         : "write a down script, or say '-- sealift: irreversible REASON' (or "
                           "nothing-to-undo REASON) in the up",
                    down ? "'%s' cannot be rolled back: '%s' holds no statement"
                         : "'%s' cannot be rolled back: it has no down script",
                    up, down);
}

static void add_opinions(const ProjectMigration *migration, const Seen *seen,
                         FindingArray *findings)
{
    const char *up = migration->scripts[PROJECT_UP], *down = migration->scripts[PROJECT_DOWN];
    if (!seen->has_statements[PROJECT_UP])
        finding_add(findings, FINDING_WARNING, NULL, "'%s' holds no statement", up);
    add_way_back(up, down, seen, findings);
    if (!seen->no_transaction && seen->up_groups > 1)
        finding_add(findings, FINDING_WARNING,
                    "if it fails in the middle, what came before stays and 'applier resume' goes "
                    "on; a file for each part is easier to follow",
                    "'%s' runs in %zu transaction groups", up, seen->up_groups);
}

void project_check_migration(const Project *project, const ProjectMigration *migration,
                             FindingArray *findings)
{
    Seen seen = {0};
    size_t errors = findings_error_count(findings);
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++)
        if (migration->scripts[which])
            check_script(project, migration, (ProjectScript)which, &seen, findings);
    /* what was not read cannot be judged */
    if (findings_error_count(findings) == errors)
        add_opinions(migration, &seen, findings);
}

/* Why a file is not read, of a warning that says no more than that; else NULL. */
static const char *why_not_read(const Finding *finding)
{
    static const char words[] = "' is not read: ";
    if (finding->severity != FINDING_WARNING || finding->hint)
        return NULL;
    const char *at = strstr(finding->message, words);
    return at ? at + strlen(words) : NULL;
}

/* How many files between these two are not read for this reason, `most` being enough to know. */
static size_t count_alike(const Finding *from, const Finding *end, const char *why, size_t most)
{
    size_t count = 0;
    for (const Finding *at = from; at < end && count < most; at++) {
        const char *other = why_not_read(at);
        count += other && strcmp(other, why) == 0;
    }
    return count;
}

/* Whether others with the same reason stand for this one; the first of these has their number. */
static bool is_summed_up(const FindingArray *findings, const Finding *finding, Text *text)
{
    const Finding *first = findings->items, *end = first + findings->count;
    const char *why = why_not_read(finding);
    if (!why)
        return false;
    size_t before = count_alike(first, finding, why, ALIKE_SHOWN + 1);
    if (before < ALIKE_SHOWN)
        return false;
    if (before > ALIKE_SHOWN)
        return true;
    size_t more = count_alike(finding, end, why, SIZE_MAX);
    if (more > 1)
        text_addf(text, "warning: %zu more files are not read: %s (--json names each)\n", more,
                  why);
    return more > 1;
}

void project_findings_text(const FindingArray *findings, Text *text)
{
    array_each (const Finding, finding, findings) {
        if (is_summed_up(findings, finding, text))
            continue;
        text_addf(text, "%s: %s\n", finding->severity == FINDING_ERROR ? "error" : "warning",
                  finding->message);
        if (finding->hint)
            text_addf(text, "    %s\n", finding->hint);
    }
}

void project_findings_json(const FindingArray *findings, JsonWriter *json)
{
    json_array(json, "findings");
    array_each (const Finding, finding, findings) {
        json_object(json, /* name= */ NULL);
        json_string(json, "severity", finding->severity == FINDING_ERROR ? "error" : "warning");
        json_string(json, "message", finding->message);
        json_string(json, "hint", finding->hint);
        json_close(json);
    }
    json_close(json);
}
