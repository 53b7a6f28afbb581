#include "applier/open_bundle.h"

#include "base/memory.h"

bool open_bundle_with(const SiteConfig *config, const TrustStore *store, const char *path,
                      BundleReader **ret_reader, size_t *ret_which, Error *err)
{
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    size_t which;
    if (!bundle_reader_open_any(path, store->keyrings, store->count, &reader, &which, err))
        return false;
    const Head *head = &bundle_reader_proof(reader)->head;
    if (!trust_store_check_choice(store, which, head, err) ||
        !site_config_check_head(config, head, err))
        return error_wrap(err, "bundle '%s' is refused", path);
    if (ret_which)
        *ret_which = which;
    *ret_reader = TAKE_PTR(reader);
    return true;
}

bool open_bundle(const char *path, BundleReader **ret_reader, char **ret_trusted_by, Error *err)
{
    CLEANUP(site_config_done) SiteConfig config = {0};
    CLEANUP(trust_store_done) TrustStore store = {0};
    size_t which;
    if (!site_config_read(&config, err) || !trust_store_load(&config, &store, err) ||
        !open_bundle_with(&config, &store, path, ret_reader, &which, err))
        return false;
    if (ret_trusted_by)
        *ret_trusted_by = trust_store_folder(&config, store.folders[which]);
    return true;
}
