/* planner rehearse: run every migration up, down and up again on a throw-away server of each
 * declared major, and say what came back. */
#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command_table.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "planner/catalog/catalog.h"
#include "planner/packing/project_digests.h"
#include "planner/planner_commands.h"
#include "planner/rehearsal/rehearsal_bundle.h"
#include "planner/rehearsal/rehearsal_render.h"
#include "planner/rehearsal/rehearsal_run.h"

#define HEARTBEAT_MS 5000
#define JOBS_MOST    16

typedef struct RehearseOptions {
    const char *project;
    StringArray pg_bin;
    StringArray major;
    const char *to;
    const char *applier;
    const char *seeds;
    int64_t rows;
    int64_t jobs;
    bool fresh;
} RehearseOptions;

static const Option options[] = {
    OPTION_LIST_ROW("pg-bin", RehearseOptions, pg_bin, "FOLDER",
                    "folders with initdb and postgres, besides the usual places"),
    OPTION_LIST_ROW("major", RehearseOptions, major, "N",
                    "server majors (default: all declared in sealift.conf that are installed)"),
    OPTION_STRING_ROW("to", RehearseOptions, to, "VERSION",
                      "up to this version (default: the last, with what is pending)"),
    OPTION_STRING_ROW("applier", RehearseOptions, applier, "FILE",
                      "the applier to run (default: the one beside planner, else on the PATH)"),
    OPTION_STRING_ROW("seeds", RehearseOptions, seeds, "FOLDER",
                      "seed scripts: MIGRATION.sql, VERSION.sql (default: from sealift.conf)"),
    OPTION_NUMBER_ROW("rows", RehearseOptions, rows, "N",
                      "rows to make up for each empty table (default: from sealift.conf, or 50)"),
    OPTION_NUMBER_ROW("jobs", RehearseOptions, jobs, "N", "servers at a time (default: 2)"),
    OPTION_FLAG_ROW("fresh", RehearseOptions, fresh,
                    "rehearse everything, also what has not changed"),
    OPTION_STRING_ROW("project", RehearseOptions, project, "DIR", "the project (default: .)"),
};

static void defaults(void *given)
{
    RehearseOptions *rehearse = given;
    rehearse->rows = -1;
    rehearse->jobs = 2;
}

/* Everything that rehearsing holds on to, released in one place. */
typedef struct Rehearse {
    const RehearseOptions *options;
    Project project;
    RehearsalSettings settings;
    char *seeds;
    RehearsalSubject subject;
    int64_t last; /* index of the last version */
    ServerArray servers;
    Catalog *catalog;
    ScratchFolder folder;
    RehearsalJobArray jobs;
    RehearsalArray rehearsals;
    RehearsalMissingArray missing;
    FindingArray findings;
} Rehearse;

static void rehearse_done(Rehearse *rehearse)
{
    rehearsal_jobs_done(&rehearse->jobs);
    scratch_folder_done(&rehearse->folder);
    catalog_free(rehearse->catalog);
    server_search_done(&rehearse->servers);
    rehearsals_done(&rehearse->rehearsals);
    array_free(&rehearse->missing);
    findings_done(&rehearse->findings);
    rehearsal_subject_done(&rehearse->subject);
    free(rehearse->seeds);
    project_done(&rehearse->project);
}

/* --- what and where ----------------------------------------------------------------------------
 */

static bool choose_last(Rehearse *rehearse, Error *err)
{
    const Project *project = &rehearse->project;
    const char *to = rehearse->options->to;
    rehearse->last = (int64_t)project->versions.count - 1;
    if (rehearse->last < 0) {
        error_set(err, ERROR_INPUT, "the project has no migrations yet");
        return error_hint(err, "'planner new NAME' writes one");
    }
    for (size_t i = 0; to && i < project->versions.count; i++)
        if (strcmp(project->versions.items[i].name, to) == 0) {
            rehearse->last = (int64_t)i;
            return true;
        }
    if (!to)
        return true;
    error_set(err, ERROR_USAGE, "there is no version '%s'", to);
    return error_hint(err, "'planner status' lists the versions");
}

static bool read_project(Rehearse *rehearse, Error *err)
{
    const RehearseOptions *given = rehearse->options;
    if (!project_read(given->project ? given->project : ".", &rehearse->project, err) ||
        !project_check_released(&rehearse->project, err))
        return false;
    rehearsal_add_pending(&rehearse->project);
    return choose_last(rehearse, err) &&
           rehearsal_settings(&rehearse->project, given->seeds, given->rows, &rehearse->settings,
                              &rehearse->seeds, err) &&
           rehearsal_subject_read(&rehearse->project, &rehearse->settings, rehearse->last,
                                  &rehearse->subject, err);
}

/* --pg-bin first, then what sealift.conf names, seen from the project. */
static bool find_servers(Rehearse *rehearse, Error *err)
{
    StringArray named = {0}, owned = {0};
    array_each (const char *const, folder, &rehearse->options->pg_bin)
        *array_add(&named) = *folder;
    CLEANUP(memory_freep) char *configured = memory_string(rehearse->project.config.pg_bin);
    char *rest = *configured ? configured : NULL;
    for (char *folder; (folder = strsep(&rest, ",")) != NULL;) {
        folder += strspn(folder, " ");
        folder[strcspn(folder, " ")] = '\0';
        char *path =
            *folder == '/' ? memory_string(folder) : file_path(rehearse->project.root, folder);
        *array_add(&owned) = path;
        *array_add(&named) = path;
    }
    bool good = server_search(&named, &rehearse->servers, err);
    array_each (const char *const, path, &owned)
        free((char *)(uintptr_t)*path);
    array_free(&owned);
    array_free(&named);
    return good;
}

static bool is_wanted(const StringArray *majors, int64_t major)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRId64, major);
    array_each (const char *const, wanted, majors)
        if (strcmp(*wanted, number) == 0)
            return true;
    return majors->count == 0;
}

static bool declared_majors(const Project *project, uint64_t *ret_least, uint64_t *ret_most,
                            Error *err)
{
    const ProjectConfig *config = &project->config;
    return (text_parse_uint(config->server_min, strlen(config->server_min), 99, ret_least) &&
            text_parse_uint(config->server_max, strlen(config->server_max), 99, ret_most)) ||
           error_set(err, ERROR_INTERNAL, "the declared majors were not checked");
}

static bool check_majors(const Rehearse *rehearse, uint64_t least, uint64_t most, Error *err)
{
    array_each (const char *const, word, &rehearse->options->major) {
        uint64_t major;
        if (!text_parse_uint(*word, strlen(*word), 99, &major))
            return error_set(err, ERROR_USAGE, "--major takes numbers like 15, not '%s'", *word);
        if (major >= least && major <= most)
            continue;
        error_set(err, ERROR_USAGE, "the project does not declare PostgreSQL %s", *word);
        return error_hint(err, "server-min and server-max in " PROJECT_CONFIG_NAME " say %s to %s",
                          rehearse->project.config.server_min, rehearse->project.config.server_max);
    }
    return true;
}

static bool no_server(const Rehearse *rehearse, Error *err)
{
    const ProjectConfig *config = &rehearse->project.config;
    const StringArray *asked = &rehearse->options->major;
    CLEANUP(text_done) Text majors = {0};
    array_each (const char *const, major, asked)
        text_addf(&majors, "%s%s", majors.length ? ", " : "", *major);
    if (asked->count)
        error_set(err, ERROR_CONFIG, "no server of PostgreSQL %s is found", text_string(&majors));
    else
        error_set(err, ERROR_CONFIG,
                  "no PostgreSQL server of the declared versions %s to %s is found",
                  config->server_min, config->server_max);
    return error_hint(err,
                      "install one (on Debian: apt-get install postgresql-%s), or name its folder "
                      "with --pg-bin",
                      asked->count ? asked->items[0] : config->server_max);
}

/* --- what is known, and what is to be done -----------------------------------------------------
 */

/* What has no result of this very server goes through its cycle. */
static void add_job(Rehearse *rehearse, const Server *server, const Rehearsal *known)
{
    size_t count = rehearse->subject.migrations.count;
    CLEANUP(memory_freep) bool *cycled = memory_zeroed(count ? count : 1, sizeof(*cycled));
    for (size_t i = 0; i < count; i++)
        cycled[i] = rehearse->options->fresh ||
                    !rehearsal_verdict(known, /* of_version= */ false,
                                       rehearse->subject.migrations.items[i].identity);
    rehearsal_run_add(&rehearse->jobs, &rehearse->subject, server, cycled);
}

/* Whether a report that came to its end has all that it must: a verdict and a schema for
 * everything, or why it stopped before. */
static bool says_all(const RehearsalSubject *subject, const Rehearsal *rehearsal)
{
    return rehearsal->failures.count || rehearsal_is_complete(subject, rehearsal);
}

static bool plan_major(Rehearse *rehearse, const Server *server, Error *err)
{
    CLEANUP(rehearsal_done) Rehearsal known = {0};
    if (!catalog_load(rehearse->catalog, &rehearse->subject, server->major, server->whole, &known,
                      err))
        return false;
    if (known.ended && says_all(&rehearse->subject, &known) && !rehearse->options->fresh) {
        *array_add(&rehearse->rehearsals) = known;
        known = (Rehearsal){0};
        return true;
    }
    add_job(rehearse, server, &known);
    return true;
}

static bool plan(Rehearse *rehearse, Error *err)
{
    uint64_t least = 0, most = 0;
    if (!declared_majors(&rehearse->project, &least, &most, err) ||
        !check_majors(rehearse, least, most, err))
        return false;
    for (int64_t major = (int64_t)least; major <= (int64_t)most; major++) {
        const Server *server = server_search_find(&rehearse->servers, major);
        if (!is_wanted(&rehearse->options->major, major))
            *array_add(&rehearse->missing) = (RehearsalMissing){major, "not asked for (--major)"};
        else if (!server)
            *array_add(&rehearse->missing) = (RehearsalMissing){major, "no server is installed"};
        else if (!plan_major(rehearse, server, err))
            return false;
    }
    return rehearse->jobs.count || rehearse->rehearsals.count || no_server(rehearse, err);
}

/* --- progress ----------------------------------------------------------------------------------
 */

typedef struct Watch {
    bool terminal;
    int64_t shown_ms;
    char *shown; /* owned: the line that stands there */
} Watch;

static void describe(const RehearsalJob *job, Text *line)
{
    const RehearsalProgress *progress = &job->rehearsal.progress;
    text_addf(line, "%sPostgreSQL %" PRId64 ": ", line->length ? "; " : "", job->server->major);
    switch (job->state) {
    case JOB_WAITING:
        text_add(line, "waiting");
        break;
    case JOB_CLUSTER:
        text_add(line, "the server comes up");
        break;
    case JOB_REHEARSING:
        if (progress->pass)
            text_addf(line, "%s %" PRId64 " of %" PRId64 ", %s", progress->pass, progress->done,
                      progress->total, progress->what);
        else
            text_add(line, "begins");
        break;
    case JOB_DONE:
        text_add(line, "done");
        break;
    case JOB_FAILED:
        text_add(line, "stopped");
        break;
    }
}

/* One line that is written over on a terminal; elsewhere a line every few seconds. */
static void watch(void *context, const RehearsalJobArray *jobs)
{
    Watch *watch = context;
    int64_t now = clock_monotonic_ms();
    if (!watch->terminal && now - watch->shown_ms < HEARTBEAT_MS)
        return;
    CLEANUP(text_done) Text line = {0};
    array_each (const RehearsalJob, job, jobs)
        describe(job, &line);
    if (watch->shown && strcmp(watch->shown, text_string(&line)) == 0 && watch->terminal)
        return;
    fprintf(stderr, watch->terminal ? "\r\033[K%.*s" : "planner: %.*s\n",
            watch->terminal ? 100 : 1000, text_string(&line));
    fflush(stderr);
    free(watch->shown);
    watch->shown = text_take(&line);
    watch->shown_ms = now;
}

static void watch_done(Watch *watch)
{
    if (watch->terminal && watch->shown)
        fprintf(stderr, "\r\033[K");
    free(watch->shown);
}

/* --- the work ----------------------------------------------------------------------------------
 */

static bool keep(Rehearse *rehearse, RehearsalJob *job, Error *err)
{
    const CatalogStore store = {
        .subject = &rehearse->subject,
        .server_version = job->server->whole,
        .texts = job->texts,
        .cycled = job->cycled,
    };
    Rehearsal *kept = array_add(&rehearse->rehearsals);
    return catalog_store(rehearse->catalog, &store, &job->rehearsal, err) &&
           catalog_load(rehearse->catalog, &rehearse->subject, job->server->major,
                        job->server->whole, kept, err) &&
           (says_all(&rehearse->subject, kept) ||
            error_set(err, ERROR_INTERNAL,
                      "applier's report on PostgreSQL %s lacks a verdict or a schema",
                      job->server->version));
}

static bool run_jobs(Rehearse *rehearse, Error *err)
{
    CLEANUP(memory_freep) char *applier = NULL;
    CLEANUP(manifest_done) Manifest manifest = {0};
    CLEANUP(watch_done)
    Watch progress = {.terminal = isatty(STDERR_FILENO), .shown_ms = clock_monotonic_ms()};
    if (!rehearsal_find_applier(rehearse->options->applier, &applier, err) ||
        !scratch_folder_make(&rehearse->folder, err) ||
        !rehearsal_bundle_make(&rehearse->project, rehearse->last, rehearse->folder.path, &manifest,
                               err))
        return false;
    const RehearsalRun run = {
        .folder = &rehearse->folder,
        .subject = &rehearse->subject,
        .settings = &rehearse->settings,
        .applier = applier,
        .jobs = rehearse->options->jobs,
        .watch = watch,
        .context = &progress,
    };
    if (!rehearsal_run(&run, &rehearse->jobs, err))
        return false;
    array_each (RehearsalJob, job, &rehearse->jobs) {
        if (job->state == JOB_FAILED)
            *array_add(&rehearse->missing) =
                (RehearsalMissing){job->server->major, job->failure.message};
        else if (!keep(rehearse, job, err))
            return false;
    }
    return true;
}

/* All versions, with what is pending, by the settings of sealift.conf: what 'pack' will ask for. Of
 * a project that cannot be read whole (--to an older version) nobody knows what is out of use. */
static bool read_whole(const Rehearse *rehearse, RehearsalSubject *ret_subject)
{
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(memory_freep) char *seeds = NULL;
    const Project *project = &rehearse->project;
    RehearsalSettings settings;
    return rehearsal_settings(project, /* seeds= */ NULL, /* rows= */ -1, &settings, &seeds,
                              &ignored) &&
           rehearsal_subject_read(project, &settings, (int64_t)project->versions.count - 1,
                                  ret_subject, &ignored);
}

static bool prune_catalog(Rehearse *rehearse, Error *err)
{
    CLEANUP(rehearsal_subject_done) RehearsalSubject whole = {0};
    const RehearsalSubject *const subjects[] = {&rehearse->subject, &whole};
    return !rehearse->jobs.count || !read_whole(rehearse, &whole) ||
           catalog_prune(rehearse->catalog, subjects, ARRAY_LEN(subjects), clock_now(),
                         &catalog_limits, err);
}

static int compare_majors(const void *a, const void *b)
{
    int64_t left = ((const Rehearsal *)a)->major, right = ((const Rehearsal *)b)->major;
    return (left > right) - (left < right);
}

static int compare_missing(const void *a, const void *b)
{
    int64_t left = ((const RehearsalMissing *)a)->major,
            right = ((const RehearsalMissing *)b)->major;
    return (left > right) - (left < right);
}

static void judge(Rehearse *rehearse)
{
    const RehearsalGate gate = {&rehearse->subject, 0, &rehearse->rehearsals};
    if (rehearse->rehearsals.count)
        qsort(rehearse->rehearsals.items, rehearse->rehearsals.count,
              sizeof(*rehearse->rehearsals.items), compare_majors);
    if (rehearse->missing.count)
        qsort(rehearse->missing.items, rehearse->missing.count, sizeof(*rehearse->missing.items),
              compare_missing);
    rehearsal_gate_check(&gate, &rehearse->findings);
}

static void render(const Rehearse *rehearse, const CommandContext *context)
{
    const RehearsalView view = {rehearse->project.config.product, &rehearse->subject,
                                &rehearse->rehearsals, &rehearse->missing, &rehearse->findings};
    if (!context->json) {
        if (!rehearse->jobs.count)
            text_add(context->out, "nothing has changed since the last rehearsal\n\n");
        rehearsal_render_text(&view, context->out);
        return;
    }
    JsonWriter json;
    json_begin(&json, context->out);
    json_object(&json, /* name= */ NULL);
    json_bool(&json, "changed", rehearse->jobs.count > 0);
    rehearsal_render_json(&view, &json);
    json_close(&json);
    json_end(&json);
}

/* What could not be rehearsed at all is said before what was found. */
static bool result(Rehearse *rehearse, Error *err)
{
    array_each (RehearsalJob, job, &rehearse->jobs)
        if (job->state == JOB_FAILED)
            return error_move(err, &job->failure);
    return rehearsal_gate_result(&rehearse->findings, err);
}

static bool run(CommandContext *context, Error *err)
{
    CLEANUP(rehearse_done)
    Rehearse rehearse = {.options = context->options, .folder = {.lock = -1}};
    bool lost = false;
    interrupt_install();
    if (rehearse.options->jobs < 1 || rehearse.options->jobs > JOBS_MOST)
        return error_set(err, ERROR_USAGE, "--jobs takes 1 to %d", JOBS_MOST);
    if (!read_project(&rehearse, err) || !find_servers(&rehearse, err) ||
        !catalog_open(rehearse.project.root, &rehearse.catalog, &lost, err))
        return false;
    if (lost)
        fprintf(stderr, "planner: the catalog could not be used and was made anew\n");
    if (!plan(&rehearse, err) || (rehearse.jobs.count && !run_jobs(&rehearse, err)) ||
        !prune_catalog(&rehearse, err))
        return false;
    if (rehearse.rehearsals.count) {
        judge(&rehearse);
        render(&rehearse, context);
    }
    return result(&rehearse, err);
}

const Command command_rehearse = {
    .name = "rehearse",
    .synopsis = "[--to VERSION] [--major N…] [--pg-bin FOLDER…] [--seeds FOLDER] [--rows N] "
                "[--jobs N] [--fresh] [--applier FILE] [--project DIR]",
    .summary = "run every migration up, down and up again on a throw-away server",
    .options = options,
    .option_count = ARRAY_LEN(options),
    .options_size = sizeof(RehearseOptions),
    .defaults = defaults,
    .run = run,
};
