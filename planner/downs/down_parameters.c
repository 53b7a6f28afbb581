/* Statements that refer to site parameters: a step that would name one is refused. */
#include "planner/downs/down_derive.h"

static const ScriptReference *reference_at(const LintVisit *visit, size_t i)
{
    return &visit->script->references.items[visit->statement->first_reference + i];
}

static size_t place_of(const LintVisit *visit, const ScriptReference *reference)
{
    return (size_t)(reference->offset - visit->statement->offset);
}

static const char *name_of(const LintVisit *visit, const ScriptReference *reference)
{
    return visit->project->config.values.items[reference->value].name;
}

char *down_written(const LintVisit *visit)
{
    char *written = memory_string_n(visit->sql, visit->sql_size);
    for (size_t i = 0; i < visit->statement->reference_count; i++) {
        const ScriptReference *reference = reference_at(visit, i);
        const char *name = name_of(visit, reference);
        size_t length = (size_t)reference->length;
        const char *quote = length == strlen(name) + 1              ? ""
                            : reference->form == VALUE_FORM_LITERAL ? "'"
                                                                    : "\"";
        CLEANUP(memory_freep) char *text = memory_format(":%s%s%s", quote, name, quote);
        if (strlen(text) == length)
            memcpy(written + place_of(visit, reference), text, length);
    }
    return written;
}

DownMark down_mark(const DownDeriving *deriving)
{
    return (DownMark){deriving->draft->steps.count, deriving->made.count, deriving->added.count};
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

/* Whether the text has it as a token of its own. */
static bool has_token(const char *text, const char *token)
{
    size_t length = strlen(token);
    for (const char *at = text; at && (at = strstr(at, token)) != NULL; at++)
        if (*token == '\'' || ((at == text || !is_word(at[-1])) && !is_word(at[length])))
            return true;
    return false;
}

/* The parameter whose mask is in one of the step's texts, or NULL. */
static const char *parameter_in(const LintVisit *visit, const DownStep *step)
{
    const char *const texts[] = {step->sql, step->loses, step->guard, step->reason, step->index};
    for (size_t i = 0; i < visit->statement->reference_count; i++) {
        const ScriptReference *reference = reference_at(visit, i);
        CLEANUP(memory_freep)
        char *mask =
            memory_string_n(visit->sql + place_of(visit, reference), (size_t)reference->length);
        for (size_t k = 0; k < ARRAY_LEN(texts); k++)
            if (has_token(texts[k], mask))
                return name_of(visit, reference);
    }
    return NULL;
}

static void refuse(DownStep *step, const char *parameter)
{
    char **const texts[] = {&step->sql, &step->loses, &step->guard, &step->reason, &step->index};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    step->outcome = DOWN_REFUSED;
    step->reason = memory_format("its way back would name the site parameter '%s', and what stands "
                                 "there before is known at the site alone",
                                 parameter);
}

static void forget(ModelNames *names, size_t count)
{
    while (names->count > count)
        free(names->items[--names->count]);
}

void down_refuse_masks(DownDeriving *deriving, const DownMark *before)
{
    DownStepArray *steps = &deriving->draft->steps;
    bool refused = false;
    for (size_t i = before->steps; i < steps->count; i++) {
        const char *parameter = parameter_in(&deriving->visit, &steps->items[i]);
        if (parameter)
            refuse(&steps->items[i], parameter);
        refused = refused || parameter;
    }
    if (!refused)
        return;
    forget(&deriving->made, before->made);
    forget(&deriving->added, before->added);
}
