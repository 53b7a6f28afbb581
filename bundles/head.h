/* HEAD: the 3,584 bytes of readable text that release keys sign; the rest of a bundle hangs on it.
 *
 * head_format and head_parse are exact inverses: what parses is what format writes, byte for byte.
 * Nothing here trusts or verifies; head_parse is called on bytes whose signature holds (or, at the
 * vendor, on bytes that are about to be signed). */
#ifndef SEALIFT_BUNDLES_HEAD_H
#define SEALIFT_BUNDLES_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/uuid.h"
#include "bundles/bundle_format.h"

/* Plain value: no pointers, copy it freely. Texts are NUL-terminated; "-" is none. */
typedef struct Head {
    char product[BUNDLE_NAME_MAX + 1];
    char product_uuid[UUID_TEXT_SIZE];
    char bundle_id[33]; /* 32 hex digits: head_bundle_id */
    char channel[BUNDLE_NAME_MAX + 1];
    int64_t epoch;
    int64_t sequence; /* from 1 */
    int64_t floor;
    char covers_from[BUNDLE_VERSION_MAX + 1]; /* version name or "-" */
    char covers_to[BUNDLE_VERSION_MAX + 1];
    char tree_from[DIGEST_HEX_SIZE]; /* hex, or "-" */
    char tree_to[DIGEST_HEX_SIZE];
    char previous_head[DIGEST_HEX_SIZE]; /* hex, or "-" */
    char created[CLOCK_TEXT_SIZE];
    char next_expected[CLOCK_TEXT_SIZE];   /* a time, or "-" */
    char sites[BUNDLE_SITES_BYTES + 1];    /* "*" or sorted names, comma-separated */
    char environment[BUNDLE_NAME_MAX + 1]; /* "*" or a name */
    char min_applier[BUNDLE_VERSION_MAX + 1];
    int64_t keyring_version;
    Digest keyring_digest; /* of the 65,024 bytes of the keyring area */
    int64_t server_min;    /* PostgreSQL majors */
    int64_t server_max;
    int64_t migrations;
    int64_t statements; /* steps of all up scripts */
    int64_t irreversible;
    int64_t unproven;
    int64_t content_size;
    Digest content_digest;
    int64_t manifest_schema;
    int64_t manifest_size;
    Digest manifest_digest;
    char built_with[256];
} Head;

/* The text with its padding. ERROR_INPUT where a value breaks the grammar or the text is over 3,584
 * bytes. */
bool head_format(const Head *head, uint8_t ret_bytes[static BUNDLE_HEAD_SIZE],
                 Error *err) MUST_CHECK;

/* ERROR_TARGET for a format number or min-applier above ours (checked before the grammar of the
 * rest); ERROR_INPUT, naming the key, for everything else that is not exactly the grammar. */
bool head_parse(const uint8_t bytes[static BUNDLE_HEAD_SIZE], Head *ret_head,
                Error *err) MUST_CHECK;

/* First 32 hex digits of BLAKE2b-512(product-uuid LF sequence LF tree-to). */
void head_bundle_id(const char *product_uuid, int64_t sequence, const char *tree_to,
                    char ret_id[static 33]);

/* `[a-z0-9][a-z0-9-]{0,62}`: product, channel, environment, site. */
bool head_name_is_valid(const char *name);

/* `[A-Za-z0-9][A-Za-z0-9._+-]{0,63}` */
bool head_version_name_is_valid(const char *name);

/* Whether `sites` ("*" or a list) holds `site`; site NULL (not configured) passes only "*". */
bool head_sites_hold(const char *sites, const char *site);

#endif
