#include "planner/lint/lint_visit.h"

#include "planner/schema/sql_names.h"

/* -- reporting -- */

/* The line that holds a place of the text, and the place's column in characters from 1. */
static void set_place(LintFinding *finding, const LintScript *script,
                      const LintStatement *statement, int64_t offset)
{
    int64_t begin;
    finding->line = lint_script_line(script, statement, offset, &begin);
    finding->column = 1;
    for (int64_t at = begin; at < offset; at++)
        finding->column += ((unsigned char)script->text[at] & 0xC0) != 0x80;
    size_t length = strcspn(script->text + begin, "\n");
    finding->source = memory_string_n(script->text + begin, length);
}

PRINTF_LIKE(5, 0)
static LintFinding *add(LintVisit *visit, LintSeverity severity, int64_t location, char *safe,
                        const char *format, va_list arguments)
{
    const LintStatement *statement = visit->statement;
    LintFinding *finding = array_add(&visit->report->findings);
    *finding = (LintFinding){
        .rule = visit->rule,
        .severity = severity,
        .identity = memory_string(visit->migration->identity),
        .file = memory_string(statement && statement->file ? statement->file : visit->script->name),
        .line = statement ? statement->line : 1,
        .column = 1,
        .statement = statement ? visit->ordinal : -1,
        .message = memory_vformat(format, arguments),
        .safe = safe,
    };
    if (location < 0 || (size_t)location >= visit->sql_size)
        location = 0;
    if (statement && statement->offset >= 0)
        set_place(finding, visit->script, statement, statement->offset + location);
    return finding;
}

LintFinding *lint_find(LintVisit *visit, int64_t location, char *safe, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    LintFinding *finding = add(visit, visit->rule->severity, location, safe, format, arguments);
    va_end(arguments);
    return finding;
}

LintFinding *lint_find_as(LintVisit *visit, LintSeverity severity, int64_t location, char *safe,
                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    LintFinding *finding = add(visit, severity, location, safe, format, arguments);
    va_end(arguments);
    return finding;
}

/* -- what the script did before -- */

void lint_remember(LintVisit *visit, LintFactKind kind, const char *text, const char *other)
{
    *array_add(visit->facts) = (LintFact){
        .kind = kind,
        .text = memory_string(text),
        .other = memory_string(other),
        .transaction = visit->statement->transaction,
        .line = visit->statement->line,
    };
}

const LintFact *lint_recall(const LintVisit *visit, LintFactKind kind, const char *text,
                            LintWhere where)
{
    const LintFact *found = NULL;
    array_each (const LintFact, fact, visit->facts)
        if (fact->kind == kind && (!text || strcmp(fact->text, text) == 0) &&
            (where == LINT_IN_SCRIPT || fact->transaction == visit->statement->transaction))
            found = fact;
    return found;
}

/* -- what the statement meets -- */

bool lint_is_new(const LintVisit *visit, const ModelPlace *made)
{
    return made->migration == visit->place.migration ||
           (made->version >= 0 && made->version == visit->place.version);
}

bool lint_meets(const LintVisit *visit, const Node *relation)
{
    const ModelTable *table = model_relation(visit->model, relation);
    if (node_is(relation, "relpersistence", "t") || (table && table->temporary))
        return false;
    return relation && (!table || !lint_is_new(visit, &table->made));
}

const Node *lint_altered(const LintVisit *visit)
{
    if (!node_kind_is(visit->node, "AlterTableStmt") ||
        !node_is(visit->node, "objtype", "OBJECT_TABLE") ||
        !lint_meets(visit, node_at(visit->node, "relation")))
        return NULL;
    return visit->node;
}

const Node *lint_constraint_of(const Node *column, const char *type)
{
    node_each(constraint, node_at(column, "constraints")) if (node_is(constraint, "contype",
                                                                      type)) return constraint;
    return NULL;
}

int64_t lint_location(const Node *node)
{
    return node_int(node, "location", 0);
}

/* -- words -- */

char *lint_relation(const Node *relation)
{
    Text sql = {0};
    sql_add_relation(&sql, relation);
    return text_take(&sql);
}

char *lint_table(const LintVisit *visit)
{
    return lint_relation(node_at(visit->node, "relation"));
}

char *lint_name(const char *name)
{
    Text sql = {0};
    sql_add_name(&sql, name);
    return text_take(&sql);
}

char *lint_type(const Node *type_name)
{
    Text sql = {0};
    sql_add_type(&sql, type_name);
    return text_take(&sql);
}

char *lint_names(const Node *list)
{
    Text sql = {0};
    sql_add_name_list(&sql, list);
    return text_take(&sql);
}

char *lint_columns(const Node *list)
{
    Text sql = {0};
    sql_add_columns(&sql, list);
    return text_take(&sql);
}

/* As given, or as the server would make it. */
char *lint_constraint_name(const LintVisit *visit, const Node *constraint, const char *column)
{
    static const struct {
        const char *type, *suffix, *keys;
    } kinds[] = {
        {"CONSTR_CHECK", "check", ""},    {"CONSTR_FOREIGN", "fkey", "fk_attrs"},
        {"CONSTR_PRIMARY", "pkey", ""},   {"CONSTR_UNIQUE", "key", "keys"},
        {"CONSTR_EXCLUSION", "excl", ""},
    };
    Text name = {0};
    text_add(&name, node_text(constraint, "conname"));
    for (size_t i = 0; !name.length && i < ARRAY_LEN(kinds); i++) {
        if (!node_is(constraint, "contype", kinds[i].type))
            continue;
        text_add(&name, node_text(visit->node, "relation.relname"));
        if (column && strcmp(kinds[i].suffix, "pkey") != 0)
            text_addf(&name, "_%s", column);
        node_each(key, node_at(constraint, kinds[i].keys))
            text_addf(&name, "_%s", sql_string_of(key));
        text_addf(&name, "_%s", kinds[i].suffix);
        break;
    }
    CLEANUP(memory_freep) char *plain = text_take(&name);
    return lint_name(plain);
}

/* -- the statement's own words -- */

static bool word_in(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, "|") + (at[strcspn(at, "|")] == '|'))
        if (strcspn(at, "|") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

char *lint_slice(const LintVisit *visit, int64_t location, const char *stop)
{
    int64_t end = location, depth = 0;
    bool behind_set = false; /* ON DELETE SET NULL: no new clause */
    array_each (const SqlToken, token, &visit->tokens) {
        if (token->offset < location)
            continue;
        bool punctuation = token->kind == WORD_PUNCTUATION;
        char first = token->text[0];
        if (depth == 0 && punctuation && (first == ',' || first == ')'))
            break;
        if (depth == 0 && token->offset > location && token->folded && !behind_set &&
            word_in(stop, token->text))
            break;
        behind_set = token->folded && strcmp(token->text, "set") == 0;
        depth += punctuation && (first == '(' || first == '[');
        depth -= punctuation && (first == ')' || first == ']');
        end = token->end;
    }
    if (location < 0 || end > (int64_t)visit->sql_size || end < location)
        return memory_string("");
    return memory_string_n(visit->sql + location, (size_t)(end - location));
}

char *lint_clause(const LintVisit *visit, const Node *constraint, const char *stop)
{
    int64_t location = lint_location(constraint);
    size_t at = 0;
    while (at < visit->tokens.count && visit->tokens.items[at].offset < location)
        at++;
    if (*node_text(constraint, "conname") && at + 2 < visit->tokens.count &&
        lint_words_at(visit, at, "constraint"))
        location = visit->tokens.items[at + 2].offset;
    return lint_slice(visit, location, stop);
}

char *lint_with_words(const LintVisit *visit, size_t at, const char *words)
{
    if (at >= visit->tokens.count)
        return memory_string_n(visit->sql, visit->sql_size);
    size_t end = (size_t)visit->tokens.items[at].end;
    return memory_format("%.*s %s%.*s;", (int)end, visit->sql, words, (int)(visit->sql_size - end),
                         visit->sql + end);
}

bool lint_words_at(const LintVisit *visit, size_t at, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, " ");
        if (at >= visit->tokens.count)
            return false;
        const SqlToken *token = &visit->tokens.items[at++];
        if (!token->folded || strlen(token->text) != length ||
            strncmp(token->text, words, length) != 0)
            return false;
        words += length + (words[length] == ' ');
    }
    return true;
}

size_t lint_words_find(const LintVisit *visit, const char *words)
{
    for (size_t at = 0; at < visit->tokens.count; at++)
        if (lint_words_at(visit, at, words))
            return at;
    return SIZE_MAX;
}

static bool take_token(void *context, const SqlToken *token, Error *err UNUSED)
{
    *array_add((LintTokenArray *)context) = *token;
    return true;
}

static bool take_refusal(void *context UNUSED, int64_t line UNUSED, const char *what, Error *err)
{
    return error_set(err, ERROR_INPUT, "%s", what);
}

static void take_string_end(void *context, int64_t end)
{
    LintTokenArray *tokens = context;
    tokens->items[tokens->count - 1].end = end;
}

static void pass_comment(void *context UNUSED, const char *bytes UNUSED, size_t size UNUSED)
{
}

static bool pass_comment_end(void *context UNUSED, int64_t line UNUSED, Error *err UNUSED)
{
    return true;
}

static void pass_backslash(void *context UNUSED)
{
}

void lint_scan(const char *sql, size_t size, LintTokenArray *ret_tokens)
{
    SqlScanner scanner;
    CLEANUP(error_done) Error ignored = {0};
    sql_scanner_init(&scanner, &(ScannerEvents){
                                   .token = take_token,
                                   .refuse = take_refusal,
                                   .string_extended = take_string_end,
                                   .comment = pass_comment,
                                   .comment_end = pass_comment_end,
                                   .backslash = pass_backslash,
                                   .context = ret_tokens,
                               });
    bool good = true;
    for (size_t at = 0; good && at < size; at++)
        good = sql_scanner_step(&scanner, (unsigned char)sql[at], &ignored);
    if (!good || !sql_scanner_step(&scanner, '\n', &ignored))
        ret_tokens->count = 0;
}
