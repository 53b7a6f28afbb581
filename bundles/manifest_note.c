#include "bundles/manifest_note.h"

#include "base/memory.h"
#include "base/sqlite_db.h"
#include "bundles/manifest_rows.h"
#include "bundles/sql/manifest_queries.h"

bool manifest_note_write(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_note, &insert, err))
        return false;
    int64_t ordinal = 0;
    array_each (const ManifestNote, note, &manifest->notes)
        if (!sqlite_db_run(
                insert,
                BINDS(BIND_INT(":ordinal", ++ordinal), BIND_INT(":version", note->version + 1),
                      BIND_INT(":breaking", note->breaking), BIND_TEXT(":title", note->title),
                      BIND_TEXT(":description", note->description),
                      BIND_TEXT(":action", note->action)),
                err))
            return false;
    return true;
}

bool manifest_note_read(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "note", SQL_manifest_read_notes, &rows, err))
        return false;
    size_t last = 0;
    while (rows_next(&rows)) {
        ManifestNote *note = array_add(&manifest->notes);
        rows_expect(&rows, 0, manifest->notes.count);
        note->version = rows_index(&rows, 1, manifest->versions.count);
        note->breaking = rows_flag(&rows, 2);
        note->title = rows_text(&rows, 3, 1, MANIFEST_NOTE_TITLE_MAX);
        note->description = rows_lines(&rows, 4, MANIFEST_NOTE_TEXT_MAX);
        note->action = rows_lines(&rows, 5, MANIFEST_NOTE_TEXT_MAX);
        if (note->version < last)
            rows_refuse(&rows, 1, "does not come after the one before");
        last = note->version;
    }
    return !rows.failed;
}
