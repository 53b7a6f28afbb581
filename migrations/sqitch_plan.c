#include "migrations/sqitch_plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define PLAN_SIZE_MAX (16 * 1024 * 1024)

#define BLANKS " \t\f\v"

typedef struct PlanReading {
    SqitchPlan *plan;
    const char *name;
    int64_t line;
} PlanReading;

static void planned_done(SqitchPlanned *planned)
{
    free(planned->date);
    free(planned->name);
    free(planned->email);
    free(planned->note);
}

void sqitch_plan_done(SqitchPlan *plan)
{
    free(plan->project);
    free(plan->uri);
    array_each (SqitchChange, change, &plan->changes) {
        free(change->name);
        planned_done(&change->planned);
        array_each (SqitchDepend, depend, &change->depends) {
            free(depend->text);
            free(depend->name);
            free(depend->tag);
        }
        array_free(&change->depends);
    }
    array_free(&plan->changes);
    array_each (SqitchTag, tag, &plan->tags) {
        free(tag->name);
        planned_done(&tag->planned);
    }
    array_free(&plan->tags);
    *plan = (SqitchPlan){0};
}

static bool refuse(const PlanReading *reading, Error *err, const char *what, const char *which)
{
    return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s '%s'", reading->name, reading->line,
                     what, which);
}

/* --- names ----------------------------------------------------------------------------------- */

static bool is_punctuation(char c)
{
    return c && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~", c);
}

/* No blanks, none of @ : # \, no punctuation first or last ('_' is none), not ~2, ^2, /2, =2, %2 at
 * the end. */
static bool is_name(const char *name)
{
    size_t length = strlen(name), digits = 0;
    if (!length || strpbrk(name, BLANKS "@:#\\") || is_punctuation(name[0]) ||
        is_punctuation(name[length - 1]))
        return false;
    while (digits < length && name[length - 1 - digits] >= '0' && name[length - 1 - digits] <= '9')
        digits++;
    return !digits || digits == length || !strchr("~^/=%", name[length - 1 - digits]);
}

static size_t find_tag(const SqitchPlan *plan, const char *name)
{
    for (size_t i = 0; i < plan->tags.count; i++)
        if (strcmp(plan->tags.items[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

/* Whether a change of this name stands among the first `count`. */
static bool is_planned(const SqitchPlan *plan, const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(plan->changes.items[i].name, name) == 0)
            return true;
    return false;
}

/* --- dependencies ---------------------------------------------------------------------------- */

static bool parse_depend(const PlanReading *reading, const char *word, SqitchDepend *ret_depend,
                         Error *err)
{
    const char *at = word + (*word == '!');
    const char *colon = strchr(at, ':');
    if (colon) {
        const char *project = reading->plan->project;
        if (!project || strncmp(at, project, (size_t)(colon - at)) != 0 ||
            project[colon - at] != '\0')
            return refuse(reading, err, "a change of another project cannot be looked for:", word);
        at = colon + 1;
    }
    size_t length = strcspn(at, "@");
    *ret_depend = (SqitchDepend){
        .text = memory_string(word),
        .conflict = *word == '!',
        .name = length ? memory_string_n(at, length) : NULL,
        .tag = at[length] ? memory_string(at + length + 1) : NULL,
    };
    return true;
}

/* What is required stands before; what conflicts does not. */
static bool check_depend(const PlanReading *reading, const SqitchDepend *depend, Error *err)
{
    const SqitchPlan *plan = reading->plan;
    size_t tag = depend->tag ? find_tag(plan, depend->tag) : SIZE_MAX;
    /* ROOT and HEAD are tags of every plan */
    bool any_tag = !depend->tag || strcmp(depend->tag, "ROOT") == 0 ||
                   strcmp(depend->tag, "HEAD") == 0 || tag != SIZE_MAX;
    size_t count = tag == SIZE_MAX ? plan->changes.count : plan->tags.items[tag].changes;
    bool met = any_tag && (!depend->name || is_planned(plan, depend->name, count));
    if (met && depend->conflict)
        return refuse(reading, err,
                      "the change conflicts with what stands before it:", depend->text);
    if (!met && !depend->conflict)
        return refuse(reading, err,
                      "what the change requires does not stand before it:", depend->text);
    return true;
}

/* A conflict with what comes later is none, one with what the plan does not know is refused, as
 * sqitch does. */
static bool check_conflicts(PlanReading *reading, Error *err)
{
    const SqitchPlan *plan = reading->plan;
    array_each (const SqitchChange, change, &plan->changes) {
        reading->line = change->line;
        array_each (const SqitchDepend, depend, &change->depends)
            if (depend->name && !is_planned(plan, depend->name, plan->changes.count))
                return refuse(
                    reading, err,
                    "the plan does not know what the change conflicts with:", depend->text);
    }
    return true;
}

/* "[a !b c@1.0]" of a change that is not in the plan yet. */
static bool parse_depends(const PlanReading *reading, char *words, SqitchChange *change, Error *err)
{
    for (char *rest, *word = strtok_r(words, BLANKS, &rest); word;
         word = strtok_r(NULL, BLANKS, &rest)) {
        SqitchDepend depend;
        if (!parse_depend(reading, word, &depend, err))
            return false;
        *array_add(&change->depends) = depend;
        if (!check_depend(reading, &depend, err))
            return false;
    }
    return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool take_pragma(PlanReading *reading, char *text, Error *err)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return true;
    *equals = '\0';
    text[strcspn(text, BLANKS)] = '\0';
    const char *value = equals + 1 + strspn(equals + 1, BLANKS);
    if (strcmp(text, "syntax-version") == 0 && !text_has_prefix(value, "1.0"))
        return refuse(reading, err, "a plan of another syntax:", value);
    if (strcmp(text, "project") == 0 && !reading->plan->project)
        reading->plan->project = memory_string(value);
    if (strcmp(text, "uri") == 0 && !reading->plan->uri)
        reading->plan->uri = memory_string(value);
    return true;
}

/* --- who planned it, when and why ------------------------------------------------------------- */

/* \n, \r and \\ are what they say, anything else stands for itself. */
static char *note_of(const char *text)
{
    Text note = {0};
    for (const char *at = text; *at; at++) {
        const char *which = *at == '\\' && at[1] ? strchr("nr\\", at[1]) : NULL;
        if (which)
            at++;
        text_add_char(&note, which ? "\n\r\\"[strchr("nr\\", *which) - "nr\\"] : *at);
    }
    return text_take(&note);
}

/* A copy without blanks at either end; NULL where nothing is left. */
static char *trimmed(const char *text, size_t length)
{
    while (length && strchr(BLANKS, *text)) {
        text++;
        length--;
    }
    while (length && strchr(BLANKS, text[length - 1]))
        length--;
    return length ? memory_string_n(text, length) : NULL;
}

/* "2026-01-31T10:00:00Z Name <email> # note"; what is not there stays NULL. */
static SqitchPlanned take_planned(const char *rest)
{
    SqitchPlanned planned = {0};
    const char *hash = strchr(rest, '#');
    size_t length = hash ? (size_t)(hash - rest) : strlen(rest);
    CLEANUP(memory_freep) char *words = trimmed(rest, length);
    CLEANUP(memory_freep) char *note = hash ? trimmed(hash + 1, strlen(hash + 1)) : NULL;
    planned.note = note ? note_of(note) : NULL;
    size_t date = words ? strcspn(words, BLANKS) : 0;
    char *less = words ? strchr(words, '<') : NULL, *more = less ? strchr(less, '>') : NULL;
    if (!more || less < words + date)
        return planned;
    planned.date = memory_string_n(words, date);
    planned.name = trimmed(words + date, (size_t)(less - words) - date);
    planned.email = trimmed(less + 1, (size_t)(more - less) - 1);
    return planned;
}

static bool take_tag(PlanReading *reading, const char *name, const char *rest, Error *err)
{
    SqitchPlan *plan = reading->plan;
    if (!is_name(name) || strchr(name, '/') || strcmp(name, "ROOT") == 0 ||
        strcmp(name, "HEAD") == 0)
        return refuse(reading, err, "a tag cannot be called", name);
    if (find_tag(plan, name) != SIZE_MAX)
        return refuse(reading, err, "the tag stands twice:", name);
    if (!plan->changes.count)
        return refuse(reading, err, "there is no change before the tag", name);
    for (size_t i = 0; i < plan->changes.count; i++)
        if (plan->changes.items[i].tag == SIZE_MAX)
            plan->changes.items[i].tag = plan->tags.count;
    *array_add(&plan->tags) =
        (SqitchTag){memory_string(name), reading->line, plan->changes.count, take_planned(rest)};
    return true;
}

/* The same name again is a rework, and there is a tag between the two. */
static bool check_rework(const PlanReading *reading, const char *name, Error *err)
{
    array_each (const SqitchChange, at, &reading->plan->changes)
        if (at->tag == SIZE_MAX && strcmp(at->name, name) == 0)
            return refuse(reading, err, "without a tag between them a change stands twice:", name);
    return true;
}

/* `name` is cut off; `rest` begins behind it: maybe [dependencies], then date and planner. */
static bool take_change(PlanReading *reading, const char *name, char *rest, Error *err)
{
    SqitchChange change = {.line = reading->line, .tag = SIZE_MAX};
    if (!is_name(name))
        return refuse(reading, err, "a change cannot be called", name);
    if (!check_rework(reading, name, err))
        return false;
    change.name = memory_string(name);
    rest += strspn(rest, BLANKS);
    char *end = *rest == '[' ? strchr(rest, ']') : NULL;
    bool good = true;
    change.planned = take_planned(end ? end + 1 : rest);
    if (end) {
        *end = '\0';
        good = parse_depends(reading, rest + 1, &change, err);
    } else if (*rest == '[') {
        good = refuse(reading, err, "the dependencies have no end:", rest);
    }
    /* also where it is refused: then the plan owns it and lets it go */
    *array_add(&reading->plan->changes) = change;
    return good;
}

static bool take_line(PlanReading *reading, char *line, Error *err)
{
    line += strspn(line, BLANKS);
    if (!*line || *line == '#')
        return true;
    if (*line == '%')
        return take_pragma(reading, line + 1 + strspn(line + 1, BLANKS), err);
    char sign = *line == '+' || *line == '-' ? *line : '\0';
    line += sign ? 1 + strspn(line + 1, BLANKS) : 0;
    size_t length = strcspn(line, BLANKS);
    char *rest = line + length + (line[length] != '\0');
    line[length] = '\0';
    if (sign == '-')
        return refuse(reading, err,
                      "sqitch itself never acts on a change that is to be reverted:", line);
    return *line == '@' ? take_tag(reading, line + 1, rest, err)
                        : take_change(reading, line, rest, err);
}

bool sqitch_plan_read(const char *path, const char *name, SqitchPlan *ret_plan, Error *err)
{
    CLEANUP(sqitch_plan_done) SqitchPlan plan = {0};
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    PlanReading reading = {.plan = &plan, .name = name};
    if (!file_read_all(path, PLAN_SIZE_MAX, &bytes, &size, err))
        return false;
    if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size))
        return error_set(err, ERROR_INPUT, "'%s' is not UTF-8 text", name);
    for (char *line = bytes, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "\r")] = '\0';
        reading.line++;
        if (!take_line(&reading, line, err))
            return false;
    }
    if (!plan.project)
        return error_set(err, ERROR_INPUT, "'%s' names no %%project", name);
    if (!check_conflicts(&reading, err))
        return false;
    *ret_plan = plan;
    plan = (SqitchPlan){0};
    return true;
}
