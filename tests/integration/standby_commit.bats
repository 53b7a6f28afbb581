#!/usr/bin/env bats
# A synchronous standby that does not answer: the COMMITs that must be durable wait for it, say so, and
# a wait that somebody ends is no success (ENGINE.md 10).
load ../support/common
load ../support/background

setup() {
    common_setup
    empty_project
    private_cluster
    sql "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
}
teardown() { common_teardown; }

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state) \(.next)"' | sed 's/ --db .*//'; }
waits_for_standby="SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name LIKE 'sealift %' AND wait_event = 'SyncRep'"
packed() {
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    sql 'SELECT pg_reload_conf()' >/dev/null
    until_sql "SELECT current_setting('synchronous_standby_names') = 'nobody'"
}
standby_answers() {
    # one that nobody waits for any more answers at once
    PGOPTIONS='-c synchronous_commit=local' sql 'ALTER SYSTEM RESET synchronous_standby_names'
    PGOPTIONS='-c synchronous_commit=local' sql 'SELECT pg_reload_conf()' >/dev/null
}

@test "the end of a run waits, says so, and is done once the standby answers" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_sql "$waits_for_standby"
    until_said 'every step is committed; waiting for the COMMIT'
    grep -q 'for a synchronous standby to confirm it' err
    standby_answers
    ended 0
    same state '1.0.0 current null' "$(state)"
}

@test "a wait for the end that is cancelled: 11, status says it, resume waits again" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_sql "$waits_for_standby"
    kill -INT "$pid"
    until_said 'stopping at the next'
    kill -INT "$pid"
    ended 11
    errors_has 'committed here and not confirmed by the standby' '01000' "'applier resume --db" 'waits for it again'
    same state '1.0.0 failed applier resume' "$(state)"
    [[ $(applier status --db "$DB" --json | jq -r .why) == *'no synchronous standby has confirmed it'* ]]
    start applier resume --db "$DB"
    until_sql "$waits_for_standby"
    standby_answers
    ended 0
    same state '1.0.0 current null' "$(state)"
    run_status 0 applier apply one.bundle --db "$DB" --yes
    output_has 'nothing to do'
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
}

@test "a session that is ended while it waits: the run comes back and waits again" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_sql "$waits_for_standby"
    PGOPTIONS='-c synchronous_commit=local' sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" >/dev/null
    until_said 'connected again'
    until_sql "$waits_for_standby"
    standby_answers
    ended 0
    same state '1.0.0 current null' "$(state)"
    same ends 2 "$(sql "SELECT count(*) FROM sealift.event WHERE phase = 'end'")"
}

@test "an intent that is not confirmed: the step does not begin, and nothing is unsettled" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    packed
    start applier apply one.bundle --db "$DB" --yes --json
    until_sql "$waits_for_standby"
    PGOPTIONS='-c synchronous_commit=local' sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" >/dev/null
    ended 11
    same settled true "$(json .settled)"
    [[ $(json .error.message) == *'not confirmed by the standby'* ]]
    same rest t "$(sql "SELECT to_regclass('item_id') IS NULL")"
    same last 'outcome failed' "$(sql 'SELECT kind, result FROM sealift.journal ORDER BY number DESC LIMIT 1' | tr '|' ' ')"
    standby_answers
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "a copy that is made one while nobody answers: 11, and it is one" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    sql 'ALTER SYSTEM RESET synchronous_standby_names'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    applier apply one.bundle --db "$DB" --yes >/dev/null
    local before
    before=$(sql 'SELECT database_uuid FROM sealift.identity')
    cluster_psql "$PRIVATE" postgres -q -c 'CREATE DATABASE copy TEMPLATE private OWNER app'
    DB=$(cluster_conninfo "$PRIVATE" copy app)
    # shellcheck disable=SC2034 # for sql
    DB_ADMIN=$(cluster_conninfo "$PRIVATE" copy postgres)
    sql "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
    sql 'SELECT pg_reload_conf()' >/dev/null
    until_sql "SELECT current_setting('synchronous_standby_names') = 'nobody'"
    start applier adopt --as-copy --db "$DB" --yes
    until_sql "$waits_for_standby"
    PGOPTIONS='-c synchronous_commit=local' sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" >/dev/null
    ended 11
    errors_has 'committed here and not confirmed by the standby' 'the copy has its new UUID here' "'applier status"
    errors_lacks 'applier resume'
    [ "$(sql 'SELECT database_uuid FROM sealift.identity')" != "$before" ]
    same moved false "$(applier status --db "$DB" --json | jq .moved)"
    standby_answers
}
