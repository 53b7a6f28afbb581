/* What the splitter knows while a text is split; for statement_splitter.c and its rooms. */
#ifndef SEALIFT_MIGRATIONS_SPLITTER_STATE_H
#define SEALIFT_MIGRATIONS_SPLITTER_STATE_H

#include "migrations/copy_lines.h"
#include "migrations/sql_scanner.h"
#include "migrations/statement_splitter.h"
#include "migrations/text_check.h"

/* What the bytes being fed are. */
typedef enum {
    FEED_SQL,
    FEED_BACKSLASH, /* a backslash command, to the end of its line */
    FEED_COPY_TAIL, /* the rest of the line behind COPY … FROM STDIN; */
    FEED_COPY_DATA,
} FeedMode;

/* What the rest of a line behind COPY … FROM STDIN; has held so far. */
typedef enum {
    TAIL_SPACE,
    TAIL_DASH,
    TAIL_LINE_COMMENT,
    TAIL_SLASH,
    TAIL_COMMENT,
    TAIL_COMMENT_STAR,
} TailState;

/* How far the words COPY … FROM STDIN have come. */
typedef enum { COPY_WORDS_NONE, COPY_WORDS_COPY, COPY_WORDS_FROM, COPY_WORDS_TO } CopyWords;

#define ROUTINE_WORDS 4 /* CREATE OR REPLACE FUNCTION */

struct StatementSplitter {
    SplitterEvents events;
    TextCheck check;
    SqlScanner scanner;
    FeedMode mode;

    /* The statement being read. */
    SplitStatement statement;
    bool in_statement;
    int64_t statement_end; /* behind its last token so far */
    int64_t paren_depth, paren_line;
    /* psql's own way to know the END that ends a routine's body: the first identifiers of the
     * statement say that it creates a routine, then BEGIN, CASE and END count. */
    char routine_words[ROUTINE_WORDS];
    size_t word_count;
    int64_t begin_depth, begin_line;
    CopyWords copy_words;
    int64_t bracket_depth; /* in a subscript, a colon may be a slice's */
    bool is_json;          /* the statement speaks of JSON_OBJECT, which has colons */

    /* The pieces given to events.sql. */
    const char *piece;
    int64_t piece_offset;
    int64_t sql_offset; /* up to here SQL was given away */
    /* The end of the piece before: a reference that may go on. */
    char held[SPLITTER_WORD_SIZE_MAX + 4];
    size_t held_length;
    int insert_depth; /* values being read in the place of references */
    bool inserted;    /* something of the statement being read was put in a reference's place */

    /* A backslash command or a comment between statements. */
    char text[SPLITTER_LINE_SIZE_MAX];
    size_t text_length;
    int64_t text_offset, text_line;

    TailState tail;       /* in FEED_COPY_TAIL */
    CopyLines copy_lines; /* in FEED_COPY_DATA */
};

/* -- statement_splitter.c -- */

/* Sets the error, with the text's name and the line, and returns false. */
bool splitter_refuse(const StatementSplitter *splitter, int64_t line, Error *err, const char *what);

/* SQL to events.sql: bytes that are next, */
bool splitter_give(StatementSplitter *splitter, const char *bytes, int64_t size,
                   Error *err) MUST_CHECK;
/* and all up to `offset`, in the piece being fed or in what was held of the one before. */
bool splitter_give_sql(StatementSplitter *splitter, int64_t offset, Error *err) MUST_CHECK;

/* -- splitter_statement.c -- */

/* Events of the scanner; their context is the splitter, as of all named splitter_on_…. */
bool splitter_on_token(void *context, const SqlToken *token, Error *err) MUST_CHECK;
void splitter_on_string_extended(void *context, int64_t end);

/* A statement ends, if one has begun; its end_offset is given. */
bool splitter_report_statement(StatementSplitter *splitter, bool has_semicolon, int64_t end_offset,
                               Error *err) MUST_CHECK;

/* -- splitter_references.c -- */

VariableFate splitter_on_variable(void *context, VariableForm form, SqlToken *token, Error *err);

/* -- splitter_lines.c -- */

void splitter_on_comment(void *context, const char *bytes, size_t size);
bool splitter_on_comment_end(void *context, int64_t line, Error *err) MUST_CHECK;
void splitter_on_backslash(void *context);

/* In FEED_BACKSLASH: *ret_used bytes were taken, through the command's end if it came. */
bool splitter_feed_backslash(StatementSplitter *splitter, const char *bytes, size_t size,
                             size_t *ret_used, Error *err) MUST_CHECK;

/* -- splitter_copy.c -- */

/* In FEED_COPY_TAIL: the next byte. */
bool splitter_step_copy_tail(StatementSplitter *splitter, char byte, Error *err) MUST_CHECK;

/* In FEED_COPY_DATA: *ret_used bytes were taken, through the data's end if it came. */
bool splitter_feed_copy_data(StatementSplitter *splitter, const char *bytes, size_t size,
                             size_t *ret_used, Error *err) MUST_CHECK;

/* COPY data to events.copy_data; size 0: its end. The context is the splitter. */
bool splitter_give_data(void *context, const void *bytes, size_t size, int64_t offset,
                        Error *err) MUST_CHECK;

/* The text ends in the data. */
bool splitter_end_in_copy_data(StatementSplitter *splitter, Error *err) MUST_CHECK;

#endif
