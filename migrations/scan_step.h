/* What the scanner's states are made of; for sql_scanner.c and its rooms. Inline, because they run
 * for each byte. */
#ifndef SEALIFT_MIGRATIONS_SCAN_STEP_H
#define SEALIFT_MIGRATIONS_SCAN_STEP_H

#include "migrations/sql_scanner.h"

/* What a state did with a byte: took it, wants another state to look at it again, or failed. */
typedef enum { STEP_TAKEN, STEP_AGAIN, STEP_FAILED } ScanStep;

/* Kinds of bytes; scan_runs.c has the table. */
#define SCAN_CLASS_SPACE    0x01
#define SCAN_CLASS_LETTER   0x02 /* what a word may begin with: all beyond ASCII, too */
#define SCAN_CLASS_DIGIT    0x04
#define SCAN_CLASS_DOLLAR   0x08
#define SCAN_CLASS_OPERATOR 0x10

extern const unsigned char scan_classes[256];

static inline bool scan_is_space(unsigned char byte)
{
    return scan_classes[byte] & SCAN_CLASS_SPACE;
}

static inline bool scan_is_digit(unsigned char byte)
{
    return scan_classes[byte] & SCAN_CLASS_DIGIT;
}

static inline bool scan_is_word_start(unsigned char byte)
{
    return scan_classes[byte] & SCAN_CLASS_LETTER;
}

static inline bool scan_is_operator(unsigned char byte)
{
    return scan_classes[byte] & SCAN_CLASS_OPERATOR;
}

/* -- the token being read -- */

static inline void scan_token_begin(SqlScanner *scanner, WordKind kind)
{
    SqlToken *token = &scanner->token;
    token->kind = kind;
    token->offset = scanner->offset;
    token->line = scanner->line;
    token->length = 0;
    token->folded = false;
}

static inline void scan_token_add(SqlScanner *scanner, unsigned char byte)
{
    SqlToken *token = &scanner->token;
    if (token->length < sizeof token->text - 1)
        token->text[token->length] = (char)byte;
    token->length++;
}

/* Where a text too long is cut: not inside a character, as the server cuts identifiers. */
static inline size_t scan_token_kept(const SqlToken *token)
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
static inline bool scan_token_end(SqlScanner *scanner, int64_t end, Error *err)
{
    SqlToken *token = &scanner->token;
    scanner->state = SCAN_BETWEEN;
    token->end = end;
    token->text[scan_token_kept(token)] = '\0';
    scanner->may_continue = token->kind == WORD_LITERAL;
    scanner->newline_behind_string = false;
    return scanner->events.token(scanner->events.context, token, err);
}

static inline ScanStep scan_ended_before(SqlScanner *scanner, Error *err)
{
    return scan_token_end(scanner, scanner->offset, err) ? STEP_AGAIN : STEP_FAILED;
}

static inline ScanStep scan_ended_with(SqlScanner *scanner, Error *err)
{
    return scan_token_end(scanner, scanner->offset + 1, err) ? STEP_TAKEN : STEP_FAILED;
}

static inline ScanStep scan_enter(SqlScanner *scanner, ScannerState state)
{
    scanner->state = state;
    return STEP_TAKEN;
}

static inline ScanStep scan_enter_token(SqlScanner *scanner, ScannerState state, WordKind kind,
                                        unsigned char byte)
{
    scan_token_begin(scanner, kind);
    scan_token_add(scanner, byte);
    return scan_enter(scanner, state);
}

/* -- scan_strings.c: strings, quoted identifiers, dollar quotes; one function for each state -- */

ScanStep scan_string(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_string_escape(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_string_quote(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_quoted(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_quoted_quote(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_dollar(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_dollar_tag(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_dollar_text(SqlScanner *scanner, unsigned char byte, Error *err);

/* -- scan_references.c: colons, and references to psql's variables -- */

ScanStep scan_colon(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_variable(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_variable_quoted(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_variable_brace(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_variable_test(SqlScanner *scanner, unsigned char byte, Error *err);

/* -- scan_numbers.c: dots and numbers; scan_digits is of exponents and of $1 -- */

ScanStep scan_dot(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_integer(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_integer_dot(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_decimal(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_exponent(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_exponent_sign(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_digits(SqlScanner *scanner, unsigned char byte, Error *err);
ScanStep scan_number_word(SqlScanner *scanner, unsigned char byte, Error *err);

#endif
