#!/usr/bin/env bats
# planner rehearse: verdicts, what is kept, what pack makes of it, and what is left behind.

load ../support/common

setup() {
    common_setup
    MAJOR=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    # scratch clusters of this test in a folder of its own, that the servers' user can enter
    export TMPDIR
    TMPDIR=$(mktemp -d /tmp/sealift-rh.XXXXXX)
    chmod 0755 "$TMPDIR"
    empty_project
    make_key vendor
}

teardown() {
    common_teardown
    rm -rf -- "$TMPDIR"
}

# rehearse STATUS [arguments…]: on the one major that the tests have.
rehearse() {
    local expected=$1
    shift
    run_status "$expected" planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$MAJOR" "$@"
}

pack() { planner pack --project "$PROJECT" --sign "$WORK/keys/vendor" "$@"; }

# applier_that SCRIPT: an applier for --applier: after the script, which may exit, the real one runs.
applier_that() {
    printf '#!/bin/bash\n%s\nexec "%s" "$@"\n' "$1" "$(command -v applier)" >"$WORK/applier"
    chmod +x "$WORK/applier"
}

# Servers and folders of rehearsals below TMPDIR.
servers() { pgrep -f "postgres -D $TMPDIR" || true; }
folders() { find "$TMPDIR" -maxdepth 1 -name 'sealift-rehearsal.*'; }

small_project() {
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int PRIMARY KEY, b text);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    script 1.1.0/0002_two.up.sql <<<'ALTER TABLE one ADD COLUMN c int;'
    script 1.1.0/0002_two.down.sql <<<'ALTER TABLE one DROP COLUMN c;'
}

@test "each verdict is shown, refused, acknowledged, and packed" {
    script 1.0.0/0001_exact.up.sql <<<'CREATE TABLE t (a int, b text);'
    script 1.0.0/0001_exact.down.sql <<<'DROP TABLE t;'
    script 1.0.0/0002_order.up.sql <<<'ALTER TABLE t ADD COLUMN kept int; UPDATE t SET kept = a; ALTER TABLE t DROP COLUMN a;'
    script 1.0.0/0002_order.down.sql <<<'ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = kept; ALTER TABLE t DROP COLUMN kept;'
    script 1.0.0/0003_lossy.up.sql <<<'DELETE FROM t WHERE b IS NOT NULL;'
    script 1.0.0/0003_lossy.down.sql <<<'UPDATE t SET b = b;'
    script 1.0.0/0004_differs.up.sql <<<'CREATE INDEX IF NOT EXISTS t_b ON t (b);'
    script 1.0.0/0004_differs.down.sql <<<'SELECT 1;'
    script 1.0.0/0005_fails.up.sql <<<'CREATE VIEW v AS SELECT b FROM t;'
    script 1.0.0/0005_fails.down.sql <<<'DROP VIEW nope;'
    script 1.0.0/0006_gone.up.sql <<<'-- sealift: irreversible numbers are erased
ALTER TABLE t DROP COLUMN kept;'
    script 1.0.0/0007_none_of_it_ever_goes_back_because_nobody_has_written_a_way_back.up.sql <<<'CREATE TABLE u (a int);'

    rehearse 4
    local row name word
    while read -r name word; do
        grep -Eq "^  $name +$word\$" <<<"$output" || { show_run "no $word for $name"; return 1; }
    done <<'ROWS'
0001_exact exact
0002_order column-order
0003_lossy lossy
0004_differs differs
0005_fails fails
0006_gone irreversible
0007_none_of_it_ever_goes_back_because_nobody_has_written_a_way_back none
ROWS
    output_has "changed     column order public.t" "lost        rows of public.t: 50 before, 0 after" \
        "extra       index public.t.t_b" "0005_fails.down.sql:1, SQLSTATE 42P01" \
        "exact 1, column-order 1, lossy 1, differs 1, fails 1, irreversible 1, none 1" \
        "not rehearsed on PostgreSQL"
    errors_has "what '0002_order' (1.0.0) does is not undone" "and 3 more, which stand above"
    [ -z "$(servers)" ] && [ -z "$(folders)" ]

    release 1.0.0
    run_status 7 pack --to 1.0.0 --out a.bundle
    errors_has "what '0003_lossy' (1.0.0) does is not undone: its way back is 'lossy'" \
        "ack rollback-fails REASON"
    [ ! -e a.bundle ] && [ ! -e "$PROJECT/sealift.bundles" ]

    for name in order:column-order lossy:lossy differs:differs fails:fails; do
        row=$(compgen -G "$PROJECT/migrations/1.0.0/*_${name%:*}.down.sql")
        sed -i "1i -- sealift: ack rollback-${name#*:} agreed with the customer" "$row"
    done
    # a comment changes nothing that was rehearsed: no applier is run
    rehearse 0 --applier "$(command -v false)"
    output_has "nothing has changed since the last rehearsal" "meant       agreed with the customer"
    run_status 0 pack --to 1.0.0 --out a.bundle
    errors_has "not rehearsed on the declared PostgreSQL"
    run_status 0 planner inspect a.bundle --json
    same "ways back" "exact column-order lossy differs fails irreversible none" \
        "$(json '[.versions[0].migrations[].way_back] | join(" ")')"
}

@test "a way back with nothing to undo is proven, and taken at a site" {
    script 1.0.0/0001_t.up.sql <<<'CREATE TABLE t (a int);'
    script 1.0.0/0001_t.down.sql <<<'DROP TABLE t;'
    script 1.0.0/0002_up.up.sql <<<'-- sealift: nothing-to-undo statistics; come by themselves
ANALYZE t;'
    script 1.0.0/0003_down.up.sql <<<'ANALYZE t;'
    printf -- '-- sealift: nothing-to-undo as above' | script 1.0.0/0003_down.down.sql
    script 1.1.0/0004_not_so.up.sql <<<'CREATE INDEX IF NOT EXISTS t_a ON t (a);'
    script 1.1.0/0004_not_so.down.sql <<<'-- sealift: nothing-to-undo an index is nothing'
    rehearse 4
    grep -Eq '^  0002_up +exact$' <<<"$output"
    grep -Eq '^  0003_down +exact$' <<<"$output"
    grep -Eq '^  0004_not_so +differs$' <<<"$output"
    output_has 'extra       index public.t.t_a'
    rm -r "$PROJECT"/migrations/1.1.0
    rehearse 0
    release 1.0.0
    run_status 0 pack --to 1.0.0 --out a.bundle
    run_status 0 planner inspect a.bundle --json
    same "ways back" "exact exact exact" "$(json '[.versions[0].migrations[].way_back] | join(" ")')"
    run_status 0 planner inspect a.bundle --sql
    output_has '-- nothing to undo: statistics; come by themselves' '-- nothing to undo: as above'
    shared_cluster
    fresh_database
    trust_site
    run_status 0 applier apply a.bundle --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --to - --yes
    same tables 0 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
}

@test "rows that a down leaves behind are not called lost" {
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    script 1.1.0/0002_rows.up.sql <<<'INSERT INTO one VALUES (1), (2);'
    script 1.1.0/0002_rows.down.sql <<<'SELECT 1;'
    rehearse 4 --rows 0
    output_has "left over   rows of public.one: 0 before, 2 after"
    output_lacks "lost  "
}

@test "a long reason is said once, on one line, and referred to" {
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE c, p;'
    script 1.1.0/0002_rows.up.sql <<<'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);'
    script 1.1.0/0002_rows.down.sql <<<"DO \$\$ BEGIN RAISE 'first line
%', repeat('long ', 200); END \$\$;"
    script 1.1.0/0003_more.up.sql <<<'ALTER TABLE c ADD COLUMN x int;'
    script 1.1.0/0003_more.down.sql <<<'ALTER TABLE c DROP COLUMN x;'
    rehearse 4 --rows 0
    same 'said' 1 "$(grep -cE '(long ){40}' <<<"$output$errors")"
    output_has 'first line long' '…' "version 1.1.0 on PostgreSQL $MAJOR: fails, as 0002_rows" \
        "--atomic version on PostgreSQL $MAJOR: not offered: " \
        "--atomic run on PostgreSQL $MAJOR: not offered, for the same reason"
}

@test "only what changed is rehearsed again, and what others need runs" {
    small_project
    script 1.1.0/0003_three.up.sql <<<'CREATE INDEX one_b ON one (b);'
    script 1.1.0/0003_three.down.sql <<<'DROP INDEX one_b;'
    # an applier that keeps the list of cycles, and which commands it got
    cat >"$WORK/applier" <<SCRIPT
#!/bin/bash
arguments=("\$@")
rm -f "$WORK/cycles"
while [ \$# -gt 0 ]; do
    [ "\$1" != --cycles ] || cp "\$2" "$WORK/cycles"
    shift
done
echo "\${arguments[0]}" >>"$WORK/calls"
exec "$(command -v applier)" "\${arguments[@]}"
SCRIPT
    chmod +x "$WORK/applier"
    rehearse 0 --applier "$WORK/applier"
    [ ! -e cycles ]
    same "calls" "trust rehearse" "$(xargs <calls)"

    rehearse 0 --applier "$WORK/applier"
    output_has "nothing has changed" "exact 3"
    same "calls" "trust rehearse" "$(xargs <calls)"

    echo '-- back
DROP INDEX IF EXISTS one_b;' >"$PROJECT/migrations/1.1.0/0003_three.down.sql"
    rehearse 0 --applier "$WORK/applier"
    output_lacks "nothing has changed"
    same "cycles" "0003_three" "$(cat cycles)"

    same "calls" "trust rehearse trust rehearse" "$(xargs <calls)"
}

@test "what the project has no more leaves the catalog after a while, and nothing else does" {
    local catalog=$PROJECT/.sealift/catalog.db keys
    small_project
    planner release 1.0.0 --project "$PROJECT" >/dev/null
    rehearse 0
    rehearse 0 --to 1.0.0
    cp -R "$PROJECT" "$WORK/before"
    echo '-- back
ALTER TABLE one DROP COLUMN IF EXISTS c;' >"$PROJECT/migrations/1.1.0/0002_two.down.sql"
    rehearse 0
    # the edit may be undone: nothing is done again then
    same 'not wanted' 3 "$(sqlite3 "$catalog" 'SELECT count(*) FROM seen WHERE NOT wanted')"
    run_status 0 planner rehearse --project "$WORK/before" --pg-bin "$PG_BIN" --major "$MAJOR"
    output_has 'nothing has changed'
    keys=$(sqlite3 "$catalog" 'SELECT count(*) FROM seen WHERE wanted')
    sqlite3 "$catalog" "UPDATE seen SET at = at - 31 * 86400"
    rehearse 0 --fresh
    same 'known' "$keys" "$(sqlite3 "$catalog" 'SELECT count(*) FROM seen')"
    for table in run scope result fingerprint measured measured_relation; do
        same "$table" 0 "$(sqlite3 "$catalog" "SELECT count(*) FROM $table WHERE key NOT IN (SELECT key FROM seen)")"
    done
    same texts 0 "$(sqlite3 "$catalog" 'SELECT count(*) FROM text WHERE name NOT IN
        (SELECT text FROM fingerprint UNION SELECT before FROM result UNION SELECT after FROM result)')"
    # both ends that were rehearsed are still there: the last, and the older one of --to
    rehearse 0
    output_has 'nothing has changed'
    rehearse 0 --to 1.0.0
    output_has 'nothing has changed'
    planner release 1.1.0 --project "$PROJECT" >/dev/null
    run_status 0 pack --to 1.0.0 --out old.bundle
    run_status 0 pack --from 1.0.0 --to 1.1.0 --out new.bundle
}

@test "two rehearsals on two machines give the same bundle, which a site applies" {
    small_project
    release 1.0.0 1.1.0
    cp -R "$PROJECT" "$WORK/elsewhere"
    rehearse 0
    pack --to 1.1.0 --out a.bundle
    pack --from 1.0.0 --to 1.1.0 --out c.bundle
    PROJECT=$WORK/elsewhere rehearse 0
    PROJECT=$WORK/elsewhere pack --to 1.1.0 --out b.bundle
    PROJECT=$WORK/elsewhere pack --from 1.0.0 --to 1.1.0 --out d.bundle
    cmp a.bundle b.bundle
    cmp c.bundle d.bundle
    rehearse 0 --fresh
    pack --to 1.1.0 --out e.bundle
    cmp a.bundle e.bundle
    same "unproven" 0 "$(tar -xOf a.bundle HEAD | sed -n 's/^unproven: //p')"
    same "brought" "0001_one table public.one, 0002_two column public.one.c" "$(planner inspect a.bundle --json |
        jq -r '[.versions[].migrations[] | .identity as $i | .brought[] | "\($i) \(.kind) \(.identity)"] | join(", ")')"

    fresh_database
    trust_site
    run_status 0 applier apply a.bundle --db "$DB" --yes
    run_status 0 applier rollback --to 1.0.0 --db "$DB" --yes
    same "columns" "a|b" "$(sql "SELECT string_agg(attname, '|' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'one'::regclass AND attnum > 0 AND NOT attisdropped")"
}

@test "a catalog that says otherwise than it was told is not signed" {
    small_project
    release 1.0.0 1.1.0
    rehearse 0
    local catalog=$PROJECT/.sealift/catalog.db
    cp "$catalog" good.db
    sqlite3 "$catalog" "UPDATE text SET bytes = CAST(replace(CAST(bytes AS TEXT), 'integer', 'bigint') AS BLOB)"
    run_status 5 pack --to 1.1.0 --out a.bundle
    errors_has "the catalog's fingerprint of version" "was changed"
    cp good.db "$catalog"
    sqlite3 "$catalog" "DELETE FROM text"
    run_status 1 pack --to 1.1.0 --out a.bundle
    errors_has "the catalog lacks the fingerprint" "may be deleted"
    cp good.db "$catalog"
    sqlite3 "$catalog" "UPDATE fingerprint SET core = 'x'"
    run_status 5 pack --to 1.1.0 --out a.bundle
    errors_has "the catalog holds 'x' where a digest should be"
    cp good.db "$catalog"
    sqlite3 "$catalog" "UPDATE measured SET statement = 99 WHERE script = 'up'"
    run_status 1 pack --to 1.1.0 --out a.bundle
    errors_has "the catalog has measures of '0001_one', up:99, which it does not have"
    [ ! -e a.bundle ]
}

@test "what is pending is rehearsed, and stays rehearsed when it is released" {
    PROJECT=$WORK/flat
    planner init --product flat --layout sealift "$PROJECT" >/dev/null
    script 0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 0001_one.down.sql <<<'DROP TABLE one;'
    rehearse 0
    output_has "pending "
    release 1.0.0
    rehearse 0 --applier "$(command -v false)"
    output_has "nothing has changed" "1.0.0 "
    run_status 0 pack --to 1.0.0 --out a.bundle
}

@test "a migration that leaves another schema each time is named with the object" {
    script 1.0.0/0001_clock.up.sql <<'SQL'
DO $$ BEGIN EXECUTE format('CREATE TABLE t_%s (a int)', (extract(epoch FROM clock_timestamp()) * 1000)::bigint); END $$;
SQL
    script 1.0.0/0001_clock.down.sql <<'SQL'
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relname LIKE 't\_%' LOOP EXECUTE 'DROP TABLE ' || name; END LOOP;
END $$;
SQL
    rehearse 4
    errors_has "'0001_clock'" "leaves another schema each time" "public.t_"
    release 1.0.0
    run_status 7 pack --to 1.0.0 --out a.bundle
    errors_has "0001_clock" "leaves another schema each time"
}

@test "an up that does not run is named, with its line and a way out, and pack refuses it" {
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    script 1.1.0/0002_bad.up.sql <<'SQL'
CREATE TABLE two (a int);
CREATE INDEX two_b ON two (b);
SQL
    script 1.1.0/0002_bad.down.sql <<<'DROP TABLE two;'
    rehearse 4
    output_has "UP FAILS"
    errors_has "'0002_bad' does not run on PostgreSQL $MAJOR" \
        "0002_bad.up.sql:2: 42703 undefined_column: column"
    release 1.0.0 1.1.0
    run_status 7 pack --to 1.0.0 --out a.bundle
    errors_has "no rehearsal ended with version 1.0.0" "planner rehearse --to 1.0.0"
    rehearse 0 --to 1.0.0
    run_status 0 pack --to 1.0.0 --out a.bundle
    run_status 7 pack --to 1.1.0 --out b.bundle
    errors_has "'0002_bad' does not run"
}

@test "without a rehearsal pack refuses by name, and --allow-unproven says so" {
    small_project
    release 1.0.0 1.1.0
    run_status 7 pack --to 1.1.0 --out a.bundle
    errors_has "2 of 2 migrations have not been rehearsed as they are: '0001_one', '0002_two'" \
        "planner rehearse"
    run_status 0 pack --to 1.1.0 --out a.bundle --allow-unproven
    output_has "unproven    2 of them"
}

@test "an edited released migration is refused as by pack" {
    small_project
    release 1.0.0
    echo 'SELECT 1;' >>"$PROJECT/migrations/1.0.0/0001_one.up.sql"
    rehearse 4
    errors_has "the released migration '0001_one' (version 1.0.0) was edited"
}

@test "no server, no applier, no migrations, no such version: each is said" {
    rehearse 4
    errors_has "no migrations yet"
    small_project
    rehearse 2 --to 9.9
    errors_has "there is no version '9.9'"
    rehearse 2 --jobs 0
    errors_has "--jobs takes 1 to"
    run_status 2 planner rehearse --project "$PROJECT" --major 99
    errors_has "does not declare PostgreSQL 99"
    run_status 2 planner rehearse --project "$PROJECT" --major fifteen
    errors_has "--major takes numbers"
    rehearse 3 --pg-bin /nowhere
    errors_has "'/nowhere' holds no PostgreSQL server"
    rehearse 3 --applier /nowhere/applier
    errors_has "cannot run '/nowhere/applier'"
    mkdir alone
    cp "$(command -v planner)" alone
    PATH=/usr/bin:/bin run_status 3 alone/planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" \
        --major "$MAJOR"
    errors_has "no 'applier' beside planner"
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -m 0700 "$TMPDIR/ours"
        TMPDIR=$TMPDIR/ours rehearse 3
        errors_has "cannot run" "must be able to enter '$TMPDIR/ours/"
    fi
    sed -i 's/^# server-m\(in\|ax\) = .*/server-m\1 = 10/' "$PROJECT/sealift.conf"
    run_status 3 planner rehearse --project "$PROJECT"
    errors_has "no PostgreSQL server of the declared versions 10 to 10 is found" \
        "apt-get install postgresql-10" "--pg-bin"
    sed -i 's/^server-max = .*/server-max = 18/' "$PROJECT/sealift.conf"
    run_status 3 planner rehearse --project "$PROJECT" --major 11
    errors_has "no server of PostgreSQL 11 is found" "apt-get install postgresql-11"
}

@test "an applier that fails or talks nonsense ends it with its own words and status" {
    small_project
    applier_that '[ "$1" != rehearse ] || { echo "applier: error: the cluster is gone" >&2; exit 9; }'
    rehearse 9 --applier "$WORK/applier"
    errors_has "rehearsing on PostgreSQL" "the cluster is gone"
    applier_that '[ "$1" != rehearse ] || { echo nonsense; exit 0; }'
    rehearse 1 --applier "$WORK/applier"
    errors_has "line 1 of applier's report: no JSON object" "nonsense"
    applier_that '[ "$1" != rehearse ] || { echo "{\"type\":\"begin\",\"report\":2}"; exit 0; }'
    rehearse 3 --applier "$WORK/applier"
    errors_has "report is not number 1"
    applier_that '[ "$1" != rehearse ] || exit 0'
    rehearse 1 --applier "$WORK/applier"
    errors_has "before its end"
    # report MAJOR: one that says nothing of any migration
    report() {
        printf '%s\n' '{"type":"begin","report":1,"applier":"0.1.0","server_major":'"$1"',"server_version":"x","head_digest":"x","migrations":2,"cycles":2}' \
            '{"type":"end","passed":true}' >"$WORK/report"
    }
    report 9
    applier_that '[ "$1" != rehearse ] || { cat "'"$WORK"'/report"; exit 0; }'
    rehearse 1 --applier "$WORK/applier"
    errors_has "applier reports a server 9"
    report "$MAJOR"
    rehearse 1 --applier "$WORK/applier"
    errors_has "lacks a verdict or a schema"
    applier_that '[ "$1" != rehearse ] || kill -SEGV $$'
    rehearse 1 --applier "$WORK/applier"
    errors_has "ended by signal 11"
    applier_that '[ "$1" != trust ] || { echo "applier: error: no trust" >&2; exit 3; }'
    rehearse 3 --applier "$WORK/applier"
    errors_has "trust init' did not succeed: no trust"
    [ -z "$(servers)" ] && [ -z "$(folders)" ]
}

# Starts a rehearsal whose applier never ends; sets PLANNER once that is at work.
hang() {
    small_project
    applier_that '[ "$1" != rehearse ] || { touch "'"$WORK"'/at-work"; exec sleep 300; }'
    planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$MAJOR" \
        --applier "$WORK/applier" >"$WORK/out" 2>"$WORK/err" 3>&- &
    PLANNER=$!
    while [ ! -e at-work ]; do
        kill -0 "$PLANNER" || { cat "$WORK/err"; return 1; }
        sleep 0.05
    done
    [ -n "$(servers)" ] && [ -n "$(folders)" ]
}

@test "killed, it leaves no server, and the next run removes its folder" {
    hang
    kill -KILL "$PLANNER"
    wait "$PLANNER" || true
    while [ -n "$(servers)" ]; do sleep 0.05; done
    [ -n "$(folders)" ]
    rehearse 0
    [ -z "$(folders)" ]
}

@test "interrupted, it stops and removes everything: 130" {
    hang
    kill -INT "$PLANNER"
    local status=0
    wait "$PLANNER" || status=$?
    same "exit status" 130 "$status"
    grep -q "interrupted" "$WORK/err"
    [ -z "$(servers)" ] && [ -z "$(folders)" ]
}

@test "a broken catalog is made anew, a deleted one as well" {
    small_project
    rehearse 0
    echo "no database" >"$PROJECT/.sealift/catalog.db"
    rehearse 0
    errors_has "the catalog could not be used and was made anew"
    output_lacks "nothing has changed"
    rehearse 0
    output_has "nothing has changed"
    rm "$PROJECT/.sealift/catalog.db"
    release 1.0.0
    run_status 7 pack --to 1.0.0 --out a.bundle
    errors_has "have not been rehearsed"
}

@test "seeds give the rows that a way back must keep" {
    small_project
    mkdir "$PROJECT/seeds"
    printf '[rehearsal]\nseeds = seeds\nrows = 0\n' >>"$PROJECT/sealift.conf"
    sed -i '0,/^\[rehearsal\]$/{//d}' "$PROJECT/sealift.conf"
    script 1.2.0/0003_forget.up.sql <<<"DELETE FROM one WHERE b = 'old';"
    script 1.2.0/0003_forget.down.sql <<<'SELECT 1;'
    rehearse 0
    echo "INSERT INTO one VALUES (1, 'old'), (2, 'new');" >"$PROJECT/seeds/0001_one.sql"
    rehearse 4
    output_has "rows of public.one: 2 before, 1 after"
    mv "$PROJECT/seeds/0001_one.sql" "$PROJECT/seeds/0001_noe.sql"
    rehearse 4
    errors_has "the seed" "0001_noe.sql' belongs to no migration and no version"
}

# setup_is WHAT: [rehearsal] setup of the project.
setup_is() { sed -i -e '/^setup = /d' -e "s#^\[rehearsal\]#&\nsetup = $1#" "$PROJECT/sealift.conf"; }

@test "what is there before the first migration: another product's schema as pg_dump has it, and a site that has it" {
    fresh_database
    sql 'CREATE TABLE port (id int PRIMARY KEY, name text); CREATE FUNCTION port_name(int) RETURNS text LANGUAGE sql AS $$SELECT name FROM port WHERE id = $1$$'
    mkdir "$PROJECT/db"
    "$PG_BIN/pg_dump" -s -O -d "$DB_ADMIN" >"$PROJECT/db/other.sql"
    script 1.0.0/0001_ship.up.sql <<<'CREATE TABLE ship (id int PRIMARY KEY, home int REFERENCES port);'
    script 1.0.0/0001_ship.down.sql <<<'DROP TABLE ship;'
    rehearse 4
    output_has "42P01"
    setup_is db/other.sql
    rehearse 0
    output_has 'exact 1' 'begun on what is made by other.sql, which is in no bundle: a site has it before'
    rehearse 0 --json
    same setup other.sql "$(json '.setup | join(" ")')"
    same run false "$(json .changed)"
    # what was set up decides what comes out
    echo 'CREATE INDEX ON public.port (name);' >>"$PROJECT/db/other.sql"
    release 1.0.0
    run_status 7 pack --to 1.0.0 --out a.bundle
    errors_has 'have not been rehearsed'
    sed -i '$d' "$PROJECT/db/other.sql"
    run_status 0 pack --to 1.0.0 --out a.bundle
    trust_site
    sql 'GRANT REFERENCES ON port TO app'
    run_status 7 applier apply a.bundle --db "$DB" --yes --strict
    errors_has 'are not those proven for what the first version begins on' 'table public.port: changed'
    run_status 0 applier apply a.bundle --db "$DB" --yes
    errors_has 'in owners, rights, comments or settings before the first version: '
    output_has 'the schema is the one proven at build time'
    run_status 0 applier rollback --db "$DB" --yes
    fresh_database
    run_status 7 applier apply a.bundle --db "$DB" --yes
    errors_has 'from what the first version begins on, which is not in the bundle' 'table public.port: missing' \
        'what is missing must be there before'
    run_status 7 applier preflight a.bundle --db "$DB"
    output_has 'from what the first version begins on' 'table public.port: missing'
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'ship'")"
}

@test "a setup that is wrong is named with file and line" {
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a ();'
    setup_is setup
    rehearse 3
    errors_has "sealift.conf: [rehearsal] setup: 'setup': No such file or directory"
    mkdir "$PROJECT/setup"
    printf '\\restrict x\n-- of the installer\nCREATE SCHEMA base;\nSET search_path = base;\n\\unrestrict x\nCREATE TABLE one (a int);\nCREATE TABLE two (\n    a nope);\n' >"$PROJECT/setup/1.sql"
    rehearse 4
    errors_has "1.sql', line 8: 42704"
    echo "\\i other.sql" >"$PROJECT/setup/1.sql"
    rehearse 4
    errors_has "setup script: setup/1.sql:1: 'other.sql': no file can be included here"
    printf 'CREATE TABLE one (a int);\nCOPY one FROM stdin;\n1\n\\.\n' >"$PROJECT/setup/1.sql"
    rehearse 4
    errors_has "setup script: setup/1.sql:2: 'copy one from stdin" 'loads rows'
    printf '[value n]\nsite = true\nrehearse = 1\n' >>"$PROJECT/sealift.conf"
    printf 'SELECT :n;\n' >"$PROJECT/setup/1.sql"
    rehearse 4
    errors_has "setup script: setup/1.sql:1: 'select …' holds a site parameter"
    echo 'SELECT 1;' >"$PROJECT/setup/1.sql"
    echo 'notes' >"$PROJECT/setup/README"
    rehearse 4
    errors_has "'setup/README' is no setup script"
}

@test "a scope leaves out what is not the product's, and travels with what sites may have" {
    script 1.0.0/0001_app.up.sql <<<'CREATE SCHEMA app; CREATE TABLE app.one (a int); CREATE TABLE IF NOT EXISTS public.own (a int);'
    script 1.0.0/0001_app.down.sql <<<'DROP TABLE app.one; DROP SCHEMA app;' # public.own stays
    rehearse 4
    output_has "extra       table public.own"
    sed -i 's/^# scope = .*/scope = app/; s/^# tolerate = .*/tolerate = table:app.part_*, *:app.x/' \
        "$PROJECT/sealift.conf"
    rehearse 0
    output_has "exact 1"
    release 1.0.0
    run_status 0 pack --to 1.0.0 --out a.bundle
    tar -xf a.bundle manifest.db
    same "scope" app "$(sqlite3 manifest.db 'SELECT name FROM scope')"
    same "tolerated" '*|app.x table|app.part_*' "$(sqlite3 manifest.db 'SELECT kind, identity FROM tolerated' | xargs)"
    tar -xOf a.bundle versions/0001/fingerprint-01.txt >rows
    grep -q "app.one" rows
    run_status 1 grep "public" rows
}

@test "JSON says the same, also where a way back is bad; a draft knows what was before" {
    small_project
    script 1.2.0/0004_default.up.sql <<<"ALTER TABLE one ALTER COLUMN b SET DEFAULT 'new';"
    script 1.0.0/0001_one.up.sql <<<"CREATE TABLE one (a int PRIMARY KEY, b text DEFAULT 'old');"
    run_status 4 planner suggest-down 0004_default --project "$PROJECT"
    script 1.1.0/0003_view.up.sql <<<'CREATE VIEW v AS SELECT a FROM one;'
    script 1.1.0/0003_view.down.sql <<<'DROP VIEW nope;'
    rehearse 4 --json
    same "changed" true "$(json .changed)"
    same "server" "$MAJOR" "$(json '.servers[0].server_major')"
    same "verdicts" "exact exact fails none" "$(json '[.versions[].migrations[].way_back] | join(" ")')"
    same "stopped" "down 1 42P01" "$(json '.versions[1].migrations[1].results[0].stopped | "\(.script) \(.line) \(.sqlstate)"')"
    same "finding" error "$(json '.findings[0].severity')"
    same "lock" AccessExclusiveLock "$(json '[.versions[1].migrations[0].measured[] | select(.script == "up").relations[].lock][0]')"
    local name
    while read -r name; do
        grep -qF "\`$name\`" "$TOP/docs/json.md" || { echo "docs/json.md lacks $name"; return 1; }
    done < <(json '[paths[] | strings] | unique[]')
    rehearse 4 --json
    same "changed" false "$(json .changed)"
    run_status 0 planner suggest-down 0004_default --project "$PROJECT"
    output_has "ALTER TABLE one ALTER COLUMN b SET DEFAULT 'old'::text;"
}
