#include "migrations/layout_sections.h"

#include <inttypes.h>

void layout_sections_begin(LayoutSections *sections, ProjectScript script, int64_t line)
{
    sections->open = true;
    sections->script = script;
    sections->first = line;
    sections->begun_so = sections->substitutes;
    sections->has[script] = true;
}

static void add_range(LayoutSections *sections, int64_t last)
{
    ScriptRangeArray *ranges = &sections->migration->ranges[sections->script];
    *array_add(ranges) =
        (ScriptRange){.first = sections->first, .last = last, .substitutes = sections->begun_so};
}

void layout_sections_end(LayoutSections *sections, int64_t until)
{
    if (sections->open && until > sections->first)
        add_range(sections, until - 1);
    sections->open = false;
}

void layout_sections_finish(LayoutSections *sections)
{
    if (sections->open)
        add_range(sections, /* last= */ 0);
    sections->open = false;
    ProjectMigration *migration = sections->migration;
    if (sections->has[PROJECT_DOWN] && !migration->scripts[PROJECT_DOWN])
        migration->scripts[PROJECT_DOWN] = memory_string(sections->path);
    for (int which = PROJECT_UP; which <= PROJECT_DOWN; which++) {
        /* a section without a line of its own: a range that holds nothing, not the whole file */
        ScriptRangeArray *ranges = &migration->ranges[which];
        if (sections->has[which] && !ranges->count)
            *array_add(ranges) = (ScriptRange){.first = INT64_MAX, .last = 0};
    }
}

void layout_sections_refuse(LayoutSections *sections, int64_t line, const char *hint,
                            const char *what)
{
    if (!sections->refused)
        finding_add(sections->reading->findings, FINDING_ERROR, hint, "'%s', line %" PRId64 ": %s",
                    sections->path, line, what);
    sections->refused = true;
}
