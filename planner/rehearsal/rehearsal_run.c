#include "planner/rehearsal/rehearsal_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "planner/rehearsal/rehearsal_bundle.h"

#define TICK_STARTING_MS 20  /* between two looks at a server that comes up */
#define TICK_MS          200 /* and at an applier that is at work */
#define STOP_PATIENCE_MS 3000
#define WORDS_MAX        65536

/* --- the applier and its site ------------------------------------------------------------------
 */

static char *beside_us(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    return file_path(folder, "applier");
}

static char *on_path(void)
{
    CLEANUP(memory_freep) char *path = memory_string(getenv("PATH"));
    char *rest = path;
    for (char *folder; rest && (folder = strsep(&rest, ":")) != NULL;) {
        char *program = file_path(folder, "applier");
        if (*folder == '/' && access(program, X_OK) == 0)
            return program;
        free(program);
    }
    return NULL;
}

bool rehearsal_find_applier(const char *given, char **ret_path, Error *err)
{
    if (given) {
        char *whole = realpath(given, NULL); /* children run elsewhere */
        if (!whole || access(whole, X_OK) != 0) {
            free(whole);
            return error_set(err, ERROR_CONFIG, "cannot run '%s': %m", given);
        }
        *ret_path = whole;
        return true;
    }
    CLEANUP(memory_freep) char *path = beside_us();
    if (!path || access(path, X_OK) != 0) {
        free(path);
        path = on_path();
    }
    if (!path) {
        error_set(err, ERROR_CONFIG, "there is no 'applier' beside planner, nor on the PATH");
        return error_hint(err, "--applier names the program");
    }
    *ret_path = TAKE_PTR(path);
    return true;
}

/* A site that trusts one key: two variables for the applier's environment. */
typedef struct Site {
    char *config;
    char *state;
    const char *environment[3];
} Site;

static void site_done(Site *site)
{
    free(site->config);
    free(site->state);
}

static Site site_of(const RehearsalRun *run)
{
    Site site = {
        .config = memory_format("SEALIFT_CONFIG_DIR=%s/site/config", run->folder->path),
        .state = memory_format("SEALIFT_STATE_DIR=%s/site/state", run->folder->path),
    };
    site.environment[0] = site.config;
    site.environment[1] = site.state;
    return site;
}

/* What a program said on stderr, with our own prefix of such lines taken off the first; caller
 * frees. */
static char *words_of(const char *path)
{
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(error_done) Error ignored = {0};
    size_t size = 0;
    if (!file_read_all(path, WORDS_MAX, &bytes, &size, &ignored))
        return memory_string("");
    while (size && bytes[size - 1] == '\n')
        bytes[--size] = '\0';
    static const char prefix[] = "applier: error: ";
    return memory_string(bytes + (text_has_prefix(bytes, prefix) ? strlen(prefix) : 0));
}

/* The applier's exit status is a class of ours, but for those that only a run at a site can have.
 */
static ErrorClass class_of(int status)
{
    switch (status) {
    case ERROR_CONFIG:
    case ERROR_INPUT:
    case ERROR_IO:
    case ERROR_TRUST:
    case ERROR_TARGET:
    case ERROR_CONNECTION:
    case ERROR_INTERRUPTED:
        return (ErrorClass)status;
    default:
        return ERROR_INTERNAL;
    }
}

static int open_words(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static bool init_trust(const RehearsalRun *run, Error *err)
{
    CLEANUP(site_done) Site site = site_of(run);
    CLEANUP(memory_freep)
    char *key = memory_format("%s/" REHEARSAL_KEY_NAME ".pub", run->folder->path);
    CLEANUP(memory_freep) char *words_path = file_path(run->folder->path, "trust.log");
    CLEANUP(file_closep) int words = open_words(words_path);
    CLEANUP(text_done) Text output = {0};
    const char *const arguments[] = {run->applier, "trust", "init", "--key", key, NULL};
    const ChildOptions options = {.arguments = arguments,
                                  .environment = site.environment,
                                  .death_signal = SIGTERM,
                                  .errors = words};
    int status = 0;
    if (!child_process_run(&options, server_search_keeps_variable, WORDS_MAX, &output, &status,
                           err))
        return false;
    if (status == 0)
        return true;
    CLEANUP(memory_freep) char *said = words_of(words_path);
    return error_set(err, class_of(status), "'%s trust init' did not succeed: %s", run->applier,
                     said);
}

/* --- one job -----------------------------------------------------------------------------------
 */

void rehearsal_run_add(RehearsalJobArray *jobs, const RehearsalSubject *subject,
                       const Server *server, const bool *cycled)
{
    size_t count = subject->migrations.count;
    RehearsalJob *job = array_add(jobs);
    *job = (RehearsalJob){.server = server, .output = -1};
    job->cycled = memory_zeroed(count ? count : 1, sizeof(*job->cycled));
    for (size_t i = 0; i < count; i++) {
        job->cycled[i] = cycled[i];
        job->cycle_count += cycled[i];
    }
}

static void stop(RehearsalJob *job)
{
    child_process_stop(&job->applier, SIGTERM, STOP_PATIENCE_MS);
    file_closep(&job->output);
    job->output = -1;
    report_reader_free(TAKE_PTR(job->reader));
    scratch_cluster_remove(&job->cluster);
}

void rehearsal_jobs_done(RehearsalJobArray *jobs)
{
    array_each (RehearsalJob, job, jobs) {
        stop(job);
        free(job->cycled);
        free(job->texts);
        free(job->words);
        rehearsal_done(&job->rehearsal);
        error_done(&job->failure);
    }
    array_free(jobs);
}

/* The job ends here; its failure is set. */
static void fail(RehearsalJob *job)
{
    error_wrap(&job->failure, "rehearsing on PostgreSQL %s", job->server->version);
    stop(job);
    job->state = JOB_FAILED;
}

static char *path_of(const RehearsalRun *run, const RehearsalJob *job, const char *name)
{
    return memory_format("%s/%s%" PRId64, run->folder->path, name, job->server->major);
}

/* Where all go through their cycle, no list is given. */
static bool write_cycles(const RehearsalRun *run, const RehearsalJob *job, const char *path,
                         bool *ret_needed, Error *err)
{
    *ret_needed = job->cycle_count < run->subject->migrations.count;
    if (!*ret_needed)
        return true;
    CLEANUP(text_done) Text text = {0};
    for (size_t i = 0; i < run->subject->migrations.count; i++)
        if (job->cycled[i])
            text_addf(&text, "%s\n", run->subject->migrations.items[i].identity);
    return file_write_atomic(path, 0600, text_string(&text), text.length, err);
}

typedef struct Arguments {
    const char *items[20];
    size_t count;
} Arguments;

static void add_option(Arguments *arguments, const char *name, const char *value)
{
    arguments->items[arguments->count++] = name;
    arguments->items[arguments->count++] = value;
}

static bool start_child(const RehearsalRun *run, RehearsalJob *job, const Arguments *arguments,
                        Error *err)
{
    CLEANUP(site_done) Site site = site_of(run);
    CLEANUP(file_closep) int words = open_words(job->words);
    int ends[2];
    if (words < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, ERROR_IO, "cannot make files for applier: %m");
    job->output = ends[0];
    const ChildOptions options = {
        .arguments = arguments->items,
        .environment = site.environment,
        .death_signal = SIGTERM,
        .output = ends[1],
        .errors = words,
    };
    bool good = child_process_start(&options, server_search_keeps_variable, &job->applier, err);
    (void)close(ends[1]);
    return good && (fcntl(job->output, F_SETFL, O_NONBLOCK) == 0 ||
                    error_set(err, ERROR_IO, "cannot watch applier: %m"));
}

static bool start_applier(const RehearsalRun *run, RehearsalJob *job, Error *err)
{
    CLEANUP(memory_freep) char *cycles = path_of(run, job, "cycles");
    CLEANUP(memory_freep) char *conninfo = scratch_cluster_conninfo(&job->cluster);
    CLEANUP(memory_freep) char *bundle = file_path(run->folder->path, REHEARSAL_BUNDLE_NAME);
    CLEANUP(memory_freep) char *rows = memory_format("%" PRId64, run->settings->rows);
    CLEANUP(memory_freep)
    char *seeds = run->settings->seeds ? realpath(run->settings->seeds, NULL) : NULL;
    CLEANUP(memory_freep) char *setup = path_of(run, job, "setup");
    bool some = false;
    job->words = path_of(run, job, "applier.log");
    job->texts = path_of(run, job, "texts");
    if (!write_cycles(run, job, cycles, &some, err) || !file_make_folders(job->texts, 0700, err) ||
        (run->subject->setup.count && !setup_scripts_write(&run->subject->setup, setup, err)) ||
        !report_reader_new(&job->rehearsal, &job->reader, err))
        return false;
    Arguments arguments = {.items = {run->applier, "rehearse", bundle}, .count = 3};
    add_option(&arguments, "--db", conninfo);
    add_option(&arguments, "--out", job->texts);
    add_option(&arguments, "--rows", rows);
    if (run->subject->setup.count)
        add_option(&arguments, "--setup", setup);
    if (seeds)
        add_option(&arguments, "--seeds", seeds);
    if (some)
        add_option(&arguments, "--cycles", cycles);
    if (!start_child(run, job, &arguments, err))
        return false;
    job->state = JOB_REHEARSING;
    return true;
}

/* What stands in the pipe. *ret_end: nothing more will come. */
static bool read_output(RehearsalJob *job, bool *ret_end, Error *err)
{
    for (;;) {
        char bytes[16384];
        ssize_t got = read(job->output, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got < 0)
            return error_set(err, ERROR_IO, "cannot read applier's report: %m");
        *ret_end = got == 0;
        if (got == 0)
            return true;
        if (!report_reader_add(job->reader, bytes, (size_t)got, err))
            return false;
    }
}

static bool take_end(RehearsalJob *job, int status, Error *err)
{
    if (status != 0) {
        CLEANUP(memory_freep) char *said = words_of(job->words);
        if (status > 128)
            return error_set(err, ERROR_INTERNAL, "applier was ended by signal %d%s%s",
                             status - 128, *said ? ": " : "", said);
        return error_set(err, class_of(status), "%s",
                         *said ? said : "applier did not say what went wrong");
    }
    if (!report_reader_end(job->reader, err))
        return false;
    if (job->rehearsal.major != job->server->major)
        return error_set(err, ERROR_INTERNAL, "applier reports a server %" PRId64,
                         job->rehearsal.major);
    job->rehearsal.duration_ms = clock_monotonic_ms() - job->begun_ms;
    clock_format(clock_now(), job->rehearsal.rehearsed_at);
    return true;
}

static bool go_on_rehearsing(RehearsalJob *job, Error *err)
{
    bool end = job->output < 0;
    int status;
    if (!end && !read_output(job, &end, err))
        return false;
    if (!end)
        return true;
    file_closep(&job->output);
    job->output = -1;
    if (!child_process_ended(&job->applier, &status))
        return true;
    if (!take_end(job, status, err))
        return false;
    stop(job);
    job->state = JOB_DONE;
    return true;
}

static bool go_on(const RehearsalRun *run, RehearsalJob *job, Error *err)
{
    switch (job->state) {
    case JOB_WAITING:
        job->begun_ms = clock_monotonic_ms();
        job->state = JOB_CLUSTER;
        return scratch_cluster_begin(run->folder, job->server, &job->cluster, err);
    case JOB_CLUSTER:
        if (!scratch_cluster_advance(&job->cluster, err))
            return false;
        return job->cluster.state != SCRATCH_READY || start_applier(run, job, err);
    case JOB_REHEARSING:
        return go_on_rehearsing(job, err);
    case JOB_DONE:
    case JOB_FAILED:
        return true;
    }
    return true;
}

/* --- all jobs ----------------------------------------------------------------------------------
 */

static bool is_over(const RehearsalJob *job)
{
    return job->state == JOB_DONE || job->state == JOB_FAILED;
}

/* Until an applier says something, or a server may have come up. */
static void wait_for_news(const RehearsalJobArray *jobs)
{
    struct pollfd waiting[64];
    nfds_t count = 0;
    int tick = TICK_MS;
    array_each (const RehearsalJob, job, jobs) {
        if (job->state == JOB_CLUSTER || (job->state == JOB_REHEARSING && job->output < 0))
            tick = TICK_STARTING_MS;
        if (job->state == JOB_REHEARSING && job->output >= 0 && count < ARRAY_LEN(waiting))
            waiting[count++] = (struct pollfd){.fd = job->output, .events = POLLIN};
    }
    (void)poll(waiting, count, tick);
}

bool rehearsal_run(const RehearsalRun *run, RehearsalJobArray *jobs, Error *err)
{
    if (!init_trust(run, err))
        return false;
    for (;;) {
        int64_t running = 0;
        bool over = true;
        array_each (RehearsalJob, job, jobs) {
            bool may_run = job->state != JOB_WAITING || running < run->jobs;
            if (may_run && !go_on(run, job, &job->failure))
                fail(job);
            running += job->state != JOB_WAITING && !is_over(job);
            over &= is_over(job);
        }
        if (run->watch)
            run->watch(run->context, jobs);
        if (over)
            return true;
        if (interrupt_count() > 0) {
            array_each (RehearsalJob, job, jobs)
                stop(job);
            return error_set(err, ERROR_INTERRUPTED, "interrupted; nothing of it was kept");
        }
        wait_for_news(jobs);
    }
}
