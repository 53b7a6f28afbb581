#include "applier/backup/backup_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/memory.h"

#define TICK_MS     100
#define PATIENCE_MS 10000 /* between SIGTERM and SIGKILL */
#define LINE_MOST   4096  /* bytes; a longer line is cut in pieces */

void backup_ending_done(BackupEnding *ending)
{
    free(ending->tail);
    *ending = (BackupEnding){0};
}

/* A program under way. */
typedef struct Running {
    const BackupProgram *program;
    ChildProcess child;
    pid_t group; /* it leads a session and so a process group of its own */
    int output;  /* reading end, -1 once it is closed at the other */
    int log;     /* -1: none */
    Text line;   /* not ended yet */
    OwnedStringArray tail;
    int64_t begun_ms;
    int64_t last_beat_ms;
    int64_t stopped_ms; /* when it was told to stop; 0: it was not */
    bool log_failed;
} Running;

/* --- output ---------------------------------------------------------------------------------- */

static void keep_in_tail(Running *running, char *line)
{
    OwnedStringArray *tail = &running->tail;
    if (tail->count == BACKUP_TAIL_LINES) {
        free(tail->items[0]);
        memmove(tail->items, tail->items + 1, (BACKUP_TAIL_LINES - 1) * sizeof(*tail->items));
        tail->count--;
    }
    *array_add(tail) = line;
}

/* The log is for reading afterwards: that it cannot be written ends no backup. */
static void write_log(Running *running, const char *line)
{
    CLEANUP(memory_freep) char *ended = memory_format("%s\n", line);
    CLEANUP(error_done) Error ignored = {0};
    if (running->log < 0 || running->log_failed)
        return;
    running->log_failed = !file_write(running->log, "the log", ended, strlen(ended), &ignored);
}

static void end_line(Running *running)
{
    const BackupListener *listener = &running->program->listener;
    CLEANUP(memory_freep)
    char *hidden = backup_secrets_hide(running->program->secrets, text_string(&running->line));
    char *line = text_printable(hidden, strlen(hidden), LINE_MOST);
    write_log(running, line);
    if (listener->line)
        listener->line(listener->context, line);
    keep_in_tail(running, line);
    text_clear(&running->line);
}

static void take_bytes(Running *running, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n' || running->line.length == LINE_MOST)
            end_line(running);
        if (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\0')
            text_add_char(&running->line, bytes[i]);
    }
}

/* All that is there to read now. */
static void take_output(Running *running)
{
    char bytes[4096];
    while (running->output >= 0) {
        ssize_t got = read(running->output, bytes, sizeof(bytes));
        if (got < 0)
            return; /* nothing more yet, or a signal: the next turn sees to it */
        if (got == 0)
            file_closep(&running->output);
        else
            take_bytes(running, bytes, (size_t)got);
    }
}

/* --- waiting --------------------------------------------------------------------------------- */

static int64_t size_of(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

static void beat(Running *running)
{
    const BackupListener *listener = &running->program->listener;
    int64_t now = clock_monotonic_ms();
    if (!listener->beat || now - running->last_beat_ms < BACKUP_BEAT_MS)
        return;
    running->last_beat_ms = now;
    listener->beat(listener->context, now - running->begun_ms,
                   size_of(running->program->measured_path));
}

/* Once a signal has come: SIGTERM to all of them, and SIGKILL where that does not help. */
static void pass_on_interrupt(Running *running)
{
    int64_t now = clock_monotonic_ms();
    if (interrupt_count() == 0)
        return;
    if (!running->stopped_ms) {
        running->stopped_ms = now;
        (void)kill(-running->group, SIGTERM);
    } else if (interrupt_count() > 1 || now - running->stopped_ms >= PATIENCE_MS) {
        (void)kill(-running->group, SIGKILL);
    }
}

static int wait_for_end(Running *running)
{
    int status = 0;
    for (;;) {
        struct pollfd waiting = {.fd = running->output, .events = POLLIN};
        (void)poll(&waiting, 1, TICK_MS);
        take_output(running);
        if (child_process_ended(&running->child, &status))
            break;
        pass_on_interrupt(running);
        beat(running);
    }
    if (running->stopped_ms)
        (void)kill(-running->group, SIGKILL); /* what it has left behind */
    take_output(running);
    if (running->line.length)
        end_line(running);
    return status;
}

/* --- start ----------------------------------------------------------------------------------- */

static bool start(Running *running, Error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, ERROR_IO, "cannot make a pipe: %m");
    running->output = ends[0];
    const BackupProgram *program = running->program;
    const ChildOptions options = {.arguments = program->arguments,
                                  .environment = program->environment,
                                  .death_signal = SIGTERM,
                                  .folder = ".",
                                  .output = ends[1],
                                  .errors = ends[1]};
    bool good = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ||
                error_set(err, ERROR_IO, "cannot set up a pipe: %m");
    good = good && child_process_start(&options, backup_environment_keeps, &running->child, err);
    (void)close(ends[1]);
    running->group = running->child.pid;
    return good;
}

static char *join(const OwnedStringArray *lines)
{
    Text text = {0};
    array_each (char *const, line, lines)
        text_addf(&text, "%s%s", text.length ? "\n" : "", *line);
    return text_take(&text);
}

static int open_log(const char *path)
{
    return path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
}

bool backup_program_run(const BackupProgram *program, BackupEnding *ret_ending, Error *err)
{
    int64_t now = clock_monotonic_ms();
    Running running = {.program = program,
                       .output = -1,
                       .log = open_log(program->log_path),
                       .begun_ms = now,
                       .last_beat_ms = now};
    bool good = start(&running, err);
    if (good) {
        BackupEnding ending = {.exit_status = wait_for_end(&running)};
        ending.duration_ms = clock_monotonic_ms() - running.begun_ms;
        ending.tail = join(&running.tail);
        ending.log_is_there = running.log >= 0;
        ending.log_is_whole = running.log >= 0 && !running.log_failed;
        *ret_ending = ending;
        good = !running.stopped_ms ||
               error_set(err, ERROR_INTERRUPTED, "interrupted while the backup was made");
    }
    file_closep(&running.output);
    file_closep(&running.log);
    text_done(&running.line);
    owned_strings_done(&running.tail);
    return good;
}
