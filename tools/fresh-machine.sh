#!/bin/bash
# Proves the two commands of README.md on machines with nothing installed. usage, as root:
#
#   tools/fresh-machine.sh [root] [user]      default: both
#
# Makes a bare Debian 12 by debootstrap in a temporary folder (git, make and a package manager; nothing
# else), clones the committed tree into it, and runs `make demo` and `make test`: as root, and on a
# second such machine as an ordinary user with sudo. Each machine has its own mounts and process
# numbers, which go away with it, so that nothing stays mounted or running whatever happens.
#
# The mirror is that of this host's apt; SEALIFT_COMMANDS (lines) replaces the commands. Not part of
# make test: takes minutes and a network.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm
commands=${SEALIFT_COMMANDS:-make demo
make test}

if [ "$(id -u)" -ne 0 ]; then
    echo "fresh-machine: needs root (debootstrap, chroot)" >&2
    exit 3
fi
for tool in debootstrap unshare git; do
    command -v "$tool" >/dev/null || { echo "fresh-machine: $tool is not installed" >&2; exit 3; }
done
[ $# -gt 0 ] || set -- root user
for who in "$@"; do
    case $who in
    root | user) ;;
    *) echo "usage: tools/fresh-machine.sh [root] [user]" >&2; exit 2 ;;
    esac
done

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/sealift-fresh.XXXXXX") || exit 1
machine=
# shellcheck disable=SC2317 # reached by the trap
finish() {
    trap - EXIT
    # A machine's processes and mounts end with its first process (unshare --kill-child).
    [ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null
    wait
    rm -rf --one-file-system -- "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# The sources of this host that belong to the suite: "URI RELEASE" lines, the main one first.
sources() {
    # shellcheck disable=SC2016 # apt's own names
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$suite" '$3 == "main" && ($2 == suite || $2 ~ "^" suite "-(updates|security)$")' |
        sort -u -k2,2
}

make_base() {
    local mirror uri release
    mirror=$(sources | awk -v suite="$suite" '$2 == suite { print $1; exit }')
    [ -n "$mirror" ] || { echo "fresh-machine: this host's apt knows no $suite" >&2; return 3; }
    debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$scratch/base" "$mirror" \
        >"$scratch/debootstrap.log" 2>&1 || { tail -n 20 "$scratch/debootstrap.log"; return 1; }
    sources | while read -r uri release _; do
        echo "deb $uri $release main"
    done >"$scratch/base/etc/apt/sources.list"
    # How this host reaches its mirror: proxy and verification settings of apt.
    apt-config dump Acquire::http Acquire::https 2>/dev/null | grep -v '""' \
        >"$scratch/base/etc/apt/apt.conf.d/90host"
    apt-config dump | grep '^Acquire::Check-' >>"$scratch/base/etc/apt/apt.conf.d/90host"
    cp -L /etc/resolv.conf /etc/hosts "$scratch/base/etc/"
    rm -rf "$scratch"/base/var/lib/apt/lists/* "$scratch"/base/var/cache/apt/archives/*.deb
}

# Runs inside the new namespaces: gives the machine its own /proc and /dev, then runs COMMAND in it.
# shellcheck disable=SC2016 # expanded by the inner bash
inside='
    set -e
    root=$1 home=$2 who=$3 command=$4
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
    for node in null zero full random urandom tty; do
        touch "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s /proc/self/fd/0 "$root/dev/stdin"
    ln -s /proc/self/fd/1 "$root/dev/stdout"
    ln -s /proc/self/fd/2 "$root/dev/stderr"
    if [ "$who" = root ]; then as=; else as="setpriv --reuid=tester --regid=tester --init-groups"; fi
    # The first process of a machine must not be replaced: it reaps what is left behind.
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME="$home" TERM=dumb ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} $as sh -c "cd ~/sealift && $command" </dev/null
'

run_machine() {
    local who=$1 root=$scratch/$1 home=/root command log begun status
    cp -a "$scratch/base" "$root"
    if [ "$who" = user ]; then
        home=/home/tester
        # debootstrap fetched it for nobody: only this machine has sudo.
        chroot "$root" sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install \
            -y --no-install-recommends sudo && useradd -m -s /bin/bash tester &&
            echo "tester ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/tester &&
            rm -rf /var/lib/apt/lists/*' >"$scratch/$who.prepare.log" 2>&1 </dev/null ||
            { tail -n 20 "$scratch/$who.prepare.log"; return 1; }
    fi
    git clone -q --no-hardlinks "$top" "$root$home/sealift" || return
    git -C "$root$home/sealift" remote remove origin
    [ "$who" = root ] || chroot "$root" chown -R tester: "$home/sealift"

    while read -r command; do
        log=$scratch/$who.log
        begun=$SECONDS
        echo "=== as $who: $command"
        unshare --mount --pid --fork --kill-child -- \
            bash -c "$inside" machine "$root" "$home" "$who" "$command" >"$log" 2>&1 </dev/null &
        machine=$!
        wait "$machine"
        status=$?
        machine=
        if [ "$status" -ne 0 ]; then
            cat "$log"
            echo "=== as $who: $command: exit status $status after $((SECONDS - begun)) s"
            return 1
        fi
        if [ -n "${SEALIFT_VERBOSE:-}" ]; then cat "$log"; else tail -n 3 "$log"; fi
        echo "=== as $who: $command: passed in $((SECONDS - begun)) s"
    done <<<"$commands"
    rm -rf --one-file-system -- "$root"
}

# A function and an exit, so that bash has read all of this file before the minutes begin.
main() {
    local who
    echo "=== making a bare $suite"
    make_base || exit 1
    for who in "$@"; do
        run_machine "$who" || exit 1
    done
    echo "=== passed: $*"
}
main "$@"; exit
