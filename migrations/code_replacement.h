/* SQL written by hand for a migration that is a program: beside 0007_rehash.go stands
 * 0007_rehash.go.sealift.sql, maybe 0007_rehash.go.sealift.down.sql. Its first line binds it to
 * that file's bytes,
 *
 *     -- sealift: replaces 0007_rehash.go blake2b <128 hex digits, as b2sum prints them>
 *
 * so that a program that changes does not keep the SQL of its former self. What is released stays:
 * sites have run that SQL, and a warning says that the program is another one now. It may also be
 * gone then: place and identity are those of its name, which the SQL's own has, and sealift.sum has
 * the digest of the SQL. */
#ifndef SEALIFT_MIGRATIONS_CODE_REPLACEMENT_H
#define SEALIFT_MIGRATIONS_CODE_REPLACEMENT_H

#include "migrations/project.h"

#define CODE_REPLACEMENT_UP   ".sealift.sql"
#define CODE_REPLACEMENT_DOWN ".sealift.down.sql"

/* Whether a script's name (or path) is that of a replacement. */
bool code_replacement_is(const char *name);

/* How much of such a name is the program's. */
size_t code_replacement_length(const char *name);

/* Whether a directive of the script `name`, by its line and its words, is that first line: read by
 * code_replacement_check, and no directive for others. */
bool code_replacement_binds(const char *name, int64_t line, const char *words);

/* The words of a first line that binds to the program. The caller frees. */
char *code_replacement_line(const char *program, const Digest *digest);

/* The digest of a file of any size. */
bool code_replacement_digest(const char *path, Digest *ret_digest, Error *err) MUST_CHECK;

/* Whether `script` (its path in the project) is an up whose first line names its program, with some
 * digest, and that program is not there. ERROR_IO. */
bool code_replacement_alone(const char *root, const char *script, bool *ret_alone,
                            Error *err) MUST_CHECK;

/* Check the bindings of the project's replacements: what does not hold joins its findings. */
bool code_replacement_check(Project *project, Error *err) MUST_CHECK;

#endif
