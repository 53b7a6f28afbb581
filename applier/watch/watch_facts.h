/* What was seen of a run's backend from a second connection, as values, and in words: what it
 * waits for and who is in its way, and how far the server says it has come. Pure.
 *
 * Others' names (user, application, prepared transaction) are shown, as printable text; their
 * statements only where the operator asked for them. */
#ifndef SEALIFT_APPLIER_WATCH_FACTS_H
#define SEALIFT_APPLIER_WATCH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/text.h"

/* Who holds or awaits a lock that stands in our way. */
typedef struct WatchBlocker {
    int64_t pid;            /* 0: a prepared transaction */
    char user[64];          /* "" for a process of the server */
    char application[64];   /* or "" */
    char address[64];       /* "local" for a socket; "" where it is not to be seen */
    char state[40];         /* "active", "idle in transaction"; "" where it is not to be seen */
    char type[40];          /* "client backend", "autovacuum worker"; or "" */
    char prepared[201];     /* the name of the prepared transaction, or "" */
    int64_t state_ms;       /* since the state changed … */
    int64_t query_ms;       /* … the statement began … */
    int64_t transaction_ms; /* … the transaction began; 0 where it is not to be seen */
    char statement[201];    /* its beginning, with --show-sql; or "" */
} WatchBlocker;

typedef ARRAY_OF(WatchBlocker) WatchBlockerArray;

/* A session that was in the way and was ended, or whose statement was. */
typedef struct WatchCancelled {
    int64_t pid;
    char user[64];
    char application[64];
    char type[40];
    bool ended; /* the session; false: its statement was cancelled */
    bool told;  /* the server could be told to; false: it was gone */
} WatchCancelled;

typedef ARRAY_OF(WatchCancelled) WatchCancelledArray;

/* In what the server counts. */
typedef struct WatchProgress {
    char what[24]; /* "index build", "cluster", "vacuum full", "vacuum", "analyze", "copy"; or "" */
    char phase[64]; /* "building index: scanning table"; or "" */
    char unit[16];  /* "blocks", "rows", "bytes", "lockers" */
    int64_t done;
    int64_t total; /* 0: not known */
} WatchProgress;

typedef struct WatchFacts {
    int64_t asked_ms; /* clock_monotonic_ms of the question; 0: nothing was seen yet */
    char state[40];   /* of the backend: "active", "idle in transaction" */
    char wait_type[24];
    char wait_event[40];
    int64_t statement_ms;      /* since the statement began */
    char statement_start[260]; /* its first 64 characters: which one it is */
    WatchProgress progress;
    char lock_mode[32];    /* that it waits for; "" where it waits for none */
    char lock_object[140]; /* "public.item", or what else: "transactionid", "virtualxid" */
    WatchBlockerArray blockers;
} WatchFacts;

void watch_facts_done(WatchFacts *facts);

/* Whether it waits for a lock; whether for a synchronous standby to answer. */
bool watch_facts_lock(const WatchFacts *facts);
bool watch_facts_standby(const WatchFacts *facts);

/* Of the progress, 0 to 100; -1 where there is no total. */
int watch_progress_percent(const WatchProgress *progress);

/* "index build, building index: scanning table, 12 of 400 blocks (3 %)". Nothing where it is not
 * known. */
void watch_progress_words(const WatchProgress *progress, Text *text);

/* "pid 123 (user app, application psql, idle in transaction for 4 min)". */
void watch_blocker_words(const WatchBlocker *blocker, Text *text);

/* "waits for AccessExclusiveLock on public.item, held by pid 123 (…) and pid 124 (…)"; also where
 * nobody is known to hold it. Nothing where no lock is waited for. */
void watch_lock_words(const WatchFacts *facts, Text *text);

/* What a backend is at: "at a statement for 12 s, waits for …, held up by pid 123 (…)"; that its
 * role does not let us see it. Never the statement. */
void watch_doing_words(const WatchFacts *facts, Text *text);

/* "blocked by pid 123 (…)", of several at most WATCH_WORDS_BLOCKERS; nothing where there is none.
 */
#define WATCH_WORDS_BLOCKERS 3
void watch_blocked_words(const WatchBlockerArray *blockers, Text *text);

/* "ended the session of pid 12 (user app, application psql)", "cancelled pid 12 (…)". */
void watch_cancelled_words(const WatchCancelled *cancelled, Text *text);

/* "850 ms", "12 s", "4 min", "3 h 20 min", "5 d": what people want to know of a duration. */
void watch_duration_words(int64_t ms, Text *text);

/* "850 bytes", "12 kB", "1.4 GB". */
void watch_bytes_words(int64_t bytes, Text *text);

/* How long it will still take if it goes on as it did since `begun` (done there, at that time);
 * -1 where nothing can be said: too little was done, or the total is not known. Milliseconds. */
int64_t watch_eta_ms(int64_t done_then, int64_t done_now, int64_t total, int64_t elapsed_ms);

/* Copy at most size - 1 bytes as printable text. */
void watch_copy_name(char *to, size_t size, const char *from);

#endif
