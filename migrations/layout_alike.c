/* Several tools name their scripts alike: which of them could have written a folder that was taken
 * for one layout by its names, and whether it would be read the same as theirs. */
#include "base/text.h"
#include "migrations/layout.h"

/* By the layout that is found; what is none ends the list. */
#define MOST_ALIKE 4
static const struct {
    Layout found;
    Layout others[MOST_ALIKE];
    size_t count;
} alike[] = {
    {LAYOUT_GOLANG_MIGRATE, {LAYOUT_SQLX, LAYOUT_POPX, LAYOUT_NODE_PG}, 3},
    {LAYOUT_SEALIFT, {LAYOUT_GOLANG_MIGRATE, LAYOUT_SQLX, LAYOUT_POPX, LAYOUT_NODE_PG}, 4},
    {LAYOUT_SQLX, {LAYOUT_NODE_PG}, 1},
    {LAYOUT_FLYWAY, {LAYOUT_REFINERY}, 1},
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_migration(const ProjectMigration *a, const ProjectMigration *b)
{
    bool same = strcmp(a->identity, b->identity) == 0;
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++)
        same = same && same_text(a->scripts[i], b->scripts[i]) &&
               a->ranges[i].count == b->ranges[i].count &&
               a->no_transaction[i] == b->no_transaction[i];
    return same;
}

/* Fields of Go templates, which popx fills in, and flyway's placeholders need declared values:
 * without such there are none in what was read. */
static bool same_syntax(Layout a, Layout b, const ProjectValueArray *values)
{
    ScriptSyntax one = layout_script_syntax(a), other = layout_script_syntax(b);
    return one == other || ((!values || !values->count) &&
                            ((one == SCRIPT_SYNTAX_NONE && other == SCRIPT_SYNTAX_GO_TEMPLATE) ||
                             (one == SCRIPT_SYNTAX_FLYWAY && other == SCRIPT_SYNTAX_NONE)));
}

/* Most folders of flyway are no other tool's: where refinery would read one otherwise, by its
 * versions of many numbers, undos or repeatables, nobody means that. */
static bool is_said(Layout found, bool same)
{
    return same || found != LAYOUT_FLYWAY;
}

static bool same_reading(const LayoutReading *a, const LayoutReading *b)
{
    if (a->migrations.count != b->migrations.count || a->repeats.count != b->repeats.count)
        return false;
    for (size_t i = 0; i < a->migrations.count; i++)
        if (!same_migration(&a->migrations.items[i].migration, &b->migrations.items[i].migration))
            return false;
    return true;
}

/* Read it as `other`; a tool that would refuse the folder has not written it. */
static bool read_as(Layout found, const LayoutReading *reading, Layout other, Text *same,
                    Text *different, Error *err)
{
    CLEANUP(findings_done) FindingArray findings = {0};
    CLEANUP(layout_reading_done)
    LayoutReading again = {.root = reading->root,
                           .folder = reading->folder,
                           .main = reading->main,
                           .values = reading->values,
                           .verbatim = reading->verbatim,
                           .findings = &findings};
    if (!layout_read(other, &again, err))
        return false;
    if (findings_error_count(&findings) || !again.migrations.count)
        return true;
    bool is_same = same_reading(reading, &again) && same_syntax(found, other, reading->values);
    Text *list = is_same ? same : different;
    if (is_said(found, is_same))
        text_addf(list, "%s%s", list->length ? ", " : "", layout_name(other));
    return true;
}

bool layout_alike(Layout found, const LayoutReading *reading, char **ret_words, Error *err)
{
    CLEANUP(text_done) Text same = {0};
    CLEANUP(text_done) Text different = {0};
    Text words = {0};
    *ret_words = NULL;
    for (size_t i = 0; i < ARRAY_LEN(alike); i++)
        for (size_t j = 0; j < alike[i].count && alike[i].found == found && reading->flat; j++)
            if (!read_as(found, reading, alike[i].others[j], &same, &different, err))
                return false;
    if (!same.length && !different.length)
        return true;
    text_add(&words, "these could also be scripts of ");
    if (same.length)
        text_addf(&words, "%s (all the same but for [foreign-history])", text_string(&same));
    if (different.length)
        text_addf(&words, "%s%s (read otherwise)", same.length ? "; of " : "",
                  text_string(&different));
    text_add(&words, ": 'layout' in sealift.conf decides, in import --layout");
    *ret_words = text_take(&words);
    return true;
}
