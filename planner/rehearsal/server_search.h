/* Which PostgreSQL servers are installed on this machine: folders that hold `initdb` and
 * `postgres`, one for each major version. Nothing is started but `postgres --version` and
 * `pg_config`. */
#ifndef SEALIFT_PLANNER_SERVER_SEARCH_H
#define SEALIFT_PLANNER_SERVER_SEARCH_H

#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/option_table.h"

typedef struct Server {
    char *folder;  /* owned: holds initdb and postgres */
    int64_t major; /* 15 */
    char *version; /* owned: "15.18", as the server calls itself, without the packager's words */
    char *whole;   /* owned: "15.18 (Debian 15.18-0+deb12u1)" */
} Server;

typedef ARRAY_OF(Server) ServerArray;

/* In order of majors. Of several with the same major the first counts: those in `named` (folders
 * that the user named), then Debian's, Red Hat's and the usual places for own builds, then what
 * pg_config says, then the PATH. ERROR_CONFIG for a named folder that holds no server. */
bool server_search(const StringArray *named, ServerArray *ret_servers, Error *err) MUST_CHECK;
void server_search_done(ServerArray *servers);

/* The one of this major, or NULL. */
const Server *server_search_find(const ServerArray *servers, int64_t major);

/* The version in what `postgres --version` prints: "postgres (PostgreSQL) 15.18 (Debian …)". False
 * where it is something else. The caller frees the texts of *ret_server; its folder is not set. */
bool server_search_parse(const char *line, Server *ret_server) MUST_CHECK;

/* Whether a child that works with a scratch server gets this variable: what points libpq or our own
 * programs somewhere (PG…, DATABASE_URL, SEALIFT_…) is left out. */
bool server_search_keeps_variable(const char *name_and_value);

#endif
