/* What a run says on stderr while its connection is gone. */
#ifndef SEALIFT_APPLIER_LINK_WATCH_H
#define SEALIFT_APPLIER_LINK_WATCH_H

#include "applier/commands/run_options.h"

/* RunOptions.link_news with a RunWatch as context. The loss and the return are always said; in
 * between a line every few seconds. */
void link_watch(void *context, const LinkNews *news);

#endif
