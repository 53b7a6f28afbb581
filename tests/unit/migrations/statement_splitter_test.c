#include "base/memory.h"
#include "tests/support/splitter_record.h"
#include "tests/support/splitter_vectors.h"
#include "tests/support/unit_test.h"

static void splits_as_the_vectors_say_however_cut(void **state UNUSED)
{
    static const size_t pieces[] = {1, 2, 7, SIZE_MAX};
    SplitterVectorArray vectors = splitter_vectors_read(SPLITTER_VECTORS_PATH);
    int failed = 0;
    array_each (SplitterVector, vector, &vectors) {
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
            const char *sql = text_string(&vector->sql);
            size_t size = vector->sql.length;
            CLEANUP(memory_freep)
            char *got = splitter_record(sql, size, pieces[i] < size ? pieces[i] : size + 1);
            if (strcmp(got, text_string(&vector->expected)) == 0)
                continue;
            failed++;
            print_error("%s:%d: %s\n(pieces of %zu)\n--- expected\n%s--- got\n%s\n",
                        SPLITTER_VECTORS_PATH, vector->line, vector->name, pieces[i],
                        text_string(&vector->expected), got);
            break;
        }
    }
    assert_int_equal(failed, 0);
    assert_true(vectors.count >= 120);
    splitter_vectors_free(&vectors);
}

/* The words of one statement, each behind the first letter of its kind. */
static bool note_words(void *context, const SplitStatement *statement, Error *err UNUSED)
{
    Text *words = context;
    for (size_t i = 0; i < statement->word_count; i++)
        text_addf(words, "%s%c%s%s", i ? " " : "", "KQLNP"[statement->words[i].kind],
                  statement -> words[i].text, statement->words[i].truncated ? "~" : "");
    if (statement->words_cut)
        text_add(words, " …");
    return true;
}

static void assert_words(const char *sql, const char *words)
{
    CLEANUP(text_done) Text got = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.statement = note_words, .context = &got});
    assert_true(statement_splitter_feed(splitter, sql, strlen(sql), &error));
    assert_true(statement_splitter_end(splitter, &error));
    assert_string_equal(text_string(&got), words);
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void tells_the_words_of_a_statement(void **state UNUSED)
{
    assert_words("SELECT a.\"B\"\"c\", 'it''s', 1.5e3 FROM T", "Kselect Ka P. QB\"c P, Lit's P, "
                                                               "N1.5e3 Kfrom Kt");
    assert_words("x E'\\n' B'1' N'n' U&'u' U&\"i\" $$d$$ $t$e$t$", "Kx L\\n L1 Ln Lu Qi Ld Le");
    assert_words("a::b := c => d || e<-1 $1 :v", "Ka P:: Kb P:= Kc P=> Kd P|| Ke P<- N1 N$1 P:v");
    assert_words("a-- c\n- b /* d */ c", "Ka P- Kb Kc");
    assert_words(A63 " " A63 "b \"" A63 "c\" 'e'", "K" A63 " K" A63 "~ Q" A63 "~ Le");
    /* cut between characters, as the server cuts a name */
    assert_words("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaéx",
                 "Kaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~");
    assert_words(
        "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
        "a a a a a a a a",
        "Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka "
        "Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka Ka …");
}

static bool note_comment(void *context, const char *text, size_t length, int64_t line,
                         Error *err UNUSED)
{
    text_addf(context, "%lld:%.*s|", (long long)line, (int)length, text);
    return true;
}

static void reports_comments_between_statements(void **state UNUSED)
{
    static const char sql[] = "-- one\nselect 1 -- inside\n; --two\n/* -- */ 'a' --\n'b' --c";
    CLEANUP(text_done) Text got = {0};
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter =
        statement_splitter_new(&(SplitterEvents){.comment = note_comment, .context = &got});
    assert_true(statement_splitter_feed(splitter, sql, strlen(sql), &error));
    assert_true(statement_splitter_end(splitter, &error));
    assert_string_equal(text_string(&got), "1:-- one|3:--two|");
}

static void names_the_text_in_errors(void **state UNUSED)
{
    CLEANUP(error_done) Error error = {0};
    CLEANUP(statement_splitter_freep)
    StatementSplitter *splitter = statement_splitter_new(&(SplitterEvents){.name = "a/b.sql"});
    assert_true(statement_splitter_feed(splitter, "\n\"", 2, &error));
    assert_false(statement_splitter_end(splitter, &error));
    assert_string_equal(error.message,
                        "a/b.sql:2: a quoted identifier that begins here is never closed");
    assert_int_equal(error.class, ERROR_INPUT);
}

static void refuses_lines_and_tags_without_end(void **state UNUSED)
{
    static const struct {
        const char *begin, *words;
        size_t most; /* bytes behind `begin` that still go */
    } cases[] = {
        {"\n\\", "=! 2: a backslash command is too long\n", SPLITTER_LINE_SIZE_MAX - 1},
        {"\n$a", "=! 2: the tag of a dollar-quoted string is too long\n",
         SPLITTER_TAG_SIZE_MAX - 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(text_done) Text sql = {0};
        text_add(&sql, cases[i].begin);
        for (size_t n = 0; n < cases[i].most; n++)
            text_add_char(&sql, 'x');
        CLEANUP(memory_freep) char *good = splitter_record(sql.bytes, sql.length, SIZE_MAX / 2);
        assert_null(strstr(good, "=!"));
        text_add_char(&sql, 'x');
        CLEANUP(memory_freep) char *bad = splitter_record(sql.bytes, sql.length, SIZE_MAX / 2);
        assert_string_equal(bad, cases[i].words);
    }
}

/* Callbacks that fail at once, one kind of event each. */
static bool fail_statement(void *context UNUSED, const SplitStatement *statement UNUSED, Error *err)
{
    return error_set(err, ERROR_IO, "enough");
}

static bool fail_line(void *context UNUSED, const char *text UNUSED, size_t length UNUSED,
                      int64_t offset UNUSED, int64_t line UNUSED, bool in_statement UNUSED,
                      Error *err)
{
    return error_set(err, ERROR_IO, "enough");
}

static bool fail_comment(void *context UNUSED, const char *text UNUSED, size_t length UNUSED,
                         int64_t line UNUSED, Error *err)
{
    return error_set(err, ERROR_IO, "enough");
}

static bool fail_bytes(void *context UNUSED, const void *bytes UNUSED, size_t size UNUSED,
                       int64_t offset UNUSED, Error *err)
{
    return error_set(err, ERROR_IO, "enough");
}

static void stops_where_a_callback_fails(void **state UNUSED)
{
    static const char sql[] = "-- c\n\\x\ncopy t from stdin;\n1\n\\x\n\\.x\n\\";
    static const SplitterEvents events[] = {
        {.statement = fail_statement}, {.backslash = fail_line},  {.comment = fail_comment},
        {.sql = fail_bytes},           {.copy_data = fail_bytes},
    };
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        CLEANUP(error_done) Error error = {0};
        CLEANUP(statement_splitter_freep)
        StatementSplitter *splitter = statement_splitter_new(&events[i]);
        bool good = true;
        for (size_t at = 0; good && at < strlen(sql); at++)
            good = statement_splitter_feed(splitter, sql + at, 1, &error);
        assert_false(good && statement_splitter_end(splitter, &error));
        assert_string_equal(error.message, "enough");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_the_vectors_say_however_cut),
        cmocka_unit_test(tells_the_words_of_a_statement),
        cmocka_unit_test(reports_comments_between_statements),
        cmocka_unit_test(names_the_text_in_errors),
        cmocka_unit_test(refuses_lines_and_tags_without_end),
        cmocka_unit_test(stops_where_a_callback_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
