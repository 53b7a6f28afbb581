#include "applier/commands/parameter_render.h"

void parameter_render_text(const RunParameters *parameters, Text *out)
{
    bool any = false;
    array_each (const RunParameter, item, &parameters->items) {
        if (!item->needed || !item->value)
            continue;
        text_add(out, any ? "" : "parameters:\n");
        any = true;
        text_addf(out, "  %s = %s   (%s, %s", item->parameter->name, item->value,
                  parameter_type_name(item->parameter->type), value_source_words(item->source));
        if (item->before)
            text_addf(out, "; the last run had %s", item->before);
        text_add(out, ")\n");
    }
}

void parameter_render_json(const RunParameters *parameters, JsonWriter *json)
{
    json_array(json, "parameters");
    array_each (const RunParameter, item, &parameters->items) {
        if (!item->needed)
            continue;
        json_object(json, /* name= */ NULL);
        json_string(json, "name", item->parameter->name);
        json_string(json, "type", parameter_type_name(item->parameter->type));
        json_string(json, "value", item->value);
        json_string(json, "source", item->value ? value_source_name(item->source) : NULL);
        json_string(json, "before", item->before);
        json_close(json);
    }
    json_close(json);
}

void past_parameter_render_text(const History *history, int64_t event_number, Text *out)
{
    array_each (const PastParameter, past, &history->parameters)
        if (past->event_number == event_number)
            text_addf(out, "    parameter %s = %s (%s)\n", past->name, past->value,
                      value_source_words(past->source));
}

void past_parameter_render_json(const History *history, JsonWriter *json)
{
    json_array(json, "parameters");
    array_each (const PastParameter, past, &history->parameters) {
        json_object(json, /* name= */ NULL);
        json_int(json, "event", past->event_number);
        json_string(json, "name", past->name);
        json_string(json, "type", past->type);
        json_string(json, "value", past->value);
        json_string(json, "source", value_source_name(past->source));
        json_string(json, "at", past->at);
        json_string(json, "session_user", past->session_user);
        json_string(json, "operating_system_user", past->operating_system_user);
        json_close(json);
    }
    json_close(json);
}
