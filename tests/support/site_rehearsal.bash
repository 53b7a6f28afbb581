# shellcheck shell=bash
# A site whose operator rehearses: what rehearse_copy.bats and rehearse_in_place.bats share. To be
# loaded behind common.bash and proven.bash; it brings setup and teardown.

setup() {
    common_setup
    fresh_database
    majors
    # for good: two files share the cluster
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB'
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, name text);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_price.up.sql <<<"ALTER TABLE item ADD COLUMN price int;
UPDATE item SET price = 1;
ALTER TABLE item ALTER COLUMN name TYPE varchar(50);"
    script 1.1.0/0002_price.down.sql <<<'ALTER TABLE item DROP COLUMN price;
ALTER TABLE item ALTER COLUMN name TYPE text;'
    script 1.2.0/0003_index.up.sql <<<'-- sealift: no-transaction
CREATE INDEX CONCURRENTLY item_price ON item (price);'
    script 1.2.0/0003_index.down.sql <<<'DROP INDEX item_price;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
}
teardown() {
    common_teardown
    local name
    for name in $(copies); do
        cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE IF EXISTS $name WITH (FORCE)"
    done
}

# The copies of the test's database that are there.
copies() {
    cluster_psql "$CLUSTER" postgres -XAtqc "SELECT d.datname FROM pg_database d
        WHERE starts_with(d.datname, 'sealift_rehearsal_' ||
            (SELECT oid FROM pg_database WHERE datname = '$DATABASE') || '_')"
}

# The database at 1.0.0 with 500 rows.
at_first_version() {
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null 2>&1
    psql_as_app -c "INSERT INTO item SELECT g, 'n' || g FROM generate_series(1, 500) g; ANALYZE item"
}

# more_bundle [DOWN]: more.bundle, to 1.3.0, whose last up is on stdin. Without DOWN it has no way back.
more_bundle() {
    script 1.3.0/0004_more.up.sql
    [ $# -eq 0 ] || script 1.3.0/0004_more.down.sql <<<"$1"
    release 1.3.0
    pack_bundle more.bundle 1.3.0 --new-sequence >/dev/null
}

# Take that version out of the project again.
without_more() {
    rm "$PROJECT/migrations/1.3.0"/*
    sed -i '/ 1\.3\.0 /d' "$PROJECT/sealift.sum"
}

# All that must be as it was: the schema, the ledger, the rows, the site's files.
state_of_all() {
    schema_of "$DB"
    "$PG_BIN/pg_dump" -a --inserts -d "$DB" | grep -v -e '^-- Dumped ' -e '^\\\(un\)\?restrict '
    find "$WORK/site" -type f ! -path '*/rehearsals/*' -exec b2sum {} +
}

# until_row SQL: until the server (asked in its database postgres) says yes.
until_row() {
    local left=300
    while [ $((left--)) -gt 0 ]; do
        [ "$(cluster_psql "$CLUSTER" postgres -XAtqc "SELECT EXISTS ($1)")" = f ] || return 0
        sleep 0.1
    done
    echo "not within 30 s: $1"
    return 1
}

# visit [SQL]: somebody is on the test's database, and stays behind that statement. Sets VISITOR.
visit() {
    PGAPPNAME=shopfront "$PG_BIN/psql" -XAtq -d "$DB" >/dev/null 2>&1 3>&- <<<"${1:-} SELECT pg_sleep(300);" &
    VISITOR=$!
    until_row "SELECT FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE '%pg_sleep%'
        AND application_name = 'shopfront'"
}
leave() {
    cluster_psql "$CLUSTER" postgres -XAtqc "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = '$DATABASE' AND application_name = 'shopfront'" >/dev/null
    wait "$VISITOR" || true
}

# A rehearsal in the background that sleeps in its last step: sets RUNNER. Its words: out, err.
sleeping() {
    echo "FROM pg_stat_activity WHERE starts_with(datname, 'sealift_rehearsal_' || (SELECT oid FROM pg_database WHERE datname = '$DATABASE') || '_') AND query LIKE '%pg_sleep(300)%'
        AND state = 'active' AND starts_with(application_name, 'sealift')"
}
sleeping_rehearsal() {
    more_bundle 'SELECT 1;' <<<'SELECT pg_sleep(300);'
    applier rehearse more.bundle --method template --yes >out 2>err 3>&- </dev/null &
    RUNNER=$!
    until_row "SELECT $(sleeping)"
}
runner_ends() {
    local status=0
    wait "$RUNNER" || status=$?
    same 'exit status' "$1" "$status" || { cat out err; return 1; }
}
