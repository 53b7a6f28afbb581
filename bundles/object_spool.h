/* Where a bundle's objects wait until their order and offsets are known: one unnamed file beside
 * the target, which vanishes with its descriptor. Each object is kept as it will be stored, plain
 * or compressed, with its digests. Memory does not grow with an object's size. */
#ifndef SEALIFT_BUNDLES_OBJECT_SPOOL_H
#define SEALIFT_BUNDLES_OBJECT_SPOOL_H

#include "base/error.h"
#include "bundles/manifest.h"

/* Zeroed but for fd -1 is valid for object_spool_done. */
typedef struct ObjectSpool {
    int fd;
    char *folder; /* owned; where unnamed files are made */
    int64_t end;  /* of what is kept */
} ObjectSpool;

bool object_spool_init(const char *folder, ObjectSpool *ret_spool, Error *err) MUST_CHECK;
void object_spool_done(ObjectSpool *spool);

/* An object as it comes in. Zeroed but for fd -1 is valid for object_intake_done. */
typedef struct ObjectIntake {
    const ObjectSpool *spool; /* borrowed */
    Text bytes;               /* while it is small */
    int fd;                   /* its own unnamed file once it is not */
    int64_t size;
    DigestStream digest;
} ObjectIntake;

void object_intake_init(const ObjectSpool *spool, ObjectIntake *ret_intake);
void object_intake_done(ObjectIntake *intake);
bool object_intake_add(ObjectIntake *intake, const void *bytes, size_t size, Error *err) MUST_CHECK;

/* Keep the object: fills sizes, `compressed`, digests and chunks of *ret_object (the caller frees
 * the chunks), and where in the spool its stored bytes begin. ERROR_INPUT: 8 GiB or more. */
bool object_spool_keep(ObjectSpool *spool, ObjectIntake *intake, ManifestObject *ret_object,
                       int64_t *ret_begin, Error *err) MUST_CHECK;

#endif
