#include "migrations/script_reading.h"

#include <inttypes.h>

#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/script_directives.h"

bool script_ship(ScriptReading *reading, const void *bytes, size_t size, Error *err)
{
    reading->script->shipped_size += (int64_t)size;
    return !reading->sink->sql || reading->sink->sql(reading->sink->context, bytes, size, err);
}

static bool is_plain(const char *text)
{
    while (*text > ' ' && *text < 0x7f)
        text++;
    return !*text;
}

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
        char *made = is_plain(word->text)
                         ? NULL
                         : text_printable(word->text, strlen(word->text), SPLITTER_WORD_SIZE_MAX);
        const char *shown = made ? made : word->text;
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

/* -- statements that are lines -- */

/* Whether it is an INSERT in a line of its own, as written and as shipped, and may run in one
 * transaction with others: what stands in a value's place may hold a newline. */
static bool is_line(const ScriptReading *reading, const SplitStatement *split,
                    const ScriptStatement *statement, StatementName *ret_table)
{
    const ScriptDirectives *directives = &reading->script->directives;
    return reading->sink->joins_lines && !directives->no_transaction && !directives->batch.size &&
           split->has_semicolon && split->line == split->end_line && !split->inserted &&
           !(reading->text && text_values_replaced(reading->text)) && !reading->source->includer &&
           !statement->kind.breaks_session && !statement->kind.outside_effects &&
           !statement->kind.parameters && statement_inserts(split, ret_table);
}

/* Whether `statement`, which was added last, is the next line of the one before: behind that one's
 * semicolon only the newline between the two lines stands. */
static bool goes_on(const ScriptReading *reading, const ScriptStatement *statement,
                    const StatementName *table)
{
    const ScriptStatementArray *statements = &reading->script->statements;
    if (!reading->lines_end || statements->count < 2)
        return false;
    const ScriptStatement *before = &statements->items[statements->count - 2];
    return statement->offset == reading->lines_end + 1 &&
           statement->line == before->line + before->statements &&
           statement->offset + statement->length - before->offset <= SCRIPT_STATEMENT_SIZE_MAX &&
           strcmp(table->schema, reading->lines_table.schema) == 0 &&
           strcmp(table->name, reading->lines_table.name) == 0;
}

/* Let the statement that was added last be part of the one before, where it is a line behind that.
 */
static void join_line(ScriptReading *reading, const SplitStatement *split)
{
    StatementName table;
    ScriptStatementArray *statements = &reading->script->statements;
    ScriptStatement *last = &statements->items[statements->count - 1];
    if (!is_line(reading, split, last, &table)) {
        reading->lines_end = 0;
        return;
    }
    bool joins = goes_on(reading, last, &table);
    reading->lines_end = last->offset + split->end_offset - split->offset;
    reading->lines_table = table;
    if (!joins)
        return;
    ScriptStatement *first = last - 1;
    first->length = last->offset + last->length - first->offset;
    first->statements++;
    statements->count--;
}

bool script_add_statement(ScriptReading *reading, const SplitStatement *split, int64_t offset,
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
    statement->statements = 1;
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
    if (!reading->sink->forgets_statements || reading->sink->statement)
        summarize(split, statement->summary, sizeof statement->summary);
    if (reading->sink->statement)
        reading->sink->statement(reading->sink->context, reading->script, statement);
    join_line(reading, split);
    return true;
}

bool script_on_statement(void *context, const SplitStatement *split, Error *err)
{
    ScriptReading *reading = context;
    if (script_source_is_read(reading->source))
        return script_add_statement(reading, split, split->offset + reading->shift, split->line,
                                    err);
    if (split->copy == SPLITTER_COPY_FROM_STDIN)
        return error_set(err, ERROR_INPUT,
                         "%s:%" PRId64 ": COPY … FROM STDIN in a branch that is not taken: psql "
                         "would read its data as SQL",
                         reading->source->name, split->line);
    return true;
}

bool script_on_sql(void *context, const void *bytes, size_t size, int64_t offset UNUSED, Error *err)
{
    ScriptReading *reading = context;
    return !script_source_is_read(reading->source) || script_ship(reading, bytes, size, err);
}

static bool is_text(const char *text, size_t length, const char *expected)
{
    return strlen(expected) == length && memcmp(text, expected, length) == 0;
}

bool script_on_comment(void *context, const char *text, size_t length, int64_t line, Error *err)
{
    ScriptReading *reading = context;
    CLEANUP(memory_freep) char *words = NULL;
    if (!reading->script->statement_count && is_text(text, length, "-- PostgreSQL database dump"))
        reading->script->is_dump = true;
    if (!script_source_is_read(reading->source) ||
        !script_directives_in_comment(text, length, &words))
        return true;
    if (code_replacement_binds(reading->source->name, line, words))
        return true;
    if (reading->script->statement_count)
        return error_set(err, ERROR_INPUT,
                         "%s:%" PRId64 ": a directive must stand before the first statement",
                         reading->source->name, line);
    if (!script_directives_add(&reading->script->directives, words, line, err))
        return script_at_line(reading, line, err);
    return true;
}
