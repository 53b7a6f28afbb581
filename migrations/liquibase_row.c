#include "migrations/liquibase_row.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/md5.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/liquibase_changeset.h"

#define BLANKS      " \t\f\v\r" /* within a line */
#define REMARK_MOST 250         /* UTF-16 units of a comment that are noted */

/* The version of liquibase … */
#define QUOTED_NAMES_FROM   4005 /* … that takes quotes around author and id */
#define CONTEXT_FILTER_FROM 4016 /* … that knows contextFilter */
#define COMMENT_BLOCKS_FROM 4019 /* … that knows rollbacks in a comment */
#define CHECKSUM_9_FROM     4022
#define LOOSE_HEADERS_FROM  4024 /* … that takes any blanks, lines and case around the header */
#define QUOTED_LABELS_FROM  4024
#define SHORT_CONTEXTS_FROM 4024 /* … for which a context ends with its own quote */
#define IGNORE_FROM         4010 /* … that knows ignore:true */

typedef ARRAY_OF(char *) LineArray;

#define FOLDER_BYTES_MAX 200

typedef struct RowReading {
    const char *name;    /* of the file */
    const char *version; /* as it is written */
    unsigned number;     /* … and as a number */
    LineArray lines;     /* borrowed from the text; without their ends */
    size_t first;        /* index of the line that begins the changeset */
    size_t end;          /* … of the one behind it */
    LiquibaseChangeset changeset;
    Text sql;           /* what liquibase runs */
    const char *remark; /* borrowed; NULL: none */
} RowReading;

static void reading_done(RowReading *reading)
{
    array_free(&reading->lines);
    liquibase_changeset_done(&reading->changeset);
    text_done(&reading->sql);
}

void liquibase_row_done(LiquibaseRow *row)
{
    free(row->id);
    free(row->author);
    free(row->logical_path);
    free(row->checksum);
    free(row->comments);
    free(row->contexts);
    free(row->labels);
    *row = (LiquibaseRow){0};
}

/* A number without a sign, which ends in one of `ends`; *at moves behind it. */
static bool take_number(const char **at, char end, unsigned *ret_number)
{
    size_t digits = strspn(*at, "0123456789");
    uint64_t number;
    if (!digits || (*at)[digits] != end || !text_parse_uint(*at, digits, 999, &number))
        return false;
    *at += digits + (end != '\0');
    *ret_number = (unsigned)number;
    return true;
}

unsigned liquibase_version_number(const char *version)
{
    unsigned major, minor, patch;
    if (!take_number(&version, '.', &major) || !take_number(&version, '.', &minor) ||
        !take_number(&version, '\0', &patch))
        return 0;
    bool known = (major == 4 && minor >= 3 && minor <= 33) || (major == 5 && minor == 0);
    return known ? major * 1000 + minor : 0;
}

bool liquibase_path_is_plain(const char *path)
{
    if (!*path || strchr(path, '\\') || strchr(path, ':'))
        return false;
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (!length || (length == 1 && *at == '.') || (length == 2 && strncmp(at, "..", 2) == 0))
            return false;
        at += length;
        if (!*at)
            return true;
    }
}

/* Without blanks: it is a part of a line in sealift.sum. */
bool liquibase_folder_is_valid(const char *folder)
{
    return strcmp(folder, ".") == 0 ||
           (liquibase_path_is_plain(folder) && strlen(folder) <= FOLDER_BYTES_MAX &&
            text_is_printable_line(folder, strlen(folder)) && !strchr(folder, ' '));
}

char *liquibase_known_path(const char *known, const char *folder, const char *path)
{
    size_t length = strlen(folder);
    while (length && folder[length - 1] == '/')
        length--;
    bool inside = strncmp(path, folder, length) == 0;
    if (inside && !path[length])
        return memory_string(known);
    const char *below = inside && path[length] == '/' ? path + length + 1 : path;
    return strcmp(known, ".") == 0 ? memory_string(below) : memory_format("%s/%s", known, below);
}

static bool refuse(const RowReading *reading, size_t line, const char *hint, const char *what,
                   Error *err)
{
    error_set(err, ERROR_INPUT, "%s:%zu: liquibase %s %s", reading->name, line + 1,
              reading->version, what);
    return error_hint(err, "%s", hint);
}

/* --- lines ----------------------------------------------------------------------------------- */

/* Java ends a line also at a carriage return alone, and for its patterns at some other characters,
 * which may stand in what is no comment. */
static bool check_ends(const RowReading *reading, size_t index, const char *line, Error *err)
{
    static const char *const ends[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    static const char hint[] = "take it out";
    if (strchr(line, '\r'))
        return refuse(reading, index, hint, "ends a line at the carriage return within it", err);
    bool comment = strncmp(line + strspn(line, BLANKS), "--", 2) == 0;
    for (size_t i = 0; i < ARRAY_LEN(ends) && comment; i++)
        if (strstr(line, ends[i]))
            return refuse(reading, index, hint,
                          "ends this comment at a character that is a line end in Unicode", err);
    return true;
}

static bool cut_lines(RowReading *reading, char *text, size_t size, Error *err)
{
    if (strlen(text) != size || !text_is_utf8(text, size))
        return error_set(err, ERROR_INPUT,
                         "%s: it is not UTF-8, and liquibase's checksum is of characters",
                         reading->name);
    if (text_has_prefix(text, "\xef\xbb\xbf"))
        text += 3;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        size_t length = strlen(line);
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (!check_ends(reading, reading->lines.count, line, err))
            return false;
        *array_add(&reading->lines) = line;
    }
    return true;
}

static bool is_blank(const char *line)
{
    return !line[strspn(line, BLANKS)];
}

/* A comment that begins with "liquibase rollback", alone in its line. */
static bool begins_block(const char *line)
{
    line += strspn(line, BLANKS);
    if (strncmp(line, "/*", 2) != 0)
        return false;
    line += 2 + strspn(line + 2, BLANKS);
    if (strncasecmp(line, "liquibase", 9) != 0)
        return false;
    line += 9 + strspn(line + 9, BLANKS);
    return strncasecmp(line, "rollback", 8) == 0 && is_blank(line + 8);
}

static bool ends_block(const char *line)
{
    size_t length = strlen(line);
    while (length && strchr(BLANKS, line[length - 1]))
        length--;
    return length >= 2 && memcmp(line + length - 2, "*/", 2) == 0;
}

static bool is_header(const char *line)
{
    const char *rest = liquibase_mark(line, "liquibase");
    return rest && strncasecmp(rest + strspn(rest, BLANKS), "formatted", 9) == 0;
}

/* The changeset around the line; the reader of the layout has found one there. */
static bool find_changeset(RowReading *reading, size_t index, Error *err)
{
    bool block = false;
    reading->first = reading->end = SIZE_MAX;
    for (size_t i = 0; i < reading->lines.count && reading->end == SIZE_MAX; i++) {
        const char *line = reading->lines.items[i];
        if (block)
            block = !ends_block(line);
        else if (begins_block(line))
            block = true;
        else if (liquibase_mark(line, "changeset") && i <= index)
            reading->first = i;
        else if (liquibase_mark(line, "changeset"))
            reading->end = i;
    }
    if (reading->first == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "%s:%zu: there is no changeset", reading->name,
                         index + 1);
    if (reading->end == SIZE_MAX)
        reading->end = reading->lines.count;
    return true;
}

/* --- attributes as liquibase finds them ------------------------------------------------------ */

typedef enum { VALUE_WORD, VALUE_NO_BLANKS, VALUE_TO_QUOTE, VALUE_TO_LAST_QUOTE } ValueEnd;

static size_t value_length(const char *value, ValueEnd end)
{
    const char *quote = NULL;
    if (end == VALUE_WORD)
        return strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (*value == '"' && end == VALUE_TO_QUOTE)
        quote = strchr(value + 1, '"');
    if (*value == '"' && end == VALUE_TO_LAST_QUOTE)
        quote = strrchr(value + 1, '"');
    return quote ? (size_t)(quote + 1 - value) : strcspn(value, BLANKS);
}

/* The value behind the last "name:" of the line, wherever that stands in it, and also as the end of
 * another name; NULL: there is none. The caller frees. */
static char *find_value(const char *line, const char *name, ValueEnd end)
{
    size_t length = strlen(name);
    char *found = NULL;
    for (const char *at = line; *at; at++) {
        if (strncasecmp(at, name, length) != 0 || at[length] != ':')
            continue;
        size_t size = value_length(at + length + 1, end);
        if (!size && end == VALUE_WORD)
            continue;
        free(found);
        found = memory_string_n(at + length + 1, size);
    }
    return found;
}

static bool find_flag(const char *line, const char *name, bool otherwise)
{
    CLEANUP(memory_freep) char *value = find_value(line, name, VALUE_WORD);
    return value ? strcasecmp(value, "true") == 0 : otherwise;
}

/* Takes the quotes away that stand around all of it. */
static char *unquote(char *text)
{
    size_t length = text ? strlen(text) : 0;
    if (length > 1 && strchr("\"'", *text) && text[length - 1] == *text) {
        memmove(text, text + 1, length - 2);
        text[length - 2] = '\0';
    }
    return text;
}

static bool check_same(const RowReading *reading, const char *attribute, const char *found,
                       const char *taken, Error *err)
{
    if (strcmp(found ? found : "", taken ? taken : "") == 0)
        return true;
    CLEANUP(memory_freep)
    char *what = memory_format("takes '%s' for the %s of this changeset, and Sealift '%s'",
                               found ? found : "", attribute, taken ? taken : "");
    return refuse(reading, reading->first,
                  "write the attribute once and without quotes, as the last one of its line", what,
                  err);
}

static bool check_names(const RowReading *reading, Error *err)
{
    const LiquibaseChangeset *changeset = &reading->changeset;
    const char *words = liquibase_mark(reading->lines.items[reading->first], "changeset");
    CLEANUP(memory_freep) char *unquoted = memory_format("%s:%s", changeset->author, changeset->id);
    size_t length = strlen(unquoted);
    words += strspn(words, BLANKS);
    bool plain = strncmp(words, unquoted, length) == 0;
    size_t author = strlen(changeset->author), id = strlen(changeset->id);
    if (!plain && reading->number < QUOTED_NAMES_FROM)
        return refuse(reading, reading->first, "write author and id without quotes",
                      "takes the quotes for a part of the name", err);
    if ((author > 1 && *changeset->author == '\'' && changeset->author[author - 1] == '\'') ||
        (id > 1 && *changeset->id == '\'' && changeset->id[id - 1] == '\''))
        return refuse(reading, reading->first, "write author and id without quotes",
                      "takes the quotes away that stand around the name", err);
    return true;
}

static char *find_context(const RowReading *reading, const char *line)
{
    ValueEnd end = reading->number < SHORT_CONTEXTS_FROM ? VALUE_TO_LAST_QUOTE : VALUE_TO_QUOTE;
    char *found = NULL;
    if (reading->number >= CONTEXT_FILTER_FROM)
        found = unquote(find_value(line, "contextFilter", end));
    if (found && *found)
        return found;
    free(found);
    return unquote(find_value(line, "context", end));
}

static bool check_attributes(const RowReading *reading, Error *err)
{
    const char *line = reading->lines.items[reading->first];
    const LiquibaseChangeset *changeset = &reading->changeset;
    CLEANUP(memory_freep) char *context = find_context(reading, line);
    CLEANUP(memory_freep)
    char *labels = find_value(
        line, "labels", reading->number < QUOTED_LABELS_FROM ? VALUE_NO_BLANKS : VALUE_TO_QUOTE);
    CLEANUP(memory_freep) char *path = find_value(line, "logicalFilePath", VALUE_NO_BLANKS);
    CLEANUP(memory_freep) char *dbms = find_value(line, "dbms", VALUE_NO_BLANKS);
    if (reading->number >= QUOTED_LABELS_FROM)
        unquote(labels);
    return check_names(reading, err) &&
           check_same(reading, "context", context, changeset->context, err) &&
           check_same(reading, "labels", labels, changeset->labels, err) &&
           check_same(reading, "logicalFilePath", path, changeset->logical_path, err) &&
           (!dbms || *dbms != '"' || check_same(reading, "dbms", dbms, "the same unquoted", err));
}

static bool read_attributes(RowReading *reading, Error *err)
{
    static const LiquibaseFilter all = {.contexts = "*", .labels = "*"};
    const char *line = reading->lines.items[reading->first];
    if (!liquibase_changeset_parse(liquibase_mark(line, "changeset"), &all, &reading->changeset,
                                   err))
        return error_wrap(err, "%s:%zu", reading->name, reading->first + 1);
    return check_attributes(reading, err);
}

/* --- the header ------------------------------------------------------------------------------ */

static bool check_header(const RowReading *reading, size_t line, Error *err)
{
    const char *text = reading->lines.items[line];
    if (reading->number >= LOOSE_HEADERS_FROM)
        return true;
    const char *rest = strncmp(text, "--", 2) == 0 ? text + 2 + strspn(text + 2, BLANKS) : "";
    if (line == 0 && text_has_prefix(rest, "liquibase formatted"))
        return true;
    return refuse(reading, line, "begin the file's first line with '--liquibase formatted sql'",
                  "does not take the file for formatted SQL", err);
}

/* The file's own logicalFilePath; without one *ret_path stays. */
static bool read_header(const RowReading *reading, char **ret_path, Error *err)
{
    size_t line = 0;
    while (line < reading->first && is_blank(reading->lines.items[line]))
        line++;
    if (!check_header(reading, line, err))
        return false;
    for (size_t i = line + 1; i < reading->lines.count; i++)
        if (is_header(reading->lines.items[i]))
            return refuse(reading, i, "take it out",
                          "takes this for the file's header, whose logicalFilePath is another",
                          err);
    const char *text = reading->lines.items[line];
    *ret_path = find_value(text, "logicalFilePath", VALUE_NO_BLANKS);
    return true;
}

static bool read_path(const RowReading *reading, char **ret_path, Error *err)
{
    CLEANUP(memory_freep) char *path = NULL;
    if (!read_header(reading, &path, err))
        return false;
    if (reading->changeset.logical_path) {
        free(path);
        path = memory_string(reading->changeset.logical_path);
    }
    if (path && (!liquibase_path_is_plain(path) || strchr(path, '"')))
        return refuse(reading, reading->first,
                      "write it relative, without '.' and '..', quotes, colons and backslashes",
                      "keeps the logicalFilePath of this changeset otherwise than it is written",
                      err);
    *ret_path = TAKE_PTR(path);
    return true;
}

/* --- the changeset's lines ------------------------------------------------------------------- */

static bool is_precondition(const char *line)
{
    const char *rest = liquibase_mark(line, "precondition-");
    return rest && rest[strspn(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-")] == ' ';
}

/* `--comment TEXT` or `--comment: TEXT`: what is noted of it; NULL: the line is another. */
static const char *find_remark(const char *line)
{
    const char *rest = liquibase_mark(line, "comment");
    return rest ? rest + (*rest == ':') + 1 : NULL;
}

static bool take_line(RowReading *reading, size_t index, bool *block, Error *err)
{
    const char *line = reading->lines.items[index];
    const char *rollback = liquibase_mark(line, "rollback");
    if (*block) {
        *block = !ends_block(line);
        return true;
    }
    if (liquibase_remark(line)) {
        const char *remark = find_remark(line);
        reading->remark = remark ? remark : reading->remark;
        return true;
    }
    if ((rollback && *rollback == ' ') || liquibase_mark(line, "preconditions"))
        return true;
    *block = begins_block(line);
    if (*block)
        return reading->number >= COMMENT_BLOCKS_FROM ||
               refuse(reading, index, "write lines '--rollback STATEMENT'",
                      "does not see this rollback", err);
    if (is_precondition(line))
        return true;
    if (liquibase_mark(line, "precondition-"))
        return refuse(reading, index, "write one blank behind its name",
                      "does not see this precondition", err);
    text_add(&reading->sql, line);
    text_add_char(&reading->sql, '\n');
    return true;
}

static bool read_lines(RowReading *reading, Error *err)
{
    bool block = false;
    for (size_t i = reading->first + 1; i < reading->end; i++)
        if (!take_line(reading, i, &block, err))
            return false;
    return true;
}

/* --- columns --------------------------------------------------------------------------------- */

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

/* Version 8: how the statements are to be cut, and the text with one blank for any white space. */
static void add_text_8(const RowReading *reading, const char *sql, size_t size, Text *text)
{
    const char *line = reading->lines.items[reading->first];
    CLEANUP(memory_freep) char *delimiter = find_value(line, "endDelimiter", VALUE_NO_BLANKS);
    bool slash = !delimiter && reading->end == reading->lines.count && size > 1 &&
                 memcmp(sql + size - 2, "\n/", 2) == 0;
    text_addf(text, "%s:%s:%s:",
              delimiter ? delimiter
              : slash   ? "\n/$"
                        : "null",
              find_flag(line, "splitStatements", true) ? "true" : "false",
              find_flag(line, "stripComments", true) ? "true" : "false");
    for (size_t i = 0; i < size; i++)
        if (!is_white(sql[i]))
            text_add_char(text, sql[i]);
        else if (!is_white(sql[i + 1])) /* it does not end in white space */
            text_add_char(text, ' ');
}

/* Version 9: the text without white space. */
static void add_text_9(const char *sql, size_t size, Text *text)
{
    for (size_t i = 0; i < size; i++)
        if (!is_white(sql[i]))
            text_add_char(text, sql[i]);
}

/* The digest of a list of digests, each of a change: a changeset of SQL is one. */
static char *checksum_of(const RowReading *reading)
{
    CLEANUP(text_done) Text text = {0};
    char hex[MD5_HEX_SIZE];
    size_t size = reading->sql.length;
    const char *sql = trim(text_string(&reading->sql), &size);
    int kind = reading->number < CHECKSUM_9_FROM ? 8 : 9;
    if (kind == 8)
        add_text_8(reading, sql, size, &text);
    else
        add_text_9(sql, size, &text);
    CLEANUP(memory_freep)
    char *changes = memory_format("%d:%s:", kind, md5_hex(text_string(&text), text.length, hex));
    return memory_format("%d:%s", kind, md5_hex(changes, strlen(changes), hex));
}

/* At most 250 units, an ellipsis in the place of what is too much; a character outside the basic
 * plane has two, and may be cut in half. */
static bool read_remark(const RowReading *reading, char **ret_remark, Error *err)
{
    const char *remark = reading->remark ? reading->remark : "";
    size_t length = strlen(remark), units = 0, kept = 0;
    bool halved = false;
    remark = trim(remark, &length);
    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)remark[i] & 0xc0) == 0x80)
            continue;
        if (units <= REMARK_MOST - 3) {
            kept = i;
            halved = units == REMARK_MOST - 4 && (unsigned char)remark[i] >= 0xf0;
        }
        units += (unsigned char)remark[i] >= 0xf0 ? 2 : 1;
    }
    if (units > REMARK_MOST && halved)
        return refuse(reading, reading->first, "make it shorter",
                      "cuts a character of the comment in half", err);
    *ret_remark = units > REMARK_MOST ? memory_format("%.*s...", (int)kept, remark)
                                      : memory_string_n(remark, length);
    return true;
}

static bool read_contexts(const RowReading *reading, char **ret_contexts, Error *err)
{
    const char *context = reading->changeset.context;
    if (!context || !*context)
        return true;
    if (strchr(BLANKS, *context) || strchr(BLANKS, context[strlen(context) - 1]))
        return refuse(reading, reading->first, "take the blank out",
                      "keeps or drops the blank around the context, as the version has it", err);
    *ret_contexts = memory_format(strpbrk(context, ", ") ? "(%s)" : "%s", context);
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7e)
            return false;
    return true;
}

static bool holds_label(const char *labels, const char *label, size_t length)
{
    for (const char *at = labels;;) {
        size_t size = strcspn(at, ",");
        if (size == length && strncmp(at, label, length) == 0)
            return true;
        if (!at[size])
            return false;
        at += size + 1;
    }
}

/* Each once, in small letters. */
static bool read_labels(const RowReading *reading, char **ret_labels, Error *err)
{
    const char *given = reading->changeset.labels;
    CLEANUP(text_done) Text labels = {0};
    size_t count = 0;
    if (!given || !*given)
        return true;
    for (const char *at = given;; at++) {
        size_t size = strcspn(at, ","), length = size;
        const char *label = trim(at, &length);
        CLEANUP(memory_freep) char *lower = memory_string_n(label, length);
        for (char *byte = lower; *byte; byte++)
            *byte = (char)(*byte >= 'A' && *byte <= 'Z' ? *byte - 'A' + 'a' : *byte);
        if (!length || !is_ascii(lower))
            return refuse(reading, reading->first, "write labels of ASCII, one comma between two",
                          "keeps such labels otherwise than they are written", err);
        if (!count || !holds_label(text_string(&labels), lower, length))
            text_addf(&labels, "%s%s", count++ ? "," : "", lower);
        at += size;
        if (!*at)
            break;
    }
    *ret_labels = text_take(&labels);
    return true;
}

/* An older version runs what says ignore:true, and the layout's reader does not. */
static bool check_ignored(const RowReading *reading, Error *err)
{
    for (size_t i = 0; i < reading->lines.count && reading->number < IGNORE_FROM; i++)
        if (liquibase_mark(reading->lines.items[i], "changeset") &&
            find_flag(reading->lines.items[i], "ignore", false))
            return refuse(reading, i, "take the changeset out",
                          "does not know ignore:true and will want to run this", err);
    return true;
}

static bool read_row(RowReading *reading, size_t line, LiquibaseRow *row, Error *err)
{
    if (!find_changeset(reading, line, err) || !read_attributes(reading, err) ||
        !check_ignored(reading, err) || !read_lines(reading, err) ||
        !read_path(reading, &row->logical_path, err) ||
        !read_remark(reading, &row->comments, err) ||
        !read_contexts(reading, &row->contexts, err) || !read_labels(reading, &row->labels, err))
        return false;
    row->id = memory_string(reading->changeset.id);
    row->author = memory_string(reading->changeset.author);
    row->checksum = checksum_of(reading);
    return true;
}

bool liquibase_row_read(char *text, size_t size, const char *name, int64_t line,
                        const char *version, LiquibaseRow *ret_row, Error *err)
{
    CLEANUP(liquibase_row_done) LiquibaseRow row = {0};
    CLEANUP(reading_done)
    RowReading reading = {
        .name = name, .version = version, .number = liquibase_version_number(version)};
    if (!cut_lines(&reading, text, size, err) || !read_row(&reading, (size_t)(line - 1), &row, err))
        return false;
    *ret_row = row;
    row = (LiquibaseRow){0};
    return true;
}
