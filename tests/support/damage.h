/* Tables of damage: what SQL makes of the manifest of a good bundle, and what the refusal must say.
 */
#ifndef SEALIFT_TESTS_SUPPORT_DAMAGE_H
#define SEALIFT_TESTS_SUPPORT_DAMAGE_H

#include "tests/support/unit_test.h"

#include "bundles/bundle_reader.h"
#include "tests/support/forge.h"

typedef struct SqlDamage {
    const char *name;
    const char *sql;
    const char *says;
} SqlDamage;

static inline UNUSED void expect_refused(Forge *forge, const char *name, const char *says)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text bytes = forge_seal(forge);
    CLEANUP(bundle_reader_freep) BundleReader *reader = NULL;
    if (!bundle_reader_open_fd(forge_memory(&bytes), "bundle", &forge->site, &reader, &err))
        fail_msg("%s: not even opened: %s", name, err.message);
    const Manifest *manifest = NULL;
    if (bundle_reader_manifest(reader, &manifest, &err))
        fail_msg("%s: accepted", name);
    if (err.class != ERROR_INPUT || !strstr(err.message, says))
        fail_msg("%s: %d %s; '%s' is expected", name, err.class, err.message, says);
    assert_null(manifest);
}

static inline UNUSED void expect_all_refused(ForgeSample sample, const SqlDamage *damages,
                                             size_t count)
{
    CLEANUP(forge_done) Forge good;
    forge_init(&good, sample);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(forge_done) Forge bad;
        forge_copy(&good, &bad);
        forge_manifest_sql(&bad, damages[i].sql, FORGE_TIDY);
        expect_refused(&bad, damages[i].name, damages[i].says);
    }
}

#endif
