#include "tests/support/unit_test.h"

#include "applier/rehearsal/site_outside.h"

static void knows_what_belongs_to_the_whole_server(void **state UNUSED)
{
    static const char *const statements[] = {
        "CREATE ROLE reader",
        "create\n  user bob",
        "ALTER GROUP g ADD USER u",
        "DROP ROLE IF EXISTS reader",
        "CREATE TABLESPACE t LOCATION '/x'",
        "ALTER DATABASE d SET work_mem = 1",
        "DROP DATABASE d",
        "ALTER SYSTEM RESET ALL",
        "GRANT reader TO bob",
        "revoke reader from bob",
        "GRANT location TO bob",
    };
    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        if (!site_outside_begins(statements[i]))
            fail_msg("%s", statements[i]);
}

static void passes_over_what_is_inside_the_database(void **state UNUSED)
{
    static const char *const statements[] = {
        "",
        "CREATE",
        "CREATE TABLE role (id int)",
        "CREATE USER MAPPING FOR bob SERVER s",
        "ALTER TABLE t OWNER TO role",
        "DROP TABLE users",
        "GRANT SELECT ON t TO bob",
        "REVOKE ALL\nON SCHEMA s FROM bob",
        "SELECT 'create role x'",
        "CREATE VIEW database_sizes AS SELECT 1",
        "INSERT INTO role VALUES (1)",
        "CREATE(role)",
    };
    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        if (site_outside_begins(statements[i]))
            fail_msg("%s", statements[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_belongs_to_the_whole_server),
        cmocka_unit_test(passes_over_what_is_inside_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
