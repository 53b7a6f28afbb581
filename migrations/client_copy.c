#include "migrations/client_copy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define COMMAND_SIZE_MAX 32

void client_copy_done(ClientCopy *copy)
{
    free(copy->statement);
    free(copy->path);
    *copy = (ClientCopy){0};
}

/* -- what is refused, and what to do instead -- */

static const struct {
    const char *commands; /* between blanks */
    const char *instead;
} refused[] = {
    {" i ir include include_relative ", "put the SQL of that file here, or make it a migration"},
    {" set unset ", "variables of psql are not known here: write their values"},
    {" getenv setenv prompt ", "what surrounds psql is not there at the site: write the value"},
    {" gset ",
     "what a query answers is known where it runs: use it there, in SQL (a subquery, DO)"},
    {" gexec ", "what a query makes is known where it runs: let DO run it (EXECUTE format(…))"},
    {" gdesc ", "it runs nothing: leave its statement out, too"},
    {" watch ", "it runs its statement again and again: end that with a semicolon, or loop in DO"},
    {" bind bind_named parse ", "write the values into the statement"},
    {" q quit ", "psql reads nothing of what stands behind it: leave that out, too"},
    {" r reset ", "psql forgets the statement that stands before it: leave that out, too"},
    {" if elif else endif ", "a migration has one way through: leave conditions to SQL (DO)"},
    {" g gx crosstabview ", "end the statement with a semicolon"},
    {" c connect ", "a migration runs in one database, as one role: leave it out"},
    {" ! ", "a migration starts no programs"},
    {" ; ", "end the statement with a plain semicolon: each runs as a message of its own"},
    {" : ", "write the colon without a backslash"},
    {" . ", "it ends the data of COPY … FROM STDIN, and there is none before it"},
    {" echo qecho warn timing pset x a t o out p print encoding errverbose ",
     "it concerns only psql's terminal: leave it out"},
};

static bool refuse_command(const char *command, Error *err)
{
    const char *instead = "leave it out, or say it in SQL";
    CLEANUP(memory_freep) char *wanted = memory_format(" %s ", command);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (strstr(refused[i].commands, wanted))
            instead = refused[i].instead;
    CLEANUP(memory_freep) char *shown = text_printable(command, strlen(command), COMMAND_SIZE_MAX);
    error_set(err, ERROR_INPUT, "\\%s is a command of psql, not SQL", shown);
    return error_hint(err, "%s", instead);
}

/* -- \copy -- */

static bool refuse_copy(Error *err, const char *why, const char *hint)
{
    error_set(err, ERROR_INPUT, "\\copy %s", why);
    return error_hint(err, "%s", hint);
}

static bool is_blank(char character)
{
    return character && strchr(" \t\r\f\v", character);
}

static bool is_word_byte(char character)
{
    return character && !strchr(" \t\r\f\v\"'(),;.", character);
}

static bool word_is(const char *word, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncasecmp(word, wanted, length) == 0;
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* Behind the quote that closes the one at `at`; NULL where none does. A doubled quote is inside. */
static const char *behind_quote(const char *at)
{
    char quote = *at++;
    for (; *at; at++) {
        if (*at != quote)
            continue;
        if (at[1] != quote)
            return at + 1;
        at++;
    }
    return NULL;
}

/* The word `from` or `to` outside quotes and parentheses; NULL where there is none. */
static const char *find_direction(const char *at)
{
    int depth = 0;
    while (at && *at) {
        if (*at == '"' || *at == '\'') {
            at = behind_quote(at);
            continue;
        }
        depth += *at == '(';
        depth -= *at == ')';
        if (!is_word_byte(*at)) {
            at++;
            continue;
        }
        const char *word = at;
        while (is_word_byte(*at))
            at++;
        size_t length = (size_t)(at - word);
        if (depth == 0 && (word_is(word, length, "from") || word_is(word, length, "to")))
            return word;
    }
    return NULL;
}

/* 'file', with '' for a quote in its name, or a word; *ret_rest is what follows. */
static bool read_path(const char *at, char **ret_path, const char **ret_rest, Error *err)
{
    static const char usage[] = "write \\copy table [(columns)] from 'file' [with (options)]";
    if (*at != '\'') {
        size_t length = strcspn(at, " \t\r\f\v;");
        if (length == 0)
            return refuse_copy(err, "names no file", usage);
        if (word_is(at, length, "stdin") || word_is(at, length, "pstdin"))
            return refuse_copy(err, "from stdin is not read",
                               "write COPY … FROM STDIN; and its data below it");
        if (word_is(at, length, "program"))
            return refuse_copy(err, "would start a program",
                               "put what it prints into a file beside the script");
        *ret_path = memory_string_n(at, length);
        *ret_rest = at + length;
        return true;
    }
    const char *end = behind_quote(at);
    if (!end)
        return refuse_copy(err, "has an open quote", usage);
    CLEANUP(text_done) Text path = {0};
    for (const char *from = at + 1; from < end - 1; from++) {
        text_add_char(&path, *from);
        from += *from == '\'';
    }
    *ret_path = text_take(&path);
    *ret_rest = end;
    return true;
}

static bool read_copy(const char *arguments, ClientCopy *ret_copy, Error *err)
{
    const char *table = skip_blanks(arguments);
    const char *direction = find_direction(table);
    if (!direction || direction == table)
        return refuse_copy(err, "cannot be understood",
                           "write \\copy table [(columns)] from 'file' [with (options)]");
    if (tolower((unsigned char)*direction) == 't')
        return refuse_copy(err, "to … writes a file",
                           "a migration brings data in; it takes none out: leave it out");
    CLEANUP(client_copy_done) ClientCopy copy = {0};
    const char *rest = "";
    if (!read_path(skip_blanks(direction + strlen("from")), &copy.path, &rest, err))
        return false;
    rest = skip_blanks(rest);
    size_t length = strlen(rest);
    while (length && (rest[length - 1] == ';' || is_blank(rest[length - 1])))
        length--;
    copy.statement = memory_format("COPY %.*sFROM STDIN%s%.*s;", (int)(direction - table), table,
                                   length ? " " : "", (int)length, rest);
    *ret_copy = copy;
    copy = (ClientCopy){0};
    return true;
}

bool client_command_read(const char *text, size_t length, ClientCommandKind *ret_kind,
                         ClientCopy *ret_copy, Error *err)
{
    CLEANUP(memory_freep) char *line = memory_string_n(text + 1, length - 1);
    size_t size = strcspn(line, " \t\r\f\v\\'\"(");
    if (size == 0 && *line)
        size = 1;
    /* commands of one sign need no blank behind them */
    if (*line && strchr("!;:.", *line))
        size = 1;
    CLEANUP(memory_freep) char *command = memory_string_n(line, size);
    if (strcmp(command, "copy") == 0) {
        *ret_kind = CLIENT_COMMAND_COPY;
        return read_copy(line + size, ret_copy, err);
    }
    if (strcmp(command, "restrict") != 0 && strcmp(command, "unrestrict") != 0)
        return refuse_command(command, err);
    *ret_kind = CLIENT_COMMAND_DROPPED;
    return true;
}

bool client_command_refuse_inside(const char *text, Error *err)
{
    int length = 1 + (int)strcspn(text + 1, " \t\r\n\f\v\\'\"(");
    error_set(err, ERROR_INPUT, "%.*s in the middle of a statement", length, text);
    return error_hint(err, "end the statement before it with a semicolon");
}

/* -- the file -- */

static bool open_at(int folder, const char *name, int flags, int *ret_fd, Error *err)
{
    int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return error_set(err, ERROR_INPUT, "'%s' is a symbolic link or no folder", name);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot open data file '%s': %m", name);
    *ret_fd = fd;
    return true;
}

bool client_copy_open(const char *folder, const char *path, int *ret_fd, Error *err)
{
    CLEANUP(file_closep) int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return error_set(err, ERROR_IO, "cannot open folder '%s': %m", folder);
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        CLEANUP(memory_freep) char *name = memory_string_n(part, length);
        if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            error_set(err, ERROR_INPUT, "'%s' may lead out of the script's folder", path);
            return error_hint(err, "put the data file beside the script and name it plainly");
        }
        bool is_last = part[length] == '\0';
        int next = -1;
        if (!open_at(at, name, is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY, &next, err))
            return false;
        close(at);
        at = next;
        if (is_last)
            break;
        part += length + 1;
    }
    struct stat status;
    if (fstat(at, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(err, ERROR_INPUT, "data file '%s' is not a regular file", path);
    *ret_fd = at;
    at = -1;
    return true;
}
