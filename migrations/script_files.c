#include "migrations/script_reading.h"

#include <unistd.h>

#include "base/file.h"
#include "migrations/script_include.h"
#include "migrations/script_text.h"
#include "migrations/text_values.h"

static bool feed(void *context, const char *bytes, size_t size, Error *err)
{
    return statement_splitter_feed(((ScriptReading *)context)->splitter, bytes, size, err);
}

static bool feed_replaced(void *context, const char *bytes, size_t size, Error *err)
{
    return text_values_feed(context, bytes, size, err);
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
        .site = script_on_site,
        .context = reading,
    });
    reading->text = text;
    bool good = script_text_read(fd, reading->source->name, range, feed_replaced, text, err) &&
                text_values_end(text, err) && statement_splitter_end(reading->splitter, err);
    reading->text = NULL;
    if (!good)
        return false;
    reading->script->composed = reading->script->composed || text_values_replaced(text);
    return !reading->site_line || script_refuse_missed(reading, err);
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

static bool on_backslash(void *context, const char *text, size_t length, int64_t offset,
                         int64_t line, bool in_statement, Error *err)
{
    ScriptReading *reading = context;
    bool psql = reading->file->settings.syntax == SCRIPT_SYNTAX_PSQL;
    if (!(psql ? script_psql_line : script_client_command)(reading, text, length, line,
                                                           in_statement, err))
        return script_at_line(reading, line, err);
    reading->shift = reading->script->shipped_size - (offset + (int64_t)length);
    return true;
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
        .statement = script_on_statement,
        .backslash = on_backslash,
        .variable = psql    ? script_on_variable
                    : plain ? NULL
                            : script_on_site_variable,
        .comment = script_on_comment,
        .sql = script_on_sql,
        .copy_data = script_on_copy_data,
        .context = reading,
    });
    reading->shift = reading->script->shipped_size;
    reading->splitter = splitter;
    bool good = plain ? read_plain(reading, fd, ranges, count, err)
                      : read_replaced(reading, fd, ranges, err);
    reading->splitter = outer;
    return good;
}

size_t script_add_source(Script *script, const char *name)
{
    *array_add(&script->sources) = memory_string(name);
    return script->sources.count - 1;
}

/* -- files that it includes -- */

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
    if (!root)
        return error_set(err, ERROR_INPUT, "'%s': no file can be included here", path);
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *name = resolve(reading, path, kind, err);
    if (!name || !check_loop(reading, name, err) || !script_include_open(root, name, &fd, err))
        return false;
    CLEANUP(memory_freep) char *whole_path = file_path(root, name);
    ScriptSource source = {
        .path = whole_path,
        .name = name,
        .index = script_add_source(reading->script, name),
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

/* -- the script's own -- */

bool script_read_file(ScriptReading *reading, Error *err)
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
