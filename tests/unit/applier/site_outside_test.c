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
        "GRANT \"on\" TO bob",
        "GRANT CONNECT ON DATABASE d TO bob",
        "revoke all privileges\n  on database d from public",
        "GRANT CREATE ON TABLESPACE t TO bob",
        "GRANT SET ON PARAMETER work_mem TO bob",
        "COMMENT ON DATABASE d IS 'x'",
        "COMMENT ON ROLE bob IS NULL",
        "comment on tablespace t is 'x'",
        "SECURITY LABEL FOR selinux ON DATABASE d IS 'x'",
        "SECURITY LABEL ON ROLE bob IS 'x'",
        "REASSIGN OWNED BY bob TO app",
        "DROP OWNED BY bob",
        "CREATE /* a /* nested */ comment */ ROLE bob",
        "-- said first\nDROP -- and here\n ROLE bob",
        "CREATE/**/ROLE bob",
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
        "CREATE ROLE",
        "GRANT SELECT ON database TO bob",
        "REVOKE SELECT ON TABLE database FROM bob",
        "GRANT SELECT ON database.t TO bob",
        "GRANT SELECT (a) ON t, database TO bob",
        "GRANT ALL ON \"database\" TO bob",
        "COMMENT ON TABLE role IS 'ON DATABASE d'",
        "COMMENT ON COLUMN database.a IS 'x'",
        "SECURITY LABEL ON TABLE t IS 'x'",
        "DROP TABLE owned",
        "-- CREATE ROLE bob",
        "/* CREATE ROLE bob",
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
