#!/bin/bash
# make test-tools: the fixtures of tests/vectors/layouts, applied by the tools whose layouts they are
# and by us: equal schemas, up and after the last migration's down; and with [foreign-history] keep the
# tools find nothing to do behind us, what we took back to do again, and nothing behind an upgrade of a
# database that they made and we adopted. usage: tests/layout_tools.sh
#
# dbmate, node-pg-migrate, graphile-migrate and liquibase (which needs java), an old one and a newer, come from npm in the versions below, into build/tools; sqitch must be there. Those of the other layouts are
# not there; tests/cli/layouts.bats compares these with psql. The last line counts.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/support/common.bash
. tests/support/layouts.bash

TOOLS=(dbmate@2.36.0 node-pg-migrate@9.0.0 pg@8.23.1 graphile-migrate@2.0.0-rc.3
    liquibase-4.28.0@npm:liquibase@4.28.1 liquibase-4.4.0@npm:liquibase@4.4.0)
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

# liquibase itself, in version $LIQUIBASE, over $WORK/liquibase-files: liquibase COMMAND [OPTION…]
LIQUIBASE=4.28.0
liquibase() {
    local at=$PWD/build/tools/node_modules/liquibase-$LIQUIBASE/dist jars path=--search-path
    jars="$at/liquibase/internal/lib/*"
    if [ "$LIQUIBASE" = 4.4.0 ]; then
        jars="$at/liquibase/liquibase.jar:$at/liquibase/lib/*:$at/drivers/*"
        path=--classpath
    fi
    java -cp "$jars" liquibase.integration.commandline.LiquibaseCommandLine "$path=$WORK/liquibase-files" \
        --changelog-file="${CHANGELOG:-files/all.xml}" --username=app --password=right \
        --url="jdbc:postgresql://127.0.0.1:$(cat "$CLUSTER/port")/$NAME" "$@"
}

# tool LAYOUT up|down|pending|verify: by the tool itself, against $URL, in FOLDER (default: the fixture).
tool() {
    local folder
    folder=${FOLDER:-$(layout_folder "$1")}
    case $1 in
    dbmate) "$bin/dbmate" --url "$URL" --migrations-dir "$folder" --no-dump-schema "${2/pending/status}" ;;
    sqitch)
        case $2 in
        up) sqitch --chdir "$folder" deploy --verify "db:${URL%%\?*}" ;;
        down) sqitch --chdir "$folder" revert --to @HEAD^ -y "db:${URL%%\?*}" ;;
        pending) sqitch --chdir "$folder" status "db:${URL%%\?*}" ;;
        verify) sqitch --chdir "$folder" verify "db:${URL%%\?*}" ;;
        esac
        ;;
    node-pg-migrate)
        case $2 in
        pending) DATABASE_URL=$URL "$bin/node-pg-migrate" up --dry-run -m "$folder" ;;
        *) DATABASE_URL=$URL "$bin/node-pg-migrate" "$2" -m "$folder" ;;
        esac
        ;;
    liquibase)
        rm -rf "$WORK/liquibase-files"
        mkdir -p "$WORK/liquibase-files"
        cp -R "$folder" "$WORK/liquibase-files/files"
        case $2 in
        up) liquibase update ;;
        down) liquibase rollback-count --count=1 ;;
        pending) liquibase status --verbose ;;
        esac
        ;;
    graphile-migrate)
        case $2 in up | pending) ;; *) return 0 ;; esac
        rm -rf "$WORK/graphile"
        mkdir "$WORK/graphile"
        cp -R "$folder" "$WORK/graphile/migrations"
        echo '{}' >"$WORK/graphile/.gmrc"
        (cd "$WORK/graphile" && DATABASE_URL=$URL SHADOW_DATABASE_URL=${URL/$NAME/shadow} \
            ROOT_DATABASE_URL=${URL/$NAME/postgres} DATABASE_OWNER=app "$bin/graphile-migrate" "$(sed 's/up/migrate/; s/pending/status/' <<<"$2")")
        ;;
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
    applier rollback --steps 1 --db "$DB" --yes --accept-unproven >"$WORK/out" 2>&1 || cat "$WORK/out"
    schema >"$WORK/ours.down"
    check "$layout: down" "$WORK/theirs.down" "$WORK/ours.down"
}

# --- the tool's own history ---------------------------------------------------------------------------

# How many migrations the tool would run now, in its own words: NUMBER, or what it said.
pending() {
    tool "$1" pending >"$WORK/said" 2>&1
    case $1 in
    dbmate) sed -n 's/^Pending: //p' "$WORK/said" ;;
    node-pg-migrate)
        if grep -q '^No migrations to run' "$WORK/said"; then echo 0; else grep -c '^> - ' "$WORK/said"; fi
        ;;
    graphile-migrate)
        if grep -q '^There are [0-9]* committed migrations pending' "$WORK/said"; then
            sed -n 's/^There are \([0-9]*\) committed.*/\1/p' "$WORK/said"
        elif grep -q '^Up to date\|^The current migration is not empty' "$WORK/said"; then
            echo 0
        fi
        ;;
    liquibase)
        if grep -q ' is up to date$' "$WORK/said"; then echo 0; else sed -n 's/^\([0-9]*\) change *sets\{0,1\} ha[a-z]* not been .*/\1/p' "$WORK/said"; fi
        ;;
    sqitch)
        if grep -q '^Nothing to deploy (up-to-date)' "$WORK/said"; then
            echo 0
        else
            grep -c '^  \* ' "$WORK/said"
        fi
        ;;
    esac
}

# The tool's table as it is made, and its rows but for times and for who deployed.
their_table() {
    local query
    case $1 in
    dbmate) query='TABLE schema_migrations ORDER BY 1' ;;
    node-pg-migrate) query='SELECT id, name FROM pgmigrations ORDER BY id' ;;
    liquibase) query='SELECT id, author, filename, orderexecuted, exectype, md5sum, description, comments, tag, liquibase,
        contexts, labels, length(deployment_id) FROM databasechangelog ORDER BY dateexecuted, orderexecuted; TABLE databasechangeloglock' ;;
    graphile-migrate) query='SELECT hash, previous_hash, filename FROM graphile_migrate.migrations ORDER BY filename;
        TABLE graphile_migrate.current' ;;
    sqitch) query="SELECT change_id, script_hash, change, project, note, planned_at, planner_name, planner_email
        FROM sqitch.changes ORDER BY committed_at; SELECT tag_id, tag, project, change_id, note, planned_at,
        planner_name, planner_email FROM sqitch.tags ORDER BY 1; TABLE sqitch.dependencies ORDER BY 1, 3;
        SELECT project, uri FROM sqitch.projects; SELECT version FROM sqitch.releases; SELECT event, change_id,
        change, project, note, requires, conflicts, tags, planned_at, planner_name, planner_email
        FROM sqitch.events ORDER BY committed_at" ;;
    esac
    case $1 in
    sqitch) schema_of "$DB_ADMIN" --no-comments -n sqitch ;;
    graphile-migrate) schema_of "$DB_ADMIN" -n graphile_migrate ;;
    liquibase) schema_of "$DB_ADMIN" -t 'databasechangelog*' ;;
    *) schema_of "$DB_ADMIN" -t schema_migrations -t pgmigrations -t 'pgmigrations*' ;;
    esac
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c "$query"
}

# said WHAT LAYOUT NUMBER: the tool has so many to run.
said() {
    echo "$3 pending" >"$WORK/expected"
    echo "$(pending "$2") pending" >"$WORK/got"
    check "$2: $1" "$WORK/expected" "$WORK/got"
    cmp -s "$WORK/expected" "$WORK/got" || cat "$WORK/said"
}

# A project of the fixture that keeps the history, released as 1.0.0 and 1.1.0, rehearsed and packed.
history_project() {
    local layout=$1 major
    PROJECT=$WORK/$layout
    rm -rf "$PROJECT"
    major=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    layout_project "$layout" || return
    printf '[foreign-history]\nkeep = true\n[liquibase]\nversion = %s\nfolder = files\n' "$LIQUIBASE" >>"$PROJECT/sealift.conf"
    sed -i "s/^# server-m\(in\|ax\) = .*/server-m\1 = $major/" "$PROJECT/sealift.conf"
    # the fixture's own leaves the comment on the table
    [ "$layout" != liquibase ] ||
        sed -i 's/^--rollback DROP FUNCTION.*/&\n--rollback COMMENT ON TABLE ship IS NULL;/' "$PROJECT/migrations/001_ships.sql"
    [ "$layout" = sqitch ] ||
        planner release 1.0.0 --project "$PROJECT" --through "$2" >/dev/null || return
    [ "$layout" != sqitch ] || release 1.0.0 || return
    release 1.1.0 &&
        planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" >"$WORK/out" 2>&1 &&
        planner pack --project "$PROJECT" --to 1.1.0 --out "$WORK/$layout.history" \
            --sign "$WORK/keys/vendor" >"$WORK/out" 2>&1
}

fresh_site() {
    rm -rf "$WORK/site"
    mkdir -p "$WORK/site/config" "$WORK/site/state"
    trust_site vendor
}

# The tool alone, to the end of 1.0.0: with the files of that version, or by its own word.
tool_to_first() {
    local layout=$1
    FOLDER=$WORK/first.$layout
    cp -R "$(layout_folder "$layout")" "$FOLDER"
    case $layout in
    sqitch) sqitch --chdir "$FOLDER" deploy --to @1.0.0 "db:${URL%%\?*}" ;;
    liquibase) liquibase update-count --count=4 ;;
    *)
        rm "$FOLDER/$(layout_order "$layout" | tail -n 1)"
        tool "$layout" up
        ;;
    esac >"$WORK/out" 2>&1 || cat "$WORK/out"
    FOLDER=
}

# What we take back the tool has to do again, and does.
taken_back() {
    local layout=$1
    applier rollback --steps 1 --db "$DB" --yes --accept-unproven >"$WORK/out" 2>&1 || cat "$WORK/out"
    said "what we took back is to do" "$layout" 1
    tool "$layout" up >"$WORK/out" 2>&1 || cat "$WORK/out"
    said "the tool does it itself" "$layout" 0
}

# An update of liquibase leaves every byte of its tables as it was.
changes_nothing() {
    local query='TABLE databasechangelog; TABLE databasechangeloglock'
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c "$query" >"$WORK/before"
    tool liquibase up >"$WORK/out" 2>&1 || cat "$WORK/out"
    "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c "$query" >"$WORK/after"
    check "liquibase: an update changes nothing" "$WORK/before" "$WORK/after"
}

# What liquibase writes for the files whose rows tests/unit/migrations/liquibase_row_test.c expects.
compare_liquibase_rows() {
    local rows=$TOP/tests/vectors/liquibase_rows file version
    rm -rf "$WORK/liquibase-files"
    cp -R "$rows" "$WORK/liquibase-files"
    for file in "$rows"/*.expected; do
        version=$(basename "$file" .expected)
        database "vectors_$(tr -d .- <<<"$version")"
        LIQUIBASE=${version#*-} CHANGELOG=${version%%-*}.xml liquibase changelog-sync >"$WORK/out" 2>&1 || cat "$WORK/out"
        "$PG_BIN/psql" -XAtq -d "$DB_ADMIN" -c 'SELECT author, id, filename, md5sum, description, comments, contexts, labels
            FROM databasechangelog ORDER BY orderexecuted' >"$WORK/rows"
        check "liquibase: rows of $version" "$WORK/rows" "$file"
    done
}

# history LAYOUT [IDENTITY that ends 1.0.0 [VERSION of the tool]]
history() {
    local layout=$1 name=${1%%-*}${3:+_${3//./}}
    if ! history_project "$@"; then
        echo "FAILED $layout: a project that keeps the history"
        cat "$WORK/out"
        failed=$((failed + 1))
        return
    fi
    database "rows_$name"
    tool "$layout" up >"$WORK/out" 2>&1 || cat "$WORK/out"
    their_table "$layout" >"$WORK/theirs.rows"
    database "kept_$name"
    fresh_site
    applier apply "$WORK/$layout.history" --db "$DB" --yes >"$WORK/out" 2>&1 || cat "$WORK/out"
    their_table "$layout" >"$WORK/ours.rows"
    check "$layout: table and rows" "$WORK/theirs.rows" "$WORK/ours.rows"
    said "nothing to do behind us" "$layout" 0
    if [ "$layout" = sqitch ]; then
        tool sqitch verify >"$WORK/said" 2>&1 || true
        grep '^Verify successful' "$WORK/said" >"$WORK/got" || cat "$WORK/said"
        echo 'Verify successful' >"$WORK/expected"
        check "sqitch: verify" "$WORK/expected" "$WORK/got"
    fi
    [ "$layout" != liquibase ] || changes_nothing
    [ "$layout" = graphile-migrate ] || taken_back "$layout" # it has no down

    database "taken_$name"
    fresh_site
    tool_to_first "$layout"
    applier adopt "$WORK/$layout.history" --db "$DB" --yes >"$WORK/adopted" 2>&1 || cat "$WORK/adopted"
    printf 'of this bundle 1.0.0\n' >"$WORK/expected"
    sed -n 's/.*that is version \(.*\) of this bundle$/of this bundle \1/p' "$WORK/adopted" >"$WORK/got"
    check "$layout: adopted at what its table says" "$WORK/expected" "$WORK/got"
    applier apply "$WORK/$layout.history" --db "$DB" --yes >"$WORK/out" 2>&1 || cat "$WORK/out"
    their_table "$layout" >"$WORK/ours.rows"
    check "$layout: table and rows of an adopted one" "$WORK/theirs.rows" "$WORK/ours.rows"
    said "nothing to do behind an upgrade of its own database" "$layout" 0
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
    compare_liquibase_rows
    for LIQUIBASE in 4.28.0 4.4.0; do
        history liquibase later-on:ann:1 "$LIQUIBASE"
    done
else
    echo "FAILED java is not installed, which liquibase needs"
    failed=$((failed + 1))
fi
history dbmate 20240101120000
history node-pg-migrate 20240101120000000_add-flag
history graphile-migrate 000002
if command -v sqitch >/dev/null; then
    compare_sqitch_ids
    PATH=$PG_BIN:$PATH compare sqitch 1.0.0 1.1.0
    PATH=$PG_BIN:$PATH history sqitch
else
    echo "FAILED sqitch is not installed (Debian's packages sqitch, libdbd-pg-perl)"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
