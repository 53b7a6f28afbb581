#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"

static volatile sig_atomic_t count;
static void (*volatile second_action)(void *argument);
static void *volatile second_argument;
static const char *volatile first_words;

static void on_signal(int signal_number UNUSED)
{
    int saved_errno = errno;
    count = count + 1;
    const char *words = first_words;
    if (count == 1 && words)
        (void)!write(STDERR_FILENO, words, strlen(words));
    void (*action)(void *) = second_action;
    if (count >= 2 && action)
        action(second_argument);
    errno = saved_errno;
}

void interrupt_install(void)
{
    /* no SA_RESTART: a poll() that waits for the server must wake up and look at the count */
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_say_on_first(const char *words)
{
    first_words = words;
}

int interrupt_count(void)
{
    return count;
}

void interrupt_on_second(void (*action)(void *argument), void *argument)
{
    second_action = NULL;
    second_argument = argument;
    second_action = action;
}
