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
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define SSL_REQUEST     80877103
#define GSS_REQUEST     80877104
#define CANCEL_REQUEST  80877102
#define STILL_MS        1 /* between looks at a client that may sleep */

typedef enum { DO_NOTHING, KILL_CLIENT, KILL_BACKEND, KILL_PID, CUT, SWALLOW, DELAY } What;

static struct {
    const char *listen, *to, *counts, *application, *fired;
    long client_at, server_at;
    What what;
    long number; /* of kill=PID, delay=MS */
    bool lockstep;
} given = {.application = ""};

typedef struct Bytes {
    char *at;
    size_t size, room;
} Bytes;

typedef struct Connection {
    bool used, counts, started, ready, cancels, client_gone, server_gone;
    int number, client, server;
    int32_t backend;
    pid_t client_process;
    char application[64];
    Bytes from_client, from_server, to_client, to_server;
    Bytes held;         /* answers, until the client waits */
    Bytes asked;        /* types of the messages that the server has not answered */
    bool skipping;      /* after an error, until Sync */
    bool copying;       /* the server waits for COPY data */
    bool sent;          /* since the last turn */
    int64_t rests_till; /* delay */
    long client_messages, server_messages, turns;
} Connection;

static Connection connections[CONNECTIONS_MAX];
static int connection_count;
static long all_client, all_server;
static bool done; /* --do has been done */
static volatile sig_atomic_t ending;

static void die(const char *words)
{
    fprintf(stderr, "pg_proxy: %s: %s\n", words, strerror(errno));
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add(Bytes *bytes, const void *more, size_t size)
{
    if (bytes->size + size > bytes->room) {
        bytes->room = (bytes->size + size) * 2;
        bytes->at = realloc(bytes->at, bytes->room);
        if (!bytes->at)
            die("memory");
    }
    memcpy(bytes->at + bytes->size, more, size);
    bytes->size += size;
}

static void take(Bytes *bytes, size_t size)
{
    bytes->size -= size;
    memmove(bytes->at, bytes->at + size, bytes->size);
}

static void move(Bytes *from, Bytes *to)
{
    add(to, from->at, from->size);
    from->size = 0;
}

static int32_t int_at(const char *bytes)
{
    uint32_t bits;
    memcpy(&bits, bytes, sizeof(bits));
    return (int32_t)be32toh(bits);
}

/* --- files ----------------------------------------------------------------------------------- */

/* As a whole, so that nobody reads half of it. */
static void write_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_file(const char *path, const char *format, ...)
{
    char other[512];
    snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "we");
    if (!file)
        die(other);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    if (fclose(file) != 0 || rename(other, path) != 0)
        die(path);
}

static Bytes lines;

/* The line of a connection that is over; its place may be another's soon. */
static void note_counts(const Connection *connection)
{
    char line[256];
    int length =
        snprintf(line, sizeof(line), "%d %s client=%ld server=%ld turns=%ld\n", connection->number,
                 *connection->application ? connection->application : "-",
                 connection->client_messages, connection->server_messages, connection->turns);
    add(&lines, line, (size_t)length);
}

/* --- what the server was asked and has answered ------------------------------------------------
 */

static void asked(Connection *connection, char type)
{
    connection->sent = true;
    if (type == 'c' || type == 'f')
        connection->copying = false;
    if (type == 'S')
        connection->skipping = false;
    /* the server leaves these unread until it sees a Sync */
    if (connection->skipping || !strchr("PBDCEHSQF", type))
        return;
    add(&connection->asked, &type, 1);
}

static char oldest(Connection *connection)
{
    while (connection->asked.size && connection->asked.at[0] == 'H')
        take(&connection->asked, 1);
    return connection->asked.size ? connection->asked.at[0] : '\0';
}

static void answered(Connection *connection, const char *kinds)
{
    char kind = oldest(connection);
    if (kind && strchr(kinds, kind))
        take(&connection->asked, 1);
}

/* What is sent behind a failure is skipped up to the next Sync; a query ends by itself. */
static void failed(Connection *connection)
{
    char kind = oldest(connection);
    connection->copying = false;
    if (kind == 'Q' || kind == 'F')
        return;
    while (connection->asked.size && connection->asked.at[0] != 'S')
        take(&connection->asked, 1);
    connection->skipping = connection->asked.size == 0;
}

/* While the server takes COPY data it ignores a Sync or Flush. */
static void copy_begins(Connection *connection)
{
    size_t kept = 0;
    for (size_t i = 0; i < connection->asked.size; i++)
        if (!strchr("SH", connection->asked.at[i]))
            connection->asked.at[kept++] = connection->asked.at[i];
    connection->asked.size = kept;
    connection->copying = true;
}

static void told(Connection *connection, char type)
{
    switch (type) {
    case '1':
        answered(connection, "P");
        break;
    case '2':
        answered(connection, "B");
        break;
    case '3':
        answered(connection, "C");
        break;
    case 'T':
    case 'n':
        answered(connection, "D");
        break;
    case 'C':
    case 'I':
    case 's':
        answered(connection, "E");
        break;
    case 'E':
        failed(connection);
        break;
    case 'G':
        copy_begins(connection);
        break;
    case 'Z':
        connection->ready = true;
        answered(connection, "SQF");
        break;
    default:
        break;
    }
}

/* All that the server will say before it is asked for more. */
static bool is_answered(Connection *connection)
{
    oldest(connection);
    for (size_t i = 0; i < connection->asked.size; i++)
        if (strchr("HSQF", connection->asked.at[i]))
            return connection->copying;
    return true;
}

/* The process sleeps, and what it wrote before that has been read: it waits for an answer. */
static bool is_client_waiting(const Connection *connection)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)connection->client_process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return true; /* it is gone: nothing to wait for */
    text[size] = '\0';
    const char *name_end = strrchr(text, ')');
    struct pollfd look = {.fd = connection->client, .events = POLLIN};
    return name_end && name_end[2] == 'S' && connection->to_client.size == 0 &&
           connection->from_client.size == 0 && poll(&look, 1, 0) == 0;
}

static void let_go(Connection *connection)
{
    if (!connection->held.size || !is_answered(connection) || !is_client_waiting(connection))
        return;
    if (connection->sent && connection->counts)
        connection->turns++;
    connection->sent = false;
    move(&connection->held, &connection->to_client);
}

/* --- what is done at a message -----------------------------------------------------------------
 */

/* True where the message is not passed on. */
static bool act(Connection *connection, char type)
{
    done = true;
    switch (given.what) {
    case KILL_CLIENT:
        /* whoever waits for its end looks at once */
        if (given.fired)
            write_file(given.fired, "%d %c\n", connection->number, type);
        kill(connection->client_process, SIGKILL);
        connection->client_gone = true;
        break;
    case KILL_BACKEND:
        kill(connection->backend, SIGKILL);
        break;
    case KILL_PID:
        kill((pid_t)given.number, SIGKILL);
        break;
    case CUT:
        connection->client_gone = connection->server_gone = true;
        break;
    case DELAY:
        connection->rests_till = now_ms() + given.number;
        break;
    case SWALLOW:
    case DO_NOTHING:
        break;
    }
    if (given.fired && given.what != KILL_CLIENT)
        write_file(given.fired, "%d %c\n", connection->number, type);
    return given.what == KILL_CLIENT || given.what == CUT || given.what == SWALLOW;
}

static void on_client_message(Connection *connection, const char *message, size_t size)
{
    bool kept = false;
    if (connection->counts) {
        connection->client_messages++;
        kept = ++all_client == given.client_at && !done && act(connection, message[0]);
    }
    if (kept)
        return;
    asked(connection, message[0]);
    add(&connection->to_server, message, size);
}

static void on_server_message(Connection *connection, const char *message, size_t size)
{
    bool kept = false;
    if (message[0] == 'K')
        connection->backend = int_at(message + 5);
    if (connection->counts) {
        connection->server_messages++;
        kept = ++all_server == given.server_at && !done && act(connection, message[0]);
    }
    told(connection, message[0]);
    if (!kept)
        add(given.lockstep && connection->ready ? &connection->held : &connection->to_client,
            message, size);
}

/* --- messages ----------------------------------------------------------------------------------
 */

static void read_application(Connection *connection, const char *packet, size_t size)
{
    const char *end = packet + size;
    for (const char *at = packet + 8; at < end && *at;) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, "application_name") == 0)
            snprintf(connection->application, sizeof(connection->application), "%.60s", value);
        at = value + strlen(value) + 1;
    }
    for (char *at = connection->application; *at; at++)
        if (*at == ' ')
            *at = '_';
    connection->counts =
        strncmp(connection->application, given.application, strlen(given.application)) == 0;
}

/* A packet without type, before the conversation begins. False: it is not yet here as a whole. */
static bool take_startup(Connection *connection)
{
    Bytes *in = &connection->from_client;
    size_t size = in->size < 8 ? SIZE_MAX : (size_t)int_at(in->at);
    if (size > in->size)
        return false;
    int32_t code = int_at(in->at + 4);
    if (code == SSL_REQUEST || code == GSS_REQUEST) {
        add(&connection->to_client, "N", 1);
    } else {
        connection->cancels = code == CANCEL_REQUEST;
        connection->started = true;
        connection->sent = true;
        if (!connection->cancels)
            read_application(connection, in->at, size);
        add(&connection->to_server, in->at, size);
    }
    take(in, size);
    return true;
}

/* A whole message at the front of `in`, or 0. */
static size_t message_size(const Bytes *in, size_t from)
{
    if (in->size - from < 5)
        return 0;
    size_t size = (size_t)int_at(in->at + from + 1) + 1;
    return size <= in->size - from ? size : 0;
}

static void take_messages(Connection *connection, Bytes *in,
                          void (*on_message)(Connection *, const char *, size_t))
{
    size_t from = 0, size;
    while (now_ms() >= connection->rests_till && !connection->client_gone &&
           (size = message_size(in, from)) > 0) {
        on_message(connection, in->at + from, size);
        from += size;
    }
    take(in, from);
}

static void take_all(Connection *connection)
{
    while (!connection->started && take_startup(connection))
        ;
    if (connection->started)
        take_messages(connection, &connection->from_client, on_client_message);
    take_messages(connection, &connection->from_server, on_server_message);
}

/* --- connections -------------------------------------------------------------------------------
 */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        die(path);
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
    struct sockaddr_un address = address_of(given.to);
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
        add(bytes, piece, (size_t)size);
    else if (size == 0 || errno != EAGAIN)
        *gone = true;
}

static void write_to(int fd, Bytes *bytes, bool *gone)
{
    ssize_t size = bytes->size ? send(fd, bytes->at, bytes->size, MSG_NOSIGNAL) : 0;
    if (size > 0) {
        take(bytes, (size_t)size);
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
    move(&connection->held, &connection->to_client);
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
    take_all(connection);
    connection->client_gone |= gone;
    if (given.lockstep)
        let_go(connection);
    bool rests = now_ms() < connection->rests_till;
    if (!rests)
        write_to(connection->server, &connection->to_server, &connection->server_gone);
    if (!rests && !connection->client_gone)
        write_to(connection->client, &connection->to_client, &connection->client_gone);
    if (is_over(connection))
        end_connection(connection);
}

/* --- the program -------------------------------------------------------------------------------
 */

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
        given.what = names[i].what;
        given.number = number ? strtol(value + length, NULL, 10) : 0;
        return;
    }
    usage(value);
}

static void read_arguments(char **arguments)
{
    for (; *arguments; arguments++) {
        const char *name = *arguments;
        if (strcmp(name, "--lockstep") == 0) {
            given.lockstep = true;
            continue;
        }
        const char *value = *++arguments;
        if (!value)
            usage(name);
        else if (strcmp(name, "--listen") == 0)
            given.listen = value;
        else if (strcmp(name, "--to") == 0)
            given.to = value;
        else if (strcmp(name, "--counts") == 0)
            given.counts = value;
        else if (strcmp(name, "--application") == 0)
            given.application = value;
        else if (strcmp(name, "--fired") == 0)
            given.fired = value;
        else if (strcmp(name, "--client") == 0)
            given.client_at = strtol(value, NULL, 10);
        else if (strcmp(name, "--server") == 0)
            given.server_at = strtol(value, NULL, 10);
        else if (strcmp(name, "--do") == 0)
            read_what(value);
        else
            usage(name);
    }
    if (!given.listen || !given.to)
        usage("--listen and --to are needed");
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0777) != 0 || listen(listener, CONNECTIONS_MAX) != 0)
        die(path);
    return listener;
}

/* The caller goes on when the socket is there; nothing of its own stays open here. */
static void go_to_background(void)
{
    pid_t child = fork();
    if (child < 0)
        die("fork");
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
    int listener = listen_at(given.listen);
    struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
    go_to_background();
    while ((!ending || has_connections()) && stat(given.listen, &status) == 0)
        turn_round(listener);
    unlink(given.listen);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].used)
            end_connection(&connections[i]);
    if (given.counts)
        write_file(given.counts, "%.*s", (int)lines.size, lines.size ? lines.at : "");
    return 0;
}
