# Named values and psql's language in scripts: what is shipped leaves what psql leaves, run on the same
# files with the same values; what is released stays what it is.
load ../support/common

setup() {
    common_setup
    empty_project harbor
}
teardown() { common_teardown; }

# A [value NAME] section of the project: value NAME KEY=TEXT…
value() {
    printf '\n[value %s]\n' "$1" >>"$PROJECT/sealift.conf"
    printf '%s\n' "${@:2}" >>"$PROJECT/sealift.conf"
}

everything() {
    schema_of "$1"
    "$PG_BIN/psql" -XAtq -d "$1" -c 'TABLE app.ships' -c 'TABLE app.notes'
}

@test "what psql does with variables, branches and files, the bundle does" {
    value app 'value = app' 'type = identifier'
    value owner "value = Ann's \\ship"
    value limit 'value = 3' 'type = integer'
    value with_notes 'value = on'
    mkdir -p "$PROJECT/lib"
    cat >"$PROJECT/lib/ships.sql" <<'EOF'
\ir more/types.sql
CREATE TABLE :app.ships (id int CHECK (id <= :limit), name text DEFAULT :'owner', kind app.kind);
INSERT INTO :app.ships VALUES (1, :'owner', :first_kind), (2, ':owner', $$:owner$$), (3, :'label', :first_kind)
EOF
    mkdir "$PROJECT/lib/more"
    echo "CREATE DOMAIN app.kind AS text DEFAULT :'label'" >"$PROJECT/lib/more/types.sql"
    script 1.0.0/0001_ships.up.sql <<'EOF'
\set ON_ERROR_STOP on
\set label 'two\twords' :limit
\set first_kind '\'tall\''
\set wanted :{?with_notes}
\echo making :label
CREATE SCHEMA :app;
\i lib/ships.sql
\if :with_notes
CREATE TABLE :"app".notes (of_ship int, words text[], said text COLLATE "C");
\if :wanted
\set words 'ARRAY[''a'', ''b'']'
INSERT INTO app.notes SELECT id, (:words)[1:id], :'words' FROM app.ships;
\endif
COPY app.notes FROM STDIN;
7	{:limit}	:owner
\.
\elif :nobody
CREATE TABLE app.wrong (id int);
\else
CREATE TABLE app.wrong (id int);
\! touch /nowhere/at/all
\endif
\timing off
CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $$ SELECT ':owner'::text || :'owner' $$;
\unset label
COMMENT ON TABLE app.ships IS :'owner';
EOF
    # the body of a function is not looked into: neither by psql
    sed -i "s/ || :'owner' \\$\\$/ \\$\\$/" "$PROJECT/migrations/1.0.0/0001_ships.up.sql"
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/x.bundle" --db "$DB" --yes
    everything "$DB_ADMIN" >"$WORK/ours"
    fresh_database
    (cd "$PROJECT" && "$PG_BIN/psql" -Xq -d "$DB" -v app=app -v owner="Ann's \\ship" -v limit=3 \
        -v with_notes=on -f migrations/1.0.0/0001_ships.up.sql >/dev/null)
    everything "$DB_ADMIN" >"$WORK/theirs"
    diff "$WORK/theirs" "$WORK/ours"
    grep -q "Ann's" "$WORK/ours"
    grep -q ':owner' "$WORK/ours"
    run_status 0 applier inspect "$WORK/x.bundle" --sql
    output_has "E'Ann''s \\\\ship'"
    output_lacks '\echo' wrong
}

@test "a value or a file that is changed after its release is an edited migration" {
    value limit 'value = 3'
    mkdir "$PROJECT/lib"
    echo 'CREATE TABLE ships (id int CHECK (id < :limit))' >"$PROJECT/lib/ships.sql"
    script 1.0.0/0001_ships.up.sql <<<'\i lib/ships.sql'
    run_status 0 release 1.0.0
    sed -i 's/^value = 3/value = 4/' "$PROJECT/sealift.conf"
    run_status 4 pack_bundle "$WORK/x.bundle" 1.0.0
    errors_has "'0001_ships' (version 1.0.0) was edited" "the value 'limit', the file 'lib/ships.sql'"
    sed -i 's/^value = 4/value = 3/' "$PROJECT/sealift.conf"
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    echo 'SELECT 1;' >>"$PROJECT/lib/ships.sql"
    run_status 4 release 2.0.0
    errors_has "'0001_ships' (version 1.0.0) was edited" "the file 'lib/ships.sql'"
}

@test "an undeclared name, in words, with file and line; and colons where psql is not asked" {
    script 1.0.0/0001_ships.up.sql <<<$'SELECT 1;\nSELECT :tenant;'
    run_status 4 release 1.0.0
    errors_has "migrations/1.0.0/0001_ships.up.sql:2: ':tenant' refers to no value" '[value tenant]'
    sed -i '/^\[migrations\]/a placeholders = none' "$PROJECT/sealift.conf"
    script 1.0.0/0001_ships.up.sql <<<"SELECT ':tenant'; SELECT (ARRAY[1])[1:1];"
    run_status 0 release 1.0.0
}

@test "a site parameter is not packed" {
    value tenant 'site = true' 'default = acme'
    script 1.0.0/0001_ships.up.sql <<<$'SELECT 1;\nSELECT :tenant;'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "0001_ships.up.sql:2: 'select …' refers to the site parameter 'tenant'"
}

@test "a value that contradicts itself is an error of the configuration" {
    value limit 'value = many' 'type = integer'
    run_status 3 planner status --project "$PROJECT"
    errors_has "[value limit] value is 'many': expected an integer"
    sed -i 's/^value = many/valu = 3/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "there is no key 'valu' in a section [value limit]"
    sed -i -e '/^valu /d' -e 's/^\[migrations\]/&\nplaceholders = perl/' "$PROJECT/sealift.conf"
    sed -i 's/^type = integer/value = 3/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "placeholders is 'perl': expected auto|none|psql"
}

@test "lint looks at what ships, and names the file that it comes from" {
    value how 'value = FULL'
    mkdir "$PROJECT/lib"
    printf -- '-- here\nVACUUM FULL ships;\n' >"$PROJECT/lib/vacuum.sql"
    script 1.0.0/0001_vacuum.up.sql <<<$'\\i lib/vacuum.sql\n\nVACUUM :how berths;'
    status=0
    output=$(planner lint --project "$PROJECT" --json) || status=$?
    same findings 'lib/vacuum.sql 2
migrations/1.0.0/0001_vacuum.up.sql 3' \
        "$(json '.findings[] | select(.rule == "vacuum-full") | "\(.file) \(.line)"')"
}
