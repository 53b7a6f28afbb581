#!/bin/bash
# Installs what is missing of the Debian packages that a purpose needs. usage:
#
#   tools/install-packages.sh PURPOSE…      build, demo, test, man, any of them
#   tools/install-packages.sh --list PURPOSE…      only print the packages of these purposes
#
# Says what it will install and how, and does nothing where all is there. As root by apt-get itself;
# else by sudo, which is left to ask for a password where there is a terminal. Where neither works:
# exit status 3 and the line to run.
#
# PgBouncer is wanted for its program only, too: its service, which the package starts, is stopped and
# not started again. PostgreSQL is wanted for its programs only. Debian's package would make a cluster "main" and start
# it at boot; a drop-in that says otherwise lies in place while apt-get runs and is taken away again,
# so that this machine's own settings are what they were.
set -u
cd "$(dirname "$0")/.." || exit 1

# purpose  package  probe: what must be there, so that a machine that has it otherwise is left alone.
#   cmd NAME      a command on the PATH
#   pc NAME       a module that pkg-config knows
#   pg GLOB       a file below a PostgreSQL server's folder
#   file GLOB     a file
rows() {
    cat <<'ROWS'
build make                      cmd make
build gcc                       cmd cc
build libc6-dev                 file /usr/include/stdio.h
build pkg-config                cmd pkg-config
build libsodium-dev             pc libsodium
build libsqlite3-dev            pc sqlite3
build libinih-dev               pc inih
build libarchive-dev            pc libarchive
build libzstd-dev               pc libzstd
build libpq-dev                 pc libpq
build libpg-query-dev           file /usr/include/pg_query.h
demo  postgresql-15             pg bin/initdb
demo  postgresql-client-15      pg bin/psql
test  postgresql-15             pg bin/initdb
test  postgresql-client-15      pg bin/pg_dump
test  postgresql-server-dev-15  pg lib/libpgfeutils.a
test  libcmocka-dev             pc cmocka
test  bats                      cmd bats
test  jq                        cmd jq
test  minisign                  cmd minisign
test  sqlite3                   cmd sqlite3
test  libarchive-tools          cmd bsdtar
test  zstd                      cmd zstd
test  time                      file /usr/bin/time
test  scdoc                     cmd scdoc
test  pgbouncer                 file /usr/sbin/pgbouncer
man   scdoc                     cmd scdoc
ROWS
}

is_there() {
    local kind=$1 what=$2
    case $kind in
    cmd) command -v "$what" >/dev/null ;;
    pc) pkg-config --exists "$what" 2>/dev/null ;;
    pg) compgen -G "/usr/lib/postgresql/*/$what" >/dev/null ||
        compgen -G "$(pg_config --bindir 2>/dev/null)/../$what" >/dev/null ;;
    file) compgen -G "$what" >/dev/null ;;
    esac
}

# The packages of these purposes that are not there, one a line.
missing() {
    local purpose package kind what
    rows | while read -r purpose package kind what; do
        [[ " $* " == *" $purpose "* ]] || continue
        is_there "$kind" "$what" || echo "$package"
    done | sort -u
}

# How commands become root: prints a prefix, nothing for root itself; fails where there is no way.
root_prefix() {
    if [ "$(id -u)" -eq 0 ]; then
        return 0
    fi
    command -v sudo >/dev/null || return 1
    if sudo -n true 2>/dev/null; then
        echo "sudo -n"
    elif [ -t 0 ] && [ -t 2 ]; then
        echo "sudo"
    else
        return 1
    fi
}

if [ "${1:-}" = --list ]; then
    shift
    rows | awk -v purposes=" $* " 'index(purposes, " " $1 " ") { print $2 }' | sort -u
    exit 0
fi
for purpose in "$@"; do
    case $purpose in
    build | demo | test | man) ;;
    *)
        echo "usage: tools/install-packages.sh [--list] build|demo|test|man…" >&2
        exit 2
        ;;
    esac
done

mapfile -t packages < <(missing "$@")
[ "${#packages[@]}" -gt 0 ] || exit 0

by_hand="apt-get update && apt-get install --no-install-recommends ${packages[*]}"
if ! command -v apt-get >/dev/null; then
    {
        echo "these Debian 12 packages, or what they hold, are missing: ${packages[*]}"
        echo "this is not a Debian machine (no apt-get): install them your own way and run this again"
    } >&2
    exit 3
fi
if ! prefix=$(root_prefix); then
    {
        echo "these packages are missing: ${packages[*]}"
        echo "installing them needs root, and neither is this root nor does sudo work without a"
        echo "password here. As root, run:"
        echo
        echo "    $by_hand"
        echo
        echo "and then this again."
    } >&2
    exit 3
fi

echo "installing with ${prefix:+$prefix }apt-get: ${packages[*]}"

as_root() {
    # shellcheck disable=SC2086 # a command and its options, or nothing
    $prefix "$@"
}
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null; }

drop_in_folder=/etc/postgresql-common/createcluster.d
drop_in=$drop_in_folder/sealift-no-main-cluster.conf
no_main_cluster() {
    as_root mkdir -p "$drop_in_folder" &&
        echo "create_main_cluster = false" | as_root tee "$drop_in" >/dev/null
}
restore_main_cluster() {
    as_root rm -f "$drop_in"
    as_root rmdir --ignore-fail-on-non-empty "$drop_in_folder"
}
if [[ " ${packages[*]} " == *" postgresql-15 "* ]]; then
    trap restore_main_cluster EXIT
    trap 'exit 130' INT TERM HUP
    no_main_cluster || exit 3
fi

# What apt knows may be nothing (a machine just made) or old (a file that the mirror no longer has).
install() { apt install -y --no-install-recommends "${packages[@]}"; }
if ! apt install -s --no-install-recommends "${packages[@]}" >/dev/null 2>&1; then
    apt update || echo "apt-get update did not succeed; trying with what is known" >&2
    installed=false
else
    install && installed=true || installed=false
    "$installed" || apt update
fi
if ! "$installed" && ! install; then
    echo "installing did not succeed; as root, run: $by_hand" >&2
    exit 3
fi

if [[ " ${packages[*]} " == *" pgbouncer "* ]] && command -v systemctl >/dev/null; then
    as_root systemctl disable --now pgbouncer >/dev/null 2>&1 || true
fi
hash -r
mapfile -t packages < <(missing "$@")
if [ "${#packages[@]}" -gt 0 ]; then
    echo "still missing after installing: ${packages[*]}" >&2
    exit 3
fi
