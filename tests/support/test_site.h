/* A site in a temporary folder, found by SEALIFT_CONFIG_DIR and SEALIFT_STATE_DIR. */
#ifndef SEALIFT_TESTS_SUPPORT_TEST_SITE_H
#define SEALIFT_TESTS_SUPPORT_TEST_SITE_H

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

typedef struct TestSite {
    char *root; /* owned */
    char *config;
    char *state;
} TestSite;

static inline UNUSED TestSite test_site(void)
{
    char root[] = "/tmp/sealift-site.XXXXXX";
    if (!mkdtemp(root))
        abort();
    TestSite site = {.root = memory_string(root),
                     .config = memory_format("%s/config", root),
                     .state = memory_format("%s/state", root)};
    setenv("SEALIFT_CONFIG_DIR", site.config, 1);
    setenv("SEALIFT_STATE_DIR", site.state, 1);
    return site;
}

static inline UNUSED void test_site_done(TestSite *site)
{
    char *command = memory_format("rm -rf -- '%s'", site->root); /* our own mkdtemp */
    if (system(command) != 0)
        abort();
    free(command);
    free(site->root);
    free(site->config);
    free(site->state);
}

/* Write `bytes` to config/`name`, making folders. */
static inline UNUSED void test_site_write(const TestSite *site, const char *name, const char *bytes,
                                          size_t size)
{
    Error err = {0};
    char *path = file_path(site->config, name), *folder = file_folder_of(path);
    if (!file_make_folders(folder, 0755, &err) || !file_write_atomic(path, 0644, bytes, size, &err))
        abort();
    free(folder);
    free(path);
}

#endif
