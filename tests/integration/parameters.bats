#!/usr/bin/env bats
# Values that only the site knows: declared by the vendor, said at the site, kept by the ledger.
load ../support/common

setup() {
    common_setup
    fresh_database
    export DATABASE_URL=$DB
}
teardown() {
    [ -z "${ROLES:-}" ] || sql "$(printf 'DROP OWNED BY %s; DROP ROLE %s;' "$ROLES" "$ROLES")" || true
    common_teardown
}

# A table of one row per kind of value; the second version takes a number.
tenants_project() {
    empty_project
    cat >>"$PROJECT/sealift.conf" <<'CONF'

[value tenant]
site = true
rehearse = a tenant
description = whose ships they are

[value title]
site = true
type = identifier
rehearse = rehearsed

[value most]
site = true
type = integer
as = raw
default = 10
pattern = -?[0-9]{1,3}
CONF
    script 1.0.0/0001_tenant.up.sql <<'SQL'
CREATE TABLE tenant (name text, again text, port text);
INSERT INTO tenant VALUES (:tenant, :'title', 'quay');
CREATE TABLE t (a int);
INSERT INTO tenant VALUES ((SELECT :"title".name FROM tenant AS :"title" LIMIT 1), '-', '-');
SQL
    script 1.0.0/0001_tenant.down.sql <<'SQL'
DELETE FROM tenant WHERE name = :tenant;
DROP TABLE t;
DROP TABLE tenant;
SQL
    script 1.1.0/0002_most.precheck.sql <<'SQL'
-- sealift: gate
SELECT :most < 500;
SQL
    script 1.1.0/0002_most.up.sql <<'SQL'
CREATE TABLE most (a int);
INSERT INTO most VALUES (5 -:most);
SQL
    script 1.1.0/0002_most.down.sql <<<'DROP TABLE most;'
    release 1.0.0 1.1.0
    pack_bundle tenants.bundle 1.1.0 >/dev/null
    trust_site
}

@test "pack carries parameters and places, and inspect shows them" {
    tenants_project
    run_status 0 applier inspect tenants.bundle
    output_has "parameter    most, integer like -?[0-9]{1,3}, default '10', rehearsed with '10'" \
        "parameter    tenant, text, asked for, rehearsed with 'a tenant': whose ships they are" \
        "parameter    title, identifier, asked for"
    run_status 0 applier inspect tenants.bundle --sql
    output_has "INSERT INTO tenant VALUES (:tenant, :'title', 'quay')" ':"title".name'
}

@test "values are one token, whatever they hold" {
    tenants_project
    local value title
    for value in "x'; drop table t; --" "C:\\new\\" "O'Brien \\' \"q\"" 'Zürich ⛴ $$ $1' ''; do
        for title in 'a "b" c' 'Select' 'x\y'; do
            applier apply tenants.bundle --to 1.0.0 --yes --set "tenant=$value" --set "title=$title" >/dev/null
            same name "$value" "$(sql 'SELECT name FROM tenant LIMIT 1')"
            same twice "$value" "$(sql "SELECT name FROM tenant WHERE port = '-'")"
            same title "$title" "$(sql 'SELECT again FROM tenant LIMIT 1')"
            same 'nothing was dropped' 1 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 't'")"
            applier rollback --yes --accept-unproven >/dev/null
            same gone 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'tenant')")"
        done
    done
}

@test "what is missing stops everything before it begins, and all of it is named" {
    tenants_project
    for command in 'apply tenants.bundle --yes' 'plan tenants.bundle' \
        'rehearse tenants.bundle --method rolled-back --allow-blocking --yes' \
        'apply tenants.bundle tenants.bundle --yes'; do
        # shellcheck disable=SC2086 # a command's words
        run_status 7 applier $command
        errors_has 'values are missing that only this site knows: tenant (text): whose ships they are; title (identifier)' \
            '--set NAME=VALUE'
    done
    same 'no ledger' 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
    run_status 7 applier preflight tenants.bundle
    output_has 'blocks    values are missing that only this site knows: tenant' '-> give each with --set'
    run_status 7 applier rehearse tenants.bundle --method template --yes
    errors_has 'values are missing that only this site knows'
    run_status 7 applier preflight tenants.bundle --set 'tenant=a' --json
    same finding 'blocks' "$(json '.findings[] | select(.check == "parameter" and .object == "") | .level')"
}

@test "what cannot be a value is refused: 2 on the command line, 3 in the file" {
    tenants_project
    local given=(--set tenant=a --set title=b)
    run_status 2 applier apply tenants.bundle --yes "${given[@]}" --set most=many
    errors_has "--set: the value of the parameter 'most' is not an integer of 64 bits" 'it is of type integer and matches'
    errors_lacks many
    run_status 2 applier apply tenants.bundle --yes "${given[@]}" --set most=1000
    errors_has 'does not match the pattern'
    run_status 2 applier plan tenants.bundle "${given[@]}" --set titel=x
    errors_has "--set names 'titel', which is no parameter of the bundle" "'applier inspect BUNDLE'"
    run_status 2 applier preflight tenants.bundle --set tenant
    errors_has "--set takes NAME=VALUE, not 'tenant'"
    run_status 2 applier apply tenants.bundle --yes --set title=
    errors_has "'title' is not an identifier of 1 to 63 bytes"
    printf '[parameters]\nmost = 1e3\n' >>"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 3 applier apply tenants.bundle --yes "${given[@]}"
    errors_has "applier.conf: the value of the parameter 'most' is not an integer"
    run_status 2 applier adopt tenants.bundle --yes --set x=1
    run_status 2 applier rehearse tenants.bundle --method rolled-back --yes --set x=1
}

@test "the file goes before what the ledger has, the command line before both; plan shows it" {
    tenants_project
    printf '[parameters]\ntenant = of the file\ntitle = all\n[parameters shop]\ntitle = of shop\n' \
        >>"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier plan tenants.bundle --set most=-3
    output_has 'most = -3   (integer, by --set)' 'tenant = of the file   (text, from applier.conf)' \
        'title = of shop   (identifier' "VALUES ('of the file', 'of shop', 'quay')" 'VALUES (5 - -3)'
    run_status 0 applier apply tenants.bundle --yes --set most=-3
    same number 8 "$(sql 'TABLE most')"
    same recorded 'most|integer|-3|command
tenant|text|of the file|site
title|identifier|of shop|site' "$(sql 'SELECT name, type, value, source FROM sealift.parameter ORDER BY number')"
    run_status 0 applier history
    output_has 'parameter most = -3 (by --set)' 'parameter tenant = of the file (from applier.conf)'
    run_status 0 applier rollback --to 1.0.0 --yes --accept-unproven
    run_status 0 applier plan tenants.bundle --json
    same 'from the ledger' '-3 ledger null' "$(json '.parameters[] | "\(.value) \(.source) \(.before)"')"
    run_status 0 applier apply tenants.bundle --yes --set most=4
    errors_has "the parameter 'most' has another value in this run than in the last one"
    same number 1 "$(sql 'TABLE most')"
}

@test "resume goes on with what was said, and a rollback takes what each migration was applied with" {
    tenants_project
    local total at resumed=0
    applier apply tenants.bundle --yes --set tenant=z --set title=x >/dev/null
    applier rollback --to - --yes --accept-unproven >/dev/null
    with_fault FAULT_CALLS=send FAULT_COUNT=count applier apply tenants.bundle --yes --set tenant=z --set title=x >/dev/null
    total=$(cat count)
    for at in 2 3 5; do
        applier rollback --to - --yes --accept-unproven >/dev/null
        run_status 137 with_fault FAULT_CALLS=send FAULT_AT=$((total - at)) applier apply tenants.bundle --yes \
            --set tenant=first --set title=x
        # killed before its beginning was on record, there is nothing to resume
        run_status 0 applier resume
        [[ $output == *'nothing to resume'* ]] || resumed=$((resumed + 1))
        run_status 0 applier apply tenants.bundle --yes --set tenant=first --set title=x
        same name first "$(sql 'SELECT name FROM tenant LIMIT 1')"
    done
    [ "$resumed" -gt 0 ]
    # the row goes only where the down has the value of the up, whatever the file says now
    printf '[parameters]\ntenant = second\n' >>"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier rollback --plan --to - --sql
    output_has "WHERE name = 'first'"
    run_status 0 applier rollback --to - --yes --accept-unproven --set 'tenant=said'
    same recorded 'said command' "$(sql "SELECT value || ' ' || source FROM sealift.parameter ORDER BY number DESC LIMIT 1")"
}

@test "a value is in no words of the server, an identifier is" {
    tenants_project
    script 1.2.0/0003_bad.up.sql <<'SQL'
SELECT 1 FROM tenant WHERE name = :tenant AND nothing_there(:tenant);
SQL
    script 1.3.0/0004_bad.up.sql <<<'GRANT SELECT ON tenant TO :"title";'
    release 1.2.0 1.3.0
    pack_bundle bad.bundle 1.3.0 --from 1.1.0 >/dev/null
    applier apply tenants.bundle --yes --set 'tenant=quiet please' --set 'title=No Body' >/dev/null
    run_status 10 applier apply bad.bundle --yes --set 'tenant=hush "hush"'
    errors_has 42883
    errors_lacks hush
    run_status 10 applier apply bad.bundle --yes --set 'tenant=hush "hush"' --json --events events
    output_lacks hush
    same 'nor the events' '' "$(grep -o hush events || true)"
    same 'nor the journal' 0 "$(sql "SELECT count(*) FROM sealift.event WHERE words LIKE '%hush%'")"
    sql 'CREATE FUNCTION nothing_there(text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$'
    run_status 11 applier apply bad.bundle --yes --set 'tenant=hush "hush"'
    errors_has '42704' 'role "No Body" does not exist'
    # a value that was wrong is mended by the next attempt
    sql "DO \$\$ BEGIN CREATE ROLE param_$DATABASE; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"
    ROLES=param_$DATABASE
    run_status 0 applier resume --set "title=param_$DATABASE"
    same granted t "$(sql "SELECT has_table_privilege('param_$DATABASE', 'tenant', 'SELECT')")"
}

@test "a number that stands as it is in the statement is in no words of the server either" {
    tenants_project
    script 1.2.0/0003_bad.up.sql <<<'SELECT 1 x :most;'
    release 1.2.0
    pack_bundle bad.bundle 1.2.0 --from 1.1.0 >/dev/null
    applier apply tenants.bundle --yes --set tenant=a --set title=b >/dev/null
    run_status 10 applier apply bad.bundle --yes --set most=777
    errors_has '42601 syntax_error: syntax error at or near "…"'
    errors_lacks 777
    run_status 10 applier apply bad.bundle --yes --set most=777 --show-sql
    errors_has 'at or near "777"'
}

@test "a route asks for what any of its runs takes, before the first" {
    tenants_project
    script 1.2.0/0003_place.up.sql <<<"INSERT INTO tenant VALUES (:'port', '', '');"
    printf '\n[value port]\nsite = true\nrehearse = quay\n' >>"$PROJECT/sealift.conf"
    release 1.2.0
    pack_bundle next.bundle 1.2.0 --from 1.1.0 >/dev/null
    local given=(--set tenant=a --set title=b)
    run_status 7 applier apply tenants.bundle next.bundle --yes "${given[@]}"
    errors_has 'values are missing that only this site knows: port (text)'
    same 'no ledger' 0 "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'sealift'")"
    run_status 2 applier apply tenants.bundle next.bundle --yes "${given[@]}" --set nobody=x
    errors_has "'nobody', which is no parameter of these bundles"
    run_status 0 applier plan tenants.bundle next.bundle "${given[@]}" --set port=p
    run_status 0 applier apply tenants.bundle next.bundle --yes "${given[@]}" --set port=p
    same row 1 "$(sql "SELECT count(*) FROM tenant WHERE name = 'p'")"
}

@test "batches and COPY take values too" {
    empty_project
    printf '\n[value name]\nsite = true\nrehearse = x\n[value lines]\nsite = true\ntype = identifier\nrehearse = lines\n' \
        >>"$PROJECT/sealift.conf"
    script 1.0.0/0001_rows.up.sql <<'SQL'
CREATE TABLE :lines (a int PRIMARY KEY, b text);
COPY :"lines" FROM stdin;
1	one
2	two
3	three
\.
SQL
    script 1.0.0/0002_batch.up.sql <<'SQL'
-- sealift: batch key=a size=2 table="Of site"
UPDATE :lines SET b = :name WHERE a BETWEEN $1 AND $2;
SELECT NOT EXISTS (SELECT FROM :lines WHERE b <> :name);
SQL
    # a batch must know its table when packed
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    script 1.0.0/0002_batch.up.sql <<'SQL'
-- sealift: batch key=a size=2
UPDATE "Of site" SET b = :name WHERE a BETWEEN $1 AND $2;
SELECT NOT EXISTS (SELECT FROM :lines WHERE b <> :name);
SQL
    release 1.0.0
    pack_bundle rows.bundle 1.0.0 >/dev/null
    trust_site
    run_status 0 applier apply rows.bundle --yes --set 'name=from $1 to $2' --set 'lines=Of site'
    same rows '3|from $1 to $2' "$(sql 'SELECT count(*), min(b) FROM "Of site"')"
}

@test "a rehearsal at the site runs with the site's values" {
    tenants_project
    run_status 0 applier rehearse tenants.bundle --method rolled-back --allow-blocking --yes \
        --set 'tenant=it'"'"'s' --set title=b
    same 'nothing stays' 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'tenant'")"
}

@test "a migration that is applied in part keeps its value" {
    tenants_project
    script 1.2.0/0003_two.up.sql <<'SQL'
INSERT INTO tenant VALUES (:tenant, 'two', '');
CREATE INDEX CONCURRENTLY tenant_name ON tenant (name) WHERE port = :'tenant';
SELECT nothing_there();
SQL
    release 1.2.0
    pack_bundle two.bundle 1.2.0 --from 1.1.0 >/dev/null
    applier apply tenants.bundle --yes --set tenant=a --set title=b >/dev/null
    run_status 11 applier apply two.bundle --yes --set tenant=c
    run_status 7 applier resume --set tenant=d
    errors_has "migration '0003_two' is applied in part with another value of the parameter 'tenant'"
    sql 'CREATE FUNCTION nothing_there() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$'
    run_status 0 applier resume
    same row c "$(sql "SELECT name FROM tenant WHERE again = 'two'")"
    sql "SELECT pg_get_indexdef('tenant_name'::regclass)" | grep -F "'c'"
}

@test "a migration that is taken back in part keeps its value" {
    tenants_project
    script 1.2.0/0003_two.up.sql <<'SQL'
INSERT INTO tenant VALUES (:tenant, 'up', '-');
SQL
    script 1.2.0/0003_two.down.sql <<'SQL'
INSERT INTO tenant VALUES (:tenant, 'down', '-');
CREATE INDEX CONCURRENTLY tenant_name ON tenant (name);
INSERT INTO tenant SELECT :tenant, 'end', '-' WHERE nothing_there();
SQL
    release 1.2.0
    pack_bundle two.bundle 1.2.0 --from 1.1.0 >/dev/null
    applier apply tenants.bundle --yes --set tenant=a --set title=b >/dev/null
    applier apply two.bundle --yes --set tenant=c >/dev/null
    run_status 11 applier rollback --yes --accept-unproven
    run_status 7 applier resume --set tenant=d
    errors_has "migration '0003_two' is taken back in part with another value of the parameter 'tenant'"
    same 'nothing more' 0 "$(sql "SELECT count(*) FROM tenant WHERE name = 'd'")"
    sql 'CREATE FUNCTION nothing_there() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$'
    run_status 0 applier resume --set tenant=c
    same rows 'c c' "$(sql "SELECT string_agg(name, ' ') FROM tenant WHERE again IN ('down', 'end')")"
}

# One role that owns nothing, gets rights and stands in a policy, and a tablespace's name.
@test "a site's own names are proven, and a value that shapes the schema is not packed" {
    empty_project
    cat >>"$PROJECT/sealift.conf" <<'CONF'

[value reader]
site = true
type = identifier
rehearse = app_reader

[value maker]
site = true
type = identifier
rehearse = app_maker

[value tenant]
site = true
rehearse = somebody
CONF
    script 1.0.0/0001_item.up.sql <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, tenant text);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON item FOR SELECT TO :"reader" USING (true);
GRANT SELECT ON item TO :reader;
INSERT INTO item VALUES (1, :tenant);
SQL
    script 1.0.0/0001_item.down.sql <<<'DROP TABLE item;'
    script 1.1.0/0002_maker.up.sql <<<'CREATE ROLE :maker; GRANT INSERT ON item TO :maker; GRANT UPDATE ON item TO :reader;'
    script 1.1.0/0002_maker.down.sql <<<'REVOKE UPDATE ON item FROM :reader; REVOKE INSERT ON item FROM :maker; DROP ROLE :maker;'
    local major
    major=$("$PG_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    run_status 0 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$major"
    release 1.0.0 1.1.0
    make_key vendor
    run_status 0 planner pack --project "$PROJECT" --to 1.1.0 --out item.bundle --sign keys/vendor
    trust_site
    # the role is another than the rehearsed one, and that one is not there
    ROLES="\"Reader $DATABASE\""
    sql "CREATE ROLE $ROLES"
    run_status 0 applier apply item.bundle --to 1.0.0 --yes --strict --set "reader=Reader $DATABASE" --set "tenant=us"
    output_has 'the schema is the one proven at build time'
    run_status 0 applier drift --strict
    run_status 0 applier fingerprint
    same granted t "$(sql "SELECT has_table_privilege('Reader $DATABASE', 'item', 'SELECT')")"
    run_status 0 applier rollback --yes --strict --accept-data-loss=0001_item
    run_status 0 applier apply item.bundle --to 1.0.0 --yes --strict
    # renamed: the run is told so, and what looks before it looks with the same names
    sql "ALTER ROLE $ROLES RENAME TO \"New $DATABASE\""
    ROLES="\"New $DATABASE\""
    run_status 7 applier drift
    run_status 0 applier plan item.bundle --set "maker=m_$DATABASE" --json
    same 'without its name' true "$(json '.schema_differences > 0')"
    run_status 0 applier plan item.bundle --set "reader=New $DATABASE" --set "maker=m_$DATABASE" --json
    same 'with its name' 0 "$(json .schema_differences)"
    run_status 0 applier preflight item.bundle --set "reader=New $DATABASE" --set "maker=m_$DATABASE"
    output_lacks 'policy public.item.readers'
    sql "ALTER ROLE $ROLES RENAME TO \"Reader $DATABASE\""
    ROLES="\"Reader $DATABASE\""
    # another role in the policy is drift, and names what it is
    sql 'CREATE POLICY more ON item FOR INSERT TO app'
    run_status 7 applier drift
    output_has 'policy public.item.more'

    # taken over without a ledger: only under its own name is it the proven schema
    sql 'DROP POLICY more ON item; DROP SCHEMA sealift CASCADE'
    rm -rf "$SEALIFT_STATE_DIR"
    run_status 7 applier adopt item.bundle --version 1.0.0 --yes
    output_has 'policy public.item.readers'
    run_status 0 applier adopt item.bundle --version 1.0.0 --yes --strict --set "reader=Reader $DATABASE"
    same recorded "reader Reader $DATABASE command" "$(sql "SELECT name || ' ' || value || ' ' || source FROM sealift.parameter")"
    run_status 0 applier drift --strict

    script 1.2.0/0003_default.up.sql <<<'ALTER TABLE item ALTER tenant SET DEFAULT :tenant;'
    script 1.2.0/0003_default.down.sql <<<'ALTER TABLE item ALTER tenant DROP DEFAULT;'
    run_status 4 planner rehearse --project "$PROJECT" --pg-bin "$PG_BIN" --major "$major"
    release 1.2.0
    run_status 7 planner pack --project "$PROJECT" --to 1.2.0 --out all.bundle --sign keys/vendor
    errors_has "version '1.2.0' gets another schema on PostgreSQL $major where a site parameter has another value: parameter tenant, column public.item.tenant"
    errors_lacks 'parameter reader'
}
