/* What the server was asked and has answered: when a turn is over. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/proxy_state.h"

void proxy_asked(Connection *connection, char type)
{
    connection->sent = true;
    if (type == 'c' || type == 'f')
        connection->copying = false;
    if (type == 'S')
        connection->skipping = false;
    /* the server leaves these unread until it sees a Sync */
    if (connection->skipping || !strchr("PBDCEHSQF", type))
        return;
    bytes_add(&connection->asked, &type, 1);
}

static char oldest(Connection *connection)
{
    while (connection->asked.size && connection->asked.at[0] == 'H')
        bytes_take(&connection->asked, 1);
    return connection->asked.size ? connection->asked.at[0] : '\0';
}

static void answered(Connection *connection, const char *kinds)
{
    char kind = oldest(connection);
    if (kind && strchr(kinds, kind))
        bytes_take(&connection->asked, 1);
}

/* What is sent behind a failure is skipped up to the next Sync; a query ends by itself. */
static void failed(Connection *connection)
{
    char kind = oldest(connection);
    connection->copying = false;
    if (kind == 'Q' || kind == 'F')
        return;
    while (connection->asked.size && connection->asked.at[0] != 'S')
        bytes_take(&connection->asked, 1);
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

void proxy_told(Connection *connection, char type)
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

void proxy_let_go(Connection *connection)
{
    if (!connection->held.size || !is_answered(connection) || !is_client_waiting(connection))
        return;
    if (connection->sent && connection->counts)
        connection->turns++;
    connection->sent = false;
    bytes_move(&connection->held, &connection->to_client);
}
