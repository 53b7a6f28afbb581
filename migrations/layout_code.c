/* Migrations that are programs: refused by name, or what was written in SQL for them is taken. */
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"

/* The language's ending, or NULL. */
static const char *code_ending(const char *name)
{
    static const char *const endings[] = {
        ".go",    ".js",  ".mjs", ".cjs",    ".ts",    ".mts",   ".cts", ".coffee",
        ".ls",    ".py",  ".rb",  ".rs",     ".sh",    ".bash",  ".bat", ".cmd",
        ".ps1",   ".php", ".pl",  ".ex",     ".exs",   ".clj",   ".kt",  ".java",
        ".class", ".cs",  ".fs",  ".groovy", ".scala", ".swift", ".fizz"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < ARRAY_LEN(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return endings[i];
    return NULL;
}

bool layout_ends_in_code(const char *name)
{
    return code_ending(name) != NULL;
}

bool layout_is_code(const char *name)
{
    return name[0] >= '0' && name[0] <= '9' && code_ending(name);
}

void layout_refuse_code(LayoutReading *reading, const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    finding_add(
        reading->findings, FINDING_ERROR,
        "write what it does as SQL, or move the file out of the folder if it is no migration",
        "'%s' is a migration written in a programming language; a bundle carries SQL only", path);
}

static void refuse(LayoutReading *reading, const char *path)
{
    CLEANUP(memory_freep)
    char *hint = memory_format("write what it does as '%s" CODE_REPLACEMENT_UP "' (docs/layouts.md "
                               "has its first line), or move the file out of the folder if it is "
                               "no migration",
                               path);
    finding_add(reading->findings, FINDING_ERROR, hint,
                "'%s' is a migration written in a programming language; a bundle carries SQL only",
                path);
}

static char *replacement_of(LayoutReading *reading, const char *path, const char *ending)
{
    CLEANUP(memory_freep) char *replacement = memory_format("%s%s", path, ending);
    array_each (LayoutReplacement, at, &reading->replacements) {
        if (strcmp(at->path, replacement) != 0)
            continue;
        at->taken = true;
        return TAKE_PTR(replacement);
    }
    return NULL;
}

char *layout_take_half(LayoutReading *reading, const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    char *script = replacement_of(reading, path, CODE_REPLACEMENT_UP);
    if (!script)
        refuse(reading, path);
    return script;
}

char *layout_take_half_down(LayoutReading *reading, const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    return replacement_of(reading, path, CODE_REPLACEMENT_DOWN);
}

LayoutMigration *layout_take_code(LayoutReading *reading, const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    CLEANUP(memory_freep) char *up = replacement_of(reading, path, CODE_REPLACEMENT_UP);
    const char *ending = code_ending(name);
    uint64_t number = 0;
    size_t digits = 0;
    if (!up || !ending) {
        refuse(reading, path);
        return NULL;
    }
    if (!layout_parse_number(name, &number, &digits))
        digits =
            0; /* flyway's V1__name.java, popx's longer numbers: their readers know the order */
    LayoutMigration *added = layout_add_file(reading, name, ending, number, digits);
    free(added->migration.scripts[PROJECT_UP]);
    added->migration.scripts[PROJECT_UP] = TAKE_PTR(up);
    added->migration.scripts[PROJECT_DOWN] = replacement_of(reading, path, CODE_REPLACEMENT_DOWN);
    /* no tool but ours reads it */
    added->migration.verbatim[PROJECT_UP] = added->migration.verbatim[PROJECT_DOWN] = true;
    return added;
}

void layout_check_replacements(LayoutReading *reading)
{
    array_each (const LayoutReplacement, at, &reading->replacements) {
        CLEANUP(memory_freep)
        char *program = memory_string_n(at->path, code_replacement_length(at->path));
        if (!at->taken)
            finding_add(reading->findings, FINDING_ERROR,
                        "it stands beside the program that it replaces; a down needs its up",
                        "'%s' replaces nothing: '%s' is no migration of the layout in a "
                        "programming language",
                        at->path, program);
    }
}
