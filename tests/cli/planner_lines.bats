# What a release says of the versions before it: required stops, where a run to it may begin, and what
# it takes the place of.

load ../support/common

# A product of 1.0.0 and 2.0.0; the latter is broken.
broken_product() {
    empty_project
    echo 'CREATE TABLE a (id bigint);' | script 1.0.0/0001_a.up.sql
    echo 'DROP TABLE a;' | script 1.0.0/0001_a.down.sql
    release 1.0.0
    echo 'CREATE TABLE b (id bigint); SELECT 1 / count(*) FROM a;' | script 2.0.0/0002_b.up.sql
    planner release 2.0.0 --stop --project "$PROJECT" >/dev/null
}

# … and 2.0.1, which takes its place.
mended_product() {
    broken_product
    echo 'CREATE TABLE b (id bigint);' | script 2.0.1/0002_b_mended.up.sql
    echo 'DROP TABLE b;' | script 2.0.1/0002_b_mended.down.sql
    planner release 2.0.1 --stop --supersedes 2.0.0 --project "$PROJECT" >/dev/null
}

@test "release --supersedes takes versions off the line, which sealift.sum keeps with their trees" {
    broken_product
    pack_bundle old.bundle 2.0.0 --from 1.0.0 >/dev/null
    echo 'CREATE TABLE b (id bigint);' | script 2.0.1/0002_b_mended.up.sql
    run_status 0 planner release 2.0.1 --stop --supersedes 2.0.0 --project "$PROJECT" --json
    same supersedes 2.0.0 "$(json '.supersedes | join(" ")')"
    tree=$(applier_tree old.bundle 2.0.0)
    grep -qx "supersedes 2.0.1 2.0.0 same-schema $tree" "$PROJECT/sealift.sum"
    run_status 0 planner status --project "$PROJECT" --json
    same line "1.0.0 2.0.1" "$(json '[.versions[].version] | join(" ")')"
    same migrations "0001_a 0002_b_mended" "$(json '[.migrations[].identity] | join(" ")')"
    run_status 0 planner status --project "$PROJECT"
    output_has "2.0.1  released" "  supersedes  2.0.0, and has its schema"
    # its scripts may go, and nobody misses them
    rm -r "$PROJECT/migrations/2.0.0"
    run_status 0 planner status --project "$PROJECT"
}

applier_tree() {
    planner inspect "$1" --json | jq -r --arg version "$2" '.versions[] | select(.name == $version) | .tree_digest'
}

@test "a bundle goes along the line, and says what its versions supersede" {
    mended_product
    pack_bundle new.bundle 2.0.1 --from 1.0.0 >/dev/null
    run_status 0 planner inspect new.bundle --json
    same versions 2.0.1 "$(json '[.versions[].name] | join(" ")')"
    same supersedes "2.0.0 true" "$(json '.versions[0].supersedes[] | "\(.name) \(.same_schema)"')"
    same position "0002_b_mended" "$(json '.versions[0].migrations[].identity')"
    run_status 0 planner inspect new.bundle
    output_has "supersedes  2.0.0, and has its schema" "a required stop"
    run_status 7 pack_bundle x 2.0.0
    errors_has "version '2.0.0' is superseded by 2.0.1"
    echo 'CREATE TABLE c ();' | script 3.0.0/0003_c.up.sql
    release 3.0.0
    run_status 7 pack_bundle x 3.0.0 --from 2.0.0
    errors_has "a site that stands at '2.0.0' takes the bundles that start from 2.0.1"
    pack_bundle next.bundle 3.0.0 --from 2.0.1 >/dev/null
    run_status 0 planner inspect next.bundle --json
    same start "2.0.0 true" "$(json '.start_supersedes[] | "\(.name) \(.same_schema)"')"
    run_status 0 planner inspect next.bundle
    output_has "in place of  2.0.0"
}

@test "who supersedes a version takes the place of all behind it, and of what they superseded" {
    mended_product
    echo 'CREATE TABLE c ();' | script 3.0.0/0003_c.up.sql
    release 3.0.0
    echo 'CREATE TABLE b (id bigint); CREATE TABLE c ();' | script 3.0.1/0004_b_and_c.up.sql
    run_status 0 planner release 3.0.1 --supersedes 2.0.1 --project "$PROJECT"
    output_has "supersedes  2.0.0" "supersedes  2.0.1" "supersedes  3.0.0, and must have its schema"
    grep -q "^supersedes 3.0.1 2.0.0 passed " "$PROJECT/sealift.sum"
    grep -q "^supersedes 3.0.1 2.0.1 passed " "$PROJECT/sealift.sum"
    # one at a time: what had the schema of one has that of the other
    echo 'CREATE TABLE b (id bigint); CREATE TABLE c ();' | script 3.0.2/0005_b_and_c.up.sql
    run_status 0 planner release 3.0.2 --supersedes 3.0.1 --project "$PROJECT"
    output_has "supersedes  3.0.0, and must have its schema" "supersedes  3.0.1, and must"
    run_status 0 planner status --project "$PROJECT" --json
    same line "1.0.0 3.0.2" "$(json '[.versions[].version] | join(" ")')"
}

@test "release --min-compatible is kept, and follows a version to what superseded it" {
    mended_product
    echo 'CREATE TABLE c ();' | script 3.0.0/0003_c.up.sql
    run_status 2 planner release 3.0.0 --min-compatible 9.9 --project "$PROJECT"
    errors_has "--min-compatible: '9.9' is no released version"
    run_status 2 planner release 3.0.0 --min-compatible 2.0.0 --project "$PROJECT"
    errors_has "--min-compatible: version 2.0.0 is superseded by 2.0.1"
    run_status 0 planner release 3.0.0 --min-compatible 2.0.1 --project "$PROJECT"
    output_has "from        2.0.1 or later in one run"
    grep -q '^release 3.0.0 .* min-compatible=2.0.1$' "$PROJECT/sealift.sum"
    pack_bundle all.bundle 3.0.0 >/dev/null
    run_status 0 planner inspect all.bundle --json
    same least 2.0.1 "$(json '.versions[2].min_compatible')"
    run_status 0 planner inspect all.bundle
    output_has "from        2.0.1 or later in one run"
    # 2.0.2 in the place of 2.0.1 and 3.0.0, then 4.0.0 that wanted none of them
    run_status 2 planner release 3.0.1 --empty --supersedes 2.0.1 --min-compatible 3.0.0 --project "$PROJECT"
    errors_has "--min-compatible: version 3.0.0 is superseded by this one"
}

@test "release refuses to supersede what is not released, or off the line" {
    mended_product
    run_status 2 planner release 3.0.0 --empty --supersedes 9.9 --project "$PROJECT"
    errors_has "--supersedes: '9.9' is no released version"
    run_status 2 planner release 3.0.0 --empty --supersedes 2.0.0 --project "$PROJECT"
    errors_has "--supersedes: version 2.0.0 is superseded by 2.0.1"
    run_status 2 planner release 2.0.0 --empty --project "$PROJECT"
    errors_has "version 2.0.0 was released before, and 2.0.1 supersedes it"
}

# Bundles 1 to 4 of mended_product and a version 3.0.0 with a later start: one line each in sealift.bundles.
four_bundles() {
    broken_product
    pack_bundle one 1.0.0 >/dev/null
    pack_bundle broken 2.0.0 --from 1.0.0 >/dev/null
    echo 'CREATE TABLE b (id bigint);' | script 2.0.1/0002_b_mended.up.sql
    planner release 2.0.1 --stop --supersedes 2.0.0 --project "$PROJECT" >/dev/null
    echo 'CREATE TABLE c ();' | script 3.0.0/0003_c.up.sql
    planner release 3.0.0 --min-compatible 2.0.1 --project "$PROJECT" >/dev/null
    pack_bundle mended 3.0.0 --from 1.0.0 >/dev/null
    pack_bundle next 3.0.0 --from 2.0.1 >/dev/null
}

route() {
    run_status 0 planner route --project "$PROJECT" --json "$@"
    json '[.route[] | "\(.sequence):\(.from)>\(.to)\(if .stop then "!" else "" end)"] | join(" ")'
}

@test "route: the bundles that take a site from one version to another, by sealift.bundles or files" {
    four_bundles
    same stop "3:1.0.0>2.0.1! 4:2.0.1>3.0.0" "$(route --from 1.0.0)"
    same superseded "4:2.0.1>3.0.0" "$(route --from 2.0.0 --to 3.0.0)"
    same nothing "1:->1.0.0 3:1.0.0>2.0.1 4:2.0.1>3.0.0" "$(route)"
    same old "2:1.0.0>2.0.0" "$(route --from 1.0.0 --to 2.0.0)"
    same there "" "$(route --from 3.0.0)"
    same files "1:->1.0.0 3:1.0.0>2.0.1 3:2.0.1>3.0.0" "$(route one mended)"
    run_status 0 planner route --project "$PROJECT" --from 1.0.0
    output_has "from 1.0.0 to 3.0.0:" "1. 1.0.0 -> 2.0.1 by sequence 3 (HEAD " ", a required stop"
    run_status 0 planner route --project "$PROJECT" --from 3.0.0
    output_has "a site at 3.0.0 is there"
    run_status 0 planner route --project "$PROJECT" one --to 1.0.0
    output_has "1. (nothing) -> 1.0.0 by 'one'"
}

@test "route names what is missing, and refuses what is not released or another product's" {
    four_bundles
    run_status 7 planner route one next --project "$PROJECT"
    errors_has "no bundles lead from (nothing) to 3.0.0: missing are 1.0.0 -> 2.0.1"
    run_status 7 planner route --project "$PROJECT" --from 3.0.0 --to 1.0.0
    errors_has "1.0.0 lies before 3.0.0, and bundles only lead forward" "'applier rollback --to 1.0.0' goes back"
    errors_lacks "planner pack"
    run_status 7 planner route --project "$PROJECT" --from 1.0.0 --to -
    errors_has "(nothing) lies before 1.0.0" "'applier rollback --to -'"
    run_status 2 planner route --project "$PROJECT" --from 9.9
    errors_has "--from: '9.9' is no released version"
    run_status 2 planner route --project "$PROJECT" --to 9.9
    errors_has "--to: '9.9' is no released version"
    run_status 5 planner route nowhere --project "$PROJECT"
    sed -i 's/ 1.0.0 2.0.0 / 2.0.1 2.0.0 /' "$PROJECT/sealift.bundles"
    run_status 4 planner route --project "$PROJECT"
    errors_has "sequence 2 goes from 2.0.1 to 2.0.0, which sealift.sum does not lead"
    empty_project mill
    run_status 2 planner route --project "$PROJECT"
    errors_has "no version is released yet"
    run_status 6 planner route one --project "$PROJECT"
    errors_has "'one' is of product shop"
}
