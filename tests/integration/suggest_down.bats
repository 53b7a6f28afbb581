# A derived down script on a real server: up and down leave the schema as it was.
load ../support/common

setup() {
    common_setup
    fresh_database
    empty_project
    psql_as_app <<'SQL'
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, state text DEFAULT 'new', qty integer);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE VIEW open_orders AS SELECT id FROM orders WHERE state = 'new';
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SEQUENCE numbers;
CREATE SCHEMA old;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER orders_touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touched();
ALTER TABLE orders ADD CONSTRAINT qty_some CHECK (qty > 0);
SQL
}

# Each line of statements is a migration of its own: up, then the derived down, compared by pg_dump.
@test "what is derived restores the schema as pg_dump sees it" {
    count=0
    schema_of "$DB" >before
    while read -r up; do
        [ -n "$up" ] || continue
        printf '%s\n' "$up" | script 1.0.0/0001_change.up.sql
        run_status 0 planner suggest-down 0001_change --project "$PROJECT"
        printf '%s\n' "$output" >down.sql
        run_status 1 grep -- '^-- not derived' down.sql
        psql_as_app -f "$PROJECT/migrations/1.0.0/0001_change.up.sql"
        schema_of "$DB" >between
        run_status 1 diff -q before between
        psql_as_app -f down.sql
        schema_of "$DB" | diff before - || { echo "not restored: $up"; return 1; }
        count=$((count + 1))
    done <<'SQL'
CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders); CREATE INDEX ON lines (order_id); COMMENT ON TABLE lines IS 'x'; GRANT SELECT ON lines TO PUBLIC;
CREATE TABLE copy AS SELECT * FROM orders;
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders; CREATE UNIQUE INDEX totals_count ON totals (count);
CREATE SEQUENCE more START 5; CREATE TYPE size AS ENUM ('s', 'l'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0); CREATE TYPE pair AS (a int, b text); CREATE TYPE span AS RANGE (subtype = int4);
CREATE VIEW names AS SELECT name FROM customers;
CREATE SCHEMA shop; CREATE TABLE shop.t (a int); CREATE VIEW shop.v AS SELECT a FROM shop.t;
CREATE FUNCTION f(a integer, b text[], OUT c numeric(10,2)) LANGUAGE sql AS 'select 1.0'; CREATE PROCEDURE p(a bigint) LANGUAGE sql AS '';
CREATE INDEX orders_state ON orders (state) WHERE qty > 1;
CREATE INDEX CONCURRENTLY orders_state ON orders (lower(state));
CREATE STATISTICS orders_both ON state, qty FROM orders;
CREATE TRIGGER again BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touched();
CREATE RULE quiet AS ON DELETE TO customers DO INSTEAD NOTHING;
CREATE POLICY own ON orders USING (true);
ALTER TABLE orders ADD note varchar(20) NOT NULL DEFAULT 'none', ADD size integer CHECK (size > 0); CREATE INDEX orders_note ON orders (note);
ALTER TABLE orders ADD twice integer GENERATED ALWAYS AS (qty * 2) STORED;
ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fk;
CREATE UNIQUE INDEX orders_qty ON orders (qty); ALTER TABLE orders ADD CONSTRAINT orders_qty_key UNIQUE USING INDEX orders_qty;
ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME qty TO quantity; ALTER TABLE purchases RENAME CONSTRAINT qty_some TO quantity_some; ALTER TABLE purchases ADD fresh int;
ALTER VIEW open_orders RENAME TO waiting; ALTER INDEX orders_customer RENAME TO by_customer; ALTER SEQUENCE numbers RENAME TO counter; ALTER TYPE mood RENAME TO feeling; ALTER SCHEMA old RENAME TO older; ALTER TRIGGER orders_touched ON orders RENAME TO t;
ALTER TYPE mood RENAME VALUE 'ok' TO 'it''s ok';
ALTER TABLE customers SET SCHEMA old;
BEGIN; CREATE TABLE fresh (a int); INSERT INTO fresh VALUES (1); ALTER TABLE fresh RENAME a TO b; COMMIT;
SQL
    [ "$count" -eq 22 ]
}

@test "the guards of a draft, switched on, refuse to lose what was written since" {
    printf 'CREATE TABLE lines (a int);\nALTER TABLE orders ADD note text DEFAULT $$none$$;\n' |
        script 1.0.0/0001_change.up.sql
    planner suggest-down 0001_change --project "$PROJECT" >down.sql
    sed 's/^-- \(DO \$guard\| \|END \$guard\)/\1/' down.sql >guarded.sql
    [ "$(grep -c '^DO \$guard' guarded.sql)" -eq 2 ]
    psql_as_app -f "$PROJECT/migrations/1.0.0/0001_change.up.sql"
    psql_as_app -c "INSERT INTO orders (id, note) VALUES (1, 'hot')"
    run_status 3 psql_as_app -1 -f guarded.sql
    errors_has 'this rollback would lose data'
    psql_as_app -c "UPDATE orders SET note = 'none'; INSERT INTO lines VALUES (1)"
    run_status 3 psql_as_app -1 -f guarded.sql
    psql_as_app -c "DELETE FROM lines"
    run_status 0 psql_as_app -1 -f guarded.sql
    same tables 0 "$(sql "SELECT count(*) FROM pg_class WHERE relname = 'lines'")"
}
