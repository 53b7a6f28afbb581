/* The one table of error classes: exit status, short name, meaning. The numbers are an API (law);
 * messages, JSON, man pages and tests all read this table.
 *
 * X(enumerator, exit status, short name, meaning) */
#ifndef SEALIFT_BASE_EXIT_CODE_H
#define SEALIFT_BASE_EXIT_CODE_H

#define EXIT_CODE_TABLE(X)                                                                         \
    X(ERROR_NONE, 0, "ok", "done")                                                                 \
    X(ERROR_INTERNAL, 1, "internal", "internal error")                                             \
    X(ERROR_USAGE, 2, "usage", "the command line is wrong")                                        \
    X(ERROR_CONFIG, 3, "configuration", "a configuration or trust folder is missing or wrong")     \
    X(ERROR_INPUT, 4, "malformed", "a migration or a bundle is malformed")                         \
    X(ERROR_IO, 5, "io", "reading or writing failed")                                              \
    X(ERROR_TRUST, 6, "untrusted", "a signature, digest, key or sequence is not trusted")          \
    X(ERROR_TARGET, 7, "not-ready", "the target is not ready: version, drift, rights, preflight")  \
    X(ERROR_LOCKED, 8, "locked", "someone else holds the lock")                                    \
    X(ERROR_CONNECTION, 9, "connection", "no connection to the server, or it was lost")            \
    X(ERROR_STEP, 10, "step-failed", "a step failed and this invocation committed nothing")        \
    X(ERROR_UNSETTLED, 11, "step-failed-partly",                                                   \
      "a step failed after others were committed, or is unsettled; status names the next command") \
    X(ERROR_PENDING, 12, "pending", "migrations are pending (only with status --check)")           \
    X(ERROR_INTERRUPTED, 130, "interrupted", "interrupted by a signal")

typedef enum {
#define EXIT_CODE_ENUM(enumerator, status, name, meaning) enumerator = (status),
    EXIT_CODE_TABLE(EXIT_CODE_ENUM)
#undef EXIT_CODE_ENUM
} ErrorClass;

/* Short name of a class ("untrusted"); "internal" for a value that is none of them. */
const char *exit_code_name(ErrorClass error_class);

/* What the class means, one line. */
const char *exit_code_meaning(ErrorClass error_class);

#endif
