#include "migrations/layout.h"

#include <strings.h>

#include "base/text.h"
#include "migrations/project_names.h"

static const struct {
    Layout layout;
    const char *name;
} layout_names[] = {
    {LAYOUT_SEALIFT, "sealift"},
    {LAYOUT_GOLANG_MIGRATE, "golang-migrate"},
    {LAYOUT_DIESEL, "diesel"},
};

/* The word in a file's name, in the order of ProjectScript. */
static const char *const script_words[PROJECT_SCRIPT_COUNT] = {"up", "down", "verify", "precheck"};

const char *layout_name(Layout layout)
{
    for (size_t i = 0; i < ARRAY_LEN(layout_names); i++)
        if (layout_names[i].layout == layout)
            return layout_names[i].name;
    return "?";
}

bool layout_parse(const char *name, Layout *ret_layout)
{
    for (size_t i = 0; i < ARRAY_LEN(layout_names); i++) {
        if (strcmp(layout_names[i].name, name) == 0) {
            *ret_layout = layout_names[i].layout;
            return true;
        }
    }
    return false;
}

const char *project_script_name(ProjectScript script)
{
    return script_words[script];
}

void layout_migration_done(LayoutMigration *migration)
{
    free(migration->folder);
    free(migration->order);
    project_migration_done(&migration->migration);
}

void layout_reading_done(LayoutReading *reading)
{
    array_each (char *, folder, &reading->folders)
        free(*folder);
    array_free(&reading->folders);
    array_each (LayoutMigration, migration, &reading->migrations)
        layout_migration_done(migration);
    array_free(&reading->migrations);
}

LayoutMigration *layout_add(LayoutReading *reading, const char *version_folder, uint64_t number)
{
    LayoutMigration *added = array_add(&reading->migrations);
    added->folder = memory_string(version_folder);
    added->number = number;
    added->migration.version = -1;
    return added;
}

bool layout_list(const char *root, const char *folder, FileEntryArray *ret_entries, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(root, folder);
    return file_list(path, ret_entries, err);
}

bool layout_takes(LayoutReading *reading, const char *folder, const FileEntry *entry)
{
    if (entry->name[0] == '.')
        return false;
    CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
    const char *trouble = project_file_name_trouble(entry->name);
    if (trouble) {
        CLEANUP(memory_freep) char *shown = text_printable(path, strlen(path), 400);
        finding_add(reading->findings, FINDING_ERROR, "rename it", "the file name '%s' %s", shown,
                    trouble);
        return false;
    }
    if (entry->kind == FILE_KIND_LINK || entry->kind == FILE_KIND_OTHER) {
        finding_add(reading->findings, FINDING_ERROR,
                    "put the file itself there: what is released must not change with something "
                    "outside the project",
                    "'%s' is %s", path,
                    entry->kind == FILE_KIND_LINK ? "a symbolic link"
                                                  : "neither a file nor a folder");
        return false;
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Leading digits and a number that fits; false otherwise. Leading zeros are part of the form. */
static bool parse_number(const char *name, uint64_t *ret_number, size_t *ret_digits)
{
    size_t digits = 0;
    uint64_t number = 0;
    for (; is_digit(name[digits]); digits++) {
        uint64_t digit = (uint64_t)(name[digits] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    *ret_digits = digits;
    return digits > 0;
}

/* golang-migrate's own expression is greedy: the *last* .up. or .down. decides. */
bool layout_parse_name(const char *name, LayoutName *ret_name)
{
    LayoutName parsed = {0};
    if (!parse_number(name, &parsed.number, &parsed.digits) || name[parsed.digits] != '_')
        return false;
    size_t best = 0;
    for (size_t i = 0; i < PROJECT_SCRIPT_COUNT; i++) {
        CLEANUP(memory_freep) char *word = memory_format(".%s.", script_words[i]);
        for (const char *at = strstr(name + parsed.digits + 1, word); at;
             at = strstr(at + 1, word)) {
            size_t place = (size_t)(at - name);
            if (place <= best)
                continue;
            best = place;
            parsed.script = (ProjectScript)i;
            parsed.stem_length = place;
            parsed.extension = at + strlen(word);
        }
    }
    if (!best || !*parsed.extension)
        return false;
    *ret_name = parsed;
    return true;
}

bool layout_is_sql(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".sql") == 0;
}

bool layout_is_code(const char *name)
{
    static const char *const endings[] = {".go", ".js", ".mjs", ".cjs", ".ts", ".py",   ".rb",
                                          ".rs", ".sh", ".php", ".pl",  ".ex", ".java", ".kt"};
    if (!is_digit(name[0]))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (text_has_suffix(name, endings[i]))
            return true;
    return false;
}

void layout_refuse_code(LayoutReading *reading, const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    finding_add(reading->findings, FINDING_ERROR,
                "write the step in SQL, or move the file out of the folder if it is no migration",
                "'%s' is a migration written in a programming language; a bundle carries SQL only",
                path);
}

bool layout_pass_folder(LayoutReading *reading, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        if (!layout_is_sql(entry->name))
            continue;
        finding_add(reading->findings, FINDING_WARNING, NULL,
                    "the folder '%s' holds SQL but is no part of the layout: it is not read",
                    folder);
        break;
    }
    return true;
}

/* What a look at names tells about the layout. */
typedef struct LayoutSigns {
    bool diesel;
    bool golang_migrate;
    bool sealift;
} LayoutSigns;

/* Whether a down has an up with exactly its stem beside it. */
static bool has_up(const FileEntryArray *entries, const char *name, size_t stem_length)
{
    CLEANUP(memory_freep) char *up = memory_format("%.*s.up.sql", (int)stem_length, name);
    array_each (const FileEntry, entry, entries)
        if (strcmp(entry->name, up) == 0)
            return true;
    return false;
}

static void read_signs(const FileEntryArray *entries, LayoutSigns *signs)
{
    array_each (const FileEntry, entry, entries) {
        LayoutName name;
        if (strcmp(entry->name, "up.sql") == 0)
            signs->diesel = true;
        if (entry->kind != FILE_KIND_REGULAR || !layout_parse_name(entry->name, &name) ||
            strcmp(name.extension, "sql") != 0)
            continue;
        if (name.script == PROJECT_VERIFY || name.script == PROJECT_PRECHECK)
            continue; /* ours, but they may stand beside scripts of any layout */
        if (name.digits == 4 &&
            (name.script == PROJECT_UP || has_up(entries, entry->name, name.stem_length)))
            signs->sealift = true;
        else
            signs->golang_migrate = true;
    }
}

bool layout_detect(const char *root, const char *folder, Layout *ret_layout, Error *err)
{
    LayoutSigns flat = {0}, inside = {0};
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(root, folder, &entries, err))
        return false;
    read_signs(&entries, &flat);
    array_each (FileEntry, entry, &entries) {
        if (entry->kind != FILE_KIND_FOLDER || entry->name[0] == '.')
            continue;
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        CLEANUP(file_entries_free) FileEntryArray in_folder = {0};
        if (!layout_list(root, path, &in_folder, err))
            return false;
        read_signs(&in_folder, &inside);
    }
    if (inside.diesel)
        *ret_layout = LAYOUT_DIESEL;
    else if (flat.golang_migrate)
        *ret_layout = LAYOUT_GOLANG_MIGRATE;
    else
        *ret_layout = LAYOUT_SEALIFT;
    return true;
}
