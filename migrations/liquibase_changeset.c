#include "migrations/liquibase_changeset.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/option_table.h"
#include "base/text.h"
#include "migrations/script_lines.h"

#define BLANKS " \t\f\v\r"

void liquibase_changeset_done(LiquibaseChangeset *changeset)
{
    free(changeset->author);
    free(changeset->id);
    free(changeset->logical_path);
    free(changeset->delimiter);
    free(changeset->context);
    free(changeset->labels);
    *changeset = (LiquibaseChangeset){0};
}

const char *liquibase_mark(const char *line, const char *word)
{
    line += strspn(line, BLANKS);
    if (strncmp(line, "--", 2) != 0)
        return NULL;
    line += 2 + strspn(line + 2, BLANKS);
    return strncasecmp(line, word, strlen(word)) == 0 ? line + strlen(word) : NULL;
}

/* --- attributes ------------------------------------------------------------------------------ */

typedef bool (*AttributeTaker)(LiquibaseChangeset *changeset, const char *name, const char *value,
                               Error *err);

static bool refuse(Error *err, const char *hint, const char *name, const char *value)
{
    error_set(err, ERROR_INPUT, "the attribute '%s:%s' cannot be followed", name, value);
    return error_hint(err, "%s", hint);
}

static bool is_true(const char *value)
{
    return strcasecmp(value, "true") == 0;
}

static bool take_run_in_transaction(LiquibaseChangeset *changeset, const char *name UNUSED,
                                    const char *value, Error *err UNUSED)
{
    changeset->no_transaction = !is_true(value);
    return true;
}

static bool take_strip_comments(LiquibaseChangeset *changeset, const char *name UNUSED,
                                const char *value, Error *err UNUSED)
{
    changeset->keeps_comments = !is_true(value);
    return true;
}

/* A delimiter is a regular expression in liquibase: only one that means itself is taken. */
static bool take_delimiter(LiquibaseChangeset *changeset, const char *name, const char *value,
                           Error *err)
{
    if (!*value || value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789/;@#%&~_=!-")])
        return refuse(err,
                      "end the statements with semicolons, which are found as the server finds "
                      "them, or by plain characters alone in a line",
                      name, value);
    if (strcmp(value, ";") != 0) {
        free(changeset->delimiter);
        changeset->delimiter = memory_string(value);
    }
    return true;
}

static bool take_semicolon(LiquibaseChangeset *changeset UNUSED, const char *name,
                           const char *value, Error *err)
{
    return strcmp(value, ";") == 0 ||
           refuse(err, "end the statements of the rollback with semicolons", name, value);
}

static bool take_logical_path(LiquibaseChangeset *changeset, const char *name UNUSED,
                              const char *value, Error *err UNUSED)
{
    free(changeset->logical_path);
    changeset->logical_path = memory_string(value);
    return true;
}

/* "postgresql,oracle", "!mysql", "all", "none": whether it is for PostgreSQL. */
static bool take_dbms(LiquibaseChangeset *changeset, const char *name UNUSED, const char *value,
                      Error *err UNUSED)
{
    CLEANUP(memory_freep) char *words = memory_string(value);
    bool named = false, excluded = false, positive = false;
    for (char *rest, *word = strtok_r(words, "," BLANKS, &rest); word;
         word = strtok_r(NULL, "," BLANKS, &rest)) {
        named |= strcasecmp(word, "postgresql") == 0 || strcasecmp(word, "all") == 0;
        excluded |= strcasecmp(word, "!postgresql") == 0 || strcasecmp(word, "none") == 0;
        positive |= *word != '!';
    }
    if (excluded || (positive && !named))
        changeset->skipped = "it is for other databases (dbms)";
    return true;
}

static bool take_ignore(LiquibaseChangeset *changeset, const char *name UNUSED, const char *value,
                        Error *err UNUSED)
{
    if (is_true(value))
        changeset->skipped = "it says ignore:true";
    return true;
}

static bool take_repeats(LiquibaseChangeset *changeset UNUSED, const char *name, const char *value,
                         Error *err)
{
    return !is_true(value) ||
           refuse(err, "write a new changeset for each change: a bundle runs it once", name, value);
}

static bool take_fail_on_error(LiquibaseChangeset *changeset UNUSED, const char *name,
                               const char *value, Error *err)
{
    return is_true(value) ||
           refuse(err,
                  "a bundle passes over no error; let the script say IF EXISTS where it means "
                  "that",
                  name, value);
}

static bool take_run_with(LiquibaseChangeset *changeset UNUSED, const char *name, const char *value,
                          Error *err)
{
    return strcasecmp(value, "jdbc") == 0 ||
           refuse(err, "write the changeset in plain SQL", name, value);
}

static bool take_once(char **text, const char *name, const char *value, Error *err)
{
    if (*text)
        return error_set(err, ERROR_INPUT, "'%s' is given a second time", name);
    *text = memory_string(value);
    return true;
}

static bool take_context(LiquibaseChangeset *changeset, const char *name, const char *value,
                         Error *err)
{
    return take_once(&changeset->context, name, value, err);
}

static bool take_labels(LiquibaseChangeset *changeset, const char *name, const char *value,
                        Error *err)
{
    return take_once(&changeset->labels, name, value, err);
}

static bool take_anything(LiquibaseChangeset *changeset UNUSED, const char *name UNUSED,
                          const char *value UNUSED, Error *err UNUSED)
{
    return true;
}

/* What liquibase knows, and what is done with it. How statements are split is the server's own
 * grammar here. */
static const struct {
    const char *name;
    AttributeTaker take;
} attributes[] = {
    {"runInTransaction", take_run_in_transaction},
    {"splitStatements", take_anything},
    {"rollbackSplitStatements", take_anything},
    {"stripComments", take_strip_comments},
    {"endDelimiter", take_delimiter},
    {"rollbackEndDelimiter", take_semicolon},
    {"logicalFilePath", take_logical_path},
    {"dbms", take_dbms},
    {"ignore", take_ignore},
    {"runOnChange", take_repeats},
    {"runAlways", take_repeats},
    {"failOnError", take_fail_on_error},
    {"runWith", take_run_with},
    {"context", take_context},
    {"contextFilter", take_context},
    {"labels", take_labels},
};

static bool take_attribute(LiquibaseChangeset *changeset, const char *name, const char *value,
                           Error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if (strcasecmp(attributes[i].name, name) == 0)
            return attributes[i].take(changeset, attributes[i].name, value, err);
    return error_set(err, ERROR_INPUT, "the attribute '%s' is not known here", name);
}

/* The next `name:value` or `name:"value with blanks"`; *at moves behind it. False at the end, and
 * with an error for words that are none. */
static bool next_attribute(const char **at, char **ret_name, char **ret_value, Error *err)
{
    const char *name = *at + strspn(*at, BLANKS);
    size_t length = strcspn(name, ":" BLANKS);
    if (!*name)
        return false;
    if (!length || name[length] != ':')
        return error_set(err, ERROR_INPUT, "'%.*s' is no attribute NAME:VALUE",
                         (int)strcspn(name, BLANKS), name);
    const char *value = name + length + 1;
    bool quoted = *value == '"';
    value += quoted;
    size_t size = quoted ? strcspn(value, "\"") : strcspn(value, BLANKS);
    if (quoted && value[size] != '"')
        return error_set(err, ERROR_INPUT, "a quote has no end");
    *ret_name = memory_string_n(name, length);
    *ret_value = memory_string_n(value, size);
    *at = value + size + quoted;
    return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* A name in quotes, or up to one of `ends`; *at moves behind it. */
static char *cut_name(const char **at, const char *ends)
{
    bool quoted = **at == '"';
    const char *name = *at + quoted;
    size_t length = quoted ? strcspn(name, "\"") : strcspn(name, ends);
    if (quoted && !name[length])
        return NULL;
    *at = name + length + quoted;
    return memory_string_n(name, length);
}

static bool take_names(const char **at, LiquibaseChangeset *changeset)
{
    if (!strchr(BLANKS, **at) || !**at)
        return false;
    *at += strspn(*at, BLANKS);
    changeset->author = cut_name(at, ":");
    if (!changeset->author || !*changeset->author || **at != ':')
        return false;
    (*at)++;
    changeset->id = cut_name(at, BLANKS);
    return changeset->id && changeset->id[strspn(changeset->id, ":" BLANKS)];
}

/* What liquibase runs depends on how it is called: a bundle runs the same at every site, so that
 * sealift.conf must have said it. */
static bool select_by(const char *attribute, const char *key, const char *given,
                      const char *expression, const char *names, const char **ret_skipped,
                      Error *err)
{
    bool matches = true;
    if (!given || !*given) {
        error_set(err, ERROR_INPUT, "the attribute '%s' chooses by what liquibase is called with",
                  attribute);
        return error_hint(err,
                          "say in the project's sealift.conf what a bundle is made of: "
                          "[liquibase] %s, or * for all changesets",
                          key);
    }
    if (strcmp(given, "*") != 0 && !liquibase_filter_matches(expression, names, &matches, err))
        return error_wrap(err, "the attribute '%s'", attribute);
    if (!matches)
        *ret_skipped = *key == 'c' ? "its context does not hold ([liquibase] contexts)"
                                   : "its labels are not chosen ([liquibase] labels)";
    return true;
}

bool liquibase_select(const LiquibaseFilter *filter, const char *context, const char *labels,
                      const char **ret_skipped, Error *err)
{
    const char *skipped = NULL;
    if (context && *context &&
        !select_by("context", "contexts", filter->contexts, context,
                   filter->contexts ? filter->contexts : "", &skipped, err))
        return false;
    if (!skipped && labels && *labels &&
        !select_by("labels", "labels", filter->labels, filter->labels ? filter->labels : "", labels,
                   &skipped, err))
        return false;
    if (skipped)
        *ret_skipped = skipped;
    return true;
}

bool liquibase_changeset_parse(const char *words, const LiquibaseFilter *filter,
                               LiquibaseChangeset *ret_changeset, Error *err)
{
    CLEANUP(liquibase_changeset_done) LiquibaseChangeset changeset = {0};
    CLEANUP(error_done) Error malformed = {0};
    CLEANUP(error_done) Error refused = {0}; /* the first, and only where it is run */
    CLEANUP(error_done) Error unselected = {0};
    if (!take_names(&words, &changeset)) {
        error_set(err, ERROR_INPUT, "this is no '--changeset author:id'");
        return error_hint(err,
                          "write it as: --changeset AUTHOR:ID NAME:VALUE …, with a blank behind "
                          "the word and what holds blanks in double quotes");
    }
    for (;;) {
        CLEANUP(memory_freep) char *name = NULL;
        CLEANUP(memory_freep) char *value = NULL;
        CLEANUP(error_done) Error wrong = {0};
        if (!next_attribute(&words, &name, &value, &malformed))
            break;
        if (!take_attribute(&changeset, name, value, &wrong) && !refused.message)
            (void)error_move(&refused, &wrong);
    }
    if (malformed.message)
        return error_move(err, &malformed);
    bool selected =
        changeset.skipped || liquibase_select(filter, changeset.context, changeset.labels,
                                              &changeset.skipped, &unselected);
    if (refused.message && !changeset.skipped)
        return error_move(err, &refused);
    if (!selected)
        return error_move(err, &unselected);
    *ret_changeset = changeset;
    changeset = (LiquibaseChangeset){0};
    return true;
}

bool liquibase_remark(const char *line)
{
    static const char *const words[] = {"comment", "validCheckSum"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *rest = *line == '-' ? liquibase_mark(line, words[i]) : NULL;
        if (rest && rest[*rest == ':'] == ' ')
            return true;
    }
    return false;
}

bool liquibase_is_delimiter(const LiquibaseChangeset *changeset, const char *line)
{
    const char *delimiter = changeset->delimiter, *text = line + strspn(line, BLANKS);
    size_t length = strlen(text);
    while (length && strchr(BLANKS, text[length - 1]))
        length--;
    return delimiter && length == strlen(delimiter) && memcmp(text, delimiter, length) == 0;
}

const char *liquibase_near_miss(const char *line)
{
    static const struct {
        const char *word, *meant;
    } marks[] = {{"changeset", "--changeset author:id"}, {"rollback", "--rollback STATEMENT"}};
    CLEANUP(memory_freep) char *word = NULL;
    line += strspn(line, BLANKS);
    size_t dashes = strspn(line, "-");
    if (!dashes)
        return NULL;
    line += dashes + strspn(line + dashes, BLANKS);
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    word = memory_string_n(line, length);
    const char *behind = line + length + strspn(line + length, BLANKS);
    size_t name = strcspn(behind, ":" BLANKS);
    bool named = name && behind[name] == ':' && !strchr(BLANKS, behind[name + 1]);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        bool exact = strcasecmp(word, marks[i].word) == 0;
        /* what speaks of a changeset names one; both begin as they do */
        if (strncasecmp(word, marks[i].word, 1) != 0 || (exact && dashes == 2) ||
            (i == 0 && !named) || !option_nearest(word, &marks[i].word, 1))
            continue;
        return marks[i].meant;
    }
    return NULL;
}

bool liquibase_header_parse(const char *words, char **ret_logical_path, Error *err)
{
    words += strspn(words, BLANKS);
    if (strncasecmp(words, "sql", 3) == 0)
        words += 3;
    CLEANUP(error_done) Error refused = {0};
    CLEANUP(memory_freep) char *path = NULL;
    for (;;) {
        CLEANUP(memory_freep) char *name = NULL;
        CLEANUP(memory_freep) char *value = NULL;
        if (!next_attribute(&words, &name, &value, &refused))
            break;
        if (strcasecmp(name, "logicalFilePath") != 0)
            return error_set(err, ERROR_INPUT,
                             "liquibase itself does not see '%s' here: it belongs to a changeset",
                             name);
        free(path);
        path = TAKE_PTR(value);
    }
    if (refused.message)
        return error_move(err, &refused);
    *ret_logical_path = TAKE_PTR(path);
    return true;
}

bool liquibase_preconditions_check(const char *words, Error *err)
{
    CLEANUP(error_done) Error refused = {0};
    for (;;) {
        CLEANUP(memory_freep) char *name = NULL;
        CLEANUP(memory_freep) char *value = NULL;
        if (!next_attribute(&words, &name, &value, &refused))
            break;
        bool outcome = strcasecmp(name, "onFail") == 0 || strcasecmp(name, "onError") == 0;
        bool printing =
            strcasecmp(name, "onSqlOutput") == 0 || strcasecmp(name, "onUpdateSQL") == 0;
        if (printing || (outcome && strcasecmp(value, "HALT") == 0))
            continue;
        return refuse(err, "a precondition that does not hold ends the run: say HALT", name, value);
    }
    return !refused.message || error_move(err, &refused);
}

/* SELECT (QUERY)::text = 'NUMBER' */
static void add_check(size_t value, size_t digits, size_t query, size_t length, int64_t number,
                      ScriptRangeArray *checks)
{
    *array_add(checks) = (ScriptRange){
        .first = number,
        .last = number,
        .skip = query,
        .take = length,
        .before = "SELECT (",
    };
    *array_add(checks) = (ScriptRange){
        .first = number,
        .last = number,
        .skip = value,
        .take = digits,
        .before = ")::text = '",
        .after = "';\n",
        .joined = true,
    };
}

/* liquibase compares texts: of whole numbers the server's and the driver's are the same. */
bool liquibase_check_parse(const char *line, const char *words, int64_t number,
                           ScriptRangeArray *checks, Error *err)
{
    static const char hint[] =
        "write it as: --precondition-sql-check expectedResult:NUMBER SELECT …";
    const char *value = words + strspn(words, BLANKS);
    if (strncasecmp(value, "expectedResult:", 15) == 0)
        value += 15;
    char quote = *value == '\'' || *value == '"' ? *value : '\0';
    value += quote != '\0';
    size_t digits = strspn(value, "0123456789");
    const char *query = value + digits;
    if (!digits || (quote && *query++ != quote) || *query != ' ') {
        error_set(err, ERROR_INPUT, "only a whole number can be expected exactly of a sql-check");
        return error_hint(err, "%s", hint);
    }
    query += strspn(query, BLANKS);
    size_t length = strlen(query);
    while (length && strchr(";" BLANKS, query[length - 1]))
        length--;
    if (!length || memchr(query, ';', length) || strstr(query, "--") || strstr(query, "/*") ||
        strlen(line) >= SCRIPT_LINE_SIZE_MAX) {
        error_set(err, ERROR_INPUT,
                  "a sql-check must be one query without comments, in a line of less than %d bytes",
                  SCRIPT_LINE_SIZE_MAX);
        return error_hint(err, "%s", hint);
    }
    add_check((size_t)(value - line), digits, (size_t)(query - line), length, number, checks);
    return true;
}
