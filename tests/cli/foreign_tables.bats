#!/usr/bin/env bats
# What `status` and `adopt` read in the tables of other migration tools: a hint, which the schema decides.
load ../support/common
load ../support/proven
load ../support/background
load ../support/layouts

setup() {
    common_setup
    empty_project
    script 1.0.0/20240101_one.up.sql <<<'CREATE TABLE one (id int);'
    script 1.0.0/20240102_two.up.sql <<<'CREATE TABLE two (id int);'
    script 1.1.0/20240103_rows.up.sql <<<'INSERT INTO one VALUES (1);'
    script 1.2.0/20240104_three.up.sql <<<'CREATE TABLE three (id int);'
    sed -i 's/^layout = .*/layout = sealift/' "$PROJECT/sealift.conf"
    release 1.0.0 1.1.0 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
    fresh_database
    export DATABASE_URL=$DB
}
teardown() { common_teardown; }

said() { run_status 0 applier status "$@"; output_has "state      unmanaged"; }

@test "dbmate: how many, the last, and which version of the bundle that is" {
    psql_as_app -c "CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
        INSERT INTO schema_migrations VALUES ('20240101'), ('20240102')"
    said shop.bundle
    output_has "history    dbmate's public.schema_migrations: 2 migrations, the last 20240102; that is version 1.0.0 of this bundle"
    said
    output_has "history    dbmate's public.schema_migrations: 2 migrations, the last 20240102"
    output_lacks "of this bundle"
    run_status 0 applier status shop.bundle --json
    same json 'dbmate public.schema_migrations null 2 20240102 false 1.0.0 null' "$(json '.foreign_history[0] |
        [.tool, .table, .unread, .migrations, .last, .broken, .version, .inside] | map(tostring) | join(" ")')"
    psql_as_app -c "DELETE FROM schema_migrations WHERE version = '20240102'"
    said shop.bundle
    output_has '1 migration, the last 20240101; that is 1 migration of version 1.0.0 of this bundle'
    psql_as_app -c "TRUNCATE schema_migrations"
    said shop.bundle
    output_has "dbmate's public.schema_migrations: no migration"
    run_status 0 applier apply shop.bundle --yes
    run_status 0 applier status --json
    same managed 0 "$(json '.foreign_history | length')"
}

@test "each tool's table is known by its columns, and read as the tool reads it" {
    psql_as_app <<'SQL'
CREATE SCHEMA gm; CREATE TABLE gm.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO gm.schema_migrations VALUES (20240103, true);
CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp);
INSERT INTO __diesel_schema_migrations VALUES ('20240101');
CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp timestamp);
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (20240101, true), (20240102, true), (20240102, false);
CREATE TABLE pgmigrations (id serial, name text, run_on timestamp);
INSERT INTO pgmigrations (name, run_on) VALUES ('20240102_two', '2024-02-01'), ('20240101_one', '2024-01-01');
CREATE TABLE knex_migrations (id serial, name text, batch int, migration_time timestamptz);
INSERT INTO knex_migrations (name) VALUES ('20240101_one.js'), ('20240102_two.js'), ('20240103_rows.ts');
CREATE TABLE _sqlx_migrations (version bigint, success boolean, checksum bytea);
INSERT INTO _sqlx_migrations VALUES (20240101, true), (20240102, false);
CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz, started_at timestamptz);
INSERT INTO _prisma_migrations VALUES ('20240101_one', now(), NULL, '2024-01-01'), ('20240102_two', NULL, now(), '2024-01-02'),
    ('20240102_two', now(), NULL, '2024-01-03');
CREATE TABLE flyway_schema_history (installed_rank int, version text, type text, success boolean);
INSERT INTO flyway_schema_history VALUES (1, '1', 'SQL', true), (2, '2', 'SQL', true), (3, '2', 'UNDO_SQL', true), (4, NULL, 'SQL', true);
CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text, script_hash text, change text, committed_at int, planned_at int);
INSERT INTO sqitch.changes VALUES ('a', '', '20240101_one', 1, 1), ('b', '', '20240102_two', 2, 2), ('c', '', '20240101_one', 3, 3);
CREATE SCHEMA graphile_migrate; CREATE TABLE graphile_migrate.migrations (hash text, previous_hash text, filename text, date timestamptz);
INSERT INTO graphile_migrate.migrations VALUES ('h', NULL, '20240101.sql', now());
CREATE SCHEMA atlas; CREATE TABLE atlas.atlas_schema_revisions (version text, applied int, total int, executed_at timestamptz);
INSERT INTO atlas.atlas_schema_revisions VALUES ('.atlas_cloud_identifier', 0, 0, now()), ('20240101', 1, 1, now()), ('20240102', 0, 1, now());
CREATE TABLE databasechangelog (id text, author text, filename text, orderexecuted int, dateexecuted timestamp, exectype text);
INSERT INTO databasechangelog VALUES ('1', 'ann', 'db/changes.old/a.b.sql', 1, now(), 'EXECUTED');
CREATE TABLE schema_version (db_name text, curr_version text, min_compatible_version text, creation_time timestamp);
INSERT INTO schema_version VALUES ('temporal', '1.1.0', '1.0.0', now());
CREATE TABLE migrations (filename text); CREATE TABLE changes (id int);
SQL
    run_status 0 applier status shop.bundle --json
    same read "golang-migrate gm.schema_migrations 0 20240103 true null
diesel public.__diesel_schema_migrations 1 20240101 false null
goose public.goose_db_version 1 20240101 false null
node-pg-migrate public.pgmigrations 2 20240102_two false 1.0.0
knex public.knex_migrations 3 20240103_rows.ts false 1.1.0
sqlx public._sqlx_migrations 1 20240102 true null
prisma public._prisma_migrations 2 20240102_two false 1.0.0
flyway public.flyway_schema_history 1 1 false null
sqitch sqitch.changes 3 20240101_one.2 false 1.0.0
graphile-migrate graphile_migrate.migrations 1 20240101.sql false null
atlas atlas.atlas_schema_revisions 1 20240102 true null
liquibase public.databasechangelog 1 a.b:ann:1 false null
temporal public.schema_version 1 1.1.0 false 1.1.0" "$(json '.foreign_history[] |
        [.tool, .table, .migrations, .last, .broken, .version] | map(tostring) | join(" ")')"
    run_status 0 applier status shop.bundle
    output_has "golang-migrate's gm.schema_migrations: at 20240103, and one of them is noted as broken" \
        "temporal's public.schema_version: at 1.1.0; that is version 1.1.0 of this bundle" \
        "flyway's public.flyway_schema_history: 1 migration, the last 1; that is no version of this bundle"
}

# A bundle of the fixture LAYOUT, 1.0.0 of all but its last migration, 1.1.0 of all: fixture LAYOUT THROUGH.
fixture() {
    [ -d "$WORK/$1" ] || layout_project "$1"
    PROJECT=$WORK/$1
    planner release 1.0.0 --through "$2" --project "$PROJECT" >/dev/null
    release 1.1.0
    pack_bundle "$WORK/$1.bundle" 1.1.0 >/dev/null
}

@test "graphile-migrate's and liquibase's rows are known as the planner's identities" {
    fixture graphile-migrate 000002
    psql_as_app <<'SQL'
CREATE SCHEMA graphile_migrate; CREATE TABLE graphile_migrate.migrations (hash text, previous_hash text, filename text, date timestamptz);
INSERT INTO graphile_migrate.migrations VALUES ('a', NULL, '000001.sql', now()), ('b', 'a', '000002.sql', now());
SQL
    said graphile-migrate.bundle
    output_has "graphile_migrate.migrations: 2 migrations, the last 000002.sql; that is version 1.0.0 of this bundle"
    psql_as_app -c 'DROP SCHEMA graphile_migrate CASCADE'
    fixture liquibase "$(layout_project liquibase && planner status --json --project "$WORK/liquibase" |
        jq -r '.migrations[-2].identity')"
    psql_as_app -c "CREATE TABLE databasechangelog (id text, author text, filename text, orderexecuted int, dateexecuted timestamp, exectype text)"
    local number=0
    while IFS=: read -r file author id; do
        number=$((number + 1))
        psql_as_app -c "INSERT INTO databasechangelog VALUES ('$id', '$author', 'files\\$file.sql', $number, now(), 'EXECUTED')"
    done < <(planner status --json --project "$PROJECT" | jq -r '.migrations[:-1][].identity')
    said liquibase.bundle
    output_has "that is version 1.0.0 of this bundle"
}

@test "a table that the role may not read: says so, and what a DBA grants" {
    sql 'CREATE SCHEMA closed; CREATE TABLE closed.goose_db_version (id int, version_id int, is_applied boolean)'
    said shop.bundle
    output_has "goose's closed.goose_db_version: role 'app' may not read it" 'grants SELECT on closed.goose_db_version'
    run_status 0 applier status --json
    same unread true "$(json '.foreign_history[0].unread | contains("may not read")')"
}

@test "a table that cannot be read now does not stop status" {
    psql_as_app -c "CREATE TABLE goose_db_version (id int, version_id int, is_applied int)"
    said
    output_has "goose's public.goose_db_version: " 42804
}

# unsafe SQL REASON: what the role app makes is not read by a superuser, and nothing of it runs.
unsafe() {
    psql_as_app -c "$1"
    run_status 0 applier status shop.bundle --db "$DB_ADMIN"
    output_has "history    " "not read, since reading it could run code of another role: $2"
    output_lacks P0001
    psql_as_app -c "DROP TABLE IF EXISTS t.schema_migrations, t.goose_db_version CASCADE"
}

@test "what other roles made of such a table never runs with the operator's rights" {
    local row="INSERT INTO t.schema_migrations VALUES ('a')" goose="CREATE TABLE t.goose_db_version (id int, version_id int, is_applied boolean"
    psql_as_app <<'SQL'
CREATE SCHEMA t;
CREATE TYPE t.odd AS ENUM ('a');
CREATE FUNCTION t.f(t.odd) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$;
CREATE FUNCTION t.g(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF current_user <> 'app' THEN RAISE EXCEPTION 'it ran'; END IF; RETURN true; END $$;
CREATE CAST (t.odd AS text) WITH FUNCTION t.f(t.odd);
CREATE DOMAIN t.plain AS text;
SQL
    unsafe "CREATE TABLE t.schema_migrations (version t.odd); $row" 'a column of it has a type that is not one of PostgreSQL itself'
    unsafe "CREATE TABLE t.schema_migrations (version t.plain); $row" 'a column of it has a type that is not one of PostgreSQL itself'
    unsafe "CREATE TABLE t.schema_migrations (version text); $row; ALTER TABLE t.schema_migrations ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON t.schema_migrations USING (t.g(1))" 'it has row-level security'
    unsafe "$goose); CREATE INDEX ON t.goose_db_version ((t.g(1)))" 'an index of it has an expression or a condition'
    unsafe "$goose); CREATE INDEX ON t.goose_db_version (id) WHERE t.g(1)" 'an index of it has an expression or a condition'
    unsafe "$goose); CREATE TABLE t.kid (CHECK (t.g(1))) INHERITS (t.goose_db_version)" 'other tables are part of it'
    unsafe "$goose, n int) PARTITION BY LIST (n)" 'other tables are part of it'
    unsafe "$goose, CHECK (t.g(1)))" 'it has a CHECK constraint'
    unsafe "$goose); CREATE STATISTICS t.s ON (t.g(id)), (t.g(1)) FROM t.goose_db_version" 'it has extended statistics'
}

# While its own session (descriptor 8) holds the table back, the role app makes something else of it.
exchanged() {
    mkfifo "$WORK/other"
    "$PG_BIN/psql" -XAtq -d "$DB" <"$WORK/other" >"$WORK/other.out" 2>&1 3>&- &
    exec 8>"$WORK/other"
    echo 'BEGIN; LOCK TABLE t.schema_migrations;' >&8
    until_sql "SELECT count(*) > 0 FROM pg_locks WHERE relation = 't.schema_migrations'::regclass AND mode = 'AccessExclusiveLock'"
    start applier status shop.bundle --db "$DB_ADMIN"
    until_sql "SELECT count(*) > 0 FROM pg_locks WHERE relation = 't.schema_migrations'::regclass AND NOT granted"
    echo "$1; COMMIT;" >&8
    exec 8>&-
    rm "$WORK/other"
    ended 0
}

@test "a table that is exchanged behind the look is not read as it was" {
    psql_as_app <<'SQL'
CREATE SCHEMA t;
CREATE FUNCTION t.g(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF current_user <> 'app' THEN RAISE EXCEPTION 'it ran'; END IF; RETURN true; END $$;
CREATE TABLE t.schema_migrations (version text);
SQL
    exchanged 'CREATE INDEX ON t.schema_migrations ((t.g(1)))'
    output_has "dbmate's t.schema_migrations: not read, since reading it could run code of another role: an index of it has an expression"
    output_lacks P0001
    psql_as_app -c 'DROP TABLE t.schema_migrations; CREATE TABLE t.schema_migrations (version text)'
    exchanged 'DROP TABLE t.schema_migrations; CREATE VIEW t.schema_migrations AS SELECT t.g(1)::text AS version'
    output_has "dbmate's t.schema_migrations: not read, since it is another table than a moment ago"
    output_lacks P0001
    psql_as_app -c 'DROP VIEW t.schema_migrations; CREATE TABLE t.schema_migrations (version text)'
    exchanged 'DROP TABLE t.schema_migrations'
    output_has "dbmate's t.schema_migrations: " 42P01
    psql_as_app -c 'CREATE TABLE t.schema_migrations (version text)'
    exchanged "INSERT INTO t.schema_migrations VALUES ('20240101')"
    output_has "dbmate's t.schema_migrations: 1 migration, the last 20240101"
}

@test "operators and functions of the schema public are not taken for those of PostgreSQL" {
    sql 'GRANT CREATE ON SCHEMA public TO app'
    psql_as_app <<'SQL'
CREATE FUNCTION more(text, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$;
CREATE OPERATOR > (LEFTARG = text, RIGHTARG = int, FUNCTION = more);
CREATE FUNCTION format(text, name, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it ran'; END $$;
CREATE TABLE goose_db_version (id int, version_id text, is_applied boolean);
INSERT INTO goose_db_version VALUES (1, '1', true);
SQL
    run_status 0 applier status shop.bundle --db "$DB_ADMIN"
    output_has "goose's public.goose_db_version: "
    output_lacks P0001
}

@test "names and cells of a table forge no line and steer no terminal" {
    psql_as_app <<'SQL'
CREATE SCHEMA "a
state      managed";
CREATE TABLE "a
state      managed".pgmigrations (id int, name text, run_on timestamp);
INSERT INTO "a
state      managed".pgmigrations VALUES (1, E'x\nversion    9.9.9\x1b[2J', now());
SQL
    said shop.bundle
    output_has 'node-pg-migrate'"'"'s "a state      managed".pgmigrations: 1 migration, the last x version    9.9.9\x1b[2J;'
    same 'forged lines' 0 "$(grep -cE '^(state      managed|version )' <<<"$output")"
    sql 'ALTER TABLE "a
state      managed".pgmigrations OWNER TO postgres; REVOKE ALL ON "a
state      managed".pgmigrations FROM app'
    said shop.bundle
    output_has 'may not read it: a DBA grants SELECT on "a state      managed".pgmigrations'
}

# Versions 1.0.0 and 1.1.0 have the same schema; `version` of them is noted.
noted() {
    psql_as_app -c "CREATE SCHEMA tool; CREATE TABLE tool.schema_migrations (version varchar PRIMARY KEY)"
    for version in "$@"; do psql_as_app -c "INSERT INTO tool.schema_migrations VALUES ('$version')"; done
}

@test "adopt: of versions with one schema it takes the one that the table names" {
    prove shop.bundle
    psql_as_app -c 'CREATE TABLE one (id int); CREATE TABLE two (id int)'
    run_status 7 applier adopt shop.bundle --yes
    noted 20240101 20240102 20240103
    run_status 0 applier adopt shop.bundle --yes --json
    same version '1.1.0 dbmate 1.1.0' "$(json '"\(.version) \(.foreign_history[0].tool) \(.foreign_history[0].version)"')"
    errors_lacks 'which decides'
}

@test "adopt: where table and schema disagree the schema holds, and both are named" {
    prove shop.bundle
    psql_as_app -c 'CREATE TABLE one (id int); CREATE TABLE two (id int); CREATE TABLE three (id int)'
    noted 20240101 20240102
    sql 'CREATE TABLE tool.goose_db_version (id int, version_id int, is_applied boolean)'
    run_status 0 applier adopt shop.bundle --yes
    output_has 'as shop 1.2.0'
    errors_has "goose's tool.goose_db_version: role 'app' may not read it"
    errors_has "dbmate's tool.schema_migrations: 2 migrations, the last 20240102; that is version 1.0.0 of this bundle; the schema is that of version 1.2.0, which decides"
}

@test "adopt: where no schema fits, what the table says is named all the same" {
    prove shop.bundle
    psql_as_app -c 'CREATE TABLE one (id int)'
    noted 20240101 20240102
    run_status 7 applier adopt shop.bundle --yes
    errors_has "dbmate's tool.schema_migrations: 2 migrations, the last 20240102; that is version 1.0.0 of this bundle"
}

@test "on a standby the tables are read too" {
    private_cluster
    psql_as_app -c "CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
        INSERT INTO schema_migrations VALUES ('20240101')"
    standby_of_private
    run_status 0 applier status shop.bundle --db "$THERE"
    output_has "standby    replayed to" "dbmate's public.schema_migrations: 1 migration, the last 20240101"
}
