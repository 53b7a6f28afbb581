# shellcheck shell=bash
# A small product that was really rehearsed, for tests of what a site foresees. To be loaded behind
# common.bash; $BATS_FILE_TMPDIR keeps it for the tests of one file.

# A rehearsed product, made once for the file: 1.0.0, which the test's database gets, and 1.1.0, which
# rewrites a table, changes its rows, builds indexes, and changes a function and a type.
shop() {
    if [ ! -f "$BATS_FILE_TMPDIR/shop.bundle" ]; then
        empty_project
        script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, name text, price int);
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE TYPE mood AS (a int);
CREATE VIEW cheap AS SELECT id FROM item WHERE id < 10;
SQL
        script 1.0.0/0001_item.down.sql <<<'DROP VIEW cheap; DROP TYPE mood; DROP FUNCTION total(); DROP TABLE item;'
        script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_name ON item (name);'
        script 1.1.0/0002_index.down.sql <<<'DROP INDEX CONCURRENTLY item_name;'
        script 1.1.0/0003_price.up.sql <<'SQL'
ALTER TABLE item ALTER price TYPE bigint;
CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT 2::bigint';
SQL
        script 1.1.0/0003_price.down.sql <<'SQL'
ALTER TABLE item ALTER price TYPE int;
CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
SQL
        script 1.1.0/0004_note.up.sql <<<'CREATE TABLE note (id int); UPDATE item SET price = price + 1;'
        script 1.1.0/0004_note.down.sql <<<'DROP TABLE note; UPDATE item SET price = price - 1;'
        planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" \
            --major "$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" >/dev/null
        release 1.0.0 1.1.0
        make_key vendor
        planner pack --project "$PROJECT" --to 1.1.0 --out "$BATS_FILE_TMPDIR/shop.bundle" \
            --sign keys/vendor >/dev/null
        script 1.2.0/0005_rows.up.sql <<<'UPDATE item SET name = upper(name);'
        script 1.2.0/0005_rows.down.sql <<<'-- sealift: ack rollback-lossy names are not kept
SELECT 1;'
        planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" \
            --major "$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" >/dev/null
        release 1.2.0
        planner pack --project "$PROJECT" --from 1.1.0 --to 1.2.0 --sign keys/vendor \
            --out "$BATS_FILE_TMPDIR/rows.bundle" >/dev/null
        cp -R keys "$BATS_FILE_TMPDIR/keys"
    fi
    cp "$BATS_FILE_TMPDIR/shop.bundle" "$BATS_FILE_TMPDIR/rows.bundle" .
    cp -R "$BATS_FILE_TMPDIR/keys" .
    trust_site
}

# The database at 1.0.0, with some rows.
at_first() {
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql "INSERT INTO item SELECT g, 'item ' || g, g FROM generate_series(1, 1000) g; ANALYZE item"
}
