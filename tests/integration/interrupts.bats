#!/usr/bin/env bats
# SIGINT and SIGTERM: the first stops the run at the next safe point, the second cancels what runs;
# and the limit of a step outside transactions. After each, `status` and `resume` are right.
load ../support/common
load ../support/background

setup() {
    common_setup
    fresh_database
    empty_project
}
teardown() {
    exec 8>&-
    [ -z "${frozen:-}" ] || kill -CONT "$frozen"
    common_teardown
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state) \(.next)"' | sed 's/ --db .*//'; }

# A migration that runs until somebody says so in table go, with nothing that anybody waits for.
busy() {
    cat <<SQL
CREATE TABLE $1 ();
DO \$\$ BEGIN
    WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.02); END LOOP;
END \$\$;
SQL
}
may_end() { sql 'INSERT INTO go VALUES (1)'; }

# packed [VERSION…]: default 1.0.0.
packed() {
    sql 'CREATE TABLE go (x int); GRANT ALL ON go TO app'
    [ $# -gt 0 ] || set -- 1.0.0
    release "$@"
    pack_bundle one.bundle "${!#}" >/dev/null
    trust_site
}

@test "the first signal: the running group ends, and none of those sent behind it begins" {
    script 1.0.0/0001_first.up.sql <<<'CREATE TABLE first ();'
    busy running | script 1.0.0/0002_running.up.sql
    for i in 03 04 05 06 07 08 09 10; do
        script "1.0.0/00${i}_behind.up.sql" <<<"CREATE TABLE behind_$i ();"
    done
    script 1.0.0/0003_behind.verify.sql <<<'SELECT 1;'
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_runs 'pg_sleep(0.02)'
    kill -INT "$pid"
    until_sql "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1397639500 AND database = (SELECT oid FROM pg_database WHERE datname = '$DATABASE')"
    grep -q 'stopping at the next safe point; a second signal cancels' err
    may_end
    ended 130
    errors_has "interrupted before migration '0003_behind'" "'applier resume --db" 'goes on from here'
    same applied '0001_first 0002_running' "$(sql "SELECT string_agg(identity, ' ' ORDER BY number) FROM sealift.journal")"
    same tables 2 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'go'")"
    same state 'null failed applier resume' "$(state)"
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "in one transaction for a version too: nothing begins in the middle, and nothing is torn" {
    busy running | script 1.0.0/0001_running.up.sql
    script 1.0.0/0002_behind.up.sql <<<'CREATE TABLE behind ();'
    packed
    start applier apply one.bundle --db "$DB" --yes --atomic version
    until_runs 'pg_sleep(0.02)'
    kill -TERM "$pid"
    until_sql "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1397639500 AND database = (SELECT oid FROM pg_database WHERE datname = '$DATABASE')"
    may_end
    # the transaction is one group: it was running
    ended 0
    same state '1.0.0 current null' "$(state)"
}

@test "a wait for somebody's lock ends with the first signal" {
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    script 1.0.0/0001_gate.up.sql <<<'CREATE TABLE made (); SELECT * FROM gate;'
    packed
    hold gate
    start applier apply one.bundle --db "$DB" --yes --lock-timeout 0
    until_runs 'FROM gate'
    until_sql "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted"
    kill -TERM "$pid"
    ended 130
    same rest t "$(sql "SELECT to_regclass('made') IS NULL")"
    exec 8>&-
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "and one that begins after the signal" {
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    { busy running; echo 'SELECT * FROM gate;'; } | script 1.0.0/0001_gate.up.sql
    packed
    hold gate
    start applier apply one.bundle --db "$DB" --yes --lock-timeout 0
    until_runs 'pg_sleep(0.02)'
    kill -TERM "$pid"
    until_said 'stopping at the next safe point'
    may_end
    ended 130
    same rest t "$(sql "SELECT to_regclass('running') IS NULL")"
}

@test "so does the wait of a COPY, and of a range of a batch" {
    sql 'CREATE TABLE gate (id int PRIMARY KEY, n int); GRANT ALL ON gate TO app; INSERT INTO gate VALUES (1, 0)'
    printf 'COPY gate (id) FROM stdin;\n2\n\\.\n' | script 1.0.0/0001_copy.up.sql
    script 1.1.0/0002_batch.up.sql <<'SQL'
-- sealift: batch key=id size=10
UPDATE gate SET n = 1 WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM gate WHERE n IS DISTINCT FROM 1;
SQL
    packed 1.0.0 1.1.0
    local version
    for version in 1.0.0 1.1.0; do
        hold gate
        start applier apply one.bundle --db "$DB" --yes --lock-timeout 0 --to "$version"
        until_sql "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted"
        kill -TERM "$pid"
        ended 130
        let_go
        run_status 0 applier apply one.bundle --db "$DB" --yes --to "$version"
    done
    same rows 2 "$(sql 'SELECT count(*) FROM gate WHERE n = 1')"
}

@test "the pause between two attempts ends with the first signal" {
    sql 'CREATE TABLE gate (); GRANT ALL ON gate TO app'
    script 1.0.0/0001_gate.up.sql <<<'SELECT * FROM gate;'
    packed
    hold gate
    start applier apply one.bundle --db "$DB" --yes --lock-timeout 20
    until_said 'attempt 5 follows'
    kill -INT "$pid"
    ended 130
}

@test "the second signal cancels, also between the statements of a group" {
    # each statement is short, so that a single cancel mostly finds nothing to end
    {
        echo 'CREATE TABLE many (x int);'
        for i in $(seq 500); do echo "INSERT INTO many SELECT $i FROM pg_sleep(0.05);"; done
    } | script 1.0.0/0001_many.up.sql
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_runs 'INSERT INTO many'
    kill -INT "$pid"
    until_said 'stopping at the next'
    kill -INT "$pid"
    ended 130
    errors_has 57014
    same rest t "$(sql "SELECT to_regclass('many') IS NULL")"
    same failure 57014 "$(sql "SELECT sqlstate FROM sealift.event WHERE phase = 'failure'")"
}

@test "the second signal cancels a concurrent build, and its rest is cleared away" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    packed
    sql 'CREATE TABLE other ()'
    hold other
    echo 'COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;' >&8
    until_sql "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '$DATABASE' AND state = 'idle in transaction' AND backend_xmin IS NOT NULL"
    start applier apply one.bundle --db "$DB" --yes
    until_sql "SELECT count(*) = 1 FROM pg_index WHERE NOT indisvalid"
    kill -INT "$pid"
    until_said 'stopping at the next'
    kill -INT "$pid"
    ended 130
    same rest t "$(sql "SELECT to_regclass('item_id') IS NULL")"
    exec 8>&-
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "a step outside transactions that takes longer than its limit is cancelled and cleared away" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    packed
    sql 'CREATE TABLE other ()'
    hold other
    echo 'COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;' >&8
    until_sql "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '$DATABASE' AND state = 'idle in transaction' AND backend_xmin IS NOT NULL"
    run_status 11 applier apply one.bundle --db "$DB" --yes --step-limit 1
    errors_has "'0002_index'" 'took longer than its limit of 1 s (--step-limit, or step-limit in applier.conf)' 'applier resume'
    same rest t "$(sql "SELECT to_regclass('item_id') IS NULL")"
    same recorded 'outcome failed 57014' "$(sql "SELECT kind, result, words FROM sealift.journal ORDER BY number DESC LIMIT 1" | tr '|' ' ')"
    mkdir -p "$SEALIFT_CONFIG_DIR"
    printf '[site]\nstep-limit = 1\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 10 applier resume --db "$DB"
    errors_has 'took longer than its limit of 1 s'
    exec 8>&-
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "who writes to the table keeps neither the limit of a step nor the second signal from ending it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.1.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    packed 1.0.0 1.1.0
    run_status 0 applier apply one.bundle --db "$DB" --yes --to 1.0.0
    hold item
    echo 'COMMIT; BEGIN; LOCK TABLE item IN ROW EXCLUSIVE MODE;' >&8
    until_sql "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'item'::regclass AND mode = 'RowExclusiveLock' AND granted"
    # the build waits for the writer, and so does removing what it left
    run_status 11 applier apply one.bundle --db "$DB" --yes --step-limit 1
    errors_has 'took longer than its limit of 1 s' "'applier resume --db" 'looks what became of it'
    same state '1.0.0 failed applier resume' "$(state)"
    run_status 11 applier resume --db "$DB" --step-limit 1
    errors_has 'removing what a broken step left' 57014 "'applier resume --db"
    start applier apply one.bundle --db "$DB" --yes
    until_runs 'DROP INDEX CONCURRENTLY'
    kill -INT "$pid"
    until_said 'a second signal cancels'
    kill -INT "$pid"
    ended 130
    same state '1.0.0 failed applier resume' "$(state)"
    let_go
    run_status 0 applier resume --db "$DB"
    same state '1.1.0 current null' "$(state)"
}

@test "the wait for another applier ends with the first signal" {
    busy running | script 1.0.0/0001_running.up.sql
    packed
    start applier apply one.bundle --db "$DB" --yes
    first=$pid
    until_runs 'pg_sleep(0.02)'
    start applier apply one.bundle --db "$DB" --yes
    until_said 'waiting for another applier'
    kill -INT "$pid"
    ended 130
    errors_has 'interrupted while waiting for the lock'
    may_end
    wait "$first"
    same state '1.0.0 current null' "$(state)"
}

@test "the waits for a server that is gone end with the first signal" {
    busy running | script 1.0.0/0001_running.up.sql
    private_cluster
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_runs 'pg_sleep(0.02)'
    cluster_kill "$PRIVATE"
    until_said 'trying to come back'
    kill -INT "$pid"
    ended 130
    errors_has "'applier resume --db" 'settles what is open and goes on'
    cluster_start "$PRIVATE"
    may_end
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
}

@test "a connection that nobody answers ends with the first signal" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    private_cluster
    packed
    frozen=$(head -n 1 "$PRIVATE/data/postmaster.pid")
    kill -STOP "$frozen"
    start applier apply one.bundle --db "$DB" --yes
    for _ in $(seq 200); do
        grep -qs poll "/proc/$pid/wchan" && break
        sleep 0.02
    done
    kill -INT "$pid"
    ended 130
    errors_has 'interrupted while connecting'
}

@test "where no second session can be had, the groups that are sent are said, and end" {
    busy running | script 1.0.0/0001_running.up.sql
    script 1.0.0/0002_behind.up.sql <<<'CREATE TABLE behind ();'
    script 1.0.0/0003_behind.up.sql <<<'CREATE TABLE last ();'
    private_cluster
    packed
    start applier apply one.bundle --db "$DB" --yes
    until_runs 'pg_sleep(0.02)'
    sql 'ALTER ROLE app CONNECTION LIMIT 1'
    kill -INT "$pid"
    until_said '2 groups behind the running one are with the server already'
    may_end
    ended 0
    sql 'ALTER ROLE app CONNECTION LIMIT -1'
    same state '1.0.0 current null' "$(state)"
}
