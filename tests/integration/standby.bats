# A streaming standby: what reads works on it and says how far it is, what writes is refused; promoted in
# the middle of a run, it is where the run goes on.
load ../support/common
load ../support/proven
load ../support/proxy
load ../support/kill_project

setup() {
    common_setup
    fresh_database
    kill_bundle
    private_cluster
}
teardown() {
    proxy_done
    common_teardown
}

# Everything that is on the primary has been replayed on the standby.
caught_up() {
    local at standby
    at=$(sql 'SELECT pg_current_wal_insert_lsn()')
    standby=$(cluster_conninfo "${PRIVATE_CLUSTERS[-1]}" private postgres)
    for _ in $(seq 1200); do
        [ "$("$PG_BIN/psql" -XAtq -d "$standby" -c "SELECT pg_last_wal_replay_lsn() >= '$at'")" = t ] && return 0
        # what was committed without waiting for the disk reaches a standby when it is flushed
        sql 'SELECT pg_switch_wal()' >/dev/null
        sleep 0.05
    done
    return 1
}

# The primary is gone for ever, the standby takes its place: DB and DB_ADMIN are its own from now on.
fail_over() {
    cluster_kill "$PRIVATE"
    PRIVATE=${PRIVATE_CLUSTERS[-1]}
    cluster_run "$PG_BIN/pg_ctl" promote -D "$PRIVATE/data" -w -t 60 >/dev/null
    DB=$(cluster_conninfo "$PRIVATE" private app)
    DB_ADMIN=$(cluster_conninfo "$PRIVATE" private postgres)
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

@test "reading commands work on a standby, and say how far it has replayed" {
    applier apply kill.bundle --to 2.0.0 --db "$DB" --yes >/dev/null
    standby_of_private
    caught_up
    run_status 0 applier status --db "$THERE" --json
    same state '2.0.0 behind' "$(json '"\(.version) \(.state)"')"
    same standby true "$(json .standby)"
    json '.replayed_to | test("^[0-9A-F]+/[0-9A-F]+$")' >/dev/null
    run_status 0 applier status --db "$THERE"
    output_has 'standby    replayed to 0/'
    run_status 0 applier history --db "$THERE"
    output_has 'apply (nothing) -> 2.0.0: done after'
    run_status 0 applier plan kill.bundle --db "$THERE" --json
    same migrations 4 "$(json '.migrations | length')"
    same schema proven "$(json .schema)"
    run_status 0 applier drift --db "$THERE"
    run_status 0 applier fingerprint --db "$THERE" --json
    fingerprint=$output
    run_status 0 applier fingerprint --db "$DB" --json
    same fingerprint "$output" "$fingerprint"
    run_status 0 applier verify kill.bundle
    # a commit that it replays says when
    sql 'CREATE TABLE later ()'
    caught_up
    run_status 0 applier status --db "$THERE" --json
    json '.replayed_at | test("Z$")' >/dev/null
}

@test "what writes is refused on a standby, which stays as it is" {
    applier apply kill.bundle --to 2.0.0 --db "$DB" --yes >/dev/null
    standby_of_private
    caught_up
    for command in 'apply kill.bundle --yes' 'rollback --yes' 'adopt kill.bundle --yes'; do
        # shellcheck disable=SC2086
        run_status 7 applier $command --db "$THERE"
        errors_has 'is a standby' 'connect to the primary'
    done
    run_status 0 applier status --db "$THERE" --json
    same state '2.0.0 behind' "$(json '"\(.version) \(.state)"')"
}

# What a run that nobody disturbs comes to, and its messages: sets MESSAGES.
undisturbed_run() {
    local primary=$DB primary_admin=$DB_ADMIN
    fresh_database
    proxy "$CLUSTER"
    run_status 0 applier apply kill.bundle --yes --db "$(by_proxy "$DB")"
    proxy_end
    MESSAGES=$(proxy_sum client)
    everything_in "$DB_ADMIN" >expected
    DB=$primary DB_ADMIN=$primary_admin
    # that was another database of this site
    rm -rf "$SEALIFT_STATE_DIR"
}

continues_by() { # COMMAND…, killed at N of ten parts of the run
    undisturbed_run
    standby_of_private
    proxy "$PRIVATE" --client $((MESSAGES * $1 / 10)) --do kill-client
    status=0
    applier apply kill.bundle --yes --db "$(by_proxy "$DB")" >/dev/null 2>&1 || status=$?
    same status 137 "$status"
    caught_up
    fail_over
    run_status 0 applier "${@:2}" --db "$DB"
    same state '3.0.0 current' "$(state)"
    run_status 0 applier drift --db "$DB"
    everything_in "$DB_ADMIN" >got
    diff expected got
}

@test "a promoted standby: resume goes on with a run that its primary died in" {
    continues_by 6 resume
}

@test "a promoted standby: the same apply goes on, too" {
    continues_by 8 apply kill.bundle --yes
}
