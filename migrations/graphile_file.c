#include "migrations/graphile_file.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define PIECE_SIZE       (64 * 1024)
#define PLACEHOLDER_SIZE 128 /* a longer word is none that anybody declares */

void graphile_file_done(GraphileFile *file)
{
    free(file->previous);
    free(file->hash);
    free(file->placeholder);
    *file = (GraphileFile){0};
}

/* --- headers --------------------------------------------------------------------------------- */

typedef struct Header {
    const char *name; /* in the text, as is the value */
    size_t name_length;
    const char *value; /* without the blanks around it; NULL where there is no colon */
    size_t value_length;
} Header;

typedef ARRAY_OF(Header) HeaderArray;

static void headers_done(HeaderArray *headers)
{
    array_free(headers);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* `--! Name` or `--! Name: value`; a CR makes it none. */
static bool parse_header(const char *line, size_t length, Header *ret_header)
{
    const char *end = line + length, *name = line + strlen("--! ");
    if (length < strlen("--! A") || memcmp(line, "--! ", 4) != 0 || *name < 'A' || *name > 'Z' ||
        memchr(line, '\r', length))
        return false;
    const char *at = name;
    while (at < end && is_word(*at))
        at++;
    *ret_header = (Header){.name = name, .name_length = (size_t)(at - name)};
    if (at == end)
        return true;
    if (*at++ != ':')
        return false;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    ret_header->value = at;
    ret_header->value_length = (size_t)(end - at);
    return true;
}

static const Header *find_header(const HeaderArray *headers, const char *name, size_t length)
{
    array_each (const Header, header, headers)
        if (header->name_length == length && memcmp(header->name, name, length) == 0)
            return header;
    return NULL;
}

static bool need_value(const HeaderArray *headers, const char *path, const char *name,
                       char **ret_value, Error *err)
{
    const Header *header = find_header(headers, name, strlen(name));
    if (!header || !header->value_length)
        return error_set(err, ERROR_INPUT, "%s:1: the header '--! %s:' is missing", path, name);
    *ret_value = memory_string_n(header->value, header->value_length);
    return true;
}

/* All headers, and where the body begins: at the empty line behind them. */
static bool split_headers(const char *name, const char *bytes, size_t size, HeaderArray *headers,
                          size_t *ret_body, Error *err)
{
    for (size_t at = 0;;) {
        const char *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
        int64_t line = (int64_t)headers->count + 1;
        Header header;
        if (!parse_header(bytes + at, length, &header)) {
            *ret_body = at;
            if (length == 1 && bytes[at] == '\r') {
                error_set(err, ERROR_INPUT, "%s:%" PRId64 ": the line ends in CR LF", name, line);
                return error_hint(err, "the hashes are over LF alone: keep git from changing them "
                                       "('committed/*.sql -text' in .gitattributes)");
            }
            return length == 0 ||
                   error_set(err, ERROR_INPUT,
                             "%s:%" PRId64 ": an empty line must follow the headers", name, line);
        }
        if (find_header(headers, header.name, header.name_length))
            return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": the header '%.*s' stands twice",
                             name, line, (int)header.name_length, header.name);
        *array_add(headers) = header;
        at += length + (newline != NULL);
    }
}

static bool take_headers(const char *name, const char *bytes, size_t size, GraphileFile *file,
                         size_t *ret_body, int64_t *ret_line, Error *err)
{
    static const char allow[] = "AllowInvalidHash";
    CLEANUP(headers_done) HeaderArray headers = {0};
    if (!split_headers(name, bytes, size, &headers, ret_body, err) ||
        !need_value(&headers, name, "Previous", &file->previous, err) ||
        !need_value(&headers, name, "Hash", &file->hash, err))
        return false;
    if (strcmp(file->previous, "-") == 0) {
        free(file->previous);
        file->previous = NULL;
    }
    file->allow_invalid_hash = find_header(&headers, allow, strlen(allow)) != NULL;
    *ret_line = (int64_t)headers.count + 1;
    return true;
}

/* --- the body -------------------------------------------------------------------------------- */

typedef struct Body {
    GraphileFile *file;
    const GraphileWords *words;
    Sha1Stream all;   /* from the first byte that is no blank */
    Sha1Stream solid; /* … to the last one so far */
    bool begun;
    bool first_line;     /* it is still going on */
    char first[64];      /* the body's first line, as far as it fits */
    size_t first_length; /* */
    int64_t line;        /* of the next byte */
    bool in_word;        /* behind a colon: */
    char before;         /* the byte before that colon, and later before the next byte */
    char before_colon;   /* */
    char word[PLACEHOLDER_SIZE];
    size_t word_length;
} Body;

/* How long the blank is that begins at `at`, as the tool trims text: all that Unicode calls white
 * space, line ends and the byte order mark. 0 where there is none. */
static size_t blank_length(const char *at, const char *end)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
        "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
        "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};
    if (is_blank(*at))
        return 1;
    if (!((unsigned char)*at & 0x80))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        size_t length = strlen(wide[i]);
        if ((size_t)(end - at) >= length && memcmp(at, wide[i], length) == 0)
            return length;
    }
    return 0;
}

/* ":NAME", a capital and then at least one of A-Z, 0-9 and _. */
static bool looks_like_placeholder(const Body *body)
{
    const char *word = body->word;
    if (body->before_colon == ':' || is_word(body->before_colon) || body->word_length < 3 ||
        word[1] < 'A' || word[1] > 'Z')
        return false;
    return word[1 + strspn(word + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static bool is_placeholder(const Body *body)
{
    const GraphileWords *words = body->words;
    if (words->values && project_values_find(words->values, body->word + 1))
        return false;
    if (!words->declared)
        return looks_like_placeholder(body);
    array_each (char *, name, words->declared)
        if (strcmp(*name, body->word) == 0)
            return true;
    return false;
}

static void end_word(Body *body)
{
    body->word[body->word_length] = '\0';
    if (body->in_word && !body->file->placeholder && is_placeholder(body)) {
        body->file->placeholder = memory_string(body->word);
        body->file->placeholder_line = body->line;
    }
    body->in_word = false;
}

static void look_at(Body *body, char c)
{
    if (body->in_word && is_word(c)) {
        if (body->word_length < PLACEHOLDER_SIZE - 1)
            body->word[body->word_length++] = c;
    } else {
        end_word(body);
        if (c == ':') {
            body->in_word = true;
            body->before_colon = body->before;
            body->word[0] = ':';
            body->word_length = 1;
        }
    }
    body->line += c == '\n';
    body->before = c;
    body->first_line = body->first_line && c != '\n';
    if (body->begun && body->first_line && body->first_length < sizeof body->first - 1)
        body->first[body->first_length++] = c;
}

/* `bytes` end where a character does. */
static void feed_body(Body *body, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    for (const char *at = bytes; at < end;) {
        size_t blank = blank_length(at, end), length = blank;
        while (!blank && at + length < end && !blank_length(at + length, end))
            length++;
        if (!blank && !body->begun)
            body->begun = body->first_line = true;
        for (size_t i = 0; i < length; i++)
            look_at(body, at[i]);
        if (body->begun)
            sha1_update(&body->all, at, length);
        if (!blank)
            body->solid = body->all;
        at += length;
    }
}

/* How many bytes at the end are the beginning of a character. */
static size_t cut_character(const char *bytes, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char c = (unsigned char)bytes[size - back];
        size_t needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (needs > 1)
            return needs > back ? back : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}

/* `--! no-transaction`, also without the blank, and whatever follows the word. */
static bool says_no_transaction(const char *line)
{
    static const char word[] = "no-transaction";
    if (!text_has_prefix(line, "--!"))
        return false;
    line += strlen("--!");
    line += strspn(line, " \t\r\f\v");
    return text_has_prefix(line, word) && !is_word(line[strlen(word)]);
}

static void end_body(Body *body)
{
    GraphileFile *file = body->file;
    char hex[SHA1_HEX_SIZE];
    end_word(body);
    body->first[body->first_length] = '\0';
    file->no_transaction = says_no_transaction(body->first);
    sha1_update(&body->solid, "\n", 1);
    sha1_end_hex(&body->solid, hex);
    snprintf(file->computed, sizeof file->computed, "sha1:%s", hex);
}

/* The hash before it and a line end stand before the body; where the body is empty, not even the
 * line end counts, as the tool trims that as well. */
static void begin_body(Body *body)
{
    sha1_begin(&body->all);
    if (body->file->previous)
        sha1_update(&body->all, body->file->previous, strlen(body->file->previous));
    body->solid = body->all;
    if (body->file->previous)
        sha1_update(&body->all, "\n", 1);
}

/* Fill a piece, or reach the end of the file. */
static bool fill(int fd, const char *name, char *bytes, size_t *size, bool *ret_over, Error *err)
{
    for (size_t got = 1; *size < PIECE_SIZE && got;) {
        if (!file_read_some(fd, name, bytes + *size, PIECE_SIZE - *size, &got, err))
            return false;
        *size += got;
        *ret_over = !got;
    }
    return true;
}

static bool read_body(int fd, const char *name, char *bytes, size_t size, bool over, Body *body,
                      Error *err)
{
    for (;;) {
        size_t kept = over ? 0 : cut_character(bytes, size);
        feed_body(body, bytes, size - kept);
        if (over)
            return true;
        memmove(bytes, bytes + size - kept, kept);
        size = kept;
        if (!fill(fd, name, bytes, &size, &over, err))
            return false;
    }
}

bool graphile_file_read(const char *path, const char *name, const GraphileWords *words,
                        GraphileFile *ret_file, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(graphile_file_done) GraphileFile file = {0};
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    Body body = {.file = &file, .words = words};
    int64_t whole;
    size_t size = 0, begin = 0;
    bool over = false;
    if (!file_open_regular(path, &fd, &whole, err) || !fill(fd, name, bytes, &size, &over, err) ||
        !take_headers(name, bytes, size, &file, &begin, &body.line, err))
        return false;
    begin_body(&body);
    memmove(bytes, bytes + begin, size - begin);
    if (!read_body(fd, name, bytes, size - begin, over, &body, err))
        return false;
    end_body(&body);
    *ret_file = file;
    file = (GraphileFile){0};
    return true;
}
