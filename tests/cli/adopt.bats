#!/usr/bin/env bats
# applier adopt: a database that came to its version without us, known by its schema alone.
load ../support/common
load ../support/proven

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id serial PRIMARY KEY, name text);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_price.up.sql <<<'ALTER TABLE item ADD COLUMN price int;
CREATE VIEW cheap AS SELECT id FROM item WHERE price < 10;'
    script 1.1.0/0002_price.down.sql <<<'DROP VIEW cheap; ALTER TABLE item DROP COLUMN price;'
    script 1.1.1/0003_rows.up.sql <<<"INSERT INTO item (name) VALUES ('first');"
    script 1.1.1/0003_rows.down.sql <<<'DELETE FROM item;'
    script 1.2.0/0004_index.up.sql <<<'CREATE INDEX item_price ON item (price);'
    script 1.2.0/0004_index.down.sql <<<'DROP INDEX item_price;'
    release 1.0.0 1.1.0 1.1.1 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
}
teardown() { common_teardown; }

# What a vendor's own installer of that version would have made.
install_by_hand() {
    local version
    for version in 1.0.0 1.1.0 1.1.1 1.2.0; do
        cat "$PROJECT/migrations/$version"/*.up.sql
        [ "$version" = "$1" ] && break
    done | psql_as_app -f - >/dev/null
}

no_ledger() { same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"; }

@test "a restored backup of an older version is adopted as that version, and goes on from there" {
    prove shop.bundle
    install_by_hand 1.0.0
    "$PG_BIN/pg_dump" -d "$DB" >backup.sql
    fresh_database
    export DATABASE_URL=$DB
    psql_as_app -f backup.sql >/dev/null
    run_status 7 applier apply shop.bundle --yes
    errors_has 'the database is not empty' 'table public.item: extra' "'applier adopt BUNDLE'"
    no_ledger
    run_status 0 applier adopt shop.bundle --yes
    output_has 'as shop 1.0.0' "its schema is the one proven at build time on PostgreSQL $HERE"
    run_status 0 applier status
    output_has 'version    1.0.0' 'schema     as proven' 'adopted    at version 1.0.0; there is no way back below it'
    run_status 0 applier drift
    run_status 0 applier status --json
    same adopted '1.0.0 proven behind 3' "$(json '"\(.adopted) \(.schema) \(.state) \(.pending | length)"')"
    run_status 7 applier rollback --yes
    errors_has 'there is no way back below version 1.0.0: the database was adopted at it'
    run_status 0 applier apply shop.bundle --yes
    output_has 'applied shop 1.0.0 -> 1.2.0' 'the schema is the one proven'
    run_status 7 applier rollback --to - --yes
    errors_has 'there is no way back below version 1.0.0'
    run_status 7 applier rollback --steps 4 --yes
    errors_has 'there is no way back below version 1.0.0'
    run_status 0 applier rollback --yes
    output_has 'took back 3 migrations, 1.2.0 -> 1.0.0'
    run_status 0 applier drift
    run_status 0 applier history --json
    same journal 'adopted 1.0.0' "$(json '.journal[0] | "\(.kind) \(.version)"')"
    same event 'adopt end - 1.0.0' "$(json '.events[0] | "\(.action) \(.phase) \(.from) \(.to)"')"
    run_status 0 applier history
    output_has 'adopt (nothing) -> 1.0.0: done'
}

@test "a database one column away is refused with that column's name" {
    prove shop.bundle
    install_by_hand 1.1.0
    psql_as_app -c 'ALTER TABLE item ADD COLUMN note text'
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'the schema is that of no version the bundle knows; nearest is 1.1.0, with 2 differences' 'nothing was written'
    output_has $'extra    column public.item.note\n    + text' 'changed  column order public.item'
    no_ledger
    run_status 7 applier adopt shop.bundle --yes --json
    same nearest '1.1.0 differs failed' "$(json '"\(.nearest) \(.schema) \(.result)"')"
    same names 'column public.item.note, column order public.item' \
        "$(json '[.differences[] | "\(.kind) \(.identity)"] | join(", ")')"
    same version null "$(json .version)"
}

@test "where several versions have the same schema, the operator says which" {
    prove shop.bundle
    install_by_hand 1.1.1
    run_status 2 applier adopt shop.bundle --version 9.9 --yes
    errors_has "the bundle knows no version '9.9'"
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'the schema is that of several versions: 1.1.0, 1.1.1' --version
    run_status 7 applier adopt shop.bundle --yes --version 1.0.0
    errors_has 'the schema is not that of version 1.0.0, but of 1.1.0, 1.1.1'
    no_ledger
    run_status 0 applier adopt shop.bundle --yes --version 1.1.1
    run_status 0 applier apply shop.bundle --yes
    output_has '1 migration in'
    same rows 1 "$(sql 'SELECT count(*) FROM item')"
}

@test "a bundle knows versions before its first" {
    prove shop.bundle
    pack_bundle last.bundle 1.2.0 --from 1.1.1 >/dev/null
    tree=$(applier inspect shop.bundle --json | jq -r '.versions[0].tree_digest')
    install_by_hand 1.0.0
    fingerprint_to v1.txt "$DB"
    printf 'earlier\t1.0.0\t%s\t1\t@HERE@\t%s\n' "$tree" "$WORK/v1.txt" >facts
    pack_bundle first.bundle 1.1.1 >/dev/null
    prove last.bundle first.bundle
    run_status 0 applier adopt last.bundle --yes
    output_has 'as shop 1.0.0'
    # of that version this bundle has no rows, and it does not start there
    run_status 7 applier drift
    errors_has 'there is no proven schema of version 1.0.0'
    run_status 7 applier apply last.bundle --yes
    errors_has 'the database is at version 1.0.0, the bundle starts at 1.1.1'
    run_status 0 applier apply shop.bundle --yes --to 1.1.1
    run_status 0 applier apply last.bundle --yes
    run_status 0 applier status --json
    same version '1.2.0 current' "$(json '"\(.version) \(.state)"')"
}

@test "an empty database, a managed one, an unproven bundle: refused, and nothing written" {
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'the bundle was packed unproven'
    prove shop.bundle
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'the database is empty: there is nothing to adopt'
    no_ledger
    applier apply shop.bundle --yes --to 1.0.0 >/dev/null
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'there is a ledger already'
    run_status 2 applier adopt
}

@test "adopt asks, and without a terminal does nothing" {
    prove shop.bundle
    install_by_hand 1.0.0
    run_status 2 applier adopt shop.bundle
    errors_has 'the schema is that of version 1.0.0, after 1 migration' 'no way back below it'
    no_ledger
}

@test "a DBA's own index is accepted by name, and does not stand in the way" {
    prove shop.bundle
    install_by_hand 1.0.0
    sql 'CREATE INDEX item_dba ON item (name)'
    run_status 7 applier adopt shop.bundle --yes
    output_has 'extra    index public.item.item_dba'
    run_status 0 applier adopt shop.bundle --yes --accept-extra 'index:public.item.item_dba=slow list'
    run_status 0 applier apply shop.bundle --yes
    run_status 0 applier drift
    output_has 'accepted index public.item.item_dba: slow list'
}

@test "owners and rights are warned of; strict refuses, as it does an unrehearsed major" {
    majors
    MAJOR=$OTHER prove shop.bundle
    install_by_hand 1.0.0
    run_status 7 applier adopt shop.bundle --yes --strict
    errors_has "version 1.0.0 was not rehearsed on PostgreSQL $HERE, only on $OTHER"
    no_ledger
    run_status 0 applier adopt shop.bundle --yes
    errors_has "only structure is compared, with what $OTHER gave"
    output_has 'as far as structure goes'
    run_status 0 applier status --json
    same schema partly "$(json .schema)"
}

@test "other rights than proven are a warning, and refused where strict" {
    prove shop.bundle
    install_by_hand 1.0.0
    sql "COMMENT ON TABLE item IS 'things'"
    run_status 7 applier adopt shop.bundle --yes --strict
    errors_has 'owners, rights, comments or settings are not'
    no_ledger
    run_status 0 applier adopt shop.bundle --yes --json
    errors_has 'owners, rights, comments or settings are not those proven for version 1.0.0'
    same warnings 1 "$(json '[.warnings[] | select(startswith("owners, rights"))] | length')"
}

@test "who may not create the ledger is told which right is missing" {
    prove shop.bundle
    install_by_hand 1.0.0
    sql "ALTER DATABASE $DATABASE OWNER TO postgres"
    run_status 7 applier adopt shop.bundle --yes
    errors_has 'GRANT CREATE ON DATABASE'
    no_ledger
}

@test "the end of the input is no yes" {
    prove shop.bundle
    install_by_hand 1.0.0
    run_status 130 env script -fqec 'applier adopt shop.bundle' terminal.txt </dev/null
    grep '^applier: error: not confirmed: nothing was done' terminal.txt
    no_ledger
}

@test "what changes while the operator thinks is noticed" {
    prove shop.bundle
    install_by_hand 1.0.0
    mkfifo answer
    command script -fqec 'applier adopt shop.bundle' terminal.txt <answer >/dev/null 2>&1 &
    asking=$!
    exec 9>answer
    for _ in $(seq 100); do
        grep -q 'Adopt the database at this version' terminal.txt 2>/dev/null && break
        sleep 0.1
    done
    grep 'the schema is that of version 1.0.0' terminal.txt
    sql 'ALTER TABLE item ADD COLUMN note text'
    echo y >&9
    status=0
    wait "$asking" || status=$?
    exec 9>&-
    same status 7 "$status"
    grep 'the schema was changed in the meantime' terminal.txt
    no_ledger
}

@test "an object to accept where nothing is extra is refused, not passed over" {
    prove shop.bundle
    run_status 7 applier adopt shop.bundle --yes --accept-extra item_dba=r
    errors_has 'the database is empty'
    install_by_hand 1.0.0
    run_status 7 applier adopt shop.bundle --yes --accept-extra index:public.item.item_dba=r
    errors_has "--accept-extra 'public.item.item_dba': there is nothing to accept, the schema is that of version 1.0.0 as it is" \
        'leave --accept-extra out'
    no_ledger
}
