# Routes: a folder of bundles, and the runs that lead through them.
load ../support/common
load ../support/proven
load ../support/blocker

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    mkdir shelf
}
teardown() { common_teardown; }

# version NAME TABLE [release's options…]: one migration that makes a table.
version() {
    local name=$1 table=$2
    shift 2
    echo "CREATE TABLE $table (id bigint);" | script "$name/000${table: -1}_$table.up.sql"
    echo "DROP TABLE $table;" | script "$name/000${table: -1}_$table.down.sql"
    planner release "$name" "$@" --project "$PROJECT" >/dev/null
}

# Five versions, of which 3.0.0 is a required stop where --stop is given, and a bundle from each to the next.
five_versions() {
    version 1.0.0 t1
    version 2.0.0 t2
    version 3.0.0 t3 "$@"
    version 4.0.0 t4
    version 5.0.0 t5
    pack_bundle shelf/1 1.0.0 >/dev/null
    for from in 1 2 3 4; do
        pack_bundle shelf/$((from + 1)) $((from + 1)).0.0 --from $from.0.0 >/dev/null
    done
    trust_site
}

legs() { json '[.route[] | "\(.from)>\(.to)"] | join(" ")'; }
state() { applier status --json | jq -r '"\(.version) \(.state)"'; }

@test "a folder of bundles is applied in order, one run each, by the shortest route" {
    five_versions
    pack_bundle shelf/long 4.0.0 --from 2.0.0 >/dev/null
    run_status 0 applier apply shelf --yes --json
    same legs "->1.0.0 1.0.0>2.0.0 2.0.0>4.0.0 4.0.0>5.0.0" "$(legs)"
    same runs "applied applied applied applied" "$(json '[.runs[].result] | join(" ")')"
    same report "5.0.0 applied null" "$(json '"\(.version) \(.result) \(.halt)"')"
    same ends 4 "$(sql "SELECT count(*) FROM sealift.event WHERE phase = 'end'")"
    same state "5.0.0 current" "$(state)"
    run_status 0 applier apply shelf --yes
    output_has "nothing to do: the database is at version 5.0.0"
    run_status 0 applier apply shelf --yes --json
    same nothing "nothing to do 0" "$(json '"\(.result) \(.runs | length)"')"
}

@test "the route is shown before it runs, and nothing runs without a yes" {
    five_versions
    run_status 0 applier apply shelf/1 shelf/2 --to 1.0.0 --yes
    run_status 2 applier apply shelf --to 3.0.0
    errors_has "from 1.0.0 to 3.0.0:" "1. 1.0.0 -> 2.0.0, 1 migration, by 'shelf/2'" \
        "2. 2.0.0 -> 3.0.0, 1 migration, by 'shelf/3'"
    same state "1.0.0 current" "$(state)"
    run_status 0 applier apply shelf/3 shelf/2 --yes
    output_has "applied shop 1.0.0 -> 2.0.0" "applied shop 2.0.0 -> 3.0.0" "the database is at version 3.0.0"
}

@test "missing bundles are named exactly" {
    five_versions
    run_status 0 applier apply shelf/1 --yes
    rm shelf/2
    run_status 7 applier apply shelf --to 3.0.0 --yes
    errors_has "to go from 1.0.0 to 3.0.0 a bundle that starts at 1.0.0 is missing" \
        "ask the vendor for 1.0.0 -> 2.0.0"
    rm shelf/4
    run_status 7 applier apply shelf --yes
    errors_has "to go from 1.0.0 to 5.0.0 2 bundles are missing" \
        "ask the vendor for 1.0.0 -> 2.0.0, 3.0.0 -> 4.0.0"
    run_status 2 applier apply shelf --to 9.9 --yes
    errors_has "no bundle at hand holds a version '9.9'" "(nothing) -> 1.0.0"
    same state "1.0.0 current" "$(state)"
    same nothing f "$(sql "SELECT to_regclass('t3') IS NOT NULL")"
}

@test "a required stop ends the go; asked for what lies behind it, nothing is begun" {
    five_versions --stop
    run_status 0 applier apply shelf/1 --yes
    run_status 7 applier apply shelf --to 5.0.0 --yes
    errors_has "5.0.0 cannot be come to in one go: version 3.0.0 is a required stop" "apply with --to 3.0.0 first"
    same state "1.0.0 current" "$(state)"
    run_status 0 applier apply shelf --yes
    errors_has "not now: version 3.0.0 is a required stop"
    output_has "the database is at version 3.0.0" "and not yet at 5.0.0: version 3.0.0 is a required stop"
    run_status 0 applier apply shelf --yes --json
    same report "5.0.0 null" "$(json '"\(.version) \(.halt)"')"
}

@test "one bundle over a required stop stops there, and goes on when asked again" {
    five_versions --stop
    pack_bundle whole 5.0.0 --from 1.0.0 >/dev/null
    run_status 0 applier apply shelf/1 --yes
    run_status 7 applier apply whole --to 4.0.0 --yes
    errors_has "no run may go from 1.0.0 to 4.0.0: version 3.0.0 is a required stop" "apply with --to 3.0.0 first"
    run_status 0 applier apply whole --yes --json
    same report "3.0.0 3.0.0" "$(json '"\(.version) \(.to)"')"
    json .halt | grep -q "version 3.0.0 is a required stop"
    run_status 0 applier apply whole --yes
    output_has "applied shop 3.0.0 -> 5.0.0"
}

@test "a database that holds nothing passes required stops" {
    five_versions --stop
    pack_bundle whole 5.0.0 >/dev/null
    run_status 0 applier apply whole --yes
    output_has "applied shop (nothing) -> 5.0.0"
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier apply shelf --yes
    output_has "the database is at version 5.0.0"
}

@test "a version that asks for a later start is come to in a run of its own" {
    version 1.0.0 t1
    version 2.0.0 t2
    version 3.0.0 t3 --min-compatible 2.0.0
    pack_bundle shelf/1 1.0.0 >/dev/null
    pack_bundle shelf/3 3.0.0 --from 1.0.0 >/dev/null
    trust_site
    run_status 0 applier apply shelf/1 --yes
    run_status 7 applier apply shelf/3 --to 3.0.0 --yes
    errors_has "a run that comes to 3.0.0 must begin at 2.0.0 or later"
    run_status 0 applier apply shelf --yes --json
    same legs "1.0.0>2.0.0 2.0.0>3.0.0" "$(legs)"
    same version 3.0.0 "$(json .version)"
}

@test "what is not trusted or damaged is named, and refused only where the way needs it" {
    five_versions
    run_status 0 applier apply shelf/1 --yes
    make_key stranger
    planner pack --project "$PROJECT" --to 5.0.0 --from 1.0.0 --out shelf/strange --sign keys/stranger \
        --allow-unproven --new-sequence >/dev/null
    head -c 70000 shelf/3 >shelf/cut
    echo 'take these on Sunday' >shelf/NOTES
    mkdir shelf/older
    run_status 0 applier apply shelf --to 2.0.0 --yes
    errors_has "'shelf/strange' is passed over" "'shelf/cut' is passed over" "'shelf/NOTES' is passed over"
    # a byte of a script: only the proof of all bytes finds it
    printf x | dd of=shelf/3 bs=1 seek=$(($(stat -c %s shelf/3) - 2000)) conv=notrunc status=none
    run_status 6 applier apply shelf --yes
    errors_has "the way from 2.0.0 to 5.0.0 needs 'shelf/3', which is refused"
    same state "2.0.0 current" "$(state)"
    pack_bundle shelf/other 4.0.0 --from 2.0.0 >/dev/null
    run_status 0 applier apply shelf --yes
    output_has "the database is at version 5.0.0"
    # named by itself it is refused at once
    run_status 6 applier apply shelf/5 shelf/strange --yes
}

@test "bundles of other products are named and passed over; without a ledger they must be of one" {
    five_versions
    shop=$PROJECT
    empty_project mill
    version 1.0.0 m1
    pack_bundle shelf/mill 1.0.0 >/dev/null
    PROJECT=$shop
    run_status 2 applier apply shelf --yes
    errors_has "bundles of two products" "name the bundles of one of them"
    run_status 0 applier apply shelf/1 --yes
    run_status 0 applier apply shelf --yes --json
    same passed "shelf/mill it is of product mill" "$(json '.passed_over[] | "\(.bundle) \(.why)"')"
    same version 5.0.0 "$(json .version)"
}

@test "the first run that fails ends the route; the same command goes on where it stopped" {
    five_versions
    run_status 0 applier apply shelf/1 --yes
    psql_as_app -c 'CREATE TABLE t4 (other int)'
    run_status 11 applier apply shelf --yes --json
    same report "3.0.0 failed 11" "$(json '"\(.version) \(.result) \(.error.exit_status)"')"
    same runs "applied applied failed" "$(json '[.runs[].result] | join(" ")')"
    psql_as_app -c 'DROP TABLE t4'
    run_status 0 applier apply shelf --yes
    output_has "the database is at version 5.0.0"
}

@test "a run that stopped inside a version is gone on with by its own bundle" {
    version 1.0.0 t1
    echo 'CREATE TABLE t2 (id bigint);' | script 2.0.0/0002_a.up.sql
    echo 'CREATE TABLE t3 (id bigint);' | script 2.0.0/0003_b.up.sql
    release 2.0.0
    version 3.0.0 t4
    pack_bundle shelf/1 1.0.0 >/dev/null
    pack_bundle shelf/2 2.0.0 --from 1.0.0 >/dev/null
    pack_bundle shelf/3 3.0.0 --from 2.0.0 >/dev/null
    trust_site
    run_status 0 applier apply shelf/1 --yes
    psql_as_app -c 'CREATE TABLE t3 (other int)'
    run_status 11 applier apply shelf/2 --yes
    psql_as_app -c 'DROP TABLE t3'
    # newer, and as long a way
    pack_bundle shelf/3b 3.0.0 --from 1.0.0 >/dev/null
    run_status 0 applier apply shelf --yes --json
    same legs "1.0.0>2.0.0 2.0.0>3.0.0" "$(legs)"
    same version 3.0.0 "$(json .version)"
}

@test "ahead of all that is at hand, and a folder without a bundle" {
    five_versions
    run_status 0 applier apply shelf --yes
    mkdir old none
    cp shelf/2 old
    run_status 7 applier apply old --yes
    errors_has "the database is at version 5.0.0, ahead of 2.0.0"
    run_status 2 applier apply none --yes
    errors_has "there is no bundle that this site could use"
    echo x >none/x
    run_status 4 applier apply none --yes
    errors_has "'none/x' is passed over"
    run_status 5 applier apply nowhere shelf --yes
}

@test "plan of a folder shows the whole route, and the statements of its first run" {
    five_versions --stop
    run_status 0 applier apply shelf/1 --yes
    run_status 0 applier plan shelf
    output_has "the way from 1.0.0 to 5.0.0:" "1. 1.0.0 -> 2.0.0, 1 migration, by 'shelf/2'" \
        "not now: version 3.0.0 is a required stop" "4. 4.0.0 -> 5.0.0" "the first run:" \
        "CREATE TABLE t2 (id bigint)"
    output_lacks "CREATE TABLE t3"
    run_status 0 applier plan shelf --json
    same now "true true false false" "$(json '[.route[].now | tostring] | join(" ")')"
    same first "1.0.0 2.0.0 0002_t2" "$(json '"\(.from) \(.to) \(.migrations[].identity)"')"
    run_status 7 applier plan shelf --to 5.0.0
    errors_has "5.0.0 cannot be come to in one go"
    run_status 0 applier plan shelf --to 1.0.0
    output_has "nothing to do: the database is at version 1.0.0"
    run_status 0 applier plan shelf --to 1.0.0 --json
    same current "current shop 1.0.0 1.0.0 0" \
        "$(json '"\(.relation) \(.product) \(.from) \(.to) \(.migrations | length)"')"
    json .database | grep -q "database '$DATABASE'"
    pack_bundle whole 5.0.0 --from 1.0.0 >/dev/null
    run_status 0 applier plan whole
    output_has "and no further: version 3.0.0 is a required stop"
    run_status 0 applier plan whole --json
    json .halt | grep -q "required stop"
}

@test "a route that is killed at any call converges when the same command is given again" {
    five_versions
    run_status 0 with_fault FAULT_CALLS=send FAULT_COUNT="$WORK/count" applier apply shelf --yes
    points=$(cat count)
    killed=0
    for i in 1 2 3 4 5 6 7 8; do
        fresh_database
        export DATABASE_URL=$DB
        status=0
        with_fault FAULT_CALLS=send FAULT_AT=$((points * i / 9)) applier apply shelf --yes >/dev/null 2>&1 || status=$?
        [ "$status" -ne 137 ] || killed=$((killed + 1))
        run_status 0 applier apply shelf --yes
        same "state at $i" "5.0.0 current" "$(state)"
        same "journal at $i" "5 5" "$(sql "SELECT count(*) || ' ' || count(DISTINCT identity) FROM sealift.journal")"
        same "open at $i" "done" "$(applier history --json | jq -r '.runs[-1].result')"
        drop_database
    done
    [ "$killed" -ge 6 ]
}

@test "a run that was killed when only its end was missing gets it, though nothing is to be done" {
    five_versions
    run_status 0 applier apply shelf --yes
    sql "DELETE FROM sealift.event WHERE number = (SELECT max(number) FROM sealift.event)"
    run_status 0 applier apply shelf --yes --json
    same legs "5.0.0>5.0.0" "$(legs)"
    same end "end" "$(sql "SELECT phase FROM sealift.event ORDER BY number DESC LIMIT 1")"
    run_status 0 applier apply shelf --yes
    output_has "nothing to do"
}

@test "a database inside a version whose bundle is not at hand is left to resume" {
    five_versions
    run_status 0 applier apply shelf/1 --yes
    echo 'SELECT 1 / 0;' | script 6.0.0/0006_t6.verify.sql
    version 6.0.0 t6
    pack_bundle unverified 6.0.0 --from 1.0.0 >/dev/null
    run_status 11 applier apply unverified --yes
    run_status 7 applier apply shelf --to 5.0.0 --yes
    errors_has "its verify script failed, and its bundle is not at hand" "'applier resume' goes on with it"
}

@test "nothing to do names the version that holds, also where the bundle goes further" {
    five_versions --stop
    pack_bundle whole 5.0.0 >/dev/null
    run_status 0 applier apply whole --to 1.0.0 --yes
    run_status 0 applier apply whole --to 1.0.0 --yes --json
    same held "nothing to do 1.0.0 1.0.0 1.0.0 null" \
        "$(json '"\(.result) \(.from) \(.to) \(.version) \(.halt)"')"
    json .head_digest | grep -Eqx '[0-9a-f]{128}'
    run_status 0 applier apply whole --to 1.0.0 --yes
    output_has "nothing to do: the database is at version 1.0.0"
    run_status 0 applier apply whole --yes --json
    same stop "applied 3.0.0" "$(json '"\(.result) \(.version)"')"
    run_status 0 applier apply whole --yes
    run_status 0 applier apply whole --yes --json
    same whole "nothing to do 5.0.0" "$(json '"\(.result) \(.version)"')"
}

@test "the list of a route names what has no way back" {
    version 1.0.0 t1
    echo 'CREATE TABLE t2 (id bigint);' | script 2.0.0/0002_t2.up.sql
    printf -- '-- sealift: irreversible it is gone\nCREATE TABLE t3 (id bigint);\n' |
        script 2.0.0/0003_t3.up.sql
    release 2.0.0
    pack_bundle shelf/1 1.0.0 >/dev/null
    pack_bundle shelf/2 2.0.0 --from 1.0.0 >/dev/null
    trust_site
    run_status 2 applier apply shelf
    errors_has "2. 1.0.0 -> 2.0.0, 2 migrations, by 'shelf/2'
     no way back: 0002_t2, 0003_t3 (irreversible)"
    run_status 0 applier plan shelf --json
    same names "|0002_t2 0003_t3" "$(json '[.route[].no_way_back | join(" ")] | join("|")')"
    same nothing "" "$(sql "SELECT to_regclass('t1')")"
}

@test "a route's event stream is opened before the question, and each run has its begin and end" {
    five_versions
    run_status 5 applier apply shelf --events nowhere/events
    errors_has "cannot open 'nowhere/events' for the events"
    run_status 2 applier apply shelf --to 2.0.0 --events events
    same refused "failure end 2" "$(event '"\(map(.event) | join(" ")) \(.[-1].exit_status)"')"
    rm events
    run_status 0 applier apply shelf --to 2.0.0 --yes --events events
    same runs "begin>1.0.0 end=1.0.0 begin>2.0.0 end=2.0.0" "$(event 'map(
        if .event == "begin" then "begin>\(.to)" elif .event == "end" then "end=\(.version)" else empty end) | join(" ")')"
    event '[.[].elapsed_ms] | . == sort' >/dev/null
    rm events
    run_status 0 applier apply shelf --to 2.0.0 --yes --events events
    same nothing "end nothing to do" "$(event 'map("\(.event) \(.result)") | join("|")')"
}

@test "the words of a backup are looked at before the question" {
    five_versions
    for words in "--backup nonsense" "--backup-within 2h" "--backup-proof lsn:x"; do
        # shellcheck disable=SC2086 # an option and its value
        run_status 2 applier apply shelf $words
        errors_lacks "from (nothing) to"
    done
    printf '[backup]\npolicy = required\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 7 applier apply shelf --no-backup hurry
    errors_has "--no-backup: this site's policy demands a backup"
    errors_lacks "from (nothing) to"
}
