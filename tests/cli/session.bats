#!/usr/bin/env bats
# What a script may do to the session: none of it reaches the next migration, the ledger or the lock.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() {
    sql 'DROP OWNED BY other_owner; DROP ROLE other_owner' 2>/dev/null || true
    common_teardown
}

bundle() {
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
}

absent() { [ "$(sql "SELECT to_regclass('$1') IS NULL")" = t ]; }
state() { applier status --json | jq -r '"\(.version) \(.state)"'; }

@test "a DO block cannot end our transaction: nothing of its migration stays" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item ();
DO $$ BEGIN COMMIT; END $$;
CREATE TABLE never ();
SQL
    bundle
    run_status 10 applier apply one.bundle --yes
    errors_has "'0001_item'" 'statement 2' 2D000
    absent item && absent never
}

@test "a procedure cannot end it either, nor one that rolls back" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item ();
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$;
CALL p();
SQL
    bundle
    run_status 10 applier apply one.bundle --yes
    errors_has 'statement 3' 2D000
    absent item
}

# What is sent behind a COMMIT stands in one transaction with what follows, which these roll back.
@test "they also end with it where a check follows, whose transaction is rolled back" {
    script 1.0.0/0001_leaks.up.sql <<'SQL'
CREATE SCHEMA elsewhere;
CREATE TEMP TABLE item (wrong int);
SET search_path = elsewhere;
SET DateStyle = 'SQL, DMY';
SQL
    script 1.0.0/0001_leaks.verify.sql <<<'SELECT true;'
    script 1.0.0/0002_again.up.sql <<<"CREATE TABLE item (id int); SET DateStyle = 'SQL, DMY'; SET search_path = elsewhere;"
    script 1.0.0/0003_after.precheck.sql <<<'SELECT true;'
    script 1.0.0/0003_after.up.sql <<'SQL'
CREATE TABLE seen AS SELECT current_setting('search_path') AS path, current_setting('DateStyle') AS dates;
SQL
    bundle
    run_status 0 applier apply one.bundle --yes
    same seen 'public|ISO, MDY' "$(sql 'SELECT * FROM public.seen')"
    same item id "$(sql "SELECT attname FROM pg_attribute WHERE attrelid = 'public.item'::regclass AND attnum > 0")"
}

@test "temporary tables, cursors, listening, settings and search_path end with their migration" {
    script 1.0.0/0001_leaks.up.sql <<'SQL'
CREATE SCHEMA elsewhere;
CREATE TEMP TABLE item (wrong int);
LISTEN news;
DECLARE c CURSOR WITH HOLD FOR SELECT 1;
SET search_path = elsewhere;
SET statement_timeout = '500s';
SET lock_timeout = '300s';
SET check_function_bodies = off;
SET row_security = off;
SET default_transaction_read_only = off;
SET DateStyle = 'SQL, DMY';
SELECT set_config('TimeZone', 'Asia/Tokyo', false);
SELECT set_config('my.own', 'leaked', false);
SQL
    script 1.0.0/0002_after.up.sql <<'SQL'
CREATE TABLE item (id int);
CREATE TABLE seen AS SELECT
    (SELECT count(*) FROM pg_cursors WHERE name = 'c') AS cursors,
    current_setting('search_path') AS path, current_setting('statement_timeout') AS statement,
    current_setting('TimeZone') AS zone, current_setting('DateStyle') AS dates,
    current_setting('check_function_bodies') AS bodies, current_setting('my.own', true) AS own,
    current_setting('row_security') AS security;
SELECT pg_sleep(0.01);
SQL
    script 1.0.0/0003_listens.up.sql <<<'CREATE TABLE channels AS SELECT pg_listening_channels();'
    bundle
    run_status 0 applier apply one.bundle --yes
    same seen '0|public|0|UTC|ISO, MDY|on||on' "$(sql 'SELECT * FROM public.seen')"
    same channels 0 "$(sql 'SELECT count(*) FROM public.channels')"
    same item id "$(sql "SELECT attname FROM pg_attribute WHERE attrelid = 'public.item'::regclass AND attnum > 0")"
}

@test "prepared statements, ours too, may be deallocated" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item ();
DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$;
SQL
    script 1.0.0/0002_more.up.sql <<<'PREPARE sealift_journal AS SELECT 1; CREATE TABLE more ();'
    script 1.0.0/0003_last.up.sql <<<'CREATE TABLE last ();'
    bundle
    run_status 0 applier apply one.bundle --yes
    same tables 3 "$(sql "SELECT count(*) FROM pg_class WHERE relname IN ('item', 'more', 'last')")"
    same state '1.0.0 current' "$(state)"
}

@test "a statement that a migration has prepared is gone with it, not within" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int);
PREPARE p AS INSERT INTO item VALUES (1);
VACUUM item;
EXECUTE p;
VACUUM item;
SQL
    script 1.0.0/0002_more.up.sql <<<'PREPARE p AS SELECT 2; EXECUTE p;'
    script 1.0.0/0003_more.up.sql <<<'PREPARE p AS SELECT 3;'
    script 1.0.0/0004_checks.precheck.sql <<<'PREPARE p AS SELECT 4;'
    script 1.0.0/0004_checks.up.sql <<<'PREPARE p AS SELECT 5; CREATE TABLE checks ();'
    bundle
    run_status 0 applier apply one.bundle --yes
    same rows 1 "$(sql 'SELECT count(*) FROM item')"
    same state '1.0.0 current' "$(state)"
}

@test "what a migration leaves of its session does not reach the next one of the same transaction" {
    script 1.0.0/0001_leaks.up.sql <<'SQL'
CREATE SCHEMA elsewhere;
CREATE TEMP TABLE item (wrong int);
DECLARE c CURSOR WITH HOLD FOR SELECT 1;
PREPARE p AS SELECT 1;
SET search_path = elsewhere;
SET DateStyle = 'SQL, DMY';
SET LOCAL work_mem = '9MB';
SQL
    script 1.0.0/0002_after.precheck.sql <<<"SELECT current_setting('DateStyle') = 'ISO, MDY';"
    script 1.0.0/0002_after.up.sql <<'SQL'
CREATE TABLE item (id int);
INSERT INTO item VALUES (1);
PREPARE p AS SELECT 2;
CREATE TABLE seen AS SELECT current_setting('search_path') AS path, current_setting('DateStyle') AS dates,
    current_setting('work_mem') AS memory, (SELECT count(*) FROM pg_cursors WHERE name = 'c') AS cursors;
SQL
    script 1.1.0/0003_more.precheck.sql <<<'-- sealift: gate
SELECT count(*) = 1 FROM public.item;'
    script 1.1.0/0003_more.up.sql <<<'PREPARE p AS SELECT 3; CREATE TABLE more ();'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    run_status 0 applier apply one.bundle --yes --atomic run
    same seen 'public|ISO, MDY|4MB|0' "$(sql 'SELECT * FROM public.seen')"
    same item 1 "$(sql 'SELECT * FROM public.item')"
    same state '1.1.0 current' "$(state)"
}

@test "SET TRANSACTION is a mode of the transaction that it begins" {
    script 1.0.0/0001_item.up.sql <<'SQL'
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
CREATE TABLE item AS SELECT current_setting('transaction_isolation') AS level;
COMMIT;
BEGIN READ ONLY, ISOLATION LEVEL READ COMMITTED;
SELECT 1 / (current_setting('transaction_read_only') = 'on')::int;
COMMIT;
SQL
    bundle
    run_status 0 applier apply one.bundle --yes
    same item 'repeatable read' "$(sql 'TABLE item')"
}

# undone STATEMENT: in a DO block, where nobody sees it before it runs.
undone() {
    script 1.0.0/0001_größe.up.sql <<<"CREATE TABLE item (); DO \$\$ BEGIN $1; END \$\$;"
    bundle
    run_status 10 applier apply one.bundle --yes
    errors_has 'reset all settings or changed client_encoding'
    absent item
    same state 'null behind' "$(state)"
}

@test "an encoding that is changed behind our back would damage the ledger: its migration is undone" {
    undone "PERFORM set_config('client_encoding', 'LATIN1', false)"
}

@test "settings that are all reset behind our back take the group's name along: its migration is undone" {
    undone 'RESET ALL'
}

@test "what would change the role, drop our lock or answer with data is refused when packing" {
    for statement in 'SET ROLE other_owner' 'SET LOCAL ROLE other_owner' "SET ROLE = 'other_owner'" 'SET SESSION ROLE other_owner' 'RESET ROLE' 'SET SESSION AUTHORIZATION app' 'DISCARD ALL' 'RESET ALL' "SET client_encoding = 'LATIN1'" 'SET default_transaction_read_only = on' 'DEALLOCATE ALL' 'SELECT pg_advisory_unlock_all()' 'COPY item TO STDOUT'; do
        rm -rf "$PROJECT"
        empty_project
        script 1.0.0/0001_item.up.sql <<<"CREATE TABLE item (); $statement;"
        planner release 1.0.0 --project "$PROJECT" >/dev/null 2>err ||
            { grep -q 0001_item err; continue; }
        run_status 4 pack_bundle one.bundle 1.0.0
        errors_has 0001_item
    done
}

@test "a role set behind our back is found, and its migration undone" {
    sql 'CREATE ROLE other_owner; GRANT other_owner TO app; GRANT ALL ON SCHEMA public TO other_owner'
    script 1.0.0/0001_theirs.up.sql <<<"CREATE TABLE theirs (); DO \$\$ BEGIN PERFORM set_config('role', 'other_owner', false); END \$\$; SET work_mem = '8MB';"
    bundle
    run_status 10 applier apply one.bundle --yes
    errors_has "'0001_theirs'"
    absent theirs
    # the next run is under the right role again
    same state 'null behind' "$(state)"
}

@test "a login that runs as another role from the start keeps it, whatever a script sets" {
    sql 'CREATE ROLE other_owner; GRANT other_owner TO app; GRANT ALL ON SCHEMA public TO other_owner'
    sql "GRANT CREATE ON DATABASE $DATABASE TO other_owner"
    script 1.0.0/0001_one.up.sql <<<"SET work_mem = '8MB'; CREATE TABLE one ();"
    script 1.0.0/0002_two.up.sql <<<'CREATE TABLE two ();'
    script 1.0.0/0003_three.up.sql <<<'CREATE TABLE three ();'
    bundle
    run_status 0 applier apply one.bundle --yes --db "$DB options='-c role=other_owner'"
    same owners 'other_owner other_owner other_owner' \
        "$(sql "SELECT string_agg(tableowner, ' ') FROM pg_tables WHERE schemaname = 'public'")"
    same ledger other_owner "$(sql "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'sealift'")"
}

@test "what the login's own settings say does not reach the scripts" {
    sql "ALTER ROLE app IN DATABASE $DATABASE SET search_path = pg_temp"
    sql "ALTER ROLE app IN DATABASE $DATABASE SET statement_timeout = '1ms'"
    sql "ALTER ROLE app IN DATABASE $DATABASE SET default_transaction_read_only = on"
    sql "ALTER ROLE app IN DATABASE $DATABASE SET default_transaction_isolation = serializable"
    script 1.0.0/0001_item.up.sql <<<"CREATE TABLE item AS SELECT current_setting('transaction_isolation') AS level;"
    script 1.0.0/0002_slow.up.sql <<<'SELECT pg_sleep(0.05);'
    bundle
    run_status 0 applier apply one.bundle --yes
    same level 'read committed' "$(sql 'SELECT level FROM public.item')"
    same recorded 'public|0|off' "$(sql "SELECT settings->>'search_path', settings->>'statement_timeout', settings->>'default_transaction_read_only' FROM sealift.event WHERE phase = 'begin'")"
}
