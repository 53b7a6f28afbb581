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
    output_has "the schema is the one proven at build time on PostgreSQL $HERE"
    same arrivals '1.0.0 up t
1.1.0 up t
1.2.0 up t' "$(sql "SELECT version || ' ' || arrival || ' ' || proven::text::char FROM sealift.fingerprint ORDER BY number")"
}

# Version and state as `applier status` names them, and what it knows of the schema.
state() { applier status --json | jq -r '"\(.version) \(.state) \(.schema)"'; }

@test "drift stops an apply before its first step, and is on record" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql 'ALTER TABLE item ADD COLUMN note text'
    run_status 7 applier apply shop.bundle --yes
    errors_has 'the schema is not the one proven for version 1.0.0: 2 objects differ' \
        'column public.item.note: extra' 'column order public.item: changed' "'applier drift'"
    same 'nothing was done' 1 "$(sql 'SELECT count(*) FROM sealift.journal')"
    same event 'apply refused' "$(applier history --json | jq -r '.events[-1] | "\(.action) \(.phase)"')"
    run_status 7 applier apply shop.bundle --yes --json
    same json 'failed differs 1.0.0 2 column public.item.note' "$(json '"\(.result) \(.schema) \(.schema_version) \(.differences | length) \(.differences[0].kind) \(.differences[0].identity)"')"
    sql 'ALTER TABLE item DROP COLUMN note'
    run_status 0 applier apply shop.bundle --yes
}

@test "a missing object and a changed one cannot be accepted" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql 'ALTER TABLE item ALTER price SET NOT NULL; DROP VIEW cheap'
    run_status 7 applier apply shop.bundle --yes --accept-extra 'public.item.price=so it is' \
        --accept-extra 'public.cheap=gone'
    errors_has "nothing extra has the name 'public.item.price'" "'applier drift' lists"
    run_status 2 applier apply shop.bundle --yes --accept-extra 'public.cheap'
    errors_has "'--accept-extra' takes IDENTITY=REASON, not 'public.cheap'"
}

@test "a DBA's index is accepted by name and reason, and does not block; changed it is drift again" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql 'CREATE INDEX item_dba ON item (name)'
    run_status 7 applier apply shop.bundle --to 1.1.0 --yes
    errors_has 'index public.item.item_dba: extra' '--accept-extra'
    sql 'DROP INDEX item_dba; CREATE INDEX item_dba ON item (price, id)'
    run_status 0 applier apply shop.bundle --to 1.1.0 --yes --accept-extra 'index:public.item.item_dba=the price list is slow'
    output_has 'not counted, as rows of the fingerprint: 1 that this site accepts, 0 that the vendor tolerates'
    same recorded 'index public.item.item_dba the price list is slow' \
        "$(sql "SELECT concat_ws(' ', kind, identity, reason) FROM sealift.accepted_extra")"
    run_status 0 applier drift
    output_has 'accepted index public.item.item_dba: the price list is slow'
    sql 'DROP INDEX item_dba; CREATE INDEX item_dba ON item (id, price)'
    run_status 7 applier apply shop.bundle --yes
    errors_has 'index public.item.item_dba: extra'
    sql 'DROP INDEX item_dba; CREATE INDEX item_dba ON item (price, id)'
    run_status 0 applier apply shop.bundle --yes
    same 'accepted once' 1 "$(sql 'SELECT count(*) FROM sealift.accepted_extra')"
}

@test "an accepted table brings what belongs to it" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql 'CREATE TABLE report (id serial PRIMARY KEY, at date CHECK (at IS NOT NULL)); CREATE INDEX ON report (at); CREATE VIEW report_view AS SELECT at FROM report'
    run_status 7 applier apply shop.bundle --yes --accept-extra 'public.report=monthly'
    errors_has 'view public.report_view: extra' '4 objects differ'
    run_status 0 applier apply shop.bundle --yes --accept-extra 'public.report=monthly' --accept-extra 'public.report_view=monthly'
    run_status 0 applier drift --json
    same rest 0 "$(json '.differing + .env_differences')"
    json '.accepted[] | select(.kind == "sequence" and .identity == "public.report_id_seq" and .came_with == "table public.report" and .reason == "monthly")' >/dev/null
}

@test "what may change a migration's doing is not accepted" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER item_audit BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION f();
         CREATE UNIQUE INDEX item_unique ON item (name);
         CREATE TABLE item_old () INHERITS (item)"
    for what in 'public.f()' public.item.item_audit public.item.item_unique public.item_old; do
        run_status 7 applier apply shop.bundle --yes --accept-extra "$what=wanted"
        errors_has "$what cannot be accepted"
    done
    errors_has 'a child of another table'
    same accepted 0 "$(sql 'SELECT count(*) FROM sealift.accepted_extra')"
}

@test "a database that is not empty is not begun with; other schemas do not count" {
    prove shop.bundle
    sql 'CREATE SCHEMA other; CREATE TABLE other.thing (id int); CREATE TABLE thing (id int)'
    run_status 7 applier apply shop.bundle --yes
    errors_has 'the database is not empty' 'table public.thing: extra' "'applier adopt BUNDLE'"
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
    sql 'DROP TABLE thing'
    run_status 0 applier apply shop.bundle --yes
}

# A version that comes out otherwise on any database but the rehearsal's.
twisted_project() {
    empty_project twisted
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.down.sql <<<'DROP TABLE a;'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    script 1.1.0/0002_b.down.sql <<<'DROP TABLE b;'
    script 1.1.0/0003_c.up.sql <<<"DO \$\$ BEGIN
    CREATE TABLE c (id int);
    IF current_database() LIKE 't\\_%' THEN ALTER TABLE c ADD COLUMN twist int; END IF;
END \$\$;"
    script 1.1.0/0003_c.down.sql <<<'DROP TABLE c;'
    release 1.0.0 1.1.0
    pack_bundle twisted.bundle 1.1.0 >/dev/null
    prove twisted.bundle
}

@test "a version that comes out otherwise is rolled back in its last group: status 11" {
    twisted_project
    run_status 11 applier apply twisted.bundle --yes
    errors_has 'version 1.1.0 came out with another schema than was proven at build time: 2 objects differ' \
        'column public.c.twist: extra' "'applier drift'"
    same tables 'a b' "$(sql "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'public'")"
    same state '1.0.0 failed unproven' "$(state)"
    same event 'apply failure' "$(applier history --json | jq -r '.events[-1] | "\(.action) \(.phase)"')"
    same arrivals 1 "$(sql 'SELECT count(*) FROM sealift.fingerprint')"
    # half a version is no drift from the one before
    run_status 0 applier plan twisted.bundle
    output_has 'schema: the database stands inside a version' 'nothing is proven of that'
    run_status 0 applier plan twisted.bundle --json
    same json 'unproven 0' "$(json '"\(.schema) \(.schema_differences)"')"
    # this invocation commits nothing
    run_status 10 applier resume --json
    same json 'differs true 0 column public.c.twist' "$(json '"\(.schema) \(.settled) \(.committed) \(.differences[0].kind) \(.differences[0].identity)"')"
}

@test "where nothing was committed it is status 10" {
    printf 'atomic\tversion\t@HERE@\n' >facts
    twisted_project
    applier apply twisted.bundle --to 1.0.0 --yes >/dev/null
    run_status 10 applier apply twisted.bundle --yes --atomic version
    errors_has 'version 1.1.0 came out with another schema'
    same tables a "$(sql "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'public'")"
    same state '1.0.0 behind proven' "$(state)"
}

@test "where a look would be lock time for too long it is taken behind COMMIT" {
    twisted_project
    mkdir -p "$SEALIFT_CONFIG_DIR"
    printf '[site]\nlook-under-lock-ms = 0\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 11 applier apply twisted.bundle --yes
    errors_has 'versions are compared behind their COMMIT, so that no lock is held meanwhile' \
        'version 1.1.0 came out with another schema' 'column public.c.twist: extra' 'nothing was undone'
    same tables 'a b c' "$(sql "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'public'")"
    same state '1.1.0 failed differs' "$(state)"
    same arrivals '1.0.0 t,1.1.0 f' "$(sql "SELECT string_agg(version || ' ' || proven::text::char, ',' ORDER BY number) FROM sealift.fingerprint")"
    sql 'ALTER TABLE c DROP COLUMN twist'
    run_status 0 applier resume
    same state '1.1.0 current proven' "$(state)"
    run_status 0 applier rollback --yes
    errors_has 'behind their COMMIT'
    output_has 'the schema is the one proven'
}

# A version that finds an index of the site's when it comes out, begun inside by a resume. LAST: a
# migration behind it.
indexed_project() {
    empty_project indexed
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    script 1.1.0/0003_c.up.sql <<<"DO \$\$ BEGIN
    CREATE TABLE c (id int);
    IF current_database() LIKE 't\\_%' THEN CREATE INDEX b_dba ON b (id); END IF;
END \$\$;"
    [ -z "${LAST:-}" ] || script 1.1.0/0004_last.up.sql <<<"$LAST"
    release 1.0.0 1.1.0
    pack_bundle indexed.bundle 1.1.0 >/dev/null
    prove indexed.bundle
    run_status 11 applier apply indexed.bundle --yes
    errors_has '1 object differs' 'index public.b.b_dba: extra'
}

# What is accepted, and that nothing else differs.
expect_accepted() {
    same accepted 'index public.b.b_dba' "$(sql "SELECT string_agg(kind || ' ' || identity, ',') FROM sealift.accepted_extra")"
    same state '1.1.0 current proven' "$(state)"
    run_status 0 applier drift
}

@test "what a run that begins inside a version finds extra can be accepted then" {
    indexed_project
    run_status 10 applier resume --accept-extra 'public.b.other=wanted'
    errors_has "nothing extra has the name 'public.b.other'"
    run_status 0 applier resume --accept-extra 'public.b.b_dba=wanted'
    output_has 'not counted, as rows of the fingerprint: 1 that this site accepts'
    expect_accepted
}

@test "… also where the last group is READ ONLY" {
    LAST='BEGIN READ ONLY; SELECT 1; COMMIT;'
    indexed_project
    run_status 0 applier resume --accept-extra 'public.b.b_dba=wanted'
    expect_accepted
}

@test "… also behind COMMIT, where nothing but the end of the run is left" {
    mkdir -p "$SEALIFT_CONFIG_DIR"
    printf '[site]\nlook-under-lock-ms = 0\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    indexed_project
    run_status 11 applier resume --accept-extra 'public.b.other=wanted'
    run_status 0 applier resume --accept-extra 'public.b.b_dba=wanted'
    expect_accepted
}

@test "plan says what the schema is now, and where it will be looked at" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    run_status 0 applier plan shop.bundle
    output_has '(way back: exact' 'schema: as proven for 1.0.0' 'under its locks before the last COMMIT of each version'
    sql 'ALTER TABLE item ADD COLUMN note text'
    run_status 0 applier plan shop.bundle
    output_has 'schema: 2 objects are not as proven for 1.0.0: apply will not begin'
    run_status 0 applier plan shop.bundle --json
    same json 'differs 2 true' "$(json '"\(.schema) \(.schema_differences) \(.schema_look_ms > 0)"')"
    sql 'ALTER TABLE item DROP COLUMN note'
    printf '[site]\nlook-under-lock-ms = 0\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier plan shop.bundle
    output_has 'one behind the last COMMIT of each version'
}

@test "behind a step outside transactions nothing is undone; once mended resume ends the run" {
    script 1.3.0/0004_twist.up.sql <<<"DO \$\$ BEGIN
    IF current_database() LIKE 't\\_%' THEN ALTER TABLE item ADD COLUMN twist int; END IF;
END \$\$;"
    script 1.3.0/0005_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    release 1.3.0
    pack_bundle shop.bundle 1.3.0 >/dev/null
    prove shop.bundle
    run_status 11 applier apply shop.bundle --yes
    errors_has 'version 1.3.0 came out with another schema' 'column public.item.twist: extra' 'nothing was undone'
    same state '1.3.0 failed differs' "$(state)"
    run_status 0 applier status
    output_has 'next       applier drift' 'schema     not the one proven'
    run_status 7 applier drift
    output_has 'extra    column public.item.twist'
    run_status 11 applier resume
    errors_has 'version 1.3.0 came out with another schema'
    sql 'ALTER TABLE item DROP COLUMN twist'
    run_status 0 applier resume
    same state '1.3.0 current proven' "$(state)"
    run_status 0 applier apply shop.bundle --yes
    output_has 'nothing to do' 'the schema itself was not looked at'
}

@test "--atomic is offered only where it was rehearsed" {
    pack_bundle two.bundle 1.1.0 >/dev/null
    run_status 0 applier apply two.bundle --yes --atomic run
    errors_has '--atomic run was not rehearsed: the bundle is unproven'
    output_has 'the schema was not compared'
    fresh_database
    export DATABASE_URL=$DB
    printf 'atomic\tversion\t@HERE@\n' >facts
    prove two.bundle
    run_status 7 applier apply two.bundle --yes --atomic run
    errors_has "--atomic run is not offered: this bundle passed no rehearsal so on PostgreSQL $HERE"
    run_status 0 applier apply two.bundle --yes --atomic version
    output_has 'the schema is the one proven'
    same arrivals '1.0.0 1.1.0' "$(sql "SELECT string_agg(version, ' ' ORDER BY number) FROM sealift.fingerprint WHERE proven")"
}

@test "an inexact but rehearsed rollback, and the upgrade again, are no drift" {
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    run_status 0 applier rollback --to 1.0.0 --yes
    output_has "the schema is the one proven at build time on PostgreSQL $HERE"
    same arrival '1.0.0 down' "$(sql "SELECT version || ' ' || arrival FROM sealift.fingerprint ORDER BY number DESC LIMIT 1")"
    same 'column order' 'id,price,name' "$(sql "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 AND NOT attisdropped")"
    run_status 0 applier drift --json
    same drift 'proven down down' "$(json '"\(.schema) \(.schema_arrival) \(.recorded_arrival)"')"
    run_status 0 applier apply shop.bundle --yes
    output_has 'the schema is the one proven'
    same state '1.2.0 current proven' "$(state)"
}

@test "what was proven of a rollback is found in the bundle whose scripts ran" {
    pack_bundle first.bundle 1.0.0 >/dev/null
    pack_bundle second.bundle 1.1.0 --from 1.0.0 >/dev/null
    cp first.bundle unproven.bundle
    prove first.bundle
    prove second.bundle unproven.bundle
    applier apply first.bundle --yes >/dev/null
    run_status 0 applier apply second.bundle --yes
    run_status 0 applier rollback --yes
    output_has 'the schema is the one proven'
    run_status 0 applier drift --json
    same arrival down "$(json .schema_arrival)"
    run_status 0 applier apply second.bundle --yes
    same state '1.1.0 current proven' "$(state)"
}

@test "drift stops a rollback, and what is accepted does not" {
    prove shop.bundle
    applier apply shop.bundle --to 1.1.0 --yes >/dev/null
    sql 'CREATE INDEX item_dba ON item (price, id)'
    run_status 7 applier rollback --yes
    errors_has 'the schema is not the one proven for version 1.1.0' 'index public.item.item_dba: extra'
    same event 'rollback refused' "$(applier history --json | jq -r '.events[-1] | "\(.action) \(.phase)"')"
    run_status 0 applier rollback --to 1.0.0 --yes --accept-extra 'public.item.item_dba=wanted'
    same accepted 1 "$(sql 'SELECT count(*) FROM sealift.accepted_extra')"
    run_status 0 applier drift
}

@test "a rollback that comes out otherwise than rehearsed is rolled back" {
    empty_project twisted
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    script 1.1.0/0002_b.down.sql <<<"DO \$\$ BEGIN
    DROP TABLE b;
    IF current_database() LIKE 't\\_%' THEN ALTER TABLE a ADD COLUMN twist int; END IF;
END \$\$;"
    release 1.0.0 1.1.0
    pack_bundle twisted.bundle 1.1.0 >/dev/null
    prove twisted.bundle
    applier apply twisted.bundle --yes >/dev/null
    run_status 10 applier rollback --to 1.0.0 --yes
    errors_has 'version 1.0.0 came out with another schema' 'column public.a.twist: extra'
    same tables 'a b' "$(sql "SELECT string_agg(tablename, ' ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'public'")"
}

# Of what the last run_status wrote: when a migration was applied differs.
without_dates() { errors=$(printf '%s' "$errors" | sed 's/, of [0-9TZ:-]*Z:/:/'); }

@test "the list before a rollback says what was rehearsed of each; what failed is refused" {
    {
        printf 'verdict\t0002_name\t@HERE@\tcolumn-order\tpublic.item\n'
        printf 'verdict\t0001_item\t@HERE@\tlossy\trows of public.item\n'
    } >facts
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    run_status 7 applier rollback --to -
    without_dates
    errors_has '1.2.0 0003_index: exact' '1.1.0 0002_name: all but the order of columns comes back: public.item' \
        '1.0.0 0001_item: lossy: rows of public.item' 'data would be lost' '--accept-data-loss=0001_item'
    run_status 2 applier rollback --to - --accept-data-loss 0001_item --accept-unproven
    errors_has 'this wants a yes'
    run_status 0 applier rollback --to 1.1.0 --yes --json
    same way 'exact null' "$(json '.ways_back[0] | "\(.way_back) \(.detail)"')"
    fresh_database
    export DATABASE_URL=$DB
    printf 'verdict\t0002_name\t@HERE@\tfails\t42P01 in line 1\n' >facts
    pack_bundle again.bundle 1.2.0 --new-sequence >/dev/null
    prove again.bundle
    applier apply again.bundle --yes >/dev/null
    run_status 7 applier rollback --to 1.0.0 --yes
    errors_has "taking this back failed when it was rehearsed: '0002_name' (1.1.0): 42P01 in line 1" 'nothing was done'
    same state '1.2.0 current proven' "$(state)"
    run_status 0 applier rollback --to 1.1.0 --yes
}

@test "of an unproven bundle the list says that nothing was rehearsed" {
    applier apply shop.bundle --to 1.1.0 --yes >/dev/null
    run_status 2 applier rollback --to 1.0.0
    without_dates
    errors_has '1.1.0 0002_name: not rehearsed'
    run_status 0 applier rollback --to 1.0.0 --yes
    output_has 'the schema was not compared'
}

@test "owners, rights and comments only warn, and refuse where strict" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql "COMMENT ON TABLE item IS 'things'"
    run_status 7 applier apply shop.bundle --yes --strict
    errors_has 'owners, rights, comments or settings are not those proven for version 1.0.0' 'comment table public.item: extra'
    run_status 0 applier apply shop.bundle --yes
    errors_has '1 difference in owners, rights, comments or settings at version 1.0.0: comment table public.item: extra'
    output_has 'the schema is the one proven'
}

@test "an unrehearsed server major is refused where strict" {
    majors
    MAJOR=$OTHER prove shop.bundle
    run_status 7 applier apply shop.bundle --yes --strict
    errors_has "the bundle was not rehearsed on PostgreSQL $HERE, only on $OTHER"
    run_status 7 applier apply shop.bundle --to 1.1.0 --yes --atomic version
    errors_has 'is not offered'
}

@test "a version whose last group is READ ONLY is recorded behind it, before the next one" {
    script 1.3.0/0004_look.up.sql <<<'BEGIN READ ONLY; SELECT 1; COMMIT;'
    script 1.4.0/0005_more.up.sql <<<'CREATE TABLE more (id int);'
    release 1.3.0 1.4.0
    pack_bundle shop.bundle 1.4.0 >/dev/null
    prove shop.bundle
    run_status 0 applier apply shop.bundle --to 1.3.0 --yes
    same state '1.3.0 behind proven' "$(state)"
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier apply shop.bundle --yes
    same arrivals '1.0.0 1.1.0 1.2.0 1.3.0 1.4.0' "$(sql "SELECT string_agg(version, ' ' ORDER BY number) FROM sealift.fingerprint")"
    same state '1.4.0 current proven' "$(state)"
}

@test "a version without migrations is compared too" {
    planner release 1.3.0 --project "$PROJECT" --empty >/dev/null
    pack_bundle shop.bundle 1.3.0 >/dev/null
    prove shop.bundle
    run_status 0 applier apply shop.bundle --yes
    same state '1.3.0 current proven' "$(state)"
    run_status 0 applier rollback --to 1.2.0 --yes
    same state '1.2.0 behind proven' "$(state)"
}

@test "a target version of another major is refused inside where strict" {
    majors
    FACTS_SED="s/^fingerprint\\t2\\t\([a-z]*\)\\t$HERE/fingerprint\\t2\\t\1\\t$OTHER/" prove shop.bundle
    run_status 11 applier apply shop.bundle --yes --strict
    errors_has "the bundle was not rehearsed on PostgreSQL $HERE, only on $OTHER"
    same state '1.0.0 behind proven' "$(state)"
    run_status 0 applier apply shop.bundle --to 1.1.0 --yes
    errors_has "structure is compared with what $OTHER gave"
    same state '1.1.0 behind partly' "$(state)"
}

@test "nothing can be accepted where nothing is proven" {
    run_status 7 applier apply shop.bundle --yes --accept-extra 'public.x=r'
    errors_has 'nothing is proven of the schema of version -' 'leave --accept-extra out'
}

@test "a rollback behind a step outside transactions undoes nothing; mended, resume ends it" {
    empty_project twisted
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.1.0/0002_i.up.sql <<<'CREATE INDEX a_id ON a (id);'
    script 1.1.0/0002_i.down.sql <<<"-- sealift: no-transaction
DO \$\$ BEGIN IF current_database() LIKE 't\\_%' THEN ALTER TABLE a ADD COLUMN twist int; END IF; END \$\$;
DROP INDEX CONCURRENTLY a_id;"
    release 1.0.0 1.1.0
    pack_bundle twisted.bundle 1.1.0 >/dev/null
    prove twisted.bundle
    applier apply twisted.bundle --yes >/dev/null
    run_status 11 applier rollback --to 1.0.0 --yes
    errors_has 'version 1.0.0 came out with another schema' 'column public.a.twist: extra' 'nothing was undone'
    same state '1.0.0 failed differs' "$(state)"
    run_status 11 applier resume
    sql 'ALTER TABLE a DROP COLUMN twist'
    run_status 0 applier resume
    same state '1.0.0 behind proven' "$(state)"
}

@test "a damaged row of what was found is said" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql "UPDATE sealift.fingerprint SET core = '\\x00'"
    run_status 7 applier status
    errors_has 'the ledger is damaged: row 1 of sealift.fingerprint'
}

@test "a lock on what a view reads is waited for, and then said" {
    prove shop.bundle
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    mkfifo hold
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <hold &
    holder=$!
    exec 9>hold
    echo 'BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE;' >&9
    for _ in $(seq 100); do
        [ "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'item'::regclass AND granted")" = 1 ] && break
        sleep 0.1
    done
    run_status 7 applier apply shop.bundle --yes --lock-timeout 20
    errors_has 'taking the fingerprint of the schema' 'another session holds a lock on what a view reads'
    echo 'COMMIT;' >&9
    exec 9>&-
    wait "$holder"
    run_status 0 applier apply shop.bundle --yes
}

@test "plan refuses the mode that apply would" {
    pack_bundle two.bundle 1.1.0 >/dev/null
    prove two.bundle
    run_status 7 applier plan two.bundle --atomic version
    errors_has '--atomic version is not offered'
    run_status 0 applier plan two.bundle
}

@test "killed at any call that reaches the server, the run converges to proven versions" {
    prove shop.bundle
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" applier apply shop.bundle --yes
    points=$(cat "$WORK/count")
    killed=0
    for at in $(seq 20 2 "$points"); do
        fresh_database
        export DATABASE_URL=$DB
        status=0
        with_fault FAULT_CALLS=send FAULT_AT="$at" applier apply shop.bundle --yes >/dev/null 2>&1 || status=$?
        [ "$status" -eq 137 ] && killed=$((killed + 1))
        run_status 0 applier apply shop.bundle --yes || { echo "at $at"; return 1; }
        same "state at $at" '1.2.0 current proven' "$(state)"
        run_status 0 applier drift
        same "arrivals at $at" '1.0.0 1.1.0 1.2.0' \
            "$(sql "SELECT string_agg(DISTINCT version, ' ' ORDER BY version) FROM sealift.fingerprint WHERE proven")"
        drop_database
    done
    echo "# killed at $killed of $points calls" >&3
    [ "$killed" -ge 15 ]
}
