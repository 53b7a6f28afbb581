#include "applier/server/server_words.h"

#include <ctype.h>

#include "base/memory.h"

/* SQLSTATE → condition name, for what migrations meet; then whole classes by their first two
 * characters. (PostgreSQL's Appendix A.) */
static const struct {
    const char *code;
    const char *name;
} conditions[] = {
    {"0A000", "feature_not_supported"},
    {"21000", "cardinality_violation"},
    {"23000", "integrity_constraint_violation"},
    {"23001", "restrict_violation"},
    {"23502", "not_null_violation"},
    {"23503", "foreign_key_violation"},
    {"23505", "unique_violation"},
    {"23514", "check_violation"},
    {"23P01", "exclusion_violation"},
    {"25001", "active_sql_transaction"},
    {"25006", "read_only_sql_transaction"},
    {"25P01", "no_active_sql_transaction"},
    {"25P02", "in_failed_sql_transaction"},
    {"26000", "invalid_sql_statement_name"},
    {"28000", "invalid_authorization_specification"},
    {"28P01", "invalid_password"},
    {"2BP01", "dependent_objects_still_exist"},
    {"2D000", "invalid_transaction_termination"},
    {"3D000", "invalid_catalog_name"},
    {"3F000", "invalid_schema_name"},
    {"40001", "serialization_failure"},
    {"40P01", "deadlock_detected"},
    {"42501", "insufficient_privilege"},
    {"42601", "syntax_error"},
    {"42611", "invalid_column_definition"},
    {"42622", "name_too_long"},
    {"42701", "duplicate_column"},
    {"42702", "ambiguous_column"},
    {"42703", "undefined_column"},
    {"42704", "undefined_object"},
    {"42710", "duplicate_object"},
    {"42712", "duplicate_alias"},
    {"42723", "duplicate_function"},
    {"42803", "grouping_error"},
    {"42804", "datatype_mismatch"},
    {"42809", "wrong_object_type"},
    {"42830", "invalid_foreign_key"},
    {"42846", "cannot_coerce"},
    {"42883", "undefined_function"},
    {"42939", "reserved_name"},
    {"42P01", "undefined_table"},
    {"42P02", "undefined_parameter"},
    {"42P04", "duplicate_database"},
    {"42P06", "duplicate_schema"},
    {"42P07", "duplicate_table"},
    {"42P16", "invalid_table_definition"},
    {"42P17", "invalid_object_definition"},
    {"42P18", "indeterminate_datatype"},
    {"42P22", "indeterminate_collation"},
    {"53100", "disk_full"},
    {"53200", "out_of_memory"},
    {"53300", "too_many_connections"},
    {"53400", "configuration_limit_exceeded"},
    {"54001", "statement_too_complex"},
    {"55000", "object_not_in_prerequisite_state"},
    {"55006", "object_in_use"},
    {"55P02", "cant_change_runtime_param"},
    {"55P03", "lock_not_available"},
    {"55P04", "unsafe_new_enum_value_usage"},
    {"57014", "query_canceled"},
    {"57P01", "admin_shutdown"},
    {"57P02", "crash_shutdown"},
    {"57P03", "cannot_connect_now"},
    {"58030", "io_error"},
    {"58P01", "undefined_file"},
    {"P0001", "raise_exception"},
    {"XX000", "internal_error"},
    {"XX001", "data_corrupted"},
    {"XX002", "index_corrupted"},
    {"08", "connection exception"},
    {"22", "data exception"},
    {"23", "integrity constraint violation"},
    {"25", "invalid transaction state"},
    {"2B", "dependent privilege descriptors still exist"},
    {"38", "external routine exception"},
    {"39", "external routine invocation exception"},
    {"40", "transaction rollback"},
    {"42", "syntax error or access rule violation"},
    {"53", "insufficient resources"},
    {"54", "program limit exceeded"},
    {"55", "object not in prerequisite state"},
    {"57", "operator intervention"},
    {"58", "system error"},
    {"XX", "internal error"},
};

const char *server_words_condition(const char *sqlstate)
{
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (strncmp(sqlstate, conditions[i].code, strlen(conditions[i].code)) == 0)
            return conditions[i].name;
    return "";
}

ServerError server_words_fields(const PGresult *result)
{
    return (ServerError){
        .sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
        .primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
        .detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
        .hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
        .source_function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION),
        .identifiers = {PQresultErrorField(result, PG_DIAG_SCHEMA_NAME),
                        PQresultErrorField(result, PG_DIAG_TABLE_NAME),
                        PQresultErrorField(result, PG_DIAG_COLUMN_NAME),
                        PQresultErrorField(result, PG_DIAG_DATATYPE_NAME),
                        PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)},
    };
}

static bool is_word_character(char character)
{
    return isalnum((unsigned char)character) || character == '_' || character == '$' ||
           (unsigned char)character >= 0x80;
}

static bool equals_folded(const char *text, const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (tolower((unsigned char)text[i]) != tolower((unsigned char)part[i]))
            return false;
    return true;
}

/* Whether `part` stands in the statement as a word, and not inside or at the edge of a literal. A
 * quote before it, counted from the statement's start, that is still open means a literal: good
 * enough for all but dollar quotes, whose inside is code. */
static bool stands_in_statement(const char *statement, const char *part, size_t length)
{
    bool in_literal = false;
    for (const char *at = statement; *at; at++) {
        if (*at == '\'')
            in_literal = !in_literal;
        if (in_literal || strlen(at) < length || !equals_folded(at, part, length))
            continue;
        bool begins = at == statement || !is_word_character(at[-1]) || !is_word_character(part[0]);
        bool ends = !is_word_character(at[length]) || !is_word_character(part[length - 1]);
        if (begins && ends)
            return true;
    }
    return false;
}

static bool may_show(const ServerError *error, const char *statement, const char *part,
                     size_t length)
{
    if (length == 0 || memchr(part, '\'', length))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(error->identifiers); i++) {
        const char *identifier = error->identifiers[i];
        if (identifier && strlen(identifier) == length && memcmp(identifier, part, length) == 0)
            return true;
    }
    return statement && stands_in_statement(statement, part, length);
}

static void add_redacted(const ServerError *error, const char *statement, Text *text)
{
    /* quote marks of the server's languages: opening, closing */
    static const char *const quotes[][2] = {{"\"", "\""},
                                            {"\xc2\xab", "\xc2\xbb"},
                                            {"\xe2\x80\x9e", "\xe2\x80\x9c"},
                                            {"\xe2\x80\x9c", "\xe2\x80\x9d"},
                                            {"\xe3\x80\x8c", "\xe3\x80\x8d"},
                                            {"'", "'"}};
    for (const char *at = error->primary; *at;) {
        const char *end = NULL;
        size_t kind = 0;
        for (; kind < ARRAY_LEN(quotes) && !text_has_prefix(at, quotes[kind][0]); kind++)
            ;
        if (kind < ARRAY_LEN(quotes))
            end = strstr(at + strlen(quotes[kind][0]), quotes[kind][1]);
        if (!end) {
            text_add_char(text, *at++);
            continue;
        }
        const char *part = at + strlen(quotes[kind][0]);
        text_add(text, quotes[kind][0]);
        if (may_show(error, statement, part, (size_t)(end - part)))
            text_add_n(text, part, (size_t)(end - part));
        else
            text_add(text, "…");
        text_add(text, quotes[kind][1]);
        at = end + strlen(quotes[kind][1]);
    }
}

static bool says_only_its_code(const ServerError *error)
{
    return strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "P0", 2) == 0 ||
           !*server_words_condition(error->sqlstate) || !error->source_function ||
           strcmp(error->source_function, "exec_stmt_raise") == 0;
}

void server_words_add(const ServerError *error, const char *statement, WordsPolicy policy,
                      Text *text)
{
    if (!error->sqlstate || !error->primary) {
        text_add(text, "an error without SQLSTATE");
        return;
    }
    CLEANUP(text_done) Text words = {0};
    text_add(&words, error->sqlstate);
    const char *condition = server_words_condition(error->sqlstate);
    if (*condition)
        text_addf(&words, " %s", condition);
    if (policy == WORDS_WHOLE) {
        text_addf(&words, ": %s", error->primary);
        if (error->detail)
            text_addf(&words, " (detail: %s)", error->detail);
        if (error->hint)
            text_addf(&words, " (server's hint: %s)", error->hint);
    } else if (!says_only_its_code(error)) {
        text_add(&words, ": ");
        add_redacted(error, statement, &words);
    }
    CLEANUP(memory_freep)
    char *printable = text_printable(text_string(&words), words.length, /* most= */ 2000);
    text_add(text, printable);
}

bool server_words_set(Error *err, ErrorClass class, const PGresult *result, const char *statement,
                      WordsPolicy policy)
{
    ServerError error = server_words_fields(result);
    CLEANUP(text_done) Text words = {0};
    server_words_add(&error, statement, policy, &words);
    error_set(err, class, "%s", text_string(&words));
    snprintf(err->code, sizeof(err->code), "%.5s", error.sqlstate ? error.sqlstate : "");
    return false;
}
