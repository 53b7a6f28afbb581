#include "applier/rehearsal/rehearsal_parameters.h"

#include <ctype.h>

#include "applier/server/pg_query.h"
#include "applier/sql/scratch_queries.h"
#include "base/memory.h"
#include "bundles/parameter_value.h"

#define WORDS_BEFORE 64 /* bytes of a statement that stand before a name */

void rehearsal_parameters_done(RehearsalParameters *parameters)
{
    for (size_t i = 0; parameters->others && i < parameters->count; i++)
        free(parameters->others[i]);
    free(parameters->others);
    free(parameters->values);
    free(parameters->made);
    fingerprint_names_done(&parameters->names);
    *parameters = (RehearsalParameters){0};
}

/* --- other values ---------------------------------------------------------------------------- */

/* Made from the rehearsed one, so that what the pattern asks has a chance to hold. */
static char *another(const ManifestParameter *parameter)
{
    const char *value = parameter->rehearsed_value;
    size_t length = strlen(value);
    CLEANUP(memory_freep) char *other = NULL;
    switch (parameter->type) {
    case PARAMETER_BOOLEAN:
        other = memory_string(strcmp(value, "true") == 0 ? "false" : "true");
        break;
    case PARAMETER_INTEGER:
    case PARAMETER_NUMBER:
        other = memory_string(value);
        other[length - 1] = other[length - 1] == '1' ? '2' : '1';
        break;
    case PARAMETER_TEXT:
    case PARAMETER_IDENTIFIER:
        other = memory_format("%sx", value);
        break;
    }
    return parameter_value_trouble(parameter, other) ? NULL : TAKE_PTR(other);
}

/* --- roles ----------------------------------------------------------------------------------- */

/* Whether `before` ends in CREATE ROLE, USER or GROUP. */
static bool makes_role(const char *before)
{
    static const char *const words[] = {"create role", "create user", "create group"};
    CLEANUP(text_done) Text folded = {0};
    for (const char *at = before; *at; at++) {
        bool blank = isspace((unsigned char)*at);
        if (!blank)
            text_add_char(&folded, (char)tolower((unsigned char)*at));
        else if (folded.length && folded.bytes[folded.length - 1] != ' ')
            text_add_char(&folded, ' ');
    }
    while (folded.length && folded.bytes[folded.length - 1] == ' ')
        folded.bytes[--folded.length] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (text_has_suffix(text_string(&folded), words[i]))
            return true;
    return false;
}

/* What stands right before each place of an identifier. */
static bool look_at_script(const ApplyInput *input, const ManifestScript *script, bool *made,
                           Error *err)
{
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    if (!script->references.count)
        return true;
    const ManifestObject *object = &input->manifest->objects.items[script->object];
    if (!object_stream_open(&input->objects, object, &stream, err))
        return false;
    int64_t read_to = 0;
    array_each (const ManifestReference, each, &script->references) {
        int64_t end = script->steps.items[each->step].offset + each->offset;
        int64_t begin = end - (each->offset < WORDS_BEFORE ? each->offset : WORDS_BEFORE);
        if (begin < read_to)
            begin = read_to; /* the stream does not go back: two names are not that near */
        char before[WORDS_BEFORE + 1] = "";
        if (!object_stream_read_range(stream, begin, before, (size_t)(end - begin), err))
            return false;
        before[end - begin] = '\0';
        read_to = end;
        if (each->quoting == QUOTING_IDENTIFIER && makes_role(before))
            made[each->parameter] = true;
    }
    return true;
}

bool rehearsal_parameters_make(const ApplyInput *input, RehearsalParameters *ret_parameters,
                               Error *err)
{
    const Manifest *manifest = input->manifest;
    CLEANUP(rehearsal_parameters_done)
    RehearsalParameters made = {.count = manifest->parameters.count};
    made.values = rehearsed_values(manifest);
    made.others = memory_zeroed(made.count + 1, sizeof(*made.others));
    made.made = memory_zeroed(made.count + 1, sizeof(*made.made));
    rehearsed_names(manifest, &made.names);
    for (size_t i = 0; i < made.count; i++) {
        const ManifestParameter *parameter = &manifest->parameters.items[i];
        made.others[i] = another(parameter);
        if (made.others[i] && parameter->type == PARAMETER_IDENTIFIER)
            fingerprint_names_add(&made.names, made.others[i], parameter->name);
    }
    array_each (const ManifestMigration, migration, &manifest->migrations)
        for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)
            if (!look_at_script(input, &migration->scripts[kind], made.made, err))
                return false;
    *ret_parameters = made;
    made = (RehearsalParameters){0};
    return true;
}

/* Names that no role may have are those of something else. */
static bool may_be_role(const char *name)
{
    return !text_has_prefix(name, "pg_") && strcmp(name, "public") != 0 &&
           strcmp(name, "none") != 0;
}

bool rehearsal_parameters_make_roles(PgSession *admin, const Manifest *manifest,
                                     const RehearsalParameters *parameters,
                                     const char *const *values, Error *err)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (manifest->parameters.items[i].type == PARAMETER_IDENTIFIER && !parameters->made[i] &&
            may_be_role(values[i]) &&
            (!pg_query(admin, SQL_scratch_name_role, PG_VALUES(pg_text(values[i])), PG_ONE_ROW,
                       /* ret_result= */ NULL, err) ||
             !pg_script(admin, SQL_scratch_make_role, err)))
            return error_wrap(err, "making the role that the parameter '%s' may mean",
                              manifest->parameters.items[i].name);
    return true;
}
