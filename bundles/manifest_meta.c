#include "bundles/manifest_meta.h"

#include <inttypes.h>

typedef enum { META_TEXT, META_NUMBER, META_DIGEST, META_SEARCH_PATH } MetaKind;

typedef struct MetaRow {
    const char *key; /* HEAD's */
    MetaKind kind;
    size_t offset; /* of the value in Head */
} MetaRow;

/* In byte order of the keys: the order in which SQLite gives them back. */
static const MetaRow rows[] = {
    {"bundle-id", META_TEXT, offsetof(Head, bundle_id)},
    {"channel", META_TEXT, offsetof(Head, channel)},
    {"covers-from", META_TEXT, offsetof(Head, covers_from)},
    {"covers-to", META_TEXT, offsetof(Head, covers_to)},
    {"created", META_TEXT, offsetof(Head, created)},
    {"environment", META_TEXT, offsetof(Head, environment)},
    {"epoch", META_NUMBER, offsetof(Head, epoch)},
    {"irreversible", META_NUMBER, offsetof(Head, irreversible)},
    {"keyring-blake2b", META_DIGEST, offsetof(Head, keyring_digest)},
    {"keyring-version", META_NUMBER, offsetof(Head, keyring_version)},
    {"manifest-schema", META_NUMBER, offsetof(Head, manifest_schema)},
    {"migrations", META_NUMBER, offsetof(Head, migrations)},
    {"min-applier", META_TEXT, offsetof(Head, min_applier)},
    {"next-expected", META_TEXT, offsetof(Head, next_expected)},
    {"product", META_TEXT, offsetof(Head, product)},
    {"product-uuid", META_TEXT, offsetof(Head, product_uuid)},
    {"search-path", META_SEARCH_PATH, 0},
    {"sequence", META_NUMBER, offsetof(Head, sequence)},
    {"server-max", META_NUMBER, offsetof(Head, server_max)},
    {"server-min", META_NUMBER, offsetof(Head, server_min)},
    {"sites", META_TEXT, offsetof(Head, sites)},
    {"statements", META_NUMBER, offsetof(Head, statements)},
    {"tree-from", META_TEXT, offsetof(Head, tree_from)},
    {"tree-to", META_TEXT, offsetof(Head, tree_to)},
    {"unproven", META_NUMBER, offsetof(Head, unproven)},
};

size_t manifest_meta_count(void)
{
    return ARRAY_LEN(rows);
}

const char *manifest_meta_key(size_t row)
{
    return rows[row].key;
}

bool manifest_meta_is_own(size_t row)
{
    return rows[row].kind == META_SEARCH_PATH;
}

void manifest_meta_value(const Manifest *manifest, size_t row, Text *text)
{
    const char *field = (const char *)&manifest->head + rows[row].offset;
    int64_t number;
    Digest digest;
    char hex[DIGEST_HEX_SIZE];
    switch (rows[row].kind) {
    case META_TEXT:
        text_add(text, field);
        return;
    case META_NUMBER:
        memcpy(&number, field, sizeof(number));
        text_addf(text, "%" PRId64, number);
        return;
    case META_DIGEST:
        memcpy(&digest, field, sizeof(digest));
        text_add(text, digest_hex(&digest, hex));
        return;
    case META_SEARCH_PATH:
        text_add(text, manifest->search_path);
        return;
    }
}
