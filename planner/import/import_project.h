/* A whole project of another layout, written as one of ours: migrations/VERSION/NNNN_slug.up.sql …,
 * numbered in order through all versions, or the same files in one flat folder where the layout
 * knows no versions. */
#ifndef SEALIFT_PLANNER_IMPORT_PROJECT_H
#define SEALIFT_PLANNER_IMPORT_PROJECT_H

#include "migrations/project.h"

typedef struct ImportedMigration {
    const ProjectMigration *source; /* borrowed */
    char *identity;                 /* owned: what it is called from now on */
    char *path;                     /* owned: of its files, from the migration folder, up to the dot
                                     * before "up" */
    bool writes[PROJECT_SCRIPT_COUNT]; /* which scripts have a statement, or a down the directive
                                        * nothing-to-undo; the up always */
    bool nothing_to_undo;              /* so declared, in up or down */
} ImportedMigration;

typedef ARRAY_OF(ImportedMigration) ImportedMigrationArray;

void imported_migrations_done(ImportedMigrationArray *migrations);

/* Whether each migration has a place: `version`, or NULL, names the version of those that are in
 * none, and must be there where others are in one. ERROR_USAGE. */
bool import_check_version(const Project *project, const char *version, Error *err) MUST_CHECK;

/* What it would be: new identities in order. ERROR_INPUT where a script cannot be read. */
bool import_plan(const Project *project, const char *version,
                 ImportedMigrationArray *ret_migrations, Error *err) MUST_CHECK;

/* How the new project's scripts refer to values: as psql does where they refer to site parameters
 * or did before, else not at all (a colon is a colon). */
ScriptSyntax import_syntax(const Project *project);

/* Write the files below `folder`, which is there and empty, then read them back and compare the
 * statements. What was written stays for the caller to remove where this fails. */
bool import_write(const Project *project, const ImportedMigrationArray *migrations,
                  const char *folder, Error *err) MUST_CHECK;

#endif
