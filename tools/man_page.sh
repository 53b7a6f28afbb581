#!/bin/bash
# Completes a man page from its program: prints TEMPLATE (scdoc) with the line @COMMANDS@ replaced by
# every command with its options, and @EXIT_STATUS@ by the table of exit statuses, both as the
# program's own --help says them. usage: tools/man_page.sh PROGRAM TEMPLATE
set -euo pipefail
program=$1 template=$2

# Text as scdoc takes it literally.
escape() { sed 's/[\\*_`~]/\\&/g'; }

commands() {
    "$program" --help | awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on' |
        sed -E 's/^  (.*[^ ])  +.*$/\1/; s/^  //; s/  .*$//'
}

# Options of a command: "  --name VALUE  what it does" lines of its help.
options() {
    awk '/^options:/ { on = 1; next } on && /^  --/ {
        line = substr($0, 3); at = match(line, /   *[^ ]/)
        name = substr(line, 1, at - 1); text = substr(line, at); sub(/^ +/, "", text)
        printf "\t*%s*++\n%s\n\n", name, text }' | escape_marks
}
# The stars and ++ that options() wrote stay markup.
escape_marks() { sed -E '/^\t\*/!s/[\\*_`~]/\\&/g; /^\t\*/s/_/\\_/g'; }

describe() {
    local command help
    commands | while read -r command; do
        # shellcheck disable=SC2086 # a command's name may be two words
        help=$("$program" $command --help)
        printf '## %s\n\n' "$(head -n 1 <<<"$help" | sed 's/^usage: //' | escape)"
        printf '%s\n\n' "$(sed -n 3p <<<"$help" | escape)"
        options <<<"$help"
    done
}

exit_status() {
    "$program" --help | awk '/^exit status:/ { on = 1; next } on && NF { status = $1; $1 = ""
        printf "*%s*\n\t%s\n\n", status, substr($0, 2) }'
}

while IFS= read -r line; do
    case $line in
    @COMMANDS@) describe ;;
    @EXIT_STATUS@) exit_status ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$template"
