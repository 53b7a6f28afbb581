/* The scratch cluster of a rehearsal, which the rehearsal may do everything with: it drops and
 * creates databases, roles and tablespaces there. So it insists on a mark that no other cluster
 * has: the setting cluster_name. */
#ifndef SEALIFT_APPLIER_REHEARSAL_CLUSTER_H
#define SEALIFT_APPLIER_REHEARSAL_CLUSTER_H

#include "applier/server/pg_session.h"
#include "base/array.h"

#define REHEARSAL_CLUSTER_NAME "sealift-scratch"
#define REHEARSAL_DATABASE     "sealift_rehearsal"
#define REHEARSAL_CLEAN        "sealift_rehearsal_clean" /* that the other is copied from */

typedef struct ClusterObject {
    char *kind; /* owned: "database", "role", "tablespace" */
    char *name; /* owned */
} ClusterObject;

typedef ARRAY_OF(ClusterObject) ClusterObjectArray;

typedef struct RehearsalCluster {
    char *conninfo;          /* owned; or NULL */
    PgSession *admin;        /* on the database that was named to us */
    PgSession *second;       /* likewise, where locks are sampled; opened when it is first needed */
    ClusterObjectArray kept; /* what was there before */
} RehearsalCluster;

/* Connect as `conninfo` says (NULL: DATABASE_URL, then PG*). ERROR_TARGET where the cluster is no
 * scratch cluster or we are no superuser; pg_session_open's errors. */
bool rehearsal_cluster_open(const char *conninfo, RehearsalCluster *ret_cluster,
                            Error *err) MUST_CHECK;

/* Put it back as it was: databases, tablespaces and roles that were not there are dropped, settings
 * by ALTER SYSTEM and ALTER ROLE reset. No session may be on a database of the rehearsal. */
bool rehearsal_cluster_reset(RehearsalCluster *cluster, Error *err) MUST_CHECK;

/* Make a database of the rehearsal, from `from` where that is not NULL: no session may be on it.
 * One of that name is dropped first. */
bool rehearsal_cluster_create(RehearsalCluster *cluster, const char *database, const char *from,
                              Error *err) MUST_CHECK;

/* Whether all that scripts have made is inside the databases, so that a copy of one has everything:
 * no role, no tablespace, nothing that belongs to the cluster or to a database as such. */
bool rehearsal_cluster_is_plain(RehearsalCluster *cluster, bool *ret_plain, Error *err) MUST_CHECK;

/* A session on a database of the rehearsal that runs what a site's would, with the server's words
 * whole and its notices dropped. */
bool rehearsal_cluster_connect(const RehearsalCluster *cluster, const char *database,
                               const char *scripts_path, PgSession **ret_session,
                               Error *err) MUST_CHECK;

/* Begin watching the locks of the process `pid` from a second connection; without waiting. */
bool rehearsal_cluster_watch(RehearsalCluster *cluster, int pid, Error *err) MUST_CHECK;

/* End it: "oid mode oid mode …" into *ret_seen, which the caller frees. Without a watch it is "".
 */
bool rehearsal_cluster_watched(RehearsalCluster *cluster, char **ret_seen, Error *err) MUST_CHECK;

void rehearsal_cluster_close(RehearsalCluster *cluster); /* accepts a zeroed one */

/* The connection string `conninfo` with another database; the caller frees. ERROR_USAGE where it
 * cannot be read. */
bool rehearsal_cluster_conninfo(const char *conninfo, const char *database, char **ret_conninfo,
                                Error *err) MUST_CHECK;

#endif
