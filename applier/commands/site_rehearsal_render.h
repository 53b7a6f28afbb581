/* The report of a site's rehearsal, for people and for programs. */
#ifndef SEALIFT_APPLIER_SITE_REHEARSAL_RENDER_H
#define SEALIFT_APPLIER_SITE_REHEARSAL_RENDER_H

#include "applier/rehearsal/site_rehearsal.h"
#include "base/json_writer.h"

/* "12 MB", "512 bytes"; "0.4 ms", "3.42 s", "2 min 3 s". The caller frees. */
char *render_bytes(int64_t bytes);
char *render_duration(int64_t microseconds);

typedef struct SiteRehearsalShown {
    const SiteRehearsal *rehearsal;
    const ApplyInput *input;
    const char *measured_file; /* where it was kept for `plan`; NULL: nowhere */
    const Error *failure;      /* or NULL */
} SiteRehearsalShown;

/* Nothing is added where no step was begun. */
void site_rehearsal_render_text(const SiteRehearsalShown *shown, Text *out);

/* One document. */
void site_rehearsal_render_json(const SiteRehearsalShown *shown, Text *out);

#endif
