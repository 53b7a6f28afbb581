#!/usr/bin/env bats
# What `applier apply` does and leaves: the ordinary ways, failures, --atomic, the end on record.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() { common_teardown; }

# bundle VERSION… : release them, pack all as one.bundle.
bundle() {
    release "$@"
    pack_bundle one.bundle "${!#}" >/dev/null
    [ -d site/config ] || trust_site
}

exists() { [ "$(sql "SELECT to_regclass('$1') IS NOT NULL")" = t ]; }
absent() { [ "$(sql "SELECT to_regclass('$1') IS NULL")" = t ]; }
state() { applier status --json | jq -r '"\(.version) \(.state)"'; }

@test "a statement that fails in the middle: nothing of its migration stays, later ones are not begun" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY);'
    script 1.0.0/0002_half.up.sql <<'SQL'
CREATE TABLE half ();
INSERT INTO item VALUES (1);

INSERT INTO item
VALUES (1);
CREATE TABLE never ();
SQL
    script 1.0.0/0003_later.up.sql <<<'CREATE TABLE later ();'
    bundle 1.0.0
    run_status 11 applier apply one.bundle --yes --json
    same failure '0002_half 3 4 23505 up' "$(json '.failure | "\(.migration) \(.statement) \(.line) \(.sqlstate) \(.script)"')"
    same report 'failed 1 true' "$(json '"\(.result) \(.committed) \(.settled)"')"
    absent half && absent never && absent later && exists item
    same rows 0 "$(sql 'SELECT count(*) FROM item')"
    same journal 1 "$(sql 'SELECT count(*) FROM sealift.journal')"
    same event '23505' "$(sql "SELECT sqlstate FROM sealift.event WHERE phase = 'failure'")"
    # nothing more was committed by the second try
    run_status 10 applier apply one.bundle --yes
    errors_has "migration '0002_half' (1.0.0), statement 3" 'line 4' 23505 'nothing of this run stays; mend the cause'
}

@test "a deferred constraint that fails at COMMIT fails its migration alone" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, up int REFERENCES item DEFERRABLE INITIALLY DEFERRED);'
    script 1.0.0/0002_row.up.sql <<<'INSERT INTO item VALUES (1, 2);'
    script 1.0.0/0003_later.up.sql <<<'CREATE TABLE later ();'
    bundle 1.0.0
    run_status 11 applier apply one.bundle --yes
    errors_has "'0002_row'" 'COMMIT' 23503
    exists item && absent later
    same rows 0 "$(sql 'SELECT count(*) FROM item')"
}

@test "a run as one transaction: all of it, or nothing and status 10" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_more.up.sql <<<'CREATE TABLE more (id int);'
    script 1.1.0/0003_last.up.sql <<<'SELECT 1 / (SELECT count(*) FROM pg_roles WHERE rolname = '"'nobody_yet'"');'
    bundle 1.0.0 1.1.0
    run_status 10 applier apply one.bundle --yes --atomic run --json
    same committed 0 "$(json .committed)"
    absent item && absent more
    same journal 0 "$(sql 'SELECT count(*) FROM sealift.journal')"
    run_status 11 applier apply one.bundle --yes --atomic version
    exists item && exists more
    same state '1.0.0 behind' "$(state)"
    sql 'CREATE ROLE nobody_yet'
    run_status 0 applier apply one.bundle --yes --atomic run
    sql 'DROP ROLE nobody_yet'
    same state '1.1.0 current' "$(state)"
}

@test "a version as one transaction: its first migrations go when its last one fails" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_bad.up.sql <<<'SELECT missing;'
    bundle 1.0.0
    run_status 10 applier apply one.bundle --yes --atomic version
    errors_has "'0002_bad'" 42703
    absent item
}

@test "one transaction is refused, before anything starts, where it cannot be had" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_id ON item (id);'
    script 1.0.0/0003_kind.up.sql <<<"CREATE TYPE kind AS ENUM ('a'); CREATE TABLE kinds (k kind);"
    bundle 1.0.0
    for mode in run version; do
        run_status 7 applier apply one.bundle --yes --atomic "$mode"
        errors_has "'0002_index'" 'cannot run in a transaction'
    done
    absent item
    run_status 0 applier apply one.bundle --yes
}

@test "an enum value that is added and used keeps a run from being one transaction" {
    script 1.0.0/0001_kind.up.sql <<<"CREATE TYPE kind AS ENUM ('a'); CREATE TABLE kinds (k kind);"
    script 1.1.0/0002_add.up.sql <<<"ALTER TYPE kind ADD VALUE 'b';"
    script 1.1.0/0003_use.up.sql <<<"INSERT INTO kinds VALUES ('b');"
    release 1.0.0 1.1.0
    pack_bundle first.bundle 1.0.0 >/dev/null
    pack_bundle second.bundle 1.1.0 --from 1.0.0 >/dev/null
    trust_site
    applier apply first.bundle --yes
    run_status 7 applier apply second.bundle --yes --atomic version
    run_status 0 applier apply second.bundle --yes
    same value b "$(sql 'SELECT k FROM kinds')"
}

@test "a verify script that fails: the version is failed, later migrations wait, mending lets it go on" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.verify.sql <<<'SELECT 1 / (SELECT count(*) FROM item);'
    script 1.0.0/0002_later.up.sql <<<'CREATE TABLE later ();'
    bundle 1.0.0
    run_status 11 applier apply one.bundle --yes
    errors_has "'0001_item'" 'verify script' 22012
    exists item && absent later
    same state 'null failed' "$(state)"
    same migration verify-failed "$(applier status --json | jq -r '.migrations[0].state')"
    same next 'applier resume' "$(applier status --json | jq -r .next)"
    run_status 10 applier resume
    absent later
    sql 'INSERT INTO item VALUES (1)'
    run_status 0 applier resume
    exists later
    same state '1.0.0 current' "$(state)"
}

@test "a verify script can change nothing, not even by a function" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int);
CREATE FUNCTION add() RETURNS int LANGUAGE sql AS 'INSERT INTO item VALUES (1) RETURNING 1';
SQL
    script 1.0.0/0001_item.verify.sql <<<'SELECT add();'
    bundle 1.0.0
    run_status 11 applier apply one.bundle --yes
    errors_has 25006
    same rows 0 "$(sql 'SELECT count(*) FROM item')"
}

@test "a verify script inside the transaction takes its migration with it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.verify.sql <<'SQL'
-- sealift: verify in-transaction
SELECT 1 / (SELECT count(*) FROM item);
SQL
    bundle 1.0.0
    run_status 10 applier apply one.bundle --yes
    absent item
}

@test "a verify script inside the transaction that passes lets its migration write on" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); INSERT INTO item VALUES (1);'
    script 1.0.0/0001_item.verify.sql <<'SQL'
-- sealift: verify in-transaction
SELECT 1 / (SELECT count(*) FROM item);
SQL
    bundle 1.0.0
    run_status 0 applier apply one.bundle --yes
    same state '1.0.0 current' "$(state)"
}

@test "a precheck that fails keeps its migration from beginning" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.precheck.sql <<<"SELECT 1 / (SELECT count(*) FROM pg_roles WHERE rolname = 'reader_of_items');"
    bundle 1.0.0
    for mode in migration version run; do
        run_status 10 applier apply one.bundle --yes --atomic "$mode"
        errors_has "'0001_item'" precheck 22012
        absent item
    done
    sql 'CREATE ROLE reader_of_items'
    run_status 0 applier apply one.bundle --yes --atomic run
    sql 'DROP ROLE reader_of_items'
}

@test "bad COPY data fails its migration, and its rows are not shown" {
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int, name text);
COPY item FROM STDIN;
1	good
secret-hunter2	bad
\.
SQL
    bundle 1.0.0
    run_status 10 applier apply one.bundle --yes
    errors_has "'0001_item'" 'statement 2' 22P02
    errors_lacks hunter2
    absent item
    run_status 10 applier apply one.bundle --yes --show-sql
    errors_has hunter2
    same stored 0 "$(sql "SELECT count(*) FROM sealift.event WHERE words LIKE '%hunter2%'")"
}

@test "a million rows and a flood of warnings do not hold the run up" {
    script 1.0.0/0001_many.up.sql <<'SQL'
SELECT n, repeat('x', 50) FROM generate_series(1, 1000000) n;
SET client_min_messages = debug1;
DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE WARNING 'hunter2 %', i; RAISE NOTICE 'hunter2'; END LOOP; END $$;
CREATE TABLE item ();
SQL
    script 1.0.0/0002_alone.up.sql <<<'VACUUM item;'
    bundle 1.0.0
    run_status 0 /usr/bin/env time -f '%M' -o rss applier apply one.bundle --yes
    errors_lacks hunter2
    output_lacks hunter2
    errors_has 'the server sent ' ' notices and warnings, the last of them 0'
    # AddressSanitizer keeps what is freed for a while: its build says nothing about memory
    [[ ${SEALIFT_BIN:-} == */asan/* ]] || [ "$(tail -n 1 rss)" -lt 65536 ]
}

@test "what a script raises is counted, and shown when asked for" {
    script 1.0.0/0001_item.up.sql <<<"DO \$\$ BEGIN RAISE WARNING 'about hunter2'; RAISE NOTICE 'unheard'; END \$\$;"
    script 1.0.0/0001_item.down.sql <<<"DO \$\$ BEGIN RAISE WARNING 'about hunter3'; END \$\$;"
    bundle 1.0.0
    run_status 0 applier apply one.bundle --yes --json
    same notices '1 01000' "$(json '"\(.notices) \(.notice_sqlstate)"')"
    errors_lacks hunter2
    run_status 0 applier rollback --yes
    errors_has '1 notices and warnings, the last of them 01000'
    errors_lacks hunter3
    run_status 0 applier apply one.bundle --yes --show-sql
    errors_has 'WARNING: 01000' 'about hunter2'
    errors_lacks unheard
    same kept 0 "$(sql "SELECT count(*) FROM sealift.event WHERE words LIKE '%hunter%'")"
}

@test "a run that was killed behind its last step gets its end from the next apply" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    bundle 1.0.0
    applier apply one.bundle --yes
    # as if killed before the last row, and before the state file
    sql "DELETE FROM sealift.event WHERE phase = 'end'"
    rm -rf site/state
    run_status 0 applier apply one.bundle
    output_has 'nothing to do' 'on record now'
    same end end "$(sql 'SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1')"
    grep -rq "$(sql "SELECT encode(digest, 'hex') FROM sealift.journal ORDER BY number DESC LIMIT 1")" site/state
    run_status 0 applier resume
    output_has 'nothing to resume'
}

@test "a needed extension that the server does not have, and a server that is too old, are named" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    cp "$PROJECT/sealift.conf" conf
    sed -i 's/^# *extensions = .*/extensions = plpgsql, no_such_extension>=2/' "$PROJECT/sealift.conf"
    bundle 1.0.0
    run_status 7 applier apply one.bundle --yes
    errors_has "extension 'no_such_extension' in version 2"
    sed 's/^# *server-min = .*/server-min = 99/; s/^# *server-max = .*/server-max = 99/' conf >"$PROJECT/sealift.conf"
    pack_bundle new.bundle 1.0.0 --new-sequence >/dev/null
    run_status 7 applier apply new.bundle --yes
    errors_has 'the bundle needs 99 or later'
    absent item
    same untouched 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
}

@test "a superuser is warned of, and refused where the site's policy says so" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    bundle 1.0.0
    run_status 0 applier plan one.bundle --db "$DB_ADMIN"
    printf '[site]\nsuperuser = refuse\n' >site/config/applier.conf
    run_status 7 applier apply one.bundle --yes --db "$DB_ADMIN"
    errors_has "role 'postgres' is a superuser"
    absent item
    rm site/config/applier.conf
    run_status 0 applier apply one.bundle --yes --db "$DB_ADMIN"
    errors_has 'is a superuser'
    same recorded t "$(sql "SELECT bool_and(superuser) FROM sealift.event")"
}

@test "a role that may make no schema is told the GRANT; one that may make no table fails its step" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    bundle 1.0.0
    sql "ALTER DATABASE $DATABASE OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM PUBLIC; REVOKE ALL ON DATABASE $DATABASE FROM app"
    run_status 7 applier apply one.bundle --yes
    errors_has 42501 "GRANT CREATE ON DATABASE \"$DATABASE\" TO \"app\""
    sql "GRANT CREATE ON DATABASE $DATABASE TO app"
    run_status 10 applier apply one.bundle --yes
    errors_has "'0001_item'" 42501
    sql 'GRANT CREATE ON SCHEMA public TO app'
    run_status 0 applier apply one.bundle --yes
}

@test "a state folder that cannot be written is a warning, for the database is done" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    bundle 1.0.0
    rm -rf site/state
    mkdir -p site
    : >site/state
    run_status 0 applier apply one.bundle --yes
    errors_has 'warning: the state file was not written'
    exists item
}
