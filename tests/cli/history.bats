# Who did what, when, from where, with which build, how long it took, and what came of it.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    echo 'CREATE TABLE a ();' | script 1.0.0/0001_a.up.sql
    echo 'DROP TABLE a;' | script 1.0.0/0001_a.down.sql
    echo 'CREATE TABLE b ();' | script 2.0.0/0002_b.up.sql
    echo 'DROP TABLE b;' | script 2.0.0/0002_b.down.sql
    release 1.0.0 2.0.0
    pack_bundle one 1.0.0 >/dev/null
    pack_bundle two 2.0.0 --from 1.0.0 >/dev/null
    trust_site
}
teardown() { common_teardown; }

# An apply, one that fails, one that is refused, one that ends, and a rollback.
five_runs() {
    run_status 0 applier apply one --yes
    psql_as_app -c 'CREATE TABLE b (other int)'
    run_status 10 applier apply two --yes
    psql_as_app -c 'DROP TABLE b'
    run_status 7 applier rollback --steps 9 --yes
    run_status 0 applier apply two --yes
    run_status 0 applier rollback --yes --accept-unproven
}

@test "runs, newest last, with their results" {
    five_runs
    run_status 0 applier history --json
    same runs "apply done - 1.0.0, apply failed 1.0.0 2.0.0, rollback refused - -, apply done 1.0.0 2.0.0, rollback done 2.0.0 1.0.0" \
        "$(json '[.runs[] | "\(.action) \(.result) \(.from) \(.to)"] | join(", ")')"
    same who "app $(id -un) true true" \
        "$(json '.runs[0] | "\(.session_user) \(.operating_system_user) \(.client_host != null) \(.duration_ms >= 0)"')"
    same build "$(applier --version | grep -o '[0-9][0-9.]*' | head -1)" "$(json '.runs[0].applier')"
    same failure 42P07 "$(json '.runs[1].sqlstate')"
    same path "$WORK/one" "$(json '.runs[0].bundle_path')"
    run_status 0 applier history
    output_has "apply (nothing) -> 1.0.0: done after" "apply 1.0.0 -> 2.0.0: failed after" "42P07" \
        "rollback (nothing) -> (nothing): refused" "by app ($(id -un) on" "applier 0" "'$WORK/one'" "scripts proven by: "
    output_lacks "0001_a"
    [[ $(grep -n 'failed after' <<<"$output" | cut -d: -f1) -lt $(grep -n 'rollback 2.0.0' <<<"$output" | cut -d: -f1) ]]
}

@test "--limit gives the last ones, --migrations each migration" {
    five_runs
    run_status 0 applier history --limit 2
    output_has "apply 1.0.0 -> 2.0.0: done" "rollback 2.0.0 -> 1.0.0: done"
    output_lacks "failed"
    run_status 0 applier history --limit 2 --json
    same limited "2 2 2" "$(json '"\(.runs | length) \(.events | length) \(.journal | length)"')"
    run_status 0 applier history --migrations
    output_has "up   group    1.0.0 0001_a" "down group    2.0.0 0002_b"
    output_lacks "applier"
    run_status 0 applier history --migrations --limit 1
    output_has "down group    2.0.0 0002_b"
    output_lacks "0001_a"
}

@test "a killed run is open, and stopped once another came" {
    run_status 0 applier apply one --yes
    sql "DELETE FROM sealift.event WHERE phase = 'end'"
    run_status 0 applier history --json
    same open open "$(json '.runs[0].result')"
    run_status 0 applier history
    output_has "no end of it is on record"
    run_status 0 applier apply two --yes
    run_status 0 applier history --json
    same stopped "stopped done" "$(json '[.runs[].result] | join(" ")')"
}

@test "times are UTC, with local time beside them in text" {
    run_status 0 applier apply one --yes
    export TZ=XXX-5:30
    run_status 0 applier history
    [[ $output =~ [0-9-]+T[0-9:]+Z\ \(([0-9-]+\ )?[0-9:]+\+0530\) ]]
    run_status 0 applier history --migrations
    [[ $output =~ Z\ \(([0-9-]+\ )?[0-9:]+\+0530\) ]]
    run_status 0 applier history --json
    [[ $(json '.runs[0].begun_at') =~ ^[0-9-]+T[0-9:]+Z$ ]]
    run_status 0 applier plan two
    [[ $output =~ as\ of\ [0-9-]+T[0-9:]+Z\ \(([0-9-]+\ )?[0-9:]+\+0530\) ]]
    run_status 2 applier rollback --accept-unproven
    [[ $errors =~ 0001_a,\ of\ [0-9-]+T[0-9:]+Z\ \(([0-9-]+\ )?[0-9:]+\+0530\) ]]
}
