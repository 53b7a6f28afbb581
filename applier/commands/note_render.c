#include "applier/commands/note_render.h"

#include "bundles/note_report.h"

/* Whether the run comes to the version, or goes on inside it. */
static bool comes_to(const ApplyPlan *plan, const ManifestVersion *version)
{
    array_each (const RunTask, task, &plan->tasks)
        if (task->version == version && !task->only_gate)
            return true;
    return false;
}

void note_render_text(const ApplyPlan *plan, const Manifest *manifest, Text *out)
{
    for (size_t i = 0; i < manifest->versions.count; i++) {
        const ManifestVersion *version = &manifest->versions.items[i];
        CLEANUP(text_done) Text notes = {0};
        if (comes_to(plan, version))
            note_report_text(manifest, i, "  ", &notes);
        if (notes.length)
            text_addf(out, "notes of %s:\n%s", version->name, text_string(&notes));
    }
}

void note_render_json(const ApplyPlan *plan, const Manifest *manifest, JsonWriter *json)
{
    json_array(json, "notes");
    for (size_t i = 0; i < manifest->versions.count; i++)
        if (comes_to(plan, &manifest->versions.items[i]))
            note_report_json(manifest, i, json);
    json_close(json);
}
