#!/usr/bin/env bats
# The fingerprint's statement (applier/sql/fingerprint_queries.sql): what it sees, what it does not see,
# who may run it and where. Data: tests/vectors/fingerprint; `make update-golden` makes the golden files.

load ../support/common
load ../support/fingerprint

VECTORS=$TOP/tests/vectors/fingerprint

# One database with the base schema for all tests that leave it as it is.
setup_file() {
    common_setup_file
    shared_cluster
    cluster_psql "$CLUSTER" postgres -q -c "CREATE ROLE fp_owner" -c "CREATE ROLE fp_reader LOGIN"
    export FINGERPRINT_DATABASE=fingerprint_$$
    fingerprint_base "$FINGERPRINT_DATABASE"
}

teardown_file() {
    shared_cluster
    cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE $FINGERPRINT_DATABASE WITH (FORCE)" \
        -c "DROP ROLE fp_owner" -c "DROP ROLE fp_reader"
    common_teardown_file
}

setup() {
    common_setup
    shared_cluster
    BASE=$(cluster_conninfo "$CLUSTER" "$FINGERPRINT_DATABASE" postgres)
    MAJOR=$(server_major)
}

teardown() {
    [ -z "${SUBSCRIBED:-}" ] || sql "DROP SUBSCRIPTION IF EXISTS sub" || true
    common_teardown
}

server_major() { echo $(($(cluster_psql "$CLUSTER" postgres -At -c "SHOW server_version_num") / 10000)); }

fingerprint_base() {
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $1"
    cluster_psql "$CLUSTER" "$1" -q -f "$VECTORS/base.sql" >/dev/null
}

# A database of the test's own with the base schema: sets DATABASE, DB, DB_ADMIN.
own_base() {
    fresh_database
    cluster_psql "$CLUSTER" "$DATABASE" -q -f "$VECTORS/base.sql" >/dev/null
}

@test "the base schema has the rows that are checked in for this major" {
    fingerprint_of "$BASE" >rows
    if [ -n "${UPDATE_GOLDEN:-}" ]; then
        fingerprint_update_golden rows "$MAJOR" "$VECTORS"
        return
    fi
    fingerprint_golden "$MAJOR" "$VECTORS" >expected
    diff expected rows
}

@test "each change alters exactly the expected rows" {
    fresh_database
    cluster_psql "$CLUSTER" "$DATABASE" -q -f "$VECTORS/base.sql" >/dev/null
    fingerprint_changes "$DB_ADMIN" "$MAJOR" "$VECTORS/changes.sql" >changes
    if [ -n "${UPDATE_GOLDEN:-}" ]; then
        fingerprint_update_changes changes "$MAJOR" "$VECTORS"
        return
    fi
    fingerprint_known "$MAJOR" <"$VECTORS/changes.golden" >expected
    diff expected changes
}

@test "class, kind and identity are of one row only" {
    fingerprint_of "$BASE" >rows
    [ "$(wc -l <rows)" -gt 300 ]
    same "rows of the same name" "" "$(cut -f1-3 rows | uniq -d)"
    same "classes" "core deparse env" "$(cut -f1 rows | uniq | xargs)"
}

@test "a hash is the SHA-256 of the definition in UTF-8, whatever the database's encoding" {
    local encoding expected
    expected=$(printf 'Größe\n\t"x"' | sha256sum | cut -d' ' -f1)
    for encoding in UTF8 LATIN1; do
        DATABASE=t_${BATS_TEST_NUMBER}_${BASHPID}_${encoding,,}
        cluster_psql "$CLUSTER" postgres -q \
            -c "CREATE DATABASE $DATABASE TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'"
        DATABASES+=("$DATABASE")
        DB_ADMIN=$(cluster_conninfo "$CLUSTER" "$DATABASE" postgres)
        PGCLIENTENCODING=UTF8 sql "CREATE TABLE t (\"Größe\" int); COMMENT ON TABLE t IS E'Größe\\n\\t\"x\"'"
        same "$encoding" "$expected" "$(PGCLIENTENCODING=UTF8 fingerprint_hashes "$DB_ADMIN" |
            awk -F'\t' '$2 == "comment" { print $4 }')"
        same "$encoding" 'public.t."Größe"' "$(PGCLIENTENCODING=UTF8 fingerprint_hashes "$DB_ADMIN" |
            awk -F'\t' '$2 == "column" { print $3 }')"
    done
}

@test "definitions are returned only where they are asked for" {
    printf '%s\n' "EXECUTE fingerprint (NULL, NULL, false, NULL);" | fingerprint_script |
        fingerprint_psql "$BASE" -F $'\t' >rows
    same "definitions" "" "$(cut -f5- rows | tr -d '\n')"
    fingerprint_hashes "$BASE" >hashes
    same "columns of the first row" "core base type app.num" "$(head -n 2 hashes | tail -n 1 | cut -f1-3 | tr '\t' ' ')"
}

@test "a role that may do nothing gets the same rows" {
    fingerprint_of "$BASE" >of_superuser
    cluster_psql "$CLUSTER" postgres -q -c "CREATE ROLE fp_nobody LOGIN"
    status=0
    fingerprint_of "$(cluster_conninfo "$CLUSTER" "$FINGERPRINT_DATABASE" fp_nobody)" >of_nobody || status=$?
    cluster_psql "$CLUSTER" postgres -q -c "DROP ROLE fp_nobody"
    [ "$status" -eq 0 ]
    diff of_superuser of_nobody
}

@test "a read-only transaction gets the same rows" {
    fingerprint_of "$BASE" | cut -f1-3 >written
    fingerprint_hashes "$BASE" | cut -f1-3 >read_only
    diff written read_only
}

@test "settings of the database and of the role change nothing but their own rows" {
    own_base
    fingerprint_hashes "$DB_ADMIN" >before
    sql "ALTER DATABASE $DATABASE SET search_path = app, public;
         ALTER DATABASE $DATABASE SET TimeZone = 'Asia/Tokyo';
         ALTER DATABASE $DATABASE SET DateStyle = 'German, DMY';
         ALTER DATABASE $DATABASE SET IntervalStyle = 'iso_8601';
         ALTER DATABASE $DATABASE SET extra_float_digits = -3;
         ALTER DATABASE $DATABASE SET bytea_output = 'escape';
         ALTER ROLE postgres IN DATABASE $DATABASE SET quote_all_identifiers = on;
         ALTER ROLE postgres IN DATABASE $DATABASE SET standard_conforming_strings = off;
         ALTER ROLE postgres IN DATABASE $DATABASE SET xmlbinary = hex;
         ALTER ROLE postgres IN DATABASE $DATABASE SET enable_hashjoin = off;
         ALTER ROLE postgres IN DATABASE $DATABASE SET enable_nestloop = off;
         ALTER ROLE postgres IN DATABASE $DATABASE SET default_transaction_isolation = serializable"
    fingerprint_hashes "$DB_ADMIN" >after
    diff before after | grep '^[<>]' | cut -f2 | sort | uniq -c | tr -s ' ' >differ || true
    printf ' 6 database setting\n 6 role setting\n' | diff - differ
}

@test "inside somebody's transaction a savepoint takes the pin back" {
    {
        printf 'PREPARE fingerprint (text[], text, boolean, jsonb) AS\n'
        fingerprint_block fingerprint_rows
        printf ';\nBEGIN;\nSET LOCAL search_path = app;\nSET LOCAL DateStyle = %s;\n' "'German'"
        printf 'CREATE TABLE mine (a int);\nSAVEPOINT fingerprint;\n'
        fingerprint_block fingerprint_pin
        printf '\\g /dev/null\nCREATE TEMP TABLE seen AS EXECUTE fingerprint (NULL, NULL, true, NULL);\n'
        printf 'SELECT identity FROM seen WHERE kind = %s AND identity LIKE %s;\n' "'table'" "'%mine'"
        printf 'ROLLBACK TO fingerprint;\nRELEASE fingerprint;\nSHOW search_path;\nSHOW DateStyle;\nSHOW jit;\n'
        printf "SELECT to_regclass('mine') IS NOT NULL;\nROLLBACK;\n"
    } | fingerprint_psql "$BASE" >seen
    same "what was seen" "app.mine app German, DMY $(cluster_psql "$CLUSTER" postgres -At -c 'SHOW jit') t" \
        "$(xargs <seen)"
}

@test "with a scope, objects of other schemas are not there" {
    fingerprint_of "$BASE" >all
    fingerprint_of "$BASE" "'{app}'" >scoped
    same "rows that the scope adds" "" "$(LC_ALL=C comm -13 all scoped)"
    LC_ALL=C comm -23 all scoped | cut -f1-3 >left_out
    [ "$(wc -l <left_out)" -ge 20 ]
    same "left out, though of no other schema" "" "$(grep -v -e 'elsewhere' -e '"Odd Schema"' -e 'schema.public' left_out || true)"
    same "not left out" "" "$(cut -f3 scoped | grep -e '^elsewhere' -e '^"Odd' || true)"
    [ "$(fingerprint_of "$BASE" "'{}'" | cut -f2 | grep -c '^extension$')" -eq 2 ]
}

@test "the schema sealift is out of scope unless it is named" {
    own_base
    fingerprint_hashes "$DB_ADMIN" >before
    sql "CREATE SCHEMA sealift; CREATE TABLE sealift.history (id int PRIMARY KEY); GRANT USAGE ON SCHEMA sealift TO app"
    fingerprint_hashes "$DB_ADMIN" >after
    diff before after
    fingerprint_of "$DB_ADMIN" "'{sealift}'" | grep -q $'^core\ttable\tsealift.history\t'
}

@test "one role is written as <owner>, wherever it stands" {
    own_base
    sql "GRANT USAGE ON SCHEMA app TO fp_owner; GRANT SELECT ON app.ord TO fp_owner WITH GRANT OPTION;
         SET ROLE fp_owner; GRANT SELECT ON app.ord TO fp_reader; RESET ROLE;
         CREATE USER MAPPING FOR fp_owner SERVER srv;
         ALTER ROLE fp_owner IN DATABASE $DATABASE SET work_mem = '6MB';
         ALTER POLICY pol ON app.cust TO fp_owner"
    fingerprint_of "$DB_ADMIN" NULL "'fp_owner'" >rows
    same "rows with the name" "" "$(grep fp_owner rows || true)"
    grep -qx $'env\towner\ttable app.base\t<owner>' rows
    grep -qx $'env\tacl\ttable app.ord\t<owner>=SELECT\*, fp_reader by <owner>=SELECT' rows
    grep -qx $'env\tuser mapping\tsrv for <owner>\t' rows
    grep -qx $'env\trole setting\t<owner>.work_mem\t6MB' rows
    grep -qx $'env\tdefault acl\t<owner> functions\tPUBLIC=' rows
    grep -q $'^core\tpolicy\tapp.cust.pol\tpermissive for select to <owner> ' rows
    # A role of that name is quoted, as every name that is not plain.
    sql "ALTER ROLE fp_owner RENAME TO \"<owner>\""
    status=0
    fingerprint_of "$DB_ADMIN" >rows || status=$?
    sql "ALTER ROLE \"<owner>\" RENAME TO fp_owner"
    grep -qx $'env\towner\ttable app.base\t"<owner>"' rows
}

@test "subscriptions without what is secret" {
    own_base
    SUBSCRIBED=yes
    sql "SET client_min_messages = error;
         CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere password=CANARY' PUBLICATION two, one
             WITH (connect = false, slot_name = NONE); COMMENT ON SUBSCRIPTION sub IS 'to the branch'"
    fingerprint_of "$DB_ADMIN" >before
    grep -q $'^core\tsubscription\tsub\tpublications {one,two}' before
    grep -qx $'env\tsubscription state\tsub\tdisabled' before
    grep -qx $'env\tcomment\tsubscription sub\tto the branch' before
    grep -qx $'env\towner\tsubscription sub\tpostgres' before
    fingerprint_of "$(cluster_conninfo "$CLUSTER" "$DATABASE" fp_reader)" | diff before -
    # Of another database's subscriptions nothing is seen.
    same "elsewhere" "" "$(fingerprint_of "$BASE" | grep -i subscription || true)"
    sql "ALTER SUBSCRIPTION sub SET PUBLICATION two WITH (refresh = false)"
    fingerprint_of "$DB_ADMIN" >after
    same "what a publication less alters" $'core\tsubscription\tsub' \
        "$(diff before after | sed -n 's/^> //p' | cut -f1-3)"
    sql "ALTER SUBSCRIPTION sub CONNECTION 'host=/elsewhere password=CANARY2'"
    fingerprint_of "$DB_ADMIN" | diff after -
    same "rows with a secret" "" "$(grep CANARY before after || true)"
}

@test "no row shows a secret" {
    fingerprint_of "$BASE" >rows
    grep -q $'^core\tserver\tsrv\t' rows
    grep -q $'^env\tuser mapping\tsrv for fp_reader\t' rows
    grep -q $'^env\tdatabase setting\t"dblink.password"\tsha256:' rows
    grep -q $'^core\tforeign table\tapp.ft\t.*password=sha256:' rows
    same "rows with a secret" "" "$(grep -i canary rows || true)"
}

@test "a standby gives the same rows" {
    private_cluster
    cluster_psql "$PRIVATE" postgres -q -c "CREATE ROLE fp_owner" -c "CREATE ROLE fp_reader LOGIN"
    cluster_psql "$PRIVATE" private -q -f "$VECTORS/base.sql" >/dev/null
    fingerprint_hashes "$DB_ADMIN" >primary
    cluster_stop "$PRIVATE"
    cluster_run touch "$PRIVATE/data/standby.signal"
    cluster_start "$PRIVATE"
    same "in recovery" t "$(sql 'SELECT pg_is_in_recovery()')"
    fingerprint_hashes "$DB_ADMIN" | diff primary -
}
