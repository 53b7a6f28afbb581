/* The site parameters of the project that a bundle's scripts take, as the manifest has them. */
#ifndef SEALIFT_PLANNER_PLAN_PARAMETERS_H
#define SEALIFT_PLANNER_PLAN_PARAMETERS_H

#include "bundles/manifest.h"
#include "migrations/project_values.h"

/* Fill manifest->parameters with the values that its scripts refer to, in order of their names, and
 * turn the references' `parameter`, an index into `values`, into one of these. ERROR_CONFIG for a
 * default, a value to rehearse with or a pattern that no bundle can carry. */
bool plan_parameters(const ProjectValueArray *values, Manifest *manifest, Error *err) MUST_CHECK;

/* How the manifest calls a value's type and a reference's form. */
ParameterType plan_parameter_type(ValueType type);
ParameterQuoting plan_parameter_quoting(ValueForm form);

#endif
