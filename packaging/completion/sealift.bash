# Completion for planner and applier in bash. Commands and options come from the programs' own help,
# which comes from their option tables: nothing is listed here twice.

# The words of `PROGRAM --help` and of `PROGRAM COMMAND --help` that can stand where the cursor is.
_sealift() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} word words=() commands
    local previous=${COMP_WORDS[COMP_CWORD - 1]}
    commands=$("$program" --help 2>/dev/null |
        sed -n '/^commands:/,/^$/s/^  \([a-z-]*\( [a-z-][a-z-]*\)\?\)  .*/\1/p')
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || words+=("$word")
    done
    local command=${words[0]-}
    if [ -n "$command" ] && grep -qx "$command [a-z-]*" <<<"$commands"; then
        if [ "${#words[@]}" -eq 1 ] && [[ $current != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^$command //p" <<<"$commands")" -- "$current")
            return
        fi
        command="$command ${words[1]-}"
    fi
    if [ -z "$command" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$commands" | sort -u) --help --version" \
            -- "$current")
    elif [[ $current == -* ]]; then
        # shellcheck disable=SC2086 # a command may be two words
        mapfile -t COMPREPLY < <(compgen -W "$("$program" $command --help 2>/dev/null |
            sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$current")
    elif [[ $previous == --atomic ]]; then
        mapfile -t COMPREPLY < <(compgen -W "migration version run" -- "$current")
    elif [[ $previous == --layout ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" init --help 2>/dev/null |
            sed -n 's/^  --layout \([^ ]*\).*/\1/p' | tr '|' ' ')" -- "$current")
    elif [[ $previous == --format ]]; then
        mapfile -t COMPREPLY < <(compgen -W "text json sarif" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}

complete -o filenames -F _sealift planner applier
