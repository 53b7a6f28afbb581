/* What became of the files of a migration folder, as `status` and `import` show it. */
#ifndef SEALIFT_PLANNER_FILES_RENDER_H
#define SEALIFT_PLANNER_FILES_RENDER_H

#include "base/json_writer.h"
#include "base/text.h"
#include "migrations/project_files.h"

/* Which of the files that are not read have a line: none, those of which no finding says it, all.
 */
typedef enum { LIST_NO_FILES, LIST_UNSAID_FILES, LIST_FILES } FileListing;

/* The sums, then the files that are not read, with the reason. */
void project_files_text(const ProjectFileArray *files, FileListing listing, Text *out);

/* The member `files` of an open object. */
void project_files_json(const ProjectFileArray *files, JsonWriter *json);

#endif
