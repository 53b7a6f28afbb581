# What the documents say is what the code does.
load ../support/common

# The lines between ```LANGUAGE and ``` in a page.
fenced() { awk -v begin="\`\`\`$2" '$0 == begin { on = 1; next } /^```$/ { on = 0 } on' "$1"; }

@test "every exit status in the README and the manual is the code's own" {
    sed -n 's/^ *X(ERROR_[A-Z]*, \([0-9]*\),.*/\1/p' "$TOP/base/exit_code.h" | sort -n >"$WORK/code"
    [ "$(wc -l <"$WORK/code")" -ge 14 ]
    awk -F'|' '/^\| *[0-9]+ *\|/ { print $2 + 0 }' "$TOP/README.md" | sort -n |
        diff "$WORK/code" -
    for program in planner applier; do
        run_status 0 "$program" --help
        printf '%s\n' "$output" | awk '/^exit status:/ { on = 1; next } on { print $1 }' |
            sort -n | diff "$WORK/code" -
    done
}

@test "the manual pages list every command with every option" {
    for program in planner applier; do
        "$TOP/tools/man_page.sh" "$(command -v "$program")" "$TOP/docs/man/$program.1.scd" >"$WORK/page"
        run_status 1 grep -E '@[A-Z_]+@' "$WORK/page"
        commands=$("$program" --help | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on' |
            sed -E 's/^  ([^ ]+( [^ ]+)*)  .*/\1/')
        [ -n "$commands" ]
        while read -r command; do
            grep -qF "## $program $command" "$WORK/page"
            # shellcheck disable=SC2086 # a command's name may be two words
            "$program" $command --help | grep -oE '^  --[a-z-]+' | while read -r option; do
                grep -qF -- "*$option" "$WORK/page"
            done
        done <<<"$commands"
    done
}

@test "the page on the bundle has the manifest's tables as they are" {
    sed '1,/^-- :name manifest_schema$/d' "$TOP/bundles/sql/manifest_schema.sql" |
        diff - <(fenced "$TOP/docs/bundle-format.md" "sql manifest_schema")
}

@test "the page on the bundle has the offsets of the code" {
    for name in SIGNATURES_HEADER SIGNATURES KEYRING_HEADER KEYRING HEAD_HEADER HEAD CONTENT MANIFEST; do
        offset=$(sed -n "s/^#define BUNDLE_${name}_OFFSET *\(0x[0-9]*\).*/\1/p" "$TOP/bundles/bundle_format.h")
        [ -n "$offset" ]
        grep -q "^| $offset |" "$TOP/docs/bundle-format.md" || { echo "no row for $name at $offset"; return 1; }
    done
}

@test "the page on the bundle has HEAD's keys in the order of the code" {
    sed -n 's/^    ROW("\([a-z0-9-]*\)",.*/\1/p' "$TOP/bundles/head.c" >"$WORK/code"
    [ "$(wc -l <"$WORK/code")" -ge 30 ]
    awk '/^\| key \| value \|$/ { on = 1; next } on && !/^\|/ { exit } on' "$TOP/docs/bundle-format.md" |
        awk -F'|' '!/---/ { gsub(/ /, "", $2); gsub(/,/, "\n", $2); print $2 }' | diff "$WORK/code" -
}

@test "links between the documents lead somewhere" {
    cd "$TOP"
    for page in README.md docs/*.md; do
        grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^https\?:' | while read -r target; do
            [ -e "$(dirname "$page")/$target" ] || { echo "$page: $target"; return 1; }
        done
    done
}

@test "the five minutes of the README work as they stand there" {
    fresh_database
    printf '[harbor]\nhost=%s\nport=%s\ndbname=%s\nuser=app\n' "$CLUSTER/socket" \
        "$(cluster_port "$CLUSTER")" "$DATABASE" >"$WORK/services"
    export PGSERVICEFILE=$WORK/services
    mkdir "$WORK/harbor"
    cd "$WORK/harbor"
    # Where there is no terminal, what changes something wants --yes; the scripts get their content.
    awk '/^## Five minutes/ { on = 1; next } /^## / { on = 0 } on && /^    (planner|applier) /' \
        "$TOP/README.md" | sed -E "s/^ +//; s/(applier (apply|rollback).*'service=harbor')/\1 --yes/; s|/srv/backup|$WORK/backup|" >commands
    mkdir "$WORK/backup"
    [ "$(wc -l <commands)" -ge 12 ]
    sed -i "/^planner new/a echo 'CREATE TABLE orders (id int);' >migrations/1.0.0/0001_create_orders.up.sql\n\
echo 'DROP TABLE orders;' >migrations/1.0.0/0001_create_orders.down.sql" commands
    run_status 0 bash -ex commands
    output_has "applied harbor (nothing) -> 1.0.0" "took back 1 migration,"
}
