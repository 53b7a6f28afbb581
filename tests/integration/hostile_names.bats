# Somebody may CREATE in a schema of the search_path (up to PostgreSQL 14 everybody in public), and
# puts functions and operators there that match what we call better than the server's own. None of them
# may be run by a session of ours.
load ../support/common
load ../support/hostile

setup() {
    common_setup
    private_cluster
    cluster_psql "$PRIVATE" private -q -c 'CREATE ROLE intruder LOGIN;
        GRANT CREATE ON DATABASE private TO intruder; GRANT CREATE ON SCHEMA public TO PUBLIC'
    INTRUDER=$(cluster_conninfo "$PRIVATE" private intruder)
    export DATABASE_URL=$DB_ADMIN
}
teardown() { common_teardown; }

# A product in a schema of its own, with every kind of step. Its scripts name what they use: what is
# called is called by us. $1: their search_path.
product() {
    empty_project shop
    sed -i "s/^# search-path = .*/search-path = $1/; s/^# scope = .*/scope = shop/" "$PROJECT/sealift.conf"
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE SCHEMA shop;
CREATE TABLE item (id bigint PRIMARY KEY, name text, price int);
COPY item (id, name) FROM STDIN;
1	one
2	two
3	three
\.
SQL
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item; DROP SCHEMA shop;'
    script 1.0.0/0001_item.verify.sql <<<'SELECT true FROM item;'
    script 1.1.0/0002_price.up.sql <<'SQL'
-- sealift: batch key=id size=1
UPDATE item SET price = 1 WHERE id OPERATOR(pg_catalog.>=) $1 AND id OPERATOR(pg_catalog.<=) $2;
SELECT NOT EXISTS (SELECT FROM item WHERE price IS NULL);
SQL
    script 1.1.0/0002_price.down.sql <<<'UPDATE item SET price = NULL;'
    script 1.1.0/0002_price.precheck.sql <<'SQL'
-- sealift: gate
SELECT true FROM item LIMIT 1;
SQL
    script 1.1.0/0003_index.up.sql <<'SQL'
-- sealift: no-transaction
CREATE INDEX CONCURRENTLY item_price ON item (price);
REINDEX INDEX CONCURRENTLY item_price;
SQL
    script 1.1.0/0003_index.down.sql <<<'DROP INDEX item_price;'
}

# What product() makes, rehearsed: shop.bundle to 1.1.0, and late.bundle, whose step fails as long as
# public.missing is not there.
bundles() {
    run_status 0 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" \
        --major "$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')"
    release 1.0.0 1.1.0
    make_key vendor
    planner pack --project "$PROJECT" --to 1.1.0 --out shop.bundle --sign keys/vendor >/dev/null
    script 1.2.0/0004_late.up.sql <<<'ALTER TABLE item ADD COLUMN late int; SELECT FROM missing;'
    script 1.2.0/0004_late.down.sql <<<'ALTER TABLE item DROP COLUMN late;'
    script 1.2.0/0004_late.verify.sql <<<'-- sealift: verify in-transaction
SELECT true;'
    release 1.2.0
    pack_bundle late.bundle 1.2.0 --new-sequence >/dev/null
    trust_site
}

# Every command that opens a database, on the way to 1.2.0 and back.
life() {
    run_status 0 applier preflight shop.bundle
    run_status 0 applier plan shop.bundle
    run_status 0 applier apply shop.bundle --to 1.0.0 --yes
    run_status 0 applier rehearse shop.bundle --method template --yes
    run_status 0 applier preflight shop.bundle
    run_status 0 applier plan shop.bundle --json
    run_status 0 applier apply shop.bundle --yes --max-lag 1GB
    output_has 'the schema is the one proven at build time'
    run_status 0 applier apply shop.bundle --yes
    run_status 0 applier drift
    run_status 10 applier apply late.bundle --yes
    run_status 10 applier rehearse late.bundle --method rolled-back --yes
    run_status 0 applier status
    sql 'CREATE TABLE public.missing ()'
    run_status 0 applier rehearse late.bundle --method rolled-back --yes
    run_status 0 applier resume
    sql 'DROP TABLE public.missing'
    run_status 0 applier status --json
    run_status 0 applier history
    run_status 0 applier fingerprint --schema shop
    run_status 0 applier rollback --plan --to 1.0.0
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    killed_in_a_step
    foreign_history
    adopted
}

# until_true SQL
until_true() {
    local left=400
    until [ "$(sql "SELECT $1")" = t ]; do
        [ $((left--)) -gt 0 ] || { echo "not within 40 s: $1"; return 1; }
        sleep 0.1
    done
}

# Waits behind a snapshot, seen by the second session, stopped, killed, and settled.
killed_in_a_step() {
    local blocker pid
    sql 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_catalog.pg_sleep(300)' >/dev/null 2>&1 3>&- &
    blocker=$!
    until_true "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)' AND state = 'active')"
    applier apply shop.bundle --yes --heartbeat 1 >out 2>err 3>&- </dev/null &
    pid=$!
    until_true "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock')"
    until_true "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'sealift%watch%' AND state = 'idle' AND query LIKE '%pg_blocking_pids%')"
    kill -INT "$pid"
    sleep 1
    kill -KILL "$pid"
    wait "$pid" || true
    sql "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sealift%' OR query LIKE '%pg_sleep(300)'" >/dev/null
    wait "$blocker" || true
    run_status 0 applier status
    output_has unsettled
    run_status 0 applier resume
    output_has 'settled what the last run left open'
}

# What another tool has left in public, as the superuser's.
foreign_history() {
    sql "CREATE TABLE public.knex_migrations (id serial, name text, batch int, migration_time timestamptz)"
    run_status 0 applier status shop.bundle
}

# A copy of all that without its ledger.
adopted() {
    sql "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid() AND datname = 'private'" >/dev/null
    cluster_psql "$PRIVATE" postgres -q -c 'CREATE DATABASE adopted TEMPLATE private'
    cluster_psql "$PRIVATE" adopted -q -c 'DROP SCHEMA sealift CASCADE'
    run_status 0 applier adopt shop.bundle --yes --db "$(cluster_conninfo "$PRIVATE" adopted postgres)"
}

@test "functions and operators in public that match better than the server's are never called" {
    product 'shop, public'
    bundles
    plant "$INTRUDER" public crossed
    # they are what they are meant to be: somebody without a pinned search_path calls them
    "$PG_BIN/psql" -XAtq -d "dbname=private application_name=sealift-by-hand $DB_ADMIN" -c "SELECT lower('a'::name), 'a'::name || 'b'::text" >/dev/null || true
    grep -q 'planted lower(name) for sealift-by-hand' "$PRIVATE/server.log"
    sed -i '/ for sealift-by-hand/d' "$PRIVATE/server.log"
    life
    echo "# planted: $(sql 'SELECT * FROM planted.counts') functions and operators" >&3
    same called '' "$(called "$PRIVATE")"
}

@test "nor is their exact likeness, where a vendor's search_path puts public before pg_catalog" {
    product 'shop, public, pg_catalog'
    bundles
    plant "$INTRUDER" public all
    life
    same called '' "$(called "$PRIVATE")"
}

# The text of a statement of ours.
text_of() {
    awk -v name="$1" '/^-- :name / { on = $3 == name } on && !/^--/' "$TOP"/applier/sql/*.sql
}

# needs TEXT: what of the schema `likeness`, which stands before pg_catalog, PostgreSQL finds in it.
needs() {
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$DB_ADMIN" <<SQL
PREPARE p AS $1;
SELECT coalesce(string_agg(format('%I.%I', n.nspname, t.typname), ', ' ORDER BY place), '') AS types
  FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS p (type, place)
  JOIN pg_type t ON t.oid = p.type JOIN pg_namespace n ON n.oid = t.typnamespace \gset
SET search_path = likeness, pg_catalog;
CREATE FUNCTION sealift.f(:types) RETURNS void LANGUAGE sql BEGIN ATOMIC $1; END;
SET search_path = pg_catalog;
SELECT DISTINCT pg_describe_object(refclassid, refobjid, refobjsubid) AS object FROM pg_depend
 WHERE classid = 'pg_proc'::regclass AND objid = 'sealift.f'::regproc
   AND pg_describe_object(refclassid, refobjid, refobjsubid) ~ 'likeness' ORDER BY 1;
DROP FUNCTION sealift.f;
SQL
}

@test "the statements that run with the search_path of scripts name the schema of all they use" {
    local name found=
    [ "$(sql 'SHOW server_version_num')" -ge 140000 ] || skip "PostgreSQL 13 keeps no parsed function"
    text_of ledger_schema | "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$DB_ADMIN"
    sql 'CREATE SCHEMA likeness AUTHORIZATION intruder'
    plant "$INTRUDER" likeness all
    for name in text name jsonb; do
        sql "CREATE DOMAIN likeness.$name AS pg_catalog.$name"
    done
    same 'what is found' 'function likeness.lower(text)' "$(needs "SELECT lower('a'::pg_catalog.text)")"
    same 'an operator' 1 "$(needs "SELECT relname = 'a' FROM pg_catalog.pg_class" | grep -c 'operator likeness.=')"
    same 'a type' 'type likeness.text' "$(needs "SELECT \$1::text IS NULL")"
    for name in session_facts path_set path_pause path_resume stop_guard stop_lock_wait group_open \
        ledger_insert_journal ledger_insert_version batch_subject probe_index probe_reindex probe_detach \
        probe_database probe_tablespace probe_subscription; do
        [ -n "$(text_of $name)" ] || { echo "there is no $name"; return 1; }
        found+=$(needs "$(text_of $name)" | sed "s/^/ $name: /")
    done
    same 'not named' '' "$found"
    # … and no other text is run so: by name, or by the table of probes
    same 'run so' 'ledger_insert_journal ledger_insert_version path_pause path_resume path_set session_facts stop_guard stop_lock_wait' \
        "$(cat "$TOP"/applier/*/*.c | tr -d '\n' | grep -oE 'pg_query_qualified\( *[a-z>_-]+, *SQL_[a-z_]+' |
            sed 's/.*SQL_//' | sort -u | xargs)"
}

@test "a script gets what its own search_path finds, a vendor's overload in public too" {
    empty_project shop
    script 1.0.0/0001_own.up.sql <<'SQL'
CREATE FUNCTION public.lower(name) RETURNS text LANGUAGE sql AS $$ SELECT 'the vendor''s' $$;
CREATE TABLE seen AS SELECT lower('A'::name) AS first, current_setting('search_path') AS path;
SQL
    script 1.0.0/0002_next.up.sql <<'SQL'
SET search_path = pg_catalog;
CREATE TABLE public.next AS SELECT current_setting('search_path') AS path;
RESET search_path;
INSERT INTO seen SELECT lower('B'::name), current_setting('search_path');
SQL
    script 1.0.0/0002_next.verify.sql <<<"SELECT lower('C'::name) = 'the vendor''s' AND current_setting('search_path') = 'public';"
    release 1.0.0
    pack_bundle own.bundle 1.0.0 >/dev/null
    trust_site
    run_status 0 applier apply own.bundle --yes
    same seen "the vendor's public the vendor's public" "$(sql 'SELECT * FROM public.seen' | tr '|' ' ' | xargs -d '\n')"
    same next pg_catalog "$(sql 'SELECT path FROM public.next')"
    same recorded public "$(sql "SELECT settings->>'search_path' FROM sealift.event WHERE phase = 'begin'")"
}

@test "deferred triggers run with the search_path of scripts, at COMMIT and where all is rolled back" {
    empty_project shop
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE noted (path text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO noted VALUES (current_setting('search_path')); RETURN NULL; END $$;
CREATE TABLE item (id int);
CREATE CONSTRAINT TRIGGER note AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO item VALUES (1);
SQL
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item, noted; DROP FUNCTION note();'
    release 1.0.0
    pack_bundle item.bundle 1.0.0 >/dev/null
    trust_site
    run_status 0 applier rehearse item.bundle --method rolled-back --yes
    run_status 0 applier apply item.bundle --yes
    same noted public "$(sql 'SELECT path FROM public.noted')"
}
