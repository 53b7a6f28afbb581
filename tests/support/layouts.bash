# shellcheck shell=bash
# The fixture projects of tests/vectors/layouts, one for each layout, and what another program than
# planner makes of them.

layout_folder() { printf '%s\n' "$TOP/tests/vectors/layouts/$1"; }

# A project with this fixture's migrations and layout = auto, in $WORK/NAME.
layout_project() {
    mkdir "$WORK/$1"
    planner init --product harbor "$WORK/$1" >/dev/null
    cp -R "$(layout_folder "$1")" "$WORK/$1/migrations.new"
    rm -rf "$WORK/$1/migrations"
    mv "$WORK/$1/migrations.new" "$WORK/$1/migrations"
}

# Everything of a layout, forwards, as the files' own marks say it, by sed and psql alone:
# layout_psql LAYOUT CONNINFO.
layout_psql() {
    local folder file
    folder=$(layout_folder "$1")
    while read -r file; do
        case $1 in
        dbmate) sed -n '/^--[[:space:]]*migrate:up/,/^--[[:space:]]*migrate:down/p' "$folder/$file" ;;
        goose)
            # psql has no word for the end of a statement but its semicolon
            sed -n '/^--[[:space:]]*+goose [Uu]p/,/^--[[:space:]]*+goose [Dd]own/p' "$folder/$file" |
                sed 's/^-- +goose StatementEnd/;/'
            ;;
        liquibase) sed 's/^--changeset.*/;&/; /^-- *rollback/Id; s|^//$|;|' "$folder/$file" |
            sed '/dbms:mysql/,/^--changeset/d' ;;
        atlas) sed 's/^-- end$/;/' "$folder/$file" ;;
        node-pg-migrate) sed '/^[[:space:]]*--[[:space:]-]*down migration/I,$d' "$folder/$file" ;;
        *) cat "$folder/$file" ;;
        esac >"$WORK/one.sql"
        "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -d "$2" -f "$WORK/one.sql" || return
    done < <(layout_order "$1")
}

# The versions that a fixture has in itself; one for all where it has none.
versions_of() {
    case $1 in
    sqitch) printf '%s\n' 1.0.0 1.1.0 ;;
    temporal) printf '%s\n' 1.0 1.9 1.10 ;;
    *) echo 1.0.0 ;;
    esac
}

# The ups in the order of the tool, which the fixtures are written to be hard on.
layout_order() {
    case $1 in
    dbmate) printf '%s\n' 20240101000000_create_ships.sql 20240101120000.sql \
        20240102000000_index_ship_names.sql ;;
    goose) printf '%s\n' 00001_create_ships.sql 2_index_ship_names.sql 00010_add_draught.sql ;;
    node-pg-migrate) printf '%s\n' 1704067200000_create-ships.sql \
        20240101120000000_add-flag.sql 20240102000000000_add-draught.sql ;;
    sqlx) printf '%s\n' 0001_create_ships.sql 0002_index_ship_names.sql 10_create_berths.sql ;;
    prisma) printf '%s\n' 20240101000000_init/migration.sql \
        20240102000000_add_price/migration.sql ;;
    sqitch) printf '%s\n' deploy/ships.sql deploy/pilots/licence.sql 'deploy/ship_count@1.0.0.sql' \
        deploy/ship_count.sql ;;
    liquibase) printf '%s.sql\n' 001_ships later/001_index later-on ;;
    atlas) printf '%s.sql\n' 100 10_functions 98_seed 9_index_ship_names ;;
    graphile-migrate) printf 'committed/%s.sql\n' 000001-create-ships-all-of-them 000002 \
        000003-add_berths ;;
    temporal) printf 'versioned/%s.sql\n' v1.0/schema v1.9/schema v1.10/schema v1.10/berths ;;
    popx) printf '%s\n' 20240101000000_create_ships.up.sql \
        20240102000000000000_flag.postgres.up.sql \
        20240103000000_names.postgres.autocommit.up.sql 20240105000000_keys.postgres.up.sql ;;
    numbered-folders) printf '%s\n' 9/01_ships.sql 9/2_names.sql 10.sql 99/01_unique.up.sql ;;
    refinery) printf '%s.sql\n' V1__create_ships U9__index_ship_names later/V10__add_draught ;;
    flyway) printf '%s\n' V1__create_ships.sql V1_9__add_flag.sql V1.10__add_draught.sql \
        later/V2.0__index_ship_names.sql later/V2.0.1__empty.sql later/R__fleet_size.sql \
        R__ship_names.sql ;;
    esac
}
