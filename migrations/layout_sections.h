/* Scripts that share a file: an up and its down, told apart by lines that only one tool knows. A
 * reader goes through the file once and says where sections begin and end. */
#ifndef SEALIFT_MIGRATIONS_LAYOUT_SECTIONS_H
#define SEALIFT_MIGRATIONS_LAYOUT_SECTIONS_H

#include "migrations/layout.h"

typedef struct LayoutSections {
    LayoutReading *reading;
    ProjectMigration *migration;
    const char *path;               /* of the file, in the project */
    bool open;                      /* a range is: */
    ProjectScript script;           /* of this script */
    int64_t first;                  /* from this line */
    bool has[PROJECT_SCRIPT_COUNT]; /* the file speaks of this script */
    bool substitutes;               /* goose's ENVSUB is on at the line being read, */
    bool begun_so;                  /* … and was where the open range began */
    bool refused;
} LayoutSections;

/* A range of `script` begins at `line`; the one that is open ends before `until`, which is the
 * mark's own line. */
void layout_sections_begin(LayoutSections *sections, ProjectScript script, int64_t line);
void layout_sections_end(LayoutSections *sections, int64_t until);

/* The file is at its end: close what is open, and let the migration have its down only where the
 * file speaks of one. */
void layout_sections_finish(LayoutSections *sections);

/* An error about a line of the file; what is wrong is said once for each file. */
void layout_sections_refuse(LayoutSections *sections, int64_t line, const char *hint,
                            const char *what);

#endif
