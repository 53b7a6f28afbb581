#!/usr/bin/env bats
# From migrations to a site: rehearsed, packed with what was shown, applied, taken back inexactly as
# it was acknowledged, and applied again, with the schema proven at each step.

load ../support/common

setup() { common_setup; fresh_database; }

proven() { output_has "the schema is the one proven at build time"; }

@test "a way back that is inexact, but rehearsed, is no drift, and the upgrade goes on from it" {
    local major
    major=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    empty_project
    script 1.0.0/0001_t.up.sql <<<'CREATE TABLE t (a int, b text);'
    script 1.0.0/0001_t.down.sql <<<'DROP TABLE t;'
    script 1.1.0/0002_order.up.sql <<<'ALTER TABLE t ADD COLUMN kept int; UPDATE t SET kept = a; ALTER TABLE t DROP COLUMN a;'
    script 1.1.0/0002_order.down.sql <<'SQL'
-- sealift: ack rollback-column-order names are used everywhere
ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = kept; ALTER TABLE t DROP COLUMN kept;
SQL
    script 1.2.0/0003_index.up.sql <<<'CREATE INDEX IF NOT EXISTS t_b ON t (b);'
    script 1.2.0/0003_index.down.sql <<'SQL'
-- sealift: ack rollback-differs the index stays
SELECT 1;
SQL
    run_status 0 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$major"
    output_has "exact 1, column-order 1, differs 1"
    release 1.0.0 1.1.0 1.2.0
    make_key vendor
    planner pack --project "$PROJECT" --to 1.2.0 --out a.bundle --sign keys/vendor
    trust_site

    run_status 0 applier apply a.bundle --db "$DB" --yes
    proven
    run_status 0 applier rollback --to 1.1.0 --db "$DB" --yes # by one version
    output_has "the schema is the one proven at build time on PostgreSQL $major, as a rollback leaves it"
    run_status 0 applier status --db "$DB"
    output_has "as proven on PostgreSQL $major, as a rollback leaves it"
    run_status 0 applier apply a.bundle --db "$DB" --yes
    proven
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes # by two in one go
    proven
    same "what stayed" "b,a t_b" "$(sql "SELECT string_agg(attname, ',' ORDER BY attnum) || ' ' ||
        (SELECT relname FROM pg_class WHERE relname = 't_b')
        FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped")"
    run_status 0 applier drift --db "$DB"
    output_has "the schema is the one proven at build time, as a rollback leaves it"
    run_status 0 applier apply a.bundle --db "$DB" --yes
    proven

    # what nobody rehearsed is refused by name
    sql 'ALTER TABLE t ADD COLUMN more int'
    run_status 7 applier rollback --to 1.1.0 --db "$DB" --yes
    errors_has "public.t.more"
}
