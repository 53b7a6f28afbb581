# Small mistakes on the command line, and the words that say what to do instead.
load ../support/common

@test "a secret key where a public one is wanted: the hint names the public one" {
    make_key vendor
    run_status 4 planner keys show keys/vendor
    errors_has "'keys/vendor' is a secret key" "name its public key: 'keys/vendor.pub'"
    run_status 4 applier trust init --key keys/vendor
    errors_has "'keys/vendor' is a secret key" "name its public key: 'keys/vendor.pub'"
}

@test "keys new never overwrites, and says so" {
    make_key vendor
    run_status 3 planner keys new keys/vendor
    errors_has "'keys/vendor.pub' is already there" "a key is never overwritten: give another name"
    rm keys/vendor.pub
    run_status 3 planner keys new keys/vendor
    errors_has "'keys/vendor' is already there" "a key is never overwritten: give another name"
}

@test "the first word of several commands names them" {
    run_status 2 applier trust
    errors_has "'trust' is the first word of several commands" "they are: 'applier trust init', 'applier trust show'"
    run_status 2 planner keys
    errors_has "'planner keys new'"
    run_status 2 applier trust shwo
    errors_has "did you mean 'applier trust show'?"
}

@test "options that may be repeated say so" {
    run_status 0 applier trust init --help
    [[ $output =~ --key\ FILE.pub.*repeatable ]]
    run_status 0 planner pack --help
    [[ $output =~ --sign\ FILE.*repeatable ]]
    run_status 0 applier apply --help
    same 'as often as there are such' 2 "$(grep -c 'repeatable' <<<"$output")"
}

@test "what pack says against shipping carries the program's name" {
    empty_project
    echo 'CREATE TABLE a ();' | script 1.0.0/0001_a.up.sql
    echo 'CREATE TABLE b ();' | script 1.0.0/0002_b.up.sql
    release 1.0.0
    make_key vendor
    run_status 7 planner pack --project "$PROJECT" --to 1.0.0 --out x --sign keys/vendor
    errors_has "planner: error: "
    same foreign 0 "$(grep -cv '^planner: ' <<<"$errors")"
}

@test "fingerprint: rows or definitions, and of schemas that are there" {
    fresh_database
    run_status 2 applier fingerprint --db "$DB" --rows --definitions
    errors_has "--rows and --definitions exclude each other"
    run_status 7 applier fingerprint --db "$DB" --schema public --schema nosuch
    errors_has "there is no schema 'nosuch' in this database"
    run_status 0 applier fingerprint --db "$DB" --schema public
}
