#!/usr/bin/env bats
# applier rehearse at a site: on a template copy, on a restored copy, rolled back; what it reports,
# what it leaves behind, and what it never touches.
load ../support/common
load ../support/proven

setup() {
    common_setup
    fresh_database
    majors
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
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app NOCREATEDB'
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

# All that must be as it was: the schema, the ledger, the rows, the site's files.
state_of_all() {
    schema_of "$DB"
    "$PG_BIN/pg_dump" -a --inserts -d "$DB" | grep -v -e '^-- Dumped ' -e '^\\\(un\)\?restrict '
    find "$WORK/site" -type f ! -path '*/rehearsals/*' -exec b2sum {} +
}

@test "on a template copy all is measured, taken back and dropped; the real database is untouched" {
    at_first_version
    before=$(state_of_all)
    run_status 0 applier rehearse shop.bundle --method template --yes
    output_has 'rehearsed shop 1.0.0 -> 1.2.0' "on a copy of database '$DATABASE'" 'dropped again' \
        'up: 2 migrations' 'public.item (' '500 rows' 'AccessExclusiveLock' \
        'back: 2 migrations' 'schema and numbers of rows are as before' \
        'version 1.1.0: the schema was not compared' 'the real database was not changed'
    same state "$before" "$(state_of_all)"
    same copies '' "$(copies)"
}
