/* dbmate: ^(\\d+).*\\.sql$ with one line `-- migrate:up` and one `-- migrate:down` behind it, each
 * maybe with `transaction:false`. The version is the text of the leading digits; the order is that
 * of the file names. */
#include "base/text.h"
#include "migrations/layout_sections.h"
#include "migrations/script_lines.h"

/* What follows "migrate:WORD" in a line of that mark, blanks included, or NULL. */
static const char *mark(const char *line, const char *word)
{
    if (strncmp(line, "--", 2) != 0)
        return NULL;
    line += 2 + strspn(line + 2, " \t");
    if (!text_has_prefix(line, "migrate:") || !text_has_prefix(line + 8, word))
        return NULL;
    line += 8 + strlen(word);
    return !*line || *line == ' ' || *line == '\t' ? line : NULL;
}

bool layout_dbmate_marks(const char *line)
{
    return mark(line, "up") != NULL;
}

/* "transaction:false" is the one option there is. */
static void take_options(LayoutSections *sections, ProjectScript script, const char *options,
                         int64_t number)
{
    while (*(options += strspn(options, " \t"))) {
        size_t length = strcspn(options, " \t");
        if (length == 17 && strncmp(options, "transaction:false", 17) == 0)
            sections->migration->no_transaction[script] = true;
        else if (length != 16 || strncmp(options, "transaction:true", 16) != 0)
            layout_sections_refuse(sections, number, "dbmate has one option, transaction:false",
                                   "an option that is not known stands behind the mark");
        options += length;
    }
}

static void take_mark(LayoutSections *sections, ProjectScript script, const char *options,
                      int64_t number)
{
    if (script == PROJECT_DOWN && !sections->has[PROJECT_UP])
        layout_sections_refuse(sections, number, /* hint= */ NULL,
                               "'-- migrate:down' stands before '-- migrate:up'");
    else if (sections->has[script] || (script == PROJECT_UP && sections->has[PROJECT_DOWN]))
        layout_sections_refuse(sections, number, "make it a file of its own",
                               "a second pair of up and down stands in the file: dbmate itself "
                               "records its version twice and fails");
    take_options(sections, script, options, number);
    layout_sections_end(sections, number);
    layout_sections_begin(sections, script, number + 1);
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    LayoutSections *sections = context;
    const char *up = mark(line, "up"), *down = mark(line, "down");
    if (up)
        take_mark(sections, PROJECT_UP, up, number);
    else if (down)
        take_mark(sections, PROJECT_DOWN, down, number);
    else if (!sections->has[PROJECT_UP] && !script_line_is_idle(line))
        layout_sections_refuse(sections, number, /* hint= */ NULL,
                               "a statement stands before '-- migrate:up'");
    return true;
}

static void finish(LayoutSections *sections)
{
    if (!sections->has[PROJECT_UP])
        layout_sections_refuse(sections, 1, /* hint= */ NULL, "there is no '-- migrate:up' in it");
    else if (!sections->has[PROJECT_DOWN])
        layout_sections_refuse(sections, 1, "dbmate refuses this too; an empty one means none",
                               "there is no '-- migrate:down' in it");
    layout_sections_finish(sections);
}

static bool take_file(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    uint64_t number;
    size_t digits;
    if (layout_is_code(name))
        (void)layout_take_code(reading, reading->folder, name);
    if (!text_has_suffix(name, ".sql"))
        return true;
    if (!layout_parse_number(name, &number, &digits)) {
        layout_pass_file(reading, path, "dbmate's migrations begin with a number");
        return true;
    }
    LayoutMigration *added = layout_add_file(reading, name, ".sql", number, digits);
    LayoutSections sections = {reading, &added->migration,
                               .path = added->migration.scripts[PROJECT_UP]};
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    if (!script_lines_read(absolute, take_line, &sections, err))
        return false;
    finish(&sections);
    return true;
}

bool layout_read_dbmate(LayoutReading *reading, Error *err)
{
    return layout_read_numbered(reading, take_file, LAYOUT_BY_NAME, err);
}
