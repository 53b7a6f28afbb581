#include "migrations/statement_splitter.h"

#include <inttypes.h>

#include "base/memory.h"
#include "migrations/copy_lines.h"
#include "migrations/sql_scanner.h"
#include "migrations/text_check.h"

/* What the bytes being fed are. */
typedef enum {
    FEED_SQL,
    FEED_BACKSLASH, /* a backslash command, to the end of its line */
    FEED_COPY_TAIL, /* the rest of the line behind COPY … FROM STDIN; */
    FEED_COPY_DATA,
} FeedMode;

/* What the rest of a line behind COPY … FROM STDIN; has held so far. */
typedef enum {
    TAIL_SPACE,
    TAIL_DASH,
    TAIL_LINE_COMMENT,
    TAIL_SLASH,
    TAIL_COMMENT,
    TAIL_COMMENT_STAR,
} TailState;

/* How far the words COPY … FROM STDIN have come. */
typedef enum { COPY_WORDS_NONE, COPY_WORDS_COPY, COPY_WORDS_FROM, COPY_WORDS_TO } CopyWords;

#define ROUTINE_WORDS 4 /* CREATE OR REPLACE FUNCTION */

struct StatementSplitter {
    SplitterEvents events;
    TextCheck check;
    SqlScanner scanner;
    FeedMode mode;

    /* The statement being read. */
    SplitStatement statement;
    bool in_statement;
    int64_t statement_end; /* behind its last token so far */
    int64_t paren_depth, paren_line;
    /* psql's own way to know the END that ends a routine's body: the first identifiers of the
     * statement say that it creates a routine, then BEGIN, CASE and END count. */
    char routine_words[ROUTINE_WORDS];
    size_t word_count;
    int64_t begin_depth, begin_line;
    CopyWords copy_words;
    int64_t bracket_depth; /* in a subscript, a colon may be a slice's */
    bool is_json;          /* the statement speaks of JSON_OBJECT, which has colons */

    /* The pieces given to events.sql. */
    const char *piece;
    int64_t piece_offset;
    int64_t sql_offset; /* up to here SQL was given away */
    /* The end of the piece before: a reference that may go on. */
    char held[SPLITTER_WORD_SIZE_MAX + 4];
    size_t held_length;
    int insert_depth; /* values being read in the place of references */

    /* A backslash command or a comment between statements. */
    char text[SPLITTER_LINE_SIZE_MAX];
    size_t text_length;
    int64_t text_offset, text_line;

    TailState tail;       /* in FEED_COPY_TAIL */
    CopyLines copy_lines; /* in FEED_COPY_DATA */
};

static bool refuse(const StatementSplitter *splitter, int64_t line, Error *err, const char *what)
{
    if (splitter->events.name)
        return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s", splitter->events.name, line, what);
    return error_set(err, ERROR_INPUT, "line %" PRId64 ": %s", line, what);
}

/* -- the words of a statement -- */

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

static bool report_statement(StatementSplitter *splitter, bool has_semicolon, int64_t end_offset,
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

/* -- what the scanner finds -- */

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

static bool on_token(void *context, const SqlToken *token, Error *err)
{
    StatementSplitter *splitter = context;
    bool is_first = !splitter->in_statement;
    if (token->kind == WORD_PUNCTUATION && token->text[0] == ';' && !splitter->paren_depth &&
        !splitter->begin_depth)
        return report_statement(splitter, /* has_semicolon= */ true, token->end, err);
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

static bool on_refusal(void *context, int64_t line, const char *what, Error *err)
{
    return refuse(context, line, err, what);
}

static void on_string_extended(void *context, int64_t end)
{
    ((StatementSplitter *)context)->statement_end = end;
}

static void on_comment_byte(void *context, char byte)
{
    StatementSplitter *splitter = context;
    if (splitter->events.comment && !splitter->in_statement &&
        splitter->text_length < sizeof splitter->text)
        splitter->text[splitter->text_length++] = byte;
}

static bool on_comment_end(void *context, int64_t line, Error *err)
{
    StatementSplitter *splitter = context;
    size_t length = splitter->text_length;
    splitter->text_length = 0;
    return length == 0 ||
           splitter->events.comment(splitter->events.context, splitter->text, length, line, err);
}

static void on_backslash(void *context)
{
    StatementSplitter *splitter = context;
    splitter->mode = FEED_BACKSLASH;
    splitter->text_offset = splitter->scanner.offset;
    splitter->text_line = splitter->scanner.line;
    splitter->text[0] = '\\';
    splitter->text_length = 1;
}

/* -- SQL pieces -- */

static bool give(StatementSplitter *splitter, const char *bytes, int64_t size, Error *err)
{
    int64_t at = splitter->sql_offset;
    splitter->sql_offset += size;
    return size == 0 || !splitter->events.sql ||
           splitter->events.sql(splitter->events.context, bytes, (size_t)size, at, err);
}

/* Give away the SQL up to `offset`, which lies in the piece being fed, or in what was held of the
 * one before. */
static bool give_sql(StatementSplitter *splitter, int64_t offset, Error *err)
{
    int64_t held = splitter->piece_offset - splitter->sql_offset;
    if (held > 0 && splitter->held_length) {
        const char *from = splitter->held + ((int64_t)splitter->held_length - held);
        int64_t wanted = offset - splitter->sql_offset;
        if (!give(splitter, from, wanted < held ? wanted : held, err))
            return false;
    }
    const char *from = splitter->piece + (splitter->sql_offset - splitter->piece_offset);
    return give(splitter, from, offset - splitter->sql_offset, err);
}

/* A piece ends: give away what is left of it, but for what may be the beginning of a reference.
 * One that is longer than any name is none. */
static bool end_piece(StatementSplitter *splitter, Error *err)
{
    const SqlScanner *scanner = &splitter->scanner;
    int64_t end = scanner->offset, begin = end;
    if (splitter->mode == FEED_SQL && sql_scanner_in_reference(scanner) &&
        end - scanner->token.offset <= (int64_t)sizeof splitter->held &&
        scanner->token.offset >= splitter->sql_offset)
        begin = scanner->token.offset;
    if (!give_sql(splitter, begin, err))
        return false;
    int64_t old = splitter->piece_offset > begin ? splitter->piece_offset - begin : 0;
    size_t fresh = (size_t)(end - begin - old);
    memmove(splitter->held, splitter->held + ((int64_t)splitter->held_length - old), (size_t)old);
    memcpy(splitter->held + old, splitter->piece + (begin + old - splitter->piece_offset), fresh);
    splitter->held_length = (size_t)old + fresh;
    return true;
}

/* -- references to psql's variables -- */

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
    if (!give_sql(splitter, token->offset, err) || !give(splitter, text, length, err))
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
            return refuse(splitter, scanner->line, err,
                          splitter->mode == FEED_BACKSLASH
                              ? "a value that holds a command of psql"
                              : "a value that holds COPY … FROM STDIN");
    }
    if (!sql_scanner_end_reference(scanner, err))
        return false;
    if (sql_scanner_open(scanner, &line) || scanner->state == SCAN_LINE_COMMENT)
        return refuse(splitter, scanner->line, err,
                      "a value that opens a quote or a comment and does not close it");
    return give_sql(splitter, scanner->offset, err);
}

static VariableFate insert_text(StatementSplitter *splitter, SqlToken *token, VariableForm form,
                                const char *text, Error *err)
{
    SqlScanner *scanner = &splitter->scanner;
    if (!give_sql(splitter, token->offset, err))
        return VARIABLE_REFUSED;
    const char *piece = splitter->piece;
    const SqlToken reference = *token;
    int64_t piece_offset = splitter->piece_offset, line = scanner->line, at = scanner->offset;
    if (++splitter->insert_depth > SPLITTER_INSERT_DEPTH_MAX) {
        (void)refuse(splitter, line, err, "values that refer to each other without end");
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

static VariableFate on_variable(void *context, VariableForm form, SqlToken *token, Error *err)
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

StatementSplitter *statement_splitter_new(const SplitterEvents *events)
{
    StatementSplitter *splitter = memory_new(StatementSplitter);
    splitter->events = *events;
    sql_scanner_init(&splitter->scanner, &(ScannerEvents){
                                             .token = on_token,
                                             .refuse = on_refusal,
                                             .string_extended = on_string_extended,
                                             .comment_byte = on_comment_byte,
                                             .comment_end = on_comment_end,
                                             .variable = events->variable ? on_variable : NULL,
                                             .backslash = on_backslash,
                                             .context = splitter,
                                         });
    if (events->first_line)
        splitter->scanner.line = events->first_line;
    return splitter;
}

void statement_splitter_free(StatementSplitter *splitter)
{
    free(splitter);
}

/* -- backslash commands -- */

static bool end_backslash(StatementSplitter *splitter, Error *err)
{
    splitter->mode = FEED_SQL;
    splitter->sql_offset = splitter->scanner.offset;
    size_t length = splitter->text_length;
    splitter->text_length = 0;
    return !splitter->events.backslash ||
           splitter->events.backslash(splitter->events.context, splitter->text, length,
                                      splitter->text_offset, splitter->text_line,
                                      splitter->in_statement, err);
}

/* The newline stays: it is white space of the SQL. */
static bool feed_backslash(StatementSplitter *splitter, const char *bytes, size_t size,
                           size_t *ret_used, Error *err)
{
    const char *newline = memchr(bytes, '\n', size);
    size_t length = newline ? (size_t)(newline - bytes) : size;
    if (length > sizeof splitter->text - splitter->text_length)
        return refuse(splitter, splitter->text_line, err, "a backslash command is too long");
    memcpy(splitter->text + splitter->text_length, bytes, length);
    splitter->text_length += length;
    splitter->scanner.offset += (int64_t)length;
    *ret_used = length;
    return !newline || end_backslash(splitter, err);
}

/* -- COPY data -- */

static bool give_data(void *context, const void *bytes, size_t size, int64_t offset, Error *err)
{
    StatementSplitter *splitter = context;
    return !splitter->events.copy_data ||
           splitter->events.copy_data(splitter->events.context, bytes, size, offset, err);
}

/* psql reads the data from the next line on and the rest of this line afterwards; text that stands
 * there would trade places with the data, so only white space and comments may. */
static bool step_copy_tail(StatementSplitter *splitter, char byte, Error *err)
{
    static const char misplaced[] =
        "text behind COPY … FROM STDIN; on its line: write it behind the data";
    TailState state = splitter->tail;
    if (byte == '\n') {
        if (state != TAIL_SPACE && state != TAIL_LINE_COMMENT)
            return refuse(splitter, splitter->scanner.line, err, misplaced);
        splitter->mode = FEED_COPY_DATA;
        copy_lines_init(&splitter->copy_lines, ++splitter->scanner.offset, ++splitter->scanner.line,
                        give_data, splitter);
        return give_sql(splitter, splitter->scanner.offset, err);
    }
    splitter->scanner.offset++;
    if (state == TAIL_COMMENT || state == TAIL_COMMENT_STAR)
        splitter->tail = byte == '*'                                 ? TAIL_COMMENT_STAR
                         : byte == '/' && state == TAIL_COMMENT_STAR ? TAIL_SPACE
                                                                     : TAIL_COMMENT;
    else if (state == TAIL_SLASH && byte == '*')
        splitter->tail = TAIL_COMMENT;
    else if (state == TAIL_DASH && byte == '-')
        splitter->tail = TAIL_LINE_COMMENT;
    else if (state == TAIL_SPACE && (byte == '-' || byte == '/'))
        splitter->tail = byte == '-' ? TAIL_DASH : TAIL_SLASH;
    else if (state != TAIL_LINE_COMMENT && (state != TAIL_SPACE || !strchr(" \t\r\f", byte)))
        return refuse(splitter, splitter->scanner.line, err, misplaced);
    return true;
}

static bool feed_copy_data(StatementSplitter *splitter, const char *bytes, size_t size,
                           size_t *ret_used, Error *err)
{
    bool ended = false;
    if (!copy_lines_feed(&splitter->copy_lines, bytes, size, ret_used, &ended, err))
        return false;
    splitter->scanner.offset = splitter->copy_lines.offset;
    splitter->scanner.line = splitter->copy_lines.line;
    if (!ended)
        return true;
    splitter->mode = FEED_SQL;
    splitter->sql_offset = splitter->scanner.offset;
    return give_data(splitter, NULL, 0, splitter->scanner.offset, err);
}

/* The text ends in the data: psql takes that for the end of the data, too. */
static bool end_text_in_data(StatementSplitter *splitter, Error *err)
{
    return copy_lines_end(&splitter->copy_lines, err) &&
           give_data(splitter, NULL, 0, splitter->scanner.offset, err);
}

/* -- feeding -- */

static bool step_sql(StatementSplitter *splitter, unsigned char byte, Error *err)
{
    if (!sql_scanner_step(&splitter->scanner, byte, err))
        return false;
    return splitter->mode != FEED_BACKSLASH || give_sql(splitter, splitter->text_offset, err);
}

static bool feed_sql(StatementSplitter *splitter, const char *bytes, size_t size, size_t *ret_used,
                     Error *err)
{
    size_t used = 0;
    FeedMode mode = splitter->mode;
    while (used < size && splitter->mode == mode) {
        if (mode == FEED_SQL)
            used += sql_scanner_skip(&splitter->scanner, bytes + used, size - used);
        if (used == size)
            break;
        unsigned char byte = (unsigned char)bytes[used++];
        if (mode == FEED_COPY_TAIL ? !step_copy_tail(splitter, (char)byte, err)
                                   : !step_sql(splitter, byte, err))
            return false;
    }
    *ret_used = used;
    return true;
}

static bool feed_checked(StatementSplitter *splitter, const char *bytes, size_t size, Error *err)
{
    splitter->piece = bytes;
    splitter->piece_offset = splitter->scanner.offset;
    while (size) {
        size_t used = 0;
        bool done =
            splitter->mode == FEED_COPY_DATA   ? feed_copy_data(splitter, bytes, size, &used, err)
            : splitter->mode == FEED_BACKSLASH ? feed_backslash(splitter, bytes, size, &used, err)
                                               : feed_sql(splitter, bytes, size, &used, err);
        if (!done)
            return false;
        bytes += used;
        size -= used;
    }
    if (splitter->mode == FEED_SQL || splitter->mode == FEED_COPY_TAIL)
        return end_piece(splitter, err);
    splitter->held_length = 0;
    return true;
}

bool statement_splitter_feed(StatementSplitter *splitter, const void *bytes, size_t size,
                             Error *err)
{
    TextVerdict verdict;
    size_t good = text_check_feed(&splitter->check, bytes, size, &verdict);
    if (!feed_checked(splitter, bytes, good, err))
        return false;
    switch (verdict) {
    case TEXT_GOOD:
        return true;
    case TEXT_HAS_NUL:
        return refuse(splitter, splitter->scanner.line, err, "a NUL byte");
    case TEXT_NOT_UTF8:
        return refuse(splitter, splitter->scanner.line, err, "not valid UTF-8");
    }
    return true;
}

static bool refuse_open(StatementSplitter *splitter, Error *err)
{
    int64_t line;
    const char *what = sql_scanner_open(&splitter->scanner, &line);
    if (!what && splitter->paren_depth) {
        what = "parenthesis";
        line = splitter->paren_line;
    }
    if (!what && splitter->begin_depth) {
        what = "BEGIN … END body";
        line = splitter->begin_line;
    }
    if (!what)
        return true;
    CLEANUP(memory_freep)
    char *words = memory_format("a %s that begins here is never closed", what);
    return refuse(splitter, line, err, words);
}

/* A reference that the text ends in still has its text given away. */
static bool end_reference(StatementSplitter *splitter, Error *err)
{
    splitter->piece = "";
    splitter->piece_offset = splitter->scanner.offset;
    return sql_scanner_end_reference(&splitter->scanner, err) && end_piece(splitter, err);
}

bool statement_splitter_end(StatementSplitter *splitter, Error *err)
{
    if (!text_check_at_boundary(&splitter->check))
        return refuse(splitter, splitter->scanner.line, err, "not valid UTF-8: cut off");
    if (splitter->mode == FEED_SQL && !end_reference(splitter, err))
        return false;
    int64_t end = splitter->scanner.offset;
    if (splitter->mode == FEED_COPY_DATA)
        return end_text_in_data(splitter, err);
    /* a newline behind the text ends all that may end there; nobody sees it */
    SplitterEvents events = splitter->events;
    splitter->events.sql = NULL;
    bool done = feed_checked(splitter, "\n", 1, err);
    splitter->events = events;
    splitter->scanner.offset = end;
    if (!done || !refuse_open(splitter, err))
        return false;
    if (splitter->mode == FEED_SQL &&
        !report_statement(splitter, /* has_semicolon= */ false, end, err))
        return false;
    /* COPY … FROM STDIN at the very end: there is no data */
    return splitter->mode == FEED_SQL || give_data(splitter, NULL, 0, end, err);
}
