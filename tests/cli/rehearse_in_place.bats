#!/usr/bin/env bats
# applier rehearse: in a transaction that is rolled back, and on a copy that the operator restored; what
# all methods have in common.
load ../support/common
load ../support/proven
load ../support/site_rehearsal
load ../support/blocker

@test "what was measured is kept for plan, and a shorter rehearsal does not lose it" {
    at_first_version
    run_status 0 applier rehearse shop.bundle --method template --yes --json
    file=$(json .measured_file)
    same 'in its place' "$WORK/site/state/rehearsals/$(json .database_uuid)-$(json '.head_digest[:32]').json" "$file"
    same 'steps' "$(json '[.steps[] | [.identity, .script, .statement, .duration_us]]')" \
        "$(jq '[.steps[] | [.identity, .script, .statement, .duration_us]]' "$file")"
    same 'of a rewrite' '0002_price up 3 true true 500 true' "$(jq -r '.steps[] | select(.statement == 3) |
        "\(.identity) \(.script) \(.statement) \(.relations[0] | "\(.rewritten) \(.scanned) \(.rows) \(.bytes > 40000)")"' "$file")"
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --json
    same 'steps by both' '0002_price up 1,0002_price up 2,0002_price up 3,0002_price down 1,0002_price down 2,0003_index up 1,0003_index down 1 rolled-back' \
        "$(jq -r '([.steps[] | "\(.identity) \(.script) \(.statement)"] | join(",")) + " " + .method' "$file")"
    echo '{"rehearsal": 1' >"$file"
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has "warning: what a rehearsal measured cannot be used: '$file'"
    jq -e .steps "$file" >/dev/null
    rm -rf "$WORK/site/state/rehearsals"
    echo here >"$WORK/site/state/rehearsals"
    run_status 0 applier rehearse shop.bundle --method template --yes
    errors_has "could not be kept for 'applier plan'"
    output_lacks "kept for 'applier plan'"
}

@test "proven schemas are compared version by version, on the copy and inside the transaction" {
    prove shop.bundle
    at_first_version
    run_status 0 applier rehearse shop.bundle --method template --yes
    output_has 'version 1.1.0: the schema is the one proven' 'version 1.2.0: the schema is the one proven'
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --json
    same versions '1.1.0 proven up' "$(json '.versions[] | "\(.version) \(.schema) \(.schema_arrival)"')"
    # as an operator's own change would make it differ: it is found before the first step
    psql_as_app -c 'ALTER TABLE item ALTER COLUMN name SET NOT NULL'
    for method in template rolled-back; do
        run_status 7 applier rehearse shop.bundle --method $method --to 1.1.0 --yes
        errors_has 'public.item.name'
    done
    same copies '' "$(copies)"
}

@test "a version that comes out otherwise is found on the copy, and inside the transaction" {
    empty_project twisted
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.down.sql <<<'DROP TABLE a;'
    script 1.1.0/0002_b.up.sql <<<"CREATE TABLE b (id int);
DO \$\$ BEGIN
    IF current_database() !~ '^s_' THEN ALTER TABLE b ADD COLUMN twist int; END IF;
END \$\$;"
    script 1.1.0/0002_b.down.sql <<<'DROP TABLE b;'
    release 1.0.0 1.1.0
    pack_bundle twisted.bundle 1.1.0 >/dev/null
    prove twisted.bundle
    for method in template rolled-back; do
        run_status 10 applier rehearse twisted.bundle --method $method --yes
        errors_has 'version 1.1.0 came out with another schema than was proven at build time' 'column public.b.twist: extra'
        output_has 'did not come through: twisted (nothing) -> 1.1.0' 'version 1.0.0: the schema is the one proven' \
            'version 1.1.0: the schema is not the one proven'
    done
    same copies '' "$(copies)"
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")"
}

@test "rolled back: nothing stays but sequences that moved" {
    more_bundle 'DROP TABLE more;' <<<"CREATE TABLE more (id serial PRIMARY KEY, at int);
INSERT INTO more (at) SELECT 1 FROM item;"
    at_first_version
    sed -i '1d' "$PROJECT/migrations/1.2.0/0003_index.up.sql"
    before=$(state_of_all)
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes
    output_has 'in one transaction on database' 'which was rolled back' 'rewritten' \
        'held until all was rolled back' 'AccessExclusiveLock on public.item'
    same state "$before" "$(state_of_all)"
    run_status 7 applier rehearse shop.bundle --method rolled-back --yes
    errors_has 'this cannot be rolled back as a whole' "'0003_index' (1.2.0)" '--method template'
    # a database without a ledger has none afterwards
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes
    output_has 'rehearsed shop (nothing) -> 1.1.0'
    same schemas public "$(sql "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")"
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")"
}

@test "rolled back: a step that fails, or what only COMMIT would check, is exit 10 and undone" {
    at_first_version
    psql_as_app -c "INSERT INTO item VALUES (501, repeat('x', 60))"
    before=$(state_of_all)
    run_status 10 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --json
    same failure 'failed 22001 0002_price 3' "$(json '"\(.result) \(.failure.sqlstate) \(.failure.migration) \(.failure.statement)"')"
    same state "$before" "$(state_of_all)"
    psql_as_app -c 'DELETE FROM item WHERE id > 500'
    applier apply shop.bundle --yes >/dev/null 2>&1
    more_bundle 'SELECT 1;' <<<"ALTER TABLE item ADD COLUMN parent int REFERENCES item DEFERRABLE INITIALLY DEFERRED;
UPDATE item SET parent = -1;"
    before=$(state_of_all)
    run_status 10 applier rehearse more.bundle --method rolled-back --yes
    errors_has 'what COMMIT would check' 23503 'all of it was rolled back: the database is as it was'
    same state "$before" "$(state_of_all)"
}

@test "rolled back: a lock that is not had in time ends it; verify scripts are said not to run" {
    script 1.1.0/0002_price.verify.sql <<<'SELECT 1;'
    rm "$PROJECT/sealift.bundles" shop.bundle
    pack_bundle shop.bundle 1.2.0 >/dev/null
    at_first_version
    run_status 0 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes
    output_has '1 verify script was not run'
    visit 'BEGIN; LOCK TABLE item IN ACCESS SHARE MODE;'
    run_status 10 applier rehearse shop.bundle --method rolled-back --to 1.1.0 --yes --allow-blocking --lock-timeout 100
    leave
    errors_has 55P03
}

@test "a restored copy is rehearsed on, marked, and refused by whatever else runs steps" {
    at_first_version
    real=$DB real_name=$DATABASE before=$(state_of_all)
    "$PG_BIN/pg_dump" -d "$DB" >dump.sql
    visit # nobody is in the way of a restored copy
    fresh_database
    psql_as_app -f dump.sql >/dev/null
    run_status 0 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --yes
    output_has "on the copy database '$DATABASE'" 'schema and numbers of rows are as before'
    errors_has "'$DATABASE' is marked as a copy to rehearse on, for good"
    run_status 7 applier apply shop.bundle --db "$DB" --yes
    errors_has 'this database is a copy that was made to rehearse on (since 20' "check --db"
    run_status 0 applier status --db "$DB"
    output_has 'copy       to rehearse on, since 20'
    run_status 7 applier rollback --db "$DB" --yes
    errors_has 'a copy that was made to rehearse on'
    run_status 0 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --no-rollback --yes
    run_status 7 applier apply shop.bundle --db "$DB" --yes # where there would be nothing to do
    run_status 0 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --yes
    output_has 'nothing to rehearse: the database is at version 1.2.0'
    DB=$real DATABASE=$real_name
    leave
    same state "$before" "$(state_of_all)"
}

@test "what is no copy of the real database is refused" {
    at_first_version
    real=$DB before=$(state_of_all)
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --yes
    errors_has '--clone is no copy: it is the same database as --db'
    unset DATABASE_URL
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --yes
    errors_has '--clone is no copy: its ledger was made in this very database, or has been used in it'
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --yes --clone-unchecked
    errors_has '--clone is no copy: its ledger was made in this very database, or has been used in it'
    # PGSERVICE and PGDATABASE name the real database as well
    port=${DB#*port=}
    run_status 7 env PGDATABASE="$DATABASE" PGHOST="$CLUSTER/socket" PGUSER=app PGPORT="${port%% *}" \
        applier rehearse shop.bundle --method restored --clone "$DB" --yes
    errors_has '--clone is no copy: it is the same database as --db'
    run_status 9 applier rehearse shop.bundle --method restored --db "$real" --clone "dbname=nowhere_$RANDOM host=$CLUSTER/socket user=app" --yes
    same state "$before" "$(state_of_all)"
    fresh_database
    run_status 7 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --yes
    errors_has 'a copy of another database than --db: only one of them has a ledger'
    applier apply shop.bundle --db "$DB" --to 1.0.0 --yes >/dev/null 2>&1
    run_status 7 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --yes
    errors_has 'a copy of another database than --db: their ledgers have other UUIDs'
}

@test "without the real database to compare with, a copy is one by its mark or the operator's word" {
    at_first_version
    real=$DB
    "$PG_BIN/pg_dump" -d "$DB" >dump.sql
    unset DATABASE_URL
    fresh_database
    psql_as_app -f dump.sql >/dev/null
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --yes
    errors_has 'nothing says that --clone is a copy' '--clone-unchecked'
    same unmarked '' "$(sql 'SELECT rehearsal_since FROM sealift.identity')"
    run_status 2 applier rehearse shop.bundle --method restored --db "$real" --clone "$DB" --clone-unchecked --yes
    errors_has '--clone-unchecked is for where nothing names the real database'
    run_status 0 applier rehearse shop.bundle --method restored --clone "$DB" --clone-unchecked --no-rollback --to 1.1.0 --yes
    errors_has 'warning: nobody has compared the copy with the real database'
    # marked, it is one
    run_status 0 applier rehearse shop.bundle --method restored --clone "$DB" --yes
    output_has 'rehearsed shop 1.1.0 -> 1.2.0'
    # a database that holds nothing of ours may be anybody's
    fresh_database
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --yes
    errors_has 'nothing says that --clone is a copy'
    same untouched 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
    run_status 0 applier rehearse shop.bundle --method restored --clone "$DB" --clone-unchecked --yes
    # and one that was itself restored shows that it is used
    fresh_database
    psql_as_app -f dump.sql >/dev/null
    applier apply shop.bundle --db "$DB" --to 1.1.0 --yes --same-site >/dev/null 2>&1
    run_status 7 applier rehearse shop.bundle --method restored --clone "$DB" --clone-unchecked --yes
    errors_has 'or has been used in it'
    same untouched '1.1.0|' "$(applier status --db "$DB" --json | jq -r .version)|$(sql 'SELECT rehearsal_since FROM sealift.identity')"
}

@test "the copy as --db and the real database as --clone are told apart" {
    at_first_version
    real=$DB real_name=$DATABASE before=$(state_of_all)
    "$PG_BIN/pg_dump" -d "$DB" >dump.sql
    fresh_database
    psql_as_app -f dump.sql >/dev/null
    run_status 7 applier rehearse shop.bundle --method restored --db "$DB" --clone "$real" --yes
    errors_has '--clone is no copy' 'that of --db was not: are they swapped?'
    DB=$real DATABASE=$real_name
    same state "$before" "$(state_of_all)"
}

@test "a physical copy, which says the same of itself as its source, is told from it" {
    private_cluster
    export DATABASE_URL=$DB
    at_first_version
    standby_of_private
    run_status 7 applier rehearse shop.bundle --method restored --clone "$THERE" --yes
    errors_has 'standby'
    "$PG_BIN/psql" -XAtqc 'SELECT pg_promote()' -d "${THERE/user=app/user=postgres}" >/dev/null
    run_status 0 applier rehearse shop.bundle --method restored --clone "$THERE" --yes
    output_has 'rehearsed shop 1.0.0 -> 1.2.0'
    same source '' "$(sql 'SELECT rehearsal_since FROM sealift.identity')"
}

@test "a standby named as the real database is not told from the primary that it follows" {
    private_cluster
    export DATABASE_URL=$DB
    at_first_version
    "$PG_BIN/pg_dump" -d "$DB" >dump.sql
    standby_of_private
    run_status 7 applier rehearse shop.bundle --method restored --db "$THERE" --clone "$DB" --yes
    errors_has '--db is a standby, and --clone may be the primary that it follows' 'name the primary'
    same untouched '|2' "$(sql "SELECT rehearsal_since, (SELECT count(*) FROM pg_attribute
        WHERE attrelid = 'item'::regclass AND attnum > 0) FROM sealift.identity")"
    # a database with another OID, or on another server, is never the one that is followed
    cluster_psql "$PRIVATE" postgres -q -c 'CREATE DATABASE beside OWNER app'
    beside=$(cluster_conninfo "$PRIVATE" beside app)
    "$PG_BIN/psql" -Xq -d "$beside" -f dump.sql >/dev/null
    run_status 0 applier rehearse shop.bundle --method restored --db "$THERE" --clone "$beside" --yes
    output_has "on the copy database 'beside'"
    fresh_database
    psql_as_app -f dump.sql >/dev/null
    run_status 0 applier rehearse shop.bundle --method restored --db "$THERE" --clone "$DB" --yes
    output_has "on the copy database '$DATABASE'"
}

@test "which form is meant is asked for, and options of the other one are refused" {
    while read -r words arguments; do
        # shellcheck disable=SC2086 # a list of arguments
        run_status 2 applier rehearse shop.bundle $arguments
        errors_has "${words//_/ }"
    done <<'ROWS'
wants_--method_(at_a_site)_or_--out
wants_--method_(at_a_site)_or_--out --method template --out folder
for_a_scratch_cluster --method template --rows 3
for_a_scratch_cluster --method template --seeds x
for_a_scratch_cluster --method template --setup x
for_a_scratch_cluster --method template --cycles x
--clone-unchecked_is_for --method template --clone-unchecked
goes_with_--method_restored --method template --clone x
goes_with_--method_restored --method restored
--keep_is_for --method restored --clone x --keep
--allow-blocking_is_for --method template --allow-blocking
for_a_site --out folder --yes
for_a_site --out folder --to 1.0.0
for_a_site --out folder --strict
for_a_site --out folder --lock-timeout 7
ROWS
    run_status 2 applier rehearse shop.bundle --method template
    errors_has 'there is no terminal to ask on'
    same copies '' "$(copies)"
}

@test "a standby that is behind, and a dump of the copy, do not stop a rehearsal on a copy" {
    script 1.3.0/0004_more.up.sql <<<'CREATE TABLE more (id int);'
    script 1.3.0/0004_more.down.sql <<<'DROP TABLE more;'
    release 1.3.0
    pack_bundle more.bundle 1.3.0 --new-sequence >/dev/null
    # as a rehearsal would have seen it: what it needs for itself is held on the copy
    printf 'measured\t0004_more\tup\t1\t@HERE@\tpublic.item\tAccessExclusiveLock\n' >"$WORK/facts"
    prove more.bundle
    private_cluster
    export DATABASE_URL=$DB
    run_status 0 applier apply more.bundle --to 1.2.0 --yes
    cluster_psql "$PRIVATE" postgres -q -c 'CREATE DATABASE copy TEMPLATE private OWNER app'
    copy=$(cluster_conninfo "$PRIVATE" copy app)
    DATABASE=copy block pg_dump "$copy" 'BEGIN; SELECT count(*) FROM item;'
    mkdir wal
    "$PG_BIN/pg_receivewal" -n -D wal -d "$(cluster_conninfo "$PRIVATE" postgres postgres)" >/dev/null 2>&1 3>&- 8>&- &
    receiver=$!
    until [ "$(sql 'SELECT count(*) FROM pg_stat_replication')" = 1 ]; do sleep 0.05; done
    printf '[site]\nmax-lag = 1MB\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 7 applier apply more.bundle --yes
    errors_has 'does not see how far the standbys are behind'
    run_status 0 applier rehearse more.bundle --method restored --clone "$copy" --yes
    output_has 'rehearsed shop 1.2.0 -> 1.3.0'
    kill "$receiver"
    wait "$receiver" || true
    unblock
}
