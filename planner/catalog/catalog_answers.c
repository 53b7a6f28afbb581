#include "planner/catalog/catalog_answers.h"

#include <ctype.h>

#include "base/file.h"

void catalog_answers_done(CatalogAnswers *answers)
{
    fingerprint_done(&answers->before);
    free(answers->identity);
    rehearsals_done(&answers->rehearsals);
    rehearsal_subject_done(&answers->subject);
    catalog_free(answers->catalog);
    project_done(&answers->project);
    *answers = (CatalogAnswers){0};
}

/* --- opening -----------------------------------------------------------------------------------
 */

/* As far as the scripts can be read: lint must not end at what it is there to report. */
static bool read_subject(const char *root, CatalogAnswers *answers)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(memory_freep) char *seeds = NULL;
    RehearsalSettings settings;
    if (!project_read(root, &answers->project, &ignored))
        return false;
    rehearsal_add_pending(&answers->project);
    return rehearsal_settings(&answers->project, /* seeds= */ NULL, /* rows= */ -1, &settings,
                              &seeds, &ignored) &&
           rehearsal_subject_read(&answers->project, &settings,
                                  (int64_t)answers->project.versions.count - 1, &answers->subject,
                                  &ignored);
}

static bool load(CatalogAnswers *answers, Error *err)
{
    CLEANUP(memory_freep) int64_t *majors = NULL;
    size_t count = 0;
    if (!catalog_majors(answers->catalog, &majors, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!catalog_load(answers->catalog, &answers->subject, majors[i],
                          /* server_version= */ NULL, array_add(&answers->rehearsals), err))
            return false;
    return true;
}

bool catalog_answers_open(const char *root, CatalogAnswers *ret_answers, Error *err)
{
    CLEANUP(catalog_answers_done) CatalogAnswers answers = {0};
    CLEANUP(memory_freep) char *path = file_path(root, ".sealift/catalog.db");
    if (!file_exists(path))
        return true;
    if (read_subject(root, &answers) &&
        (!catalog_open(root, &answers.catalog, /* ret_lost= */ NULL, err) || !load(&answers, err)))
        return false;
    *ret_answers = answers;
    answers = (CatalogAnswers){0};
    return true;
}

/* --- the schema before a migration -------------------------------------------------------------
 */

/* Read the newest major's; kept until another migration is asked about. */
static bool read_before(CatalogAnswers *answers, const char *identity, Error *err)
{
    if (answers->identity && strcmp(answers->identity, identity) == 0)
        return true;
    fingerprint_done(&answers->before);
    free(answers->identity);
    answers->identity = memory_string(identity);
    answers->before_known = false;
    for (size_t i = answers->rehearsals.count; i-- > 0 && !answers->before_known;) {
        const RehearsalVerdict *verdict =
            rehearsal_verdict(&answers->rehearsals.items[i], /* of_version= */ false, identity);
        CLEANUP(text_done) Text text = {0};
        if (!verdict || !*verdict->before)
            continue;
        if (!catalog_text(answers->catalog, verdict->before, &text, err) ||
            !fingerprint_parse(text_string(&text), text.length, &answers->before, err))
            return error_wrap(err, "the schema before '%s'", identity);
        answers->before_known = true;
    }
    return true;
}

static const FingerprintRow *find_row(const CatalogAnswers *answers, FingerprintClass class,
                                      const char *kind, const char *identity)
{
    array_each (const FingerprintRow, row, &answers->before.rows)
        if (row->class == class && strcmp(row->kind, kind) == 0 &&
            strcmp(row->identity, identity) == 0)
            return row;
    return NULL;
}

/* --- for lint ----------------------------------------------------------------------------------
 */

/* "schema.name" of plain letters, which is written the same with and without quotes. */
static bool is_plain(const char *relation)
{
    const char *dot = strchr(relation, '.');
    if (!dot || dot == relation || !dot[1])
        return false;
    for (const char *at = relation; *at; at++)
        if (at != dot && *at != '_' && !(*at >= 'a' && *at <= 'z') && !(*at >= '0' && *at <= '9'))
            return false;
    return true;
}

static bool is_relation_before(const CatalogAnswers *answers, const char *relation)
{
    static const char *const kinds[] = {"table", "matview", "view", "foreign table", "sequence"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (find_row(answers, FINGERPRINT_CORE, kinds[i], relation))
            return true;
    return false;
}

static bool has_storage(const CatalogAnswers *answers, const char *relation)
{
    return find_row(answers, FINGERPRINT_CORE, "table", relation) ||
           find_row(answers, FINGERPRINT_CORE, "matview", relation);
}

/* The measure of the statement: the one in its line; of several in a line the one whose number it
 * has, as long as no BEGIN or COMMIT stands between. */
static const RehearsalMeasured *find_measured(const Rehearsal *rehearsal,
                                              const LintMeasuredPlace *place)
{
    const RehearsalMeasured *in_line = NULL;
    size_t count = 0;
    array_each (const RehearsalMeasured, measured, &rehearsal->measured) {
        if (measured->script != SCRIPT_UP || measured->line != place->line ||
            strcmp(measured->identity, place->identity) != 0)
            continue;
        count++;
        if (count == 1 || measured->statement == place->ordinal + 1)
            in_line = measured;
    }
    return count < 2 || in_line->statement == place->ordinal + 1 ? in_line : NULL;
}

static void add_measure(const CatalogAnswers *answers, const RehearsalMeasured *measured,
                        LintMeasurement *measurement)
{
    measurement->rewrites_known = true;
    measurement->locks_known = !measured->declared;
    array_each (const RehearsalRelation, relation, &measured->relations) {
        if (!is_relation_before(answers, relation->relation))
            continue;
        if (relation->rewritten && has_storage(answers, relation->relation))
            *array_add(&measurement->rewritten) = memory_string(relation->relation);
        if (relation->scanned) {
            *array_add(&measurement->scanned) = memory_string(relation->relation);
            measurement->scans_known = true;
        }
        if (*relation->lock && !measured->declared)
            *array_add(&measurement->locks) = (LintMeasuredLock){memory_string(relation->relation),
                                                                 memory_string(relation->lock)};
    }
}

/* Names that are not plain could be meant otherwise than they are compared: then nothing is said.
 */
static bool find_measure(void *context, const LintMeasuredPlace *place,
                         LintMeasurement *ret_measurement, Error *err)
{
    CatalogAnswers *answers = context;
    if (strcmp(place->script, script_kind_name(SCRIPT_UP)) != 0)
        return true;
    if (!read_before(answers, place->identity, err))
        return false;
    array_each (const Rehearsal, rehearsal, &answers->rehearsals) {
        const RehearsalMeasured *measured = find_measured(rehearsal, place);
        if (!measured || !answers->before_known)
            continue;
        array_each (const RehearsalRelation, relation, &measured->relations)
            if (!is_plain(relation->relation))
                return true;
        add_measure(answers, measured, ret_measurement);
    }
    return true;
}

LintMeasured catalog_answers_measured(CatalogAnswers *answers)
{
    return (LintMeasured){find_measure, answers};
}

/* --- for derived rollbacks ---------------------------------------------------------------------
 */

/* A name as fingerprints write it. */
static void add_name(Text *text, const char *name)
{
    bool plain = !isdigit((unsigned char)*name) && *name;
    for (const char *at = name; plain && *at; at++)
        plain = *at == '_' || (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
    if (plain) {
        text_add(text, name);
        return;
    }
    text_add_char(text, '"');
    for (const char *at = name; *at; at++)
        text_add(text, *at == '"' ? "\"\"" : (char[]){*at, '\0'});
    text_add_char(text, '"');
}

static char *identity_of(const BeforeQuestion *question, bool with_sub)
{
    Text text = {0};
    add_name(&text, question->schema);
    text_add_char(&text, '.');
    add_name(&text, question->name);
    if (with_sub) {
        text_add_char(&text, '.');
        add_name(&text, question->sub);
    }
    return text_take(&text);
}

/* An object whose definition is SQL as it stands: the answer is that, or that it was not there. */
static BeforeAnswer answer_row(const CatalogAnswers *answers, const char *kind,
                               const char *identity, char **ret_definition)
{
    const FingerprintRow *row = find_row(answers, FINGERPRINT_CORE, kind, identity);
    if (!row)
        return BEFORE_ABSENT;
    *ret_definition = memory_string(row->definition);
    return BEFORE_KNOWN;
}

static BeforeAnswer answer_function(const CatalogAnswers *answers, const BeforeQuestion *question,
                                    char **ret_definition)
{
    CLEANUP(memory_freep) char *name = identity_of(question, /* with_sub= */ false);
    CLEANUP(memory_freep) char *identity = memory_format("%s(%s)", name, question->sub);
    const FingerprintRow *row = find_row(answers, FINGERPRINT_CORE, "function", identity);
    if (!row)
        row = find_row(answers, FINGERPRINT_CORE, "procedure", identity);
    /* types can be written in several ways: what is not found so is not known to be absent */
    if (!row || strncmp(row->definition, "CREATE OR REPLACE ", 18) != 0)
        return BEFORE_UNKNOWN;
    size_t length = strlen(row->definition);
    while (length && isspace((unsigned char)row->definition[length - 1]))
        length--;
    *ret_definition = memory_string_n(row->definition, length);
    return BEFORE_KNOWN;
}

/* A view with options of its own is more than its text. */
static BeforeAnswer answer_view(const CatalogAnswers *answers, const char *identity,
                                char **ret_definition)
{
    const FingerprintRow *view = find_row(answers, FINGERPRINT_CORE, "view", identity);
    const FingerprintRow *text = find_row(answers, FINGERPRINT_DEPARSE, "view text", identity);
    if (!view)
        return BEFORE_ABSENT;
    if (*view->definition || !text)
        return BEFORE_UNKNOWN;
    size_t length = strlen(text->definition);
    while (length && (isspace((unsigned char)text->definition[length - 1]) ||
                      text->definition[length - 1] == ';'))
        length--;
    *ret_definition = memory_format("CREATE OR REPLACE VIEW %s AS\n%.*s", identity, (int)length,
                                    text->definition);
    return BEFORE_KNOWN;
}

/* A constraint that was inherited, a trigger that was switched: the row says more than the SQL. */
static BeforeAnswer answer_part(const CatalogAnswers *answers, const char *kind,
                                const BeforeQuestion *question, const char *more,
                                char **ret_definition)
{
    CLEANUP(memory_freep) char *identity = identity_of(question, /* with_sub= */ true);
    BeforeAnswer answer = answer_row(answers, kind, identity, ret_definition);
    if (answer != BEFORE_KNOWN)
        return answer;
    for (const char *word = more; *word; word += strlen(word) + 1)
        if (text_has_suffix(*ret_definition, word)) {
            free(TAKE_PTR(*ret_definition));
            return BEFORE_UNKNOWN;
        }
    return BEFORE_KNOWN;
}

/* What may stand behind a default, or in its place; with one of these the row is not read further.
 */
static bool says_more(const char *definition)
{
    static const char *const words[] = {" generated ",  " storage ",   " compression ",
                                        " statistics ", " options ",   " fdw options ",
                                        " inherited",   " no inherit", " not valid"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(definition, words[i]))
            return true;
    return false;
}

static BeforeAnswer answer_column(const CatalogAnswers *answers, const BeforeQuestion *question,
                                  char **ret_definition)
{
    CLEANUP(memory_freep) char *identity = identity_of(question, /* with_sub= */ true);
    const FingerprintRow *row = find_row(answers, FINGERPRINT_CORE, "column", identity);
    if (!row)
        return BEFORE_ABSENT;
    if (says_more(row->definition))
        return BEFORE_UNKNOWN;
    const char *expression = strstr(row->definition, " default ");
    const char *not_null = strstr(row->definition, " not null");
    if (question->kind == BEFORE_DEFAULT)
        *ret_definition = memory_string(expression ? expression + strlen(" default ") : "");
    else
        *ret_definition =
            memory_string(not_null && (!expression || not_null < expression) ? "t" : "f");
    return BEFORE_KNOWN;
}

static BeforeAnswer answer_comment(const CatalogAnswers *answers, const BeforeQuestion *question,
                                   char **ret_definition)
{
    bool of_column = *question->sub;
    CLEANUP(memory_freep) char *identity = identity_of(question, of_column);
    CLEANUP(memory_freep) char *column = memory_format("column %s", identity);
    static const char *const kinds[] = {"table", "view", "matview", "foreign table", "sequence"};
    const FingerprintRow *row =
        of_column ? find_row(answers, FINGERPRINT_ENV, "comment", column) : NULL;
    bool there = of_column && find_row(answers, FINGERPRINT_CORE, "column", identity);
    for (size_t i = 0; !of_column && i < ARRAY_LEN(kinds); i++) {
        CLEANUP(memory_freep) char *named = memory_format("%s %s", kinds[i], identity);
        there |= find_row(answers, FINGERPRINT_CORE, kinds[i], identity) != NULL;
        row = row ? row : find_row(answers, FINGERPRINT_ENV, "comment", named);
    }
    if (!there)
        return BEFORE_ABSENT;
    *ret_definition = memory_string(row ? row->definition : "");
    return BEFORE_KNOWN;
}

static BeforeAnswer answer(const CatalogAnswers *answers, const BeforeQuestion *question,
                           char **ret_definition)
{
    CLEANUP(memory_freep) char *identity = identity_of(question, /* with_sub= */ false);
    switch (question->kind) {
    case BEFORE_FUNCTION:
        return answer_function(answers, question, ret_definition);
    case BEFORE_VIEW:
        return answer_view(answers, identity, ret_definition);
    case BEFORE_CONSTRAINT:
        return answer_part(answers, "constraint", question, " inherited\0", ret_definition);
    case BEFORE_TRIGGER:
        return answer_part(answers, "trigger", question,
                           " disabled\0 replica\0 always\0as on the parent\0", ret_definition);
    case BEFORE_DEFAULT:
    case BEFORE_NOT_NULL:
        return answer_column(answers, question, ret_definition);
    case BEFORE_COMMENT:
        return answer_comment(answers, question, ret_definition);
    /* their rows are not SQL, or hold what is another at each site */
    case BEFORE_MATVIEW:
    case BEFORE_INDEX:
    case BEFORE_TRIGGER_STATE:
    case BEFORE_RULE:
    case BEFORE_STATISTICS:
    case BEFORE_STORAGE:
    case BEFORE_OPTIONS:
    case BEFORE_ROW_SECURITY:
    case BEFORE_OWNER:
    case BEFORE_ACL:
        return BEFORE_UNKNOWN;
    }
    return BEFORE_UNKNOWN;
}

static bool find_before(void *context, const BeforeQuestion *question, BeforeAnswer *ret_answer,
                        char **ret_definition, Error *err)
{
    CatalogAnswers *answers = context;
    if (!read_before(answers, question->migration, err))
        return false;
    *ret_answer =
        answers->before_known ? answer(answers, question, ret_definition) : BEFORE_UNKNOWN;
    return true;
}

BeforeState catalog_answers_before(CatalogAnswers *answers)
{
    return (BeforeState){find_before, answers};
}
