/* Differences between a live schema and a proven one, for people and for programs; what drift and
 * adopt have in common. */
#ifndef SEALIFT_APPLIER_PROOF_RENDER_H
#define SEALIFT_APPLIER_PROOF_RENDER_H

#include "applier/schema/schema_proof.h"
#include "base/json_writer.h"

/* Each difference that counts (CHANGES_OF_ENV: that is warned of) with its definitions, as far as
 * they are known: a line "changed  column public.t.c", then the lines of the proven definition
 * behind "-" and of the live one behind "+", without those that are the same. */
void proof_render_changes(const ProofResult *result, ChangesWanted wanted, Text *out);

/* What was taken out before comparing. `accepted` has the reasons. */
void proof_render_taken_out(const ProofResult *result, const AcceptedExtraArray *accepted,
                            Text *out);

/* Members "differences", "accepted", "tolerated" of the object that is open. */
void proof_render_json(const ProofResult *result, const AcceptedExtraArray *accepted,
                       JsonWriter *json);

/* What is not compared on another server major, as people say it. */
#define PROOF_NOT_COMPARED                                                                         \
    "the texts of views, rules and SQL bodies, and owners, rights, comments "                      \
    "and settings"

#endif
