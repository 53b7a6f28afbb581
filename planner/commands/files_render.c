#include "planner/commands/files_render.h"

/* The reason without the name, which stands before it. */
static const char *bare_reason(const ProjectFile *file)
{
    CLEANUP(memory_freep) char *before = memory_format("'%s' is not read: ", file->path);
    return text_has_prefix(file->reason, before) ? file->reason + strlen(before) : file->reason;
}

static void render_file(const ProjectFile *file, Text *out)
{
    text_addf(out, "  %-7s  %s", project_file_fate_name(file->fate), file->path);
    if (text_has_suffix(file->path, "/"))
        text_addf(out, " (%zu file%s)", file->count, file->count == 1 ? "" : "s");
    text_addf(out, ": %s\n", bare_reason(file));
}

void project_files_text(const ProjectFileArray *files, FileListing listing, Text *out)
{
    size_t read = project_files_count(files, PROJECT_FILE_READ);
    size_t ignored = project_files_count(files, PROJECT_FILE_IGNORED);
    size_t refused = project_files_count(files, PROJECT_FILE_REFUSED);
    text_addf(out, "files: %zu, of which %zu read, %zu ignored, %zu refused\n",
              read + ignored + refused, read, ignored, refused);
    array_each (const ProjectFile, file, files)
        if (file->reason &&
            (listing == LIST_FILES || (listing == LIST_UNSAID_FILES && !file->said)))
            render_file(file, out);
}

void project_files_json(const ProjectFileArray *files, JsonWriter *json)
{
    json_object(json, "files");
    for (int fate = PROJECT_FILE_READ; fate <= PROJECT_FILE_REFUSED; fate++)
        json_int(json, project_file_fate_name((ProjectFileFate)fate),
                 (int64_t)project_files_count(files, (ProjectFileFate)fate));
    json_array(json, "not_read");
    array_each (const ProjectFile, file, files) {
        if (!file->reason)
            continue;
        json_object(json, /* name= */ NULL);
        json_string(json, "path", file->path);
        json_string(json, "fate", project_file_fate_name(file->fate));
        json_string(json, "reason", file->reason);
        json_int(json, "files", (int64_t)file->count);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}
