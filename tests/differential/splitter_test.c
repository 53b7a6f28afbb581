/* The splitter against psql's own scanner: the vectors, the sample products, the files named on the
 * command line, and generated text. A test ends at its first difference. */
#include <inttypes.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "migrations/statement_splitter.h"
#include "tests/differential/psql_scan.h"
#include "tests/support/splitter_vectors.h"
#include "tests/support/unit_test.h"

#define GENERATED_CASES 300000
#define FILE_SIZE_MAX   (16 << 20)

typedef struct Found {
    size_t start; /* ours only */
    size_t end;   /* behind the semicolon, or the place of a backslash */
    bool backslash;
    char *text; /* what psql would send; owned */
} Found;

typedef ARRAY_OF(Found) FoundArray;

typedef struct Comparison {
    const char *text;
    FoundArray ours, theirs;
} Comparison;

static void found_free(FoundArray *found)
{
    array_each (Found, one, found)
        free(one->text);
    array_free(found);
}

/* -- ours -- */

static bool on_our_statement(void *context, const SplitStatement *statement, Error *err UNUSED)
{
    Comparison *comparison = context;
    *array_add(&comparison->ours) = (Found){
        .start = (size_t)statement->offset,
        .end = (size_t)statement->end_offset,
        .text = memory_string_n(comparison->text + statement->offset, (size_t)statement->length),
    };
    return true;
}

static bool on_our_backslash(void *context, const char *text UNUSED, size_t length UNUSED,
                             int64_t offset, int64_t line UNUSED, bool in_statement UNUSED,
                             Error *err UNUSED)
{
    Comparison *comparison = context;
    *array_add(&comparison->ours) = (Found){.end = (size_t)offset, .backslash = true};
    return true;
}

/* NULL where all is well, else the words of the error; the caller frees. */
static char *split_ours(Comparison *comparison)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){
        .statement = on_our_statement, .backslash = on_our_backslash, .context = comparison});
    if (statement_splitter_feed(splitter, comparison->text, strlen(comparison->text), &error) &&
        statement_splitter_end(splitter, &error))
        return NULL;
    return memory_string(error.message);
}

/* -- theirs -- */

static void on_their_statement(void *context, const char *sent, size_t end)
{
    Comparison *comparison = context;
    if (*psql_scan_skip_nothing(sent))
        *array_add(&comparison->theirs) = (Found){.end = end, .text = memory_string(sent)};
}

static void on_their_backslash(void *context, size_t offset)
{
    Comparison *comparison = context;
    *array_add(&comparison->theirs) = (Found){.end = offset, .backslash = true};
}

/* psql sends comments and white space around a statement, too. */
static bool same_text(const char *ours, const char *theirs)
{
    size_t length = strlen(ours);
    theirs = psql_scan_skip_nothing(theirs);
    return strncmp(theirs, ours, length) == 0 && !*psql_scan_skip_nothing(theirs + length);
}

/* -- comparing -- */

static bool report(const Comparison *comparison, const char *name, const char *why)
{
    fprintf(stderr, "%s: %s\n--- text\n%s\n--- ours\n", name, why, comparison->text);
    array_each (Found, found, &comparison->ours)
        fprintf(stderr, "%zu %s\n", found->end, found->text ? found->text : "\\");
    fprintf(stderr, "--- psql\n");
    array_each (Found, found, &comparison->theirs)
        fprintf(stderr, "%zu %s\n", found->end, found->text ? found->text : "\\");
    return false;
}

/* Statements that a backslash command interrupts are put together from pieces: only their ends are
 * compared. */
static bool same_found(const Comparison *comparison, size_t i)
{
    const Found *our = &comparison->ours.items[i];
    const Found *their = &comparison->theirs.items[i];
    if (our->end != their->end || our->backslash != their->backslash)
        return false;
    bool interrupted = i && comparison->ours.items[i - 1].backslash &&
                       comparison->ours.items[i - 1].end > our->start;
    return our->backslash || interrupted || same_text(our->text, their->text);
}

/* What only the splitter refuses, and where it therefore stops before psql does. */
static bool refused_by_us(const char *error)
{
    static const char *const ours[] = {"NUL", "UTF-8", "behind COPY", "too long"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (strstr(error, ours[i]))
            return true;
    return false;
}

/* With an error, the open statement is not reported by us but is sent by psql. */
static bool judge(const Comparison *comparison, const char *name, const char *error,
                  const char *open)
{
    size_t count = comparison->ours.count;
    for (size_t i = 0; i < count; i++)
        if (i >= comparison->theirs.count || !same_found(comparison, i))
            return report(comparison, name, "another statement");
    if (error && refused_by_us(error))
        return true;
    if (!error != !open || (error && !strstr(error, open)))
        return report(comparison, name, error ? error : "psql says that something is open");
    if (comparison->theirs.count > count + (error != NULL))
        return report(comparison, name, "psql has more statements");
    return true;
}

static bool compare(const char *name, const char *text)
{
    /* \; and \: put a character into psql's text that stands elsewhere: refused by us later on */
    if (strstr(text, "\\;") || strstr(text, "\\:"))
        return true;
    Comparison comparison = {.text = text};
    CLEANUP(memory_freep) char *error = split_ours(&comparison);
    const char *open =
        psql_scan_text(text, &(PsqlEvents){on_their_statement, on_their_backslash, &comparison});
    bool same = judge(&comparison, name, error, open);
    found_free(&comparison.ours);
    found_free(&comparison.theirs);
    return same;
}

/* -- generated text -- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char *const fragments[] = {
    "'",
    "''",
    "'a'",
    "E'",
    "e'\\'",
    "\\'",
    "E'\\\\'",
    "b'01'",
    "X'f'",
    "n'",
    "N'x'",
    "u&'",
    "U&'a'",
    "u&",
    "U&\"",
    "\"",
    "\"\"",
    "\"a\"",
    "$$",
    "$a$",
    "$A$",
    "$",
    "$1",
    "$a",
    "a$",
    "$1a",
    "$e'",
    "--",
    "-",
    "--\n",
    "-- c\n",
    "/*",
    "*/",
    "/",
    "*",
    "/**/",
    "/* c */",
    "/*/",
    "**/",
    "+",
    "=",
    "@",
    "?",
    "<",
    "=-",
    "(",
    ")",
    "((",
    "))",
    "[",
    "]",
    ",",
    ".",
    "..",
    "1",
    "1.",
    ".5",
    "1e",
    "1e5",
    "1e-",
    "1e+",
    "1x",
    "0x1F",
    "1_000",
    ":",
    "::",
    ":=",
    ":a",
    ":'a'",
    ":\"a\"",
    ":end",
    "a",
    "e",
    "E",
    "n",
    "u",
    "_",
    "é",
    "日",
    "\n",
    "\n",
    "\n\n",
    " ",
    " ",
    "\t",
    "\r",
    "\f",
    "\v",
    ";",
    ";",
    ";\n",
    "\\d\n",
    "\\set a 'b\n",
    "\\.\n",
    "create function f() returns int ",
    "CREATE OR REPLACE PROCEDURE p() ",
    "create or function ",
    "create ",
    "function ",
    "begin ",
    "BEGIN ATOMIC ",
    "end",
    "END;",
    "case ",
    "case when 1 then 2 end ",
    "copy t from stdin;\n1\t2\n\\.\n",
    "COPY t (a, b) FROM STDIN WITH (format csv); -- x\n1,'\n\\.\n",
    "copy t from stdin;\n",
    "copy (select 1 from stdin) to stdout;\n",
    "select 1",
    "select 'a' -- b\n'c'",
    "\\N\n",
    "x\n",
};

static char *generate(uint64_t *seed)
{
    static const char *const glue[] = {"", "", "", " ", "\n"};
    Text text = {0};
    size_t count = 1 + next_random(seed) % 14;
    for (size_t i = 0; i < count; i++) {
        text_add(&text, fragments[next_random(seed) % ARRAY_LEN(fragments)]);
        text_add(&text, glue[next_random(seed) % ARRAY_LEN(glue)]);
    }
    return text_take(&text);
}

static void agrees_with_psql_on_generated_text(void **state UNUSED)
{
    uint64_t seed = UINT64_C(0x5ea11f7);
    for (int i = 0; i < GENERATED_CASES; i++) {
        CLEANUP(memory_freep) char *name = memory_format("generated from %" PRIu64, seed);
        CLEANUP(memory_freep) char *text = generate(&seed);
        assert_true(compare(name, text));
    }
}

/* -- vectors and files -- */

static void agrees_with_psql_on_the_vectors(void **state UNUSED)
{
    SplitterVectorArray vectors = splitter_vectors_read(SPLITTER_VECTORS_PATH);
    array_each (SplitterVector, vector, &vectors) {
        const char *text = text_string(&vector->sql);
        bool has_nul = strlen(text) < vector->sql.length;
        assert_true(has_nul || compare(vector->name, text));
    }
    splitter_vectors_free(&vectors);
}

static void compare_file(const char *path)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(memory_freep) char *text = NULL;
    size_t size;
    if (!file_read_all(path, FILE_SIZE_MAX, &text, &size, &error))
        fail_msg("%s", error.message);
    assert_true(compare(path, text));
}

/* Every .sql file below the folder; how many there were. */
static size_t compare_folder(const char *folder)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(file_entries_free) FileEntryArray entries = {0};
    if (!file_list(folder, &entries, &error))
        fail_msg("%s", error.message);
    size_t count = 0;
    array_each (FileEntry, entry, &entries) {
        CLEANUP(memory_freep) char *path = file_path(folder, entry->name);
        if (entry->kind == FILE_KIND_FOLDER)
            count += compare_folder(path);
        if (entry->kind != FILE_KIND_REGULAR || !text_has_suffix(entry->name, ".sql"))
            continue;
        compare_file(path);
        count++;
    }
    return count;
}

static void agrees_with_psql_on_the_samples(void **state UNUSED)
{
    assert_true(compare_folder("migrations/examples") > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_psql_on_the_vectors),
        cmocka_unit_test(agrees_with_psql_on_the_samples),
        cmocka_unit_test(agrees_with_psql_on_generated_text),
    };
    for (int i = 1; i < argc; i++)
        compare_file(argv[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
