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
    LayoutFolderArray folders; /* version folders in order, each owned */
    ARRAY_OF(LayoutMigration) migrations;
    FindingArray *findings; /* borrowed */
} LayoutReading;

void layout_reading_done(LayoutReading *reading);

/* Fill folders and migrations. Errors: ERROR_IO; ERROR_INPUT for a metadata.toml over 64 KiB. */
bool layout_read_sealift(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_golang_migrate(LayoutReading *reading, Error *err) MUST_CHECK;
bool layout_read_diesel(LayoutReading *reading, Error *err) MUST_CHECK;

/* Which layout the folder has: diesel where a folder holds up.sql; golang-migrate where numbered
 * scripts do not fit ours (NNNN with four digits, the same slug up and down); else ours. */
bool layout_detect(const char *root, const char *folder, Layout *ret_layout, Error *err) MUST_CHECK;

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

/* A new migration at the end. */
LayoutMigration *layout_add(LayoutReading *reading, const char *version_folder, uint64_t number);

void layout_migration_done(LayoutMigration *migration);

#endif
