# planner lint: what it looks at, how it prints, what it exits with.
load ../support/common

setup() {
    common_setup
    empty_project
    script 1.0.0/0001_orders.up.sql <<'SQL'
CREATE TABLE orders (id bigint PRIMARY KEY, state text, qty integer);
SQL
    release 1.0.0
}

change() { script 1.1.0/0002_change.up.sql; }
lint() { planner lint --project "$PROJECT" "$@"; }

@test "lint says place, line, caret, why and the safe way" {
    printf '\n  ALTER TABLE orders\n\tADD CONSTRAINT "é" CHECK (qty > 0),\n\tALTER qty SET NOT NULL;\n' | change
    run_status 0 lint
    output_has "migrations/1.1.0/0002_change.up.sql:3:6: warning: adding the check \"é\" reads all of orders"
    output_has '[add-check-valid]' "     ADD CONSTRAINT \"é\" CHECK (qty > 0)," \
        'why:    A check reads the whole table under the lock.' \
        'safe:   ALTER TABLE orders ADD CONSTRAINT "é" CHECK (qty > 0) NOT VALID;'
    output_has '1.1.0/0002_change.up.sql:4:12: warning: SET NOT NULL' \
        'looked at 1 statement of 1 migration: 0 errors, 2 warnings, 0 notes, 0 acknowledged'
    # the caret stands under the place
    line=$(grep -n 'ADD CONSTRAINT "é"' <<<"$output" | head -1 | cut -d: -f1)
    caret=$(sed -n "$((line + 1))p" <<<"$output")
    same caret '         ^' "$caret"
}

@test "of a long line the part around the place is shown" {
    printf 'COMMENT ON TABLE orders IS $$%0200d$$; DROP INDEX orders_state; COMMENT ON TABLE orders IS $$%0200d$$;\n' 0 0 | change
    run_status 0 lint
    output_has '0002_change.up.sql:1:234: warning: dropping orders_state locks its table'
    line=$(grep -n '^    …0000' <<<"$output" | cut -d: -f1)
    shown=$(sed -n "${line}p" <<<"$output") caret=$(sed -n "$((line + 1))p" <<<"$output")
    [[ $shown == *…0*'; DROP INDEX orders_state; COMMENT'*… ]]
    same place 'DROP INDEX' "${shown:${#caret}-1:10}"
}

@test "without a name lint looks at what is not released, with --all at everything" {
    echo 'ALTER TABLE orders RENAME qty TO quantity;' | change
    run_status 0 lint
    output_has 'looked at 1 statement of 1 migration:' '[rename-column]'
    run_status 0 lint --all
    output_has 'looked at 2 statements of 2 migrations:'
    run_status 0 lint 0001_orders
    output_has 'looked at 1 statement of 1 migration: 0 errors, 0 warnings, 0 notes'
    run_status 0 lint migrations/1.1.0/0002_change.up.sql
    output_has '[rename-column]'
    release 1.1.0
    run_status 0 lint
    output_has 'looked at 0 statements of 0 migrations:'
    run_status 2 lint 0001_order
    errors_has "there is no migration '0001_order'" "did you mean '0001_orders'?"
    run_status 2 lint zzzzzzzzzzzzzzzzzzzzzz
    errors_has "'planner status' lists them"
}

@test "errors end with 4, warnings only with --strict" {
    echo 'CREATE INDEX orders_state ON orders (state);' | change
    run_status 0 lint
    run_status 4 lint --strict
    errors_has 'lint found 0 errors and 1 warning that nobody has acknowledged'
    echo 'DROP TABLE orders;' | change
    run_status 4 lint
    errors_has 'lint found 1 error that nobody has acknowledged' '-- sealift: ack RULE WHY'
}

@test "what is acknowledged is shown as that and does not count" {
    printf -- '-- sealift: ack drop-table  orders live elsewhere now\nDROP TABLE orders;\n' | change
    run_status 0 lint --strict
    output_has '0002_change.up.sql:2:1: acknowledged: dropping orders loses its rows [drop-table]' \
        'reason: orders live elsewhere now' '0 errors, 0 warnings, 0 notes, 1 acknowledged'
    output_lacks 'safe:'
    printf -- '-- sealift: ack drop-table  orders live elsewhere now\nSELECT 1;\n' | change
    run_status 0 lint
    output_has "0002_change.up.sql:1:1: warning: 'drop-table' is acknowledged, but does not happen [stale-ack]"
    run_status 4 lint --strict
    printf -- '-- sealift: ack drop-tables  gone\nSELECT 1;\n' | change
    run_status 4 lint
    output_has "error: there is no rule 'drop-tables' [unknown-ack]" "did you mean 'drop-table'?"
    printf -- '-- sealift: ack drop-table\nSELECT 1;\n' | change
    run_status 4 lint
    output_has "directive 'ack drop-table' needs a reason [malformed-script]"
}

@test "the names that a down script acknowledges are looked at, too" {
    echo 'SELECT 1;' | change
    printf -- '-- sealift: ack rollback-lossy  the rows come again\n-- sealift: ack rollback-los  x\nSELECT 1;\n' |
        script 1.1.0/0002_change.down.sql
    run_status 4 lint
    output_has "0002_change.down.sql:2:1: error: there is no rule 'rollback-los' [unknown-ack]" \
        "did you mean 'rollback-lossy'?"
    output_lacks '0002_change.down.sql:1:'
    printf -- '-- sealift: ack drop-table  x\nSELECT 1;\n' | script 1.1.0/0002_change.down.sql
    run_status 0 lint
    output_has "0002_change.down.sql:1:1: warning: 'drop-table' is acknowledged, but lint looks at up"
}

@test "the JSON document has every finding and the counts" {
    printf -- '-- sealift: ack drop-table  gone\nDROP TABLE orders;\nREINDEX TABLE orders;\n' | change
    run_status 0 lint --json
    same findings '[["drop-table","error",2,1,0,"gone"],["reindex-nonconcurrent","warning",3,1,1,null]]' \
        "$(json '[.findings[] | [.rule, .severity, .line, .column, .statement, .acknowledged]] | tojson')"
    same counts '[1,2,0,1,0,1]' \
        "$(json '[.migrations, .statements, .errors, .warnings, .notes, .acknowledged] | tojson')"
    same names '["shop","0002_change","migrations/1.1.0/0002_change.up.sql"]' \
        "$(json '[.product, .findings[0].migration, .findings[0].file] | tojson')"
    json '.findings | all(.why and .effect and .versions and .message)'
    run_status 0 lint --format json
    json '.findings | length == 2'
    echo 'DROP TABLE orders;' | change
    run_status 4 lint --json
    json '.errors == 1'
    run_status 2 lint --json --format sarif
    errors_has "'--json' and '--format sarif' exclude each other"
}

# The members that SARIF 2.1.0 requires, and those that viewers go by.
@test "the SARIF document is one" {
    mkdir -p "$PROJECT/migrations/1.1.0"
    printf -- '-- sealift: ack drop-table  gone\nDROP TABLE orders;\nREINDEX TABLE orders;\n' |
        script '1.1.0/0002_change.up.sql'
    run_status 0 lint --format sarif
    same version 2.1.0 "$(json '.version')"
    json '."$schema" | endswith("sarif-2.1.0.json")'
    json '.runs | length == 1'
    json '.runs[0].tool.driver | .name and .version and (.rules | length > 54)'
    json '.runs[0].tool.driver.rules | all(.id and .shortDescription.text and .help.text
          and (.defaultConfiguration.level | IN("error", "warning", "note")))'
    json '.runs[0].tool.driver.rules as $rules | .runs[0].results
          | length == 2 and all($rules[.ruleIndex].id == .ruleId)'
    json '.runs[0].results | all(.message.text and (.level | IN("error", "warning", "note"))
          and (.locations | length == 1))'
    same places '[["migrations/1.1.0/0002_change.up.sql",2,1],["migrations/1.1.0/0002_change.up.sql",3,1]]' \
        "$(json '[.runs[0].results[].locations[0].physicalLocation
           | [.artifactLocation.uri, .region.startLine, .region.startColumn]] | tojson')"
    same suppressions '[[{"kind":"inSource","justification":"gone"}],[]]' \
        "$(json '[.runs[0].results[].suppressions] | tojson')"
    same column_kind unicodeCodePoints "$(json '.runs[0].columnKind')"
}

@test "a path in a SARIF document is a URI" {
    mv "$PROJECT/migrations" "$PROJECT/my migrations"
    sed -i 's/^folder = .*//; s/^\[migrations\]/[migrations]\nfolder = my migrations/' "$PROJECT/sealift.conf"
    rm "$PROJECT/sealift.sum"
    echo 'DROP TABLE other;' >>"$PROJECT/my migrations/1.0.0/0001_orders.up.sql"
    run_status 4 lint --format sarif
    same uri 'my%20migrations/1.0.0/0001_orders.up.sql' \
        "$(json '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri')"
}

@test "explain says why, what was measured, the safe way and the versions" {
    run_status 0 planner lint --explain set-not-null
    output_has 'set-not-null (warning)' 'measured:  ACCESS EXCLUSIVE; scan' 'safe way:  ' 'versions:  ' \
        '-- sealift: ack set-not-null WHY'
    run_status 0 planner lint --explain
    output_has 'add-col-volatile-default ' 'fk-without-index ' 'stale-ack '
    run_status 0 planner lint --explain --json
    json '[.rules[].row] | unique | length == 55' # 54 and lint's own, 0
    run_status 0 planner lint --explain truncate --json
    json '.rules | length == 1'
    run_status 2 planner lint --explain set-not-nul
    errors_has "there is no rule 'set-not-nul'" "did you mean 'set-not-null'?"
    run_status 2 planner lint --explain zzzzzzzzzzzzzzzzzzzzzzzz
    errors_has "'planner lint --explain' lists them"
}

@test "the page on lint has every rule as the program has it" {
    sed -n 's/^| `\([a-z-]*\)` | \([a-z]*\) | \([^|]*\) |.*/\1|\2|\3/p' "$TOP/docs/lint.md" >page
    [ "$(wc -l <page)" -ge 54 ]
    planner lint --explain --json | jq -r '.rules[] | [.rule, .severity, .why] | join("|")' | diff - page
    planner lint --explain --json | jq -r '.rules[] | [.effect, .safe, .versions] | join(" | ")' |
        while read -r words; do
            grep -qF -- "| $words |" "$TOP/docs/lint.md" || { echo "not on the page: $words"; return 1; }
        done
}

@test "a migration that the grammar does not know does not end lint" {
    { echo 'SELEC 1;'; printf 'SELECT 1'; yes +1 | head -400000 | tr -d '\n'; printf ';\nDROP TABLE orders;\n'; } | change
    run_status 4 lint
    output_has '0002_change.up.sql:1:1: warning: no rule looked at this statement: syntax error' \
        '0002_change.up.sql:2:1: warning: no rule looked at this statement: the parser crashed' \
        '0002_change.up.sql:3:1: error: dropping orders'
}

@test "a project that does not hold together is refused" {
    rm "$PROJECT/migrations/1.0.0/0001_orders.up.sql"
    run_status 4 lint
    run_status 3 planner lint --project "$WORK/nowhere"
}

@test "the sample product has no finding that is not meant" {
    sample_project
    run_status 0 lint --strict
    output_has 'looked at 42 statements of 15 migrations: 0 errors, 0 warnings'
}

@test "options that would be passed over are refused" {
    change <<<'SELECT 1;'
    for words in --all --strict 0002_change; do
        run_status 2 lint $words --explain truncate
        errors_has "--explain explains rules and looks at no migration: '$words' does not go with it"
    done
    run_status 2 lint --explain --format sarif
    run_status 2 lint --all 0002_change
    errors_has "--all looks at every migration, '0002_change' names one"
    run_status 0 lint --explain truncate --format json
    run_status 0 lint 0002_change
}
