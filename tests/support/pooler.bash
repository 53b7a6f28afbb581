# shellcheck shell=bash
# PgBouncer before a scratch cluster, for bats files. To be loaded behind common.bash; pooler_done
# belongs into teardown.

# pooler CLUSTER MODE SIZE [LINE…]: a pool of SIZE server connections per user and database, in MODE
# (session, transaction, statement), and more lines of its configuration. Sets POOLER_HOST, the folder
# of its socket.
pooler() {
    local cluster=$1 mode=$2 size=$3
    shift 3
    POOLER_HOST=$(mktemp -d "${TMPDIR:-/tmp}/sealift-pb.XXXXXX") || return
    POOLERS+=("$POOLER_HOST")
    [ "$(id -u)" -ne 0 ] || chown "$(cluster_user)" "$POOLER_HOST"
    chmod 0755 "$POOLER_HOST"
    printf '"%s" ""\n' app postgres >"$POOLER_HOST/users"
    {
        printf '%s\n' '[databases]' "* = host=$cluster/socket port=$(cluster_port "$cluster")" \
            '[pgbouncer]' 'listen_addr =' "listen_port = $(cluster_port "$cluster")" \
            "unix_socket_dir = $POOLER_HOST" "auth_type = trust" "auth_file = $POOLER_HOST/users" \
            "logfile = $POOLER_HOST/log" "pidfile = $POOLER_HOST/pid" "pool_mode = $mode" \
            "default_pool_size = $size" "$@"
    } >"$POOLER_HOST/ini"
    chmod 0644 "$POOLER_HOST/ini" "$POOLER_HOST/users"
    cluster_run /usr/sbin/pgbouncer -d -q "$POOLER_HOST/ini" || { cat "$POOLER_HOST/log"; return 1; }
    for _ in $(seq 600); do [ -S "$POOLER_HOST/.s.PGSQL.$(cluster_port "$cluster")" ] && return 0; sleep 0.05; done
    return 1
}

# The conninfo of what CONNINFO names, by way of the pool.
by_pooler() { echo "${1/host=+([^ ])/host=$POOLER_HOST}"; }

pooler_done() {
    local folder
    for folder in ${POOLERS[@]+"${POOLERS[@]}"}; do
        [ ! -f "$folder/pid" ] || kill -KILL "$(cat "$folder/pid")" || true
        rm -rf -- "$folder"
    done
}
shopt -s extglob
