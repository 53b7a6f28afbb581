-- refinery:noTransaction
CREATE INDEX CONCURRENTLY ship_name ON ship (name);
