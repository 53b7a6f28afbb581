/* Splits a SQL script into statements as psql does: strings of all kinds, dollar quotes, nested
 * comments, parentheses (rules), BEGIN ATOMIC … END bodies, COPY … FROM STDIN data, backslash
 * lines.
 *
 * Push parser with constant memory: feed it the canonical text in pieces of any size; it calls back
 * at boundaries with offsets and lines, never with text it had to keep. Checked against psql's own
 * scanner (src/fe_utils/psqlscan.l, src/bin/psql/psqlscanslash.l) with standard_conforming_strings
 * on. Refuses NUL, invalid UTF-8 and unterminated constructs (ERROR_INPUT with the line where the
 * construct began). */
#ifndef SEALIFT_MIGRATIONS_STATEMENT_SPLITTER_H
#define SEALIFT_MIGRATIONS_STATEMENT_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SPLITTER_WORDS_MAX     48 /* leading tokens kept of a statement for classification */
#define SPLITTER_WORD_SIZE_MAX 64 /* bytes kept of each, with the NUL (an identifier has 63) */

typedef enum {
    WORD_KEYWORD, /* unquoted word, folded to lower case */
    WORD_QUOTED,  /* "identifier", unquoted and unescaped */
    WORD_LITERAL, /* any string literal; kept: its first bytes */
    WORD_NUMBER,
    WORD_PUNCTUATION, /* ( ) , . = and other single characters */
} WordKind;

typedef struct SplitterWord {
    WordKind kind;
    bool truncated;
    char text[SPLITTER_WORD_SIZE_MAX];
} SplitterWord;

typedef struct SplitStatement {
    int64_t offset;     /* of the first token's first byte */
    int64_t length;     /* through the last token, without the semicolon */
    int64_t line;       /* of the first token, from 1 */
    int64_t end_offset; /* behind the semicolon (or the end of the text) */
    bool has_semicolon;
    SplitterWord words[SPLITTER_WORDS_MAX];
    size_t word_count; /* at most SPLITTER_WORDS_MAX */
    bool words_cut;    /* there were more tokens */
} SplitStatement;

typedef struct SplitterEvents {
    /* A statement ended. */
    bool (*statement)(void *context, const SplitStatement *statement, Error *err);
    /* A backslash command line: `text` is the command from the backslash to the end of the line
     * (at most 4096 bytes). Statement text may stand before it (`in_statement`). */
    bool (*backslash)(void *context, const char *text, size_t length, int64_t offset, int64_t line,
                      bool in_statement, Error *err);
    /* COPY data of the statement last reported: bytes in pieces, `\.` line not included, then once
     * with size 0 at its end (offset: behind the terminator line). */
    bool (*copy_data)(void *context, const void *bytes, size_t size, int64_t offset, Error *err);
    void *context;
} SplitterEvents;

typedef struct StatementSplitter StatementSplitter;

StatementSplitter *statement_splitter_new(const SplitterEvents *events);
void statement_splitter_free(StatementSplitter *splitter);
DEFINE_CLEANUP(StatementSplitter, statement_splitter_free)

bool statement_splitter_feed(StatementSplitter *splitter, const void *bytes, size_t size,
                             Error *err) MUST_CHECK;
/* The text is over: the last statement may lack its semicolon; anything unterminated is an error.
 */
bool statement_splitter_end(StatementSplitter *splitter, Error *err) MUST_CHECK;

#endif
