# The output of pg_dump as a migration: what a product has before its first own one. The database
# that comes out is the one that was dumped, rows and all, and later migrations find the session as
# if nothing had been set.
load ../support/common

setup() { common_setup; }
teardown() { common_teardown; }

dump() { "$PG_BIN/pg_dump" -d "$1" "${@:2}"; }

# The dump without what differs from run to run.
steady() { grep -v -e '^-- Dumped ' -e '^\\\(un\)\?restrict '; }

harbor_database() {
    fresh_database
    psql_as_app -q -f "$TOP/tests/vectors/dump/harbor.sql" >/dev/null 2>&1
    psql_as_app -c "SELECT lo_from_bytea(4711, '\xdeadbeef5c0a')" \
        -c "COMMENT ON LARGE OBJECT 4711 IS 'a chart'" >/dev/null
}

# The dump of harbor, made with these options, as version 1.0.0; $WORK/before is what it must become.
harbor_project() {
    harbor_database
    empty_project
    dump "$DB" "$@" | script 0001_baseline.up.sql
    dump "$DB_ADMIN" | steady >"$WORK/before"
}

applied() {
    run_status 0 pack_bundle "$WORK/x.bundle" "$1"
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
}

@test "a dump is a migration: the same database comes out, and what follows finds the session unchanged" {
    harbor_project
    grep -q '^COPY port.berth' "$PROJECT/migrations/0001_baseline.up.sql"
    grep -q '^BEGIN;' "$PROJECT/migrations/0001_baseline.up.sql"
    # as pg_dump of 17 and later has it, which servers before 17 do not know
    sed -i 's/^SET lock_timeout = 0;/&\nSET transaction_timeout = 0;/' \
        "$PROJECT/migrations/0001_baseline.up.sql"
    release 1.0.0
    script 0002_settings.up.sql <<'SQL'
CREATE TABLE settings AS
    SELECT name, setting FROM pg_settings
     WHERE name IN ('search_path', 'check_function_bodies', 'row_security', 'lock_timeout')
     ORDER BY name;
SQL
    release 2.0.0
    applied 2.0.0
    same settings "check_function_bodies|on lock_timeout|5000 row_security|on search_path|public" \
        "$(sql 'SELECT * FROM public.settings' | paste -sd' ')"
    sql 'DROP TABLE public.settings'
    dump "$DB_ADMIN" -N sealift | steady | diff "$WORK/before" -
    applier inspect "$WORK/x.bundle" --json | jq -e '.versions[0].migrations[0].up.groups | length == 1'
}

@test "a dump with INSERT, DROP … IF EXISTS and all names quoted is a migration too" {
    harbor_project --inserts --clean --if-exists --quote-all-identifiers
    # what these options write differently is written anew from the database that comes out
    release 1.0.0
    applied 1.0.0
    dump "$DB_ADMIN" -N sealift | steady | diff "$WORK/before" -
}

@test "a dump without owners is rehearsed: it runs" {
    harbor_project -s --no-owner --no-privileges --no-publications
    { echo '-- sealift: irreversible it is where the product begins' &&
        cat "$PROJECT/migrations/0001_baseline.up.sql"; } >"$WORK/with_directive"
    script 0001_baseline.up.sql <"$WORK/with_directive"
    release 1.0.0
    run_status 0 planner rehearse --project "$PROJECT" --json
    same verdicts "irreversible" "$(json '.versions[0].migrations[0].way_back')"
}

@test "the other formats of pg_dump are refused by what they are" {
    harbor_project -s
    for format in c t; do
        dump "$DB" "-F$format" | script 0001_baseline.up.sql
        run_status 4 planner release 1.0.0 --project "$PROJECT"
        errors_has "migrations/0001_baseline.up.sql: this is an archive of pg_dump, not SQL"
        errors_has "pg_restore --file=NAME.sql ARCHIVE"
    done
    dump "$DB" -s -C | script 0001_baseline.up.sql
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has '\connect to '
}

@test "BEGIN and COMMIT between statements are lifted in a dump only" {
    empty_project
    printf '%s\n' 'CREATE TABLE a (a int);' 'BEGIN;' 'SELECT 1;' 'COMMIT;' |
        script 0001_baseline.up.sql
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "0001_baseline.up.sql:1: 'create table a …' stands outside the script's own BEGIN … COMMIT"
    sed -i '1i --\n-- PostgreSQL database dump\n--\n' "$PROJECT/migrations/0001_baseline.up.sql"
    run_status 0 planner release 1.0.0 --project "$PROJECT"
}
