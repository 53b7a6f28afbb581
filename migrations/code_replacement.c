#include "migrations/code_replacement.h"

#include "base/file.h"
#include "base/text.h"
#include "migrations/script_lines.h"

#define PIECE_SIZE (64 * 1024)

static const char *const endings[] = {CODE_REPLACEMENT_UP, CODE_REPLACEMENT_DOWN};

bool code_replacement_is(const char *name)
{
    return code_replacement_length(name) < strlen(name);
}

size_t code_replacement_length(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (text_has_suffix(name, endings[i]))
            return strlen(name) - strlen(endings[i]);
    return strlen(name);
}

bool code_replacement_binds(const char *name, int64_t line, const char *words)
{
    return line == 1 && code_replacement_is(name) && text_has_prefix(words, "replaces ");
}

char *code_replacement_line(const char *program, const Digest *digest)
{
    char hex[DIGEST_HEX_SIZE];
    return memory_format("-- sealift: replaces %s blake2b %s", program, digest_hex(digest, hex));
}

bool code_replacement_digest(const char *path, Digest *ret_digest, Error *err)
{
    CLEANUP(file_closep) int fd = -1;
    CLEANUP(memory_freep) char *bytes = memory_zeroed(1, PIECE_SIZE);
    DigestStream stream;
    int64_t whole;
    if (!file_open_regular(path, &fd, &whole, err))
        return false;
    digest_begin(&stream);
    for (size_t size = 1; size > 0;) {
        if (!file_read_some(fd, path, bytes, PIECE_SIZE, &size, err))
            return false;
        digest_update(&stream, bytes, size);
    }
    *ret_digest = digest_end(&stream);
    return true;
}

static bool keep_first_line(void *context, const char *line, int64_t number, Error *err UNUSED)
{
    if (number == 1)
        text_add(context, line);
    return true;
}

/* Blanks at the end of a line mean nothing. */
static void trim_end(Text *line)
{
    while (line->length && strchr(" \t", line->bytes[line->length - 1]))
        line->bytes[--line->length] = '\0';
}

bool code_replacement_alone(const char *root, const char *script, bool *ret_alone, Error *err)
{
    CLEANUP(memory_freep) char *absolute = file_path(root, script);
    CLEANUP(memory_freep)
    char *program = memory_string_n(absolute, code_replacement_length(absolute));
    CLEANUP(text_done) Text line = {0};
    *ret_alone = false;
    if (!text_has_suffix(script, CODE_REPLACEMENT_UP) || file_exists(program))
        return true;
    if (!script_lines_read(absolute, keep_first_line, &line, err))
        return false;
    trim_end(&line);
    const Digest none = {0};
    CLEANUP(memory_freep) char *like = code_replacement_line(file_base_name(program), &none);
    size_t digest_at = (size_t)(strrchr(like, ' ') + 1 - like);
    *ret_alone = line.length == strlen(like) && strncmp(text_string(&line), like, digest_at) == 0;
    return true;
}

static void add_findings(Project *project, FindingSeverity severity, const char *script,
                         const char *program, const char *line, const char *wanted)
{
    const char *digest = strrchr(wanted, ' ') + 1;
    /* all but the digest is as it must be */
    bool bound = strncmp(line, wanted, (size_t)(digest - wanted)) == 0;
    CLEANUP(memory_freep) char *folder = file_folder_of(script);
    CLEANUP(memory_freep) char *path = file_path(folder, program);
    CLEANUP(memory_freep)
    char *hint = memory_format(
        "%sits first line is then: %s",
        bound ? "see whether the SQL still does what the program does; " : "", wanted);
    if (bound)
        finding_add(&project->findings, severity, hint,
                    "'%s' has changed since '%s' was written for it: its digest is now %s", path,
                    script, digest);
    else
        finding_add(&project->findings, severity, hint,
                    "'%s' does not say in its first line that it replaces '%s'", script, path);
}

/* Nothing that is not released may stand for what nobody can look at. */
static void add_missing(Project *project, const char *script)
{
    CLEANUP(memory_freep) char *program = memory_string_n(script, code_replacement_length(script));
    CLEANUP(memory_freep)
    char *hint = memory_format("put '%s' back as its first line knows it, until the version is "
                               "released; or remove the SQL",
                               program);
    finding_add(&project->findings, FINDING_ERROR, hint, "'%s' replaces nothing: '%s' is not there",
                script, program);
}

static bool check_one(Project *project, FindingSeverity severity, const char *script, Error *err)
{
    const char *name = file_base_name(script);
    CLEANUP(memory_freep) char *absolute = file_path(project->root, script);
    CLEANUP(memory_freep) char *program = memory_string_n(name, code_replacement_length(name));
    CLEANUP(memory_freep)
    char *program_path = memory_string_n(absolute, code_replacement_length(absolute));
    CLEANUP(text_done) Text line = {0};
    Digest digest;
    if (!file_exists(program_path)) {
        if (severity == FINDING_ERROR)
            add_missing(project, script);
        return true;
    }
    if (!script_lines_read(absolute, keep_first_line, &line, err) ||
        !code_replacement_digest(program_path, &digest, err))
        return false;
    trim_end(&line);
    CLEANUP(memory_freep) char *wanted = code_replacement_line(program, &digest);
    if (strcmp(text_string(&line), wanted) != 0)
        add_findings(project, severity, script, program, text_string(&line), wanted);
    return true;
}

bool code_replacement_check(Project *project, Error *err)
{
    array_each (const ProjectMigration, migration, &project->migrations) {
        FindingSeverity severity = migration->released ? FINDING_WARNING : FINDING_ERROR;
        for (int which = PROJECT_UP; which <= PROJECT_DOWN; which++) {
            const char *script = migration->scripts[which];
            if (script && code_replacement_is(script) && !check_one(project, severity, script, err))
                return false;
        }
    }
    return true;
}
