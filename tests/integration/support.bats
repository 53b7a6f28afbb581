# The scratch servers that the other tests stand on.
load ../support/common

setup() { common_setup; }
teardown() { common_teardown; }

@test "each test gets an empty database that an ordinary role owns" {
    fresh_database
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")"
    psql_as_app -c 'CREATE TABLE t (a int)'
    same owner app "$(sql "SELECT tableowner FROM pg_tables WHERE tablename = 't'")"
    same superuser f "$(psql_as_app -c 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')"
}

@test "the shared server asks for a password over TCP" {
    shared_cluster
    PGPASSWORD=right "$PG_BIN/psql" -XAtqc 'SELECT 1' \
        "host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=postgres user=app"
    PGPASSWORD=wrong run_status 2 "$PG_BIN/psql" -XAtqc 'SELECT 1' \
        "host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=postgres user=app"
    errors_has "password authentication failed"
}

@test "a private server comes back after a kill with what was committed" {
    private_cluster
    psql_as_app -c 'CREATE TABLE kept (a int)'
    cluster_kill "$PRIVATE"
    run_status 2 psql_as_app -c 'SELECT 1'
    cluster_start "$PRIVATE"
    same tables kept "$(sql "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")"
    same fsync on "$(sql 'SHOW fsync')"
}

@test "a server goes away with the process that owns it" {
    sleep 300 &
    owner=$!
    cluster_new fast "$owner"
    [ -f "$cluster_dir/data/postmaster.pid" ]
    postmaster=$(head -n 1 "$cluster_dir/data/postmaster.pid")
    kill -KILL "$owner"
    for _ in $(seq 100); do
        [ -d "$cluster_dir" ] || cluster_alive "$postmaster" || break
        sleep 0.1
    done
    [ ! -d "$cluster_dir" ]
    run_status 1 cluster_alive "$postmaster"
}

@test "a fault comes at the call that was asked for" {
    shared_cluster
    admin=$(cluster_conninfo "$CLUSTER" postgres postgres)
    run_status 0 with_fault FAULT_COUNT="$WORK/count" FAULT_CALLS=send \
        "$PG_BIN/psql" -XAtqc 'SELECT 1' -d "$admin"
    count=$(cat "$WORK/count")
    [ "$count" -ge 2 ]
    run_status 137 with_fault FAULT_AT="$count" FAULT_CALLS=send \
        "$PG_BIN/psql" -XAtqc 'SELECT 1' -d "$admin"
    run_status 0 with_fault FAULT_AT=$((count + 1)) FAULT_CALLS=send \
        "$PG_BIN/psql" -XAtqc 'SELECT 1' -d "$admin"
}

@test "a disk is full from the write that was asked for" {
    run_status 0 with_fault DISK_FULL_AT=2 dd if=/dev/zero of="$WORK/kept" bs=512 count=1
    run_status 1 with_fault DISK_FULL_AT=2 dd if=/dev/zero of="$WORK/cut" bs=512 count=3
    errors_has "No space left on device"
    same size 512 "$(stat -c %s "$WORK/cut")"
}
