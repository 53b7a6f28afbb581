/* The members of one line of the applier's rehearsal report, types and ranges checked. SQLite reads
 * the JSON. For rehearsal_report_read.c only. */
#ifndef SEALIFT_PLANNER_REPORT_MEMBERS_H
#define SEALIFT_PLANNER_REPORT_MEMBERS_H

#include "base/sqlite_db.h"
#include "planner/rehearsal/rehearsal_report_read.h"

typedef struct ReportMembers {
    sqlite3 *db; /* owned, as what follows */
    sqlite3_stmt *is_object;
    sqlite3_stmt *member;
    sqlite3_stmt *elements;
    int64_t line; /* number of the line being read, for messages */
} ReportMembers;

bool report_members_open(ReportMembers *members, Error *err) MUST_CHECK;
void report_members_done(ReportMembers *members); /* accepts a zeroed one */

/* A JSON object being read; the bytes are borrowed. */
typedef struct ReportObject {
    ReportMembers *members;
    const char *bytes;
    size_t size;
} ReportObject;

/* "line 7 of applier's report: WHAT 'NAME'": ERROR_INTERNAL; false. */
bool report_refuse(const ReportObject *object, Error *err, const char *what, const char *name);

/* ERROR_INTERNAL where the bytes are no JSON object. */
bool report_check_object(const ReportObject *object, Error *err) MUST_CHECK;

/* A member as SQLite has it; valid until the next one is read. */
typedef struct ReportValue {
    const char *type; /* "text", "integer", "true", "false", "null" …; NULL: not there */
    const char *text; /* where "text" */
    int64_t number;   /* where "integer" */
} ReportValue;

bool report_value_is(const ReportValue *value, const char *type);

bool report_member(const ReportObject *object, const char *name, ReportValue *ret_value,
                   Error *err) MUST_CHECK;

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
} ReportFieldKind;

typedef struct ReportField {
    const char *name;
    ReportFieldKind kind;
    size_t offset; /* in the target */
} ReportField;

/* Fill the target's fields from the members of their names. */
bool report_fields(const ReportObject *object, const ReportField *fields, size_t count,
                   void *target, Error *err) MUST_CHECK;

#define REPORT_FIELDS(object, fields, target, err)                                                 \
    report_fields((object), (fields), ARRAY_LEN(fields), (target), (err))

/* A member that is one of some words. */
bool report_word(const ReportObject *object, const char *name, const char *const *words,
                 size_t count, size_t *ret_index, Error *err) MUST_CHECK;

typedef bool (*ReportTakeElement)(const ReportObject *element, void *target, Error *err);

/* Each element of an array member that may be missing: objects as objects, texts as their bytes.
 * Another `type` (JSON's in SQLite's words) is refused. */
bool report_elements(const ReportObject *object, const char *name, const char *type,
                     ReportTakeElement take, void *target, Error *err) MUST_CHECK;

#endif
