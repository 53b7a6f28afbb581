#!/usr/bin/env bats
# applier rehearse --method template: a copy on the same server, what it reports, what it leaves behind,
# and what it never touches.
load ../support/common
load ../support/proven
load ../support/site_rehearsal

@test "on a template copy all is measured, taken back and dropped; the real database is untouched" {
    at_first_version
    before=$(state_of_all)
    run_status 0 applier rehearse shop.bundle --method template --yes
    output_has 'rehearsed shop 1.0.0 -> 1.2.0' "on a copy of database '$DATABASE'" 'dropped again' \
        'up: 2 migrations' '500 rows): AccessExclusiveLock, rewritten, read whole' \
        'outside transactions' 'ShareUpdateExclusiveLock' 'back: 2 migrations' \
        'schema and numbers of rows are as before' 'AccessExclusiveLock on public.item' \
        'version 1.1.0: the schema was not compared' 'the real database was not changed'
    errors_has 'meanwhile nobody can connect to it' 'the copy takes' '2 to rehearse, 1.0.0 -> 1.2.0, and back again'
    same state "$before" "$(state_of_all)"
    same copies '' "$(copies)"
    # the same from nothing: what has no ledger gets none
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier rehearse shop.bundle --method template --yes --json
    same result 'rehearsed - 1.2.0 3 exact null' \
        "$(json '"\(.result) \(.from) \(.to) \(.migrations) \(.rollback.verdict) \(.database_uuid)"')"
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
    same copies '' "$(copies)"
    compgen -G "$WORK/site/state/rehearsals/unmanaged-*.json"
}

@test "a step that fails on the copy is exit 10, and the real database is untouched" {
    at_first_version
    more_bundle 'DROP TABLE more;' <<<"CREATE TABLE more (id int); INSERT INTO item SELECT id, name FROM item;"
    before=$(state_of_all)
    run_status 10 applier rehearse more.bundle --method template --yes
    errors_has "migration '0004_more' (1.3.0), statement 2 of its up script" '23505' \
        "this was the copy: database '$DATABASE'" 'is untouched'
    errors_lacks resume
    output_has 'did not come through: shop 1.0.0 -> 1.3.0' '0002_price'
    same state "$before" "$(state_of_all)"
    same copies '' "$(copies)"
    same 'nothing is kept' '' "$(compgen -G "$WORK/site/state/rehearsals/*")"
    run_status 10 applier rehearse more.bundle --method template --yes --json
    same json 'failed 10 0004_more 2 23505' \
        "$(json '"\(.result) \(.error.exit_status) \(.failure.migration) \(.failure.statement) \(.failure.sqlstate)"')"
}

@test "a way back that fails, loses rows, leads elsewhere or is not there is said" {
    at_first_version
    more_bundle "DROP TABLE nowhere;" <<<'CREATE TABLE more (id int);'
    run_status 10 applier rehearse more.bundle --method template --yes
    errors_has 'the way back:' '42P01' 'is untouched'
    output_has 'did not come through' 'up: 3 migrations'
    same copies '' "$(copies)"
    run_status 10 applier rehearse more.bundle --method template --yes --json
    same failure '0004_more down true null' "$(json '"\(.failure.migration) \(.failure.script) \(.rollback.tried) \(.rollback.verdict)"')"
    run_status 0 applier rehearse more.bundle --method template --no-rollback --yes
    output_lacks 'back:'

    without_more
    more_bundle 'SELECT 1;' <<<'DELETE FROM item WHERE id > 490;'
    run_status 0 applier rehearse more.bundle --method template --yes
    output_has 'the schema came back, rows did not all' 'public.item: 500 rows before, 490 after'
    run_status 0 applier rehearse more.bundle --method template --yes --json
    same lossy 'lossy public.item 500 490' "$(json '.rollback | "\(.verdict) \(.row_counts[0] | "\(.table) \(.rows_before) \(.rows_after)")"')"

    without_more
    more_bundle 'SELECT 1;' <<<'CREATE TABLE more (id int);'
    run_status 10 applier rehearse more.bundle --method template --yes
    errors_has 'the way back does not lead back'
    output_has 'the schema came back otherwise' 'table public.more: extra'
    same copies '' "$(copies)"

    without_more
    more_bundle <<<'CREATE TABLE more (id int);'
    run_status 0 applier rehearse more.bundle --method template --yes
    output_has "back: it was not rehearsed: " "'0004_more'"
}

@test "a database that others are on is not copied, and they are named" {
    at_first_version
    visit
    run_status 7 applier rehearse shop.bundle --method template --yes
    errors_has "database '$DATABASE' cannot be copied while somebody else is on it" "process " " of app (shopfront)" '--method restored'
    errors_lacks pg_sleep
    same copies '' "$(copies)"
    run_status 7 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes
    errors_has 'others are connected' 'shopfront' '--allow-blocking'
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --allow-blocking --yes
    leave
}

@test "who may not copy is told what is missing" {
    at_first_version
    run_status 6 applier rehearse shop.bundle --method template --yes --db "$DB_ADMIN"
    errors_has 'the ledger is not trusted'
    errors_lacks 'copying the database'
    other=other_$RANDOM
    cluster_psql "$CLUSTER" postgres -q -c "CREATE ROLE $other LOGIN"
    sql "GRANT USAGE ON SCHEMA sealift TO $other; GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO $other"
    there=$(cluster_conninfo "$CLUSTER" "$DATABASE" "$other")
    run_status 7 applier rehearse shop.bundle --method template --yes --db "$there"
    errors_has "role '$other' may not copy database '$DATABASE': it has not the right CREATEDB"
    cluster_psql "$CLUSTER" postgres -q -c "ALTER ROLE $other CREATEDB"
    run_status 7 applier rehearse shop.bundle --method template --yes --db "$there"
    sql "DROP OWNED BY $other; DROP ROLE $other"
    errors_has "role '$other' may not copy database '$DATABASE': it does not own it"
}

@test "steps that belong to the whole server are not rehearsed beside it" {
    at_first_version
    more_bundle 'DROP ROLE shop_reader;' <<<'CREATE TABLE more (id int);
CREATE ROLE shop_reader;'
    run_status 7 applier rehearse more.bundle --method template --yes
    errors_has "migration '0004_more' (1.3.0) reaches beyond the database" 'more.up.sql, line 2' '--method restored'
    without_more
    more_bundle 'SELECT 1;' <<<"CREATE TABLE more (id int);
GRANT SELECT ON more TO PUBLIC;
REVOKE /* of all */ CONNECT ON DATABASE $DATABASE FROM PUBLIC;"
    run_status 7 applier rehearse more.bundle --method template --yes
    errors_has 'reaches beyond the database' 'more.up.sql, line 3'
    same copies '' "$(copies)"
}

@test "a role that a function makes is noticed afterwards" {
    at_first_version
    more_bundle 'SELECT 1;' <<<"DO \$\$ BEGIN EXECUTE 'CREATE ROLE shop_hidden'; END \$\$;"
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEROLE'
    run_status 0 applier rehearse more.bundle --method template --yes
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app NOCREATEROLE; DROP ROLE shop_hidden'
    errors_has 'warning: role shop_hidden has come to the server during the rehearsal'
    same copies '' "$(copies)"
}

@test "--keep keeps the copy with the source's settings, rights and owner, and apply refuses it" {
    at_first_version
    sql "ALTER DATABASE $DATABASE SET search_path TO \"Odd one\", public;
         ALTER DATABASE $DATABASE SET work_mem = '7MB';
         ALTER ROLE app IN DATABASE $DATABASE SET maintenance_work_mem = '9MB';
         REVOKE CONNECT ON DATABASE $DATABASE FROM PUBLIC;
         GRANT CREATE ON DATABASE $DATABASE TO pg_monitor WITH GRANT OPTION"
    run_status 0 applier rehearse shop.bundle --method template --keep --yes
    name=$(copies)
    output_has "the copy is database '$name'; when it is no longer needed: DROP DATABASE"
    settings="SELECT d.datdba::regrole::text FROM pg_database d WHERE d.datname = current_database()
        UNION ALL SELECT s.setrole || ': ' || c FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid,
            unnest(s.setconfig) c WHERE d.datname = current_database()
        UNION ALL SELECT a::text FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() ORDER BY 1"
    same particulars "$(sql "$settings")" \
        "$(cluster_psql "$CLUSTER" "$name" -XAtqc "$settings")"
    run_status 7 applier apply shop.bundle --yes --db "$(cluster_conninfo "$CLUSTER" "$name" app)"
    errors_has 'a copy that was made to rehearse on'
    # kept is kept: the next one makes another
    run_status 0 applier rehearse shop.bundle --method template --yes
    same copies "$name" "$(copies)"
}

@test "a setting that the role may not give is said, and the rehearsal goes on" {
    at_first_version
    sql "ALTER ROLE postgres IN DATABASE $DATABASE SET work_mem = '7MB'"
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has "warning: 1 of the database's settings and rights could not be given to the copy"
}

@test "an interrupted rehearsal drops its copy" {
    at_first_version
    before=$(state_of_all)
    sleeping_rehearsal
    # two signals that come before the first is seen are one
    while kill -INT "$RUNNER" 2>/dev/null; do sleep 0.2; done
    runner_ends 130
    grep -q "this was the copy" err
    same copies '' "$(copies)"
    same state "$before" "$(state_of_all)"
}

@test "what holds the copying up ends it in time, and a signal at once" {
    at_first_version
    cluster_psql "$CLUSTER" postgres -XAtq >/dev/null 2>&1 3>&- \
        <<<"BEGIN; COMMENT ON DATABASE $DATABASE IS 'x'; SELECT pg_sleep(300);" &
    holder=$!
    until_row "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.objid
        WHERE d.datname = '$DATABASE' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted"
    applier rehearse shop.bundle --method template --yes >out 2>err 3>&- </dev/null &
    RUNNER=$!
    until_row "SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'"
    kill -INT "$RUNNER"
    runner_ends 130
    grep -q "interrupted while copying database '$DATABASE'" err
    run_status 7 applier rehearse shop.bundle --method template --yes
    errors_has "copying database '$DATABASE'" 55P03 'try again when it is at rest'
    cluster_psql "$CLUSTER" postgres -XAtqc "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(300)%' AND datname = 'postgres' AND pid <> pg_backend_pid()" >/dev/null
    wait "$holder" || true
    same copies '' "$(copies)"
}

@test "a server that crashes leaves the copy, which is named and dropped by the next rehearsal" {
    private_cluster
    CLUSTER=$PRIVATE
    export DATABASE_URL=$DB
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB'
    at_first_version
    sleeping_rehearsal
    cluster_kill "$PRIVATE"
    runner_ends 9
    grep -q "could not be dropped" err
    cluster_start "$PRIVATE"
    name=$(copies)
    grep -q "the copy '$name'" err
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has "dropped '$name'"
    same copies '' "$(copies)"
}

@test "a rehearsal that loses its connection drops its copy" {
    at_first_version
    sleeping_rehearsal
    cluster_psql "$CLUSTER" postgres -XAtqc "SELECT pg_terminate_backend(pid) $(sleeping)" >/dev/null
    runner_ends 9
    grep -q "this was the copy: database '$DATABASE'.* is untouched" err
    same copies '' "$(copies)"
}

@test "a copy that a killed rehearsal left is dropped by the next one" {
    at_first_version
    sleeping_rehearsal
    kill -KILL "$RUNNER"
    runner_ends 137
    name=$(copies)
    [ -n "$name" ]
    cluster_psql "$CLUSTER" postgres -XAtqc "SELECT pg_terminate_backend(pid) $(sleeping)" >/dev/null
    until_row "SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$name')"
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has "warning: dropped '$name', which a rehearsal that was killed had left"
    same copies '' "$(copies)"
}

@test "a table that the role may not read is not counted, and the rest is rehearsed" {
    at_first_version
    sql 'CREATE TABLE secret (id int); INSERT INTO secret VALUES (1)'
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has 'warning: rows were not counted: '
    output_has 'back: 2 migrations'
}
