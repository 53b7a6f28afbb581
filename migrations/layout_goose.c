/* goose: N_name.sql with exactly one `-- +goose Up` and at most one `-- +goose Down` behind it.
 * StatementBegin and StatementEnd bound a statement whatever its semicolons say: each becomes a
 * range of its own. A comment with "+goose" in it is an annotation, at the very start of a line;
 * its words count in any case of letters. What goose would refuse or take for a mere comment where
 * it reads like an annotation is refused here by its line. Between
 * ENVSUB ON and OFF, named values are put in where goose puts its environment (text_values). */
#include <strings.h>

#include "base/text.h"
#include "migrations/layout_sections.h"
#include "migrations/script_lines.h"

typedef struct GooseFile {
    LayoutSections sections;
    bool in_statement; /* behind StatementBegin */
    int64_t statement_line;
} GooseFile;

#define BLANKS       " \t\r\f\v"
#define COMMAND_SIZE 32 /* of the longest annotation, and more */

/* Whether a line is one: its words without dashes, "+goose" and blanks around them, cut off where
 * they are too long to be any of goose's. */
static bool annotation(const char *line, char ret_command[static COMMAND_SIZE])
{
    size_t length = 0;
    line += strspn(line, BLANKS);
    const char *mark = strncmp(line, "--", 2) == 0 ? strcasestr(line, "+goose") : NULL;
    if (!mark)
        return false;
    for (const char *at = line; *at && length < COMMAND_SIZE - 1; at++) {
        if (at == mark)
            at += strlen("+goose") - 1;
        else if (strncmp(at, "--", 2) == 0)
            at++;
        else if (length || !strchr(BLANKS, *at))
            ret_command[length++] = *at;
    }
    while (length && strchr(BLANKS, ret_command[length - 1]))
        length--;
    ret_command[length] = '\0';
    return true;
}

static bool is_word(const char *command, const char *word)
{
    return strcasecmp(command, word) == 0;
}

bool layout_goose_marks(const char *line)
{
    char command[COMMAND_SIZE];
    return annotation(line, command) && is_word(command, "Up");
}

static void take_direction(GooseFile *file, ProjectScript script, int64_t number)
{
    LayoutSections *sections = &file->sections;
    if (sections->has[script])
        layout_sections_refuse(sections, number, /* hint= */ NULL,
                               script == PROJECT_UP ? "'-- +goose Up' stands twice"
                                                    : "'-- +goose Down' stands twice");
    else if (script == PROJECT_DOWN && !sections->has[PROJECT_UP])
        layout_sections_refuse(sections, number, /* hint= */ NULL,
                               "'-- +goose Down' stands before '-- +goose Up'");
    else if (file->in_statement)
        layout_sections_refuse(sections, file->statement_line, /* hint= */ NULL,
                               "'-- +goose StatementBegin' has no StatementEnd");
    layout_sections_end(sections, number);
    layout_sections_begin(sections, script, number + 1);
}

/* A statement's range begins or ends: the text goes on in the next range. */
static void take_boundary(GooseFile *file, bool begins, int64_t number)
{
    LayoutSections *sections = &file->sections;
    if (begins == file->in_statement || !sections->open) {
        layout_sections_refuse(sections, number, /* hint= */ NULL,
                               begins ? "'-- +goose StatementBegin' stands where none can begin"
                                      : "'-- +goose StatementEnd' has no StatementBegin");
        return;
    }
    file->in_statement = begins;
    file->statement_line = number;
    layout_sections_end(sections, number);
    layout_sections_begin(sections, sections->script, number + 1);
}

static void take_annotation(GooseFile *file, const char *words, int64_t number)
{
    if (is_word(words, "Up"))
        take_direction(file, PROJECT_UP, number);
    else if (is_word(words, "Down"))
        take_direction(file, PROJECT_DOWN, number);
    else if (is_word(words, "StatementBegin"))
        take_boundary(file, /* begins= */ true, number);
    else if (is_word(words, "StatementEnd"))
        take_boundary(file, /* begins= */ false, number);
    else if (is_word(words, "NO TRANSACTION"))
        layout_set_no_transaction(file->sections.migration);
    else if (is_word(words, "ENVSUB ON") || is_word(words, "ENVSUB OFF"))
        file->sections.substitutes = is_word(words, "ENVSUB ON");
    else
        layout_sections_refuse(&file->sections, number, /* hint= */ NULL,
                               "goose has no such annotation");
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    GooseFile *file = context;
    char command[COMMAND_SIZE];
    bool found = annotation(line, command);
    if (found && (*line == ' ' || *line == '\t'))
        layout_sections_refuse(&file->sections, number, "begin the line with it",
                               "goose takes no annotation behind blanks");
    else if (found && !strstr(line, "+goose"))
        layout_sections_refuse(&file->sections, number, "write +goose in small letters",
                               "to goose this is a comment and no annotation");
    else if (found)
        take_annotation(file, command, number);
    else if (!file->sections.has[PROJECT_UP] && !script_line_is_idle(line))
        layout_sections_refuse(&file->sections, number, /* hint= */ NULL,
                               "a statement stands before '-- +goose Up'");
    return true;
}

static bool read_sections(LayoutReading *reading, ProjectMigration *migration, Error *err)
{
    GooseFile file = {
        .sections = {reading, migration, .path = migration->scripts[PROJECT_UP]},
    };
    CLEANUP(memory_freep) char *path = file_path(reading->root, file.sections.path);
    if (!script_lines_read(path, take_line, &file, err))
        return false;
    if (!file.sections.has[PROJECT_UP])
        layout_sections_refuse(&file.sections, 1, /* hint= */ NULL,
                               "there is no '-- +goose Up' in it");
    else if (file.in_statement)
        layout_sections_refuse(&file.sections, file.statement_line, /* hint= */ NULL,
                               "'-- +goose StatementBegin' has no StatementEnd");
    layout_sections_finish(&file.sections);
    return true;
}

static bool take_file(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    uint64_t number;
    size_t digits;
    if (text_has_suffix(name, "_test.go"))
        return true;
    if (layout_is_code(name))
        (void)layout_take_code(reading, reading->folder, name);
    if (!text_has_suffix(name, ".sql"))
        return true;
    if (!layout_parse_number(name, &number, &digits) || name[digits] != '_' || !number) {
        layout_pass_file(reading, path, "goose's migrations are called N_name.sql, N from 1");
        return true;
    }
    LayoutMigration *added = layout_add_file(reading, name, ".sql", number, digits);
    return read_sections(reading, &added->migration, err);
}

bool layout_read_goose(LayoutReading *reading, Error *err)
{
    return layout_read_numbered(reading, take_file, LAYOUT_BY_NUMBER, err);
}
