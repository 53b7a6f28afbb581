#include "planner/history/history.h"

#include <stdarg.h>

#include "base/file.h"
#include "planner/history/history_writer.h"

#define SCRIPT_SIZE_MAX (INT64_C(1) << 30)

static const HistoryWriter *const writers[] = {
    &history_golang_migrate, &history_diesel,   &history_dbmate,    &history_goose,
    &history_node_pg,        &history_sqlx,     &history_prisma,    &history_flyway,
    &history_sqitch,         &history_graphile, &history_liquibase,
};

struct History {
    const Project *project;
    const HistoryWriter *writer; /* of the project's layout; NULL where no version keeps one */
    void *state;                 /* the writer's */
};

/* --- what writers share ---------------------------------------------------------------------- */

void history_statements_done(HistoryStatements *statements)
{
    array_each (char *, statement, statements)
        free(*statement);
    array_free(statements);
}

const ProjectMigration *history_migration(const HistoryJob *job, size_t migration)
{
    return &job->project->migrations.items[migration];
}

void history_add(HistoryStatements *statements, Text *statement)
{
    *array_add(statements) = text_take(statement);
}

void history_addf(HistoryStatements *statements, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *array_add(statements) = memory_vformat(format, arguments);
    va_end(arguments);
}

/* With a backslash in it as E'…', where a backslash is always one. */
char *history_literal(const char *text)
{
    Text literal = {0};
    if (!text)
        return memory_string("NULL");
    text_add(&literal, strchr(text, '\\') ? "E'" : "'");
    for (const char *at = text; *at; at++) {
        if (*at == '\'' || *at == '\\')
            text_add_char(&literal, *at);
        text_add_char(&literal, *at);
    }
    text_add_char(&literal, '\'');
    return text_take(&literal);
}

char *history_identifier(const char *name)
{
    Text identifier = {0};
    text_add_char(&identifier, '"');
    for (const char *at = name; *at; at++) {
        if (*at == '"')
            text_add_char(&identifier, '"');
        text_add_char(&identifier, *at);
    }
    text_add_char(&identifier, '"');
    return text_take(&identifier);
}

char *history_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    size_t zeros = strspn(text, "0");
    if (zeros == digits)
        return memory_string("0");
    return memory_string_n(text + zeros, digits - zeros);
}

bool history_read_up(const HistoryJob *job, size_t migration, char **ret_bytes, size_t *ret_size,
                     Error *err)
{
    CLEANUP(memory_freep)
    char *path = project_script_path(job->project, history_migration(job, migration), PROJECT_UP);
    return file_read_all(path, SCRIPT_SIZE_MAX, ret_bytes, ret_size, err);
}

/* --- lifetime -------------------------------------------------------------------------------- */

/* How many versions have rows: those up to the last that keeps a history, which notes what is
 * before it; all where the next one will. */
static size_t count_noted(const Project *project)
{
    size_t count = project->history ? project->versions.count : 0;
    for (size_t i = count; i < project->versions.count; i++)
        if (project->versions.items[i].history)
            count = i + 1;
    return count;
}

static bool is_kept(const Project *project)
{
    return project->history || count_noted(project) > 0;
}

bool history_check_version(History *history, const char *version, Error *err)
{
    const HistoryJob job = {.project = history->project, .state = history->state};
    return !history->writer || !history->writer->check_version ||
           history->writer->check_version(&job, version, err);
}

bool history_open(const Project *project, History **ret_history, Error *err)
{
    CLEANUP(history_freep) History *history = memory_new(History);
    history->project = project;
    for (size_t i = 0; is_kept(project) && i < ARRAY_LEN(writers); i++)
        if (writers[i]->layout == project->layout)
            history->writer = writers[i];
    if (history->writer && history->writer->open) {
        HistoryJob job = {.project = project};
        if (!history->writer->open(&job, err))
            return false;
        history->state = job.state;
    }
    for (size_t i = 0, count = count_noted(project); i < count; i++)
        if (project->versions.items[i].released &&
            !history_check_version(history, project->versions.items[i].name, err))
            return false;
    *ret_history = TAKE_PTR(history);
    return true;
}

void history_free(History *history)
{
    if (!history)
        return;
    if (history->writer && history->writer->close)
        history->writer->close(&(HistoryJob){.state = history->state});
    free(history);
}

/* --- statements ------------------------------------------------------------------------------ */

/* The mark of a migration's version; NULL: it keeps no history. */
static const char *mark_of(const Project *project, size_t migration)
{
    int64_t version = project->migrations.items[migration].version;
    return version < 0 ? project->history : project->versions.items[version].history;
}

static void add_text(const HistoryJob *job, const HistoryStatements *statements, Text *text)
{
    text_addf(text, "-- added by planner: what %s notes in %s\n", layout_name(job->project->layout),
              job->name);
    array_each (char *const, statement, statements)
        text_addf(text, "%s;\n", *statement);
}

/* Where no migration before it is noted in this table, all of them are. */
static bool add_applied(const History *history, const HistoryJob *job, size_t migration,
                        HistoryStatements *statements, Error *err)
{
    const HistoryWriter *writer = history->writer;
    const char *before = migration ? mark_of(job->project, migration - 1) : NULL;
    if (!before || strcmp(before, mark_of(job->project, migration)) != 0) {
        if (!writer->create(job, statements, err))
            return false;
        for (size_t i = 0; !writer->one_row && i < migration; i++)
            if (!writer->applied(job, i, statements, err))
                return false;
    }
    return writer->applied(job, migration, statements, err);
}

static bool add_reverted(const History *history, const HistoryJob *job, size_t migration,
                         HistoryStatements *statements, Error *err)
{
    return history->writer->reverted(job, migration, statements, err);
}

typedef bool AddStatements(const History *history, const HistoryJob *job, size_t migration,
                           HistoryStatements *statements, Error *err);

static char *name_of(const HistoryPlace *place)
{
    CLEANUP(memory_freep) char *schema = history_identifier(place->schema);
    if (!place->table)
        return TAKE_PTR(schema);
    CLEANUP(memory_freep) char *table = history_identifier(place->table);
    return memory_format("%s.%s", schema, table);
}

static bool make_text(const History *history, size_t migration, AddStatements *add, Text *ret_text,
                      Error *err)
{
    const char *mark = mark_of(history->project, migration);
    CLEANUP(history_place_done) HistoryPlace place = {0};
    CLEANUP(history_statements_done) HistoryStatements statements = {0};
    if (!mark || !history->writer)
        return true;
    if (!history_mark_parse(mark, &place))
        return error_set(err, ERROR_INTERNAL, "the mark '%s' was not checked", mark);
    CLEANUP(memory_freep) char *name = name_of(&place);
    const HistoryJob job = {history->project, &place, name, history->state};
    if (!add(history, &job, migration, &statements, err))
        return error_wrap(err, "writing what %s would note of '%s'",
                          layout_name(history->project->layout),
                          history->project->migrations.items[migration].identity);
    add_text(&job, &statements, ret_text);
    return true;
}

bool history_up_text(History *history, size_t migration, Text *ret_text, Error *err)
{
    return make_text(history, migration, add_applied, ret_text, err);
}

bool history_down_text(History *history, size_t migration, Text *ret_text, Error *err)
{
    return make_text(history, migration, add_reverted, ret_text, err);
}

/* --- what is no part of the schema ------------------------------------------------------------ */

/* As fingerprints write a name. */
static char *written(const char *name)
{
    bool plain = !(*name >= '0' && *name <= '9') &&
                 strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(name);
    return plain ? memory_string(name) : history_identifier(name);
}

static void tolerate(Manifest *manifest, const char *kind, char *identity)
{
    array_each (const ManifestTolerated, there, &manifest->tolerated) {
        if (strcmp(there->kind, kind) == 0 && strcmp(there->identity, identity) == 0) {
            free(identity);
            return;
        }
    }
    *array_add(&manifest->tolerated) = (ManifestTolerated){memory_string(kind), identity};
}

static void tolerate_table(const char *schema, const char *name, Manifest *manifest)
{
    CLEANUP(memory_freep) char *table = written(name);
    tolerate(manifest, "*", memory_format("%s.%s.*", schema, table));
    tolerate(manifest, "*", memory_format("%s.%s", schema, table));
}

static void tolerate_place(const HistoryPlace *place, Manifest *manifest)
{
    CLEANUP(memory_freep) char *schema = written(place->schema);
    if (!place->table) {
        tolerate(manifest, "*", memory_format("%s.*", schema));
        tolerate(manifest, "schema", memory_string(schema));
        return;
    }
    CLEANUP(memory_freep) char *plain = memory_format("%s_id_seq", place->table);
    CLEANUP(memory_freep) char *sequence = written(plain);
    tolerate_table(schema, place->table, manifest);
    tolerate(manifest, "sequence", memory_format("%s.%s", schema, sequence));
    if (place->beside)
        tolerate_table(schema, place->beside, manifest);
}

void history_tolerate(const Project *project, int64_t last, Manifest *manifest)
{
    for (int64_t i = 0; i <= last; i++) {
        const char *mark = project->versions.items[i].history;
        CLEANUP(history_place_done) HistoryPlace place = {0};
        if (mark && history_mark_parse(mark, &place))
            tolerate_place(&place, manifest);
    }
}
