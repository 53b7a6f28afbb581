/* A HEAD that is good in every respect, for tests to damage. */
#ifndef SEALIFT_TESTS_SUPPORT_TEST_HEAD_H
#define SEALIFT_TESTS_SUPPORT_TEST_HEAD_H

#include "bundles/head.h"

#define TEST_PRODUCT_UUID "3f2b8c1e-0000-4000-8000-00000000000a"
#define TEST_OTHER_UUID   "3f2b8c1e-0000-4000-8000-00000000000b"

static inline UNUSED Head test_head(void)
{
    Head head = {
        .product = "harbour",
        .product_uuid = TEST_PRODUCT_UUID,
        .channel = "main",
        .sequence = 7,
        .floor = 2,
        .covers_from = "1.0.0",
        .covers_to = "1.1.0",
        .previous_head = "-",
        .created = "2024-05-06T07:08:09Z",
        .next_expected = "-",
        .sites = "*",
        .environment = "*",
        .min_applier = "0.1.0",
        .keyring_digest = digest_of("", 0),
        .server_min = 13,
        .server_max = 18,
        .migrations = 4,
        .statements = 11,
        .irreversible = 1,
        .content_size = 123456,
        .content_digest = digest_of("content", 7),
        .manifest_schema = 4,
        .manifest_size = 65536,
        .manifest_digest = digest_of("manifest", 8),
        .built_with = "planner 0.1.0, sqlite 3.40.1, libarchive 3.6.2, zstd 1.5.4",
    };
    Digest from = digest_of("from", 4), to = digest_of("to", 2);
    digest_hex(&from, head.tree_from);
    digest_hex(&to, head.tree_to);
    head_bundle_id(head.product_uuid, head.sequence, head.tree_to, head.bundle_id);
    return head;
}

#endif
