# tools/install-packages.sh on machines that lack something: what it says, what it calls, what it leaves.
load ../support/common

# A machine whose commands are those in $WORK/bin: the usual ones, without the commands named.
machine_without() {
    mkdir -p "$WORK/bin"
    for name in bash env sh awk sort sed cat grep id tee mkdir rm rmdir dirname chmod hash touch \
        make cc pkg-config pg_config bats jq minisign sqlite3 bsdtar zstd scdoc; do
        ! command -v "$name" >/dev/null || ln -sf "$(command -v "$name")" "$WORK/bin/$name"
    done
    for name in "$@"; do rm "$WORK/bin/$name"; done
    chmod -R a+rX "$WORK" "$WORK/.."
}

stub() {
    cat >"$WORK/bin/$1"
    chmod 0755 "$WORK/bin/$1"
}

# As an ordinary user where this is root: root needs no sudo.
install_packages() {
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${as[@]}" env -i PATH="$WORK/bin" HOME="$WORK" bash "$TOP/tools/install-packages.sh" "$@"
}

setup() {
    common_setup
    # A tree that an ordinary user cannot reach (a checkout under /root) is tried from a copy.
    mkdir -p "$WORK/tree/tools"
    cp "$TOP/tools/install-packages.sh" "$WORK/tree/tools"
    TOP=$WORK/tree
    chmod 0755 "$WORK" "$WORK/.." "$WORK/../.."
}

@test "where all is there it says nothing and calls nothing" {
    machine_without
    stub apt-get <<<'echo called >&2; exit 1'
    run_status 0 install_packages build demo test
    same output "" "$output$errors"
}

@test "without root and sudo it refuses with the line to run" {
    machine_without jq minisign
    stub apt-get <<<'echo called >&2; exit 1'
    run_status 3 install_packages build test
    errors_has "apt-get update && apt-get install --no-install-recommends jq minisign"
    errors_lacks called
}

@test "a sudo that would ask is not asked without a terminal" {
    machine_without jq
    stub apt-get <<<'echo called >&2; exit 1'
    stub sudo <<<'[ "$1" = -n ] && exit 1; echo asked >&2; exit 1'
    run_status 3 install_packages test
    errors_has "install --no-install-recommends jq"
    errors_lacks asked
}

@test "where nothing but apt is missing it says so on other systems too" {
    machine_without jq
    run_status 3 install_packages test
    errors_has "no apt-get" jq
}

@test "with sudo it says what it installs, and installs only that" {
    machine_without jq minisign
    chmod 0777 "$WORK/bin" "$WORK"
    stub sudo <<<'#!/bin/bash
shift; [ "$1" = true ] || exec "$@"'
    stub apt-get <<SH
#!/bin/bash
echo "apt-get \$*" >>"$WORK/calls"
case " \$* " in *" -s "*) exit 0 ;; esac
[[ " \$* " != *" install "* ]] || { touch "$WORK/bin/jq" "$WORK/bin/minisign"; chmod 0755 "$WORK/bin/jq" "$WORK/bin/minisign"; }
SH
    run_status 0 install_packages build test
    output_has "installing with sudo -n apt-get: jq minisign"
    grep -q "install -y --no-install-recommends jq minisign" "$WORK/calls"
    run_status 1 grep -q update "$WORK/calls"
}

@test "a machine that knows no packages is updated first" {
    machine_without jq
    chmod 0777 "$WORK/bin" "$WORK"
    stub sudo <<<'#!/bin/bash
shift; [ "$1" = true ] || exec "$@"'
    stub apt-get <<SH
#!/bin/bash
echo "apt-get \$*" >>"$WORK/calls"
case " \$* " in
*" update "*) touch "$WORK/updated" ;;
*" -s "*) [ -e "$WORK/updated" ] ;;
*" install "*) [ -e "$WORK/updated" ] && touch "$WORK/bin/jq" && chmod 0755 "$WORK/bin/jq" ;;
esac
SH
    run_status 0 install_packages test
    sed 's/-q -o [^ ]* //' "$WORK/calls" | awk '{ print $2 }' | diff - <(printf 'install\nupdate\ninstall\n')
}

@test "an installation that did not help is an error" {
    machine_without jq
    stub sudo <<<'#!/bin/bash
shift; [ "$1" = true ] || exec "$@"'
    stub apt-get <<<'exit 0'
    run_status 3 install_packages test
    errors_has "still missing after installing: jq"
}

@test "an unknown purpose is a usage error" {
    run_status 2 bash "$TOP/tools/install-packages.sh" tset
}
