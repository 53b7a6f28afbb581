#include "planner/packing/written_tables.h"

#include <string.h>

static int compare_names(const StatementName *one, const StatementName *other)
{
    int order = strcmp(one->schema, other->schema);
    return order ? order : strcmp(one->name, other->name);
}

/* The place of the first name that is not before this one. */
static size_t place_of(const WrittenTables *tables, const StatementName *name)
{
    size_t low = 0, high = tables->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(&tables->items[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool written_tables_add(WrittenTables *tables, const StatementName *name)
{
    size_t place = place_of(tables, name);
    if (place < tables->count && compare_names(&tables->items[place], name) == 0)
        return false;
    (void)array_add(tables);
    StatementName *at = &tables->items[place];
    memmove(at + 1, at, (tables->count - 1 - place) * sizeof *at);
    *at = *name;
    return true;
}

void written_tables_done(WrittenTables *tables)
{
    array_free(tables);
}
