/* psql's own scanner (libpgfeutils of the server's development package) behind an interface without
 * its headers, which do not live together with base/banned.h. */
#ifndef SEALIFT_TESTS_PSQL_SCAN_H
#define SEALIFT_TESTS_PSQL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct PsqlEvents {
    /* A statement ended: what psql would send, and where it ends (behind its semicolon, or at the
     * end of the text). Empty ones are reported, too. */
    void (*statement)(void *context, const char *sent, size_t end);
    void (*backslash)(void *context, size_t offset);
    void *context;
} PsqlEvents;

/* Scan `text`, a string, as psql does with standard_conforming_strings on, the backslash commands
 * to the end of their lines, the data of COPY … FROM STDIN to its \. line. Returns what is open at
 * the end, in the splitter's words, or NULL. */
const char *psql_scan_text(const char *text, const PsqlEvents *events);

/* Scan `text` as psql does a file, line by line, the data of COPY … FROM STDIN passed over; how
 * many statements there are. Newlines in `text` become NULs. */
size_t psql_scan_count(char *text);

/* Behind white space, comments and semicolons. */
const char *psql_scan_skip_nothing(const char *at);

#endif
