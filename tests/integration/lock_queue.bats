# A table that somebody holds, and a migration that needs it whole: nobody queues behind us longer than
# lock_timeout, and the run ends when the holder leaves. What happened in which order the server's log
# says; no clock is asked.
load ../support/common

setup() {
    common_setup
    fresh_database
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int); INSERT INTO item SELECT generate_series(1, 100);
CREATE TABLE ballast AS SELECT repeat(md5(i::text), 100) AS words FROM generate_series(1, 3000) i;'
    script 1.1.0/0001_note.up.sql <<<'CREATE TABLE before_it (); ALTER TABLE item ADD note text;'
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    applier apply one.bundle --to 1.0.0 --db "$DB" --yes >/dev/null
}
teardown() {
    [ -z "${READER:-}" ] || kill "$READER" 2>/dev/null || true
    [ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
    common_teardown
}

# until_sql CONDITION: wait for it.
until_sql() {
    for _ in $(seq 1200); do
        [ "$(sql "SELECT $1")" = t ] && return 0
        sleep 0.05
    done
    echo "never came: $1"
    return 1
}

# Somebody holds item in ACCESS SHARE until release: hold reader|dump|idle.
hold() {
    mkfifo holder
    case $1 in
    reader)
        "$PG_BIN/psql" -XAtq -d "$DB_ADMIN application_name=holder" -c 'SELECT pg_sleep(3600) FROM item' >/dev/null 2>&1 3>&- &
        ;;
    dump)
        # a dump into a pipe that nobody reads for now
        exec 8<>holder
        "$PG_BIN/pg_dump" -d "$DB_ADMIN application_name=holder" >holder 2>/dev/null 3>&- &
        ;;
    idle)
        exec 8<>holder
        "$PG_BIN/psql" -XAtq -d "$DB_ADMIN application_name=holder" <holder >/dev/null 2>&1 3>&- &
        echo 'BEGIN; SELECT count(*) FROM item;' >&8
        ;;
    esac
    HOLDER=$!
    until_sql "EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE a.datname = current_database() AND relation = 'item'::regclass AND mode = 'AccessShareLock' AND pid <> pg_backend_pid())"
}
release_holder() {
    case $1 in
    dump)
        cat holder >dumped 3>&- 8>&- &
        local drain=$!
        exec 8>&-
        wait "$HOLDER"
        wait "$drain"
        ;;
    *) sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holder'" >/dev/null ;;
    esac
    HOLDER=
}

# Another client, that reads item again and again; the server's log tells when each of its statements was done.
read_on() {
    { yes 'SELECT count(*) FROM item; SELECT pg_sleep(0.01);' |
        "$PG_BIN/psql" -XAtq -d "$DB_ADMIN application_name=reader options='-c log_min_duration_statement=0'"; } >/dev/null 2>&1 3>&- 8>&- &
    READER=$!
    until_log_has reader 1
}

# The log from this test's database: r for a statement of the reader, t for an attempt of ours that gave up.
events() {
    awk -v at="@$DATABASE " 'index($0, "postgres" at) && /duration: .*FROM item/ { print "r" }
        index($0, "app" at) && /canceling statement due to lock timeout/ { print "t" }' "$CLUSTER/server.log"
}
until_log_has() { # reader|timeout COUNT
    for _ in $(seq 1200); do
        [ "$(events | grep -c "${1:0:1}")" -ge "$2" ] && return 0
        sleep 0.05
    done
    echo "the log has not $2 of $1"
    events | uniq -c
    return 1
}

# What the reader could not do in between: the most attempts of ours that one of its statements sat through.
most_attempts_in_a_row() { events | awk '$1 == "t" { n++; if (n > most) most = n } $1 == "r" { n = 0 } END { print most + 0 }'; }

blocked_by() {
    hold "$1"
    read_on
    applier apply one.bundle --db "$DB" --yes --lock-timeout 1000 >out 2>err 3>&- 8>&- &
    run=$!
    until_log_has timeout 3
    release_holder "$1"
    status=0
    wait "$run" || status=$?
    same "exit status" 0 "$status" || { cat err; return 1; }
    grep -q 'rolled back (55P03), attempt 4' err
    # the statement that runs as we begin may end behind the attempt that it waited for, never behind the next but one
    [ "$(most_attempts_in_a_row)" -le 2 ] || { events | uniq -c; return 1; }
    same note t "$(sql "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'item'::regclass AND attname = 'note')")"
    same journal 1 "$(sql "SELECT count(*) FROM sealift.journal WHERE version = '1.1.0'")"
}

@test "a long reader holds the table" {
    blocked_by reader
}

@test "pg_dump holds the table, and its dump is whole" {
    blocked_by dump
    grep -q 'PostgreSQL database dump complete' dumped
}

@test "somebody is idle in a transaction" {
    blocked_by idle
}

@test "without a lock_timeout the table would be closed: what these tests measure can fail" {
    hold idle
    read_on
    applier apply one.bundle --db "$DB" --yes --lock-timeout 0 >out 2>err 3>&- 8>&- &
    run=$!
    until_sql "EXISTS (SELECT FROM pg_locks WHERE relation = 'item'::regclass AND NOT granted AND mode = 'AccessShareLock')"
    before=$(events | grep -c r)
    release_holder idle
    wait "$run"
    until_log_has reader $((before + 1))
}
