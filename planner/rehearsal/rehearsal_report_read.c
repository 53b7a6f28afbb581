#include "planner/rehearsal/rehearsal_report_read.h"

#include <inttypes.h>

#include "planner/rehearsal/report_members.h"

struct ReportReader {
    Rehearsal *rehearsal;
    ReportMembers members;
    Text pending; /* of a line that is not complete */
};

static bool take_name(const ReportObject *element, void *target, Error *err UNUSED)
{
    ManifestNameArray *names = target;
    *array_add(names) = memory_string(element->bytes);
    return true;
}

static bool take_relation(const ReportObject *element, void *target, Error *err)
{
    static const ReportField fields[] = {
        {"relation", FIELD_TEXT, offsetof(RehearsalRelation, relation)},
        {"lock", FIELD_DEFAULT_TEXT, offsetof(RehearsalRelation, lock)},
        {"rewritten", FIELD_BOOL, offsetof(RehearsalRelation, rewritten)},
        {"scanned", FIELD_BOOL, offsetof(RehearsalRelation, scanned)},
        {"rows_read", FIELD_DIFFERENCE, offsetof(RehearsalRelation, rows_read)},
    };
    RehearsalRelationArray *relations = target;
    return REPORT_FIELDS(element, fields, array_add(relations), err);
}

static bool take_difference(const ReportObject *element, void *target, Error *err)
{
    static const ReportField fields[] = {
        {"change", FIELD_TEXT, offsetof(RehearsalDifference, change)},
        {"class", FIELD_TEXT, offsetof(RehearsalDifference, class)},
        {"kind", FIELD_TEXT, offsetof(RehearsalDifference, kind)},
        {"identity", FIELD_TEXT, offsetof(RehearsalDifference, identity)},
    };
    RehearsalDifferenceArray *differences = target;
    return REPORT_FIELDS(element, fields, array_add(differences), err);
}

static bool take_loss(const ReportObject *element, void *target, Error *err)
{
    static const ReportField fields[] = {
        {"table", FIELD_TEXT, offsetof(RehearsalLoss, table)},
        {"column", FIELD_MAYBE_TEXT, offsetof(RehearsalLoss, column)},
        {"rows_before", FIELD_NUMBER, offsetof(RehearsalLoss, rows_before)},
        {"rows_after", FIELD_NUMBER, offsetof(RehearsalLoss, rows_after)},
    };
    RehearsalLossArray *losses = target;
    return REPORT_FIELDS(element, fields, array_add(losses), err);
}

/* --- lines, one function for each type ---------------------------------------------------------
 */

static bool read_begin(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"applier", FIELD_TEXT, offsetof(Rehearsal, applier)},
        {"server_major", FIELD_NUMBER, offsetof(Rehearsal, major)},
        {"server_version", FIELD_TEXT, offsetof(Rehearsal, server_version)},
        {"head_digest", FIELD_TEXT, offsetof(Rehearsal, head_digest)},
        {"migrations", FIELD_NUMBER, offsetof(Rehearsal, migrations)},
        {"cycles", FIELD_NUMBER, offsetof(Rehearsal, cycles)},
    };
    ReportValue number;
    if (!report_member(line, "report", &number, err))
        return false;
    if (!report_value_is(&number, "integer") || number.number != REHEARSAL_REPORT_NUMBER) {
        error_set(err, ERROR_CONFIG, "this applier's report is not number %d, which planner reads",
                  REHEARSAL_REPORT_NUMBER);
        return error_hint(err, "--applier names the one that was built with this planner");
    }
    rehearsal->begun = true;
    return REPORT_FIELDS(line, fields, rehearsal, err);
}

static bool read_progress(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"pass", FIELD_TEXT, offsetof(RehearsalProgress, pass)},
        {"done", FIELD_NUMBER, offsetof(RehearsalProgress, done)},
        {"total", FIELD_NUMBER, offsetof(RehearsalProgress, total)},
        {"what", FIELD_DEFAULT_TEXT, offsetof(RehearsalProgress, what)},
    };
    return REPORT_FIELDS(line, fields, &rehearsal->progress, err);
}

static bool read_scope(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    return report_elements(line, "schemas", "text", take_name, &rehearsal->scope, err);
}

static bool read_fingerprint(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"version", FIELD_TEXT, offsetof(RehearsalFingerprint, version)},
        {"core", FIELD_DIGEST, offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_CORE])},
        {"deparse", FIELD_DIGEST,
         offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_DEPARSE])},
        {"env", FIELD_DIGEST, offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_ENV])},
        {"file", FIELD_FILE, offsetof(RehearsalFingerprint, file)},
    };
    RehearsalFingerprint *fingerprint = array_add(&rehearsal->fingerprints);
    size_t arrival = 0;
    if (!REPORT_FIELDS(line, fields, fingerprint, err) ||
        !report_word(line, "arrival", rehearsal_arrival_names, REHEARSAL_ARRIVAL_COUNT, &arrival,
                     err))
        return false;
    fingerprint->arrival = (RehearsalArrival)arrival;
    return *fingerprint->file || report_refuse(line, err, "no file's name in", "file");
}

static bool read_measured(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"identity", FIELD_TEXT, offsetof(RehearsalMeasured, identity)},
        {"statement", FIELD_NUMBER, offsetof(RehearsalMeasured, statement)},
        {"line", FIELD_NUMBER, offsetof(RehearsalMeasured, line)},
        {"duration_us", FIELD_NUMBER, offsetof(RehearsalMeasured, duration_us)},
        {"wal_bytes", FIELD_NUMBER, offsetof(RehearsalMeasured, wal_bytes)},
        {"declared", FIELD_BOOL, offsetof(RehearsalMeasured, declared)},
    };
    static const char *const scripts[] = {"up", "down"};
    RehearsalMeasured *measured = array_add(&rehearsal->measured);
    size_t script = 0;
    if (!REPORT_FIELDS(line, fields, measured, err) ||
        !report_word(line, "script", scripts, ARRAY_LEN(scripts), &script, err) ||
        !report_elements(line, "relations", "object", take_relation, &measured->relations, err) ||
        !report_elements(line, "invalid_indexes", "text", take_name, &measured->invalid_indexes,
                         err))
        return false;
    measured->script = script == 0 ? SCRIPT_UP : SCRIPT_DOWN;
    return measured->statement > 0 || report_refuse(line, err, "no number in", "statement");
}

static bool read_verdict(const ReportObject *line, Rehearsal *rehearsal, bool of_version,
                         Error *err)
{
    static const ReportField fields[] = {
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, detail)},
        {"script", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, script)},
        {"sqlstate", FIELD_SQLSTATE, offsetof(RehearsalVerdict, sqlstate)},
        {"statement", FIELD_NUMBER, offsetof(RehearsalVerdict, statement)},
        {"line", FIELD_NUMBER, offsetof(RehearsalVerdict, line)},
        {"source", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, source)},
        {"before", FIELD_FILE, offsetof(RehearsalVerdict, before)},
        {"after", FIELD_FILE, offsetof(RehearsalVerdict, after)},
    };
    const ReportField name = {of_version ? "version" : "identity", FIELD_TEXT,
                              offsetof(RehearsalVerdict, name)};
    RehearsalVerdict *verdict = array_add(&rehearsal->verdicts);
    verdict->of_version = of_version;
    size_t found = 0;
    if (!report_fields(line, &name, 1, verdict, err) ||
        !REPORT_FIELDS(line, fields, verdict, err) ||
        !report_word(line, "verdict", verdict_words.words, (size_t)verdict_words.count, &found,
                     err) ||
        !report_elements(line, "differs", "object", take_difference, &verdict->differences, err) ||
        !report_elements(line, "lost", "object", take_loss, &verdict->losses, err))
        return false;
    verdict->verdict = (Verdict)found;
    return true;
}

static bool read_migration(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    return read_verdict(line, rehearsal, /* of_version= */ false, err);
}

static bool read_version(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    return read_verdict(line, rehearsal, /* of_version= */ true, err);
}

static bool read_rows(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"identity", FIELD_TEXT, offsetof(RehearsalRows, identity)},
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalRows, detail)},
        {"sqlstate", FIELD_SQLSTATE, offsetof(RehearsalRows, sqlstate)},
        {"line", FIELD_NUMBER, offsetof(RehearsalRows, line)},
    };
    return REPORT_FIELDS(line, fields, array_add(&rehearsal->rows), err);
}

static bool read_atomic(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"passed", FIELD_BOOL, offsetof(RehearsalAtomic, passed)},
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalAtomic, detail)},
    };
    static const char *const modes[] = {"version", "run"};
    RehearsalAtomic *atomic = array_add(&rehearsal->atomic);
    size_t mode = 0;
    if (!REPORT_FIELDS(line, fields, atomic, err) ||
        !report_word(line, "mode", modes, ARRAY_LEN(modes), &mode, err))
        return false;
    atomic->whole_run = mode == 1;
    return true;
}

/* One record for each object; with none there is still one, that names the migration. */
typedef struct UnsteadyLine {
    Rehearsal *rehearsal;
    const RehearsalUnsteady *common;
    bool any;
} UnsteadyLine;

static bool take_unsteady(const ReportObject *element, void *target, Error *err)
{
    static const ReportField fields[] = {
        {"kind", FIELD_TEXT, offsetof(RehearsalUnsteady, kind)},
        {"identity", FIELD_TEXT, offsetof(RehearsalUnsteady, object)},
    };
    UnsteadyLine *line = target;
    RehearsalUnsteady *unsteady = array_add(&line->rehearsal->unsteady);
    unsteady->version = memory_string(line->common->version);
    unsteady->identity = memory_string(line->common->identity);
    line->any = true;
    return REPORT_FIELDS(element, fields, unsteady, err);
}

static bool read_unsteady(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"version", FIELD_DEFAULT_TEXT, offsetof(RehearsalUnsteady, version)},
        {"identity", FIELD_DEFAULT_TEXT, offsetof(RehearsalUnsteady, identity)},
    };
    RehearsalUnsteady common = {0};
    UnsteadyLine objects = {rehearsal, &common, false};
    bool good = REPORT_FIELDS(line, fields, &common, err) &&
                report_elements(line, "objects", "object", take_unsteady, &objects, err);
    if (good && !objects.any) {
        common.kind = memory_string("");
        common.object = memory_string("");
        *array_add(&rehearsal->unsteady) = common;
        return true;
    }
    free(common.version);
    free(common.identity);
    return good;
}

static bool read_failure(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {
        {"identity", FIELD_TEXT, offsetof(RehearsalFailure, identity)},
        {"version", FIELD_DEFAULT_TEXT, offsetof(RehearsalFailure, version)},
        {"script", FIELD_DEFAULT_TEXT, offsetof(RehearsalFailure, script)},
        {"statement", FIELD_NUMBER, offsetof(RehearsalFailure, statement)},
        {"line", FIELD_NUMBER, offsetof(RehearsalFailure, line)},
        {"source", FIELD_DEFAULT_TEXT, offsetof(RehearsalFailure, source)},
        {"sqlstate", FIELD_SQLSTATE, offsetof(RehearsalFailure, sqlstate)},
        {"words", FIELD_DEFAULT_TEXT, offsetof(RehearsalFailure, words)},
        {"proposal", FIELD_MAYBE_TEXT, offsetof(RehearsalFailure, proposal)},
    };
    return REPORT_FIELDS(line, fields, array_add(&rehearsal->failures), err);
}

static bool read_end(const ReportObject *line, Rehearsal *rehearsal, Error *err)
{
    static const ReportField fields[] = {{"passed", FIELD_BOOL, offsetof(Rehearsal, passed)}};
    rehearsal->ended = true;
    return REPORT_FIELDS(line, fields, rehearsal, err);
}

static const struct {
    const char *type;
    bool (*read)(const ReportObject *line, Rehearsal *rehearsal, Error *err);
} line_types[] = {
    {"begin", read_begin},       {"progress", read_progress},
    {"scope", read_scope},       {"fingerprint", read_fingerprint},
    {"measured", read_measured}, {"migration", read_migration},
    {"version", read_version},   {"rows", read_rows},
    {"atomic", read_atomic},     {"nondeterministic", read_unsteady},
    {"failure", read_failure},   {"end", read_end},
};

/* --- the stream --------------------------------------------------------------------------------
 */

static bool read_line(ReportReader *reader, const char *bytes, size_t size, Error *err)
{
    Rehearsal *rehearsal = reader->rehearsal;
    const ReportObject line = {&reader->members, bytes, size};
    ReportValue type;
    reader->members.line++;
    if (!report_check_object(&line, err) || !report_member(&line, "type", &type, err))
        return false;
    size_t found = 0;
    while (found < ARRAY_LEN(line_types) &&
           (!report_value_is(&type, "text") || strcmp(type.text, line_types[found].type) != 0))
        found++;
    if (found == ARRAY_LEN(line_types))
        return report_refuse(&line, err, "an unknown word in", "type");
    bool is_begin = line_types[found].read == read_begin;
    if (rehearsal->ended || rehearsal->begun == is_begin)
        return report_refuse(&line, err, "out of order:", line_types[found].type);
    return line_types[found].read(&line, rehearsal, err);
}

bool report_reader_new(Rehearsal *rehearsal, ReportReader **ret_reader, Error *err)
{
    CLEANUP(report_reader_freep) ReportReader *reader = memory_new(ReportReader);
    reader->rehearsal = rehearsal;
    if (!report_members_open(&reader->members, err))
        return false;
    *ret_reader = TAKE_PTR(reader);
    return true;
}

void report_reader_free(ReportReader *reader)
{
    if (!reader)
        return;
    report_members_done(&reader->members);
    text_done(&reader->pending);
    free(reader);
}

bool report_reader_add(ReportReader *reader, const char *bytes, size_t size, Error *err)
{
    while (size) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size;
        text_add_n(&reader->pending, bytes, length);
        if (reader->pending.length > REHEARSAL_LINE_MAX)
            return error_set(err, ERROR_INTERNAL,
                             "line %" PRId64 " of applier's report is too long",
                             reader->members.line + 1);
        if (!end)
            return true;
        bool good = read_line(reader, text_string(&reader->pending), reader->pending.length, err);
        text_clear(&reader->pending);
        if (!good)
            return false;
        bytes += length + 1;
        size -= length + 1;
    }
    return true;
}

bool report_reader_end(ReportReader *reader, Error *err)
{
    if (reader->pending.length || !reader->rehearsal->ended)
        return error_set(err, ERROR_INTERNAL,
                         "applier's report ends at line %" PRId64 ", before its end",
                         reader->members.line);
    return true;
}
