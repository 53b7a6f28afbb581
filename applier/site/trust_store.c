#include "applier/site/trust_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define TRUST_FOLDER "trust.d"
#define RECORD_NAME  "keyring."

void trust_store_done(TrustStore *store)
{
    free(store->keyrings);
    free(store->folders);
    *store = (TrustStore){0};
}

static char *record_path(const char *folder, int64_t version)
{
    return memory_format("%s/" RECORD_NAME "%" PRId64, folder, version);
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

/* A record that is there counts. Without this, the loss of keyring.1 would bring back the keys of
 * keyring.0, those that were revoked since too. */
static bool check_last(const char *folder, int64_t last, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        const char *number = entry->name + strlen(RECORD_NAME);
        uint64_t version;
        if (text_has_prefix(entry->name, RECORD_NAME) &&
            text_parse_uint(number, strlen(number), BUNDLE_NUMBER_MAX, &version) &&
            version > (uint64_t)last)
            return error_set(err, ERROR_CONFIG,
                             "'%s' holds '%s', but no '" RECORD_NAME "%" PRId64
                             "' that can be read",
                             folder, entry->name, last + 1);
    }
    return true;
}

static bool load_folder(const char *folder, const char *name, Keyring *ret_keyring, Error *err)
{
    Keyring keyring;
    if (!check_mode(folder, err) || !load_first(folder, &keyring, err))
        return false;
    for (;;) {
        CLEANUP(memory_freep) char *path = record_path(folder, keyring.version + 1);
        if (!file_exists(path))
            break;
        if (!load_next(path, &keyring, err))
            return false;
    }
    if (!check_last(folder, keyring.version, err))
        return false;
    bool any_product = strcmp(keyring.product_uuid, "-") == 0;
    if (!any_product && strcmp(keyring.product_uuid, name) != 0)
        return error_set(err, ERROR_CONFIG, "the keyring in '%s' is for product %s", folder,
                         keyring.product_uuid);
    /* a product's folder may have begun as a copy of `any`, and is for that product all the same:
     * other products' bundles must go past it to `any` */
    if (any_product && strcmp(name, TRUST_ANY) != 0)
        memcpy(keyring.product_uuid, name, UUID_TEXT_SIZE);
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
    /* who may write to the folder above may put another in this one's place */
    if (!check_mode(config->config_folder, err) || !check_mode(trust_folder, err) ||
        !file_list(trust_folder, &entries, err))
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
    CLEANUP(memory_freep) char *any = trust_store_folder(config, TRUST_ANY);
    CLEANUP(memory_freep) char *path = record_path(folder, 0);
    CLEANUP(text_done) Text text = {0};
    Keyring record0;
    return load_first(any, &record0, err) &&
           keyring_format(&record0, /* signature_count= */ 0, &text, err) &&
           file_write_atomic(path, 0644, text.bytes, text.length, err);
}

static bool write_next(const char *folder, const KeyringFrame *frame, const Keyring *keyring,
                       Error *err)
{
    CLEANUP(memory_freep) char *path = record_path(folder, keyring->version);
    return file_write_atomic(path, 0644, frame->bytes, frame->size, err);
}

/* What the area brings beyond `keyring`. */
static bool write_newer(const char *folder, const uint8_t *area, Keyring keyring, Error *err)
{
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

/* Put the finished folder in its place; rename replaces an empty one only. */
static bool place_folder(const char *draft, const char *folder, Error *err)
{
    if (rename(draft, folder) != 0)
        return error_set(err, ERROR_IO, "cannot put '%s' in place: %m", folder);
    CLEANUP(memory_freep) char *above = file_folder_of(folder);
    CLEANUP(file_closep) int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        return error_set(err, ERROR_IO, "cannot write '%s' to disk: %m", above);
    return true;
}

/* The product gets a folder of its own, all of it at once: one that is cut short would stop the
 * site, which cannot know what it has lost. The draft's name begins with a dot, so that loading
 * passes over it; what an interrupted run left in it is written anew. */
static bool accept_into_new_folder(const SiteConfig *config, const uint8_t *area,
                                   const Keyring *keyring, const char *product_uuid, Error *err)
{
    CLEANUP(memory_freep) char *folder = trust_store_folder(config, product_uuid);
    CLEANUP(memory_freep) char *draft_name = memory_format(".%s", product_uuid);
    CLEANUP(memory_freep) char *draft = NULL;
    return make_folder(config, draft_name, &draft, err) && copy_first(config, draft, err) &&
           write_newer(draft, area, *keyring, err) && place_folder(draft, folder, err);
}

bool trust_store_accept(const SiteConfig *config, const TrustStore *store, size_t which,
                        const Envelope *envelope, Error *err)
{
    const uint8_t *area = envelope->bytes + BUNDLE_KEYRING_OFFSET;
    const Keyring *keyring = &store->keyrings[which];
    Keyring newest;
    if (!keyring_walk(keyring, area, &newest, NULL, err))
        return false;
    if (newest.version == keyring->version)
        return true;
    if (strcmp(store->folders[which], TRUST_ANY) == 0)
        return accept_into_new_folder(config, area, keyring, newest.product_uuid, err);
    CLEANUP(memory_freep) char *folder = trust_store_folder(config, newest.product_uuid);
    return write_newer(folder, area, *keyring, err);
}
