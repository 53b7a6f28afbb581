#include "applier/runs/site_memory.h"

#include "base/clock.h"

bool site_memory_check(const SiteBundle *bundle, const History *history, Error *err)
{
    if (!history->managed)
        return true;
    const EnvelopeProof *proof = bundle_reader_proof(bundle->reader);
    CLEANUP(site_state_done) SiteState state = {0};
    if (!site_state_read(&bundle->config, history->identity.product_uuid,
                         history->identity.database_uuid, &state, /* ret_present= */ NULL, err))
        return false;
    const SiteApplied *known = site_state_find(&state, proof->head.sequence);
    if (!known || digest_equal(&known->head_digest, &proof->head_digest))
        return true;
    error_set(err, ERROR_TRUST,
              "this site applied another bundle with sequence %lld: two bundles under one number",
              (long long)proof->head.sequence);
    return error_hint(err, "ask the vendor which of them is his");
}

static bool holds_row(const History *history, const char *hex)
{
    Digest digest;
    if (!digest_parse_hex(hex, strlen(hex), &digest))
        return true; /* "-": none is known */
    array_each (JournalRow, row, &history->journal)
        if (digest_equal(&row->digest, &digest))
            return true;
    return false;
}

void site_memory_compare(const SiteConfig *config, const History *history, Text *warnings)
{
    CLEANUP(site_state_done) SiteState state = {0};
    CLEANUP(error_done) Error ignored = {0};
    /* a state file that cannot be read is spoken of by those who need it */
    if (history->managed &&
        site_state_read(config, history->identity.product_uuid, history->identity.database_uuid,
                        &state, /* ret_present= */ NULL, &ignored) &&
        !holds_row(history, state.journal_head))
        text_add(warnings, "the ledger lacks the row that was its last after this site's last run: "
                           "the database was restored from a backup, or rows were removed\n");
}

static void warn(Text *warnings, const char *what, Error *failure)
{
    text_addf(warnings, "%s: %s\n", what, failure->message);
    error_done(failure);
}

static void set_journal_head(SiteState *state, const JournalChain *chain)
{
    if (chain->next > 1)
        digest_hex(&chain->last, state->journal_head);
}

typedef enum { NOTE_APPLIED, NOTE_ADOPTED } NoteWhat;

static void note_bundle(const SiteBundle *bundle, const LedgerIdentity *identity,
                        const JournalChain *chain, NoteWhat what, Text *warnings)
{
    const EnvelopeProof *proof = bundle_reader_proof(bundle->reader);
    CLEANUP(site_state_done) SiteState state = {0};
    Error failure = {0};
    bool read = site_state_read(&bundle->config, identity->product_uuid, identity->database_uuid,
                                &state, /* ret_present= */ NULL, &failure);
    if (read) {
        set_journal_head(&state, chain);
        site_state_raise(&state, proof->head.epoch, proof->head.floor, proof->keyring.version,
                         clock_now());
    }
    if (!read ||
        (what == NOTE_APPLIED &&
         !site_state_add_applied(&state, proof->head.sequence, &proof->head_digest, &failure)) ||
        !site_state_write(&bundle->config, &state, &failure))
        warn(warnings, "the state file was not written", &failure);
    if (proof->keyring_is_newer &&
        !trust_store_accept(&bundle->config, &bundle->trust, bundle->which,
                            bundle_reader_envelope(bundle->reader), &failure))
        warn(warnings, "the newer keyring of the bundle was not stored", &failure);
}

void site_memory_note(const SiteBundle *bundle, const LedgerIdentity *identity,
                      const JournalChain *chain, Text *warnings)
{
    note_bundle(bundle, identity, chain, NOTE_APPLIED, warnings);
}

void site_memory_note_adoption(const SiteBundle *bundle, const LedgerIdentity *identity,
                               const JournalChain *chain, Text *warnings)
{
    note_bundle(bundle, identity, chain, NOTE_ADOPTED, warnings);
}

void site_memory_note_journal(const SiteConfig *config, const LedgerIdentity *identity,
                              const JournalChain *chain, Text *warnings)
{
    CLEANUP(site_state_done) SiteState state = {0};
    Error failure = {0};
    bool present = false;
    bool read = site_state_read(config, identity->product_uuid, identity->database_uuid, &state,
                                &present, &failure);
    if (read && !present)
        return; /* a site that lost its state folder does not get half a state back */
    if (read)
        set_journal_head(&state, chain);
    if (!read || !site_state_write(config, &state, &failure))
        warn(warnings, "the state file was not written", &failure);
}

void site_proof_done(SiteProof *proof)
{
    trust_store_done(&proof->trust);
    site_config_done(&proof->config);
    free(proof->heads);
    *proof = (SiteProof){0};
}

bool site_proof_load(const LedgerIdentity *identity, SiteProof *ret_proof, Text *warnings,
                     Error *err)
{
    CLEANUP(site_proof_done) SiteProof proof = {0};
    if (!site_config_read(&proof.config, err))
        return false;
    Error failure = {0};
    if (!trust_store_load(&proof.config, &proof.trust, &failure))
        warn(warnings, "no keyring to prove the stored bundles with", &failure);
    CLEANUP(site_state_done) SiteState state = {0};
    if (!site_state_read(&proof.config, identity->product_uuid, identity->database_uuid, &state,
                         /* ret_present= */ NULL, &failure))
        warn(warnings, "the state file was not read", &failure);
    proof.heads = memory_zeroed(state.applied.count, sizeof(*proof.heads));
    size_t count = 0;
    array_each (const SiteApplied, applied, &state.applied)
        proof.heads[count++] = applied->head_digest;
    proof.stored = (StoredTrust){.keyrings = proof.trust.keyrings,
                                 .keyring_count = proof.trust.count,
                                 .known_heads = proof.heads,
                                 .known_head_count = count};
    *ret_proof = proof;
    proof = (SiteProof){0};
    return true;
}
