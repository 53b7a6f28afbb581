/* What another tool's table says of a bundle: which of its migrations were noted there, and so at
 * which version the database should stand. Pure. It is a hint: the schema decides. */
#ifndef SEALIFT_APPLIER_FOREIGN_MATCH_H
#define SEALIFT_APPLIER_FOREIGN_MATCH_H

#include "bundles/manifest.h"

/* How a tool's key is found in the identity of a migration. */
typedef enum {
    FOREIGN_KEY_NUMBER,   /* the number that it begins with */
    FOREIGN_KEY_DIGITS,   /* the digits that it begins with, as text */
    FOREIGN_KEY_DASHLESS, /* what stands before its first '_', without dashes */
    FOREIGN_KEY_BEFORE,   /* what stands before its first '_' */
    FOREIGN_KEY_WHOLE,    /* all of it */
    FOREIGN_KEY_FILE,     /* all of it with an ending behind it */
    FOREIGN_KEY_FLYWAY,   /* V1_2__name: 1.2 */
    FOREIGN_KEY_VERSION,  /* not a migration's: the name of a version */
} ForeignKeyKind;

typedef ARRAY_OF(char *) ForeignKeyArray; /* each owned; in the order of the tool */

bool foreign_key_fits(ForeignKeyKind kind, const char *key, const char *identity);

/* Texts borrowed from the manifest. */
typedef struct ForeignPlace {
    const char
        *version; /* the last version whose migrations are all noted; NULL: unknown, or none */
    const char *inside; /* the version behind it, where some of its migrations are noted; or NULL */
    int64_t inside_count;
} ForeignPlace;

/* `last_only`: the keys are but the last migration's. What lies before the bundle is known by the
 * number of keys alone. Migrations that the tool gives no key (flyway's repeatables) stop no count;
 * because of them nothing is said of flyway's versions before the one that the bundle begins at. */
ForeignPlace foreign_place(const Manifest *manifest, ForeignKeyKind kind, bool last_only,
                           const ForeignKeyArray *keys);

#endif
