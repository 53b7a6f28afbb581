#include "applier/commands/proof_render.h"

#include "base/memory.h"

/* --- definitions line by line ---------------------------------------------------------------- */

typedef ARRAY_OF(const char *) LineArray; /* each ends at LF or NUL */

static void split_lines(const char *text, LineArray *lines)
{
    while (text && *text) {
        *array_add(lines) = text;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

static bool same_line(const char *a, const char *b)
{
    size_t length = strcspn(a, "\n");
    return length == strcspn(b, "\n") && memcmp(a, b, length) == 0;
}

static void add_lines(const LineArray *lines, size_t first, size_t end, char mark, Text *out)
{
    for (size_t i = first; i < end; i++) {
        CLEANUP(memory_freep)
        char *line = text_printable(lines->items[i], strcspn(lines->items[i], "\n"), SIZE_MAX);
        text_addf(out, "    %c %s\n", mark, line);
    }
}

/* What is the same at both ends is left out. */
static void add_definitions(const char *expected, const char *actual, Text *out)
{
    LineArray before = {0}, after = {0};
    size_t same = 0, tail = 0;
    split_lines(expected, &before);
    split_lines(actual, &after);
    size_t shorter = before.count < after.count ? before.count : after.count;
    while (same < shorter && same_line(before.items[same], after.items[same]))
        same++;
    while (tail < shorter - same &&
           same_line(before.items[before.count - 1 - tail], after.items[after.count - 1 - tail]))
        tail++;
    add_lines(&before, same, before.count - tail, '-', out);
    add_lines(&after, same, after.count - tail, '+', out);
    array_free(&before);
    array_free(&after);
}

static const char *definition_of(const FingerprintRow *row)
{
    return row ? row->definition : NULL;
}

static void add_name(const FingerprintRow *row, Text *out)
{
    CLEANUP(memory_freep)
    char *identity = text_printable(row->identity, strlen(row->identity), SIZE_MAX);
    text_addf(out, "%s %s", row->kind, identity);
}

void proof_render_changes(const ProofResult *result, ChangesWanted wanted, Text *out)
{
    array_each (const FingerprintChange, change, &result->changes) {
        const FingerprintRow *row = fingerprint_change_row(change);
        if ((row->class == FINGERPRINT_ENV) != (wanted == CHANGES_OF_ENV))
            continue;
        text_addf(out, "%-8s ", fingerprint_change_name(change->kind));
        add_name(row, out);
        text_add_char(out, '\n');
        add_definitions(definition_of(change->expected), definition_of(change->actual), out);
    }
}

void proof_render_taken_out(const ProofResult *result, const AcceptedExtraArray *accepted,
                            Text *out)
{
    array_each (const FingerprintRow, row, &result->accepted.rows) {
        const AcceptedExtra *extra = accepted_extras_find(accepted, row);
        if (!extra || *extra->came_with)
            continue;
        CLEANUP(memory_freep)
        char *reason = text_printable(extra->reason, strlen(extra->reason), SIZE_MAX);
        text_add(out, "accepted ");
        add_name(row, out);
        text_addf(out, ": %s\n", reason);
    }
    array_each (const FingerprintRow, row, &result->tolerated.rows) {
        text_add(out, "tolerated ");
        add_name(row, out);
        text_add_char(out, '\n');
    }
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void row_json(const FingerprintRow *row, JsonWriter *json)
{
    json_string(json, "class", fingerprint_class_name(row->class));
    json_string(json, "kind", row->kind);
    json_string(json, "identity", row->identity);
}

void proof_render_json(const ProofResult *result, const AcceptedExtraArray *accepted,
                       JsonWriter *json)
{
    json_array(json, "differences");
    array_each (const FingerprintChange, change, &result->changes) {
        json_object(json, /* name= */ NULL);
        json_string(json, "change", fingerprint_change_name(change->kind));
        row_json(fingerprint_change_row(change), json);
        json_string(json, "expected", definition_of(change->expected));
        json_string(json, "actual", definition_of(change->actual));
        json_close(json);
    }
    json_close(json);
    json_array(json, "accepted");
    array_each (const FingerprintRow, row, &result->accepted.rows) {
        const AcceptedExtra *extra = accepted_extras_find(accepted, row);
        json_object(json, /* name= */ NULL);
        row_json(row, json);
        json_string(json, "reason", extra ? extra->reason : NULL);
        json_string(json, "came_with", extra && *extra->came_with ? extra->came_with : NULL);
        json_close(json);
    }
    json_close(json);
    json_array(json, "tolerated");
    array_each (const FingerprintRow, row, &result->tolerated.rows) {
        json_object(json, /* name= */ NULL);
        row_json(row, json);
        json_close(json);
    }
    json_close(json);
}
