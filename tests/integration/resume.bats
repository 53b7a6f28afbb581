#!/usr/bin/env bats
# `applier resume`: what a failed or killed run left, the operator's word, another bundle, none.
load ../support/common
load ../support/proven
load ../support/blocker

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB_ADMIN
    empty_project
    SLOT=sealift_$BASHPID
}
teardown() {
    exec 8>&-
    sql "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$SLOT'" >/dev/null || true
    common_teardown
}

state() { applier status --json | jq -r '"\(.version) \(.state)"'; }
slots() { sql "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '$SLOT'"; }

# Killed inside a transaction whose first statement has an effect that no rollback takes back.
killed_outside() {
    script 1.0.0/0001_slot.up.sql <<SQL
SELECT pg_create_physical_replication_slot('$SLOT');
SELECT pg_sleep(4);
CREATE TABLE item ();
SQL
    script 1.0.0/0002_later.up.sql <<<'CREATE TABLE later ();'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    applier apply one.bundle --yes >out 2>err 3>&- &
    pid=$!
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE 'sealift%' AND query LIKE '%pg_sleep(4)%' AND datname = '$DATABASE'")" = 1 ] && break
        sleep 0.05
    done
    kill -KILL "$pid"
    wait "$pid" || true
    sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' AND datname = '$DATABASE'" >/dev/null
    same slot 1 "$(slots)"
}

@test "what nobody can tell from the catalog is the operator's to say: not done" {
    killed_outside
    same state 'null failed' "$(state)"
    run_status 11 applier resume
    errors_has "'0001_slot'" 'line 1' 'cannot tell' '--step-done' '--step-not-done'
    run_status 11 applier apply one.bundle --yes
    errors_has '--step-not-done'
    sql "SELECT pg_drop_replication_slot('$SLOT')"
    run_status 0 applier resume --step-not-done
    same state '1.0.0 current' "$(state)"
    same word 'settled not-done by the operator' "$(sql "SELECT kind, result, words FROM sealift.journal WHERE kind = 'settled' ORDER BY number LIMIT 1" | tr '|' ' ')"
}

@test "what nobody can tell from the catalog is the operator's to say: done" {
    killed_outside
    sql 'CREATE TABLE item ()'
    run_status 0 applier resume --step-done
    same state '1.0.0 current' "$(state)"
    same word 'settled done by the operator' "$(sql "SELECT kind, result, words FROM sealift.journal WHERE kind = 'settled'" | tr '|' ' ')"
    same later t "$(sql "SELECT to_regclass('later') IS NOT NULL")"
    same slots 1 "$(slots)"
    run_status 0 applier resume
    output_has 'nothing to resume'
}

failed_once() {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_needs.up.sql <<<'SELECT * FROM missing;'
    script 1.0.0/0003_later.up.sql <<<'CREATE TABLE later ();'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    run_status 11 applier apply one.bundle --yes
    sql 'CREATE TABLE missing ()'
}

@test "the bundle of the run is found where it was, or named, and no other is taken" {
    failed_once
    mv one.bundle moved.bundle
    run_status 7 applier resume
    errors_has 'is not at' 'applier resume BUNDLE'
    pack_bundle other.bundle 1.0.0 --new-sequence >/dev/null
    run_status 7 applier resume other.bundle
    errors_has 'is another bundle' "that one was at '$WORK/one.bundle'" "'applier resume BUNDLE'"
    run_status 0 applier resume moved.bundle
    same state '1.0.0 current' "$(state)"
}

@test "the same apply goes on as well as resume does" {
    failed_once
    run_status 0 applier apply one.bundle --yes
    same state '1.0.0 current' "$(state)"
    run_status 0 applier resume
    output_has 'nothing to resume'
    run_status 0 applier resume --json
    same result 'nothing to do' "$(json .result)"
}

@test "instead of going on, what the failed run brought can be taken back" {
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    failed_once
    run_status 0 applier rollback --yes --accept-unproven
    same rest t "$(sql "SELECT to_regclass('item') IS NULL")"
    run_status 0 applier resume
    output_has 'nothing to resume'
    run_status 0 applier apply one.bundle --yes
    same state '1.0.0 current' "$(state)"
}

@test "the operator's word is refused where there is nothing to say it of" {
    failed_once
    run_status 2 applier resume --step-done
    errors_has 'no unsettled step'
    run_status 2 applier resume --step-done --step-not-done
    run_status 0 applier resume
}

@test "resume stops at the version that the run was to stop at" {
    script 1.1.0/0009_last.up.sql <<<'CREATE TABLE last ();'
    script 1.0.0/0001_item.up.sql <<<'SELECT * FROM missing;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    run_status 10 applier apply one.bundle --to 1.0.0 --yes
    sql 'CREATE TABLE missing ()'
    run_status 0 applier resume
    same state '1.0.0 behind' "$(state)"
}

# A rollback that stopped between its two steps, at a view of the site's.
rollback_open() {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_more.up.sql <<<'CREATE TABLE more (id int);'
    script 1.1.0/0002_more.down.sql <<<'DROP TABLE more;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    printf 'brought\t0001_item\ttable\tpublic.item\n' >>"$WORK/facts"
    prove one.bundle
    run_status 0 applier apply one.bundle --yes
    sql 'CREATE SCHEMA site; CREATE VIEW site.seen AS SELECT id FROM item'
    run_status 11 applier rollback --to - --yes
    sql 'DROP VIEW site.seen'
}

@test "rows that came since a rollback stopped are lost by name only, on resume too" {
    rollback_open
    sql 'INSERT INTO item VALUES (1), (2)'
    run_status 7 applier resume
    errors_has "'0001_item' (1.0.0): public.item: 2 rows" '--accept-data-loss=0001_item'
    run_status 2 applier resume --accept-data-loss=0002_more
    errors_has "'0002_more': no migration of that name is to be taken back"
    run_status 2 applier resume one.bundle --accept-data-loss=0001_item
    errors_has "'one.bundle': what goes on here is a rollback, which takes no bundle"
    same rows 2 "$(sql 'SELECT count(*) FROM item')"
    run_status 0 applier resume --accept-data-loss=0001_item
    same gone t "$(sql "SELECT to_regclass('item') IS NULL")"
    same record '0001_item|public.item: 2 rows' "$(sql 'SELECT identity, words FROM sealift.accepted_loss')"
}

@test "with nothing to resume the options are looked at all the same, and the event stream ends" {
    failed_once
    run_status 2 applier resume --accept-data-loss=0001_item
    errors_has '--accept-data-loss is of a rollback'
    run_status 0 applier resume
    for words in '--attempts 0' '--max-lag nonsense' '--accept-extra nameless' '--backup nonsense' '--step-done' \
        '--step-not-done' '--accept-data-loss 0001_item'; do
        # shellcheck disable=SC2086 # an option and its value
        run_status 2 applier resume $words
    done
    errors_has 'no rollback is open that could lose anything'
    run_status 5 applier resume --events nowhere/events
    run_status 0 applier resume --events events
    output_has 'nothing to resume'
    same end 'end 0 nothing to do' "$(event '.[] | "\(.event) \(.exit_status) \(.result)"')"
}
