/* golang-migrate: ^([0-9]+)_(.*)\.(down|up)\.(.*)$ in one folder, in order of the number. Up and
 * down pair by number alone; their titles may differ. verify and precheck files are ours. */
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"

static LayoutMigration *find(LayoutReading *reading, uint64_t number)
{
    array_each (LayoutMigration, migration, &reading->migrations)
        if (migration->number == number)
            return migration;
    return NULL;
}

/* Whether the script's other half, up or down, stands beside it under its whole name. */
static bool pairs_by_name(const LayoutReading *reading, const char *path)
{
    LayoutName name;
    const char *base = file_base_name(path);
    if (!layout_parse_name(base, &name) || name.script > PROJECT_DOWN)
        return false;
    CLEANUP(memory_freep)
    char *other = memory_format("%.*s.%s.%s", (int)name.stem_length, base,
                                name.script == PROJECT_UP ? "down" : "up", name.extension);
    CLEANUP(memory_freep) char *inside = file_path(reading->folder, other);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, inside);
    return file_exists(absolute);
}

/* Some projects' own tools take the whole name for the version. */
static void refuse_duplicate(LayoutReading *reading, const char *earlier, const char *path)
{
    bool by_name = pairs_by_name(reading, earlier) && pairs_by_name(reading, path);
    finding_add(reading->findings, FINDING_ERROR,
                by_name ? "these files pair up and down by their whole names, which golang-migrate "
                          "does not: give each pair a number of its own"
                        : "golang-migrate pairs by number alone and refuses this too: give one of "
                          "them another number",
                "the version of '%s' stands twice: '%s' is there already", path, earlier);
}

static void take_script(LayoutReading *reading, const char *path, const LayoutName *name)
{
    const char *base = file_base_name(path);
    LayoutMigration *found = find(reading, name->number);
    if (!found)
        found = layout_add(reading, /* version_folder= */ NULL, name->number);
    ProjectMigration *migration = &found->migration;
    if (migration->scripts[name->script]) {
        refuse_duplicate(reading, migration->scripts[name->script], path);
        return;
    }
    migration->scripts[name->script] = memory_string(path);
    migration->verbatim[name->script] = code_replacement_is(path);
    if (name->script == PROJECT_UP) {
        migration->identity = memory_string_n(base, name->stem_length);
        migration->title = memory_string(migration->identity + name->digits + 1);
    }
}

/* SQL for a program that is one half of a pair, N_title.up.go: a script like any other. */
static void take_half(LayoutReading *reading, const char *file, const LayoutName *name)
{
    LayoutName way_back = *name;
    way_back.script = PROJECT_DOWN;
    CLEANUP(memory_freep) char *script = layout_take_half(reading, reading->folder, file);
    if (!script)
        return;
    take_script(reading, script, name);
    CLEANUP(memory_freep)
    char *down =
        name->script == PROJECT_UP ? layout_take_half_down(reading, reading->folder, file) : NULL;
    if (down)
        take_script(reading, down, &way_back);
}

static void take_code(LayoutReading *reading, const char *file, const char *path)
{
    uint64_t number;
    size_t digits;
    LayoutName name;
    if (layout_parse_name(file, &name) && name.script <= PROJECT_DOWN) {
        take_half(reading, file, &name);
        return;
    }
    LayoutMigration *twin =
        layout_parse_number(file, &number, &digits) ? find(reading, number) : NULL;
    if (twin && twin->migration.scripts[PROJECT_UP])
        refuse_duplicate(reading, twin->migration.scripts[PROJECT_UP], path);
    (void)layout_take_code(reading, reading->folder, file);
}

static void take_file(LayoutReading *reading, const char *file)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, file);
    LayoutName name;
    if (layout_parse_name(file, &name) && strcmp(name.extension, "sql") == 0)
        take_script(reading, path, &name);
    else if (layout_is_code(file))
        take_code(reading, file, path);
    else if (layout_parse_name(file, &name))
        finding_add(reading->findings, FINDING_ERROR,
                    "rename it to end in .sql, or move it out of the folder",
                    "golang-migrate would run '%s', but it is no .sql file", path);
    else if (layout_is_sql(file))
        finding_add(reading->findings, FINDING_WARNING, NULL,
                    "'%s' is not read: migrations are called N_title.up.sql, N_title.down.sql",
                    path);
}

/* Projects whose library fills such a comment in, with a schema's name for one, keep their scripts
 * under golang-migrate's names; in a string it is an error that only a server finds. */
static bool check_templates(LayoutReading *reading, Error *err)
{
    return layout_refuse_mark(reading, "/* TEMPLATE: ",
                              "a template ('/* TEMPLATE: '), which another program fills in before "
                              "the script runs",
                              "write what the product's own tool makes of it into the script", err);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t number_a = ((const LayoutMigration *)a)->number;
    uint64_t number_b = ((const LayoutMigration *)b)->number;
    return number_a < number_b ? -1 : number_a > number_b;
}

bool layout_read_golang_migrate(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    array_each (FileEntry, entry, &entries) {
        if (!layout_takes(reading, reading->folder, entry))
            continue;
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (entry->kind == FILE_KIND_FOLDER) {
            if (!layout_pass_folder(reading, path, err))
                return false;
            continue;
        }
        take_file(reading, entry->name);
    }
    /* golang-migrate passes downs without an up by, going up */
    layout_pass_without_up(reading);
    if (!check_templates(reading, err))
        return false;
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_numbers);
    return true;
}
