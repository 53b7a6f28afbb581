#include "planner/rehearsal/rehearsal_subject.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "migrations/script_directives.h"
#include "planner/packing/project_digests.h"

#define SEED_SIZE_MAX (64 << 20)
#define ROWS_MOST     10000

static void key_of(const Digest *digest, char ret_key[static REHEARSAL_KEY])
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    snprintf(ret_key, REHEARSAL_KEY, "%.64s", hex);
}

/* A text with its length in front, so that two texts never read as two others. */
static void add_text(DigestStream *stream, const char *bytes, size_t size)
{
    char length[24];
    int digits = snprintf(length, sizeof(length), "%zu:", size);
    digest_update(stream, length, (size_t)digits);
    digest_update(stream, bytes, size);
}

static void add_string(DigestStream *stream, const char *string)
{
    add_text(stream, string, strlen(string));
}

/* --- settings and versions ---------------------------------------------------------------------
 */

bool rehearsal_settings(const Project *project, const char *seeds, int64_t rows,
                        RehearsalSettings *ret_settings, char **ret_seeds, Error *err)
{
    const ProjectConfig *config = &project->config;
    uint64_t configured;
    if (!text_parse_uint(config->rehearsal_rows, strlen(config->rehearsal_rows), ROWS_MOST,
                         &configured))
        return error_set(err, ERROR_INTERNAL, "[rehearsal] rows was not checked");
    if (rows > ROWS_MOST)
        return error_set(err, ERROR_USAGE, "--rows takes at most %d", ROWS_MOST);
    *ret_seeds = NULL;
    if (seeds)
        *ret_seeds = memory_string(seeds);
    else if (*config->seeds)
        *ret_seeds = *config->seeds == '/' ? memory_string(config->seeds)
                                           : file_path(project->root, config->seeds);
    *ret_settings = (RehearsalSettings){
        .scope = config->scope,
        .seeds = *ret_seeds,
        .rows = rows < 0 ? (int64_t)configured : rows,
    };
    return true;
}

static bool has_version(const Project *project, const char *name)
{
    array_each (const ProjectVersion, version, &project->versions)
        if (strcmp(version->name, name) == 0)
            return true;
    return false;
}

void rehearsal_add_pending(Project *project)
{
    size_t first = project->migrations.count;
    while (first > 0 && project->migrations.items[first - 1].version < 0)
        first--;
    if (first == project->migrations.count)
        return;
    char *name = memory_string(REHEARSAL_PENDING);
    for (int number = 2; has_version(project, name); number++) {
        free(name);
        name = memory_format("%s-%d", REHEARSAL_PENDING, number);
    }
    *array_add(&project->versions) = (ProjectVersion){
        .name = name,
        .history = memory_string(project->history),
        .first_migration = first,
        .migration_count = project->migrations.count - first,
    };
    for (size_t i = first; i < project->migrations.count; i++)
        project->migrations.items[i].version = (int64_t)project->versions.count - 1;
}

/* --- scripts -----------------------------------------------------------------------------------
 */

typedef struct Reading {
    Text sql;
    DigestStream data;
} Reading;

static bool take_sql(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    text_add_n(&((Reading *)context)->sql, bytes, size);
    return true;
}

static bool take_data(void *context, const void *bytes, size_t size, Error *err UNUSED)
{
    digest_update(&((Reading *)context)->data, bytes, size);
    return true;
}

static void add_directives(DigestStream *stream, const ScriptDirectives *directives)
{
    char words[128];
    snprintf(words, sizeof(words), "%d %d %d %" PRId64 " %" PRId64, directives->no_transaction,
             directives->idempotent, directives->verify_in_transaction, directives->lock_timeout_ms,
             directives->statement_timeout_ms);
    add_string(stream, words);
    if (directives->nothing_to_undo)
        add_string(stream, "nothing-to-undo");
}

/* What a rehearsal puts in the place of site parameters. */
static void add_references(const Project *project, const Script *script, DigestStream *stream)
{
    array_each (const ScriptReference, reference, &script->references) {
        const ProjectValue *value = &project->config.values.items[reference->value];
        add_string(stream, value->name);
        add_string(stream, value_form_name(reference->form));
        add_string(stream, value->rehearse);
    }
}

/* The text of an up counts by its digest; what is rehearsed in its parameters' place does not. */
static bool add_up_references(const Project *project, const ProjectMigration *migration,
                              DigestStream *stream, Error *err)
{
    static const ScriptSink nowhere = {.without_files = true, .forgets_statements = true};
    CLEANUP(script_done) Script script = {0};
    if (!project->config.values.count)
        return true;
    if (!project_script_read(project, migration, PROJECT_UP, &nowhere, &script, err))
        return false;
    add_references(project, &script, stream);
    return true;
}

/* What a script does: its statements one by one, without what stands between them. */
static bool add_script(const Project *project, const ProjectMigration *migration,
                       ProjectScript which, DigestStream *stream, ScriptAckArray *acks, Error *err)
{
    add_string(stream, project_script_name(which));
    if (!migration->scripts[which])
        return true;
    Reading reading = {0};
    const ScriptSink sink = {.sql = take_sql, .data = take_data, .context = &reading};
    CLEANUP(script_done) Script script = {0};
    digest_begin(&reading.data);
    bool good = project_script_read(project, migration, which, &sink, &script, err);
    if (good) {
        add_directives(stream, &script.directives);
        array_each (const ScriptStatement, statement, &script.statements)
            add_text(stream, text_string(&reading.sql) + statement->offset,
                     (size_t)statement->length);
        add_references(project, &script, stream);
        Digest data = digest_end(&reading.data);
        digest_update(stream, data.bytes, sizeof(data.bytes));
    }
    if (good && which == PROJECT_DOWN) {
        *acks = script.directives.acks;
        script.directives.acks = (ScriptAckArray){0};
    }
    text_done(&reading.sql);
    return good;
}

/* A seed has the name of what it follows; an identity's slashes are written as two underscores. */
static char *seed_name(const char *name)
{
    Text text = {0};
    for (const char *at = name; *at; at++)
        if (*at == '/')
            text_add(&text, "__");
        else
            text_add_char(&text, *at);
    text_add(&text, ".sql");
    return text_take(&text);
}

static bool add_seed(const RehearsalSettings *settings, const char *name, DigestStream *stream,
                     bool *ret_there, Error *err)
{
    *ret_there = false;
    if (!settings->seeds)
        return true;
    CLEANUP(memory_freep) char *file = seed_name(name);
    CLEANUP(memory_freep) char *path = file_path(settings->seeds, file);
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size = 0;
    if (!file_exists(path))
        return true;
    if (!file_read_all(path, SEED_SIZE_MAX, &bytes, &size, err))
        return false;
    add_string(stream, "seed");
    add_text(stream, bytes, size);
    *ret_there = true;
    return true;
}

static bool seed_belongs(const Project *project, const char *file)
{
    array_each (const ProjectMigration, migration, &project->migrations) {
        CLEANUP(memory_freep) char *name = seed_name(migration->identity);
        if (strcmp(name, file) == 0)
            return true;
    }
    array_each (const ProjectVersion, version, &project->versions) {
        CLEANUP(memory_freep) char *name = seed_name(version->name);
        if (strcmp(name, file) == 0)
            return true;
    }
    return false;
}

static bool check_seeds(const Project *project, const RehearsalSettings *settings, Error *err)
{
    FileEntryArray entries = {0};
    bool good = !settings->seeds || file_list(settings->seeds, &entries, err);
    array_each (const FileEntry, entry, &entries)
        if (good && entry->name[0] != '.' && !seed_belongs(project, entry->name)) {
            error_set(err, ERROR_INPUT, "the seed '%s/%s' belongs to no migration and no version",
                      settings->seeds, entry->name);
            good = error_hint(err, "a seed is called IDENTITY.sql or VERSION.sql");
        }
    file_entries_free(&entries);
    return good;
}

/* --- keys --------------------------------------------------------------------------------------
 */

static bool up_digest(const Project *project, const ProjectMigration *migration, Digest *ret_digest,
                      Error *err)
{
    if (!migration->released)
        return project_digest(project, migration, ret_digest, err);
    *ret_digest = migration->sum_digest; /* which project_check_released compares */
    return true;
}

static bool read_migration(const Project *project, const RehearsalSettings *settings,
                           const ProjectMigration *migration, Digest *state,
                           SubjectMigration *subject, Error *err)
{
    DigestStream stream;
    Digest up;
    bool seeded;
    if (!up_digest(project, migration, &up, err))
        return false;
    digest_begin(&stream);
    digest_update(&stream, state->bytes, sizeof(state->bytes));
    digest_update(&stream, up.bytes, sizeof(up.bytes));
    if (!add_up_references(project, migration, &stream, err))
        return false;
    const char *history = project->versions.items[migration->version].history;
    add_string(&stream, history ? history : "");
    for (ProjectScript which = PROJECT_DOWN; which < PROJECT_SCRIPT_COUNT; which++)
        if (!add_script(project, migration, which, &stream, &subject->acks, err))
            return false;
    if (!add_seed(settings, migration->identity, &stream, &seeded, err))
        return false;
    *state = digest_end(&stream);
    subject->identity = migration->identity;
    key_of(state, subject->key);
    return true;
}

static bool read_version(const Project *project, const RehearsalSettings *settings,
                         const ProjectVersion *version, Digest *state, RehearsalSubject *subject,
                         Error *err)
{
    SubjectVersion *added = array_add(&subject->versions);
    size_t first = subject->migrations.count;
    DigestStream stream;
    bool seeded;
    Digest before = *state;
    for (size_t i = 0; i < version->migration_count; i++)
        if (!read_migration(project, settings,
                            &project->migrations.items[version->first_migration + i], state,
                            array_add(&subject->migrations), err))
            return false;
    digest_begin(&stream);
    add_string(&stream, "version");
    digest_update(&stream, before.bytes, sizeof(before.bytes));
    digest_update(&stream, state->bytes, sizeof(state->bytes));
    if (!add_seed(settings, version->name, &stream, &seeded, err))
        return false;
    Digest whole = digest_end(&stream);
    *added = (SubjectVersion){.name = version->name,
                              .first_migration = first,
                              .migration_count = version->migration_count};
    key_of(&whole, added->key);
    if (seeded)
        *state = whole; /* what follows runs on other rows */
    return true;
}

bool rehearsal_subject_read(const Project *project, const RehearsalSettings *settings, int64_t last,
                            RehearsalSubject *ret_subject, Error *err)
{
    CLEANUP(rehearsal_subject_done) RehearsalSubject subject = {0};
    DigestStream stream;
    char words[64];
    if (!check_seeds(project, settings, err) || !setup_scripts_read(project, &subject.setup, err))
        return false;
    digest_begin(&stream);
    snprintf(words, sizeof(words), "sealift-rehearsal %d %s rows %" PRId64,
             REHEARSAL_CATALOG_NUMBER, SEALIFT_VERSION, settings->rows);
    add_string(&stream, words);
    add_string(&stream, settings->scope);
    add_string(&stream, project->config.search_path);
    add_string(&stream, project->config.tolerate); /* no part of any schema */
    array_each (const SetupScript, script, &subject.setup) {
        add_string(&stream, script->name);
        add_string(&stream, script->sql);
    }
    Digest state = digest_end(&stream);
    key_of(&state, subject.start);
    for (int64_t i = 0; i <= last; i++)
        if (!read_version(project, settings, &project->versions.items[i], &state, &subject, err))
            return false;
    /* the boundaries between versions count here, which migrations' keys leave out */
    digest_begin(&stream);
    add_string(&stream, "run");
    array_each (SubjectVersion, version, &subject.versions) {
        add_string(&stream, version->key);
        DigestStream so_far = stream;
        Digest run = digest_end(&so_far);
        key_of(&run, version->run);
    }
    state = digest_end(&stream);
    key_of(&state, subject.run);
    *ret_subject = subject;
    subject = (RehearsalSubject){0};
    return true;
}

void rehearsal_subject_done(RehearsalSubject *subject)
{
    array_each (SubjectMigration, migration, &subject->migrations) {
        ScriptDirectives holder = {.acks = migration->acks};
        script_directives_done(&holder);
    }
    array_free(&subject->migrations);
    array_free(&subject->versions);
    setup_scripts_done(&subject->setup);
    *subject = (RehearsalSubject){0};
}

const SubjectMigration *rehearsal_subject_migration(const RehearsalSubject *subject,
                                                    const char *identity)
{
    array_each (const SubjectMigration, migration, &subject->migrations)
        if (strcmp(migration->identity, identity) == 0)
            return migration;
    return NULL;
}

const char *rehearsal_subject_key(const RehearsalSubject *subject, bool of_version,
                                  const char *name)
{
    if (!of_version) {
        const SubjectMigration *migration = rehearsal_subject_migration(subject, name);
        return migration ? migration->key : NULL;
    }
    array_each (const SubjectVersion, version, &subject->versions)
        if (strcmp(version->name, name) == 0)
            return version->key;
    return NULL;
}
