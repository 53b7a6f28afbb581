#include "migrations/line_ends.h"

#include <string.h>

#include "base/text.h"
#include "tests/support/unit_test.h"

/* Of each piece, whether the CRs are left out: y or n. */
static void the_first_line_decides(void **state UNUSED)
{
    static const struct {
        const char *pieces[4];
        const char *expected;
    } cases[] = {
        {{"a\r\nb\n", "c\r\n"}, "yy"},    {{"a\nb\r\n", "c\r\n"}, "nn"},
        {{"a\r", "\nb", "\n"}, "yyy"},    {{"a\r", "b\n", "\r\n"}, "ynn"},
        {{"a", "\n\r\n", "\r\n"}, "ynn"}, {{"a\r", "", "\n"}, "yyy"},
        {{"\n", "\r\n"}, "nn"},           {{"a", "b\r"}, "yy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        LineEnds ends = {0};
        for (size_t at = 0; cases[i].pieces[at]; at++) {
            const char *piece = cases[i].pieces[at];
            bool leaves_out = line_ends_leave_out(&ends, piece, strlen(piece));
            if (leaves_out != (cases[i].expected[at] == 'y'))
                fail_msg("case %zu, piece %zu", i, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_line_decides)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
