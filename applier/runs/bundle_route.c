#include "applier/runs/bundle_route.h"

#include "applier/runs/schema_check.h"
#include "applier/runs/site_bundle.h"

void bundle_route_done(BundleRoute *route)
{
    route_done(&route->route);
    free(route->from);
    free(route->to);
    free(route->reached);
    free(route->halt);
    free(route->words);
    free(route->hint);
    *route = (BundleRoute){0};
}

static const RouteVersion *version_at(const BundleShelf *shelf, size_t bundle, size_t version)
{
    return &shelf->chains.items[bundle].versions.items[version];
}

const char *bundle_route_from(const BundleShelf *shelf, const RouteLeg *leg)
{
    return version_at(shelf, leg->bundle, leg->from)->name;
}

const char *bundle_route_to(const BundleShelf *shelf, const RouteLeg *leg)
{
    return version_at(shelf, leg->bundle, leg->to)->name;
}

int64_t bundle_route_migrations(const BundleShelf *shelf, const RouteLeg *leg)
{
    return version_at(shelf, leg->bundle, leg->to)->position -
           version_at(shelf, leg->bundle, leg->from)->position;
}

/* "(nothing)" for "-". */
static const char *spoken(const char *version)
{
    return strcmp(version, "-") == 0 ? "(nothing)" : version;
}

/* --- searching ------------------------------------------------------------------------------- */

/* One search under way. */
typedef struct Search {
    const BundleShelf *shelf;
    const History *history;
    const char *to_version;
    char from[DIGEST_HEX_SIZE]; /* key, in its own memory or "-" */
    const char *from_key;
    size_t first; /* bundle that must come first, or SIZE_MAX */
    BundleRoute *result;
} Search;

static void PRINTF_LIKE(3, 4)
    refuse(Search *search, BundleRouteState state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    search->result->state = state;
    search->result->words = memory_vformat(format, arguments);
    va_end(arguments);
}

/* The bundle of a run that stopped inside a version, or that has no end on record: it has what is
 * left of it. */
static size_t first_bundle(const BundleShelf *shelf, const History *history)
{
    CLEANUP(memory_freep) char *unrest = history_unrest(history);
    const PastEvent *open = history_open_run(history);
    bool inside = unrest || history_unsettled(history) || !history_is_at_version(history);
    const Digest *head = NULL;
    if (inside && history->journal.count)
        head = &history->journal.items[history->journal.count - 1].head_digest;
    else if (inside && open && open->has_head)
        head = &open->head_digest;
    for (size_t i = 0; head && i < shelf->bundles.count; i++)
        if (digest_equal(&shelf->bundles.items[i].head_digest, head))
            return i;
    return SIZE_MAX;
}

/* Names are not unique in a folder of whatever files: of versions that have it, the one that can be
 * come to. */
static const RouteVersion *find_target(const Search *search)
{
    const RouteVersion *found = NULL;
    if (!search->to_version)
        return route_newest(&search->shelf->chains);
    array_each (const RouteBundle, chain, &search->shelf->chains)
        array_each (const RouteVersion, version, &chain->versions) {
            CLEANUP(route_done) Route route = {0};
            if (strcmp(version->name, search->to_version) != 0)
                continue;
            if (route_find(&search->shelf->chains, search->from_key, version->key, SIZE_MAX,
                           &route))
                return version;
            found = found ? found : version;
        }
    return found;
}

static bool was_passed(const History *history, const char *key)
{
    char hex[DIGEST_HEX_SIZE];
    array_each (const AppliedVersion, version, &history->versions)
        if (strcmp(digest_hex(&version->tree_digest, hex), key) == 0)
            return true;
    return false;
}

static void list_gaps(const RouteGapArray *gaps, const char *from, Text *text)
{
    array_each (const RouteGap, gap, gaps)
        text_addf(text, "%s%s -> %s", text->length ? ", " : "",
                  spoken(gap->from ? gap->from : from), gap->to);
}

static void say_missing(Search *search, const RouteVersion *target)
{
    BundleRoute *result = search->result;
    RouteGapArray gaps = {0};
    CLEANUP(text_done) Text list = {0};
    route_gaps(&search->shelf->chains, search->from_key, search->history->position, target->key,
               &gaps);
    list_gaps(&gaps, result->from, &list);
    if (!gaps.count && search->history->was_adopted &&
        target->position <= search->history->adopted) {
        refuse(search, BUNDLE_ROUTE_AHEAD,
               "the database was adopted at version %s, beyond %s, the newest at hand",
               search->history->versions.items[0].name, target->name);
        return;
    }
    if (!gaps.count) {
        refuse(search, BUNDLE_ROUTE_DIVERGED,
               "version %s of this database is on the line of none of the bundles at hand",
               spoken(result->from));
        result->hint = memory_string("'applier status' says where the database stands");
        return;
    }
    if (gaps.count == 1)
        refuse(search, BUNDLE_ROUTE_MISSING,
               "to go from %s to %s a bundle that starts at %s is missing", spoken(result->from),
               target->name, spoken(gaps.items[0].from ? gaps.items[0].from : result->from));
    else
        refuse(search, BUNDLE_ROUTE_MISSING, "to go from %s to %s %zu bundles are missing",
               spoken(result->from), target->name, gaps.count);
    result->hint = memory_format("ask the vendor for %s", text_string(&list));
    array_free(&gaps);
}

/* Where the vendor put a stop in the way of what was asked for, nothing is begun; without a version
 * that was asked for, one goes as far as one may. */
static void halt(Search *search)
{
    BundleRoute *result = search->result;
    const RouteLeg *last = &result->route.legs.items[result->now - 1];
    result->reached = memory_string(bundle_route_to(search->shelf, last));
    if (result->now == result->route.legs.count)
        return;
    CLEANUP(memory_freep)
    char *why = memory_format("version %s is a required stop: that version of the product has to "
                              "do its part before anything later is applied",
                              result->reached);
    if (!search->to_version) {
        result->halt = TAKE_PTR(why);
        return;
    }
    refuse(search, BUNDLE_ROUTE_STOP, "%s cannot be come to in one go: %s", result->to, why);
    result->hint = memory_format("apply with --to %s first", result->reached);
}

/* The bundle of the last run where that has no end on record, or left something to do where it
 * stands: a run of that bundle to where the database is puts it right. */
static bool stay(Search *search)
{
    BundleRoute *result = search->result;
    const PastEvent *open = history_open_run(search->history);
    size_t bundle = search->first;
    for (size_t i = 0; open && past_event_applies(open) && i < search->shelf->bundles.count; i++)
        if (digest_equal(&search->shelf->bundles.items[i].head_digest, &open->head_digest))
            bundle = i;
    if (bundle == SIZE_MAX)
        return false;
    const RouteBundle *chain = &search->shelf->chains.items[bundle];
    for (size_t i = 0; i < chain->versions.count; i++) {
        if (strcmp(chain->versions.items[i].key, search->from_key) != 0)
            continue;
        *array_add(&result->route.legs) = (RouteLeg){bundle, i, i};
        result->now = 1;
        result->reached = memory_string(chain->versions.items[i].name);
        result->state = BUNDLE_ROUTE_LEADS;
        return true;
    }
    return false;
}

/* At the target; a ledger that is not at rest wants its own bundle first. */
static void stand(Search *search)
{
    CLEANUP(memory_freep) char *unrest = history_unrest(search->history);
    search->result->state = BUNDLE_ROUTE_CURRENT;
    if (stay(search) || !unrest)
        return;
    refuse(search, BUNDLE_ROUTE_MISSING, "%s, and its bundle is not at hand", unrest);
    search->result->hint = memory_string("'applier resume' goes on with it");
}

static void find_way(Search *search, const RouteVersion *target)
{
    BundleRoute *result = search->result;
    const RouteBundleArray *chains = &search->shelf->chains;
    if (strcmp(target->key, search->from_key) == 0) {
        stand(search);
        return;
    }
    if (was_passed(search->history, target->key)) {
        refuse(search, BUNDLE_ROUTE_AHEAD, "the database is at version %s, ahead of %s",
               result->from, target->name);
        result->hint = memory_format("nothing to apply; 'applier rollback --to %s' would take it "
                                     "back there",
                                     target->name);
        return;
    }
    if (route_find(chains, search->from_key, target->key, search->first, &result->route) ||
        (search->first != SIZE_MAX &&
         route_find(chains, search->from_key, target->key, SIZE_MAX, &result->route))) {
        result->state = BUNDLE_ROUTE_LEADS;
        result->now = route_legs_in_one_go(&result->route, chains);
        halt(search);
        return;
    }
    say_missing(search, target);
}

static void say_no_version(Search *search)
{
    CLEANUP(text_done) Text names = {0};
    array_each (const RouteBundle, chain, &search->shelf->chains)
        text_addf(&names, "%s%s -> %s", names.length ? ", " : "",
                  spoken(chain->versions.items[0].name),
                  chain->versions.items[chain->versions.count - 1].name);
    refuse(search, BUNDLE_ROUTE_NO_VERSION, "no bundle at hand holds a version '%s'",
           search->to_version);
    search->result->hint = memory_format("at hand are: %s", text_string(&names));
}

void bundle_route_find(const BundleShelf *shelf, const History *history, const char *to_version,
                       BundleRoute *ret_route)
{
    *ret_route = (BundleRoute){.from = memory_string(history_version_name(history))};
    Search search = {.shelf = shelf,
                     .history = history,
                     .to_version = to_version,
                     .first = first_bundle(shelf, history),
                     .result = ret_route};
    search.from_key = schema_tree(history, search.from);
    if (!shelf->bundles.count) {
        refuse(&search, BUNDLE_ROUTE_NO_BUNDLE, "there is no bundle that this site could use");
        return;
    }
    const RouteVersion *target = find_target(&search);
    if (!target && to_version) {
        say_no_version(&search);
        return;
    }
    if (!target) {
        refuse(&search, BUNDLE_ROUTE_NO_BUNDLE, "there is no bundle that this site could use");
        return;
    }
    ret_route->to = memory_string(target->name);
    find_way(&search, target);
}

/* --- proving --------------------------------------------------------------------------------- */

static bool prove(const ShelfBundle *seen, Error *err)
{
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    if (!site_bundle_open(seen->path, &bundle, err))
        return false;
    if (!digest_equal(&bundle_reader_proof(bundle.reader)->head_digest, &seen->head_digest))
        return error_set(err, ERROR_TRUST, "'%s' is another bundle than a moment ago", seen->path);
    return bundle_reader_verify(bundle.reader, err);
}

/* The first bundle of the legs that run now which does not hold, or SIZE_MAX. */
static size_t prove_legs(const BundleShelf *shelf, const BundleRoute *route, Error *err)
{
    for (size_t i = 0; i < route->now; i++) {
        size_t bundle = route->route.legs.items[i].bundle;
        bool before = false;
        for (size_t j = 0; j < i; j++)
            before |= route->route.legs.items[j].bundle == bundle;
        if (!before && !prove(&shelf->bundles.items[bundle], err))
            return bundle;
    }
    return SIZE_MAX;
}

/* Without it there is no way to where it was to lead: it is not passed over in silence, and nothing
 * nearer is taken for the target. */
static void say_needed(BundleRoute *route, const BundleShelf *shelf, char *to)
{
    const ShelfRefusal *refusal = &shelf->refused.items[shelf->refused.count - 1];
    BundleRoute needs = {.state = BUNDLE_ROUTE_MISSING, .to = to, .class = refusal->class};
    needs.words = memory_format("the way from %s to %s needs '%s', which is refused: %s",
                                spoken(route->from), to, refusal->path, refusal->why);
    needs.from = TAKE_PTR(route->from);
    bundle_route_done(route);
    *route = needs;
}

static bool leads(const BundleRoute *route)
{
    return route->state == BUNDLE_ROUTE_LEADS || route->state == BUNDLE_ROUTE_CURRENT;
}

void bundle_route_find_proven(BundleShelf *shelf, const History *history, const char *to_version,
                              BundleRoute *ret_route)
{
    CLEANUP(memory_freep) char *to = NULL; /* where the first route led; NULL: none was refused */
    for (;;) {
        CLEANUP(error_done) Error failure = {0};
        bundle_route_find(shelf, history, to_version, ret_route);
        size_t bad = ret_route->state == BUNDLE_ROUTE_LEADS ? prove_legs(shelf, ret_route, &failure)
                                                            : SIZE_MAX;
        if (to && (!leads(ret_route) || strcmp(ret_route->to, to) != 0)) {
            say_needed(ret_route, shelf, TAKE_PTR(to));
            return;
        }
        if (bad == SIZE_MAX)
            return;
        to = to ? to : memory_string(ret_route->to);
        bundle_shelf_refuse(shelf, bad, &failure);
        bundle_route_done(ret_route);
    }
}

bool bundle_route_check(const BundleRoute *route, const BundleShelf *shelf, Error *err)
{
    ErrorClass class = route->class != ERROR_NONE ? route->class : ERROR_TARGET;
    switch (route->state) {
    case BUNDLE_ROUTE_LEADS:
    case BUNDLE_ROUTE_CURRENT:
        return true;
    case BUNDLE_ROUTE_NO_VERSION:
        class = ERROR_USAGE;
        break;
    case BUNDLE_ROUTE_NO_BUNDLE:
        class = shelf->refused.count ? shelf->refused.items[0].class : ERROR_USAGE;
        break;
    case BUNDLE_ROUTE_AHEAD:
    case BUNDLE_ROUTE_MISSING:
    case BUNDLE_ROUTE_DIVERGED:
    case BUNDLE_ROUTE_STOP:
        break;
    }
    error_set(err, class, "%s", route->words);
    CLEANUP(text_done) Text passed = {0};
    bundle_shelf_words(shelf, &passed);
    for (size_t i = 0; i + 1 < passed.length; i++)
        if (passed.bytes[i] == '\n')
            passed.bytes[i] = ';';
    if (passed.length)
        error_detail(err, "%.*s", (int)passed.length - 1, passed.bytes);
    return route->hint ? error_hint(err, "%s", route->hint) : false;
}
