#!/usr/bin/env bash
# make bench: what Sealift costs beside its peers, as ratios of medians over interleaved rounds.
#
# A shared machine's seconds mean nothing by themselves; two commands that take turns in one run
# can be compared. Each line: workload, peer, the ratio to it, the goal, both medians in seconds.
#
#   W1  1,000 DDL migrations    applier apply     : psql -1 of the same files in one transaction
#   W4  nothing to do           applier apply     : psql that connects and does nothing
#   W6  the downs of W1         applier rollback  : psql -1 of the same files; and psql with each
#                               in a transaction of its own, as the applier has them: dropping a
#                               table makes its COMMIT wait for the disk
#   W3  1,000,000 rows by COPY  applier apply     : psql of the same file
#   verify 256 MiB of random    applier verify    : b2sum of the bundle; and two of them at once,
#                               which tells whether this machine has a second core to give
#   pack   W1's migrations      planner pack      : tar | zstd -9, and b2sum, of the same files
#   no-op  CPU (user and system) of 20 in a row, with 1,000 and 10,000 known migrations, the client's
#               and the server's: applier apply that finds nothing to do : psql that connects only
#   big         a released script of 100 MB, of INSERTs and of COPY: CPU of planner status, which reads,
#               splits and hashes it in at most 64 MiB of address space : psql's scanner, line by line,
#               and b2sum for COPY, whose data psql does not scan
#   lock-queue  the longest wait of another client at a table that somebody holds for 10 s while an
#               ALTER TABLE wants it: applier apply --lock-timeout 500 : psql
#   fingerprint  1,000 tables   psql running the fingerprint's statement : pg_dump -s; 10,000 indexes,
#                               300 views and functions; and the same of 50 tables
#
# ROUNDS (default 5), BENCH (default: all of them but lock-queue and big, which take long) choose.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/cluster.sh
. "$top/tests/support/cluster.sh"
# shellcheck source=tests/support/fingerprint.bash
. "$top/tests/support/fingerprint.bash"
rounds=${ROUNDS:-5}
wanted=" ${BENCH:-W1 W4 W6 W3 verify pack no-op fingerprint} "
PATH=$top/build/bin:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/sealift-bench.XXXXXX")
trap 'cluster_remove "$cluster_dir"; rm -rf "$work"' EXIT
export SEALIFT_CONFIG_DIR=$work/config SEALIFT_STATE_DIR=$work/state LC_ALL=C.UTF-8
unset DATABASE_URL "${!PG@}" 2>/dev/null || true

# Seconds that a command takes, to the file $1.
clock() {
    local file=$1 begin=$EPOCHREALTIME
    shift
    "$@" >"$work/out" 2>&1 || { cat "$work/out"; printf 'bench: this failed: %s\n' "$*"; exit 1; }
    local end=$EPOCHREALTIME
    awk -v b="$begin" -v e="$end" 'BEGIN { printf "%.6f\n", e - b }' >>"$file"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# report WORKLOAD PEER GOAL: from $work/ours and $work/peer
report() {
    awk -v w="$1" -v p="$2" -v g="$3" -v o="$(median "$work/ours")" -v q="$(median "$work/peer")" \
        'BEGIN { printf "%-7s to %-24s %5.2f   goal %-6s (%.3f s to %.3f s)\n", w, p, o / q, g, o, q }'
    rm -f "$work/ours" "$work/peer"
}

wants() { [[ $wanted == *" $1 "* ]]; }

fresh() {
    cluster_psql "$cluster_dir" postgres -q -c "DROP DATABASE IF EXISTS bench WITH (FORCE)" \
        -c "CREATE DATABASE bench OWNER app" -c CHECKPOINT >/dev/null
}

psql_file() { "$(cluster_bin)/psql" -X -q -v ON_ERROR_STOP=1 -d "$db" "$@" >/dev/null; }

# A table of six columns with an index each; every 10th alters an earlier table, every 20th creates
# a function.
ddl_project() {
    planner init --product bench --layout sealift "$work/ddl" >/dev/null
    awk -v dir="$work/ddl/migrations" 'BEGIN {
        for (i = 1; i <= 1000; i++) {
            up = sprintf("%s/%04d_step.up.sql", dir, i); down = sprintf("%s/%04d_step.down.sql", dir, i)
            if (i % 20 == 0) {
                printf "CREATE FUNCTION f%d(a int) RETURNS int LANGUAGE sql AS $$ SELECT a + %d $$;\n", i, i > up
                printf "DROP FUNCTION f%d(int);\n", i > down
            } else if (i % 10 == 0) {
                printf "ALTER TABLE t%d ADD COLUMN extra text;\n", i - 1 > up
                printf "ALTER TABLE t%d DROP COLUMN extra;\n", i - 1 > down
            } else {
                printf "CREATE TABLE t%d (a int, b text, c timestamptz, d numeric, e bool, f jsonb);\nCREATE INDEX t%d_a ON t%d (a);\n", i, i, i > up
                printf "DROP TABLE t%d;\n", i > down
            }
            close(up); close(down)
        }
    }'
    planner release 1.0.0 --project "$work/ddl" >/dev/null
    planner pack --to 1.0.0 --out "$work/ddl.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/ddl" >/dev/null
    cat "$work"/ddl/migrations/*.up.sql >"$work/ups.sql"
    printf "%s\n" "$work"/ddl/migrations/*.down.sql | sort -r | xargs cat >"$work/downs.sql"
}

copy_project() {
    planner init --product bench-copy --layout sealift "$work/copy" >/dev/null
    {
        echo "CREATE TABLE big (id int, name text, amount numeric, note text);"
        echo "COPY big FROM STDIN;"
        awk 'BEGIN { srand(1); for (i = 1; i <= 1000000; i++)
            printf "%d\tcustomer %d\t%.2f\t%s\n", i, rand() * 1e9, rand() * 1e6,
                   substr("the quick brown fox jumps over the lazy dog and on and on it goes", 1, 60) }'
        echo '\.'
    } >"$work/copy/migrations/0001_load.up.sql"
    planner release 1.0.0 --project "$work/copy" >/dev/null
    planner pack --to 1.0.0 --out "$work/copy.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/copy" >/dev/null
}

random_project() {
    planner init --product bench-random --layout sealift "$work/random" >/dev/null
    {
        echo "CREATE TABLE r (a text); COPY r FROM STDIN;"
        head -c 192M /dev/urandom | base64 -w 76
        echo '\.'
    } >"$work/random/migrations/0001_load.up.sql"
    planner release 1.0.0 --project "$work/random" >/dev/null
    planner pack --to 1.0.0 --out "$work/random.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/random" >/dev/null
}

apply() { applier apply "$1" --db "$db" --yes; }
rollback() { applier rollback --db "$db" --yes --accept-unproven; }
two_b2sums() {
    b2sum "$1" &
    b2sum "$1"
    wait $!
}
connect() { "$(cluster_bin)/psql" -X -d "$db" -c '' >/dev/null; }
pack_ours() {
    planner pack --to 1.0.0 --out "$work/again.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/ddl"
}
pack_peer() { tar -C "$work/ddl" -cf - migrations | tee >(b2sum >/dev/null) | zstd -q -9 -f -o "$work/peer.zst"; }

# N tables with ten indexes each, every third with a view and a function. Each statement is a
# transaction: all of them at once would need as many locks.
catalog_schema() {
    psql_file -o /dev/null -v n="$1" <<'SQL'
SET synchronous_commit = off;
SET client_min_messages = error;
SELECT format('CREATE TABLE t%s (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 0,'
              ' b text, c timestamptz DEFAULT now(), d numeric(12,2), e bool NOT NULL DEFAULT false, f jsonb, g date,'
              ' h varchar(40) CHECK (h <> %L), i uuid)', i, '') FROM generate_series(1, :n) i \gexec
SELECT format('CREATE INDEX ON t%s (%s)', i, x)
  FROM generate_series(1, :n) i,
       unnest(ARRAY['a', 'b', 'c', 'd', 'a, b', 'g DESC', 'lower(h)', 'i) WHERE (e', 'c, d']) x \gexec
SELECT format('ALTER TABLE t%s ADD FOREIGN KEY (a) REFERENCES t%s (id)', i, i - 1) FROM generate_series(2, :n, 2) i \gexec
SELECT format('CREATE VIEW v%s AS SELECT x.id, y.b, x.c FROM t%s x JOIN t%s y USING (id) WHERE x.a > %s', i, i, i + 1, i)
  FROM generate_series(1, :n - 1, 3) i \gexec
SELECT format('CREATE FUNCTION f%s(a int, b text) RETURNS int LANGUAGE sql AS %L', i, 'SELECT a + ' || i)
  FROM generate_series(1, :n, 3) i \gexec
SELECT format('COMMENT ON TABLE t%s IS %L', i, 'table ' || i) FROM generate_series(1, :n) i \gexec
SELECT format('GRANT SELECT ON t%s TO PUBLIC', i) FROM generate_series(1, :n) i \gexec
ANALYZE;
SQL
}

# N migrations that do next to nothing, applied to the database bench; their bundle is noop.bundle.
noop_database() {
    rm -rf "$work/noop" "$work/noop.bundle"
    planner init --product bench-noop --layout sealift "$work/noop" >/dev/null
    awk -v dir="$work/noop/migrations" -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) {
        up = sprintf("%s/%05d_step.up.sql", dir, i); print "SELECT 1;" > up; close(up) } }'
    planner release 1.0.0 --project "$work/noop" >/dev/null
    planner pack --to 1.0.0 --out "$work/noop.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/noop" >/dev/null
    fresh
    apply "$work/noop.bundle" >/dev/null 2>&1
}

# CPU ticks that the server's ended processes took.
server_ticks() { awk '{ print $16 + $17 }' "/proc/$(head -n 1 "$cluster_dir/data/postmaster.pid")/stat"; }

# cpu FILE COMMAND…: CPU seconds of 20 runs, the client's to FILE, the server's to FILE.server.
cpu() {
    local file=$1 before TIMEFORMAT='%U %S'
    shift
    before=$(server_ticks)
    { time for _ in {1..20}; do "$@" >"$work/out" 2>&1 || exit 1; done; } 2>"$work/times"
    awk '{ printf "%.3f\n", $1 + $2 }' "$work/times" >>"$file"
    sleep 0.2 # the last of the server's processes ends
    awk -v t="$(($(server_ticks) - before))" -v h="$(getconf CLK_TCK)" 'BEGIN { printf "%.3f\n", t / h + 0.001 }' >>"$file.server"
}

# The waits of another client at table held, in seconds, one a line, until the file `enough` is there.
other_client() {
    { printf '%s\n' '\timing on'; while [ ! -f "$work/enough" ]; do echo 'SELECT count(*) FROM held;'; sleep 0.01; done; } |
        "$(cluster_bin)/psql" -X -At -d "$db" | awk '/^Time:/ { printf "%.6f\n", $2 / 1000 }' >"$1"
}

# lock_queue FILE COMMAND…: what the other client waited at most, while COMMAND wants the table that is
# held for 10 s.
lock_queue() {
    local file=$1 holder other
    shift
    rm -f "$work/enough"
    "$(cluster_bin)/psql" -X -d "$db" -c 'BEGIN' -c 'SELECT count(*) FROM held' -c 'SELECT pg_sleep(10)' >/dev/null &
    holder=$!
    other_client "$work/waits" &
    other=$!
    sleep 1
    "$@" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
    wait "$holder"
    touch "$work/enough"
    wait "$other"
    sort -n "$work/waits" | tail -n 1 >>"$file"
    awk '{ v[NR] = $1 } END { print v[int(NR * 0.99)] }' <(sort -n "$work/waits") >>"$file.99"
}

lock_queue_project() {
    planner init --product bench-held --layout sealift "$work/held" >/dev/null
    echo 'CREATE TABLE held (id int);' >"$work/held/migrations/0001_held.up.sql"
    planner release 1.0.0 --project "$work/held" >/dev/null
    echo 'ALTER TABLE held ADD note text;' >"$work/held/migrations/0002_note.up.sql"
    planner release 2.0.0 --project "$work/held" >/dev/null
    planner pack --to 2.0.0 --out "$work/held.bundle" --sign "$work/key" --allow-unproven \
        --project "$work/held" >/dev/null
}

# 100 MB in a script of $1: inserts or copy; the project is $work/big.
big_project() {
    rm -rf "$work/big"
    planner init --product bench-big --layout sealift "$work/big" >/dev/null
    awk -v kind="$1" 'BEGIN {
        print "CREATE TABLE big (id int, name text, amount numeric, note text);"
        if (kind == "copy") print "COPY big FROM STDIN;"
        form = "INSERT INTO big (id, name, amount, note) VALUES (%d, \047customer %d\047, %.2f, \047the fox; it\047\047s lazy\047);\n"
        if (kind == "copy") form = "%d\tcustomer %d\t%.2f\tthe quick brown fox jumps over the lazy dog\n"
        for (i = 1; bytes < 100 * 1024 * 1024; i++) {
            line = sprintf(form, i, i * 7, i * 1.37); bytes += length(line); printf "%s", line
        }
        if (kind == "copy") print "\\." }' >"$work/big/migrations/0001_load.up.sql"
    planner release 1.0.0 --project "$work/big" >/dev/null
}

# cpu_once FILE COMMAND…: CPU seconds of one run in 64 MiB of address space.
cpu_once() {
    local file=$1 TIMEFORMAT='%U %S'
    shift
    { time (ulimit -v 65536 && "$@" >"$work/out" 2>&1) || exit 1; } 2>"$work/times"
    awk '{ printf "%.3f\n", $1 + $2 }' "$work/times" >>"$file"
}

cluster_new durable
db=$(cluster_conninfo "$cluster_dir" bench)
planner keys new "$work/key" >/dev/null
applier trust init --key "$work/key.pub" >/dev/null
printf 'ratio of medians over %s rounds; below 1.00 is faster than the peer\n' "$rounds"

if wants W1 || wants W4 || wants W6 || wants pack; then
    ddl_project
fi
if wants W1 || wants W4 || wants W6; then
    for ((i = 0; i < rounds; i++)); do
        fresh && clock "$work/W1.peer" psql_file -1 -f "$work/ups.sql"
        clock "$work/W6.peer" psql_file -1 -f "$work/downs.sql"
        fresh && psql_file -1 -f "$work/ups.sql"
        clock "$work/W6.each" psql_file -f "$work/downs.sql"
        fresh && clock "$work/W1.ours" apply "$work/ddl.bundle"
        clock "$work/W4.peer" connect
        clock "$work/W4.ours" apply "$work/ddl.bundle"
        clock "$work/W6.ours" rollback
    done
    for w in W1 W4 W6; do
        mv "$work/$w.ours" "$work/ours" && mv "$work/$w.peer" "$work/peer"
        case $w in
        W1) report W1 "psql, one transaction" "0.95" ;;
        W4) report W4 "a bare connect" "1.50" ;;
        W6)
            cp "$work/ours" "$work/again"
            report W6 "psql, one transaction" "1.20"
            mv "$work/again" "$work/ours" && mv "$work/W6.each" "$work/peer"
            report W6 "psql, one each" "-"
            ;;
        esac
    done
fi
if wants W3; then
    copy_project
    for ((i = 0; i < rounds; i++)); do
        fresh && clock "$work/peer" psql_file -f "$work/copy/migrations/0001_load.up.sql"
        fresh && clock "$work/ours" apply "$work/copy.bundle"
    done
    report W3 "psql, the same file" "1.00"
fi
if wants verify; then
    random_project
    for ((i = 0; i < rounds; i++)); do
        clock "$work/peer" b2sum "$work/random.bundle"
        clock "$work/two" two_b2sums "$work/random.bundle"
        clock "$work/ours" applier verify "$work/random.bundle"
    done
    cp "$work/ours" "$work/again"
    report verify "b2sum of the bundle" "1.10"
    mv "$work/again" "$work/ours" && mv "$work/two" "$work/peer"
    report verify "two b2sum at once" "-"
fi
if wants pack; then
    for ((i = 0; i < rounds; i++)); do
        clock "$work/peer" pack_peer
        clock "$work/ours" pack_ours
    done
    report pack "tar | zstd, and b2sum" "1.50"
fi
if wants no-op; then
    for known in 1000 10000; do
        noop_database "$known"
        for ((i = 0; i < rounds; i++)); do
            cpu "$work/peer" connect
            cpu "$work/ours" apply "$work/noop.bundle"
        done
        mv "$work/ours.server" "$work/server" && mv "$work/peer.server" "$work/server.peer"
        report no-op "a connect, client, $known" "2.00"
        mv "$work/server" "$work/ours" && mv "$work/server.peer" "$work/peer"
        report no-op "a connect, server, $known" "-"
    done
fi
if wants big; then
    make -s -C "$top" build/tests/differential/psql_speed
    for kind in inserts copy; do
        big_project "$kind"
        for ((i = 0; i < rounds; i++)); do
            cpu_once "$work/ours" planner status --project "$work/big"
            case $kind in # psql does not scan data, which here must be hashed
            copy) cpu_once "$work/peer" b2sum "$work/big/migrations/0001_load.up.sql" ;;
            inserts)
                "$top/build/tests/differential/psql_speed" "$work/big/migrations/0001_load.up.sql" |
                    awk '{ print $1 }' >>"$work/peer"
                ;;
            esac
        done
        case $kind in
        copy) report big "b2sum, copy" "2.00" ;;
        inserts) report big "psql's scanner, inserts" "2.00" ;;
        esac
    done
fi
if wants lock-queue; then
    lock_queue_project
    for ((i = 0; i < rounds; i++)); do
        fresh
        applier apply "$work/held.bundle" --to 1.0.0 --db "$db" --yes >/dev/null 2>&1
        lock_queue "$work/ours" applier apply "$work/held.bundle" --db "$db" --yes --lock-timeout 500
        fresh
        psql_file -c 'CREATE TABLE held (id int)'
        lock_queue "$work/peer" psql_file -c 'ALTER TABLE held ADD note text'
    done
    mv "$work/ours.99" "$work/most" && mv "$work/peer.99" "$work/most.peer"
    report queue "the longest wait by psql" "-"
    mv "$work/most" "$work/ours" && mv "$work/most.peer" "$work/peer"
    report queue "99 of 100 waits, by psql" "-"
fi
if wants fingerprint; then
    echo "EXECUTE fingerprint (NULL, NULL, false);" | fingerprint_script >"$work/fingerprint.sql"
    fresh && catalog_schema 1000
    for ((i = 0; i < rounds; i++)); do
        clock "$work/peer" "$(cluster_bin)/pg_dump" -s -d "$db"
        clock "$work/ours" fingerprint_psql "$db" -f "$work/fingerprint.sql"
    done
    report fingerp. "pg_dump -s, 1,000 tables" "0.50"
    # What the statement itself takes on a connection that has run it before.
    fresh && catalog_schema 50
    for ((i = 0; i < rounds; i++)); do
        clock "$work/peer" "$(cluster_bin)/pg_dump" -s -d "$db"
    done
    for ((i = 0; i <= rounds; i++)); do
        printf '\\timing\nEXECUTE fingerprint (NULL, NULL, false) \\g /dev/null\n'
    done | fingerprint_script | fingerprint_psql "$db" |
        awk '/^Time:/ && n++ { printf "%.6f\n", $2 / 1000; getline }' >"$work/ours"
    report fingerp. "pg_dump -s, 50 tables" "0.10 s"
fi
