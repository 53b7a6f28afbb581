# What both programs do before any command: help, version, usage errors.
load ../support/common

@test "both programs say their version and their help" {
    for program in planner applier; do
        run_status 0 "$program" --version
        output_has "$program 0.1.0"
        run_status 0 "$program" --help
        output_has "usage: $program"
    done
}

@test "an unknown command is a usage error" {
    for program in planner applier; do
        run_status 2 "$program" no-such-command
        errors_has "no-such-command"
        run_status 2 "$program"
    done
}
