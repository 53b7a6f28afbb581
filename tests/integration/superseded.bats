# A version that turned out to be broken, and the one that took its place: sites behind it, inside it
# and at it go on.
load ../support/common
load ../support/proven

# 1.0.0; 2.0.0, which fails where table a has rows; 2.0.1 in its place; 3.0.0. Bundles one, broken,
# mended (1.0.0 to 2.0.1) and next (2.0.1 to 3.0.0), of which the last two are proven.
setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    echo 'CREATE TABLE a (id bigint);' | script 1.0.0/0001_a.up.sql
    echo 'DROP TABLE a;' | script 1.0.0/0001_a.down.sql
    release 1.0.0
    echo 'CREATE TABLE b (id bigint);' | script 2.0.0/0002_b.up.sql
    echo 'DROP TABLE b;' | script 2.0.0/0002_b.down.sql
    echo 'ALTER TABLE a ADD COLUMN word text; SELECT 1 / (count(*) - 1) FROM a;' | script 2.0.0/0003_word.up.sql
    echo 'ALTER TABLE a DROP COLUMN word;' | script 2.0.0/0003_word.down.sql
    planner release 2.0.0 --stop --project "$PROJECT" >/dev/null
    pack_bundle one 1.0.0 >/dev/null
    pack_bundle broken 2.0.0 --from 1.0.0 >/dev/null
    echo 'CREATE TABLE b (id bigint); ALTER TABLE a ADD COLUMN word text;' | script 2.0.1/0004_b_and_word.up.sql
    echo 'DROP TABLE b; ALTER TABLE a DROP COLUMN word;' | script 2.0.1/0004_b_and_word.down.sql
    planner release 2.0.1 --stop --supersedes 2.0.0 --project "$PROJECT" >/dev/null
    echo 'CREATE TABLE c (id bigint);' | script 3.0.0/0005_c.up.sql
    echo 'DROP TABLE c;' | script 3.0.0/0005_c.down.sql
    release 3.0.0
    pack_bundle mended 2.0.1 --from 1.0.0 >/dev/null
    pack_bundle next 3.0.0 --from 2.0.1 >/dev/null
    trust_site
    prove mended one
    prove next one mended
    mkdir shelf
    cp one broken mended next shelf
}
teardown() { common_teardown; }

state() { applier status --json | jq -r '"\(.version) \(.state)"'; }
legs() { json '[.route[] | "\(.bundle)"] | join(" ")'; }

@test "a site that stands at the broken version goes on from the one that took its place" {
    run_status 0 applier apply one --yes
    run_status 0 applier apply broken --yes
    run_status 0 applier status next
    output_has "state      behind" "next       applier apply next" "pending    3.0.0    0005_c"
    run_status 0 applier plan next
    output_has "0005_c"
    run_status 2 applier apply next
    errors_has "the database is at 2.0.0, which 2.0.1 supersedes: its schema is compared" "3.0.0 0005_c"
    run_status 0 applier apply next --yes --json
    same report "applied proven 3.0.0" "$(json '"\(.result) \(.schema) \(.version)"')"
    same versions "1.0.0 1, 2.0.0 3, 2.0.1 3, 3.0.0 4" \
        "$(sql "SELECT string_agg(name || ' ' || position, ', ' ORDER BY journal_number, at) FROM sealift.version")"
    same state "3.0.0 current" "$(state)"
    # what it brought goes back together, to where it began
    run_status 0 applier rollback --yes --accept-unproven
    output_has "3.0.0 -> 2.0.0"
    same state "2.0.0 behind" "$(state)"
    run_status 0 applier apply shelf --yes --json
    same legs "shelf/next" "$(legs)"
    same state "3.0.0 current" "$(state)"
    # and on from there by the ledger's own count
    run_status 0 applier rollback --to 2.0.1 --yes --accept-unproven
    run_status 0 applier apply next --yes
    run_status 0 applier drift
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    same state "1.0.0 behind" "$(state)"
}

@test "a site that failed inside the broken version goes back, and on by the mended one" {
    run_status 0 applier apply one --yes
    psql_as_app -c 'INSERT INTO a VALUES (1)'
    run_status 11 applier apply broken --yes
    run_status 7 applier apply mended --yes
    errors_has "migration 2 of this database is '0002_b' of version 2.0.0, which 2.0.1 supersedes" \
        "'applier rollback --to 1.0.0' takes back what there is of 2.0.0"
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    run_status 0 applier apply shelf --yes --json
    same legs "shelf/mended shelf/next" "$(legs)"
    # 2.0.1 is a required stop as 2.0.0 was
    same state "2.0.1 behind" "$(applier status --bundle shelf --json | jq -r '"\(.version) \(.state)"')"
    run_status 0 applier apply shelf --yes
    same state "3.0.0 current" "$(state)"
}

@test "a site at the broken version whose schema is another is not taken for the other's" {
    run_status 0 applier apply one --yes
    run_status 0 applier apply broken --yes
    psql_as_app -c 'ALTER TABLE b ADD COLUMN own int'
    run_status 7 applier apply next --yes
    errors_has "version 2.0.0 of this database cannot be taken for 2.0.1" "column public.b.own"
    same state "2.0.0 current" "$(state)"
    same nothing "2" "$(sql 'SELECT count(*) FROM sealift.version')"
    psql_as_app -c 'ALTER TABLE b DROP COLUMN own'
    run_status 0 applier apply next --yes
}

@test "nothing is taken for another by a bundle that proves nothing" {
    run_status 0 applier apply one --yes
    run_status 0 applier apply broken --yes
    pack_bundle unproven 3.0.0 --from 2.0.1 --new-sequence >/dev/null
    run_status 7 applier apply unproven --yes
    errors_has "the bundle proves nothing of the schema that they share" "ask the vendor for a bundle that was rehearsed"
}
