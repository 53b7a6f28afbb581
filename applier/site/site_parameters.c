#include "applier/site/site_parameters.h"

#include "base/memory.h"
#include "bundles/head.h"
#include "bundles/parameter_value.h"

void site_parameters_done(SiteParameterArray *parameters)
{
    array_each (SiteParameter, parameter, parameters) {
        free(parameter->product);
        free(parameter->name);
        free(parameter->value);
    }
    array_free(parameters);
}

static bool take(void *context, const char *product, const char *name, const char *value,
                 Error *err)
{
    SiteParameterArray *parameters = context;
    if (*product && !head_name_is_valid(product))
        return error_set(err, ERROR_CONFIG, "[parameters %s] names no product", product);
    if (!parameter_name_is_valid(name))
        return error_set(err, ERROR_CONFIG, "'%s' in [parameters%s%s] is no name of a parameter",
                         name, *product ? " " : "", product);
    array_each (const SiteParameter, parameter, parameters)
        if (strcmp(parameter->product, product) == 0 && strcmp(parameter->name, name) == 0)
            return error_set(err, ERROR_CONFIG, "'%s' in [parameters%s%s] stands twice", name,
                             *product ? " " : "", product);
    *array_add(parameters) = (SiteParameter){.product = memory_string(product),
                                             .name = memory_string(name),
                                             .value = memory_string(value)};
    return true;
}

ConfigSections site_parameters_reader(SiteParameterArray *parameters)
{
    return (ConfigSections){.kind = "parameters", .take = take, .context = parameters};
}

const char *site_parameters_find(const SiteParameterArray *parameters, const char *product,
                                 const char *name)
{
    const char *found = NULL;
    array_each (const SiteParameter, parameter, parameters) {
        if (strcmp(parameter->name, name) != 0)
            continue;
        if (strcmp(parameter->product, product) == 0)
            return parameter->value;
        if (!*parameter->product)
            found = parameter->value;
    }
    return found;
}
