# shellcheck shell=bash
# A project whose layout's own tool keeps a history: delivered, taken back, looked into. To be loaded
# behind common.bash.

# deliver VERSION [pack arguments]: packed and applied to a database of its own.
deliver() {
    run_status 0 pack_bundle "$WORK/x.bundle" "$@"
    [ -d "$SEALIFT_CONFIG_DIR" ] || trust_site
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier apply "$WORK/x.bundle" --yes
}

back() { run_status 0 applier rollback --steps "$1" --yes --accept-unproven; }

# rows WHAT EXPECTED QUERY: lines joined by a blank.
rows() { same "$1" "$2" "$(sql "$3" | xargs)"; }

# Rehearsed on the one major that the tests have: every verdict exact.
rehearsed() {
    local major
    major=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    export TMPDIR
    TMPDIR=$(mktemp -d /tmp/sealift-rh.XXXXXX)
    chmod 0755 "$TMPDIR"
    sed -i "s/^# server-m\(in\|ax\) = .*/server-m\1 = $major/" "$PROJECT/sealift.conf"
    run_status 0 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$major" --json
    rm -rf -- "$TMPDIR"
    unset TMPDIR
    same verdicts exact "$(json '[.versions[] | .way_back, .migrations[].results[].way_back] | unique | join(" ")')"
}
