# The kill harness: the applier killed between any two messages of a run, a server's process killed,
# the whole server killed. Whatever was hit, `resume` or the same command again comes to where an
# undisturbed run comes: schema, rows, ledger.
#
# KILLS (default 40) is how many; `make kill-harness` asks for more. Where that is no fewer than there
# are messages, each of them is hit. SEED chooses which, and is printed.
load ../support/common
load ../support/proven
load ../support/proxy
load ../support/kill_project

setup() {
    common_setup
    KILLS=${KILLS:-40}
    SEED=${SEED:-$RANDOM}
    RANDOM=$SEED
    KILLED=0 AGAIN=0 THROUGH=0
}
teardown() {
    proxy_done
    common_teardown
}

say() { echo "# $*" >&3; }

# --- a site and databases of it, made from templates -------------------------------------------------

# trial_database CLUSTER NAME TEMPLATE: sets DB and DB_ADMIN.
trial_database() {
    cluster_psql "$1" postgres -q -c "DROP DATABASE IF EXISTS $2 WITH (FORCE)" \
        -c "CREATE DATABASE $2 TEMPLATE $3 OWNER app"
    DB=$(cluster_conninfo "$1" "$2" app)
    DB_ADMIN=$(cluster_conninfo "$1" "$2" postgres)
}

# What the site remembered when the template was made.
site_as_of() {
    rm -rf "$SEALIFT_STATE_DIR"
    cp -R "$WORK/site-$1" "$SEALIFT_STATE_DIR"
}

# The two runs that are disturbed, and their ends: `up` from nothing, `down` from the last version.
run_of() { # up|down CONNINFO [OPTION…]
    case $1 in
    up) applier apply "$WORK/kill.bundle" --db "$2" --yes "${@:3}" ;;
    down) applier rollback --to "$KILL_BACK" --db "$2" --yes --same-site "${@:3}" ;; # a copy
    esac
}
end_of() {
    case $1 in
    up) echo "$KILL_LAST current" ;;
    down) echo "$KILL_BACK behind" ;;
    esac
}
state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

# Templates kill_up (empty) and kill_down (the last version) in CLUSTER, and, by a proxy, how many
# messages each run has: MESSAGES_up_client, … . What the runs come to is in $WORK/expected-up, -down.
undisturbed() {
    local kind
    DATABASES+=(kill_up kill_down kill_trial)
    cluster_psql "$1" postgres -q -c 'CREATE DATABASE kill_up OWNER app'
    mkdir -p "$SEALIFT_STATE_DIR"
    for kind in up down; do
        rm -rf "$WORK/site-$kind"
        cp -R "$SEALIFT_STATE_DIR" "$WORK/site-$kind"
        trial_database "$1" kill_trial "kill_$kind"
        proxy "$1" --application sealift
        run_status 0 run_of "$kind" "$(by_proxy "$DB")"
        proxy_end
        printf -v "MESSAGES_${kind}_client" %d "$(proxy_sum client)"
        printf -v "MESSAGES_${kind}_server" %d "$(proxy_sum server)"
        same end "$(end_of "$kind")" "$(state)"
        same schema proven "$(applier status --db "$DB" --json | jq -r .schema)"
        everything_in "$DB_ADMIN" >"$WORK/expected-$kind"
        [ "$kind" = down ] || cluster_psql "$1" postgres -q -c 'CREATE DATABASE kill_down TEMPLATE kill_trial OWNER app'
    done
}

# --- one kill ----------------------------------------------------------------------------------------

# The run by way of a proxy that does something at a message: disturb CLUSTER KIND SIDE N WHAT, SIDE client
# or server. The status of the applier is in $status; true where the message came.
disturb() {
    proxy "$1" --application sealift "--$3" "$4" --do "$5"
    status=0
    run_of "$2" "$(by_proxy "$DB")" >"$WORK/disturbed" 2>&1 || status=$?
    rm -f "$PROXY_HOST"/.s.PGSQL.*
    [ -f "$PROXY_HOST/fired" ]
}

# converge KIND COMMAND WHERE: go on by `resume`, or by the same command (again), and demand the same end.
converge() {
    local kind=$1 command=$2 where=$3 now=
    if [ "$command" = resume ]; then
        run_status 0 applier resume --db "$DB" --same-site || { echo "resume at $where"; return 1; }
        now=$(state)
        # killed before it had begun it left nothing to resume
        [ "$now" = "$(end_of "$kind")" ] || command=again
    fi
    if [ "$command" = again ]; then
        run_status 0 run_of "$kind" "$DB" || { echo "again at $where"; return 1; }
        now=$(state)
    fi
    same "state at $where" "$(end_of "$kind")" "$now" || return 1
    everything_in "$DB_ADMIN" >"$WORK/got"
    diff "$WORK/expected-$kind" "$WORK/got" || { echo "differs at $where (by $2)"; return 1; }
}

# One trial: the applier killed at message N of SIDE; every fourth time killed again as it goes on.
kill_applier() {
    local kind=$1 side=$2 n=$3 command=again where="$1, $2 message $3"
    [ $(((KILLED + AGAIN + THROUGH) % 2)) -eq 0 ] && command=resume
    trial_database "$CLUSTER" kill_trial "kill_$kind"
    site_as_of "$kind"
    if disturb "$CLUSTER" "$kind" "$side" "$n" kill-client; then
        same "status at $where" 137 "$status" || return 1
        KILLED=$((KILLED + 1))
    else
        # how many messages there are may differ by a few: this run had fewer
        same "status at $where" 0 "$status" || { cat "$WORK/disturbed"; return 1; }
        THROUGH=$((THROUGH + 1))
    fi
    if [ $((KILLED % 4)) -eq 3 ] && disturb "$CLUSTER" "$kind" client $((RANDOM % n + 1)) kill-client; then
        where="$where, then client message again"
        AGAIN=$((AGAIN + 1))
    fi
    converge "$kind" "$command" "$where"
}

# All points of all runs, one a line; `few N` takes N of them, evenly, from a random one on.
points() {
    local kind side messages
    for side in client server; do
        for kind in up down; do
            messages=MESSAGES_${kind}_$side
            seq "${!messages}" | sed "s/^/$kind $side /"
        done
    done
}
few() {
    awk -v wanted="$1" -v shift="$RANDOM" '{ line[NR] = $0 } END {
        if (wanted > NR) wanted = NR
        for (i = 0; i < wanted; i++) print line[(int(i * NR / wanted) + shift % int(NR / wanted)) % NR + 1] }'
}

@test "the applier killed between any two messages of an apply or a rollback converges" {
    shared_cluster
    fresh_database
    kill_bundle
    undisturbed "$CLUSTER"
    points >"$WORK/all"
    few $((KILLS * 9 / 10)) <"$WORK/all" >"$WORK/points"
    begun=$SECONDS
    while read -r -u 7 kind side n; do
        kill_applier "$kind" "$side" "$n"
    done 7<"$WORK/points"
    say "seed $SEED: $KILLED kills of the applier at $(wc -l <"$WORK/points") of $(wc -l <"$WORK/all") messages" \
        "(apply $MESSAGES_up_client from us and $MESSAGES_up_server to us, rollback $MESSAGES_down_client and" \
        "$MESSAGES_down_server), $AGAIN again, $THROUGH got through;" \
        "all converged, $((SECONDS - begun)) s"
    [ "$KILLED" -ge $(($(wc -l <"$WORK/points") * 9 / 10)) ]
}

# Until the server answers again.
server_is_back() {
    for _ in $(seq 1200); do
        "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c 'SELECT 1' >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

# A server's process of ours killed: the server ends all sessions and recovers.
kill_backend() { # KIND N
    if disturb "$PRIVATE" "$1" client "$2" kill-backend; then backends=$((backends + 1)); fi
    server_is_back
}

# The server killed as by a power cut, while message N is on its way to it.
kill_server() { # KIND N
    proxy "$PRIVATE" --application sealift --client "$2" --do delay=3600000
    # its way back is taken away below: no use in waiting for it
    run_of "$1" "$(by_proxy "$DB")" --reconnect 1 >"$WORK/disturbed" 2>&1 3>&- &
    local run=$!
    until [ -f "$PROXY_HOST/fired" ] || ! cluster_alive "$run"; do sleep 0.02; done
    if [ -f "$PROXY_HOST/fired" ]; then servers=$((servers + 1)); fi
    cluster_kill "$PRIVATE"
    rm -f "$PROXY_HOST"/.s.PGSQL.*
    cluster_start "$PRIVATE"
    status=0
    wait "$run" || status=$?
}

@test "a server's process or the whole server killed in a run: it converges" {
    shared_cluster
    fresh_database
    kill_bundle
    private_cluster
    undisturbed "$PRIVATE"
    wanted=$((KILLS / 10 + 1)) backends=0 servers=0 begun=$SECONDS
    for i in $(seq "$wanted"); do
        kind=up
        [ $((i % 4)) -lt 2 ] || kind=down
        messages=MESSAGES_${kind}_client
        n=$((RANDOM % ${!messages} + 1))
        trial_database "$PRIVATE" kill_trial "kill_$kind"
        site_as_of "$kind"
        cluster_psql "$PRIVATE" postgres -q -c CHECKPOINT
        if [ $((i % 2)) -eq 0 ]; then
            kill_backend "$kind" "$n"
        else
            kill_server "$kind" "$n"
        fi
        # the connection was lost, before or behind a commit, or the applier came through that itself
        [[ $status =~ ^(0|9|10|11)$ ]] || { cat "$WORK/disturbed"; same status '0, 9, 10 or 11' "$status"; }
        if [ $((i % 3)) -eq 0 ]; then converge "$kind" again "server, $kind $n"; else converge "$kind" resume "server, $kind $n"; fi
    done
    say "seed $SEED: a server's process killed $backends times, the server $servers times; all converged," \
        "$((SECONDS - begun)) s"
    # a run may have a few messages fewer than the undisturbed one
    [ "$((backends + servers))" -ge $((wanted * 8 / 10)) ]
}

# A version that ends with a step outside transactions is looked at behind that step.
@test "killed between a version's last step and the record of its schema: whoever goes on records it" {
    shared_cluster
    fresh_database
    kill_bundle
    undisturbed "$CLUSTER"
    trial_database "$CLUSTER" kill_trial kill_down
    site_as_of down
    applier rollback --to 1.0.0 --db "$DB" --yes --same-site >/dev/null
    mkfifo holder
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <holder >/dev/null 2>&1 3>&- &
    holder=$!
    exec 8>holder
    echo 'BEGIN; LOCK TABLE sealift.fingerprint IN EXCLUSIVE MODE;' >&8
    until [ "$(sql "SELECT count(*) FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'sealift.fingerprint'::regclass AND mode = 'ExclusiveLock'")" = 1 ]; do sleep 0.05; done
    applier apply kill.bundle --to 2.0.0 --db "$DB" --yes --lock-timeout 60000 >/dev/null 2>&1 3>&- 8>&- &
    run=$!
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO sealift.fingerprint%'")" = 1 ]; do
        cluster_alive "$run"
        sleep 0.05
    done
    kill -KILL "$run"
    wait "$run" || true
    sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO sealift.fingerprint%'" >/dev/null
    exec 8>&-
    wait "$holder"
    arrivals() { sql "SELECT string_agg(version || ' ' || arrival, ', ' ORDER BY number) FROM sealift.fingerprint"; }
    same 'not on record' '1.0.0 up, 2.0.0 up, 3.0.0 up, 2.0.0 up, 1.0.0 up' "$(arrivals)"
    run_status 0 applier apply kill.bundle --db "$DB" --yes
    same 'on record' '1.0.0 up, 2.0.0 up, 3.0.0 up, 2.0.0 up, 1.0.0 up, 2.0.0 up, 3.0.0 up' "$(arrivals)"
    same state '3.0.0 current' "$(state)"
}
