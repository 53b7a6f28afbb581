/* applier preflight: everything that would stop or slow an upgrade, days before it; reads only. */
#include "applier/applier_commands.h"
#include "applier/commands/run_options.h"
#include "applier/preflight/preflight.h"
#include "applier/runs/run_session.h"
#include "applier/runs/site_bundle.h"
#include "base/clock.h"
#include "base/json_writer.h"

#define PREFLIGHT_LOCK_MS 1000 /* what is locked for longer is a finding */

typedef struct PreflightCommandOptions {
    TargetOptions target;
    const char *to;
    const char *atomic;
    bool strict;
    StringArray set;
} PreflightCommandOptions;

static const Option options[] = {
    TARGET_OPTION_ROWS(PreflightCommandOptions),
    OPTION_STRING_ROW("to", PreflightCommandOptions, to, "VERSION",
                      "stop at this version (default: the bundle's last)"),
    OPTION_CHOICE_ROW("atomic", PreflightCommandOptions, atomic, "migration|version|run",
                      "how much one transaction holds (default: migration)"),
    PARAMETER_OPTION_ROW(PreflightCommandOptions, set),
    OPTION_FLAG_ROW("strict", PreflightCommandOptions, strict, "exit with 7 for warnings too"),
};

static void defaults(void *given)
{
    PreflightCommandOptions *preflight = given;
    preflight->atomic = "migration";
}

static AtomicMode atomic_of(const char *word)
{
    if (strcmp(word, "run") == 0)
        return ATOMIC_RUN;
    return strcmp(word, "version") == 0 ? ATOMIC_VERSION : ATOMIC_MIGRATION;
}

/* --- words ----------------------------------------------------------------------------------- */

static void add_sql(const char *sql, Text *out)
{
    for (const char *line = sql; *line;) {
        const char *end = strchrnul(line, '\n');
        text_addf(out, "          %.*s\n", (int)(end - line), line);
        line = *end ? end + 1 : end;
    }
}

static void add_finding(const Finding *finding, Text *out)
{
    text_addf(out, "%-8s  %s%s%s  [%s]\n", finding_level_name(finding->level), finding->object,
              *finding->object ? ": " : "", finding->what, finding->check);
    if (*finding->advice)
        text_addf(out, "          -> %s\n", finding->advice);
    add_sql(finding->sql, out);
}

static void add_counts(const Findings *findings, Text *out)
{
    text_addf(out, "%zu block, %zu warn, %zu inform", findings_count(findings, LEVEL_BLOCKS),
              findings_count(findings, LEVEL_WARNS), findings_count(findings, LEVEL_INFORMS));
}

static void render_text(const PreflightReport *report, const Head *head, Text *out)
{
    text_addf(out, "%s %s -> %s: %zu to apply; nothing was changed\n%s\n\n", head->product,
              strcmp(report->from, "-") == 0 ? "(nothing)" : report->from, report->to,
              report->migrations, report->database);
    for (int level = 0; level < FINDING_LEVEL_COUNT; level++)
        array_each (const Finding, finding, &report->findings.items)
            if ((int)finding->level == level)
                add_finding(finding, out);
    text_add_char(out, '\n');
    add_counts(&report->findings, out);
    text_add_char(out, '\n');
}

static void render_json(const PreflightReport *report, const Head *head, const Error *failure,
                        Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", head->product);
    json_string(&json, "database", report->database);
    json_string(&json, "from", report->from);
    json_string(&json, "to", report->to);
    json_int(&json, "migrations", (int64_t)report->migrations);
    json_int(&json, "blocks", (int64_t)findings_count(&report->findings, LEVEL_BLOCKS));
    json_int(&json, "warns", (int64_t)findings_count(&report->findings, LEVEL_WARNS));
    json_int(&json, "informs", (int64_t)findings_count(&report->findings, LEVEL_INFORMS));
    if (report->estimated) {
        json_int(&json, "expected_ms", report->estimate.costs.total_ms);
        json_int(&json, "window_ms", report->estimate.costs.window_ms);
        json_int(&json, "new_bytes", report->estimate.costs.new_bytes);
    }
    json_array(&json, "findings");
    for (int level = 0; level < FINDING_LEVEL_COUNT; level++) {
        array_each (const Finding, finding, &report->findings.items) {
            if ((int)finding->level != level)
                continue;
            json_object(&json, /* name= */ NULL);
            json_string(&json, "check", finding->check);
            json_string(&json, "level", finding_level_name(finding->level));
            json_string(&json, "object", finding->object);
            json_string(&json, "what", finding->what);
            json_string(&json, "advice", finding->advice);
            json_string(&json, "sql", finding->sql);
            json_close(&json);
        }
    }
    json_close(&json);
    if (failure)
        command_error_json(failure, &json);
    json_close(&json);
    json_end(&json);
}

/* --- the command ----------------------------------------------------------------------------- */

static bool look(const PreflightCommandOptions *given, const SiteBundle *bundle,
                 const ApplyInput *input, PreflightReport *report, Error *err)
{
    RunOptions run = run_options_default();
    run.conninfo = given->target.db;
    run.parameters = (ParameterRequests){.set = &given->set, .site = &bundle->config.parameters};
    run.lock_timeout_ms = PREFLIGHT_LOCK_MS;
    run.words = given->target.show_sql ? WORDS_WHOLE : WORDS_REDACTED;
    run.ledger_owner = bundle->config.ledger_owner;
    run.refuse_superuser = bundle->config.superuser == SUPERUSER_REFUSE;
    if (bundle->config.look_under_lock_ms >= 0)
        run.schema.look_under_lock_ms = bundle->config.look_under_lock_ms;
    run.atomic = atomic_of(given->atomic);
    const PreflightOptions preflight = {.run = &run,
                                        .input = input,
                                        .to_version = given->to,
                                        .config = &bundle->config,
                                        .now = clock_now()};
    return parameter_requests_check(&run.parameters, &input->manifest, 1, err) &&
           preflight_run(&preflight, report, err);
}

static bool verdict(const PreflightReport *report, bool strict, Error *err)
{
    size_t blocks = findings_count(&report->findings, LEVEL_BLOCKS);
    size_t warns = findings_count(&report->findings, LEVEL_WARNS);
    if (!blocks && (!strict || !warns))
        return true;
    if (blocks)
        error_set(err, ERROR_TARGET, "%zu finding%s block%s the upgrade", blocks,
                  text_plural((int64_t)blocks), blocks == 1 ? "s" : "");
    else
        error_set(err, ERROR_TARGET, "%zu finding%s warn%s, and --strict was given", warns,
                  text_plural((int64_t)warns), warns == 1 ? "s" : "");
    return error_hint(err, "each says what to do; then run the preflight again");
}

static bool run(CommandContext *context, Error *err)
{
    const PreflightCommandOptions *given = context->options;
    CLEANUP(site_bundle_done) SiteBundle bundle = {0};
    CLEANUP(preflight_report_done) PreflightReport report = {0};
    ApplyInput input;
    if (!site_bundle_open(context->arguments.items[0], &bundle, err) ||
        !site_bundle_input(&bundle, &input, err) || !look(given, &bundle, &input, &report, err))
        return false;
    bool good = verdict(&report, given->strict, err);
    if (context->json)
        render_json(&report, input.head, good ? NULL : err, context->out);
    else
        render_text(&report, input.head, context->out);
    return good;
}

const Command command_preflight = {
    .name = "preflight",
    .synopsis = "BUNDLE [--db CONNINFO] [--to VERSION] [--atomic migration|version|run] [--strict]",
    .summary = "find all that would stop or slow an upgrade, days before it; change nothing",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(PreflightCommandOptions),
    .defaults = defaults,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
