#!/usr/bin/env bats
# The backup gate: what is run, looked at, refused and recorded before the first step.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_note.up.sql <<<'CREATE TABLE note (id int);'
    script 1.1.0/0002_note.down.sql <<<'DROP TABLE note;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
}
teardown() { common_teardown; }

# at_first: the database is at 1.0.0, so that there is something to lose.
at_first() { applier apply shop.bundle --to 1.0.0 --yes >/dev/null 2>&1; }

# conf LINE…: the site's [backup].
conf() {
    mkdir -p "$SEALIFT_CONFIG_DIR"
    printf '%s\n' '[backup]' "$@" >"$SEALIFT_CONFIG_DIR/applier.conf"
}

version() { applier status --json | jq -r .version; }
# last COLUMN: of the newest row of sealift.backup.
last() { sql "SELECT $1 FROM sealift.backup ORDER BY number DESC LIMIT 1"; }
# phase_of_last: the phase of the event that the newest row belongs to.
phase_of_last() { sql "SELECT e.phase FROM sealift.backup b JOIN sealift.event e ON e.number = b.event_number
    ORDER BY b.number DESC LIMIT 1"; }

@test "an empty database needs no backup, and nothing to do asks for none" {
    conf 'policy = required'
    run_status 0 applier apply shop.bundle --yes --json
    same kind empty "$(json .backup.kind)"
    same warnings 0 "$(json '.warnings | length')"
    same row 'empty t' "$(last "kind || ' ' || good::text::char")"
    run_status 0 applier apply shop.bundle --yes
    output_has 'nothing to do'
    same rows 1 "$(sql 'SELECT count(*) FROM sealift.backup')"
    # one that is asked for is made all the same
    fresh_database
    export DATABASE_URL=$DB
    mkdir dumps
    run_status 0 applier apply shop.bundle --yes --backup pg_dump:dumps
    output_has "backup: dump '$WORK/dumps/"
    same row 'pg_dump t' "$(last "kind || ' ' || good::text::char")"
}

@test "nothing said: warned of and on record; demanded: refused with the three ways; off: silence" {
    at_first
    run_status 0 applier plan shop.bundle
    output_has 'backup: none is demanded; without --backup' 'apply warns'
    conf 'policy = required'
    run_status 0 applier plan shop.bundle --json
    [[ $(json .backup) == 'this site demands one'* ]]
    run_status 7 applier apply shop.bundle --yes
    errors_has 'demands a backup before a run' '--backup pg_dump:DIR' '--backup-command CMD' '--backup-proof FILE|LSN'
    same version 1.0.0 "$(version)"
    same row 'none f' "$(last "kind || ' ' || good::text::char")"
    same phase refused "$(phase_of_last)"
    run_status 7 applier apply shop.bundle --yes --no-backup 'no disk'
    errors_has "this site's policy demands a backup" 'policy = required'
    conf 'policy = off'
    run_status 0 applier plan shop.bundle
    output_has 'backup: none is demanded'
    run_status 0 applier apply shop.bundle --yes --json
    same warnings 0 "$(json '.warnings | length')"
    same row 'none t' "$(last "kind || ' ' || good::text::char")"
    applier rollback --yes --accept-unproven >/dev/null 2>&1
    conf 'policy = warn'
    run_status 0 applier apply shop.bundle --yes
    errors_has 'warning: no backup was made or named' '--no-backup REASON'
    same phase begin "$(phase_of_last)"
}

@test "a reason instead of a backup goes on record" {
    at_first
    run_status 0 applier apply shop.bundle --yes --no-backup 'a test system'
    errors_lacks 'no backup'
    output_has 'backup: none: a test system'
    same row 'declined|a test system' "$(last 'kind, what')"
    run_status 0 applier history
    output_has 'backup: none: a test system'
}

@test "a command is run before the first step, told where the database is, and its output kept" {
    at_first
    cat >save <<'SH'
#!/bin/sh
echo "saving $PGDATABASE as $PGUSER on $PGHOST:$PGPORT, $SEALIFT_FROM to $SEALIFT_TO"
echo "url ${DATABASE_URL-unset}, options ${PGOPTIONS-unset}, tables $(tables)" >&2
SH
    chmod +x save
    cat >tables <<SH
#!/bin/sh
exec "$PG_BIN/psql" -XAtqc "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
SH
    chmod +x tables
    PATH=$WORK:$PATH
    run_status 0 applier apply shop.bundle --yes --backup-command './save && touch saved'
    [ -f saved ]
    # shellcheck disable=SC2153 # fresh_database's
    errors_has "backup: saving $DATABASE as app on $CLUSTER" ', 1.0.0 to 1.1.0' 'backup: url unset, options unset, tables item'
    output_has 'backup: by command: ./save && touch saved'
    same row 'command|t|0' "$(last 'kind, good, exit_status')"
    [[ $(last words) == *"saving $DATABASE"*$'\n'*'tables item' ]]
    local log
    log=$(last log)
    same mode 600 "$(stat -c %a "$log")"
    same log "$(last words)" "$(cat "$log")"
    run_status 0 applier status --json
    same kind command "$(json .backup.kind)"
    run_status 0 applier history --json
    same backups 'empty command' "$(json '[.backups[].kind] | join(" ")')"
    run_status 0 applier history
    output_has 'backup: by command: ./save && touch saved, made '
}

@test "a command that fails refuses the run, and nothing has begun" {
    at_first
    run_status 7 applier apply shop.bundle --yes --json --backup-command 'for i in $(seq 30); do echo line $i; done; exit 3'
    same status 3 "$(json .backup.command_status)"
    same good false "$(json .backup.good)"
    [[ $(json .error.message) == *'the backup command ended with exit status 3: nothing has begun'* ]]
    [[ $(json .error.detail) == 'line 11'*'line 30' ]]
    same lines 30 "$(wc -l <"$(json .backup.log)")"
    same version 1.0.0 "$(version)"
    same row 'command|f|3|refused' "$(last 'kind, good, exit_status')|$(phase_of_last)"
    run_status 7 applier apply shop.bundle --yes --backup-command 'kill -9 $$'
    errors_has 'exit status 137'
    run_status 0 applier history
    output_has ': exit status 137'
}

@test "the site's command is run without being named, and an interrupted run that goes on needs no second one" {
    at_first
    conf 'policy = required' 'command = echo again >>saved'
    run_status 0 applier plan shop.bundle
    output_has "backup: this site's command makes one before the first step ([backup] in applier.conf)"
    output_lacks 'again'
    run_status 0 applier plan shop.bundle --json
    output_lacks 'again'
    sql 'CREATE TABLE note ()'
    run_status 10 applier apply shop.bundle --yes
    sql 'DROP TABLE note'
    run_status 0 applier resume --json
    same asked null "$(json .backup)"
    same version 1.1.0 "$(version)"
    same runs 1 "$(sort -u saved | wc -l)"
    same rows 2 "$(sql 'SELECT count(*) FROM sealift.backup')"
}

@test "another backup than the site's can be named for a run that goes on" {
    at_first
    sql 'CREATE TABLE note ()'
    run_status 10 applier apply shop.bundle --yes --no-backup first
    sql 'DROP TABLE note'
    run_status 0 applier resume --backup-command 'echo hello' --json
    same kind command "$(json .backup.kind)"
}

@test "SIGINT ends the command and what it started; nothing has begun" {
    at_first
    applier apply shop.bundle --yes --backup-command 'sleep 600 & echo $! >child; wait' >out 2>errors &
    local pid=$! status=0
    until [ -s child ]; do sleep 0.05; done
    kill -INT $pid
    wait $pid || status=$?
    same status 130 "$status"
    grep -q 'interrupted while the backup was made' errors
    ! kill -0 "$(cat child)" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$(cat child)/stat")" = Z ]
    same version 1.0.0 "$(version)"
    same row 'command|f' "$(last 'kind, good')"
}

@test "passwords are not in what is printed, logged or recorded, nor on a command line" {
    at_first
    local port
    port=$(sql 'SHOW port')
    export DATABASE_URL="host=127.0.0.1 port=$port dbname=$DATABASE user=app password=right"
    run_status 0 applier apply shop.bundle --yes --to 1.1.0 --backup-command 'echo "I know right"; echo "${PGPASSWORD-none}"'
    errors_has 'backup: I know ***' 'backup: none'
    errors_lacks right
    same words $'I know ***\nnone' "$(last words)"
    same log 0 "$(grep -c right "$(last log)")"
    same what 'echo "I know ***"; echo "${PGPASSWORD-none}"' "$(last what)"
    PGPASSWORD=right run_status 0 applier rollback --accept-unproven --yes --backup-command 'test "$PGPASSWORD" = "ri""ght"'
    mkdir dumps
    cat >pg_dump <<SH
#!/bin/sh
tr '\\0' ' ' </proc/\$\$/cmdline >cmdline
echo "\${PGPASSWORD-none}" >password
exec "$PG_BIN/pg_dump" "\$@"
SH
    chmod +x pg_dump
    ln -s "$PG_BIN/pg_restore" pg_restore
    conf "pg-dump = $WORK/pg_dump"
    run_status 0 applier apply shop.bundle --yes --backup pg_dump:dumps
    grep -q -- --format=custom cmdline
    output_lacks right
    same cmdline 0 "$(grep -c right cmdline)"
    same password right "$(cat password)"
    same ledger 0 "$(sql "SELECT count(*) FROM sealift.backup b WHERE b::text LIKE '%right%'")"
}

@test "a file is proof while it is young, not empty and regular; its digest goes on record" {
    at_first
    run_status 7 applier apply shop.bundle --yes --backup-proof last.dump
    errors_has "'last.dump' proves no backup: No such file" 'text:WORDS'
    touch last.dump
    run_status 7 applier apply shop.bundle --yes --backup-proof last.dump
    errors_has 'it is empty'
    run_status 7 applier apply shop.bundle --yes --backup-proof "$WORK"
    errors_has 'it is no regular file' toc.dat
    echo rows >last.dump
    touch -d '3 hours ago' last.dump
    run_status 7 applier apply shop.bundle --yes --backup-proof last.dump
    errors_has 'it is 3 h old, at most 2 h may it be' '--backup-within'
    same row 'file|f|refused' "$(last 'kind, good')|$(phase_of_last)"
    touch -d '2 hours' last.dump
    run_status 7 applier apply shop.bundle --yes --backup-proof last.dump
    errors_has 'changed in the future'
    touch -d '3 hours ago' last.dump
    run_status 0 applier apply shop.bundle --yes --backup-proof file:last.dump --backup-within 4h --json
    same digest "$(b2sum <last.dump | cut -d' ' -f1)" "$(json .backup.digest)"
    same size 5 "$(json .backup.size_bytes)"
    same what "$WORK/last.dump" "$(json .backup.what)"
    same digest "$(b2sum <last.dump | cut -d' ' -f1)" "$(last "encode(digest, 'hex')")"
}

@test "a position is proof where it is this server's and not surely too old" {
    # of its own: nobody else makes checkpoints
    private_cluster
    export DATABASE_URL=$DB
    at_first
    run_status 7 applier apply shop.bundle --yes --backup-proof FFFFFF/0
    errors_has 'position FFFFFF/0 lies ahead of this server'
    local position
    position=$(sql 'SELECT pg_current_wal_lsn()')
    sql 'CREATE TABLE later (id int)'
    sql CHECKPOINT
    run_status 0 applier apply shop.bundle --yes --backup-proof "$position"
    errors_has "how old position $position is cannot be told"
    [[ $(last words) == *'bytes of log behind'* ]]
    applier rollback --yes --accept-unproven >/dev/null 2>&1
    sql CHECKPOINT
    run_status 0 applier apply shop.bundle --yes --backup-proof "lsn:$(sql 'SELECT pg_current_wal_lsn()')" --json
    same warnings 0 "$(json '.warnings | length')"
    same kind lsn "$(json .backup.kind)"
    applier rollback --yes --accept-unproven >/dev/null 2>&1
    sleep 2 # a checkpoint that is older than a second
    run_status 7 applier apply shop.bundle --yes --backup-proof 0/1 --backup-within 1s
    errors_has 'position 0/1 is too old'
}

@test "the operator's word is recorded as that" {
    at_first
    run_status 0 applier apply shop.bundle --yes --backup-proof 'text:ticket 123'
    output_has "backup: by the operator's word: ticket 123"
    same row 'text|ticket 123' "$(last 'kind, what')"
}

@test "pg_dump:DIR makes a dump, lists it, and says how to restore it" {
    at_first
    sql 'INSERT INTO item VALUES (7)'
    mkdir "it's here"
    run_status 0 applier apply shop.bundle --yes --backup "pg_dump:it's here" --json
    local file
    file=$(json .backup.what)
    [[ $file == "$WORK/it's here/$DATABASE-"*-1.0.0.dump ]]
    same mode 600 "$(stat -c %a "$file")"
    same digest "$(b2sum <"$file" | cut -d' ' -f1)" "$(json .backup.digest)"
    same size "$(stat -c %s "$file")" "$(json .backup.size_bytes)"
    [[ $(json .backup.words) == 'pg_restore lists '*' entries' ]]
    same files 1 "$(find "it's here" -type f | wc -l)"
    DATABASES+=("${DATABASE}_restored")
    # by one who may make databases
    sh -c "$(json .backup.restore_command)"
    same owner app "$(sql "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '${DATABASE}_restored'")"
    same restored '7 1.0.0' "$(cluster_psql "$CLUSTER" "${DATABASE}_restored" -XAtc 'SELECT id FROM item') $(
        applier status --db "$(cluster_conninfo "$CLUSTER" "${DATABASE}_restored" postgres)" --json | jq -r .version)"
    run_status 0 applier status
    output_has "backup     dump '$file'" 'restore    '
}

# The rest of what `restored` looks at: encoding and order of text.
text_of() {
    cluster_psql "$CLUSTER" postgres -XAtc "SELECT encoding, datcollate, datctype, to_jsonb(d) ->> 'datlocprovider',
        coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), pg_get_userbyid(datdba)
        FROM pg_database d WHERE datname = '$1'"
}

@test "the restore command makes a database with the same encoding, order of text and owner" {
    local of icu=
    [ "$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -lt 15 ] ||
        icu="ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'"
    mkdir dumps
    for of in "ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'" ${icu:+"$icu"}; do
        drop_database
        cluster_psql "$CLUSTER" postgres -qc "CREATE DATABASE $DATABASE OWNER app TEMPLATE template0 $of"
        DATABASES+=("$DATABASE" "${DATABASE}_restored")
        at_first
        run_status 0 applier apply shop.bundle --yes --backup pg_dump:dumps --json
        sh -c "$(json .backup.restore_command)"
        same "$of" "$(text_of "$DATABASE")" "$(text_of "${DATABASE}_restored")"
        cluster_psql "$CLUSTER" postgres -qc "DROP DATABASE ${DATABASE}_restored"
        unset 'DATABASES[-1]'
    done
}

@test "a dump that cannot be made refuses the run, and leaves nothing behind" {
    at_first
    mkdir dumps
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:nowhere
    errors_has "the folder for the dump, 'nowhere': No such file"
    sql 'CREATE TABLE secret (id int); ALTER TABLE secret OWNER TO postgres'
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has 'pg_dump ended with exit status 1' secret
    same row 'pg_dump|f|1|refused' "$(last 'kind, good, exit_status')|$(phase_of_last)"
    sql 'DROP TABLE secret'
    printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n' >pg_dump
    chmod +x pg_dump
    conf "pg-dump = $WORK/pg_dump"
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has 'pg_dump 9 cannot dump a server of PostgreSQL' 'install the client'
    conf "pg-dump = $WORK/none"
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has "there is no pg_dump here at $WORK/none"
    # a dump that pg_restore cannot read
    cat >pg_dump <<'SH'
#!/bin/sh
for word; do case $word in --version) echo "pg_dump (PostgreSQL) 99.1"; exit ;; --file=*) echo junk >"${word#--file=}" ;; esac; done
SH
    ln -s "$PG_BIN/pg_restore" pg_restore
    conf "pg-dump = $WORK/pg_dump"
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has 'pg_restore --list ended with exit status 1'
    same files 0 "$(find dumps -type f | wc -l)"
    # one that holds nothing, of a database that does
    cat >pg_dump <<SH
#!/bin/sh
exec "$PG_BIN/pg_dump" "\$@" --exclude-schema='*'
SH
    run_status 7 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has 'the dump lists no entry'
    same files 0 "$(find dumps -type f | wc -l)"
    rm "$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 7 with_fault SPACE_FREE=100000 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has "dumps' has 0 MB free, and the database takes" 'name another folder'
    run_status 7 with_fault RENAME_FAILS=1 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has 'cannot put the dump in place'
    same files 0 "$(find dumps -type f | wc -l)"
    same version 1.0.0 "$(version)"
}

@test "words that mean nothing, or exclude each other, are usage errors" {
    at_first
    run_status 2 applier apply shop.bundle --yes --no-backup x --backup-proof text:y
    errors_has 'exclude each other'
    run_status 2 applier apply shop.bundle --yes --backup tar:here
    errors_has 'expected pg_dump:DIR'
    run_status 2 applier apply shop.bundle --yes --backup-within 1h
    errors_has 'goes with --backup-proof only'
    run_status 2 applier apply shop.bundle --yes --backup-proof text:y --backup-within 1
    errors_has 'expected a time like 90m, 2h or 1d'
    run_status 2 applier apply shop.bundle --yes --backup-proof 'text: '
    errors_has 'says nothing'
    run_status 2 applier apply shop.bundle --yes --backup-proof lsn:yesterday
    errors_has "'yesterday' is no position in the log"
    run_status 2 applier apply shop.bundle --yes --no-backup ''
    errors_has 'the reason of --no-backup says nothing'
    run_status 2 applier apply shop.bundle --yes --backup-command ' '
    errors_has '--backup-command says nothing'
    conf 'policy = maybe'
    run_status 3 applier apply shop.bundle --yes
    errors_has 'expected required, warn or off'
}

@test "where the state folder cannot be written the command's output is not logged, and that is said" {
    at_first
    rm -rf "$SEALIFT_STATE_DIR"
    touch "$SEALIFT_STATE_DIR"
    run_status 0 applier apply shop.bundle --yes --backup-command 'echo done'
    errors_has "the backup's output is not logged"
    same log '' "$(last log)"
    same words 'done' "$(last words)"
}

@test "a log that cannot be made is neither on record nor pointed at" {
    at_first
    mkdir -p "$SEALIFT_STATE_DIR"
    ln -s /proc "$SEALIFT_STATE_DIR/backup" # where no file can be made, by root neither
    run_status 7 applier apply shop.bundle --yes --backup-command 'echo lost; exit 1'
    errors_has "the backup command's output is not logged: $SEALIFT_STATE_DIR/backup/" 'exit status 1'
    errors_lacks 'all that it printed is in'
    same log '' "$(last log)"
    mkdir dumps
    run_status 0 applier apply shop.bundle --yes --backup pg_dump:dumps
    errors_has "pg_dump's output is not logged"
    same row 'pg_dump|' "$(last 'kind, log')"
}

@test "a log that cannot be written to its end ends no backup, and that is said" {
    at_first
    run_status 0 with_fault DISK_FULL_AT=1 DISK_FULL_ONCE=1 applier apply shop.bundle --yes --backup-command 'echo done'
    errors_has "the backup command's output could not all be written to"
    same words 'done' "$(last words)"
    run_status 7 with_fault DISK_FULL_AT=1 DISK_FULL_ONCE=1 applier rollback --yes --accept-unproven --backup-command 'echo no; exit 1'
    errors_has "the backup command's output could not all be written to"
    errors_lacks 'all that it printed is in'
}
