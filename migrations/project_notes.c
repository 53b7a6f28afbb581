#include "migrations/project_notes.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/text.h"

#define FILE_MAX (1 << 20)

void project_notes_done(ProjectNoteArray *notes)
{
    array_each (ProjectNote, note, notes) {
        free(note->title);
        free(note->description);
        free(note->action);
    }
    array_free(notes);
}

/* Where the reading stands. */
typedef struct Reading {
    const char *name;
    int64_t line;
    ProjectNoteArray notes;
    int64_t heading_line; /* of the last note */
    Text description;
    Text action;
    bool acts; /* behind `Action:` */
} Reading;

static void reading_done(Reading *reading)
{
    project_notes_done(&reading->notes);
    text_done(&reading->description);
    text_done(&reading->action);
}

static bool refuse(const Reading *reading, int64_t line, Error *err, const char *why)
{
    return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": %s", reading->name, line, why);
}

/* The text without blanks and line ends around it; the caller frees. */
static char *trimmed(Text *text)
{
    const char *bytes = text_string(text);
    bytes += strspn(bytes, " \t\n");
    size_t length = strlen(bytes);
    while (length && strchr(" \t\n", bytes[length - 1]))
        length--;
    char *copy = memory_string_n(bytes, length);
    text_clear(text);
    return copy;
}

/* The note that was begun is whole. */
static bool end_note(Reading *reading, Error *err)
{
    if (!reading->notes.count)
        return true;
    ProjectNote *note = &reading->notes.items[reading->notes.count - 1];
    note->description = trimmed(&reading->description);
    note->action = trimmed(&reading->action);
    if (strlen(note->description) > PROJECT_NOTE_TEXT_MAX ||
        strlen(note->action) > PROJECT_NOTE_TEXT_MAX)
        return refuse(reading, reading->heading_line, err,
                      "the note is longer than 4,000 bytes of description or action");
    if (note->breaking && !*note->action)
        return refuse(reading, reading->heading_line, err,
                      "a breaking change needs a line 'Action: …' that says what to do");
    return true;
}

static bool begin_note(Reading *reading, const char *title, Error *err)
{
    static const char mark[] = "Breaking:";
    if (!end_note(reading, err))
        return false;
    bool breaking = strncasecmp(title, mark, strlen(mark)) == 0;
    title += breaking ? strlen(mark) : 0;
    title += strspn(title, " \t");
    if (!*title || strlen(title) > PROJECT_NOTE_TITLE_MAX)
        return refuse(reading, reading->line, err, "a note's title has 1 to 200 bytes");
    if (reading->notes.count == PROJECT_NOTES_MAX)
        return refuse(reading, reading->line, err, "a version has at most 100 notes");
    *array_add(&reading->notes) =
        (ProjectNote){.breaking = breaking, .title = memory_string(title)};
    reading->heading_line = reading->line;
    reading->acts = false;
    return true;
}

static bool take_line(Reading *reading, const char *line, Error *err)
{
    static const char mark[] = "Action:";
    if (text_has_prefix(line, "## "))
        return begin_note(reading, line + 3 + strspn(line + 3, " \t"), err);
    if (text_has_prefix(line, "# "))
        return true;
    if (!reading->notes.count)
        return !*line || refuse(reading, reading->line, err,
                                "text before the first note: a note begins with '## TITLE'");
    if (!reading->acts && strncasecmp(line, mark, strlen(mark)) == 0) {
        reading->acts = true;
        line += strlen(mark);
    }
    Text *text = reading->acts ? &reading->action : &reading->description;
    text_add(text, line);
    text_add_char(text, '\n');
    return true;
}

/* Printable, for it will stand on terminals. */
static bool check_line(const Reading *reading, const char *line, Error *err)
{
    size_t length = strlen(line);
    if (!text_is_utf8(line, length))
        return refuse(reading, reading->line, err, "is not UTF-8");
    return text_is_printable_line(line, length) ||
           refuse(reading, reading->line, err, "holds a control character");
}

static bool read_lines(Reading *reading, char *bytes, size_t size, Error *err)
{
    char *rest = bytes;
    if (strlen(bytes) != size)
        return refuse(reading, 1, err, "holds a NUL");
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        size_t length = strlen(line);
        reading->line++;
        while (length && strchr(" \t\r", line[length - 1]))
            line[--length] = '\0';
        for (char *tab = line; (tab = strchr(tab, '\t')) != NULL;)
            *tab = ' ';
        if (!check_line(reading, line, err) || !take_line(reading, line, err))
            return false;
    }
    return end_note(reading, err);
}

bool project_notes_read(const char *root, const char *version, ProjectNoteArray *ret_notes,
                        Error *err)
{
    CLEANUP(memory_freep) char *name = memory_format("%s/%s.md", PROJECT_NOTES_FOLDER, version);
    CLEANUP(memory_freep) char *path = file_path(root, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size = 0;
    if (!file_exists(path))
        return true;
    CLEANUP(reading_done) Reading reading = {.name = name};
    if (!file_read_all(path, FILE_MAX, &bytes, &size, err) ||
        !read_lines(&reading, bytes, size, err))
        return false;
    *ret_notes = reading.notes;
    reading.notes = (ProjectNoteArray){0};
    return true;
}
