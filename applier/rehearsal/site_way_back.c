#include "applier/rehearsal/site_way_back.h"

#include "applier/rehearsal/rehearsal_tolerated.h"

bool site_way_back_read(PgSession *session, const Manifest *manifest, Fingerprint *ret_schema,
                        Error *err)
{
    const FingerprintScope scope = {
        .schemas = manifest->scope.count ? (const char *const *)manifest->scope.items : NULL,
        .schema_count = manifest->scope.count};
    if (!fingerprint_read(session, &scope, FINGERPRINT_HASHES, ret_schema, err))
        return false;
    rehearsal_drop_tolerated(manifest, ret_schema);
    return true;
}

static bool only_column_order(const FingerprintChangeArray *changes)
{
    array_each (const FingerprintChange, change, changes) {
        if (strcmp(fingerprint_change_row(change)->kind, "column order") != 0)
            return false;
    }
    return true;
}

static void add_differences(const FingerprintChangeArray *changes, SiteWayBack *back)
{
    array_each (const FingerprintChange, change, changes) {
        Text line = {0};
        fingerprint_change_text(change, &line);
        *array_add(&back->differs) = text_take(&line);
    }
}

static void add_rows(const RowLossArray *lost, SiteWayBack *back)
{
    array_each (const RowLoss, loss, lost)
        *array_add(&back->rows) =
            (SiteRows){.table = memory_string(loss->table),
                       .column = loss->column ? memory_string(loss->column) : NULL,
                       .before = loss->rows_before,
                       .after = loss->rows_after};
}

void site_way_back_judge(const Fingerprint *before, const Fingerprint *after,
                         const RowHashes *rows_before, const RowHashes *rows_after,
                         SiteWayBack *back)
{
    FingerprintChangeArray changes = {0};
    RowLossArray lost = {0};
    fingerprint_compare(before, after, &changes);
    back->counted = rows_before && rows_after;
    if (back->counted)
        rehearsal_hash_compare(rows_before, rows_after, &lost);
    add_differences(&changes, back);
    add_rows(&lost, back);
    back->verdict = !only_column_order(&changes) ? VERDICT_DIFFERS
                    : lost.count                 ? VERDICT_LOSSY
                    : changes.count              ? VERDICT_COLUMN_ORDER
                                                 : VERDICT_EXACT;
    back->done = true;
    array_free(&changes);
    array_free(&lost);
}

/* A proven bundle says which schema a way back leaves; of another there is only what was there
 * before. */
bool site_way_back_check(const SiteWayBack *back, SchemaState compared, Error *err)
{
    if (back->verdict != VERDICT_DIFFERS || compared == SCHEMA_PROVEN || compared == SCHEMA_PARTLY)
        return true;
    error_set(err, ERROR_STEP, "the way back does not lead back: %zu object%s differ%s",
              back->differs.count, text_plural((int64_t)back->differs.count),
              back->differs.count == 1 ? "s" : "");
    return error_hint(err, "a rollback of the real database would leave another schema than it "
                           "has now: have a backup, or a bundle whose way back is whole");
}
