#include "applier/schema/accepted_extra.h"

#include "base/memory.h"
#include "base/text.h"

void accepted_extras_done(AcceptedExtraArray *extras)
{
    array_each (AcceptedExtra, extra, extras) {
        free(extra->kind);
        free(extra->identity);
        free(extra->reason);
        free(extra->came_with);
    }
    array_free(extras);
}

const AcceptedExtra *accepted_extras_find(const AcceptedExtraArray *extras,
                                          const FingerprintRow *row)
{
    array_each (const AcceptedExtra, extra, extras) {
        if (strcmp(extra->identity, row->identity) == 0 && strcmp(extra->kind, row->kind) == 0 &&
            strcmp(extra->hash, row->hash) == 0)
            return extra;
    }
    return NULL;
}

/* --- requests -------------------------------------------------------------------------------- */

void accept_requests_done(AcceptRequestArray *requests)
{
    array_each (AcceptRequest, request, requests) {
        free(request->kind);
        free(request->identity);
        free(request->reason);
    }
    array_free(requests);
}

/* The first `sign` outside double quotes, or NULL. */
static const char *find_outside_quotes(const char *text, char sign)
{
    bool quoted = false;
    for (; *text; text++) {
        if (*text == '"')
            quoted = !quoted;
        else if (*text == sign && !quoted)
            return text;
    }
    return NULL;
}

bool accept_request_parse(const char *word, AcceptRequest *ret_request, Error *err)
{
    const char *equals = find_outside_quotes(word, '=');
    const char *colon = find_outside_quotes(word, ':');
    const char *identity = colon && colon < equals ? colon + 1 : word;
    if (!equals || equals == identity || identity == word + 1 || !equals[1]) {
        error_set(err, ERROR_USAGE, "'--accept-extra' takes IDENTITY=REASON, not '%s'", word);
        return error_hint(err, "for example: --accept-extra "
                               "'index:public.orders.orders_dba=wanted by operations'");
    }
    *ret_request = (AcceptRequest){
        .kind = identity == word ? NULL : memory_string_n(word, (size_t)(identity - word) - 1),
        .identity = memory_string_n(identity, (size_t)(equals - identity)),
        .reason = memory_string(equals + 1),
    };
    return true;
}

/* --- what belongs to what -------------------------------------------------------------------- */

/* Kinds whose rows are about an object that the identity names with its kind before it. */
static const char *const aspects[] = {"owner",          "acl",        "comment",
                                      "security label", "tablespace", "publication table"};

static bool is_aspect(const FingerprintRow *row)
{
    for (size_t i = 0; i < ARRAY_LEN(aspects); i++)
        if (strcmp(row->kind, aspects[i]) == 0)
            return true;
    return false;
}

/* Kinds are words in lower case, and what they are about has a dot in its name, or is one word. */
const char *fingerprint_row_object(const FingerprintRow *row)
{
    const char *object = row->identity;
    if (!is_aspect(row))
        return object;
    for (const char *blank; (blank = find_outside_quotes(object, ' '));) {
        const char *dot = find_outside_quotes(object, '.');
        if (dot && dot < blank)
            break;
        object = blank + 1;
    }
    return object;
}

/* Whether `object` lies in `whole`: "public.t.c" does in "public.t". */
static bool is_inside(const char *object, const char *whole)
{
    size_t length = strlen(whole);
    return strncmp(object, whole, length) == 0 && object[length] == '.';
}

static bool is_relation(const FingerprintRow *row)
{
    static const char *const kinds[] = {"table", "view", "matview", "foreign table", "sequence"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(row->kind, kinds[i]) == 0)
            return true;
    return false;
}

/* The sequence of a serial or identity column, and what is in it. */
static bool is_sequence_of(const FingerprintRow *row, const char *table)
{
    static const char *const words[] = {"owned by ", "identity of "};
    if (strcmp(row->kind, "sequence") != 0 || !row->definition)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *at = strstr(row->definition, words[i]);
        if (at && is_inside(at + strlen(words[i]), table))
            return true;
    }
    return false;
}

/* A row of another kind about the very same object, which its name alone does not tell: statistics
 * and a view can have the same one. */
static bool is_about(const FingerprintRow *row, const FingerprintRow *whole)
{
    CLEANUP(memory_freep) char *named = memory_format("%s %s", whole->kind, whole->identity);
    CLEANUP(memory_freep) char *text = memory_format("%s text", whole->kind);
    if (is_aspect(row))
        return text_has_suffix(row->identity, named);
    return strcmp(row->identity, whole->identity) == 0 &&
           (strcmp(row->kind, text) == 0 || strcmp(row->kind, "column order") == 0 ||
            strcmp(row->kind, "system triggers") == 0);
}

/* Parts of a relation have it before their own name. Of anything else only aspects are parts. A
 * publication's table is named without its kind. */
static bool came_with(const FingerprintRow *row, const FingerprintRow *whole)
{
    const char *object = fingerprint_row_object(row);
    return is_about(row, whole) ||
           (is_relation(whole) &&
            (is_inside(object, whole->identity) || (strcmp(row->kind, "publication table") == 0 &&
                                                    strcmp(object, whole->identity) == 0)));
}

/* --- accepting ------------------------------------------------------------------------------- */

/* Why an extra object cannot be accepted, or NULL. */
static const char *why_not(const FingerprintRow *row)
{
    static const char *const plain[] = {"statistics", "view",  "matview",       "foreign table",
                                        "sequence",   "enum",  "domain",        "range type",
                                        "table",      "index", "composite type"};
    const char *definition = row->definition ? row->definition : "";
    if (row->class == FINGERPRINT_ENV)
        return NULL;
    if (strstr(definition, "partition of ") == definition ||
        strstr(definition, "inherits (") == definition)
        return "a child of another table changes with that table";
    if (strcmp(row->kind, "index") == 0 && (strstr(definition, "unique ") == definition ||
                                            strstr(definition, "CREATE UNIQUE ") == definition))
        return "a unique index may refuse what a migration writes";
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (strcmp(row->kind, plain[i]) == 0)
            return NULL;
    return "only what cannot change what a migration does: an index that is not unique, "
           "statistics, a table, view, sequence or type that stands alone";
}

static bool names(const AcceptRequest *request, const char *kind, const char *identity)
{
    return strcmp(request->identity, identity) == 0 &&
           (!request->kind || strcmp(request->kind, kind) == 0);
}

static void accept_row(const FingerprintRow *row, const AcceptRequest *request,
                       const FingerprintRow *whole, AcceptedExtraArray *accepted)
{
    if (accepted_extras_find(accepted, row))
        return;
    AcceptedExtra *extra = array_add(accepted);
    *extra = (AcceptedExtra){
        .kind = memory_string(row->kind),
        .identity = memory_string(row->identity),
        .reason = memory_string(request->reason),
        .came_with =
            whole == row ? memory_string("") : memory_format("%s %s", whole->kind, whole->identity),
    };
    memcpy(extra->hash, row->hash, sizeof(extra->hash));
}

static void accept_parts(const FingerprintChangeArray *changes, const AcceptRequest *request,
                         const FingerprintRow *whole, AcceptedExtraArray *accepted)
{
    array_each (const FingerprintChange, change, changes) {
        if (change->kind != CHANGE_EXTRA || change->actual == whole)
            continue;
        if (is_relation(whole) && is_sequence_of(change->actual, whole->identity)) {
            accept_row(change->actual, request, whole, accepted);
            accept_parts(changes, request, change->actual, accepted);
        } else if (came_with(change->actual, whole)) {
            accept_row(change->actual, request, whole, accepted);
        }
    }
}

static bool find_extra(const FingerprintChangeArray *changes, const AcceptRequest *request,
                       const FingerprintRow **ret_row, Error *err)
{
    array_each (const FingerprintChange, change, changes) {
        const FingerprintRow *row = change->actual;
        /* what is in the deparse class is the text of an object that has a row in core */
        if (change->kind != CHANGE_EXTRA || row->class == FINGERPRINT_DEPARSE ||
            strcmp(row->kind, "column order") == 0 || !names(request, row->kind, row->identity))
            continue;
        if (*ret_row) {
            error_set(err, ERROR_TARGET, "both a %s and a %s are extra under the name '%s'",
                      (*ret_row)->kind, row->kind, request->identity);
            return error_hint(err, "say which: --accept-extra '%s:%s=…'", row->kind,
                              request->identity);
        }
        *ret_row = row;
    }
    return true;
}

static const AcceptedExtra *find_known(const AcceptedExtraArray *known,
                                       const AcceptRequest *request)
{
    array_each (const AcceptedExtra, extra, known) {
        if (names(request, extra->kind, extra->identity))
            return extra;
    }
    return NULL;
}

/* What has come to it since: a column of an accepted table could not be accepted by its own name.
 */
static void accept_known(const FingerprintChangeArray *changes, const AcceptRequest *request,
                         const AcceptedExtra *known, AcceptedExtraArray *accepted)
{
    const FingerprintRow whole = {.kind = known->kind, .identity = known->identity};
    accept_parts(changes, request, &whole, accepted);
}

bool accepted_extras_add(const FingerprintChangeArray *changes, const AcceptRequestArray *requests,
                         const AcceptedExtraArray *known, AcceptedExtraArray *accepted, Error *err)
{
    array_each (const AcceptRequest, request, requests) {
        const FingerprintRow *row = NULL;
        if (!find_extra(changes, request, &row, err))
            return false;
        const AcceptedExtra *before = row ? NULL : find_known(known, request);
        if (before) {
            accept_known(changes, request, before, accepted);
            continue;
        }
        if (!row) {
            error_set(err, ERROR_TARGET, "nothing extra has the name '%s%s%s'",
                      request->kind ? request->kind : "", request->kind ? ":" : "",
                      request->identity);
            return error_hint(err, "'applier drift' lists what is extra, as it is to be written");
        }
        const char *why = why_not(row);
        if (why) {
            error_set(err, ERROR_TARGET, "%s %s cannot be accepted: %s", row->kind, row->identity,
                      why);
            return error_hint(err, "remove it, or have the vendor tolerate it in the bundle");
        }
        accept_row(row, request, row, accepted);
        accept_parts(changes, request, row, accepted);
    }
    return true;
}
