# planner explain: how a migration is read.
load ../support/common

setup() {
    common_setup
    empty_project
}
teardown() { common_teardown; }

explain() { planner explain --project "$PROJECT" "$@"; }

@test "statements with their lines, groups and what is known of them" {
    script 1.0.0/0001_item.up.sql <<'SQL'
-- sealift: lock-timeout 5s
-- sealift: phase before
-- sealift: ack drop-column nobody reads it
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE item (id int);
COPY item FROM stdin;
1
\.
COMMIT;
CREATE INDEX CONCURRENTLY item_id ON item (id);
ALTER TYPE mood ADD VALUE 'sad';
SQL
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    # what stands outside its own pair is refused, and shown as far as it is read
    run_status 4 explain 0001_item
    output_has '0001_item (1.0.0, not released, sealift layout)' 'directive lock-timeout 5000ms' 'directive phase before' \
        'directive ack drop-column nobody reads it' 'line 5     create table item' "stands outside the script's own BEGIN"
    sed -i '/ALTER TYPE/d' "$PROJECT/migrations/1.0.0/0001_item.up.sql"
    run_status 0 explain 0001_item
    output_has 'group 1 of 2: one transaction, isolation level serializable' 'group 2 of 2: outside transactions' \
        'lifted: the applier opens and ends the transaction' 'its rows are data file 0' \
        'after a crash the index is looked at' 'line 10    create index concurrently item_id on item' \
        'down: migrations/1.0.0/0001_item.down.sql' 'loses data'
    run_status 0 explain 0001_item --json
    same lines '4 5 6 9 10' "$(json '[.scripts[0].statements[].line] | join(" ")')"
    same groups 'null 1 1 null 2' "$(json '[.scripts[0].statements[].group | tostring] | join(" ")')"
    same kinds 'transaction autocommit' "$(json '[.scripts[0].groups[].kind] | join(" ")')"
    same directives 'phase lock-timeout ack' "$(json '[.scripts[0].directives[].name] | join(" ")')"
    same down true "$(json '.scripts[1].statements[0].destructive')"
}

@test "a migration is named by identity, by its beginning, or by a file" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item ();'
    script 1.0.0/0002_items.up.sql <<<'CREATE TABLE items ();'
    local name
    for name in 0001_item 0001 migrations/1.0.0/0001_item.up.sql "$PROJECT/migrations/1.0.0/0001_item.up.sql"; do
        run_status 0 explain "$name"
        output_has '0001_item (1.0.0'
    done
    run_status 2 explain 000
    errors_has "'000' begins the names of 2 migrations"
    run_status 2 explain 0001_itme
    errors_has "no migration is called '0001_itme'" "did you mean '0001_item'?"
}

@test "an up and its down in one file are told by their lines" {
    PROJECT=$WORK/one
    mkdir -p one
    planner init --product one one >/dev/null
    printf '%s\n' '-- +goose NO TRANSACTION' '-- +goose Up' 'CREATE INDEX CONCURRENTLY a ON b (c);' '-- +goose Down' \
        'DROP INDEX a;' >one/migrations/00001_a.sql
    run_status 0 explain 00001_a
    output_has 'up: migrations/00001_a.sql, lines 3' 'no transaction, says the layout'
    run_status 0 explain 00001_a --json
    same range '3 5' "$(json '[.scripts[].lines[0].first] | join(" ")')"
}

@test "directives: what is required and what must stand before" {
    script 1.0.0/0001_a.up.sql <<'SQL'
-- sealift: requires extension pg_trgm >=1.5
-- sealift: requires role reader
-- sealift: requires setting wal_level=logical
-- sealift: requires server 13
SELECT 1;
SQL
    script 1.0.0/0002_b.up.sql <<<'-- sealift: depends 0001_a
SELECT 2;'
    run_status 0 explain 0001_a
    output_has 'directive requires extension pg_trgm >=1.5' 'directive requires setting wal_level=logical'
    run_status 0 explain 0002_b
    output_has 'directive depends 0001_a'
    script 1.0.0/0002_b.up.sql <<<'-- sealift: depends 0003_c
-- sealift: requires server 16
SELECT 2;'
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "0002_b.up.sql:1: it depends on '0003_c', which does not stand before it" \
        'it requires PostgreSQL 16, and sealift.conf says server-min = 13'
    script 1.0.0/0002_b.up.sql <<<'-- sealift: iritversible because
SELECT 2;'
    run_status 4 explain 0002_b
    output_has "unknown directive 'iritversible because'" "did you mean 'irreversible'?"
}

@test "included files, site parameters and what psql alone does are told" {
    printf '[value owner]\nsite = true\ntype = identifier\nrehearse = app\n' >>"$PROJECT/sealift.conf"
    mkdir -p "$PROJECT/migrations/1.0.0" "$PROJECT/common"
    echo 'CREATE TABLE common (n int);' >"$PROJECT/common/table.sql"
    printf '%s\n' '\echo hello' '\i common/table.sql' 'ALTER TABLE common OWNER TO :"owner";' |
        script 1.0.0/0001_a.up.sql
    run_status 0 explain 0001_a
    output_has 'line 2     create table common' 'from the included file common/table.sql:1' \
        "takes the site parameter 'owner' as identifier" 'line 1     \echo: left out, psql alone does that'
}

@test "a setting that a dump pins takes no step, and is said to be left out" {
    script 1.0.0/0001_dump.up.sql <<'SQL'
--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
SET transaction_timeout = 0;
CREATE TABLE item (id int);
COPY item FROM stdin;
1
\.
CREATE INDEX CONCURRENTLY item_id ON item (id);
SQL
    run_status 0 explain 0001_dump
    output_has 'left out: the applier sets it itself, where the server knows it'
    run_status 0 explain 0001_dump --json
    same kinds 'sql null sql copy sql' "$(json '[.scripts[0].statements[].kind | tostring] | join(" ")')"
    same groups '1 null 1 1 2' "$(json '[.scripts[0].statements[].group | tostring] | join(" ")')"
}

@test "a down with nothing to undo shows why" {
    script 1.0.0/0001_a.up.sql <<<'ANALYZE;'
    script 1.0.0/0001_a.down.sql <<<'-- sealift: nothing-to-undo it analyzes'
    run_status 0 explain 0001_a
    output_has 'directive nothing-to-undo it analyzes'
}

@test "a released migration that was edited is said to be: its text is not what sites have run" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    release 1.0.0
    run_status 0 explain 0001_item
    output_has '0001_item (1.0.0, released, sealift layout)'
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id bigint);'
    run_status 4 explain 0001_item
    output_has '0001_item (1.0.0, released, and edited since, sealift layout)'
    errors_has "the released migration '0001_item' (version 1.0.0) was edited"
}
