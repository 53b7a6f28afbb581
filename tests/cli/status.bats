# The states of a database, each with the one command that comes next.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() { common_teardown; }

# Three versions, 2.0.0 with two migrations; a bundle from each to the next.
three_versions() {
    echo 'CREATE TABLE a ();' | script 1.0.0/0001_a.up.sql
    echo 'DROP TABLE a;' | script 1.0.0/0001_a.down.sql
    echo 'CREATE TABLE b ();' | script 2.0.0/0002_b.up.sql
    echo 'DROP TABLE b;' | script 2.0.0/0002_b.down.sql
    echo 'CREATE TABLE c ();' | script 2.0.0/0003_c.up.sql
    echo 'DROP TABLE c;' | script 2.0.0/0003_c.down.sql
    echo 'CREATE TABLE d ();' | script 3.0.0/0004_d.up.sql
    release 1.0.0 2.0.0 3.0.0
    mkdir shelf
    pack_bundle shelf/1 1.0.0 >/dev/null
    pack_bundle shelf/2 2.0.0 --from 1.0.0 >/dev/null
    pack_bundle shelf/3 3.0.0 --from 2.0.0 >/dev/null
    trust_site
}

# status_is 'STATE NEXT' [arguments…]
status_is() {
    local expected=$1
    shift
    run_status 0 applier status --json "$@"
    same "status $*" "$expected" "$(json '"\(.state) \(.next)"')"
}

@test "unmanaged: apply where the database is empty, adopt where it is not" {
    three_versions
    status_is "unmanaged applier apply BUNDLE"
    status_is "unmanaged applier apply shelf/1" shelf/1
    status_is "unmanaged applier apply shelf" shelf
    run_status 0 applier status
    output_has "next       applier apply BUNDLE"
    psql_as_app -c 'CREATE TABLE somebodys ()'
    status_is "unmanaged applier adopt BUNDLE"
    status_is "unmanaged applier adopt shelf/1" --bundle shelf/1
    status_is "unmanaged applier adopt shelf/3" shelf
    mkdir none
    status_is "unmanaged applier adopt BUNDLE" none
}

@test "behind, current and ahead, by a bundle and by a folder" {
    three_versions
    run_status 0 applier apply shelf/1 shelf/2 --yes
    status_is "current null"
    status_is "current null" shelf/2
    status_is "behind applier apply shelf/3" shelf/3
    status_is "behind applier apply shelf" --bundle shelf
    same pending 0004_d "$(json '.pending | join(" ")')"
    same route "2.0.0 3.0.0 shelf/3 true" "$(json '.route[] | "\(.from) \(.to) \(.bundle) \(.now)"')"
    run_status 12 applier status --check --bundle shelf
    run_status 0 applier status shelf
    output_has "route      to 3.0.0" "1. 2.0.0 -> 3.0.0, 1 migration, by 'shelf/3'" "pending    3.0.0    0004_d"
    run_status 0 applier apply shelf/3 --yes
    status_is "current null" shelf
    status_is "ahead null" shelf/2
    run_status 0 applier status shelf/2
    output_has "the database is beyond 2.0.0, where the bundle ends"
    rm shelf/3
    status_is "ahead null" shelf
    run_status 2 applier status shelf/1 --bundle shelf
    errors_has "one of them says what to compare with"
}

@test "behind a gap: the missing bundles are named" {
    three_versions
    run_status 0 applier apply shelf/1 --yes
    status_is "behind applier apply DIR" shelf/3
    rm shelf/2
    status_is "behind applier apply shelf" shelf
    json .why | grep -q "to go from 1.0.0 to 3.0.0 a bundle that starts at 1.0.0 is missing"
}

@test "after a rollback to nothing the bundle that begins there is compared, and comes next" {
    three_versions
    run_status 0 applier apply shelf/1 --yes
    run_status 0 applier apply shelf/2 --yes
    run_status 0 applier rollback --to - --yes --accept-unproven
    status_is "behind applier apply BUNDLE"
    same pending 0001_a "$(json '.pending | join(" ")')"
}

@test "inside a version: which one, and how far" {
    three_versions
    run_status 0 applier apply shelf/1 shelf/2 --yes
    run_status 0 applier rollback --steps 1 --yes --accept-unproven
    output_has "2.0.0 -> 1.0.0 and 1 migration of 2.0.0"
    run_status 0 applier status
    output_has "version    1.0.0, and 1 migration of 2.0.0"
    run_status 0 applier status --json
    same inside "1.0.0 2.0.0 2" "$(json '"\(.version) \(.inside) \(.position)"')"
    run_status 0 applier rollback --accept-unproven --to 1.0.0 --yes --json
    same inside null "$(json .inside)"
    run_status 2 applier rollback --accept-unproven --steps 1
    errors_has "1 to take back, from version 1.0.0 to (nothing):"
}

@test "a run that failed where a version ends: what happened, and resume comes next" {
    three_versions
    run_status 0 applier apply shelf/1 --yes
    json_state() { json '"\(.state) \(.next) \(.last_run.action) \(.last_run.result) \(.last_run.sqlstate)"'; }
    run_status 0 applier status --json
    same 'a good end' 'current null apply done null' "$(json_state)"
    psql_as_app -c 'CREATE TABLE b ()'
    run_status 10 applier apply shelf/2 --yes
    run_status 0 applier status --json
    same failed 'behind applier resume apply failed 42P07' "$(json_state)"
    json .last_run.words | grep -q "migration '0002_b' (2.0.0), statement 1"
    run_status 7 applier rollback --to 9 --yes
    run_status 0 applier status
    output_has 'last run   apply 1.0.0 -> 2.0.0 of 2' ': failed' "migration '0002_b' (2.0.0), statement 1" 'next       applier resume'
    status_is 'behind applier apply shelf/2' shelf/2
    psql_as_app -c 'DROP TABLE b'
    run_status 0 applier resume
    run_status 0 applier status
    output_lacks 'last run' 'next  '
}

@test "the next command can be pasted: it names the database, without a password, and quotes paths" {
    three_versions
    unset DATABASE_URL
    run_status 0 applier apply shelf/1 --yes --db "$DB"
    local port
    port=$(cluster_port "$CLUSTER")
    run_status 0 applier status shelf/3 --db "postgresql://app:right@127.0.0.1:$port/$DATABASE" --json
    same next "applier apply DIR --db \"user=app dbname=$DATABASE host=127.0.0.1 port=$port\"" "$(json .next)"
    run_status 0 applier status shelf/2 --db "postgresql://app@127.0.0.1:$port/$DATABASE?password=right" --json
    output_lacks right
    mkdir 'my shelf'
    cp shelf/* 'my shelf'
    run_status 0 applier status --db "$DB" 'my shelf'
    output_has "next       applier apply \"my shelf\" --db \"$DB\""
    psql_as_app -c 'CREATE TABLE b ()'
    run_status 10 applier apply 'my shelf' --yes --db "$DB"
    run_status 0 applier status --db "$DB"
    output_has "next       applier resume --db \"$DB\""
    psql_as_app -c 'DROP TABLE b'
    run_status 0 bash -c "$(sed -n 's/^next *//p' <<<"$output")"
    psql_as_app -c 'CREATE TABLE d ()'
    run_status 10 applier apply 'my shelf' --yes --db "$DB"
    psql_as_app -c 'DROP TABLE d'
    run_status 7 applier resume shelf/2 --db "$DB"
    errors_has "'applier resume BUNDLE --db \"$DB\"'"
    export DATABASE_URL=$DB
    run_status 7 applier resume shelf/2
    errors_has "'applier resume BUNDLE'"
}

@test "diverged: a journal that does not chain, and a version of nobody's line" {
    three_versions
    run_status 0 applier apply shelf/1 --yes
    PROJECT=$WORK/fork
    planner init --product shop --layout sealift "$PROJECT" >/dev/null
    cp "$WORK/shop/sealift.conf" "$PROJECT/sealift.conf"
    echo 'CREATE TABLE a (other int);' | script 1.0.0/0001_a.up.sql
    echo 'CREATE TABLE b (other int);' | script 2.0.0/0002_b.up.sql
    release 1.0.0 2.0.0
    pack_bundle forked 2.0.0 >/dev/null
    status_is "diverged applier status" forked
    mkdir only
    cp forked only
    run_status 0 applier apply shelf/2 --yes
    status_is "diverged applier status" only
    sql "UPDATE sealift.journal SET identity = 'x' WHERE number = 1"
    status_is "diverged applier history"
}
