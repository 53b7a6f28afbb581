#!/usr/bin/env bats
# Steps that no transaction holds: what a failure, a kill or an operator leaves, and how it is settled.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() { common_teardown; }

bundle() {
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
}

absent() { [ "$(sql "SELECT to_regclass('$1') IS NULL")" = t ]; }
state() { applier status --json | jq -r '"\(.version) \(.state)"'; }

# An open transaction elsewhere that keeps WORDS of SQL held; sets $blocker, ended by unblock.
block() {
    mkfifo "$WORK/blocker"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <"$WORK/blocker" >/dev/null 2>&1 3>&- &
    blocker=$!
    exec 8>"$WORK/blocker"
    printf '%s\n' "$1" >&8
    # shellcheck disable=SC2153 # set by fresh_database
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = '$DATABASE'")" = 1 ]; do sleep 0.05; done
}
unblock() {
    exec 8>&-
    wait "$blocker" || true
    rm -f "$WORK/blocker"
}

# Kill the applier with SIGKILL once the server runs a statement with WORDS, and end its backend.
kill_during() {
    applier apply one.bundle --yes >out 2>err 3>&- 8>&- &
    local pid=$!
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE 'sealift%' AND query LIKE '%$1%'")" = 1 ] && break
        sleep 0.05
    done
    kill -KILL "$pid"
    wait "$pid" || true
    sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND datname = '$DATABASE'" >/dev/null
}

@test "a concurrent index over duplicates: the INVALID rest goes, mending lets it be built" {
    script 1.0.0/0001_index.up.sql <<'SQL'
CREATE TABLE item (id int);
INSERT INTO item VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);
SQL
    bundle
    run_status 11 applier apply one.bundle --yes --json
    same report '1 true' "$(json '"\(.committed) \(.settled)"')"
    absent item_id
    same state 'null failed' "$(state)"
    run_status 10 applier resume
    absent item_id
    sql 'DELETE FROM item'
    run_status 0 applier resume
    same valid t "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
}

@test "killed while an index is built: status says unsettled, resume looks and builds it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    block 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;'
    kill_during 'CREATE INDEX CONCURRENTLY'
    unblock
    same invalid f "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
    same state 'null failed' "$(state)"
    run_status 0 applier status
    output_has unsettled
    run_status 0 applier resume
    output_has 'not done, and was run again'
    same valid t "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
    same state '1.0.0 current' "$(state)"
}

@test "killed while an index is dropped: resume finishes it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE INDEX item_id ON item (id);'
    script 1.1.0/0002_drop.up.sql <<<'DROP INDEX CONCURRENTLY item_id;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --yes --to 1.0.0
    block 'BEGIN; SELECT count(*) FROM item;'
    kill_during 'DROP INDEX CONCURRENTLY'
    unblock
    same half f "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
    run_status 0 applier resume
    absent item_id
    same state '1.1.0 current' "$(state)"
}

@test "killed while an index is built anew: resume removes the rests and does it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE INDEX item_id ON item (id);'
    script 1.0.0/0002_reindex.up.sql <<<'REINDEX INDEX CONCURRENTLY item_id;'
    bundle
    block 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;'
    kill_during 'REINDEX INDEX'
    unblock
    same rests 1 "$(sql "SELECT count(*) FROM pg_class WHERE relname ~ '_ccnew'")"
    run_status 0 applier resume
    same rests 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'")"
    same state '1.0.0 current' "$(state)"
}

# 1.0.0 with a partitioned table is applied; 1.1.0 detaches its partition.
partitioned() {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int) PARTITION BY RANGE (id);
CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (1) TO (10);
SQL
    script 1.1.0/0002_detach.up.sql <<<'ALTER TABLE item DETACH PARTITION item_1 CONCURRENTLY;'
    script 1.1.0/0003_later.up.sql <<<'CREATE TABLE later ();'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --yes --to 1.0.0
}

detached() {
    same state '1.1.0 current' "$(state)"
    same detached 0 "$(sql 'SELECT count(*) FROM pg_inherits')"
}

@test "killed while a partition is detached: resume finalizes it" {
    partitioned
    block 'BEGIN; SELECT count(*) FROM item;'
    kill_during 'DETACH PARTITION'
    unblock
    same pending t "$(sql 'SELECT inhdetachpending FROM pg_inherits')"
    run_status 0 applier resume
    output_has 'it was done'
    detached
}

@test "a detach that waits too long is finalized, and counts as done" {
    partitioned
    block 'BEGIN; SELECT count(*) FROM item;'
    applier apply one.bundle --yes --lock-timeout 300 >out 2>err 3>&- 8>&- &
    pid=$!
    # the detach has given up, and what makes it whole waits
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '$DATABASE' AND query LIKE '%FINALIZE'")" = 1 ]; do sleep 0.05; done
    unblock
    wait $pid || { cat err; return 1; }
    detached
}

@test "a detach whose reader never goes is unsettled, and resume finalizes it" {
    partitioned
    block 'BEGIN; SELECT count(*) FROM item;'
    run_status 11 applier apply one.bundle --yes --lock-timeout 100
    errors_has "'0002_detach'" 55P03 "'applier resume' looks"
    same state '1.0.0 failed' "$(state)"
    run_status 11 applier resume --lock-timeout 100
    errors_has 55P03 'resume'
    unblock
    run_status 0 applier resume
    detached
}

@test "the session that a killed applier leaves is shown with who is in its way, and how it is ended" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    sql 'CREATE TABLE held ()'
    block 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM held;'
    applier apply one.bundle --yes >out 2>err 3>&- 8>&- &
    local pid=$! left
    for _ in $(seq 200); do
        left=$(sql "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '$DATABASE' AND query LIKE '%item_id%'")
        [ -z "$left" ] || break
        sleep 0.05
    done
    kill -KILL "$pid"
    wait "$pid" || true
    run_status 0 applier status
    output_has 'state      running' "process $left of app" 'waits for the end of a transaction, held up by pid' \
        "SELECT pg_terminate_backend($left) ends it"
    run_status 8 applier resume --lock-wait 1
    errors_has "detail: process $left: at a statement for" 'waits for the end of a transaction, held up by pid' \
        "SELECT pg_terminate_backend($left); then give the same command again"
    # as it stands there
    psql_as_app -c "$(grep -o 'SELECT pg_terminate_backend([0-9]*);' <<<"$errors")"
    unblock
    run_status 0 applier resume
    same state '1.0.0 current' "$(state)"
}

@test "somebody else's INVALID index under the same name stays, and stops the run" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); INSERT INTO item VALUES (1), (1);'
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY IF NOT EXISTS item_id ON item (id);'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --yes --to 1.0.0
    sql 'CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id)' || true
    run_status 10 applier apply one.bundle --yes
    errors_has "'0002_index'" 'INVALID' 'drop it first'
    same invalid f "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
    sql 'DROP INDEX item_id'
    run_status 0 applier resume
    same valid t "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass")"
}

@test "VACUUM is simply run again; what nobody can tell is asked of the operator" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_vacuum.up.sql <<<'VACUUM item;'
    bundle
    run_status 2 applier resume --step-done --step-not-done
    applier apply one.bundle --yes
    # as if killed after the INTENT
    sql "DELETE FROM sealift.journal WHERE number = 3; DELETE FROM sealift.version; DELETE FROM sealift.event WHERE phase = 'end'"
    same state 'null failed' "$(state)"
    run_status 0 applier resume
    same state '1.0.0 current' "$(state)"
    run_status 2 applier resume --step-done # there is nothing left to say it of
}

@test "a database that was made before its OUTCOME was written counts as made" {
    export DATABASE_URL=$DB_ADMIN
    script 1.0.0/0001_database.up.sql <<<"CREATE DATABASE ${DATABASE}_b;"
    script 1.0.0/0001_database.down.sql <<<"DROP DATABASE ${DATABASE}_b;"
    script 1.0.0/0002_later.up.sql <<<'CREATE TABLE later ();'
    script 1.0.0/0002_later.down.sql <<<'DROP TABLE later;'
    DATABASES+=("${DATABASE}_b")
    bundle
    applier apply one.bundle --yes
    # as if killed behind the statement
    sql "DELETE FROM sealift.journal WHERE number > 1; DELETE FROM sealift.version; DELETE FROM sealift.event WHERE phase = 'end'; DROP TABLE later"
    same state 'null failed' "$(state)"
    run_status 0 applier resume
    output_has 'it was done'
    same state '1.0.0 current' "$(state)"
    # … and before it
    sql "DELETE FROM sealift.journal WHERE number > 1; DELETE FROM sealift.version; DELETE FROM sealift.event WHERE phase = 'end'; DROP TABLE later"
    cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE ${DATABASE}_b"
    run_status 0 applier resume
    output_has 'not done, and was run again'
    same made 1 "$(sql "SELECT count(*) FROM pg_database WHERE datname = '${DATABASE}_b'")"
    # and the way back
    run_status 0 applier rollback --yes --accept-unproven
    same gone 0 "$(sql "SELECT count(*) FROM pg_database WHERE datname = '${DATABASE}_b'")"
}

@test "ALTER SYSTEM and ALTER DATABASE SET are run again" {
    export DATABASE_URL=$DB_ADMIN
    script 1.0.0/0001_system.up.sql <<<"ALTER SYSTEM SET log_min_duration_statement = '123456s';"
    script 1.0.0/0002_reset.up.sql <<<'ALTER SYSTEM RESET log_min_duration_statement;'
    bundle
    applier apply one.bundle --yes
    sql "DELETE FROM sealift.journal WHERE number > 3; DELETE FROM sealift.version; DELETE FROM sealift.event WHERE phase = 'end'"
    run_status 0 applier resume
    same state '1.0.0 current' "$(state)"
}
