/* Whether the role may do with the relations that are there what a run will do with them. */
#ifndef SEALIFT_APPLIER_RELATION_RIGHTS_H
#define SEALIFT_APPLIER_RELATION_RIGHTS_H

#include "applier/runs/touched_objects.h"
#include "applier/server/pg_session.h"

/* Texts owned; owner and name as SQL takes them in `owner` and `quoted`. */
typedef struct RelationRight {
    char *name; /* as the manifest writes it */
    char *quoted;
    char relkind;
    char *owner;
    bool owned;        /* by the role, or by one whose rights it has */
    bool member;       /* of the owner, though only SET ROLE gives its rights */
    bool writable;     /* it may change rows */
    bool must_own;     /* the run changes the relation itself */
    bool changes_rows; /* … and its rows */
} RelationRight;

typedef ARRAY_OF(RelationRight) RelationRights;

void relation_rights_done(RelationRights *rights); /* accepts a zeroed one */

/* Of the relations that the tasks were measured to lock, and of those in `touched`, as far as they
 * are there. Whether one must be owned says `touched`: a lock alone does not, for a foreign key
 * that goes locks the table that it points to, whoever owns that. One query. Errors: pg_query's. */
bool relation_rights_read(PgSession *session, const RunTaskArray *tasks,
                          const TouchedObjects *touched, RelationRights *ret_rights,
                          Error *err) MUST_CHECK;

/* Before the first step: refuse a run that would fail in the middle, because it changes relations
 * of another role. One query; the bundle's proven schemas are read only where there is a suspicion.
 * ERROR_TARGET, with what a DBA can run. */
bool relation_rights_check(PgSession *session, const RunTaskArray *tasks,
                           const ObjectSource *objects, Error *err) MUST_CHECK;

#endif
