#include "migrations/scan_step.h"

ScanStep scan_dot(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!scan_is_digit(byte) && byte != '.')
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    if (byte == '.')
        return scan_ended_with(scanner, err);
    scanner->token.kind = WORD_NUMBER;
    return scan_enter(scanner, SCAN_DECIMAL);
}

/* A word right behind a number is part of it, and the server refuses the whole. So its letters are
 * no prefix of a string and its dollars open none. */
static ScanStep number_byte(SqlScanner *scanner, unsigned char byte, ScannerState behind_e,
                            Error *err)
{
    if (!scan_is_digit(byte) && !scan_is_word_start(byte))
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    if (scan_is_digit(byte))
        return STEP_TAKEN;
    return scan_enter(scanner, byte == 'e' || byte == 'E' ? behind_e : SCAN_NUMBER_WORD);
}

ScanStep scan_number_word(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!scan_is_digit(byte) && !scan_is_word_start(byte) && byte != '$')
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    return STEP_TAKEN;
}

ScanStep scan_integer(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte == '.')
        return scan_enter(scanner, SCAN_INTEGER_DOT);
    return number_byte(scanner, byte, /* behind_e= */ SCAN_EXPONENT, err);
}

/* 1..2 is the integer 1, two dots, the integer 2; anything else behind 1. is a decimal. */
ScanStep scan_integer_dot(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (byte != '.') {
        scan_token_add(scanner, '.');
        scanner->state = SCAN_DECIMAL;
        return STEP_AGAIN;
    }
    if (!scan_token_end(scanner, scanner->offset - 1, err))
        return STEP_FAILED;
    scanner->offset--;
    (void)scan_enter_token(scanner, SCAN_DOT, WORD_PUNCTUATION, '.');
    scanner->offset++;
    return STEP_AGAIN;
}

ScanStep scan_decimal(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return number_byte(scanner, byte, /* behind_e= */ SCAN_EXPONENT, err);
}

ScanStep scan_exponent(SqlScanner *scanner, unsigned char byte, Error *err UNUSED)
{
    if (byte != '+' && byte != '-') {
        /* 1e5 is what a word behind the 1 would be, too */
        scanner->state = SCAN_NUMBER_WORD;
        return STEP_AGAIN;
    }
    scan_token_add(scanner, byte);
    return scan_enter(scanner, SCAN_EXPONENT_SIGN);
}

ScanStep scan_exponent_sign(SqlScanner *scanner, unsigned char byte, Error *err)
{
    if (!scan_is_digit(byte))
        return scan_ended_before(scanner, err);
    scan_token_add(scanner, byte);
    return scan_enter(scanner, SCAN_EXPONENT_DIGITS);
}

ScanStep scan_digits(SqlScanner *scanner, unsigned char byte, Error *err)
{
    return number_byte(scanner, byte, /* behind_e= */ SCAN_NUMBER_WORD, err);
}
