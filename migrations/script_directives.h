/* The directives of a script: comments `-- sealift: WORD …` before its first statement. */
#ifndef SEALIFT_MIGRATIONS_SCRIPT_DIRECTIVES_H
#define SEALIFT_MIGRATIONS_SCRIPT_DIRECTIVES_H

#include "migrations/script.h"

/* No directive: timeouts are -1, all else false or NULL. */
void script_directives_init(ScriptDirectives *directives);
void script_directives_done(ScriptDirectives *directives);

/* Whether a comment, from its dashes to the end of its line, is a directive; where it is,
 * *ret_words is what stands behind the colon, without blanks around it. One that is almost a
 * directive counts, too: script_directives_add refuses the words then. The caller frees. */
bool script_directives_in_comment(const char *comment, size_t length, char **ret_words);

/* Take over one that stands in `line`. ERROR_INPUT for one that is unknown, incomplete, or given
 * twice. */
bool script_directives_add(ScriptDirectives *directives, const char *words, int64_t line,
                           Error *err) MUST_CHECK;

/* 5s, 200ms, 2min, or 0; false where `value` is none of these, or more than PostgreSQL's settings
 * hold. *ret_ms is untouched then. */
bool script_directives_time(const char *value, int64_t *ret_ms) MUST_CHECK;

/* The acknowledgement of `rule`, or NULL. Borrowed from the directives. */
const ScriptAck *script_directives_ack(const ScriptDirectives *directives, const char *rule);

#endif
