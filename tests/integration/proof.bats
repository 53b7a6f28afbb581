#!/usr/bin/env bats
# What a site does with proven schemas: before, inside and behind a run.
load ../support/common
load ../support/proven

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    shop_project
}
teardown() { common_teardown; }

# Three versions: a table; a column in its middle way, whose rollback leaves another column order; an
# index made outside transactions.
shop_project() {
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price int);
CREATE VIEW cheap AS SELECT id FROM item WHERE price < 10;'
    script 1.0.0/0001_item.down.sql <<<'DROP VIEW cheap; DROP TABLE item;'
    script 1.1.0/0002_name.up.sql <<<'ALTER TABLE item DROP COLUMN name;'
    script 1.1.0/0002_name.down.sql <<<"ALTER TABLE item ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE item ALTER COLUMN name DROP DEFAULT;"
    script 1.2.0/0003_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_price ON item (price);'
    script 1.2.0/0003_index.down.sql <<<'DROP INDEX item_price;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
}

@test "apply says that the schema is the one proven at build time" {
    prove shop.bundle
    run_status 0 applier apply shop.bundle --yes
    output_has 'the schema is the one proven at build time on PostgreSQL 15'
    same arrivals '1.0.0 up t
1.1.0 up t
1.2.0 up t' "$(sql "SELECT version || ' ' || arrival || ' ' || proven::text::char FROM sealift.fingerprint ORDER BY number")"
}
