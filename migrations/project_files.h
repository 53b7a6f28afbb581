/* What became of each file in the migration folder: no file is passed over in silence. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_FILES_H
#define SEALIFT_MIGRATIONS_PROJECT_FILES_H

#include "migrations/project.h"

typedef enum { PROJECT_FILE_READ, PROJECT_FILE_IGNORED, PROJECT_FILE_REFUSED } ProjectFileFate;

/* "read", "ignored", "refused". */
const char *project_file_fate_name(ProjectFileFate fate);

typedef struct ProjectFile {
    char *path;   /* owned; in the project; ends in '/' where it is a folder */
    size_t count; /* of files: 1, of a folder those below it */
    ProjectFileFate fate;
    char *reason; /* owned; NULL where it is read */
    bool said;    /* the reason is one of the project's findings */
} ProjectFile;

typedef ARRAY_OF(ProjectFile) ProjectFileArray;

/* Every file below the migration folder, then below sealift.frozen, each in byte order of the
 * paths: read where a migration or its settings are in it, refused where one of the project's
 * errors names it, else ignored. Where the migration folder is the project's own, which sqitch's
 * may be, what stands in other folders than the layout's is one entry for each of them, and our own
 * files are none. Call it before other findings join. The caller releases with project_files_done.
 * ERROR_IO. */
bool project_files_list(const Project *project, ProjectFileArray *ret_files, Error *err) MUST_CHECK;
void project_files_done(ProjectFileArray *files);

/* How many files have this fate. */
size_t project_files_count(const ProjectFileArray *files, ProjectFileFate fate);

#endif
