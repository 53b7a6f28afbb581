#include "planner/packing/plan_scope.h"

#include "planner/history/history.h"

/* "citext, postgis>=3.3" as requirements. */
static void add_extensions(const Project *project, Manifest *manifest)
{
    CLEANUP(memory_freep) char *list = memory_string(project->config.extensions);
    char *rest = *list ? list : NULL; /* project_config has checked it */
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        item += strspn(item, " ");
        char *least = strstr(item, ">=");
        size_t length = least ? (size_t)(least - item) : strlen(item);
        while (length && item[length - 1] == ' ')
            length--;
        ManifestRequirement *requirement = array_add(&manifest->requirements);
        requirement->kind = memory_string("extension");
        requirement->name = memory_string_n(item, length);
        least = least ? least + 2 + strspn(least + 2, " ") : NULL;
        size_t least_length = least ? strcspn(least, " ") : 0;
        requirement->value = memory_string_n(least ? least : "", least_length);
    }
}

static int compare_tolerated(const void *a, const void *b)
{
    const ManifestTolerated *first = a, *second = b;
    int order = strcmp(first->kind, second->kind);
    return order ? order : strcmp(first->identity, second->identity);
}

/* project_config has checked both lists, sorted the first, and left nothing twice. */
static void set_scope(const Project *project, int64_t last, Manifest *manifest)
{
    CLEANUP(memory_freep) char *schemas = memory_string(project->config.scope);
    CLEANUP(memory_freep) char *objects = memory_string(project->config.tolerate);
    char *rest = *schemas ? schemas : NULL;
    for (char *name; (name = strsep(&rest, ",")) != NULL;)
        *array_add(&manifest->scope) = memory_string(name);
    rest = *objects ? objects : NULL;
    for (char *kind; (kind = strsep(&rest, ",")) != NULL;) {
        char *identity = kind;
        kind = strsep(&identity, ":");
        *array_add(&manifest->tolerated) =
            (ManifestTolerated){memory_string(kind), memory_string(identity)};
    }
    history_tolerate(project, last, manifest);
    if (manifest->tolerated.count)
        qsort(manifest->tolerated.items, manifest->tolerated.count,
              sizeof(*manifest->tolerated.items), compare_tolerated);
}

/* Of the version that the bundle starts from, too: sites may stand at one that it replaces. */
static void add_superseded(const Project *project, const PlanRange *range, Manifest *manifest)
{
    for (int64_t i = range->first < 0 ? 0 : range->first; i <= range->last; i++)
        array_each (const SumSuperseded, superseded, &project->versions.items[i].superseded)
            *array_add(&manifest->superseded) =
                (ManifestSuperseded){.version = (size_t)(i - range->first),
                                     .name = memory_string(superseded->version),
                                     .tree_digest = superseded->tree_digest,
                                     .same_schema = superseded->same_schema};
}

void plan_scope(const Project *project, const PlanRange *range, Manifest *manifest)
{
    add_superseded(project, range, manifest);
    set_scope(project, range->last, manifest);
    add_extensions(project, manifest);
}
