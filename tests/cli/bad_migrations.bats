# Migrations that cannot be packed, and steps that fail at the site: what is said, and what stays.
load ../support/common

setup() {
    common_setup
    empty_project shop
    script 1.0.0/0001_orders.up.sql <<<'CREATE TABLE orders (id int PRIMARY KEY);'
    script 1.0.0/0001_orders.down.sql <<<'DROP TABLE orders;'
}
teardown() { common_teardown; }

@test "broken UTF-8, with file and line" {
    printf 'SELECT 1;\nSELECT %s\xff%s;\n' "'" "'" | script 1.0.0/0002_bad.up.sql
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "0002_bad.up.sql:2" "UTF-8"
}

@test "a NUL byte" {
    printf 'SELECT 1;\n\0' | script 1.0.0/0002_bad.up.sql
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has "0002_bad.up.sql:2"
}

@test "an unterminated quote, comment or dollar quote, with the line where it began" {
    for begin in "'" '/*' '$a$' '"'; do
        printf 'SELECT 1;\nSELECT %s and on\n\n' "$begin" | script 1.0.0/0002_bad.up.sql
        run_status 4 planner release 1.0.0 --project "$PROJECT"
        errors_has "0002_bad.up.sql:2" "never closed"
    done
}

@test "a duplicate number, with both files" {
    script 1.0.0/0001_customers.up.sql <<<'SELECT 1;'
    run_status 4 planner release 1.0.0 --project "$PROJECT"
    errors_has 0001_customers 0001_orders
}

@test "a version name and a migration name that do not fit" {
    run_status 2 planner release "1 0" --project "$PROJECT"
    errors_has "1 0"
    run_status 2 planner release "$(printf '1%.0s' $(seq 65))" --project "$PROJECT"
    script "1.0.0/0002_$(printf 'x%.0s' $(seq 230)).up.sql" <<<'SELECT 1;'
    run_status 0 planner release 1.0.0 --project "$PROJECT"
}

@test "a secret key that others can read" {
    release 1.0.0
    make_key loose
    chmod 0644 "$WORK/keys/loose"
    run_status 3 planner pack --project "$PROJECT" --to 1.0.0 --out "$WORK/b" \
        --sign "$WORK/keys/loose" --allow-unproven
    errors_has loose
    [ ! -e "$WORK/b" ]
}

@test "unproven migrations are packed only when that is said" {
    release 1.0.0
    make_key vendor
    run_status 7 planner pack --project "$PROJECT" --to 1.0.0 --out "$WORK/b" --sign "$WORK/keys/vendor"
    errors_has --allow-unproven
    [ ! -e "$WORK/b" ]
}

@test "a step that fails first: nothing stays, status 10, with migration, line and SQLSTATE" {
    script 1.0.0/0001_orders.up.sql <<'SQL'
CREATE TABLE orders (id int PRIMARY KEY);
INSERT INTO orders VALUES (1);

INSERT INTO orders
VALUES (1);
SQL
    release 1.0.0
    pack_bundle "$WORK/b" 1.0.0
    trust_site
    fresh_database
    run_status 10 applier apply "$WORK/b" --db "$DB" --yes
    errors_has 0001_orders "0001_orders.up.sql, line 4" 23505
    errors_lacks "(id)=(1)"
    same tables 0 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
}

@test "a step that fails later: earlier migrations stay, nothing of the failing one, status 11" {
    script 1.0.0/0002_broken.up.sql <<'SQL'
CREATE TABLE notes (id int);
SELECT * FROM no_such_table;
SQL
    release 1.0.0
    pack_bundle "$WORK/b" 1.0.0
    trust_site
    fresh_database
    run_status 11 applier apply "$WORK/b" --db "$DB" --yes
    errors_has 0002_broken "0002_broken.up.sql, line 2" 42P01
    same tables orders "$(sql "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'")"
    run_status 0 applier status --json --db "$DB"
    same state failed "$(json .state)"
}

@test "what the server says holds no data unless it is asked for" {
    script 1.0.0/0002_secret.up.sql <<<"SELECT 'hunter2'::int;"
    release 1.0.0
    pack_bundle "$WORK/b" 1.0.0
    trust_site
    fresh_database
    run_status 11 applier apply "$WORK/b" --db "$DB" --yes
    errors_has 22P02
    errors_lacks hunter2
    output_lacks hunter2
    same "words in the ledger" 0 "$(sql "SELECT count(*) FROM sealift.event WHERE words LIKE '%hunter2%'")"
}

@test "a missing down: rollback says so before it starts, and does nothing" {
    release 1.0.0
    script 1.1.0/0001_note.up.sql <<<'ALTER TABLE orders ADD COLUMN note text;'
    script 1.1.0/0001_note.down.sql <<<'ALTER TABLE orders DROP COLUMN note;'
    script 1.1.0/0002_paid.up.sql <<<'ALTER TABLE orders ADD COLUMN paid boolean;'
    script 1.1.0/0003_sent.up.sql <<<'ALTER TABLE orders ADD COLUMN sent boolean;'
    script 1.1.0/0003_sent.down.sql <<<'ALTER TABLE orders DROP COLUMN sent;'
    release 1.1.0
    pack_bundle "$WORK/b" 1.1.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/b" --db "$DB" --yes
    schema_of "$DB_ADMIN" >"$WORK/before"
    run_status 7 applier rollback --to 1.0.0 --db "$DB" --yes
    errors_has 0002_paid
    schema_of "$DB_ADMIN" | diff "$WORK/before" -
    run_status 0 applier rollback --steps 1 --db "$DB" --yes --accept-unproven
    same columns 3 "$(sql "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders'")"
}

@test "an irreversible step is named with its author's reason" {
    release 1.0.0
    script 1.1.0/0001_drop.up.sql <<'SQL'
-- sealift: irreversible the old totals are gone
TRUNCATE orders;
SQL
    release 1.1.0
    pack_bundle "$WORK/b" 1.1.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/b" --db "$DB" --yes
    run_status 7 applier rollback --to 1.0.0 --db "$DB" --yes
    errors_has 0001_drop "the old totals are gone"
}

@test "what would change something asks, and without a terminal and --yes it fails" {
    release 1.0.0
    pack_bundle "$WORK/b" 1.0.0
    trust_site
    fresh_database
    run_status 0 applier apply "$WORK/b" --db "$DB" --yes
    run_status 2 applier rollback --accept-unproven --db "$DB"
    errors_has --yes
    same tables 1 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
}
