-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY ship_name ON ship (name);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY ship_name