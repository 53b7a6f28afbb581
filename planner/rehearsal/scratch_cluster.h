/* A throw-away PostgreSQL cluster: made, started, and gone again with its folder.
 *
 * Never a database in somebody's cluster: what a rehearsal runs may create roles and databases. The
 * server runs as an ordinary user (root becomes `postgres` or `nobody`), listens on a socket in its
 * own folder only, keeps nothing safe (fsync off), and dies with this program however that dies.
 * Folders whose program is gone are removed by the next one.
 *
 * Nothing here waits: scratch_cluster_advance is called again and again until the server is ready,
 * so that several can come up at a time. */
#ifndef SEALIFT_PLANNER_SCRATCH_CLUSTER_H
#define SEALIFT_PLANNER_SCRATCH_CLUSTER_H

#include "base/child_process.h"
#include "planner/rehearsal/server_search.h"

#define SCRATCH_CLUSTER_NAME "sealift-scratch" /* cluster_name: by it applier knows where it is */

/* A folder under TMPDIR that belongs to this process alone, for clusters and what else a rehearsal
 * needs; everybody may pass through, nobody may look into it. */
typedef struct ScratchFolder {
    char *path; /* owned */
    int lock;   /* held while we live: by it the next one knows */
    bool drops; /* servers run as `user` and not as we are */
    ChildUser user;
} ScratchFolder;

/* Make it, and remove those of processes that are gone. ERROR_IO; ERROR_CONFIG: we are root and
 * there is no ordinary user, or the path is too long for a socket. */
bool scratch_folder_make(ScratchFolder *ret_folder, Error *err) MUST_CHECK;
/* Remove it. Accepts a zeroed one but for lock -1. */
void scratch_folder_done(ScratchFolder *folder);

typedef enum { SCRATCH_NONE, SCRATCH_INITDB, SCRATCH_STARTING, SCRATCH_READY } ScratchState;

typedef struct ScratchCluster {
    const ScratchFolder *folder; /* borrowed */
    const Server *server;        /* borrowed */
    ScratchState state;
    char *path; /* owned: holds data, the socket, and the logs */
    ChildProcess child;
    int64_t begun_ms;
} ScratchCluster;

/* Begin to make the cluster. ERROR_IO, ERROR_CONFIG. */
bool scratch_cluster_begin(const ScratchFolder *folder, const Server *server,
                           ScratchCluster *ret_cluster, Error *err) MUST_CHECK;

/* Go on as far as possible without waiting; state is SCRATCH_READY once the server takes
 * connections. Also says when a server that was ready has died. ERROR_CONFIG with the words of
 * initdb or of the server. */
bool scratch_cluster_advance(ScratchCluster *cluster, Error *err) MUST_CHECK;

/* End the server and remove its folder. Accepts a zeroed one. */
void scratch_cluster_remove(ScratchCluster *cluster);

/* How libpq finds it: database postgres, superuser postgres. The caller frees. */
char *scratch_cluster_conninfo(const ScratchCluster *cluster);

#endif
