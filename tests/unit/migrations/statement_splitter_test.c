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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_the_vectors_say_however_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
