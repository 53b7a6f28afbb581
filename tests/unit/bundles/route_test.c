#include "tests/support/unit_test.h"

#include "base/memory.h"
#include "base/text.h"
#include "bundles/route.h"

/* Versions are named by one letter each; their place in the alphabet is their position. Chains are
 * words: "abd" is a bundle from a through b to d. */
static RouteBundleArray bundles;
static char names[128][2];

static const char *name_of(char letter)
{
    char *name = names[(int)letter];
    name[0] = letter;
    return name;
}

static RouteBundle *add(const char *chain)
{
    RouteBundle *bundle = array_add(&bundles);
    bundle->sequence = (int64_t)bundles.count;
    for (const char *at = chain; *at; at++)
        *array_add(&bundle->versions) =
            (RouteVersion){.name = name_of(*at), .key = name_of(*at), .position = *at};
    return bundle;
}

static RouteVersion *version_in(RouteBundle *bundle, char letter)
{
    array_each (RouteVersion, version, &bundle->versions)
        if (*version->key == letter)
            return version;
    abort();
}

/* In every bundle that has it: a version's stop and what it replaces are the vendor's words. */
static void stop_at(char letter)
{
    array_each (RouteBundle, bundle, &bundles)
        array_each (RouteVersion, version, &bundle->versions)
            if (*version->key == letter)
                version->stop = true;
}

static void replace(char letter, const char *replaced, char same)
{
    array_each (RouteBundle, bundle, &bundles)
        array_each (RouteVersion, version, &bundle->versions) {
            if (*version->key != letter)
                continue;
            for (const char *at = replaced; *at; at++)
                *array_add(&version->replaced) = name_of(*at);
            *array_add(&version->same) = name_of(same);
        }
}

static int end(void **state UNUSED)
{
    array_each (RouteBundle, bundle, &bundles)
        route_bundle_done(bundle);
    array_free(&bundles);
    return 0;
}

/* "1:ab 2:bd" for legs; "none" where there is no route. */
static char *found_from(char from, char to, size_t first)
{
    CLEANUP(route_done) Route route = {0};
    if (!route_find(&bundles, name_of(from), name_of(to), first, &route))
        return memory_string("none");
    Text text = {0};
    array_each (const RouteLeg, leg, &route.legs) {
        const RouteVersion *versions = bundles.items[leg->bundle].versions.items;
        text_addf(&text, "%s%zu:%s%s", text.length ? " " : "", leg->bundle + 1,
                  versions[leg->from].key, versions[leg->to].key);
    }
    if (route_legs_in_one_go(&route, &bundles) < route.legs.count)
        text_addf(&text, " in one go %zu", route_legs_in_one_go(&route, &bundles));
    return text.length ? text_take(&text) : memory_string("");
}

static void expect(char from, char to, const char *legs)
{
    CLEANUP(memory_freep) char *got = found_from(from, to, SIZE_MAX);
    assert_string_equal(got, legs);
}

static void takes_the_fewest_runs_and_the_newest_bundle(void **state UNUSED)
{
    add("ab");
    add("bc");
    add("abc");
    add("cd");
    add("abc");
    expect('a', 'd', "5:ac 4:cd");
    expect('a', 'b', "5:ab");
    expect('b', 'd', "5:bc 4:cd");
    expect('d', 'd', "");
    expect('d', 'a', "none");
    CLEANUP(memory_freep) char *first = found_from('a', 'd', 0);
    assert_string_equal(first, "1:ab 5:bc 4:cd");
}

static void ends_a_run_at_every_required_stop(void **state UNUSED)
{
    add("abcd");
    add("de");
    stop_at('c');
    expect('a', 'e', "1:ac 1:cd 2:de in one go 1");
    expect('c', 'e', "1:cd 2:de");
    expect('a', 'c', "1:ac");
}

static void begins_no_lower_than_a_version_asks_for(void **state UNUSED)
{
    RouteBundle *bundle = add("abcd");
    version_in(bundle, 'd')->least = 2;
    expect('a', 'd', "1:ac 1:cd");
    expect('b', 'd', "1:bc 1:cd");
    expect('c', 'd', "1:cd");
}

static void passes_everything_from_nothing(void **state UNUSED)
{
    RouteBundle *bundle = add("-abcd");
    version_in(bundle, 'd')->least = 3;
    stop_at('b');
    expect('-', 'd', "1:-d");
    expect('a', 'd', "1:ab 1:bc 1:cd in one go 1");
    add("de");
    stop_at('d');
    expect('-', 'e', "1:-d 2:de");
}

static void goes_around_what_is_replaced(void **state UNUSED)
{
    add("ab");
    add("bd");
    add("ac");
    add("cd");
    add("cde");
    add("abe");
    replace('c', "b", 'b');
    expect('a', 'd', "3:ac 5:cd");
    expect('b', 'd', "5:cd"); /* of those that lead there, the newest */
    expect('b', 'c', "5:cc"); /* nothing but to write down where it stands */
    /* not even one run fewer is worth going through it */
    expect('a', 'e', "3:ac 5:ce");
    expect('a', 'b', "6:ab");
}

static void follows_a_line_to_where_it_is_replaced(void **state UNUSED)
{
    add("bc");
    add("ad");
    add("de");
    replace('d', "bc", 'c');
    expect('b', 'e', "1:bc 3:de");
    expect('a', 'e', "2:ad 3:de");
}

static void expect_gaps(char from, char to, const char *expected)
{
    RouteGapArray gaps;
    CLEANUP(text_done) Text text = {0};
    route_gaps(&bundles, name_of(from), from, name_of(to), &gaps);
    array_each (const RouteGap, gap, &gaps)
        text_addf(&text, "%s%s>%s", text.length ? " " : "", gap->from ? gap->from : "*", gap->to);
    array_free(&gaps);
    assert_string_equal(text_string(&text), expected);
}

static void names_the_bundles_that_are_missing(void **state UNUSED)
{
    add("ab");
    add("cd");
    add("fg");
    expect_gaps('a', 'd', "b>c");
    expect_gaps('a', 'g', "b>c d>f");
    expect_gaps('b', 'g', "*>c d>f");
    expect_gaps('e', 'g', "*>f");
    expect_gaps('a', 'x', "");
    add("ah");
    expect_gaps('a', 'h', "");
}

static void says_which_version_is_the_newest(void **state UNUSED)
{
    assert_null(route_newest(&bundles));
    add("ab");
    assert_string_equal(route_newest(&bundles)->name, "b");
    add("bd");
    add("bc");
    assert_string_equal(route_newest(&bundles)->name, "d");
    RouteBundle *bundle = add("de");
    version_in(bundle, 'e')->position = 'd'; /* without migrations */
    assert_string_equal(route_newest(&bundles)->name, "e");
    add("cf");
    assert_string_equal(route_newest(&bundles)->name, "f");
    add("ag");
    version_in(&bundles.items[5], 'g')->position = 'b';
    replace('g', "cf", 'f');
    assert_string_equal(route_newest(&bundles)->name, "e");
    assert_string_equal(route_replacement(&bundles, "c")->name, "g");
    assert_null(route_replacement(&bundles, "e"));
}

/* --- against all routes there are ------------------------------------------------------------ */

typedef struct Best {
    bool found;
    size_t replaced;
    size_t legs;
} Best;

/* What the text of the law says of one run, without any of the search. */
static bool is_legal(const RouteBundle *bundle, size_t from, size_t to)
{
    const RouteVersion *versions = bundle->versions.items;
    if (strcmp(versions[from].key, ROUTE_NOTHING) == 0)
        return true;
    for (size_t i = from + 1; i <= to; i++)
        if (versions[i].least > from || (i < to && versions[i].stop))
            return false;
    return true;
}

static size_t replaced_in(const RouteBundle *bundle, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from + 1; i <= to; i++)
        count += route_replacement(&bundles, bundle->versions.items[i].key) != NULL;
    return count;
}

static bool stands_at(const RouteVersion *version, const char *key)
{
    bool same = strcmp(version->key, key) == 0;
    array_each (const char *const, each, &version->same)
        same |= strcmp(*each, key) == 0;
    return same;
}

static void try_all(const char *at, const char *to, size_t replaced, size_t legs, Best *best)
{
    if (strcmp(at, to) == 0) {
        bool better = !best->found || replaced < best->replaced ||
                      (replaced == best->replaced && legs < best->legs);
        if (better)
            *best = (Best){true, replaced, legs};
        return;
    }
    if (legs == 6)
        return;
    array_each (const RouteBundle, bundle, &bundles)
        for (size_t i = 0; i < bundle->versions.count; i++) {
            const RouteVersion *start = &bundle->versions.items[i];
            if (!stands_at(start, at))
                continue;
            size_t first = strcmp(start->key, at) == 0 ? i + 1 : i;
            for (size_t j = first; j < bundle->versions.count; j++)
                if (is_legal(bundle, i, j))
                    try_all(bundle->versions.items[j].key, to, replaced + replaced_in(bundle, i, j),
                            legs + 1, best);
        }
}

static unsigned int random_state = 1;

static size_t random_below(size_t most)
{
    random_state = random_state * 1103515245U + 12345U;
    return (random_state >> 16) % most;
}

/* A line of six versions, some stops; perhaps x, which replaces c and d, and goes on as they did.
 */
static void make_random_set(void)
{
    static const char line[] = "-abcdef", other[] = "-abxef";
    bool replaces = random_below(2);
    size_t count = 2 + random_below(6);
    for (size_t i = 0; i < count; i++) {
        const char *from = replaces && random_below(2) ? other : line;
        size_t length = strlen(from), first = random_below(length - 1);
        size_t last = first + 1 + random_below(length - first - 1);
        CLEANUP(memory_freep) char *chain = memory_string_n(from + first, last - first + 1);
        /* a tree is named after all before it: behind x the letters are others */
        for (char *at = chain; from == other && *at; at++)
            if (*at == 'e' || *at == 'f')
                *at = (char)(*at - 'a' + 'A');
        RouteBundle *bundle = add(chain);
        if (random_below(3) == 0)
            bundle->versions.items[bundle->versions.count - 1].least =
                random_below(bundle->versions.count - 1);
    }
    stop_at(line[1 + random_below(6)]);
    if (replaces)
        replace('x', "cd", 'd');
}

static void check_route(const char *from, const char *to, const Best *best)
{
    CLEANUP(route_done) Route route = {0};
    assert_int_equal(route_find(&bundles, from, to, SIZE_MAX, &route), best->found);
    if (!best->found)
        return;
    assert_int_equal(route.replaced, best->replaced);
    assert_int_equal(route.legs.count, best->legs);
    const char *at = from;
    size_t replaced = 0;
    array_each (const RouteLeg, leg, &route.legs) {
        const RouteBundle *bundle = &bundles.items[leg->bundle];
        assert_true(stands_at(&bundle->versions.items[leg->from], at));
        assert_true(is_legal(bundle, leg->from, leg->to));
        replaced += replaced_in(bundle, leg->from, leg->to);
        at = bundle->versions.items[leg->to].key;
    }
    assert_string_equal(at, to);
    assert_int_equal(replaced, route.replaced);
}

static void agrees_with_a_search_through_all_routes(void **state)
{
    static const char keys[] = "-abcdefxEF";
    size_t routes = 0, longer = 0, none = 0;
    for (int round = 0; round < 20000; round++) {
        make_random_set();
        const char *from = name_of(keys[random_below(sizeof(keys) - 1)]);
        const char *to = name_of(keys[random_below(sizeof(keys) - 1)]);
        Best best = {0};
        try_all(from, to, 0, 0, &best);
        check_route(from, to, &best);
        routes += best.found;
        longer += best.found && best.legs > 2;
        none += !best.found;
        end(state);
    }
    /* the sets are such that something is shown */
    assert_true(routes > 3000 && longer > 100 && none > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_the_fewest_runs_and_the_newest_bundle, end),
        cmocka_unit_test_teardown(ends_a_run_at_every_required_stop, end),
        cmocka_unit_test_teardown(begins_no_lower_than_a_version_asks_for, end),
        cmocka_unit_test_teardown(passes_everything_from_nothing, end),
        cmocka_unit_test_teardown(goes_around_what_is_replaced, end),
        cmocka_unit_test_teardown(follows_a_line_to_where_it_is_replaced, end),
        cmocka_unit_test_teardown(names_the_bundles_that_are_missing, end),
        cmocka_unit_test_teardown(says_which_version_is_the_newest, end),
        cmocka_unit_test_teardown(agrees_with_a_search_through_all_routes, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
