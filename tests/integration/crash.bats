# Kill the applier at any call that reaches the server, kill the server under it: running it again
# converges to the same schema, rows and ledger; nothing is lost or done twice.
load ../support/common
load ../support/crash_project

setup() { common_setup; }
teardown() { common_teardown; }

# What a run without any fault leaves, in $WORK/expected; $points is how many calls it made.
undisturbed_run() {
    crash_bundle
    trust_site
    fresh_database
    run_status 0 with_fault FAULT_CALLS="$1" FAULT_COUNT="$WORK/count" \
        applier apply "$WORK/crash.bundle" --db "$DB" --yes
    points=$(cat "$WORK/count")
    everything_of "$DB_ADMIN" >"$WORK/expected"
}

# Version and state as `applier status` names them.
state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

# Go on after a crash by COMMAND (apply or resume) and demand the same end. A run that was killed
# before it had begun leaves nothing to resume: then apply does it.
converge() {
    local command=$1 what=$2
    if [ "$command" = resume ]; then
        run_status 0 applier resume --db "$DB" || { echo "at $what"; return 1; }
        [ "$(state)" = "1.1.0 current" ] || command=apply
    fi
    if [ "$command" = apply ]; then
        run_status 0 applier apply "$WORK/crash.bundle" --db "$DB" --yes || { echo "at $what"; return 1; }
    fi
    same "state at $what" "1.1.0 current" "$(state)"
    everything_of "$DB_ADMIN" >"$WORK/got"
    diff "$WORK/expected" "$WORK/got" || { echo "differs at $what ($command)"; return 1; }
}

@test "the applier killed at 60 points of a run converges, by resume and by apply" {
    undisturbed_run send,recv,poll
    [ "$points" -ge 60 ]
    killed=0
    for i in $(seq 1 60); do
        at=$(((i * points) / 60))
        fresh_database
        status=0
        with_fault FAULT_CALLS=send,recv,poll FAULT_AT="$at" \
            applier apply "$WORK/crash.bundle" --db "$DB" --yes >/dev/null 2>&1 || status=$?
        # How often the last calls happen depends on timing: a run that got through is no crash.
        [ "$status" -eq 137 ] && killed=$((killed + 1)) || same "status at $at" 0 "$status"
        if [ $((i % 2)) -eq 0 ]; then converge apply "call $at"; else converge resume "call $at"; fi
        drop_database
    done
    echo "# killed at $killed of $points calls" >&3
    [ "$killed" -ge 50 ]
}

@test "a killed run that is killed again still converges" {
    undisturbed_run send
    for at in 8 20 30 40; do
        fresh_database
        for again in "$at" 6 12 18; do
            with_fault FAULT_CALLS=send FAULT_AT="$again" \
                applier apply "$WORK/crash.bundle" --db "$DB" --yes >/dev/null 2>&1 || true
        done
        converge apply "send $at, then 6, 12, 18"
        drop_database
    done
}

@test "a rollback killed on its way converges to what was before" {
    undisturbed_run send
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven
    schema_of "$DB_ADMIN" >"$WORK/before"
    resumed=0
    for at in $(seq 22 2 56); do
        fresh_database
        run_status 0 applier apply "$WORK/crash.bundle" --db "$DB" --yes
        with_fault FAULT_CALLS=send FAULT_AT="$at" \
            applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven >/dev/null 2>&1 || true
        run_status 0 applier resume --db "$DB"
        [[ $output == *"nothing to resume"* ]] || resumed=$((resumed + 1))
        # Killed before it had begun, there was nothing to go on with.
        [ "$(applier status --db "$DB" --json | jq -r .version)" = 1.0.0 ] ||
            run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven
        schema_of "$DB_ADMIN" >"$WORK/got"
        diff "$WORK/before" "$WORK/got"
        drop_database
    done
    [ "$resumed" -ge 4 ]
}

@test "an interrupt stops at a safe point, and the run can be resumed" {
    undisturbed_run send
    for at in 10 25; do
        fresh_database
        run_status 130 with_fault FAULT_CALLS=send FAULT_AT="$at" FAULT_SIGNAL=2 \
            applier apply "$WORK/crash.bundle" --db "$DB" --yes
        converge resume "interrupt at send $at"
        drop_database
    done
}

# Wait until the server runs a statement that holds WORDS.
wait_for_statement() {
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                    AND state = 'active' AND query LIKE '%$1%'")" -gt 0 ] && return 0
        sleep 0.05
    done
    echo "no statement with $1 came"
    return 1
}

@test "the server killed in the middle of a run: what was committed stays, the rest is done again" {
    crash_bundle
    trust_site
    script 1.2.0/0001_slow.up.sql <<'SQL'
INSERT INTO part VALUES (200, 'before the pause', 1, 1);
SELECT pg_sleep(4);
INSERT INTO part VALUES (201, 'after the pause', 1, 1);
SQL
    release 1.2.0
    pack_bundle "$WORK/slow.bundle" 1.2.0
    private_cluster
    applier apply "$WORK/slow.bundle" --db "$DB" --yes --reconnect 0 >"$WORK/out" 2>"$WORK/err" &
    pid=$!
    wait_for_statement pg_sleep
    cluster_kill "$PRIVATE"
    status=0
    wait "$pid" || status=$?
    # Groups before it were committed, so this is "a step failed after others were committed".
    same status 11 "$status" || { cat "$WORK/err"; return 1; }
    cluster_start "$PRIVATE"
    same "rows of the broken group" 0 "$(sql 'SELECT count(*) FROM part WHERE id >= 200')"
    run_status 0 applier resume --db "$DB"
    same "rows of the group, done again" 2 "$(sql 'SELECT count(*) FROM part WHERE id >= 200')"
    same state "1.2.0 current" "$(state)"
}

@test "the server killed while an index is built CONCURRENTLY: the INVALID index is replaced" {
    crash_bundle
    trust_site
    private_cluster
    # An open snapshot elsewhere makes the build wait, so that the kill comes in its middle.
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" \
        -c "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(60)" >/dev/null 2>&1 3>&- &
    wait_for_statement pg_sleep
    applier apply "$WORK/crash.bundle" --db "$DB" --yes --reconnect 0 >"$WORK/out" 2>"$WORK/err" &
    pid=$!
    wait_for_statement "CREATE INDEX CONCURRENTLY bin_part"
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid")" -gt 0 ] && break
        sleep 0.05
    done
    cluster_kill "$PRIVATE"
    status=0
    wait "$pid" || status=$?
    same status 11 "$status" || { cat "$WORK/err"; return 1; }
    cluster_start "$PRIVATE"
    same "index left" f "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'bin_part'::regclass")"
    run_status 0 applier resume --db "$DB"
    same state "1.1.0 current" "$(state)"
    same "invalid indexes" 0 "$(sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid")"
}

@test "two appliers at once: one waits, then finds nothing to do" {
    undisturbed_run send
    fresh_database
    applier apply "$WORK/crash.bundle" --db "$DB" --yes >"$WORK/first" 2>&1 &
    first=$!
    applier apply "$WORK/crash.bundle" --db "$DB" --yes >"$WORK/second" 2>&1 &
    second=$!
    wait "$first"
    wait "$second"
    cat "$WORK/first" "$WORK/second"
    same "runs with nothing to do" 1 "$(cat "$WORK/first" "$WORK/second" | grep -c 'nothing to do')"
    everything_of "$DB_ADMIN" >"$WORK/got"
    diff "$WORK/expected" "$WORK/got"
}

@test "status says running while another applier holds the lock" {
    crash_bundle
    trust_site
    script 1.2.0/0001_slow.up.sql <<<'SELECT pg_sleep(3);'
    release 1.2.0
    pack_bundle "$WORK/slow.bundle" 1.2.0
    fresh_database
    applier apply "$WORK/slow.bundle" --db "$DB" --yes >/dev/null 2>&1 &
    pid=$!
    wait_for_statement pg_sleep
    TZ=Europe/Berlin run_status 0 applier status --db "$DB"
    grep -q 'since 2.*Z (.*+0[12]00)' <<<"$output"
    output_has 'an applier is at work: process' 'at a statement for'
    output_lacks 'last run' 'next  '
    run_status 0 applier status --db "$DB" --json
    same state 'behind true app null' "$(json '"\(.state) \(.running) \(.holder.user) \(.next)"')"
    wait "$pid"
}
