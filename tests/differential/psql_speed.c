/* Seconds of CPU that psql's own scanner takes for a file, for tools/bench.sh:
 * build/tests/differential/psql_speed FILE. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "tests/differential/psql_scan.h"

#define FILE_SIZE_MAX ((size_t)1 << 30)

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size, statements;
    if (argc != 2 || !file_read_all(argv[1], FILE_SIZE_MAX, &bytes, &size, &err)) {
        fprintf(stderr, "psql_speed: %s\n", argc == 2 ? err.message : "give one file");
        return EXIT_FAILURE;
    }
    double begin = now();
    statements = psql_scan_count(bytes);
    printf("%.6f %zu\n", now() - begin, statements);
    return EXIT_SUCCESS;
}
