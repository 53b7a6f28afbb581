#include "applier/rehearsal/site_outside.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/memory.h"

#define LOOK_MOST 4096 /* bytes of a statement */

/* --- words ----------------------------------------------------------------------------------- */

static const char *skip_comment(const char *at)
{
    int depth = 0;
    if (at[1] == '-')
        return at + strcspn(at, "\n");
    do {
        bool opens = at[0] == '/' && at[1] == '*', closes = at[0] == '*' && at[1] == '/';
        depth += opens - closes;
        at += opens || closes ? 2 : 1;
    } while (depth && *at);
    return at;
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n\f\v");
        if (strncmp(at, "--", 2) != 0 && strncmp(at, "/*", 2) != 0)
            return at;
        at = skip_comment(at);
    }
}

/* A name in quotes or a literal, with its quotes, so that it is no keyword. */
static size_t quoted_length(const char *at)
{
    const char *end = strchr(at + 1, *at);
    return end ? (size_t)(end - at) + 1 : strlen(at);
}

/* The next word of a statement in lower case, or the next character that is none; false at the end.
 */
static bool next_word(const char **at, Text *word)
{
    const char *begin = skip_blanks(*at);
    size_t length = 0;
    text_clear(word);
    if (!*begin)
        return false;
    if (*begin == '"' || *begin == '\'')
        length = quoted_length(begin);
    else
        while (isalnum((unsigned char)begin[length]) || begin[length] == '_' ||
               (unsigned char)begin[length] >= 0x80)
            length++;
    length += !length;
    for (size_t i = 0; i < length; i++)
        text_add_char(word, (char)tolower((unsigned char)begin[i]));
    *at = begin + length;
    return true;
}

static bool is_one_of(const Text *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text_string(word), *words) == 0)
            return true;
    return false;
}

static bool word_is(const Text *word, const char *wanted)
{
    return strcmp(text_string(word), wanted) == 0;
}

/* --- statements ------------------------------------------------------------------------------ */

/* Whether the statement has ON, which keywords reserve, and stand behind it. */
static bool find_on(const char **at, Text *word)
{
    while (next_word(at, word))
        if (word_is(word, "on"))
            return true;
    return false;
}

/* CREATE, ALTER, DROP. */
static bool object_is_outside(const char *at, Text *word)
{
    static const char *const objects[] = {"role",     "user",   "group", "tablespace",
                                          "database", "system", NULL};
    if (!next_word(&at, word) || !is_one_of(word, objects))
        return false;
    bool user = word_is(word, "user");
    if (!next_word(&at, word) || word_is(word, "(")) /* not yet whole, or a function's name */
        return false;
    return !user || !word_is(word, "mapping");
}

/* GRANT, REVOKE: a membership has no ON. A table may be named like one of the kinds. */
static bool right_is_outside(const char *at, Text *word)
{
    static const char *const kinds[] = {"database", "tablespace", "parameter", NULL};
    static const char *const ends[] = {"to", "from", ",", ".", NULL};
    if (!find_on(&at, word))
        return true;
    return next_word(&at, word) && is_one_of(word, kinds) && next_word(&at, word) &&
           !is_one_of(word, ends);
}

/* COMMENT, SECURITY LABEL. */
static bool label_is_outside(const char *at, Text *word)
{
    static const char *const kinds[] = {"database", "role", "tablespace", NULL};
    return find_on(&at, word) && next_word(&at, word) && is_one_of(word, kinds);
}

/* REASSIGN OWNED, DROP OWNED: databases, tablespaces and rights on them are among what is owned. */
static bool owned(const char *at, Text *word)
{
    return next_word(&at, word) && word_is(word, "owned");
}

bool site_outside_begins(const char *statement)
{
    static const char *const makes[] = {"create", "alter", "drop", NULL};
    static const char *const rights[] = {"grant", "revoke", NULL};
    static const char *const labels[] = {"comment", "security", NULL};
    static const char *const hands[] = {"reassign", "drop", NULL};
    CLEANUP(text_done) Text word = {0};
    CLEANUP(text_done) Text next = {0};
    const char *at = statement;
    if (!next_word(&at, &word))
        return false;
    return (is_one_of(&word, makes) && object_is_outside(at, &next)) ||
           (is_one_of(&word, rights) && right_is_outside(at, &next)) ||
           (is_one_of(&word, labels) && label_is_outside(at, &next)) ||
           (is_one_of(&word, hands) && owned(at, &next));
}

/* --- scripts --------------------------------------------------------------------------------- */

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
