#!/usr/bin/env bats
# applier rehearse --method rolled-back: the way back, in the same transaction.
load ../support/common
load ../support/proven
load ../support/site_rehearsal

# more.bundle again, to 1.3.0: its up is on stdin, its down the argument; the database is at 1.2.0.
at_more() {
    at_first_version
    applier apply shop.bundle --yes >/dev/null 2>&1
    more_bundle "$@"
}

@test "up and back in one transaction, each direction measured, and nothing stays" {
    at_first_version
    before=$(state_of_all)
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes
    output_has 'up: 1 migration' 'back: 1 migration in' 'the schema is as before (rows were not counted)' \
        '1.1.0 0002_price, statement 2 (migrations/1.1.0/0002_price.down.sql:2)'
    errors_has '1 to rehearse, 1.0.0 -> 1.1.0, and back again, in one transaction on the real database'
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --json
    same steps 'up 1,up 2,up 3,down 1,down 2 in 1' \
        "$(json '([.steps[] | "\(.script) \(.statement)"] | join(",")) + " in \([.steps[].transaction] | unique | length)"')"
    same back 'true null 1 exact false 0' \
        "$(json '.rollback | "\(.tried) \(.why_not) \(.migrations) \(.verdict) \(.rows_counted) \(.differs | length)"')"
    same 'kept for plan' 'up,up,up,down,down' "$(jq -r '[.steps[].script] | join(",")' "$(json .measured_file)")"
    same state "$before" "$(state_of_all)"
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --no-rollback --json
    same 'up alone' 'false null 3' "$(json '"\(.rollback.tried) \(.rollback.why_not) \(.steps | length)"')"
}

@test "what the way back works on is measured as the up has left it" {
    at_more 'ALTER TABLE item ALTER COLUMN id TYPE bigint; ALTER TABLE item ALTER COLUMN id TYPE int; DELETE FROM item WHERE id > 500;' \
        <<<"INSERT INTO item SELECT g, 'n' || g FROM generate_series(501, 9000) g;"
    run_status 0 applier rehearse more.bundle --method rolled-back --yes --json
    same rewritten 'down 1,down 2' \
        "$(json '[.steps[] | select(any(.relations[]; .relation == "public.item" and .rewritten)) | "\(.script) \(.statement)"] | join(",")')"
    json '[.steps[] | {script, bytes: (.relations[] | select(.relation == "public.item") | .bytes)}] |
        ([.[] | select(.script == "down") | .bytes] | min) > 4 * ([.[] | select(.script == "up") | .bytes] | max)'
}

@test "from nothing, through several versions and one without migrations, and back to nothing" {
    empty_project plain
    script 1.1.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.1.0/0001_a.down.sql <<<'DROP TABLE a;'
    script 1.1.0/0002_b.up.sql <<<'CREATE VIEW b AS SELECT id FROM a;'
    script 1.1.0/0002_b.down.sql <<<'DROP VIEW b;'
    script 1.2.0/0003_c.up.sql <<<'ALTER TABLE a ADD COLUMN c int;'
    script 1.2.0/0003_c.down.sql <<<'ALTER TABLE a DROP COLUMN c;'
    planner release 1.0.0 --empty --project "$PROJECT" >/dev/null
    release 1.1.0 1.2.0
    pack_bundle plain.bundle 1.2.0 >/dev/null
    prove plain.bundle
    run_status 0 applier rehearse plain.bundle --method rolled-back --yes --json
    same back 'true null exact' "$(json '.rollback | "\(.tried) \(.why_not) \(.verdict)"')"
    same order '0001_a up,0002_b up,0003_c up,0003_c down,0002_b down,0001_a down' \
        "$(json '[.steps[] | "\(.identity) \(.script)"] | join(",")')"
    same schemas public "$(sql "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")"
}

@test "a version that begins with a gate is refused by the gate's name" {
    empty_project gated
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.precheck.sql <<<$'-- sealift: gate\nSELECT true;'
    release 1.0.0
    fresh_database
    export DATABASE_URL=$DB
    pack_bundle gated.bundle 1.0.0 >/dev/null
    run_status 7 applier rehearse gated.bundle --method rolled-back --yes
    errors_has "version 1.0.0 begins with the gate of '0001_a'" '--method template'
}

@test "a way back that fails, or does not lead back, is exit 10 of the way back" {
    at_more 'SELECT 1/0;' <<<'CREATE TABLE more (id int);'
    before=$(state_of_all)
    run_status 10 applier rehearse more.bundle --method rolled-back --yes --json
    same failure 'failed true down 22012 0004_more null' \
        "$(json '"\(.result) \(.rollback.tried) \(.failure.script) \(.failure.sqlstate) \(.failure.migration) \(.rollback.verdict)"')"
    json '.error.message' | grep -q '^the way back: '
    json '.error.hint' | grep -qx 'all of it was rolled back: the database is as it was'
    [ "$(json .measured_file)" != null ] # the up went through
    same state "$before" "$(state_of_all)"
    without_more
    more_bundle 'SELECT 1;' <<<'CREATE TABLE more (id int);'
    run_status 10 applier rehearse more.bundle --method rolled-back --yes
    errors_has 'the way back: the way back does not lead back: ' 'have a backup'
    output_has 'the schema came back otherwise' 'public.more'
    same state "$before" "$(state_of_all)"
}

@test "constraints are deferred again for the way back, and checked behind it" {
    at_more "UPDATE item SET parent = -1; UPDATE item SET parent = NULL; ALTER TABLE item DROP COLUMN parent;" \
        <<<'ALTER TABLE item ADD COLUMN parent int REFERENCES item DEFERRABLE INITIALLY DEFERRED;'
    # the pending checks of the updates stand against ALTER TABLE, as they do in a rollback
    run_status 10 applier rehearse more.bundle --method rolled-back --yes
    errors_has 55006
    without_more
    more_bundle "UPDATE item SET parent = -1;" \
        <<<'ALTER TABLE item ADD COLUMN parent int REFERENCES item DEFERRABLE INITIALLY DEFERRED;'
    run_status 10 applier rehearse more.bundle --method rolled-back --yes
    errors_has 'the way back: what COMMIT would check' 23503
}

@test "where there is no way back in that transaction, why is said, and the up is rehearsed alone" {
    at_more <<<'CREATE TABLE more (id int);'
    run_status 0 applier rehearse more.bundle --method rolled-back --yes
    output_has "back: it was not rehearsed: there is no way back: '0004_more' has no down script"
    errors_has '1.2.0 -> 1.3.0, in one transaction'
    without_more
    more_bundle '-- sealift: no-transaction
DROP INDEX CONCURRENTLY more_id;' <<<'CREATE INDEX more_id ON item (id);'
    run_status 0 applier rehearse more.bundle --method rolled-back --yes --json
    same why "false it cannot go back in the same transaction: --atomic run cannot be had: migration '0004_more' (1.3.0): a step cannot run in a transaction" \
        "$(json '.rollback | "\(.tried) \(.why_not)"')"
    # what the vendor's rehearsal saw fail is not tried here
    without_more
    more_bundle 'DROP TABLE more;' <<<'CREATE TABLE more (id int);'
    printf 'verdict\t0004_more\t@HERE@\tfails\t42P01 in line 1\n' >"$WORK/facts"
    prove more.bundle
    run_status 0 applier rehearse more.bundle --method rolled-back --yes
    output_has "back: it was not rehearsed: taking this back failed when it was rehearsed: '0004_more' (1.3.0): 42P01 in line 1"
}

@test "inside a version there is nowhere to come back to" {
    script 1.3.0/0004_one.up.sql <<<'CREATE TABLE one (id int);'
    script 1.3.0/0004_one.down.sql <<<'DROP TABLE one;'
    script 1.3.0/0005_two.up.sql <<<'CREATE TABLE two AS SELECT 1 / (count(*) - 500) AS id FROM item;'
    script 1.3.0/0005_two.down.sql <<<'DROP TABLE two;'
    release 1.3.0
    pack_bundle more.bundle 1.3.0 --new-sequence >/dev/null
    at_first_version
    run_status 11 applier apply more.bundle --yes
    psql_as_app -c 'DELETE FROM item WHERE id = 1'
    run_status 0 applier rehearse more.bundle --method rolled-back --yes --json
    same why 'false the database stands inside version 1.3.0' "$(json '.rollback | "\(.tried) \(.why_not)"')"
}
