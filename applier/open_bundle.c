#include "applier/open_bundle.h"

#include <inttypes.h>

#include "base/file.h"

#define CONFIG_FOLDER    "/etc/sealift"
#define KEYRING_PREFIX   "keyring."
#define KEYRINGS_MAX     64
#define KEYRING_FILE_MAX BUNDLE_KEYRING_SIZE

/* What the site trusts: the newest record of each folder under trust.d. */
typedef struct Keyrings {
    Keyring items[KEYRINGS_MAX];
    char *paths[KEYRINGS_MAX]; /* owned */
    size_t count;
} Keyrings;

static void keyrings_free(Keyrings *keyrings)
{
    if (!keyrings)
        return;
    for (size_t i = 0; i < keyrings->count; i++)
        free(keyrings->paths[i]);
    free(keyrings);
}
DEFINE_CLEANUP(Keyrings, keyrings_free)

static char *trust_folder(void)
{
    const char *config = getenv("SEALIFT_CONFIG_DIR");
    return file_path(config && *config ? config : CONFIG_FOLDER, "trust.d");
}

/* The name of the newest record in the folder, or NULL. The caller frees. */
static char *newest_record(const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(folder, &entries, err))
        return NULL;
    const char *newest = NULL;
    uint64_t highest = 0;
    array_each (const FileEntry, entry, &entries) {
        uint64_t version;
        if (!text_has_prefix(entry->name, KEYRING_PREFIX))
            continue;
        const char *number = entry->name + strlen(KEYRING_PREFIX);
        if (!text_parse_uint(number, strlen(number), (uint64_t)BUNDLE_NUMBER_MAX, &version))
            continue;
        if (!newest || version > highest) {
            newest = entry->name;
            highest = version;
        }
    }
    return newest ? file_path(folder, newest) : NULL;
}

static bool read_record(const char *path, Keyring *ret_keyring, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    KeyringFrame frame;
    if (!file_read_all(path, KEYRING_FILE_MAX, &bytes, &size, err))
        return false;
    if (!keyring_frame((const uint8_t *)bytes, size, &frame, err) ||
        !keyring_parse(frame.bytes, frame.signed_size, ret_keyring, err)) {
        error_wrap(err, "'%s'", path);
        err->class = ERROR_CONFIG;
        return false;
    }
    return true;
}

static bool add_folder(const char *folder, Keyrings *keyrings, Error *err)
{
    CLEANUP(error_done) Error failure = {0};
    CLEANUP(memory_freep) char *path = newest_record(folder, &failure);
    if (!path)
        return failure.class == ERROR_NONE || error_move(err, &failure);
    if (keyrings->count == KEYRINGS_MAX)
        return error_set(err, ERROR_CONFIG, "the site trusts more than %d products", KEYRINGS_MAX);
    if (!read_record(path, &keyrings->items[keyrings->count], err))
        return false;
    keyrings->paths[keyrings->count++] = TAKE_PTR(path);
    return true;
}

/* Folders named for a product win over `any`. */
static bool load_keyrings(Keyrings *keyrings, Error *err)
{
    CLEANUP(memory_freep) char *trust = trust_folder();
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (file_exists(trust) && !file_list(trust, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        if (entry->kind != FILE_KIND_FOLDER || !uuid_is_valid(entry->name))
            continue;
        CLEANUP(memory_freep) char *folder = file_path(trust, entry->name);
        if (!add_folder(folder, keyrings, err))
            return false;
    }
    CLEANUP(memory_freep) char *any = file_path(trust, "any");
    if (file_exists(any) && !add_folder(any, keyrings, err))
        return false;
    if (keyrings->count)
        return true;
    error_set(err, ERROR_CONFIG, "this site trusts no key yet ('%s' has no keyring)", trust);
    return error_hint(err, "applier trust init --key FILE.pub, with the vendor's public key");
}

bool open_bundle(const char *path, BundleReader **ret_reader, char **ret_trusted_by, Error *err)
{
    CLEANUP(keyrings_freep) Keyrings *keyrings = memory_new(Keyrings);
    size_t which;
    if (!load_keyrings(keyrings, err) ||
        !bundle_reader_open_any(path, keyrings->items, keyrings->count, ret_reader, &which, err))
        return false;
    if (ret_trusted_by)
        *ret_trusted_by = TAKE_PTR(keyrings->paths[which]);
    return true;
}
