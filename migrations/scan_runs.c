#include "migrations/scan_step.h"

#define WORD  (SCAN_CLASS_LETTER | SCAN_CLASS_DIGIT | SCAN_CLASS_DOLLAR)
#define DIGIT SCAN_CLASS_DIGIT

const unsigned char scan_classes[256] = {
    [' '] = SCAN_CLASS_SPACE,          ['\t'] = SCAN_CLASS_SPACE,
    ['\n'] = SCAN_CLASS_SPACE,         ['\r'] = SCAN_CLASS_SPACE,
    ['\f'] = SCAN_CLASS_SPACE,         ['0' ... '9'] = SCAN_CLASS_DIGIT,
    ['a' ... 'z'] = SCAN_CLASS_LETTER, ['A' ... 'Z'] = SCAN_CLASS_LETTER,
    ['_'] = SCAN_CLASS_LETTER,         [0x80 ... 0xff] = SCAN_CLASS_LETTER,
    ['$'] = SCAN_CLASS_DOLLAR,         ['~'] = SCAN_CLASS_OPERATOR,
    ['!'] = SCAN_CLASS_OPERATOR,       ['@'] = SCAN_CLASS_OPERATOR,
    ['#'] = SCAN_CLASS_OPERATOR,       ['^'] = SCAN_CLASS_OPERATOR,
    ['&'] = SCAN_CLASS_OPERATOR,       ['|'] = SCAN_CLASS_OPERATOR,
    ['`'] = SCAN_CLASS_OPERATOR,       ['?'] = SCAN_CLASS_OPERATOR,
    ['+'] = SCAN_CLASS_OPERATOR,       ['-'] = SCAN_CLASS_OPERATOR,
    ['*'] = SCAN_CLASS_OPERATOR,       ['/'] = SCAN_CLASS_OPERATOR,
    ['%'] = SCAN_CLASS_OPERATOR,       ['<'] = SCAN_CLASS_OPERATOR,
    ['>'] = SCAN_CLASS_OPERATOR,       ['='] = SCAN_CLASS_OPERATOR,
};

/* -- how far a run goes -- */

static size_t run_of(const char *bytes, size_t size, unsigned classes)
{
    size_t at = 0;
    while (at < size && scan_classes[(unsigned char)bytes[at]] & classes)
        at++;
    return at;
}

/* Up to one of two bytes, which may be the same. Where they differ nothing is looked at that does
 * not belong to the run: a search for the one would go far beyond the other, again and again. */
static size_t run_to(const char *bytes, size_t size, char stop, char other)
{
    size_t at = 0;
    if (other == stop) {
        const char *found = memchr(bytes, stop, size);
        return found ? (size_t)(found - bytes) : size;
    }
    while (at < size && bytes[at] != stop && bytes[at] != other)
        at++;
    return at;
}

static int64_t count_lines(const char *bytes, size_t size)
{
    int64_t lines = 0;
    const char *end = bytes + size;
    for (; (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes++)
        lines++;
    return lines;
}

/* -- what the states make of one -- */

static void add_to_token(SqlScanner *scanner, const char *bytes, size_t size)
{
    SqlToken *token = &scanner->token;
    size_t most = sizeof token->text - 1;
    if (token->length < most)
        memcpy(token->text + token->length, bytes,
               size < most - token->length ? size : most - token->length);
    token->length += size;
}

static size_t pass_space(SqlScanner *scanner, const char *bytes, size_t size)
{
    size_t length = 0;
    for (; length < size && scan_is_space((unsigned char)bytes[length]); length++) {
        scanner->newline_behind_string |= bytes[length] == '\n' || bytes[length] == '\r';
        scanner->line += bytes[length] == '\n';
    }
    return length;
}

static size_t pass_word(SqlScanner *scanner, const char *bytes, size_t size, unsigned classes)
{
    size_t length = run_of(bytes, size, classes);
    add_to_token(scanner, bytes, length);
    return length;
}

static size_t pass_string(SqlScanner *scanner, const char *bytes, size_t size, char stop,
                          char escape)
{
    size_t length = run_to(bytes, size, stop, escape);
    scanner->line += count_lines(bytes, length);
    if (scanner->state != SCAN_STRING || !scanner->continuing)
        add_to_token(scanner, bytes, length);
    return length;
}

static size_t pass_line_comment(SqlScanner *scanner, const char *bytes, size_t size)
{
    size_t length = run_to(bytes, size, '\n', '\r');
    if (length)
        scanner->events.comment(scanner->events.context, bytes, length);
    return length;
}

static size_t pass_comment(SqlScanner *scanner, const char *bytes, size_t size)
{
    size_t length = run_to(bytes, size, '*', '/');
    scanner->line += count_lines(bytes, length);
    if (length)
        scanner->previous = bytes[length - 1];
    return length;
}

size_t sql_scanner_skip(SqlScanner *scanner, const char *bytes, size_t size)
{
    size_t length = 0;
    if (scanner->state == SCAN_BETWEEN)
        length = pass_space(scanner, bytes, size);
    else if (scanner->state == SCAN_WORD)
        length = pass_word(scanner, bytes, size, WORD);
    else if (scanner->state == SCAN_INTEGER || scanner->state == SCAN_DECIMAL)
        length = pass_word(scanner, bytes, size, DIGIT);
    else if (scanner->state == SCAN_STRING)
        length = pass_string(scanner, bytes, size, '\'', scanner->escapes ? '\\' : '\'');
    else if (scanner->state == SCAN_QUOTED)
        length = pass_string(scanner, bytes, size, '"', '"');
    else if (scanner->state == SCAN_DOLLAR_TEXT && scanner->tag_matched == 0)
        length = pass_string(scanner, bytes, size, '$', '$');
    else if (scanner->state == SCAN_LINE_COMMENT)
        length = pass_line_comment(scanner, bytes, size);
    else if (scanner->state == SCAN_COMMENT)
        length = pass_comment(scanner, bytes, size);
    scanner->offset += (int64_t)length;
    return length;
}
