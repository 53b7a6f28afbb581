/* The readers of the layouts, behind project.h: what stands in the migration folder, in the order
 * of the layout, before anybody asks what is released. What they refuse becomes an error among the
 * findings and reading goes on; only a folder that cannot be read ends it. */
#ifndef SEALIFT_MIGRATIONS_LAYOUT_H
#define SEALIFT_MIGRATIONS_LAYOUT_H

#include <stdint.h>

#include "base/file.h"
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

typedef struct LayoutReading {
    const char *root;   /* of the project; borrowed */
    const char *folder; /* of the migrations, from the root; borrowed */
    bool flat;
    bool planned; /* the versions' order is the layout's own, whatever their names say */
    LayoutFolderArray folders; /* version folders in order, each owned */
    ARRAY_OF(LayoutMigration) migrations;
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

/* Which layout the folder has (layout_detect.c says by what), and the file that shows it, in words
 * for people: "'migrations/00001_a.sql' holds '-- +goose Up'". The caller frees *ret_reason. An
 * empty folder is ours. */
bool layout_detect(const char *root, const char *folder, Layout *ret_layout, char **ret_reason,
                   Error *err) MUST_CHECK;

/* Whether a line of a script speaks of the layout: a mark where an up begins. */
bool layout_dbmate_marks(const char *line);
bool layout_goose_marks(const char *line);
bool layout_node_pg_marks(const char *line);
bool layout_sqlx_marks(const char *first_line);

/* Whether a file's name is flyway's: V1.2__name.sql. */
bool layout_flyway_names(const char *name);

/* What the readers share. `folder` is always the path from the project's root. */

/* The entries of a folder of the project. */
bool layout_list(const char *root, const char *folder, FileEntryArray *ret_entries,
                 Error *err) MUST_CHECK;

/* Whether the entry is to be looked at: hidden ones are not; links and bad names are findings. */
bool layout_takes(LayoutReading *reading, const char *folder, const FileEntry *entry);

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

/* Begins with a number and ends like a program (.go, .js, .py …): a step that is not SQL. */
bool layout_is_code(const char *name);

/* Refuse a step that is not SQL. */
void layout_refuse_code(LayoutReading *reading, const char *folder, const char *name);

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

/* Migrations without an up go, each with an error. Returns true. */
bool layout_need_ups(LayoutReading *reading);

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

/* A new migration at the end. */
LayoutMigration *layout_add(LayoutReading *reading, const char *version_folder, uint64_t number);

void layout_migration_done(LayoutMigration *migration);

#endif
