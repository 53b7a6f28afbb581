/* A script read for shipping: canonical text (script_text.h), split into statements, with COPY
 * data carved out, psql lines resolved or refused, directives taken from the comments at its top,
 * named values and included files in their places (docs/values.md).
 *
 * Reading streams: the shipped SQL text and each piece of COPY data go to a sink as they are found,
 * so that memory does not grow with the script (but for one record per statement, or per run of
 * lines, ScriptSink.joins_lines). The shipped text is the canonical text with these changes: inline
 * COPY data and its `\.` line are left out, a
 * `\copy … from 'file'` line becomes `COPY … FROM STDIN`, the other lines of psql vanish, with them
 * the branches that \if does not take; an included file's text stands where it is included, a fixed
 * value's where it is named. A site parameter stays as a reference of psql, `:'name'`, `:"name"` or
 * `:name`, whatever the layout writes it as: the site puts its text there (ScriptReference).
 * Offsets below count in the shipped text, lines in the authored file. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_H
#define SEALIFT_MIGRATIONS_SCRIPT_H

#include "base/array.h"
#include "migrations/project_values.h"
#include "migrations/script_range.h"
#include "migrations/statement_kind.h"

#define SCRIPT_STATEMENT_SIZE_MAX (INT64_C(256) << 20) /* one message to the server */

typedef struct Script Script;
typedef struct ScriptStatement ScriptStatement;

typedef struct ScriptSink {
    /* Any of these may be NULL: not wanted. */
    bool (*sql)(void *context, const void *bytes, size_t size, Error *err);
    bool (*data_begin)(void *context, Error *err);
    bool (*data)(void *context, const void *bytes, size_t size, Error *err);
    bool (*data_end)(void *context, Error *err);
    /* Each statement that is found, as it is by itself. */
    void (*statement)(void *context, const Script *script, const ScriptStatement *statement);
    /* Only the last statement is kept, without its summary unless it is asked for: memory does not
     * grow with their number.
     */
    bool forgets_statements;
    /* INSERTs into one table, each in a line of its own, one line behind the other, are kept as one
     * statement (ScriptStatement.statements), where all of them run in one transaction: so a script
     * of a million costs no more memory than one of few. Not for a script of which each statement
     * is a transaction by itself; one whose directives say so needs no flag. */
    bool joins_lines;
    void *context;
    bool without_files; /* the files of \copy are not looked at */
} ScriptSink;

/* Where a statement refers to a site parameter. */
typedef struct ScriptReference {
    int64_t offset; /* in the shipped text, of the colon */
    int64_t length; /* of the whole reference: what the site's text takes the place of */
    size_t value;   /* index into ScriptSettings.values */
    ValueForm form; /* how the site writes its text there */
} ScriptReference;

typedef ARRAY_OF(ScriptReference) ScriptReferenceArray;

struct ScriptStatement {
    int64_t offset;      /* in the shipped text */
    int64_t length;      /* without the semicolon; of several with all but the last one's */
    int64_t statements;  /* 1; more: so many lines of shipped and authored text, from `line` on */
    int64_t line;        /* in the authored file: of what it comes from, */
    size_t source;       /* this one of Script.sources */
    int64_t script_line; /* in the script itself: of the outermost \i where it is included */
    size_t first_reference, reference_count; /* of Script.references */
    int64_t data; /* number of its data file, from 0; -1 where it is no COPY FROM STDIN */
    bool pinned; /* a setting in a dump that the applier has made itself, where the server has it */
    StatementKind kind;
    char summary[80]; /* its first words, printable, for messages: "create index concurrently …" */
};

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

/* -- sealift: requires extension NAME [>=VERSION] | server MAJOR | role NAME | setting NAME=VALUE:
 * what must be there before the first step of any bundle that holds the migration. */
typedef enum { REQUIRE_EXTENSION, REQUIRE_SERVER, REQUIRE_ROLE, REQUIRE_SETTING } RequireKind;

typedef struct ScriptRequire {
    RequireKind kind;
    char *name;  /* owned; of a server: its least major version, in digits */
    char *value; /* owned: the least version of an extension, or ""; a setting's value */
} ScriptRequire;

typedef ARRAY_OF(ScriptRequire) ScriptRequireArray;

/* -- sealift: depends IDENTITY: a migration that must stand before this one. */
typedef struct ScriptDepend {
    char *identity; /* owned */
    int64_t line;   /* of the directive in the authored file */
} ScriptDepend;

typedef ARRAY_OF(ScriptDepend) ScriptDependArray;

/* Directives: comments `-- sealift: …` before the first statement. An unknown one is an error. */
typedef struct ScriptDirectives {
    bool no_transaction; /* -- sealift: no-transaction */
    bool idempotent;     /* -- sealift: idempotent: steps outside transactions may run twice */
    bool verify_in_transaction;   /* -- sealift: verify in-transaction (in a verify script) */
    char *irreversible;           /* -- sealift: irreversible REASON (in an up script); owned */
    char *nothing_to_undo;        /* -- sealift: nothing-to-undo REASON (in an up script, or in a
                                   * down that has no statement); owned */
    int64_t lock_timeout_ms;      /* -- sealift: lock-timeout 5s | 200ms | 0; -1 not given */
    int64_t statement_timeout_ms; /* -- sealift: statement-timeout …; -1 not given */
    char *phase;                  /* -- sealift: phase before|after; owned, or NULL */
    bool gate;                    /* -- sealift: gate (in a precheck script) */
    ScriptBatch batch;            /* -- sealift: batch … (in an up or down script) */
    ScriptAckArray acks;          /* -- sealift: ack RULE REASON (in any script), as they stand */
    ScriptRequireArray requires;  /* -- sealift: requires … (in any script), as they stand */
    ScriptDependArray depends;    /* -- sealift: depends IDENTITY (in an up script) */
} ScriptDirectives;

/* What was left out because it only concerns psql's terminal. */
typedef struct ScriptNote {
    size_t source; /* of Script.sources */
    int64_t line;
    char *command; /* owned: "\\echo" */
} ScriptNote;

struct Script {
    ScriptDirectives directives;
    ScriptStatementArray statements;
    ScriptReferenceArray references; /* in order */
    ARRAY_OF(char *)
    sources;                 /* owned: the script's name, then each included file's path in
                              * the project, once for each time */
    ARRAY_OF(char *) values; /* owned: names of the project's values that the text depends on */
    ARRAY_OF(ScriptNote) notes;
    bool composed; /* the shipped text is not the authored one without its lines of psql: a value,
                    * an included file or a branch */
    bool is_dump;  /* pg_dump wrote it: its first comment says so */
    int64_t statement_count; /* kept or not */
    bool ships;              /* one of them is more than transaction control */
    int64_t data_count;      /* data files carved out */
    int64_t file_count;      /* … of which other files hold them, which \copy names */
    int64_t shipped_size;    /* bytes of the shipped text */
};

void script_done(Script *script);

/* How a script refers to values. */
typedef enum {
    SCRIPT_SYNTAX_NONE,        /* it does not; of psql's commands only \copy and \restrict */
    SCRIPT_SYNTAX_PSQL,        /* :name, :'name', :"name"; \set, \if, \i and so on */
    SCRIPT_SYNTAX_FLYWAY,      /* ${name}, anywhere */
    SCRIPT_SYNTAX_GOOSE,       /* ${NAME}, $NAME …, between the lines ENVSUB ON and ENVSUB OFF */
    SCRIPT_SYNTAX_GRAPHILE,    /* :NAME of declared values, anywhere */
    SCRIPT_SYNTAX_GO_TEMPLATE, /* {{ .Name }}, anywhere */
} ScriptSyntax;
#define SCRIPT_SYNTAX_NAMES "none|psql|flyway|goose|graphile|go-template"

const char *script_syntax_name(ScriptSyntax syntax);
bool script_syntax_parse(const char *name, ScriptSyntax *ret_syntax) MUST_CHECK;

/* What holds for the scripts of a project; borrowed. */
typedef struct ScriptSettings {
    ScriptSyntax syntax;
    const ProjectValueArray *values; /* or NULL: none */
    const char *root;                /* the project's folder; NULL: nothing can be included */
    const char *folder;              /* the migration folder, in the project */
} ScriptSettings;

/* A script's file. */
typedef struct ScriptFile {
    const char *path;
    const char *name;               /* how messages call it: its path in the project */
    const ScriptRangeArray *ranges; /* or NULL: the whole file */
    ScriptSettings settings;
} ScriptFile;

/* In the words of an error about an undeclared name: "':tenant' refers to no value". */
#define SCRIPT_UNKNOWN_VALUE "refers to no value"

/* Whether the line's command is one that psql itself carries out here (docs/values.md). */
bool script_psql_knows(const char *text, size_t length);

/* Whether psql's command of this name only prints, and is left out of a script. */
bool script_psql_prints(const char *name);

/* "name:line" of a statement, in the file that it comes from. The caller frees. */
char *script_statement_place(const Script *script, const ScriptStatement *statement);

/* Read it. `\copy` files are found beside the script and may not leave its folder. Errors are
 * ERROR_INPUT "name:line: …"; of an included file its own name and line, and who includes it. */
bool script_read(const ScriptFile *file, const ScriptSink *sink, Script *ret_script,
                 Error *err) MUST_CHECK;

/* Add statements behind a script that was read, as if they stood at its end: `text` (whole
 * statements, each with its semicolon, and comments) goes to the sink, the statements to `script`,
 * all at `line`. ERROR_INTERNAL for a text that is not such. */
bool script_append(Script *script, const char *text, int64_t line, const ScriptSink *sink,
                   Error *err) MUST_CHECK;

#endif
