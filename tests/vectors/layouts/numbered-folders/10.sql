CREATE INDEX ship_name ON ship (name);
