#include "applier/runs/touched_objects.h"

#include "bundles/fingerprint_object.h"

void touched_objects_done(TouchedObjects *touched)
{
    array_each (TouchedObject, object, &touched->objects) {
        free(object->what);
        free(object->identity);
    }
    array_free(&touched->objects);
    touched->known = false;
}

char *touched_parent(const char *identity)
{
    const char *last = NULL;
    bool quoted = false;
    int depth = 0; /* a function's arguments have dots of their own */
    for (const char *at = identity; *at; at++) {
        quoted ^= *at == '"';
        depth += !quoted && *at == '(';
        depth -= !quoted && *at == ')';
        if (*at == '.' && !quoted && depth == 0)
            last = at;
    }
    return last ? memory_string_n(identity, (size_t)(last - identity)) : NULL;
}

/* Rows that are about a relation itself, or about a part of one, whose name is in front. */
static bool is_one_of(const char *kind, const char *const *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

static const char *const relations[] = {"table",         "view",         "matview",
                                        "foreign table", "column order", "system triggers",
                                        "sequence",      "view text",    "matview text"};
static const char *const parts[] = {"column", "constraint", "index",    "trigger",
                                    "rule",   "policy",     "rule text"};
static const char *const others[] = {"function",
                                     "enum",
                                     "domain",
                                     "composite type",
                                     "range type",
                                     "base type",
                                     "statistics",
                                     "collation",
                                     "operator",
                                     "operator class",
                                     "operator family",
                                     "text search configuration",
                                     "text search dictionary"};

static void add(TouchedObjects *touched, TouchedKind kind, const char *what, char *identity)
{
    if (!identity)
        return;
    *array_add(&touched->objects) =
        (TouchedObject){.kind = kind, .what = memory_string(what), .identity = identity};
}

/* Something that is not there yet needs a place; a part of a relation, the relation. */
static void add_new(TouchedObjects *touched, const FingerprintRow *row)
{
    bool relation = is_one_of(row->kind, relations, ARRAY_LEN(relations));
    if (relation || is_one_of(row->kind, others, ARRAY_LEN(others)))
        add(touched, TOUCHED_SCHEMA, "", touched_parent(row->identity));
    if (strcmp(row->kind, "index") == 0) {
        CLEANUP(memory_freep) char *table = touched_parent(row->identity);
        add(touched, TOUCHED_SCHEMA, "", table ? touched_parent(table) : NULL);
    }
    /* a trigger wants a privilege only, which is not ownership */
    if (is_one_of(row->kind, parts, ARRAY_LEN(parts)) && strcmp(row->kind, "trigger") != 0)
        add(touched, TOUCHED_RELATION, "", touched_parent(row->identity));
}

static void add_existing(TouchedObjects *touched, const FingerprintRow *row)
{
    if (is_one_of(row->kind, relations, ARRAY_LEN(relations)))
        add(touched, TOUCHED_RELATION, "", memory_string(row->identity));
    else if (is_one_of(row->kind, parts, ARRAY_LEN(parts)))
        add(touched, TOUCHED_RELATION, "", touched_parent(row->identity));
    else if (is_one_of(row->kind, others, ARRAY_LEN(others)))
        add(touched, TOUCHED_OTHER, row->kind, memory_string(row->identity));
    else if (strcmp(row->kind, "function body") == 0)
        add(touched, TOUCHED_OTHER, "function", memory_string(row->identity));
    else if (strcmp(row->kind, "domain constraint") == 0)
        add(touched, TOUCHED_OTHER, "domain", touched_parent(row->identity));
}

static void add_changes(TouchedObjects *touched, const Fingerprint *before,
                        const Fingerprint *after)
{
    FingerprintChangeArray changes = {0};
    fingerprint_compare(before, after, &changes);
    array_each (const FingerprintChange, change, &changes) {
        const FingerprintRow *row = fingerprint_change_row(change);
        if (row->class == FINGERPRINT_ENV)
            continue;
        if (change->kind == CHANGE_EXTRA)
            add_new(touched, row);
        else
            add_existing(touched, row);
    }
    array_free(&changes);
}

/* --- all versions of the run ------------------------------------------------------------------ */

static const ManifestFingerprint *proven(const Manifest *manifest, size_t version, int64_t wanted)
{
    const ManifestFingerprint *best = NULL;
    array_each (const ManifestFingerprint, each, &manifest->fingerprints) {
        if (each->version != version || each->arrival != ARRIVAL_UP)
            continue;
        int64_t now = llabs(each->server_major - wanted);
        int64_t before = best ? llabs(best->server_major - wanted) : 0;
        if (!best || now < before || (now == before && each->server_major > best->server_major))
            best = each;
    }
    return best;
}

static int in_order(const void *a, const void *b)
{
    const TouchedObject *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    int order = strcmp(left->what, right->what);
    return order ? order : strcmp(left->identity, right->identity);
}

static void keep_once(TouchedObjects *touched)
{
    TouchedObject *items = touched->objects.items;
    size_t kept = 0;
    if (!items)
        return;
    qsort(items, touched->objects.count, sizeof(*items), in_order);
    for (size_t i = 0; i < touched->objects.count; i++) {
        if (kept && in_order(&items[kept - 1], &items[i]) == 0) {
            free(items[i].what);
            free(items[i].identity);
            continue;
        }
        items[kept++] = items[i];
    }
    touched->objects.count = kept;
}

bool touched_objects_have(const TouchedObjects *touched, TouchedKind kind, const char *what,
                          const char *identity)
{
    const TouchedObject key = {kind, (char *)(uintptr_t)what, (char *)(uintptr_t)identity};
    return touched->objects.count && bsearch(&key, touched->objects.items, touched->objects.count,
                                             sizeof(key), in_order) != NULL;
}

bool touched_objects_read(const RunTaskArray *tasks, const ObjectSource *objects,
                          int64_t server_major, TouchedObjects *ret_touched, Error *err)
{
    CLEANUP(fingerprint_done) Fingerprint before = {0};
    TouchedObjects touched = {.known = tasks->count > 0};
    *ret_touched = (TouchedObjects){0};
    if (!tasks->count)
        return true;
    const Manifest *manifest = tasks->items[0].manifest;
    size_t first = (size_t)(tasks->items[0].version - manifest->versions.items);
    size_t last = (size_t)(tasks->items[tasks->count - 1].version - manifest->versions.items) + 1;
    for (size_t version = first; version <= last; version++) {
        CLEANUP(fingerprint_done) Fingerprint after = {0};
        const ManifestFingerprint *entry = proven(manifest, version, server_major);
        touched.known &= entry != NULL;
        if (entry && !fingerprint_object_read(objects, manifest, entry, &after, err)) {
            touched_objects_done(&touched);
            return error_wrap(err, "reading a proven schema of the bundle");
        }
        if (entry && version > first)
            add_changes(&touched, &before, &after);
        fingerprint_done(&before);
        before = after;
        after = (Fingerprint){0};
    }
    keep_once(&touched);
    *ret_touched = touched;
    return true;
}
