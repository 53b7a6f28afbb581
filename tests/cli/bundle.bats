#!/usr/bin/env bats
# A bundle as a file: verify, inspect, unpack, what stock tools say of it, and files that are none.

load ../support/common

setup() {
    common_setup
    sample_project
    release 1.0.0 1.1.0
    pack_bundle b.bundle 1.1.0
    trust_site
}

head_line() { tar -xOf "$1" HEAD | sed -n "s/^$2: //p"; }

@test "verify says what it has shown" {
    run_status 0 applier verify b.bundle
    output_has "ok  keyring version 0" "ok  signature 1 of HEAD by key" "ok  product harbor" \
        "ok  versions from nothing to 1.1.0, sequence 1" "every object and filler byte" \
        "'b.bundle' is good: $(stat -c %s b.bundle) bytes"
    same "stderr" "" "$errors"
    run_status 0 applier verify b.bundle --json
    same "good" true "$(json .good)"
    same "digest" "$(tar -xOf b.bundle HEAD | b2sum | cut -d' ' -f1)" "$(json .head_digest)"
    same "signers" 1 "$(json '.signers | length')"
    same "size" "$(stat -c %s b.bundle)" "$(json .size_bytes)"
}

@test "inspect shows versions, migrations and, when asked, every script" {
    run_status 0 applier inspect b.bundle
    output_has "product      harbor" "version 1.0.0, released" "version 1.1.0" "outside transactions" \
        "way back: unproven"
    output_lacks "CREATE TABLE" "were not checked"
    run_status 0 applier inspect b.bundle --sql
    output_has "CREATE TABLE" "-- 0001_create_ports, up: versions/0001/0001-create_ports.up.sql"
    run_status 0 applier inspect b.bundle --json --sql
    same "checked" true "$(json .signatures_checked)"
    same "versions" 2 "$(json '.versions | length')"
    json '.versions[0].migrations[0].up.sql | rtrimstr("\n")' |
        diff - <(tar -xOf b.bundle versions/0001/0001-create_ports.up.sql)
    same "statements" "$(head_line b.bundle statements)" \
        "$(json '[.versions[].migrations[].up.groups[].steps[]] | length')"
}

@test "inspect says what no rehearsal has proven" {
    run_status 0 applier inspect b.bundle
    output_has "rehearsed    nowhere: no schema and no way back is proven"
    output_lacks "schema proven" "schema not proven" "atomic  " "tolerated  " "adoptable  " "on PostgreSQL"
    run_status 0 applier inspect b.bundle --json
    same "servers" "[]" "$(json .rehearsed_on | tr -d ' \n')"
    same "ways back" "unproven unproven" "$(json '[.versions[].way_back] | join(" ")')"
}

@test "inspect says what a rehearsal showed" {
    "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/forge_bundle" r.bundle
    run_status 0 planner inspect r.bundle
    output_has "rehearsed    on PostgreSQL 15, 16; schemas harbour, public" \
        "atomic       each version on PostgreSQL 15, 16" "atomic       the whole run on PostgreSQL 16" \
        "tolerated    * public.site_*, index *" "adoptable    0.8.0, 0.9.0, 1.0.0" \
        "  way back: irreversible; schema proven on PostgreSQL 15, 16" \
        "way back: lossy (acknowledged: berths are counted again anyway), 1 outside transactions" \
        "          on PostgreSQL 15: lossy: rows of public.berth" \
        "  way back: column-order; schema proven on PostgreSQL 15, 16" \
        "    on PostgreSQL 16: column-order: public.berth"
    output_lacks "nowhere"
    run_status 0 planner inspect r.bundle --json
    same "servers" "15 16" "$(json '.rehearsed_on | join(" ")')"
    same "scope" "harbour public" "$(json '.scope | join(" ")')"
    same "tolerated" "index *" "$(json '.tolerated[1] | "\(.kind) \(.identity)"')"
    same "atomic" "version 15,version 16,run 16" \
        "$(json '[.atomic[] | "\(.mode) \(.server_major)"] | join(",")')"
    same "earlier" "0.8.0 9" "$(json '.earlier[0] | "\(.name) \(.server_major)"')"
    same "ways back" "irreversible column-order lossy irreversible column-order" \
        "$(json '[.versions[].way_back, .versions[].migrations[].way_back] | join(" ")')"
    same "of a version" "15 exact null,16 column-order public.berth" \
        "$(json '[.versions[1].rehearsals[] | "\(.server_major) \(.way_back) \(.detail)"] | join(",")')"
    same "acknowledged" "berths are counted again anyway" "$(json '.versions[0].migrations[0].acknowledged')"
    same "measured" "up 3 public.berth ShareUpdateExclusiveLock false true" \
        "$(json '.versions[0].migrations[0].measured[1] | "\(.script) \(.line) \(.relation) \(.lock) \(.rewritten) \(.scanned)"')"
    # The root of the schema that the bundle starts from, by stock tools.
    tar -xf r.bundle versions/0000/fingerprint-01.txt
    root=$(printf 'schema\tpublic\t%s\n' "$(printf '' | sha256sum | cut -d' ' -f1)" | b2sum | cut -d' ' -f1)
    same "core" "$root" "$(json '.start_fingerprints[0].core')"
    same "object" versions/0000/fingerprint-01.txt "$(json '.start_fingerprints[1].path')"
    same "rows" "core	schema	public	" "$(sed -n 2p versions/0000/fingerprint-01.txt)"
}

@test "the vendor inspects without trust, and is told so" {
    rm -r "$WORK/site"
    run_status 0 planner inspect b.bundle
    output_has "product      harbor" "signatures were not checked"
    run_status 0 planner inspect b.bundle --json
    same "checked" false "$(json .signatures_checked)"
    run_status 3 applier inspect b.bundle
    errors_has "trust init"
    printf x | dd of=b.bundle bs=1 seek=100000 conv=notrunc status=none
    run_status 6 planner inspect b.bundle
    errors_has "not what was signed"
}

@test "what a script holds cannot steer the terminal" {
    rm -r project && empty_project
    printf 'SELECT 1; -- \033[2Jgone\n' | script 1.0.0/0001_one.up.sql
    release 1.0.0
    pack_bundle c.bundle 1.0.0
    run_status 0 planner inspect c.bundle --sql
    output_has 'SELECT 1; -- \x1b[2Jgone'
}

@test "unpack writes what tar writes" {
    run_status 0 applier unpack b.bundle out
    mkdir tar && tar -xf b.bundle -C tar
    diff -r out tar
    run_status 0 applier unpack b.bundle again --json
    same "files" "$(find tar -type f | wc -l)" "$(json .files)"
}

@test "unpack fills an empty folder and touches no other" {
    mkdir empty full && touch full/mine
    run_status 0 applier unpack b.bundle empty
    run_status 3 applier unpack b.bundle full
    errors_has "the folder 'full' is not empty"
    same "what was there" mine "$(ls full)"
    run_status 3 applier unpack b.bundle b.bundle
    errors_has "is no folder"
    printf x | dd of=b.bundle bs=1 seek=100000 conv=notrunc status=none
    run_status 6 applier unpack b.bundle bad
    [ ! -e bad ]
    same "nothing left" "" "$(find . -name '.sealift*' -not -path './project/*')"
}

@test "GNU tar, bsdtar, sqlite3, b2sum and minisign agree with us" {
    tar -tf b.bundle >gnu
    bsdtar -tf b.bundle | diff gnu -
    same "first entries" "SIGNATURES KEYRING HEAD manifest.db README" "$(head -5 gnu | paste -sd' ')"
    tar -tvf b.bundle | awk '$1 != "-rw-r--r--" || $2 != "0/0" || $4 != "1970-01-01"' | diff /dev/null -
    tail -n +5 gnu | LC_ALL=C sort -c
    same "content" "$(head_line b.bundle content-blake2b)" "$(tail -c +77825 b.bundle | b2sum | cut -d' ' -f1)"
    same "content-size" "$(head_line b.bundle content-size)" "$(($(stat -c %s b.bundle) - 77824))"
    same "keyring" "$(head_line b.bundle keyring-blake2b)" "$(tar -xOf b.bundle KEYRING | b2sum | cut -d' ' -f1)"
    tar -xf b.bundle manifest.db HEAD SIGNATURES
    same "manifest" "$(head_line b.bundle manifest-blake2b)" "$(b2sum <manifest.db | cut -d' ' -f1)"
    same "integrity" ok "$(sqlite3 manifest.db 'PRAGMA integrity_check')"
    same "foreign keys" "" "$(sqlite3 manifest.db 'PRAGMA foreign_key_check')"
    same "product" harbor "$(sqlite3 manifest.db "SELECT value FROM meta WHERE key = 'product'")"
    same "application" $((0x5345414C)) "$(sqlite3 manifest.db 'PRAGMA application_id')"
    sqlite3 -separator ' ' manifest.db 'SELECT stored_blake2b, path FROM object' | while read -r digest path; do
        same "$path" "$digest" "$(tar -xOf b.bundle "$path" | b2sum | cut -d' ' -f1)"
    done
    # README's own way, in its own words
    dd if=SIGNATURES of=signature bs=512 count=1 skip=0 status=none
    minisign -V -H -m HEAD -x signature -p keys/vendor.pub | grep "sealift/1 release product=harbor sequence=1"
}

@test "a large script and large data are compressed, and stock zstd reads them" {
    rm -r project && empty_project big
    {
        echo 'CREATE TABLE t (a int);'
        for ((i = 0; i < 40000; i++)); do echo "INSERT INTO t VALUES ($i); -- a line that repeats"; done
    } | script 1.0.0/0001_many.up.sql
    {
        echo 'COPY t FROM STDIN;'
        seq 1000000 | shuf --random-source=<(yes)
        echo '\.'
    } | script 1.0.0/0002_data.up.sql
    release 1.0.0
    pack_bundle big.bundle 1.0.0
    pack_bundle again.bundle 1.0.0
    cmp big.bundle again.bundle
    run_status 0 applier verify big.bundle
    run_status 0 applier unpack big.bundle out
    cd out/versions/0001
    [ -f 0001-many.up.sql.zst ]
    zstd -dc 0001-many.up.sql.zst | cmp - 0001-many.up.sql
    seq 1000000 | shuf --random-source=<(yes) | cmp - <(zstd -dc 0002-data.data0001.zst)
    [ ! -e 0002-data.data0001 ] # data is for zstd -d; only scripts are for reading
    chunks=$(sqlite3 "$WORK/out/manifest.db" 'SELECT count(*) FROM chunk')
    [ "$chunks" -ge 2 ]
    run_status 0 applier inspect "$WORK/big.bundle" --sql
    output_has "INSERT INTO t VALUES (39999);"
}

@test "files beside the bundle change nothing" {
    cp b.bundle c.bundle
    for name in c.bundle-wal c.bundle-journal manifest.db manifest.db-wal; do
        printf 'DROP TABLE migration' >"$name"
    done
    run_status 0 applier verify c.bundle
}

# refused STATUS WORDS FILE
refused() {
    run_status "$1" applier verify "$3"
    errors_has "$2"
    same "stdout" "" "$output"
}

@test "what is no bundle is refused, whatever it is" {
    : >empty && refused 4 "no bundle, or is cut short: it has 0 bytes" empty
    head -c 511 b.bundle >short && refused 4 "it has 511 bytes" short
    head -c 512 b.bundle >short && refused 4 "it has 512 bytes" short
    head -c 77823 b.bundle >short && refused 4 "cut short" short
    head -c 77824 b.bundle >short && refused 4 "is cut short: it has 77824 bytes, HEAD says" short
    head -c -1 b.bundle >short && refused 4 "is cut short" short
    head -c -1024 b.bundle >short && refused 4 "is cut short" short
    gzip -k b.bundle && refused 4 "" b.bundle.gz
    head -c 200000 /dev/urandom >noise && refused 4 "" noise
    tar -cf other.tar keys && truncate -s 200000 other.tar && refused 4 "" other.tar
    truncate -s 200000 holes && refused 4 "" holes
    mkfifo fifo && refused 4 "is not a regular file" fifo
    mkdir folder && refused 4 "is not a regular file" folder
    refused 4 "is not a regular file" /dev/null
    ln -s b.bundle link && refused 4 "is a symbolic link" link
    refused 5 "cannot open" missing
}

@test "what was appended is refused" {
    cp b.bundle longer && printf '\n' >>longer && refused 4 "1 bytes behind its end" longer
    cp b.bundle longer && truncate -s +512 longer && refused 4 "512 bytes behind its end" longer
    cat b.bundle b.bundle >longer && refused 4 "behind its end" longer
}

@test "a hole where the content was is refused" {
    size=$(stat -c %s b.bundle)
    head -c 90000 b.bundle >hole && truncate -s "$size" hole
    refused 6 "not what was signed" hole
}

@test "a key that the site does not know is refused" {
    make_key other
    planner pack --project "$PROJECT" --to 1.0.0 --out o.bundle --sign keys/other --allow-unproven
    refused 6 "which this site does not know" o.bundle
    run_status 6 applier inspect o.bundle
    run_status 6 applier unpack o.bundle out
    [ ! -e out ]
    run_status 6 applier verify o.bundle --json
    same "class" untrusted "$(json '.error.class')"
}

@test "a full disk while packing leaves nothing behind" {
    mkdir out
    {
        echo 'CREATE TABLE t (a text); COPY t FROM STDIN;'
        seq 400000 | shuf --random-source=<(yes)
        echo '\.'
    } | script 2.0.0/0099_large.up.sql
    rm "$PROJECT"/migrations/2.0.0/001*
    release 2.0.0
    for ((n = 1; n < 2000; n += n / 4 + 1)); do
        status=0
        with_fault DISK_FULL_AT=$n planner pack --project "$PROJECT" --to 2.0.0 --sign keys/vendor \
            --out out/full.bundle --allow-unproven >log 2>&1 || status=$?
        [ "$status" -ne 0 ] || break
        same "status at write $n" 5 "$status"
        grep -q "No space left\|disk is full" log || { cat log; return 1; }
        same "left behind at write $n" "" "$(ls -A out)"
    done
    [ "$n" -gt 10 ]
    run_status 0 applier verify out/full.bundle
}
