/* The bundles at hand: files and folders that an operator named, each opened as a site opens a
 * bundle (envelope proven, HEAD believed, the manifest hashed and read), and closed again. What
 * they are used for decides what is proven before it (bundle_route.h).
 *
 * A file in a folder that is no bundle of this site's is kept with the reason, and stops nobody who
 * does not need it; one that was named by itself is refused. */
#ifndef SEALIFT_APPLIER_BUNDLE_SHELF_H
#define SEALIFT_APPLIER_BUNDLE_SHELF_H

#include "applier/ledger/history.h"
#include "bundles/manifest.h"
#include "bundles/route.h"

#define SHELF_FILES_MAX 10000 /* looked at in all folders together */

typedef ARRAY_OF(char *) ShelfTextArray;

/* All owned. */
typedef struct ShelfBundle {
    char *path;
    Head head;
    Digest head_digest;
    ShelfTextArray identities;  /* of its migrations, in order … */
    ARRAY_OF(Verdict) verdicts; /* … and of their ways back */
} ShelfBundle;

typedef struct ShelfRefusal {
    char *path;
    ErrorClass class;
    char *why;
} ShelfRefusal;

typedef ARRAY_OF(ShelfBundle) ShelfBundleArray;
typedef ARRAY_OF(ShelfRefusal) ShelfRefusalArray;

typedef struct BundleShelf {
    ShelfBundleArray bundles;  /* of one product, in the order of their paths' names */
    RouteBundleArray chains;   /* one for each; keys are tree digests in hex */
    ShelfRefusalArray refused; /* not trusted, not for this site, damaged, no bundle at all */
    ShelfBundleArray others;   /* of other products than the database's */
    ShelfTextArray texts;      /* what the chains borrow */
} BundleShelf;

void bundle_shelf_done(BundleShelf *shelf); /* accepts a zeroed one */

/* Whether `path` is a folder. */
bool bundle_shelf_is_folder(const char *path);

/* Look at every file named and at every regular file in every folder named. `product_uuid` is that
 * of the database, or NULL where it holds nothing: then all bundles must be of one product
 * (ERROR_USAGE naming two). ERROR_CONFIG where the site trusts nobody, ERROR_IO for a folder that
 * cannot be read; of a file named by itself, site_bundle_open's errors. */
bool bundle_shelf_open(const char *const *paths, size_t count, const char *product_uuid,
                       BundleShelf *ret_shelf, Error *err) MUST_CHECK;

/* Take a bundle off the shelf: it turned out to be damaged. Its reason is `why`, which stays the
 * caller's. */
void bundle_shelf_refuse(BundleShelf *shelf, size_t bundle, const Error *why);

/* One line for each that is refused or of another product: "'x.bundle' is passed over: …". */
void bundle_shelf_words(const BundleShelf *shelf, Text *text);

#endif
