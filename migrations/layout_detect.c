/* Which tool a folder of migrations was written for. Names decide before contents, and what only
 * one tool has before what several share. */
#include "base/text.h"
#include "migrations/code_replacement.h"
#include "migrations/layout.h"
#include "migrations/project_repeats.h"
#include "migrations/script_lines.h"

#define CARGO_FILE "Cargo.toml"

/* The first file that speaks of each layout, as a path from the project's root. */
typedef struct LayoutSigns {
    char *first[LAYOUT_COUNT]; /* owned */
    char *below[LAYOUT_COUNT]; /* owned: in a folder, of layouts that look into all of them */
    bool ours_below;           /* scripts of our own names stand in folders */
    char *sqitch_config;       /* owned: its plan may stand in another folder */
    bool refinery;             /* a file is named as refinery names migrations */
    char *undo;                /* owned: a U1__name.sql; refinery's where nothing else is */
    char *one_way;             /* owned: a number, a name and .sql; sqlx's where nothing else is */
} LayoutSigns;

static void signs_done(LayoutSigns *signs)
{
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        free(signs->first[i]);
        free(signs->below[i]);
    }
    free(signs->sqitch_config);
    free(signs->undo);
    free(signs->one_way);
}

static void note(LayoutSigns *signs, Layout layout, const char *folder, const char *name)
{
    if (!signs->first[layout])
        signs->first[layout] = file_path(folder, name);
}

/* Whether a down has an up with exactly its stem beside it. */
static bool has_up(const FileEntryArray *entries, const char *name, size_t stem_length)
{
    CLEANUP(memory_freep) char *up = memory_format("%.*s.up.sql", (int)stem_length, name);
    array_each (const FileEntry, entry, entries)
        if (strcmp(entry->name, up) == 0)
            return true;
    return false;
}

static void read_numbered_name(const FileEntryArray *entries, const char *folder, const char *file,
                               LayoutSigns *signs)
{
    LayoutName name;
    uint64_t number;
    size_t digits;
    if (layout_parse_name(file, &name) && strcmp(name.extension, "sql") == 0) {
        if (name.script == PROJECT_VERIFY || name.script == PROJECT_PRECHECK)
            return; /* ours, but they may stand beside scripts of any layout */
        bool ours = name.digits == 4 &&
                    (name.script == PROJECT_UP || has_up(entries, file, name.stem_length));
        note(signs, ours ? LAYOUT_SEALIFT : LAYOUT_GOLANG_MIGRATE, folder, file);
    } else if (layout_is_sql(file) && layout_parse_number(file, &number, &digits) &&
               file[digits] == '_' && !signs->one_way) {
        signs->one_way = file_path(folder, file);
    }
}

static void read_refinery_name(const char *path, LayoutSigns *signs)
{
    const char *name = file_base_name(path);
    if (!layout_refinery_names(name))
        return;
    signs->refinery = true;
    if (name[0] == 'U' && !signs->undo)
        signs->undo = memory_string(path);
}

/* --- marks in the files ---------------------------------------------------------------------- */

static void read_marks_of(const char *folder, const char *name, char *bytes, LayoutSigns *signs)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (text_has_prefix(bytes, byte_order_mark))
        bytes += strlen(byte_order_mark);
    /* what tells a pair of sqlx from one of golang-migrate */
    if (layout_sqlx_marks(bytes))
        note(signs, LAYOUT_SQLX, folder, name);
    const char *first = bytes + strspn(bytes, " \t\r\n");
    for (char *line = bytes, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (line <= first && layout_liquibase_marks(line))
            note(signs, LAYOUT_LIQUIBASE, folder, name);
        if (layout_goose_marks(line))
            note(signs, LAYOUT_GOOSE, folder, name);
        if (layout_dbmate_marks(line))
            note(signs, LAYOUT_DBMATE, folder, name);
        if (layout_node_pg_marks(line))
            note(signs, LAYOUT_NODE_PG, folder, name);
        if (layout_refinery_marks(line))
            note(signs, LAYOUT_REFINERY, folder, name);
    }
}

/* liquibase's files may all stand in folders below: only their own mark counts there. */
static void read_liquibase_mark(const char *folder, const char *name, char *bytes,
                                LayoutSigns *signs)
{
    char *line = bytes + strspn(bytes, " \t\r\n");
    line[strcspn(line, "\r\n")] = '\0';
    if (layout_liquibase_marks(line))
        note(signs, LAYOUT_LIQUIBASE, folder, name);
}

static void read_changelog(const char *folder, const char *name, char *bytes, LayoutSigns *signs)
{
    if (strstr(bytes, "databaseChangeLog"))
        note(signs, LAYOUT_LIQUIBASE, folder, name);
}

typedef void (*MarksReader)(const char *folder, const char *name, char *bytes, LayoutSigns *signs);

static bool peek(const char *root, const char *folder, const char *name, MarksReader read_marks,
                 LayoutSigns *signs, Error *err)
{
    CLEANUP(memory_freep) char *inside = file_path(folder, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    if (!layout_peek(root, inside, &bytes, err))
        return false;
    read_marks(folder, name, bytes, signs);
    return true;
}

static bool read_flat(const char *root, const char *folder, const FileEntryArray *entries,
                      LayoutSigns *signs, Error *err)
{
    array_each (const FileEntry, entry, entries) {
        if (entry->kind == FILE_KIND_REGULAR && layout_liquibase_names(entry->name) &&
            !peek(root, folder, entry->name, read_changelog, signs, err))
            return false;
        if (strcmp(entry->name, "sqitch.plan") == 0)
            note(signs, LAYOUT_SQITCH, folder, entry->name);
        if (strcmp(entry->name, "sqitch.conf") == 0)
            signs->sqitch_config = file_path(folder, entry->name);
        if (strcmp(entry->name, "atlas.sum") == 0)
            note(signs, LAYOUT_ATLAS, folder, entry->name);
        if (layout_refinery_tells(entry->name))
            note(signs, LAYOUT_REFINERY, folder, entry->name);
        if (entry->kind != FILE_KIND_REGULAR || !layout_is_sql(entry->name) ||
            code_replacement_is(entry->name))
            continue;
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        read_refinery_name(path, signs);
        if (layout_popx_names(entry->name))
            note(signs, LAYOUT_POPX, folder, entry->name);
        if (layout_flyway_names(entry->name))
            note(signs, LAYOUT_FLYWAY, folder, entry->name);
        read_numbered_name(entries, folder, entry->name, signs);
        if (!peek(root, folder, entry->name, read_marks_of, signs, err))
            return false;
    }
    return true;
}

static bool take_cargo_line(void *context, const char *line, int64_t number UNUSED,
                            Error *err UNUSED)
{
    static const char name[] = "refinery";
    bool *depends = context;
    char next = text_has_prefix(line, name) ? line[strlen(name)] : '\0';
    *depends = *depends || strstr(line, "dependencies.refinery]") || (next && strchr(" =.", next));
    return true;
}

static bool read_cargo_in(const char *root, const char *folder, LayoutSigns *signs, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(folder, CARGO_FILE);
    CLEANUP(memory_freep) char *path = file_path(root, name);
    bool depends = false;
    if (signs->first[LAYOUT_REFINERY] || !file_exists(path))
        return true;
    if (!script_lines_read(path, take_cargo_line, &depends, err))
        return false;
    if (depends)
        signs->first[LAYOUT_REFINERY] = TAKE_PTR(name);
    return true;
}

/* flyway's names may be refinery's: then the Cargo.toml of the crate that they stand in says so,
 * CRATE/migrations or CRATE/src/migrations; also above the project, where its folder is that of
 * the migrations. */
static bool read_cargo(const char *root, const char *folder, LayoutSigns *signs, Error *err)
{
    if (!signs->refinery)
        return true;
    if (strcmp(folder, ".") == 0)
        return read_cargo_in(root, folder, signs, err) && read_cargo_in(root, "..", signs, err) &&
               read_cargo_in(root, "../..", signs, err);
    CLEANUP(memory_freep) char *at = memory_string(folder);
    while (read_cargo_in(root, at, signs, err)) {
        if (strcmp(at, ".") == 0 || strcmp(at, "/") == 0)
            return true;
        char *above = file_folder_of(at);
        free(at);
        at = above;
    }
    return false;
}

/* A version of temporal: the folder vX.Y in `folder` with its manifest. */
static void read_version(const char *root, const char *folder, const char *name, LayoutSigns *signs)
{
    CLEANUP(memory_freep) char *manifest = memory_format("%s/%s/manifest.json", folder, name);
    CLEANUP(memory_freep) char *path = file_path(root, manifest);
    if (layout_temporal_names(name) && file_exists(path) && !signs->first[LAYOUT_TEMPORAL])
        signs->first[LAYOUT_TEMPORAL] = TAKE_PTR(manifest);
}

static bool read_versions(const char *root, const char *folder, LayoutSigns *signs, Error *err)
{
    CLEANUP(memory_freep) char *base = layout_temporal_folder(root, folder);
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(root, base, &entries, err))
        return false;
    array_each (FileEntry, entry, &entries)
        if (entry->kind == FILE_KIND_FOLDER)
            read_version(root, base, entry->name, signs);
    return true;
}

static bool read_inside(const char *root, const char *folder, LayoutSigns *signs, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(root, folder, &entries, err))
        return false;
    bool peeked = false;
    array_each (FileEntry, entry, &entries) {
        if (!peeked && entry->kind == FILE_KIND_REGULAR && layout_is_sql(entry->name)) {
            peeked = true;
            if (!peek(root, folder, entry->name, read_liquibase_mark, signs, err))
                return false;
        }
        if (strcmp(entry->name, "up.sql") == 0)
            note(signs, LAYOUT_DIESEL, folder, entry->name);
        if (strcmp(entry->name, "migration.sql") == 0)
            note(signs, LAYOUT_PRISMA, folder, entry->name);
        if (strcmp(file_base_name(folder), "committed") == 0 && layout_graphile_names(entry->name))
            note(signs, LAYOUT_GRAPHILE, folder, entry->name);
        if (layout_numbered_folders_names(file_base_name(folder), entry->name))
            note(signs, LAYOUT_NUMBERED_FOLDERS, folder, entry->name);
    }
    return true;
}

static void note_below(LayoutSigns *signs, Layout layout, bool is_sign, const char *path)
{
    if (is_sign && !signs->below[layout])
        signs->below[layout] = memory_string(path);
}

static void read_name_below(const char *path, LayoutSigns *signs)
{
    const char *name = file_base_name(path);
    LayoutName parts;
    note_below(signs, LAYOUT_REFINERY, layout_refinery_tells(name), path);
    if (code_replacement_is(name))
        return;
    note_below(signs, LAYOUT_FLYWAY, layout_flyway_names(name), path);
    note_below(signs, LAYOUT_POPX, layout_popx_names(name), path);
    read_refinery_name(path, signs);
    signs->ours_below = signs->ours_below || (layout_parse_name(name, &parts) && parts.digits == 4);
}

/* All of a project's scripts may stand in folders, as deep as anybody likes. */
static bool read_below(const char *root, const char *folder, LayoutSigns *signs, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(root, folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (entry->name[0] == '.')
            continue;
        if (entry->kind == FILE_KIND_REGULAR)
            read_name_below(path, signs);
        if (entry->kind == FILE_KIND_FOLDER && !read_below(root, path, signs, err))
            return false;
    }
    return true;
}

/* In the order in which they decide; what each sign says. */
static const struct Decision {
    Layout layout;
    const char *says;
} decisions[] = {
    {LAYOUT_SQITCH, "is a plan of sqitch"},
    {LAYOUT_ATLAS, "is the sum of a folder of atlas"},
    {LAYOUT_GRAPHILE, "is a committed migration of graphile-migrate"},
    {LAYOUT_TEMPORAL, "lists the files of a version, as temporal has it"},
    {LAYOUT_PRISMA, "is a migration of prisma"},
    {LAYOUT_DIESEL, "is a script of diesel"},
    {LAYOUT_LIQUIBASE, "is a changelog of liquibase"},
    {LAYOUT_REFINERY, "is refinery's, or names it"},
    {LAYOUT_FLYWAY, "is named as flyway names versions"},
    {LAYOUT_GOOSE, "holds '-- +goose Up'"},
    {LAYOUT_DBMATE, "holds '-- migrate:up'"},
    {LAYOUT_NODE_PG, "holds '-- Up Migration'"},
    {LAYOUT_SQLX, "begins with '-- no-transaction', as sqlx has it"},
    {LAYOUT_POPX, "is named as popx names scripts of a dialect or outside transactions"},
    {LAYOUT_GOLANG_MIGRATE, "is named as golang-migrate names scripts"},
    {LAYOUT_SEALIFT, "is named as our own layout names scripts"},
    {LAYOUT_NUMBERED_FOLDERS, "is a numbered script in a numbered folder"},
};

static void decide(const struct Decision *decision, char *const files[], Layout *ret_layout,
                   char **ret_reason)
{
    const char *file = files[decision->layout];
    if (!file)
        return;
    *ret_layout = decision->layout;
    *ret_reason = memory_format("'%s' %s", file, decision->says);
}

/* Where no name or mark of the folder itself has decided. */
static void decide_by_rest(const LayoutSigns *signs, Layout *ret_layout, char **ret_reason)
{
    if (signs->one_way) {
        *ret_layout = LAYOUT_SQLX;
        *ret_reason =
            memory_format("'%s' is a number, a name and .sql, as sqlx has it", signs->one_way);
    }
    for (size_t i = 0; i < ARRAY_LEN(decisions) && !*ret_reason && !signs->ours_below; i++)
        decide(&decisions[i], signs->below, ret_layout, ret_reason);
    if (!*ret_reason && signs->undo && !signs->ours_below) {
        *ret_layout = LAYOUT_REFINERY;
        *ret_reason = memory_format("'%s' is named as refinery names migrations, and no "
                                    "V1__name.sql is there that it could undo",
                                    signs->undo);
    }
}

bool layout_detect(const char *root, const char *folder, Layout *ret_layout, char **ret_reason,
                   Error *err)
{
    CLEANUP(signs_done) LayoutSigns signs = {0};
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!layout_list(root, folder, &entries, err) ||
        !read_flat(root, folder, &entries, &signs, err) ||
        !read_versions(root, folder, &signs, err))
        return false;
    array_each (FileEntry, entry, &entries) {
        if (entry->kind != FILE_KIND_FOLDER || entry->name[0] == '.')
            continue;
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (!read_inside(root, path, &signs, err) ||
            (strcmp(path, PROJECT_FROZEN_NAME) != 0 && !read_below(root, path, &signs, err)))
            return false;
    }
    if (!read_cargo(root, folder, &signs, err))
        return false;
    *ret_layout = LAYOUT_SEALIFT;
    *ret_reason = NULL;
    for (size_t i = 0; i < ARRAY_LEN(decisions) && !*ret_reason; i++)
        decide(&decisions[i], signs.first, ret_layout, ret_reason);
    if (signs.sqitch_config && *ret_layout != LAYOUT_SQITCH) {
        free(*ret_reason);
        *ret_layout = LAYOUT_SQITCH;
        *ret_reason = memory_format("'%s' is a configuration of sqitch", signs.sqitch_config);
    }
    if (!*ret_reason)
        decide_by_rest(&signs, ret_layout, ret_reason);
    return true;
}
