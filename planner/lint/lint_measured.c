#include "planner/lint/lint_measured.h"

void lint_measurement_done(LintMeasurement *measurement)
{
    array_each (char *, name, &measurement->rewritten)
        free(*name);
    array_free(&measurement->rewritten);
    array_each (char *, name, &measurement->scanned)
        free(*name);
    array_free(&measurement->scanned);
    array_each (LintMeasuredLock, lock, &measurement->locks) {
        free(lock->relation);
        free(lock->mode);
    }
    array_free(&measurement->locks);
    *measurement = (LintMeasurement){0};
}
