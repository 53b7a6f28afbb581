#include "tests/support/unit_test.h"

#include "applier/site/site_config.h"
#include "tests/support/test_head.h"
#include "tests/support/test_site.h"

static bool read_with(const char *text, SiteConfig *config, Error *err)
{
    CLEANUP(test_site_done) TestSite site = test_site();
    if (text)
        test_site_write(&site, "applier.conf", text, strlen(text));
    return site_config_read(config, err);
}

static void has_defaults_where_nothing_is_said(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_config_done) SiteConfig config = {0};
    assert_true(read_with(NULL, &config, &err));
    assert_null(config.name);
    assert_int_equal(config.rollback_needs, ROLLBACK_NEEDS_NOTHING);
    assert_int_equal(config.superuser, SUPERUSER_WARN);
    assert_int_equal(config.look_under_lock_ms, -1);
    assert_false(lag_limit_is_set(&config.max_lag));
    assert_int_equal(config.backup_policy, BACKUP_POLICY_WARN);
    assert_int_equal(config.backup_within_s, 7200);
    assert_null(config.backup_command);
    assert_null(config.backup_pg_dump);
    assert_int_equal(config.reconnect_s, -1);
    assert_int_equal(config.step_limit_s, -1);
    unsetenv("SEALIFT_CONFIG_DIR");
    setenv("SEALIFT_STATE_DIR", "", 1);
    CLEANUP(site_config_done) SiteConfig defaults = {0};
    assert_true(site_config_read(&defaults, &err));
    assert_string_equal(defaults.config_folder, "/etc/sealift");
    assert_string_equal(defaults.state_folder, "/var/lib/sealift");
}

static void reads_every_key(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_config_done) SiteConfig config = {0};
    assert_true(read_with("[site]\nname = alpha\nenvironment = staging\nchannel = main\n"
                          "ledger-owner = dba\nrollback-needs = signature\nsuperuser = refuse\n"
                          "look-under-lock-ms = 500\n"
                          "max-lag = 64MB\nreconnect = 0\nstep-limit = 7200\n"
                          "[backup]\npolicy = required\nwithin = 90m\ncommand = /bin/save now\n"
                          "pg-dump = /opt/bin/pg_dump\n",
                          &config, &err));
    assert_string_equal(config.name, "alpha");
    assert_string_equal(config.environment, "staging");
    assert_string_equal(config.channel, "main");
    assert_string_equal(config.ledger_owner, "dba");
    assert_int_equal(config.rollback_needs, ROLLBACK_NEEDS_SIGNATURE);
    assert_int_equal(config.superuser, SUPERUSER_REFUSE);
    assert_int_equal(config.look_under_lock_ms, 500);
    assert_int_equal(config.max_lag.bytes, 64 << 20);
    assert_int_equal(config.backup_policy, BACKUP_POLICY_REQUIRED);
    assert_int_equal(config.backup_within_s, 5400);
    assert_string_equal(config.backup_command, "/bin/save now");
    assert_string_equal(config.backup_pg_dump, "/opt/bin/pg_dump");
    assert_int_equal(config.reconnect_s, 0);
    assert_int_equal(config.step_limit_s, 7200);
}

static void reads_values_of_parameters_by_product(void **state UNUSED)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(site_config_done) SiteConfig config = {0};
    assert_true(read_with("[parameters]\napp_role = app\ntenant = Port O'Call \"x\" \\\nempty =\n"
                          "[parameters desk]\napp_role = desk app\n",
                          &config, &err));
    const SiteParameterArray *values = &config.parameters;
    assert_string_equal(site_parameters_find(values, "harbour", "app_role"), "app");
    assert_string_equal(site_parameters_find(values, "desk", "app_role"), "desk app");
    assert_string_equal(site_parameters_find(values, "desk", "tenant"), "Port O'Call \"x\" \\");
    assert_string_equal(site_parameters_find(values, "desk", "empty"), "");
    assert_null(site_parameters_find(values, "desk", "APP_ROLE"));
}

static void refuses_values_that_mean_nothing(void **state UNUSED)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[site]\nname = Alpha\n", "name is 'Alpha'"},
        {"[site]\nenvironment = *\n", "environment is '*'"},
        {"[site]\nchannel =\n", "channel is ''"},
        {"[site]\nrollback-needs = all\n", "expected signature, state or nothing"},
        {"[site]\nsuperuser = yes\n", "expected warn or refuse"},
        {"[site]\nlook-under-lock-ms = 2s\n", "expected a number"},
        {"[site]\nmax-lag = 64\n", "expected a size or a time"},
        {"[site]\nreconnect = 5m\n", "reconnect is '5m': expected a number of seconds"},
        {"[site]\nstep-limit = 604801\n", "step-limit is '604801'"},
        {"[site]\nledger-owner =\n", "ledger-owner is empty"},
        {"[backup]\npolicy = maybe\n", "expected required, warn or off"},
        {"[backup]\nwithin = 2\n", "expected a time like 90m, 2h or 1d"},
        {"[backup]\nwithin = 0h\n", "within is '0h'"},
        {"[backup]\nwithin = 3651d\n", "within is '3651d'"},
        {"[backup]\ncommand =\n", "command is empty"},
        {"[backup]\npg-dump = pg_dump\n", "expected an absolute path"},
        {"[site]\ncolour = red\n", "no key 'colour'"},
        {"[place]\nname = alpha\n", "no key 'name'"},
        {"[site]\nname = a\nname = b\n", "stands twice"},
        {"[parameters]\na = 1\na = 2\n", "'a' in [parameters] stands twice"},
        {"[parameters desk]\na = 1\na = 2\n", "'a' in [parameters desk] stands twice"},
        {"[parameters]\n1a = 1\n", "'1a' in [parameters] is no name of a parameter"},
        {"[parameters Desk!]\na = 1\n", "[parameters Desk!] names no product"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(site_config_done) SiteConfig config = {0};
        assert_false(read_with(rows[i].text, &config, &err));
        assert_int_equal(err.class, ERROR_CONFIG);
        if (!strstr(err.message, rows[i].says) || !strstr(err.message, "applier.conf"))
            fail_msg("%s", err.message);
    }
}

/* What the bundle is for, what this site is → the words of the refusal, or NULL. */
static void takes_only_bundles_for_this_site(void **state UNUSED)
{
    static const struct {
        const char *sites, *environment, *channel, *config, *says;
    } rows[] = {
        {"*", "*", "main", NULL, NULL},
        {"*", "*", "beta", NULL, NULL},
        {"alpha,beta", "*", "main", "[site]\nname = beta\n", NULL},
        {"*", "staging", "main", "[site]\nenvironment = staging\n", NULL},
        {"*", "*", "main", "[site]\nchannel = main\n", NULL},
        {"alpha,beta", "*", "main", NULL,
         "the bundle is for the sites 'alpha,beta', this site has no name"},
        {"alpha,beta", "*", "main", "[site]\nname = gamma\n",
         "the bundle is for the sites 'alpha,beta', this site is 'gamma'"},
        {"*", "staging", "main", NULL, "for the environment 'staging', this site does not say"},
        {"*", "staging", "main", "[site]\nenvironment = production\n",
         "for the environment 'staging', this site is 'production'"},
        {"*", "*", "beta", "[site]\nchannel = main\n",
         "of the channel 'beta', this site takes 'main'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(error_done) Error err = {0};
        CLEANUP(site_config_done) SiteConfig config = {0};
        assert_true(read_with(rows[i].config, &config, &err));
        Head head = test_head();
        snprintf(head.sites, sizeof(head.sites), "%s", rows[i].sites);
        snprintf(head.environment, sizeof(head.environment), "%s", rows[i].environment);
        snprintf(head.channel, sizeof(head.channel), "%s", rows[i].channel);
        bool taken = site_config_check_head(&config, &head, &err);
        assert_int_equal(taken, rows[i].says == NULL);
        if (taken)
            continue;
        assert_int_equal(err.class, ERROR_TRUST);
        if (!strstr(err.message, rows[i].says))
            fail_msg("'%s' lacks '%s'", err.message, rows[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults_where_nothing_is_said),
        cmocka_unit_test(reads_every_key),
        cmocka_unit_test(reads_values_of_parameters_by_product),
        cmocka_unit_test(refuses_values_that_mean_nothing),
        cmocka_unit_test(takes_only_bundles_for_this_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
