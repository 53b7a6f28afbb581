#!/usr/bin/env bats
# Commands that only read: they write nothing, work where nothing can be written, and say when what they
# print cannot be delivered.
load ../support/common
load ../support/proven

setup() {
    common_setup
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_more.up.sql <<<'CREATE TABLE more (id int);'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
}
teardown() { common_teardown; }

# A database at 1.0.0.
begun() {
    fresh_database
    export DATABASE_URL=$DB
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}

@test "reading commands write nothing, and need no right to" {
    begun
    before=$(sql "SELECT count(*), max(number) FROM sealift.event")
    for command in '0 status' '0 history' '0 plan one.bundle' '0 status one.bundle' '12 status --check'; do
        # shellcheck disable=SC2086 # words
        run_status ${command%% *} env PGOPTIONS='-c default_transaction_read_only=on' applier ${command#* }
        # shellcheck disable=SC2086
        run_status ${command%% *} applier ${command#* } --json
    done
    same events "$before" "$(sql "SELECT count(*), max(number) FROM sealift.event")"
    same version 1.0.0 "$(applier status --json | jq -r .version)"
}

@test "on a database without a ledger they make none" {
    fresh_database
    export DATABASE_URL=$DB
    for command in status history 'plan one.bundle'; do
        # shellcheck disable=SC2086
        run_status 0 applier $command
    done
    run_status 0 applier status --json
    same state unmanaged "$(json .state)"
    same ledger 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
}

@test "on a standby they work and say how far it has replayed; what writes is refused" {
    private_cluster
    export DATABASE_URL=$DB
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
    standby_of_private
    for _ in $(seq 100); do
        [ "$(applier status --db "$THERE" --json | jq -r .version)" = 1.0.0 ] && break
        sleep 0.1
    done
    run_status 0 applier status --db "$THERE" --json
    same state '1.0.0 behind' "$(json '"\(.version) \(.state)"')"
    same standby true "$(json .standby)"
    json '.replayed_to | test("^[0-9A-F]+/[0-9A-F]+$")' >/dev/null
    run_status 0 applier status --db "$THERE"
    output_has 'standby    replayed to 0/'
    run_status 0 applier history --db "$THERE"
    run_status 0 applier plan one.bundle --db "$THERE"
    for command in 'apply one.bundle --yes' 'rollback --yes'; do
        # shellcheck disable=SC2086
        run_status 7 applier $command --db "$THERE"
        errors_has 'is a standby'
    done
    # the primary is not one
    run_status 0 applier status --json
    same standby false "$(json .standby)"
}

@test "on a standby drift and fingerprint work" {
    fresh_database
    prove one.bundle
    private_cluster
    export DATABASE_URL=$DB
    applier apply one.bundle --yes >/dev/null
    psql_as_app -c 'CREATE INDEX item_dba ON item (id)'
    standby_of_private
    for _ in $(seq 100); do
        [ "$(psql -XAtqd "$THERE" -c "SELECT to_regclass('item_dba')")" ] && break
        sleep 0.1
    done
    run_status 7 applier drift --db "$THERE"
    output_has 'extra    index public.item.item_dba'
    same 'there and here' "$(applier fingerprint)" "$(applier fingerprint --db "$THERE")"
}

@test "what cannot be printed is said with status 5" {
    begun
    [ -c /dev/full ] || skip 'no /dev/full'
    for command in status history 'plan one.bundle' 'status --json' 'inspect one.bundle' 'verify one.bundle'; do
        status=0
        # shellcheck disable=SC2086
        applier $command >/dev/full 2>err || status=$?
        same "status of $command on a full disk" 5 "$status"
        status=0
        # shellcheck disable=SC2086
        applier $command >&- 2>err || status=$?
        same "status of $command without stdout" 5 "$status"
    done
}

@test "an apply whose report cannot be printed has been done, and says both" {
    begun
    status=0
    applier apply one.bundle --yes >/dev/full 2>err || status=$?
    same status 5 "$status"
    same version 1.1.0 "$(applier status --json | jq -r .version)"
}

@test "status names what is pending, and --check makes it a status" {
    begun
    run_status 12 applier status --check
    run_status 0 applier status --json
    same pending 0002_more "$(json '.pending | join(" ")')"
    same keys '["adopted","backup","database_uuid","foreign_history","holder","inside","last_run","last_used","migrations","moved","next","pending","phase_before_done","position","product","rehearsal_since","replayed_at","replayed_to","running","schema","schema_seen_at","standby","state","used_here","version","why"]' "$(json 'keys | tojson')"
    same migration '0001_item 1.0.0 applied' "$(json '.migrations[0] | "\(.identity) \(.version) \(.state)"')"
    json '.migrations[0] | .applied_at | test("Z$")' >/dev/null
    json '.migrations[0] | .duration_ms >= 0' >/dev/null
    applier apply one.bundle --yes
    run_status 0 applier status --check
}

@test "a bundle ahead of or behind the database is seen by status BUNDLE" {
    begun
    pack_bundle first.bundle 1.0.0 --new-sequence >/dev/null
    applier apply one.bundle --yes
    run_status 0 applier status first.bundle --json
    same state ahead "$(json .state)"
    run_status 0 applier status one.bundle --json
    same state current "$(json .state)"
}
