#!/usr/bin/env bats
# planner pack: numbers, reproducible bytes, signers, and what it refuses.

load ../support/common

setup() {
    common_setup
    empty_project
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    script 1.1.0/0002_two.up.sql <<<'ALTER TABLE one ADD COLUMN b text;'
    release 1.0.0 1.1.0
    make_key vendor
}

head_line() { tar -xOf "$1" HEAD | sed -n "s/^$2: //p"; }

@test "the first bundle gets number 1, the next the next, the same the same" {
    pack_bundle a.bundle 1.0.0
    pack_bundle b.bundle 1.1.0
    pack_bundle a2.bundle 1.0.0
    same "sequence of the first" 1 "$(head_line a.bundle sequence)"
    same "sequence of the second" 2 "$(head_line b.bundle sequence)"
    cmp a.bundle a2.bundle
    same "lines" 3 "$(wc -l <"$PROJECT/sealift.bundles")"
    same "previous-head" "$(tar -xOf a.bundle HEAD | b2sum | cut -d' ' -f1)" \
        "$(head_line b.bundle previous-head)"
    run_status 0 pack_bundle a3.bundle 1.0.0 --new-sequence
    same "a new number when asked" 3 "$(head_line a3.bundle sequence)"
}

@test "two builds in other folders, time zones, locales and umasks are the same bytes" {
    pack_bundle a.bundle 1.1.0
    cp -R "$PROJECT" "$WORK/elsewhere"
    rm -rf "$WORK/elsewhere/sealift.bundles" "$WORK/elsewhere/.sealift"
    mkdir other
    (cd other && umask 077 && TZ=Asia/Kathmandu LC_ALL=C LANG=C \
        planner pack --project "$WORK/elsewhere" --to 1.1.0 --out b.bundle \
        --sign "$WORK/keys/vendor" --allow-unproven)
    cmp a.bundle other/b.bundle
}

@test "as another user the bytes are the same" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
    pack_bundle a.bundle 1.1.0
    cp -R "$PROJECT" "$WORK/theirs"
    rm -rf "$WORK/theirs/sealift.bundles" "$WORK/theirs/.sealift"
    cp keys/vendor keys/vendor.pub "$WORK/theirs"
    chmod -R go-rwx "$WORK/theirs"
    chown -R nobody "$WORK/theirs"
    local dir=$WORK
    while [ "$dir" != / ]; do chmod o+x "$dir"; dir=$(dirname "$dir"); done
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
        "$(command -v planner)" pack --project "$WORK/theirs" --to 1.1.0 \
        --out "$WORK/theirs/b.bundle" --sign "$WORK/theirs/vendor" --allow-unproven
    cmp a.bundle theirs/b.bundle
}

@test "what was packed before and comes out otherwise is refused, with the keys that differ" {
    pack_bundle a.bundle 1.1.0
    echo 'DROP TABLE IF EXISTS one;' >"$PROJECT/migrations/1.0.0/0001_one.down.sql"
    run_status 6 pack_bundle b.bundle 1.1.0
    errors_has "sequence 1 was packed before and came out differently" \
        "these keys of HEAD differ:" "content-blake2b" "--new-sequence"
    [ ! -e b.bundle ]
    rm -r "$PROJECT/.sealift"
    run_status 6 pack_bundle b.bundle 1.1.0
    errors_has "came out differently"
}

@test "an edited released migration is named" {
    echo 'SELECT 1;' >>"$PROJECT/migrations/1.0.0/0001_one.up.sql"
    run_status 4 pack_bundle a.bundle 1.0.0
    errors_has 0001_one
    [ ! -e a.bundle ]
}

@test "versions must be released and in order" {
    run_status 7 pack_bundle a.bundle 9.9
    errors_has "version '9.9' is not released"
    run_status 7 pack_bundle a.bundle 1.1.0 --from 0.9
    errors_has "version '0.9' is not released"
    run_status 2 pack_bundle a.bundle 1.0.0 --from 1.1.0
    errors_has "version '1.0.0' does not come after '1.1.0'"
    run_status 2 pack_bundle a.bundle 1.0.0 --from 1.0.0
}

@test "from a version: only what comes after it" {
    pack_bundle a.bundle 1.1.0 --from 1.0.0
    same "covers-from" 1.0.0 "$(head_line a.bundle covers-from)"
    same "migrations" 1 "$(head_line a.bundle migrations)"
    pack_bundle b.bundle 1.0.0
    same "trees meet" "$(head_line b.bundle tree-to)" "$(head_line a.bundle tree-from)"
}

@test "unproven migrations want to be allowed" {
    run_status 7 planner pack --project "$PROJECT" --to 1.0.0 --out a.bundle --unsigned
    errors_has "1 of 1 migrations have not been rehearsed" "--allow-unproven"
    [ ! -e a.bundle ]
    [ ! -e "$PROJECT/sealift.bundles" ]
}

@test "the command line is checked first" {
    run_status 2 planner pack --out x --unsigned
    run_status 2 planner pack --to 1.0.0 --unsigned
    run_status 2 planner pack --to 1.0.0 --out x
    errors_has "--sign FILE, or --unsigned"
    run_status 2 pack_bundle x 1.0.0 --unsigned
    errors_has "exclude each other"
    run_status 3 planner pack --to 1.0.0 --out x --unsigned --project nowhere
}

@test "secret keys that others may read are refused" {
    chmod 0644 keys/vendor
    run_status 3 pack_bundle a.bundle 1.0.0
    errors_has keys/vendor
    [ ! -e a.bundle ]
}

@test "SOURCE_DATE_EPOCH dates the bundle, and must be a number" {
    SOURCE_DATE_EPOCH=1700000000 pack_bundle a.bundle 1.0.0
    same created 2023-11-14T22:13:20Z "$(head_line a.bundle created)"
    run_status 3 env SOURCE_DATE_EPOCH=now planner pack --project "$PROJECT" --to 1.1.0 \
        --out b.bundle --unsigned --allow-unproven
    errors_has SOURCE_DATE_EPOCH
}

@test "a keyring travels along, and decides who may sign" {
    make_key root
    make_key stranger
    planner keys keyring --root keys/root.pub --root-threshold 1 --release keys/vendor.pub \
        --release-threshold 1 --sign keys/root --project "$PROJECT" --out "$PROJECT/keyring.txt"
    pack_bundle a.bundle 1.0.0
    same keyring-version 1 "$(head_line a.bundle keyring-version)"
    cmp -n "$(wc -c <"$PROJECT/keyring.txt")" "$PROJECT/keyring.txt" <(tar -xOf a.bundle KEYRING)
    run_status 6 planner pack --project "$PROJECT" --to 1.1.0 --out b.bundle \
        --sign keys/stranger --allow-unproven
    errors_has "cannot sign this bundle"
    sed -i 's/^uuid = .*/uuid = 11111111-1111-4111-8111-111111111111/' "$PROJECT/sealift.conf"
    run_status 6 pack_bundle c.bundle 1.0.0
    errors_has "it is the keyring of product"
    echo rubbish >"$PROJECT/keyring.txt"
    run_status 4 pack_bundle c.bundle 1.0.0
    : >"$PROJECT/keyring.txt"
    run_status 4 pack_bundle c.bundle 1.0.0
    errors_has "it is empty"
}

@test "what HEAD cannot hold is refused before anything is written" {
    sed -i "s/^sites = .*/sites = B,a/" "$PROJECT/sealift.conf"
    grep -q '^sites' "$PROJECT/sealift.conf" || printf '\n[bundle]\nsites = B,a\n' >>"$PROJECT/sealift.conf"
    run_status 3 pack_bundle a.bundle 1.0.0
    errors_has sites
    [ ! -e a.bundle ]
}

@test "a down script that cannot be planned is named with its line" {
    echo 'SET ROLE admin;' >>"$PROJECT/migrations/1.0.0/0001_one.down.sql"
    run_status 4 pack_bundle a.bundle 1.0.0
    errors_has "0001_one.down.sql:2:" "changes the role"
    [ ! -e a.bundle ]
}

@test "irreversible and a down, written after the release, exclude each other" {
    script 1.2.0/0003_three.up.sql <<<$'-- sealift: irreversible the old values are gone\nSELECT 1;'
    release 1.2.0
    script 1.2.0/0003_three.down.sql <<<'SELECT 2;'
    run_status 4 pack_bundle a.bundle 1.2.0
    errors_has "declared irreversible, yet has a down script"
}

@test "--json says what was packed" {
    run_status 0 pack_bundle a.bundle 1.1.0 --json
    same sequence 1 "$(json .sequence)"
    same unproven 2 "$(json .unproven)"
    same signers 1 "$(json '.signed_by | length')"
    same head "$(tar -xOf a.bundle HEAD | b2sum | cut -d' ' -f1)" "$(json .head_digest)"
}
