# A script of very many INSERTs: those that are lines of their own are one step, and run one by one.
load ../support/common
load ../support/proxy

setup() {
    common_setup
    fresh_database
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, note text);'
    make_key vendor
    trust_site
}
teardown() {
    proxy_done
    common_teardown
}

# rows FROM TO: INSERTs, a line each; semicolons and escapes stand in their strings.
rows() { for ((i = $1; i <= $2; i++)); do echo "INSERT INTO item (id, note) VALUES ($i, 'a; b''s \\ $i');"; done; }

bundle() {
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >pack.out
}

@test "lines are one step of the bundle, and every row arrives" {
    {
        echo '-- rows'
        rows 1 500
        echo "INSERT INTO item VALUES (501, 'two"
        echo "lines; of text');"
        rows 502 1000
    } | script 1.0.0/0002_rows.up.sql
    bundle
    grep -q '2 (1001 statements)' pack.out
    run_status 0 applier inspect one.bundle --json
    same steps 'lines 500 2 sql 1 502 lines 499 504' \
        "$(json '[.versions[0].migrations[1].up.groups[0].steps[] | "\(.kind) \(.statements) \(.line)"] | join(" ")')"
    same HEAD 1001 "$(json .statements)"
    run_status 0 applier inspect one.bundle
    output_has '1000 statements in 1 group'
    run_status 0 applier apply one.bundle --db "$DB" --yes
    same rows '1000|500500' "$(sql 'SELECT count(*), sum(id) FROM item')"
    same text 'two
lines; of text' "$(sql 'SELECT note FROM item WHERE id = 501')"
    same 'last row' "a; b's \\ 1000" "$(sql 'SELECT note FROM item WHERE id = 1000')"
}

@test "the line that fails is named, and nothing of its group stays" {
    { rows 1 300; rows 7 7; rows 301 600; } | script 1.0.0/0002_rows.up.sql
    bundle
    run_status 11 applier apply one.bundle --db "$DB" --yes
    errors_has "migration '0002_rows' (1.0.0), statement 301 of its up script (migrations/1.0.0/0002_rows.up.sql, line 301): 23505"
    same rows 0 "$(sql 'SELECT count(*) FROM item')"
    run_status 10 applier apply one.bundle --db "$DB" --yes --json
    same failure '301 301 23505' "$(json '.failure | "\(.statement) \(.line) \(.sqlstate)"')"
}

@test "plans show the first of the lines and how many there are" {
    rows 1 40 | script 1.0.0/0002_rows.up.sql
    echo 'DROP TABLE item;' | script 1.0.0/0001_item.down.sql
    rows 1 40 | sed 's/INSERT INTO item (id, note) VALUES (\([0-9]*\).*/INSERT INTO gone SELECT \1;/' | script 1.0.0/0002_rows.down.sql
    bundle
    run_status 0 applier plan one.bundle --db "$DB"
    output_has "0002_rows.up.sql:1  INSERT INTO item (id, note) VALUES (1, 'a; b''s \\ 1')  and 39 more statements, a line each"
    run_status 0 applier plan one.bundle --db "$DB" --sql
    output_has "INSERT INTO item (id, note) VALUES (40, 'a; b''s \\ 40')"
    run_status 0 applier plan one.bundle --db "$DB" --json
    same statements 'lines 40' "$(json '.migrations[1].groups[0].statements[0] | "\(.kind) \(.statements)"')"
    applier apply one.bundle --db "$DB" --yes >/dev/null 2>&1
    run_status 0 applier rollback --db "$DB" --plan
    output_has 'INSERT INTO gone SELECT 1  and 39 more statements, a line each'
    run_status 0 applier rollback --db "$DB" --plan --json
    same 'way back' 40 "$(json '.ways_back[0].groups[0].statements[0].statements')"
    run_status 10 applier rollback --db "$DB" --yes --accept-unproven
    errors_has 'statement 1 of its down script' '42P01'
}

@test "explain and status show a run of lines once" {
    rows 1 40 | script 1.0.0/0002_rows.up.sql
    run_status 0 planner explain 0002_rows --project "$PROJECT"
    output_has 'line 1     insert into item …  and 39 more statements, a line each'
    run_status 0 planner explain 0002_rows --project "$PROJECT" --json
    same statements 'lines 40' "$(json '.scripts[0].statements[0] | "\(.kind) \(.statements)"')"
    { echo '-- sealift: no-transaction'; rows 1 3; } | script 1.0.0/0002_rows.up.sql
    run_status 0 planner explain 0002_rows --project "$PROJECT" --json
    same 'transactions of their own' 'sql 1,sql 1,sql 1' "$(json '[.scripts[0].statements[] | "\(.kind) \(.statements)"] | join(",")')"
}

@test "a rehearsal runs lines as one step and proves the bundle" {
    rows 1 40 | script 1.0.0/0002_rows.up.sql
    echo 'DELETE FROM item WHERE id <= 40;' | script 1.0.0/0002_rows.down.sql
    echo 'DROP TABLE item;' | script 1.0.0/0001_item.down.sql
    release 1.0.0
    run_status 0 planner rehearse --project "$PROJECT" --json
    same measured '1 1' "$(json '[.versions[0].migrations[1].measured[] | select(.script == "up") | .statement, .line] | join(" ")')"
    same verdict exact "$(json '.versions[0].migrations[1].way_back')"
    run_status 0 planner pack --to 1.0.0 --out proven.bundle --sign "$WORK/keys/vendor" --project "$PROJECT"
    run_status 0 applier apply proven.bundle --db "$DB" --yes
    same rows 40 "$(sql 'SELECT count(*) FROM item')"
}

@test "what does not run in one transaction is tried with lines in one" {
    { rows 1 3; echo 'DELETE FROM nowhere;'; } | script 1.0.0/0002_rows.up.sql
    release 1.0.0
    run_status 4 planner rehearse --project "$PROJECT" --json
    same failures '4 42P01 null' "$(json '.servers[0].failures[0] | "\(.statement) \(.sqlstate) \(.proposal)"')"
}

# Each answer that is waited for is a turn; a transaction that is sent whole has few, however large it is.
@test "a transaction larger than the window is sent in pieces" {
    rows 1 2 | script 2.0.0/0002_rows.up.sql
    rows 3 4 | script 2.0.0/0003_more.up.sql
    rows 5 6004 | script 3.0.0/0004_rows.up.sql
    # no lines of their own: as many steps
    for i in {6005..6304}; do printf "INSERT INTO item (id, note)\nVALUES (%d, '%03000d');\n" "$i" "$i"; done |
        script 3.0.0/0005_more.up.sql
    release 1.0.0 2.0.0 3.0.0
    pack_bundle one.bundle 3.0.0 >/dev/null
    turns_to() {
        proxy "$CLUSTER" --lockstep
        run_status 0 applier apply one.bundle --to "$1" --db "$(by_proxy "$DB")" --yes
        proxy_end
        TURNS=$(proxy_sum turns)
    }
    applier apply one.bundle --to 1.0.0 --db "$DB" --yes >/dev/null 2>&1
    turns_to 2.0.0
    few=$TURNS
    turns_to 3.0.0
    echo "# $few turns for 4 rows, $TURNS for 6,300" >&3
    same rows 6304 "$(sql 'SELECT count(*) FROM item')"
    [ "$TURNS" -ge $((few + 6)) ]
}

# little COMMAND…: it takes less than 64 MiB.
little() {
    run_status 0 /usr/bin/env time -f '%M' -o rss "$@"
    # AddressSanitizer keeps what is freed for a while: its build says nothing about memory
    [[ ${SEALIFT_BIN:-} == */asan/* ]] || [ "$(tail -n 1 rss)" -lt 65536 ]
}

@test "a script of very many lines costs no memory of its own" {
    awk 'BEGIN { for (i = 1; i <= 200000; i++) printf "INSERT INTO item VALUES (%d, NULL);\n", i }' |
        script 1.0.0/0002_rows.up.sql
    little planner status --project "$PROJECT"
    little planner explain 0002_rows --project "$PROJECT"
    output_has 'and 199999 more statements'
    little planner release 1.0.0 --project "$PROJECT"
    little planner pack --project "$PROJECT" --to 1.0.0 --out one.bundle --sign "$WORK/keys/vendor" --allow-unproven
    mkdir old
    cp "$PROJECT/migrations/1.0.0/0002_rows.up.sql" old/000001_rows.up.sql
    little planner import --layout golang-migrate --product shop --into "$WORK/imported" old
    little applier apply one.bundle --db "$DB" --yes
    same rows 200000 "$(sql 'SELECT count(*) FROM item')"
}

@test "INSERTs of several lines, more than the server has locks for, go in: a table is locked once" {
    for ((i = 1; i <= 3000; i++)); do
        echo "INSERT INTO item"
        echo "VALUES ($i, 'n');"
    done | script 1.0.0/0002_rows.up.sql
    bundle
    [ "$(sql "SELECT current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int < 9000")" = t ]
    run_status 0 applier inspect one.bundle --json
    same 'locks of the migration' 3 "$(json '.versions[0].migrations[1].lock_estimate')"
    run_status 0 applier apply one.bundle --db "$DB" --yes
    same rows 3000 "$(sql 'SELECT count(*) FROM item')"
}
