#!/usr/bin/env bats
# --events: the stream of JSON lines of a run, and what becomes of it when its file cannot be had.
load ../support/common
load ../support/proven
load ../support/blocker

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_name.up.sql <<<"ALTER TABLE item ADD name text; DO \$\$ BEGIN RAISE WARNING 'said'; END \$\$;"
    script 1.1.0/0002_name.down.sql <<<'ALTER TABLE item DROP name;'
}
teardown() { common_teardown; }

bundle() {
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
}

@test "a run from its begin to its end, each line a document with a time" {
    bundle
    prove one.bundle
    run_status 0 applier apply one.bundle --yes --events events --json
    same order 'begin committed committed notices schema end' "$(event 'map(.event) | join(" ")')"
    same begin '1 apply shop - 1.1.0 2' \
        "$(event '.[0] | "\(.events) \(.action) \(.product) \(.from) \(.to) \(.migrations)"')"
    same committed '1.1.0 0002_name 1 1 true 2 2' \
        "$(event '.[2] | "\(.version) \(.migration) \(.group) \(.groups) \(.complete) \(.migrations_done) \(.migrations)"')"
    same notices '1 01000' "$(event '.[3] | "\(.notices) \(.notice_sqlstate)"')"
    same schema 'proven 1.1.0 up 0' \
        "$(event '.[4] | "\(.schema) \(.schema_version) \(.schema_arrival) \(.differing)"')"
    same end '0 applied 1.1.0 2 true' \
        "$(event '.[5] | "\(.exit_status) \(.result) \(.version) \(.committed) \(.settled)"')"
    event 'all(.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$"))' >/dev/null
    event '[.[].elapsed_ms] | . == sort' >/dev/null
    same mode 600 "$(stat -c %a events)"
}

@test "later runs append, also what had nothing to do, and a rollback" {
    bundle
    applier apply one.bundle --yes --events events >/dev/null
    applier apply one.bundle --yes --events events >/dev/null
    applier rollback --accept-unproven --yes --events events >/dev/null
    same ends 'applied|nothing to do|rolled back' "$(event '[.[] | select(.event == "end").result] | join("|")')"
    same begin 'rollback shop 1.1.0 -' \
        "$(event '[.[] | select(.event == "begin")][-1] | "\(.action) \(.product) \(.from) \(.to)"')"
}

@test "a failure stands in it without data, and so does a refusal" {
    script 1.1.0/0003_fails.up.sql <<<"SELECT 'hidden-canary'::int;"
    bundle
    run_status 11 applier apply one.bundle --yes --show-sql --events events
    errors_has hidden-canary
    run_status 1 grep hidden-canary events
    same failure '11 1.1.0 0003_fails up 1 22P02' \
        "$(event '[.[] | select(.event == "failure")][0] | "\(.error.exit_status) \(.version) \(.migration) \(.script) \(.statement) \(.error.sqlstate)"')"
    rm events
    run_status 2 applier apply one.bundle --to 0.9.9 --yes --events events
    same refusal 'failure 2|end 2' "$(event 'map("\(.event) \(.exit_status // .error.exit_status)") | join("|")')"
}

@test "a file that cannot be opened: refused with status 5 before anything is done" {
    script 1.1.0/0003_fails.up.sql <<<'SELECT 1/0;'
    bundle
    mkfifo unread
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
    for path in "$WORK/none/events" "$WORK" unread; do
        run_status 5 applier apply one.bundle --yes --events "$path"
        errors_has "cannot open '$path' for the events" 'a FIFO that is being read'
        run_status 5 applier rollback --yes --events "$path"
    done
    same state '1.0.0 behind' "$(applier status --json | jq -r '"\(.version) \(.state)"')"
    run_status 11 applier apply one.bundle --yes
    run_status 5 applier resume --events "$WORK/none/events"
    errors_has "cannot open '$WORK/none/events' for the events"
}

@test "a file that cannot be written any more is said once, and the run goes on" {
    bundle
    run_status 0 applier apply one.bundle --yes --events /dev/full
    same once 1 "$(grep -c 'the events cannot be written any more: No space left on device; the run goes on' <<<"$errors")"
    output_has 'applied shop'
}

@test "a reader that goes away does not end the run" {
    script 1.1.0/0003_slow.up.sql <<<'SELECT pg_sleep(2);'
    bundle
    mkfifo pipe
    head -n 1 pipe >first 3>&- &
    start applier apply one.bundle --yes --events pipe
    ended_with 0
    same first begin "$(jq -r .event first)"
    same once 1 "$(grep -c 'the events cannot be written any more: Broken pipe' err)"
}

@test "/dev/stderr works, and stdout stays one document" {
    bundle
    run_status 0 applier apply one.bundle --yes --json --events /dev/stderr
    same result applied "$(json .result)"
    grep '^{' <<<"$errors" >events
    same last end "$(event '.[-1].event')"
}
