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
    free(release->min_compatible);
    free(release->history);
    array_each (SumSuperseded, superseded, &release->superseded)
        free(superseded->version);
    array_free(&release->superseded);
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

const SumRelease *sum_file_find(const SumFile *sum, const char *version)
{
    array_each (const SumRelease, release, &sum->releases)
        if (strcmp(release->version, version) == 0)
            return release;
    return NULL;
}

static bool supersedes(const SumRelease *release, const char *version)
{
    array_each (const SumSuperseded, superseded, &release->superseded)
        if (strcmp(superseded->version, version) == 0)
            return true;
    return false;
}

const SumRelease *sum_file_replacement(const SumFile *sum, const char *version)
{
    for (size_t i = sum->releases.count; i > 0; i--)
        if (supersedes(&sum->releases.items[i - 1], version))
            return &sum->releases.items[i - 1];
    return NULL;
}

const SumRelease *sum_file_previous(const SumFile *sum, const SumRelease *release)
{
    for (const SumRelease *at = release; at > sum->releases.items;) {
        bool off_the_line = false;
        at--;
        for (const SumRelease *later = at + 1; later <= release; later++)
            off_the_line |= supersedes(later, at->version);
        if (!off_the_line)
            return at;
    }
    return NULL;
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

#define LEAST_WORD   "min-compatible="
#define HISTORY_WORD "history="

/* What may stand behind the time, each once and in this order. */
typedef struct ReleaseFlags {
    bool stop;
    const char *least;
    const char *history;
} ReleaseFlags;

static bool take_flags(char *rest, ReleaseFlags *ret_flags)
{
    const char *word = next_word(&rest);
    if (word && strcmp(word, "stop") == 0) {
        ret_flags->stop = true;
        word = rest ? next_word(&rest) : NULL;
        if (!word)
            return !rest;
    }
    if (word && text_has_prefix(word, LEAST_WORD)) {
        ret_flags->least = word + strlen(LEAST_WORD);
        if (!project_version_name_is_valid(ret_flags->least))
            return false;
        word = rest ? next_word(&rest) : NULL;
        if (!word)
            return !rest;
    }
    if (!word || !text_has_prefix(word, HISTORY_WORD) || rest)
        return false;
    ret_flags->history = word + strlen(HISTORY_WORD);
    return strchr(ret_flags->history, ':') != NULL;
}

static bool take_release(SumReading *reading, char *rest)
{
    const char *version = next_word(&rest);
    const char *time = next_word(&rest);
    ReleaseFlags flags = {0};
    int64_t seconds;
    if (!version || !project_version_name_is_valid(version) || !time ||
        !clock_parse(time, &seconds) || (rest && !take_flags(rest, &flags)))
        return refuse(reading, "expected 'release VERSION TIME', and nothing, 'stop', "
                               "'" LEAST_WORD "VERSION' or '" HISTORY_WORD "TOOL:TABLE' behind it");
    if (sum_file_find(reading->sum, version))
        return refuse(reading, "this version is already released further up");
    if (flags.least && !sum_file_find(reading->sum, flags.least))
        return refuse(reading, "the version that it is compatible with is not released further up");
    SumRelease *release = array_add(&reading->sum->releases);
    release->version = memory_string(version);
    release->stop = flags.stop;
    release->min_compatible = memory_string(flags.least);
    release->history = memory_string(flags.history);
    memcpy(release->released_at, time, CLOCK_TEXT_SIZE);
    return true;
}

/* The release whose lines these are, where `version` names it. */
static SumRelease *release_above(SumReading *reading, const char *version)
{
    SumRelease *last = reading->sum->releases.count
                           ? &reading->sum->releases.items[reading->sum->releases.count - 1]
                           : NULL;
    return last && strcmp(last->version, version) == 0 ? last : NULL;
}

static bool take_superseded(SumReading *reading, char *rest)
{
    const char *version = next_word(&rest);
    const char *superseded = next_word(&rest);
    const char *how = next_word(&rest);
    Digest tree;
    bool same = how && strcmp(how, "same-schema") == 0;
    if (!version || !superseded || !how || (!same && strcmp(how, "passed") != 0) || !rest ||
        !digest_parse_hex(rest, strlen(rest), &tree))
        return refuse(reading, "expected 'supersedes VERSION SUPERSEDED same-schema|passed TREE'");
    SumRelease *release = release_above(reading, version);
    if (!release || release->migrations.count)
        return refuse(reading, "this line does not stand right below its version's release line");
    if (strcmp(superseded, version) == 0 || !sum_file_find(reading->sum, superseded))
        return refuse(reading, "what it supersedes is not released further up");
    if (supersedes(release, superseded))
        return refuse(reading, "this version is superseded twice by the same one");
    *array_add(&release->superseded) = (SumSuperseded){memory_string(superseded), same, tree};
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
    SumRelease *release = release_above(reading, version);
    if (!release)
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
    if (text_has_prefix(line, "supersedes "))
        return take_superseded(reading, line + strlen("supersedes "));
    return refuse(reading, "expected a line that begins with 'release', 'supersedes' or "
                           "'migration'");
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
    text_addf(&text, "release %s %s%s", release->version, release->released_at,
              release->stop ? " stop" : "");
    if (release->min_compatible)
        text_addf(&text, " " LEAST_WORD "%s", release->min_compatible);
    if (release->history)
        text_addf(&text, " " HISTORY_WORD "%s", release->history);
    text_add_char(&text, '\n');
    array_each (const SumSuperseded, superseded, &release->superseded) {
        char hex[DIGEST_HEX_SIZE];
        text_addf(&text, "supersedes %s %s %s %s\n", release->version, superseded->version,
                  superseded->same_schema ? "same-schema" : "passed",
                  digest_hex(&superseded->tree_digest, hex));
    }
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
