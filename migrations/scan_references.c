#include "migrations/scan_step.h"

static bool is_variable_byte(unsigned char byte)
{
    return scan_is_word_start(byte) || scan_is_digit(byte);
}

/* The token holds the reference's name; what it is otherwise is `plain`. */
static ScanStep end_variable(SqlScanner *scanner, VariableForm form, ScanStep plain, Error *err)
{
    SqlToken *token = &scanner->token;
    token->text[scan_token_kept(token)] = '\0';
    scanner->state = SCAN_BETWEEN;
    switch (scanner->events.variable(scanner->events.context, form, token, err)) {
    case VARIABLE_PLAIN:
        return plain;
    case VARIABLE_TOKEN:
        if (!scan_token_end(scanner, token->end, err))
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
static ScanStep colon_alone(SqlScanner *scanner, const char *opening, Error *err)
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
    if (!scan_token_end(scanner, scanner->offset, err))
        return STEP_FAILED;
    for (size_t i = 0; i < length; i++)
        if (!sql_scanner_step(scanner, (unsigned char)bytes[i], err))
            return STEP_FAILED;
    return STEP_AGAIN;
}

static ScanStep begin_variable(SqlScanner *scanner, ScannerState state, unsigned char byte)
{
    scanner->token.length = 0;
    scanner->previous = (char)byte;
    return scan_enter(scanner, state);
}

ScanStep scan_colon(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == ':' || byte == '=') {
        scan_token_add(scanner, byte);
        return scan_ended_with(scanner, err);
    }
    if (scanner->events.variable && (byte == '\'' || byte == '"'))
        return begin_variable(scanner, SCAN_VARIABLE_QUOTED, byte);
    if (scanner->events.variable && byte == '{')
        return begin_variable(scanner, SCAN_VARIABLE_BRACE, byte);
    if (!is_variable_byte(byte))
        return scan_ended_before(scanner, err);
    if (scanner->events.variable)
        scanner->token.length = 0;
    scan_token_add(scanner, byte);
    return scan_enter(scanner, SCAN_VARIABLE);
}

static void put_colon_back(SqlToken *token)
{
    size_t kept = strlen(token->text);
    memmove(token->text + 1, token->text, kept < sizeof token->text - 1 ? kept : kept - 1);
    token->text[0] = ':';
    token->length++;
}

/* Where nobody replaces it, one token: so that :end ends nothing. */
ScanStep scan_variable(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (is_variable_byte(byte)) {
        scan_token_add(scanner, byte);
        return STEP_TAKEN;
    }
    scanner->token.end = scanner->offset;
    if (scanner->events.variable) {
        ScanStep step = end_variable(scanner, VARIABLE_BARE, /* plain= */ STEP_TAKEN, err);
        if (step != STEP_TAKEN)
            return step;
        put_colon_back(&scanner->token);
    }
    return scan_ended_before(scanner, err);
}

static bool may_go_on(SqlScanner *scanner, unsigned char byte)
{
    if (!is_variable_byte(byte) || scanner->token.length == sizeof scanner->token.text - 1)
        return false;
    scan_token_add(scanner, byte);
    return true;
}

ScanStep scan_variable_quoted(SqlScanner *scanner, unsigned char byte, Error *err)
{
    char opening[] = {scanner->previous, '\0'};
    if (may_go_on(scanner, byte))
        return STEP_TAKEN;
    if (byte != (unsigned char)scanner->previous || !scanner->token.length)
        return colon_alone(scanner, opening, err);
    scanner->token.end = scanner->offset + 1;
    ScanStep step = end_variable(scanner, byte == '"' ? VARIABLE_IDENTIFIER : VARIABLE_LITERAL,
                                 /* plain= */ STEP_AGAIN, err);
    return step == STEP_AGAIN ? colon_alone(scanner, opening, err) : step;
}

ScanStep scan_variable_brace(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return byte == '?' ? scan_enter(scanner, SCAN_VARIABLE_TEST) : colon_alone(scanner, "{", err);
}

ScanStep scan_variable_test(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (may_go_on(scanner, byte))
        return STEP_TAKEN;
    if (byte != '}' || !scanner->token.length)
        return colon_alone(scanner, "{?", err);
    scanner->token.end = scanner->offset + 1;
    ScanStep step = end_variable(scanner, VARIABLE_TEST, /* plain= */ STEP_AGAIN, err);
    return step == STEP_AGAIN ? colon_alone(scanner, "{?", err) : step;
}
