/* A script read for shipping: canonical text (no BOM, CRLF as LF), split into statements, with COPY
 * data carved out, psql lines resolved or refused, directives taken from the comments at its top.
 *
 * Reading streams: the shipped SQL text and each piece of COPY data go to a sink as they are found,
 * so that memory does not grow with the script (but for one record per statement). The shipped text
 * is the canonical text with three changes: inline COPY data and its `\.` line are left out, a
 * `\copy … from 'file'` line becomes `COPY … FROM STDIN`, and \restrict/\unrestrict lines vanish.
 * Offsets below count in the shipped text, lines in the authored file. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_H
#define SEALIFT_MIGRATIONS_SCRIPT_H

#include "base/array.h"
#include "migrations/script_range.h"
#include "migrations/statement_kind.h"

#define SCRIPT_STATEMENT_SIZE_MAX (INT64_C(256) << 20) /* one message to the server */

typedef struct ScriptSink {
    /* Any of these may be NULL: not wanted. */
    bool (*sql)(void *context, const void *bytes, size_t size, Error *err);
    bool (*data_begin)(void *context, Error *err);
    bool (*data)(void *context, const void *bytes, size_t size, Error *err);
    bool (*data_end)(void *context, Error *err);
    void *context;
} ScriptSink;

typedef struct ScriptStatement {
    int64_t offset; /* in the shipped text */
    int64_t length; /* without the semicolon */
    int64_t line;   /* in the authored file */
    int64_t data;   /* number of its data file, from 0; -1 where it is no COPY FROM STDIN */
    StatementKind kind;
    char summary[80]; /* its first words, printable, for messages: "create index concurrently …" */
} ScriptStatement;

typedef ARRAY_OF(ScriptStatement) ScriptStatementArray;

/* -- sealift: ack RULE REASON: the author has seen what this rule says and means it. Which rules
 * there are is the planner's knowledge; here a rule is a word of small letters, digits and dashes,
 * named at most once in a script. */
typedef struct ScriptAck {
    char *rule;   /* owned */
    char *reason; /* owned, not empty */
    int64_t line; /* of the directive in the authored file */
} ScriptAck;

typedef ARRAY_OF(ScriptAck) ScriptAckArray;

/* -- sealift: batch key=COLUMN [size=ROWS] [table=NAME] [pause=TIME]: the script's first statement
 * is run for one range of keys after the other, its second says whether all is done. Names are as
 * the server would take them: folded unless quoted. */
#define SCRIPT_BATCH_SIZE_DEFAULT 10000
#define SCRIPT_BATCH_SIZE_MAX     10000000

typedef struct ScriptBatch {
    int64_t size; /* rows of one batch; 0: the directive is not given */
    int64_t pause_ms;
    int64_t line;       /* of the directive in the authored file */
    char *key;          /* owned */
    char *table;        /* owned; NULL: the one that the statement changes */
    char *table_schema; /* owned, or NULL */
} ScriptBatch;

/* Directives: comments `-- sealift: …` before the first statement. An unknown one is an error. */
typedef struct ScriptDirectives {
    bool no_transaction; /* -- sealift: no-transaction */
    bool idempotent;     /* -- sealift: idempotent: steps outside transactions may run twice */
    bool verify_in_transaction;   /* -- sealift: verify in-transaction (in a verify script) */
    char *irreversible;           /* -- sealift: irreversible REASON (in an up script); owned */
    int64_t lock_timeout_ms;      /* -- sealift: lock-timeout 5s | 200ms | 0; -1 not given */
    int64_t statement_timeout_ms; /* -- sealift: statement-timeout …; -1 not given */
    char *phase;                  /* -- sealift: phase before|after; owned, or NULL */
    bool gate;                    /* -- sealift: gate (in a precheck script) */
    ScriptBatch batch;            /* -- sealift: batch … (in an up or down script) */
    ScriptAckArray acks;          /* -- sealift: ack RULE REASON (in any script), as they stand */
} ScriptDirectives;

typedef struct Script {
    ScriptDirectives directives;
    ScriptStatementArray statements;
    int64_t data_count;   /* data files carved out */
    int64_t shipped_size; /* bytes of the shipped text */
} Script;

void script_done(Script *script);

/* A script's file. */
typedef struct ScriptFile {
    const char *path;
    const char *name;               /* how messages call it: its path in the project */
    const ScriptRangeArray *ranges; /* or NULL: the whole file */
} ScriptFile;

/* Read it. `\copy` files are found beside the script and may not leave its folder. Errors are
 * ERROR_INPUT "name:line: …". */
bool script_read(const ScriptFile *file, const ScriptSink *sink, Script *ret_script,
                 Error *err) MUST_CHECK;

/* Add statements behind a script that was read, as if they stood at its end: `text` (whole
 * statements, each with its semicolon, and comments) goes to the sink, the statements to `script`,
 * all at `line`. ERROR_INTERNAL for a text that is not such. */
bool script_append(Script *script, const char *text, int64_t line, const ScriptSink *sink,
                   Error *err) MUST_CHECK;

#endif
