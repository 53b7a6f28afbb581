/* What people are told while a run waits for its connection to come back. */
#ifndef SEALIFT_APPLIER_LINK_NEWS_H
#define SEALIFT_APPLIER_LINK_NEWS_H

#include <stdint.h>

typedef enum {
    LINK_LOST,        /* the connection is lost; waiting begins */
    LINK_NO_SERVER,   /* it cannot be had back yet; told at each try */
    LINK_OLD_SESSION, /* it is back, and the session that was lost still holds the lock; likewise */
    LINK_BACK,        /* connection and lock are there again: the run goes on */
} LinkNewsKind;

/* All borrowed for the call. */
typedef struct LinkNews {
    LinkNewsKind kind;
    int64_t waited_ms;   /* since the loss */
    int64_t patience_ms; /* in all */
    const char *words;   /* what the loss or the last try said; NULL for the other kinds */
    /* of the old session; "" where the server does not tell */
    int64_t pid;
    const char *state; /* "active", "idle in transaction", … */
    const char *wait;  /* "Lock/relation", "IPC/SyncRep"; "" while it works */
    int64_t query_ms;  /* since its statement began */
} LinkNews;

#endif
