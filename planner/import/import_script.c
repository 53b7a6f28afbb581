#include "planner/import/import_script.h"

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/code_replacement.h"

/* The file being written, as a ScriptSink's context. */
typedef struct Output {
    FILE *file;
    const char *path;
    const char *source;  /* the script's path, for words */
    bool line_ended;     /* nothing was written behind a line's end */
    bool begun;          /* something but blank lines was written */
    Text blanks;         /* blanks held back until something follows them */
    char last;           /* the last byte that is no blank; '\0': none */
    bool line_begins;    /* of data: the next byte begins a line */
    size_t backslash_at; /* of data: how much of a line `\.` was seen, from its beginning */
} Output;

static bool put(Output *output, const char *bytes, size_t size, Error *err)
{
    if (fwrite(bytes, 1, size, output->file) == size)
        return true;
    return error_set(err, ERROR_IO, "cannot write '%s': %m", output->path);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Blanks go out with what follows them; before the first text and behind the last they are what is
 * left of other parts of the file. */
static bool put_sql(void *context, const void *bytes, size_t size, Error *err)
{
    Output *output = context;
    const char *at = bytes, *end = at + size;
    while (at < end) {
        const char *word = at;
        while (at < end && is_blank(*at))
            at++;
        text_add_n(&output->blanks, word, (size_t)(at - word));
        if (at == end)
            break;
        const char *text = at;
        while (at < end && !is_blank(*at))
            at++;
        const char *blanks = text_string(&output->blanks);
        const char *line = output->begun ? blanks : strrchr(blanks, '\n');
        line = line ? line + (output->begun ? 0 : 1) : blanks;
        if (!put(output, line, strlen(line), err) || !put(output, text, (size_t)(at - text), err))
            return false;
        text_clear(&output->blanks);
        output->begun = true;
        output->line_ended = false;
        output->last = at[-1];
    }
    return true;
}

static bool end_line(Output *output, Error *err)
{
    text_clear(&output->blanks);
    return put(output, "\n", 1, err);
}

static bool begin_data(void *context, Error *err)
{
    Output *output = context;
    output->line_begins = true;
    output->backslash_at = 0;
    return end_line(output, err);
}

static bool refuse_data(const Output *output, const char *why, Error *err)
{
    error_set(err, ERROR_INPUT, "%s: %s", output->source, why);
    return error_hint(err, "read the layout in place instead, or load those rows another way");
}

#define ENDS_ITSELF "its data has a line '\\.', which ends COPY's data in a script"

/* `\.` alone on a line would end the data there, and a NUL is no text. */
static bool check_data(Output *output, const char *bytes, size_t size, Error *err)
{
    static const char end[] = "\\.\n";
    for (size_t i = 0; i < size; i++) {
        size_t *seen = &output->backslash_at;
        if (output->line_begins)
            *seen = 0;
        *seen = *seen <= 2 && bytes[i] == end[*seen] ? *seen + 1 : sizeof(end);
        output->line_begins = bytes[i] == '\n';
        if (!bytes[i])
            return refuse_data(output, "its data is binary, which cannot stand in a script", err);
        if (*seen == strlen(end))
            return refuse_data(output, ENDS_ITSELF, err);
    }
    return true;
}

static bool put_data(void *context, const void *bytes, size_t size, Error *err)
{
    Output *output = context;
    return check_data(output, bytes, size, err) && put(output, bytes, size, err);
}

static bool end_data(void *context, Error *err)
{
    Output *output = context;
    if (!output->line_begins && output->backslash_at == 2)
        return refuse_data(output, ENDS_ITSELF, err);
    const char *end = output->line_begins ? "\\.\n" : "\n\\.\n";
    output->last = ';';
    output->line_ended = true;
    return put(output, end, strlen(end), err);
}

/* A range, or a run of joined ones, is a script by itself: its last statement ends with it,
 * semicolon or not. */
static bool put_text(const Project *project, const ProjectMigration *migration, ProjectScript which,
                     const ScriptRangeArray *ranges, Output *output, Error *err)
{
    CLEANUP(memory_freep) char *path = project_script_path(project, migration, which);
    CLEANUP(script_done) Script script = {0};
    const ScriptSink sink = {.sql = put_sql,
                             .data_begin = begin_data,
                             .data = put_data,
                             .data_end = end_data,
                             .forgets_statements = true,
                             .context = output};
    ScriptFile file = project_script_file(project, migration, which, path);
    file.ranges = ranges;
    output->last = '\0';
    if (!script_read(&file, &sink, &script, err))
        return false;
    if (!output->begun || output->line_ended)
        return true;
    const char *end = script.statement_count && output->last != ';' ? "\n;" : "";
    return put(output, end, strlen(end), err) && end_line(output, err);
}

static bool put_texts(const Project *project, const ProjectMigration *migration,
                      ProjectScript which, Output *output, Error *err)
{
    static ScriptRange unbound = {.first = 2};
    static const ScriptRangeArray without_binding = {.items = &unbound, .count = 1, .capacity = 1};
    const ScriptRangeArray *all = &migration->ranges[which];
    if (code_replacement_is(migration->scripts[which]))
        all = &without_binding; /* the program does not come along */
    if (!all->count)
        return put_text(project, migration, which, /* ranges= */ NULL, output, err);
    for (size_t i = 0, joined; i < all->count; i += joined) {
        for (joined = 1; i + joined < all->count && all->items[i + joined].joined;)
            joined++;
        const ScriptRangeArray text = {
            .items = &all->items[i], .count = joined, .capacity = joined};
        if (!put_text(project, migration, which, &text, output, err))
            return false;
    }
    return true;
}

/* What the layout says, where the script does not say it itself. */
static bool needs_directive(const Project *project, const ProjectMigration *migration,
                            ProjectScript which, bool *ret_needs, Error *err)
{
    CLEANUP(script_done) Script script = {0};
    const ScriptSink nowhere = {0};
    *ret_needs = false;
    if (!migration->no_transaction[which])
        return true;
    if (!project_script_read(project, migration, which, &nowhere, &script, err))
        return false;
    *ret_needs = !script.directives.no_transaction;
    return true;
}

static void output_done(Output *output)
{
    if (output->file)
        fclose(output->file);
    text_done(&output->blanks);
}

bool import_script(const Project *project, const ProjectMigration *migration, ProjectScript which,
                   const char *path, Error *err)
{
    static const char directive[] = "-- sealift: no-transaction\n";
    bool needs = false;
    CLEANUP(output_done)
    Output output = {.path = path, .source = migration->scripts[which]};
    if (!needs_directive(project, migration, which, &needs, err))
        return false;
    output.file = fopen(path, "wxe");
    if (!output.file)
        return error_set(err, ERROR_IO, "cannot write '%s': %m", path);
    if ((needs && !put(&output, directive, strlen(directive), err)) ||
        !put_texts(project, migration, which, &output, err))
        return false;
    FILE *file = TAKE_PTR(output.file);
    if (fclose(file) != 0)
        return error_set(err, ERROR_IO, "cannot write '%s': %m", path);
    return true;
}
