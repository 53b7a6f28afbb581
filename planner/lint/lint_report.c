#include "planner/lint/lint_report.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/version.h"
#include "planner/lint/lint_rules.h"

#define SOURCE_BEFORE 60 /* characters of a long line shown before the place */
#define SOURCE_BEHIND 40 /* and behind it */

/* -- text -- */

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* The source line around the column, tabs as blanks, and the caret beneath. */
static void add_source(const LintFinding *finding, Text *out)
{
    int64_t first = finding->column > SOURCE_BEFORE ? finding->column - SOURCE_BEFORE : 1;
    int64_t last = finding->column + SOURCE_BEHIND, character = 0;
    if (!finding->source)
        return;
    text_add(out, first > 1 ? "    …" : "    ");
    const char *at = finding->source;
    for (; *at; at++) {
        character += begins_character(*at);
        if (character > last)
            break;
        if (character >= first)
            text_add_char(out, iscntrl((unsigned char)*at) ? ' ' : *at);
    }
    text_addf(out, "%s\n    %*s^\n", *at ? "…" : "", (int)(finding->column - first + (first > 1)),
              "");
}

/* Words of several lines, the first behind `label`. */
static void add_block(const char *label, const char *words, Text *out)
{
    const char *begin = label;
    while (*words) {
        size_t length = strcspn(words, "\n");
        CLEANUP(memory_freep) char *line = text_printable(words, length, length);
        text_addf(out, "    %s%s\n", begin, line);
        begin = "        ";
        words += length + (words[length] == '\n');
    }
}

static void add_finding(const LintFinding *finding, Text *out)
{
    CLEANUP(memory_freep)
    char *message =
        text_printable(finding->message, strlen(finding->message), strlen(finding->message));
    text_addf(out, "%s:%" PRId64 ":%" PRId64 ": %s: %s [%s]\n", finding->file, finding->line,
              finding->column,
              finding->reason ? "acknowledged" : lint_severity_name(finding->severity), message,
              finding->rule->id);
    if (finding->reason) {
        add_block("reason: ", finding->reason, out);
        return;
    }
    add_source(finding, out);
    add_block("why:    ", finding->rule->why, out);
    if (finding->safe)
        add_block("safe:   ", finding->safe, out);
}

void lint_report_text(const LintReport *report, Text *out)
{
    array_each (const LintFinding, finding, &report->findings)
        add_finding(finding, out);
    int64_t counts[LINT_SEVERITY_COUNT];
    for (int i = 0; i < LINT_SEVERITY_COUNT; i++)
        counts[i] = lint_report_count(report, (LintSeverity)i);
    text_addf(out, "looked at %" PRId64 " statement%s of %" PRId64 " migration%s",
              report->statement_count, text_plural(report->statement_count),
              report->migration_count, text_plural(report->migration_count));
    text_addf(out, ": %" PRId64 " error%s, %" PRId64 " warning%s, %" PRId64 " note%s",
              counts[LINT_ERROR], text_plural(counts[LINT_ERROR]), counts[LINT_WARNING],
              text_plural(counts[LINT_WARNING]), counts[LINT_NOTE], text_plural(counts[LINT_NOTE]));
    text_addf(out, ", %" PRId64 " acknowledged\n", lint_report_acknowledged(report));
}

/* -- JSON -- */

static void add_finding_json(const LintFinding *finding, JsonWriter *json)
{
    json_object(json, /* name= */ NULL);
    json_string(json, "rule", finding->rule->id);
    json_string(json, "severity", lint_severity_name(finding->severity));
    json_string(json, "migration", finding->identity);
    json_string(json, "file", finding->file);
    json_int(json, "line", finding->line);
    json_int(json, "column", finding->column);
    if (finding->statement < 0)
        json_null(json, "statement");
    else
        json_int(json, "statement", finding->statement);
    json_string(json, "message", finding->message);
    json_string(json, "why", finding->rule->why);
    json_string(json, "effect", finding->rule->effect);
    json_string(json, "safe", finding->safe);
    json_string(json, "versions", finding->rule->versions);
    json_string(json, "acknowledged", finding->reason);
    json_close(json);
}

void lint_report_json(const Project *project, const LintReport *report, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "product", project->config.product);
    json_int(&json, "migrations", report->migration_count);
    json_int(&json, "statements", report->statement_count);
    json_int(&json, "errors", lint_report_count(report, LINT_ERROR));
    json_int(&json, "warnings", lint_report_count(report, LINT_WARNING));
    json_int(&json, "notes", lint_report_count(report, LINT_NOTE));
    json_int(&json, "acknowledged", lint_report_acknowledged(report));
    json_array(&json, "findings");
    array_each (const LintFinding, finding, &report->findings)
        add_finding_json(finding, &json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
}

/* -- SARIF -- */

static void add_words(JsonWriter *json, const char *name, const char *words)
{
    json_object(json, name);
    json_string(json, "text", words);
    json_close(json);
}

static void add_rule_sarif(const LintRule *rule, JsonWriter *json)
{
    CLEANUP(memory_freep)
    char *help = memory_format("Measured: %s. Safe way: %s Versions: %s.", rule->effect, rule->safe,
                               rule->versions);
    json_object(json, /* name= */ NULL);
    json_string(json, "id", rule->id);
    add_words(json, "shortDescription", rule->why);
    add_words(json, "help", help);
    json_object(json, "defaultConfiguration");
    json_string(json, "level", lint_severity_name(rule->severity));
    json_close(json);
    json_close(json);
}

/* A path as a relative URI. */
static char *uri_of(const char *path)
{
    Text uri = {0};
    for (const char *at = path; *at; at++) {
        if (isalnum((unsigned char)*at) || strchr("-._~/", *at))
            text_add_char(&uri, *at);
        else
            text_addf(&uri, "%%%02X", (unsigned char)*at);
    }
    return text_take(&uri);
}

static void add_location(const LintFinding *finding, JsonWriter *json)
{
    CLEANUP(memory_freep) char *uri = uri_of(finding->file);
    json_array(json, "locations");
    json_object(json, /* name= */ NULL);
    json_object(json, "physicalLocation");
    json_object(json, "artifactLocation");
    json_string(json, "uri", uri);
    json_close(json);
    json_object(json, "region");
    json_int(json, "startLine", finding->line);
    json_int(json, "startColumn", finding->column);
    json_close(json);
    json_close(json);
    json_close(json);
    json_close(json);
}

static void add_result(const LintFinding *finding, JsonWriter *json)
{
    CLEANUP(text_done) Text message = {0};
    text_addf(&message, "%s%s%s", finding->message, finding->safe ? "\n\nsafe:\n" : "",
              finding->safe ? finding->safe : "");
    json_object(json, /* name= */ NULL);
    json_string(json, "ruleId", finding->rule->id);
    json_int(json, "ruleIndex", finding->rule - lint_rules);
    json_string(json, "level", lint_severity_name(finding->severity));
    add_words(json, "message", text_string(&message));
    add_location(finding, json);
    json_array(json, "suppressions");
    if (finding->reason) {
        json_object(json, /* name= */ NULL);
        json_string(json, "kind", "inSource");
        json_string(json, "justification", finding->reason);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

void lint_report_sarif(const LintReport *report, Text *out)
{
    JsonWriter json;
    json_begin(&json, out);
    json_object(&json, /* name= */ NULL);
    json_string(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_string(&json, "version", "2.1.0");
    json_array(&json, "runs");
    json_object(&json, /* name= */ NULL);
    json_object(&json, "tool");
    json_object(&json, "driver");
    json_string(&json, "name", "Sealift planner lint");
    json_string(&json, "version", SEALIFT_VERSION);
    json_array(&json, "rules");
    for (size_t i = 0; i < lint_rule_count; i++)
        add_rule_sarif(&lint_rules[i], &json);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    json_string(&json, "columnKind", "unicodeCodePoints");
    json_array(&json, "results");
    array_each (const LintFinding, finding, &report->findings)
        add_result(finding, &json);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    json_close(&json);
    json_end(&json);
}
