#!/usr/bin/env bats
# Keys, keyrings, signatures and trust, with stock minisign as witness both ways.

load ../support/common

setup() {
    common_setup
    empty_project
    script 1.0.0/0001_one.up.sql <<<'CREATE TABLE one (a int);'
    script 1.0.0/0001_one.down.sql <<<'DROP TABLE one;'
    release 1.0.0
    make_key vendor
}

product_uuid() { sed -n 's/^uuid *= *//p' "$PROJECT/sealift.conf"; }

comment_of() {
    tar -xOf "$1" HEAD | awk '/^product: /{p=$2} /^sequence: /{s=$2}
        END {print "sealift/1 release product=" p " sequence=" s}'
}

unsigned_bundle() {
    planner pack --project "$PROJECT" --to 1.0.0 --out "$1" --unsigned --allow-unproven >/dev/null
}

# A key as minisign makes it, without a password.
minisign_key() { minisign -G -W -p "$1.pub" -s "$1" </dev/null >/dev/null; }

@test "keys new writes a secret for its owner and a public key, and never over a file" {
    run_status 0 planner keys new a
    output_has "secret key:  a" "public key:  a.pub" "key id:"
    same "mode" 600 "$(stat -c %a a)"
    run_status 3 planner keys new a
    errors_has "'a.pub' is already there"
    rm a.pub
    run_status 3 planner keys new a
    errors_has "'a' is already there"
    run_status 5 planner keys new none/a
    run_status 0 planner keys new b --json
    same "public key" "$(sed -n 2p b.pub)" "$(json .public_key -r)"
    run_status 0 planner keys show b.pub
    output_has "$(sed -n 2p b.pub)"
    run_status 4 planner keys show b
    run_status 2 planner keys new
}

@test "minisign signs with our key and checks with our public key" {
    echo hello >m
    minisign -S -H -s keys/vendor -m m -t 'sealift/1 x' </dev/null >/dev/null
    minisign -V -H -p keys/vendor.pub -m m >/dev/null
    minisign -S -s keys/vendor -m m -x again </dev/null >/dev/null
    minisign -V -p keys/vendor.pub -m m -x again >/dev/null
}

@test "a key that minisign made signs for us" {
    minisign_key theirs
    run_status 0 planner keys show theirs.pub
    unsigned_bundle B
    run_status 0 planner sign B --key theirs
    output_has "product:      shop" "sequence:     1" "versions:     from nothing to 1.0.0" "(slot 1)"
    applier trust init --key theirs.pub >/dev/null
    run_status 0 applier verify B
}

@test "minisign checks our slot, in the bundle and beside it" {
    unsigned_bundle B
    planner sign B --key keys/vendor >/dev/null
    tar -xf B SIGNATURES HEAD
    minisign -V -H -m HEAD -x SIGNATURES -p keys/vendor.pub | grep "$(comment_of B)"
    head -c 512 SIGNATURES >slot
    minisign -V -H -m HEAD -x slot -p keys/vendor.pub >/dev/null
}

@test "HEAD is signed on another machine and the signature added" {
    unsigned_bundle B
    mkdir offline
    tar -xf B -C offline HEAD
    run_status 0 planner sign offline/HEAD --key keys/vendor --out offline/slot --json
    same "what is signed" "shop 1 1.0.0" "$(json '"\(.product) \(.sequence) \(.to)"' -r)"
    minisign -V -H -m offline/HEAD -x offline/slot -p keys/vendor.pub >/dev/null
    run_status 3 planner sign offline/HEAD --key keys/vendor --out offline/slot
    errors_has "already there"
    make_key second
    minisign -S -H -s keys/second -m offline/HEAD -x offline/slot2 -t "$(comment_of B)" </dev/null >/dev/null
    run_status 0 planner sign B --add offline/slot offline/slot2 --json
    same "signers" 2 "$(json '.signers | length')"
    applier trust init --key keys/vendor.pub keys/second.pub --threshold 2 >/dev/null
    run_status 0 applier verify B
}

@test "a secret key that others may read, or that is encrypted or none, is refused" {
    unsigned_bundle B
    cp B before
    chmod 644 keys/vendor
    run_status 3 planner sign B --key keys/vendor
    errors_has "readable by others" "chmod 600"
    run_status 3 planner pack --project "$PROJECT" --to 1.0.0 --out C --sign keys/vendor --allow-unproven
    errors_has "readable by others"
    printf 'secret\nsecret\n' | minisign -G -p enc.pub -s enc >/dev/null 2>&1
    run_status 3 planner sign B --key enc
    errors_has "is encrypted" "--add SLOT"
    (umask 077 && echo rubbish >rubbish)
    run_status 4 planner sign B --key rubbish
    errors_has "no minisign secret key"
    run_status 5 planner sign B --key none
    cmp B before
}

@test "sign refuses what no site would take, and leaves the bundle as it was" {
    unsigned_bundle B
    tar -xf B HEAD
    planner sign B --key keys/vendor >/dev/null
    cp B before
    make_key second
    run_status 4 planner sign B --key keys/vendor
    errors_has "has signed already (slot 1)"
    minisign -S -H -s keys/second -m HEAD -x slot </dev/null >/dev/null
    run_status 6 planner sign B --add slot
    errors_has "minisign -S -H -m HEAD -t 'sealift/1 release product=shop sequence=1'"
    minisign -S -H -s keys/second -m HEAD -x slot -t 'sealift/1 release product=shop sequence=2' </dev/null >/dev/null
    run_status 6 planner sign B --add slot
    errors_has "signed for 'sealift/1 release product=shop sequence=2', not for"
    minisign -S -l -s keys/second -m HEAD -x slot -t "$(comment_of B)" </dev/null >/dev/null
    run_status 6 planner sign B --add slot
    errors_has "legacy"
    minisign -S -H -s keys/second -m HEAD -x slot -c other -t "$(comment_of B)" </dev/null >/dev/null
    run_status 6 planner sign B --add slot
    errors_has "first line"
    run_status 2 planner sign B
    run_status 2 planner sign B --key keys/vendor --add slot
    run_status 2 planner sign B --key keys/vendor --out slot
    run_status 2 planner sign HEAD --key keys/vendor
    run_status 2 planner sign HEAD --add slot
    run_status 4 planner sign slot --key keys/vendor
    errors_has "neither a bundle nor the HEAD of one"
    run_status 5 planner sign none --key keys/vendor
    cmp B before
    head -c 100000 /dev/zero >zeros
    run_status 4 planner sign zeros --key keys/vendor
    errors_has "neither a bundle"
    exec {lock}<>B
    flock -x "$lock"
    run_status 8 planner sign B --key keys/second
    exec {lock}>&-
}

@test "fifteen signatures fit, the sixteenth does not" {
    unsigned_bundle B
    for i in $(seq 15); do
        make_key "k$i"
        planner sign B --key "keys/k$i" >/dev/null
    done
    run_status 4 planner sign B --key keys/vendor
    errors_has "all 15 slots are full"
}

@test "with a keyring, only its release keys sign, and signatures are checked" {
    make_key root
    make_key other
    planner keys keyring --root keys/root.pub --root-threshold 1 --release keys/vendor.pub keys/other.pub \
        --release-threshold 2 --sign keys/root --project "$PROJECT" --out "$PROJECT/keyring.txt" >/dev/null
    unsigned_bundle B
    run_status 6 planner sign B --key keys/root
    errors_has "is no release key of the bundle's keyring"
    # over another HEAD, with the right comment
    tar -xf B HEAD
    sed 's/^statements: 1$/statements: 2/' HEAD >HEAD2
    minisign -S -H -s keys/vendor -m HEAD2 -x slot -t "$(comment_of B)" </dev/null >/dev/null
    run_status 6 planner sign B --add slot
    errors_has "does not hold"
    planner sign B --key keys/vendor >/dev/null
    applier trust init --key keys/root.pub >/dev/null
    run_status 6 applier verify B
    errors_has "1 of 2 signatures"
    planner sign B --key keys/other >/dev/null
    run_status 0 applier verify B
}

@test "keys keyring says who signs and refuses too few" {
    make_key r1
    make_key r2
    keyring() {
        planner keys keyring --root keys/r1.pub keys/r2.pub --release keys/vendor.pub \
            --product "$(product_uuid)" --out kr.txt "$@"
    }
    run_status 6 keyring --root-threshold 2 --release-threshold 1 --sign keys/r1 keys/vendor
    errors_has "signed by 1 of its own root keys, 2 are wanted"
    run_status 4 keyring --root-threshold 3 --release-threshold 1 --sign keys/r1 keys/r2
    errors_has "root threshold is 3, with 2 root keys"
    run_status 2 keyring --root-threshold 0 --release-threshold 1 --sign keys/r1
    run_status 2 keyring --root-threshold 1 --release-threshold 1 --sign keys/r1 keys/r1
    errors_has "given twice"
    run_status 2 keyring --root-threshold 1 --release-threshold 1
    run_status 2 keyring --root-threshold 1 --release-threshold 1 --sign keys/r1 --project "$PROJECT"
    run_status 2 planner keys keyring --root keys/r1.pub --root-threshold 1 --release-threshold 1 --sign keys/r1 \
        --out kr.txt --product "$(product_uuid)"
    run_status 2 planner keys keyring --root keys/r1.pub --root-threshold 1 --release keys/vendor.pub \
        --release-threshold 1 --sign keys/r1 --out kr.txt --product SHOP
    run_status 3 planner keys keyring --root keys/r1.pub --root-threshold 1 --release keys/vendor.pub \
        --release-threshold 1 --sign keys/r1 --out kr.txt
    [ ! -e kr.txt ]
    run_status 0 keyring --root-threshold 2 --release-threshold 1 --sign keys/r1 keys/r2 keys/vendor
    output_has "keyring version 1 of product" "fingerprint:" "for sites that trust this key now"
    run_status 3 keyring --root-threshold 2 --release-threshold 1 --sign keys/r1 keys/r2
    errors_has "already there"
    rm kr.txt
    run_status 0 keyring --root-threshold 2 --release-threshold 1 --sign keys/r1 keys/r2 --json
    same "roots" "r1 r2" "$(json '[.roots[].name] | sort | join(" ")' -r)"
    cp keys/vendor.pub 'a b.pub'
    run_status 4 planner keys keyring --root 'a b.pub' --root-threshold 1 --release keys/vendor.pub \
        --release-threshold 1 --sign keys/vendor --out kr2.txt --product "$(product_uuid)"
    errors_has "cannot be the name of a key"
}

@test "trust init writes once, shows what it trusts, and asks nothing" {
    make_key second
    run_status 3 applier trust show
    errors_has "trusts no key yet" "applier trust init --key FILE.pub"
    run_status 2 applier trust init
    run_status 2 applier trust init --key keys/vendor.pub keys/second.pub
    errors_has "--threshold N"
    run_status 2 applier trust init --key keys/vendor.pub --threshold 2
    run_status 2 applier trust init --key keys/vendor.pub --threshold 0
    run_status 2 applier trust init --key keys/vendor.pub --product SHOP
    run_status 4 applier trust init --key keys/vendor
    [ ! -e "$SEALIFT_CONFIG_DIR/trust.d/any/keyring.0" ]
    run_status 0 applier trust init --key keys/vendor.pub --key keys/second.pub --threshold 2
    output_has "any product" "vendor" "second" "2 must sign a bundle" "a stolen release key is a stolen root"
    same "fingerprint" "$(b2sum -l 256 "$SEALIFT_CONFIG_DIR/trust.d/any/keyring.0" | cut -d' ' -f1)" \
        "$(sed -n 's/^ *fingerprint: //p' <<<"$output" | tr -d ' ')"
    run_status 3 applier trust init --key keys/vendor.pub
    errors_has "already there"
    run_status 0 applier trust init --key keys/vendor.pub --product "$(product_uuid)"
    run_status 0 applier trust show --json
    same "keyrings" "$(product_uuid),null" "$(json '.keyrings | map(.product_uuid // "null") | join(",")' -r)"
    chmod o+w "$SEALIFT_CONFIG_DIR/trust.d/any/keyring.0"
    run_status 3 applier trust show
    errors_has "may be written by others"
}

@test "who signs too little, or is not known, or for another product, is refused" {
    make_key second
    make_key stranger
    unsigned_bundle B
    applier trust init --key keys/vendor.pub keys/second.pub --threshold 2 >/dev/null
    run_status 6 applier verify B
    errors_has "no signature"
    planner sign B --key keys/vendor >/dev/null
    run_status 6 applier verify B
    errors_has "1 of 2 signatures"
    cp B C
    planner sign C --key keys/stranger >/dev/null
    run_status 6 applier verify C
    errors_has "slot 2: signed by key $(planner keys show keys/stranger.pub --json | jq -r .key_id), which this site does not know"
    planner sign B --key keys/second >/dev/null
    run_status 0 applier verify B
    SEALIFT_CONFIG_DIR=$WORK/elsewhere
    applier trust init --key keys/vendor.pub keys/second.pub --threshold 2 \
        --product 3f2b8c1e-0000-4000-8000-00000000000a >/dev/null
    run_status 6 applier verify B
    errors_has "product 'shop' ($(product_uuid))" "3f2b8c1e-0000-4000-8000-00000000000a"
}

@test "a product's own keyring wins over any" {
    make_key second
    unsigned_bundle B
    planner sign B --key keys/second >/dev/null
    applier trust init --key keys/second.pub >/dev/null
    run_status 0 applier verify B
    applier trust init --key keys/vendor.pub --product "$(product_uuid)" >/dev/null
    run_status 6 applier verify B
    errors_has "has a keyring of its own here"
}

@test "a bundle for another site, environment or channel is refused" {
    printf '\n[bundle]\nsites = alpha,beta\nenvironment = staging\nchannel = beta\n' >>"$PROJECT/sealift.conf"
    pack_bundle B 1.0.0 >/dev/null
    trust_site
    conf() { printf '[site]\n%s' "$1" >"$SEALIFT_CONFIG_DIR/applier.conf"; }
    run_status 6 applier verify B
    errors_has "for the sites 'alpha,beta', this site has no name"
    conf $'name = gamma\nenvironment = staging\n'
    run_status 6 applier verify B
    errors_has "this site is 'gamma'"
    conf $'name = beta\nenvironment = production\n'
    run_status 6 applier verify B
    errors_has "for the environment 'staging', this site is 'production'"
    conf $'name = beta\nenvironment = staging\nchannel = main\n'
    run_status 6 applier verify B
    errors_has "of the channel 'beta', this site takes 'main'"
    conf $'name = beta\nenvironment = staging\nchannel = beta\n'
    run_status 0 applier verify B
    conf $'name = Beta\n'
    run_status 3 applier verify B
    errors_has "applier.conf"
}
