#!/usr/bin/env bats
# applier preflight: each thing that would stop or slow an upgrade is found, is said to whom it
# concerns with what to do, and is gone once that is done.

load ../support/common
load ../support/proven
load ../support/shop

setup() {
    common_setup
    fresh_database
    shop
    use "$DB"
}
teardown() {
    local role
    for role in ${ROLES[@]+"${ROLES[@]}"}; do
        sql "DROP OWNED BY $role CASCADE; DROP ROLE $role" || true
    done
    common_teardown
}
ROLES=()

# use CONNINFO: what the commands work on from here.
use() { export DATABASE_URL=$1; }

# role NAME [OPTIONS]: a role for this test. Sets ROLE.
role() {
    ROLE=$1_$RANDOM
    ROLES+=("$ROLE")
    sql "CREATE ROLE $ROLE ${2:-}"
}

# finds STATUS LEVEL CHECK WORDS…: the preflight ends so, and has one such finding with these words
# in what it saw, advises or has as SQL. Sets FOUND.
finds() {
    local words
    run_status "$1" applier preflight shop.bundle --json ${STRICT:+--strict}
    FOUND=$(json "[.findings[] | select(.check == \"$3\" and .level == \"$2\")] |
        if length == 1 then .[0] else error(\"\(length) of them\") end | \"\(.object)|\(.what)|\(.advice)|\(.sql)\"") ||
        { show_run "no single finding of $3 that $2"; return 1; }
    shift 3
    for words in "$@"; do
        [[ $FOUND == *"$words"* ]] || { printf 'lacks %s: %s\n' "$words" "$FOUND"; return 1; }
    done
}

# finds_no CHECK [STATUS]
finds_no() {
    run_status "${2:-0}" applier preflight shop.bundle --json
    json "[.findings[] | select(.check == \"$1\" and .level != \"informs\")] | length == 0" >/dev/null ||
        { show_run "there are findings of $1"; return 1; }
}

# The last finding's SQL, as a DBA would run it.
paste_sql() { sql "$(cut -d'|' -f4- <<<"$FOUND")"; }

@test "a database that is ready has nothing that blocks or warns; nothing is written" {
    role watcher 'LOGIN IN ROLE pg_monitor'
    at_first
    sql "GRANT app TO $ROLE; GRANT pg_monitor TO app"
    before=$(sql "SELECT count(*) FROM sealift.event; SELECT pg_current_xact_id_if_assigned()")
    run_status 0 applier preflight shop.bundle
    sql 'REVOKE pg_monitor FROM app'
    output_has 'shop 1.0.0 -> 1.1.0: 3 to apply; nothing was changed' '0 block, 0 warn, 2 inform' \
        'the run takes about' 'window: ask for 1 min'
    same events "$before" "$(sql "SELECT count(*) FROM sealift.event; SELECT pg_current_xact_id_if_assigned()")"
    # without a ledger none is made, nor a state folder
    fresh_database
    use "$DB"
    rm -rf "$SEALIFT_STATE_DIR"
    run_status 0 applier preflight shop.bundle
    output_has '(nothing) -> 1.1.0: 4 to apply'
    same ledger 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
    [ ! -e "$SEALIFT_STATE_DIR" ]
}

@test "where nothing is to do it says so" {
    applier apply shop.bundle --yes >/dev/null
    finds 0 informs fit 'at version 1.1.0 already'
    same migrations 0 "$(json .migrations)"
}

@test "what does not fit blocks, with the next step" {
    at_first
    run_status 7 applier preflight shop.bundle --to 9.9 --json
    same 'no such version' 'blocks fit' "$(json '.findings[0] | "\(.level) \(.check)"')"
    same status 7 "$(json .error.exit_status)"
    sql "UPDATE sealift.journal SET identity = 'other'"
    finds 7 blocks fit 'journal'
}

@test "a bundle that begins further on names what is missing" {
    PROJECT=$WORK/later
    empty_project later
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b (id int);'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 --from 1.0.0 >/dev/null
    finds 7 blocks fit 'the bundle starts at 1.0.0' 'bring the bundles that lead'
}

@test "--accept-extra takes an object out of the drift, as apply will; what cannot be accepted blocks" {
    at_first
    sql 'CREATE INDEX item_dba ON item (price); ALTER TABLE item ADD extra int'
    run_status 7 applier preflight shop.bundle --accept-extra index:public.item.item_dba=report --json
    same other 'true false' "$(json '[.findings[] | select(.check == "drift" and .level == "blocks").what] | join(" ") |
        "\(contains("column public.item.extra")) \(contains("item_dba"))"')"
    sql 'ALTER TABLE item DROP extra'
    run_status 0 applier preflight shop.bundle --accept-extra index:public.item.item_dba=report
    run_status 7 applier preflight shop.bundle --accept-extra index:public.item.nowhere=report
    output_has "nothing extra" nowhere
    run_status 2 applier preflight shop.bundle --accept-extra nameless
    # it was said for this look only
    finds 7 blocks drift 'index public.item.item_dba'
    run_status 0 applier apply shop.bundle --yes --accept-extra index:public.item.item_dba=report
}

@test "drift blocks, and names the objects" {
    at_first
    sql 'ALTER TABLE item ADD COLUMN extra int'
    finds 7 blocks drift 'column public.item.extra' "'applier drift'"
    sql 'ALTER TABLE item DROP COLUMN extra'
    finds_no drift
    fresh_database
    use "$DB"
    psql_as_app -c 'CREATE TABLE item (id int)'
    finds 7 blocks drift 'the database is not empty' "'applier adopt BUNDLE'"
}

@test "rights and comments that differ warn, and --strict makes warnings count" {
    at_first
    sql "COMMENT ON TABLE item IS 'ours'"
    finds 0 warns drift 'comment table public.item'
    STRICT=yes finds 7 warns drift
    errors_has '--strict was given'
    sql 'COMMENT ON TABLE item IS NULL'
    finds_no drift
}

@test "an older server blocks, a newer or unrehearsed one warns" {
    empty_project old
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    release 1.0.0
    sed -i 's/^#* *server-min.*/server-min = 98/; s/^#* *server-max.*/server-max = 99/' "$PROJECT/sealift.conf"
    pack_bundle shop.bundle 1.0.0 >/dev/null
    run_status 7 applier preflight shop.bundle
    output_has 'the bundle needs 98 or later' 'packed unproven'
    sed -i 's/^#* *server-min.*/server-min = 10/; s/^#* *server-max.*/server-max = 12/' "$PROJECT/sealift.conf"
    rm "$PROJECT/sealift.bundles"
    pack_bundle new.bundle 1.0.0 >/dev/null
    run_status 0 applier preflight new.bundle
    output_has 'the bundle was made for 10 to 12'
}

@test "a server major that was not rehearsed warns" {
    majors
    empty_project other
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    script 1.0.0/0001_a.down.sql <<<'DROP TABLE a;'
    release 1.0.0
    pack_bundle shop.bundle 1.0.0 >/dev/null
    MAJOR=$OTHER prove shop.bundle
    finds 0 warns server "was not rehearsed on PostgreSQL $HERE" 'only the structure'
    run_status 0 applier plan shop.bundle
    output_has "locks as rehearsed on PostgreSQL $OTHER, the nearest to this server's $HERE"
}

@test "a superuser warns, and blocks where the site's policy refuses one" {
    at_first
    use "$DB_ADMIN"
    finds 0 warns role 'this role is a superuser'
    printf '[site]\nsuperuser = refuse\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    finds 7 blocks role "which this site's policy refuses"
}

@test "a table, a function of another role block; the SQL mends it, and apply refuses before it begins" {
    at_first
    role other
    sql "ALTER TABLE item OWNER TO $ROLE"
    finds 7 blocks ownership public.item "it belongs to $ROLE" 'ALTER TABLE public.item OWNER TO app;'
    run_status 7 applier apply shop.bundle --yes
    errors_has "public.item belongs to role $ROLE" "'applier preflight BUNDLE'"
    same untouched 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'item_name'")"
    same refused refused "$(sql "SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1")"
    paste_sql
    finds_no ownership
    sql "ALTER FUNCTION total() OWNER TO $ROLE"
    finds 7 blocks ownership 'function public.total()' "it belongs to $ROLE" 'ALTER ROUTINE public.total() OWNER TO app;'
    paste_sql
    finds_no ownership
    # what the run does not change may belong to anybody
    sql "ALTER TYPE mood OWNER TO $ROLE"
    finds_no ownership
    run_status 0 applier apply shop.bundle --yes
}

@test "rights that come with membership are enough; those that come with SET ROLE only warn" {
    at_first
    role owner
    sql "GRANT $ROLE TO app; GRANT ALL ON SCHEMA public TO $ROLE; ALTER TABLE item OWNER TO $ROLE"
    finds_no ownership
    run_status 0 applier preflight shop.bundle
    output_has "a member of $ROLE"
    role login 'LOGIN NOINHERIT'
    sql "GRANT app TO $ROLE; GRANT USAGE ON SCHEMA sealift TO $ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA sealift TO $ROLE"
    sql 'ALTER TABLE item OWNER TO app; ALTER FUNCTION total() OWNER TO app'
    [ "$(sql 'SHOW server_version_num')" -lt 160000 ] || sql "GRANT app TO $ROLE WITH INHERIT FALSE, SET TRUE"
    use "$(cluster_conninfo "$CLUSTER" "$DATABASE" "$ROLE")"
    run_status 7 applier preflight shop.bundle --json
    same 'only by SET ROLE' true "$(json '[.findings[] | select(.check == "ownership" and .level == "warns")][0].what | test("only after SET ROLE")')"
}

@test "where the role may make nothing it is told the GRANT" {
    at_first
    sql "REVOKE ALL ON SCHEMA public FROM PUBLIC, app; ALTER SCHEMA public OWNER TO postgres; GRANT USAGE ON SCHEMA public TO app"
    finds 7 blocks create public 'GRANT CREATE ON SCHEMA public TO app;'
    paste_sql
    finds_no create
    # without a ledger its schema is to be made
    fresh_database
    use "$DB"
    sql "ALTER DATABASE $DATABASE OWNER TO postgres; ALTER SCHEMA public OWNER TO app"
    finds 7 blocks create 'the ledger is kept in the schema sealift' "GRANT CREATE ON DATABASE $DATABASE TO app;"
    paste_sql
    finds_no create
}

@test "rows that the role may not change warn: a function of another role may do it" {
    at_first
    applier apply shop.bundle --yes >/dev/null
    cp rows.bundle shop.bundle
    role other
    sql "ALTER TABLE item OWNER TO $ROLE"
    finds 0 warns ownership public.item 'rows of it are changed by the run' 'GRANT INSERT, UPDATE, DELETE ON public.item TO app;'
    paste_sql
    finds_no ownership
}

@test "extensions: not on the server, not for this role, too old" {
    empty_project ext
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a (id int);'
    release 1.0.0
    requires() {
        sed -i '/^extensions/d; s/^\[database\]/[database]\nextensions = '"$1"'/' "$PROJECT/sealift.conf"
        rm -f shop.bundle "$PROJECT/sealift.bundles"
        pack_bundle shop.bundle 1.0.0 >/dev/null
    }
    requires no_such_thing
    finds 7 blocks extension no_such_thing 'the server does not have this extension' 'install its package'
    requires 'plpgsql>=99'
    finds 7 blocks extension 'in version 99, only in 1.0'
    requires 'plpgsql>=1.0'
    finds_no extension
    [ -n "$(sql "SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'")" ] || return 0
    requires dblink
    finds 7 blocks extension dblink 'role app may not make it' 'CREATE EXTENSION IF NOT EXISTS dblink;'
    paste_sql
    finds_no extension
    sql "UPDATE pg_extension SET extversion = '0.1' WHERE extname = 'dblink'"
    requires 'dblink>=1.0'
    finds 0 warns extension 'installed in version 0.1' 'ALTER EXTENSION dblink UPDATE;'
}

@test "--atomic that was not rehearsed blocks" {
    at_first
    run_status 7 applier preflight shop.bundle --atomic run --json
    same blocks blocks "$(json '[.findings[] | select(.check == "atomic")][0].level')"
}

@test "an invalid index warns; one in the way of a build blocks" {
    at_first
    sql "CREATE INDEX odd ON item (price); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'odd'::regclass"
    run_status 7 applier preflight shop.bundle --json # and drift
    json '[.findings[] | select(.check == "index" and .level == "warns")][0].sql == "DROP INDEX CONCURRENTLY public.odd;"' >/dev/null
    sql "DROP INDEX odd; CREATE INDEX item_name ON item (price); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_name'::regclass"
    finds 7 blocks index public.item_name 'has the name of one that the run builds' 'DROP INDEX CONCURRENTLY public.item_name;'
    paste_sql
    finds_no index
}

# A session that builds an index, and waits for the transaction that hold keeps open. Sets BUILDER.
builds() {
    "$PG_BIN/psql" -XAtqd "$DB_ADMIN" -c "CREATE INDEX CONCURRENTLY $1 ON item (price)" >/dev/null 2>&1 7>&- 3>&- &
    BUILDER=$!
    for _ in $(seq 200); do
        [ "$(sql "SELECT count(*) FROM pg_class WHERE relname = '$1'")" = 1 ] && return 0
        sleep 0.05
    done
    return 1
}
ends_build() {
    sql "SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index WHERE datname = current_database()" >/dev/null
    wait "$BUILDER" || true
}

@test "an index that another session is still building is not called invalid" {
    at_first
    hold "BEGIN; UPDATE item SET price = 1 WHERE id = 1"
    builds still_built
    # app does not see which index that is; with pg_monitor it does
    finds 7 informs index public.still_built 'is being built by pid' 'let it end' # and drift
    sql 'GRANT pg_monitor TO app'
    finds 7 informs index public.still_built 'is being built by pid'
    sql 'REVOKE pg_monitor FROM app'
    ends_build
    finds 7 warns index public.still_built 'is invalid' 'DROP INDEX CONCURRENTLY public.still_built;'
    release_held
    sql 'DROP INDEX still_built'
    hold "BEGIN; UPDATE item SET price = 1 WHERE id = 1"
    builds item_name
    finds 7 warns index public.item_name 'just now, under the name of one that the run builds'
    ends_build
    release_held
}

@test "collations whose order changed warn, the more where an index is built" {
    at_first
    sql "UPDATE pg_database SET datcollversion = '0.1' WHERE datname = current_database()" 2>/dev/null ||
        return 0 # before 15 the server does not know
    finds 0 warns collation "database $DATABASE" 'recorded version 0.1' 'this run builds indexes' "REINDEX DATABASE $DATABASE;"
    sql "UPDATE pg_database SET datcollversion = NULL WHERE datname = current_database()"
    finds_no collation
    sql "CREATE COLLATION odd (locale = 'C'); CREATE INDEX odd_index ON item (name COLLATE odd);
         UPDATE pg_collation SET collversion = '7' WHERE collname = 'odd'"
    run_status 7 applier preflight shop.bundle --json
    json '[.findings[] | select(.check == "collation")][0] | .object == "public.odd" and (.sql | test("REINDEX INDEX CONCURRENTLY public.odd_index;"))' >/dev/null
}

# A session that stays: hold SQL [APPLICATION]; release_held ends it.
hold() {
    mkfifo "$WORK/hold"
    PGAPPNAME=${2:-holder} "$PG_BIN/psql" -XAtq -d "${3:-$DB_ADMIN}" <"$WORK/hold" >"$WORK/held" &
    HOLDER=$!
    exec 7>"$WORK/hold"
    printf '%s;\n\\echo ready\n' "$1" >&7
    for _ in $(seq 200); do
        grep -q ready "$WORK/held" && return 0
        sleep 0.05
    done
    return 1
}
release_held() {
    exec 7>&-
    wait "$HOLDER" || true
    rm -f "$WORK/hold"
}

@test "who is in a transaction, and who dumps, is named, never what they ask" {
    at_first
    sql 'GRANT pg_monitor TO app'
    hold "BEGIN; SELECT count(*) AS s3cret FROM item" reporter
    finds 0 informs session reporter 'idle in a transaction' 'holds locks on public.item'
    [[ $output != *s3cret* ]]
    release_held
    finds_no session
    hold "BEGIN; SELECT count(*) FROM item" pg_dump
    finds 7 blocks session pg_dump 'a dump is running' 'which the run needs as AccessExclusiveLock' 'apply refuses to begin beside it'
    release_held
    finds_no session
    hold "BEGIN; SELECT count(*) FROM pg_class" pg_dump
    finds 0 warns session pg_dump 'a dump is running' 'no backup should run in the window'
    release_held
    finds_no session
    sql 'REVOKE pg_monitor FROM app'
    # also to those who do not see what others do: locks are everybody's to see
    hold "BEGIN; SELECT count(*) FROM item" reporter
    run_status 0 applier preflight shop.bundle
    output_has 'holds locks on public.item now' 'GRANT pg_monitor TO app;'
    release_held
}

@test "a table that is locked does not keep the preflight waiting" {
    at_first
    hold "BEGIN; LOCK TABLE item"
    run_status 0 applier preflight shop.bundle
    output_has 'sizes are those of the last ANALYZE' \
        'the schema could not be looked at: another session holds a lock' 'holds locks on public.item now'
    release_held
    finds_no drift
}

@test "publications and subscriptions of touched tables warn" {
    at_first
    sql 'CREATE PUBLICATION p FOR TABLE item'
    finds 0 warns publication 'subscribers do not get changes of the schema'
    sql 'DROP PUBLICATION p'
    finds_no publication
    sql "CREATE SUBSCRIPTION s_$DATABASE CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false);
         INSERT INTO pg_subscription_rel SELECT s.oid, 'item'::regclass, 'r', NULL FROM pg_subscription s WHERE subname = 's_$DATABASE'"
    # a subscription that nothing of Sealift made is drift, too
    finds 7 warns subscription 'this subscription writes to public.item' "ALTER SUBSCRIPTION s_$DATABASE DISABLE;"
    sql "ALTER SUBSCRIPTION s_$DATABASE SET (slot_name = NONE)"
    sql "DROP SUBSCRIPTION s_$DATABASE"
    finds_no subscription
}

@test "event triggers are told of" {
    at_first
    sql "CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watch()"
    run_status 7 applier preflight shop.bundle --json # drift: the function
    json '[.findings[] | select(.check == "event-trigger")][0].object == "watching"' >/dev/null
    sql 'DROP EVENT TRIGGER watching; DROP FUNCTION public.watch()'
    run_status 0 applier preflight shop.bundle --json
    json '[.findings[] | select(.check == "event-trigger")] | length == 0' >/dev/null
}

@test "prepared transactions, slots, a missing standby, a failing archiver, a small lock table" {
    private_cluster
    use "$DB"
    cluster_run tee -a "$PRIVATE/data/postgresql.conf" >/dev/null <<'CONF'
max_prepared_transactions = 2
archive_mode = on
archive_command = 'false'
CONF
    cluster_stop "$PRIVATE"
    cluster_start "$PRIVATE"
    at_first
    sql "BEGIN; UPDATE item SET name = 'x' WHERE id = 1; PREPARE TRANSACTION 'it''s left'"
    finds 7 blocks prepared "'it''s left'" 'it holds RowExclusiveLock on public.item, which the run needs as AccessExclusiveLock' "ROLLBACK PREPARED 'it''s left';"
    sql "ROLLBACK PREPARED 'it''s left'"
    finds_no prepared
    sql "BEGIN; CREATE TABLE elsewhere (); PREPARE TRANSACTION 'other'"
    finds 0 warns prepared "'other'"
    sql "ROLLBACK PREPARED 'other'"
    sql "SELECT pg_create_physical_replication_slot('left_over', true)"
    finds 0 warns slot "'left_over'" 'nobody reads from this physical replication slot' "SELECT pg_drop_replication_slot('left_over');"
    paste_sql
    finds_no slot
    sql "SELECT pg_create_physical_replication_slot('too_late', true)"
    sql "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'"
    sql 'SELECT pg_reload_conf()'
    for _ in $(seq 20); do
        sql "SELECT pg_logical_emit_message(false, 'test', repeat('x', 40 * 1024 * 1024)); SELECT pg_switch_wal()" >/dev/null
        sql CHECKPOINT
        [ "$(sql 'SELECT wal_status FROM pg_replication_slots')" != lost ] || break
    done
    finds 0 warns slot "'too_late'" 'is lost'
    paste_sql
    sql "SELECT pg_switch_wal()"
    for _ in $(seq 200); do
        [ "$(sql 'SELECT failed_count > 0 FROM pg_stat_archiver')" = t ] && break
        sleep 0.1
    done
    finds 0 warns archiver 'the log is not archived any more'
    commits_wait_for far
    finds 7 blocks standby 'commits wait for 1 synchronous standby' "synchronous_standby_names is 'far'" 'ALTER SYSTEM SET synchronous_standby_names'
    sql 'SET synchronous_commit = local; ALTER ROLE app SET synchronous_commit = local'
    finds_no standby # nobody waits
}

# commits_wait_for NAMES: synchronous_standby_names, as soon as it holds.
commits_wait_for() {
    sql "ALTER SYSTEM SET synchronous_standby_names = '$1'"
    sql 'SELECT pg_reload_conf()'
    for _ in $(seq 200); do
        [ "$(sql 'SHOW synchronous_standby_names')" = "$1" ] && break
        sleep 0.05
    done
}

@test "locks that exclude none of the run's are no conflict" {
    private_cluster
    use "$DB"
    echo 'max_prepared_transactions = 2' | cluster_run tee -a "$PRIVATE/data/postgresql.conf" >/dev/null
    cluster_stop "$PRIVATE"
    cluster_start "$PRIVATE"
    at_first
    applier apply shop.bundle --yes >/dev/null
    cp rows.bundle shop.bundle
    hold "BEGIN; SELECT count(*) FROM item" pg_dump
    finds 0 warns session 'a dump is running'
    [[ $FOUND != *'which the run needs'* ]]
    release_held
    sql "BEGIN; UPDATE item SET price = 1 WHERE id = 1; PREPARE TRANSACTION 'left'"
    finds 0 warns prepared "'left'"
    [[ $FOUND != *'which the run needs'* ]]
    sql "ROLLBACK PREPARED 'left'"
    sql "BEGIN; LOCK TABLE item IN SHARE MODE; PREPARE TRANSACTION 'left'"
    finds 7 blocks prepared 'it holds ShareLock on public.item, which the run needs as RowExclusiveLock'
    sql "ROLLBACK PREPARED 'left'"
}

@test "a group that locks more than the server has room for blocks, with the setting to raise" {
    private_cluster
    use "$DB"
    empty_project many
    { for i in $(seq 1200); do echo "CREATE TABLE t$i (id int PRIMARY KEY);"; done; } | script 1.0.0/0001_many.up.sql
    release 1.0.0
    pack_bundle shop.bundle 1.0.0 >/dev/null
    finds 7 blocks locks 'one transaction would lock about' 'ALTER SYSTEM SET max_locks_per_transaction = '
    run_status 7 applier apply shop.bundle --yes
    errors_has 'raise max_locks_per_transaction (needs a restart)'
    errors_lacks '--atomic'
    run_status 7 applier apply shop.bundle --yes --atomic run
    errors_has 'or run with --atomic migration'
    sql "$(cut -d'|' -f4- <<<"$FOUND")"
    cluster_stop "$PRIVATE"
    cluster_start "$PRIVATE"
    finds_no locks
}

@test "on a standby it works, and says that it is one; lag is seen on the primary" {
    private_cluster
    use "$DB"
    at_first
    standby_of_private
    for _ in $(seq 200); do
        [ "$("$PG_BIN/psql" -XAtqd "$THERE" -c 'SELECT count(*) FROM item' 2>/dev/null)" = 1000 ] && break
        sleep 0.1
    done
    use "$THERE"
    finds 0 warns server 'this server is a standby' 'run this there too'
    use "$DB"
    finds_no standby
    sql 'GRANT pg_monitor TO app'
    "$PG_BIN/psql" -XAtqd "${THERE/user=app/user=postgres}" -c 'SELECT pg_wal_replay_pause()'
    sql "SELECT pg_logical_emit_message(false, 'test', repeat('x', 80 * 1024 * 1024))" >/dev/null
    for _ in $(seq 300); do
        [ "$(sql 'SELECT write_lsn - replay_lsn > 70000000 FROM pg_stat_replication')" = t ] && break
        sleep 0.1
    done
    finds 0 warns standby ' behind' 'let it catch up first'
    commits_wait_for 'ANY 1 (*)'
    finds 0 warns standby ' behind'
    commits_wait_for 'ANY 2 (*)'
    finds 7 blocks standby 'commits wait for 2 synchronous standbys' 'and 1 is connected'
    commits_wait_for ''
    "$PG_BIN/psql" -XAtqd "${THERE/user=app/user=postgres}" -c 'SELECT pg_wal_replay_resume()'
}

@test "room on the disk is known where the server is here, and said to be unknown where not" {
    at_first
    sql "INSERT INTO item SELECT g, repeat('x', 100), g FROM generate_series(1001, 40000) g"
    use "$DB"
    finds 0 informs space pg_default 'how much is free cannot be seen from here'
    sql 'GRANT pg_read_all_settings TO app'
    finds 0 informs space pg_default 'are free there'
    sql 'REVOKE pg_read_all_settings FROM app'
    use "host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=$DATABASE user=app password=right"
    finds 0 informs space pg_default 'how much is free cannot be seen from here'
}

@test "what the role may not look at is said, and the rest is looked at" {
    at_first
    sql 'REVOKE SELECT ON pg_catalog.pg_event_trigger FROM PUBLIC'
    run_status 0 applier preflight shop.bundle
    output_has 'role app may not look at event triggers: not checked' 'the run takes about'
}

@test "the findings stand in the order of their weight, and no secret among them" {
    at_first
    role other
    sql "ALTER TABLE item OWNER TO $ROLE; COMMENT ON TYPE mood IS 'x'"
    use "host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=$DATABASE user=app password=right"
    run_status 7 applier preflight shop.bundle
    same order 'blocks warns informs' "$(grep -oE '^(blocks|warns|informs)' <<<"$output" | uniq | xargs)"
    output_has $'          ALTER TABLE public.item OWNER TO app;' '1 block, 1 warn'
    output_lacks password=
    same 'lines with the password' 0 "$(grep -cw right <<<"$output$errors")"
}

@test "a role that may not read the ledger is told the GRANT" {
    at_first
    role reader LOGIN
    use "$(cluster_conninfo "$CLUSTER" "$DATABASE" "$ROLE")"
    run_status 7 applier preflight shop.bundle
    errors_has 'may not read the ledger' "GRANT USAGE ON SCHEMA sealift TO \"$ROLE\""
}
