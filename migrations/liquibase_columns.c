#include "migrations/liquibase_columns.h"

#include <string.h>

#include "base/md5.h"
#include "base/memory.h"
#include "base/text.h"

#define COMMENT_MOST 250 /* UTF-16 units that are noted */

/* Without what Java's trim takes off at both ends: all characters up to the blank. */
static const char *trim(const char *text, size_t *length)
{
    while (*length && (unsigned char)text[*length - 1] <= ' ')
        --*length;
    for (; *length && (unsigned char)*text <= ' '; text++)
        --*length;
    return text;
}

static bool is_white(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The digest of a list of digests, each of a change: a changeset of SQL is one. */
static char *digest_of(int kind, const Text *text)
{
    char hex[MD5_HEX_SIZE];
    CLEANUP(memory_freep)
    char *changes = memory_format("%d:%s:", kind, md5_hex(text_string(text), text->length, hex));
    return memory_format("%d:%s", kind, md5_hex(changes, strlen(changes), hex));
}

/* With one blank for any white space. A slash that ends the file is its delimiter. */
char *liquibase_checksum_8(const char *sql, size_t size, const LiquibaseCutting *cutting)
{
    CLEANUP(text_done) Text text = {0};
    const char *delimiter = cutting->delimiter;
    sql = trim(sql, &size);
    if (!delimiter && cutting->last && size > 1 && memcmp(sql + size - 2, "\n/", 2) == 0)
        delimiter = "\n/$";
    text_addf(&text, "%s:%s:%s:", delimiter ? delimiter : "null",
              cutting->splits ? "true" : "false", cutting->strips ? "true" : "false");
    for (size_t i = 0; i < size; i++)
        if (!is_white(sql[i]))
            text_add_char(&text, sql[i]);
        else if (!is_white(sql[i + 1])) /* it does not end in white space */
            text_add_char(&text, ' ');
    return digest_of(8, &text);
}

/* Without white space. */
char *liquibase_checksum_9(const char *sql, size_t size)
{
    CLEANUP(text_done) Text text = {0};
    sql = trim(sql, &size);
    for (size_t i = 0; i < size; i++)
        if (!is_white(sql[i]))
            text_add_char(&text, sql[i]);
    return digest_of(9, &text);
}

/* An ellipsis stands in the place of what is too much. A character outside the basic plane has two
 * units, and may be cut in half. */
char *liquibase_comments_column(const char *comment)
{
    size_t length = strlen(comment), units = 0, kept = 0;
    bool halved = false;
    comment = trim(comment, &length);
    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)comment[i] & 0xc0) == 0x80)
            continue;
        if (units <= COMMENT_MOST - 3) {
            kept = i;
            halved = units == COMMENT_MOST - 4 && (unsigned char)comment[i] >= 0xf0;
        }
        units += (unsigned char)comment[i] >= 0xf0 ? 2 : 1;
    }
    if (units <= COMMENT_MOST)
        return memory_string_n(comment, length);
    return halved ? NULL : memory_format("%.*s...", (int)kept, comment);
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7e)
            return false;
    return true;
}

static bool holds_label(const char *labels, const char *label)
{
    for (const char *at = labels;;) {
        size_t size = strcspn(at, ",");
        if (size == strlen(label) && strncmp(at, label, size) == 0)
            return true;
        if (!at[size])
            return false;
        at += size + 1;
    }
}

/* The caller frees. */
static char *lower_case(const char *text, size_t length)
{
    char *lower = memory_string_n(text, length);
    for (char *byte = lower; *byte; byte++)
        *byte = (char)(*byte >= 'A' && *byte <= 'Z' ? *byte - 'A' + 'a' : *byte);
    return lower;
}

/* Each once, in small letters. */
char *liquibase_labels_column(const char *labels)
{
    CLEANUP(text_done) Text column = {0};
    for (const char *at = labels;; at++) {
        size_t length = strcspn(at, ","), size = length;
        const char *name = trim(at, &length);
        CLEANUP(memory_freep) char *label = lower_case(name, length);
        if (!length || !is_ascii(label))
            return NULL;
        if (!holds_label(text_string(&column), label))
            text_addf(&column, "%s%s", column.length ? "," : "", label);
        at += size;
        if (!*at)
            return text_take(&column);
    }
}
