# Packing under faults: killed at any call, or on a full disk, it leaves no half bundle, and packing
# again gives the same bytes as if nothing had happened.
load ../support/common
load ../support/crash_project

setup() {
    common_setup
    crash_bundle
    # Packing starts from here each time: sealift.bundles as it was before the first bundle.
    rm "$WORK/crash.bundle" "$PROJECT/sealift.bundles"
    cp -R "$PROJECT" "$WORK/pristine"
    mkdir "$WORK/out"
    export SOURCE_DATE_EPOCH=1700000000
}
teardown() { common_teardown; }

start_again() {
    rm -rf "$PROJECT" "$WORK/out"
    cp -R "$WORK/pristine" "$PROJECT"
    mkdir "$WORK/out"
}

pack_here() { pack_bundle "$WORK/out/b.bundle" 1.1.0; }
pack_with_fault() {
    with_fault "$@" planner pack --project "$PROJECT" --to 1.1.0 --out "$WORK/out/b.bundle" \
        --sign "$WORK/keys/vendor" --allow-unproven
}

@test "killed at any write, fsync or rename it leaves no half bundle" {
    pack_here
    b2sum <"$WORK/out/b.bundle" >"$WORK/expected"
    start_again
    run_status 0 pack_with_fault FAULT_COUNT="$WORK/count" FAULT_CALLS=write,pwrite,fsync,rename,unlink
    points=$(cat "$WORK/count")
    [ "$points" -ge 10 ]
    step=$((points > 40 ? points / 40 : 1))
    for at in $(seq 1 "$step" "$points"); do
        start_again
        run_status 137 pack_with_fault FAULT_AT="$at" FAULT_CALLS=write,pwrite,fsync,rename,unlink
        if [ -e "$WORK/out/b.bundle" ]; then
            b2sum <"$WORK/out/b.bundle" | diff "$WORK/expected" - || { echo "half a bundle at $at"; return 1; }
        fi
        run_status 0 pack_here || { echo "packing again after $at"; return 1; }
        b2sum <"$WORK/out/b.bundle" | diff "$WORK/expected" - || { echo "other bytes after $at"; return 1; }
    done
}

@test "on a full disk it says so with status 5 and leaves nothing" {
    writes=0
    for at in $(seq 1 400); do
        start_again
        status=0
        pack_with_fault DISK_FULL_AT="$at" >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
        [ "$status" -ne 0 ] || break
        writes=$at
        same "status at write $at" 5 "$status" || { cat "$WORK/stderr"; return 1; }
        same "files left at write $at" "" "$(ls -A "$WORK/out")"
        # .sealift is the planner's working index, not part of the project.
        diff -r -x .sealift "$WORK/pristine" "$PROJECT" || { echo "the project changed at write $at"; return 1; }
        grep -qiE "no space left|disk is full" "$WORK/stderr" || { cat "$WORK/stderr"; return 1; }
    done
    [ "$writes" -ge 5 ]
    same "status at last" 0 "$status"
}

@test "one write that fails is as bad as a full disk" {
    for at in 1 3 5; do
        start_again
        run_status 5 pack_with_fault DISK_FULL_AT="$at" DISK_FULL_ONCE=1
        same "files left" "" "$(ls -A "$WORK/out")"
    done
}
