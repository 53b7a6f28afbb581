/* Lines to stderr, of which on a terminal the last may be one that the next replaces. */
#ifndef SEALIFT_APPLIER_RUN_LINE_H
#define SEALIFT_APPLIER_RUN_LINE_H

#include <stdbool.h>

typedef struct RunLine {
    const char *program; /* borrowed; stands before each line */
    bool terminal;
    bool open; /* the last one is to be replaced */
} RunLine;

RunLine run_line_make(const char *program);

/* A line that stays. */
void run_line_say(RunLine *line, const char *words);

/* A line that the next one replaces, cut to the terminal's width; on a terminal only. */
void run_line_rewrite(RunLine *line, const char *words);

/* What is to be replaced stays. */
void run_line_end(RunLine *line);

#endif
