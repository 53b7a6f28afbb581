/* The numbers of the bundle format: offsets, sizes, limits, names. docs/bundle-format.md says the
 * same in prose; a change here changes that page in the same commit.
 *
 *     0x00000    512   ustar header SIGNATURES          (constant bytes)
 *     0x00200   7680   15 slots of 512 bytes, each a minisign signature over HEAD, padded with '\n'
 *     0x02000    512   ustar header KEYRING             (constant bytes)
 *     0x02200  65024   keyring records, padded with '\n'
 *     0x12000    512   ustar header HEAD                (constant bytes)
 *     0x12200   3584   HEAD, padded with '\n'
 *     0x13000    ...   CONTENT: ustar entries manifest.db, README, objects in path order, 1024
 * zeros
 */
#ifndef SEALIFT_BUNDLES_BUNDLE_FORMAT_H
#define SEALIFT_BUNDLES_BUNDLE_FORMAT_H

#include <stdint.h>

#define BUNDLE_FORMAT_NUMBER 1 /* the number in HEAD's first line */

#define TAR_BLOCK_SIZE 512

#define BUNDLE_SIGNATURES_HEADER_OFFSET 0x00000
#define BUNDLE_SIGNATURES_OFFSET        0x00200
#define BUNDLE_SLOT_COUNT               15
#define BUNDLE_SLOT_SIZE                512
#define BUNDLE_KEYRING_HEADER_OFFSET    0x02000
#define BUNDLE_KEYRING_OFFSET           0x02200
#define BUNDLE_KEYRING_SIZE             65024
#define BUNDLE_HEAD_HEADER_OFFSET       0x12000
#define BUNDLE_HEAD_OFFSET              0x12200
#define BUNDLE_HEAD_SIZE                3584
#define BUNDLE_CONTENT_OFFSET           0x13000 /* also the size of the envelope */
#define BUNDLE_MANIFEST_OFFSET          0x13200
#define BUNDLE_ENVELOPE_SIZE            BUNDLE_CONTENT_OFFSET
#define BUNDLE_END_SIZE                 1024 /* zeros that end the tar archive */

/* Limits of what a HEAD may say. */
#define BUNDLE_NUMBER_MAX   INT64_C(9007199254740991) /* 2^53 - 1 */
#define BUNDLE_NAME_MAX     63                        /* product, channel, environment, site */
#define BUNDLE_VERSION_MAX  64                        /* a version's name, bytes */
#define BUNDLE_SITES_MAX    32
#define BUNDLE_SITES_BYTES  1024
#define BUNDLE_IDENTITY_MAX 255 /* a migration's identity, bytes of UTF-8 */

/* Limits of the manifest and of objects. */
#define MANIFEST_SCHEMA_NUMBER     5
#define MANIFEST_APPLICATION_ID    0x5345414C /* "SEAL" */
#define MANIFEST_PAGE_SIZE         4096
#define MANIFEST_SIZE_MAX          (INT64_C(16) << 20)
#define MANIFEST_TEXT_MAX          4096     /* bytes of a reason, a source's path, a search path */
#define BATCH_SIZE_MAX             10000000 /* rows of one range of a batch */
#define MANIFEST_IDENTIFIER_MAX    255      /* bytes of a database object's name */
#define MANIFEST_RELATION_MAX      520 /* bytes of a relation's name with its schema, both quoted */
#define MANIFEST_LOCK_MAX          63  /* bytes of a lock's name */
#define PARAMETERS_MAX             1000 /* values that a site says */
#define PARAMETER_NAME_MAX         63
#define PARAMETER_VALUE_MAX        1024 /* bytes of a value, of a pattern and of a description */
#define IDENTIFIER_BYTES_MAX       63   /* PostgreSQL cuts longer names off */
#define OBJECT_STORED_SIZE_MAX     (INT64_C(8) << 30) /* exclusive: ustar's octal size field */
#define OBJECT_PATH_MAX            100                /* ustar's name field */
#define OBJECT_PLAIN_SIZE_MAX      (INT64_C(1) << 40)
#define OBJECT_CHUNK_SIZE          (INT64_C(1) << 20) /* stored bytes a chunk digest covers */
#define OBJECT_COMPRESS_ABOVE      (INT64_C(1) << 20) /* plain bytes; smaller objects stay plain */
#define OBJECT_ZSTD_LEVEL          9
#define OBJECT_ZSTD_WINDOW_LOG_MAX 23
#define OBJECT_SLUG_MAX            40
#define STATEMENT_SIZE_MAX         (INT64_C(256) << 20) /* one message to the server */

/* Limits of a fingerprint's rows and of the object that holds them. */
#define FINGERPRINT_KIND_MAX       63                  /* bytes of a kind */
#define FINGERPRINT_IDENTITY_MAX   65536               /* a function's holds its arguments' types */
#define FINGERPRINT_DEFINITION_MAX (INT64_C(16) << 20) /* bytes of one row's definition */
#define FINGERPRINT_ROWS_MAX       1000000
#define FINGERPRINT_SIZE_MAX       (INT64_C(128) << 20) /* plain bytes of the object */

#endif
