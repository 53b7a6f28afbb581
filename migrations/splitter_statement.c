#include "migrations/splitter_state.h"

/* -- its words -- */

static bool word_is(const SqlToken *token, const char *word)
{
    return token->folded && strcmp(token->text, word) == 0;
}

static unsigned seen_of(const char *word)
{
    static const struct {
        const char *word;
        unsigned seen;
    } words[] = {
        {"where", SEEN_WHERE_ANY},
        {"delete", SEEN_DELETE},
        {"update", SEEN_UPDATE},
        {"drop", SEEN_DROP},
        {"cascade", SEEN_CASCADE},
        {"pg_advisory_unlock_all", SEEN_UNLOCK_ALL},
        {"lo_export", SEEN_OUTSIDE},
        {"pg_reload_conf", SEEN_OUTSIDE},
        {"pg_create_physical_replication_slot", SEEN_OUTSIDE},
        {"pg_create_logical_replication_slot", SEEN_OUTSIDE},
        {"pg_copy_physical_replication_slot", SEEN_OUTSIDE},
        {"pg_copy_logical_replication_slot", SEEN_OUTSIDE},
        {"pg_drop_replication_slot", SEEN_OUTSIDE},
        {"pg_replication_slot_advance", SEEN_OUTSIDE},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (word[0] == words[i].word[0] && strcmp(word, words[i].word) == 0)
            return words[i].seen;
    return strncmp(word, "dblink", 6) == 0 ? SEEN_OUTSIDE : 0;
}

/* As psqlscan.l does, see there: only the first identifiers can say CREATE [OR REPLACE] {FUNCTION |
 * PROCEDURE}, and only outside parentheses do BEGIN, CASE and END count. */
static void track_routine(StatementSplitter *splitter, const SqlToken *token)
{
    static const char *const marks[] = {"create", "or", "replace", "function", "procedure"};
    char *first = splitter->routine_words;
    if (splitter->paren_depth)
        return;
    if (splitter->word_count < ROUTINE_WORDS) {
        first[splitter->word_count] = '\0';
        for (size_t i = 0; i < ARRAY_LEN(marks); i++)
            if (word_is(token, marks[i]))
                first[splitter->word_count] = token->text[0];
        splitter->word_count++;
    }
    size_t at = first[1] == 'o' && first[2] == 'r' ? 3 : 1;
    if (first[0] != 'c' || at >= splitter->word_count || (first[at] != 'f' && first[at] != 'p'))
        return;
    if (word_is(token, "begin") || (splitter->begin_depth && word_is(token, "case"))) {
        if (!splitter->begin_depth)
            splitter->begin_line = token->line;
        splitter->begin_depth++;
    } else if (word_is(token, "end") && splitter->begin_depth) {
        splitter->begin_depth--;
    }
}

static bool is_stdio(const SqlToken *token)
{
    /* the grammar takes either word in either direction */
    return word_is(token, "stdin") || word_is(token, "stdout");
}

/* COPY name [(columns)] FROM STDIN, whatever stands between; FROM inside parentheses is a query's.
 */
static void track_copy(StatementSplitter *splitter, const SqlToken *token, bool is_first)
{
    CopyWords before = splitter->copy_words;
    SplitStatement *statement = &splitter->statement;
    if (is_first)
        splitter->copy_words = word_is(token, "copy") ? COPY_WORDS_COPY : COPY_WORDS_NONE;
    if (before == COPY_WORDS_NONE || splitter->paren_depth || is_first)
        return;
    if (before != COPY_WORDS_COPY && statement->copy == SPLITTER_COPY_NONE) {
        if (is_stdio(token))
            statement->copy =
                before == COPY_WORDS_FROM ? SPLITTER_COPY_FROM_STDIN : SPLITTER_COPY_TO_STDOUT;
        else if (word_is(token, "program"))
            statement->copy = SPLITTER_COPY_PROGRAM;
        else if (token->kind == WORD_LITERAL)
            statement->copy = SPLITTER_COPY_FILE;
    }
    if (word_is(token, "from"))
        splitter->copy_words = COPY_WORDS_FROM;
    else if (word_is(token, "to"))
        splitter->copy_words = COPY_WORDS_TO;
    else
        splitter->copy_words = COPY_WORDS_COPY;
}

static void add_word(SplitStatement *statement, const SqlToken *token)
{
    if (statement->word_count == SPLITTER_WORDS_MAX) {
        statement->words_cut = true;
        return;
    }
    SplitterWord *word = &statement->words[statement->word_count++];
    word->kind = token->kind;
    word->truncated = token->length > strlen(token->text);
    memcpy(word->text, token->text, sizeof word->text);
}

/* -- its beginning and its end -- */

static void begin_statement(StatementSplitter *splitter, const SqlToken *token)
{
    SplitStatement *statement = &splitter->statement;
    splitter->in_statement = true;
    statement->offset = token->offset;
    statement->line = token->line;
    statement->word_count = 0;
    statement->words_cut = false;
    statement->copy = SPLITTER_COPY_NONE;
    statement->seen = 0;
    statement->list_size = 1;
    statement->reference_count = 0;
}

/* What psql forgets where a statement ends. */
static void forget_statement(StatementSplitter *splitter)
{
    splitter->in_statement = false;
    splitter->word_count = 0;
    memset(splitter->routine_words, 0, sizeof splitter->routine_words);
    splitter->copy_words = COPY_WORDS_NONE;
    splitter->bracket_depth = 0;
    splitter->is_json = false;
}

bool splitter_report_statement(StatementSplitter *splitter, bool has_semicolon, int64_t end_offset,
                               Error *err)
{
    SplitStatement *statement = &splitter->statement;
    if (!splitter->in_statement) {
        forget_statement(splitter);
        return true;
    }
    statement->length = splitter->statement_end - statement->offset;
    statement->has_semicolon = has_semicolon;
    statement->end_offset = end_offset;
    forget_statement(splitter);
    if (statement->copy == SPLITTER_COPY_FROM_STDIN) {
        splitter->mode = FEED_COPY_TAIL;
        splitter->tail = TAIL_SPACE;
    }
    return !splitter->events.statement ||
           splitter->events.statement(splitter->events.context, statement, err);
}

/* -- what the scanner finds of it -- */

static void note_seen(StatementSplitter *splitter, const SqlToken *token)
{
    SplitStatement *statement = &splitter->statement;
    if (token->kind == WORD_NUMBER && token->text[0] == '$')
        statement->seen |= strcmp(token->text, "$1") == 0   ? SEEN_FIRST_PARAMETER
                           : strcmp(token->text, "$2") == 0 ? SEEN_SECOND_PARAMETER
                                                            : SEEN_OTHER_PARAMETER;
    if (token->kind == WORD_PUNCTUATION && token->text[0] == ',' && !splitter->paren_depth)
        statement->list_size++;
    if (!token->folded)
        return;
    statement->seen |= seen_of(token->text);
    if (!splitter->paren_depth && word_is(token, "where"))
        statement->seen |= SEEN_WHERE;
    if (word_is(token, "references"))
        statement->reference_count++;
    if (word_is(token, "json_object") || word_is(token, "json_objectagg"))
        splitter->is_json = true;
}

static void note_parentheses(StatementSplitter *splitter, const SqlToken *token)
{
    if (token->kind != WORD_PUNCTUATION)
        return;
    if (token->text[0] == '[')
        splitter->bracket_depth++;
    if (token->text[0] == ']' && splitter->bracket_depth > 0)
        splitter->bracket_depth--;
    if (token->text[0] == '(' && splitter->paren_depth++ == 0)
        splitter->paren_line = token->line;
    if (token->text[0] == ')' && splitter->paren_depth > 0)
        splitter->paren_depth--;
}

bool splitter_on_token(void *context, const SqlToken *token, Error *err)
{
    StatementSplitter *splitter = context;
    bool is_first = !splitter->in_statement;
    if (token->kind == WORD_PUNCTUATION && token->text[0] == ';' && !splitter->paren_depth &&
        !splitter->begin_depth)
        return splitter_report_statement(splitter, /* has_semicolon= */ true, token->end, err);
    if (is_first)
        begin_statement(splitter, token);
    track_copy(splitter, token, is_first);
    note_parentheses(splitter, token);
    if (token->folded)
        track_routine(splitter, token);
    note_seen(splitter, token);
    add_word(&splitter->statement, token);
    splitter->statement_end = token->end;
    return true;
}

void splitter_on_string_extended(void *context, int64_t end)
{
    ((StatementSplitter *)context)->statement_end = end;
}
