/* What a site may give for a parameter, and how it is written into a statement. The bytes that a
 * value becomes are one token of SQL, whatever it holds, and whatever standard_conforming_strings
 * says. */
#ifndef SEALIFT_BUNDLES_PARAMETER_VALUE_H
#define SEALIFT_BUNDLES_PARAMETER_VALUE_H

#include "base/error.h"
#include "bundles/manifest.h"

/* [A-Za-z_][A-Za-z0-9_.-]*, at most PARAMETER_NAME_MAX bytes. */
bool parameter_name_is_valid(const char *name);

/* Whether the pattern is an extended regular expression (POSIX) that is cheap to match: not too
 * long, and no {n} behind another repetition or a group. */
bool parameter_pattern_is_valid(const char *pattern);

/* Why `value` cannot be the parameter's ("is not an integer of 64 bits"), or NULL where it can.
 * Valid until the parameter is released. */
const char *parameter_value_trouble(const ManifestParameter *parameter, const char *value);

/* Whether a value of this type may be written so. */
bool parameter_quoting_fits(ParameterType type, ParameterQuoting quoting);

/* Add the value as it stands in a statement:
 *   literal     'it''s', and  E'a\\b' (with a space before it) where it holds a backslash
 *   identifier  "as given", each " doubled
 *   raw         as it is, with a space before a minus: two of them would begin a comment */
void parameter_quote(ParameterQuoting quoting, const char *value, Text *text);

typedef enum {
    PARAMETER_ALL_PLACES,
    PARAMETER_IDENTIFIER_PLACES, /* the others stay as they are in the bundle */
} ParameterPlaces;

/* Add the text of a step with values in the places of its references. `values` is indexed as the
 * manifest's parameters. ERROR_INPUT where the statement would be larger than STATEMENT_SIZE_MAX,
 * or a place is outside of it; ERROR_INTERNAL where a value is not there. */
bool parameter_substitute(const ManifestScript *script, size_t step, const char *text,
                          size_t length, const char *const *values, ParameterPlaces places,
                          Text *ret_text, Error *err) MUST_CHECK;

/* The first reference of the step, NULL where it has none; they stand in one piece. */
const ManifestReference *parameter_references(const ManifestScript *script, size_t step,
                                              size_t *ret_count);

#endif
