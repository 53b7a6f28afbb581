#include "planner/packing/plan_parameters.h"

#include "base/memory.h"
#include "bundles/parameter_value.h"

ParameterType plan_parameter_type(ValueType type)
{
    switch (type) {
    case VALUE_TYPE_TEXT:
        return PARAMETER_TEXT;
    case VALUE_TYPE_INTEGER:
        return PARAMETER_INTEGER;
    case VALUE_TYPE_NUMBER:
        return PARAMETER_NUMBER;
    case VALUE_TYPE_BOOLEAN:
        return PARAMETER_BOOLEAN;
    case VALUE_TYPE_IDENTIFIER:
        return PARAMETER_IDENTIFIER;
    }
    return PARAMETER_TEXT;
}

ParameterQuoting plan_parameter_quoting(ValueForm form)
{
    switch (form) {
    case VALUE_FORM_RAW:
        return QUOTING_RAW;
    case VALUE_FORM_LITERAL:
        return QUOTING_LITERAL;
    case VALUE_FORM_IDENTIFIER:
        return QUOTING_IDENTIFIER;
    }
    return QUOTING_LITERAL;
}

static bool refuse(const ManifestParameter *parameter, const char *key, const char *why, Error *err)
{
    return error_set(err, ERROR_CONFIG, "sealift.conf: [value %s] %s %s", parameter->name, key,
                     why);
}

static bool check(const ManifestParameter *parameter, Error *err)
{
    if (parameter->pattern && !parameter_pattern_is_valid(parameter->pattern))
        return refuse(parameter, "pattern",
                      "repeats a repetition ('{' behind ')', '}', '*', '+' or '?'), which a site "
                      "does not take",
                      err);
    if (strlen(parameter->description) > PARAMETER_VALUE_MAX ||
        !text_is_printable_line(parameter->description, strlen(parameter->description)))
        return refuse(parameter, "description", "is not one line of at most 1024 bytes", err);
    const char *trouble = parameter->default_value
                              ? parameter_value_trouble(parameter, parameter->default_value)
                              : NULL;
    if (trouble)
        return refuse(parameter, "default", trouble, err);
    trouble = parameter_value_trouble(parameter, parameter->rehearsed_value);
    return !trouble || refuse(parameter, "rehearse", trouble, err);
}

/* For each script of each migration. */
#define EACH_REFERENCE(manifest, reference)                                                        \
    array_each (ManifestMigration, migration, &(manifest)->migrations)                             \
        for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)                                       \
            array_each (ManifestReference, reference, &migration->scripts[kind].references)

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ManifestParameter *)a)->name, ((const ManifestParameter *)b)->name);
}

bool plan_parameters(const ProjectValueArray *values, Manifest *manifest, Error *err)
{
    ManifestParameterArray *parameters = &manifest->parameters;
    CLEANUP(memory_freep) bool *used = memory_zeroed(values->count + 1, sizeof(*used));
    EACH_REFERENCE(manifest, reference)
    used[reference->parameter] = true;
    for (size_t i = 0; i < values->count; i++) {
        const ProjectValue *value = &values->items[i];
        if (!used[i])
            continue;
        ManifestParameter *parameter = array_add(parameters);
        *parameter = (ManifestParameter){
            .name = memory_string(value->name),
            .type = plan_parameter_type(value->type),
            .default_value = memory_string(value->fallback),
            .rehearsed_value = memory_string(value->rehearse),
            .pattern = memory_string(value->pattern),
            .description = memory_string(value->description ? value->description : ""),
        };
        if (!check(parameter, err))
            return false;
    }
    if (parameters->count)
        qsort(parameters->items, parameters->count, sizeof(*parameters->items), by_name);
    EACH_REFERENCE(manifest, reference)
    reference->parameter =
        manifest_find_parameter(manifest, values->items[reference->parameter].name);
    return true;
}
