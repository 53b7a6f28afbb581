/* numbered-folders: folders whose names are numbers, with numbered scripts in them: 9/01_name.sql
 * before 99/01_name.sql; numbered scripts beside the folders take their place among them. An
 * identity begins with the folder's number. NAME.sql or NAME.up.sql is an up; .down.sql,
 * .verify.sql and .precheck.sql belong to it. */
#include <ctype.h>
#include <inttypes.h>

#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"

static bool is_number(const char *name)
{
    uint64_t number;
    size_t digits;
    return layout_parse_number(name, &number, &digits) && !name[digits];
}

/* Cut a script's name: how long its stem is, what it is. The name may follow its number at once,
 * 01event.sql. */
static bool parse_name(const char *name, uint64_t *ret_number, size_t *ret_stem,
                       ProjectScript *ret_script)
{
    size_t digits;
    if (!text_has_suffix(name, ".sql") || !layout_parse_number(name, ret_number, &digits) ||
        (!strchr("_-.", name[digits]) && !isalpha((unsigned char)name[digits])))
        return false;
    *ret_script = PROJECT_UP;
    *ret_stem = strlen(name) - strlen(".sql");
    for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++) {
        CLEANUP(memory_freep)
        char *ending = memory_format(".%s.sql", project_script_name((ProjectScript)script));
        if (!text_has_suffix(name, ending))
            continue;
        *ret_script = (ProjectScript)script;
        *ret_stem = strlen(name) - strlen(ending);
    }
    return *ret_stem >= digits;
}

bool layout_numbered_folders_names(const char *folder, const char *file)
{
    LayoutName name;
    uint64_t number;
    size_t stem;
    ProjectScript script;
    bool ours = layout_parse_name(file, &name) && name.digits >= 4;
    return is_number(folder) && !ours && !code_replacement_is(file) &&
           parse_name(file, &number, &stem, &script) &&
           !isalpha((unsigned char)file[strspn(file, "0123456789")]);
}

static LayoutMigration *find(LayoutReading *reading, const char *identity)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (strcmp(at->migration.identity, identity) == 0)
            return at;
    LayoutMigration *added = layout_add(reading, /* version_folder= */ NULL, /* number= */ 0);
    added->migration.identity = memory_string(identity);
    return added;
}

/* 9 and 01_a.sql: the place by both numbers; is_number has seen that the first fits. */
static char *order_of(const char *group, const char *file)
{
    uint64_t first = 0, second = 0;
    size_t digits;
    (void)!layout_parse_number(group ? group : file, &first, &digits);
    (void)!(group && layout_parse_number(file, &second, &digits));
    return memory_format("%020" PRIu64 "/%020" PRIu64, first, second);
}

static char *identity_of(const char *group, const char *name)
{
    return group ? memory_format("%s:%s", group, name) : memory_string(name);
}

static void take_code(LayoutReading *reading, const char *group, const char *folder,
                      const char *file)
{
    LayoutMigration *added = layout_take_code(reading, folder, file);
    if (!added)
        return;
    CLEANUP(memory_freep) char *name = TAKE_PTR(added->migration.identity);
    added->migration.identity = identity_of(group, name);
    added->order = order_of(group, file);
}

/* Projects for several databases have 01_a.sql.postgres beside 01_a.sql.sqlite: no script of ours
 * is passed over. */
static void judge_dialect(LayoutReading *reading, const char *path)
{
    const char *name = file_base_name(path), *dialect = strstr(name, ".sql.");
    if (!dialect)
        return;
    dialect += strlen(".sql.");
    if (strcmp(dialect, "postgres") == 0 || strcmp(dialect, "postgresql") == 0) {
        CLEANUP(memory_freep)
        char *hint = memory_format("call it '%.*s'", (int)(dialect - 1 - name), name);
        finding_add(reading->findings, FINDING_ERROR, hint,
                    "'%s' is a script for PostgreSQL, but no .sql file", path);
    } else if (strcmp(dialect, "sqlite") == 0 || strcmp(dialect, "mysql") == 0) {
        layout_pass_file(reading, path, "it is for another database than PostgreSQL");
    }
}

/* `group` is the name of the folder that it stands in, NULL beside the folders. */
static void take_file(LayoutReading *reading, const char *group, const char *folder,
                      const char *file)
{
    CLEANUP(memory_freep) char *path = file_path(folder, file);
    uint64_t number;
    size_t stem;
    ProjectScript script;
    if (layout_is_code(file))
        take_code(reading, group, folder, file);
    if (!layout_is_sql(file)) {
        judge_dialect(reading, path);
        return;
    }
    if (!parse_name(file, &number, &stem, &script)) {
        finding_add(reading->findings, FINDING_ERROR,
                    "scripts are called NUMBER_name.sql, or move it out of the folder",
                    "'%s' does not begin with a number: its order would be a guess", path);
        return;
    }
    CLEANUP(memory_freep) char *name = memory_string_n(file, stem);
    CLEANUP(memory_freep) char *identity = identity_of(group, name);
    LayoutMigration *found = find(reading, identity);
    char **place = &found->migration.scripts[script];
    if (*place) {
        finding_add(reading->findings, FINDING_ERROR, "keep one of the two forms",
                    "'%s' stands beside '%s'", path, *place);
        return;
    }
    *place = TAKE_PTR(path);
    if (!found->order) {
        found->migration.title = memory_string(name);
        found->order = order_of(group, file);
    }
}

static bool read_group(LayoutReading *reading, const char *group, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, group);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!layout_takes(reading, folder, entry))
            continue;
        if (entry->kind != FILE_KIND_FOLDER)
            take_file(reading, group, folder, entry->name);
        else if (!layout_pass_folder(reading, path, err))
            return false;
    }
    return true;
}

static int compare_orders(const void *a, const void *b)
{
    const LayoutMigration *one = a, *other = b;
    int order = strcmp(one->order, other->order);
    return order ? order : strcmp(one->migration.identity, other->migration.identity);
}

static void refuse_twins(LayoutReading *reading)
{
    for (size_t i = 1; i < reading->migrations.count; i++) {
        const LayoutMigration *at = &reading->migrations.items[i], *before = at - 1;
        if (strcmp(at->order, before->order) == 0)
            finding_add(reading->findings, FINDING_ERROR,
                        "their order would be a guess: give one of them another number",
                        "the number of '%s' stands twice: '%s' has it already",
                        at->migration.scripts[PROJECT_UP], before->migration.scripts[PROJECT_UP]);
    }
}

bool layout_read_numbered_folders(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
        if (!layout_takes(reading, reading->folder, entry))
            continue;
        if (entry->kind != FILE_KIND_FOLDER)
            take_file(reading, /* group= */ NULL, reading->folder, entry->name);
        else if (!(is_number(entry->name) ? read_group(reading, entry->name, err)
                                          : layout_pass_folder(reading, path, err)))
            return false;
    }
    (void)layout_need_ups(reading);
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_orders);
    refuse_twins(reading);
    return true;
}
