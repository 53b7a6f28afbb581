# tests/support/pg_proxy.c: what other tests count on.
load ../support/common
load ../support/proxy

setup() {
    common_setup
    private_cluster
    FIVE=(-c 'SELECT 1' -c 'SELECT 2' -c 'SELECT 3' -c 'SELECT 4' -c 'SELECT 5')
}
teardown() {
    proxy_done
    common_teardown
}

# psql by way of the proxy; its rows in $output.
through() { run_status "$1" "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$(by_proxy "$DB_ADMIN")" "${@:2}"; }

# What psql sends: startup (not counted), a message for each query, Terminate.
@test "counts messages and turns, of the applications that are asked for" {
    proxy "$PRIVATE" --lockstep --application ps
    through 0 "${FIVE[@]}"
    same rows $'1\n2\n3\n4\n5' "$output"
    through 0 -d "$(by_proxy "$DB_ADMIN") application_name=other" "${FIVE[@]}"
    proxy_end
    same lines 1 "$(wc -l <"$PROXY_HOST/counts")"
    grep -q '^1 psql client=6 ' "$PROXY_HOST/counts"
    same turns 6 "$(proxy_sum turns)"
    [ "$(proxy_sum server)" -gt 20 ]
}

@test "a pipeline is one turn, COPY two, a failure no more than its answer" {
    proxy "$PRIVATE" --lockstep
    through 0 -c 'SELECT 1; SELECT 2; SELECT 3; SELECT 4; SELECT 5'
    proxy_end
    same turns 2 "$(proxy_sum turns)"
    proxy "$PRIVATE" --lockstep
    run_status 0 bash -c 'seq 100000 | "$0" "$@"' "$PG_BIN/psql" -XAtq -d "$(by_proxy "$DB_ADMIN")" \
        -c 'CREATE TABLE t (a int)' -c 'COPY t FROM STDIN' -c 'SELECT count(*) FROM t'
    same rows 100000 "$output"
    proxy_end
    same turns 5 "$(proxy_sum turns)"
    proxy "$PRIVATE" --lockstep
    through 1 -c 'SELECT 1' -c 'SELECT 1 / 0' -c 'SELECT 2'
    proxy_end
    same turns 3 "$(proxy_sum turns)"
}

@test "kill-client: the client dies, the server has what came before and nothing else" {
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c 'CREATE TABLE t (a int)'
    proxy "$PRIVATE" --client 3 --do kill-client
    through 137 -c 'INSERT INTO t VALUES (1)' -c 'INSERT INTO t VALUES (2)' -c 'INSERT INTO t VALUES (3)'
    proxy_end
    same fired '1 Q' "$(cat "$PROXY_HOST/fired")"
    same rows 2 "$(sql 'SELECT count(*) FROM t')"
}

@test "kill-backend: the server's process dies, and the server comes back" {
    proxy "$PRIVATE" --client 2 --do kill-backend
    through 2 "${FIVE[@]}"
    same rows 1 "$output"
    proxy_end
    for _ in $(seq 600); do sql 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.05; done
    same alive 1 "$(sql 'SELECT 1')"
    grep -q 'was terminated by signal 9' "$PRIVATE/server.log"
}

@test "kill=PID: at a message of the server, before it is passed on" {
    sleep 600 &
    victim=$!
    proxy "$PRIVATE" --server 1 --do "kill=$victim"
    through 0 "${FIVE[@]}"
    status=0
    wait "$victim" || status=$?
    same status 137 "$status"
    proxy_end
    same fired '1 R' "$(cat "$PROXY_HOST/fired")"
}

@test "cut, swallow, delay" {
    proxy "$PRIVATE" --client 2 --do cut
    through 2 "${FIVE[@]}"
    errors_has 'closed the connection unexpectedly'
    proxy_end
    proxy "$PRIVATE" --client 1 --do delay=50
    through 0 "${FIVE[@]}"
    same rows $'1\n2\n3\n4\n5' "$output"
    proxy_end
    same fired '1 Q' "$(cat "$PROXY_HOST/fired")"
    # a swallowed query is never answered: nobody comes back from it
    proxy "$PRIVATE" --client 2 --do swallow
    "$PG_BIN/psql" -XAtq -d "$(by_proxy "$DB_ADMIN")" "${FIVE[@]}" >"$WORK/rows" 2>&1 3>&- &
    client=$!
    for _ in $(seq 600); do [ -f "$PROXY_HOST/fired" ] && break; sleep 0.05; done
    same waits t "$(kill -0 "$client" && echo t)"
    kill "$client"
    wait "$client" || true
    proxy_end
    same messages 2 "$(proxy_sum client)"
}

@test "without --do nothing is done; bad arguments are refused; without its socket it ends" {
    proxy "$PRIVATE" --client 2
    through 0 "${FIVE[@]}"
    rm "$PROXY_HOST"/.s.PGSQL.*
    for _ in $(seq 600); do cluster_alive "$PROXY_PID" || break; sleep 0.05; done
    same ended t "$(cluster_alive "$PROXY_PID" || echo t)"
    run_status 2 "$PG_PROXY" --listen here
    errors_has '--listen and --to'
    run_status 2 "$PG_PROXY" --listen here --to there --do nonsense
    errors_has nonsense
}
