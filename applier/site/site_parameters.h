/* Values that a site gives for the parameters of bundles, in applier.conf:
 *
 *     [parameters]              for every product that asks for one of this name
 *     app_role = harbour_app
 *     [parameters harbour]      for this product, before the above
 *     tenant = Port of Rotterdam
 */
#ifndef SEALIFT_APPLIER_SITE_PARAMETERS_H
#define SEALIFT_APPLIER_SITE_PARAMETERS_H

#include "base/array.h"
#include "base/config_file.h"

/* Texts owned. */
typedef struct SiteParameter {
    char *product; /* "" for all */
    char *name;
    char *value;
} SiteParameter;

typedef ARRAY_OF(SiteParameter) SiteParameterArray;

void site_parameters_done(SiteParameterArray *parameters);

/* What config_file_read_sections takes; it fills `parameters`. ERROR_CONFIG for a name that no
 * parameter or product can have, and for one that stands twice. */
ConfigSections site_parameters_reader(SiteParameterArray *parameters);

/* The value for this product, or NULL. */
const char *site_parameters_find(const SiteParameterArray *parameters, const char *product,
                                 const char *name);

#endif
