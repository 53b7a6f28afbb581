/* planner route: which bundles take a site from one version to another. */
#include <inttypes.h>

#include "base/command_table.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "planner/packing/bundle_chains.h"
#include "planner/planner_commands.h"

typedef struct RouteOptions {
    const char *from;
    const char *to;
    const char *project;
} RouteOptions;

static const Option options[] = {
    OPTION_STRING_ROW("from", RouteOptions, from, "VERSION",
                      "where the site stands (default: nothing, an empty database)"),
    OPTION_STRING_ROW("to", RouteOptions, to, "VERSION",
                      "where it is to go (default: the last released version)"),
    OPTION_STRING_ROW("project", RouteOptions, project, "DIR", "the project (default: .)"),
};

/* What is found, in one place for both renderers. */
typedef struct Found {
    Project project;
    BundleLineArray lines;
    BundleChains chains;
    const char *from;
    const char *to;
    Route route;
} Found;

static void found_done(Found *found)
{
    project_done(&found->project);
    array_free(&found->lines);
    bundle_chains_done(&found->chains);
    route_done(&found->route);
}

static const char *spoken(const char *version)
{
    return strcmp(version, ROUTE_NOTHING) == 0 ? "(nothing)" : version;
}

static bool read_chains(const CommandContext *context, Found *found, Error *err)
{
    array_each (const char *const, path, &context->arguments)
        if (!bundle_chains_add_file(&found->project, *path, &found->chains, err))
            return false;
    if (context->arguments.count)
        return true;
    CLEANUP(memory_freep) char *path = file_path(found->project.root, BUNDLES_FILE_NAME);
    if (!bundles_file_read(path, &found->lines, err))
        return false;
    array_each (const BundleLine, line, &found->lines)
        if (!bundle_chains_add_line(&found->project, line, &found->chains, err))
            return false;
    return true;
}

static bool check_version(const Found *found, const char *option, const char *name, Error *err)
{
    if (strcmp(name, ROUTE_NOTHING) == 0 || sum_file_find(&found->project.sum, name))
        return true;
    error_set(err, ERROR_USAGE, "%s: '%s' is no released version", option, name);
    return error_hint(err, "'planner status' lists them");
}

static const char *last_released(const Project *project)
{
    const char *last = NULL;
    array_each (const ProjectVersion, version, &project->versions)
        if (version->released)
            last = version->name;
    return last;
}

static int64_t position_of(const Found *found, const char *name)
{
    const SumFile *sum = &found->project.sum;
    int64_t position = 0;
    for (const SumRelease *at = sum_file_find(sum, name); at; at = sum_file_previous(sum, at))
        position += (int64_t)at->migrations.count;
    return position;
}

/* `to` is on the line below `from`: nothing is missing, bundles only lead forward. */
static bool is_behind(const Found *found)
{
    const SumFile *sum = &found->project.sum;
    const SumRelease *at = sum_file_find(sum, found->from);
    if (strcmp(found->to, ROUTE_NOTHING) == 0)
        return true;
    while (at && strcmp(at->version, found->to) != 0)
        at = sum_file_previous(sum, at);
    return at != NULL;
}

static bool leads_back(const Found *found, Error *err)
{
    error_set(err, ERROR_TARGET, "%s lies before %s, and bundles only lead forward",
              spoken(found->to), spoken(found->from));
    return error_hint(err, "at the site 'applier rollback --to %s' goes back, without a bundle",
                      found->to);
}

static bool nothing_leads_there(const Found *found, Error *err)
{
    if (is_behind(found))
        return leads_back(found, err);
    RouteGapArray gaps = {0};
    CLEANUP(text_done) Text list = {0};
    route_gaps(&found->chains.chains, found->from, position_of(found, found->from), found->to,
               &gaps);
    array_each (const RouteGap, gap, &gaps)
        text_addf(&list, "%s%s -> %s", list.length ? ", " : "",
                  spoken(gap->from ? gap->from : found->from), gap->to);
    array_free(&gaps);
    if (!list.length)
        text_addf(&list, "%s -> %s", spoken(found->from), found->to);
    error_set(err, ERROR_TARGET, "no bundles lead from %s to %s: missing are %s",
              spoken(found->from), found->to, text_string(&list));
    return error_hint(err, "'planner pack --from VERSION --to VERSION' makes one");
}

static bool find(const CommandContext *context, Found *found, Error *err)
{
    const RouteOptions *given = context->options;
    if (!project_read(given->project ? given->project : ".", &found->project, err) ||
        !read_chains(context, found, err))
        return false;
    found->from = given->from ? given->from : ROUTE_NOTHING;
    found->to = given->to ? given->to : last_released(&found->project);
    if (!found->to)
        return error_set(err, ERROR_USAGE, "no version is released yet");
    if (!check_version(found, "--from", found->from, err) ||
        !check_version(found, "--to", found->to, err))
        return false;
    return route_find(&found->chains.chains, found->from, found->to, SIZE_MAX, &found->route) ||
           nothing_leads_there(found, err);
}

/* The versions of a leg; a site of its own goes no further than a required stop in one go. */
static const RouteVersion *versions_of(const Found *found, const RouteLeg *leg)
{
    return found->chains.chains.items[leg->bundle].versions.items;
}

static bool ends_at_stop(const Found *found, size_t index)
{
    const RouteLeg *leg = &found->route.legs.items[index];
    return index + 1 < found->route.legs.count && versions_of(found, leg)[leg->to].stop &&
           strcmp(found->from, ROUTE_NOTHING) != 0;
}

static void render_json(const Found *found, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "from", found->from);
    json_string(&json, "to", found->to);
    json_array(&json, "route");
    for (size_t i = 0; i < found->route.legs.count; i++) {
        const RouteLeg *leg = &found->route.legs.items[i];
        const ChainSource *source = &found->chains.sources.items[leg->bundle];
        json_object(&json, /* name= */ NULL);
        json_string(&json, "bundle", source->path);
        json_int(&json, "sequence", source->sequence);
        json_string(&json, "channel", source->channel);
        json_string(&json, "head_digest", source->head_digest);
        json_string(&json, "from", versions_of(found, leg)[leg->from].name);
        json_string(&json, "to", versions_of(found, leg)[leg->to].name);
        json_bool(&json, "stop", ends_at_stop(found, i));
        json_close(&json);
    }
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

static void render_text(const Found *found, Text *out)
{
    if (!found->route.legs.count) {
        text_addf(out, "a site at %s is there\n", spoken(found->to));
        return;
    }
    text_addf(out, "from %s to %s:\n", spoken(found->from), found->to);
    for (size_t i = 0; i < found->route.legs.count; i++) {
        const RouteLeg *leg = &found->route.legs.items[i];
        const ChainSource *source = &found->chains.sources.items[leg->bundle];
        const RouteVersion *versions = versions_of(found, leg);
        text_addf(out, "  %zu. %s -> %s by ", i + 1, spoken(versions[leg->from].name),
                  versions[leg->to].name);
        if (source->path)
            text_addf(out, "'%s'", source->path);
        else
            text_addf(out, "sequence %" PRId64 " (HEAD %.16s…)", source->sequence,
                      source->head_digest);
        text_addf(out, "%s\n", ends_at_stop(found, i) ? ", a required stop" : "");
    }
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(found_done) Found found = {0};
    if (!find(context, &found, err))
        return false;
    (context->json ? render_json : render_text)(&found, context->out);
    return true;
}

const Command command_route = {
    .name = "route",
    .synopsis = "[BUNDLE…] [--from VERSION] [--to VERSION] [--project DIR]",
    .summary = "show which bundles take a site from one version to another",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RouteOptions),
    .most_arguments = -1,
    .run = run,
};
