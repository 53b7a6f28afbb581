#include "bundles/manifest_parameter.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/sqlite_db.h"
#include "bundles/manifest_rows.h"
#include "bundles/parameter_value.h"
#include "bundles/sql/manifest_queries.h"

/* --- writing --------------------------------------------------------------------------------- */

static bool write_parameters(sqlite3 *db, const Manifest *manifest, Error *err)
{
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!sqlite_db_prepare(db, SQL_manifest_insert_parameter, &insert, err))
        return false;
    int64_t number = 0;
    array_each (const ManifestParameter, parameter, &manifest->parameters)
        if (!sqlite_db_run(insert,
                           BINDS(BIND_INT(":parameter", ++number),
                                 BIND_TEXT(":name", parameter->name),
                                 BIND_TEXT(":type", parameter_type_name(parameter->type)),
                                 BIND_TEXT(":default_value", parameter->default_value),
                                 BIND_TEXT(":rehearsed_value", parameter->rehearsed_value),
                                 BIND_TEXT(":pattern", parameter->pattern),
                                 BIND_TEXT(":description", parameter->description)),
                           err))
            return false;
    return true;
}

static bool write_references(sqlite3_stmt *insert, int64_t migration, ScriptKind kind,
                             const ManifestScript *script, Error *err)
{
    array_each (const ManifestReference, each, &script->references)
        if (!sqlite_db_run(
                insert,
                BINDS(
                    BIND_INT(":migration", migration), BIND_TEXT(":script", script_kind_name(kind)),
                    BIND_INT(":step", each->step + 1), BIND_INT(":offset", each->offset),
                    BIND_INT(":length", each->length), BIND_INT(":parameter", each->parameter + 1),
                    BIND_TEXT(":quoting", parameter_quoting_name(each->quoting))),
                err))
            return false;
    return true;
}

bool manifest_parameter_write(sqlite3 *db, const Manifest *manifest, Error *err)
{
    /* in key order: that of the scripts' names */
    static const ScriptKind by_name[] = {SCRIPT_DOWN, SCRIPT_PRECHECK, SCRIPT_UP, SCRIPT_VERIFY};
    CLEANUP(sqlite_db_finalizep) sqlite3_stmt *insert = NULL;
    if (!write_parameters(db, manifest, err) ||
        !sqlite_db_prepare(db, SQL_manifest_insert_step_parameter, &insert, err))
        return false;
    int64_t number = 0;
    array_each (const ManifestMigration, migration, &manifest->migrations) {
        number++;
        for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
            if (!write_references(insert, number, by_name[i], &migration->scripts[by_name[i]], err))
                return false;
    }
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_parameters(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "parameter", SQL_manifest_read_parameters, &rows, err))
        return false;
    while (rows_next(&rows)) {
        ManifestParameter *parameter = array_add(&manifest->parameters);
        rows_expect(&rows, 0, manifest->parameters.count);
        parameter->name = rows_text(&rows, 1, 1, PARAMETER_NAME_MAX);
        parameter->type = (ParameterType)rows_word(&rows, 2, &parameter_type_words);
        if (!rows.failed && !rows_is_null(&rows, 3))
            parameter->default_value = rows_text(&rows, 3, 0, PARAMETER_VALUE_MAX);
        parameter->rehearsed_value = rows_text(&rows, 4, 0, PARAMETER_VALUE_MAX);
        parameter->pattern = rows_text_or_null(&rows, 5, PARAMETER_VALUE_MAX);
        parameter->description = rows_text(&rows, 6, 0, PARAMETER_VALUE_MAX);
        if (manifest->parameters.count > PARAMETERS_MAX)
            rows_refuse(&rows, 0, "is more than %d", PARAMETERS_MAX);
    }
    return !rows.failed;
}

/* The script that columns 0 to 2 name a step of, or NULL on failure. */
static ManifestScript *script_at(Rows *rows, Manifest *manifest, size_t *ret_step)
{
    size_t index = rows_index(rows, 0, manifest->migrations.count);
    int kind = rows_word(rows, 1, &script_kind_words);
    if (rows->failed)
        return NULL;
    ManifestScript *script = &manifest->migrations.items[index].scripts[kind];
    if (!script->present) {
        rows_refuse(rows, 1, "names a script that the migration does not have");
        return NULL;
    }
    *ret_step = rows_index(rows, 2, script->steps.count);
    return rows->failed ? NULL : script;
}

static bool read_references(sqlite3 *db, Manifest *manifest, Error *err)
{
    CLEANUP(rows_close) Rows rows = {0};
    if (!rows_open(db, "step_parameter", SQL_manifest_read_step_parameters, &rows, err))
        return false;
    while (rows_next(&rows)) {
        size_t step = 0;
        ManifestScript *script = script_at(&rows, manifest, &step);
        if (!script)
            return false;
        ManifestReference *each = array_add(&script->references);
        each->step = step;
        each->offset = rows_number(&rows, 3, 0, STATEMENT_SIZE_MAX);
        each->length = rows_number(&rows, 4, 1, STATEMENT_SIZE_MAX);
        each->parameter = rows_index(&rows, 5, manifest->parameters.count);
        each->quoting = (ParameterQuoting)rows_word(&rows, 6, &parameter_quoting_words);
    }
    return !rows.failed;
}

bool manifest_parameter_read(sqlite3 *db, Manifest *manifest, Error *err)
{
    return read_parameters(db, manifest, err) && read_references(db, manifest, err);
}

/* --- checking -------------------------------------------------------------------------------- */

PRINTF_LIKE(2, 3)
static bool refuse(Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP(memory_freep) char *words = memory_vformat(format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_INPUT, "manifest: %s", words);
}

static bool check_parameter(const ManifestParameter *parameter, size_t number, Error *err)
{
    const char *trouble = NULL;
    if (!parameter_name_is_valid(parameter->name))
        return refuse(err, "table 'parameter', row %zu: '%s' is no name of a parameter", number,
                      parameter->name);
    if (parameter->pattern && !parameter_pattern_is_valid(parameter->pattern))
        return refuse(err, "table 'parameter', row %zu: 'pattern' is none that is understood",
                      number);
    if (parameter->default_value)
        trouble = parameter_value_trouble(parameter, parameter->default_value);
    if (trouble)
        return refuse(err, "table 'parameter', row %zu: 'default_value' %s", number, trouble);
    trouble = parameter_value_trouble(parameter, parameter->rehearsed_value);
    if (trouble)
        return refuse(err, "table 'parameter', row %zu: 'rehearsed_value' %s", number, trouble);
    return true;
}

static bool check_references(const Manifest *manifest, const ManifestMigration *migration,
                             ScriptKind kind, bool *used, Error *err)
{
    const ManifestScript *script = &migration->scripts[kind];
    const ManifestReference *before = NULL;
    array_each (const ManifestReference, each, &script->references) {
        const ManifestStep *step = &script->steps.items[each->step];
        const ManifestParameter *parameter = &manifest->parameters.items[each->parameter];
        if (before && before->step == each->step && before->offset + before->length > each->offset)
            return refuse(err, "migration '%s', %s, step %zu: places of parameters overlap",
                          migration->identity, script_kind_name(kind), each->step + 1);
        if (each->offset + each->length > step->length)
            return refuse(err,
                          "migration '%s', %s, step %zu: the place of parameter '%s' ends at byte "
                          "%" PRId64 " of %" PRId64,
                          migration->identity, script_kind_name(kind), each->step + 1,
                          parameter->name, each->offset + each->length, step->length);
        if (!parameter_quoting_fits(parameter->type, each->quoting))
            return refuse(err, "migration '%s', %s, step %zu: parameter '%s' (%s) as %s",
                          migration->identity, script_kind_name(kind), each->step + 1,
                          parameter->name, parameter_type_name(parameter->type),
                          parameter_quoting_name(each->quoting));
        used[each->parameter] = true;
        before = each;
    }
    return true;
}

bool manifest_parameter_check(const Manifest *manifest, Error *err)
{
    const ManifestParameterArray *parameters = &manifest->parameters;
    CLEANUP(memory_freep) bool *used = memory_zeroed(parameters->count + 1, sizeof(*used));
    for (size_t i = 0; i < parameters->count; i++) {
        if (!check_parameter(&parameters->items[i], i + 1, err))
            return false;
        if (i && strcmp(parameters->items[i - 1].name, parameters->items[i].name) >= 0)
            return refuse(err, "table 'parameter', row %zu: does not come after the one before",
                          i + 1);
    }
    array_each (const ManifestMigration, migration, &manifest->migrations)
        for (ScriptKind kind = SCRIPT_UP; kind < SCRIPT_KIND_COUNT; kind++)
            if (!check_references(manifest, migration, kind, used, err))
                return false;
    for (size_t i = 0; i < parameters->count; i++)
        if (!used[i])
            return refuse(err, "table 'parameter', row %zu: no step takes '%s'", i + 1,
                          parameters->items[i].name);
    return true;
}
