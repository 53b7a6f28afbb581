/* What HEAD says besides what the plan says: the sequence number and who and where it is for. */
#ifndef SEALIFT_PLANNER_PACK_HEAD_H
#define SEALIFT_PLANNER_PACK_HEAD_H

#include "bundles/head.h"
#include "bundles/keyring.h"
#include "migrations/project.h"
#include "planner/packing/bundles_file.h"

/* The records of a project's keyring file, as they travel in a bundle. */
typedef struct ProjectKeyring {
    bool present;
    char *records; /* owned */
    size_t size;
    Keyring newest;
} ProjectKeyring;

void project_keyring_done(ProjectKeyring *keyring);

/* Read the keyring file that sealift.conf names. Where the file is not there, bundles travel
 * without one (present is false). ERROR_INPUT, ERROR_TRUST (another product's). */
bool project_keyring_read(const Project *project, ProjectKeyring *ret_keyring,
                          Error *err) MUST_CHECK;

typedef struct PackIdentity {
    const BundleLine *known; /* the line that built this before, or NULL */
    BundleLine line;         /* as it will stand in sealift.bundles, but for the HEAD digest */
} PackIdentity;

/* Reuse the line that built the same before, or take the next sequence number. */
typedef enum { SEQUENCE_REUSE, SEQUENCE_NEW } SequenceChoice;

/* Give the bundle its number and time. `head` has covers and trees filled; sets its sequence,
 * channel, created and previous-head. ERROR_CONFIG for a bad SOURCE_DATE_EPOCH. */
bool pack_head_identify(const Project *project, const BundleLineArray *lines, SequenceChoice choice,
                        Head *head, PackIdentity *ret_identity, Error *err) MUST_CHECK;

/* Fill product, sites, environment, server versions, keyring and bundle id from the project.
 * ERROR_CONFIG for a value in sealift.conf that HEAD cannot hold. */
bool pack_head_address(const Project *project, const ProjectKeyring *keyring, Head *head,
                       Error *err) MUST_CHECK;

#endif
