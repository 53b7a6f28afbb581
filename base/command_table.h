/* Subcommands as a table: dispatch, help, --version, "did you mean", and the end of the process.
 *
 * A command fills `Text *out` with its whole result and returns true, or returns false with `err`
 * set. Results that stream (unpack, progress) write by themselves. With `--json` the result is one
 * JSON document; a command that fails under --json still prints {"error": {...}} on stdout, after
 * which the same words stand on stderr. */
#ifndef SEALIFT_BASE_COMMAND_TABLE_H
#define SEALIFT_BASE_COMMAND_TABLE_H

#include "base/error.h"
#include "base/json_writer.h"
#include "base/option_table.h"

typedef struct CommandContext {
    const char *program;   /* "planner" */
    void *options;         /* the command's options struct, filled */
    StringArray arguments; /* positional words */
    bool json;             /* --json was given */
    Text *out;             /* the result; printed by the caller, also when the command fails */
} CommandContext;

typedef struct Command {
    const char *name;     /* "trust init": one word, or two with a space */
    const char *synopsis; /* what stands after the name in the usage line */
    const char *summary;  /* one line */
    const Option *options;
    size_t option_count;
    size_t options_size;             /* of the options struct */
    void (*defaults)(void *options); /* sets what is not zero by default; may be NULL */
    int least_arguments;
    int most_arguments; /* -1: any number */
    bool (*run)(CommandContext *context, Error *err);
} Command;

typedef struct Program {
    const char *name;
    const char *version;            /* "0.1.0" */
    const char *summary;            /* one line */
    const Command *const *commands; /* each command file defines its own row */
    size_t command_count;
    /* A command has failed: what its options say may be added to the words for people; the JSON
     * document is written before. May be NULL. */
    void (*failed)(const Command *command, const void *options, Error *err);
} Program;

/* The member "error" of a command that fails with more to say under --json than the error alone. */
void command_error_json(const Error *err, JsonWriter *json);

/* Run what argv says and return the exit status. Every command has --json and --help besides its
 * own options. Output that cannot be written (a full disk) is ERROR_IO, never success. */
int command_table_main(const Program *program, int argc, char **argv);

#endif
