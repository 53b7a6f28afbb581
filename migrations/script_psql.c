/* psql's commands in a script, where psql is the tool that runs it: variables, conditions, included
 * files; what concerns only its terminal is left out and noted. Everything else is client_copy's,
 * to resolve or to refuse. */
#include <inttypes.h>
#include <strings.h>

#include "base/text.h"
#include "migrations/client_copy.h"
#include "migrations/psql_words.h"
#include "migrations/script_reading.h"

bool script_source_is_read(const ScriptSource *source)
{
    return !source->branches.count || source->branches.items[source->branches.count - 1].taken;
}

typedef struct PsqlLine {
    ScriptReading *reading;
    const PsqlCommand *command;
    int64_t line;
} PsqlLine;

static const char *word(const PsqlLine *line, size_t index)
{
    return index < line->command->words.count ? line->command->words.items[index] : "";
}

static void note(const PsqlLine *line)
{
    *array_add(&line->reading->script->notes) = (ScriptNote){
        line->reading->source->index, line->line, memory_format("\\%s", line->command->name)};
}

/* -- \set -- */

static bool is_variable_name(const char *name)
{
    for (const char *at = name; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') && byte != '_' && byte < 0x80)
            return false;
    }
    return *name != '\0';
}

/* Variables by which psql changes how it runs a script. */
static const struct {
    const char *name;
    bool allowed; /* the only value that a migration can have */
    const char *why;
} switches[] = {
    {"ON_ERROR_STOP", true, "a migration ends where a statement fails"},
    {"AUTOCOMMIT", true, "say BEGIN and COMMIT, or '-- sealift: no-transaction'"},
    {"ON_ERROR_ROLLBACK", false, "a statement that fails ends its migration"},
    {"SINGLELINE", false, "a statement ends with its semicolon"},
};

/* Whether psql's `name` set to `value` is what a migration can have. Nothing for a value is "on",
 * and "interactive" is "off" in a script. */
static bool check_switch(const PsqlLine *line, const char *name, const char *value, Error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        bool on = !*value, known = on || strcasecmp(value, "interactive") == 0;
        if (strcmp(switches[i].name, name) != 0)
            continue;
        if ((known || psql_parse_boolean(value, &on)) && on == switches[i].allowed)
            return true;
        bool sets = strcmp(line->command->name, "set") == 0;
        CLEANUP(memory_freep) char *shown = text_printable(value, strlen(value), 40);
        error_set(err, ERROR_INPUT, "\\%s %s%s%s%s changes how psql runs the script",
                  line->command->name, name, sets ? " '" : "", sets ? shown : "", sets ? "'" : "");
        return error_hint(err, "%s", switches[i].why);
    }
    return true;
}

static bool refuse_name(const char *name, Error *err)
{
    CLEANUP(memory_freep) char *shown = text_printable(name, strlen(name), 64);
    error_set(err, ERROR_INPUT, "'%s' is no name of a variable of psql", shown);
    return error_hint(err, "letters, digits and _");
}

static bool run_set(const PsqlLine *line, Error *err)
{
    CLEANUP(text_done) Text value = {0};
    const char *name = word(line, 0);
    if (!line->command->words.count) {
        note(line);
        return true;
    }
    for (size_t i = 1; i < line->command->words.count; i++)
        text_add(&value, word(line, i));
    if (!is_variable_name(name))
        return refuse_name(name, err);
    if (!check_switch(line, name, text_string(&value), err))
        return false;
    script_values_set(&line->reading->values, name, text_string(&value));
    return true;
}

static bool run_unset(const PsqlLine *line, Error *err)
{
    const char *name = word(line, 0);
    if (!is_variable_name(name))
        return refuse_name(name, err);
    /* psql sets a switch back to its default, which for the first is the one we cannot have */
    if (!check_switch(line, name, strcmp(name, "AUTOCOMMIT") == 0 ? "on" : "off", err))
        return false;
    script_values_set(&line->reading->values, name, /* text= */ NULL);
    return true;
}

/* -- \if -- */

static bool evaluate(const PsqlLine *line, bool *ret_value, Error *err)
{
    CLEANUP(text_done) Text expression = {0};
    for (size_t i = 0; i < line->command->words.count; i++)
        text_addf(&expression, "%s%s", i ? " " : "", word(line, i));
    if (psql_parse_boolean(text_string(&expression), ret_value))
        return true;
    CLEANUP(memory_freep)
    char *shown = text_printable(text_string(&expression), expression.length, 100);
    error_set(err, ERROR_INPUT, "'%s' behind \\%s is no boolean", shown, line->command->name);
    return error_hint(err, "a value that is true or false when it is packed; conditions on the "
                           "database are SQL's (DO)");
}

static bool run_if(const PsqlLine *line, Error *err)
{
    ScriptSource *source = line->reading->source;
    bool read = script_source_is_read(source), value = false;
    if (read && !evaluate(line, &value, err))
        return false;
    *array_add(&source->branches) =
        (ScriptBranch){.taken = value, .decided = value || !read, .line = line->line};
    line->reading->script->composed = true;
    return true;
}

static bool run_branch(const PsqlLine *line, Error *err)
{
    ScriptSource *source = line->reading->source;
    const char *name = line->command->name;
    if (!source->branches.count)
        return error_set(err, ERROR_INPUT, "\\%s without an \\if", name);
    ScriptBranch *branch = &source->branches.items[source->branches.count - 1];
    if (strcmp(name, "endif") == 0) {
        source->branches.count--;
        return true;
    }
    if (branch->else_line)
        return error_set(err, ERROR_INPUT, "\\%s behind the \\else of line %" PRId64, name,
                         branch->else_line);
    bool is_else = strcmp(name, "else") == 0, value = is_else;
    if (!is_else && !branch->decided && !evaluate(line, &value, err))
        return false;
    branch->taken = value && !branch->decided;
    branch->decided = branch->decided || branch->taken;
    if (is_else)
        branch->else_line = line->line;
    return true;
}

bool script_psql_end(const ScriptReading *reading, Error *err)
{
    const ScriptSource *source = reading->source;
    if (!source->branches.count)
        return true;
    error_set(err, ERROR_INPUT, "an \\if that begins here is never closed");
    error_hint(err, "\\endif closes it, in the same file");
    return script_at_line(reading, source->branches.items[source->branches.count - 1].line, err);
}

/* -- files -- */

static bool run_include(const PsqlLine *line, Error *err)
{
    const char *name = line->command->name;
    bool beside = strcmp(name, "ir") == 0 || strcmp(name, "include_relative") == 0;
    CLEANUP(memory_freep) char *path = memory_string(word(line, 0));
    size_t length = strlen(path);
    while (length && path[length - 1] == ';')
        path[--length] = '\0';
    if (line->command->words.count != 1 || !length)
        return error_set(err, ERROR_INPUT, "\\%s names no file, or more than one", name);
    return script_read_include(line->reading, path,
                               beside ? INCLUDE_FROM_SOURCE : INCLUDE_FROM_WORKING_FOLDER,
                               line->line, err);
}

/* -- the database, the encoding -- */

static bool run_connect(const PsqlLine *line, Error *err)
{
    ScriptValue database;
    const char *declared =
        script_values_find(&line->reading->values, "DBNAME", &database) ? database.text : NULL;
    for (size_t i = 0; i < line->command->words.count; i++) {
        bool same = i == 0 && declared && strcmp(word(line, i), declared) == 0;
        if (same || strcmp(word(line, i), "-") == 0)
            continue;
        CLEANUP(memory_freep)
        char *shown = text_printable(word(line, i), strlen(word(line, i)), 64);
        error_set(err, ERROR_INPUT, "\\%s to '%s', which may be another database or role",
                  line->command->name, shown);
        return error_hint(err, "a migration runs in one database, as one role: leave it out; a "
                               "[value DBNAME] in sealift.conf says what this database is called");
    }
    note(line);
    return true;
}

static bool run_encoding(const PsqlLine *line, Error *err)
{
    const char *name = word(line, 0);
    if (*name && strcasecmp(name, "UTF8") != 0 && strcasecmp(name, "UTF-8") != 0 &&
        strcasecmp(name, "UNICODE") != 0)
        return error_set(err, ERROR_INPUT, "\\encoding '%s': scripts are read as UTF-8", name);
    note(line);
    return true;
}

static bool run_dropped(const PsqlLine *line, Error *err UNUSED)
{
    note(line);
    return true;
}

/* -- which is which -- */

static const struct {
    const char *names; /* between blanks */
    bool (*run)(const PsqlLine *line, Error *err);
    bool is_condition; /* looked at in a branch that is not taken, too */
} commands[] = {
    {" set ", run_set, false},
    {" unset ", run_unset, false},
    {" if ", run_if, true},
    {" elif else endif ", run_branch, true},
    {" i ir include include_relative ", run_include, false},
    {" c connect ", run_connect, false},
    {" encoding ", run_encoding, false},
    {" echo qecho warn timing pset x a t f H html T C errverbose p print conninfo copyright h help ? ",
     run_dropped, false},
};

/* \d… and the like, which only list: S and + may stand anywhere in them, and tables, views and so
 * on together. */
static bool only_lists(const char *name)
{
    static const char lists[] =
        " d da dA dAc dAf dAo dAp db dc dC dconfig dd ddp dD des det deu dew df dfa dfn dfp dft dfw "
        "dF dFd dFp dFt dg dl dL dn do dO dp dP dPi dPn dPt drds drg dRp dRs dT du dx dX dy "
        "l list z sf sv ";
    CLEANUP(text_done) Text wanted = {0};
    text_add_char(&wanted, ' ');
    for (const char *at = name; *at; at++)
        if (*at != 'S' && *at != '+')
            text_add_char(&wanted, *at);
    if (wanted.length > 2 && wanted.bytes[1] == 'd' &&
        strspn(text_string(&wanted) + 2, "tvmsiE") == wanted.length - 2)
        return true;
    text_add_char(&wanted, ' ');
    return wanted.length > 2 && strstr(lists, text_string(&wanted));
}

static bool (*find_command(const char *name, bool *ret_is_condition))(const PsqlLine *, Error *)
{
    CLEANUP(memory_freep) char *wanted = memory_format(" %s ", name);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!strstr(commands[i].names, wanted))
            continue;
        *ret_is_condition = commands[i].is_condition;
        return commands[i].run;
    }
    *ret_is_condition = false;
    if (only_lists(name))
        return run_dropped;
    return NULL;
}

/* \copy, \restrict, and what is refused: the rest of the line is theirs. */
static bool run_other(ScriptReading *reading, const char *text, int64_t line, bool in_statement,
                      Error *err)
{
    ClientCommandKind kind;
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    if (!client_command_read(text, strlen(text), &kind, &copy, err))
        return false;
    if (in_statement)
        return client_command_refuse_inside(text, err);
    return kind != CLIENT_COMMAND_COPY ||
           script_read_copy(reading, copy.statement, copy.path, line, err);
}

static char *name_at(const char *at)
{
    return memory_string_n(at + 1, strcspn(at + 1, " \t\r\f\v\n\\"));
}

/* The words of \elif count only where no branch before it was taken, as in psql. */
static bool wants_words(const ScriptReading *reading, const char *name)
{
    const ScriptSource *source = reading->source;
    if (strcmp(name, "elif") == 0 && source->branches.count)
        return !source->branches.items[source->branches.count - 1].decided;
    return script_source_is_read(source);
}

bool script_psql_prints(const char *name)
{
    bool is_condition;
    return find_command(name, &is_condition) == run_dropped;
}

bool script_psql_knows(const char *text, size_t length)
{
    bool is_condition;
    CLEANUP(memory_freep) char *copy = memory_string_n(text, length);
    CLEANUP(memory_freep) char *name = name_at(copy);
    return find_command(name, &is_condition) != NULL;
}

static bool run_one(ScriptReading *reading, const char **at, int64_t line, bool in_statement,
                    Error *err)
{
    bool read = script_source_is_read(reading->source), is_condition = false;
    CLEANUP(memory_freep) char *name = name_at(*at);
    bool (*run)(const PsqlLine *, Error *) = find_command(name, &is_condition);
    const char *text = *at;
    if (!run) {
        *at = "";
        return !read || run_other(reading, text, line, in_statement, err);
    }
    if (is_condition && in_statement)
        return client_command_refuse_inside(text, err);
    CLEANUP(psql_command_done) PsqlCommand command = {0};
    if (!psql_command_read(at, wants_words(reading, name) ? PSQL_WORDS_READ : PSQL_WORDS_PASS,
                           &reading->values, &command, err))
        return false;
    if (!read && !is_condition)
        return true;
    if (in_statement)
        return client_command_refuse_inside(text, err);
    const PsqlLine one = {reading, &command, line};
    return run(&one, err);
}

bool script_psql_line(ScriptReading *reading, const char *text, size_t length, int64_t line,
                      bool in_statement, Error *err)
{
    CLEANUP(memory_freep) char *copy = memory_string_n(text, length);
    for (const char *at = copy; *at == '\\';)
        if (!run_one(reading, &at, line, in_statement, err))
            return false;
    return true;
}
