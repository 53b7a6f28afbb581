/* libFuzzer target for the readers of migration folders. The input is files, each a name up to a
 * line end and bytes up to a NUL; they are written into a folder in memory, and the project is
 * surveyed with every layout, named and found. Checked: each file is read, ignored or refused, with
 * a reason where it is not read; migrations have an identity of their own and an up that is there;
 * versions hold their migrations one behind the other.
 *
 *     make fuzz && tests/fuzz/seeds.sh SEEDS && build/fuzz/fuzz/layouts_fuzz -max_len=8192 SEEDS */
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "migrations/project_files.h"

#define CONFIG     "[product]\nname = shop\nuuid = 0b2f1d52-7f4c-4f3f-9d0a-0a3c0f0c8e11\n[migrations]\n"
#define FILES_MAX  24
#define FOLDER_MAX 4 /* levels */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char root[64];
static char migrations[80];

static void check(bool holds)
{
    if (!holds)
        abort();
}

static int remove_one(const char *path, const struct stat *status UNUSED, int kind UNUSED,
                      struct FTW *walk UNUSED)
{
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_root(void)
{
    remove_folder(root);
}

static void make_root(void)
{
    if (*root)
        return;
    snprintf(root, sizeof(root), "%s",
             file_is_folder("/dev/shm") ? "/dev/shm/sealift-fuzz-XXXXXX"
                                        : "/tmp/sealift-fuzz-XXXXXX");
    check(mkdtemp(root) != NULL);
    snprintf(migrations, sizeof(migrations), "%s/migrations", root);
    atexit(remove_root);
}

/* --- the folder ------------------------------------------------------------------------------ */

/* Names that stay in the folder and that the file system takes. */
static bool is_usable(const char *name)
{
    size_t levels = 1;
    if (!*name || strlen(name) > 300)
        return false;
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += *at == '/';
        size_t length = strcspn(at, "/");
        if (!length || length > 255 || strncmp(at, ".", length) == 0 ||
            strncmp(at, "..", length) == 0 || levels++ > FOLDER_MAX)
            return false;
        at += length;
        if (!*at)
            break;
    }
    return true;
}

static bool write_one(const char *name, const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(memory_freep) char *path = file_path(migrations, name);
    CLEANUP(memory_freep) char *parent = file_folder_of(path);
    /* one name may be a file and the folder of another */
    if (file_exists(path) || !file_make_folders(parent, 0755, &ignored))
        return false;
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    check(fwrite(bytes, 1, size, file) == size);
    check(fclose(file) == 0);
    return true;
}

/* How many files were written. */
static size_t write_files(const uint8_t *bytes, size_t size)
{
    size_t written = 0, at = 0;
    for (size_t i = 0; i < FILES_MAX && at < size; i++) {
        const uint8_t *line = memchr(bytes + at, '\n', size - at);
        if (!line)
            break;
        CLEANUP(memory_freep)
        char *name = memory_string_n((const char *)bytes + at, (size_t)(line - (bytes + at)));
        size_t begin = (size_t)(line - bytes) + 1;
        const uint8_t *end = memchr(bytes + begin, '\0', size - begin);
        size_t length = end ? (size_t)(end - (bytes + begin)) : size - begin;
        written += is_usable(name) && write_one(name, bytes + begin, length);
        at = begin + length + 1;
    }
    return written;
}

static void write_config(const char *layout)
{
    CLEANUP(memory_freep) char *path = file_path(root, PROJECT_CONFIG_NAME);
    FILE *file = fopen(path, "we");
    check(file && fprintf(file, CONFIG "layout = %s\n", layout) > 0 && fclose(file) == 0);
}

/* --- what must hold -------------------------------------------------------------------------- */

static void check_files(const Project *project, size_t written)
{
    CLEANUP(project_files_done) ProjectFileArray files = {0};
    CLEANUP(error_done) Error err = {0};
    check(project_files_list(project, &files, &err));
    /* of sqitch's folder only what is sqitch's */
    check(project->layout == LAYOUT_SQITCH ? files.count <= written : files.count == written);
    array_each (const ProjectFile, file, &files)
        check(file->fate == PROJECT_FILE_READ || (file->reason && *file->reason));
}

static void check_migration(const Project *project, const ProjectMigration *migration)
{
    check(migration->identity && *migration->identity && migration->title);
    check(migration->scripts[PROJECT_UP] != NULL);
    for (int which = 0; which < PROJECT_SCRIPT_COUNT; which++) {
        CLEANUP(script_done) Script script = {0};
        CLEANUP(error_done) Error err = {0};
        CLEANUP(memory_freep)
        char *path = project_script_path(project, migration, (ProjectScript)which);
        if (!path)
            continue;
        check(file_exists(path));
        if (!project_script_read(project, migration, (ProjectScript)which, /* sink= */ NULL,
                                 &script, &err))
            check(err.class == ERROR_INPUT);
    }
}

static void check_order(const Project *project)
{
    size_t next = 0;
    array_each (const ProjectVersion, version, &project->versions) {
        check(version->first_migration == next);
        next += version->migration_count;
    }
    check(next <= project->migrations.count);
    for (size_t i = 0;
         findings_error_count(&project->findings) == 0 && i < project->migrations.count; i++)
        for (size_t j = 0; j < i; j++)
            check(strcmp(project->migrations.items[i].identity,
                         project->migrations.items[j].identity) != 0);
}

static void survey(const char *layout, size_t written)
{
    CLEANUP(project_done) Project project = {0};
    CLEANUP(error_done) Error err = {0};
    write_config(layout);
    if (!project_survey(root, &project, &err)) {
        /* a sqitch.plan that is not there is the one file that must be; a sqitch.conf is enough to
         * find the layout */
        check(err.class == ERROR_INPUT ||
              (err.class == ERROR_IO &&
               (strcmp(layout, layout_name(LAYOUT_SQITCH)) == 0 || strcmp(layout, "auto") == 0)));
        return;
    }
    check_files(&project, written);
    check_order(&project);
    array_each (const ProjectMigration, migration, &project.migrations)
        check_migration(&project, migration);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP(error_done) Error err = {0};
    make_root();
    remove_folder(migrations);
    check(file_make_folders(migrations, 0755, &err));
    size_t written = write_files(bytes, size);
    survey("auto", written);
    for (int layout = 0; layout < LAYOUT_COUNT; layout++)
        survey(layout_name((Layout)layout), written);
    return 0;
}
