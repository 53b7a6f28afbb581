-- +goose NO TRANSACTION
-- +goose up
CREATE INDEX CONCURRENTLY ship_name ON ship (name);
-- +goose down
DROP INDEX CONCURRENTLY ship_name;
