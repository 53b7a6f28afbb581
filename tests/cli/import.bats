# planner import: a folder of another tool looked at, and converted to our layout.
load ../support/common
load ../support/layouts

setup() { common_setup; }
teardown() { common_teardown; }

# packed_and_applied PROJECT VERSION…: its schema in $WORK/NAME.
applied() {
    local name=$1
    export PROJECT=$WORK/$1
    shift
    run_status 0 release "$@"
    run_status 0 pack_bundle "$WORK/$name.bundle" "${*: -1}"
    [ -d "$SEALIFT_CONFIG_DIR" ] || trust_site
    rm -rf "$SEALIFT_STATE_DIR"
    fresh_database
    run_status 0 applier apply "$WORK/$name.bundle" --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/$name.up"
    run_status 0 applier rollback --steps 1 --db "$DB" --yes --accept-unproven || { [ "$status" -eq 7 ] && [[ $errors == *'no way back'* ]]; }
    schema_of "$DB_ADMIN" >"$WORK/$name.down"
}

# The same schemas from the folder read in place and from what it was converted to.
converts() {
    local layout=$1
    shift
    layout_project "$layout"
    # its tool is told the main file
    [ "$layout" != psql ] || sed -i 's/^layout = auto/layout = psql\nmain = install.sql/' "$WORK/psql/sealift.conf"
    applied "$layout" "$@"
    local from
    from=$(layout_folder "$layout")
    [ "$layout" != psql ] || from=$WORK/psql
    run_status 0 planner import --into "$WORK/ours" --product harbor "$from"
    PROJECT=$WORK/ours
    # the same key signs
    sed -i "s/^uuid = .*/$(grep '^uuid = ' "$WORK/$layout/sealift.conf")/" "$WORK/ours/sealift.conf"
    applied ours "$@"
    diff "$WORK/$layout.up" "$WORK/ours.up"
    diff "$WORK/$layout.down" "$WORK/ours.down"
    grep -q 'CREATE TABLE' "$WORK/ours.up"
}

@test "dbmate's folder converted leaves the same schema" { converts dbmate 1.0.0; }
@test "goose's folder converted leaves the same schema" { converts goose 1.0.0; }
@test "node-pg-migrate's folder converted leaves the same schema" { converts node-pg-migrate 1.0.0; }
@test "sqlx's folder converted leaves the same schema" { converts sqlx 1.0.0; }
@test "prisma's folder converted leaves the same schema" { converts prisma 1.0.0; }
@test "flyway's folder converted leaves the same schema" { converts flyway 1.0.0; }
@test "sqitch's project converted leaves the same schema, its tags are versions" {
    converts sqitch 1.0.0 1.1.0
    [ -f "$WORK/ours/migrations/1.1.0/0004_ship_count_2.up.sql" ]
}
@test "graphile-migrate's folder converted leaves the same schema" { converts graphile-migrate 1.0.0; }
@test "atlas's folder converted leaves the same schema" { converts atlas 1.0.0; }
@test "liquibase's folder converted leaves the same schema" { converts liquibase 1.0.0; }
@test "temporal's folder converted leaves the same schema" { converts temporal 1.0 1.9 1.10; }
@test "popx's folder converted leaves the same schema" { converts popx 1.0.0; }
@test "numbered folders converted leave the same schema" { converts numbered-folders 1.0.0; }
@test "refinery's folder converted leaves the same schema" { converts refinery 1.0.0; }
@test "psql's scripts converted leave the same schema" { converts psql 1.0.0; }

@test "lines that go on behind others stay one statement" {
    mkdir old
    printf '%s\n' '--liquibase formatted sql' '--changeset ann:1' '--preconditions onFail:HALT' \
        '--precondition-sql-check expectedResult:0 SELECT count(*) FROM pg_class WHERE relname = '"'ship'" \
        'CREATE TABLE ship (' '--comment: in a statement' '    id bigint' '--rollback DROP TABLE' ');' \
        '--rollback ship;' >old/1.sql
    run_status 0 planner import --into new --layout liquibase old
    same up 'CREATE TABLE ship ( id bigint ); ' "$(tr -s '\n ' ' ' <new/migrations/0001_1.up.sql)"
    same down 'DROP TABLE ship; ' "$(tr -s '\n ' ' ' <new/migrations/0001_1.down.sql)"
    run_status 0 planner status --project new
    [[ $(cat new/migrations/0001_*.precheck.sql) == *"SELECT count(*) FROM pg_class"*")::text = '0'"* ]]
}

@test "without --into nothing is written, and everything is said" {
    run_status 0 planner import "$(layout_folder dbmate)"
    output_has 'layout: dbmate, because' 'files: 4, of which 3 read, 1 ignored, 0 refused' \
        '0001_create_ships  from 20240101000000_create_ships' 'nothing was written'
    run_status 0 planner import "$(layout_folder dbmate)" --json
    same into null "$(json .into)"
    same first '20240101000000_create_ships 0001_create_ships up,down' \
        "$(json '.migrations[0] | "\(.from) \(.identity) \(.scripts | join(","))"')"
    run_status 2 planner import "$(layout_folder dbmate)" --product x
    errors_has '--product is for --into'
}

@test "a look says of every script why it cannot be carried over" {
    mkdir old
    printf 'CREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ();\nCOMMIT;\n' >old/1_a.up.sql
    echo 'DROP TABLE a, b;' >old/1_a.down.sql
    echo 'CREATE TABLE c ();' >old/2_c.up.sql
    printf 'CREATE TABLE d ();\n\\! id\n' >old/3_d.up.sql
    run_status 4 planner import --layout golang-migrate old
    output_has 'files: 4, of which 2 read, 0 ignored, 2 refused' 'migrations: 3' \
        "error: 1_a.up.sql:1: 'create table a …' stands outside" 'error: 3_d.up.sql:2: ' 'leave BEGIN and COMMIT out'
    output_lacks 'no down' 'nothing was written'
    errors_has 'and 1 more, which stand above'
    run_status 4 planner import --layout golang-migrate old --json
    same refused '1_a.up.sql 3_d.up.sql' "$(json '[.files.not_read[].path] | join(" ")')"
    run_status 4 planner import --layout golang-migrate --into new old
    [ ! -e new ]
}

@test "a folder too high: those in it that are a tool's are named" {
    mkdir -p db/postgres 'db/my sql' db/.old db/empty
    printf -- '-- +goose Up\nCREATE TABLE a ();\n' | tee db/postgres/1_a.sql 'db/my sql/1_a.sql' >db/.old/1_a.sql
    run_status 4 planner import db
    output_has 'layout: sealift, because no file shows another' "the folder 'my sql' in it is one of goose:" \
        '    planner import "db/my sql"' '    planner import db/postgres'
    output_lacks "folder '.old'" "folder 'empty'" 'nothing was written'
    output_has "'postgres/1_a.sql' looks like a script, but its name does not fit"
    run_status 4 planner import db --json
    same folders 'my sql goose postgres goose' "$(json '[.folders[] | .name, .layout] | join(" ")')"
    run_status 0 planner import db/postgres
    output_lacks 'in it is one of'
    run_status 0 planner import db/postgres --json
    same folders 0 "$(json '.folders | length')"
}

@test "a folder without any migration is refused" {
    mkdir -p db/up
    echo 'x' >db/migrate.go
    run_status 4 planner import --into new db
    errors_has "there is no migration of a known layout in 'db'" 'name the folder that the scripts stand in'
    [ ! -e new ]
    echo 'CREATE TABLE a ();' >db/up/V1__a.sql
    run_status 0 planner import db
    output_has "layout: flyway, because 'up/V1__a.sql'"
    # what a layout is named for may be empty for now
    run_status 0 planner import --layout flyway db/.
    rm db/up/V1__a.sql
    run_status 0 planner import --layout flyway db
    output_has 'migrations: 0'
}

@test "files that are not read for one reason are summed up, each is named once" {
    mkdir old
    printf -- '-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n' >old/1_a.sql
    touch old/b.sql old/c.sql old/d.sql old/e.sql old/notes.md
    run_status 0 planner import --layout dbmate old
    output_has 'files: 6, of which 1 read, 5 ignored, 0 refused' '  ignored  notes.md: no script' \
        "warning: 'd.sql' is not read: dbmate" "warning: 'e.sql' is not read"
    output_lacks 'ignored  b.sql' 'more files'
    same named 1 "$(grep -c "d\.sql" <<<"$output")"
    touch old/f.sql old/g.sql
    run_status 0 planner import --layout dbmate old
    output_has "'d.sql'" "3 more files are not read: dbmate's migrations begin with a number (--json names each)"
    output_lacks e.sql f.sql g.sql
    run_status 0 planner import --layout dbmate old --json
    same each 6 "$(json '.findings | length')"
    planner init --product harbor --layout dbmate p >/dev/null
    cp old/* p/migrations/
    run_status 0 planner status --project p --files
    output_has "  ignored  migrations/g.sql: dbmate's migrations begin with a number" '3 more files are not read'
}

@test "COPY data, files beside the script and CRLF come along" {
    mkdir old
    printf '\xef\xbb\xbfCREATE TABLE a (n int, w text);\r\nCOPY a FROM stdin;\r\n1\tone\r\n\\.\r\n' >old/01_a.up.sql
    printf '\\copy a from %s with (format csv)\nSELECT 1\n' "'rows.csv'" >old/02_b.up.sql
    printf '2,"two, too"\n3,three' >old/rows.csv
    run_status 0 planner import --into new --layout golang-migrate old
    printf 'COPY a FROM stdin;\n1\tone\n\\.\n' | diff - <(sed 1d new/migrations/0001_a.up.sql)
    fresh_database
    for file in new/migrations/*.up.sql; do
        "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$DB" -f "$file" >/dev/null
    done
    same rows '1 one|2 two, too|3 three' "$(sql "SELECT string_agg(n || ' ' || w, '|' ORDER BY n) FROM a")"
}

@test "data that no script can hold is refused, and nothing is left" {
    mkdir old
    echo 'CREATE TABLE a (w text);' >old/01_a.up.sql
    printf '\\copy a from %s with (format csv)\n' "'rows.csv'" >old/02_b.up.sql
    printf 'x\n\\.\ny\n' >old/rows.csv
    run_status 4 planner import --into new --layout golang-migrate old
    errors_has "02_b.up.sql: its data has a line '\\.'"
    [ ! -e new/migrations ] && [ ! -e new/.migrations.import ] && [ ! -e new/sealift.conf ]
    printf 'x\n\\.' >old/rows.csv
    run_status 4 planner import --into new --layout golang-migrate old
    errors_has "its data has a line"
    printf 'x\0y\n' >old/rows.csv
    run_status 4 planner import --into new --layout golang-migrate old
    errors_has '02_b.up.sql: its data is binary'
    printf 'x\n\\..\n' >old/rows.csv
    run_status 0 planner import --into new --layout golang-migrate old
}

@test "what cannot be read is not converted" {
    mkdir old
    echo 'CREATE TABLE a ();' >old/1_a.up.sql
    echo 'x' >old/2_b.up.go
    run_status 4 planner import --into new old
    output_has "2_b.up.go"
    [ ! -e new ]
    rm old/2_b.up.go
    echo "SELECT 'open" >old/2_b.up.sql
    run_status 4 planner import --into new old
    errors_has '2_b.up.sql'
    [ ! -e new/migrations ]
}

@test "a folder that is taken, a name that fits nobody, a version that is missing" {
    mkdir -p old taken/migrations
    echo 'CREATE TABLE a ();' >old/1_a.up.sql
    run_status 3 planner import --into taken old
    errors_has "'taken' is no new project: 'taken/migrations' is there"
    run_status 2 planner import --into 'Not a name' old
    errors_has "cannot be a product's name"
    run_status 0 planner import --into new --version 1.0.0 --product x old
    [ -f new/migrations/1.0.0/0001_a.up.sql ]
    run_status 3 planner import --into newer nowhere
    # sqitch: the last change stands behind the last tag
    cp -R "$(layout_folder sqitch)" sq
    printf 'late 2024-03-01T00:00:00Z A <a@example.org> # late\n' >>sq/sqitch.plan
    echo 'CREATE TABLE late ();' >sq/deploy/late.sql
    run_status 2 planner import --into new2 --product x sq
    errors_has 'some migrations are in a version and the last ones in none' '--version NAME'
    run_status 2 planner import --into new2 --product x --version 'a b' sq
    errors_has "'a b' cannot be the name of a version"
    run_status 0 planner import --into new2 --product x --version 1.2.0 sq
    [ -f new2/migrations/1.2.0/0005_late.up.sql ]
}

@test "a project converts with its name and its UUID" {
    PROJECT=$WORK/old
    planner init --product harbor old >/dev/null
    printf -- '-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n' >old/migrations/1_a.sql
    run_status 2 planner import --into new --layout dbmate old
    errors_has "'old' is a project"
    run_status 0 planner import --into new old
    same uuid "$(grep '^uuid' old/sealift.conf)" "$(grep '^uuid' new/sealift.conf)"
    grep -qx 'name = harbor' new/sealift.conf
    run_status 0 planner status --project new
    output_has 'pending     0001_a'
}

@test "site parameters are declared again, fixed values stand in the scripts, colons stay colons" {
    PROJECT=$WORK/old
    planner init --product harbor --layout sealift old >/dev/null
    printf '[value owner]\nsite = true\ntype = identifier\nrehearse = app\n[value size]\nvalue = 30\n' >>old/sealift.conf
    mkdir old/migrations/1.0.0
    echo 'CREATE TABLE a (n varchar(:size)); ALTER TABLE a OWNER TO :"owner";' >old/migrations/1.0.0/0001_a.up.sql
    run_status 0 planner import --into new old
    grep -qx 'CREATE TABLE a (n varchar(30)); ALTER TABLE a OWNER TO :"owner";' new/migrations/1.0.0/0001_a.up.sql
    grep -A3 -x '\[value owner\]' new/sealift.conf | grep -qx 'type = identifier'
    run_status 0 planner explain 0001_a --project new
    mkdir plain
    printf -- '-- +goose Up\nSELECT :x;\n' >plain/1_a.sql
    run_status 0 planner import --into new2 --product x plain
    grep -qx 'placeholders = none' new2/sealift.conf
    run_status 0 planner explain 0001_a --project new2
}

@test "a colon that psql would take for a site parameter is not converted" {
    PROJECT=$WORK/old
    planner init --product harbor --layout golang-migrate old >/dev/null
    printf '[value n]\nsite = true\nrehearse = 1\n' >>old/sealift.conf
    echo "SELECT (ARRAY[1, 2])[1:n] FROM (SELECT 2) AS x (n);" >old/migrations/1_a.up.sql
    run_status 4 planner import --into new old
    errors_has "1_a.up.sql: written as a script of its own it has other statements, or refers to other site parameters"
    [ ! -e new/migrations ]
    sed -i 's/:n/: n/' old/migrations/1_a.up.sql
    run_status 0 planner import --into new old
}

@test "a project's settings come along, and what does not is said" {
    PROJECT=$WORK/old
    planner init --product harbor --layout dbmate old >/dev/null
    printf -- '-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n' >old/migrations/1_a.sql
    settings=(database 'search-path=app, public' database server-min=14 database server-max=17
        database 'extensions=pg_trgm, postgis>=3.1' bundle channel=lts bundle 'sites=east,west'
        bundle environment=production bundle keyring=keys/ring.txt bundle next-expected=2027-01-31T00:00:00Z
        rehearsal pg-bin=/opt/pg16/bin rehearsal setup=db/setup.sql rehearsal seeds=seeds rehearsal rows=7 fingerprint 'scope=app,public'
        fingerprint 'tolerate=*:monitoring.*,table:app.readings_*')
    set -- "${settings[@]}"
    while [ $# -gt 0 ]; do
        sed -i "/^\[$1\]/a ${2%%=*} = ${2#*=}" old/sealift.conf
        shift 2
    done
    sed -i 's/^\[foreign-history\]/&\nkeep = true/' old/sealift.conf
    mkdir old/keys
    echo x >old/keys/ring.txt
    run_status 0 planner import --into new old
    output_has "[foreign-history] is not taken over: our own layout has no such table" \
        "[bundle] keyring: the file 'keys/ring.txt' is not taken over" "[rehearsal] setup: 'db/setup.sql' is not taken over" \
        "[rehearsal] seeds: the folder 'seeds' is not taken over"
    set -- "${settings[@]}"
    while [ $# -gt 0 ]; do
        sed -n "/^\[$1\]/,/^\[/p" new/sealift.conf >section
        grep -Fqx "${2%%=*} = ${2#*=}" section || fail "$2 is not in [$1]"
        shift 2
    done
    run_status 1 grep '^keep' new/sealift.conf
    # every key that there is was asked for
    same keys "$(sed -n '/^\[database\]/,/^\[foreign/s/^# [a-z-]* = .*/&/p' new/sealift.conf)" ''
    run_status 0 planner status --project new
    rm -r new
    sed -i -e 's/^keep = true//' -e '/^setup/d' -e '/^seeds/d' -e '/^keyring/d' -e '/^rows/d' old/sealift.conf
    run_status 0 planner import --into new old
    output_lacks 'not taken over'
    grep -Fqx '# rows = 50' new/sealift.conf
    run_status 0 planner import old
}

@test "a version without migrations has no folder, and that is said" {
    cp -R "$(layout_folder temporal)" old
    mkdir old/versioned/v1.11
    echo '{"CurrVersion": "1.11", "MinCompatibleVersion": "1.10", "Description": "none", "AllowNoCqlFiles": true,
        "SchemaUpdateCqlFiles": []}' >old/versioned/v1.11/manifest.json
    run_status 0 planner import --into new --product harbor old
    output_has 'warning: version 1.11 holds no migration, and has no folder in the new project' "'planner release --empty'"
    [ ! -e new/migrations/1.11 ] && [ -d new/migrations/1.10 ]
}

@test "a down without statements comes along where it says that there is nothing to undo" {
    mkdir old
    printf -- '-- migrate:up\nANALYZE;\n-- migrate:down\n-- sealift: nothing-to-undo it analyzes\n' >old/1_a.sql
    printf -- '-- migrate:up\n-- sealift: nothing-to-undo so\nANALYZE;\n-- migrate:down\n' >old/2_b.sql
    printf -- '-- migrate:up\nANALYZE;\n-- migrate:down\n' >old/3_c.sql
    run_status 0 planner import old --into new
    output_has '0001_a  from 1_a  (nothing to undo)' '0002_b  from 2_b  (nothing to undo)' '0003_c  from 3_c  (no down)'
    grep -qx -- '-- sealift: nothing-to-undo it analyzes' new/migrations/0001_a.down.sql
    [ ! -e new/migrations/0002_b.down.sql ] && [ ! -e new/migrations/0003_c.down.sql ]
    run_status 0 planner verify-project --project new
    output_has '0 errors, 1 warning'
}

# pasted WORDS: the line of the output that has them, run as it stands, with what it leaves open.
pasted() { eval "$(grep -F -- "$1" <<<"$output" | sed 's/NEW/new/; s/NAME/harbor/')"; }

@test "what it says to do next can be pasted" {
    mkdir -p "an old/scripts of it"
    cp "$(layout_folder dbmate)"/*.sql "an old/scripts of it"
    run_status 0 planner import "an old/scripts of it"
    output_has 'planner import --layout dbmate --into NEW "an old/scripts of it"' \
        'planner init --layout dbmate --folder "scripts of it" --product NAME "an old"'
    pasted "planner init" >/dev/null
    run_status 0 planner status --project "an old"
    output_has "harbor (dbmate layout, scripts of it)"
    run_status 0 planner import "an old"
    output_has 'planner import --into NEW "an old"'
    output_lacks "planner init"
    run_status 0 pasted "planner import"
    output_has "planner status --project new"
    run_status 0 pasted "planner status"
    output_has "harbor (sealift layout, migrations)"
    # seen from inside, where the folder has no name
    rm "an old/sealift.conf" "an old/sealift.sum"
    cd "an old/scripts of it"
    run_status 0 planner import .
    pasted "planner init" >/dev/null
    [ -e ../sealift.conf ]
}

@test "more than one error: the others stand above, not in a project that is none" {
    mkdir old
    printf x >old/1_a.go
    printf x >old/2_b.py
    printf 'SELECT 1;' >old/3_c.up.sql
    run_status 4 planner import old
    output_has "'1_a.go' is a migration written in" "'2_b.py' is a migration written in"
    errors_has "and 1 more, which stand above"
}

@test "where a hint speaks of sealift.conf, the command that makes one is said" {
    mkdir -p db/changes
    printf -- '--liquibase formatted sql\n--changeset a:1 context:prod\nSELECT 1;\n' >db/changes/a.sql
    run_status 4 planner import db/changes
    output_has "sealift.conf is a project's; this makes one of the folder above:" \
        "planner init --layout liquibase --folder changes --product NAME db"
    pasted "planner init" >/dev/null
    printf '[liquibase]\ncontexts = prod\n' >>db/sealift.conf
    run_status 0 planner import db
    output_has '0001_1  from a:a:1'
    sed -i 's/^contexts.*//' db/sealift.conf
    run_status 4 planner import db
    output_lacks "planner init"
}

@test "liquibase: a changelog that includes all of its own folder" {
    mkdir -p db/sub
    printf -- '--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n' >db/b.sql
    printf -- '--liquibase formatted sql\n--changeset a:2\nSELECT 2;\n' >db/sub/a.sql
    printf 'databaseChangeLog:\n- includeAll:\n    path: ./\n    relativeToChangelogFile: true\n' >db/all.yaml
    run_status 0 planner import db
    output_has '0001_1  from b:a:1' '0002_2  from a:a:2' 'files: 3, of which 3 read'
}

@test "a folder that is not there is called as it was, without a word of sealift.conf" {
    run_status 3 planner import nowhere
    errors_has "cannot look into the migration folder 'nowhere': No such file"
    errors_lacks sealift.conf
    touch plain
    run_status 3 planner import plain
    errors_has "the migration folder 'plain' is not a folder"
}
