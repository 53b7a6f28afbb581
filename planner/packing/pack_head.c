#include "planner/packing/pack_head.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/version.h"

void project_keyring_done(ProjectKeyring *keyring)
{
    free(keyring->records);
    *keyring = (ProjectKeyring){0};
}

/* The newest of the records, which follow each other without gap. They are the vendor's own and not
 * proven here: sites prove them. */
static bool find_newest(const char *path, ProjectKeyring *keyring, Error *err)
{
    const uint8_t *at = (const uint8_t *)keyring->records;
    size_t left = keyring->size;
    while (left) {
        KeyringFrame frame;
        if (!keyring_frame(at, left, &frame, err) ||
            !keyring_parse(frame.bytes, frame.signed_size, &keyring->newest, err)) {
            err->class = ERROR_INPUT;
            return error_wrap(err, "%s", path);
        }
        at += frame.size;
        left -= frame.size;
    }
    return true;
}

bool project_keyring_read(const Project *project, ProjectKeyring *ret_keyring, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(project->root, project->config.keyring);
    *ret_keyring = (ProjectKeyring){0};
    if (!file_exists(path))
        return true;
    CLEANUP(project_keyring_done) ProjectKeyring keyring = {.present = true};
    if (!file_read_all(path, BUNDLE_KEYRING_SIZE, &keyring.records, &keyring.size, err))
        return false;
    if (!keyring.size)
        return error_set(err, ERROR_INPUT, "%s: it is empty", path);
    if (!find_newest(path, &keyring, err))
        return false;
    if (strcmp(keyring.newest.product_uuid, project->config.product_uuid) != 0)
        return error_set(err, ERROR_TRUST, "%s: it is the keyring of product %s, not of %s (%s)",
                         path, keyring.newest.product_uuid, project->config.product,
                         project->config.product_uuid);
    *ret_keyring = keyring;
    keyring = (ProjectKeyring){0};
    return true;
}

static void copy_text(char *target, size_t size, const char *text)
{
    snprintf(target, size, "%s", text);
}

/* When the version was released, which every build of it finds the same. */
static const char *released_at(const Project *project, const char *version)
{
    array_each (const ProjectVersion, candidate, &project->versions)
        if (strcmp(candidate->name, version) == 0)
            return candidate->released_at;
    return "";
}

static bool take_next_sequence(const Project *project, const BundleLineArray *lines,
                               BundleLine *line, Error *err)
{
    line->sequence = 1;
    array_each (const BundleLine, known, lines)
        if (known->sequence >= line->sequence)
            line->sequence = known->sequence + 1;
    int64_t released = 0, created;
    if (!clock_parse(released_at(project, line->to), &released))
        return error_set(err, ERROR_INTERNAL, "version '%s' has no time of release", line->to);
    if (!clock_source_date_epoch(released, &created, err))
        return false;
    clock_format(created, line->created);
    return true;
}

bool pack_head_identify(const Project *project, const BundleLineArray *lines, SequenceChoice choice,
                        Head *head, PackIdentity *ret_identity, Error *err)
{
    PackIdentity identity = {0};
    BundleLine *line = &identity.line;
    copy_text(line->channel, sizeof(line->channel), project->config.channel);
    copy_text(line->from, sizeof(line->from), head->covers_from);
    copy_text(line->to, sizeof(line->to), head->covers_to);
    copy_text(line->tree_to, sizeof(line->tree_to), head->tree_to);
    if (choice == SEQUENCE_REUSE)
        identity.known = bundles_file_find(lines, line);
    if (identity.known)
        *line = *identity.known;
    else if (!take_next_sequence(project, lines, line, err))
        return false;
    head->sequence = line->sequence;
    copy_text(head->channel, sizeof(head->channel), line->channel);
    copy_text(head->created, sizeof(head->created), line->created);
    copy_text(head->previous_head, sizeof(head->previous_head), "-");
    int64_t previous = 0;
    array_each (const BundleLine, other, lines) {
        if (strcmp(other->channel, line->channel) != 0 || other->sequence >= line->sequence ||
            other->sequence <= previous)
            continue;
        previous = other->sequence;
        copy_text(head->previous_head, sizeof(head->previous_head), other->head_digest);
    }
    *ret_identity = identity;
    return true;
}

static bool take_major(const char *key, const char *text, int64_t *ret_major, Error *err)
{
    uint64_t major;
    if (!text_parse_uint(text, strlen(text), 99, &major) || major < 10)
        return error_set(err, ERROR_CONFIG, "%s: %s is '%s', which is no PostgreSQL version",
                         PROJECT_CONFIG_NAME, key, text);
    *ret_major = (int64_t)major;
    return true;
}

bool pack_head_address(const Project *project, const ProjectKeyring *keyring, Head *head,
                       Error *err)
{
    const ProjectConfig *config = &project->config;
    if (!head_name_is_valid(config->product))
        return error_set(err, ERROR_CONFIG, "%s: name '%s' is no product name ([a-z0-9-])",
                         PROJECT_CONFIG_NAME, config->product);
    if (strlen(config->sites) > BUNDLE_SITES_BYTES)
        return error_set(err, ERROR_CONFIG, "%s: 'sites' is longer than %d bytes",
                         PROJECT_CONFIG_NAME, BUNDLE_SITES_BYTES);
    copy_text(head->product, sizeof(head->product), config->product);
    copy_text(head->product_uuid, sizeof(head->product_uuid), config->product_uuid);
    copy_text(head->sites, sizeof(head->sites), config->sites);
    copy_text(head->environment, sizeof(head->environment), config->environment);
    copy_text(head->next_expected, sizeof(head->next_expected), config->next_expected);
    copy_text(head->min_applier, sizeof(head->min_applier), SEALIFT_VERSION);
    if (!take_major("server-min", config->server_min, &head->server_min, err) ||
        !take_major("server-max", config->server_max, &head->server_max, err))
        return false;
    head->keyring_version = keyring->present ? keyring->newest.version : 0;
    head->epoch = keyring->present ? keyring->newest.epoch : 0;
    head->manifest_schema = MANIFEST_SCHEMA_NUMBER;
    head_bundle_id(head->product_uuid, head->sequence, head->tree_to, head->bundle_id);
    return true;
}
