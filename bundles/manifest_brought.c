#include "bundles/manifest_brought.h"

#include "base/memory.h"

static bool has_table(const Fingerprint *fingerprint, const char *identity, size_t length)
{
    array_each (const FingerprintRow, row, &fingerprint->rows)
        if (row->class == FINGERPRINT_CORE && strcmp(row->kind, "table") == 0 &&
            strncmp(row->identity, identity, length) == 0 && !row->identity[length])
            return true;
    return false;
}

/* The length of "public.t" in "public.t.c"; dots inside quotes are part of a name. */
static size_t table_length(const char *column)
{
    bool quoted = false;
    size_t last = 0;
    for (size_t i = 0; column[i]; i++) {
        quoted ^= column[i] == '"';
        if (column[i] == '.' && !quoted)
            last = i;
    }
    return last;
}

static void add(size_t migration, bool is_column, const char *identity,
                ManifestBroughtArray *brought)
{
    array_each (const ManifestBrought, each, brought)
        if (each->migration == migration && each->is_column == is_column &&
            strcmp(each->identity, identity) == 0)
            return;
    *array_add(brought) = (ManifestBrought){migration, is_column, memory_string(identity)};
}

static int compare(const void *a, const void *b)
{
    const ManifestBrought *first = a, *second = b;
    if (first->migration != second->migration)
        return first->migration < second->migration ? -1 : 1;
    if (first->is_column != second->is_column)
        return first->is_column ? 1 : -1;
    return strcmp(first->identity, second->identity);
}

void manifest_brought_add(const Fingerprint *before, const Fingerprint *after, size_t migration,
                          ManifestBroughtArray *brought)
{
    FingerprintChangeArray changes = {0};
    fingerprint_compare(before, after, &changes);
    array_each (const FingerprintChange, change, &changes) {
        const FingerprintRow *row = fingerprint_change_row(change);
        if (change->kind != CHANGE_EXTRA || row->class != FINGERPRINT_CORE)
            continue;
        if (strcmp(row->kind, "table") == 0)
            add(migration, /* is_column= */ false, row->identity, brought);
        size_t length = table_length(row->identity);
        if (strcmp(row->kind, "column") == 0 && has_table(before, row->identity, length) &&
            has_table(after, row->identity, length))
            add(migration, /* is_column= */ true, row->identity, brought);
    }
    array_free(&changes);
    if (brought->count)
        qsort(brought->items, brought->count, sizeof(*brought->items), compare);
}
