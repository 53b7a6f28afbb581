#!/bin/bash
# The story of one product and one site, told on the terminal: `make demo`.
#
# Everything happens in a temporary folder with a scratch PostgreSQL of its own, both gone at the end.
# Each command is shown as it could be typed, and must end with the exit status that the story needs:
# anything else stops the demonstration with status 1.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/support/cluster.sh"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/sealift-demo.XXXXXX") || exit 1
finish() {
    trap - EXIT
    cluster_remove "$cluster_dir"
    rm -rf -- "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' green='' plain=''
fi

step=0
heading() {
    step=$((step + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$step" "$*" "$plain"
}
prose() { printf '\n'; printf '%s\n' "$@"; }

# shown STATUS COMMAND…: print the command, run it, show what it prints, demand its exit status.
shown() {
    local expected=$1 status word line=
    shift
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_./:=@%+,-]+$ ]] || word="'$word'"
        line+=" $word"
    done
    printf '\n  %s$%s%s\n' "$green" "$line" "$plain"
    # The programs see no terminal here: what they print is indented by us.
    { "$@" 2>&1 </dev/null; } >"$scratch/printed"
    status=$?
    sed 's/^/    /' "$scratch/printed"
    if [ "$status" -ne "$expected" ]; then
        printf '\ndemo: exit status %d, but the story needs %d. Stopping here.\n' "$status" "$expected" >&2
        exit 1
    fi
    [ "$expected" -eq 0 ] || printf '    %s(exit status %d, as it should be)%s\n' "$bold" "$status" "$plain"
}

# must_say WORDS: what was shown last has these words.
must_say() {
    grep -qF -- "$1" "$scratch/printed" && return 0
    printf '\ndemo: the last command did not say "%s". Stopping here.\n' "$1" >&2
    exit 1
}

export PATH="$top/build/bin:$PATH" LC_ALL=C.UTF-8
unset "${!PG@}" DATABASE_URL
export SEALIFT_CONFIG_DIR=$scratch/site/etc SEALIFT_STATE_DIR=$scratch/site/var
mkdir -p "$scratch/vendor/keys" "$scratch/stick" "$scratch/site"
sample=("$top"/migrations/examples/*/sealift.conf)
cp -R "$(dirname "${sample[0]}")" "$scratch/vendor/harbor"

printf '%sSealift: schema upgrades for PostgreSQL, carried across an air gap%s\n' "$bold" "$plain"
prose "A vendor ships a product whose database schema changes with every version. A customer's" \
    "site has no network. This is the whole way of two versions from one to the other." \
    "" \
    "(Starting a scratch PostgreSQL for the site in $scratch …)"
cluster_new fast $$ || exit 1
cluster_psql "$cluster_dir" postgres -q -c "CREATE DATABASE harbor OWNER app" || exit 1
DATABASE_URL="postgresql://app@/harbor?host=$cluster_dir/socket&port=$(cluster_port "$cluster_dir")"
export DATABASE_URL

cd "$scratch/vendor" || exit 1
heading "The vendor makes a signing key"
prose "Once in a product's life. The secret stays with the vendor; the .pub file is for everyone."
shown 0 planner keys new keys/release

heading "The vendor rehearses the migrations"
prose "Every migration up, down and up again, on a throw-away server that nothing else sees. Schemas" \
    "are compared object by object, rows by their hashes; what is locked is measured. The second" \
    "time only what is new is run."
shown 0 planner rehearse --project harbor --to 1.0.0 --pg-bin "$(cluster_bin)"
must_say "exact 5"
shown 0 planner rehearse --project harbor --to 1.1.0 --pg-bin "$(cluster_bin)"
must_say "exact 10"

heading "The vendor releases two versions of the product"
prose "The migrations are plain SQL files in a folder per version. To release is to freeze: from" \
    "then on an edited, removed or inserted migration is an error."
shown 0 planner release 1.0.0 --project harbor
shown 0 planner release 1.1.0 --project harbor
shown 0 planner status --project harbor

heading "The vendor packs and signs one bundle per version"
prose "A bundle is one tar file: a signed head, a manifest (SQLite) and the SQL itself, with what the" \
    "rehearsal showed: from here on it can be proven at the site."
shown 0 planner pack --project harbor --to 1.0.0 --out harbor-1.0.0.bundle --sign keys/release
shown 0 planner pack --project harbor --from 1.0.0 --to 1.1.0 --out harbor-1.1.0.bundle \
    --sign keys/release

heading "Someone carries them to the site"
prose "Three files on a stick. The site never sees the vendor's project or its secret key."
shown 0 cp harbor-1.0.0.bundle harbor-1.1.0.bundle keys/release.pub ../stick
cd "$scratch/stick" || exit 1

heading "The site says whom it trusts, once"
shown 0 applier trust init --key release.pub

heading "The site proves the bundle: every signature, digest and byte"
shown 0 applier verify harbor-1.0.0.bundle

heading "The site looks at what would be done, and does it"
prose "plan changes nothing. (The database's address comes from DATABASE_URL.)"
shown 0 applier plan harbor-1.0.0.bundle
shown 0 applier apply harbor-1.0.0.bundle --yes
shown 0 applier status

heading "A copy was tampered with on the way"
prose "One letter of the SQL in the second bundle is changed; tar would still unpack it. It is refused" \
    "before anything reads its content."
shown 0 cp harbor-1.1.0.bundle tampered.bundle
shown 0 sed -i 's/ADD COLUMN cargo/ADD COLUMN cargx/' tampered.bundle
shown 1 cmp harbor-1.1.0.bundle tampered.bundle
shown 6 applier apply tampered.bundle --yes
must_say "not what was signed"

heading "Meanwhile somebody has changed the schema by hand"
prose "The database is no longer what was proven. The upgrade does not begin, and each object that" \
    "differs is named, with both definitions."
by_hand() { "$(cluster_bin)/psql" -X -q -d "$DATABASE_URL" -c "$1"; }
shown 0 by_hand "ALTER TABLE vessel ALTER COLUMN name DROP NOT NULL"
shown 7 applier drift
must_say "public.vessel.name"
shown 7 applier apply harbor-1.1.0.bundle --yes
shown 0 by_hand "ALTER TABLE vessel ALTER COLUMN name SET NOT NULL"
shown 0 applier drift

heading "The true one is applied"
prose "First a look at what would stop or delay it, then a backup that is made and read back before the" \
    "first step. A DBA's own index is no harm: it is accepted by name, with a reason that the ledger keeps."
shown 0 applier preflight harbor-1.1.0.bundle
shown 0 by_hand "CREATE INDEX dba_vessel_name ON vessel (name)"
mkdir "$scratch/backup"
shown 0 applier apply harbor-1.1.0.bundle --yes --backup pg_dump:"$scratch/backup" \
    --accept-extra 'index:public.vessel.dba_vessel_name=lookups by name, until 1.2'
must_say "proven at build time"
shown 0 applier status

heading "It has to be taken back"
prose "Rollback reads the way back from the database itself: the bundles, the trust folder and the" \
    "vendor are not needed. They are removed to show it."
shown 0 rm harbor-1.0.0.bundle harbor-1.1.0.bundle release.pub
shown 0 rm -r "$SEALIFT_CONFIG_DIR" "$SEALIFT_STATE_DIR"
prose "Rows that would be lost are counted as they are now. Nothing is done until the loss is accepted" \
    "by name."
shown 7 applier rollback --yes
must_say "6 rows"
shown 0 applier rollback --yes --accept-data-loss=0006_create_vessel_types
shown 0 applier status
must_say "1.0.0"
shown 0 applier history

printf '\n%sThat is all of it.%s The scratch server and its folder are removed now. README.md says where to read on.\n' \
    "$bold" "$plain"
