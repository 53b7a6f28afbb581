#!/usr/bin/env bats
# A dump that is restored has the fingerprint of what was dumped. Of its own, because pg_dump must not be
# older than the server (tests/matrix.sh).

load ../support/common
load ../support/fingerprint

VECTORS=$TOP/tests/vectors/fingerprint

# The roles of the base schema are those of fingerprint.bats, which may run beside: a cluster of its own.
setup() {
    common_setup
    private_cluster
    CLUSTER=$PRIVATE
    cluster_psql "$CLUSTER" postgres -q -c "CREATE ROLE fp_owner" -c "CREATE ROLE fp_reader LOGIN"
    cluster_psql "$CLUSTER" "$DATABASE" -q -f "$VECTORS/base.sql" >/dev/null
}

# A database of another locale, whose objects get other OIDs and another order.
other_database() {
    OTHER=t_${BATS_TEST_NUMBER}_${BASHPID}_other
    cluster_psql "$CLUSTER" postgres -q \
        -c "CREATE DATABASE $OTHER TEMPLATE template0 ENCODING 'UTF8' LOCALE 'POSIX'"
    cluster_psql "$CLUSTER" "$OTHER" -q -c "SET client_min_messages = error" \
        -c "DO 'BEGIN FOR i IN 1..30 LOOP EXECUTE format(''CREATE TABLE t%s (a int)'', i);
                END LOOP; FOR i IN 1..30 LOOP EXECUTE format(''DROP TABLE t%s'', i); END LOOP; END'"
}

@test "dump and restore leave every row but the settings of the database" {
    # Gaps in the numbers of the columns, which a restore closes.
    sql "ALTER TABLE app.ord ADD COLUMN gone int; ALTER TABLE app.ord DROP COLUMN gone, ADD COLUMN last int;
         ALTER TABLE app.cust DROP COLUMN span; ALTER TABLE app.cust ADD COLUMN span interval;
         INSERT INTO app.base VALUES (7, 'b'); REFRESH MATERIALIZED VIEW app.mv; SELECT nextval('app.seq1')"
    fingerprint_of "$DB_ADMIN" >before
    "$PG_BIN/pg_dump" -d "$DB_ADMIN" >dump.sql
    other_database
    cluster_psql "$CLUSTER" "$OTHER" -q -f dump.sql >/dev/null
    fingerprint_of "$(cluster_conninfo "$CLUSTER" "$OTHER" postgres)" >after
    # pg_dump has these only with --create.
    grep -v -e $'^env\tdatabase setting\t' -e $'^env\trole setting\t' -e $'^env\tacl\tdatabase\t' before >expected
    [ "$(wc -l <before)" -eq $(($(wc -l <expected) + 4)) ]
    diff expected after
}
