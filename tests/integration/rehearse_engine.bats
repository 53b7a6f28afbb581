#!/usr/bin/env bats
# applier rehearse on a scratch cluster: verdicts, findings, measurements, and what it leaves behind.

load ../support/common

setup() {
    common_setup
    scratch_cluster
    empty_project
    mkdir out
}
teardown() { common_teardown; }

# up NAME <<SQL, down NAME <<SQL: scripts of version 1.0's migration NAME; NAME may be VERSION/NAME.
up() { script "$(in_version "$1").up.sql"; }
down() { script "$(in_version "$1").down.sql"; }
in_version() { if [[ $1 == */* ]]; then printf '%s' "$1"; else printf '1.0/%s' "$1"; fi; }

# bundle [VERSION…]: release, pack up to the last, trust it. Default: 1.0.
bundle() {
    local versions=("${@:-1.0}")
    release "${versions[@]}" || return
    pack_bundle "$WORK/all.bundle" "${versions[-1]}" >/dev/null || return
    [ -d "$SEALIFT_CONFIG_DIR" ] || trust_site
}

# rehearse [ARGUMENT…]: the report in $output.
rehearse() { run_status 0 applier rehearse "$WORK/all.bundle" --db "$SCRATCH_DB" --out out "$@"; }

# lines TYPE FILTER: jq's FILTER on the report's documents of that type.
lines() { printf '%s\n' "$output" | jq -r "select(.type == \"$1\") | $2"; }

# says WHAT EXPECTED TYPE FILTER
says() { same "$1" "$2" "$(lines "$3" "$4")" || { show_run 'the report'; return 1; }; }

# verdict IDENTITY VERDICT [SCRIPT]
verdict() {
    says "verdict of $1" "$2${3:+ $3}" migration \
        "select(.identity == \"$1\") | .verdict${3:+ + \" \" + .script}"
}

# table_t: the migration that most tests begin with.
table_t() {
    up 0001_t <<'SQL'
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int, c text);
CREATE INDEX t_b ON t (b);
COMMENT ON TABLE t IS 'things';
SQL
    down 0001_t <<<'DROP TABLE t;'
}

@test "the sample product: exact and irreversible, the same schemas on every way" {
    sample_project
    bundle 1.0.0 1.1.0 2.0.0
    rehearse
    says begin '- 2.0.0 15 15' begin '"\(.from) \(.to) \(.migrations) \(.cycles)"'
    same 'exact ones' 14 "$(lines migration 'select(.verdict == "exact") | 1' | wc -l)"
    says irreversible 0015_forget_captain_phones migration 'select(.verdict == "irreversible").identity'
    says versions $'1.0.0 exact\n1.1.0 exact\n2.0.0 irreversible' version '"\(.version) \(.verdict)"'
    says scope public scope '.schemas[]'
    same 'one schema a version' 1 "$(lines fingerprint 'select(.version == "1.0.0") | .core + .deparse + .env' | sort -u | wc -l)"
    same arrivals 'again down up' "$(lines fingerprint 'select(.version == "1.0.0").arrival' | sort | paste -sd' ')"
    lines fingerprint .file | while read -r file; do head -n 1 "out/$file" | grep -qx 'sealift-fingerprint 1'; done
    same 'named by its digest' "$(lines fingerprint .file | head -n 1)" \
        "$(b2sum "out/$(lines fingerprint .file | head -n 1)" | cut -c 1-32).txt"
    printf '%s\n' "$output" | jq -r '[paths[] | strings] | unique[]' | sort -u | while read -r name; do
        grep -qF "\`$name\`" "$TOP/docs/json.md" || { echo "docs/json.md lacks $name"; return 1; }
    done
    says 'not in one transaction' 'false' atomic 'select(.mode == "run").passed'
    says end true end .passed
}

@test "columns that come back in another order" {
    table_t
    up 0002_drop <<<'ALTER TABLE t ADD COLUMN d int; ALTER TABLE t DROP COLUMN b;'
    down 0002_drop <<<'ALTER TABLE t DROP COLUMN d; ALTER TABLE t ADD COLUMN b int; CREATE INDEX t_b ON t (b);'
    bundle
    rehearse --rows 0
    verdict 0002_drop column-order down
    says differs 'changed core column order public.t' migration \
        'select(.identity == "0002_drop").differs[] | "\(.change) \(.class) \(.kind) \(.identity)"'
    says version exact version .verdict
    rehearse
    verdict 0002_drop lossy down
    says lost 't b 50 50' migration \
        'select(.identity == "0002_drop").lost[] | "\(.table | sub("public."; "")) \(.column) \(.rows_before) \(.rows_after)"'
    says detail 'true' migration 'select(.identity == "0002_drop").detail | test("another order") and test("public.t.b")'
}

@test "rows that do not come back: a column, all rows, some rows, a whole table" {
    table_t
    up 0002_column <<<'ALTER TABLE t DROP COLUMN c;'
    down 0002_column <<<'ALTER TABLE t ADD COLUMN c text;'
    up 0003_all <<<'DELETE FROM t;'
    down 0003_all <<<'SELECT 1;'
    up 0004_some <<<'DELETE FROM t WHERE id > 40;'
    down 0004_some <<<'SELECT 1;'
    up 0005_table <<<'DROP TABLE t;'
    down 0005_table <<<"CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int);
CREATE INDEX t_b ON t (b); COMMENT ON TABLE t IS 'things';"
    bundle
    rehearse
    verdict 0001_t exact
    verdict 0002_column lossy down
    verdict 0003_all lossy down
    verdict 0004_some lossy down
    verdict 0005_table lossy down
    says lost $'0002_column public.t c 50 50\n0003_all public.t null 50 0\n0004_some public.t null 50 40\n0005_table public.t null 50 0' \
        migration '.identity as $id | .lost[] | "\($id) \(.table) \(.column) \(.rows_before) \(.rows_after)"'
    says differs '' migration '.differs[]'
}

@test "rows that a down leaves behind are told, and rows that both leave alone are none" {
    table_t
    up 0002_more <<<"INSERT INTO t VALUES (1001, 'x', 1, 'y') ON CONFLICT DO NOTHING;"
    down 0002_more <<<'SELECT 1;'
    up 0003_swap <<<'UPDATE t SET b = -b;'
    down 0003_swap <<<'UPDATE t SET b = -b;'
    bundle
    rehearse
    verdict 0002_more lossy down
    says more 'public.t has 1 row more' migration 'select(.identity == "0002_more").detail'
    verdict 0003_swap exact
}

@test "a schema that differs: a forgotten index, comment, right, and what an up again makes" {
    cluster_psql "$SCRATCH" postgres -q -c 'CREATE ROLE reader'
    table_t
    up 0002_index <<<'DROP INDEX IF EXISTS t_b;'
    down 0002_index <<<'SELECT 1;'
    up 0003_comment <<<"COMMENT ON TABLE t IS 'other';"
    down 0003_comment <<<'COMMENT ON TABLE t IS NULL;'
    up 0004_grant <<<'GRANT SELECT ON t TO reader;'
    down 0004_grant <<<'SELECT 1;'
    up 0005_again <<<'DO $$ BEGIN
    IF to_regclass($q$seen$q$) IS NULL THEN CREATE TABLE seen (); ELSE DROP TABLE seen; END IF; END $$;'
    down 0005_again <<<'SELECT 1;'
    up 0006_good <<<'ALTER TABLE t ADD COLUMN e int;'
    down 0006_good <<<'ALTER TABLE t DROP COLUMN e;'
    bundle
    rehearse
    verdict 0001_t exact
    verdict 0002_index differs down
    verdict 0003_comment differs down
    verdict 0004_grant differs down
    verdict 0005_again differs down
    verdict 0006_good exact
    says differs $'0002_index missing core index public.t.t_b
0003_comment missing env comment table public.t
0004_grant extra env acl table public.t' migration '.identity as $id
        | .differs[] | select($id < "0005") | "\($id) \(.change) \(.class) \(.kind) \(.identity)"'
    cluster_psql "$SCRATCH" postgres -q -c 'DROP ROLE reader'
}

@test "what fails: a down by SQLSTATE and line, an up behind a down that left something" {
    table_t
    up 0002_down <<<'ALTER TABLE t ADD COLUMN d int;'
    down 0002_down <<'SQL'
ALTER TABLE t
    DROP COLUMN d;
ALTER TABLE t DROP COLUMN nowhere;
SQL
    up 0003_up <<<'CREATE TABLE u (i int);'
    down 0003_up <<<'SELECT 1;'
    up 0004_good <<<'ALTER TABLE t ADD COLUMN e int;'
    down 0004_good <<<'ALTER TABLE t DROP COLUMN e;'
    bundle
    rehearse
    verdict 0002_down fails down
    verdict 0003_up fails up
    verdict 0004_good exact
    says where '42703 2 3 migrations/1.0/0002_down.down.sql' migration \
        'select(.identity == "0002_down") | "\(.sqlstate) \(.statement) \(.line) \(.source)"'
    says why 42P07 migration 'select(.identity == "0003_up").sqlstate'
    says version 'fails' version .verdict
    says end true end .passed
}

@test "no way back: irreversible by declaration, none, and a down without a statement" {
    table_t
    up 0002_declared <<<'-- sealift: irreversible the rows are gone for good
DELETE FROM t;'
    up 0003_none <<<'ALTER TABLE t ADD COLUMN d int;'
    up 0004_empty <<<'ALTER TABLE t ADD COLUMN e int;'
    down 0004_empty <<<'-- nothing to do'
    bundle
    rehearse
    verdict 0002_declared irreversible
    says reason 'the rows are gone for good' migration 'select(.identity == "0002_declared").detail'
    verdict 0003_none none
    verdict 0004_empty none
    says version irreversible version .verdict
    says 'nobody goes back from the last' '' fingerprint 'select(.arrival == "chain" or .arrival == "down")'
}

@test "a failing up ends the rehearsal behind it; what stands before is rehearsed" {
    table_t
    up 1.1/0002_bad <<<'ALTER TABLE t ADD COLUMN d int;
ALTER TABLE nowhere ADD COLUMN d int;'
    down 1.1/0002_bad <<<'ALTER TABLE t DROP COLUMN d;'
    up 1.1/0003_after <<<'SELECT 1;'
    bundle 1.0 1.1
    rehearse
    says failure '0002_bad 1.1 up 2 2 42P01 null' failure \
        '"\(.identity) \(.version) \(.script) \(.statement) \(.line) \(.sqlstate) \(.proposal)"'
    verdict 0001_t exact
    says others 0001_t migration .identity
    says version '1.0 exact' version '"\(.version) \(.verdict)"'
    says versions $'-\n1.0' fingerprint 'select(.arrival == "up").version'
    says atomic '' atomic .mode
    says end false end .passed
}

@test "what fails only inside a transaction is found, and the mode proposed" {
    up 0001_enum <<'SQL'
CREATE TYPE mood AS ENUM ('calm');
CREATE TABLE t (m mood);
SQL
    down 0001_enum <<<'DROP TABLE t; DROP TYPE mood;'
    up 0002_use <<'SQL'
ALTER TYPE mood ADD VALUE 'wild';
INSERT INTO t VALUES ('wild');
SQL
    bundle
    rehearse
    says failure '55P04 no-transaction' failure '"\(.sqlstate) \(.proposal)"'
    verdict 0001_enum exact
}

@test "an up that only generated rows stop is a finding, and the rehearsal goes on" {
    table_t
    up 0002_required <<<'ALTER TABLE t ADD COLUMN d int NOT NULL;'
    down 0002_required <<<'ALTER TABLE t DROP COLUMN d;'
    up 0003_after <<<'ALTER TABLE t DROP COLUMN c;'
    down 0003_after <<<'ALTER TABLE t ADD COLUMN c text;'
    bundle
    rehearse
    says rows '0002_required 23502 1' rows '"\(.identity) \(.sqlstate) \(.line)"'
    verdict 0002_required exact
    verdict 0003_after lossy
    says end true end .passed
}

@test "a migration that makes another schema each time is named, with the object" {
    table_t
    up 0002_clock <<<'DO $$ BEGIN
    EXECUTE format($q$CREATE TABLE log_%s ()$q$, pg_backend_pid() + (random() * 1000000)::int); END $$;'
    bundle
    rehearse
    says named '1.0 0002_clock' nondeterministic '"\(.version) \(.identity)"'
    says object 'table public.log_N' nondeterministic '[.objects[] | select(.kind == "table") | "\(.kind) \(.identity)" | sub("[0-9]+"; "N")] | unique[]'
    says end false end .passed
}

# measure STATEMENT EXPECTED: a migration of one statement, and what is to be measured of it, as
# "relation:lock[ rewritten][ scanned]" separated by commas.
measure() {
    local name
    name=$(printf '1.0/%04d_m' $((10 + ${#expected[@]})))
    script "$name.up.sql" <<<"$1"
    expected+=("$1 -> $2")
}

@test "locks, rewrites and scans of statements are those of the tables" {
    local expected=() X=AccessExclusiveLock SRX=ShareRowExclusiveLock SUX=ShareUpdateExclusiveLock
    up 0001_base <<'SQL'
CREATE TABLE ref (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a int, c text, d text, n numeric(10,2), r int);
CREATE INDEX t_d ON t (d);
CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;
CREATE TABLE p (k int) PARTITION BY LIST (k);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SQL
    measure 'ALTER TABLE t ADD COLUMN z1 int' "t:$X"
    measure 'ALTER TABLE t ADD COLUMN z2 uuid DEFAULT gen_random_uuid()' "t:$X rewritten scanned"
    measure 'ALTER TABLE t ADD COLUMN z3 int GENERATED ALWAYS AS (a * 2) STORED' "t:$X rewritten scanned"
    measure 'ALTER TABLE t ADD COLUMN z4 int CHECK (z4 > 0)' "t:$X scanned"
    measure 'ALTER TABLE t ADD COLUMN z5 int REFERENCES ref' "ref:$SRX,t:$X"
    measure 'ALTER TABLE t DROP COLUMN z3' "t:$X"
    measure 'ALTER TABLE t ALTER COLUMN a TYPE bigint' "t:$X rewritten scanned"
    measure 'ALTER TABLE t ALTER COLUMN n TYPE numeric(12,2)' "t:$X"
    measure 'ALTER TABLE t ALTER COLUMN c SET NOT NULL' "t:$X scanned"
    measure 'ALTER TABLE t ALTER COLUMN d TYPE text COLLATE "C"' "t:$X scanned,t_d:$X rewritten"
    measure 'ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID' "t:$X"
    measure 'ALTER TABLE t VALIDATE CONSTRAINT k' "t:$SUX scanned"
    measure 'ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (r) REFERENCES ref NOT VALID' "ref:$SRX,t:$SRX"
    measure 'UPDATE t SET r = NULL WHERE r IS NOT NULL' 't:RowExclusiveLock scanned'
    measure 'ALTER TABLE t DROP CONSTRAINT fk' "ref:$X,t:$X"
    measure 'CREATE INDEX t_a ON t (a)' 't:ShareLock scanned'
    measure 'DROP INDEX t_a' "t:$X"
    measure 'ALTER TABLE t ADD UNIQUE (a)' "t:$X scanned"
    measure 'CREATE TABLE child (t int REFERENCES t)' "t:$SRX"
    measure 'DROP TABLE child' "child:$X,t:$X"
    measure 'ALTER TABLE t ALTER COLUMN a SET STATISTICS 100' "t:$SUX"
    measure 'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()' "t:$SRX"
    measure 'CLUSTER t USING t_pkey' "t:$X rewritten scanned"
    measure 'REINDEX INDEX t_pkey' "t:ShareLock scanned,t_pkey:$X rewritten"
    measure 'REFRESH MATERIALIZED VIEW mv' "mv:$X rewritten,t:AccessShareLock scanned"
    measure 'CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)' "p:$X"
    measure 'ALTER TABLE t SET UNLOGGED' "t:$X rewritten scanned"
    measure 'ALTER TABLE t RENAME COLUMN d TO e' "t:$X"
    measure 'TRUNCATE t' "t:$X rewritten"
    bundle
    rehearse
    says passed true end .passed
    lines measured 'select(.identity > "0002") | [.relations[] | (.relation | sub("public."; "")) + ":" + .lock
        + (if .rewritten then " rewritten" else "" end) + (if .scanned then " scanned" else "" end)]
        | join(",")' >got
    printf '%s\n' "${expected[@]}" | sed 's/.* -> //' >wanted
    printf '%s\n' "${expected[@]}" | sed 's/ -> .*//' | paste -d '#' - wanted got |
        awk -F'#' '$2 != $3 { print $1 ": expected " $2 ", got " $3; bad = 1 } END { exit bad }'
    same 'rows of t' 50 "$(lines measured '.relations[] | select(.relation == "public.t" and .scanned).rows_read' | sort -n | head -n 1)"
    same 'time and WAL' true "$(lines measured 'select(.identity == "0010_m") | .duration_us > 0 and .wal_bytes > 0')"
}

@test "invalid indexes are seen, and locks outside transactions declared" {
    table_t
    up 0002_index <<'SQL'
-- sealift: no-transaction
CREATE INDEX CONCURRENTLY t_a ON t (a);
SQL
    down 0002_index <<'SQL'
-- sealift: no-transaction
DROP INDEX CONCURRENTLY t_a;
SQL
    up 0003_invalid <<<"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_b'::regclass;"
    bundle
    rehearse
    says declared $'up public.t ShareUpdateExclusiveLock true\ndown public.t ShareUpdateExclusiveLock true' \
        measured 'select(.identity == "0002_index") | . as $m | .relations[] | "\($m.script) \(.relation) \(.lock) \($m.declared)"'
    says sampled true measured 'select(.identity == "0002_index" and .script == "up") | .sampled | type == "array"'
    says invalid public.t_b measured 'select(.identity == "0003_invalid").invalid_indexes[]'
}

@test "a run in one transaction passes where it can be had" {
    table_t
    up 1.1/0002_more <<<'ALTER TABLE t ADD COLUMN d int;'
    down 1.1/0002_more <<<'ALTER TABLE t DROP COLUMN d;'
    bundle 1.0 1.1
    rehearse
    says atomic $'version true\nrun true' atomic '"\(.mode) \(.passed)"'
    says chain $'1.0\n-' fingerprint 'select(.arrival == "chain").version'
}

@test "seed scripts are run where they belong, and count as rows" {
    table_t
    up 0002_wipe <<<'DELETE FROM t;'
    down 0002_wipe <<<'SELECT 1;'
    bundle
    mkdir seeds
    echo "INSERT INTO t VALUES (1, 'one'), (2, 'two');" >seeds/0001_t.sql
    echo 'SELECT count(*) FROM t;' >seeds/1.0.sql
    rehearse --rows 0 --seeds seeds
    says lost 'public.t 2 0' migration 'select(.identity == "0002_wipe").lost[] | "\(.table) \(.rows_before) \(.rows_after)"'
    echo 'SELECT 1;' >seeds/0009_nobody.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds seeds
    errors_has "seeds/0009_nobody.sql' is of no migration and no version"
    rm seeds/0009_nobody.sql
    echo 'SELECT nothing;' >seeds/1.0.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds seeds
    errors_has "seed script 'seeds/1.0.sql', line 1: 42703"
    printf "SELECT 'é\n', 1;\nSELECT 'ü',\n  nothing;" >seeds/1.0.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds seeds
    errors_has "seed script 'seeds/1.0.sql', line 4: 42703"
    echo 'BEGIN;' >seeds/1.0.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds seeds
    errors_has 'leaves a transaction open'
    printf 'SELECT 1;\0' >seeds/1.0.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds seeds
    errors_has 'holds a NUL byte'
}

@test "setup scripts make what the first migration finds, in every database" {
    up 0001_t <<<'CREATE TABLE t (port int REFERENCES other.port (id));'
    down 0001_t <<<'DROP TABLE t;'
    up 0002_v <<<'CREATE TABLE v (a int);'
    down 0002_v <<<'DROP TABLE v; SELECT 1;'
    bundle
    mkdir setup
    echo "CREATE ROLE harbourmaster; SET search_path = other; CREATE SCHEMA other AUTHORIZATION harbourmaster;" >setup/01_schema.sql
    echo "CREATE TABLE other.port (id int PRIMARY KEY);" >setup/02_table.sql
    rehearse --setup setup
    verdict 0001_t exact
    verdict 0002_v exact
    [ "$(cluster_psql "$SCRATCH" postgres -Atc "SELECT count(*) FROM pg_roles WHERE rolname = 'harbourmaster'")" = 0 ]
    printf 'CREATE TABLE\n other.port (id int);' >setup/03_again.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --setup setup
    errors_has "setup script 'setup/03_again.sql': 42P07"
    echo 'SELECT 1; CREATE TABLE u (a nope);' >setup/03_again.sql
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --setup setup
    errors_has "setup script 'setup/03_again.sql', line 1: 42704"
    mv setup/03_again.sql setup/03_again
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --setup setup
    errors_has "'setup/03_again' is no setup script"
    run_status 5 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --setup nowhere
    errors_has nowhere
}

@test "only the cycles that are wanted" {
    table_t
    up 0002_a <<<'ALTER TABLE t ADD COLUMN d int;'
    down 0002_a <<<'ALTER TABLE t DROP COLUMN d;'
    up 0003_b <<<'ALTER TABLE t ADD COLUMN e int;'
    down 0003_b <<<'ALTER TABLE t DROP COLUMN e;'
    bundle
    echo 0003_b >wanted
    rehearse --cycles wanted
    says cycles 1 begin .cycles
    says identities 0003_b migration .identity
    says version exact version .verdict
    : >wanted
    rehearse --cycles wanted
    says none '' migration .identity
    echo nobody >wanted
    run_status 4 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --cycles wanted
    errors_has "names migration 'nobody', which the bundle has not"
}

@test "what belongs to the cluster is put back between the passes and at the end" {
    up 0001_global <<'SQL'
CREATE ROLE made_by_a_script;
CREATE TABLE t (i int);
GRANT SELECT ON t TO made_by_a_script;
ALTER ROLE postgres SET work_mem = '5MB';
SQL
    down 0001_global <<<'DROP TABLE t; DROP ROLE made_by_a_script; ALTER ROLE postgres RESET work_mem;'
    up 0002_system <<<"-- sealift: no-transaction
ALTER SYSTEM SET work_mem = '6MB';"
    up 0003_left <<<'CREATE TABLE left_behind ();'
    down 0003_left <<<'SELECT 1;'
    up 0004_setting <<<"DO \$\$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '7MB'); END \$\$;"
    up 0005_left <<<'CREATE TABLE left_behind_too ();'
    down 0005_left <<<'SELECT 1;'
    up 0006_good <<<'ALTER TABLE t ADD COLUMN d int;'
    down 0006_good <<<'ALTER TABLE t DROP COLUMN d;'
    bundle
    rehearse
    same verdicts 'exact none fails none fails exact' "$(lines migration .verdict | paste -sd ' ')"
    says end true end .passed
    says versions $'-\n1.0' fingerprint 'select(.arrival == "up").version'
    same 'databases, roles, settings' $'postgres\n' \
        "$(cluster_psql "$SCRATCH" postgres -Atc "SELECT datname FROM pg_database WHERE NOT datistemplate;
            SELECT rolname FROM pg_roles WHERE rolname ~ 'made';
            SELECT setconfig FROM pg_db_role_setting")"$'\n'
    same 'ALTER SYSTEM' 0 "$(grep -vc '^#' "$SCRATCH/data/postgresql.auto.conf" || true)"
}

@test "a database's own settings survive where it is built anew" {
    table_t
    up 0002_setting <<<"DO \$\$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '7MB'); END \$\$;"
    down 0002_setting <<<"DO \$\$ BEGIN
    EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END \$\$;"
    up 0003_left <<<'CREATE TABLE left_behind ();'
    down 0003_left <<<'SELECT 1;'
    up 1.1/0004_good <<<'ALTER TABLE t ADD COLUMN d int;'
    down 1.1/0004_good <<<'ALTER TABLE t DROP COLUMN d;'
    bundle 1.0 1.1
    rehearse
    same verdicts 'exact exact fails exact' "$(lines migration .verdict | paste -sd ' ')"
    says versions $'fails\nexact' version .verdict
    says 'the same schemas' '' nondeterministic .version
}

@test "columns that a table got are filled where the next version begins, not before" {
    table_t
    up 0002_add <<<'ALTER TABLE t ADD COLUMN d int, ADD COLUMN e int;'
    down 0002_add <<<'ALTER TABLE t DROP COLUMN e, DROP COLUMN d;'
    up 0003_fill <<<'UPDATE t SET d = b WHERE d IS NULL;'
    down 0003_fill <<<'UPDATE t SET d = NULL;'
    up 1.1/0004_drop <<<'ALTER TABLE t DROP COLUMN e;'
    down 1.1/0004_drop <<<'ALTER TABLE t ADD COLUMN e int;'
    bundle 1.0 1.1
    rehearse
    same verdicts 'exact exact exact lossy' "$(lines migration .verdict | paste -sd ' ')"
    says column 'public.t e' migration '.lost[] | "\(.table) \(.column)"'
}

@test "a cluster that is not marked is left alone" {
    table_t
    bundle
    fresh_database
    run_status 7 applier rehearse all.bundle --db "$DB_ADMIN" --out out
    errors_has "is no scratch cluster: its cluster_name is '', not 'sealift-scratch'"
    same 'nothing was made' 0 "$(sql "SELECT count(*) FROM pg_database WHERE datname = 'sealift_rehearsal'")"
    run_status 7 applier rehearse all.bundle --db "$(cluster_conninfo "$SCRATCH" postgres app)" --out out
    errors_has "role 'app' is no superuser"
}

@test "a bundle that begins in the middle, and options that are wrong" {
    table_t
    up 1.1/0002_more <<<'ALTER TABLE t ADD COLUMN d int;'
    bundle 1.0 1.1
    pack_bundle "$WORK/second.bundle" 1.1 --from 1.0 >/dev/null
    run_status 4 applier rehearse second.bundle --db "$SCRATCH_DB" --out out
    errors_has 'starts at version 1.0'
    run_status 2 applier rehearse all.bundle --db "$SCRATCH_DB"
    errors_has "wants --method (at a site) or --out (at the vendor)"
    run_status 2 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --rows 10001
    errors_has '--rows is at most 10000'
    run_status 5 applier rehearse all.bundle --db "$SCRATCH_DB" --out nowhere
    run_status 5 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --seeds nowhere
    run_status 5 applier rehearse all.bundle --db "$SCRATCH_DB" --out out --cycles nowhere
    run_status 7 applier rehearse all.bundle --db "$(cluster_conninfo "$SCRATCH" postgres app)" --out out --json
    same 'one line' 'not-ready' "$(printf '%s\n' "$output" | tail -n 1 | jq -r .error.class)"
}

@test "generated rows honour types, keys, checks and partitions, the same each time" {
    up 0001_all <<'SQL'
CREATE TYPE mood AS ENUM ('calm', 'wild', 'odd');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE types (a smallint, b bigint, c numeric(3,2), d varchar(2), e "char", f bytea, g date,
    h timestamptz, i interval, j uuid, k jsonb, l inet, m cidr, n macaddr, o bit(4), p varbit(3),
    q point, r int4range, s mood NOT NULL, t pair NOT NULL, u percent NOT NULL, v int[] NOT NULL,
    w tsvector, x money, y xml, z time, aa mood[], ab box, ac path, ad polygon, ae circle, af line);
CREATE TABLE counted (id bigint GENERATED ALWAYS AS IDENTITY, s serial, twice int GENERATED ALWAYS AS (n * 2) STORED, n int);
CREATE TABLE one_per_mood (m mood PRIMARY KEY);
CREATE TABLE only_row (sole boolean PRIMARY KEY DEFAULT true CHECK (sole));
CREATE TABLE "Kinds" (code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'), "Order" int NOT NULL);
CREATE TABLE child (id int PRIMARY KEY, kind text NOT NULL REFERENCES "Kinds", up int REFERENCES child,
    state text NOT NULL CHECK (state IN ('new', 'old')), size int NOT NULL CHECK (size >= 100),
    low int CHECK (low < 0), mail text CHECK (mail LIKE '%@%'), from_day date NOT NULL,
    to_day date NOT NULL, CHECK (from_day < to_day), UNIQUE (kind, state));
CREATE TABLE two_keys (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE of_two (a int, b int, FOREIGN KEY (a, b) REFERENCES two_keys);
CREATE TABLE left_one (id int PRIMARY KEY, r int);
CREATE TABLE right_one (id int PRIMARY KEY, l int NOT NULL REFERENCES left_one);
ALTER TABLE left_one ADD FOREIGN KEY (r) REFERENCES right_one;
CREATE TABLE later (id int, l int NOT NULL REFERENCES left_one DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE parts (k int NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE hashed (k int) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE unguessed (a text NOT NULL CHECK (md5(a) = a));
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE TABLE refused (a int);
CREATE TRIGGER no BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION no();
SQL
    up 0002_wipe <<'SQL'
TRUNCATE types, counted, one_per_mood, only_row, "Kinds", child, two_keys, of_two, left_one, right_one,
    later, parts, hashed, unguessed, refused;
SQL
    down 0002_wipe <<<'SELECT 1;'
    bundle
    rehearse
    says rows 'public."Kinds" 50
public.child 50
public.counted 50
public.later 50
public.left_one 50
public.of_two 50
public.one_per_mood 3
public.only_row 1
public.parts_2024 50
public.right_one 50
public.two_keys 50
public.types 50' migration 'select(.identity == "0002_wipe") | [.lost[]
        | select(.table | test("hashed") | not) | "\(.table) \(.rows_before)"] | sort[]'
    says 'of both partitions' 50 migration 'select(.identity == "0002_wipe")
        | [.lost[] | select(.table | test("hashed")) | .rows_before] | add'
    printf '%s\n' "$output" | jq -c 'del(.duration_us, .wal_bytes, .sampled)' >first
    rehearse
    printf '%s\n' "$output" | jq -c 'del(.duration_us, .wal_bytes, .sampled)' | diff first -
}

@test "a server that is gone, and a report that nobody can take" {
    table_t
    bundle
    run_status 5 sh -c 'applier rehearse all.bundle --db "$1" --out out >/dev/full' sh "$SCRATCH_DB"
    errors_has 'cannot write the report'
    up 1.1/0002_gone <<<'SELECT pg_terminate_backend(pg_backend_pid());'
    release 1.1
    pack_bundle "$WORK/all.bundle" 1.1 >/dev/null
    run_status 9 applier rehearse all.bundle --db "$SCRATCH_DB" --out out
    errors_has 'was lost'
    errors_lacks resume
}

@test "an interrupt ends it, and the cluster is put back" {
    table_t
    up 0002_long <<<'SELECT pg_sleep(600);'
    bundle
    applier rehearse all.bundle --db "$SCRATCH_DB" --out out >report 2>errors &
    local pid=$!
    until [ "$(cluster_psql "$SCRATCH" postgres -Atc "SELECT count(*) FROM pg_stat_activity
        WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'")" = 1 ]; do sleep 0.1; done
    # two that come at once may be one to the program
    while kill -TERM "$pid" 2>/dev/null; do sleep 0.2; done
    status=0
    wait "$pid" || status=$?
    same status 130 "$status"
    same 'databases' '' "$(cluster_psql "$SCRATCH" postgres -Atc "SELECT datname FROM pg_database WHERE datname ~ 'sealift'")"
}
