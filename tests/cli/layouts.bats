# The folders of other tools, read in place: what is listed, and that applying it leaves the schema
# that psql leaves with the same files. With the tools themselves: tests/layout_tools.sh.
load ../support/common
load ../support/layouts

setup() { common_setup; }
teardown() { common_teardown; }

# One line a migration: identity, has a down or not; then the files that are not read.
listing() {
    run_status 0 planner status --project "$WORK/$1" --json
    json '"layout \(.layout)", (.migrations[] | "\(.identity)\(if .down then " with a down" else "" end)"),
        "files: \(.files.read) read, \(.files.ignored) ignored, \(.files.refused) refused",
        (.files.not_read[] | "\(.fate): \(.path)")'
}

# Applied by us and by psql: the same schema.
applies_as_psql_does() {
    layout_project "$1"
    export PROJECT=$WORK/$1
    for version in "${@:2}"; do run_status 0 release "$version"; done
    run_status 0 pack_bundle "$WORK/x.bundle" "${*: -1}"
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/ours"
    fresh_database
    layout_psql "$1" "$DB"
    schema_of "$DB_ADMIN" >"$WORK/theirs"
    diff "$WORK/theirs" "$WORK/ours"
    grep -q 'CREATE TABLE' "$WORK/ours"
}

@test "dbmate: listed by name, applied as psql does" {
    layout_project dbmate
    same listing "layout dbmate
20240101000000_create_ships with a down
20240101120000 with a down
20240102000000_index_ship_names with a down
files: 3 read, 1 ignored, 0 refused
ignored: migrations/notes.txt" "$(listing dbmate)"
    rm -rf "$WORK/dbmate"
    applies_as_psql_does dbmate 1.0.0
}

@test "goose: listed by number, statements bounded, applied as psql does" {
    layout_project goose
    same listing "layout goose
00001_create_ships with a down
2_index_ship_names with a down
00010_add_draught with a down
files: 3 read, 0 ignored, 0 refused" "$(listing goose)"
    rm -rf "$WORK/goose"
    applies_as_psql_does goose 1.0.0
}

@test "node-pg-migrate: listed by time, applied as psql does" {
    layout_project node-pg-migrate
    same listing "layout node-pg-migrate
1704067200000_create-ships with a down
20240101120000000_add-flag
20240102000000000_add-draught with a down
files: 3 read, 0 ignored, 0 refused" "$(listing node-pg-migrate)"
    rm -rf "$WORK/node-pg-migrate"
    applies_as_psql_does node-pg-migrate 1.0.0
}

@test "sqlx: listed by number, applied as psql does" {
    layout_project sqlx
    same listing "layout sqlx
0001_create_ships
0002_index_ship_names
10_create_berths
files: 3 read, 0 ignored, 0 refused" "$(listing sqlx)"
    rm -rf "$WORK/sqlx"
    applies_as_psql_does sqlx 1.0.0
}

@test "prisma: listed by folder, applied as psql does" {
    layout_project prisma
    same listing "layout prisma
20240101000000_init
20240102000000_add_price with a down
files: 4 read, 0 ignored, 0 refused" "$(listing prisma)"
    rm -rf "$WORK/prisma"
    applies_as_psql_does prisma 1.0.0
}

@test "flyway: listed by version, folders below too, applied as psql does" {
    layout_project flyway
    same listing "layout flyway
V1__create_ships
V1_9__add_flag
V1.10__add_draught with a down
V2.0__index_ship_names
V2.0.1__empty
files: 8 read, 1 ignored, 0 refused
ignored: migrations/B1__baseline.sql" "$(listing flyway)"
    rm -rf "$WORK/flyway"
    applies_as_psql_does flyway 1.0.0
}

@test "sqitch: the plan decides, tags are versions, reworked changes keep both scripts" {
    layout_project sqitch
    same listing "layout sqitch
ships with a down
pilots/licence with a down
ship_count with a down
ship_count.2 with a down
files: 13 read, 0 ignored, 0 refused" "$(listing sqitch)"
    run_status 0 planner status --project "$WORK/sqitch" --json
    same versions "1.0.0 3 1.1.0 1" "$(json '[.versions[] | .version, (.migrations | length)] | join(" ")')"
    rm -rf "$WORK/sqitch"
    applies_as_psql_does sqitch 1.0.0 1.1.0
}

@test "psql: the main file decides, a script includes others, applied as psql does" {
    layout_project psql
    export PROJECT=$WORK/psql
    sed -i -e '/^layout = /d' -e 's/^\[migrations\]/&\nmain = install.sql/' "$PROJECT/sealift.conf"
    same listing "layout psql
ships with a down
berths with a down
views
files: 6 read, 1 ignored, 0 refused
ignored: migrations/columns.inc" "$(listing psql)"
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/ours"
    fresh_database
    (cd "$PROJECT/migrations" && "$PG_BIN/psql" -Xq -d "$DB" -f install.sql >/dev/null)
    schema_of "$DB_ADMIN" >"$WORK/theirs"
    diff "$WORK/theirs" "$WORK/ours"
    grep -q 'CREATE VIEW' "$WORK/ours"
    echo 'SELECT 1;' >>"$PROJECT/migrations/columns.inc"
    run_status 4 planner status --project "$PROJECT"
    errors_has "'ships' (version 1.0.0) was edited" "the file 'migrations/columns.inc'"
    rm "$PROJECT/migrations/install.sql"
    run_status 3 planner status --project "$PROJECT"
    errors_has "there is no file 'migrations/install.sql'"
    sed -i 's/^main = .*/main = ..\/install.sql/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "[migrations] main is '../install.sql': expected a file in the migration folder"
    sed -i 's/^main = .*/main = install.sql\nlayout = goose/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "[migrations] layout is 'goose': expected psql, or nothing"
}

@test "a down that shares a file with its up is run" {
    layout_project goose
    rm "$WORK"/goose/migrations/00010*
    run_status 0 planner release 1.0.0 --project "$WORK/goose"
    export PROJECT=$WORK/goose
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    schema_of "$DB_ADMIN" >"$WORK/before"
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/after"
    diff "$WORK/before" "$WORK/after"
}

@test "editing a down does not touch the released up in the same file, editing the up does" {
    layout_project dbmate
    run_status 0 planner release 1.0.0 --project "$WORK/dbmate"
    sed -i 's/DROP TABLE ship/DROP TABLE IF EXISTS ship/' "$WORK/dbmate/migrations/20240101000000_create_ships.sql"
    run_status 0 planner status --project "$WORK/dbmate"
    sed -i 's/a;b/a;c/' "$WORK/dbmate/migrations/20240101000000_create_ships.sql"
    run_status 4 planner status --project "$WORK/dbmate"
    errors_has "20240101000000_create_ships"
}

@test "what a layout refuses is named with its line, and nothing is packed" {
    layout_project goose
    printf -- '-- +goose Up\n-- +goose ENVSUBST ON\nSELECT 1;\n' >"$WORK/goose/migrations/11_env.sql"
    run_status 4 planner status --project "$WORK/goose" --files
    output_has "1 refused"
    output_has "refused  migrations/11_env.sql: 'migrations/11_env.sql', line 2"
    run_status 4 planner release 1.0.0 --project "$WORK/goose"
    errors_has "goose has no such annotation"
}

@test "planner new leaves the files of another tool to that tool" {
    layout_project dbmate
    run_status 2 planner new add-berths --project "$WORK/dbmate"
    errors_has "dbmate new NAME"
    run_status 2 planner suggest-down 20240101000000_create_ships --write --project "$WORK/dbmate"
    errors_has "no down script of its own"
}
