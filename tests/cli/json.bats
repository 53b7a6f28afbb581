#!/usr/bin/env bats
# docs/json.md names every member that a command prints.

load ../support/common
load ../support/proven
load ../support/shop

setup() { common_setup; fresh_database; }

# documented COMMAND…: its document is one, and each member's name stands in docs/json.md.
documented() {
    local status=0 name
    "$@" --json >document 2>errors </dev/null || status=$?
    [ -s document ] || { printf 'no document (%s): %s\n' "$status" "$*"; cat errors; return 1; }
    jq -ers 'length == 1' document >/dev/null
    while read -r name; do
        grep -qF "\`$name\`" "$TOP/docs/json.md" ||
            { printf 'docs/json.md lacks %s of: %s\n' "$name" "$*"; return 1; }
    done < <(jq -r '[paths[] | strings] | unique[]' document)
}

@test "docs/json.md names every member that a command prints" {
    sample_project
    make_key vendor
    make_key other
    documented planner init --product shop shop
    (cd shop && documented planner new first)
    documented planner keys new keys/third
    documented planner keys show keys/third.pub
    documented planner release 1.0.0 --project "$PROJECT"
    documented planner release 1.1.0 --project "$PROJECT"
    documented planner release 2.0.0 --project "$PROJECT"
    documented planner status --project "$PROJECT"
    documented planner verify-project --project "$PROJECT"
    documented planner lint --project "$PROJECT" --all
    documented planner lint --explain truncate
    documented planner explain 0006_create_vessel_types --project "$PROJECT"
    documented planner import "$PROJECT"
    documented planner suggest-down 0006_create_vessel_types --project "$PROJECT"
    documented pack_bundle one.bundle 1.1.0
    documented pack_bundle all.bundle 2.0.0
    documented planner keys keyring --root keys/vendor.pub --root-threshold 1 --release \
        keys/vendor.pub keys/other.pub --release-threshold 1 --sign keys/vendor --project "$PROJECT" \
        --out keyring.txt
    cp one.bundle signed.bundle
    documented planner sign signed.bundle --key keys/other
    tar -xf one.bundle HEAD
    documented planner sign HEAD --key keys/vendor --out slot
    documented planner inspect one.bundle
    documented planner route --project "$PROJECT"
    "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/forge_bundle" rehearsed.bundle
    documented planner inspect rehearsed.bundle
    documented applier trust show # no trust yet: an error
    documented applier trust init --key keys/vendor.pub
    documented applier trust show
    documented applier verify one.bundle
    documented applier inspect one.bundle --sql
    documented applier unpack one.bundle folder
    documented applier status --db "$DB"
    documented applier plan one.bundle --db "$DB"
    documented applier preflight one.bundle --db "$DB"
    documented applier apply one.bundle --db "$DB" --yes --to 1.0.0
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB'
    documented applier rehearse one.bundle --db "$DB" --method template --yes
    mkdir shelf
    cp one.bundle all.bundle shelf
    echo x >shelf/NOTES
    documented applier status shelf --db "$DB"
    documented applier plan shelf --db "$DB"
    documented applier apply shelf --db "$DB" --yes --to 1.1.0
    documented applier apply one.bundle --db "$DB" --yes
    documented applier apply one.bundle --db "$DB" --yes
    psql_as_app -c 'ALTER TABLE booking ADD COLUMN draught_m int'
    documented applier rehearse all.bundle --db "$DB" --method template --yes # a step would fail
    documented applier rehearse all.bundle --db "$DB" --method restored --clone "$DB" --yes # an error
    documented applier apply all.bundle --db "$DB" --yes # a step fails
    documented applier status --db "$DB"
    documented applier resume --db "$DB"
    documented applier rollback --db "$DB" --yes
    documented applier history --db "$DB"
    documented applier adopt --as-copy --db "$DB" --yes # no copy: an error
    copied_database
    documented applier adopt --as-copy --db "$DB" --yes
}

# A copy of the test's database takes its place.
copied_database() {
    # shellcheck disable=SC2153 # fresh_database's
    local name=${DATABASE}_copy
    DATABASES+=("$name")
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $name TEMPLATE $DATABASE OWNER app"
    DB=$(cluster_conninfo "$CLUSTER" "$name" app)
}

@test "docs/json.md names every member that is there with proven schemas" {
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id serial PRIMARY KEY);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_name.up.sql <<<'ALTER TABLE item ADD COLUMN name text;'
    script 1.1.0/0002_name.down.sql <<<'ALTER TABLE item DROP COLUMN name;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
    printf 'tolerated\t*\tpublic.site_*\nverdict\t0002_name\t@HERE@\tlossy\tpublic.item\n' >facts
    printf 'brought\t0001_item\ttable\tpublic.item\nbrought\t0002_name\tcolumn\tpublic.item.name\n' >>facts
    prove shop.bundle
    export DATABASE_URL=$DB
    documented applier fingerprint --definitions
    documented applier fingerprint --rows --schema public
    documented applier adopt shop.bundle --yes # empty: an error
    psql_as_app -c 'CREATE TABLE item (id serial PRIMARY KEY)'
    documented applier adopt shop.bundle --yes
    documented applier drift
    psql_as_app -c 'CREATE TABLE site_x (); CREATE INDEX dba ON item (id); CREATE TABLE more (id serial)'
    documented applier drift
    documented applier apply shop.bundle --yes
    documented applier apply shop.bundle --yes --accept-extra public.item.dba=r --accept-extra public.more=r
    documented applier drift
    documented applier status
    sql "INSERT INTO item (name) VALUES ('x')"
    documented applier rollback --plan
    documented applier rollback --yes # data would be lost
    documented applier rollback --yes --accept-data-loss 0002_name --backup-command 'echo saved'
    documented applier history
    documented applier status
    fresh_database
    export DATABASE_URL=$DB
    psql_as_app -c 'CREATE TABLE item (id serial PRIMARY KEY, other int)'
    documented applier adopt shop.bundle --yes
}

@test "docs/json.md names every member of what is foreseen" {
    shop
    export DATABASE_URL=$DB
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    psql_as_app -c "INSERT INTO item VALUES (1, 'x', 1)" -c 'ANALYZE item'
    documented applier plan shop.bundle
    sql 'ALTER TABLE item OWNER TO postgres'
    documented applier preflight shop.bundle # an error
}
