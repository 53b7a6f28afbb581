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

#define SPLITTER_WORDS_MAX     48   /* leading tokens kept of a statement for classification */
#define SPLITTER_WORD_SIZE_MAX 64   /* bytes kept of each, with the NUL (an identifier has 63) */
#define SPLITTER_LINE_SIZE_MAX 4096 /* bytes of a backslash command or of a comment reported */
#define SPLITTER_TAG_SIZE_MAX  256  /* bytes of the tag of a $tag$ */

typedef enum {
    WORD_KEYWORD, /* unquoted word, folded to lower case */
    WORD_QUOTED,  /* "identifier", unquoted and unescaped */
    WORD_LITERAL, /* any string literal; kept: its first bytes */
    WORD_NUMBER,
    WORD_PUNCTUATION, /* ( ) , . [ ] : and the like one by one; a run of operator characters */
} WordKind;

typedef struct SplitterWord {
    WordKind kind;
    bool truncated;
    char text[SPLITTER_WORD_SIZE_MAX];
} SplitterWord;

/* What a COPY statement copies. */
typedef enum {
    SPLITTER_COPY_NONE, /* no COPY */
    SPLITTER_COPY_FROM_STDIN,
    SPLITTER_COPY_TO_STDOUT,
    SPLITTER_COPY_FILE,    /* FROM or TO a file of the server */
    SPLITTER_COPY_PROGRAM, /* FROM or TO a program on the server */
} SplitterCopy;

/* Unquoted words and parameters that matter wherever they stand in a statement. */
typedef enum {
    SEEN_WHERE = 1 << 0,      /* outside parentheses */
    SEEN_DELETE = 1 << 1,     /* anywhere, and so on */
    SEEN_UPDATE = 1 << 2,     /* */
    SEEN_DROP = 1 << 3,       /* */
    SEEN_CASCADE = 1 << 4,    /* */
    SEEN_UNLOCK_ALL = 1 << 5, /* pg_advisory_unlock_all */
    SEEN_OUTSIDE = 1 << 6,    /* a function that reaches outside the database: dblink_…, slots */
    SEEN_WHERE_ANY = 1 << 7,  /* WHERE, in parentheses or not */
    SEEN_FIRST_PARAMETER = 1 << 8,  /* $1 */
    SEEN_SECOND_PARAMETER = 1 << 9, /* $2 */
    SEEN_OTHER_PARAMETER = 1 << 10, /* any other $n */
} SplitterSeen;

typedef struct SplitStatement {
    int64_t offset;     /* of the first token's first byte */
    int64_t length;     /* through the last token, without the semicolon */
    int64_t line;       /* of the first token, from 1 */
    int64_t end_line;   /* of the semicolon (or of the end of the text) */
    int64_t end_offset; /* behind the semicolon (or the end of the text) */
    bool has_semicolon;
    bool inserted; /* something stands in it in the place of a reference, and counts no lines */
    SplitterWord words[SPLITTER_WORDS_MAX];
    size_t word_count;       /* at most SPLITTER_WORDS_MAX */
    bool words_cut;          /* there were more tokens */
    SplitterCopy copy;       /* known whether or not words are cut */
    unsigned seen;           /* bits of SplitterSeen, of all tokens */
    int64_t list_size;       /* 1 + commas outside parentheses: the objects of a DROP or TRUNCATE */
    int64_t reference_count; /* the words REFERENCES in it */
} SplitStatement;

/* How a script refers to a psql variable. */
typedef enum {
    VARIABLE_BARE,       /* :name */
    VARIABLE_LITERAL,    /* :'name' */
    VARIABLE_IDENTIFIER, /* :"name" */
    VARIABLE_TEST,       /* :{?name} */
} VariableForm;

typedef struct SplitterVariable {
    VariableForm form;
    const char *name; /* without colon and quotes; of a longer one the first bytes */
    int64_t offset; /* of its colon in the text so far: replacements count, not what they replace */
    int64_t length; /* of the whole reference as it is written */
    int64_t line;
    bool may_be_sql; /* where a colon and a word are SQL, too: a slice, or JSON_OBJECT */
} SplitterVariable;

typedef enum {
    SPLITTER_INSERT_NONE,       /* leave the reference: what it is lexed as without variables */
    SPLITTER_INSERT_TEXT,       /* read `text` in its place as SQL, references in it included */
    SPLITTER_INSERT_LITERAL,    /* `text` is a quoted string, whatever it holds */
    SPLITTER_INSERT_IDENTIFIER, /* `text` is a quoted name */
    SPLITTER_INSERT_NUMBER,     /* `text` is a number, or a word like true */
} SplitterInsertKind;

/* What stands in a reference's place. `text` NULL with one of the last three kinds: the reference
 * stays as it is written and counts as such a token. */
typedef struct SplitterInsert {
    SplitterInsertKind kind;
    char *text; /* owned by the splitter from then on */
} SplitterInsert;

#define SPLITTER_INSERT_DEPTH_MAX 10 /* values that refer to others */

/* Any callback may be NULL: not wanted. One that returns false ends the feeding with its error. */
typedef struct SplitterEvents {
    const char
        *name; /* what errors call the text: "NAME:LINE: …"; NULL: "line LINE: …". Not owned */
    int64_t first_line; /* the number of the text's first line; 0: 1 */
    /* A statement ended. Empty statements are not reported. */
    bool (*statement)(void *context, const SplitStatement *statement, Error *err);
    /* A backslash command line: `text` is the command from the backslash to the end of the line
     * (at most SPLITTER_LINE_SIZE_MAX bytes, a longer one is an error). Statement text may stand
     * before it (`in_statement`). */
    bool (*backslash)(void *context, const char *text, size_t length, int64_t offset, int64_t line,
                      bool in_statement, Error *err);
    /* A reference to a psql variable, before its statement is reported. NULL: they are not looked
     * for. */
    bool (*variable)(void *context, const SplitterVariable *variable, SplitterInsert *ret_insert,
                     Error *err);
    /* A `--` comment between statements: `text` from the dashes to the end of the line, cut at
     * SPLITTER_LINE_SIZE_MAX bytes. */
    bool (*comment)(void *context, const char *text, size_t length, int64_t line, Error *err);
    /* All that is neither a backslash command (without its newline) nor COPY data, in pieces. A
     * statement or comment may be reported before the pieces that hold it; a backslash command or
     * COPY data never before the pieces in front of it. */
    bool (*sql)(void *context, const void *bytes, size_t size, int64_t offset, Error *err);
    /* COPY data of the statement last reported: bytes in pieces, `\.` line not included, then once
     * with size 0 at its end (offset: behind the terminator line). */
    bool (*copy_data)(void *context, const void *bytes, size_t size, int64_t offset, Error *err);
    void *context;
} SplitterEvents;

typedef struct StatementSplitter StatementSplitter;

/* The events are copied. The caller frees. */
StatementSplitter *statement_splitter_new(const SplitterEvents *events);
void statement_splitter_free(StatementSplitter *splitter);
DEFINE_CLEANUP(StatementSplitter, statement_splitter_free)

/* Lines of the file that are not fed: what follows stands this much further down. */
void statement_splitter_skip_lines(StatementSplitter *splitter, int64_t lines);

/* After an error nothing more may be fed. */
bool statement_splitter_feed(StatementSplitter *splitter, const void *bytes, size_t size,
                             Error *err) MUST_CHECK;
/* The text is over: the last statement may lack its semicolon; anything unterminated is an error.
 */
bool statement_splitter_end(StatementSplitter *splitter, Error *err) MUST_CHECK;

#endif
