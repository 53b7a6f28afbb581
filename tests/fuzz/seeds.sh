#!/bin/sh
# Inputs for layouts_fuzz and layout_lines_fuzz, from the fixtures of the layouts: tests/fuzz/seeds.sh FOLDER.
# Of each fixture one file with all of its files (a name, a line end, the bytes, a NUL), and its files.
set -eu
[ $# -eq 1 ] || { echo "usage: tests/fuzz/seeds.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
seeds=$(cd "$1" && pwd)
cd "$(dirname "$0")/../vectors/layouts"
for layout in *; do
    (
        cd "$layout"
        find . -type f | sort | while read -r file; do
            printf '%s\n' "${file#./}"
            cat "$file"
            printf '\000'
            cp "$file" "$seeds/$layout-$(echo "${file#./}" | tr / -)"
        done
    ) >"$seeds/$layout"
done
