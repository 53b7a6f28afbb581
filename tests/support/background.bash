# shellcheck shell=bash
# A program under test in the background, and what a test waits for meanwhile: conditions, with a
# generous bound, never a span of time. To be loaded after common; teardown lets go what is held.

# start COMMAND…: its words go to $WORK/out and $WORK/err. Sets pid.
start() {
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- 8>&- &
    pid=$!
}

# ended STATUS: wait for it and demand this exit status; $output and $errors as after run_status.
ended() {
    status=0
    wait "$pid" || status=$?
    # shellcheck disable=SC2034 # for output_has
    output=$(cat "$WORK/out")
    # shellcheck disable=SC2034 # for errors_has
    errors=$(cat "$WORK/err")
    [ "$status" -eq "$1" ] || { show_run "exit status $status, not $1"; return 1; }
}

# until_sql QUERY [CONNINFO]: until it gives t, as the superuser; not yet being there is no failure.
until_sql() {
    local conninfo=${2:-$DB}
    for _ in $(seq 1200); do
        [ "$("$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "${conninfo/user=app/user=postgres}" -c "$1" 2>/dev/null)" = t ] && return 0
        sleep 0.05
    done
    echo "never came true: $1"
    return 1
}

# until_said WORDS: until the program has said so on stderr.
until_said() {
    for _ in $(seq 1200); do
        grep -q "$1" "$WORK/err" && return 0
        sleep 0.05
    done
    cat "$WORK/err"
    return 1
}

# until_runs WORDS: until our session that runs steps is at a statement that holds them.
until_runs() {
    until_sql "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'sealift %' AND state = 'active' AND datname = '$DATABASE' AND query LIKE '%$1%'"
}

# hold TABLE: a session (descriptor 8) that keeps it from everybody, until let_go.
hold() {
    mkfifo "$WORK/holder"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <"$WORK/holder" >/dev/null 2>&1 3>&- &
    exec 8>"$WORK/holder"
    echo "BEGIN; LOCK TABLE $1 IN ACCESS EXCLUSIVE MODE;" >&8
    until_sql "SELECT count(*) > 0 FROM pg_locks WHERE relation = '$1'::regclass AND mode = 'AccessExclusiveLock' AND granted"
}
let_go() {
    exec 8>&-
    rm -f "$WORK/holder"
}
