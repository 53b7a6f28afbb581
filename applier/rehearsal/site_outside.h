/* Which steps of a run reach beyond the database they run in, so that a copy of it on the same
 * server keeps none of them in: roles, memberships, tablespaces, databases, rights and comments on
 * these, the server's settings, and what a role owns.
 *
 * The manifest names those that no transaction undoes; the rest is known by how a statement begins,
 * which says nothing of what a DO block or a function does: that is looked for afterwards. */
#ifndef SEALIFT_APPLIER_SITE_OUTSIDE_H
#define SEALIFT_APPLIER_SITE_OUTSIDE_H

#include "applier/steps/run_units.h"

/* Whether a statement that begins so (pure; upper or lower case) is about such an object. */
bool site_outside_begins(const char *statement);

/* Refuse (ERROR_TARGET) tasks with such a step in their up or down scripts, naming the first.
 * Errors: those of reading the bundle's objects. */
bool site_outside_check(const RunTaskArray *tasks, Error *err) MUST_CHECK;

#endif
