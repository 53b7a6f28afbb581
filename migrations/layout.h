/* The readers of the layouts, behind project.h: what stands in the migration folder, in the order
 * of the layout, before anybody asks what is released. What they refuse becomes an error among the
 * findings and reading goes on; only a folder that cannot be read ends it. */
#ifndef SEALIFT_MIGRATIONS_LAYOUT_H
#define SEALIFT_MIGRATIONS_LAYOUT_H

#include <stdint.h>

#include "base/file.h"
#include "migrations/liquibase_filter.h"
#include "migrations/project.h"

typedef struct LayoutMigration {
    char *folder;    /* owned: the version folder it stands in; NULL in a flat layout */
    char *order;     /* owned: diesel's version text; NULL in layouts with numbers */
    uint64_t number; /* in layouts with numbers */
    bool claimed;    /* project_order has given it its place */
    bool superseded; /* … which is none: its version is off the line */
    ProjectMigration migration;
} LayoutMigration;

typedef ARRAY_OF(char *) LayoutFolderArray;

/* A script that was written for a migration which is a program (code_replacement.h). */
typedef struct LayoutReplacement {
    char *path; /* owned */
    bool taken; /* a migration has it */
    bool alone; /* the program that its first line names is not there */
} LayoutReplacement;

typedef struct LayoutReading {
    const char *root;                /* of the project; borrowed */
    const char *folder;              /* of the migrations, from the root; borrowed */
    const ProjectValueArray *values; /* of sealift.conf; NULL: none; borrowed */
    const char *search_path;         /* of sealift.conf; NULL: not known; borrowed */
    const char *main;                /* psql's file of \i lines, in folder; "": none; borrowed */
    LiquibaseFilter liquibase;       /* of sealift.conf: which changesets are run */
    const char *liquibase_folder;    /* of sealift.conf; borrowed */
    const char *liquibase_version;   /* of that, where liquibase's history is kept; else NULL */
    bool flat;
    bool verbatim; /* the tool, or [migrations] placeholders, says to put nothing into scripts */
    bool planned;  /* the versions' order is the layout's own, whatever their names say */
    LayoutFolderArray folders; /* version folders in order, each owned */
    LayoutFolderArray places;  /* files of settings and folders that the layout names itself, in
                                  the project, each owned; the rest of its folder is not its own */
    LayoutFolderArray leasts;  /* temporal: of each folder, the oldest version that works with it */
    ARRAY_OF(LayoutMigration) migrations;
    /* Repeatable scripts in their order: identity is the name alone, without an ending or version;
     * a down is that of the script's first text. */
    ProjectMigrationArray repeats;
    ARRAY_OF(LayoutReplacement) replacements;
    FindingArray *findings; /* borrowed */
} LayoutReading;

void layout_reading_done(LayoutReading *reading);

/* Fill folders and migrations. Errors: ERROR_IO; ERROR_INPUT for a file of settings over its limit.
 */
bool layout_read(Layout layout, LayoutReading *reading, Error *err) MUST_CHECK;

/* How scripts of the layout refer to values where nothing else is said. */
ScriptSyntax layout_script_syntax(Layout layout);

/* The readers, one file each. */
bool layout_read_sealift(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_golang_migrate(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_diesel(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_dbmate(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_goose(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_node_pg(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_sqlx(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_prisma(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_flyway(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_sqitch(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_graphile(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_atlas(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_liquibase(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_temporal(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_popx(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_numbered_folders(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_psql(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_refinery(LayoutReading *reading, Error *err) MUST_CHECK;

/* Which layout the folder has (layout_detect.c says by what), and the file that shows it, in words
 * for people: "'migrations/00001_a.sql' holds '-- +goose Up'". The caller frees *ret_reason. An
 * empty folder is ours. */
bool layout_detect(const char *root, const char *folder, Layout *ret_layout, char **ret_reason,
                   Error *err) MUST_CHECK;

/* Which other tools could have written a folder that layout_detect took for `found`, by names that
 * several have, and whether it would be read the same: words for the reason, or NULL where only one
 * can be meant. The caller frees. Errors are those of layout_read. */
bool layout_alike(Layout found, const LayoutReading *reading, char **ret_words,
                  Error *err) MUST_CHECK;

/* Whether a line of a script speaks of the layout: a mark where an up begins. */
bool layout_dbmate_marks(const char *line);
bool layout_goose_marks(const char *line);
bool layout_node_pg_marks(const char *line);
bool layout_sqlx_marks(const char *first_line);
bool layout_liquibase_marks(const char *first_line);
bool layout_refinery_marks(const char *line);

/* Whether a file's name may be that of a changelog: XML, YAML or JSON. */
bool layout_liquibase_names(const char *name);

/* Whether a file's name is flyway's: V1.2__name.sql, V1.2.sql, R__name.sql. */
bool layout_flyway_names(const char *name);

/* Whether a file's name is refinery's: V1__name.sql, U1__name.sql, which flyway's may be too; and
 * whether it is one that only refinery's is: V1__name.rs. */
bool layout_refinery_names(const char *name);
bool layout_refinery_tells(const char *name);

/* Read a script's settings (NAME.sql.conf) and look for placeholders. */
bool layout_flyway_check(LayoutReading *reading, const char *path, ProjectMigration *migration,
                         ProjectScript script, Error *err) MUST_CHECK;

/* Whether it is a committed migration's of graphile-migrate: 000001-name.sql. */
bool layout_graphile_names(const char *name);

/* Whether a file's name says a dialect or autocommit, as popx's do: 1_a.postgres.up.sql. */
bool layout_popx_names(const char *file);

/* Whether they are a folder and a script in it of numbered-folders: 9 and 01_a.sql. */
bool layout_numbered_folders_names(const char *folder, const char *file);

/* Whether a folder's name is that of a version of temporal: v1.10. */
bool layout_temporal_names(const char *folder);

/* The folder, in the project, in which temporal's version folders stand. The caller frees. */
#define LAYOUT_TEMPORAL_FOLDER "versioned"
char *layout_temporal_folder(const char *root, const char *folder);

/* What the readers share. `folder` is always the path from the project's root. */

/* The entries of a folder of the project. */
bool layout_list(const char *root, const char *folder, FileEntryArray *ret_entries,
                 Error *err) MUST_CHECK;

/* The same of a folder of migrations, with the programs that are no longer there and whose
 * replacements are: code_replacement_check says whether these may be gone. */
bool layout_entries(const LayoutReading *reading, const char *folder, FileEntryArray *ret_entries,
                    Error *err) MUST_CHECK;

/* The beginning of the file `path` (in the project), where the marks of a layout stand: at most 64
 * KiB of it, as text that ends with a NUL. The caller frees. ERROR_IO. */
bool layout_peek(const char *root, const char *path, char **ret_bytes, Error *err) MUST_CHECK;

/* Whether the entry is to be looked at: hidden ones and replacements of programs are not; links and
 * bad names are findings. */
bool layout_takes(LayoutReading *reading, const char *folder, const FileEntry *entry);

/* Look for the file `path` (in the project). A link on the way to it, or
 * something else than a file at its end, is an error, which is said once: LAYOUT_FILE_REFUSED. */
typedef enum { LAYOUT_FILE_ABSENT, LAYOUT_FILE_THERE, LAYOUT_FILE_REFUSED } LayoutFile;
LayoutFile layout_find_file(LayoutReading *reading, const char *path);

/* The file name of a numbered script, cut in its parts: 0007_add_berths.up.sql */
typedef struct LayoutName {
    uint64_t number;
    size_t digits;         /* how many the number is written with */
    size_t stem_length;    /* of "0007_add_berths" */
    ProjectScript script;  /* from the word before the extension */
    const char *extension; /* inside the name: "sql" */
} LayoutName;

/* False where `name` is not `digits _ title . up|down|verify|precheck . extension`. */
bool layout_parse_name(const char *name, LayoutName *ret_name) MUST_CHECK;

bool layout_is_sql(const char *name); /* ends in .sql, in any case of letters */

bool layout_ends_in_code(const char *name); /* like a program: .go, .js, .py … */

/* Begins with a number and ends like a program: a step that is not SQL. */
bool layout_is_code(const char *name);

/* Refuse a step that is not SQL, where nothing could be written for it. */
void layout_refuse_code(LayoutReading *reading, const char *folder, const char *name);

/* A step that is not SQL: the migration at the end is what was written in SQL for it, its identity
 * the name without the language's ending. NULL where there is nothing: it is refused. */
LayoutMigration *layout_take_code(LayoutReading *reading, const char *folder, const char *name);

/* The same of a step with a direction in its name, 0007_rehash.up.go, which is one script of its
 * migration: the path of what was written for it, or NULL where it is refused; and of an up, the
 * way back that was written beside it, or NULL. The caller frees. */
char *layout_take_half(LayoutReading *reading, const char *folder, const char *name);
char *layout_take_half_down(LayoutReading *reading, const char *folder, const char *name);

/* Replacements that no migration has are errors. */
void layout_check_replacements(LayoutReading *reading);

/* Refuse migrations of pgroll, which are lists of operations in YAML or JSON and no SQL. ERROR_IO.
 */
bool layout_refuse_pgroll(LayoutReading *reading, Error *err) MUST_CHECK;

/* A folder nobody reads: a warning where it holds SQL. */
bool layout_pass_folder(LayoutReading *reading, const char *folder, Error *err) MUST_CHECK;

/* Leading digits and a number that fits; false otherwise. Leading zeros are part of the form. */
bool layout_parse_number(const char *name, uint64_t *ret_number, size_t *ret_digits) MUST_CHECK;

/* Layouts whose migrations are the numbered .sql files of one folder: `take` is called for each
 * entry that is a file and may be looked at; folders are passed (layout_pass_folder). Afterwards
 * the migrations are in order, and a number that stands twice is an error. */
typedef bool (*LayoutTakeFile)(LayoutReading *reading, const char *file, Error *err);
typedef enum { LAYOUT_BY_NUMBER, LAYOUT_BY_NAME } LayoutOrder;
bool layout_read_numbered(LayoutReading *reading, LayoutTakeFile take, LayoutOrder order,
                          Error *err) MUST_CHECK;

/* Scripts of the migrations so far that hold `mark`, which another program would fill in: each an
 * error "PATH:LINE: `what`". */
bool layout_refuse_mark(LayoutReading *reading, const char *mark, const char *what,
                        const char *hint, Error *err) MUST_CHECK;

/* Migrations without an up go, each with an error. Returns true. */
bool layout_need_ups(LayoutReading *reading);

/* They go with a warning for each script: there is nothing that they would undo. */
void layout_pass_without_up(LayoutReading *reading);

/* They go without a word: the reader has said it. */
void layout_drop_without_up(LayoutReading *reading);

/* The layout says that no script of the migration runs in a transaction. */
void layout_set_no_transaction(ProjectMigration *migration);

/* Add the migration of a numbered file whose name without its ending is the identity:
 * "00001_add_berths.sql". `digits` is how many of it the number has. */
LayoutMigration *layout_add_file(LayoutReading *reading, const char *file, const char *ending,
                                 uint64_t number, size_t digits);

/* `path` (in the project) is no migration, and why: a warning. */
void layout_pass_file(LayoutReading *reading, const char *path, const char *why);

/* A repeatable script called `name`, at `path` in the project; NULL, with an error among the
 * findings, where its name is too long or stands twice. */
ProjectMigration *layout_add_repeat(LayoutReading *reading, const char *name, const char *path);

/* A new migration at the end. */
LayoutMigration *layout_add(LayoutReading *reading, const char *version_folder, uint64_t number);

void layout_migration_done(LayoutMigration *migration);

#endif
