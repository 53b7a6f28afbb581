/* What is said of a look at the schema, for errors and warnings: objects by name, and what to do.
 * Each function that fills an error returns false. */
#ifndef SEALIFT_APPLIER_SCHEMA_WORDS_H
#define SEALIFT_APPLIER_SCHEMA_WORDS_H

#include "applier/schema/schema_proof.h"
#include "applier/server/pg_session.h"

/* Which version, by tree digest and by name; borrowed. */
typedef struct SchemaPlace {
    const char *tree; /* "-" for before everything */
    const char *version;
} SchemaPlace;

/* The sentence for a database on which the first version cannot begin, and what to do. Most
 * products begin on nothing; what another's rehearsals begin on ([rehearsal] setup) somebody else
 * makes. */
void schema_words_beginning(const ProofResult *result, Text *sentence, const char **ret_hint);

/* Before a run: the schema is not that of the version in force. ERROR_TARGET. */
bool schema_words_drifted(const SchemaPlace *place, const ProofResult *result, Error *err);

/* Under strict: of owners, rights, comments and settings; of the server's major. ERROR_TARGET. */
bool schema_words_env_differs(const SchemaPlace *place, const ProofResult *result, Error *err);
bool schema_words_not_rehearsed(const PgSession *session, const ProofSet *set, Error *err);

/* Inside a run, or behind it; `undone`: its last group is rolled back by this error. ERROR_TARGET.
 */
bool schema_words_came_out_otherwise(const SchemaPlace *place, const ProofResult *result,
                                     bool undone, Error *err);

/* Lines of warning: differences of env (none where there are none), a major that was not rehearsed,
 * a version that came out as nobody has proven and the operator has accepted. */
void schema_words_add_env(const SchemaPlace *place, const ProofResult *result, Text *warnings);
void schema_words_add_major(const PgSession *session, const ProofSet *set, Text *warnings);
void schema_words_add_let_through(const SchemaPlace *place, const ProofResult *result,
                                  Text *warnings);

#endif
