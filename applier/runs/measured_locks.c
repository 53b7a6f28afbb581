#include "applier/runs/measured_locks.h"

/* The first row at or behind a migration. */
static size_t lower_bound(const Manifest *manifest, size_t migration)
{
    size_t low = 0, high = manifest->measured.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (manifest->measured.items[middle].migration < migration)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const ManifestMeasured *measured_locks_of(const Manifest *manifest,
                                          const ManifestMigration *migration, size_t *ret_count)
{
    size_t index = (size_t)(migration - manifest->migrations.items);
    size_t first = lower_bound(manifest, index);
    *ret_count = lower_bound(manifest, index + 1) - first;
    return *ret_count ? &manifest->measured.items[first] : NULL;
}
