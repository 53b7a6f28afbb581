/* What a user gives as connection string, before libpq connects with it: refused where a password
 * would be taken for something that is shown, and repeated, for a command to paste, without
 * secrets.
 */
#ifndef SEALIFT_APPLIER_PG_CONNINFO_H
#define SEALIFT_APPLIER_PG_CONNINFO_H

#include "base/error.h"
#include "base/text.h"

/* A URI or keywords; else the name of a database, as libpq has it. */
bool pg_conninfo_is_string(const char *conninfo);

/* ERROR_USAGE where libpq cannot read it, and where it could, but not as it is meant: a URI of
 * another program's, or with a '@' or '/' in it that belongs to the password, of which libpq would
 * take a part for host or database. Nothing of the string is in the words. */
bool pg_conninfo_check(const char *conninfo, Error *err) MUST_CHECK;

/* The same database as one word of a shell that may stand within single quotes of a sentence,
 * without passwords; NULL where it cannot be read. The caller frees. */
char *pg_conninfo_word(const char *conninfo);

#endif
