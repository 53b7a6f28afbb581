#include "tests/support/splitter_vectors.h"

#include "base/memory.h"

#define NO_NEWLINE "¬"
#define HEX_OPEN   "‹"
#define HEX_CLOSE  "›"

static bool begins(const char *line, const char *mark)
{
    return strncmp(line, mark, strlen(mark)) == 0;
}

/* A line: ‹hex› are bytes that an editor would not keep, ¬ at the end takes the newline. */
static void add_line(Text *to, const char *line)
{
    while (*line && *line != '\n') {
        if (begins(line, HEX_OPEN)) {
            line += strlen(HEX_OPEN);
            while (!begins(line, HEX_CLOSE)) {
                unsigned int byte = 0;
                if (sscanf(line, "%2x", &byte) != 1)
                    abort();
                text_add_char(to, (char)byte);
                line += 2;
            }
            line += strlen(HEX_CLOSE);
            continue;
        }
        if (begins(line, NO_NEWLINE "\n"))
            return;
        text_add_char(to, *line++);
    }
    text_add_char(to, '\n');
}

static bool is_expectation(const char *line)
{
    return begins(line, "=> ") || begins(line, ".. ") || begins(line, "..\n") ||
           begins(line, "=: ") || begins(line, "=;") || begins(line, "=! ") || begins(line, "=\\ ");
}

SplitterVectorArray splitter_vectors_read(const char *path)
{
    SplitterVectorArray vectors = {0};
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "cannot open %s (run from the top of the tree)\n", path);
        exit(1);
    }
    CLEANUP(memory_freep) char *line = NULL;
    size_t size = 0;
    int number = 0;
    while (getline(&line, &size, file) > 0) {
        number++;
        SplitterVector *vector = vectors.count ? &vectors.items[vectors.count - 1] : NULL;
        if (line[0] == '#')
            continue;
        if (begins(line, "%% ")) {
            vector = array_add(&vectors);
            vector->line = number;
            vector->name = memory_string_n(line + 3, strcspn(line + 3, "\n"));
        } else if (vector && is_expectation(line)) {
            add_line(&vector->expected, line);
        } else if (vector && !(line[0] == '\n' && vector->expected.length)) {
            add_line(&vector->sql, line);
        }
    }
    (void)fclose(file);
    return vectors;
}

void splitter_vectors_free(SplitterVectorArray *vectors)
{
    array_each (SplitterVector, vector, vectors) {
        free(vector->name);
        text_done(&vector->sql);
        text_done(&vector->expected);
    }
    array_free(vectors);
}
