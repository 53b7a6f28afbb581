/* What is known while a script is read; for script.c and the rooms that it is made of. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_READING_H
#define SEALIFT_MIGRATIONS_SCRIPT_READING_H

#include "migrations/script.h"
#include "migrations/script_values.h"
#include "migrations/statement_splitter.h"

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
    bool data_open;
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

/* -- script.c -- */

/* A \copy line's statement and file. */
bool script_read_copy(ScriptReading *reading, const char *statement, const char *path, int64_t line,
                      Error *err) MUST_CHECK;

/* A file of the project in this place. */
typedef enum { INCLUDE_FROM_WORKING_FOLDER, INCLUDE_FROM_SOURCE } IncludeKind;
bool script_read_include(ScriptReading *reading, const char *path, IncludeKind kind, int64_t line,
                         Error *err) MUST_CHECK;

#endif
