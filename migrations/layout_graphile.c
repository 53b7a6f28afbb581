/* graphile-migrate: committed/NNNNNN[-slug].sql, numbered without a gap from 000001, each with the
 * hash of the one before it. current.sql or current/ is work that is not committed and does not
 * ship; fixtures/ holds what commits have put into the migrations already. There is no down. */
#include <inttypes.h>

#include "base/text.h"
#include "migrations/graphile_file.h"
#include "migrations/layout.h"
#include "migrations/script_lines.h"

#define COMMITTED    "committed"
#define CURRENT      "current"
#define CURRENT_FILE "current.sql"
#define FIXTURES     "fixtures"

#define NUMBER_DIGITS     6
#define SETTINGS_SIZE_MAX (1024 * 1024)

static const char *const settings_names[] = {".gmrc", ".gmrc.js", ".gmrc.cjs"};

bool layout_graphile_names(const char *name)
{
    size_t digits = strspn(name, "0123456789"), length = strlen(name);
    if (!digits || !text_has_suffix(name, ".sql"))
        return false;
    const char *slug = name + digits;
    size_t slug_length = length - digits - strlen(".sql");
    return slug_length == 0 ||
           (*slug == '-' && strspn(slug, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789") == slug_length);
}

/* --- placeholders ---------------------------------------------------------------------------- */

static void placeholders_done(GraphilePlaceholders *names)
{
    array_each (char *, name, names)
        free(*name);
    array_free(names);
}

/* Every ":NAME" between quotes: the settings are JSON with comments, or a program. */
static void take_quoted(const char *text, GraphilePlaceholders *names)
{
    for (const char *at = text; (at = strchr(at, ':')) != NULL; at++) {
        size_t length =
            1 + strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        if (at > text && length > 1 && strchr("\"'`", at[-1]) && at[length] == at[-1])
            *array_add(names) = memory_string_n(at, length);
    }
}

/* The placeholders that the settings in the project's folder declare; *ret_found says whether there
 * are settings. The tool's own two are always there. */
static bool read_settings(const char *root, GraphilePlaceholders *names, bool *ret_found,
                          Error *err)
{
    *ret_found = false;
    *array_add(names) = memory_string(":DATABASE_NAME");
    *array_add(names) = memory_string(":DATABASE_OWNER");
    for (size_t i = 0; i < ARRAY_LEN(settings_names) && !*ret_found; i++) {
        CLEANUP(memory_freep) char *path = file_path(root, settings_names[i]);
        CLEANUP(memory_freep) char *bytes = NULL;
        size_t size;
        if (!file_exists(path))
            continue;
        if (!file_read_all(path, SETTINGS_SIZE_MAX, &bytes, &size, err))
            return false;
        take_quoted(bytes, names);
        *ret_found = true;
    }
    return true;
}

/* --- committed migrations -------------------------------------------------------------------- */

typedef struct Chain {
    LayoutReading *reading;
    GraphilePlaceholders placeholders;
    bool has_settings;
    char *hash;       /* owned: of the last migration; NULL before the first */
    uint64_t number;  /* of that one */
    const char *path; /* of the file that is being looked at */
} Chain;

static void chain_done(Chain *chain)
{
    placeholders_done(&chain->placeholders);
    free(chain->hash);
}

static void refuse(const Chain *chain, int64_t line, const char *hint, const char *what,
                   const char *which)
{
    finding_add(chain->reading->findings, FINDING_ERROR, hint, "%s:%" PRId64 ": %s%s", chain->path,
                line, what, which);
}

static void check_hash(const Chain *chain, const GraphileFile *file)
{
    const char *before = chain->hash ? chain->hash : "-";
    const char *previous = file->previous ? file->previous : "-";
    bool valid = strcmp(file->computed, file->hash) == 0;
    if (strcmp(before, previous) != 0)
        finding_add(chain->reading->findings, FINDING_ERROR,
                    "put the files back as they were committed, in their order",
                    "%s:1: it follows on the hash '%s', but the migration before it has '%s'",
                    chain->path, previous, before);
    if (!valid && !file->allow_invalid_hash)
        finding_add(chain->reading->findings, FINDING_ERROR,
                    "put the file back as it was committed; '--! AllowInvalidHash' says that the "
                    "change is meant",
                    "%s:1: the migration was edited after it was committed: its hash is '%s', not "
                    "'%s'",
                    chain->path, file->computed, file->hash);
    if (valid && file->allow_invalid_hash)
        refuse(chain, 1, "take the header out: graphile-migrate refuses it too",
               "'--! AllowInvalidHash', but the hash is valid", "");
}

static bool take_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    const Chain *chain = context;
    if (!text_has_prefix(line, "--!"))
        return true;
    const char *word = line + strlen("--!");
    word += strspn(word, " \t");
    if (text_has_prefix(word, "include") && (word[7] == ' ' || word[7] == '\t'))
        refuse(chain, number, "commit it again, or put the file's text in its place",
               "an include that no commit has resolved: ", word + 7 + strspn(word + 7, " \t"));
    return true;
}

/* Several statements sent at once are one transaction to the server, whatever the tool says. */
static void check_alone(const Chain *chain, const char *absolute)
{
    CLEANUP(script_done) Script script = {0};
    CLEANUP(error_done) Error ignored = {0}; /* what does not read is said where it is read */
    ScriptFile file = {.path = absolute, .name = chain->path};
    if (script_read(&file, /* sink= */ NULL, &script, &ignored) && script.statements.count > 1)
        refuse(chain, script.statements.items[1].line,
               "make it a migration of its own: the tool sends the file at once, and the server "
               "makes one transaction of it",
               "a second statement under '--! no-transaction'", "");
}

static bool check_file(Chain *chain, const char *absolute, ProjectMigration *migration, Error *err)
{
    CLEANUP(graphile_file_done) GraphileFile file = {0};
    CLEANUP(error_done) Error refused = {0};
    const GraphileWords words = {
        .declared = chain->has_settings ? &chain->placeholders : NULL,
        .values = chain->reading->values,
    };
    if (!graphile_file_read(absolute, chain->path, &words, &file, &refused)) {
        if (refused.class != ERROR_INPUT)
            return error_move(err, &refused);
        finding_add_error(chain->reading->findings, &refused);
        return true;
    }
    check_hash(chain, &file);
    if (file.placeholder)
        refuse(chain, file.placeholder_line, "declare its value in sealift.conf ([value NAME])",
               "a placeholder of graphile-migrate, whose value the bundle does not know: ",
               file.placeholder);
    free(chain->hash);
    chain->hash = TAKE_PTR(file.hash);
    if (file.no_transaction) {
        layout_set_no_transaction(migration);
        check_alone(chain, absolute);
    }
    return script_lines_read(absolute, take_line, chain, err);
}

static bool take_committed(Chain *chain, const char *name, Error *err)
{
    CLEANUP(memory_freep) char *inside = file_path(COMMITTED, name);
    CLEANUP(memory_freep) char *path = file_path(chain->reading->folder, inside);
    CLEANUP(memory_freep) char *absolute = file_path(chain->reading->root, path);
    uint64_t number;
    size_t digits;
    chain->path = path;
    if (!layout_graphile_names(name)) {
        if (layout_is_sql(name))
            layout_pass_file(chain->reading, path,
                             "graphile-migrate's migrations are called NNNNNN-name.sql");
        return true;
    }
    if (!layout_parse_number(name, &number, &digits) || digits != NUMBER_DIGITS)
        refuse(chain, 1, "their order would be another one in the tool",
               "the number has not six digits", "");
    else if (number != chain->number + 1)
        finding_add(chain->reading->findings, FINDING_ERROR,
                    "put the missing file back, or commit the later ones again",
                    "%s:1: the numbers are not in a row: %06" PRIu64 " should stand here",
                    chain->path, chain->number + 1);
    chain->number = number;
    LayoutMigration *added = layout_add_file(chain->reading, name, ".sql", number, digits);
    free(added->migration.scripts[PROJECT_UP]);
    added->migration.scripts[PROJECT_UP] = memory_string(path);
    bool good = check_file(chain, absolute, &added->migration, err);
    chain->path = NULL;
    return good;
}

static bool read_committed(LayoutReading *reading, Error *err)
{
    CLEANUP(memory_freep) char *folder = file_path(reading->folder, COMMITTED);
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, folder);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    CLEANUP(chain_done) Chain chain = {.reading = reading};
    if (!file_exists(absolute))
        return true;
    if (!read_settings(reading->root, &chain.placeholders, &chain.has_settings, err) ||
        !layout_list(reading->root, folder, &entries, err))
        return false;
    /* file_list is in byte order: that of six digits */
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (layout_takes(reading, folder, entry) &&
            !(entry->kind == FILE_KIND_FOLDER ? layout_pass_folder(reading, path, err)
                                              : take_committed(&chain, entry->name, err)))
            return false;
    }
    return true;
}

/* --- beside them ----------------------------------------------------------------------------- */

static bool take_current_line(void *context, const char *line, int64_t number UNUSED,
                              Error *err UNUSED)
{
    bool *holds = context;
    *holds = *holds || !script_line_is_idle(line);
    return true;
}

/* Work that is not committed. */
static bool look_at_current(LayoutReading *reading, const char *path, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(reading->root, path);
    bool holds = false;
    if (!script_lines_read(absolute, take_current_line, &holds, err))
        return false;
    if (holds)
        finding_add(reading->findings, FINDING_WARNING,
                    "'graphile-migrate commit' makes a migration of it",
                    "'%s' holds statements that are not committed: they are not shipped", path);
    return true;
}

static bool look_into_current(LayoutReading *reading, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, folder, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (layout_takes(reading, folder, entry) && entry->kind == FILE_KIND_REGULAR &&
            layout_is_sql(entry->name) && !look_at_current(reading, path, err))
            return false;
    }
    return true;
}

static bool look_beside(LayoutReading *reading, const FileEntry *entry, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(reading->folder, entry->name);
    bool folder = entry->kind == FILE_KIND_FOLDER;
    if (folder && (strcmp(entry->name, COMMITTED) == 0 || strcmp(entry->name, FIXTURES) == 0))
        return true;
    if (folder && strcmp(entry->name, CURRENT) == 0)
        return look_into_current(reading, path, err);
    if (folder)
        return layout_pass_folder(reading, path, err);
    if (strcmp(entry->name, CURRENT_FILE) == 0)
        return look_at_current(reading, path, err);
    if (layout_is_sql(entry->name))
        layout_pass_file(reading, path,
                         "it is no migration; graphile-migrate runs it only as a hook of its "
                         "settings, and a bundle has none");
    return true;
}

bool layout_read_graphile(LayoutReading *reading, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(reading->root, reading->folder, &entries, err))
        return false;
    reading->flat = true;
    array_each (FileEntry, entry, &entries)
        if (layout_takes(reading, reading->folder, entry) && !look_beside(reading, entry, err))
            return false;
    return read_committed(reading, err);
}
