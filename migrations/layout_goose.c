/* goose: N_name.sql with exactly one `-- +goose Up` and at most one `-- +goose Down` behind it.
 * StatementBegin and StatementEnd bound a statement whatever its semicolons say: each becomes a
 * range of its own. Annotations count in any case of letters, at the very start of a line. Between
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

/* What follows "+goose" in an annotation, or NULL. */
static const char *annotation(const char *line)
{
    if (strncmp(line, "--", 2) != 0)
        return NULL;
    line += 2 + strspn(line + 2, " \t");
    if (strncasecmp(line, "+goose", 6) != 0 || (line[6] != ' ' && line[6] != '\t'))
        return NULL;
    return line + 6 + strspn(line + 6, " \t");
}

static bool is_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(text, word, length) == 0 && !text[length + strspn(text + length, " \t")];
}

bool layout_goose_marks(const char *line)
{
    const char *words = annotation(line);
    return words && is_word(words, "Up");
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
    const char *words = annotation(line);
    if (words)
        take_annotation(file, words, number);
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
        layout_refuse_code(reading, reading->folder, name);
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
