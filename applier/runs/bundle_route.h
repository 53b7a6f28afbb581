/* From where a database stands to a version, by the bundles at hand (bundles/route.h has the law):
 * the route, which of its bundles are proven to the last byte, or words that name what is missing.
 */
#ifndef SEALIFT_APPLIER_BUNDLE_ROUTE_H
#define SEALIFT_APPLIER_BUNDLE_ROUTE_H

#include "applier/runs/bundle_shelf.h"

typedef enum {
    BUNDLE_ROUTE_LEADS,      /* there is something to do, and the route leads there */
    BUNDLE_ROUTE_CURRENT,    /* the database is there */
    BUNDLE_ROUTE_AHEAD,      /* … or beyond it */
    BUNDLE_ROUTE_MISSING,    /* bundles are missing */
    BUNDLE_ROUTE_DIVERGED,   /* no bundle at hand knows the line that the database is on */
    BUNDLE_ROUTE_STOP,       /* a required stop lies before the version that was asked for */
    BUNDLE_ROUTE_NO_VERSION, /* no bundle at hand holds the version that was asked for */
    BUNDLE_ROUTE_NO_BUNDLE,  /* there is none that could be used */
} BundleRouteState;

typedef struct BundleRoute {
    BundleRouteState state;
    Route route; /* to `to`; all legs */
    size_t now;  /* how many of them one call of apply runs: the rest lies behind a required stop */
    char *from;  /* owned: name of what the database stands at, or "-" */
    char *to;    /* owned: name of the target, or NULL where none is known */
    char *reached;    /* owned: name of the version that `now` legs come to */
    char *halt;       /* owned: why not all legs are run now, in words; or NULL */
    ErrorClass class; /* of what stands in the way, where that is a bundle that is refused */
    char *words;      /* owned: why not, where it neither leads there nor is there */
    char *hint;       /* owned, or NULL */
} BundleRoute;

void bundle_route_done(BundleRoute *route); /* accepts a zeroed one */

/* Find it. `to_version` NULL: the newest that is at hand, and as far as one go may lead; asked for
 * by name, a required stop before it is BUNDLE_ROUTE_STOP. A database that stands inside a version
 * begins with the bundle that brought it there, where that is at hand. */
void bundle_route_find(const BundleShelf *shelf, const History *history, const char *to_version,
                       BundleRoute *ret_route);

/* The same, and every byte of the bundles of the legs that run now is proven. One that is damaged
 * is taken off the shelf, and the route is looked for again without it. */
void bundle_route_find_proven(BundleShelf *shelf, const History *history, const char *to_version,
                              BundleRoute *ret_route);

/* What stands in the way as an error; what was passed over is its detail. ERROR_USAGE for an
 * unknown version, the class of the first refusal where no bundle is left, else ERROR_TARGET. True
 * where the route leads there or the database is there. */
bool bundle_route_check(const BundleRoute *route, const BundleShelf *shelf, Error *err) MUST_CHECK;

/* Names of a leg's ends. */
const char *bundle_route_from(const BundleShelf *shelf, const RouteLeg *leg);
const char *bundle_route_to(const BundleShelf *shelf, const RouteLeg *leg);

/* Migrations that a leg brings, as its bundle counts them. */
int64_t bundle_route_migrations(const BundleShelf *shelf, const RouteLeg *leg);

#endif
