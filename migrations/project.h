/* A vendor's project: sealift.conf, the migration folder in whichever layout, and what sealift.sum
 * says is released. Reading gives one total order of migrations, grouped into versions. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_H
#define SEALIFT_MIGRATIONS_PROJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "migrations/finding.h"
#include "migrations/project_values.h"
#include "migrations/script.h"
#include "migrations/sum_file.h"

#define PROJECT_CONFIG_NAME "sealift.conf"
#define PROJECT_SUM_NAME    "sealift.sum"

typedef enum {
    LAYOUT_SEALIFT,        /* VERSION/NNNN_slug.up.sql …, or the same files in one flat folder */
    LAYOUT_GOLANG_MIGRATE, /* N_title.up.sql / N_title.down.sql */
    LAYOUT_DIESEL,         /* VERSION_name/up.sql, down.sql, metadata.toml */
    LAYOUT_DBMATE,         /* N_name.sql with lines `-- migrate:up`, `-- migrate:down` */
    LAYOUT_GOOSE,          /* N_name.sql with lines `-- +goose Up`, `-- +goose Down` */
    LAYOUT_NODE_PG,        /* N_name.sql with comments `-- Up Migration`, `-- Down Migration` */
    LAYOUT_SQLX,           /* N_name.sql one way, or N_name.up.sql and .down.sql */
    LAYOUT_PRISMA,         /* STAMP_name/migration.sql, maybe down.sql */
    LAYOUT_FLYWAY,         /* V1.2__name.sql, U1.2__name.sql */
    LAYOUT_SQITCH,         /* sqitch.plan; deploy/, revert/, verify/; tags are versions */
    LAYOUT_GRAPHILE,       /* committed/NNNNNN-slug.sql, a chain of hashes */
    LAYOUT_ATLAS,          /* VERSION_name.sql, atlas.sum */
    LAYOUT_LIQUIBASE,      /* changesets in files that begin with `--liquibase formatted sql` */
    LAYOUT_TEMPORAL,       /* vX.Y/manifest.json and the files that it lists */
    LAYOUT_POPX,           /* VERSION_name[.dialect][.autocommit].up.sql and .down.sql */
    /* 9/01_name.sql, 99/01_name.sql */
    LAYOUT_NUMBERED_FOLDERS,
    LAYOUT_PSQL,     /* NAME.sql in the order of a main file, or of the names */
    LAYOUT_REFINERY, /* V1__name.sql, U1__name.sql */
} Layout;
#define LAYOUT_COUNT 18
#define LAYOUT_NAMES                                                                               \
    "sealift|golang-migrate|diesel|dbmate|goose|node-pg-migrate|sqlx|prisma|flyway|sqitch"         \
    "|graphile-migrate|atlas|liquibase|temporal|popx|numbered-folders|psql|refinery"

const char *layout_name(Layout layout);
bool layout_parse(const char *name, Layout *ret_layout) MUST_CHECK;

/* sealift.conf; all texts owned, never NULL once read (defaults filled in) unless said. */
typedef struct ProjectConfig {
    char *product;      /* [product] name */
    char *product_uuid; /* [product] uuid */
    char *layout;       /* [migrations] layout: auto, or a layout's name; default auto */
    char *folder;       /* [migrations] folder; default migrations */
    char *main;         /* [migrations] main: psql's file of \i lines, in folder; default "" */
    char *placeholders; /* [migrations] placeholders: auto, or a syntax's name; default auto */
    char *search_path;  /* [database] search-path; default public */
    char *server_min;   /* [database] server-min; default 13 */
    char *server_max;   /* [database] server-max; default 18 */
    char
        *extensions; /* [database] extensions: name or name>=version, comma-separated; default "" */
    char *channel;   /* [bundle] channel; default main */
    char *sites;     /* [bundle] sites; default * */
    char *environment;   /* [bundle] environment; default * */
    char *keyring;       /* [bundle] keyring: file of keyring records; default keyring.txt */
    char *next_expected; /* [bundle] next-expected: a time or -; default - */
    char *pg_bin;        /* [rehearsal] pg-bin: folders of servers, comma-separated; default "" */
    char *setup;         /* [rehearsal] setup: file or folder of what is there before; default "" */
    char *seeds;         /* [rehearsal] seeds: folder of seed scripts; default "" (none) */
    char *rehearsal_rows; /* [rehearsal] rows: generated per empty table; default 50 */
    char *scope;    /* [fingerprint] scope: schemas, comma-separated, sorted; default "" (all) */
    char *tolerate; /* [fingerprint] tolerate: kind:glob, comma-separated; default "" */
    ProjectValueArray values; /* [value NAME] sections */
    char *history_keep;       /* [foreign-history] keep: true or false; default false */
    char *liquibase_contexts; /* [liquibase] contexts: names, or *; default "" (not said) */
    char *liquibase_labels;   /* [liquibase] labels: an expression, or *; default "" (not said) */
    char
        *liquibase_version; /* [liquibase] version: whose rows are written; default "" (not said) */
    char *liquibase_folder; /* [liquibase] folder: the migrations' on liquibase's search path, . for
                               that itself; default "" (not said) */
    char *history_table; /* [foreign-history] table: NAME or SCHEMA.NAME; default "" (the tool's) */
} ProjectConfig;

/* The four scripts a migration may have, in the order of bundles' ScriptKind. */
typedef enum { PROJECT_UP, PROJECT_DOWN, PROJECT_VERIFY, PROJECT_PRECHECK } ProjectScript;
#define PROJECT_SCRIPT_COUNT 4

typedef struct ProjectMigration {
    char *identity; /* owned: no folder of a version, no extension */
    char *title;    /* owned: what slugs are made from */
    char *repeat;   /* owned: of a repeatable script its name (project_repeats.h); else NULL */
    char *scripts[PROJECT_SCRIPT_COUNT]; /* owned: path relative to the project, or NULL */
    ScriptRangeArray ranges[PROJECT_SCRIPT_COUNT]; /* its lines there; empty: the whole file */
    bool no_transaction[PROJECT_SCRIPT_COUNT];     /* said by the layout (diesel's metadata.toml) */
    bool verbatim[PROJECT_SCRIPT_COUNT]; /* said by the layout: no values are put into it */
    int64_t version;                     /* index into versions; -1: pending in a flat layout */
    bool released;                       /* stands in sealift.sum */
    Digest sum_digest;                   /* where released: what sealift.sum says */
} ProjectMigration;

typedef struct ProjectVersion {
    char *name; /* owned */
    bool released;
    bool stop;                         /* released as a required stop */
    char *min_compatible;              /* owned: on the line, before this one; or NULL. Where it
                                          is pending: what its layout says of it */
    char *history;                     /* owned: whose history it keeps, a mark of
                                        * foreign_history.h; or NULL: nobody's */
    SumSupersededArray superseded;     /* owned: versions that this one took the place of */
    char released_at[CLOCK_TEXT_SIZE]; /* where released */
    size_t first_migration;            /* index into migrations */
    size_t migration_count;
} ProjectVersion;

typedef ARRAY_OF(ProjectMigration) ProjectMigrationArray;
typedef ARRAY_OF(ProjectVersion) ProjectVersionArray;

typedef struct Project {
    char *root; /* owned: the folder that holds sealift.conf */
    ProjectConfig config;
    Layout layout;
    char *layout_reason; /* owned: by what it was recognised; NULL where sealift.conf names it */
    bool flat;           /* no version folders */
    ProjectMigrationArray repeats;    /* repeatable scripts as they stand: layout.h */
    ARRAY_OF(char *) places;          /* owned: layout.h, LayoutReading.places */
    char *history;                    /* owned: the mark of what is released next; NULL: none */
    ProjectVersionArray versions;     /* the line, in order; released ones first */
    ProjectMigrationArray migrations; /* in order of application */
    SumFile sum;                      /* as it stands, superseded versions included */
    FindingArray findings; /* errors only after project_survey; warnings: strays and the like */
} Project;

void project_done(Project *project);
void project_migration_done(ProjectMigration *migration);

/* "up", "down", "verify", "precheck". */
const char *project_script_name(ProjectScript script);

/* sealift.conf of the project at `root`, checked, defaults filled in. ERROR_CONFIG. */
bool project_config_read(const char *root, ProjectConfig *ret_config, Error *err) MUST_CHECK;
void project_config_done(ProjectConfig *config);

/* Whether it may stand there as the folder of migrations. */
bool project_config_folder_is_valid(const char *folder);

/* All defaults, as of a file that says nothing. */
void project_config_defaults(ProjectConfig *ret_config);

/* A key's text where it is not the default; NULL otherwise, and where there is no such key.
 * Borrowed. */
const char *project_config_given(const ProjectConfig *config, const char *section, const char *key);

/* Read everything but the scripts' contents. Checks names, duplicates, order, and that what is
 * released is still there, in the same order and version, with nothing inserted before the end of
 * the released part (ERROR_INPUT naming the migration). Whether a released script was *edited* is
 * the planner's check (planner/project_digests), which must read the scripts. ERROR_CONFIG for
 * sealift.conf. */
bool project_read(const char *root, Project *ret_project, Error *err) MUST_CHECK;

/* As project_read, but what would be ERROR_INPUT in names, duplicates and the released part becomes
 * an error among the findings, and reading goes on. For commands that show everything. */
bool project_survey(const char *root, Project *ret_project, Error *err) MUST_CHECK;

/* As project_survey, of a migration folder without sealift.conf: every setting has its default, and
 * the product no name. `layout` is auto or a layout's name. */
bool project_survey_folder(const char *folder, const char *layout, Project *ret_project,
                           Error *err) MUST_CHECK;

/* The absolute or root-relative path of a script for opening. The caller frees. */
char *project_script_path(const Project *project, const ProjectMigration *migration,
                          ProjectScript script);

/* How its scripts refer to values: [migrations] placeholders, or what its layout's tool has. */
ScriptSyntax project_script_syntax(const Project *project);

/* What script_read wants of a script that is there; `path` is project_script_path's, and both are
 * borrowed. */
ScriptFile project_script_file(const Project *project, const ProjectMigration *migration,
                               ProjectScript which, const char *path);

/* Read a script that is there, as script_read does. */
bool project_script_read(const Project *project, const ProjectMigration *migration,
                         ProjectScript which, const ScriptSink *sink, Script *ret_script,
                         Error *err) MUST_CHECK;

/* Order of version names: runs of digits by number, 1.9 before 1.10, a pre-release (1.0-rc1) before
 * its release. Negative, zero, positive. */
int project_compare_versions(const char *a, const char *b);

#endif
