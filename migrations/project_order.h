/* The one order of a product: what sealift.sum froze first, then what is pending. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_ORDER_H
#define SEALIFT_MIGRATIONS_PROJECT_ORDER_H

#include "migrations/layout.h"
#include "migrations/sum_file.h"

/* Move the layout's migrations into `project` (versions, migrations) in order. What breaks the
 * released part (removed, renamed, moved, reordered, inserted before) becomes errors among the
 * project's findings; its migrations are still there, after the released ones. */
void project_order(Project *project, LayoutReading *reading, const SumFile *sum);

#endif
