# Bundles and sites that must be refused: each with its exit status and its words, and with nothing
# done to the database.
load ../support/common

setup() {
    common_setup
    empty_project shop
    script 1.0.0/0001_orders.up.sql <<<'CREATE TABLE orders (id int PRIMARY KEY);'
    script 1.0.0/0001_orders.down.sql <<<'DROP TABLE orders;'
    script 1.1.0/0001_note.up.sql <<<'ALTER TABLE orders ADD COLUMN note text;'
    script 1.1.0/0001_note.down.sql <<<'ALTER TABLE orders DROP COLUMN note;'
    script 1.2.0/0001_paid.up.sql <<<'ALTER TABLE orders ADD COLUMN paid boolean;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle "$WORK/good.bundle" 1.0.0
    trust_site vendor
}
teardown() {
    common_teardown
}

# refused STATUS BUNDLE WORDS…: verify and apply refuse it alike, and the database stays empty.
refused() {
    local status=$1 bundle=$2
    shift 2
    run_status "$status" applier verify "$bundle"
    errors_has "$@"
    [ -n "${DB:-}" ] || fresh_database
    run_status "$status" applier apply "$bundle" --db "$DB" --yes
    errors_has "$@"
    same "ledger made" 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
    same "tables made" 0 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
}

# overwrite FILE OFFSET TEXT
overwrite() { printf '%s' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

@test "a file that is no bundle" {
    echo 'CREATE TABLE t ();' >"$WORK/b"
    refused 4 "$WORK/b" "$WORK/b" "no bundle"
    : >"$WORK/empty"
    refused 4 "$WORK/empty" "no bundle"
    head -c 200000 /dev/zero >"$WORK/zeros"
    refused 4 "$WORK/zeros" "not a bundle"
    gzip -c "$WORK/good.bundle" >"$WORK/b.gz"
    refused 4 "$WORK/b.gz" "bundle"
}

@test "a file that is not there, a folder, a pipe, a link" {
    run_status 5 applier verify "$WORK/none"
    errors_has "$WORK/none" "No such file"
    run_status 4 applier verify "$WORK"
    errors_has "regular file"
    mkfifo "$WORK/pipe"
    run_status 4 applier verify "$WORK/pipe"
    errors_has "regular file"
}

@test "a bundle that was cut" {
    size=$(stat -c %s "$WORK/good.bundle")
    for keep in 77824 $((size - 1)) $((size - 512)) $((size - 1024)); do
        head -c "$keep" "$WORK/good.bundle" >"$WORK/cut"
        refused 4 "$WORK/cut" "cut short"
    done
}

@test "a bundle with something behind it" {
    { cat "$WORK/good.bundle"; printf x; } >"$WORK/padded"
    refused 4 "$WORK/padded" "bytes"
    cat "$WORK/good.bundle" "$WORK/good.bundle" >"$WORK/twice"
    refused 4 "$WORK/twice" "bytes"
}

@test "a bundle with one byte changed" {
    cp "$WORK/good.bundle" "$WORK/b"
    overwrite "$WORK/b" $((0x12200 + 30)) X
    refused 6 "$WORK/b" "does not hold"
    cp "$WORK/good.bundle" "$WORK/b"
    overwrite "$WORK/b" $((0x13200 + 5000)) X
    refused 6 "$WORK/b" "manifest"
    cp "$WORK/good.bundle" "$WORK/b"
    overwrite "$WORK/b" $(($(stat -c %s "$WORK/b") - 1)) X
    refused 6 "$WORK/b" "not what was signed"
}

@test "an unsigned bundle" {
    planner pack --project "$PROJECT" --to 1.1.0 --out "$WORK/unsigned" --unsigned --allow-unproven \
        >/dev/null
    refused 6 "$WORK/unsigned" "not signed"
}

@test "a bundle signed by a key that this site does not know" {
    make_key stranger
    planner pack --project "$PROJECT" --to 1.1.0 --out "$WORK/strange" \
        --sign "$WORK/keys/stranger" --allow-unproven >/dev/null
    refused 6 "$WORK/strange" "slot 1" "does not know"
}

@test "a bundle below the threshold" {
    make_key second
    export SEALIFT_CONFIG_DIR=$WORK/site2/config SEALIFT_STATE_DIR=$WORK/site2/state
    applier trust init --key "$WORK/keys/vendor.pub" --key "$WORK/keys/second.pub" --threshold 2
    refused 6 "$WORK/good.bundle" "1 of 2 signatures"
    planner sign "$WORK/good.bundle" --key "$WORK/keys/second"
    run_status 0 applier verify "$WORK/good.bundle"
}

@test "a site that trusts nobody yet" {
    export SEALIFT_CONFIG_DIR=$WORK/site2/config SEALIFT_STATE_DIR=$WORK/site2/state
    refused 3 "$WORK/good.bundle" "trust init"
}

@test "trust is not initialised twice" {
    run_status 3 applier trust init --key "$WORK/keys/vendor.pub"
    errors_has "trust"
}

@test "a bundle of another product than the site's trust is for" {
    export SEALIFT_CONFIG_DIR=$WORK/site2/config SEALIFT_STATE_DIR=$WORK/site2/state
    applier trust init --key "$WORK/keys/vendor.pub" --product 11111111-2222-4333-8444-555555555555
    refused 6 "$WORK/good.bundle" "product"
}

@test "a bundle of another product than the database holds" {
    fresh_database
    run_status 0 applier apply "$WORK/good.bundle" --db "$DB" --yes
    empty_project other
    script 1.0.0/0001_things.up.sql <<<'CREATE TABLE things (id int);'
    release 1.0.0
    pack_bundle "$WORK/other.bundle" 1.0.0
    run_status 6 applier apply "$WORK/other.bundle" --db "$DB" --yes
    errors_has shop other
    same "tables" 1 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
}

@test "a bundle for other sites, or for another environment" {
    printf '\n[bundle]\nsites = harbour,mill\n' >>"$PROJECT/sealift.conf"
    pack_bundle "$WORK/sites.bundle" 1.1.0
    refused 6 "$WORK/sites.bundle" "harbour,mill"
}

@test "a gap: the database is two versions behind the bundle's start" {
    fresh_database
    run_status 0 applier apply "$WORK/good.bundle" --db "$DB" --yes
    pack_bundle "$WORK/late.bundle" 1.2.0 --from 1.1.0
    run_status 7 applier apply "$WORK/late.bundle" --db "$DB" --yes
    errors_has 1.0.0 1.1.0
    run_status 7 applier plan "$WORK/late.bundle" --db "$DB"
    errors_has 1.0.0 1.1.0
}

@test "a bundle that starts at a version, for an empty database" {
    pack_bundle "$WORK/late.bundle" 1.2.0 --from 1.1.0
    fresh_database
    run_status 7 applier apply "$WORK/late.bundle" --db "$DB" --yes
    errors_has 1.1.0
}

@test "already applied: success, and nothing is done" {
    fresh_database
    run_status 0 applier apply "$WORK/good.bundle" --db "$DB" --yes
    events=$(sql 'SELECT count(*) FROM sealift.event')
    journal=$(sql 'SELECT count(*) FROM sealift.journal')
    run_status 0 applier apply "$WORK/good.bundle" --db "$DB" --yes
    output_has "nothing to do"
    same journal "$journal" "$(sql 'SELECT count(*) FROM sealift.journal')"
    same events "$events" "$(sql 'SELECT count(*) FROM sealift.event')"
}

@test "a database that is ahead of the bundle" {
    fresh_database
    pack_bundle "$WORK/all.bundle" 1.2.0
    run_status 0 applier apply "$WORK/all.bundle" --db "$DB" --yes
    run_status 7 applier apply "$WORK/good.bundle" --db "$DB" --yes
    errors_has 1.2.0 "ahead of 1.0.0"
    same columns 3 "$(sql "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders'")"
}

@test "two packs of one sequence that differ" {
    fresh_database
    pack_bundle "$WORK/first.bundle" 1.1.0 --from 1.0.0
    run_status 0 applier apply "$WORK/good.bundle" --db "$DB" --yes
    run_status 0 applier apply "$WORK/first.bundle" --db "$DB" --yes
    run_status 0 applier rollback --db "$DB" --yes --accept-unproven
    # The same version made again on a machine that lost sealift.bundles: same number, other content.
    sed -i '$d' "$PROJECT/sealift.bundles"
    script 1.1.0/0001_note.down.sql <<<'ALTER TABLE orders DROP COLUMN IF EXISTS note;'
    pack_bundle "$WORK/second.bundle" 1.1.0 --from 1.0.0
    run_status 6 applier apply "$WORK/second.bundle" --db "$DB" --yes
    errors_has sequence
    # The vendor's own planner does not let it come so far.
    pack_bundle "$WORK/third.bundle" 1.1.0 --from 1.0.0
    script 1.1.0/0001_note.down.sql <<<'SELECT 1;'
    run_status 6 pack_bundle "$WORK/fourth.bundle" 1.1.0 --from 1.0.0
    errors_has "sequence 2" --new-sequence
    [ ! -e "$WORK/fourth.bundle" ]
}
