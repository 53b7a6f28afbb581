# What a site remembers beside the database: a restored database does not make it forget.
load ../support/common

setup() {
    common_setup
    fresh_database
    empty_project
    FIRST=$PROJECT
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    release 1.0.0
    pack_bundle first 1.0.0 >/dev/null
    trust_site
}
teardown() { common_teardown; }

# second WORDS OUT: from the same beginnings, another version 1.1.0 under the same sequence.
second() {
    cp -R "$FIRST" "$WORK/$2.project"
    PROJECT=$WORK/$2.project
    script 1.1.0/0002_two.up.sql <<<"CREATE TABLE $1 (a int);"
    release 1.1.0
    pack_bundle "$2" 1.1.0 --from 1.0.0 >/dev/null
}

@test "another bundle under a number that was applied is refused, though the database was restored" {
    second two B
    second zwei C
    run_status 0 applier apply first --db "$DB" --yes
    "$PG_BIN/pg_dump" -Fc -d "$DB_ADMIN" -f before
    run_status 0 applier apply B --db "$DB" --yes
    drop_database
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $DATABASE OWNER app"
    "$PG_BIN/pg_restore" -d "$DB_ADMIN" before
    run_status 6 applier apply C --db "$DB" --yes --same-site
    errors_has "this site applied another bundle with sequence 2: two bundles under one number" "ask the vendor"
    same "what C would have made" "" "$(sql "SELECT 1 FROM pg_class WHERE relname = 'zwei'")"
    run_status 0 applier apply B --db "$DB" --yes --same-site
    same "what B makes" 1 "$(sql "SELECT 1 FROM pg_class WHERE relname = 'two'")"
}

@test "a restored database is warned of in the JSON documents too, of apply, a route and resume" {
    second two B
    run_status 0 applier apply first --db "$DB" --yes
    "$PG_BIN/pg_dump" -Fc -d "$DB_ADMIN" -f before
    run_status 0 applier apply B --db "$DB" --yes
    restore() {
        drop_database
        fresh_database
        "$PG_BIN/pg_restore" -d "$DB_ADMIN" before
    }
    restore
    run_status 0 applier apply B --db "$DB" --to 1.1.0 --yes --json --same-site
    errors_has 'warning: the ledger lacks the row'
    same apply 1 "$(json '[.warnings[] | select(startswith("the ledger lacks the row"))] | length')"
    restore
    run_status 0 applier apply first B --db "$DB" --yes --json --same-site
    same route 1 "$(json '[.runs[0].warnings[] | select(startswith("the ledger lacks the row"))] | length')"
    restore
    psql_as_app -c 'CREATE TABLE two ()'
    run_status 10 applier apply B --db "$DB" --yes --same-site
    psql_as_app -c 'DROP TABLE two'
    run_status 0 applier resume --db "$DB" --json
    same resume 1 "$(json '[.warnings[] | select(startswith("the ledger lacks the row"))] | length')"
}
