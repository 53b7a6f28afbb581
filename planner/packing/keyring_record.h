/* Record 1 of a product's keyring, from files: who its keys are, and signed by whom. */
#ifndef SEALIFT_PLANNER_KEYRING_RECORD_H
#define SEALIFT_PLANNER_KEYRING_RECORD_H

#include "base/option_table.h"
#include "bundles/keyring.h"

/* Read the files of one role into `keys`. ERROR_USAGE for none or more than `most`. */
bool keyring_record_keys(const char *role, const StringArray *paths, size_t most, KeyringKey *keys,
                         size_t *ret_count, Error *err) MUST_CHECK;

typedef struct KeyringSigner {
    PublicKey public_key;
    bool is_root; /* of the record itself; else it counts only where record 0 holds it */
} KeyringSigner;

/* Format the record (its keys get sorted) and sign it with the secret keys in the files `sign`;
 * appended to `text`. Who signed comes back in `ret_signers`, as many as `sign` has. ERROR_TRUST
 * where fewer of its own roots sign than its root threshold says; ERROR_USAGE for one key given
 * twice or too many. */
bool keyring_record_sign(Keyring *keyring, const StringArray *sign, Text *text,
                         KeyringSigner ret_signers[static KEYRING_SIGNATURES_MAX],
                         Error *err) MUST_CHECK;

#endif
