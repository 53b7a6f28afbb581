#include "base/command_table.h"

#include <errno.h>

#include "base/memory.h"

/* Every command has these beside its own; they are parsed into CommonOptions. */
typedef struct CommonOptions {
    bool json;
    bool help;
} CommonOptions;

static const Option common_options[] = {
    OPTION_FLAG_ROW("json", CommonOptions, json, "print the result as JSON"),
    OPTION_FLAG_ROW("help", CommonOptions, help, "print this help"),
};

static void command_help(const Program *program, const Command *command, Text *out)
{
    text_addf(out, "usage: %s %s%s%s\n\n%s\n", program->name, command->name,
              *command->synopsis ? " " : "", command->synopsis, command->summary);
    text_add(out, "\noptions:\n");
    size_t count = command->option_count + ARRAY_LEN(common_options);
    CLEANUP(memory_freep) Option *all = memory_zeroed(count, sizeof(*all));
    if (command->option_count)
        memcpy(all, command->options, command->option_count * sizeof(*all));
    memcpy(all + command->option_count, common_options, sizeof(common_options));
    option_table_help(all, count, out);
}

static void program_help(const Program *program, Text *out)
{
    text_addf(out, "%s %s: %s\n\nusage: %s COMMAND …\n\ncommands:\n", program->name,
              program->version, program->summary, program->name);
    size_t width = 0;
    for (size_t i = 0; i < program->command_count; i++)
        if (strlen(program->commands[i]->name) > width)
            width = strlen(program->commands[i]->name);
    for (size_t i = 0; i < program->command_count; i++)
        text_addf(out, "  %-*s  %s\n", (int)width, program->commands[i]->name,
                  program->commands[i]->summary);
    text_addf(out, "\n'%s COMMAND --help' says more; 'man %s' says all.\n\nexit status:\n",
              program->name, program->name);
#define EXIT_CODE_LINE(enumerator, status, name, meaning)                                          \
    text_addf(out, "  %-3d  %s\n", status, meaning);
    EXIT_CODE_TABLE(EXIT_CODE_LINE)
#undef EXIT_CODE_LINE
}

/* The command that argv names and how many words its name has, or NULL. */
static const Command *find_command(const Program *program, int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < program->command_count; i++) {
        const char *name = program->commands[i]->name;
        const char *space = strchr(name, ' ');
        size_t first_length = space ? (size_t)(space - name) : strlen(name);
        if (strlen(argv[1]) != first_length || strncmp(argv[1], name, first_length) != 0)
            continue;
        if (space && (argc < 3 || strcmp(argv[2], space + 1) != 0))
            continue;
        *ret_words = space ? 2 : 1;
        return program->commands[i];
    }
    return NULL;
}

/* The first word of several commands, alone. */
static bool names_a_group(const Program *program, const char *group, Error *err)
{
    CLEANUP(text_done) Text words = {0};
    size_t length = strlen(group);
    for (size_t i = 0; i < program->command_count; i++) {
        const char *name = program->commands[i]->name;
        if (strncmp(name, group, length) == 0 && name[length] == ' ')
            text_addf(&words, "%s'%s %s'", words.length ? ", " : "", program->name, name);
    }
    error_set(err, ERROR_USAGE, "'%s' is the first word of several commands", group);
    return error_hint(err, "they are: %s", text_string(&words));
}

static bool unknown_command(const Program *program, int argc, char **argv, Error *err)
{
    CLEANUP(memory_freep)
    const char **names = memory_zeroed(program->command_count, sizeof(*names));
    bool is_group = false;
    size_t group_length = strlen(argv[1]);
    for (size_t i = 0; i < program->command_count; i++) {
        names[i] = program->commands[i]->name;
        is_group = is_group ||
                   (strncmp(names[i], argv[1], group_length) == 0 && names[i][group_length] == ' ');
    }
    if (is_group && argc == 2)
        return names_a_group(program, argv[1], err);
    CLEANUP(memory_freep)
    char *word =
        is_group && argc > 2 ? memory_format("%s %s", argv[1], argv[2]) : memory_string(argv[1]);
    const char *nearest = option_nearest(word, names, program->command_count);
    error_set(err, ERROR_USAGE, "there is no command '%s'", word);
    if (nearest)
        return error_hint(err, "did you mean '%s %s'?", program->name, nearest);
    return error_hint(err, "'%s --help' lists the commands", program->name);
}

void command_error_json(const Error *err, JsonWriter *json)
{
    json_object(json, "error");
    json_int(json, "exit_status", err->class);
    json_string(json, "class", exit_code_name(err->class));
    json_string(json, "message", err->message);
    if (err->detail)
        json_string(json, "detail", err->detail);
    if (err->hint)
        json_string(json, "hint", err->hint);
    if (err->code[0])
        json_string(json, "sqlstate", err->code);
    json_close(json);
}

static void error_document(const Error *err, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    command_error_json(err, &json);
    json_close(&json);
    json_end(&json);
}

/* Split argv into the common options and the rest: --json and --help may stand anywhere before
 * "--". Returns the number of words left in `rest`. */
static int take_common(int argc, char **argv, const char **rest, CommonOptions *common)
{
    int left = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                rest[left++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], "--json") == 0)
            common->json = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            common->help = true;
        else
            rest[left++] = argv[i];
    }
    return left;
}

static bool check_argument_count(const Program *program, const Command *command, size_t count,
                                 Error *err)
{
    if ((int)count < command->least_arguments)
        error_set(err, ERROR_USAGE, "'%s' wants more arguments", command->name);
    else if (command->most_arguments >= 0 && (int)count > command->most_arguments)
        error_set(err, ERROR_USAGE, "'%s' has too many arguments", command->name);
    else
        return true;
    return error_hint(err, "usage: %s %s %s", program->name, command->name, command->synopsis);
}

static bool run_command(const Program *program, const Command *command, int argc, char **argv,
                        CommonOptions *common, Text *out, Error *err)
{
    CLEANUP(memory_freep) const char **rest = memory_zeroed((size_t)argc + 1, sizeof(*rest));
    int left = take_common(argc, argv, rest, common);
    if (common->help) {
        command_help(program, command, out);
        return true;
    }
    CLEANUP(memory_freep) void *options = memory_zeroed(1, command->options_size);
    if (command->defaults)
        command->defaults(options);
    CommandContext context = {
        .program = program->name, .options = options, .json = common->json, .out = out};
    bool good = option_table_parse(command->options, command->option_count, left, rest, options,
                                   &context.arguments, err) &&
                check_argument_count(program, command, context.arguments.count, err) &&
                command->run(&context, err);
    if (!good && common->json && !out->length)
        error_document(err, out);
    if (!good && program->failed)
        program->failed(command, options, err);
    array_free(&context.arguments);
    option_table_done(command->options, command->option_count, options);
    return good;
}

static bool print_out(const Text *out, Error *err)
{
    if (out->length && fwrite(out->bytes, 1, out->length, stdout) != out->length)
        return error_set(err, ERROR_IO, "cannot write the result: %m");
    if (fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "cannot write the result: %m");
    return true;
}

int command_table_main(const Program *program, int argc, char **argv)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(text_done) Text out = {0};
    CommonOptions common = {0};
    bool good = true;
    int words = 0;
    const Command *command = argc > 1 ? find_command(program, argc, argv, &words) : NULL;
    if (command) {
        good =
            run_command(program, command, argc - 1 - words, argv + 1 + words, &common, &out, &err);
    } else if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        text_addf(&out, "%s %s\n", program->name, program->version);
    } else if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                            strcmp(argv[1], "help") == 0)) {
        program_help(program, &out);
    } else if (argc > 1) {
        good = unknown_command(program, argc, argv, &err);
    } else {
        error_set(&err, ERROR_USAGE, "no command is given");
        good = error_hint(&err, "'%s --help' lists the commands", program->name);
    }
    /* a result that could not be written outranks success, but never hides the first error */
    Error print_error = {0};
    if (!print_out(&out, &print_error) && good) {
        error_move(&err, &print_error);
        good = false;
    }
    error_done(&print_error);
    if (good)
        return ERROR_NONE;
    error_print(stderr, program->name, &err);
    return (int)err.class;
}
