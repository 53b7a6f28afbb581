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

@test "a password that its URI does not quote is not shown as a host, a port or a database" {
    local uri
    for uri in 'postgresql://app:left@canary@127.0.0.1/x' 'postgresql://app:left/canary@127.0.0.1/x' \
        'postgres://app:canary/@127.0.0.1/x' 'postgresql+psycopg2://app:canary@127.0.0.1/x' \
        'mysql://app:canary@127.0.0.1/x' 'postgresql://app:left%zcanary@127.0.0.1/x'; do
        run_status 2 applier status --db "$uri" --json
        output_lacks canary left
        errors_lacks canary left
        DATABASE_URL=$uri run_status 2 applier history
        errors_lacks canary left
    done
    run_status 2 applier status --db 'postgresql://app:left@canary@127.0.0.1/x'
    errors_has "there is a '@' that parts nothing" "a password's own '@' is written %40"
    run_status 2 applier status --db 'mysql://app:canary@127.0.0.1/x'
    errors_has "a URI of another program's" 'postgresql://'
}

@test "a service that is not there, and what sslmode and target_session_attrs ask for" {
    run_status 9 applier status --db service=nobodys
    errors_has 'cannot connect: definition of service' 'hint: check --db' 'PGSERVICEFILE'
    local there
    there="host=127.0.0.1 port=$(cluster_port "$CLUSTER") dbname=$DATABASE user=app password=right"
    run_status 9 applier status --db "$there sslmode=require"
    errors_has 'does not support SSL' 'whether it offers what sslmode asks for'
    run_status 9 applier status --db "$there target_session_attrs=standby"
    errors_has 'whether one of the hosts is what target_session_attrs asks for'
    run_status 9 applier status --db 'host=127.0.0.1 port=1 dbname=x'
    errors_lacks sslmode target_session_attrs
}
