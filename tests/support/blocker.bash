# shellcheck shell=bash
# Others at work on the test's database, and an applier in the background. To be loaded behind
# common.bash.

# block NAME CONNINFO SQL: a session elsewhere, called NAME, that has run SQL and keeps its transaction
# open until unblock; tell gives it more to do. Sets $blocker_pid, of its backend.
block() {
    rm -f "$WORK/blocker"
    mkfifo "$WORK/blocker"
    PGAPPNAME=$1 "$PG_BIN/psql" -XAtq -d "$2" <"$WORK/blocker" >"$WORK/blocker.out" 2>&1 3>&- &
    blocker=$!
    exec 8>"$WORK/blocker"
    printf '%s\n' "$3" >&8
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = '$1' AND datname = '$DATABASE'")" = 1 ]; do sleep 0.05; done
    # shellcheck disable=SC2034 # for the tests
    blocker_pid=$(sql "SELECT pid FROM pg_stat_activity WHERE application_name = '$1' AND datname = '$DATABASE'")
}
tell() { printf '%s\n' "$1" >&8; }
unblock() {
    exec 8>&-
    wait "$blocker" || true
}

# start COMMAND…: in the background, its output in out and err; sets $pid.
start() {
    "$@" >out 2>err 3>&- 8>&- &
    pid=$!
}
ended_with() {
    status=0
    wait "$pid" || status=$?
    same "exit status" "$1" "$status" || { cat out err; return 1; }
}

# until_in FILE WORDS: until it holds them; what it holds is shown where they do not come.
until_in() {
    for _ in $(seq 300); do grep -qF -- "$2" "$1" 2>/dev/null && return 0; sleep 0.1; done
    echo "$1 lacks: $2"
    cat "$1"
    return 1
}

# until_sql EXPRESSION: until it is true in the test's database.
until_sql() {
    for _ in $(seq 300); do [ "$(sql "SELECT $1")" = t ] && return 0; sleep 0.1; done
    echo "not true: $1"
    return 1
}

# until_true COMMAND…: until it succeeds.
until_true() {
    for _ in $(seq 300); do "$@" && return 0; sleep 0.1; done
    echo "never: $*"
    return 1
}

# event EXPRESSION: jq on all lines of the file events as one array, each of whose members must stand in
# docs/json.md.
event() {
    events_documented && jq -ers "$1" events
}
events_documented() {
    local name event
    sed -n '/^## The event stream/,/^## The rehearsal report/p' "$TOP/docs/json.md" >"$WORK/.stream"
    # the common members and those of sessions stand outside of the table
    grep -v '^|' "$WORK/.stream" >"$WORK/.common"
    while read -r event; do
        grep -F "| \`$event\` |" "$WORK/.stream" >"$WORK/.row" ||
            { echo "docs/json.md lacks the event $event" >&2; return 1; }
        while read -r name; do
            grep -qF "\`$name\`" "$WORK/.row" "$WORK/.common" ||
                { echo "docs/json.md lacks $name of the event $event" >&2; return 1; }
        done < <(jq -r --arg event "$event" \
            'select(.event == $event) | del(.error) | [paths[] | strings] | unique[]' events | sort -u)
    done < <(jq -r .event events | sort -u)
}
