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

@test "the commands of the page prove a good bundle" {
    awk '$0 == "```sh check" { on = 1; next } /^```$/ { on = 0 } on' "$TOP/docs/bundle-format.md" >commands
    [ "$(wc -l <commands)" -ge 8 ]
    run_status 0 bash -e commands
    output_has "Signature and comment signature verified" \
        "Trusted comment: sealift/1 release product=harbor sequence=1" \
        "$(head_value content-blake2b)  -" "content-blake2b: $(head_value content-blake2b)" \
        "1.0.0|5" "1.1.0|5" "$(head_value manifest-blake2b)  manifest.db"
}

@test "the commands of the README inside a bundle prove it too" {
    tar -xf B README
    sed -n 's/^       //p' README | sed "s/BUNDLE/B/; s/^less/cat/" >commands
    [ "$(wc -l <commands)" -ge 8 ]
    run_status 0 bash -e commands
    output_has "Signature and comment signature verified" "$(head_value content-blake2b)  -" \
        "$(head_value keyring-blake2b)  KEYRING" "0001_create_ports|"
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
            SELECT identity, transaction_mode, coalesce(o.plain_blake2b, '$empty')
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
