# shellcheck shell=bash
# What bats files share. At the top of a file:
#
#     load ../support/common
#
#     setup() { common_setup; fresh_database; }
#     teardown() { common_teardown; }
#
# `planner` and `applier` are then on the PATH, $WORK is the test's own folder, $DB the conninfo of
# its own database (owner: app), SEALIFT_CONFIG_DIR and SEALIFT_STATE_DIR a site with no trust yet.
# Nothing of the caller's environment (PG*, DATABASE_URL, SEALIFT_*) reaches the programs.
# A file that defines its own setup_file or teardown_file calls common_setup_file and
# common_teardown_file in it.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/support/cluster.sh
. "$TOP/tests/support/cluster.sh"
PG_BIN=$(cluster_bin)
FAULT_LIBRARY=$(realpath -m "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/support/fault.so")

common_setup_file() {
    # Who owns a cluster that is started on demand: this file's own bats process.
    export SEALIFT_TEST_OWNER=$$
}

common_teardown_file() {
    # Only the cluster that this file started itself; tests/run stops the shared one.
    if [ -f "$BATS_FILE_TMPDIR/cluster" ]; then
        cluster_remove "$(cat "$BATS_FILE_TMPDIR/cluster")"
    fi
    if [ -f "$BATS_FILE_TMPDIR/scratch" ]; then
        cluster_remove "$(cat "$BATS_FILE_TMPDIR/scratch")"
    fi
}

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

common_setup() {
    local name
    WORK=$BATS_TEST_TMPDIR
    for name in $(compgen -e); do
        case $name in
        SEALIFT_TEST_* | SEALIFT_PG_BIN | SEALIFT_BIN | PG_BIN) ;;
        PG* | DATABASE_URL | SEALIFT_*) unset "$name" ;;
        esac
    done
    PATH=${SEALIFT_BIN:-$TOP/build/bin}:$PATH
    HOME=$WORK
    export PATH HOME LC_ALL=C.UTF-8 TZ=UTC NO_COLOR=1
    export SEALIFT_CONFIG_DIR=$WORK/site/config SEALIFT_STATE_DIR=$WORK/site/state
    DATABASES=()
    PRIVATE_CLUSTERS=()
    cd "$WORK" || return
}

common_teardown() {
    local name
    for name in ${DATABASES[@]+"${DATABASES[@]}"}; do
        cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" || true
    done
    for name in ${PRIVATE_CLUSTERS[@]+"${PRIVATE_CLUSTERS[@]}"}; do
        cluster_remove "$name"
    done
}

setup() { common_setup; }
teardown() { common_teardown; }

# --- databases -------------------------------------------------------------------------------------

# The shared cluster of this run, or one for this file where bats was started by hand: sets CLUSTER.
shared_cluster() {
    if [ -n "${SEALIFT_TEST_CLUSTER:-}" ]; then
        CLUSTER=$SEALIFT_TEST_CLUSTER
    elif [ -f "$BATS_FILE_TMPDIR/cluster" ]; then
        CLUSTER=$(cat "$BATS_FILE_TMPDIR/cluster")
    else
        cluster_new fast "${SEALIFT_TEST_OWNER:-$$}" || return
        CLUSTER=$cluster_dir
        echo "$CLUSTER" >"$BATS_FILE_TMPDIR/cluster"
    fi
}

# A fresh, empty database, owned by app and dropped after the test. Sets DATABASE (its name), DB (conninfo
# as app) and DB_ADMIN (conninfo as superuser).
fresh_database() {
    shared_cluster || return
    # counted: of some fifty random numbers in one test two are the same now and then
    FRESH=$((${FRESH:-0} + 1))
    DATABASE=t_${BATS_TEST_NUMBER}_${BASHPID}_${FRESH}_$RANDOM
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $DATABASE OWNER app" || return
    DATABASES+=("$DATABASE")
    DB=$(cluster_conninfo "$CLUSTER" "$DATABASE" app)
    DB_ADMIN=$(cluster_conninfo "$CLUSTER" "$DATABASE" postgres)
}

# Drop the database that fresh_database made last, in a test that goes through many.
drop_database() {
    cluster_psql "$CLUSTER" postgres -q -c "DROP DATABASE $DATABASE WITH (FORCE)"
    unset 'DATABASES[-1]'
}

# A cluster of this test's own, fsync on, for tests that kill the server; stopped after the test. Sets
# PRIVATE (for cluster_kill, cluster_start, cluster_stop) and DB, DB_ADMIN as fresh_database does.
private_cluster() {
    cluster_new durable "${SEALIFT_TEST_OWNER:-$$}" || return
    PRIVATE=$cluster_dir
    PRIVATE_CLUSTERS+=("$PRIVATE")
    DATABASE=private
    cluster_psql "$PRIVATE" postgres -q -c "CREATE DATABASE private OWNER app" || return
    DB=$(cluster_conninfo "$PRIVATE" private app)
    DB_ADMIN=$(cluster_conninfo "$PRIVATE" private postgres)
}

# A cluster that a rehearsal may do everything with, one for the whole file. Sets SCRATCH (its folder)
# and SCRATCH_DB (conninfo as superuser of its database postgres).
scratch_cluster() {
    if [ -f "$BATS_FILE_TMPDIR/scratch" ]; then
        SCRATCH=$(cat "$BATS_FILE_TMPDIR/scratch")
    else
        cluster_new fast "${SEALIFT_TEST_OWNER:-$$}" sealift-scratch || return
        SCRATCH=$cluster_dir
        echo "$SCRATCH" >"$BATS_FILE_TMPDIR/scratch"
    fi
    # shellcheck disable=SC2034 # for the tests
    SCRATCH_DB=$(cluster_conninfo "$SCRATCH" postgres postgres)
}

# A standby of that cluster, that streams from it; stopped after the test. Sets THERE (conninfo of its
# database private, as app).
standby_of_private() {
    local standby
    standby=$(mktemp -d "${TMPDIR:-/tmp}/sealift-pg.XXXXXX") || return
    [ "$(id -u)" -ne 0 ] || chown "$(cluster_user)" "$standby"
    chmod 0711 "$standby"
    PRIVATE_CLUSTERS+=("$standby")
    cluster_run mkdir -m 0755 "$standby/socket"
    cluster_run "$PG_BIN/pg_basebackup" -D "$standby/data" -R -X stream -c fast \
        -d "$(cluster_conninfo "$PRIVATE" postgres postgres)" >/dev/null 2>&1 || return
    sed "s|$PRIVATE/socket|$standby/socket|" "$PRIVATE/data/postgresql.conf" |
        cluster_run tee "$standby/data/postgresql.conf" >/dev/null
    cluster_start "$standby" || return
    # shellcheck disable=SC2034 # for the test
    THERE=$(cluster_conninfo "$standby" private app)
}

# psql on the test's database, as its owner, unaligned, quiet, stopping at errors.
psql_as_app() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$DB" "$@"; }

# sql 'SELECT …': as the superuser; the rows on stdout, columns separated by |.
sql() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$DB_ADMIN" -c "$1"; }

# The schema as text: of the whole database but the ledger, or with pg_dump's arguments given. The
# version lines and the random \restrict key of newer pg_dump are left out.
schema_of() {
    local conninfo=$1
    shift
    "$PG_BIN/pg_dump" -s -N sealift "$@" -d "$conninfo" | grep -v -e '^-- Dumped ' -e '^\\\(un\)\?restrict '
}

# --- running and asserting -------------------------------------------------------------------------

# run_status STATUS COMMAND…: run it and demand this exit status. $output is its stdout, $errors its
# stderr, $status what came.
run_status() {
    local expected=$1
    shift
    status=0
    "$@" >"$BATS_TEST_TMPDIR/.stdout" 2>"$BATS_TEST_TMPDIR/.stderr" </dev/null || status=$?
    output=$(cat "$BATS_TEST_TMPDIR/.stdout")
    errors=$(cat "$BATS_TEST_TMPDIR/.stderr")
    [ "$status" -eq "$expected" ] && return 0
    show_run "exit status $status, not $expected: $*"
    return 1
}

show_run() {
    printf '%s\n--- stdout\n%s\n--- stderr\n%s\n---\n' "$1" "$output" "$errors"
}

# output_has WORDS… / errors_has WORDS…: each stands somewhere in what the last run_status printed.
output_has() {
    local words
    for words in "$@"; do
        [[ $output == *"$words"* ]] || { show_run "stdout lacks: $words"; return 1; }
    done
}

errors_has() {
    local words
    for words in "$@"; do
        [[ $errors == *"$words"* ]] || { show_run "stderr lacks: $words"; return 1; }
    done
}

output_lacks() {
    local words
    for words in "$@"; do
        [[ $output != *"$words"* ]] || { show_run "stdout has: $words"; return 1; }
    done
}

errors_lacks() {
    local words
    for words in "$@"; do
        [[ $errors != *"$words"* ]] || { show_run "stderr has: $words"; return 1; }
    done
}

# json EXPRESSION: jq on what the last run_status printed; fails where it is not one JSON document.
json() { printf '%s' "$output" | jq -ers 'if length == 1 then .[0] else error("not one document") end | '"$1"; }

# same WHAT EXPECTED GOT
same() {
    [ "$2" = "$3" ] || { printf '%s:\n expected: %s\n      got: %s\n' "$1" "$2" "$3"; return 1; }
}

# --- faults ----------------------------------------------------------------------------------------

# with_fault NAME=VALUE… COMMAND…: run a program with tests/support/fault.c preloaded and told so.
with_fault() {
    local settings=() sanitizer=
    while [[ $1 == *=* ]]; do settings+=("$1"); shift; done
    # A sanitized program wants its own library before any other.
    sanitizer=$(ldd "$(command -v "$1")" | awk '/libasan/ { print $3 }')
    env "LD_PRELOAD=${sanitizer:+$sanitizer:}$FAULT_LIBRARY" "${settings[@]}" "$@"
}

# --- projects, keys, bundles, sites ----------------------------------------------------------------

# A copy of the sample product that may be changed. Sets PROJECT.
sample_project() {
    PROJECT=${1:-$WORK/project}
    local conf=("$TOP"/migrations/examples/*/sealift.conf)
    cp -R "$(dirname "${conf[0]}")" "$PROJECT"
}

# An empty project in our own layout: empty_project [PRODUCT]. Sets PROJECT.
empty_project() {
    PROJECT=$WORK/${1:-shop}
    planner init --product "${1:-shop}" --layout sealift "$PROJECT" >/dev/null
}

# script VERSION/NAME: the script's text from stdin, into the project of empty_project or sample_project.
script() {
    mkdir -p "$(dirname "$PROJECT/migrations/$1")"
    cat >"$PROJECT/migrations/$1"
}

# release VERSION…: freeze them, in that order.
release() {
    local version
    for version in "$@"; do planner release "$version" --project "$PROJECT" >/dev/null || return; done
}

# make_key NAME: a key pair keys/NAME, keys/NAME.pub in $WORK.
make_key() {
    mkdir -p "$WORK/keys"
    planner keys new "$WORK/keys/$1" >/dev/null
}

# pack_bundle OUT TO [planner pack arguments…]: signed with keys/vendor, which is made where missing.
pack_bundle() {
    local out=$1 to=$2
    shift 2
    [ -f "$WORK/keys/vendor" ] || make_key vendor
    planner pack --project "$PROJECT" --to "$to" --out "$out" --sign "$WORK/keys/vendor" \
        --allow-unproven "$@"
}

# A site that trusts keys/vendor (or the keys named).
trust_site() {
    local key arguments=()
    for key in "${@:-vendor}"; do arguments+=(--key "$WORK/keys/$key.pub"); done
    applier trust init "${arguments[@]}" >/dev/null
}
