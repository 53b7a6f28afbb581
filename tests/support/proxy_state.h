/* What the rooms of pg_proxy share: its options, the two sides of a connection, bytes on their way.
 */
#ifndef SEALIFT_TESTS_SUPPORT_PROXY_STATE_H
#define SEALIFT_TESTS_SUPPORT_PROXY_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum { DO_NOTHING, KILL_CLIENT, KILL_BACKEND, KILL_PID, CUT, SWALLOW, DELAY } What;

/* The command line. */
typedef struct ProxyOptions {
    const char *listen, *to, *counts, *application, *fired;
    long client_at, server_at;
    What what;
    long number; /* of kill=PID, delay=MS */
    bool lockstep;
} ProxyOptions;

extern ProxyOptions proxy_given;

typedef struct Bytes {
    char *at;
    size_t size, room;
} Bytes;

void bytes_add(Bytes *bytes, const void *more, size_t size);
/* Away from the front. */
void bytes_take(Bytes *bytes, size_t size);
void bytes_move(Bytes *from, Bytes *to);
/* The four bytes at `bytes` as the protocol has numbers. */
int32_t bytes_int(const char *bytes);

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

void proxy_die(const char *words);
int64_t proxy_now_ms(void);

/* As a whole, so that nobody reads half of it. */
void proxy_write_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* -- proxy_turns.c: what the server was asked and has answered -- */

void proxy_asked(Connection *connection, char type);
void proxy_told(Connection *connection, char type);
/* In lockstep: what is held back goes, where the client waits for it. */
void proxy_let_go(Connection *connection);

/* -- proxy_messages.c: what has come in, message by message -- */

void proxy_take_all(Connection *connection);

#endif
