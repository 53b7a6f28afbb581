#!/usr/bin/env bats
# --max-lag: a run that stands still while a standby is too far behind.
load ../support/common
load ../support/blocker

setup() {
    common_setup
    private_cluster
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.1.0/0002_fill.up.sql <<<"CREATE TABLE big AS SELECT repeat('x', 500) AS text FROM generate_series(1, 20000);
        SELECT pg_sleep(0.7); -- longer than the limit as a time, below"
    script 1.1.0/0003_more.up.sql <<<'CREATE TABLE more ();'
    script 1.1.0/0003_more.down.sql <<<'DROP TABLE more;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}
teardown() { common_teardown; }

# A standby that has taken all, and from now on replays nothing. Sets THERE_ADMIN.
paused_standby() {
    standby_of_private
    THERE_ADMIN=${THERE/user=app/user=postgres}
    until_sql "count(*) = 1 FROM pg_stat_replication WHERE replay_lsn IS NOT NULL"
    there 'SELECT pg_wal_replay_pause()'
    for _ in $(seq 100); do [ "$(there "SELECT pg_get_wal_replay_pause_state() = 'paused'")" = t ] && return 0; sleep 0.1; done
    return 1
}
there() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$THERE_ADMIN" -c "$1"; }

@test "--max-lag in bytes: the run waits for a standby that is behind, and goes on" {
    sql 'GRANT pg_monitor TO app'
    paused_standby
    start applier apply one.bundle --yes --max-lag 1MB --events events
    until_in err 'stands still for --max-lag: '
    grep -qE "stands still for --max-lag: '[^']*' \(local\) is [0-9.]+ MB of the log behind" err
    # between two groups: the first is committed, the second not begun
    same between 't|f' "$(sql "SELECT to_regclass('big') IS NOT NULL, to_regclass('more') IS NOT NULL")"
    same rest 0 "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()")"
    there 'SELECT pg_wal_replay_resume()'
    ended_with 0
    same more t "$(sql "SELECT to_regclass('more') IS NOT NULL")"
    same event true "$(event '[.[] | select(.event == "lag wait")][0] | .behind_bytes > 1048576 and .waited_ms > 0')"
}

@test "--max-lag as a time counts a replay that does not move" {
    sql 'GRANT pg_monitor TO app'
    paused_standby
    # what it reports itself may be old or nothing
    sql "CREATE TABLE noise ()"
    start applier apply one.bundle --yes --max-lag 500ms
    # before the first group, where it takes half a second to come there; else between the two
    until_in err 'stands still for --max-lag: '
    same more f "$(sql "SELECT to_regclass('more') IS NOT NULL")"
    there 'SELECT pg_wal_replay_resume()'
    ended_with 0
}

@test "an interrupt ends the wait, and resume goes on; without a limit nobody waits" {
    sql 'GRANT pg_monitor TO app'
    paused_standby
    mkdir -p "$SEALIFT_CONFIG_DIR"
    printf '[site]\nmax-lag = 1MB\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    start applier apply one.bundle --yes
    until_in err 'stands still for --max-lag: '
    kill -INT "$pid"
    ended_with 130
    grep -q 'interrupted while the standbys were too far behind' err
    run_status 0 applier resume --max-lag 0
    errors_lacks 'stands still'
    start applier rollback --steps 1 --yes --accept-unproven
    until_in err 'stands still for --max-lag: '
    there 'SELECT pg_wal_replay_resume()'
    ended_with 0
}

@test "a role that does not see the standbys is refused before the run begins" {
    paused_standby
    run_status 7 applier apply one.bundle --yes --max-lag 1MB
    errors_has "role 'app' does not see how far the standbys are behind" 'GRANT pg_monitor TO the role'
    same state '1.0.0 behind' "$(applier status --json | jq -r '"\(.version) \(.state)"')"
    run_status 2 applier apply one.bundle --yes --max-lag 1mb
    errors_has "--max-lag is '1mb': expected a size or a time"
}

@test "a slot that nobody reads from is told, and does not hold the run up" {
    sql 'GRANT pg_monitor TO app'
    sql "ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'" && sql 'SELECT pg_reload_conf()' >/dev/null
    sql "SELECT pg_create_physical_replication_slot(name, true) FROM unnest(ARRAY['forgotten', 'lost_too']) AS name" >/dev/null
    run_status 0 applier apply one.bundle --yes --max-lag 10GB --events events
    errors_has "warning: replication slot 'forgotten': only " 'and nobody reads from it: it will be lost' \
        "warning: replication slot 'lost_too': only "
    same 'each once' 2 "$(event '[.[] | select(.event == "slot runs out")] | length')"
}
