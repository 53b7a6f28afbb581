#include "applier/rehearsal/rehearsal_setup.h"

#include "base/file.h"
#include "base/text.h"

void rehearsal_setup_done(RehearsalSetup *setup)
{
    array_each (RehearsalScript, script, &setup->scripts)
        rehearsal_script_done(script);
    array_free(&setup->scripts);
}

static bool read_one(const char *folder, const char *name, RehearsalSetup *setup, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    RehearsalScript script;
    if (!text_has_suffix(name, ".sql"))
        return error_set(err, ERROR_INPUT, "'%s' is no setup script: its name does not end in .sql",
                         path);
    if (!rehearsal_script_read("setup script", path, &script, err))
        return false;
    *array_add(&setup->scripts) = script;
    return true;
}

bool rehearsal_setup_read(const char *folder, RehearsalSetup *ret_setup, Error *err)
{
    CLEANUP(rehearsal_setup_done) RehearsalSetup setup = {0};
    FileEntryArray entries = {0};
    bool good = !folder || file_list(folder, &entries, err);
    array_each (const FileEntry, entry, &entries)
        good = good && read_one(folder, entry->name, &setup, err);
    file_entries_free(&entries);
    if (!good)
        return false;
    *ret_setup = setup;
    setup = (RehearsalSetup){0};
    return true;
}

bool rehearsal_setup_run(const RehearsalSetup *setup, PgSession *session, Error *err)
{
    array_each (const RehearsalScript, script, &setup->scripts)
        if (!rehearsal_script_run(script, session, err))
            return false;
    return true;
}
