#!/usr/bin/env bats
# What one sees of a run while it waits: who holds it up, how far it is, on stderr and as events.
load ../support/common
load ../support/blocker

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); CREATE TABLE other (id int); INSERT INTO item SELECT generate_series(1, 1000);'
}
teardown() { common_teardown; }

# 1.0.0 is applied; 1.1.0 is what the test wrote.
bundle() {
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --yes >/dev/null
}

# Somebody keeps table item until unblock: a statement that wants it lasts as long as a test needs.
keep_item() { block keeping "$DB_ADMIN" 'BEGIN; LOCK TABLE item;'; }
slow() { script 1.1.0/0002_slow.up.sql <<<'SELECT count(*) FROM item; CREATE TABLE slow ();'; }

@test "a wait for a lock is said, with who is in the way and in which state" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0 --events events
    until_in err 'waits for AccessExclusiveLock on public.item'
    grep -qE "1 of 1: 1.1.0 0002_add, statement 1 of 1, .*: waits for AccessExclusiveLock on public.item, held up by pid $blocker_pid \(user app, application reporting, idle in transaction for " err
    run_status 1 grep 'SELECT count' err
    unblock
    ended_with 0
    same blocker "$blocker_pid reporting idle in transaction" \
        "$(event '[.[] | select(.event == "lock wait")][0] | .blockers[0] | "\(.pid) \(.application) \(.state)"')"
    same lock 'AccessExclusiveLock public.item 0002_add 1' \
        "$(event '[.[] | select(.event == "lock wait")][0] | "\(.lock) \(.object) \(.migration) \(.statement)"')"
    grep -q 'waited for locks 1 time, ' out
    grep -qE 'longest: .* 1.1.0 0002_add, statement 1 of its up script' out
    grep -q '1.1.0 0002_add, statement 1 of 1: done in ' err
}

@test "of lines that are one step it is said how many are done" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY);'
    { echo 'SELECT 1;'; for i in {1..40}; do echo "INSERT INTO item VALUES ($i);"; done; } |
        script 1.1.0/0002_rows.up.sql
    bundle
    block reporting "$DB" 'BEGIN; INSERT INTO item VALUES (30);'
    start applier apply one.bundle --yes --lock-timeout 0 --heartbeat 1 --events events
    until_in events '"unit":"statements"'
    unblock
    ended_with 0
    same progress '2 statements 29 of 40 statements' \
        "$(event '[.[] | select(.event == "progress" and .unit == "statements" and .done > 0)][0] | "\(.statement) \(.doing) \(.done) of \(.total) \(.unit)"')"
    same rows 40 "$(sql 'SELECT count(*) FROM item')"
}

@test "--show-sql shows the statement of who is in the way" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0 --show-sql --events events
    until_in err ': SELECT count(*) FROM item;)'
    unblock
    ended_with 0
    run_status 1 grep 'SELECT' events
}

@test "of another role's session the name is shown, and what may not be seen is said" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block auditor "$DB_ADMIN" 'BEGIN; LOCK TABLE item IN ACCESS SHARE MODE;'
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err "held up by pid $blocker_pid (user postgres, application auditor, what it does is seen by pg_read_all_stats only)"
    unblock
    ended_with 0
}

@test "a lock that is not given names who held it: at each retry, in the failure, in the ledger" {
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    # the first attempt may be over before a busy machine has let anybody look
    run_status 10 applier apply one.bundle --yes --lock-timeout 2500 --attempts 4 --events events
    errors_has 'rolled back (55P03), attempt 4 follows' "; blocked by pid $blocker_pid (user app, application reporting, idle in transaction for "
    [[ $errors == *"error: migration '0002_add'"*"55P03"*"blocked by pid $blocker_pid (user app, application reporting"* ]]
    run_status 0 applier history
    output_has "blocked by pid $blocker_pid (user app, application reporting"
    same attempts 3 "$(event '[.[] | select(.event == "retry")] | length')"
    same blocker "$blocker_pid" "$(event '[.[] | select(.event == "retry")][-1].blockers[0].pid')"
    same end '10 failed' "$(event '.[-1] | "\(.exit_status) \(.result)"')"
    same failure '55P03 0002_add' "$(event '.[-2] | "\(.error.sqlstate) \(.migration)"')"
    unblock
}

@test "a prepared transaction in the way is named" {
    private_cluster
    cluster_stop "$PRIVATE"
    echo 'max_prepared_transactions = 5' >>"$PRIVATE/data/postgresql.conf"
    cluster_start "$PRIVATE"
    export DATABASE_URL=$DB
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    bundle
    psql_as_app -c 'BEGIN' -c 'INSERT INTO item VALUES (7)' -c "PREPARE TRANSACTION 'order-77'"
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err "held up by prepared transaction 'order-77' (user app, prepared for "
    sql "ROLLBACK PREPARED 'order-77'" 2>/dev/null || psql_as_app -c "ROLLBACK PREPARED 'order-77'"
    ended_with 0
}

@test "an index build that waits for writers says so, and for whom" {
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    block writing "$DB" 'BEGIN; INSERT INTO item VALUES (7);'
    start applier apply one.bundle --yes --events events
    until_in err 'index build, waiting for writers before build, 0 of 1 others waited for; waits for the end of a transaction, held up by pid '
    unblock
    ended_with 0
    same phase 'index build|waiting for writers before build|lockers|1' \
        "$(event '[.[] | select(.event == "progress" and .phase != null)][0] | "\(.doing)|\(.phase)|\(.unit)|\(.total)"')"
}

@test "a COPY that is held up shows how much of its data is sent" {
    {
        printf 'COPY other FROM stdin;\n'
        seq 1000000 3000000
        printf '\\.\n'
    } | script 1.1.0/0002_data.up.sql
    bundle
    # rows are taken until one waits for a row of the other session
    psql_as_app -c 'CREATE UNIQUE INDEX ON other (id)'
    block writing "$DB" 'BEGIN; INSERT INTO other VALUES (2900000);'
    start applier apply one.bundle --yes --lock-timeout 0 --events events
    until_in err '; waits for the end of a transaction, held up by pid'
    grep -qE '1 of 1: 1.1.0 0002_data, statement 1 of 1, .*: copy, [0-9.]+ MB of 15 MB \([0-9]+ %\)' err
    tell 'ROLLBACK;'
    unblock
    ended_with 0
    grep -q 'sent by COPY: 15 MB' out
    same unit bytes "$(event '[.[] | select(.event == "progress")][-1].unit')"
    same bytes 16000008 "$(event '.[-1].copied_bytes')"
    same rows 2000001 "$(sql 'SELECT count(*) FROM other')"
}

@test "what waits is named, not what was answered last" {
    script 1.1.0/0002_first.up.sql <<<'CREATE TABLE first ();'
    script 1.1.0/0003_second.up.sql <<<'CREATE TABLE second (); ALTER TABLE item ADD name text;'
    script 1.1.0/0004_third.up.sql <<<'CREATE TABLE third ();'
    bundle
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err '1.1.0 0003_second, statement 2 of 2'
    unblock
    ended_with 0
    run_status 1 grep -E '0002_first|0004_third' err
}

# alone_but_for N: so many sessions are in the test's database, and none that is about to end.
alone_but_for() {
    [ "$(cluster_psql "$CLUSTER" postgres -Atqc "SELECT count(*) FROM pg_stat_activity WHERE datname = '$DATABASE'")" = "$1" ]
}

@test "a second connection that is refused is said once, and the run goes on" {
    slow
    bundle
    keep_item
    # the keeper's and the run's; the role is the other files' too. A session that ends counts a while.
    sql "ALTER DATABASE $DATABASE CONNECTION LIMIT 2"
    until_true alone_but_for 1
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err '1 of 1: 1.1.0 0002_slow'
    sql "ALTER DATABASE $DATABASE CONNECTION LIMIT -1"
    unblock
    ended_with 0
    same once 1 "$(grep -c 'cannot be looked at: a second connection is refused; the run goes on without' err)"
}

@test "a second connection that is ended is said once, and the run goes on" {
    slow
    bundle
    keep_item
    start applier apply one.bundle --yes --lock-timeout 0
    until_sql "count(*) = 1 FROM pg_stat_activity WHERE application_name = 'sealift watch' AND datname = '$DATABASE'"
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sealift watch' AND datname = '$DATABASE'" >/dev/null
    until_in err 'what the server is at cannot be looked at'
    unblock
    ended_with 0
    same once 1 "$(grep -c 'what the server is at cannot be looked at' err)"
}

@test "the second connection holds no transaction open, and may only read" {
    slow
    bundle
    keep_item
    sql "ALTER DATABASE $DATABASE SET log_statement = 'all'"
    start applier apply one.bundle --yes --lock-timeout 0
    until_sql "count(*) = 1 FROM pg_stat_activity WHERE application_name = 'sealift watch' AND datname = '$DATABASE' AND state = 'idle' AND xact_start IS NULL AND backend_xmin IS NULL"
    unblock
    ended_with 0
    run_status 1 grep -E "app@$DATABASE .*(BEGIN READ WRITE|idle in transaction)" "$CLUSTER/server.log"
}

@test "short waits open no second connection" {
    script 1.1.0/0002_quick.up.sql <<<'CREATE TABLE quick (); SELECT pg_sleep(0.3);'
    script 1.1.0/0002_quick.down.sql <<<'DROP TABLE quick;'
    bundle
    sql "ALTER SYSTEM SET log_connections = on" && sql "SELECT pg_reload_conf()" >/dev/null
    # a busy machine may stretch one wait, and another
    for _ in 1 2 3 4 5; do
        opened=$(looks_on_log)
        run_status 0 applier apply one.bundle --yes
        [ "$(looks_on_log)" -ne "$opened" ] || break
        run_status 0 applier rollback --to 1.0.0 --yes
    done
    sql "ALTER SYSTEM RESET log_connections" && sql "SELECT pg_reload_conf()" >/dev/null
    same opened "$opened" "$(looks_on_log)"
    # the run's own stands there
    run_status 0 grep -E "database=$DATABASE application_name=sealift [0-9a-f]" "$CLUSTER/server.log"
}
looks_on_log() { grep -c "database=$DATABASE application_name=sealift watch" "$CLUSTER/server.log" || true; }

@test "the wait of a step for a synchronous standby is called that" {
    private_cluster
    export DATABASE_URL=$DB
    script 1.1.0/0002_add.up.sql <<<'ALTER TABLE item ADD name text;'
    script 1.1.0/0003_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    bundle
    standby() {
        sql "ALTER SYSTEM SET synchronous_standby_names = '$1'"
        sql 'SELECT pg_reload_conf()' >/dev/null
    }
    block reporting "$DB" 'BEGIN; SELECT count(*) FROM item;'
    start applier apply one.bundle --yes --lock-timeout 0
    until_in err '0002_add, statement 1 of 1'
    # the INTENT of the build; neither the begin of the run nor a group waits for standbys
    standby nobody
    unblock
    until_in err '1.1.0 0003_index, '
    until_in err 's: waits for the synchronous standby'
    grep -qE '^applier: 2 of 2: 1.1.0 0003_index, .*: waits for the synchronous standby$' err
    standby ''
    ended_with 0
}

@test "on a terminal one line is rewritten, and stays where a step was long" {
    slow
    bundle
    keep_item
    script_command=$(printf 'stty cols 60; applier apply one.bundle --yes --lock-timeout 0 2>/dev/tty >out; echo "status $?" >status')
    start /usr/bin/script -qefc "$script_command" typescript
    until_in typescript '1 of 1: 1.1.0 0002_slow, statement 1 of 2, 3'
    unblock
    ended_with 0
    same status 'status 0' "$(cat status)"
    grep -q $'\r\x1b\[Kapplier: 1 of 1: 1.1.0 0002_slow, statement 1 of 2, ' typescript
    grep -q '^.*applier: 1.1.0 0002_slow, statement 1 of 2: done in ' typescript
    # no line is wider than the terminal
    tr '\r' '\n' <typescript | grep -F '1 of 1: ' | sed 's/\x1b\[K//' | while read -r line; do
        [ "${#line}" -le 60 ] || { echo "$line"; return 1; }
    done
}

@test "heartbeat lines come without a terminal, and --heartbeat says how often" {
    script 1.1.0/0002_slow.up.sql <<SQL
DO \$\$ BEGIN
    WHILE NOT EXISTS (SELECT FROM other) LOOP PERFORM pg_sleep(0.02); END LOOP;
END \$\$;
CREATE TABLE slow ();
SQL
    bundle
    start applier apply one.bundle --yes --heartbeat 1
    until_true beats 4
    sql 'INSERT INTO other VALUES (1)'
    ended_with 0
    run_status 2 applier apply one.bundle --yes --heartbeat 90000
    errors_has '--heartbeat takes at most 86400 seconds, not 90000'
    run_status 2 applier apply one.bundle --yes --attempts 0
    errors_has '--attempts takes 1 to 1000000, not 0'
}
beats() { [ "$(grep -c '1 of 1: 1.1.0 0002_slow, statement 1 of 2, .*: at work' err)" -ge "$1" ]; }
