/* What makes a folder a project: sealift.conf with every key, an empty sealift.sum, the migration
 * folder. */
#ifndef SEALIFT_PLANNER_NEW_PROJECT_H
#define SEALIFT_PLANNER_NEW_PROJECT_H

#include "base/error.h"
#include "migrations/project.h"

typedef struct NewProject {
    const char *root;
    const char *product;
    const char *product_uuid;
    const char *layout;
    const char *folder;          /* of the migrations, from the root */
    const char *placeholders;    /* [migrations] placeholders; NULL: not said */
    const ProjectConfig *config; /* whose keys of [database], [bundle], [rehearsal], [fingerprint]
                                  * are written where they are not the default; NULL: none */
    const char *sections;        /* more of sealift.conf, behind all else; NULL: none */
} NewProject;

/* `given`, or the folder's own name where that is NULL and it can be one. The caller frees.
 * ERROR_USAGE. */
bool new_project_name(const char *given, const char *folder, char **ret_name,
                      Error *err) MUST_CHECK;

/* ERROR_USAGE for a folder that sealift.conf cannot have; ERROR_CONFIG where there is one already.
 * sealift.conf is written last: with it in it a folder counts as a project. */
bool new_project_write(const NewProject *project, Error *err) MUST_CHECK;

#endif
