#include "migrations/atlas_sum.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define SUM_SIZE_MAX (16 * 1024 * 1024)
#define MARK         "h1:"
#define MEANT_HINT                                                                                 \
    "put the files back as they were; 'atlas migrate hash' writes the sum anew where the change "  \
    "is meant"

void atlas_sum_done(AtlasSum *sum)
{
    free(sum->total);
    array_each (AtlasSumLine, line, &sum->lines) {
        free(line->name);
        free(line->hash);
    }
    array_free(&sum->lines);
    sum->total = NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

/* "NAME h1:HASH": the first mark ends the name. */
static bool take_line(AtlasSum *sum, const char *text, int64_t number)
{
    const char *mark = strstr(text, MARK);
    if (!mark)
        return false;
    const char *name = text + strspn(text, " \t");
    const char *end = mark;
    while (end > name && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end == name)
        return false;
    *array_add(&sum->lines) = (AtlasSumLine){
        .name = memory_string_n(name, (size_t)(end - name)),
        .hash = memory_string(mark + strlen(MARK)),
        .line = number,
    };
    return true;
}

bool atlas_sum_read(const char *path, const char *name, AtlasSum *ret_sum, Error *err)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(atlas_sum_done) AtlasSum sum = {0};
    size_t size;
    int64_t number = 1;
    if (!file_read_all(path, SUM_SIZE_MAX, &bytes, &size, err))
        return false;
    for (char *line = bytes, *next; *line || number == 1; line = next, number++) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] == '\n');
        line[length] = '\0';
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (number == 1 && text_has_prefix(line, MARK))
            sum.total = memory_string(line + strlen(MARK));
        else if (number == 1)
            return error_set(err, ERROR_INPUT, "%s:1: the first line is not h1:HASH", name);
        else if (!take_line(&sum, line, number))
            return error_set(err, ERROR_INPUT, "%s:%" PRId64 ": the line is not FILE h1:HASH", name,
                             number);
    }
    *ret_sum = sum;
    sum = (AtlasSum){0};
    return true;
}

void atlas_sum_add(AtlasSum *sum, const char *file, const Sha256Stream *stream)
{
    char hash[DIGEST_SHA256_BASE64_SIZE];
    *array_add(&sum->lines) = (AtlasSumLine){
        .name = memory_string(file),
        .hash = memory_string(digest_sha256_so_far(stream, hash)),
    };
}

/* --- comparing ------------------------------------------------------------------------------- */

static size_t find(const AtlasSum *sum, const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sum->lines.items[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static void check_total(const AtlasSum *written, const char *name, FindingArray *findings)
{
    char total[DIGEST_SHA256_BASE64_SIZE];
    Sha256Stream stream;
    digest_sha256_begin(&stream);
    array_each (const AtlasSumLine, line, &written->lines) {
        digest_sha256_update(&stream, line->name, strlen(line->name));
        digest_sha256_update(&stream, line->hash, strlen(line->hash));
    }
    if (strcmp(digest_sha256_so_far(&stream, total), written->total) != 0)
        finding_add(findings, FINDING_ERROR, MEANT_HINT,
                    "%s:1: the sum of the lines below is 'h1:%s', not 'h1:%s'", name, total,
                    written->total);
}

/* Lines without a file, lines that stand twice, lines in another order than the files. */
static void check_lines(const AtlasSum *written, const AtlasSum *computed, const char *name,
                        FindingArray *findings)
{
    size_t before = 0;
    bool moved = false;
    for (size_t i = 0; i < written->lines.count; i++) {
        const AtlasSumLine *line = &written->lines.items[i];
        size_t at = find(computed, line->name, computed->lines.count);
        const char *what = NULL;
        if (find(written, line->name, i) != SIZE_MAX)
            what = "a second line of the file";
        else if (at == SIZE_MAX)
            what = "there is no such file that is summed:";
        else if (!moved && at < before)
            what = "the lines are in another order than the files: out of place is";
        if (what)
            finding_add(findings, FINDING_ERROR, MEANT_HINT, "%s:%" PRId64 ": %s '%s'", name,
                        line->line, what, line->name);
        moved = moved || (at != SIZE_MAX && at < before);
        before = at == SIZE_MAX ? before : at;
    }
}

static void check_hashes(const AtlasSum *written, const AtlasSum *computed, const char *folder,
                         FindingArray *findings)
{
    for (size_t i = 0; i < written->lines.count && i < computed->lines.count; i++) {
        const AtlasSumLine *line = &written->lines.items[i], *file = &computed->lines.items[i];
        if (strcmp(line->name, file->name) != 0)
            return;
        if (strcmp(line->hash, file->hash) == 0)
            continue;
        finding_add(findings, FINDING_ERROR, MEANT_HINT,
                    "'%s/%s' was edited after it was summed: line %" PRId64 " of " ATLAS_SUM_NAME
                    " has another hash",
                    folder, file->name, line->line);
        return;
    }
}

void atlas_sum_compare(const AtlasSum *written, const AtlasSum *computed, const char *name,
                       const char *folder, FindingArray *findings)
{
    check_total(written, name, findings);
    check_lines(written, computed, name, findings);
    array_each (const AtlasSumLine, file, &computed->lines)
        if (find(written, file->name, written->lines.count) == SIZE_MAX)
            finding_add(
                findings, FINDING_ERROR, MEANT_HINT,
                "'%s/%s' was added after the folder was summed: it has no line in " ATLAS_SUM_NAME,
                folder, file->name);
    check_hashes(written, computed, folder, findings);
}
