# What a version's people should read: from notes/VERSION.md to the operator's screen.
load ../support/common

setup() {
    common_setup
    empty_project
    mkdir "$PROJECT/notes"
    script 1.0.0/0001_a.up.sql <<<'CREATE TABLE a ();'
    script 1.1.0/0002_b.up.sql <<<'CREATE TABLE b ();'
}
teardown() { common_teardown; }

notes() { cat >"$PROJECT/notes/1.1.0.md"; }
good_notes() {
    notes <<'MD'
# 1.1.0

## Breaking: the column berth is renamed
The old name is gone.
Reports	that use it stop.
Action: restart the API with BERTHS=2
and tell the port office.

## Faster arrivals
MD
}

@test "release checks and lists them" {
    good_notes
    run_status 0 planner release 1.0.0 --project "$PROJECT" --json
    same none 0 "$(json '.notes | length')"
    run_status 0 planner release 1.1.0 --project "$PROJECT"
    output_has 'breaking    the column berth is renamed' 'note        Faster arrivals'
}

@test "what is no note is refused with its line, and nothing is released" {
    run_status 0 planner release 1.0.0 --project "$PROJECT"
    refused() {
        run_status 4 planner release 1.1.0 --project "$PROJECT"
        errors_has "$1"
        run_status 1 grep -q '1.1.0' "$PROJECT/sealift.sum"
    }
    notes <<<'words'
    refused "notes/1.1.0.md:1: text before the first note"
    printf '## Breaking: x\nwords\n' | notes
    refused "notes/1.1.0.md:1: a breaking change needs a line 'Action: …'"
    printf '## Breaking:\n' | notes
    refused "notes/1.1.0.md:1: a note's title has 1 to 200 bytes"
    printf '## %0201d\n' 1 | notes
    refused "notes/1.1.0.md:1: a note's title has 1 to 200 bytes"
    printf '\n## x\n%04001d\n' 1 | notes
    refused 'notes/1.1.0.md:2: the note is longer than 4,000 bytes'
    printf '## x\n\033[31mred\n' | notes
    refused 'notes/1.1.0.md:2: holds a control character'
    printf '## x\n\xff\n' | notes
    refused 'notes/1.1.0.md:2: is not UTF-8'
    printf '## x\0\n' | notes
    refused 'notes/1.1.0.md:1: holds a NUL'
    for _ in $(seq 101); do echo '## x'; done | notes
    refused 'notes/1.1.0.md:101: a version has at most 100 notes'
}

@test "the operator reads them: inspect, plan, preflight, and before the question" {
    good_notes
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    trust_site
    fresh_database
    export DATABASE_URL=$DB
    run_status 0 applier inspect one.bundle
    output_has '  BREAKING: the column berth is renamed' '    Reports that use it stop.' '      restart the API with BERTHS=2' \
        '      and tell the port office.' '  note: Faster arrivals'
    run_status 0 applier inspect one.bundle --json
    same notes 'true restart the API with BERTHS=2' "$(json '.versions[1].notes[0] | "\(.breaking) \(.action | split("\n")[0])"')"
    run_status 0 applier plan one.bundle
    output_has 'notes of 1.1.0:' 'BREAKING: the column berth is renamed'
    run_status 0 applier plan one.bundle --json
    same planned '1.1.0 1.1.0' "$(json '[.notes[].version] | join(" ")')"
    run_status 0 applier plan one.bundle --to 1.0.0
    output_lacks 'notes of'
    run_status 0 applier preflight one.bundle
    output_has 'breaking change: the column berth is renamed' 'restart the API with BERTHS=2 and tell the port office.'
    run_status 2 applier apply one.bundle </dev/null
    errors_has 'BREAKING: the column berth is renamed' 'restart the API with BERTHS=2'
    run_status 0 applier apply one.bundle --yes
}

@test "the same notes give the same bundle, others another" {
    good_notes
    release 1.0.0 1.1.0
    pack_bundle one.bundle 1.1.0 >/dev/null
    pack_bundle two.bundle 1.1.0 >/dev/null
    cmp one.bundle two.bundle
    printf '## Other\n' | notes
    run_status 6 pack_bundle three.bundle 1.1.0
}
