#include "migrations/script_reading.h"

#include <inttypes.h>

#include "migrations/value_text.h"

/* -- of psql -- */

static bool refuse_unknown(const ScriptReading *reading, const SplitterVariable *variable,
                           Error *err)
{
    static const char known[] = " DBNAME USER HOST PORT ENCODING VERSION VERSION_NAME VERSION_NUM "
                                "SERVER_VERSION_NAME SERVER_VERSION_NUM ROW_COUNT ERROR SQLSTATE "
                                "LAST_ERROR_MESSAGE LAST_ERROR_SQLSTATE ";
    CLEANUP(memory_freep) char *wanted = memory_format(" %s ", variable->name);
    error_set(err, ERROR_INPUT, "%s:%" PRId64 ": ':%s' " SCRIPT_UNKNOWN_VALUE,
              reading->source->name, variable->line, variable->name);
    if (strstr(known, wanted))
        return error_hint(err,
                          "psql sets it where it runs: declare a [value %s] in sealift.conf, "
                          "or ask the server in SQL",
                          variable->name);
    return error_hint(err, "declare it in sealift.conf ([value %s]), or \\set it before this line",
                      variable->name);
}

/* The site's text: how it is written there. */
static void refer(ScriptReading *reading, const SplitterVariable *variable, size_t index,
                  ValueForm form, SplitterInsert *insert)
{
    *array_add(&reading->script->references) =
        (ScriptReference){variable->offset + reading->shift, variable->length, index, form};
    insert->kind = form == VALUE_FORM_LITERAL      ? SPLITTER_INSERT_LITERAL
                   : form == VALUE_FORM_IDENTIFIER ? SPLITTER_INSERT_IDENTIFIER
                                                   : SPLITTER_INSERT_NUMBER;
}

bool script_on_variable(void *context, const SplitterVariable *variable, SplitterInsert *insert,
                        Error *err)
{
    ScriptReading *reading = context;
    ScriptValue value;
    if (!script_source_is_read(reading->source))
        return true;
    bool known = script_values_find(&reading->values, variable->name, &value);
    reading->script->composed = true;
    if (variable->form == VARIABLE_TEST) {
        *insert = (SplitterInsert){SPLITTER_INSERT_TEXT, memory_string(known ? "TRUE" : "FALSE")};
        return true;
    }
    if (!known)
        return variable->may_be_sql || refuse_unknown(reading, variable, err);
    ValueForm form = variable->form == VARIABLE_LITERAL      ? VALUE_FORM_LITERAL
                     : variable->form == VARIABLE_IDENTIFIER ? VALUE_FORM_IDENTIFIER
                                                             : value.form;
    if (!value.text) {
        refer(reading, variable, value.index, form, insert);
        return true;
    }
    insert->text = value_text(value.text, form);
    insert->kind = form == VALUE_FORM_LITERAL      ? SPLITTER_INSERT_LITERAL
                   : form == VALUE_FORM_IDENTIFIER ? SPLITTER_INSERT_IDENTIFIER
                                                   : SPLITTER_INSERT_TEXT;
    return true;
}

/* -- of other tools, whose text is put in before it is split -- */

bool script_refuse_missed(const ScriptReading *reading, Error *err)
{
    error_set(err, ERROR_INPUT,
              "%s:%" PRId64
              ": the site parameter '%s' stands in a string, a quoted name, a comment "
              "or a word",
              reading->source->name, reading->site_line,
              reading->file->settings.values->items[reading->site_value].name);
    return error_hint(err,
                      "let it stand by itself, and put the text together in SQL (||, format())");
}

bool script_on_site(void *context, size_t value, ValueForm form, int64_t line, Error *err)
{
    ScriptReading *reading = context;
    if (reading->site_line)
        return script_refuse_missed(reading, err);
    reading->site_value = value;
    reading->site_form = form;
    reading->site_line = line;
    return true;
}

/* The reference that was put there, and no other: elsewhere a colon is a colon. With letters or
 * digits right behind it the splitter has met a longer name, which the site's text would swallow.
 */
bool script_on_site_variable(void *context, const SplitterVariable *variable,
                             SplitterInsert *insert, Error *err)
{
    ScriptReading *reading = context;
    const ProjectValueArray *values = reading->file->settings.values;
    if (!reading->site_line)
        return true;
    if (strcmp(variable->name, values->items[reading->site_value].name) != 0)
        return script_refuse_missed(reading, err);
    refer(reading, variable, reading->site_value, reading->site_form, insert);
    reading->site_line = 0;
    return true;
}
