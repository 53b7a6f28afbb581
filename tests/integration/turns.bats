# What a line with long turns would make of a run: turns are counted, not timed.
load ../support/common
load ../support/proxy

setup() {
    common_setup
    fresh_database
    empty_project
    migration 1.0.0 1
    migration 2.0.0 2
    for i in $(seq 3 103); do migration 3.0.0 "$i"; done
    release 1.0.0 2.0.0 3.0.0
    pack_bundle small.bundle 3.0.0 >/dev/null
    trust_site
}
teardown() {
    proxy_done
    common_teardown
}

migration() { # VERSION N
    local name
    name=$1/$(printf %04d "$2")_t
    script "$name.up.sql" <<<"CREATE TABLE t$2 (id int); CREATE INDEX ON t$2 (id);"
    script "$name.down.sql" <<<"DROP TABLE t$2;"
}

# The turns of an applier's command, over all its connections: sets TURNS.
turns_of() {
    proxy "$CLUSTER" --lockstep
    run_status 0 applier "$@" --db "$(by_proxy "$DB")" --yes
    proxy_end
    TURNS=$(proxy_sum turns)
}

@test "100 small migrations, a transaction and a ledger row each, cost at most 16 turns" {
    applier apply small.bundle --to 1.0.0 --db "$DB" --yes >/dev/null
    turns_of apply small.bundle --to 2.0.0
    one=$TURNS
    turns_of apply small.bundle
    echo "# apply: $one turns for 1 migration, $TURNS for 101" >&3
    [ $((TURNS - one)) -le 16 ]
    # what a run costs anyway: three connections, the ledger read twice, begin and end
    [ "$one" -le 50 ]
    same 'ledger rows' 103 "$(sql 'SELECT count(*) FROM sealift.journal')"
    same transactions 103 "$(sql 'SELECT count(DISTINCT xmin::text) FROM sealift.journal')"
}

@test "taking them back costs no more" {
    applier apply small.bundle --db "$DB" --yes >/dev/null
    turns_of rollback --accept-unproven --to 2.0.0
    many=$TURNS
    turns_of rollback --accept-unproven --to 1.0.0
    echo "# rollback: $TURNS turns for 1 migration, $many for 101" >&3
    [ $((many - TURNS)) -le 16 ]
    # with what is recorded of losses that nobody knows, and the word on a backup
    [ "$TURNS" -le 52 ]
    same transactions 205 "$(sql 'SELECT count(DISTINCT xmin::text) FROM sealift.journal')"
}

# An applier that knows much asks no more than one that knows little.
@test "nothing to do costs the same few turns however much was done" {
    pack_bundle one.bundle 1.0.0 >/dev/null
    applier apply one.bundle --db "$DB" --yes >/dev/null
    turns_of apply one.bundle
    output_has 'nothing to do'
    few=$TURNS
    applier apply small.bundle --db "$DB" --yes >/dev/null
    turns_of apply small.bundle
    output_has 'nothing to do'
    echo "# nothing to do: $few turns with 1 migration known, $TURNS with 103" >&3
    same turns "$few" "$TURNS"
    [ "$TURNS" -le 6 ]
}
