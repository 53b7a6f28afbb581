#include "migrations/sql_scanner.h"

/* What a state did with a byte: took it, wants another state to look at it again, or failed. */
typedef enum { STEP_TAKEN, STEP_AGAIN, STEP_FAILED } Step;

void sql_scanner_init(SqlScanner *scanner, const ScannerEvents *events)
{
    *scanner = (SqlScanner){.events = *events, .line = 1};
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_word_start(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte >= 0x80;
}

static bool is_space(unsigned char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static bool is_operator(unsigned char byte)
{
    return byte && strchr("~!@#^&|`?+-*/%<>=", byte);
}

/* -- the token being read -- */

static void token_begin(SqlScanner *scanner, WordKind kind)
{
    SqlToken *token = &scanner->token;
    token->kind = kind;
    token->offset = scanner->offset;
    token->line = scanner->line;
    token->length = 0;
    token->folded = false;
}

static void token_add(SqlScanner *scanner, unsigned char byte)
{
    SqlToken *token = &scanner->token;
    if (token->length < sizeof token->text - 1)
        token->text[token->length] = (char)byte;
    token->length++;
}

/* Where a text too long is cut: not inside a character, as the server cuts identifiers. */
static size_t kept_length(const SqlToken *token)
{
    size_t most = sizeof token->text - 1;
    if (token->length <= most)
        return token->length;
    size_t kept = most;
    while (kept && ((unsigned char)token->text[kept - 1] & 0xc0) == 0x80)
        kept--;
    if (!kept)
        return most;
    unsigned char first = (unsigned char)token->text[kept - 1];
    size_t whole = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return kept - 1 + whole <= most ? kept - 1 + whole : kept - 1;
}

/* The token ended before the byte being looked at, or with it where `end` says so. */
static bool token_end(SqlScanner *scanner, int64_t end, Error *err)
{
    SqlToken *token = &scanner->token;
    scanner->state = SCAN_BETWEEN;
    token->end = end;
    token->text[kept_length(token)] = '\0';
    scanner->may_continue = token->kind == WORD_LITERAL;
    scanner->newline_behind_string = false;
    return scanner->events.token(scanner->events.context, token, err);
}

static Step ended_before(SqlScanner *scanner, Error *err)
{
    return token_end(scanner, scanner->offset, err) ? STEP_AGAIN : STEP_FAILED;
}

static Step ended_with(SqlScanner *scanner, Error *err)
{
    return token_end(scanner, scanner->offset + 1, err) ? STEP_TAKEN : STEP_FAILED;
}

static Step enter(SqlScanner *scanner, ScannerState state)
{
    scanner->state = state;
    return STEP_TAKEN;
}

static Step enter_token(SqlScanner *scanner, ScannerState state, WordKind kind, unsigned char byte)
{
    token_begin(scanner, kind);
    token_add(scanner, byte);
    return enter(scanner, state);
}

/* -- between tokens -- */

static Step begin_string(SqlScanner *scanner)
{
    /* psql and the server: 'a' <newline> 'b' is one string of the first part's kind */
    scanner->continuing = scanner->may_continue && scanner->newline_behind_string;
    if (!scanner->continuing) {
        token_begin(scanner, WORD_LITERAL);
        scanner->escapes = false;
    } else {
        /* for the words, if it stays open: this part is where it began to be */
        scanner->token.line = scanner->line;
    }
    return enter(scanner, SCAN_STRING);
}

static Step begin_comment(SqlScanner *scanner)
{
    scanner->comment_line = scanner->line;
    scanner->comment_depth = 1;
    scanner->previous = '\0';
    return enter(scanner, SCAN_COMMENT);
}

static Step step_between(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (is_space(byte)) {
        if (byte == '\n' || byte == '\r')
            scanner->newline_behind_string = true;
        return STEP_TAKEN;
    }
    if (byte == '\'')
        return begin_string(scanner);
    if (is_word_start(byte))
        return enter_token(scanner, SCAN_WORD, WORD_KEYWORD, byte);
    if (is_digit(byte))
        return enter_token(scanner, SCAN_INTEGER, WORD_NUMBER, byte);
    if (is_operator(byte)) {
        scanner->previous = (char)byte;
        return enter_token(scanner, SCAN_OPERATOR, WORD_PUNCTUATION, byte);
    }
    switch (byte) {
    case '"':
        token_begin(scanner, WORD_QUOTED);
        return enter(scanner, SCAN_QUOTED);
    case '$':
        return enter_token(scanner, SCAN_DOLLAR, WORD_PUNCTUATION, byte);
    case ':':
        return enter_token(scanner, SCAN_COLON, WORD_PUNCTUATION, byte);
    case '.':
        return enter_token(scanner, SCAN_DOT, WORD_PUNCTUATION, byte);
    case '\\':
        scanner->may_continue = false;
        scanner->events.backslash(scanner->events.context);
        return STEP_TAKEN;
    default:
        token_begin(scanner, WORD_PUNCTUATION);
        token_add(scanner, byte);
        return ended_with(scanner, err);
    }
}

/* -- words, and the letters in front of quotes -- */

/* A single letter right before a quote says which kind of string begins. */
static bool is_string_prefix(const SqlToken *token)
{
    return token->length == 1 && strchr("bBeEnNxX", token->text[0]);
}

static Step step_word(SqlScanner *scanner, unsigned char byte, Error *err)
{
    SqlToken *token = &scanner->token;
    if (is_word_start(byte) || is_digit(byte) || byte == '$') {
        token_add(scanner, byte);
        return STEP_TAKEN;
    }
    if (byte == '\'' && is_string_prefix(token)) {
        scanner->escapes = token->text[0] == 'e' || token->text[0] == 'E';
        scanner->continuing = false;
        token->kind = WORD_LITERAL;
        token->length = 0;
        return enter(scanner, SCAN_STRING);
    }
    if (byte == '&' && token->length == 1 && (token->text[0] == 'u' || token->text[0] == 'U'))
        return enter(scanner, SCAN_WORD_UAMP);
    token->folded = true;
    for (size_t i = 0; i < token->length && i < sizeof token->text - 1; i++)
        if (token->text[i] >= 'A' && token->text[i] <= 'Z')
            token->text[i] = (char)(token->text[i] - 'A' + 'a');
    return ended_before(scanner, err);
}

static Step step_word_uamp(SqlScanner *scanner, unsigned char byte, Error *err)
{
    SqlToken *token = &scanner->token;
    if (byte == '\'' || byte == '"') {
        token->kind = byte == '"' ? WORD_QUOTED : WORD_LITERAL;
        token->length = 0;
        scanner->escapes = scanner->continuing = false;
        return enter(scanner, byte == '"' ? SCAN_QUOTED : SCAN_STRING);
    }
    /* neither: the word u, and an operator that begins with & */
    if (!token_end(scanner, scanner->offset - 1, err))
        return STEP_FAILED;
    scanner->offset--;
    (void)enter_token(scanner, SCAN_OPERATOR, WORD_PUNCTUATION, '&');
    scanner->offset++;
    scanner->previous = '&';
    return STEP_AGAIN;
}

/* -- strings and quoted identifiers -- */

static Step step_string(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte == '\'')
        return enter(scanner, SCAN_STRING_QUOTE);
    if (!scanner->continuing)
        token_add(scanner, byte);
    if (byte == '\\' && scanner->escapes)
        return enter(scanner, SCAN_STRING_ESCAPE);
    return STEP_TAKEN;
}

static Step step_string_escape(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (!scanner->continuing)
        token_add(scanner, byte);
    return enter(scanner, SCAN_STRING);
}

static Step step_string_quote(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '\'') {
        if (!scanner->continuing)
            token_add(scanner, byte);
        return enter(scanner, SCAN_STRING);
    }
    if (!scanner->continuing)
        return ended_before(scanner, err);
    scanner->events.string_extended(scanner->events.context, scanner->offset);
    scanner->newline_behind_string = false;
    scanner->state = SCAN_BETWEEN;
    return STEP_AGAIN;
}

static Step step_quoted(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte == '"')
        return enter(scanner, SCAN_QUOTED_QUOTE);
    token_add(scanner, byte);
    return STEP_TAKEN;
}

static Step step_quoted_quote(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '"')
        return ended_before(scanner, err);
    token_add(scanner, byte);
    return enter(scanner, SCAN_QUOTED);
}

/* -- dollars -- */

static Step begin_dollar_text(SqlScanner *scanner)
{
    scanner->token.kind = WORD_LITERAL;
    scanner->token.length = 0;
    scanner->tag_matched = 0;
    return enter(scanner, SCAN_DOLLAR_TEXT);
}

static Step step_dollar(SqlScanner *scanner, unsigned char byte, Error *err)
{
    scanner->tag_length = 0;
    if (byte == '$')
        return begin_dollar_text(scanner);
    if (is_digit(byte)) {
        token_add(scanner, byte);
        scanner->token.kind = WORD_NUMBER;
        return enter(scanner, SCAN_PARAMETER);
    }
    if (!is_word_start(byte))
        return ended_before(scanner, err);
    scanner->tag[scanner->tag_length++] = (char)byte;
    return enter(scanner, SCAN_DOLLAR_TAG);
}

/* No second dollar came: the first is a token alone, and what looked like a tag is a word. */
static Step tag_is_word(SqlScanner *scanner, Error *err)
{
    int64_t offset = scanner->offset - (int64_t)scanner->tag_length;
    if (!token_end(scanner, offset, err))
        return STEP_FAILED;
    token_begin(scanner, WORD_KEYWORD);
    scanner->token.offset = offset;
    for (size_t i = 0; i < scanner->tag_length; i++)
        token_add(scanner, (unsigned char)scanner->tag[i]);
    scanner->state = SCAN_WORD;
    return STEP_AGAIN;
}

static Step step_dollar_tag(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '$')
        return begin_dollar_text(scanner);
    if (!is_word_start(byte) && !is_digit(byte))
        return tag_is_word(scanner, err);
    if (scanner->tag_length == SPLITTER_TAG_SIZE_MAX) {
        (void)scanner->events.refuse(scanner->events.context, scanner->line,
                                     "the tag of a dollar-quoted string is too long", err);
        return STEP_FAILED;
    }
    scanner->tag[scanner->tag_length++] = (char)byte;
    return STEP_TAKEN;
}

static Step step_dollar_text(SqlScanner *scanner, unsigned char byte, Error *err)
{
    token_add(scanner, byte);
    if (byte == '$') {
        if (scanner->tag_matched == scanner->tag_length + 1) {
            /* the closing tag was added to the text: take it off again */
            scanner->token.length -= scanner->tag_length + 2;
            return ended_with(scanner, err);
        }
        scanner->tag_matched = 1;
        return STEP_TAKEN;
    }
    /* a tag holds no dollar, so after a mismatch nothing of it can have begun */
    if (scanner->tag_matched && scanner->tag_matched <= scanner->tag_length &&
        byte == (unsigned char)scanner->tag[scanner->tag_matched - 1])
        scanner->tag_matched++;
    else
        scanner->tag_matched = 0;
    return STEP_TAKEN;
}

/* -- operators and comments -- */

/* A run of operator characters ends where -- or a slash with a star begins in it. */
static Step step_operator(SqlScanner *scanner, unsigned char byte, Error *err)
{
    bool dashes = scanner->previous == '-' && byte == '-';
    if (dashes || (scanner->previous == '/' && byte == '*')) {
        if (scanner->token.length > 1) {
            scanner->token.length--;
            if (!token_end(scanner, scanner->offset - 1, err))
                return STEP_FAILED;
        }
        if (!dashes) {
            scanner->may_continue = false;
            return begin_comment(scanner);
        }
        scanner->events.comment_byte(scanner->events.context, '-');
        scanner->events.comment_byte(scanner->events.context, '-');
        scanner->comment_line = scanner->line;
        return enter(scanner, SCAN_LINE_COMMENT);
    }
    if (!is_operator(byte))
        return ended_before(scanner, err);
    token_add(scanner, byte);
    scanner->previous = (char)byte;
    return STEP_TAKEN;
}

static Step step_line_comment(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '\n' && byte != '\r') {
        scanner->events.comment_byte(scanner->events.context, (char)byte);
        return STEP_TAKEN;
    }
    scanner->state = SCAN_BETWEEN;
    if (!scanner->events.comment_end(scanner->events.context, scanner->comment_line, err))
        return STEP_FAILED;
    return STEP_AGAIN;
}

static Step step_comment(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    char previous = scanner->previous;
    scanner->previous = (char)byte;
    if (previous == '/' && byte == '*') {
        scanner->comment_depth++;
        scanner->previous = '\0';
    }
    if (previous == '*' && byte == '/') {
        scanner->comment_depth--;
        scanner->previous = '\0';
        if (scanner->comment_depth == 0)
            return enter(scanner, SCAN_BETWEEN);
    }
    return STEP_TAKEN;
}

/* -- colons, dots and numbers -- */

static bool is_variable_byte(unsigned char byte)
{
    return is_word_start(byte) || is_digit(byte);
}

/* -- references to psql's variables -- */

/* The token holds the reference's name; what it is otherwise is `plain`. */
static Step end_variable(SqlScanner *scanner, VariableForm form, Step plain, Error *err)
{
    SqlToken *token = &scanner->token;
    token->text[kept_length(token)] = '\0';
    scanner->state = SCAN_BETWEEN;
    switch (scanner->events.variable(scanner->events.context, form, token, err)) {
    case VARIABLE_PLAIN:
        return plain;
    case VARIABLE_TOKEN:
        if (!token_end(scanner, token->end, err))
            return STEP_FAILED;
        break;
    case VARIABLE_FED:
        break;
    case VARIABLE_REFUSED:
        return STEP_FAILED;
    }
    return form == VARIABLE_BARE ? STEP_AGAIN : STEP_TAKEN;
}

/* It is no reference: a colon, and its other bytes are what they are without it. The name's bytes
 * are at hand, because no longer one is followed this far. */
static Step colon_alone(SqlScanner *scanner, const char *opening, Error *err)
{
    char bytes[sizeof scanner->token.text + 2];
    SqlToken *token = &scanner->token;
    size_t length = strlen(opening);
    memcpy(bytes, opening, length);
    memcpy(bytes + length, token->text, token->length);
    length += token->length;
    token->text[0] = ':';
    token->length = 1;
    token->kind = WORD_PUNCTUATION;
    scanner->offset = token->offset + 1;
    if (!token_end(scanner, scanner->offset, err))
        return STEP_FAILED;
    for (size_t i = 0; i < length; i++)
        if (!sql_scanner_step(scanner, (unsigned char)bytes[i], err))
            return STEP_FAILED;
    return STEP_AGAIN;
}

static Step begin_variable(SqlScanner *scanner, ScannerState state, unsigned char byte)
{
    scanner->token.length = 0;
    scanner->previous = (char)byte;
    return enter(scanner, state);
}

static Step step_colon(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == ':' || byte == '=') {
        token_add(scanner, byte);
        return ended_with(scanner, err);
    }
    if (scanner->events.variable && (byte == '\'' || byte == '"'))
        return begin_variable(scanner, SCAN_VARIABLE_QUOTED, byte);
    if (scanner->events.variable && byte == '{')
        return begin_variable(scanner, SCAN_VARIABLE_BRACE, byte);
    if (!is_variable_byte(byte))
        return ended_before(scanner, err);
    if (scanner->events.variable)
        scanner->token.length = 0;
    token_add(scanner, byte);
    return enter(scanner, SCAN_VARIABLE);
}

static void put_colon_back(SqlToken *token)
{
    size_t kept = strlen(token->text);
    memmove(token->text + 1, token->text, kept < sizeof token->text - 1 ? kept : kept - 1);
    token->text[0] = ':';
    token->length++;
}

/* Where nobody replaces it, one token: so that :end ends nothing. */
static Step step_variable(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (is_variable_byte(byte)) {
        token_add(scanner, byte);
        return STEP_TAKEN;
    }
    scanner->token.end = scanner->offset;
    if (scanner->events.variable) {
        Step step = end_variable(scanner, VARIABLE_BARE, /* plain= */ STEP_TAKEN, err);
        if (step != STEP_TAKEN)
            return step;
        put_colon_back(&scanner->token);
    }
    return ended_before(scanner, err);
}

static bool may_go_on(SqlScanner *scanner, unsigned char byte)
{
    if (!is_variable_byte(byte) || scanner->token.length == sizeof scanner->token.text - 1)
        return false;
    token_add(scanner, byte);
    return true;
}

static Step step_variable_quoted(SqlScanner *scanner, unsigned char byte, Error *err)
{
    char opening[] = {scanner->previous, '\0'};
    if (may_go_on(scanner, byte))
        return STEP_TAKEN;
    if (byte != (unsigned char)scanner->previous || !scanner->token.length)
        return colon_alone(scanner, opening, err);
    scanner->token.end = scanner->offset + 1;
    Step step = end_variable(scanner, byte == '"' ? VARIABLE_IDENTIFIER : VARIABLE_LITERAL,
                             /* plain= */ STEP_AGAIN, err);
    return step == STEP_AGAIN ? colon_alone(scanner, opening, err) : step;
}

static Step step_variable_brace(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return byte == '?' ? enter(scanner, SCAN_VARIABLE_TEST) : colon_alone(scanner, "{", err);
}

static Step step_variable_test(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (may_go_on(scanner, byte))
        return STEP_TAKEN;
    if (byte != '}' || !scanner->token.length)
        return colon_alone(scanner, "{?", err);
    scanner->token.end = scanner->offset + 1;
    Step step = end_variable(scanner, VARIABLE_TEST, /* plain= */ STEP_AGAIN, err);
    return step == STEP_AGAIN ? colon_alone(scanner, "{?", err) : step;
}

static Step step_dot(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!is_digit(byte) && byte != '.')
        return ended_before(scanner, err);
    token_add(scanner, byte);
    if (byte == '.')
        return ended_with(scanner, err);
    scanner->token.kind = WORD_NUMBER;
    return enter(scanner, SCAN_DECIMAL);
}

/* A word right behind a number is part of it, and the server refuses the whole. So its letters are
 * no prefix of a string and its dollars open none. */
static Step number_byte(SqlScanner *scanner, unsigned char byte, ScannerState behind_e, Error *err)
{
    if (!is_digit(byte) && !is_word_start(byte))
        return ended_before(scanner, err);
    token_add(scanner, byte);
    if (is_digit(byte))
        return STEP_TAKEN;
    return enter(scanner, byte == 'e' || byte == 'E' ? behind_e : SCAN_NUMBER_WORD);
}

static Step step_number_word(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!is_digit(byte) && !is_word_start(byte) && byte != '$')
        return ended_before(scanner, err);
    token_add(scanner, byte);
    return STEP_TAKEN;
}

static Step step_integer(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '.')
        return enter(scanner, SCAN_INTEGER_DOT);
    return number_byte(scanner, byte, /* behind_e= */ SCAN_EXPONENT, err);
}

/* 1..2 is the integer 1, two dots, the integer 2; anything else behind 1. is a decimal. */
static Step step_integer_dot(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '.') {
        token_add(scanner, '.');
        scanner->state = SCAN_DECIMAL;
        return STEP_AGAIN;
    }
    if (!token_end(scanner, scanner->offset - 1, err))
        return STEP_FAILED;
    scanner->offset--;
    (void)enter_token(scanner, SCAN_DOT, WORD_PUNCTUATION, '.');
    scanner->offset++;
    return STEP_AGAIN;
}

static Step step_decimal(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return number_byte(scanner, byte, /* behind_e= */ SCAN_EXPONENT, err);
}

static Step step_exponent(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte != '+' && byte != '-') {
        /* 1e5 is what a word behind the 1 would be, too */
        scanner->state = SCAN_NUMBER_WORD;
        return STEP_AGAIN;
    }
    token_add(scanner, byte);
    return enter(scanner, SCAN_EXPONENT_SIGN);
}

static Step step_exponent_sign(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!is_digit(byte))
        return ended_before(scanner, err);
    token_add(scanner, byte);
    return enter(scanner, SCAN_EXPONENT_DIGITS);
}

static Step step_digits(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return number_byte(scanner, byte, /* behind_e= */ SCAN_NUMBER_WORD, err);
}

static Step (*const steps[])(SqlScanner *scanner, unsigned char byte, Error *err) = {
    [SCAN_BETWEEN] = step_between,
    [SCAN_WORD] = step_word,
    [SCAN_WORD_UAMP] = step_word_uamp,
    [SCAN_STRING] = step_string,
    [SCAN_STRING_ESCAPE] = step_string_escape,
    [SCAN_STRING_QUOTE] = step_string_quote,
    [SCAN_QUOTED] = step_quoted,
    [SCAN_QUOTED_QUOTE] = step_quoted_quote,
    [SCAN_DOLLAR] = step_dollar,
    [SCAN_DOLLAR_TAG] = step_dollar_tag,
    [SCAN_DOLLAR_TEXT] = step_dollar_text,
    [SCAN_OPERATOR] = step_operator,
    [SCAN_LINE_COMMENT] = step_line_comment,
    [SCAN_COMMENT] = step_comment,
    [SCAN_COLON] = step_colon,
    [SCAN_VARIABLE] = step_variable,
    [SCAN_VARIABLE_QUOTED] = step_variable_quoted,
    [SCAN_VARIABLE_BRACE] = step_variable_brace,
    [SCAN_VARIABLE_TEST] = step_variable_test,
    [SCAN_DOT] = step_dot,
    [SCAN_INTEGER] = step_integer,
    [SCAN_INTEGER_DOT] = step_integer_dot,
    [SCAN_DECIMAL] = step_decimal,
    [SCAN_EXPONENT] = step_exponent,
    [SCAN_EXPONENT_SIGN] = step_exponent_sign,
    [SCAN_EXPONENT_DIGITS] = step_digits,
    [SCAN_NUMBER_WORD] = step_number_word,
    [SCAN_PARAMETER] = step_digits,
};

bool sql_scanner_step(SqlScanner *scanner, unsigned char byte, Error *err)
{
    Step step;
    do
        step = steps[scanner->state](scanner, byte, err);
    while (step == STEP_AGAIN);
    scanner->offset++;
    if (byte == '\n')
        scanner->line++;
    return step == STEP_TAKEN;
}

bool sql_scanner_in_reference(const SqlScanner *scanner)
{
    return scanner->events.variable && scanner->state >= SCAN_COLON &&
           scanner->state <= SCAN_VARIABLE_TEST;
}

bool sql_scanner_end_reference(SqlScanner *scanner, Error *err)
{
    return !sql_scanner_in_reference(scanner) ||
           steps[scanner->state](scanner, ' ', err) != STEP_FAILED;
}

/* Only where no byte has to be kept any more: behind the beginning of a token, or in the second
 * part of a continued string. */
size_t sql_scanner_skip(SqlScanner *scanner, const char *bytes, size_t size)
{
    bool in_string = scanner->state == SCAN_STRING;
    bool in_dollars = scanner->state == SCAN_DOLLAR_TEXT && scanner->tag_matched == 0;
    if (!(in_string || in_dollars) || scanner->token.length < sizeof scanner->token.text)
        return 0;
    char stop = in_dollars ? '$' : '\'';
    char escape = in_string && scanner->escapes ? '\\' : stop;
    size_t at = 0;
    for (; at < size && bytes[at] != stop && bytes[at] != escape; at++)
        scanner->line += bytes[at] == '\n';
    scanner->token.length += at;
    scanner->offset += (int64_t)at;
    return at;
}

const char *sql_scanner_open(const SqlScanner *scanner, int64_t *ret_line)
{
    const char *what = NULL;
    *ret_line = scanner->token.line;
    if (scanner->state == SCAN_STRING || scanner->state == SCAN_STRING_ESCAPE)
        what = "string";
    if (scanner->state == SCAN_QUOTED)
        what = "quoted identifier";
    if (scanner->state == SCAN_DOLLAR_TEXT)
        what = "dollar-quoted string";
    if (scanner->state == SCAN_COMMENT) {
        what = "comment";
        *ret_line = scanner->comment_line;
    }
    return what;
}
