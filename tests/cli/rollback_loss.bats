#!/usr/bin/env bats
# What a rollback loses is counted, accepted by name only, and a backup is offered instead.
load ../support/common
load ../support/proven
load ../support/background

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    empty_project
}
teardown() {
    exec 8>&-
    common_teardown
}

# fact FIELD…: a line of facts for prove.
fact() { (IFS=$'\t'; printf '%s\n' "$*" >>"$WORK/facts"); }

# Three migrations: a table, a column of it, and one whose values do not come back.
shop() {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY, note text);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_price.up.sql <<<'ALTER TABLE item ADD COLUMN price int; CREATE TABLE "Log" (id int);'
    script 1.1.0/0002_price.down.sql <<<'DROP TABLE "Log"; ALTER TABLE item DROP COLUMN price;'
    script 1.2.0/0003_index.up.sql <<<'CREATE INDEX item_note ON item (note);'
    script 1.2.0/0003_index.down.sql <<<'DROP INDEX item_note;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle shop.bundle 1.2.0 >/dev/null
    trust_site
    fact brought 0001_item table public.item
    fact brought 0002_price table 'public."Log"'
    fact brought 0002_price column public.item.price
    "$@"
    prove shop.bundle
}
lossy_index() { fact verdict 0003_index @HERE@ lossy 'public.item.note has other values'; }

version() { applier status --json | jq -r .version; }

# A list without when each was applied.
without_dates() { sed 's/, of [0-9TZ:-]*Z:/:/'; }

@test "empty tables and columns are no loss" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    run_status 0 applier rollback --to - --yes --json
    same loses 'false false false' "$(json '[.ways_back[].loses] | join(" ")')"
    same drops 0 "$(json '[.ways_back[].drops[]] | length')"
    same accepted 0 "$(sql 'SELECT count(*) FROM sealift.accepted_loss')"
}

@test "what a rollback drops is counted, and lost only by name" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'INSERT INTO item VALUES (1, NULL, 5), (2, NULL, NULL); INSERT INTO "Log" VALUES (1), (2), (3)'
    run_status 7 applier rollback --to - --yes
    errors_has "data would be lost: '0002_price' (1.1.0): public.\"Log\": 3 rows, public.item.price: 1 value; '0001_item' (1.0.0): public.item: 2 rows" \
        'nothing was done' '--accept-data-loss=0002_price --accept-data-loss=0001_item'
    same version 1.2.0 "$(version)"
    run_status 7 applier rollback --to - --yes --accept-data-loss 0001_item
    errors_has "'0002_price' (1.1.0)"
    errors_lacks 'public.item: 2 rows'
    same version 1.2.0 "$(version)"
    run_status 0 applier history
    output_has refused
    run_status 0 applier rollback --to 1.0.0 --yes --accept-data-loss=0002_price --json
    same way '0003_index false false 0002_price true true' \
        "$(json '[.ways_back[] | .identity, .loses, .loss_accepted] | join(" ")')"
    same drops 'table public."Log" 3 column public.item.price 1' \
        "$(json '[.ways_back[1].drops[] | .kind, .identity, .count] | join(" ")')"
    same record '0002_price|public."Log": 3 rows, public.item.price: 1 value|begin' "$(sql "SELECT identity, l.words, phase
        FROM sealift.accepted_loss l JOIN sealift.event e ON e.number = event_number")"
    run_status 0 applier history
    output_has 'accepted: loss by 0002_price: public."Log": 3 rows'
    run_status 0 applier history --json
    same losses 0002_price "$(json '.accepted_losses[0].identity')"
}

@test "a name that loses nothing, or is not taken back, is a usage error" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    run_status 2 applier rollback --yes --to 1.1.0 --accept-data-loss 0003_index
    errors_has 'taking it back loses nothing'
    run_status 2 applier rollback --yes --to 1.1.0 --accept-data-loss 0001_item
    errors_has 'no migration of that name is to be taken back'
    run_status 2 applier rollback --yes --sql
    errors_has '--sql goes with --plan only'
    same version 1.2.0 "$(version)"
}

@test "a lossy way back wants its name even where nothing can be counted" {
    shop lossy_index
    applier apply shop.bundle --yes >/dev/null 2>&1
    run_status 7 applier rollback --to 1.1.0 --yes
    errors_has "'0003_index' (1.2.0): lossy: public.item.note has other values" '--accept-data-loss=0003_index'
    run_status 7 applier rollback --to 1.1.0
    errors=$(without_dates <<<"$errors")
    errors_has '1.2.0 0003_index: lossy: public.item.note has other values' 'data would be lost'
    run_status 0 applier rollback --to 1.1.0 --yes --accept-data-loss 0003_index
    same record 'lossy: public.item.note has other values' "$(sql 'SELECT words FROM sealift.accepted_loss')"
}

@test "what cannot be counted counts as lost" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'ALTER TABLE item OWNER TO postgres'
    run_status 7 applier rollback --to 1.0.0 --yes
    errors_has "public.item.price: its values could not be counted (42501)"
    run_status 0 applier rollback --plan --to 1.0.0 --json
    same count 'null 42501' "$(json '.ways_back[1].drops[0] | "\(.count) \(.sqlstate)"')"
}

@test "a rollback that goes on asks no second time" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'INSERT INTO item VALUES (1, NULL, 5); INSERT INTO "Log" VALUES (1)'
    sql 'CREATE SCHEMA site; CREATE VIEW site.seen AS SELECT id FROM item'
    run_status 11 applier rollback --to - --yes --accept-data-loss 0001_item --accept-data-loss 0002_price
    sql 'DROP VIEW site.seen'
    run_status 0 applier resume
    same version null "$(version)"
}

@test "a site that demands backups asks a rollback for one only where data is lost" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    printf '[backup]\npolicy = required\n' >"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier rollback --to 1.1.0 --yes --json
    same asked null "$(json .backup)"
    sql 'INSERT INTO "Log" VALUES (1)'
    run_status 7 applier rollback --to 1.0.0 --yes --accept-data-loss 0002_price
    errors_has 'demands a backup before a run'
    same version 1.1.0 "$(version)"
    run_status 0 applier rollback --to 1.0.0 --yes --accept-data-loss 0002_price --backup-command true --json
    same kind 'command true' "$(json '"\(.backup.kind) \(.backup.good)"')"
}

@test "where there is no way back the backup is offered, with the command that restores it" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int);'
    script 1.1.0/0002_gone.up.sql <<<'DROP TABLE item;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
    mkdir dumps
    applier apply shop.bundle --yes --to 1.0.0 >/dev/null 2>&1
    applier apply shop.bundle --yes --backup pg_dump:dumps >/dev/null 2>&1
    run_status 7 applier rollback --yes
    errors_has "there is no way back: '0002_gone' has no down script" 'restore the backup of version 1.0.0, made 2' \
        "pg_restore' --host=" "--dbname='${DATABASE}_restored' '$WORK/dumps/"
    run_status 7 applier rollback --to - --yes
    errors_lacks 'restore the backup of version'
}

@test "of another kind of backup it is said which it was" {
    shop
    applier apply shop.bundle --yes --to 1.1.0 >/dev/null 2>&1
    applier apply shop.bundle --yes --backup-proof 'text:tape 9' >/dev/null 2>&1
    sql 'INSERT INTO "Log" VALUES (1)'
    run_status 0 applier rollback --plan --to 1.0.0
    output_lacks 'instead there is a backup'
    applier rollback --to 1.0.0 --yes --accept-data-loss 0002_price >/dev/null 2>&1
    applier apply shop.bundle --yes --backup-proof 'text:tape 10' >/dev/null 2>&1
    sql 'INSERT INTO "Log" VALUES (1)'
    run_status 0 applier rollback --plan
    output_has 'instead there is a backup: by the operator'"'"'s word: tape 10'
}

@test "--plan shows list, losses, statements and locks; it takes no lock and changes nothing" {
    shop lossy_index
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'INSERT INTO "Log" VALUES (1)'
    local before
    before=$(sql 'SELECT count(*) FROM sealift.event')
    # another applier holds the lock, and our two sessions write nothing
    coproc HOLDER { "$PG_BIN/psql" -XAtq -d "$DB_ADMIN"; }
    echo 'SELECT pg_advisory_lock(x'"'5345414C49465431'"'::bigint);' >&"${HOLDER[1]}"
    read -r <&"${HOLDER[0]}"
    run_status 0 applier rollback --plan --to -
    output=$(without_dates <<<"$output")
    output_has '3 to take back, from version 1.2.0 to (nothing):' '1.2.0 0003_index: lossy: public.item.note has other values' \
        'loses public."Log": 1 row' 'nothing was changed' '0002_price.down.sql:1  DROP TABLE "Log"' 'group 1 of 1, one transaction'
    run_status 0 applier rollback --plan --to - --sql --json
    same from '1.2.0 - proven signature' "$(json '"\(.from) \(.to) \(.schema) \(.proven_by)"')"
    same statements 'DROP TABLE "Log" true' "$(json '.ways_back[1].groups[0].statements[0] | "\(.sql) \(.destructive)"')"
    same events "$before" "$(sql 'SELECT count(*) FROM sealift.event')"
    same version 1.2.0 "$(version)"
    run_status 8 applier rollback --to - --yes --lock-wait 0
    eval "exec ${HOLDER[1]}>&-"
    wait "$HOLDER_PID"
    run_status 0 applier rollback --to - --yes --accept-data-loss 0002_price --accept-data-loss 0003_index
    run_status 0 applier rollback --plan
    output_has 'nothing to take back'
    run_status 7 applier rollback --plan --to 1.0.0
    errors_has "does not hold version '1.0.0'"
}

# Downs that bring columns back in another order.
orders() {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (a int, b int, c int);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_a.up.sql <<<'ALTER TABLE item DROP COLUMN a;'
    script 1.1.0/0002_a.down.sql <<<'ALTER TABLE item ADD COLUMN a int;'
    script 1.2.0/0003_b.up.sql <<<'ALTER TABLE item DROP COLUMN b;'
    script 1.2.0/0003_b.down.sql <<<'ALTER TABLE item ADD COLUMN b int;'
    release 1.0.0 1.1.0 1.2.0
    pack_bundle orders.bundle 1.2.0 >/dev/null
    trust_site
    prove orders.bundle
    applier apply orders.bundle --yes >/dev/null 2>&1
}

@test "a way back that leaves what was rehearsed is said beforehand, and taken only where that is accepted" {
    orders
    run_status 0 applier rollback --plan --to 1.1.0
    output_lacks 'not proven'
    run_status 0 applier rollback --plan --to 1.0.0 --json
    same unproven 1.0.0 "$(json '.unproven_versions | join(" ")')"
    run_status 7 applier rollback --to 1.0.0
    errors_has 'not proven when come to this way: 1.0.0' 'nobody has proven the schema that 1.0.0 comes out with' \
        '--accept-unproven' 'nothing was done'
    same version 1.2.0 "$(version)"
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    errors_has 'warning: version 1.0.0 came out otherwise than any proven schema, as accepted: column order public.item'
    output_has 'the schema is not the one proven'
    same version 1.0.0 "$(version)"
    run_status 0 applier status --json
    same state 'failed differs' "$(json '"\(.state) \(.schema)"')"
    run_status 7 applier apply orders.bundle --yes
    errors_has 'column order public.item: changed'
}

@test "ahead of every bundle, without state, keyring or bundle: the ledger is enough" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'INSERT INTO "Log" VALUES (1)'
    rm -rf shop.bundle "$PROJECT" keys site
    mkdir -p site/state site/config
    run_status 0 applier rollback --plan --to 1.0.0
    output_has 'loses public."Log": 1 row'
    run_status 7 applier rollback --to 1.0.0 --yes
    errors_has '--accept-data-loss=0002_price'
    run_status 0 applier rollback --to 1.0.0 --yes --accept-data-loss=0002_price
    errors_has 'not verified again'
    output_has 'the schema is the one proven at build time'
    same version 1.0.0 "$(version)"
}

@test "a loss that was accepted is not asked for again when a rollback that was cut comes back" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE gate ();'
    script 1.0.0/0001_item.down.sql <<<'SELECT * FROM gate; DROP TABLE gate; DROP TABLE item;'
    script 1.1.0/0002_more.up.sql <<<'CREATE TABLE more (n int);'
    script 1.1.0/0002_more.down.sql <<<'DROP TABLE more;'
    release 1.0.0 1.1.0
    pack_bundle shop.bundle 1.1.0 >/dev/null
    trust_site
    fact brought 0001_item table public.item
    fact brought 0002_more table public.more
    prove shop.bundle
    applier apply shop.bundle --yes >/dev/null 2>&1
    sql 'INSERT INTO item VALUES (1); INSERT INTO more VALUES (1), (2)'
    hold gate
    start applier rollback --to - --yes --json --lock-timeout 0 --accept-data-loss 0001_item --accept-data-loss 0002_more
    until_runs 'FROM gate'
    # by now the second migration is taken back
    sql "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '$DATABASE'
        AND application_name LIKE 'sealift %' AND state = 'active'" >/dev/null
    until_runs 'FROM gate'
    let_go
    ended 0
    same reconnects 1 "$(json .reconnects)"
    same gone t "$(sql "SELECT to_regclass('item') IS NULL AND to_regclass('more') IS NULL")"
    same record '0001_item 0002_more' "$(sql "SELECT string_agg(identity, ' ' ORDER BY identity) FROM sealift.accepted_loss")"
}

@test "--plan refuses what it would not do, and its document names the product" {
    shop
    applier apply shop.bundle --yes >/dev/null 2>&1
    for words in --yes '--events events' '--backup pg_dump:.' '--backup-command true' '--backup-proof text:tape' \
        '--backup-within 2h' '--no-backup hurry'; do
        # shellcheck disable=SC2086 # an option and its value
        run_status 2 applier rollback --plan $words
        errors_has "--plan changes nothing: ${words%% *} does not go with it"
    done
    run_status 1 test -e events
    run_status 0 applier rollback --plan --json
    same plan shop "$(json .product)"
    run_status 0 applier rollback --yes --json
    same run shop "$(json .product)"
}

@test "what a way back loses that nobody has rehearsed is not known, and is accepted as that" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (a int); INSERT INTO item VALUES (1);'
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_note.up.sql <<<"COMMENT ON TABLE item IS 'x';"
    script 1.1.0/0002_note.down.sql <<<'COMMENT ON TABLE item IS NULL;'
    release 1.0.0 1.1.0
    pack_bundle unproven.bundle 1.1.0 >/dev/null
    trust_site
    applier apply unproven.bundle --yes >/dev/null 2>&1
    run_status 7 applier rollback --to - --yes
    errors_has "nobody has rehearsed the way back of '0001_item' (1.0.0), which drops or deletes: what that loses is not known" \
        'nothing was done' '--accept-unproven'
    errors_lacks '0002_note'\'' ('
    same version 1.1.0 "$(version)"
    run_status 0 applier rollback --to - --plan --json
    same loses 'false null' "$(json '[.ways_back[].loses] | map(tostring) | join(" ")')"
    run_status 0 applier rollback --to - --plan
    output_has '1 of its statements drops or deletes; what that loses is not known (--accept-unproven)'
    # what drops nothing goes without
    run_status 0 applier rollback --to 1.0.0 --yes
    run_status 0 applier rollback --to - --yes --accept-unproven
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'item'")"
    same recorded '0001_item not rehearsed, 1 statement drops or deletes' "$(sql "SELECT identity || ' ' || words FROM sealift.accepted_loss")"
}
