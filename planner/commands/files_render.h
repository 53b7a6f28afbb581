/* What became of the files of a migration folder, as `status` and `import` show it. */
#ifndef SEALIFT_PLANNER_FILES_RENDER_H
#define SEALIFT_PLANNER_FILES_RENDER_H

#include "base/json_writer.h"
#include "base/text.h"
#include "migrations/project_files.h"

/* The sums, and where `list` is true each file that is not read, with the reason. */
void project_files_text(const ProjectFileArray *files, bool list, Text *out);

/* The member `files` of an open object. */
void project_files_json(const ProjectFileArray *files, JsonWriter *json);

#endif
