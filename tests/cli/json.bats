#!/usr/bin/env bats
# docs/json.md names every member that a command prints.

load ../support/common

setup() { common_setup; fresh_database; }

# documented COMMAND…: its document is one, and each member's name stands in docs/json.md.
documented() {
    local status=0 name
    "$@" --json >document 2>errors </dev/null || status=$?
    [ -s document ] || { printf 'no document (%s): %s\n' "$status" "$*"; cat errors; return 1; }
    jq -ers 'length == 1' document >/dev/null
    while read -r name; do
        grep -qF "\`$name\`" "$TOP/docs/json.md" ||
            { printf 'docs/json.md lacks %s of: %s\n' "$name" "$*"; return 1; }
    done < <(jq -r '[paths[] | strings] | unique[]' document)
}

@test "docs/json.md names every member that a command prints" {
    sample_project
    make_key vendor
    make_key other
    documented planner init --product shop shop
    (cd shop && documented planner new first)
    documented planner keys new keys/third
    documented planner keys show keys/third.pub
    documented planner release 1.0.0 --project "$PROJECT"
    documented planner release 1.1.0 --project "$PROJECT"
    documented planner release 2.0.0 --project "$PROJECT"
    documented planner status --project "$PROJECT"
    documented planner verify-project --project "$PROJECT"
    documented planner lint --project "$PROJECT" --all
    documented planner lint --explain truncate
    documented planner suggest-down 0006_create_vessel_types --project "$PROJECT"
    documented pack_bundle one.bundle 1.1.0
    documented pack_bundle all.bundle 2.0.0
    documented planner keys keyring --root keys/vendor.pub --root-threshold 1 --release \
        keys/vendor.pub keys/other.pub --release-threshold 1 --sign keys/vendor --project "$PROJECT" \
        --out keyring.txt
    cp one.bundle signed.bundle
    documented planner sign signed.bundle --key keys/other
    tar -xf one.bundle HEAD
    documented planner sign HEAD --key keys/vendor --out slot
    documented planner inspect one.bundle
    "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/forge_bundle" rehearsed.bundle
    documented planner inspect rehearsed.bundle
    documented applier trust show # no trust yet: an error
    documented applier trust init --key keys/vendor.pub
    documented applier trust show
    documented applier verify one.bundle
    documented applier inspect one.bundle --sql
    documented applier unpack one.bundle folder
    documented applier status --db "$DB"
    documented applier plan one.bundle --db "$DB"
    documented applier apply one.bundle --db "$DB" --yes --to 1.0.0
    documented applier apply one.bundle --db "$DB" --yes
    documented applier apply one.bundle --db "$DB" --yes
    psql_as_app -c 'ALTER TABLE booking ADD COLUMN draught_m int'
    documented applier apply all.bundle --db "$DB" --yes # a step fails
    documented applier status --db "$DB"
    documented applier resume --db "$DB"
    documented applier rollback --db "$DB" --yes
    documented applier history --db "$DB"
}
