# shellcheck shell=bash
# Bundles that carry proven schemas, for tests of the site. To be loaded behind common.bash.
#
# What a rehearsal does on a scratch cluster is done here by the commands themselves on a scratch
# database: every version up, down and up again, a fingerprint each time. prove_bundle.c puts them
# into the bundle.

PROVE_BUNDLE=${SEALIFT_TEST_PROGRAMS:-$TOP/build/tests}/integration/prove_bundle

# The server's major version, and one that it is not: sets HERE and OTHER.
majors() {
    HERE=$(($(cluster_psql "$CLUSTER" postgres -XAtc 'SHOW server_version_num') / 10000))
    # shellcheck disable=SC2034 # for the tests
    OTHER=$((HERE < 18 ? HERE + 1 : HERE - 1))
}

# fingerprint_to FILE CONNINFO: the rows of the schemas in SCOPE (default: public).
fingerprint_to() {
    # shellcheck disable=SC2086 # a list of names
    applier fingerprint --db "$2" --definitions --schema ${SCOPE:-public} | sed '1,/^$/d' >"$1"
}

# The scratch database that a bundle is rehearsed on, and a site of its own. Sets REHEARSAL.
scratch_begin() {
    # shellcheck disable=SC2153 # DATABASE is fresh_database's
    local name=s_${DATABASE}_$RANDOM
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $name OWNER app" || return
    DATABASES+=("$name")
    REHEARSAL=$(cluster_conninfo "$CLUSTER" "$name" app)
    rm -rf "$WORK/scratch"
    mkdir "$WORK/scratch"
    on_scratch trust init --key "$WORK/keys/vendor.pub" >/dev/null
}

# applier, as the scratch site.
on_scratch() {
    SEALIFT_CONFIG_DIR=$WORK/scratch/config SEALIFT_STATE_DIR=$WORK/scratch/state applier "$@"
}

# scratch_take INDEX ARRIVAL: the fingerprint of where the scratch database stands.
scratch_take() {
    local file=$WORK/scratch/$1-$2.txt
    fingerprint_to "$file" "$REHEARSAL" || return
    printf 'fingerprint\t%s\t%s\t%s\t%s\n' "$1" "$2" "${MAJOR:-$HERE}" "$file" >>"$WORK/scratch/taken"
}

# scratch_run BUNDLE: all of its versions from where the scratch database stands; facts go to scratch/.
scratch_run() {
    local bundle=$1 index=0 before version identity
    before=$(applier inspect "$bundle" --json | jq -r .from)
    scratch_take 0 up || return
    for version in $(applier inspect "$bundle" --json | jq -r '.versions[].name'); do
        index=$((index + 1))
        on_scratch apply "$bundle" --db "$REHEARSAL" --to "$version" --yes >/dev/null || return
        scratch_take $index up || return
        if on_scratch rollback --db "$REHEARSAL" --to "$before" --yes --accept-unproven >/dev/null 2>&1; then
            scratch_take $((index - 1)) down || return
            on_scratch apply "$bundle" --db "$REHEARSAL" --to "$version" --yes >/dev/null || return
            scratch_take $index again || return
        fi
        before=$version
    done
    for identity in $(applier inspect "$bundle" --json |
        jq -r '.versions[].migrations[] | select(.way_back == "unproven") | .identity'); do
        grep -P "^verdict\t$identity\t" "$WORK/facts" ||
            printf 'verdict\t%s\t%s\texact\t\n' "$identity" "${MAJOR:-$HERE}"
    done >"$WORK/scratch/verdicts"
}

# prove BUNDLE [BEFORE…]: rehearse BUNDLE, which is unproven, behind the bundles BEFORE, and put a
# proven and signed one in its place. $WORK/facts may hold more lines for prove_bundle: verdicts,
# `tolerated`, `atomic`, `earlier`, with @HERE@ for the server's major. MAJOR says on which one it
# was rehearsed (default: HERE); FACTS_SED, a sed script,
# changes what was found.
prove() {
    local bundle=$1 before
    shift
    majors
    touch "$WORK/facts"
    sed -i "s/@HERE@/$HERE/" "$WORK/facts"
    scratch_begin || return
    for before in "$@"; do
        on_scratch apply "$before" --db "$REHEARSAL" --yes >/dev/null || return
    done
    scratch_run "$bundle" || return
    {
        # shellcheck disable=SC2086 # a list of names
        printf 'scope\t%s\n' ${SCOPE:-public}
        awk -F'\t' -v OFS='\t' 'BEGIN { place["up"] = 0; place["down"] = 1; place["again"] = 2 }
            { print $2, place[$3], $0 }' "$WORK/scratch/taken" | sort -n -k1,1 -k2,2 | cut -f3-
        grep -v '^verdict' "$WORK/facts" || true
        cat "$WORK/scratch/verdicts"
    } >"$WORK/scratch/facts"
    [ -z "${FACTS_SED:-}" ] || sed -i "$FACTS_SED" "$WORK/scratch/facts"
    "$PROVE_BUNDLE" "$bundle" "$WORK/scratch/proven" "$WORK/scratch/facts" &&
        planner sign "$WORK/scratch/proven" --key "$WORK/keys/vendor" >/dev/null &&
        mv "$WORK/scratch/proven" "$bundle"
}
