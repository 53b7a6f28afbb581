#!/usr/bin/env bats
# No space left at the server in the middle of a run, for real: a tablespace on a small tmpfs. Mounting
# it takes root.
load ../support/common

setup() {
    common_setup
    empty_project
    private_cluster
    SMALL=$(mktemp -d "${TMPDIR:-/tmp}/sealift-small.XXXXXX")
    mount -t tmpfs -o "size=2m,uid=$(id -u "$(cluster_user)"),mode=0700" tmpfs "$SMALL"
    sql "CREATE TABLESPACE small LOCATION '$SMALL'"
    sql 'GRANT CREATE ON TABLESPACE small TO app'
}
teardown() {
    common_teardown
    umount "$SMALL"
    rmdir "$SMALL"
}

state() { applier status --db "$DB" --json | jq -r '"\(.version) \(.state) \(.next)"' | sed 's/ --db .*//'; }

@test "a full disk fails the migration alone, says what to free, and resume goes on" {
    script 1.0.0/0001_item.up.sql <<<'CREATE TABLE item (x text) TABLESPACE small;'
    script 1.0.0/0002_fill.up.sql <<<"CREATE TABLE half (); INSERT INTO item SELECT repeat(md5(g::text), 30) FROM generate_series(1, 2500) g;"
    script 1.0.0/0003_later.up.sql <<<'CREATE TABLE later ();'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    run_status 11 applier apply one.bundle --db "$DB" --yes
    errors_has "'0002_fill'" '53100 disk_full' "free space on the server's disk" "'applier resume --db" 'goes on'
    same rest t "$(sql "SELECT to_regclass('half') IS NULL AND to_regclass('later') IS NULL AND to_regclass('item') IS NOT NULL")"
    same state 'null failed applier resume' "$(state)"
    run_status 10 applier resume --db "$DB"
    errors_has '53100 disk_full' "free space on the server's disk"
    mount -o remount,size=64m "$SMALL"
    run_status 0 applier resume --db "$DB"
    same state '1.0.0 current null' "$(state)"
    same rows 2500 "$(sql 'SELECT count(*) FROM item')"
}

@test "a full disk under a concurrent build: the rest is cleared away" {
    script 1.0.0/0001_item.up.sql <<<"CREATE TABLE item (x text); INSERT INTO item SELECT md5(g::text) FROM generate_series(1, 60000) g;"
    script 1.0.0/0002_index.up.sql <<<'CREATE INDEX CONCURRENTLY item_x ON item (x) TABLESPACE small;'
    release 1.0.0
    pack_bundle one.bundle 1.0.0 >/dev/null
    trust_site
    run_status 11 applier apply one.bundle --db "$DB" --yes --json
    same code 53100 "$(json .failure.sqlstate)"
    same settled true "$(json .settled)"
    same rest t "$(sql "SELECT to_regclass('item_x') IS NULL")"
    mount -o remount,size=64m "$SMALL"
    run_status 0 applier resume --db "$DB"
    same valid t "$(sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_x'::regclass")"
}
