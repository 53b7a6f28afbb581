#include "migrations/liquibase_row.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/liquibase_changeset.h"
#include "migrations/liquibase_columns.h"
#include "migrations/liquibase_place.h"

#define BLANKS " \t\f\v\r" /* within a line */

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

/* An attribute's end is looked for in the whole line, so that endDelimiter is also found in
 * rollbackEndDelimiter. */
static char *checksum_of(const RowReading *reading)
{
    const char *line = reading->lines.items[reading->first], *sql = text_string(&reading->sql);
    if (reading->number >= CHECKSUM_9_FROM)
        return liquibase_checksum_9(sql, reading->sql.length);
    CLEANUP(memory_freep) char *delimiter = find_value(line, "endDelimiter", VALUE_NO_BLANKS);
    const LiquibaseCutting cutting = {
        .delimiter = delimiter,
        .splits = find_flag(line, "splitStatements", /* otherwise= */ true),
        .strips = find_flag(line, "stripComments", /* otherwise= */ true),
        .last = reading->end == reading->lines.count,
    };
    return liquibase_checksum_8(sql, reading->sql.length, &cutting);
}

static bool read_comments(const RowReading *reading, char **ret_comments, Error *err)
{
    char *comments = liquibase_comments_column(reading->remark ? reading->remark : "");
    if (!comments)
        return refuse(reading, reading->first, "make it shorter",
                      "cuts a character of the comment in half", err);
    *ret_comments = comments;
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

static bool read_labels(const RowReading *reading, char **ret_labels, Error *err)
{
    const char *given = reading->changeset.labels;
    if (!given || !*given)
        return true;
    char *labels = liquibase_labels_column(given);
    if (!labels)
        return refuse(reading, reading->first, "write labels of ASCII, one comma between two",
                      "keeps such labels otherwise than they are written", err);
    *ret_labels = labels;
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
        !read_comments(reading, &row->comments, err) ||
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
