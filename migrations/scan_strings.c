#include "migrations/scan_step.h"

/* -- strings and quoted identifiers -- */

ScanStep scan_string(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte == '\'')
        return scan_enter(scanner, SCAN_STRING_QUOTE);
    if (!scanner->continuing)
        scan_token_add(scanner, byte);
    if (byte == '\\' && scanner->escapes)
        return scan_enter(scanner, SCAN_STRING_ESCAPE);
    return STEP_TAKEN;
}

ScanStep scan_string_escape(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (!scanner->continuing)
        scan_token_add(scanner, byte);
    return scan_enter(scanner, SCAN_STRING);
}

ScanStep scan_string_quote(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '\'') {
        if (!scanner->continuing)
            scan_token_add(scanner, byte);
        return scan_enter(scanner, SCAN_STRING);
    }
    if (!scanner->continuing)
        return scan_ended_before(scanner, err);
    scanner->events.string_extended(scanner->events.context, scanner->offset);
    scanner->newline_behind_string = false;
    scanner->state = SCAN_BETWEEN;
    return STEP_AGAIN;
}

ScanStep scan_quoted(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte == '"')
        return scan_enter(scanner, SCAN_QUOTED_QUOTE);
    scan_token_add(scanner, byte);
    return STEP_TAKEN;
}

ScanStep scan_quoted_quote(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '"')
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    return scan_enter(scanner, SCAN_QUOTED);
}

/* -- dollars -- */

static ScanStep begin_dollar_text(SqlScanner *scanner)
{
    scanner->token.kind = WORD_LITERAL;
    scanner->token.length = 0;
    scanner->tag_matched = 0;
    return scan_enter(scanner, SCAN_DOLLAR_TEXT);
}

ScanStep scan_dollar(SqlScanner *scanner, unsigned char byte, Error *err)
{
    scanner->tag_length = 0;
    if (byte == '$')
        return begin_dollar_text(scanner);
    if (scan_is_digit(byte)) {
        scan_token_add(scanner, byte);
        scanner->token.kind = WORD_NUMBER;
        return scan_enter(scanner, SCAN_PARAMETER);
    }
    if (!scan_is_word_start(byte))
        return scan_ended_before(scanner, err);
    scanner->tag[scanner->tag_length++] = (char)byte;
    return scan_enter(scanner, SCAN_DOLLAR_TAG);
}

/* No second dollar came: the first is a token alone, and what looked like a tag is a word. */
static ScanStep tag_is_word(SqlScanner *scanner, Error *err)
{
    int64_t offset = scanner->offset - (int64_t)scanner->tag_length;
    if (!scan_token_end(scanner, offset, err))
        return STEP_FAILED;
    scan_token_begin(scanner, WORD_KEYWORD);
    scanner->token.offset = offset;
    for (size_t i = 0; i < scanner->tag_length; i++)
        scan_token_add(scanner, (unsigned char)scanner->tag[i]);
    scanner->state = SCAN_WORD;
    return STEP_AGAIN;
}

ScanStep scan_dollar_tag(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '$')
        return begin_dollar_text(scanner);
    if (!scan_is_word_start(byte) && !scan_is_digit(byte))
        return tag_is_word(scanner, err);
    if (scanner->tag_length == SPLITTER_TAG_SIZE_MAX) {
        (void)scanner->events.refuse(scanner->events.context, scanner->line,
                                     "the tag of a dollar-quoted string is too long", err);
        return STEP_FAILED;
    }
    scanner->tag[scanner->tag_length++] = (char)byte;
    return STEP_TAKEN;
}

ScanStep scan_dollar_text(SqlScanner *scanner, unsigned char byte, Error *err)
{
    scan_token_add(scanner, byte);
    if (byte == '$') {
        if (scanner->tag_matched == scanner->tag_length + 1) {
            /* the closing tag was added to the text: take it off again */
            scanner->token.length -= scanner->tag_length + 2;
            return scan_ended_with(scanner, err);
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
