#include "applier/runs/bundle_shelf.h"

#include <sys/stat.h>

#include "applier/runs/site_bundle.h"
#include "base/file.h"

static void texts_done(ShelfTextArray *texts)
{
    array_each (char *, text, texts)
        free(*text);
    array_free(texts);
}

static void shelf_bundle_done(ShelfBundle *bundle)
{
    free(bundle->path);
    texts_done(&bundle->identities);
    array_free(&bundle->verdicts);
    *bundle = (ShelfBundle){0};
}

static void shelf_bundles_done(ShelfBundleArray *bundles)
{
    array_each (ShelfBundle, bundle, bundles)
        shelf_bundle_done(bundle);
    array_free(bundles);
}

void bundle_shelf_done(BundleShelf *shelf)
{
    shelf_bundles_done(&shelf->bundles);
    shelf_bundles_done(&shelf->others);
    array_each (RouteBundle, chain, &shelf->chains)
        route_bundle_done(chain);
    array_free(&shelf->chains);
    array_each (ShelfRefusal, refusal, &shelf->refused) {
        free(refusal->path);
        free(refusal->why);
    }
    array_free(&shelf->refused);
    texts_done(&shelf->texts);
}

bool bundle_shelf_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* --- chains ---------------------------------------------------------------------------------- */

static const char *keep(BundleShelf *shelf, const char *text)
{
    char **kept = array_add(&shelf->texts);
    *kept = memory_string(text);
    return *kept;
}

static const char *keep_tree(BundleShelf *shelf, const Digest *tree)
{
    char hex[DIGEST_HEX_SIZE];
    return keep(shelf, digest_hex(tree, hex));
}

/* `number` is the index into versions plus 1; 0: the start. */
static void add_superseded(BundleShelf *shelf, const Manifest *manifest, size_t number,
                           RouteVersion *version)
{
    array_each (const ManifestSuperseded, superseded, &manifest->superseded) {
        if (superseded->version != number)
            continue;
        const char *key = keep_tree(shelf, &superseded->tree_digest);
        *array_add(&version->replaced) = key;
        if (superseded->same_schema)
            *array_add(&version->same) = key;
    }
}

static void add_chain(BundleShelf *shelf, const Manifest *manifest)
{
    RouteBundle *chain = array_add(&shelf->chains);
    const Head *head = &manifest->head;
    chain->sequence = head->sequence;
    RouteVersion *start = array_add(&chain->versions);
    *start = (RouteVersion){.name = keep(shelf, head->covers_from),
                            .key = keep(shelf, head->tree_from),
                            .position = manifest->start.position};
    add_superseded(shelf, manifest, 0, start);
    for (size_t i = 0; i < manifest->versions.count; i++) {
        const ManifestVersion *from = &manifest->versions.items[i];
        RouteVersion *version = array_add(&chain->versions);
        *version = (RouteVersion){.name = keep(shelf, from->name),
                                  .key = keep_tree(shelf, &from->tree_digest),
                                  .stop = from->stop,
                                  .least = manifest_least_start(manifest, i),
                                  .position = from->position + (int64_t)from->migration_count};
        add_superseded(shelf, manifest, i + 1, version);
    }
}

/* --- files ----------------------------------------------------------------------------------- */

/* What is being filled, passed along. */
typedef struct Filling {
    BundleShelf *shelf;
    const char *product_uuid; /* NULL until one is known */
    size_t files;
} Filling;

static void add_refusal(BundleShelf *shelf, const char *path, const Error *why)
{
    *array_add(&shelf->refused) = (ShelfRefusal){
        .path = memory_string(path), .class = why->class, .why = memory_string(why->message)};
}

static bool add_other(BundleShelf *shelf, const char *path, const Head *head)
{
    *array_add(&shelf->others) = (ShelfBundle){.path = memory_string(path), .head = *head};
    return true;
}

static bool two_products(const ShelfBundle *first, const Head *head, Error *err)
{
    error_set(err, ERROR_USAGE,
              "there are bundles of two products, %s and %s, and the database is "
              "neither's yet",
              first->head.product, head->product);
    return error_hint(err, "name the bundles of one of them");
}

static bool add_file(Filling *filling, const char *path, Error *err)
{
    BundleShelf *shelf = filling->shelf;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    const Manifest *manifest = NULL;
    if (!site_bundle_open(path, &bundle, err))
        return false;
    const EnvelopeProof *proof = bundle_reader_proof(bundle.reader);
    if (filling->product_uuid && strcmp(proof->head.product_uuid, filling->product_uuid) != 0)
        return add_other(shelf, path, &proof->head);
    array_each (const ShelfBundle, other, &shelf->bundles) {
        if (strcmp(other->head.product_uuid, proof->head.product_uuid) != 0)
            return two_products(other, &proof->head, err);
        if (digest_equal(&other->head_digest, &proof->head_digest))
            return true; /* the same bundle once more */
    }
    if (!bundle_reader_manifest(bundle.reader, &manifest, err))
        return false;
    ShelfBundle *seen = array_add(&shelf->bundles);
    *seen = (ShelfBundle){
        .path = memory_string(path), .head = proof->head, .head_digest = proof->head_digest};
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        *array_add(&seen->identities) = memory_string(migration->identity);
        *array_add(&seen->verdicts) = migration->verdict;
    }
    add_chain(shelf, manifest);
    return true;
}

/* What keeps every bundle from being opened, or from being told apart, is no file's own fault. */
static bool is_fatal(const Error *err)
{
    return err->class == ERROR_CONFIG || err->class == ERROR_USAGE || err->class == ERROR_INTERNAL;
}

static bool add_folder(Filling *filling, const char *folder, Error *err)
{
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(folder, &entries, err))
        return false;
    array_each (const FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        CLEANUP(error_done) Error failure = {0};
        struct stat status;
        if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (++filling->files > SHELF_FILES_MAX)
            return error_set(err, ERROR_USAGE, "'%s' holds more than %d files", folder,
                             SHELF_FILES_MAX);
        if (add_file(filling, path, &failure))
            continue;
        if (is_fatal(&failure))
            return error_move(err, &failure);
        add_refusal(filling->shelf, path, &failure);
    }
    return true;
}

bool bundle_shelf_open(const char *const *paths, size_t count, const char *product_uuid,
                       BundleShelf *ret_shelf, Error *err)
{
    CLEANUP(bundle_shelf_done) BundleShelf shelf = {0};
    Filling filling = {.shelf = &shelf, .product_uuid = product_uuid};
    for (size_t i = 0; i < count; i++)
        if (!(bundle_shelf_is_folder(paths[i]) ? add_folder : add_file)(&filling, paths[i], err))
            return false;
    *ret_shelf = shelf;
    shelf = (BundleShelf){0};
    return true;
}

void bundle_shelf_refuse(BundleShelf *shelf, size_t bundle, const Error *why)
{
    ShelfBundleArray *bundles = &shelf->bundles;
    RouteBundleArray *chains = &shelf->chains;
    add_refusal(shelf, bundles->items[bundle].path, why);
    shelf_bundle_done(&bundles->items[bundle]);
    route_bundle_done(&chains->items[bundle]);
    bundles->count--;
    chains->count--;
    memmove(&bundles->items[bundle], &bundles->items[bundle + 1],
            (bundles->count - bundle) * sizeof(*bundles->items));
    memmove(&chains->items[bundle], &chains->items[bundle + 1],
            (chains->count - bundle) * sizeof(*chains->items));
}

void bundle_shelf_words(const BundleShelf *shelf, Text *text)
{
    array_each (const ShelfRefusal, refusal, &shelf->refused)
        text_addf(text, "'%s' is passed over: %s\n", refusal->path, refusal->why);
    array_each (const ShelfBundle, other, &shelf->others)
        text_addf(text, "'%s' is passed over: it is of product %s\n", other->path,
                  other->head.product);
}
