# shellcheck shell=bash
# Scratch PostgreSQL clusters, for tests and for the demonstration. To be sourced by bash.
#
# A cluster is one folder under the temporary directory: data, socket, port, log. The server runs as
# an ordinary user (root drops to postgres or nobody), listens on a socket in that folder (trust) and
# on 127.0.0.1 (password). A watcher stops the server and removes the folder when the process that
# owns it is gone, whatever killed it.
#
# Roles: postgres (superuser), app (login, password 'right'; owns the databases that tests make).

cluster_dir=
cluster_source=$(realpath "${BASH_SOURCE[0]}")

cluster_say() { printf 'cluster: %s\n' "$*" >&2; }

# The folder with initdb, postgres, psql and pg_dump themselves (Debian's /usr/bin/psql is a wrapper
# that chooses among installed versions).
cluster_bin() {
    local found
    if [ -n "${SEALIFT_PG_BIN:-}" ]; then
        printf '%s\n' "$SEALIFT_PG_BIN"
        return 0
    fi
    for found in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5nr) \
                 "$(pg_config --bindir 2>/dev/null)" /usr/local/pgsql/bin; do
        if [ -x "$found/initdb" ] && [ -x "$found/psql" ]; then
            printf '%s\n' "$found"
            return 0
        fi
    done
    cluster_say "no PostgreSQL server found; tools/install-packages.sh test installs it"
    return 3
}

# The ordinary user that runs the server.
cluster_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif getent passwd postgres >/dev/null; then
        echo postgres
    else
        echo nobody
    fi
}

# Run a command as that user, from /, with no descriptor of the caller's but the standard three: a
# server that kept bats' own open would make it wait for ever.
cluster_run() (
    cd /
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&- 11>&- 12>&-
    if [ "$(id -u)" -ne 0 ]; then
        exec "$@"
    fi
    user=$(cluster_user)
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
)

# Make a cluster and start it: cluster_new fast|durable [OWNER-PID [CLUSTER-NAME]]; sets cluster_dir.
# `durable` keeps fsync on, for tests that kill the server; the name is the setting cluster_name.
cluster_new() {
    local durability=$1 owner=${2:-$$} name=${3:-} bin
    bin=$(cluster_bin) || return
    cluster_dir=$(mktemp -d "${TMPDIR:-/tmp}/sealift-pg.XXXXXX") || return
    [ "$(id -u)" -ne 0 ] || chown "$(cluster_user)" "$cluster_dir"
    chmod 0711 "$cluster_dir"
    cluster_watch "$cluster_dir" "$owner"
    cluster_run mkdir -m 0755 "$cluster_dir/socket"
    if ! cluster_run "$bin/initdb" -D "$cluster_dir/data" -U postgres -E UTF8 --locale=C.UTF-8 \
            --no-sync -A trust >"$cluster_dir/initdb.log" 2>&1; then
        cat "$cluster_dir/initdb.log" >&2
        return 1
    fi
    cluster_run tee "$cluster_dir/data/pg_hba.conf" >/dev/null <<HBA
local all all trust
local replication all trust
host  all all 127.0.0.1/32 scram-sha-256
HBA
    cluster_run tee -a "$cluster_dir/data/postgresql.conf" >/dev/null <<CONF
unix_socket_directories = '$cluster_dir/socket'
listen_addresses = '127.0.0.1'
max_connections = 60
shared_buffers = 64MB
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
cluster_name = '$name'
CONF
    if [ "$durability" = fast ]; then
        cluster_run tee -a "$cluster_dir/data/postgresql.conf" >/dev/null <<CONF
fsync = off
full_page_writes = off
CONF
    fi
    cluster_start "$cluster_dir" || return
    cluster_psql "$cluster_dir" postgres -q -c "CREATE ROLE app LOGIN PASSWORD 'right'"
}

# Start the server of a cluster; the port is chosen anew until one is free.
cluster_start() {
    local dir=$1 bin attempt port
    bin=$(cluster_bin) || return
    for attempt in 1 2 3 4 5 6; do
        # A cluster that was started before keeps its port: what a test connects to stays true.
        port=$(cat "$dir/port" 2>/dev/null) || port=$((20000 + (RANDOM << 1 | RANDOM & 1) % 40000))
        if cluster_run "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -o "-p $port" -w -t 60 -s \
                start >/dev/null 2>>"$dir/start.log"; then
            echo "$port" >"$dir/port"
            return 0
        fi
        # After a kill the old processes may need a moment to be gone.
        [ "$attempt" -lt 3 ] || sleep 1
    done
    cluster_say "the server does not start:"
    tail -n 20 "$dir/server.log" >&2
    return 1
}

# cluster_stop DIR [smart|fast|immediate]
cluster_stop() {
    local bin
    bin=$(cluster_bin) || return
    [ -f "$1/data/postmaster.pid" ] || return 0
    cluster_run "$bin/pg_ctl" -D "$1/data" -m "${2:-fast}" -w -s stop >/dev/null 2>&1
}

# Whether a process still runs; one that is dead but not yet waited for does not.
cluster_alive() {
    [ -r "/proc/$1/stat" ] && [[ $(cat "/proc/$1/stat" 2>/dev/null) == *") "[!Z]* ]]
}

# SIGKILL to the server and all its processes, as a power cut would have it.
cluster_kill() {
    local postmaster children
    postmaster=$(head -n 1 "$1/data/postmaster.pid") || return
    children=$(cat "/proc/$postmaster/task/$postmaster/children" 2>/dev/null)
    # shellcheck disable=SC2086 # a list of numbers
    kill -KILL "$postmaster" $children 2>/dev/null
    while cluster_alive "$postmaster"; do sleep 0.05; done
}

cluster_remove() {
    [ -n "${1:-}" ] && [ -d "$1" ] || return 0
    cluster_stop "$1" immediate
    rm -rf -- "$1"
}

# Stop and remove the cluster when its owner is gone. Its own session, so that a ^C for the owner
# does not reach it; ends by itself when the folder is gone.
cluster_watch() {
    (
        cd /
        exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&- 11>&- 12>&-
        # shellcheck disable=SC2016 # expanded by the inner bash
        setsid bash -c '
            . "$1"
            while [ -d "$2" ] && kill -0 "$3" 2>/dev/null; do sleep 1; done
            cluster_remove "$2"
        ' watcher "$cluster_source" "$1" "$2" </dev/null >/dev/null 2>&1 &
    )
}

cluster_port() { cat "$1/port"; }

# cluster_conninfo DIR DATABASE [USER]
cluster_conninfo() {
    printf 'host=%s port=%s dbname=%s user=%s\n' "$1/socket" "$(cluster_port "$1")" "$2" "${3:-app}"
}

# cluster_psql DIR DATABASE psql-arguments…  (as the superuser)
cluster_psql() {
    local dir=$1 database=$2
    shift 2
    "$(cluster_bin)/psql" -X -v ON_ERROR_STOP=1 -d "$(cluster_conninfo "$dir" "$database" postgres)" "$@"
}
