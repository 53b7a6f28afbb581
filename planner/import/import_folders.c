#include "planner/import/import_folders.h"

#include "base/file.h"

void import_folders_done(ImportFolderArray *folders)
{
    array_each (ImportFolder, folder, folders)
        free(folder->name);
    array_free(folders);
}

static bool look_into(const char *folder, const char *name, ImportFolderArray *folders, Error *err)
{
    CLEANUP(project_done) Project project = {0};
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    if (!project_survey_folder(path, "auto", &project, err))
        return false;
    if (project.layout_reason && project.layout != LAYOUT_SEALIFT)
        *array_add(folders) = (ImportFolder){memory_string(name), project.layout};
    return true;
}

bool import_folders_find(const char *folder, ImportFolderArray *ret_folders, Error *err)
{
    CLEANUP(import_folders_done) ImportFolderArray folders = {0};
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries)
        if (entry->kind == FILE_KIND_FOLDER && entry->name[0] != '.' &&
            !look_into(folder, entry->name, &folders, err))
            return false;
    *ret_folders = folders;
    folders = (ImportFolderArray){0};
    return true;
}
