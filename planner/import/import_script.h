/* One script of another layout, written as a file of ours: canonical text, COPY data in its place,
 * what the layout said of transactions as our directive. */
#ifndef SEALIFT_PLANNER_IMPORT_SCRIPT_H
#define SEALIFT_PLANNER_IMPORT_SCRIPT_H

#include "migrations/project.h"

/* Write script `which` of the migration to the new file `path`. Errors: ERROR_INPUT for data that
 * cannot stand in a script (binary, or a line `\.`), ERROR_IO, what project_script_read says. */
bool import_script(const Project *project, const ProjectMigration *migration, ProjectScript which,
                   const char *path, Error *err) MUST_CHECK;

#endif
