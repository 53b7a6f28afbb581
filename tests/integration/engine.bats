#!/usr/bin/env bats
# The engine of the applier against a real server, driven without command files: what a run commits,
# where it stops, what the ledger says, and how the next run goes on.

load ../support/common
load ../support/background

setup() {
    common_setup
    fresh_database
    ENGINE=$(realpath "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/engine_run")
    export DATABASE_URL=$DB
    mkdir -p p/migrations
    printf '[product]\nname = shop\nuuid = 5b1f8f4e-52f3-4c0e-9a55-2b7a1d0c9e31\n[migrations]\nlayout = sealift\n' >p/sealift.conf
}
teardown() {
    exec 8>&-
    common_teardown
}

# script VERSION/NAME.KIND <<SQL: a file of the project
script() {
    mkdir -p "p/migrations/$(dirname "$1")"
    cat >"p/migrations/$1.sql"
}

# release and pack: bundle TO [FROM] -> TO.slb
bundle() {
    planner release "$1" --project p >/dev/null || return
    planner pack --project p --to "$1" ${2:+--from "$2"} --out "$1.slb" --unsigned --allow-unproven >/dev/null
}

engine() { "$ENGINE" "$@"; }

two_versions() {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int PRIMARY KEY, name text);'
    script 1.0/0001_items.down <<<'DROP TABLE items;'
    script 1.0/0002_orders.up <<<'CREATE TABLE orders (id int PRIMARY KEY, item int REFERENCES items);'
    script 1.0/0002_orders.down <<<'DROP TABLE orders;'
    bundle 1.0
    script 1.1/0003_price.up <<<'ALTER TABLE items ADD price int;'
    script 1.1/0003_price.down <<<'ALTER TABLE items DROP price;'
    bundle 1.1 1.0
}

@test "applies in order, finds nothing to do the second time, and rolls back exactly" {
    two_versions
    schema_of "$DB" >before
    run_status 0 engine apply 1.0.slb
    schema_of "$DB" >at_1.0
    run_status 0 engine apply 1.1.slb
    output_has 'from 1.0' 'version 1.1' 'groups 1'
    run_status 0 engine apply 1.1.slb
    output_has 'done-before 1'
    run_status 0 engine rollback
    output_has 'from 1.1' 'version 1.0' 'tasks 1' 'proven unverified'
    schema_of "$DB" | diff at_1.0 -
    run_status 0 engine apply 1.1.slb
    output_has 'version 1.1'
    run_status 0 engine rollback --to -
    output_has 'tasks 3' 'version -'
    schema_of "$DB" | diff before -
}

@test "names a gap, an ahead and a diverged database, and does nothing" {
    two_versions
    script 1.2/0004_more.up <<<'CREATE TABLE more ();'
    bundle 1.2 1.1
    run_status 7 engine apply 1.2.slb
    errors_has 'the database is at version none, the bundle starts at 1.1'
    [ "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")" = 0 ]
    engine apply 1.0.slb
    run_status 7 engine apply 1.2.slb
    errors_has 'the database is at version 1.0, the bundle starts at 1.1'
    engine apply 1.1.slb
    run_status 2 engine apply 1.1.slb --to 9
    errors_has "no version '9'"
    planner pack --project p --to 1.1 --out all.slb --unsigned --allow-unproven >/dev/null
    run_status 7 engine apply all.slb --to 1.0
    errors_has 'the database is at version 1.1, ahead of 1.0'
    run_status 0 engine apply all.slb --to 1.1
    output_has 'relation current' 'groups 0'
    # another history with the same names
    sed -i 's/name text/name varchar/' p/migrations/1.0/0001_items.up.sql
    rm p/sealift.sum p/sealift.bundles
    planner release 1.0 --project p >/dev/null
    planner release 1.1 --project p >/dev/null
    planner release 1.2 --project p >/dev/null
    planner pack --project p --to 1.0 --out x1.slb --unsigned --allow-unproven >/dev/null
    run_status 6 engine apply x1.slb
    errors_has 'another bundle of sequence 1'
    for _ in 1 2 3 4; do planner pack --project p --to 1.0 --new-sequence --out x2.slb --unsigned --allow-unproven >/dev/null; done
    run_status 7 engine apply x2.slb
    errors_has "'0001_items' with another content"
}

@test "a failing statement leaves nothing of its migration and is named" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int PRIMARY KEY);'
    script 1.0/0002_bad.up <<'SQL'
CREATE TABLE half ();

INSERT INTO items VALUES (1), (1);
SQL
    script 1.0/0003_later.up <<<'CREATE TABLE later ();'
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    output_has 'failure 0002_bad|1.0|up|2|3|23505' 'groups 1' 'version -'
    errors_has "migration '0002_bad' (1.0), statement 2 of its up script" 'line 3' '23505 unique_violation' 'items_pkey'
    [ "$(sql "SELECT to_regclass('half') IS NULL AND to_regclass('later') IS NULL AND to_regclass('items') IS NOT NULL")" = t ]
    run_status 10 engine resume
    output_has 'groups 0'
    sql 'ALTER TABLE items DROP CONSTRAINT items_pkey'
    run_status 0 engine resume
    output_has 'version 1.0' 'groups 2'
}

@test "data in the server's words is not shown unless asked" {
    script 1.0/0001_bad.up <<'SQL'
DO $$ BEGIN RAISE EXCEPTION 'customer hunter2'; END $$;
SQL
    bundle 1.0
    run_status 10 engine apply 1.0.slb
    errors_has 'P0001 raise_exception'
    [[ $errors != *hunter2* ]]
    [ "$(sql "SELECT count(*) FROM sealift.event WHERE words LIKE '%hunter2%'")" = 0 ]
    run_status 10 engine apply 1.0.slb --show-sql
    errors_has 'customer hunter2'
}

@test "a concurrent index that fails is cleared away, and built by resume" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int); INSERT INTO items VALUES (1), (1);'
    script 1.0/0002_index.up <<'SQL'
CREATE TABLE other ();
CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (id);
CREATE TABLE third ();
SQL
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    output_has 'failure 0002_index|1.0|up|2|2|23505' 'settled 1'
    [ "$(sql "SELECT to_regclass('items_id') IS NULL AND to_regclass('other') IS NOT NULL AND to_regclass('third') IS NULL")" = t ]
    run_status 0 engine history
    output_has "unrest migration '0002_index' (1.0) is applied in part: 1 of 3 groups"
    sql 'DELETE FROM items'
    run_status 0 engine resume
    [ "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id'::regclass")" = t ]
    [ "$(sql "SELECT to_regclass('third') IS NOT NULL")" = t ]
}

@test "an INVALID index of somebody else is not dropped and not passed over" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int); INSERT INTO items VALUES (1), (1);'
    bundle 1.0
    engine apply 1.0.slb
    sql 'CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (id)' || true
    script 1.1/0002_index.up <<<'CREATE INDEX CONCURRENTLY IF NOT EXISTS items_id ON items (id);'
    bundle 1.1 1.0
    run_status 10 engine apply 1.1.slb
    errors_has 'the index is INVALID'
    [ "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id'::regclass")" = f ]
    sql 'DROP INDEX items_id'
    run_status 0 engine resume
}

@test "what a run left open outside transactions is settled by looking" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int); INSERT INTO items VALUES (1), (1);'
    script 1.0/0002_index.up <<<'CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (id);'
    bundle 1.0
    engine apply 1.0.slb || true
    # as if killed after the INTENT: the outcome is not written, the invalid index is there
    sql "DELETE FROM sealift.journal WHERE kind = 'outcome'"
    sql 'CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (id)' || true
    sql 'DELETE FROM items'
    sql 'ALTER TABLE items OWNER TO app'
    run_status 0 engine history
    output_has 'is unsettled'
    run_status 0 engine resume
    output_has 'answered not-done'
    # as if killed between the statement and its OUTCOME
    sql "DELETE FROM sealift.journal WHERE number = (SELECT max(number) FROM sealift.journal)"
    sql 'DELETE FROM sealift.version'
    sql "UPDATE sealift.event SET phase = 'failure' WHERE phase = 'end'"
    run_status 0 engine resume
    output_has 'answered done' 'version 1.0'
    run_status 0 engine history
    output_has 'diverged -' 'unrest -' 'position 2'
}

@test "a run that was killed behind its last step gets its durable end from the next" {
    two_versions
    engine apply 1.0.slb
    sql "DELETE FROM sealift.event WHERE phase = 'end'"
    run_status 0 engine apply 1.0.slb
    output_has 'relation current'
    [ "$(sql "SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1")" = end ]
    run_status 0 engine apply 1.0.slb
    output_has 'done-before 1'
    engine rollback
    sql "DELETE FROM sealift.event WHERE phase = 'end' AND action = 'rollback'"
    run_status 0 engine resume
    output_has 'resume 2' 'tasks 0'
    run_status 0 engine resume
    output_has 'resume 0'
}

@test "a lock held elsewhere: named, waited for, and then nothing is left to do" {
    two_versions
    sleep 8 | "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c 'SELECT pg_advisory_lock(6000273874443719729)' -c 'SELECT pg_sleep(3)' >held &
    until [ -s held ] || [ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")" != 0 ]; do sleep 0.1; done
    run_status 8 engine apply 1.0.slb --lock-wait 0
    errors_has 'another run holds the lock' "user 'postgres'"
    run_status 0 engine apply 1.0.slb
    output_has 'waiting-for psql' 'version 1.0'
    wait || true
}

@test "a bundle that is cut while the run waits: the ledger takes no part of it" {
    two_versions
    cp 1.0.slb whole
    sleep 8 | "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c 'SELECT pg_advisory_lock(6000273874443719729)' -c 'SELECT pg_sleep(3)' >held &
    until [ -s held ] || [ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")" != 0 ]; do sleep 0.1; done
    (sleep 1; truncate -s -6144 1.0.slb) &
    run_status 4 engine apply 1.0.slb
    errors_has 'in the ledger' '1.0.slb'
    wait
    [ "$(sql 'SELECT (SELECT count(*) FROM sealift.bundle) + (SELECT count(*) FROM sealift.stored_object) + (SELECT count(*) FROM sealift.event)')" = 0 ]
    run_status 0 engine apply whole
    [ "$(sql "SELECT count(*) FROM sealift.stored_object")" = 3 ]
}

@test "two appliers at once: the second finds nothing to do" {
    two_versions
    engine apply 1.0.slb >one 2>&1 &
    engine apply 1.0.slb >two 2>&1
    wait
    [ "$(cat one two | grep -c 'groups 2')" = 1 ]
    [ "$(cat one two | grep -c -e 'relation current' -e 'done-before')" = 1 ]
}

@test "a lock timeout rolls the group back and tries again, boundedly" {
    two_versions
    engine apply 1.0.slb
    hold items
    run_status 10 engine apply 1.1.slb --lock-timeout 100 --attempts 2
    errors_has '55P03 lock_not_available'
    output_has 'retry 0003_price 55P03 1' 'retries 1'
    let_go
    run_status 0 engine apply 1.1.slb
    output_has 'version 1.1'
}

@test "a failed verify script stops the run; the version is done once it passes" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int);'
    script 1.0/0001_items.verify <<<'SELECT 1 / (SELECT count(*) FROM items);'
    script 1.0/0002_more.up <<<'CREATE TABLE more ();'
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    output_has 'failure 0001_items|1.0|verify|1|1|22012' 'version -'
    errors_has '22012 data exception'
    [ "$(sql "SELECT to_regclass('more') IS NULL")" = t ]
    run_status 0 engine history
    output_has 'its verify script failed'
    sql 'INSERT INTO items VALUES (1)'
    run_status 0 engine resume
    output_has 'version 1.0'
}

@test "a verify script cannot write, and a precheck stops its migration" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int);'
    script 1.0/0001_items.precheck <<<"SELECT 1 / (SELECT count(*) FROM pg_roles WHERE rolname = 'app_reader');"
    script 1.0/0001_items.verify <<<'INSERT INTO items VALUES (1);'
    bundle 1.0
    run_status 10 engine apply 1.0.slb
    output_has '|precheck|1|1|22012'
    sql 'CREATE ROLE app_reader'
    run_status 11 engine apply 1.0.slb
    sql 'DROP ROLE app_reader'
    output_has '|verify|1|1|25006'
}

@test "a verify script inside the transaction undoes its migration" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int);'
    script 1.0/0001_items.verify <<'SQL'
-- sealift: verify in-transaction
SELECT 1 / (SELECT count(*) FROM items);
SQL
    bundle 1.0
    run_status 10 engine apply 1.0.slb
    [ "$(sql "SELECT to_regclass('items') IS NULL")" = t ]
}

@test "a deferred constraint that fails at COMMIT fails its migration" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int PRIMARY KEY, up int REFERENCES items DEFERRABLE INITIALLY DEFERRED);'
    script 1.0/0002_row.up <<<'INSERT INTO items VALUES (1, 2);'
    script 1.0/0003_more.up <<<'CREATE TABLE more ();'
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    output_has 'failure 0002_row|1.0|up|0|0|23503'
    errors_has "migration '0002_row' (1.0), COMMIT of its up script: 23503"
    [ "$(sql 'SELECT count(*) FROM sealift.journal')" = 1 ]
}

@test "all of a run in one transaction leaves nothing when a step fails" {
    script 1.0/0001_items.up <<<'CREATE TABLE items (id int);'
    script 1.0/0002_bad.up <<<'SELECT nothing;'
    bundle 1.0
    run_status 10 engine apply 1.0.slb --atomic run
    [ "$(sql "SELECT to_regclass('items') IS NULL")" = t ]
    [ "$(sql 'SELECT count(*) FROM sealift.journal')" = 0 ]
}

@test "rollback says what has no way back before it does anything" {
    two_versions
    script 1.2/0004_more.up <<<'CREATE TABLE more ();'
    script 1.2/0005_gone.up <<'SQL'
-- sealift: irreversible the names are erased
UPDATE items SET name = NULL;
SQL
    script 1.2/0006_last.up <<<'CREATE TABLE last ();'
    script 1.2/0006_last.down <<<'DROP TABLE last;'
    bundle 1.2 1.1
    engine apply 1.0.slb && engine apply 1.1.slb && engine apply 1.2.slb
    run_status 7 engine rollback
    errors_has "'0005_gone' is irreversible: the names are erased" "'0004_more' has no down script"
    [ "$(sql "SELECT to_regclass('last') IS NOT NULL")" = t ]
    run_status 0 engine rollback --steps 1
    output_has 'to 1.1' 'version 1.1'
    [ "$(sql "SELECT to_regclass('last') IS NULL")" = t ]
    run_status 0 engine apply 1.2.slb
    output_has 'groups 1' 'version 1.2'
    run_status 7 engine rollback --to 0.9
    errors_has "does not hold version '0.9'" 'it can go back to: 1.0, 1.1, 1.2, -'
    run_status 7 engine rollback --steps 9
}

@test "a rollback that fails on its way is gone on with by resume, not further" {
    two_versions
    engine apply 1.0.slb && engine apply 1.1.slb
    sql 'CREATE VIEW v AS SELECT * FROM orders'
    run_status 11 engine rollback --steps 2
    output_has 'failure 0002_orders|1.0|down|1|1|2BP01'
    run_status 2 engine apply 1.1.slb --to 9.9
    errors_has "no version '9.9'"
    sql 'DROP VIEW v'
    run_status 0 engine resume
    output_has 'resume 2' 'tasks 1'
    [ "$(sql "SELECT to_regclass('orders') IS NULL AND to_regclass('items') IS NOT NULL")" = t ]
    run_status 0 engine history
    output_has 'position 1' 'version -'
}

@test "a ledger that others can write is refused, one that cannot be read names the GRANT" {
    two_versions
    engine apply 1.0.slb
    sql 'CREATE ROLE intruder; GRANT INSERT ON sealift.journal TO intruder'
    run_status 6 engine apply 1.1.slb
    errors_has 'table sealift.journal may be written by role intruder (INSERT)'
    sql 'REVOKE ALL ON sealift.journal FROM intruder; ALTER TABLE sealift.event OWNER TO intruder'
    run_status 6 engine apply 1.1.slb
    errors_has 'is owned by role intruder'
    sql 'ALTER TABLE sealift.event OWNER TO app; DROP OWNED BY intruder; DROP ROLE intruder; CREATE ROLE reader LOGIN'
    DATABASE_URL=$(cluster_conninfo "$CLUSTER" "$DATABASE" reader)
    run_status 7 engine history
    errors_has "role 'reader' may not read the ledger" 'GRANT USAGE ON SCHEMA sealift TO "reader"'
    sql 'GRANT USAGE ON SCHEMA sealift TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO reader'
    run_status 0 engine history
    output_has 'version 1.0'
    sql 'DROP OWNED BY reader; DROP ROLE reader'
}

@test "default privileges do not open the ledger" {
    two_versions
    sql 'ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT ALL ON TABLES TO PUBLIC'
    sql 'ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT ALL ON SCHEMAS TO PUBLIC'
    run_status 0 engine apply 1.0.slb
    run_status 0 engine apply 1.1.slb
}

@test "a changed journal is seen and nothing is applied on it" {
    two_versions
    engine apply 1.0.slb
    sql "UPDATE sealift.journal SET identity = '0002_other' WHERE number = 2"
    run_status 7 engine apply 1.1.slb
    errors_has 'row 2 does not fit the chain of digests'
}

@test "a script that ends our transaction is caught, and the operator decides" {
    run_status 11 engine statements m1 'CREATE TABLE a ()' 'COMMIT' 'CREATE TABLE b ()'
    errors_has 'the script ended our transaction by itself' 'statement 2'
    [ "$(sql "SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL")" = t ]
    [ "$(sql 'SELECT kind FROM sealift.journal')" = broken ]
    drop_database
    fresh_database
    export DATABASE_URL=$DB
    run_status 11 engine statements m1 'CREATE TABLE a ()' 'COMMIT' 'BEGIN' 'CREATE TABLE b ()'
    [ "$(sql "SELECT to_regclass('b') IS NULL")" = t ]
    drop_database
    fresh_database
    export DATABASE_URL=$DB
    # with our transaction, the search_path of scripts is gone
    run_status 10 engine statements m1 'CREATE TABLE a ()' 'ROLLBACK' 'CREATE TABLE public.b ()'
    errors_has 'the script ended our transaction by itself'
    [ "$(sql "SELECT to_regclass('a') IS NULL AND to_regclass('b') IS NULL")" = t ]
}

# lines STATUS LINES N: in a database of their own
lines() {
    drop_database
    fresh_database
    DATABASE_URL=$DB run_status "$1" engine lines m1 'CREATE TABLE a (id int)' "$2" "$3"
}

@test "lines that are not what the manifest says are refused, and their group rolled back" {
    local one='INSERT INTO a VALUES (1)' newline=$'\n'
    lines 4 "$one;$newline$one;$newline$one" 2
    errors_has "line 2 of step 2 of 'm1' is no statement of its own, as the manifest says"
    lines 4 "$one;$newline$one;$newline$one" 4
    errors_has "line 3 of step 2 of 'm1' is no statement of its own"
    lines 4 "$one$newline$one" 2
    errors_has "line 1 of step 2 of 'm1' is no statement of its own"
    lines 4 "$one;$newline$newline$one" 3
    errors_has "line 2 of step 2 of 'm1' is no statement of its own"
    same 'what stays' 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'a'")"
    lines 0 "$one;$newline$one;$newline$one" 3
    same rows 3 "$(sql 'SELECT count(*) FROM a')"
}

@test "a script cannot drop our lock, our statements or our role unseen" {
    run_status 0 engine statements m1 'DEALLOCATE ALL' 'CREATE TABLE a ()'
    output_has 'retries 1'
    drop_database && fresh_database && export DATABASE_URL=$DB
    run_status 0 engine statements m1 'SELECT pg_advisory_unlock_all()' 'CREATE TABLE a ()'
    drop_database && fresh_database && export DATABASE_URL=$DB
    local other=other_$DATABASE # files share the server
    sql "CREATE ROLE $other; GRANT $other TO app; GRANT ALL ON SCHEMA public TO $other"
    run_status 10 engine statements m1 "SET ROLE $other" 'CREATE TABLE a ()'
    sql "DROP OWNED BY $other; DROP ROLE $other"
}

@test "a COPY that the bundle does not announce ends the run" {
    run_status 9 engine statements m1 'COPY (SELECT 1) TO STDOUT'
    errors_has 'began a COPY'
    run_status 0 engine history
    output_has 'diverged -'
}

@test "the session is the same for every migration, whatever the last one set" {
    sql "ALTER ROLE app IN DATABASE $DATABASE SET search_path = pg_temp"
    sql "ALTER ROLE app IN DATABASE $DATABASE SET statement_timeout = '1ms'"
    sql "ALTER ROLE app IN DATABASE $DATABASE SET idle_session_timeout = '1s'"
    script 1.0/0001_items.up <<'SQL'
CREATE TEMP TABLE t ();
SET search_path = pg_catalog;
SET TimeZone = 'Asia/Tokyo';
CREATE TABLE public.items (id int);
SQL
    script 1.0/0002_more.up <<'SQL'
CREATE TABLE t ();
CREATE TABLE seen AS SELECT current_setting('search_path') AS path, current_setting('TimeZone') AS zone,
    current_setting('statement_timeout') AS timeout, current_setting('idle_session_timeout') AS idle;
SQL
    bundle 1.0
    run_status 0 engine apply 1.0.slb
    [ "$(sql 'SELECT * FROM public.seen')" = 'public|UTC|0|0' ]
}

@test "settings of a script's earlier groups hold again when a run goes on behind them" {
    script 1.0/0001_items.up <<'SQL'
CREATE TABLE items (id int);
INSERT INTO items VALUES (1), (1);
SET search_path = pg_catalog;
CREATE UNIQUE INDEX CONCURRENTLY items_id ON public.items (id);
CREATE TABLE public.seen AS SELECT current_setting('search_path') AS path;
SQL
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    sql 'DELETE FROM items'
    run_status 0 engine resume
    [ "$(sql 'SELECT path FROM public.seen')" = pg_catalog ]
}

@test "COPY data is carried in, and a broken line fails its migration" {
    script 1.0/0001_items.up <<'SQL'
CREATE TABLE items (id int, name text);
COPY items FROM STDIN;
1	one
2	two
\.
CREATE INDEX ON items (id);
SQL
    script 1.0/0002_bad.up <<'SQL'
COPY items FROM STDIN;
x	three
\.
SQL
    bundle 1.0
    run_status 11 engine apply 1.0.slb
    output_has 'failure 0002_bad|1.0|up|1|1|22P02'
    [ "$(sql 'SELECT count(*) FROM items')" = 2 ]
}

@test "a version without migrations is applied and taken back" {
    two_versions
    planner release 1.2 --empty --project p >/dev/null
    planner pack --project p --to 1.2 --out all.slb --unsigned --allow-unproven >/dev/null
    run_status 0 engine apply all.slb
    output_has 'version 1.2'
    run_status 0 engine rollback --to 1.1
    output_has 'version 1.1' 'tasks 1'
}

@test "a connection that is cut during a step: the same run comes back and goes on" {
    script 1.0/0001_items.up <<<'CREATE TABLE items ();'
    script 1.0/0002_slow.up <<<'SELECT pg_sleep(1.5); CREATE TABLE slow ();'
    bundle 1.0
    slow="FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(1.5)%' AND datname = '$DATABASE'"
    (until [ "$(sql "SELECT count(pg_terminate_backend(pid)) $slow")" = 1 ]; do sleep 0.05; done) 3>&- &
    run_status 0 engine apply 1.0.slb
    output_has 'version 1.0' 'reconnects 1'
    wait
}

@test "an interrupt stops before the next group, a second one cancels" {
    script 1.0/0001_items.up <<<'CREATE TABLE items ();'
    script 1.0/0002_slow.up <<<'SELECT pg_sleep(30); CREATE TABLE slow ();'
    bundle 1.0
    "$ENGINE" apply 1.0.slb >out 2>err &
    pid=$!
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(30)%' AND datname = '$DATABASE'")" = 1 ]; do sleep 0.05; done
    kill -INT $pid
    # two signals that come before the first is seen are one
    while sleep 0.2 && kill -INT $pid 2>/dev/null; do :; done
    status=0
    wait $pid || status=$?
    [ "$status" = 130 ]
    grep -q 57014 err
    run_status 0 engine history
    output_has 'position 1'
}

@test "no server, a wrong password, no such database: each is named" {
    export DATABASE_URL='host=127.0.0.1 port=1 dbname=x user=app password=hunter2'
    run_status 9 engine history
    errors_has "cannot connect to database 'x' on 127.0.0.1:1 as 'app'" 'refused'
    local port
    port=$(cluster_port "$CLUSTER")
    export DATABASE_URL="host=127.0.0.1 port=$port dbname=$DATABASE user=app password=hunter2"
    run_status 9 engine history
    errors_has '28P01' 'refused the password'
    [[ $errors != *hunter2* ]]
    export DATABASE_URL="host=127.0.0.1 port=$port dbname=nowhere user=app password=right"
    run_status 9 engine history
    errors_has '3D000' 'there is no such database'
    export DATABASE_URL='host=x hunter2'
    run_status 2 engine history
    [[ $errors != *hunter2* ]]
}

@test "a COPY says how much of it is sent while the server is at it" {
    script 1.0/0001_items.up <<<"CREATE TABLE items (id int);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON items FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION slow();"
    script 1.0/0002_rows.up <<'SQL'
COPY items FROM STDIN;
1
2
3
\.
SQL
    bundle 1.0
    run_status 0 engine apply 1.0.slb
    # A tick of the wait came while the server was at the third row, with all of the data sent.
    output_has 'copy 0002_rows 6 of 6' 'copied 6'
}
