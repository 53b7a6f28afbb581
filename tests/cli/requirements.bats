# What migrations require of a site: roles, settings, extensions.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_a.up.sql <<SQL
-- sealift: requires role needed_${BASHPID}
-- sealift: requires setting work_mem=5MB
CREATE TABLE a ();
SQL
    script 1.0.0/0002_b.up.sql <<SQL
-- sealift: requires role needed_${BASHPID}
-- sealift: requires extension plpgsql >=1.0
-- sealift: requires server 13
CREATE TABLE b ();
SQL
    ROLE=needed_${BASHPID}
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
}
teardown() {
    sql "DROP ROLE IF EXISTS $ROLE" || true
    common_teardown
}

@test "each is in the bundle once" {
    run_status 0 applier inspect one.bundle --json
    same needs "role $ROLE |setting work_mem 5MB|extension plpgsql 1.0" \
        "$(json '[.requirements[] | "\(.kind) \(.name) \(.value)"] | join("|")')"
}

@test "without them nothing begins, and preflight has the SQL" {
    run_status 7 applier apply one.bundle --yes
    errors_has "the bundle needs role '$ROLE', which is not there"
    run_status 7 applier preflight one.bundle --json
    same found "blocks $ROLE CREATE ROLE $ROLE;|blocks work_mem ALTER SYSTEM SET work_mem = '5MB';" \
        "$(json '[.findings[] | select(.check == "requirement") | "\(.level) \(.object) \(.sql | if type == "array" then .[0] else split("\n")[0] end)"] | join("|")')"
    sql "CREATE ROLE $ROLE"
    run_status 7 applier apply one.bundle --yes
    errors_has "setting work_mem is '4MB', the bundle needs '5MB'"
    sql "ALTER DATABASE $DATABASE SET work_mem = '5MB'"
    run_status 0 applier apply one.bundle --yes
}
