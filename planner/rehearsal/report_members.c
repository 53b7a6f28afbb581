#include "planner/rehearsal/report_members.h"

#include <inttypes.h>

#include "planner/sql/rehearsal_report_queries.h"

#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

bool report_members_open(ReportMembers *members, Error *err)
{
    return sqlite_db_open(":memory:", &members->db, err) &&
           sqlite_db_prepare(members->db, SQL_report_line_is_object, &members->is_object, err) &&
           sqlite_db_prepare(members->db, SQL_report_member, &members->member, err) &&
           sqlite_db_prepare(members->db, SQL_report_elements, &members->elements, err);
}

void report_members_done(ReportMembers *members)
{
    sqlite_db_finalize(members->is_object);
    sqlite_db_finalize(members->member);
    sqlite_db_finalize(members->elements);
    sqlite_db_close(members->db);
    *members = (ReportMembers){0};
}

bool report_refuse(const ReportObject *object, Error *err, const char *what, const char *name)
{
    return error_set(err, ERROR_INTERNAL, "line %" PRId64 " of applier's report: %s '%s'",
                     object->members->line, what, name);
}

bool report_value_is(const ReportValue *value, const char *type)
{
    return value->type && strcmp(value->type, type) == 0;
}

static void begin(sqlite3_stmt *statement, const ReportObject *object, const char *path)
{
    sqlite3_reset(statement);
    sqlite3_bind_text64(statement, sqlite3_bind_parameter_index(statement, ":line"), object->bytes,
                        object->size, SQLITE_STATIC, SQLITE_UTF8);
    if (path)
        sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":path"), path, -1,
                          SQLITE_TRANSIENT);
}

bool report_check_object(const ReportObject *object, Error *err)
{
    sqlite3_stmt *statement = object->members->is_object;
    bool row = false;
    begin(statement, object, /* path= */ NULL);
    if (!sqlite_db_step(statement, &row, err))
        return false;
    bool good = row && sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    CLEANUP(memory_freep) char *words = text_printable(object->bytes, object->size, 80);
    return good || report_refuse(object, err, "no JSON object:", words);
}

static ReportValue value_of(sqlite3_stmt *row)
{
    ReportValue value = {
        .type = (const char *)sqlite3_column_text(row, 0),
        .number = sqlite3_column_int64(row, 1),
    };
    if (report_value_is(&value, "text"))
        value.text = (const char *)sqlite3_column_text(row, 1);
    return value;
}

bool report_member(const ReportObject *object, const char *name, ReportValue *ret_value, Error *err)
{
    char path[64];
    bool row;
    snprintf(path, sizeof(path), "$.%s", name);
    sqlite3_stmt *member = object->members->member;
    begin(member, object, path);
    if (!sqlite_db_step(member, &row, err))
        return false;
    *ret_value = value_of(member);
    return true;
}

static bool set_text(const ReportObject *object, const ReportField *field, const ReportValue *value,
                     char **target, Error *err)
{
    bool absent = !value->type || report_value_is(value, "null");
    if (!report_value_is(value, "text") && (field->kind == FIELD_TEXT || !absent))
        return report_refuse(object, err, "no text in", field->name);
    free(*target);
    *target = memory_string(value->text ? value->text : "");
    if (absent && field->kind == FIELD_MAYBE_TEXT)
        free(TAKE_PTR(*target));
    return true;
}

static bool set_number(const ReportObject *object, const ReportField *field,
                       const ReportValue *value, int64_t *target, Error *err)
{
    int64_t least = field->kind == FIELD_DIFFERENCE ? -NUMBER_MAX : 0;
    if (value->type && !report_value_is(value, "null") &&
        (!report_value_is(value, "integer") || value->number < least || value->number > NUMBER_MAX))
        return report_refuse(object, err, "no number in", field->name);
    *target = value->type && value->number > 0 ? value->number : 0;
    return true;
}

static bool set_bool(const ReportObject *object, const ReportField *field, const ReportValue *value,
                     bool *target, Error *err)
{
    if (value->type && !report_value_is(value, "true") && !report_value_is(value, "false"))
        return report_refuse(object, err, "neither true nor false in", field->name);
    *target = report_value_is(value, "true");
    return true;
}

/* A short text into an array: "" or what its grammar has. */
static bool set_short(const ReportObject *object, const ReportField *field,
                      const ReportValue *value, char *target, Error *err)
{
    const char *text = report_value_is(value, "text") ? value->text : "";
    bool other = value->type && !report_value_is(value, "text") && !report_value_is(value, "null");
    bool good = field->kind == FIELD_FILE ? rehearsal_file_is_valid(text)
                                          : strlen(text) == REHEARSAL_SQLSTATE - 1;
    if (other || (*text && !good))
        return report_refuse(object, err,
                             field->kind == FIELD_FILE ? "no file's name in" : "no SQLSTATE in",
                             field->name);
    memcpy(target, text, strlen(text) + 1);
    return true;
}

static bool set_field(const ReportObject *object, const ReportField *field,
                      const ReportValue *value, void *target, Error *err)
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
        return (report_value_is(value, "text") &&
                digest_parse_hex(value->text, strlen(value->text), (Digest *)(void *)at)) ||
               report_refuse(object, err, "no digest in", field->name);
    }
    return error_set(err, ERROR_INTERNAL, "a field of an unknown kind");
}

bool report_fields(const ReportObject *object, const ReportField *fields, size_t count,
                   void *target, Error *err)
{
    for (size_t i = 0; i < count; i++) {
        ReportValue value;
        if (!report_member(object, fields[i].name, &value, err) ||
            !set_field(object, &fields[i], &value, target, err))
            return false;
    }
    return true;
}

bool report_word(const ReportObject *object, const char *name, const char *const *words,
                 size_t count, size_t *ret_index, Error *err)
{
    ReportValue value;
    if (!report_member(object, name, &value, err))
        return false;
    for (size_t i = 0; report_value_is(&value, "text") && i < count; i++)
        if (strcmp(value.text, words[i]) == 0) {
            *ret_index = i;
            return true;
        }
    return report_refuse(object, err, "an unknown word in", name);
}

bool report_elements(const ReportObject *object, const char *name, const char *type,
                     ReportTakeElement take, void *target, Error *err)
{
    char path[64];
    ReportValue value;
    if (!report_member(object, name, &value, err))
        return false;
    if (!value.type || report_value_is(&value, "null"))
        return true;
    if (!report_value_is(&value, "array"))
        return report_refuse(object, err, "no array in", name);
    snprintf(path, sizeof(path), "$.%s", name);
    sqlite3_stmt *elements = object->members->elements;
    begin(elements, object, path);
    bool row = false, good;
    while ((good = sqlite_db_step(elements, &row, err)) && row) {
        const char *found = (const char *)sqlite3_column_text(elements, 0);
        const char *bytes = (const char *)sqlite3_column_text(elements, 1);
        const ReportObject element = {object->members, bytes,
                                      (size_t)sqlite3_column_bytes(elements, 1)};
        good = strcmp(found, type) == 0 || report_refuse(object, err, "another element in", name);
        if (!good || !(good = take(&element, target, err)))
            break;
    }
    sqlite3_reset(elements);
    return good;
}
