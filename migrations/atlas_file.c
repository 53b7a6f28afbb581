#include "migrations/atlas_file.h"

#include <inttypes.h>

#include "base/text.h"
#include "migrations/script_lines.h"

#define PIECE_SIZE (64 * 1024)

typedef struct Reading {
    const char *name;
    FindingArray *findings;
    ScriptRangeArray *ranges;
    AtlasFile file;
    int64_t head;     /* lines of the comments at the top that an empty line ends; 0: none do */
    char *delimiter;  /* owned, or NULL */
    int64_t newlines; /* … or so many line ends in a row; 0: not so */
    bool has_return;  /* a CR stands in the file */
    int64_t empty;    /* empty lines before this one */
    bool has_text;    /* the text that is open holds more than comments */
    bool comment;     /* its last line that is not empty may end in a comment */
    bool has_txmode;
    bool has_parts;         /* atlas:txtar */
    bool refused_delimiter; /* each is said once for a file */
    bool refused_template;
    int64_t range; /* the first line of the text that is open */
} Reading;

static void reading_done(Reading *reading)
{
    free(reading->delimiter);
}

static void refuse(const Reading *reading, int64_t line, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);

static void refuse(const Reading *reading, int64_t line, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *what = memory_vformat(format, arguments);
    va_end(arguments);
    finding_add(reading->findings, FINDING_ERROR, hint, "%s:%" PRId64 ": %s", reading->name, line,
                what);
}

/* --- directives ------------------------------------------------------------------------------ */

typedef struct Directive {
    size_t prefix;     /* bytes before "atlas:" */
    char word[32];     /* behind the colon */
    const char *value; /* in the line; "" where there is none */
} Directive;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The last "atlas:WORD" of a line that is printable ASCII up to it, as Atlas takes it. */
static bool parse_directive(const char *line, Directive *ret_directive)
{
    bool found = false;
    for (const char *at = line; *at >= ' ' && *at <= '~'; at++) {
        if (!text_has_prefix(at, "atlas:") || !is_word(at[6]))
            continue;
        const char *word = at + strlen("atlas:"), *end = word;
        while (is_word(*end))
            end++;
        size_t length = (size_t)(end - word);
        *ret_directive = (Directive){
            .prefix = (size_t)(at - line),
            .value = *end == ' ' ? end + strspn(end, " ") : "",
        };
        if (length >= sizeof ret_directive->word)
            length = sizeof ret_directive->word - 1;
        memcpy(ret_directive->word, word, length);
        found = true;
    }
    return found;
}

static void take_txmode(Reading *reading, const char *value, int64_t line)
{
    static const char hint[] = "atlas refuses this too";
    if (reading->has_txmode)
        refuse(reading, line, hint, "a second 'atlas:txmode'");
    else if (strcmp(value, "none") == 0)
        reading->file.no_transaction = true;
    else if (strcmp(value, "file") != 0)
        refuse(reading, line, hint, "a file's atlas:txmode is none or file, not '%s'", value);
    reading->has_txmode = true;
}

/* How many `\n` the value is made of, or 0. */
static int64_t count_newlines(const char *value)
{
    int64_t count = 0;
    for (; text_has_prefix(value, "\\n"); value += 2)
        count++;
    return *value ? 0 : count;
}

static void take_delimiter(Reading *reading, const char *value, int64_t line)
{
    size_t length = strlen(value);
    int64_t newlines = count_newlines(value);
    if (newlines > 1 && reading->has_return)
        refuse(reading, line, "write the file with plain line ends",
               "line ends of DOS are none that '%s' means", value);
    else if (newlines > 1)
        reading->newlines = newlines;
    else if (!length || strchr(value, '\\') || value[length - 1] == ' ' ||
             value[length - 1] == '\t')
        refuse(reading, line,
               "end the statements with semicolons and take the directive out, or let lines of a "
               "visible text alone end them",
               "only a delimiter of visible characters or of several \\n can be followed, not '%s'",
               value);
    else if (strcmp(value, ";") != 0)
        reading->delimiter = memory_string(value);
}

/* Not in the place in which Atlas looks for it. */
static void refuse_unseen(const Reading *reading, const Directive *directive, int64_t line)
{
    bool first = strcmp(directive->word, "sum") == 0 || strcmp(directive->word, "delimiter") == 0;
    refuse(reading, line,
           first ? "it counts in the first line alone, as '-- atlas:sum ignore' or '-- "
                   "atlas:delimiter TEXT'"
                 : "it counts among the comments at the top, which an empty line (without CR) ends",
           "atlas itself does not see 'atlas:%s' here", directive->word);
}

/* Which of its parts are run, and what of a check fails, is Atlas's own. What asserts in them is no
 * error more. */
static void refuse_parts(Reading *reading, int64_t line)
{
    refuse(reading, line,
           "let the SQL of its part migration.sql stand alone in the file, and run 'atlas migrate "
           "hash'",
           "a file of several parts ('atlas:txtar') cannot be taken over");
    reading->has_parts = true;
}

static void take_directive(Reading *reading, const char *text, const Directive *directive,
                           int64_t line)
{
    const char *word = directive->word;
    bool in_head = line <= reading->head;
    if (strcmp(word, "nolint") == 0)
        return;
    if (strcmp(word, "sum") == 0 && line == 1 && reading->file.sum_ignored)
        return;
    if (strcmp(word, "delimiter") == 0 && line == 1 && directive->prefix == 3 &&
        text_has_prefix(text, "-- "))
        take_delimiter(reading, directive->value, line);
    else if (strcmp(word, "txmode") == 0 && in_head)
        take_txmode(reading, directive->value, line);
    else if (strcmp(word, "checkpoint") == 0 && in_head)
        reading->file.checkpoint = true;
    else if (strcmp(word, "sum") == 0 || strcmp(word, "delimiter") == 0 ||
             strcmp(word, "txmode") == 0 || strcmp(word, "checkpoint") == 0)
        refuse_unseen(reading, directive, line);
    else if (strcmp(word, "txtar") == 0)
        refuse_parts(reading, line);
    else if (strcmp(word, "assert") != 0 || !reading->has_parts)
        refuse(reading, line, "put what it brings into the script",
               "the directive 'atlas:%s' cannot be taken over", word);
}

/* Go's templates, which Atlas fills in first: {{ .Name }}, {{- if … }}. Braces alone may be an
 * array's. */
static bool holds_template(const char *line)
{
    static const char *const words[] = {"template", "define", "block", "if", "else",
                                        "range",    "with",   "end",   "/*"};
    for (const char *at = line; (at = strstr(at, "{{")) != NULL; at += 2) {
        const char *inside = at + 2 + (at[2] == '-');
        inside += strspn(inside, " \t");
        if (*inside == '$' || (*inside == '.' && is_word(inside[1]) && inside[1] > '9'))
            return true;
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (text_has_prefix(inside, words[i]) && !is_word(inside[strlen(words[i])]))
                return true;
    }
    return false;
}

/* --- lines ----------------------------------------------------------------------------------- */

static void end_range(Reading *reading, int64_t last)
{
    if (last == 0 || last >= reading->range)
        *array_add(reading->ranges) = (ScriptRange){.first = reading->range, .last = last};
}

static void take_text(Reading *reading, const char *line, int64_t number)
{
    const char *text = line + strspn(line, " \t");
    size_t length = strlen(text), delimiter = strlen(reading->delimiter);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length == delimiter && memcmp(text, reading->delimiter, length) == 0) {
        end_range(reading, number - 1);
        reading->range = number + 1;
    } else if (!reading->refused_delimiter &&
               (strstr(line, reading->delimiter) || strlen(line) == SCRIPT_LINE_SIZE_MAX)) {
        refuse(reading, number, "let it stand alone in its line, or choose another one",
               "the delimiter '%s' stands beside other text, or may do so in a line this long",
               reading->delimiter);
        reading->refused_delimiter = true;
    }
}

/* Empty lines end a text. To atlas a comment takes its line's end with it, so that one line more is
 * needed behind it. */
static void take_empty(Reading *reading, int64_t number)
{
    reading->empty++;
    if (reading->empty != reading->newlines - 1 + reading->comment)
        return;
    end_range(reading, number - reading->empty);
    reading->range = number + 1;
    reading->has_text = reading->comment = false;
}

static void take_spaced(Reading *reading, const char *line, int64_t number)
{
    if (!*line) {
        take_empty(reading, number);
        return;
    }
    if (reading->comment && reading->has_text && reading->empty == reading->newlines - 1)
        refuse(reading, number - reading->empty - 1,
               "put an empty line more behind it, or the comment elsewhere",
               "atlas itself does not see the delimiter behind a comment");
    reading->empty = 0;
    reading->has_text |= !script_line_is_idle(line);
    reading->comment = strstr(line, "--") != NULL || strlen(line) == SCRIPT_LINE_SIZE_MAX;
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    Reading *reading = context;
    Directive directive;
    if (!reading->refused_template && holds_template(line)) {
        refuse(reading, number, "write the text that the template comes to",
               "a template, which atlas would fill in");
        reading->refused_template = true;
    }
    bool comment = *line == '#' || text_has_prefix(line, "--");
    if (comment && parse_directive(line, &directive) && strspn(line, "-# \t") == directive.prefix)
        take_directive(reading, line, &directive, number);
    else if (reading->delimiter)
        take_text(reading, line, number);
    else if (reading->newlines)
        take_spaced(reading, line, number);
    return true;
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* How many comments stand at the top, where an empty line ends them. */
static int64_t count_head(const char *text)
{
    int64_t lines = 0;
    while (*text == '#' || text_has_prefix(text, "--")) {
        const char *newline = strchr(text, '\n');
        if (!newline)
            return 0;
        lines++;
        text = newline + 1;
    }
    text += strspn(text, " \t");
    return *text == '\n' || !*text ? lines : 0;
}

/* "… atlas:sum ignore" in the first line, and nothing behind it. */
static bool says_ignore(const char *text)
{
    CLEANUP(memory_freep) char *line = memory_string_n(text, strcspn(text, "\n"));
    Directive directive;
    return parse_directive(line, &directive) && strcmp(directive.word, "sum") == 0 &&
           strcmp(directive.value, "ignore") == 0;
}

static bool sum_bytes(const char *path, const char *name, Sha256Stream *sum, Reading *reading,
                      Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE + 1);
    int64_t whole;
    size_t size;
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    digest_sha256_update(sum, file_base_name(name), strlen(file_base_name(name)));
    for (bool first = true;; first = false) {
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        if (!size)
            return true;
        bytes[size] = '\0';
        if (first) {
            reading->head = count_head(bytes);
            reading->file.sum_ignored = says_ignore(bytes);
        }
        reading->has_return |= memchr(bytes, '\r', size) != NULL;
        if (!reading->file.sum_ignored)
            digest_sha256_update(sum, bytes, size);
    }
}

bool atlas_file_read(const char *path, const char *name, Sha256Stream *sum,
                     ScriptRangeArray *ranges, FindingArray *findings, AtlasFile *ret_file,
                     Error *err)
{
    CLEANUP(reading_done)
    Reading reading = {.name = name, .findings = findings, .ranges = ranges, .range = 1};
    if (!sum_bytes(path, name, sum, &reading, err) ||
        !script_lines_read(path, take_line, &reading, err))
        return false;
    if (reading.delimiter || reading.newlines)
        end_range(&reading, /* last= */ 0);
    *ret_file = reading.file;
    return true;
}
