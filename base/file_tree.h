/* Removing a folder with all that is in it. */
#ifndef SEALIFT_BASE_FILE_TREE_H
#define SEALIFT_BASE_FILE_TREE_H

#include "base/error.h"

/* Remove `path` and everything below it. Links are removed, never followed, also where somebody
 * exchanges a folder for a link meanwhile: parts of the tree may belong to another user. What is
 * not there is removed. ERROR_IO names the first entry that resisted; the rest is removed all the
 * same. */
bool file_tree_remove(const char *path, Error *err) MUST_CHECK;

#endif
