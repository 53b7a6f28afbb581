/* sealift.sum: what is released, as text that git can merge. Append-only.
 *
 *     sealift-sum 1
 *     release 1.0.0 2026-11-23T04:00:00Z
 *     migration 1.0.0 <128 hex digits of BLAKE2b-512 of the tree line> 0001_create_customers
 *
 * A release line, then its migrations in order. The identity is last because it may hold spaces.
 * Behind the time may stand `stop`, `min-compatible=VERSION` and `history=TOOL:TABLE` (the version
 * keeps the history of the layout's own tool: foreign_history.h), in this order. A version that
 * takes the place of earlier ones names them below its release line, before its migrations, with
 * their tree digests as they were:
 *
 *     release 2.0.1 2026-11-23T04:00:00Z
 *     supersedes 2.0.1 2.0.0 same-schema <128 hex digits>
 *
 * or `passed` where 2.0.1 does not have that version's schema, because others follow it. What is
 * superseded is no longer on the line: what comes next stands on the version that took its place.
 */
#ifndef SEALIFT_MIGRATIONS_SUM_FILE_H
#define SEALIFT_MIGRATIONS_SUM_FILE_H

#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"

typedef struct SumMigration {
    char *identity; /* owned */
    Digest digest;
    int64_t line;
} SumMigration;

typedef struct SumSuperseded {
    char *version; /* owned */
    bool same_schema;
    Digest tree_digest;
} SumSuperseded;

typedef ARRAY_OF(SumSuperseded) SumSupersededArray;

typedef struct SumRelease {
    char *version; /* owned */
    char released_at[CLOCK_TEXT_SIZE];
    bool stop;            /* a required stop */
    char *min_compatible; /* owned; a run to it begins at this version or later; or NULL */
    char *history;        /* owned; foreign_history.h's mark, as it stands; or NULL */
    SumSupersededArray superseded;
    ARRAY_OF(SumMigration) migrations;
} SumRelease;

typedef struct SumFile {
    ARRAY_OF(SumRelease) releases;
} SumFile;

void sum_file_done(SumFile *sum);

/* The release of this version, or NULL. */
const SumRelease *sum_file_find(const SumFile *sum, const char *version);

/* The release that has taken this version's place, the newest where several have; or NULL. */
const SumRelease *sum_file_replacement(const SumFile *sum, const char *version);

/* The release that `release` was made behind: the last before it that was on the line then and that
 * it does not supersede itself; or NULL. */
const SumRelease *sum_file_previous(const SumFile *sum, const SumRelease *release);

/* A file that is not there is an empty one. ERROR_INPUT "sealift.sum:line: …". */
bool sum_file_read(const char *path, SumFile *ret_sum, Error *err) MUST_CHECK;

/* A release's own contents. */
void sum_release_done(SumRelease *release);

/* Append one release, atomically (the whole file is written anew); a file that is not there begins
 * with its header. ERROR_INPUT, with nothing written, where the result would not read back: a
 * version or migration that is already there. */
bool sum_file_append(const char *path, const SumRelease *release, Error *err) MUST_CHECK;

/* A new file that holds the header only; one that is already there is left alone. */
bool sum_file_create(const char *path, Error *err) MUST_CHECK;

#endif
