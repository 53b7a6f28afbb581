/* A proxy between libpq and a server, that knows where messages begin: it counts them, does
 * something at an exact one, and can make every turn of a conversation visible.
 *
 *   pg_proxy --listen SOCKET --to SOCKET [options]     prints its process id, goes to the
 * background
 *
 *   --counts FILE       at its end one line per connection that counts:
 *                       NUMBER APPLICATION client=N server=N turns=N
 *   --application TEXT  only connections whose application_name begins so count (default: all)
 *   --client N          at the N-th message from clients (from 1, over all connections that count),
 *   --server N          … or from the server, before it is passed on: --do, once
 *   --do WHAT           kill-client   SIGKILL to the process that made this connection; the server
 *                                     gets nothing more from it
 *                       kill-backend  SIGKILL to the server's process of this connection
 *                       kill=PID      SIGKILL to a process
 *                       cut           both sides closed, whatever is still on its way
 *                       swallow       this message is dropped
 *                       delay=MS      the connection rests so long first
 *   --fired FILE        written when it has been done: the number of the connection and the
 * message's type
 *   --lockstep          the server's answers are held back until the server has answered all that
 * it was asked, and the client sleeps because it needs them; letting them go is a turn. It is what
 * a line of endless latency would show, and no clock is in it. (Without it turns=0.)
 *
 * The socket's name is libpq's: FOLDER/.s.PGSQL.PORT. TLS and GSS are declined. What clients send
 * before their startup message is complete does not count; a cancel request is passed on. The proxy
 * ends by SIGTERM, when the connections that are open have ended, or by itself when its socket's
 * file is gone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/proxy_state.h"

#define CONNECTIONS_MAX 64
#define STILL_MS        1 /* between looks at a client that may sleep */

ProxyOptions proxy_given = {.application = ""};

static Connection connections[CONNECTIONS_MAX];
static int connection_count;
static volatile sig_atomic_t ending;
static Bytes lines;

/* The line of a connection that is over; its place may be another's soon. */
static void note_counts(const Connection *connection)
{
    char line[256];
    int length =
        snprintf(line, sizeof(line), "%d %s client=%ld server=%ld turns=%ld\n", connection->number,
                 *connection->application ? connection->application : "-",
                 connection->client_messages, connection->server_messages, connection->turns);
    bytes_add(&lines, line, (size_t)length);
}

/* --- connections ------------------------------------------------------------------------------ */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        proxy_die(path);
    }
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

static void accept_client(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    Connection *connection = connections;
    while (connection < connections + CONNECTIONS_MAX && connection->used)
        connection++;
    struct sockaddr_un address = address_of(proxy_given.to);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection == connections + CONNECTIONS_MAX ||
        connect(server, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(client); /* as a server that is not there */
        close(server);
        return;
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    struct ucred peer = {0};
    getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){sizeof(peer)});
    *connection = (Connection){.used = true,
                               .client = client,
                               .server = server,
                               .client_process = peer.pid,
                               .number = ++connection_count};
}

static void end_connection(Connection *connection)
{
    if (connection->counts)
        note_counts(connection);
    close(connection->client);
    close(connection->server);
    Bytes *all[] = {&connection->from_client, &connection->from_server, &connection->to_client,
                    &connection->to_server,   &connection->held,        &connection->asked};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]->at);
    *connection = (Connection){0};
}

static void read_from(int fd, Bytes *bytes, bool *gone)
{
    char piece[65536];
    ssize_t size = read(fd, piece, sizeof(piece));
    if (size > 0)
        bytes_add(bytes, piece, (size_t)size);
    else if (size == 0 || errno != EAGAIN)
        *gone = true;
}

static void write_to(int fd, Bytes *bytes, bool *gone)
{
    ssize_t size = bytes->size ? send(fd, bytes->at, bytes->size, MSG_NOSIGNAL) : 0;
    if (size > 0) {
        bytes_take(bytes, (size_t)size);
    } else if (size < 0 && errno != EAGAIN) {
        bytes->size = 0;
        *gone = true;
    }
}

/* One side is gone: what it said before reaches the other, then that is closed, too. */
static bool is_over(Connection *connection)
{
    if (connection->client_gone)
        return connection->to_server.size == 0 || connection->server_gone;
    if (!connection->server_gone)
        return false;
    bytes_move(&connection->held, &connection->to_client);
    return connection->to_client.size == 0;
}

static void serve(Connection *connection, const struct pollfd *client, const struct pollfd *server)
{
    if (client->revents && !connection->client_gone)
        read_from(connection->client, &connection->from_client, &connection->client_gone);
    if (server->revents && !connection->server_gone)
        read_from(connection->server, &connection->from_server, &connection->server_gone);
    if (connection->client_gone || connection->server_gone)
        connection->rests_till = 0; /* nobody is there to wait for */
    bool gone = connection->client_gone;
    connection->client_gone = false; /* what it sent before it went counts */
    proxy_take_all(connection);
    connection->client_gone |= gone;
    if (proxy_given.lockstep)
        proxy_let_go(connection);
    bool rests = proxy_now_ms() < connection->rests_till;
    if (!rests)
        write_to(connection->server, &connection->to_server, &connection->server_gone);
    if (!rests && !connection->client_gone)
        write_to(connection->client, &connection->to_client, &connection->client_gone);
    if (is_over(connection))
        end_connection(connection);
}

/* --- the program ------------------------------------------------------------------------------ */

static void on_term(int signal)
{
    (void)signal;
    ending = 1;
}

static bool has_connections(void)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used)
            return true;
    return false;
}

/* How long nothing need be done but for what comes in. */
static int patience_ms(void)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used && (connections[i].held.size || connections[i].rests_till))
            return STILL_MS;
    return 200;
}

static void turn_round(int listener)
{
    struct pollfd wait[2 * CONNECTIONS_MAX + 1] = {
        {.fd = ending ? -1 : listener, .events = POLLIN}};
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        const Connection *connection = &connections[i];
        short to_client = connection->to_client.size ? POLLOUT : 0;
        short to_server = connection->to_server.size ? POLLOUT : 0;
        wait[2 * i + 1] = (struct pollfd){
            .fd = connection->used && !connection->client_gone ? connection->client : -1,
            .events = (short)(POLLIN | to_client)};
        wait[2 * i + 2] = (struct pollfd){
            .fd = connection->used && !connection->server_gone ? connection->server : -1,
            .events = (short)(POLLIN | to_server)};
    }
    if (poll(wait, 2 * CONNECTIONS_MAX + 1, patience_ms()) < 0)
        return;
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used)
            serve(&connections[i], &wait[2 * i + 1], &wait[2 * i + 2]);
    if (wait[0].revents)
        accept_client(listener);
}

static void usage(const char *what)
{
    fprintf(stderr, "pg_proxy: %s; see the head of tests/support/pg_proxy.c\n", what);
    exit(2);
}

static void read_what(const char *value)
{
    static const struct {
        const char *name;
        What what;
    } names[] = {{"kill-client", KILL_CLIENT}, {"kill-backend", KILL_BACKEND},
                 {"kill=", KILL_PID},          {"cut", CUT},
                 {"swallow", SWALLOW},         {"delay=", DELAY}};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t length = strlen(names[i].name);
        bool number = names[i].name[length - 1] == '=';
        if (strncmp(value, names[i].name, length) != 0 || (!number && value[length]))
            continue;
        proxy_given.what = names[i].what;
        proxy_given.number = number ? strtol(value + length, NULL, 10) : 0;
        return;
    }
    usage(value);
}

static void read_arguments(char **arguments)
{
    for (; *arguments; arguments++) {
        const char *name = *arguments;
        if (strcmp(name, "--lockstep") == 0) {
            proxy_given.lockstep = true;
            continue;
        }
        const char *value = *++arguments;
        if (!value)
            usage(name);
        else if (strcmp(name, "--listen") == 0)
            proxy_given.listen = value;
        else if (strcmp(name, "--to") == 0)
            proxy_given.to = value;
        else if (strcmp(name, "--counts") == 0)
            proxy_given.counts = value;
        else if (strcmp(name, "--application") == 0)
            proxy_given.application = value;
        else if (strcmp(name, "--fired") == 0)
            proxy_given.fired = value;
        else if (strcmp(name, "--client") == 0)
            proxy_given.client_at = strtol(value, NULL, 10);
        else if (strcmp(name, "--server") == 0)
            proxy_given.server_at = strtol(value, NULL, 10);
        else if (strcmp(name, "--do") == 0)
            read_what(value);
        else
            usage(name);
    }
    if (!proxy_given.listen || !proxy_given.to)
        usage("--listen and --to are needed");
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0777) != 0 || listen(listener, CONNECTIONS_MAX) != 0)
        proxy_die(path);
    return listener;
}

/* The caller goes on when the socket is there; nothing of its own stays open here. */
static void go_to_background(void)
{
    pid_t child = fork();
    if (child < 0)
        proxy_die("fork");
    if (child > 0) {
        printf("%d\n", (int)child);
        exit(0);
    }
    setsid();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++)
        dup2(nothing, fd);
}

int main(int count, char **arguments)
{
    (void)count;
    struct stat status;
    read_arguments(arguments + 1);
    int listener = listen_at(proxy_given.listen);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    go_to_background();
    while ((!ending || has_connections()) && stat(proxy_given.listen, &status) == 0)
        turn_round(listener);
    unlink(proxy_given.listen);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used)
            end_connection(&connections[i]);
    if (proxy_given.counts)
        proxy_write_file(proxy_given.counts, "%.*s", (int)lines.size, lines.size ? lines.at : "");
    return 0;
}
