/* From one keyring record to the next: frame, who signed, what must fit, the walk over an area. */
#include <inttypes.h>

#include "base/memory.h"
#include "bundles/keyring.h"

#define FIRST_LINE "sealift-keyring 1\n"
#define VERSION    "version: "
#define END        "end: "
/* first line, seven values, keys, end */
#define LINES_MAX (1 + 7 + KEYRING_ROOTS_MAX + KEYRING_RELEASES_MAX + 1)

/* `PREFIXn` LF at *at, which moves past it; false where something else stands there. */
static bool frame_number(const uint8_t **at, const uint8_t *end, const char *prefix, uint64_t most,
                         uint64_t *ret_number)
{
    size_t length = strlen(prefix);
    if ((size_t)(end - *at) < length || memcmp(*at, prefix, length) != 0)
        return false;
    const uint8_t *digits = *at + length;
    const uint8_t *newline = memchr(digits, '\n', (size_t)(end - digits));
    if (!newline ||
        !text_parse_uint((const char *)digits, (size_t)(newline - digits), most, ret_number))
        return false;
    *at = newline + 1;
    return true;
}

/* Move *at past the `end:` line, which stands after at most LINES_MAX lines of printable ASCII. */
static bool frame_end(const uint8_t **at, const uint8_t *end, uint64_t *ret_signatures, Error *err)
{
    for (size_t line = 0; line < LINES_MAX; line++) {
        if (frame_number(at, end, END, KEYRING_SIGNATURES_MAX, ret_signatures))
            return true;
        const uint8_t *start = *at;
        while (*at < end && **at >= 0x20 && **at <= 0x7e)
            (*at)++;
        if (*at == end || **at != '\n' || *at == start)
            break;
        (*at)++;
    }
    return error_set(err, ERROR_TRUST, "keyring: the record has no end line");
}

static bool frame_signatures(const uint8_t **at, const uint8_t *end, uint64_t count,
                             KeyringFrame *frame, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        Signature *signature = &frame->signatures[i];
        size_t length;
        if (!signature_parse(*at, (size_t)(end - *at), signature, &length, err))
            return error_wrap(err, "keyring: signature %zu of %" PRIu64, i + 1, count);
        *at += length;
        for (size_t j = 0; j < i; j++)
            if (memcmp(frame->signatures[j].key_id, signature->key_id, SIGNATURE_KEY_ID_SIZE) == 0)
                return error_set(err, ERROR_TRUST, "keyring: one key signed the record twice");
    }
    frame->signature_count = count;
    return true;
}

bool keyring_frame(const uint8_t *bytes, size_t size, KeyringFrame *ret_frame, Error *err)
{
    size_t first = strlen(FIRST_LINE);
    const uint8_t *at = bytes,
                  *end = bytes + (size < KEYRING_RECORD_MAX ? size : KEYRING_RECORD_MAX);
    if ((size_t)(end - at) < first || memcmp(at, FIRST_LINE, first) != 0)
        return error_set(err, ERROR_TRUST, "keyring: a record does not begin with '%.*s'",
                         (int)first - 1, FIRST_LINE);
    at += first;
    KeyringFrame frame = {.bytes = bytes};
    uint64_t version, count;
    if (!frame_number(&at, end, VERSION, BUNDLE_NUMBER_MAX, &version))
        return error_set(err, ERROR_TRUST, "keyring: a record's second line is not its version");
    frame.claimed_version = (int64_t)version;
    if (!frame_end(&at, end, &count, err))
        return false;
    frame.signed_size = (size_t)(at - bytes);
    if (!frame_signatures(&at, end, count, &frame, err))
        return false;
    frame.size = (size_t)(at - bytes);
    *ret_frame = frame;
    return true;
}

static const KeyringKey *find_root(const Keyring *keyring, const uint8_t *id)
{
    for (size_t i = 0; i < keyring->root_count; i++)
        if (memcmp(keyring->roots[i].public_key.id, id, SIGNATURE_KEY_ID_SIZE) == 0)
            return &keyring->roots[i];
    return NULL;
}

/* Signed by the root threshold of `keyring`: its keys' signatures must hold, others' are nothing to
 * it. Ids are distinct in the frame, and so are keys in the keyring: each counts once. */
static bool check_signed_by(const Keyring *keyring, const KeyringFrame *frame, int64_t version,
                            Error *err)
{
    int64_t signers = 0;
    for (size_t i = 0; i < frame->signature_count; i++) {
        const KeyringKey *root = find_root(keyring, frame->signatures[i].key_id);
        if (!root)
            continue;
        if (!signature_verify_comment_unchecked(&frame->signatures[i], &root->public_key,
                                                frame->bytes, frame->signed_size, err))
            return error_wrap(err, "keyring: version %" PRId64, version);
        signers++;
    }
    if (signers < keyring->root_threshold)
        return error_set(err, ERROR_TRUST,
                         "keyring: version %" PRId64 " has %" PRId64 " of %" PRId64
                         " signatures that version %" PRId64 " wants",
                         version, signers, keyring->root_threshold, keyring->version);
    return true;
}

static bool check_comments(const Keyring *next, const KeyringFrame *frame, Error *err)
{
    CLEANUP(memory_freep)
    char *comment = signature_keyring_comment(next->product_uuid, next->version);
    for (size_t i = 0; i < frame->signature_count; i++)
        if (!signature_check_comment(&frame->signatures[i], comment, err))
            return error_wrap(err, "keyring: version %" PRId64, next->version);
    return true;
}

static bool check_follows(const Keyring *current, const Keyring *next, Error *err)
{
    if (next->version != current->version + 1)
        return error_set(err, ERROR_TRUST,
                         "keyring: version %" PRId64 " does not follow version %" PRId64,
                         next->version, current->version);
    /* a record 0 is local, so record 1 names no previous; check_keyring saw to that */
    if (next->has_previous && !digest_equal(&next->previous, &current->digest))
        return error_set(err, ERROR_TRUST,
                         "keyring: version %" PRId64 " follows another version %" PRId64
                         " than the one that is known here",
                         next->version, current->version);
    if (next->epoch < current->epoch)
        return error_set(err, ERROR_TRUST, "keyring: version %" PRId64 " goes back in epoch",
                         next->version);
    if (strcmp(current->product_uuid, "-") != 0 &&
        strcmp(current->product_uuid, next->product_uuid) != 0)
        return error_set(err, ERROR_TRUST,
                         "keyring: version %" PRId64 " is for product %s, not for %s",
                         next->version, next->product_uuid, current->product_uuid);
    return true;
}

bool keyring_accept(const Keyring *current, const KeyringFrame *frame, Keyring *ret_next,
                    Error *err)
{
    Keyring next;
    if (!check_signed_by(current, frame, current->version + 1, err))
        return false;
    if (!keyring_parse(frame->bytes, frame->signed_size, &next, err)) {
        err->class = ERROR_TRUST;
        return false;
    }
    if (!check_follows(current, &next, err) || !check_comments(&next, frame, err) ||
        !check_signed_by(&next, frame, next.version, err))
        return false;
    *ret_next = next;
    return true;
}

bool keyring_area_next(const uint8_t area[static BUNDLE_KEYRING_SIZE], size_t *offset,
                       KeyringFrame *ret_frame, bool *ret_more, Error *err)
{
    if (*offset < BUNDLE_KEYRING_SIZE && area[*offset] != '\n') {
        if (!keyring_frame(area + *offset, BUNDLE_KEYRING_SIZE - *offset, ret_frame, err))
            return false;
        *offset += ret_frame->size;
        *ret_more = true;
        return true;
    }
    for (size_t i = *offset; i < BUNDLE_KEYRING_SIZE; i++)
        if (area[i] != '\n')
            return error_set(err, ERROR_TRUST,
                             "keyring: byte 0x%02x at %zu, where only line feeds may stand",
                             area[i], i);
    *offset = BUNDLE_KEYRING_SIZE;
    *ret_more = false;
    return true;
}

/* One record of the walk: pass over what is not newer, accept what is. */
static bool walk_record(Keyring *newest, const KeyringFrame *frame, int64_t before,
                        KeyringFrame *last, Error *err)
{
    if (frame->claimed_version < 1 || (before && frame->claimed_version != before + 1))
        return error_set(err, ERROR_TRUST,
                         "keyring: the record after version %" PRId64 " is version %" PRId64,
                         before, frame->claimed_version);
    if (frame->claimed_version < newest->version)
        return true;
    if (frame->claimed_version == newest->version) {
        Digest digest = digest_of(frame->bytes, frame->signed_size);
        if (!digest_equal(&digest, &newest->digest))
            return error_set(err, ERROR_TRUST,
                             "keyring: the bundle carries another version %" PRId64
                             " than the one that is known here",
                             newest->version);
        return true;
    }
    if (frame->claimed_version > newest->version + 1) {
        error_set(err, ERROR_TRUST,
                  "keyring: the bundle carries versions from %" PRId64 ", this site has %" PRId64
                  ": version %" PRId64 " is missing",
                  frame->claimed_version, newest->version, newest->version + 1);
        return error_hint(err, "a bundle that was made earlier may carry it");
    }
    Keyring next;
    if (!keyring_accept(newest, frame, &next, err))
        return false;
    *newest = next;
    *last = *frame;
    return true;
}

/* Every record's bounds and the padding behind them, before the first signature costs time. */
static bool frame_all(const uint8_t area[static BUNDLE_KEYRING_SIZE], Error *err)
{
    KeyringFrame frame;
    size_t offset = 0;
    bool more;
    do {
        if (!keyring_area_next(area, &offset, &frame, &more, err))
            return false;
    } while (more);
    return true;
}

bool keyring_walk(const Keyring *known, const uint8_t area[static BUNDLE_KEYRING_SIZE],
                  Keyring *ret_newest, KeyringFrame *ret_last_record, Error *err)
{
    Keyring newest = *known;
    KeyringFrame frame, last = {0};
    size_t offset = 0;
    int64_t before = 0; /* version of the record before, 0 at the first */
    bool more;
    if (!frame_all(area, err))
        return false;
    for (;;) {
        if (!keyring_area_next(area, &offset, &frame, &more, err))
            return false;
        if (!more)
            break;
        if (!walk_record(&newest, &frame, before, &last, err))
            return false;
        before = frame.claimed_version;
    }
    *ret_newest = newest;
    if (ret_last_record)
        *ret_last_record = last;
    return true;
}
