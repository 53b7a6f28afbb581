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
R__fleet_size@pending
R__ship_names@pending
files: 10 read, 1 ignored, 0 refused
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

@test "sqitch: changes behind the last tag are pending, and release says what they lack" {
    layout_project sqitch
    export PROJECT=$WORK/sqitch
    for version in 1.0.0 1.1.0; do run_status 0 release "$version"; done
    run_status 2 planner release 1.2.0 --project "$PROJECT"
    errors_has "there is nothing to release: no migration is pending"
    for name in berths tides; do
        echo "$name 2024-02-01T00:00:00Z Ann <ann@example.com>" >>"$PROJECT/migrations/sqitch.plan"
        echo "CREATE TABLE $name ();" >"$PROJECT/migrations/deploy/$name.sql"
    done
    run_status 2 planner release 1.2.0 --project "$PROJECT"
    errors_has "behind the last tag of sqitch's plan stand 2 changes, from 'berths' on, and no tag"
    errors_has "'sqitch tag VERSION'"
    echo "@1.2.0 2024-02-01T00:00:00Z Ann <ann@example.com>" >>"$PROJECT/migrations/sqitch.plan"
    run_status 0 planner release 1.2.0 --project "$PROJECT"
}

@test "sqitch: plan and scripts in other folders are listed where they are" {
    layout_project sqitch
    (
        cd "$WORK/sqitch/migrations" || exit
        mkdir -p db/old/deploy db/verify
        mv sqitch.plan deploy db
        mv revert verify db/old
        mv db/deploy/*@* db/old/deploy
        mv db/old/verify/ships.sql db/old/verify/ship_count.sql db/verify
        printf '[core]\nengine = pg\ntop_dir = db\nreworked_dir = db/old\nrevert_dir = db/old/revert\n' >sqitch.conf
        echo '-- not ours' >notes.sql
    )
    same listing "layout sqitch
ships with a down
pilots/licence with a down
ship_count with a down
ship_count.2 with a down
files: 13 read, 1 ignored, 0 refused
ignored: migrations/notes.sql" "$(listing sqitch)"
}

@test "graphile-migrate: the chain of committed migrations, applied as psql does" {
    layout_project graphile-migrate
    same listing "layout graphile-migrate
000001-create-ships-all-of-them
000002
000003-add_berths
files: 3 read, 3 ignored, 0 refused
ignored: migrations/afterReset.sql
ignored: migrations/current.sql
ignored: migrations/fixtures/functions/ship_count.sql" "$(listing graphile-migrate)"
    rm -rf "$WORK/graphile-migrate"
    applies_as_psql_does graphile-migrate 1.0.0
}

@test "graphile-migrate: an edited migration breaks the chain, and nothing is released" {
    layout_project graphile-migrate
    sed -i 's/bigint PRIMARY/int PRIMARY/' "$WORK"/graphile-migrate/migrations/committed/000001*
    run_status 4 planner status --project "$WORK/graphile-migrate" --files
    output_has "1 refused"
    errors_has "000001-create-ships-all-of-them.sql:1: the migration was edited after it was committed"
    run_status 4 planner release 1.0.0 --project "$WORK/graphile-migrate"
}

@test "atlas: names in byte order under atlas.sum, applied as psql does" {
    layout_project atlas
    same listing "layout atlas
100
10_functions
98_seed
9_index_ship_names
files: 5 read, 1 ignored, 0 refused
ignored: migrations/95_state.sql" "$(listing atlas)"
    rm -rf "$WORK/atlas"
    applies_as_psql_does atlas 1.0.0
}

@test "atlas: a file that was edited after it was summed is named, and nothing is released" {
    layout_project atlas
    echo '-- more' >>"$WORK/atlas/migrations/10_functions.sql"
    run_status 4 planner status --project "$WORK/atlas" --files
    output_has "1 refused"
    errors_has "'migrations/10_functions.sql' was edited after it was summed: line 3 of atlas.sum"
    run_status 4 planner release 1.0.0 --project "$WORK/atlas"
}

@test "liquibase: a migration for each changeset, applied as psql does" {
    layout_project liquibase
    same listing "layout liquibase
001_ships:ann:create-ships with a down
001_ships:Bob B.:count-ships with a down
index_ships:ann:create-ships with a down
later-on:ann:1
later-on:ann:2 with a down
files: 4 read, 0 ignored, 0 refused" "$(listing liquibase)"
    rm -rf "$WORK/liquibase"
    applies_as_psql_does liquibase 1.0.0
}

@test "liquibase: rollbacks in comments are run, and editing one touches no released up" {
    layout_project liquibase
    rm -r "$WORK"/liquibase/migrations/{later*,all.xml}
    export PROJECT=$WORK/liquibase
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    schema_of "$DB_ADMIN" >"$WORK/before"
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    schema_of "$DB_ADMIN" >"$WORK/after"
    diff "$WORK/before" "$WORK/after"
    sed -i 's/^--rollback ship;/--rollback ship\n--rollback CASCADE;/' "$PROJECT/migrations/001_ships.sql"
    run_status 0 planner status --project "$PROJECT"
    sed -i 's/a;b/a;c/' "$PROJECT/migrations/001_ships.sql"
    run_status 4 planner status --project "$PROJECT"
    errors_has "001_ships:ann:create-ships"
}

@test "liquibase: a sql-check that does not hold ends the run before its changeset" {
    layout_project liquibase
    sed -i 's/expectedResult:0/expectedResult:1/' "$WORK/liquibase/migrations/001_ships.sql"
    export PROJECT=$WORK/liquibase
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    run_status 10 applier apply "$WORK/x.bundle" --db "$DB" --yes
    errors_has "precheck"
    same tables 0 "$(cluster_psql "$CLUSTER" "$DATABASE" -Atc "SELECT count(*) FROM pg_class WHERE relname = 'ship'")"
}

@test "temporal: the manifests decide, 1.10 behind 1.9, each version knows where a run may begin" {
    layout_project temporal
    same listing "layout temporal
v1.0:schema
v1.9:schema
v1.10:schema
v1.10:berths with a down
files: 8 read, 3 ignored, 0 refused
ignored: migrations/schema.sql
ignored: migrations/versioned/v1.10/aside.sql
ignored: migrations/versioned/v1.10/old/aside.sql" "$(listing temporal)"
    run_status 0 planner status --project "$WORK/temporal" --json
    same reason "'migrations/versioned/v1.0/manifest.json' lists the files of a version, as temporal has it" \
        "$(json .layout_reason)"
    same reasons "'migrations/schema.sql' is not read: the versions in 'versioned' are read, not what stands beside them
'migrations/versioned/v1.10/aside.sql' is not read: its manifest.json does not list it
it is no migration; what a script includes is read with the script" "$(json '.files.not_read[].reason')"
    same starts "1.0 null 1.9 null 1.10 1.9" "$(json '[.versions[] | .version, .min_compatible] | join(" ")' | sed 's/  / null /g')"
    rm -rf "$WORK/temporal"
    applies_as_psql_does temporal 1.0 1.9 1.10
    grep -q '^release 1.10 [^ ]* min-compatible=1.9$' "$WORK/temporal/sealift.sum"
    run_status 0 planner status --project "$WORK/temporal" --json
    same released "1.9" "$(json '.versions[2].min_compatible')"
}

@test "popx: PostgreSQL's files win, other dialects are ignored, applied as psql does" {
    layout_project popx
    same listing "layout popx
20240101000000_create_ships with a down
20240102000000000000_flag with a down
20240103000000_names with a down
20240105000000_keys
files: 7 read, 8 ignored, 0 refused
ignored: migrations/20240102000000000000_flag.cockroach.up.sql
ignored: migrations/20240102000000000000_flag.mysql.up.sql
ignored: migrations/20240102000000000000_flag.sqlite3.up.sql
ignored: migrations/20240102000000000000_flag.up.sql
ignored: migrations/20240103000000_names.up.sql
ignored: migrations/20240104000000_engine.mysql.down.sql
ignored: migrations/20240104000000_engine.mysql.up.sql
ignored: migrations/20240105000000_keys.up.sql" "$(listing popx)"
    run_status 0 planner status --project "$WORK/popx" --json
    same reasons "'migrations/20240102000000000000_flag.sqlite3.up.sql' is not read: it is for another database than PostgreSQL
'migrations/20240102000000000000_flag.up.sql' is not read: 'migrations/20240102000000000000_flag.postgres.up.sql' takes its place" \
        "$(json '.files.not_read[2:4][].reason')"
    rm -rf "$WORK/popx"
    applies_as_psql_does popx 1.0.0
}

@test "numbered-folders: by the folder's number, applied as psql does" {
    layout_project numbered-folders
    same listing "layout numbered-folders
9:01_ships
9:2_names
10
99:01_unique with a down
files: 5 read, 2 ignored, 0 refused
ignored: migrations/99/README.md
ignored: migrations/docs/example.sql" "$(listing numbered-folders)"
    rm -rf "$WORK/numbered-folders"
    applies_as_psql_does numbered-folders 1.0.0
}

@test "refinery: by number, U among V, applied as psql does" {
    layout_project refinery
    same listing "layout refinery
V1__create_ships with a down
U9__index_ship_names
V10__add_draught with a down
files: 5 read, 2 ignored, 0 refused
ignored: migrations/README.md
ignored: migrations/V11__not-a-word.sql" "$(listing refinery)"
    run_status 0 planner explain U9 --project "$WORK/refinery"
    output_has 'no transaction, says the layout'
    rm -rf "$WORK/refinery"
    applies_as_psql_does refinery 1.0.0
}

@test "no file of a folder is passed over in silence: read, ignored and refused are all of them" {
    local fixture found
    for fixture in "$TOP"/tests/vectors/layouts/*; do
        fixture=$(basename "$fixture")
        layout_project "$fixture"
        [ "$fixture" != psql ] || sed -i 's/^layout = auto/layout = psql/' "$WORK/psql/sealift.conf"
        found=$(cd "$WORK/$fixture" && find migrations -type f | wc -l)
        run_status 0 planner status --project "$WORK/$fixture" --json
        same "$fixture" "$fixture $found" "$(json '.layout + " \(.files.read + .files.ignored + .files.refused)"')"
        same "$fixture's reasons" "true" "$(json '[.files.not_read[].reason | length > 0] | all')"
    done
}

# A goose project with a program between its scripts, and SQL for it.
program_project() {
    layout_project goose
    program=$WORK/goose/migrations/00003_rename.go
    echo 'package migrations' >"$program"
    {
        echo "-- sealift: replaces 00003_rename.go blake2b $(b2sum <"$program" | cut -d' ' -f1)"
        echo 'ALTER TABLE ship ADD COLUMN renamed text;'
    } >"$program.sealift.sql"
    {
        head -n 1 "$program.sealift.sql"
        echo 'ALTER TABLE ship DROP COLUMN renamed;'
    } >"$program.sealift.down.sql"
}

@test "SQL that replaces a program runs in its place, and goes back" {
    program_project
    same listing "layout goose
00001_create_ships with a down
2_index_ship_names with a down
00003_rename with a down
00010_add_draught with a down
files: 6 read, 0 ignored, 0 refused" "$(listing goose)"
    rm "$WORK"/goose/migrations/00010*
    export PROJECT=$WORK/goose
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    schema_of "$DB_ADMIN" >"$WORK/before"
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    schema_of "$DB_ADMIN" | grep -q 'renamed text'
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    schema_of "$DB_ADMIN" >"$WORK/after"
    diff "$WORK/before" "$WORK/after"
}

@test "lint, suggest-down and import read SQL that replaces a program" {
    program_project
    rm "$program.sealift.down.sql" "$WORK"/goose/migrations/00010*
    sed -i '2i-- sealift: phase before' "$program.sealift.sql"
    run_status 0 planner lint --project "$WORK/goose"
    output_lacks malformed-script
    run_status 0 planner suggest-down 00003_rename --project "$WORK/goose"
    output_has 'ALTER TABLE ship DROP COLUMN renamed;'
    run_status 0 planner import --into "$WORK/ours" "$WORK/goose"
    same written '-- sealift: phase before
ALTER TABLE ship ADD COLUMN renamed text;' "$(cat "$WORK"/ours/migrations/0003_rename.up.sql)"
    run_status 0 planner status --project "$WORK/ours"
    # elsewhere it is no directive
    sed -i '2i-- sealift: replaces 00003_rename.go' "$program.sealift.sql"
    run_status 4 planner lint --project "$WORK/goose"
    output_has "unknown directive 'replaces 00003_rename.go'"
}

@test "a program that changed is refused with its new digest, once released it is said" {
    program_project
    echo '// more' >>"$program"
    digest=$(b2sum <"$program" | cut -d' ' -f1)
    run_status 4 planner release 1.0.0 --project "$WORK/goose"
    errors_has "'migrations/00003_rename.go' has changed since 'migrations/00003_rename.go.sealift.sql' was written for it: its digest is now $digest"
    errors_has "see whether the SQL still does what the program does; its first line is then: -- sealift: replaces 00003_rename.go blake2b $digest"
    run_status 4 planner status --files --project "$WORK/goose"
    output_has "refused  migrations/00003_rename.go: "
    sed -i "1s/blake2b .*/blake2b $digest/" "$program".sealift.*sql
    run_status 0 planner release 1.0.0 --project "$WORK/goose"
    echo '// more still' >>"$program"
    run_status 0 planner status --project "$WORK/goose"
    output_has "'migrations/00003_rename.go' has changed since"
    rm "$program".sealift.*
    run_status 4 planner status --project "$WORK/goose"
    output_has "'migrations/00003_rename.go' is a migration written in a programming language"
}

@test "liquibase: contexts and labels are chosen in sealift.conf, or refused by line" {
    mkdir -p "$WORK/shop/migrations"
    export PROJECT=$WORK/shop
    planner init --product harbor --layout liquibase "$PROJECT" >/dev/null
    cat >"$PROJECT/migrations/a.sql" <<'SQL'
--liquibase formatted sql
--changeset ann:1
CREATE TABLE ship (id int);
--rollback DROP TABLE ship;
--changeset ann:2 context:"test and !load"
INSERT INTO ship VALUES (1);
--changeset ann:3 context:"prod or eu" labels:v2
CREATE TABLE berth (id int);
--rollback DROP TABLE berth;
SQL
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "migrations/a.sql:5: the attribute 'context' chooses by what liquibase is called with" \
        "[liquibase] contexts, or * for all changesets"
    printf '[liquibase]\ncontexts = prod\nlabels = v2 or v3\n' >>"$PROJECT/sealift.conf"
    same listing "layout liquibase
a:ann:1 with a down
a:ann:3 with a down
files: 1 read, 0 ignored, 0 refused" "$(listing shop)"
    run_status 0 planner status --project "$PROJECT"
    output_has "migrations/a.sql:5: the changeset 'ann:2' is not read: its context does not hold ([liquibase] contexts)"
    # what is released stays: another choice is another product
    run_status 0 release 1.0.0
    sed -i 's/^contexts = .*/contexts = test/' "$PROJECT/sealift.conf"
    run_status 4 planner status --project "$PROJECT"
    output_has "the released migration 'a:ann:3' (version 1.0.0) was removed"
    for line in 'contexts = prod eu' 'contexts = !prod' 'labels = a and'; do
        sed -i "s/^${line%% *} = .*/$line/" "$PROJECT/sealift.conf"
        run_status 3 planner status --project "$PROJECT"
        errors_has "sealift.conf: [liquibase] ${line%% *} is '${line#*= }': expected"
        sed -i "s/^${line%% *} = .*/${line%% *} = prod/" "$PROJECT/sealift.conf"
    done
    printf -- '--liquibase formatted sql\n--changeset:ann:1\nSELECT 1;\n' >"$PROJECT/migrations/a.sql"
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "migrations/a.sql:2: this is no '--changeset author:id'" "write it as: --changeset AUTHOR:ID"
}

@test "a program may go once its SQL is released, and not before" {
    program_project
    cp "$program" "$WORK/kept"
    rm "$program"
    run_status 4 planner status --project "$WORK/goose"
    output_has "'migrations/00003_rename.go.sealift.sql' replaces nothing: 'migrations/00003_rename.go' is not there" \
        "put 'migrations/00003_rename.go' back as its first line knows it"
    cp "$WORK/kept" "$program"
    export PROJECT=$WORK/goose
    rm "$PROJECT"/migrations/00010*
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/with.bundle" 1.0.0
    rm "$program" "$PROJECT/sealift.bundles"
    same listing "layout goose
00001_create_ships with a down
2_index_ship_names with a down
00003_rename with a down
files: 4 read, 0 ignored, 0 refused" "$(listing goose)"
    run_status 0 planner verify-project --project "$PROJECT"
    run_status 0 pack_bundle "$WORK/without.bundle" 1.0.0
    same bundle "$(b2sum <"$WORK/with.bundle")" "$(b2sum <"$WORK/without.bundle")"
    # what binds to another name, or to nothing, stands for no program
    sed -i 1s/00003_rename/00003_other/ "$program.sealift.sql"
    run_status 4 planner status --project "$PROJECT"
    output_has "'migrations/00003_rename.go.sealift.sql' replaces nothing"
    output_has "the released migration '00003_rename' (version 1.0.0) was removed"
}

@test "the same of refinery's, whose programs are Rust" {
    mkdir -p refinery/migrations
    run_status 0 planner init --product harbor --layout refinery refinery
    echo 'CREATE TABLE ships ();' >refinery/migrations/V1__create_ships.sql
    echo 'pub fn migration() -> String' >refinery/migrations/V2__rename.rs
    { echo "-- sealift: replaces V2__rename.rs blake2b $(b2sum <refinery/migrations/V2__rename.rs | cut -d ' ' -f 1)"
        echo 'ALTER TABLE ships RENAME TO vessels;'; } >refinery/migrations/V2__rename.rs.sealift.sql
    run_status 0 planner release 1.0.0 --project refinery
    rm refinery/migrations/V2__rename.rs
    run_status 0 planner verify-project --project refinery
    run_status 0 planner status --files --project refinery
    output_has 'files: 2, of which 2 read, 0 ignored, 0 refused' 'V2__rename'
}

@test "line ends of DOS and a byte order mark change nothing in any layout" {
    local fixture script lines
    for fixture in "$TOP"/tests/vectors/layouts/*; do
        fixture=$(basename "$fixture")
        # the first two keep hashes of their own over bytes, which such an edit breaks
        [[ $fixture != atlas && $fixture != graphile-migrate && $fixture != psql ]] || continue
        layout_project "$fixture"
        while read -r version; do
            run_status 0 planner release "$version" --project "$WORK/$fixture"
        done < <(versions_of "$fixture")
        listing "$fixture" >"$WORK/listing"
        while read -r script; do
            # a last line without its end gets no CR either
            [ -z "$(tail -c 1 "$script")" ] && lines= || lines='$!'
            sed -i -e '1s/^\(\xef\xbb\xbf\)\?/\xef\xbb\xbf/' -e "${lines}s/\r*\$/\r/" "$script"
        done < <(find "$WORK/$fixture/migrations" -name '*.sql' -size +0)
        diff "$WORK/listing" <(listing "$fixture")
        run_status 0 planner status --project "$WORK/$fixture" --json
        same "$fixture" "released" "$(json '[.migrations[].state] | unique | join(" ")')"
    done
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
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
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
