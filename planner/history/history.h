/* The rows that the layout's own migration tool would have written, as statements that go behind
 * each migration's own (docs/foreign-history.md). */
#ifndef SEALIFT_PLANNER_HISTORY_H
#define SEALIFT_PLANNER_HISTORY_H

#include "bundles/manifest.h"
#include "migrations/project.h"

typedef struct History History;

/* `project` stays borrowed. Checks the released versions whose rows are written somewhere, as
 * history_check_version does. ERROR_IO, ERROR_INPUT. */
bool history_open(const Project *project, History **ret_history, Error *err) MUST_CHECK;
void history_free(History *history);
DEFINE_CLEANUP(History, history_free)

/* Whether a version that is released under this name will have the same rows for ever: what the
 * tool notes of it must stand in the tool's own files now. ERROR_INPUT. */
bool history_check_version(History *history, const char *version, Error *err) MUST_CHECK;

/* What follows the up, or the down, of the migration of this index: a comment and statements, each
 * with its semicolon; empty where its version keeps no history. The first migration that keeps one
 * also makes the table and notes all migrations before it. ERROR_IO, ERROR_INPUT. */
bool history_up_text(History *history, size_t migration, Text *ret_text, Error *err) MUST_CHECK;
bool history_down_text(History *history, size_t migration, Text *ret_text, Error *err) MUST_CHECK;

/* Add the tables that the versions up to index `last` keep to what the manifest tolerates: they are
 * the tool's, no part of the product's schema. */
void history_tolerate(const Project *project, int64_t last, Manifest *manifest);

#endif
