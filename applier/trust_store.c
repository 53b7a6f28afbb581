#include "applier/trust_store.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

#define TRUST_FOLDER "trust.d"
#define RECORDS_MAX  4096

void trust_store_done(TrustStore *store)
{
    free(store->keyrings);
    free(store->folders);
    *store = (TrustStore){0};
}

static char *record_path(const char *folder, int64_t version)
{
    return memory_format("%s/keyring.%" PRId64, folder, version);
}

/* Whoever may write here decides what this site trusts. */
static bool check_mode(const char *path, Error *err)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(err, ERROR_IO, "cannot look at '%s': %m", path);
    if (!(status.st_mode & 022))
        return true;
    error_set(err, ERROR_CONFIG, "'%s' may be written by others (mode %04o)", path,
              (unsigned)status.st_mode & 07777);
    return error_hint(err, "look at what it holds, then: chmod go-w '%s'", path);
}

static bool read_record(const char *path, char **ret_bytes, size_t *ret_size, Error *err)
{
    if (!check_mode(path, err))
        return false;
    if (file_read_all(path, KEYRING_RECORD_MAX, ret_bytes, ret_size, err))
        return true;
    if (err->class == ERROR_INPUT)
        err->class = ERROR_CONFIG;
    return false;
}

/* keyring.0: unsigned, believed because the site wrote it. */
static bool load_first(const char *folder, Keyring *ret_keyring, Error *err)
{
    CLEANUP(memory_freep) char *path = record_path(folder, 0);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_exists(path))
        return error_set(err, ERROR_CONFIG, "there is no '%s'", path);
    if (!read_record(path, &bytes, &size, err))
        return false;
    bool good =
        keyring_parse((const uint8_t *)bytes, size, ret_keyring, err) &&
        (ret_keyring->version == 0 ||
         error_set(err, ERROR_CONFIG, "version %" PRId64 " instead of 0", ret_keyring->version));
    if (good)
        return true;
    err->class = ERROR_CONFIG;
    return error_wrap(err, "'%s'", path);
}

/* The next keyring.N becomes *keyring. */
static bool load_next(const char *path, Keyring *keyring, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!read_record(path, &bytes, &size, err))
        return false;
    KeyringFrame frame;
    Keyring next;
    if (keyring_frame((const uint8_t *)bytes, size, &frame, err) &&
        (frame.size == size ||
         error_set(err, ERROR_CONFIG, "something stands behind the record")) &&
        keyring_accept(keyring, &frame, &next, err)) {
        *keyring = next;
        return true;
    }
    err->class = ERROR_CONFIG;
    return error_wrap(err, "'%s'", path);
}

static bool load_folder(const char *folder, const char *name, Keyring *ret_keyring, Error *err)
{
    Keyring keyring;
    if (!check_mode(folder, err) || !load_first(folder, &keyring, err))
        return false;
    for (int64_t version = 1; version < RECORDS_MAX; version++) {
        CLEANUP(memory_freep) char *path = record_path(folder, version);
        if (!file_exists(path))
            break;
        if (!load_next(path, &keyring, err))
            return false;
    }
    /* a product's folder may have begun as a copy of `any`; otherwise it says its own product */
    if (strcmp(keyring.product_uuid, "-") != 0 && strcmp(keyring.product_uuid, name) != 0)
        return error_set(err, ERROR_CONFIG, "the keyring in '%s' is for product %s", folder,
                         keyring.product_uuid);
    *ret_keyring = keyring;
    return true;
}

static bool no_trust(const char *path, Error *err)
{
    error_set(err, ERROR_CONFIG, "this site trusts no key yet: there is nothing in '%s'", path);
    return error_hint(err, "applier trust init --key FILE.pub");
}

static bool load_entry(const char *trust_folder, const FileEntry *entry, TrustStore *store,
                       Error *err)
{
    if (entry->name[0] == '.')
        return true; /* drafts and editors' files */
    bool is_any = strcmp(entry->name, TRUST_ANY) == 0;
    if ((!is_any && !uuid_is_valid(entry->name)) || entry->kind != FILE_KIND_FOLDER)
        return error_set(err, ERROR_CONFIG,
                         "'%s/%s' is neither the folder of a product's UUID nor '%s'", trust_folder,
                         entry->name, TRUST_ANY);
    if (store->count == TRUST_STORE_MAX)
        return error_set(err, ERROR_CONFIG, "'%s' holds more than %d keyrings", trust_folder,
                         TRUST_STORE_MAX);
    CLEANUP(memory_freep) char *folder = file_path(trust_folder, entry->name);
    if (!load_folder(folder, entry->name, &store->keyrings[store->count], err))
        return false;
    /* byte order puts names that begin in b to f behind `any`: the caller moves it */
    memcpy(store->folders[store->count++], entry->name, strlen(entry->name) + 1);
    return true;
}

/* `any` is tried last. */
static void move_any_last(TrustStore *store)
{
    for (size_t i = 0; i + 1 < store->count; i++) {
        if (strcmp(store->folders[i], TRUST_ANY) != 0)
            continue;
        Keyring keyring = store->keyrings[i];
        size_t behind = store->count - 1 - i;
        memmove(&store->keyrings[i], &store->keyrings[i + 1], behind * sizeof(Keyring));
        memmove(store->folders[i], store->folders[i + 1], behind * sizeof(*store->folders));
        store->keyrings[store->count - 1] = keyring;
        memcpy(store->folders[store->count - 1], TRUST_ANY, sizeof(TRUST_ANY));
    }
}

bool trust_store_load(const SiteConfig *config, TrustStore *ret_store, Error *err)
{
    CLEANUP(memory_freep) char *trust_folder = file_path(config->config_folder, TRUST_FOLDER);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_exists(trust_folder))
        return no_trust(trust_folder, err);
    if (!check_mode(trust_folder, err) || !file_list(trust_folder, &entries, err))
        return false;
    CLEANUP(trust_store_done)
    TrustStore store = {
        .keyrings = memory_zeroed(TRUST_STORE_MAX, sizeof(*store.keyrings)),
        .folders = memory_zeroed(TRUST_STORE_MAX, sizeof(*store.folders)),
    };
    array_each (FileEntry, entry, &entries)
        if (!load_entry(trust_folder, entry, &store, err))
            return false;
    if (store.count == 0)
        return no_trust(trust_folder, err);
    move_any_last(&store);
    *ret_store = store;
    store = (TrustStore){0};
    return true;
}

bool trust_store_check_choice(const TrustStore *store, size_t which, const Head *head, Error *err)
{
    const char *chosen = store->folders[which];
    if (strcmp(chosen, head->product_uuid) == 0)
        return true;
    if (strcmp(chosen, TRUST_ANY) != 0)
        return error_set(err, ERROR_TRUST,
                         "the bundle is of product '%s' (%s), its signers are trusted for product "
                         "%s only",
                         head->product, head->product_uuid, chosen);
    for (size_t i = 0; i < store->count; i++)
        if (strcmp(store->folders[i], head->product_uuid) == 0)
            return error_set(err, ERROR_TRUST,
                             "the bundle's signers are trusted for any product, but product '%s' "
                             "(%s) has a keyring of its own here, which does not accept them",
                             head->product, head->product_uuid);
    return true;
}

char *trust_store_folder(const SiteConfig *config, const char *name)
{
    return memory_format("%s/%s/%s", config->config_folder, TRUST_FOLDER, name);
}

static bool make_folder(const SiteConfig *config, const char *name, char **ret_folder, Error *err)
{
    *ret_folder = trust_store_folder(config, name);
    return file_make_folders(*ret_folder, 0755, err);
}

static bool write_first(const char *folder, const Keyring *record0, Error *err)
{
    CLEANUP(memory_freep) char *path = record_path(folder, 0);
    CLEANUP(text_done) Text text = {0};
    Keyring keyring = *record0;
    CLEANUP(file_draft_done) FileDraft draft = {.fd = -1};
    if (file_exists(path))
        return error_set(err, ERROR_CONFIG, "'%s' is already there", path);
    return keyring_format(&keyring, /* signature_count= */ 0, &text, err) &&
           file_draft_open(path, 0644, &draft, err) &&
           file_write(draft.fd, path, text.bytes, text.length, err) &&
           file_draft_commit_new(&draft, err);
}

bool trust_store_create(const SiteConfig *config, Keyring *record0, Error *err)
{
    bool any = strcmp(record0->product_uuid, "-") == 0;
    CLEANUP(memory_freep) char *folder = NULL;
    if (!make_folder(config, any ? TRUST_ANY : record0->product_uuid, &folder, err))
        return false;
    if (write_first(folder, record0, err))
        return true;
    if (err->class == ERROR_CONFIG)
        error_hint(err, "'applier trust show' says whom this site trusts");
    return false;
}

/* keyring.0 as it stands in `any`, for the product's own folder. */
static bool copy_first(const SiteConfig *config, const char *folder, Error *err)
{
    CLEANUP(memory_freep)
    char *any = trust_store_folder(config, TRUST_ANY);
    Keyring record0;
    return load_first(any, &record0, err) && write_first(folder, &record0, err);
}

static bool write_next(const char *folder, const KeyringFrame *frame, const Keyring *keyring,
                       Error *err)
{
    CLEANUP(memory_freep) char *path = record_path(folder, keyring->version);
    return file_write_atomic(path, 0644, frame->bytes, frame->size, err);
}

bool trust_store_accept(const SiteConfig *config, const TrustStore *store, size_t which,
                        const Envelope *envelope, Error *err)
{
    const uint8_t *area = envelope->bytes + BUNDLE_KEYRING_OFFSET;
    Keyring keyring = store->keyrings[which], newest;
    CLEANUP(memory_freep) char *folder = NULL;
    if (!keyring_walk(&keyring, area, &newest, NULL, err))
        return false;
    if (newest.version == keyring.version)
        return true;
    bool was_any = strcmp(store->folders[which], TRUST_ANY) == 0;
    if (!make_folder(config, newest.product_uuid, &folder, err))
        return false;
    if (was_any && !copy_first(config, folder, err))
        return false;
    size_t offset = 0;
    for (bool more = true; more;) {
        KeyringFrame frame;
        if (!keyring_area_next(area, &offset, &frame, &more, err))
            return false;
        if (!more || frame.claimed_version <= keyring.version)
            continue;
        if (!keyring_accept(&keyring, &frame, &keyring, err) ||
            !write_next(folder, &frame, &keyring, err))
            return false;
    }
    return true;
}
