#include "applier/rehearsal/rehearsal_report.h"

#include "base/file.h"
#include "base/json_writer.h"
#include "base/version.h"
#include "bundles/difference_json.h"

/* A line under construction. */
typedef struct Line {
    const RehearsalReport *report;
    JsonWriter json;
    Text text;
} Line;

static JsonWriter *begin(Line *line, const RehearsalReport *report, const char *type)
{
    *line = (Line){.report = report};
    json_begin_line(&line->json, &line->text);
    json_object(&line->json, /* name= */ NULL);
    json_string(&line->json, "type", type);
    return &line->json;
}

static bool end(Line *line, Error *err)
{
    json_close(&line->json);
    json_end(&line->json);
    bool good = line->report->line(line->report->context, text_string(&line->text), err);
    text_done(&line->text);
    return good;
}

bool rehearsal_report_file(const RehearsalReport *report, const Fingerprint *fingerprint,
                           char ret_file[static REHEARSAL_FILE_SIZE], Error *err)
{
    CLEANUP(text_done) Text text = {0};
    char hex[DIGEST_HEX_SIZE];
    fingerprint_format(fingerprint, &text);
    Digest digest = digest_of(text_string(&text), text.length);
    snprintf(ret_file, REHEARSAL_FILE_SIZE, "%.32s.txt", digest_hex(&digest, hex));
    CLEANUP(memory_freep) char *path = file_path(report->folder, ret_file);
    return file_exists(path) ||
           file_write_atomic(path, 0644, text_string(&text), text.length, err) ||
           error_wrap(err, "writing a fingerprint");
}

bool rehearsal_report_begin(const RehearsalReport *report, const ReportBegin *given, Error *err)
{
    Line line;
    char hex[DIGEST_HEX_SIZE];
    JsonWriter *json = begin(&line, report, "begin");
    json_int(json, "report", REHEARSAL_REPORT_FORMAT);
    json_string(json, "applier", SEALIFT_VERSION);
    json_int(json, "server_major", given->server_major);
    json_string(json, "server_version", given->server_version);
    json_string(json, "head_digest", digest_hex(given->head_digest, hex));
    json_string(json, "from", "-");
    json_string(json, "to", given->to);
    json_int(json, "migrations", (int64_t)given->migrations);
    json_int(json, "cycles", (int64_t)given->cycles);
    return end(&line, err);
}

bool rehearsal_report_progress(const RehearsalReport *report, const char *pass, size_t done,
                               size_t total, const char *what, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "progress");
    json_string(json, "pass", pass);
    json_int(json, "done", (int64_t)done);
    json_int(json, "total", (int64_t)total);
    json_string(json, "what", what);
    return end(&line, err);
}

bool rehearsal_report_scope(const RehearsalReport *report, char *const *schemas, size_t count,
                            Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "scope");
    json_array(json, "schemas");
    for (size_t i = 0; i < count; i++)
        json_string(json, /* name= */ NULL, schemas[i]);
    json_close(json);
    return end(&line, err);
}

bool rehearsal_report_fingerprint(const RehearsalReport *report, const char *version,
                                  int64_t position, const char *arrival,
                                  const FingerprintRoots *roots, const char *file, Error *err)
{
    Line line;
    char hex[DIGEST_HEX_SIZE];
    JsonWriter *json = begin(&line, report, "fingerprint");
    json_string(json, "version", version);
    json_int(json, "position", position);
    json_string(json, "arrival", arrival);
    for (int class = 0; class < FINGERPRINT_CLASS_COUNT; class ++)
        json_string(json, fingerprint_class_name((FingerprintClass) class),
                    digest_hex(&roots->classes[class], hex));
    json_string(json, "file", file);
    return end(&line, err);
}

/* --- measurements ---------------------------------------------------------------------------- */

static void add_relations(JsonWriter *json, const MeasuredRelationArray *relations)
{
    json_array(json, "relations");
    array_each (MeasuredRelation, relation, relations) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", relation->relation);
        json_string(json, "lock", lock_mode_name(relation->lock));
        json_bool(json, "rewritten", relation->rewritten);
        json_bool(json, "scanned", relation->scanned);
        json_int(json, "rows_read", relation->rows_read);
        json_close(json);
    }
    json_close(json);
}

static void add_sampled(JsonWriter *json, const MeasuredRelationArray *relations)
{
    json_array(json, "sampled");
    array_each (MeasuredRelation, relation, relations) {
        json_object(json, /* name= */ NULL);
        json_string(json, "relation", relation->relation);
        json_string(json, "lock", lock_mode_name(relation->lock));
        json_close(json);
    }
    json_close(json);
}

bool rehearsal_report_measured(const RehearsalReport *report, const ManifestMigration *migration,
                               const char *version, const Measurement *measurement, Error *err)
{
    Line line;
    const ManifestScript *script = &migration->scripts[measurement->script];
    JsonWriter *json = begin(&line, report, "measured");
    json_string(json, "identity", migration->identity);
    json_string(json, "version", version);
    json_string(json, "script", script_kind_name(measurement->script));
    json_int(json, "statement", (int64_t)measurement->step + 1);
    json_int(json, "line", script->steps.items[measurement->step].line);
    json_int(json, "duration_us", measurement->duration_us);
    json_int(json, "wal_bytes", measurement->wal_bytes);
    add_relations(json, &measurement->relations);
    json_array(json, "invalid_indexes");
    array_each (char *, name, &measurement->invalid_indexes)
        json_string(json, /* name= */ NULL, *name);
    json_close(json);
    json_bool(json, "declared", measurement->declared);
    if (measurement->declared)
        add_sampled(json, &measurement->sampled);
    return end(&line, err);
}

/* --- verdicts -------------------------------------------------------------------------------- */

static void add_failure(JsonWriter *json, const StepFailure *failure)
{
    json_string(json, "sqlstate", failure ? failure->sqlstate : "");
    json_int(json, "statement", failure ? failure->statement : 0);
    json_int(json, "line", failure ? failure->line : 0);
    json_string(json, "source", failure && failure->source ? failure->source : "");
}

static void add_row(JsonWriter *json, const FingerprintRow *row)
{
    json_string(json, "class", fingerprint_class_name(row->class));
    json_string(json, "kind", row->kind);
    json_string(json, "identity", row->identity);
}

static void add_changes(JsonWriter *json, const RehearsalVerdict *verdict)
{
    json_array(json, "differs");
    array_each (FingerprintChange, change, &verdict->differs) {
        const FingerprintRow *row = fingerprint_change_row(change);
        difference_json(json, fingerprint_change_name(change->kind),
                        fingerprint_class_name(row->class), row->kind, row->identity);
    }
    json_close(json);
    json_array(json, "lost");
    array_each (RowLoss, loss, &verdict->lost)
        lost_rows_json(json, loss->table, loss->column, loss->rows_before, loss->rows_after);
    json_close(json);
}

bool rehearsal_report_verdict(const RehearsalReport *report, const ManifestMigration *migration,
                              const char *version, const RehearsalVerdict *verdict,
                              const char *before, const char *after, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, migration ? "migration" : "version");
    if (migration)
        json_string(json, "identity", migration->identity);
    json_string(json, "version", version);
    json_string(json, "verdict", verdict_name(verdict->verdict));
    json_string(json, "detail", verdict->detail);
    json_string(json, "script", verdict->script);
    add_failure(json, verdict->failure);
    add_changes(json, verdict);
    json_string(json, "before", before);
    json_string(json, "after", after);
    return end(&line, err);
}

/* --- findings -------------------------------------------------------------------------------- */

bool rehearsal_report_rows(const RehearsalReport *report, const StepFailure *failure, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "rows");
    CLEANUP(memory_freep)
    char *detail = memory_format("fails on generated rows: %s", failure->words);
    json_string(json, "identity", failure->identity);
    json_string(json, "version", failure->version);
    json_string(json, "detail", detail);
    add_failure(json, failure);
    return end(&line, err);
}

bool rehearsal_report_atomic(const RehearsalReport *report, AtomicMode mode, bool passed,
                             const char *detail, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "atomic");
    json_string(json, "mode", atomic_mode_name(mode));
    json_bool(json, "passed", passed);
    json_string(json, "detail", detail);
    return end(&line, err);
}

bool rehearsal_report_nondeterministic(const RehearsalReport *report, const char *version,
                                       const char *identity, const FingerprintChangeArray *changes,
                                       Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "nondeterministic");
    json_string(json, "version", version);
    json_string(json, "identity", identity);
    json_array(json, "objects");
    array_each (FingerprintChange, change, changes) {
        json_object(json, /* name= */ NULL);
        add_row(json, fingerprint_change_row(change));
        json_close(json);
    }
    json_close(json);
    return end(&line, err);
}

bool rehearsal_report_failure(const RehearsalReport *report, const StepFailure *failure,
                              const char *proposal, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "failure");
    json_string(json, "identity", failure->identity);
    json_string(json, "version", failure->version);
    json_string(json, "script", failure->script);
    add_failure(json, failure);
    json_string(json, "words", failure->words);
    json_string(json, "proposal", proposal);
    return end(&line, err);
}

bool rehearsal_report_end(const RehearsalReport *report, bool passed, Error *err)
{
    Line line;
    JsonWriter *json = begin(&line, report, "end");
    json_bool(json, "passed", passed);
    return end(&line, err);
}
