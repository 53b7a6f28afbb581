#include "tests/support/unit_test.h"

#include "base/text.h"
#include "migrations/project.h"
#include "tests/unit/migrations/project_folder.h"

/* A project whose sealift.conf ends in these lines. */
static bool read_config(const char *lines, ProjectConfig *config, Error *err)
{
    ProjectFolder folder = folder_new("auto", NULL, 0);
    char *text = memory_format(FOLDER_CONFIG "%s", lines);
    folder_write(&folder, "sealift.conf", text);
    bool good = project_config_read(folder.path, config, err);
    free(text);
    folder_done(&folder);
    return good;
}

static void reads_fixed_values_and_site_parameters(void **state UNUSED)
{
    ProjectConfig config = {0};
    Error err = {0};
    if (!read_config("[value schema_name]\nvalue = app\ntype = identifier\n"
                     "[value limit]\nvalue = -5\ntype = integer\npattern = -?[0-9]\n"
                     "[value tenant]\nsite = true\ndefault = acme\ndescription = whose it is\n"
                     "[value workers]\nsite = true\ntype = integer\nas = raw\nrehearse = 4\n"
                     "[value empty]\nvalue =\n",
                     &config, &err))
        fail_msg("%s", err.message);
    assert_int_equal(config.values.count, 5);
    const ProjectValue *schema = project_values_find(&config.values, "schema_name");
    assert_string_equal(schema->value, "app");
    assert_false(schema->site);
    assert_int_equal(schema->form, VALUE_FORM_IDENTIFIER);
    const ProjectValue *limit = project_values_find(&config.values, "limit");
    assert_int_equal(limit->form, VALUE_FORM_RAW);
    assert_string_equal(value_type_name(limit->type), "integer");
    const ProjectValue *tenant = project_values_find(&config.values, "tenant");
    assert_true(tenant->site);
    assert_int_equal(tenant->form, VALUE_FORM_LITERAL);
    assert_string_equal(tenant->fallback, "acme");
    assert_string_equal(tenant->rehearse, "acme");
    assert_string_equal(tenant->description, "whose it is");
    const ProjectValue *workers = project_values_find(&config.values, "workers");
    assert_null(workers->fallback);
    assert_string_equal(workers->rehearse, "4");
    assert_string_equal(value_form_name(workers->form), "raw");
    assert_string_equal(project_values_find(&config.values, "empty")->value, "");
    assert_null(project_values_find(&config.values, "limi"));
    project_config_done(&config);
}

static void refuses_what_contradicts_itself(void **state UNUSED)
{
    static const struct {
        const char *lines;
        const char *says;
    } bad[] = {
        {"[value 1st]\nvalue = x\n", "'1st' cannot be the name of a value"},
        {"[value a b]\nvalue = x\n", "'a b' cannot be the name of a value"},
        {"[value aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nvalue = x\n",
         "is too long"},
        {"[value a]\nvalue = x\nvalue = y\n", "'value' in [value a] stands twice"},
        {"[value a]\nvalu = x\n", "there is no key 'valu' in a section [value a]"},
        {"[value a]\ntype = text\n", "[value a] has neither value nor site = true"},
        {"[value a]\nvalue = x\nsite = true\ndefault = y\n", "both value and site = true"},
        {"[value a]\nvalue = x\ndefault = y\n", "[value a] has default, which only a site"},
        {"[value a]\nvalue = x\nrehearse = y\n", "[value a] has rehearse, which only a site"},
        {"[value a]\nsite = true\n", "neither default nor rehearse"},
        {"[value a]\nvalue = x\nsite = maybe\n", "[value a] site is 'maybe': expected true or"},
        {"[value a]\nvalue = x\ntype = int\n", "[value a] type is 'int': expected text, integer"},
        {"[value a]\nvalue = x\nas = bare\n", "[value a] as is 'bare': expected raw, literal"},
        {"[value a]\nsite = true\ndefault = x\nas = raw\n", "[value a] as is 'raw': expected lit"},
        {"[value a]\nvalue = x\npattern = [\n", "[value a] pattern is '[': expected an extended"},
        {"[value a]\nvalue = xy\npattern = x\n", "is 'xy': expected what matches the pattern 'x'"},
        {"[value a]\nvalue = 07\ntype = integer\n", "[value a] value is '07': expected an integer"},
        {"[value a]\nvalue = 9223372036854775808\ntype = integer\n", "expected an integer"},
        {"[value a]\nvalue = 1.\ntype = number\n", "[value a] value is '1.': expected a number"},
        {"[value a]\nvalue = 1e\ntype = number\n", "[value a] value is '1e': expected a number"},
        {"[value a]\nvalue = .5\ntype = number\n", "[value a] value is '.5': expected a number"},
        {"[value a]\nvalue = on\ntype = boolean\n", "[value a] value is 'on': expected true or"},
        {"[value a]\nvalue =\ntype = identifier\n", "[value a] value is '': expected an identif"},
        {"[value a]\nsite = true\ndefault = 1\nrehearse = x\ntype = number\n",
         "sealift.conf: [value a] rehearse is 'x': expected a number"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ProjectConfig config = {0};
        Error err = {0};
        if (read_config(bad[i].lines, &config, &err))
            fail_msg("taken: %s", bad[i].lines);
        assert_int_equal(err.class, ERROR_CONFIG);
        if (!strstr(err.message, bad[i].says))
            fail_msg("'%s' does not say '%s'", err.message, bad[i].says);
        error_done(&err);
    }
}

static void takes_numbers_of_every_form(void **state UNUSED)
{
    static const char *const good[] = {"0", "-1", "12.50", "1e6", "1.5E-3", "2e+4"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        ProjectConfig config = {0};
        Error err = {0};
        char *lines = memory_format("[value a]\ntype = number\nvalue = %s\n", good[i]);
        if (!read_config(lines, &config, &err))
            fail_msg("%s", err.message);
        free(lines);
        project_config_done(&config);
    }
}

static void refuses_more_values_than_anybody_has(void **state UNUSED)
{
    ProjectConfig config = {0};
    Error err = {0};
    Text lines = {0};
    for (int i = 0; i <= PROJECT_VALUES_MAX; i++)
        text_addf(&lines, "[value v%d]\nvalue = x\n", i);
    assert_false(read_config(text_string(&lines), &config, &err));
    assert_non_null(strstr(err.message, "more than 200 values"));
    error_done(&err);
    text_done(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fixed_values_and_site_parameters),
        cmocka_unit_test(refuses_what_contradicts_itself),
        cmocka_unit_test(takes_numbers_of_every_form),
        cmocka_unit_test(refuses_more_values_than_anybody_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
