/* What a database holds before the product's first migration, because an installer, an
 * administrator or another product makes it: scripts of the vendor ([rehearsal] setup in
 * sealift.conf) that begin every database of a rehearsal. They are in no bundle. */
#ifndef SEALIFT_PLANNER_SETUP_SCRIPTS_H
#define SEALIFT_PLANNER_SETUP_SCRIPTS_H

#include "base/array.h"
#include "base/digest.h"
#include "migrations/project.h"

typedef struct SetupScript {
    char *name; /* owned: of the file, without folders */
    char *sql;  /* owned: its statements, each in the line that it has in the file */
} SetupScript;

typedef ARRAY_OF(SetupScript) SetupScriptArray;

/* Release; for CLEANUP. */
void setup_scripts_done(SetupScriptArray *scripts);

/* Read what sealift.conf names: a file, or the .sql files of a folder in byte order of their names;
 * none where it names nothing. They are read as psql would, so that what pg_dump wrote can serve,
 * but include no file, load no COPY data and know no site parameter. ERROR_INPUT naming file and
 * line; ERROR_CONFIG where there is nothing at that place. */
bool setup_scripts_read(const Project *project, SetupScriptArray *ret_scripts,
                        Error *err) MUST_CHECK;

/* Write each by its name into a folder, which is made. */
bool setup_scripts_write(const SetupScriptArray *scripts, const char *folder,
                         Error *err) MUST_CHECK;

#endif
