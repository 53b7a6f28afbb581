# docs/bundle-format.md, tried: its commands as they stand there, and what it says of every digest, by
# stock tools alone.
load ../support/common

setup() {
    common_setup
    sample_project
    release 1.0.0 1.1.0
    pack_bundle "$WORK/B" 1.1.0
    cp "$WORK/keys/vendor.pub" "$WORK/vendor.pub"
}

head_value() { sed -n "s/^$1: //p" HEAD; }
digest_of() { b2sum "$@" | cut -d' ' -f1; }

# The commands of the page's blocks that begin with this line.
commands_of_page() {
    awk -v begins='```'"$1" '$0 == begins { on = 1; next } /^```$/ { on = 0 } on' "$TOP/docs/bundle-format.md"
}

@test "the commands of the page prove a good bundle" {
    commands_of_page "sh check" >commands
    [ "$(wc -l <commands)" -ge 12 ]
    run_status 0 bash -eo pipefail commands
    output_has "Signature and comment signature verified" \
        "Trusted comment: sealift/1 release product=harbor sequence=1" "product: harbor" "sequence: 1" \
        "1.0.0|5" "1.1.0|5"
}

# forged DESCRIPTION: B is not what the vendor made; the page's commands must end in failure.
forged() {
    run_status_not_0 bash -eo pipefail commands || { echo "not found: $1"; return 1; }
    cp good B
}
run_status_not_0() { ! "$@" >out 2>&1 </dev/null; }
# Another byte in the place of the one that stands there.
poke() {
    local byte=x
    if [ "$(dd if=B bs=1 skip="$1" count=1 status=none | tr -d '\0')" = x ]; then byte=y; fi
    printf %s "$byte" | dd of=B bs=1 seek="$1" conv=notrunc status=none
}

@test "the commands of the page find whatever was changed behind HEAD or in it" {
    commands_of_page "sh check" >commands
    cp B good
    poke 90 && forged "SIGNATURES' header"
    poke 8300 && forged "KEYRING's header"
    poke 73850 && forged "HEAD's header"
    poke 600 && forged "the signature"
    poke 20000 && forged "keyring area"
    poke 74300 && forged "HEAD"
    poke 77823 && forged "HEAD's filler"
    poke 77830 && forged "a tar header of CONTENT"
    poke 80000 && forged "manifest"
    poke $(($(stat -c %s B) - 1)) && forged "the last byte"
    truncate -s -1 B && forged "cut by a byte"
    truncate -s -1024 B && forged "cut by the end of the archive"
    printf x >>B && forged "a byte behind the end"
    cat good >>B && forged "a bundle behind the end"
    rm vendor.pub
    minisign -G -W -p vendor.pub -s other.key >/dev/null # another vendor
    forged "signed by someone else"
}

@test "tar can be made to show other files, and the commands of the page find it" {
    commands_of_page "sh check" >commands
    cp B good
    mkdir forged && echo 'DROP DATABASE harbor;' >forged/README
    # The keyring area is large enough for an archive of its own; one end of archive hides the rest.
    tar -C forged --format=ustar -cf inner README
    dd if=inner of=B bs=512 seek=17 conv=notrunc status=none
    dd if=/dev/zero of=B bs=512 seek=16 count=1 conv=notrunc status=none
    tar -C forged -cf header --format=ustar README && dd if=header of=B bs=512 seek=16 count=2 conv=notrunc status=none
    tar -xOf B README 2>/dev/null | grep -q DROP # stock tar is fooled
    forged "an archive in the keyring area"
}

@test "the commands of the page check a second signature and a keyring" {
    make_key root && make_key second
    planner keys keyring --root keys/root.pub --root-threshold 1 --release keys/vendor.pub keys/second.pub \
        --release-threshold 2 --sign keys/root --project "$PROJECT" --out "$PROJECT/keyring.txt" >/dev/null
    pack_bundle B 1.1.0 --sign keys/second --new-sequence >/dev/null
    cp keys/*.pub .
    commands_of_page "sh check" >commands
    commands_of_page "sh check second" >>commands
    commands_of_page "sh check keyring" >>commands
    run_status 0 bash -eo pipefail commands
    same "signatures that hold" 4 "$(grep -c 'Signature and comment signature verified' <<<"$output")"
    output_has "Trusted comment: sealift/1 keyring product-uuid=$(head_value product-uuid) version=1" \
        "release: $(sed -n 2p vendor.pub) 0 - active vendor"
    rm root.pub
    minisign -G -W -p root.pub -s other.key >/dev/null # a keyring of someone else
    run_status 1 bash -eo pipefail commands
}

@test "the commands of the README inside a bundle prove it too" {
    tar -xf B README
    sed -n 's/^       //p' README | sed "s/BUNDLE/B/; s/^less/cat/" >commands
    [ "$(wc -l <commands)" -ge 8 ]
    run_status 0 bash -e commands
    output_has "Signature and comment signature verified" "$(head_value content-blake2b)  -" \
        "$(head_value keyring-blake2b)  KEYRING" "0001_create_ports|" \
        "$(sed -n 's/^   \([0-9a-f]\{64\}\)$/\1/p' README | tr -d '\n')  -"
}

@test "stock minisign finds a changed HEAD" {
    tar -xf B SIGNATURES HEAD
    sed -i 's/^floor: 0/floor: 1/' HEAD
    run_status 1 minisign -V -H -m HEAD -x SIGNATURES -p vendor.pub
}

@test "sizes and digests of HEAD are those of the file" {
    tar -xf B
    same file "$((77824 + $(head_value content-size)))" "$(stat -c %s B)"
    same manifest "$(head_value manifest-size)" "$(stat -c %s manifest.db)"
    same manifest "$(head_value manifest-blake2b)" "$(digest_of manifest.db)"
    same keyring "$(head_value keyring-blake2b)" "$(digest_of KEYRING)"
    same HEAD 3584 "$(stat -c %s HEAD)"
    same SIGNATURES 7680 "$(stat -c %s SIGNATURES)"
    id=$(printf '%s\n%s\n%s' "$(head_value product-uuid)" "$(head_value sequence)" \
        "$(head_value tree-to)" | b2sum | cut -c 1-32)
    same bundle-id "$(head_value bundle-id)" "$id"
}

@test "every object lies where the manifest says and has its digest" {
    tar -xf B
    size=$(stat -c %s manifest.db)
    objects=$((0x13200 + (size + 511) / 512 * 512))
    sqlite3 -separator ' ' manifest.db \
        'SELECT path, offset, stored_size, plain_size, compression, stored_blake2b, plain_blake2b,
                (SELECT count(*) FROM chunk WHERE chunk.object = object.object) FROM object' >rows
    [ "$(wc -l <rows)" -ge 20 ]
    while read -r path offset stored plain compression stored_digest plain_digest chunks; do
        tail -c +$((objects + offset + 1)) B | head -c "$stored" | cmp - "$path"
        if [ "$chunks" -eq 0 ]; then
            same "$path stored" "$stored_digest" "$(digest_of "$path")"
        fi
        if [ "$compression" = none ]; then
            same "$path size" "$plain" "$stored"
            same "$path plain" "$plain_digest" "$(digest_of "$path")"
        fi
    done <rows
}

@test "tree digests can be computed from the manifest alone" {
    tar -xf B manifest.db HEAD
    previous=-
    empty=$(printf '' | b2sum | cut -d' ' -f1)
    while IFS='|' read -r version name tree; do
        sqlite3 -separator $'\t' manifest.db "
            SELECT identity, transaction_mode, coalesce(m.authored_blake2b, o.plain_blake2b, '$empty')
                   || coalesce((SELECT char(9) || group_concat(plain_blake2b, char(9)) FROM (
                          SELECT d.plain_blake2b FROM migration_data JOIN object d USING (object)
                           WHERE migration_data.migration = m.migration
                           ORDER BY migration_data.ordinal)), '')
              FROM migration m LEFT JOIN script s ON s.migration = m.migration AND s.script = 'up'
                   LEFT JOIN object o ON o.object = s.object
             WHERE m.version = $version ORDER BY m.migration" >lines
        computed=$({ printf 'sealift-tree 1\n%s\n%s\n' "$previous" "$name"; cat lines; } | b2sum | cut -d' ' -f1)
        same "tree of $name" "$tree" "$computed"
        previous=$computed
    done < <(sqlite3 manifest.db 'SELECT version, name, tree_blake2b FROM version ORDER BY version')
    same tree-to "$(head_value tree-to)" "$previous"
}

@test "roots can be computed from the rows of a fingerprint" {
    "${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/forge_bundle" R
    tar -xf R
    zstd -dq versions/*/fingerprint-*.zst
    sqlite3 -separator ' ' manifest.db "
        SELECT replace(path, '.zst', ''), core_blake2b, deparse_blake2b, env_blake2b
          FROM fingerprint JOIN object USING (object)" >fingerprints
    same rows 10 "$(wc -l <fingerprints)"
    while read -r path core deparse env; do
        same "$path title" "sealift-fingerprint 1" "$(head -n 1 "$path")"
        for class in "core $core" "deparse $deparse" "env $env"; do
            while IFS=$'\t' read -r of_class kind identity definition; do
                if [ "$of_class" = "${class% *}" ]; then
                    printf '%s\t%s\t%s\n' "$kind" "$identity" "$(printf %b "$definition" | sha256sum | cut -d' ' -f1)"
                fi
            done < <(tail -n +2 "$path") >lines
            same "$path ${class% *}" "${class#* }" "$(b2sum <lines | cut -d' ' -f1)"
        done
    done <fingerprints
}

@test "all kinds of tar list the same entries" {
    tar -tf B >listed
    head -n 5 listed | diff - <(printf '%s\n' SIGNATURES KEYRING HEAD manifest.db README)
    tail -n +6 listed | LC_ALL=C sort -c
    if command -v bsdtar >/dev/null; then bsdtar -tf B | diff listed -; fi
    if command -v python3 >/dev/null; then python3 -m tarfile -l B | sed 's/ *$//' | diff listed -; fi
}

@test "HEAD signed elsewhere by stock minisign is accepted here" {
    planner pack --project "$PROJECT" --to 1.0.0 --out unsigned --unsigned --allow-unproven >/dev/null
    tar -xf unsigned HEAD
    # minisign's own key, without a password, made on the signing machine.
    minisign -G -W -p elsewhere.pub -s elsewhere.key >/dev/null
    minisign -S -H -m HEAD -s elsewhere.key -x slot \
        -t "sealift/1 release product=$(head_value product) sequence=$(head_value sequence)" </dev/null
    mkdir -p keys
    cp elsewhere.pub keys/elsewhere.pub
    trust_site elsewhere
    run_status 6 applier verify unsigned
    run_status 0 planner sign unsigned --add slot
    run_status 0 applier verify unsigned
}
