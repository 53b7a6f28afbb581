#include "planner/rehearsal/server_search.h"

#include <glob.h>
#include <unistd.h>

#include "base/child_process.h"
#include "base/file.h"
#include "base/text.h"

#define VERSION_OUTPUT_MAX 4096
#define MAJOR_MOST         99

/* Where packages and people put servers; each is a pattern of folders. */
static const char *const usual_places[] = {
    "/usr/lib/postgresql/*/bin", /* Debian and Ubuntu */
    "/usr/pgsql-*/bin",          /* Red Hat's, from postgresql.org */
    "/usr/local/pgsql*/bin",     /* built from source */
    "/opt/postgresql*/bin",      "/opt/postgresql/*/bin", "/opt/pgsql*/bin",
};

static void server_done(Server *server)
{
    free(server->folder);
    free(server->version);
    free(server->whole);
    *server = (Server){0};
}

void server_search_done(ServerArray *servers)
{
    array_each (Server, server, servers)
        server_done(server);
    array_free(servers);
}

const Server *server_search_find(const ServerArray *servers, int64_t major)
{
    array_each (const Server, server, servers)
        if (server->major == major)
            return server;
    return NULL;
}

bool server_search_keeps_variable(const char *name_and_value)
{
    return !text_has_prefix(name_and_value, "PG") &&
           !text_has_prefix(name_and_value, "DATABASE_URL=") &&
           !text_has_prefix(name_and_value, "SEALIFT_");
}

bool server_search_parse(const char *line, Server *ret_server)
{
    static const char prefix[] = "postgres (PostgreSQL) ";
    uint64_t major;
    if (!text_has_prefix(line, prefix))
        return false;
    line += strlen(prefix);
    if (!text_parse_uint(line, strspn(line, "0123456789"), MAJOR_MOST, &major) || major == 0)
        return false;
    *ret_server = (Server){
        .major = (int64_t)major,
        .version = memory_string_n(line, strcspn(line, " \n")),
        .whole = memory_string_n(line, strcspn(line, "\n")),
    };
    return true;
}

static bool is_program(const char *folder, const char *name)
{
    CLEANUP(memory_freep) char *path = file_path(folder, name);
    return access(path, X_OK) == 0;
}

static bool holds_server(const char *folder)
{
    return is_program(folder, "initdb") && is_program(folder, "postgres");
}

/* What a program prints, or NULL where it does not run well: then it is no server for us. */
static char *output_of(const char *program, const char *option)
{
    const char *const arguments[] = {program, option, NULL};
    const char *const environment[] = {"LC_ALL=C", NULL};
    const ChildOptions options = {
        .arguments = arguments, .environment = environment, .death_signal = 9, .errors = -1};
    CLEANUP(error_done) Error ignored = {0};
    CLEANUP(text_done) Text output = {0};
    int status = 0;
    if (!child_process_run(&options, server_search_keeps_variable, VERSION_OUTPUT_MAX, &output,
                           &status, &ignored) ||
        status != 0)
        return NULL;
    return text_take(&output);
}

/* False where the folder holds no server that tells its version. */
static bool try_folder(ServerArray *servers, const char *folder)
{
    if (!holds_server(folder))
        return false;
    CLEANUP(memory_freep) char *program = file_path(folder, "postgres");
    CLEANUP(memory_freep) char *line = output_of(program, "--version");
    Server server;
    if (!line || !server_search_parse(line, &server))
        return false;
    if (server_search_find(servers, server.major)) {
        server_done(&server);
        return true;
    }
    server.folder = memory_string(folder);
    *array_add(servers) = server;
    return true;
}

static void try_usual_places(ServerArray *servers)
{
    for (size_t i = 0; i < ARRAY_LEN(usual_places); i++) {
        glob_t found = {0};
        if (glob(usual_places[i], 0, NULL, &found) == 0)
            for (size_t at = 0; at < found.gl_pathc; at++)
                try_folder(servers, found.gl_pathv[at]);
        globfree(&found);
    }
}

/* The folder of the first pg_config on the PATH, and every folder of the PATH itself. */
static void try_path(ServerArray *servers)
{
    CLEANUP(memory_freep) char *path = memory_string(getenv("PATH"));
    char *rest = path;
    bool configured = false;
    for (char *folder; rest && (folder = strsep(&rest, ":")) != NULL;) {
        if (*folder != '/')
            continue;
        if (!configured && is_program(folder, "pg_config")) {
            CLEANUP(memory_freep) char *program = file_path(folder, "pg_config");
            CLEANUP(memory_freep) char *answer = output_of(program, "--bindir");
            configured = true;
            if (answer && *answer == '/') {
                answer[strcspn(answer, "\n")] = '\0';
                try_folder(servers, answer);
            }
        }
        try_folder(servers, folder);
    }
}

static int compare_majors(const void *a, const void *b)
{
    int64_t left = ((const Server *)a)->major, right = ((const Server *)b)->major;
    return (left > right) - (left < right);
}

bool server_search(const StringArray *named, ServerArray *ret_servers, Error *err)
{
    ServerArray servers = {0};
    array_each (const char *const, folder, named) {
        if (try_folder(&servers, *folder))
            continue;
        server_search_done(&servers);
        error_set(err, ERROR_CONFIG, "'%s' holds no PostgreSQL server", *folder);
        return error_hint(err, "name a folder with 'initdb' and 'postgres' in it, such as "
                               "/usr/lib/postgresql/15/bin");
    }
    try_usual_places(&servers);
    try_path(&servers);
    if (servers.count)
        qsort(servers.items, servers.count, sizeof(*servers.items), compare_majors);
    *ret_servers = servers;
    return true;
}
