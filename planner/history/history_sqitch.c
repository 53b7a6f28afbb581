/* sqitch: a schema with what is deployed (changes, tags, dependencies) and all that ever happened
 * (events). Changes and tags are known by SHA-1 of a text that holds the id of the change before,
 * so that the plan alone gives them. Who deployed is known at the site only: the role. */
#include "base/file.h"
#include "base/sha1.h"
#include "migrations/sqitch_config.h"
#include "migrations/sqitch_plan.h"
#include "planner/history/history_writer.h"

#define REGISTRY_VERSION "1.1"
#define CONFIG_FILE      "sqitch.conf"
#define COMMITTER        "session_user, session_user || '@' || current_database()"

typedef struct SqitchHistory {
    SqitchPlan plan;
    char *file; /* owned: the plan's path in the project */
} SqitchHistory;

static const char *id_of(const SqitchHistory *history, size_t change)
{
    return history->plan.changes.items[change].id;
}

/* A dependency as sqitch's registry has it: NAME@TAG, or an id. */
static void add_reference(const SqitchDepend *depend, Text *text)
{
    if (depend->id)
        text_add(text, depend->id);
    else
        text_addf(text, "%s%s%s", depend->name ? depend->name : "", depend->tag ? "@" : "",
                  depend->tag ? depend->tag : "");
}

/* --- the plan -------------------------------------------------------------------------------- */

static void close_plan(HistoryJob *job)
{
    SqitchHistory *history = job->state;
    if (!history)
        return;
    sqitch_plan_done(&history->plan);
    free(history->file);
    free(history);
    job->state = NULL;
}

static bool open_plan(HistoryJob *job, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(job->project->config.folder, CONFIG_FILE);
    CLEANUP(memory_freep) char *config_path = file_path(job->project->root, name);
    CLEANUP(sqitch_config_done) SqitchConfig config = {0};
    CLEANUP(findings_done) FindingArray said = {0}; /* the layout has said it */
    SqitchHistory *history = memory_new(SqitchHistory);
    job->state = history;
    if (sqitch_config_read(config_path, name, &said, &config, err)) {
        history->file = file_path(job->project->config.folder, config.plan_file);
        CLEANUP(memory_freep) char *path = file_path(job->project->root, history->file);
        if (sqitch_plan_read(path, history->file, &history->plan, err))
            return true;
    }
    close_plan(job);
    return false;
}

/* The change of a migration. Its identity is the name, or "NAME.2" of a second instance: both as
 * layout_sqitch gives them. */
static size_t change_of(const HistoryJob *job, size_t migration)
{
    const SqitchHistory *history = job->state;
    const char *identity = history_migration(job, migration)->identity;
    size_t count = history->plan.changes.count;
    for (size_t i = 0; i < count; i++) {
        const char *name = history->plan.changes.items[i].name;
        size_t instance = 1;
        if (!text_has_prefix(identity, name))
            continue;
        for (size_t j = 0; j < i; j++)
            instance += strcmp(history->plan.changes.items[j].name, name) == 0;
        CLEANUP(memory_freep)
        char *called =
            instance == 1 ? memory_string(name) : memory_format("%s.%zu", name, instance);
        if (strcmp(called, identity) == 0)
            return i;
    }
    return 0; /* the layout has read the migration from this plan */
}

static const SqitchTag *find_tag(const SqitchHistory *history, const char *name)
{
    array_each (const SqitchTag, tag, &history->plan.tags)
        if (strcmp(tag->name, name) == 0)
            return tag;
    return NULL;
}

/* A tag that comes after the release would give the version a row that its bundles do not have. */
static bool check_version(const HistoryJob *job, const char *version, Error *err)
{
    const SqitchHistory *history = job->state;
    if (find_tag(history, version))
        return true;
    error_set(err, ERROR_INPUT,
              "%s: there is no tag '@%s', which sqitch would note with version %s", history->file,
              version, version);
    return error_hint(err,
                      "'sqitch tag %s CHANGE' sets it, on the last change of that version; keep is "
                      "in [foreign-history] of " PROJECT_CONFIG_NAME,
                      version);
}

/* --- the registry ---------------------------------------------------------------------------- */

/* The tables of registry 1.1; %s is the schema. */
static const char *const registry[] = {
    "CREATE SCHEMA IF NOT EXISTS %1$s",
    "CREATE TABLE IF NOT EXISTS %1$s.releases (version real PRIMARY KEY, installed_at timestamptz "
    "NOT NULL DEFAULT clock_timestamp(), installer_name text NOT NULL, installer_email text NOT "
    "NULL)",
    "CREATE TABLE IF NOT EXISTS %1$s.projects (project text PRIMARY KEY, uri text UNIQUE, "
    "created_at timestamptz NOT NULL DEFAULT clock_timestamp(), creator_name text NOT NULL, "
    "creator_email text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS %1$s.changes (change_id text PRIMARY KEY, script_hash text, change "
    "text NOT NULL, project text NOT NULL REFERENCES %1$s.projects (project) ON UPDATE CASCADE, "
    "note text NOT NULL DEFAULT '', committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
    "committer_name text NOT NULL, committer_email text NOT NULL, planned_at timestamptz NOT NULL, "
    "planner_name text NOT NULL, planner_email text NOT NULL, UNIQUE (project, script_hash))",
    "CREATE TABLE IF NOT EXISTS %1$s.tags (tag_id text PRIMARY KEY, tag text NOT NULL, project "
    "text NOT NULL REFERENCES %1$s.projects (project) ON UPDATE CASCADE, change_id text NOT NULL "
    "REFERENCES %1$s.changes (change_id) ON UPDATE CASCADE, note text NOT NULL DEFAULT '', "
    "committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, "
    "committer_email text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL, "
    "planner_email text NOT NULL, UNIQUE (project, tag))",
    "CREATE TABLE IF NOT EXISTS %1$s.dependencies (change_id text NOT NULL REFERENCES %1$s.changes "
    "(change_id) ON UPDATE CASCADE ON DELETE CASCADE, type text NOT NULL, dependency text NOT "
    "NULL, dependency_id text REFERENCES %1$s.changes (change_id) ON UPDATE CASCADE CONSTRAINT "
    "dependencies_check CHECK ((type = 'require' AND dependency_id IS NOT NULL) OR (type = "
    "'conflict' AND dependency_id IS NULL)), PRIMARY KEY (change_id, dependency))",
    "CREATE TABLE IF NOT EXISTS %1$s.events (event text NOT NULL CONSTRAINT events_event_check "
    "CHECK (event IN ('deploy', 'revert', 'fail', 'merge')), change_id text NOT NULL, change text "
    "NOT NULL, project text NOT NULL REFERENCES %1$s.projects (project) ON UPDATE CASCADE, note "
    "text NOT NULL DEFAULT '', requires text[] NOT NULL DEFAULT '{}', conflicts text[] NOT NULL "
    "DEFAULT '{}', tags text[] NOT NULL DEFAULT '{}', committed_at timestamptz NOT NULL DEFAULT "
    "clock_timestamp(), committer_name text NOT NULL, committer_email text NOT NULL, planned_at "
    "timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT NULL, PRIMARY KEY "
    "(change_id, committed_at))",
    "INSERT INTO %1$s.releases (version, installer_name, installer_email) SELECT " REGISTRY_VERSION
    ", " COMMITTER " WHERE NOT EXISTS (SELECT FROM %1$s.releases)",
};

/* `format` with the schema in place of each %1$s. */
static void add_registry(const char *format, const char *schema, HistoryStatements *statements)
{
    static const char mark[] = "%1$s";
    Text statement = {0};
    for (const char *at = format, *next; *at; at = next) {
        next = strstr(at, mark);
        text_add_n(&statement, at, next ? (size_t)(next - at) : strlen(at));
        if (!next)
            break;
        text_add(&statement, schema);
        next += strlen(mark);
    }
    history_add(statements, &statement);
}

static bool create(const HistoryJob *job, HistoryStatements *statements, Error *err UNUSED)
{
    const SqitchHistory *history = job->state;
    CLEANUP(memory_freep) char *project = history_literal(history->plan.project);
    CLEANUP(memory_freep) char *uri = history_literal(history->plan.uri);
    for (size_t i = 0; i < ARRAY_LEN(registry); i++)
        add_registry(registry[i], job->name, statements);
    history_addf(statements,
                 "INSERT INTO %s.projects (project, uri, creator_name, creator_email) SELECT %s, "
                 "%s, " COMMITTER " ON CONFLICT (project) DO NOTHING",
                 job->name, project, uri);
    return true;
}

/* --- changes --------------------------------------------------------------------------------- */

/* What all rows of a line of the plan have: note, committer, planned_at, planner. */
static void add_common(const SqitchStamp *stamp, Text *text)
{
    CLEANUP(memory_freep) char *note = history_literal(stamp->note ? stamp->note : "");
    CLEANUP(memory_freep) char *date = history_literal(stamp->date);
    CLEANUP(memory_freep) char *name = history_literal(stamp->planner_name);
    CLEANUP(memory_freep) char *email = history_literal(stamp->planner_email);
    text_addf(text, "%s, " COMMITTER ", %s::timestamptz, %s, %s", note, date, name, email);
}

#define COMMON_COLUMNS                                                                             \
    "note, committer_name, committer_email, planned_at, planner_name, planner_email"

static void add_array(const SqitchChange *change, bool conflicts, Text *text)
{
    bool first = true;
    text_add(text, ", ARRAY[");
    array_each (const SqitchDepend, depend, &change->depends) {
        CLEANUP(text_done) Text name = {0};
        if (depend->conflict != conflicts)
            continue;
        add_reference(depend, &name);
        CLEANUP(memory_freep) char *literal = history_literal(text_string(&name));
        text_addf(text, "%s%s", first ? "" : ", ", literal);
        first = false;
    }
    text_add(text, "]::text[]");
}

/* Once: a change that is deployed already has had its event. `tags` is an array in SQL. */
static void add_event(const HistoryJob *job, const char *event, size_t index, const char *tags,
                      const char *unless, HistoryStatements *statements)
{
    const SqitchHistory *history = job->state;
    const SqitchChange *change = &history->plan.changes.items[index];
    CLEANUP(memory_freep) char *name = history_literal(change->name);
    CLEANUP(memory_freep) char *project = history_literal(history->plan.project);
    Text text = {0};
    text_addf(&text,
              "INSERT INTO %s.events (event, change_id, change, project, " COMMON_COLUMNS
              ", requires, conflicts, tags) SELECT '%s', '%s', %s, %s, ",
              job->name, event, id_of(history, index), name, project);
    add_common(&change->stamp, &text);
    add_array(change, /* conflicts= */ false, &text);
    add_array(change, /* conflicts= */ true, &text);
    text_addf(&text, ", %s WHERE %sEXISTS (SELECT FROM %s.changes WHERE change_id = '%s')", tags,
              unless, job->name, id_of(history, index));
    history_add(statements, &text);
}

/* A change may get tags after its version was released, and its rows must stay what they were: with
 * the change goes the tag of its version alone. */
static const SqitchTag *own_tag(const HistoryJob *job, size_t migration, size_t index)
{
    const SqitchHistory *history = job->state;
    int64_t version = history_migration(job, migration)->version;
    if (version < 0)
        return NULL;
    const SqitchTag *tag = find_tag(history, job->project->versions.items[version].name);
    return tag && tag->changes == index + 1 ? tag : NULL;
}

static void add_deploy_event(const HistoryJob *job, size_t migration, size_t index,
                             HistoryStatements *statements)
{
    const SqitchTag *tag = own_tag(job, migration, index);
    CLEANUP(memory_freep)
    char *tags =
        tag ? memory_format("ARRAY['@%s']::text[]", tag->name) : memory_string("ARRAY[]::text[]");
    add_event(job, "deploy", index, tags, "NOT ", statements);
}

/* The tags that go with it are those of the table, as sqitch lists what it deletes there. */
static void add_revert_event(const HistoryJob *job, size_t index, HistoryStatements *statements)
{
    const SqitchHistory *history = job->state;
    CLEANUP(memory_freep)
    char *tags = memory_format("ARRAY(SELECT tag FROM %s.tags WHERE change_id = '%s' ORDER BY "
                               "planned_at, tag COLLATE \"C\")",
                               job->name, id_of(history, index));
    add_event(job, "revert", index, tags, "", statements);
}

static bool add_change(const HistoryJob *job, size_t migration, size_t index,
                       HistoryStatements *statements, Error *err)
{
    const SqitchHistory *history = job->state;
    const SqitchChange *change = &history->plan.changes.items[index];
    CLEANUP(memory_freep) char *bytes = NULL;
    size_t size;
    char hex[SHA1_HEX_SIZE];
    if (!history_read_up(job, migration, &bytes, &size, err))
        return false;
    CLEANUP(memory_freep) char *name = history_literal(change->name);
    CLEANUP(memory_freep) char *project = history_literal(history->plan.project);
    Text text = {0};
    text_addf(&text,
              "INSERT INTO %s.changes (change_id, script_hash, change, project, " COMMON_COLUMNS
              ") SELECT '%s', '%s', %s, %s, ",
              job->name, id_of(history, index), sha1_hex(bytes, size, hex), name, project);
    add_common(&change->stamp, &text);
    text_add(&text, " ON CONFLICT (change_id) DO NOTHING");
    history_add(statements, &text);
    return true;
}

/* The change that a dependency of change `index` stands for: the last of that name before it, or
 * before the tag; for a tag alone the change that it is on. */
static size_t resolve(const SqitchPlan *plan, size_t index, const SqitchDepend *depend)
{
    size_t end = index;
    for (size_t i = 0; depend->id && i < index; i++)
        if (strcmp(plan->changes.items[i].id, depend->id) == 0)
            return i;
    if (depend->tag && strcmp(depend->tag, "ROOT") == 0)
        end = 1;
    array_each (const SqitchTag, tag, &plan->tags)
        if (depend->tag && strcmp(tag->name, depend->tag) == 0)
            end = tag->changes;
    for (size_t i = end; i > 0; i--)
        if (!depend->name || strcmp(plan->changes.items[i - 1].name, depend->name) == 0)
            return i - 1;
    return index; /* sqitch_plan has refused it */
}

static void add_dependencies(const HistoryJob *job, size_t index, HistoryStatements *statements)
{
    const SqitchHistory *history = job->state;
    array_each (const SqitchDepend, depend, &history->plan.changes.items[index].depends) {
        CLEANUP(text_done) Text name = {0};
        add_reference(depend, &name);
        CLEANUP(memory_freep) char *literal = history_literal(text_string(&name));
        CLEANUP(memory_freep)
        char *resolved =
            depend->conflict
                ? memory_string("NULL")
                : memory_format("'%s'", id_of(history, resolve(&history->plan, index, depend)));
        history_addf(statements,
                     "INSERT INTO %s.dependencies (change_id, type, dependency, dependency_id) "
                     "VALUES ('%s', '%s', %s, %s) ON CONFLICT (change_id, dependency) DO NOTHING",
                     job->name, id_of(history, index), depend->conflict ? "conflict" : "require",
                     literal, resolved);
    }
}

static void add_tag(const HistoryJob *job, const SqitchTag *tag, HistoryStatements *statements)
{
    const SqitchHistory *history = job->state;
    CLEANUP(memory_freep) char *project = history_literal(history->plan.project);
    Text text = {0};
    text_addf(&text,
              "INSERT INTO %s.tags (tag_id, tag, project, change_id, " COMMON_COLUMNS
              ") SELECT '%s', '@%s', %s, '%s', ",
              job->name, tag->id, tag->name, project, id_of(history, tag->changes - 1));
    add_common(&tag->stamp, &text);
    text_add(&text, " ON CONFLICT (tag_id) DO NOTHING");
    history_add(statements, &text);
}

static bool is_before(const HistoryJob *job, size_t migration, size_t change)
{
    for (size_t i = 0; i < migration; i++)
        if (change_of(job, i) == change)
            return true;
    return false;
}

/* A version without migrations has none that could bring its tag: the next migration does. */
static void add_earlier_tags(const HistoryJob *job, size_t migration, HistoryStatements *statements)
{
    const ProjectVersion *versions = job->project->versions.items;
    int64_t version = history_migration(job, migration)->version;
    int64_t before = migration ? history_migration(job, migration - 1)->version : -1;
    int64_t end = version < 0 ? (int64_t)job->project->versions.count : version;
    if (migration && before < 0)
        return;
    for (int64_t i = before + 1; i < end; i++) {
        const SqitchTag *tag = find_tag(job->state, versions[i].name);
        if (tag && is_before(job, migration, tag->changes - 1))
            add_tag(job, tag, statements);
    }
}

static bool applied(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                    Error *err)
{
    size_t index = change_of(job, migration);
    const SqitchTag *tag = own_tag(job, migration, index);
    add_earlier_tags(job, migration, statements);
    add_deploy_event(job, migration, index, statements);
    if (!add_change(job, migration, index, statements, err))
        return false;
    add_dependencies(job, index, statements);
    if (tag)
        add_tag(job, tag, statements);
    return true;
}

static bool reverted(const HistoryJob *job, size_t migration, HistoryStatements *statements,
                     Error *err UNUSED)
{
    const SqitchHistory *history = job->state;
    size_t index = change_of(job, migration);
    static const char *const tables[] = {"tags", "dependencies", "changes"};
    add_revert_event(job, index, statements);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        history_addf(statements, "DELETE FROM %s.%s WHERE change_id = '%s'", job->name, tables[i],
                     id_of(history, index));
    return true;
}

const HistoryWriter history_sqitch = {
    .layout = LAYOUT_SQITCH,
    .open = open_plan,
    .close = close_plan,
    .check_version = check_version,
    .create = create,
    .applied = applied,
    .reverted = reverted,
};
