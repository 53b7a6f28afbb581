/* A project in a temporary folder, made file by file. Include behind cmocka's headers. */
#ifndef SEALIFT_TESTS_PROJECT_FOLDER_H
#define SEALIFT_TESTS_PROJECT_FOLDER_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define FOLDER_CONFIG "[product]\nname = shop\nuuid = 0b2f1d52-7f4c-4f3f-9d0a-0a3c0f0c8e11\n"

typedef struct ProjectFolder {
    char path[64];
} ProjectFolder;

static int folder_remove_one(const char *path, const struct stat *status UNUSED, int kind UNUSED,
                             struct FTW *walk UNUSED)
{
    return remove(path);
}

static UNUSED void folder_done(ProjectFolder *folder)
{
    nftw(folder->path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static UNUSED void folder_write(const ProjectFolder *folder, const char *name, const char *bytes)
{
    Error err = {0};
    char *path = file_path(folder->path, name);
    char *parent = file_folder_of(path);
    assert_true(file_make_folders(parent, 0755, &err));
    assert_true(file_write_atomic(path, 0644, bytes, strlen(bytes), &err));
    free(parent);
    free(path);
}

static UNUSED void folder_remove(const ProjectFolder *folder, const char *name)
{
    char *path = file_path(folder->path, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

/* A project with these files in its migration folder, each with one harmless statement. */
static UNUSED ProjectFolder folder_new(const char *layout, const char *const *files, size_t count)
{
    ProjectFolder folder = {"/tmp/sealift-project-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    char *config = memory_format(FOLDER_CONFIG "[migrations]\nlayout = %s\n", layout);
    folder_write(&folder, "sealift.conf", config);
    folder_write(&folder, "migrations/.gitkeep", "");
    free(config);
    for (size_t i = 0; i < count; i++) {
        char *path = file_path("migrations", files[i]);
        folder_write(&folder, path, "SELECT 1;\n");
        free(path);
    }
    return folder;
}

#endif
