#include "base/text.h"

#include <inttypes.h>

#include "base/memory.h"

static void reserve(Text *text, size_t extra)
{
    size_t needed = text->length + extra + 1;
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    text->bytes = memory_resized(text->bytes, capacity, 1);
    text->capacity = capacity;
}

void text_add_n(Text *text, const void *bytes, size_t length)
{
    reserve(text, length);
    if (length)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(Text *text, const char *string)
{
    text_add_n(text, string, strlen(string));
}

void text_add_char(Text *text, char character)
{
    text_add_n(text, &character, 1);
}

void text_vaddf(Text *text, const char *format, va_list arguments)
{
    CLEANUP(memory_freep) char *formatted = memory_vformat(format, arguments);
    text_add(text, formatted);
}

void text_addf(Text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(text, format, arguments);
    va_end(arguments);
}

void text_clear(Text *text)
{
    text->length = 0;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void text_done(Text *text)
{
    free(text->bytes);
    *text = (Text){0};
}

const char *text_string(const Text *text)
{
    return text->bytes ? text->bytes : "";
}

static bool has_line(const char *text, const char *line, size_t length)
{
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, line, length) == 0)
            return true;
        if (!strchr(at, '\n'))
            break;
    }
    return false;
}

void text_add_new_lines(Text *text, const char *lines)
{
    for (const char *at = lines; *at;) {
        size_t length = strcspn(at, "\n");
        length += at[length] == '\n';
        if (!has_line(text_string(text), at, length))
            text_add_n(text, at, length);
        at += length;
    }
}

char *text_take(Text *text)
{
    char *string = text->bytes ? text->bytes : memory_string("");
    *text = (Text){0};
    return string;
}

/* Length of the well-formed UTF-8 sequence at `bytes` (RFC 3629: no surrogates, no overlong forms,
 * nothing past U+10FFFF), or 0. */
static size_t utf8_sequence(const uint8_t *bytes, size_t length)
{
    uint8_t first = bytes[0];
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return length >= 2 && (bytes[1] & 0xc0) == 0x80 ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (length < 3 || (bytes[1] & 0xc0) != 0x80 || (bytes[2] & 0xc0) != 0x80)
            return 0;
        if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f))
            return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (length < 4 || (bytes[1] & 0xc0) != 0x80 || (bytes[2] & 0xc0) != 0x80 ||
            (bytes[3] & 0xc0) != 0x80)
            return 0;
        if ((first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

bool text_is_utf8(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    while (length) {
        size_t sequence = utf8_sequence(at, length);
        if (!sequence)
            return false;
        at += sequence;
        length -= sequence;
    }
    return true;
}

bool text_is_printable_line(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            return false;
        if (byte == 0xc2 && i + 1 < length && (unsigned char)text[i + 1] < 0xa0)
            return false;
    }
    return text_is_utf8(text, length);
}

char *text_printable(const void *bytes, size_t length, size_t most)
{
    Text text = {0};
    const uint8_t *at = bytes;
    while (length) {
        if (text.length >= most) {
            text_add(&text, "…");
            break;
        }
        size_t sequence = utf8_sequence(at, length);
        /* C1 controls (U+0080 to U+009F) steer terminals as escape sequences do. */
        bool control = sequence == 1 ? (*at < 0x20 || *at == 0x7f)
                                     : sequence == 2 && at[0] == 0xc2 && at[1] < 0xa0;
        if (sequence && !control)
            text_add_n(&text, at, sequence);
        else if (*at == '\n' || *at == '\t')
            text_add_char(&text, ' ');
        else
            for (size_t i = 0; i < (sequence ? sequence : 1); i++)
                text_addf(&text, "\\x%02x", at[i]);
        at += sequence ? sequence : 1;
        length -= sequence ? sequence : 1;
    }
    return text_take(&text);
}

char *text_shell_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+,:@%=";
    Text quoted = {0};
    if (*word && !word[strspn(word, plain)])
        return memory_string(word);
    text_add_char(&quoted, '"');
    for (; *word; word++) {
        if (strchr("\"\\$`", *word))
            text_add_char(&quoted, '\\');
        text_add_char(&quoted, *word);
    }
    text_add_char(&quoted, '"');
    return text_take(&quoted);
}

const char *text_plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

bool text_has_prefix(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool text_has_suffix(const char *string, const char *suffix)
{
    size_t length = strlen(string), suffix_length = strlen(suffix);
    return length >= suffix_length && strcmp(string + length - suffix_length, suffix) == 0;
}

bool text_parse_uint(const char *string, size_t length, uint64_t most, uint64_t *ret_number)
{
    if (length == 0 || length > 20 || (string[0] == '0' && length > 1))
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (string[i] < '0' || string[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(string[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (number > most)
        return false;
    *ret_number = number;
    return true;
}
