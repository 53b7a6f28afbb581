# shellcheck shell=bash
# The fingerprint's statements as psql runs them. To be sourced after cluster.sh; used by the tests and
# by tools/bench.sh.

fingerprint_file=$(dirname "${BASH_SOURCE[0]}")/../../applier/sql/fingerprint_queries.sql

# fingerprint_block NAME: the statement of that name, as tools/embed_sql.awk sees it.
fingerprint_block() {
    awk -v wanted="$1" '
        /^-- :name / { on = $3 == wanted; next }
        /^[ \t]*--/ || /^[ \t]*$/ { next }
        on' "$fingerprint_file"
}

# A psql script: `fingerprint` prepared, then BEGIN, pin, what comes on stdin, COMMIT.
fingerprint_script() {
    printf 'PREPARE fingerprint (text[], text, boolean, jsonb) AS\n'
    fingerprint_block fingerprint_rows
    printf ';\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n'
    fingerprint_block fingerprint_pin
    printf '\\g /dev/null\n'
    cat
    printf 'COMMIT;\n'
}

# fingerprint_psql CONNINFO [psql-arguments…]: psql as the tests want it.
fingerprint_psql() {
    local conninfo=$1
    shift
    "${PG_BIN:-$(cluster_bin)}/psql" -XAtq -v ON_ERROR_STOP=1 -d "$conninfo" "$@"
}

# fingerprint_of CONNINFO [SCOPE [OWNER]]: the rows, `class kind identity definition` separated by
# tabs, sorted; tab, line feed, carriage return and backslash are escaped. SCOPE and OWNER are SQL
# expressions.
fingerprint_of() {
    # COPY escapes, but takes no EXECUTE; a temporary table needs a transaction that may write.
    {
        printf 'PREPARE fingerprint (text[], text, boolean, jsonb) AS\n'
        fingerprint_block fingerprint_rows
        printf ';\nBEGIN;\n'
        fingerprint_block fingerprint_pin
        printf '\\g /dev/null\n'
        printf 'CREATE TEMP TABLE found AS EXECUTE fingerprint (%s, %s, true, NULL);\n' "${2:-NULL}" "${3:-NULL}"
        printf 'COPY (SELECT class, kind, identity, definition FROM pg_temp.found) TO STDOUT;\nROLLBACK;\n'
    } | fingerprint_psql "$1" | LC_ALL=C sort
}

# fingerprint_of in a transaction that is read only: `class kind identity hash`.
fingerprint_hashes() {
    printf 'EXECUTE fingerprint (%s, %s, false, NULL);\n' "${2:-NULL}" "${3:-NULL}" | fingerprint_script |
        fingerprint_psql "$1" -F $'\t' | cut -f1-4 | LC_ALL=C sort
}

# fingerprint_changes CONNINFO MAJOR FILE: each change of FILE that MAJOR knows, made and rolled back, and
# the rows that it altered: + new, - gone, ~ another definition.
fingerprint_changes() {
    {
        printf 'SELECT current_database() AS db \\gset\nSET client_min_messages = error;\n'
        # Pinned for the whole session, and one plan for all: planning is most of what a change takes.
        printf 'SET plan_cache_mode = force_generic_plan;\n'
        fingerprint_block fingerprint_pin | sed 's/, true)/, false)/'
        printf '\\g /dev/null\n'
        printf 'PREPARE fingerprint (text[], text, boolean, jsonb) AS\n'
        fingerprint_block fingerprint_rows
        printf ';\nCREATE SCHEMA IF NOT EXISTS sealift;\nBEGIN;\n'
        fingerprint_block fingerprint_pin
        printf '\\g /dev/null\nCREATE TABLE sealift.before AS EXECUTE fingerprint (NULL, NULL, false, NULL);\nCOMMIT;\n'
        awk -v major="$2" -v pin="$(fingerprint_block fingerprint_pin | tr '\n' ' ')" '
            /^--/ || /^$/ { next }
            {
                line = $0
                if (match(line, /^\[[0-9]+\] /)) {
                    if (substr(line, 2, RLENGTH - 3) + 0 > major) next
                    line = substr(line, RLENGTH + 1)
                }
                shown = $0
                gsub(/\\/, "\\\\", shown)
                gsub(/\047/, "\047\047", shown)
                print "\\echo \047" shown "\047"
                print "BEGIN;"
                print "\\o /dev/null"
                print line
                print pin ";"
                print "\\o"
                print "CREATE TEMP TABLE after AS EXECUTE fingerprint (NULL, NULL, false, NULL);"
                print "SELECT concat_ws(\047 \047, \047 \047, CASE WHEN b.hash IS NULL THEN \047+\047" \
                      " WHEN a.hash IS NULL THEN \047-\047 ELSE \047~\047 END, class, kind, identity)" \
                      " FROM sealift.before b FULL JOIN pg_temp.after a USING (class, kind, identity)" \
                      " WHERE a.hash IS DISTINCT FROM b.hash" \
                      " ORDER BY class COLLATE \"C\", kind COLLATE \"C\", identity COLLATE \"C\";"
                print "ROLLBACK;"
            }' "$3"
    } | fingerprint_psql "$1"
}

# --- golden files ----------------------------------------------------------------------------------
# base.golden has the rows of the base schema on 15; base-N.diff what is otherwise on N.
# changes.golden has all changes, made on the newest major.

# fingerprint_golden MAJOR FOLDER: the rows expected on MAJOR.
fingerprint_golden() {
    if [ "$1" -eq 15 ]; then
        cat "$2/base.golden"
    else
        awk 'NR == FNR { if (sub(/^-/, "")) gone[$0]; else print substr($0, 2); next }
             !($0 in gone)' "$2/base-$1.diff" "$2/base.golden" | LC_ALL=C sort
    fi
}

# fingerprint_known MAJOR: of changes.golden on stdin, what MAJOR knows.
fingerprint_known() {
    awk -v major="$1" '
        /^  / { if (known) print; next }
        { known = !match($0, /^\[[0-9]+\] /) || substr($0, 2, RLENGTH - 3) + 0 <= major }
        known'
}

# fingerprint_update_golden ROWS MAJOR FOLDER: 15 must come before the others.
fingerprint_update_golden() {
    if [ "$2" -eq 15 ]; then
        cp "$1" "$3/base.golden"
    else
        {
            LC_ALL=C comm -23 "$3/base.golden" "$1" | sed 's/^/-/'
            LC_ALL=C comm -13 "$3/base.golden" "$1" | sed 's/^/+/'
        } >"$3/base-$2.diff"
    fi
}

# fingerprint_update_changes CHANGES MAJOR FOLDER: the newest major says it for all.
fingerprint_update_changes() {
    [ "$2" -ne 18 ] || cp "$1" "$3/changes.golden"
}
