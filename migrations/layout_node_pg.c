/* node-pg-migrate's SQL migrations: PREFIX_name.sql with comments `-- Up Migration` and
 * `-- Down Migration`, or PREFIX_name.up.sql beside PREFIX_name.down.sql. The prefix is an index, a
 * time in milliseconds (13 digits) or a UTC time YYYYMMDDhhmmssSSS (17 digits); a file without a
 * comment is all up. Only the first comment of each kind counts. */
#include <strings.h>
#include <time.h>

#include "base/text.h"
#include "migrations/layout_sections.h"
#include "migrations/script_lines.h"

#define UTC_DIGITS 17

/* ^\s*--[\s-]*WORD\s+migration, in any case of letters */
static bool marks(const char *line, const char *word)
{
    static const char blanks[] = " \t\f\v";
    line += strspn(line, blanks);
    if (strncmp(line, "--", 2) != 0)
        return false;
    line += strspn(line, " \t\f\v-");
    if (strncasecmp(line, word, strlen(word)) != 0)
        return false;
    line += strlen(word);
    size_t between = strspn(line, blanks);
    return between && strncasecmp(line + between, "migration", 9) == 0;
}

bool layout_node_pg_marks(const char *line)
{
    return marks(line, "up");
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    LayoutSections *sections = context;
    for (int which = PROJECT_UP; which <= PROJECT_DOWN; which++) {
        if (sections->has[which] || !marks(line, which == PROJECT_UP ? "up" : "down"))
            continue;
        layout_sections_end(sections, number);
        layout_sections_begin(sections, (ProjectScript)which, number);
    }
    return true;
}

static bool read_sections(LayoutReading *reading, ProjectMigration *migration, Error *err)
{
    LayoutSections sections = {reading, migration, .path = migration->scripts[PROJECT_UP]};
    CLEANUP(memory_freep) char *path = file_path(reading->root, sections.path);
    if (!script_lines_read(path, take_line, &sections, err))
        return false;
    if (sections.has[PROJECT_DOWN] && !sections.has[PROJECT_UP])
        layout_sections_refuse(&sections, 1, "write '-- Up Migration' where the up begins",
                               "there is a '-- Down Migration' and no '-- Up Migration' in it: "
                               "node-pg-migrate would run the down as a part of the up");
    layout_sections_finish(&sections);
    return true;
}

/* YYYYMMDDhhmmssSSS as milliseconds, which 13 digits are. */
static uint64_t order_of(const char *name, uint64_t number, size_t digits)
{
    static const int at[] = {0, 4, 6, 8, 10, 12, 14, 17};
    int part[7];
    if (digits != UTC_DIGITS)
        return number;
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        part[i] = 0;
        for (int place = at[i]; place < at[i + 1]; place++)
            part[i] = part[i] * 10 + (name[place] - '0');
    }
    struct tm when = {.tm_year = part[0] - 1900,
                      .tm_mon = part[1] - 1,
                      .tm_mday = part[2],
                      .tm_hour = part[3],
                      .tm_min = part[4],
                      .tm_sec = part[5]};
    return (uint64_t)timegm(&when) * 1000 + (uint64_t)part[6];
}

static LayoutMigration *find(LayoutReading *reading, const char *identity)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (strcmp(at->migration.identity, identity) == 0)
            return at;
    return NULL;
}

/* X.down.sql comes before X.up.sql and X.sql in the order of names. */
static bool take_down(LayoutReading *reading, const char *name, uint64_t number, size_t digits)
{
    LayoutMigration *added = layout_add_file(reading, name, ".down.sql", number, digits);
    added->migration.scripts[PROJECT_DOWN] = added->migration.scripts[PROJECT_UP];
    added->migration.scripts[PROJECT_UP] = NULL;
    return true;
}

static bool take_up(LayoutReading *reading, const char *name, const char *ending, uint64_t number,
                    size_t digits, Error *err)
{
    CLEANUP(memory_freep)
    char *identity = memory_string_n(name, strlen(name) - strlen(ending));
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    LayoutMigration *found = find(reading, identity);
    bool pair = strcmp(ending, ".up.sql") == 0;
    if (found && (!pair || found->migration.scripts[PROJECT_UP])) {
        finding_add(reading->findings, FINDING_ERROR, "keep one of the two forms",
                    "'%s' stands beside scripts of the same name with .up or .down", path);
        return true;
    }
    if (found) {
        found->migration.scripts[PROJECT_UP] = TAKE_PTR(path);
        return true;
    }
    found = layout_add_file(reading, name, ending, number, digits);
    return pair || read_sections(reading, &found->migration, err);
}

static void take_code(LayoutReading *reading, const char *name)
{
    uint64_t number;
    size_t digits;
    LayoutMigration *added = layout_take_code(reading, reading->folder, name);
    if (added && layout_parse_number(name, &number, &digits))
        added->number = order_of(name, number, digits);
}

static bool take_file(LayoutReading *reading, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    uint64_t number;
    size_t digits;
    if (layout_is_code(name))
        take_code(reading, name);
    if (!text_has_suffix(name, ".sql"))
        return true;
    if (!layout_parse_number(name, &number, &digits)) {
        layout_pass_file(reading, path, "node-pg-migrate's migrations begin with a number");
        return true;
    }
    number = order_of(name, number, digits);
    if (text_has_suffix(name, ".down.sql"))
        return take_down(reading, name, number, digits);
    return take_up(reading, name, text_has_suffix(name, ".up.sql") ? ".up.sql" : ".sql", number,
                   digits, err);
}

bool layout_read_node_pg(LayoutReading *reading, Error *err)
{
    return layout_read_numbered(reading, take_file, LAYOUT_BY_NUMBER, err) &&
           layout_need_ups(reading);
}
