#!/usr/bin/env bats
# Those who are in a run's way: whom --cancel-blockers ends and whom it leaves alone, and who is
# noticed before the run begins.
load ../support/common
load ../support/proven
load ../support/blocker

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE TABLE other (id int);'
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    script 1.1.0/0002_add.down.sql <<<'ALTER TABLE item DROP name;'
}
teardown() { common_teardown; }

# 1.0.0 is applied; 1.1.0 adds a column, which wants item for itself.
bundle() {
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    if [ -n "${1:-}" ]; then
        majors
        printf '%s\n' "$1" | sed "s/@HERE@/$HERE/" >"$WORK/facts"
        prove one.bundle
    fi
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}
# What a rehearsal says of the second migration.
MEASURED=$'measured\t0002_add\tup\t1\t@HERE@\tpublic.item\tAccessExclusiveLock\nmeasured\t0002_add\tdown\t1\t@HERE@\tpublic.item\tAccessExclusiveLock'

@test "--cancel-blockers ends a session of our own role that idles in a transaction" {
    bundle
    block leftover "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0 --cancel-blockers --events events --json
    ended_with 0
    unblock
    grep -qF -- "--cancel-blockers: ended the session of pid $blocker_pid (user app, application leftover)" err
    same event "$blocker_pid leftover session ended true" \
        "$(event '[.[] | select(.event == "cancelled")][0] | "\(.pid) \(.application) \(.done) \(.told)"')"
    same document "$blocker_pid" "$(jq '.cancelled[0].pid' out)"
    run_status 0 applier history --json
    same ledger "ended the session of pid $blocker_pid (user app, application leftover)" \
        "$(json '[.events[] | select(.phase == "end")][-1].words')"
}

@test "--cancel-blockers cancels a statement of our own role, whose session lives on" {
    bundle
    block busy "$DB" 'BEGIN;'
    tell 'SELECT count(*) FROM item; SELECT pg_sleep(60); SELECT 42;'
    # shellcheck disable=SC2153 # DATABASE is fresh_database's
    until_sql "count(*) = 1 FROM pg_stat_activity WHERE application_name = 'busy' AND wait_event = 'PgSleep' AND datname = '$DATABASE'"
    start applier apply one.bundle --yes --lock-timeout 0 --cancel-blockers
    ended_with 0
    grep -qF -- "--cancel-blockers: cancelled the statement of pid $blocker_pid (user app, application busy)" err
    same alive 1 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE pid = $blocker_pid")"
    grep -q -- '--cancel-blockers: cancelled the statement of pid' out
    unblock
    grep -q 'canceling statement due to user request' blocker.out
}

@test "--cancel-blockers leaves another role's session alone, and another applier's" {
    bundle
    # a role whose sessions the server would let us end
    sql "CREATE ROLE auditor_$DATABASE LOGIN; GRANT auditor_$DATABASE TO app; GRANT SELECT ON item TO auditor_$DATABASE"
    block auditor "${DB/user=app/user=auditor_$DATABASE}" 'BEGIN; LOCK TABLE item IN ACCESS SHARE MODE;'
    run_status 10 applier apply one.bundle --yes --lock-timeout 2500 --attempts 1 --cancel-blockers
    errors_has "blocked by pid $blocker_pid (user auditor_$DATABASE, application auditor, idle in transaction for "
    errors_lacks '--cancel-blockers:'
    same alive 1 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE pid = $blocker_pid")"
    unblock
    sql "DROP OWNED BY auditor_$DATABASE; DROP ROLE auditor_$DATABASE"
    block 'sealift 0123456789abcdef' "$DB" 'BEGIN; SELECT count(*) FROM item;'
    run_status 10 applier apply one.bundle --yes --lock-timeout 2500 --attempts 1 --cancel-blockers
    same alive 1 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE pid = $blocker_pid")"
    unblock
}

@test "without --cancel-blockers nobody is ended" {
    bundle
    block leftover "$DB" 'BEGIN; SELECT count(*) FROM item;'
    run_status 10 applier apply one.bundle --yes --lock-timeout 2500 --attempts 1
    same alive 1 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE pid = $blocker_pid")"
    unblock
    run_status 0 applier apply one.bundle --yes
}

# A vacuum that runs for long because it may do next to nothing at a time.
@test "--cancel-blockers as a superuser cancels autovacuum that will not yield" {
    private_cluster
    export DATABASE_URL=$DB
    bundle
    sql "ALTER TABLE item SET (autovacuum_enabled = false, autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
    # a vacuum against wraparound does not yield to a waiting lock, and comes although it is turned off
    sql "INSERT INTO item SELECT generate_series(1, 100000); DELETE FROM item"
    sql "ALTER SYSTEM SET autovacuum_naptime = '1s'" && sql 'SELECT pg_reload_conf()' >/dev/null
    sql "DO 'BEGIN FOR i IN 1..100100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END'"
    until_sql "count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%public.item%to prevent wraparound%'"
    sql 'ALTER ROLE app SUPERUSER'
    start applier apply one.bundle --yes --lock-timeout 0 --cancel-blockers
    until_in err '(autovacuum worker)'
    ended_with 0
    grep -qE -- '--cancel-blockers: cancelled the statement of pid [0-9]+ \(autovacuum worker\)' err
}

@test "a dump that holds what the run needs for itself: refused before it begins" {
    bundle "$MEASURED"
    block pg_dump "$DB_ADMIN" 'BEGIN; LOCK TABLE item, other IN ACCESS SHARE MODE;'
    run_status 7 applier apply one.bundle --yes --json
    errors_has "a dump is under way: pid $blocker_pid (user postgres, application pg_dump" \
        'holds AccessShareLock on public.item, which this run needs as AccessExclusiveLock' \
        'run it again when the dump is done'
    same state '1.0.0 behind' "$(applier status --json | jq -r '"\(.version) \(.state)"')"
    same refusal refused "$(applier history --json | jq -r '.events[-1].phase')"
    start applier apply one.bundle --yes --ignore-conflicts --lock-timeout 0 --events events --json
    until_in err 'held up by pid'
    grep -q 'warning: a dump is under way' err
    unblock
    ended_with 0
    same conflict 'dump public.item AccessShareLock AccessExclusiveLock 1' \
        "$(event '[.[] | select(.event == "conflict")][0] | "\(.kind) \(.relation) \(.held) \(.needed) \(.relations)"')"
    same warning true "$(jq '.warnings | any(startswith("a dump is under way"))' out)"
    block pg_dump "$DB_ADMIN" 'BEGIN; LOCK TABLE item, other IN ACCESS SHARE MODE;'
    run_status 7 applier rollback --yes
    errors_has 'a dump is under way'
    unblock
    run_status 0 applier rollback --yes
}

@test "a dump of what the run does not touch, or of what nobody measured, is said only" {
    bundle "$MEASURED"
    block pg_dump "$DB_ADMIN" 'BEGIN; LOCK TABLE other IN ACCESS SHARE MODE;'
    run_status 0 applier apply one.bundle --yes
    errors_has 'warning: a dump is under way: pid'
    errors_lacks 'which this run needs'
    unblock
}

# The query that conflicts are looked for with, for transactions of any age: application, tables, only reads.
holders() {
    sql "PREPARE holders (text, bigint) AS $(awk '/^-- :name/ { on = $3 == "conflict_holders" } on && !/^--/' \
        "$BATS_TEST_DIRNAME/../../applier/sql/watch_queries.sql"); EXECUTE holders('', 0)" |
        awk -F'|' -v name="$1" '$3 == name { print $11, $14 }'
}

@test "who locks anything but to read is no dump, however many tables it reads" {
    bundle "$MEASURED"
    block report "$DB_ADMIN" 'BEGIN; LOCK TABLE item, other IN ACCESS SHARE MODE;'
    same 'a reader' '2 t' "$(holders report)"
    tell 'INSERT INTO other DEFAULT VALUES;'
    until_sql "count(*) > 0 FROM pg_locks WHERE pid = $blocker_pid AND mode = 'RowExclusiveLock' AND relation = 'other'::regclass"
    same 'a writer' '2 f' "$(holders report)"
    unblock
}

@test "a prepared transaction on what the run needs is refused: it does not go by waiting" {
    private_cluster
    cluster_stop "$PRIVATE"
    echo 'max_prepared_transactions = 5' >>"$PRIVATE/data/postgresql.conf"
    cluster_start "$PRIVATE"
    # the rehearsal's scratch database is made beside the test's own
    # shellcheck disable=SC2034 # for scratch_begin, and for common_teardown
    CLUSTER=$PRIVATE
    export DATABASE_URL=$DB
    bundle "$MEASURED"
    # shellcheck disable=SC2034 # for common_teardown
    DATABASES=() # they go with their cluster
    psql_as_app -c 'BEGIN' -c 'INSERT INTO item VALUES (7)' -c "PREPARE TRANSACTION 'order-77'"
    run_status 7 applier apply one.bundle --yes
    errors_has "a transaction is prepared and not ended: prepared transaction 'order-77' (user app, prepared for " \
        'holds RowExclusiveLock on public.item' 'COMMIT PREPARED or ROLLBACK PREPARED'
    psql_as_app -c "COMMIT PREPARED 'order-77'"
    run_status 0 applier apply one.bundle --yes
    same row 7 "$(sql 'SELECT id FROM item')"
}
