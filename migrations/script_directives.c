#include "migrations/script_directives.h"

#include <strings.h>

#include "base/option_table.h"
#include "base/text.h"
#include "migrations/batch_directive.h"
#include "migrations/requires_directive.h"

#define TIMEOUT_MS_MAX INT32_MAX /* what PostgreSQL's own settings hold */

void script_directives_init(ScriptDirectives *directives)
{
    *directives = (ScriptDirectives){.lock_timeout_ms = -1, .statement_timeout_ms = -1};
}

void script_directives_done(ScriptDirectives *directives)
{
    free(directives->irreversible);
    free(directives->nothing_to_undo);
    free(directives->phase);
    array_each (ScriptAck, ack, &directives->acks) {
        free(ack->rule);
        free(ack->reason);
    }
    array_free(&directives->acks);
    array_each (ScriptDepend, depend, &directives->depends)
        free(depend->identity);
    array_free(&directives->depends);
    requires_directive_done(&directives->requires);
    batch_directive_done(&directives->batch);
    directives->irreversible = directives->nothing_to_undo = directives->phase = NULL;
}

static const char *const names[] = {
    "no-transaction",
    "idempotent",
    "verify",
    "irreversible",
    "nothing-to-undo",
    "lock-timeout",
    "statement-timeout",
    "phase",
    "gate",
    "batch",
    "ack",
    "requires",
    "depends",
};

#define WORD "sealift"

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* Whether it would be a directive but for the case of letters, a blank or a colon that is missing.
 * Of what has no colon only words that prose would not have. */
static bool is_almost(const char *at, const char *end)
{
    if ((size_t)(end - at) < strlen(WORD) || strncasecmp(at, WORD, strlen(WORD)) != 0)
        return false;
    const char *behind = skip_blanks(at + strlen(WORD), end);
    if (behind < end && *behind == ':')
        return true;
    for (size_t i = 0; behind > at + strlen(WORD) && i < ARRAY_LEN(names); i++) {
        size_t length = strlen(names[i]), left = (size_t)(end - behind);
        if (left >= length && strncmp(behind, names[i], length) == 0 &&
            (left == length || (strchr(names[i], '-') && strchr(" \t", behind[length]))))
            return true;
    }
    return false;
}

bool script_directives_in_comment(const char *comment, size_t length, char **ret_words)
{
    static const char mark[] = WORD ":";
    const char *end = comment + length;
    const char *at = skip_blanks(comment + 2, end);
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if ((size_t)(end - at) >= strlen(mark) && memcmp(at, mark, strlen(mark)) == 0)
        at = skip_blanks(at + strlen(mark), end);
    else if (!is_almost(at, end))
        return false;
    *ret_words = memory_string_n(at, (size_t)(end - at));
    return true;
}

static bool twice(const char *directive, Error *err)
{
    return error_set(err, ERROR_INPUT, "directive '%s' is given twice", directive);
}

static bool set_flag(bool *flag, const char *directive, const char *value, Error *err)
{
    if (*flag)
        return twice(directive, err);
    if (*value)
        return error_set(err, ERROR_INPUT, "directive '%s' takes no value", directive);
    *flag = true;
    return true;
}

static bool set_words(char **words, const char *directive, const char *value, Error *err)
{
    if (*words)
        return twice(directive, err);
    if (!*value)
        return error_set(err, ERROR_INPUT, "directive '%s' needs a reason", directive);
    *words = memory_string(value);
    return true;
}

bool script_directives_time(const char *value, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        uint64_t factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}};
    size_t digits = strspn(value, "0123456789");
    uint64_t number = 0;
    uint64_t factor = strcmp(value, "0") == 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcmp(value + digits, units[i].unit) == 0)
            factor = units[i].factor;
    if (!factor || !text_parse_uint(value, digits, TIMEOUT_MS_MAX / factor, &number))
        return false;
    *ret_ms = (int64_t)(number * factor);
    return true;
}

static bool set_timeout(int64_t *timeout_ms, const char *directive, const char *value, Error *err)
{
    if (*timeout_ms >= 0)
        return twice(directive, err);
    if (!script_directives_time(value, timeout_ms)) {
        error_set(err, ERROR_INPUT, "directive '%s': '%s' is not a time", directive, value);
        return error_hint(err, "write a number with ms, s or min, or 0 for no limit");
    }
    return true;
}

static bool set_phase(char **phase, const char *directive, const char *value, Error *err)
{
    if (*phase)
        return twice(directive, err);
    if (strcmp(value, "before") != 0 && strcmp(value, "after") != 0)
        return error_set(err, ERROR_INPUT, "directive '%s' is before or after, not '%s'", directive,
                         value);
    *phase = memory_string(value);
    return true;
}

const ScriptAck *script_directives_ack(const ScriptDirectives *directives, const char *rule)
{
    array_each (const ScriptAck, ack, &directives->acks)
        if (strcmp(ack->rule, rule) == 0)
            return ack;
    return NULL;
}

/* RULE REASON: what the rule is called, then words for who reads the migration later. */
static bool add_ack(ScriptDirectives *directives, const char *directive, const char *value,
                    int64_t line, Error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    CLEANUP(memory_freep) char *rule = memory_string_n(value, strcspn(value, " \t"));
    const char *reason = value + strlen(rule);
    reason += strspn(reason, " \t");
    if (!*rule || rule[strspn(rule, letters)])
        error_set(err, ERROR_INPUT, "directive '%s' names no rule: '%s'", directive, rule);
    else if (!*reason)
        error_set(err, ERROR_INPUT, "directive '%s %s' needs a reason", directive, rule);
    else if (script_directives_ack(directives, rule))
        return error_set(err, ERROR_INPUT, "directive '%s %s' is given twice", directive, rule);
    else {
        *array_add(&directives->acks) = (ScriptAck){TAKE_PTR(rule), memory_string(reason), line};
        return true;
    }
    return error_hint(err, "write it as: -- sealift: ack RULE why this is meant");
}

static bool add_depend(ScriptDirectives *directives, const char *directive, const char *value,
                       int64_t line, Error *err)
{
    if (!*value)
        return error_set(err, ERROR_INPUT, "directive '%s' names no migration", directive);
    array_each (const ScriptDepend, depend, &directives->depends)
        if (strcmp(depend->identity, value) == 0)
            return error_set(err, ERROR_INPUT, "directive '%s %s' is given twice", directive,
                             value);
    *array_add(&directives->depends) = (ScriptDepend){memory_string(value), line};
    return true;
}

static bool unknown(const char *directive, const char *words, Error *err)
{
    if (is_almost(words, words + strlen(words))) {
        error_set(err, ERROR_INPUT, "'-- %s' is almost a directive", words);
        return error_hint(err, "write it as '-- sealift: …', or let the comment begin otherwise");
    }
    const char *nearest = option_nearest(directive, names, ARRAY_LEN(names));
    error_set(err, ERROR_INPUT, "unknown directive '%s'", words);
    if (nearest && strcmp(nearest, directive) != 0)
        return error_hint(err, "did you mean '%s'? docs/directives.md has all", nearest);
    return error_hint(
        err,
        "known are: no-transaction, idempotent, verify in-transaction, "
        "irreversible REASON, nothing-to-undo REASON, lock-timeout TIME, "
        "statement-timeout TIME, phase before|after, gate, batch key=COLUMN …, ack RULE REASON, "
        "requires …, depends IDENTITY");
}

bool script_directives_add(ScriptDirectives *directives, const char *words, int64_t line,
                           Error *err)
{
    CLEANUP(memory_freep) char *directive = memory_string_n(words, strcspn(words, " \t"));
    const char *value = words + strlen(directive);
    value += strspn(value, " \t");
    if (strcmp(directive, "no-transaction") == 0)
        return set_flag(&directives->no_transaction, directive, value, err);
    if (strcmp(directive, "idempotent") == 0)
        return set_flag(&directives->idempotent, directive, value, err);
    if (strcmp(directive, "verify") == 0 && strcmp(value, "in-transaction") == 0)
        return set_flag(&directives->verify_in_transaction, directive, "", err);
    if (strcmp(directive, "irreversible") == 0)
        return set_words(&directives->irreversible, directive, value, err);
    if (strcmp(directive, "nothing-to-undo") == 0)
        return set_words(&directives->nothing_to_undo, directive, value, err);
    if (strcmp(directive, "lock-timeout") == 0)
        return set_timeout(&directives->lock_timeout_ms, directive, value, err);
    if (strcmp(directive, "statement-timeout") == 0)
        return set_timeout(&directives->statement_timeout_ms, directive, value, err);
    if (strcmp(directive, "phase") == 0)
        return set_phase(&directives->phase, directive, value, err);
    if (strcmp(directive, "gate") == 0)
        return set_flag(&directives->gate, directive, value, err);
    if (strcmp(directive, "batch") == 0)
        return batch_directive_read(value, line, &directives->batch, err);
    if (strcmp(directive, "ack") == 0)
        return add_ack(directives, directive, value, line, err);
    if (strcmp(directive, "requires") == 0)
        return requires_directive_read(value, &directives->requires, err);
    if (strcmp(directive, "depends") == 0)
        return add_depend(directives, directive, value, line, err);
    return unknown(directive, words, err);
}
