/* Repeatable scripts: views, functions and the like, whose file always holds the newest text. Sites
 * run them as what they were when a version was released: a repeatable whose text has changed is a
 * migration NAME@VERSION at the end of that version, and `planner release` keeps its text in a
 * folder of frozen texts, sealift.frozen/VERSION/NAME.sql. The text before it is its down. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_REPEATS_H
#define SEALIFT_MIGRATIONS_PROJECT_REPEATS_H

#include "migrations/layout.h"
#include "migrations/sum_file.h"

#define PROJECT_FROZEN_NAME "sealift.frozen"

/* What a changed repeatable is called as long as no version is known: NAME@pending. */
#define PROJECT_REPEAT_PENDING "pending"

/* Bytes of NAME, so that every NAME@VERSION is an identity. */
#define PROJECT_REPEAT_NAME_MAX 190

/* Add to the layout's migrations, behind all of them, those that the sum says were frozen, and then
 * one for each of reading->repeats whose text, whether it runs in a transaction, or whether values
 * are put into it, is not that of the newest frozen one on the line. Line ends and a BOM make no
 * difference. A frozen text that is not there is left out: project_order says that it is missing.
 * ERROR_IO. */
bool project_repeats_add(LayoutReading *reading, Layout layout, const SumFile *sum,
                         Error *err) MUST_CHECK;

/* Call a pending repeatable as it is called in `version`. Its script stays where it is. */
void project_repeat_assign(ProjectMigration *migration, const char *version);

/* Keep the text of a pending repeatable as that of `version`. A text that is there already (a
 * release that was killed) is replaced. ERROR_IO. */
bool project_repeat_freeze(const Project *project, const ProjectMigration *migration,
                           const char *version, Error *err) MUST_CHECK;

/* Take a text that was kept away again, where it is there, and the folders that are empty then: the
 * release did not come about. */
void project_repeat_discard(const Project *project, const ProjectMigration *migration,
                            const char *version);

/* The NAME of an identity NAME@VERSION, or NULL where it is none. The caller frees. */
char *project_repeat_name(const char *identity, const char *version);

/* sealift.frozen/VERSION/NAME.sql. The caller frees. */
char *project_repeat_path(const char *name, const char *version);

#endif
