#include "migrations/sql_scanner.h"

#include "migrations/scan_step.h"

void sql_scanner_init(SqlScanner *scanner, const ScannerEvents *events)
{
    *scanner = (SqlScanner){.events = *events, .line = 1};
}

/* -- between tokens -- */

static ScanStep begin_string(SqlScanner *scanner)
{
    /* psql and the server: 'a' <newline> 'b' is one string of the first part's kind */
    scanner->continuing = scanner->may_continue && scanner->newline_behind_string;
    if (!scanner->continuing) {
        scan_token_begin(scanner, WORD_LITERAL);
        scanner->escapes = false;
    } else {
        /* for the words, if it stays open: this part is where it began to be */
        scanner->token.line = scanner->line;
    }
    return scan_enter(scanner, SCAN_STRING);
}

static ScanStep begin_comment(SqlScanner *scanner)
{
    scanner->comment_line = scanner->line;
    scanner->comment_depth = 1;
    scanner->previous = '\0';
    return scan_enter(scanner, SCAN_COMMENT);
}

static ScanStep step_between(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (scan_is_space(byte)) {
        if (byte == '\n' || byte == '\r')
            scanner->newline_behind_string = true;
        return STEP_TAKEN;
    }
    if (byte == '\'')
        return begin_string(scanner);
    if (scan_is_word_start(byte))
        return scan_enter_token(scanner, SCAN_WORD, WORD_KEYWORD, byte);
    if (scan_is_digit(byte))
        return scan_enter_token(scanner, SCAN_INTEGER, WORD_NUMBER, byte);
    if (scan_is_operator(byte)) {
        scanner->previous = (char)byte;
        return scan_enter_token(scanner, SCAN_OPERATOR, WORD_PUNCTUATION, byte);
    }
    switch (byte) {
    case '"':
        scan_token_begin(scanner, WORD_QUOTED);
        return scan_enter(scanner, SCAN_QUOTED);
    case '$':
        return scan_enter_token(scanner, SCAN_DOLLAR, WORD_PUNCTUATION, byte);
    case ':':
        return scan_enter_token(scanner, SCAN_COLON, WORD_PUNCTUATION, byte);
    case '.':
        return scan_enter_token(scanner, SCAN_DOT, WORD_PUNCTUATION, byte);
    case '\\':
        scanner->may_continue = false;
        scanner->events.backslash(scanner->events.context);
        return STEP_TAKEN;
    default:
        scan_token_begin(scanner, WORD_PUNCTUATION);
        scan_token_add(scanner, byte);
        return scan_ended_with(scanner, err);
    }
}

/* -- words, and the letters in front of quotes -- */

/* A single letter right before a quote says which kind of string begins. */
static bool is_string_prefix(const SqlToken *token)
{
    return token->length == 1 && strchr("bBeEnNxX", token->text[0]);
}

static ScanStep step_word(SqlScanner *scanner, unsigned char byte, Error *err)
{
    SqlToken *token = &scanner->token;
    if (scan_is_word_start(byte) || scan_is_digit(byte) || byte == '$') {
        scan_token_add(scanner, byte);
        return STEP_TAKEN;
    }
    if (byte == '\'' && is_string_prefix(token)) {
        scanner->escapes = token->text[0] == 'e' || token->text[0] == 'E';
        scanner->continuing = false;
        token->kind = WORD_LITERAL;
        token->length = 0;
        return scan_enter(scanner, SCAN_STRING);
    }
    if (byte == '&' && token->length == 1 && (token->text[0] == 'u' || token->text[0] == 'U'))
        return scan_enter(scanner, SCAN_WORD_UAMP);
    token->folded = true;
    for (size_t i = 0; i < token->length && i < sizeof token->text - 1; i++)
        if (token->text[i] >= 'A' && token->text[i] <= 'Z')
            token->text[i] = (char)(token->text[i] - 'A' + 'a');
    return scan_ended_before(scanner, err);
}

static ScanStep step_word_uamp(SqlScanner *scanner, unsigned char byte, Error *err)
{
    SqlToken *token = &scanner->token;
    if (byte == '\'' || byte == '"') {
        token->kind = byte == '"' ? WORD_QUOTED : WORD_LITERAL;
        token->length = 0;
        scanner->escapes = scanner->continuing = false;
        return scan_enter(scanner, byte == '"' ? SCAN_QUOTED : SCAN_STRING);
    }
    /* neither: the word u, and an operator that begins with & */
    if (!scan_token_end(scanner, scanner->offset - 1, err))
        return STEP_FAILED;
    scanner->offset--;
    (void)scan_enter_token(scanner, SCAN_OPERATOR, WORD_PUNCTUATION, '&');
    scanner->offset++;
    scanner->previous = '&';
    return STEP_AGAIN;
}

/* -- operators and comments -- */

/* A run of operator characters ends where -- or a slash with a star begins in it. */
static ScanStep step_operator(SqlScanner *scanner, unsigned char byte, Error *err)
{
    bool dashes = scanner->previous == '-' && byte == '-';
    if (dashes || (scanner->previous == '/' && byte == '*')) {
        if (scanner->token.length > 1) {
            scanner->token.length--;
            if (!scan_token_end(scanner, scanner->offset - 1, err))
                return STEP_FAILED;
        }
        if (!dashes) {
            scanner->may_continue = false;
            return begin_comment(scanner);
        }
        scanner->events.comment(scanner->events.context, "--", 2);
        scanner->comment_line = scanner->line;
        return scan_enter(scanner, SCAN_LINE_COMMENT);
    }
    if (!scan_is_operator(byte))
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    scanner->previous = (char)byte;
    return STEP_TAKEN;
}

static ScanStep step_line_comment(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '\n' && byte != '\r') {
        scanner->events.comment(scanner->events.context, (const char *)&byte, 1);
        return STEP_TAKEN;
    }
    scanner->state = SCAN_BETWEEN;
    if (!scanner->events.comment_end(scanner->events.context, scanner->comment_line, err))
        return STEP_FAILED;
    return STEP_AGAIN;
}

static ScanStep step_comment(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
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
            return scan_enter(scanner, SCAN_BETWEEN);
    }
    return STEP_TAKEN;
}

static ScanStep (*const steps[])(SqlScanner *scanner, unsigned char byte, Error *err) = {
    [SCAN_BETWEEN] = step_between,
    [SCAN_WORD] = step_word,
    [SCAN_WORD_UAMP] = step_word_uamp,
    [SCAN_STRING] = scan_string,
    [SCAN_STRING_ESCAPE] = scan_string_escape,
    [SCAN_STRING_QUOTE] = scan_string_quote,
    [SCAN_QUOTED] = scan_quoted,
    [SCAN_QUOTED_QUOTE] = scan_quoted_quote,
    [SCAN_DOLLAR] = scan_dollar,
    [SCAN_DOLLAR_TAG] = scan_dollar_tag,
    [SCAN_DOLLAR_TEXT] = scan_dollar_text,
    [SCAN_OPERATOR] = step_operator,
    [SCAN_LINE_COMMENT] = step_line_comment,
    [SCAN_COMMENT] = step_comment,
    [SCAN_COLON] = scan_colon,
    [SCAN_VARIABLE] = scan_variable,
    [SCAN_VARIABLE_QUOTED] = scan_variable_quoted,
    [SCAN_VARIABLE_BRACE] = scan_variable_brace,
    [SCAN_VARIABLE_TEST] = scan_variable_test,
    [SCAN_DOT] = scan_dot,
    [SCAN_INTEGER] = scan_integer,
    [SCAN_INTEGER_DOT] = scan_integer_dot,
    [SCAN_DECIMAL] = scan_decimal,
    [SCAN_EXPONENT] = scan_exponent,
    [SCAN_EXPONENT_SIGN] = scan_exponent_sign,
    [SCAN_EXPONENT_DIGITS] = scan_digits,
    [SCAN_NUMBER_WORD] = scan_number_word,
    [SCAN_PARAMETER] = scan_digits,
};

bool sql_scanner_step(SqlScanner *scanner, unsigned char byte, Error *err)
{
    ScanStep step;
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
