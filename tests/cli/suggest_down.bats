# planner suggest-down: what it prints and writes, and when it refuses.
load ../support/common

setup() {
    common_setup
    empty_project
}

change() { script 1.0.0/0001_change.up.sql; }
suggest() { planner suggest-down --project "$PROJECT" "$@"; }

@test "the draft is printed, in reverse order, with what could not be derived" {
    printf 'CREATE TABLE a (b int);\nDROP VIEW v;\nALTER TABLE c ADD d text;\n' | change
    run_status 0 suggest 0001_change
    same statements 'ALTER TABLE c DROP COLUMN d; DROP TABLE a;' "$(grep -v '^--' <<<"$output" | grep . | paste -sd' ')"
    output_has '-- Not derived: 1 statement, marked below.' '-- loses: the values of c.d' \
        '-- not derived: what the view was before is not in the text' \
        '--     IF EXISTS (SELECT FROM c WHERE d IS NOT NULL) THEN'
    run_status 0 suggest 0001_change --json
    same steps '[["derived",3],["refused",2],["derived",1]]' \
        "$(json '[.steps[] | [.outcome, .line]] | tojson')"
    json '.derived == 2 and .refused == 1 and .written == null and (.draft | contains("DROP TABLE a;"))'
    [ ! -e "$PROJECT/migrations/1.0.0/0001_change.down.sql" ]
}

@test "--write writes the draft where there is no down script with a statement" {
    echo 'CREATE VIEW v AS SELECT 1;' | change
    run_status 0 suggest 0001_change --write
    output_has "wrote 'migrations/1.0.0/0001_change.down.sql': 1 derived, 0 to be written"
    grep -qx 'DROP VIEW v;' "$PROJECT/migrations/1.0.0/0001_change.down.sql"
    run_status 3 suggest 0001_change --write
    errors_has "there is a down script already: 'migrations/1.0.0/0001_change.down.sql'"
    echo '-- to be written' >"$PROJECT/migrations/1.0.0/0001_change.down.sql"
    run_status 0 suggest 0001_change --write --json
    same written migrations/1.0.0/0001_change.down.sql "$(json .written)"
    grep -qx 'DROP VIEW v;' "$PROJECT/migrations/1.0.0/0001_change.down.sql"
    echo "SELECT 'open" >"$PROJECT/migrations/1.0.0/0001_change.down.sql"
    run_status 4 suggest 0001_change --write
}

@test "a diesel migration's down script is called down.sql" {
    rm -r "$PROJECT"
    planner init --product shop --layout diesel "$PROJECT" >/dev/null
    mkdir -p "$PROJECT/migrations/2024-01-01-000000_change"
    echo 'CREATE VIEW v AS SELECT 1;' >"$PROJECT/migrations/2024-01-01-000000_change/up.sql"
    run_status 0 suggest 2024-01-01-000000_change --write
    grep -qx 'DROP VIEW v;' "$PROJECT/migrations/2024-01-01-000000_change/down.sql"
}

@test "where nothing can be derived suggest-down says why" {
    echo 'DROP TABLE a;' | change
    run_status 4 suggest 0001_change --write
    errors_has "nothing of '0001_change' can be taken back" 'line 1: its rows are gone' \
        '-- sealift: irreversible REASON'
    [ ! -e "$PROJECT/migrations/1.0.0/0001_change.down.sql" ]
    echo 'SELECT 1;' | change
    run_status 4 suggest 0001_change
    errors_has "'0001_change' changes nothing that could be taken back"
    printf -- '-- sealift: irreversible gone is gone\nCREATE VIEW v AS SELECT 1;\n' | change
    run_status 4 suggest 0001_change
    errors_has "'0001_change' is declared irreversible: gone is gone"
}

@test "a migration that there is not is a usage error" {
    echo 'SELECT 1;' | change
    run_status 2 suggest 0001_chang
    errors_has "there is no migration '0001_chang'" "did you mean '0001_change'?"
    run_status 2 suggest zzzzzzzzzzzzzzzzzzzzzz
    errors_has "'planner status' lists them"
    run_status 2 suggest
}

@test "what would name a site parameter is refused by the parameter's name" {
    cat >>"$PROJECT/sealift.conf" <<'C'
[value app_role]
site = true
type = identifier
rehearse = app
[value n]
site = true
type = integer
as = raw
rehearse = 7
C
    change <<'SQL'
CREATE TABLE t (a int) WITH (fillfactor = :n);
ALTER TABLE t ADD b int DEFAULT :n;
CREATE TABLE :"app_role".u (a int);
ALTER TABLE :"app_role".u ADD b int;
ALTER TABLE v ADD c int DEFAULT :n, ADD d int;
CREATE SCHEMA :app_role;
CREATE VIEW xx AS SELECT 11;
SQL
    run_status 0 suggest 0001_change --json
    same outcomes 'derived refused derived refused refused refused nothing derived' \
        "$(json '[.steps[].outcome] | join(" ")')"
    same sql 'DROP VIEW xx; ALTER TABLE v DROP COLUMN d; DROP TABLE t;' "$(json '[.steps[].sql // empty] | join(" ")')"
    same reason "its way back would name the site parameter 'app_role', and what stands there before is known at the site alone" \
        "$(json '.steps[1].reason')"
    same statement 'ALTER TABLE :"app_role".u ADD b int' "$(json '.steps[4].statement')"
    same statement 'CREATE SCHEMA :app_role' "$(json '.steps[1].statement')"
    run_status 0 suggest 0001_change --write
    run_status 1 grep -E 'xxx+' "$PROJECT/migrations/1.0.0/0001_change.down.sql"
}

@test "nothing to undo: declared it is refused, and what changes nothing is told of it" {
    printf -- '-- sealift: nothing-to-undo it analyzes\nANALYZE;\n' | change
    run_status 4 suggest 0001_change
    errors_has "'0001_change' is declared to have nothing to undo: it analyzes" 'take the directive out'
    echo '-- nothing at all' | change
    run_status 4 suggest 0001_change
    errors_has "changes nothing that could be taken back" "'-- sealift: nothing-to-undo REASON' in the up"
}
