#include "planner/packing/bundles_file.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/text.h"

#define BUNDLES_FILE_FIRST_LINE "sealift-bundles 1"
#define BUNDLES_FILE_SIZE_MAX   (16 << 20)
#define BUNDLE_LINE_WORDS       8

static bool copy_word(char *target, size_t size, const char *word)
{
    size_t length = strlen(word);
    if (length >= size)
        return false;
    memcpy(target, word, length + 1);
    return true;
}

/* Split at single spaces into exactly BUNDLE_LINE_WORDS words, in place. */
static bool split_words(char *text, char *words[static BUNDLE_LINE_WORDS])
{
    size_t count = 0;
    for (char *at = text; at; count++) {
        char *space = strchr(at, ' ');
        if (count == BUNDLE_LINE_WORDS || *at == '\0' || at == space)
            return false;
        words[count] = at;
        if (space)
            *space++ = '\0';
        at = space;
    }
    return count == BUNDLE_LINE_WORDS;
}

/* NULL, or what is wrong with the line. */
static const char *parse_line(char *text, BundleLine *ret_line)
{
    char *words[BUNDLE_LINE_WORDS];
    uint64_t sequence;
    int64_t created;
    Digest digest;
    BundleLine line = {0};
    if (!split_words(text, words) || strcmp(words[0], "bundle") != 0)
        return "is not 'bundle SEQUENCE CHANNEL FROM TO TREE-TO CREATED HEAD-DIGEST'";
    if (!text_parse_uint(words[1], strlen(words[1]), BUNDLE_NUMBER_MAX, &sequence) || !sequence)
        return "has no sequence number";
    line.sequence = (int64_t)sequence;
    if (!head_name_is_valid(words[2]) || !copy_word(line.channel, sizeof(line.channel), words[2]))
        return "has no valid channel";
    if ((strcmp(words[3], "-") != 0 && !head_version_name_is_valid(words[3])) ||
        !head_version_name_is_valid(words[4]) ||
        !copy_word(line.from, sizeof(line.from), words[3]) ||
        !copy_word(line.to, sizeof(line.to), words[4]))
        return "has no valid version names";
    if (!digest_parse_hex(words[5], strlen(words[5]), &digest) ||
        !copy_word(line.tree_to, sizeof(line.tree_to), words[5]) ||
        !digest_parse_hex(words[7], strlen(words[7]), &digest) ||
        !copy_word(line.head_digest, sizeof(line.head_digest), words[7]))
        return "has no valid digests";
    if (!clock_parse(words[6], &created) ||
        !copy_word(line.created, sizeof(line.created), words[6]))
        return "has no valid time";
    *ret_line = line;
    return NULL;
}

static bool add_line(const char *path, char *text, int number, BundleLineArray *lines, Error *err)
{
    BundleLine line;
    const char *wrong = parse_line(text, &line);
    if (wrong)
        return error_set(err, ERROR_INPUT, "%s:%d: the line %s", path, number, wrong);
    array_each (BundleLine, known, lines)
        if (known->sequence == line.sequence)
            return error_set(err, ERROR_INPUT, "%s:%d: sequence %" PRId64 " is assigned twice",
                             path, number, line.sequence);
    *array_add(lines) = line;
    return true;
}

bool bundles_file_read(const char *path, BundleLineArray *ret_lines, Error *err)
{
    if (!file_exists(path)) {
        *ret_lines = (BundleLineArray){0};
        return true;
    }
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    if (!file_read_all(path, BUNDLES_FILE_SIZE_MAX, &bytes, &size, err))
        return false;
    BundleLineArray lines = {0};
    int number = 1;
    for (char *at = bytes; *at; number++) {
        char *end = strchr(at, '\n');
        bool good = end || error_set(err, ERROR_INPUT, "%s:%d: the last line is cut", path, number);
        if (end)
            *end = '\0';
        if (good && number == 1 && strcmp(at, BUNDLES_FILE_FIRST_LINE) != 0)
            good = error_set(err, ERROR_INPUT, "%s:1: the first line is not '%s'", path,
                             BUNDLES_FILE_FIRST_LINE);
        if (!good || (number > 1 && !add_line(path, at, number, &lines, err))) {
            array_free(&lines);
            return false;
        }
        at = end + 1;
    }
    *ret_lines = lines;
    return true;
}

bool bundles_file_append(const char *path, const BundleLine *line, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size = 0;
    if (file_exists(path) && !file_read_all(path, BUNDLES_FILE_SIZE_MAX, &bytes, &size, err))
        return false;
    CLEANUP(text_done) Text text = {0};
    if (size)
        text_add_n(&text, bytes, size);
    else
        text_add(&text, BUNDLES_FILE_FIRST_LINE "\n");
    text_addf(&text, "bundle %" PRId64 " %s %s %s %s %s %s\n", line->sequence, line->channel,
              line->from, line->to, line->tree_to, line->created, line->head_digest);
    return file_write_atomic(path, 0644, text.bytes, text.length, err);
}

const BundleLine *bundles_file_find(const BundleLineArray *lines, const BundleLine *like)
{
    const BundleLine *found = NULL;
    array_each (BundleLine, line, lines)
        if (strcmp(line->channel, like->channel) == 0 && strcmp(line->from, like->from) == 0 &&
            strcmp(line->to, like->to) == 0 && strcmp(line->tree_to, like->tree_to) == 0)
            found = line;
    return found;
}
