#include "applier/site/site_state.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define FIRST_LINE "sealift-state 1"
#define STATE_NAME "state"

void site_state_done(SiteState *state)
{
    array_free(&state->applied);
    *state = (SiteState){0};
}

/* The database's folder, from UUIDs only. */
static bool state_folder(const SiteConfig *config, const char *product_uuid,
                         const char *database_uuid, char **ret_folder, Error *err)
{
    if (!uuid_is_valid(product_uuid) || !uuid_is_valid(database_uuid))
        return error_set(err, ERROR_INTERNAL, "the state file is named by two UUIDs");
    *ret_folder = memory_format("%s/%s/%s", config->state_folder, product_uuid, database_uuid);
    return true;
}

/* The file's lines while they are read; every line ends in LF. */
typedef struct StateText {
    char *at;
    Error *err;
} StateText;

/* The value of the next line, which must begin with `key: `; NULL with the error set otherwise. */
static char *take_value(StateText *text, const char *key)
{
    char *line = text->at, *newline = strchr(line, '\n');
    size_t length = strlen(key);
    if (!newline || strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) {
        error_set(text->err, ERROR_CONFIG, "'%s:' is expected where '%.*s' stands", key,
                  (int)strcspn(line, "\n"), line);
        return NULL;
    }
    *newline = '\0';
    text->at = newline + 1;
    return line + length + 2;
}

static bool take_number(StateText *text, const char *key, int64_t *ret_number)
{
    uint64_t number;
    const char *value = take_value(text, key);
    if (!value)
        return false;
    if (!text_parse_uint(value, strlen(value), BUNDLE_NUMBER_MAX, &number))
        return error_set(text->err, ERROR_CONFIG, "'%s' cannot be its %s", value, key);
    *ret_number = (int64_t)number;
    return true;
}

static bool is_hex_digest(const char *value)
{
    Digest digest;
    return digest_parse_hex(value, strlen(value), &digest);
}

static bool is_time(const char *value)
{
    int64_t seconds;
    return clock_parse(value, &seconds);
}

/* A value that is "-" or passes `is_valid`. */
static bool take_text(StateText *text, const char *key, bool (*is_valid)(const char *), char *field,
                      size_t size)
{
    const char *value = take_value(text, key);
    if (!value)
        return false;
    if ((strcmp(value, "-") != 0 && !is_valid(value)) || strlen(value) >= size)
        return error_set(text->err, ERROR_CONFIG, "'%.140s' cannot be its %s", value, key);
    memcpy(field, value, strlen(value) + 1);
    return true;
}

/* UUIDs must be those the file is asked for. */
static bool take_uuid(StateText *text, const char *key, const char *expected)
{
    const char *value = take_value(text, key);
    if (!value)
        return false;
    if (strcmp(value, expected) != 0)
        return error_set(text->err, ERROR_CONFIG, "its %s is '%.60s', not %s", key, value,
                         expected);
    return true;
}

static bool take_applied(StateText *text, SiteState *state)
{
    char *value = take_value(text, "applied");
    char *space = value ? strchr(value, ' ') : NULL;
    uint64_t sequence;
    Digest digest;
    if (!value)
        return false;
    if (!space || !text_parse_uint(value, (size_t)(space - value), BUNDLE_NUMBER_MAX, &sequence) ||
        !digest_parse_hex(space + 1, strlen(space + 1), &digest))
        return error_set(text->err, ERROR_CONFIG, "'%.160s' is no applied bundle", value);
    return site_state_add_applied(state, (int64_t)sequence, &digest, text->err);
}

static bool parse(StateText *text, SiteState *state)
{
    int64_t count;
    if (!take_uuid(text, "product-uuid", state->product_uuid) ||
        !take_uuid(text, "database-uuid", state->database_uuid) ||
        !take_number(text, "epoch", &state->epoch) || !take_number(text, "floor", &state->floor) ||
        !take_number(text, "keyring-version", &state->keyring_version) ||
        !take_text(text, "latest-time", is_time, state->latest_time, sizeof(state->latest_time)) ||
        !take_text(text, "last-receipt", is_hex_digest, state->last_receipt,
                   sizeof(state->last_receipt)) ||
        !take_text(text, "journal-head", is_hex_digest, state->journal_head,
                   sizeof(state->journal_head)))
        return false;
    while (text_has_prefix(text->at, "applied"))
        if (!take_applied(text, state))
            return false;
    if (!take_number(text, "end", &count))
        return false;
    if (count != (int64_t)state->applied.count || *text->at)
        return error_set(text->err, ERROR_CONFIG, "its end line does not count what stands there");
    return true;
}

static bool parse_file(const char *path, SiteState *state, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(path, SITE_STATE_SIZE_MAX, &bytes, &size, err)) {
        if (err->class == ERROR_INPUT)
            err->class = ERROR_CONFIG;
        return false;
    }
    bool good = memchr(bytes, '\0', size) == NULL && text_has_prefix(bytes, FIRST_LINE "\n");
    StateText text = {.at = bytes + strlen(FIRST_LINE "\n"), .err = err};
    if (good ? parse(&text, state) : error_set(err, ERROR_CONFIG, "it is no state file"))
        return true;
    err->class = ERROR_CONFIG;
    error_wrap(err, "the state file '%s' is damaged", path);
    return error_hint(err,
                      "restore it from a backup; without it, the database's word counts alone");
}

bool site_state_read(const SiteConfig *config, const char *product_uuid, const char *database_uuid,
                     SiteState *ret_state, bool *ret_present, Error *err)
{
    CLEANUP(memory_freep) char *folder = NULL;
    if (!state_folder(config, product_uuid, database_uuid, &folder, err))
        return false;
    CLEANUP(memory_freep) char *path = file_path(folder, STATE_NAME);
    CLEANUP(site_state_done)
    SiteState state = {.latest_time = "-", .last_receipt = "-", .journal_head = "-"};
    memcpy(state.product_uuid, product_uuid, UUID_TEXT_SIZE);
    memcpy(state.database_uuid, database_uuid, UUID_TEXT_SIZE);
    bool present = file_exists(path);
    if (present && !parse_file(path, &state, err))
        return false;
    if (ret_present)
        *ret_present = present;
    *ret_state = state;
    state = (SiteState){0};
    return true;
}

bool site_state_write(const SiteConfig *config, const SiteState *state, Error *err)
{
    CLEANUP(memory_freep) char *folder = NULL;
    if (!state_folder(config, state->product_uuid, state->database_uuid, &folder, err) ||
        !file_make_folders(folder, 0700, err))
        return false;
    CLEANUP(memory_freep) char *path = file_path(folder, STATE_NAME);
    CLEANUP(text_done) Text text = {0};
    text_addf(&text, FIRST_LINE "\nproduct-uuid: %s\ndatabase-uuid: %s\n", state->product_uuid,
              state->database_uuid);
    text_addf(&text, "epoch: %" PRId64 "\nfloor: %" PRId64 "\nkeyring-version: %" PRId64 "\n",
              state->epoch, state->floor, state->keyring_version);
    text_addf(&text, "latest-time: %s\nlast-receipt: %s\njournal-head: %s\n", state->latest_time,
              state->last_receipt, state->journal_head);
    for (size_t i = 0; i < state->applied.count; i++) {
        char hex[DIGEST_HEX_SIZE];
        const SiteApplied *applied = &state->applied.items[i];
        text_addf(&text, "applied: %" PRId64 " %s\n", applied->sequence,
                  digest_hex(&applied->head_digest, hex));
    }
    text_addf(&text, "end: %zu\n", state->applied.count);
    return file_write_atomic(path, 0600, text.bytes, text.length, err);
}

const SiteApplied *site_state_find(const SiteState *state, int64_t sequence)
{
    for (size_t i = 0; i < state->applied.count; i++)
        if (state->applied.items[i].sequence == sequence)
            return &state->applied.items[i];
    return NULL;
}

bool site_state_holds(const SiteState *state, const Digest *head_digest)
{
    for (size_t i = 0; i < state->applied.count; i++)
        if (digest_equal(&state->applied.items[i].head_digest, head_digest))
            return true;
    return false;
}

bool site_state_add_applied(SiteState *state, int64_t sequence, const Digest *head_digest,
                            Error *err)
{
    const SiteApplied *known = site_state_find(state, sequence);
    if (known && digest_equal(&known->head_digest, head_digest))
        return true;
    if (known)
        return error_set(err, ERROR_TRUST,
                         "sequence %" PRId64
                         " is known here as another bundle: two were made under "
                         "one number",
                         sequence);
    if (state->applied.count == SITE_STATE_APPLIED_MAX)
        return error_set(err, ERROR_CONFIG, "the state file holds %d bundles, no more fit",
                         SITE_STATE_APPLIED_MAX);
    *array_add(&state->applied) = (SiteApplied){sequence, *head_digest};
    return true;
}

void site_state_raise(SiteState *state, int64_t epoch, int64_t floor, int64_t keyring_version,
                      int64_t seconds)
{
    if (epoch > state->epoch) {
        state->epoch = epoch;
        state->floor = floor; /* a new epoch begins with its own floor */
    } else if (epoch == state->epoch && floor > state->floor) {
        state->floor = floor;
    }
    if (keyring_version > state->keyring_version)
        state->keyring_version = keyring_version;
    int64_t latest;
    if (!clock_parse(state->latest_time, &latest) || seconds > latest)
        clock_format(seconds, state->latest_time);
}
