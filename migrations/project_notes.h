/* What a version's people should read before it comes: `notes/VERSION.md` beside sealift.conf.
 *
 *     ## Breaking: the column berth is renamed
 *     Words about it, as many lines as it takes.
 *     Action: restart the API with BERTHS=2
 *
 * A heading of the second level begins a note; `Breaking:` before its title marks a change that
 * something outside the database must follow, and needs an action. What stands behind `Action:`, to
 * the end of the note, is what to do. Headings of the first level are skipped; other text stands
 * below a note. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_NOTES_H
#define SEALIFT_MIGRATIONS_PROJECT_NOTES_H

#include <stdbool.h>

#include "base/array.h"
#include "base/error.h"

#define PROJECT_NOTES_FOLDER   "notes"
#define PROJECT_NOTES_MAX      100
#define PROJECT_NOTE_TITLE_MAX 200  /* bytes */
#define PROJECT_NOTE_TEXT_MAX  4000 /* bytes, of description and action each */

typedef struct ProjectNote {
    bool breaking;
    char *title;       /* owned, never empty */
    char *description; /* owned; may be empty; lines end in LF, but for the last */
    char *action;      /* owned; likewise */
} ProjectNote;

typedef ARRAY_OF(ProjectNote) ProjectNoteArray;

void project_notes_done(ProjectNoteArray *notes);

/* The notes of a version; none where it has no file. ERROR_INPUT "notes/VERSION.md:LINE: …". */
bool project_notes_read(const char *root, const char *version, ProjectNoteArray *ret_notes,
                        Error *err) MUST_CHECK;

#endif
