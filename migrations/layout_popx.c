/* popx: VERSION_name[.dialect][.autocommit].up|down.sql in the folder and all folders below it, in
 * order of the version as text. A file of PostgreSQL's dialect takes the place of the generic one
 * of its version and direction; files of other dialects are not ours. Up and down pair by version.
 * `.autocommit` runs outside transactions. popx puts every script through Go's templates: one with
 * "{{" in it is refused. verify and precheck files are ours. */
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"

typedef enum { DIALECT_ANY, DIALECT_OURS, DIALECT_OTHER, DIALECT_UNKNOWN } Dialect;

static const struct {
    const char *word;
    Dialect dialect;
} dialects[] = {
    {"postgres", DIALECT_OURS},     {"postgresql", DIALECT_OURS}, {"pg", DIALECT_OURS},
    {"pgx", DIALECT_OURS},          {"mysql", DIALECT_OTHER},     {"mariadb", DIALECT_OTHER},
    {"sqlite", DIALECT_OTHER},      {"sqlite3", DIALECT_OTHER},   {"cockroach", DIALECT_OTHER},
    {"cockroachdb", DIALECT_OTHER}, {"crdb", DIALECT_OTHER},
};

typedef struct PopxName {
    size_t version_length;
    size_t stem_length; /* of VERSION_name */
    Dialect dialect;
    bool autocommit;
    ProjectScript script;
} PopxName;

typedef struct PopxFile {
    char *path; /* owned */
    PopxName name;
} PopxFile;

typedef ARRAY_OF(PopxFile) PopxFileArray;

static void files_done(PopxFileArray *files)
{
    array_each (PopxFile, file, files)
        free(file->path);
    array_free(files);
}

/* --- names ----------------------------------------------------------------------------------- */

static bool is_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(at, word, length) == 0;
}

static Dialect dialect_of(const char *at, size_t length)
{
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
        if (is_word(at, length, dialects[i].word))
            return dialects[i].dialect;
    return DIALECT_UNKNOWN;
}

static bool take_direction(const char *at, size_t length, PopxName *name)
{
    for (int script = 0; script < PROJECT_SCRIPT_COUNT; script++) {
        if (!is_word(at, length, project_script_name((ProjectScript)script)))
            continue;
        name->script = (ProjectScript)script;
        return true;
    }
    return false;
}

/* The words between the stem and ".sql": at most a dialect and autocommit, then a direction. */
static bool parse_words(const char *at, PopxName *name)
{
    bool has_dialect = false;
    for (;;) {
        size_t length = strcspn(at, ".");
        const char *rest = at + length;
        if (strcmp(rest, ".sql") == 0)
            return take_direction(at, length, name);
        if (!*rest || !length || name->autocommit)
            return false;
        if (is_word(at, length, "autocommit")) {
            name->autocommit = true;
        } else {
            if (has_dialect)
                return false;
            has_dialect = true;
            name->dialect = dialect_of(at, length);
        }
        at = rest + 1;
    }
}

static bool parse_name(const char *file, PopxName *ret_name)
{
    PopxName name = {.version_length = strspn(file, "0123456789")};
    name.stem_length = strcspn(file, ".");
    if (!name.version_length || file[name.version_length] != '_' ||
        name.stem_length <= name.version_length + 1 || !file[name.stem_length] ||
        !parse_words(file + name.stem_length + 1, &name))
        return false;
    *ret_name = name;
    return true;
}

bool layout_popx_names(const char *file)
{
    PopxName name;
    return parse_name(file, &name) &&
           (name.autocommit || name.dialect == DIALECT_OURS || name.dialect == DIALECT_OTHER);
}

/* --- files ----------------------------------------------------------------------------------- */

/* SQL for a program with a direction in its name, 1_a.up.fizz: a script like any other. False where
 * the name has none. */
static bool take_half(LayoutReading *reading, const char *folder, const char *file,
                      PopxFileArray *files)
{
    CLEANUP(memory_freep)
    char *like = memory_format("%.*s.sql", (int)(strrchr(file, '.') - file), file);
    PopxName name;
    if (!parse_name(like, &name) || name.dialect == DIALECT_OTHER)
        return false;
    char *script = layout_take_half(reading, folder, file);
    char *down =
        script && name.script == PROJECT_UP ? layout_take_half_down(reading, folder, file) : NULL;
    if (script)
        *array_add(files) = (PopxFile){script, name};
    name.script = PROJECT_DOWN;
    if (down)
        *array_add(files) = (PopxFile){down, name};
    return true;
}

static void take_code(LayoutReading *reading, const char *folder, const char *file,
                      PopxFileArray *files)
{
    if (take_half(reading, folder, file, files))
        return;
    LayoutMigration *added = layout_take_code(reading, folder, file);
    if (added)
        added->order = memory_string_n(file, strspn(file, "0123456789"));
}

static bool take_file(LayoutReading *reading, const char *folder, const char *file,
                      PopxFileArray *files)
{
    CLEANUP(memory_freep) char *path = file_path(folder, file);
    PopxName name;
    if (layout_is_code(file))
        take_code(reading, folder, file, files);
    if (!layout_is_sql(file))
        return true;
    if (!parse_name(file, &name))
        finding_add(reading->findings, FINDING_ERROR,
                    "migrations are called VERSION_name[.dialect][.autocommit].up|down.sql",
                    "'%s' is not named as popx names migrations, and popx refuses the folder",
                    path);
    else if (name.dialect == DIALECT_OTHER)
        layout_pass_file(reading, path, "it is for another database than PostgreSQL");
    else if (name.dialect == DIALECT_UNKNOWN)
        layout_pass_file(reading, path, "popx does not know the dialect in its name");
    else
        *array_add(files) = (PopxFile){TAKE_PTR(path), name};
    return true;
}

static bool read_folder(LayoutReading *reading, const char *folder, PopxFileArray *files,
                        Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_entries(reading, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (layout_takes(reading, folder, entry) &&
            !(entry->kind == FILE_KIND_FOLDER ? read_folder(reading, path, files, err)
                                              : take_file(reading, folder, entry->name, files)))
            return false;
    }
    return true;
}

static LayoutMigration *find(LayoutReading *reading, const char *version, size_t length)
{
    array_each (LayoutMigration, at, &reading->migrations)
        if (is_word(version, length, at->order))
            return at;
    LayoutMigration *added = layout_add(reading, /* version_folder= */ NULL, /* number= */ 0);
    added->order = memory_string_n(version, length);
    return added;
}

static void take_script(LayoutReading *reading, const PopxFile *file)
{
    const char *base = file_base_name(file->path);
    LayoutMigration *found = find(reading, base, file->name.version_length);
    ProjectMigration *migration = &found->migration;
    char **place = &migration->scripts[file->name.script];
    if (*place) {
        finding_add(reading->findings, FINDING_ERROR,
                    "their order would be a guess: give one of them another version",
                    "the version of '%s' stands twice: '%s' is there already", file->path, *place);
        return;
    }
    *place = memory_string(file->path);
    migration->no_transaction[file->name.script] = file->name.autocommit;
    migration->verbatim[file->name.script] = code_replacement_is(file->path);
    if (file->name.script == PROJECT_UP) {
        migration->identity = memory_string_n(base, file->name.stem_length);
        migration->title = memory_string(migration->identity + file->name.version_length + 1);
    }
}

/* The file of PostgreSQL's own dialect that takes the place of a generic one, or NULL. */
static const PopxFile *find_special(const PopxFileArray *files, const PopxFile *generic)
{
    const char *version = file_base_name(generic->path);
    size_t length = generic->name.version_length;
    array_each (const PopxFile, file, files)
        if (file->name.dialect == DIALECT_OURS && file->name.script == generic->name.script &&
            file->name.version_length == length &&
            strncmp(file_base_name(file->path), version, length) == 0)
            return file;
    return NULL;
}

static void choose(LayoutReading *reading, const PopxFileArray *files)
{
    array_each (const PopxFile, file, files) {
        const PopxFile *special =
            file->name.dialect == DIALECT_ANY ? find_special(files, file) : NULL;
        if (special) {
            CLEANUP(memory_freep)
            char *why = memory_format("'%s' takes its place", special->path);
            layout_pass_file(reading, file->path, why);
        } else {
            take_script(reading, file);
        }
    }
}

/* --- templates ------------------------------------------------------------------------------- */

/* Where values are declared, reading a script says which template none of them fills. */
static bool check_templates(LayoutReading *reading, Error *err)
{
    if (reading->verbatim || (reading->values && reading->values->count))
        return true;
    return layout_refuse_mark(reading, "{{", "a template of Go ('{{'), which popx fills in",
                              "declare its value in sealift.conf ([value NAME]), or write what the "
                              "template gives into the script",
                              err);
}

static int compare_versions(const void *a, const void *b)
{
    const LayoutMigration *one = a, *other = b;
    return strcmp(one->order, other->order);
}

/* Of scripts take_script has said it; this is of programs. */
static void refuse_twins(LayoutReading *reading)
{
    for (size_t i = 1; i < reading->migrations.count; i++) {
        const LayoutMigration *at = &reading->migrations.items[i], *before = at - 1;
        if (strcmp(at->order, before->order) == 0)
            finding_add(reading->findings, FINDING_ERROR, /* hint= */ NULL,
                        "the version of '%s' stands twice: '%s' has it already",
                        at->migration.scripts[PROJECT_UP], before->migration.scripts[PROJECT_UP]);
    }
}

bool layout_read_popx(LayoutReading *reading, Error *err)
{
    CLEANUP(files_done) PopxFileArray files = {0};
    reading->flat = true;
    if (!read_folder(reading, reading->folder, &files, err))
        return false;
    choose(reading, &files);
    layout_pass_without_up(reading);
    if (reading->migrations.count)
        qsort(reading->migrations.items, reading->migrations.count, sizeof(LayoutMigration),
              compare_versions);
    refuse_twins(reading);
    return check_templates(reading, err);
}
