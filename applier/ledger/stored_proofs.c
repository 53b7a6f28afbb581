#include "applier/ledger/stored_proofs.h"

static bool is_wanted(const History *history, const KnownBundle *bundle)
{
    char tree[DIGEST_HEX_SIZE];
    const AppliedVersion *version = history_version(history);
    const JournalRowArray *journal = &history->journal;
    const JournalRow *last = journal->count ? &journal->items[journal->count - 1] : NULL;
    return (version && digest_equal(&version->head_digest, &bundle->head_digest)) ||
           (last && digest_equal(&last->head_digest, &bundle->head_digest)) ||
           strcmp(bundle->tree_from, version ? digest_hex(&version->tree_digest, tree) : "-") == 0;
}

bool stored_proofs_add(StoredBundles *bundles, const History *history, ProofSourceArray *sources,
                       Error *err)
{
    /* the newest first: where scopes differ its own holds */
    for (size_t i = history->bundles.count; i > 0; i--) {
        const KnownBundle *known = &history->bundles.items[i - 1];
        const StoredBundle *stored = NULL;
        if (!is_wanted(history, known))
            continue;
        if (!stored_bundles_get(bundles, &known->head_digest, &stored, err))
            return error_wrap(err, "looking up the proven schema of version %s",
                              history_version_name(history));
        proof_sources_add(sources, &stored->manifest, &stored->objects);
    }
    return true;
}
