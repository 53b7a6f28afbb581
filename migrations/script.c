#include "migrations/script.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/client_copy.h"
#include "migrations/code_replacement.h"
#include "migrations/script_directives.h"
#include "migrations/script_include.h"
#include "migrations/script_reading.h"
#include "migrations/script_text.h"
#include "migrations/text_values.h"
#include "migrations/value_text.h"

#define PIECE_SIZE (64 * 1024)

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

/* -- the sink -- */

static bool ship(ScriptReading *reading, const void *bytes, size_t size, Error *err)
{
    reading->script->shipped_size += (int64_t)size;
    return !reading->sink->sql || reading->sink->sql(reading->sink->context, bytes, size, err);
}

static bool begin_data(const ScriptReading *reading, Error *err)
{
    return !reading->sink->data_begin || reading->sink->data_begin(reading->sink->context, err);
}

static bool give_data(const ScriptReading *reading, const void *bytes, size_t size, Error *err)
{
    return !reading->sink->data || reading->sink->data(reading->sink->context, bytes, size, err);
}

static bool end_data(const ScriptReading *reading, Error *err)
{
    return !reading->sink->data_end || reading->sink->data_end(reading->sink->context, err);
}

/* -- statements -- */

/* The first words, without anything that may be data: strings and numbers end it. */
static void summarize(const SplitStatement *split, char *summary, size_t size)
{
    static const char more[] = "…";
    size_t length = 0;
    size_t most = size - sizeof more - 1;
    bool glue = true;
    size_t i = 0;
    for (; i < split->word_count; i++) {
        const SplitterWord *word = &split->words[i];
        bool name = word->kind == WORD_KEYWORD || word->kind == WORD_QUOTED;
        bool dot = word->kind == WORD_PUNCTUATION && strcmp(word->text, ".") == 0;
        if (!name && !dot)
            break;
        CLEANUP(memory_freep)
        char *shown = text_printable(word->text, strlen(word->text), SPLITTER_WORD_SIZE_MAX);
        size_t wanted = strlen(shown) + !(glue || dot);
        if (length + wanted > most)
            break;
        if (!(glue || dot))
            summary[length++] = ' ';
        memcpy(summary + length, shown, strlen(shown));
        length += strlen(shown);
        glue = dot;
    }
    if (i < split->word_count || split->words_cut) {
        if (length)
            summary[length++] = ' ';
        memcpy(summary + length, more, strlen(more));
        length += strlen(more);
    }
    summary[length] = '\0';
}

/* pg_dump of 17 and later sets it at the top, and servers before 17 refuse what they do not know.
 * The applier has it off on every server that has it. */
static bool is_pinned(const ScriptReading *reading, const SplitStatement *split)
{
    static const char *const words[] = {"set", "transaction_timeout", "="};
    if (!reading->script->is_dump || split->word_count < ARRAY_LEN(words))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(split->words[i].text, words[i]) != 0)
            return false;
    return true;
}

/* Where the script itself is, while an included file's line is read. */
static int64_t script_line_of(const ScriptSource *source, int64_t line)
{
    for (; source->includer; source = source->includer)
        line = source->include_line;
    return line;
}

static bool add_statement(ScriptReading *reading, const SplitStatement *split, int64_t offset,
                          int64_t line, Error *err)
{
    if (split->length > SCRIPT_STATEMENT_SIZE_MAX) {
        error_set(err, ERROR_INPUT, "%s:%" PRId64 ": a statement of %" PRId64 " bytes",
                  reading->source->name, line, split->length);
        return error_hint(err, "at most %" PRId64 " are sent at once; load data with COPY",
                          SCRIPT_STATEMENT_SIZE_MAX);
    }
    if (reading->sink->forgets_statements)
        reading->script->statements.count = 0;
    ScriptStatement *statement = array_add(&reading->script->statements);
    reading->script->statement_count++;
    statement->offset = offset;
    statement->length = split->length;
    statement->line = line;
    statement->pinned = is_pinned(reading, split);
    statement->source = reading->source->index;
    statement->script_line = script_line_of(reading->source, line);
    statement->first_reference = reading->attached;
    statement->reference_count = reading->script->references.count - reading->attached;
    reading->attached = reading->script->references.count;
    statement_kind_of(split, &statement->kind);
    reading->script->ships |= statement->kind.control == TRANSACTION_CONTROL_NONE;
    statement->data = statement->kind.copy_from_stdin ? reading->script->data_count++ : -1;
    if (!reading->sink->forgets_statements)
        summarize(split, statement->summary, sizeof statement->summary);
    return true;
}

static bool on_statement(void *context, const SplitStatement *split, Error *err)
{
    ScriptReading *reading = context;
    if (script_source_is_read(reading->source))
        return add_statement(reading, split, split->offset + reading->shift, split->line, err);
    if (split->copy == SPLITTER_COPY_FROM_STDIN)
        return error_set(err, ERROR_INPUT,
                         "%s:%" PRId64 ": COPY … FROM STDIN in a branch that is not taken: psql "
                         "would read its data as SQL",
                         reading->source->name, split->line);
    return true;
}

static bool on_sql(void *context, const void *bytes, size_t size, int64_t offset UNUSED, Error *err)
{
    ScriptReading *reading = context;
    return !script_source_is_read(reading->source) || ship(reading, bytes, size, err);
}

static bool on_copy_data(void *context, const void *bytes, size_t size, int64_t offset, Error *err)
{
    ScriptReading *reading = context;
    if (!reading->data_open && !begin_data(reading, err))
        return false;
    reading->data_open = size > 0;
    if (size)
        return give_data(reading, bytes, size, err);
    reading->shift = reading->script->shipped_size - offset;
    return end_data(reading, err);
}

static bool is_text(const char *text, size_t length, const char *expected)
{
    return strlen(expected) == length && memcmp(text, expected, length) == 0;
}

static bool on_comment(void *context, const char *text, size_t length, int64_t line, Error *err)
{
    ScriptReading *reading = context;
    CLEANUP(memory_freep) char *words = NULL;
    if (!reading->script->statement_count && is_text(text, length, "-- PostgreSQL database dump"))
        reading->script->is_dump = true;
    if (!script_source_is_read(reading->source) ||
        !script_directives_in_comment(text, length, &words))
        return true;
    if (code_replacement_is(reading->source->name) && line == 1 &&
        text_has_prefix(words, "replaces "))
        return true; /* code_replacement_check has read it */
    if (reading->script->statement_count)
        return error_set(err, ERROR_INPUT,
                         "%s:%" PRId64 ": a directive must stand before the first statement",
                         reading->source->name, line);
    if (!script_directives_add(&reading->script->directives, words, line, err))
        return script_at_line(reading, line, err);
    return true;
}

/* -- \copy -- */

/* The one statement that a \copy line became. */
typedef struct CopyLine {
    SplitStatement split;
    size_t count;
} CopyLine;

static bool on_copy_statement(void *context, const SplitStatement *split, Error *err UNUSED)
{
    CopyLine *line = context;
    line->split = *split;
    line->count++;
    return true;
}

/* What was put together from the line must be one COPY … FROM STDIN and nothing more. */
static bool split_copy(const char *statement, SplitStatement *ret_split, Error *err)
{
    CopyLine line = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = on_copy_statement, .context = &line});
    CLEANUP(error_done) Error ignored = {0};
    if (!statement_splitter_feed(splitter, statement, strlen(statement), &ignored) ||
        !statement_splitter_end(splitter, &ignored) || line.count != 1 ||
        line.split.copy != SPLITTER_COPY_FROM_STDIN || !line.split.has_semicolon)
        return error_set(err, ERROR_INPUT, "\\copy holds more or less than one copy");
    *ret_split = line.split;
    return true;
}

static bool give_file(const ScriptReading *reading, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(reading->source->path);
    CLEANUP(file_closep) int fd = -1;
    reading->script->file_count++;
    if (!client_copy_open(folder, path, &fd, err) || !begin_data(reading, err))
        return false;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    for (;;) {
        size_t size;
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        if (size == 0)
            return end_data(reading, err);
        if (!give_data(reading, bytes, size, err))
            return false;
    }
}

bool script_read_copy(ScriptReading *reading, const char *statement, const char *path, int64_t line,
                      Error *err)
{
    SplitStatement split;
    int64_t offset = reading->script->shipped_size;
    return split_copy(statement, &split, err) &&
           add_statement(reading, &split, offset, line, err) &&
           ship(reading, statement, strlen(statement), err) &&
           (reading->sink->without_files || give_file(reading, path, err));
}

/* Where psql is not the tool, only these of its commands are known. */
static bool run_client_command(ScriptReading *reading, const char *text, size_t length,
                               int64_t line, bool in_statement, Error *err)
{
    ClientCommandKind kind;
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    if (!client_command_read(text, length, &kind, &copy, err))
        return false;
    if (in_statement) {
        error_set(err, ERROR_INPUT, "a command of psql in the middle of a statement");
        return error_hint(err, "end the statement before it with a semicolon");
    }
    return kind != CLIENT_COMMAND_COPY ||
           script_read_copy(reading, copy.statement, copy.path, line, err);
}

static bool on_backslash(void *context, const char *text, size_t length, int64_t offset,
                         int64_t line, bool in_statement, Error *err)
{
    ScriptReading *reading = context;
    bool psql = reading->file->settings.syntax == SCRIPT_SYNTAX_PSQL;
    if (!(psql ? script_psql_line : run_client_command)(reading, text, length, line, in_statement,
                                                        err))
        return script_at_line(reading, line, err);
    reading->shift = reading->script->shipped_size - (offset + (int64_t)length);
    return true;
}

/* -- references to values -- */

static bool refuse_unknown(const ScriptReading *reading, const SplitterVariable *variable,
                           Error *err)
{
    static const char known[] = " DBNAME USER HOST PORT ENCODING VERSION VERSION_NAME VERSION_NUM "
                                "SERVER_VERSION_NAME SERVER_VERSION_NUM ROW_COUNT ERROR SQLSTATE "
                                "LAST_ERROR_MESSAGE LAST_ERROR_SQLSTATE ";
    CLEANUP(memory_freep) char *wanted = memory_format(" %s ", variable->name);
    error_set(err, ERROR_INPUT, "%s:%" PRId64 ": ':%s' " SCRIPT_UNKNOWN_VALUE,
              reading->source->name, variable->line, variable->name);
    if (strstr(known, wanted))
        return error_hint(err,
                          "psql sets it where it runs: declare a [value %s] in sealift.conf, "
                          "or ask the server in SQL",
                          variable->name);
    return error_hint(err, "declare it in sealift.conf ([value %s]), or \\set it before this line",
                      variable->name);
}

/* The site's text: how it is written there. */
static void refer(ScriptReading *reading, const SplitterVariable *variable, size_t index,
                  ValueForm form, SplitterInsert *insert)
{
    *array_add(&reading->script->references) =
        (ScriptReference){variable->offset + reading->shift, variable->length, index, form};
    insert->kind = form == VALUE_FORM_LITERAL      ? SPLITTER_INSERT_LITERAL
                   : form == VALUE_FORM_IDENTIFIER ? SPLITTER_INSERT_IDENTIFIER
                                                   : SPLITTER_INSERT_NUMBER;
}

static bool on_variable(void *context, const SplitterVariable *variable, SplitterInsert *insert,
                        Error *err)
{
    ScriptReading *reading = context;
    ScriptValue value;
    if (!script_source_is_read(reading->source))
        return true;
    bool known = script_values_find(&reading->values, variable->name, &value);
    reading->script->composed = true;
    if (variable->form == VARIABLE_TEST) {
        *insert = (SplitterInsert){SPLITTER_INSERT_TEXT, memory_string(known ? "TRUE" : "FALSE")};
        return true;
    }
    if (!known)
        return variable->may_be_sql || refuse_unknown(reading, variable, err);
    ValueForm form = variable->form == VARIABLE_LITERAL      ? VALUE_FORM_LITERAL
                     : variable->form == VARIABLE_IDENTIFIER ? VALUE_FORM_IDENTIFIER
                                                             : value.form;
    if (!value.text) {
        refer(reading, variable, value.index, form, insert);
        return true;
    }
    insert->text = value_text(value.text, form);
    insert->kind = form == VALUE_FORM_LITERAL      ? SPLITTER_INSERT_LITERAL
                   : form == VALUE_FORM_IDENTIFIER ? SPLITTER_INSERT_IDENTIFIER
                                                   : SPLITTER_INSERT_TEXT;
    return true;
}

/* -- files -- */

static bool feed(void *context, const char *bytes, size_t size, Error *err)
{
    return statement_splitter_feed(((ScriptReading *)context)->splitter, bytes, size, err);
}

static bool feed_replaced(void *context, const char *bytes, size_t size, Error *err)
{
    return text_values_feed(context, bytes, size, err);
}

/* The splitter has not met the reference that was put into the text. */
static bool refuse_missed(const ScriptReading *reading, Error *err)
{
    error_set(err, ERROR_INPUT,
              "%s:%" PRId64
              ": the site parameter '%s' stands in a string, a quoted name, a comment "
              "or a word",
              reading->source->name, reading->site_line,
              reading->file->settings.values->items[reading->site_value].name);
    return error_hint(err,
                      "let it stand by itself, and put the text together in SQL (||, format())");
}

static bool on_site(void *context, size_t value, ValueForm form, int64_t line, Error *err)
{
    ScriptReading *reading = context;
    if (reading->site_line)
        return refuse_missed(reading, err);
    reading->site_value = value;
    reading->site_form = form;
    reading->site_line = line;
    return true;
}

/* The reference that was put there, and no other: elsewhere a colon is a colon. With letters or
 * digits right behind it the splitter has met a longer name, which the site's text would swallow.
 */
static bool on_site_variable(void *context, const SplitterVariable *variable,
                             SplitterInsert *insert, Error *err)
{
    ScriptReading *reading = context;
    const ProjectValueArray *values = reading->file->settings.values;
    if (!reading->site_line)
        return true;
    if (strcmp(variable->name, values->items[reading->site_value].name) != 0)
        return refuse_missed(reading, err);
    refer(reading, variable, reading->site_value, reading->site_form, insert);
    reading->site_line = 0;
    return true;
}

/* The text with what another tool than psql puts in. */
static bool read_replaced(ScriptReading *reading, int fd, const ScriptRange *range, Error *err)
{
    CLEANUP(text_values_freep)
    TextValues *text = text_values_new(&(TextValuesOptions){
        .syntax = reading->file->settings.syntax,
        .values = &reading->values,
        .name = reading->source->name,
        .first_line = range->first,
        .substitutes = range->substitutes,
        .take = feed,
        .site = on_site,
        .context = reading,
    });
    if (!script_text_read(fd, reading->source->name, range, feed_replaced, text, err) ||
        !text_values_end(text, err) || !statement_splitter_end(reading->splitter, err))
        return false;
    reading->script->composed = reading->script->composed || text_values_replaced(text);
    return !reading->site_line || refuse_missed(reading, err);
}

static bool feed_words(ScriptReading *reading, const char *words, Error *err)
{
    return !words || feed(reading, words, strlen(words), err);
}

/* Lines between the end of what was fed of `before` and the beginning of `range`. */
static int64_t lines_between(const ScriptRange *before, const ScriptRange *range)
{
    return range->first - before->last - (before->take ? 0 : 1);
}

/* The ranges of one text, as they stand. */
static bool read_plain(ScriptReading *reading, int fd, const ScriptRange *ranges, size_t count,
                       Error *err)
{
    for (size_t i = 0; i < count; i++) {
        const ScriptRange *range = &ranges[i];
        if (i)
            statement_splitter_skip_lines(reading->splitter, lines_between(range - 1, range));
        if (lseek(fd, 0, SEEK_SET) != 0)
            return error_set(err, ERROR_IO, "cannot read '%s' again: %m", reading->source->name);
        if (!feed_words(reading, range->before, err) ||
            !script_text_read(fd, reading->source->name, range, feed, reading, err) ||
            !feed_words(reading, range->after, err))
            return false;
    }
    return statement_splitter_end(reading->splitter, err) && script_psql_end(reading, err);
}

/* Ranges that are joined are one text: its offsets begin anew, its lines are the file's. */
static bool read_text(ScriptReading *reading, int fd, const ScriptRange *ranges, size_t count,
                      Error *err)
{
    ScriptSyntax syntax = reading->file->settings.syntax;
    bool psql = syntax == SCRIPT_SYNTAX_PSQL, plain = psql || syntax == SCRIPT_SYNTAX_NONE;
    StatementSplitter *outer = reading->splitter;
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .name = reading->source->name,
        .first_line = ranges[0].first,
        .statement = on_statement,
        .backslash = on_backslash,
        .variable = psql    ? on_variable
                    : plain ? NULL
                            : on_site_variable,
        .comment = on_comment,
        .sql = on_sql,
        .copy_data = on_copy_data,
        .context = reading,
    });
    reading->shift = reading->script->shipped_size;
    reading->splitter = splitter;
    bool good = plain ? read_plain(reading, fd, ranges, count, err)
                      : read_replaced(reading, fd, ranges, err);
    reading->splitter = outer;
    return good;
}

static size_t add_source(Script *script, const char *name)
{
    *array_add(&script->sources) = memory_string(name);
    return script->sources.count - 1;
}

static bool check_loop(const ScriptReading *reading, const char *name, Error *err)
{
    for (const ScriptSource *at = reading->source; at; at = at->includer)
        if (strcmp(at->name, name) == 0)
            return error_set(err, ERROR_INPUT, "'%s' includes itself", name);
    if (reading->source->depth == SCRIPT_INCLUDE_DEPTH_MAX)
        return error_set(err, ERROR_INPUT, "files include each other more than %d deep",
                         SCRIPT_INCLUDE_DEPTH_MAX);
    if (reading->script->sources.count > SCRIPT_SOURCES_MAX)
        return error_set(err, ERROR_INPUT, "more than %d files are included", SCRIPT_SOURCES_MAX);
    return true;
}

/* psql's working folder is where one starts it: the project's, or the migrations'. */
static char *resolve(const ScriptReading *reading, const char *path, IncludeKind kind, Error *err)
{
    const ScriptSettings *settings = &reading->file->settings;
    if (kind == INCLUDE_FROM_SOURCE) {
        CLEANUP(memory_freep) char *folder = file_folder_of(reading->source->name);
        return script_include_resolve(folder, path, err);
    }
    CLEANUP(memory_freep) char *name = script_include_resolve("", path, err);
    if (!name)
        return NULL;
    CLEANUP(memory_freep) char *whole = file_path(settings->root, name);
    CLEANUP(error_done) Error ignored = {0};
    if (!file_exists(whole)) {
        CLEANUP(memory_freep)
        char *other = script_include_resolve(settings->folder, path, &ignored);
        CLEANUP(memory_freep) char *there = other ? file_path(settings->root, other) : NULL;
        if (there && file_exists(there))
            return TAKE_PTR(other);
    }
    return TAKE_PTR(name);
}

bool script_read_include(ScriptReading *reading, const char *path, IncludeKind kind, int64_t line,
                         Error *err)
{
    static const ScriptRange whole = {.first = 1};
    const char *root = reading->file->settings.root;
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *name = resolve(reading, path, kind, err);
    if (!name || !check_loop(reading, name, err) || !script_include_open(root, name, &fd, err))
        return false;
    CLEANUP(memory_freep) char *whole_path = file_path(root, name);
    ScriptSource source = {
        .path = whole_path,
        .name = name,
        .index = add_source(reading->script, name),
        .includer = reading->source,
        .include_line = line,
        .depth = reading->source->depth + 1,
    };
    reading->script->composed = true;
    ScriptSource *includer = reading->source;
    reading->source = &source;
    bool good = read_text(reading, fd, &whole, 1, err);
    reading->source = includer;
    array_free(&source.branches);
    return good;
}

static bool read_file(ScriptReading *reading, Error *err)
{
    static const ScriptRange whole = {.first = 1};
    const ScriptFile *file = reading->file;
    bool cut = file->ranges && file->ranges->count;
    const ScriptRange *ranges = cut ? file->ranges->items : &whole;
    size_t count = cut ? file->ranges->count : 1;
    for (size_t i = 0, joined; i < count; i += joined) {
        CLEANUP(file_closep) int fd = -1;
        int64_t size;
        for (joined = 1; i + joined < count && ranges[i + joined].joined;)
            joined++;
        if (!file_open_regular(file->path, &fd, &size, err) ||
            !read_text(reading, fd, &ranges[i], joined, err))
            return false;
    }
    return true;
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
    source.index = add_source(&script, file->name);
    ScriptReading reading = {
        .file = file, .sink = sink ? sink : &nowhere, .script = &script, .source = &source};
    script_values_init(&reading.values, file->settings.values);
    bool good = read_file(&reading, err);
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
    return add_statement(&appending->reading, split, split->offset + appending->reading.shift,
                         appending->line, err);
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
        .name = "added", .statement = on_appended, .sql = on_sql, .context = &appending});
    return statement_splitter_feed(splitter, text, strlen(text), err) &&
           statement_splitter_end(splitter, err);
}
