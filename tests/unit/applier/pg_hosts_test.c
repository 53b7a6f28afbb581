#include "applier/server/pg_hosts.h"

#include "tests/support/unit_test.h"

#include "base/memory.h"

/* "host/hostaddr/port host/hostaddr/port" of a connection string. */
static char *hosts_of(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    assert_non_null(options);
    PgHostArray hosts;
    pg_hosts_of(options, &hosts);
    char *text = memory_string("");
    array_each (const PgHost, host, &hosts) {
        char *longer = memory_format("%s%s%s/%s/%s", text, *text ? " " : "", host->host,
                                     host->hostaddr, host->port);
        free(text);
        text = longer;
    }
    pg_hosts_done(&hosts);
    PQconninfoFree(options);
    return text;
}

static void splits_what_libpq_would_go_through(void **state UNUSED)
{
    static const struct {
        const char *conninfo;
        const char *hosts;
    } cases[] = {
        {"dbname=d", ""},
        {"host=one port=1", ""},
        {"host=one,two", "one//5432 two//5432"},
        {"host=one,two port=5433", "one//5433 two//5433"},
        {"host=one,two,three port=1,,3", "one//1 two//5432 three//3"},
        {"postgresql://one:1,two:2/d?target_session_attrs=read-write", "one//1 two//2"},
        {"host=one,two hostaddr=10.0.0.1,10.0.0.2 port=1,2", "one/10.0.0.1/1 two/10.0.0.2/2"},
        {"hostaddr=10.0.0.1,10.0.0.2", "/10.0.0.1/5432 /10.0.0.2/5432"},
        {"host=/run/a,/run/b", "/run/a//5432 /run/b//5432"},
        {"host=one,,two", ""},
        {"host=one,two hostaddr=10.0.0.1,", ""},
        {"host=one,two target_session_attrs=prefer-standby", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(memory_freep) char *hosts = hosts_of(cases[i].conninfo);
        assert_string_equal(hosts, cases[i].hosts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_what_libpq_would_go_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
