#include "migrations/statement_kind.h"

#include <string.h>

/* What a row says, as bits. */
typedef enum {
    K_NOT_TX = 1 << 0,      /* not_in_transaction */
    K_SESSION = 1 << 1,     /* session_state */
    K_BREAKS = 1 << 3,      /* breaks_session */
    K_DESTRUCTIVE = 1 << 4, /* loses data */
    K_OUTSIDE = 1 << 5,     /* outside_effects */
    K_ENUM_VALUE = 1 << 6,  /* adds_enum_value */
    K_CASCADES = 1 << 7,    /* loses data with CASCADE */
    K_EACH = 1 << 8,        /* locks that many for each object of its list */
    K_ANSWERS = 1 << 9,     /* answers with rows */
    K_CHANGES = 1 << 10,    /* changes rows */
} KindBits;

typedef struct KindRow {
    const char *pattern;
    unsigned bits;
    int locks; /* relations locked: a table comes with its key, its TOAST table and that one's index
                */
    SettleKind settle;
    TransactionControl control;
    /* looks at what a pattern cannot say; the statement's words from `at` on */
    void (*look)(const SplitStatement *statement, size_t at, StatementKind *kind);
} KindRow;

/* -- words -- */

static const SplitterWord *word_at(const SplitStatement *statement, size_t at)
{
    static const SplitterWord none = {.kind = WORD_PUNCTUATION};
    return at < statement->word_count ? &statement->words[at] : &none;
}

static bool keyword_at(const SplitStatement *statement, size_t at, const char *keyword)
{
    const SplitterWord *word = word_at(statement, at);
    return word->kind == WORD_KEYWORD && strcmp(word->text, keyword) == 0;
}

static bool mark_at(const SplitStatement *statement, size_t at, const char *mark)
{
    const SplitterWord *word = word_at(statement, at);
    return word->kind == WORD_PUNCTUATION && strcmp(word->text, mark) == 0;
}

static bool is_name(const SplitterWord *word)
{
    /* the reserved words that stand where a name may be left out */
    return word->kind == WORD_QUOTED ||
           (word->kind == WORD_KEYWORD && strcmp(word->text, "on") && strcmp(word->text, "using"));
}

/* name or schema.name (of database.schema.name the last two); how many words, 0 for no name. */
static size_t read_name(const SplitStatement *statement, size_t at, StatementName *ret_name)
{
    size_t start = at;
    StatementName name = {0};
    if (!is_name(word_at(statement, at)))
        return 0;
    memcpy(name.name, word_at(statement, at++)->text, sizeof name.name);
    while (mark_at(statement, at, ".") && at + 1 < statement->word_count) {
        memcpy(name.schema, name.name, sizeof name.schema);
        memcpy(name.name, word_at(statement, at + 1)->text, sizeof name.name);
        at += 2;
    }
    *ret_name = name;
    return at - start;
}

/* How many words a parenthesis takes, with all inside; 0 where none begins here. */
static size_t parenthesis_size(const SplitStatement *statement, size_t at)
{
    size_t start = at, depth = 0;
    if (!mark_at(statement, at, "("))
        return 0;
    for (; at < statement->word_count; at++) {
        depth += mark_at(statement, at, "(");
        depth -= mark_at(statement, at, ")");
        if (depth == 0)
            return at - start + 1;
    }
    return statement->word_count - start;
}

/* -- patterns -- */

/* Whether one element of a pattern stands at `*at`; steps over it. Elements: a word, words
 * separated by |, %o and %t (the name of the object, of its table), () a parenthesis with all in
 * it, $ the end. */
static bool match_element(const SplitStatement *statement, const char *element, size_t length,
                          size_t *at, StatementKind *kind)
{
    size_t used = 0;
    if (length == 2 && element[0] == '%')
        used = read_name(statement, *at, element[1] == 'o' ? &kind->object : &kind->table);
    else if (length == 2 && element[0] == '(')
        used = parenthesis_size(statement, *at);
    else if (length == 1 && element[0] == '$')
        return *at == statement->word_count && !statement->words_cut;
    else if (length == 1 && element[0] == '*')
        used = mark_at(statement, *at, "*");
    const SplitterWord *word = word_at(statement, *at);
    for (const char *part = element; used == 0 && word->kind == WORD_KEYWORD;) {
        size_t size = strcspn(part, "| ?");
        if (size > (size_t)(element + length - part))
            size = (size_t)(element + length - part);
        used = strlen(word->text) == size && memcmp(word->text, part, size) == 0;
        part += size;
        if (part >= element + length || *part != '|')
            break;
        part++;
    }
    *at += used;
    return used > 0;
}

/* Whether the statement begins as the pattern says: elements separated by blanks, each maybe with ?
 * behind it for one that may be left out. */
static bool match(const SplitStatement *statement, const char *pattern, size_t *ret_at,
                  StatementKind *kind)
{
    size_t at = 0;
    while (*pattern) {
        size_t length = strcspn(pattern, " ");
        bool may_miss = pattern[length - 1] == '?';
        if (!match_element(statement, pattern, length - may_miss, &at, kind) && !may_miss)
            return false;
        pattern += length;
        pattern += strspn(pattern, " ");
    }
    *ret_at = at;
    return true;
}

/* Whether an option of a parenthesis is switched on, is off, or is not there. */
typedef enum { OPTION_ABSENT, OPTION_OFF, OPTION_ON } OptionState;

static OptionState option_state(const SplitStatement *statement, size_t from, const char *option)
{
    static const char *const off[] = {"false", "off", "0", "none"};
    for (size_t at = from; at < statement->word_count; at++) {
        if (!keyword_at(statement, at, option))
            continue;
        const char *value = word_at(statement, at + 1 + mark_at(statement, at + 1, "="))->text;
        for (size_t i = 0; i < ARRAY_LEN(off); i++)
            if (strcasecmp(value, off[i]) == 0)
                return OPTION_OFF;
        return OPTION_ON;
    }
    return OPTION_ABSENT;
}

/* -- looks -- */

/* [TRANSACTION modes]: of BEGIN, START TRANSACTION and SET TRANSACTION. */
static void look_modes(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    for (; at < statement->word_count; at++) {
        if (keyword_at(statement, at, "level")) {
            bool one_word = keyword_at(statement, at + 1, "serializable");
            const char *level = one_word                                      ? "serializable"
                                : keyword_at(statement, at + 1, "repeatable") ? "repeatable read"
                                                                              : "read committed";
            memcpy(kind->isolation, level, strlen(level) + 1);
            /* the READ of a level is not that of READ ONLY */
            at += one_word ? 1 : 2;
        } else if (keyword_at(statement, at, "read")) {
            kind->read_only = keyword_at(statement, at + 1, "only");
        } else if (keyword_at(statement, at, "deferrable")) {
            kind->deferrable = !keyword_at(statement, at - 1, "not");
        }
    }
}

/* AND CHAIN: a transaction begins again; AND NO CHAIN is the default in words. */
static void look_chain(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    if (keyword_at(statement, at, "and") && !keyword_at(statement, at + 1, "no"))
        kind->control = TRANSACTION_CONTROL_OTHER;
}

/* ROLLBACK TO SAVEPOINT stays in its transaction. */
static void look_rollback(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    if (keyword_at(statement, at, "to"))
        kind->control = TRANSACTION_CONTROL_NONE;
    look_chain(statement, at, kind);
}

/* REINDEX [(options)] what [CONCURRENTLY] name, in both places where CONCURRENTLY may stand. */
static void look_reindex(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    bool many = keyword_at(statement, at - 1, "schema") ||
                keyword_at(statement, at - 1, "database") ||
                keyword_at(statement, at - 1, "system");
    bool named = keyword_at(statement, at, "concurrently");
    bool concurrently = named || (mark_at(statement, 1, "(") &&
                                  option_state(statement, 2, "concurrently") == OPTION_ON);
    (void)read_name(statement, at + named, &kind->object);
    kind->not_in_transaction = many || concurrently;
    /* of many indexes nobody can tell whose leftovers a crash would leave */
    kind->settle = many           ? (concurrently ? SETTLE_NONE : SETTLE_REPEAT)
                   : concurrently ? SETTLE_REINDEX
                                  : SETTLE_NONE;
}

/* A subscription that makes no slot at the publisher may be created in a transaction. */
static void look_subscription(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    kind->not_in_transaction =
        statement->words_cut || (option_state(statement, at, "connect") != OPTION_OFF &&
                                 option_state(statement, at, "create_slot") != OPTION_OFF);
    if (!kind->not_in_transaction)
        kind->settle = SETTLE_NONE;
}

/* ALTER SUBSCRIPTION … REFRESH, or one of its PUBLICATION forms that refreshes by default. */
static void look_alter_subscription(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    bool publication = keyword_at(statement, at + 1, "publication");
    bool refreshes = publication && (keyword_at(statement, at, "refresh") ||
                                     option_state(statement, at, "refresh") != OPTION_OFF);
    kind->not_in_transaction = refreshes;
    kind->settle =
        refreshes && !keyword_at(statement, at, "add") && !keyword_at(statement, at, "drop")
            ? SETTLE_REPEAT
            : SETTLE_NONE;
}

/* Whether a word says this, whatever quotes stand around it: names of settings and their values. */
static bool says(const SplitterWord *word, const char *text)
{
    bool quotable = word->kind == WORD_KEYWORD || word->kind == WORD_QUOTED ||
                    word->kind == WORD_LITERAL || word->kind == WORD_NUMBER;
    return quotable && strcasecmp(word->text, text) == 0;
}

static bool says_one_of(const SplitterWord *word, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (says(word, texts[i]))
            return true;
    return false;
}

/* A setting that is more than one, by its name and what it is set to. `value` that is not there is
 * the setting's default. */
static void look_setting(const SplitterWord *name, const SplitterWord *value, StatementKind *kind)
{
    static const char *const roles[] = {"role", "session_authorization"};
    static const char *const modes[] = {"transaction_isolation", "transaction_read_only",
                                        "transaction_deferrable"};
    static const char *const utf8[] = {"utf8", "utf-8", "unicode", "default"};
    static const char *const off[] = {"off", "false", "no", "0", "default"};
    bool has_value = value->kind != WORD_PUNCTUATION;
    kind->changes_role |= says_one_of(name, roles, ARRAY_LEN(roles));
    kind->changes_encoding |= (says(name, "client_encoding") || says(name, "names")) && has_value &&
                              !says_one_of(value, utf8, ARRAY_LEN(utf8));
    kind->forbids_writing |= says(name, "default_transaction_read_only") && has_value &&
                             !says_one_of(value, off, ARRAY_LEN(off));
    if (says_one_of(name, modes, ARRAY_LEN(modes)))
        kind->control = TRANSACTION_CONTROL_OTHER;
}

/* SET [SESSION | LOCAL] …: which of them outlive the transaction, and which are about the role. */
static void look_set(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    bool local = keyword_at(statement, at, "local"), whole = keyword_at(statement, at, "session");
    if (local || (whole && !keyword_at(statement, at + 1, "authorization") &&
                  !keyword_at(statement, at + 1, "characteristics")))
        at++;
    kind->changes_role =
        keyword_at(statement, at, "session") && keyword_at(statement, at + 1, "authorization");
    kind->session_state = !local && !keyword_at(statement, at, "constraints");
    if (keyword_at(statement, at + 1, "characteristics")) {
        StatementKind modes = {0};
        look_modes(statement, at + 2, &modes);
        kind->forbids_writing = modes.read_only;
        return;
    }
    /* SET ROLE, NAMES have no sign between name and value */
    bool sign = mark_at(statement, at + 1, "=") || keyword_at(statement, at + 1, "to");
    look_setting(word_at(statement, at), word_at(statement, at + 1 + sign), kind);
}

/* RESET ALL takes the setting with it by which the applier knows its own group. */
static void look_reset(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    look_setting(word_at(statement, at), word_at(statement, statement->word_count), kind);
    kind->changes_role |=
        keyword_at(statement, at, "session") && keyword_at(statement, at + 1, "authorization");
    kind->breaks_session = keyword_at(statement, at, "all");
}

/* SELECT set_config(name, value, false): a SET in a function's clothes, as pg_dump writes it. */
static void look_select(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    for (; at < statement->word_count; at++) {
        if (!keyword_at(statement, at, "set_config") || !mark_at(statement, at + 1, "("))
            continue;
        size_t end = at + 1 + parenthesis_size(statement, at + 1);
        kind->session_state |= !keyword_at(statement, end - 2, "true");
        look_setting(word_at(statement, at + 2), word_at(statement, at + 4), kind);
    }
}

/* DROP [COLUMN] c among the actions of ALTER TABLE; DROP CONSTRAINT, DROP NOT NULL, DROP DEFAULT
 * and the like lose no data. */
static void look_alter_table(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    static const char *const harmless[] = {"constraint", "not", "default", "identity",
                                           "expression"};
    if (statement->words_cut && statement->seen & SEEN_DROP)
        kind->destructive = true;
    for (; at < statement->word_count; at++) {
        if (!keyword_at(statement, at, "drop"))
            continue;
        bool loses = true;
        for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
            loses &= !keyword_at(statement, at + 1, harmless[i]);
        kind->destructive |= loses;
    }
    kind->lock_estimate += (int)statement->reference_count;
}

static void look_create_table(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    (void)at;
    kind->lock_estimate += (int)statement->reference_count;
    for (size_t i = 0; i + 1 < statement->word_count; i++)
        if (keyword_at(statement, i, "partition") && keyword_at(statement, i + 1, "of"))
            kind->lock_estimate += 2; /* the parent and its default partition */
}

static void look_insert(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    at += keyword_at(statement, at, "into");
    (void)read_name(statement, at, &kind->target);
}

/* DELETE and UPDATE without WHERE. */
static void look_mass_change(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    kind->changes_in_place = true;
    at += keyword_at(statement, at, "from");
    at += keyword_at(statement, at, "only");
    (void)read_name(statement, at, &kind->target);
    kind->destructive = !(statement->seen & SEEN_WHERE);
}

/* WITH … whatever it does inside. */
static void look_with(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    (void)at;
    kind->destructive =
        statement->seen & (SEEN_DELETE | SEEN_UPDATE) && !(statement->seen & SEEN_WHERE_ANY);
}

static void look_copy(const SplitStatement *statement, size_t at, StatementKind *kind)
{
    (void)at;
    kind->copy_from_stdin = statement->copy == SPLITTER_COPY_FROM_STDIN;
    kind->copy_to_stdout = statement->copy == SPLITTER_COPY_TO_STDOUT;
    kind->copy_server_file =
        statement->copy == SPLITTER_COPY_FILE || statement->copy == SPLITTER_COPY_PROGRAM;
    kind->outside_effects = kind->copy_server_file;
}

/* The first row whose pattern fits decides; more special ones stand first. */
static const KindRow rows[] = {
    /* what scripts hold very many of comes first: no other row begins with these words */
    {"insert|merge", K_CHANGES, 3, 0, 0, look_insert},
    {"delete|update", K_CHANGES, 3, 0, 0, look_mass_change},

    /* transactions */
    {"begin work|transaction?", 0, 0, 0, TRANSACTION_CONTROL_BEGIN, look_modes},
    {"start transaction", 0, 0, 0, TRANSACTION_CONTROL_BEGIN, look_modes},
    {"commit|rollback prepared", K_NOT_TX, 0, 0, TRANSACTION_CONTROL_OTHER, NULL},
    {"commit|end work|transaction?", 0, 0, 0, TRANSACTION_CONTROL_COMMIT, look_chain},
    {"rollback|abort work|transaction?", 0, 0, 0, TRANSACTION_CONTROL_ROLLBACK, look_rollback},
    {"prepare transaction", 0, 0, 0, TRANSACTION_CONTROL_OTHER, NULL},

    /* the session */
    {"set local|session? transaction snapshot", 0, 0, 0, TRANSACTION_CONTROL_OTHER, NULL},
    {"set local|session? transaction", 0, 0, 0, TRANSACTION_CONTROL_MODES, look_modes},
    {"set", 0, 0, 0, 0, look_set},
    {"reset", K_SESSION, 0, 0, 0, look_reset},
    {"discard all", K_NOT_TX | K_BREAKS, 0, 0, 0, NULL},
    {"deallocate prepare? all", K_BREAKS, 0, 0, 0, NULL},
    {"prepare", K_SESSION, 3, 0, 0, NULL},

    /* outside transactions */
    /* without a name the server makes one, another each time: nothing to look for afterwards */
    {"create unique? index concurrently on only? %t", K_NOT_TX, 3, SETTLE_NONE, 0, NULL},
    {"create unique? index concurrently if? not? exists? %o? on only? %t", K_NOT_TX, 3,
     SETTLE_INDEX_PRESENT, 0, NULL},
    {"drop index concurrently if? exists? %o", K_NOT_TX, 2, SETTLE_INDEX_ABSENT, 0, NULL},
    {"reindex ()? index|table|schema|database|system", 0, 3, 0, 0, look_reindex},
    {"alter table if? exists? only? %t *? detach partition %o concurrently", K_NOT_TX, 3,
     SETTLE_DETACH, 0, NULL},
    {"vacuum", K_NOT_TX, 3, SETTLE_REPEAT, 0, NULL},
    {"cluster verbose? ()? $", K_NOT_TX, 3, SETTLE_REPEAT, 0, NULL},
    {"create database %o", K_NOT_TX | K_OUTSIDE, 0, SETTLE_DATABASE_PRESENT, 0, NULL},
    {"drop database if? exists? %o", K_NOT_TX | K_OUTSIDE | K_DESTRUCTIVE, 0,
     SETTLE_DATABASE_ABSENT, 0, NULL},
    {"alter database %o set tablespace", K_NOT_TX | K_OUTSIDE, 0, SETTLE_REPEAT, 0, NULL},
    {"create tablespace %o", K_NOT_TX | K_OUTSIDE, 0, SETTLE_TABLESPACE_PRESENT, 0, NULL},
    {"drop tablespace if? exists? %o", K_NOT_TX | K_OUTSIDE | K_DESTRUCTIVE, 0,
     SETTLE_TABLESPACE_ABSENT, 0, NULL},
    {"alter system", K_NOT_TX | K_OUTSIDE, 0, SETTLE_REPEAT, 0, NULL},
    {"create subscription %o", K_OUTSIDE, 0, SETTLE_SUBSCRIPTION_PRESENT, 0, look_subscription},
    {"alter subscription %o", K_OUTSIDE, 0, 0, 0, look_alter_subscription},
    {"drop subscription if? exists? %o", K_NOT_TX | K_OUTSIDE, 0, SETTLE_SUBSCRIPTION_ABSENT, 0,
     NULL},

    /* losing data */
    {"drop table|schema|sequence|type|domain|extension|owned|server", K_DESTRUCTIVE | K_EACH, 4, 0,
     0, NULL},
    {"drop foreign|materialized table|view", K_DESTRUCTIVE | K_EACH, 4, 0, 0, NULL},
    {"drop index|view|trigger|rule|policy", K_CASCADES | K_EACH, 2, 0, 0, NULL},
    {"drop", K_CASCADES | K_EACH, 1, 0, 0, NULL},
    {"truncate", K_DESTRUCTIVE | K_EACH, 4, 0, 0, NULL},
    {"with", K_ANSWERS | K_CHANGES, 3, 0, 0, look_with},

    /* the rest of what locks */
    {"alter type %o add value", K_ENUM_VALUE, 0, 0, 0, NULL},
    {"alter foreign? table|type", 0, 4, 0, 0, look_alter_table},
    {"alter materialized? view|index|sequence|domain|trigger|policy|rule", 0, 2, 0, 0, NULL},
    {"alter", 0, 1, 0, 0, NULL},
    {"create global|local? temporary|temp|unlogged? table", 0, 4, 0, 0, look_create_table},
    {"create foreign table", 0, 4, 0, 0, look_create_table},
    {"create materialized view", 0, 4, 0, 0, NULL},
    {"create unique? index", 0, 2, 0, 0, NULL},
    {"create", 0, 2, 0, 0, NULL},
    {"refresh|cluster|lock|reindex", 0, 4, 0, 0, NULL},
    {"comment|grant|revoke|analyze|security|import|call|do|explain", 0, 3, 0, 0, NULL},
    {"copy", 0, 3, 0, 0, look_copy},
    {"select|values|table", K_ANSWERS, 3, 0, 0, look_select},
};

static void apply_row(const SplitStatement *statement, const KindRow *row, size_t at,
                      StatementKind *kind)
{
    kind->not_in_transaction = row->bits & K_NOT_TX;
    kind->session_state = row->bits & K_SESSION;
    kind->breaks_session = row->bits & K_BREAKS;
    kind->destructive =
        row->bits & K_DESTRUCTIVE || (row->bits & K_CASCADES && statement->seen & SEEN_CASCADE);
    kind->outside_effects = row->bits & K_OUTSIDE;
    kind->adds_enum_value = row->bits & K_ENUM_VALUE;
    kind->answers = row->bits & K_ANSWERS;
    kind->changes_rows = row->bits & K_CHANGES;
    kind->settle = row->settle;
    kind->control = row->control;
    kind->lock_estimate = row->locks;
    if (row->bits & K_EACH)
        kind->lock_estimate *= (int)statement->list_size;
    if (row->look)
        row->look(statement, at, kind);
}

bool statement_inserts(const SplitStatement *statement, StatementName *ret_table)
{
    return keyword_at(statement, 0, "insert") && keyword_at(statement, 1, "into") &&
           read_name(statement, 2, ret_table) > 0;
}

static bool first_may_differ(const char *pattern)
{
    return pattern[strcspn(pattern, "| ")] == '|';
}

void statement_kind_of(const SplitStatement *statement, StatementKind *ret_kind)
{
    StatementKind kind = {0};
    char first = word_at(statement, 0)->text[0];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t at;
        /* most rows need no closer look, and a script may hold a million statements */
        if (rows[i].pattern[0] != first && !first_may_differ(rows[i].pattern))
            continue;
        if (match(statement, rows[i].pattern, &at, &kind)) {
            apply_row(statement, &rows[i], at, &kind);
            break;
        }
    }
    /* nothing is looked for; what a pattern read before it failed goes, too */
    if (kind.settle == SETTLE_NONE || kind.settle == SETTLE_REPEAT)
        kind.object = kind.table = (StatementName){0};
    kind.breaks_session |= (statement->seen & SEEN_UNLOCK_ALL) != 0;
    kind.outside_effects |= (statement->seen & SEEN_OUTSIDE) != 0;
    kind.parameters = (statement->seen & SEEN_FIRST_PARAMETER ? PARAMETER_FIRST : 0U) |
                      (statement->seen & SEEN_SECOND_PARAMETER ? PARAMETER_SECOND : 0U) |
                      (statement->seen & SEEN_OTHER_PARAMETER ? PARAMETER_OTHER : 0U);
    *ret_kind = kind;
}
