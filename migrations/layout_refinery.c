/* refinery: V1__name.sql and U1__name.sql in the folder and all folders below it, in order of the
 * number. U is no undo but a migration too, which the tool runs also behind later ones. A line
 * `-- refinery:noTransaction` runs the script outside transactions. There is no down;
 * NAME.down.sql beside a script is taken for one. */
#include <ctype.h>

#include "base/text.h"
#include "migrations/layout.h"
#include "migrations/script_lines.h"

static const struct {
    const char *ending;
    ProjectScript script;
} companions[] = {
    {".down.sql", PROJECT_DOWN},
    {".verify.sql", PROJECT_VERIFY},
    {".precheck.sql", PROJECT_PRECHECK},
};

/* Letters of all languages are some to refinery. */
static bool is_word(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && !((unsigned char)text[i] & 0x80))
            return false;
    return length > 0;
}

/* V or U, a number, "__" and a word before `ending`. A fraction is part of the form, but no number
 * to refinery: *ret_number is 0 there, and where it is too large for it. */
static bool parse_name(const char *name, const char *ending, uint64_t *ret_number,
                       const char **ret_title)
{
    uint64_t number;
    size_t digits = strspn(name + (*name != '\0'), "0123456789"), read;
    const char *rest = name + 1 + digits;
    if ((*name != 'V' && *name != 'U') || !digits || !text_has_suffix(name, ending))
        return false;
    size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    rest += fraction ? 1 + fraction : 0;
    size_t left = strlen(rest), cut = strlen("__") + strlen(ending);
    if (!text_has_prefix(rest, "__") || left < cut || !is_word(rest + 2, left - cut))
        return false;
    bool whole = !fraction && layout_parse_number(name + 1, &number, &read) && number < INT64_MAX;
    *ret_number = whole ? number + 1 : 0;
    *ret_title = rest + 2;
    return true;
}

bool layout_refinery_names(const char *name)
{
    uint64_t number;
    const char *title;
    return parse_name(name, ".sql", &number, &title);
}

/* What no tool but refinery has in its folder. */
bool layout_refinery_tells(const char *name)
{
    uint64_t number;
    const char *title;
    return parse_name(name, ".rs", &number, &title);
}

bool layout_refinery_marks(const char *line)
{
    size_t dashes = strspn(line, "-");
    line += dashes;
    if (strchr(" \t\f\v", *line) && *line)
        line++;
    return dashes >= 2 && strcmp(line, "refinery:noTransaction") == 0;
}

static bool take_line(void *context, const char *line, int64_t number UNUSED, Error *err UNUSED)
{
    bool *outside = context;
    *outside = *outside || layout_refinery_marks(line);
    return true;
}

/* --- files ----------------------------------------------------------------------------------- */

static void refuse_number(LayoutReading *reading, const char *path)
{
    finding_add(reading->findings, FINDING_ERROR, "give it a whole number of at most 63 bits",
                "'%s' has no version of refinery's, which refuses the folder", path);
}

static bool take_version(LayoutReading *reading, const char *path, uint64_t number,
                         const char *title, Error *err)
{
    const char *name = file_base_name(path);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    if (!number) {
        refuse_number(reading, path);
        return true;
    }
    LayoutMigration *added = layout_add(reading, /* version_folder= */ NULL, number);
    ProjectMigration *migration = &added->migration;
    migration->identity = memory_string_n(name, strlen(name) - strlen(".sql"));
    migration->title = memory_string_n(title, strlen(title) - strlen(".sql"));
    migration->scripts[PROJECT_UP] = memory_string(path);
    return script_lines_read(absolute, take_line, &migration->no_transaction[PROJECT_UP], err);
}

/* What was written in SQL for V2__name.rs has its place by its number. */
static void take_code(LayoutReading *reading, const char *path, uint64_t number)
{
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    LayoutMigration *added = NULL;
    if (number)
        added = layout_take_code(reading, folder, file_base_name(path));
    else
        refuse_number(reading, path);
    if (added)
        added->number = number;
}

static bool is_companion(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(companions); i++)
        if (text_has_suffix(name, companions[i].ending))
            return true;
    return false;
}

static bool take_file(LayoutReading *reading, const char *path, Error *err)
{
    const char *name = file_base_name(path), *title;
    uint64_t number;
    if (parse_name(name, ".sql", &number, &title))
        return take_version(reading, path, number, title, err);
    if (parse_name(name, ".rs", &number, &title))
        take_code(reading, path, number);
    else if (layout_is_sql(name) && !is_companion(name))
        layout_pass_file(reading, path,
                         "refinery's migrations are called V1__name.sql, the name of letters, "
                         "digits and underscores");
    return true;
}

/* NAME.down.sql beside NAME.sql, in the same folder. */
static void take_companion(LayoutReading *reading, const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(companions); i++) {
        if (!text_has_suffix(path, companions[i].ending))
            continue;
        CLEANUP(memory_freep)
        char *up =
            memory_format("%.*s.sql", (int)(strlen(path) - strlen(companions[i].ending)), path);
        array_each (LayoutMigration, at, &reading->migrations) {
            if (strcmp(at->migration.scripts[PROJECT_UP], up) != 0)
                continue;
            at->migration.scripts[companions[i].script] = memory_string(path);
            return;
        }
        layout_pass_file(reading, path, "there is no script of its name beside it");
    }
}

static bool read_folder(LayoutReading *reading, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (layout_takes(reading, folder, entry) &&
            !(entry->kind == FILE_KIND_FOLDER ? read_folder(reading, path, err)
                                              : take_file(reading, path, err)))
            return false;
    }
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (entry->kind == FILE_KIND_REGULAR && entry->name[0] != '.' &&
            !strstr(entry->name, ".sealift."))
            take_companion(reading, path);
    }
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    const LayoutMigration *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static void refuse_twins(LayoutReading *reading)
{
    for (size_t i = 1; i < reading->migrations.count; i++) {
        const LayoutMigration *at = &reading->migrations.items[i], *before = at - 1;
        if (at->number == before->number)
            finding_add(reading->findings, FINDING_ERROR, "refinery refuses this too",
                        "the version of '%s' stands twice: '%s' has it already",
                        at->migration.scripts[PROJECT_UP], before->migration.scripts[PROJECT_UP]);
    }
}

bool layout_read_refinery(LayoutReading *reading, Error *err)
{
    reading->flat = true;
    if (!read_folder(reading, reading->folder, err))
        return false;
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_numbers);
    refuse_twins(reading);
    return true;
}
