# apply --phase before: what the old application tolerates, then the application, then the rest.
load ../support/common
load ../support/background

setup() { common_setup; }
teardown() {
    exec 8>&-
    common_teardown
}

phase_bundle() {
    empty_project shop
    script 1.0.0/0001_t.up.sql <<<'CREATE TABLE t (id bigint PRIMARY KEY, a int);'
    script 1.0.0/0001_t.down.sql <<<'DROP TABLE t;'
    script 1.1.0/0001_b.up.sql <<<'-- sealift: phase before
ALTER TABLE t ADD b int;'
    script 1.1.0/0001_b.down.sql <<<'ALTER TABLE t DROP b;'
    script 1.1.0/0002_c.up.sql <<<'-- sealift: phase before
ALTER TABLE t ADD c int;'
    script 1.1.0/0002_c.down.sql <<<'ALTER TABLE t DROP c;'
    script 1.1.0/0003_drop.up.sql <<<'-- sealift: phase after
ALTER TABLE t DROP a;'
    script 1.1.0/0003_drop.down.sql <<<'ALTER TABLE t ADD a int;'
    script 1.2.0/0001_d.up.sql <<<'-- sealift: phase before
ALTER TABLE t ADD d int;'
    script 1.2.0/0001_d.down.sql <<<'ALTER TABLE t DROP d;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle "$WORK/shop.bundle" 1.2.0 >/dev/null
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/shop.bundle" --to 1.0.0 --db "$DB" --yes
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }
columns() { sql "SELECT string_agg(attname, '' ORDER BY attname) FROM pg_attribute
                  WHERE attrelid = 't'::regclass AND attnum > 1 AND NOT attisdropped"; }

@test "phase before runs what leads, ends inside the version, and says what comes next" {
    phase_bundle
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB"
    output_has "before the application is upgraded (apply --phase before):" "once it is upgraded:"
    run_status 0 applier plan "$WORK/shop.bundle" --db "$DB" --json
    same early "true true false false" "$(json '.migrations | map(.early) | join(" ")')"
    same phases "before before after before" "$(json '.migrations | map(.phase) | join(" ")')"
    run_status 7 applier apply "$WORK/shop.bundle" --phase after --db "$DB" --yes
    errors_has "migration '0001_b' (1.1.0) is of phase before, and not applied" "--phase before"
    run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
    output_has "applied phase before of shop 1.0.0 -> 1.1.0" "2 migrations" \
        "the application may now be upgraded, then: applier apply $WORK/shop.bundle"
    same columns abc "$(columns)"
    same state "1.0.0 behind" "$(state)"
    run_status 0 applier status --db "$DB"
    output_has "phase before of version 1.1.0 is done" "next       applier apply BUNDLE"
    run_status 0 applier status --db "$DB" --json
    same "phase done" true "$(json .phase_before_done)"
    mkdir shelf
    cp "$WORK/shop.bundle" shelf
    run_status 0 applier status shelf --db "$DB" --json
    same "by a folder" "behind true applier apply shelf --db \"$DB\"" "$(json '"\(.state) \(.phase_before_done) \(.next)"')"
    json .why | grep -q "phase before of version 1.1.0 is done: the application may be upgraded"
    run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
    output_has "nothing to do: no migration of phase before is next"
    run_status 0 applier resume --db "$DB"
    output_has "nothing to resume"
    run_status 0 applier apply "$WORK/shop.bundle" --phase after --to 1.1.0 --db "$DB" --yes
    same columns bc "$(columns)"
    same state "1.1.0 behind" "$(state)"
    run_status 0 applier status --db "$DB" --json
    same "phase done" false "$(json '.phase_before_done | tostring' | tr -d '"')"
}

@test "a version of nothing but phase before is not completed by surprise" {
    phase_bundle
    run_status 0 applier apply "$WORK/shop.bundle" --to 1.1.0 --db "$DB" --yes
    run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes --json
    same result "phase before applied" "$(json .result)"
    same version 1.1.0 "$(json .version)"
    same columns bcd "$(columns)"
    run_status 0 applier status --db "$DB"
    output_has "phase before of version 1.2.0 is done" "version    1.1.0"
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    same state "1.2.0 current" "$(state)"
}

@test "rollback works from between the phases, and takes back that part" {
    phase_bundle
    run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    same columns a "$(columns)"
    same state "1.0.0 behind" "$(state)"
    run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
    run_status 0 applier apply "$WORK/shop.bundle" --to 1.1.0 --db "$DB" --yes
    # The rest is an application of its own.
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    same columns abc "$(columns)"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes --accept-unproven
    same columns a "$(columns)"
}

@test "a run of phase before that is killed is resumed as such" {
    phase_bundle
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" \
        applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
    points=$(cat "$WORK/count") resumed=0
    for at in $(seq 3 2 "$points"); do
        fresh_database
        run_status 0 applier apply "$WORK/shop.bundle" --to 1.0.0 --db "$DB" --yes
        with_fault FAULT_CALLS=send FAULT_AT="$at" \
            applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes >/dev/null 2>&1 || true
        run_status 0 applier resume --db "$DB"
        [[ $output == *"nothing to resume"* ]] || resumed=$((resumed + 1))
        run_status 0 applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes
        same "columns at send $at" abc "$(columns)"
        run_status 0 applier status --db "$DB"
        output_has "phase before of version 1.1.0 is done"
        drop_database
    done
    echo "resumed $resumed of $points sends"; [ "$resumed" -ge 2 ]
}

@test "killed in a version of nothing but phase before, it is resumed as such, and completes nothing" {
    phase_bundle
    run_status 0 applier apply "$WORK/shop.bundle" --to 1.1.0 --db "$DB" --yes
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    hold t
    start applier apply "$WORK/shop.bundle" --phase before --db "$DB" --yes --lock-timeout 0
    until_runs 'ADD d int'
    kill -KILL "$pid"
    sql "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE '%ADD d int%' AND pid <> pg_backend_pid()" >/dev/null
    let_go
    ended 137
    same phase before "$(sql "SELECT settings ->> 'sealift.phase' FROM sealift.event ORDER BY number DESC LIMIT 1")"
    run_status 0 applier resume --db "$DB"
    same columns bcd "$(columns)"
    same state "1.1.0 behind" "$(state)"
    run_status 0 applier apply "$WORK/shop.bundle" --db "$DB" --yes
    same state "1.2.0 current" "$(state)"
    same phase '' "$(sql "SELECT settings ->> 'sealift.phase' FROM sealift.event WHERE phase = 'begin' ORDER BY number DESC LIMIT 1")"
}

@test "phase before does not end another run that was killed" {
    phase_bundle
    script 1.3.0/0001_gate.up.sql <<<'SELECT count(*) FROM gate;'
    script 1.3.0/0001_gate.down.sql <<<'SELECT 1;'
    release 1.3.0
    pack_bundle "$WORK/gate.bundle" 1.3.0 >/dev/null
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    hold gate
    start applier apply "$WORK/gate.bundle" --db "$DB" --yes --lock-timeout 0
    until_runs 'FROM gate'
    kill -KILL "$pid"
    sql "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE '%FROM gate%' AND pid <> pg_backend_pid()" >/dev/null
    let_go
    ended 137
    run_status 7 applier apply "$WORK/gate.bundle" --phase before --db "$DB" --yes
    errors_has "the run to version 1.3.0 is not at its end" "'applier resume --db" 'goes on'
    run_status 0 applier resume --db "$DB"
    same state "1.3.0 current" "$(state)"
}
