#!/bin/bash
# Prepares every embedded statement against the schema it is for. usage: tools/check_sql.sh [DIR…]
#
# DIR is a layer's sql folder (default: all). applier/sql is PostgreSQL, but for files that begin with
# "-- SQLite"; the others are SQLite. Blocks of files named *_schema.sql are run first, in order; each
# other block must then prepare.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/cluster.sh

scratch=$(mktemp -d "${TMPDIR:-/tmp}/sealift-sql.XXXXXX") || exit 1
cluster_dir=
finish() {
    trap - EXIT
    cluster_remove "$cluster_dir"
    rm -rf -- "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Each block of FILE into FOLDER/NNN-name.sql, without comment lines, as the programs see it.
split_blocks() {
    mkdir -p "$2"
    awk -v folder="$2" '
        /^-- :name / { out = sprintf("%s/%03d-%s.sql", folder, ++n, $3); printf "" > out; next }
        /^[ \t]*--/ || /^[ \t]*$/ { next }
        out != "" { print > out }' "$1"
}

failures=0 checked=0
complain() {
    failures=$((failures + 1))
    printf '%s: %s\n' "$1" "$2" >&2
}

sqlite_run() {
    printf '.bail on\n' >"$scratch/session"
    cat >>"$scratch/session"
    { sqlite3 "$scratch/$1.db" <"$scratch/session" >/dev/null; } 2>&1
}
# Preparing a SQLite statement is EXPLAIN: parameters may stay unbound.
sqlite_schema() { sqlite_run "$1" <"$2"; }
sqlite_prepare() { { printf 'EXPLAIN '; cat "$2"; printf ';\n'; } | sqlite_run "$1"; }

postgres_run() {
    { "$(cluster_bin)/psql" -XAtq -v ON_ERROR_STOP=1 \
        -d "$(cluster_conninfo "$cluster_dir" postgres postgres)" >/dev/null; } 2>&1
}
postgres_schema() { postgres_run <"$2"; }
# What PREPARE does not take (DDL, LOCK, SET) is run and rolled back.
postgres_prepare() {
    case $(awk 'NF { print toupper($1); exit }' "$2") in
    SELECT | INSERT | UPDATE | DELETE | WITH | VALUES)
        { printf 'PREPARE checked AS '; cat "$2"; printf ';\n'; } | postgres_run ;;
    COPY) # the other direction names the same table, columns and format, and wants no data
        sed 's/FROM STDIN/TO STDOUT/' "$2" | postgres_run ;;
    *)
        { printf 'BEGIN;\n'; cat "$2"; printf ';\nROLLBACK;\n'; } | postgres_run ;;
    esac
}

check_folder() {
    local folder=$1 layer_engine=sqlite engine name=${1//\//_} file action block words
    if [ "$folder" = applier/sql ]; then
        layer_engine=postgres
        cluster_new fast $$ || exit 1
    fi
    for file in "$folder"/*_schema.sql "$folder"/*.sql; do
        [ -f "$file" ] || continue
        engine=$layer_engine
        [[ $(head -n 1 "$file") != "-- SQLite"* ]] || engine=sqlite
        if [[ $file == *_schema.sql ]]; then
            [ ! -d "$scratch/$file" ] || continue
            action="${engine}_schema"
        else
            action="${engine}_prepare"
        fi
        split_blocks "$file" "$scratch/$file"
        for block in "$scratch/$file"/*.sql; do
            [ -f "$block" ] || continue
            checked=$((checked + 1))
            words=$("$action" "$name" "$block")
            [ -z "$words" ] || complain "$file: $(basename "${block#*/???-}" .sql)" "$words"
        done
    done
}

if [ $# -gt 0 ]; then
    folders=("$@")
else
    folders=(*/sql)
fi
for folder in "${folders[@]}"; do check_folder "$folder"; done
echo "check-sql: $checked statements prepared, $failures refused"
[ "$failures" -eq 0 ]
