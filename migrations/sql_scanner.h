/* The lexical half of the splitter: cuts SQL text into tokens by the rules of
 * psqlscan.l (PostgreSQL 15, standard_conforming_strings on). Knows strings, identifiers, comments,
 * numbers and operators; knows nothing of statements. Holds no text but the beginning of the token
 * being read. */
#ifndef SEALIFT_MIGRATIONS_SQL_SCANNER_H
#define SEALIFT_MIGRATIONS_SQL_SCANNER_H

#include "migrations/statement_splitter.h"

typedef struct SqlToken {
    WordKind kind;
    int64_t offset; /* of its first byte */
    int64_t end;    /* behind its last byte */
    int64_t line;   /* of its first byte */
    size_t length;  /* of its text, all of it, unquoted; more than `text` may hold */
    char text[SPLITTER_WORD_SIZE_MAX]; /* beginning, NUL-terminated, cut between characters */
    bool folded;                       /* an unquoted word that psql counts as an identifier */
} SqlToken;

/* What became of a reference to a psql variable. */
typedef enum {
    VARIABLE_PLAIN, /* nothing: it is lexed as if psql did not know it */
    VARIABLE_TOKEN, /* it is one token, whose kind and text the callback has set */
    VARIABLE_FED,   /* its text was fed through the scanner, from the place of its colon on */
    VARIABLE_REFUSED,
} VariableFate;

typedef struct ScannerEvents {
    bool (*token)(void *context, const SqlToken *token, Error *err);
    /* Sets the error and returns false. */
    bool (*refuse)(void *context, int64_t line, const char *what, Error *err);
    /* The string reported last went on behind a newline and now ends here. */
    void (*string_extended)(void *context, int64_t end);
    /* A `--` comment: bytes of it, in pieces, and its end. */
    void (*comment)(void *context, const char *bytes, size_t size);
    bool (*comment_end)(void *context, int64_t line, Error *err);
    /* A reference to a psql variable outside quotes and comments; `token` holds its place, and its
     * name as text, which may be cut (token->length). Without this event none is looked for: :name
     * is one token, and :'name' a colon and a string. What the callback puts in the reference's
     * place counts: it moves scanner->offset by the difference, and token->end with it. */
    VariableFate (*variable)(void *context, VariableForm form, SqlToken *token, Error *err);
    /* A backslash outside quotes and comments, at this place. */
    void (*backslash)(void *context);
    void *context;
} ScannerEvents;

/* Where the scanner stands between two bytes. */
typedef enum {
    SCAN_BETWEEN, /* between tokens */
    SCAN_WORD,
    SCAN_WORD_UAMP, /* behind u& : a string, a quoted identifier, or neither */
    SCAN_STRING,
    SCAN_STRING_ESCAPE, /* behind a backslash in E'' */
    SCAN_STRING_QUOTE,  /* behind a quote: doubled, or the end */
    SCAN_QUOTED,
    SCAN_QUOTED_QUOTE,
    SCAN_DOLLAR,      /* behind a $ that may open a dollar quote */
    SCAN_DOLLAR_TAG,  /* in the tag of a maybe opening $tag$ */
    SCAN_DOLLAR_TEXT, /* in a dollar-quoted string */
    SCAN_OPERATOR,
    SCAN_LINE_COMMENT,
    SCAN_COMMENT,
    SCAN_COLON,           /* behind a colon: a cast, := or a psql variable */
    SCAN_VARIABLE,        /* :name */
    SCAN_VARIABLE_QUOTED, /* behind the quote of :'name' or :"name" */
    SCAN_VARIABLE_BRACE,  /* behind the brace of :{?name} */
    SCAN_VARIABLE_TEST,   /* behind its question mark */
    SCAN_DOT,
    SCAN_INTEGER,
    SCAN_INTEGER_DOT,
    SCAN_DECIMAL,
    SCAN_EXPONENT, /* behind the e of a number */
    SCAN_EXPONENT_SIGN,
    SCAN_EXPONENT_DIGITS,
    SCAN_NUMBER_WORD, /* in a word that a number runs into: 1e5, 1x */
    SCAN_PARAMETER,   /* $1 */
} ScannerState;

typedef struct SqlScanner {
    ScannerEvents events;
    ScannerState state;
    int64_t offset; /* of the byte being looked at */
    int64_t line;   /* of that byte, from 1 */
    SqlToken token; /* the token being read */
    char previous;  /* in operators and comments: the byte before; the quote of :'name' */
    bool escapes;   /* the string being read is an E'' */
    /* Behind a string: a quote behind a newline continues it. */
    bool may_continue, newline_behind_string, continuing;
    int64_t comment_line; /* where the comment being read began */
    int64_t comment_depth;
    char tag[SPLITTER_TAG_SIZE_MAX + 1]; /* of the dollar quote, without its dollars */
    size_t tag_length;
    size_t tag_matched; /* bytes of "$tag$" seen in a row; 0 none */
} SqlScanner;

void sql_scanner_init(SqlScanner *scanner, const ScannerEvents *events);

/* Look at the next byte. Fails with what a callback said. */
bool sql_scanner_step(SqlScanner *scanner, unsigned char byte, Error *err) MUST_CHECK;

/* Take the bytes at the beginning of these that leave the scanner in the state it is in: the rest
 * of a word, of white space, of a string or a comment up to what may end it. Means the same as a
 * step for each. How many they were; maybe 0. */
size_t sql_scanner_skip(SqlScanner *scanner, const char *bytes, size_t size);

/* Whether the last bytes may be the beginning of a reference; its colon is at token.offset. */
bool sql_scanner_in_reference(const SqlScanner *scanner);

/* The text ends where the scanner is in a reference, or where it may be: so does that. */
bool sql_scanner_end_reference(SqlScanner *scanner, Error *err) MUST_CHECK;

/* What is still open at the end of the text, in words ("string"), and the line where it began;
 * NULL for nothing. The caller has fed a newline behind the text, which ends all that may end. */
const char *sql_scanner_open(const SqlScanner *scanner, int64_t *ret_line);

#endif
