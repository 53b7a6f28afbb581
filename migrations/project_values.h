/* Named values of a project: sections [value NAME] of sealift.conf. A *fixed* value has its text
 * there, and scripts are shipped with it in its place. A *site parameter* (`site = true`) is
 * supplied at the site; scripts are shipped with the references to it as they were written
 * (script.h). What a value may be, and how it is written where a script names it, is declared. */
#ifndef SEALIFT_MIGRATIONS_PROJECT_VALUES_H
#define SEALIFT_MIGRATIONS_PROJECT_VALUES_H

#include <stdbool.h>

#include "base/array.h"
#include "base/config_file.h"
#include "base/error.h"

#define PROJECT_VALUES_MAX         200
#define PROJECT_VALUE_NAME_MAX     40 /* bytes */
#define PROJECT_VALUE_NAME_GRAMMAR "letters, digits and _.-, at most 40, the first a letter or _"

typedef enum {
    VALUE_TYPE_TEXT,
    VALUE_TYPE_INTEGER,    /* as PostgreSQL's bigint */
    VALUE_TYPE_NUMBER,     /* digits, maybe a sign, a point, an exponent */
    VALUE_TYPE_BOOLEAN,    /* true or false */
    VALUE_TYPE_IDENTIFIER, /* 1 to 63 bytes */
} ValueType;

/* How a bare reference is written into the SQL. */
typedef enum {
    VALUE_FORM_RAW,        /* as it stands */
    VALUE_FORM_LITERAL,    /* 'quoted' as a string */
    VALUE_FORM_IDENTIFIER, /* "quoted" as a name */
} ValueForm;

/* All texts owned; what is not declared is NULL unless said. */
typedef struct ProjectValue {
    char *name;
    bool site; /* a site parameter */
    ValueType type;
    ValueForm form;
    char *value;       /* of a fixed value; may be empty */
    char *fallback;    /* `default`: of a site parameter, where the site says nothing */
    char *rehearse;    /* of a site parameter, never NULL: what a rehearsal takes */
    char *pattern;     /* POSIX extended regular expression that a whole value matches */
    char *description; /* for people */
} ProjectValue;

typedef ARRAY_OF(ProjectValue) ProjectValueArray;

void project_values_done(ProjectValueArray *values);

/* The value of this name, or NULL. */
const ProjectValue *project_values_find(const ProjectValueArray *values, const char *name);

/* The same where the tool takes a name in any case of letters: the value of exactly this name, else
 * the only one that differs in case alone; NULL where there is none, or more than one. */
const ProjectValue *project_values_find_any_case(const ProjectValueArray *values, const char *name);

/* "text", "integer" …; "raw", "literal", "identifier". */
const char *value_type_name(ValueType type);
const char *value_form_name(ValueForm form);

/* Whether `text` may be this value: its type and its pattern. `what` is what the text is called in
 * the words of ERROR_CONFIG: "[value tenant] default". */
bool project_value_check(const ProjectValue *value, const char *what, const char *text,
                         Error *err) MUST_CHECK;

/* -- reading; for project_config -- */

/* Sections as they stand in the file, before they are checked. */
typedef struct ValueSection ValueSection;
typedef ARRAY_OF(ValueSection *) ValueSectionArray;

/* What config_file_read_sections wants; it fills `sections`, which the caller releases with
 * value_sections_done. */
ConfigSections value_sections_reader(ValueSectionArray *sections);
void value_sections_done(ValueSectionArray *sections);

/* Check them; the values are in the order in which their sections begin. ERROR_CONFIG names the
 * section and the key. */
bool project_values_take(const ValueSectionArray *sections, ProjectValueArray *ret_values,
                         Error *err) MUST_CHECK;

#endif
