#!/usr/bin/env bats
# The ledger: whose it is, who may read it, and that what was changed in it is found.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_more.up.sql <<<'CREATE TABLE more (id int);'
    script 1.1.0/0002_more.down.sql <<<'DROP TABLE more;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
    ROLES=()
}
teardown() {
    local role
    for role in ${ROLES[@]+"${ROLES[@]}"}; do
        sql "SET client_min_messages = error; DROP OWNED BY $role CASCADE" || true
        sql "DROP ROLE $role" || true
    done
    common_teardown
}

# A role of this test's own: sets ROLE.
role() {
    ROLE=r_${DATABASE}_$1
    sql "CREATE ROLE $ROLE LOGIN"
    ROLES+=("$ROLE")
}

# Every command that changes something refuses with STATUS and WORDS, and changes nothing.
refused() {
    local expected=$1 rows
    shift
    rows=$(sql 'SELECT count(*) FROM sealift.journal')
    run_status "$expected" applier apply one.bundle --yes
    errors_has "$@"
    run_status "$expected" applier rollback --yes
    errors_has "$@"
    same rows "$rows" "$(sql 'SELECT count(*) FROM sealift.journal')"
    same tables item "$(sql "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'")"
}

@test "a ledger that another role owns is not trusted" {
    role owner
    sql "ALTER TABLE sealift.journal OWNER TO $ROLE"
    refused 6 'table sealift.journal is owned by role'
    sql "ALTER TABLE sealift.journal OWNER TO app; ALTER SCHEMA sealift OWNER TO $ROLE"
    refused 6 'schema sealift is owned by role'
    # an owner that the site names is
    sql "GRANT $ROLE TO app"
    printf '[site]\nledger-owner = %s\n' "$ROLE" >site/config/applier.conf
    run_status 0 applier apply one.bundle --yes
    sql 'ALTER SCHEMA sealift OWNER TO app'
}

@test "a ledger that another role may write is not trusted" {
    role writer
    for grant in 'INSERT ON sealift.journal' 'UPDATE ON sealift.event' 'DELETE ON sealift.stored_object' \
        'TRUNCATE ON sealift.version' 'TRIGGER ON sealift.bundle' 'CREATE ON SCHEMA sealift'; do
        sql "GRANT $grant TO $ROLE"
        refused 6 "may be written by role $ROLE"
        sql "REVOKE $grant FROM $ROLE"
    done
    sql 'GRANT INSERT ON sealift.event TO PUBLIC'
    refused 6 'everybody (PUBLIC)'
}

@test "a column that another role may write is not trusted" {
    role writer
    sql "GRANT UPDATE (words) ON sealift.event TO $ROLE"
    refused 6 "may be written by role $ROLE"
}

@test "a role without rights is told the GRANT that it needs, and with it may read" {
    role reader
    reader="$(cluster_conninfo "$CLUSTER" "$DATABASE" "$ROLE")"
    for command in status history; do
        run_status 7 applier $command --db "$reader"
        errors_has "may not read the ledger" "GRANT USAGE ON SCHEMA sealift TO \"$ROLE\"" 'GRANT SELECT ON ALL TABLES'
    done
    run_status 7 applier plan one.bundle --db "$reader"
    sql "GRANT USAGE ON SCHEMA sealift TO \"$ROLE\"; GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO \"$ROLE\""
    run_status 0 applier status --db "$reader" --json
    same version 1.0.0 "$(json .version)"
    run_status 0 applier history --db "$reader"
    run_status 0 applier plan one.bundle --db "$reader"
    # reading rights are no danger to anybody
    run_status 0 applier apply one.bundle --yes
}

@test "a changed, a removed and an invented row of the journal are found" {
    for change in "UPDATE sealift.journal SET identity = '0009_other'" \
        "UPDATE sealift.journal SET position_after = 0" \
        "UPDATE sealift.journal SET complete = false" \
        "UPDATE sealift.journal SET digest = sha512('')" \
        "DELETE FROM sealift.journal WHERE number = 1; UPDATE sealift.journal SET number = number + 1"; do
        sql "CREATE TABLE kept AS SELECT * FROM sealift.journal; $change"
        [[ $change != DELETE* ]] || sql "INSERT INTO sealift.journal SELECT (jsonb_populate_record(kept, '{\"number\": 2}')).* FROM kept"
        sql 'ALTER TABLE kept SET SCHEMA sealift; ALTER TABLE sealift.kept OWNER TO app'
        refused 7 'journal is damaged'
        run_status 0 applier status --json
        same state diverged "$(json .state)"
        sql 'DELETE FROM sealift.journal; INSERT INTO sealift.journal SELECT * FROM sealift.kept; DROP TABLE sealift.kept'
    done
    run_status 0 applier apply one.bundle --yes
}

@test "a journal whose last rows are gone is spoken of where the state file knows them" {
    sql "CREATE SCHEMA backup; CREATE TABLE backup.j AS SELECT * FROM sealift.journal; CREATE TABLE backup.e AS SELECT * FROM sealift.event"
    applier apply one.bundle --yes
    # as a restored backup would have it
    sql "DROP TABLE more; DELETE FROM sealift.version WHERE journal_number = 2;
         DELETE FROM sealift.journal; INSERT INTO sealift.journal SELECT * FROM backup.j;
         DELETE FROM sealift.event; INSERT INTO sealift.event SELECT * FROM backup.e"
    run_status 0 applier apply one.bundle --yes
    errors_has 'warning: the ledger lacks the row' 'restored from a backup, or rows were removed'
    run_status 0 applier rollback --steps 1 --yes --accept-unproven
    errors_lacks 'lacks the row'
    sql "DELETE FROM sealift.journal WHERE number > 1"
    run_status 0 applier rollback --accept-unproven --steps 1 --yes --json
    json '.warnings | join("")' | grep -q 'lacks the row'
}

@test "what is stored for the way back is not run where it was changed" {
    for change in "UPDATE sealift.stored_object SET bytes = convert_to('DROP TABLE IF EXISTS pg_temp.x;', 'UTF8') WHERE path LIKE '%0001_item%'" \
        "DELETE FROM sealift.stored_object WHERE path LIKE '%0001_item%'" \
        "UPDATE sealift.stored_object SET bytes = set_byte(bytes, 5000, 255 - get_byte(bytes, 5000)) WHERE path = 'manifest.db' AND chunk = 0" \
        "UPDATE sealift.bundle SET envelope = set_byte(envelope, 1200, 255 - get_byte(envelope, 1200))" \
        "DELETE FROM sealift.stored_object"; do
        sql "CREATE SCHEMA kept; CREATE TABLE kept.objects AS SELECT * FROM sealift.stored_object; CREATE TABLE kept.bundles AS SELECT * FROM sealift.bundle; $change"
        for folder in site nowhere; do
            run_status 6 env SEALIFT_CONFIG_DIR="$WORK/$folder/config" SEALIFT_STATE_DIR="$WORK/$folder/state" \
                applier rollback --yes --accept-unproven || { echo "after $change"; return 1; }
        done
        same item t "$(sql "SELECT to_regclass('item') IS NOT NULL")"
        sql "DELETE FROM sealift.stored_object; DELETE FROM sealift.bundle;
             INSERT INTO sealift.stored_object SELECT * FROM kept.objects; INSERT INTO sealift.bundle SELECT * FROM kept.bundles;
             DROP SCHEMA kept CASCADE"
    done
    run_status 0 applier rollback --yes --accept-unproven
}

@test "each event says who, from where, with what, under which settings" {
    same event "apply begin app app $(id -un) $(hostname) 0 1" "$(sql "SELECT action, phase, session_user_name, current_user_name, operating_system_user, client_host, from_position, to_position FROM sealift.event WHERE number = 1" | tr '|' ' ')"
    same settings 'UTC|ISO, MDY|on|public' "$(sql "SELECT settings->>'TimeZone', settings->>'DateStyle', settings->>'standard_conforming_strings', settings->>'search_path' FROM sealift.event WHERE number = 1")"
    run_status 7 applier rollback --to 0.1 --yes
    same refusal 'rollback refused' "$(sql "SELECT action, phase FROM sealift.event ORDER BY number DESC LIMIT 1" | tr '|' ' ')"
    run_status 0 applier history --json
    same events 3 "$(json '.events | length')"
    # no row was ever rewritten
    same rewritten 0 "$(sql "SELECT coalesce(sum(n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE schemaname = 'sealift'")"
}
