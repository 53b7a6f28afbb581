#include "migrations/splitter_state.h"

/* -- its words -- */

typedef enum {
    MARK_COPY = 1 << 0,
    MARK_FROM = 1 << 1,
    MARK_TO = 1 << 2,
    MARK_STDIO = 1 << 3, /* the grammar takes either word in either direction */
    MARK_PROGRAM = 1 << 4,
    MARK_ROUTINE = 1 << 5, /* a word of CREATE [OR REPLACE] {FUNCTION | PROCEDURE} */
    MARK_BEGIN = 1 << 6,
    MARK_CASE = 1 << 7,
    MARK_END = 1 << 8,
    MARK_REFERENCES = 1 << 9,
    MARK_JSON = 1 << 10,
} WordMarks;

/* A word that means something here. */
typedef struct MarkedWord {
    const char *word;
    unsigned marks; /* bits of WordMarks */
    unsigned seen;  /* bits of SplitterSeen */
} MarkedWord;

#define BY_LETTER(letter) [(letter) - 'a'] = (const MarkedWord[])

/* By their first letters, each list with an end: this looks at every word of a script. */
static const MarkedWord *const marked_words[26] = {
    BY_LETTER('b'){{"begin", MARK_BEGIN, 0}, {0}},
    BY_LETTER('c'){{"create", MARK_ROUTINE, 0},
                   {"case", MARK_CASE, 0},
                   {"copy", MARK_COPY, 0},
                   {"cascade", 0, SEEN_CASCADE},
                   {0}},
    BY_LETTER('d'){{"delete", 0, SEEN_DELETE}, {"drop", 0, SEEN_DROP}, {0}},
    BY_LETTER('e'){{"end", MARK_END, 0}, {0}},
    BY_LETTER('f'){{"from", MARK_FROM, 0}, {"function", MARK_ROUTINE, 0}, {0}},
    BY_LETTER('j'){{"json_object", MARK_JSON, 0}, {"json_objectagg", MARK_JSON, 0}, {0}},
    BY_LETTER('l'){{"lo_export", 0, SEEN_OUTSIDE}, {0}},
    BY_LETTER('o'){{"or", MARK_ROUTINE, 0}, {0}},
    BY_LETTER('p'){{"procedure", MARK_ROUTINE, 0},
                   {"program", MARK_PROGRAM, 0},
                   {"pg_advisory_unlock_all", 0, SEEN_UNLOCK_ALL},
                   {"pg_reload_conf", 0, SEEN_OUTSIDE},
                   {"pg_create_physical_replication_slot", 0, SEEN_OUTSIDE},
                   {"pg_create_logical_replication_slot", 0, SEEN_OUTSIDE},
                   {"pg_copy_physical_replication_slot", 0, SEEN_OUTSIDE},
                   {"pg_copy_logical_replication_slot", 0, SEEN_OUTSIDE},
                   {"pg_drop_replication_slot", 0, SEEN_OUTSIDE},
                   {"pg_replication_slot_advance", 0, SEEN_OUTSIDE},
                   {0}},
    BY_LETTER('r'){{"replace", MARK_ROUTINE, 0}, {"references", MARK_REFERENCES, 0}, {0}},
    BY_LETTER('s'){{"stdin", MARK_STDIO, 0}, {"stdout", MARK_STDIO, 0}, {0}},
    BY_LETTER('t'){{"to", MARK_TO, 0}, {0}},
    BY_LETTER('u'){{"update", 0, SEEN_UPDATE}, {0}},
    BY_LETTER('w'){{"where", 0, SEEN_WHERE_ANY}, {0}},
};

/* What a token means as a word; of most nothing. */
static const MarkedWord *marked_word(const SqlToken *token)
{
    static const MarkedWord none, dblink = {"dblink", 0, SEEN_OUTSIDE};
    unsigned letter = (unsigned char)token->text[0] - (unsigned)'a';
    if (!token->folded || letter >= ARRAY_LEN(marked_words))
        return &none;
    if (token->text[0] == 'd' && strncmp(token->text, dblink.word, strlen(dblink.word)) == 0)
        return &dblink;
    for (const MarkedWord *at = marked_words[letter]; at && at->word; at++)
        if (token->text[1] == at->word[1] && strcmp(token->text, at->word) == 0)
            return at;
    return &none;
}

/* As psqlscan.l does, see there: only the first identifiers can say CREATE [OR REPLACE] {FUNCTION |
 * PROCEDURE}, and only outside parentheses do BEGIN, CASE and END count. */
static void track_routine(StatementSplitter *splitter, const SqlToken *token, unsigned marks)
{
    char *first = splitter->routine_words;
    if (splitter->paren_depth)
        return;
    if (splitter->word_count < ROUTINE_WORDS)
        first[splitter->word_count++] = marks & MARK_ROUTINE ? token->text[0] : '\0';
    size_t at = first[1] == 'o' && first[2] == 'r' ? 3 : 1;
    if (first[0] != 'c' || at >= splitter->word_count || (first[at] != 'f' && first[at] != 'p'))
        return;
    if (marks & MARK_BEGIN || (splitter->begin_depth && marks & MARK_CASE)) {
        if (!splitter->begin_depth)
            splitter->begin_line = token->line;
        splitter->begin_depth++;
    } else if (marks & MARK_END && splitter->begin_depth) {
        splitter->begin_depth--;
    }
}

/* COPY name [(columns)] FROM STDIN, whatever stands between; FROM inside parentheses is a query's.
 */
static void track_copy(StatementSplitter *splitter, const SqlToken *token, unsigned marks,
                       bool is_first)
{
    CopyWords before = splitter->copy_words;
    SplitStatement *statement = &splitter->statement;
    if (is_first)
        splitter->copy_words = marks & MARK_COPY ? COPY_WORDS_COPY : COPY_WORDS_NONE;
    if (before == COPY_WORDS_NONE || splitter->paren_depth || is_first)
        return;
    if (before != COPY_WORDS_COPY && statement->copy == SPLITTER_COPY_NONE) {
        if (marks & MARK_STDIO)
            statement->copy =
                before == COPY_WORDS_FROM ? SPLITTER_COPY_FROM_STDIN : SPLITTER_COPY_TO_STDOUT;
        else if (marks & MARK_PROGRAM)
            statement->copy = SPLITTER_COPY_PROGRAM;
        else if (token->kind == WORD_LITERAL)
            statement->copy = SPLITTER_COPY_FILE;
    }
    splitter->copy_words = marks & MARK_FROM ? COPY_WORDS_FROM
                           : marks & MARK_TO ? COPY_WORDS_TO
                                             : COPY_WORDS_COPY;
}

static void add_word(SplitStatement *statement, const SqlToken *token)
{
    if (statement->word_count == SPLITTER_WORDS_MAX) {
        statement->words_cut = true;
        return;
    }
    SplitterWord *word = &statement->words[statement->word_count++];
    word->kind = token->kind;
    word->truncated = token->length >= sizeof token->text;
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
    /* what is left of a value goes on in the next statement */
    splitter->inserted = splitter->insert_depth > 0;
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
    statement->end_line = splitter->scanner.line;
    statement->inserted = splitter->inserted;
    forget_statement(splitter);
    if (statement->copy == SPLITTER_COPY_FROM_STDIN) {
        splitter->mode = FEED_COPY_TAIL;
        splitter->tail = TAIL_SPACE;
    }
    return !splitter->events.statement ||
           splitter->events.statement(splitter->events.context, statement, err);
}

/* -- what the scanner finds of it -- */

static void note_seen(StatementSplitter *splitter, const SqlToken *token, const MarkedWord *word)
{
    SplitStatement *statement = &splitter->statement;
    if (token->kind == WORD_NUMBER && token->text[0] == '$')
        statement->seen |= strcmp(token->text, "$1") == 0   ? SEEN_FIRST_PARAMETER
                           : strcmp(token->text, "$2") == 0 ? SEEN_SECOND_PARAMETER
                                                            : SEEN_OTHER_PARAMETER;
    if (token->kind == WORD_PUNCTUATION && token->text[0] == ',' && !splitter->paren_depth)
        statement->list_size++;
    statement->seen |= word->seen;
    if (!splitter->paren_depth && word->seen & SEEN_WHERE_ANY)
        statement->seen |= SEEN_WHERE;
    statement->reference_count += (word->marks & MARK_REFERENCES) != 0;
    splitter->is_json |= (word->marks & MARK_JSON) != 0;
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
    const MarkedWord *word = marked_word(token);
    track_copy(splitter, token, word->marks, is_first);
    note_parentheses(splitter, token);
    if (token->folded)
        track_routine(splitter, token, word->marks);
    note_seen(splitter, token, word);
    add_word(&splitter->statement, token);
    splitter->statement_end = token->end;
    return true;
}

void splitter_on_string_extended(void *context, int64_t end)
{
    ((StatementSplitter *)context)->statement_end = end;
}
