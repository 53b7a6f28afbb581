/* What a site keeps outside the database, before and after a run: the state file, and keyrings that
 * a bundle brought. */
#ifndef SEALIFT_APPLIER_SITE_MEMORY_H
#define SEALIFT_APPLIER_SITE_MEMORY_H

#include "applier/ledger/history.h"
#include "applier/ledger/stored_bundle.h"
#include "applier/runs/site_bundle.h"
#include "applier/site/site_state.h"

/* Refuse (ERROR_TRUST) a bundle whose sequence the state file knows with another HEAD. A database
 * without a ledger has no state file yet. */
bool site_memory_check(const SiteBundle *bundle, const History *history, Error *err) MUST_CHECK;

/* A line in `warnings` where the journal lacks the row that was its last after this site's last
 * run: the database was restored from a backup, or its journal was cut off. */
void site_memory_compare(const SiteConfig *config, const History *history, Text *warnings);

/* After a run whose end is durable: note the bundle and where the journal ends, store a newer
 * keyring. What cannot be written becomes lines in `warnings`, for the run is done. */
void site_memory_note(const SiteBundle *bundle, const LedgerIdentity *identity,
                      const JournalChain *chain, Text *warnings);

/* After an adoption: the same, without the bundle, of which nothing was applied. */
void site_memory_note_adoption(const SiteBundle *bundle, const LedgerIdentity *identity,
                               const JournalChain *chain, Text *warnings);

/* After a rollback: where the journal ends now. */
void site_memory_note_journal(const SiteConfig *config, const LedgerIdentity *identity,
                              const JournalChain *chain, Text *warnings);

/* What the site can prove stored bundles with; owns what it points at. A site that lost its trust
 * or state folder proves with what is left, down to nothing. */
typedef struct SiteProof {
    SiteConfig config;
    TrustStore trust;
    Digest *heads; /* owned */
    StoredTrust stored;
} SiteProof;

void site_proof_done(SiteProof *proof);

/* ERROR_CONFIG for a site configuration that cannot be read. What is damaged or missing in trust
 * and state folders becomes lines in `warnings`. */
bool site_proof_load(const LedgerIdentity *identity, SiteProof *ret_proof, Text *warnings,
                     Error *err) MUST_CHECK;

#endif
