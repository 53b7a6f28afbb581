#!/usr/bin/env bats
# What `make install` puts where, and the completion that comes with it.

load ../support/common

# complete WORDS…: what bash would offer for the last of them.
complete_words() {
    bash -c '
        . "$1/packaging/completion/sealift.bash"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _sealift
        printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$TOP" "$@" | sort | paste -sd' '
}

@test "completion offers the programs' own commands and options" {
    same "a command begun" "release" "$(complete_words planner rel)"
    same "the second word of a command" "keyring new show" "$(complete_words planner keys '')"
    same "an option begun" "--atomic" "$(complete_words applier apply --ato)"
    same "an option of a command of two words" "--threshold" "$(complete_words applier trust init --th)"
    same "the words of a choice" "version" "$(complete_words applier apply x --atomic v)"
    same "of another" "after before" "$(complete_words applier apply x --phase '')"
    same "of a third" "restored rolled-back" "$(complete_words applier rehearse x --method r)"
    same "all layouts" "$(planner init --help | sed -n 's/^  --layout \([^ ]*\) .*/\1/p' | tr '|' '\n' | sort | paste -sd' ')" \
        "$(complete_words planner init --layout '')"
    touch some.file
    same "files behind a command of one word" "some.file" "$(complete_words applier status some)"
    same "files where there is no choice" "some.file" "$(complete_words applier apply x --events some)"
    same "the layouts" "numbered-folders" "$(complete_words planner init --layout num)"
}

@test "the example configuration is one that applier reads, as it is and filled in" {
    make_key vendor
    mkdir -p "$SEALIFT_CONFIG_DIR"
    cp "$TOP/packaging/examples/applier.conf" "$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier trust init --key keys/vendor.pub
    sed -i 's/^#\([a-z_-]* = \|\[\)/\1/' "$SEALIFT_CONFIG_DIR/applier.conf"
    grep -q '^rollback-needs = nothing' "$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 0 applier trust show
    echo 'nmae = x' >>"$SEALIFT_CONFIG_DIR/applier.conf"
    run_status 3 applier trust show
    errors_has "nmae"
}

@test "make install puts programs, pages, completion and examples under DESTDIR" {
    command -v scdoc >/dev/null || skip "scdoc is not here"
    [ -z "${SEALIFT_BIN:-}" ] || [ "$SEALIFT_BIN" = "$TOP/build/bin" ] || skip "for the release build"
    make -C "$TOP" -s V=1 install DESTDIR="$WORK/root" PREFIX=/usr >/dev/null
    same "files" "$(printf '%s\n' bin/applier bin/planner \
        share/bash-completion/completions/applier share/bash-completion/completions/planner \
        share/doc/sealift/CHANGELOG.md share/doc/sealift/LICENSE share/doc/sealift/README.md \
        share/doc/sealift/bundle-format.md share/doc/sealift/examples/applier.conf \
        share/man/man1/applier.1 share/man/man1/planner.1)" \
        "$(cd root/usr && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort)"
    run_status 0 root/usr/bin/planner --version
}
