#include "applier/backup/backup_dump.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "applier/backup/backup_proof.h"
#include "applier/server/pg_query.h"
#include "applier/sql/backup_queries.h"
#include "applier/sql/session_queries.h"
#include "base/child_process.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define VERSION_LINE_MOST 4096
#define LOCK_WAIT_OPTION  "--lock-wait-timeout=60000" /* it waits no longer for a table */

/* Where pg_dump lies beside the PATH. */
static const char *const program_globs[] = {"/usr/lib/postgresql/*/bin/pg_dump",
                                            "/usr/pgsql-*/bin/pg_dump",
                                            "/usr/local/pgsql/bin/pg_dump"};

char *backup_log_path(const BackupRequest *request, Text *warnings)
{
    CLEANUP(error_done) Error err = {0};
    CLEANUP(memory_freep) char *folder = file_path(request->state_folder, "backup");
    char at[CLOCK_TEXT_SIZE];
    clock_format(clock_now(), at);
    if (!file_make_folders(folder, 0700, &err)) {
        text_addf(warnings, "the backup's output is not logged: %s\n", err.message);
        return NULL;
    }
    return memory_format("%s/%s-%ld.log", folder, at, (long)getpid());
}

void backup_log_keep(const BackupEnding *ending, const char *whose, BackupRecord *record,
                     Text *warnings)
{
    if (!ending->tail || !record->log || ending->log_is_whole)
        return;
    text_addf(warnings,
              ending->log_is_there ? "%s output could not all be written to %s\n"
                                   : "%s output is not logged: %s cannot be made\n",
              whose, record->log);
    if (!ending->log_is_there) {
        free(record->log);
        record->log = NULL;
    }
}

/* --- the program ----------------------------------------------------------------------------- */

int64_t backup_dump_major(const char *version_line)
{
    const char *at = strstr(version_line, ") ");
    uint64_t major = 0;
    return at && text_parse_uint(at + 2, strspn(at + 2, "0123456789"), 999, &major) ? (int64_t)major
                                                                                    : 0;
}

static int64_t major_of(const char *program)
{
    const char *const arguments[] = {program, "--version", NULL};
    const ChildOptions options = {
        .arguments = arguments, .death_signal = SIGKILL, .output = -1, .errors = -1};
    CLEANUP(text_done) Text line = {0};
    CLEANUP(error_done) Error ignored = {0};
    int status = 0;
    return child_process_run(&options, backup_environment_keeps, VERSION_LINE_MOST, &line, &status,
                             &ignored) &&
                   status == 0
               ? backup_dump_major(text_string(&line))
               : 0;
}

/* The best of those seen: the server's own major, else the lowest above it. */
typedef struct Found {
    char *path; /* owned */
    int64_t major;
    int64_t newest; /* of all that were seen; 0: none */
} Found;

static void consider(const char *path, int64_t server_major, Found *found)
{
    int64_t major = access(path, X_OK) == 0 ? major_of(path) : 0;
    if (major > found->newest)
        found->newest = major;
    if (major < server_major || (found->path && found->major <= major))
        return;
    free(found->path);
    found->path = memory_string(path);
    found->major = major;
}

static void search(int64_t server_major, Found *found)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : ""; *at;) {
        size_t length = strcspn(at, ":");
        CLEANUP(memory_freep) char *folder = memory_string_n(at, length);
        CLEANUP(memory_freep) char *program = file_path(folder, "pg_dump");
        if (*folder == '/')
            consider(program, server_major, found);
        at += length + (at[length] == ':');
    }
    for (size_t i = 0; i < ARRAY_LEN(program_globs); i++) {
        glob_t paths = {0};
        if (glob(program_globs[i], 0, NULL, &paths) == 0)
            for (size_t p = 0; p < paths.gl_pathc; p++)
                consider(paths.gl_pathv[p], server_major, found);
        globfree(&paths);
    }
}

static bool find_program(const BackupRequest *request, int64_t server_major, char **ret_path,
                         Error *err)
{
    Found found = {0};
    if (request->pg_dump)
        consider(request->pg_dump, server_major, &found);
    else
        search(server_major, &found);
    if (found.path) {
        *ret_path = found.path;
        return true;
    }
    if (found.newest)
        error_set(err, ERROR_TARGET,
                  "pg_dump %" PRId64 " cannot dump a server of PostgreSQL %" PRId64, found.newest,
                  server_major);
    else
        error_set(err, ERROR_TARGET, "there is no pg_dump here%s%s", request->pg_dump ? " at " : "",
                  request->pg_dump ? request->pg_dump : "");
    return error_hint(err,
                      "install the client of PostgreSQL %" PRId64 ", name it as pg-dump in "
                      "[backup] of applier.conf, or use --backup-command",
                      server_major);
}

/* --- before ---------------------------------------------------------------------------------- */

/* A dump is compressed and leaves indexes out: what the database takes is more than enough. */
static bool check_space(PgSession *session, const char *folder, Error *err)
{
    struct statvfs space;
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (statvfs(folder, &space) != 0)
        return error_set(err, ERROR_TARGET, "the folder for the dump, '%s': %m", folder);
    if (!pg_query(session, SQL_backup_database_size, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "asking for the database's size");
    int64_t size = pg_result_int(row, 0, 0);
    uint64_t available = (uint64_t)space.f_bavail * space.f_frsize;
    if (available >= (uint64_t)size)
        return true;
    error_set(err, ERROR_TARGET,
              "'%s' has %" PRIu64 " MB free, and the database takes %" PRId64 " MB", folder,
              available >> 20, size >> 20);
    return error_hint(err, "name another folder, or use --backup-command");
}

static bool holds_relations(PgSession *session, bool *ret_holds, Error *err)
{
    CLEANUP(pg_result_freep) PGresult *row = NULL;
    if (!pg_query(session, SQL_session_holds_relations, PG_NO_VALUES, PG_ONE_ROW, &row, err))
        return error_wrap(err, "looking whether the database is empty");
    *ret_holds = strcmp(pg_result_text(row, 0, 0), "t") == 0;
    return true;
}

/* A name is made of a database's and a version's: what could leave the folder becomes '_'. */
static char *dump_path(const char *folder, const PgSession *session, const char *version)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format(clock_now(), at);
    CLEANUP(memory_freep)
    char *name = memory_format("%s-%s-%s.dump", session->facts.database, at,
                               strcmp(version, "-") == 0 ? "nothing" : version);
    for (char *byte = name; *byte; byte++)
        if (*byte == '/' || *byte < ' ' || (byte == name && *byte == '.'))
            *byte = '_';
    return file_path(folder, name);
}

/* pg_dump writes into what is there: so nobody else ever may read it. */
static bool make_file(const char *path, Error *err)
{
    CLEANUP(file_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 || error_set(err, ERROR_TARGET, "cannot make '%s': %m", path);
}

/* --- running --------------------------------------------------------------------------------- */

/* One dump under way. */
typedef struct Dump {
    const BackupRequest *request;
    const char *program; /* pg_dump */
    const char *path;    /* what it writes, under the name of a part */
    bool of_relations;   /* there is something to dump */
    OwnedStringArray variables;
    OwnedStringArray secrets;
    BackupRecord *record;
    Text *warnings;
} Dump;

static bool program_failed(const char *name, const BackupEnding *ending, Error *err)
{
    error_set(err, ERROR_TARGET, "%s ended with exit status %d", name, ending->exit_status);
    return *ending->tail ? error_detail(err, "%s", ending->tail) : false;
}

static bool run_pg_dump(Dump *dump, Error *err)
{
    CLEANUP(memory_freep) char *file = memory_format("--file=%s", dump->path);
    const char *const arguments[] = {
        dump->program, "--format=custom", "--no-password", LOCK_WAIT_OPTION, file, NULL};
    const BackupProgram program = {
        .arguments = arguments,
        .environment = (const char *const *)dump->variables.items,
        .secrets = &dump->secrets,
        .log_path = dump->record->log,
        .measured_path = dump->path,
        .listener = dump->request->listener,
    };
    CLEANUP(backup_ending_done) BackupEnding ending = {0};
    bool good = backup_program_run(&program, &ending, err);
    dump->record->duration_ms = ending.duration_ms;
    dump->record->exit_status = ending.tail ? ending.exit_status : -1;
    dump->record->words = memory_string(ending.tail ? ending.tail : "");
    backup_log_keep(&ending, "pg_dump's", dump->record, dump->warnings);
    return good && (ending.exit_status == 0 || program_failed("pg_dump", &ending, err));
}

static void count_entry(void *context, const char *line)
{
    int64_t *entries = context;
    if (*line && *line != ';')
        ++*entries;
}

/* Its table of contents can be read, and holds something where the database does. */
static bool list(Dump *dump, Error *err)
{
    int64_t entries = 0;
    CLEANUP(memory_freep) char *folder = file_folder_of(dump->program);
    CLEANUP(memory_freep) char *pg_restore = file_path(folder, "pg_restore");
    const char *const arguments[] = {pg_restore, "--list", dump->path, NULL};
    const BackupProgram program = {.arguments = arguments,
                                   .environment = NULL,
                                   .secrets = &dump->secrets,
                                   .listener = {.line = count_entry, .context = &entries}};
    CLEANUP(backup_ending_done) BackupEnding ending = {0};
    if (!backup_program_run(&program, &ending, err))
        return false;
    if (ending.exit_status != 0)
        return program_failed("pg_restore --list", &ending, err);
    if (entries == 0 && dump->of_relations)
        return error_set(err, ERROR_TARGET, "the dump lists no entry");
    free(dump->record->words);
    dump->record->words =
        memory_format("pg_restore lists %" PRId64 " entr%s", entries, entries == 1 ? "y" : "ies");
    return true;
}

/* --- behind ---------------------------------------------------------------------------------- */

static bool put_in_place(const char *part, const char *path, Error *err)
{
    CLEANUP(file_closep) int fd = open(part, O_RDONLY | O_CLOEXEC);
    CLEANUP(memory_freep) char *folder = file_folder_of(path);
    CLEANUP(file_closep) int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && fsync(fd) == 0 && rename(part, path) == 0 && folder_fd >= 0 &&
            fsync(folder_fd) == 0) ||
           error_set(err, ERROR_TARGET, "cannot put the dump in place as '%s': %m", path);
}

/* As one word of a shell. */
static void add_word(Text *text, const char *option, const char *value)
{
    text_addf(text, "%s'", option);
    for (; *value; value++)
        if (*value == '\'')
            text_add(text, "'\\''");
        else
            text_add_char(text, *value);
    text_add_char(text, '\'');
}

static void add_server(const PgSession *session, const char *user, Text *text)
{
    const char *host = PQhost(session->connection);
    if (host && *host)
        add_word(text, " --host=", host);
    add_word(text, " --port=", PQport(session->connection));
    add_word(text, " --username=", user);
}

/* Into a database of its own: what is there now stays until somebody has looked. It must run as it
 * stands, at night: as a role that may make a database, which ours seldom may, and like this one.
 */
static bool restore_command(const Dump *dump, PgSession *session, const char *path,
                            char **ret_command, Error *err)
{
    CLEANUP(text_done) Text text = {0};
    CLEANUP(pg_result_freep) PGresult *restorer = NULL;
    CLEANUP(pg_result_freep) PGresult *rows = NULL;
    if (!pg_query(session, SQL_backup_restorer, PG_NO_VALUES, PG_ONE_ROW, &restorer, err) ||
        !pg_query(session, SQL_backup_database_options, PG_NO_VALUES, PG_ROWS, &rows, err))
        return error_wrap(err, "asking how the database would be made again");
    const char *user = pg_result_text(restorer, 0, 0);
    if (!*user)
        user = PQuser(session->connection);
    CLEANUP(memory_freep) char *name = memory_format("%s_restored", session->facts.database);
    CLEANUP(memory_freep) char *folder = file_folder_of(dump->program);
    CLEANUP(memory_freep) char *createdb = file_path(folder, "createdb");
    CLEANUP(memory_freep) char *pg_restore = file_path(folder, "pg_restore");
    add_word(&text, "", createdb);
    add_server(session, user, &text);
    for (int i = 0; i < PQntuples(rows); i++)
        add_word(&text, pg_result_text(rows, i, 1), pg_result_text(rows, i, 2));
    add_word(&text, " --template=template0 ", name);
    add_word(&text, " && ", pg_restore);
    add_server(session, user, &text);
    add_word(&text, " --exit-on-error --dbname=", name);
    add_word(&text, " ", path);
    *ret_command = text_take(&text);
    return true;
}

static bool make(Dump *dump, PgSession *session, const char *path, Error *err)
{
    BackupRecord *record = dump->record;
    if (!run_pg_dump(dump, err) || !list(dump, err) ||
        !backup_file_digest(dump->path, &record->size, &record->digest, err) ||
        !restore_command(dump, session, path, &record->restore_command, err) ||
        !put_in_place(dump->path, path, err))
        return false;
    record->has_digest = true;
    record->made_at = clock_now();
    free(record->what);
    record->what = memory_string(path);
    return true;
}

bool backup_dump_make(const BackupRequest *request, PgSession *session, const BackupPlace *place,
                      BackupRecord *record, Text *warnings, Error *err)
{
    CLEANUP(memory_freep) char *program = NULL;
    bool of_relations = false;
    CLEANUP(memory_freep) char *folder = realpath(request->what, NULL);
    if (!folder)
        return error_set(err, ERROR_TARGET, "the folder for the dump, '%s': %m", request->what);
    if (!find_program(request, pg_session_major(session), &program, err) ||
        !check_space(session, folder, err) || !holds_relations(session, &of_relations, err))
        return false;
    CLEANUP(memory_freep) char *path = dump_path(folder, session, place->from_version);
    CLEANUP(memory_freep) char *part = memory_format("%s.part", path);
    Dump dump = {.request = request,
                 .program = program,
                 .path = part,
                 .of_relations = of_relations,
                 .record = record,
                 .warnings = warnings};
    record->log = backup_log_path(request, warnings);
    if (!make_file(part, err))
        return false;
    backup_environment_make(session, PASSWORD_OF_THE_SESSION, &dump.variables);
    backup_secrets_find(session, &dump.secrets);
    bool good = make(&dump, session, path, err);
    if (!good)
        (void)unlink(part);
    owned_strings_done(&dump.variables);
    owned_strings_done(&dump.secrets);
    return good;
}
