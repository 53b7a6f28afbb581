/* sqlx: N_name.sql one way, or N_name.up.sql with N_name.down.sql; N is a positive 64-bit number. A
 * script whose first line begins with `-- no-transaction` runs outside transactions. */
#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/script_lines.h"

#define OUTSIDE_MARK "-- no-transaction"

bool layout_sqlx_marks(const char *first_line)
{
    return text_has_prefix(first_line, OUTSIDE_MARK);
}

static bool take_first_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    bool *outside = context;
    if (number == 1)
        *outside = layout_sqlx_marks(line);
    return true;
}

static LayoutMigration *find(LayoutReading *reading, uint64_t number)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (at->number == number)
            return at;
    return NULL;
}

/* What a script belongs to. A down may come before its up, which gives the migration its name. */
static LayoutMigration *migration_for(LayoutReading *reading, const char *name, const char *ending,
                                      ProjectScript which, uint64_t number, size_t digits)
{
    LayoutMigration *found = find(reading, number);
    if (!found) {
        found = layout_add_file(reading, name, ending, number, digits);
        free(found->migration.scripts[PROJECT_UP]);
        found->migration.scripts[PROJECT_UP] = NULL;
    } else if (which == PROJECT_UP && !found->migration.scripts[PROJECT_UP]) {
        free(found->migration.identity);
        free(found->migration.title);
        found->migration.identity = memory_string_n(name, strlen(name) - strlen(ending));
        found->migration.title = memory_string(found->migration.identity + digits + 1);
    }
    return found;
}

/* sqlx pairs up and down by their number alone. */
static bool take_script(LayoutReading *reading, const char *name, const char *ending,
                        ProjectScript which, uint64_t number, size_t digits, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, name);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    LayoutMigration *found = migration_for(reading, name, ending, which, number, digits);
    char **place = &found->migration.scripts[which];
    if (*place) {
        finding_add(reading->findings, FINDING_ERROR,
                    "sqlx knows a migration by its number: give one of them another",
                    "the number of '%s' stands twice: '%s' has it already", path, *place);
        return true;
    }
    *place = TAKE_PTR(path);
    return script_lines_read(absolute, take_first_line, &found->migration.no_transaction[which],
                             err);
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
    if (!strchr(name, '_')) {
        layout_pass_file(reading, path, "sqlx's migrations are called N_name.sql");
        return true;
    }
    if (!layout_parse_number(name, &number, &digits) || name[digits] != '_' || !number ||
        number > INT64_MAX) {
        finding_add(reading->findings, FINDING_ERROR, "sqlx's migrations are called N_name.sql",
                    "'%s' does not begin with a positive number, and sqlx refuses the folder",
                    path);
        return true;
    }
    if (text_has_suffix(name, ".down.sql"))
        return take_script(reading, name, ".down.sql", PROJECT_DOWN, number, digits, err);
    return take_script(reading, name, text_has_suffix(name, ".up.sql") ? ".up.sql" : ".sql",
                       PROJECT_UP, number, digits, err);
}

bool layout_read_sqlx(LayoutReading *reading, Error *err)
{
    if (!layout_read_numbered(reading, take_file, LAYOUT_BY_NUMBER, err))
        return false;
    /* to sqlx a down whose number was never applied is nothing */
    layout_pass_without_up(reading);
    return true;
}
