/* SIGINT and SIGTERM: the first asks for a stop at the next safe point, the second runs one
 * registered async-signal-safe action (cancel the running statement). */
#ifndef SEALIFT_BASE_INTERRUPT_H
#define SEALIFT_BASE_INTERRUPT_H

#include <stdbool.h>

/* Catch the signals from now on. */
void interrupt_install(void);

/* What the first signal writes to stderr, at once and whatever the program is at; NULL for nothing.
 * Not copied. */
void interrupt_say_on_first(const char *words);

/* How often a signal has come: 0 go on, 1 stop at the next safe point, 2 or more cancel. */
int interrupt_count(void);

/* What the second signal does; NULL for nothing. It runs inside a signal handler. */
void interrupt_on_second(void (*action)(void *argument), void *argument);

#endif
