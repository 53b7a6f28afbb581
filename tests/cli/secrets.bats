# What nobody may read anywhere: a password in conninfo, environment or a site's commands, and what
# scripts and rows hold. Planted, then looked for in every output, file and ledger row, over all
# commands and over failures of every kind.
load ../support/common

setup() {
    common_setup
    fresh_database
    PASSWORD=pw-canary-1 LITERAL=literal-canary-2 ROLE=role_canary_3
    port=$(cat "$CLUSTER/port")
    # a login of its own: what it may do is what app may
    LOGIN=secret_${BASHPID}
    sql "CREATE ROLE $LOGIN LOGIN PASSWORD '$PASSWORD'; GRANT app TO $LOGIN; GRANT CREATE ON SCHEMA public TO $LOGIN;
         GRANT CREATE ON DATABASE $DATABASE TO $LOGIN"
    URI="postgresql://$LOGIN:$PASSWORD@127.0.0.1:$port/$DATABASE"
    KEYWORDS="host=127.0.0.1 port=$port dbname=$DATABASE user=$LOGIN password=$PASSWORD"
    mkdir "$WORK/seen"
}
teardown() {
    sql "DROP SCHEMA IF EXISTS sealift CASCADE; DROP OWNED BY $LOGIN CASCADE; DROP ROLE $LOGIN" || true
    common_teardown
}

# observe COMMAND…: its output and errors are kept to be looked through; any exit status will do.
observe() {
    local at=$WORK/seen/$RANDOM.$RANDOM
    OBSERVED=$at
    echo "$*" >"$at.command"
    "$@" >"$at.out" 2>"$at.err" </dev/null || echo "$?" >"$at.status"
    rm "$at.command"
}

# It came to this exit status.
observed() {
    same 'exit status' "$1" "$(cat "$OBSERVED.status" 2>/dev/null || echo 0)" || { cat "$OBSERVED.err"; return 1; }
}

# Nothing that was seen, nothing in the site's folders and no row of the ledger holds WORD. What
# ships is left out: bundles hold the scripts, and so does what the ledger stores for rollbacks.
nowhere() {
    local word=$1
    if grep -r -m 3 -- "$word" "$WORK/seen" "$WORK/site"; then
        echo "'$word' stands there"
        return 1
    fi
    "$PG_BIN/pg_dump" -a -n sealift -T sealift.bundle -T sealift.stored_object -d "$DB_ADMIN" \
        >"$WORK/ledger.sql" 2>"$WORK/ledger.errors" || grep -q 'no matching' "$WORK/ledger.errors"
    if grep -n -- "$word" "$WORK/ledger.sql"; then
        echo "'$word' stands in the ledger"
        return 1
    fi
}

# A product whose second version fails in this way: failing SQL.
failing_bundle() {
    rm -rf "$WORK/shop" "$WORK/keys"
    empty_project
    script 1.0.0/0001_item.up.sql <<<"CREATE TABLE item (name text UNIQUE);
        INSERT INTO item VALUES ('$LITERAL');"
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_fails.up.sql <<<"$1"
    script 1.1.0/0002_fails.down.sql <<<'SELECT 1;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    rm -rf "$WORK/site"
    trust_site
}

@test "a password stands nowhere, whichever way it came in and whatever fails" {
    failing_bundle "SELECT 1 / 0;"
    local db
    for db in "$URI" "$KEYWORDS"; do
        for command in "status" "status --json" "history" "history --json" "plan shop.bundle" \
            "preflight shop.bundle" "preflight shop.bundle --json" "fingerprint" "drift" \
            "apply shop.bundle --yes --events events --no-backup x" "apply shop.bundle --yes --json" "resume" \
            "rollback --plan" "rollback --yes" "rollback --yes --json" "adopt shop.bundle --version 1.0.0 --yes" \
            "rehearse shop.bundle --method rolled-back --yes --allow-blocking"; do
            # shellcheck disable=SC2086 # a command is words
            observe applier $command --db "$db"
            # shellcheck disable=SC2086
            observe applier $command --db "${db/$PASSWORD/$PASSWORD-wrong}"
            # shellcheck disable=SC2086
            observe applier $command --db "${db/port=$port/port=1}"
        done
        # strings that cannot be read
        observe applier status --db "$db bad bad"
        observe applier status --db "postgresql://$LOGIN:$PASSWORD@127.0.0.1:port/$DATABASE"
    done
    PGPASSWORD=$PASSWORD DATABASE_URL=$URI observe applier apply shop.bundle --yes --show-sql
    PGPASSWORD=$PASSWORD-wrong observe applier status --db "postgresql://$LOGIN@127.0.0.1:$port/$DATABASE"
    [ "$(find seen -name '*.out' | wc -l)" -ge 100 ]
    cp events seen/
    nowhere "$PASSWORD"
}

@test "a password in the site's backup command is not repeated, and none is on a command line" {
    failing_bundle "SELECT 1;"
    # shellcheck disable=SC2016 # the shell of the command expands it
    observe applier apply shop.bundle --yes --db "$URI" --to 1.0.0 \
        --backup-command "test -z \"\$PGPASSWORD\" && ! tr '\\\\0' ' ' </proc/\$PPID/environ | grep -q nothing"
    observed 0
    observe applier history --db "$URI"
    # what pg_dump is started with
    mkdir dumps bin
    printf '#!/bin/sh\necho "$*" >>%q\nexec %q/pg_dump "$@"\n' "$WORK/seen/pg_dump.arguments" "$PG_BIN" >bin/pg_dump
    chmod +x bin/pg_dump
    ln -s "$PG_BIN/pg_restore" bin/
    PATH=$WORK/bin:$PATH observe applier apply shop.bundle --yes --db "$URI" --backup "pg_dump:$WORK/dumps"
    observed 0
    grep -q "$WORK/dumps" seen/pg_dump.arguments
    observe applier history --db "$URI" --json
    observed 0
    nowhere "$PASSWORD"
}

@test "what scripts and rows hold is in no output, event or ledger row, whatever fails" {
    local failing
    for failing in \
        "INSERT INTO item VALUES ('$LITERAL');" \
        "SELECT '$LITERAL'::int;" \
        "DO \$\$ BEGIN EXECUTE 'GRANT SELECT ON item TO ' || convert_from('\\x$(printf %s "$ROLE" | od -An -tx1 | tr -d ' \n')', 'UTF8'); END \$\$;" \
        "DO \$\$ BEGIN RAISE EXCEPTION '$LITERAL' USING DETAIL = '$LITERAL', HINT = 'as $ROLE'; END \$\$;" \
        "DO \$\$ BEGIN RAISE WARNING '$LITERAL'; END \$\$; SELECT 1 / 0;" \
        "SELECT set_config('sealift.x', '$LITERAL', true), nothing_there('$LITERAL');" \
        "CREATE TABLE item (name text DEFAULT '$LITERAL');" \
        "ALTER TABLE item ADD CHECK (name <> '$LITERAL');"; do
        failing_bundle "$failing"
        observe applier apply shop.bundle --yes --db "$URI" --events events
        observe applier apply shop.bundle --yes --db "$URI" --json
        observe applier resume --db "$URI"
        for command in "status" "status --json" "history" "history --json" "preflight shop.bundle" \
            "rollback --yes" "rollback --yes --json" "status"; do
            # shellcheck disable=SC2086
            observe applier $command --db "$URI"
        done
        cp events seen/
        nowhere "$LITERAL"
        nowhere "$ROLE"
        sql "DROP SCHEMA IF EXISTS sealift CASCADE; DROP TABLE IF EXISTS item"
    done
    # the test can see: on the terminal all of it is shown where that is asked for
    failing_bundle "SELECT '$LITERAL'::int;"
    run_status 11 applier apply shop.bundle --yes --db "$URI" --show-sql
    errors_has "$LITERAL"
}
