#include "migrations/sqitch_plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/project_names.h"
#include "migrations/sqitch_ids.h"

#define PLAN_SIZE_MAX (16 * 1024 * 1024)

#define BLANKS " \t"

typedef struct PlanReading {
    SqitchPlan *plan;
    const char *name;
    int64_t line;
    bool in_changes; /* behind the blank line that ends the pragmas */
} PlanReading;

static void stamp_done(SqitchStamp *stamp)
{
    free(stamp->planner_name);
    free(stamp->planner_email);
    free(stamp->date);
    free(stamp->note);
}

void sqitch_plan_done(SqitchPlan *plan)
{
    free(plan->project);
    free(plan->uri);
    array_each (SqitchChange, change, &plan->changes) {
        free(change->name);
        stamp_done(&change->stamp);
        array_each (SqitchDepend, depend, &change->depends) {
            free(depend->text);
            free(depend->name);
            free(depend->tag);
            free(depend->id);
        }
        array_free(&change->depends);
    }
    array_free(&plan->changes);
    array_each (SqitchTag, tag, &plan->tags) {
        free(tag->name);
        stamp_done(&tag->stamp);
    }
    array_free(&plan->tags);
    *plan = (SqitchPlan){0};
}

static bool refuse(const PlanReading *reading, Error *err, const char *what, const char *which)
{
    CLEANUP(memory_freep) char *shown = text_printable(which, strlen(which), 200);
    return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s '%s'", reading->name, reading->line,
                     what, shown);
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

/* Between its slashes a name leads from the folder of scripts to a file, and nowhere else. */
static bool stays_inside(const char *name)
{
    for (const char *at = name;; at++) {
        size_t length = strcspn(at, "/");
        if (!length || (length <= 2 && strspn(at, ".") == length))
            return false;
        at += length;
        if (!*at)
            return !project_file_name_trouble(name);
    }
}

/* ROOT and HEAD mean something else, 40 hex digits an id. */
static bool is_reserved(const char *name)
{
    CLEANUP(memory_freep) char *start = memory_string_n(name, strnlen(name, SQITCH_ID_SIZE - 1));
    return strcmp(name, "ROOT") == 0 || strcmp(name, "HEAD") == 0 || sqitch_is_id(start);
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
    bool is_id = sqitch_is_id(at);
    *ret_depend = (SqitchDepend){
        .text = memory_string(word),
        .conflict = *word == '!',
        .name = length && !is_id ? memory_string_n(at, length) : NULL,
        .tag = at[length] ? memory_string(at + length + 1) : NULL,
        .id = is_id ? memory_string(at) : NULL,
    };
    return true;
}

static bool is_planned_id(const SqitchPlan *plan, const char *id)
{
    array_each (const SqitchChange, change, &plan->changes)
        if (strcmp(change->id, id) == 0)
            return true;
    return false;
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
    bool met = depend->id ? is_planned_id(plan, depend->id)
                          : any_tag && (!depend->name || is_planned(plan, depend->name, count));
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
            if ((depend->name && !is_planned(plan, depend->name, plan->changes.count)) ||
                (depend->id && !is_planned_id(plan, depend->id)))
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
        array_each (const SqitchDepend, before, &change->depends)
            if (strcmp(before->text, word) == 0)
                return refuse(reading, err, "the change has the dependency twice:", word);
        if (!parse_depend(reading, word, &depend, err))
            return false;
        *array_add(&change->depends) = depend;
        if (!check_depend(reading, &depend, err))
            return false;
    }
    return true;
}

/* --- who and when ---------------------------------------------------------------------------- */

/* Cut the note off a line, and the blanks before it. */
static char *cut_note(char *line)
{
    char *mark = strchr(line, '#'), *note = NULL;
    if (mark) {
        *mark = '\0';
        note = mark + 1;
    }
    for (size_t length = strlen(line); length && strchr(BLANKS, line[length - 1]); length--)
        line[length - 1] = '\0';
    return note;
}

/* Without blanks around it, \n, \r and \\ taken for what they are. "0" is none: Perl's truth. */
static char *note_text(const char *note)
{
    CLEANUP(text_done) Text text = {0};
    note += strspn(note, BLANKS "\f\v");
    size_t length = strlen(note);
    while (length && strchr(BLANKS "\f\v", note[length - 1]))
        length--;
    for (size_t i = 0; i < length; i++) {
        char next = note[i] == '\\' && i + 1 < length ? note[i + 1] : '\0';
        if (next == 'n' || next == 'r' || next == '\\') {
            text_add_char(&text, next == 'n' ? '\n' : next == 'r' ? '\r' : '\\');
            i++;
        } else {
            text_add_char(&text, note[i]);
        }
    }
    if (!text.length || strcmp(text_string(&text), "0") == 0)
        return NULL;
    return text_take(&text);
}

/* "2024-01-01T00:00:00Z Ann Author <ann@example.com>". One blank before the address belongs to the
 * form, what stands before it to the name. */
static bool parse_stamp(const PlanReading *reading, const char *text, const char *note,
                        SqitchStamp *ret_stamp, Error *err)
{
    int64_t seconds;
    CLEANUP(memory_freep) char *date = memory_string_n(text, strnlen(text, CLOCK_TEXT_SIZE - 1));
    if (!clock_parse(date, &seconds))
        return refuse(reading, err, "a timestamp like 2024-01-01T00:00:00Z is missing before",
                      text);
    text += strlen(date);
    text += strspn(text, BLANKS);
    size_t name = strcspn(text, "<"), email = strcspn(text + name, ">");
    if (name < 2 || !strchr(BLANKS, text[name - 1]) || email < 2 ||
        strcmp(text + name + email, ">") != 0)
        return refuse(reading, err, "a planner like 'Ann <ann@example.com>' is missing:", text);
    *ret_stamp = (SqitchStamp){
        .planner_name = memory_string_n(text, name - 1),
        .planner_email = memory_string_n(text + name + 1, email - 1),
        .date = TAKE_PTR(date),
        .note = note ? note_text(note) : NULL,
    };
    return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

/* The last one of a name counts. */
static bool take_pragma(PlanReading *reading, char *text, Error *err)
{
    SqitchPlan *plan = reading->plan;
    cut_note(text);
    char *equals = strchr(text, '=');
    if (!equals)
        return true;
    *equals = '\0';
    text[strcspn(text, BLANKS)] = '\0';
    const char *value = equals + 1 + strspn(equals + 1, BLANKS);
    if (strcmp(text, "syntax-version") == 0 && !text_has_prefix(value, "1.0"))
        return refuse(reading, err, "a plan of another syntax:", value);
    if (strcmp(text, "project") == 0) {
        if (!is_name(value))
            return refuse(reading, err, "a project cannot be called", value);
        free(plan->project);
        plan->project = memory_string(value);
    }
    if (strcmp(text, "uri") == 0) {
        free(plan->uri);
        plan->uri = sqitch_canonical_uri(value);
        if (!plan->uri)
            return refuse(reading, err, "a host that is not ASCII cannot be read:", value);
    }
    return true;
}

static bool take_tag(PlanReading *reading, const char *name, const char *rest, const char *note,
                     Error *err)
{
    SqitchPlan *plan = reading->plan;
    SqitchTag tag = {.line = reading->line, .changes = plan->changes.count};
    if (!is_name(name) || strchr(name, '/') || is_reserved(name) || project_file_name_trouble(name))
        return refuse(reading, err, "a tag cannot be called", name);
    if (find_tag(plan, name) != SIZE_MAX)
        return refuse(reading, err, "the tag stands twice:", name);
    if (!plan->changes.count)
        return refuse(reading, err, "there is no change before the tag", name);
    if (!parse_stamp(reading, rest + strspn(rest, BLANKS), note, &tag.stamp, err))
        return false;
    for (size_t i = 0; i < plan->changes.count; i++)
        if (plan->changes.items[i].tag == SIZE_MAX)
            plan->changes.items[i].tag = plan->tags.count;
    tag.name = memory_string(name);
    SqitchTag *added = array_add(&plan->tags);
    *added = tag;
    sqitch_tag_id(plan, plan->tags.count - 1, added->id);
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

/* "[dependencies] date planner" */
static bool parse_change(const PlanReading *reading, char *rest, const char *note,
                         SqitchChange *change, Error *err)
{
    rest += strspn(rest, BLANKS);
    if (*rest == '[') {
        char *end = strchr(rest, ']');
        if (!end)
            return refuse(reading, err, "the dependencies have no end:", rest);
        *end = '\0';
        if (!parse_depends(reading, rest + 1, change, err))
            return false;
        rest = end + 1 + strspn(end + 1, BLANKS);
    }
    return parse_stamp(reading, rest, note, &change->stamp, err);
}

/* `name` is cut off; `rest` begins behind it. */
static bool take_change(PlanReading *reading, const char *name, char *rest, const char *note,
                        Error *err)
{
    SqitchPlan *plan = reading->plan;
    SqitchChange change = {.line = reading->line, .tag = SIZE_MAX};
    if (!is_name(name) || is_reserved(name) || !stays_inside(name))
        return refuse(reading, err, "a change cannot be called", name);
    if (!check_rework(reading, name, err))
        return false;
    change.name = memory_string(name);
    bool good = parse_change(reading, rest, note, &change, err);
    /* also where it is refused: then the plan owns it and lets it go */
    SqitchChange *added = array_add(&plan->changes);
    *added = change;
    if (good)
        sqitch_change_id(plan, plan->changes.count - 1, added->id);
    return good;
}

static bool take_line(PlanReading *reading, char *line, Error *err)
{
    line += strspn(line, BLANKS);
    if (!*line)
        reading->in_changes = true;
    if (!*line || *line == '#')
        return true;
    if (*line == '%' && !reading->in_changes)
        return take_pragma(reading, line + 1 + strspn(line + 1, BLANKS), err);
    if (!reading->in_changes)
        return refuse(reading, err, "a blank line must end the pragmas before", line);
    const char *note = cut_note(line);
    char sign = *line == '+' || *line == '-' ? *line : '\0';
    line += sign ? 1 + strspn(line + 1, BLANKS) : 0;
    size_t length = strcspn(line, BLANKS);
    char *rest = line + length + (line[length] != '\0');
    line[length] = '\0';
    if (sign == '-')
        return refuse(reading, err,
                      "sqitch itself never acts on a change that is to be reverted:", line);
    return *line == '@' ? take_tag(reading, line + 1, rest, note, err)
                        : take_change(reading, line, rest, note, err);
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
        size_t length = strlen(line);
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
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
