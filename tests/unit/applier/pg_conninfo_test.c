#include "applier/server/pg_conninfo.h"

#include "base/memory.h"
#include "tests/support/unit_test.h"

static void a_database_is_repeated_without_its_passwords(void **state UNUSED)
{
    static const struct {
        const char *conninfo;
        const char *word;
    } cases[] = {
        {"harbor", "harbor"},
        {"service=harbor", "service=harbor"},
        {"postgresql://app@db:5433/harbor", "postgresql://app@db:5433/harbor"},
        {"host=/run dbname=a user=b", "\"host=/run dbname=a user=b\""},
        {"postgresql://app:geheim@db/harbor", "\"user=app dbname=harbor host=db\""},
        {"dbname=a password=geheim", "dbname=a"},
        {"dbname='it''s' password=geheim", NULL},
        {"dbname='it\\'s me' sslpassword=geheim", "\"dbname='it\\\\'s me'\""},
        {"dbname=$HOME`x", "\"dbname=\\$HOME\\`x\""},
        {"postgresql://app:ge@heim@db/harbor", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *word = pg_conninfo_word(cases[i].conninfo);
        if (!cases[i].word) {
            assert_null(word);
            continue;
        }
        assert_non_null(word);
        assert_string_equal(word, cases[i].word);
    }
}

static void refuses_what_would_show_a_part_of_a_password(void **state UNUSED)
{
    static const struct {
        const char *conninfo;
        bool good;
    } cases[] = {
        {"postgresql://app:geheim@db/harbor", true},
        {"postgresql://app:ge%40heim@db/harbor", true},
        {"postgresql://db/harbor?user=a@b", true},
        {"postgresql://%2Frun%2Fpg/harbor", true},
        {"postgresql://a,b:5433/harbor", true},
        {"host=@abstract dbname=a@b", true},
        {"harbor", true},
        {"postgresql://app:ge@heim@db/harbor", false},
        {"postgresql://app:ge/heim@db/harbor", false},
        {"postgres://app:geheim/@db/harbor", false},
        {"postgresql://app:ge%heim@db/harbor", false},
        {"postgresql+asyncpg://app:geheim@db/harbor", false},
        {"host=db password=ge heim", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(error_done) Error err = {0};
        assert_int_equal(pg_conninfo_check(cases[i].conninfo, &err), cases[i].good);
        if (cases[i].good)
            continue;
        assert_int_equal(err.class, ERROR_USAGE);
        assert_null(strstr(err.message, "heim"));
        assert_null(strstr(err.hint, "heim"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_repeated_without_its_passwords),
        cmocka_unit_test(refuses_what_would_show_a_part_of_a_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
