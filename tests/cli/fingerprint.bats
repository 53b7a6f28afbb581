#!/usr/bin/env bats
# applier fingerprint: roots, counts and rows; the same for the same schema, and nothing is written.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
    psql_as_app -c 'CREATE TABLE item (id serial PRIMARY KEY, name text); CREATE VIEW named AS SELECT name FROM item'
}
teardown() { common_teardown; }

@test "fingerprint prints algorithm, server, roots and counts" {
    run_status 0 applier fingerprint
    output_has 'algorithm  1' 'server     PostgreSQL 15' 'owner      app' 'all but the system' 'deparse    1 row, root '
    output_lacks public.item
    run_status 0 applier fingerprint --json
    same head '1 15 app null' "$(json '"\(.algorithm) \(.server_major) \(.owner) \(.schemas)"')"
    same classes 'core deparse env' "$(json '[.classes[].class] | join(" ")')"
    same rows null "$(json .rows)"
    json '[.classes[].root | length == 128] | all' >/dev/null
    same ledger f "$(sql "SELECT to_regnamespace('sealift') IS NOT NULL")"
}

@test "rows come with hashes or with definitions, as a bundle holds them" {
    run_status 0 applier fingerprint --rows
    output_has 'core     column public.item.name'
    output_lacks 'not null default'
    run_status 0 applier fingerprint --definitions
    output_has $'\n\nsealift-fingerprint 1\n' $'core\tcolumn\tpublic.item.name\ttext' $'deparse\tview text\tpublic.named\t'
    run_status 0 applier fingerprint --definitions --json
    same definition text "$(json '.rows[] | select(.identity == "public.item.name") | .definition')"
    same hash "$(printf text | sha256sum | cut -d' ' -f1)" "$(json '.rows[] | select(.identity == "public.item.name") | .hash')"
    same counted "$(json '[.classes[].count] | add')" "$(json '.rows | length')"
    run_status 0 applier fingerprint --rows --json
    same 'no definitions' false "$(json '.rows[0] | has("definition")')"
}

@test "only the schemas that are named, whatever their names" {
    psql_as_app -c 'CREATE SCHEMA "Odd, ""na\me"""; CREATE TABLE "Odd, ""na\me""".thing (id int)'
    odd=$(sql "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'Odd%'")
    run_status 0 applier fingerprint --rows --schema "$odd"
    output_has '.thing.id'
    output_lacks public.item
    run_status 0 applier fingerprint --rows --schema public "$odd"
    output_has '.thing.id' public.item
    run_status 7 applier fingerprint --rows --schema none
    errors_has "there is no schema 'none'"
}

@test "who is written as <owner> can be said" {
    same owner "$(applier fingerprint --owner app --json | jq -r '.classes[2].root')" \
        "$(applier fingerprint --json | jq -r '.classes[2].root')"
    run_status 0 applier fingerprint --owner postgres --definitions
    output_has $'owner\ttable public.item\tapp'
    run_status 0 applier fingerprint --definitions
    output_has $'owner\ttable public.item\t<owner>'
}

@test "rows and data do not change it, a setting of the database does not either" {
    before=$(applier fingerprint)
    psql_as_app -c "INSERT INTO item (name) SELECT 'x' FROM generate_series(1, 100); ANALYZE item"
    same fingerprint "$before" "$(applier fingerprint)"
    sql "ALTER DATABASE $DATABASE SET search_path = 'nowhere'"
    same 'core and deparse' "$(grep -E '^(core|deparse)' <<<"$before")" "$(applier fingerprint | grep -E '^(core|deparse)')"
}

@test "what is not there is said: a server, an option" {
    run_status 9 applier fingerprint --db 'host=/nowhere'
    run_status 2 applier fingerprint --schemas public
    run_status 2 applier fingerprint extra
}
