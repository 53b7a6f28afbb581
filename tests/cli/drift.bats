#!/usr/bin/env bats
# applier drift: names each object that differs from what was proven, and nothing else.
load ../support/common
load ../support/proven

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
}
teardown() {
    local role
    for role in ${ROLES[@]+"${ROLES[@]}"}; do
        sql "DROP OWNED BY $role CASCADE; DROP ROLE $role" || true
    done
    common_teardown
}
ROLES=()

# A schema with something of most kinds.
harbour() {
    empty_project harbour
    script 1.0.0/0001_harbour.up.sql <<'SQL'
CREATE TYPE berth_state AS ENUM ('open', 'closed');
CREATE DOMAIN depth AS numeric(5,2) CONSTRAINT depth_check CHECK (VALUE < 100);
CREATE TABLE berth (id serial PRIMARY KEY, name text NOT NULL, depth_m depth,
    state berth_state DEFAULT 'open', CONSTRAINT berth_depth CHECK (depth_m > 0));
CREATE TABLE booking (id int PRIMARY KEY, ship text, berth_id int REFERENCES berth);
CREATE INDEX booking_berth ON booking (berth_id);
CREATE STATISTICS booking_stat ON berth_id, ship FROM booking;
ALTER TABLE booking ENABLE ROW LEVEL SECURITY;
CREATE POLICY booking_mine ON booking USING (ship = current_user);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER booking_stamp BEFORE INSERT ON booking FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE VIEW open_berth AS SELECT id, name FROM berth WHERE state = 'open';
CREATE MATERIALIZED VIEW busy AS SELECT berth_id, count(*) FROM booking GROUP BY berth_id;
CREATE TABLE tide (at timestamptz PRIMARY KEY, level_m numeric, station text);
CREATE TABLE visit (at date, ship text) PARTITION BY RANGE (at);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SQL
    script 1.0.0/0001_harbour.down.sql <<'SQL'
DROP TABLE visit; DROP TABLE tide; DROP MATERIALIZED VIEW busy; DROP VIEW open_berth;
DROP TABLE booking; DROP FUNCTION stamp(); DROP TABLE berth; DROP DOMAIN depth; DROP TYPE berth_state;
SQL
    release 1.0.0
    pack_bundle harbour.bundle 1.0.0 >/dev/null
    trust_site
}

# What drift names that must match, a line each, sorted.
named() {
    json '.differences[] | select(.class != "env") | "\(.change) \(.kind) \(.identity)"' | sort
}

@test "every drift of a list is named exactly" {
    harbour
    prove harbour.bundle
    applier apply harbour.bundle --yes >/dev/null
    run_status 0 applier drift --json
    same schema proven "$(json .schema)"
    local name sql expected count=0 failures=0 copy
    # shellcheck disable=SC2153 # fresh_database's
    copy=c_$DATABASE
    while IFS= read -r -d $'\001' block; do
        name=$(sed -n '1p' <<<"$block")
        sql=$(grep -v '^= ' <<<"$block" | sed '1d')
        expected=$(sed -n 's/^= //p' <<<"$block" | sort)
        cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $copy TEMPLATE $DATABASE OWNER app"
        DATABASES+=("$copy")
        cluster_psql "$CLUSTER" "$copy" -q -c "$sql" || { echo "$name: not done"; failures=$((failures + 1)); }
        run_status 7 applier drift --json --db "$(cluster_conninfo "$CLUSTER" "$copy")" &&
            same "$name" "$expected" "$(named)" || failures=$((failures + 1))
        drop_copy "$copy"
        count=$((count + 1))
    done < <(awk '/^#/ || !NF { next } /^> / { if (n++) printf "\001"; print substr($0, 3); next }
                  { print } END { printf "\001" }' "$TOP/tests/vectors/drift.test")
    [ "$count" -ge 40 ] || { echo "only $count drifts"; return 1; }
    [ "$failures" -eq 0 ]
}
drop_copy() {
    cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE $1 WITH (FORCE)"
    unset 'DATABASES[-1]'
}

# A small product: two versions, the second with an index.
shop() {
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, price int);
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT sum(price) FROM item;
END;'
    script 1.0.0/0001_item.down.sql <<<'DROP FUNCTION total(); DROP TABLE item;'
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX item_price ON item (price);'
    script 1.1.0/0002_index.down.sql <<<'DROP INDEX item_price;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
}

@test "drift shows both definitions, from the bundle or from what the ledger keeps" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    run_status 0 applier drift
    output_has "is at version 1.1.0, proven on PostgreSQL $HERE" 'the schema is the one proven at build time'
    output_lacks difference
    sql 'ALTER TABLE item ALTER price SET NOT NULL; DROP INDEX item_price; CREATE TABLE note (id int)'
    for bundle in '' shop.bundle; do
        # shellcheck disable=SC2086 # none or one
        run_status 7 applier drift $bundle
        output_has '5 differences (-: as proven, +: as it is)' $'changed  column public.item.price\n    - integer\n    + integer not null' \
            $'missing  index public.item.item_price\n    - using btree (price)' 'extra    table public.note'
        errors_has 'the schema is not the one proven for version 1.1.0: 5 differences'
    done
    run_status 7 applier drift --json
    same state differs "$(json .schema)"
    same expected integer "$(json '.differences[] | select(.identity == "public.item.price") | .expected')"
    same actual 'integer not null' "$(json '.differences[] | select(.identity == "public.item.price") | .actual')"
    same status 7 "$(json .error.exit_status)"
    sql 'SELECT 1' # and nothing was written
    same arrivals 2 "$(sql 'SELECT count(*) FROM sealift.fingerprint')"
}

@test "drift looks at every line of a definition that changed, and at no other" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    sql 'CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT max(price) FROM item; END'
    run_status 7 applier drift
    output_has 'changed  function body public.total()' '    -  SELECT sum(item.price)' '    +  SELECT max(item.price)'
    output_lacks 'BEGIN ATOMIC'
}

@test "owners, rights and comments are warned of, and count where strict" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    sql "COMMENT ON TABLE item IS 'things'; ALTER TABLE item OWNER TO postgres"
    run_status 0 applier drift
    output_has 'the schema is the one proven' '2 differences, which do not stop a run' \
        $'extra    comment table public.item\n    + things' 'changed  owner table public.item'
    run_status 7 applier drift --strict
    output_has "the schema's structure is the one proven at build time"
    errors_has 'owners, rights, comments or settings are not those proven for version 1.1.0: 2 differences' \
        'without --strict'
    run_status 0 applier drift --json
    same env 2 "$(json .env_differences)"
    same differing 0 "$(json .differing)"
}

@test "schemas outside the bundle's scope are not looked at" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    sql 'CREATE SCHEMA monitoring; CREATE TABLE monitoring.sample (at timestamptz)'
    run_status 0 applier drift
    output_lacks monitoring
}

@test "what the vendor tolerates is listed apart" {
    shop
    printf 'tolerated\t*\tpublic.site_*\n' >facts
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    sql 'CREATE TABLE site_report (id int PRIMARY KEY); CREATE INDEX ON site_report (id)'
    run_status 0 applier drift
    output_has 'not counted' 'tolerated table public.site_report' 'tolerated column public.site_report.id'
    run_status 0 applier drift --json
    same tolerated 7 "$(json '.tolerated | length')"
}

@test "an unproven bundle, no ledger, a foreign bundle, a version in the middle: each is said" {
    shop
    run_status 7 applier drift
    errors_has 'the database is unmanaged' 'adopt'
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    run_status 7 applier drift
    errors_has 'there is no proven schema of version 1.0.0 to compare with' 'packed unproven'
    cp shop.bundle unproven.bundle
    pack_bundle later.bundle 1.1.0 --from 1.0.0 >/dev/null
    applier apply later.bundle --yes >/dev/null
    applier rollback --to - --yes --accept-unproven >/dev/null
    run_status 7 applier drift later.bundle
    errors_has "does not hold version -"
    PROJECT=$WORK/other
    planner init --product other --layout sealift "$PROJECT" >/dev/null
    script 1.0.0/0001_a.up.sql <<<'SELECT 1;'
    release 1.0.0
    pack_bundle other.bundle 1.0.0 >/dev/null
    run_status 6 applier drift other.bundle
    errors_has 'the bundle is of product other'
}

@test "a run that stopped inside a version is not compared" {
    empty_project
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0002_b.up.sql <<<'SELECT 1/0;'
    release 1.0.0
    pack_bundle shop.bundle 1.0.0 >/dev/null
    trust_site
    run_status 11 applier apply shop.bundle --yes
    run_status 7 applier drift
    errors_has 'the database stands inside a version, behind -' 'applier resume'
}

@test "a rollback by steps that ends inside a version: nothing is compared, and it is said how to leave" {
    empty_project
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.down.sql <<<'DROP TABLE a;'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    script 1.1.0/0002_b.down.sql <<<'DROP TABLE b;'
    script 1.1.0/0003_c.up.sql <<<'CREATE TABLE c (id int);'
    script 1.1.0/0003_c.down.sql <<<'DROP TABLE c;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    applier rollback --steps 1 --yes >/dev/null
    run_status 7 applier drift
    errors_has 'the database stands inside a version, behind 1.0.0' 'applier apply BUNDLE' \
        'applier rollback --to 1.0.0'
    errors_lacks 'applier resume'
    run_status 0 applier resume
    output_has 'at rest inside the version behind 1.0.0'
    run_status 0 applier plan shop.bundle
    output_has 'stands inside a version, behind 1.0.0' 'it will not be compared before'
    output_lacks 'apply will not begin'
    run_status 0 applier plan shop.bundle --json
    same schema unproven "$(json .schema)"
    run_status 0 applier apply shop.bundle --yes
    output_has 'the schema is the one proven at build time'
}

@test "drift needs no rights but to read the ledger" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    ROLES+=("r_$DATABASE")
    sql "CREATE ROLE r_$DATABASE LOGIN"
    local as=${DB/user=app/user=r_$DATABASE}
    run_status 7 applier drift --db "$as"
    errors_has 'may not read the ledger' 'GRANT USAGE ON SCHEMA sealift'
    sql "GRANT USAGE ON SCHEMA sealift TO r_$DATABASE; GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO r_$DATABASE"
    run_status 0 applier drift --db "$as"
    output_has 'the schema is the one proven at build time'
    output_lacks difference
    run_status 0 applier fingerprint --db "$as" --json
    same owner app "$(json .owner)"
}

@test "another server major: structure is compared, and the rest is said not to be" {
    shop
    majors
    MAJOR=$OTHER prove shop.bundle
    run_status 0 applier apply shop.bundle --yes
    errors_has "was not rehearsed on PostgreSQL $HERE: structure is compared with what $OTHER gave"
    output_has "the schema's structure is the one proven at build time on PostgreSQL $OTHER"
    sql 'CREATE OR REPLACE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
  SELECT max(price) FROM item; END'
    run_status 0 applier drift
    output_has "proven on PostgreSQL $OTHER" "this is PostgreSQL $HERE: not compared are the texts of views"
    run_status 0 applier drift --json
    same state partly "$(json .schema)"
    run_status 7 applier drift --strict
    errors_has "version 1.1.0 was not rehearsed on PostgreSQL $HERE, only on $OTHER"
    sql 'DROP INDEX item_price'
    run_status 7 applier drift
    output_has 'missing  index public.item.item_price'
    run_status 0 applier status
    output_has "its structure as proven on PostgreSQL $OTHER"
}

@test "a ledger that cannot be believed is not compared by" {
    shop
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null
    sql "UPDATE sealift.journal SET identity = 'other' WHERE number = 1"
    run_status 7 applier drift
    errors_has 'the ledger cannot be believed' 'does not fit the chain of digests'
}

@test "what no fingerprint can hold is said, and is not the bundle's fault" {
    shop
    psql_as_app -c "CREATE TABLE t (id int)"
    psql_as_app -c "DO \$\$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', repeat('x', 16777217)); END \$\$"
    run_status 7 applier fingerprint --definitions
    errors_has 'taking the fingerprint of the schema' 'the definition of comment table public.t has more than'
}
