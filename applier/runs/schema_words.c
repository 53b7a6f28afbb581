#include "applier/runs/schema_words.h"

#include <inttypes.h>

#define NAMED_MOST 10 /* objects in an error or a warning */

static bool differs(const ProofResult *result, Error *err)
{
    CLEANUP(text_done) Text objects = {0};
    proof_changes_text(result, CHANGES_THAT_COUNT, NAMED_MOST, &objects);
    return error_detail(err, "%s", text_string(&objects));
}

static bool is_begun(const SchemaPlace *place)
{
    return strcmp(place->tree, "-") != 0;
}

static bool has_only_extras(const ProofResult *result)
{
    array_each (const FingerprintChange, change, &result->changes)
        if (fingerprint_change_row(change)->class != FINGERPRINT_ENV &&
            change->kind != CHANGE_EXTRA)
            return false;
    return true;
}

void schema_words_beginning(const ProofResult *result, Text *sentence, const char **ret_hint)
{
    size_t count = result->differences;
    if (has_only_extras(result)) {
        text_addf(sentence,
                  "the database is not empty: it holds %zu object%s that nothing of Sealift made",
                  count, text_plural((int64_t)count));
        *ret_hint = "'applier adopt BUNDLE' finds out which version it is at; what is merely extra "
                    "can be accepted: --accept-extra IDENTITY=REASON";
        return;
    }
    text_addf(sentence,
              "%zu object%s differ%s from what the first version begins on, which is not in the "
              "bundle",
              count, text_plural((int64_t)count), count == 1 ? "s" : "");
    *ret_hint = "what is missing must be there before (the vendor says who makes it); where the "
                "product is there already, 'applier adopt BUNDLE' finds out its version";
}

bool schema_words_drifted(const SchemaPlace *place, const ProofResult *result, Error *err)
{
    if (!is_begun(place)) {
        CLEANUP(text_done) Text sentence = {0};
        const char *hint;
        schema_words_beginning(result, &sentence, &hint);
        error_set(err, ERROR_TARGET, "%s", text_string(&sentence));
        differs(result, err);
        return error_hint(err, "%s", hint);
    }
    error_set(err, ERROR_TARGET,
              "the schema is not the one proven for version %s: %zu object%s differ%s",
              place->version, result->differences, text_plural((int64_t)result->differences),
              result->differences == 1 ? "s" : "");
    differs(result, err);
    return error_hint(err, "'applier drift' shows each with its definitions; what is merely extra "
                           "can be accepted: --accept-extra IDENTITY=REASON");
}

bool schema_words_not_rehearsed(const PgSession *session, const ProofSet *set, Error *err)
{
    error_set(err, ERROR_TARGET,
              "the bundle was not rehearsed on PostgreSQL %" PRId64 ", only on %" PRId64,
              pg_session_major(session), set->server_major);
    return error_hint(err, "without --strict what all versions print alike is compared");
}

bool schema_words_env_differs(const SchemaPlace *place, const ProofResult *result, Error *err)
{
    CLEANUP(text_done) Text objects = {0};
    proof_changes_text(result, CHANGES_OF_ENV, NAMED_MOST, &objects);
    error_set(err, ERROR_TARGET,
              "owners, rights, comments or settings are not those proven for %s%s",
              is_begun(place) ? "version " : "what the first version begins on",
              is_begun(place) ? place->version : "");
    error_detail(err, "%s", text_string(&objects));
    return error_hint(err, "without --strict this is a warning");
}

void schema_words_add_env(const SchemaPlace *place, const ProofResult *result, Text *warnings)
{
    if (!result->env_differences)
        return;
    text_addf(warnings, "%zu difference%s in owners, rights, comments or settings %s%s: ",
              result->env_differences, text_plural((int64_t)result->env_differences),
              is_begun(place) ? "at version " : "before the first version",
              is_begun(place) ? place->version : "");
    proof_changes_text(result, CHANGES_OF_ENV, NAMED_MOST, warnings);
    text_add_char(warnings, '\n');
}

void schema_words_add_major(const PgSession *session, const ProofSet *set, Text *warnings)
{
    text_addf(warnings,
              "the bundle was not rehearsed on PostgreSQL %" PRId64 ": structure is compared with "
              "what %" PRId64 " gave; not compared are the texts of views, rules and SQL bodies, "
              "and owners, rights, comments and settings\n",
              pg_session_major(session), set->server_major);
}

void schema_words_add_let_through(const SchemaPlace *place, const ProofResult *result,
                                  Text *warnings)
{
    text_addf(warnings, "version %s came out otherwise than any proven schema, as accepted: ",
              place->version);
    proof_changes_text(result, CHANGES_THAT_COUNT, NAMED_MOST, warnings);
    text_add_char(warnings, '\n');
}

bool schema_words_came_out_otherwise(const SchemaPlace *place, const ProofResult *result,
                                     bool undone, Error *err)
{
    error_set(err, ERROR_TARGET,
              "version %s came out with another schema than was proven at build time: %zu "
              "object%s differ%s",
              place->version, result->differences, text_plural((int64_t)result->differences),
              result->differences == 1 ? "s" : "");
    differs(result, err);
    return error_hint(err,
                      undone ? "its last group was rolled back: 'applier drift' compares with the "
                               "version that holds; once the cause is mended, or what is merely "
                               "extra is accepted (--accept-extra), 'applier resume' goes on"
                             : "nothing was undone: 'applier drift' shows each object with its "
                               "definitions; once it is mended, or what is merely extra is "
                               "accepted (--accept-extra), 'applier resume' ends the run");
}
