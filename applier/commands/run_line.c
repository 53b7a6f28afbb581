#include "applier/commands/run_line.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"

RunLine run_line_make(const char *program)
{
    return (RunLine){.program = program, .terminal = isatty(STDERR_FILENO) != 0};
}

void run_line_end(RunLine *line)
{
    if (line->open)
        fputc('\n', stderr);
    line->open = false;
}

void run_line_say(RunLine *line, const char *words)
{
    if (line->open)
        fputs("\r\x1b[K", stderr);
    line->open = false;
    fprintf(stderr, "%s: %s\n", line->program, words);
    fflush(stderr);
}

/* How many bytes of a line fit into `columns` characters. */
static size_t fitting(const char *line, size_t columns)
{
    size_t at = 0;
    for (; line[at] && columns > 0; columns--)
        for (at++; ((unsigned char)line[at] & 0xc0) == 0x80;)
            at++;
    return at;
}

/* One that wraps could not be replaced. */
void run_line_rewrite(RunLine *line, const char *words)
{
    CLEANUP(memory_freep) char *whole = memory_format("%s: %s", line->program, words);
    struct winsize size;
    size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1
                         ? (size_t)size.ws_col - 1
                         : SIZE_MAX;
    fprintf(stderr, "\r\x1b[K%.*s", (int)fitting(whole, columns), whole);
    line->open = true;
    fflush(stderr);
}
