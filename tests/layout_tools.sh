#!/bin/bash
# make test-tools: the fixtures of tests/vectors/layouts, applied by the tools whose layouts they are
# and by us: equal schemas, up and after the last migration's down. usage: tests/layout_tools.sh
#
# dbmate, node-pg-migrate, graphile-migrate and liquibase (which needs java) come from npm in the versions below, into build/tools; sqitch must be there. Those of the other layouts are
# not there; tests/cli/layouts.bats compares these with psql. The last line counts.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/common.bash
. tests/support/layouts.bash

TOOLS=(dbmate@2.36.0 node-pg-migrate@9.0.0 pg@8.23.1 graphile-migrate@2.0.0-rc.3 node-liquibase@4.3.3)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/sealift-tools.XXXXXX") || exit 1
bin=$PWD/build/tools/node_modules/.bin
PATH=${SEALIFT_BIN:-$PWD/build/bin}:$PATH
export SEALIFT_CONFIG_DIR=$WORK/site/config SEALIFT_STATE_DIR=$WORK/site/state
CLUSTER=
finish() {
    [ -z "$CLUSTER" ] || cluster_remove "$CLUSTER"
    rm -rf -- "$WORK"
}
trap finish EXIT
passed=0 failed=0

install_tools() {
    mkdir -p build/tools
    npm install --prefix build/tools --no-save --no-audit --no-fund --silent "${TOOLS[@]}"
}

# A fresh database of this name: sets URL and DB_ADMIN.
database() {
    cluster_psql "$CLUSTER" postgres -q -c "CREATE DATABASE $1 OWNER app"
    NAME=$1
    DB=$(cluster_conninfo "$CLUSTER" "$1" app)
    DB_ADMIN=$(cluster_conninfo "$CLUSTER" "$1" postgres)
    URL="postgres://app:right@127.0.0.1:$(cat "$CLUSTER/port")/$1?sslmode=disable"
}

schema() { schema_of "$DB_ADMIN" -T schema_migrations -T pgmigrations -T 'pgmigrations*' -N sqitch -N graphile_migrate -T 'databasechangelog*'; }

# liquibase itself, of the package's own jars, over a folder that holds a copy of the fixture.
liquibase() {
    local jars=$PWD/build/tools/node_modules/node-liquibase/dist
    java -cp "$jars/liquibase/liquibase.jar:$jars/liquibase/lib/*:$jars/drivers/*" \
        liquibase.integration.commandline.Main --classpath="$WORK/liquibase-files" \
        --changeLogFile=files/all.xml --url="jdbc:postgresql://127.0.0.1:$(cat "$CLUSTER/port")/$NAME" --username=app \
        --password=right "$@"
}

# tool LAYOUT up|down: by the tool itself, against $URL.
tool() {
    local folder
    folder=$(layout_folder "$1")
    case $1 in
    dbmate) "$bin/dbmate" --url "$URL" --migrations-dir "$folder" --no-dump-schema "$2" ;;
    sqitch)
        case $2 in
        up) sqitch --chdir "$folder" deploy --verify "db:${URL%%\?*}" ;;
        down) sqitch --chdir "$folder" revert --to @HEAD^ -y "db:${URL%%\?*}" ;;
        esac
        ;;
    liquibase)
        mkdir -p "$WORK/liquibase-files"
        cp -R "$folder" "$WORK/liquibase-files/files"
        case $2 in
        up) liquibase update ;;
        down) liquibase rollbackCount 1 ;;
        esac
        ;;
    graphile-migrate)
        [ "$2" = up ] || return 0
        rm -rf "$WORK/graphile"
        mkdir "$WORK/graphile"
        cp -R "$folder" "$WORK/graphile/migrations"
        echo '{}' >"$WORK/graphile/.gmrc"
        (cd "$WORK/graphile" && DATABASE_URL=$URL DATABASE_OWNER=app "$bin/graphile-migrate" migrate)
        ;;
    node-pg-migrate) DATABASE_URL=$URL "$bin/node-pg-migrate" "$2" -m "$folder" ;;
    esac
}

# As tool; where it fails that counts, and is shown.
theirs() {
    tool "$@" >"$WORK/out" 2>&1 && return
    echo "FAILED $1's tool, $2"
    cat "$WORK/out"
    failed=$((failed + 1))
}

# check WHAT FILE FILE
check() {
    if diff "$2" "$3" >"$WORK/diff" && [ -s "$2" ]; then
        echo "ok     $1"
        passed=$((passed + 1))
    else
        echo "FAILED $1"
        head -20 "$WORK/diff"
        failed=$((failed + 1))
    fi
}

compare() {
    local layout=$1
    # shellcheck disable=SC2034 # release and pack_bundle take it from here
    PROJECT=$WORK/$layout
    shift
    if ! { layout_project "$layout" && release "$@" &&
        pack_bundle "$WORK/$layout.bundle" "${*: -1}" >/dev/null; }; then
        failed=$((failed + 1))
        return
    fi
    database "theirs_${layout%%-*}"
    theirs "$layout" up
    schema >"$WORK/theirs.up"
    grep -q '^CREATE TABLE' "$WORK/theirs.up" || failed=$((failed + 1))
    theirs "$layout" down
    schema >"$WORK/theirs.down"
    database "ours_${layout%%-*}"
    rm -rf "$WORK/site"
    mkdir -p "$WORK/site/config" "$WORK/site/state"
    trust_site vendor
    applier apply "$WORK/$layout.bundle" --db "$DB" --yes >"$WORK/out" 2>&1 || cat "$WORK/out"
    schema >"$WORK/ours.up"
    check "$layout: up" "$WORK/theirs.up" "$WORK/ours.up"
    [ "$layout" != graphile-migrate ] || return 0 # it has no down
    applier rollback --steps 1 --db "$DB" --yes >"$WORK/out" 2>&1 || cat "$WORK/out"
    schema >"$WORK/ours.down"
    check "$layout: down" "$WORK/theirs.down" "$WORK/ours.down"
}

if ! command -v npm >/dev/null || ! install_tools; then
    echo "the tools could not be installed by npm"
    echo "0 passed, 1 failed"
    exit 1
fi

# What sqitch itself says of the plan whose ids tests/unit/migrations/sqitch_ids_test.c expects.
compare_sqitch_ids() {
    cp "$TOP"/tests/vectors/sqitch_ids/sqitch.* "$WORK"
    (cd "$WORK" && perl -MApp::Sqitch -MApp::Sqitch::Config -MApp::Sqitch::Target -e '
        my $sqitch = App::Sqitch->new(config => App::Sqitch::Config->new);
        for my $change (App::Sqitch::Target->new(sqitch => $sqitch)->plan->changes) {
            print "change ", $change->id, " ", $change->name, "\n";
            print "tag ", $_->id, " ", $_->name, "\n" for $change->tags;
        }') >"$WORK/ids"
    check "sqitch: ids" "$WORK/ids" "$TOP/tests/vectors/sqitch_ids/expected"
}

cluster_new fast $$ || exit 1
CLUSTER=$cluster_dir
compare dbmate 1.0.0
compare node-pg-migrate 1.0.0
compare graphile-migrate 1.0.0
if command -v java >/dev/null; then
    compare liquibase 1.0.0
else
    echo "FAILED java is not installed, which liquibase needs"
    failed=$((failed + 1))
fi
if command -v sqitch >/dev/null; then
    compare_sqitch_ids
    PATH=$PG_BIN:$PATH compare sqitch 1.0.0 1.1.0
else
    echo "FAILED sqitch is not installed (Debian's packages sqitch, libdbd-pg-perl)"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
