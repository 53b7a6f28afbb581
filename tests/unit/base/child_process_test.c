#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child_process.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/support/unit_test.h"

#define SHELL "/bin/sh"

static ChildOptions shell(const char *const *arguments, const char *const *environment)
{
    return (ChildOptions){.arguments = arguments,
                          .environment = environment,
                          .death_signal = SIGKILL,
                          .output = -1,
                          .errors = -1};
}

static void collects_what_a_program_prints(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "echo out; echo err >&2; exit 3", NULL};
    ChildOptions options = shell(arguments, NULL);
    CLEANUP(text_done) Text output = {0};
    Error err = {0};
    int status = -1;
    assert_true(child_process_run(&options, NULL, 100, &output, &status, &err));
    assert_string_equal(text_string(&output), "out\n");
    assert_int_equal(status, 3);
}

static bool without_secret(const char *variable)
{
    return strncmp(variable, "TEST_SECRET=", 12) != 0;
}

static void chooses_what_a_child_inherits(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "echo ${TEST_SECRET-none} $TEST_GIVEN $TEST_OLD",
                                     NULL};
    const char *const environment[] = {"TEST_GIVEN=given", NULL};
    ChildOptions options = shell(arguments, environment);
    CLEANUP(text_done) Text output = {0};
    Error err = {0};
    int status = -1;
    setenv("TEST_SECRET", "secret", 1);
    setenv("TEST_GIVEN", "old", 1);
    setenv("TEST_OLD", "kept", 1);
    assert_true(child_process_run(&options, without_secret, 100, &output, &status, &err));
    assert_string_equal(text_string(&output), "none given kept\n");
}

static void leaves_our_descriptors_behind(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "[ -e /proc/self/fd/$TEST_FD ] && echo open",
                                     NULL};
    int fd = dup(STDERR_FILENO); /* without O_CLOEXEC, as a caller's own may be */
    CLEANUP(memory_freep) char *number = memory_format("TEST_FD=%d", fd);
    const char *const environment[] = {number, NULL};
    ChildOptions options = shell(arguments, environment);
    CLEANUP(text_done) Text output = {0};
    Error err = {0};
    int status = -1;
    assert_true(child_process_run(&options, NULL, 100, &output, &status, &err));
    assert_string_equal(text_string(&output), "");
    (void)close(fd);
}

static void says_which_program_cannot_be_run(void **state UNUSED)
{
    const char *const arguments[] = {"/nowhere/program", NULL};
    ChildOptions options = shell(arguments, NULL);
    ChildProcess child = {0};
    Error err = {0};
    assert_false(child_process_start(&options, NULL, &child, &err));
    assert_int_equal(err.class, ERROR_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere/program"));
    assert_int_equal(child.pid, 0);
    error_done(&err);
}

static void refuses_too_much_output(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "yes", NULL};
    ChildOptions options = shell(arguments, NULL);
    CLEANUP(text_done) Text output = {0};
    Error err = {0};
    int status = -1;
    assert_false(child_process_run(&options, NULL, 1000, &output, &status, &err));
    assert_int_equal(err.class, ERROR_INPUT);
    error_done(&err);
}

static void ends_a_child_that_does_not_listen(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "trap '' TERM; while :; do sleep 0.05; done",
                                     NULL};
    ChildOptions options = shell(arguments, NULL);
    ChildProcess child = {0};
    Error err = {0};
    assert_true(child_process_start(&options, NULL, &child, &err));
    pid_t pid = child.pid;
    child_process_stop(&child, SIGTERM, 100);
    assert_int_equal(child.pid, 0);
    assert_int_equal(kill(pid, 0), -1);
}

static void tells_the_signal_that_ended_it(void **state UNUSED)
{
    const char *const arguments[] = {SHELL, "-c", "kill -QUIT $$", NULL};
    ChildOptions options = shell(arguments, NULL);
    CLEANUP(text_done) Text output = {0};
    Error err = {0};
    int status = -1;
    assert_true(child_process_run(&options, NULL, 100, &output, &status, &err));
    assert_int_equal(status, 128 + SIGQUIT);
}

/* A process in between starts the child and is killed; the child's end is seen by its end of a
 * pipe. */
static void a_child_dies_with_its_parent(void **state UNUSED)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        const char *const arguments[] = {SHELL, "-c", "echo up; exec sleep 600", NULL};
        ChildOptions options = shell(arguments, NULL);
        ChildProcess child = {0};
        Error err = {0};
        options.output = ends[1];
        if (!child_process_start(&options, NULL, &child, &err))
            _exit(1);
        (void)close(ends[1]);
        (void)pause();
    }
    (void)close(ends[1]);
    char bytes[16];
    assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 3); /* it runs */
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 0); /* and runs no more */
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collects_what_a_program_prints),
        cmocka_unit_test(chooses_what_a_child_inherits),
        cmocka_unit_test(leaves_our_descriptors_behind),
        cmocka_unit_test(says_which_program_cannot_be_run),
        cmocka_unit_test(refuses_too_much_output),
        cmocka_unit_test(ends_a_child_that_does_not_listen),
        cmocka_unit_test(tells_the_signal_that_ended_it),
        cmocka_unit_test(a_child_dies_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
