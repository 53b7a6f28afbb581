# Servers that cannot be reached, and what is said about it: status 9, never a password.
load ../support/common

setup() {
    common_setup
    fresh_database
    port=$(cluster_port "$CLUSTER")
}
teardown() { common_teardown; }

@test "no server" {
    run_status 9 applier status --db "host=127.0.0.1 port=1 dbname=x user=app"
    errors_has "127.0.0.1" "refused"
    run_status 9 applier status --db "host=$WORK dbname=x user=app"
    errors_has "$WORK"
}

@test "a wrong password, which is not shown" {
    run_status 9 applier status --db "postgresql://app:hunter2@127.0.0.1:$port/$DATABASE"
    errors_has "refused the password" 28P01
    errors_lacks hunter2
    run_status 0 applier status --db "postgresql://app:right@127.0.0.1:$port/$DATABASE"
}

@test "a wrong database" {
    run_status 9 applier status --db "host=$CLUSTER/socket port=$port dbname=no_such user=app"
    errors_has no_such
}

@test "a connection string that is none" {
    run_status 2 applier status --db "postgresql://[half"
    errors_lacks hunter2
}

@test "an unknown database is found by DATABASE_URL and by PG variables too" {
    DATABASE_URL="postgresql://app@/$DATABASE?host=$CLUSTER/socket&port=$port" \
        run_status 0 applier status
    output_has unmanaged
    PGHOST=$CLUSTER/socket PGPORT=$port PGDATABASE=$DATABASE PGUSER=app run_status 0 applier status
    output_has unmanaged
}

@test "under --json an error is one document with its class" {
    run_status 9 applier status --json --db "host=127.0.0.1 port=1 dbname=x user=app"
    same class connection "$(json .error.class)"
}
