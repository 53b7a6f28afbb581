/* Manifests that are signed and whose parameters are wrong: each must be refused as malformed, with
 * words that say where. In the sample parameter 1 is an integer, 2 an identifier; the last
 * migration's second step takes 2 at byte 12 and 1 at byte 27, its down script 2 at byte 11. */
#include "tests/support/damage.h"

static const SqlDamage damages[] = {
    {"no such type", "UPDATE parameter SET type = 'blob' WHERE parameter = 1",
     "CHECK constraint failed"},
    {"a name with a space", "UPDATE parameter SET name = 'a b' WHERE parameter = 1",
     "table 'parameter', row 1: 'a b' is no name of a parameter"},
    {"a name that begins with a digit", "UPDATE parameter SET name = '1st' WHERE parameter = 1",
     "'1st' is no name of a parameter"},
    {"an empty name", "UPDATE parameter SET name = '' WHERE parameter = 1", "'name' has 0 bytes"},
    {"a name of 64 bytes", "UPDATE parameter SET name = hex(zeroblob(32)) WHERE parameter = 1",
     "'name' has 64 bytes"},
    {"names out of order", "UPDATE parameter SET name = 'z' WHERE parameter = 1",
     "table 'parameter', row 2: does not come after the one before"},
    {"a name twice", "UPDATE parameter SET name = 'first_master'",
     "table 'parameter', row 2: does not come after the one before"},
    {"parameters with a gap", "UPDATE parameter SET parameter = 3 WHERE parameter = 2",
     "is 3 where 2 comes next"},
    {"a default of another type", "UPDATE parameter SET default_value = 'one' WHERE parameter = 1",
     "table 'parameter', row 1: 'default_value' is not an integer of 64 bits"},
    {"a default beside the pattern",
     "UPDATE parameter SET default_value = '12345' WHERE parameter = 1",
     "'default_value' does not match the pattern"},
    {"a rehearsed value beside the pattern",
     "UPDATE parameter SET rehearsed_value = '-1' WHERE parameter = 1",
     "'rehearsed_value' does not match the pattern"},
    {"an identifier of no bytes", "UPDATE parameter SET rehearsed_value = '' WHERE parameter = 2",
     "table 'parameter', row 2: 'rehearsed_value' is not an identifier"},
    {"an identifier of 64 bytes",
     "UPDATE parameter SET rehearsed_value = hex(zeroblob(32)) WHERE parameter = 2",
     "'rehearsed_value' is not an identifier"},
    {"a value of two lines",
     "UPDATE parameter SET rehearsed_value = 'a' || char(10) || 'b' WHERE parameter = 2",
     "'rehearsed_value' is not one line of printable UTF-8"},
    {"a value of 1025 bytes",
     "UPDATE parameter SET default_value = hex(zeroblob(512)) || 'a' WHERE parameter = 2",
     "'default_value' has 1025 bytes"},
    {"a pattern that is none", "UPDATE parameter SET pattern = '[0-9' WHERE parameter = 1",
     "table 'parameter', row 1: 'pattern' is none that is understood"},
    {"a pattern that takes the memory",
     "UPDATE parameter SET pattern = '((1{255}){255}){255}' WHERE parameter = 1",
     "'pattern' is none that is understood"},
    {"a place in a step that is not there",
     "UPDATE step_parameter SET step = 3 WHERE script = 'up' AND offset = 27",
     "'step' is 3, outside 1 to 2"},
    {"a place in a script that is not there",
     "UPDATE step_parameter SET script = 'verify' WHERE script = 'down'",
     "names a script that the migration does not have"},
    {"a place in a migration that is not there",
     "UPDATE step_parameter SET migration = 4 WHERE script = 'down'",
     "'migration' is 4, outside 1 to 3"},
    {"a place behind the end",
     "UPDATE step_parameter SET length = 3 WHERE script = 'up' AND offset = 27",
     "step 2: the place of parameter 'first_master' ends at byte 30 of 29"},
    {"a place far behind the end",
     "UPDATE step_parameter SET offset = 268435456 WHERE script = 'up' AND offset = 27",
     "ends at byte 268435457 of 29"},
    {"a place of no bytes", "UPDATE step_parameter SET length = 0 WHERE script = 'down'",
     "CHECK constraint failed"},
    {"places that overlap",
     "UPDATE step_parameter SET length = 16 WHERE script = 'up' AND offset = 12",
     "step 2: places of parameters overlap"},
    {"a parameter that is not there",
     "UPDATE step_parameter SET parameter = 3 WHERE script = 'down'",
     "'parameter' is 3, outside 1 to 2"},
    {"an unknown quoting", "UPDATE step_parameter SET quoting = 'none' WHERE script = 'down'",
     "CHECK constraint failed"},
    {"an identifier as it is", "UPDATE step_parameter SET quoting = 'raw' WHERE script = 'down'",
     "down, step 1: parameter 'master_table' (identifier) as raw"},
    {"a number as an identifier",
     "UPDATE step_parameter SET quoting = 'identifier' WHERE offset = 27",
     "parameter 'first_master' (integer) as identifier"},
    {"a parameter that no step takes", "DELETE FROM step_parameter WHERE offset = 27",
     "table 'parameter', row 1: no step takes 'first_master'"},
};

static void refuses_each_damage(void **state UNUSED)
{
    expect_all_refused(FORGE_FULL, damages, ARRAY_LEN(damages));
}

static void refuses_more_parameters_than_the_limit(void **state UNUSED)
{
    static const SqlDamage many[] = {
        {"too many parameters",
         "INSERT INTO parameter WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n"
         " WHERE i < 1001) SELECT i, printf('p%04d', i), 'text', '', '', NULL, '' FROM n",
         "'parameter' is more than 1000"},
    };
    expect_all_refused(FORGE_FULL, many, ARRAY_LEN(many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_damage),
        cmocka_unit_test(refuses_more_parameters_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
