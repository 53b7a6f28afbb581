/* Running another program as a child that dies with us.
 *
 * A child runs in a session of its own, so that ^C reaches us alone and we decide what becomes of
 * it; the kernel sends it a signal of our choice when we are gone, however that came about. Its
 * standard input is empty, and it inherits no other descriptor. */
#ifndef SEALIFT_BASE_CHILD_PROCESS_H
#define SEALIFT_BASE_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

/* Another user to run a child as: no supplementary groups are kept. */
typedef struct ChildUser {
    char *name; /* owned */
    uid_t uid;
    gid_t gid;
} ChildUser;

typedef struct ChildOptions {
    const char *const *arguments;   /* [0] is the program's path; NULL ends */
    const char *const *environment; /* "NAME=value", put over what is inherited; or NULL */
    const ChildUser *user;          /* NULL: as who we are */
    int death_signal;               /* what it gets when we die */
    const char *folder;             /* where it runs; NULL: / */
    int output;                     /* descriptor for its stdout; -1: nowhere */
    int errors;                     /* and its stderr; -1: nowhere */
} ChildOptions;

/* Whether a child gets this variable of our environment; NULL: it gets all. */
typedef bool (*ChildKeepsVariable)(const char *name_and_value);

typedef struct ChildProcess {
    pid_t pid; /* 0: none */
} ChildProcess;

/* Start it; variables for which `keeps` is false are left out. ERROR_IO where the system refuses;
 * ERROR_CONFIG where the program cannot be run. */
bool child_process_start(const ChildOptions *options, ChildKeepsVariable keeps,
                         ChildProcess *ret_child, Error *err) MUST_CHECK;

/* Whether it has ended; then *ret_status is its exit status, or 128 plus the signal that ended it,
 * and the child is none any more. Does not wait. */
bool child_process_ended(ChildProcess *child, int *ret_status);

/* End it: `signal`, then SIGKILL where it is not gone after `patience_ms`. Accepts none. */
void child_process_stop(ChildProcess *child, int signal, int64_t patience_ms);

/* Run a program to its end and collect what it prints on stdout, at most `most` bytes (more is
 * ERROR_INPUT). *ret_status as above. A program that is silent for ten seconds is ended: ERROR_IO.
 */
bool child_process_run(const ChildOptions *options, ChildKeepsVariable keeps, size_t most,
                       Text *output, int *ret_status, Error *err) MUST_CHECK;

#endif
