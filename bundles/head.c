#include "bundles/head.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"

#define FIRST_LINE      "sealift-bundle "
#define MIN_APPLIER_KEY "\nmin-applier: "

/* What a value may be. Every kind knows its check and how the value lies in struct Head. */
typedef enum {
    VALUE_NAME,            /* text: head_name_is_valid */
    VALUE_NAME_OR_STAR,    /* text */
    VALUE_VERSION,         /* text: head_version_name_is_valid */
    VALUE_VERSION_OR_NONE, /* text */
    VALUE_UUID,            /* text */
    VALUE_BUNDLE_ID,       /* text: 32 hex digits */
    VALUE_HEX,             /* text: 128 hex digits */
    VALUE_HEX_OR_NONE,     /* text */
    VALUE_DIGEST,          /* Digest, written as 128 hex digits */
    VALUE_TIME,            /* text */
    VALUE_TIME_OR_NONE,    /* text */
    VALUE_SITES,           /* text: "*" or a sorted list */
    VALUE_WORDS,           /* text: any printable, not beginning or ending in a space */
    VALUE_NUMBER,          /* int64_t from 0 */
    VALUE_COUNT,           /* int64_t from 1 */
} ValueKind;

typedef struct HeadKey {
    const char *key;
    ValueKind kind;
    size_t offset; /* in struct Head */
    size_t size;   /* of the field */
} HeadKey;

#define ROW(key_, kind_, field)                                                                    \
    {                                                                                              \
        .key = (key_), .kind = (kind_), .offset = offsetof(Head, field),                           \
        .size = sizeof(((Head *)0)->field)                                                         \
    }

/* In the order of the text. */
static const HeadKey head_keys[] = {
    ROW("product", VALUE_NAME, product),
    ROW("product-uuid", VALUE_UUID, product_uuid),
    ROW("bundle-id", VALUE_BUNDLE_ID, bundle_id),
    ROW("channel", VALUE_NAME, channel),
    ROW("epoch", VALUE_NUMBER, epoch),
    ROW("sequence", VALUE_COUNT, sequence),
    ROW("floor", VALUE_NUMBER, floor),
    ROW("covers-from", VALUE_VERSION_OR_NONE, covers_from),
    ROW("covers-to", VALUE_VERSION, covers_to),
    ROW("tree-from", VALUE_HEX_OR_NONE, tree_from),
    ROW("tree-to", VALUE_HEX, tree_to),
    ROW("previous-head", VALUE_HEX_OR_NONE, previous_head),
    ROW("created", VALUE_TIME, created),
    ROW("next-expected", VALUE_TIME_OR_NONE, next_expected),
    ROW("sites", VALUE_SITES, sites),
    ROW("environment", VALUE_NAME_OR_STAR, environment),
    ROW("min-applier", VALUE_VERSION, min_applier),
    ROW("keyring-version", VALUE_NUMBER, keyring_version),
    ROW("keyring-blake2b", VALUE_DIGEST, keyring_digest),
    ROW("server-min", VALUE_COUNT, server_min),
    ROW("server-max", VALUE_COUNT, server_max),
    ROW("migrations", VALUE_NUMBER, migrations),
    ROW("statements", VALUE_NUMBER, statements),
    ROW("irreversible", VALUE_NUMBER, irreversible),
    ROW("unproven", VALUE_NUMBER, unproven),
    ROW("content-size", VALUE_COUNT, content_size),
    ROW("content-blake2b", VALUE_DIGEST, content_digest),
    ROW("manifest-schema", VALUE_COUNT, manifest_schema),
    ROW("manifest-size", VALUE_COUNT, manifest_size),
    ROW("manifest-blake2b", VALUE_DIGEST, manifest_digest),
    ROW("built-with", VALUE_WORDS, built_with),
};

static bool is_lower_or_digit(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

bool head_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > BUNDLE_NAME_MAX || !is_lower_or_digit(name[0]))
        return false;
    for (size_t i = 1; i < length; i++)
        if (!is_lower_or_digit(name[i]) && name[i] != '-')
            return false;
    return true;
}

static bool is_alphanumeric(char character)
{
    return is_lower_or_digit(character) || (character >= 'A' && character <= 'Z');
}

bool head_version_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > BUNDLE_VERSION_MAX || !is_alphanumeric(name[0]))
        return false;
    for (size_t i = 1; i < length; i++)
        if (!is_alphanumeric(name[i]) && !strchr("._+-", name[i]))
            return false;
    return true;
}

static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool is_star(const char *text)
{
    return strcmp(text, "*") == 0;
}

static bool is_none(const char *text)
{
    return strcmp(text, "-") == 0;
}

static bool is_time(const char *text)
{
    int64_t seconds;
    return clock_parse(text, &seconds);
}

/* Up to 32 names, comma-separated, each greater than the one before. */
static bool is_site_list(const char *text)
{
    char previous[BUNDLE_NAME_MAX + 1] = "";
    const char *at = text;
    for (size_t count = 0; count < BUNDLE_SITES_MAX; count++) {
        size_t length = strcspn(at, ",");
        if (length > BUNDLE_NAME_MAX)
            return false;
        char name[BUNDLE_NAME_MAX + 1] = "";
        memcpy(name, at, length);
        if (!head_name_is_valid(name) || strcmp(name, previous) <= 0)
            return false;
        if (!at[length])
            return true;
        memcpy(previous, name, sizeof(previous));
        at += length + 1;
    }
    return false;
}

static bool is_words(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || text[0] == ' ' || text[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

/* Whether `text` is a value of this kind; for those that are no text in struct Head, whether it is
 * their written form. */
static bool value_is_valid(ValueKind kind, const char *text)
{
    uint64_t number;
    switch (kind) {
    case VALUE_NAME:
        return head_name_is_valid(text);
    case VALUE_NAME_OR_STAR:
        return is_star(text) || head_name_is_valid(text);
    case VALUE_VERSION:
        return head_version_name_is_valid(text);
    case VALUE_VERSION_OR_NONE:
        return is_none(text) || head_version_name_is_valid(text);
    case VALUE_UUID:
        return uuid_is_valid(text);
    case VALUE_BUNDLE_ID:
        return is_hex(text, 32);
    case VALUE_HEX_OR_NONE:
        return is_none(text) || is_hex(text, DIGEST_HEX_SIZE - 1);
    case VALUE_HEX:
    case VALUE_DIGEST:
        return is_hex(text, DIGEST_HEX_SIZE - 1);
    case VALUE_TIME:
        return is_time(text);
    case VALUE_TIME_OR_NONE:
        return is_none(text) || is_time(text);
    case VALUE_SITES:
        return strlen(text) <= BUNDLE_SITES_BYTES && (is_star(text) || is_site_list(text));
    case VALUE_WORDS:
        return is_words(text);
    case VALUE_NUMBER:
        return text_parse_uint(text, strlen(text), BUNDLE_NUMBER_MAX, &number);
    case VALUE_COUNT:
        return text_parse_uint(text, strlen(text), BUNDLE_NUMBER_MAX, &number) && number > 0;
    }
    return false;
}

/* Put a value that is valid into its field; false where the field is too small. */
static bool value_store(const HeadKey *key, const char *text, Head *head)
{
    char *field = (char *)head + key->offset;
    size_t length = strlen(text);
    uint64_t number;
    if (key->kind == VALUE_NUMBER || key->kind == VALUE_COUNT) {
        if (!text_parse_uint(text, length, BUNDLE_NUMBER_MAX, &number))
            return false;
        *(int64_t *)field = (int64_t)number;
        return true;
    }
    if (key->kind == VALUE_DIGEST)
        return digest_parse_hex(text, length, (Digest *)field);
    if (length >= key->size)
        return false;
    memcpy(field, text, length + 1);
    return true;
}

/* The written form of a field. */
static void value_write(const HeadKey *key, const Head *head, Text *text)
{
    const char *field = (const char *)head + key->offset;
    if (key->kind == VALUE_NUMBER || key->kind == VALUE_COUNT) {
        text_addf(text, "%" PRId64, *(const int64_t *)field);
    } else if (key->kind == VALUE_DIGEST) {
        char hex[DIGEST_HEX_SIZE];
        text_add(text, digest_hex((const Digest *)field, hex));
    } else {
        text_add_n(text, field, strnlen(field, key->size));
    }
}

/* What the values say of each other. */
static bool check_together(const Head *head, Error *err)
{
    char id[33];
    head_bundle_id(head->product_uuid, head->sequence, head->tree_to, id);
    if (strcmp(id, head->bundle_id) != 0)
        return error_set(err, ERROR_INPUT,
                         "HEAD: bundle-id is not that of its product, sequence and tree (%s)", id);
    if (head->floor > head->sequence)
        return error_set(err, ERROR_INPUT, "HEAD: floor is above the bundle's own sequence");
    if (is_none(head->covers_from) != is_none(head->tree_from))
        return error_set(err, ERROR_INPUT, "HEAD: only one of covers-from and tree-from is '-'");
    if (head->server_min > head->server_max)
        return error_set(err, ERROR_INPUT, "HEAD: server-min is above server-max");
    if (head->irreversible > head->migrations || head->unproven > head->migrations)
        return error_set(err, ERROR_INPUT,
                         "HEAD: more migrations irreversible or unproven than there are");
    if (head->manifest_size > MANIFEST_SIZE_MAX)
        return error_set(err, ERROR_INPUT, "HEAD: manifest-size is over %" PRId64 " bytes",
                         MANIFEST_SIZE_MAX);
    return true;
}

bool head_format(const Head *head, uint8_t ret_bytes[static BUNDLE_HEAD_SIZE], Error *err)
{
    CLEANUP(text_done) Text text = {0};
    text_addf(&text, FIRST_LINE "%d\n", BUNDLE_FORMAT_NUMBER);
    for (size_t i = 0; i < ARRAY_LEN(head_keys); i++) {
        CLEANUP(text_done) Text value = {0};
        value_write(&head_keys[i], head, &value);
        if (!value_is_valid(head_keys[i].kind, text_string(&value))) {
            CLEANUP(memory_freep) char *shown = text_printable(value.bytes, value.length, 80);
            return error_set(err, ERROR_INPUT, "'%s' cannot be HEAD's %s", shown, head_keys[i].key);
        }
        text_addf(&text, "%s: %s\n", head_keys[i].key, text_string(&value));
    }
    if (!check_together(head, err))
        return false;
    if (text.length > BUNDLE_HEAD_SIZE) {
        error_set(err, ERROR_INPUT, "HEAD would be %zu bytes, more than %d", text.length,
                  BUNDLE_HEAD_SIZE);
        return error_hint(err, "shorten names or the list of sites");
    }
    memset(ret_bytes, '\n', BUNDLE_HEAD_SIZE);
    memcpy(ret_bytes, text.bytes, text.length);
    return true;
}

/* Compare dotted versions: runs of digits by value, the rest by byte, and `1.0-rc1` before `1.0`.
 * Negative, zero, positive. */
static int compare_versions(const char *a, const char *b)
{
    while (*a && *b) {
        size_t a_digits = strspn(a, "0123456789"), b_digits = strspn(b, "0123456789");
        if (a_digits && b_digits) {
            for (; a_digits > 1 && *a == '0'; a_digits--)
                a++;
            for (; b_digits > 1 && *b == '0'; b_digits--)
                b++;
            if (a_digits != b_digits)
                return a_digits < b_digits ? -1 : 1;
            int order = memcmp(a, b, a_digits);
            if (order)
                return order;
            a += a_digits;
            b += b_digits;
        } else if (*a != *b) {
            /* `1.0-rc1` ends its numbers earlier than `1.0.1` */
            return *a == '-' ? -1 : *b == '-' ? 1 : *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    if (*a)
        return *a == '-' ? -1 : 1;
    if (*b)
        return *b == '-' ? 1 : -1;
    return 0;
}

/* The text of HEAD as lines, NUL-terminated, of which `at` is the next. */
typedef struct HeadText {
    char bytes[BUNDLE_HEAD_SIZE + 1];
    char *at;
} HeadText;

/* A HEAD that a later planner wrote says so before anything else of it is judged. */
static bool check_format(const HeadText *text, Error *err)
{
    size_t prefix = strlen(FIRST_LINE);
    if (!text_has_prefix(text->bytes, FIRST_LINE))
        return error_set(err, ERROR_INPUT, "HEAD does not begin with '" FIRST_LINE "'");
    const char *number = text->bytes + prefix;
    uint64_t format;
    if (!text_parse_uint(number, strcspn(number, "\n"), BUNDLE_NUMBER_MAX, &format) || format == 0)
        return error_set(err, ERROR_INPUT, "HEAD's first line names no format number");
    if (format > BUNDLE_FORMAT_NUMBER) {
        error_set(err, ERROR_TARGET, "the bundle's format is %" PRIu64 ", this program reads %d",
                  format, BUNDLE_FORMAT_NUMBER);
        return error_hint(err, "install a later version of this program");
    }
    const char *line = strstr(text->bytes, MIN_APPLIER_KEY);
    if (!line)
        return true; /* the grammar will say that it is missing */
    line += strlen(MIN_APPLIER_KEY);
    size_t length = strcspn(line, "\n");
    CLEANUP(memory_freep) char *least = memory_string_n(line, length);
    if (head_version_name_is_valid(least) && compare_versions(least, SEALIFT_VERSION) > 0) {
        error_set(err, ERROR_TARGET, "the bundle wants version %s of the applier, this is %s",
                  least, SEALIFT_VERSION);
        return error_hint(err, "install applier %s or later", least);
    }
    return true;
}

/* Only LF and printable ASCII, the padding all LF and after the last line's LF. */
static bool take_text(const uint8_t bytes[static BUNDLE_HEAD_SIZE], HeadText *text, Error *err)
{
    for (size_t i = 0; i < BUNDLE_HEAD_SIZE; i++)
        if (bytes[i] != '\n' && (bytes[i] < 0x20 || bytes[i] > 0x7e))
            return error_set(err, ERROR_INPUT, "HEAD holds byte 0x%02x at %zu", bytes[i], i);
    memcpy(text->bytes, bytes, BUNDLE_HEAD_SIZE);
    text->bytes[BUNDLE_HEAD_SIZE] = '\0';
    text->at = text->bytes;
    return true;
}

/* The next line, its LF replaced by NUL; NULL where no LF is left. */
static char *next_line(HeadText *text)
{
    char *line = text->at, *newline = strchr(line, '\n');
    if (!newline)
        return NULL;
    *newline = '\0';
    text->at = newline + 1;
    return line;
}

static bool parse_key(HeadText *text, const HeadKey *key, Head *head, Error *err)
{
    char *line = next_line(text);
    size_t length = strlen(key->key);
    if (!line || strncmp(line, key->key, length) != 0 || strncmp(line + length, ": ", 2) != 0) {
        CLEANUP(memory_freep)
        char *shown = line ? text_printable(line, strlen(line), 60) : memory_string("the end");
        return error_set(err, ERROR_INPUT, "HEAD: '%s' is expected, not '%s'", key->key, shown);
    }
    const char *value = line + length + 2;
    if (!value_is_valid(key->kind, value) || !value_store(key, value, head)) {
        CLEANUP(memory_freep) char *shown = text_printable(value, strlen(value), 80);
        return error_set(err, ERROR_INPUT, "HEAD: '%s' cannot be its %s", shown, key->key);
    }
    return true;
}

bool head_parse(const uint8_t bytes[static BUNDLE_HEAD_SIZE], Head *ret_head, Error *err)
{
    HeadText text;
    if (!take_text(bytes, &text, err) || !check_format(&text, err))
        return false;
    Head head = {0};
    if (!next_line(&text))
        return error_set(err, ERROR_INPUT, "HEAD's first line has no end");
    for (size_t i = 0; i < ARRAY_LEN(head_keys); i++)
        if (!parse_key(&text, &head_keys[i], &head, err))
            return false;
    size_t left = strlen(text.at);
    if (strspn(text.at, "\n") != left) {
        CLEANUP(memory_freep) char *shown = text_printable(text.at, left, 60);
        return error_set(err, ERROR_INPUT, "HEAD goes on after %s: '%s'",
                         head_keys[ARRAY_LEN(head_keys) - 1].key, shown);
    }
    if (!check_together(&head, err))
        return false;
    *ret_head = head;
    return true;
}

void head_bundle_id(const char *product_uuid, int64_t sequence, const char *tree_to,
                    char ret_id[static 33])
{
    CLEANUP(memory_freep)
    char *named = memory_format("%s\n%" PRId64 "\n%s", product_uuid, sequence, tree_to);
    Digest digest = digest_of(named, strlen(named));
    char hex[DIGEST_HEX_SIZE];
    memcpy(ret_id, digest_hex(&digest, hex), 32);
    ret_id[32] = '\0';
}

bool head_sites_hold(const char *sites, const char *site)
{
    if (is_star(sites))
        return true;
    if (!site || !*site)
        return false;
    size_t length = strlen(site);
    for (const char *at = sites; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == length && strncmp(at, site, length) == 0)
            return true;
    return false;
}
