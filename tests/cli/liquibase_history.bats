#!/usr/bin/env bats
# [foreign-history] keep with layout liquibase: databasechangelog, its checksums computed here by other
# programs. Against what liquibase wrote: tests/unit/migrations/liquibase_row_test.c; with liquibase
# itself: tests/layout_tools.sh.
load ../support/common
load ../support/layouts
load ../support/history

setup() {
    common_setup
    shared_cluster
}
teardown() { common_teardown; }

# liquibase_project [VERSION FOLDER]: the fixture, its history kept.
liquibase_project() {
    fixture
    keep "$@"
}
# … with a way back for all of it.
fixture() {
    layout_project liquibase
    PROJECT=$WORK/liquibase
    sed -i 's/^--rollback not required/--rollback DROP VIEW ships;/' "$PROJECT/migrations/later-on.sql"
    sed -i 's/^--rollback DROP FUNCTION.*/&\n--rollback COMMENT ON TABLE ship IS NULL;/' "$PROJECT/migrations/001_ships.sql"
}
keep() {
    printf '[foreign-history]\nkeep = true\n[liquibase]\nversion = %s\nfolder = %s\n' "${1:-4.28.0}" "${2:-db/log}" \
        >>"$PROJECT/sealift.conf"
}
set_to() { sed -i "s#^$1 = .*#$1 = $2#" "$PROJECT/sealift.conf"; }

# more ID COLUMN VERSION: a changeset more in the last file, released, packed as an upgrade and applied.
more() {
    printf -- '--changeset ann:%s\nALTER TABLE ship ADD COLUMN %s int;\n--rollback ALTER TABLE ship DROP COLUMN %s;\n' \
        "$1" "$2" "$2" >>"$PROJECT/migrations/later-on.sql"
    upgrade "$3"
}
upgrade() {
    local from
    from=$(sed -n 's/^release \([^ ]*\) .*/\1/p' "$PROJECT/sealift.sum" | tail -n 1)
    release "$1"
    run_status 0 pack_bundle "$WORK/$1.bundle" "$1" --from "$from"
    run_status 0 applier apply "$WORK/$1.bundle" --yes
}

# The checksum of a changeset with these statements: of kind 8 with how they are cut before them.
digest() { md5sum | cut -c1-32; }
checksum_9() { printf '9:%s' "$(printf '9:%s:' "$(tr -d ' \t\r\n' <<<"$1" | digest)" | digest)"; }
checksum_8() { printf '8:%s' "$(printf '8:%s:' "$(printf '%s' "$1" | tr -s ' \t\r\n' ' ' | digest)" | digest)"; }

@test "checksums of the version that is named, paths as it finds the files, one deployment for a run" {
    liquibase_project
    release 1.0.0
    grep -q '^release 1.0.0 .* history=liquibase:public.databasechangelog:4.28.0:db/log$' "$PROJECT/sealift.sum"
    deliver 1.0.0
    rows order '1|create-ships|ann|db/log/001_ships.sql 2|count-ships|Bob B.|db/log/001_ships.sql 3|create-ships|ann|db/changes/index_ships.sql 4|1|ann|db/log/later-on.sql 5|2|ann|db/log/later-on.sql' \
        'SELECT orderexecuted, id, author, filename FROM databasechangelog ORDER BY 1'
    rows columns 'EXECUTED|sql||4.28.0||' 'SELECT DISTINCT exectype, description, tag, liquibase, contexts, labels FROM databasechangelog'
    rows remarks '1|everything about ships' "SELECT orderexecuted, comments FROM databasechangelog WHERE comments <> ''"
    rows 'one run' t "SELECT count(DISTINCT deployment_id) = 1 AND bool_and(deployment_id ~ '^[0-9]{10}\$') FROM databasechangelog"
    rows lock '1|f||' 'TABLE databasechangeloglock'
    rows checksum "$(checksum_9 'ALTER TABLE ship ADD COLUMN draught numeric(6,2);')" 'SELECT md5sum FROM databasechangelog WHERE orderexecuted = 5'
    back 2
    rows down '1 2 3' 'SELECT orderexecuted FROM databasechangelog ORDER BY 1'
    run_status 0 applier apply "$WORK/x.bundle" --yes
    rows again '1 2 3 4 5' 'SELECT orderexecuted FROM databasechangelog ORDER BY 1'
    rows 'two runs' 2 'SELECT count(DISTINCT deployment_id) FROM databasechangelog'
    run_status 0 applier rollback --to - --yes --accept-unproven
    rows nothing '0|1' 'SELECT (SELECT count(*) FROM databasechangelog), (SELECT count(*) FROM databasechangeloglock)'
}

@test "before 4.22 the checksum is of kind 8, which knows how the statements are cut" {
    liquibase_project 4.4.0 .
    release 1.0.0
    deliver 1.0.0
    rows kinds '8:|4.4.0' 'SELECT DISTINCT left(md5sum, 2), liquibase FROM databasechangelog'
    rows plain "$(checksum_8 'null:true:true:ALTER TABLE ship ADD COLUMN draught numeric(6,2);')" \
        'SELECT md5sum FROM databasechangelog WHERE orderexecuted = 5'
    rows delimiter "$(checksum_8 "//:true:false:CREATE VIEW ships AS SELECT id FROM ship
//
COMMENT ON VIEW ships IS 'seen'
//")" 'SELECT md5sum FROM databasechangelog WHERE orderexecuted = 4'
}

@test "turned on after releases; another version, another folder, another table later" {
    fixture
    run_status 0 planner release 1.0.0 --project "$PROJECT" --through later-on:ann:1
    deliver 1.0.0
    rows 'not kept' '' "SELECT to_regclass('databasechangelog')"
    keep 4.21.1 .
    upgrade 1.1.0
    rows 'caught up' '1|001_ships.sql 2|001_ships.sql 3|db/changes/index_ships.sql 4|later-on.sql 5|later-on.sql' \
        'SELECT orderexecuted, filename FROM databasechangelog ORDER BY 1'
    back 1
    rows 'back to what keeps none' '1 2 3 4' 'SELECT orderexecuted FROM databasechangelog ORDER BY 1'
    run_status 0 applier apply "$WORK/1.1.0.bundle" --yes
    set_to version 4.28.0
    more 3 a 1.2.0
    rows 'rows of another version stay' '5|8:|4.21.1 1|9:|4.28.0' \
        'SELECT count(*), left(md5sum, 2), liquibase FROM databasechangelog GROUP BY 2, 3 ORDER BY 2'
    set_to folder db
    more 4 b 1.3.0
    rows 'all by their new paths' '1|later-on:1 1|later-on:2 1|later-on:3 1|later-on:4 1|later-on:1 1|later-on:2 1|later-on:3' \
        "SELECT count(*), regexp_replace(filename, '^db/|[.]sql', '', 'g') || ':' || id FROM databasechangelog
            WHERE filename LIKE '%later-on.sql' GROUP BY filename, id ORDER BY filename, id"
    rows 'its own path once' 1 "SELECT count(*) FROM databasechangelog WHERE filename = 'db/changes/index_ships.sql'"
    sed -i 's/^keep = true/&\ntable = app_log/' "$PROJECT/sealift.conf"
    sql 'DROP TABLE databasechangeloglock'
    more 5 c 1.4.0
    rows 'another table' 8 'SELECT count(*) FROM app_log'
    rows 'whose lock has another name' '' "SELECT to_regclass('databasechangeloglock')"
}

@test "a row that liquibase has written is not written twice, and goes by its path in any form" {
    liquibase_project
    release 1.0.0
    deliver 1.0.0
    back 1
    sql "INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype)
        SELECT '2', author, 'classpath:' || filename, now(), 9, 'MARK_RAN' FROM databasechangelog WHERE id = '1';
        UPDATE databasechangelog SET filename = '/' || filename WHERE id = '1'"
    run_status 0 applier apply "$WORK/x.bundle" --yes
    rows once '1 2 3 4 9' 'SELECT orderexecuted FROM databasechangelog ORDER BY 1'
    rows untouched '9|classpath:db/log/later-on.sql|MARK_RAN' "SELECT orderexecuted, filename, exectype FROM databasechangelog WHERE id = '2'"
    run_status 0 applier rollback --to - --yes --accept-unproven
    rows gone 0 'SELECT count(*) FROM databasechangelog'
}

@test "contexts and labels are noted as liquibase does; what is not run is not" {
    liquibase_project
    printf 'contexts = test\nlabels = *\n' >>"$PROJECT/sealift.conf"
    cat >>"$PROJECT/migrations/later-on.sql" <<'SQL'
--changeset ann:3 context:"test or demo" labels:One,two
--comment it's \ noted
SELECT 'it''s \ 3';
--rollback empty
--changeset ann:4 context:prod
SELECT 4;
SQL
    release 1.0.0
    deliver 1.0.0
    rows noted '(test or demo)|one,two|it-s / noted' "SELECT contexts, labels, translate(comments, '''\\', '-/') FROM databasechangelog WHERE id = '3'"
    rows 'not run' 0 "SELECT count(*) FROM databasechangelog WHERE id = '4'"
}

@test "a missing or wrong setting is named, and what cannot be exact is refused before anything is written" {
    liquibase_project
    sed -i '/^version = /d' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "[foreign-history] keep is 'true', and [liquibase] version is missing" "from 4.3.0 to 4.33 or 5.0"
    sed -i 's/^folder = .*/version = 4.28.0/' "$PROJECT/sealift.conf"
    run_status 3 planner status --project "$PROJECT"
    errors_has "[foreign-history] keep is 'true', and [liquibase] folder is missing" "liquibase's search path"
    for version in 4.2.0 latest 4.28; do
        set_to version "$version"
        run_status 3 planner status --project "$PROJECT"
        errors_has "[liquibase] version is '$version': expected what 'liquibase --version' prints"
    done
    set_to version '4.28.0\nfolder = .'
    for folder in /db ../db db/ 'db//x' './db' 'a b' 'c:db' 'db\\x'; do
        set_to folder "$folder"
        run_status 3 planner status --project "$PROJECT"
        errors_has "[liquibase] folder is '"
    done
    set_to folder .
    run_status 0 planner status --project "$PROJECT"
    set_to version 4.4.0
    printf -- '--changeset "Ann Lee":3\nSELECT 3;\n' >>"$PROJECT/migrations/later-on.sql"
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "writing what liquibase would note of 'later-on:Ann Lee:3'" \
        'migrations/later-on.sql:11: liquibase 4.4.0 takes the quotes for a part of the name' 'write author and id without quotes'
    [ ! -s "$PROJECT/sealift.sum" ] || ! grep -q '^release' "$PROJECT/sealift.sum"
    set_to version 4.28.0
    release 1.0.0
    sed -i 's/:4.28.0:db.*//; s/:4.28.0:[.]$/:4.28.0/' "$PROJECT/sealift.sum"
    run_status 3 planner status --project "$PROJECT"
    errors_has "version 1.0.0 was released with a history that this planner does not write: 'liquibase:public.databasechangelog:4.28.0'"
}

@test "with [liquibase] folder a changelog's paths are those that liquibase knows" {
    liquibase_project
    cat >"$PROJECT/migrations/all.xml" <<'XML'
<databaseChangeLog>
<include file="classpath:db/log/001_ships.sql"/>
<includeAll path="/db/log/later/"/>
<include file="log/later-on.sql"/>
</databaseChangeLog>
XML
    run_status 4 planner status --project "$PROJECT"
    errors_has "migrations/all.xml:4: there is no such .sql file in the folder: 'log/later-on.sql'"
    set_to folder log
    run_status 4 planner status --project "$PROJECT"
    errors_has "migrations/all.xml:2: there is no such .sql file in the folder: 'db/log/001_ships.sql'"
    output_has "migrations/all.xml:3: no .sql file stands in '/db/log/later'"
    set_to folder .
    sed -i 's#db/log/##; s#log/##' "$PROJECT/migrations/all.xml"
    run_status 0 planner status --project "$PROJECT"
    release 1.0.0
    deliver 1.0.0
    rows paths '001_ships.sql db/changes/index_ships.sql later-on.sql' 'SELECT DISTINCT filename FROM databasechangelog ORDER BY 1'
}

@test "a folder as ./NAME is noted so by older versions: refused for them by line" {
    liquibase_project 4.23.2
    rm "$PROJECT/migrations/all.xml"
    printf 'databaseChangeLog:\n- includeAll:\n    path: ./\n    relativeToChangelogFile: true\n' >"$PROJECT/migrations/all.yaml"
    run_status 0 planner status --project "$PROJECT"
    sed -i 's#path: ./#&later#' "$PROJECT/migrations/all.yaml"
    run_status 4 planner status --project "$PROJECT"
    errors_has "migrations/all.yaml:2: liquibase would note the './' before 'later'"
    set_to version 4.24.0
    run_status 0 planner status --project "$PROJECT"
    set_to version 4.23.2
    set_to keep false
    run_status 0 planner status --project "$PROJECT"
}

@test "the tables are no part of the schema: rehearsed, adopted where they stand, and at the version they tell of" {
    liquibase_project
    release 1.0.0
    rehearsed
    make_key vendor
    run_status 0 planner pack --project "$PROJECT" --to 1.0.0 --out "$WORK/x.bundle" --sign "$WORK/keys/vendor"
    trust_site
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier apply "$WORK/x.bundle" --yes
    run_status 0 applier drift
    output_has 'tolerated table public.databasechangelog' 'tolerated table public.databasechangeloglock'
    sql 'DROP SCHEMA sealift CASCADE'
    run_status 0 applier adopt "$WORK/x.bundle" --yes
    output_has "liquibase's public.databasechangelog: 5 migrations, the last later-on:ann:2; that is version 1.0.0 of this bundle"
}
