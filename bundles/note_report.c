#include "bundles/note_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void add_lines(const char *indent, const char *lines, Text *out)
{
    for (const char *at = lines; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        text_addf(out, "%s%.*s\n", indent, (int)strcspn(at, "\n"), at);
}

void note_report_text(const Manifest *manifest, size_t version, const char *indent, Text *out)
{
    CLEANUP(memory_freep) char *below = memory_format("%s  ", indent);
    array_each (const ManifestNote, note, &manifest->notes) {
        if (note->version != version)
            continue;
        text_addf(out, "%s%s%s\n", indent, note->breaking ? "BREAKING: " : "note: ", note->title);
        add_lines(below, note->description, out);
        if (*note->action)
            text_addf(out, "%s  to do:\n", indent);
        CLEANUP(memory_freep) char *inside = memory_format("%s    ", indent);
        add_lines(inside, note->action, out);
    }
}

void note_report_json(const Manifest *manifest, size_t version, JsonWriter *json)
{
    array_each (const ManifestNote, note, &manifest->notes) {
        if (note->version != version)
            continue;
        json_object(json, /* name= */ NULL);
        json_string(json, "version", manifest->versions.items[version].name);
        json_bool(json, "breaking", note->breaking);
        json_string(json, "title", note->title);
        json_string(json, "description", note->description);
        json_string(json, "action", note->action);
        json_close(json);
    }
}
