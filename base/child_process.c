#include "base/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"

#define SILENCE_MS 10000
#define STOP_TICK  5 /* ms between two looks at a child that was told to end */

typedef ARRAY_OF(const char *) VariableArray;

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* Ours without what is not kept or replaced, then the child's own. Entries are borrowed. */
static void make_environment(const ChildOptions *options, ChildKeepsVariable keeps,
                             VariableArray *ret_variables)
{
    for (char **at = environ; *at; at++) {
        bool kept = !keeps || keeps(*at);
        for (const char *const *own = options->environment; kept && own && *own; own++)
            kept = !same_name(*own, *at);
        if (kept)
            *array_add(ret_variables) = *at;
    }
    for (const char *const *own = options->environment; own && *own; own++)
        *array_add(ret_variables) = *own;
    *array_add(ret_variables) = NULL;
}

/* --- in the child, between fork and exec: only what is safe there, and no way back -------------
 */

static bool become(const ChildUser *user)
{
    return !user || (setgroups(0, NULL) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0);
}

static bool connect_streams(const ChildOptions *options)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output = options->output >= 0 ? options->output : null;
    int errors = options->errors >= 0 ? options->errors : null;
    /* errors first: output may be one of the numbers that are about to be replaced */
    int kept_output = fcntl(output, F_DUPFD_CLOEXEC, 3);
    int kept_errors = fcntl(errors, F_DUPFD_CLOEXEC, 3);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(kept_output, STDOUT_FILENO) >= 0 &&
           dup2(kept_errors, STDERR_FILENO) >= 0;
}

static NORETURN void child_main(const ChildOptions *options, const VariableArray *variables,
                                pid_t parent, int report)
{
    sigset_t none;
    sigemptyset(&none);
    /* descriptors of our own parent's: a server would keep them open. Where the kernel cannot do it
     * (before 5.11) they stay, which harms nobody but a caller that waits for them. */
    (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    /* the death signal comes after the change of user, which clears it; a parent that died before
     * is not noticed by it */
    if (setsid() >= 0 && connect_streams(options) && become(options->user) &&
        prctl(PR_SET_PDEATHSIG, options->death_signal) == 0 && getppid() == parent &&
        chdir(options->folder ? options->folder : "/") == 0 &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execve(options->arguments[0], (char *const *)(uintptr_t)options->arguments,
               (char *const *)(uintptr_t)variables->items);
    int code = errno;
    ssize_t ignored = write(report, &code, sizeof(code));
    (void)ignored;
    _exit(127);
}

/* --- in the parent -----------------------------------------------------------------------------
 */

static bool wait_for_exec(int report, const ChildOptions *options, pid_t pid, Error *err)
{
    int code = 0;
    ssize_t got;
    do
        got = read(report, &code, sizeof(code));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return true;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    errno = code;
    return error_set(err, ERROR_CONFIG, "cannot run '%s'%s%s: %m", options->arguments[0],
                     options->user ? " as " : "", options->user ? options->user->name : "");
}

bool child_process_start(const ChildOptions *options, ChildKeepsVariable keeps,
                         ChildProcess *ret_child, Error *err)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return error_set(err, ERROR_IO, "cannot make a pipe: %m");
    CLEANUP(file_closep) int reading = report[0];
    VariableArray variables = {0};
    make_environment(options, keeps, &variables);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child_main(options, &variables, parent, report[1]);
    array_free(&variables);
    (void)close(report[1]);
    if (pid < 0)
        return error_set(err, ERROR_IO, "cannot start '%s': %m", options->arguments[0]);
    if (!wait_for_exec(reading, options, pid, err))
        return false;
    ret_child->pid = pid;
    return true;
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool child_process_ended(ChildProcess *child, int *ret_status)
{
    int status;
    pid_t pid = waitpid(child->pid, &status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == EINTR))
        return false;
    *ret_status = pid < 0 ? 255 : status_of(status);
    child->pid = 0;
    return true;
}

void child_process_stop(ChildProcess *child, int signal, int64_t patience_ms)
{
    int status;
    if (!child->pid)
        return;
    (void)kill(child->pid, signal);
    int64_t begun = clock_monotonic_ms();
    while (!child_process_ended(child, &status)) {
        if (clock_monotonic_ms() - begun >= patience_ms)
            (void)kill(child->pid, SIGKILL);
        (void)poll(NULL, 0, STOP_TICK);
    }
}

static bool collect(int fd, const char *program, size_t most, Text *output, Error *err)
{
    for (;;) {
        char bytes[4096];
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int ready = poll(&waiting, 1, SILENCE_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return error_set(err, ERROR_IO, "'%s' says nothing", program);
        size_t got;
        if (!file_read_some(fd, program, bytes, sizeof(bytes), &got, err))
            return false;
        if (got == 0)
            return true;
        text_add_n(output, bytes, got);
        if (output->length > most)
            return error_set(err, ERROR_INPUT, "'%s' prints more than %zu bytes", program, most);
    }
}

bool child_process_run(const ChildOptions *options, ChildKeepsVariable keeps, size_t most,
                       Text *output, int *ret_status, Error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, ERROR_IO, "cannot make a pipe: %m");
    CLEANUP(file_closep) int reading = ends[0];
    ChildOptions piped = *options;
    piped.output = ends[1];
    ChildProcess child = {0};
    bool good = child_process_start(&piped, keeps, &child, err);
    (void)close(ends[1]);
    good = good && collect(reading, options->arguments[0], most, output, err);
    if (!good) {
        child_process_stop(&child, SIGKILL, 0);
        return false;
    }
    int64_t begun = clock_monotonic_ms();
    while (!child_process_ended(&child, ret_status)) {
        if (clock_monotonic_ms() - begun >= SILENCE_MS)
            (void)kill(child.pid, SIGKILL);
        (void)poll(NULL, 0, STOP_TICK);
    }
    return true;
}
