/* The hosts of a connection string, one by one.
 *
 * libpq goes through several hosts by itself, but who polls (as we do, for signals and a deadline)
 * gets no connect_timeout from it: a first host that takes the connection and says nothing, a
 * frozen primary, would keep it from ever trying the second. So each host is tried by itself. */
#ifndef SEALIFT_APPLIER_PG_HOSTS_H
#define SEALIFT_APPLIER_PG_HOSTS_H

#include <libpq-fe.h>

#include "base/array.h"

/* Texts owned; "" where the string says nothing. */
typedef struct PgHost {
    char *host;
    char *hostaddr;
    char *port;
} PgHost;

typedef ARRAY_OF(PgHost) PgHostArray;

void pg_hosts_done(PgHostArray *hosts);

/* In the order of the string, which is libpq's. Empty where libpq is to choose: one host only, or
 * an order of its own (target_session_attrs=prefer-standby). `options` as PQconninfo gives them. */
void pg_hosts_of(const PQconninfoOption *options, PgHostArray *ret_hosts);

#endif
