/* The ids that sqitch gives the changes and tags of a plan: SHA-1 over a text of what is known of
 * each, the id of the change before it included. sqitch's registry knows changes by them, and
 * dependencies may name them. */
#ifndef SEALIFT_MIGRATIONS_SQITCH_IDS_H
#define SEALIFT_MIGRATIONS_SQITCH_IDS_H

#include "migrations/sqitch_plan.h"

/* The id of the plan's change number `index`; those before it must have theirs. */
void sqitch_change_id(const SqitchPlan *plan, size_t index, char ret_id[static SQITCH_ID_SIZE]);

/* The id of the plan's tag number `index`; its change must have its id. */
void sqitch_tag_id(const SqitchPlan *plan, size_t index, char ret_id[static SQITCH_ID_SIZE]);

/* Whether `text` is what an id looks like: 40 lower-case hex digits. */
bool sqitch_is_id(const char *text);

/* What sqitch's registry calls script_hash: SHA-1 over a deploy script's bytes. ERROR_IO. */
bool sqitch_script_hash(const char *path, char ret_hash[static SQITCH_ID_SIZE],
                        Error *err) MUST_CHECK;

/* A project's %uri as sqitch hashes it, in the canonical form of Perl's URI module: scheme and host
 * in small letters, no port that is the scheme's own, no empty path, only what must be escaped
 * escaped. NULL where that is not known here: a host that is not ASCII. The caller frees. */
char *sqitch_canonical_uri(const char *uri);

#endif
