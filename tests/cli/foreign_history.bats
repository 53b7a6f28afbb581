#!/usr/bin/env bats
# [foreign-history] keep: the rows that the layout's own tool would have written, its checksums computed
# here by other programs. With the tools themselves: tests/layout_tools.sh.
load ../support/common
load ../support/layouts
load ../support/history

setup() {
    common_setup
    shared_cluster
}
teardown() { common_teardown; }

keep() { printf '[foreign-history]\nkeep = %s\n' "${1:-true}" >>"$PROJECT/sealift.conf"; }

# kept LAYOUT VERSION…: the fixture, released, packed and applied with its tool's history.
kept() {
    [ -d "$WORK/$1" ] || layout_project "$1"
    export PROJECT=$WORK/$1
    keep
    release "${@:2}"
    deliver "${*: -1}"
}

@test "dbmate: a version per row, gone with its down" {
    kept dbmate 1.0.0
    rows up '20240101000000 20240101120000 20240102000000' 'SELECT version FROM schema_migrations ORDER BY 1'
    rows type 'character varying' "SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = 'schema_migrations'::regclass AND attname = 'version'"
    back 1
    rows down '20240101000000 20240101120000' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 applier apply "$WORK/x.bundle" --yes
    rows again '20240101000000 20240101120000 20240102000000' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 applier inspect "$WORK/x.bundle" --sql
    output_has '-- added by planner: what dbmate notes in "public"."schema_migrations"'
}

@test "dbmate: a down with nothing to undo takes its row back, and nothing else" {
    layout_project dbmate
    printf -- '-- migrate:up\nANALYZE;\n-- migrate:down\n-- sealift: nothing-to-undo it analyzes\n' \
        >"$WORK/dbmate/migrations/20240103000000_look.sql"
    kept dbmate 1.0.0
    rows up 4 'SELECT count(*) FROM schema_migrations'
    back 1
    rows down '20240101000000 20240101120000 20240102000000' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 applier inspect "$WORK/x.bundle" --sql
    output_has '-- nothing to undo: it analyzes'
    same 'statements that do nothing' '' "$(grep -nx 'SELECT;' <<<"$output" || true)"
}

@test "golang-migrate: one row, the number before it after a down, none after all downs" {
    empty_project
    rm -rf "$PROJECT/migrations"/*
    sed -i 's/^layout = .*/layout = golang-migrate/' "$PROJECT/sealift.conf"
    for n in 7 8 9; do
        script "000${n}_t.up.sql" <<<"CREATE TABLE t$n (a int);"
        script "000${n}_t.down.sql" <<<"DROP TABLE t$n;"
    done
    kept shop 1.0.0
    rows up '9|f' 'TABLE schema_migrations'
    back 1
    rows down '8|f' 'TABLE schema_migrations'
    run_status 0 applier rollback --to - --yes --accept-unproven
    rows nothing '' 'TABLE schema_migrations'
}

@test "graphile-migrate: the hashes that the files have, its own name for each; a way back takes the row" {
    local body='-- sealift: nothing-to-undo it analyzes
ANALYZE;' previous
    layout_project graphile-migrate
    PROJECT=$WORK/graphile-migrate
    keep
    previous=$(sed -n 's/^--! Hash: //p' "$PROJECT"/migrations/committed/000003*)
    printf -- '--! Previous: %s\n--! Hash: sha1:%s\n\n%s\n' "$previous" \
        "$(printf '%s\n%s\n' "$previous" "$body" | sha1sum | cut -d' ' -f1)" "$body" \
        >"$PROJECT/migrations/committed/000004-look.sql"
    run_status 0 planner release 1.0.0 --through 000002 --project "$PROJECT"
    release 1.1.0
    deliver 1.1.0
    rows up "$(for file in "$PROJECT"/migrations/committed/*.sql; do
        echo "$(sed -n 's/^--! Hash: //p' "$file")|$(sed -n 's/^--! Previous: -\{0,1\}//p' "$file")|$(basename "$file" | cut -c1-6).sql"
    done | xargs)" 'SELECT hash, previous_hash, filename FROM graphile_migrate.migrations ORDER BY filename'
    rows current 0 'SELECT count(*) FROM graphile_migrate.current'
    back 1
    rows down 3 'SELECT count(*) FROM graphile_migrate.migrations'
    # the rows of what another run has noted stay
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --to 1.0.0 --yes --db "$DB"
    sql "UPDATE graphile_migrate.migrations SET date = '2020-01-01'"
    run_status 0 applier apply "$WORK/x.bundle" --yes --db "$DB"
    rows dates 2 "SELECT count(*) FROM graphile_migrate.migrations WHERE date = '2020-01-01'"
    sed -i 's/^keep = true/&\ntable = other/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "[foreign-history] table is 'other': expected nothing, because this tool has one name for it"
}

@test "goose: begins with version 0, one row per number" {
    kept goose 1.0.0
    rows up '1|0|t 2|1|t 3|2|t 4|10|t' 'SELECT id, version_id, is_applied FROM goose_db_version ORDER BY id'
    rows time t "SELECT bool_and(tstamp > now()::timestamp - interval '1 day') FROM goose_db_version"
}

@test "goose: a version that an older goose took back is noted again, and once" {
    layout_project goose
    PROJECT=$WORK/goose
    keep
    release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    psql_as_app -c "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL,
        is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());
        INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (1, false)"
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    rows once '0|t 1|t 1|f 1|t 2|t 10|t' 'SELECT version_id, is_applied FROM goose_db_version ORDER BY id'
}

@test "diesel: the folder's version without dashes" {
    empty_project
    rm -rf "$PROJECT/migrations"/*
    sed -i 's/^layout = .*/layout = diesel/' "$PROJECT/sealift.conf"
    script 2017-09-23-182408_one/up.sql <<<'CREATE TABLE one (a int);'
    script 2017-09-23-182408_one/down.sql <<<'DROP TABLE one;'
    script 20180101000000_two/up.sql <<<'CREATE TABLE two (a int);'
    script 20180101000000_two/down.sql <<<'DROP TABLE two;'
    kept shop 1.0.0
    rows up '20170923182408 20180101000000' 'SELECT version FROM __diesel_schema_migrations ORDER BY 1'
    back 1
    rows down '20170923182408' 'SELECT version FROM __diesel_schema_migrations'
}

@test "node-pg-migrate: names without their ending, in order" {
    kept node-pg-migrate 1.0.0
    rows up '1|1704067200000_create-ships 2|20240101120000000_add-flag 3|20240102000000000_add-draught' \
        'SELECT id, name FROM pgmigrations ORDER BY run_on, id'
    back 1
    rows down 2 'SELECT count(*) FROM pgmigrations'
}

@test "sqlx: SHA-384 of the file as it stands, words of its name" {
    layout_project sqlx
    printf '\xef\xbb\xbfCREATE TABLE crane (id int);\r\n' >"$WORK/sqlx/migrations/0011_a_crane.sql"
    kept sqlx 1.0.0
    expected=$(cd "$PROJECT/migrations" && for file in 0001_* 0002_* 10_* 0011_*; do sha384sum "$file"; done |
        sed -E 's/^([0-9a-f]+) +0*([0-9]+)_(.*)\.sql$/\2|\3|\1|t/' | tr '_' ' ' | xargs)
    rows up "$expected" "SELECT version, description, encode(checksum, 'hex'), success
        FROM _sqlx_migrations ORDER BY 1"
    rows time t "SELECT bool_and(execution_time >= 0 AND installed_on > now() - interval '1 day') FROM _sqlx_migrations"
}

@test "prisma: SHA-256 of migration.sql, an id of its own, in order of time" {
    kept prisma 1.0.0
    sum() { sha256sum "$PROJECT/migrations/$1/migration.sql" | cut -d' ' -f1; }
    rows up "20240101000000_init|$(sum 20240101000000_init)|1 20240102000000_add_price|$(sum 20240102000000_add_price)|1" \
        'SELECT migration_name, checksum, applied_steps_count FROM _prisma_migrations ORDER BY started_at'
    rows ids 2 "SELECT count(DISTINCT id) FROM _prisma_migrations WHERE length(id) = 36
        AND finished_at IS NOT NULL AND rolled_back_at IS NULL"
    back 1
    rows down 20240101000000_init 'SELECT migration_name FROM _prisma_migrations'
}

head_of() { applier inspect "$1" --json | jq -r .head_digest; }

# What flyway says of a file: gzip's CRC-32 of its lines without their ends and without a mark, signed.
flyway_checksum() {
    sed '1s/^\xef\xbb\xbf//' "$1" | tr -d '\r\n' | gzip -c | tail -c 8 | od -An -td4 -N4 | tr -d ' '
}

@test "flyway: CRC-32 over lines, ranks in order, names of files" {
    layout_project flyway
    rm "$WORK"/flyway/migrations/{R__ship_names,later/R__fleet_size}.sql
    printf '\xef\xbb\xbfCREATE TABLE crane (id int);\r\nCREATE TABLE hook (id int);\r\n' \
        >"$WORK/flyway/migrations/V3__two_lines.sql"
    printf 'DROP TABLE crane; DROP TABLE hook;' >"$WORK/flyway/migrations/U3__two_lines.sql"
    echo 'CREATE TABLE winch (id int);' >"$WORK/flyway/migrations/V2_9.sql" # no description
    kept flyway 1.0.0
    expected=$(rank=0
        for file in $(layout_order flyway | grep -v R__) V2_9.sql V3__two_lines.sql; do
            name=${file##*/} name=${name%.sql}
            version=${name%%__*} title=${name#"$version"} title=${title#__}
            rank=$((rank + 1)) version=${version#V}
            echo "$rank|${version//_/.}|${title//_/ }|SQL|${file##*/}|$(flyway_checksum "$PROJECT/migrations/$file")|app|t"
        done)
    same up "$expected" "$(sql 'SELECT installed_rank, version, description, type, script, checksum,
        installed_by, success FROM flyway_schema_history ORDER BY 1')"
    rows index 'flyway_schema_history_pk flyway_schema_history_s_idx' "SELECT indexrelid::regclass FROM pg_index
        WHERE indrelid = 'flyway_schema_history'::regclass ORDER BY 1::text"
    back 1
    rows down '6|6' 'SELECT count(*), max(installed_rank) FROM flyway_schema_history'
}

@test "flyway: a repeatable that changed has a row more, and on the way back one less" {
    layout_project flyway
    kept flyway 1.0.0
    first=$(flyway_checksum "$PROJECT/migrations/R__ship_names.sql")
    echo '-- newer' >>"$PROJECT/migrations/R__ship_names.sql"
    second=$(flyway_checksum "$PROJECT/migrations/R__ship_names.sql")
    release 1.1.0
    pack_bundle "$WORK/kept.bundle" 1.1.0 --new-sequence >/dev/null
    run_status 0 applier apply "$WORK/kept.bundle" --db "$DB" --yes
    rows both "$first|R__ship_names.sql $second|R__ship_names.sql" "SELECT checksum, script FROM flyway_schema_history
        WHERE description = 'ship names' ORDER BY installed_rank"
    back 1
    rows one "$first|R__ship_names.sql" "SELECT checksum, script FROM flyway_schema_history
        WHERE description = 'ship names' ORDER BY installed_rank"
}

noted_rows() { applier inspect "$1" --sql | grep '^INSERT INTO "public"."flyway_schema_history"'; }

@test "flyway: where the files stand today, and whether a repeatable still does, changes no row" {
    layout_project flyway
    kept flyway 1.0.0
    head=$(head_of "$WORK/x.bundle")
    mkdir "$PROJECT/migrations/views"
    mv "$PROJECT/migrations/R__ship_names.sql" "$PROJECT/migrations/views"
    rm "$PROJECT/migrations/later/R__fleet_size.sql"
    run_status 0 pack_bundle "$WORK/y.bundle" 1.0.0
    same bundle "$head" "$(head_of "$WORK/y.bundle")"
    mv "$PROJECT/migrations/V1__create_ships.sql" "$PROJECT/migrations/views"
    run_status 0 pack_bundle "$WORK/z.bundle" 1.0.0 --new-sequence
    same rows "$(noted_rows "$WORK/x.bundle")" "$(noted_rows "$WORK/z.bundle")"
    [ "$(noted_rows "$WORK/z.bundle" | wc -l)" -eq 7 ]
}

value() { # value NAME LINE…
    printf '[value %s]\n' "$1" >>"$PROJECT/sealift.conf"
    printf '%s\n' "${@:2}" >>"$PROJECT/sealift.conf"
}

# A flyway project with one table, and a repeatable that names a schema by a placeholder.
placeholder_project() {
    empty_project
    rm -rf "$PROJECT/migrations"/*
    sed -i 's/^layout = .*/layout = flyway/' "$PROJECT/sealift.conf"
    printf 'CREATE TABLE ship (id int); -- ${schema}\n' >"$PROJECT/migrations/V1__ship.sql"
    printf -- '-- ${flyway:filename} of ${schema}\r\nCREATE OR REPLACE VIEW ${schema}.ships AS SELECT id FROM ship;\n' \
        >"$PROJECT/migrations/R__ships.sql"
}

@test "flyway: a repeatable's checksum is of the text with its values, a versioned one's is not" {
    placeholder_project
    value schema 'value = public' 'as = raw'
    kept shop 1.0.0
    sed 's/${flyway:filename}/R__ships.sql/; s/${schema}/public/g' "$PROJECT/migrations/R__ships.sql" >"$WORK/replaced.sql"
    rows checksums "1|$(flyway_checksum "$PROJECT/migrations/V1__ship.sql") |$(flyway_checksum "$WORK/replaced.sql")" \
        'SELECT version, checksum FROM flyway_schema_history ORDER BY installed_rank'
}

@test "flyway: where placeholders stay, a repeatable's checksum is of the text as it stands" {
    placeholder_project
    printf 'SELECT '"'"'${schema}'"'"';\n' >"$PROJECT/migrations/R__ships.sql"
    sed -i 's/^layout = flyway/&\nplaceholders = none/' "$PROJECT/sealift.conf"
    kept shop 1.0.0
    rows checksum "$(flyway_checksum "$PROJECT/migrations/R__ships.sql")" \
        'SELECT checksum FROM flyway_schema_history WHERE version IS NULL'
}

@test "flyway: a repeatable with a site parameter has no checksum: refused before anything is written" {
    placeholder_project
    echo 'CREATE TABLE ship (id int);' >"$PROJECT/migrations/V1__ship.sql"
    sed -i 1d "$PROJECT/migrations/R__ships.sql"
    value schema 'site = true' 'as = identifier' 'type = identifier' 'rehearse = public'
    keep
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "migrations/R__ships.sql:1: '\${schema}' is a site parameter" 'keep = false'
    [ ! -e "$PROJECT/sealift.frozen" ]
}

# The id that sqitch gives a text, as git names an object.
sqitch_id() { { printf '%s %d\0' "$1" "${#2}"; printf '%s' "$2"; } | sha1sum | cut -d' ' -f1; }

@test "sqitch: ids by the plan, hashes of scripts, tags, dependencies, events both ways" {
    kept sqitch 1.0.0 1.1.0
    head=$'project harbor\nuri https://example.com/harbor'
    planner=$'planner Ann Author <ann@example.com>'
    ships=$(sqitch_id change "$head"$'\nchange ships\n'"$planner"$'\ndate 2024-01-01T00:00:00Z\n\nthe ships')
    licence=$(sqitch_id change "$head"$'\nchange pilots/licence\nparent '"$ships"$'\n'"$planner"$'\ndate 2024-01-02T00:00:00Z\nrequires\n  + ships\nconflicts\n  - ship_count')
    count=$(sqitch_id change "$head"$'\nchange ship_count\nparent '"$licence"$'\n'"$planner"$'\ndate 2024-01-03T00:00:00Z\nrequires\n  + ships\n\nhow many')
    tag=$(sqitch_id tag "$head"$'\ntag @1.0.0\nchange '"$count"$'\n'"$planner"$'\ndate 2024-01-04T00:00:00Z\n\nfirst')
    hash=$(sha1sum "$PROJECT/migrations/deploy/ship_count@1.0.0.sql" | cut -d' ' -f1)
    rows changes "$ships $licence $count" "SELECT change_id FROM sqitch.changes ORDER BY committed_at LIMIT 3"
    rows change "$hash|ship_count|harbor|how many|Ann Author|ann@example.com|app" "SELECT script_hash, change,
        project, note, planner_name, planner_email, committer_name FROM sqitch.changes WHERE change_id = '$count'"
    rows tag "$tag|@1.0.0|$count|first" "SELECT tag_id, tag, change_id, note FROM sqitch.tags WHERE tag = '@1.0.0'"
    rows dependencies "conflict|ship_count| require|ships|$ships" \
        "SELECT type, dependency, dependency_id FROM sqitch.dependencies WHERE change_id = '$licence' ORDER BY 1"
    rows project 'harbor|https://example.com/harbor|1.1' \
        'SELECT project, uri, version FROM sqitch.projects, sqitch.releases'
    back 1
    rows reverted 'deploy|{@1.1.0} revert|{@1.1.0}' \
        "SELECT event, tags FROM sqitch.events WHERE '@1.1.0' = ANY (tags) ORDER BY committed_at"
    rows down '3|1' 'SELECT (SELECT count(*) FROM sqitch.changes), (SELECT count(*) FROM sqitch.tags)'
}

plan_line() { printf '%s 2024-02-0%dT00:00:00Z Ann Author <ann@example.com>\n' "$1" "$2" >>"$PROJECT/migrations/sqitch.plan"; }

@test "sqitch: a tag of a later day changes no bundle; its row comes with the next change" {
    kept sqitch 1.0.0 1.1.0
    head=$(head_of "$WORK/x.bundle")
    plan_line @1.1.1 1
    run_status 0 pack_bundle "$WORK/y.bundle" 1.1.0
    same bundle "$head" "$(head_of "$WORK/y.bundle")"
    run_status 0 planner release 1.1.1 --empty --project "$PROJECT"
    run_status 0 pack_bundle "$WORK/y.bundle" 1.1.1 --from 1.1.0
    run_status 0 applier apply "$WORK/y.bundle" --yes
    rows 'no migration, no row' '@1.0.0 @1.1.0' 'SELECT tag FROM sqitch.tags ORDER BY 1'
    plan_line cranes 2
    plan_line @1.2.0 3
    printf 'CREATE TABLE crane (id int);\n' >"$PROJECT/migrations/deploy/cranes.sql"
    printf 'DROP TABLE crane;\n' >"$PROJECT/migrations/revert/cranes.sql"
    release 1.2.0
    run_status 0 pack_bundle "$WORK/z.bundle" 1.2.0 --from 1.1.1
    run_status 0 applier apply "$WORK/z.bundle" --yes
    rows tags '@1.0.0|ship_count @1.1.0|ship_count @1.1.1|ship_count @1.2.0|cranes' \
        'SELECT tag, change FROM sqitch.tags t JOIN sqitch.changes c USING (change_id) ORDER BY 1'
    rows 'tags of one change' 1 "SELECT count(DISTINCT change_id) FROM sqitch.tags WHERE tag LIKE '@1.1.%'"
    rows deployed '{@1.2.0}' "SELECT tags FROM sqitch.events WHERE change = 'cranes'"
    back 2
    rows reverted '{@1.2.0} {@1.1.0,@1.1.1}' \
        "SELECT tags FROM sqitch.events WHERE event = 'revert' ORDER BY committed_at"
}

@test "sqitch: a tag on what is superseded has no row, its change is not there" {
    layout_project sqitch
    PROJECT=$WORK/sqitch
    sed -i '/^ships/,$d' "$PROJECT/migrations/sqitch.plan"
    plan_line one 1 && plan_line @1.0 2 && plan_line two 3 && plan_line @1.1 4
    for name in one two three; do
        echo "CREATE TABLE $name (id int);" >"$PROJECT/migrations/deploy/$name.sql"
        echo "DROP TABLE $name;" >"$PROJECT/migrations/revert/$name.sql"
    done
    keep
    release 1.0
    run_status 0 planner release 1.1 --supersedes 1.0 --project "$PROJECT"
    sed -i '/^@1.0 /a @1.0.1 2024-03-01T00:00:00Z Ann Author <ann@example.com>' "$PROJECT/migrations/sqitch.plan"
    run_status 0 planner release 1.0.1 --empty --project "$PROJECT"
    plan_line three 5 && plan_line @1.2 6
    release 1.2
    deliver 1.2
    rows tags '@1.1|two @1.2|three' 'SELECT tag, change FROM sqitch.tags JOIN sqitch.changes USING (change_id) ORDER BY 1'
}

@test "sqitch: a version without its tag is not released, and a released one must keep it" {
    layout_project sqitch
    PROJECT=$WORK/sqitch
    keep
    cp "$PROJECT/migrations/sqitch.plan" "$WORK/plan"
    sed -i '/^@1.1.0/d; /^@1.0.0/d; /^ship_count \[ship_count@/d' "$PROJECT/migrations/sqitch.plan"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "migrations/sqitch.plan: there is no tag '@1.0.0', which sqitch would note with version 1.0.0" 'sqitch tag 1.0.0 CHANGE'
    same 'nothing released' '' "$(grep '^release' "$PROJECT/sealift.sum" || true)"
    cp "$WORK/plan" "$PROJECT/migrations/sqitch.plan"
    release 1.0.0 1.1.0
    run_status 4 planner release 1.1.1 --empty --project "$PROJECT"
    errors_has "there is no tag '@1.1.1'"
    sed -i '/^@1.1.0/d' "$PROJECT/migrations/sqitch.plan"
    run_status 4 pack_bundle "$WORK/x.bundle" 1.1.0
    errors_has "there is no tag '@1.1.0'"
}

@test "quotes, backslashes and line ends in names and notes arrive as they are" {
    layout_project node-pg-migrate
    printf -- '-- Up Migration\nCREATE TABLE q (a int);\n-- Down Migration\nDROP TABLE q;\n' \
        >"$WORK/node-pg-migrate/migrations/20240103000000000_it's\\here.sql"
    kept node-pg-migrate 1.0.0
    same name "20240103000000000_it's\\here" "$(sql 'SELECT name FROM pgmigrations ORDER BY id DESC LIMIT 1')"
    back 1
    rows down 3 'SELECT count(*) FROM pgmigrations'
    layout_project sqitch
    sed -i "s|# the ships|# it's \\\\\\\\ two\\\\nlines \\\\x  |" "$WORK/sqitch/migrations/sqitch.plan"
    grep -qF "# it's \\\\ two\\nlines \\x  " "$WORK/sqitch/migrations/sqitch.plan"
    kept sqitch 1.0.0
    note=$'it\'s \\ two\nlines \\x'
    same note "$note" "$(sql "SELECT note FROM sqitch.changes WHERE change = 'ships'")"
    same id "$(sqitch_id change $'project harbor\nuri https://example.com/harbor\nchange ships\nplanner Ann Author <ann@example.com>\ndate 2024-01-01T00:00:00Z\n\n'"$note")" \
        "$(sql "SELECT change_id FROM sqitch.changes WHERE change = 'ships'")"
}

# --- which versions keep it --------------------------------------------------------------------------

# A dbmate project with the migrations of these numbers.
dbmate_project() {
    [ -d "$WORK/shop" ] || { empty_project && rm -rf "$PROJECT/migrations"/*; }
    sed -i 's/^layout = .*/layout = dbmate/' "$PROJECT/sealift.conf"
    for n in "$@"; do
        script "${n}_t.sql" <<<"-- migrate:up
CREATE TABLE t$n (a int);
-- migrate:down
DROP TABLE t$n;"
    done
}
unkeep() { sed -i '/^\[foreign-history\]/,$d' "$PROJECT/sealift.conf"; }

@test "turned on later: the first version that keeps it notes all before, wherever a site stands" {
    dbmate_project 1 2
    release 1.0.0
    deliver 1.0.0
    rows 'not kept' '' "SELECT to_regclass('schema_migrations')"
    head=$(applier inspect "$WORK/x.bundle" --json | jq -r .head_digest)
    dbmate_project 3
    keep
    release 1.1.0
    grep -q '^release 1.1.0 .* history=dbmate:public.schema_migrations$' "$PROJECT/sealift.sum"
    run_status 0 pack_bundle "$WORK/y.bundle" 1.1.0 --from 1.0.0
    run_status 0 applier apply "$WORK/y.bundle" --yes
    rows 'caught up' '1 2 3' 'SELECT version FROM schema_migrations ORDER BY 1'
    back 1
    rows 'back to what keeps none' '1 2' 'SELECT version FROM schema_migrations ORDER BY 1'
    deliver 1.1.0
    rows 'from nothing' '1 2 3' 'SELECT version FROM schema_migrations ORDER BY 1'
    dbmate_project 4
    unkeep
    release 1.2.0
    run_status 0 planner status --project "$PROJECT" --json
    same marks 'null dbmate:public.schema_migrations null' "$(json '[.versions[].history | tostring] | join(" ")')"
    run_status 0 pack_bundle "$WORK/z.bundle" 1.2.0 --from 1.1.0
    run_status 0 applier apply "$WORK/z.bundle" --yes
    rows 'not kept any more' '1 2 3' 'SELECT version FROM schema_migrations ORDER BY 1'
    dbmate_project 5
    keep
    release 1.3.0
    run_status 0 pack_bundle "$WORK/a.bundle" 1.3.0 --from 1.2.0
    run_status 0 applier apply "$WORK/a.bundle" --yes
    rows 'kept again' '1 2 3 4 5' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 pack_bundle "$WORK/b.bundle" 1.0.0
    same 'the first bundle as it was' "$head" "$(applier inspect "$WORK/b.bundle" --json | jq -r .head_digest)"
}

@test "what is released has the digests that it has without: keeping the history changes no tree" {
    dbmate_project 1 2
    cp -R "$PROJECT" "$WORK/plain"
    keep
    release 1.0.0
    planner release 1.0.0 --project "$WORK/plain" >/dev/null
    same sums "$(grep '^migration' "$WORK/plain/sealift.sum")" "$(grep '^migration' "$PROJECT/sealift.sum")"
    deliver 1.0.0
    tree=$(applier inspect "$WORK/x.bundle" --json | jq -r '.versions[0].tree_digest')
    PROJECT=$WORK/plain pack_bundle "$WORK/plain.bundle" 1.0.0 >/dev/null
    same tree "$(applier inspect "$WORK/plain.bundle" --json | jq -r '.versions[0].tree_digest')" "$tree"
    run_status 0 applier verify "$WORK/x.bundle"
}

@test "another table, in another schema, and the first schema of the search path" {
    dbmate_project 1
    printf '[foreign-history]\nkeep = true\ntable = ops."x"\n' >>"$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has '[foreign-history] table' 'NAME or SCHEMA.NAME'
    sed -i 's/^table = .*/table = ops.Done_1/' "$PROJECT/sealift.conf"
    release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    run_status 10 applier apply "$WORK/x.bundle" --db "$DB" --yes
    errors_has 3F000
    psql_as_app -c 'CREATE SCHEMA ops'
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    rows table 1 'SELECT version FROM ops."Done_1"'
    sed -i 's/^# search-path = .*/search-path = "$user", app, public/; s/^search-path = .*/search-path = "$user", app, public/' "$PROJECT/sealift.conf"
    sed -i '/^table = ops/d' "$PROJECT/sealift.conf"
    dbmate_project 2
    release 1.1.0
    grep -q '^release 1.1.0 .* history=dbmate:app.schema_migrations$' "$PROJECT/sealift.sum"
}

@test "the search path's first schema, as the server takes the name" {
    dbmate_project 1
    keep
    number=0
    while IFS='|' read -r path schema; do
        number=$((number + 1))
        sed -i "s/^# search-path = .*/search-path = x/; s/^search-path = .*/search-path = $path/" "$PROJECT/sealift.conf"
        dbmate_project "$number"
        release "1.$number"
        grep -q "^release 1.$number .* history=dbmate:$schema.schema_migrations$" "$PROJECT/sealift.sum"
    done <<<'App, public|app
"$user" , "App",public|App
$user,OPS|ops
"$user"|public'
    sed -i 's/^search-path = .*/search-path = "a""b,c", public/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has 'expected SCHEMA.NAME, because of the search path'
}

# A program and the SQL that replaces it: program NAME SQL.
program() {
    echo "class $1 {}" >"$PROJECT/migrations/$1"
    printf -- '-- sealift: replaces %s blake2b %s\n%s\n' "$1" "$(b2sum "$PROJECT/migrations/$1" | cut -d' ' -f1)" "$2" \
        >"$PROJECT/migrations/$1.sealift.sql"
}

@test "a program that SQL replaces: no history up to where it stands" {
    empty_project
    rm -rf "$PROJECT/migrations"/*
    sed -i 's/^layout = .*/layout = flyway/' "$PROJECT/sealift.conf"
    script V1__one.sql <<<'CREATE TABLE one (a int);'
    keep
    release 1.0
    program V2__rehash.java 'UPDATE one SET a = 1;'
    run_status 3 planner release 1.1 --project "$PROJECT"
    errors_has "[foreign-history] keep: 'migrations/V2__rehash.java' is a program that 'migrations/V2__rehash.java.sealift.sql' replaces" 'keep = false'
    unkeep
    release 1.1
    run_status 0 pack_bundle "$WORK/x.bundle" 1.1
    keep
    script V3__three.sql <<<'CREATE TABLE three (a int);'
    run_status 3 planner status --project "$PROJECT"
    errors_has "'migrations/V2__rehash.java' is a program"
    sed -i 's/^\(release 1.1 .*\)$/\1 history=flyway:public.flyway_schema_history/' "$PROJECT/sealift.sum"
    unkeep
    run_status 3 planner status --project "$PROJECT"
    errors_has "'migrations/V2__rehash.java' is a program"
}

@test "flyway: a baseline in place of versions that are gone: no history" {
    empty_project
    rm -rf "$PROJECT/migrations"/*
    sed -i 's/^layout = .*/layout = flyway/' "$PROJECT/sealift.conf"
    script B5__base.sql <<<'CREATE TABLE one (a int);'
    script V6__two.sql <<<'CREATE TABLE two (a int);'
    release 1.0
    keep
    run_status 3 planner status --project "$PROJECT"
    errors_has "[foreign-history] keep: 'migrations/B5__base.sql' is a baseline of flyway" 'keep = false'
}

@test "a layout without such a tool, another layout later, a bad word: refused" {
    empty_project
    keep
    run_status 3 planner status --project "$PROJECT"
    errors_has "the layout is 'sealift': there is no tool whose history Sealift writes for it" 'docs/foreign-history.md'
    unkeep
    keep yes
    run_status 3 planner status --project "$PROJECT"
    errors_has "[foreign-history] keep is 'yes': expected true or false"
    unkeep
    dbmate_project 1
    keep
    release 1.0.0
    sed -i 's/^layout = .*/layout = goose/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "version 1.0.0 was released with the history of dbmate, and the layout is now 'goose'"
    sed -i 's/^layout = .*/layout = dbmate/; s/history=dbmate:/history=knex:/' "$PROJECT/sealift.conf" "$PROJECT/sealift.sum"
    run_status 3 planner status --project "$PROJECT"
    errors_has "version 1.0.0 was released with a history that this planner does not write: 'knex:public.schema_migrations'"
}

@test "sqitch: a registry is a schema; a plan without planners is none" {
    layout_project sqitch
    PROJECT=$WORK/sqitch
    printf '[foreign-history]\nkeep = true\ntable = a.b\n' >>"$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "table is 'a.b': expected the name of a schema"
    sed -i 's/^table = .*/table = registry/' "$PROJECT/sealift.conf"
    sed -i 's/^@1.0.0 .*/@1.0.0/' "$PROJECT/migrations/sqitch.plan"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has 'migrations/sqitch.plan:9: a timestamp like'
}

@test "a table that is somebody else's fails as an ordinary step" {
    dbmate_project 1
    keep
    release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    sql 'CREATE TABLE public.schema_migrations (version varchar(128) PRIMARY KEY)'
    run_status 10 applier apply "$WORK/x.bundle" --db "$DB" --yes
    errors_has 42501 "1_t"
    rows 'nothing left' '' "SELECT to_regclass('t1')"
}

@test "a batch, steps outside transactions, a script's own BEGIN and an empty up each get their row" {
    dbmate_project 1
    script 2_batch.sql <<<'-- migrate:up
-- sealift: batch key=a size=10
UPDATE t1 SET a = a WHERE a BETWEEN $1 AND $2;
SELECT true;
-- migrate:down
DROP TABLE IF EXISTS nothing'
    script 3_index.sql <<<'-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY i ON t1 (a)
-- migrate:down transaction:false
DROP INDEX CONCURRENTLY i;'
    script 4_pair.sql <<<'-- migrate:up
BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE pair (a int); COMMIT;
-- migrate:down
DROP TABLE pair; -- no more'
    script 5_empty.sql <<<'-- migrate:up
-- nothing here
-- migrate:down'
    sed -i 's/^-- migrate:up$/&/; s/CREATE TABLE t1 (a int);/CREATE TABLE t1 (a int PRIMARY KEY); INSERT INTO t1 SELECT generate_series(1, 35);/' \
        "$PROJECT/migrations/1_t.sql"
    keep
    release 1.0.0
    deliver 1.0.0
    rows up '1 2 3 4 5' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 applier inspect "$WORK/x.bundle" --json
    same groups '1 2 2 1 1' "$(json '[.versions[0].migrations[] | first(.. | objects |
        select(has("groups") and (.path | endswith(".up.sql")))) | .groups | length] | join(" ")')"
}

@test "sqitch: events that stay are no loss, and nobody makes rows for its tables" {
    layout_project sqitch
    PROJECT=$WORK/sqitch
    keep
    release 1.0.0 1.1.0
    rehearsed
}

@test "the table is no part of the schema: rehearsed exact, adopted with an older tool's table, kept on" {
    dbmate_project 1 2
    keep
    release 1.0.0
    dbmate_project 3
    release 1.1.0
    rehearsed
    make_key vendor
    run_status 0 planner pack --project "$PROJECT" --to 1.1.0 --out "$WORK/x.bundle" --sign "$WORK/keys/vendor"
    trust_site
    fresh_database
    export DATABASE_URL=$DB
    psql_as_app -c "CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY);
        INSERT INTO schema_migrations VALUES ('1'), ('2'); CREATE TABLE t1 (a int); CREATE TABLE t2 (a int);"
    run_status 0 applier adopt "$WORK/x.bundle" --yes
    output_has 'as shop 1.0.0'
    run_status 0 applier apply "$WORK/x.bundle" --yes
    rows 'kept on' '1 2 3' 'SELECT version FROM schema_migrations ORDER BY 1'
    run_status 0 applier drift
    output_has 'tolerated table public.schema_migrations'
}
