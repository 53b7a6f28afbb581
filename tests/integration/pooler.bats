# A pooler between the applier and the server: one that shares sessions is refused by name, whatever
# it does just then; one that gives each client its own session works.
load ../support/common
load ../support/pooler
load ../support/proxy

setup() {
    common_setup
    fresh_database
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
}
teardown() {
    [ -z "${CROWD:-}" ] || kill "${CROWD[@]}" 2>/dev/null || true
    pooler_done
    proxy_done
    common_teardown
}

# Other clients of the pool, whose short statements go on until the test ends.
crowd() {
    CROWD=()
    for _ in 1 2 3; do
        { yes 'SELECT pg_sleep(0.002);' | "$PG_BIN/psql" -XAtq -d "$(by_pooler "$DB")"; } >/dev/null 2>&1 3>&- &
        CROWD+=($!)
    done
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = '$DATABASE' AND query LIKE 'SELECT pg_sleep%'")" -ge 2 ]; do sleep 0.05; done
}

# What pg_session_look_for_pooler says, for whoever wants to show it.
said() { DATABASE_URL=$1 "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/engine_run" pooler; }

# Every command that opens a session says so, and leaves nothing in the sessions of others.
refused() {
    local command
    same look 'pooler transaction' "$(said "$(by_pooler "$DB")")"
    for command in 'apply one.bundle --yes' 'plan one.bundle' 'preflight one.bundle' status history 'rollback --yes' drift; do
        # shellcheck disable=SC2086
        run_status 7 applier $command --db "$(by_pooler "$DB")"
        errors_has 'goes through a transaction-pooling proxy (PgBouncer, Odyssey, …)' \
            "the server's own address, or a pool in session mode"
    done
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
    for _ in 1 2 3 4; do
        same 'others read only' off \
            "$("$PG_BIN/psql" -XAtq -d "$(by_pooler "$DB")" -c 'SHOW default_transaction_read_only')"
    done
}

@test "transaction mode, nobody else there: refused by name" {
    pooler "$CLUSTER" transaction 10
    refused
}

@test "transaction mode with one session for all: refused by name, without waiting for itself" {
    pooler "$CLUSTER" transaction 1
    refused
}

@test "transaction mode, others at work: refused by name" {
    pooler "$CLUSTER" transaction 4
    crowd
    refused
}

@test "transaction mode that ignores startup options: refused by name" {
    pooler "$CLUSTER" transaction 10 'ignore_startup_parameters = options'
    refused
}

@test "statement mode: refused by name" {
    pooler "$CLUSTER" statement 10
    refused
}

# apply, status, rollback, with what we pin in force.
works() {
    local through
    through=$(by_pooler "$DB")
    same look 'pooler session' "$(said "$through")"
    run_status 0 applier apply one.bundle --yes --db "$through"
    errors_has 'goes through a session pool'
    run_status 0 applier status --json --db "$through"
    same state '1.0.0 current' "$(json '"\(.version) \(.state)"')"
    run_status 0 applier rollback --accept-unproven --yes --db "$through"
    errors_has 'goes through a session pool'
    same item f "$(sql "SELECT to_regclass('item') IS NOT NULL")"
}

@test "session mode: apply, status and rollback work, with a warning" {
    pooler "$CLUSTER" session 10
    works
}

@test "session mode that ignores startup options: our settings are in force all the same" {
    sql "ALTER DATABASE $DATABASE SET check_function_bodies = off"
    sql "ALTER DATABASE $DATABASE SET \"TimeZone\" = 'Asia/Tokyo'"
    script 1.1.0/0002_settings.up.sql <<'SQL'
CREATE TABLE setting AS SELECT current_setting('check_function_bodies') AS bodies, current_setting('TimeZone') AS zone;
SQL
    release 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    pooler "$CLUSTER" session 10 'ignore_startup_parameters = options'
    run_status 0 applier apply one.bundle --yes --db "$(by_pooler "$DB")"
    same settings 'on|UTC' "$(sql 'SELECT * FROM setting')"
}

@test "session mode with one session for all: said, and nothing begun" {
    pooler "$CLUSTER" session 1
    run_status 7 applier apply one.bundle --yes --db "$(by_pooler "$DB")"
    errors_has 'a pooler that gives no second one to the server within 10 s' 'let the pool hold more connections'
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
}

@test "a pool that takes no second client: the reason, and nothing begun" {
    pooler "$CLUSTER" session 10 'max_client_conn = 1'
    run_status 9 applier apply one.bundle --yes --db "$(by_pooler "$DB")"
    errors_has 'goes through a pooler'
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
}

@test "without a pooler the question costs nothing: no turn, no second connection" {
    same look 'pooler direct' "$(said "$DB")"
    proxy "$CLUSTER" --lockstep
    run_status 0 applier status --db "$(by_proxy "$DB")"
    proxy_end
    same connections 1 "$(wc -l <"$PROXY_HOST/counts")"
    # the startup, the facts, and what status itself asks of a database without a ledger: other tools' tables too
    [ "$(proxy_sum turns)" -le 6 ] || { cat "$PROXY_HOST/counts"; false; }
}
