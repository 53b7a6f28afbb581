/* Which bundles, in which order, take a database from one version to another. Pure: values in, a
 * route out; the site has digests of trees for keys, the vendor names of versions.
 *
 * A bundle is a chain of versions, and a run may begin and end at any of them. A run goes past no
 * required stop and begins no lower than what each version it comes to asks for; a database that
 * holds nothing is free of both, for no application has ever worked with it, and from nothing to
 * the end is what a rehearsal has shown. */
#ifndef SEALIFT_BUNDLES_ROUTE_H
#define SEALIFT_BUNDLES_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

#define ROUTE_NOTHING "-" /* the key of a database that holds nothing */

typedef ARRAY_OF(const char *) RouteKeyArray;

/* A version as one bundle has it; texts borrowed. */
typedef struct RouteVersion {
    const char *name;
    const char *key;        /* equal keys are the same version */
    RouteKeyArray same;     /* replaced versions: who stands at one of them stands at this one */
    RouteKeyArray replaced; /* all that this one replaces, `same` among them */
    bool stop;              /* a required stop */
    size_t least;     /* index in its chain: where a run that comes here may begin at lowest */
    int64_t position; /* migrations of the product through its end */
} RouteVersion;

typedef struct RouteBundle {
    int64_t sequence;
    ARRAY_OF(RouteVersion) versions; /* the first is the one that it starts from */
} RouteBundle;

typedef ARRAY_OF(RouteBundle) RouteBundleArray;

/* The arrays, not the texts. */
void route_bundle_done(RouteBundle *bundle);

/* One run: of a bundle, between two of its versions (equal ones where the database stands at a
 * version that the bundle's replaces, and only that is to be written down). */
typedef struct RouteLeg {
    size_t bundle; /* index into the bundles */
    size_t from;   /* indexes into its versions */
    size_t to;
} RouteLeg;

typedef struct Route {
    ARRAY_OF(RouteLeg) legs;
    size_t replaced; /* versions gone through that some bundle at hand replaces */
} Route;

void route_done(Route *route);

/* The route with the fewest replaced versions, then the fewest runs; where several are equal, the
 * newest bundles. From a key to itself the route is empty. `only_first` limits the first run to one
 * bundle (SIZE_MAX: any). False where there is none. */
bool route_find(const RouteBundleArray *bundles, const char *from, const char *to,
                size_t only_first, Route *ret_route);

/* How many legs from the beginning may run in one go: up to the first that ends at a required stop
 * before the last; all of them where the route begins with nothing. */
size_t route_legs_in_one_go(const Route *route, const RouteBundleArray *bundles);

/* A bundle that is not there: from one version to another; texts borrowed. `to` may be of a later
 * one's start. */
typedef struct RouteGap {
    const char *from; /* name; NULL: what the database stands at */
    const char *to;
} RouteGap;

typedef ARRAY_OF(RouteGap) RouteGapArray;

/* What is missing where there is no route: bundles that, together with those at hand, would make
 * one, and of such sets one that has to bring the fewest migrations. `from_position` is how many
 * the database holds. Nothing where `to` is no version of any bundle. The caller frees with
 * array_free. */
void route_gaps(const RouteBundleArray *bundles, const char *from, int64_t from_position,
                const char *to, RouteGapArray *ret_gaps);

/* Whether some bundle replaces the version with this key; NULL or the version that does. */
const RouteVersion *route_replacement(const RouteBundleArray *bundles, const char *key);

/* The version with this key as some bundle has it, or NULL. */
const RouteVersion *route_version(const RouteBundleArray *bundles, const char *key);

/* The newest version of all: the last of the longest chain of migrations, of equals the one of the
 * bundle with the highest number; none that another replaces. NULL where there are no bundles. */
const RouteVersion *route_newest(const RouteBundleArray *bundles);

#endif
