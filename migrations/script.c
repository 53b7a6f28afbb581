#include "migrations/script.h"

#include <inttypes.h>

#include "migrations/script_directives.h"
#include "migrations/script_reading.h"

/* In the order of ScriptSyntax. */
static const char *const syntax_names[] = {"none",  "psql",     "flyway",
                                           "goose", "graphile", "go-template"};

const char *script_syntax_name(ScriptSyntax syntax)
{
    return syntax_names[syntax];
}

bool script_syntax_parse(const char *name, ScriptSyntax *ret_syntax)
{
    for (size_t i = 0; i < ARRAY_LEN(syntax_names); i++) {
        if (strcmp(syntax_names[i], name) != 0)
            continue;
        *ret_syntax = (ScriptSyntax)i;
        return true;
    }
    return false;
}

void script_done(Script *script)
{
    script_directives_done(&script->directives);
    array_free(&script->statements);
    array_free(&script->references);
    array_each (char *, source, &script->sources)
        free(*source);
    array_free(&script->sources);
    array_each (char *, value, &script->values)
        free(*value);
    array_free(&script->values);
    array_each (ScriptNote, note, &script->notes)
        free(note->command);
    array_free(&script->notes);
    *script = (Script){0};
}

char *script_statement_place(const Script *script, const ScriptStatement *statement)
{
    return memory_format("%s:%" PRId64, script->sources.items[statement->source], statement->line);
}

bool script_at_line(const ScriptReading *reading, int64_t line, Error *err)
{
    return error_wrap(err, "%s:%" PRId64, reading->source->name, line);
}

static void name_values(const ScriptReading *reading)
{
    const ScriptValues *values = &reading->values;
    for (size_t i = 0; i < values->used.count; i++)
        if (values->used.items[i])
            *array_add(&reading->script->values) = memory_string(values->declared->items[i].name);
}

bool script_read(const ScriptFile *file, const ScriptSink *sink, Script *ret_script, Error *err)
{
    static const ScriptSink nowhere;
    CLEANUP(script_done) Script script = {0};
    script_directives_init(&script.directives);
    ScriptSource source = {.path = file->path, .name = file->name};
    source.index = script_add_source(&script, file->name);
    ScriptReading reading = {
        .file = file, .sink = sink ? sink : &nowhere, .script = &script, .source = &source};
    script_values_init(&reading.values, file->settings.values);
    bool good = script_read_file(&reading, err);
    if (good)
        name_values(&reading);
    script_values_done(&reading.values);
    array_free(&source.branches);
    if (!good)
        return false;
    *ret_script = script;
    script = (Script){0};
    return true;
}

/* -- what is added behind it -- */

typedef struct Appending {
    ScriptReading reading;
    int64_t line;
} Appending;

static bool on_appended(void *context, const SplitStatement *split, Error *err)
{
    Appending *appending = context;
    if (!split->has_semicolon)
        return error_set(err, ERROR_INTERNAL, "a statement that is added has no end");
    return script_add_statement(&appending->reading, split,
                                split->offset + appending->reading.shift, appending->line, err);
}

bool script_append(Script *script, const char *text, int64_t line, const ScriptSink *sink,
                   Error *err)
{
    /* they count as the script's own, which is the first source */
    ScriptSource source = {.path = "added", .name = "added"};
    Appending appending = {.reading = {.sink = sink,
                                       .script = script,
                                       .source = &source,
                                       .shift = script->shipped_size,
                                       .attached = script->references.count},
                           .line = line};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .name = "added", .statement = on_appended, .sql = script_on_sql, .context = &appending});
    return statement_splitter_feed(splitter, text, strlen(text), err) &&
           statement_splitter_end(splitter, err);
}
