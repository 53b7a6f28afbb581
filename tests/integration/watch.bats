#!/usr/bin/env bats
# What one sees of a run while it waits: who holds it up, how far it is, on stderr and as events.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE TABLE other (id int); INSERT INTO item SELECT generate_series(1, 1000);'
}
teardown() { common_teardown; }

# 1.0.0 is applied; 1.1.0 is what the test wrote.
bundle() {
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}

# block NAME CONNINFO SQL: a session elsewhere, called NAME, that has run SQL and keeps its transaction
# open until unblock. Sets $blocker_pid, of its backend.
block() {
    rm -f "$WORK/blocker"
    mkfifo "$WORK/blocker"
    PGAPPNAME=$1 "$PG_BIN/psql" -XAtq -d "$2" <"$WORK/blocker" >"$WORK/blocker.out" 2>&1 3>&- &
    blocker=$!
    exec 8>"$WORK/blocker"
    printf '%s\n' "$3" >&8
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = '$1' AND datname = '$DATABASE'")" = 1 ]; do sleep 0.05; done
    blocker_pid=$(sql "SELECT pid FROM pg_stat_activity WHERE application_name = '$1' AND datname = '$DATABASE'")
}
unblock() {
    exec 8>&-
    wait "$blocker" || true
}

# The applier in the background; sets $pid.
start() {
    "$@" >out 2>err 3>&- 8>&- &
    pid=$!
}
ended_with() {
    status=0
    wait "$pid" || status=$?
    same "exit status" "$1" "$status" || { cat out err; return 1; }
}
# Until FILE holds WORDS; what it holds is shown where they do not come.
until_in() {
    for _ in $(seq 300); do grep -qF -- "$2" "$1" 2>/dev/null && return 0; sleep 0.1; done
    echo "$1 lacks: $2"
    cat "$1"
    return 1
}
# event EXPRESSION: jq on all events as one array.
event() { jq -ers "$1" events; }

@test "a wait for a lock is said, with who is in the way and in which state" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0 --events events
    until_in err 'waits for AccessExclusiveLock on public.item'
    grep -qE "1 of 1: 1.1.0 0002_add, statement 1 of 1, .*: waits for AccessExclusiveLock on public.item, held up by pid $blocker_pid \(user app, application reporting, idle in transaction for " err
    run_status 1 grep 'SELECT count' err
    unblock
    ended_with 0
    same blocker "$blocker_pid reporting idle in transaction" \
        "$(event '[.[] | select(.event == "lock wait")][0] | .blockers[0] | "\(.pid) \(.application) \(.state)"')"
    same lock 'AccessExclusiveLock public.item 0002_add 1' \
        "$(event '[.[] | select(.event == "lock wait")][0] | "\(.lock) \(.object) \(.migration) \(.statement)"')"
    grep -q 'waited for locks 1 time, ' out
    grep -qE 'longest: .* 1.1.0 0002_add, statement 1 of its up script' out
    grep -q '1.1.0 0002_add, statement 1 of 1: done in ' err
}

@test "--show-sql shows the statement of who is in the way" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0 --show-sql --events events
    until_in err ': SELECT count(*) FROM item;)'
    unblock
    ended_with 0
    run_status 1 grep 'SELECT' events
}

@test "of another role's session the name is shown, and what may not be seen is said" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block auditor "$DB_ADMIN" 'BEGIN; LOCK TABLE item IN ACCESS SHARE MODE;'
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err "held up by pid $blocker_pid (user postgres, application auditor, what it does is seen by pg_read_all_stats only)"
    unblock
    ended_with 0
}

@test "a lock that is not given names who held it: at each retry, in the failure, in the ledger" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    run_status 10 applier apply one.bundle --yes --lock-timeout 2500 --attempts 2 --events events
    errors_has 'rolled back (55P03), attempt 2 follows' "; blocked by pid $blocker_pid (user app, application reporting, idle in transaction for "
    [[ $errors == *"error: migration '0002_add'"*"55P03"*"blocked by pid $blocker_pid (user app, application reporting"* ]]
    run_status 0 applier history
    output_has "blocked by pid $blocker_pid (user app, application reporting"
    same attempts 1 "$(event '[.[] | select(.event == "retry")] | length')"
    same blocker "$blocker_pid" "$(event '[.[] | select(.event == "retry")][0].blockers[0].pid')"
    same end '10 failed' "$(event '.[-1] | "\(.exit_status) \(.result)"')"
    same failure '55P03 0002_add' "$(event '.[-2] | "\(.error.sqlstate) \(.migration)"')"
    unblock
}

@test "a prepared transaction in the way is named" {
    private_cluster
    cluster_stop "$PRIVATE"
    echo 'max_prepared_transactions = 5' >>"$PRIVATE/data/postgresql.conf"
    cluster_start "$PRIVATE"
    export DATABASE_URL=$DB
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    psql_as_app -c 'BEGIN' -c 'INSERT INTO item VALUES (7)' -c "PREPARE TRANSACTION 'order-77'"
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err "held up by prepared transaction 'order-77' (user app, prepared for "
    sql "ROLLBACK PREPARED 'order-77'" 2>/dev/null || psql_as_app -c "ROLLBACK PREPARED 'order-77'"
    ended_with 0
}

@test "an index build that waits for writers says so, and for whom" {
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    block writing "$DB" 'BEGIN; INSERT INTO item VALUES (7);'
    start applier apply one.bundle --yes --events events
    until_in err 'index build, waiting for writers before build, 0 of 1 others waited for; waits for the end of a transaction, held up by pid '
    unblock
    ended_with 0
    same phase 'index build|waiting for writers before build|lockers|1' \
        "$(event '[.[] | select(.event == "progress" and .phase != null)][0] | "\(.doing)|\(.phase)|\(.unit)|\(.total)"')"
}

@test "a COPY that is held up shows how much of its data is sent" {
    {
        printf 'COPY other FROM stdin;\n'
        seq 1000000 3000000
        printf '\\.\n'
    } | script 1.1.0/0002_data.up.sql
    bundle
    # rows are taken until one waits for a row of the other session
    psql_as_app -c 'CREATE UNIQUE INDEX ON other (id)'
    block writing "$DB" 'BEGIN; INSERT INTO other VALUES (2900000);'
    start applier apply one.bundle --yes --lock-timeout 0 --events events
    until_in err '; waits for the end of a transaction, held up by pid'
    grep -qE '1 of 1: 1.1.0 0002_data, statement 1 of 1, .*: copy, [0-9.]+ MB of 15 MB \([0-9]+ %\)' err
    printf 'ROLLBACK;\n' >&8
    unblock
    ended_with 0
    grep -q 'sent by COPY: 15 MB' out
    same unit bytes "$(event '[.[] | select(.event == "progress")][-1].unit')"
    same bytes 16000008 "$(event '.[-1].copied_bytes')"
    same rows 2000001 "$(sql 'SELECT count(*) FROM other')"
}

@test "what waits is named, not what was answered last" {
    script 1.1.0/0002_first.up.sql <<<'CREATE TABLE first ();'
    script 1.1.0/0003_second.up.sql <<<'CREATE TABLE second (); ALTER TABLE item ADD name text;'
    script 1.1.0/0004_third.up.sql <<<'CREATE TABLE third ();'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err '1.1.0 0003_second, statement 2 of 2'
    unblock
    ended_with 0
    run_status 1 grep -E '0002_first|0004_third' err
}
