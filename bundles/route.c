#include "bundles/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void route_bundle_done(RouteBundle *bundle)
{
    array_each (RouteVersion, version, &bundle->versions) {
        array_free(&version->same);
        array_free(&version->replaced);
    }
    array_free(&bundle->versions);
}

void route_done(Route *route)
{
    array_free(&route->legs);
    route->replaced = 0;
}

/* --- questions about versions ---------------------------------------------------------------- */

static bool holds_key(const RouteKeyArray *keys, const char *key)
{
    array_each (const char *const, each, keys)
        if (strcmp(*each, key) == 0)
            return true;
    return false;
}

const RouteVersion *route_replacement(const RouteBundleArray *bundles, const char *key)
{
    array_each (const RouteBundle, bundle, bundles)
        array_each (const RouteVersion, version, &bundle->versions)
            if (holds_key(&version->replaced, key))
                return version;
    return NULL;
}

const RouteVersion *route_version(const RouteBundleArray *bundles, const char *key)
{
    array_each (const RouteBundle, bundle, bundles)
        array_each (const RouteVersion, version, &bundle->versions)
            if (strcmp(version->key, key) == 0)
                return version;
    return NULL;
}

/* A version without migrations stands where the one before it does: what it lies behind is told by
 * the chain. */
static bool is_followed(const RouteBundleArray *bundles, const char *key)
{
    array_each (const RouteBundle, bundle, bundles)
        for (size_t i = 0; i + 1 < bundle->versions.count; i++)
            if (strcmp(bundle->versions.items[i].key, key) == 0)
                return true;
    return false;
}

const RouteVersion *route_newest(const RouteBundleArray *bundles)
{
    const RouteVersion *newest = NULL;
    int64_t sequence = 0;
    array_each (const RouteBundle, bundle, bundles) {
        const RouteVersion *last = &bundle->versions.items[bundle->versions.count - 1];
        if (is_followed(bundles, last->key) || route_replacement(bundles, last->key))
            continue;
        bool newer = !newest || last->position > newest->position ||
                     (last->position == newest->position && bundle->sequence > sequence);
        if (!newer)
            continue;
        newest = last;
        sequence = bundle->sequence;
    }
    return newest;
}

/* --- the graph ------------------------------------------------------------------------------- */

/* Two numbers, the first of which weighs more than any of the second. */
typedef struct Cost {
    int64_t first;
    int64_t second;
} Cost;

static int compare_costs(Cost a, Cost b)
{
    if (a.first != b.first)
        return a.first < b.first ? -1 : 1;
    return a.second == b.second ? 0 : a.second < b.second ? -1 : 1;
}

/* A version, by its key, and how the cheapest way found so far comes to it. */
typedef struct Node {
    const char *key;
    const RouteVersion *version; /* NULL: no bundle has it */
    int64_t position;
    bool replaced;
    bool reached;
    bool final;
    Cost cost;
    size_t before; /* node that the way comes from */
    RouteLeg leg;  /* … by this run */
    bool missing;  /* … for which no bundle is there */
} Node;

typedef struct Graph {
    const RouteBundleArray *bundles;
    Node *nodes; /* owned; sorted by key */
    size_t count;
    size_t from;
    size_t to;
    size_t only_first;
} Graph;

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const Node *)a)->key, ((const Node *)b)->key);
}

static size_t node_of(const Graph *graph, const char *key)
{
    const Node wanted = {.key = key};
    const Node *found =
        bsearch(&wanted, graph->nodes, graph->count, sizeof(*graph->nodes), compare_nodes);
    return (size_t)(found - graph->nodes);
}

static void merge_equal(Graph *graph)
{
    size_t kept = 0;
    qsort(graph->nodes, graph->count, sizeof(*graph->nodes), compare_nodes);
    for (size_t i = 0; i < graph->count; i++) {
        Node *last = kept ? &graph->nodes[kept - 1] : NULL;
        if (!last || strcmp(last->key, graph->nodes[i].key) != 0) {
            graph->nodes[kept++] = graph->nodes[i];
            continue;
        }
        if (!last->version) {
            last->version = graph->nodes[i].version;
            last->position = graph->nodes[i].position;
        }
    }
    graph->count = kept;
}

static Graph graph_new(const RouteBundleArray *bundles, const char *from, int64_t from_position,
                       const char *to)
{
    size_t most = 2;
    array_each (const RouteBundle, bundle, bundles)
        array_each (const RouteVersion, version, &bundle->versions)
            most += 1 + version->same.count + version->replaced.count;
    Graph graph = {.bundles = bundles, .nodes = memory_zeroed(most, sizeof(*graph.nodes))};
    graph.nodes[graph.count++] = (Node){.key = from, .position = from_position};
    graph.nodes[graph.count++] = (Node){.key = to, .position = from_position};
    array_each (const RouteBundle, bundle, bundles)
        array_each (const RouteVersion, version, &bundle->versions) {
            graph.nodes[graph.count++] =
                (Node){.key = version->key, .version = version, .position = version->position};
            array_each (const char *const, key, &version->same)
                graph.nodes[graph.count++] = (Node){.key = *key, .position = version->position};
            array_each (const char *const, key, &version->replaced)
                graph.nodes[graph.count++] = (Node){.key = *key, .position = version->position};
        }
    merge_equal(&graph);
    array_each (const RouteBundle, bundle, bundles)
        array_each (const RouteVersion, version, &bundle->versions)
            array_each (const char *const, key, &version->replaced)
                graph.nodes[node_of(&graph, *key)].replaced = true;
    graph.from = node_of(&graph, from);
    graph.to = node_of(&graph, to);
    graph.only_first = SIZE_MAX;
    graph.nodes[graph.from].reached = true;
    return graph;
}

/* A way that costs the same is taken where its last bundle is the newer one. */
static void offer(Graph *graph, size_t node, Cost cost, size_t before, RouteLeg leg, bool missing)
{
    Node *at = &graph->nodes[node];
    if (at->final)
        return;
    int order = at->reached ? compare_costs(cost, at->cost) : -1;
    const RouteBundle *bundles = graph->bundles->items;
    if (order == 0 && !missing && !at->missing)
        order = bundles[leg.bundle].sequence > bundles[at->leg.bundle].sequence ? -1 : 1;
    if (order >= 0)
        return;
    at->reached = true;
    at->cost = cost;
    at->before = before;
    at->leg = leg;
    at->missing = missing;
}

/* The unfinished node that is reached at the least cost, or SIZE_MAX. */
static size_t next_node(const Graph *graph)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < graph->count; i++) {
        const Node *node = &graph->nodes[i];
        if (node->reached && !node->final &&
            (best == SIZE_MAX || compare_costs(node->cost, graph->nodes[best].cost) < 0))
            best = i;
    }
    return best;
}

/* All runs of one bundle from its version `from`, at which the database stands: by the version's
 * own key, or by that of one that it replaces. */
static void offer_runs(Graph *graph, size_t node, size_t bundle, size_t from)
{
    const RouteBundle *chain = &graph->bundles->items[bundle];
    const RouteVersion *versions = chain->versions.items;
    bool stands_for = strcmp(versions[from].key, graph->nodes[node].key) != 0;
    bool from_nothing = strcmp(versions[from].key, ROUTE_NOTHING) == 0;
    Cost cost = graph->nodes[node].cost;
    cost.second++;
    if (stands_for)
        offer(graph, node_of(graph, versions[from].key), cost, node, (RouteLeg){bundle, from, from},
              /* missing= */ false);
    for (size_t to = from + 1; to < chain->versions.count; to++) {
        if (!from_nothing && versions[to].least > from)
            return;
        size_t reached = node_of(graph, versions[to].key);
        cost.first += graph->nodes[reached].replaced;
        offer(graph, reached, cost, node, (RouteLeg){bundle, from, to}, /* missing= */ false);
        if (!from_nothing && versions[to].stop)
            return;
    }
}

static void offer_all_runs(Graph *graph, size_t node)
{
    const char *key = graph->nodes[node].key;
    for (size_t b = 0; b < graph->bundles->count; b++) {
        const RouteBundle *bundle = &graph->bundles->items[b];
        if (node == graph->from && graph->only_first != SIZE_MAX && b != graph->only_first)
            continue;
        for (size_t i = 0; i < bundle->versions.count; i++) {
            const RouteVersion *version = &bundle->versions.items[i];
            if (strcmp(version->key, key) == 0 || holds_key(&version->same, key))
                offer_runs(graph, node, b, i);
        }
    }
}

static void search(Graph *graph, void (*leave)(Graph *graph, size_t node))
{
    for (size_t node; (node = next_node(graph)) != SIZE_MAX && node != graph->to;) {
        graph->nodes[node].final = true;
        leave(graph, node);
    }
}

/* --- routes ---------------------------------------------------------------------------------- */

bool route_find(const RouteBundleArray *bundles, const char *from, const char *to,
                size_t only_first, Route *ret_route)
{
    Graph graph = graph_new(bundles, from, /* from_position= */ 0, to);
    graph.only_first = only_first;
    search(&graph, offer_all_runs);
    const Node *end = &graph.nodes[graph.to];
    bool found = end->reached;
    if (found) {
        Route route = {.replaced = (size_t)end->cost.first};
        for (size_t node = graph.to; node != graph.from; node = graph.nodes[node].before)
            *array_add(&route.legs) = graph.nodes[node].leg;
        for (size_t i = 0; i < route.legs.count / 2; i++) {
            RouteLeg swapped = route.legs.items[i];
            route.legs.items[i] = route.legs.items[route.legs.count - 1 - i];
            route.legs.items[route.legs.count - 1 - i] = swapped;
        }
        *ret_route = route;
    }
    free(graph.nodes);
    return found;
}

size_t route_legs_in_one_go(const Route *route, const RouteBundleArray *bundles)
{
    const RouteLeg *legs = route->legs.items;
    for (size_t i = 0; i + 1 < route->legs.count; i++) {
        const RouteVersion *versions = bundles->items[legs[i].bundle].versions.items;
        if (i == 0 && strcmp(versions[legs[i].from].key, ROUTE_NOTHING) == 0)
            break;
        if (versions[legs[i].to].stop)
            return i + 1;
    }
    return route->legs.count;
}

/* --- what is missing ------------------------------------------------------------------------- */

/* Chains may be gone along freely: each step of one is a legal run. Every version that lies further
 * can be come to by a bundle that is not there, at the price of its migrations. */
static void offer_chains_and_gaps(Graph *graph, size_t node)
{
    const Node *at = &graph->nodes[node];
    const RouteLeg none = {0};
    array_each (const RouteBundle, bundle, graph->bundles) {
        bool along = false;
        array_each (const RouteVersion, version, &bundle->versions) {
            along |= strcmp(version->key, at->key) == 0 || holds_key(&version->same, at->key);
            if (along)
                offer(graph, node_of(graph, version->key), at->cost, node,
                      (RouteLeg){.bundle = (size_t)(bundle - graph->bundles->items)},
                      /* missing= */ false);
        }
    }
    for (size_t i = 0; i < graph->count; i++) {
        const Node *other = &graph->nodes[i];
        if (i == node || !other->version || other->replaced || other->position < at->position)
            continue;
        const Cost cost = {at->cost.first + other->position - at->position, at->cost.second + 1};
        offer(graph, i, cost, node, none, /* missing= */ true);
    }
}

void route_gaps(const RouteBundleArray *bundles, const char *from, int64_t from_position,
                const char *to, RouteGapArray *ret_gaps)
{
    *ret_gaps = (RouteGapArray){0};
    if (!route_version(bundles, to))
        return;
    Graph graph = graph_new(bundles, from, from_position, to);
    search(&graph, offer_chains_and_gaps);
    for (size_t node = graph.to; graph.nodes[node].reached && node != graph.from;
         node = graph.nodes[node].before) {
        const Node *at = &graph.nodes[node], *before = &graph.nodes[at->before];
        if (!at->missing)
            continue;
        *array_add(ret_gaps) = (RouteGap){
            .from = before->version && at->before != graph.from ? before->version->name : NULL,
            .to = at->version->name};
    }
    for (size_t i = 0; i < ret_gaps->count / 2; i++) {
        RouteGap swapped = ret_gaps->items[i];
        ret_gaps->items[i] = ret_gaps->items[ret_gaps->count - 1 - i];
        ret_gaps->items[ret_gaps->count - 1 - i] = swapped;
    }
    free(graph.nodes);
}
