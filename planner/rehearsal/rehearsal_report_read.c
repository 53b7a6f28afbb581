#include "planner/rehearsal/rehearsal_report_read.h"

#include <inttypes.h>

#include "base/sqlite_db.h"
#include "planner/sql/rehearsal_report_queries.h"

#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

struct ReportReader {
    Rehearsal *rehearsal;
    sqlite3 *db;
    sqlite3_stmt *is_object;
    sqlite3_stmt *member;
    sqlite3_stmt *elements;
    Text pending; /* of a line that is not complete */
    int64_t line; /* number of the last one read */
};

/* A JSON object being read. */
typedef struct Object {
    ReportReader *reader;
    const char *bytes;
    size_t size;
} Object;

static bool refuse(const ReportReader *reader, Error *err, const char *what, const char *name)
{
    return error_set(err, ERROR_INTERNAL, "line %" PRId64 " of applier's report: %s '%s'",
                     reader->line, what, name);
}

/* --- members -----------------------------------------------------------------------------------
 */

typedef enum {
    FIELD_TEXT,         /* char *, owned */
    FIELD_MAYBE_TEXT,   /* char *, owned; NULL where null or missing */
    FIELD_DEFAULT_TEXT, /* char *, owned; "" where null or missing */
    FIELD_NUMBER,       /* int64_t, from 0; 0 where null or missing */
    FIELD_DIFFERENCE,   /* likewise, of two readings of a counter: below 0 is 0 */
    FIELD_BOOL,         /* bool; false where missing */
    FIELD_SQLSTATE,     /* char[REHEARSAL_SQLSTATE]; "" where null or missing */
    FIELD_FILE,         /* char[REHEARSAL_FILE]; "" where null or missing */
    FIELD_DIGEST,       /* Digest */
} FieldKind;

typedef struct Field {
    const char *name;
    FieldKind kind;
    size_t offset; /* in the target */
} Field;

/* A member as SQLite has it; valid until the statement is used again. */
typedef struct Value {
    const char *type; /* "text", "integer", "true", "false", "null" …; NULL: not there */
    const char *text; /* where "text" */
    int64_t number;   /* where "integer" */
} Value;

static bool is_type(const Value *value, const char *type)
{
    return value->type && strcmp(value->type, type) == 0;
}

static void begin(sqlite3_stmt *statement, const Object *object, const char *path)
{
    sqlite3_reset(statement);
    sqlite3_bind_text64(statement, sqlite3_bind_parameter_index(statement, ":line"), object->bytes,
                        object->size, SQLITE_STATIC, SQLITE_UTF8);
    if (path)
        sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":path"), path, -1,
                          SQLITE_TRANSIENT);
}

static Value value_of(sqlite3_stmt *row)
{
    Value value = {
        .type = (const char *)sqlite3_column_text(row, 0),
        .number = sqlite3_column_int64(row, 1),
    };
    if (is_type(&value, "text"))
        value.text = (const char *)sqlite3_column_text(row, 1);
    return value;
}

static bool read_member(const Object *object, const char *name, Value *ret_value, Error *err)
{
    char path[64];
    bool row;
    snprintf(path, sizeof(path), "$.%s", name);
    sqlite3_stmt *member = object->reader->member;
    begin(member, object, path);
    if (!sqlite_db_step(member, &row, err))
        return false;
    *ret_value = value_of(member);
    return true;
}

static bool set_text(const Object *object, const Field *field, const Value *value, char **target,
                     Error *err)
{
    bool absent = !value->type || is_type(value, "null");
    if (!is_type(value, "text") && (field->kind == FIELD_TEXT || !absent))
        return refuse(object->reader, err, "no text in", field->name);
    free(*target);
    *target = memory_string(value->text ? value->text : "");
    if (absent && field->kind == FIELD_MAYBE_TEXT)
        free(TAKE_PTR(*target));
    return true;
}

static bool set_number(const Object *object, const Field *field, const Value *value,
                       int64_t *target, Error *err)
{
    int64_t least = field->kind == FIELD_DIFFERENCE ? -NUMBER_MAX : 0;
    if (value->type && !is_type(value, "null") &&
        (!is_type(value, "integer") || value->number < least || value->number > NUMBER_MAX))
        return refuse(object->reader, err, "no number in", field->name);
    *target = value->type && value->number > 0 ? value->number : 0;
    return true;
}

static bool set_bool(const Object *object, const Field *field, const Value *value, bool *target,
                     Error *err)
{
    if (value->type && !is_type(value, "true") && !is_type(value, "false"))
        return refuse(object->reader, err, "neither true nor false in", field->name);
    *target = is_type(value, "true");
    return true;
}

/* A short text into an array: "" or what its grammar has. */
static bool set_short(const Object *object, const Field *field, const Value *value, char *target,
                      Error *err)
{
    const char *text = is_type(value, "text") ? value->text : "";
    bool other = value->type && !is_type(value, "text") && !is_type(value, "null");
    bool good = field->kind == FIELD_FILE ? rehearsal_file_is_valid(text)
                                          : strlen(text) == REHEARSAL_SQLSTATE - 1;
    if (other || (*text && !good))
        return refuse(object->reader, err,
                      field->kind == FIELD_FILE ? "no file's name in" : "no SQLSTATE in",
                      field->name);
    memcpy(target, text, strlen(text) + 1);
    return true;
}

static bool set_field(const Object *object, const Field *field, const Value *value, void *target,
                      Error *err)
{
    char *at = (char *)target + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_MAYBE_TEXT:
    case FIELD_DEFAULT_TEXT:
        return set_text(object, field, value, (char **)(void *)at, err);
    case FIELD_NUMBER:
    case FIELD_DIFFERENCE:
        return set_number(object, field, value, (int64_t *)(void *)at, err);
    case FIELD_BOOL:
        return set_bool(object, field, value, (bool *)at, err);
    case FIELD_SQLSTATE:
    case FIELD_FILE:
        return set_short(object, field, value, at, err);
    case FIELD_DIGEST:
        return (is_type(value, "text") &&
                digest_parse_hex(value->text, strlen(value->text), (Digest *)(void *)at)) ||
               refuse(object->reader, err, "no digest in", field->name);
    }
    return error_set(err, ERROR_INTERNAL, "a field of an unknown kind");
}

static bool read_fields(const Object *object, const Field *fields, size_t count, void *target,
                        Error *err)
{
    for (size_t i = 0; i < count; i++) {
        Value value;
        if (!read_member(object, fields[i].name, &value, err) ||
            !set_field(object, &fields[i], &value, target, err))
            return false;
    }
    return true;
}

#define READ_FIELDS(object, fields, target, err)                                                   \
    read_fields((object), (fields), ARRAY_LEN(fields), (target), (err))

/* A member that is one of some words. */
static bool read_word(const Object *object, const char *name, const char *const *words,
                      size_t count, size_t *ret_index, Error *err)
{
    Value value;
    if (!read_member(object, name, &value, err))
        return false;
    for (size_t i = 0; is_type(&value, "text") && i < count; i++)
        if (strcmp(value.text, words[i]) == 0) {
            *ret_index = i;
            return true;
        }
    return refuse(object->reader, err, "an unknown word in", name);
}

/* --- arrays ------------------------------------------------------------------------------------
 */

typedef bool (*TakeElement)(const Object *element, void *target, Error *err);

/* Each element of an array member that may be missing: objects as objects, texts as their bytes. */
static bool read_elements(const Object *object, const char *name, const char *type,
                          TakeElement take, void *target, Error *err)
{
    char path[64];
    Value value;
    if (!read_member(object, name, &value, err))
        return false;
    if (!value.type || is_type(&value, "null"))
        return true;
    if (!is_type(&value, "array"))
        return refuse(object->reader, err, "no array in", name);
    snprintf(path, sizeof(path), "$.%s", name);
    sqlite3_stmt *elements = object->reader->elements;
    begin(elements, object, path);
    bool row = false, good;
    while ((good = sqlite_db_step(elements, &row, err)) && row) {
        const char *found = (const char *)sqlite3_column_text(elements, 0);
        const char *bytes = (const char *)sqlite3_column_text(elements, 1);
        const Object element = {object->reader, bytes, (size_t)sqlite3_column_bytes(elements, 1)};
        good = strcmp(found, type) == 0 || refuse(object->reader, err, "another element in", name);
        if (!good || !(good = take(&element, target, err)))
            break;
    }
    sqlite3_reset(elements);
    return good;
}

static bool take_name(const Object *element, void *target, Error *err UNUSED)
{
    ManifestNameArray *names = target;
    *array_add(names) = memory_string(element->bytes);
    return true;
}

static bool take_relation(const Object *element, void *target, Error *err)
{
    static const Field fields[] = {
        {"relation", FIELD_TEXT, offsetof(RehearsalRelation, relation)},
        {"lock", FIELD_DEFAULT_TEXT, offsetof(RehearsalRelation, lock)},
        {"rewritten", FIELD_BOOL, offsetof(RehearsalRelation, rewritten)},
        {"scanned", FIELD_BOOL, offsetof(RehearsalRelation, scanned)},
        {"rows_read", FIELD_DIFFERENCE, offsetof(RehearsalRelation, rows_read)},
    };
    RehearsalRelationArray *relations = target;
    return READ_FIELDS(element, fields, array_add(relations), err);
}

static bool take_difference(const Object *element, void *target, Error *err)
{
    static const Field fields[] = {
        {"change", FIELD_TEXT, offsetof(RehearsalDifference, change)},
        {"class", FIELD_TEXT, offsetof(RehearsalDifference, class)},
        {"kind", FIELD_TEXT, offsetof(RehearsalDifference, kind)},
        {"identity", FIELD_TEXT, offsetof(RehearsalDifference, identity)},
    };
    RehearsalDifferenceArray *differences = target;
    return READ_FIELDS(element, fields, array_add(differences), err);
}

static bool take_loss(const Object *element, void *target, Error *err)
{
    static const Field fields[] = {
        {"table", FIELD_TEXT, offsetof(RehearsalLoss, table)},
        {"column", FIELD_MAYBE_TEXT, offsetof(RehearsalLoss, column)},
        {"rows_before", FIELD_NUMBER, offsetof(RehearsalLoss, rows_before)},
        {"rows_after", FIELD_NUMBER, offsetof(RehearsalLoss, rows_after)},
    };
    RehearsalLossArray *losses = target;
    return READ_FIELDS(element, fields, array_add(losses), err);
}

/* --- lines, one function for each type ---------------------------------------------------------
 */

static bool read_begin(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"applier", FIELD_TEXT, offsetof(Rehearsal, applier)},
        {"server_major", FIELD_NUMBER, offsetof(Rehearsal, major)},
        {"server_version", FIELD_TEXT, offsetof(Rehearsal, server_version)},
        {"head_digest", FIELD_TEXT, offsetof(Rehearsal, head_digest)},
        {"migrations", FIELD_NUMBER, offsetof(Rehearsal, migrations)},
        {"cycles", FIELD_NUMBER, offsetof(Rehearsal, cycles)},
    };
    Value number;
    if (!read_member(line, "report", &number, err))
        return false;
    if (!is_type(&number, "integer") || number.number != REHEARSAL_REPORT_NUMBER) {
        error_set(err, ERROR_CONFIG, "this applier's report is not number %d, which planner reads",
                  REHEARSAL_REPORT_NUMBER);
        return error_hint(err, "--applier names the one that was built with this planner");
    }
    rehearsal->begun = true;
    return READ_FIELDS(line, fields, rehearsal, err);
}

static bool read_progress(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"pass", FIELD_TEXT, offsetof(RehearsalProgress, pass)},
        {"done", FIELD_NUMBER, offsetof(RehearsalProgress, done)},
        {"total", FIELD_NUMBER, offsetof(RehearsalProgress, total)},
        {"what", FIELD_DEFAULT_TEXT, offsetof(RehearsalProgress, what)},
    };
    return READ_FIELDS(line, fields, &rehearsal->progress, err);
}

static bool read_scope(const Object *line, Rehearsal *rehearsal, Error *err)
{
    return read_elements(line, "schemas", "text", take_name, &rehearsal->scope, err);
}

static bool read_fingerprint(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"version", FIELD_TEXT, offsetof(RehearsalFingerprint, version)},
        {"core", FIELD_DIGEST, offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_CORE])},
        {"deparse", FIELD_DIGEST,
         offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_DEPARSE])},
        {"env", FIELD_DIGEST, offsetof(RehearsalFingerprint, roots.classes[FINGERPRINT_ENV])},
        {"file", FIELD_FILE, offsetof(RehearsalFingerprint, file)},
    };
    RehearsalFingerprint *fingerprint = array_add(&rehearsal->fingerprints);
    size_t arrival = 0;
    if (!READ_FIELDS(line, fields, fingerprint, err) ||
        !read_word(line, "arrival", rehearsal_arrival_names, REHEARSAL_ARRIVAL_COUNT, &arrival,
                   err))
        return false;
    fingerprint->arrival = (RehearsalArrival)arrival;
    return *fingerprint->file || refuse(line->reader, err, "no file's name in", "file");
}

static bool read_measured(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
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
    if (!READ_FIELDS(line, fields, measured, err) ||
        !read_word(line, "script", scripts, ARRAY_LEN(scripts), &script, err) ||
        !read_elements(line, "relations", "object", take_relation, &measured->relations, err) ||
        !read_elements(line, "invalid_indexes", "text", take_name, &measured->invalid_indexes, err))
        return false;
    measured->script = script == 0 ? SCRIPT_UP : SCRIPT_DOWN;
    return measured->statement > 0 || refuse(line->reader, err, "no number in", "statement");
}

static bool read_verdict(const Object *line, Rehearsal *rehearsal, bool of_version, Error *err)
{
    static const Field fields[] = {
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, detail)},
        {"script", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, script)},
        {"sqlstate", FIELD_SQLSTATE, offsetof(RehearsalVerdict, sqlstate)},
        {"statement", FIELD_NUMBER, offsetof(RehearsalVerdict, statement)},
        {"line", FIELD_NUMBER, offsetof(RehearsalVerdict, line)},
        {"source", FIELD_DEFAULT_TEXT, offsetof(RehearsalVerdict, source)},
        {"before", FIELD_FILE, offsetof(RehearsalVerdict, before)},
        {"after", FIELD_FILE, offsetof(RehearsalVerdict, after)},
    };
    const Field name = {of_version ? "version" : "identity", FIELD_TEXT,
                        offsetof(RehearsalVerdict, name)};
    RehearsalVerdict *verdict = array_add(&rehearsal->verdicts);
    verdict->of_version = of_version;
    size_t found = 0;
    if (!read_fields(line, &name, 1, verdict, err) || !READ_FIELDS(line, fields, verdict, err) ||
        !read_word(line, "verdict", verdict_words.words, (size_t)verdict_words.count, &found,
                   err) ||
        !read_elements(line, "differs", "object", take_difference, &verdict->differences, err) ||
        !read_elements(line, "lost", "object", take_loss, &verdict->losses, err))
        return false;
    verdict->verdict = (Verdict)found;
    return true;
}

static bool read_migration(const Object *line, Rehearsal *rehearsal, Error *err)
{
    return read_verdict(line, rehearsal, /* of_version= */ false, err);
}

static bool read_version(const Object *line, Rehearsal *rehearsal, Error *err)
{
    return read_verdict(line, rehearsal, /* of_version= */ true, err);
}

static bool read_rows(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"identity", FIELD_TEXT, offsetof(RehearsalRows, identity)},
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalRows, detail)},
        {"sqlstate", FIELD_SQLSTATE, offsetof(RehearsalRows, sqlstate)},
        {"line", FIELD_NUMBER, offsetof(RehearsalRows, line)},
    };
    return READ_FIELDS(line, fields, array_add(&rehearsal->rows), err);
}

static bool read_atomic(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"passed", FIELD_BOOL, offsetof(RehearsalAtomic, passed)},
        {"detail", FIELD_DEFAULT_TEXT, offsetof(RehearsalAtomic, detail)},
    };
    static const char *const modes[] = {"version", "run"};
    RehearsalAtomic *atomic = array_add(&rehearsal->atomic);
    size_t mode = 0;
    if (!READ_FIELDS(line, fields, atomic, err) ||
        !read_word(line, "mode", modes, ARRAY_LEN(modes), &mode, err))
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

static bool take_unsteady(const Object *element, void *target, Error *err)
{
    static const Field fields[] = {
        {"kind", FIELD_TEXT, offsetof(RehearsalUnsteady, kind)},
        {"identity", FIELD_TEXT, offsetof(RehearsalUnsteady, object)},
    };
    UnsteadyLine *line = target;
    RehearsalUnsteady *unsteady = array_add(&line->rehearsal->unsteady);
    unsteady->version = memory_string(line->common->version);
    unsteady->identity = memory_string(line->common->identity);
    line->any = true;
    return READ_FIELDS(element, fields, unsteady, err);
}

static bool read_unsteady(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
        {"version", FIELD_DEFAULT_TEXT, offsetof(RehearsalUnsteady, version)},
        {"identity", FIELD_DEFAULT_TEXT, offsetof(RehearsalUnsteady, identity)},
    };
    RehearsalUnsteady common = {0};
    UnsteadyLine objects = {rehearsal, &common, false};
    bool good = READ_FIELDS(line, fields, &common, err) &&
                read_elements(line, "objects", "object", take_unsteady, &objects, err);
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

static bool read_failure(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {
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
    return READ_FIELDS(line, fields, array_add(&rehearsal->failures), err);
}

static bool read_end(const Object *line, Rehearsal *rehearsal, Error *err)
{
    static const Field fields[] = {{"passed", FIELD_BOOL, offsetof(Rehearsal, passed)}};
    rehearsal->ended = true;
    return READ_FIELDS(line, fields, rehearsal, err);
}

static const struct {
    const char *type;
    bool (*read)(const Object *line, Rehearsal *rehearsal, Error *err);
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

static bool check_object(const Object *line, Error *err)
{
    sqlite3_stmt *statement = line->reader->is_object;
    bool row = false;
    begin(statement, line, /* path= */ NULL);
    if (!sqlite_db_step(statement, &row, err))
        return false;
    bool good = row && sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    CLEANUP(memory_freep) char *words = text_printable(line->bytes, line->size, 80);
    return good || refuse(line->reader, err, "no JSON object:", words);
}

static bool read_line(ReportReader *reader, const char *bytes, size_t size, Error *err)
{
    Rehearsal *rehearsal = reader->rehearsal;
    const Object line = {reader, bytes, size};
    Value type;
    reader->line++;
    if (!check_object(&line, err) || !read_member(&line, "type", &type, err))
        return false;
    size_t found = 0;
    while (found < ARRAY_LEN(line_types) &&
           (!is_type(&type, "text") || strcmp(type.text, line_types[found].type) != 0))
        found++;
    if (found == ARRAY_LEN(line_types))
        return refuse(reader, err, "an unknown word in", "type");
    bool is_begin = line_types[found].read == read_begin;
    if (rehearsal->ended || rehearsal->begun == is_begin)
        return refuse(reader, err, "out of order:", line_types[found].type);
    return line_types[found].read(&line, rehearsal, err);
}

bool report_reader_new(Rehearsal *rehearsal, ReportReader **ret_reader, Error *err)
{
    CLEANUP(report_reader_freep) ReportReader *reader = memory_new(ReportReader);
    reader->rehearsal = rehearsal;
    if (!sqlite_db_open(":memory:", &reader->db, err) ||
        !sqlite_db_prepare(reader->db, SQL_report_line_is_object, &reader->is_object, err) ||
        !sqlite_db_prepare(reader->db, SQL_report_member, &reader->member, err) ||
        !sqlite_db_prepare(reader->db, SQL_report_elements, &reader->elements, err))
        return false;
    *ret_reader = TAKE_PTR(reader);
    return true;
}

void report_reader_free(ReportReader *reader)
{
    if (!reader)
        return;
    sqlite_db_finalize(reader->is_object);
    sqlite_db_finalize(reader->member);
    sqlite_db_finalize(reader->elements);
    sqlite_db_close(reader->db);
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
                             "line %" PRId64 " of applier's report is too long", reader->line + 1);
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
                         "applier's report ends at line %" PRId64 ", before its end", reader->line);
    return true;
}
