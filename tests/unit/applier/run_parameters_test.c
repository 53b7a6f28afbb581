#include "tests/support/unit_test.h"

#include "applier/runs/run_parameters.h"
#include "base/memory.h"

/* A bundle of one migration whose up takes a role and a number, whose down takes the role; `tenant`
 * is another migration's. */
typedef struct Sample {
    Manifest manifest;
    RunTaskArray tasks; /* the first migration */
    StringArray set;
    SiteParameterArray site;
    History history;
    RunParameters found;
    Error err;
} Sample;

static void add_parameter(Sample *sample, const char *name, ParameterType type,
                          const char *otherwise, const char *pattern, const char *description)
{
    *array_add(&sample->manifest.parameters) =
        (ManifestParameter){.name = memory_string(name),
                            .type = type,
                            .default_value = memory_string(otherwise),
                            .rehearsed_value = memory_string("1"),
                            .pattern = memory_string(pattern),
                            .description = memory_string(description)};
}

static void add_migration(Sample *sample, const char *identity)
{
    ManifestMigration *migration = array_add(&sample->manifest.migrations);
    *migration = (ManifestMigration){.identity = memory_string(identity)};
    for (int kind = 0; kind < SCRIPT_KIND_COUNT; kind++)
        migration->scripts[kind].object = -1;
}

static void take(Sample *sample, size_t migration, ScriptKind kind, size_t parameter)
{
    *array_add(&sample->manifest.migrations.items[migration].scripts[kind].references) =
        (ManifestReference){.length = 1, .parameter = parameter};
}

static Sample sample(void)
{
    Sample made = {.history.unsettled = -1};
    snprintf(made.manifest.head.product, sizeof(made.manifest.head.product), "harbour");
    add_parameter(&made, "app_role", PARAMETER_IDENTIFIER, NULL, NULL, "who logs in");
    add_parameter(&made, "berths", PARAMETER_INTEGER, "10", "[0-9]{1,3}", "");
    add_parameter(&made, "tenant", PARAMETER_TEXT, NULL, NULL, "");
    add_migration(&made, "0001-a");
    add_migration(&made, "0002-b");
    take(&made, 0, SCRIPT_UP, 0);
    take(&made, 0, SCRIPT_UP, 1);
    take(&made, 0, SCRIPT_DOWN, 0);
    take(&made, 1, SCRIPT_UP, 2);
    return made;
}

static void add_task(Sample *sample, size_t migration, Direction direction)
{
    *array_add(&sample->tasks) =
        (RunTask){.manifest = &sample->manifest,
                  .migration = &sample->manifest.migrations.items[migration],
                  .direction = direction};
}

static void done(Sample *sample)
{
    run_parameters_done(&sample->found);
    array_free(&sample->tasks);
    array_free(&sample->set);
    site_parameters_done(&sample->site);
    history_done(&sample->history);
    manifest_done(&sample->manifest);
    error_done(&sample->err);
}

static void add_site(Sample *sample, const char *product, const char *name, const char *value)
{
    *array_add(&sample->site) =
        (SiteParameter){memory_string(product), memory_string(name), memory_string(value)};
}

static void add_past(Sample *sample, int64_t event, int64_t journal, const char *name,
                     const char *value, ValueSource source)
{
    *array_add(&sample->history.parameters) = (PastParameter){
        .event_number = event,
        .journal_number = journal,
        .name = memory_string(name),
        .type = memory_string(strcmp(name, "app_role") == 0 ? "identifier" : "text"),
        .value = memory_string(value),
        .source = source,
        .session_user = memory_string(""),
        .operating_system_user = memory_string("")};
}

static void add_event(Sample *sample, int64_t number, const char *action, const char *phase)
{
    PastEvent *event = array_add(&sample->history.events);
    *event = (PastEvent){.number = number,
                         .action = memory_string(action),
                         .phase = memory_string(phase),
                         .from_version = memory_string("-"),
                         .to_version = memory_string("1.0"),
                         .sqlstate = memory_string(""),
                         .run_id = memory_string("")};
}

static ParameterRequests requests(const Sample *sample)
{
    return (ParameterRequests){.set = &sample->set, .site = &sample->site};
}

static const RunParameter *find(Sample *sample, RunParametersFor purpose, size_t index)
{
    const ParameterRequests asked = requests(sample);
    run_parameters_done(&sample->found);
    run_parameters_find(&asked, &sample->manifest, &sample->history, purpose, &sample->tasks,
                        &sample->found);
    return &sample->found.items.items[index];
}

static void expect(const RunParameter *item, const char *value, ValueSource source)
{
    assert_string_equal(item->value, value);
    assert_int_equal(item->source, source);
}

static void the_stronger_goes_before_the_weaker(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    expect(find(&one, RUN_BEGINS_ANEW, 1), "10", VALUE_FROM_DEFAULT);
    add_past(&one, 1, 0, "berths", "20", VALUE_FROM_COMMAND);
    expect(find(&one, RUN_BEGINS_ANEW, 1), "20", VALUE_FROM_LEDGER);
    assert_null(find(&one, RUN_BEGINS_ANEW, 1)->before);
    add_site(&one, "", "berths", "30");
    expect(find(&one, RUN_BEGINS_ANEW, 1), "30", VALUE_FROM_SITE);
    add_site(&one, "other", "berths", "35");
    expect(find(&one, RUN_BEGINS_ANEW, 1), "30", VALUE_FROM_SITE);
    add_site(&one, "harbour", "berths", "40");
    expect(find(&one, RUN_BEGINS_ANEW, 1), "40", VALUE_FROM_SITE);
    *array_add(&one.set) = "berths=50";
    expect(find(&one, RUN_BEGINS_ANEW, 1), "50", VALUE_FROM_COMMAND);
    assert_string_equal(find(&one, RUN_BEGINS_ANEW, 1)->before, "20");
    assert_string_equal(one.tasks.items[0].values[1], "50");
    CLEANUP(text_done) Text warnings = {0};
    run_parameters_warn(&one.found, &warnings);
    assert_string_equal(
        text_string(&warnings),
        "the parameter 'berths' has another value in this run than in the last one: "
        "'applier plan' and 'applier history' show both\n");
}

static void a_value_may_hold_an_equals_sign(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 1, DIRECTION_UP);
    *array_add(&one.set) = "tenant=a=b";
    expect(find(&one, RUN_BEGINS_ANEW, 2), "a=b", VALUE_FROM_COMMAND);
    one.set.items[0] = "tenant=";
    expect(find(&one, RUN_BEGINS_ANEW, 2), "", VALUE_FROM_COMMAND);
}

static void a_resume_keeps_what_the_command_line_said(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    add_event(&one, 1, "apply", "begin");
    add_past(&one, 1, 0, "app_role", "said", VALUE_FROM_COMMAND);
    add_past(&one, 1, 0, "berths", "20", VALUE_FROM_SITE);
    add_site(&one, "", "app_role", "file");
    add_site(&one, "", "berths", "21");
    expect(find(&one, RUN_BEGINS_ANEW, 0), "file", VALUE_FROM_SITE);
    expect(find(&one, RUN_RESUMES, 0), "said", VALUE_FROM_COMMAND);
    /* what the file said may be corrected there */
    expect(find(&one, RUN_RESUMES, 1), "21", VALUE_FROM_SITE);
    add_event(&one, 2, "apply", "end");
    expect(find(&one, RUN_RESUMES, 0), "file", VALUE_FROM_SITE);
}

static void names_all_that_is_missing(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    add_task(&one, 1, DIRECTION_UP);
    (void)find(&one, RUN_BEGINS_ANEW, 0);
    assert_false(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
    assert_int_equal(one.err.class, ERROR_TARGET);
    assert_string_equal(one.err.message,
                        "values are missing that only this site knows: app_role (identifier): who "
                        "logs in; tenant (text)");
    assert_non_null(strstr(one.err.hint, "--set NAME=VALUE"));
}

static void what_no_migration_of_the_run_takes_is_not_asked_for(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    *array_add(&one.set) = "app_role=app";
    assert_false(find(&one, RUN_BEGINS_ANEW, 2)->needed);
    assert_true(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
}

static void refuses_requests_that_cannot_be(void **state UNUSED)
{
    static const struct {
        const char *words[2];
        ErrorClass class;
        const char *says;
    } rows[] = {
        {{"app_role"}, ERROR_USAGE, "--set takes NAME=VALUE, not 'app_role'"},
        {{"=x"}, ERROR_USAGE, "names '', which is no parameter of the bundle"},
        {{"role=x"}, ERROR_USAGE, "names 'role', which is no parameter of the bundle"},
        {{"berths=1", "berths=2"}, ERROR_USAGE, "--set gives 'berths' twice"},
        {{"berths=many"}, ERROR_USAGE, "the parameter 'berths' is not an integer of 64 bits"},
        {{"berths=1000"}, ERROR_USAGE, "does not match the pattern"},
        {{"app_role="}, ERROR_USAGE, "'app_role' is not an identifier of 1 to 63 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(done) Sample one = sample();
        const Manifest *manifest = &one.manifest;
        for (size_t j = 0; j < 2 && rows[i].words[j]; j++)
            *array_add(&one.set) = rows[i].words[j];
        const ParameterRequests asked = requests(&one);
        assert_false(parameter_requests_check(&asked, &manifest, 1, &one.err));
        assert_int_equal(one.err.class, rows[i].class);
        if (!strstr(one.err.message, rows[i].says))
            fail_msg("'%s' instead of '%s'", one.err.message, rows[i].says);
    }
}

static void a_wrong_value_in_the_file_is_a_matter_of_configuration(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    const Manifest *manifest = &one.manifest;
    add_site(&one, "", "berths", "many");
    add_site(&one, "", "of_another_bundle", "anything");
    const ParameterRequests asked = requests(&one);
    assert_false(parameter_requests_check(&asked, &manifest, 1, &one.err));
    assert_int_equal(one.err.class, ERROR_CONFIG);
    assert_non_null(strstr(one.err.message, "applier.conf: the value of the parameter 'berths'"));
    assert_null(strstr(one.err.message, "many"));
    error_done(&one.err);
    *array_add(&one.set) = "berths=7";
    assert_true(parameter_requests_check(&asked, &manifest, 1, &one.err));
}

static void a_value_of_the_ledger_that_does_not_fit_is_asked_for(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    *array_add(&one.set) = "app_role=app";
    add_past(&one, 1, 0, "berths", "1000", VALUE_FROM_COMMAND);
    (void)find(&one, RUN_BEGINS_ANEW, 0);
    assert_false(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
    assert_int_equal(one.err.class, ERROR_TARGET);
    assert_non_null(strstr(one.err.hint, "--set berths=VALUE"));
}

static void add_applied(Sample *sample, AppliedState state, int64_t groups_done)
{
    *array_add(&sample->history.migrations) =
        (AppliedMigration){.identity = memory_string("0001-a"),
                           .version = memory_string("1.0"),
                           .state = state,
                           .groups_done = groups_done,
                           .group_count = 2,
                           .journal_number = 5};
}

static void half_of_a_migration_does_not_get_another_value(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    add_task(&one, 0, DIRECTION_UP);
    add_past(&one, 1, 4, "app_role", "first", VALUE_FROM_COMMAND);
    add_applied(&one, APPLIED_UP_PARTLY, 1);
    *array_add(&one.set) = "app_role=second";
    (void)find(&one, RUN_RESUMES, 0);
    assert_false(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
    assert_int_equal(one.err.class, ERROR_TARGET);
    assert_non_null(strstr(one.err.message, "'0001-a' is applied in part with another value of the "
                                            "parameter 'app_role'"));
    error_done(&one.err);
    one.set.items[0] = "app_role=first";
    (void)find(&one, RUN_RESUMES, 0);
    assert_true(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
    /* nothing of it is committed: it may be corrected */
    one.history.migrations.items[0].groups_done = 0;
    one.set.items[0] = "app_role=second";
    (void)find(&one, RUN_RESUMES, 0);
    assert_true(run_parameters_check(&one.found, &one.history, &one.manifest, &one.err));
}

static void add_row(Sample *sample, int64_t number, Direction direction)
{
    *array_add(&sample->history.journal) = (JournalRow){.number = number,
                                                        .direction = direction,
                                                        .identity = memory_string("0001-a"),
                                                        .version = memory_string("1.0"),
                                                        .result = memory_string(""),
                                                        .words = memory_string("")};
}

static const char *rollback_value(Sample *sample, RollbackParameters *made)
{
    const ParameterRequests asked = requests(sample);
    rollback_parameters_done(made);
    if (!rollback_parameters_make(&asked, &sample->history, &sample->tasks, made, &sample->err))
        return NULL;
    return sample->tasks.items[0].values[0];
}

static void a_rollback_takes_what_the_migration_was_applied_with(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    CLEANUP(rollback_parameters_done) RollbackParameters made = {0};
    add_task(&one, 0, DIRECTION_DOWN);
    assert_null(rollback_value(&one, &made));
    assert_int_equal(one.err.class, ERROR_TARGET);
    error_done(&one.err);
    add_row(&one, 1, DIRECTION_UP);
    add_row(&one, 2, DIRECTION_DOWN);
    add_past(&one, 1, 0, "app_role", "then", VALUE_FROM_COMMAND);
    add_past(&one, 3, 1, "app_role", "later", VALUE_FROM_COMMAND);
    add_site(&one, "", "app_role", "file");
    assert_string_equal(rollback_value(&one, &made), "then");
    assert_int_equal(made.said.items.count, 0);
    *array_add(&one.set) = "app_role=said";
    assert_string_equal(rollback_value(&one, &made), "said");
    assert_int_equal(made.said.items.count, 1);
    one.set.items[0] = "nobody=x";
    assert_null(rollback_value(&one, &made));
    assert_int_equal(one.err.class, ERROR_USAGE);
}

static void a_rollback_in_part_keeps_its_value(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    CLEANUP(rollback_parameters_done) RollbackParameters made = {0};
    add_task(&one, 0, DIRECTION_DOWN);
    add_row(&one, 1, DIRECTION_UP);
    add_past(&one, 1, 0, "app_role", "then", VALUE_FROM_COMMAND);
    *array_add(&one.set) = "app_role=other";
    assert_string_equal(rollback_value(&one, &made), "other");
    one.tasks.items[0].first_group = 1;
    assert_null(rollback_value(&one, &made));
    assert_int_equal(one.err.class, ERROR_TARGET);
    error_done(&one.err);
    one.set.items[0] = "app_role=then";
    assert_string_equal(rollback_value(&one, &made), "then");
    add_event(&one, 3, "rollback", "begin");
    add_past(&one, 3, 1, "app_role", "said", VALUE_FROM_COMMAND);
    assert_null(rollback_value(&one, &made));
    error_done(&one.err);
    one.set.items[0] = "app_role=said";
    assert_string_equal(rollback_value(&one, &made), "said");
}

static void a_resumed_rollback_keeps_what_was_said(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    CLEANUP(rollback_parameters_done) RollbackParameters made = {0};
    add_task(&one, 0, DIRECTION_DOWN);
    add_row(&one, 1, DIRECTION_UP);
    add_past(&one, 1, 0, "app_role", "then", VALUE_FROM_COMMAND);
    add_event(&one, 3, "rollback", "begin");
    add_past(&one, 3, 1, "app_role", "said", VALUE_FROM_COMMAND);
    assert_string_equal(rollback_value(&one, &made), "said");
    assert_int_equal(made.said.items.count, 1);
}

static void knows_what_roles_are_called_here(void **state UNUSED)
{
    CLEANUP(done) Sample one = sample();
    CLEANUP(fingerprint_names_done) FingerprintNames names = {0};
    add_task(&one, 0, DIRECTION_UP);
    add_past(&one, 1, 0, "app_role", "old", VALUE_FROM_COMMAND);
    add_past(&one, 2, 0, "tenant", "text", VALUE_FROM_COMMAND);
    *array_add(&one.set) = "app_role=new";
    (void)find(&one, RUN_BEGINS_ANEW, 0);
    run_parameters_names(&one.history, &one.found, &names);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[0].value, "new");
    assert_string_equal(names.items[0].parameter, "app_role");
    assert_string_equal(names.items[1].value, "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stronger_goes_before_the_weaker),
        cmocka_unit_test(a_value_may_hold_an_equals_sign),
        cmocka_unit_test(a_resume_keeps_what_the_command_line_said),
        cmocka_unit_test(names_all_that_is_missing),
        cmocka_unit_test(what_no_migration_of_the_run_takes_is_not_asked_for),
        cmocka_unit_test(refuses_requests_that_cannot_be),
        cmocka_unit_test(a_wrong_value_in_the_file_is_a_matter_of_configuration),
        cmocka_unit_test(a_value_of_the_ledger_that_does_not_fit_is_asked_for),
        cmocka_unit_test(half_of_a_migration_does_not_get_another_value),
        cmocka_unit_test(a_rollback_takes_what_the_migration_was_applied_with),
        cmocka_unit_test(a_rollback_in_part_keeps_its_value),
        cmocka_unit_test(a_resumed_rollback_keeps_what_was_said),
        cmocka_unit_test(knows_what_roles_are_called_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
