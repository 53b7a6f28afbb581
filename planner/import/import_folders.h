/* A folder that holds no tool's migrations itself, but folders that do: which these are. */
#ifndef SEALIFT_PLANNER_IMPORT_FOLDERS_H
#define SEALIFT_PLANNER_IMPORT_FOLDERS_H

#include "migrations/project.h"

typedef struct ImportFolder {
    char *name; /* owned; in the folder */
    Layout layout;
} ImportFolder;

typedef ARRAY_OF(ImportFolder) ImportFolderArray;

void import_folders_done(ImportFolderArray *folders);

/* The folders right below `folder` in which a file shows another layout than ours, in byte order
 * of their names; hidden ones and links are not looked into. ERROR_IO, and what
 * project_survey_folder reports. */
bool import_folders_find(const char *folder, ImportFolderArray *ret_folders, Error *err) MUST_CHECK;

#endif
