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

@test "another form or type of a released site parameter is an edit, and a bundle carries what was released" {
    value app 'site = true' 'type = identifier' 'rehearse = app' 'as = identifier'
    script 1.0.0/0001_role.up.sql <<<'SELECT :app;'
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/x.bundle" 1.0.0
    trust_site
    run_status 0 applier verify "$WORK/x.bundle"
    sed -i 's/^as = identifier/as = literal/' "$PROJECT/sealift.conf"
    run_status 4 pack_bundle "$WORK/y.bundle" 1.0.0
    errors_has "'0001_role' (version 1.0.0) was edited" "the value 'app'"
    sed -i 's/^type = identifier/type = text/' "$PROJECT/sealift.conf"
    run_status 4 pack_bundle "$WORK/y.bundle" 1.0.0
    sed -i -e 's/^as = literal/as = identifier/' -e 's/^type = text/type = identifier/' "$PROJECT/sealift.conf"
    printf 'default = other\n' >>"$PROJECT/sealift.conf"
    run_status 0 planner status --project "$PROJECT"
    output_lacks edited
}

@test "an undeclared name, in words, with file and line; and colons where psql is not asked" {
    script 1.0.0/0001_ships.up.sql <<<$'SELECT 1;\nSELECT :tenant;'
    run_status 4 release 1.0.0
    errors_has "migrations/1.0.0/0001_ships.up.sql:2: ':tenant' refers to no value" '[value tenant]'
    sed -i '/^\[migrations\]/a placeholders = none' "$PROJECT/sealift.conf"
    script 1.0.0/0001_ships.up.sql <<<"SELECT ':tenant'; SELECT (ARRAY[1])[1:1];"
    run_status 0 release 1.0.0
}

@test "a site parameter stands where it is quoted, and not where a name must be known" {
    value tenant 'site = true' 'default = acme'
    value berths 'site = true' 'default = 3' 'type = integer'
    value role 'site = true' 'rehearse = app' 'type = identifier'
    script 1.0.0/0001_ships.up.sql <<<$'SELECT 1;\nSELECT :tenant, :berths, :\'role\' AS :role;'
    script 1.0.0/0002_bare.up.sql <<<$'SELECT 1;\nSELECT 1 AS :"tenant";'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "0002_bare.up.sql:2: 'select …' refers to the site parameter 'tenant' as identifier, but its type is text"
    script 1.0.0/0002_bare.up.sql <<<'CREATE INDEX CONCURRENTLY :role ON ships (id);'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "refers to the site parameter 'role' for a name, which must be known when the bundle is packed"
    script 1.0.0/0002_bare.up.sql <<<$'-- sealift: batch key=id\nUPDATE :role SET a = 1 WHERE id BETWEEN $1 AND $2;\nSELECT true;'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "refers to the site parameter 'role' for a name"
    script 1.0.0/0002_bare.up.sql <<<$'BEGIN ISOLATION LEVEL SERIALIZABLE, :role;\nSELECT 1;\nCOMMIT;'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    rm "$PROJECT/migrations/1.0.0/0002_bare.up.sql"
    run_status 0 planner release 1.0.0 --project "$PROJECT"
}

@test "what a site could not be asked for is an error of the configuration" {
    value tenant 'site = true' $'default = a\tb'
    script 1.0.0/0001_ships.up.sql <<<'SELECT :tenant;'
    release 1.0.0
    make_key vendor
    run_status 3 planner pack --project "$PROJECT" --to 1.0.0 --out x.bundle --sign keys/vendor --allow-unproven
    errors_has '[value tenant] default is not one line of printable UTF-8'
    sed -i $'s/^default = .*/default = aa\\\npattern = (a{1}){2}/' "$PROJECT/sealift.conf"
    sed -i 's/^default = .*/default = aa/' "$PROJECT/sealift.conf"
    run_status 3 planner pack --project "$PROJECT" --to 1.0.0 --out x.bundle --sign keys/vendor --allow-unproven
    errors_has '[value tenant] pattern repeats a repetition'
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

# A project of another tool's layout with one migration, its text from stdin: other LAYOUT FILE
other() {
    PROJECT=$WORK/$1
    planner init --product harbor --layout "$1" "$PROJECT" >/dev/null
    cat >"$PROJECT/migrations/$2"
}

@test "flyway's placeholders, goose's variables and templates are put in before a bundle is packed" {
    other flyway V1__ships.sql <<<$'-- ${owner}\nCREATE TABLE ${table} (name text DEFAULT \'${owner}\');'
    value table 'value = ships'
    run_status 4 release 1.0.0
    errors_has "V1__ships.sql:1: '\${owner}' refers to no value" '[value owner]'
    value owner 'value = Ann'
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/flyway.bundle" 1.0.0
    trust_site
    run_status 0 applier inspect "$WORK/flyway.bundle" --sql
    output_has "CREATE TABLE ships (name text DEFAULT 'Ann');"
    other goose 1_ships.sql <<<$'-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE ${T:-ships} (n $KIND);'
    value KIND 'value = numeric(5, 2)'
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/goose.bundle" 1.0.0
    run_status 0 applier inspect "$WORK/goose.bundle" --sql
    output_has 'CREATE TABLE ships (n numeric(5, 2));'
    other golang-migrate 1_ships.up.sql <<<'CREATE TABLE {{ .T }} (t text DEFAULT '\''{1,{2}}'\'');'
    value T 'value = ships'
    sed -i 's/^\[migrations\]/&\nplaceholders = go-template/' "$PROJECT/sealift.conf"
    run_status 0 release 1.0.0
    run_status 0 pack_bundle "$WORK/template.bundle" 1.0.0
    run_status 0 applier inspect "$WORK/template.bundle" --sql
    output_has "CREATE TABLE ships (t text DEFAULT '{1,{2}}');"
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

@test "lint reads a statement with site parameters as one with values" {
    value role 'site = true' 'type = identifier' 'rehearse = app'
    value tenant 'site = true' 'rehearse = t'
    value most 'site = true' 'type = integer' 'as = raw' 'default = 3'
    script 1.0.0/0001_ships.up.sql <<'EOF'
CREATE TABLE ships (name text);
GRANT SELECT ON ships TO :role, :"role";
INSERT INTO ships SELECT :tenant LIMIT :most;
EOF
    script 1.0.0/0001_ships.down.sql <<<'DROP TABLE ships;'
    run_status 0 planner lint --project "$PROJECT" --json
    same findings '' "$(json '.findings[] | select(.rule == "unparsed" or .rule == "psql-variable") | .rule')"
    script 1.1.0/0002_more.up.sql <<<'ALTER TABLE ships ADD COLUMN a int NOT NULL; INSERT INTO ships VALUES (:tenant);'
    status=0
    output=$(planner lint --project "$PROJECT" --json) || status=$?
    json '.findings[] | "\(.file) \(.line) \(.rule)"' | grep -q '1.1.0/0002_more.up.sql 1 '
}
