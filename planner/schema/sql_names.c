#include "planner/schema/sql_names.h"

#include <ctype.h>
#include <inttypes.h>

/* Words that are no column or table names without quotes (PostgreSQL 18: reserved, and those that
 * may only name functions or types). In order, for nothing but the reader. */
static const char *const reserved[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
};

static bool is_plain(const char *name)
{
    if (!(islower((unsigned char)name[0]) || name[0] == '_'))
        return false;
    for (const char *at = name; *at; at++)
        if (!(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_'))
            return false;
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return false;
    return true;
}

static void add_quoted(Text *sql, const char *text, char quote)
{
    text_add_char(sql, quote);
    for (const char *at = text; *at; at++) {
        if (*at == quote)
            text_add_char(sql, quote);
        text_add_char(sql, *at);
    }
    text_add_char(sql, quote);
}

void sql_add_name(Text *sql, const char *name)
{
    if (is_plain(name))
        text_add(sql, name);
    else
        add_quoted(sql, name, '"');
}

void sql_add_qualified(Text *sql, const char *schema, const char *name)
{
    if (*schema) {
        sql_add_name(sql, schema);
        text_add_char(sql, '.');
    }
    sql_add_name(sql, name);
}

void sql_add_literal(Text *sql, const char *value)
{
    add_quoted(sql, value, '\'');
}

void sql_add_relation(Text *sql, const Node *relation)
{
    sql_add_qualified(sql, node_text(relation, "schemaname"), node_text(relation, "relname"));
}

static void add_list(Text *sql, const Node *list, const char *between)
{
    bool first = true;
    node_each(item, list)
    {
        text_add(sql, first ? "" : between);
        sql_add_name(sql, sql_string_of(item));
        first = false;
    }
}

void sql_add_name_list(Text *sql, const Node *list)
{
    add_list(sql, list, ".");
}

void sql_add_columns(Text *sql, const Node *list)
{
    add_list(sql, list, ", ");
}

const char *sql_string_of(const Node *item)
{
    const Node *text = node_at(item, "sval");
    /* a constant wraps its string once more */
    return text && text->type == NODE_OBJECT ? node_text(text, "sval") : node_text(item, "sval");
}

const char *sql_last_name(const Node *list)
{
    const char *last = "";
    node_each(item, list) last = sql_string_of(item);
    return last;
}

const char *sql_schema_name(const Node *list)
{
    const char *schema = "", *last = "";
    node_each(item, list)
    {
        schema = last;
        last = sql_string_of(item);
    }
    return schema;
}

/* The words that people write for the names that the grammar makes of them. `behind` stands behind
 * the modifiers. */
static const struct {
    const char *internal, *words, *behind;
} type_words[] = {
    {"int2", "smallint", ""},
    {"int4", "integer", ""},
    {"int8", "bigint", ""},
    {"float4", "real", ""},
    {"float8", "double precision", ""},
    {"bool", "boolean", ""},
    {"char", "\"char\"", ""}, /* without quotes it is another type */
    {"bpchar", "character", ""},
    {"varchar", "character varying", ""},
    {"varbit", "bit varying", ""},
    {"time", "time", ""},
    {"timetz", "time", " with time zone"},
    {"timestamp", "timestamp", ""},
    {"timestamptz", "timestamp", " with time zone"},
};

/* The fields of an interval's first modifier (INTERVAL_MASK in the server): the usual sets. */
static const struct {
    int64_t mask;
    const char *words;
} interval_words[] = {
    {4, " year"},
    {2, " month"},
    {8, " day"},
    {1024, " hour"},
    {2048, " minute"},
    {4096, " second"},
    {6, " year to month"},
    {1032, " day to hour"},
    {3080, " day to minute"},
    {7176, " day to second"},
    {3072, " hour to minute"},
    {7168, " hour to second"},
    {6144, " minute to second"},
};

static void add_interval(Text *sql, const Node *modifiers)
{
    const Node *first = node_first(modifiers), *second = first ? first->next : NULL;
    int64_t mask = first ? node_int(first->first, "ival.ival", 0) : INT64_MAX;
    text_add(sql, "interval");
    for (size_t i = 0; i < ARRAY_LEN(interval_words); i++)
        if (interval_words[i].mask == mask)
            text_add(sql, interval_words[i].words);
    if (second)
        text_addf(sql, "(%" PRId64 ")", node_int(second->first, "ival.ival", 0));
}

static void add_modifiers(Text *sql, const Node *modifiers)
{
    bool first = true;
    if (!node_count(modifiers))
        return;
    text_add_char(sql, '(');
    node_each(item, modifiers)
    {
        text_add(sql, first ? "" : ",");
        if (node_at(item, "sval"))
            sql_add_literal(sql, sql_string_of(item));
        else if (node_kind_is(item, "ColumnRef"))
            sql_add_name_list(sql, node_at(item, "fields"));
        else
            text_addf(sql, "%" PRId64, node_int(item, "ival.ival", 0));
        first = false;
    }
    text_add_char(sql, ')');
}

void sql_add_type(Text *sql, const Node *type_name)
{
    const Node *names = node_at(type_name, "names"), *modifiers = node_at(type_name, "typmods");
    const char *last = sql_last_name(names), *behind = "";
    bool builtin = strcmp(sql_schema_name(names), "pg_catalog") == 0;
    const char *words = NULL;
    for (size_t i = 0; builtin && i < ARRAY_LEN(type_words); i++)
        if (strcmp(type_words[i].internal, last) == 0) {
            words = type_words[i].words;
            behind = type_words[i].behind;
        }
    text_add(sql, node_true(type_name, "setof") ? "SETOF " : "");
    if (builtin && strcmp(last, "interval") == 0) {
        add_interval(sql, modifiers);
    } else {
        if (words)
            text_add(sql, words);
        else if (builtin)
            sql_add_name(sql, last);
        else
            sql_add_name_list(sql, names);
        add_modifiers(sql, modifiers);
        text_add(sql, behind);
    }
    for (size_t i = 0; i < node_count(node_at(type_name, "arrayBounds")); i++)
        text_add(sql, "[]");
    text_add(sql, node_true(type_name, "pct_type") ? "%TYPE" : "");
}
