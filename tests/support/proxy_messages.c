/* What has come in, message by message, and what is done at one of them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/proxy_state.h"

#define SSL_REQUEST    80877103
#define GSS_REQUEST    80877104
#define CANCEL_REQUEST 80877102

static long all_client, all_server;
static bool done; /* --do has been done */

/* --- what is done at a message ---------------------------------------------------------------- */

/* True where the message is not passed on. */
static bool act(Connection *connection, char type)
{
    done = true;
    switch (proxy_given.what) {
    case KILL_CLIENT:
        /* whoever waits for its end looks at once */
        if (proxy_given.fired)
            proxy_write_file(proxy_given.fired, "%d %c\n", connection->number, type);
        kill(connection->client_process, SIGKILL);
        connection->client_gone = true;
        break;
    case KILL_BACKEND:
        kill(connection->backend, SIGKILL);
        break;
    case KILL_PID:
        kill((pid_t)proxy_given.number, SIGKILL);
        break;
    case CUT:
        connection->client_gone = connection->server_gone = true;
        break;
    case DELAY:
        connection->rests_till = proxy_now_ms() + proxy_given.number;
        break;
    case SWALLOW:
    case DO_NOTHING:
        break;
    }
    if (proxy_given.fired && proxy_given.what != KILL_CLIENT)
        proxy_write_file(proxy_given.fired, "%d %c\n", connection->number, type);
    return proxy_given.what == KILL_CLIENT || proxy_given.what == CUT ||
           proxy_given.what == SWALLOW;
}

static void on_client_message(Connection *connection, const char *message, size_t size)
{
    bool kept = false;
    if (connection->counts) {
        connection->client_messages++;
        kept = ++all_client == proxy_given.client_at && !done && act(connection, message[0]);
    }
    if (kept)
        return;
    proxy_asked(connection, message[0]);
    bytes_add(&connection->to_server, message, size);
}

static void on_server_message(Connection *connection, const char *message, size_t size)
{
    bool kept = false;
    if (message[0] == 'K')
        connection->backend = bytes_int(message + 5);
    if (connection->counts) {
        connection->server_messages++;
        kept = ++all_server == proxy_given.server_at && !done && act(connection, message[0]);
    }
    proxy_told(connection, message[0]);
    if (!kept)
        bytes_add(proxy_given.lockstep && connection->ready ? &connection->held
                                                            : &connection->to_client,
                  message, size);
}

/* --- messages --------------------------------------------------------------------------------- */

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
    connection->counts = strncmp(connection->application, proxy_given.application,
                                 strlen(proxy_given.application)) == 0;
}

/* A packet without type, before the conversation begins. False: it is not yet here as a whole. */
static bool take_startup(Connection *connection)
{
    Bytes *in = &connection->from_client;
    size_t size = in->size < 8 ? SIZE_MAX : (size_t)bytes_int(in->at);
    if (size > in->size)
        return false;
    int32_t code = bytes_int(in->at + 4);
    if (code == SSL_REQUEST || code == GSS_REQUEST) {
        bytes_add(&connection->to_client, "N", 1);
    } else {
        connection->cancels = code == CANCEL_REQUEST;
        connection->started = true;
        connection->sent = true;
        if (!connection->cancels)
            read_application(connection, in->at, size);
        bytes_add(&connection->to_server, in->at, size);
    }
    bytes_take(in, size);
    return true;
}

/* A whole message at the front of `in`, or 0. */
static size_t message_size(const Bytes *in, size_t from)
{
    if (in->size - from < 5)
        return 0;
    size_t size = (size_t)bytes_int(in->at + from + 1) + 1;
    return size <= in->size - from ? size : 0;
}

static void take_messages(Connection *connection, Bytes *in,
                          void (*on_message)(Connection *, const char *, size_t))
{
    size_t from = 0, size;
    while (proxy_now_ms() >= connection->rests_till && !connection->client_gone &&
           (size = message_size(in, from)) > 0) {
        on_message(connection, in->at + from, size);
        from += size;
    }
    bytes_take(in, from);
}

void proxy_take_all(Connection *connection)
{
    while (!connection->started && take_startup(connection))
        ;
    if (connection->started)
        take_messages(connection, &connection->from_client, on_client_message);
    take_messages(connection, &connection->from_server, on_server_message);
}
