#include "planner/rehearsal/rehearsal_bundle.h"

#include "base/file.h"
#include "bundles/built_with.h"
#include "planner/packing/pack_head.h"
#include "planner/packing/plan_builder.h"
#include "planner/packing/signing_key.h"

#define NO_TIME "1970-01-01T00:00:00Z"

/* HEAD for a site that has no name and takes everything, whatever the real bundle is for. */
static bool fill_head(const Project *project, Head *head, Error *err)
{
    const ProjectKeyring no_keyring = {0};
    head->sequence = 1;
    snprintf(head->channel, sizeof(head->channel), "%s", project->config.channel);
    snprintf(head->created, sizeof(head->created), NO_TIME);
    snprintf(head->previous_head, sizeof(head->previous_head), "-");
    if (!pack_head_address(project, &no_keyring, head, err))
        return false;
    snprintf(head->sites, sizeof(head->sites), "*");
    snprintf(head->environment, sizeof(head->environment), "*");
    snprintf(head->next_expected, sizeof(head->next_expected), "-");
    CLEANUP(memory_freep) char *built_with = built_with_text();
    snprintf(head->built_with, sizeof(head->built_with), "%s", built_with);
    return true;
}

static bool sign(const char *key_path, const Head *head, const uint8_t *bytes, BundleWriter *writer,
                 Error *err)
{
    PublicKey public;
    Signature signature;
    CLEANUP(signing_key_freep) SigningKey *key = NULL;
    CLEANUP(memory_freep) char *comment = signature_release_comment(head->product, head->sequence);
    if (!signing_key_create(key_path, &public, err) || !signing_key_open(key_path, &key, err))
        return false;
    signing_key_sign(key, bytes, BUNDLE_HEAD_SIZE, comment, &signature);
    return bundle_writer_add_slot(writer, &signature, err);
}

bool rehearsal_bundle_make(const Project *project, int64_t last, const char *folder,
                           Manifest *ret_manifest, Error *err)
{
    const PlanRange range = {.first = -1, .last = last};
    CLEANUP(memory_freep) char *path = file_path(folder, REHEARSAL_BUNDLE_NAME);
    CLEANUP(memory_freep) char *key_path = file_path(folder, REHEARSAL_KEY_NAME);
    CLEANUP(bundle_writer_freep) BundleWriter *writer = NULL;
    uint8_t bytes[BUNDLE_HEAD_SIZE];
    if (!bundle_writer_new(path, &writer, err) ||
        !plan_build(project, &range, writer, ret_manifest, err))
        return false;
    Head head = ret_manifest->head;
    return fill_head(project, &head, err) &&
           bundle_writer_seal(writer, ret_manifest, /* keyring_records= */ NULL, 0, &head, bytes,
                              err) &&
           sign(key_path, &head, bytes, writer, err) && bundle_writer_commit(writer, err);
}
