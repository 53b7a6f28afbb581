#include "applier/rehearsal/rows_value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "applier/rehearsal/rows_pattern.h"
#include "base/array.h"

/* Values of types without a modifier that matters, by name. */
static const struct {
    const char *name;
    const char *sql;
} values[] = {
    {"bool", "g.i % 2 = 0"},
    {"int2", "(g.i % 32768)::int2"},
    {"int4", "g.i::int4"},
    {"int8", "g.i"},
    {"float4", "g.i::float4"},
    {"float8", "g.i::float8"},
    {"money", "g.i::numeric::money"},
    {"oid", "g.i::oid"},
    {"char", "chr(65 + (g.i % 26)::int)::\"char\""},
    {"bytea", "decode(lpad(to_hex(g.i), 8, '0'), 'hex')"},
    {"date", "date '2020-01-01' + g.i::int"},
    {"timestamp", "timestamp '2020-01-01 00:00:00' + g.i * interval '1 hour'"},
    {"timestamptz", "timestamptz '2020-01-01 00:00:00+00' + g.i * interval '1 hour'"},
    {"time", "time '00:00' + g.i * interval '1 minute'"},
    {"timetz", "timetz '00:00+00' + g.i * interval '1 minute'"},
    {"interval", "g.i * interval '1 minute'"},
    {"uuid", "lpad(to_hex(g.i), 32, '0')::uuid"},
    {"json", "json_build_object('n', g.i)"},
    {"jsonb", "jsonb_build_object('n', g.i)"},
    {"xml", "('<r>' || g.i || '</r>')::xml"},
    {"inet", "inet '10.0.0.0' + g.i"},
    {"cidr", "('10.0.' || g.i % 256 || '.0/24')::cidr"},
    {"macaddr", "('08:00:2b:00:00:' || lpad(to_hex(g.i % 256), 2, '0'))::macaddr"},
    {"macaddr8", "('08:00:2b:00:00:00:00:' || lpad(to_hex(g.i % 256), 2, '0'))::macaddr8"},
    {"tsvector", "to_tsvector('simple', 'r' || g.i)"},
    {"tsquery", "to_tsquery('simple', 'r' || g.i)"},
    {"point", "point(g.i, g.i)"},
    {"lseg", "lseg(point(g.i, g.i), point(g.i + 1, g.i))"},
    {"line", "line(point(g.i, 0), point(g.i + 1, 1))"},
    {"box", "box(point(g.i, g.i), point(g.i + 0.5, g.i + 0.5))"},
    {"path", "('[(0,0),(' || g.i || ',1)]')::path"},
    {"polygon", "('((0,0),(' || g.i || ',1),(1,1))')::polygon"},
    {"circle", "circle(point(g.i, g.i), 0.25)"},
    {"int4range", "int4range(g.i::int, g.i::int + 1)"},
    {"int8range", "int8range(g.i, g.i + 1)"},
    {"numrange", "numrange(g.i, g.i + 1)"},
    {"daterange", "daterange(date '2020-01-01' + g.i::int, date '2020-01-02' + g.i::int)"},
    {"tsrange", "tsrange(timestamp '2020-01-01' + g.i * interval '1 day', "
                "timestamp '2020-01-02' + g.i * interval '1 day')"},
    {"tstzrange", "tstzrange(timestamptz '2020-01-01 00:00+00' + g.i * interval '1 day', "
                  "timestamptz '2020-01-02 00:00+00' + g.i * interval '1 day')"},
    {"pg_lsn", "'0/0'::pg_lsn + g.i"},
    {"hstore", "('n=>' || g.i)::text"},
};

/* --- by type --------------------------------------------------------------------------------- */

static int64_t power_of_ten(int64_t digits)
{
    int64_t power = 1;
    for (int64_t i = 0; i < digits && i < 15; i++)
        power *= 10;
    return power;
}

/* numeric(p, s): as many digits before the point as there is room for. */
static void add_numeric(int64_t modifier, Text *sql)
{
    int64_t precision = (modifier - 4) >> 16 & 0xffff, scale = (modifier - 4) & 0x7ff;
    if (scale > 1023)
        scale -= 2048; /* negative from 15 on */
    if (modifier < 4 || precision - scale > 6)
        text_add(sql, "g.i::numeric");
    else if (precision - scale > 0)
        text_addf(sql, "(g.i %% %" PRId64 ")::numeric", power_of_ten(precision - scale));
    else
        text_addf(sql, "(g.i %% %" PRId64 ") / %" PRId64 ".0", power_of_ten(precision),
                  power_of_ten(scale));
}

/* A string that is as long as there is room for, and another for each row where that can be. */
static void add_string(int64_t modifier, Text *sql)
{
    int64_t most = modifier >= 4 ? modifier - 4 : INT64_MAX;
    if (most >= 6)
        text_add(sql, "'r' || g.i");
    else
        text_addf(sql, "right(lpad(g.i::text, %" PRId64 ", '0'), %" PRId64 ")", most, most);
}

static void add_bits(const char *name, int64_t modifier, Text *sql)
{
    int64_t bits = modifier > 0 ? modifier : strcmp(name, "bit") == 0 ? 1 : 8;
    text_addf(sql, "g.i::bit(%" PRId64 ")", bits < 64 ? bits : 64);
}

static bool add_base(const ValueType *type, Text *sql)
{
    int64_t modifier = type->is_array ? -1 : type->modifier;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        if (strcmp(values[i].name, type->name) == 0) {
            text_add(sql, values[i].sql);
            return true;
        }
    }
    if (strcmp(type->name, "numeric") == 0)
        add_numeric(modifier, sql);
    else if (strcmp(type->name, "bit") == 0 || strcmp(type->name, "varbit") == 0)
        add_bits(type->name, modifier, sql);
    else if (type->category == 'S')
        add_string(modifier, sql);
    else
        return false;
    return true;
}

/* Without a look at constraints. */
static bool add_plain(const ValueType *type, Text *sql)
{
    CLEANUP(text_done) Text base = {0};
    if (type->is_array) {
        if (type->kind != 'b' || !add_base(type, &base))
            text_addf(sql, "('{}')::%s", type->written);
        else
            text_addf(sql, "(ARRAY[%s])::%s", text_string(&base), type->written);
        return true;
    }
    if (type->kind == 'e') {
        text_addf(sql,
                  "(enum_range(NULL::%s))[1 + ((g.i - 1) %% "
                  "array_length(enum_range(NULL::%s), 1))::int]",
                  type->written, type->written);
        return true;
    }
    if (type->kind == 'c') {
        text_addf(sql, "('(' || repeat(',', %" PRId64 ") || ')')::%s", type->attributes - 1,
                  type->written);
        return true;
    }
    if (add_base(type, &base)) {
        text_addf(sql, "(%s)::%s", text_string(&base), type->written);
        return true;
    }
    if (type->kind != 'r' && type->kind != 'm')
        return false;
    text_addf(sql, "('%s')::%s", type->kind == 'r' ? "empty" : "{}", type->written);
    return true;
}

/* --- by constraint --------------------------------------------------------------------------- */

/* The literals of a constraint's text. */
typedef struct Literals {
    ARRAY_OF(char *) strings; /* owned; as they are written, with their quotes */
    ARRAY_OF(double) numbers;
} Literals;

static void literals_done(Literals *literals)
{
    array_each (char *, string, &literals->strings)
        free(*string);
    array_free(&literals->strings);
    array_free(&literals->numbers);
}

static bool is_name_character(char character)
{
    return character == '_' || character == '"' || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9');
}

/* Past the closing quote. */
static const char *end_of_string(const char *quote)
{
    const char *at = quote + 1;
    while (*at && !(*at == '\'' && at[1] != '\''))
        at += *at == '\'' ? 2 : 1;
    return *at ? at + 1 : at;
}

static void find_literals(const char *text, Literals *literals)
{
    for (const char *at = text; *at;) {
        if (*at == '\'') {
            const char *end = end_of_string(at);
            bool escaped = at > text && at[-1] == 'E';
            const char *from = at - escaped;
            *array_add(&literals->strings) = memory_string_n(from, (size_t)(end - from));
            at = end;
        } else if (*at >= '0' && *at <= '9' && (at == text || !is_name_character(at[-1]))) {
            char *end = NULL;
            bool negative = at > text && at[-1] == '-';
            double number = strtod(at, &end);
            *array_add(&literals->numbers) = negative ? -number : number;
            at = end;
        } else {
            at++;
        }
    }
    /* servers write a negative number, and one of another type, as a string with a cast */
    array_each (char *, string, &literals->strings) {
        char *end = NULL;
        double number = strtod(*string + 1, &end); /* of E'…' it is none */
        if (end > *string + 1 && *end == '\'')
            *array_add(&literals->numbers) = number;
    }
}

static bool add_list(const ValueType *type, const Literals *literals, Text *sql)
{
    if (!literals->strings.count)
        return false;
    text_add(sql, "((ARRAY[");
    for (size_t i = 0; i < literals->strings.count; i++)
        text_addf(sql, "%s%s", i ? ", " : "", literals->strings.items[i]);
    text_addf(sql, "]::text[])[1 + ((g.i - 1) %% %zu)::int])::%s", literals->strings.count,
              type->written);
    return true;
}

static bool add_first(const ValueType *type, const Literals *literals, Text *sql)
{
    if (!literals->strings.count)
        return false;
    text_addf(sql, "(%s)::%s", literals->strings.items[0], type->written);
    return true;
}

static double least(const Literals *literals)
{
    double least = literals->numbers.items[0];
    array_each (const double, number, &literals->numbers)
        least = *number < least ? *number : least;
    return least;
}

static double greatest(const Literals *literals)
{
    double greatest = literals->numbers.items[0];
    array_each (const double, number, &literals->numbers)
        greatest = *number > greatest ? *number : greatest;
    return greatest;
}

/* Between the least and the greatest number, both among them. */
static bool add_span(const ValueType *type, const Literals *literals, Text *sql)
{
    if (!literals->numbers.count)
        return false;
    double from = least(literals), to = greatest(literals);
    if (type->category == 'S')
        text_addf(sql, "right(lpad(g.i::text, %.0f, '0'), %.0f)", to, to);
    else
        text_addf(sql, "(%.15g + (g.i - 1) %% %.0f)::%s", from, to - from + 1, type->written);
    return true;
}

/* Above the greatest number, or below the least. */
static bool add_beyond(const ValueType *type, const Literals *literals, int direction, Text *sql)
{
    if (!literals->numbers.count)
        return false;
    double from = direction > 0 ? greatest(literals) : least(literals);
    if (type->category == 'S')
        text_addf(sql, "repeat('r', %.0f)", from + direction);
    else
        text_addf(sql, "(%.15g %c g.i)::%s", from, direction > 0 ? '+' : '-', type->written);
    return true;
}

/* What a quoted literal stands for; the caller frees. */
static char *literal_value(const char *literal)
{
    Text value = {0};
    bool escaped = *literal == 'E';
    for (const char *at = literal + 1 + escaped; *at && !(*at == '\'' && !at[1]); at++) {
        if (*at == '\'' || (escaped && *at == '\\'))
            at++;
        text_add_char(&value, *at);
    }
    return text_take(&value);
}

/* A string that matches the first pattern. */
static bool add_match(const ValueType *type, const char *check, const Literals *literals, Text *sql)
{
    if (type->category != 'S' || !strchr(check, '~') || !literals->strings.count)
        return false;
    CLEANUP(memory_freep) char *pattern = literal_value(literals->strings.items[0]);
    return rows_pattern(pattern, sql);
}

/* Forms that strings are often checked for. */
static bool add_form(const ValueType *type, const char *check, Text *sql)
{
    if (type->category != 'S')
        return false;
    text_add(sql, strchr(check, '@') ? "'r' || g.i || '@example.org'" : "lpad(g.i::text, 3, '0')");
    return true;
}

static bool add_variant(const ValueType *type, int variant, const char *check, Text *sql)
{
    if (variant == 0)
        return add_plain(type, sql);
    if (!check || type->is_array)
        return false;
    CLEANUP(literals_done) Literals literals = {0};
    find_literals(check, &literals);
    switch (variant) {
    case 1:
        return add_match(type, check, &literals, sql);
    case 2:
        return add_list(type, &literals, sql);
    case 3:
        return add_first(type, &literals, sql);
    case 4:
        return add_span(type, &literals, sql);
    case 5:
        return add_beyond(type, &literals, 1, sql);
    case 6:
        return add_form(type, check, sql) || add_beyond(type, &literals, -1, sql);
    default:
        return false;
    }
}

bool rows_value(const ValueType *type, int variant, const char *check, int later, Text *sql)
{
    CLEANUP(text_done) Text value = {0};
    if (!add_variant(type, variant, check, &value))
        return false;
    for (const char *at = text_string(&value); *at; at++) {
        bool number = later && text_has_prefix(at, "g.i");
        if (number)
            text_addf(sql, "(g.i + %d)", later);
        else
            text_add_char(sql, *at);
        at += number ? 2 : 0;
    }
    return true;
}
