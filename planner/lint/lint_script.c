#include "planner/lint/lint_script.h"

#include "base/file.h"
#include "base/text.h"
#include "migrations/client_copy.h"
#include "migrations/code_replacement.h"
#include "migrations/line_ends.h"
#include "migrations/script_directives.h"

typedef struct Reading {
    LintScript *script;
    bool no_transaction; /* each statement by itself, outside the author's pairs */
    bool inside;
    bool group_open; /* the next statement joins the last transaction */
    bool psql;       /* psql is the tool: what it does itself was looked at already */
} Reading;

void lint_script_done(LintScript *script)
{
    free(script->name);
    free(script->text);
    script_directives_done(&script->directives);
    array_each (LintStatement, statement, &script->statements)
        free(statement->copy);
    array_free(&script->statements);
    array_each (LintProblem, problem, &script->problems) {
        free(problem->message);
        free(problem->hint);
    }
    array_free(&script->problems);
    array_each (char *, file, &script->files)
        free(*file);
    array_free(&script->files);
    array_free(&script->references);
    *script = (LintScript){0};
}

static void add_problem(LintScript *script, const char *rule, int64_t line, const char *message,
                        const char *hint)
{
    *array_add(&script->problems) =
        (LintProblem){rule, line, memory_string(message), memory_string(hint), /* file= */ NULL};
}

/* Which transaction the statement runs in, as planner/script_plan groups them. */
static void place(Reading *reading, LintStatement *statement)
{
    LintScript *script = reading->script;
    const StatementKind *kind = &statement->kind;
    bool begins = kind->control == TRANSACTION_CONTROL_BEGIN;
    bool alone = kind->not_in_transaction || (reading->no_transaction && !reading->inside);
    if (begins)
        reading->group_open = false;
    if (alone || !reading->group_open)
        script->transaction_count++;
    statement->transaction = script->transaction_count;
    statement->inside = reading->inside;
    reading->group_open = !alone;
    if (begins) {
        reading->inside = reading->group_open = true;
    } else if (kind->control != TRANSACTION_CONTROL_NONE &&
               kind->control != TRANSACTION_CONTROL_MODES) {
        reading->inside = reading->group_open = false;
    }
}

static LintProblem *add_output(LintScript *script, const char *command, int64_t line)
{
    CLEANUP(memory_freep) char *message = memory_format("%s is left out of the bundle", command);
    add_problem(script, LINT_PSQL_OUTPUT, line, message, /* hint= */ NULL);
    return &script->problems.items[script->problems.count - 1];
}

static LintStatement *add_statement(Reading *reading, int64_t offset, int64_t line)
{
    LintStatement *statement = array_add(&reading->script->statements);
    statement->offset = offset;
    statement->line = line;
    return statement;
}

static bool on_statement(void *context, const SplitStatement *split, Error *err UNUSED)
{
    LintStatement *statement = add_statement(context, split->offset, split->line);
    statement->length = split->length;
    statement_kind_of(split, &statement->kind);
    place(context, statement);
    return true;
}

static bool on_comment(void *context, const char *text, size_t length, int64_t line, Error *err)
{
    Reading *reading = context;
    CLEANUP(memory_freep) char *words = NULL;
    CLEANUP(error_done) Error refused = {0};
    (void)err;
    if (!script_directives_in_comment(text, length, &words) ||
        code_replacement_binds(reading->script->name, line, words))
        return true;
    if (reading->script->statements.count)
        add_problem(reading->script, "malformed-script", line,
                    "a directive must stand before the first statement", NULL);
    else if (!script_directives_add(&reading->script->directives, words, line, &refused))
        add_problem(reading->script, "malformed-script", line, refused.message, refused.hint);
    if (reading->script->directives.no_transaction)
        reading->no_transaction = true;
    return true;
}

/* A \copy line is the statement that it becomes; anything else that psql alone knows is refused. */
static bool on_backslash(void *context, const char *text, size_t length, int64_t offset UNUSED,
                         int64_t line, bool in_statement, Error *err UNUSED)
{
    Reading *reading = context;
    ClientCommandKind kind;
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    CLEANUP(error_done) Error refused = {0};
    if (reading->psql && script_psql_knows(text, length)) {
        CLEANUP(memory_freep) char *name = memory_string_n(text, length);
        name[1 + strcspn(name + 1, " \t\r\f\v\\")] = '\0';
        if (script_psql_prints(name + 1))
            add_output(reading->script, name, line);
        return true;
    }
    if (!client_command_read(text, length, &kind, &copy, &refused)) {
        add_problem(reading->script, "psql-command", line, refused.message, refused.hint);
    } else if (in_statement) {
        client_command_refuse_inside(text, &refused);
        add_problem(reading->script, "psql-command", line, refused.message, refused.hint);
    } else if (kind == CLIENT_COMMAND_COPY) {
        LintStatement *statement = add_statement(reading, /* offset= */ -1, line);
        statement->kind.copy_from_stdin = true;
        statement->length = (int64_t)strcspn(copy.statement, ";");
        statement->copy = memory_string_n(copy.statement, (size_t)statement->length);
        place(reading, statement);
    }
    return true;
}

static void make_canonical(LintScript *script)
{
    size_t from = script->size >= 3 && memcmp(script->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, to = 0;
    LineEnds ends = {0};
    bool leaves_out = line_ends_leave_out(&ends, script->text, script->size);
    for (; from < script->size; from++)
        if (!leaves_out || script->text[from] != '\r' || from + 1 == script->size ||
            script->text[from + 1] != '\n')
            script->text[to++] = script->text[from];
    script->text[to] = '\0';
    script->size = to;
}

/* The splitter says "line N: what"; the report says the place itself. */
static void add_refusal(LintScript *script, const Error *refused)
{
    static const char mark[] = "line ";
    const char *message = refused->message;
    uint64_t line = 1;
    size_t digits = strspn(message + strlen(mark), "0123456789");
    if (text_has_prefix(message, mark) &&
        text_parse_uint(message + strlen(mark), digits, INT64_MAX, &line) &&
        text_has_prefix(message + strlen(mark) + digits, ": "))
        message += strlen(mark) + digits + 2;
    add_problem(script, "malformed-script", (int64_t)line, message, refused->hint);
}

static bool failure_is_lints(const Error *failure)
{
    return strstr(failure->message, SCRIPT_UNKNOWN_VALUE) && strstr(failure->message, "':");
}

/* It says "NAME:LINE: what". */
static void add_failure(LintScript *script, const Error *failure)
{
    size_t length = strlen(script->name);
    const char *message = failure->message;
    uint64_t line = 1;
    if (text_has_prefix(message, script->name) && message[length] == ':') {
        const char *digits = message + length + 1;
        size_t count = strspn(digits, "0123456789");
        if (text_parse_uint(digits, count, INT64_MAX, &line) && digits[count] == ':')
            message = digits + count + 2;
    }
    add_problem(script, "malformed-script", (int64_t)line, message, failure->hint);
}

/* -- as it is shipped -- */

static bool add_shipped(void *context, const void *bytes, size_t size, Error *err)
{
    Text *text = context;
    if (text->length + size > LINT_SCRIPT_SIZE_MAX)
        return error_set(err, ERROR_INPUT, "the script is over %zu bytes", LINT_SCRIPT_SIZE_MAX);
    text_add_n(text, bytes, size);
    return true;
}

/* What is said of the author's own text does not fit one that is put together: its statements are
 * those of migrations/script, in the shipped text. */
static void take_shipped(Reading *reading, Script *shipped, Text *text)
{
    LintScript *script = reading->script;
    free(script->text);
    script->size = text->length;
    script->text = text_take(text);
    script->composed = true;
    script->directives = shipped->directives;
    shipped->directives = (ScriptDirectives){0};
    script->references = shipped->references;
    shipped->references = (ScriptReferenceArray){0};
    reading->no_transaction = reading->no_transaction || script->directives.no_transaction;
    array_each (char *, source, &shipped->sources)
        *array_add(&script->files) = memory_string(*source);
    array_each (const ScriptStatement, from, &shipped->statements) {
        LintStatement *statement = add_statement(reading, from->offset, from->line);
        statement->length = from->length;
        statement->first_reference = from->first_reference;
        statement->reference_count = from->reference_count;
        statement->kind = from->kind;
        statement->file = from->source ? script->files.items[from->source] : NULL;
        place(reading, statement);
    }
    array_each (const ScriptNote, note, &shipped->notes)
        add_output(script, note->command, note->line)->file =
            note->source ? script->files.items[note->source] : NULL;
}

/* -- as it is written -- */

static bool has_refusals(const LintScript *script)
{
    array_each (const LintProblem, problem, &script->problems)
        if (strcmp(problem->rule, LINT_PSQL_OUTPUT) != 0)
            return true;
    return false;
}

/* `failure` keeps the script from being packed; what it is may be among the problems already, or is
 * lint's own to say (psql-variable). */
static void read_authored(Reading *reading, const Error *failure)
{
    LintScript *script = reading->script;
    CLEANUP(error_done) Error refused = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .statement = on_statement,
        .backslash = on_backslash,
        .comment = on_comment,
        .context = reading,
    });
    if (!statement_splitter_feed(splitter, script->text, script->size, &refused) ||
        !statement_splitter_end(splitter, &refused))
        add_refusal(script, &refused);
    if (failure->message && !has_refusals(script) && !failure_is_lints(failure))
        add_failure(script, failure);
}

/* The grammar knows no references: each becomes a token of its kind and its length, so that places
 * stay what they are. */
static void mask_references(const ProjectValueArray *values, const Script *shipped, Text *text)
{
    array_each (const ScriptReference, reference, &shipped->references) {
        char *at = text->bytes + reference->offset;
        size_t length = (size_t)reference->length;
        ValueType type = values->items[reference->value].type;
        bool number = type == VALUE_TYPE_INTEGER || type == VALUE_TYPE_NUMBER;
        memset(at, reference->form == VALUE_FORM_RAW && number ? '1' : 'x', length);
        if (reference->form == VALUE_FORM_LITERAL)
            at[0] = at[length - 1] = '\'';
    }
}

bool lint_script_read(const ScriptFile *file, bool no_transaction, LintScript *ret_script,
                      Error *err)
{
    CLEANUP(lint_script_done) LintScript script = {.name = memory_string(file->name)};
    CLEANUP(script_done) Script shipped = {0};
    CLEANUP(text_done) Text text = {0};
    CLEANUP(error_done) Error failure = {0};
    const ScriptSink sink = {.sql = add_shipped, .context = &text, .without_files = true};
    Reading reading = {.script = &script, .no_transaction = no_transaction};
    reading.psql = file->settings.syntax == SCRIPT_SYNTAX_PSQL;
    if (!file_read_all(file->path, LINT_SCRIPT_SIZE_MAX, &script.text, &script.size, err))
        return false;
    bool valued = file->settings.syntax != SCRIPT_SYNTAX_NONE;
    if (valued && script_read(file, &sink, &shipped, &failure) &&
        (shipped.composed || shipped.references.count)) {
        mask_references(file->settings.values, &shipped, &text);
        take_shipped(&reading, &shipped, &text);
    } else {
        script_directives_init(&script.directives);
        make_canonical(&script);
        if (file->ranges)
            script_ranges_blank(file->ranges, script.text, script.size);
        read_authored(&reading, &failure);
    }
    script.unclosed = reading.inside;
    *ret_script = script;
    script = (LintScript){0};
    return true;
}

const char *lint_statement_text(const LintScript *script, const LintStatement *statement)
{
    return statement->copy ? statement->copy : script->text + statement->offset;
}

int64_t lint_script_line(const LintScript *script, const LintStatement *statement, int64_t offset,
                         int64_t *ret_begin)
{
    int64_t line = statement->line, begin = statement->offset;
    while (begin > 0 && script->text[begin - 1] != '\n')
        begin--;
    for (int64_t at = statement->offset; at < offset && at < (int64_t)script->size; at++)
        if (script->text[at] == '\n') {
            line++;
            begin = at + 1;
        }
    *ret_begin = begin;
    return line;
}
