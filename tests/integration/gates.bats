# Gates: what must hold before a version begins; prechecks and verifies that answer with a boolean.
load ../support/common

setup() { common_setup; }
teardown() { common_teardown; }

# 1.0.0 ends with the SQL of $1; what the gate of 1.1.0 asks is $2.
gate_bundle() {
    empty_project shop
    script 1.0.0/0001_orders.up.sql <<<"CREATE TABLE orders (id bigint PRIMARY KEY, state text); ${1-}"
    script 1.0.0/0001_orders.down.sql <<<'DROP TABLE orders;'
    script 1.1.0/0001_totals.up.sql <<<'CREATE TABLE totals (id int);'
    script 1.1.0/0001_totals.down.sql <<<'DROP TABLE totals;'
    script 1.1.0/0002_states.up.sql <<<'ALTER TABLE orders ALTER state SET NOT NULL;'
    script 1.1.0/0002_states.down.sql <<<'ALTER TABLE orders ALTER state DROP NOT NULL;'
    script 1.1.0/0002_states.precheck.sql <<SQL
-- sealift: gate
${2-SELECT count(*) = 0 FROM orders WHERE state IS NULL;}
SQL
    release 1.0.0 1.1.0
    pack_bundle "$WORK/shop.bundle" 1.1.0 >/dev/null
    trust_site
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

@test "a gate that does not hold keeps its version from beginning; those before it stay" {
    gate_bundle
    fresh_database
    run_status 0 applier apply "$WORK/shop.bundle" --to 1.0.0 --db "$DB" --yes
    psql_as_app -c 'INSERT INTO orders VALUES (1, NULL)'
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB"
    output_has "gate of 1.1.0: migrations/1.1.0/0002_states.precheck.sql does not hold now"
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB" --json
    same gate "1.1.0 0002_states fails" "$(json '.gates[0] | "\(.version) \(.identity) \(.state)"')"
    run_status 7 applier preflight "$WORK/shop.bundle" --db "$DB" --json
    same finding 'blocks migrations/1.1.0/0002_states.precheck.sql' \
        "$(json '.findings[] | select(.check == "gate") | "\(.level) \(.object)"')"
    output_has 'the gate of 1.1.0 keeps it from beginning: its answer is not true' '"migrations": 2'
    rows=$(sql 'SELECT count(*) FROM sealift.journal')
    run_status 7 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    errors_has "the gate does not hold" "migration '0002_states' (1.1.0)" "its answer is not true" \
        "nothing of version 1.1.0 was begun" "give the same command again"
    same "rows of the journal" "$rows" "$(sql 'SELECT count(*) FROM sealift.journal')"
    same state "1.0.0 behind" "$(state)"
    psql_as_app -c "UPDATE orders SET state = 'new'"
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB"
    output_has "0002_states.precheck.sql holds now" "2 to apply"
    run_status 0 applier preflight "$WORK/shop.bundle" --db "$DB" --json
    same findings 0 "$(json '[.findings[] | select(.check == "gate")] | length')"
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    same state "1.1.0 current" "$(state)"
}

@test "a gate that fails behind a version of the same run exits with 11; the version stays" {
    gate_bundle "INSERT INTO orders VALUES (1, NULL);"
    fresh_database
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB"
    output_has "0002_states.precheck.sql is asked before that version begins"
    run_status 0 applier preflight "$WORK/shop.bundle" --db "$DB"
    output_has "the gate of 1.1.0 is asked before that version begins"
    run_status 11 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    errors_has "the gate does not hold" "the versions before it stay"
    same state "1.0.0 behind" "$(state)"
    same "table of 1.1.0" f "$(sql "SELECT to_regclass('totals') IS NOT NULL")"
    # Nothing of the run is half done, and it goes on once the gate holds.
    psql_as_app -c "UPDATE orders SET state = 'new'"
    run_status 0 applier resume --db "$DB"
    same state "1.1.0 current" "$(state)"
}

@test "a gate may raise; inside one transaction for all it looks at what is not committed" {
    gate_bundle "INSERT INTO orders VALUES (1, 'new');" "DO \$\$ BEGIN
        IF NOT EXISTS (SELECT FROM orders) THEN RAISE 'no orders'; END IF; END \$\$;"
    fresh_database
    run_status 0 applier apply "$WORK/shop.bundle" --atomic run --db "$DB" --yes
    same state "1.1.0 current" "$(state)"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven
    psql_as_app -c 'DELETE FROM orders'
    run_status 7 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    errors_has "the gate does not hold" "P0001"
    run_status 7 applier apply "$WORK/shop.bundle" --atomic version --db "$DB" --yes
    errors_has "the gate does not hold"
    run_status 7 applier apply "$WORK/shop.bundle" --atomic run --db "$DB" --yes
    errors_has "the gate does not hold"
    same "table of 1.1.0" f "$(sql "SELECT to_regclass('totals') IS NOT NULL")"
    same state "1.0.0 behind" "$(state)"
}

@test "a gate is not asked again where its version has begun" {
    gate_bundle
    fresh_database
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    run_status 0 applier rollback --steps 1 --db "$DB" --yes
    psql_as_app -c "INSERT INTO orders VALUES (1, NULL)"
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB" --json
    same gates "[]" "$(json '.gates' | jq -c .)"
    psql_as_app -c "DELETE FROM orders"
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    same state "1.1.0 current" "$(state)"
}

# $1: what the precheck of the second migration asks; $2: its verify; $3: in-transaction or nothing.
check_bundle() {
    rm -rf "$WORK/shop" "$WORK/site" "$WORK/shop.bundle"
    empty_project shop
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.down.sql <<<'DROP TABLE a;'
    script 1.0.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    script 1.0.0/0002_b.down.sql <<<'DROP TABLE b;'
    script 1.0.0/0002_b.precheck.sql <<<"$1"
    script 1.0.0/0002_b.verify.sql <<<"${3:+-- sealift: verify $3
}$2"
    release 1.0.0
    pack_bundle "$WORK/shop.bundle" 1.0.0 >/dev/null
    trust_site
}

@test "a precheck or verify that answers with one boolean must answer true" {
    local answer
    for answer in "SELECT false" "SELECT NULL::boolean" "SELECT true WHERE false" "VALUES (1 > 2)"; do
        check_bundle "$answer;" "SELECT true;"
        fresh_database
        run_status 11 applier apply "$WORK/shop.bundle" --db "$DB" --yes
        errors_has "statement 1 of its precheck script" "its answer is not true"
        same "tables after $answer" "t|f" "$(sql "SELECT to_regclass('a') IS NOT NULL, to_regclass('b') IS NOT NULL")"
        check_bundle "SELECT true;" "SELECT true; $answer;"
        fresh_database
        run_status 11 applier apply "$WORK/shop.bundle" --db "$DB" --yes
        errors_has "statement 2 of its verify script" "its answer is not true"
        same "tables after $answer" "t|t" "$(sql "SELECT to_regclass('a') IS NOT NULL, to_regclass('b') IS NOT NULL")"
        output=$(applier status --db "$DB")
        output_has "its verify script failed"
    done
    # Before COMMIT its failure undoes the migration.
    check_bundle "SELECT 1, 2;" "SELECT false;" in-transaction
    fresh_database
    run_status 11 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    errors_has "statement 1 of its verify script"
    same "tables" "t|f" "$(sql "SELECT to_regclass('a') IS NOT NULL, to_regclass('b') IS NOT NULL")"
    # What is no single boolean is for people, and does not decide.
    check_bundle "SELECT 0; SELECT 'no'; SELECT false, true;" "SELECT * FROM (VALUES (true), (false)) v; SELECT true;"
    fresh_database
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    same state "1.0.0 current" "$(state)"
}
