# The vendor's project: init, new, status, release, verify-project.
load ../support/common

setup() { common_setup; }
teardown() { common_teardown; }

# script PATH [SQL]: a script of the project.
script() {
    mkdir -p "$(dirname "$PROJECT/migrations/$1")"
    printf '%s\n' "${2-CREATE TABLE t_$RANDOM (a int);}" >"$PROJECT/migrations/$1"
}

# A project that finds out its layout by itself. Sets PROJECT.
auto_project() {
    PROJECT=$WORK/shop
    planner init --product shop "$PROJECT" >/dev/null
}

# Three flat migrations, of which two are released as 1.0.0.
released_project() {
    empty_project
    script 0001_a.up.sql 'CREATE TABLE a (x int);'
    script 0001_a.down.sql 'DROP TABLE a;'
    script 0002_b.up.sql 'CREATE TABLE b (x int);'
    script 0002_b.down.sql 'DROP TABLE b;'
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    script 0003_c.up.sql 'CREATE TABLE c (x int);'
    script 0003_c.down.sql 'DROP TABLE c;'
}

# --- init --------------------------------------------------------------------------------------

@test "init makes a project that status understands" {
    run_status 0 planner init --product shop new/project
    output_has new/project/sealift.conf new/project/sealift.sum new/project/migrations
    same "sealift.sum" "sealift-sum 1" "$(cat new/project/sealift.sum)"
    run_status 0 planner status --project new/project
    output_has "shop (sealift layout, migrations)" "no migrations yet"
    run_status 0 planner verify-project --project new/project
    # every layout that there is stands in the file
    same layouts "$(planner init --help | sed -n 's/^  --layout auto|\([^ ]*\) .*/# \1./p')" \
        "$(grep -x '# sealift|.*' new/project/sealift.conf)"
}

@test "init --folder names where the migrations are" {
    mkdir -p "shop/db files"
    echo 'SELECT 1;' >"shop/db files/1_a.up.sql"
    run_status 0 planner init --product shop --layout golang-migrate --folder "db files" shop --json
    same folder "shop/db files" "$(json .folder)"
    run_status 0 planner status --project shop
    output_has "shop (golang-migrate layout, db files)" "1_a"
    [ ! -e shop/migrations ]
    for folder in ../x /x "a ;b" " a" "a " "#a" "" "$(printf 'a%.0s' {1..151})"; do
        run_status 2 planner init --product other --folder "$folder" other
        errors_has "cannot be the folder of migrations"
    done
    [ ! -e other ]
}

@test "init names the product after the folder, and gives each its own UUID" {
    run_status 0 planner init --json shop-1
    same product shop-1 "$(json .product)"
    first=$(json .product_uuid)
    run_status 0 planner init --json shop-2/
    same product shop-2 "$(json .product)"
    [ "$first" != "$(json .product_uuid)" ]
}

@test "init refuses a folder that is a project already" {
    run_status 0 planner init shop
    before=$(cat shop/sealift.conf)
    run_status 3 planner init shop
    errors_has "there is a project already" "planner status"
    same "sealift.conf" "$before" "$(cat shop/sealift.conf)"
}

@test "init refuses names and layouts that do not fit, and makes nothing" {
    run_status 2 planner init "$WORK/My Shop"
    errors_has "'My Shop' cannot be a product's name" "--product"
    run_status 2 planner init --product Shop shop
    errors_has "'Shop' cannot be a product's name"
    run_status 2 planner init --layout rails shop
    errors_has "auto|sealift|golang-migrate|diesel"
    run_status 2 planner init
    [ ! -e "My Shop" ] && [ ! -e shop ]
}

@test "without sealift.conf every command refuses and says what to do" {
    mkdir nothing
    for command in status verify-project "release 1.0.0" "new x"; do
        # shellcheck disable=SC2086
        run_status 3 planner $command --project nothing
        errors_has "there is no project here: 'nothing/sealift.conf' is missing" "planner init"
    done
    cd nothing
    run_status 3 planner status --json
    same "class" configuration "$(json .error.class)"
}

@test "sealift.conf is read strictly" {
    empty_project
    echo "colour = red" >>"$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "sealift.conf" "there is no key 'colour' in a section [liquibase]"
    planner init --product shop other >/dev/null
    sed -i 's/^uuid = .*/uuid = 12/' other/sealift.conf
    run_status 3 planner status --project other
    errors_has "[product] uuid is '12'"
}

# --- new ---------------------------------------------------------------------------------------

@test "new writes the next migration of each layout, and what it writes passes verify-project" {
    empty_project
    cd "$PROJECT"
    run_status 0 planner new "Add berths, quickly!"
    same files "migrations/0001_add_berths_quickly.up.sql
migrations/0001_add_berths_quickly.down.sql
migrations/0001_add_berths_quickly.verify.sql" "$output"
    run_status 0 planner new second --json
    same identity 0002_second "$(json .identity)"
    run_status 0 planner verify-project

    planner init --product shop --layout golang-migrate ../go >/dev/null
    cd ../go
    run_status 0 planner new first
    output_has migrations/000001_first.up.sql
    rm migrations/*
    touch migrations/9_a.up.sql migrations/10_b.up.sql
    run_status 0 planner new third
    output_has migrations/11_third.up.sql

    planner init --product shop --layout diesel ../diesel >/dev/null
    cd ../diesel
    SOURCE_DATE_EPOCH=1700000000 run_status 0 planner new first
    output_has migrations/2023-11-14-221320_first/up.sql
    SOURCE_DATE_EPOCH=1700000000 run_status 0 planner new second
    output_has migrations/2023-11-14-221321_second/up.sql
    mkdir migrations/9999-01-01-000000_late
    touch migrations/9999-01-01-000000_late/up.sql
    run_status 4 planner new third
    errors_has "99990101000000" "is in the future"
}

@test "new continues time stamps where the project uses them" {
    planner init --product shop --layout golang-migrate go >/dev/null
    touch go/migrations/20231114221319_a.up.sql
    SOURCE_DATE_EPOCH=1700000000 run_status 0 planner new b --project go
    output_has migrations/20231114221320_b.up.sql
    SOURCE_DATE_EPOCH=1700000000 run_status 0 planner new c --project go
    output_has migrations/20231114221321_c.up.sql
}

@test "new says when there is no number left" {
    planner init --product shop --layout golang-migrate go >/dev/null
    touch go/migrations/18446744073709551615_last.up.sql
    run_status 4 planner new b --project go
    errors_has "there is no number behind 18446744073709551615"
    touch go/migrations/18446744073709551616_more.up.sql
    run_status 0 planner verify-project --project go
    output_has "'migrations/18446744073709551616_more.up.sql' is not read"
}

@test "new goes to the last unreleased version folder, or to the one it is told" {
    empty_project
    cd "$PROJECT"
    run_status 0 planner new a --version 1.0.0
    output_has migrations/1.0.0/0001_a.up.sql
    run_status 0 planner new b
    output_has migrations/1.0.0/0002_b.up.sql
    run_status 0 planner new c --version 1.10.0
    run_status 0 planner new d --version 1.9.0
    run_status 0 planner new e
    output_has migrations/1.10.0/0005_e.up.sql
    printf 'SELECT 1;\n' | tee migrations/*/*.up.sql >/dev/null
    for version in 1.0.0 1.9.0 1.10.0; do run_status 0 planner release "$version"; done
    run_status 2 planner new f
    errors_has "every version is released" "--version"
    run_status 2 planner new f --version 1.9.0
    errors_has "version 1.9.0 is released"
    run_status 2 planner new f --version 1.9.5
    errors_has "version 1.9.5 sorts before the released version 1.10.0"
    run_status 2 planner new f --version a/b
    errors_has "'a/b' cannot be the name of a version"
}

@test "new refuses a name without letters, and version folders where the layout is flat" {
    released_project
    run_status 2 planner new '!?' --project "$PROJECT"
    errors_has "'!?' has no letter or digit"
    run_status 2 planner new "$(printf 'a%.0s' {1..101})" --project "$PROJECT"
    errors_has "longer than 100"
    run_status 2 planner new x --version 2.0 --project "$PROJECT"
    errors_has "this project's layout is flat"
    planner init --product shop --layout diesel diesel >/dev/null
    run_status 2 planner new x --version 2.0 --project diesel
    errors_has "the layout is diesel"
}

# --- release -----------------------------------------------------------------------------------

@test "release freezes what is pending, at a time that can be given" {
    released_project
    grep -q '^release 1.0.0 ' "$PROJECT/sealift.sum"
    SOURCE_DATE_EPOCH=1700000000 run_status 0 planner release 1.1.0 --json --project "$PROJECT"
    same version 1.1.0 "$(json .version)"
    same time 2023-11-14T22:13:20Z "$(json .released_at)"
    same migrations 0003_c "$(json '.migrations[].identity')"
    line=$(tail -n 1 "$PROJECT/sealift.sum")
    same "sum line" "migration 1.1.0 $(json '.migrations[0].digest') 0003_c" "$line"
    run_status 0 planner status --json --project "$PROJECT"
    same states "released released released" "$(json '[.migrations[].state] | join(" ")')"
}

@test "the digest in sealift.sum is b2sum's of the documented line" {
    released_project
    up=$(b2sum "$PROJECT/migrations/0001_a.up.sql" | cut -d' ' -f1)
    expected=$(printf '0001_a\ttransaction\t%s\n' "$up" | b2sum | cut -d' ' -f1)
    same digest "migration 1.0.0 $expected 0001_a" "$(sed -n 3p "$PROJECT/sealift.sum")"
}

@test "an up without a statement counts as no bytes, whatever its comments say" {
    empty_project
    script 0001_a.up.sql '-- nothing yet'
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    expected=$(printf '0001_a\ttransaction\t%s\n' "$(b2sum </dev/null | cut -d' ' -f1)" | b2sum | cut -d' ' -f1)
    same digest "migration 1.0.0 $expected 0001_a" "$(sed -n 3p "$PROJECT/sealift.sum")"
    script 0001_a.up.sql $'BEGIN;\nCOMMIT;'
    run_status 0 planner status --project "$PROJECT"
}

@test "release --through ends a version in the middle of a flat layout; --stop is kept" {
    empty_project
    cd "$PROJECT"
    for name in 0001_a 0002_b 0003_c; do script $name.up.sql; done
    run_status 2 planner release 1.0.0 --through 0009_x
    errors_has "'0009_x' is no pending migration"
    run_status 0 planner release 1.0.0 --through 0002_b --stop
    run_status 0 planner status --json
    same versions "1.0.0 1.0.0 null" "$(json '[.migrations[].version | tostring] | join(" ")')"
    same stop true "$(json '.versions[0].stop')"
    run_status 0 planner status
    output_has "a required stop" "in no version yet"
}

@test "release refuses a version that exists, that cannot be a name, and one with nothing in it" {
    released_project
    run_status 2 planner release 1.0.0 --project "$PROJECT"
    errors_has "version 1.0.0 is already released"
    run_status 2 planner release "1 0" --project "$PROJECT"
    errors_has "'1 0' cannot be the name of a version"
    run_status 0 planner release 1.1.0 --project "$PROJECT"
    before=$(cat "$PROJECT/sealift.sum")
    run_status 2 planner release 1.2.0 --project "$PROJECT"
    errors_has "there is nothing to release" "planner new"
    same "sealift.sum" "$before" "$(cat "$PROJECT/sealift.sum")"
}

@test "version folders are released one after the other" {
    empty_project
    cd "$PROJECT"
    script 1.9/0001_a.up.sql
    script 1.10/0002_b.up.sql
    mkdir migrations/2.0
    run_status 2 planner release 1.10
    errors_has "version 1.10 is not the next one: that is 1.9"
    run_status 2 planner release 1.9 --through 0001_a
    errors_has "--through is for flat layouts"
    run_status 0 planner release 1.9
    run_status 0 planner release 1.10
    run_status 2 planner release 2.0
    errors_has "the folder of version 2.0 holds no migration"
}

@test "release refuses to freeze a script that could never be packed" {
    empty_project
    script 0001_a.up.sql "SELECT 'never closed;"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "migrations/0001_a.up.sql:1:"
    same "sealift.sum" "sealift-sum 1" "$(cat "$PROJECT/sealift.sum")"
    script 0001_a.up.sql "SELECT 1;"
    script 0001_a.down.sql "SET ROLE admin;"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "migrations/0001_a.down.sql:1:"
}

# --- what is released never changes ------------------------------------------------------------

# The released part is broken: every command that reads it says so and exits 4.
refused_everywhere() {
    run_status 4 planner status --project "$PROJECT"
    errors_has "$1"
    output_has "$1"
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "error: $1"
    run_status 4 planner release 1.1.0 --project "$PROJECT"
    errors_has "$1"
}

@test "an edited released migration is named" {
    released_project
    script 0001_a.up.sql 'CREATE TABLE a (x bigint);'
    refused_everywhere "the released migration '0001_a' (version 1.0.0) was edited"
    run_status 4 planner status --json --project "$PROJECT"
    same state edited "$(json '.migrations[0].state')"
}

@test "an edited data file of a released migration is an edit" {
    empty_project
    script 0001_a.up.sql "CREATE TABLE a (x int);
\\copy a from 'a.csv'"
    printf '1\n' >"$PROJECT/migrations/a.csv"
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    printf '2\n' >"$PROJECT/migrations/a.csv"
    refused_everywhere "the released migration '0001_a' (version 1.0.0) was edited"
}

@test "a lost data file makes a released migration unreadable" {
    empty_project
    script 0001_a.up.sql $'CREATE TABLE a (x int);\n\\copy a from \'a.csv\''
    printf '1\n' >"$PROJECT/migrations/a.csv"
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    rm "$PROJECT/migrations/a.csv"
    run_status 4 planner status --project "$PROJECT"
    output_has "unreadable  0001_a" "error: migrations/0001_a.up.sql:2: "
}

@test "line ends and a byte order mark are no edit, nor is a corrected down" {
    released_project
    printf '\xef\xbb\xbfCREATE TABLE a (x int);\r\n' >"$PROJECT/migrations/0001_a.up.sql"
    script 0001_a.down.sql 'DROP TABLE IF EXISTS a;'
    run_status 0 planner status --project "$PROJECT"
    run_status 0 planner verify-project --project "$PROJECT"
}

@test "a removed released migration is named" {
    released_project
    rm "$PROJECT"/migrations/0002_b.*
    refused_everywhere "the released migration '0002_b' (version 1.0.0) was removed"
}

@test "a renamed released migration is named with both names" {
    released_project
    mv "$PROJECT/migrations/0002_b.up.sql" "$PROJECT/migrations/0002_bee.up.sql"
    mv "$PROJECT/migrations/0002_b.down.sql" "$PROJECT/migrations/0002_bee.down.sql"
    refused_everywhere "the released migration '0002_b' (version 1.0.0) was renamed to '0002_bee'"
}

@test "a migration inserted before released ones is named" {
    released_project
    script 0000_early.up.sql
    refused_everywhere "the migration '0000_early' was inserted before the released migration '0002_b'"
}

@test "a version folder inserted before a released one, or added to one, is named" {
    empty_project
    script 1.0.0/0001_a.up.sql
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    script 0.9.0/0000_z.up.sql
    refused_everywhere "the migration '0000_z' was inserted before the released version '1.0.0'"
    rm -r "$PROJECT/migrations/0.9.0"
    script 1.0.0/0002_b.up.sql
    refused_everywhere "the migration '0002_b' was inserted into the released version '1.0.0'"
}

@test "reordered lines of sealift.sum are named" {
    released_project
    { sed -n '1,2p' "$PROJECT/sealift.sum"; sed -n 4p "$PROJECT/sealift.sum"; sed -n 3p "$PROJECT/sealift.sum"; } >sum
    mv sum "$PROJECT/sealift.sum"
    refused_everywhere "the released migrations '0002_b' and '0001_a' were reordered"
}

@test "a broken sealift.sum is refused with its line" {
    released_project
    echo "<<<<<<< ours" >>"$PROJECT/sealift.sum"
    run_status 4 planner status --project "$PROJECT"
    errors_has "sealift.sum:5: a merge left its conflict here"
    printf 'sealift-sum 1\n\0\n' >"$PROJECT/sealift.sum"
    run_status 4 planner status --project "$PROJECT"
    errors_has "sealift.sum: holds a NUL byte"
}

# --- verify-project ----------------------------------------------------------------------------

@test "a duplicate number is an error that names both files" {
    empty_project
    script 0001_a.up.sql
    script 0001_b.up.sql
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "the number 1 stands twice: 'migrations/0001_a.up.sql' and 'migrations/0001_b.up.sql'"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "the number 1 stands twice"
    run_status 4 planner new c --project "$PROJECT"
    errors_has "the number 1 stands twice"
}

@test "verify-project reports everything at once, with file and line" {
    empty_project
    script 0001_a.up.sql
    script 0001_a.down.sql 'DROP TABLE a;'
    script wrong-name.sql
    script 0002_utf8.up.sql $'SELECT 1;\nSELECT \'caf\xe9\';'
    script 0003_quote.up.sql $'SELECT 1;\n\nSELECT \'open;'
    script 0004_dollar.up.sql $'DO $body$ BEGIN END;'
    script 0005_shell.up.sql $'\\! ls'
    script 0006_role.up.sql $'SELECT 1;\nSET ROLE admin;'
    script 0007_directive.up.sql '-- sealift: no-transactions'
    printf 'SELECT 1;\0\n' >"$PROJECT/migrations/0008_nul.up.sql"
    script 0009_copy.up.sql $'\n\\copy a from \'missing.csv\''
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "'migrations/wrong-name.sql' looks like a script, but its name does not fit" \
        'for other names say the layout: psql runs any NAME.sql' \
        "NNNN_slug.up.sql" \
        "error: migrations/0002_utf8.up.sql:2: " "error: migrations/0003_quote.up.sql:3: " \
        "error: migrations/0004_dollar.up.sql:1: " "error: migrations/0005_shell.up.sql:1: " \
        "error: migrations/0006_role.up.sql:2: " "error: migrations/0007_directive.up.sql:1: " \
        "error: migrations/0008_nul.up.sql:1: " "error: migrations/0009_copy.up.sql:2: " \
        "missing.csv" "9 errors"
    output_lacks 0001_a
    errors_has "the project has 9 errors"
    run_status 4 planner verify-project --json --project "$PROJECT"
    same errors 9 "$(json .errors)"
    same findings 9 "$(json '[.findings[] | select(.severity == "error")] | length')"
}

@test "verify-project warns of what may not be meant" {
    empty_project
    script 0001_no_down.up.sql
    script 0002_empty_down.up.sql
    script 0002_empty_down.down.sql '-- nothing'
    script 0003_index.up.sql $'CREATE TABLE i (a int);\nCREATE INDEX CONCURRENTLY i_a ON i (a);'
    script 0003_index.down.sql 'DROP TABLE i;'
    script 0004_gone.up.sql $'-- sealift: irreversible the rows are gone\nDROP TABLE i;'
    script 0005_nothing.up.sql '-- later'
    script 0005_nothing.down.sql 'SELECT 1;'
    run_status 0 planner verify-project --project "$PROJECT"
    output_has "warning: 'migrations/0001_no_down.up.sql' cannot be rolled back: it has no down script" \
        "'migrations/0002_empty_down.down.sql' holds no statement" \
        "warning: 'migrations/0003_index.up.sql' runs in 2 transaction groups" \
        "warning: 'migrations/0005_nothing.up.sql' holds no statement" "0 errors, 4 warnings"
    output_has "where there is nothing to undo, say '-- sealift: nothing-to-undo REASON' in it"
    output_lacks 0004_gone
    script 0004_gone.down.sql 'CREATE TABLE i ();'
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "'migrations/0004_gone.up.sql' is declared irreversible, yet has a down script"
}

@test "golang-migrate strays are mentioned, its code migrations refused" {
    auto_project
    script 1_a.up.sql
    script 1_undo_a.down.sql
    script 2_b.down.sql
    run_status 0 planner verify-project --project shop
    output_has "golang-migrate layout" "'migrations/2_b.down.sql' is not read: there is no up script"
    script 3_c.go 'package migrations'
    run_status 4 planner status --project shop
    errors_has "'migrations/3_c.go' is a migration written in a programming language"
}

@test "diesel folders are released in version order" {
    auto_project
    script 00000000000000_diesel_initial_setup/up.sql
    script 2017-09-23-182408_x/up.sql
    script 20170922000000_y/up.sql 'CREATE INDEX CONCURRENTLY t_a ON t (a);'
    script 20170922000000_y/metadata.toml 'run_in_transaction = false'
    run_status 0 planner release 1.0.0 --project shop
    same order "00000000000000_diesel_initial_setup 20170922000000_y 2017-09-23-182408_x" \
        "$(sed -n 's/^migration [^ ]* [^ ]* //p' shop/sealift.sum | paste -sd' ')"
    rm shop/migrations/2017-09-23-182408_x/up.sql
    run_status 4 planner status --project shop
    errors_has "'migrations/2017-09-23-182408_x/up.sql' is missing" "and 1 more"
    output_has "'2017-09-23-182408_x' (version 1.0.0) was removed"
}

@test "the sample product holds together and can be released version by version" {
    sample_project
    run_status 0 planner verify-project --project "$PROJECT"
    output_has "15 migrations" "0 errors"
    for version in 1.0.0 1.1.0 2.0.0; do run_status 0 planner release "$version" --project "$PROJECT"; done
    run_status 0 planner verify-project --project "$PROJECT"
}

@test "a link among the scripts is refused" {
    empty_project
    script 0001_a.up.sql
    ln -s /etc/hostname "$PROJECT/migrations/0002_b.up.sql"
    run_status 4 planner status --project "$PROJECT"
    errors_has "'migrations/0002_b.up.sql' is a symbolic link"
}

@test "a version without migrations is released when asked for, in its turn" {
    planner init --product shop --layout sealift p >/dev/null
    mkdir p/migrations/1.0 p/migrations/1.2
    echo 'SELECT 1;' >p/migrations/1.0/0001_one.up.sql
    run_status 2 planner release 0.9 --empty --through 0001_one --project p
    errors_has "exclude each other"
    run_status 2 planner release 1.1 --empty --project p
    errors_has "version 1.0 comes first"
    run_status 2 planner release 1.0 --empty --project p
    errors_has "version 1.0 comes first" "without --empty"
    planner release 1.0 --project p
    run_status 0 planner release 1.1 --empty --project p
    run_status 2 planner release 1.2 --project p
    errors_has "holds no migration" "--empty"
    run_status 0 planner release 1.2 --empty --project p
    same "lines of sealift.sum" "release 1.0,migration 1.0,release 1.1,release 1.2" \
        "$(sed 1d p/sealift.sum | cut -d' ' -f1,2 | paste -sd,)"
    run_status 0 planner status --project p
    output_has "1.1  released"
    run_status 0 planner pack --project p --to 1.2 --out b --unsigned --allow-unproven
    output_has "-> 1.2"
}

@test "nothing to undo is said once, and of nothing else" {
    empty_project
    script 0001_up.up.sql $'-- sealift: nothing-to-undo it only analyzes\nANALYZE;'
    script 0002_down.up.sql 'ANALYZE;'
    script 0002_down.down.sql '-- sealift: nothing-to-undo it only analyzes'
    run_status 0 planner verify-project --project "$PROJECT"
    output_has "0 errors, 0 warnings"
    script 0001_up.down.sql 'SELECT 1;'
    script 0002_down.up.sql $'-- sealift: irreversible so\nANALYZE;'
    script 0002_down.verify.sql $'-- sealift: nothing-to-undo why\nSELECT true;'
    script 0003_own.up.sql 'ANALYZE;'
    script 0003_own.down.sql $'-- sealift: nothing-to-undo why\nANALYZE;'
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "'migrations/0001_up.up.sql' is declared to have nothing to undo, yet has a down script: 'migrations/0001_up.down.sql'" \
        "migrations/0002_down.verify.sql: 'nothing-to-undo' belongs into the up script" \
        "'migrations/0003_own.up.sql' is declared to have nothing to undo, yet has a down script"
    rm "$PROJECT/migrations/0002_down.verify.sql"
    run_status 4 planner verify-project --project "$PROJECT"
    output_has "'migrations/0002_down.up.sql' is declared irreversible, and to have nothing to undo"
    # what is rehearsed is read by itself
    rm "$PROJECT"/migrations/*
    script 0001_up.up.sql $'-- sealift: nothing-to-undo it only analyzes\nANALYZE;'
    script 0001_up.down.sql 'SELECT 1;'
    run_status 4 planner rehearse --project "$PROJECT"
    errors_has "migrations/0001_up.up.sql: it is declared to have nothing to undo, yet has a down script"
    rm "$PROJECT"/migrations/*
    script 0001_both.up.sql $'-- sealift: nothing-to-undo why\n-- sealift: irreversible so\nANALYZE;'
    run_status 4 planner rehearse --project "$PROJECT"
    errors_has "migrations/0001_both.up.sql: it is declared irreversible, and to have nothing to undo"
}
