/* Which names the authored side accepts. The same grammars as bundles/head.h, which this layer may
 * not know, so that a bad name is refused where it is written and not when it is packed. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_NAMES_H
#define SEALIFT_MIGRATIONS_PROJECT_NAMES_H

#include <stdbool.h>

#include "base/attributes.h"

#define PROJECT_IDENTITY_MAX 255 /* bytes */

#define PROJECT_NAME_GRAMMAR    "a-z, 0-9 and -, at most 63 of them, the first no -"
#define PROJECT_VERSION_GRAMMAR "letters, digits and ._+-, at most 64, the first a letter or digit"

/* `[a-z0-9][a-z0-9-]{0,62}`: product, channel, environment, site. */
bool project_name_is_valid(const char *name);

/* `[A-Za-z0-9][A-Za-z0-9._+-]{0,63}` */
bool project_version_name_is_valid(const char *name);

/* NULL where `name` can be a file of a project; otherwise what is wrong with it ("is not UTF-8").
 */
const char *project_file_name_trouble(const char *name);

/* The letters and digits of a title as a name for files: "Add berths!" becomes "add_berths"; ""
 * where it has none. The caller frees. */
char *project_slug(const char *title);

#endif
