/* How one migration is read: its scripts, their directives, the statements with what is known of
 * each, and the transaction groups that they become. What `planner explain` shows; the same reading
 * as `pack`'s, without objects. */
#ifndef SEALIFT_PLANNER_EXPLANATION_H
#define SEALIFT_PLANNER_EXPLANATION_H

#include "base/json_writer.h"
#include "bundles/manifest.h"
#include "migrations/project.h"

typedef struct ScriptExplanation {
    bool present;        /* the migration has such a script */
    bool read;           /* its statements are known */
    bool planned;        /* its groups are known, too */
    bool no_transaction; /* by the layout or by its directive */
    Script script;
    const ManifestScript *plan; /* in the explanation's holder; its objects are not set */
} ScriptExplanation;

typedef ARRAY_OF(char *) ExplanationNotes; /* each owned */

typedef struct Explanation {
    const Project *project;            /* borrowed */
    const ProjectMigration *migration; /* borrowed from it */
    ScriptExplanation scripts[PROJECT_SCRIPT_COUNT];
    bool edited;           /* since it was released */
    FindingArray findings; /* what a script is refused for, and what `status` would say of it */
    Manifest holder;       /* owns the plans */
} Explanation;

void explanation_done(Explanation *explanation);

/* The migration that `name` means: its identity, the path of one of its scripts (from the project's
 * folder or from where we are), or what only one identity begins with. ERROR_USAGE where it means
 * none or several; the hint has the nearest. */
bool explanation_find(const Project *project, const char *name, const ProjectMigration **ret_found,
                      Error *err) MUST_CHECK;

/* Read it. What is wrong in a script is a finding. */
void explanation_make(const Project *project, const ProjectMigration *migration,
                      Explanation *ret_explanation);

/* What is worth knowing of a statement beyond its words, as short phrases: "loses data", "cannot
 * run in a transaction". `step` is NULL for BEGIN, COMMIT, what is left out and what was not
 * planned. */
void explanation_notes(const Explanation *explanation, const Script *script,
                       const ScriptStatement *statement, const ManifestStep *step,
                       ExplanationNotes *ret_notes);
void explanation_notes_done(ExplanationNotes *notes);

/* As text for people, and as the members of a JSON document that is open. */
void explanation_text(const Explanation *explanation, Text *out);
void explanation_json(const Explanation *explanation, JsonWriter *json);

#endif
