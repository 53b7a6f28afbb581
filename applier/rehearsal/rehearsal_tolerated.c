#include "applier/rehearsal/rehearsal_tolerated.h"

#include "applier/schema/schema_proof.h"
#include "base/memory.h"

bool rehearsal_tolerates(const Manifest *manifest, const char *table)
{
    CLEANUP(memory_freep) char *identity = memory_string(table);
    CLEANUP(memory_freep) char *kind = memory_string("table");
    const FingerprintRow row = {.class = FINGERPRINT_CORE, .kind = kind, .identity = identity};
    return proof_is_tolerated(manifest, &row);
}

void rehearsal_drop_tolerated(const Manifest *manifest, Fingerprint *fingerprint)
{
    Fingerprint kept = {0}, dropped = {0};
    if (!manifest->tolerated.count)
        return;
    array_each (const FingerprintRow, row, &fingerprint->rows)
        *array_add(proof_is_tolerated(manifest, row) ? &dropped.rows : &kept.rows) = *row;
    array_free(&fingerprint->rows);
    fingerprint_done(&dropped);
    *fingerprint = kept;
}

void rehearsal_drop_tolerated_tables(const Manifest *manifest, RowHashes *hashes)
{
    RowHashes kept = {0}, dropped = {0};
    if (!manifest->tolerated.count)
        return;
    array_each (const TableHash, table, &hashes->tables)
        *array_add(rehearsal_tolerates(manifest, table->table) ? &dropped.tables : &kept.tables) =
            *table;
    array_free(&hashes->tables);
    row_hashes_done(&dropped);
    *hashes = kept;
}
