# Repeatable scripts: taken into the version in which they changed, frozen there, run by sites, taken
# back to the text before.
load ../support/common
load ../support/layouts

setup() { common_setup; }
teardown() { common_teardown; }

# identity state version-or-null repeatable-or-null, a line each
states() {
    run_status 0 planner status --project "$PROJECT" --json
    json '.migrations[] | "\(.identity) \(.state) \(.version) \(.repeatable)"'
}

# A project of our own layout with one table and a view on it, flat or in a folder of its version.
own_project() {
    PROJECT=$WORK/own
    planner init --product harbor "$PROJECT" >/dev/null
    mkdir -p "$PROJECT/migrations/$1" "$PROJECT/migrations/repeat"
    echo 'CREATE TABLE ship (id int, name text);' >"$PROJECT/migrations/$1/0001_ships.up.sql"
    echo 'DROP TABLE ship;' >"$PROJECT/migrations/$1/0001_ships.down.sql"
    view 'SELECT id FROM ship'
    echo 'DROP VIEW ids;' >"$PROJECT/migrations/repeat/ids.down.sql"
}

view() { echo "CREATE OR REPLACE VIEW ids AS $1;" >"$PROJECT/migrations/repeat/ids.sql"; }

@test "flyway: a change comes into the next version, sites run it, a rollback brings the text before" {
    layout_project flyway
    export PROJECT=$WORK/flyway
    run_status 0 release 1.0.0
    diff "$PROJECT/migrations/R__ship_names.sql" "$PROJECT/sealift.frozen/1.0.0/R__ship_names.sql"
    same states "R__fleet_size@1.0.0 released 1.0.0 R__fleet_size
R__ship_names@1.0.0 released 1.0.0 R__ship_names" "$(states | tail -2)"
    run_status 2 planner release 1.1.0 --project "$PROJECT"
    errors_has "no migration is pending"

    sed -i 's/SELECT name,/SELECT name, 1 + /' "$PROJECT/migrations/R__ship_names.sql"
    run_status 0 planner status --project "$PROJECT"
    output_has "  pending     R__ship_names@pending"
    run_status 0 planner release 1.1.0 --project "$PROJECT"
    output_has "  R__ship_names@1.1.0"
    same "what is pending" "" "$(states | grep pending)"

    run_status 0 pack_bundle "$WORK/x.bundle" 1.1.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/ours.1"
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/ours.0"
    fresh_database
    layout_psql flyway "$DB"
    schema_of "$DB_ADMIN" >"$WORK/theirs.0"
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$DB" -f "$PROJECT/migrations/R__ship_names.sql"
    schema_of "$DB_ADMIN" >"$WORK/theirs.1"
    diff "$WORK/theirs.0" "$WORK/ours.0"
    diff "$WORK/theirs.1" "$WORK/ours.1"
    [ "$(cat "$WORK/ours.0")" != "$(cat "$WORK/ours.1")" ]
}

@test "ours: repeat/NAME.sql makes a version without a folder; NAME.down.sql takes the first text back" {
    own_project 1.0.0
    run_status 0 release 1.0.0
    same states "0001_ships released 1.0.0 null
ids@1.0.0 released 1.0.0 ids" "$(states)"
    view 'SELECT id, name FROM ship'
    same states "ids@pending pending null ids" "$(states | tail -1)"
    run_status 0 planner status --project "$PROJECT"
    output_has "in no version yet ('planner release VERSION' makes them one)" "  pending     ids@pending"
    run_status 0 release 1.1.0
    run_status 0 planner status --project "$PROJECT" --files
    output_has "files: 6, of which 6 read, 0 ignored, 0 refused"

    run_status 0 pack_bundle "$WORK/x.bundle" 1.1.0
    trust_site
    fresh_database
    schema_of "$DB_ADMIN" >"$WORK/before"
    run_status 0 applier apply "$WORK/x.bundle" --to 1.0.0 --db "$DB" --yes
    same columns id "$(sql "SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'ids'::regclass")"
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    schema_of "$DB_ADMIN" >"$WORK/after"
    diff "$WORK/before" "$WORK/after"
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    same columns "id name" "$(sql "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'ids'::regclass")"
}

@test "a number in a repeatable script's name is none of a migration" {
    own_project .
    cp "$PROJECT/migrations/repeat/ids.sql" "$PROJECT/migrations/repeat/2024_report.sql"
    run_status 0 planner new tides --project "$PROJECT"
    output_has "migrations/0002_tides.up.sql"
}

@test "a frozen text that was edited or removed is an error, as for any released migration" {
    own_project .
    run_status 0 release 1.0.0
    frozen=$PROJECT/sealift.frozen/1.0.0/ids.sql
    cp "$frozen" "$WORK/kept"
    echo 'SELECT 1;' >>"$frozen"
    run_status 4 planner status --project "$PROJECT"
    output_has "  edited      ids@1.0.0" "was edited: 'sealift.frozen/1.0.0/ids.sql'"
    run_status 4 pack_bundle "$WORK/x.bundle" 1.0.0
    errors_has "'ids@1.0.0' (version 1.0.0) was edited"
    rm "$frozen"
    run_status 4 planner status --project "$PROJECT"
    errors_has "'ids@1.0.0' (version 1.0.0) has lost its text: 'sealift.frozen/1.0.0/ids.sql' is missing"
    ln -s "$WORK/kept" "$frozen"
    run_status 4 planner status --project "$PROJECT"
    errors_has "'sealift.frozen/1.0.0/ids.sql' is a symbolic link"
    rm "$frozen"
    cp "$WORK/kept" "$frozen"
    run_status 0 planner status --project "$PROJECT"
}

@test "what a release that was killed has left is written anew; a version of its own keeps it apart" {
    own_project .
    mkdir -p "$PROJECT/sealift.frozen/1.0.0"
    echo 'SELECT 1;' >"$PROJECT/sealift.frozen/1.0.0/ids.sql"
    run_status 0 planner status --project "$PROJECT"
    output_has "'sealift.frozen/1.0.0' is not read: sealift.sum knows no such version"
    run_status 0 release 1.0.0
    diff "$PROJECT/migrations/repeat/ids.sql" "$PROJECT/sealift.frozen/1.0.0/ids.sql"
    run_status 0 planner status --project "$PROJECT"
    output_lacks "is not read"
}

# Every file of the project with its bytes.
everything() { (cd "$PROJECT" && find . -type f -exec b2sum {} + -o -type d -print | sort); }

@test "a release that is refused at its end, or cannot be written, leaves no text" {
    own_project .
    cp "$PROJECT/migrations/repeat/ids.sql" "$PROJECT/migrations/repeat/more.sql"
    before=$(everything)
    SOURCE_DATE_EPOCH=soon run_status 3 planner release 1.0.0 --project "$PROJECT"
    same folder "$before" "$(everything)"
    for at in 1 2 3; do
        run_status 5 with_fault DISK_FULL_AT=$at planner release 1.0.0 --project "$PROJECT"
        same "folder, full at write $at" "$before" "$(everything)"
    done
    run_status 0 release 1.0.0
    # what is released stays when the next release fails
    view 'SELECT id, name FROM ship'
    before=$(everything)
    run_status 5 with_fault DISK_FULL_AT=2 planner release 1.1.0 --project "$PROJECT"
    same "folder with a release" "$before" "$(everything)"
    # flyway's settings stand beside a text
    layout_project flyway
    PROJECT=$WORK/flyway
    echo executeInTransaction=false >"$PROJECT/migrations/R__ship_names.sql.conf"
    before=$(everything)
    run_status 5 with_fault DISK_FULL_AT=4 planner release 1.0.0 --project "$PROJECT"
    same "flyway's folder" "$before" "$(everything)"
}

@test "what stands beside frozen texts is listed, and a text that was never released is refused" {
    own_project .
    echo 'CREATE VIEW more AS SELECT 1;' >"$PROJECT/migrations/repeat/more.sql"
    run_status 0 release 1.0.0
    echo notes >"$PROJECT/sealift.frozen/1.0.0/README"
    mkdir "$PROJECT/sealift.frozen/0.9" "$PROJECT/sealift.frozen/1.0.0/old"
    cp "$PROJECT/sealift.frozen/1.0.0/ids.sql" "$PROJECT/sealift.frozen/0.9"
    cp "$PROJECT/sealift.frozen/1.0.0/ids.sql" "$PROJECT/sealift.frozen/1.0.0/old"
    run_status 0 planner status --project "$PROJECT" --files
    output_has "ignored  sealift.frozen/1.0.0/README: no text of a repeatable script" \
        "ignored  sealift.frozen/0.9/ids.sql: sealift.sum knows no such version" \
        "the folder 'sealift.frozen/1.0.0/old' holds SQL but is no part of the layout"
    run_status 0 planner status --project "$PROJECT" --json
    same "all files" "$(cd "$PROJECT" && find migrations sealift.frozen -type f | wc -l)" \
        "$(json '.files | .read + .ignored + .refused')"
    cp "$PROJECT/sealift.frozen/1.0.0/ids.sql" "$PROJECT/sealift.frozen/1.0.0/other.sql"
    run_status 4 planner status --project "$PROJECT" --files
    output_has "refused  sealift.frozen/1.0.0/other.sql: "
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "'sealift.frozen/1.0.0/other.sql' stands among the texts of the released version 1.0.0, and sealift.sum has none of that name"
}

@test "in a flat layout --through takes repeatable scripts only where it takes all before them" {
    own_project .
    run_status 0 planner release 1.0.0 --through 0001_ships --project "$PROJECT"
    output_lacks ids
    [ ! -e "$PROJECT/sealift.frozen" ]
    run_status 0 planner release 1.0.1 --through ids@pending --project "$PROJECT"
    output_has "  ids@1.0.1"
}

@test "a repeatable script that copies from a file is refused, and nothing is released" {
    own_project .
    echo '1,a' >"$PROJECT/migrations/repeat/ships.csv"
    printf '%s\n' 'TRUNCATE ship;' "\\copy ship from 'ships.csv' csv" >"$PROJECT/migrations/repeat/ids.sql"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "'migrations/repeat/ids.sql' is a repeatable script and copies from a file" "COPY … FROM STDIN"
    [ ! -e "$PROJECT/sealift.frozen" ]
    same "sealift.sum" "sealift-sum 1" "$(cat "$PROJECT/sealift.sum")"
}

@test "a release that fails at any sync leaves no text, or those of what sealift.sum names" {
    own_project .
    cp -R "$PROJECT" "$WORK/pristine"
    named=0
    for at in $(seq 1 50); do
        rm -rf "$PROJECT"
        cp -R "$WORK/pristine" "$PROJECT"
        status=0
        with_fault FSYNC_FAILS_AT="$at" planner release 1.0.0 --project "$PROJECT" >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
        [ "$status" -ne 0 ] || break
        same "status at sync $at" 5 "$status" || { cat "$WORK/stderr"; return 1; }
        if grep -q '^release 1.0.0 ' "$PROJECT/sealift.sum"; then
            named=$((named + 1))
            diff "$PROJECT/migrations/repeat/ids.sql" "$PROJECT/sealift.frozen/1.0.0/ids.sql"
        else
            [ ! -e "$PROJECT/sealift.frozen" ] || { echo "a text is left at sync $at"; return 1; }
        fi
    done
    same "status without a fault" 0 "$status"
    [ "$at" -gt 3 ]
    same "syncs behind the name" 1 "$named"
}

@test "a repeatable script that includes a file is refused, and nothing is released" {
    own_project .
    mkdir "$PROJECT/lib"
    echo 'SELECT id FROM ship;' >"$PROJECT/lib/cols.sql"
    printf '%s\n' 'CREATE OR REPLACE VIEW ids AS SELECT id FROM ship;' '\i lib/cols.sql' >"$PROJECT/migrations/repeat/ids.sql"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "'migrations/repeat/ids.sql' is a repeatable script and includes 'lib/cols.sql'" "let the text stand in it"
    [ ! -e "$PROJECT/sealift.frozen" ]
    same "sealift.sum" "sealift-sum 1" "$(cat "$PROJECT/sealift.sum")"
}

@test "flyway: a repeatable script without placeholders is released as it stands, and so is its way back" {
    layout_project flyway
    export PROJECT=$WORK/flyway
    printf '\n[value x]\nvalue = 1\n' >>"$PROJECT/sealift.conf"
    echo 'placeholderReplacement=false' >"$PROJECT/migrations/R__ship_names.sql.conf"
    echo "-- \${x} \${none}" >>"$PROJECT/migrations/R__ship_names.sql"
    run_status 0 release 1.0.0
    echo '-- again' >>"$PROJECT/migrations/R__ship_names.sql"
    run_status 0 release 1.1.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.1.0
    rm "$PROJECT/migrations/R__ship_names.sql.conf"
    sed -i 's/ .{none}//' "$PROJECT/migrations/R__ship_names.sql"
    same states "R__ship_names@pending pending null R__ship_names" "$(states | grep pending)"
}

@test "a version that supersedes another brings its repeatable scripts, or is refused" {
    own_project 1.0.0
    run_status 0 release 1.0.0
    mkdir "$PROJECT/migrations/1.1.0"
    echo 'ALTER TABLE ship ADD flag text;' >"$PROJECT/migrations/1.1.0/0002_flag.up.sql"
    view 'SELECT id, name FROM ship'
    run_status 0 release 1.1.0
    mkdir "$PROJECT/migrations/1.1.1"
    echo 'ALTER TABLE ship ADD COLUMN flag text;' >"$PROJECT/migrations/1.1.1/0003_flag.up.sql"
    run_status 2 planner release 1.1.1 --supersedes 1.1.0 --project "$PROJECT"
    errors_has "version 1.1.0 brings the repeatable script 'ids', and 1.1.1 would not" "a comment will do"
    echo '-- again' >>"$PROJECT/migrations/repeat/ids.sql"
    run_status 0 planner release 1.1.1 --supersedes 1.1.0 --project "$PROJECT"
    same states "ids@1.1.1 released 1.1.1 ids" "$(states | tail -1)"
    same "what is pending" "" "$(states | grep pending)"
    run_status 0 planner status --project "$PROJECT" --files
    output_has "ignored  sealift.frozen/1.1.0/ids.sql: its version is superseded"
}

@test "a rehearsal before the release counts where the version is known; in a flat layout pack wants another" {
    own_project 1.0.0
    make_key vendor
    run_status 0 planner rehearse --project "$PROJECT"
    output_has "ids@1.0.0   exact"
    run_status 0 release 1.0.0
    run_status 0 planner pack --project "$PROJECT" --to 1.0.0 --out "$WORK/x.bundle" --sign "$WORK/keys/vendor"
    rm -rf "$PROJECT"
    own_project .
    run_status 0 planner rehearse --project "$PROJECT"
    output_has "ids@pending  exact"
    run_status 0 release 1.0.0
    run_status 7 planner pack --project "$PROJECT" --to 1.0.0 --out "$WORK/y.bundle" --sign "$WORK/keys/vendor"
    errors_has "'ids@1.0.0'" "'planner rehearse --to 1.0.0'"
}
