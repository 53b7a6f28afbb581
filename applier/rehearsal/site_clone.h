/* A copy of the site's database on the same server, made by CREATE DATABASE … TEMPLATE for a
 * rehearsal and dropped after it (ENGINE.md 25).
 *
 * The server makes one only where nobody else is on the source, and lets nobody connect to it
 * meanwhile: who is there is looked at and said first. A rehearsal that is killed leaves its copy;
 * the next one on the same database knows it by its name and drops it. */
#ifndef SEALIFT_APPLIER_SITE_CLONE_H
#define SEALIFT_APPLIER_SITE_CLONE_H

#include "applier/server/pg_session.h"
#include "base/array.h"
#include "base/text.h"

typedef ARRAY_OF(char *) SiteNameArray;

void site_names_done(SiteNameArray *names);

typedef struct SiteClone {
    const char *source_conninfo; /* borrowed; as PgSessionOptions.conninfo */
    WordsPolicy words;
    PgSession *admin;       /* owned: on the source; idle while the rehearsal runs */
    char *name;             /* owned: of the copy */
    char *conninfo;         /* owned: of the copy */
    char *owner;            /* owned: of the source, and so of the copy */
    int64_t size_bytes;     /* of the source */
    int64_t free_bytes;     /* where the server keeps its data; -1 where that cannot be known */
    SiteNameArray leftover; /* copies that killed rehearsals left */
    SiteNameArray cluster;  /* roles, tablespaces and databases that were there before */
    bool made;
} SiteClone;

/* Connect to the source and look whether it can be copied; nothing is changed. ERROR_TARGET with
 * all who are on it, where the role may not copy it, where the disk has no room; ERROR_USAGE for a
 * connection string that cannot be read; pg_session_open's errors. */
bool site_clone_look(const char *conninfo, WordsPolicy words, SiteClone *ret_clone,
                     Error *err) MUST_CHECK;

/* From now on the first signal cancels what the session waits for, and not only the second: for
 * what takes long and leaves nothing. A cancelled statement's error becomes ERROR_INTERRUPTED by
 * site_clone_interrupted, which returns false. */
void site_clone_interruptible(PgSession *session);
bool site_clone_interrupted(const char *doing, Error *err);

/* Drop what killed rehearsals left, and make the copy, with the source's settings and rights. What
 * cannot be copied of these becomes lines in `warnings`. ERROR_TARGET where somebody came to the
 * source in the meantime; ERROR_INTERRUPTED, where nothing is left; pg_query's errors. */
bool site_clone_make(SiteClone *clone, Text *warnings, Error *err) MUST_CHECK;

/* Drop the copy, also where the session that made it is gone. What could not be done becomes a line
 * in `warnings`, with the statement that does it. Does nothing where none was made. */
void site_clone_drop(SiteClone *clone, Text *warnings);

/* Keep it: later rehearsals let it be. */
void site_clone_keep(SiteClone *clone, Text *warnings);

/* What is there now of roles, tablespaces and databases and was not before the copy was made: the
 * steps have made it on the real server. Lines in `warnings`. */
void site_clone_look_outside(SiteClone *clone, Text *warnings);

void site_clone_close(SiteClone *clone); /* the session; accepts a zeroed one */

/* Who else is on the session's database, one in a line; "" where nobody. The caller frees. */
bool site_clone_others(PgSession *session, char **ret_others, Error *err) MUST_CHECK;

/* Whether both sessions are on the same database of the same server, also where a physical copy of
 * it would say the same of itself. */
bool site_clone_is_same(PgSession *source, PgSession *copy, bool *ret_same, Error *err) MUST_CHECK;

#endif
