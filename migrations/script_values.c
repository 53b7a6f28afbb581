#include "migrations/script_values.h"

#include <stdint.h>

void script_values_init(ScriptValues *values, const ProjectValueArray *declared)
{
    *values = (ScriptValues){.declared = declared};
    for (size_t i = 0; declared && i < declared->count; i++)
        *array_add(&values->used) = false;
}

void script_values_done(ScriptValues *values)
{
    array_each (ScriptSet, set, &values->set) {
        free(set->name);
        free(set->text);
    }
    array_free(&values->set);
    array_free(&values->used);
}

bool script_values_find(ScriptValues *values, const char *name, ScriptValue *ret_value)
{
    array_each (const ScriptSet, set, &values->set) {
        if (strcmp(set->name, name) != 0)
            continue;
        if (set->text)
            *ret_value = (ScriptValue){set->text, VALUE_FORM_RAW, VALUE_TYPE_TEXT, SIZE_MAX};
        return set->text != NULL;
    }
    const ProjectValue *found =
        values->declared ? project_values_find(values->declared, name) : NULL;
    if (!found)
        return false;
    size_t index = (size_t)(found - values->declared->items);
    values->used.items[index] = true;
    *ret_value = (ScriptValue){found->value, found->form, found->type, index};
    return true;
}

void script_values_set(ScriptValues *values, const char *name, const char *text)
{
    char *copy = text ? memory_string(text) : NULL;
    array_each (ScriptSet, set, &values->set) {
        if (strcmp(set->name, name) != 0)
            continue;
        free(set->text);
        set->text = copy;
        return;
    }
    *array_add(&values->set) = (ScriptSet){memory_string(name), copy};
}
