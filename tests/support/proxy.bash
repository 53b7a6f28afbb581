# shellcheck shell=bash
# tests/support/pg_proxy.c for bats files. To be loaded behind common.bash; proxy_done belongs into
# teardown.

shopt -s extglob
PG_PROXY=${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/support/pg_proxy

# proxy CLUSTER [pg_proxy's options…]: a proxy before that cluster. Sets PROXY_HOST (the folder of its
# socket; the port is the cluster's) and PROXY_PID. Its counts are in $PROXY_HOST/counts, what it did
# in $PROXY_HOST/fired.
proxy() {
    local socket
    socket=.s.PGSQL.$(cluster_port "$1")
    # a socket's name may not be long, as a test's own folder may
    PROXY_HOST=$(mktemp -d "${TMPDIR:-/tmp}/sealift-px.XXXXXX") || return
    chmod 0755 "$PROXY_HOST"
    PROXY_PID=$("$PG_PROXY" --listen "$PROXY_HOST/$socket" --to "$1/socket/$socket" \
        --counts "$PROXY_HOST/counts" --fired "$PROXY_HOST/fired" "${@:2}") || return
    PROXIES+=("$PROXY_HOST")
}

# The conninfo of what CONNINFO names, by way of the proxy.
by_proxy() { echo "${1/host=+([^ ])/host=$PROXY_HOST}"; }

# End the proxy behind its last connection: its counts are complete then.
proxy_end() {
    kill -TERM "$PROXY_PID" 2>/dev/null
    while cluster_alive "$PROXY_PID"; do sleep 0.01; done
}

# proxy_sum client|server|turns: over all connections that counted.
proxy_sum() { awk -v RS='[ \n]' -v what="$1" -F= '$1 == what { n += $2 } END { print n + 0 }' "$PROXY_HOST/counts"; }

# The proxies end by themselves where their sockets are gone.
proxy_done() { rm -rf -- ${PROXIES[@]+"${PROXIES[@]}"}; }
