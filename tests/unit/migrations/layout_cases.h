/* A layout's folder as a table of files, what is read of it, and what it says. Include behind
 * cmocka's headers. */
#ifndef SEALIFT_TESTS_LAYOUT_CASES_H
#define SEALIFT_TESTS_LAYOUT_CASES_H

#include "base/text.h"
#include "migrations/project.h"
#include "tests/unit/migrations/project_folder.h"

typedef struct File {
    const char *name;
    const char *bytes;
} File;

static UNUSED ProjectFolder project_with(const char *layout, const File *files)
{
    ProjectFolder folder = folder_new(layout, NULL, 0);
    for (const File *file = files; file->name; file++) {
        CLEANUP(memory_freep) char *path = file_path("migrations", file->name);
        folder_write(&folder, path, file->bytes);
    }
    return folder;
}

static bool on_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(context, bytes, size);
    return true;
}

/* "summary|summary" of a script's statements, or "none" where there is no script. */
static void add_statements(const Project *project, const ProjectMigration *migration,
                           ProjectScript which, Text *out)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(text_done) Text shipped = {0};
    CLEANUP(error_done) Error err = {0};
    const ScriptSink sink = {.sql = on_sql, .context = &shipped};
    if (!migration->scripts[which]) {
        text_add(out, "none");
        return;
    }
    if (!project_script_read(project, migration, which, &sink, &script, &err))
        fail_msg("%s", err.message);
    array_each (const ScriptStatement, statement, &script.statements)
        text_addf(out, "%s%.*s@%lld", statement == script.statements.items ? "" : "|",
                  (int)statement->length, text_string(&shipped) + statement->offset,
                  (long long)statement->line);
}

/* The listing: one line a migration, "identity [outside]: up / down". */
static char *listing_of(const Project *project)
{
    Text text = {0};
    array_each (const ProjectMigration, migration, &project->migrations) {
        text_addf(&text, "%s%s%s: ", migration->identity,
                  migration->no_transaction[PROJECT_UP] ? " up-alone" : "",
                  migration->no_transaction[PROJECT_DOWN] ? " down-alone" : "");
        add_statements(project, migration, PROJECT_UP, &text);
        text_add(&text, " / ");
        add_statements(project, migration, PROJECT_DOWN, &text);
        text_add_char(&text, '\n');
    }
    return text_take(&text);
}

/* Read with its layout found, and named. */
static UNUSED void expect(Layout layout, const File *files, const char *listing)
{
    const char *const ways[] = {"auto", layout_name(layout)};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        ProjectFolder folder = project_with(ways[i], files);
        CLEANUP(error_done) Error err = {0};
        CLEANUP(project_done) Project project = {0};
        if (!project_read(folder.path, &project, &err))
            fail_msg("%s", err.message);
        assert_string_equal(layout_name(project.layout), layout_name(layout));
        assert_int_equal(project.layout_reason != NULL, i == 0);
        CLEANUP(memory_freep) char *found = listing_of(&project);
        assert_string_equal(found, listing);
        folder_done(&folder);
    }
}

/* Refused, or said as a warning, in these words. */
static UNUSED void expect_says(const char *layout, const File *files, FindingSeverity severity,
                               const char *says)
{
    ProjectFolder folder = project_with(layout, files);
    CLEANUP(error_done) Error err = {0};
    CLEANUP(project_done) Project project = {0};
    if (!project_survey(folder.path, &project, &err))
        fail_msg("%s", err.message);
    bool said = false;
    array_each (Finding, finding, &project.findings)
        said = said || (finding->severity == severity && strstr(finding->message, says));
    if (!said)
        fail_msg("nothing says '%s' (%s)", says,
                 project.findings.count ? project.findings.items[0].message : "no finding");
    folder_done(&folder);
}

/* One more file, and what is said of it. */
typedef struct SaysCase {
    const char *name;
    const char *bytes;
    FindingSeverity severity;
    const char *says;
} SaysCase;

#define FILES(...) ((const File[]){__VA_ARGS__, {NULL, NULL}})

#endif
