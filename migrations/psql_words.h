/* A line of psql's commands, cut into commands and words by the rules of psqlscanslash.l: quotes,
 * escapes, references to variables; a second command may follow on the same line. Nothing is
 * executed: a word in backticks is an error. */
#ifndef SEALIFT_MIGRATIONS_PSQL_WORDS_H
#define SEALIFT_MIGRATIONS_PSQL_WORDS_H

#include "base/array.h"
#include "base/text.h"
#include "migrations/script_values.h"

typedef struct PsqlCommand {
    char *name; /* owned: without its backslash */
    ARRAY_OF(char *) words;
} PsqlCommand;

void psql_command_done(PsqlCommand *command);

typedef enum {
    PSQL_WORDS_READ,
    PSQL_WORDS_PASS, /* a branch not taken: nothing is looked up, backticks are passed over */
} PsqlWordsMode;

/* Read the command at **line, a backslash, and go on to the next one, or to the text's end.
 * `values` may be NULL: references stay as they are, as those to unknown names do. ERROR_INPUT,
 * without a place: backticks, an open quote, a site parameter, SQL behind `\\`. */
bool psql_command_read(const char **line, PsqlWordsMode mode, ScriptValues *values,
                       PsqlCommand *ret_command, Error *err) MUST_CHECK;

/* As `\if` takes it: true, on, yes, 1 and their beginnings. False where it is no boolean. */
bool psql_parse_boolean(const char *text, bool *ret_value) MUST_CHECK;

#endif
