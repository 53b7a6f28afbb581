/* What a look at a project found: errors and warnings, all of them, not only the first. */
#ifndef SEALIFT_MIGRATIONS_FINDING_H
#define SEALIFT_MIGRATIONS_FINDING_H

#include "base/array.h"
#include "base/error.h"

typedef enum { FINDING_ERROR, FINDING_WARNING } FindingSeverity;

typedef struct Finding {
    FindingSeverity severity;
    char *message; /* owned; names the file or the migration */
    char *hint;    /* owned; what to do next, or NULL */
} Finding;

typedef ARRAY_OF(Finding) FindingArray;

/* Add one; `hint` is copied and may be NULL. */
void finding_add(FindingArray *findings, FindingSeverity severity, const char *hint,
                 const char *format, ...) PRINTF_LIKE(4, 5);

/* Add an error that was reported as an Error, which is empty afterwards. */
void finding_add_error(FindingArray *findings, Error *err);

size_t findings_error_count(const FindingArray *findings);

/* True where there is no error; otherwise the first one becomes `err` (ERROR_INPUT), and how many
 * more there are becomes its detail, with the command that lists those of the project in the folder
 * `project`; NULL: they were shown before. */
bool findings_check(const FindingArray *findings, const char *project, Error *err) MUST_CHECK;

void findings_done(FindingArray *findings);

#endif
