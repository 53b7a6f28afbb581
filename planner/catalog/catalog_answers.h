/* What rehearsals in the catalog answer to others: what lint's statements were measured at, and
 * what an object was before a migration, for derived rollbacks. Where there is no catalog, where
 * the text has changed since, or where a schema's rows do not say it, the answer is that nothing is
 * known. */
#ifndef SEALIFT_PLANNER_CATALOG_ANSWERS_H
#define SEALIFT_PLANNER_CATALOG_ANSWERS_H

#include "planner/catalog/catalog.h"
#include "planner/lint/lint_measured.h"
#include "planner/schema/before_state.h"

/* Zeroed is valid for catalog_answers_done, and knows nothing. */
typedef struct CatalogAnswers {
    Project project; /* with its pending migrations as a version */
    RehearsalSubject subject;
    RehearsalArray rehearsals; /* on all majors */
    Catalog *catalog;
    char *identity; /* owned: the migration whose schema before it is `before` */
    Fingerprint before;
    bool before_known;
} CatalogAnswers;

/* Read what is known of the project in folder `root`. A catalog is not made where there is none. A
 * script that cannot be read ends what can be known, and is no error. ERROR_IO. */
bool catalog_answers_open(const char *root, CatalogAnswers *ret_answers, Error *err) MUST_CHECK;
void catalog_answers_done(CatalogAnswers *answers);

/* Both borrow the answers. */
LintMeasured catalog_answers_measured(CatalogAnswers *answers);
BeforeState catalog_answers_before(CatalogAnswers *answers);

#endif
