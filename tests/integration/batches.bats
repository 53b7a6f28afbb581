# Steps that run in batches: ranges of keys, a transaction each, the cursor in the journal. Killed at
# any call that reaches the server, a run converges to what an undisturbed one leaves.
load ../support/common

setup() { common_setup; }
teardown() { common_teardown; }

# A product that fills a column of 95 (or $1) rows in ranges of 10, and empties it so on the way back.
batch_bundle() {
    empty_project ships
    script 1.0.0/0001_ships.up.sql <<SQL
CREATE TABLE ship (id bigint PRIMARY KEY, name text NOT NULL, call_sign text, touched int NOT NULL DEFAULT 0);
INSERT INTO ship SELECT g * 3, 'ship ' || g FROM generate_series(1, ${1:-95}) g;
SQL
    script 1.0.0/0001_ships.down.sql <<<'DROP TABLE ship;'
    script 1.1.0/0001_call_signs.up.sql <<'SQL'
-- sealift: batch key=id size=10
UPDATE ship SET call_sign = 'S' || id, touched = touched + 1 WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM ship WHERE call_sign IS NULL;
SQL
    script 1.1.0/0001_call_signs.down.sql <<'SQL'
-- sealift: batch key=id size=20 table=public.ship
UPDATE public.ship SET call_sign = NULL, touched = touched + 100 WHERE id >= $1 AND id <= $2;
SELECT NOT EXISTS (SELECT FROM ship WHERE call_sign IS NOT NULL);
SQL
    script 1.1.0/0002_not_null.up.sql <<<'ALTER TABLE ship ALTER call_sign SET NOT NULL;'
    script 1.1.0/0002_not_null.down.sql <<<'ALTER TABLE ship ALTER call_sign DROP NOT NULL;'
    release 1.0.0 1.1.0
    pack_bundle "$WORK/ships.bundle" 1.1.0 >/dev/null
    trust_site
}

# Schema, rows, and what the ledger says was done, each thing once and in order.
everything_of() {
    schema_of "$1"
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
SELECT * FROM ship ORDER BY id;
SELECT kind, direction, version, identity, group_number, group_count, first_step, last_step, complete,
       position_after, CASE WHEN kind = 'batch' THEN result || ' ' || words END
  FROM sealift.journal ORDER BY number;
SELECT 'version', name, position FROM sealift.version ORDER BY position;
SQL
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state)"'; }

@test "a batch goes through the table range by range, each once, and back" {
    batch_bundle
    fresh_database
    run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    output_has "10 batches of 95 rows"
    same "rows" "95|95|95" "$(sql 'SELECT count(*), count(call_sign), sum(touched) FROM ship')"
    same "ranges" "10|30|285|95" "$(sql "SELECT count(*), min(words::int), max(words::int), sum(result::int)
                                       FROM sealift.journal WHERE kind = 'batch'")"
    same state "1.1.0 current" "$(state)"
    run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    output_has "nothing to do"
    run_status 0 applier rollback --plan --to 1.0.0 --db "$DB"
    output_has "in batches of 20 rows by ship.id, each a transaction, with pauses of 0 ms; 0 done already"
    run_status 0 applier rollback --plan --to 1.0.0 --db "$DB" --json
    same "kinds" "transaction batch" "$(json '[.ways_back[].groups[].kind] | join(" ")')"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
    same "rows after the way back" "95|0|$((95 * 101))" "$(sql 'SELECT count(*), count(call_sign), sum(touched) FROM ship')"
    same "ranges back" 5 "$(sql "SELECT count(*) FROM sealift.journal WHERE kind = 'batch' AND direction = 'down'")"
    run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes --json
    same "batches" 10 "$(json .batches)"
    same "rows of them" 95 "$(json .batch_rows)"
    same state "1.1.0 current" "$(state)"
}

@test "killed at every send of a batched run it converges, by resume and by apply" {
    batch_bundle 25
    fresh_database
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" \
        applier apply "$WORK/ships.bundle" --db "$DB" --yes
    everything_of "$DB_ADMIN" >"$WORK/expected"
    points=$(cat "$WORK/count")
    killed=0 inside=0
    for at in $(seq 1 "$points"); do
        fresh_database
        status=0
        with_fault FAULT_CALLS=send FAULT_AT="$at" \
            applier apply "$WORK/ships.bundle" --db "$DB" --yes >/dev/null 2>&1 || status=$?
        same "status at send $at" 137 "$status"
        killed=$((killed + 1))
        why=$(applier status --db "$DB" --json | jq -r '.why // ""')
        [[ $why != *"batch"* ]] || inside=$((inside + 1))
        if [ $((at % 2)) -eq 0 ]; then
            run_status 0 applier resume --db "$DB"
        fi
        if [ "$(state)" != "1.1.0 current" ]; then
            run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes
        fi
        same "state at send $at" "1.1.0 current" "$(state)"
        everything_of "$DB_ADMIN" >"$WORK/got"
        diff "$WORK/expected" "$WORK/got" || { echo "differs at send $at"; return 1; }
        drop_database
    done
    echo "# killed at $killed of $points sends, $inside of them between two batches" >&3
    [ "$inside" -ge 15 ]
}

@test "a rollback of a batch killed on its way converges" {
    batch_bundle 25
    fresh_database
    run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" \
        applier rollback --to 1.0.0 --db "$DB" --yes
    everything_of "$DB_ADMIN" >"$WORK/expected"
    points=$(cat "$WORK/count") inside=0
    for at in $(seq 12 4 "$points"); do
        fresh_database
        run_status 0 applier apply "$WORK/ships.bundle" --db "$DB" --yes
        with_fault FAULT_CALLS=send FAULT_AT="$at" \
            applier rollback --to 1.0.0 --db "$DB" --yes >/dev/null 2>&1 || true
        why=$(applier status --db "$DB" --json | jq -r '.why // ""')
        [[ $why != *"batch"* ]] || inside=$((inside + 1))
        run_status 0 applier resume --db "$DB"
        [ "$(state)" = "1.0.0 behind" ] || run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
        everything_of "$DB_ADMIN" >"$WORK/got"
        diff "$WORK/expected" "$WORK/got" || { echo "differs at send $at"; return 1; }
        drop_database
    done
    echo "# $inside of the points were between two batches" >&3
    [ "$inside" -ge 2 ]
}

# A batch whose second range raises until table `calm` has a row. Sets what batch_bundle sets.
raising_bundle() {
    empty_project ships
    script 1.0.0/0001_ships.up.sql <<'SQL'
CREATE TABLE ship (id bigint PRIMARY KEY, name text, touched int NOT NULL DEFAULT 0);
CREATE TABLE calm (yes boolean);
INSERT INTO ship SELECT g, 'ship ' || g FROM generate_series(1, 30) g;
CREATE FUNCTION touch(at bigint) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF at = 15 AND NOT EXISTS (SELECT FROM calm) THEN RAISE EXCEPTION 'not yet'; END IF;
    RETURN 1;
END $$;
SQL
    script 1.0.0/0001_ships.down.sql <<<'DROP TABLE ship, calm; DROP FUNCTION touch;'
    script 1.1.0/0001_touch.up.sql <<'SQL'
-- sealift: batch key=id size=10 pause=1ms
UPDATE ship SET touched = touched + touch(id) WHERE id BETWEEN $1 AND $2;
SELECT bool_and(touched = 1) FROM ship;
SQL
    script 1.1.0/0001_touch.down.sql <<'SQL'
-- sealift: batch key=id size=7
UPDATE ship SET touched = 0 WHERE id BETWEEN $1 AND $2;
SELECT bool_and(touched = 0) FROM ship;
SQL
    release 1.0.0 1.1.0
    pack_bundle "$WORK/ships.bundle" 1.1.0 >/dev/null
    trust_site
}

@test "a range that fails stops the run behind the last one; it is resumed, or taken back" {
    raising_bundle
    fresh_database
    run_status 11 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    errors_has "statement 1 of its up script"
    same "rows done" 10 "$(sql 'SELECT sum(touched) FROM ship')"
    run_status 0 applier status --db "$DB"
    output_has "failed" "0 of 1 groups and 1 batch of the next, 10 rows" "applier resume"
    run_status 10 applier resume --db "$DB"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
    same "rows taken back" "0|5" "$(sql "SELECT sum(touched), (SELECT count(*) FROM sealift.journal
        WHERE kind = 'batch' AND direction = 'down') FROM ship")"
    same state "1.0.0 behind" "$(state)"
    run_status 11 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    # Nothing but the batch was begun by this run.
    errors_has "1 batch was committed before" "'applier rollback --db" 'takes back'
    psql_as_app -c 'INSERT INTO calm VALUES (true)'
    run_status 0 applier resume --db "$DB"
    output_has "2 batches of 20 rows"
    same "each row once" "30|1|1" "$(sql 'SELECT count(*), min(touched), max(touched) FROM ship')"
}

@test "an assertion that does not hold behind the last range: nothing is complete, the ranges stay" {
    batch_bundle
    fresh_database
    run_status 0 applier apply "$WORK/ships.bundle" --to 1.0.0 --db "$DB" --yes
    # A row that the batch leaves without a call sign.
    psql_as_app -c "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF NEW.id = 150 THEN NEW.call_sign := NULL; END IF; RETURN NEW; END';
        CREATE TRIGGER forget BEFORE UPDATE ON ship FOR EACH ROW EXECUTE FUNCTION forget()"
    run_status 11 applier apply "$WORK/ships.bundle" --db "$DB" --yes
    errors_has "statement 2 of its up script" "its answer is not true"
    psql_as_app -c "DROP TRIGGER forget ON ship; UPDATE ship SET call_sign = 'x' WHERE id = 150"
    run_status 0 applier resume --db "$DB"
    same state "1.1.0 current" "$(state)"
    same "no range twice" 1 "$(sql 'SELECT max(touched) FROM ship WHERE id <> 150')"
}

@test "an interrupt stops at the next range, and resume goes on from there" {
    batch_bundle
    fresh_database
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" \
        applier apply "$WORK/ships.bundle" --db "$DB" --yes
    points=$(cat "$WORK/count")
    drop_database
    fresh_database
    # Where 40 calls are left some of the ten ranges are done, and some are not.
    run_status 130 with_fault FAULT_CALLS=send FAULT_AT=$((points - 40)) FAULT_SIGNAL=2 \
        applier apply "$WORK/ships.bundle" --db "$DB" --yes
    errors_has "interrupted behind batch" "of migration '0001_call_signs' (1.1.0)"
    run_status 0 applier status --db "$DB"
    output_has "applier resume"
    run_status 0 applier resume --db "$DB"
    same "each row once" "95|1|1" "$(sql 'SELECT count(call_sign), min(touched), max(touched) FROM ship')"
    same state "1.1.0 current" "$(state)"
}

@test "a row that somebody holds is tried again, that range alone" {
    batch_bundle
    fresh_database
    run_status 0 applier apply "$WORK/ships.bundle" --to 1.0.0 --db "$DB" --yes
    mkfifo "$WORK/go"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" <"$WORK/go" >"$WORK/held" 2>&1 3>&- &
    exec 8>"$WORK/go"
    echo "BEGIN; UPDATE ship SET name = 'held' WHERE id = 150; SELECT 'held';" >&8
    for _ in $(seq 200); do ! grep -q held "$WORK/held" || break; sleep 0.05; done
    applier apply "$WORK/ships.bundle" --db "$DB" --yes --lock-timeout 50 >"$WORK/out" 2>"$WORK/err" 3>&- 8>&- &
    pid=$!
    for _ in $(seq 400); do ! grep -q "rolled back (55P03)" "$WORK/err" || break; sleep 0.05; done
    echo "COMMIT;" >&8
    exec 8>&-
    wait "$pid"
    grep "rolled back (55P03), attempt 2 follows" "$WORK/err"
    same "each row once" "95|1|1" "$(sql 'SELECT count(call_sign), min(touched), max(touched) FROM ship')"
    same "attempts beyond the first" t "$(sql "SELECT max(attempt) > 1 FROM sealift.journal WHERE kind = 'batch'")"
    same "ranges" 10 "$(sql "SELECT count(*) FROM sealift.journal WHERE kind = 'batch'")"
}

@test "keys of other types, keys that are not unique, a partitioned table, an empty one" {
    empty_project ships
    script 1.0.0/0001_tables.up.sql <<'SQL'
CREATE TABLE log (at timestamptz NOT NULL, line text, seen int NOT NULL DEFAULT 0) PARTITION BY RANGE (at);
CREATE TABLE log_a PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2020-01-02');
CREATE TABLE log_b PARTITION OF log FOR VALUES FROM ('2020-01-02') TO ('2030-01-01');
CREATE INDEX ON log (at);
INSERT INTO log SELECT timestamptz '2020-01-01' + (g / 3) * interval '1 hour 1 microsecond', g FROM generate_series(1, 100) g;
CREATE TABLE "Odd" ("The Key" text COLLATE "C" PRIMARY KEY, seen int NOT NULL DEFAULT 0);
INSERT INTO "Odd" SELECT chr(34) || chr(92) || chr(39) || md5(g::text) FROM generate_series(1, 40) g;
CREATE TABLE bytes (k bytea PRIMARY KEY, seen int NOT NULL DEFAULT 0);
INSERT INTO bytes SELECT decode(md5(g::text), 'hex') FROM generate_series(1, 40) g;
CREATE TABLE empty (id uuid PRIMARY KEY, seen int NOT NULL DEFAULT 0);
SQL
    script 1.0.0/0001_tables.down.sql <<<'DROP TABLE log, "Odd", bytes, empty;'
    local number=1 table key
    for table in log:at '"Odd":"The Key"' bytes:k empty:id; do
        key=${table#*:} table=${table%%:*} number=$((number + 1))
        script 1.0.0/000${number}_see.up.sql <<SQL
-- sealift: batch key=$key size=7
UPDATE $table SET seen = seen + 1 WHERE $key BETWEEN \$1 AND \$2;
SELECT coalesce(bool_and(seen = 1), true) FROM $table;
SQL
        script 1.0.0/000${number}_see.down.sql <<<'SELECT 1;'
    done
    release 1.0.0
    pack_bundle "$WORK/odd.bundle" 1.0.0 >/dev/null
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/odd.bundle" --db "$DB" --yes
    same "rows, each once" "100|1|1|40|1|1|40|1|1" "$(sql 'SELECT l.*, o.*, b.* FROM
        (SELECT count(*), min(seen), max(seen) FROM log) l,
        (SELECT count(*), min(seen), max(seen) FROM "Odd") o,
        (SELECT count(*), min(seen), max(seen) FROM bytes) b')"
}

@test "what a batch cannot go by is refused: no index, no table, rows without a key, a wrong statement" {
    local case column between words
    for case in "id bigint|BETWEEN|no btree index leads with the key" \
        "id bigint UNIQUE|BETWEEN|rows whose key is null" \
        "other bigint|BETWEEN|no such column to go by" \
        "id bigint PRIMARY KEY|BETWEN|42601"; do
        IFS='|' read -r column between words <<<"$case"
        rm -rf "$WORK/bad" "$WORK/bad.bundle"
        empty_project bad
        script 1.0.0/0001_t.up.sql <<<"CREATE TABLE t (n int, $column);"
        [[ $column != *UNIQUE ]] || echo "INSERT INTO t SELECT g FROM generate_series(1, 3) g;" \
            >>"$PROJECT/migrations/1.0.0/0001_t.up.sql"
        script 1.0.0/0001_t.down.sql <<<"DROP TABLE t;"
        script 1.0.0/0002_b.up.sql <<SQL
-- sealift: batch key=id
UPDATE t SET n = 1 WHERE id $between \$1 AND \$2;
SELECT true;
SQL
        script 1.0.0/0002_b.down.sql <<<"SELECT 1;"
        release 1.0.0
        pack_bundle "$WORK/bad.bundle" 1.0.0 >/dev/null
        rm -rf "$WORK/site"
        trust_site
        fresh_database
        run_status 11 applier apply "$WORK/bad.bundle" --db "$DB" --yes
        errors_has "migration '0002_b' (1.0.0), statement 1 of its up script" "$words"
        same "ranges" 0 "$(sql "SELECT count(*) FROM sealift.journal WHERE kind = 'batch'")"
    done
}

@test "inspect and plan show the batch" {
    batch_bundle
    run_status 0 applier inspect "$WORK/ships.bundle"
    output_has "in batches of 10 by ship.id"
    run_status 0 applier inspect "$WORK/ships.bundle" --json
    same batch '{"table_schema":"public","table":"ship","key":"id","size":20,"pause_ms":0}' \
        "$(json '.versions[1].migrations[0].down.batch' | jq -c .)"
    same kinds "batch assertion" "$(json '.versions[1].migrations[0].up.groups[0].steps | map(.kind) | join(" ")')"
    fresh_database
    run_status 0 applier plan "$WORK/ships.bundle" --db "$DB"
    output_has "in batches of 10 rows by ship.id, each a transaction"
    run_status 0 applier plan "$WORK/ships.bundle" --db "$DB" --json
    same group batch "$(json '.migrations[1].groups[0].kind')"
    run_status 7 applier plan "$WORK/ships.bundle" --db "$DB" --atomic run
    errors_has "runs in batches, each in a transaction of its own"
}

@test "batches and gates are rehearsed, up and back, and the site's schema is the one proven" {
    local major
    major=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    empty_project ships
    script 1.0.0/0001_ships.up.sql <<'SQL'
CREATE TABLE ship (id bigint PRIMARY KEY, name text NOT NULL);
SQL
    script 1.0.0/0001_ships.down.sql <<<'DROP TABLE ship;'
    script 1.1.0/0001_column.up.sql <<<'ALTER TABLE ship ADD call_sign text;'
    script 1.1.0/0001_column.down.sql <<<'ALTER TABLE ship DROP call_sign;'
    script 1.1.0/0001_column.precheck.sql <<'SQL'
-- sealift: gate
SELECT count(*) = 0 FROM ship WHERE name = '';
SQL
    script 1.1.0/0002_call_signs.up.sql <<'SQL'
-- sealift: batch key=id size=2 pause=1min
UPDATE ship SET call_sign = 'S' || id WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM ship WHERE call_sign IS NULL;
SQL
    script 1.1.0/0002_call_signs.down.sql <<'SQL'
-- sealift: batch key=id size=2 pause=1min
UPDATE ship SET call_sign = NULL WHERE id BETWEEN $1 AND $2;
SELECT count(*) = 0 FROM ship WHERE call_sign IS NOT NULL;
SQL
    # The rehearsal leaves the pauses out, else this took minutes.
    run_status 0 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$major" --json
    same "ways back" "exact exact exact" "$(json '[.versions[].migrations[].way_back] | join(" ")')"
    same "locked by the batch" "public.ship RowExclusiveLock" "$(json '[.versions[1].migrations[1].measured[]
        | select(.script == "up" and .line == 2) | .relations[] | select(.relation == "public.ship")][0]
        | "\(.relation) \(.lock)"')"
    release 1.0.0 1.1.0
    make_key vendor
    planner pack --project "$PROJECT" --to 1.1.0 --out ships.bundle --sign keys/vendor
    trust_site
    fresh_database
    run_status 0 applier apply ships.bundle --db "$DB" --yes
    output_has "the schema is the one proven at build time"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
    output_has "the schema is the one proven at build time"
}

@test "whoever paces the run is asked before each unit and behind each range" {
    local engine
    engine=$(realpath "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/engine_run")
    batch_bundle
    fresh_database
    export DATABASE_URL=$DB
    run_status 11 "$engine" apply "$WORK/ships.bundle" --refuse-after 6
    errors_has "a standby lags"
    output_has "batches 4"
    same "rows" 40 "$(sql 'SELECT count(call_sign) FROM ship')"
    run_status 11 "$engine" rollback --to 1.0.0 --refuse-after 2
    same "rows, of which one range was taken back" 20 "$(sql 'SELECT count(call_sign) FROM ship')"
    rm -rf "$WORK/ships" "$WORK/site"
    empty_project ships
    script 1.0.0/0001_t.up.sql <<'SQL'
CREATE TABLE t (id int);
CREATE INDEX CONCURRENTLY t_id ON t (id);
SQL
    script 1.0.0/0001_t.down.sql <<<'DROP TABLE t;'
    release 1.0.0
    pack_bundle "$WORK/index.bundle" 1.0.0 >/dev/null
    fresh_database
    export DATABASE_URL=$DB
    run_status 11 "$engine" apply "$WORK/index.bundle" --refuse-after 2
    errors_has "a standby lags"
    output_has "settled 1"
    same "index" f "$(sql "SELECT to_regclass('t_id') IS NOT NULL")"
    run_status 0 "$engine" apply "$WORK/index.bundle" --refuse-after 2
}

@test "a key whose order is not the server's own is gone through by that order" {
    empty_project ships
    script 1.0.0/0001_ships.up.sql <<'SQL'
-- sealift: requires extension citext
CREATE EXTENSION citext;
CREATE TABLE ship (name citext PRIMARY KEY, touched int NOT NULL DEFAULT 0);
INSERT INTO ship SELECT CASE WHEN g % 2 = 0 THEN 'ship' ELSE 'SHIP' END || to_char(g, '00') FROM generate_series(1, 20) g;
SQL
    script 1.1.0/0001_touch.up.sql <<'SQL'
-- sealift: batch key=name size=3
UPDATE ship SET touched = touched + 1 WHERE name BETWEEN $1 AND $2;
SELECT NOT EXISTS (SELECT FROM ship WHERE touched = 0);
SQL
    release 1.0.0 1.1.0
    pack_bundle "$WORK/ships.bundle" 1.1.0 >/dev/null
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/ships.bundle" --db "$DB_ADMIN" --yes
    output_has "7 batches of 20 rows"
    same rows '20 1 1' "$(sql 'SELECT count(*), min(touched), max(touched) FROM ship' | tr '|' ' ')"
}
