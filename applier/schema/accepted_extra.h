/* Objects of a site's own that its operator has accepted, by name and with a reason: a DBA's index,
 * a view for reports (ENGINE.md 17, docs/decisions/0013). Pure; the ledger keeps them row by row,
 * each with the hash that was accepted, so that what is changed afterwards is drift again.
 *
 * Accepted can be only what is merely extra and cannot change what a migration does: an index that
 * is not unique, statistics, a table, view, materialized view or foreign table that stands alone, a
 * sequence, a type; and any row of class env. Not a function (a call may now mean another one), a
 * trigger, rule, policy or constraint on the product's tables, a child of one of them. */
#ifndef SEALIFT_APPLIER_ACCEPTED_EXTRA_H
#define SEALIFT_APPLIER_ACCEPTED_EXTRA_H

#include "base/array.h"
#include "base/error.h"
#include "bundles/fingerprint.h"

/* A row of the fingerprint that is accepted; texts owned. */
typedef struct AcceptedExtra {
    char *kind;
    char *identity;
    char hash[FINGERPRINT_HASH_SIZE];
    char *reason;
    char *came_with; /* "table public.t" where that brought it along, or "" */
} AcceptedExtra;

typedef ARRAY_OF(AcceptedExtra) AcceptedExtraArray;

void accepted_extras_done(AcceptedExtraArray *extras);

/* The row with this kind, identity and hash, or NULL. */
const AcceptedExtra *accepted_extras_find(const AcceptedExtraArray *extras,
                                          const FingerprintRow *row);

/* The word of --accept-extra: [KIND:]IDENTITY=REASON, identity as drift prints it. */
typedef struct AcceptRequest {
    char *kind; /* owned, or NULL: any */
    char *identity;
    char *reason;
} AcceptRequest;

typedef ARRAY_OF(AcceptRequest) AcceptRequestArray;

void accept_requests_done(AcceptRequestArray *requests);

/* ERROR_USAGE where identity or reason is missing. Signs between double quotes are the name's. */
bool accept_request_parse(const char *word, AcceptRequest *ret_request, Error *err) MUST_CHECK;

/* Among the extra ones of `changes`, whose rows have definitions, find what each request names and
 * what came with it (columns, indexes, owner, the sequence of a column), and add those to
 * `accepted`. Of what `known` holds already what has come to it since is added, if anything.
 * ERROR_TARGET: nothing extra of that name, several of it, or one that cannot be accepted. */
bool accepted_extras_add(const FingerprintChangeArray *changes, const AcceptRequestArray *requests,
                         const AcceptedExtraArray *known, AcceptedExtraArray *accepted,
                         Error *err) MUST_CHECK;

/* The object that an aspect's row is about: of identity "column public.t.c" of kind owner, acl,
 * comment … the part behind the kind; else the identity itself. */
const char *fingerprint_row_object(const FingerprintRow *row);

#endif
