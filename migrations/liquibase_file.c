#include "migrations/liquibase_file.h"

#include <inttypes.h>
#include <strings.h>

#include "base/text.h"
#include "migrations/liquibase_changeset.h"
#include "migrations/project_names.h"
#include "migrations/script_lines.h"

#define BLANKS " \t\f\v\r"

typedef struct FileReading {
    LayoutReading *reading;
    const char *path;
    char *logical_path; /* owned: of the whole file, or NULL */
    bool has_header, has_changeset;
    bool refused_parameter; /* each is said once for a file */
    bool refused_stray;
    bool has_long_line; /* of which not all is looked at */
    /* the changeset that is open: */
    bool open;
    LiquibaseChangeset changeset;
    int64_t line; /* where it began */
    ScriptRangeArray up, down, checks;
    bool in_text;          /* the last range of the up goes on */
    bool joins;            /* the next one is joined */
    int64_t last_text;     /* the last line of the up that is not empty; 0: none so far */
    int64_t block;         /* the line of a rollback in a comment whose end is to come; or 0 */
    bool has_rollback;     /* words of it are known: */
    bool no_rollback;      /* "empty", "not required" */
    bool in_dollars;       /* a dollar quote has begun in the changeset */
    int64_t stripped_line; /* the first line there of which liquibase would strip a comment */
} FileReading;

static void file_done(FileReading *file)
{
    free(file->logical_path);
    liquibase_changeset_done(&file->changeset);
    array_free(&file->up);
    array_free(&file->down);
    array_free(&file->checks);
}

static void refuse(const FileReading *file, int64_t line, const char *hint, const char *what)
{
    finding_add(file->reading->findings, FINDING_ERROR, hint, "%s:%" PRId64 ": %s", file->path,
                line, what);
}

static void refuse_error(const FileReading *file, int64_t line, Error *refused)
{
    error_wrap(refused, "%s:%" PRId64, file->path, line);
    finding_add_error(file->reading->findings, refused);
}

/* --- the end of a changeset ------------------------------------------------------------------ */

static void end_text(FileReading *file, int64_t last)
{
    if (!file->in_text)
        return;
    file->up.items[file->up.count - 1].last = last;
    file->in_text = false;
}

/* The empty lines at the end belong to nobody: so a rollback that is added changes no up. */
static void trim_text(FileReading *file)
{
    ScriptRangeArray *up = &file->up;
    while (up->count && up->items[up->count - 1].first > file->last_text)
        up->count--;
    if (up->count && up->items[up->count - 1].last > file->last_text)
        up->items[up->count - 1].last = file->last_text;
}

/* The name of a file without folders and ending: what an identity may hold of a path. */
static char *stem_of(const char *path)
{
    const char *name = file_base_name(path), *dot = strrchr(name, '.');
    return dot && dot > name ? memory_string_n(name, (size_t)(dot - name)) : memory_string(name);
}

static char *identity_of(const FileReading *file)
{
    const LiquibaseChangeset *changeset = &file->changeset;
    const char *path = changeset->logical_path ? changeset->logical_path
                       : file->logical_path    ? file->logical_path
                                               : file->path;
    CLEANUP(memory_freep) char *stem = stem_of(path);
    return memory_format("%s:%s:%s", stem, changeset->author, changeset->id);
}

static bool check_identity(const FileReading *file, const char *identity)
{
    const char *trouble = project_file_name_trouble(identity);
    if (trouble) {
        CLEANUP(memory_freep) char *shown = text_printable(identity, strlen(identity), 300);
        finding_add(file->reading->findings, FINDING_ERROR, /* hint= */ NULL,
                    "%s:%" PRId64 ": the name '%s' %s", file->path, file->line, shown, trouble);
        return false;
    }
    array_each (const LayoutMigration, at, &file->reading->migrations) {
        if (strcmp(at->migration.identity, identity) != 0)
            continue;
        finding_add(file->reading->findings, FINDING_ERROR,
                    "a migration is called FILE:author:id, without folders: give one of them "
                    "another id, or its file another name (logicalFilePath)",
                    "%s:%" PRId64 ": the changeset '%s' stands twice: '%s' has it already",
                    file->path, file->line, identity, at->migration.scripts[PROJECT_UP]);
        return false;
    }
    return true;
}

static void add_migration(FileReading *file)
{
    CLEANUP(memory_freep) char *identity = identity_of(file);
    if (!check_identity(file, identity))
        return;
    LayoutMigration *added = layout_add(file->reading, /* version_folder= */ NULL, /* number= */ 0);
    ProjectMigration *migration = &added->migration;
    migration->identity = TAKE_PTR(identity);
    migration->title = memory_string(file->changeset.id);
    migration->scripts[PROJECT_UP] = memory_string(file->path);
    migration->ranges[PROJECT_UP] = file->up;
    file->up = (ScriptRangeArray){0};
    if (file->has_rollback && !file->no_rollback) {
        migration->scripts[PROJECT_DOWN] = memory_string(file->path);
        migration->ranges[PROJECT_DOWN] = file->down;
        file->down = (ScriptRangeArray){0};
    }
    if (file->checks.count) {
        migration->scripts[PROJECT_PRECHECK] = memory_string(file->path);
        migration->ranges[PROJECT_PRECHECK] = file->checks;
        file->checks = (ScriptRangeArray){0};
    }
    if (file->changeset.no_transaction)
        migration->no_transaction[PROJECT_UP] = migration->no_transaction[PROJECT_DOWN] = true;
}

static void end_changeset(FileReading *file, int64_t last)
{
    if (!file->open)
        return;
    end_text(file, last);
    trim_text(file);
    if (file->block)
        refuse(file, file->block, /* hint= */ NULL, "the rollback's comment has no end");
    if (file->changeset.skipped)
        finding_add(file->reading->findings, FINDING_WARNING, /* hint= */ NULL,
                    "%s:%" PRId64 ": the changeset '%s:%s' is not read: %s", file->path, file->line,
                    file->changeset.author, file->changeset.id, file->changeset.skipped);
    else if (!file->up.count)
        refuse(file, file->line, "liquibase refuses this too", "the changeset holds no SQL");
    else
        add_migration(file);
    if (file->stripped_line && !file->changeset.skipped)
        finding_add(file->reading->findings, FINDING_WARNING,
                    "stripComments:false makes liquibase keep them too",
                    "%s:%" PRId64 ": a comment in a dollar quote is kept; liquibase strips it, and "
                    "a function there has another text",
                    file->path, file->stripped_line);
    liquibase_changeset_done(&file->changeset);
    array_free(&file->up);
    array_free(&file->down);
    array_free(&file->checks);
}

static void begin_changeset(FileReading *file, const char *words, int64_t number)
{
    CLEANUP(error_done) Error refused = {0};
    end_changeset(file, number - 1);
    file->has_changeset = true;
    file->open =
        liquibase_changeset_parse(words, &file->reading->liquibase, &file->changeset, &refused);
    if (!file->open)
        refuse_error(file, number, &refused);
    file->line = number;
    file->last_text = file->block = file->stripped_line = 0;
    file->in_text = file->joins = file->has_rollback = file->no_rollback = file->in_dollars = false;
    file->refused_stray = !file->open; /* its lines are not looked at */
}

/* --- the rollback ---------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

static bool mentions(const char *text, const char *word)
{
    for (; *text; text++)
        if (begins_with(text, word))
            return true;
    return false;
}

/* Lines that follow each other are one range, so that the file is not read for each of them. */
static void add_rollback(FileReading *file, const char *line, size_t skip, int64_t number)
{
    const char *text = line + skip;
    text += strspn(text, BLANKS);
    if (*text && !file->has_rollback) {
        file->has_rollback = true;
        file->no_rollback = begins_with(text, "empty") || begins_with(text, "not required");
    }
    if (mentions(text, "changesetid"))
        refuse(file, number, "write the statements of the rollback here",
               "the rollback is that of another changeset");
    ScriptRange *before = file->down.count ? &file->down.items[file->down.count - 1] : NULL;
    if (before && before->last == number - 1 && before->skip == skip)
        before->last = number;
    else
        *array_add(&file->down) =
            (ScriptRange){.first = number, .last = number, .skip = skip, .joined = before != NULL};
}

/* `--rollback SQL`, a blank behind the word; true where the line is one. */
static bool take_rollback(FileReading *file, const char *line, int64_t number)
{
    const char *rest = liquibase_mark(line, "rollback");
    if (!rest || (*rest && *rest != ' ' && *rest != '\t' && *rest != ':'))
        return false;
    if (*rest == ' ')
        add_rollback(file, line, (size_t)(rest + 1 - line), number);
    else if (*rest)
        refuse(file, number, "write it as: --rollback STATEMENT",
               "liquibase itself does not see this rollback");
    return true;
}

/* A comment that begins with "liquibase rollback", and nothing behind it in the line. */
static bool take_block_begin(FileReading *file, const char *line, int64_t number)
{
    line += strspn(line, BLANKS);
    if (strncmp(line, "/*", 2) != 0)
        return false;
    line += 2 + strspn(line + 2, BLANKS);
    if (!begins_with(line, "liquibase"))
        return false;
    line += strlen("liquibase");
    line += strspn(line, BLANKS);
    if (!begins_with(line, "rollback"))
        return false;
    line += strlen("rollback");
    if (line[strspn(line, BLANKS)])
        refuse(file, number, "let '/* liquibase rollback' stand alone in its line",
               "liquibase itself does not see this rollback");
    else
        file->block = number;
    return true;
}

static void take_block_line(FileReading *file, const char *line, int64_t number)
{
    size_t length = strlen(line);
    while (length && strchr(BLANKS, line[length - 1]))
        length--;
    if (length < 2 || memcmp(line + length - 2, "*/", 2) != 0) {
        add_rollback(file, line, /* skip= */ 0, number);
        return;
    }
    if (strspn(line, BLANKS) != length - 2)
        refuse(file, number, "let '*/' stand alone in its line",
               "the rollback's comment ends behind a statement");
    file->block = 0;
}

/* --- lines that mean something --------------------------------------------------------------- */

static bool take_preconditions(FileReading *file, const char *line, int64_t number)
{
    CLEANUP(error_done) Error refused = {0};
    const char *rest = liquibase_mark(line, "preconditions");
    if (rest) {
        if (!liquibase_preconditions_check(rest, &refused))
            refuse_error(file, number, &refused);
        return true;
    }
    rest = liquibase_mark(line, "precondition-");
    if (!rest)
        return false;
    if (begins_with(rest, "sql-check") && strchr(BLANKS, rest[strlen("sql-check")])) {
        if (!liquibase_check_parse(line, rest + strlen("sql-check"), number, &file->checks,
                                   &refused))
            refuse_error(file, number, &refused);
        return true;
    }
    finding_add(file->reading->findings, FINDING_ERROR,
                "write what must hold as a statement of the changeset that fails where it does not",
                "%s:%" PRId64 ": the precondition '%.*s' cannot be taken over", file->path, number,
                (int)strcspn(rest, BLANKS), rest);
    return true;
}

/* What would change other lines of the file. */
static bool take_foreign(FileReading *file, const char *line, int64_t number)
{
    static const struct {
        const char *word, *ends, *what, *hint;
    } words[] = {
        {"property", BLANKS, "a parameter is given a value",
         "write the value where it stands: a bundle is the same at every site"},
        {"ignoreLines", ":", "lines are left out", "take them out of the file"},
        {"ignore", ":", "lines are left out", "take them out of the file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *rest = liquibase_mark(line, words[i].word);
        if (!rest || !*rest || !strchr(words[i].ends, *rest))
            continue;
        refuse(file, number, words[i].hint, words[i].what);
        return true;
    }
    return false;
}

static void look_for_parameter(FileReading *file, const char *line, int64_t number)
{
    const char *at = strstr(line, "${");
    if (!at || !strchr(at, '}') || file->refused_parameter)
        return;
    file->refused_parameter = true;
    refuse(file, number, "write the value into the script: a bundle is the same at every site",
           "a parameter of liquibase");
}

/* --- text ------------------------------------------------------------------------------------ */

/* A comment behind the first dollar quote: liquibase strips it from a function's text too. */
static void look_for_stripped(FileReading *file, const char *line, int64_t number)
{
    if (file->changeset.keeps_comments || file->stripped_line)
        return;
    if (file->in_dollars && (strstr(line, "--") || strstr(line, "/*")))
        file->stripped_line = number;
    for (const char *at = line; (at = strchr(at, '$')) != NULL && !file->in_dollars; at++) {
        const char *tag = at + 1;
        while ((*tag >= 'a' && *tag <= 'z') || (*tag >= 'A' && *tag <= 'Z') || *tag == '_' ||
               (*tag >= '0' && *tag <= '9' && tag > at + 1))
            tag++;
        file->in_dollars = *tag == '$';
    }
}

static void look_for_near_miss(const FileReading *file, const char *line, int64_t number)
{
    const char *meant = liquibase_near_miss(line);
    if (meant)
        finding_add(file->reading->findings, FINDING_WARNING, "write it so, if that is meant",
                    "%s:%" PRId64 ": this line is no '%s' to liquibase", file->path, number, meant);
}

static void take_text(FileReading *file, const char *line, int64_t number)
{
    const char *delimiter = file->changeset.delimiter;
    bool empty = !line[strspn(line, BLANKS)];
    if (liquibase_is_delimiter(&file->changeset, line)) {
        end_text(file, number - 1);
        file->joins = false;
        file->in_dollars = false;
        return;
    }
    if (delimiter && (strstr(line, delimiter) || strlen(line) == SCRIPT_LINE_SIZE_MAX))
        refuse(file, number, "let it stand alone in its line, or choose another one",
               "the delimiter stands beside other text, or may do so in a line this long");
    look_for_near_miss(file, line, number);
    if (empty && !file->in_text && !file->joins)
        return;
    if (!file->in_text)
        *array_add(&file->up) = (ScriptRange){.first = number, .joined = file->joins};
    file->in_text = file->joins = true;
    if (!empty)
        file->last_text = number;
    look_for_stripped(file, line, number);
}

static void take_outside(FileReading *file, const char *line, int64_t number)
{
    look_for_near_miss(file, line, number);
    if (file->refused_stray || script_line_is_idle(line))
        return;
    file->refused_stray = true;
    refuse(file, number, "begin a changeset before it",
           "a statement stands outside changesets: liquibase passes over it");
}

static void take_header(FileReading *file, const char *line, int64_t number)
{
    CLEANUP(error_done) Error refused = {0};
    const char *rest = liquibase_mark(line, "liquibase");
    if (rest && begins_with(rest + strspn(rest, BLANKS), "formatted")) {
        rest += strspn(rest, BLANKS) + strlen("formatted");
        if (!liquibase_header_parse(rest, &file->logical_path, &refused))
            refuse_error(file, number, &refused);
    } else {
        refuse(file, number, "begin the file with it, and each changeset with '--changeset'",
               "there is no '--liquibase formatted sql' before this line: liquibase runs such a "
               "file as one changeset of its own making, if at all");
        file->refused_stray = true;
    }
    file->has_header = true;
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    FileReading *file = context;
    const char *words = liquibase_mark(line, "changeset");
    if (!file->has_header) {
        if (line[strspn(line, BLANKS)])
            take_header(file, line, number);
        return true;
    }
    if (file->open && file->block) {
        look_for_parameter(file, line, number);
        take_block_line(file, line, number);
        return true;
    }
    if (words) {
        begin_changeset(file, words, number);
        look_for_parameter(file, line, number);
        return true;
    }
    if (take_foreign(file, line, number))
        return true;
    if (!file->open) {
        take_outside(file, line, number);
        return true;
    }
    if (liquibase_remark(line)) {
        end_text(file, number - 1);
        return true;
    }
    look_for_parameter(file, line, number);
    if (take_rollback(file, line, number) || take_block_begin(file, line, number) ||
        take_preconditions(file, line, number))
        end_text(file, number - 1);
    else
        take_text(file, line, number);
    return true;
}

/* The number of the last line, for what is open at the end. */
typedef struct LastLine {
    FileReading *file;
    int64_t number;
} LastLine;

static bool count_line(void *context, const char *line, int64_t number, Error *err)
{
    LastLine *last = context;
    last->number = number;
    last->file->has_long_line |= strlen(line) == SCRIPT_LINE_SIZE_MAX;
    return take_line(last->file, line, number, err);
}

/* A parameter may stand anywhere in them. */
static bool look_at_long_lines(FileReading *file, const char *absolute, Error *err)
{
    int64_t line = 0;
    if (!script_lines_find(absolute, "${", &line, err))
        return false;
    if (line && !file->refused_parameter)
        refuse(file, line, "write the value into the script: a bundle is the same at every site",
               "a parameter of liquibase, in a file with long lines");
    return true;
}

bool liquibase_file_read(LayoutReading *reading, const char *path, Error *err)
{
    CLEANUP(file_done) FileReading file = {.reading = reading, .path = path};
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    LastLine last = {.file = &file};
    if (!script_lines_read(absolute, count_line, &last, err))
        return false;
    end_changeset(&file, last.number);
    if (file.has_long_line && !look_at_long_lines(&file, absolute, err))
        return false;
    if (!file.has_changeset && !file.refused_stray)
        layout_pass_file(reading, path,
                         file.has_header ? "no changeset stands in it" : "nothing stands in it");
    return true;
}
