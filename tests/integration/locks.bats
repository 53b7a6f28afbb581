#!/usr/bin/env bats
# Others at work on the same database: locks, deadlocks, ended backends, a second applier, signals.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE TABLE other (id int); INSERT INTO item VALUES (1); INSERT INTO other VALUES (1);'
}
teardown() { common_teardown; }

# 1.0.0 is applied; 1.1.0 is what the test wrote.
bundle() {
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}

state() { applier status --json | jq -r '"\(.version) \(.state)"'; }

# A session elsewhere that has run SQL and keeps its transaction open; says more by tell.
block() {
    mkfifo "$WORK/blocker"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <"$WORK/blocker" >"$WORK/blocker.out" 2>&1 3>&- &
    blocker=$!
    exec 8>"$WORK/blocker"
    tell "$1"
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = '$DATABASE'")" = 1 ]; do sleep 0.05; done
}
tell() { printf '%s\n' "$1" >&8; }
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

# Wait for an applier's statement with WORDS, in the state (active) that waits.
running() {
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND state = 'active' AND datname = '$DATABASE' AND query LIKE '%$1%'")" = 1 ] && return 0
        sleep 0.05
    done
    return 1
}

@test "a lock that is held too long: tried again, then status 10 and nothing stays" {
    script 1.1.0/0002_add.up.sql <<'SQL'
-- sealift: lock-timeout 50ms
CREATE TABLE before_it ();
ALTER TABLE item ADD name text;
SQL
    bundle
    block 'BEGIN; LOCK TABLE item;'
    run_status 10 applier apply one.bundle --yes --json
    same sqlstate 55P03 "$(json .failure.sqlstate)"
    [ "$(json .retries)" -ge 3 ]
    errors_has 'rolled back (55P03), attempt 2' 'nothing of this run stays; let what holds the lock end' '--cancel-blockers'
    same rest t "$(sql "SELECT to_regclass('before_it') IS NULL")"
    unblock
    run_status 0 applier apply one.bundle --yes
    same state '1.1.0 current' "$(state)"
}

@test "a lock that is given back in time: the group is run again and succeeds" {
    script 1.1.0/0002_add.up.sql <<<'CREATE TABLE before_it (); ALTER TABLE item ADD name text;'
    bundle
    block 'BEGIN; LOCK TABLE item;'
    start applier apply one.bundle --yes --lock-timeout 200 --json
    for _ in $(seq 100); do grep -q 'attempt 3' err && break; sleep 0.05; done
    unblock
    ended_with 0
    [ "$(jq .retries out)" -ge 1 ]
    same journal 2 "$(sql 'SELECT count(*) FROM sealift.journal')"
    [ "$(sql 'SELECT attempt FROM sealift.journal WHERE number = 2')" -gt 1 ]
}

@test "a deadlock is rolled back and tried again" {
    script 1.1.0/0002_both.up.sql <<'SQL'
UPDATE item SET id = 2;
SELECT pg_sleep(0.8);
UPDATE other SET id = 2;
SQL
    bundle
    block 'BEGIN; SET deadlock_timeout = 100000; UPDATE other SET id = 3;'
    start applier apply one.bundle --yes --lock-timeout 0 --json
    running pg_sleep
    tell 'UPDATE item SET id = 3;'
    for _ in $(seq 100); do grep -q 40P01 err && break; sleep 0.05; done
    tell 'ROLLBACK;'
    unblock
    ended_with 0
    grep -q 'rolled back (40P01), attempt 2' err
    same values '2|2' "$(sql 'SELECT item.id, other.id FROM item, other')"
}

@test "a backend that is ended by somebody, without patience: said, and nothing of it stays" {
    script 1.1.0/0002_slow.up.sql <<<'CREATE TABLE slow (); SELECT pg_sleep(20);'
    bundle
    start applier apply one.bundle --yes --reconnect 0
    running pg_sleep
    sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND datname = '$DATABASE'" >/dev/null
    ended_with 9
    grep -q 'was lost' err
    grep -q "'applier status'" err
    same rest t "$(sql "SELECT to_regclass('slow') IS NULL")"
    same state '1.0.0 behind' "$(state)"
}

@test "a statement that somebody cancels fails its migration" {
    script 1.1.0/0002_slow.up.sql <<<'CREATE TABLE slow (); SELECT pg_sleep(20);'
    bundle
    start applier apply one.bundle --yes
    running pg_sleep
    sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND datname = '$DATABASE'" >/dev/null
    ended_with 10
    grep -q "'0002_slow' (1.1.0), statement 2.*57014" err
}

@test "two appliers: the second waits, says for whom, and finds nothing to do" {
    script 1.1.0/0002_slow.up.sql <<<'SELECT pg_sleep(2); CREATE TABLE slow ();'
    bundle
    start applier apply one.bundle --yes
    running pg_sleep
    run_status 8 applier apply one.bundle --yes --lock-wait 0
    errors_has 'another run holds the lock' "'sealift " "user 'app'"
    run_status 8 applier rollback --yes --lock-wait 0
    run_status 0 applier status
    output_has 'running    an applier is at work'
    run_status 0 applier apply one.bundle --yes
    errors_has 'waiting for another applier'
    output_has 'nothing to do'
    ended_with 0
    same once 1 "$(sql "SELECT count(*) FROM sealift.event WHERE phase = 'begin' AND to_version = '1.1.0'")"
}

@test "one interrupt stops before the next migration; resume goes on" {
    script 1.1.0/0002_slow.up.sql <<<'SELECT pg_sleep(1.5); CREATE TABLE slow ();'
    for i in $(seq 10 60); do script "1.1.0/00${i}_t.up.sql" <<<"CREATE TABLE t$i ();"; done
    bundle
    start applier apply one.bundle --yes
    running pg_sleep
    kill -INT "$pid"
    ended_with 130
    same slow t "$(sql "SELECT to_regclass('slow') IS NOT NULL")"
    same last t "$(sql "SELECT to_regclass('t60') IS NULL")"
    same state '1.0.0 failed' "$(state)"
    run_status 0 applier resume
    same state '1.1.0 current' "$(state)"
}

@test "a second interrupt cancels the statement, whose migration is undone" {
    script 1.1.0/0002_slow.up.sql <<<'CREATE TABLE slow (); SELECT pg_sleep(30);'
    bundle
    start applier apply one.bundle --yes
    running pg_sleep
    kill -INT "$pid"
    sleep 0.3
    same waits t "$(kill -0 "$pid" && echo t)"
    kill -INT "$pid"
    ended_with 130
    same slow t "$(sql "SELECT to_regclass('slow') IS NULL")"
    same lock 0 "$(sql "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' AND datname = current_database()")"
}

@test "an interrupt while waiting for the lock ends the wait" {
    script 1.1.0/0002_slow.up.sql <<<'SELECT pg_sleep(3);'
    bundle
    start applier apply one.bundle --yes
    running pg_sleep
    first=$pid
    applier rollback --yes >out2 2>err2 3>&- &
    second=$!
    for _ in $(seq 60); do grep -q 'waiting for another' err2 && break; sleep 0.05; done
    kill -INT "$second"
    status=0
    wait "$second" || status=$?
    same status 130 "$status"
    pid=$first
    ended_with 0
}

@test "a rollback that is interrupted stops between migrations, and resume takes back the rest" {
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item; DROP TABLE other;'
    script 1.1.0/0002_more.up.sql <<<'CREATE TABLE more ();'
    script 1.1.0/0002_more.down.sql <<<'DROP TABLE more;'
    for i in $(seq 10 60); do
        script "1.1.0/00${i}_t.up.sql" <<<"CREATE TABLE t$i ();"
        script "1.1.0/00${i}_t.down.sql" <<<"DROP TABLE t$i;"
    done
    script 1.1.0/0061_slow.up.sql <<<'CREATE TABLE slow ();'
    script 1.1.0/0061_slow.down.sql <<<'SELECT pg_sleep(1.5); DROP TABLE slow;'
    bundle
    applier apply one.bundle --yes >/dev/null
    start applier rollback --yes --accept-unproven
    running pg_sleep
    kill -INT "$pid"
    ended_with 130
    same slow t "$(sql "SELECT to_regclass('slow') IS NULL AND to_regclass('more') IS NOT NULL")"
    same state '1.0.0 failed' "$(state)"
    run_status 7 applier apply one.bundle --to 1.0.0 --yes
    run_status 0 applier resume
    same state '1.0.0 behind' "$(state)"
    same more t "$(sql "SELECT to_regclass('more') IS NULL AND to_regclass('item') IS NOT NULL")"
}

@test "a second interrupt cancels an index build, and what it left is taken away" {
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    block 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;'
    start applier apply one.bundle --yes
    running 'CREATE INDEX CONCURRENTLY'
    sleep 0.3
    kill -INT "$pid"
    sleep 0.3
    kill -INT "$pid"
    sleep 0.5
    unblock
    ended_with 130
    run_status 0 applier resume
    same valid t "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
    same state '1.1.0 current' "$(state)"
}
