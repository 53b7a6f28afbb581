/* What is known while a script is read; for script.c and the rooms that reading is made of. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_READING_H
#define SEALIFT_MIGRATIONS_SCRIPT_READING_H

#include "migrations/script.h"
#include "migrations/script_values.h"
#include "migrations/statement_splitter.h"
#include "migrations/text_values.h"

#define SCRIPT_INCLUDE_DEPTH_MAX 16
#define SCRIPT_SOURCES_MAX       1000 /* files included by one script, each time counted */

/* An \if that is open. */
typedef struct ScriptBranch {
    bool taken;   /* what stands here now is read */
    bool decided; /* a branch of it was taken, or none may be: it stands in one not taken */
    int64_t line, else_line; /* 0: no \else yet */
} ScriptBranch;

/* A file being read: the script, or what it includes. */
typedef struct ScriptSource ScriptSource;
struct ScriptSource {
    const char *path;
    const char *name;             /* its path in the project */
    size_t index;                 /* into Script.sources */
    const ScriptSource *includer; /* NULL: it is the script */
    int64_t include_line;         /* in the includer */
    int depth;
    ARRAY_OF(ScriptBranch) branches;
};

typedef struct ScriptReading {
    const ScriptFile *file;
    const ScriptSink *sink;
    Script *script;
    ScriptValues values;
    ScriptSource *source;
    int64_t shift; /* an offset in the shipped text minus the same place's in the canonical text */
    size_t attached; /* references that belong to statements already */
    /* Of the last statement, where others may be joined to it: the table that it inserts into, and
     * where it ends, behind its semicolon; 0: none may be. */
    StatementName lines_table;
    int64_t lines_end;
    const TextValues *text; /* where another tool's references are replaced, or NULL */
    bool data_open;
    StatementSplitter *splitter; /* of the text being read */
    /* Where references are replaced before the text is split: the one to a site parameter that the
     * splitter is to meet next, and its line; 0: none. */
    size_t site_value;
    ValueForm site_form;
    int64_t site_line;
} ScriptReading;

/* Whether what stands here is read: no branch around it is passed over. */
bool script_source_is_read(const ScriptSource *source);

/* "name:line: …" */
bool script_at_line(const ScriptReading *reading, int64_t line, Error *err);

/* -- script_psql.c -- */

/* A command of psql at the line's place, or several. */
bool script_psql_line(ScriptReading *reading, const char *text, size_t length, int64_t line,
                      bool in_statement, Error *err) MUST_CHECK;

/* A file is over: no \if may be open. */
bool script_psql_end(const ScriptReading *reading, Error *err) MUST_CHECK;

/* -- script_statements.c -- */

/* Bytes of the shipped text, to the sink. */
bool script_ship(ScriptReading *reading, const void *bytes, size_t size, Error *err) MUST_CHECK;

/* A statement that was found; `offset` is in the shipped text, `line` in the source being read. */
bool script_add_statement(ScriptReading *reading, const SplitStatement *split, int64_t offset,
                          int64_t line, Error *err) MUST_CHECK;

/* Events of the splitter; their context is a ScriptReading, as of all named script_on_…. */
bool script_on_statement(void *context, const SplitStatement *split, Error *err) MUST_CHECK;
bool script_on_sql(void *context, const void *bytes, size_t size, int64_t offset,
                   Error *err) MUST_CHECK;
bool script_on_comment(void *context, const char *text, size_t length, int64_t line,
                       Error *err) MUST_CHECK;

/* -- script_copy.c -- */

/* Inline COPY data. */
bool script_on_copy_data(void *context, const void *bytes, size_t size, int64_t offset,
                         Error *err) MUST_CHECK;

/* A \copy line's statement and file. */
bool script_read_copy(ScriptReading *reading, const char *statement, const char *path, int64_t line,
                      Error *err) MUST_CHECK;

/* A line of psql's in a script whose tool is another one. */
bool script_client_command(ScriptReading *reading, const char *text, size_t length, int64_t line,
                           bool in_statement, Error *err) MUST_CHECK;

/* -- script_references.c -- */

/* A reference of psql's. */
bool script_on_variable(void *context, const SplitterVariable *variable, SplitterInsert *insert,
                        Error *err) MUST_CHECK;

/* Of another tool's: one to a site parameter is put into the text, then the splitter meets it. */
bool script_on_site(void *context, size_t value, ValueForm form, int64_t line,
                    Error *err) MUST_CHECK;
bool script_on_site_variable(void *context, const SplitterVariable *variable,
                             SplitterInsert *insert, Error *err) MUST_CHECK;

/* The splitter has not met the one that was put into the text: sets the error, returns false. */
bool script_refuse_missed(const ScriptReading *reading, Error *err);

/* -- script_files.c -- */

/* One more of Script.sources; its index. */
size_t script_add_source(Script *script, const char *name);

/* The script's own file, or its ranges. */
bool script_read_file(ScriptReading *reading, Error *err) MUST_CHECK;

/* A file of the project in this place. */
typedef enum { INCLUDE_FROM_WORKING_FOLDER, INCLUDE_FROM_SOURCE } IncludeKind;
bool script_read_include(ScriptReading *reading, const char *path, IncludeKind kind, int64_t line,
                         Error *err) MUST_CHECK;

#endif
