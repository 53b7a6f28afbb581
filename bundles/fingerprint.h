/* The fingerprint of a schema as values: one row per object aspect, a root per class, the text that
 * a bundle carries, and the difference of two.
 *
 * docs/fingerprint.md says what the rows hold; applier/fingerprint_read takes them from a server.
 * Nothing here knows a server. A root is BLAKE2b-512 over the rows of its class, sorted bytewise by
 * kind and identity, each as `kind TAB identity TAB hash LF` with TAB, LF, CR and backslash in
 * texts written \t, \n, \r, \\. A row's hash is SHA-256 of its definition in UTF-8, in hex. */
#ifndef SEALIFT_BUNDLES_FINGERPRINT_H
#define SEALIFT_BUNDLES_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

#define FINGERPRINT_ALGORITHM 1
#define FINGERPRINT_HASH_SIZE DIGEST_SHA256_HEX_SIZE /* 64 hex digits and NUL */

/* Classes, each with a policy and a root of its own. */
typedef enum {
    FINGERPRINT_CORE,    /* structure: must match */
    FINGERPRINT_DEPARSE, /* text that server majors print differently: must match on the same major
                          */
    FINGERPRINT_ENV,     /* owners, rights, comments, settings: a difference is a warning */
} FingerprintClass;
#define FINGERPRINT_CLASS_COUNT 3

const char *fingerprint_class_name(FingerprintClass class); /* "core", "deparse", "env" */

typedef struct FingerprintRow {
    FingerprintClass class;
    char *kind;     /* owned: "table", "column", "column order", "index", … */
    char *identity; /* owned: "public.orders.total" */
    char hash[FINGERPRINT_HASH_SIZE];
    char *definition; /* owned; NULL where it was not asked for */
} FingerprintRow;

typedef struct Fingerprint {
    ARRAY_OF(FingerprintRow) rows; /* sorted by class, kind, identity once fingerprint_sort ran */
} Fingerprint;

void fingerprint_done(Fingerprint *fingerprint); /* accepts a zeroed one */

/* Add a row; texts are copied. With a NULL `hash` it is computed from `definition`. ERROR_INPUT: an
 * unknown class, a hash that is none or not that of the definition, neither hash nor definition, no
 * kind, a text or a number of rows beyond the limits in bundle_format.h. */
bool fingerprint_add(Fingerprint *fingerprint, const char *class, const char *kind,
                     const char *identity, const char *hash, const char *definition,
                     Error *err) MUST_CHECK;

/* Sort. ERROR_INPUT where two rows have the same class, kind and identity. */
bool fingerprint_sort(Fingerprint *fingerprint, Error *err) MUST_CHECK;

/* One root per class; of no rows it is the digest of no bytes. */
typedef struct FingerprintRoots {
    Digest classes[FINGERPRINT_CLASS_COUNT];
} FingerprintRoots;

/* Of sorted rows. */
void fingerprint_roots(const Fingerprint *fingerprint, FingerprintRoots *ret_roots);

bool fingerprint_roots_equal(const FingerprintRoots *a, const FingerprintRoots *b);

/* The text of sorted rows with definitions, as a bundle's object holds it: `sealift-fingerprint 1`
 * LF, then a line `class TAB kind TAB identity TAB definition` a row, escaped as above. */
void fingerprint_format(const Fingerprint *fingerprint, Text *text);

/* Read that text; hashes are computed. ERROR_INPUT for anything but what fingerprint_format writes,
 * rows out of order included, with the line's number. */
bool fingerprint_parse(const char *bytes, size_t size, Fingerprint *ret_fingerprint,
                       Error *err) MUST_CHECK;

typedef enum {
    CHANGE_MISSING, /* expected, not there */
    CHANGE_EXTRA,   /* there, not expected */
    CHANGE_CHANGED, /* other definition */
} FingerprintChangeKind;

const char *fingerprint_change_name(FingerprintChangeKind kind); /* "missing", "extra", "changed" */

/* Rows are borrowed from the two fingerprints. */
typedef struct FingerprintChange {
    FingerprintChangeKind kind;
    const FingerprintRow *expected; /* NULL where extra */
    const FingerprintRow *actual;   /* NULL where missing */
} FingerprintChange;

typedef ARRAY_OF(FingerprintChange) FingerprintChangeArray;

/* What `actual` has otherwise than `expected`, in the order of rows. Both sorted. Free the array's
 * items only (array_free). */
void fingerprint_compare(const Fingerprint *expected, const Fingerprint *actual,
                         FingerprintChangeArray *ret_changes);

/* The row that a change is about: the expected one, else the actual. */
const FingerprintRow *fingerprint_change_row(const FingerprintChange *change);

/* "column public.orders.total: changed", for messages: what could steer a terminal is escaped. */
void fingerprint_change_text(const FingerprintChange *change, Text *text);

#endif
