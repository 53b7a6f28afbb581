#include "migrations/requires_directive.h"

#include "base/text.h"

#define NAME_MAX_BYTES   255 /* as the bundle's manifest holds names */
#define SERVER_MAJOR_MAX 99

#define SHAPE                                                                                      \
    "write it as: -- sealift: requires extension NAME [>=VERSION], server MAJOR, role NAME, or "   \
    "setting NAME=VALUE"

static const char *const kinds[] = {"extension", "server", "role", "setting"};

const char *requires_directive_kind(RequireKind kind)
{
    return kinds[kind];
}

void requires_directive_done(ScriptRequireArray *requires)
{
    array_each (ScriptRequire, require, requires) {
        free(require->name);
        free(require->value);
    }
    array_free(requires);
}

static bool refuse(const char *value, Error *err)
{
    error_set(err, ERROR_INPUT, "directive 'requires %s' does not say what is required", value);
    return error_hint(err, SHAPE);
}

/* The name up to `ends`, and what stands behind that; blanks around both are dropped. */
static void cut(const char *text, const char *ends, ScriptRequire *require)
{
    const char *mark = strstr(text, ends);
    size_t length = mark ? (size_t)(mark - text) : strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    const char *value = mark ? mark + strlen(ends) : "";
    value += strspn(value, " \t");
    require->name = memory_string_n(text, length);
    require->value = memory_string(value);
}

static bool is_complete(const ScriptRequire *require)
{
    uint64_t major;
    size_t length = strlen(require->name);
    if (!length || length > NAME_MAX_BYTES || strlen(require->value) > NAME_MAX_BYTES)
        return false;
    switch (require->kind) {
    case REQUIRE_SERVER:
        return text_parse_uint(require->name, length, SERVER_MAJOR_MAX, &major) && major;
    case REQUIRE_SETTING:
        return *require->value && !require->name[strcspn(require->name, " \t")];
    case REQUIRE_EXTENSION:
        return !require->name[strcspn(require->name, " \t,")];
    case REQUIRE_ROLE:
        return true;
    }
    return false;
}

static bool is_there(const ScriptRequireArray *requires, const ScriptRequire *wanted)
{
    array_each (const ScriptRequire, require, requires)
        if (require->kind == wanted->kind && strcmp(require->name, wanted->name) == 0)
            return true;
    return false;
}

bool requires_directive_read(const char *value, ScriptRequireArray *requires, Error *err)
{
    size_t word = strcspn(value, " \t");
    ScriptRequire require = {0};
    size_t kind = 0;
    while (kind < ARRAY_LEN(kinds) &&
           (strlen(kinds[kind]) != word || strncmp(kinds[kind], value, word) != 0))
        kind++;
    if (kind == ARRAY_LEN(kinds))
        return refuse(value, err);
    const char *rest = value + word + strspn(value + word, " \t");
    require.kind = (RequireKind)kind;
    cut(rest, kind == REQUIRE_EXTENSION ? ">=" : kind == REQUIRE_SETTING ? "=" : "\n", &require);
    bool complete = is_complete(&require), twice = is_there(requires, &require);
    if (complete && !twice) {
        *array_add(requires) = require;
        return true;
    }
    free(require.name);
    free(require.value);
    if (!complete)
        return refuse(value, err);
    return error_set(err, ERROR_INPUT, "directive 'requires %s' is given twice", value);
}
