#!/usr/bin/env bats
# A failover in the middle of a run: the primary is killed, its standby promoted, and the same
# invocation, which names both hosts, ends as an undisturbed run does. What the standby has is the
# truth, also where it lacks what the primary had committed.
load ../support/common
load ../support/crash_project
load ../support/background

setup() { common_setup; }
teardown() {
    exec 8>&- 9>&-
    [ -z "${frozen:-}" ] || kill -CONT "$frozen" 2>/dev/null || true
    common_teardown
}

# on THERE|DB QUERY: as the superuser, on that server.
on() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "${1/user=app/user=postgres}" -c "$2"; }

# Primary and standby; DB names one, THERE the other, BOTH both. Version 1.2.0 of the product stops at
# table gate, which session 8 holds. two_servers [COMMAND…]: run where the project is still open.
two_servers() {
    crash_bundle
    trust_site
    fresh_database
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    script 1.2.0/0001_gate.up.sql <<<'CREATE TABLE passed (); SELECT count(*) FROM gate;'
    "$@"
    release 1.2.0
    pack_bundle "$WORK/gate.bundle" 1.2.0 >/dev/null
    run_status 0 applier apply "$WORK/gate.bundle" --db "$DB" --yes
    everything_of "$DB_ADMIN" >"$WORK/expected"
    private_cluster
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    standby_of_private
    STANDBY=${PRIVATE_CLUSTERS[-1]}
    BOTH="host=$PRIVATE/socket,$STANDBY/socket port=$(cluster_port "$PRIVATE"),$(cluster_port "$STANDBY") dbname=private user=app target_session_attrs=read-write connect_timeout=3"
    until_sql "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'" "$DB"
    hold gate
}

start_apply() {
    start applier apply "$WORK/gate.bundle" --db "$BOTH" --yes --json --lock-timeout 0
}
at_the_gate() {
    until_sql "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name LIKE 'sealift %' AND wait_event_type = 'Lock' AND query LIKE '%FROM gate%'" "$DB"
}
promote() { cluster_run "$PG_BIN/pg_ctl" -D "$STANDBY/data" -w -s promote >/dev/null 2>&1; }

# The run ends on the standby, which is a primary now, with the end of an undisturbed run.
converged() {
    ended 0
    same reconnects 1 "$(json .reconnects)"
    same version 1.2.0 "$(json .version)"
    same state '1.2.0 current' "$(applier status --db "$THERE" --json | jq -r '"\(.version) \(.state)"')"
    everything_of "${THERE/user=app/user=postgres}" | diff "$WORK/expected" -
}

@test "the primary is killed and its standby promoted: the run converges there" {
    two_servers
    start_apply
    at_the_gate
    until_sql "SELECT count(*) > 5 FROM sealift.journal" "$THERE"
    cluster_kill "$PRIVATE"
    until_said 'trying to come back'
    promote
    converged
    same events 'begin return end' "$(on "$THERE" "SELECT string_agg(phase, ' ' ORDER BY number) FROM sealift.event")"
}

@test "commits that the standby never got are done again: the ledger there is the truth" {
    two_servers
    # the standby gets nothing any more: not even the ledger is there once it is promoted
    receiver=$(on "$THERE" "SELECT pid FROM pg_stat_wal_receiver")
    frozen=$receiver
    kill -STOP "$receiver"
    start_apply
    at_the_gate
    same there f "$(on "$THERE" "SELECT to_regnamespace('sealift') IS NOT NULL")"
    cluster_kill "$PRIVATE"
    kill -KILL "$receiver"
    frozen=
    # the death of the receiver is nothing that a standby minds
    until_said 'trying to come back'
    until_sql "SELECT true" "$THERE"
    promote
    converged
}

# Two more migrations behind the gate; the second waits for whom nobody holds but the test.
behind_the_gate() {
    sql 'CREATE TABLE second (); GRANT ALL ON second TO app'
    script 1.2.0/0002_behind.up.sql <<<'CREATE TABLE behind ();'
    script 1.2.0/0003_second.up.sql <<<'SELECT count(*) FROM second;'
}

@test "some of the commits are lost: the run goes on from what is there" {
    two_servers behind_the_gate
    sql 'CREATE TABLE second (); GRANT ALL ON second TO app'
    mkfifo "$WORK/second"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <"$WORK/second" >/dev/null 2>&1 3>&- 8>&- &
    exec 9>"$WORK/second"
    echo 'BEGIN; LOCK TABLE second IN ACCESS EXCLUSIVE MODE;' >&9
    until_sql "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'second'::regclass AND granted" "$DB"
    start_apply
    at_the_gate
    until_sql "SELECT max(version) = '1.1.0' AND bool_or(identity = '0002_indexes' AND complete) FROM sealift.journal" "$THERE"
    frozen=$(on "$THERE" "SELECT pid FROM pg_stat_wal_receiver")
    kill -STOP "$frozen"
    let_go
    until_runs 'FROM second'
    exec 9>&-
    cluster_kill "$PRIVATE"
    kill -KILL "$frozen"
    frozen=
    until_said 'trying to come back'
    until_sql "SELECT true" "$THERE"
    same "done there" f "$(on "$THERE" "SELECT to_regclass('behind') IS NOT NULL")"
    promote
    converged
}

@test "a primary that is frozen keeps nobody from the other host" {
    two_servers
    exec 8>&-
    run_status 0 applier apply "$WORK/gate.bundle" --db "$BOTH" --yes
    until_sql "SELECT count(*) = 1 FROM sealift.event WHERE phase = 'end'" "$THERE"
    frozen=$(head -n 1 "$PRIVATE/data/postmaster.pid")
    kill -STOP "$frozen"
    promote
    run_status 0 applier status --db "$BOTH"
    output_has 1.2.0
    kill -CONT "$frozen"
    frozen=
    cluster_stop "$PRIVATE" immediate
    cluster_stop "$STANDBY" immediate
    run_status 9 applier status --db "$BOTH"
    errors_has "$PRIVATE/socket" "$STANDBY/socket"
}

@test "another cluster under the same names is not gone on with" {
    two_servers
    cluster_new durable "${SEALIFT_TEST_OWNER:-$$}"
    PRIVATE_CLUSTERS+=("$cluster_dir")
    cluster_psql "$cluster_dir" postgres -q -c 'CREATE DATABASE private OWNER app'
    BOTH=${BOTH/"$STANDBY/socket"/"$cluster_dir/socket"}
    BOTH=${BOTH/",$(cluster_port "$STANDBY")"/",$(cluster_port "$cluster_dir")"}
    start_apply
    at_the_gate
    cluster_kill "$PRIVATE"
    ended 11
    [[ $(json .error.message) == *'is not the database whose connection was lost'* ]]
    [[ $(json .error.hint) == *'hosts of one cluster only'* ]]
    same untouched f "$(on "$(cluster_conninfo "$cluster_dir" private)" "SELECT to_regnamespace('sealift') IS NOT NULL")"
}

@test "a ledger of another database is not gone on with" {
    two_servers
    start_apply
    at_the_gate
    run_id=$(sql 'SELECT run_id FROM sealift.event LIMIT 1')
    cut() {
        sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'sealift $run_id'" >/dev/null
    }
    # lost once, the run takes note of the ledger that it has made itself
    cut
    at_the_gate
    sql 'UPDATE sealift.identity SET database_uuid = gen_random_uuid()'
    cut
    ended 11
    [[ $(json .error.message) == *"another database's"* ]]
}
