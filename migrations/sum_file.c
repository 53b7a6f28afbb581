#include "migrations/sum_file.h"

#include "base/file.h"
#include "base/text.h"
#include "migrations/project_names.h"

#define SUM_SIZE_MAX (64 << 20)
#define SUM_HEADER   "sealift-sum 1"

typedef struct SumReading {
    const char *name; /* of the file, for messages */
    int64_t line;
    SumFile *sum;
    Error *err;
} SumReading;

void sum_release_done(SumRelease *release)
{
    free(release->version);
    array_each (SumMigration, migration, &release->migrations)
        free(migration->identity);
    array_free(&release->migrations);
}

void sum_file_done(SumFile *sum)
{
    array_each (SumRelease, release, &sum->releases)
        sum_release_done(release);
    array_free(&sum->releases);
}

static bool refuse(SumReading *reading, const char *what)
{
    return error_set(reading->err, ERROR_INPUT, "%s:%lld: %s", reading->name,
                     (long long)reading->line, what);
}

/* Cut the word up to the next space off *rest; NULL where no word is left. */
static char *next_word(char **rest)
{
    char *word = *rest;
    if (!word || !*word)
        return NULL;
    char *space = strchr(word, ' ');
    *rest = space ? space + 1 : NULL;
    if (space)
        *space = '\0';
    return *word ? word : NULL;
}

static bool take_release(SumReading *reading, char *rest)
{
    const char *version = next_word(&rest);
    const char *time = next_word(&rest);
    int64_t seconds;
    bool stop = rest && strcmp(rest, "stop") == 0;
    if (!version || !project_version_name_is_valid(version) || !time ||
        !clock_parse(time, &seconds) || (rest && !stop))
        return refuse(reading, "expected 'release VERSION TIME', and nothing or 'stop' behind it");
    array_each (SumRelease, earlier, &reading->sum->releases)
        if (strcmp(earlier->version, version) == 0)
            return refuse(reading, "this version is already released further up");
    SumRelease *release = array_add(&reading->sum->releases);
    release->version = memory_string(version);
    release->stop = stop;
    memcpy(release->released_at, time, CLOCK_TEXT_SIZE);
    return true;
}

static bool is_listed(const SumFile *sum, const char *identity)
{
    array_each (SumRelease, release, &sum->releases)
        array_each (SumMigration, migration, &release->migrations)
            if (strcmp(migration->identity, identity) == 0)
                return true;
    return false;
}

static bool take_migration(SumReading *reading, char *rest)
{
    const char *version = next_word(&rest);
    const char *hex = next_word(&rest);
    Digest digest;
    if (!version || !hex || !digest_parse_hex(hex, strlen(hex), &digest) || !rest || !*rest ||
        project_file_name_trouble(rest))
        return refuse(reading, "expected 'migration VERSION DIGEST IDENTITY'");
    SumRelease *release = reading->sum->releases.count
                              ? &reading->sum->releases.items[reading->sum->releases.count - 1]
                              : NULL;
    if (!release || strcmp(release->version, version) != 0)
        return refuse(reading, "this migration does not stand below its version's release line");
    if (is_listed(reading->sum, rest))
        return refuse(reading, "this migration is already listed further up");
    *array_add(&release->migrations) = (SumMigration){memory_string(rest), digest, reading->line};
    return true;
}

static bool take_line(SumReading *reading, char *line)
{
    if (reading->line == 1) {
        if (strcmp(line, SUM_HEADER) != 0)
            return refuse(reading, "expected the first line '" SUM_HEADER "'");
        return true;
    }
    if (text_has_prefix(line, "<<<<<<<") || text_has_prefix(line, "=======") ||
        text_has_prefix(line, ">>>>>>>")) {
        refuse(reading, "a merge left its conflict here");
        return error_hint(reading->err, "keep the released lines of the branch that shipped; "
                                        "release the other branch's migrations again");
    }
    if (text_has_prefix(line, "release "))
        return take_release(reading, line + strlen("release "));
    if (text_has_prefix(line, "migration "))
        return take_migration(reading, line + strlen("migration "));
    return refuse(reading, "expected a line that begins with 'release' or 'migration'");
}

static bool parse(const char *name, char *bytes, size_t size, SumFile *sum, Error *err)
{
    SumReading reading = {name, 0, sum, err};
    if (memchr(bytes, '\0', size))
        return error_set(err, ERROR_INPUT, "%s: holds a NUL byte", name);
    for (char *line = bytes; *line;) {
        reading.line++;
        char *end = strchr(line, '\n');
        if (!end)
            return refuse(&reading, "the last line is cut: it has no line end");
        *end = '\0';
        if (!take_line(&reading, line))
            return false;
        line = end + 1;
    }
    return true;
}

bool sum_file_read(const char *path, SumFile *ret_sum, Error *err)
{
    CLEANUP(sum_file_done) SumFile sum = {0};
    if (file_exists(path)) {
        CLEANUP(memory_freep) char *bytes = NULL;
        size_t size;
        if (!file_read_all(path, SUM_SIZE_MAX, &bytes, &size, err) ||
            !parse(file_base_name(path), bytes, size, &sum, err))
            return false;
    }
    *ret_sum = sum;
    sum = (SumFile){0};
    return true;
}

bool sum_file_append(const char *path, const SumRelease *release, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    if (file_exists(path)) {
        CLEANUP(memory_freep) char *bytes = NULL;
        size_t size;
        if (!file_read_all(path, SUM_SIZE_MAX, &bytes, &size, err))
            return false;
        text_add_n(&text, bytes, size);
    }
    if (!text.length)
        text_add(&text, SUM_HEADER "\n");
    text_addf(&text, "release %s %s%s\n", release->version, release->released_at,
              release->stop ? " stop" : "");
    for (size_t i = 0; i < release->migrations.count; i++) {
        char hex[DIGEST_HEX_SIZE];
        text_addf(&text, "migration %s %s %s\n", release->version,
                  digest_hex(&release->migrations.items[i].digest, hex),
                  release->migrations.items[i].identity);
    }
    /* what was written must read back: never replace a good file by one that does not */
    CLEANUP(sum_file_done) SumFile check = {0};
    CLEANUP(memory_freep) char *copy = memory_string(text_string(&text));
    return parse(file_base_name(path), copy, text.length, &check, err) &&
           file_write_atomic(path, 0644, text_string(&text), text.length, err);
}

bool sum_file_create(const char *path, Error *err)
{
    if (file_exists(path))
        return true;
    return file_write_atomic(path, 0644, SUM_HEADER "\n", strlen(SUM_HEADER "\n"), err);
}
