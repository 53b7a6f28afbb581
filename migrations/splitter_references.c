#include "migrations/splitter_state.h"

#include "base/memory.h"

/* What a quoted text is called as a word: without its quotes. */
static void set_word(SqlToken *token, WordKind kind, const char *text)
{
    char quote = kind == WORD_QUOTED ? '"' : '\'';
    token->kind = kind;
    token->length = 0;
    const char *end = text + strlen(text);
    if (kind != WORD_NUMBER) {
        text = strchr(text, quote) + 1;
        end--;
    }
    for (; text < end; text += 1 + (kind != WORD_NUMBER && *text == quote)) {
        if (token->length < sizeof token->text - 1)
            token->text[token->length] = *text;
        token->length++;
    }
}

/* The reference's bytes are no longer counted; `length` others are, and have been given away. */
static void take_place(StatementSplitter *splitter, SqlToken *token, int64_t length)
{
    int64_t difference = length - (token->end - token->offset);
    splitter->scanner.offset += difference;
    splitter->piece_offset += difference;
    token->end += difference;
}

static VariableFate insert_token(StatementSplitter *splitter, SqlToken *token, WordKind kind,
                                 const char *text, Error *err)
{
    token->kind = kind;
    if (!text)
        return VARIABLE_TOKEN;
    int64_t length = (int64_t)strlen(text);
    if (!splitter_give_sql(splitter, token->offset, err) ||
        !splitter_give(splitter, text, length, err))
        return VARIABLE_REFUSED;
    take_place(splitter, token, length);
    set_word(token, kind, text);
    return VARIABLE_TOKEN;
}

/* The text is read by the same scanner, as the server will read it: what psql keeps apart (an E and
 * the string behind it) may become one here. What would reach beyond it is refused. */
static bool read_inserted(StatementSplitter *splitter, const char *text, Error *err)
{
    SqlScanner *scanner = &splitter->scanner;
    int64_t line;
    for (const char *at = text; *at; at++) {
        if (!sql_scanner_step(scanner, (unsigned char)*at, err))
            return false;
        if (splitter->mode != FEED_SQL)
            return splitter_refuse(splitter, scanner->line, err,
                                   splitter->mode == FEED_BACKSLASH
                                       ? "a value that holds a command of psql"
                                       : "a value that holds COPY … FROM STDIN");
    }
    if (!sql_scanner_end_reference(scanner, err))
        return false;
    if (sql_scanner_open(scanner, &line) || scanner->state == SCAN_LINE_COMMENT)
        return splitter_refuse(splitter, scanner->line, err,
                               "a value that opens a quote or a comment and does not close it");
    return splitter_give_sql(splitter, scanner->offset, err);
}

static VariableFate insert_text(StatementSplitter *splitter, SqlToken *token, VariableForm form,
                                const char *text, Error *err)
{
    SqlScanner *scanner = &splitter->scanner;
    if (!splitter_give_sql(splitter, token->offset, err))
        return VARIABLE_REFUSED;
    const char *piece = splitter->piece;
    const SqlToken reference = *token;
    int64_t piece_offset = splitter->piece_offset, line = scanner->line, at = scanner->offset;
    if (++splitter->insert_depth > SPLITTER_INSERT_DEPTH_MAX) {
        (void)splitter_refuse(splitter, line, err, "values that refer to each other without end");
        return VARIABLE_REFUSED;
    }
    splitter->piece = text;
    splitter->piece_offset = scanner->offset = reference.offset;
    bool good = read_inserted(splitter, text, err);
    splitter->insert_depth--;
    splitter->piece = piece;
    splitter->piece_offset = piece_offset + scanner->offset - reference.end;
    scanner->line = line;
    if (form != VARIABLE_BARE) /* the byte that closes it is still to be counted */
        scanner->offset += at - reference.end;
    return good ? VARIABLE_FED : VARIABLE_REFUSED;
}

VariableFate splitter_on_variable(void *context, VariableForm form, SqlToken *token, Error *err)
{
    StatementSplitter *splitter = context;
    const SplitterVariable variable = {
        .form = form,
        .name = token->text,
        .offset = token->offset,
        .length = token->end - token->offset,
        .line = token->line,
        .may_be_sql = splitter->bracket_depth > 0 || splitter->is_json,
    };
    SplitterInsert insert = {0};
    if (!splitter->events.variable(splitter->events.context, &variable, &insert, err))
        return VARIABLE_REFUSED;
    CLEANUP(memory_freep) char *text = insert.text;
    splitter->inserted |= insert.kind != SPLITTER_INSERT_NONE;
    switch (insert.kind) {
    case SPLITTER_INSERT_NONE:
        return VARIABLE_PLAIN;
    case SPLITTER_INSERT_TEXT:
        return insert_text(splitter, token, form, text, err);
    case SPLITTER_INSERT_LITERAL:
        return insert_token(splitter, token, WORD_LITERAL, text, err);
    case SPLITTER_INSERT_IDENTIFIER:
        return insert_token(splitter, token, WORD_QUOTED, text, err);
    case SPLITTER_INSERT_NUMBER:
        return insert_token(splitter, token, WORD_NUMBER, text, err);
    }
    return VARIABLE_PLAIN;
}
