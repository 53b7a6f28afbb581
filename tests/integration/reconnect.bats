#!/usr/bin/env bats
# A connection that is lost in the middle of a run: the same invocation comes back, settles what is
# open, and ends as an undisturbed run does.
load ../support/common
load ../support/crash_project
load ../support/background

setup() { common_setup; }
teardown() {
    exec 8>&-
    common_teardown
}

# What a run without any fault leaves, in $WORK/expected.
undisturbed_run() {
    crash_bundle
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/crash.bundle" --db "$DB" --yes
    everything_of "$DB_ADMIN" >"$WORK/expected"
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

# End the connection of the run that is at this statement.
cut_at() {
    until_runs "$1"
    sql "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'sealift %' AND state = 'active' AND datname = '$DATABASE' AND query LIKE '%$1%'" >/dev/null
}

# Version 1.2.0 of the product: its first migration stops at a table that a test may hold.
gate_bundle() {
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    script 1.2.0/0001_gate.up.sql <<'SQL'
CREATE TABLE passed ();
SELECT count(*) FROM gate;
SQL
    script 1.2.0/0001_gate.down.sql <<'SQL'
DROP TABLE passed;
SELECT count(*) FROM gate;
SQL
}
pack_gate() {
    gate_bundle
    release 1.2.0
    pack_bundle "$WORK/gate.bundle" 1.2.0 >/dev/null
}

@test "cut inside a transaction: one invocation, an undisturbed end" {
    undisturbed_run
    fresh_database
    pack_gate
    hold gate
    start applier apply "$WORK/gate.bundle" --db "$DB" --yes --json --lock-timeout 0
    cut_at 'FROM gate'
    until_runs 'FROM gate'
    let_go
    ended 0
    same reconnects 1 "$(json .reconnects)"
    same counts 'true applied 6 6' "$(json '"\(.settled) \(.result) \(.migrations) \(.migrations_done)"')"
    same "groups by this invocation" "$(sql "SELECT count(*) FROM sealift.journal WHERE kind = 'group' OR result = 'done' OR kind = 'outcome' AND result = 'unverified'")" "$(json .committed)"
    errors_has 'was lost while' 'trying to come back for 300 s' 'connected again' 'going on from what the ledger says'
    same state '1.2.0 current' "$(state)"
    same events "apply begin,apply return,apply end" "$(sql "SELECT string_agg(action || ' ' || phase, ',' ORDER BY number) FROM sealift.event")"
    same "one run" 1 "$(sql "SELECT count(DISTINCT run_id) FROM sealift.event")"
    same id "$(json .run_id)" "$(sql "SELECT DISTINCT run_id FROM sealift.event")"
    run_status 0 applier history --db "$DB"
    output_has "run $(sql "SELECT DISTINCT run_id FROM sealift.event")"
    run_status 0 applier history --db "$DB" --json
    same "one run, done" "done" "$(json '[.runs[].result] | join(" ")')"
}

@test "a concurrent index build that is cut is found out, cleared away and done again" {
    undisturbed_run
    fresh_database
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(3600)" >/dev/null 2>&1 3>&- &
    until_sql "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid() AND state = 'active'"
    start applier apply "$WORK/crash.bundle" --db "$DB" --yes --json
    until_sql "SELECT count(*) = 1 FROM pg_index WHERE NOT indisvalid"
    cut_at 'CREATE INDEX CONCURRENTLY bin_part'
    until_sql "SELECT count(*) > 0 FROM sealift.journal WHERE kind = 'settled' AND result = 'not-done' AND words = 'by looking'"
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()" >/dev/null
    ended 0
    same reconnects 1 "$(json .reconnects)"
    everything_of "$DB_ADMIN" | diff "$WORK/expected" -
}

@test "the server killed and started again in the middle of a run" {
    undisturbed_run
    private_cluster
    pack_gate
    hold gate
    start applier apply "$WORK/gate.bundle" --db "$DB" --yes --json --lock-timeout 0
    until_runs 'FROM gate'
    cluster_kill "$PRIVATE"
    let_go
    until_said 'trying to come back'
    cluster_start "$PRIVATE"
    ended 0
    errors_has 'trying to come back' 'connected again'
    same state '1.2.0 current' "$(state)"
}

@test "a rollback that is cut goes on to where it was to go" {
    undisturbed_run
    schema_of "$DB_ADMIN" >"$WORK/before"
    gate_bundle
    script 1.2.0/0002_more.up.sql <<<'CREATE TABLE more ();'
    script 1.2.0/0002_more.down.sql <<<'DROP TABLE more;'
    release 1.2.0
    pack_bundle "$WORK/gate.bundle" 1.2.0 >/dev/null
    run_status 0 applier apply "$WORK/gate.bundle" --db "$DB" --yes
    hold gate
    start applier rollback --accept-unproven --db "$DB" --yes --json --lock-timeout 0
    cut_at 'FROM gate'
    until_runs 'FROM gate'
    let_go
    ended 0
    same reconnects 1 "$(json .reconnects)"
    same back '1.1.0 2 2 2' "$(json '"\(.version) \(.migrations) \(.migrations_done) \(.committed)"')"
    same ways 2 "$(json '.ways_back | length')"
    sql 'DROP TABLE gate'
    schema_of "$DB_ADMIN" | diff "$WORK/before" -
    same events "rollback begin,rollback return,rollback end" "$(sql "SELECT string_agg(action || ' ' || phase, ',' ORDER BY number) FROM sealift.event WHERE action = 'rollback'")"
}

@test "no patience: the loss ends the run, and resume goes on" {
    undisturbed_run
    fresh_database
    pack_gate
    hold gate
    start applier apply "$WORK/gate.bundle" --db "$DB" --yes --json --lock-timeout 0 --reconnect 0
    cut_at 'FROM gate'
    ended 11
    let_go
    same 'not tried' 0 "$(json .reconnects)"
    run_status 0 applier resume --db "$DB"
    same state '1.2.0 current' "$(state)"
}

@test "patience that is exhausted: 11 with the next command once something was begun" {
    undisturbed_run
    private_cluster
    pack_gate
    hold gate
    start applier apply "$WORK/gate.bundle" --db "$DB" --yes --json --lock-timeout 0 --reconnect 1
    until_runs 'FROM gate'
    cluster_kill "$PRIVATE"
    let_go
    ended 11
    same error step-failed-partly "$(json .error.class)"
    [[ $(json .error.hint) == *"'applier resume' settles what is open"* ]]
    [[ $(json .error.message) == *'did not come back in 1 s'* ]]
    cluster_start "$PRIVATE"
    run_status 0 applier resume --db "$DB"
    same state '1.2.0 current' "$(state)"
}

@test "what ends the connection every time it is run is not run for ever" {
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    script 1.0.0/0002_fatal.up.sql <<<'SELECT pg_terminate_backend(pg_backend_pid());'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    fresh_database
    run_status 11 applier apply one.bundle --db "$DB" --yes
    errors_has 'was lost 4 times in a row at the same place' "look into the server's log" 'applier resume'
    same state 'null failed' "$(state)"
    same committed 1 "$(sql "SELECT count(*) FROM sealift.journal WHERE kind = 'group'")"
}

# Of our TCP connection that waits: the milliseconds until its keepalive timer goes off; "" before.
keepalive_left() {
    awk -v port="$(printf '%04X' "$(cluster_port "$CLUSTER")")" '
        $3 ~ ":" port "$" && $6 ~ /^02:/ { print substr($6, 4); exit }' /proc/net/tcp
}

@test "a connection that says nothing is asked for signs of life after 30 s, not after the system's two hours" {
    crash_bundle
    trust_site
    fresh_database
    pack_gate
    hold gate
    start applier apply "$WORK/gate.bundle" --lock-timeout 0 --yes \
        --db "host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=$DATABASE user=app password=right"
    until_runs 'FROM gate'
    local left=
    for _ in $(seq 300); do
        left=$(keepalive_left)
        [ -z "$left" ] || break
        sleep 0.1
    done
    # in hundredths of a second, hexadecimal
    [ $((16#${left:?no timer})) -le 3000 ] || { echo "goes off in $((16#$left)) hundredths"; return 1; }
    let_go
    ended 0
}
