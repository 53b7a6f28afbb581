#!/usr/bin/env bats
# applier plan: what each statement locks here and how large that is, how long it will take and on
# what that estimate stands, and which window to ask for.

load ../support/common
load ../support/shop

setup() {
    common_setup
    fresh_database
    shop
    export DATABASE_URL=$DB
}

# The database at 1.0.0, with rows in a table of some megabytes.
with_rows() {
    applier apply shop.bundle --to 1.0.0 --yes >/dev/null
    sql "INSERT INTO item SELECT g, repeat('x', 100), g FROM generate_series(1, 200000) g; ANALYZE item"
}

@test "locks, live sizes, times with their basis, and the window" {
    with_rows
    run_status 0 applier plan shop.bundle
    output_has 'shop 1.0.0 -> 1.1.0: 3 to apply; nothing was changed' "database '$DATABASE'" \
        'schema: as proven for 1.0.0' 'from live sizes at default rates' 'window: ask for ' \
        'of it' 'public.item (' '200 thousand rows): no reads or writes for ' \
        'ACCESS EXCLUSIVE, keeps off reads and writes; written anew' 'written anew at 10 MB/s' \
        'at most ' 'changed at 4 MB/s' 'in tablespace pg_default' \
        'before the window: 1 of 3 need not wait for it' \
        '1.1.0 0003_price, about ' '0002_index: builds indexes while the application writes'
    run_status 0 applier plan shop.bundle --json
    same size "$(sql "SELECT pg_table_size('item')")" "$(json '[.migrations[].groups[].statements[].relations[] | select(.relation == "public.item")][0].size_bytes')"
    same rows 200000 "$(json '[.migrations[].groups[].statements[].relations[] | select(.relation == "public.item")][0].rows')"
    same 'the rewrite' 'AccessExclusiveLock reads true rewritten size false' "$(json '.migrations[1].groups[0].statements[0] |
        .basis as $b | .at_most as $m | [.relations[] | select(.relation == "public.item")][0] |
        "\(.lock) \(.blocks) \(.rewritten) \(.work) \($b) \($m)"')"
    same 'the change' 'nobody knows how many rows' "$(json '.migrations[2].groups[0].statements[1] |
        if .at_most and .basis == "size" then "nobody knows how many rows" else . end')"
    same 'the new table' '[] moment' "$(json '.migrations[2].groups[0].statements[0] | "\(.relations) \(.basis)"')"
    same needs 'concurrent window window' "$(json '[.migrations[].needs] | join(" ")')"
    json '.estimate | .expected_ms > 1000 and .window_ms >= 60000 and .before_window_ms > 0 and .new_bytes > 1000000
        and .statements == 5 and .statements_unknown == 0 and .checks_uncounted == 0 and .tables[0].relation == "public.item"
        and .tables[0].unreadable_ms > 0 and .tables[0].unwritable_ms >= .tables[0].unreadable_ms' >/dev/null
    # a transaction for the whole version holds the lock for longer, where that can be had at all
    same 'the ledger is as it was' 1.0.0 "$(applier status --json | jq -r .version)"
}

@test "what a rehearsal at this site measured goes before sizes and rates; what cannot be read is said" {
    with_rows
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB' # for good: files share the cluster
    applier rehearse shop.bundle --method template --yes >/dev/null
    run_status 0 applier plan shop.bundle
    output_has '5 of 5 statements as measured on a clone' ': measured on a clone just now'
    output_lacks 'at default rates' MB/s
    run_status 0 applier plan shop.bundle --json
    same basis '5 measured' "$(json '"\(.estimate.statements_measured) \([.migrations[].groups[].statements[].basis] | unique | join(" "))"')"
    run_status 0 applier preflight shop.bundle
    output_has 'the run takes about' '5 of 5 statements as measured on a clone'
    echo '{}' | tee "$SEALIFT_STATE_DIR"/rehearsals/*.json >/dev/null
    run_status 0 applier plan shop.bundle
    output_has 'from live sizes at default rates'
    errors_has 'warning: what a rehearsal measured cannot be used'
    run_status 0 applier preflight shop.bundle
    output_has 'from live sizes at default rates' 'what a rehearsal measured cannot be used'
}

@test "verify and precheck scripts count once a rehearsal has measured them, by the sizes of now" {
    empty_project asks
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_n.up.sql <<<'ALTER TABLE item ADD n int; CREATE TABLE other ();'
    script 1.1.0/0002_n.down.sql <<<'DROP TABLE other; ALTER TABLE item DROP n;'
    script 1.1.0/0002_n.precheck.sql <<<'SELECT count(*) >= 0 FROM item; SELECT pg_sleep(0.3) IS NOT NULL;'
    script 1.1.0/0002_n.verify.sql <<'SQL'
-- sealift: verify in-transaction
SELECT pg_sleep(0.2) IS NOT NULL;
SQL
    script 1.1.0/0003_last.up.sql <<<'CREATE TABLE last ();'
    script 1.1.0/0003_last.down.sql <<<'DROP TABLE last;'
    script 1.1.0/0003_last.verify.sql <<<'SELECT pg_sleep(0.1) IS NOT NULL;'
    release 1.0.0 1.1.0
    pack_bundle asks.bundle 1.1.0 >/dev/null
    fresh_database
    export DATABASE_URL=$DB
    applier apply asks.bundle --to 1.0.0 --yes >/dev/null
    psql_as_app -c 'INSERT INTO item SELECT generate_series(1, 20000)'
    sql 'ANALYZE item'
    run_status 0 applier plan asks.bundle
    output_has '3 verify or precheck scripts come on top'
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB'
    run_status 0 applier rehearse asks.bundle --method template --yes
    output_has '  verify and precheck scripts: 4 statements in '
    run_status 0 applier rehearse asks.bundle --method template --yes --json
    # what asks before COMMIT shares the transaction of what it asks about
    same steps 'precheck 1 1,precheck 2 1,up 1 2,up 2 2,verify 1 2,up 1 3,verify 1 4' \
        "$(json '[.steps[] | select(.script != "down") | "\(.script) \(.statement) \(.transaction)"] | join(",")')"
    same read 'public.item true 20000' "$(json '.steps[0].relations[0] | "\(.relation) \(.scanned) \(.rows)"')"
    asked=$(json '[.steps[] | select(.script == "precheck" or .script == "verify") | .duration_us] | add')
    run_status 0 applier plan asks.bundle
    output_has '; 3 verify or precheck scripts in it, as measured on a clone'
    output_lacks 'on top'
    run_status 0 applier plan asks.bundle --json
    same counted '3 0 true true' "$(json ".estimate | \"\(.checks_measured) \(.checks_uncounted) \(.checks_ms >= ($asked / 1000 | floor)) \(.expected_ms > .checks_ms)\"")"
    checks_ms=$(json .estimate.checks_ms)
    # the statement that reads item whole takes as long as its rows: made a minute of, then ten times the rows
    file=$(echo "$SEALIFT_STATE_DIR"/rehearsals/*.json)
    jq '(.steps[] | select(.script == "precheck" and .statement == 1) | .duration_us) = 60000000' "$file" >longer
    cp longer "$file"
    psql_as_app -c 'INSERT INTO item SELECT generate_series(1, 180000)'
    run_status 0 applier plan asks.bundle --json
    same scaled true "$(json ".estimate.checks_ms > $checks_ms + 500000")"
    # by a method that does not run what asks behind COMMIT, that alone comes on top
    rm "$file"
    run_status 0 applier rehearse asks.bundle --method rolled-back --yes
    run_status 0 applier plan asks.bundle --json
    same 'behind COMMIT' '2 1' "$(json '.estimate | "\(.checks_measured) \(.checks_uncounted)"')"
}

@test "a batch costs all its ranges and their pauses, as measured here or by the live rows" {
    empty_project raw
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, n int); INSERT INTO item SELECT g, 0 FROM generate_series(1, 100) g;'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_n.up.sql <<'SQL'
-- sealift: batch key=id size=10 pause=100s
UPDATE item SET n = 1 WHERE id BETWEEN $1 AND $2 AND pg_sleep(0.002) IS NOT NULL;
SELECT count(*) = 0 FROM item WHERE n = 0;
SQL
    script 1.1.0/0002_n.down.sql <<<'UPDATE item SET n = 0;'
    release 1.0.0 1.1.0
    pack_bundle raw.bundle 1.1.0 >/dev/null
    fresh_database
    export DATABASE_URL=$DB
    applier apply raw.bundle --to 1.0.0 --yes >/dev/null
    sql 'ANALYZE item'
    run_status 0 applier plan raw.bundle
    output_has 'about 2 min: never rehearsed; for each range, of which nobody knows how many there are'
    cluster_psql "$CLUSTER" postgres -q -c 'ALTER ROLE app CREATEDB'
    run_status 0 applier rehearse raw.bundle --method template --yes --json
    # eleven pauses of a hundred seconds are left out
    same 'without pauses' true "$(json '.duration_ms < 1000000')"
    run_status 0 applier plan raw.bundle
    output_has ': measured on a clone just now, the first range; 11 ranges, with the pauses'
    # eleven pauses, and eleven times ten rows of two milliseconds
    run_status 0 applier plan raw.bundle --json
    same 'of all ranges' true "$(json '.migrations[0].groups[0].statements[0].expected_ms >= 1100220')"
}

@test "a bundle that nobody rehearsed has no times, and says so" {
    empty_project raw
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    release 1.0.0
    pack_bundle raw.bundle 1.0.0 >/dev/null
    run_status 0 applier plan raw.bundle
    output_has 'the bundle was never rehearsed: nothing is known of its statements' 'about 5 ms: never rehearsed'
    output_lacks 'no table that is there is locked'
    run_status 0 applier plan raw.bundle --json
    same unknown '1 unknown' "$(json '"\(.estimate.statements_unknown) \(.migrations[0].groups[0].statements[0].basis)"')"
}

@test "of many migrations a line for each version is shown, with --all each" {
    local i
    empty_project many
    for i in $(seq 8); do
        script "1.0.0/000${i}_a.up.sql" <<<"CREATE TABLE a$i (id int);"
        script "1.1.0/001${i}_b.up.sql" <<<"CREATE TABLE b$i (id int); DROP TABLE a$i;"
    done
    release 1.0.0 1.1.0
    pack_bundle many.bundle 1.1.0 >/dev/null
    run_status 0 applier plan many.bundle
    [[ $output =~ 1\.0\.0\ +8\ +8\ +40\ ms ]]
    [[ $output =~ 1\.1\.0\ +8\ +16\ +80\ ms ]]
    output_has '--all shows each migration'
    output_lacks 'CREATE TABLE'
    run_status 0 applier plan many.bundle --all
    same statements 16 "$(grep -c 'CREATE TABLE' <<<"$output")"
    run_status 0 applier plan many.bundle --sql
    output_has 'DROP TABLE a1   (destructive)'
    same 'for programs all' 16 "$(applier plan many.bundle --json | jq '.migrations | length')"
}

@test "what a run has done already is shown as done and costs nothing" {
    empty_project part
    script 1.0.0/0001_a.up.sql <<'SQL'
-- sealift: no-transaction
CREATE TABLE a (id int);
INSERT INTO missing VALUES (1);
SQL
    release 1.0.0
    pack_bundle part.bundle 1.0.0 >/dev/null
    run_status 11 applier apply part.bundle --yes
    run_status 0 applier plan part.bundle
    output_has 'done already'
    run_status 0 applier plan part.bundle --json
    same 'what is done' 'true false' "$(json '[.migrations[0].groups[].done] | join(" ")')"
    same cost 'false true' "$(json '[.migrations[0].groups[].statements[0] | has("expected_ms")] | join(" ")')"
    same statements 1 "$(json .estimate.statements)"
}
