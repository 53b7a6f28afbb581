#!/usr/bin/env bats
# A database that is not where its ledger was last used: restored, or a copy. Whose it is is asked once.
load ../support/common

setup() {
    common_setup
    fresh_database
    empty_project
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    script 1.1.0/0002_two.up.sql <<<'CREATE TABLE two (a int);'
    script 1.1.0/0002_two.down.sql <<<'DROP TABLE two;'
    script 1.2.0/0003_three.up.sql <<<'CREATE TABLE three (a int);'
    script 1.2.0/0003_three.down.sql <<<'DROP TABLE three;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
    # shellcheck disable=SC2153 # fresh_database's
    ORIGIN=$DATABASE
}
teardown() { common_teardown; }

at_first() { applier apply shop.bundle --to "${1:-1.0.0}" --db "$DB" --yes >/dev/null; }

# The database is dumped and restored under another name, which takes its place in DB and DB_ADMIN.
restored() {
    "$PG_BIN/pg_dump" -Fc -d "$DB_ADMIN" -f dump
    fresh_database
    "$PG_BIN/pg_restore" -d "$DB_ADMIN" dump
}

on_origin() { cluster_psql "$CLUSTER" "$ORIGIN" -XAtqc "$1"; }
ledger() { "$PG_BIN/pg_dump" -a -n sealift -d "$DB_ADMIN" | grep -v '^\\\(un\)\?restrict'; }
uuid() { sql 'SELECT database_uuid FROM sealift.identity'; }
oid_here() { sql 'SELECT oid FROM pg_database WHERE datname = current_database()'; }

# refused COMMAND…: 7, both ways on are named, and the ledger is as it was.
refused() {
    local before
    before=$(ledger)
    run_status 7 "$@"
    errors_has "the ledger was last used in database '$ORIGIN' (OID " \
        "this is database '$DATABASE' (OID $(oid_here)) of server " 'restored backup' \
        'the same command with --same-site' "'applier adopt --as-copy --db "
    same 'the ledger' "$before" "$(ledger)"
}

@test "apply refuses a restored dump, and with --same-site goes on; the next run is not asked" {
    at_first
    restored
    refused applier apply shop.bundle --to 1.1.0 --db "$DB" --yes
    same two f "$(sql "SELECT to_regclass('two') IS NOT NULL")"
    run_status 0 applier apply shop.bundle --to 1.1.0 --db "$DB" --yes --same-site
    run_status 0 applier apply shop.bundle --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    same moved false "$(applier status --db "$DB" --json | jq .moved)"
    same 'where nothing moved' 1.1.0 "$(applier status --db "$DB" --json | jq -r .version)"
    run_status 0 applier apply shop.bundle --db "$DB" --yes --same-site
    errors_lacks 'same-site' 'last used'
}

@test "without --yes nobody is asked before the refusal, and a route is refused as well" {
    at_first
    restored
    refused applier apply shop.bundle --db "$DB"
    errors_lacks 'to apply, up to version'
    mkdir shelf
    cp shop.bundle shelf
    refused applier apply shelf --db "$DB" --yes
}

@test "rollback refuses a restored dump; --plan reads, and --same-site takes it back" {
    at_first 1.1.0
    restored
    refused applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven
    run_status 0 applier rollback --plan --to 1.0.0 --db "$DB"
    run_status 0 applier rollback --accept-unproven --to 1.0.0 --db "$DB" --yes --same-site
    run_status 0 applier rollback --to - --db "$DB" --yes --accept-unproven
}

@test "resume refuses a restored dump of a failed run, and with --same-site goes on" {
    at_first
    psql_as_app -c 'CREATE TABLE three ()'
    run_status 11 applier apply shop.bundle --db "$DB" --yes
    psql_as_app -c 'DROP TABLE three'
    restored
    run_status 0 applier status --db "$DB" --json
    [[ $(json .next) == 'applier resume --same-site'* ]]
    refused applier resume --db "$DB"
    run_status 0 applier resume --db "$DB" --same-site
    run_status 0 applier rollback --to 1.1.0 --db "$DB" --yes --accept-unproven
}

@test "the end alone of a run that was killed behind its last step says whose database it is, too" {
    at_first
    sql "DELETE FROM sealift.event WHERE phase = 'end'"
    restored
    refused applier resume --db "$DB"
    run_status 0 applier resume --db "$DB" --same-site
    run_status 0 applier apply shop.bundle --db "$DB" --yes
}

@test "a refusal with --same-site is no answer for the next run" {
    at_first
    restored
    run_status 7 applier apply shop.bundle --db "$DB" --yes --same-site --backup-command false
    same event refused "$(sql 'SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1')"
    refused applier apply shop.bundle --db "$DB" --yes
}

@test "a copy gets a UUID and a state file of its own, and both go their own way" {
    at_first
    local before
    before=$(uuid)
    restored
    run_status 2 applier adopt --as-copy --db "$DB"
    errors_has "in the place of $before" "no terminal to ask on"
    same 'not asked, not done' "$before" "$(uuid)"
    run_status 0 applier adopt --as-copy --db "$DB" --yes --json
    same result "copy $before $(uuid) 1.0.0 shop" \
        "$(json '"\(.result) \(.database_uuid_before) \(.database_uuid) \(.version) \(.product)"')"
    [ "$before" != "$(uuid)" ]
    same event "adopt return a copy of database $before, from now on $(uuid)" \
        "$(sql "SELECT action || ' ' || phase || ' ' || words FROM sealift.event ORDER BY number DESC LIMIT 1")"
    same journal "$(on_origin 'SELECT count(*) FROM sealift.journal')" "$(sql 'SELECT count(*) FROM sealift.journal')"
    run_status 0 applier apply shop.bundle --db "$DB" --yes
    same original "$before" "$(on_origin 'SELECT database_uuid FROM sealift.identity')"
    run_status 0 applier apply shop.bundle --to 1.1.0 --db "$(cluster_conninfo "$CLUSTER" "$ORIGIN" app)" --yes
    same 'state files' 2 "$(find "$SEALIFT_STATE_DIR" -type f -name state | wc -l)"
    find "$SEALIFT_STATE_DIR" -path "*/$(uuid)/state" | grep -q .
}

@test "what was under way is so in a copy as well" {
    at_first
    psql_as_app -c 'CREATE TABLE three ()'
    run_status 11 applier apply shop.bundle --db "$DB" --yes
    psql_as_app -c 'DROP TABLE three'
    local name=${DATABASE}_copy
    DATABASES+=("$name")
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $name TEMPLATE $DATABASE OWNER app"
    DB=$(cluster_conninfo "$CLUSTER" "$name" app)
    run_status 7 applier resume --db "$DB"
    run_status 0 applier adopt --as-copy --db "$DB" --yes
    output_has 'as a copy of database'
    run_status 0 applier status --db "$DB" --json
    same next "false applier resume" "$(json '"\(.moved) \(.next)"' | sed 's/ --db.*//')"
    run_status 0 applier resume --db "$DB"
    same version 1.2.0 "$(applier status --db "$DB" --json | jq -r .version)"
}

@test "--as-copy refuses what is no copy, has no ledger, or is one to rehearse on" {
    run_status 7 applier adopt --as-copy --db "$DB" --yes
    errors_has 'there is no ledger here' "'applier adopt BUNDLE "
    at_first
    local before
    before=$(ledger)
    run_status 7 applier adopt --as-copy --db "$DB" --yes
    errors_has 'this is no copy: its ledger was last used in this very database' 'check --db'
    same 'the ledger' "$before" "$(ledger)"
    restored
    sql 'UPDATE sealift.identity SET rehearsal_since = now()'
    run_status 7 applier adopt --as-copy --db "$DB" --yes
    errors_has 'made to rehearse on'
    run_status 7 applier apply shop.bundle --db "$DB" --yes --same-site
    errors_has 'made to rehearse on'
}

@test "--as-copy takes no bundle and nothing that is said of one; adopt without either is refused" {
    run_status 2 applier adopt shop.bundle --as-copy --db "$DB" --yes
    errors_has '--as-copy takes neither a bundle'
    run_status 2 applier adopt --as-copy --version 1.0.0 --db "$DB" --yes
    run_status 2 applier adopt --as-copy --strict --db "$DB" --yes
    run_status 2 applier adopt --db "$DB"
    errors_has "'adopt' wants a bundle, or --as-copy"
    at_first
    restored
    refused_adoption=$(ledger)
    run_status 7 applier adopt shop.bundle --db "$DB" --yes
    same 'the ledger' "$refused_adoption" "$(ledger)"
}

@test "reading commands go on where a database moved, and status and preflight say it" {
    at_first
    restored
    run_status 0 applier status shop.bundle --db "$DB" --json
    same moved true "$(json .moved)"
    same places "$ORIGIN $DATABASE $(oid_here) true" \
        "$(json '"\(.last_used.database) \(.used_here.database) \(.used_here.database_oid) \(.last_used.system_identifier == .used_here.system_identifier)"')"
    [[ $(json .next) == 'applier apply shop.bundle --same-site'* ]]
    run_status 0 applier status --db "$DB"
    output_has "moved      the ledger was last used in database '$ORIGIN'" "'applier adopt --as-copy'"
    run_status 7 applier preflight shop.bundle --db "$DB" --json
    same finding 'blocks fit' "$(json '.findings[] | select(.what | startswith("the ledger was last used")) | "\(.level) \(.check)"')"
    run_status 0 applier plan shop.bundle --db "$DB"
    run_status 0 applier history --db "$DB"
    run_status 7 applier drift --db "$DB" # it was packed unproven
    errors_has 'there is no proven schema of version'
    DB=$(cluster_conninfo "$CLUSTER" "$ORIGIN" app)
    run_status 0 applier status --db "$DB" --json
    same 'not moved' false "$(json .moved)"
    run_status 0 applier status --db "$DB"
    output_lacks 'moved  '
}

@test "a ledger whose events do not name the database is told by its numbers" {
    at_first
    sql "UPDATE sealift.event SET settings = settings - 'sealift.database'"
    restored
    run_status 7 applier apply shop.bundle --db "$DB" --yes
    errors_has 'the ledger was last used in database (OID '
}
