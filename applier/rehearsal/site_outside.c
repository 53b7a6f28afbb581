#include "applier/rehearsal/site_outside.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/memory.h"

#define LOOK_MOST  4096 /* bytes of a statement */
#define WORDS_MOST 3

/* The first words in lower case, one blank behind each. */
static void first_words(const char *statement, Text *words)
{
    int count = 0;
    for (const char *at = statement; *at && count < WORDS_MOST; count++) {
        at += strspn(at, " \t\r\n\f");
        size_t length = strcspn(at, " \t\r\n\f(;");
        for (size_t i = 0; i < length; i++)
            text_add_char(words, (char)tolower((unsigned char)at[i]));
        text_add_char(words, ' ');
        at += length + (at[length] == '(' || at[length] == ';');
    }
}

/* A membership is granted without ON. */
static bool has_on(const char *statement)
{
    for (const char *at = statement; (at = strcasestr(at, "on")); at += 2)
        if (at > statement && isspace((unsigned char)at[-1]) && isspace((unsigned char)at[2]))
            return true;
    return false;
}

bool site_outside_begins(const char *statement)
{
    static const char *const verbs[] = {"create ", "alter ", "drop "};
    static const char *const objects[] = {"role ",     "user ",   "group ", "tablespace ",
                                          "database ", "system ", NULL};
    CLEANUP(text_done) Text text = {0};
    first_words(statement, &text);
    const char *words = text_string(&text);
    if (text_has_prefix(words, "grant ") || text_has_prefix(words, "revoke "))
        return !has_on(statement);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!text_has_prefix(words, verbs[i]))
            continue;
        const char *object = words + strlen(verbs[i]);
        for (size_t j = 0; objects[j]; j++)
            if (text_has_prefix(object, objects[j]))
                return !text_has_prefix(object, "user mapping ");
    }
    return false;
}

static bool refuse(const RunTask *task, ScriptKind kind, const ManifestStep *step, Error *err)
{
    const ManifestScript *script = &task->migration->scripts[kind];
    error_set(err, ERROR_TARGET,
              "migration '%s' (%s) reaches beyond the database: its %s script (%s, line %" PRId64
              ") changes what belongs to the whole server",
              task->migration->identity, task->version->name, script_kind_name(kind),
              script->source ? script->source : "", step->line);
    return error_hint(err, "a copy on the same server would change the real one: rehearse on "
                           "another server (--method restored)");
}

static bool check_script(const RunTask *task, ScriptKind kind, Error *err)
{
    const ManifestScript *script = &task->migration->scripts[kind];
    CLEANUP(object_stream_freep) ObjectStream *stream = NULL;
    if (!script->present ||
        !object_stream_open(task->objects, &task->manifest->objects.items[script->object], &stream,
                            err))
        return !script->present;
    array_each (const ManifestStep, step, &script->steps) {
        char text[LOOK_MOST + 1] = "";
        size_t length = (size_t)(step->length < LOOK_MOST ? step->length : LOOK_MOST);
        if (!object_stream_read_range(stream, step->offset, text, length, err))
            return false;
        if (step->outside_effects || site_outside_begins(text))
            return refuse(task, kind, step, err);
    }
    return true;
}

bool site_outside_check(const RunTaskArray *tasks, Error *err)
{
    array_each (const RunTask, task, tasks) {
        if (task->migration &&
            (!check_script(task, SCRIPT_UP, err) || !check_script(task, SCRIPT_DOWN, err)))
            return false;
    }
    return true;
}
