#include "planner/rehearsal/scratch_cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_tree.h"

#define FOLDER_PREFIX   "sealift-rehearsal."
#define LOCK_NAME       "owner"
#define SOCKET_PATH_MAX 107 /* sun_path, with its NUL */
#define SOCKET_NAME     ".s.PGSQL.5432"
#define WORDS_MAX       4000 /* of a log, in an error's detail */
#define START_LIMIT_MS  120000
#define STOP_PATIENCE   5000
#define ABANDONED_AFTER 3600 /* seconds, for a folder that has not come to have an owner */

/* fsync and the like: nothing here outlives the program. wal_level is not minimal, because that
 * leaves out WAL which every real server writes (a third of it in the sample product), and because
 * logical replication's statements want it; it costs nothing that could be measured. The locale is
 * what initdb got; autovacuum and jit would come and go between two runs. */
static const char settings[] = "listen_addresses = ''\n"
                               "unix_socket_directories = '%s'\n"
                               "unix_socket_permissions = 0700\n"
                               "port = 5432\n"
                               "cluster_name = '" SCRATCH_CLUSTER_NAME "'\n"
                               "fsync = off\n"
                               "synchronous_commit = off\n"
                               "full_page_writes = off\n"
                               "wal_level = logical\n"
                               "max_wal_senders = 2\n"
                               "max_replication_slots = 4\n"
                               "max_wal_size = 4GB\n"
                               "autovacuum = off\n"
                               "jit = off\n"
                               "shared_buffers = 32MB\n"
                               "max_connections = 20\n"
                               "max_locks_per_transaction = 512\n"
                               "logging_collector = off\n"
                               "log_min_messages = warning\n"
                               "log_line_prefix = ''\n"
                               "timezone = 'UTC'\n"
                               "log_timezone = 'UTC'\n";

/* --- the folder --------------------------------------------------------------------------------
 */

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder == '/' ? folder : "/tmp";
}

static bool find_user(ScratchFolder *folder, Error *err)
{
    static const char *const names[] = {"postgres", "nobody"};
    if (geteuid() != 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct passwd *entry = getpwnam(names[i]);
        if (!entry || entry->pw_uid == 0)
            continue;
        folder->drops = true;
        folder->user = (ChildUser){memory_string(entry->pw_name), entry->pw_uid, entry->pw_gid};
        return true;
    }
    error_set(err, ERROR_CONFIG,
              "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'");
    return error_hint(err, "run it as an ordinary user");
}

/* Whether the folder's process is gone: nobody holds the lock on its file. */
static bool is_abandoned(const char *path, const struct stat *status)
{
    CLEANUP(memory_freep) char *lock = file_path(path, LOCK_NAME);
    CLEANUP(file_closep) int fd = open(lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT && clock_now() - status->st_mtime > ABANDONED_AFTER;
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* What others of ours left behind when they were killed. Their servers died with them. */
static void remove_abandoned(const char *parent)
{
    FileEntryArray entries = {0};
    CLEANUP(error_done) Error ignored = {0};
    if (!file_list(parent, &entries, &ignored))
        return;
    array_each (const FileEntry, entry, &entries) {
        if (entry->kind != FILE_KIND_FOLDER || !text_has_prefix(entry->name, FOLDER_PREFIX))
            continue;
        CLEANUP(memory_freep) char *path = file_path(parent, entry->name);
        CLEANUP(error_done) Error failure = {0};
        struct stat status;
        if (lstat(path, &status) != 0 || status.st_uid != geteuid() || !S_ISDIR(status.st_mode) ||
            !is_abandoned(path, &status))
            continue;
        bool removed = file_tree_remove(path, &failure);
        (void)removed; /* what resists is tried again by the next one */
    }
    file_entries_free(&entries);
}

/* The lock's file appears under its name only when the lock is held: who looks in between sees a
 * young folder without owner, and leaves it alone. */
static bool take_lock(ScratchFolder *folder, Error *err)
{
    CLEANUP(memory_freep) char *name = file_path(folder->path, LOCK_NAME);
    CLEANUP(memory_freep) char *draft = memory_format("%s.new", name);
    folder->lock = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (folder->lock < 0 || flock(folder->lock, LOCK_EX | LOCK_NB) != 0 || rename(draft, name) != 0)
        return error_set(err, ERROR_IO, "cannot make '%s': %m", name);
    return true;
}

static bool check_socket_path(const ScratchFolder *folder, Error *err)
{
    size_t length = strlen(folder->path) + strlen("/pg99/" SOCKET_NAME);
    if (strpbrk(folder->path, "'\\,"))
        return error_set(err, ERROR_CONFIG, "'%s' has characters that no socket's path may have",
                         folder->path);
    if (length < SOCKET_PATH_MAX)
        return true;
    error_set(err, ERROR_CONFIG, "'%s' is too long a path for a server's socket", folder->path);
    return error_hint(err, "set TMPDIR to a folder with a shorter path");
}

bool scratch_folder_make(ScratchFolder *ret_folder, Error *err)
{
    ScratchFolder folder = {.lock = -1};
    const char *parent = temporary_folder();
    remove_abandoned(parent);
    if (!find_user(&folder, err))
        return false;
    folder.path = memory_format("%s/" FOLDER_PREFIX "XXXXXX", parent);
    if (!mkdtemp(folder.path)) {
        error_set(err, ERROR_IO, "cannot make a folder in '%s': %m", parent);
        free(TAKE_PTR(folder.path));
        scratch_folder_done(&folder);
        return false;
    }
    if (!take_lock(&folder, err) || !check_socket_path(&folder, err) ||
        (chmod(folder.path, 0711) != 0 &&
         !error_set(err, ERROR_IO, "cannot open '%s' for its servers: %m", folder.path))) {
        scratch_folder_done(&folder);
        return false;
    }
    *ret_folder = folder;
    return true;
}

void scratch_folder_done(ScratchFolder *folder)
{
    CLEANUP(error_done) Error ignored = {0};
    bool removed = !folder->path || file_tree_remove(folder->path, &ignored);
    (void)removed; /* the next one tries again */
    file_closep(&folder->lock);
    free(folder->path);
    free(folder->user.name);
    *folder = (ScratchFolder){.lock = -1};
}

/* --- the cluster -------------------------------------------------------------------------------
 */

static const char *const server_environment[] = {"LC_ALL=C", NULL};

static const ChildUser *user_of(const ScratchCluster *cluster)
{
    return cluster->folder->drops ? &cluster->folder->user : NULL;
}

static char *path_of(const ScratchCluster *cluster, const char *name)
{
    return file_path(cluster->path, name);
}

/* The end of a log, as words for people; the caller frees. */
static char *last_words(const ScratchCluster *cluster, const char *name)
{
    CLEANUP(memory_freep) char *path = path_of(cluster, name);
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(error_done) Error ignored = {0};
    size_t size = 0;
    if (!file_read_all(path, 1 << 20, &bytes, &size, &ignored))
        return memory_string("");
    while (size && bytes[size - 1] == '\n')
        size--;
    size_t from = size > WORDS_MAX ? size - WORDS_MAX : 0;
    return memory_string_n(bytes + from, size - from);
}

static bool with_hint(const ScratchCluster *cluster, Error *err)
{
    return error_hint(err,
                      "the server's user%s%s must be able to enter '%s'; TMPDIR names another "
                      "place",
                      cluster->folder->drops ? " " : "",
                      cluster->folder->drops ? cluster->folder->user.name : "",
                      cluster->folder->path);
}

static bool complain(const ScratchCluster *cluster, const char *log, const char *what, int status,
                     Error *err)
{
    CLEANUP(memory_freep) char *words = last_words(cluster, log);
    error_set(err, ERROR_CONFIG, "PostgreSQL %s: %s (exit status %d) from '%s'",
              cluster->server->version, what, status, cluster->server->folder);
    if (*words)
        error_detail(err, "%s", words);
    return error_hint(err,
                      "the server's user%s%s must be able to enter '%s'; TMPDIR names another "
                      "place",
                      cluster->folder->drops ? " " : "",
                      cluster->folder->drops ? cluster->folder->user.name : "",
                      cluster->folder->path);
}

/* Start a program of the server's with its output in a log. */
static bool start(ScratchCluster *cluster, const char *program, const char *const *rest,
                  const char *log, Error *err)
{
    CLEANUP(memory_freep) char *path = file_path(cluster->server->folder, program);
    CLEANUP(memory_freep) char *log_path = path_of(cluster, log);
    CLEANUP(file_closep)
    int output = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (output < 0)
        return error_set(err, ERROR_IO, "cannot write '%s': %m", log_path);
    const char *arguments[16] = {path};
    for (size_t i = 0; rest[i]; i++)
        arguments[i + 1] = rest[i];
    const ChildOptions options = {
        .arguments = arguments,
        .environment = server_environment,
        .user = user_of(cluster),
        .death_signal = SIGQUIT, /* postmaster: immediate shutdown, its children with it */
        .folder = cluster->path,
        .output = output,
        .errors = output,
    };
    cluster->begun_ms = clock_monotonic_ms();
    return child_process_start(&options, server_search_keeps_variable, &cluster->child, err) ||
           with_hint(cluster, err);
}

/* UTF-8 with plain byte order wherever the C library can: the same on every machine. */
static const char *locale_option(void)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (locale == (locale_t)0)
        return "--locale=C";
    freelocale(locale);
    return "--locale=C.UTF-8";
}

bool scratch_cluster_begin(const ScratchFolder *folder, const Server *server,
                           ScratchCluster *ret_cluster, Error *err)
{
    ScratchCluster cluster = {.folder = folder, .server = server, .state = SCRATCH_INITDB};
    cluster.path = memory_format("%s/pg%" PRId64, folder->path, server->major);
    CLEANUP(memory_freep) char *data = path_of(&cluster, "data");
    const char *const rest[] = {
        "-D", data,    "-U",        "postgres", "-E", "UTF8", locale_option(),
        "-A", "trust", "--no-sync", NULL};
    bool good =
        (mkdir(cluster.path, 0700) == 0 &&
         (!folder->drops || chown(cluster.path, folder->user.uid, folder->user.gid) == 0)) ||
        error_set(err, ERROR_IO, "cannot make '%s': %m", cluster.path);
    if (!good || !start(&cluster, "initdb", rest, "initdb.log", err)) {
        scratch_cluster_remove(&cluster);
        return false;
    }
    *ret_cluster = cluster;
    return true;
}

static bool write_settings(const ScratchCluster *cluster, Error *err)
{
    CLEANUP(memory_freep) char *path = path_of(cluster, "data/postgresql.conf");
    CLEANUP(text_done) Text text = {0};
    text_addf(&text, settings, cluster->path);
    CLEANUP(file_closep) int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_IO, "cannot write '%s': %m", path);
    return file_write(fd, path, text.bytes, text.length, err);
}

static bool start_server(ScratchCluster *cluster, Error *err)
{
    CLEANUP(memory_freep) char *data = path_of(cluster, "data");
    const char *const rest[] = {"-D", data, NULL};
    if (!write_settings(cluster, err) || !start(cluster, "postgres", rest, "server.log", err))
        return false;
    cluster->state = SCRATCH_STARTING;
    return true;
}

/* The server writes its state into the eighth line of postmaster.pid: no client is needed to ask.
 */
static bool is_ready(const ScratchCluster *cluster)
{
    CLEANUP(memory_freep) char *path = path_of(cluster, "data/postmaster.pid");
    CLEANUP(memory_freep) char *bytes = NULL;
    CLEANUP(error_done) Error ignored = {0};
    size_t size;
    if (!file_read_all(path, 65536, &bytes, &size, &ignored))
        return false;
    const char *line = bytes;
    for (int number = 1; line && number < 8; number++)
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    return line && text_has_prefix(line, "ready");
}

static bool check_started(ScratchCluster *cluster, Error *err)
{
    if (is_ready(cluster)) {
        cluster->state = SCRATCH_READY;
        return true;
    }
    if (clock_monotonic_ms() - cluster->begun_ms < START_LIMIT_MS)
        return true;
    return complain(cluster, "server.log", "the server does not come up", 0, err);
}

bool scratch_cluster_advance(ScratchCluster *cluster, Error *err)
{
    int status = 0;
    bool ended = cluster->child.pid && child_process_ended(&cluster->child, &status);
    switch (cluster->state) {
    case SCRATCH_NONE:
        return error_set(err, ERROR_INTERNAL, "there is no cluster to advance");
    case SCRATCH_INITDB:
        if (!ended)
            return true;
        return status == 0 ? start_server(cluster, err)
                           : complain(cluster, "initdb.log", "initdb did not succeed", status, err);
    case SCRATCH_STARTING:
        return ended ? complain(cluster, "server.log", "the server did not start", status, err)
                     : check_started(cluster, err);
    case SCRATCH_READY:
        return !ended || complain(cluster, "server.log", "the server died", status, err);
    }
    return true;
}

void scratch_cluster_remove(ScratchCluster *cluster)
{
    CLEANUP(error_done) Error ignored = {0};
    child_process_stop(&cluster->child, SIGQUIT, STOP_PATIENCE);
    bool removed = !cluster->path || file_tree_remove(cluster->path, &ignored);
    (void)removed; /* the whole folder goes later */
    free(cluster->path);
    *cluster = (ScratchCluster){0};
}

char *scratch_cluster_conninfo(const ScratchCluster *cluster)
{
    return memory_format("host='%s' port=5432 dbname=postgres user=postgres", cluster->path);
}
