/* Command-line options as a table of typed rows; the same table parses, fills help and completion.
 *
 * Options are exact long names (`--name VALUE`, `--name=VALUE`): no abbreviations, because the
 * command line is an API and a prefix that is unique today is not tomorrow. `--` ends options.
 * A row points into the command's own options struct by offset:
 *
 *     static const Option options[] = {
 *         OPTION_STRING_ROW("out", PackOptions, out, "FILE", "where the bundle goes"),
 *         ...
 *     };
 */
#ifndef SEALIFT_BASE_OPTION_TABLE_H
#define SEALIFT_BASE_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"

/* Words given to a list option or as positional arguments; borrowed from argv. */
typedef ARRAY_OF(const char *) StringArray;

typedef enum {
    OPTION_FLAG,   /* bool: present or not */
    OPTION_STRING, /* const char *: at most once */
    OPTION_LIST,   /* StringArray: repeatable, and takes every word up to the next option, except
                      that positional arguments of the command come before it on the line */
    OPTION_NUMBER, /* int64_t: 0|[1-9][0-9]*, at most once; keeps its default when absent */
    OPTION_CHOICE, /* const char *: one of the words in `choices`, separated by '|' */
} OptionKind;

typedef struct Option {
    const char *name; /* without the dashes */
    OptionKind kind;
    size_t offset;       /* of the field in the options struct */
    const char *value;   /* placeholder in help ("FILE"), NULL for a flag */
    const char *help;    /* one line */
    const char *choices; /* OPTION_CHOICE only: "migration|version|run" */
    bool single;         /* OPTION_LIST only: one word each time it is given */
    bool may_be_bare;    /* OPTION_STRING only: without a value it is "" */
} Option;

#define OPTION_FLAG_ROW(name_, type, field, help_)                                                 \
    {                                                                                              \
        .name = (name_), .kind = OPTION_FLAG, .offset = offsetof(type, field), .help = (help_)     \
    }
#define OPTION_STRING_ROW(name_, type, field, value_, help_)                                       \
    {                                                                                              \
        .name = (name_), .kind = OPTION_STRING, .offset = offsetof(type, field),                   \
        .value = (value_), .help = (help_)                                                         \
    }
/* a string option whose value may be left out at the end of the line or before another option */
#define OPTION_BARE_ROW(name_, type, field, value_, help_)                                         \
    {                                                                                              \
        .name = (name_), .kind = OPTION_STRING, .offset = offsetof(type, field),                   \
        .value = (value_), .help = (help_), .may_be_bare = true                                    \
    }
#define OPTION_LIST_ROW(name_, type, field, value_, help_)                                         \
    {                                                                                              \
        .name = (name_), .kind = OPTION_LIST, .offset = offsetof(type, field), .value = (value_),  \
        .help = (help_)                                                                            \
    }
/* a list option that takes one word each time, so that positional arguments may follow it */
#define OPTION_REPEATED_ROW(name_, type, field, value_, help_)                                     \
    {                                                                                              \
        .name = (name_), .kind = OPTION_LIST, .offset = offsetof(type, field), .value = (value_),  \
        .help = (help_), .single = true                                                            \
    }
#define OPTION_NUMBER_ROW(name_, type, field, value_, help_)                                       \
    {                                                                                              \
        .name = (name_), .kind = OPTION_NUMBER, .offset = offsetof(type, field),                   \
        .value = (value_), .help = (help_)                                                         \
    }
#define OPTION_CHOICE_ROW(name_, type, field, choices_, help_)                                     \
    {                                                                                              \
        .name = (name_), .kind = OPTION_CHOICE, .offset = offsetof(type, field),                   \
        .value = (choices_), .help = (help_), .choices = (choices_)                                \
    }

/* Parse `argv[0..argc)` (no program or command name) into `options` and `positional`, which the
 * caller has zeroed (numbers: set to their default) and later releases with array_free. ERROR_USAGE
 * for an unknown or repeated option, a missing or unwanted value. */
bool option_table_parse(const Option *table, size_t count, int argc, const char *const *argv,
                        void *options, StringArray *positional, Error *err) MUST_CHECK;

/* Free the storage of every list in `options`. */
void option_table_done(const Option *table, size_t count, void *options);

/* "  --out FILE      where the bundle goes" lines; an option that is very wide stands out. */
void option_table_help(const Option *table, size_t count, Text *text);

/* The word of `words` nearest to `word`, or NULL where none is near enough to suggest. */
const char *option_nearest(const char *word, const char *const *words, size_t count);

#endif
