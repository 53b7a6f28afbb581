# The sample product by psql alone: each up does its work, each down restores the schema exactly.
load ../support/common

HARBOR=$TOP/migrations/examples/harbor/migrations

setup() { common_setup; fresh_database; }
teardown() { common_teardown; }

# run_script FILE: as a person would, from the script's own folder (\copy looks there).
run_script() { (cd "$(dirname "$1")" && psql_as_app -f "$(basename "$1")" >/dev/null); }

# up MIGRATION: its up, then its verify where it has one, read-only.
up() {
    run_script "$1.up.sql" || return
    if [ -f "$1.verify.sql" ]; then
        PGOPTIONS='-c default_transaction_read_only=on' run_script "$1.verify.sql"
    fi
}

# The migrations of a version, in order, without their endings.
migrations_of() {
    local up
    for up in "$HARBOR/$1"/*.up.sql; do printf '%s\n' "${up%.up.sql}"; done
}

# Rows for what changes tables that are in use.
fill() {
    psql_as_app >/dev/null <<'SQL'
INSERT INTO operator (name, email) VALUES ('Nordlys', 'ops@nordlys.example');
INSERT INTO vessel SELECT 9000000 + n, 'Vessel ' || n, (SELECT id FROM operator), 200 FROM generate_series(1, 20) n;
INSERT INTO booking (berth_id, vessel_imo, arrival, departure, draught_cm, captain_phone)
SELECT (SELECT min(id) FROM berth), 9000000 + n % 20 + 1, timestamptz '2023-06-01' + n * interval '5 days',
       timestamptz '2023-06-04' + n * interval '5 days', 700 + n, '+47 000' FROM generate_series(0, 300) n;
SQL
}

@test "the sample's downs restore the schema exactly, step by step, and its ups go again" {
    empty=$(schema_of "$DB")
    declare -A before
    for version in 1.0.0 1.1.0 2.0.0; do
        for migration in $(migrations_of "$version"); do
            before[$migration]=$(schema_of "$DB")
            up "$migration"
            if [ -f "$migration.down.sql" ]; then
                after=$(schema_of "$DB")
                run_script "$migration.down.sql"
                same "$migration down" "${before[$migration]}" "$(schema_of "$DB")"
                up "$migration"
                same "$migration up again" "$after" "$(schema_of "$DB")"
            fi
        done
        if [ "$version" = 1.0.0 ]; then fill; fi
    done
    same "metres" "301" "$(sql 'SELECT count(*) FROM booking WHERE draught_m * 100 = draught_cm')"
}

@test "the sample goes back from before its irreversible step to nothing, and up again" {
    empty=$(schema_of "$DB")
    all=()
    declare -A at
    for version in 1.0.0 1.1.0 2.0.0; do
        for migration in $(migrations_of "$version"); do
            [ -f "$migration.down.sql" ] || continue
            up "$migration"
            all+=("$migration")
        done
        at[$version]=$(schema_of "$DB")
        if [ "$version" = 1.0.0 ]; then fill; fi
    done
    psql_as_app -c 'DELETE FROM booking'
    for ((i = ${#all[@]} - 1; i >= 0; i--)); do
        run_script "${all[i]}.down.sql"
        case ${all[i]} in
        */0011_*) same "back at 1.1.0" "${at[1.1.0]}" "$(schema_of "$DB")" ;;
        */0006_*) same "back at 1.0.0" "${at[1.0.0]}" "$(schema_of "$DB")" ;;
        esac
    done
    same "back at nothing" "$empty" "$(schema_of "$DB")"
    for migration in "${all[@]}"; do up "$migration"; done
    same "up again" "${at[2.0.0]}" "$(schema_of "$DB")"
}

@test "one step of the sample has no way back, and says why" {
    run ls "$HARBOR"/2.0.0/0015_*.down.sql
    [ "$status" -ne 0 ]
    grep -q '^-- sealift: irreversible .' "$HARBOR"/2.0.0/0015_*.up.sql
}

@test "the old application's writes keep both draughts in step" {
    for version in 1.0.0 1.1.0 2.0.0; do
        for migration in $(migrations_of "$version"); do up "$migration"; done
        if [ "$version" = 1.0.0 ]; then fill; fi
    done
    psql_as_app -c 'UPDATE booking SET draught_cm = 1234 WHERE id = 1'
    same "centimetres written" "12.34" "$(sql 'SELECT draught_m FROM booking WHERE id = 1')"
    psql_as_app -c 'UPDATE booking SET draught_m = 9.87 WHERE id = 1'
    same "metres written" "9.87" "$(sql 'SELECT draught_m FROM booking WHERE id = 1')"
}
