#include "applier/rehearsal/rehearsal_seeds.h"

#include "base/file.h"
#include "base/memory.h"

void rehearsal_seeds_done(RehearsalSeeds *seeds)
{
    array_each (RehearsalSeed, seed, &seeds->items)
        rehearsal_script_done(&seed->script);
    array_free(&seeds->items);
}

/* `identity` with "__" for each '/', as a file's name; the caller frees. */
static char *stem_of(const char *identity)
{
    Text stem = {0};
    for (; *identity; identity++) {
        if (*identity == '/')
            text_add(&stem, "__");
        else
            text_add_char(&stem, *identity);
    }
    return text_take(&stem);
}

/* Whom the file is for; false where it is for nobody. */
static bool find_owner(const Manifest *manifest, const char *stem, RehearsalSeed *seed)
{
    array_each (ManifestMigration, migration, &manifest->migrations) {
        CLEANUP(memory_freep) char *own = stem_of(migration->identity);
        if (strcmp(own, stem) == 0) {
            seed->migration = migration;
            return true;
        }
    }
    size_t version = manifest_find_version(manifest, stem);
    if (version != SIZE_MAX)
        seed->version = &manifest->versions.items[version];
    return version != SIZE_MAX;
}

static bool read_seed(const char *folder, const char *name, const Manifest *manifest,
                      RehearsalSeeds *seeds, Error *err)
{
    CLEANUP(memory_freep)
    char *stem =
        memory_string_n(name, strlen(name) - (text_has_suffix(name, ".sql") ? strlen(".sql") : 0));
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    RehearsalSeed seed = {0};
    if (!text_has_suffix(name, ".sql") || !find_owner(manifest, stem, &seed)) {
        error_set(err, ERROR_INPUT, "seed script '%s' is of no migration and no version", path);
        return error_hint(err, "name it <identity>.sql or <version>.sql, with '__' for a '/'");
    }
    if (!rehearsal_script_read("seed script", path, &seed.script, err))
        return false;
    *array_add(&seeds->items) = seed;
    return true;
}

bool rehearsal_seeds_read(const char *folder, const Manifest *manifest, RehearsalSeeds *ret_seeds,
                          Error *err)
{
    CLEANUP(rehearsal_seeds_done) RehearsalSeeds seeds = {0};
    FileEntryArray entries = {0};
    if (folder && !file_list(folder, &entries, err))
        return false;
    bool good = true;
    array_each (FileEntry, entry, &entries)
        good = good && read_seed(folder, entry->name, manifest, &seeds, err);
    file_entries_free(&entries);
    if (!good)
        return false;
    *ret_seeds = seeds;
    seeds = (RehearsalSeeds){0};
    return true;
}

bool rehearsal_seeds_run(const RehearsalSeeds *seeds, PgSession *session,
                         const ManifestMigration *migration, const ManifestVersion *version,
                         Error *err)
{
    array_each (RehearsalSeed, seed, &seeds->items) {
        bool meant = migration ? seed->migration == migration : seed->version == version;
        if (meant && !rehearsal_script_run(&seed->script, session, err))
            return false;
    }
    return true;
}
