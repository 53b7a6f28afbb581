/* A committed migration of graphile-migrate: headers `--! Name: value` at its top, one empty line,
 * the body. Its hash is SHA-1 over the hash before it and the body without the blanks around it, so
 * that the files are a chain. Streams: the body costs no memory. */
#ifndef SEALIFT_MIGRATIONS_GRAPHILE_FILE_H
#define SEALIFT_MIGRATIONS_GRAPHILE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/sha1.h"
#include "migrations/project_values.h"

#define GRAPHILE_HASH_SIZE (sizeof "sha1:" - 1 + SHA1_HEX_SIZE) /* with the NUL */

typedef struct GraphileFile {
    char *previous;                    /* owned: the hash before it; NULL for the first ("-") */
    char *hash;                        /* owned: what it says of itself */
    char computed[GRAPHILE_HASH_SIZE]; /* what its body comes to */
    bool allow_invalid_hash;
    bool no_transaction; /* the body's first line says so */
    char *placeholder;   /* owned: the first one, ":NAME"; NULL where there is none */
    int64_t placeholder_line;
} GraphileFile;

/* Names of placeholders with their colon, each owned. */
typedef ARRAY_OF(char *) GraphilePlaceholders;

/* Which words are placeholders, and which of them have a value. */
typedef struct GraphileWords {
    const GraphilePlaceholders *declared; /* NULL: whatever looks like one: a colon that follows
                                           * neither a colon nor a word, then capitals */
    const ProjectValueArray *values;      /* of sealift.conf: these are no trouble; or NULL */
} GraphileWords;

/* Read the file at `path`, called `name` in messages. Errors: ERROR_IO; ERROR_INPUT "name:line: …"
 * for headers that the tool refuses too. */
bool graphile_file_read(const char *path, const char *name, const GraphileWords *words,
                        GraphileFile *ret_file, Error *err) MUST_CHECK;
void graphile_file_done(GraphileFile *file);

#endif
