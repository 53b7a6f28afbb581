#!/usr/bin/env bats
# What `applier rollback` takes back, from what, and what it refuses before it does anything.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() { common_teardown; }

# table NAME VERSION/NUMBER [nodown]: a migration that makes one, and one that drops it.
table() {
    script "$2_$1.up.sql" <<<"CREATE TABLE $1 (id int PRIMARY KEY);"
    [ "${3:-}" = nodown ] || script "$2_$1.down.sql" <<<"DROP TABLE $1;"
}

# Three versions of two, one and one tables; all.bundle has all, 1.0.0.bundle and so on one each.
three_versions() {
    table anchor 1.0.0/0001
    table boat 1.0.0/0002
    table crew 1.1.0/0003
    table dock 1.2.0/0004
    release 1.0.0 1.1.0 1.2.0
    pack_bundle all.bundle 1.2.0
    trust_site
}

# The tables of the product that are there, in alphabetical order.
tables() { sql "SELECT coalesce(string_agg(tablename, ' ' ORDER BY tablename), '') FROM pg_tables WHERE schemaname = 'public'"; }
version() { applier status --json | jq -r .version; }

@test "a bundle applied in two goes is taken back in two" {
    three_versions
    applier apply all.bundle --to 1.0.0 --yes
    schema_of "$DB_ADMIN" >at_1
    applier apply all.bundle --yes
    run_status 0 applier rollback --yes --accept-unproven
    output_has 'took back 2 migrations, 1.2.0 -> 1.0.0'
    schema_of "$DB_ADMIN" | diff at_1 -
    run_status 0 applier rollback --yes --accept-unproven
    output_has 'took back 2 migrations, 1.0.0 -> (nothing)'
    same tables '' "$(tables)"
    run_status 0 applier rollback --yes --accept-unproven
    output_has 'nothing to take back'
    run_status 0 applier apply all.bundle --yes
    same tables 'anchor boat crew dock' "$(tables)"
}

@test "an application that failed on its way is one with what went on with it" {
    three_versions
    applier apply all.bundle --to 1.0.0 --yes
    sql 'CREATE TABLE dock ()'
    run_status 11 applier apply all.bundle --yes
    sql 'DROP TABLE dock'
    run_status 0 applier resume
    same version 1.2.0 "$(version)"
    run_status 0 applier rollback --yes --accept-unproven
    output_has '1.2.0 -> 1.0.0'
    same tables 'anchor boat' "$(tables)"
}

@test "steps, and a version: exactly so far; a resumed rollback goes no further" {
    three_versions
    applier apply all.bundle --yes
    run_status 0 applier rollback --steps 1 --yes --accept-unproven
    same tables 'anchor boat crew' "$(tables)"
    run_status 0 applier apply all.bundle --yes
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    same tables 'anchor boat' "$(tables)"
    run_status 0 applier apply all.bundle --yes
    sql 'CREATE VIEW seen AS SELECT * FROM crew'
    run_status 11 applier rollback --steps 3 --yes --accept-unproven
    errors_has "'0003_crew'" 2BP01
    same tables 'anchor boat crew' "$(tables)"
    run_status 0 applier status --json
    same state 'failed applier resume' "$(json '"\(.state) \(.next)"')"
    sql 'DROP VIEW seen'
    run_status 0 applier resume
    same tables 'anchor' "$(tables)"
    run_status 0 applier resume
    output_has 'nothing to resume'
}

@test "nothing but the database is needed: bundle, project, trust and state are gone" {
    three_versions
    schema_of "$DB_ADMIN" >before
    applier apply all.bundle --yes
    rm -rf all.bundle project site keys
    run_status 0 applier rollback --yes --accept-unproven
    output_has 'on its word alone'
    errors_has 'not verified again'
    schema_of "$DB_ADMIN" | diff before -
    run_status 0 applier rollback --accept-unproven --yes --json
    same result 'nothing to do' "$(json .result)"
}

@test "with a keyring the stored signatures are verified again, with a state file the digests" {
    three_versions
    applier apply all.bundle --yes
    run_status 0 applier rollback --accept-unproven --steps 1 --yes --json
    same proof signature "$(json .proven_by)"
    rm -rf site/config
    run_status 0 applier rollback --accept-unproven --steps 1 --yes --json
    same proof state "$(json .proven_by)"
    run_status 0 applier history
    output_has 'scripts proven by: signature' 'scripts proven by: state'
    run_status 0 applier rollback --to - --yes --accept-unproven
    run_status 7 applier rollback --to 1.0.0 --yes
    errors_has "does not hold version '1.0.0': nothing is applied"
}

@test "every migration without a way back is named, and nothing is done" {
    table anchor 1.0.0/0001
    table boat 1.0.0/0002 nodown
    table crew 1.0.0/0003
    script 1.0.0/0004_wipe.up.sql <<'SQL'
-- sealift: irreversible names are erased
DELETE FROM crew;
SQL
    table dock 1.0.0/0005
    release 1.0.0
    pack_bundle one.bundle 1.0.0
    trust_site
    run_status 2 applier apply one.bundle
    errors_has '  1.0.0 0002_boat: no way back' '  1.0.0 0004_wipe: irreversible' 'this wants a yes'
    errors_lacks '0003_crew:'
    applier apply one.bundle --yes
    run_status 7 applier rollback --yes
    errors_has "'0004_wipe' is irreversible: names are erased" "'0002_boat' has no down script" 'nothing was done'
    same tables 'anchor boat crew dock' "$(tables)"
    run_status 7 applier rollback --to - --yes --json
    json .error >/dev/null
    run_status 7 applier rollback --steps 9 --yes
    errors_has '9 steps back cannot be: 5 migrations are applied'
    run_status 7 applier rollback --to 0.9 --yes
    errors_has "does not hold version '0.9'"
    run_status 2 applier rollback --to 1.0.0 --steps 1 --yes
    run_status 2 applier rollback --steps -1 --yes
    run_status 2 applier rollback --steps 0 --yes
    errors_has '--steps takes 1 or more, not 0'
    run_status 0 applier rollback --steps 1 --yes --accept-unproven
    same tables 'anchor boat crew' "$(tables)"
}

@test "a migration that is applied in part is taken back by its down script" {
    table anchor 1.0.0/0001
    script 1.0.0/0002_index.up.sql <<'SQL'
CREATE TABLE boat (id int);
INSERT INTO boat VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY boat_id ON boat (id);
SQL
    script 1.0.0/0002_index.down.sql <<<'DROP TABLE boat;'
    release 1.0.0
    pack_bundle one.bundle 1.0.0
    trust_site
    run_status 11 applier apply one.bundle --yes
    same state applied-in-part "$(applier status --json | jq -r '.migrations[1].state')"
    run_status 0 applier rollback --steps 1 --yes --accept-unproven
    same tables anchor "$(tables)"
    run_status 0 applier rollback --yes --accept-unproven
    same tables '' "$(tables)"
    same state behind "$(applier status --json | jq -r .state)"
}

@test "no ledger, no rollback" {
    trust_site 2>/dev/null || { make_key vendor; trust_site; }
    run_status 7 applier rollback --yes
    errors_has 'no ledger'
}

@test "a rollback killed when all but its end was done, and asked for again, goes no further" {
    three_versions
    applier apply all.bundle --to 1.0.0 --yes
    applier apply all.bundle --yes
    applier rollback --yes --accept-unproven
    # as if killed before the last row
    sql "DELETE FROM sealift.event WHERE number = (SELECT max(number) FROM sealift.event)"
    run_status 0 applier rollback --yes --accept-unproven
    output_has 'nothing to take back'
    same tables 'anchor boat' "$(tables)"
    same end end "$(sql 'SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1')"
    run_status 0 applier rollback --yes --accept-unproven
    same tables '' "$(tables)"
}
