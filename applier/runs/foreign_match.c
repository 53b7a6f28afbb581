#include "applier/runs/foreign_match.h"

#include <string.h>

#include "base/memory.h"

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789");
}

static bool same_part(const char *key, const char *identity, size_t length)
{
    return length && strlen(key) == length && strncmp(key, identity, length) == 0;
}

static bool number_fits(const char *key, const char *identity)
{
    size_t digits = digits_of(identity), key_digits = digits_of(key);
    if (!digits || !key_digits)
        return false;
    size_t zeros = strspn(identity, "0"), key_zeros = strspn(key, "0");
    return digits - zeros == key_digits - key_zeros &&
           strncmp(identity + zeros, key + key_zeros, digits - zeros) == 0;
}

static bool dashless_fits(const char *key, const char *identity)
{
    for (; *identity && *identity != '_'; identity++) {
        if (*identity == '-')
            continue;
        if (*key++ != *identity)
            return false;
    }
    return !*key;
}

/* The identity, then an ending. */
static bool file_fits(const char *key, const char *identity)
{
    size_t length = strlen(identity);
    return strncmp(key, identity, length) == 0 && key[length] == '.';
}

static bool flyway_fits(const char *key, const char *identity)
{
    const char *end = *identity == 'V' ? strstr(identity, "__") : NULL;
    if (!end || strlen(key) != (size_t)(end - identity) - 1)
        return false;
    for (const char *at = identity + 1; at < end; at++, key++)
        if (*key != (*at == '_' ? '.' : *at))
            return false;
    return true;
}

bool foreign_key_fits(ForeignKeyKind kind, const char *key, const char *identity)
{
    switch (kind) {
    case FOREIGN_KEY_NUMBER:
        return number_fits(key, identity);
    case FOREIGN_KEY_DIGITS:
        return same_part(key, identity, digits_of(identity));
    case FOREIGN_KEY_DASHLESS:
        return dashless_fits(key, identity);
    case FOREIGN_KEY_BEFORE:
        return same_part(key, identity, strcspn(identity, "_"));
    case FOREIGN_KEY_WHOLE:
        return strcmp(key, identity) == 0;
    case FOREIGN_KEY_FILE:
        return strcmp(key, identity) == 0 || file_fits(key, identity);
    case FOREIGN_KEY_FLYWAY:
        return flyway_fits(key, identity);
    case FOREIGN_KEY_VERSION:
        return false;
    }
    return false;
}

static bool is_noted(ForeignKeyKind kind, const ForeignKeyArray *keys, const char *identity)
{
    array_each (char *const, key, keys)
        if (foreign_key_fits(kind, *key, identity))
            return true;
    return false;
}

/* A repeatable of flyway has a row of its own, which names no version: nothing is known of it. */
static bool has_key(ForeignKeyKind kind, const char *identity)
{
    return kind != FOREIGN_KEY_FLYWAY || (*identity == 'V' && strstr(identity, "__"));
}

/* How many migrations of the bundle, from its first on, are noted without a gap. Those without a
 * key count with one of their version that is noted. */
static size_t count_noted(const Manifest *manifest, ForeignKeyKind kind, bool last_only,
                          const ForeignKeyArray *keys)
{
    const ManifestMigration *migrations = manifest->migrations.items;
    size_t count = manifest->migrations.count, noted = 0;
    for (size_t i = 0; i < count; i++) {
        if (!has_key(kind, migrations[i].identity)) {
            if (noted == i && i && migrations[i - 1].version == migrations[i].version)
                noted = i + 1;
        } else if (is_noted(kind, keys, migrations[i].identity)) {
            noted = i + 1;
        } else if (!last_only) {
            break;
        }
    }
    return noted;
}

/* A version that lies before the bundle, by how many migrations there were up to it. For flyway
 * these may include repeatables, which are no keys: as many keys as migrations are all of those
 * before the bundle, but fewer may be of any version. */
static const char *earlier_of(const Manifest *manifest, ForeignKeyKind kind, int64_t count)
{
    const char *from = manifest->head.covers_from;
    if (count && manifest->versions.count && manifest->versions.items[0].position == count &&
        strcmp(from, "-") != 0)
        return from;
    if (kind == FOREIGN_KEY_FLYWAY)
        return NULL;
    array_each (const ManifestEarlier, earlier, &manifest->earlier)
        if (count && earlier->migrations == count)
            return earlier->name;
    return NULL;
}

static const char *version_named(const Manifest *manifest, const ForeignKeyArray *keys)
{
    const char *name = keys->count ? keys->items[keys->count - 1] : "";
    array_each (const ManifestVersion, version, &manifest->versions)
        if (strcmp(version->name, name) == 0)
            return version->name;
    array_each (const ManifestEarlier, earlier, &manifest->earlier)
        if (strcmp(earlier->name, name) == 0)
            return earlier->name;
    return strcmp(manifest->head.covers_from, name) == 0 ? manifest->head.covers_from : NULL;
}

ForeignPlace foreign_place(const Manifest *manifest, ForeignKeyKind kind, bool last_only,
                           const ForeignKeyArray *keys)
{
    ForeignPlace place = {0};
    if (kind == FOREIGN_KEY_VERSION) {
        place.version = version_named(manifest, keys);
        return place;
    }
    size_t noted = count_noted(manifest, kind, last_only, keys);
    if (!noted) {
        place.version = last_only ? NULL : earlier_of(manifest, kind, (int64_t)keys->count);
        return place;
    }
    if (strcmp(manifest->head.covers_from, "-") != 0)
        place.version = manifest->head.covers_from;
    array_each (const ManifestVersion, version, &manifest->versions) {
        size_t end = version->first_migration + version->migration_count;
        if (noted >= end) {
            place.version = version->name;
        } else {
            place.inside = noted > version->first_migration ? version->name : NULL;
            place.inside_count = (int64_t)(noted - version->first_migration);
            break;
        }
    }
    if (!place.inside)
        place.inside_count = 0;
    return place;
}
